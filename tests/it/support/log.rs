//! What tests ask of the database directly: the events of the log, and rows that lie there already.

use super::socket::PATIENCE;
use super::{NOW, TestApp};
use anteroom::audit::{self, Filter};
use anteroom::db::Db;
use anteroom::ids::{EventId, PatientId, RequestKey, StaffId, VisitId};
use anteroom::patients::{self, ContactChoices, Details, NewPatient};
use anteroom::secret::Secret;
use anteroom::time::Timestamp;
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Run one statement on whichever database a test has: `on_db!(app, pool => sqlx::query("..").execute(pool).await)`.
#[macro_export]
macro_rules! on_db {
    ($app:expr, $pool:ident => $body:expr) => {
        match &$app.app.db {
            anteroom::db::Db::Sqlite { write: $pool, .. } => $body,
            anteroom::db::Db::Postgres { write: $pool, .. } => $body,
        }
    };
}

/// A visit that lies in the database.
pub struct VisitRow {
    pub id: VisitId,
    pub patient: PatientId,
}

impl TestApp {
    /// The payloads of all events of that kind, oldest first.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let all = self.log().await;
        all.into_iter().filter(|event| event["kind"] == kind).collect()
    }

    /// The payloads of all events, oldest first.
    pub async fn log(&self) -> Vec<Value> {
        let mut tx = self.app.db.reading().await.unwrap();
        let events = audit::oldest_first(&mut tx, &Filter::default(), None, 100_000).await.unwrap();
        events.iter().map(|event| serde_json::from_str(&self.app.log.payload(event).unwrap()).unwrap()).collect()
    }

    /// The payloads of the events after `seen`, oldest first; `seen` is the last of them from then on.
    pub async fn log_after(&self, seen: &mut Option<(Timestamp, EventId)>) -> Vec<Value> {
        let mut tx = self.app.db.reading().await.unwrap();
        let events = audit::oldest_first(&mut tx, &Filter::default(), *seen, 100_000).await.unwrap();
        *seen = events.last().map(|last| (last.recorded_at, last.id)).or(*seen);
        events.iter().map(|event| serde_json::from_str(&self.app.log.payload(event).unwrap()).unwrap()).collect()
    }

    /// Let no event be written, or let them be written again.
    pub async fn log_is_full(&self, full: bool) {
        match (&self.app.db, full) {
            (Db::Sqlite { write, .. }, true) => {
                let full = "create trigger full_disk before insert on audit_event begin select raise(abort, 'the disk is full'); end";
                sqlx::query(full).execute(write).await.map(drop)
            }
            (Db::Sqlite { write, .. }, false) => sqlx::query("drop trigger full_disk").execute(write).await.map(drop),
            (Db::Postgres { write, .. }, true) => {
                sqlx::query("alter table audit_event add constraint full_disk check (false) not valid").execute(write).await.map(drop)
            }
            (Db::Postgres { write, .. }, false) => {
                sqlx::query("alter table audit_event drop constraint full_disk").execute(write).await.map(drop)
            }
        }
        .unwrap();
    }

    /// Let nothing about visits be read or written and no event either, or let all of it again.
    pub async fn database_refuses(&self, refuses: bool) {
        self.log_is_full(refuses).await;
        self.execute(if refuses { "alter table visit rename to visit_away" } else { "alter table visit_away rename to visit" }).await;
    }

    /// The payloads of the events of that kind, once there are so many.
    pub async fn events_come(&self, kind: &str, count: usize) -> Vec<Value> {
        let come = async {
            loop {
                let events = self.events(kind).await;
                if events.len() >= count {
                    return events;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, come).await.unwrap_or_else(|_| panic!("no {count} of {kind} in time"))
    }

    /// A visit of a new patient in a call, its clinician having recorded `identity` or not.
    pub async fn visit_in_call(&self, clinician: StaffId, identity: Option<&str>) -> VisitRow {
        let patient = self.patient("Maria Gonzalez").await;
        let id = VisitId::new(NOW, &self.app.rng);
        // No two overlap, whoever the clinician is.
        static COUNT: AtomicI64 = AtomicI64::new(0);
        let starts_at = NOW.0 + COUNT.fetch_add(1, Ordering::Relaxed) * 60 * 60_000;
        on_db!(self, pool => sqlx::query(
            "insert into visit (id, patient_id, clinician_id, starts_at, ends_at, state, version, created_at, created_by, request_key,
                 reason_version, check_failures, message_version, call_epoch, patient_epoch, clinician_epoch, identity)
             values ($1, $2, $3, $4, $5, 'in_call', 1, $4, $3, $6, 0, 0, 0, 1, 1, 1, $7)")
            .bind(id).bind(patient).bind(clinician).bind(starts_at).bind(starts_at + 30 * 60_000).bind(id.0.as_bytes().as_slice())
            .bind(identity).execute(pool).await.map(drop))
        .unwrap();
        VisitRow { id, patient }
    }

    /// A new patient with that name.
    pub async fn patient(&self, name: &str) -> PatientId {
        let details = Details {
            name: Secret::new(name.to_owned()),
            date_of_birth: "1980-02-01".parse().unwrap(),
            email: None,
            phone: None,
            record_number: None,
            zone: self.app.config.clinic.zone,
            language: "en".to_owned(),
            choices: ContactChoices::default(),
        };
        let new = NewPatient { request_key: RequestKey::new(&self.app.rng), details };
        patients::add(&self.app, &self.app.system(), new).await.unwrap()
    }
}
