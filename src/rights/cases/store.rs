//! The SQL of files and their entries.

use crate::crypto::Sealed;
use crate::db::{Tx, in_tx};
use crate::ids::{CaseId, PatientId, RequestKey, StaffId};
use crate::rights::words::words;
use crate::time::Timestamp;

words! {
    /// What a file is about.
    CaseKind {
        Incident = "incident",
        Disclosure = "disclosure",
        Accounting = "accounting",
        RecordSet = "record_set",
        Suspension = "suspension",
        Hold = "hold",
    }
}

impl TryFrom<String> for CaseKind {
    type Error = UnknownKind;
    fn try_from(word: String) -> Result<Self, UnknownKind> {
        Self::parse(&word).ok_or(UnknownKind)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no kind of file is called so")]
pub struct UnknownKind;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Case {
    pub id: CaseId,
    #[sqlx(try_from = "String")]
    pub kind: CaseKind,
    #[sqlx(rename = "patient_id")]
    pub patient: Option<PatientId>,
    pub counts_from: Timestamp,
    pub opened_at: Timestamp,
    pub opened_by: StaffId,
}

/// The clear part of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub case_id: CaseId,
    pub n: i64,
    pub entered_at: Timestamp,
    pub entered_by: StaffId,
    pub entry: String,
}

/// False when a form with that key has opened a file before.
pub async fn insert_case(tx: &mut Tx, case: &Case, request_key: &RequestKey) -> sqlx::Result<bool> {
    let written: Option<CaseId> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into case_file (id, kind, patient_id, counts_from, opened_at, opened_by, request_key)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (request_key) do nothing returning id")
        .bind(case.id).bind(case.kind.word()).bind(case.patient).bind(case.counts_from).bind(case.opened_at).bind(case.opened_by)
        .bind(request_key).fetch_optional(conn).await)?;
    Ok(written.is_some())
}

pub async fn opened_by(tx: &mut Tx, request_key: &RequestKey) -> sqlx::Result<Option<CaseId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from case_file where request_key = $1").bind(request_key).fetch_optional(conn).await)
}

/// Enter as number `line.n`, if that is the next. False when somebody else was first.
pub async fn insert_entry(tx: &mut Tx, line: &Line, body: &Sealed) -> sqlx::Result<bool> {
    let written: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into case_entry (case_id, n, entered_at, entered_by, entry, body)
         select $1, $2, $3, $4, $5, $6 where (select coalesce(max(n), 0) + 1 from case_entry where case_id = $1) = $2
         on conflict (case_id, n) do nothing returning n")
        .bind(line.case_id).bind(line.n).bind(line.entered_at).bind(line.entered_by).bind(&line.entry).bind(body)
        .fetch_optional(conn).await)?;
    Ok(written.is_some())
}

pub async fn case(tx: &mut Tx, id: CaseId) -> sqlx::Result<Option<Case>> {
    in_tx!(tx, conn => sqlx::query_as("select id, kind, patient_id, counts_from, opened_at, opened_by from case_file where id = $1")
        .bind(id).fetch_optional(conn).await)
}

pub async fn cases(tx: &mut Tx, kind: CaseKind, patient: Option<PatientId>, limit: i64) -> sqlx::Result<Vec<Case>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, kind, patient_id, counts_from, opened_at, opened_by from case_file
         where kind = $1 and ($2 is null or patient_id = $2) order by opened_at desc, id desc limit $3")
        .bind(kind.word()).bind(patient).bind(limit).fetch_all(conn).await)
}

pub async fn entries(tx: &mut Tx, case: CaseId) -> sqlx::Result<Vec<(Line, Sealed)>> {
    let rows: Vec<(i64, Timestamp, StaffId, String, Sealed)> = in_tx!(tx, conn => sqlx::query_as(
        "select n, entered_at, entered_by, entry, body from case_entry where case_id = $1 order by n").bind(case).fetch_all(conn).await)?;
    let line = |(n, entered_at, entered_by, entry, body)| (Line { case_id: case, n, entered_at, entered_by, entry }, body);
    Ok(rows.into_iter().map(line).collect())
}

/// The clear parts of the entries of these files' kind, file by file.
pub async fn lines(tx: &mut Tx, kind: CaseKind) -> sqlx::Result<Vec<Line>> {
    let rows: Vec<(CaseId, i64, Timestamp, StaffId, String)> = in_tx!(tx, conn => sqlx::query_as(
        "select case_id, n, entered_at, entered_by, entry from case_entry join case_file on case_file.id = case_id
         where kind = $1 order by case_id, n").bind(kind.word()).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(case_id, n, entered_at, entered_by, entry)| Line { case_id, n, entered_at, entered_by, entry }).collect())
}
