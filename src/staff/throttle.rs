//! How many sign-ins may fail, by account and by where they come from (SES-08).
//!
//! A try is counted before the password is looked at and taken back when it was right: tries side by side cannot pass the
//! limit together. Subjects are keyed hashes, so the table names nobody. An outsider can slow an account down and, with
//! a hundred tries in a day, lock it; a new one-time address always opens it again.

use super::store;
use crate::app::App;
use crate::audit::{Bookkeeping, Context, Tx};
use crate::crypto::Keyring;
use crate::db;
use crate::time::{Millis, Timestamp};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// When a counter locks and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub kind: &'static str,
    /// This many failures within `window` lock. Lower: guessing is slower. Higher: a person with a bad day still gets in.
    pub failures_max: i64,
    pub window: Millis,
    /// How long after a lock nothing may fail until the count starts anew.
    pub quiet: Millis,
    /// The first lock; each further failure doubles it, up to `delay_max`.
    pub delay_first: Millis,
    pub delay_max: Millis,
}

/// Longer than any clinic lives: until somebody unlocks it.
const UNTIL_UNLOCKED: Millis = Millis::days(365_000);

/// Ten failures of one account within 15 minutes; then one try after 1, 2, 4, 8 and each further 15 minutes.
pub const ACCOUNT: Rule = Rule {
    kind: "sign-in.account",
    failures_max: 10,
    window: Millis::minutes(15),
    quiet: Millis::minutes(15),
    delay_first: Millis::minutes(1),
    delay_max: Millis::minutes(15),
};

/// A hundred failures of one account within a day lock it until an administrator or a new one-time address opens it.
pub const ACCOUNT_DAY: Rule = Rule {
    kind: "sign-in.account-day",
    failures_max: 100,
    window: Millis::days(1),
    quiet: Millis::days(1),
    delay_first: UNTIL_UNLOCKED,
    delay_max: UNTIL_UNLOCKED,
};

/// Fifty failures from one place within an hour close it for an hour. A whole clinic may share one place.
pub const SOURCE: Rule = Rule {
    kind: "sign-in.source",
    failures_max: 50,
    window: Millis::hours(1),
    quiet: Millis(0),
    delay_first: Millis::hours(1),
    delay_max: Millis::hours(1),
};

/// Whom and where a try is counted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subjects {
    account: [u8; 32],
    source: [u8; 32],
}

/// The locks that a try begins if it fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Locks {
    pub until: Option<Timestamp>,
    /// The account stays closed until somebody unlocks it.
    pub account: bool,
}

/// What counting a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made. If it fails, these locks have begun.
    Go(Locks),
    /// It may not, until then.
    Wait { until: Timestamp, why: &'static str },
}

impl Subjects {
    pub fn of(keys: &Keyring, email: &str, source: Option<IpAddr>) -> Self {
        let source = source.map(place).unwrap_or_default();
        Self { account: account(keys, email), source: keys.pseudonym(SOURCE.kind, &source) }
    }
}

/// The keyed hash that stands for an account in the counters.
pub fn account(keys: &Keyring, email: &str) -> [u8; 32] {
    keys.pseudonym(ACCOUNT.kind, email.as_bytes())
}

/// Count a try that is about to be made.
pub async fn reserve(app: &App, context: &Context, subjects: &Subjects) -> sqlx::Result<Verdict> {
    let now = app.now();
    let mut tx = app.log.begin(context).await?;
    let mut locks = Locks::default();
    // Always in this order, so that two tries never wait for each other.
    for (rule, subject) in [(&ACCOUNT, &subjects.account), (&ACCOUNT_DAY, &subjects.account), (&SOURCE, &subjects.source)] {
        let Some(counted) = store::count_try(&mut tx, rule, subject, now).await? else {
            let until = store::locked_until(&mut tx, rule.kind, subject).await?.unwrap_or(now);
            // Dropped without a commit: a try that is not made counts nowhere.
            return Ok(Verdict::Wait { until, why: word(rule) });
        };
        locks.until = locks.until.max(counted.locked_until);
        locks.account |= counted.locked_until.is_some() && rule.kind == ACCOUNT_DAY.kind;
    }
    tx.commit_bookkeeping(Bookkeeping::Throttle).await?;
    Ok(Verdict::Go(locks))
}

/// The counted try was right: forget the account's failures, and this one of its place.
pub async fn succeed(tx: &mut Tx, subjects: &Subjects, now: Timestamp) -> sqlx::Result<()> {
    unlock(tx, &subjects.account, now).await?;
    store::uncount_try(tx, SOURCE.kind, &subjects.source).await
}

/// Forget an account's failures. True when it was locked for good.
pub async fn unlock(tx: &mut Tx, account: &[u8; 32], now: Timestamp) -> sqlx::Result<bool> {
    store::forget_failures(tx, ACCOUNT.kind, account, now).await?;
    store::forget_failures(tx, ACCOUNT_DAY.kind, account, now).await
}

/// The accounts that are locked until somebody unlocks them, as [`account`] names them.
pub async fn locked_accounts(tx: &mut db::Tx, now: Timestamp) -> sqlx::Result<BTreeSet<Vec<u8>>> {
    Ok(store::locked_subjects(tx, ACCOUNT_DAY.kind, now).await?.into_iter().collect())
}

fn word(rule: &Rule) -> &'static str {
    match rule.kind {
        "sign-in.account" => "delayed",
        "sign-in.account-day" => "locked",
        _ => "source",
    }
}

/// One place: an IPv4 address, or the first 64 bits of an IPv6 address, because one house has all the rest.
fn place(source: IpAddr) -> Vec<u8> {
    match source {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_house_is_one_place() {
        let place = |text: &str| place(text.parse().expect("an address"));
        assert_eq!(place("2001:db8:1:2::1"), place("2001:db8:1:2:ffff::9"));
        assert_ne!(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"));
        assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
    }
}
