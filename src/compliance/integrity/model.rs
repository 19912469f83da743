//! Whether the log is what was signed: event by event, tag by tag, head by head. Pure.
//!
//! Nothing that the log says of itself is taken for true: places, hashes, counters and roots are computed anew from the events, and
//! compared with what lies beside them, with what was signed, and with heads that come from outside (AUD-24, AUD-27).

use super::loss::Told;
use super::purge::{Emptied, Purge};
use super::rows::{Compared, WrongRow};
use super::shadow::Shadowed;
use super::signers::{Breach, Signers};
use crate::audit::tree::{Edge, Hash, Head, Leaf, Reading, Tagged, Tree, record_hash};
use crate::audit::{Disclosed, Recorded, leaf_bytes};
use std::collections::HashMap;
use std::fmt;
use uuid::Uuid;

/// Findings that are kept with their places. More are counted.
const FINDINGS_MAX: usize = 20;

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    PlaceMissing { place: u64 },
    EventMissing { place: u64, event: Uuid },
    Payload { place: u64, event: Uuid },
    Emptied { first: u64, last: u64 },
    Columns { place: u64, event: Uuid },
    Leaf { place: u64, event: Uuid },
    Counter { place: u64, tag: String },
    StrayNumbers { count: i64 },
    Lost { event: Uuid },
    Tree { said: u64, found: u64 },
    Signature { size: u64 },
    UnknownKey { size: u64 },
    Root { size: u64 },
    NewKey { size: u64 },
    PastKey { size: u64 },
    Shorter { head: u64, found: u64 },
    AnotherHistory { head: u64 },
    InTheLoss { head: u64, left: u64 },
    VanishedEvent { event: Uuid },
    AnotherEvent { event: Uuid },
    AnotherLeaf { place: u64 },
    Row(WrongRow),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlaceMissing { place } => write!(f, "place {place}: nothing is there, though the log goes on"),
            Self::EventMissing { place, event } => write!(f, "place {place}: event {event} is gone"),
            Self::Payload { place, event } => write!(f, "place {place}: what event {event} says does not open, or is not what was hashed"),
            Self::Emptied { first, last } => {
                write!(f, "places {first} to {last}: what the events say was taken away, and no purge that this log tells of covers them")
            }
            Self::Columns { place, event } => write!(f, "place {place}: the columns of event {event} say something else than the event"),
            Self::Leaf { place, event } => write!(f, "place {place}: the hash in the tree is not that of event {event}"),
            Self::Counter { place, tag } => write!(f, "place {place}: the number for the patient's tag {tag} does not follow its last"),
            Self::StrayNumbers { count } => write!(f, "{count} numbers of patients' tags belong to no event about them"),
            Self::Lost { event } => write!(f, "event {event} has no place and does not wait for one"),
            Self::Tree { said, found } => {
                write!(f, "the tree says {said} events with another root or number than the {found} that are there")
            }
            Self::Signature { size } => write!(f, "the head at {size} events is not signed with the log's key, or says something else"),
            Self::UnknownKey { size } => write!(
                f,
                "the head at {size} events is signed with none of the keys that were given: if the key was changed, give the new one too; if it \
                 was not, somebody else signed it"
            ),
            Self::Root { size } => write!(f, "the first {size} events are not those that were signed"),
            Self::NewKey { size } => {
                write!(f, "the head at {size} events is signed with a new key, and the key before it does not stand for that one")
            }
            Self::PastKey { size } => write!(f, "the head at {size} events is signed with a key that was followed by another before"),
            Self::Shorter { head, found } => {
                write!(f, "a head from outside covers {head} events, and {found} are there: the end was cut off")
            }
            Self::InTheLoss { head, left } => write!(
                f,
                "a head from outside covers {head} events of the log before its loss; of those the first {left} are here, and the rest is what the log \
                 says was lost"
            ),
            Self::VanishedEvent { event } => {
                write!(f, "event {event} was committed, as a line that was kept outside says, and is not there")
            }
            Self::AnotherEvent { event } => write!(f, "event {event} is not the one of which a line that was kept outside has the hash"),
            Self::AnotherLeaf { place } => write!(f, "place {place}: not what a line that was kept outside says was there"),
            Self::Row(row) => write!(f, "{row}"),
            Self::AnotherHistory { head } => {
                write!(f, "the first {head} events are not those of a head from outside: history was rewritten and signed again")
            }
        }
    }
}

/// What is known at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Events with a place.
    pub events: u64,
    /// Events that wait for one.
    pub waiting: u64,
    /// How many events the largest head covers that the log itself holds, signed and right.
    pub signed: u64,
    /// How many heads in the log were not checked, because they bear a key that was not given. A larger one that is right covers them.
    pub unchecked: u64,
    /// How many events the largest right head from outside covers.
    pub outside: u64,
    /// Events of which a purge removed what they say.
    pub removed: u64,
    /// What the log itself says was lost.
    pub losses: Vec<Told>,
    /// What lines that were kept outside told, if there were any.
    pub shadow: Option<Shadowed>,
    /// How the sealed rows were compared, if they were.
    pub rows: Option<Compared>,
    /// The first findings.
    pub findings: Vec<Finding>,
    /// How many findings there are.
    pub found: u64,
}

/// What a report comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A head from outside covers every event, and all are as they were recorded. Exit code 0.
    Unaltered,
    /// Exit code 1.
    Altered,
    /// All fits together, and no head from outside covers all of it. Exit code 2.
    NotAnchored,
}

impl Verdict {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Unaltered => 0,
            Self::Altered => 1,
            Self::NotAnchored => 2,
        }
    }
}

impl Report {
    /// One more finding.
    pub(super) fn find(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    pub fn verdict(&self) -> Verdict {
        // A log that was emptied fits every head of nothing.
        match (self.found, self.events > 0 && self.outside == self.events && self.waiting == 0) {
            (0, true) => Verdict::Unaltered,
            (0, false) => Verdict::NotAnchored,
            _ => Verdict::Altered,
        }
    }

    /// The report as a person reads it.
    pub fn in_words(&self) -> String {
        let mut out = format!("{} events, {} of them under a head that this log holds signed.\n", self.events, self.signed);
        if self.waiting > 0 {
            out.push_str(&format!(
                "{} newer events wait for their place, within a second while the server runs. They were not checked.\n",
                self.waiting
            ));
        }
        if self.unchecked > 0 {
            out.push_str(&format!(
                "{} older heads in it bear a key that was not given, and were not checked; a newer one covers the same events. `anteroom audit key` \
                 prints every key: give --vkey once for each.\n",
                self.unchecked
            ));
        }
        if let Some(shadow) = &self.shadow {
            out.push_str(&format!("{shadow}\n"));
        }
        if let Some(rows) = &self.rows {
            out.push_str(&format!("{rows}\n"));
        }
        if self.removed > 0 {
            out.push_str(&format!(
                "{} old events say nothing any more: it was removed after its time, and the log says so. That they happened, and in which order, is as \
                 it was signed.\n",
                self.removed
            ));
        }
        for loss in &self.losses {
            out.push_str(&format!("\n{loss}\n"));
        }
        match self.verdict() {
            Verdict::Altered => {
                out.push_str(&format!("\nALTERED. {} findings:\n", self.found));
                for finding in &self.findings {
                    out.push_str(&format!("- {finding}\n"));
                }
                if self.found > self.findings.len() as u64 {
                    out.push_str(&format!("- and {} more\n", self.found - self.findings.len() as u64));
                }
            }
            Verdict::Unaltered => out.push_str("\nUNALTERED. A head from outside covers every event.\n"),
            Verdict::NotAnchored if self.outside == 0 => {
                out.push_str("\nCONSISTENT, NOT ANCHORED. No head from outside was given: who has the database and the signing key could have made all of this.\n");
            }
            Verdict::NotAnchored => out.push_str(&format!(
                "\nCONSISTENT, NOT ANCHORED. A head from outside covers the first {} events, and they are unaltered. Those after them fit together, and \
                 no head from outside covers them.\n",
                self.outside
            )),
        }
        out.push_str(
            "\nWhat this shows: what was recorded up to a head from outside was not changed, dropped or put in another order since.\n\
             What it does not show: that everything was recorded, that what was recorded is true, or who sat at an account's keyboard.\n",
        );
        out
    }
}

/// How the payload of an event opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened<'a> {
    /// It is what was hashed, and the clear columns say the same.
    AsHashed(&'a Disclosed),
    /// It is what was hashed, and some column says something else.
    OtherColumns,
    /// What it says was taken away. Whether by a purge is known at the end.
    Emptied,
    /// It does not open, or is not what was hashed.
    No,
}

/// The work, event by event in the order of places.
#[derive(Debug)]
pub struct Check {
    edge: Edge,
    /// The last number of each tag.
    tags: HashMap<Vec<u8>, u64>,
    /// How many numbers of tags were met.
    numbered: i64,
    /// Heads from outside, in the order of their sizes.
    known: Vec<Head>,
    signers: Signers,
    /// The sizes of heads under a key that was not given, since the last one that was right.
    under_another_key: Vec<u64>,
    /// Heads from outside that are not those of the events here.
    not_met: Vec<Head>,
    emptied: Emptied,
    report: Report,
}

impl Check {
    /// `known`: heads from outside, with signatures that were checked.
    pub fn new(mut known: Vec<Head>) -> Self {
        known.sort_by_key(|head| head.size);
        let report = Report {
            events: 0,
            waiting: 0,
            signed: 0,
            unchecked: 0,
            outside: 0,
            removed: 0,
            losses: Vec::new(),
            shadow: None,
            rows: None,
            findings: Vec::new(),
            found: 0,
        };
        Self {
            edge: Edge::default(),
            tags: HashMap::new(),
            numbered: 0,
            known,
            signers: Signers::default(),
            under_another_key: Vec::new(),
            not_met: Vec::new(),
            emptied: Emptied::default(),
            report,
        }
    }

    /// How many events were taken.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Take the next place. `event`: what has it, and how it opened; `tagged`: its tags in their order.
    pub fn place(&mut self, leaf: &Leaf, event: Option<(&Recorded, Opened<'_>)>, tagged: &[Tagged]) {
        let place = self.edge.size();
        if leaf.n.cast_unsigned() != place {
            self.find(Finding::PlaceMissing { place });
        }
        let hash = self.hash_of(place, leaf, event, tagged);
        if hash.is_some_and(|hash| hash.0.as_slice() != leaf.hash) {
            self.find(Finding::Leaf { place, event: leaf.event_id.0 });
        }
        self.edge.take(hash.unwrap_or(Hash([0; 32])));
        self.meet_known();
    }

    /// The hash of a place, from the event alone.
    fn hash_of(&mut self, place: u64, leaf: &Leaf, event: Option<(&Recorded, Opened<'_>)>, tagged: &[Tagged]) -> Option<Hash> {
        let id = leaf.event_id.0;
        let Some((event, opened)) = event else {
            self.find(Finding::EventMissing { place, event: id });
            return None;
        };
        match opened {
            Opened::AsHashed(disclosed) => {
                self.report.losses.extend(Told::read(place, event, disclosed));
                Purge::read(event, disclosed).into_iter().for_each(|purge| self.emptied.learn(purge));
            }
            Opened::Emptied => self.emptied.take(place, event),
            Opened::OtherColumns => self.find(Finding::Columns { place, event: id }),
            Opened::No => self.find(Finding::Payload { place, event: id }),
        }
        let mut subjects = Vec::with_capacity(tagged.len());
        for subject in tagged {
            let last = self.tags.entry(subject.tag.clone()).or_default();
            *last += 1;
            self.numbered += i64::from(subject.n.is_some());
            let follows = subject.n == Some(last.cast_signed());
            let next = *last;
            let tag: Option<[u8; 16]> = subject.tag.as_slice().try_into().ok();
            if !follows || tag.is_none() {
                self.find(Finding::Counter { place, tag: hex::encode(&subject.tag) });
            }
            subjects.push((tag.unwrap_or_default(), next));
        }
        let payload_hash: [u8; 32] = event.payload_hash.as_slice().try_into().ok()?;
        Some(record_hash(&leaf_bytes(event.id, event.recorded_at, &event.kind, &event.outcome, &subjects, &payload_hash)))
    }

    /// A head that the log holds, over what was taken so far.
    pub fn signed(&mut self, size: u64, reading: &Reading) {
        let head = match reading {
            Reading::UnderAnotherKey => return self.under_another_key.push(size),
            Reading::Right(head) if head.size == size => head,
            _ => return self.find(Finding::Signature { size }),
        };
        if size != self.edge.size() || head.root != self.edge.root() {
            return self.find(Finding::Root { size });
        }
        match self.signers.meet(head) {
            Err(Breach::Unvouched) => self.find(Finding::NewKey { size }),
            Err(Breach::Past) => self.find(Finding::PastKey { size }),
            Ok(()) => {
                self.report.signed = size;
                // What a larger head covers needs no smaller one.
                self.report.unchecked += self.under_another_key.drain(..).len() as u64;
            }
        }
    }

    fn meet_known(&mut self) {
        while let Some(head) = self.known.first().filter(|head| head.size <= self.edge.size()) {
            let (size, right) = (head.size, head.size == self.edge.size() && head.root == self.edge.root());
            let head = self.known.remove(0);
            if right {
                self.report.outside = size;
            } else {
                self.not_met.push(head);
            }
        }
    }

    /// Everything was taken. `numbers`: how many numbers of tags lie in the database.
    pub fn end(mut self, tree: Tree, waiting: u64, lost: &[Uuid], numbers: i64) -> Report {
        let found = self.edge.size();
        if tree.size != found || tree.root != self.edge.root() {
            self.find(Finding::Tree { said: tree.size, found });
        }
        for head in std::mem::take(&mut self.not_met).into_iter().chain(std::mem::take(&mut self.known)) {
            let (head, left) = (head.size, self.report.losses.iter().find(|loss| loss.explains(&head)).map(|loss| loss.left));
            self.find(match left {
                Some(left) => Finding::InTheLoss { head, left },
                None if head > found => Finding::Shorter { head, found },
                None => Finding::AnotherHistory { head },
            });
        }
        for size in std::mem::take(&mut self.under_another_key) {
            self.find(Finding::UnknownKey { size });
        }
        let (removed, uncovered) = self.emptied.judge();
        self.report.removed = removed;
        for (first, last) in uncovered {
            self.find(Finding::Emptied { first, last });
        }
        for event in lost {
            self.find(Finding::Lost { event: *event });
        }
        if numbers != self.numbered {
            self.find(Finding::StrayNumbers { count: numbers - self.numbered });
        }
        Report { events: found, waiting, ..self.report }
    }

    fn find(&mut self, finding: Finding) {
        self.report.find(finding);
    }
}
