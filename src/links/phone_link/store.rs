//! The SQL of links from a device that waits to another one.

use super::super::model::VoidedWhy;
use super::{LIVES, WORD};
use crate::db::{Tx, in_tx};
use crate::ids::{DeviceId, VisitId};
use crate::time::Timestamp;

/// Hold the row of a visit that waits on this device. False when it does not.
pub async fn hold_waiting(tx: &mut Tx, visit: VisitId, device: DeviceId) -> sqlx::Result<bool> {
    let held: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set version = version where id = $1 and state = 'waiting'
           and exists (select 1 from visit_device where id = $2 and visit_id = visit.id and ended_at is null)
         returning id")
        .bind(visit).bind(device).fetch_optional(conn).await)?;
    Ok(held.is_some())
}

/// May this visit have one more in this hour? A yes counts.
pub async fn may_make(tx: &mut Tx, visit: &[u8], now: Timestamp, most: i64) -> sqlx::Result<bool> {
    let counted: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into throttle (kind, subject, window_started_at, failures) values ('link.phone', $1, $2, 1)
         on conflict (kind, subject) do update set
             failures = case when throttle.window_started_at + 3600000 <= $2 then 1 else throttle.failures + 1 end,
             window_started_at = case when throttle.window_started_at + 3600000 <= $2 then $2 else throttle.window_started_at end
         where throttle.window_started_at + 3600000 <= $2 or throttle.failures < $3
         returning failures")
        .bind(visit).bind(now).bind(most).fetch_optional(conn).await)?;
    Ok(counted.is_some())
}

/// Those before are void. How many that were.
pub async fn void(tx: &mut Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<i64> {
    let voided: Vec<Vec<u8>> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit_link set voided_at = $2, voided_why = $3 where visit_id = $1 and kind = $4 and voided_at is null
         returning secret_hash")
        .bind(visit).bind(now).bind(VoidedWhy::Replaced.word()).bind(WORD).fetch_all(conn).await)?;
    Ok(i64::try_from(voided.len()).unwrap_or(i64::MAX))
}

pub async fn insert(tx: &mut Tx, secret_hash: &[u8], join_code_index: &[u8], visit: VisitId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into visit_link (secret_hash, join_code_index, visit_id, kind, created_at) values ($1, $2, $3, $4, $5)")
        .bind(secret_hash).bind(join_code_index).bind(visit).bind(WORD).bind(now).execute(conn).await.map(drop))
}

/// Use it up, if it lives. Of many at once, one statement finds it unused.
pub async fn use_up(tx: &mut Tx, key: &[u8], now: Timestamp) -> sqlx::Result<bool> {
    let used: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit_link set voided_at = $2, voided_why = $3
         where join_code_index = $1 and kind = $4 and voided_at is null and created_at > $5 returning visit_id")
        .bind(key).bind(now).bind(VoidedWhy::Redeemed.word()).bind(WORD).bind(now - LIVES).fetch_optional(conn).await)?;
    Ok(used.is_some())
}
