//! What the compliance officer does: look through the access log and take it out.
//!
//! Sees ids and events; opens no clinical text. Each look and each export is itself an event with the search as its facts,
//! committed before the first byte of the answer (AUD-01, AUD-04). A payload that does not open is shown as altered, never
//! left out. An export is streamed in batches, so that its size does not matter to the memory.
//!
//! `model` parses a search, `entry` reads an event, `csv` writes cells, all pure; `order` turns the pages of the log; `opened` is the list for one
//! patient; `export` makes the file, `archive` packs it; `integrity` tells whether the log, or an export of it, is what was signed, `panel` tells it
//! to an officer; `review` finds what somebody should look at, `marks` holds whose record is watched, `access_review` holds that somebody looked at all accounts; `heads` mails what was
//! signed out of the house.

mod access_review;
mod archive;
pub mod csv;
mod entry;
pub mod export;
pub mod heads;
pub mod integrity;
mod marks;
pub mod model;
mod opened;
mod order;
mod pages;
mod panel;
pub mod review;
mod store;

use crate::app::App;
use crate::audit::{self, Context, Event, Fact, Filter, Kind, Object, Recorded};
use crate::text::Text;
use crate::time::Timestamp;
pub use entry::Payload;
pub use export::Watched;
pub use model::{Edge, instant};
use model::{Mark, Search};
pub use pages::routes;
pub use panel::run_due as verify_due;
pub use store::Person;

/// Rows of one page. Lower: pages come sooner. Higher: fewer pages to turn.
const PAGE_ROWS: usize = 100;

/// One page of the log.
#[derive(Debug)]
struct LogPage {
    events: Vec<(Recorded, Option<Payload>)>,
    /// Before when what events say was removed.
    purged: Option<Timestamp>,
    people: Vec<Person>,
    /// Where the next page begins, if there is one.
    next: Option<Mark>,
}

/// Look at a page of the log. The look itself is in the log before it, and so on the page.
async fn view(app: &App, context: &Context, t: Text, search: &Search) -> sqlx::Result<LogPage> {
    let event = searched(app, Event::done(Kind::LogViewed), &search.filter).await?;
    app.log.record(context, event).await?;
    let mut tx = app.db.reading().await?;
    let mut rows = order::rows(&mut tx, t, search, PAGE_ROWS + 1).await?;
    let people = store::people(&mut tx).await?;
    let purged = audit::purged_until(&mut tx).await?;
    drop(tx);
    let more = rows.len() > PAGE_ROWS;
    rows.truncate(PAGE_ROWS);
    let next = rows.last().filter(|_| more).map(|(_, mark)| mark.clone());
    let read = |row: Recorded| {
        let payload = Payload::read(&row, app.log.disclose(&row).as_ref());
        (row, payload)
    };
    let events: Vec<_> = rows.into_iter().map(|(row, _)| read(row)).collect();
    report_altered(app, context, &events, purged).await?;
    Ok(LogPage { events, purged, people, next })
}

/// Everybody whom the log may name.
pub async fn everybody(app: &App) -> sqlx::Result<Vec<Person>> {
    let mut tx = app.db.reading().await?;
    store::people(&mut tx).await
}

/// The event of a search: its facts, and the patient it asks for if the log knows them.
async fn searched(app: &App, event: Event, filter: &Filter) -> sqlx::Result<Event> {
    let event = model::facts(event, filter);
    let Some(patient) = filter.patient else { return Ok(event) };
    let mut tx = app.db.reading().await?;
    let known = store::tag(&mut tx, patient).await?.is_some();
    Ok(if known { event.about(patient) } else { event })
}

/// Altered events that somebody came upon are an event of their own (HIP-06).
async fn report_altered(
    app: &App,
    context: &Context,
    events: &[(Recorded, Option<Payload>)],
    purged: Option<Timestamp>,
) -> sqlx::Result<()> {
    let is_altered = |(row, payload): &&(Recorded, Option<Payload>)| payload.is_none() && !is_removed(row, purged);
    let altered: Vec<&Recorded> = events.iter().filter(is_altered).map(|(row, _)| row).collect();
    let Some(first) = altered.first() else { return Ok(()) };
    app.log.refused(context, altered_event(first, altered.len())).await
}

/// Whether what an event says was removed after its time, and not by somebody else. Verification holds this against the log itself.
pub fn is_removed(event: &Recorded, purged: Option<Timestamp>) -> bool {
    event.is_emptied() && purged.is_some_and(|until| event.recorded_at < until)
}

fn altered_event(first: &Recorded, count: usize) -> Event {
    Event::failed(Kind::IntegrityFailed, "altered")
        .on(Object::Log, first.id.0)
        .with("table", Fact::Word("audit_event"))
        .with("column", Fact::Word("payload"))
        .with("rows", Fact::Number(i64::try_from(count).unwrap_or(i64::MAX)))
}
