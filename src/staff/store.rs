//! The SQL of accounts and their sessions.

use super::model::Member;
use super::session::Session;
use crate::db::{Tx, in_tx};
use crate::ids::{StaffId, StaffSessionId};
use crate::time::Timestamp;

/// The live session with this token hash, and whose it is. Disabled accounts have none.
pub async fn session(tx: &mut Tx, token_hash: &[u8]) -> sqlx::Result<Option<(Session, Member)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        session_id: StaffSessionId,
        session_created_at: Timestamp,
        seen_at: Timestamp,
        #[sqlx(flatten)]
        member: Member,
    }
    let row: Option<Row> = in_tx!(tx, conn => sqlx::query_as(
        "select staff_session.id as session_id, staff_session.created_at as session_created_at, staff_session.seen_at,
                staff.id, staff.email, staff.name, staff.role, staff.zone, staff.language
         from staff_session join staff on staff.id = staff_session.staff_id
         where staff_session.token_hash = $1 and staff_session.ended_at is null and staff.disabled_at is null")
        .bind(token_hash).fetch_optional(conn).await)?;
    Ok(row.map(|row| (Session { id: row.session_id, created_at: row.session_created_at, seen_at: row.seen_at }, row.member)))
}

pub async fn insert_session(tx: &mut Tx, id: StaffSessionId, token_hash: &[u8], staff: StaffId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into staff_session (id, token_hash, staff_id, created_at, seen_at) values ($1, $2, $3, $4, $4)")
        .bind(id).bind(token_hash).bind(staff).bind(now).execute(conn).await.map(drop))
}

pub async fn touch_session(tx: &mut Tx, id: StaffSessionId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update staff_session set seen_at = $2 where id = $1 and seen_at < $2")
        .bind(id).bind(now).execute(conn).await.map(drop))
}

/// End a session. False when it had ended before.
pub async fn end_session(tx: &mut Tx, id: StaffSessionId, why: &str, now: Timestamp) -> sqlx::Result<bool> {
    let ended: Option<StaffSessionId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update staff_session set ended_at = $3, ended_why = $2 where id = $1 and ended_at is null returning id")
        .bind(id).bind(why).bind(now).fetch_optional(conn).await)?;
    Ok(ended.is_some())
}
