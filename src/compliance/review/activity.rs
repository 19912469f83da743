//! Somebody looked through the log, whether or not a rule had found anything (HIP-05; 45 CFR 164.308(a)(1)(ii)(D)).
//!
//! What they looked through is a time, and perhaps one person's events or one patient's. It stands beside what was found and reviewed, with
//! their words sealed, and when nobody has looked for too long the pages say so.

use super::model::Rule;
use super::store;
use crate::app::App;
use crate::audit::{ActorKind, Context, Event, Fact, Filter, Kind, Object};
use crate::compliance::searched;
use crate::compliance::store::tag;
use crate::crypto::sha256;
use crate::ids::StaffId;
use crate::time::{Millis, Timestamp};
use uuid::Uuid;

/// When somebody last looked, and who.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub last: Option<(Timestamp, StaffId)>,
    pub overdue: bool,
}

/// Counted from the last time, or from the first account where there was none.
pub async fn standing(app: &App) -> sqlx::Result<Standing> {
    let mut tx = app.db.reading().await?;
    let last = store::last_look(&mut tx).await?;
    let since = match last {
        Some((at, _)) => Some(at),
        None => store::first_account(&mut tx).await?,
    };
    let due = Millis::days(app.config.compliance.activity_review_days.into());
    Ok(Standing { last, overdue: since.is_some_and(|since| since + due <= app.now()) })
}

/// Whether such a search is of whole stretches of the log: somebody who left out kinds or outcomes has not looked through it.
pub fn is_a_look(filter: &Filter) -> bool {
    filter.kind.is_none() && filter.outcome.is_none() && (filter.actor_kind.is_none() || filter.actor_kind == Some(ActorKind::Staff))
}

/// Record that somebody looked through what the search shows, and what they say about it.
pub async fn record(app: &App, context: &Context, by: StaffId, filter: &Filter, comment: &str) -> sqlx::Result<()> {
    let (id, now) = (Uuid::from_bytes(app.rng.bytes()), app.now());
    let mut tx = app.db.reading().await?;
    let tag = match filter.patient {
        Some(patient) => tag(&mut tx, patient).await?,
        None => None,
    };
    let begin = match filter.from {
        Some(from) => from,
        None => store::first_event(&mut tx).await?.unwrap_or(now),
    };
    drop(tx);
    let comment = app.log.seal_remark(id, comment);
    let event = Event::done(Kind::ReviewRecorded)
        .on(Object::Log, id)
        .with("rule", Fact::Word(Rule::Activity.word()))
        .with("happened_at", Fact::At(begin))
        .with("sha256", Fact::Bytes(sha256(&comment.0).to_vec()));
    let event = searched(app, event, filter).await?;
    let until = filter.until.unwrap_or(now).min(now);
    let look = store::Look { id, from: begin, until, actor: filter.actor, tag, by, comment, now };
    let mut tx = app.log.begin(context).await?;
    store::insert_look(&mut tx, &look).await?;
    tx.commit(event).await
}
