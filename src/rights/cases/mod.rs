//! What is kept of an incident or a request: one file, and entries that are only ever added (PRV-04, PRV-06, PRV-10, PRV-11).
//!
//! What became of it follows from the entries. Nothing is changed and nothing is taken out; the database refuses it, and each
//! entry is an event that holds the hash of what was sealed. An entry names the number it must get: of two people who write at
//! once the second is told. Bodies are sealed, under the patient's key where the file is about one.

mod store;

use crate::app::App;
use crate::audit::{Access, Context, Event, Fact, Kind, Object};
use crate::crypto::{self, PatientKey, Place, Sealed, sha256};
use crate::ids::{CaseId, PatientId, RequestKey, StaffId};
use crate::time::Timestamp;
use crate::web::{self, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use store::{Case, CaseKind, Line};

/// Why something was not entered.
#[derive(Debug)]
pub enum NotEntered {
    /// The name of the sentence that says why.
    Rule(&'static str),
    /// Somebody else entered something first.
    Stale,
    Error(Error),
}

impl From<Error> for NotEntered {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Files of one kind that a list shows. More are older.
const LISTED_MAX: i64 = 500;

/// Something that is entered. The word stands in the clear beside the sealed rest.
pub trait Entry: Serialize + DeserializeOwned {
    fn word(&self) -> &'static str;
}

/// A file that is about to be opened.
#[derive(Debug)]
pub struct NewCase {
    pub kind: CaseKind,
    pub patient: Option<PatientId>,
    /// From when its clock runs.
    pub counts_from: Timestamp,
    pub request_key: RequestKey,
}

/// What was entered, opened.
#[derive(Debug, Clone)]
pub struct Entered<E> {
    pub n: i64,
    pub at: Timestamp,
    pub by: StaffId,
    pub entry: E,
}

/// Open a file with its first entry. The same form again gives the file that it has opened.
pub async fn open(app: &App, context: &Context, new: NewCase, first: &impl Entry) -> web::Result<CaseId> {
    open_for(app, context, writer(context)?, new, first).await
}

/// The same, written down by the program for a member of staff, whose name stands in the file.
pub async fn open_for(app: &App, context: &Context, by: StaffId, new: NewCase, first: &impl Entry) -> web::Result<CaseId> {
    let (id, now) = (CaseId::new(app.now(), &app.rng), app.now());
    let key = key_of(app, new.patient).await?;
    let mut tx = app.log.begin(context).await?;
    let case = Case { id, kind: new.kind, patient: new.patient, counts_from: new.counts_from, opened_at: now, opened_by: by };
    if !store::insert_case(&mut tx, &case, &new.request_key).await? {
        return store::opened_by(&mut tx, &new.request_key).await?.ok_or(Error::Conflict);
    }
    let sealed = seal(app, key.as_ref(), id, 1, first)?;
    store::insert_entry(&mut tx, &Line { case_id: id, n: 1, entered_at: now, entered_by: by, entry: first.word().to_owned() }, &sealed)
        .await?;
    tx.commit(event(Kind::CaseOpened, &case, 1, first.word(), &sealed)).await?;
    Ok(id)
}

/// Whether a form with that key, or an event, has opened a file.
pub async fn is_opened(app: &App, request_key: &RequestKey) -> sqlx::Result<bool> {
    let mut tx = app.db.reading().await?;
    Ok(store::opened_by(&mut tx, request_key).await?.is_some())
}

/// Enter the next thing after entry `after`. False when somebody else has entered something since.
pub async fn enter(app: &App, context: &Context, case: &Case, after: i64, entry: &impl Entry) -> web::Result<bool> {
    let (now, by, n) = (app.now(), writer(context)?, after + 1);
    let key = key_of(app, case.patient).await?;
    let sealed = seal(app, key.as_ref(), case.id, n, entry)?;
    let mut tx = app.log.begin(context).await?;
    let line = Line { case_id: case.id, n, entered_at: now, entered_by: by, entry: entry.word().to_owned() };
    if store::insert_entry(&mut tx, &line, &sealed).await? {
        tx.commit(event(Kind::CaseEntered, case, n, entry.word(), &sealed)).await?;
        return Ok(true);
    }
    drop(tx);
    refuse(app, context, case, "stale").await?;
    Ok(false)
}

/// Record that something was not entered, and the word for why.
pub async fn refuse(app: &App, context: &Context, case: &Case, why: &'static str) -> web::Result<()> {
    let event = Event::refused(Kind::CaseEntered, why).on(Object::Case, case.id.0).about_all(case.patient);
    Ok(app.log.refused(context, event.with("case", Fact::Word(case.kind.word()))).await?)
}

/// A file of that kind.
pub async fn find(app: &App, kind: CaseKind, id: CaseId) -> web::Result<Case> {
    let mut tx = app.db.reading().await?;
    store::case(&mut tx, id).await?.filter(|case| case.kind == kind).ok_or(Error::NotFound)
}

/// The files of a kind, the newest first; of one patient if one is named.
pub async fn list(app: &App, kind: CaseKind, patient: Option<PatientId>) -> web::Result<Vec<Case>> {
    let mut tx = app.db.reading().await?;
    Ok(store::cases(&mut tx, kind, patient, LISTED_MAX).await?)
}

/// Record that files are read, and get the proof that opens them.
pub async fn access(app: &App, context: &Context, kind: CaseKind, cases: &[Case]) -> web::Result<Access> {
    let event = Event::done(Kind::CaseRead)
        .about_all(cases.iter().filter_map(|case| case.patient))
        .with("case", Fact::Word(kind.word()))
        .with("cases", Fact::Number(i64::try_from(cases.len()).unwrap_or(i64::MAX)));
    let event = match cases {
        [one] => event.on(Object::Case, one.id.0),
        _ => event,
    };
    Ok(app.log.access(context, event).await?)
}

/// Everything that was entered in a file, in its order.
pub async fn entries<E: Entry>(app: &App, access: &Access, case: &Case) -> web::Result<Vec<Entered<E>>> {
    let key = key_of(app, case.patient).await?;
    let mut tx = app.db.reading().await?;
    let lines = store::entries(&mut tx, case.id).await?;
    drop(tx);
    let mut entries = Vec::with_capacity(lines.len());
    for (Line { n, entered_at, entered_by, .. }, body) in lines {
        let place = place(case.id, n);
        let text = match &key {
            Some(key) => access.open(key, place, &body).await?,
            None => access.open_of_clinic(place, &body).await?,
        };
        let entry = serde_json::from_str(text.reveal()).map_err(|_| Error::Internal(anyhow::anyhow!("an entry cannot be read")))?;
        entries.push(Entered { n, at: entered_at, by: entered_by, entry });
    }
    Ok(entries)
}

/// All files of a kind, of one patient, with what was entered. That they are read is recorded first.
pub async fn of_patient<E: Entry>(
    app: &App,
    context: &Context,
    kind: CaseKind,
    patient: PatientId,
) -> web::Result<Vec<(Case, Vec<Entered<E>>)>> {
    let cases = list(app, kind, Some(patient)).await?;
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let access = access(app, context, kind, &cases).await?;
    let mut read = Vec::with_capacity(cases.len());
    for case in cases {
        let entries = entries(app, &access, &case).await?;
        read.push((case, entries));
    }
    Ok(read)
}

/// These files of one kind with the words of their entries. Opens nothing; that they were looked at is recorded.
pub async fn at_a_glance(app: &App, context: &Context, kind: CaseKind, cases: Vec<Case>) -> web::Result<Vec<(Case, Vec<Line>)>> {
    let _recorded = access(app, context, kind, &cases).await?;
    let mut tx = app.db.reading().await?;
    let lines = store::lines(&mut tx, kind).await?;
    let of = |case: &Case| lines.iter().filter(|line| line.case_id == case.id).cloned().collect();
    Ok(cases.into_iter().map(|case| (case.clone(), of(&case))).collect())
}

fn event(kind: Kind, case: &Case, n: i64, word: &'static str, sealed: &Sealed) -> Event {
    Event::done(kind)
        .on(Object::Case, case.id.0)
        .about_all(case.patient)
        .with("case", Fact::Word(case.kind.word()))
        .with("entry", Fact::Word(word))
        .with("n", Fact::Number(n))
        .with("sha256", Fact::Bytes(sha256(&sealed.0).to_vec()))
}

/// Only people write here: whoever it was stands in the row.
fn writer(context: &Context) -> web::Result<StaffId> {
    context.actor.id.map(StaffId).ok_or(Error::Forbidden)
}

async fn key_of(app: &App, patient: Option<PatientId>) -> web::Result<Option<PatientKey>> {
    match patient {
        Some(patient) => Ok(Some(app.patient_key(patient).await.map_err(|error| match error {
            crypto::store::KeyError::Missing => Error::NotFound,
            other => other.into(),
        })?)),
        None => Ok(None),
    }
}

fn seal(app: &App, key: Option<&PatientKey>, case: CaseId, n: i64, entry: &impl Entry) -> web::Result<Sealed> {
    let body = serde_json::to_vec(entry).map_err(|error| Error::Internal(error.into()))?;
    Ok(match key {
        Some(key) => app.keys.seal(key, place(case, n), &app.rng, &body),
        None => app.keys.seal_of_clinic(place(case, n), &app.rng, &body),
    })
}

fn place(case: CaseId, n: i64) -> Place {
    Place { table: "case_entry", column: "body", row: case.0, patient: Uuid::nil(), version: n }
}
