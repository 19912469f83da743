//! Which relays are well, and which of them a call is offered. Pure.
//!
//! Each relay is asked for a STUN binding every two seconds or so, one datagram that waits a second for its answer.

use crate::ids::Region;
use std::time::Duration;

/// How long an answer may take. Lower: a relay that is gone is known sooner. Higher: one that is far away is well.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two questions to a relay that answered, and to one that did not. Each a fifth more or less, so that many servers do not ask at once.
const PAUSE_MS: u64 = 2_000;
const PAUSE_AFTER_SILENCE_MS: u64 = 1_000;
/// Answers that may be lost in a row. Higher: a lost datagram is not taken for a relay that is gone.
const SILENCES_MAX: u32 = 1;
/// Relays that one call is offered: the nearest, and another for when that one dies.
pub const OFFERED_MAX: usize = 2;

/// What is known of one relay from having asked it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Health {
    round_trip: Option<Duration>,
    silences: u32,
}

impl Health {
    pub fn answered(&mut self, after: Duration) {
        self.silences = 0;
        // An eighth of what is new: one slow answer makes no relay a far one.
        self.round_trip = Some(self.round_trip.map_or(after, |known| (known * 7 + after) / 8));
    }

    pub fn was_silent(&mut self) {
        self.silences += 1;
        if self.silences > SILENCES_MAX {
            self.round_trip = None;
        }
    }

    /// It answers, and not as it should: offered to nobody from now on.
    pub fn is_wrong(&mut self) {
        *self = Self::default();
    }

    /// How far away it is from here, while it is well.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// How long to wait before the next question. `dice`: any number.
    pub fn pause(&self, dice: u8) -> Duration {
        let middle = if self.silences == 0 { PAUSE_MS } else { PAUSE_AFTER_SILENCE_MS };
        Duration::from_millis(middle * 4 / 5 + middle * 2 / 5 * u64::from(dice) / 255)
    }
}

/// One relay, as the choice sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'a> {
    pub region: &'a Region,
    pub round_trip: Option<Duration>,
}

/// Which relays a call is offered, nearest first: those of the first region in which one is well, and none of any other. `regions`: those that
/// calls may go through, in the deployment's order.
pub fn offered(relays: &[Choice<'_>], regions: &[Region]) -> Vec<usize> {
    let well_in = |region: &Region| {
        let mut well: Vec<(Duration, usize)> = relays
            .iter()
            .enumerate()
            .filter(|(_, relay)| relay.region == region)
            .filter_map(|(at, relay)| Some((relay.round_trip?, at)))
            .collect();
        well.sort_unstable();
        well
    };
    let first = regions.iter().map(well_in).find(|well| !well.is_empty()).unwrap_or_default();
    first.into_iter().take(OFFERED_MAX).map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region(name: &str) -> Region {
        name.to_owned().try_into().expect("a region")
    }

    #[test]
    fn the_nearest_is_offered_the_next_of_its_region_after_it_and_none_outside() {
        let [east, west, far] = ["us-east", "us-west", "eu"].map(region);
        let relay = |region, ms: Option<u64>| Choice { region, round_trip: ms.map(Duration::from_millis) };
        let mut relays = [
            relay(&east, Some(30)),
            relay(&west, Some(1)),
            relay(&east, Some(9)),
            relay(&east, None),
            relay(&east, Some(12)),
            relay(&far, Some(0)),
        ];
        let allowed = [east.clone(), west.clone()];
        assert_eq!(offered(&relays, &allowed), [2, 4], "not the third, nor what is nearer in another region");
        for at in [0, 2, 4] {
            relays[at].round_trip = None;
        }
        assert_eq!(offered(&relays, &allowed), [1], "the next region that is allowed");
        relays[1].round_trip = None;
        assert_eq!(offered(&relays, &allowed), [0; 0], "and never one outside");
    }

    #[test]
    fn one_lost_answer_is_no_illness_and_two_are() {
        let mut health = Health::default();
        assert_eq!(health.round_trip(), None, "until it has answered");
        health.answered(Duration::from_millis(80));
        health.answered(Duration::from_millis(160));
        assert_eq!(health.round_trip(), Some(Duration::from_millis(90)));
        health.was_silent();
        assert_eq!(health.round_trip(), Some(Duration::from_millis(90)));
        health.was_silent();
        assert_eq!(health.round_trip(), None);
        health.answered(Duration::from_millis(5));
        assert_eq!(health.round_trip(), Some(Duration::from_millis(5)), "as far as it is now");
    }

    #[test]
    fn no_two_ask_in_step() {
        let well = Health::default();
        let mut silent = well;
        silent.was_silent();
        assert_eq!([0, 255].map(|dice| well.pause(dice).as_millis()), [1_600, 2_400]);
        assert_eq!([0, 255].map(|dice| silent.pause(dice).as_millis()), [800, 1_200]);
    }

    proptest! {
        #[test]
        fn whatever_falls_ill_no_relay_outside_is_offered(relays in prop::collection::vec((0usize..4, prop::option::of(0u64..500)), 0..12), allowed in 0usize..4) {
            let all = ["a", "b", "c", "d"].map(region);
            let relays: Vec<Choice<'_>> =
                relays.iter().map(|(at, ms)| Choice { region: &all[*at], round_trip: ms.map(Duration::from_millis) }).collect();
            let chosen = offered(&relays, &all[..allowed]);
            prop_assert!(chosen.len() <= OFFERED_MAX);
            prop_assert!(chosen.iter().all(|at| all[..allowed].contains(relays[*at].region) && relays[*at].round_trip.is_some()));
            let any_well = relays.iter().any(|relay| all[..allowed].contains(relay.region) && relay.round_trip.is_some());
            prop_assert_eq!(chosen.is_empty(), !any_well, "one that is well is always offered");
        }
    }
}
