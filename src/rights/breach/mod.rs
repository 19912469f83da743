//! The breach worksheet: whose data one account touched between two times, answered from the access log alone (PRV-09).
//!
//! The page and `anteroom breach-report` are two doors to [`report`]. It reads the log in batches, so that a long period costs
//! time and not memory, and is itself an event, committed before anybody sees it. `model` decides what an event means; what the
//! log cannot know is left as a line to write on.

mod model;
mod pages;

pub use model::{Data, How, Question, Seat, Touched, Worksheet, csv};
pub use pages::{paper, routes};

use crate::app::App;
use crate::audit::{self, Context, Event, Fact, Filter, Kind, Recorded};
use crate::compliance::{Payload, is_removed};
use crate::ids::EventId;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Events read at once. Lower: less memory. Higher: fewer queries.
const BATCH: i64 = 1_000;

/// How a worksheet leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Page,
    Csv,
    Paper,
}

impl Form {
    fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Csv => "csv",
            Self::Paper => "paper",
        }
    }
}

/// Fill in a worksheet and record that it was.
pub async fn report(app: &App, context: &Context, question: Question, form: Form) -> sqlx::Result<Worksheet> {
    let sheet = fill(app, question).await?;
    let count = |number: usize| Fact::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let event = Event::done(Kind::BreachReported)
        .with("person", Fact::Id(question.actor))
        .with("from", Fact::At(question.from))
        .with("until", Fact::At(question.until))
        .with("patients", count(sheet.patients.len()))
        .with("form", Fact::Word(form.word()));
    let event = match question.session {
        Some(session) => event.with("session", Fact::Id(session)),
        None => event,
    };
    app.log.record(context, event).await?;
    Ok(sheet)
}

async fn fill(app: &App, question: Question) -> sqlx::Result<Worksheet> {
    let mut sheet = Worksheet::new(question);
    let filter = Filter { actor: Some(question.actor), from: Some(question.from), until: Some(question.until), ..Filter::default() };
    let mut taken_away = Vec::new();
    let purged = audit::purged_until(&mut app.db.reading().await?).await?;
    each(app, &filter, |event| {
        if is_removed(event, purged) {
            return;
        }
        let payload = read(app, event);
        sheet.take(payload.as_ref());
        taken_away.extend(payload.filter(|payload| sheet.counts(payload)).and_then(|payload| model::taken_away(&payload)));
    })
    .await?;
    for (at, filter) in taken_away {
        let mut patients = BTreeSet::new();
        each(app, &filter, |event| patients.extend(read(app, event).map(|payload| payload.patients).unwrap_or_default())).await?;
        // The file of one patient names nobody else, whoever the same events are about.
        patients.retain(|patient| filter.patient.is_none_or(|asked| asked.0 == *patient));
        sheet.exported(at, patients);
    }
    Ok(sheet)
}

fn read(app: &App, event: &Recorded) -> Option<Payload> {
    Payload::read(event, app.log.disclose(event).as_ref())
}

/// Every event of a filter, oldest first, a batch at a time.
async fn each(app: &App, filter: &Filter, mut take: impl FnMut(&Recorded)) -> sqlx::Result<()> {
    let mut after: Option<(Timestamp, EventId)> = None;
    loop {
        let mut tx = app.db.reading().await?;
        let batch = audit::oldest_first(&mut tx, filter, after, BATCH).await?;
        drop(tx);
        batch.iter().for_each(&mut take);
        match batch.last() {
            Some(last) if batch.len() as i64 == BATCH => after = Some((last.recorded_at, last.id)),
            _ => return Ok(()),
        }
    }
}

/// The last part of an id tells rows apart; its first part is a clock.
fn short(id: Uuid) -> String {
    id.simple().to_string().split_off(24)
}
