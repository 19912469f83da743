//! The SQL of records opened in an emergency.

use crate::crypto::Sealed;
use crate::db::{Tx, in_tx};
use crate::ids::{EmergencyId, PatientId, RequestKey, StaffId, VisitId};
use crate::time::Timestamp;

/// A record that was opened, as it lies in the database.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Grant {
    pub id: EmergencyId,
    pub staff_id: StaffId,
    pub patient_id: PatientId,
    pub ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub reason: Sealed,
}

impl Grant {
    /// It opens the record, at that time.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.ends_at
    }
}

/// False when the same form was sent before.
pub async fn insert(tx: &mut Tx, grant: &Grant, request_key: &RequestKey, now: Timestamp) -> sqlx::Result<bool> {
    let inserted: Option<EmergencyId> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into emergency_access (id, staff_id, patient_id, opened_at, ends_at, reason, request_key)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (request_key) do nothing returning id")
        .bind(grant.id).bind(grant.staff_id).bind(grant.patient_id).bind(now).bind(grant.ends_at).bind(&grant.reason).bind(request_key)
        .fetch_optional(conn).await)?;
    Ok(inserted.is_some())
}

/// What the same form opened for this clinician before.
pub async fn opened_by(tx: &mut Tx, staff: StaffId, request_key: &RequestKey) -> sqlx::Result<Option<EmergencyId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from emergency_access where request_key = $1 and staff_id = $2")
        .bind(request_key).bind(staff).fetch_optional(conn).await)
}

pub async fn grant(tx: &mut Tx, id: EmergencyId) -> sqlx::Result<Option<Grant>> {
    in_tx!(tx, conn => sqlx::query_as("select id, staff_id, patient_id, ends_at, ended_at, reason from emergency_access where id = $1")
        .bind(id).fetch_optional(conn).await)
}

/// What a clinician has open, the one that ends first at the top.
pub async fn open_of(tx: &mut Tx, staff: StaffId, now: Timestamp) -> sqlx::Result<Vec<Grant>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, staff_id, patient_id, ends_at, ended_at, reason from emergency_access
         where staff_id = $1 and ended_at is null and ends_at > $2 order by ends_at, id limit 20")
        .bind(staff).bind(now).fetch_all(conn).await)
}

/// End it by hand. False when it had ended.
pub async fn end(tx: &mut Tx, id: EmergencyId, staff: StaffId, now: Timestamp) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query(
        "update emergency_access set ended_at = $3 where id = $1 and staff_id = $2 and ended_at is null and ends_at > $3")
        .bind(id).bind(staff).bind(now).execute(conn).await.map(|done| done.rows_affected() == 1))
}

/// Whether any has come to its end and nobody has written that down.
pub async fn any_due(tx: &mut Tx, now: Timestamp) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query_scalar::<_, i64>("select count(*) from emergency_access where ended_at is null and ends_at <= $1")
        .bind(now).fetch_one(conn).await.map(|count| count > 0))
}

/// Write down what has come to its end: which, whose, of whom.
pub async fn end_due(tx: &mut Tx, now: Timestamp) -> sqlx::Result<Vec<(EmergencyId, StaffId, PatientId)>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update emergency_access set ended_at = ends_at where ended_at is null and ends_at <= $1 returning id, staff_id, patient_id")
        .bind(now).fetch_all(conn).await)
}

/// The note of one visit, with when the visit was and who wrote it.
#[derive(Debug, sqlx::FromRow)]
pub struct NoteRow {
    pub visit_id: VisitId,
    pub version: i64,
    pub body: Sealed,
    pub starts_at: Timestamp,
    pub author: String,
}

/// The notes about a patient, the newest visit first.
pub async fn notes(tx: &mut Tx, patient: PatientId, limit: i64) -> sqlx::Result<Vec<NoteRow>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select visit_note.visit_id as visit_id, visit_note.version as version, visit_note.body as body, visit.starts_at as starts_at,
             staff.name as author
         from visit_note join visit on visit.id = visit_note.visit_id join staff on staff.id = visit_note.author_id
         where visit_note.patient_id = $1 order by visit.starts_at desc, visit.id limit $2")
        .bind(patient).bind(limit).fetch_all(conn).await)
}
