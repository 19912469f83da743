//! A full disk (TST-06, REL-05): whoever asks hears "come again", nothing is half written, what was typed is still there, and all works again
//! once there is space.
//!
//! It is real on SQLite: the file may not grow, by SQLite's own limit and by the kernel's. PostgreSQL is on a disk of its own that a test
//! cannot fill; what reaches us of it is the error 53100 of a statement or of a commit, and both are raised in the database itself.

use crate::faults::nothing_is_half_written;
use crate::on_both;
use crate::support::desk::{booking, key, with};
use crate::support::form::Form;
use crate::support::served::{Clinic, Server, serving};
use crate::support::{Browser, PASSWORD, TestApp};
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::{Response, StatusCode};
use std::fs::OpenOptions;
use std::process::Command;

/// The bytes that a file may have on the disk that is full.
const FULL_FROM: usize = 4_096;

const REASON: &str = "a \"quoted\" reason <with> & signs";

/// Not now, and when to come again.
pub fn come_again(answer: &Response) -> bool {
    answer.status() == StatusCode::SERVICE_UNAVAILABLE && answer.headers().contains_key("retry-after")
}

/// A desk that books, half an hour each, one after the other.
struct Desk {
    browser: Browser,
    patient: String,
    clinician: String,
    booked: std::cell::Cell<usize>,
}

impl Desk {
    async fn of(app: &TestApp) -> Self {
        let (browser, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient("Maria Gonzalez").await.to_string();
        Self { browser, patient, clinician: clinician.id.to_string(), booked: std::cell::Cell::default() }
    }

    /// The form of the next visit that is not booked yet.
    fn next(&self) -> (String, String) {
        let half_hours = self.booked.get();
        (format!("2026-11-{}", 24 + half_hours / 20), format!("{:02}:{:02}", 8 + half_hours % 20 / 2, half_hours % 2 * 30))
    }

    async fn books(&self, key: &str) -> Response {
        let (date, time) = self.next();
        let form = with(booking(&self.patient, &self.clinician, &date, &time, key), &[("reason", REASON)]);
        let answer = self.browser.form("/appointments", &form).await;
        if answer.status() == StatusCode::SEE_OTHER {
            self.booked.set(self.booked.get() + 1);
        }
        answer
    }

    /// Book until there is no space. The key of the form that found none, and its answer.
    async fn books_until_it_is_full(&self) -> (String, Response) {
        for _ in 0..60 {
            let key = key();
            let answer = self.books(&key).await;
            if answer.status() != StatusCode::SEE_OTHER {
                assert!(come_again(&answer), "{}", answer.status());
                return (key, answer);
            }
        }
        panic!("there is space without end");
    }
}

#[actix_web::test]
async fn sqlite_on_a_full_disk_loses_nothing_and_writes_again_when_there_is_space() {
    let app = TestApp::sqlite().await;
    let desk = Desk::of(&app).await;
    for round in 0..3 {
        // The least that SQLite lets itself be limited to is what it has.
        app.execute("pragma max_page_count = 1").await;
        let (key, _) = desk.books_until_it_is_full().await;
        nothing_is_half_written(&app).await;
        let before = app.number("select count(*) from visit").await;
        assert_eq!(desk.books(&key).await.status(), StatusCode::SEE_OTHER, "round {round}: there is space again");
        assert_eq!(app.number("select count(*) from visit").await, before + 1);
        nothing_is_half_written(&app).await;
    }
    app.finish().await;
}

impl TestApp {
    /// PostgreSQL's disk is full, or it is not: each event fails with what it says then, at once or when it is to be committed.
    async fn postgres_is_full(&self, full: Option<&str>) {
        let raise = "create or replace function no_space() returns trigger language plpgsql as \
                     $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$";
        let Some(when) = full else { return self.execute("drop trigger no_space on audit_event").await };
        self.execute(raise).await;
        self.execute(&format!("create {when} for each row execute function no_space()")).await;
    }
}

#[actix_web::test]
async fn a_full_disk_of_postgres_loses_nothing_whether_a_statement_or_the_commit_finds_it() {
    let app = TestApp::postgres().await;
    let desk = Desk::of(&app).await;
    for when in [
        "trigger no_space before insert on audit_event",
        "constraint trigger no_space after insert on audit_event deferrable initially deferred",
    ] {
        app.postgres_is_full(Some(when)).await;
        let key = key();
        for _ in 0..20 {
            assert!(come_again(&desk.books(&key).await), "{when}");
        }
        app.postgres_is_full(None).await;
        nothing_is_half_written(&app).await;
        assert_eq!(desk.books(&key).await.status(), StatusCode::SEE_OTHER, "{when}");
    }
    app.finish().await;
}

/// A server of its own whose files may grow as far as the kernel lets them.
struct Limited {
    server: Server,
    pid: String,
}

impl Limited {
    async fn serve(clinic: &Clinic) -> Self {
        let pid_file = clinic.config.with_file_name("pid");
        let mut command = Command::new("sh");
        // A file that may not grow is told by a signal first, and by an error to those who ignore it.
        command.args(["-c", "trap '' XFSZ; echo $$ >\"$0\"; exec \"$@\""]).arg(&pid_file);
        let served = serving(&clinic.config);
        command.arg(served.get_program()).args(served.get_args()).envs(served.get_envs().filter_map(|(name, value)| Some((name, value?))));
        // What the server says goes to the same disk, into a file that cannot grow either.
        let said = clinic.config.with_file_name("said.log");
        std::fs::write(&said, "-".repeat(FULL_FROM)).unwrap();
        command.stderr(OpenOptions::new().append(true).open(&said).unwrap());
        let server = clinic.serve_by(&mut command).await;
        Self { server, pid: std::fs::read_to_string(&pid_file).unwrap().trim().to_owned() }
    }

    /// No file may be written behind [`FULL_FROM`], or all may be again.
    fn is_full(&self, full: bool) {
        let limit = if full { &format!("{FULL_FROM}:unlimited") } else { "unlimited:unlimited" };
        let set = Command::new("prlimit").args(["--pid", &self.pid, &format!("--fsize={limit}")]).status().unwrap();
        assert!(set.success());
    }
}

#[actix_web::test]
async fn a_server_whose_files_cannot_grow_answers_and_works_again_without_a_restart() {
    let clinic = Clinic::new(None).await;
    let (desk, email) = clinic.account(Role::Scheduler).await;
    let (clinician, _) = clinic.account(Role::Clinician).await;
    let patient = clinic.patient().await.to_string();
    let limited = Limited::serve(&clinic).await;
    let desk = Browser::at(&clinic.base_url, &clinic.app).of(desk, &email);
    assert_eq!(desk.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
    let (key, clinician) = (key(), clinician.to_string());
    let day = clinic.app.config.clinic.zone.today(clinic.app.now() + Millis::days(2)).to_string();
    let form = booking(&patient, &clinician, &day, "10:00", &key);
    limited.is_full(true);
    for _ in 0..10 {
        assert!(come_again(&desk.form("/appointments", &form).await));
        assert_eq!(desk.get("/help").await.status(), StatusCode::OK, "what needs no event is still served");
    }
    limited.is_full(false);
    let answer = desk.form("/appointments", &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
    limited.server.stop();
}

on_both! {
    async fn what_was_typed_is_on_the_page_that_says_not_now_and_can_be_sent_again(app: TestApp) {
        let desk = Desk::of(&app).await;
        app.log_is_full(true).await;
        let answer = desk.books(&key()).await;
        assert!(come_again(&answer));
        let page = answer.text().await.unwrap();
        app.log_is_full(false).await;
        let again = Form::only(&page);
        assert_eq!((again.action.as_str(), again.value("reason"), again.value("patient")), ("/appointments", REASON, desk.patient.as_str()));
        assert_eq!(app.number("select count(*) from visit").await, 0);
        for _ in 0..2 {
            assert_eq!(desk.browser.form(&again.action, &again.fields_without("csrf")).await.status(), StatusCode::SEE_OTHER);
        }
        assert_eq!(app.number("select count(*) from visit").await, 1, "sent twice it is still one visit");

        let guest = app.browser();
        app.log_is_full(true).await;
        let page = guest.form("/join", &[("code", "01234-56789"), ("check", "03/14/1948")]).await.text().await.unwrap();
        let again = Form::only(&page);
        assert_eq!((again.action.as_str(), again.value("code"), again.value("check")), ("/join", "01234-56789", "03/14/1948"));
        let (id, email) = (desk.browser.id, desk.browser.email.clone());
        let answer = app.browser().of(id, &email).sign_in(PASSWORD).await;
        assert!(come_again(&answer));
        let page = answer.text().await.unwrap();
        assert!(!page.contains(PASSWORD) && !page.contains("<form"), "a password is typed again: {page}");
        app.log_is_full(false).await;
        app.finish().await;
    }
}
