//! The SQL of patients. What is sealed comes and goes sealed.

use crate::crypto::blind_index::BlindIndex;
use crate::crypto::{Sealed, length_prefixed, sha256};
use crate::db::{MANY, Tx, in_tx, many};
use crate::ids::{PatientId, RequestKey, StaffId, VisitId};
use crate::time::{Timestamp, Zone};

/// A patient as they lie in the database.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Row {
    pub id: PatientId,
    pub version: i64,
    #[sqlx(try_from = "String")]
    pub zone: Zone,
    pub language: String,
    pub name: Sealed,
    pub date_of_birth: Sealed,
    pub email: Option<Sealed>,
    pub phone: Option<Sealed>,
    pub record_number: Option<Sealed>,
    pub mail_allowed: i64,
    pub reminders_allowed: i64,
    pub contact_choices_at: Timestamp,
    pub times_by_mail_agreed_at: Option<Timestamp>,
}

/// The columns that a change writes, all sealed for the same version.
#[derive(Debug, Clone)]
pub struct Columns {
    pub version: i64,
    pub zone: Zone,
    pub language: String,
    pub name: Sealed,
    pub date_of_birth: Sealed,
    pub email: Option<Sealed>,
    pub phone: Option<Sealed>,
    pub record_number: Option<Sealed>,
    pub name_index: BlindIndex,
    pub email_index: Option<BlindIndex>,
    pub record_number_index: Option<BlindIndex>,
    pub date_of_birth_check: Vec<u8>,
    pub family_marks: Vec<u8>,
    pub mail_allowed: i64,
    pub reminders_allowed: i64,
    pub times_agreed: i64,
}

impl Columns {
    /// One hash over all that is sealed, for the event: an older row put back shows against it (CRY-04).
    pub fn hash(&self) -> [u8; 32] {
        let (email, phone, record_number) = (self.email.as_ref(), self.phone.as_ref(), self.record_number.as_ref());
        sealed_hash([Some(&self.name), Some(&self.date_of_birth), email, phone, record_number])
    }
}

/// The hash of [`Columns::hash`]: name, date of birth, address, phone, record number.
pub fn sealed_hash(columns: [Option<&Sealed>; 5]) -> [u8; 32] {
    sha256(&length_prefixed(&columns.map(|sealed| sealed.map(|sealed| sealed.0.as_slice()).unwrap_or_default())))
}

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    pub by: Option<StaffId>,
    pub now: Timestamp,
}

pub async fn insert(tx: &mut Tx, id: PatientId, key: &RequestKey, columns: &Columns, stamp: Stamp) -> sqlx::Result<()> {
    let agreed = columns.times_agreed == 1;
    in_tx!(tx, conn => sqlx::query(
        "insert into patient (id, version, created_at, zone, language, name, date_of_birth, email, phone, record_number,
             name_index, email_index, record_number_index, date_of_birth_check, mail_allowed, reminders_allowed,
             contact_choices_at, times_by_mail_agreed_at, times_by_mail_agreed_with, request_key, family_marks)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $3, $17, $18, $19, $20)")
        .bind(id).bind(columns.version).bind(stamp.now).bind(columns.zone.name()).bind(&columns.language)
        .bind(&columns.name).bind(&columns.date_of_birth).bind(&columns.email).bind(&columns.phone).bind(&columns.record_number)
        .bind(&columns.name_index).bind(&columns.email_index).bind(&columns.record_number_index)
        .bind(&columns.date_of_birth_check).bind(columns.mail_allowed).bind(columns.reminders_allowed)
        .bind(agreed.then_some(stamp.now)).bind(stamp.by.filter(|_| agreed)).bind(key)
        .bind(&columns.family_marks)
        .execute(conn).await.map(drop))
}

/// Write a change over the version before it. False when somebody else was first.
///
/// The dates of the choices move only when the choices do.
pub async fn update(tx: &mut Tx, id: PatientId, columns: &Columns, stamp: Stamp) -> sqlx::Result<bool> {
    let changed: Option<PatientId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update patient set version = $2, zone = $4, language = $5, name = $6, date_of_birth = $7, email = $8, phone = $9,
             record_number = $10, name_index = $11, email_index = $12, record_number_index = $13, date_of_birth_check = $14, family_marks = $19,
             contact_choices_at = case when mail_allowed = $15 and reminders_allowed = $16 then contact_choices_at else $3 end,
             mail_allowed = $15, reminders_allowed = $16,
             times_by_mail_agreed_with = case when $17 = 0 then null when times_by_mail_agreed_at is null then $18
                 else times_by_mail_agreed_with end,
             times_by_mail_agreed_at = case when $17 = 0 then null else coalesce(times_by_mail_agreed_at, $3) end
         where id = $1 and version = $2 - 1 returning id")
        .bind(id).bind(columns.version).bind(stamp.now).bind(columns.zone.name()).bind(&columns.language)
        .bind(&columns.name).bind(&columns.date_of_birth).bind(&columns.email).bind(&columns.phone).bind(&columns.record_number)
        .bind(&columns.name_index).bind(&columns.email_index).bind(&columns.record_number_index)
        .bind(&columns.date_of_birth_check).bind(columns.mail_allowed).bind(columns.reminders_allowed)
        .bind(columns.times_agreed).bind(stamp.by).bind(&columns.family_marks)
        .fetch_optional(conn).await)?;
    Ok(changed.is_some())
}

pub async fn patient(tx: &mut Tx, id: PatientId) -> sqlx::Result<Option<Row>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, version, zone, language, name, date_of_birth, email, phone, record_number, mail_allowed, reminders_allowed,
             contact_choices_at, times_by_mail_agreed_at from patient where id = $1")
        .bind(id).fetch_optional(conn).await)
}

/// A patient's sealed name with the wrapped key that opens it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct NameRow {
    pub id: PatientId,
    pub version: i64,
    pub name: Sealed,
    pub kid: i64,
    pub wrapped: Vec<u8>,
    pub check_value: Vec<u8>,
}

/// The names of up to [`MANY`] patients. The places of a shorter list are filled with an id that nobody has.
pub async fn names(tx: &mut Tx, ids: &[PatientId; MANY]) -> sqlx::Result<Vec<NameRow>> {
    in_tx!(tx, conn => {
        let query = sqlx::query_as(concat!(
            "select patient.id, patient.version, patient.name, patient_key.kid, patient_key.wrapped, patient_key.check_value
             from patient join patient_key on patient_key.patient_id = patient.id where patient.id in (", many!(), ")"));
        ids.iter().fold(query, |query, id| query.bind(*id)).fetch_all(conn).await
    })
}

/// Patients whose family names have no marks yet.
pub async fn without_family_marks(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<PatientId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from patient where family_marks is null order by id limit $1")
        .bind(limit).fetch_all(conn).await)
}

/// False when they were saved meanwhile, with marks of their own.
pub async fn set_family_marks(tx: &mut Tx, id: PatientId, marks: &[u8]) -> sqlx::Result<bool> {
    in_tx!(tx, conn => sqlx::query("update patient set family_marks = $2 where id = $1 and family_marks is null")
        .bind(id).bind(marks).execute(conn).await.map(|done| done.rows_affected() == 1))
}

/// The patient that a form with this key has added before.
pub async fn added_by(tx: &mut Tx, key: &RequestKey) -> sqlx::Result<Option<PatientId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from patient where request_key = $1").bind(key).fetch_optional(conn).await)
}

/// Whom a typed text names exactly: by name, address or record number. Oldest first.
pub async fn matches(
    tx: &mut Tx,
    name: &BlindIndex,
    email: &BlindIndex,
    record_number: &BlindIndex,
    limit: i64,
) -> sqlx::Result<Vec<PatientId>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select id from patient where name_index = $1 or email_index = $2 or record_number_index = $3 order by id limit $4")
        .bind(name).bind(email).bind(record_number).bind(limit).fetch_all(conn).await)
}

/// One visit of a patient, for the list on their page. `state` is the word of the visit's state.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct VisitLine {
    pub id: VisitId,
    pub starts_at: Timestamp,
    pub state: String,
}

/// A patient's visits, latest first.
pub async fn visits(tx: &mut Tx, patient: PatientId, limit: i64) -> sqlx::Result<Vec<VisitLine>> {
    in_tx!(tx, conn => sqlx::query_as("select id, starts_at, state from visit where patient_id = $1 order by starts_at desc limit $2")
        .bind(patient).bind(limit).fetch_all(conn).await)
}
