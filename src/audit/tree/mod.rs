//! The log as a Merkle tree that a stranger can verify (AUD-20, AUD-21).
//!
//! Events wait in a queue that was filled in their own transactions. A [`Sequencer`] gives them their places: in one
//! transaction it locks the tree, writes leaves, tiles, the new size and root, and empties the queue. Any node may run one; the
//! row lock is the only election. [`Heads`] then signs what was committed, and only what goes on from the last head, which is
//! kept outside the database.
//!
//! `keys` are the files of the keys that sign, `succession` is how one follows another.
//!
//! `edge`, `sparse`, `checkpoint` and `cosignature` are pure. `proof` reads tiles. `store` is the SQL.

mod checkpoint;
mod cosignature;
mod edge;
mod heads;
mod keys;
mod proof;
mod sparse;
mod store;
mod succession;

pub use checkpoint::{Head, LOG_HEAD, LogKey, NOTE_BYTES_MAX, Reading, public_of, verifier_text};
pub use cosignature::{Cosigner, WitnessKey};
pub use edge::Edge;
pub use heads::{Heads, Refused, write_whole};
pub use keys::{LogKeys, Retired};
pub use proof::{Subtrees, consistency, includes, inclusion};
pub use sparse::{Sparse, cover};
pub use store::{
    Leaf, Matched, Placed, Signed, Tagged, Tree, anything_since, checkpoints, events_without_place, head_over, head_up_to, leaf_hashes,
    lost, matching, matching_of, numbers, payload_hashes, period, place_of, placed, signed_root, tagged, tagged_of, tree, unplaced,
    waiting_for_places,
};
pub use succession::Loss;

use super::event::leaf_bytes;
use super::store::{Bookkeeping, Log};
use crate::db;
use anyhow::{Context, ensure};
use store::{Subject, Waiting};
/// A hash of the tree, and that of a leaf's bytes (RFC 6962, 2.1).
pub use tlog_tiles::{EMPTY_HASH, Hash, check_tree, record_hash};
use tokio::sync::Mutex;

/// How many events get their places in one transaction. Higher: more a second. Lower: who writes meanwhile waits less.
pub const LOT: i64 = 1_000;

/// Gives events their places in the tree.
#[derive(Debug)]
pub struct Sequencer {
    log: Log,
    /// What this one knows from its last step. Read anew when another was quicker. Held for a step.
    edge: Mutex<Edge>,
}

impl Sequencer {
    pub fn new(log: Log) -> Self {
        Self { log, edge: Mutex::default() }
    }

    /// Give all that wait their places, a lot at a time. How many those were.
    pub async fn catch_up(&self) -> anyhow::Result<u64> {
        let mut placed = 0;
        loop {
            let lot = self.step(LOT).await?;
            placed += lot;
            if lot < LOT.cast_unsigned() {
                return Ok(placed);
            }
        }
    }

    /// Give up to `limit` events their places. How many it were.
    pub async fn step(&self, limit: i64) -> anyhow::Result<u64> {
        let mut known = self.edge.lock().await;
        let mut reading = self.log.db.reading().await?;
        if !store::anything_waits(&mut reading).await? {
            return Ok(0);
        }
        drop(reading);
        let mut tx = self.log.bookkeeping().await?;
        let tree = match store::hold_tree(&mut tx).await {
            Ok(tree) => tree,
            // Another was quicker, and what this one sees is of the past by now.
            Err(error) if db::lost_to_another(&error) => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        let mut edge = edge_of(&mut tx, tree, &known).await?;
        let lot = store::waiting(&mut tx, limit).await?;
        let (Some(first), Some(last)) = (lot.first(), lot.last()) else { return Ok(0) };
        let subjects = store::number_subjects(&mut tx, tree.size, limit).await?;
        let leaves = hashes_of(tree.size, &lot, &subjects)?;
        let hashes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
        let placed = store::insert_leaves(&mut tx, tree.size, limit, &hashes).await?;
        let unqueued = store::unqueue(&mut tx, first.id, last.id).await?;
        let count = lot.len() as u64;
        ensure!(placed == count && unqueued == count, "of {count} events {placed} got a place and {unqueued} left the queue");
        for tile in edge.append(&leaves) {
            store::put_tile(&mut tx, &tile).await?;
        }
        store::grow_tree(&mut tx, Tree { size: edge.size(), root: edge.root() }).await?;
        tx.commit_bookkeeping(Bookkeeping::Sequencer).await?;
        // Only what is committed is remembered, and told.
        (tree.size..).zip(&leaves).for_each(|(n, hash)| self.log.shadow.leaf(n, &hash.0));
        *known = edge;
        Ok(count)
    }
}

/// The edge of the tree as it is committed: the known one, if nobody was quicker.
async fn edge_of(tx: &mut db::Tx, tree: Tree, known: &Edge) -> anyhow::Result<Edge> {
    if known.size() == tree.size && known.root() == tree.root {
        return Ok(known.clone());
    }
    let mut tiles = Vec::new();
    for tile in Edge::unfull(tree.size) {
        let kept = if tile.held > 0 { store::tile(tx, tile.level, tile.n).await? } else { None };
        tiles.push(kept.unwrap_or_default());
    }
    let edge = Edge::of(tree.size, &tiles).context("the tree's tiles are not whole")?;
    ensure!(edge.root() == tree.root, "the tree's tiles do not make up its root");
    Ok(edge)
}

/// The hashes of the lot's leaves, the first of which has the place `size`.
fn hashes_of(size: u64, lot: &[Waiting], subjects: &[Subject]) -> anyhow::Result<Vec<Hash>> {
    let mut rest = subjects;
    let mut leaves = Vec::with_capacity(lot.len());
    for (place, event) in (size..).zip(lot) {
        let (own, others) = rest.split_at(rest.iter().take_while(|subject| subject.leaf.cast_unsigned() == place).count());
        rest = others;
        let subjects: Vec<([u8; 16], u64)> =
            own.iter().map(|subject| Ok((subject.tag.as_slice().try_into()?, subject.n.cast_unsigned()))).collect::<anyhow::Result<_>>()?;
        let hash: &[u8; 32] = event.payload_hash.as_slice().try_into().context("a payload's hash has 32 bytes")?;
        leaves.push(record_hash(&leaf_bytes(event.id, event.recorded_at, &event.kind, &event.outcome, &subjects, hash)));
    }
    ensure!(rest.is_empty(), "{} tags belong to no event of the lot", rest.len());
    Ok(leaves)
}
