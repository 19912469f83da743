//! The SQL of links, of the device that opened one, and of the tries that were wrong.

use super::Invitation;
use super::model::{Invited, VoidedWhy};
use crate::db::{Tx, in_tx};
use crate::ids::{PatientId, StaffId, VisitId};
use crate::mail::outbox::LetterKind;
use crate::time::Timestamp;

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
