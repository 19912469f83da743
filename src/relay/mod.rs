//! The relay: STUN and TURN (RFC 8489, RFC 8656) for calls that find no direct way.
//!
//! It carries what two browsers encrypted for each other, and can read none of it. The built-in one is a process of its own ([`process`]), with
//! no key of the clinic, no database and an empty environment. It outlives a restart of `serve`, and so do the calls through it. [`engine`]
//! decides, [`driver`] moves bytes, [`keeper`] is `serve`'s part. A coturn of one's own takes its place, or stands beside it, by configuration.
//!
//! Each relay stands in a region, and a deployment names the regions that its calls may go through. **No relay of another region is asked, offered
//! or let through**: what is configured for one is left out here, at the start.
//!
//! A credential is given after admission only; that is for the caller to know, who is in the call.

pub mod control;
pub mod credential;
pub mod driver;
pub mod engine;
mod external;
pub mod frame;
mod health;
mod ice;
mod keeper;
mod lanes;
pub mod limits;
pub mod peers;
pub mod process;
pub mod stun;

pub use engine::{SIGNALLED_MAX, Side};
pub use ice::{IceServer, Way};

use crate::config::{Config, RelayConfig};
use crate::crypto::Rng;
use crate::ids::Region;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::web::assets;
use control::{Address, Order, Secrets, Shape};
use credential::{CALL_SECONDS, CHECK_SECONDS, Credential};
use external::External;
use health::{Choice, Health};
use keeper::Keeper;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The relays of this deployment. Cheap to clone.
#[derive(Clone)]
pub struct Relays(Arc<Inner>);

struct Inner {
    built_in: Option<BuiltIn>,
    external: Vec<External>,
    /// Those that calls may go through, in the order in which they are tried.
    regions: Vec<Region>,
    changed: watch::Sender<()>,
    rng: Rng,
}

struct BuiltIn {
    keeper: Keeper,
    region: Region,
    addresses: Vec<IpAddr>,
    here: Vec<IpAddr>,
    name: String,
    health: Mutex<Health>,
}

/// What one page is given for a call: the relays to use, and all that either page may meet.
#[derive(Debug, Clone, Serialize)]
pub struct Offer {
    /// Empty when none is well.
    pub servers: Vec<IceServer>,
    pub listed: Vec<Listed>,
}

/// An address from which a relay of the deployment's regions sends to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub address: IpAddr,
    pub region: Region,
}

/// Lower: that a relay came or went is told sooner.
const LOOK: Duration = Duration::from_millis(250);

impl Relays {
    /// None: calls find their own way.
    pub fn none() -> Self {
        Self::of(None, Vec::new(), Vec::new(), Rng::system())
    }

    fn of(built_in: Option<BuiltIn>, external: Vec<External>, regions: Vec<Region>, rng: Rng) -> Self {
        Self(Arc::new(Inner { built_in, external, regions, changed: watch::Sender::new(()), rng }))
    }

    /// Those of the configuration. The built-in one is taken over or started, coturns are asked for their version. `calls`: those that are on.
    pub async fn start(config: &Config, rng: &Rng, calls: &[String]) -> anyhow::Result<Self> {
        let Some(relay) = &config.relay else { return Ok(Self::none()) };
        let (inside, outside): (Vec<_>, Vec<_>) = relay.external.iter().partition(|external| relay.allows(&external.region));
        for external in outside {
            tracing::info!("The relay {} stands in {}, through which no call may go: it is left out", external.urls[0], external.region);
        }
        let external = External::open_all(inside.into_iter()).await?;
        let built_in = match relay.region.clone().filter(|_| !relay.listen.is_empty()) {
            Some(region) => Some(BuiltIn::begin(config, relay, region, rng, calls).await?),
            None => None,
        };
        let mut regions = relay.regions.clone();
        if regions.is_empty() {
            regions.extend(built_in.iter().map(|built_in| built_in.region.clone()));
            regions.extend(external.iter().map(|external| external.region.clone()));
        }
        let relays = Self::of(built_in, external, regions, rng.clone());
        relays.tell_list().await;
        Ok(relays)
    }

    /// What one party's browser is given for a call, and the built-in relay told of it. The caller has proof that the call is on. `call`: a name
    /// that tells nobody anything. `listed_only`: the call goes through relays of these regions alone.
    pub async fn for_call(&self, call: &str, side: Side, listed_only: bool, now: Timestamp) -> Offer {
        let mut servers = Vec::new();
        let relays = self.all();
        for at in health::offered(&relays.iter().map(Relay::choice).collect::<Vec<_>>(), &self.0.regions) {
            match relays[at] {
                Relay::External(external) => {
                    servers.push(IceServer::new(external.urls(), self.credential(external.secret(), now, CALL_SECONDS)));
                }
                Relay::BuiltIn(built_in) => {
                    let made = self.credential(&built_in.keeper.secrets().call, now, CALL_SECONDS);
                    let grant = Order::Grant { call: call.to_owned(), side, username: made.username.clone(), listed_only };
                    match built_in.keeper.order(grant).await {
                        Ok(()) => servers.extend(built_in.server(made)),
                        Err(error) => tracing::warn!(?error, "A call begins without the built-in relay"),
                    }
                }
            }
        }
        Offer { servers, listed: self.listed() }
    }

    /// From where relays of the deployment's regions send, well or not.
    pub fn listed(&self) -> Vec<Listed> {
        let of = |relay: &Relay<'_>| {
            let addresses = match relay {
                Relay::BuiltIn(built_in) => built_in.addresses.clone(),
                Relay::External(external) => external.addresses(),
            };
            let region = relay.choice().region.clone();
            addresses
                .into_iter()
                .map(move |address| Listed { address: peers::canonical(address), region: region.clone() })
                .collect::<Vec<_>>()
        };
        self.all().iter().flat_map(of).collect()
    }

    /// The regions that calls may go through, in the order in which they are tried.
    pub fn regions(&self) -> &[Region] {
        &self.0.regions
    }

    /// Tells whenever a call would be offered other relays than before.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// What a browser is given to see whether it reaches the built-in relay: an address for a minute, and nothing passes. A coturn cannot
    /// withhold permissions, so none is given for one.
    pub fn for_check(&self, now: Timestamp) -> Vec<IceServer> {
        let Some(built_in) = &self.0.built_in else { return Vec::new() };
        built_in.server(self.credential(&built_in.keeper.secrets().check, now, CHECK_SECONDS)).into_iter().collect()
    }

    /// One party said that it may be reached there. Returns once the relay knows, so that the other party's first try is let through.
    pub async fn signalled(&self, call: &str, side: Side, address: IpAddr) {
        self.order(Order::Signalled { call: call.to_owned(), side, address }).await;
    }

    /// The call is over, or put back: what it has at the built-in relay is gone. A coturn cannot revoke; its own limits end it.
    pub async fn revoke(&self, call: &str) {
        self.order(Order::Revoke { call: call.to_owned() }).await;
    }

    /// The calls that the built-in relay was told of and that were not revoked.
    pub fn calls(&self) -> Vec<String> {
        self.0.built_in.as_ref().map(|built_in| built_in.keeper.calls()).unwrap_or_default()
    }

    /// True if a relay carries calls here.
    pub fn exist(&self) -> bool {
        self.0.built_in.is_some() || !self.0.external.is_empty()
    }

    /// Look after them for as long as the server runs. `calls`: asks which are on.
    pub async fn watch(self, calls: impl AsyncFn() -> anyhow::Result<Vec<String>>) {
        let built_in = async {
            match &self.0.built_in {
                Some(built_in) => tokio::join!(built_in.keeper.watch(calls), built_in.watch(&self.0.rng)).0,
                None => std::future::pending().await,
            }
        };
        let external = futures_util::future::join_all(self.0.external.iter().map(|external| external.watch(&self.0.rng)));
        tokio::join!(built_in, external, self.tell_changes());
    }

    /// Tell pages when a relay came or went, and the built-in relay from where the others send.
    async fn tell_changes(&self) {
        let (mut before, mut listed) = (self.offered_urls(), self.listed());
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.offered_urls();
            if now != before {
                before = now;
                self.0.changed.send_replace(());
            }
            let list = self.listed();
            if list != listed {
                listed = list;
                self.tell_list().await;
                self.0.changed.send_replace(());
            }
        }
    }

    fn offered_urls(&self) -> Vec<Vec<String>> {
        let relays = self.all();
        let offered = health::offered(&relays.iter().map(Relay::choice).collect::<Vec<_>>(), &self.0.regions);
        // Which of two is nearer changes nothing for a page.
        let mut urls: Vec<Vec<String>> = offered.into_iter().map(|at| relays[at].urls()).collect();
        urls.sort_unstable();
        urls
    }

    async fn tell_list(&self) {
        self.order(Order::Listed { addresses: self.listed().into_iter().map(|listed| listed.address).collect() }).await;
    }

    fn all(&self) -> Vec<Relay<'_>> {
        self.0.built_in.iter().map(Relay::BuiltIn).chain(self.0.external.iter().map(Relay::External)).collect()
    }

    /// End the built-in relay: a demonstration is over.
    pub async fn stop(&self) {
        if let Some(built_in) = &self.0.built_in {
            built_in.keeper.stop().await;
        }
    }

    async fn order(&self, order: Order) {
        let Some(built_in) = &self.0.built_in else { return };
        if let Err(error) = built_in.keeper.order(order).await {
            tracing::warn!(?error, "The relay was not told of a call's change. It will be once it is back");
        }
    }

    fn credential(&self, secret: &str, now: Timestamp, seconds: i64) -> Credential {
        Credential::new(&Secret::new(secret.to_owned()), now.0 / 1_000, seconds, self.0.rng.bytes())
    }
}

/// One of them.
enum Relay<'a> {
    BuiltIn(&'a BuiltIn),
    External(&'a External),
}

impl Relay<'_> {
    fn choice(&self) -> Choice<'_> {
        match self {
            Relay::BuiltIn(built_in) => Choice { region: &built_in.region, round_trip: built_in.round_trip() },
            Relay::External(external) => Choice { region: &external.region, round_trip: external.health().round_trip() },
        }
    }

    fn urls(&self) -> Vec<String> {
        match self {
            Relay::BuiltIn(built_in) => built_in.urls().unwrap_or_default(),
            Relay::External(external) => external.urls().to_vec(),
        }
    }
}

/// Where the server and its network check are to be reached from outside.
fn beside(config: &Config) -> Vec<IpAddr> {
    let check = config.network_check.iter().flat_map(|check| [Some(check.listen), check.public_address]).flatten();
    let mut all: Vec<IpAddr> = config.listen.iter().map(SocketAddr::ip).chain(check).map(peers::canonical).collect();
    all.retain(|address| peers::is_public(*address));
    all.sort_unstable();
    all.dedup();
    all
}

impl BuiltIn {
    async fn begin(config: &Config, relay: &RelayConfig, region: Region, rng: &Rng, calls: &[String]) -> anyhow::Result<Self> {
        let name = relay.name.clone().unwrap_or_else(|| config.host().to_owned());
        let here = if relay.addresses_here.is_empty() { &relay.addresses } else { &relay.addresses_here };
        let addresses = here.iter().zip(&relay.addresses).map(|(here, public)| Address { here: *here, public: *public });
        let shape = Shape {
            realm: name.clone(),
            listen: relay.listen.clone(),
            tls_listen: relay.tls_listen.clone(),
            addresses: addresses.collect(),
            beside: beside(config),
            ports: relay.ports,
            allocations_max: relay.allocations_max,
            loopback_allowed: relay.permit_loopback,
            lonely_seconds: relay.lonely_seconds.into(),
        };
        let version = assets::program_hash().map(hex::encode).unwrap_or_default();
        let secrets = Secrets { call: hex::encode(rng.bytes::<32>()), check: hex::encode(rng.bytes::<32>()) };
        let certificate = if relay.tls_listen.is_empty() { None } else { config.relay_certificate().cloned() };
        let folder = std::path::absolute(&config.data_dir)?;
        let keeper = Keeper::new(folder, version, shape, secrets, certificate);
        keeper.begin(calls).await?;
        let mut health = Health::default();
        // It has just answered an order.
        health.answered(Duration::ZERO);
        let health = Mutex::new(health);
        Ok(Self { keeper, region, addresses: relay.addresses.clone(), here: here.clone(), name, health })
    }

    fn server(&self, credential: Credential) -> Option<IceServer> {
        Some(IceServer::new(&self.urls()?, credential))
    }

    fn urls(&self) -> Option<Vec<String>> {
        Some(ice::urls(&self.keeper.bound()?, &self.addresses, &self.name))
    }

    /// How far away it is, while it runs and answers.
    fn round_trip(&self) -> Option<Duration> {
        self.keeper.bound().and(self.health.lock().unwrap_or_else(PoisonError::into_inner).round_trip())
    }

    /// Ask it over the network as clients do: a process that takes orders may still relay nothing.
    async fn watch(&self, rng: &Rng) {
        loop {
            let known = *self.health.lock().unwrap_or_else(PoisonError::into_inner);
            tokio::time::sleep(known.pause(rng.bytes::<1>()[0])).await;
            let answer = match self.place() {
                Some(place) => external::binding(place).await,
                None => None,
            };
            let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Some((_, round_trip)) => health.answered(round_trip),
                None => health.was_silent(),
            }
        }
    }

    fn place(&self) -> Option<SocketAddr> {
        let at = *self.keeper.bound()?.udp.first()?;
        let here = self.here.iter().find(|here| here.is_ipv4() == at.is_ipv4());
        Some(if at.ip().is_unspecified() { SocketAddr::new(*here?, at.port()) } else { at })
    }
}
