//! How much one side may have: answers, bytes, allocations (RTC-15). Pure: time is an argument, in milliseconds since the relay began.

use std::collections::HashMap;
use std::net::IpAddr;

/// Unproved requests that are answered a second, for a network (`/24` or `/56`). Higher: bigger clinics behind one address. Lower: less that a
/// forged sender can have us send to somebody.
pub const ANSWERS_PER_SECOND: u32 = 20;
/// Networks that are counted at once. Beyond them all others share one count.
const NETWORKS_MAX: usize = 16_384;
/// Allocations of one credential: browsers make one for each of their interfaces and each transport.
pub const ALLOCATIONS_PER_CREDENTIAL: usize = 12;
/// Allocations of one party of a call, with all credentials that it was given. Higher: more networks changed in one call.
pub const ALLOCATIONS_PER_PARTY: usize = 36;
/// What an allocation may relay, both ways together: 4 Mbit/s.
pub const BYTES_PER_SECOND: u32 = 500_000;
/// The part of all allocations that is kept for calls that are up already.
pub const KEPT_PERCENT: usize = 25;
/// The part that checks may have: a check lives a minute.
pub const CHECKS_PERCENT: usize = 10;

/// A bucket that fills with time.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// In thousandths, so that slow buckets fill evenly.
    left: u64,
    at_ms: u64,
}

impl Bucket {
    /// Full at `now_ms`: a second's worth.
    pub fn new(per_second: u32, now_ms: u64) -> Self {
        Self { left: u64::from(per_second) * 1_000, at_ms: now_ms }
    }

    /// Take `amount`, if it is there.
    pub fn take(&mut self, amount: u32, per_second: u32, now_ms: u64) -> bool {
        let full = u64::from(per_second) * 1_000;
        let since = now_ms.saturating_sub(self.at_ms);
        self.left = full.min(self.left.saturating_add(since.saturating_mul(per_second.into())));
        self.at_ms = self.at_ms.max(now_ms);
        let wanted = u64::from(amount) * 1_000;
        let there = wanted <= self.left;
        if there {
            self.left -= wanted;
        }
        there
    }

    fn is_full(&self, per_second: u32, now_ms: u64) -> bool {
        self.clone().take(per_second, per_second, now_ms)
    }
}

/// How many unproved requests each network may have answered.
#[derive(Debug)]
pub struct Answers {
    of: HashMap<(bool, u64), Bucket>,
    others: Bucket,
}

impl Answers {
    pub fn new(now_ms: u64) -> Self {
        Self { of: HashMap::new(), others: Bucket::new(ANSWERS_PER_SECOND, now_ms) }
    }

    /// Whether one more may be answered.
    pub fn may(&mut self, source: IpAddr, now_ms: u64) -> bool {
        let network = network(source);
        if !self.of.contains_key(&network) && self.of.len() >= NETWORKS_MAX {
            self.of.retain(|_, bucket| !bucket.is_full(ANSWERS_PER_SECOND, now_ms));
            if self.of.len() >= NETWORKS_MAX {
                return self.others.take(1, ANSWERS_PER_SECOND, now_ms);
            }
        }
        self.of.entry(network).or_insert_with(|| Bucket::new(ANSWERS_PER_SECOND, now_ms)).take(1, ANSWERS_PER_SECOND, now_ms)
    }
}

/// Whose answers are counted together.
fn network(source: IpAddr) -> (bool, u64) {
    match super::peers::canonical(source) {
        IpAddr::V4(ip) => (false, u64::from(u32::from(ip) >> 8)),
        IpAddr::V6(ip) => (true, (u128::from(ip) >> 72) as u64),
    }
}

/// Whose streams are counted together: an IPv4 address, or the `/56` of an IPv6 one, in which one customer has all addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site((bool, u64));

pub fn site(source: IpAddr) -> Site {
    Site(match super::peers::canonical(source) {
        IpAddr::V4(ip) => (false, u64::from(u32::from(ip))),
        six => network(six),
    })
}

/// Who asks for an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    Check,
    NewCall,
    /// A call through whose allocations something flows already.
    CallThatIsUp,
}

/// Whether one more allocation fits. `checks`: of `all` that live.
pub fn fits(asker: Asker, all: usize, checks: usize, allocations_max: usize) -> bool {
    let open = allocations_max - allocations_max * KEPT_PERCENT / 100;
    match asker {
        Asker::CallThatIsUp => all < allocations_max,
        Asker::NewCall => all < open,
        Asker::Check => all < open && checks < (allocations_max * CHECKS_PERCENT / 100).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_site_is_one_address_of_ipv4_and_a_customers_part_of_ipv6() {
        let same = |one: &str, other: &str| site(ip(one)) == site(ip(other));
        assert!(!same("198.51.100.1", "198.51.100.2"), "neighbours");
        assert!(same("198.51.100.1", "::ffff:198.51.100.1"), "in another spelling");
        assert!(same("2001:200:1:1::1", "2001:200:1:ff:ffff::9"), "the same /56");
        assert!(!same("2001:200:1:1::1", "2001:200:1:100::1"));
    }

    #[test]
    fn a_network_has_twenty_answers_a_second_and_costs_no_other_any() {
        let mut answers = Answers::new(0);
        let mut given = |source: &str, now_ms| (0..100).filter(|_| answers.may(ip(source), now_ms)).count();
        assert_eq!(given("198.51.100.1", 0), 20);
        assert_eq!(given("198.51.100.250", 0), 0, "the same /24");
        assert_eq!(given("::ffff:198.51.100.9", 0), 0, "in another spelling");
        assert_eq!(given("198.51.101.1", 0), 20);
        assert_eq!(given("2001:200:1:1::1", 0), 20);
        assert_eq!(given("2001:200:1:ff::1", 0), 0, "the same /56");
        assert_eq!(given("2001:200:1:100::1", 0), 20);
        assert_eq!(given("198.51.100.1", 500), 10, "half a second later");
    }

    #[test]
    fn however_many_networks_ask_what_is_counted_has_a_bound() {
        let mut answers = Answers::new(0);
        let source = |number: u32| IpAddr::from(std::net::Ipv4Addr::from(number << 8));
        let given = (0..NETWORKS_MAX as u32 + 500).filter(|number| answers.may(source(*number), 0)).count();
        assert_eq!((answers.of.len(), given), (NETWORKS_MAX, NETWORKS_MAX + 20));
        assert!(answers.may(source(u32::MAX >> 8), 2_000), "those who were quiet are forgotten");
    }

    #[test]
    fn a_quarter_is_kept_for_calls_that_are_up() {
        for (asker, all, fit) in [
            (Asker::NewCall, 74, true),
            (Asker::NewCall, 75, false),
            (Asker::CallThatIsUp, 99, true),
            (Asker::CallThatIsUp, 100, false),
            (Asker::Check, 75, false),
        ] {
            assert_eq!(fits(asker, all, 0, 100), fit, "{asker:?} {all}");
        }
        assert!(fits(Asker::Check, 20, 9, 100) && !fits(Asker::Check, 20, 10, 100));
    }

    proptest! {
        #[test]
        fn no_bucket_gives_more_than_its_rate_and_one_second(asks in prop::collection::vec((0u32..3_000, 0u64..2_000), 1..200)) {
            let (mut bucket, mut now_ms, mut taken) = (Bucket::new(1_000, 0), 0, 0u64);
            for (amount, wait) in asks {
                now_ms += wait;
                if bucket.take(amount, 1_000, now_ms) { taken += u64::from(amount); }
                prop_assert!(taken <= 1_000 + now_ms, "{} in {} ms", taken, now_ms);
            }
        }
    }
}
