//! The SQL of the review queue.

use super::model::Raised;
use crate::audit::Recorded;
use crate::crypto::Sealed;
use crate::db::{Tx, in_tx, lots, many};
use crate::ids::{EmergencyId, EventId, PatientId, StaffId};
use crate::time::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The place up to which the rules have looked.
pub async fn place(tx: &mut Tx) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar("select place from review_progress").fetch_one(conn).await)
}

/// True when nobody looked further meanwhile.
pub async fn advance(tx: &mut Tx, from: i64, to: i64) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query("update review_progress set place = $2 where place = $1")
        .bind(from).bind(to).execute(conn).await.map(|done| done.rows_affected() == 1))
}

/// What these accounts opened between two ids, the newest of it if there is too much.
pub async fn opened(tx: &mut Tx, accounts: &BTreeSet<Uuid>, after: EventId, before: EventId, limit: i64) -> sqlx::Result<Vec<Recorded>> {
    let mut events = Vec::new();
    for lot in lots(accounts.iter().copied(), Uuid::nil()) {
        events.extend(in_tx!(tx, conn => {
            let query = sqlx::query_as::<_, Recorded>(concat!(
                "select id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index from audit_event
                 where actor_kind = 'staff' and actor_id in (", many!(), ") and id > $49 and id < $50 and outcome = 'success'
                 and kind in ('patient.read', 'patient.changed', 'visit.read', 'note.read', 'note.saved') order by id desc limit $51"));
            lot.iter().fold(query, |query, account| query.bind(*account)).bind(after).bind(before).bind(limit).fetch_all(conn).await
        })?);
    }
    Ok(events)
}

/// What was refused of a sign-in or a link between two ids, the newest of it if there is too much.
pub async fn refused(tx: &mut Tx, after: EventId, before: EventId, limit: i64) -> sqlx::Result<Vec<Recorded>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index from audit_event
         where id > $1 and id < $2 and outcome <> 'success' and kind in ('staff.signed_in', 'link.checked') order by id desc limit $3")
        .bind(after).bind(before).bind(limit).fetch_all(conn).await)
}

/// The tags on these events.
pub async fn tags(tx: &mut Tx, events: impl Iterator<Item = EventId>) -> sqlx::Result<Vec<(EventId, Vec<u8>)>> {
    let mut tags = Vec::new();
    for lot in lots(events, EventId(Uuid::nil())) {
        tags.extend(in_tx!(tx, conn => {
            let query = sqlx::query_as(concat!("select event_id, tag from audit_event_subject where event_id in (", many!(), ")"));
            lot.iter().fold(query, |query, event| query.bind(*event)).fetch_all(conn).await
        })?);
    }
    Ok(tags)
}

/// Whether the patient with this tag has or had an appointment with this clinician. True for a tag whose patient nobody knows any more.
pub async fn has_appointment(tx: &mut Tx, clinician: Uuid, tag: &[u8]) -> sqlx::Result<bool> {
    let without: Option<PatientId> = in_tx!(tx, conn => sqlx::query_scalar(
        "select patient_id from audit_subject where tag = $2 and not exists (
             select 1 from visit where visit.patient_id = audit_subject.patient_id and visit.clinician_id = $1)")
        .bind(clinician).bind(tag).fetch_optional(conn).await)?;
    Ok(without.is_none())
}

/// What the database knows of a record and of who opened it.
#[derive(Debug, sqlx::FromRow)]
pub struct RecordOpened {
    pub patient_id: PatientId,
    pub family_marks: Option<Vec<u8>>,
    pub staff_name: String,
    /// 1: the record is marked.
    pub marked: i64,
}

/// `None`: nobody knows any more whose tag it is.
pub async fn record_opened(tx: &mut Tx, account: Uuid, tag: &[u8]) -> sqlx::Result<Option<RecordOpened>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select patient.id as patient_id, patient.family_marks as family_marks, staff.name as staff_name,
             cast(case when exists (select 1 from record_mark where record_mark.patient_id = patient.id) then 1 else 0 end as bigint) as marked
         from audit_subject join patient on patient.id = audit_subject.patient_id join staff on staff.id = $1 where audit_subject.tag = $2")
        .bind(account).bind(tag).fetch_optional(conn).await)
}

/// False when the same was found before.
pub async fn insert(tx: &mut Tx, id: Uuid, raised: &Raised, now: Timestamp) -> sqlx::Result<bool> {
    let inserted: Option<Uuid> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into review_item (id, once_key, rule, happened_at, found_at, event_id, actor_id, tag, number)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (once_key) do nothing returning id")
        .bind(id).bind(&raised.key).bind(raised.rule.word()).bind(raised.at).bind(now).bind(raised.event).bind(raised.account)
        .bind(raised.tag.as_deref()).bind(raised.number).fetch_optional(conn).await)?;
    Ok(inserted.is_some())
}

/// Something to review, or reviewed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Item {
    pub id: Uuid,
    pub once_key: String,
    pub rule: String,
    pub happened_at: Timestamp,
    pub found_at: Timestamp,
    pub actor_id: Option<Uuid>,
    /// Of the tag, if the rule speaks of one patient whom the log still knows.
    pub patient_id: Option<PatientId>,
    pub number: i64,
    pub reviewed_at: Option<Timestamp>,
    pub reviewed_by: Option<StaffId>,
    pub comment: Option<Sealed>,
}

impl Item {
    /// The access in an emergency that it is about.
    pub fn emergency(&self) -> Option<EmergencyId> {
        self.once_key.strip_prefix("emergency/")?.parse().ok()
    }
}

pub async fn item(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<Item>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select review_item.id, once_key, rule, happened_at, found_at, actor_id, audit_subject.patient_id as patient_id, number, reviewed_at,
             reviewed_by, comment
         from review_item left join audit_subject on audit_subject.tag = review_item.tag where review_item.id = $1")
        .bind(id).fetch_optional(conn).await)
}

/// What nobody reviewed, the oldest first.
pub async fn open(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Item>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select review_item.id, once_key, rule, happened_at, found_at, actor_id, audit_subject.patient_id as patient_id, number, reviewed_at, reviewed_by,
             comment
         from review_item left join audit_subject on audit_subject.tag = review_item.tag
         where reviewed_at is null order by happened_at, review_item.id limit $1")
        .bind(limit).fetch_all(conn).await)
}

/// What was reviewed last.
pub async fn reviewed(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Item>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select review_item.id, once_key, rule, happened_at, found_at, actor_id, audit_subject.patient_id as patient_id, number, reviewed_at, reviewed_by,
             comment
         from review_item left join audit_subject on audit_subject.tag = review_item.tag
         where reviewed_at is not null order by reviewed_at desc, review_item.id desc limit $1")
        .bind(limit).fetch_all(conn).await)
}

/// A look through a time of the log, reviewed as it is written.
#[derive(Debug)]
pub struct Look {
    pub id: Uuid,
    pub from: Timestamp,
    pub until: Timestamp,
    pub actor: Option<Uuid>,
    pub tag: Option<Vec<u8>>,
    pub by: StaffId,
    pub comment: Sealed,
    pub now: Timestamp,
}

pub async fn insert_look(tx: &mut Tx, look: &Look) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into review_item (id, once_key, rule, happened_at, found_at, event_id, actor_id, tag, number, reviewed_at, reviewed_by, comment)
         values ($1, $2, 'activity', $3, $4, $1, $5, $6, 1, $7, $8, $9)")
        .bind(look.id).bind(format!("activity/{}", look.id)).bind(look.from).bind(look.until).bind(look.actor).bind(look.tag.as_deref())
        .bind(look.now).bind(look.by).bind(&look.comment).execute(conn).await.map(drop))
}

/// When somebody looked through the log last, and who.
pub async fn last_look(tx: &mut Tx) -> sqlx::Result<Option<(Timestamp, StaffId)>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select reviewed_at, reviewed_by from review_item where reviewed_at is not null and rule = 'activity' order by reviewed_at desc limit 1")
        .fetch_optional(conn).await)
}

pub async fn first_account(tx: &mut Tx) -> sqlx::Result<Option<Timestamp>> {
    in_tx!(tx, conn => sqlx::query_scalar("select created_at from staff order by created_at limit 1").fetch_optional(conn).await)
}

pub async fn first_event(tx: &mut Tx) -> sqlx::Result<Option<Timestamp>> {
    in_tx!(tx, conn => sqlx::query_scalar("select recorded_at from audit_event order by id limit 1").fetch_optional(conn).await)
}

/// How many nobody reviewed, and how many of them happened before `overdue`.
pub async fn count(tx: &mut Tx, overdue: Timestamp) -> sqlx::Result<(i64, i64)> {
    in_tx!(tx, conn => sqlx::query_as(
        "select count(*), coalesce(cast(sum(case when happened_at < $1 then 1 else 0 end) as bigint), 0) from review_item where reviewed_at is null")
        .bind(overdue).fetch_one(conn).await)
}

/// The rule of what was just reviewed, or nothing where there is no such thing or somebody did it before.
pub async fn review(tx: &mut Tx, id: Uuid, by: StaffId, comment: &Sealed, now: Timestamp) -> sqlx::Result<Option<(String, Timestamp)>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update review_item set reviewed_at = $2, reviewed_by = $3, comment = $4 where id = $1 and reviewed_at is null returning rule, happened_at")
        .bind(id).bind(now).bind(by).bind(comment).fetch_optional(conn).await)
}
