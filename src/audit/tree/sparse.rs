//! A tree of which some leaves are known and of the others only the hashes above them. Pure.
//!
//! What an export leaves out stands in it as the roots of the perfect trees that cover the gap. They and the leaves, in their order, make up
//! the root that was signed: one proof for all events of the export, that each has its place and that none stands between two places that
//! follow one another.

use tlog_tiles::{EMPTY_HASH, Hash, node_hash};

/// The tree so far: the roots of the perfect trees along its edge, the largest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sparse {
    size: u64,
    edge: Vec<(u8, Hash)>,
}

impl Sparse {
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Append the root of a perfect tree of 2^`level` leaves; a leaf has level 0. Only where such a tree may begin, as [`cover`] has them.
    pub fn put(&mut self, level: u8, hash: Hash) {
        self.size += 1 << level;
        let (mut level, mut hash) = (level, hash);
        while let Some((_, left)) = self.edge.pop_if(|(last, _)| *last == level) {
            hash = node_hash(left, hash);
            level += 1;
        }
        self.edge.push((level, hash));
    }

    /// The root of the tree as RFC 6962 has it.
    pub fn root(&self) -> Hash {
        let right_to_left = self.edge.iter().rev().map(|(_, hash)| *hash);
        right_to_left.reduce(|right, left| node_hash(left, right)).unwrap_or(EMPTY_HASH)
    }
}

/// The perfect trees that cover the places from `from` up to `until`, in their order: the level of each, and its place among those of its
/// level.
pub fn cover(from: u64, until: u64) -> impl Iterator<Item = (u8, u64)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let left = until.checked_sub(at).filter(|left| *left > 0)?;
        // As large as the place lets it begin and as what is left lets it end.
        let level = at.trailing_zeros().min(left.ilog2());
        let tree = (u8::try_from(level).ok()?, at >> level);
        at += 1 << level;
        Some(tree)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::Edge;
    use proptest::prelude::*;
    use tlog_tiles::record_hash;

    fn leaf(n: u64) -> Hash {
        record_hash(&n.to_be_bytes())
    }

    fn perfect(level: u8, n: u64) -> Hash {
        match level {
            0 => leaf(n),
            _ => node_hash(perfect(level - 1, 2 * n), perfect(level - 1, 2 * n + 1)),
        }
    }

    proptest! {
        /// Whichever leaves are left out, and wherever a gap is split, the root is that of the whole tree.
        #[test]
        fn any_gaps_make_up_the_same_root(cuts in proptest::collection::vec(0u64..3_000, 1..20)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut sparse, mut whole) = (Sparse::default(), Edge::default());
            for (lot, until) in cuts.into_iter().enumerate() {
                for n in sparse.size()..until {
                    whole.take(leaf(n));
                }
                if lot % 2 == 0 {
                    cover(sparse.size(), until).for_each(|(level, n)| sparse.put(level, perfect(level, n)));
                } else {
                    (sparse.size()..until).for_each(|n| sparse.put(0, leaf(n)));
                }
                prop_assert_eq!((sparse.size(), sparse.root()), (until, whole.root()));
            }
        }
    }
}
