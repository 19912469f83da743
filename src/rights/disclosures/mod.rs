//! To whom data of a patient went, and the account that the patient may ask for (PRV-01, PRV-02, PRV-03, PRV-05).
//!
//! The ledger is apart from the access log: that says who here looked, this says what left the house. `model` decides what an
//! accounting holds. Each disclosure is a file of [`cases`](super::cases); one that is wrong is struck out by one more entry.

mod model;
mod pages;

pub use model::{Category, Disclosure, Line, MadeBy, Note, Recipient, Suspending, Suspension, accounting, since};
pub use pages::{routes, standing};

use super::cases::{self, Case, CaseKind, NewCase};
use crate::app::App;
use crate::audit::Context;
use crate::ids::{CaseId, PatientId, RequestKey};
use crate::web;
use chrono::NaiveDate;

/// A disclosure as it stands in the ledger.
#[derive(Debug)]
pub struct Kept {
    pub case: Case,
    /// Nothing if it was struck out.
    pub disclosure: Option<Disclosure>,
    /// The number of the last entry.
    pub n: i64,
}

/// Write a disclosure down.
pub async fn record(
    app: &App,
    context: &Context,
    patient: PatientId,
    request_key: RequestKey,
    disclosure: Disclosure,
) -> web::Result<CaseId> {
    let counts_from = app.config.clinic.zone.day(disclosure.on).0;
    let case = NewCase { kind: CaseKind::Disclosure, patient: Some(patient), counts_from, request_key };
    cases::open(app, context, case, &Note::Recorded { disclosure }).await
}

/// The entry of a disclosure itself. The one after it strikes it out, and there is no other.
const RECORDED: i64 = 1;

/// Strike out what was written down wrongly, once. False when somebody else has entered something since.
pub async fn strike(app: &App, context: &Context, case: &Case, after: i64, why: String) -> web::Result<bool> {
    if after != RECORDED {
        cases::refuse(app, context, case, "stale").await?;
        return Ok(false);
    }
    cases::enter(app, context, case, after, &Note::Struck { why }).await
}

/// Everything that was disclosed about a patient.
pub async fn ledger(app: &App, context: &Context, patient: PatientId) -> web::Result<Vec<Kept>> {
    let files = cases::of_patient::<Note>(app, context, CaseKind::Disclosure, patient).await?;
    let kept = |(case, entries): (Case, Vec<_>)| Kept {
        case,
        disclosure: model::current(&entries),
        n: entries.last().map_or(0, |entered| entered.n),
    };
    Ok(files.into_iter().map(kept).collect())
}

/// Hold the right to an accounting, as far as it names such an agency.
pub async fn suspend(
    app: &App,
    context: &Context,
    patient: PatientId,
    request_key: RequestKey,
    statement: &Suspending,
) -> web::Result<CaseId> {
    let counts_from = app.config.clinic.zone.day(Suspension::of(statement).from).0;
    let case = NewCase { kind: CaseKind::Suspension, patient: Some(patient), counts_from, request_key };
    cases::open(app, context, case, statement).await
}

/// All suspensions of a patient, also those that are over.
pub async fn suspensions(app: &App, context: &Context, patient: PatientId) -> web::Result<Vec<Suspension>> {
    let files = cases::of_patient::<Suspending>(app, context, CaseKind::Suspension, patient).await?;
    Ok(files.iter().filter_map(|(_, entries)| entries.last()).map(|entered| Suspension::of(&entered.entry)).collect())
}

/// The accounting of a request, as it may be given today.
pub async fn account(app: &App, context: &Context, patient: PatientId, asked: NaiveDate) -> web::Result<Vec<Line>> {
    let ledger: Vec<Disclosure> = ledger(app, context, patient).await?.into_iter().filter_map(|kept| kept.disclosure).collect();
    let suspensions = suspensions(app, context, patient).await?;
    Ok(accounting(&ledger, asked, app.config.clinic.zone.today(app.now()), &suspensions))
}
