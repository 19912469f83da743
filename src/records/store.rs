//! The SQL of notes.

use crate::crypto::Sealed;
use crate::db::{Tx, in_tx};
use crate::ids::{PatientId, StaffId, VisitId};
use crate::time::Timestamp;

/// Why a note stays closed to a clinician.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is not recorded yet who the patient in the call is.
    Unidentified(PatientId),
    AnotherClinicians(PatientId),
    NoSuchVisit,
}

/// A note to be written.
#[derive(Debug)]
pub struct Row<'a> {
    pub visit: VisitId,
    pub patient: PatientId,
    pub author: StaffId,
    /// The version this write makes: one more than the one it was made from.
    pub version: i64,
    pub now: Timestamp,
    pub body: &'a Sealed,
}

/// The patient of a visit whose identity `clinician` has recorded.
pub async fn confirmed(tx: &mut Tx, visit: VisitId, clinician: StaffId) -> sqlx::Result<Result<PatientId, Closed>> {
    let row: Option<(PatientId, StaffId, Option<String>)> = in_tx!(tx, conn => sqlx::query_as(
        "select patient_id, clinician_id, identity from visit where id = $1")
        .bind(visit).fetch_optional(conn).await)?;
    Ok(match row {
        None => Err(Closed::NoSuchVisit),
        Some((patient, other, _)) if other != clinician => Err(Closed::AnotherClinicians(patient)),
        Some((patient, _, None)) => Err(Closed::Unidentified(patient)),
        Some((patient, _, Some(_))) => Ok(patient),
    })
}

/// The note of a visit with its version.
pub async fn note(tx: &mut Tx, visit: VisitId) -> sqlx::Result<Option<(i64, Sealed)>> {
    in_tx!(tx, conn => sqlx::query_as("select version, body from visit_note where visit_id = $1").bind(visit).fetch_optional(conn).await)
}

/// The version of a visit's note, 0 where there is none.
pub async fn version(tx: &mut Tx, visit: VisitId) -> sqlx::Result<i64> {
    let version: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "select version from visit_note where visit_id = $1").bind(visit).fetch_optional(conn).await)?;
    Ok(version.unwrap_or(0))
}

/// Write a note if it still has the version before `row.version`. False when somebody else was first.
pub async fn put(tx: &mut Tx, row: &Row<'_>) -> sqlx::Result<bool> {
    if row.version == 1 { insert(tx, row).await } else { replace(tx, row).await }
}

async fn insert(tx: &mut Tx, row: &Row<'_>) -> sqlx::Result<bool> {
    let written: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into visit_note (visit_id, patient_id, author_id, version, updated_at, body) values ($1, $2, $3, $4, $5, $6)
         on conflict (visit_id) do nothing returning version")
        .bind(row.visit).bind(row.patient).bind(row.author).bind(row.version).bind(row.now).bind(row.body)
        .fetch_optional(conn).await)?;
    Ok(written.is_some())
}

async fn replace(tx: &mut Tx, row: &Row<'_>) -> sqlx::Result<bool> {
    let written: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit_note set author_id = $2, version = $3, updated_at = $4, body = $5
         where visit_id = $1 and version = $3 - 1 returning version")
        .bind(row.visit).bind(row.author).bind(row.version).bind(row.now).bind(row.body)
        .fetch_optional(conn).await)?;
    Ok(written.is_some())
}
