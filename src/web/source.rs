//! Which address a request came from, when proxies stand between (SES-15). Pure.

use ipnet::IpNet;
use std::net::IpAddr;

/// How many hops of `X-Forwarded-For` are looked at. A longer list is somebody's invention.
const HOPS_MAX: usize = 16;

/// The nearest address that is no proxy of ours. `peer` is whoever holds the connection; `forwarded` are the values of `X-Forwarded-For`
/// in order, each a list that every proxy adds its own client to. What stands further left than the first stranger, anybody may have
/// written there.
pub fn client<'a>(peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>, trusted: &[IpNet]) -> IpAddr {
    let ours = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut nearest = peer.to_canonical();
    for hop in forwarded.rev().flat_map(|list| list.rsplit(',')).take(HOPS_MAX) {
        if !ours(nearest) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => nearest = address.to_canonical(),
            // A proxy of ours that writes something else is not understood: it is as far as we see.
            Err(_) => break,
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().expect("a network")).collect();
        client(peer.parse().expect("an address"), forwarded.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn without_a_trusted_proxy_nobody_is_believed() {
        assert_eq!(from("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(from("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_believed() {
        let spoofed = ["1.2.3.4, 198.51.100.1"];
        assert_eq!(from("10.0.0.1", &spoofed, &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &["1.2.3.4", "198.51.100.1, 10.9.9.9"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_search() {
        assert_eq!(from("10.0.0.1", &["198.51.100.1, unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &[""], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn an_address_in_ipv6_clothes_is_the_same_address() {
        assert_eq!(from("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn a_list_of_our_own_proxies_without_end_ends() {
        let list = vec!["10.0.0.2"; 10_000].join(",");
        assert_eq!(from("10.0.0.1", &[&list], &["10.0.0.0/8"]), "10.0.0.2");
    }
}
