//! Names for rows. An id is random enough to appear in an address bar and says nothing about whom it names.
//!
//! UUIDv7, so that rows of one day lie together on disk. A UUID carries 122 bits at most and its first 48 are a clock:
//! an id is never a secret. Whatever must not be guessed is a [`crypto::token`](crate::crypto::token) instead (CRY-18).

use crate::crypto::Rng;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// One newtype per kind of row, so that a patient's id cannot be handed over where a visit's is meant.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id for a row made at `now`.
            pub fn new(now: Timestamp, rng: &Rng) -> Self {
                Self(uuid_v7(now, rng))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// This installation. Bound into everything sealed, so that one deployment's rows mean nothing in another.
    DeploymentId,
    /// Somebody who works at the clinic and signs in.
    StaffId,
    /// Somebody's time between signing in and out.
    StaffSessionId,
    /// A patient.
    PatientId,
    /// An appointment, which is the visit.
    VisitId,
    /// One device that redeemed a link of one visit.
    DeviceId,
    /// A mail waiting to leave.
    MailId,
    /// What the compliance officer keeps of one incident or one request.
    CaseId,
    /// A record that was opened in an emergency, for a time.
    EmergencyId,
    /// One event of the access log.
    EventId,
    /// One request, or one socket message, as it appears in the log.
    RequestId,
}

impl PatientId {
    /// No patient has this id. It stands where an id must stand and nobody is meant.
    pub const NOBODY: Self = Self(Uuid::nil());
}

impl VisitId {
    /// No visit has this id. It fills the places of a statement that asks for fewer visits than it could.
    pub const NONE: Self = Self(Uuid::nil());
}

/// Sixteen random bytes that a form carries, so that sending it twice does its work once (REL-05). 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct RequestKey(Vec<u8>);

impl RequestKey {
    /// The key of what the program writes down by itself because of an event: once, however often it looks.
    pub fn of(event: EventId) -> Self {
        Self(event.0.as_bytes().to_vec())
    }

    /// A key for a form that is about to be shown.
    pub fn new(rng: &Rng) -> Self {
        Self(rng.bytes::<16>().to_vec())
    }
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for RequestKey {
    type Err = hex::FromHexError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map(|()| Self(bytes.to_vec()))
    }
}

fn uuid_v7(now: Timestamp, rng: &Rng) -> Uuid {
    let millis = u64::try_from(now.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rng.bytes()).into_uuid()
}
/// Where relays stand, in the word of whoever runs the server: `us-east`. Only the configuration makes one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Region(Box<str>);

/// A region is 1 to 32 small letters, digits and hyphens.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("not a region, expected 1 to 32 small letters, digits and hyphens, such as \"us-east\"")]
pub struct NotARegion;

impl TryFrom<String> for Region {
    type Error = NotARegion;
    fn try_from(text: String) -> Result<Self, NotARegion> {
        let letters = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if (1..=32).contains(&text.len()) && letters { Ok(Self(text.into())) } else { Err(NotARegion) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
