//! What an event of the access log means for the people whose data somebody got at. Pure.
//!
//! Whoever is in doubt is told of too many people rather than of too few: an event about a patient that has no line of its own
//! here counts as "other".

use crate::audit::{ActorKind, Filter, Kind, Outcome};
use crate::compliance::{Payload, csv as file};
use crate::ids::PatientId;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Whose acts, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// An account, or the device of a patient's link.
    pub actor: Uuid,
    pub from: Timestamp,
    /// This instant itself is not included.
    pub until: Timestamp,
    /// One session of the account alone.
    pub session: Option<Uuid>,
}

/// What kinds of data an event showed or changed (45 CFR 164.402(2)(i)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Data {
    Identity,
    Contact,
    Appointment,
    Reason,
    Companion,
    Message,
    Call,
    Note,
    Disclosures,
    Log,
    Other,
}

impl Data {
    /// The word in files, and of its sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Contact => "contact",
            Self::Appointment => "appointment",
            Self::Reason => "reason",
            Self::Companion => "companion",
            Self::Message => "message",
            Self::Call => "call",
            Self::Note => "note",
            Self::Disclosures => "disclosures",
            Self::Log => "log",
            Self::Other => "other",
        }
    }
}

/// What was done with it (164.402(2)(iii)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    Read,
    Changed,
    Exported,
}

impl How {
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Changed => "changed",
            Self::Exported => "exported",
        }
    }
}

/// What happened to the data of one patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    pub data: BTreeSet<Data>,
    pub how: BTreeSet<How>,
    pub events: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// From where the account was used (164.402(2)(ii)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub events: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// What the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worksheet {
    pub question: Question,
    pub patients: BTreeMap<Uuid, Touched>,
    /// By session and network address; either may be empty.
    pub seats: BTreeMap<(String, String), Seat>,
    /// Roles in which the account acted.
    pub roles: BTreeSet<String>,
    /// Everything it did, also what is about no patient.
    pub events: u64,
    /// What it tried and was not let do.
    pub turned_away: u64,
    /// Events that could not be read: somebody altered them, and the sheet may be short.
    pub altered: u64,
    /// Looks at pages of the access log, of which the log does not hold whose events were on them.
    pub looks: u64,
}

impl Worksheet {
    pub fn new(question: Question) -> Self {
        Self {
            question,
            patients: BTreeMap::new(),
            seats: BTreeMap::new(),
            roles: BTreeSet::new(),
            events: 0,
            turned_away: 0,
            altered: 0,
            looks: 0,
        }
    }

    /// Whether an event answers the question.
    pub fn counts(&self, payload: &Payload) -> bool {
        self.question.session.is_none_or(|session| payload.session == session.to_string())
    }

    /// Take the next event of the account, in the order of the log. `None`: its payload does not open.
    pub fn take(&mut self, payload: Option<&Payload>) {
        let Some(payload) = payload else {
            self.altered += 1;
            return;
        };
        if !self.counts(payload) {
            return;
        }
        let at = Timestamp(payload.at);
        self.events += 1;
        self.roles.extend(Some(payload.actor.role.clone()).filter(|role| !role.is_empty()));
        let seat = self.seats.entry((payload.session.clone(), payload.from.clone())).or_insert(Seat { events: 0, first: at, last: at });
        (seat.events, seat.last) = (seat.events + 1, at);
        if payload.outcome != Outcome::Success.word() {
            self.turned_away += 1;
            return;
        }
        let kind = Kind::from_word(&payload.kind);
        self.looks += u64::from(kind == Some(Kind::LogViewed));
        let (how, data) = meaning(kind, payload);
        for patient in &payload.patients {
            self.touch(*patient, at, how, &data);
        }
    }

    /// The account took a file with events about these patients away.
    pub fn exported(&mut self, at: Timestamp, patients: impl IntoIterator<Item = Uuid>) {
        for patient in patients {
            self.touch(patient, at, How::Exported, &[Data::Log]);
        }
    }

    fn touch(&mut self, patient: Uuid, at: Timestamp, how: How, data: &[Data]) {
        let new = || Touched { data: BTreeSet::new(), how: BTreeSet::new(), events: 0, first: at, last: at };
        let touched = self.patients.entry(patient).or_insert_with(new);
        touched.data.extend(data);
        touched.how.insert(how);
        touched.events += 1;
        (touched.first, touched.last) = (touched.first.min(at), touched.last.max(at));
    }

    /// All kinds of data that were involved.
    pub fn data(&self) -> BTreeSet<Data> {
        self.patients.values().flat_map(|touched| touched.data.iter().copied()).collect()
    }

    /// How many patients' data was treated so.
    pub fn count(&self, how: How) -> usize {
        self.patients.values().filter(|touched| touched.how.contains(&how)).count()
    }

    /// The first and the last touch of anybody's data: the dates of the event.
    pub fn between(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.patients.values().map(|touched| touched.first).min()?;
        Some((first, self.patients.values().map(|touched| touched.last).max()?))
    }
}

/// What an event did with which data of the patients it names.
fn meaning(kind: Option<Kind>, payload: &Payload) -> (How, Vec<Data>) {
    use Data::{Appointment, Call, Contact, Identity, Log, Note, Other, Reason};
    let Some(kind) = kind else { return (How::Read, vec![Other]) };
    match kind {
        Kind::PatientRead => (How::Read, fields(payload, &[Identity, Contact])),
        Kind::PatientSearched => (How::Read, vec![Identity]),
        Kind::PatientAdded | Kind::PatientChanged => (How::Changed, vec![Identity, Contact]),
        Kind::VisitRead => (How::Read, fields(payload, &[Identity, Appointment, Reason])),
        Kind::VisitsListed => (How::Read, vec![Identity, Appointment]),
        Kind::VisitBooked => (How::Changed, vec![Identity, Appointment, Reason]),
        Kind::NoteRead if payload.details.get("row_version").and_then(serde_json::Value::as_i64) == Some(0) => {
            (How::Read, vec![Appointment])
        }
        Kind::NoteRead => (How::Read, vec![Note]),
        Kind::NoteSaved => (How::Changed, vec![Note]),
        Kind::CallJoined | Kind::CallConnected | Kind::CallLeft | Kind::CallProof | Kind::ChatSent => (How::Read, vec![Call]),
        Kind::CallRuleSet | Kind::CallSharingStarted | Kind::CallSharingEnded => (How::Read, vec![Call]),
        Kind::VisitMoved | Kind::VisitCancelled | Kind::VisitWaiting | Kind::VisitLeft | Kind::VisitHeld | Kind::VisitMessaged => {
            (How::Changed, vec![Appointment])
        }
        Kind::VisitAdmitted | Kind::VisitPutBack | Kind::VisitRemoved | Kind::VisitNoShow | Kind::VisitEnded | Kind::IdentityRecorded => {
            (How::Changed, vec![Appointment])
        }
        Kind::LinkCreated | Kind::LinkVoided | Kind::LinkUnlocked | Kind::LinkCodeMade | Kind::LinkCodeDropped => {
            (How::Changed, vec![Appointment])
        }
        Kind::LogViewed => (How::Read, vec![Log]),
        Kind::RecordExported => {
            (How::Exported, vec![Identity, Contact, Appointment, Reason, Data::Companion, Data::Message, Note, Data::Disclosures])
        }
        Kind::LogExported => (How::Exported, vec![Log]),
        _ => (How::Read, vec![Other]),
    }
}

/// The parts that an event says were opened, or all that such an event can open.
fn fields(payload: &Payload, all: &[Data]) -> Vec<Data> {
    let Some(fields) = payload.details.get("fields").and_then(serde_json::Value::as_array) else { return all.to_vec() };
    let data = |field: &serde_json::Value| match field.as_str() {
        Some("name") => Data::Identity,
        Some("contact") => Data::Contact,
        Some("reason") => Data::Reason,
        Some("companion") => Data::Companion,
        Some("message") => Data::Message,
        _ => Data::Other,
    };
    fields.iter().map(data).collect()
}

/// When an event says that part of the log was exported, and which part: the same search again, up to then.
pub fn taken_away(payload: &Payload) -> Option<(Timestamp, Filter)> {
    if payload.kind != Kind::LogExported.word() || payload.outcome != Outcome::Success.word() {
        return None;
    }
    let text = |name: &str| payload.details.get(name).and_then(serde_json::Value::as_str);
    let time = |name: &str| payload.details.get(name).and_then(serde_json::Value::as_i64).map(Timestamp);
    let made = Timestamp(payload.at.saturating_add(1));
    let filter = Filter {
        from: time("from"),
        until: Some(time("until").map_or(made, |until| until.min(made))),
        actor: text("person").and_then(|id| id.parse().ok()),
        patient: text("patient").and_then(|id| id.parse().ok()).map(PatientId),
        kind: text("kind").and_then(Kind::from_word),
        outcome: text("outcome").and_then(Outcome::from_word),
        actor_kind: text("person_kind").and_then(ActorKind::from_word),
    };
    Some((Timestamp(payload.at), filter))
}

/// The sheet as a file: one line for each patient.
pub fn csv(sheet: &Worksheet) -> String {
    let mut out = file::line(["patient", "data", "how", "events", "first_at", "last_at"]);
    for (patient, touched) in &sheet.patients {
        let words = |words: Vec<&str>| words.join(" ");
        out += &file::line([
            patient.to_string().as_str(),
            &words(touched.data.iter().map(|data| data.word()).collect()),
            &words(touched.how.iter().map(|how| how.word()).collect()),
            &touched.events.to_string(),
            &touched.first.rfc3339(),
            &touched.last.rfc3339(),
        ]);
    }
    out
}
