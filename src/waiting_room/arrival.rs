//! The patient's side of the room: taking a place in it, and leaving it.
//!
//! Taking a place is also the consent to the visit. Both are one act, one transaction, and two events.

use super::companion::{self, Companion};
use super::consent::Version;
use super::rules::{self, Switch};
use super::store::{self, Standing};
use super::{about, finish};
use crate::app::App;
use crate::appointments::VisitState;
use crate::audit::{Event, Fact, Kind, Object};
use crate::db;
use crate::links::PatientVisit;
use crate::time::Timestamp;
use crate::web::{Error, Result};
use serde::Deserialize;

/// What a patient's page sends when "Join visit" is pressed.
#[derive(Deserialize)]
pub struct ArrivalForm {
    /// The version of the consent's text that the page showed.
    consent: i64,
    /// The name of somebody who is with the patient, and what they are to them; empty for nobody.
    #[serde(default)]
    companion: String,
    #[serde(default)]
    relation: String,
    /// The call shall go through a relay alone. From a page that does not ask, nothing.
    relay: Option<Switch>,
}

/// The same, understood.
#[derive(Debug)]
pub struct Arrival {
    pub consent: Version,
    pub companion: Option<Companion>,
    pub relay: Option<Switch>,
}

impl ArrivalForm {
    pub fn parse(self) -> Result<Arrival> {
        let companion = Companion::parse(&self.companion, &self.relation)?;
        Ok(Arrival { consent: Version::shown(self.consent)?, companion, relay: self.relay })
    }
}

/// The patient takes a place in the waiting room, or comes back to a call they left. Asking twice changes nothing.
pub async fn arrive(app: &App, patient: &PatientVisit, arrival: Arrival) -> Result<()> {
    let mut tx = app.log.begin(&patient.context).await?;
    let standing = store::standing(&mut tx, patient.visit).await?.ok_or(Error::NotFound)?;
    if !may_arrive(standing.state) {
        drop(tx);
        let refused = Event::refused(Kind::VisitWaiting, standing.state.word()).on(Object::Visit, standing.id.0);
        app.log.refused(&patient.context, refused.about(standing.patient_id)).await?;
        return Err(Error::Gone);
    }
    let mut events = Vec::new();
    if let Some(companion) = &arrival.companion {
        events.push(companion::record(app, &mut tx, &standing, companion).await?);
    }
    if let Some(to) = arrival.relay {
        events.extend(rules::wish_relay(app, &mut tx, &standing, to).await?);
    }
    events.extend(consent(&mut tx, &standing, arrival.consent, app.now()).await?);
    events.extend(take_place(&mut tx, &standing, app.now()).await?);
    let Some(last) = events.pop() else { return Ok(()) };
    for event in events {
        tx.also(event);
    }
    finish(app, tx, &standing, last).await
}

/// The patient leaves. They may come back by the same page while the visit is open.
pub async fn leave(app: &App, patient: &PatientVisit) -> Result<()> {
    let mut tx = app.log.begin(&patient.context).await?;
    match store::leave(&mut tx, patient.visit, app.now()).await? {
        Some(standing) => finish(app, tx, &standing, about(Kind::VisitLeft, &standing)).await,
        None => Ok(()),
    }
}

fn may_arrive(state: VisitState) -> bool {
    matches!(state, VisitState::Redeemed | VisitState::Waiting | VisitState::Checking | VisitState::InCall)
}

/// Once for each visit and version of the text.
async fn consent(tx: &mut db::Tx, standing: &Standing, version: Version, now: Timestamp) -> sqlx::Result<Option<Event>> {
    let new = store::consent(tx, standing.id, version.number(), now).await?;
    let event = about(Kind::ConsentRecorded, standing).with("version", Fact::Number(version.number()));
    Ok(new.then(|| event.with("language", Fact::Word(version.language()))))
}

async fn take_place(tx: &mut db::Tx, standing: &Standing, now: Timestamp) -> sqlx::Result<Option<Event>> {
    if store::arrive(tx, standing.id, now).await? {
        return Ok(Some(about(Kind::VisitWaiting, standing)));
    }
    let back = store::come_back(tx, standing.id).await?;
    Ok(back.then(|| about(Kind::VisitWaiting, standing).with("back", Fact::Word("to_call"))))
}
