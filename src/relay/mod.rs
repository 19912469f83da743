//! The relay: STUN and TURN (RFC 8489, RFC 8656) for calls that find no direct way.
//!
//! It carries what two browsers encrypted for each other, and can read none of it. The built-in one is a process of its own ([`process`]), with
//! no key of the clinic, no database and an empty environment. It outlives a restart of `serve`, and so do the calls through it. [`engine`]
//! decides, [`driver`] moves bytes, [`keeper`] is `serve`'s part. A coturn of one's own takes its place, or stands beside it, by configuration.
//!
//! A credential is given after admission only; that is for the caller to know, who is in the call.

pub mod control;
pub mod credential;
pub mod driver;
pub mod engine;
mod external;
pub mod frame;
mod ice;
mod keeper;
pub mod limits;
pub mod peers;
pub mod process;
pub mod stun;

pub use engine::Side;
pub use ice::{IceServer, Way};

use crate::config::{Config, RelayConfig};
use crate::crypto::Rng;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::web::assets;
use control::{Address, Order, Secrets, Shape};
use credential::{CALL_SECONDS, CHECK_SECONDS, Credential};
use external::External;
use keeper::Keeper;
use std::net::IpAddr;
use std::sync::Arc;

/// The relays of this deployment. Cheap to clone.
#[derive(Clone)]
pub struct Relays(Arc<Inner>);

struct Inner {
    built_in: Option<BuiltIn>,
    external: Vec<External>,
    rng: Rng,
}

struct BuiltIn {
    keeper: Keeper,
    addresses: Vec<IpAddr>,
    name: String,
}

impl Relays {
    /// None: calls find their own way.
    pub fn none() -> Self {
        Self(Arc::new(Inner { built_in: None, external: Vec::new(), rng: Rng::system() }))
    }

    /// Those of the configuration. The built-in one is taken over or started, coturns are asked for their version. `calls`: those that are on.
    pub async fn start(config: &Config, rng: &Rng, calls: &[String]) -> anyhow::Result<Self> {
        let Some(relay) = &config.relay else { return Ok(Self::none()) };
        let built_in = if relay.listen.is_empty() { None } else { Some(BuiltIn::begin(config, relay, rng, calls).await?) };
        let external = External::open_all(&relay.external).await?;
        Ok(Self(Arc::new(Inner { built_in, external, rng: rng.clone() })))
    }

    /// What one party's browser is given for a call, and the built-in relay told of it. The caller has proof that the call is on. `call`: a name
    /// that tells nobody anything.
    pub async fn for_call(&self, call: &str, side: Side, now: Timestamp) -> Vec<IceServer> {
        let mut servers = Vec::new();
        if let Some(built_in) = &self.0.built_in {
            let made = self.credential(&built_in.keeper.secrets().call, now, CALL_SECONDS);
            let grant = Order::Grant { call: call.to_owned(), side, username: made.username.clone() };
            match built_in.keeper.order(grant).await {
                Ok(()) => servers.extend(built_in.server(made)),
                Err(error) => tracing::warn!(?error, "A call begins without the built-in relay"),
            }
        }
        let external = self.0.external.iter().filter(|external| external.is_good());
        servers.extend(external.map(|external| IceServer::new(external.urls(), self.credential(external.secret(), now, CALL_SECONDS))));
        servers
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

    /// These calls are on, and no others.
    pub async fn keep(&self, calls: Vec<String>) {
        self.order(Order::Keep { calls }).await;
    }

    /// True if a relay carries calls here.
    pub fn exist(&self) -> bool {
        self.0.built_in.is_some() || !self.0.external.is_empty()
    }

    /// Look after them for as long as the server runs. `calls`: asks which are on.
    pub async fn watch(self, calls: impl AsyncFn() -> anyhow::Result<Vec<String>>) {
        let built_in = async {
            match &self.0.built_in {
                Some(built_in) => built_in.keeper.watch(calls).await,
                None => std::future::pending().await,
            }
        };
        tokio::join!(built_in, External::watch_all(&self.0.external));
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

impl BuiltIn {
    async fn begin(config: &Config, relay: &RelayConfig, rng: &Rng, calls: &[String]) -> anyhow::Result<Self> {
        let name = relay.name.clone().unwrap_or_else(|| config.host().to_owned());
        let here = if relay.addresses_here.is_empty() { &relay.addresses } else { &relay.addresses_here };
        let addresses = here.iter().zip(&relay.addresses).map(|(here, public)| Address { here: *here, public: *public });
        let shape = Shape {
            realm: name.clone(),
            listen: relay.listen.clone(),
            tls_listen: relay.tls_listen.clone(),
            addresses: addresses.collect(),
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
        Ok(Self { keeper, addresses: relay.addresses.clone(), name })
    }

    fn server(&self, credential: Credential) -> Option<IceServer> {
        let bound = self.keeper.bound()?;
        Some(IceServer::new(&ice::urls(&bound, &self.addresses, &self.name), credential))
    }
}
