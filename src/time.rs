//! Time as the whole program knows it: Unix milliseconds, and a clock that is an argument.
//!
//! A [`Timestamp`] is an integer in the database too, because text times mis-order on SQLite. This file is the only one
//! that reads the machine's clock. It turns local wall-clock times into instants and back, and always names the zone.

pub mod steady;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// An instant, in milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub i64);

impl Millis {
    pub const fn seconds(n: i64) -> Self {
        Self(n * 1_000)
    }
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n * 60)
    }
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n * 60)
    }
    pub const fn days(n: i64) -> Self {
        Self::hours(n * 24)
    }
}

impl Add for Millis {
    type Output = Millis;
    fn add(self, more: Millis) -> Millis {
        Millis(self.0.saturating_add(more.0))
    }
}

impl Add<Millis> for Timestamp {
    type Output = Timestamp;
    fn add(self, length: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add(length.0))
    }
}

impl Sub<Millis> for Timestamp {
    type Output = Timestamp;
    fn sub(self, length: Millis) -> Timestamp {
        Timestamp(self.0.saturating_sub(length.0))
    }
}

impl Sub for Timestamp {
    type Output = Millis;
    fn sub(self, earlier: Timestamp) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl Timestamp {
    /// RFC 3339 in UTC with milliseconds, `2026-11-23T14:30:00.000Z`.
    pub fn rfc3339(self) -> String {
        self.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// The instant as chrono's UTC time. Beyond the year 262,000 it stays at the last instant chrono knows.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The wall clock in `zone` at this instant.
    pub fn local(self, zone: Zone) -> NaiveDateTime {
        self.utc().with_timezone(&zone.0).naive_local()
    }
}

/// A time zone of the IANA database, `America/New_York`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(pub Tz);

impl Zone {
    pub const UTC: Zone = Zone(Tz::UTC);

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What a person calls the zone: the city of its name, `New York`.
    pub fn city(self) -> String {
        self.name().rsplit('/').next().unwrap_or("UTC").replace('_', " ")
    }

    /// All zones a person may choose, in the order of their names: those with a continent or ocean, and UTC.
    pub fn all() -> impl Iterator<Item = Zone> {
        chrono_tz::TZ_VARIANTS
            .iter()
            .filter(|zone| {
                let name = zone.name();
                name == "UTC" || (name.contains('/') && !name.starts_with("Etc/") && !name.starts_with("US/"))
            })
            .map(|zone| Zone(*zone))
    }

    /// The instants between which the day `date` lies in this zone. Some days have 23 or 25 hours.
    pub fn day(self, date: NaiveDate) -> (Timestamp, Timestamp) {
        (self.midnight(date), self.midnight(date.succ_opt().unwrap_or(date)))
    }

    /// The first instant of `date`. Where a clock change skips midnight, the first instant after the gap.
    fn midnight(self, date: NaiveDate) -> Timestamp {
        let mut local = date.and_time(NaiveTime::MIN);
        loop {
            match self.0.from_local_datetime(&local) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return Timestamp(at.timestamp_millis()),
                LocalResult::None => local += chrono::Duration::minutes(15),
            }
        }
    }

    /// The date on the wall in this zone at `now`.
    pub fn today(self, now: Timestamp) -> NaiveDate {
        now.local(self).date()
    }

    /// Turn a wall-clock time into an instant.
    ///
    /// Errors: [`LocalTimeError::Skipped`] when clocks jump over it, [`LocalTimeError::Twice`] when clocks pass it
    /// twice; the two instants are given so that a person can choose.
    pub fn instant(self, local: NaiveDateTime) -> Result<Timestamp, LocalTimeError> {
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(at) => Ok(Timestamp(at.timestamp_millis())),
            LocalResult::None => Err(LocalTimeError::Skipped),
            LocalResult::Ambiguous(first, second) => {
                Err(LocalTimeError::Twice(Timestamp(first.timestamp_millis()), Timestamp(second.timestamp_millis())))
            }
        }
    }

    /// `GMT-5`, `GMT+5:30`: the offset in force at `at`, to tell apart the two hours when clocks go back.
    pub fn offset(self, at: Timestamp) -> String {
        use chrono::Offset;
        let seconds = at.utc().with_timezone(&self.0).offset().fix().local_minus_utc();
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
        match (minutes / 60, minutes % 60) {
            (0, 0) => "GMT".to_owned(),
            (hours, 0) => format!("GMT{sign}{hours}"),
            (hours, rest) => format!("GMT{sign}{hours}:{rest:02}"),
        }
    }
}

impl std::str::FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Zone).map_err(|_| UnknownZone)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;
    fn try_from(name: String) -> Result<Self, UnknownZone> {
        name.parse()
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a zone of the IANA database, such as America/New_York")]
pub struct UnknownZone;

/// Why a wall-clock time names no single instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalTimeError {
    /// Clocks go forward over it.
    Skipped,
    /// Clocks go back and pass it twice, at these two instants.
    Twice(Timestamp, Timestamp),
}

/// Where the time comes from. An argument everywhere, so that a test can stand at the edge of an hour.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time on the wall. It may jump.
    fn now(&self) -> Timestamp;

    /// How long it is since some fixed moment of this run. It never runs backwards.
    fn monotonic(&self) -> Millis;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_millis())
    }

    fn monotonic(&self) -> Millis {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        Millis(i64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock as it is handed around.
pub type SharedClock = Arc<dyn Clock>;

#[cfg(test)]
mod tests {
    use super::*;

    fn new_york() -> Zone {
        "America/New_York".parse().expect("a known zone")
    }

    fn local(text: &str) -> NaiveDateTime {
        text.parse().expect("a local time")
    }

    #[test]
    fn a_skipped_hour_is_refused_and_a_repeated_one_gives_both_instants() {
        assert_eq!(new_york().instant(local("2026-03-08T02:30:00")), Err(LocalTimeError::Skipped));
        let Err(LocalTimeError::Twice(first, second)) = new_york().instant(local("2026-11-01T01:30:00")) else {
            panic!("clocks pass 01:30 twice on this day");
        };
        assert_eq!(second - first, Millis::hours(1));
        assert_eq!((new_york().offset(first), new_york().offset(second)), ("GMT-4".into(), "GMT-5".into()));
    }

    #[test]
    fn days_of_clock_changes_have_23_and_25_hours() {
        let hours = |date: &str| {
            let (start, end) = new_york().day(date.parse().expect("a date"));
            (end - start).0 / Millis::hours(1).0
        };
        assert_eq!((hours("2026-03-08"), hours("2026-11-01"), hours("2026-11-23")), (23, 25, 24));
    }

    #[test]
    fn a_day_without_midnight_starts_after_the_gap() {
        let zone: Zone = "America/Sao_Paulo".parse().expect("a known zone");
        let (start, _) = zone.day("2018-11-04".parse().expect("a date"));
        assert_eq!(start.local(zone), local("2018-11-04T01:00:00"));
    }

    #[test]
    fn a_zone_is_called_by_its_city() {
        assert_eq!(new_york().city(), "New York");
        assert_eq!(Zone::UTC.city(), "UTC");
    }
}
