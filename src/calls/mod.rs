//! The call: two pages, one connection between their browsers, and our part in it, which is to introduce them.
//!
//! Media never passes here (RTC-01). The server hands signalling frames from one admitted page to the other, each checked
//! against the row when it passes ([`forward`] takes the proof), and keeps count of what the log must know. Never imports
//! `records`: the code that handles hostile network input has no path to clinical text.

mod pages;
mod session;
mod socket;

pub use pages::routes;

use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::ids::{PatientId, VisitId};
use crate::waiting_room::{Admitted, Hub, SocketId};
use session::Path;

/// Hand a frame to the other page. The only way one passes: with proof of admission for its epoch.
fn forward(hub: &Hub, proof: &Admitted<'_>, socket: SocketId, epoch: i64, frame: String) {
    if proof.epoch == epoch {
        hub.pass(proof.visit, socket, epoch, frame);
    }
}

/// Record that a page's connection is up, and over which kind of path.
async fn connected(app: &App, context: &Context, visit: VisitId, patient: PatientId, epoch: i64, path: Path) -> sqlx::Result<()> {
    let event = about(Kind::CallConnected, visit, patient, epoch).with("path", Fact::Word(path.word()));
    app.log.record(context, event).await
}

/// Record that a chat message was sent. Its words went from browser to browser.
async fn chatted(app: &App, context: &Context, visit: VisitId, patient: PatientId, epoch: i64) -> sqlx::Result<()> {
    app.log.record(context, about(Kind::ChatSent, visit, patient, epoch)).await
}

fn about(kind: Kind, visit: VisitId, patient: PatientId, epoch: i64) -> Event {
    Event::done(kind).on(Object::Visit, visit.0).about(patient).with("epoch", Fact::Number(epoch))
}
