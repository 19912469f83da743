//! The SQL of everything sealed that an event wrote, in batches.

use super::model::{Held, What};
use crate::crypto::{Sealed, sha256};
use crate::db::{Tx, in_tx};
use crate::patients;
use uuid::Uuid;

/// What a batch goes on after: the id of a row, and the number of an entry.
pub type After = (Uuid, i64);

fn held(what: What, row: Uuid, version: i64, sealed: &Sealed) -> Held {
    Held { what, row, version, hash: sha256(&sealed.0) }
}

pub async fn patients(tx: &mut Tx, after: After, limit: i64) -> sqlx::Result<(Option<After>, Vec<Held>)> {
    type Row = (Uuid, i64, Sealed, Sealed, Option<Sealed>, Option<Sealed>, Option<Sealed>);
    let rows: Vec<Row> = in_tx!(tx, conn => sqlx::query_as(
        "select id, version, name, date_of_birth, email, phone, record_number from patient where id > $1 order by id limit $2")
        .bind(after.0).bind(limit).fetch_all(conn).await)?;
    let last = rows.last().map(|row| (row.0, 0));
    let of = |(row, version, name, birth, email, phone, number): Row| Held {
        what: What::Patient,
        row,
        version,
        hash: patients::sealed_hash([Some(&name), Some(&birth), email.as_ref(), phone.as_ref(), number.as_ref()]),
    };
    Ok((last, rows.into_iter().map(of).collect()))
}

pub async fn visits(tx: &mut Tx, after: After, limit: i64) -> sqlx::Result<(Option<After>, Vec<Held>)> {
    type Row = (Uuid, Option<Sealed>, i64, Option<Sealed>, i64, Option<Sealed>, i64);
    let rows: Vec<Row> = in_tx!(tx, conn => sqlx::query_as(
        "select id, reason, reason_version, message, message_version, companion, companion_version from visit where id > $1 order by id limit $2")
        .bind(after.0).bind(limit).fetch_all(conn).await)?;
    let last = rows.last().map(|row| (row.0, 0));
    let of = |(row, reason, reason_at, message, message_at, companion, companion_at): Row| {
        let values = [(What::Reason, reason, reason_at), (What::Message, message, message_at), (What::Companion, companion, companion_at)];
        values.into_iter().filter_map(move |(what, sealed, version)| Some(held(what, row, version, &sealed?)))
    };
    Ok((last, rows.into_iter().flat_map(of).collect()))
}

pub async fn notes(tx: &mut Tx, after: After, limit: i64) -> sqlx::Result<(Option<After>, Vec<Held>)> {
    let rows: Vec<(Uuid, i64, Sealed)> = in_tx!(tx, conn => sqlx::query_as(
        "select visit_id, version, body from visit_note where visit_id > $1 order by visit_id limit $2")
        .bind(after.0).bind(limit).fetch_all(conn).await)?;
    Ok((rows.last().map(|row| (row.0, 0)), rows.iter().map(|(row, version, body)| held(What::Note, *row, *version, body)).collect()))
}

pub async fn entries(tx: &mut Tx, after: After, limit: i64) -> sqlx::Result<(Option<After>, Vec<Held>)> {
    let rows: Vec<(Uuid, i64, Sealed)> = in_tx!(tx, conn => sqlx::query_as(
        "select case_id, n, body from case_entry where (case_id, n) > ($1, $2) order by case_id, n limit $3")
        .bind(after.0).bind(after.1).bind(limit).fetch_all(conn).await)?;
    Ok((rows.last().map(|row| (row.0, row.1)), rows.iter().map(|(row, n, body)| held(What::Entry(*n), *row, *n, body)).collect()))
}

pub async fn remarks(tx: &mut Tx, after: After, limit: i64) -> sqlx::Result<(Option<After>, Vec<Held>)> {
    let rows: Vec<(Uuid, Sealed)> = in_tx!(tx, conn => sqlx::query_as(
        "select id, comment from review_item where comment is not null and id > $1 order by id limit $2")
        .bind(after.0).bind(limit).fetch_all(conn).await)?;
    Ok((rows.last().map(|row| (row.0, 0)), rows.iter().map(|(row, comment)| held(What::Remark, *row, 0, comment)).collect()))
}

pub async fn emergencies(tx: &mut Tx, after: After, limit: i64) -> sqlx::Result<(Option<After>, Vec<Held>)> {
    let rows: Vec<(Uuid, Sealed)> = in_tx!(tx, conn => sqlx::query_as(
        "select id, reason from emergency_access where id > $1 order by id limit $2")
        .bind(after.0).bind(limit).fetch_all(conn).await)?;
    Ok((rows.last().map(|row| (row.0, 0)), rows.iter().map(|(row, reason)| held(What::Emergency, *row, 0, reason)).collect()))
}
