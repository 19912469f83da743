//! What `serve` and the echo process say to each other: messages of one fixed form, each behind its length. Pure.

use super::sdp::Offer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The longest message.
const MESSAGE_BYTES_MAX: usize = 32 * 1024;
const LENGTH_BYTES: usize = 4;

/// What `serve` wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Begin a check that listens there; port 0 is any.
    Open { check: u64, listen: SocketAddr, offer: Offer },
    /// It is not needed any more.
    Close { check: u64 },
}

/// What the echo process has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case", deny_unknown_fields)]
pub enum Report {
    /// It waits for the page. `bound`: where.
    Opened { check: u64, bound: SocketAddr, answer: String },
    /// It is over, or never began. Everything of it is freed.
    Closed { check: u64, why: Why, received: u64, sent: u64 },
}

/// Why a check is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// `serve` said so.
    Told,
    /// The page has gone.
    Left,
    /// Its time is over.
    Time,
    /// It sent all that it may send, or a message that is too long.
    TooMuch,
    /// It could not begin.
    Failed,
}

/// Not a message: whoever wrote it is not the one we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message of the echo process")]
pub struct NotOurs;

/// A message as it goes out.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, NotOurs> {
    let body = serde_json::to_vec(message).map_err(|_| NotOurs)?;
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MESSAGE_BYTES_MAX).ok_or(NotOurs)?;
    Ok([&length.to_be_bytes()[..], &body].concat())
}

/// The messages in what was read so far. A part of one stays for the next time.
#[derive(Debug, Default)]
pub struct Incoming(Vec<u8>);

impl Incoming {
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, NotOurs> {
        let Some((length, after)) = self.0.split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > MESSAGE_BYTES_MAX {
            return Err(NotOurs);
        }
        let Some(body) = after.get(..length) else { return Ok(None) };
        let message = serde_json::from_slice(body).map_err(|_| NotOurs)?;
        self.0.drain(..LENGTH_BYTES + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn closed(check: u64) -> Report {
        Report::Closed { check, why: Why::Left, received: 9, sent: 8 }
    }

    #[test]
    fn messages_come_whole_however_they_are_cut() {
        let bytes = [encode(&closed(1)), encode(&closed(2))].map(Result::unwrap_or_default).concat();
        for cut in 0..bytes.len() {
            let mut incoming = Incoming::default();
            let mut came = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                incoming.add(part);
                while let Ok(Some(report)) = incoming.take::<Report>() {
                    came.push(report);
                }
            }
            assert_eq!(came, [closed(1), closed(2)], "cut at {cut}");
        }
    }

    #[test]
    fn what_is_too_long_or_of_another_form_is_not_ours() {
        let whole = |body: &str| [&(body.len() as u32).to_be_bytes()[..], body.as_bytes()].concat();
        let close = r#"{"order":"close","check":1}"#;
        let mut right = Incoming::default();
        right.add(&whole(close));
        assert_eq!(right.take(), Ok(Some(Order::Close { check: 1 })));
        let more = close.replace('}', r#","x":1}"#);
        for bytes in [b"\0\x01\0\0".to_vec(), b"\xff\xff\xff\xff".to_vec(), whole("{}"), whole(&more), whole(&format!("{close}!"))] {
            let mut incoming = Incoming::default();
            incoming.add(&bytes);
            assert_eq!(incoming.take::<Order>(), Err(NotOurs), "{bytes:?}");
        }
        assert!(encode(&"x".repeat(MESSAGE_BYTES_MAX)).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
            let mut incoming = Incoming::default();
            for part in parts {
                incoming.add(&part);
                let _either = incoming.take::<Order>();
            }
        }
    }
}
