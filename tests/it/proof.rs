//! The spoken proof between headless peers (RTC-05, RTC-07).

use crate::support::proof::{Expects, Facts, Out, Proof, Role};
use serde_json::{Value, json};

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// What the page's script calls the phase in which it waits for a message.
const PHASES: [(Expects, &str); 3] = [(Expects::Commitment, "listening"), (Expects::Answer, "committed"), (Expects::Reveal, "answered")];

fn in_words(out: Out) -> Value {
    match out {
        Out::Send(message) => json!({ "send": hex::encode(message) }),
        Out::Wait(expects) => json!({ "later": PHASES.iter().find(|(one, _)| *one == expects).unwrap().1 }),
        Out::Show(numbers) => json!({ "show": numbers }),
        Out::Unchecked => "unchecked".into(),
        Out::Differ => "differ".into(),
    }
}

/// `tests/js/proof.test.js` runs the same file through the page's script.
#[test]
fn the_peer_and_the_page_agree_on_every_vector() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../js/snapshots/proof.json")).unwrap();
    assert!(vectors.len() > 30, "the vectors were read");
    for vector in vectors {
        let facts = Facts {
            visit: bytes(&vector["visit"]),
            own: bytes(&vector["own"]),
            peer: bytes(&vector["peer"]),
            nonce: bytes(&vector["nonce"]),
        };
        let mut proof = Proof::new(if vector["role"] == "clinician" { Role::Clinician } else { Role::Patient });
        for step in vector["steps"].as_array().unwrap() {
            let on = &step["on"];
            let does = match on.as_str() {
                Some("started") => proof.begin(facts.clone()),
                Some(_) => proof.closed(),
                None if on["late"].is_string() => proof.late(PHASES.iter().find(|(_, phase)| on["late"] == *phase).unwrap().0),
                None => proof.hear(&bytes(&on["message"])),
            };
            let does: Vec<Value> = does.into_iter().map(in_words).collect();
            assert_eq!(json!(does), step["does"], "{}: {on}", vector["name"]);
        }
    }
}
