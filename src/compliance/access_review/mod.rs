//! Who may sign in, in which role, and that somebody looks at it from time to time.
//!
//! What was reviewed is what was shown: the form carries a digest of all accounts, and a review of accounts that changed meanwhile is
//! refused. The record holds the digest, so that it can be told later which accounts those were.

pub(super) mod pages;
mod store;

use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind};
use crate::crypto::{length_prefixed, sha256};
use crate::ids::StaffId;
use crate::time::{Millis, Timestamp};
use store::{Account, Review};
use uuid::Uuid;

/// Reviews on the page.
const REVIEWS_SHOWN: i64 = 5;

/// What the page shows.
#[derive(Debug)]
struct Accounts {
    accounts: Vec<Account>,
    digest: String,
    reviews: Vec<Review>,
    /// Since when a review is overdue, if it is.
    overdue: Option<Timestamp>,
}

/// Why a review was not recorded.
#[derive(Debug, thiserror::Error)]
enum ReviewError {
    #[error("the accounts changed since they were shown")]
    Changed,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Look at all accounts. The look is an event.
async fn look(app: &App, context: &Context) -> sqlx::Result<Accounts> {
    app.log.record(context, Event::done(Kind::StaffListed)).await?;
    let mut tx = app.db.reading().await?;
    let accounts = store::accounts(&mut tx).await?;
    let reviews = store::latest(&mut tx, REVIEWS_SHOWN).await?;
    Ok(Accounts { digest: hex::encode(digest(&accounts)), overdue: overdue_since(app, &accounts, &reviews), reviews, accounts })
}

/// Counted from the last review, or from the first account where there was none.
fn overdue_since(app: &App, accounts: &[Account], reviews: &[Review]) -> Option<Timestamp> {
    let last = reviews.first().map(|review| review.reviewed_at).or_else(|| accounts.iter().map(|account| account.created_at).min())?;
    let due = last + Millis::days(app.config.compliance.access_review_days.into());
    (due <= app.now()).then_some(due)
}

/// Over the ids, roles and states of all accounts.
fn digest(accounts: &[Account]) -> [u8; 32] {
    let mut lines: Vec<Vec<u8>> = accounts
        .iter()
        .map(|account| {
            let state: &[u8] = if account.disabled_at.is_some() { b"closed" } else { b"open" };
            length_prefixed(&[account.id.0.as_bytes(), account.role.as_bytes(), state])
        })
        .collect();
    lines.sort();
    sha256(&lines.concat())
}

/// Record that somebody looked at the accounts with this digest.
async fn record(app: &App, context: &Context, by: StaffId, shown: &str) -> Result<(), ReviewError> {
    let mut tx = app.log.begin(context).await?;
    let accounts = store::accounts(&mut tx).await?;
    let digest = digest(&accounts);
    if hex::encode(digest) != shown {
        drop(tx);
        app.log.refused(context, Event::refused(Kind::AccessReviewed, "stale")).await?;
        return Err(ReviewError::Changed);
    }
    let count = i64::try_from(accounts.len()).unwrap_or(i64::MAX);
    let review = Review { reviewed_at: app.now(), reviewed_by: by, accounts: count, digest: digest.to_vec() };
    store::insert(&mut tx, Uuid::from_bytes(app.rng.bytes()), &review).await?;
    let event = Event::done(Kind::AccessReviewed).with("accounts", Fact::Number(count)).with("sha256", Fact::Bytes(digest.to_vec()));
    Ok(tx.commit(event).await?)
}
