//! What an export of one patient says of an event that is about other patients, too: all but the others. Pure.
//!
//! Today's page is one event about everybody on it. Its payload holds their ids, so neither it nor its salt leaves with the export of one of them: its
//! hash does, which the leaf needs. What is told beside it is the payload without the others, without what it was done on, and without its
//! details but for the reason. Time, kind, outcome and id are part of the leaf and so proved; the rest is the clinic's word.

use super::fhir::sorted;
use serde_json::{Value, json};
use uuid::Uuid;

/// What is told of an event to this patient. `None`: it is about nobody else, and is shown whole.
pub fn of(payload: &str, patient: Uuid) -> Option<String> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    let about = |id: &Value| id.as_str().and_then(|id| id.parse::<Uuid>().ok());
    let others = payload.get("patients")?.as_array()?.iter().any(|id| about(id).is_none_or(|id| !id.is_nil() && id != patient));
    others.then(|| without_others(payload, patient)).flatten()
}

/// The patient to whom a line tells something. `None`: it says more, or otherwise, than [`of`] would.
pub fn to(told: &str) -> Option<Uuid> {
    let payload: Value = serde_json::from_str(told).ok()?;
    let patient = payload.get("patients")?.get(0)?.as_str()?.parse().ok()?;
    (without_others(payload, patient)? == told).then_some(patient)
}

fn without_others(mut payload: Value, patient: Uuid) -> Option<String> {
    let parts = payload.as_object_mut()?;
    parts.retain(|name, _| PARTS.contains(&name.as_str()));
    parts.insert("patients".to_owned(), json!([patient]));
    if let Some(details) = parts.remove("details")
        && let Some(why) = details.get("why").filter(|why| why.is_string())
    {
        parts.insert("details".to_owned(), json!({ "why": why }));
    }
    Some(sorted(&payload))
}

/// The parts of a payload that may be told. What it was done on is none of them: it may be somebody else's.
const PARTS: [&str; 14] =
    ["actor", "agent", "at", "boot", "build", "details", "event", "from", "kind", "outcome", "patients", "purpose", "request", "session"];

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);

    fn payload(patients: &[u128]) -> String {
        let patients: Vec<Uuid> = patients.iter().map(|id| Uuid::from_u128(*id)).collect();
        let all = json!({
            "actor": { "id": Uuid::from_u128(9), "kind": "staff" }, "at": 7, "details": { "found": 2, "why": "stale" },
            "kind": "visits.listed", "object": { "id": Uuid::from_u128(8), "type": "visit" }, "patients": patients,
        });
        sorted(&all)
    }

    #[test]
    fn an_event_about_others_is_told_without_them() {
        let told = of(&payload(&[1, 2, 3]), ONE).expect("it is about two others");
        let expected = format!(
            r#"{{"actor":{{"id":"{}","kind":"staff"}},"at":7,"details":{{"why":"stale"}},"kind":"visits.listed","patients":["{ONE}"]}}"#,
            Uuid::from_u128(9)
        );
        assert_eq!((told.as_str(), to(&told)), (expected.as_str(), Some(ONE)));
    }

    #[test]
    fn an_event_about_one_patient_or_none_is_shown_whole() {
        for patients in [&[1u128][..], &[0, 1], &[]] {
            assert_eq!(of(&payload(patients), ONE), None, "{patients:?}");
        }
    }

    #[test]
    fn nothing_more_may_be_told() {
        let told = of(&payload(&[1, 2]), ONE).expect("it is about somebody else");
        let second = format!("[\"{ONE}\",\"{}\"]", Uuid::from_u128(2));
        let more = [
            payload(&[1]),
            told.replace(&format!("[\"{ONE}\"]"), &second),
            told.replace("{\"why\"", "{\"found\":2,\"why\""),
            told.replace("\"at\":7", "\"at\": 7"),
            "{}".to_owned(),
        ];
        for text in more {
            assert_eq!(to(&text), None, "{text}");
        }
    }
}
