//! Requests that need a proof (RFC 8656): allocate, refresh, permit, bind. A nonce of ours comes before any MAC is computed.

use super::allocation::{Allocation, LIFE_SECONDS, Owner};
use super::{Client, Effect, Engine, Now, OpenPort};
use crate::relay::frame::CHANNELS;
use crate::relay::stun::{Class, Message, Method, Writer, kind};
use crate::relay::{credential, limits, peers};
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};

/// How long a nonce is good, and then as long again. Higher: fewer questions anew. Lower: less for whoever overheard one.
const NONCE_MS: u64 = 300_000;
const UDP: u32 = 17 << 24;
/// What a request may hold that must be understood.
const KNOWN: [u16; 12] = [
    kind::USERNAME,
    kind::REALM,
    kind::NONCE,
    kind::REQUESTED_TRANSPORT,
    kind::EVEN_PORT,
    kind::REQUESTED_ADDRESS_FAMILY,
    kind::LIFETIME,
    kind::XOR_PEER_ADDRESS,
    kind::CHANNEL_NUMBER,
    kind::DATA,
    kind::MESSAGE_INTEGRITY,
    kind::XOR_MAPPED_ADDRESS,
];

/// Who sent a request, proved.
struct Proved<'a> {
    username: &'a str,
    key: [u8; 16],
    owner: Owner,
}

/// Why a request is refused, with what a client is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    Unproved,
    Forbidden,
    UnknownAttribute,
    Mismatch,
    StaleNonce,
    Family,
    WrongUser,
    OnlyUdp,
    Quota,
    Full,
}

impl Refusal {
    fn code(self) -> (u16, &'static str) {
        match self {
            Refusal::Malformed => (400, "Bad Request"),
            Refusal::Unproved => (401, "Unauthenticated"),
            Refusal::Forbidden => (403, "Forbidden"),
            Refusal::UnknownAttribute => (420, "Unknown Attribute"),
            Refusal::Mismatch => (437, "Allocation Mismatch"),
            Refusal::StaleNonce => (438, "Stale Nonce"),
            Refusal::Family => (440, "Address Family not Supported"),
            Refusal::WrongUser => (441, "Wrong Credentials"),
            Refusal::OnlyUdp => (442, "Unsupported Transport Protocol"),
            Refusal::Quota => (486, "Allocation Quota Reached"),
            Refusal::Full => (508, "Insufficient Capacity"),
        }
    }
}

impl Engine {
    pub(super) fn request(&mut self, client: Client, message: &Message<'_>, now: Now, open: &mut OpenPort<'_>, out: &mut Vec<Effect>) {
        let proved = match self.prove(client, message, now) {
            Ok(proved) => proved,
            Err(refusal) => {
                let answer = self.refuse(client, message, refusal, now).finish();
                return self.answer_unproved(client, answer, now, out);
            }
        };
        let done = match message.method {
            _ if !message.unknown(&KNOWN).is_empty() => Err(Refusal::UnknownAttribute),
            Method::Allocate => self.allocate(client, message, &proved, now, open),
            Method::Refresh => self.refresh(client, message, now, out),
            Method::CreatePermission => self.permit(client, message, now),
            Method::ChannelBind => self.bind(client, message, now),
            _ => Err(Refusal::Malformed),
        };
        let answer = done.unwrap_or_else(|refusal| self.refuse(client, message, refusal, now).signed(&proved.key));
        out.push(Effect::ToClient { client, bytes: answer });
    }

    /// Who sent it. The name's end is looked at only where nothing is allocated yet: a browser keeps its first name for a whole call (RTC-14).
    fn prove<'a>(&self, client: Client, message: &Message<'a>, now: Now) -> Result<Proved<'a>, Refusal> {
        let (username, nonce) = (message.text(kind::USERNAME), message.text(kind::NONCE));
        let (true, Some(username), Some(nonce)) = (message.is_signed(), username, nonce) else { return Err(Refusal::Unproved) };
        if !self.is_fresh(nonce, client, now) {
            return Err(Refusal::StaleNonce);
        }
        if message.text(kind::REALM) != Some(&self.settings.realm) {
            return Err(Refusal::Unproved);
        }
        let (key, owner) = match self.allocations.get(&client) {
            Some(allocation) if allocation.username == username => (allocation.key, allocation.owner.clone()),
            Some(_) => return Err(Refusal::WrongUser),
            None => self.known(username, now).ok_or(Refusal::Unproved)?,
        };
        if message.proves(&key) { Ok(Proved { username, key, owner }) } else { Err(Refusal::Unproved) }
    }

    /// Whose name it is, while it opens something.
    fn known(&self, username: &str, now: Now) -> Option<([u8; 16], Owner)> {
        if let Some(grant) = self.calls.granted(username) {
            let open = credential::is_open(username, now.unix, credential::CALL_SECONDS);
            return open.then(|| (grant.key, Owner::Party { call: grant.call.clone(), side: grant.side }));
        }
        let open = credential::is_open(username, now.unix, credential::CHECK_SECONDS);
        let password = open.then(|| credential::password(&self.settings.check_secret, username))?;
        Some((credential::key(username, &self.settings.realm, &password), Owner::Check))
    }

    fn allocate(
        &mut self,
        client: Client,
        message: &Message<'_>,
        proved: &Proved<'_>,
        now: Now,
        open: &mut OpenPort<'_>,
    ) -> Result<Vec<u8>, Refusal> {
        if let Some(there) = self.allocations.get(&client) {
            let again = there.made_by == message.transaction;
            return if again { Ok(there.describe(Writer::answer(message, Class::Success), client, now)) } else { Err(Refusal::Mismatch) };
        }
        match message.number(kind::REQUESTED_TRANSPORT) {
            Some(UDP) => {}
            Some(_) => return Err(Refusal::OnlyUdp),
            None => return Err(Refusal::Malformed),
        }
        let address = self.address_of_family(message).ok_or(Refusal::Family)?;
        let even = match message.attribute(kind::EVEN_PORT) {
            None => false,
            Some([flags]) if flags & 0x80 == 0 => true,
            // The next port with it: nothing is kept for anybody.
            Some(_) => return Err(Refusal::Full),
        };
        self.has_room(client, proved)?;
        let port = open(address, even).ok_or(Refusal::Full)?;
        let relayed = SocketAddr::new(address, port);
        let mut allocation = Allocation::new(relayed, proved.owner.clone(), proved.username, proved.key, message.transaction, now);
        allocation.live_on(message.number(kind::LIFETIME).unwrap_or(LIFE_SECONDS), now);
        let answer = allocation.describe(Writer::answer(message, Class::Success), client, now);
        self.relayed.insert(relayed, client);
        self.allocations.insert(client, allocation);
        Ok(answer)
    }

    fn address_of_family(&self, message: &Message<'_>) -> Option<IpAddr> {
        let asked = message.attribute(kind::REQUESTED_ADDRESS_FAMILY).map(|value| value.first().copied());
        let six = match asked {
            None | Some(Some(1)) => false,
            Some(Some(2)) => true,
            Some(_) => return None,
        };
        self.settings.addresses.iter().copied().find(|address| address.is_ipv6() == six)
    }

    /// The quotas of RTC-15.
    fn has_room(&self, client: Client, proved: &Proved<'_>) -> Result<(), Refusal> {
        let of_name = self.allocations.iter().filter(|(_, allocation)| allocation.username == proved.username);
        let checks = self.allocations.values().filter(|allocation| allocation.owner == Owner::Check).count();
        let (within, asker) = match &proved.owner {
            Owner::Check => (of_name.filter(|(at, _)| at.transport == client.transport).count() == 0, limits::Asker::Check),
            Owner::Party { call, side } => {
                let of_call = || self.allocations.values().filter(|allocation| allocation.party().is_some_and(|(its, _)| its == call));
                let of_party = of_call().filter(|allocation| allocation.party().is_some_and(|(_, its)| its == *side)).count();
                let up = of_call().any(|allocation| allocation.heard_a_peer);
                let within = of_name.count() < limits::ALLOCATIONS_PER_CREDENTIAL && of_party < limits::ALLOCATIONS_PER_PARTY;
                (within, if up { limits::Asker::CallThatIsUp } else { limits::Asker::NewCall })
            }
        };
        let fits = limits::fits(asker, self.allocations.len(), checks, self.settings.allocations_max);
        match (within, fits) {
            (true, true) => Ok(()),
            (false, _) => Err(Refusal::Quota),
            (true, false) => Err(Refusal::Full),
        }
    }

    fn refresh(&mut self, client: Client, message: &Message<'_>, now: Now, out: &mut Vec<Effect>) -> Result<Vec<u8>, Refusal> {
        let allocation = self.allocations.get_mut(&client).ok_or(Refusal::Mismatch)?;
        let key = allocation.key;
        let seconds = match message.number(kind::LIFETIME).unwrap_or(LIFE_SECONDS) {
            0 => Some(0),
            asked => allocation.live_on(asked, now),
        };
        if seconds.unwrap_or(0) == 0 {
            self.free(client, out);
        }
        let seconds = seconds.ok_or(Refusal::Mismatch)?;
        Ok(Writer::answer(message, Class::Success).number(kind::LIFETIME, seconds).signed(&key))
    }

    fn permit(&mut self, client: Client, message: &Message<'_>, now: Now) -> Result<Vec<u8>, Refusal> {
        let peers = message.peers().filter(|peers| !peers.is_empty()).ok_or(Refusal::Malformed)?;
        let allocation = self.allocations.get(&client).ok_or(Refusal::Mismatch)?;
        let peers: Vec<SocketAddr> = peers.into_iter().map(meant).collect();
        if !peers.iter().all(|peer| self.may_reach(allocation, *peer)) {
            return Err(Refusal::Forbidden);
        }
        let allocation = self.allocations.get_mut(&client).ok_or(Refusal::Mismatch)?;
        peers.iter().try_for_each(|peer| allocation.permit(peer.ip(), now)).map_err(|_| Refusal::Full)?;
        Ok(Writer::answer(message, Class::Success).signed(&allocation.key))
    }

    fn bind(&mut self, client: Client, message: &Message<'_>, now: Now) -> Result<Vec<u8>, Refusal> {
        let channel = message.number(kind::CHANNEL_NUMBER).and_then(|number| u16::try_from(number >> 16).ok());
        let channel = channel.filter(|channel| CHANNELS.contains(channel)).ok_or(Refusal::Malformed)?;
        let peer = message.address(kind::XOR_PEER_ADDRESS).map(meant).ok_or(Refusal::Malformed)?;
        let allocation = self.allocations.get(&client).ok_or(Refusal::Mismatch)?;
        if !self.may_reach(allocation, peer) {
            return Err(Refusal::Forbidden);
        }
        let allocation = self.allocations.get_mut(&client).ok_or(Refusal::Mismatch)?;
        allocation.bind(channel, peer, now).map_err(|_| Refusal::Malformed)?;
        Ok(Writer::answer(message, Class::Success).signed(&allocation.key))
    }

    fn refuse(&self, client: Client, message: &Message<'_>, refusal: Refusal, now: Now) -> Writer {
        let (code, reason) = refusal.code();
        let answer = Writer::answer(message, Class::Error).error(code, reason);
        match refusal {
            Refusal::Unproved | Refusal::StaleNonce => {
                let nonce = self.nonce(client, now.ms / NONCE_MS);
                answer.attribute(kind::REALM, self.settings.realm.as_bytes()).attribute(kind::NONCE, nonce.as_bytes())
            }
            Refusal::UnknownAttribute => {
                let unknown: Vec<u8> = message.unknown(&KNOWN).iter().flat_map(|kind| kind.to_be_bytes()).collect();
                answer.attribute(kind::UNKNOWN_ATTRIBUTES, &unknown)
            }
            _ => answer,
        }
    }

    /// Bound to the client's address, so that nobody uses another's, and kept nowhere.
    pub(super) fn nonce(&self, client: Client, period: u64) -> String {
        hex::encode(self.nonces.hash_one((client, period)).to_be_bytes())
    }

    fn is_fresh(&self, nonce: &str, client: Client, now: Now) -> bool {
        let period = now.ms / NONCE_MS;
        nonce == self.nonce(client, period) || period.checked_sub(1).is_some_and(|before| nonce == self.nonce(client, before))
    }
}

fn meant(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peers::canonical(peer.ip()), peer.port())
}
