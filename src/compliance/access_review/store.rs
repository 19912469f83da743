//! The SQL of the review of accounts.

use crate::db::{Tx, in_tx};
use crate::ids::StaffId;
use crate::time::Timestamp;
use uuid::Uuid;

/// An account as a reviewer sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    pub id: StaffId,
    pub name: String,
    pub email: String,
    pub role: String,
    pub created_at: Timestamp,
    pub password_set_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    /// The last sign-in.
    pub signed_in_at: Option<Timestamp>,
}

/// All accounts, by name.
pub async fn accounts(tx: &mut Tx) -> sqlx::Result<Vec<Account>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, name, email, role, created_at, password_set_at, disabled_at,
                (select max(created_at) from staff_session where staff_session.staff_id = staff.id) as signed_in_at
         from staff order by name, email")
        .fetch_all(conn).await)
}

/// A review that took place.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Review {
    pub reviewed_at: Timestamp,
    pub reviewed_by: StaffId,
    pub accounts: i64,
    pub digest: Vec<u8>,
}

/// The last reviews, the newest first.
pub async fn latest(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Review>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select reviewed_at, reviewed_by, accounts, digest from access_review order by reviewed_at desc, id desc limit $1")
        .bind(limit).fetch_all(conn).await)
}

pub async fn insert(tx: &mut Tx, id: Uuid, review: &Review) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("insert into access_review (id, reviewed_at, reviewed_by, accounts, digest) values ($1, $2, $3, $4, $5)")
        .bind(id).bind(review.reviewed_at).bind(review.reviewed_by).bind(review.accounts).bind(&review.digest).execute(conn).await.map(drop))
}
