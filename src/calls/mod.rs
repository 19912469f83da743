//! The call: two pages, one connection between their browsers, and our part in it, which is to introduce them.
//!
//! Media never passes here (RTC-01). The server hands signalling frames from one admitted page to the other, each checked
//! against the row when it passes ([`forward`] takes the proof), tells the relays who is in a call, and keeps count of what the log must know. Never imports
//! `records`: the code that handles hostile network input has no path to clinical text.

mod candidates;
mod identity;
mod pages;
mod proof;
pub mod relaying;
pub mod session;
mod socket;

pub use pages::routes;

use crate::app::App;
use crate::appointments;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::ids::{PatientId, Region, VisitId};
use crate::secret::Secret;
use crate::staff::Clinician;
use crate::waiting_room::{self, Admitted, Hub, SocketId};
use crate::web::{Error, Result};
use session::Path;

/// Hand a frame to the other page. The only way one passes: with proof of admission for its epoch.
fn forward(hub: &Hub, proof: &Admitted<'_>, socket: SocketId, epoch: i64, frame: String) {
    if proof.epoch == epoch {
        hub.pass(proof.visit, socket, epoch, frame);
    }
}

/// The way that a page's connection takes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    epoch: i64,
    path: Path,
    /// Of the relay, where there is one.
    region: Option<Region>,
}

/// Record that a page's connection is up, or goes another way than before.
async fn connected(app: &App, context: &Context, visit: VisitId, patient: PatientId, way: &Way) -> sqlx::Result<()> {
    let event = about(Kind::CallConnected, visit, patient, way.epoch).with("path", Fact::Word(way.path.word()));
    let event = match &way.region {
        Some(region) => event.with("region", Fact::Region(region.clone())),
        None => event,
    };
    app.log.record(context, event).await
}

/// Record that a page closed its connection, because that did not go through the relays that it had to.
async fn without_relay(app: &App, context: &Context, visit: VisitId, patient: PatientId, epoch: i64) -> sqlx::Result<()> {
    let event = Event::failed(Kind::CallConnected, "no_relay").on(Object::Visit, visit.0).about(patient);
    app.log.record(context, event.with("epoch", Fact::Number(epoch))).await
}

/// Record that a chat message was sent. Its words went from browser to browser.
async fn chatted(app: &App, context: &Context, visit: VisitId, patient: PatientId, epoch: i64) -> sqlx::Result<()> {
    app.log.record(context, about(Kind::ChatSent, visit, patient, epoch)).await
}

/// Why the patient comes (ID-02): closed until the clinician has recorded who is in the call, and a knock at the closed door
/// is an event.
async fn reason(app: &App, clinician: &Clinician, id: VisitId) -> Result<Option<Secret<String>>> {
    let mut tx = app.db.reading().await?;
    let confirmed = waiting_room::confirmed(&mut tx, id, clinician.member.id).await?.is_some();
    let visit = appointments::visit(&mut tx, id).await?.filter(|visit| visit.clinician_id == clinician.member.id);
    drop(tx);
    let Some(visit) = visit else { return pages::foreign(app, clinician, id).await };
    if !confirmed {
        let refused = Event::refused(Kind::VisitRead, "identity_not_recorded").on(Object::Visit, id.0).about(visit.patient_id);
        app.log.refused(&clinician.context, refused).await?;
        return Err(Error::Locked);
    }
    if visit.reason.is_none() {
        return Ok(None);
    }
    let event = Event::done(Kind::VisitRead).on(Object::Visit, id.0).about(visit.patient_id);
    let access = app.log.access(&clinician.context, event.with("fields", Fact::Words(vec!["reason"]))).await?;
    appointments::reason(app, &access, &visit).await
}

fn about(kind: Kind, visit: VisitId, patient: PatientId, epoch: i64) -> Event {
    Event::done(kind).on(Object::Visit, visit.0).about(patient).with("epoch", Fact::Number(epoch))
}
