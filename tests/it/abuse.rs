//! What somebody does on purpose (AB-01, AB-10, AB-15). The part that needs a real browser is in `tests/e2e/abuse.rs`.

use crate::on_both;
use crate::support::clinic::{BORN, REASON, Scene};
use crate::support::guest::BORN as GUEST_BORN;
use crate::support::socket::{NOT_ALLOWED, News, Socket};
use crate::support::{Browser, TestApp};
use anteroom::appointments::VisitState::{Booked, InCall, Redeemed, Waiting};
use futures_util::StreamExt;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What a real patient may notice of an attack: no more than this (AB-10).
const STILL_JOINS_WITHIN: Duration = Duration::from_secs(15);

/// The devices of a visit in the order in which they opened it.
async fn devices(app: &TestApp, scene: &Scene) -> Vec<Value> {
    let opened = app.events("link.redeemed").await;
    opened.iter().filter(|event| event["object"]["id"] == scene.visit.to_string()).map(|event| event["details"]["device"].clone()).collect()
}

async fn answer(scene: &Scene, device: &Browser, link: &str) -> Value {
    scene.try_redeem(device, link).await.json().await.unwrap()
}

on_both! {
    async fn whoever_a_link_was_forwarded_to_reaches_the_lobby_at_most_and_both_devices_are_in_the_log(app: TestApp) {
        let scene = app.scene(Booked).await;
        let link = scene.mailed_link(&app).await;
        let (other, patient) = (app.browser(), app.browser());
        let guess = other.json("/v/redemption", &json!({ "token": link, "check": "1961-03-10" })).await;
        assert_eq!(guess.text().await.unwrap(), r#"{"result":"no"}"#, "without the value there is nothing to see");

        // Who knows the birthday gets in, as far as the door that a person opens.
        assert_eq!(answer(&scene, &other, &link).await["result"], "open");
        let lobby = other.text(&scene.page()).await;
        assert!(!lobby.contains(&scene.name) && !lobby.contains(REASON) && !lobby.contains(BORN), "{lobby}");
        for path in ["note", "reason", "call"] {
            assert!(other.get(&scene.path(path)).await.status().as_u16() >= 300, "{path} is not for a patient's device");
        }
        // The patient hears where the visit is, and that somebody else has it is for people to find out.
        assert_eq!(answer(&scene, &patient, &link).await["reason"], "elsewhere");

        let consent = [("consent", "1")];
        assert_eq!(other.post(&scene.path("arrival"), &consent).await.status(), StatusCode::OK);
        let mut page = other.socket(&scene.path("socket")).await;
        page.state("waiting").await;
        scene.admit().await;
        page.state("checking").await;
        assert_eq!(scene.asks("incident").await, StatusCode::SEE_OTHER, "not this person");
        page.hears("gone").await;
        assert_eq!(other.get(&scene.page()).await.status(), StatusCode::GONE);
        assert_eq!(answer(&scene, &other, &link).await["reason"], "used", "the link that was forwarded is of no more use");

        assert_eq!(scene.asks("links").await, StatusCode::SEE_OTHER);
        let new = scene.mailed_link(&app).await;
        scene.redeem(&patient, &new).await;
        let trail = devices(&app, &scene).await;
        assert_eq!(trail.len(), 2);
        assert_ne!(trail[0], trail[1], "two devices, each in the log");
        let admitted = app.events("visit.admitted").await;
        assert_eq!(admitted[0]["details"]["device"], trail[0], "and which of them was let in");
        assert_eq!(app.events("incident.reported").await.len(), 1);
        app.finish().await;
    }
}

/// Open as many sockets of one page as the server lets. Those that stand, and how many were asked to come again.
async fn as_many_as_it_lets(browser: &Browser, path: &str, tries: usize) -> (Vec<Socket>, usize) {
    let opened = join_all((0..tries).map(|_| browser.socket_from(path, None))).await;
    let refused = opened.iter().filter(|socket| matches!(socket, Err(StatusCode::TOO_MANY_REQUESTS))).count();
    (opened.into_iter().flatten().collect(), refused)
}

on_both! {
    async fn a_session_holds_eight_sockets_and_its_end_frees_them(app: TestApp) {
        let scene = app.scene(Waiting).await;
        let (held, refused) = as_many_as_it_lets(&scene.patient, &scene.path("socket"), 40).await;
        assert_eq!((held.len(), refused), (8, 32));
        let mut page = scene.clinician.socket(&scene.path("socket")).await;
        page.state("waiting").await;
        let (days, refused) = as_many_as_it_lets(&scene.clinician, "/today/socket", 40).await;
        assert_eq!((days.len(), refused), (8, 32));
        assert_eq!(app.hub.open_sockets(), [("visit", 9), ("today", 8)]);
        assert_eq!(app.browser().socket_from(&scene.path("socket"), None).await.err(), Some(StatusCode::UNAUTHORIZED), "nobody holds none");
        for socket in held {
            socket.leave().await;
        }
        scene.patient.socket(&scene.path("socket")).await.state("waiting").await;
        app.finish().await;
    }
}

/// Connections that send the first line of a request and then nothing.
async fn slow_senders(app: &TestApp, count: usize) -> Vec<TcpStream> {
    let connect = async || {
        let mut stream = TcpStream::connect(app.listens_at).await.unwrap();
        stream.write_all(b"POST /join HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
        stream
    };
    join_all((0..count).map(|_| connect())).await
}

/// A patient's own page opens sockets and says a megabyte on each, as often as it can.
async fn shouts(scene: &Scene, times: usize) {
    let megabyte = format!("{{\"type\":\"beat\",\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    for _ in 0..times {
        if let Ok(mut socket) = scene.patient.socket_from(&scene.path("socket"), None).await {
            socket.say_text(&megabyte).await;
            assert!(matches!(socket.closed().await, None | Some(NOT_ALLOWED | 1009)));
        }
    }
}

on_both! {
    async fn a_flood_keeps_no_patient_out(app: TestApp) {
        let hostile = app.scene(Waiting).await;
        let honest = app.scene_beside(&hostile, "11:00", Booked).await;
        let link = honest.mailed_link(&app).await;
        let slow = slow_senders(&app, 300).await;
        let (held, _) = as_many_as_it_lets(&hostile.patient, &hostile.path("socket"), 60).await;

        let stranger = app.browser();
        let guess = async |_| stranger.json("/v/redemption", &json!({ "token": "A".repeat(67), "check": GUEST_BORN })).await.status();
        let guesses = futures_util::stream::iter(0..1_000).map(guess).buffer_unordered(250).collect::<Vec<_>>();
        let joins = async {
            // Once the flood is under way.
            while app.number("select coalesce(max(failures), 0) from throttle").await < 20 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let began = Instant::now();
            honest.redeem(&honest.patient, &link).await;
            honest.arrive().await;
            let mut page = honest.patient.socket(&honest.path("socket")).await;
            page.state("waiting").await;
            // One place floods and the patient shares it: answered late, by the two seconds that anybody there waits, and never refused.
            began.elapsed().saturating_sub(Duration::from_secs(2))
        };
        let (guesses, _, took) = tokio::join!(guesses, shouts(&hostile, 30), joins);
        assert!(guesses.iter().all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY), "each is answered, and with the same no");
        assert!(took < STILL_JOINS_WITHIN, "it took {took:?} to come in");
        assert_eq!(honest.standing(&app).await.state, Waiting);
        drop(held);

        // A head that does not come is not waited for.
        for mut stream in slow {
            let gone = async {
                let mut rest = Vec::new();
                tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await
            };
            assert!(timeout(anteroom::web::limit::REQUEST_HEAD_TIMEOUT * 2, gone).await.is_ok());
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_patient_who_refreshes_loses_the_network_or_takes_another_device_is_the_same_patient_in_one_call(app: TestApp) {
        let scene = app.scene(InCall).await;
        let device = scene.device(&app).await;
        // Refreshed: a new page of the same device, and the older one says so.
        let mut first = scene.patient.socket(&scene.path("socket")).await;
        let seen = first.state("in_call").await["version"].as_i64();
        first.join(None).await;
        first.until("state", |state| state["version"].as_i64() > seen).await;
        let mut second = scene.patient.socket(&scene.path("socket")).await;
        second.join(None).await;
        first.hears("superseded").await;
        assert_eq!(first.next().await, News::Closed(Some(1000)));
        let epoch = second.state("in_call").await["epoch"].as_i64().unwrap();

        // The network is lost and comes back: the connection stands, and so does the epoch.
        drop(second);
        let mut third = scene.patient.socket(&scene.path("socket")).await;
        let told = third.state("in_call").await["epoch"].as_i64().unwrap();
        third.join(Some(told)).await;
        assert!(third.state("in_call").await["epoch"].as_i64().unwrap() >= epoch);
        assert_eq!(scene.standing(&app).await.identity.as_deref(), Some("confirmed"));

        // Another device, with a new link: it is asked for, identified anew, and sees nothing before.
        assert_eq!(scene.asks("removal").await, StatusCode::SEE_OTHER);
        third.hears("gone").await;
        assert_eq!(scene.asks("links").await, StatusCode::SEE_OTHER);
        let link = scene.mailed_link(&app).await;
        let laptop = app.browser();
        scene.redeem(&laptop, &link).await;
        let standing = scene.standing(&app).await;
        assert_eq!((standing.state, standing.identity), (Redeemed, None));
        let trail = devices(&app, &scene).await;
        assert_eq!((trail.len(), trail[0] == device.as_str()), (2, true), "both devices are in the log");
        assert_eq!(scene.patient.socket_from(&scene.path("socket"), None).await.err().map(|status| status.as_u16() >= 300), Some(true));
        app.finish().await;
    }
}
