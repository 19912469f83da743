//! The SQL of links, of the device that opened one, and of the tries that were wrong.

use super::Invitation;
use super::model::{Invited, LOCKED_FOR, Standing, VoidedWhy, WRONG_MAX};
use super::phone_link;
use crate::config::LinkConfig;
use crate::db::{Tx, in_tx};
use crate::ids::{DeviceId, PatientId, StaffId, VisitId};
use crate::mail::outbox::LetterKind;
use crate::time::{Millis, Timestamp, Zone};

/// A link with what is needed of its visit and patient. Nothing of it is sealed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Link {
    pub visit_id: VisitId,
    pub patient_id: PatientId,
    pub clinician_id: StaffId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub state: String,
    pub redeemed_at: Option<Timestamp>,
    pub code_check: Option<Vec<u8>>,
    pub date_of_birth_check: Vec<u8>,
    #[sqlx(try_from = "String")]
    pub zone: Zone,
    pub language: String,
    /// Of the mail that it came in, or that of a link for a phone.
    pub kind: String,
    pub created_at: Timestamp,
    pub voided_why: Option<String>,
    pub check_locked_until: Option<Timestamp>,
    pub link_trouble: Option<String>,
}

impl Link {
    pub fn standing(&self) -> Standing {
        Standing {
            state: self.state.clone(),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            redeemed: self.redeemed_at.is_some(),
            phone_until: (self.kind == phone_link::WORD).then(|| self.created_at + phone_link::LIVES),
            voided: self.voided_why.as_deref().and_then(VoidedWhy::from_word),
        }
    }
}

/// The link with this hash of its secret, or this index of its code: the two have different lengths.
pub async fn link(tx: &mut Tx, key: &[u8]) -> sqlx::Result<Option<Link>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select visit_link.visit_id, visit.patient_id, visit.clinician_id, visit.starts_at, visit.ends_at, visit.state,
             visit.redeemed_at, visit.code_check, patient.date_of_birth_check, patient.zone, patient.language,
             visit_link.kind, visit_link.created_at, visit_link.voided_why, visit.check_locked_until, visit.link_trouble
         from visit_link join visit on visit.id = visit_link.visit_id join patient on patient.id = visit.patient_id
         where visit_link.secret_hash = $1 or visit_link.join_code_index = $1")
        .bind(key).fetch_optional(conn).await)
}

/// Count one try before it is known to be wrong, so that a burst of tries cannot outrun the count. The fifth locks for 15
/// minutes. `None` while locked, and for a link that there is not.
///
/// The visit's row stays held until the transaction ends: tries at one visit, and its redemption, go one by one.
pub async fn reserve_try(tx: &mut Tx, key: &[u8], now: Timestamp) -> sqlx::Result<Option<i64>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set check_failures = case when check_locked_until is null then check_failures + 1 else 1 end,
             check_locked_until = case when check_locked_until is null and check_failures + 1 >= $3 then $4 else null end
         where id = (select visit_id from visit_link where secret_hash = $1 or join_code_index = $1)
           and (check_locked_until is null or check_locked_until <= $2)
         returning check_failures")
        .bind(key).bind(now).bind(WRONG_MAX).bind(now + LOCKED_FOR).fetch_optional(conn).await)
}

/// Open the visit for the one who asks first. False for everybody else, and when the link or the time is no longer right.
pub async fn redeem(tx: &mut Tx, visit: VisitId, key: &[u8], limits: LinkConfig, now: Timestamp) -> sqlx::Result<bool> {
    let won: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set redeemed_at = $2, state = 'redeemed', version = version + 1, link_trouble = null, link_trouble_at = null
         where id = $1 and redeemed_at is null and state in ('booked', 'sent') and starts_at <= $3 and ends_at > $4
           and exists (select 1 from visit_link where visit_id = visit.id and (secret_hash = $5 or join_code_index = $5)
                       and voided_at is null)
         returning id")
        .bind(visit).bind(now).bind(now + limits.opens_before()).bind(now - limits.closes_after()).bind(key)
        .fetch_optional(conn).await)?;
    Ok(won.is_some())
}

pub async fn insert_device(tx: &mut Tx, id: DeviceId, visit: VisitId, token_hash: &[u8], now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("insert into visit_device (id, visit_id, token_hash, created_at) values ($1, $2, $3, $4)")
        .bind(id).bind(visit).bind(token_hash).bind(now).execute(conn).await.map(drop))
}

pub async fn why_ended(tx: &mut Tx, device: DeviceId) -> sqlx::Result<Option<String>> {
    in_tx!(tx, conn => sqlx::query_scalar("select ended_why from visit_device where id = $1 and ended_why is not null")
        .bind(device).fetch_optional(conn).await)
}

pub async fn why_ended_by_token(tx: &mut Tx, token_hash: &[u8], visit: VisitId) -> sqlx::Result<Option<String>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select ended_why from visit_device where token_hash = $1 and visit_id = $2 and ended_why is not null")
        .bind(token_hash).bind(visit).fetch_optional(conn).await)
}

pub async fn end_device(tx: &mut Tx, visit: VisitId, why: &str, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update visit_device set ended_at = $3, ended_why = $2 where visit_id = $1 and ended_at is null")
        .bind(visit).bind(why).bind(now).execute(conn).await.map(drop))
}

/// A live device session with what is needed of its visit.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Device {
    pub id: DeviceId,
    pub patient_id: PatientId,
    pub clinician_id: StaffId,
    pub state: String,
    pub ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

pub async fn device(tx: &mut Tx, token_hash: &[u8], visit: VisitId) -> sqlx::Result<Option<Device>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select visit_device.id, visit.patient_id, visit.clinician_id, visit.state, visit.ends_at, visit.ended_at
         from visit_device join visit on visit.id = visit_device.visit_id
         where visit_device.token_hash = $1 and visit_device.visit_id = $2 and visit_device.ended_at is null")
        .bind(token_hash).bind(visit).fetch_optional(conn).await)
}

/// One more wrong value from this source, in a window of an hour.
pub async fn count_wrong(tx: &mut Tx, source: &[u8], now: Timestamp) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "insert into throttle (kind, subject, window_started_at, failures) values ('link.source', $1, $2, 1)
         on conflict (kind, subject) do update set
             failures = case when throttle.window_started_at + 3600000 <= $2 then 1 else throttle.failures + 1 end,
             window_started_at = case when throttle.window_started_at + 3600000 <= $2 then $2 else throttle.window_started_at end
         returning failures")
        .bind(source).bind(now).fetch_one(conn).await)
}

/// How many wrong values came from this source in its hour.
pub async fn wrong_from(tx: &mut Tx, source: &[u8], now: Timestamp) -> sqlx::Result<i64> {
    let failures: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "select failures from throttle where kind = 'link.source' and subject = $1 and window_started_at + 3600000 > $2")
        .bind(source).bind(now).fetch_optional(conn).await)?;
    Ok(failures.unwrap_or(0))
}

/// May a stranger have a new link sent for this visit? Once in 5 minutes and three times a day (LNK-07). A yes counts.
pub async fn may_ask_for_link(tx: &mut Tx, visit: &[u8], now: Timestamp) -> sqlx::Result<bool> {
    let counted: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into throttle (kind, subject, window_started_at, failures, locked_until) values ('link.new', $1, $2, 1, $2 + 300000)
         on conflict (kind, subject) do update set
             failures = case when throttle.window_started_at + 86400000 <= $2 then 1 else throttle.failures + 1 end,
             window_started_at = case when throttle.window_started_at + 86400000 <= $2 then $2 else throttle.window_started_at end,
             locked_until = $2 + 300000
         where throttle.locked_until <= $2 and (throttle.window_started_at + 86400000 <= $2 or throttle.failures < 3)
         returning failures")
        .bind(visit).bind(now).fetch_optional(conn).await)?;
    Ok(counted.is_some())
}

pub async fn insert_link(
    tx: &mut Tx,
    secret_hash: &[u8],
    join_code_index: &[u8],
    visit: VisitId,
    kind: LetterKind,
    now: Timestamp,
) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into visit_link (secret_hash, join_code_index, visit_id, kind, created_at) values ($1, $2, $3, $4, $5)")
        .bind(secret_hash).bind(join_code_index).bind(visit).bind(kind.word()).bind(now).execute(conn).await.map(drop))
}

/// Void what is outstanding. Returns how many links that were.
pub async fn void_links(tx: &mut Tx, visit: VisitId, why: VoidedWhy, now: Timestamp) -> sqlx::Result<i64> {
    let voided: Vec<Vec<u8>> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit_link set voided_at = $2, voided_why = $3 where visit_id = $1 and voided_at is null returning secret_hash")
        .bind(visit).bind(now).bind(why.word()).fetch_all(conn).await)?;
    Ok(i64::try_from(voided.len()).unwrap_or(i64::MAX))
}

/// Void what was outstanding when a letter was queued. Newer links have letters of their own. How many that were.
pub async fn void_links_until(tx: &mut Tx, visit: VisitId, queued_at: Timestamp, why: VoidedWhy, now: Timestamp) -> sqlx::Result<i64> {
    let voided: Vec<Vec<u8>> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit_link set voided_at = $2, voided_why = $3
         where visit_id = $1 and voided_at is null and created_at <= $4 returning secret_hash")
        .bind(visit).bind(now).bind(why.word()).bind(queued_at).fetch_all(conn).await)?;
    Ok(i64::try_from(voided.len()).unwrap_or(i64::MAX))
}

/// The patient has no link that works: flag it for the front desk. The visit's clinician; `None` when a link is outstanding
/// after all, or the visit is further on.
pub async fn flag_undelivered(tx: &mut Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<Option<StaffId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set link_trouble = 'undelivered', link_trouble_at = $2, version = version + 1
         where id = $1 and state in ('booked', 'sent')
           and not exists (select 1 from visit_link where visit_id = visit.id and voided_at is null)
         returning clinician_id")
        .bind(visit).bind(now).fetch_optional(conn).await)
}

/// Whoever holds this link says that it is not theirs. `None` when it opens nothing any more: then it says nothing of the
/// newer ones.
pub async fn flag_wrong_person(tx: &mut Tx, visit: VisitId, key: &[u8], now: Timestamp) -> sqlx::Result<Option<StaffId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set link_trouble = 'wrong_person', link_trouble_at = $2, version = version + 1
         where id = $1 and state in ('booked', 'sent')
           and exists (select 1 from visit_link where visit_id = visit.id and (secret_hash = $3 or join_code_index = $3)
                       and voided_at is null)
         returning clinician_id")
        .bind(visit).bind(now).bind(key).fetch_optional(conn).await)
}

/// The clinician let in, with a link of this visit, somebody who is not the patient.
pub async fn flag_wrong_person_let_in(tx: &mut Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update visit set link_trouble = 'wrong_person', link_trouble_at = $2, version = version + 1 where id = $1")
        .bind(visit).bind(now).execute(conn).await.map(drop))
}

/// Staff send a new link: whatever was wrong, they have seen it.
pub async fn end_trouble(tx: &mut Tx, visit: VisitId) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update visit set link_trouble = null, link_trouble_at = null, version = version + 1 where id = $1 and link_trouble is not null")
        .bind(visit).execute(conn).await.map(drop))
}

pub async fn invitation(tx: &mut Tx, visit: VisitId) -> sqlx::Result<Option<Invited>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        patient_id: PatientId,
        clinician_id: StaffId,
        starts_at: Timestamp,
        ends_at: Timestamp,
        state: String,
    }
    let row: Option<Row> = in_tx!(tx, conn => sqlx::query_as(
        "select patient_id, clinician_id, starts_at, ends_at, state from visit where id = $1")
        .bind(visit).fetch_optional(conn).await)?;
    Ok(row.map(|row| Invited {
        invitation: Invitation {
            visit,
            patient: row.patient_id,
            clinician: row.clinician_id,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
        },
        state: row.state,
    }))
}

/// A visit with a link that opens something.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct WithLinks {
    pub id: VisitId,
    pub patient_id: PatientId,
    pub clinician_id: StaffId,
}

pub async fn with_links(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<WithLinks>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, patient_id, clinician_id from visit
         where exists (select 1 from visit_link where visit_id = visit.id and voided_at is null) order by starts_at, id limit $1")
        .bind(limit).fetch_all(conn).await)
}

pub async fn visits_with_links(tx: &mut Tx) -> sqlx::Result<i64> {
    // A link for a phone opens nothing but a visit that is open already, and lapses by itself.
    in_tx!(tx, conn => sqlx::query_scalar("select count(distinct visit_id) from visit_link where voided_at is null and kind <> $1")
        .bind(phone_link::WORD).fetch_one(conn).await)
}

/// All links were revoked: this visit's patient needs a new one. What was wrong before stays said.
pub async fn flag_revoked(tx: &mut Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update visit set link_trouble = 'revoked', link_trouble_at = $2, version = version + 1
         where id = $1 and state in ('booked', 'sent') and link_trouble is null")
        .bind(visit).bind(now).execute(conn).await.map(drop))
}

/// A mail with a new link after a revocation is what the visit needed.
pub async fn end_revoked(tx: &mut Tx, visit: VisitId) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update visit set link_trouble = null, link_trouble_at = null, version = version + 1 where id = $1 and link_trouble = 'revoked'")
        .bind(visit).execute(conn).await.map(drop))
}

/// The link keys under which no link can open anything any more: replaced, and every visit with a link that may be sealed under
/// them is over. A void link counts, because its holder may hear why, and the device that used it comes back with it.
pub async fn spent_link_keys(tx: &mut Tx, now: Timestamp, overlap: Millis, limits: LinkConfig) -> sqlx::Result<Vec<i64>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select kid from wrapped_key as old
         where purpose = 'link'
           and exists (select 1 from wrapped_key as newer
                       where newer.purpose = 'link' and newer.created_at > old.created_at and newer.created_at + $2 < $1)
           and not exists (
               select 1 from visit_link join visit on visit.id = visit_link.visit_id
               where visit.state not in ('ended', 'cancelled', 'no_show')
                 and (visit.ends_at > $3 or visit.state in ('waiting', 'checking', 'in_call'))
                 and visit_link.created_at <= $2 + (select min(newer.created_at) from wrapped_key as newer
                                                    where newer.purpose = 'link' and newer.created_at > old.created_at))")
        .bind(now).bind(overlap.0).bind(now - limits.closes_after()).fetch_all(conn).await)
}

pub async fn retire_link_key(tx: &mut Tx, kid: i64) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("delete from wrapped_key where purpose = 'link' and kid = $1")
        .bind(kid).execute(conn).await.map(drop))
}

pub async fn version(tx: &mut Tx, visit: VisitId) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar("select version from visit where id = $1").bind(visit).fetch_one(conn).await)
}

/// End a lock and forget the tries. False when there were none.
pub async fn unlock(tx: &mut Tx, visit: VisitId) -> sqlx::Result<bool> {
    let unlocked: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set check_failures = 0, check_locked_until = null where id = $1 and check_failures > 0 returning id")
        .bind(visit).fetch_optional(conn).await)?;
    Ok(unlocked.is_some())
}

/// What a visit's links ask for: the check value of a code, or nothing for the date of birth. Whose visit it is; `None` when
/// it is over or cancelled.
pub async fn set_code(tx: &mut Tx, visit: VisitId, check: Option<&[u8]>) -> sqlx::Result<Option<PatientId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set code_check = $2 where id = $1 and state not in ('ended', 'cancelled', 'no_show') returning patient_id")
        .bind(visit).bind(check).fetch_optional(conn).await)
}

pub async fn has_code(tx: &mut Tx, visit: VisitId) -> sqlx::Result<bool> {
    let found: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar("select id from visit where id = $1 and code_check is not null")
        .bind(visit).fetch_optional(conn).await)?;
    Ok(found.is_some())
}
