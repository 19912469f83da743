//! One event of the log as an officer reads it: the sealed payload, which counts, beside the clear columns. Pure.

use crate::audit::{Disclosed, Recorded};
use serde::Deserialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The payload of an event, parsed. Only an event whose columns say what its payload says has one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Payload {
    pub actor: Party,
    pub agent: String,
    pub at: i64,
    pub event: Uuid,
    pub kind: String,
    pub outcome: String,
    pub purpose: String,
    pub request: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub session: String,
    #[serde(default)]
    pub object: Thing,
    /// Without the nil id, which stands for nobody in the event of a link that there is not.
    #[serde(default)]
    pub patients: Vec<Uuid>,
    #[serde(default)]
    pub details: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Party {
    pub kind: String,
    #[serde(default)]
    pub id: Option<Uuid>,
    #[serde(default)]
    pub role: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Thing {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
}

/// The parts of a payload that lie in columns too. None of their words needs an escape in JSON.
#[derive(Deserialize)]
pub struct Columns<'a> {
    #[serde(borrow)]
    actor: ActorColumns<'a>,
    pub at: i64,
    pub event: Uuid,
    pub kind: &'a str,
    pub outcome: &'a str,
    #[serde(default)]
    from: &'a str,
}

#[derive(Deserialize)]
struct ActorColumns<'a> {
    kind: &'a str,
    #[serde(default)]
    id: Option<Uuid>,
}

impl<'a> Columns<'a> {
    pub fn read(payload: &'a str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }
}

/// The network address that the payload names, empty if none, of an event whose clear columns say what the payload says.
pub fn agreed<'a>(recorded: &Recorded, disclosed: &'a Disclosed) -> Option<&'a str> {
    let payload = Columns::read(&disclosed.payload)?;
    let same = payload.event == recorded.id.0
        && payload.at == recorded.recorded_at.0
        && payload.kind == recorded.kind
        && payload.outcome == recorded.outcome
        && payload.actor.kind == recorded.actor_kind
        && payload.actor.id == recorded.actor_id;
    same.then_some(payload.from)
}

impl Payload {
    /// Read an event. `None` is an altered one: its payload did not open, or the clear columns do not say the same.
    pub fn read(recorded: &Recorded, disclosed: Option<&Disclosed>) -> Option<Self> {
        let disclosed = disclosed?;
        Self::parse(&disclosed.payload).filter(|_| agreed(recorded, disclosed).is_some())
    }

    /// Read a payload whose columns were compared, or that has none.
    pub fn parse(payload: &str) -> Option<Self> {
        let mut payload: Self = serde_json::from_str(payload).ok()?;
        payload.patients.retain(|patient| !patient.is_nil());
        Some(payload)
    }

    /// The word for why it was refused, failed or ended.
    pub fn why(&self) -> &str {
        self.details.get("why").and_then(|why| why.as_str()).unwrap_or_default()
    }

    /// The details as canonical JSON, nothing if there are none.
    pub fn details(&self) -> String {
        if self.details.is_empty() {
            return String::new();
        }
        serde_json::to_string(&self.details).expect("what was parsed from JSON serialises")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Sealed;
    use crate::ids::EventId;
    use crate::time::Timestamp;

    fn example() -> (Recorded, Disclosed) {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../compliance/audit/leaf-vectors.json")).expect("the vectors are JSON");
        let recorded = Recorded {
            id: EventId(Uuid::from_u128(6)),
            recorded_at: Timestamp(1_795_444_200_123),
            kind: "identity.recorded".to_owned(),
            outcome: "success".to_owned(),
            actor_kind: "staff".to_owned(),
            actor_id: Some(Uuid::from_u128(1)),
            payload_hash: Vec::new(),
            payload: Sealed(Vec::new()),
            source_index: None,
        };
        (recorded, Disclosed { salt: [9; 32], payload: vectors[0]["payload"].as_str().expect("text").to_owned() })
    }

    #[test]
    fn an_event_is_read_whole() {
        let (recorded, disclosed) = example();
        let payload = Payload::read(&recorded, Some(&disclosed)).expect("nothing was altered");
        assert_eq!((payload.from.as_str(), payload.actor.role.as_str()), ("203.0.113.9", "clinician"));
        assert_eq!(payload.details(), r#"{"answer":"confirmed","epoch":2}"#);
        assert_eq!((payload.patients.len(), payload.why()), (1, ""));
    }

    #[test]
    fn the_nil_id_is_nobody() {
        let (recorded, mut disclosed) = example();
        let patient = disclosed.payload.split_once("\"patients\":[\"").expect("a patient").1[..36].to_owned();
        disclosed.payload = disclosed.payload.replace(&patient, &Uuid::nil().to_string());
        assert_eq!(Payload::read(&recorded, Some(&disclosed)).expect("read").patients, Vec::<Uuid>::new());
    }

    #[test]
    fn a_column_that_says_something_else_is_an_alteration() {
        let (recorded, disclosed) = example();
        let altered = [
            Recorded { id: EventId(Uuid::nil()), ..recorded.clone() },
            Recorded { recorded_at: Timestamp(0), ..recorded.clone() },
            Recorded { kind: "note.read".to_owned(), ..recorded.clone() },
            Recorded { outcome: "failed".to_owned(), ..recorded.clone() },
            Recorded { actor_kind: "nobody".to_owned(), ..recorded.clone() },
            Recorded { actor_id: None, ..recorded.clone() },
        ];
        for recorded in altered {
            assert_eq!(Payload::read(&recorded, Some(&disclosed)), None);
        }
        assert_eq!(Payload::read(&recorded, None), None);
    }
}
