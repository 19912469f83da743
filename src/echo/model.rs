//! Who may have a network check now, and what one check may cost. Pure.

pub use crate::config::CHECKS_MAX;
use crate::time::Millis;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

/// Checks at the same time from one place. A family or a small clinic shares one; a flood does not pass.
pub const CHECKS_PER_SOURCE_MAX: usize = 3;
/// How long a check stands at most.
pub const CHECK_LENGTH: Millis = Millis(20_000);
/// What one check may send us. What we send is less: see [`Ledger`].
pub const CHECK_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The longest message on a check's data channel.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Within this long, one session begins so many checks. Lower: less work for whoever plays with it. Higher: more patience with a bad day.
const STARTS_WINDOW: Millis = Millis::minutes(10);
const STARTS_PER_SESSION_MAX: u32 = 20;
/// When a check of which nothing was heard any more is given up, so that a lost report keeps no place.
const CHECK_FORGOTTEN: Millis = Millis(30_000);
/// Addresses that one check may be reached from. A device has few; more are somebody's invention.
const ADDRESSES_MAX: usize = 16;

/// The checks that are open.
#[derive(Debug, Default)]
pub struct Checks {
    open: Vec<Check>,
    starts: HashMap<Uuid, Starts>,
}

#[derive(Debug, Clone, Copy)]
struct Check {
    number: u64,
    place: u16,
    session: Uuid,
    source: Option<IpAddr>,
    since: Millis,
    /// It was told to end. Its port is free when the process says that it has.
    over: bool,
}

#[derive(Debug, Clone, Copy)]
struct Starts {
    since: Millis,
    count: u32,
}

/// A check that may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Which port it has, counted from the first one.
    pub place: u16,
    /// The same session's check before it, which is over now.
    pub replaced: Option<u64>,
}

/// Why none may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    pub why: &'static str,
    pub retry_after_s: u32,
}

impl Checks {
    /// Begin check `number`, which nobody had before. `session`: the device's or the member of staff's.
    pub fn open(&mut self, number: u64, session: Uuid, source: Option<IpAddr>, now: Millis) -> Result<Granted, Busy> {
        self.open.retain(|check| now.0 - check.since.0 < CHECK_FORGOTTEN.0);
        self.starts.retain(|_, starts| now.0 - starts.since.0 < STARTS_WINDOW.0);
        let source = source.map(house);
        let others = || self.open.iter().filter(|check| check.session != session && !check.over);
        let busy = |why, retry_after_s| Err(Busy { why, retry_after_s });
        if self.starts.get(&session).is_some_and(|starts| starts.count >= STARTS_PER_SESSION_MAX) {
            return busy("session", 60);
        }
        if others().filter(|check| check.source == source).count() >= CHECKS_PER_SOURCE_MAX {
            return busy("source", 20);
        }
        let taken: Vec<u16> = self.open.iter().map(|check| check.place).collect();
        let Some(place) = (0..CHECKS_MAX).find(|place| !taken.contains(place)) else { return busy("all", 20) };
        let replaced = self.end(session);
        self.open.push(Check { number, place, session, source, since: now, over: false });
        self.starts.entry(session).or_insert(Starts { since: now, count: 0 }).count += 1;
        Ok(Granted { place, replaced })
    }

    /// A session's check is needed no more. Which one the process has to be told of.
    pub fn end(&mut self, session: Uuid) -> Option<u64> {
        let check = self.open.iter_mut().find(|check| check.session == session && !check.over)?;
        check.over = true;
        Some(check.number)
    }

    /// The process has freed a check.
    pub fn close(&mut self, number: u64) {
        self.open.retain(|check| check.number != number);
    }

    /// None is left: the process that held them is gone. What each session began still counts.
    pub fn close_all(&mut self) {
        self.open.clear();
    }

    pub fn count(&self) -> usize {
        self.open.len()
    }
}

/// An IPv4 address, or the first 64 bits of an IPv6 one: one house has all the rest.
fn house(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// What went in and out of one check, address by address. **To no address goes more than came from it**, so that nobody can be flooded
/// by our answers to letters with a false sender.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: Vec<Account>,
    received: u64,
    sent: u64,
}

#[derive(Debug, Clone, Copy)]
struct Account {
    address: SocketAddr,
    received: u64,
    sent: u64,
}

impl Ledger {
    /// So many bytes came. False when the check has had all it may have.
    pub fn receive(&mut self, from: SocketAddr, bytes: usize) -> bool {
        self.received += bytes as u64;
        let known = self.accounts.iter().any(|account| account.address == from);
        if !known && self.accounts.len() < ADDRESSES_MAX {
            self.accounts.push(Account { address: from, received: 0, sent: 0 });
        }
        if let Some(account) = self.account(from) {
            account.received += bytes as u64;
        }
        self.received <= CHECK_BYTES_MAX
    }

    /// Whether so many bytes may go there.
    pub fn may_send(&self, to: SocketAddr, bytes: usize) -> bool {
        let account = self.accounts.iter().find(|account| account.address == to);
        self.received <= CHECK_BYTES_MAX && account.is_some_and(|account| account.sent + bytes as u64 <= account.received)
    }

    /// So many bytes went.
    pub fn send(&mut self, to: SocketAddr, bytes: usize) {
        self.sent += bytes as u64;
        if let Some(account) = self.account(to) {
            account.sent += bytes as u64;
        }
    }

    fn account(&mut self, of: SocketAddr) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.address == of)
    }

    pub fn received(&self) -> u64 {
        self.received
    }

    pub fn sent(&self) -> u64 {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn session(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn from(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(number.into()))
    }

    #[test]
    fn a_session_has_one_check_and_the_newer_one_ends_the_older() {
        let mut checks = Checks::default();
        assert_eq!(checks.open(1, session(1), from(1), Millis(0)), Ok(Granted { place: 0, replaced: None }));
        assert_eq!(checks.open(2, session(1), from(1), Millis(1)), Ok(Granted { place: 1, replaced: Some(1) }));
        assert_eq!(
            checks.open(3, session(2), from(1), Millis(1)),
            Ok(Granted { place: 2, replaced: None }),
            "the older one's port is in use"
        );
        checks.close(1);
        assert_eq!((checks.count(), checks.end(session(1)), checks.end(session(1))), (2, Some(2), None));
    }

    #[test]
    fn a_place_has_three_and_everybody_together_a_hundred() {
        let mut checks = Checks::default();
        for number in 0..3 {
            assert!(checks.open(number, session(number.into()), from(7), Millis(0)).is_ok());
        }
        assert_eq!(checks.open(3, session(3), from(7), Millis(0)), Err(Busy { why: "source", retry_after_s: 20 }));
        for number in 3..100 {
            assert!(checks.open(number, session(number.into()), from(number as u32 + 100), Millis(0)).is_ok());
        }
        assert_eq!(checks.open(100, session(100), from(999), Millis(0)), Err(Busy { why: "all", retry_after_s: 20 }));
        checks.close(50);
        let granted = checks.open(101, session(101), from(999), Millis(0));
        assert_eq!(granted, Ok(Granted { place: 50, replaced: None }), "the place that came free is given again");
    }

    #[test]
    fn one_house_is_one_place() {
        let mut checks = Checks::default();
        for number in 0..3u64 {
            let source = format!("2001:db8:1:2::{number}").parse().ok();
            assert!(checks.open(number, session(number.into()), source, Millis(0)).is_ok());
        }
        let neighbour = |text: &str| text.parse::<IpAddr>().ok();
        assert!(checks.open(8, session(8), neighbour("2001:db8:1:2:ffff::1"), Millis(0)).is_err());
        assert!(checks.open(9, session(9), neighbour("2001:db8:1:3::1"), Millis(0)).is_ok());
    }

    #[test]
    fn a_session_begins_twenty_in_ten_minutes() {
        let mut checks = Checks::default();
        for number in 0..20 {
            assert!(checks.open(number, session(1), from(1), Millis(0)).is_ok());
            checks.close(number);
        }
        assert_eq!(checks.open(20, session(1), from(1), Millis(1)).map_err(|busy| busy.why), Err("session"));
        assert!(checks.open(21, session(1), from(1), STARTS_WINDOW).is_ok(), "and again later");
    }

    #[test]
    fn a_check_of_which_nothing_is_heard_keeps_no_place() {
        let mut checks = Checks::default();
        for number in 0..3 {
            assert!(checks.open(number, session(number.into()), from(7), Millis(0)).is_ok());
        }
        assert!(checks.open(9, session(9), from(7), CHECK_FORGOTTEN).is_ok());
        assert_eq!(checks.count(), 1);
    }

    proptest! {
        #[test]
        fn no_order_of_steps_passes_a_limit(steps in prop::collection::vec((0u8..3, 0u64..40, 0u32..12, 0i64..4_000), 1..400)) {
            let (mut checks, mut now) = (Checks::default(), Millis(0));
            for (number, (step, who, source, passes)) in steps.into_iter().enumerate() {
                now = Millis(now.0 + passes);
                if step == 0 {
                    checks.close(number as u64 / 2);
                } else if let Ok(granted) = checks.open(number as u64, session(who.into()), from(source), now) {
                    prop_assert!(granted.place < CHECKS_MAX);
                }
                prop_assert!(checks.count() <= usize::from(CHECKS_MAX));
                let standing: Vec<&Check> = checks.open.iter().filter(|check| !check.over).collect();
                for one in &standing {
                    prop_assert!(standing.iter().filter(|other| other.source == one.source).count() <= CHECKS_PER_SOURCE_MAX);
                    prop_assert_eq!(standing.iter().filter(|other| other.session == one.session).count(), 1);
                }
                for one in &checks.open {
                    prop_assert_eq!(checks.open.iter().filter(|other| other.place == one.place).count(), 1);
                }
            }
        }

        #[test]
        fn to_no_address_goes_more_than_came_from_it(steps in prop::collection::vec((any::<bool>(), 1u16..30, 0usize..70_000), 1..400)) {
            let mut ledger = Ledger::default();
            let mut balance: HashMap<SocketAddr, i64> = HashMap::new();
            for (comes, port, bytes) in steps {
                let address = SocketAddr::from(([192, 0, 2, 1], port));
                if comes {
                    ledger.receive(address, bytes);
                    *balance.entry(address).or_default() += bytes as i64;
                } else if ledger.may_send(address, bytes) {
                    ledger.send(address, bytes);
                    *balance.entry(address).or_default() -= bytes as i64;
                }
                prop_assert!(balance.values().all(|left| *left >= 0));
                prop_assert!(ledger.sent() <= ledger.received());
            }
        }
    }

    #[test]
    fn a_check_has_eight_megabytes_and_a_stranger_nothing() {
        let (known, stranger) = (SocketAddr::from(([192, 0, 2, 1], 1)), SocketAddr::from(([10, 0, 0, 1], 2)));
        let mut ledger = Ledger::default();
        assert!(ledger.receive(known, CHECK_BYTES_MAX as usize));
        assert!(ledger.may_send(known, 1_000) && !ledger.may_send(stranger, 1));
        assert!(!ledger.receive(known, 1));
        assert!(!ledger.may_send(known, 1), "and then nothing more goes out");
    }
}
