//! "Who opened my record" for one patient, in words that need no explaining. Pure.
//!
//! What one person did of one kind on one day is one line. What the program did by itself is counted and not listed.

use super::super::entry::Payload;
use crate::audit::{ActorKind, Recorded};
use crate::time::{Timestamp, Zone};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who did something, as the list names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Somebody who works at the clinic, in a role.
    Staff(Uuid, String),
    /// Whoever had the visit link.
    Link,
    /// Somebody who was not signed in.
    Nobody,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub day: NaiveDate,
    pub who: Who,
    /// The end of the name of a text: what was done.
    pub act: &'static str,
    /// False where it was tried and refused.
    pub done: bool,
    pub first: Timestamp,
    pub last: Timestamp,
    pub times: i64,
}

/// What one line is about: the day, who, what, and whether it was done or refused.
type Key = (NaiveDate, Who, &'static str, bool);

/// The list, while events are added in any order.
#[derive(Debug)]
pub struct List {
    zone: Zone,
    lines: BTreeMap<Key, (Timestamp, Timestamp, i64)>,
    /// What the program did by itself.
    pub by_itself: i64,
    /// Events that are not what was recorded.
    pub altered: i64,
}

impl List {
    /// Days are those of `zone`.
    pub fn new(zone: Zone) -> Self {
        Self { zone, lines: BTreeMap::new(), by_itself: 0, altered: 0 }
    }

    pub fn add(&mut self, event: &Recorded, payload: Option<&Payload>) {
        let Some(payload) = payload else {
            self.altered += 1;
            return;
        };
        let who = match (ActorKind::from_word(&payload.actor.kind), payload.actor.id) {
            (Some(ActorKind::Staff), Some(id)) => Who::Staff(id, payload.actor.role.clone()),
            (Some(ActorKind::PatientLink), _) => Who::Link,
            (Some(ActorKind::System), _) => {
                self.by_itself += 1;
                return;
            }
            _ => Who::Nobody,
        };
        let at = event.recorded_at;
        let key = (self.zone.today(at), who, act(&event.kind), event.outcome == "success");
        let (first, last, times) = self.lines.entry(key).or_insert((at, at, 0));
        (*first, *last, *times) = (at.min(*first), at.max(*last), *times + 1);
    }

    /// The lines, the newest day first and within it the newest.
    pub fn lines(self) -> Vec<Line> {
        let line = |((day, who, act, done), (first, last, times))| Line { day, who, act, done, first, last, times };
        let mut lines: Vec<Line> = self.lines.into_iter().map(line).collect();
        lines.sort_by_key(|line| (std::cmp::Reverse(line.day), std::cmp::Reverse(line.last)));
        lines
    }
}

/// What a kind of event is to a patient. Nothing is left out for want of a word of its own.
pub fn act(kind: &str) -> &'static str {
    match kind {
        "patient.read" => "details-read",
        "patient.added" => "details-added",
        "patient.changed" => "details-changed",
        "patient.searched" => "searched",
        "visit.booked" => "visit-booked",
        "visit.moved" => "visit-moved",
        "visit.cancelled" => "visit-cancelled",
        "visit.read" => "visit-read",
        "visits.listed" => "listed",
        "note.read" => "note-read",
        "note.saved" => "note-written",
        "link.checked" | "link.redeemed" | "link.resumed" | "link.reported" => "link-used",
        "visit.waiting" | "visit.left" | "consent.recorded" | "companion.recorded" => "waited",
        "visit.held" | "visit.messaged" | "visit.admitted" | "visit.put_back" | "visit.removed" | "visit.no_show" | "visit.ended"
        | "identity.recorded" | "incident.reported" | "clinician.late" => "visit-led",
        "log.viewed" | "log.exported" => "log-read",
        "record.marked" => "marked",
        "emergency.opened" | "emergency.ended" => "emergency",
        kind if kind.starts_with("link.") => "link-sent",
        kind if kind.starts_with("device.") => "device",
        kind if kind.starts_with("call.") || kind.starts_with("chat.") => "call",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Kind;
    use crate::crypto::Sealed;
    use crate::ids::EventId;
    use crate::text::{LANGUAGES, Text};

    const NINE: i64 = 1_795_444_200_000;

    fn event(minutes: i64, kind: &str, outcome: &str, actor: &str) -> (Recorded, Payload) {
        let (id, at) = (Uuid::from_u128(minutes.unsigned_abs().into()), NINE + minutes * 60_000);
        let payload = format!(
            r#"{{"actor":{actor},"agent":"computer","at":{at},"event":"{id}","kind":"{kind}","outcome":"{outcome}","purpose":"treatment","request":""}}"#
        );
        let recorded = Recorded {
            id: EventId(id),
            recorded_at: Timestamp(at),
            kind: kind.to_owned(),
            outcome: outcome.to_owned(),
            actor_kind: String::new(),
            actor_id: None,
            payload_hash: Vec::new(),
            payload: Sealed(Vec::new()),
            source_index: None,
        };
        (recorded, serde_json::from_str(&payload).expect("a payload"))
    }

    fn list(events: &[(Recorded, Payload)]) -> List {
        let mut list = List::new("America/New_York".parse().expect("a zone"));
        events.iter().for_each(|(event, payload)| list.add(event, Some(payload)));
        list
    }

    const ANA: &str = r#"{"kind":"staff","id":"00000000-0000-0000-0000-000000000001","role":"clinician"}"#;

    #[test]
    fn what_one_person_did_of_one_kind_on_one_day_is_one_line() {
        let lines = list(&[
            event(1, "note.read", "success", ANA),
            event(9, "note.read", "success", ANA),
            event(5, "note.read", "refused", ANA),
            event(7, "note.saved", "success", ANA),
            event(60 * 24, "note.read", "success", ANA),
        ])
        .lines();
        let told: Vec<_> = lines.iter().map(|line| (line.act, line.done, line.times, (line.last - line.first).0 / 60_000)).collect();
        assert_eq!(
            told,
            [("note-read", true, 1, 0), ("note-read", true, 2, 8), ("note-written", true, 1, 0), ("note-read", false, 1, 0)],
            "the newest first; a day later is another line; what was refused is not what was done"
        );
    }

    #[test]
    fn what_the_program_did_is_counted_and_what_was_altered_is_said() {
        let mut list =
            list(&[event(1, "mail.sent", "success", r#"{"kind":"system"}"#), event(2, "link.checked", "refused", r#"{"kind":"nobody"}"#)]);
        list.add(&event(3, "note.read", "success", ANA).0, None);
        assert_eq!((list.by_itself, list.altered), (1, 1));
        let lines = list.lines();
        assert_eq!((lines.len(), &lines[0].who, lines[0].act), (1, &Who::Nobody, "link-used"));
    }

    #[test]
    fn every_act_has_a_sentence_in_every_language() {
        for language in LANGUAGES {
            for kind in Kind::ALL {
                let name = format!("opened-act-{}", act(kind.word()));
                assert!(Text::of(language).has(&name), "{name} in {language}");
            }
        }
    }
}
