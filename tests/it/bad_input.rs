//! What people and attackers send that is wrong (TST-06, AB-12 to AB-19): each hears what to do next, and nothing is lost or shown.
//!
//! | What comes | Where it is shown |
//! |---|---|
//! | a wrong, voided or used link; five wrong dates | `links::unknown_wrong_and_locked_are_one_answer`, `links::five_wrong_values_lock_...` |
//! | a link before its time and after its end | `a_link_out_of_its_time_says_when_or_whom_to_call` |
//! | a stolen cookie after its owner signed out, was sent out, or the visit ended | `a_stolen_cookie_is_worth_nothing_once_its_session_ended` |
//! | a visit that is moved or cancelled while the patient waits | `a_visit_that_is_moved_or_cancelled_under_a_waiting_patient_says_so` |
//! | a clinician opening another's patient | `waiting_room::another_clinician_...`, `records::another_clinicians_note_does_not_exist` |
//! | two tabs, or clinician and stranger, admitting at once | `of_many_who_admit_at_once_one_admits` |
//! | 64 KB names | `a_name_of_any_length_is_kept_on_the_page_or_is_too_long_to_be_read` |
//! | emoji, right-to-left and hidden characters in names | `names_of_any_script_are_shown_as_typed_and_hidden_characters_are_refused` |
//! | line breaks in addresses | `nothing_in_an_address_becomes_a_header`, `patients::model`, `mail::transport::mime` |
//! | a socket message of 1 MB, a forbidden frame | `calls::a_page_that_breaks_the_schema_is_cut_off` |
//! | a description with foreign, missing or many fingerprints | `calls::session`, `fuzz` |
//! | a mail server that is down for an hour | `a_mail_server_that_is_down_for_an_hour_costs_no_letter_and_no_booking` |
//! | a full disk | `full_disk` |
//! | a database of a newer version | `schema::a_database_of_a_newer_version_is_refused` |
//! | a configuration with a typo | `config::an_error_names_the_line_and_the_key_and_quotes_no_value`, `a_start_with_a_typo_names_the_line_and_no_secret` |

use crate::on_both;
use crate::support::clinic::REASON;
use crate::support::desk::{key, led_to, patient_form, with};
use crate::support::form::unescaped;
use crate::support::guest::BORN;
use crate::support::smtp::{Answer, Catcher, Step};
use crate::support::{Browser, NOW, PASSWORD, TestApp};
use anteroom::appointments::VisitState;
use anteroom::staff::Role;
use anteroom::time::Millis;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::process::Command;

on_both! {
    async fn a_link_out_of_its_time_says_when_or_whom_to_call(app: TestApp) {
        let guest = app.guest_at(app.app.now() + Millis::hours(2), true).await;
        let link = app.invitation().await;
        let open = async |check: &str| {
            let answer = app.browser().json("/v/redemption", &json!({ "token": link.token, "check": check })).await;
            answer.json::<serde_json::Value>().await.unwrap()
        };
        let early = open(BORN).await;
        assert_eq!(early["reason"], "too_early");
        assert!(early["text"].as_str().unwrap().contains("11:00"), "in the patient's own zone: {early}");
        app.clock.set(guest.starts_at + Millis::hours(3));
        let late = open(BORN).await;
        assert_eq!(late["reason"], "over");
        assert!(late["text"].as_str().unwrap().contains("call"), "{late}");
        for answer in [early, late] {
            assert!(!answer.to_string().contains("Zinnia") && !answer.to_string().contains("canary"), "{answer}");
        }
        assert_eq!(open("03/15/1948").await, json!({ "result": "no" }), "without the right value nothing of it is told");
        app.finish().await;
    }
}

/// A browser that somebody stole the cookie for.
async fn thief(app: &TestApp, path: &str, cookie: &str, token: &str) -> StatusCode {
    let request = app.browser().request(Method::GET, path).header("cookie", format!("{cookie}={token}"));
    app.browser().send(request).await.status()
}

on_both! {
    async fn a_stolen_cookie_is_worth_nothing_once_its_session_ended(app: TestApp) {
        let scene = app.scene(VisitState::Waiting).await;
        let cookie = anteroom::links::cookie_name(scene.visit);
        let of_patient = scene.patient.session();
        assert_eq!(thief(&app, &scene.page(), &cookie, &of_patient).await, StatusCode::OK, "until then it is the session");
        assert_eq!(scene.asks("removal").await, StatusCode::SEE_OTHER);
        assert_eq!(thief(&app, &scene.page(), &cookie, &of_patient).await, StatusCode::GONE, "why it ended, and nothing else");
        let refused = app.events("request.refused").await;
        assert_eq!(refused.last().unwrap()["details"]["why"], "device");

        let of_clinician = scene.clinician.session();
        assert_eq!(thief(&app, "/today", "staff", &of_clinician).await, StatusCode::OK);
        assert_eq!(scene.clinician.press("/sign-out".into()).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(thief(&app, "/today", "staff", &of_clinician).await, StatusCode::SEE_OTHER, "to the page to sign in");
        app.finish().await;
    }
}

on_both! {
    async fn a_visit_that_is_moved_or_cancelled_under_a_waiting_patient_says_so(app: TestApp) {
        let scene = app.scene(VisitState::Waiting).await;
        let other = app.scene_beside(&scene, "11:00", VisitState::Waiting).await;
        for (scene, change) in [(&scene, "cancelled"), (&other, "moved")] {
            let mut page = scene.patient.socket(&scene.path("socket")).await;
            page.state("waiting").await;
            if change == "cancelled" {
                scene.cancel().await;
            } else {
                let was = (NOW + Millis::minutes(30)).0.to_string();
                let to = [("was", was.as_str()), ("date", "2026-11-24"), ("time", "10:00"), ("minutes", "30")];
                led_to(&scene.scheduler.form(&format!("/appointments/{}/move", scene.visit), &to).await);
            }
            page.hears("gone").await;
            let answer = scene.patient.get(&scene.page()).await;
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert!(text.contains("555 0100"), "{change}, {status}: whom to call");
            assert!(!text.contains(REASON), "{change}");
            assert_ne!(scene.asks("admission").await, StatusCode::SEE_OTHER, "nobody is admitted to what is {change}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn of_many_who_admit_at_once_one_admits(app: TestApp) {
        let scene = app.scene(VisitState::Waiting).await;
        let stranger = app.staff(Role::Clinician).await;
        let tabs = join_all((0..8).map(|_| scene.asks("admission")));
        let strangers = join_all((0..8).map(|_| scene.asked_by(&stranger, "admission")));
        let (tabs, strangers) = futures_util::future::join(tabs, strangers).await;
        assert!(tabs.iter().all(|status| *status == StatusCode::SEE_OTHER), "each tab goes to the one call: {tabs:?}");
        assert!(strangers.iter().all(|status| *status == StatusCode::NOT_FOUND), "{strangers:?}");
        let admitted = app.events("visit.admitted").await;
        assert_eq!(admitted.iter().filter(|event| event["outcome"] == "success").count(), 1);
        assert_eq!(scene.standing(&app).await.call_epoch, 1, "one call");
        app.finish().await;
    }
}

/// Send a patient's form with that name. The status and the page.
async fn added(desk: &Browser, name: &str) -> (StatusCode, String) {
    let (key, email) = (key(), "maria@example.test");
    let answer = desk.form("/patients", &patient_form(name, email, &key)).await;
    let (status, location) = (answer.status(), answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()));
    match location {
        Some(to) => (status, desk.text(&to).await),
        None => (status, answer.text().await.unwrap()),
    }
}

on_both! {
    async fn a_name_of_any_length_is_kept_on_the_page_or_is_too_long_to_be_read(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let long = "Ana María ".repeat(3_000);
        let (status, page) = added(&desk, &long).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(long.as_str()), "all of what was typed");
        assert!(page.contains("role=\"alert\""), "and what to do");
        let (status, page) = added(&desk, &"x".repeat(64 * 1024)).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(page.contains("Please shorten the text and send it again."));
        assert_eq!(app.number("select count(*) from patient").await, 0);
        app.finish().await;
    }
}

on_both! {
    async fn names_of_any_script_are_shown_as_typed_and_hidden_characters_are_refused(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        for name in ["محمد علي", "דוד לוי", "👩🏽‍⚕️ Zoë 🎈", "Nguyễn Thị Minh Khai", "李小龍", "<b>Ana</b> & \"Co\""] {
            let (status, page) = added(&desk, name).await;
            assert_eq!(status, StatusCode::SEE_OTHER, "{name}");
            assert!(unescaped(&page).contains(name), "{name} is on the page as it was typed");
            let found = desk.form("/patients/search", &[("search", name)]).await;
            assert!(unescaped(&found.text().await.unwrap()).contains(&format!("<bdi>{name}</bdi>")), "{name} turns nothing around it");
        }
        let before = app.number("select count(*) from patient").await;
        for name in ["Ana\u{202e}airaM", "Ana\r\nBcc: x@y.test", "Ana\u{0}", "\u{2067}Ana", "Ana\u{2028}Maria"] {
            let (status, page) = added(&desk, name).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
            assert!(page.contains("hidden characters"), "{name:?}");
        }
        assert_eq!(app.number("select count(*) from patient").await, before);
        app.finish().await;
    }
}

on_both! {
    async fn nothing_in_an_address_becomes_a_header(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        for email in ["a@c.test\r\nBcc: d@e.test", "a@c.test%0ABcc: d@e.test", "a@c.test, d@e.test", "\"a\nb\"@c.test", "<a@c.test>", "a@c.test\u{0}"] {
            let key = key();
            let answer = desk.form("/patients", &patient_form("Maria", email, &key)).await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{email:?}");
        }
        let key = key();
        let form = with(patient_form("Bcc: everybody@e.test", "o'hara+x%y=z@c.test", &key), &[("record_number", "")]);
        let patient = led_to(&desk.form("/patients", &form).await).parse().unwrap();
        app.book(&desk, patient, &clinician, "2026-11-24", "10:00").await;
        assert_eq!(app.send_mails().await, 1);
        let letters = server.letters();
        assert_eq!(letters[0].header("To"), "o'hara+x%y=z@c.test");
        assert!(!letters[0].everything().contains("everybody@e.test"));
        app.finish().await;
    }
}

on_both! {
    async fn a_mail_server_that_is_down_for_an_hour_costs_no_letter_and_no_booking(
        app: TestApp, server: Catcher = Catcher::implicit().await
    ) {
        server.answers(Step::Greeting, Answer::Close);
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient("Maria Gonzalez").await;
        let mut visits = Vec::new();
        for minute in 0..60 {
            if minute % 20 == 0 {
                assert_eq!(desk.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
                visits.push(app.book(&desk, patient, &clinician, "2026-11-24", &format!("1{}:00", minute / 20)).await);
            }
            assert_eq!(app.send_mails().await, 0);
            app.clock.advance(Millis::minutes(1));
        }
        assert_eq!(desk.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
        let page = desk.text(&format!("/appointments/{}", visits[0])).await;
        assert!(page.contains("mail server cannot be reached"), "the desk sees why it has not left: {page}");
        assert_eq!(app.number("select count(*) from outbox where sent_at is null and values_sealed is not null").await, 3);
        server.answers_well();
        app.clock.advance(Millis::minutes(60));
        let mut sent = 0;
        for _ in 0..4 {
            sent += app.send_mails().await;
        }
        assert_eq!((sent, server.letters().len()), (3, 3), "each once");
        app.finish().await;
    }
}

#[test]
fn a_start_with_a_typo_names_the_line_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("clinic.toml");
    std::fs::write(
        &config,
        "base_url = \"https://visits.clinic.example\"\n[database]\nurl = \"postgres://anteroom:S3cretHorse@db/clinic\n",
    )
    .unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_anteroom")).args(["serve", "--config"]).arg(&config).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(!ended.status.success());
    assert!(said.contains("line 3") && said.contains("url") && !said.contains("S3cret"), "{said}");
}
