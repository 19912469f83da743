//! The server goes and comes back while a whole clinic waits (REL-08). Under calls: `call_restarts`.

use crate::support::backoff::backoff;
use crate::support::browser::Browser;
use crate::support::guest::BORN;
use crate::support::socket::Socket;
use crate::support::{NOW, TestApp};
use crate::{on_both, on_db};
use anteroom::appointments::Slot;
use anteroom::staff::Role;
use anteroom::text::Text;
use anteroom::time::Millis;
use anteroom::waiting_room::consent;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const CLINICIANS: usize = 20;
/// Visits of ten minutes whose links are all open now.
const PATIENTS_EACH: usize = 10;
/// All must be back this long after the server is.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// A patient's page that waits.
struct Waiting {
    browser: Browser,
    path: String,
    /// How many of the same clinician's patients came earlier.
    before: usize,
}

impl Waiting {
    /// What `static/lib/live.js` does when its socket closes: try again, the later the longer it lasts and never at once with all others.
    /// When it was told again that it waits, and how many before it.
    async fn comes_back(&self, mut lost: Socket, number: usize) -> (Instant, serde_json::Value) {
        lost.closed().await;
        let lost_at = Instant::now();
        for attempt in 0.. {
            let random = ((number * 61 + attempt * 97) % 200) as f64 / 200.0;
            sleep(backoff(lost_at.elapsed(), random)).await;
            if let Some(mut socket) = self.browser.socket_if_there(&self.path).await {
                return (Instant::now(), socket.state("waiting").await["before"].clone());
            }
        }
        unreachable!("it tries until it is back");
    }
}

async fn full_house(app: &TestApp) -> Vec<Waiting> {
    let desk = app.by(app.member(Role::Scheduler).await, Role::Scheduler);
    let mut all = Vec::new();
    for _ in 0..CLINICIANS {
        let clinician = app.member(Role::Clinician).await;
        for before in 0..PATIENTS_EACH {
            let starts_at = NOW + Millis::minutes(10 * before as i64 - 60);
            let slot = Slot { starts_at, ends_at: starts_at + Millis::minutes(10) };
            let visit = app.unmailed_visit(&desk, clinician, slot).await;
            let (browser, link) = (app.browser(), app.handed_link(&desk, visit).await.unwrap());
            browser.json("/v/redemption", &json!({ "token": link, "check": BORN })).await;
            let consent = consent::Version::now(Text::of("en")).number().to_string();
            browser.post(&format!("/visits/{visit}/arrival"), &[("consent", &consent)]).await;
            app.clock.advance(Millis(1));
            all.push(Waiting { browser, path: format!("/visits/{visit}/socket"), before });
        }
    }
    all
}

on_both! {
    with "[waiting_room]\nshow_position = true"
    async fn two_hundred_who_wait_keep_their_places_over_a_restart(app: TestApp) {
        let mut app = app;
        let all = full_house(&app).await;
        let mut sockets = Vec::new();
        for waiting in &all {
            let mut socket = waiting.browser.socket(&waiting.path).await;
            assert_eq!(socket.state("waiting").await["before"], waiting.before);
            sockets.push(socket);
        }
        let places = places(&app).await;

        let going = all.iter().zip(sockets).enumerate().map(|(number, (waiting, socket))| waiting.comes_back(socket, number));
        let restart = async {
            app.restart().await;
            Instant::now()
        };
        let (restarted, back) = tokio::join!(restart, join_all(going));
        for (waiting, (at, before)) in all.iter().zip(&back) {
            assert!(*at <= restarted + BACK_WITHIN, "{} came back after {:?}", waiting.path, *at - restarted);
            assert_eq!(*before, waiting.before, "{}", waiting.path);
        }
        assert_eq!(self::places(&app).await, places);
        app.finish().await;
    }
}

/// Who waits since when, as the database has it.
async fn places(app: &TestApp) -> Vec<(uuid::Uuid, i64, i64)> {
    let question = "select id, waiting_since, version from visit where state = 'waiting' order by id";
    let places: Vec<(uuid::Uuid, i64, i64)> = on_db!(app, pool => sqlx::query_as(question).fetch_all(pool).await).unwrap();
    assert_eq!(places.len(), CLINICIANS * PATIENTS_EACH);
    places
}
