//! Messages of STUN and TURN (RFC 8489, RFC 8656): read from hostile bytes, written within a bound. Pure.
//!
//! Reads one message that fills its bytes exactly, and refuses everything else. Attributes are looked at where they lie; the first of a kind
//! counts, and nothing behind MESSAGE-INTEGRITY does.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub const HEADER_BYTES: usize = 20;
const COOKIE: u32 = 0x2112_A442;
const INTEGRITY_BYTES: usize = 20;
/// What a message may hold besides data. Higher: odder clients. Lower: less work for a stranger's packet.
const ATTRIBUTES_MAX: usize = 32;

pub type Transaction = [u8; 12];

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Binding,
    Allocate,
    Refresh,
    Send,
    Data,
    CreatePermission,
    ChannelBind,
}

impl Method {
    const ALL: [(Method, u16); 7] = [
        (Method::Binding, 0x001),
        (Method::Allocate, 0x003),
        (Method::Refresh, 0x004),
        (Method::Send, 0x006),
        (Method::Data, 0x007),
        (Method::CreatePermission, 0x008),
        (Method::ChannelBind, 0x009),
    ];

    fn number(self) -> u16 {
        Self::ALL.iter().find(|(method, _)| *method == self).map_or(0, |(_, number)| *number)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Request,
    Indication,
    Success,
    Error,
}

impl Class {
    const ALL: [Class; 4] = [Class::Request, Class::Indication, Class::Success, Class::Error];

    fn bits(self) -> u16 {
        [0x000, 0x010, 0x100, 0x110][self as usize]
    }
}

/// The attributes that we know.
pub mod kind {
    pub const USERNAME: u16 = 0x0006;
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub const ERROR_CODE: u16 = 0x0009;
    pub const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
    pub const CHANNEL_NUMBER: u16 = 0x000C;
    pub const LIFETIME: u16 = 0x000D;
    pub const XOR_PEER_ADDRESS: u16 = 0x0012;
    pub const DATA: u16 = 0x0013;
    pub const REALM: u16 = 0x0014;
    pub const NONCE: u16 = 0x0015;
    pub const XOR_RELAYED_ADDRESS: u16 = 0x0016;
    pub const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
    pub const EVEN_PORT: u16 = 0x0018;
    pub const REQUESTED_TRANSPORT: u16 = 0x0019;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const SOFTWARE: u16 = 0x8022;
    pub const FINGERPRINT: u16 = 0x8028;
    /// From here on, whoever does not know an attribute passes over it.
    pub const OPTIONAL: u16 = 0x8000;
}

/// A message that was read.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    pub method: Method,
    pub class: Class,
    pub transaction: Transaction,
    bytes: &'a [u8],
    attributes: Vec<(u16, &'a [u8])>,
    /// Where MESSAGE-INTEGRITY begins, and what it says.
    integrity: Option<(usize, &'a [u8])>,
}

/// The bytes are no message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotStun;

impl<'a> Message<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, NotStun> {
        let header = bytes.get(..HEADER_BYTES).ok_or(NotStun)?;
        let (first, length) = (number(header, 0), usize::from(number(header, 2)));
        if first & 0xC000 != 0 || header[4..8] != COOKIE.to_be_bytes() || length % 4 != 0 || bytes.len() != HEADER_BYTES + length {
            return Err(NotStun);
        }
        let class = *Class::ALL.iter().find(|class| class.bits() == first & 0x0110).ok_or(NotStun)?;
        let (method, _) = Method::ALL.iter().find(|(_, number)| *number == first & !0x0110).ok_or(NotStun)?;
        let transaction = header[8..].try_into().map_err(|_| NotStun)?;
        let mut message = Self { method: *method, class, transaction, bytes, attributes: Vec::new(), integrity: None };
        message.read_attributes()?;
        Ok(message)
    }

    fn read_attributes(&mut self) -> Result<(), NotStun> {
        let mut at = HEADER_BYTES;
        for _ in 0..=ATTRIBUTES_MAX {
            if at == self.bytes.len() {
                return Ok(());
            }
            let head = self.bytes.get(at..at + 4).ok_or(NotStun)?;
            let (kind, length) = (number(head, 0), usize::from(number(head, 2)));
            let value = self.bytes.get(at + 4..at + 4 + length).ok_or(NotStun)?;
            match kind {
                // The last thing of a message, and right.
                kind::FINGERPRINT => {
                    let whole = at + 8 == self.bytes.len() && value == fingerprint(&self.bytes[..at]);
                    return if whole { Ok(()) } else { Err(NotStun) };
                }
                _ if self.integrity.is_some() => {}
                kind::MESSAGE_INTEGRITY if length == INTEGRITY_BYTES => self.integrity = Some((at, value)),
                kind::MESSAGE_INTEGRITY => return Err(NotStun),
                _ => self.attributes.push((kind, value)),
            }
            at += 4 + length.next_multiple_of(4);
            if at > self.bytes.len() {
                return Err(NotStun);
            }
        }
        Err(NotStun)
    }

    pub fn attribute(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes.iter().find(|(known, _)| *known == kind).map(|(_, value)| *value)
    }

    pub fn text(&self, kind: u16) -> Option<&'a str> {
        std::str::from_utf8(self.attribute(kind)?).ok()
    }

    pub fn number(&self, kind: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.attribute(kind)?.try_into().ok()?))
    }

    /// The address in an attribute that hides it from gateways (RFC 8489, 14.2).
    pub fn address(&self, kind: u16) -> Option<SocketAddr> {
        read_address(self.attribute(kind)?, &self.transaction)
    }

    /// Every XOR-PEER-ADDRESS. `None` when one of them is none.
    pub fn peers(&self) -> Option<Vec<SocketAddr>> {
        let peers = self.attributes.iter().filter(|(kind, _)| *kind == kind::XOR_PEER_ADDRESS);
        peers.map(|(_, value)| read_address(value, &self.transaction)).collect()
    }

    /// Those that must be understood and are not in `known`.
    pub fn unknown(&self, known: &[u16]) -> Vec<u16> {
        let must = self.attributes.iter().map(|(kind, _)| *kind).filter(|kind| *kind < kind::OPTIONAL);
        must.filter(|kind| !known.contains(kind)).collect()
    }

    pub fn is_signed(&self) -> bool {
        self.integrity.is_some()
    }

    /// Whether whoever sent it knows the key.
    pub fn proves(&self, key: &[u8]) -> bool {
        let Some((at, value)) = self.integrity else { return false };
        integrity(&self.bytes[..at], key).is_some_and(|mac| mac.verify_slice(value).is_ok())
    }
}

fn number(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// The MAC over a message up to its MESSAGE-INTEGRITY, with the length that it has with it.
fn integrity(before: &[u8], key: &[u8]) -> Option<Hmac<Sha1>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).ok()?;
    let length = u16::try_from(before.len() - HEADER_BYTES + 4 + INTEGRITY_BYTES).ok()?;
    mac.update(&before[..2]);
    mac.update(&length.to_be_bytes());
    mac.update(&before[4..]);
    Some(mac)
}

/// Over a message up to its FINGERPRINT, whose length is in the header already when it is read.
fn fingerprint(before: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    let length = u16::try_from(before.len() - HEADER_BYTES + 8).unwrap_or(u16::MAX);
    crc.update(&before[..2]);
    crc.update(&length.to_be_bytes());
    crc.update(&before[4..]);
    (crc.finalize() ^ 0x5354_554E).to_be_bytes()
}

fn read_address(value: &[u8], transaction: &Transaction) -> Option<SocketAddr> {
    let port = number(value.get(..4)?, 2) ^ (COOKIE >> 16) as u16;
    let ip = match (value[1], &value[4..]) {
        (1, bytes) => IpAddr::V4(Ipv4Addr::from(u32::from_be_bytes(bytes.try_into().ok()?) ^ COOKIE)),
        (2, bytes) => IpAddr::V6(Ipv6Addr::from(u128::from_be_bytes(bytes.try_into().ok()?) ^ mask(transaction))),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn mask(transaction: &Transaction) -> u128 {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(transaction);
    u128::from_be_bytes(mask)
}

/// A message that is being written.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    transaction: Transaction,
}

impl Writer {
    pub fn new(method: Method, class: Class, transaction: Transaction) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&(method.number() | class.bits()).to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&COOKIE.to_be_bytes());
        bytes.extend_from_slice(&transaction);
        Self { bytes, transaction }
    }

    /// The answer to a request.
    pub fn answer(request: &Message<'_>, class: Class) -> Self {
        Self::new(request.method, class, request.transaction)
    }

    /// `value`: at most as long as a datagram.
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        let value = &value[..usize::from(length)];
        self.bytes.extend_from_slice(&kind.to_be_bytes());
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.measure()
    }

    pub fn number(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_be_bytes())
    }

    pub fn address(self, kind: u16, address: SocketAddr) -> Self {
        let mut value = vec![0, if address.is_ipv4() { 1 } else { 2 }];
        value.extend_from_slice(&(address.port() ^ (COOKIE >> 16) as u16).to_be_bytes());
        match address.ip() {
            IpAddr::V4(ip) => value.extend_from_slice(&(u32::from(ip) ^ COOKIE).to_be_bytes()),
            IpAddr::V6(ip) => value.extend_from_slice(&(u128::from(ip) ^ mask(&self.transaction)).to_be_bytes()),
        }
        self.attribute(kind, &value)
    }

    pub fn error(self, code: u16, reason: &str) -> Self {
        let mut value = vec![0, 0, (code / 100) as u8, (code % 100) as u8];
        value.extend_from_slice(reason.as_bytes());
        self.attribute(kind::ERROR_CODE, &value)
    }

    /// Signed with the key that the other side knows, and finished.
    pub fn signed(self, key: &[u8]) -> Vec<u8> {
        let tag = integrity(&self.bytes, key).map(|mac| mac.finalize().into_bytes());
        let signed = self.attribute(kind::MESSAGE_INTEGRITY, tag.as_ref().map_or(&[][..], |tag| tag.as_slice()));
        signed.finish()
    }

    pub fn finish(self) -> Vec<u8> {
        let crc = fingerprint(&self.bytes);
        self.attribute(kind::FINGERPRINT, &crc).bytes
    }

    /// Without a fingerprint: for data, of which there is much.
    pub fn plain(self) -> Vec<u8> {
        self.bytes
    }

    fn measure(mut self) -> Self {
        let length = u16::try_from(self.bytes.len() - HEADER_BYTES).unwrap_or(u16::MAX);
        self.bytes[2..4].copy_from_slice(&length.to_be_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The request of RFC 5769, section 2.1, with short-term credentials.
    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36\
                          000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
    /// The answer of section 2.2.
    const ANSWER: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c3\
                          8c7489f92af9ba53f06be7d780280004c07d4c96";
    const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text.replace(char::is_whitespace, "")).expect("the vector is hexadecimal")
    }

    #[test]
    fn the_vectors_of_rfc_5769_are_read_and_proved() {
        let request = bytes(SAMPLE);
        let message = Message::read(&request).expect("a request");
        assert_eq!((message.method, message.class, message.text(kind::USERNAME)), (Method::Binding, Class::Request, Some("evtj:h6vY")));
        assert!(message.proves(PASSWORD) && !message.proves(b"another"));
        let answer = bytes(ANSWER);
        let message = Message::read(&answer).expect("an answer");
        assert_eq!(message.address(kind::XOR_MAPPED_ADDRESS), Some("192.0.2.1:32853".parse().expect("an address")));
        assert!(message.proves(PASSWORD));
    }

    #[test]
    fn one_bit_changed_is_no_message_any_more_or_proves_nothing() {
        let request = bytes(SAMPLE);
        for bit in 0..request.len() * 8 {
            let mut changed = request.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // What stands behind the proof is no part of it.
            let proved = Message::read(&changed).is_ok_and(|message| message.proves(PASSWORD));
            assert!(!proved || bit >= (request.len() - 8) * 8, "bit {bit}");
        }
    }

    #[test]
    fn what_stands_behind_the_integrity_counts_for_nothing() {
        let signed = Writer::new(Method::Refresh, Class::Request, [7; 12]).number(kind::LIFETIME, 600);
        let tag = integrity(&signed.bytes, b"key").map(|mac| mac.finalize().into_bytes()).expect("a tag");
        let smuggled = signed.attribute(kind::MESSAGE_INTEGRITY, &tag).number(kind::CHANNEL_NUMBER, 1).finish();
        let message = Message::read(&smuggled).expect("it is well formed");
        assert!(message.proves(b"key"));
        assert_eq!((message.number(kind::LIFETIME), message.attribute(kind::CHANNEL_NUMBER)), (Some(600), None));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(v6 in any::<bool>(), ip in any::<u128>(), port in any::<u16>(), data in prop::collection::vec(any::<u8>(), 0..1500)) {
            let ip = if v6 { IpAddr::V6(Ipv6Addr::from(ip)) } else { IpAddr::V4(Ipv4Addr::from(ip as u32)) };
            let peer = SocketAddr::new(ip, port);
            let written = Writer::new(Method::Data, Class::Indication, [9; 12]).address(kind::XOR_PEER_ADDRESS, peer).attribute(kind::DATA, &data);
            for bytes in [written.bytes.clone(), written.signed(b"key")] {
                let message = Message::read(&bytes).expect("our own message");
                prop_assert_eq!(message.peers(), Some(vec![peer]));
                prop_assert_eq!(message.attribute(kind::DATA), Some(&data[..]));
                prop_assert_eq!(message.is_signed(), message.proves(b"key"));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(garbage in prop::collection::vec(any::<u8>(), 0..200), first in 0u16..0x200, flip in 0usize..108, to in any::<u8>()) {
            let _either = Message::read(&garbage);
            // As good as a message in its head, so that the attributes are reached.
            let body = &garbage[..garbage.len() / 4 * 4];
            let mut near = [&first.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), &COOKIE.to_be_bytes(), &[1; 12], body].concat();
            let _either = Message::read(&near).map(|message| (message.peers(), message.unknown(&[]), message.proves(b"key")));
            near = bytes(SAMPLE);
            near[flip] = to;
            let _either = Message::read(&near);
        }
    }
}
