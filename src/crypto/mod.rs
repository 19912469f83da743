//! Sealing, keys, tokens and blind indexes.
//!
//! Everything that names a patient is AES-256-GCM ciphertext wherever it rests (CRY-01, CRY-03, CRY-04, CRY-11). The root
//! key only wraps other keys and lives in a file outside the data directory. This module never decides who may open
//! what: opening is called from [`audit`](crate::audit) alone, with proof that the access is in the log.

pub mod blind_index;
mod envelope;
pub mod key_file;
mod keyring;
mod random;
pub mod store;
pub mod token;

pub use envelope::{Altered, Place, Sealed};
pub use keyring::{Keyring, PatientKey, RootKey, WrappedKey, WrongKey};
pub use random::Rng;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of these parts, one behind the other.
pub fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

/// HMAC-SHA-256 over length-prefixed parts, so that no two lists of parts give the same bytes.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(&length_prefixed(parts));
    mac.finalize().into_bytes().into()
}

/// `u32 big-endian length ‖ bytes` for each part, in order.
pub fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).expect("no part reaches 4 GiB: bodies are limited to kilobytes");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Compare two secrets in time that tells nothing about where they differ (CRY-16).
pub fn same(left: &[u8], right: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    left.ct_eq(right).into()
}
