//! Where a relay may send: nowhere inside (RTC-12). Pure.
//!
//! An address is first brought to what it means: IPv6 can carry an IPv4 address in half a dozen ways, and each of them has been a hole in
//! some relay.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Ports of services that no browser takes media on.
pub const LOWEST_PORT: u16 = 1024;

/// The address that is meant: an IPv4 address inside of an IPv6 one is that IPv4 address.
pub fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(six) => embedded(six).map_or(ip, IpAddr::V4),
    }
}

fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let four = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match s {
        // `::` and `::1` are themselves.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Compatible, mapped, translated (RFC 4291, RFC 2765).
        [0, 0, 0, 0, 0, 0 | 0xFFFF, high, low] | [0, 0, 0, 0, 0xFFFF, 0, high, low] => four(high, low),
        // NAT64 and its local form (RFC 6052, RFC 8215).
        [0x64, 0xFF9B, 0, 0, 0, 0, high, low] | [0x64, 0xFF9B, 1, _, _, _, high, low] => four(high, low),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => four(high, low),
        // Teredo holds the client's address inverted (RFC 4380).
        [0x2001, 0, _, _, _, _, high, low] => four(!high, !low),
        // ISATAP (RFC 5214).
        [_, _, _, _, 0 | 0x200, 0x5EFE, high, low] => four(high, low),
        _ => None,
    }
}

/// Whether an address that was brought to what it means lies in the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !special_four(ip),
        IpAddr::V6(ip) => !special_six(ip),
    }
}

/// The special-purpose ranges of IPv4 (IANA registry, RFC 6890).
fn special_four(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Of IPv6, only what is given out for the internet (`2000::/3`), and of that not what has another purpose.
fn special_six(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let global = s[0] & 0xE000 == 0x2000;
    let protocol_assignments = s[0] == 0x2001 && s[1] < 0x0200;
    let documentation = (s[0] == 0x2001 && s[1] == 0x0DB8) || (s[0] == 0x3FFF && s[1] < 0x1000);
    let as112 = s[..3] == [0x2620, 0x004F, 0x8000];
    !global || protocol_assignments || documentation || as112 || s[0] == 0x2002
}

/// What one deployment adds to the rule.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The program's own addresses, as they are meant: never, however public.
    pub own: Vec<IpAddr>,
    /// A demonstration and tests live on loopback, and may say so. A clinic's server does not start with it.
    pub loopback_allowed: bool,
}

impl Policy {
    /// Whether a relay may ever send there, if the other party named it. Relayed addresses of ours are another question.
    pub fn allows(&self, peer: SocketAddr) -> bool {
        let ip = canonical(peer.ip());
        peer.port() >= LOWEST_PORT && self.allows_ip(ip)
    }

    /// The same for an address without a port. `ip`: as it is meant.
    pub fn allows_ip(&self, ip: IpAddr) -> bool {
        (is_public(ip) || (self.loopback_allowed && ip.is_loopback())) && !self.own.contains(&ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What RTC-12 names, and its neighbours.
    const REFUSED: [&str; 40] = [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "::ffff:0:127.0.0.1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "2002:a9fe:a9fe::",
        "64:ff9b::a9fe:a9fe",
        "2001:0:0:0:0:0:5601:5601",
        "2607::5efe:10.0.0.1",
        "2607::200:5efe:10.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "2001:db8::1",
        "4000::1",
    ];
    const PUBLIC: [&str; 9] = [
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "100.63.0.1",
        "100.128.0.1",
        "223.255.255.255",
        "2607:f8b0::1",
        "::ffff:8.8.8.8",
        "2001:200::1",
    ];

    fn socket(ip: &str) -> SocketAddr {
        SocketAddr::new(ip.parse().expect("an address"), 40_000)
    }

    #[test]
    fn nothing_inside_is_allowed_in_any_spelling() {
        let clinic = Policy { own: vec!["8.8.4.4".parse().expect("an address")], loopback_allowed: false };
        for ip in REFUSED {
            assert!(!clinic.allows(socket(ip)), "{ip}");
        }
        for own in ["8.8.4.4", "::ffff:8.8.4.4", "2002:808:404::1", "64:ff9b::808:404"] {
            assert!(!clinic.allows(socket(own)), "{own}");
        }
        for ip in PUBLIC {
            assert!(clinic.allows(socket(ip)), "{ip}");
            assert!(!clinic.allows(SocketAddr::new(ip.parse().expect("an address"), 1023)), "{ip}: the port of a service");
        }
    }

    #[test]
    fn loopback_is_loopback_alone_where_it_is_allowed() {
        let trial = Policy { own: Vec::new(), loopback_allowed: true };
        for ip in REFUSED {
            let loopback = ["127.0.0.1", "127.255.255.254", "::1"].contains(&ip) || canonical(socket(ip).ip()).is_loopback();
            assert_eq!(trial.allows(socket(ip)), loopback, "{ip}");
        }
    }

    proptest! {
        #[test]
        fn an_address_means_the_same_in_every_spelling(four in any::<u32>(), filler in any::<u16>()) {
            let (ip, [high, low]) = (Ipv4Addr::from(four), [(four >> 16) as u16, four as u16]);
            prop_assume!(four > 1);
            for six in [
                [0, 0, 0, 0, 0, 0, high, low], [0, 0, 0, 0, 0, 0xFFFF, high, low], [0, 0, 0, 0, 0xFFFF, 0, high, low],
                [0x64, 0xFF9B, 0, 0, 0, 0, high, low], [0x64, 0xFF9B, 1, filler, 0, 0, high, low], [0x2002, high, low, filler, 0, 0, 0, 1],
                [0x2001, 0, filler, filler, 0, filler, !high, !low], [0x2607, filler, 0, 0, 0, 0x5EFE, high, low],
            ] {
                prop_assert_eq!(canonical(IpAddr::V6(Ipv6Addr::from(six))), IpAddr::V4(ip));
            }
        }

        #[test]
        fn nothing_that_is_meant_holds_another(bits in any::<u128>()) {
            let once = canonical(IpAddr::V6(Ipv6Addr::from(bits)));
            prop_assert_eq!(canonical(once), once);
        }
    }
}
