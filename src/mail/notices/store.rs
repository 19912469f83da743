//! The SQL of notices.

use super::NoticeKind;
use crate::db::{Tx, in_tx};
use crate::ids::MailId;
use crate::time::Timestamp;

/// A notice before it is in the database.
#[derive(Debug)]
pub struct New {
    pub id: MailId,
    pub kind: NoticeKind,
    pub once_key: String,
    pub log_size: Option<u64>,
    pub message: String,
    pub now: Timestamp,
}

/// False when one with its `once_key` was put there before.
pub async fn insert(tx: &mut Tx, new: &New) -> sqlx::Result<bool> {
    let inserted: Option<MailId> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into notice (id, kind, once_key, log_size, message, created_at, due_at, attempts)
         values ($1, $2, $3, $4, $5, $6, $6, 0) on conflict (once_key) do nothing returning id")
        .bind(new.id).bind(new.kind.word()).bind(&new.once_key).bind(new.log_size.map(u64::cast_signed)).bind(&new.message).bind(new.now)
        .fetch_optional(conn).await)?;
    Ok(inserted.is_some())
}

/// A notice that this run holds until it is due again.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Claimed {
    pub id: MailId,
    pub kind: String,
    pub log_size: Option<i64>,
    pub message: String,
    /// This try included.
    pub attempts: i64,
}

/// True if [`claim`] would find one: asked often, so without a write.
pub async fn is_due(tx: &mut Tx, now: Timestamp) -> sqlx::Result<bool> {
    let due: Option<MailId> = in_tx!(tx, conn => sqlx::query_scalar(
        "select id from notice where message is not null and due_at <= $1 limit 1")
        .bind(now).fetch_optional(conn).await)?;
    Ok(due.is_some())
}

/// Take the one that has been due longest, and hold it until `held_until`.
pub async fn claim(tx: &mut Tx, now: Timestamp, held_until: Timestamp) -> sqlx::Result<Option<Claimed>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update notice set attempts = attempts + 1, due_at = $2
         where id = (select id from notice where message is not null and due_at <= $1 order by due_at, id limit 1)
           and message is not null and due_at <= $1
         returning id, kind, log_size, message, attempts")
        .bind(now).bind(held_until).fetch_optional(conn).await)
}

pub async fn mark_sent(tx: &mut Tx, id: MailId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update notice set sent_at = $2, message = null, last_error = null where id = $1 and sent_at is null")
        .bind(id).bind(now).execute(conn).await.map(drop))
}

/// The try failed, for the reason of that word. Another follows at `again_at`.
pub async fn note_failure(tx: &mut Tx, id: MailId, why: &str, again_at: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update notice set last_error = $2, due_at = $3 where id = $1 and message is not null")
        .bind(id).bind(why).bind(again_at).execute(conn).await.map(drop))
}

/// No further try.
pub async fn give_up(tx: &mut Tx, id: MailId, why: &str, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update notice set given_up_at = $3, message = null, last_error = $2 where id = $1 and message is not null")
        .bind(id).bind(why).bind(now).execute(conn).await.map(drop))
}

/// The newest letter with a head of the log: how many events it covers, and when it was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct LastHead {
    pub log_size: i64,
    pub created_at: Timestamp,
}

pub async fn last_head(tx: &mut Tx) -> sqlx::Result<Option<LastHead>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select log_size, created_at from notice where log_size is not null order by log_size desc limit 1")
        .fetch_optional(conn).await)
}
