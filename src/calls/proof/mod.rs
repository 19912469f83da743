//! What came of the spoken proof (RTC-06): once in the log for each connection and outcome. Where the two sides differ, their call ends.
//!
//! The server cannot know whether the words are right, and is not asked: it may be the one that is between the two. It keeps what people say.

mod model;

pub use model::{Found, Outcome, Proof, Source};

use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::crypto::{length_prefixed, sha256};
use crate::ids::{PatientId, VisitId};
use crate::waiting_room::{self, GoneWhy, Hub, Seat, SocketId};
use crate::web::Result;

/// The connection that was compared.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub visit: VisitId,
    pub patient: PatientId,
    pub epoch: i64,
}

/// Record what came of it. Told again, it stands there once.
pub async fn record(app: &App, context: &Context, call: Call, proof: Proof) -> sqlx::Result<()> {
    let event = match proof.outcome {
        Outcome::Differ => Event::failed(Kind::CallProof, proof.found.word()),
        _ => Event::done(Kind::CallProof),
    };
    let event = event
        .on(Object::Visit, call.visit.0)
        .about(call.patient)
        .with("epoch", Fact::Number(call.epoch))
        .with("result", Fact::Word(proof.outcome.word()))
        .with("source", Fact::Word(proof.source.word()));
    app.log.record_once(context, &key(call, proof.outcome), &event).await.map(drop)
}

/// The two sides differ: recorded, and the call is over for both. The page that says so has closed its connection already, says
/// it until it is sent away, and may say it of a call that was given up meanwhile.
pub async fn differ(app: &App, hub: &Hub, context: &Context, from: (&Seat, SocketId), call: Call, proof: Proof) -> Result<()> {
    let (seat, socket) = from;
    let mut tx = app.db.reading().await?;
    let now = waiting_room::admitted(&mut tx, call.visit, seat).await?.map(|admitted| admitted.epoch);
    let last = waiting_room::standing(&mut tx, call.visit).await?.map_or(0, |standing| standing.call_epoch);
    drop(tx);
    let was_before = call.epoch >= 1 && call.epoch < last;
    if now != Some(call.epoch) && !was_before {
        return Ok(());
    }
    record(app, context, call, proof).await?;
    waiting_room::part(app, hub, context, call.visit, call.epoch).await?;
    hub.send_away(socket, GoneWhy::Differ);
    Ok(())
}

/// One for each connection and outcome: the log refuses a second, whoever tells it.
fn key(call: Call, outcome: Outcome) -> [u8; 32] {
    sha256(&length_prefixed(&[b"call.proof/1", call.visit.0.as_bytes(), &call.epoch.to_be_bytes(), outcome.word().as_bytes()]))
}
