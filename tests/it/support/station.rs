//! Relays of a region as a deployment has them: real ones that pass for a coturn and can be cut off.

use super::front::{config, front};
use super::turn::{Relay, shape};
use anteroom::crypto::Rng;
use anteroom::relay::Side;
use anteroom::relay::control::{Address, Order, Shape};
use anteroom::relay::credential::{CALL_SECONDS, Credential};
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const SECRET: &str = "shared with the relays of a region";

/// A relay behind a line that can be cut. What its relayed addresses reach is cut with it, because nothing comes to its clients any more.
pub struct Station {
    pub region: &'static str,
    /// From where it sends.
    pub address: IpAddr,
    pub at: SocketAddr,
    pub up: Arc<AtomicBool>,
    relay: Mutex<Relay>,
}

impl Station {
    /// `listed`: the addresses of all relays that its calls may meet.
    pub fn new(region: &'static str, address: IpAddr, listed: &[IpAddr]) -> Self {
        let addresses = vec![Address { here: address, public: address }];
        let mut relay =
            Relay::keyed(SECRET, Shape { addresses, loopback_allowed: true, allocations_max: 400, lonely_seconds: 3_600, ..shape() });
        relay.tell(&Order::Listed { addresses: listed.to_vec() });
        let up = Arc::new(AtomicBool::new(true));
        let at = front(address, relay.status.bound.udp[0], up.clone());
        Self { region, address, at, up, relay: Mutex::new(relay) }
    }

    pub fn is_up(&self, up: bool) {
        self.up.store(up, Ordering::SeqCst);
    }

    pub fn config(&self) -> String {
        config(self.region, self.address, &[format!("turn:{}?transport=udp", self.at)], SECRET)
    }

    /// Let in whom `serve` gave a credential for it, as the built-in relay is told, and where each may be. `told`: the message `relays`. A test's clock
    /// stands elsewhere than the relay's, so the credential is made anew by the relay's.
    pub fn let_in(&self, call: &str, side: Side, told: &mut Value, listed: &[IpAddr]) {
        let mut relay = self.relay.lock().unwrap();
        for server in told["servers"].as_array_mut().unwrap() {
            if server["urls"][0].as_str().unwrap().contains(&format!("{}?", self.at)) {
                let now = SystemClock.now().0 / 1_000;
                let made = Credential::new(&Secret::new(SECRET.to_owned()), now, CALL_SECONDS, Rng::system().bytes());
                server["username"] = made.username.clone().into();
                server["credential"] = made.password.reveal().clone().into();
                relay.tell(&Order::Grant { call: call.to_owned(), side, username: made.username, listed_only: true });
            }
        }
        for address in listed {
            relay.tell(&Order::Signalled { call: call.to_owned(), side, address: *address });
        }
    }

    pub fn forget(&self, call: &str) {
        self.relay.lock().unwrap().tell(&Order::Revoke { call: call.to_owned() });
    }
}
