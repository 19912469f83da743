//! "Move here": a second device takes a visit over, once somebody who may says yes (LNK-07).

use crate::on_both;
use crate::support::browser::Browser;
use crate::support::clinic::{BORN, Scene};
use crate::support::socket::Socket;
use crate::support::{NOW, TestApp};
use anteroom::appointments::VisitState::{self, Checking, InCall, Redeemed, Waiting};
use anteroom::db::Tx;
use anteroom::ids::VisitId;
use anteroom::staff::Role;
use anteroom::time::Millis;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const WRONG: &str = "03/15/1948";

/// A visit that one device has, a second device, and a newer link, sent by the front desk.
async fn two_devices(app: &TestApp, state: VisitState) -> (Scene, Browser, String) {
    let scene = app.scene(state).await;
    let sent = scene.scheduler.press(format!("/appointments/{}/links", scene.visit)).await;
    assert_eq!(sent.status(), StatusCode::SEE_OTHER);
    let link = scene.mailed_link(app).await;
    (scene, app.browser(), link)
}

async fn ask(device: &Browser, link: &str, check: &str) -> (StatusCode, Value) {
    let answer = device.json("/v/device-move", &json!({ "token": link, "check": check })).await;
    (answer.status(), answer.json().await.unwrap())
}

/// Asks with the right value, and may wait.
async fn asks(device: &Browser, link: &str) {
    assert_eq!(ask(device, link, BORN).await, (StatusCode::OK, json!({ "result": "asked", "to": "/v/device-move" })));
}

async fn pick_up(device: &Browser) -> Value {
    let answer = device.json("/v/device-move/pickup", &json!({})).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

fn is(result: &str) -> Value {
    json!({ "result": result })
}

fn open(visit: VisitId) -> Value {
    json!({ "result": "open", "to": format!("/visits/{visit}") })
}

/// What the page of the device that has the visit is asked: the id of the one that asks.
async fn is_asked(page: &mut Socket) -> String {
    page.until("state", |state| state["moving"].is_object()).await["moving"]["device"].as_str().unwrap().to_owned()
}

async fn hands_over(scene: &Scene, device: &str, answer: &str) -> StatusCode {
    scene.patient.form(&scene.path("handover"), &[("device", device), ("answer", answer)]).await.status()
}

/// The id in the page of whoever may answer.
fn asked_on(page: &str) -> String {
    let (_, after) = page.split_once("name=\"device\" value=\"").unwrap_or_else(|| panic!("nobody asks on {page}"));
    after.split('"').next().unwrap().to_owned()
}

on_both! {
    async fn the_old_device_says_yes_and_the_new_one_takes_its_place_in_the_queue(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        let mut phone = scene.patient.socket(&scene.path("socket")).await;
        phone.state("waiting").await;
        let since = scene.standing(&app).await.waiting_since;
        app.clock.advance(Millis::minutes(3));

        asks(&laptop, &link).await;
        let device = is_asked(&mut phone).await;
        assert_eq!(pick_up(&laptop).await, is("asking"));
        assert!(laptop.text("/v/device-move").await.contains("Confirm on your other device"));
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::OK);
        assert_eq!(scene.patient.get(&format!("/visits/{}", scene.visit)).await.status(), StatusCode::OK, "until it is picked up");
        assert_eq!(pick_up(&laptop).await, open(scene.visit));

        assert_eq!(phone.hears("gone").await["why"], "moved");
        assert_eq!(phone.closed().await, Some(1000));
        assert_eq!(scene.patient.get(&format!("/visits/{}", scene.visit)).await.status(), StatusCode::GONE);
        assert_eq!(laptop.get(&format!("/visits/{}", scene.visit)).await.status(), StatusCode::OK);
        let standing = scene.standing(&app).await;
        assert_eq!((standing.state, standing.waiting_since), (Waiting, since));
        let moved = app.events("device.moved").await;
        assert_eq!((moved.len(), &moved[0]["details"]["by"]), (1, &json!("old_device")));
        assert_eq!(app.events("device.move_asked").await.len(), 1);
        assert_eq!(app.events("device.move_allowed").await[0]["actor"]["kind"], "patient_link");
        scene.redeem(&laptop, &link).await;
        app.finish().await;
    }
}

on_both! {
    async fn the_old_device_can_refuse(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        let mut phone = scene.patient.socket(&scene.path("socket")).await;
        asks(&laptop, &link).await;
        let device = is_asked(&mut phone).await;
        assert_eq!(hands_over(&scene, &device, "no").await, StatusCode::OK);
        phone.until("state", |state| state["moving"].is_null()).await;
        assert_eq!(pick_up(&laptop).await, is("refused"));
        assert!(laptop.text("/v/device-move").await.contains("The visit stays where it is"));
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::CONFLICT, "the first answer counts");
        assert_eq!(pick_up(&laptop).await, is("refused"));
        assert_eq!(scene.patient_asks("arrival").await, StatusCode::OK);
        assert_eq!(app.events("device.move_refused").await.len(), 1);
        assert_eq!(app.events("device.moved").await.len(), 0);
        app.finish().await;
    }
}

on_both! {
    async fn of_64_pickups_of_one_allowed_move_one_wins(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        asks(&laptop, &link).await;
        let device = asked_on(&scene.clinician.text("/today").await);
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::OK);

        let mut gate = app.app.db.begin().await.unwrap();
        if let Tx::Postgres(transaction) = &mut gate {
            sqlx::query("update visit set version = version where id = $1").bind(scene.visit).execute(&mut **transaction).await.unwrap();
        }
        let pickups = join_all((0..64).map(|_| pick_up(&laptop)));
        let release = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            drop(gate);
        };
        let (answers, ()) = tokio::join!(pickups, release);
        let won = answers.iter().filter(|answer| **answer == open(scene.visit)).count();
        let late = answers.iter().filter(|answer| **answer == is("over")).count();
        assert_eq!((won, late), (1, 63), "{answers:?}");
        let moved = app.events("device.moved").await;
        assert_eq!(moved.iter().filter(|event| event["outcome"] == "success").count(), 1);
        assert!(moved.iter().any(|event| event["outcome"] == "refused"), "they overlapped");
        assert_eq!(app.number("select count(*) from visit_device where ended_at is null").await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_holder_of_a_used_link_cannot_end_the_patients_session(app: TestApp) {
        for state in [Redeemed, Waiting, Checking, InCall] {
            let (scene, thief, link) = two_devices(&app, state).await;
            let before = scene.standing(&app).await;
            for _ in 0..3 {
                asks(&thief, &link).await;
                assert_eq!(pick_up(&thief).await, is("asking"));
            }
            // Answers are for those who may give them: not by the one who asks, nor by somebody with nothing.
            let device = app.word(&format!("select {} from device_move", as_text(&app, "device_id"))).await;
            for path in [scene.path("handover"), scene.path("device-move"), format!("/appointments/{}/device-move", scene.visit)] {
                let status = thief.form(&path, &[("device", &device), ("answer", "yes")]).await.status();
                assert!(status != StatusCode::OK && status != StatusCode::CONFLICT, "{path}: {status}");
            }
            assert_eq!(pick_up(&thief).await, is("asking"));
            let page = scene.patient.get(&format!("/visits/{}", scene.visit)).await;
            assert_eq!(page.status(), StatusCode::OK, "{state}");
            let after = scene.standing(&app).await;
            assert_eq!((after.state, after.call_epoch, after.admitted_device), (before.state, before.call_epoch, before.admitted_device));
            app.execute("delete from device_move").await;
            if [Checking, InCall].contains(&state) {
                assert_eq!(scene.asks("end").await, StatusCode::SEE_OTHER);
            } else {
                scene.cancel().await;
            }
        }
        app.finish().await;
    }
}

/// A uuid as both databases can say it, dashes left out.
fn as_text(app: &TestApp, column: &str) -> String {
    match app.app.db {
        anteroom::db::Db::Sqlite { .. } => format!("lower(hex({column}))"),
        anteroom::db::Db::Postgres { .. } => format!("{column}::text"),
    }
}

on_both! {
    async fn a_move_asked_with_a_wrong_value_is_the_same_no_and_counts_as_a_try(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        let no = (StatusCode::UNPROCESSABLE_ENTITY, r#"{"result":"no"}"#.to_owned());
        let seen = async |path: &str, token: &str, check: &str| {
            let answer = laptop.json(path, &json!({ "token": token, "check": check })).await;
            (answer.status(), answer.text().await.unwrap())
        };
        assert_eq!(seen("/v/redemption", &link, WRONG).await, no);
        assert_eq!(seen("/v/device-move", &"A".repeat(67), BORN).await, no);
        for _ in 0..4 {
            assert_eq!(seen("/v/device-move", &link, WRONG).await, no);
        }
        assert_eq!(seen("/v/device-move", &link, BORN).await, no, "locked by the fifth");
        assert_eq!(seen("/v/device-move", &link, "").await.0, StatusCode::BAD_REQUEST);
        assert_eq!(app.events("device.move_asked").await.len(), 0);
        assert_eq!(pick_up(&laptop).await, is("over"));
        scene.patient_asks("arrival").await;
        app.finish().await;
    }
}

on_both! {
    async fn a_call_that_moves_is_admitted_and_asked_for_identity_again(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, InCall).await;
        let mut phone = scene.patient.socket(&scene.path("socket")).await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        phone.state("in_call").await;
        phone.join(None).await;
        let before = scene.standing(&app).await;
        asks(&laptop, &link).await;
        let device = is_asked(&mut phone).await;
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::OK);
        assert_eq!(pick_up(&laptop).await, open(scene.visit));
        assert_eq!(phone.hears("gone").await["why"], "moved");
        assert_eq!(phone.closed().await, Some(1000));
        let back = clinician.state("waiting").await;
        assert_eq!((back["identity"].clone(), back["epoch"].as_i64()), (Value::Null, Some(before.call_epoch + 1)));
        let standing = scene.standing(&app).await;
        assert_eq!((standing.admitted_at, standing.admitted_device, standing.identity), (None, None, None));

        let mut moved = laptop.socket(&scene.path("socket")).await;
        moved.state("waiting").await;
        scene.admit().await;
        assert_eq!(moved.state("checking").await["identity"], Value::Null);
        scene.identify("confirmed").await;
        moved.state("in_call").await;
        app.finish().await;
    }
}

on_both! {
    async fn a_request_lapses_after_ten_minutes_and_so_does_a_yes(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        let ten = Millis::minutes(10);
        asks(&laptop, &link).await;
        app.clock.set(NOW + ten - Millis(1));
        let device = asked_on(&scene.clinician.text("/today").await);
        app.clock.set(NOW + ten);
        assert!(!scene.clinician.text("/today").await.contains(&device));
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::CONFLICT);
        assert_eq!(pick_up(&laptop).await, is("over"));

        asks(&laptop, &link).await;
        let device = asked_on(&scene.clinician.text("/today").await);
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::OK);
        app.clock.advance(ten);
        assert_eq!(pick_up(&laptop).await, is("over"));
        assert_eq!(app.events("device.moved").await.len(), 0);
        app.finish().await;
    }
}

on_both! {
    async fn a_newer_request_replaces_the_older_and_an_answer_is_to_one_of_them(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        let tablet = app.browser();
        asks(&laptop, &link).await;
        let first = asked_on(&scene.clinician.text("/today").await);
        asks(&tablet, &link).await;
        assert_eq!(hands_over(&scene, &first, "yes").await, StatusCode::CONFLICT, "the yes was for the laptop");
        assert_eq!((pick_up(&laptop).await, pick_up(&tablet).await), (is("over"), is("asking")));
        app.finish().await;
    }
}

on_both! {
    async fn the_clinician_of_the_visit_decides_on_today(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        let mut today = scene.clinician.socket("/today/socket").await;
        asks(&laptop, &link).await;
        let day = today.until("today", |day| day["visits"][0]["moving"].is_object()).await;
        let device = day["visits"][0]["moving"]["device"].as_str().unwrap().to_owned();
        let colleague = app.staff(Role::Clinician).await;
        let yes = [("device", device.as_str()), ("answer", "yes")];
        assert_eq!(colleague.form(&scene.path("device-move"), &yes).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(scene.clinician.form(&scene.path("device-move"), &yes).await.status(), StatusCode::SEE_OTHER);
        today.until("today", |day| day["visits"][0]["moving"].is_null()).await;
        assert_eq!(pick_up(&laptop).await, open(scene.visit));
        today.until("today", |day| day["visits"][0]["moved"] == true).await;
        assert_eq!(app.events("device.moved").await[0]["details"]["by"], "clinician");

        asks(&scene.patient, &link).await;
        let device = asked_on(&scene.clinician.text("/today").await);
        let no = [("device", device.as_str()), ("answer", "no")];
        assert_eq!(scene.clinician.form(&scene.path("device-move"), &no).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(pick_up(&scene.patient).await, is("refused"));
        app.finish().await;
    }
}

on_both! {
    async fn the_front_desk_decides_on_the_appointments_page(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Redeemed).await;
        let page = format!("/appointments/{}", scene.visit);
        asks(&laptop, &link).await;
        let device = asked_on(&scene.scheduler.text(&page).await);
        let answer = async |device: &str, word: &str| {
            scene.scheduler.form(&format!("{page}/device-move"), &[("device", device), ("answer", word)]).await
        };
        let refused = answer(&device, "no").await;
        assert_eq!(refused.headers()["location"], format!("{page}?notice=device-move-refused").as_str());
        assert_eq!(pick_up(&laptop).await, is("refused"));
        asks(&laptop, &link).await;
        let device = asked_on(&scene.scheduler.text(&page).await);
        assert_eq!(answer(&device, "maybe").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer(&device, "yes").await.status(), StatusCode::SEE_OTHER);
        assert_eq!(pick_up(&laptop).await, open(scene.visit));
        assert_eq!(scene.standing(&app).await.state, Redeemed, "nobody waited");
        assert_eq!(app.events("device.moved").await[0]["details"]["by"], "scheduler");
        app.finish().await;
    }
}

on_both! {
    async fn who_was_sent_out_cannot_pick_up_what_was_allowed_before(app: TestApp) {
        let (scene, thief, link) = two_devices(&app, Waiting).await;
        asks(&thief, &link).await;
        let device = asked_on(&scene.clinician.text("/today").await);
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::OK);
        assert_eq!(scene.asks("removal").await, StatusCode::SEE_OTHER);
        assert_eq!(pick_up(&thief).await, is("over"));
        let sent = scene.scheduler.press(format!("/appointments/{}/links", scene.visit)).await;
        assert_eq!(sent.status(), StatusCode::SEE_OTHER);
        scene.redeem(&scene.patient, &scene.mailed_link(&app).await).await;
        assert_eq!(pick_up(&thief).await, is("over"));
        app.finish().await;
    }
}

on_both! {
    async fn nobody_can_wear_a_patient_down_with_questions(app: TestApp) {
        let (_scene, laptop, link) = two_devices(&app, Waiting).await;
        for _ in 0..6 {
            asks(&laptop, &link).await;
        }
        let (status, answer) = ask(&laptop, &link, BORN).await;
        assert_eq!((status, &answer["reason"]), (StatusCode::OK, &json!("asked_too_often")));
        app.clock.advance(Millis::hours(1));
        asks(&laptop, &link).await;
        app.finish().await;
    }
}

on_both! {
    async fn at_join_a_visit_moves_without_script(app: TestApp) {
        let guest = app.guest().await;
        let link = app.invitation().await;
        let (phone, laptop) = (app.browser(), app.browser());
        let fields = [("code", link.code.as_str()), ("check", "03/14/1948")];
        assert_eq!(phone.form("/join", &fields).await.status(), StatusCode::SEE_OTHER);
        let page = laptop.form("/join", &fields).await.text().await.unwrap();
        assert!(page.contains("formaction=\"/v/device-move\"") && page.contains("Move here"), "{page}");
        assert_eq!(laptop.form("/v/device-move", &[fields[0], ("check", WRONG)]).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let asked = laptop.form("/v/device-move", &fields).await;
        assert_eq!((asked.status(), asked.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/v/device-move"));
        let again = laptop.form("/v/device-move/pickup", &[]).await;
        assert_eq!(again.headers()["location"], "/v/device-move");

        let desk = app.staff(Role::Scheduler).await;
        let appointment = format!("/appointments/{}", guest.visit);
        let device = asked_on(&desk.text(&appointment).await);
        desk.form(&format!("{appointment}/device-move"), &[("device", &device), ("answer", "yes")]).await;
        assert!(laptop.text("/v/device-move").await.contains("Go to the visit"));
        let opened = laptop.form("/v/device-move/pickup", &[]).await;
        assert_eq!(opened.headers()["location"], format!("/visits/{}", guest.visit).as_str());
        assert_eq!(laptop.get(&format!("/visits/{}", guest.visit)).await.status(), StatusCode::OK);
        assert!(laptop.text("/v/device-move").await.contains("Nobody is waiting"), "the secret is gone");
        app.finish().await;
    }
}

on_both! {
    async fn reading_the_waiting_page_changes_nothing_and_no_foreign_page_may_ask(app: TestApp) {
        let (scene, laptop, link) = two_devices(&app, Waiting).await;
        asks(&laptop, &link).await;
        let device = asked_on(&scene.clinician.text("/today").await);
        assert_eq!(hands_over(&scene, &device, "yes").await, StatusCode::OK);
        let events = app.log().await.len();
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            for path in ["/v/device-move", "/v/device-move/pickup"] {
                laptop.send(laptop.request(method.clone(), path)).await;
            }
        }
        assert_eq!(app.log().await.len(), events);
        for path in ["/v/device-move", "/v/device-move/pickup"] {
            let foreign = laptop.request(Method::POST, path).header("origin", "https://evil.example").json(&json!({}));
            assert_eq!(laptop.send(foreign).await.status(), StatusCode::FORBIDDEN, "{path}");
        }
        assert!(!String::from_utf8_lossy(&app.dump().await).contains(&laptop.session()), "the secret is stored as its hash");
        assert_eq!(pick_up(&laptop).await, open(scene.visit));
        app.finish().await;
    }
}
