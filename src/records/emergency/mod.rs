//! The record of a patient who is not the clinician's, opened in an emergency (HIP-04; 45 CFR 164.312(a)(2)(ii)).
//!
//! Nobody is asked first: there may be no time. The clinician says whose record and why, and it opens for as long as the clinic has set, to be
//! read and not to be written. Every event under it has the purpose `break_glass`. A letter goes to the address for compliance in the same
//! transaction, and the review queue holds it open until an officer has looked at it after its end. It ends by hand, or
//! at its time: what is over by the clock is closed whether or not anything has written that down.

mod model;
mod pages;
mod store;

pub use model::{Asked, EmergencyForm};
pub use pages::routes;

use super::place;
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object, Purpose};
use crate::crypto::sha256;
use crate::db;
use crate::ids::{EmergencyId, PatientId, StaffId};
use crate::mail::notices::{self, Notice, NoticeKind, Part, Said};
use crate::patients::{self, Found, Patient, parse_date_of_birth};
use crate::secret::Secret;
use crate::text::{DateOrder, Text};
use crate::time::Timestamp;
use crate::web::{self, Error};
use store::Grant;

/// How many notes a page holds. Lower: a quicker page. Higher: more of a long history.
const NOTES_SHOWN: i64 = 50;

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    As(EmergencyId),
    /// Nobody is known by this, or not with that date of birth.
    Nobody,
    /// Several are. Their names are not shown: a search is no way into other people's records.
    Several,
}

/// A record as it stands open.
#[derive(Debug)]
pub struct Record {
    pub patient: Patient,
    pub notes: Vec<PastNote>,
    pub ends_at: Timestamp,
}

/// A note of an earlier visit.
#[derive(Debug)]
pub struct PastNote {
    pub starts_at: Timestamp,
    pub author: String,
    pub text: Secret<String>,
}

/// Open the record of the one patient who is meant, for the time that the clinic has set. The same form again opens nothing twice.
pub async fn open(app: &App, context: &Context, clinician: StaffId, asked: &Asked) -> web::Result<Opened> {
    let context = in_emergency(context);
    let mut found = patients::find(app, &context, asked.patient.reveal()).await?;
    found.retain(|one| asked.born.is_none_or(|born| born_on(one) == Some(born)));
    let patient = match found[..] {
        [ref one] => one.id,
        [] => return not_opened(app, &context, Opened::Nobody, "unknown").await,
        _ => return not_opened(app, &context, Opened::Several, "several").await,
    };
    let (id, now) = (EmergencyId::new(app.now(), &app.rng), app.now_at_least());
    let reason = app.log.seal_remark(id.0, asked.why.reveal());
    let hash = sha256(&reason.0).to_vec();
    let ends_at = now + app.config.emergency.length();
    let grant = Grant { id, staff_id: clinician, patient_id: patient, ends_at, ended_at: None, reason };
    let mut tx = app.log.begin(&context).await?;
    if !store::insert(&mut tx, &grant, &asked.request_key, now).await? {
        let before = store::opened_by(&mut tx, grant.staff_id, &asked.request_key).await?;
        return before.map(Opened::As).ok_or(Error::Conflict);
    }
    notices::queue(&mut tx, app, &notice(app, id)).await?;
    let event = of(Kind::EmergencyOpened, id, patient).with("until", Fact::At(ends_at)).with("sha256", Fact::Bytes(hash));
    tx.commit(event).await?;
    Ok(Opened::As(id))
}

async fn not_opened(app: &App, context: &Context, answer: Opened, why: &'static str) -> web::Result<Opened> {
    app.log.refused(context, Event::refused(Kind::EmergencyOpened, why)).await?;
    Ok(answer)
}

fn born_on(found: &Found) -> Option<chrono::NaiveDate> {
    parse_date_of_birth(found.date_of_birth.reveal(), DateOrder::MonthFirst)
}

/// Read the record. Each part is an event of its own, committed before it opens.
pub async fn read(app: &App, context: &Context, clinician: StaffId, id: EmergencyId) -> web::Result<Record> {
    let context = in_emergency(context);
    let Grant { patient_id, ends_at, .. } = standing(app, &context, clinician, id).await?;
    let patient = patients::read(app, &context, patient_id).await?;
    let key = app.patient_key(patient_id).await?;
    let mut tx = app.db.reading().await?;
    let rows = store::notes(&mut tx, patient_id, NOTES_SHOWN).await?;
    drop(tx);
    let mut notes = Vec::with_capacity(rows.len());
    for row in rows {
        let version = Fact::Number(row.version);
        let event = Event::done(Kind::NoteRead).on(Object::Note, row.visit_id.0).about(patient_id).with("row_version", version);
        let access = app.log.access(&context, event).await?;
        let text = access.open(&key, place(row.visit_id, row.version), &row.body).await?;
        notes.push(PastNote { starts_at: row.starts_at, author: row.author, text });
    }
    Ok(Record { patient, notes, ends_at })
}

/// The clinician's own, if it is not over. That somebody came to a closed door is an event.
async fn standing(app: &App, context: &Context, clinician: StaffId, id: EmergencyId) -> web::Result<Grant> {
    let mut tx = app.db.reading().await?;
    let grant = store::grant(&mut tx, id).await?;
    drop(tx);
    let (event, error) = match grant {
        Some(grant) if grant.staff_id != clinician => {
            (Event::refused(Kind::RequestRefused, "foreign").about(grant.patient_id), Error::NotFound)
        }
        Some(grant) if grant.stands(app.now_at_least()) => return Ok(grant),
        Some(grant) => (Event::refused(Kind::RequestRefused, "over").about(grant.patient_id), Error::Gone),
        None => (Event::refused(Kind::RequestRefused, "unknown"), Error::NotFound),
    };
    app.log.refused(context, event.on(Object::Emergency, id.0)).await?;
    Err(error)
}

/// What this clinician has open, and until when.
pub async fn open_of(app: &App, clinician: StaffId) -> sqlx::Result<Vec<(EmergencyId, Timestamp)>> {
    let mut tx = app.db.reading().await?;
    let open = store::open_of(&mut tx, clinician, app.now_at_least()).await?;
    Ok(open.into_iter().map(|grant| (grant.id, grant.ends_at)).collect())
}

/// End it before its time.
pub async fn end(app: &App, context: &Context, clinician: StaffId, id: EmergencyId) -> web::Result<()> {
    let context = in_emergency(context);
    let grant = standing(app, &context, clinician, id).await?;
    let mut tx = app.log.begin(&context).await?;
    if !store::end(&mut tx, id, clinician, app.now_at_least()).await? {
        return Err(Error::Gone);
    }
    Ok(tx.commit(of(Kind::EmergencyEnded, id, grant.patient_id).with("by", Fact::Word("hand"))).await?)
}

/// Write down which have come to their end by themselves. How many.
pub async fn end_due(app: &App) -> anyhow::Result<usize> {
    let now = app.now_at_least();
    let mut reading = app.db.reading().await?;
    let due = store::any_due(&mut reading, now).await?;
    drop(reading);
    if !due {
        return Ok(0);
    }
    let mut tx = app.log.begin(&in_emergency(&app.system())).await?;
    let ended = store::end_due(&mut tx, now).await?;
    let event = |(id, staff, patient): &(EmergencyId, StaffId, PatientId)| {
        of(Kind::EmergencyEnded, *id, *patient).with("by", Fact::Word("time")).with("account", Fact::Id(staff.0))
    };
    let Some((last, others)) = ended.split_last() else { return Ok(0) };
    others.iter().for_each(|one| tx.also(event(one)));
    tx.commit(event(last)).await?;
    Ok(ended.len())
}

/// What an officer is told of it.
#[derive(Debug)]
pub struct Told {
    pub over: bool,
    /// `None`: the reason was altered.
    pub why: Option<String>,
}

pub async fn told(app: &App, tx: &mut db::Tx, id: EmergencyId) -> sqlx::Result<Option<Told>> {
    let grant = store::grant(tx, id).await?;
    Ok(grant.map(|grant| Told { over: !grant.stands(app.now_at_least()), why: app.log.open_remark(id.0, &grant.reason) }))
}

fn in_emergency(context: &Context) -> Context {
    Context { purpose: Purpose::BreakGlass, ..context.clone() }
}

fn of(kind: Kind, id: EmergencyId, patient: PatientId) -> Event {
    Event::done(kind).on(Object::Emergency, id.0).about(patient)
}

/// "Somebody opened a record in an emergency", and where it is reviewed. Names nobody.
fn notice(app: &App, id: EmergencyId) -> Notice {
    let t = Text::of("en");
    let parts = vec![
        Part::Said(t.with("emergency-mail-what", "clinic", app.config.clinic.mail_name())),
        Part::Lines(format!("{}/review\n", app.config.base_url)),
        Part::Said(t.say("emergency-mail-why")),
    ];
    Notice {
        kind: NoticeKind::Emergency,
        once_key: format!("emergency/{id}"),
        log_size: None,
        said: Said { subject: t.say("emergency-mail-subject"), parts },
    }
}
