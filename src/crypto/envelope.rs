//! The one place that knows AES-256-GCM (CRY-01): turn bytes into a [`Sealed`] value for one [`Place`], and back.
//!
//! Format (CRY-04): `version(1) ‖ key id(4) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`. The key is derived for each record from
//! the key it is sealed under, so a repeated nonce in another row harms nothing (CRY-03). The associated data names the
//! deployment, table, column, row, patient, key and row version: a value moved or put back elsewhere does not open.

use super::{Rng, length_prefixed};
use crate::ids::DeploymentId;
use crate::secret::Secret;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use uuid::Uuid;

const VERSION: u8 = 1;
const KEY_ID: std::ops::Range<usize> = 1..5;
const NONCE: std::ops::Range<usize> = 5..17;
const TAG_BYTES: usize = 16;

/// How often one record may be sealed under its key (CRY-02). SP 800-38D allows 2³² with random nonces.
/// Lower: an earlier refusal. Higher: nearer to the bound.
pub const SEALS_PER_RECORD_MAX: i64 = 1 << 28;

/// Where a sealed value rests. It opens there and nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub table: &'static str,
    pub column: &'static str,
    pub row: Uuid,
    /// The patient it belongs to; nil for what belongs to the clinic.
    pub patient: Uuid,
    /// The row's version at the time of sealing.
    pub version: i64,
}

/// A sealed value as it lies in the database.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Sealed(pub Vec<u8>);

/// The value was changed, moved, or sealed under another key. Nothing of it is shown (HIP-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: it was altered or moved")]
pub struct Altered;

/// A key that others are derived from, one for each record. It keeps the part of the derivation that all have in common, and is wiped when dropped.
#[derive(Clone)]
pub struct SealingKey {
    kid: u32,
    derivation: Hkdf<Sha256>,
}

impl SealingKey {
    pub fn new(kid: u32, key: &[u8; 32]) -> Self {
        Self { kid, derivation: Hkdf::new(None, key) }
    }

    fn of(&self, place: &Place) -> Secret<[u8; 32]> {
        let info = length_prefixed(&[b"seal/1", place.table.as_bytes(), place.column.as_bytes(), place.row.as_bytes()]);
        let mut derived = [0; 32];
        self.derivation.expand(&info, &mut derived).expect("32 bytes are fewer than HKDF's limit");
        Secret::new(derived)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Seal `plaintext` for `place` under `key`.
pub fn seal(key: &SealingKey, deployment: DeploymentId, place: &Place, rng: &Rng, plaintext: &[u8]) -> Sealed {
    assert!(place.version < SEALS_PER_RECORD_MAX, "a record is never sealed 2²⁸ times");
    let nonce: [u8; 12] = rng.bytes();
    let ciphertext = encrypt(key.of(place).reveal(), nonce, &associated_data(deployment, place, key.kid), plaintext);
    let mut out = Vec::with_capacity(NONCE.end + ciphertext.len());
    out.push(VERSION);
    out.extend_from_slice(&key.kid.to_be_bytes());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&ciphertext);
    Sealed(out)
}

/// Open what [`seal`] made. A value under another key id is refused before any key touches it (CRY-07).
pub fn open(key: &SealingKey, deployment: DeploymentId, place: &Place, sealed: &Sealed) -> Result<Secret<Vec<u8>>, Altered> {
    let bytes = &sealed.0;
    if bytes.len() < NONCE.end + TAG_BYTES || bytes[0] != VERSION || bytes[KEY_ID] != key.kid.to_be_bytes() {
        return Err(Altered);
    }
    let nonce: [u8; 12] = bytes[NONCE].try_into().map_err(|_| Altered)?;
    decrypt(key.of(place).reveal(), nonce, &associated_data(deployment, place, key.kid), &bytes[NONCE.end..])
}

/// AES-256-GCM: ciphertext with its tag behind it.
pub fn encrypt(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .encrypt(&Nonce::from(nonce), Payload { msg: plaintext, aad })
        .expect("AES-GCM encrypts anything under 64 GiB")
}

/// The reverse of [`encrypt`]. Returns a fresh buffer, never one decrypted in place (CRY-05).
pub fn decrypt(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], ciphertext: &[u8]) -> Result<Secret<Vec<u8>>, Altered> {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .decrypt(&Nonce::from(nonce), Payload { msg: ciphertext, aad })
        .map(Secret::new)
        .map_err(|_| Altered)
}

fn associated_data(deployment: DeploymentId, place: &Place, kid: u32) -> Vec<u8> {
    length_prefixed(&[
        deployment.0.as_bytes(),
        place.table.as_bytes(),
        place.column.as_bytes(),
        place.row.as_bytes(),
        place.patient.as_bytes(),
        &kid.to_be_bytes(),
        &place.version.to_be_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn place() -> Place {
        Place { table: "patient", column: "name", row: Uuid::from_u128(1), patient: Uuid::from_u128(2), version: 3 }
    }

    fn deployment() -> DeploymentId {
        DeploymentId::new(Timestamp(0), &Rng::from_fn(|bytes| bytes.fill(7)))
    }

    fn sealed() -> Sealed {
        seal(&SealingKey::new(9, &[1; 32]), deployment(), &place(), &Rng::system(), b"Maria Gonzalez")
    }

    #[test]
    fn a_sealed_value_opens_in_its_own_place() {
        let opened = open(&SealingKey::new(9, &[1; 32]), deployment(), &place(), &sealed()).expect("it opens");
        assert_eq!(opened.reveal(), b"Maria Gonzalez");
    }

    #[test]
    fn a_sealed_value_opens_in_no_other_place() {
        let other = Uuid::from_u128(99);
        let moved = [
            Place { table: "visit", ..place() },
            Place { column: "email", ..place() },
            Place { row: other, ..place() },
            Place { patient: other, ..place() },
            Place { version: 4, ..place() },
        ];
        for place in moved {
            assert_eq!(open(&SealingKey::new(9, &[1; 32]), deployment(), &place, &sealed()).err(), Some(Altered), "{place:?}");
        }
        assert_eq!(open(&SealingKey::new(10, &[1; 32]), deployment(), &place(), &sealed()).err(), Some(Altered), "another key id");
        assert_eq!(open(&SealingKey::new(9, &[2; 32]), deployment(), &place(), &sealed()).err(), Some(Altered), "another key");
    }

    #[test]
    fn one_changed_bit_anywhere_is_noticed() {
        let sealed = sealed();
        for at in 0..sealed.0.len() * 8 {
            let mut bytes = sealed.0.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            assert_eq!(open(&SealingKey::new(9, &[1; 32]), deployment(), &place(), &Sealed(bytes)).err(), Some(Altered), "bit {at}");
        }
    }

    #[test]
    fn a_value_cut_short_anywhere_is_an_error_and_not_a_panic() {
        let sealed = sealed();
        for length in 0..sealed.0.len() {
            let cut = Sealed(sealed.0[..length].to_vec());
            assert_eq!(open(&SealingKey::new(9, &[1; 32]), deployment(), &place(), &cut).err(), Some(Altered), "{length} bytes");
        }
    }

    #[test]
    fn a_record_is_sealed_up_to_the_cap() {
        let last = Place { version: SEALS_PER_RECORD_MAX - 1, ..place() };
        let sealed = seal(&SealingKey::new(9, &[1; 32]), deployment(), &last, &Rng::system(), b"Maria Gonzalez");
        assert!(open(&SealingKey::new(9, &[1; 32]), deployment(), &last, &sealed).is_ok());
    }

    #[test]
    #[should_panic(expected = "never sealed 2²⁸ times")]
    fn a_record_is_not_sealed_beyond_the_cap() {
        let beyond = Place { version: SEALS_PER_RECORD_MAX, ..place() };
        seal(&SealingKey::new(9, &[1; 32]), deployment(), &beyond, &Rng::system(), b"Maria Gonzalez");
    }

    #[test]
    fn many_records_under_one_key_share_no_key_and_nonce() {
        let mut seen = std::collections::HashSet::new();
        // A source that repeats itself every 256 values, which no real one does.
        let count = std::sync::atomic::AtomicU8::new(0);
        let poor = Rng::from_fn(move |bytes| bytes.fill(count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
        for row in 0..100_000 {
            let nonce: [u8; 12] = poor.bytes();
            let key = SealingKey::new(9, &[1; 32]).of(&Place { row: Uuid::from_u128(row), ..place() });
            assert!(seen.insert((*key.reveal(), nonce)), "row {row}");
        }
    }

    #[test]
    fn a_stuck_random_source_still_uses_another_key_for_each_record() {
        let stuck = Rng::from_fn(|bytes| bytes.fill(7));
        let other = Place { row: Uuid::from_u128(5), ..place() };
        let first = seal(&SealingKey::new(9, &[1; 32]), deployment(), &place(), &stuck, b"same text");
        let second = seal(&SealingKey::new(9, &[1; 32]), deployment(), &other, &stuck, b"same text");
        assert_eq!(first.0[NONCE], second.0[NONCE]);
        assert_ne!(first.0[NONCE.end..], second.0[NONCE.end..]);
    }
}
