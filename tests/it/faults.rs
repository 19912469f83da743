//! The way to PostgreSQL and to the mail server goes wrong (TST-07, REL-05, EML-07): every request is answered in bounded time, nothing is
//! half written, a retry tells the truth, and the program recovers by itself.

use crate::support::browser::Browser;
use crate::support::desk::{booking, key};
use crate::support::proxy::{Fault, Proxy};
use crate::support::smtp::{Answer, Catcher, Step};
use crate::support::{TestApp, migrated_database};
use anteroom::audit::Kind;
use anteroom::ids::PatientId;
use anteroom::staff::Role;
use anteroom::time::Millis;
use futures_util::future::{join, join_all};
use reqwest::{Response, StatusCode};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// No request takes longer, whatever the database does: a wait for a connection and one for a statement, and some air.
const BOUND: Duration = Duration::from_secs(13);
/// How long after a way healed the program works again: until PostgreSQL gives up a transaction that nobody goes on with.
const RECOVERS_WITHIN: Duration = Duration::from_secs(20);

/// A clinic whose PostgreSQL is reached by a way that can go wrong.
struct Scene {
    app: TestApp,
    way: Proxy,
    desk: Browser,
    clinician: Browser,
    patient: PatientId,
}

impl Scene {
    async fn new() -> Self {
        let database = migrated_database().await;
        let way = Proxy::to(database.port()).await;
        let app = TestApp::postgres_by_way_of(database, way.port).await;
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient("Maria Gonzalez").await;
        Self { app, way, desk, clinician, patient }
    }

    /// Ask for a booking. An answer must come in bounded time: it is booked, or come again.
    async fn books(&self, time: &str, key: &str) -> StatusCode {
        let (patient, clinician) = (self.patient.to_string(), self.clinician.id.to_string());
        let form = booking(&patient, &clinician, "2026-11-24", time, key);
        in_time(self.desk.form("/appointments", &form)).await
    }

    async fn visits(&self) -> i64 {
        self.app.number("select count(*) from visit").await
    }
}

/// The status of an answer that comes in bounded time: whatever was asked, or that it cannot be had now and when to ask again.
async fn in_time(asked: impl Future<Output = Response>) -> StatusCode {
    let answer = timeout(BOUND, asked).await.expect("an answer in bounded time");
    let status = answer.status();
    match status {
        StatusCode::OK | StatusCode::SEE_OTHER => {}
        StatusCode::SERVICE_UNAVAILABLE => assert!(answer.headers().contains_key("retry-after"), "it says when to come again"),
        other => panic!("{other}: {}", answer.text().await.unwrap()),
    }
    status
}

/// Every event of a booking has its visit and every visit has its event, its link and its letter.
pub async fn nothing_is_half_written(app: &TestApp) {
    let visits = app.number("select count(*) from visit").await;
    for counted in ["audit_event where kind = 'visit.booked' and outcome = 'success'", "visit_link", "outbox"] {
        assert_eq!(app.number(&format!("select count(*) from {counted}")).await, visits, "{counted}");
    }
}

#[actix_web::test]
async fn a_retry_tells_the_truth_whichever_commit_of_a_booking_or_its_answer_was_lost() {
    let scene = Scene::new().await;
    let mut done_without_a_word = 0;
    for (number, fault) in (0..3).flat_map(|commit| [Fault::LoseCommit(commit), Fault::LoseAnswerOfCommit(commit)]).enumerate() {
        let (time, key, before) = (format!("{}:00", 8 + number), key(), scene.visits().await);
        scene.way.goes_wrong(fault);
        let first = scene.books(&time, &key).await;
        scene.way.heals();
        let between = scene.visits().await;
        match first {
            StatusCode::SEE_OTHER => assert_eq!(between, before + 1),
            _ => done_without_a_word += between - before,
        }
        assert_eq!(scene.books(&time, &key).await, StatusCode::SEE_OTHER, "{fault:?}");
        assert_eq!(scene.visits().await, before + 1, "{fault:?}");
        nothing_is_half_written(&scene.app).await;
    }
    assert_eq!(done_without_a_word, 1, "one of the lost answers was that to the booking itself");
    scene.app.finish().await;
}

/// Ask for many things at once while the way goes wrong. How many were answered with "come again".
async fn many_ask(scene: &Scene, keys: &[String]) -> usize {
    let pages = ["/appointments", "/patients", "/help"].map(|page| in_time(scene.desk.get(page)));
    let bookings = keys.iter().enumerate().map(|(hour, key)| async move { scene.books(&format!("{}:00", 9 + hour), key).await });
    let (pages, bookings) = join(join_all(pages), join_all(bookings)).await;
    pages.iter().chain(&bookings).filter(|status| **status == StatusCode::SERVICE_UNAVAILABLE).count()
}

/// The way goes wrong while everybody is in the middle of something, and heals.
async fn survives(faults: &[Fault], fails: bool) {
    let scene = Scene::new().await;
    let keys: Vec<String> = (0..6).map(|_| key()).collect();
    let mut refused = 0;
    for fault in faults {
        scene.way.goes_wrong(Fault::Delay(Duration::from_millis(20)));
        let in_the_middle = async {
            sleep(Duration::from_millis(150)).await;
            scene.way.goes_wrong(*fault);
        };
        refused += join(many_ask(&scene, &keys), in_the_middle).await.0;
    }
    assert_eq!(refused > 0, fails, "{refused} were refused");
    many_ask(&scene, &keys).await;
    scene.way.heals();
    let healed = Instant::now();
    for (hour, key) in keys.iter().enumerate() {
        while scene.books(&format!("{}:00", 9 + hour), key).await != StatusCode::SEE_OTHER {
            assert!(healed.elapsed() < RECOVERS_WITHIN, "it does not recover");
            sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(scene.visits().await, 6, "one for each form");
    nothing_is_half_written(&scene.app).await;
    timeout(BOUND, scene.app.finish()).await.expect("it stops");
}

#[actix_web::test]
async fn a_slow_way_to_the_database_is_waited_for() {
    survives(&[Fault::Delay(Duration::from_millis(30)), Fault::Bandwidth(200_000)], false).await;
}

#[actix_web::test]
async fn a_way_that_resets_or_cuts_answers_short_is_come_again_and_recovers() {
    survives(&[Fault::Reset, Fault::Truncate(3), Fault::Truncate(70)], true).await;
}

#[actix_web::test]
async fn a_way_that_swallows_everything_holds_nobody_for_long_and_recovers() {
    survives(&[Fault::Swallow], true).await;
}

#[actix_web::test]
async fn a_letter_whose_way_is_cut_behind_it_goes_once_more_on_a_narrow_one_and_the_outbox_says_so() {
    let server = Catcher::implicit().await;
    let way = Proxy::to(server.port()).await;
    let settings = server.settings().replace(&format!("port = {}\n", server.port()), &format!("port = {}\n", way.port));
    let app = TestApp::sqlite_with(&settings).await;
    app.guest().await;
    server.answers(Step::End, Answer::Silence);
    let cut = async {
        server.reached(Step::End, 1).await;
        way.resets_all();
    };
    assert_eq!(join(app.send_mails(), cut).await.0, 0, "nobody said that it was taken");
    assert_eq!(app.number("select count(*) from outbox where attempts = 1 and sent_at is null and values_sealed is not null").await, 1);
    server.answers_well();
    way.goes_wrong(Fault::Bandwidth(40_000));
    app.clock.advance(Millis::minutes(10));
    assert_eq!((app.send_mails().await, app.send_mails().await), (1, 0));
    let letters = server.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].message_id(), letters[1].message_id());
    assert_eq!(app.outcomes(Kind::LinkSent).await, ["failed", "success"]);
    app.finish().await;
}
