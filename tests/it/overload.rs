//! There is not enough of something (REL-09, AB-10): no room in a queue, no connection, a page that does not read. Whoever asks hears when to come
//! again, and memory stays where it was.
//!
//! | What has a limit | Past it | Where it is shown |
//! |---|---|---|
//! | space on the disk | 503, come again | `full_disk` |
//! | connections to the database, and five seconds' wait for one | 503, come again | `who_waits_too_long_for_the_database_is_asked_to_come_again` |
//! | an answer of PostgreSQL | 503, come again | `faults` |
//! | sockets of a visit's party, of a clinician's Today | 429, come again | `abuse::a_session_holds_eight_sockets_and_its_end_frees_them` |
//! | words that wait for a page | the page is let go | `a_page_that_does_not_read_is_let_go_and_the_other_one_goes_on` |
//! | frames and candidates of a page | the page is cut off | `a_page_says_three_hundred_things_...` |
//! | bytes of a frame, of a body, of a name | cut off, 413, 422 | `calls`, `bad_input` |
//! | ends of calls that wait for the log | the newest is dropped and counted | `audit::spool` |
//! | hints to a slow listener | it looks at everything again | in no test: `waiting_room::hub::watch` |
//! | lines of an export in memory | the reader is waited for | `compliance::an_export_is_streamed_...` |
//! | a request's head | the connection ends | `abuse::a_flood_keeps_no_patient_out` |

use crate::full_disk::come_again;
use crate::on_both;
use crate::support::served::{Clinic, Server};
use crate::support::socket::{NOT_ALLOWED, description};
use crate::support::{Browser, TestApp};
use anteroom::appointments::VisitState;
use anteroom::db::Db;
use anteroom::staff::Role;
use anteroom::web::live::DEAF_AFTER;
use futures_util::StreamExt;
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

/// A session description as long as one may be.
fn long_offer() -> serde_json::Value {
    let mut sdp = description();
    sdp.push_str(&format!("a=x-{}\r\n", "x".repeat(16_000 - sdp.len())));
    json!({ "type": "offer", "epoch": 1, "sdp": sdp })
}

on_both! {
    async fn a_page_that_does_not_read_is_let_go_and_the_other_one_goes_on(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let mut deaf = scene.patient.socket(&scene.path("socket")).await;
        deaf.join(None).await;
        deaf.state("in_call").await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        clinician.join(None).await;
        clinician.until("state", |state| state["peer"] == "in_call").await;
        assert_eq!(app.hub.open_sockets()[0], ("visit", 2));
        let offer = long_offer();
        let pour = async {
            // As fast as a page may: what the kernel keeps for a reader is full after some megabytes.
            while app.hub.open_sockets()[0].1 == 2 {
                for _ in 0..24 {
                    clinician.say(&offer).await;
                }
                deaf.say(&json!({ "type": "beat" })).await;
                let _heard = clinician.all_of("beat", Duration::from_secs(1)).await;
            }
        };
        timeout(DEAF_AFTER + Duration::from_secs(60), pour).await.expect("nobody waits for ever for one who does not read");
        if !clinician.heard.iter().any(|heard| heard.contains("\"peer\":\"lost\"")) {
            clinician.until("state", |state| state["peer"] == "lost").await;
        }
        assert_eq!(app.hub.open_sockets()[0], ("visit", 1));
        let mut back = scene.patient.socket(&scene.path("socket")).await;
        back.state("in_call").await;
        drop(deaf);
        app.finish().await;
    }
}

on_both! {
    async fn who_waits_too_long_for_the_database_is_asked_to_come_again(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let (readers, writers) = match &app.app.db {
            Db::Sqlite { read, write } => (read.options().get_max_connections(), write.options().get_max_connections()),
            Db::Postgres { read, write } => (read.options().get_max_connections(), write.options().get_max_connections()),
        };
        let mut held = Vec::new();
        for _ in 0..readers {
            held.push(app.app.db.reading().await.unwrap());
        }
        assert!(come_again(&desk.get("/appointments").await), "{readers} read");
        held.clear();
        assert_eq!(desk.get("/appointments").await.status(), StatusCode::OK);
        for _ in 0..writers {
            held.push(app.app.db.begin().await.unwrap());
        }
        assert!(come_again(&desk.get("/appointments").await), "{writers} write");
        held.clear();
        assert_eq!(desk.get("/appointments").await.status(), StatusCode::OK);
        app.finish().await;
    }
}

on_both! {
    async fn a_page_says_three_hundred_things_in_ten_seconds_and_sixty_four_candidates_for_one_description(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let mut page = scene.patient.socket(&scene.path("socket")).await;
        page.state("in_call").await;
        for _ in 0..=300 {
            page.say(&json!({ "type": "beat" })).await;
        }
        assert_eq!(page.closed().await, Some(NOT_ALLOWED), "more than a call needs");

        let candidate = json!({ "type": "candidate", "epoch": 1, "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "mid": "0", "line": 0 });
        let mut page = scene.patient.socket(&scene.path("socket")).await;
        for _ in 0..64 {
            page.say(&candidate).await;
        }
        page.say(&json!({ "type": "restart", "epoch": 1 })).await;
        for _ in 0..64 {
            page.say(&candidate).await;
        }
        page.say(&json!({ "type": "beat" })).await;
        page.hears("beat").await;
        page.say(&candidate).await;
        assert_eq!(page.closed().await, Some(NOT_ALLOWED), "the sixty-fifth behind one description");
        app.finish().await;
    }
}

/// What a server holds in memory after so much that it had to turn away.
async fn holds_after(server: &Server, clinic: &Clinic) -> f64 {
    let nobody = Browser::at(&clinic.base_url, &clinic.app);
    let (long, guess) = ("x".repeat(60_000), json!({ "token": "A".repeat(100), "check": "not a date" }));
    let ask = async |n: usize| {
        let answer = match n % 4 {
            0 => nobody.form("/join", &[("code", &long), ("check", "03/14/1948")]).await,
            1 => nobody.form("/sign-in", &[("email", "nobody@clinic.example"), ("password", "short")]).await,
            2 => nobody.json("/v/redemption", &guess).await,
            _ => nobody.get("/nothing/is/here").await,
        };
        assert!(answer.status().is_client_error() || come_again(&answer), "{}", answer.status());
        answer.bytes().await.unwrap();
    };
    futures_util::stream::iter(0..1_200).for_each_concurrent(64, ask).await;
    server.megabytes("VmRSS")
}

#[actix_web::test]
async fn memory_stays_where_it_was_however_much_is_turned_away() {
    let clinic = Clinic::new(None).await;
    let server = clinic.serve().await;
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(holds_after(&server, &clinic).await);
    }
    // The first rounds fill what is kept for good: pages of SQLite, buffers of the workers.
    assert!(held[4] <= held[1] * 1.1, "megabytes after each round: {held:?}");
    server.stop();
}
