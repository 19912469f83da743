//! The SQL of the tree: the head and its lock, the queue, leaves, tiles, checkpoints.
//!
//! A lot of events gets its places by a few statements, whatever its length: the rows are made in the database, from the
//! order of the queue, and the hashes come as one run of bytes.
//!
//! What walks over the places is planned anew for each part of the way (`persistent(false)`): a plan for any part at all takes PostgreSQL
//! over every event each time. Where its rows must match a filter, the filter is written so that no index serves it (`recorded_at + 0`, `is not
//! distinct from`): before PostgreSQL has counted a log it takes such an index for a short way, and reads all of it for each part.

use super::checkpoint::Head;
use super::edge::Tile;
use crate::audit::{ActorKind, Filter, Kind, Outcome, Recorded};
use crate::crypto::Sealed;
use crate::crypto::blind_index::BlindIndex;
use crate::db::{self, Tx, in_tx, many};
use crate::ids::EventId;
use crate::time::Timestamp;
use anyhow::Context;
use std::collections::HashMap;
use tlog_tiles::Hash;
use uuid::Uuid;

/// The tree as it was committed last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tree {
    pub size: u64,
    pub root: Hash,
}

fn tree_of((size, root): (i64, Vec<u8>)) -> sqlx::Result<Tree> {
    let root = root.try_into().map_err(|_| sqlx::Error::Decode("a root has 32 bytes".into()))?;
    Ok(Tree { size: size.cast_unsigned(), root: Hash(root) })
}

pub async fn tree(tx: &mut Tx) -> sqlx::Result<Tree> {
    let row = in_tx!(tx, conn => sqlx::query_as("select size, root from audit_tree").fetch_one(conn).await)?;
    tree_of(row)
}

/// The tree, held for this transaction: no other sequencer goes on until it ends.
pub async fn hold_tree(tx: &mut Tx) -> sqlx::Result<Tree> {
    let row = in_tx!(tx, conn => sqlx::query_as("update audit_tree set size = size returning size, root").fetch_one(conn).await)?;
    tree_of(row)
}

pub async fn grow_tree(tx: &mut Tx, tree: Tree) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update audit_tree set size = $1, root = $2")
        .bind(tree.size.cast_signed()).bind(tree.root.0.as_slice()).execute(conn).await.map(drop))
}

/// True when some event waits for its place.
pub async fn anything_waits(tx: &mut Tx) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query_scalar::<_, i64>("select count(*) from (select event_id from audit_pending limit 1) as one")
        .fetch_one(conn).await.map(|count| count > 0))
}

/// True when an event of that kind has its place at `size` or behind it.
pub async fn anything_of(tx: &mut Tx, size: u64, kind: Kind) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query_scalar::<_, i64>(
        "select count(*) from (select n from audit_leaf join audit_event on audit_event.id = audit_leaf.event_id
             where n >= $1 and kind = $2 limit 1) as one")
        .bind(size.cast_signed()).bind(kind.word()).fetch_one(conn).await.map(|count| count > 0))
}

/// True when an event of another kind has its place at `size` or behind it.
pub async fn anything_since(tx: &mut Tx, size: i64, but: Kind) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query_scalar::<_, i64>(
        "select count(*) from (select n from audit_leaf join audit_event on audit_event.id = audit_leaf.event_id
             where n >= $1 and kind <> $2 limit 1) as one")
        .bind(size).bind(but.word()).fetch_one(conn).await.map(|count| count > 0))
}

/// One that waits, as far as its leaf goes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    pub id: EventId,
    pub recorded_at: Timestamp,
    pub kind: String,
    pub outcome: String,
    pub payload_hash: Vec<u8>,
}

/// Those that wait longest, in their order.
pub async fn waiting(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Waiting>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select audit_event.id, recorded_at, kind, outcome, payload_hash
         from (select event_id from audit_pending order by event_id limit $1) as lot join audit_event on audit_event.id = lot.event_id
         order by audit_event.id")
        .bind(limit).fetch_all(conn).await)
}

/// A patient's tag on an event of the lot, with the number that the event has among the tag's.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Subject {
    pub tag: Vec<u8>,
    pub n: i64,
    pub leaf: i64,
}

/// Number the events of the lot for each tag, on from the last. In the order of the leaves and of the tags.
pub async fn number_subjects(tx: &mut Tx, size: u64, limit: i64) -> sqlx::Result<Vec<Subject>> {
    let mut subjects: Vec<Subject> = in_tx!(tx, conn => sqlx::query_as(
        "insert into audit_leaf_subject (tag, n, leaf)
         select tags.tag,
                coalesce((select max(earlier.n) from audit_leaf_subject as earlier where earlier.tag = tags.tag), 0)
                    + row_number() over (partition by tags.tag order by lot.place),
                $1 + lot.place
         from (select event_id, row_number() over (order by event_id) - 1 as place
               from (select event_id from audit_pending order by event_id limit $2) as first) as lot
         join audit_event_subject as tags on tags.event_id = lot.event_id
         returning tag, n, leaf")
        .bind(size.cast_signed()).bind(limit).fetch_all(conn).await)?;
    subjects.sort_unstable_by(|one, other| (one.leaf, &one.tag).cmp(&(other.leaf, &other.tag)));
    Ok(subjects)
}

/// Give the lot its places. `hashes`: 32 bytes for each event, in their order.
pub async fn insert_leaves(tx: &mut Tx, size: u64, limit: i64, hashes: &[u8]) -> sqlx::Result<u64> {
    in_tx!(tx, conn => sqlx::query(
        "insert into audit_leaf (n, event_id, hash)
         select $1 + lot.place, lot.event_id, substr($3, cast(lot.place * 32 + 1 as integer), 32)
         from (select event_id, row_number() over (order by event_id) - 1 as place
               from (select event_id from audit_pending order by event_id limit $2) as first) as lot")
        .bind(size.cast_signed()).bind(limit).bind(hashes).execute(conn).await.map(|done| done.rows_affected()))
}

/// Take the lot out of the queue. Bounded on both sides: without that, the database looks at the whole queue.
pub async fn unqueue(tx: &mut Tx, first: EventId, last: EventId) -> sqlx::Result<u64> {
    in_tx!(tx, conn => sqlx::query("delete from audit_pending where event_id >= $1 and event_id <= $2")
        .bind(first).bind(last).execute(conn).await.map(|done| done.rows_affected()))
}

pub async fn put_tile(tx: &mut Tx, tile: &Tile) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into audit_tile (level, n, hashes) values ($1, $2, $3) on conflict (level, n) do update set hashes = excluded.hashes")
        .bind(i64::from(tile.level)).bind(tile.n.cast_signed()).bind(&tile.hashes).execute(conn).await.map(drop))
}

pub async fn tile(tx: &mut Tx, level: u8, n: u64) -> sqlx::Result<Option<Vec<u8>>> {
    in_tx!(tx, conn => sqlx::query_scalar("select hashes from audit_tile where level = $1 and n = $2")
        .bind(i64::from(level)).bind(n.cast_signed()).fetch_optional(conn).await)
}

/// The root that was signed at this size, if one was.
pub async fn signed_root(tx: &mut Tx, size: u64) -> anyhow::Result<Option<Hash>> {
    let root: Option<Vec<u8>> = in_tx!(tx, conn => sqlx::query_scalar("select root from audit_checkpoint where size = $1")
        .bind(size.cast_signed()).fetch_optional(conn).await)?;
    root.map(|root| root.try_into().map(Hash).ok().context("a root has 32 bytes")).transpose()
}

/// True once anything was signed.
pub async fn anything_signed(tx: &mut Tx) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query_scalar::<_, i64>("select count(*) from (select size from audit_checkpoint limit 1) as one")
        .fetch_one(conn).await.map(|count| count > 0))
}

/// Keep a signed head. Of two at one size the first stays.
pub async fn insert_checkpoint(tx: &mut Tx, head: &Head, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into audit_checkpoint (size, root, note, signed_at) values ($1, $2, $3, $4) on conflict (size) do nothing")
        .bind(head.size.cast_signed()).bind(head.root.0.as_slice()).bind(&head.note).bind(now).execute(conn).await.map(drop))
}

/// A place in the tree and the event that has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Leaf {
    pub n: i64,
    pub event_id: EventId,
    pub hash: Vec<u8>,
}

/// A place, and the event that has it if it is there.
#[derive(Debug, Clone)]
pub struct Placed {
    pub leaf: Leaf,
    pub event: Option<Recorded>,
}

/// A row of [`placed`]: a leaf, and the columns of its event or nulls.
type PlacedRow = (
    i64,
    EventId,
    Vec<u8>,
    Option<Timestamp>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Uuid>,
    Option<Vec<u8>>,
    Option<Sealed>,
    Option<BlindIndex>,
);

/// The next places, from `from` on, with their events.
pub async fn placed(tx: &mut Tx, from: i64, limit: i64) -> sqlx::Result<Vec<Placed>> {
    let rows: Vec<PlacedRow> = in_tx!(tx, conn => sqlx::query_as(
        "select lot.n, lot.event_id, lot.hash, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index
         from (select n, event_id, hash from audit_leaf where n >= $1 order by n limit $2) as lot
         left join audit_event on audit_event.id = lot.event_id order by lot.n")
        .bind(from).bind(limit).persistent(false).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(placed_of).collect())
}

fn placed_of((n, id, hash, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index): PlacedRow) -> Placed {
    let columns = recorded_at.zip(kind).zip(outcome).zip(actor_kind).zip(payload_hash).zip(payload);
    let event = columns.map(|(((((recorded_at, kind), outcome), actor_kind), payload_hash), payload)| Recorded {
        id,
        recorded_at,
        kind,
        outcome,
        actor_kind,
        actor_id,
        payload_hash,
        payload,
        source_index,
    });
    Placed { leaf: Leaf { n, event_id: id, hash }, event }
}

/// A patient's tag on the event at a place, and its number there if it has one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tagged {
    pub leaf: i64,
    pub tag: Vec<u8>,
    pub n: Option<i64>,
}

/// The tags on the events from `first` to `last`, in the order of places and tags.
pub async fn tagged(tx: &mut Tx, first: i64, last: i64) -> sqlx::Result<Vec<Tagged>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select audit_leaf.n as leaf, tags.tag as tag, numbers.n as n
         from audit_leaf join audit_event_subject as tags on tags.event_id = audit_leaf.event_id
         left join audit_leaf_subject as numbers on numbers.leaf = audit_leaf.n and numbers.tag = tags.tag
         where audit_leaf.n >= $1 and audit_leaf.n <= $2 order by audit_leaf.n, tags.tag")
        .bind(first).bind(last).persistent(false).fetch_all(conn).await)
}

/// How many numbers were given to tags.
pub async fn numbers(tx: &mut Tx) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar("select count(*) from audit_leaf_subject").fetch_one(conn).await)
}

/// How many events have no place.
pub async fn unplaced(tx: &mut Tx) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select (select count(*) from audit_event) - (select count(distinct event_id) from audit_leaf)").fetch_one(conn).await)
}

/// How many events have no place and wait for one.
pub async fn waiting_for_places(tx: &mut Tx) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select count(*) from audit_pending join audit_event on audit_event.id = audit_pending.event_id
         left join audit_leaf on audit_leaf.event_id = audit_pending.event_id where audit_leaf.n is null")
        .fetch_one(conn).await)
}

/// Events that have no place yet, in the order of their ids, after `after`.
pub async fn events_without_place(tx: &mut Tx, after: EventId, limit: i64) -> sqlx::Result<Vec<Recorded>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index
         from audit_pending join audit_event on id = audit_pending.event_id
         left join audit_leaf on audit_leaf.event_id = audit_pending.event_id
         where audit_leaf.n is null and audit_pending.event_id > $1 order by id limit $2")
        .bind(after).bind(limit).fetch_all(conn).await)
}

/// Events that have no place and do not wait for one, some of them.
pub async fn lost(tx: &mut Tx) -> sqlx::Result<Vec<EventId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select audit_event.id from audit_event left join audit_leaf on audit_leaf.event_id = audit_event.id
         left join audit_pending on audit_pending.event_id = audit_event.id
         where audit_leaf.n is null and audit_pending.event_id is null order by audit_event.id limit 100")
        .fetch_all(conn).await)
}

/// A head as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Signed {
    pub size: i64,
    pub note: String,
}

/// The next signed heads over more than `size` events.
pub async fn checkpoints(tx: &mut Tx, size: i64, limit: i64) -> sqlx::Result<Vec<Signed>> {
    in_tx!(tx, conn => sqlx::query_as("select size, note from audit_checkpoint where size > $1 order by size limit $2")
        .bind(size).bind(limit).fetch_all(conn).await)
}

/// The hashes of those of these events that are there.
pub async fn payload_hashes(tx: &mut Tx, events: impl IntoIterator<Item = EventId>) -> sqlx::Result<HashMap<Uuid, Vec<u8>>> {
    let mut found = HashMap::new();
    for lot in db::lots(events, EventId(Uuid::nil())) {
        let rows: Vec<(Uuid, Vec<u8>)> = in_tx!(tx, conn => {
            let query = sqlx::query_as(concat!("select id, payload_hash from audit_event where id in (", many!(), ")"));
            lot.iter().fold(query, |query, event| query.bind(*event)).fetch_all(conn).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// The hashes at those of these places that are taken.
pub async fn leaf_hashes(tx: &mut Tx, places: impl IntoIterator<Item = i64>) -> sqlx::Result<HashMap<i64, Vec<u8>>> {
    let mut found = HashMap::new();
    for lot in db::lots(places, -1) {
        let rows: Vec<(i64, Vec<u8>)> = in_tx!(tx, conn => {
            let query = sqlx::query_as(concat!("select n, hash from audit_leaf where n in (", many!(), ")"));
            lot.iter().fold(query, |query, place| query.bind(*place)).fetch_all(conn).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// The first head over more than `size` events.
pub async fn head_over(tx: &mut Tx, size: u64) -> sqlx::Result<Option<Signed>> {
    Ok(checkpoints(tx, size.cast_signed(), 1).await?.pop())
}

/// The last head over at most `size` events.
pub async fn head_up_to(tx: &mut Tx, size: u64) -> sqlx::Result<Option<Signed>> {
    in_tx!(tx, conn => sqlx::query_as("select size, note from audit_checkpoint where size <= $1 order by size desc limit 1")
        .bind(size.cast_signed()).fetch_optional(conn).await)
}

/// The place of an event, once it has one.
pub async fn place_of(tx: &mut Tx, event: EventId) -> sqlx::Result<Option<u64>> {
    let place: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar("select n from audit_leaf where event_id = $1")
        .bind(event).fetch_optional(conn).await)?;
    Ok(place.map(i64::cast_unsigned))
}

/// The first and the last place of an event of that time.
pub async fn period(tx: &mut Tx, from: Timestamp, until: Timestamp) -> sqlx::Result<Option<(i64, i64)>> {
    let ends: (Option<i64>, Option<i64>) = in_tx!(tx, conn => sqlx::query_as(
        "select min(n), max(n) from audit_event join audit_leaf on audit_leaf.event_id = audit_event.id
         where recorded_at >= $1 and recorded_at < $2")
        .bind(from).bind(until).fetch_one(conn).await)?;
    Ok(ends.0.zip(ends.1))
}

/// A place and its event, and the turn that it has in the list that it was read from.
#[derive(Debug, Clone)]
pub struct Matched {
    pub turn: i64,
    pub place: i64,
    pub event: Recorded,
}

type MatchedRow = (i64, i64, EventId, Timestamp, String, String, String, Option<Uuid>, Vec<u8>, Sealed, Option<BlindIndex>);

fn matched_of(row: MatchedRow) -> Matched {
    let (turn, place, id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index) = row;
    let event = Recorded { id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index };
    Matched { turn, place, event }
}

/// Events of a filter with places from `from` up to `until`, in the order of places. The filter's patient is not asked for: see
/// [`matching_of`]. The turn is the place.
pub async fn matching(tx: &mut Tx, filter: &Filter, from: i64, until: i64, limit: i64) -> sqlx::Result<Vec<Matched>> {
    let rows: Vec<MatchedRow> = in_tx!(tx, conn => sqlx::query_as(
        "select lot.n, lot.n, id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index
         from audit_leaf as lot join audit_event on audit_event.id = lot.event_id
         where lot.n >= $1 and lot.n < $2 and recorded_at + 0 >= $3 and recorded_at + 0 < $4
           and ($5 is null or actor_id is not distinct from $5) and ($6 is null or kind is not distinct from $6)
           and ($7 is null or outcome is not distinct from $7) and ($8 is null or actor_kind is not distinct from $8)
         order by lot.n limit $9")
        .bind(from).bind(until)
        .bind(filter.from.unwrap_or(Timestamp(i64::MIN))).bind(filter.until.unwrap_or(Timestamp(i64::MAX)))
        .bind(filter.actor).bind(filter.kind.map(Kind::word)).bind(filter.outcome.map(Outcome::word))
        .bind(filter.actor_kind.map(ActorKind::word)).bind(limit)
        .persistent(false).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(matched_of).collect())
}

/// The same of a patient's tag. The turn is the tag's number, from `from` on; `until` is a place.
pub async fn matching_of(tx: &mut Tx, tag: &[u8], filter: &Filter, from: i64, until: i64, limit: i64) -> sqlx::Result<Vec<Matched>> {
    let rows: Vec<MatchedRow> = in_tx!(tx, conn => sqlx::query_as(
        "select own.n, own.leaf, id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index
         from audit_leaf_subject as own join audit_leaf as lot on lot.n = own.leaf join audit_event on audit_event.id = lot.event_id
         where own.tag = $10 and own.n >= $1 and own.leaf < $2 and recorded_at + 0 >= $3 and recorded_at + 0 < $4
           and ($5 is null or actor_id is not distinct from $5) and ($6 is null or kind is not distinct from $6)
           and ($7 is null or outcome is not distinct from $7) and ($8 is null or actor_kind is not distinct from $8)
         order by own.n limit $9")
        .bind(from).bind(until)
        .bind(filter.from.unwrap_or(Timestamp(i64::MIN))).bind(filter.until.unwrap_or(Timestamp(i64::MAX)))
        .bind(filter.actor).bind(filter.kind.map(Kind::word)).bind(filter.outcome.map(Outcome::word))
        .bind(filter.actor_kind.map(ActorKind::word)).bind(limit).bind(tag)
        .persistent(false).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(matched_of).collect())
}

/// All tags on the events that bear this one, from its number `first` to `last`, in the order of places and tags.
pub async fn tagged_of(tx: &mut Tx, tag: &[u8], first: i64, last: i64) -> sqlx::Result<Vec<Tagged>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select numbers.leaf as leaf, numbers.tag as tag, numbers.n as n
         from audit_leaf_subject as own join audit_leaf_subject as numbers on numbers.leaf = own.leaf
         where own.tag = $1 and own.n >= $2 and own.n <= $3 order by numbers.leaf, numbers.tag")
        .bind(tag).bind(first).bind(last).persistent(false).fetch_all(conn).await)
}
