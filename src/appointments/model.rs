//! What an appointment is, the states a visit goes through, and how a form becomes a time. Pure.

use crate::config::CheckPolicy;
use crate::crypto::Sealed;
use crate::ids::{PatientId, RequestKey, StaffId, VisitId};
use crate::secret::Secret;
use crate::time::{LocalTimeError, Millis, Timestamp, Zone};
use crate::web::form::Problems;
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde::Deserialize;
use std::fmt;

const MINUTES_MIN: i64 = 10;
const MINUTES_MAX: i64 = 180;
const REASON_CHARS_MAX: usize = 500;
/// Lower: a slip in the year is noticed. Higher: plans further ahead.
const AHEAD_MAX: Millis = Millis::days(2 * 366);

/// How far a visit has come. The words are those of the database, of scripts and of `data-state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VisitState {
    /// In the calendar; no link has left yet.
    Booked,
    /// A link has left.
    Sent,
    /// A device opened the link and may wait.
    Redeemed,
    /// In the waiting room.
    Waiting,
    /// Admitted; picture and sound only, until the clinician records who it is.
    Checking,
    InCall,
    Ended,
    Cancelled,
    NoShow,
}

impl VisitState {
    pub const ALL: [VisitState; 9] = [
        VisitState::Booked,
        VisitState::Sent,
        VisitState::Redeemed,
        VisitState::Waiting,
        VisitState::Checking,
        VisitState::InCall,
        VisitState::Ended,
        VisitState::Cancelled,
        VisitState::NoShow,
    ];

    pub fn word(self) -> &'static str {
        match self {
            VisitState::Booked => "booked",
            VisitState::Sent => "sent",
            VisitState::Redeemed => "redeemed",
            VisitState::Waiting => "waiting",
            VisitState::Checking => "checking",
            VisitState::InCall => "in_call",
            VisitState::Ended => "ended",
            VisitState::Cancelled => "cancelled",
            VisitState::NoShow => "no_show",
        }
    }

    /// True while the front desk may move or cancel the visit: nobody is in a call, and it is neither over nor off.
    pub fn may_change(self) -> bool {
        !matches!(self, VisitState::Checking | VisitState::InCall | VisitState::Ended | VisitState::Cancelled)
    }

    /// True for a visit that nobody enters any more.
    pub fn is_over(self) -> bool {
        matches!(self, VisitState::Ended | VisitState::Cancelled | VisitState::NoShow)
    }
}

impl fmt::Display for VisitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for VisitState {
    type Err = UnknownState;
    fn from_str(word: &str) -> Result<Self, UnknownState> {
        VisitState::ALL.into_iter().find(|state| state.word() == word).ok_or(UnknownState)
    }
}

impl TryFrom<String> for VisitState {
    type Error = UnknownState;
    fn try_from(word: String) -> Result<Self, UnknownState> {
        word.parse()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a visit")]
pub struct UnknownState;

/// A visit as it lies in the database.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Visit {
    pub id: VisitId,
    pub patient_id: PatientId,
    pub clinician_id: StaffId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    #[sqlx(try_from = "String")]
    pub state: VisitState,
    pub version: i64,
    pub reason: Option<Sealed>,
    pub reason_version: i64,
    pub check_locked_until: Option<Timestamp>,
    pub waiting_since: Option<Timestamp>,
    pub left_at: Option<Timestamp>,
    pub held_at: Option<Timestamp>,
    /// Why the patient has no link that works, a word; the front desk has not sent a new one yet.
    pub link_trouble: Option<String>,
    /// Where the patient is when they join.
    #[sqlx(try_from = "String")]
    pub patient_zone: Zone,
    /// The clinician's account is closed.
    pub clinician_left: bool,
}

impl Visit {
    /// True while the front desk may call the visit off. One in its call only when nobody else could end it.
    pub fn may_cancel(&self) -> bool {
        self.state.may_change() || self.clinician_left && matches!(self.state, VisitState::Checking | VisitState::InCall)
    }
}

/// A visit to be booked.
#[derive(Debug, Clone)]
pub struct NewAppointment {
    /// The form's own key: the same key again is the same visit.
    pub request_key: RequestKey,
    pub patient: PatientId,
    pub clinician: StaffId,
    pub slot: Slot,
    /// Why the patient comes. Sealed; it opens in the call, after identity is recorded.
    pub reason: Option<Secret<String>>,
    /// What the patient types at the link, at least: where the clinic's policy is stronger, that counts.
    pub check: CheckPolicy,
}

/// A length of time in a calendar, `starts_at` before `ends_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// A day and time as a person picks them on the clinic's wall.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TimeForm {
    pub date: String,
    pub time: String,
    pub minutes: String,
    /// Which of the two, where clocks go back and pass a time twice: its offset, `GMT-4`.
    pub which: String,
}

impl TimeForm {
    /// What the form shows for a visit that has a time.
    pub fn of(slot: Slot, zone: Zone) -> Self {
        let local = slot.starts_at.local(zone);
        let twice = matches!(zone.instant(local), Err(LocalTimeError::Twice(..)));
        Self {
            date: local.date().to_string(),
            time: local.format("%H:%M").to_string(),
            minutes: ((slot.ends_at - slot.starts_at).0 / Millis::minutes(1).0).to_string(),
            which: if twice { zone.offset(slot.starts_at) } else { String::new() },
        }
    }

    /// Read the time. Every field with a problem gets a sentence.
    pub fn parse(&self, zone: Zone, now: Timestamp) -> Result<Slot, Problems> {
        let mut problems = Problems::default();
        let minutes = self.minutes.trim().parse().ok().filter(|minutes| (MINUTES_MIN..=MINUTES_MAX).contains(minutes));
        if minutes.is_none() {
            problems.note("minutes", "appointments-minutes-wrong");
        }
        let starts_at = self.starts_at(zone, &mut problems);
        match starts_at {
            Some(at) if at < this_minute(now) => problems.note("date", "appointments-past"),
            Some(at) if at > now + AHEAD_MAX => problems.note("date", "appointments-far"),
            _ => {}
        }
        let slot = starts_at.zip(minutes).map(|(starts_at, minutes)| Slot { starts_at, ends_at: starts_at + Millis::minutes(minutes) });
        problems.unless(slot)
    }

    /// The two instants to choose from, if clocks pass the typed time twice.
    pub fn twice(&self, zone: Zone) -> Option<[Timestamp; 2]> {
        match zone.instant(self.local()?) {
            Err(LocalTimeError::Twice(first, second)) => Some([first, second]),
            _ => None,
        }
    }

    fn starts_at(&self, zone: Zone, problems: &mut Problems) -> Option<Timestamp> {
        if self.date().is_none() {
            problems.note("date", "appointments-date-wrong");
        }
        if self.time().is_none() {
            problems.note("time", "appointments-time-wrong");
        }
        match zone.instant(self.local()?) {
            Ok(at) => Some(at),
            Err(LocalTimeError::Skipped) => {
                problems.note("time", "appointments-time-skipped");
                None
            }
            Err(LocalTimeError::Twice(first, second)) => {
                let chosen = [first, second].into_iter().find(|at| zone.offset(*at) == self.which);
                if chosen.is_none() {
                    problems.note("which", "appointments-time-twice");
                }
                chosen
            }
        }
    }

    fn local(&self) -> Option<NaiveDateTime> {
        Some(self.date()?.and_time(self.time()?))
    }

    fn date(&self) -> Option<NaiveDate> {
        self.date.trim().parse().ok().filter(|date: &NaiveDate| (1..=9999).contains(&date.year()))
    }

    fn time(&self) -> Option<NaiveTime> {
        NaiveTime::parse_from_str(self.time.trim(), "%H:%M").ok()
    }
}

/// The reason a patient comes, if one was typed.
pub fn parse_reason(typed: &str) -> Result<Option<Secret<String>>, Problems> {
    let reason = typed.trim();
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(("reason", "appointments-reason-long").into());
    }
    Ok((!reason.is_empty()).then(|| Secret::new(reason.to_owned())))
}

/// The seven days of the week in which `date` lies, from Monday.
pub fn week_of(date: NaiveDate) -> Vec<NaiveDate> {
    let since_monday = u64::from(date.weekday().num_days_from_monday());
    let monday = date.checked_sub_days(Days::new(since_monday)).unwrap_or(date);
    monday.iter_days().take(7).collect()
}

fn this_minute(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - now.0.rem_euclid(Millis::minutes(1).0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, proptest};

    /// 2026-11-23 10:30 in New York.
    const NOW: Timestamp = Timestamp(1_795_447_800_000);

    fn new_york() -> Zone {
        "America/New_York".parse().expect("a known zone")
    }

    fn at(date: &str, time: &str) -> TimeForm {
        TimeForm { date: date.into(), time: time.into(), minutes: "30".into(), which: String::new() }
    }

    fn problem(form: &TimeForm, now: Timestamp, field: &str) -> Option<&'static str> {
        form.parse(new_york(), now).err().and_then(|problems| problems.of(field))
    }

    #[test]
    fn a_state_and_its_word_are_one() {
        for state in VisitState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        assert_eq!("gone".parse::<VisitState>(), Err(UnknownState));
    }

    #[test]
    fn a_visit_may_begin_this_minute_and_not_before() {
        assert!(at("2026-11-23", "10:30").parse(new_york(), NOW + Millis::seconds(59)).is_ok());
        assert_eq!(problem(&at("2026-11-23", "10:29"), NOW, "date"), Some("appointments-past"));
        assert_eq!(problem(&at("2206-11-23", "10:30"), NOW, "date"), Some("appointments-far"));
    }

    #[test]
    fn a_visit_lasts_ten_minutes_to_three_hours() {
        for (minutes, right) in [("9", false), ("10", true), ("180", true), ("181", false), ("", false), ("1e1", false), ("-30", false)] {
            let form = TimeForm { minutes: minutes.into(), ..at("2026-11-24", "10:30") };
            assert_eq!(form.parse(new_york(), NOW).is_ok(), right, "{minutes}");
        }
    }

    #[test]
    fn a_time_that_clocks_jump_over_is_refused() {
        let before = Timestamp(1_772_000_000_000);
        assert_eq!(problem(&at("2026-03-08", "02:30"), before, "time"), Some("appointments-time-skipped"));
        assert!(at("2026-03-08", "03:00").parse(new_york(), before).is_ok());
    }

    #[test]
    fn a_time_that_clocks_pass_twice_asks_which_and_takes_the_answer() {
        let (before, form) = (Timestamp(1_793_000_000_000), at("2026-11-01", "01:30"));
        assert_eq!(problem(&form, before, "which"), Some("appointments-time-twice"));
        let [first, second] = form.twice(new_york()).expect("two instants");
        for (which, at) in [("GMT-4", first), ("GMT-5", second)] {
            let slot = TimeForm { which: which.into(), ..form.clone() }.parse(new_york(), before).expect("one instant");
            assert_eq!(slot.starts_at, at);
            assert_eq!(TimeForm::of(slot, new_york()).which, which);
        }
    }

    #[test]
    fn a_reason_has_a_limit() {
        assert_eq!(parse_reason("  ").expect("none"), None);
        assert!(parse_reason(&"é".repeat(500)).is_ok());
        assert_eq!(parse_reason(&"é".repeat(501)).expect_err("long").of("reason"), Some("appointments-reason-long"));
    }

    #[test]
    fn a_week_begins_on_monday() {
        let week = week_of("2026-11-29".parse().expect("a Sunday"));
        assert_eq!((week[0].to_string(), week[6].to_string()), ("2026-11-23".into(), "2026-11-29".into()));
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_to_come_or_a_problem(date in "\\PC{0,12}", time in "\\PC{0,6}", minutes in "\\PC{0,4}") {
            let form = TimeForm { date, time, minutes, which: String::new() };
            if let Ok(slot) = form.parse(new_york(), NOW) {
                prop_assert!(slot.starts_at >= NOW && slot.ends_at > slot.starts_at);
            }
        }

        #[test]
        fn what_the_form_shows_of_a_time_is_that_time(minute in 0i64..500_000) {
            let starts_at = NOW + Millis::minutes(minute);
            let slot = Slot { starts_at, ends_at: starts_at + Millis::minutes(30) };
            prop_assert!(TimeForm::of(slot, new_york()).parse(new_york(), NOW) == Ok(slot));
        }
    }
}
