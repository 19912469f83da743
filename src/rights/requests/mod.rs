//! What a patient asks for: an accounting of disclosures, or a copy of what is kept about them (PRV-04, PRV-06).
//!
//! `model` counts the days. An answered accounting is kept as the patient got it, with the title of whoever answers for it.

mod model;
mod pages;

pub use model::{Request, Step, is_free};
pub use pages::routes;

use super::cases::{self, Case, CaseKind, Entered, NewCase, NotEntered};
use crate::app::App;
use crate::audit::Context;
use crate::crypto::sha256;
use crate::ids::{CaseId, PatientId, RequestKey};
use crate::web::{self, Error};
use chrono::NaiveDate;

/// Write a request down. Its clock runs from the day on which it came.
pub async fn open(
    app: &App,
    context: &Context,
    kind: CaseKind,
    patient: PatientId,
    request_key: RequestKey,
    on: NaiveDate,
    how: String,
) -> web::Result<CaseId> {
    let case = NewCase { kind, patient: Some(patient), counts_from: app.config.clinic.zone.day(on).0, request_key };
    cases::open(app, context, case, &Step::Asked { on, how }).await
}

/// A request with everything that was entered.
pub async fn read(app: &App, context: &Context, id: CaseId) -> web::Result<(Case, Request, Vec<Entered<Step>>)> {
    let case = match cases::find(app, CaseKind::Accounting, id).await {
        Err(Error::NotFound) => cases::find(app, CaseKind::RecordSet, id).await?,
        found => found?,
    };
    let access = cases::access(app, context, case.kind, std::slice::from_ref(&case)).await?;
    let entries = cases::entries(app, &access, &case).await?;
    let request = Request::of(case.kind, &entries).ok_or_else(|| Error::Internal(anyhow::anyhow!("a request has no beginning")))?;
    Ok((case, request, entries))
}

/// Where these requests of one kind stand, by the clear words of their entries.
pub async fn at_a_glance(app: &App, context: &Context, kind: CaseKind, cases: Vec<Case>) -> web::Result<Vec<(Case, Request)>> {
    let zone = app.config.clinic.zone;
    let files = cases::at_a_glance(app, context, kind, cases).await?;
    let glance = |(case, lines): (Case, Vec<cases::Line>)| {
        let request = Request::at_a_glance(kind, zone.today(case.counts_from), lines.iter().map(|line| line.entry.as_str()));
        (case, request)
    };
    Ok(files.into_iter().map(glance).collect())
}

/// Enter the next thing, if the rules let it.
pub async fn enter(app: &App, context: &Context, id: CaseId, after: i64, step: &Step) -> Result<(), NotEntered> {
    let (case, request, _) = read(app, context, id).await?;
    if let Err(sentence) = request.may_enter(step, app.config.clinic.zone.today(app.now())) {
        cases::refuse(app, context, &case, "rule").await?;
        return Err(NotEntered::Rule(sentence));
    }
    if cases::enter(app, context, &case, after, step).await? { Ok(()) } else { Err(NotEntered::Stale) }
}

/// The entry of an answer: `copy` is what the patient gets, if it is kept here.
pub fn given(on: NaiveDate, title: String, free: bool, file: &str, keep: bool) -> Step {
    Step::Given { on, title, free, sha256: hex::encode(sha256(file.as_bytes())), copy: keep.then(|| file.to_owned()) }
}

/// The days on which accountings of a patient were given.
pub async fn accountings_given(app: &App, context: &Context, patient: PatientId) -> web::Result<Vec<NaiveDate>> {
    let files = cases::of_patient::<Step>(app, context, CaseKind::Accounting, patient).await?;
    Ok(files.iter().filter_map(|(case, entries)| Request::of(case.kind, entries)?.given).collect())
}
