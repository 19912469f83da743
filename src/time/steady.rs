//! What the time surely is, though the machine's clock may be set wrong and right again (REL-07). Pure.
//!
//! The wall clock is what people read, and it may jump. The monotonic clock only counts on. From a time that was right, the
//! monotonic clock tells a time that has surely come: the *floor*. What is over by the floor stays over, however far back the
//! wall clock is set. A wall clock that is set forward does not raise the floor at once: first it has to run beside the
//! monotonic clock for long enough without a jump. So a wrong year that is set right again has closed nothing for good.

use super::{Millis, Timestamp};

/// Two looks that differ by more than this are a step. Lower: smaller steps are noticed. Higher: a busy machine raises no alarm.
const STEP_MIN: Millis = Millis::seconds(2);
/// A wall clock that ran on without a step for this long is believed. Lower: after a long stop, less of what ended meanwhile could
/// be revived by setting the clock back. Higher: a clock may be wrong for longer without lasting harm.
const BELIEVED_AFTER: Millis = Millis::hours(12);

/// One look at both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub wall: Timestamp,
    /// Since any fixed moment; it never runs backwards.
    pub monotonic: Millis,
}

impl Reading {
    /// The wall clock's distance from the monotonic one. It stays as it is while no clock is set.
    fn offset(self) -> i64 {
        self.wall.0.saturating_sub(self.monotonic.0)
    }
}

/// What is known of the time.
#[derive(Debug, Clone)]
pub struct Steady {
    /// The floor's distance from the monotonic clock.
    floor: i64,
    /// The wall clock's, at the last look.
    wall: i64,
    /// Since when it is that.
    unbroken_since: Millis,
}

impl Steady {
    /// From the start of the program on. `kept` is the floor when it ran last: the time cannot be earlier now, and how much later
    /// only the wall clock says.
    pub fn begin(kept: Option<Timestamp>, now: Reading) -> Self {
        let floor = kept.map_or(now.offset(), |kept| Reading { wall: kept, ..now }.offset());
        Self { floor, wall: now.offset(), unbroken_since: now.monotonic }
    }

    /// Look at the clocks, often. By how much the wall clock was set since the last look, if it was.
    pub fn look(&mut self, now: Reading) -> Option<Millis> {
        let step = Millis(now.offset().saturating_sub(self.wall));
        let stepped = step > STEP_MIN || step < Millis(-STEP_MIN.0);
        self.wall = now.offset();
        if stepped {
            self.unbroken_since = now.monotonic;
            return Some(step);
        }
        if now.monotonic.0 - self.unbroken_since.0 >= BELIEVED_AFTER.0 {
            self.floor = self.floor.max(self.wall);
        }
        None
    }

    /// The time that has surely come.
    pub fn floor(&self, now: Reading) -> Timestamp {
        Timestamp(self.floor.saturating_add(now.monotonic.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, proptest};

    const START: Timestamp = Timestamp(1_795_447_800_000);

    fn at(wall: Timestamp, monotonic: Millis) -> Reading {
        Reading { wall, monotonic }
    }

    #[test]
    fn a_clock_that_is_set_back_takes_no_time_away() {
        for back in [Millis::hours(-1), Millis::days(-2), Millis::days(-365)] {
            let mut steady = Steady::begin(None, at(START, Millis(500)));
            let later = at(START + Millis::minutes(10) + back, Millis(500) + Millis::minutes(10));
            assert_eq!(steady.look(later), Some(back));
            assert_eq!(steady.look(later), None, "once");
            assert_eq!(steady.floor(later), START + Millis::minutes(10));
        }
    }

    #[test]
    fn a_clock_that_is_set_forward_is_believed_only_after_a_while_and_one_that_is_set_right_again_never() {
        let year = Millis::days(365);
        let mut steady = Steady::begin(None, at(START, Millis(0)));
        assert_eq!(steady.look(at(START + year, Millis(0))), Some(year));
        let (hours, wrong) = (Millis::hours(11), START + year + Millis::hours(11));
        assert_eq!(steady.look(at(wrong, hours)), None);
        assert_eq!(steady.floor(at(wrong, hours)), START + hours);
        assert_eq!(steady.look(at(START + hours, hours)), Some(Millis(-year.0)));
        assert_eq!(steady.floor(at(START + hours, hours)), START + hours, "nothing stays of it");

        let mut steady = Steady::begin(None, at(START, Millis(0)));
        steady.look(at(START + Millis::hours(1), Millis(0)));
        let much_later = at(START + Millis::hours(13), Millis::hours(12));
        steady.look(much_later);
        assert_eq!(steady.floor(much_later), much_later.wall, "the clock was late before, and is right now");
    }

    #[test]
    fn what_was_surely_past_is_past_after_a_restart_too() {
        let steady = Steady::begin(Some(START), at(START - Millis::days(365), Millis(7)));
        assert_eq!(steady.floor(at(START - Millis::days(365), Millis(8))), START + Millis(1));
        let mut steady = Steady::begin(Some(START), at(START + Millis::days(365), Millis(0)));
        assert_eq!(steady.floor(at(START + Millis::days(365), Millis(0))), START, "a wrong start does no lasting harm");
        let after = at(START + Millis::days(365) + Millis::hours(12), Millis::hours(12));
        assert_eq!(steady.look(after), None);
        assert_eq!(steady.floor(after), after.wall, "a machine may be off for a year");
    }

    #[test]
    fn a_clock_that_is_slewed_is_no_step() {
        let mut steady = Steady::begin(None, at(START, Millis(0)));
        for second in 1..10_000 {
            let now = at(START + Millis(second * 1_001), Millis(second * 1_000));
            assert_eq!(steady.look(now), None);
        }
    }

    proptest! {
        #[test]
        fn the_floor_never_falls(steps in proptest::collection::vec((0i64..100_000_000, -40_000_000_000i64..40_000_000_000), 1..60)) {
            let mut steady = Steady::begin(None, at(START, Millis(0)));
            let (mut monotonic, mut floor) = (0, START);
            for (passed, set) in steps {
                monotonic += passed;
                let now = at(Timestamp(START.0 + monotonic + set), Millis(monotonic));
                steady.look(now);
                prop_assert!(steady.floor(now) >= floor + Millis(passed));
                floor = steady.floor(now);
            }
        }
    }
}
