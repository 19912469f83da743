//! What an officer asks of the access log: the parts of a search, parsed at the edge. Pure.

use crate::audit::search::Direction;
use crate::audit::{ActorKind, Event, Fact, Filter, Kind, Outcome};
use crate::ids::{EventId, PatientId};
use crate::time::{LocalTimeError, Timestamp, Zone};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A search as it stands in an address or a form. An empty part narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Wall-clock time in the officer's zone.
    pub from: String,
    /// Wall-clock time in the officer's zone; this instant itself is not included.
    pub until: String,
    /// The id of a member of staff, or the word of another kind of party.
    pub person: String,
    /// The record id of a patient. Never a name: finding a name would open what is sealed.
    pub patient: String,
    pub kind: String,
    pub outcome: String,
    /// The word of a [`Sort`]; by time if there is none.
    pub sort: String,
    /// `up`, or anything else for the newest first and the alphabet backwards.
    pub order: String,
    /// The last row of the page before, `KEY_ID`.
    pub after: String,
    /// Of an export.
    pub format: String,
}

/// A search that makes sense.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub filter: Filter,
    pub sort: Sort,
    pub direction: Direction,
    pub after: Option<Mark>,
}

/// Where a page of the log ended: what its last row has in the column of the order, and the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub key: String,
    pub id: EventId,
}

/// The columns of the table, each of which the log can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Time,
    Who,
    What,
    Patient,
    Outcome,
    Source,
}

impl Sort {
    /// In the order of the table.
    pub const ALL: [Self; 6] = [Self::Time, Self::Who, Self::What, Self::Patient, Self::Outcome, Self::Source];

    pub fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|sort| sort.word() == word).unwrap_or_default()
    }

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Who => "who",
            Self::What => "what",
            Self::Patient => "patient",
            Self::Outcome => "outcome",
            Self::Source => "address",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
    /// FHIR R4 `AuditEvent`.
    Fhir,
}

impl Format {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            "fhir" => Some(Self::Fhir),
            _ => None,
        }
    }

    /// The word in addresses, file names and events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Fhir => "fhir",
        }
    }

    /// The file in an export that holds this form; none where the events as they are proved are it.
    pub fn view(self) -> Option<&'static str> {
        match self {
            Self::Csv => Some("events.csv"),
            Self::JsonLines => None,
            Self::Fhir => Some("events.fhir.ndjson"),
        }
    }
}

/// The names of the sentences that stand beside the parts that could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Problems {
    pub from: Option<&'static str>,
    pub until: Option<&'static str>,
    pub person: Option<&'static str>,
    pub patient: Option<&'static str>,
    pub kind: Option<&'static str>,
    pub outcome: Option<&'static str>,
}

impl Asked {
    /// The search, with times read in `zone`.
    pub fn parse(&self, zone: Zone) -> Result<Search, Problems> {
        let mut problems = Problems::default();
        let from = optional(&self.from, |text| instant(text, zone, Edge::From), &mut problems.from);
        let until = optional(&self.until, |text| instant(text, zone, Edge::Until), &mut problems.until);
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            problems.until = Some("compliance-problem-backwards");
        }
        let person = optional(&self.person, person, &mut problems.person).unwrap_or_default();
        let patient = |text: &str| text.parse::<PatientId>().map_err(|_| "compliance-problem-patient");
        let kind = |word: &str| Kind::from_word(word).ok_or("compliance-problem-choice");
        let outcome = |word: &str| Outcome::from_word(word).ok_or("compliance-problem-choice");
        let filter = Filter {
            from,
            until,
            actor: person.0,
            actor_kind: person.1,
            patient: optional(&self.patient, patient, &mut problems.patient),
            kind: optional(&self.kind, kind, &mut problems.kind),
            outcome: optional(&self.outcome, outcome, &mut problems.outcome),
        };
        if problems != Problems::default() {
            return Err(problems);
        }
        let direction = if self.order == "up" { Direction::Up } else { Direction::Down };
        // Of one patient's events, time is the order by patient.
        let sort = Some(Sort::parse(&self.sort)).filter(|sort| *sort != Sort::Patient || filter.patient.is_none()).unwrap_or_default();
        // An address that was cut short starts at the first page again.
        Ok(Search { filter, sort, direction, after: parse_mark(&self.after) })
    }

    /// The same search from its first row, without what belongs to an export.
    pub fn first_page(&self) -> Self {
        Self { after: String::new(), format: String::new(), ..self.clone() }
    }
}

/// What is in an address after a row.
pub fn show_mark(mark: &Mark) -> String {
    format!("{}_{}", mark.key, mark.id)
}

fn parse_mark(text: &str) -> Option<Mark> {
    let (key, id) = text.rsplit_once('_')?;
    Some(Mark { key: key.to_owned(), id: id.parse().ok()? })
}

/// Events that have one thing in common, and the words by which they stand in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The same for a group on the next page.
    pub key: String,
    pub label: String,
    /// Narrows to this group alone.
    pub of: Filter,
}

/// The groups from where a page begins, in the order asked for, with what is left of `filter` in each.
pub fn groups_from(mut groups: Vec<Group>, filter: &Filter, direction: Direction, after: Option<&Mark>) -> Vec<(String, Filter)> {
    groups.sort_by(|one, other| (one.label.to_lowercase(), &one.key).cmp(&(other.label.to_lowercase(), &other.key)));
    if direction == Direction::Down {
        groups.reverse();
    }
    let first = after.and_then(|mark| groups.iter().position(|group| group.key == mark.key)).unwrap_or(0);
    let left = groups.drain(..).skip(first).filter_map(|group| Some((group.key, both(filter, &group.of)?)));
    left.collect()
}

/// What meets both, if anything can.
fn both(filter: &Filter, group: &Filter) -> Option<Filter> {
    fn part<T: PartialEq + Copy>(one: Option<T>, other: Option<T>) -> Option<Option<T>> {
        match (one, other) {
            (Some(one), Some(other)) if one != other => None,
            (one, other) => Some(one.or(other)),
        }
    }
    Some(Filter {
        actor: part(filter.actor, group.actor)?,
        actor_kind: part(filter.actor_kind, group.actor_kind)?,
        kind: part(filter.kind, group.kind)?,
        outcome: part(filter.outcome, group.outcome)?,
        ..filter.clone()
    })
}

fn optional<T>(text: &str, parse: impl Fn(&str) -> Result<T, &'static str>, problem: &mut Option<&'static str>) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    parse(text).map_err(|name| *problem = Some(name)).ok()
}

/// Which end of a period a time is.
#[derive(Debug, Clone, Copy)]
pub enum Edge {
    From,
    Until,
}

/// A wall-clock time as browsers send it, or a date, which is its midnight. Of an hour that clocks pass twice, the reading
/// that makes the period longer: an officer should rather see too much than miss an hour.
pub fn instant(text: &str, zone: Zone, edge: Edge) -> Result<Timestamp, &'static str> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(zone.day(date).0);
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or("compliance-problem-time")?;
    match (zone.instant(local), edge) {
        (Ok(at), _) | (Err(LocalTimeError::Twice(at, _)), Edge::From) | (Err(LocalTimeError::Twice(_, at)), Edge::Until) => Ok(at),
        (Err(LocalTimeError::Skipped), _) if local.time() == NaiveTime::MIN => Ok(zone.day(local.date()).0),
        (Err(LocalTimeError::Skipped), _) => Err("compliance-problem-skipped"),
    }
}

fn person(text: &str) -> Result<(Option<Uuid>, Option<ActorKind>), &'static str> {
    match ActorKind::from_word(text) {
        // All of staff together are no party that the page offers, and no index has them.
        Some(ActorKind::Staff) => Err("compliance-problem-choice"),
        Some(kind) => Ok((None, Some(kind))),
        None => text.parse().map(|id| (Some(id), Some(ActorKind::Staff))).map_err(|_| "compliance-problem-choice"),
    }
}

/// The search as facts of the event that records it.
pub fn facts(event: Event, filter: &Filter) -> Event {
    let facts = [
        ("from", filter.from.map(Fact::At)),
        ("until", filter.until.map(Fact::At)),
        ("person", filter.actor.map(Fact::Id)),
        ("person_kind", filter.actor_kind.map(|kind| Fact::Word(kind.word()))),
        ("patient", filter.patient.map(|patient| Fact::Id(patient.0))),
        ("kind", filter.kind.map(|kind| Fact::Word(kind.word()))),
        ("outcome", filter.outcome.map(|outcome| Fact::Word(outcome.word()))),
    ];
    facts.into_iter().fold(event, |event, (name, fact)| match fact {
        Some(fact) => event.with(name, fact),
        None => event,
    })
}

/// The search and the form that an export's own event tells of. `None`: it tells of none that this program knows.
pub fn asked_of(details: &BTreeMap<String, serde_json::Value>) -> Option<(Filter, Format)> {
    let text = |name: &str| details.get(name).and_then(|value| value.as_str());
    let known = |name: &str, found: bool| details.contains_key(name) == found;
    let id = |name: &str| text(name).and_then(|id| id.parse::<Uuid>().ok());
    let at = |name: &str| details.get(name).and_then(serde_json::Value::as_i64).map(Timestamp);
    let filter = Filter {
        from: at("from"),
        until: at("until"),
        actor: id("person"),
        patient: id("patient").map(PatientId),
        kind: text("kind").and_then(Kind::from_word),
        outcome: text("outcome").and_then(Outcome::from_word),
        actor_kind: text("person_kind").and_then(ActorKind::from_word),
    };
    let whole = known("from", filter.from.is_some())
        && known("until", filter.until.is_some())
        && known("person", filter.actor.is_some())
        && known("patient", filter.patient.is_some())
        && known("kind", filter.kind.is_some())
        && known("outcome", filter.outcome.is_some())
        && known("person_kind", filter.actor_kind.is_some());
    Some((filter, Format::parse(text("format")?)?)).filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_york() -> Zone {
        "America/New_York".parse().expect("a known zone")
    }

    fn asked(from: &str, until: &str) -> Result<Filter, Problems> {
        let asked = Asked { from: from.to_owned(), until: until.to_owned(), ..Asked::default() };
        asked.parse(new_york()).map(|search| search.filter)
    }

    #[test]
    fn nothing_asked_narrows_nothing() {
        assert_eq!(Asked::default().parse(new_york()), Ok(Search::default()));
    }

    #[test]
    fn times_are_read_in_the_officers_zone() {
        let filter = asked("2026-11-23T10:30", "2026-11-24").expect("it parses");
        assert_eq!(filter.from.map(Timestamp::rfc3339).as_deref(), Some("2026-11-23T15:30:00.000Z"));
        assert_eq!(filter.until.map(Timestamp::rfc3339).as_deref(), Some("2026-11-24T05:00:00.000Z"));
    }

    #[test]
    fn of_a_repeated_hour_the_longer_period_is_taken() {
        let filter = asked("2026-11-01T01:30", "2026-11-01T01:30").expect("an hour lies between the two readings");
        assert_eq!(filter.until.zip(filter.from).map(|(until, from)| until - from), Some(crate::time::Millis::hours(1)));
    }

    #[test]
    fn what_cannot_be_read_is_named_beside_its_field() {
        assert_eq!(asked("yesterday", "").expect_err("no time").from, Some("compliance-problem-time"));
        assert_eq!(asked("2026-03-08T02:30", "").expect_err("skipped").from, Some("compliance-problem-skipped"));
        assert_eq!(asked("2026-11-24", "2026-11-23").expect_err("backwards").until, Some("compliance-problem-backwards"));
        let asked = Asked { patient: "Maria".into(), person: "?".into(), kind: "x".into(), outcome: "x".into(), ..Asked::default() };
        let problems = asked.parse(new_york()).expect_err("four problems");
        assert_eq!(problems.patient, Some("compliance-problem-patient"));
        assert!([problems.person, problems.kind, problems.outcome].iter().all(|problem| problem.is_some()));
    }

    #[test]
    fn a_mark_comes_back_from_an_address() {
        for key in ["", "note.read", "staff.signed_in", "-"] {
            let mark = Mark { key: key.to_owned(), id: EventId(Uuid::from_u128(7)) };
            assert_eq!(parse_mark(&show_mark(&mark)), Some(mark));
        }
        assert_eq!(parse_mark("note.read"), None);
    }

    #[test]
    fn groups_stand_by_their_words_and_a_filter_leaves_some() {
        let group = |key: &str, label: &str, kind| Group {
            key: key.to_owned(),
            label: label.to_owned(),
            of: Filter { kind: Some(kind), ..Filter::default() },
        };
        let all = || vec![group("c", "zebra", Kind::NoteRead), group("a", "Apple", Kind::NoteSaved), group("b", "berry", Kind::ChatSent)];
        let keys = |filter: &Filter, direction, after: Option<&Mark>| -> String {
            groups_from(all(), filter, direction, after).into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys(&Filter::default(), Direction::Up, None), "abc");
        assert_eq!(keys(&Filter::default(), Direction::Down, None), "cba");
        let mark = Mark { key: "b".to_owned(), id: EventId(Uuid::nil()) };
        assert_eq!(keys(&Filter::default(), Direction::Down, Some(&mark)), "ba", "the group of the mark goes on");
        let notes = Filter { kind: Some(Kind::NoteRead), ..Filter::default() };
        assert_eq!(keys(&notes, Direction::Up, None), "c");
    }
}
