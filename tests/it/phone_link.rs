//! "Continue on my phone": the device on which a patient waits hands its visit to another (LNK-07).

use crate::on_both;
use crate::support::browser::Browser;
use crate::support::clinic::{BORN, Scene};
use crate::support::{NOW, TestApp};
use anteroom::appointments::VisitState::{Checking, Redeemed, Waiting};
use anteroom::db::Tx;
use anteroom::time::Millis;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

const WRONG: &str = "03/15/1948";
const LAPSED: &str = "more than two minutes old";

/// Asked for by the device that has the visit.
async fn ask(scene: &Scene) -> (StatusCode, Value) {
    let answer = scene.patient.form(&scene.path("phone-link"), &[]).await;
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// The code behind `#` of a new link.
async fn code(scene: &Scene) -> String {
    let (status, link) = ask(scene).await;
    assert_eq!(status, StatusCode::OK);
    link["url"].as_str().unwrap().split_once("/join#").expect("the code is in the fragment").1.to_owned()
}

/// Typed or scanned on another device.
async fn open(phone: &Browser, code: &str, check: &str) -> (StatusCode, String) {
    let answer = phone.post("/join", &[("code", code), ("check", check)]).await;
    (answer.status(), answer.text().await.unwrap())
}

async fn is_lapsed(phone: &Browser, code: &str) {
    let (status, page) = open(phone, code, BORN).await;
    assert!(status == StatusCode::OK && page.contains(LAPSED), "{status}: {page}");
}

on_both! {
    async fn a_waiting_visit_goes_on_at_the_phone_and_keeps_its_place(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let mut laptop = scene.patient.socket(&scene.path("socket")).await;
        laptop.state("waiting").await;
        let since = scene.standing(&app).await.waiting_since;
        app.clock.advance(Millis::minutes(3));

        let (status, link) = ask(&scene).await;
        assert_eq!((status, &link["lapses_in_ms"]), (StatusCode::OK, &json!(120_000)));
        let picture = &link["picture"];
        assert!(picture["size"].as_i64() > Some(20) && picture["path"].as_str().unwrap().starts_with('M'), "{picture}");
        let code = link["url"].as_str().unwrap().split_once('#').unwrap().1;
        let phone = app.browser();
        let (status, page) = open(&phone, code, WRONG).await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && !page.contains("Dr."), "{page}");
        assert_eq!(open(&phone, code, BORN).await.0, StatusCode::SEE_OTHER);

        assert_eq!(laptop.hears("gone").await["why"], "moved");
        assert_eq!(laptop.closed().await, Some(1000));
        assert_eq!(scene.patient.get(&scene.page()).await.status(), StatusCode::GONE);
        assert_eq!(ask(&scene).await.0, StatusCode::NOT_FOUND, "the laptop has no visit any more");
        assert_eq!(phone.get(&scene.page()).await.status(), StatusCode::OK);
        let standing = scene.standing(&app).await;
        assert_eq!((standing.state, standing.waiting_since), (Waiting, since));
        is_lapsed(&app.browser(), code).await;

        let made = app.events("link.created").await.into_iter().filter(|event| event["details"]["kind"] == "phone").collect::<Vec<_>>();
        assert_eq!((made.len(), &made[0]["actor"]["kind"]), (1, &json!("patient_link")));
        let moved = app.events("device.moved").await;
        assert_eq!((moved.len(), &moved[0]["details"]["by"]), (1, &json!("phone_link")));
        assert!(scene.clinician.text("/today").await.contains("Now on another device"), "the clinician sees it");
        app.finish().await;
    }
}

on_both! {
    async fn of_64_phones_with_one_code_one_gets_the_visit(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let code = code(&scene).await;
        let mut gate = app.app.db.begin().await.unwrap();
        if let Tx::Postgres(transaction) = &mut gate {
            sqlx::query("update visit set version = version where id = $1").bind(scene.visit).execute(&mut **transaction).await.unwrap();
        }
        let phones: Vec<Browser> = (0..64).map(|_| app.browser()).collect();
        let tries = join_all(phones.iter().map(|phone| open(phone, &code, BORN)));
        let release = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            drop(gate);
        };
        let (answers, ()) = tokio::join!(tries, release);
        let won = answers.iter().filter(|(status, _)| *status == StatusCode::SEE_OTHER).count();
        let late = answers.iter().filter(|(status, page)| *status == StatusCode::OK && page.contains(LAPSED)).count();
        assert_eq!((won, late), (1, 63));
        assert_eq!(app.events("device.moved").await.len(), 1);
        assert_eq!(app.number("select count(*) from visit_device where ended_at is null").await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_link_for_a_phone_lives_two_minutes_and_the_newest_alone(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let first = code(&scene).await;
        let second = code(&scene).await;
        let phone = app.browser();
        is_lapsed(&phone, &first).await;
        app.clock.set(NOW + Millis::minutes(2));
        is_lapsed(&phone, &second).await;
        let third = code(&scene).await;
        app.clock.advance(Millis(119_999));
        assert_eq!(open(&phone, &third, BORN).await.0, StatusCode::SEE_OTHER);
        let voided: Vec<_> = app.events("link.voided").await.iter().map(|event| event["details"]["why"].clone()).collect();
        assert_eq!(voided.iter().filter(|why| **why == "replaced").count(), 2, "{voided:?}");
        app.finish().await;
    }
}

on_both! {
    async fn only_a_visit_that_waits_goes_on_at_a_phone(app: TestApp) {
        let scene = app.scene(Redeemed).await;
        assert_eq!(ask(&scene).await.0, StatusCode::CONFLICT, "it does not wait yet");
        scene.arrive().await;
        let code = code(&scene).await;
        scene.admit().await;
        assert_eq!(ask(&scene).await.0, StatusCode::CONFLICT, "it was let in");
        // Let in meanwhile: whoever has the device is asked, as over any other link.
        let phone = app.browser();
        let (status, page) = open(&phone, &code, BORN).await;
        assert!(status == StatusCode::OK && page.contains("Move here"), "{page}");
        assert_eq!(scene.standing(&app).await.state, Checking);
        assert_eq!(app.events("device.moved").await.len(), 0);
        assert_eq!(scene.asks("end").await, StatusCode::SEE_OTHER);
        app.finish().await;
    }
}

on_both! {
    async fn a_code_of_a_session_that_ended_opens_nothing(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let code = code(&scene).await;
        assert_eq!(scene.asks("removal").await, StatusCode::SEE_OTHER);
        is_lapsed(&app.browser(), &code).await;
        // Not even once the patient waits again, with a new link.
        let sent = scene.scheduler.press(format!("/appointments/{}/links", scene.visit)).await;
        assert_eq!(sent.status(), StatusCode::SEE_OTHER);
        scene.redeem(&scene.patient, &scene.mailed_link(&app).await).await;
        scene.arrive().await;
        is_lapsed(&app.browser(), &code).await;
        assert_eq!(app.events("device.moved").await.len(), 0);
        app.finish().await;
    }
}

on_both! {
    async fn wrong_values_at_a_phone_count_and_lock_and_links_are_not_made_without_end(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let code = code(&scene).await;
        let phone = app.browser();
        for _ in 0..5 {
            assert_eq!(open(&phone, &code, WRONG).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert_eq!(open(&phone, &code, BORN).await.0, StatusCode::UNPROCESSABLE_ENTITY, "locked by the fifth");
        assert_eq!(scene.patient.get(&scene.page()).await.status(), StatusCode::OK, "the laptop waits on");
        for _ in 1..20 {
            assert_eq!(ask(&scene).await.0, StatusCode::OK);
        }
        assert_eq!(ask(&scene).await.0, StatusCode::TOO_MANY_REQUESTS);
        app.clock.advance(Millis::hours(1));
        assert_eq!(ask(&scene).await.0, StatusCode::OK);
        app.finish().await;
    }
}
