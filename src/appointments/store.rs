//! The SQL of appointments. Whether two overlap is decided by the database's own rules and not by reading first (WEB-07).

use super::model::{NewAppointment, Slot, Visit};
use crate::crypto::Sealed;
use crate::db::{Tx, in_tx};
use crate::ids::{PatientId, RequestKey, StaffId, VisitId};
use crate::time::{Millis, Timestamp};

/// Who books, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    pub by: StaffId,
    pub now: Timestamp,
}

/// Store a visit. False, or a [`Violation`](crate::db::Violation) on SQLite, when the slot is taken or the form was sent
/// before.
///
/// `on conflict do nothing`: without it, two bookings of one slot at the same moment wait for each other on PostgreSQL until
/// its deadlock detector kills one.
pub async fn insert(tx: &mut Tx, id: VisitId, new: &NewAppointment, reason: Option<&Sealed>, stamp: Stamp) -> sqlx::Result<bool> {
    let inserted: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into visit (id, patient_id, clinician_id, starts_at, ends_at, state, version, created_at, created_by, request_key,
             reason, reason_version, check_failures, message_version, call_epoch, patient_epoch, clinician_epoch)
         values ($1, $2, $3, $4, $5, 'booked', 1, $6, $7, $8, $9, 1, 0, 0, 0, 0, 0)
         on conflict do nothing returning id")
        .bind(id).bind(new.patient).bind(new.clinician).bind(new.slot.starts_at).bind(new.slot.ends_at)
        .bind(stamp.now).bind(stamp.by).bind(&new.request_key).bind(reason)
        .fetch_optional(conn).await)?;
    Ok(inserted.is_some())
}

/// The visit that a form with this key has booked before.
pub async fn booked_by(tx: &mut Tx, key: &RequestKey) -> sqlx::Result<Option<VisitId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from visit where request_key = $1").bind(key).fetch_optional(conn).await)
}

/// A visit that stands in the way of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct InTheWay {
    pub patient_id: PatientId,
    pub clinician_id: StaffId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// The first visit in the way of `slot`, of the clinician or else of the patient, other than `except`. For the sentence that
/// says so; the decision was the database's.
pub async fn in_the_way(
    tx: &mut Tx,
    slot: Slot,
    patient: PatientId,
    clinician: StaffId,
    except: VisitId,
) -> sqlx::Result<Option<InTheWay>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select patient_id, clinician_id, starts_at, ends_at from visit
         where cancelled_at is null and ended_at is null and starts_at < $2 and ends_at > $1
           and (clinician_id = $4 or patient_id = $3) and id <> $5
         order by case when clinician_id = $4 then 0 else 1 end, starts_at limit 1")
        .bind(slot.starts_at).bind(slot.ends_at).bind(patient).bind(clinician).bind(except)
        .fetch_optional(conn).await)
}

/// Give a visit another time, if it still has the one the person saw and nobody is in its call. Its new version.
///
/// Who did not come gets a new start: `ended_at` goes, or the visit would not count as taking its clinician's time.
pub async fn move_to(tx: &mut Tx, id: VisitId, was: Timestamp, slot: Slot) -> sqlx::Result<Option<i64>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set starts_at = $3, ends_at = $4, state = 'booked', version = version + 1, redeemed_at = null,
             waiting_since = null, left_at = null, held_at = null, message = null, admitted_at = null, admitted_device = null,
             identity = null, companion = null, companion_relation = null, ended_at = null, link_trouble = null, link_trouble_at = null
         where id = $1 and starts_at = $2 and state not in ('checking', 'in_call', 'ended', 'cancelled') returning version")
        .bind(id).bind(was).bind(slot.starts_at).bind(slot.ends_at).fetch_optional(conn).await)
}

/// Call a visit off, if it still has the time the person saw and nobody is in its call, or only a patient whose clinician's account was
/// closed meanwhile. Its new version.
pub async fn cancel(tx: &mut Tx, id: VisitId, was: Timestamp, now: Timestamp) -> sqlx::Result<Option<i64>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set state = 'cancelled', cancelled_at = $3, version = version + 1, waiting_since = null, held_at = null,
             message = null, admitted_at = null, admitted_device = null
         where id = $1 and starts_at = $2 and state not in ('ended', 'cancelled') and (state not in ('checking', 'in_call')
             or clinician_id in (select id from staff where disabled_at is not null)) returning version")
        .bind(id).bind(was).bind(now).fetch_optional(conn).await)
}

/// Forget the wrong tries at a visit's link. False when there were none.
pub async fn unlock(tx: &mut Tx, id: VisitId) -> sqlx::Result<bool> {
    let unlocked: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set check_failures = 0, check_locked_until = null, version = version + 1
         where id = $1 and (check_failures > 0 or check_locked_until is not null) returning id")
        .bind(id).fetch_optional(conn).await)?;
    Ok(unlocked.is_some())
}

/// Visits with what is shown of their people. What follows says which.
macro_rules! visits {
    () => {
        "select visit.id, patient_id, clinician_id, starts_at, ends_at, state, visit.version, reason, reason_version, check_locked_until,
             waiting_since, left_at, held_at, link_trouble, patient.zone as patient_zone, staff.disabled_at is not null as clinician_left
         from visit join patient on patient.id = patient_id join staff on staff.id = clinician_id"
    };
}

pub async fn visit(tx: &mut Tx, id: VisitId) -> sqlx::Result<Option<Visit>> {
    in_tx!(tx, conn => sqlx::query_as(
        concat!(visits!(), " where visit.id = $1"))
        .bind(id).fetch_optional(conn).await)
}

/// A patient's next visit that is not over, if it ends after `after`.
pub async fn open_visit(tx: &mut Tx, patient: PatientId, after: Timestamp) -> sqlx::Result<Option<Visit>> {
    in_tx!(tx, conn => sqlx::query_as(
        concat!(visits!(), "
         where patient_id = $1 and ends_at > $2 and state not in ('ended', 'cancelled', 'no_show') order by starts_at limit 1"))
        .bind(patient).bind(after).fetch_optional(conn).await)
}

/// Visits that start from `from` until before `until`, of one clinician or of all, in the order of their times.
pub async fn day(tx: &mut Tx, clinician: Option<StaffId>, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<Visit>> {
    in_tx!(tx, conn => sqlx::query_as(
        concat!(visits!(), "
         where starts_at >= $2 and starts_at < $3 and ($1 is null or clinician_id = $1) order by starts_at, visit.id"))
        .bind(clinician).bind(from).bind(until).fetch_all(conn).await)
}

/// A mail about a visit, as far as the front desk needs to know.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Mail {
    pub kind: String,
    pub attempts: i64,
    pub sent_at: Option<Timestamp>,
    pub given_up_at: Option<Timestamp>,
    pub bounced_at: Option<Timestamp>,
    pub last_error: Option<String>,
}

/// The mails about a visit, latest first.
pub async fn mails(tx: &mut Tx, visit: VisitId) -> sqlx::Result<Vec<Mail>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select kind, attempts, sent_at, given_up_at, bounced_at, last_error from outbox
         where visit_id = $1 order by created_at desc, id desc limit 20")
        .bind(visit).fetch_all(conn).await)
}

/// Visits that start after `after` and until `until`, and whose patient is to be reminded `lead` before and was not yet.
/// Nobody is reminded at an address that did not reach the patient.
///
/// Whoever was booked or moved later than that has just had a mail that says as much. A reminder's `once_key` ends with its
/// lead and the visit's start.
pub async fn to_remind(tx: &mut Tx, after: Timestamp, until: Timestamp, lead: Millis, limit: i64) -> sqlx::Result<Vec<Visit>> {
    in_tx!(tx, conn => sqlx::query_as(
        concat!(visits!(), "
         where starts_at > $1 and starts_at <= $2 and state in ('booked', 'sent', 'redeemed')
           and patient.mail_allowed = 1 and patient.reminders_allowed = 1 and patient.email is not null
           and visit.created_at < starts_at - $3 and (link_trouble is null or link_trouble = 'revoked')
           and not exists (select 1 from outbox where outbox.visit_id = visit.id and (
               (outbox.kind = 'moved' and outbox.created_at >= starts_at - $3)
               or outbox.once_key like '%/' || cast($3 / 60000 as text) || '/' || cast(starts_at as text)))
         order by starts_at limit $4"))
        .bind(after).bind(until).bind(lead.0).bind(limit).fetch_all(conn).await)
}
