//! What `serve` and the relay say to each other: one line of JSON for each order, one for each answer. Pure.
//!
//! The first line on the relay's standard input is a [`Start`]; all others go over a socket in the data folder that only this account may open.
//! [`PROTOCOL`] rises whenever an older relay would not understand; `{"order":"stop"}` is understood by all.

use super::engine::Side;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

pub const PROTOCOL: u32 = 2;
/// The longest line: a list of calls, or a certificate.
pub const LINE_BYTES_MAX: u64 = 1 << 20;

/// What a relay must know to begin. Handed over on standard input: it has secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct Start {
    pub version: String,
    pub shape: Shape,
    pub secrets: Secrets,
    pub certificate: Option<CertificatePem>,
}

/// What cannot change while a relay runs. One of another shape is replaced once no call goes through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    pub realm: String,
    /// UDP and TCP.
    pub listen: Vec<SocketAddr>,
    pub tls_listen: Vec<SocketAddr>,
    pub addresses: Vec<Address>,
    /// Public addresses of the server itself and of its network check: no peer is there (RTC-12).
    #[serde(default)]
    pub beside: Vec<IpAddr>,
    /// Ports of relayed addresses, both ends included.
    pub ports: (u16, u16),
    pub allocations_max: usize,
    pub loopback_allowed: bool,
    /// Seconds without `serve` and without an allocation after which it ends.
    pub lonely_seconds: u64,
}

/// Where relayed addresses are: on this machine, and as others see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub here: IpAddr,
    pub public: IpAddr,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    pub call: String,
    pub check: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificatePem {
    pub chain: String,
    pub key: String,
}

/// What the relay is told to do.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    Status,
    Secrets(Secrets),
    Certificate(CertificatePem),
    /// One party's credential. `listed_only`: from now on the call goes through listed relays alone, or no longer so.
    Grant {
        call: String,
        side: Side,
        username: String,
        listed_only: bool,
    },
    /// From where the relays of this deployment's regions send, and nobody else.
    Listed {
        addresses: Vec<IpAddr>,
    },
    /// Where one party said that it may be reached.
    Signalled {
        call: String,
        side: Side,
        address: IpAddr,
    },
    Revoke {
        call: String,
    },
    /// These calls are on and no others.
    Keep {
        calls: Vec<String>,
    },
    Stop,
}

/// What it answers to each order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    pub protocol: u32,
    pub version: String,
    pub shape: Shape,
    pub bound: Bound,
    pub allocations: usize,
    pub calls: usize,
}

/// The addresses that were taken: port 0 became one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    pub udp: Vec<SocketAddr>,
    pub tcp: Vec<SocketAddr>,
    pub tls: Vec<SocketAddr>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_one_line_and_to_stop_is_said_as_ever() {
        let orders = [
            Order::Grant { call: "c".to_owned(), side: Side::Patient, username: "1:\n".to_owned(), listed_only: true },
            Order::Signalled { call: "c".to_owned(), side: Side::Clinician, address: IpAddr::from([127, 0, 0, 1]) },
            Order::Keep { calls: vec!["c".to_owned()] },
        ];
        for order in orders {
            let line = serde_json::to_string(&order).expect("it is written");
            assert!(!line.contains('\n'));
            let again: Order = serde_json::from_str(&line).expect("it is read");
            assert_eq!(serde_json::to_string(&again).expect("it is written"), line);
        }
        assert_eq!(serde_json::to_string(&Order::Stop).expect("it is written"), r#"{"order":"stop"}"#);
    }
}
