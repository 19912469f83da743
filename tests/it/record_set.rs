//! The copy of a record that its patient may ask for (PRV-06): all that is kept, by whom it may be made, and the clock.

use crate::inventory::inventory;
use crate::on_both;
use crate::support::clinic::{REASON, Scene};
use crate::support::desk::{key, led_to};
use crate::support::{Browser, PASSWORD, TestApp};
use anteroom::appointments::VisitState;
use anteroom::crypto::sha256;
use anteroom::rights::record_set::RecordSet;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What of the tables about patients is in no copy, and why. `*`: nothing of the table.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("audit_subject", "*", "the access log: asked for apart, as who looked at the record"),
    ("audit_event_subject", "*", "the access log"),
    ("audit_leaf_subject", "*", "the access log"),
    ("patient_key", "*", "a key"),
    ("visit_link", "*", "hashes of links"),
    ("visit_device", "*", "hashes of sessions"),
    ("device_move", "*", "hashes of sessions, gone with the visit"),
    ("case_file", "*", "disclosures stand there in words; requests and suspensions are the clinic's own work"),
    ("case_entry", "*", "as its file"),
    ("record_mark", "*", "how the clinic watches over its own people"),
    ("emergency_access", "*", "who opened the record, and why: in the access log"),
    ("review_item", "*", "how the clinic watches over its own people"),
    ("patient", "version", "counts changes"),
    ("patient", "created_at", "the clinic's own work"),
    ("patient", "name_index", "a hash of what is there"),
    ("patient", "email_index", "a hash of what is there"),
    ("patient", "record_number_index", "a hash of what is there"),
    ("patient", "date_of_birth_check", "a hash of what is there"),
    ("patient", "family_marks", "a hash of what is there"),
    ("patient", "times_by_mail_agreed_with", "who recorded it: in the access log"),
    ("patient", "request_key", "random"),
    ("visit", "patient_id", "the patient of the copy"),
    ("visit", "version", "counts changes"),
    ("visit", "created_by", "who booked it: in the access log"),
    ("visit", "request_key", "random"),
    ("visit", "reason_version", "counts changes"),
    ("visit", "code_check", "a hash"),
    ("visit", "check_failures", "counts tries at a link"),
    ("visit", "check_locked_until", "counts tries at a link"),
    ("visit", "held_at", "the state of a room"),
    ("visit", "locked_at", "a rule of a call while it lasts: the access log tells"),
    ("visit", "chat_closed_at", "a rule of a call while it lasts: the access log tells"),
    ("visit", "sharing_allowed_at", "a rule of a call while it lasts: the access log tells"),
    ("visit", "sharing_since", "a rule of a call while it lasts: the access log tells"),
    ("visit", "relay_ruled_at", "a rule of a call while it lasts: the access log tells"),
    ("visit", "relay_wished_at", "which way a call may take: the access log tells"),
    ("visit", "message_version", "counts changes"),
    ("visit", "call_epoch", "counts reloads"),
    ("visit", "patient_epoch", "counts reloads"),
    ("visit", "clinician_epoch", "counts reloads"),
    ("visit", "admitted_device", "random"),
    ("visit", "companion_version", "counts changes"),
    ("visit", "link_trouble", "whether a letter arrived: stands with the mail"),
    ("visit", "link_trouble_at", "stands with the mail"),
    ("visit_note", "patient_id", "the patient of the copy"),
    ("visit_note", "version", "counts changes"),
    ("outbox", "id", "random"),
    ("outbox", "patient_id", "the patient of the copy"),
    ("outbox", "once_key", "keeps a mail from being queued twice"),
    ("outbox", "values_sealed", "blanked once the mail has left; what it says stands with the visit"),
    ("outbox", "due_at", "how mail is sent"),
    ("outbox", "useless_after", "how mail is sent"),
    ("outbox", "attempts", "how mail is sent"),
    ("outbox", "given_up_at", "how mail is sent"),
    ("outbox", "last_error", "how mail is sent"),
    ("outbox", "message_hash", "a hash"),
    ("outbox", "bounce_followed_at", "how mail is sent"),
];

/// A copy asked for today of a visit's patient.
async fn asked(app: &TestApp, officer: &Browser, scene: &Scene) -> (String, String) {
    let patient = scene.standing(app).await.patient_id.to_string();
    let key = key();
    let form = [("request_key", key.as_str()), ("kind", "record_set"), ("on", "2026-11-23"), ("how", "At the desk")];
    (led_to(&officer.form(&format!("/rights/{patient}/requests"), &form).await), patient)
}

async fn copy(clinician: &Browser, request: &str, format: &str) -> String {
    clinician.text(&format!("/copies/{request}/file?format={format}")).await
}

on_both! {
    async fn a_copy_holds_all_and_is_read_back(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let officer = app.staff(Role::Compliance).await;
        let (request, patient) = asked(&app, &officer, &scene).await;
        let saved = scene.clinician.put(&scene.path("note"), &json!({ "text": "Zanzibar\nand a second line", "version": 0 })).await;
        assert_eq!(saved.status(), StatusCode::OK);
        let key = key();
        let disclosure = [
            ("request_key", key.as_str()), ("on", "2026-11-20"), ("category", "care"), ("made_by", "clinic"), ("recipient_kind", "other"),
            ("recipient", "A hospital"), ("what", "Name"), ("purpose", "Care"),
        ];
        assert_eq!(officer.form(&format!("/rights/{patient}/disclosures"), &disclosure).await.status(), StatusCode::SEE_OTHER);
        let file = copy(&scene.clinician, &request, "json").await;
        let set: RecordSet = serde_json::from_str(&file).unwrap();
        assert_eq!(serde_json::to_string_pretty(&set).unwrap(), file, "nothing is lost on the way back");
        assert_eq!((set.patient.name.as_str(), set.patient.id.as_str()), (scene.name.as_str(), patient.as_str()));
        assert_eq!((set.visit.len(), set.visit[0].state.as_str()), (1, "in_call"));
        assert_eq!(set.visit[0].reason.as_deref(), Some(REASON));
        assert_eq!(set.visit_note[0].body, "Zanzibar\nand a second line");
        assert_eq!(set.disclosures[0].recipient, "A hospital");
        assert!(!set.outbox.is_empty());
        let page = copy(&scene.clinician, &request, "html").await;
        for value in [&scene.name, "Zanzibar", REASON, "A hospital", &set.visit[0].clinician_id] {
            assert!(page.contains(value), "{value}: {page}");
        }
        let done = scene.clinician.form(&format!("/copies/{request}/handover"), &[("title", "Dr. Quist"), ("after", "1")]).await;
        assert_eq!(done.status(), StatusCode::SEE_OTHER);
        let answered = officer.text(&format!("/requests/{request}")).await;
        assert!(answered.contains(&hex::encode(sha256(file.as_bytes()))) && answered.contains("Dr. Quist"), "{answered}");
        assert_eq!(scene.clinician.get(&format!("/copies/{request}/file?format=json")).await.status(), StatusCode::GONE, "answered");
        let events = app.events("record.exported").await;
        assert_eq!(events.len(), 3);
        assert!(events.iter().all(|event| event["purpose"] == "patient_request" && event["patients"][0] == patient.as_str()));
        app.finish().await;
    }
}

on_both! {
    async fn nobody_makes_a_copy_but_a_clinician_who_has_seen_the_patient(app: TestApp) {
        let scene = app.scene(VisitState::Checking).await;
        let officer = app.staff(Role::Compliance).await;
        let (request, _) = asked(&app, &officer, &scene).await;
        let path = format!("/copies/{request}/file?format=json");
        let other = app.staff(Role::Clinician).await;
        assert_eq!(other.get(&path).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(scene.clinician.get(&path).await.status(), StatusCode::NOT_FOUND, "who is in the call is not recorded yet");
        assert!(!scene.clinician.text("/copies").await.contains(&scene.name));
        scene.identify("confirmed").await;
        assert_eq!(scene.clinician.get(&path).await.status(), StatusCode::OK);
        assert!(scene.clinician.text("/copies").await.contains(&scene.name));
        for browser in [&officer, &*scene.scheduler, &app.staff(Role::Administrator).await] {
            assert_eq!(browser.get(&path).await.status(), StatusCode::FORBIDDEN);
        }
        let refused = app.events("request.refused").await;
        assert!(refused.iter().any(|event| event["details"]["why"] == "foreign" && event["object"]["id"] == request.as_str()));
        app.finish().await;
    }
}

on_both! {
    async fn a_copy_is_due_in_thirty_days(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let officer = app.staff(Role::Compliance).await;
        let (request, _) = asked(&app, &officer, &scene).await;
        assert!(officer.text(&format!("/requests/{request}")).await.contains("Answer by 2026-12-23 (30 days left)"));
        app.clock.advance(Millis::days(31));
        officer.sign_in(PASSWORD).await;
        assert!(officer.text("/rights").await.contains("Late: it should have been answered by 2026-12-23 (1 days ago)"));
        app.finish().await;
    }
}

/// A table or column with something of a patient is in the copy, or stands above with the reason why not.
#[actix_web::test]
async fn every_column_about_a_patient_is_in_the_copy_or_named_with_a_reason() {
    let app = TestApp::sqlite().await;
    let scene = app.scene(VisitState::InCall).await;
    let officer = app.staff(Role::Compliance).await;
    let (request, _) = asked(&app, &officer, &scene).await;
    scene.clinician.put(&scene.path("note"), &json!({ "text": "Zanzibar", "version": 0 })).await;
    let file: Value = serde_json::from_str(&copy(&scene.clinician, &request, "json").await).unwrap();
    let held = |table: &str, column: &str| {
        let part = &file[table];
        let row = if part.is_array() { &part[0] } else { part };
        row.get(column).is_some()
    };
    let ties = ["patient_id", "visit_id", "tag", "case_id"];
    let schema = inventory();
    let about: BTreeSet<&str> = schema
        .iter()
        .filter(|(table, column, _)| ties.contains(&column.as_str()) || ["patient", "visit"].contains(&table.as_str()))
        .map(|(table, ..)| table.as_str())
        .collect();
    assert!(about.len() >= 12, "{about:?}");
    let excused = |table: &str, column: &str| LEFT_OUT.iter().any(|(out, of, _)| *out == table && (*of == "*" || *of == column));
    let missing: Vec<String> = schema
        .iter()
        .filter(|(table, column, _)| about.contains(table.as_str()) && !held(table, column) && !excused(table, column))
        .map(|(table, column, _)| format!("{table}.{column}"))
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "put these into the copy of a record, or say in LEFT_OUT why not");
    for (table, column, _) in LEFT_OUT {
        let there = schema.iter().any(|(known, of, _)| known == table && (*column == "*" || of == column));
        assert!(there && !held(table, column), "{table}.{column} is excused for nothing");
    }
    app.finish().await;
}
