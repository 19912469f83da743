//! Every statement that the program gives to its database, as the driver itself reports it.

use super::TestApp;
use anteroom::db::Db;
use std::fmt;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Set for a test that has a process of its own.
const ALONE: &str = "ANTEROOM_TEST_ALONE";

/// The statements of this process since the last look. Neither `begin` nor `commit` is among them: the driver does not report those.
#[derive(Clone, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// Begin to listen. For a test in a process of its own: a driver does not say whose statement it is.
    pub fn listen() -> Self {
        let heard = Self::default();
        tracing_subscriber::registry().with(heard.clone()).init();
        heard
    }

    pub fn take(&self) -> Vec<String> {
        let mut heard = std::mem::take(&mut *self.0.lock().unwrap());
        // The rooms look at admissions every 5 s, whatever else happens.
        heard.retain(|statement| !statement.contains("admitted_at <= $1"));
        heard
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let mut statement = Statement::default();
        event.record(&mut statement);
        // A statement of a few words is its own summary.
        let text = if statement.whole.is_empty() { statement.summary } else { statement.whole };
        self.0.lock().unwrap().push(text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.whole = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl TestApp {
    /// True in a process where only this test runs. Elsewhere runs it in such a process first, and fails if it fails there.
    /// `module`: the test's `module_path!()`.
    pub fn has_a_process_of_its_own(&self, module: &str) -> bool {
        if std::env::var_os(ALONE).is_some() {
            return true;
        }
        let database = if matches!(self.app.db, Db::Sqlite { .. }) { "sqlite" } else { "postgres" };
        let test = format!("{}::{database}", module.split_once("::").unwrap().1);
        let ran = Command::new(std::env::current_exe().unwrap()).args([&test, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && said.contains("1 passed"), "{test}:\n{said}");
        false
    }
}
