//! An event as FHIR R4 `AuditEvent`, with the codes of IHE BALP (Basic Audit Log Patterns). Pure.
//!
//! Nothing is added to what the event says: ids stand for people, as in the log. What BALP has no code for bears the event's own word, which is
//! a subtype of every resource. No profile is claimed in `meta`: a search has no query text here, because the log never holds one.

use crate::compliance::entry::Payload;
use crate::time::Timestamp;
use serde_json::{Map, Value, json};

const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const REST: &str = "http://hl7.org/fhir/restful-interaction";
const EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
const BALP_ENTITY: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
/// Our own words.
const EVENT: &str = "urn:anteroom:event";

/// What kind of act an event is, in FHIR's words.
struct Act {
    kind: (&'static str, &'static str),
    subtype: Option<(&'static str, &'static str)>,
    action: &'static str,
    /// True when the answer holds data: the server is its source then, and the client where it goes.
    gives: bool,
}

fn act(kind: &str) -> Act {
    let rest = |subtype, action, gives| Act { kind: (EVENT_TYPE, "rest"), subtype: Some((REST, subtype)), action, gives };
    let dicom = |code, subtype: Option<&'static str>, action, gives| Act {
        kind: (DICOM, code),
        subtype: subtype.map(|code| (DICOM, code)),
        action,
        gives,
    };
    match kind {
        "note.read" | "patient.read" | "visit.read" => rest("read", "R", true),
        "patient.searched" | "visits.listed" | "staff.listed" => rest("search", "E", false),
        "patient.added" | "visit.booked" => rest("create", "C", false),
        "patient.changed" | "visit.moved" | "visit.cancelled" | "note.saved" => rest("update", "U", false),
        "staff.signed_in" => dicom("110114", Some("110122"), "E", false),
        "staff.signed_out" | "staff.session_ended" => dicom("110114", Some("110123"), "E", false),
        "staff.added" | "staff.disabled" | "staff.enabled" | "staff.locked" | "staff.unlocked" | "staff.password_set" => {
            dicom("110113", Some("110137"), "U", false)
        }
        "clinic.changed" | "keys.created" | "link.key_rotated" | "link.key_retired" => dicom("110113", Some("110129"), "U", false),
        // Emergency Override Started, and Stopped.
        "emergency.opened" => dicom("110113", Some("110127"), "E", false),
        "emergency.ended" => dicom("110113", Some("110138"), "E", false),
        "request.refused" | "integrity.failed" => dicom("110113", None, "E", false),
        "log.viewed" | "log.exported" | "log.export_finished" => dicom("110101", None, "R", true),
        "system.started" => dicom("110100", Some("110120"), "E", false),
        "system.stopped" => dicom("110100", Some("110121"), "E", false),
        _ if kind.starts_with("disclosure.") || kind.ends_with(".disclosed") => {
            Act { kind: (DICOM, "110106"), subtype: Some((LIFECYCLE, "disclose")), action: "R", gives: true }
        }
        _ => Act { kind: (EVENT, kind_group(kind)), subtype: None, action: "E", gives: false },
    }
}

/// The part of the program that an event is of.
fn kind_group(kind: &str) -> &'static str {
    const GROUPS: [&str; 12] =
        ["visit", "link", "call", "device", "mail", "consent", "companion", "identity", "incident", "clinician", "chat", "reminder"];
    GROUPS.into_iter().find(|group| kind.split('.').next() == Some(group)).unwrap_or("other")
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "code": code, "system": system })
}

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [coding(system, code)] })
}

fn identified(what: &str, value: &str) -> Value {
    json!({ "identifier": { "system": format!("urn:anteroom:{what}"), "value": value } })
}

/// The resource of an event on a line of its own. `hash`: of its payload, which ties it to its line in `events.jsonl`. `intact`: as in CSV.
pub fn line(origin: &str, place: u64, payload: &Payload, hash: &str, intact: &str) -> String {
    let act = act(&payload.kind);
    let mut subtypes: Vec<Value> = act.subtype.iter().map(|(system, code)| coding(system, code)).collect();
    subtypes.push(coding(EVENT, &payload.kind));
    let mut resource = json!({
        "action": act.action,
        "agent": agents(origin, &act, payload),
        "entity": entities(place, payload, hash, intact),
        "id": payload.event,
        "outcome": match payload.outcome.as_str() { "success" => "0", "refused" => "4", _ => "8" },
        "purposeOfEvent": [concept(REASON, reason(&payload.purpose))],
        "recorded": Timestamp(payload.at).rfc3339(),
        "resourceType": "AuditEvent",
        "source": { "observer": identified("log", origin), "site": host(origin), "type": [coding(SOURCE_TYPE, "4")] },
        "subtype": subtypes,
        "type": coding(act.kind.0, act.kind.1),
    });
    if !payload.why().is_empty() {
        resource["outcomeDesc"] = payload.why().into();
    }
    sorted(&resource) + "\n"
}

fn host(origin: &str) -> &str {
    origin.split('/').next().unwrap_or(origin)
}

fn reason(purpose: &str) -> &'static str {
    match purpose {
        "treatment" => "TREAT",
        "patient_request" => "PATRQT",
        "compliance" => "HCOMPL",
        "break_glass" => "BTG",
        _ => "HOPERAT",
    }
}

fn agents(origin: &str, act: &Act, payload: &Payload) -> Vec<Value> {
    let (source, destination) = ("110153", "110152");
    let (of_server, of_client) = if act.gives { (source, destination) } else { (destination, source) };
    let part = if matches!(act.action, "C" | "U") { "AUT" } else { "IRCP" };
    let who = match payload.actor.id {
        Some(id) => identified(&payload.actor.kind, &id.to_string()),
        None => json!({ "display": payload.actor.kind }),
    };
    let mut user = json!({ "requestor": true, "type": concept(PARTICIPATION, part), "who": who });
    if !payload.actor.role.is_empty() {
        user["role"] = json!([concept("urn:anteroom:role", &payload.actor.role)]);
    }
    let server = json!({
        "network": { "address": host(origin), "type": "1" },
        "requestor": false,
        "type": concept(DICOM, of_server),
        "who": identified("log", origin),
    });
    let mut agents = vec![user, server];
    if !payload.from.is_empty() {
        agents.push(json!({
            "network": { "address": payload.from, "type": "2" },
            "requestor": false,
            "type": concept(DICOM, of_client),
            "who": { "display": payload.agent },
        }));
    }
    agents
}

fn entities(place: u64, payload: &Payload, hash: &str, intact: &str) -> Vec<Value> {
    let mut entities: Vec<Value> = payload
        .patients
        .iter()
        .map(|patient| {
            json!({
                "role": coding(OBJECT_ROLE, "1"),
                "type": coding(ENTITY_TYPE, "1"),
                "what": { "reference": format!("Patient/{patient}") },
            })
        })
        .collect();
    if !payload.object.id.is_empty() {
        entities.push(json!({
            "role": coding(OBJECT_ROLE, "4"),
            "type": coding(ENTITY_TYPE, "2"),
            "what": identified(&payload.object.kind, &payload.object.id),
        }));
    }
    let said = |name: &str, value: String| json!({ "type": name, "valueString": value });
    let mut details = vec![said("anteroom-place", place.to_string()), said("anteroom-payload-hash", hash.to_owned())];
    details.extend((intact != "yes").then(|| said("anteroom-intact", intact.to_owned())));
    details.extend(payload.details.iter().map(|(name, fact)| {
        let text = fact.as_str().map_or_else(|| sorted(fact), str::to_owned);
        said(name, text)
    }));
    entities.push(json!({
        "detail": details,
        "type": coding(BALP_ENTITY, "XrequestId"),
        "what": identified("request", &payload.request),
    }));
    entities
}

/// JSON with sorted keys, whatever order the library keeps them in: the same bytes from every build.
pub fn sorted(value: &Value) -> String {
    fn order(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort();
                Value::Object(keys.into_iter().map(|key| (key.clone(), order(&map[key]))).collect::<Map<_, _>>())
            }
            Value::Array(list) => list.iter().map(order).collect(),
            other => other.clone(),
        }
    }
    order(value).to_string()
}
