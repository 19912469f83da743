//! The SQL of removing what events say. Only what no hold covers, and nothing that proofs are made of.

use crate::db::{Tx, in_tx};
use crate::time::Timestamp;

/// The signing time of the newest head from before `until`.
pub async fn newest_head_before(tx: &mut Tx, until: Timestamp) -> sqlx::Result<Option<Timestamp>> {
    in_tx!(tx, conn => sqlx::query_scalar("select max(signed_at) from audit_checkpoint where signed_at <= $1").bind(until).fetch_one(conn).await)
}

/// The last place of the log up to which every event is from before `until` and under a signed head. Below 0: there is none.
pub async fn last_place_before(tx: &mut Tx, until: Timestamp) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select least_of.n from (
             select min(n) as n from (
                 select coalesce(min(audit_leaf.n), (select size from audit_tree)) - 1 as n
                 from audit_leaf join audit_event on audit_event.id = audit_leaf.event_id where recorded_at >= $1
                 union all select coalesce(max(size), 0) - 1 as n from audit_checkpoint) as both_ends) as least_of")
        .bind(until).fetch_one(conn).await)
}

pub async fn insert_purge(tx: &mut Tx, until: Timestamp, last_leaf: i64, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into audit_purge (until_at, last_leaf, purged_at) values ($1, $2, $3) on conflict (until_at) do nothing")
        .bind(until).bind(last_leaf).bind(now).execute(conn).await.map(drop))
}

/// Empty the events up to that place. Not those of a patient under a hold, nor what the log says of itself. How many it were.
pub async fn empty_events(tx: &mut Tx, until: Timestamp, last_leaf: i64) -> sqlx::Result<u64> {
    in_tx!(tx, conn => sqlx::query(
        "update audit_event set payload = substr(payload, 1, 0), actor_id = null, source_index = null
         where recorded_at < $1 and length(payload) > 0
           and kind not in ('log.purged', 'log.begun_anew', 'log.head_adopted')
           and id in (select event_id from audit_leaf where n <= $2)
           and id not in (
               select tags.event_id from audit_event_subject as tags join audit_subject on audit_subject.tag = tags.tag
               join case_file on case_file.patient_id = audit_subject.patient_id
               where case_file.kind = 'hold'
                 and not exists (select 1 from case_entry where case_id = case_file.id and entry = 'lifted'))")
        .bind(until).bind(last_leaf).execute(conn).await.map(|done| done.rows_affected()))
}

/// How many holds on everything stand.
pub async fn holds_on_everything(tx: &mut Tx) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select count(*) from case_file where kind = 'hold' and patient_id is null
           and not exists (select 1 from case_entry where case_id = case_file.id and entry = 'lifted')").fetch_one(conn).await)
}
