//! Exports that pages watch: how far each is, for the person who asked for it.
//!
//! In memory, and that is all there is to read it: one server lives on a database ([`OnlyNode`](crate::db::OnlyNode)), and an export ends with the
//! server that makes it. A page that asks the next one is told that it is not known there, and shows a bar without an end.

use super::Progress;
use crate::ids::StaffId;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Exports that are remembered. Lower: less memory. Higher: more of them at once can be watched.
const WATCHED_MAX: usize = 64;

/// The newest exports of this server, each under a word that its page made up.
#[derive(Debug, Clone, Default)]
pub struct Watched(Arc<Mutex<VecDeque<(StaffId, Uuid, Progress)>>>);

impl Watched {
    pub fn add(&self, officer: StaffId, word: Uuid, progress: Progress) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= WATCHED_MAX {
            watched.pop_front();
        }
        watched.push_back((officer, word, progress));
    }

    /// Nobody sees the export of another.
    pub fn find(&self, officer: StaffId, word: Uuid) -> Option<Progress> {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.iter().rev().find(|(by, of, _)| (*by, *of) == (officer, word)).map(|(.., progress)| progress.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_known_to_its_officer_until_many_newer_ones_came() {
        let (watched, officer, other) = (Watched::default(), StaffId(Uuid::from_u128(1)), StaffId(Uuid::from_u128(2)));
        watched.add(officer, Uuid::from_u128(7), Progress::default());
        assert!(watched.find(officer, Uuid::from_u128(7)).is_some());
        assert!(watched.find(other, Uuid::from_u128(7)).is_none());
        for newer in 0..WATCHED_MAX {
            watched.add(other, Uuid::from_u128(100 + newer as u128), Progress::default());
        }
        assert!(watched.find(officer, Uuid::from_u128(7)).is_none());
    }
}
