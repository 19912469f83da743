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

pub(super) struct External {
    urls: Vec<String>,
    pub(super) region: Region,
    secret: zeroize::Zeroizing<String>,
    named: Vec<IpAddr>,
    found: RwLock<Vec<IpAddr>>,
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
        if self.named.is_empty() { self.found.read().unwrap_or_else(PoisonError::into_inner).clone() } else { self.named.clone() }
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
        let mut found = Vec::new();
        let mut first = None;
        for url in &self.urls {
            let Some(place) = host_and_port(url) else { continue };
            let Ok(Ok(addresses)) = tokio::time::timeout(ANSWER_TIMEOUT, tokio::net::lookup_host(place)).await else { continue };
            for address in addresses {
                first = first.or(Some(address));
                if !found.contains(&address.ip()) {
                    found.push(address.ip());
                }
            }
        }
        // A name server that is away takes no relay from its place.
        if !found.is_empty() {
            *self.found.write().unwrap_or_else(PoisonError::into_inner) = found;
        }
        first
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
