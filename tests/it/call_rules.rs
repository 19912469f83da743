//! What the clinician rules for a call: who else may come in, chat, the patient's screen.

use crate::on_both;
use crate::support::TestApp;
use crate::support::clinic::{BORN, Scene};
use anteroom::appointments::VisitState::{Checking, InCall};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The answer to a form: back to the page.
const DONE: StatusCode = StatusCode::SEE_OTHER;

async fn set(scene: &Scene, rule: &str, to: &str) -> StatusCode {
    scene.clinician.form(&scene.path("rules"), &[("rule", rule), ("to", to)]).await.status()
}

async fn share(scene: &Scene, to: &str) -> StatusCode {
    scene.patient.form(&scene.path("sharing"), &[("to", to)]).await.status()
}

fn rules(locked: bool, chat: bool, sharing: &str) -> Value {
    json!({ "locked": locked, "chat": chat, "sharing": sharing, "relay": "no" })
}

/// What was recorded of a kind, as (what, outcome).
async fn told(app: &TestApp, kind: &str) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = app.events(kind).await;
    events
        .iter()
        .map(|event| (format!("{} {}", word(&event["details"]["rule"]), word(&event["details"]["to"])), word(&event["outcome"])))
        .collect()
}

on_both! {
    async fn a_screen_is_shown_only_with_leave_and_each_time_anew(app: TestApp) {
        let scene = app.scene(Checking).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        patient.until("state", |state| state["rules"] == rules(false, true, "no")).await;

        // Nobody knows yet who that is.
        assert_eq!(set(&scene, "sharing", "on").await, StatusCode::CONFLICT);
        scene.identify("known").await;
        assert_eq!(share(&scene, "on").await, StatusCode::CONFLICT, "not asked for");
        assert_eq!(set(&scene, "sharing", "on").await, DONE);
        patient.until("state", |state| state["rules"]["sharing"] == "allowed").await;
        assert_eq!(share(&scene, "on").await, DONE);
        clinician.until("state", |state| state["rules"]["sharing"] == "on").await;
        assert_eq!(share(&scene, "off").await, DONE);
        assert_eq!(share(&scene, "on").await, StatusCode::CONFLICT, "once is once");

        // The clinician ends it too, and a call that is taken anew begins without.
        for ends in ["the clinician", "a reload"] {
            set(&scene, "sharing", "on").await;
            assert_eq!(share(&scene, "on").await, DONE);
            match ends {
                "the clinician" => assert_eq!(set(&scene, "sharing", "off").await, DONE),
                _ => patient.join(None).await,
            }
            patient.until("state", |state| state["rules"] == rules(false, true, "no")).await;
            assert_eq!(share(&scene, "on").await, StatusCode::CONFLICT, "{ends}");
        }
        assert_eq!(app.events("call.sharing_started").await.iter().filter(|event| event["outcome"] == "success").count(), 3);
        assert_eq!(app.events("call.sharing_ended").await.len(), 1);
        assert_eq!(told(&app, "call.rule_set").await[0], (String::from(" "), String::from("refused")));
        app.finish().await;
    }
}

on_both! {
    async fn while_a_visit_is_locked_no_other_device_comes_in(app: TestApp) {
        let scene = app.scene(InCall).await;
        scene.scheduler.press(format!("/appointments/{}/links", scene.visit)).await;
        let link = scene.mailed_link(&app).await;
        let other = app.browser();
        let ask = async || {
            let answer = other.json("/v/device-move", &json!({ "token": link, "check": BORN })).await;
            answer.json::<Value>().await.unwrap()
        };
        let pick_up = async || other.json("/v/device-move/pickup", &json!({})).await.json::<Value>().await.unwrap();

        assert_eq!(set(&scene, "lock", "on").await, DONE);
        assert_eq!(ask().await["reason"], "closed_to_others");
        assert_eq!(set(&scene, "lock", "off").await, DONE);
        assert_eq!(ask().await["result"], "asked");

        // Locked after it was allowed: still nobody comes.
        let mut page = scene.patient.socket(&scene.path("socket")).await;
        let asked = page.until("state", |state| state["moving"].is_object()).await;
        let device = asked["moving"]["device"].as_str().unwrap().to_owned();
        let answered = scene.patient.form(&scene.path("handover"), &[("device", &device), ("answer", "yes")]).await;
        assert_eq!(answered.status(), StatusCode::OK);
        assert_eq!(set(&scene, "lock", "on").await, DONE);
        assert_eq!(pick_up().await["result"], "over");
        assert_eq!(scene.standing(&app).await.state, InCall);

        // Each admission begins unlocked.
        assert_eq!(scene.asks("waiting").await, StatusCode::SEE_OTHER);
        scene.admit().await;
        assert!(scene.standing(&app).await.locked_at.is_none());
        assert_eq!(told(&app, "call.rule_set").await.len(), 3);
        app.finish().await;
    }
}

on_both! {
    async fn both_pages_hear_that_the_chat_is_closed_and_others_may_not_close_it(app: TestApp) {
        let scene = app.scene(InCall).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        assert_eq!(set(&scene, "chat", "off").await, DONE);
        patient.until("state", |state| state["rules"] == rules(false, false, "no")).await;
        let by_patient = scene.patient.form(&scene.path("rules"), &[("rule", "chat"), ("to", "on")]).await;
        assert!(!by_patient.status().is_success());
        assert_eq!(set(&scene, "chat", "on").await, DONE);
        patient.until("state", |state| state["rules"]["chat"] == true).await;
        app.finish().await;
    }
}
