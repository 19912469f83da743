//! The SQL of a patient's record set.

use crate::crypto::Sealed;
use crate::db::{Tx, in_tx};
use crate::ids::{PatientId, StaffId, VisitId};
use crate::time::Timestamp;

/// The sealed and clear parts of a visit that its patient gets.
#[derive(Debug, sqlx::FromRow)]
pub struct VisitRow {
    pub id: VisitId,
    pub clinician: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub state: String,
    pub created_at: Timestamp,
    pub cancelled_at: Option<Timestamp>,
    pub redeemed_at: Option<Timestamp>,
    pub waiting_since: Option<Timestamp>,
    pub left_at: Option<Timestamp>,
    pub admitted_at: Option<Timestamp>,
    pub identity: Option<String>,
    pub ended_at: Option<Timestamp>,
    pub consent_version: Option<i64>,
    pub consented_at: Option<Timestamp>,
    pub reason: Option<Sealed>,
    pub reason_version: i64,
    pub companion: Option<Sealed>,
    pub companion_version: i64,
    pub companion_relation: Option<String>,
    pub message: Option<Sealed>,
    pub message_version: i64,
}

#[derive(Debug, sqlx::FromRow)]
pub struct NoteRow {
    pub visit_id: VisitId,
    pub author: String,
    pub version: i64,
    pub updated_at: Timestamp,
    pub body: Sealed,
}

#[derive(Debug, sqlx::FromRow)]
pub struct MailRow {
    pub visit_id: VisitId,
    pub kind: String,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub bounced_at: Option<Timestamp>,
}

/// Whether this clinician has recorded who the patient is, at a visit of theirs.
pub async fn has_seen(tx: &mut Tx, clinician: StaffId, patient: PatientId) -> sqlx::Result<bool> {
    let seen: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "select id from visit where clinician_id = $1 and patient_id = $2 and identity is not null limit 1")
        .bind(clinician).bind(patient).fetch_optional(conn).await)?;
    Ok(seen.is_some())
}

pub async fn visits(tx: &mut Tx, patient: PatientId) -> sqlx::Result<Vec<VisitRow>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select visit.id, staff.name as clinician, starts_at, ends_at, state, visit.created_at, cancelled_at, redeemed_at, waiting_since,
             left_at, admitted_at, identity, ended_at, consent_version, consented_at, reason, reason_version, companion, companion_version,
             companion_relation, message, message_version
         from visit join staff on staff.id = visit.clinician_id where patient_id = $1 order by starts_at, visit.id")
        .bind(patient).fetch_all(conn).await)
}

pub async fn notes(tx: &mut Tx, patient: PatientId) -> sqlx::Result<Vec<NoteRow>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select visit_id, staff.name as author, visit_note.version, updated_at, body
         from visit_note join staff on staff.id = author_id where patient_id = $1 order by updated_at, visit_id")
        .bind(patient).fetch_all(conn).await)
}

pub async fn mails(tx: &mut Tx, patient: PatientId) -> sqlx::Result<Vec<MailRow>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select visit_id, kind, created_at, sent_at, bounced_at from outbox where patient_id = $1 order by created_at, id")
        .bind(patient).fetch_all(conn).await)
}
