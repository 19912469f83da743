//! Whether an export is what was signed: line by line, gap by gap, head by head. Pure.
//!
//! The file is believed in nothing. Where an event stands, what it hashes to, whom it is about and what was asked for is computed from the
//! lines, and holds only because it makes up a root that was signed (AUD-24, AUD-27).

use super::model::Verdict;
use crate::audit::tree::{Hash, Head, Sparse, cover};
use crate::audit::{Filter, Kind};
use crate::compliance::entry::Payload;
use crate::compliance::export::lines::{Gap, Shown, What};
use crate::compliance::export::told;
use crate::compliance::model::{Format, asked_of};
use crate::time::{Millis, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use uuid::Uuid;

/// No log removes what younger events say: six years (45 CFR 164.316(b)(2)), without their leap days.
const KEPT_AT_LEAST: Millis = Millis::days(6 * 365);
/// Findings that are kept with their places. More are counted.
const FINDINGS_MAX: usize = 20;

/// Something that is not as it was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The archive itself: a part that is missing, unknown, cut or damaged.
    File(String),
    Line {
        part: &'static str,
        line: u64,
    },
    View {
        part: &'static str,
        place: u64,
    },
    Order {
        place: u64,
        expected: u64,
    },
    Altered {
        place: u64,
    },
    /// What it said is removed, and it was too young for that.
    RemovedEarly {
        place: u64,
    },
    /// Its hash stands for what it said, and this export may not do so, or not there.
    Told {
        place: u64,
    },
    Counter {
        place: u64,
        tag: String,
    },
    Missing {
        from: u64,
        until: u64,
    },
    Foreign {
        place: u64,
    },
    Gap {
        from: u64,
    },
    End,
    Signature {
        part: &'static str,
    },
    Root {
        size: u64,
    },
    AnotherHistory {
        size: u64,
    },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(what) => write!(f, "the file: {what}"),
            Self::Line { part, line } => write!(f, "{part}, line {line}: no export writes such a line"),
            Self::View { part, place } => write!(f, "{part}: the line of the event at place {place} does not say what the event says"),
            Self::Order { place, expected } => write!(f, "place {place} comes where place {expected} is due"),
            Self::Altered { place } => write!(f, "place {place}: the event was altered already in the log"),
            Self::RemovedEarly { place } => {
                write!(f, "place {place}: what the event said is left out, and nothing so young is ever removed from a log")
            }
            Self::Told { place } => write!(
                f,
                "place {place}: what the event said is left out, which only the export of one patient may do, and only where it was about others too"
            ),
            Self::Counter { place, tag } => write!(f, "place {place}: the number for the patient's tag {tag} does not follow its last"),
            Self::Missing { from, until } => write!(f, "nothing stands for the places from {from} up to {until}: events are missing"),
            Self::Foreign { place } => write!(f, "place {place}: the event is not about the patient who was asked for"),
            Self::Gap { from } => {
                write!(f, "proof.jsonl: the gap from place {from} on is not where one is, or has other hashes than it needs")
            }
            Self::End => write!(f, "the last event is not the export's own: the end was cut off"),
            Self::Signature { part } => write!(f, "{part}: not signed with the log's key"),
            Self::Root { size } => {
                write!(f, "the events and gaps do not make up what was signed at {size} events: something in this file was changed")
            }
            Self::AnotherHistory { size } => {
                write!(f, "the first {size} events are not those of a head from outside: history was rewritten and signed again")
            }
        }
    }
}

/// What an export can promise to be complete in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complete {
    /// All events of the log before the export.
    Everything,
    /// All about one patient.
    Patient,
    /// What is there is proved; what else matched is not.
    Nothing,
}

/// What is known of an export at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReport {
    pub events: u64,
    /// Of how many what they said was removed when their time was over.
    pub removed: u64,
    /// Of how many, about other patients too, only the hash is there and the clinic's word.
    pub told: u64,
    /// How many events the log had when its head was signed over the export.
    pub size: u64,
    /// When it was asked for.
    pub asked_at: Option<Timestamp>,
    pub complete: Complete,
    /// How many places of the log the export reaches over, its own event the last.
    pub reach: u64,
    /// How many events the largest head from outside covers that the file agrees with.
    pub outside: u64,
    /// Heads from outside that cannot be compared with this file.
    pub beside: Vec<u64>,
    pub findings: Vec<Wrong>,
    pub found: u64,
}

impl ExportReport {
    pub fn verdict(&self) -> Verdict {
        match (self.found, self.reach > 0 && self.outside >= self.reach) {
            (0, true) => Verdict::Unaltered,
            (0, false) => Verdict::NotAnchored,
            _ => Verdict::Altered,
        }
    }

    /// The report as a person reads it.
    pub fn in_words(&self) -> String {
        let asked = self.asked_at.map_or_else(|| "at an unknown time".to_owned(), |at| format!("at {}", at.rfc3339()));
        let mut out = format!("{} events, exported {asked}; the log had {} then.\n", self.events, self.size);
        if self.removed > 0 {
            out.push_str(&format!(
                "What {} of them said was removed when its time was over, after six years at least. Their places, kinds and times are proved.\n",
                self.removed
            ));
        }
        if self.told > 0 {
            out.push_str(&format!(
                "{} of them are about other patients, too, and are told, bound by their hash only: that they happened, when, of what kind and with what \
                 outcome is proved; who did it, from where and why is what the clinic says, and nothing in this file proves it.\n",
                self.told
            ));
        }
        for size in &self.beside {
            out.push_str(&format!(
                "The head from outside at {size} events cannot be compared with this file: it was signed at another size.\n"
            ));
        }
        match self.verdict() {
            Verdict::Altered => {
                out.push_str(&format!("\nALTERED. {} findings:\n", self.found));
                self.findings.iter().for_each(|finding| out.push_str(&format!("- {finding}\n")));
                if self.found > self.findings.len() as u64 {
                    out.push_str(&format!("- and {} more\n", self.found - self.findings.len() as u64));
                }
            }
            Verdict::Unaltered => out.push_str("\nUNALTERED. A head from outside covers every event of this file.\n"),
            Verdict::NotAnchored if self.outside == 0 => {
                out.push_str("\nCONSISTENT, NOT ANCHORED. No head from outside vouches for it: who has the log and its key could have made this file.\n");
            }
            Verdict::NotAnchored => out.push_str(&format!(
                "\nCONSISTENT, NOT ANCHORED. A head from outside covers the first {} events of the log, and those are unaltered.\n",
                self.outside
            )),
        }
        out.push_str(match self.complete {
            Complete::Everything => "\nNo event from before the export is missing.\n",
            Complete::Patient => "\nNo event about the patient from before the export is missing.\n",
            Complete::Nothing => "\nThat nothing else matched the search is not shown.\n",
        });
        out.push_str(
            "\nWhat this shows: what is in the file was recorded so, and not changed, dropped or put in another order since.\n\
             What it does not show: that everything was recorded, that what was recorded is true, or who sat at an account's keyboard.\n",
        );
        out
    }
}

/// The work, line by line.
#[derive(Debug)]
pub struct Trail {
    sparse: Sparse,
    after: Option<Head>,
    before: Option<Head>,
    known: Vec<Head>,
    /// The last number of each tag.
    numbers: HashMap<[u8; 16], u64>,
    /// The tag of a patient's export, once the first event of it was met: those that all events so far have in common.
    common: Option<Vec<([u8; 16], u64)>>,
    /// True while each number of the common tags follows the one before.
    gapless: bool,
    /// The first gap before the last event.
    gap: Option<(u64, u64)>,
    open_gap: Option<(u64, u64)>,
    last: Option<(u64, String)>,
    form: Option<Format>,
    /// When the youngest event was recorded whose words were removed, and its place.
    youngest_removed: Option<(Timestamp, u64)>,
    /// To whom events without their words are told, and the first place of each.
    told: BTreeMap<Uuid, u64>,
    report: ExportReport,
}

impl Trail {
    /// `after`, `before`: the file's own heads as they were opened with the log's key. `known`: heads from outside, opened likewise.
    pub fn new(after: Option<Head>, before: Option<Head>, mut known: Vec<Head>) -> Self {
        known.sort_by_key(|head| head.size);
        let report = ExportReport {
            events: 0,
            removed: 0,
            told: 0,
            size: after.as_ref().map_or(0, |head| head.size),
            asked_at: None,
            complete: Complete::Nothing,
            reach: 0,
            outside: 0,
            beside: Vec::new(),
            findings: Vec::new(),
            found: 0,
        };
        let (sparse, numbers) = (Sparse::default(), HashMap::new());
        Self {
            sparse,
            after,
            before,
            known,
            numbers,
            common: None,
            gapless: true,
            gap: None,
            open_gap: None,
            last: None,
            form: None,
            youngest_removed: None,
            told: BTreeMap::new(),
            report,
        }
    }

    pub fn find(&mut self, wrong: Wrong) {
        self.report.found += 1;
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(wrong);
        }
    }

    /// The place that is due.
    pub fn size(&self) -> u64 {
        self.sparse.size()
    }

    /// Take a gap. False: it is none, and nothing after it can be placed.
    pub fn gap(&mut self, gap: &Gap) -> bool {
        let trees: Vec<(u8, u64)> = if gap.from == self.size() && gap.from < gap.until {
            cover(gap.from, gap.until).take(gap.hashes.len() + 1).collect()
        } else {
            Vec::new()
        };
        if trees.is_empty() || trees.len() != gap.hashes.len() {
            self.find(Wrong::Gap { from: gap.from });
            return false;
        }
        for ((level, _), hash) in trees.into_iter().zip(&gap.hashes) {
            self.put(level, *hash);
        }
        self.open_gap.get_or_insert((gap.from, gap.until));
        true
    }

    /// Take an event. False: it does not stand where it says, and nothing after it can be placed.
    pub fn event(&mut self, shown: &Shown) -> bool {
        let place = shown.place;
        if place != self.size() {
            self.find(if place > self.size() {
                Wrong::Missing { from: self.size(), until: place }
            } else {
                Wrong::Order { place, expected: self.size() }
            });
            return false;
        }
        self.gap = self.gap.or(self.open_gap.take());
        match &shown.what {
            What::Whole { .. } => {}
            What::Altered(_) => self.find(Wrong::Altered { place }),
            What::Removed(columns) => {
                self.report.removed += 1;
                self.youngest_removed = self.youngest_removed.max(Some((Timestamp(columns.at), place)));
            }
            What::Told { told, .. } => {
                self.report.told += 1;
                match told::to(told).filter(|_| shown.subjects.len() > 1) {
                    Some(patient) => {
                        self.told.entry(patient).or_insert(place);
                    }
                    None => self.find(Wrong::Told { place }),
                }
            }
        }
        for (tag, n) in &shown.subjects {
            let last = self.numbers.insert(*tag, *n).unwrap_or_default();
            if *n <= last {
                self.find(Wrong::Counter { place, tag: hex::encode(tag) });
            }
        }
        self.in_common(&shown.subjects);
        self.put(0, shown.leaf().unwrap_or(Hash([0; 32])));
        self.report.events += 1;
        if let What::Whole { payload, .. } = shown.what {
            let (at, last) = self.last.get_or_insert_default();
            (*at, _) = (place, payload.clone_into(last));
        } else {
            self.last = None;
        }
        true
    }

    /// Those tags that every event so far has, each with its number here.
    fn in_common(&mut self, subjects: &[([u8; 16], u64)]) {
        match &mut self.common {
            None => {
                self.gapless = subjects.iter().any(|(_, n)| *n == 1);
                self.common = Some(subjects.iter().filter(|(_, n)| *n == 1).copied().collect());
            }
            Some(common) => {
                common.retain_mut(|(tag, last)| {
                    let next = subjects.iter().find(|(other, n)| other == tag && *n == *last + 1);
                    next.map(|(_, n)| *last = *n).is_some()
                });
                self.gapless &= !common.is_empty();
            }
        }
    }

    /// The form for reading that the file holds.
    pub fn has_form(&mut self, form: Format) {
        self.form = Some(form);
    }

    fn put(&mut self, level: u8, hash: Hash) {
        self.sparse.put(level, hash);
        let size = self.sparse.size();
        let root = || self.sparse.root();
        if let Some(before) = self.before.take_if(|head| head.size <= size)
            && (before.size != size || before.root != root())
        {
            self.find(Wrong::Root { size: before.size });
        }
        while let Some(head) = self.known.first().filter(|head| head.size <= size) {
            let (of, root_is) = (head.size, head.root);
            self.known.remove(0);
            if of < size {
                self.report.beside.push(of);
            } else if root_is == self.sparse.root() {
                self.report.outside = of;
            } else {
                self.find(Wrong::AnotherHistory { size: of });
            }
        }
    }

    /// Everything was taken.
    pub fn end(mut self) -> ExportReport {
        if let Some(after) = self.after.take()
            && (after.size != self.size() || after.root != self.sparse.root())
        {
            self.find(Wrong::Root { size: after.size });
        }
        if let Some(before) = self.before.take() {
            self.find(Wrong::Root { size: before.size });
        }
        let beyond: Vec<u64> = self.known.drain(..).map(|head| head.size).collect();
        self.report.beside.extend(beyond);
        match self.last.take() {
            Some((place, payload)) => self.own_event(place, &payload),
            None => self.find(Wrong::End),
        }
        self.report
    }

    /// The last event says what was asked for, and so what the file must hold.
    fn own_event(&mut self, place: u64, payload: &str) {
        let own = Payload::parse(payload).filter(|own| own.kind == Kind::LogExported.word() && own.outcome == "success");
        let Some((own, (filter, format))) = own.and_then(|own| asked_of(&own.details).map(|asked| (own, asked))) else {
            return self.find(Wrong::End);
        };
        self.report.reach = place + 1;
        self.report.asked_at = Some(Timestamp(own.at));
        if let Some((_, place)) = self.youngest_removed.filter(|(at, _)| *at + KEPT_AT_LEAST > Timestamp(own.at)) {
            self.find(Wrong::RemovedEarly { place });
        }
        let told = std::mem::take(&mut self.told);
        if let Some((_, place)) = told.into_iter().find(|(patient, _)| filter.patient.is_none_or(|asked| asked.0 != *patient)) {
            self.find(Wrong::Told { place });
        }
        if format.view() != self.form.and_then(Format::view) {
            self.find(Wrong::File("it holds another form than was asked for".to_owned()));
        }
        let only_patient = Filter { patient: None, ..filter.clone() } == Filter::default();
        match filter.patient {
            None if filter == Filter::default() => {
                self.report.complete = Complete::Everything;
                if let Some((from, until)) = self.gap {
                    self.find(Wrong::Missing { from, until });
                }
            }
            // The export's own event is about the patient and nobody else, so its one tag is theirs.
            Some(patient) if only_patient && own.patients == [patient.0] => {
                self.report.complete = Complete::Patient;
                if !self.gapless {
                    self.find(Wrong::Foreign { place });
                }
            }
            _ => {}
        }
    }
}
