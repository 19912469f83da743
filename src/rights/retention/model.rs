//! When what events say may go (HIP-07, HIP-08, AUD-26, AB-13). Pure.

use crate::rights::cases::Entry;
use crate::time::{Millis, Timestamp};
use chrono::Months;
use serde::{Deserialize, Serialize};

/// How old a signed head must be to count as a sign of the time. A clock that is wrong for less than this removes nothing.
pub const HEAD_AGE: Millis = Millis::days(7);

/// What is entered about a legal hold, of one patient or of everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Hold {
    Placed { why: String },
    Lifted { why: String },
}

impl Entry for Hold {
    fn word(&self) -> &'static str {
        match self {
            Self::Placed { .. } => "placed",
            Self::Lifted { .. } => "lifted",
        }
    }
}

/// Two signs of what time it surely is, independent of one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs {
    /// The clock, or the time that has surely come if the clock says a later one.
    pub clock: Timestamp,
    /// When the newest head was signed that is older than [`HEAD_AGE`].
    pub head: Option<Timestamp>,
}

impl Signs {
    /// Before when an event must be recorded so that what it says may go: both signs have come `years` further. `None`: there is no head
    /// that is old enough to be a sign.
    pub fn cutoff(self, years: u32) -> Option<Timestamp> {
        years_before(self.clock.min(self.head?), years)
    }
}

/// The instant so many calendar years before, of which a leap day is the 28th.
pub fn years_before(at: Timestamp, years: u32) -> Option<Timestamp> {
    let then = at.utc().checked_sub_months(Months::new(years.checked_mul(12)?))?;
    Some(Timestamp(then.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(chrono::DateTime::parse_from_rfc3339(text).expect("a time").timestamp_millis())
    }

    #[test]
    fn both_signs_must_have_come() {
        let (now, old) = (at("2037-01-01T00:00:00Z"), at("2036-01-01T00:00:00Z"));
        let cutoff = |clock, head| Signs { clock, head }.cutoff(10);
        assert_eq!(cutoff(now, Some(now)), Some(at("2027-01-01T00:00:00Z")));
        assert_eq!(cutoff(now, Some(old)), Some(at("2026-01-01T00:00:00Z")), "the clock alone was set forward");
        assert_eq!(cutoff(old, Some(now)), Some(at("2026-01-01T00:00:00Z")), "the heads alone are of another time");
        assert_eq!(cutoff(now, None), None);
    }

    #[test]
    fn six_years_are_calendar_years() {
        assert_eq!(years_before(at("2032-11-23T10:00:00Z"), 6), Some(at("2026-11-23T10:00:00Z")));
        assert_eq!(years_before(at("2032-02-29T10:00:00Z"), 6), Some(at("2026-02-28T10:00:00Z")));
    }
}
