//! The SQL of accounts, their sessions, their one-time codes, and the counters of failed sign-ins.

use super::model::{Member, Role};
use super::session::Session;
use super::throttle::Rule;
use crate::db::{Tx, in_tx};
use crate::ids::{StaffId, StaffSessionId};
use crate::time::Timestamp;

// Accounts ----------------------------------------------------------------------------------------------------------

/// An account with what only its administration and its sign-in look at.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    #[sqlx(flatten)]
    pub member: Member,
    pub password_hash: Option<String>,
    pub disabled_at: Option<Timestamp>,
}

pub async fn insert_staff(tx: &mut Tx, member: &Member, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into staff (id, email, name, role, zone, language, created_at, version) values ($1, $2, $3, $4, $5, $6, $7, 1)")
        .bind(member.id).bind(&member.email).bind(&member.name).bind(member.role.word())
        .bind(member.zone.name()).bind(&member.language).bind(now).execute(conn).await.map(drop))
}

pub async fn account(tx: &mut Tx, id: StaffId) -> sqlx::Result<Option<Account>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, email, name, role, zone, language, password_hash, disabled_at from staff where id = $1")
        .bind(id).fetch_optional(conn).await)
}

pub async fn account_by_email(tx: &mut Tx, email: &str) -> sqlx::Result<Option<Account>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, email, name, role, zone, language, password_hash, disabled_at from staff where email = $1")
        .bind(email).fetch_optional(conn).await)
}

/// All accounts, by name.
pub async fn accounts(tx: &mut Tx) -> sqlx::Result<Vec<Account>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, email, name, role, zone, language, password_hash, disabled_at from staff order by name, id limit 2000")
        .fetch_all(conn).await)
}

/// The members of one role who may work, by name.
pub async fn members(tx: &mut Tx, role: Role) -> sqlx::Result<Vec<Member>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, email, name, role, zone, language from staff where role = $1 and disabled_at is null order by name, id limit 2000")
        .bind(role.word()).fetch_all(conn).await)
}

/// One member of staff, disabled or not: old appointments name those who left.
pub async fn member(tx: &mut Tx, id: StaffId) -> sqlx::Result<Option<Member>> {
    in_tx!(tx, conn => sqlx::query_as("select id, email, name, role, zone, language from staff where id = $1")
        .bind(id).fetch_optional(conn).await)
}

/// False when there is no such account, or it is disabled.
pub async fn set_password(tx: &mut Tx, id: StaffId, hash: &str, now: Timestamp) -> sqlx::Result<bool> {
    let changed: Option<StaffId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update staff set password_hash = $2, password_set_at = $3, version = version + 1
         where id = $1 and disabled_at is null returning id")
        .bind(id).bind(hash).bind(now).fetch_optional(conn).await)?;
    Ok(changed.is_some())
}

/// False when it was disabled before.
pub async fn disable(tx: &mut Tx, id: StaffId, now: Timestamp) -> sqlx::Result<bool> {
    let changed: Option<StaffId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update staff set disabled_at = $2, version = version + 1 where id = $1 and disabled_at is null returning id")
        .bind(id).bind(now).fetch_optional(conn).await)?;
    Ok(changed.is_some())
}

/// False when it was not disabled.
pub async fn enable(tx: &mut Tx, id: StaffId) -> sqlx::Result<bool> {
    let changed: Option<StaffId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update staff set disabled_at = null, version = version + 1 where id = $1 and disabled_at is not null returning id")
        .bind(id).fetch_optional(conn).await)?;
    Ok(changed.is_some())
}

// One-time codes ----------------------------------------------------------------------------------------------------

pub async fn insert_password_token(
    tx: &mut Tx,
    token_hash: &[u8],
    staff: StaffId,
    now: Timestamp,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into staff_password_token (token_hash, staff_id, created_at, expires_at) values ($1, $2, $3, $4)")
        .bind(token_hash).bind(staff).bind(now).bind(expires_at).execute(conn).await.map(drop))
}

/// Whose unused code this is.
pub async fn unused_password_token(tx: &mut Tx, token_hash: &[u8], now: Timestamp) -> sqlx::Result<Option<StaffId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select staff_id from staff_password_token where token_hash = $1 and used_at is null and expires_at > $2")
        .bind(token_hash).bind(now).fetch_optional(conn).await)
}

/// Use a code. One of any number of callers gets it.
pub async fn use_password_token(tx: &mut Tx, token_hash: &[u8], now: Timestamp) -> sqlx::Result<Option<StaffId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update staff_password_token set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2 returning staff_id")
        .bind(token_hash).bind(now).fetch_optional(conn).await)
}

/// Void the codes of one account that nobody used.
pub async fn void_password_tokens(tx: &mut Tx, staff: StaffId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update staff_password_token set used_at = $2 where staff_id = $1 and used_at is null")
        .bind(staff).bind(now).execute(conn).await.map(drop))
}

// Sessions ----------------------------------------------------------------------------------------------------------

#[derive(sqlx::FromRow)]
struct SessionRow {
    session_id: StaffSessionId,
    session_created_at: Timestamp,
    seen_at: Timestamp,
    #[sqlx(flatten)]
    member: Member,
}

impl SessionRow {
    fn split(self) -> (Session, Member) {
        (Session { id: self.session_id, created_at: self.session_created_at, seen_at: self.seen_at }, self.member)
    }
}

/// The live session with this token hash, and whose it is. Disabled accounts have none.
pub async fn session(tx: &mut Tx, token_hash: &[u8]) -> sqlx::Result<Option<(Session, Member)>> {
    let row: Option<SessionRow> = in_tx!(tx, conn => sqlx::query_as(
        "select staff_session.id as session_id, staff_session.created_at as session_created_at, staff_session.seen_at,
                staff.id, staff.email, staff.name, staff.role, staff.zone, staff.language
         from staff_session join staff on staff.id = staff_session.staff_id
         where staff_session.token_hash = $1 and staff_session.ended_at is null and staff.disabled_at is null")
        .bind(token_hash).fetch_optional(conn).await)?;
    Ok(row.map(SessionRow::split))
}

/// The live session with this id, and whose it is.
pub async fn session_by_id(tx: &mut Tx, id: StaffSessionId) -> sqlx::Result<Option<(Session, Member)>> {
    let row: Option<SessionRow> = in_tx!(tx, conn => sqlx::query_as(
        "select staff_session.id as session_id, staff_session.created_at as session_created_at, staff_session.seen_at,
                staff.id, staff.email, staff.name, staff.role, staff.zone, staff.language
         from staff_session join staff on staff.id = staff_session.staff_id
         where staff_session.id = $1 and staff_session.ended_at is null and staff.disabled_at is null")
        .bind(id).fetch_optional(conn).await)?;
    Ok(row.map(SessionRow::split))
}

/// Whose session this token is or was.
pub async fn session_owner(tx: &mut Tx, token_hash: &[u8]) -> sqlx::Result<Option<StaffId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select staff_id from staff_session where token_hash = $1")
        .bind(token_hash).fetch_optional(conn).await)
}

pub async fn insert_session(tx: &mut Tx, id: StaffSessionId, token_hash: &[u8], staff: StaffId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into staff_session (id, token_hash, staff_id, created_at, seen_at) values ($1, $2, $3, $4, $4)")
        .bind(id).bind(token_hash).bind(staff).bind(now).execute(conn).await.map(drop))
}

pub async fn touch_session(tx: &mut Tx, id: StaffSessionId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update staff_session set seen_at = $2 where id = $1 and seen_at < $2 and ended_at is null")
        .bind(id).bind(now).execute(conn).await.map(drop))
}

/// End a session. False when it had ended before.
pub async fn end_session(tx: &mut Tx, id: StaffSessionId, why: &str, now: Timestamp) -> sqlx::Result<bool> {
    let ended: Option<StaffSessionId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update staff_session set ended_at = $3, ended_why = $2 where id = $1 and ended_at is null returning id")
        .bind(id).bind(why).bind(now).fetch_optional(conn).await)?;
    Ok(ended.is_some())
}

/// End the session that a token opens, if it is live: the one this browser had before. Whose it was.
pub async fn end_session_of_token(tx: &mut Tx, token_hash: &[u8], why: &str, now: Timestamp) -> sqlx::Result<Option<StaffId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update staff_session set ended_at = $3, ended_why = $2 where token_hash = $1 and ended_at is null returning staff_id")
        .bind(token_hash).bind(why).bind(now).fetch_optional(conn).await)
}

/// End all sessions of one account. How many there were.
pub async fn end_sessions(tx: &mut Tx, staff: StaffId, why: &str, now: Timestamp) -> sqlx::Result<i64> {
    let ended: Vec<StaffSessionId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update staff_session set ended_at = $3, ended_why = $2 where staff_id = $1 and ended_at is null returning id")
        .bind(staff).bind(why).bind(now).fetch_all(conn).await)?;
    Ok(i64::try_from(ended.len()).unwrap_or(i64::MAX))
}

/// True while this clinician is in a call, or one ended after `since`.
pub async fn is_in_call(tx: &mut Tx, staff: StaffId, since: Timestamp) -> sqlx::Result<bool> {
    let visit: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "select call_epoch from visit
         where clinician_id = $1 and (state in ('checking', 'in_call') or (state = 'ended' and ended_at > $2)) limit 1")
        .bind(staff).bind(since).fetch_optional(conn).await)?;
    Ok(visit.is_some())
}

// Failed sign-ins ---------------------------------------------------------------------------------------------------

/// A counter after a try was added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Counted {
    pub failures: i64,
    pub locked_until: Option<Timestamp>,
}

/// Count a try before it is made, and lock at the limit. `None` while locked: the try may not be made. One statement, so
/// that tries side by side are counted one after the other.
pub async fn count_try(tx: &mut Tx, rule: &Rule, subject: &[u8], now: Timestamp) -> sqlx::Result<Option<Counted>> {
    in_tx!(tx, conn => sqlx::query_as(
        "insert into throttle (kind, subject, window_started_at, failures) values ($1, $2, $3, 1)
         on conflict (kind, subject) do update set
             window_started_at = case
                 when throttle.window_started_at <= $4 and (throttle.locked_until is null or throttle.locked_until <= $5)
                 then $3 else throttle.window_started_at end,
             failures = case
                 when throttle.window_started_at <= $4 and (throttle.locked_until is null or throttle.locked_until <= $5)
                 then 1 else throttle.failures + 1 end,
             locked_until = case
                 when throttle.window_started_at <= $4 and (throttle.locked_until is null or throttle.locked_until <= $5)
                 then null
                 when throttle.failures + 1 < $6 then null
                 when throttle.failures + 1 - $6 >= 4 then $3 + $8
                 else $3 + $7 * (1 << cast(throttle.failures + 1 - $6 as integer)) end
         where throttle.locked_until is null or throttle.locked_until <= $3
         returning failures, locked_until")
        .bind(rule.kind).bind(subject).bind(now).bind(now - rule.window).bind(now - rule.quiet)
        .bind(rule.failures_max).bind(rule.delay_first.0).bind(rule.delay_max.0)
        .fetch_optional(conn).await)
}

/// Until when a subject is locked.
pub async fn locked_until(tx: &mut Tx, kind: &str, subject: &[u8]) -> sqlx::Result<Option<Timestamp>> {
    let until: Option<Option<Timestamp>> = in_tx!(tx, conn => sqlx::query_scalar(
        "select locked_until from throttle where kind = $1 and subject = $2")
        .bind(kind).bind(subject).fetch_optional(conn).await)?;
    Ok(until.flatten())
}

/// Take one counted try back: it was right.
pub async fn uncount_try(tx: &mut Tx, kind: &str, subject: &[u8]) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update throttle set failures = failures - 1, locked_until = null where kind = $1 and subject = $2 and failures > 0")
        .bind(kind).bind(subject).execute(conn).await.map(drop))
}

/// Forget all failures of a subject. True when it was locked.
pub async fn forget_failures(tx: &mut Tx, kind: &str, subject: &[u8], now: Timestamp) -> sqlx::Result<bool> {
    let until: Option<Option<Timestamp>> = in_tx!(tx, conn => sqlx::query_scalar(
        "delete from throttle where kind = $1 and subject = $2 returning locked_until")
        .bind(kind).bind(subject).fetch_optional(conn).await)?;
    Ok(until.flatten().is_some_and(|until| until > now))
}

/// The subjects that are locked at `at`.
pub async fn locked_subjects(tx: &mut Tx, kind: &str, at: Timestamp) -> sqlx::Result<Vec<Vec<u8>>> {
    in_tx!(tx, conn => sqlx::query_scalar("select subject from throttle where kind = $1 and locked_until > $2 limit 10000")
        .bind(kind).bind(at).fetch_all(conn).await)
}
