//! One allocation: a client's relayed address, whom it lets in, and until when.

use super::calls::Side;
use super::{Client, Now};
use crate::relay::credential::CHECK_SECONDS;
use crate::relay::limits::{BYTES_PER_SECOND, Bucket};
use crate::relay::stun::{Class, Method, Transaction, Writer, kind};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// RFC 8656, 7.2 and 9 and 12.
pub(super) const LIFE_SECONDS: u32 = 600;
const LIFE_SECONDS_MAX: u32 = 3_600;
const PERMISSION_MS: u64 = 300_000;
const CHANNEL_MS: u64 = 600_000;
/// However long the call goes on (RTC-14).
const AGE_MS_MAX: u64 = 4 * 3_600_000;
/// As many as candidates that one page may send.
const PEERS_MAX: usize = 64;

/// Whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Party {
        call: Arc<str>,
        side: Side,
    },
    /// A ready check: the relayed address is the proof, nothing passes.
    Check,
}

#[derive(Debug)]
pub(super) struct Allocation {
    pub(super) relayed: SocketAddr,
    pub(super) owner: Owner,
    pub(super) username: String,
    pub(super) key: [u8; 16],
    /// Of the request that made it: said again, it is answered again.
    pub(super) made_by: Transaction,
    /// Something came in: the call is up.
    pub(super) heard_a_peer: bool,
    made_ms: u64,
    ends_ms: u64,
    permissions: HashMap<IpAddr, u64>,
    channels: HashMap<u16, (SocketAddr, u64)>,
    numbers: HashMap<SocketAddr, u16>,
    rate: Bucket,
    indications: u64,
}

/// There are too many peers, or the channel is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotThis;

impl Allocation {
    pub(super) fn new(relayed: SocketAddr, owner: Owner, username: &str, key: [u8; 16], made_by: Transaction, now: Now) -> Self {
        Self {
            relayed,
            owner,
            username: username.to_owned(),
            key,
            made_by,
            heard_a_peer: false,
            made_ms: now.ms,
            ends_ms: now.ms,
            permissions: HashMap::new(),
            channels: HashMap::new(),
            numbers: HashMap::new(),
            rate: Bucket::new(BYTES_PER_SECOND, now.ms),
            indications: 0,
        }
    }

    /// Live on for as long as was asked and is allowed: so many seconds. `None`: it has had its time.
    pub(super) fn live_on(&mut self, asked: u32, now: Now) -> Option<u32> {
        let oldest = match self.owner {
            Owner::Party { .. } => AGE_MS_MAX,
            Owner::Check => CHECK_SECONDS.unsigned_abs() * 1_000,
        };
        let left_ms = (self.made_ms + oldest).saturating_sub(now.ms);
        let seconds = u64::from(asked.clamp(LIFE_SECONDS, LIFE_SECONDS_MAX)).min(left_ms / 1_000);
        self.ends_ms = now.ms + seconds * 1_000;
        u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }

    pub(super) fn seconds_left(&self, now: Now) -> u32 {
        u32::try_from(self.ends_ms.saturating_sub(now.ms) / 1_000).unwrap_or(0)
    }

    pub(super) fn is_over(&self, now: Now) -> bool {
        now.ms >= self.ends_ms
    }

    pub(super) fn party(&self) -> Option<(&Arc<str>, Side)> {
        match &self.owner {
            Owner::Party { call, side } => Some((call, *side)),
            Owner::Check => None,
        }
    }

    pub(super) fn call(&self) -> Option<Arc<str>> {
        self.party().map(|(call, _)| call.clone())
    }

    /// Let a peer in. The relay has looked whether it may.
    pub(super) fn permit(&mut self, peer: IpAddr, now: Now) -> Result<(), NotThis> {
        self.permissions.retain(|_, until| *until > now.ms);
        if self.permissions.len() >= PEERS_MAX && !self.permissions.contains_key(&peer) {
            return Err(NotThis);
        }
        self.permissions.insert(peer, now.ms + PERMISSION_MS);
        Ok(())
    }

    pub(super) fn permits(&self, peer: IpAddr, now: Now) -> bool {
        !self.is_over(now) && self.permissions.get(&peer).is_some_and(|until| *until > now.ms)
    }

    /// A channel has one peer and a peer one channel, until both are forgotten.
    pub(super) fn bind(&mut self, channel: u16, peer: SocketAddr, now: Now) -> Result<(), NotThis> {
        self.channels.retain(|_, (_, until)| *until > now.ms);
        self.numbers.retain(|_, number| self.channels.contains_key(number));
        let taken = self.channels.get(&channel).is_some_and(|(bound, _)| *bound != peer);
        let named = self.numbers.get(&peer).is_some_and(|number| *number != channel);
        if taken || named || (self.channels.len() >= PEERS_MAX && !self.channels.contains_key(&channel)) {
            return Err(NotThis);
        }
        self.permit(peer.ip(), now)?;
        self.channels.insert(channel, (peer, now.ms + CHANNEL_MS));
        self.numbers.insert(peer, channel);
        Ok(())
    }

    pub(super) fn peer_on(&self, channel: u16, now: Now) -> Option<SocketAddr> {
        self.channels.get(&channel).filter(|(_, until)| *until > now.ms).map(|(peer, _)| *peer)
    }

    pub(super) fn channel_of(&self, peer: SocketAddr, now: Now) -> Option<u16> {
        let number = *self.numbers.get(&peer)?;
        self.peer_on(number, now).map(|_| number)
    }

    /// Whether so many bytes fit into its rate.
    pub(super) fn may_carry(&mut self, bytes: usize, now: Now) -> bool {
        u32::try_from(bytes).is_ok_and(|bytes| self.rate.take(bytes, BYTES_PER_SECOND, now.ms))
    }

    pub(super) fn data_indication(&mut self, peer: SocketAddr, data: &[u8]) -> Vec<u8> {
        self.indications += 1;
        let mut transaction = [0; 12];
        transaction[4..].copy_from_slice(&self.indications.to_be_bytes());
        let message = Writer::new(Method::Data, Class::Indication, transaction);
        message.address(kind::XOR_PEER_ADDRESS, peer).attribute(kind::DATA, data).plain()
    }

    /// What the client is told of it.
    pub(super) fn describe(&self, answer: Writer, client: Client, now: Now) -> Vec<u8> {
        answer
            .address(kind::XOR_RELAYED_ADDRESS, self.relayed)
            .number(kind::LIFETIME, self.seconds_left(now))
            .address(kind::XOR_MAPPED_ADDRESS, client.address)
            .signed(&self.key)
    }
}
