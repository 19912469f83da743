//! When a visit's link opens, what opens it, and what a waiting patient reads.

use super::Config;
use crate::time::Millis;
use anyhow::ensure;
use serde::Deserialize;

/// When a visit may be opened, and with what.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// How long before its start a visit may be opened, in minutes (LNK-09).
    #[serde(default = "opens_before")]
    pub opens_before_minutes: u32,
    /// How long after its planned end, in minutes.
    #[serde(default = "closes_after")]
    pub closes_after_minutes: u32,
    /// What a patient types to open a link: `"date_of_birth"`, or `"visit_code"`, six digits made at booking that the clinic
    /// tells its patient (ID-04).
    #[serde(default)]
    pub check: CheckPolicy,
}

/// What opens a visit's link. The later of the two is the stronger one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckPolicy {
    #[default]
    DateOfBirth,
    VisitCode,
}

impl LinkConfig {
    pub fn opens_before(&self) -> Millis {
        Millis::minutes(self.opens_before_minutes.into())
    }
    pub fn closes_after(&self) -> Millis {
        Millis::minutes(self.closes_after_minutes.into())
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRoomConfig {
    /// Whether a waiting patient reads how many wait for the same clinician in front of them.
    #[serde(default)]
    pub show_position: bool,
}

/// Records opened in an emergency (HIP-04).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyConfig {
    /// How long a clinician may read the record of a patient who is not theirs, 5 to 240 minutes.
    #[serde(default = "emergency_lasts")]
    pub minutes: u32,
}

impl EmergencyConfig {
    pub fn length(&self) -> Millis {
        Millis::minutes(self.minutes.into())
    }
}

impl Default for EmergencyConfig {
    fn default() -> Self {
        Self { minutes: emergency_lasts() }
    }
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self { opens_before_minutes: opens_before(), closes_after_minutes: closes_after(), check: CheckPolicy::default() }
    }
}

fn emergency_lasts() -> u32 {
    60
}
fn opens_before() -> u32 {
    30
}
fn closes_after() -> u32 {
    60
}

impl Config {
    pub(super) fn check_links(&self) -> anyhow::Result<()> {
        ensure!((5..=240).contains(&self.links.opens_before_minutes), "links.opens_before_minutes must be from 5 to 240");
        ensure!(self.links.closes_after_minutes <= 240, "links.closes_after_minutes must be at most 240");
        ensure!((5..=240).contains(&self.emergency.minutes), "emergency.minutes must be from 5 to 240");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SMALL, refused};
    use super::*;

    #[test]
    fn a_record_stands_open_in_an_emergency_for_an_hour_if_nothing_is_said() {
        assert_eq!(Config::parse(SMALL).expect("it parses").emergency.length(), Millis::hours(1));
        let with = |minutes: u32| format!("{SMALL}\n[emergency]\nminutes = {minutes}");
        assert_eq!(Config::parse(&with(5)).expect("it parses").emergency.length(), Millis::minutes(5));
        assert!(Config::parse(&with(240)).is_ok());
        for wrong in [0, 4, 241] {
            assert!(refused(&with(wrong)).contains("emergency.minutes"), "{wrong}");
        }
    }
}
