//! Appointments: book, move, cancel, list, remind. An appointment is the visit: one row, one state, one id everywhere.
//!
//! Whether two overlap is decided by the database in the statement that writes (WEB-07). The link and the mail about a change
//! are written in the transaction of the change, so that neither goes without the other. Whoever is in a call is not moved.

mod model;
mod pages;
pub mod reminders;
mod store;

pub use model::{NewAppointment, Slot, TimeForm, Visit, VisitState, parse_reason, week_of};
pub use store::{day, open_visit, visit};

use crate::app::App;
use crate::audit::{self, Access, ActorKind, Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::crypto::{Place, Sealed, sha256};
use crate::db;
use crate::ids::{PatientId, RequestKey, StaffId, VisitId};
use crate::links::{self, EndedWhy, Invitation, VoidedWhy};
use crate::mail::outbox::LetterKind;
use crate::patients::{self, Contact};
use crate::secret::Secret;
use crate::staff::{self, Role};
use crate::time::Timestamp;
use crate::web;
use actix_web::web::{ServiceConfig, get, post};
use anyhow::anyhow;
use store::Stamp;
use uuid::Uuid;

/// How often a change is tried whose loss nobody can explain: what stood in its way was gone when we looked.
const ATTEMPTS_MAX: usize = 5;

/// Why a visit was not booked, moved or cancelled.
#[derive(Debug)]
pub enum BookError {
    /// The clinician has another visit then.
    ClinicianBusy(Slot),
    /// The patient has another visit then.
    PatientBusy(Slot),
    /// Whoever was chosen is no clinician, or not any more.
    NotAClinician,
    /// The visit has another time by now, or is in a call, over, or cancelled.
    Changed,
    Other(web::Error),
}

impl<E: Into<web::Error>> From<E> for BookError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// What came of a booking.
#[derive(Debug)]
pub struct Booked {
    pub id: VisitId,
    /// The visit code, where the clinic asks for one. It is here once: the same form sent again does not get it.
    pub code: Option<Secret<String>>,
}

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/appointments", get().to(pages::list))
        .route("/appointments", post().to(pages::create))
        .route("/appointments/new", get().to(pages::new_form))
        .route("/appointments/{id}", get().to(pages::show))
        .route("/appointments/{id}/move", post().to(pages::move_visit))
        .route("/appointments/{id}/cancellation", post().to(pages::cancel_visit))
        .route("/appointments/{id}/links", post().to(pages::send_link))
        .route("/appointments/{id}/code", post().to(pages::new_code))
        .route("/appointments/{id}/date-of-birth", post().to(pages::drop_code))
        .route("/appointments/{id}/device-move", post().to(pages::answer_move))
        .route("/appointments/{id}/unlock", post().to(pages::unlock_visit));
}

/// Book a visit for a member of staff. The same form again gives the visit that it has booked (REL-05).
pub async fn book(app: &App, context: &Context, new: NewAppointment) -> Result<Booked, BookError> {
    if let Some(id) = booked_before(app, &new.request_key).await? {
        return Ok(Booked { id, code: None });
    }
    require_clinician(app, new.clinician).await?;
    let contact = contact(app, context, new.patient).await?;
    for _ in 0..ATTEMPTS_MAX {
        let id = VisitId::new(app.now(), &app.rng);
        if let Some(booked) = try_book(app, context, id, &new, &contact).await? {
            return Ok(booked);
        }
        if let Some(id) = booked_before(app, &new.request_key).await? {
            return Ok(Booked { id, code: None });
        }
        who_is_busy(app, context, Kind::VisitBooked, id, new.patient, new.clinician, new.slot).await?;
    }
    Err(contended())
}

/// Give a visit another time. `was` is the start that the person saw: if somebody moved the visit since, nothing happens.
pub async fn move_to(app: &App, context: &Context, id: VisitId, was: Timestamp, slot: Slot) -> Result<(), BookError> {
    let visit = existing(app, id).await?;
    let contact = contact(app, context, visit.patient_id).await?;
    for _ in 0..ATTEMPTS_MAX {
        match try_move(app, context, &visit, was, slot, &contact).await {
            Ok(true) => return Ok(()),
            Ok(false) if moved_before(&existing(app, id).await?, slot) => return Ok(()),
            Ok(false) => return Err(changed(app, context, Kind::VisitMoved, &visit).await?),
            Err(error) if db::violation(&error).is_some() => {
                who_is_busy(app, context, Kind::VisitMoved, id, visit.patient_id, visit.clinician_id, slot).await?;
            }
            Err(error) if db::lost_to_another(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// Call a visit off. Cancelling it twice is cancelling it once.
pub async fn cancel(app: &App, context: &Context, id: VisitId, was: Timestamp) -> Result<(), BookError> {
    let visit = existing(app, id).await?;
    let contact = contact(app, context, visit.patient_id).await?;
    let mut tx = app.log.begin(context).await?;
    let Some(version) = store::cancel(&mut tx, id, was, app.now()).await? else {
        drop(tx);
        return match existing(app, id).await?.state {
            VisitState::Cancelled => Ok(()),
            _ => Err(changed(app, context, Kind::VisitCancelled, &visit).await?),
        };
    };
    close_door(&mut tx, app, &visit, VoidedWhy::Cancelled, EndedWhy::Cancelled).await?;
    let now = app.now();
    links::invite(&mut tx, app, &contact, &invitation(&visit), LetterKind::Cancelled, format!("cancelled/{id}"), now).await?;
    tx.commit(event(Kind::VisitCancelled, id, visit.patient_id).with("version", Fact::Number(version))).await?;
    app.bus.tell(Hint::Visit { id, clinician: visit.clinician_id });
    Ok(())
}

/// Forget the wrong tries at a visit's link, after the front desk spoke with the patient.
pub async fn unlock(app: &App, context: &Context, id: VisitId) -> web::Result<()> {
    let visit = existing(app, id).await?;
    let mut tx = app.log.begin(context).await?;
    if store::unlock(&mut tx, id).await? {
        tx.commit(event(Kind::LinkUnlocked, id, visit.patient_id)).await?;
        app.bus.tell(Hint::Visit { id, clinician: visit.clinician_id });
    }
    Ok(())
}

/// Why the patient comes. It opens in the call, after identity is recorded.
pub async fn reason(app: &App, access: &Access, visit: &Visit) -> web::Result<Option<Secret<String>>> {
    let key = app.patient_key(visit.patient_id).await?;
    Ok(access.open_if(&key, reason_place(visit.id, visit.reason_version), visit.reason.as_ref()).await?)
}

/// `None` when the slot is taken, or the form was sent before.
async fn try_book(app: &App, context: &Context, id: VisitId, new: &NewAppointment, contact: &Contact) -> Result<Option<Booked>, BookError> {
    let by = context.actor.id.filter(|_| context.actor.kind == ActorKind::Staff).map(StaffId);
    let stamp = Stamp { by: by.ok_or_else(|| anyhow!("only a member of staff books a visit"))?, now: app.now() };
    let reason = new.reason.as_ref().map(|reason| seal_reason(app, contact, id, reason));
    let mut tx = app.log.begin(context).await?;
    match store::insert(&mut tx, id, new, reason.as_ref(), stamp).await {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) if db::violation(&error).is_some() => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let code = links::code_for_booking(&mut tx, app, id, new.patient, new.check).await?;
    let invitation =
        Invitation { visit: id, patient: new.patient, clinician: new.clinician, starts_at: new.slot.starts_at, ends_at: new.slot.ends_at };
    links::invite(&mut tx, app, contact, &invitation, LetterKind::Booked, format!("booked/{id}"), app.now()).await?;
    tx.commit(timed(Kind::VisitBooked, id, new.patient, new.clinician, new.slot, 1, reason.as_ref())).await?;
    app.bus.tell(Hint::Visit { id, clinician: new.clinician });
    Ok(Some(Booked { id, code }))
}

/// False when the visit is not where the person saw it. An error that is a violation says that the slot is taken.
async fn try_move(app: &App, context: &Context, visit: &Visit, was: Timestamp, slot: Slot, contact: &Contact) -> sqlx::Result<bool> {
    let (id, patient, clinician) = (visit.id, visit.patient_id, visit.clinician_id);
    let mut tx = app.log.begin(context).await?;
    let Some(version) = store::move_to(&mut tx, id, was, slot).await? else { return Ok(false) };
    close_door(&mut tx, app, visit, VoidedWhy::Moved, EndedWhy::Rescheduled).await?;
    let invitation = Invitation { starts_at: slot.starts_at, ends_at: slot.ends_at, ..invitation(visit) };
    let once_key = format!("moved/{id}/{version}");
    links::invite(&mut tx, app, contact, &invitation, LetterKind::Moved, once_key, app.now()).await?;
    let event = timed(Kind::VisitMoved, id, patient, clinician, slot, version, None).with("was", Fact::At(was));
    tx.commit(event).await?;
    app.bus.tell(Hint::Visit { id, clinician });
    Ok(true)
}

/// Links that are outstanding open nothing any more, and the device that opened one waits no longer.
async fn close_door(tx: &mut audit::Tx, app: &App, visit: &Visit, links: VoidedWhy, device: EndedWhy) -> sqlx::Result<()> {
    links::void_all(tx, app, visit.id, visit.patient_id, links).await?;
    links::end_device(tx, visit.id, device, app.now()).await
}

fn invitation(visit: &Visit) -> Invitation {
    Invitation {
        visit: visit.id,
        patient: visit.patient_id,
        clinician: visit.clinician_id,
        starts_at: visit.starts_at,
        ends_at: visit.ends_at,
    }
}

async fn contact(app: &App, context: &Context, patient: PatientId) -> web::Result<Contact> {
    let event = Event::done(Kind::PatientRead).on(Object::Patient, patient.0).about(patient).with("fields", Fact::Words(vec!["contact"]));
    if patients::exists(app, patient).await? {
        let access = app.log.access(context, event).await?;
        return patients::contact(app, &access, patient).await;
    }
    Err(web::Error::NotFound)
}

async fn existing(app: &App, id: VisitId) -> web::Result<Visit> {
    let mut tx = app.db.reading().await?;
    store::visit(&mut tx, id).await?.ok_or(web::Error::NotFound)
}

async fn booked_before(app: &App, key: &RequestKey) -> sqlx::Result<Option<VisitId>> {
    let mut tx = app.db.reading().await?;
    store::booked_by(&mut tx, key).await
}

async fn require_clinician(app: &App, id: StaffId) -> Result<(), BookError> {
    let mut tx = app.db.reading().await?;
    match staff::member(&mut tx, id).await? {
        Some(member) if member.role == Role::Clinician => Ok(()),
        _ => Err(BookError::NotAClinician),
    }
}

/// The same move again, which was done the first time.
fn moved_before(visit: &Visit, slot: Slot) -> bool {
    visit.state.may_change() && Slot { starts_at: visit.starts_at, ends_at: visit.ends_at } == slot
}

/// Name who is busy, and record the refusal. Nothing when nobody is any more.
async fn who_is_busy(
    app: &App,
    context: &Context,
    kind: Kind,
    id: VisitId,
    patient: PatientId,
    clinician: StaffId,
    slot: Slot,
) -> Result<(), BookError> {
    let mut tx = app.db.reading().await?;
    let found = store::in_the_way(&mut tx, slot, patient, clinician, id).await?;
    drop(tx);
    let Some(other) = found else { return Ok(()) };
    let taken = Slot { starts_at: other.starts_at, ends_at: other.ends_at };
    let (why, error) = match other.clinician_id == clinician {
        true => ("clinician_busy", BookError::ClinicianBusy(taken)),
        false => ("patient_busy", BookError::PatientBusy(taken)),
    };
    app.log.refused(context, Event::refused(kind, why).on(Object::Visit, id.0).about(patient)).await?;
    Err(error)
}

async fn changed(app: &App, context: &Context, kind: Kind, visit: &Visit) -> sqlx::Result<BookError> {
    app.log.refused(context, Event::refused(kind, "changed").on(Object::Visit, visit.id.0).about(visit.patient_id)).await?;
    Ok(BookError::Changed)
}

fn contended() -> BookError {
    BookError::Other(web::Error::Unavailable(anyhow!("the slot kept changing hands")))
}

fn event(kind: Kind, id: VisitId, patient: PatientId) -> Event {
    Event::done(kind).on(Object::Visit, id.0).about(patient)
}

fn timed(kind: Kind, id: VisitId, patient: PatientId, clinician: StaffId, slot: Slot, version: i64, sealed: Option<&Sealed>) -> Event {
    let event = event(kind, id, patient)
        .with("clinician", Fact::Id(clinician.0))
        .with("starts_at", Fact::At(slot.starts_at))
        .with("ends_at", Fact::At(slot.ends_at))
        .with("version", Fact::Number(version));
    match sealed {
        Some(sealed) => event.with("sealed", Fact::Bytes(sha256(&sealed.0).to_vec())),
        None => event,
    }
}

fn reason_place(id: VisitId, version: i64) -> Place {
    Place { table: "visit", column: "reason", row: id.0, patient: Uuid::nil(), version }
}

fn seal_reason(app: &App, contact: &Contact, id: VisitId, reason: &Secret<String>) -> Sealed {
    app.keys.seal(&contact.key, reason_place(id, 1), &app.rng, reason.reveal().as_bytes())
}
