//! The SQL that finds what the program itself writes down.

use crate::audit::Recorded;
use crate::db::{Tx, in_tx};
use crate::ids::EventId;

/// What was recorded of calls whose two sides did not fit together, the newest first.
pub async fn differing_calls(tx: &mut Tx, after: EventId, limit: i64) -> sqlx::Result<Vec<Recorded>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index from audit_event
         where kind = 'call.proof' and outcome = 'failed' and id > $1 order by id desc limit $2")
        .bind(after).bind(limit).fetch_all(conn).await)
}
