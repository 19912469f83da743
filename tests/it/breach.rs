//! A stolen session, and what the log says of it afterwards (PRV-09).

use crate::on_both;
use crate::support::log::VisitRow;
use crate::support::{Browser, TestApp};
use anteroom::audit::{Event, Kind};
use anteroom::ids::PatientId;
use anteroom::staff::Role;
use anteroom::time::{Millis, Timestamp};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;

/// What a line of the report must say of a patient: kinds of data, what was done, events, first and last.
type Line = (String, String, u64, String, String);

/// Kinds of data and what was done with them, one for each event; how many events; the first and the last.
type Known = (Vec<&'static str>, Vec<&'static str>, u64, Timestamp, Timestamp);

/// What truly happened, kept by the test as it happens.
#[derive(Default)]
struct Truth(BTreeMap<String, Known>);

impl Truth {
    fn add(&mut self, at: Timestamp, patient: PatientId, how: &'static str, data: &'static str) {
        let known = self.0.entry(patient.to_string()).or_insert((Vec::new(), Vec::new(), 0, at, at));
        known.0.push(data);
        known.1.push(how);
        (known.2, known.4) = (known.2 + 1, at);
    }

    fn lines(&self) -> BTreeMap<String, Line> {
        let words = |order: &[&str], said: &[&str]| order.iter().filter(|word| said.contains(word)).copied().collect::<Vec<_>>().join(" ");
        let line = |(data, how, events, first, last): &Known| {
            (
                words(&["appointment", "note", "log"], data),
                words(&["read", "changed", "exported"], how),
                *events,
                first.rfc3339(),
                last.rfc3339(),
            )
        };
        self.0.iter().map(|(patient, known)| (patient.clone(), line(known))).collect()
    }
}

/// The lines of a report, by patient.
fn read(csv: &str) -> BTreeMap<String, Line> {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("patient,data,how,events,first_at,last_at"));
    let line = |line: &str| {
        let cells: Vec<String> = line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect();
        let [patient, data, how, events, first, last] = cells.try_into().unwrap();
        (patient, (data, how, events.parse().unwrap(), first, last))
    };
    lines.map(line).collect()
}

/// Whoever has the cookie and nothing else.
struct Thief<'a> {
    app: &'a TestApp,
    cookie: String,
    http: Client,
}

impl Thief<'_> {
    async fn note(&self, method: Method, visit: &VisitRow, body: Option<Value>) -> StatusCode {
        let request = self.http.request(method, format!("{}/visits/{}/note", self.app.base_url, visit.id));
        let request = request.header("cookie", format!("staff={}", self.cookie)).header("origin", &self.app.base_url);
        let request = request.header("x-csrf", self.app.app.keys.form_token(&self.cookie));
        body.iter().fold(request, |request, body| request.json(body)).send().await.unwrap().status()
    }
}

fn now(app: &TestApp) -> Timestamp {
    app.clock.advance(Millis::seconds(1));
    app.app.now()
}

/// As a person types it: the officer and the clinic are in New York.
fn typed(at: Timestamp) -> String {
    at.local(anteroom::time::Zone("America/New_York".parse().unwrap())).format("%Y-%m-%dT%H:%M:%S").to_string()
}

async fn visits(app: &TestApp, clinician: &Browser, count: usize, written: usize) -> Vec<VisitRow> {
    let mut visits = Vec::new();
    for number in 0..count {
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        if number < written {
            let saved = clinician.put(&format!("/visits/{}/note", visit.id), &json!({ "text": "Cough", "version": 0 })).await;
            assert_eq!(saved.status(), StatusCode::OK);
        }
        visits.push(visit);
    }
    visits
}

on_both! {
    async fn a_stolen_session_reads_thirty_records_and_the_report_is_what_happened(app: TestApp) {
        let (clinician, colleague) = (app.staff(Role::Clinician).await, app.staff(Role::Clinician).await);
        let (desk, officer) = (app.staff(Role::Scheduler).await, app.staff(Role::Compliance).await);
        let at_home = app.browser().of(clinician.id, &clinician.email);
        assert_eq!(at_home.sign_in(crate::support::PASSWORD).await.status(), StatusCode::SEE_OTHER);
        // Of forty visits, the last three of those that will be stolen have no note yet.
        let own = visits(&app, &clinician, 40, 32).await;
        let others = visits(&app, &colleague, 3, 3).await;
        let unknown = app.visit_in_call(clinician.id, None).await;
        let open = async |browser: &Browser, visit: &VisitRow| {
            assert_eq!(browser.get(&format!("/visits/{}/note", visit.id)).await.status(), StatusCode::OK);
        };
        // An honest morning, in the session that will be stolen.
        for visit in &own[3..8] {
            now(&app);
            open(&clinician, visit).await;
        }
        let thief = Thief { app: &app, cookie: clinician.session(), http: Client::new() };
        let from = now(&app);
        let (mut stolen, mut whole) = (Truth::default(), Truth::default());
        for (number, visit) in own[5..35].iter().enumerate() {
            let at = now(&app);
            assert_eq!(thief.note(Method::GET, visit, None).await, StatusCode::OK);
            let data = if number < 27 { "note" } else { "appointment" };
            stolen.add(at, visit.patient, "read", data);
            whole.add(at, visit.patient, "read", data);
            if number % 10 == 0 {
                let at = now(&app);
                let body = json!({ "text": "Nothing", "version": 1 });
                assert_eq!(thief.note(Method::PUT, visit, Some(body)).await, StatusCode::OK);
                stolen.add(at, visit.patient, "changed", "note");
                whole.add(at, visit.patient, "changed", "note");
            }
            // Others work on, and the clinician too, elsewhere.
            now(&app);
            open(&colleague, &others[number % 3]).await;
            assert_eq!(desk.get(&format!("/patients/{}", visit.patient)).await.status(), StatusCode::OK);
        }
        now(&app);
        assert_eq!(thief.note(Method::GET, &unknown, None).await, StatusCode::LOCKED, "turned away");
        assert_eq!(thief.note(Method::GET, &others[0], None).await, StatusCode::NOT_FOUND, "another's");
        let at = now(&app);
        open(&at_home, &own[0]).await;
        whole.add(at, own[0].patient, "read", "note");
        let until = now(&app);
        open(&clinician, &own[1]).await;

        let session = app.events("staff.signed_in").await.into_iter().find(|event| event["actor"]["id"] == clinician.id.to_string()).unwrap();
        let session = session["session"].as_str().unwrap().to_owned();
        let period = format!("from={}&until={}", typed(from), typed(until));
        let asked = format!("/breach/export?format=csv&person={}&{period}", clinician.id);
        assert_eq!(read(&officer.text(&format!("{asked}&session={session}")).await), stolen.lines());
        assert_eq!(stolen.lines().len(), 30);
        assert_eq!(read(&officer.text(&asked).await), whole.lines());

        // The command is the same, by the account's address.
        let command = |more: &[&str]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_anteroom"));
            program.args(["breach-report", "--config"]).arg(app.folder.path().join("clinic.toml")).args(["--actor", &clinician.email]);
            let output = program.args(["--from", &typed(from), "--to", &typed(until)]).args(more).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(read(&command(&["--session", &session])), stolen.lines());
        let paper = command(&["--format", "html"]);
        assert!(paper.contains("The data of 31 people") && paper.contains("<h2 id=\"factors\">") && !paper.contains("Maria"), "{paper}");

        // The page says the same, and what to write where the log knows nothing.
        let page = officer.text(&format!("/breach?person={}&{period}&session={session}", clinician.id)).await;
        for patient in stolen.lines().keys() {
            assert!(page.contains(patient.as_str()), "{patient}");
        }
        assert!(page.contains("The data of 30 people") && page.contains("How to ask questions") && page.contains("Who was it in truth"), "{page}");
        assert!(page.contains("of which 2 were turned away"), "{page}");
        assert!(!page.contains(&own[0].patient.to_string()) && !page.contains(&others[0].patient.to_string()) && !page.contains("Maria"));
        let events = app.events("breach.reported").await;
        let patients: Vec<i64> = events.iter().map(|event| event["details"]["patients"].as_i64().unwrap()).collect();
        assert_eq!(patients, [30, 31, 30, 30, 31], "each question is recorded; the command's are later by the machine's clock");
        app.finish().await;
    }
}

on_both! {
    /// What an officer's account took away is everything that its search found, up to then.
    async fn a_stolen_export_of_the_log_names_everybody_in_it(app: TestApp) {
        let (clinician, officer) = (app.staff(Role::Clinician).await, app.staff(Role::Compliance).await);
        let seen = visits(&app, &clinician, 3, 3).await;
        let page = Event::done(Kind::VisitsListed).about_all(seen.iter().map(|visit| visit.patient));
        app.app.log.record(&app.app.system(), page).await.unwrap();
        let from = now(&app);
        let export = async |search: String| {
            let at = now(&app);
            officer.text(&format!("/access-log/export?format=jsonl&{search}")).await;
            at
        };
        let (mut truth, one) = (Truth::default(), export(format!("patient={}", seen[0].patient)).await);
        truth.add(one, seen[0].patient, "exported", "log");
        // The event of the search itself names whom it was about, and so does the file that it made.
        truth.add(one, seen[0].patient, "exported", "log");
        let all = export(format!("kind=note.saved&person={}", clinician.id)).await;
        for visit in &seen {
            truth.add(all, visit.patient, "exported", "log");
        }
        now(&app);
        let later = visits(&app, &clinician, 1, 1).await;
        officer.text("/access-log").await;
        let until = now(&app);
        let asked = format!("person={}&from={}&until={}", officer.id, typed(from), typed(until));
        let report = officer.text(&format!("/breach/export?format=csv&{asked}")).await;
        assert_eq!(read(&report), truth.lines());
        assert!(!report.contains(&later[0].patient.to_string()), "it was not there yet");
        let page = officer.text(&format!("/breach?{asked}")).await;
        assert!(page.contains("looked at pages of the access log 1 times"), "{page}");
        app.finish().await;
    }
}

on_both! {
    async fn altered_events_are_told_and_not_passed_over(app: TestApp) {
        let (clinician, officer) = (app.staff(Role::Clinician).await, app.staff(Role::Compliance).await);
        let seen = visits(&app, &clinician, 1, 1).await;
        let asked = format!("person={}&from=2026-11-01&until=2026-12-01", clinician.id);
        let unguarded = match &app.app.db {
            anteroom::db::Db::Sqlite { .. } => "drop trigger audit_event_never_changes",
            anteroom::db::Db::Postgres { .. } => "alter table audit_event disable trigger user",
        };
        app.execute(unguarded).await;
        app.execute("update audit_event set payload = payload_hash where kind = 'note.saved'").await;
        let page = officer.text(&format!("/breach?{asked}")).await;
        assert!(page.contains("1 events of this account could not be read"), "{page}");
        assert!(!page.contains(&seen[0].patient.to_string()));
    }
}
