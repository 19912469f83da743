//! coturns of the deployment's own: their secret, whether they are well, and whether they are new enough (RTC-13).
//!
//! One that is too old is refused at start: it can be talked into reaching inside. One that does not answer is asked on, and offered to nobody
//! until it does.

use super::health::{ANSWER_TIMEOUT, Health};
use super::ice::{coturn_is_new, host_and_port};
use super::stun::{Class, HEADER_BYTES, Message, Method, Writer, kind};
use crate::config::ExternalRelay;
use crate::crypto::Rng;
use crate::ids::Region;
use anyhow::{Context, bail};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

/// Questions at the start: a lost datagram is no refusal.
const TRIES: usize = 3;
/// Questions after which names are looked up again.
const LOOK_UP_EVERY: u32 = 30;
/// Look-ups in a row that must not find an address before a relay is taken to have left it. Lower: one that moved is forgotten sooner. Higher: a name
/// server that tells of its addresses in turns takes none away from a call.
const MISSED_MAX: u8 = 10;

pub(super) struct External {
    urls: Vec<String>,
    pub(super) region: Region,
    secret: zeroize::Zeroizing<String>,
    named: Vec<IpAddr>,
    /// With how often each was missed in a row.
    found: RwLock<Vec<(IpAddr, u8)>>,
    health: Mutex<Health>,
}

impl External {
    /// Read their secrets and ask each for its version. An old one is an error.
    pub(super) async fn open_all(named: impl Iterator<Item = &ExternalRelay>) -> anyhow::Result<Vec<Self>> {
        let mut all = Vec::new();
        for relay in named {
            let external = Self {
                urls: relay.urls.clone(),
                region: relay.region.clone(),
                secret: read_secret(&relay.secret_file)?.into(),
                named: relay.addresses.clone(),
                found: RwLock::default(),
                health: Mutex::default(),
            };
            let place = external.look_up().await;
            for _ in 0..TRIES {
                external.ask(place).await?;
                if external.health().round_trip().is_some() {
                    break;
                }
            }
            if external.health().round_trip().is_none() {
                tracing::warn!("The relay {} does not answer over UDP. It is offered to nobody until it does", external.urls[0]);
            }
            all.push(external);
        }
        Ok(all)
    }

    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn health(&self) -> Health {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses from which it sends to others.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        if !self.named.is_empty() {
            return self.named.clone();
        }
        self.found.read().unwrap_or_else(PoisonError::into_inner).iter().map(|(address, _)| *address).collect()
    }

    /// Ask it again and again, for as long as the server runs.
    pub(super) async fn watch(&self, rng: &Rng) {
        let (mut place, mut asked) = (self.look_up().await, 0u32);
        loop {
            let before = self.health();
            tokio::time::sleep(before.pause(rng.bytes::<1>()[0])).await;
            asked = asked.wrapping_add(1);
            if asked.is_multiple_of(LOOK_UP_EVERY) || place.is_none() {
                place = self.look_up().await;
            }
            let asked = self.ask(place).await;
            match (before.round_trip(), self.health().round_trip()) {
                (Some(_), None) => {
                    tracing::warn!(error = ?asked.err(), "The relay {} is offered to nobody: it does not answer as it should", self.urls[0])
                }
                (None, Some(_)) => tracing::info!("The relay {} answers", self.urls[0]),
                _ => {}
            }
        }
    }

    /// Where its names lead now, the first of them for questions.
    async fn look_up(&self) -> Option<SocketAddr> {
        let (mut seen, mut whole) = (Vec::new(), true);
        for place in self.urls.iter().filter_map(|url| host_and_port(url)) {
            match tokio::time::timeout(ANSWER_TIMEOUT, tokio::net::lookup_host(place)).await {
                Ok(Ok(addresses)) => seen.extend(addresses),
                _ => whole = false,
            }
        }
        let addresses: Vec<IpAddr> = seen.iter().map(SocketAddr::ip).collect();
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        *found = after_look_up(&found, &addresses, whole);
        seen.first().copied()
    }

    /// Ask it once. An error when it answers, and is not one that calls may go through.
    async fn ask(&self, place: Option<SocketAddr>) -> anyhow::Result<()> {
        let url = &self.urls[0];
        let asked = match place {
            Some(place) => binding(place).await,
            None => None,
        };
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((software, round_trip)) = asked else {
            health.was_silent();
            return Ok(());
        };
        match coturn_is_new(&software) {
            Some(true) => health.answered(round_trip),
            Some(false) => {
                health.is_wrong();
                bail!("the relay {url} is {software}, which can be talked into reaching inside: coturn 4.17.1 or newer is needed")
            }
            None => {
                health.is_wrong();
                bail!("the relay {url} does not tell its version: leave `no-software-attribute` out of its configuration")
            }
        }
        Ok(())
    }
}

/// What is known after a look-up. **An address that calls use is not forgotten for one answer that lacks it**, nor for one that did not come.
fn after_look_up(known: &[(IpAddr, u8)], seen: &[IpAddr], whole: bool) -> Vec<(IpAddr, u8)> {
    let missed = |(address, missed): &(IpAddr, u8)| {
        let missed = if seen.contains(address) { 0 } else { missed.saturating_add(u8::from(whole)) };
        (missed < MISSED_MAX).then_some((*address, missed))
    };
    let mut after: Vec<_> = known.iter().filter_map(missed).collect();
    for address in seen {
        if !after.iter().any(|(known, _)| known == address) {
            after.push((*address, 0));
        }
    }
    after
}

fn read_secret(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    Ok(text.trim().to_owned())
}

/// Ask a STUN server once: what it calls itself (nothing, if it does not say), and how long that took. `None`: it does not answer.
pub(super) async fn binding(place: SocketAddr) -> Option<(String, Duration)> {
    let socket = UdpSocket::bind(if place.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await.ok()?;
    socket.connect(place).await.ok()?;
    let (request, began) = (Writer::new(Method::Binding, Class::Request, *b"anteroom ask").finish(), Instant::now());
    socket.send(&request).await.ok()?;
    let mut buffer = [0; HEADER_BYTES + 1_024];
    let length = tokio::time::timeout(ANSWER_TIMEOUT, socket.recv(&mut buffer)).await.ok()?.ok()?;
    let message = Message::read(&buffer[..length]).ok()?;
    Some((message.text(kind::SOFTWARE).unwrap_or_default().to_owned(), began.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_forgotten_when_it_was_missed_for_long_and_by_no_answer_that_failed() {
        let [one, two] = [1, 2].map(|last| IpAddr::from([203, 0, 113, last]));
        let addresses = |known: &[(IpAddr, u8)]| known.iter().map(|(address, _)| *address).collect::<Vec<_>>();
        let mut known = after_look_up(&[], &[one], true);
        for turn in 0..100 {
            known = after_look_up(&known, &[[one, two][turn % 2]], true);
        }
        assert_eq!(addresses(&known), [one, two], "told in turns");
        for _ in 0..100 {
            known = after_look_up(&known, &[], false);
        }
        assert_eq!(addresses(&known), [one, two], "the name server was away");
        known = after_look_up(&known, &[one, two], true);
        for _ in 0..MISSED_MAX {
            assert_eq!(addresses(&known), [one, two]);
            known = after_look_up(&known, &[two], true);
        }
        assert_eq!(addresses(&known), [two], "it has moved");
    }
}
