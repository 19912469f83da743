//! The visit note: who opens it, when, and that nothing of it is lost, shown or overwritten unseen.

use crate::support::{Browser, TestApp};
use crate::{on_both, on_db};
use anteroom::crypto::sha256;
use anteroom::ids::VisitId;
use anteroom::staff::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const TEXT: &str = "Cough since Monday. \"Better\" <now>.\nSee again in a week: ¿fiebre? 🙂";

fn address(visit: VisitId) -> String {
    format!("/visits/{visit}/note")
}

async fn open(browser: &Browser, visit: VisitId) -> Value {
    let answer = browser.get(&address(visit)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

async fn save(browser: &Browser, visit: VisitId, text: &str, version: i64) -> (StatusCode, Value) {
    let answer = browser.put(&address(visit), &json!({ "text": text, "version": version })).await;
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn stored(app: &TestApp, visit: VisitId) -> (i64, Vec<u8>) {
    on_db!(app, pool => sqlx::query_as("select version, body from visit_note where visit_id = $1").bind(visit).fetch_one(pool).await)
        .unwrap()
}

async fn put_body(app: &TestApp, visit: VisitId, body: &[u8]) {
    on_db!(app, pool => sqlx::query("update visit_note set body = $2 where visit_id = $1").bind(visit).bind(body).execute(pool).await.map(drop))
        .unwrap();
}

on_both! {
    async fn a_note_is_kept_and_each_save_and_look_is_an_event(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("confirmed")).await;
        assert_eq!(open(&clinician, visit.id).await, json!({ "text": "", "version": 0 }));
        assert_eq!(save(&clinician, visit.id, "Cough", 0).await, (StatusCode::OK, json!({ "version": 1 })));
        assert_eq!(save(&clinician, visit.id, TEXT, 1).await, (StatusCode::OK, json!({ "version": 2 })));
        assert_eq!(open(&clinician, visit.id).await, json!({ "text": TEXT, "version": 2 }));

        let (version, body) = stored(&app, visit.id).await;
        assert_eq!(version, 2);
        assert!(!body.windows(5).any(|part| part == b"Cough"), "it is sealed");
        let saves = app.events("note.saved").await;
        assert_eq!(saves.len(), 2);
        assert_eq!(saves[1]["details"], json!({ "row_version": 2, "sha256": hex::encode(sha256(&body)) }));
        let looks = app.events("note.read").await;
        assert_eq!(looks.iter().map(|look| &look["details"]["row_version"]).collect::<Vec<_>>(), [0, 2]);
        for event in saves.iter().chain(&looks) {
            assert_eq!((event["outcome"].as_str(), event["purpose"].as_str()), (Some("success"), Some("treatment")));
            assert_eq!(event["actor"]["id"], json!(clinician.id));
            assert_eq!(event["patients"], json!([visit.patient]));
            assert_eq!(event["object"], json!({ "id": visit.id, "type": "note" }));
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_stale_save_is_refused_with_the_version_alone(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        save(&clinician, visit.id, "first", 0).await;
        save(&clinician, visit.id, "second", 1).await;
        for version in [0, 1, 3, -1, i64::MAX] {
            assert_eq!(save(&clinician, visit.id, "late", version).await, (StatusCode::CONFLICT, json!({ "version": 2 })), "{version}");
        }
        assert_eq!(open(&clinician, visit.id).await["text"], "second");
        let refused = app.events("note.saved").await.into_iter().filter(|event| event["outcome"] == "refused").count();
        assert_eq!(refused, 5);
        app.finish().await;
    }
}

on_both! {
    async fn of_many_saves_at_once_one_wins(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        for version in 0..2 {
            let saves = (0..8).map(|n| {
                let clinician = &clinician;
                async move { save(clinician, visit.id, &format!("text {n}"), version).await.0 }
            });
            let answers = futures_util::future::join_all(saves).await;
            assert_eq!(answers.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{answers:?}");
            assert_eq!(answers.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 7, "{answers:?}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn another_clinicians_note_does_not_exist(app: TestApp) {
        let (mine, other) = (app.staff(Role::Clinician).await, app.staff(Role::Clinician).await);
        let visit = app.visit_in_call(mine.id, Some("confirmed")).await;
        save(&mine, visit.id, TEXT, 0).await;
        let answer = other.get(&address(visit.id)).await;
        let unknown = other.get(&address(VisitId(uuid::Uuid::from_u128(9)))).await;
        assert_eq!((answer.status(), unknown.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert_eq!(answer.text().await.unwrap(), unknown.text().await.unwrap(), "the same page for both");
        assert_eq!(save(&other, visit.id, "mine now", 1).await.0, StatusCode::NOT_FOUND);
        let refused = app.events("request.refused").await;
        assert_eq!(refused.iter().map(|event| event["details"]["why"].as_str().unwrap()).collect::<Vec<_>>(), ["foreign", "unknown", "foreign"]);
        assert_eq!(refused[0]["patients"], json!([visit.patient]));
        assert_eq!(open(&mine, visit.id).await["text"], TEXT);
        app.finish().await;
    }
}

on_both! {
    async fn no_other_role_opens_a_note(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("confirmed")).await;
        for role in [Role::Scheduler, Role::Compliance, Role::Administrator] {
            let browser = app.staff(role).await;
            assert_eq!(browser.get(&address(visit.id)).await.status(), StatusCode::FORBIDDEN, "{role}");
            assert_eq!(save(&browser, visit.id, TEXT, 0).await.0, StatusCode::FORBIDDEN, "{role}");
        }
        assert!(app.events("note.read").await.is_empty());
        app.finish().await;
    }
}

on_both! {
    async fn the_note_opens_only_after_identity_was_recorded(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, None).await;
        assert_eq!(clinician.get(&address(visit.id)).await.status(), StatusCode::LOCKED);
        assert_eq!(save(&clinician, visit.id, TEXT, 0).await.0, StatusCode::LOCKED);
        for kind in ["note.read", "note.saved"] {
            let refused = app.events(kind).await;
            assert_eq!((refused.len(), refused[0]["details"]["why"].as_str()), (1, Some("identity_not_recorded")));
        }
        on_db!(app, pool => sqlx::query("update visit set identity = 'known' where id = $1").bind(visit.id).execute(pool).await.map(drop)).unwrap();
        assert_eq!(save(&clinician, visit.id, TEXT, 0).await.0, StatusCode::OK);
        app.finish().await;
    }
}

on_both! {
    async fn a_note_that_was_altered_is_not_shown_and_the_alteration_is_an_event(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let (visit, other) = (app.visit_in_call(clinician.id, Some("known")).await, app.visit_in_call(clinician.id, Some("known")).await);
        save(&clinician, visit.id, TEXT, 0).await;
        let (_, first) = stored(&app, visit.id).await;
        save(&clinician, visit.id, TEXT, 1).await;
        save(&clinician, other.id, TEXT, 0).await;
        let ((_, whole), (_, others)) = (stored(&app, visit.id).await, stored(&app, other.id).await);
        let mut flipped: Vec<Vec<u8>> = (0..whole.len())
            .step_by(7)
            .map(|at| {
                let mut body = whole.clone();
                body[at] ^= 1;
                body
            })
            .collect();
        // A shorter one, none at all, another patient's, and the same row's older one.
        flipped.extend([whole[..20].to_vec(), Vec::new(), others, first]);
        for body in &flipped {
            put_body(&app, visit.id, body).await;
            let answer = clinician.get(&address(visit.id)).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(!answer.text().await.unwrap().contains("Cough"));
        }
        let altered = app.events("integrity.failed").await;
        assert_eq!(altered.len(), flipped.len());
        assert_eq!((altered[0]["details"]["table"].as_str(), altered[0]["details"]["column"].as_str()), (Some("visit_note"), Some("body")));
        assert_eq!(altered[0]["object"], json!({ "id": visit.id, "type": "note" }));
        assert_eq!(altered[0]["patients"], json!([visit.patient]));
        put_body(&app, visit.id, &whole).await;
        assert_eq!(open(&clinician, visit.id).await["text"], TEXT, "the program is up");
        app.finish().await;
    }
}

on_both! {
    async fn a_browser_that_goes_there_gets_a_page_with_the_note(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        save(&clinician, visit.id, TEXT, 0).await;
        let answer = clinician.send(clinician.request(Method::GET, &address(visit.id)).header("accept", "text/html,*/*;q=0.8")).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert!(answer.headers()["vary"].to_str().unwrap().contains("accept"));
        let page = answer.text().await.unwrap();
        assert!(page.contains("&#60;now&#62;.\nSee again") && page.contains("records/page.js"), "{page}");
        assert!(page.contains("<title>Note – Riverside Clinic</title>") && !page.contains("Maria"), "{page}");
        assert!(page.contains("data-version=\"1\""), "the script goes on from what the page holds, without reading it again: {page}");
        assert_eq!(app.events("note.read").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_note_has_a_longest_length(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        assert_eq!(save(&clinician, visit.id, &"🙂".repeat(20_001), 0).await.0, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(save(&clinician, visit.id, &"x".repeat(200_000), 0).await.0, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(save(&clinician, visit.id, &"🙂".repeat(20_000), 0).await.0, StatusCode::OK);
        let strange = clinician.put(&address(visit.id), &json!({ "text": "x", "version": 1, "author": "me" })).await;
        assert_eq!(strange.status(), StatusCode::UNPROCESSABLE_ENTITY);
        app.finish().await;
    }
}

on_both! {
    async fn a_script_without_a_session_or_a_token_saves_nothing(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        let draft = json!({ "text": TEXT, "version": 0 });
        let forged = clinician.send(clinician.request(Method::PUT, &address(visit.id)).json(&draft)).await;
        assert_eq!(forged.status(), StatusCode::FORBIDDEN);
        app.clock.advance(anteroom::time::Millis::hours(13));
        assert_eq!(save(&clinician, visit.id, TEXT, 0).await.0, StatusCode::UNAUTHORIZED);
        assert!(app.events("note.saved").await.is_empty());
        app.finish().await;
    }
}

on_both! {
    async fn without_its_event_no_note_is_shown_or_saved(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        save(&clinician, visit.id, TEXT, 0).await;
        app.log_is_full(true).await;
        let answer = clinician.get(&address(visit.id)).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.text().await.unwrap().contains("Cough"));
        assert_eq!(save(&clinician, visit.id, "more", 1).await.0, StatusCode::SERVICE_UNAVAILABLE);
        app.log_is_full(false).await;
        assert_eq!(open(&clinician, visit.id).await, json!({ "text": TEXT, "version": 1 }));
        app.finish().await;
    }
}
