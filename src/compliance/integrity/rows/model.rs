//! What the log says was sealed last, and what lies in the rows. Pure.

use crate::audit::{Disclosed, Kind, Outcome, Recorded};
use crate::compliance::entry::Payload;
use std::collections::HashMap;
use std::fmt;
use uuid::Uuid;

/// What is sealed together, by one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    Patient,
    Reason,
    Message,
    Companion,
    Note,
    /// With its number in the file.
    Entry(i64),
    Remark,
    Emergency,
}

impl What {
    /// Whether a later step may take the value away without a write: these are gone once a visit leaves the waiting room or changes hands.
    fn may_go(self) -> bool {
        matches!(self, Self::Message | Self::Companion)
    }

    /// What the event wrote, if it is one that writes something sealed; with the names of its facts for the version and for the hash.
    fn of(kind: Kind, number: i64) -> Option<(Self, &'static str, &'static str)> {
        Some(match kind {
            Kind::PatientAdded | Kind::PatientChanged => (Self::Patient, "version", "sealed"),
            Kind::VisitBooked => (Self::Reason, "version", "sealed"),
            Kind::VisitMessaged => (Self::Message, "row_version", "sha256"),
            Kind::CompanionRecorded => (Self::Companion, "row_version", "sha256"),
            Kind::NoteSaved => (Self::Note, "row_version", "sha256"),
            Kind::CaseOpened | Kind::CaseEntered => (Self::Entry(number), "n", "sha256"),
            Kind::ReviewRecorded => (Self::Remark, "", "sha256"),
            Kind::EmergencyOpened => (Self::Emergency, "", "sha256"),
            _ => return None,
        })
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patient => f.write_str("the patient"),
            Self::Reason => f.write_str("the reason of visit"),
            Self::Message => f.write_str("the message to the waiting room of visit"),
            Self::Companion => f.write_str("the companion of visit"),
            Self::Note => f.write_str("the note of visit"),
            Self::Entry(n) => write!(f, "entry {n} of file"),
            Self::Remark => f.write_str("the comment on the review item"),
            Self::Emergency => f.write_str("the reason of the access in an emergency"),
        }
    }
}

/// A sealed value as it lies in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub what: What,
    pub row: Uuid,
    pub version: i64,
    /// SHA-256 of what is sealed.
    pub hash: [u8; 32],
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It has the number of another write than the newest.
    OtherVersion { held: i64, written: i64 },
    /// It has the number of the newest write, and another value.
    OtherValue,
    /// The newest write is there, and the row is not.
    Gone,
    /// No event tells that it was written.
    Unwritten,
}

/// A row that is not as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongRow {
    pub what: What,
    pub row: Uuid,
    pub wrong: Wrong,
}

impl fmt::Display for WrongRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.what, self.row)?;
        match self.wrong {
            Wrong::OtherVersion { held, written } if held < written => {
                write!(
                    f,
                    "an older value was put back: it is of version {held}, and the newest event that wrote it is of version {written}"
                )
            }
            Wrong::OtherVersion { held, written } => {
                write!(
                    f,
                    "it is of version {held}, and the newest event that wrote it is of version {written}: no event tells of the change"
                )
            }
            Wrong::OtherValue => f.write_str("it is not what the newest event wrote: an older value, or another, was put in its place"),
            Wrong::Gone => f.write_str("an event wrote it, and it is gone"),
            Wrong::Unwritten => f.write_str("no event tells that it was written"),
        }
    }
}

/// How many sealed values were compared, and how well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// The newest event names this very value.
    pub same: u64,
    /// The newest event is from before events of its kind held a hash: its number is the same.
    pub by_version: u64,
    /// Nothing can be told: a purge took away what some events say, and no other names it.
    pub unknown: u64,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sealed values are those that the newest event about each wrote.", self.same)?;
        if self.by_version > 0 {
            write!(
                f,
                "\n{} more have the right version number. Their events are from before events of that kind held a hash, so an older value that was put \
                 back together with that number would not show.",
                self.by_version
            )?;
        }
        if self.unknown > 0 {
            write!(f, "\nOf {} more nothing can be told: what the events say that wrote them was removed after its time.", self.unknown)?;
        }
        f.write_str(
            "\nLetters that wait to be sent were not compared: a letter is sealed once, for its own row, and never again, so there is no older one to \
             put back. That one was taken away, or waits again after it was sent, does not show here. Columns that are not sealed were not \
             compared either.",
        )
    }
}

#[derive(Debug, Clone, Copy)]
struct Write {
    version: i64,
    hash: Option<[u8; 32]>,
}

/// The newest write of everything sealed, out of events in any order.
#[derive(Debug, Clone, Default)]
pub struct Written {
    newest: HashMap<(What, Uuid), Write>,
}

impl Written {
    /// Learn what this event wrote, if it wrote anything sealed.
    pub fn learn(&mut self, event: &Recorded, disclosed: &Disclosed) {
        let Some(kind) = Kind::from_word(&event.kind).filter(|kind| What::of(*kind, 0).is_some()) else { return };
        if event.outcome != Outcome::Success.word() {
            return;
        }
        let Some(payload) = Payload::parse(&disclosed.payload) else { return };
        let number = |name: &str| payload.details.get(name).and_then(serde_json::Value::as_i64);
        let Some((what, version, hash)) = What::of(kind, number("n").unwrap_or_default()) else { return };
        let Ok(row) = payload.object.id.parse() else { return };
        let hash = payload.details.get(hash).and_then(|hash| <[u8; 32]>::try_from(hex::decode(hash.as_str()?).ok()?).ok());
        if what == What::Reason && hash.is_none() {
            // Booked without a reason.
            return;
        }
        let write = Write { version: number(version).unwrap_or_default(), hash };
        let newest = self.newest.entry((what, row)).or_insert(write);
        if write.version >= newest.version {
            *newest = write;
        }
    }

    /// Compare one value. `purged`: some events say nothing any more, and may be the ones that wrote it.
    pub fn compare(&mut self, held: &Held, purged: bool, compared: &mut Compared) -> Option<WrongRow> {
        let wrong = match self.newest.remove(&(held.what, held.row)) {
            None if purged => {
                compared.unknown += 1;
                return None;
            }
            None => Wrong::Unwritten,
            Some(write) if write.version != held.version => Wrong::OtherVersion { held: held.version, written: write.version },
            Some(Write { hash: Some(hash), .. }) if hash != held.hash => Wrong::OtherValue,
            Some(Write { hash: Some(_), .. }) => {
                compared.same += 1;
                return None;
            }
            Some(Write { hash: None, .. }) => {
                compared.by_version += 1;
                return None;
            }
        };
        Some(WrongRow { what: held.what, row: held.row, wrong })
    }

    /// All rows were compared: what was written and is not there, in a fixed order.
    pub fn gone(self) -> Vec<WrongRow> {
        let mut gone: Vec<(What, Uuid)> = self.newest.into_keys().filter(|(what, _)| !what.may_go()).collect();
        gone.sort_unstable();
        gone.into_iter().map(|(what, row)| WrongRow { what, row, wrong: Wrong::Gone }).collect()
    }
}
