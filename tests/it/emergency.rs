//! A record opened in an emergency: by whom, for how long, what is recorded, who is told, and who looks at it afterwards (HIP-04).

use crate::on_both;
use crate::support::clinic::Scene;
use crate::support::desk::key;
use crate::support::export::export;
use crate::support::smtp::Catcher;
use crate::support::{Browser, TestApp};
use anteroom::appointments::VisitState;
use anteroom::compliance::export as exports;
use anteroom::compliance::integrity::{self, Verdict};
use anteroom::mail::notices;
use anteroom::records::emergency;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::{Value, json};

const NOTE: &str = "Allergic to penicillin.";
const WHY: &str = "Collapsed in the hall, no answer";
/// Whose records nobody here opens by a visit.
const PATIENT: &str = "Quenby Canary";

impl TestApp {
    /// A patient with a note, and a clinician who has nothing to do with them.
    async fn somebody_elses_patient(&self) -> (Scene, Browser) {
        let scene = self.scene(VisitState::InCall).await;
        let saved = scene.clinician.put(&scene.path("note"), &json!({ "text": NOTE, "version": 0 })).await;
        assert_eq!(saved.status(), StatusCode::OK);
        (scene, self.staff(Role::Clinician).await)
    }

    async fn patient_of(&self, scene: &Scene) -> String {
        scene.standing(self).await.patient_id.to_string()
    }

    async fn ends_what_is_due(&self) -> usize {
        emergency::end_due(&self.app).await.unwrap()
    }
}

fn form<'a>(patient: &'a str, born: &'a str, why: &'a str, key: &'a str) -> [(&'a str, &'a str); 4] {
    [("request_key", key), ("patient", patient), ("born", born), ("why", why)]
}

/// Open a record. The address of what is open then.
async fn open(clinician: &Browser, patient: &str) -> String {
    let key = key();
    let answer = clinician.form("/emergency", &form(patient, "", WHY, &key)).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// The events of a kind that came of access in an emergency.
async fn marked(app: &TestApp, kind: &str) -> Vec<Value> {
    app.events(kind).await.into_iter().filter(|event| event["purpose"] == "break_glass").collect()
}

on_both! {
    /// The page that turns a clinician away says the same of a visit that is not theirs and of one that is not, and offers the other way.
    async fn who_is_turned_away_is_offered_the_other_way_and_every_event_under_it_is_marked(app: TestApp) {
        let (scene, other) = app.somebody_elses_patient().await;
        let unknown = format!("/visits/{}/note", uuid::Uuid::from_u128(7));
        let mut pages = Vec::new();
        for path in [scene.path("note"), scene.path("call"), unknown] {
            let answer = other.get(&path).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            pages.push(answer.text().await.unwrap());
        }
        assert!(pages[0].contains("href=\"/emergency\"") && !pages[0].contains(NOTE), "{}", pages[0]);
        assert!(pages.iter().all(|page| page == &pages[0]), "not even whether there is such a visit");

        let path = open(&other, &scene.name).await;
        let answer = other.get(&path).await;
        assert_eq!(answer.headers()["refresh"], "3601", "the browser closes it by itself");
        let page = answer.text().await.unwrap();
        assert!(page.contains(NOTE) && page.contains(&scene.name), "{page}");
        let opened = &marked(&app, "emergency.opened").await[0];
        let patient = json!([app.patient_of(&scene).await]);
        assert_eq!((&opened["patients"], opened["actor"]["id"].as_str()), (&patient, Some(other.id.to_string().as_str())));
        for kind in ["patient.searched", "patient.read", "note.read"] {
            let marked = marked(&app, kind).await;
            assert_eq!((marked.len(), &marked[0]["patients"]), (1, &patient), "{kind}");
        }
        assert_eq!(other.put(&scene.path("note"), &json!({ "text": "Mine", "version": 1 })).await.status(), StatusCode::NOT_FOUND, "to be read only");
        let log = app.events("note.read").await;
        assert!(log.iter().all(|event| event["actor"]["id"] != scene.clinician.id.to_string() || event["purpose"] == "treatment"));
        app.finish().await;
    }
}

on_both! {
    with "[emergency]\nminutes = 30"
    async fn it_ends_by_itself_at_its_time_and_no_clock_opens_it_again(app: TestApp) {
        let (scene, other) = app.somebody_elses_patient().await;
        let path = open(&other, &scene.name).await;
        app.clock.advance(Millis::minutes(14));
        assert_eq!(other.get(&path).await.status(), StatusCode::OK);
        app.clock.advance(Millis::minutes(14));
        assert_eq!((other.get(&path).await.status(), app.ends_what_is_due().await), (StatusCode::OK, 0));
        app.clock.advance(Millis::minutes(2));
        let answer = other.get(&path).await;
        assert_eq!(answer.status(), StatusCode::GONE, "no job has run since");
        let page = answer.text().await.unwrap();
        assert!(page.contains("closed again") && !page.contains(NOTE) && !page.contains(&scene.name), "{page}");
        assert_eq!((app.ends_what_is_due().await, app.ends_what_is_due().await), (1, 0));
        let ended = marked(&app, "emergency.ended").await;
        assert_eq!((ended.len(), ended[0]["details"]["by"].as_str()), (1, Some("time")));
        assert_eq!(ended[0]["details"]["account"], other.id.to_string());
        let late = app.events("request.refused").await.pop().unwrap();
        assert_eq!((late["details"]["why"].as_str(), &late["patients"]), (Some("over"), &json!([app.patient_of(&scene).await])));
        // Somebody sets the clock back to when it stood open.
        app.clock.set(app.app.now() - Millis::minutes(20));
        assert_eq!(other.get(&path).await.status(), StatusCode::GONE);
        assert!(!other.text("/emergency").await.contains(&path));
        app.finish().await;
    }
}

on_both! {
    async fn it_is_one_clinicians_own_and_ends_by_hand(app: TestApp) {
        let (scene, other) = app.somebody_elses_patient().await;
        let path = open(&other, &scene.name).await;
        let third = app.staff(Role::Clinician).await;
        assert_eq!(third.get(&path).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(third.form(&format!("{path}/end"), &[]).await.status(), StatusCode::NOT_FOUND);
        assert!(other.text("/emergency").await.contains(&path) && !third.text("/emergency").await.contains(&path));
        assert_eq!(other.form(&format!("{path}/end"), &[]).await.status(), StatusCode::SEE_OTHER);
        assert_eq!((other.get(&path).await.status(), app.ends_what_is_due().await), (StatusCode::GONE, 0));
        assert_eq!(other.form(&format!("{path}/end"), &[]).await.status(), StatusCode::GONE, "it ends once");
        let ended = marked(&app, "emergency.ended").await;
        assert_eq!((ended.len(), ended[0]["details"]["by"].as_str()), (1, Some("hand")));
        app.finish().await;
    }
}

on_both! {
    async fn without_a_reason_or_without_one_patient_nothing_opens(app: TestApp) {
        app.patient(PATIENT).await;
        app.patient(PATIENT).await;
        app.patient("Somebody Else").await;
        let clinician = app.staff(Role::Clinician).await;
        for (patient, born, why, said) in [
            ("Somebody Else", "", " ", "Say in a sentence what the emergency is"),
            ("", "", WHY, "Say which patient"),
            ("Somebody Else", "1999-01-01", WHY, "No patient is known by this"),
            ("Somebody", "", WHY, "No patient is known by this"),
            (PATIENT, "", WHY, "Several patients match"),
        ] {
            let key = key();
            let answer = clinician.form("/emergency", &form(patient, born, why, &key)).await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{said}");
            let page = answer.text().await.unwrap();
            assert!(page.contains(said) && !page.contains("1980"), "{said}: {page}");
        }
        assert_eq!(app.number("select count(*) from emergency_access").await, 0);
        let refused: Vec<Value> = marked(&app, "emergency.opened").await.into_iter().map(|event| event["details"]["why"].clone()).collect();
        assert_eq!(refused, ["unknown", "unknown", "several"]);
        // The same form twice opens one.
        let key = key();
        let twice = form("Somebody Else", "2/1/1980", WHY, &key);
        let (one, two) = tokio::join!(clinician.form("/emergency", &twice), clinician.form("/emergency", &twice));
        assert_eq!(one.headers()["location"], two.headers()["location"]);
        assert_eq!(app.number("select count(*) from emergency_access").await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn compliance_hears_at_once_and_nothing_is_reviewed_before_it_is_over(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let (patient, other) = (app.patient(PATIENT).await.to_string(), app.staff(Role::Clinician).await);
        let officer = app.staff(Role::Compliance).await;
        assert!(officer.text("/review").await.contains("Nothing is waiting for you"));
        let path = open(&other, PATIENT).await;
        let id = path.rsplit('/').next().unwrap();
        while notices::run_due(&app.app).await.unwrap() > 0 {}
        let letters = server.letters();
        let letter = letters.iter().find(|letter| letter.header("Subject") == "A record was opened in an emergency").expect("it left at once");
        for secret in [PATIENT, WHY, "Collapsed", id, &patient, &other.id.to_string(), &other.email] {
            assert!(!letter.everything().contains(secret), "{secret}");
        }
        assert_eq!(other.get(&path).await.status(), StatusCode::OK);
        assert_eq!(app.rules().await, ["emergency"], "and no second thing for what was read under it");
        let before = server.letters().len();
        while notices::run_due(&app.app).await.unwrap() > 0 {}
        assert_eq!(server.letters().len(), before, "one letter is enough");

        let page = officer.text("/review").await;
        assert!(page.contains("in an emergency") && page.contains(WHY) && page.contains("still open to them"), "{page}");
        assert!(!page.contains("Nothing is waiting for you") && !page.contains(PATIENT));
        let item = page.split("<li id=\"item-").nth(1).unwrap()[..36].to_owned();
        let review = async || officer.form(&format!("/review/{item}"), &[("comment", "She was right")]).await.status();
        assert_eq!(review().await, StatusCode::CONFLICT);
        assert_eq!(other.form(&format!("{path}/end"), &[]).await.status(), StatusCode::SEE_OTHER);
        assert!(!officer.text("/review").await.contains("Nothing is waiting for you"), "it is not reviewed by being over");
        assert_eq!(review().await, StatusCode::SEE_OTHER);
        let page = officer.text("/review").await;
        assert!(page.contains("Nothing is waiting for you") && page.contains("She was right") && page.contains(WHY), "{page}");
        let reviewed = app.events("review.recorded").await;
        let whys: Vec<&Value> = reviewed.iter().map(|event| &event["details"]["why"]).collect();
        assert_eq!(whys, [&json!("not_over"), &Value::Null]);
        app.finish().await;
    }
}

on_both! {
    async fn an_auditor_reads_it_in_the_words_of_fhir_and_the_reason_is_what_was_written(app: TestApp) {
        let (scene, other) = app.somebody_elses_patient().await;
        let path = open(&other, &scene.name).await;
        other.get(&path).await;
        other.form(&format!("{path}/end"), &[]).await;
        let officer = app.staff(Role::Compliance).await;
        let (_, parts) = export(&officer, "format=fhir").await;
        let name = parts.names().into_iter().find(|name| name.ends_with(".ndjson")).unwrap().to_owned();
        let events: Vec<Value> = parts.text(&name).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |kind: &str| -> Vec<&Value> {
            let is = |event: &&Value| event["subtype"].as_array().unwrap().iter().any(|code| code["code"] == kind);
            events.iter().filter(is).filter(|event| event["purposeOfEvent"][0]["coding"][0]["code"] == "BTG").collect()
        };
        assert!(!parts.text(exports::EVENTS).contains(WHY), "no text that somebody typed is in the log");
        for (kind, code) in [("emergency.opened", "110127"), ("emergency.ended", "110138")] {
            let [event] = of(kind)[..] else { panic!("one {kind}") };
            assert_eq!((event["type"]["code"].as_str(), event["subtype"][0]["code"].as_str()), (Some("110113"), Some(code)));
            assert_eq!(event["subtype"][0]["system"], "http://dicom.nema.org/resources/ontology/DCM");
        }
        assert_eq!((of("note.read").len(), of("patient.read").len()), (1, 1));
        assert!(officer.text(&format!("/access-log/patients/{}", app.patient_of(&scene).await)).await.contains("Opened your record in an emergency"));

        let verdict = async || {
            app.app.heads.sign_all().await.unwrap();
            let key = app.app.heads.key().verifier().to_owned();
            let mut tx = app.app.db.reading().await.unwrap();
            let report = integrity::verify_with_rows(&mut tx, &app.app.log, &[key.as_str()], &[], |_, _| {}).await.unwrap();
            (report.verdict(), report.in_words())
        };
        assert_ne!(verdict().await.0, Verdict::Altered);
        app.flip("emergency_access", "reason").await;
        let (altered, said) = verdict().await;
        assert!(altered == Verdict::Altered && said.contains("the reason of the access in an emergency"), "{said}");
        app.finish().await;
    }
}
