//! What a TURN server does with each datagram, as a pure machine: no socket, no clock, no randomness. The driver hands it bytes and performs the
//! effects.
//!
//! **Who is in a call is told, never asked**: `serve` names the two parties' credentials and the addresses that each signalled. What nobody
//! named is a stranger's.
//! **A datagram is looked at again each time**: permission, channel, address, port and rate, in both directions.
//! **Two allocations of one call meet in here**: what goes from one to the other never touches a socket.

mod allocation;
mod calls;
mod requests;
#[cfg(test)]
mod tests;

use super::frame;
use super::limits::Answers;
use super::peers::{self, Policy};
use super::stun::{Class, Message, Method, Writer, kind};
use crate::secret::Secret;
use allocation::Allocation;
use calls::Calls;
pub use calls::{SIGNALLED_MAX, Side};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::net::{IpAddr, SocketAddr};

/// How a client reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// One end of a client's five-tuple, and at which of our sockets the other is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    pub address: SocketAddr,
    pub transport: Transport,
    pub at: usize,
}

/// When something happens.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Milliseconds since the relay began: lives and rates.
    pub ms: u64,
    /// Seconds since 1970: what a name says.
    pub unix: i64,
}

/// What the driver does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A message to a client. On a stream the driver pads it.
    ToClient { client: Client, bytes: Vec<u8> },
    /// A datagram out of a relayed address.
    ToPeer { relayed: SocketAddr, peer: SocketAddr, bytes: Vec<u8> },
    /// This relayed address is nobody's any more.
    Close { relayed: SocketAddr },
}

/// Opens a socket for a relayed address, at an even port if it must be: the port that it took, or nothing.
pub type OpenPort<'a> = dyn FnMut(IpAddr, bool) -> Option<u16> + 'a;

/// What one relay is told at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    pub realm: String,
    /// What the relayed addresses are to others, at most one of each family.
    pub addresses: Vec<IpAddr>,
    pub policy: Policy,
    pub allocations_max: usize,
    pub call_secret: Secret<String>,
    pub check_secret: Secret<String>,
}

/// The relay's state. All of it can be lost: calls find another way.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    /// Keyed by the operating system when the process began.
    nonces: RandomState,
    answers: Answers,
    calls: Calls,
    /// From where the relays of this deployment's regions send.
    listed: Vec<IpAddr>,
    allocations: HashMap<Client, Allocation>,
    relayed: HashMap<SocketAddr, Client>,
}

/// What the relay tells of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub allocations: usize,
    pub calls: usize,
}

impl Engine {
    pub fn new(settings: Settings, nonces: RandomState, now: Now) -> Self {
        Self {
            settings,
            nonces,
            answers: Answers::new(now.ms),
            calls: Calls::default(),
            listed: Vec::new(),
            allocations: HashMap::new(),
            relayed: HashMap::new(),
        }
    }

    pub fn counts(&self) -> Counts {
        Counts { allocations: self.allocations.len(), calls: self.calls.len() }
    }

    pub fn has_allocation(&self, client: Client) -> bool {
        self.allocations.contains_key(&client)
    }

    /// Other secrets from now on. What was opened with the old ones goes on.
    pub fn use_secrets(&mut self, call: Secret<String>, check: Secret<String>) {
        (self.settings.call_secret, self.settings.check_secret) = (call, check);
    }

    /// One message of a client, framed.
    pub fn from_client(&mut self, client: Client, bytes: &[u8], now: Now, open: &mut OpenPort<'_>, out: &mut Vec<Effect>) {
        if let Some((channel, data)) = frame::channel_data(bytes) {
            return self.channel_data(client, channel, data, now, out);
        }
        let Ok(message) = Message::read(bytes) else { return };
        match (message.method, message.class) {
            (Method::Send, Class::Indication) => self.send(client, &message, now, out),
            (Method::Binding, Class::Request) => {
                let answer = Writer::answer(&message, Class::Success).address(kind::XOR_MAPPED_ADDRESS, client.address).finish();
                self.answer_unproved(client, answer, now, out);
            }
            (_, Class::Request) => self.request(client, &message, now, open, out),
            _ => {}
        }
    }

    /// A datagram came to a relayed address.
    pub fn from_peer(&mut self, relayed: SocketAddr, peer: SocketAddr, data: &[u8], now: Now, out: &mut Vec<Effect>) {
        // Nobody outside is at one of our addresses: what says so is forged.
        if !self.is_ours(peer.ip()) {
            self.deliver(relayed, peer, data, now, out);
        }
    }

    /// A client's stream ended.
    pub fn client_gone(&mut self, client: Client, out: &mut Vec<Effect>) {
        self.free(client, out);
    }

    /// Let go of what is over.
    pub fn tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        let over = self.allocations.iter().filter(|(_, allocation)| allocation.is_over(now)).map(|(client, _)| *client);
        for client in over.collect::<Vec<_>>() {
            self.free(client, out);
        }
        let used = self.allocations.values().filter_map(Allocation::call).collect();
        self.calls.forget_ended(now.unix, &used);
    }

    /// One party's credential. Told again, nothing changes but whether the call goes through listed relays alone.
    pub fn grant(&mut self, call: &str, side: Side, username: &str, listed_only: bool) {
        let settings = &self.settings;
        self.calls.hold_to_list(call, listed_only);
        self.calls.grant(call, side, username, &settings.call_secret, &settings.realm);
    }

    /// From now on these are the relays of the deployment's regions.
    pub fn list(&mut self, addresses: &[IpAddr]) {
        self.listed = addresses.iter().copied().map(peers::canonical).collect();
    }

    /// One party signalled that it may be reached there.
    pub fn signalled(&mut self, call: &str, side: Side, address: IpAddr) {
        self.calls.signalled(call, side, peers::canonical(address));
    }

    /// The call is over, or it is put back: its allocations and credentials are nobody's any more.
    pub fn revoke(&mut self, call: &str, out: &mut Vec<Effect>) {
        self.calls.forget(call);
        let its = self.allocations.iter().filter(|(_, allocation)| allocation.call().as_deref() == Some(call)).map(|(client, _)| *client);
        for client in its.collect::<Vec<_>>() {
            self.free(client, out);
        }
    }

    /// These calls are on and no others.
    pub fn keep(&mut self, on: &[String], out: &mut Vec<Effect>) {
        for call in self.calls.names().into_iter().filter(|call| !on.contains(call)) {
            self.revoke(&call, out);
        }
    }

    fn free(&mut self, client: Client, out: &mut Vec<Effect>) {
        if let Some(allocation) = self.allocations.remove(&client) {
            self.relayed.remove(&allocation.relayed);
            out.push(Effect::Close { relayed: allocation.relayed });
        }
    }

    fn send(&mut self, client: Client, message: &Message<'_>, now: Now, out: &mut Vec<Effect>) {
        let (Some(peer), Some(data)) = (message.address(kind::XOR_PEER_ADDRESS), message.attribute(kind::DATA)) else { return };
        self.forward(client, peer, data, now, out);
    }

    fn channel_data(&mut self, client: Client, channel: u16, data: &[u8], now: Now, out: &mut Vec<Effect>) {
        let peer = self.allocations.get(&client).and_then(|allocation| allocation.peer_on(channel, now));
        if let Some(peer) = peer {
            self.forward(client, peer, data, now, out);
        }
    }

    /// From a client to a peer, if all that is asked of it still holds.
    fn forward(&mut self, client: Client, peer: SocketAddr, data: &[u8], now: Now, out: &mut Vec<Effect>) {
        let peer = SocketAddr::new(peers::canonical(peer.ip()), peer.port());
        let allowed =
            self.allocations.get(&client).is_some_and(|allocation| allocation.permits(peer.ip(), now) && self.may_reach(allocation, peer));
        let Some(allocation) = self.allocations.get_mut(&client).filter(|_| allowed) else { return };
        if !allocation.may_carry(data.len(), now) {
            return;
        }
        let relayed = allocation.relayed;
        if self.is_ours(peer.ip()) {
            return self.deliver(peer, relayed, data, now, out);
        }
        out.push(Effect::ToPeer { relayed, peer, bytes: data.to_vec() });
    }

    /// To the client of a relayed address, if it lets the peer in.
    fn deliver(&mut self, relayed: SocketAddr, peer: SocketAddr, data: &[u8], now: Now, out: &mut Vec<Effect>) {
        let Some(client) = self.relayed.get(&relayed).copied() else { return };
        let peer = SocketAddr::new(peers::canonical(peer.ip()), peer.port());
        let let_in =
            self.allocations.get(&client).is_some_and(|allocation| allocation.permits(peer.ip(), now) && self.may_reach(allocation, peer));
        let Some(allocation) = self.allocations.get_mut(&client).filter(|_| let_in) else { return };
        if !allocation.may_carry(data.len(), now) {
            return;
        }
        allocation.heard_a_peer = true;
        let bytes = match allocation.channel_of(peer, now) {
            Some(channel) => frame::on_channel(channel, data),
            None => allocation.data_indication(peer, data),
        };
        out.push(Effect::ToClient { client, bytes });
    }

    /// RTC-12: an address that the other party signalled and that is not inside, or a relayed address of the other party of the same call. Of a
    /// call that goes through relays alone, a relay of the deployment's regions besides: whatever was signalled.
    fn may_reach(&self, allocation: &Allocation, peer: SocketAddr) -> bool {
        let Some((call, side)) = allocation.party() else { return false };
        if peer.is_ipv4() != allocation.relayed.is_ipv4() {
            return false;
        }
        if self.is_ours(peer.ip()) {
            let there = self.relayed.get(&peer).and_then(|client| self.allocations.get(client)).and_then(Allocation::party);
            return there == Some((call, side.other()));
        }
        let listed = !self.calls.is_held_to_list(call) || self.listed.contains(&peer.ip());
        listed && self.settings.policy.allows(peer) && self.calls.has_signalled(call, side.other(), peer.ip())
    }

    /// Where our relayed addresses are. `ip`: as it is meant.
    fn is_ours(&self, ip: IpAddr) -> bool {
        self.settings.addresses.contains(&peers::canonical(ip))
    }

    /// Answer somebody who proved nothing, unless too many of their network ask (RTC-15). This machine itself is always answered: `serve` asks whether
    /// we are well, and neighbours that ask too much must not make us look ill.
    fn answer_unproved(&mut self, client: Client, bytes: Vec<u8>, now: Now, out: &mut Vec<Effect>) {
        let own = self.settings.policy.own.contains(&peers::canonical(client.address.ip()));
        if own || self.answers.may(client.address.ip(), now.ms) {
            out.push(Effect::ToClient { client, bytes });
        }
    }
}
