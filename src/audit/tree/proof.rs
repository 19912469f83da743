//! Proofs from the tiles of the database: that the tree holds a leaf, and that a larger tree goes on from a smaller one
//! (RFC 6962, sections 2.1.1 and 2.1.2).
//!
//! Each proof is checked against the root that it is for before it is given away, so that a damaged tile makes an error
//! here and never a proof that an auditor finds wrong.

use super::store;
use crate::db;
use anyhow::{Context, anyhow};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use tlog_tiles::{Error, Hash, HashReader, Tile, check_record, check_tree, prove_record, prove_tree, stored_hash_index};

/// The height of a tile: 2^8 hashes.
const HEIGHT: u8 = 8;

/// The hashes that lead from the leaf at `n` to the root of the tree of this size.
pub async fn inclusion(tx: &mut db::Tx, size: u64, root: Hash, n: u64, leaf: Hash) -> anyhow::Result<Vec<Hash>> {
    let proof = prove(tx, size, |hashes| prove_record(size, n, hashes)).await?;
    check_record(&proof, size, root, n, leaf).map_err(|_| anyhow!("the tree's tiles do not lead from event {n} to its root"))?;
    Ok(proof)
}

/// Whether these hashes lead from the leaf at `n` to the root of the tree of this size.
pub fn includes(beside: &[Hash], size: u64, root: Hash, n: u64, leaf: Hash) -> bool {
    n < size && check_record(&beside.to_vec(), size, root, n, leaf).is_ok()
}

/// The hashes that show that the tree of this size begins with the older tree.
pub async fn consistency(tx: &mut db::Tx, size: u64, root: Hash, older_size: u64, older_root: Hash) -> anyhow::Result<Vec<Hash>> {
    let proof = prove(tx, size, |hashes| prove_tree(size, older_size, hashes)).await?;
    check_tree(&proof, size, root, older_size, older_root)
        .map_err(|_| anyhow!("the log of {size} events does not go on from what was signed at {older_size}"))?;
    Ok(proof)
}

/// The provers are not async: the first go says which hashes it wants, the second one has them.
async fn prove(tx: &mut db::Tx, size: u64, prover: impl Fn(&Hashes) -> Result<Vec<Hash>, Error>) -> anyhow::Result<Vec<Hash>> {
    let mut hashes = Hashes { size, tiles: HashMap::new(), wanted: RefCell::default() };
    if let Ok(nothing_needed) = prover(&hashes) {
        return Ok(nothing_needed);
    }
    for tile in hashes.wanted.take() {
        let data = store::tile(tx, tile.0, tile.1).await?.with_context(|| format!("tile {} of level {} is missing", tile.1, tile.0))?;
        hashes.tiles.insert(tile, data);
    }
    prover(&hashes).map_err(|error| anyhow!("prove from the tiles: {error}"))
}

/// Hashes by their place, out of tiles that were fetched before.
struct Hashes {
    size: u64,
    tiles: HashMap<(u8, u64), Vec<u8>>,
    wanted: RefCell<BTreeSet<(u8, u64)>>,
}

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let tile_of = |index: &u64| {
            let tile = Tile::from_index(HEIGHT, *index);
            (tile.level(), tile.level_index())
        };
        if self.tiles.is_empty() {
            self.wanted.borrow_mut().extend(indexes.iter().map(tile_of));
            return Err(Error::InvalidInput(format!("a tree of {} has its tiles to fetch", self.size)));
        }
        let hash = |index: &u64| Tile::from_index(HEIGHT, *index).hash_at_index(&self.tiles[&tile_of(index)], *index);
        indexes.iter().map(hash).collect()
    }
}

/// The hashes of perfect trees inside the tree, for whoever asks from left to right: of each level the tile that was read last is kept.
#[derive(Debug, Default)]
pub struct Subtrees {
    tiles: HashMap<u8, (u64, Vec<u8>)>,
}

impl Subtrees {
    /// The root over the 2^`level` leaves from the place `n` · 2^`level` on.
    pub async fn root(&mut self, tx: &mut db::Tx, level: u8, n: u64) -> anyhow::Result<Hash> {
        let index = stored_hash_index(level, n);
        let tile = Tile::from_index(HEIGHT, index);
        let (tile_level, place) = (tile.level(), tile.level_index());
        if self.tiles.get(&tile_level).is_none_or(|(kept, hashes)| *kept != place || tile.hash_at_index(hashes, index).is_err()) {
            let hashes =
                store::tile(tx, tile_level, place).await?.with_context(|| format!("tile {place} of level {tile_level} is missing"))?;
            self.tiles.insert(tile_level, (place, hashes));
        }
        tile.hash_at_index(&self.tiles[&tile_level].1, index).map_err(|error| anyhow!("read a tile: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::Edge;
    use crate::crypto::sha256;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use sha2::Sha256;
    use tlog_tiles::record_hash;

    /// Trees of so many leaves at most.
    const LEAVES_MAX: u64 = 4_096;
    /// Sizes of one run, and proofs of each kind at each size.
    const SIZES: u64 = 300;
    const PROOFS: u64 = 4;

    /// Numbers that a seed decides, so that a run that fails can be had again.
    struct Dice(u64, u64);

    impl Dice {
        fn below(&mut self, bound: u64) -> u64 {
            self.1 += 1;
            let thrown = sha256(&[self.0.to_be_bytes(), self.1.to_be_bytes()].concat());
            u64::from_be_bytes(*thrown.first_chunk().expect("32 bytes hold 8")) % bound
        }
    }

    fn bytes(proof: &[Hash]) -> Vec<u8> {
        proof.iter().flat_map(|hash| hash.0).collect()
    }

    /// Roots, inclusion and consistency proofs at random sizes, from tiles that grew by random lots, beside another implementation.
    #[test]
    fn proofs_of_random_trees_are_those_of_another_implementation() {
        let seed: u64 = std::env::var("PROOF_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| u64::from_be_bytes(crate::crypto::Rng::system().bytes()));
        let mut dice = Dice(seed, 0);
        let mut sizes: Vec<u64> = (0..SIZES).map(|_| dice.below(LEAVES_MAX + 1)).chain([0, 1, 2, 255, 256, 257, LEAVES_MAX]).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let (mut edge, mut hashes) = (Edge::default(), Hashes { size: 0, tiles: HashMap::new(), wanted: RefCell::default() });
        let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let (mut leaves, mut roots) = (Vec::new(), Vec::<(u64, Hash)>::new());
        for size in sizes {
            let lot: Vec<Vec<u8>> =
                (edge.size()..size).map(|n| [seed.to_be_bytes(), n.to_be_bytes(), dice.below(u64::MAX).to_be_bytes()].concat()).collect();
            let new: Vec<Hash> = lot.iter().map(|leaf| record_hash(leaf)).collect();
            hashes.tiles.extend(edge.append(&new).into_iter().map(|tile| ((tile.level, tile.n), tile.hashes)));
            hashes.size = size;
            leaves.extend(new);
            lot.into_iter().for_each(|leaf| other.push(leaf));
            let root = edge.root();
            assert_eq!(root.0.as_slice(), other.root().as_bytes().as_slice(), "seed {seed}, {size} leaves");
            for _ in 0..PROOFS.min(size) {
                let n = dice.below(size);
                let proof = prove_record(size, n, &hashes).expect("from the tiles");
                assert_eq!(bytes(&proof), other.prove_inclusion(n as usize).as_bytes(), "seed {seed}, leaf {n} of {size}");
                assert!(check_record(&proof, size, root, n, leaves[n as usize]).is_ok());
            }
            for _ in 0..PROOFS.min(roots.len() as u64) {
                let (older, older_root) = roots[dice.below(roots.len() as u64) as usize];
                let proof = prove_tree(size, older, &hashes).expect("from the tiles");
                assert_eq!(bytes(&proof), other.prove_consistency((size - older) as usize).as_bytes(), "seed {seed}, {older} to {size}");
                assert!(check_tree(&proof, size, root, older, older_root).is_ok());
            }
            if size > 0 {
                roots.push((size, root));
            }
        }
    }
}
