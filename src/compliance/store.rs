//! The SQL of the access log's pages, beside what `audit` reads itself.

use crate::db::{Tx, in_tx};
use crate::ids::{PatientId, StaffId};

/// Somebody who works or worked here, as the log names them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Person {
    pub id: StaffId,
    pub name: String,
    pub email: String,
}

/// Everybody with an account, disabled ones too: their events stay.
pub async fn people(tx: &mut Tx) -> sqlx::Result<Vec<Person>> {
    in_tx!(tx, conn => sqlx::query_as("select id, name, email from staff order by name, email").fetch_all(conn).await)
}

/// The tag that this patient has in the log, if there is an event about them.
pub async fn tag(tx: &mut Tx, patient: PatientId) -> sqlx::Result<Option<Vec<u8>>> {
    in_tx!(tx, conn => sqlx::query_scalar("select tag from audit_subject where patient_id = $1").bind(patient).fetch_optional(conn).await)
}

/// The language that a patient reads.
pub async fn language(tx: &mut Tx, patient: PatientId) -> sqlx::Result<Option<String>> {
    in_tx!(tx, conn => sqlx::query_scalar("select language from patient where id = $1").bind(patient).fetch_optional(conn).await)
}
