//! What tests of the front desk stand on: patients and visits to work with, the log by kind, and the database by hand.

use super::TestApp;
use super::browser::Browser;
use crate::on_db;
use anteroom::audit::{Filter, Kind};
use anteroom::crypto::Rng;
use anteroom::ids::{PatientId, RequestKey, VisitId};
use anteroom::patients::{self, NewPatient, PatientForm};
use sqlx::AssertSqlSafe;

/// A fresh form key.
pub fn key() -> String {
    RequestKey::new(&Rng::system()).to_string()
}

/// A patient's form with everything filled in, as the browser sends it.
pub fn patient_form<'a>(name: &'a str, email: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("request_key", key),
        ("name", name),
        ("date_of_birth", "03/14/1948"),
        ("email", email),
        ("email_again", email),
        ("phone", "+1 555 0142"),
        ("record_number", ""),
        ("zone", "America/New_York"),
        ("language", "en"),
        ("mail_allowed", "yes"),
        ("reminders_allowed", "yes"),
        ("times_agreed", "yes"),
    ]
}

/// The same form with some fields typed otherwise.
pub fn with<'a>(mut form: Vec<(&'a str, &'a str)>, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    form.retain(|(field, _)| changes.iter().all(|(changed, _)| changed != field));
    form.extend_from_slice(changes);
    form
}

/// The id at the end of the address that an accepted form leads to.
pub fn led_to(answer: &reqwest::Response) -> String {
    assert_eq!(answer.status(), reqwest::StatusCode::SEE_OTHER, "an accepted form leads on");
    let location = answer.headers()["location"].to_str().unwrap();
    location.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

impl TestApp {
    /// A patient who wants mail, reminders and times, added without a browser.
    pub async fn mailed_patient(&self, name: &str) -> PatientId {
        let form = PatientForm {
            name: name.to_owned(),
            date_of_birth: "1948-03-14".into(),
            email: "maria@example.test".into(),
            email_again: "maria@example.test".into(),
            zone: "America/New_York".into(),
            language: "en".into(),
            mail_allowed: Some("yes".into()),
            reminders_allowed: Some("yes".into()),
            times_agreed: Some("yes".into()),
            ..PatientForm::default()
        };
        let details = form.parse(self.app.config.clinic.zone.today(self.app.now())).unwrap();
        let new = NewPatient { request_key: RequestKey::new(&self.app.rng), details };
        patients::add(&self.app, &self.app.system(), new).await.unwrap()
    }

    /// Book by the form. The visit's id.
    pub async fn book(&self, desk: &Browser, patient: PatientId, clinician: &Browser, date: &str, time: &str) -> VisitId {
        let answer = desk.form("/appointments", &booking(&patient.to_string(), &clinician.id.to_string(), date, time, &key())).await;
        led_to(&answer).parse().unwrap()
    }

    /// How the events of a kind in the log ended, one word for each.
    pub async fn outcomes(&self, kind: Kind) -> Vec<String> {
        let filter = Filter { kind: Some(kind), ..Filter::default() };
        let mut tx = self.app.db.reading().await.unwrap();
        let events = anteroom::audit::oldest_first(&mut tx, &filter, None, 10_000).await.unwrap();
        events.into_iter().map(|event| event.outcome).collect()
    }

    /// How many events of a kind are about a patient.
    pub async fn events_about(&self, kind: Kind, patient: PatientId) -> usize {
        let filter = Filter { kind: Some(kind), patient: Some(patient), ..Filter::default() };
        let mut tx = self.app.db.reading().await.unwrap();
        anteroom::audit::oldest_first(&mut tx, &filter, None, 10_000).await.unwrap().len()
    }

    /// A statement by hand, as somebody with the database could run it.
    pub async fn execute(&self, statement: &str) {
        on_db!(self, pool => sqlx::query(AssertSqlSafe(statement)).execute(pool).await.map(drop)).unwrap();
    }

    /// What the database says to a statement that it refuses.
    pub async fn refused_by_database(&self, statement: &str) -> String {
        on_db!(self, pool => sqlx::query(AssertSqlSafe(statement)).execute(pool).await.map(drop)).expect_err(statement).to_string()
    }

    /// A number out of the database.
    pub async fn number(&self, question: &str) -> i64 {
        on_db!(self, pool => sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(pool).await).unwrap()
    }

    /// A word out of the database.
    pub async fn word(&self, question: &str) -> String {
        on_db!(self, pool => sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(pool).await).unwrap()
    }

    /// Bytes out of the database.
    pub async fn bytes(&self, question: &str) -> Vec<u8> {
        on_db!(self, pool => sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(pool).await).unwrap()
    }

    /// Flip the last bit of a column in the only row of a table. Flipping it again heals it.
    pub async fn flip(&self, table: &str, column: &str) {
        let mut bytes = self.bytes(&format!("select {column} from {table}")).await;
        *bytes.last_mut().unwrap() ^= 1;
        let write = format!("update {table} set {column} = $1");
        on_db!(self, pool => sqlx::query(AssertSqlSafe(write)).bind(bytes).execute(pool).await.map(drop)).unwrap();
    }
}

/// The form that books half an hour.
pub fn booking<'a>(patient: &'a str, clinician: &'a str, date: &'a str, time: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("request_key", key), ("patient", patient), ("clinician", clinician), ("date", date), ("time", time), ("minutes", "30")]
}
