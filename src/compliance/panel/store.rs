//! The SQL of the integrity page: heads as they were signed and mailed, and verifications.

use crate::db::{Tx, in_tx};
use crate::ids::StaffId;
use crate::time::Timestamp;
use uuid::Uuid;

/// A signed head, and the letter that took it out of the house, if one did.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SignedHead {
    pub size: i64,
    pub root: Vec<u8>,
    pub signed_at: Timestamp,
    /// When the letter with it was queued.
    pub queued_at: Option<Timestamp>,
    pub mailed_at: Option<Timestamp>,
}

/// The newest signed heads.
pub async fn heads(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<SignedHead>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select size, root, signed_at, notice.created_at as queued_at, notice.sent_at as mailed_at
         from audit_checkpoint left join notice on notice.log_size = audit_checkpoint.size
         order by size desc limit $1")
        .bind(limit).fetch_all(conn).await)
}

/// The newest heads that were mailed or are to be.
pub async fn mailed(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<SignedHead>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select size, root, signed_at, notice.created_at as queued_at, notice.sent_at as mailed_at
         from notice join audit_checkpoint on audit_checkpoint.size = notice.log_size
         where log_size is not null order by log_size desc limit $1")
        .bind(limit).fetch_all(conn).await)
}

/// A verification, from when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Verification {
    pub id: Uuid,
    pub asked_at: Timestamp,
    pub asked_by: StaffId,
    pub known_head: Option<String>,
    pub events_done: i64,
    pub events_all: i64,
    pub ended_at: Option<Timestamp>,
    pub verdict: Option<String>,
    pub events: Option<i64>,
    pub signed: Option<i64>,
    pub outside: Option<i64>,
    pub found: Option<i64>,
    pub report: Option<String>,
}

/// False when one runs already.
pub async fn insert(tx: &mut Tx, id: Uuid, asked_by: StaffId, known_head: Option<&str>, now: Timestamp) -> sqlx::Result<bool> {
    let inserted: Option<Uuid> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into log_verification (id, one, asked_at, asked_by, known_head, events_done, events_all)
         values ($1, 1, $2, $3, $4, 0, 0) on conflict (one) do nothing returning id")
        .bind(id).bind(now).bind(asked_by).bind(known_head).fetch_optional(conn).await)?;
    Ok(inserted.is_some())
}

/// The one that runs.
pub async fn running(tx: &mut Tx) -> sqlx::Result<Option<Verification>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, asked_at, asked_by, known_head, events_done, events_all, ended_at, verdict, events, signed, outside, found, report
         from log_verification where one = 1")
        .fetch_optional(conn).await)
}

/// Those that were asked for last.
pub async fn latest(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Verification>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, asked_at, asked_by, known_head, events_done, events_all, ended_at, verdict, events, signed, outside, found, report
         from log_verification order by asked_at desc, id desc limit $1")
        .bind(limit).fetch_all(conn).await)
}

pub async fn progress(tx: &mut Tx, id: Uuid, done: i64, all: i64) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update log_verification set events_done = $2, events_all = $3 where id = $1 and one = 1")
        .bind(id).bind(done).bind(all).execute(conn).await.map(drop))
}

/// How a verification ended.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    pub verdict: &'static str,
    pub events: i64,
    pub signed: i64,
    pub outside: i64,
    pub found: i64,
    pub report: String,
}

/// False when it has ended already.
pub async fn end(tx: &mut Tx, id: Uuid, ended: &Ended, now: Timestamp) -> sqlx::Result<bool> {
    let changed: Option<Uuid> = in_tx!(tx, conn => sqlx::query_scalar(
        "update log_verification set one = null, ended_at = $2, verdict = $3, events = $4, signed = $5, outside = $6, found = $7, report = $8
         where id = $1 and one = 1 returning id")
        .bind(id).bind(now).bind(ended.verdict).bind(ended.events).bind(ended.signed).bind(ended.outside).bind(ended.found)
        .bind(&ended.report).fetch_optional(conn).await)?;
    Ok(changed.is_some())
}
