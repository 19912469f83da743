//! The call between two pages without a screen: real sockets, real DTLS and SRTP between two peers.

use crate::on_both;
use crate::support::TestApp;
use crate::support::clinic::{REASON, Scene};
use crate::support::page::{Page, Side};
use crate::support::socket::{NOT_ALLOWED, PATIENCE};
use anteroom::appointments::VisitState;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::{Value, json};
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

/// The facts of every `call.left`, without the late ones' time.
fn parts(events: &[Value]) -> Vec<(String, i64, i64, String)> {
    let part = |event: &Value| {
        let details = &event["details"];
        let word = |name: &str| details[name].as_str().unwrap().to_owned();
        (word("party"), details["epoch"].as_i64().unwrap(), details["connected_s"].as_i64().unwrap(), word("why"))
    };
    let mut parts: Vec<_> = events.iter().map(part).collect();
    parts.sort_by_key(|part| (part.1, part.0.clone()));
    parts
}

fn part(party: &str, epoch: i64, connected_s: i64, why: &str) -> (String, i64, i64, String) {
    (party.to_owned(), epoch, connected_s, why.to_owned())
}

impl TestApp {
    /// The spool, once something waits in it.
    async fn spooled(&self) -> std::path::PathBuf {
        let spool = self.app.config.data_dir.join("call-ends.spool");
        let waits = async {
            while !std::fs::metadata(&spool).is_ok_and(|file| file.len() > 0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waits).await.expect("the end of the call is kept");
        spool
    }
}

/// [`in_call`], with both connections known to the server.
async fn known_in_call(app: &TestApp) -> (Scene, Page, Page) {
    let pages = in_call(app).await;
    app.events_come("call.connected", 2).await;
    pages
}

on_both! {
    async fn each_part_of_a_call_ends_once_with_its_length_and_why(app: TestApp) {
        let (scene, clinician, patient) = known_in_call(&app).await;
        app.clock.advance(Millis::seconds(90));
        patient.says_goodbye();
        assert_eq!(parts(&app.events_come("call.left", 1).await), [part("patient", 1, 90, "closed")]);
        let again = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
        again.connected(2).await;
        clinician.connected(2).await;
        app.events_come("call.connected", 4).await;
        app.clock.advance(Millis::seconds(60));
        let newer = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
        newer.connected(3).await;
        clinician.connected(3).await;
        app.events_come("call.connected", 6).await;
        app.clock.advance(Millis::seconds(30));
        assert_eq!(scene.asks("end").await, StatusCode::SEE_OTHER);
        let all = app.events_come("call.left", 6).await;
        let expected = [
            part("clinician", 1, 90, "renewed"),
            part("patient", 1, 90, "closed"),
            part("clinician", 2, 60, "renewed"),
            part("patient", 2, 60, "superseded"),
            part("clinician", 3, 30, "ended"),
            part("patient", 3, 30, "ended"),
        ];
        assert_eq!(parts(&all), expected);
        for event in &all {
            let (actor, who) = (&event["actor"], &event["details"]["party"]);
            let expected = if who == "clinician" { ("staff", scene.clinician.id.to_string()) } else { ("patient_link", scene.device(&app).await) };
            assert_eq!((actor["kind"].as_str().unwrap(), actor["id"].as_str().unwrap()), (expected.0, expected.1.as_str()));
            assert!(event["details"].get("late").is_none() && event["object"]["id"] == json!(scene.visit));
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_page_that_is_lost_for_good_left_and_begins_anew_when_it_comes_back(app: TestApp) {
        let (scene, clinician, patient) = known_in_call(&app).await;
        app.clock.advance(Millis::seconds(45));
        let told = clinician.heard("state").len();
        patient.lose_socket();
        clinician.told(told + 1).await;
        assert!(app.events("call.left").await.is_empty(), "it may come back");
        app.clock.advance(Millis::minutes(2));
        assert_eq!(parts(&app.events_come("call.left", 1).await), [part("patient", 1, 45, "lost")]);
        patient.comes_back(scene.patient.socket(&scene.path("socket")).await);
        patient.connected(2).await;
        clinician.connected(2).await;
        app.finish().await;
    }
}

on_both! {
    async fn put_back_and_removed_end_the_call_for_both(app: TestApp) {
        for (step, why) in [("waiting", "put_back"), ("removal", "removed")] {
            let before = app.events("call.left").await.len();
            let (scene, _clinician, _patient) = in_call(&app).await;
            assert_eq!(scene.asks(step).await, StatusCode::SEE_OTHER);
            let left = app.events_come("call.left", before + 2).await.split_off(before);
            assert!(left.iter().all(|event| event["details"]["why"] == why || event["details"]["why"] == "closed"), "{step}: {left:#?}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_call_outlives_the_database_and_its_end_is_written_late_with_its_own_time(app: TestApp) {
        let mut app = app;
        let (scene, clinician, patient) = known_in_call(&app).await;
        app.clock.advance(Millis::seconds(90));
        app.database_refuses(true).await;

        // A frame that cannot be checked closes the socket, and nothing of the call.
        let (of_patient, of_clinician) = (patient.peer(), clinician.peer());
        patient.say(json!({ "type": "restart", "epoch": 1 }));
        assert_eq!(patient.closed().await, Some(1013));
        assert_eq!(scene.patient.socket_from(&scene.path("socket"), None).await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        of_patient.receives(20).await;
        of_clinician.receives(20).await;
        of_patient.say("Can you hear me?").await;
        of_clinician.hears("Can you hear me?").await;

        assert!(clinician.heard("superseded").is_empty() && clinician.epoch() == Some(1), "the other page's socket is still open");

        // What nobody could write waits beside the database, sealed, and survives a crash.
        clinician.says_goodbye();
        let spool = app.spooled().await;
        let kept = std::fs::read(&spool).unwrap();
        assert!(!kept.windows(9).any(|part| part == b"clinician"), "it is sealed");
        let ended_at = app.app.now();
        app.clock.advance(Millis::minutes(7));
        assert!(app.app.log.replay(&app.app.system()).await.is_err(), "the log is still full");
        assert_eq!(std::fs::read(&spool).unwrap(), kept, "nothing is lost by trying");
        app.restart().await;

        app.database_refuses(false).await;
        app.app.log.replay(&app.app.system()).await.unwrap();
        let left = app.events("call.left").await;
        assert_eq!(parts(&left), [part("clinician", 1, 90, "closed")]);
        assert_eq!((left[0]["details"]["late"].as_str(), left[0]["details"]["happened_at"].as_i64()), (Some("yes"), Some(ended_at.0)));
        assert_eq!((left[0]["at"].as_i64(), left[0]["actor"]["id"].as_str()), (Some(app.app.now().0), Some(scene.clinician.id.to_string().as_str())));
        let replayed = app.events("log.replayed").await;
        assert_eq!(replayed.iter().map(|event| &event["details"]).collect::<Vec<_>>(), [&json!({ "altered": 0, "dropped": 0, "rows": 1, "torn": 0 })]);

        // A crash between the log and the spool tells it again.
        std::fs::write(&spool, &kept).unwrap();
        app.restart().await;
        app.app.log.replay(&app.app.system()).await.unwrap();
        assert_eq!(app.events("call.left").await.len(), 1, "written once");

        // The patient's page is back at the connection it never lost.
        patient.comes_back(scene.patient.socket(&scene.path("socket")).await);
        patient.state("in_call").await;
        assert_eq!(patient.epoch(), Some(1));
        app.finish().await;
    }
}

on_both! {
    async fn nothing_but_the_end_of_a_call_waits_for_the_log(app: TestApp) {
        let (scene, clinician, patient) = known_in_call(&app).await;
        app.log_is_full(true).await;
        assert_eq!(scene.asks("end").await, StatusCode::SERVICE_UNAVAILABLE);
        patient.say(json!({ "type": "chatted", "epoch": 1 }));
        assert_eq!(patient.closed().await, Some(1013));
        clinician.peer().receives(5).await;
        let spool = app.app.config.data_dir.join("call-ends.spool");
        assert!(!spool.exists());
        app.log_is_full(false).await;
        assert_eq!(scene.standing(&app).await.state, VisitState::InCall);
        assert!(app.events("chat.sent").await.is_empty());
        app.finish().await;
    }
}

on_both! {
    async fn what_was_altered_in_the_spool_is_counted_and_not_believed(app: TestApp) {
        let (_scene, clinician, patient) = known_in_call(&app).await;
        app.log_is_full(true).await;
        clinician.says_goodbye();
        let spool = app.spooled().await;
        app.log_is_full(false).await;
        // Somebody with the disk changes the record and makes its frame fit.
        let mut bytes = std::fs::read(&spool).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let check = anteroom::crypto::sha256(&bytes[12..]);
        bytes[4..12].copy_from_slice(&check[..8]);
        std::fs::write(&spool, bytes).unwrap();
        app.app.log.replay(&app.app.system()).await.unwrap();
        assert!(app.events("call.left").await.is_empty());
        assert_eq!(app.events("log.replayed").await[0]["details"], json!({ "altered": 1, "dropped": 0, "rows": 0, "torn": 0 }));
        drop(patient);
        app.finish().await;
    }
}

on_both! {
    async fn ends_of_calls_are_written_late_in_the_order_in_which_they_came(app: TestApp) {
        let (_scene, clinician, patient) = known_in_call(&app).await;
        app.log_is_full(true).await;
        clinician.says_goodbye();
        let spool = app.spooled().await;
        let one = std::fs::metadata(&spool).unwrap().len();
        app.log_is_full(false).await;
        app.clock.advance(Millis::seconds(20));
        patient.says_goodbye();
        let both = async {
            while std::fs::metadata(&spool).unwrap().len() == one {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, both).await.expect("it waits behind the first, although it could be written");
        app.app.log.replay(&app.app.system()).await.unwrap();
        let left = app.events("call.left").await;
        assert_eq!(left.iter().map(|event| event["details"]["party"].as_str().unwrap()).collect::<Vec<_>>(), ["clinician", "patient"]);
        assert!(std::fs::read(&spool).unwrap().is_empty());
        app.finish().await;
    }
}

on_both! {
    async fn however_long_the_database_is_away_nobody_is_gone_for_it(app: TestApp) {
        let (scene, clinician, patient) = known_in_call(&app).await;
        app.database_refuses(true).await;
        let told = clinician.heard("state").len();
        patient.say(json!({ "type": "restart", "epoch": 1 }));
        assert_eq!(patient.closed().await, Some(1013));
        app.clock.advance(Millis::minutes(5));
        app.database_refuses(false).await;
        // The page whose socket stayed open hears what it missed.
        clinician.told(told + 1).await;
        patient.comes_back(scene.patient.socket(&scene.path("socket")).await);
        patient.state("in_call").await;
        clinician.told(told + 2).await;
        patient.peer().receives(5).await;
        assert_eq!((patient.epoch(), clinician.epoch()), (Some(1), Some(1)));
        assert!(app.events("call.left").await.is_empty());
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
        let (_, after) = page.split_once("<dl class=\"identifiers\">").unwrap();
        assert_eq!(after.split("</dl>").next().unwrap().matches("<dt>").count(), 2);
        app.finish().await;
    }
}

on_both! {
    async fn the_clinicians_page_has_the_patients_phone_for_a_call_that_does_not_come_about(app: TestApp) {
        let scene = app.scene(VisitState::Checking).await;
        let page = scene.clinician.text(&scene.path("call")).await;
        for part in ["data-phone=\"555 0142\"", "<a class=\"touch\" href=\"tel:555 0142\">555 0142</a>"] {
            assert!(page.contains(part), "{part}");
        }
        app.execute("update patient set phone = null").await;
        let page = scene.clinician.text(&scene.path("call")).await;
        for part in ["data-phone=\"\"", "No phone number of this patient is written down."] {
            assert!(page.contains(part), "{part}");
        }
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
        assert_eq!((answer.status(), &answer.headers()["location"]), (StatusCode::SEE_OTHER, &"/visit-over?language=en".parse().unwrap()));
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
