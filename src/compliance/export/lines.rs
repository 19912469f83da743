//! The lines of an export: of the events as they are proved, of the gaps between them, and of the two forms for reading. Pure.
//!
//! Each form is written by one function, and a verifier checks a line by writing it again: not one byte of a file is free.

use super::{fhir, told};
use crate::audit::leaf_bytes;
use crate::audit::tree::{Hash, record_hash};
use crate::compliance::csv;
use crate::compliance::entry::Payload;
use crate::compliance::model::Format;
use crate::ids::EventId;
use crate::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::{self, Write};
use uuid::Uuid;

/// An event with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    pub place: u64,
    /// A patient's tag and the number of this event among the tag's, in the order of the tags.
    pub subjects: Vec<([u8; 16], u64)>,
    pub what: What<'a>,
}

/// What an export tells of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What<'a> {
    /// The canonical payload and its salt.
    Whole { salt: [u8; 32], payload: &'a str },
    /// Only the columns: its payload did not open, or says something else than they.
    Altered(Columns<'a>),
    /// Only the columns: what it said was removed when its time was over.
    Removed(Columns<'a>),
    /// Of an event about other patients, too: the hash of its payload, and what the clinic tells of it (`told`).
    Told { payload_hash: [u8; 32], told: &'a str },
}

/// What is told of an event without its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns<'a> {
    pub at: i64,
    pub event: Uuid,
    pub kind: &'a str,
    pub outcome: &'a str,
    pub payload_hash: [u8; 32],
}

/// Places that an export leaves out, with the roots of the perfect trees that cover them.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    pub from: u64,
    pub until: u64,
    pub hashes: Vec<Hash>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    altered: Option<ColumnsLine<'a>>,
    payload_hash: Option<&'a str>,
    place: u64,
    removed: Option<ColumnsLine<'a>>,
    salt: Option<&'a str>,
    subjects: Vec<(&'a str, u64)>,
    #[serde(borrow)]
    told: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ColumnsLine<'a> {
    at: i64,
    event: Uuid,
    kind: &'a str,
    outcome: &'a str,
    payload_hash: &'a str,
}

#[derive(Deserialize)]
struct GapLine<'a> {
    from: u64,
    #[serde(borrow)]
    hashes: Vec<&'a str>,
    until: u64,
}

impl Columns<'_> {
    fn json(&self) -> String {
        let Self { at, event, kind, outcome, payload_hash } = self;
        let hash = hex::encode(payload_hash);
        format!("{{\"at\":{at},\"event\":\"{event}\",\"kind\":\"{kind}\",\"outcome\":\"{outcome}\",\"payload_hash\":\"{hash}\"}}")
    }

    fn csv_line(&self, place: u64, intact: &str) -> String {
        let mut cells = [const { String::new() }; COLUMNS.len()];
        cells[0] = place.to_string();
        cells[1] = self.event.to_string();
        cells[2] = Timestamp(self.at).rfc3339();
        self.kind.clone_into(&mut cells[3]);
        self.outcome.clone_into(&mut cells[4]);
        cells[COLUMNS.len() - 2] = hex::encode(self.payload_hash);
        intact.clone_into(&mut cells[COLUMNS.len() - 1]);
        csv::line(cells.iter().map(String::as_str))
    }
}

impl<'a> ColumnsLine<'a> {
    fn read(self) -> Option<Columns<'a>> {
        let Self { at, event, kind, outcome, payload_hash } = self;
        Some(Columns { at, event, kind, outcome, payload_hash: bytes(payload_hash)? })
    }
}

/// At most 32 bytes, as text. The crate's own text is made digit by digit, which a log of millions of events feels.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        let digits = &mut digits[..self.0.len() * 2];
        hex::encode_to_slice(self.0, digits).map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(digits).map_err(|_| fmt::Error)?)
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).ok().map(|()| out)
}

impl<'a> Shown<'a> {
    /// The line in `events.jsonl`, with its end.
    pub fn line(&self) -> String {
        let mut out = String::with_capacity(1_024);
        match &self.what {
            What::Whole { salt, payload } => {
                write!(out, "{{\"payload\":{payload},\"place\":{},\"salt\":\"{}\"", self.place, Hex(salt))
            }
            What::Altered(columns) => write!(out, "{{\"altered\":{},\"place\":{}", columns.json(), self.place),
            What::Removed(columns) => write!(out, "{{\"place\":{},\"removed\":{}", self.place, columns.json()),
            What::Told { payload_hash, .. } => {
                write!(out, "{{\"payload_hash\":\"{}\",\"place\":{}", Hex(payload_hash), self.place)
            }
        }
        .expect("writing to a string does not fail");
        out.push_str(",\"subjects\":[");
        for (place, (tag, n)) in self.subjects.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(out, "{comma}[\"{}\",{n}]", Hex(tag)).expect("writing to a string does not fail");
        }
        out.push(']');
        if let What::Told { told, .. } = &self.what {
            write!(out, ",\"told\":{told}").expect("writing to a string does not fail");
        }
        out.push_str("}\n");
        out
    }

    /// Read a line, which ends with its end. `None`: it is none that [`Shown::line`] writes.
    pub fn parse(text: &'a str) -> Option<Self> {
        let line: Line = serde_json::from_str(text.strip_suffix('\n')?).ok()?;
        let what = match (line.payload, line.salt, line.altered, line.removed, line.told, line.payload_hash) {
            (Some(payload), Some(salt), None, None, None, None) => What::Whole { salt: bytes(salt)?, payload: payload.get() },
            (None, None, Some(altered), None, None, None) => What::Altered(altered.read()?),
            (None, None, None, Some(removed), None, None) => What::Removed(removed.read()?),
            (None, None, None, None, Some(told), Some(hash)) => {
                told::to(told.get())?;
                What::Told { payload_hash: bytes(hash)?, told: told.get() }
            }
            _ => return None,
        };
        let subjects = line.subjects.into_iter().map(|(tag, n)| Some((bytes(tag)?, n))).collect::<Option<_>>()?;
        let shown = Self { place: line.place, subjects, what };
        (shown.line() == text).then_some(shown)
    }

    /// The hash of its place in the tree. `None`: its payload is none.
    pub fn leaf(&self) -> Option<Hash> {
        let (event, at, kind, outcome, hash);
        match &self.what {
            What::Whole { payload, .. } | What::Told { told: payload, .. } => {
                let columns = crate::compliance::entry::Columns::read(payload)?;
                (event, at, kind, outcome, hash) = (columns.event, columns.at, columns.kind, columns.outcome, self.payload_hash());
            }
            What::Altered(columns) | What::Removed(columns) => {
                (event, at, kind, outcome, hash) = (columns.event, columns.at, columns.kind, columns.outcome, columns.payload_hash);
            }
        }
        Some(record_hash(&leaf_bytes(EventId(event), Timestamp(at), kind, outcome, &self.subjects, &hash)))
    }

    fn payload_hash(&self) -> [u8; 32] {
        match &self.what {
            What::Whole { salt, payload } => crate::audit::payload_hash(salt, payload.as_bytes()),
            What::Told { payload_hash, .. } => *payload_hash,
            What::Altered(columns) | What::Removed(columns) => columns.payload_hash,
        }
    }

    /// The line of this event in the form for reading; nothing where the events themselves are that form. `origin`: the log's.
    pub fn view(&self, format: Format, origin: &str) -> String {
        let (payload, intact) = match &self.what {
            What::Whole { payload, .. } => (payload, "yes"),
            What::Told { told, .. } => (told, "told"),
            // Nothing is made up for FHIR: events.jsonl has what is left of it.
            What::Altered(columns) if format == Format::Csv => return columns.csv_line(self.place, "ALTERED"),
            What::Removed(columns) if format == Format::Csv => return columns.csv_line(self.place, "removed"),
            What::Altered(_) | What::Removed(_) => return String::new(),
        };
        let hash = || hex::encode(self.payload_hash());
        let line = |payload: Payload| match format {
            Format::JsonLines => String::new(),
            Format::Csv => csv_line(self.place, &payload, &hash(), intact),
            Format::Fhir => fhir::line(origin, self.place, &payload, &hash(), intact),
        };
        Payload::parse(payload).map(line).unwrap_or_default()
    }
}

impl Gap {
    /// The line in `proof.jsonl`, with its end.
    pub fn line(&self) -> String {
        let hashes: Vec<String> = self.hashes.iter().map(|hash| format!("\"{}\"", hex::encode(hash.0))).collect();
        format!("{{\"from\":{},\"hashes\":[{}],\"until\":{}}}\n", self.from, hashes.join(","), self.until)
    }

    /// Read a line, which ends with its end. `None`: it is none that [`Gap::line`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let line: GapLine = serde_json::from_str(text.strip_suffix('\n')?).ok()?;
        let hashes = line.hashes.into_iter().map(|hash| bytes(hash).map(Hash)).collect::<Option<_>>()?;
        let gap = Self { from: line.from, until: line.until, hashes };
        (gap.line() == text).then_some(gap)
    }
}

/// The cells of a CSV line, in order.
const COLUMNS: [&str; 18] = [
    "place",
    "event",
    "recorded_at",
    "kind",
    "outcome",
    "why",
    "actor_kind",
    "actor_id",
    "role",
    "patients",
    "object_type",
    "object_id",
    "from",
    "purpose",
    "request",
    "details",
    "payload_hash",
    "intact",
];

/// What stands above the lines of a form for reading.
pub fn header(format: Format) -> String {
    if format == Format::Csv { csv::line(COLUMNS) } else { String::new() }
}

fn csv_line(place: u64, payload: &Payload, hash: &str, intact: &str) -> String {
    let actor = payload.actor.id.map(|id| id.to_string()).unwrap_or_default();
    let patients: Vec<String> = payload.patients.iter().map(ToString::to_string).collect();
    let (place, event, at) = (place.to_string(), payload.event.to_string(), Timestamp(payload.at).rfc3339());
    let cells: [&str; COLUMNS.len()] = [
        &place,
        &event,
        &at,
        &payload.kind,
        &payload.outcome,
        payload.why(),
        &payload.actor.kind,
        &actor,
        &payload.actor.role,
        &patients.join(" "),
        &payload.object.kind,
        &payload.object.id,
        &payload.from,
        &payload.purpose,
        &payload.request,
        &payload.details(),
        hash,
        intact,
    ];
    csv::line(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAYLOAD: &str = r#"{"actor":{"kind":"system"},"agent":"none","at":7,"event":"00000000-0000-0000-0000-000000000006","kind":"log.viewed","outcome":"success","purpose":"compliance","request":"00000000-0000-0000-0000-000000000002"}"#;

    fn whole() -> String {
        Shown { place: 12, subjects: vec![([8; 16], 1), ([9; 16], 70_000)], what: What::Whole { salt: [9; 32], payload: PAYLOAD } }.line()
    }

    #[test]
    fn a_line_reads_back() {
        let columns = Columns { event: Uuid::nil(), at: -1, kind: "a.b", outcome: "failed", payload_hash: [3; 32] };
        let bare = |what| Shown { place: 0, subjects: Vec::new(), what }.line();
        let told = r#"{"actor":{"kind":"system"},"patients":["00000000-0000-0000-0000-000000000001"]}"#;
        let told = bare(What::Told { payload_hash: [4; 32], told });
        for text in [whole(), bare(What::Altered(columns)), bare(What::Removed(columns)), told] {
            assert_eq!(Shown::parse(&text).expect("our own").line(), text);
        }
        let gap = Gap { from: 3, until: 9, hashes: vec![Hash([1; 32]), Hash([2; 32])] };
        assert_eq!(Gap::parse(&gap.line()), Some(gap));
    }

    proptest! {
        /// A line with one byte changed is no line, or another event with another hash.
        #[test]
        fn no_byte_of_a_line_is_free(at: prop::sample::Index, flip in 1u8..) {
            let text = whole();
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Some(read) = std::str::from_utf8(&bytes).ok().and_then(Shown::parse) {
                let true_one = Shown::parse(&text).expect("our own");
                prop_assert!(read.leaf() != true_one.leaf() || read.place != true_one.place);
            }
        }
    }
}
