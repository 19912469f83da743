//! The waiting room through its front door: who may take which step when, and what each page hears of it.

use crate::on_both;
use crate::support::browser::PASSWORD;
use crate::support::clinic::Scene;
use crate::support::socket::PATIENCE;
use crate::support::statements::Statements;
use crate::support::{NOW, TestApp};
use anteroom::appointments::VisitState::{self, Booked, Cancelled, Checking, Ended, InCall, NoShow, Redeemed, Sent, Waiting};
use anteroom::staff::Role;
use anteroom::text::Text;
use anteroom::time::Millis;
use anteroom::waiting_room::{consent, late};
use anteroom::web::live;
use reqwest::StatusCode;
use serde_json::Value;

on_both! {
    async fn arriving_twice_keeps_the_place(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let before = scene.standing(&app).await;
        app.clock.advance(Millis::minutes(3));
        scene.arrive().await;
        assert_eq!(scene.standing(&app).await, before);
        assert_eq!(app.events("visit.waiting").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_patient_cannot_admit_themselves(app: TestApp) {
        let scene = app.scene(Waiting).await;
        for step in ["admission", "identity", "end", "waiting", "removal"] {
            let status = scene.patient_asks(step).await;
            assert!([StatusCode::UNAUTHORIZED, StatusCode::SEE_OTHER].contains(&status), "{step}: {status}");
        }
        assert_eq!(scene.standing(&app).await.state, Waiting);
        app.finish().await;
    }
}

/// The steps of a clinician, and the states that each may start from.
const STEPS: [(&str, &[VisitState]); 8] = [
    ("admission", &[Waiting, Checking, InCall]),
    ("hold", &[Waiting]),
    ("message", &[Redeemed, Waiting, Checking, InCall]),
    ("waiting", &[Checking, InCall]),
    ("identity", &[Checking]),
    ("end", &[Checking, InCall]),
    ("removal", &[Redeemed, Waiting, Checking, InCall]),
    ("incident", &[Redeemed, Waiting, Checking, InCall]),
];

on_both! {
    async fn steps_go_in_order_and_a_step_out_of_order_changes_nothing(app: TestApp) {
        for state in [Booked, Sent, Redeemed, Waiting, Checking, InCall, Ended, Cancelled, NoShow] {
            let scene = app.scene(state).await;
            for (step, from) in STEPS.iter().filter(|(_, from)| !from.contains(&state)) {
                let before = scene.standing(&app).await;
                assert_eq!(scene.asks(step).await, StatusCode::CONFLICT, "{step} of a visit that is {state}, possible from {from:?}");
                assert_eq!(scene.standing(&app).await, before, "{step} of a visit that is {state}");
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn another_clinician_finds_nothing_and_that_they_looked_is_in_the_log(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let colleague = app.staff(Role::Clinician).await;
        for (step, _) in STEPS {
            assert_eq!(scene.asked_by(&colleague, step).await, StatusCode::NOT_FOUND, "{step}");
        }
        assert_eq!(colleague.get(&scene.path("call")).await.status(), StatusCode::NOT_FOUND);
        let refused: Vec<_> = app.log().await.into_iter().filter(|event| event["outcome"] == "refused").collect();
        assert_eq!(refused.len(), STEPS.len() + 1);
        assert!(refused.iter().all(|event| event["actor"]["id"] == colleague.id.to_string()));
        assert_eq!(scene.standing(&app).await.state, Waiting);
        app.finish().await;
    }
}

on_both! {
    async fn the_patients_page_hears_each_step(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        assert_eq!(patient.state("waiting").await["clinician"], "away");

        scene.asks("hold").await;
        assert_eq!(patient.until("state", |state| state["held"] == true).await["state"], "waiting");
        scene.asks("message").await;
        patient.until("state", |state| state["message"] == "We are running late.").await;
        scene.admit().await;
        assert_eq!(patient.state("checking").await["epoch"], 1);
        scene.identify("not_this_person").await;
        assert_eq!(patient.state("waiting").await["epoch"], 2);
        scene.admit().await;
        patient.state("checking").await;
        scene.identify("known").await;
        assert_eq!(patient.state("in_call").await["identity"], "known");
        scene.asks("waiting").await;
        assert_eq!(patient.state("waiting").await["identity"], serde_json::Value::Null);
        assert!(!String::from_utf8_lossy(&app.dump().await).contains("We are running late."), "the message is sealed where it rests");

        scene.asks("removal").await;
        assert_eq!(patient.hears("gone").await["why"], "removed");
        assert_eq!(patient.closed().await, Some(1000));
        assert_eq!(scene.patient_asks("arrival").await, StatusCode::NOT_FOUND, "only a new link returns");
        app.finish().await;
    }
}

on_both! {
    async fn a_server_that_stops_lets_its_pages_go_and_nobody_in_again(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let visit = scene.path("socket");
        let doors = [(&scene.patient, visit.as_str()), (&*scene.clinician, &visit), (&*scene.clinician, "/today/socket")];
        let mut open = Vec::new();
        for (browser, path) in doors {
            open.push(browser.socket(path).await);
        }
        app.hub.release();
        for socket in &mut open {
            assert_eq!(socket.closed().await, Some(1013), "to be opened again, at the server that follows");
        }
        for (browser, path) in doors {
            assert_eq!(browser.socket_from(path, None).await.err(), Some(StatusCode::TOO_MANY_REQUESTS), "{path}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn today_hears_who_comes_and_goes_and_no_name(app: TestApp) {
        let scene = app.scene(Redeemed).await;
        let mut today = scene.clinician.socket("/today/socket").await;
        assert_eq!(today.hears("today").await["visits"][0]["state"], "redeemed");
        scene.arrive().await;
        today.until("today", |day| day["visits"][0]["state"] == "waiting").await;
        let page = scene.patient.socket(&scene.path("socket")).await;
        today.until("today", |day| day["visits"][0]["away_since"].is_null()).await;
        page.leave().await;
        today.until("today", |day| day["visits"][0]["away_since"].is_i64()).await;
        assert!(!today.heard.iter().any(|frame| frame.contains("Quenby")));
        assert!(scene.clinician.text("/today").await.contains(&scene.name));
        app.finish().await;
    }
}

on_both! {
    async fn a_today_page_that_was_cut_off_does_not_count_as_the_clinician(app: TestApp) {
        let scene = app.scene(Waiting).await;
        // Its network is gone and nobody says so: the connection stays open, and no beat is answered.
        let _cut_off = scene.clinician.socket("/today/socket").await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        assert_eq!(patient.state("waiting").await["clinician"], "here");
        patient.stays_until(live::SILENCE_MAX + PATIENCE, |message| message["clinician"] == "away").await;
        app.finish().await;
    }
}

on_both! {
    async fn a_page_that_answers_the_beats_stays(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let mut today = scene.clinician.socket("/today/socket").await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        patient.state("waiting").await;
        // The first comes at once: four are longer than any silence that is borne.
        let (mut of_today, mut of_patient) = (0, 0);
        let fourth = |beats: &mut i32, message: &Value| {
            *beats += i32::from(message["type"] == "beat");
            *beats == 4
        };
        tokio::join!(
            today.stays_until(live::SILENCE_MAX * 2, |message| fourth(&mut of_today, message)),
            patient.stays_until(live::SILENCE_MAX * 2, |message| fourth(&mut of_patient, message)),
        );
        scene.asks("hold").await;
        today.until("today", |day| day["visits"][0]["held"] == true).await;
        patient.until("state", |state| state["held"] == true).await;
        app.finish().await;
    }
}

on_both! {
    async fn who_closes_the_tab_in_the_call_has_left_it(app: TestApp) {
        let scene = app.scene(Checking).await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        for _ in 0..5 {
            let mut patient = scene.patient.socket(&scene.path("socket")).await;
            patient.join(None).await;
            clinician.until("state", |state| state["peer"] == "in_call").await;
            patient.vanish().await;
            clinician.until("state", |state| ["left", "lost"].contains(&state["peer"].as_str().unwrap())).await;
            let last: Value = serde_json::from_str(clinician.heard.last().unwrap()).unwrap();
            assert_eq!(last["peer"], "left", "a tab that is closed is no network that is lost");
        }
        app.finish().await;
    }
}

on_both! {
    async fn who_waits_hears_why_the_visit_is_not_here_any_more_and_reads_it_again_later(app: TestApp) {
        for (why, heading) in [
            ("removed", "You are no longer in this visit"),
            ("cancelled", "This appointment was cancelled"),
            ("rescheduled", "Your appointment has another time now"),
        ] {
            let scene = app.scene(Waiting).await;
            let mut patient = scene.patient.socket(&scene.path("socket")).await;
            patient.state("waiting").await;
            match why {
                "removed" => assert_eq!(scene.asks("removal").await, StatusCode::SEE_OTHER),
                "cancelled" => scene.cancel().await,
                _ => scene.move_to("15:00").await,
            }
            assert_eq!(patient.hears("gone").await["why"], why);
            assert_eq!(patient.closed().await, Some(1000));

            let page = scene.patient.get(&scene.page()).await;
            assert_eq!(page.status(), StatusCode::GONE, "{why}");
            let page = page.text().await.unwrap();
            assert!(page.contains(heading) && page.contains("tel:"), "{why}: {page}");
            assert!(!page.contains(&scene.name), "{why}");
            assert_eq!(app.browser().get(&scene.page()).await.status(), StatusCode::NOT_FOUND, "to any other browser there is no such visit");
            assert!(scene.patient.socket_from(&scene.path("socket"), None).await.is_err(), "{why}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn no_new_link_is_offered_or_sent_for_a_visit_that_is_over(app: TestApp) {
        for state in [Ended, Cancelled, NoShow] {
            let scene = app.scene(state).await;
            assert!(!scene.clinician.text("/today").await.contains(&scene.path("links")), "{state}");
            assert_eq!(scene.asks("links").await, StatusCode::GONE, "{state}");
            let desk = format!("/appointments/{}", scene.visit);
            assert!(!scene.scheduler.text(&desk).await.contains(&format!("{desk}/links")), "{state}");
            assert_eq!(scene.scheduler.form(&format!("{desk}/links"), &[]).await.status(), StatusCode::GONE, "{state}");
        }
        let scene = app.scene(Sent).await;
        assert!(scene.clinician.text("/today").await.contains(&scene.path("links")));
        // Nobody marked it, but its time is past.
        app.clock.advance(Millis::minutes(30));
        app.clock.advance(app.app.config.links.closes_after());
        scene.clinician.sign_in(PASSWORD).await;
        assert!(!scene.clinician.text("/today").await.contains(&scene.path("links")));
        assert_eq!(scene.asks("links").await, StatusCode::GONE);
        app.finish().await;
    }
}

on_both! {
    async fn an_admission_lapses_when_the_page_stays_away(app: TestApp) {
        let scene = app.scene(Checking).await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        clinician.state("checking").await;
        app.clock.advance(Millis::minutes(2));
        assert_eq!(clinician.state("waiting").await["peer"], "lost");
        assert_eq!(app.events("visit.admission_lapsed").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn two_visits_at_once_do_not_hear_each_other(app: TestApp) {
        let (first, second) = (app.scene(Waiting).await, app.scene(Waiting).await);
        let mut page = second.patient.socket(&second.path("socket")).await;
        page.state("waiting").await;
        first.admit().await;
        first.identify("known").await;
        assert_eq!(page.all_of("state", std::time::Duration::from_millis(300)).await.len(), 0);
        assert_eq!(second.standing(&app).await.state, Waiting);
        assert_eq!(second.patient.get(&first.path("call").replace("/call", "")).await.status(), StatusCode::NOT_FOUND);
        app.finish().await;
    }
}

on_both! {
    async fn who_leaves_may_come_back(app: TestApp) {
        let scene = app.scene(Waiting).await;
        assert_eq!(scene.patient_asks("departure").await, StatusCode::OK);
        assert_eq!(scene.standing(&app).await.state, Redeemed);
        scene.arrive().await;
        scene.admit().await;
        assert_eq!(scene.patient_asks("departure").await, StatusCode::OK);
        assert!(scene.standing(&app).await.left_at.is_some());
        scene.arrive().await;
        assert_eq!(scene.standing(&app).await.left_at, None);
        app.finish().await;
    }
}

on_both! {
    async fn running_late_is_heard_by_all_who_wait_and_outlives_a_restart(app: TestApp) {
        let mut app = app;
        let (scene, elsewhere) = (app.scene(Waiting).await, app.scene(Waiting).await);
        let next = app.scene_beside(&scene, "11:00", Redeemed).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        let mut of_another = elsewhere.patient.socket(&elsewhere.path("socket")).await;
        let mut today = scene.clinician.socket("/today/socket").await;
        assert!(patient.state("waiting").await["late"].is_null());

        assert_eq!(scene.says_late("15").await, StatusCode::SEE_OTHER);
        patient.until("state", |state| state["late"] == 15).await;
        today.until("today", |day| day["late"] == 15).await;
        assert_eq!(of_another.all_of("state", std::time::Duration::from_millis(300)).await.iter().filter(|state| !state["late"].is_null()).count(), 0);
        let sentence = "is running about 15 minutes late.";
        assert!(next.patient.text(&next.page()).await.contains(sentence), "who opens their page later reads it too");

        app.restart().await;
        app.clock.advance(Millis::minutes(1));
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        assert_eq!(patient.state("waiting").await["late"], 15);
        assert!(scene.clinician.text("/today").await.contains("about 15 minutes late"));
        assert_eq!(scene.says_late("0").await, StatusCode::SEE_OTHER);
        patient.until("state", |state| state["late"].is_null()).await;
        assert!(!next.patient.text(&next.page()).await.contains(sentence));
        let said: Vec<_> = app.events("clinician.late").await.iter().map(|event| event["details"]["minutes"].as_i64().unwrap()).collect();
        assert_eq!(said, [15, 0]);
        app.finish().await;
    }
}

on_both! {
    /// One reading serves all pages of all who wait.
    async fn a_queue_is_read_once_for_all_who_hear_of_it(app: TestApp) {
        if app.has_a_process_of_its_own(module_path!()) {
            let statements = Statements::listen();
            let first = app.scene(Waiting).await;
            let next = app.scene_beside(&first, "11:00", Waiting).await;
            let mut pages = Vec::new();
            for scene in [&first, &next, &first, &next, &next] {
                pages.push(scene.patient.socket(&scene.path("socket")).await);
            }
            for page in &mut pages {
                page.until("state", |state| state["clinician"] == "away").await;
            }
            statements.take();
            assert_eq!(first.says_late("15").await, StatusCode::SEE_OTHER);
            for page in &mut pages {
                page.until("state", |state| state["late"] == 15).await;
            }
            let readings = statements.take().iter().filter(|statement| statement.contains("from running_late")).count();
            assert!((1..=2).contains(&readings), "{readings} readings for five pages and the act itself");
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_delay_is_one_of_four_and_counts_for_the_day(app: TestApp) {
        let scene = app.scene(Booked).await;
        for wrong in ["7", "-5", "31", "x", ""] {
            assert_eq!(scene.says_late(wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        }
        assert_eq!(scene.scheduler.form("/today/delay", &[("minutes", "5")]).await.status(), StatusCode::FORBIDDEN);
        scene.says_late("10").await;
        scene.says_late("30").await;
        let said = async || late::of(&app.app, scene.clinician.id).await.unwrap();
        assert_eq!(said().await, Some(late::Late { minutes: 30, said_at: NOW }));
        // 10:30 in New York: the day has 13 and a half hours left.
        app.clock.advance(Millis::minutes(13 * 60 + 29));
        assert!(said().await.is_some());
        app.clock.advance(Millis::minutes(1));
        assert_eq!(said().await, None, "tomorrow begins on time");
        app.finish().await;
    }
}

on_both! {
    with "[waiting_room]\nshow_position = true"
    async fn who_waits_hears_how_many_are_in_front(app: TestApp) {
        let (first, _of_another) = (app.scene(Waiting).await, app.scene(Waiting).await);
        app.clock.advance(Millis::minutes(1));
        let second = app.scene_beside(&first, "11:00", Waiting).await;
        let mut page = second.patient.socket(&second.path("socket")).await;
        assert_eq!(page.state("waiting").await["before"], 1, "of the same clinician's alone");
        first.admit().await;
        let told = page.until("state", |state| state["before"] == 0).await;
        assert_eq!(told["clinician"], "busy");
        app.clock.advance(Millis::minutes(1));
        first.asks("waiting").await;
        assert_eq!(page.until("state", |state| state["clinician"] != "busy").await["before"], 0, "who is put back waits anew");
        app.finish().await;
    }
}

on_both! {
    async fn no_place_in_the_queue_is_told_unless_the_clinic_lets_it(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let mut page = scene.patient.socket(&scene.path("socket")).await;
        assert!(page.state("waiting").await["before"].is_null());
        app.finish().await;
    }
}

on_both! {
    async fn joining_is_the_consent_once_for_each_visit_and_version(app: TestApp) {
        let scene = app.scene(Redeemed).await;
        let page = scene.patient.text(&scene.page()).await;
        // PRV-12, in the order in which it is read out.
        for tip in ["Be in a private place. Headphones help.", "a device you trust, and no public Wi-Fi", "Not alone?", "You can leave at any time"] {
            assert!(page.find(tip).is_some_and(|at| at < page.find("id=\"join\"").unwrap()), "{tip}");
        }
        let version = consent::Version::now(Text::of("en")).number();
        assert!(page.contains("By joining you agree") && page.contains(&format!("data-consent=\"{version}\"")));
        for wrong in ["", "0", "99", "yes"] {
            let answer = scene.patient.post(&scene.path("arrival"), &[("consent", wrong)]).await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        }
        assert_eq!(scene.patient.post(&scene.path("arrival"), &[]).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(scene.standing(&app).await.state, Redeemed, "nobody waits who was not asked");

        scene.arrive().await;
        scene.patient_asks("departure").await;
        scene.arrive().await;
        scene.admit().await;
        scene.arrive().await;
        let recorded = app.events("consent.recorded").await;
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0]["details"]["version"], version);
        assert_eq!(recorded[0]["request"], app.events("visit.waiting").await[0]["request"], "the arrival and the consent are one act");
        assert_eq!(app.number("select consent_version from visit").await, version);
        assert_eq!(app.number("select consented_at from visit").await, NOW.0);
        app.finish().await;
    }
}

on_both! {
    async fn who_comes_when_the_visit_is_over_is_refused_and_the_log_says_so(app: TestApp) {
        let scene = app.scene(Ended).await;
        let before = scene.standing(&app).await;
        assert_eq!(scene.patient_asks("arrival").await, StatusCode::GONE);
        assert_eq!(scene.standing(&app).await, before);
        let last = app.events("visit.waiting").await.pop().unwrap();
        assert_eq!((&last["outcome"], &last["details"]["why"]), (&"refused".into(), &"ended".into()));
        app.finish().await;
    }
}

on_both! {
    async fn somebody_with_the_patient_is_recorded_and_shown_to_the_clinician_alone(app: TestApp) {
        let scene = app.scene(Redeemed).await;
        let fields = |name, relation| vec![("consent", "1"), ("companion", name), ("relation", relation)];
        for (name, relation) in [("Odalys Fennimore", ""), ("", "child"), ("Odalys Fennimore", "daughter")] {
            let answer = scene.patient.post(&scene.path("arrival"), &fields(name, relation)).await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name} {relation}");
        }
        assert_eq!(scene.standing(&app).await.state, Redeemed);
        let answer = scene.patient.post(&scene.path("arrival"), &fields("Odalys Fennimore", "child")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let recorded = app.events("companion.recorded").await;
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0]["details"]["on_behalf_of"], "child");
        assert!(!String::from_utf8_lossy(&app.dump().await).contains("Fennimore"), "the name is sealed where it rests");
        assert!(!scene.patient.text(&scene.page()).await.contains("Fennimore"));

        scene.admit().await;
        assert!(scene.clinician.text(&scene.path("call")).await.contains("With them: Odalys Fennimore (son or daughter)"));
        let opened = app.events("visit.read").await;
        assert_eq!(opened.last().unwrap()["details"]["fields"], serde_json::json!(["companion"]));
        scene.asks("removal").await;
        assert_eq!(scene.standing(&app).await.companion, None, "whoever comes next is not with them");
        app.finish().await;
    }
}

on_both! {
    async fn the_wrong_person_is_removed_and_reported_in_one_act(app: TestApp) {
        let scene = app.scene(Checking).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        patient.state("checking").await;
        assert_eq!(scene.asks("incident").await, StatusCode::SEE_OTHER);
        assert_eq!(patient.hears("gone").await["why"], "removed");
        assert_eq!(scene.standing(&app).await.state, Sent);
        assert_eq!(scene.patient_asks("arrival").await, StatusCode::NOT_FOUND, "their device is sent out");

        let incident = app.events("incident.reported").await.pop().unwrap();
        assert_eq!(incident["details"]["what"], "wrong_person");
        assert_eq!(incident["object"]["id"], scene.visit.to_string());
        let of_the_act: Vec<_> = app.log().await.into_iter().filter(|event| event["request"] == incident["request"]).collect();
        let kinds: Vec<_> = of_the_act.iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["identity.recorded", "incident.reported", "visit.removed"]);
        assert_eq!(of_the_act[0]["details"]["answer"], "not_this_person");

        let officer = app.staff(Role::Compliance).await;
        let found = officer.text("/access-log?kind=incident.reported").await;
        assert!(found.contains("Reported that the wrong person was let in") && found.contains(incident["patients"][0].as_str().unwrap()));
        app.finish().await;
    }
}

/// Somebody was sent a new link of a visit, let in, and reported as the wrong person.
async fn reported_with_a_new_link(app: &TestApp) -> (Scene, String) {
    let scene = app.scene(Redeemed).await;
    scene.asks("links").await;
    let link = scene.mailed_link(app).await;
    scene.arrive().await;
    scene.admit().await;
    scene.asks("incident").await;
    (scene, link)
}

on_both! {
    async fn a_link_that_was_sent_anew_dies_with_the_wrong_person(app: TestApp) {
        let (scene, link) = reported_with_a_new_link(&app).await;
        let answer = scene.try_redeem(&app.browser(), &link).await;
        assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["reason"], "withdrawn");
        app.finish().await;
    }
}

on_both! {
    async fn the_wrong_person_gets_no_new_link_by_pressing_a_button(app: TestApp) {
        let (scene, link) = reported_with_a_new_link(&app).await;
        let mails = app.number("select count(*) from outbox").await;
        let answer = app.browser().json("/v/links", &serde_json::json!({ "token": link })).await;
        assert_eq!(answer.status(), StatusCode::OK, "the answer is the same as ever");
        assert_eq!(app.number("select count(*) from outbox").await, mails, "who was just sent out reads that mailbox");
        assert_eq!(app.events("link.requested").await.pop().unwrap()["details"]["why"], "wrong_person");
        let trouble = "data-trouble=\"wrong_person\"";
        assert!(scene.clinician.text("/today").await.contains(trouble), "who works there sees why");

        assert_eq!(scene.asks("links").await, StatusCode::SEE_OTHER);
        assert_eq!(app.number("select count(*) from outbox").await, mails + 1, "staff looked, and send one");
        assert!(!scene.clinician.text("/today").await.contains(trouble));
        app.finish().await;
    }
}
