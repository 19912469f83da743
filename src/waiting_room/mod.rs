//! The waiting room: who is here, who may enter, and every step between the mailed link and the end of the visit.
//!
//! The database decides each step with one statement (`store`), the log records it in the same transaction, and the bus
//! hints to open pages that they look again. `room` is the pure picture of one visit's open pages; `hub` keeps the rooms of
//! this node and speaks to their sockets. Steps only go in order (WEB-09).
//!
//! The proofs [`Admitted`] and [`Confirmed`] are minted from the row and borrow the transaction, so no socket can keep one.

mod arrival;
pub mod check;
pub mod companion;
pub mod consent;
pub mod hub;
pub mod late;
mod pages;
mod room;
pub mod rules;
mod socket;
mod store;

pub use arrival::{Arrival, arrive, leave};
pub use hub::{GoneWhy, Hub, Outgoing, Seat};
pub use pages::routes;
pub use room::{Party, SocketId};
pub use store::{Standing, admitted_visits, open_visits};

use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object, Tx};
use crate::bus::Hint;
use crate::crypto::{Place, sha256};
use crate::db;
use crate::ids::{StaffId, VisitId};
use crate::links::{self, EndedWhy};
use crate::time::Timestamp;
use crate::web::{Error, Result};
use std::marker::PhantomData;
use uuid::Uuid;

/// The longest message to a waiting patient.
pub const MESSAGE_CHARS_MAX: usize = 500;

/// Proof that this party may send signalling for this visit now. Good for one message.
#[derive(Debug)]
pub struct Admitted<'tx> {
    pub visit: VisitId,
    pub epoch: i64,
    pub standing: Standing,
    _read_in: PhantomData<&'tx mut db::Tx>,
}

/// Proof that the clinician of this visit said who is in the call (ID-02). Notes and chat need it.
#[derive(Debug)]
pub struct Confirmed<'tx> {
    pub standing: Standing,
    _read_in: PhantomData<&'tx mut db::Tx>,
}

/// How the clinician answered "who is this?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Known,
    Confirmed,
    NotThisPerson,
}

impl Identity {
    pub fn word(self) -> &'static str {
        match self {
            Identity::Known => "known",
            Identity::Confirmed => "confirmed",
            Identity::NotThisPerson => "not_this_person",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Identity::Known, Identity::Confirmed, Identity::NotThisPerson].into_iter().find(|answer| answer.word() == word)
    }
}

/// A visit as it stands.
pub async fn standing(tx: &mut db::Tx, visit: VisitId) -> sqlx::Result<Option<Standing>> {
    store::standing(tx, visit).await
}

/// The proof for one frame of signalling (RTC-04): the row says that this seat was admitted.
pub async fn admitted<'tx>(tx: &'tx mut db::Tx, visit: VisitId, seat: &Seat) -> sqlx::Result<Option<Admitted<'tx>>> {
    let standing = store::standing(tx, visit).await?.filter(Standing::admitted).filter(|standing| seat.sits_in(standing));
    Ok(standing.map(|standing| Admitted { visit, epoch: standing.call_epoch, standing, _read_in: PhantomData }))
}

/// The proof for clinical text. Stays true after the visit ended: notes are finished then.
pub async fn confirmed<'tx>(tx: &'tx mut db::Tx, visit: VisitId, clinician: StaffId) -> sqlx::Result<Option<Confirmed<'tx>>> {
    let standing = store::standing(tx, visit).await?;
    let standing = standing.filter(|standing| standing.clinician_id == clinician && standing.identity.is_some());
    Ok(standing.map(|standing| Confirmed { standing, _read_in: PhantomData }))
}

/// Open the door to the checking call. Pressed twice, it is open all the same.
pub async fn admit(app: &App, context: &Context, clinician: StaffId, visit: VisitId) -> Result<()> {
    let mut tx = app.log.begin(context).await?;
    if let Some(standing) = store::admit(&mut tx, visit, clinician, app.now()).await? {
        let device = standing.admitted_device.map_or(Uuid::nil(), |device| device.0);
        let event = about(Kind::VisitAdmitted, &standing).with("device", Fact::Id(device)).with("epoch", Fact::Number(standing.call_epoch));
        return finish(app, tx, &standing, event).await;
    }
    let open = store::standing(&mut tx, visit).await?.is_some_and(|standing| standing.clinician_id == clinician && standing.admitted());
    drop(tx);
    if open { Ok(()) } else { not_now(app, context, clinician, visit, Kind::VisitAdmitted).await }
}

/// Seen: the ring stops, the patient is told, the state stays waiting.
pub async fn hold(app: &App, context: &Context, clinician: StaffId, visit: VisitId) -> Result<()> {
    let now = app.now();
    let step = async |tx: &mut db::Tx| store::hold(tx, visit, clinician, now).await;
    clinicians_step(app, context, clinician, visit, Kind::VisitHeld, step, |event| event).await
}

/// Back to the waiting room: a new epoch, nothing more passes.
pub async fn put_back(app: &App, context: &Context, clinician: StaffId, visit: VisitId) -> Result<()> {
    let now = app.now();
    let step = async |tx: &mut db::Tx| store::put_back(tx, visit, clinician, now).await;
    clinicians_step(app, context, clinician, visit, Kind::VisitPutBack, step, |event| event).await
}

/// The two sides of the call of this epoch do not fit (RTC-06): both pages are sent away, and the visit is back in the waiting room under a
/// new epoch. Nothing happens to a call that began since.
pub async fn part(app: &App, hub: &Hub, context: &Context, visit: VisitId, epoch: i64) -> Result<()> {
    // They hear why before they hear that they wait again, whoever else has seen it meanwhile: why stands on the page that they see last.
    let holders = hub.holders(visit).await;
    let mut tx = app.log.begin(context).await?;
    let Some(standing) = store::part(&mut tx, visit, epoch, app.now()).await? else { return Ok(()) };
    tx.commit(about(Kind::VisitPutBack, &standing).with("because", Fact::Word("differ"))).await?;
    holders.send_away(GoneWhy::Differ);
    app.bus.tell(Hint::Visit { id: visit, clinician: standing.clinician_id });
    Ok(())
}

/// The visit is over for both.
pub async fn end(app: &App, context: &Context, clinician: StaffId, visit: VisitId) -> Result<()> {
    let now = app.now();
    let step = async |tx: &mut db::Tx| store::end(tx, visit, clinician, now).await;
    clinicians_step(app, context, clinician, visit, Kind::VisitEnded, step, |event| event).await
}

/// The patient did not come.
pub async fn no_show(app: &App, context: &Context, clinician: StaffId, visit: VisitId) -> Result<()> {
    let now = app.now();
    let step = async |tx: &mut db::Tx| store::no_show(tx, visit, clinician, now).await;
    clinicians_step(app, context, clinician, visit, Kind::VisitNoShow, step, |event| event).await
}

/// Record who is in the call (ID-02). Not this person: back to the waiting room, where nothing opens.
pub async fn recognise(app: &App, context: &Context, clinician: StaffId, visit: VisitId, answer: Identity) -> Result<()> {
    let now = app.now();
    let step = async |tx: &mut db::Tx| match answer {
        Identity::NotThisPerson => store::not_this_person(tx, visit, clinician, now).await,
        _ => store::recognise(tx, visit, clinician, answer.word()).await,
    };
    let with_answer = |event: Event| event.with("answer", Fact::Word(answer.word()));
    clinicians_step(app, context, clinician, visit, Kind::IdentityRecorded, step, with_answer).await
}

/// End the device's session and void its links: only a new link returns. The visit stays open.
pub async fn remove(app: &App, context: &Context, clinician: StaffId, visit: VisitId) -> Result<()> {
    send_out(app, context, clinician, visit, Sent::Away).await
}

/// The wrong person was let in (AB-14): said, sent out and reported in one transaction. They read the patient's mail, so no new link
/// goes there until the front desk has looked.
pub async fn report_wrong_person(app: &App, context: &Context, clinician: StaffId, visit: VisitId) -> Result<()> {
    send_out(app, context, clinician, visit, Sent::AsWrongPerson).await
}

#[derive(PartialEq)]
enum Sent {
    Away,
    AsWrongPerson,
}

async fn send_out(app: &App, context: &Context, clinician: StaffId, visit: VisitId, sent: Sent) -> Result<()> {
    let mut tx = app.log.begin(context).await?;
    let Some(standing) = store::remove(&mut tx, visit, clinician).await? else {
        drop(tx);
        let kind = if sent == Sent::Away { Kind::VisitRemoved } else { Kind::IncidentReported };
        return not_now(app, context, clinician, visit, kind).await;
    };
    links::end_device(&mut tx, visit, EndedWhy::Removed, app.now()).await?;
    if sent == Sent::AsWrongPerson {
        links::undelivered::wrong_person_let_in(&mut tx, app, visit, standing.patient_id).await?;
        tx.also(about(Kind::IdentityRecorded, &standing).with("answer", Fact::Word(Identity::NotThisPerson.word())));
        tx.also(about(Kind::IncidentReported, &standing).with("what", Fact::Word("wrong_person")));
    } else {
        links::void_all(&mut tx, app, visit, standing.patient_id, links::VoidedWhy::Removed).await?;
    }
    finish(app, tx, &standing, about(Kind::VisitRemoved, &standing)).await
}

/// Write a message on the waiting page. It is sealed where it rests; the log keeps that it was sent, not its words.
pub async fn write(app: &App, context: &Context, clinician: StaffId, visit: VisitId, text: &str) -> Result<()> {
    let mut reading = app.db.reading().await?;
    let standing = store::standing(&mut reading, visit).await?.filter(|standing| standing.clinician_id == clinician);
    drop(reading);
    let Some(standing) = standing else { return not_now(app, context, clinician, visit, Kind::VisitMessaged).await };
    let key = app.patient_key(standing.patient_id).await?;
    let version = standing.message_version + 1;
    let sealed = app.keys.seal(&key, message_place(visit, version), &app.rng, text.as_bytes());
    let step = async |tx: &mut db::Tx| store::message(tx, visit, clinician, &sealed, version).await;
    let with_version =
        |event: Event| event.with("row_version", Fact::Number(version)).with("sha256", Fact::Bytes(sha256(&sealed.0).to_vec()));
    clinicians_step(app, context, clinician, visit, Kind::VisitMessaged, step, with_version).await
}

fn message_place(visit: VisitId, version: i64) -> Place {
    Place { table: "visit", column: "message", row: visit.0, patient: Uuid::nil(), version }
}

/// One step of a clinician: the statement, its event, the hint. A step that is not possible now is refused and recorded.
async fn clinicians_step(
    app: &App,
    context: &Context,
    clinician: StaffId,
    visit: VisitId,
    kind: Kind,
    step: impl AsyncFnOnce(&mut db::Tx) -> sqlx::Result<Option<Standing>>,
    detail: impl FnOnce(Event) -> Event,
) -> Result<()> {
    let mut tx = app.log.begin(context).await?;
    match step(&mut tx).await? {
        Some(standing) => finish(app, tx, &standing, detail(about(kind, &standing))).await,
        None => {
            drop(tx);
            not_now(app, context, clinician, visit, kind).await
        }
    }
}

async fn finish(app: &App, tx: Tx, standing: &Standing, event: Event) -> Result<()> {
    tx.commit(event).await?;
    app.bus.tell(Hint::Visit { id: standing.id, clinician: standing.clinician_id });
    Ok(())
}

/// Why a step did not happen: another's visit does not exist for them; their own stands elsewhere by now.
async fn not_now(app: &App, context: &Context, clinician: StaffId, visit: VisitId, kind: Kind) -> Result<()> {
    let mut reading = app.db.reading().await?;
    let standing = store::standing(&mut reading, visit).await?;
    drop(reading);
    let (event, error) = match &standing {
        Some(standing) if standing.clinician_id == clinician => {
            (Event::refused(kind, standing.state.word()).about(standing.patient_id), Error::Conflict)
        }
        Some(standing) => (Event::refused(kind, "foreign").about(standing.patient_id), Error::NotFound),
        None => (Event::refused(kind, "unknown"), Error::NotFound),
    };
    app.log.refused(context, event.on(Object::Visit, visit.0)).await?;
    Err(error)
}

fn about(kind: Kind, standing: &Standing) -> Event {
    Event::done(kind).on(Object::Visit, standing.id.0).about(standing.patient_id)
}

/// How a page holds the call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It began anew.
    Anew,
    /// It goes on with the connection that it still had.
    Resumed,
}

/// Give the call to a page (its sockets then pass frames). `holding`: the epoch of the connection it still has, if any.
/// `None` when this seat is not admitted.
pub async fn take(app: &App, context: &Context, seat: &Seat, visit: VisitId, holding: Option<i64>) -> Result<Option<Taken>> {
    let mut reading = app.db.reading().await?;
    let resumes = admitted(&mut reading, visit, seat).await?.is_some_and(|admitted| holding == Some(admitted.epoch));
    drop(reading);
    if resumes {
        return Ok(Some(Taken::Resumed));
    }
    let mut tx = app.log.begin(context).await?;
    let taken = match seat {
        Seat::Patient { device } => store::patient_takes(&mut tx, visit, *device).await?,
        Seat::Clinician { staff, .. } => store::clinician_takes(&mut tx, visit, *staff).await?,
    };
    let Some(standing) = taken else { return Ok(None) };
    let event = about(Kind::CallJoined, &standing).with("epoch", Fact::Number(standing.call_epoch));
    tx.commit(event).await?;
    Ok(Some(Taken::Anew))
}

/// Take back admissions whose page stayed away for two minutes.
async fn lapse(app: &App, visit: VisitId, admitted_before: Timestamp) -> sqlx::Result<()> {
    let mut tx = app.log.begin(&app.system()).await?;
    if let Some(standing) = store::lapse(&mut tx, visit, admitted_before).await? {
        tx.commit(about(Kind::VisitAdmissionLapsed, &standing)).await?;
        app.bus.tell(Hint::Visit { id: visit, clinician: standing.clinician_id });
    }
    Ok(())
}
