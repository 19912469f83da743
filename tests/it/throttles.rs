//! Every limit on guessing holds at sixteen connections at once, not only one by one, and others' wrong tries from elsewhere do not hurt a right
//! one (SES-08, ID-04, LNK-07).

use crate::on_both;
use crate::support::guest::BORN;
use crate::support::{Browser, PASSWORD, TestApp};
use anteroom::staff::Role;
use anteroom::time::Millis;
use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use std::time::{Duration, Instant};

/// How many come at once.
const CONNECTIONS: usize = 16;
const WRONG: &str = "03/15/1948";
/// How late a source with many wrong values is answered.
const LATE: Duration = Duration::from_secs(2);

/// Somebody at a place of their own, by the word of our proxy.
struct Somebody {
    browser: Browser,
    place: String,
}

impl TestApp {
    fn somebody_at(&self, place: &str) -> Somebody {
        Somebody { browser: self.browser(), place: place.to_owned() }
    }

    /// As many as come at once, each at another place.
    fn crowd(&self) -> Vec<Somebody> {
        (0..CONNECTIONS).map(|n| self.somebody_at(&format!("203.0.113.{n}"))).collect()
    }
}

impl Somebody {
    fn post(&self, app: &TestApp, path: &str) -> RequestBuilder {
        self.browser.request(Method::POST, path).header("origin", &app.base_url).header("x-forwarded-for", &self.place)
    }

    async fn signs_in(&self, app: &TestApp, email: &str, password: &str) -> StatusCode {
        self.post(app, "/sign-in").form(&[("email", email), ("password", password)]).send().await.unwrap().status()
    }

    async fn redeems(&self, app: &TestApp, token: &str, check: &str) -> StatusCode {
        self.post(app, "/v/redemption").json(&json!({ "token": token, "check": check })).send().await.unwrap().status()
    }

    async fn joins(&self, app: &TestApp, code: &str, check: &str) -> StatusCode {
        self.post(app, "/join").form(&[("code", code), ("check", check)]).send().await.unwrap().status()
    }

    async fn asks_for_a_link(&self, app: &TestApp, token: &str) -> StatusCode {
        self.post(app, "/v/links").json(&json!({ "token": token })).send().await.unwrap().status()
    }
}

/// How many of the events of a kind tell that word of why.
async fn refused(app: &TestApp, kind: &str, why: &str) -> usize {
    app.events(kind).await.iter().filter(|event| event["details"]["why"] == why).count()
}

async fn done(app: &TestApp, kind: &str) -> usize {
    app.events(kind).await.iter().filter(|event| event["outcome"] == "success").count()
}

on_both! {
    with "[proxy]\ntrusted = [\"127.0.0.1/32\"]"
    async fn an_account_is_guessed_at_ten_times_from_however_many_places_at_once(app: TestApp) {
        let (_, email) = app.account(Role::Clinician).await;
        let (_, other) = app.account(Role::Clinician).await;
        let crowd = app.crowd();
        let guesses = join_all(crowd.iter().map(|one| one.signs_in(&app, &email, "a wrong but long enough password")));
        let elsewhere = app.somebody_at("198.51.100.1");
        let (guesses, right) = join(guesses, elsewhere.signs_in(&app, &other, PASSWORD)).await;
        let tried = guesses.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
        let sent_away = guesses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
        assert_eq!((tried, sent_away), (10, CONNECTIONS - 10));
        assert_eq!(right, StatusCode::SEE_OTHER, "another account");
        app.finish().await;
    }
}

on_both! {
    with "[proxy]\ntrusted = [\"127.0.0.1/32\"]"
    async fn a_place_fails_fifty_times_however_many_accounts_it_tries_at_once(app: TestApp) {
        let (_, email) = app.account(Role::Scheduler).await;
        let place = app.somebody_at("203.0.113.9");
        let accounts: Vec<String> = (0..4 * CONNECTIONS).map(|n| format!("guess{n}@clinic.example")).collect();
        let guesses = futures_util::stream::iter(&accounts).map(|account| place.signs_in(&app, account, "short")).buffer_unordered(CONNECTIONS);
        let elsewhere = app.somebody_at("198.51.100.1");
        let (guesses, right) = join(guesses.collect::<Vec<_>>(), elsewhere.signs_in(&app, &email, PASSWORD)).await;
        assert_eq!(guesses.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count(), 50);
        assert_eq!(right, StatusCode::SEE_OTHER, "from elsewhere, meanwhile");
        assert_eq!(place.signs_in(&app, &email, PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(elsewhere.signs_in(&app, &email, PASSWORD).await, StatusCode::SEE_OTHER, "and afterwards");
        app.finish().await;
    }
}

on_both! {
    with "[proxy]\ntrusted = [\"127.0.0.1/32\"]"
    async fn five_wrong_values_of_a_visit_count_by_link_and_by_code_from_however_many_places_at_once(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let (_, other) = app.guest_with_link().await;
        let crowd = app.crowd();
        let (by_link, by_code) = crowd.split_at(CONNECTIONS / 2);
        let by_link = join_all(by_link.iter().map(|one| one.redeems(&app, &link.token, WRONG)));
        let by_code = join_all(by_code.iter().map(|one| one.joins(&app, &link.code, WRONG)));
        let patient = app.somebody_at("198.51.100.1");
        let (_, right) = join(join(by_link, by_code), patient.redeems(&app, &other.token, BORN)).await;
        assert_eq!((refused(&app, "link.checked", "wrong").await, refused(&app, "link.checked", "locked").await), (5, CONNECTIONS - 5));
        assert_eq!(right, StatusCode::OK, "another visit");
        assert_eq!(patient.redeems(&app, &link.token, BORN).await, StatusCode::UNPROCESSABLE_ENTITY, "locked for 15 minutes");
        let new = app.new_link(&guest).await;
        assert_eq!(patient.redeems(&app, &new.token, BORN).await, StatusCode::OK, "or until the desk sends a new one");
        app.finish().await;
    }
}

on_both! {
    with "[proxy]\ntrusted = [\"127.0.0.1/32\"]"
    async fn join_codes_that_do_not_exist_are_answered_late_after_twenty_however_many_come_at_once(app: TestApp) {
        let (_, link) = app.guest_with_link().await;
        let place = app.somebody_at("203.0.113.9");
        let timed = async |code: String| {
            let began = Instant::now();
            assert_eq!(place.joins(&app, &code, BORN).await, StatusCode::UNPROCESSABLE_ENTITY);
            began.elapsed() >= LATE
        };
        let codes = (0..2 * CONNECTIONS).map(|n| format!("{n:010}"));
        let late = futures_util::stream::iter(codes).map(timed).buffer_unordered(CONNECTIONS).collect::<Vec<_>>().await;
        let late = late.into_iter().filter(|late| *late).count();
        assert!(late >= 2 * CONNECTIONS - 20, "{late} were answered late");
        let patient = app.somebody_at("198.51.100.1");
        let began = Instant::now();
        assert_eq!(patient.redeems(&app, &link.token, BORN).await, StatusCode::OK);
        assert!(began.elapsed() < LATE, "from elsewhere nobody waits");
        app.finish().await;
    }
}

on_both! {
    with "[proxy]\ntrusted = [\"127.0.0.1/32\"]"
    async fn a_new_link_is_sent_once_in_five_minutes_and_three_times_a_day_however_many_ask_at_once(app: TestApp) {
        let (_, link) = app.guest_with_link().await;
        let crowd = app.crowd();
        for round in 1..=4 {
            let asked = join_all(crowd.iter().map(|one| one.asks_for_a_link(&app, &link.token))).await;
            assert!(asked.iter().all(|status| *status == StatusCode::OK), "one answer for all: {asked:?}");
            let sent = round.min(3);
            assert_eq!(done(&app, "link.requested").await, sent);
            assert_eq!(refused(&app, "link.requested", "too_often").await, round * CONNECTIONS - sent);
            app.clock.advance(Millis::minutes(5));
        }
        assert_eq!(app.send_mails().await, 3, "what was sent is three letters");
        let (_, other) = app.guest_with_link().await;
        assert_eq!(app.somebody_at("198.51.100.1").asks_for_a_link(&app, &other.token).await, StatusCode::OK);
        assert_eq!(done(&app, "link.requested").await, 4, "of another visit");
        app.finish().await;
    }
}
