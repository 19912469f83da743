//! Incidents: what happened, who must be told until when, and the proof that they were (PRV-10, PRV-11).
//!
//! `model` decides what is owed and whether an incident may be closed. An incident is a file of [`cases`](super::cases): entries are
//! added and never changed. `from_calls` writes down by itself what a call found.

pub mod from_calls;
mod model;
mod pages;
mod store;

pub use model::{Finding, Incident, MANY_PEOPLE, Step, Whom, parse_states, yearly_list_due};
pub use pages::routes;

use super::cases::{self, Case, CaseKind, Entered, NewCase, NotEntered};
use crate::app::App;
use crate::audit::Context;
use crate::ids::{CaseId, RequestKey};
use crate::web::{self, Error};
use chrono::NaiveDate;

/// An incident that somebody writes down for the first time.
#[derive(Debug)]
pub struct NewIncident {
    pub what: String,
    pub happened: NaiveDate,
    pub discovered: NaiveDate,
    pub request_key: RequestKey,
}

/// Write a new incident down. Its clock runs from the day of discovery at the clinic.
pub async fn open(app: &App, context: &Context, new: NewIncident) -> web::Result<CaseId> {
    let counts_from = app.config.clinic.zone.day(new.discovered).0;
    let case = NewCase { kind: CaseKind::Incident, patient: None, counts_from, request_key: new.request_key };
    let first = Step::Opened { what: new.what, happened: new.happened, discovered: new.discovered };
    cases::open(app, context, case, &first).await
}

/// An incident with everything that was entered.
pub async fn read(app: &App, context: &Context, id: CaseId) -> web::Result<(Case, Incident, Vec<Entered<Step>>)> {
    let case = cases::find(app, CaseKind::Incident, id).await?;
    let access = cases::access(app, context, CaseKind::Incident, std::slice::from_ref(&case)).await?;
    let entries = cases::entries(app, &access, &case).await?;
    let incident = Incident::of(&entries).ok_or_else(|| Error::Internal(anyhow::anyhow!("an incident has no opening")))?;
    Ok((case, incident, entries))
}

/// All incidents, the newest first.
pub async fn list(app: &App, context: &Context) -> web::Result<Vec<(Case, Incident)>> {
    let cases = cases::list(app, CaseKind::Incident, None).await?;
    let access = cases::access(app, context, CaseKind::Incident, &cases).await?;
    let mut incidents = Vec::with_capacity(cases.len());
    for case in cases {
        let entries = cases::entries(app, &access, &case).await?;
        incidents.extend(Incident::of(&entries).map(|incident| (case, incident)));
    }
    Ok(incidents)
}

/// Enter the next thing after entry `after`, if the rules let it.
pub async fn enter(app: &App, context: &Context, id: CaseId, after: i64, step: &Step) -> Result<(), NotEntered> {
    let (case, incident, _) = read(app, context, id).await?;
    if let Err(sentence) = incident.may_enter(step) {
        cases::refuse(app, context, &case, "rule").await?;
        return Err(NotEntered::Rule(sentence));
    }
    // What was decided on must still be the last entry when this one is written.
    if cases::enter(app, context, &case, after, step).await? { Ok(()) } else { Err(NotEntered::Stale) }
}
