//! How long what the log says is kept, and what stands against removing it (HIP-07, HIP-08, AUD-26, AB-13).
//!
//! A purge empties events that are older than the clinic's floor. That they happened stays: places, hashes, tags and heads, so that
//! old proofs verify. It is itself an event that names the range, and verification takes an empty event without one for altered.
//! What cannot be undone needs two signs of the time: the clock, and a signed head that is a week old. A legal hold, of one
//! patient or of everything, stops it. The files of [`cases`](super::cases) are never removed.

mod model;
mod pages;
mod store;

pub use model::{HEAD_AGE, Hold, Signs, years_before};
pub use pages::routes;

use super::cases::{self, Case, CaseKind, Entered, NewCase};
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind};
use crate::ids::{CaseId, PatientId, RequestKey};
use crate::time::Timestamp;
use crate::web;

/// What came of a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purged {
    /// So many events up to that place, all from before that time, say nothing any more.
    Emptied { events: u64, last: i64, until: Timestamp },
    /// Nothing is old enough by both signs of the time.
    NothingDue,
    /// A hold on everything stands.
    Held,
}

/// The two signs of what time it surely is.
pub async fn signs(app: &App) -> sqlx::Result<Signs> {
    let clock = app.now_at_most();
    let mut tx = app.db.reading().await?;
    Ok(Signs { clock, head: store::newest_head_before(&mut tx, clock - HEAD_AGE).await? })
}

/// Remove what events say that are older than the clinic keeps them.
///
/// By the role that owns the tables: on PostgreSQL the server's own can be one that may not (AUD-06).
pub async fn purge(app: &App, context: &Context) -> anyhow::Result<Purged> {
    let Some(until) = signs(app).await?.cutoff(app.config.retention.log_years) else { return Ok(Purged::NothingDue) };
    let mut tx = app.log_of_the_owner().await?.begin(context).await?;
    if store::holds_on_everything(&mut tx).await? > 0 {
        drop(tx);
        app.log.refused(context, Event::refused(Kind::LogPurged, "held")).await?;
        return Ok(Purged::Held);
    }
    let last = store::last_place_before(&mut tx, until).await?;
    store::insert_purge(&mut tx, until, last, app.now()).await?;
    let events = store::empty_events(&mut tx, until, last).await?;
    if events == 0 {
        return Ok(Purged::NothingDue);
    }
    let event = Event::done(Kind::LogPurged)
        .with("until", Fact::At(until))
        .with("last", Fact::Number(last))
        .with("rows", Fact::Number(i64::try_from(events).unwrap_or(i64::MAX)));
    tx.commit(event).await?;
    Ok(Purged::Emptied { events, last, until })
}

/// Keep everything about a patient, or everything, until the hold is lifted.
pub async fn hold(app: &App, context: &Context, patient: Option<PatientId>, request_key: RequestKey, why: String) -> web::Result<CaseId> {
    let case = NewCase { kind: CaseKind::Hold, patient, counts_from: app.now(), request_key };
    cases::open(app, context, case, &Hold::Placed { why }).await
}

/// Lift a hold. False when somebody else has.
pub async fn lift(app: &App, context: &Context, id: CaseId, why: String) -> web::Result<bool> {
    let case = cases::find(app, CaseKind::Hold, id).await?;
    cases::enter(app, context, &case, 1, &Hold::Lifted { why }).await
}

/// All holds, the newest first.
pub async fn holds(app: &App, context: &Context) -> web::Result<Vec<(Case, Vec<Entered<Hold>>)>> {
    let cases = cases::list(app, CaseKind::Hold, None).await?;
    let access = cases::access(app, context, CaseKind::Hold, &cases).await?;
    let mut holds = Vec::with_capacity(cases.len());
    for case in cases {
        let entries = cases::entries(app, &access, &case).await?;
        holds.push((case, entries));
    }
    Ok(holds)
}
