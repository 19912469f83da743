//! Where wrapped keys rest. They are of no use without the root key.

use super::{Keyring, PatientKey, WrappedKey, WrongKey};
use crate::db::{Tx, in_tx};
use crate::ids::{DeploymentId, PatientId};
use crate::time::Timestamp;

/// Why a patient's key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the patient has no key: there is no such patient, or their data was erased")]
    Missing,
    #[error(transparent)]
    Wrong(#[from] WrongKey),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The deployment that owns this database, once it has one.
pub async fn deployment(tx: &mut Tx) -> sqlx::Result<Option<DeploymentId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from deployment").fetch_optional(conn).await)
}

pub async fn insert_deployment(tx: &mut Tx, id: DeploymentId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("insert into deployment (one, id, created_at) values (1, $1, $2)")
        .bind(id).bind(now).execute(conn).await.map(drop))
}

pub async fn wrapped_keys(tx: &mut Tx) -> sqlx::Result<Vec<WrappedKey>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select purpose, kid, wrapped, check_value from wrapped_key order by created_at desc, kid desc").fetch_all(conn).await)
}

/// The ids of the link keys, the newest first.
pub async fn link_kids(tx: &mut Tx) -> sqlx::Result<Vec<i64>> {
    in_tx!(tx, conn => sqlx::query_scalar(
        "select kid from wrapped_key where purpose = 'link' order by created_at desc, kid desc").fetch_all(conn).await)
}

/// When the newest link key was made.
pub async fn newest_link_key(tx: &mut Tx) -> sqlx::Result<Timestamp> {
    in_tx!(tx, conn => sqlx::query_scalar("select max(created_at) from wrapped_key where purpose = 'link'").fetch_one(conn).await)
}

pub async fn insert_wrapped_key(tx: &mut Tx, key: &WrappedKey, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into wrapped_key (purpose, kid, wrapped, check_value, created_at) values ($1, $2, $3, $4, $5)")
        .bind(&key.purpose).bind(key.kid).bind(&key.wrapped).bind(&key.check_value).bind(now).execute(conn).await.map(drop))
}

/// One patient's key.
pub async fn patient_key(tx: &mut Tx, keys: &Keyring, patient: PatientId) -> Result<PatientKey, KeyError> {
    let row: Option<(i64, Vec<u8>, Vec<u8>)> = in_tx!(tx, conn => sqlx::query_as(
        "select kid, wrapped, check_value from patient_key where patient_id = $1")
        .bind(patient).fetch_optional(conn).await)?;
    let (kid, wrapped, check_value) = row.ok_or(KeyError::Missing)?;
    Ok(keys.patient_key(patient, kid, wrapped, check_value)?)
}

pub async fn insert_patient_key(tx: &mut Tx, patient: PatientId, key: &WrappedKey, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into patient_key (patient_id, kid, wrapped, check_value, created_at) values ($1, $2, $3, $4, $5)")
        .bind(patient).bind(key.kid).bind(&key.wrapped).bind(&key.check_value).bind(now).execute(conn).await.map(drop))
}
