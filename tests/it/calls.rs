//! The call between two pages without a screen: real sockets, real DTLS and SRTP between two peers.

use crate::on_both;
use crate::support::TestApp;
use crate::support::clinic::{REASON, Scene};
use crate::support::page::{Page, Side};
use crate::support::socket::NOT_ALLOWED;
use anteroom::appointments::VisitState;
use anteroom::staff::Role;
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;

/// Both pages of an admitted visit, connected.
async fn in_call(app: &TestApp) -> (Scene, Page, Page) {
    let scene = app.scene(VisitState::InCall).await;
    let clinician = Page::open(Side::Clinician, scene.clinician.socket(&scene.path("socket")).await);
    let patient = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
    clinician.connected(1).await;
    patient.connected(1).await;
    (scene, clinician, patient)
}

on_both! {
    async fn two_pages_see_hear_and_write_to_each_other(app: TestApp) {
        let (_scene, clinician, patient) = in_call(&app).await;
        patient.peer().receives(20).await;
        clinician.peer().receives(20).await;
        clinician.peer().say("Good morning").await;
        patient.peer().hears("Good morning").await;
        patient.peer().say("Good morning to you").await;
        clinician.peer().hears("Good morning to you").await;
        assert!(clinician.peer().is_connected());
        app.finish().await;
    }
}

on_both! {
    async fn nothing_is_delivered_before_admission(app: TestApp) {
        let scene = app.scene(VisitState::Waiting).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        patient.state("waiting").await;
        patient.join(None).await;
        patient.say(&json!({ "type": "ready", "epoch": 0 })).await;
        patient.say(&json!({ "type": "candidate", "epoch": 0, "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "mid": "0", "line": 0 })).await;
        assert_eq!(clinician.all_of("ready", Duration::from_millis(400)).await.len(), 0);
        assert!(!clinician.heard.iter().any(|frame| frame.contains("192.0.2.1")));
        assert!(app.events("call.joined").await.is_empty());
        app.finish().await;
    }
}

on_both! {
    async fn a_reload_of_the_patient_begins_a_new_epoch_for_both(app: TestApp) {
        let (scene, clinician, patient) = in_call(&app).await;
        drop(patient);
        let again = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
        again.connected(2).await;
        clinician.connected(2).await;
        again.peer().receives(5).await;
        app.finish().await;
    }
}

on_both! {
    async fn the_newest_tab_holds_the_call_and_the_older_one_says_so(app: TestApp) {
        let (scene, _clinician, first) = in_call(&app).await;
        let second = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
        first.hears("superseded").await;
        first.hung_up().await;
        assert_eq!(first.closed().await, Some(1000));
        second.connected(2).await;
        app.finish().await;
    }
}

on_both! {
    async fn a_server_restart_leaves_the_connection_alone(app: TestApp) {
        let mut app = app;
        let (scene, clinician, patient) = in_call(&app).await;
        let before = patient.peer();
        app.restart().await;
        clinician.closed().await;
        patient.closed().await;
        before.say("Still here").await;
        clinician.peer().hears("Still here").await;
        clinician.comes_back(scene.clinician.socket(&scene.path("socket")).await);
        patient.comes_back(scene.patient.socket(&scene.path("socket")).await);
        clinician.state("in_call").await;
        patient.state("in_call").await;
        patient.peer().receives(10).await;
        assert_eq!((clinician.epoch(), patient.epoch()), (Some(1), Some(1)), "nobody began anew");
        assert_eq!(scene.asks("end").await, StatusCode::SEE_OTHER);
        patient.hung_up().await;
        app.finish().await;
    }
}

on_both! {
    async fn a_lost_socket_comes_back_to_the_same_connection(app: TestApp) {
        let (scene, clinician, patient) = in_call(&app).await;
        let told = patient.heard("state").len();
        patient.lose_socket();
        patient.comes_back(scene.patient.socket(&scene.path("socket")).await);
        // Once on opening, once in answer to its join.
        patient.told(told + 2).await;
        patient.say(json!({ "type": "restart", "epoch": 1 }));
        clinician.hears("restart").await;
        assert_eq!(patient.epoch(), Some(1));
        app.finish().await;
    }
}

on_both! {
    async fn a_page_that_breaks_the_schema_is_cut_off(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let crypto = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n";
        let forbidden = [
            json!({ "type": "admit" }),
            json!({ "type": "beat", "focus": true }),
            json!({ "type": "offer", "epoch": 1, "sdp": crypto }),
            json!({ "type": "answer", "epoch": 1, "sdp": crypto }),
        ];
        for frame in forbidden {
            let mut socket = scene.patient.socket(&scene.path("socket")).await;
            socket.say(&frame).await;
            assert_eq!(socket.closed().await, Some(NOT_ALLOWED), "{frame}");
        }
        let mut socket = scene.patient.socket(&scene.path("socket")).await;
        socket.say_bytes(vec![0; 4]).await;
        assert_eq!(socket.closed().await, Some(NOT_ALLOWED), "a binary frame");
        let mut socket = scene.patient.socket(&scene.path("socket")).await;
        socket.say_text(&format!("{{\"type\":\"beat\",\"x\":\"{}\"}}", "x".repeat(1024 * 1024))).await;
        assert!(matches!(socket.closed().await, None | Some(1008 | 1009)), "a frame of a megabyte");
        app.finish().await;
    }
}

on_both! {
    async fn a_socket_opens_for_our_own_page_and_the_visits_own_people_only(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let path = scene.path("socket");
        let foreign = scene.patient.socket_from(&path, Some("https://elsewhere.example")).await.err();
        assert_eq!(foreign, Some(StatusCode::FORBIDDEN));
        let colleague = app.staff(Role::Clinician).await;
        assert_eq!(colleague.socket_from(&path, None).await.err(), Some(StatusCode::NOT_FOUND));
        assert_eq!(app.browser().socket_from(&path, None).await.err(), Some(StatusCode::UNAUTHORIZED));
        app.finish().await;
    }
}

on_both! {
    async fn the_reason_opens_once_it_is_known_who_is_there_and_never_before(app: TestApp) {
        let scene = app.scene(VisitState::Checking).await;
        let colleague = app.staff(Role::Clinician).await;
        let ask = async || scene.clinician.get(&scene.path("reason")).await;
        assert_eq!(ask().await.status(), StatusCode::LOCKED);
        assert_eq!(colleague.get(&scene.path("reason")).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(scene.scheduler.get(&scene.path("reason")).await.status(), StatusCode::FORBIDDEN);
        assert!(!scene.clinician.text(&scene.path("call")).await.contains(REASON));
        let refused = app.events("visit.read").await.pop().unwrap();
        assert_eq!((&refused["outcome"], &refused["details"]["why"]), (&json!("refused"), &json!("identity_not_recorded")));

        scene.identify("known").await;
        let answer = ask().await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["reason"], REASON);
        let opened = app.events("visit.read").await.pop().unwrap();
        assert_eq!((&opened["outcome"], &opened["details"]["fields"]), (&json!("success"), &json!(["reason"])));
        assert!(!scene.clinician.text(&scene.path("call")).await.contains(REASON), "a reload asks for it again, with an event");

        scene.asks("waiting").await;
        assert_eq!(ask().await.status(), StatusCode::LOCKED, "who comes next is not known yet");
        app.finish().await;
    }
}

on_both! {
    async fn the_clinicians_page_names_two_things_to_ask_for(app: TestApp) {
        let scene = app.scene(VisitState::Checking).await;
        let page = scene.clinician.text(&scene.path("call")).await;
        for part in ["never read them out", "<dt>Date of birth</dt><dd>1961-03-09</dd>", "<dt>Phone number</dt><dd>555 0142</dd>"] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("<dt>").count(), 2);
        app.finish().await;
    }
}

on_both! {
    async fn the_browser_forgets_a_visit_that_is_over_and_nothing_else(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let cookie = anteroom::links::cookie_name(scene.visit);
        let before = scene.patient.get(&scene.page()).await;
        assert_eq!(before.status(), StatusCode::OK);
        assert!(before.headers().get("clear-site-data").is_none() && before.cookies().next().is_none());

        scene.asks("end").await;
        let answer = scene.patient.get(&scene.page()).await;
        assert_eq!((answer.status(), &answer.headers()["location"]), (StatusCode::SEE_OTHER, &"/visit-over".parse().unwrap()));
        assert_eq!(answer.headers()["clear-site-data"], "\"cache\"");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let expired: Vec<_> = answer.headers().get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
        assert_eq!(expired.len(), 1);
        assert!(expired[0].starts_with(&format!("{cookie}=;")) && expired[0].contains("Max-Age=0"), "{expired:?}");

        assert_eq!(scene.patient.get(&scene.page()).await.status(), StatusCode::NOT_FOUND);
        let over = app.browser().text("/visit-over").await;
        for part in ["Nothing of the visit stays on this device", "What comes next", "Who looked at my record?", "tel:555 0100"] {
            assert!(over.contains(part), "{part}");
        }
        app.finish().await;
    }
}
