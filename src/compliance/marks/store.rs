//! The SQL of marked records.

use crate::audit::Recorded;
use crate::db::{Tx, in_tx};
use crate::ids::PatientId;
use crate::time::Timestamp;

/// Since when a record is marked, with the newest event that says why.
pub async fn mark(tx: &mut Tx, patient: PatientId) -> sqlx::Result<Option<(Timestamp, Option<Recorded>)>> {
    let since: Option<Timestamp> = in_tx!(tx, conn => sqlx::query_scalar("select marked_at from record_mark where patient_id = $1")
        .bind(patient).fetch_optional(conn).await)?;
    let Some(since) = since else { return Ok(None) };
    let event = in_tx!(tx, conn => sqlx::query_as(
        "select id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index from audit_event
         where kind = 'record.marked' and id in (select event_id from audit_event_subject
             join audit_subject on audit_subject.tag = audit_event_subject.tag where audit_subject.patient_id = $1)
         order by id desc limit 1")
        .bind(patient).fetch_optional(conn).await)?;
    Ok(Some((since, event)))
}

/// Of two officers at once the second one's reason stands.
pub async fn insert(tx: &mut Tx, patient: PatientId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into record_mark (patient_id, marked_at) values ($1, $2) on conflict (patient_id) do update set marked_at = excluded.marked_at")
        .bind(patient).bind(now).execute(conn).await.map(drop))
}

pub async fn delete(tx: &mut Tx, patient: PatientId) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("delete from record_mark where patient_id = $1").bind(patient).execute(conn).await.map(drop))
}
