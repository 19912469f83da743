//! Events that say nothing any more, and the events that say why: `log.purged` (AUD-26). Pure.

use crate::audit::{Disclosed, Kind, Recorded};
use crate::time::{Millis, Timestamp};
use serde::Deserialize;

/// No purge removes what is younger than six years. Counted short, so that no calendar makes an honest one a breach.
const YOUNGEST: Millis = Millis::days(6 * 365);

/// A purge, as the log tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    last: u64,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Payload {
    at: Timestamp,
    details: Details,
}

#[derive(Deserialize)]
struct Details {
    last: u64,
    until: Timestamp,
}

impl Purge {
    /// What this event says was removed, if it is one that may.
    pub fn read(event: &Recorded, disclosed: &Disclosed) -> Option<Self> {
        if event.kind != Kind::LogPurged.word() {
            return None;
        }
        let Payload { at, details: Details { last, until } } = serde_json::from_str(&disclosed.payload).ok()?;
        (until <= at - YOUNGEST).then_some(Self { last, until })
    }
}

/// Places side by side of events that say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u64,
    last: u64,
    /// When the newest of them was recorded.
    newest: Timestamp,
}

/// All that is met of both.
#[derive(Debug, Clone, Default)]
pub struct Emptied {
    runs: Vec<Run>,
    purges: Vec<Purge>,
}

impl Emptied {
    pub fn take(&mut self, place: u64, event: &Recorded) {
        match self.runs.last_mut() {
            Some(run) if run.last + 1 == place => (run.last, run.newest) = (place, run.newest.max(event.recorded_at)),
            _ => self.runs.push(Run { first: place, last: place, newest: event.recorded_at }),
        }
    }

    pub fn learn(&mut self, purge: Purge) {
        self.purges.push(purge);
    }

    /// How many events say nothing, by purges that the log tells of; and the runs that none of them covers, from where on.
    pub fn judge(&self) -> (u64, Vec<(u64, u64)>) {
        let (mut removed, mut uncovered) = (0, Vec::new());
        for run in &self.runs {
            let covers = |purge: &&Purge| purge.until > run.newest;
            let last = self.purges.iter().filter(covers).map(|purge| purge.last).max();
            let from = last.map_or(run.first, |last| run.first.max(last + 1));
            if from <= run.last {
                uncovered.push((from, run.last));
            }
            removed += from.min(run.last + 1) - run.first;
        }
        (removed, uncovered)
    }
}
