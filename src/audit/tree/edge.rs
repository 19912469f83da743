//! The right-hand edge of the tree: all that an append needs, whatever the tree's size. Pure.
//!
//! The tree is that of RFC 6962, section 2.1, with SHA-256. Its hashes lie in tiles of 256 (C2SP tlog-tiles, height 8): a tile of
//! level 0 holds hashes of leaves, one of level 1 the roots of 256 full tiles of level 0, and so on. The edge holds, for each
//! level, the hashes whose tile is not full yet.

use tlog_tiles::{EMPTY_HASH, Hash, node_hash};

/// Hashes in a full tile.
pub const WIDTH: usize = 256;

/// A tile as it stands after an append: the hashes of one level, from the first of the tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    pub level: u8,
    /// Its place among the tiles of its level.
    pub n: u64,
    /// 1 to 256 hashes of 32 bytes.
    pub hashes: Vec<u8>,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// The edge of a tree of this size. `hashes`: for each level the tile that is not full, level 0 first; those that such a
    /// tree has no part of are empty. `None` when they are not as many as the size asks for.
    pub fn of(size: u64, tiles: &[Vec<u8>]) -> Option<Self> {
        let mut levels = Vec::new();
        for (level, tile) in Self::unfull(size).zip(tiles) {
            let (hashes, rest) = tile.as_chunks::<32>();
            if hashes.len() < level.held || !rest.is_empty() {
                return None;
            }
            levels.push(hashes[..level.held].iter().map(|hash| Hash(*hash)).collect());
        }
        (levels.len() == Self::unfull(size).count()).then_some(Self { size, levels })
    }

    /// The tile of each level that a tree of this size has not filled.
    pub fn unfull(size: u64) -> impl Iterator<Item = Unfull> {
        (0..8u8).map_while(move |level| {
            let hashes = size >> (8 * u32::from(level));
            (hashes > 0).then_some(Unfull { level, n: hashes >> 8, held: (hashes & 0xff) as usize })
        })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Append one leaf, for whoever wants roots and no tiles.
    pub fn take(&mut self, leaf: Hash) {
        self.push(leaf, &mut Vec::new());
    }

    /// Append leaves. What comes back are the tiles that hold something new, each as it stands at the end.
    pub fn append(&mut self, leaves: &[Hash]) -> Vec<Tile> {
        let before = self.size;
        let mut tiles = Vec::new();
        for leaf in leaves {
            self.push(*leaf, &mut tiles);
        }
        let touched = |level: u8| before >> (8 * u32::from(level)) != self.size >> (8 * u32::from(level));
        let unfull = Self::unfull(self.size).zip(&self.levels).filter(|(tile, hashes)| !hashes.is_empty() && touched(tile.level));
        tiles.extend(unfull.map(|(tile, hashes)| Tile { level: tile.level, n: tile.n, hashes: hashes.as_flattened_bytes() }));
        tiles
    }

    fn push(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0u8.. {
            let place = usize::from(level);
            if place == self.levels.len() {
                self.levels.push(Vec::with_capacity(WIDTH));
            }
            let hashes = &mut self.levels[place];
            hashes.push(hash);
            if hashes.len() < WIDTH {
                return;
            }
            full.push(Tile { level, n: (self.size >> (8 * (u32::from(level) + 1))) - 1, hashes: hashes.as_flattened_bytes() });
            hash = perfect(hashes);
            hashes.clear();
        }
    }

    /// The root of the tree: the perfect trees along the edge, joined from the smallest to the largest.
    pub fn root(&self) -> Hash {
        let mut root = None;
        for hashes in &self.levels {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (before, last) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
                let left = perfect(last);
                root = Some(root.map_or(left, |right| node_hash(left, right)));
                rest = before;
            }
        }
        root.unwrap_or(EMPTY_HASH)
    }
}

/// A tile of the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfull {
    pub level: u8,
    pub n: u64,
    /// How many hashes it holds: 0 to 255.
    pub held: usize,
}

/// The root over a power of two of hashes.
fn perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(perfect(left), perfect(right))
        }
    }
}

trait Flattened {
    fn as_flattened_bytes(&self) -> Vec<u8>;
}

impl Flattened for Vec<Hash> {
    fn as_flattened_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|hash| hash.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use tlog_tiles::record_hash;

    fn leaf(n: u64) -> Hash {
        record_hash(&n.to_be_bytes())
    }

    /// RFC 6962, section 2.1, word for word: the independent way to a root.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => EMPTY_HASH,
            [only] => *only,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(by_definition(left), by_definition(right))
            }
        }
    }

    #[test]
    fn the_root_is_that_of_the_definition_at_every_size() {
        let leaves: Vec<Hash> = (0..1_100).map(leaf).collect();
        let mut edge = Edge::default();
        for size in 0..=leaves.len() {
            assert_eq!(edge.root(), by_definition(&leaves[..size]), "{size}");
            if let Some(next) = leaves.get(size) {
                edge.append(&[*next]);
            }
        }
    }

    /// However the leaves come, the tiles and the root are the same, and the edge can be taken up again from the tiles alone.
    #[test]
    fn an_edge_is_taken_up_from_its_tiles() {
        let leaves: Vec<Hash> = (0..70_000).map(leaf).collect();
        let (mut in_lots, mut tiles) = (Edge::default(), HashMap::new());
        for lot in [1, 255, 1, 300, 65_000, 443, 4_000].iter().scan(0, |from, length| {
            *from += length;
            Some(*from - length..*from)
        }) {
            for tile in in_lots.append(&leaves[lot]) {
                tiles.insert((tile.level, tile.n), tile.hashes);
            }
            let kept: Vec<Vec<u8>> = Edge::unfull(in_lots.size())
                .map(|tile| tiles.get(&(tile.level, tile.n)).filter(|_| tile.held > 0).cloned().unwrap_or_default())
                .collect();
            assert_eq!(Edge::of(in_lots.size(), &kept).map(|edge| edge.root()), Some(in_lots.root()), "{}", in_lots.size());
        }
        let mut at_once = Edge::default();
        let whole = at_once.append(&leaves);
        assert_eq!((at_once.root(), at_once.size()), (in_lots.root(), 70_000));
        assert!(whole.iter().all(|tile| tiles[&(tile.level, tile.n)] == tile.hashes));
        assert_eq!(whole.len(), tiles.len(), "70,000 hashes are 274 tiles, 2 above them, and one on top");
    }

    #[test]
    fn an_edge_is_not_made_of_too_few_hashes() {
        assert!(Edge::of(3, &[vec![0; 64]]).is_none());
        assert!(Edge::of(3, &[vec![0; 95]]).is_none());
        assert!(Edge::of(300, &[vec![0; 44 * 32]]).is_none(), "the tile above is missing");
        assert_eq!(Edge::of(0, &[]), Some(Edge::default()));
    }
}
