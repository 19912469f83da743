//! The configuration's part about calls: which ways they may take, through which relays, and the check before them.

use super::{Config, TlsConfig};
use crate::ids::Region;
use anyhow::ensure;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallConfig {
    /// `"direct"`: from browser to browser where there is a way, else through a relay. `"relay"`: through a relay always, so that neither side
    /// learns the other's network address (RTC-11).
    #[serde(default)]
    pub path: CallPath,
}

/// Which ways a call may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPath {
    #[default]
    Direct,
    Relay,
}

impl CallPath {
    pub fn word(self) -> &'static str {
        match self {
            CallPath::Direct => "direct",
            CallPath::Relay => "relay",
        }
    }
}

/// The check of a person's connection before a visit, against an echo on this machine. It comes over UDP, past any proxy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkCheckConfig {
    /// The address of this machine that checks come to: one, not `0.0.0.0`.
    pub listen: IpAddr,
    /// The first of a hundred UDP ports that the firewall lets in for it. 0: any free one, for a trial.
    pub first_port: u16,
    /// The address that people reach, where it is another than `listen`: a NAT that passes those ports on as they are.
    #[serde(default)]
    pub public_address: Option<IpAddr>,
}

/// Network checks at the same time, each with a port of its own.
pub const CHECKS_MAX: u16 = 100;

/// Relays for calls that find no direct way: the built-in one, coturns, or both.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    /// Where the built-in relay listens, with UDP and with TCP. Empty: there is none.
    #[serde(default)]
    pub listen: Vec<SocketAddr>,
    /// Where it listens with TLS, for networks that let nothing else out. Needs a certificate.
    #[serde(default)]
    pub tls_listen: Vec<SocketAddr>,
    /// The addresses under which browsers reach it: one of IPv4, one of IPv6, or both.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// The same in that order on this machine, when something between translates addresses. Absent: they are the same.
    #[serde(default)]
    pub addresses_here: Vec<IpAddr>,
    /// The name that its certificate bears. Absent: that of `base_url`.
    #[serde(default)]
    pub name: Option<String>,
    /// UDP ports for calls, both ends included. Two for each call at least.
    #[serde(default = "relay_ports")]
    pub ports: (u16, u16),
    /// How many of them may be in use at once. A quarter is kept for calls that are up already.
    #[serde(default = "relay_allocations")]
    pub allocations_max: usize,
    /// Where the built-in one stands: `"us-east"`. People read it, and the log keeps it.
    #[serde(default)]
    pub region: Option<Region>,
    /// The regions that calls may go through. The first in which a relay answers is a call's. Absent: those of all relays here. A relay of
    /// another region is never asked, offered or let through, so that one file can serve several deployments.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// Its certificate. Absent: that of `[tls]`.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// Whether it may send to other programs of this machine: for demonstrations and tests. `serve` refuses it.
    #[serde(default)]
    pub permit_loopback: bool,
    /// How long it waits for `serve` to come back once no call goes through it.
    #[serde(default = "relay_lonely")]
    pub lonely_seconds: u32,
    /// coturns of your own.
    #[serde(default)]
    pub external: Vec<ExternalRelay>,
}

/// A coturn, 4.17.1 or newer, with `use-auth-secret`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalRelay {
    /// `["turn:relay.example:3478?transport=udp", "turns:relay.example:443?transport=tcp"]`. The first is asked for its version.
    pub urls: Vec<String>,
    /// A file that holds its `static-auth-secret` and nothing else.
    pub secret_file: PathBuf,
    /// Where it stands.
    pub region: Region,
    /// The addresses from which it sends to others. Absent: those that the names in `urls` lead to.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
}

fn relay_ports() -> (u16, u16) {
    (49_152, 65_535)
}
fn relay_allocations() -> usize {
    1_000
}
fn relay_lonely() -> u32 {
    600
}
impl RelayConfig {
    /// Whether calls may go through relays of this region.
    pub fn allows(&self, region: &Region) -> bool {
        self.regions.is_empty() || self.regions.contains(region)
    }

    fn serves_somewhere(&self) -> bool {
        let built_in = self.region.iter().filter(|_| !self.listen.is_empty());
        built_in.chain(self.external.iter().map(|external| &external.region)).any(|region| self.allows(region))
    }
}

impl Config {
    pub(super) fn check_network_check(&self) -> anyhow::Result<()> {
        if let Some(check) = &self.network_check {
            ensure!(!check.listen.is_unspecified(), "network_check.listen must be one address of this machine");
            let last = u16::MAX - CHECKS_MAX;
            ensure!(
                check.first_port == 0 || (1024..=last).contains(&check.first_port),
                "network_check.first_port must be from 1024 to {last}, or 0"
            );
        }
        Ok(())
    }

    pub(super) fn check_relay(&self) -> anyhow::Result<()> {
        let Some(relay) = &self.relay else {
            ensure!(self.calls.path == CallPath::Direct, "calls.path = \"relay\" needs a relay: write a section [relay]");
            return Ok(());
        };
        let built_in = !relay.listen.is_empty();
        ensure!(built_in || !relay.external.is_empty(), "[relay] must name where to listen, or relays in [[relay.external]]");
        ensure!(built_in || relay.tls_listen.is_empty(), "relay.tls_listen needs relay.listen beside it");
        let fours = relay.addresses.iter().filter(|address| address.is_ipv4()).count();
        let one_of_each = fours <= 1 && relay.addresses.len() - fours <= 1 && !relay.addresses.is_empty();
        ensure!(
            !built_in || one_of_each,
            "relay.addresses must be the addresses under which browsers reach the relay: one of IPv4, one of IPv6, or both"
        );
        let paired = relay.addresses_here.iter().zip(&relay.addresses).all(|(here, public)| here.is_ipv4() == public.is_ipv4());
        let same_length = relay.addresses_here.is_empty() || relay.addresses_here.len() == relay.addresses.len();
        ensure!(paired && same_length, "relay.addresses_here must hold one address for each of relay.addresses, in their order");
        let (first, last) = relay.ports;
        ensure!((1024..=last).contains(&first), "relay.ports must be two ports from 1024 on, such as [49152, 65535]");
        ensure!(
            (1..=usize::from(last - first) + 1).contains(&relay.allocations_max),
            "relay.allocations_max must be at most the number of relay.ports"
        );
        ensure!((1..=86_400).contains(&relay.lonely_seconds), "relay.lonely_seconds must be from 1 to 86400");
        ensure!(
            relay.tls_listen.is_empty() || self.relay_certificate().is_some(),
            "relay.tls_listen needs a certificate: name it in [relay.tls] or in [tls]"
        );
        ensure!(
            !built_in || relay.region.is_some(),
            "relay.region must say where the built-in relay stands, such as \"us-east\": people read it, and the log keeps it"
        );
        ensure!(
            relay.regions.len() <= 16 && relay.external.len() <= 32,
            "relay.regions holds at most 16 names, relay.external at most 32 relays"
        );
        let known = |region: &Region| relay.allows(region);
        ensure!(
            relay.region.as_ref().filter(|_| built_in).into_iter().all(known),
            "relay.regions leaves the region of the built-in relay out: leave relay.listen empty if it should carry no call"
        );
        ensure!(relay.serves_somewhere(), "relay.regions must name a region in which a relay stands");
        let is_url = |url: &String| {
            ["turn:", "turns:", "stun:"].iter().any(|scheme| url.starts_with(scheme)) && url.bytes().all(|byte| byte.is_ascii_graphic())
        };
        for external in &relay.external {
            let begins = external.urls.first().is_some_and(|url| url.starts_with("turn"));
            ensure!(
                begins && external.urls.iter().all(is_url),
                "relay.external: urls must begin with turn:, turns: or stun:, the first with turn"
            );
        }
        Ok(())
    }

    /// The certificate of the built-in relay.
    pub fn relay_certificate(&self) -> Option<&TlsConfig> {
        self.relay.as_ref().and_then(|relay| relay.tls.as_ref()).or(self.tls.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SMALL, refused};
    use super::*;

    #[test]
    fn a_relay_is_described_whole_or_refused() {
        let with = |lines: &str| format!("{SMALL}\n{lines}");
        let good = "[relay]\nlisten = [\"0.0.0.0:3478\"]\naddresses = [\"9.9.9.9\"]\nregion = \"us-east\"\n";
        assert!(Config::parse(&with(&format!("[calls]\npath = \"relay\"\n{good}"))).is_ok());
        for (lines, wrong) in [
            ("[calls]\npath = \"relay\"".to_owned(), "needs a relay"),
            ("[relay]".to_owned(), "where to listen"),
            (good.replace("\"9.9.9.9\"", ""), "relay.addresses"),
            (good.replace("\"9.9.9.9\"", "\"9.9.9.9\", \"8.8.8.8\""), "relay.addresses"),
            (format!("{good}addresses_here = [\"::1\"]"), "relay.addresses_here"),
            (format!("{good}tls_listen = [\"0.0.0.0:443\"]"), "needs a certificate"),
            (good.replace("region = \"us-east\"", ""), "relay.region"),
            (good.replace("us-east", "US East"), "expected 1 to 32 small letters"),
            (format!("{good}regions = [\"us-west\"]"), "leaves the region of the built-in relay out"),
            (format!("{good}ports = [80, 90]"), "relay.ports"),
            (format!("{good}ports = [50000, 50009]\nallocations_max = 11"), "relay.allocations_max"),
            (format!("{good}[[relay.external]]\nurls = [\"stun:a\"]\nsecret_file = \"f\"\nregion = \"r\""), "the first with turn"),
        ] {
            let said = refused(&with(&lines));
            assert!(said.contains(wrong), "{lines}: {said}");
        }
    }
}
