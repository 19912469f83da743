//! `compliance/audit/event-catalog.md` names the facts of each kind of event; these are the facts that are written.

use super::router;
use super::seen::Run;
use anteroom::audit::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const CATALOG: &str = include_str!("../../../compliance/audit/event-catalog.md");

/// Kinds that no request writes by itself, with the tests that see them.
const ELSEWHERE: [(&str, &str); 24] = [
    ("log.purged", "retention.rs"),
    ("clinic.changed", "no configuration changes while a program runs"),
    ("integrity.failed", "sealing.rs"),
    ("staff.locked", "staff.rs"),
    ("reminder.queued", "mail.rs"),
    ("visit.admission_lapsed", "waiting_room.rs"),
    ("log.replayed", "restarts.rs"),
    ("log.verified", "integrity_page.rs"),
    ("review.raised", "review.rs"),
    ("patient.indexed", "watched.rs"),
    ("mail.bounced", "undelivered.rs"),
    ("link.undelivered", "undelivered.rs"),
    ("log.head_adopted", "log_tree.rs"),
    ("log.key_rotated", "log_keys.rs"),
    ("log.begun_anew", "log_loss.rs"),
    ("notice.sent", "heads_by_mail.rs"),
    ("link.key_rotated", "link_keys.rs"),
    ("link.key_retired", "link_keys.rs"),
    ("clock.stepped", "clock_steps.rs"),
    ("call.joined", "calls.rs"),
    ("call.connected", "calls.rs"),
    ("call.left", "calls.rs"),
    ("call.proof", "proof.rs"),
    ("chat.sent", "calls.rs"),
];

/// Facts that no request of the table leads to.
const SEEN_ELSEWHERE: [(&str, &str); 13] = [
    ("emergency.ended", "account"),
    ("log.verification_asked", "known_head"),
    ("staff.signed_in", "locked_until"),
    ("link.sent", "why"),
    ("link.sent", "given_up"),
    ("mail.sent", "why"),
    ("mail.sent", "given_up"),
    ("device.moved", "why"),
    ("device.move_asked", "why"),
    ("visit.waiting", "back"),
    ("visit.put_back", "because"),
    ("log.exported", "again"),
    ("log.export_finished", "why"),
];

/// What the catalog says of a kind.
#[derive(Debug, Default)]
struct Said {
    /// In every event of something that was done.
    always: BTreeSet<String>,
    /// These too, where the catalog says when.
    sometimes: BTreeSet<String>,
}

impl Said {
    /// "`a`, `b`; `c` when refused": a part with a condition holds what is there only then.
    fn read(cell: &str) -> Self {
        let mut said = Self::default();
        for part in cell.split(';') {
            let part = format!(" {part}");
            let conditional = [" when ", " where ", " if ", "of a value", "of the log", "late:"].iter().any(|word| part.contains(word));
            let names = part.split('`').skip(1).step_by(2).filter(|name| !name.contains('.')).map(str::to_owned);
            if conditional { said.sometimes.extend(names) } else { said.always.extend(names) }
        }
        said
    }

    fn names(&self, fact: &str) -> bool {
        self.always.contains(fact) || self.sometimes.contains(fact)
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.always.iter().chain(&self.sometimes)
    }
}

fn catalog() -> BTreeMap<String, Said> {
    let cells = |line: &str| {
        let inside = line.strip_prefix('|')?.strip_suffix('|')?;
        let [kind, _, facts] = inside.split(" | ").collect::<Vec<_>>().try_into().ok()?;
        Some((kind.trim().trim_matches('`').to_owned(), Said::read(facts)))
    };
    CATALOG.lines().filter_map(cells).filter(|(kind, _)| kind.contains('.')).collect()
}

/// What is wrong with an event by the catalog.
fn wrong(event: &Value, said: &Said) -> Option<String> {
    let kind = event["kind"].as_str().unwrap();
    let facts: BTreeSet<String> = event["details"].as_object().map(|facts| facts.keys().cloned().collect()).unwrap_or_default();
    let done = event["outcome"] == "success";
    if let Some(fact) = facts.iter().find(|fact| !said.names(fact)) {
        return Some(format!("{kind} carries `{fact}`, which the catalog does not list"));
    }
    let missing = said.always.iter().find(|fact| done && !facts.contains(*fact));
    if let Some(fact) = missing {
        return Some(format!("{kind} comes without `{fact}`, of which the catalog says that it is always there: say when, or write it"));
    }
    (!done && !facts.contains("why")).then(|| format!("{kind} was not done and does not say why"))
}

/// Everything that is wrong between the catalog and the events of a run.
pub fn differences(run: &Run) -> Vec<String> {
    let catalog = catalog();
    let mut found = BTreeSet::new();
    let mut carried: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in &run.log {
        let kind = event["kind"].as_str().unwrap();
        match catalog.get(kind) {
            Some(said) => found.extend(wrong(event, said)),
            None => found.extend([format!("{kind} is not in the catalog")]),
        }
        let facts = event["details"].as_object().into_iter().flat_map(|facts| facts.keys().map(String::as_str));
        carried.entry(kind).or_default().extend(facts);
    }
    for (kind, said) in &catalog {
        let elsewhere = ELSEWHERE.iter().any(|(known, _)| known == kind);
        match carried.get(kind.as_str()) {
            None if !elsewhere => {
                found.extend([format!("{kind} was never written: add a case that does, or say in ELSEWHERE who sees it")]);
            }
            Some(_) if elsewhere => found.extend([format!("{kind} was written: take it out of ELSEWHERE")]),
            Some(facts) => {
                let excused = |fact: &str| SEEN_ELSEWHERE.contains(&(kind.as_str(), fact));
                let never = said.all().filter(|fact| !facts.contains(fact.as_str()) && !excused(fact));
                found.extend(never.map(|fact| format!("{kind} never carried `{fact}`, which the catalog lists")));
            }
            None => {}
        }
    }
    found.into_iter().collect()
}

#[test]
fn every_fact_that_the_code_names_is_in_the_catalog_and_every_kind_of_the_catalog_in_the_code() {
    let catalog = catalog();
    let listed: BTreeSet<&String> = catalog.values().flat_map(Said::all).collect();
    let in_the_code = router::facts_in_the_code();
    assert!(in_the_code.len() > 30, "the code was read: {in_the_code:?}");
    let unlisted: Vec<_> = in_the_code.iter().filter(|fact| !listed.contains(fact)).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}: name these facts in compliance/audit/event-catalog.md, at the kinds that carry them");
    for kind in catalog.keys() {
        assert!(Kind::from_word(kind).is_some(), "the catalog lists {kind}, which the program cannot write");
    }
}

#[test]
fn an_event_is_held_against_the_catalog_fact_by_fact() {
    let said = Said::read("`version`, `sealed` (a hash); `why` when refused; `export` where `log.exported` was");
    let event = |outcome: &str, facts: Value| serde_json::json!({ "kind": "a.b", "outcome": outcome, "details": facts });
    assert_eq!(wrong(&event("success", serde_json::json!({ "version": 1, "sealed": "00" })), &said), None);
    assert_eq!(wrong(&event("refused", serde_json::json!({ "why": "stale" })), &said), None);
    for (outcome, facts) in [
        ("success", serde_json::json!({ "version": 1 })),
        ("success", serde_json::json!({ "version": 1, "sealed": "00", "name": "x" })),
        ("refused", serde_json::json!({ "version": 1 })),
    ] {
        assert!(wrong(&event(outcome, facts), &said).is_some());
    }
}
