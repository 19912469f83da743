//! What a browser is told of relays: addresses as URLs, and a credential. Pure.

use super::control::Bound;
use super::credential::Credential;
use crate::secret::Secret;
use serde::{Serialize, Serializer};
use std::net::{IpAddr, SocketAddr};

/// One entry of `RTCConfiguration.iceServers`.
#[derive(Debug, Clone, Serialize)]
pub struct IceServer {
    pub urls: Vec<String>,
    pub username: String,
    #[serde(serialize_with = "revealed")]
    pub credential: Secret<String>,
}

/// To the page that it was made for.
fn revealed<S: Serializer>(secret: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.reveal())
}

impl IceServer {
    pub fn new(urls: &[String], credential: Credential) -> Self {
        Self { urls: urls.to_vec(), username: credential.username, credential: credential.password }
    }

    /// The same by one way, where it has addresses for that.
    pub fn by(&self, way: Way) -> Option<Self> {
        let (scheme, end) = match way {
            Way::Udp => ("turn:", "?transport=udp"),
            Way::Tcp => ("turn:", "?transport=tcp"),
            Way::Tls => ("turns:", "?transport=tcp"),
        };
        let urls: Vec<String> = self.urls.iter().filter(|url| url.starts_with(scheme) && url.ends_with(end)).cloned().collect();
        (!urls.is_empty()).then(|| Self { urls, ..self.clone() })
    }
}

/// How a browser reaches a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Udp,
    Tcp,
    Tls,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];
}

/// The ways to the built-in relay. `name`: what its certificate bears. `addresses`: under which browsers reach it.
pub fn urls(bound: &Bound, addresses: &[IpAddr], name: &str) -> Vec<String> {
    let mut urls = Vec::new();
    for address in addresses {
        let host = host(*address);
        urls.extend(ports(&bound.udp, *address).map(|port| format!("turn:{host}:{port}?transport=udp")));
        urls.extend(ports(&bound.tcp, *address).map(|port| format!("turn:{host}:{port}?transport=tcp")));
    }
    let mut secure: Vec<u16> = bound.tls.iter().map(SocketAddr::port).collect();
    secure.dedup();
    urls.extend(secure.into_iter().map(|port| format!("turns:{name}:{port}?transport=tcp")));
    urls
}

/// The ports at which somebody listens for the family of `address`.
fn ports(bound: &[SocketAddr], address: IpAddr) -> impl Iterator<Item = u16> {
    bound.iter().filter(move |at| at.is_ipv4() == address.is_ipv4()).map(SocketAddr::port)
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => format!("[{six}]"),
    }
}

/// The lowest coturn that is no open door (RTC-13).
const COTURN_LOWEST: [u32; 3] = [4, 17, 1];

/// Whether what a coturn says of itself, `Coturn-4.17.1 'Name'`, is new enough. `None`: it says nothing that we understand.
pub fn coturn_is_new(software: &str) -> Option<bool> {
    let version = software.strip_prefix("Coturn-")?;
    let version = version.split(|letter: char| letter != '.' && !letter.is_ascii_digit()).next()?;
    let numbers: Vec<u32> = version.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    (numbers.len() == 3).then(|| numbers[..] >= COTURN_LOWEST[..])
}

/// Host and port of `turn:HOST:PORT?transport=udp`.
pub fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let (scheme, rest) = url.split_once(':')?;
    let place = rest.split('?').next()?;
    match place.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.ends_with(']') => Some((host.trim_matches(['[', ']']), port.parse().ok()?)),
        _ => Some((place.trim_matches(['[', ']']), if scheme == "turns" { 5_349 } else { 3_478 })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[&str]) -> Vec<SocketAddr> {
        text.iter().map(|one| one.parse().expect("an address")).collect()
    }

    #[test]
    fn a_browser_gets_each_way_and_the_name_of_the_certificate_for_tls() {
        let bound = Bound { udp: all(&["0.0.0.0:3478", "[::]:3478"]), tcp: all(&["0.0.0.0:3478"]), tls: all(&["0.0.0.0:443", "[::]:443"]) };
        let addresses = ["192.0.2.1", "2001:db8::1"].map(|ip| ip.parse().expect("an address"));
        let expected = [
            "turn:192.0.2.1:3478?transport=udp",
            "turn:192.0.2.1:3478?transport=tcp",
            "turn:[2001:db8::1]:3478?transport=udp",
            "turns:relay.example:443?transport=tcp",
        ];
        assert_eq!(urls(&bound, &addresses, "relay.example"), expected);
    }

    #[test]
    fn an_old_coturn_and_one_that_hides_its_version_are_known() {
        for (software, new) in [
            ("Coturn-4.17.1 'Gorst'", Some(true)),
            ("Coturn-4.18.0", Some(true)),
            ("Coturn-5.0.0", Some(true)),
            ("Coturn-4.17.0 'x'", Some(false)),
            ("Coturn-4.6.1 'Gorst'", Some(false)),
            ("Coturn-4.17", None),
            ("None", None),
            ("", None),
        ] {
            assert_eq!(coturn_is_new(software), new, "{software}");
        }
    }

    #[test]
    fn a_relays_url_tells_where_to_ask() {
        for (url, place) in [
            ("turn:relay.example:3479?transport=udp", ("relay.example", 3_479)),
            ("turn:relay.example", ("relay.example", 3_478)),
            ("turns:relay.example?transport=tcp", ("relay.example", 5_349)),
            ("turn:[2001:db8::1]:3478", ("2001:db8::1", 3_478)),
            ("turn:[2001:db8::1]", ("2001:db8::1", 3_478)),
        ] {
            assert_eq!(host_and_port(url), Some(place), "{url}");
        }
    }
}
