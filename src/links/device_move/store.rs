//! The SQL of requests to move a visit to another device.

use super::model::{ASKED_MAX, AnsweredBy, Asking, MoveAnswer, Request};
use crate::db::{Tx, in_tx, lots, many};
use crate::ids::{DeviceId, PatientId, StaffId, VisitId};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// A visit whose row this transaction now holds.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Held {
    pub patient_id: PatientId,
    pub clinician_id: StaffId,
    pub call_epoch: i64,
}

/// Raise the version of a visit that a device has, so that open pages are told, and hold its row.
pub async fn raise(tx: &mut Tx, visit: VisitId) -> sqlx::Result<Option<Held>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update visit set version = version + 1 where id = $1 and state in ('redeemed', 'waiting', 'checking', 'in_call')
         returning patient_id, clinician_id, call_epoch")
        .bind(visit).fetch_optional(conn).await)
}

/// The visit gets another device, if its clinician did not close it to others: an admission ends, a call goes back to waiting under a new epoch, and identity is asked
/// again. Who waits keeps the place.
pub async fn back_to_waiting(tx: &mut Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<Option<Held>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update visit set
             waiting_since = case when state in ('checking', 'in_call') then $2 else waiting_since end,
             left_at = case when state in ('checking', 'in_call') then null else left_at end,
             call_epoch = case when state in ('checking', 'in_call') then call_epoch + 1 else call_epoch end,
             state = case when state in ('checking', 'in_call') then 'waiting' else state end,
             admitted_at = null, admitted_device = null, identity = null, version = version + 1
         where id = $1 and (state in ('redeemed', 'waiting') or (state in ('checking', 'in_call') and locked_at is null))
         returning patient_id, clinician_id, call_epoch")
        .bind(visit).bind(now).fetch_optional(conn).await)
}

/// The one request for a visit. An older one is replaced, whatever was answered to it. False for a call that its clinician closed to others.
pub async fn ask(
    tx: &mut Tx,
    visit: VisitId,
    device: DeviceId,
    secret_hash: &[u8],
    now: Timestamp,
    lapses_at: Timestamp,
) -> sqlx::Result<bool> {
    let asked: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into device_move (visit_id, device_id, secret_hash, asked_at, lapses_at) select id, $2, $3, $4, $5 from visit
         where id = $1 and not (locked_at is not null and state in ('checking', 'in_call'))
         on conflict (visit_id) do update set device_id = excluded.device_id, secret_hash = excluded.secret_hash,
             asked_at = excluded.asked_at, lapses_at = excluded.lapses_at, answer = null, answered_by = null, picked_up_at = null
         returning visit_id")
        .bind(visit).bind(device).bind(secret_hash).bind(now).bind(lapses_at).fetch_optional(conn).await)?;
    Ok(asked.is_some())
}

/// The visit was handed over without a question.
pub async fn note_handed_over(
    tx: &mut Tx,
    visit: VisitId,
    device: DeviceId,
    secret_hash: &[u8],
    by: AnsweredBy,
    now: Timestamp,
) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into device_move (visit_id, device_id, secret_hash, asked_at, lapses_at, answer, answered_by, picked_up_at)
         values ($1, $2, $3, $4, $4, 'allowed', $5, $4)
         on conflict (visit_id) do update set device_id = excluded.device_id, secret_hash = excluded.secret_hash,
             asked_at = excluded.asked_at, lapses_at = excluded.lapses_at, answer = excluded.answer,
             answered_by = excluded.answered_by, picked_up_at = excluded.picked_up_at")
        .bind(visit).bind(device).bind(secret_hash).bind(now).bind(by.word()).execute(conn).await.map(drop))
}

/// May this visit be asked for once more in this hour? A yes counts.
pub async fn may_ask(tx: &mut Tx, visit: &[u8], now: Timestamp) -> sqlx::Result<bool> {
    let counted: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into throttle (kind, subject, window_started_at, failures) values ('device.move', $1, $2, 1)
         on conflict (kind, subject) do update set
             failures = case when throttle.window_started_at + 3600000 <= $2 then 1 else throttle.failures + 1 end,
             window_started_at = case when throttle.window_started_at + 3600000 <= $2 then $2 else throttle.window_started_at end
         where throttle.window_started_at + 3600000 <= $2 or throttle.failures < $3
         returning failures")
        .bind(visit).bind(now).bind(ASKED_MAX).fetch_optional(conn).await)?;
    Ok(counted.is_some())
}

/// Answer this device's request, if it still stands. The first answer counts.
pub async fn answer(
    tx: &mut Tx,
    visit: VisitId,
    said: &MoveAnswer,
    by: AnsweredBy,
    now: Timestamp,
    lapses_at: Timestamp,
) -> sqlx::Result<bool> {
    let answered: Option<DeviceId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update device_move set answer = $3, answered_by = $4, lapses_at = $6
         where visit_id = $1 and device_id = $2 and answer is null and lapses_at > $5 returning device_id")
        .bind(visit).bind(said.device).bind(said.answer.done()).bind(by.word()).bind(now).bind(lapses_at)
        .fetch_optional(conn).await)?;
    Ok(answered.is_some())
}

/// A request that was just picked up.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PickedUp {
    pub device_id: DeviceId,
    pub answered_by: String,
}

/// Use up an allowed request. Of many at once, one statement finds it unused.
pub async fn pick_up(tx: &mut Tx, secret_hash: &[u8], now: Timestamp) -> sqlx::Result<Option<PickedUp>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update device_move set picked_up_at = $2
         where secret_hash = $1 and answer = 'allowed' and picked_up_at is null and lapses_at > $2 returning device_id, answered_by")
        .bind(secret_hash).bind(now).fetch_optional(conn).await)
}

pub async fn request(tx: &mut Tx, secret_hash: &[u8]) -> sqlx::Result<Option<Request>> {
    in_tx!(tx, conn => sqlx::query_as("select visit_id, lapses_at, answer, picked_up_at from device_move where secret_hash = $1")
        .bind(secret_hash).fetch_optional(conn).await)
}

/// A request that waits for an answer, or was picked up.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Open {
    pub visit_id: VisitId,
    device_id: DeviceId,
    lapses_at: Timestamp,
    pub picked_up_at: Option<Timestamp>,
}

impl Open {
    pub fn asking(&self, now: Timestamp) -> Asking {
        Asking { device: self.device_id, lapses_in_ms: (self.lapses_at - now).0 }
    }
}

/// Those that wait for an answer at these visits.
pub async fn asking(tx: &mut Tx, visits: &BTreeSet<VisitId>, now: Timestamp) -> sqlx::Result<Vec<Open>> {
    let mut asking = Vec::new();
    for lot in lots(visits.iter().copied(), VisitId::NONE) {
        asking.extend(in_tx!(tx, conn => {
            let query = sqlx::query_as::<_, Open>(concat!(
                "select visit_id, device_id, lapses_at, picked_up_at from device_move
                 where visit_id in (", many!(), ") and answer is null and lapses_at > $49"));
            lot.iter().fold(query, |query, visit| query.bind(*visit)).bind(now).fetch_all(conn).await
        })?);
    }
    Ok(asking)
}

/// Those that wait for an answer at one clinician's open visits, and those that were picked up there.
pub async fn of_clinician(tx: &mut Tx, clinician: StaffId, now: Timestamp) -> sqlx::Result<Vec<Open>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select device_move.visit_id, device_move.device_id, device_move.lapses_at, device_move.picked_up_at
         from device_move join visit on visit.id = device_move.visit_id
         where visit.clinician_id = $1 and visit.state in ('redeemed', 'waiting', 'checking', 'in_call')
           and (device_move.picked_up_at is not null or (device_move.answer is null and device_move.lapses_at > $2)) limit 500")
        .bind(clinician).bind(now).fetch_all(conn).await)
}

pub async fn forget(tx: &mut Tx, visit: VisitId) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("delete from device_move where visit_id = $1").bind(visit).execute(conn).await.map(drop))
}
