//! What a log says of its own loss: the event `log.begun_anew`. Pure.

use crate::audit::tree::{Head, public_of};
use crate::audit::{Disclosed, Kind, Recorded};
use crate::time::Timestamp;
use serde::Deserialize;
use std::fmt;

/// A loss, as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Where it says so, and when that was.
    pub place: u64,
    pub at: Timestamp,
    /// How many events were left, and how many there were.
    pub left: u64,
    pub size: u64,
    root: String,
    old_key: String,
}

#[derive(Deserialize)]
struct Payload {
    details: Details,
}

#[derive(Deserialize)]
struct Details {
    left_size: u64,
    lost_size: u64,
    lost_root: String,
    old_key: String,
}

impl Told {
    /// What this event says was lost, if it is one that says so.
    pub fn read(place: u64, event: &Recorded, disclosed: &Disclosed) -> Option<Self> {
        if event.kind != Kind::LogBegunAnew.word() {
            return None;
        }
        let Payload { details } = serde_json::from_str(&disclosed.payload).ok()?;
        Some(Self {
            place,
            at: event.recorded_at,
            left: details.left_size,
            size: details.lost_size,
            root: details.lost_root,
            old_key: details.old_key,
        })
    }

    /// True for a head over events that are among the lost ones.
    pub fn explains(&self, head: &Head) -> bool {
        let before = head.signers.iter().filter_map(|signer| public_of(signer)).any(|key| hex::encode(key) == self.old_key);
        let among = self.left < head.size && head.size <= self.size;
        before && among && (head.size < self.size || hex::encode(head.root.0) == self.root)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "EVENTS WERE LOST. This log had {} events that were signed; it goes on from the first {}, and says so itself at place {}, {}. The {} events \
             between are not here, and nothing can be said of them. Heads from before the loss show the first {}.",
            self.size,
            self.left,
            self.place,
            self.at.rfc3339(),
            self.size - self.left.min(self.size),
            self.left
        )
    }
}
