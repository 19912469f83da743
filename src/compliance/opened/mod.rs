//! "Who opened this record", for one patient: a page to print and hand over (AUD-13).

mod model;
pub(super) mod pages;

use super::entry::Payload;
use super::marks::{self, Mark};
use super::store::{self, Person};
use super::{is_removed, report_altered, searched};
use crate::app::App;
use crate::audit::search::{self, Direction};
use crate::audit::{self, Context, Event, Fact, Filter, Kind};
use crate::ids::PatientId;
use model::{Line, List};

/// Events read at once.
const BATCH: i64 = 500;
/// Events that one list is made of. More: a period has to be chosen, and the page says so.
const EVENTS_MAX: usize = 20_000;

/// What the page says.
#[derive(Debug)]
struct Opened {
    lines: Vec<Line>,
    by_itself: i64,
    altered: i64,
    /// Older events were left out.
    cut: bool,
    people: Vec<Person>,
    /// The language that the patient reads.
    language: String,
    /// Whether the record is watched.
    mark: Option<Mark>,
}

/// Look at who opened a patient's record. The look is in the log before, and so on the list. `None`: the log knows no such patient.
async fn look(app: &App, context: &Context, filter: &Filter, patient: PatientId) -> sqlx::Result<Option<Opened>> {
    let event = searched(app, Event::done(Kind::LogViewed).with("page", Fact::Word("opened")), filter).await?;
    app.log.record(context, event).await?;
    let mut tx = app.db.reading().await?;
    if store::tag(&mut tx, patient).await?.is_none() {
        return Ok(None);
    }
    let people = store::people(&mut tx).await?;
    let language = store::language(&mut tx, patient).await?.unwrap_or_else(|| app.config.clinic.language.clone());
    let purged = audit::purged_until(&mut tx).await?;
    drop(tx);
    let mut list = List::new(app.config.clinic.zone);
    let (mut after, mut read, mut altered) = (None, 0, Vec::new());
    let cut = loop {
        let mut tx = app.db.reading().await?;
        let batch = search::in_time(&mut tx, filter, Direction::Down, after, BATCH).await?;
        drop(tx);
        let whole = batch.len() < BATCH as usize;
        after = batch.last().map(|event| event.id);
        read += batch.len();
        // Of one whose details were removed after their time nothing can be told.
        for event in batch.into_iter().filter(|event| !is_removed(event, purged)) {
            let payload = Payload::read(&event, app.log.disclose(&event).as_ref());
            list.add(&event, payload.as_ref());
            if payload.is_none() {
                altered.push((event, None));
            }
        }
        if whole || read >= EVENTS_MAX {
            break !whole;
        }
    };
    report_altered(app, context, &altered, purged).await?;
    let (by_itself, altered) = (list.by_itself, list.altered);
    Ok(Some(Opened { lines: list.lines(), by_itself, altered, cut, people, language, mark: marks::standing(app, patient).await? }))
}
