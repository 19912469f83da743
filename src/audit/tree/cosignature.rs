//! A witness's signature on a checkpoint, in the form of C2SP tlog-cosignature (Ed25519, `cosignature/v1`). Pure.
//!
//! It says: at this time, this was the largest tree that I saw of this log, and it goes on from every other that I saw.

use crate::secret::Secret;
use crate::time::Timestamp;
use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use signed_note::{Verifier, is_key_name_valid, key_id};

/// The byte before the key of an Ed25519 cosigner.
const COSIGNER: u8 = 4;

/// The key with which a witness cosigns.
#[derive(Clone)]
pub struct WitnessKey {
    name: String,
    key: SigningKey,
    verifier: String,
}

impl WitnessKey {
    /// The text of a new key file. `secret`: 32 random bytes.
    pub fn generate(name: &str, secret: &Secret<[u8; 32]>) -> Secret<String> {
        let key = SigningKey::from_bytes(secret.reveal());
        let id = key_id(name, &[&[COSIGNER], key.verifying_key().as_bytes().as_slice()].concat());
        Secret::new(format!("PRIVATE+KEY+{name}+{id:08x}+{}", STANDARD.encode([&[COSIGNER], secret.reveal().as_slice()].concat())))
    }

    /// Read the text of a key file.
    pub fn parse(text: &Secret<String>) -> anyhow::Result<Self> {
        let wrong = "a witness's key looks like PRIVATE+KEY+NAME+HASH+KEY";
        let mut parts = text.reveal().trim().strip_prefix("PRIVATE+KEY+").context(wrong)?.splitn(3, '+');
        let (name, id, encoded) = (parts.next().context(wrong)?, parts.next().context(wrong)?, parts.next().context(wrong)?);
        let private = Secret::new(STANDARD.decode(encoded).ok().context(wrong)?);
        let (kind, secret) = private.reveal().split_first().context(wrong)?;
        ensure!(*kind == COSIGNER && is_key_name_valid(name), wrong);
        let key = SigningKey::from_bytes(secret.try_into().ok().context(wrong)?);
        let public = [&[COSIGNER], key.verifying_key().as_bytes().as_slice()].concat();
        ensure!(id == format!("{:08x}", key_id(name, &public)), wrong);
        let verifier = format!("{name}+{id}+{}", STANDARD.encode(&public));
        Ok(Self { name: name.to_owned(), key, verifier })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text with which anybody can check its cosignatures.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The signature line for the text of a checkpoint, without its signatures.
    pub fn cosign(&self, checkpoint: &[u8], at: Timestamp) -> String {
        let seconds = u64::try_from(at.0 / 1000).unwrap_or(0);
        let signature = self.key.sign(&message(seconds, checkpoint)).to_bytes();
        let public = [&[COSIGNER], self.key.verifying_key().as_bytes().as_slice()].concat();
        let id = key_id(&self.name, &public).to_be_bytes();
        format!("— {} {}\n", self.name, STANDARD.encode([id.as_slice(), &seconds.to_be_bytes(), &signature].concat()))
    }
}

impl std::fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WitnessKey({})", self.verifier)
    }
}

/// Checks the cosignatures of one witness.
#[derive(Debug, Clone)]
pub struct Cosigner {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl Cosigner {
    /// Read the text of a witness's key. `None` when it is none.
    pub fn parse(verifier: &str) -> Option<Self> {
        let mut parts = verifier.splitn(3, '+');
        let (name, id, public) = (parts.next()?, parts.next()?, STANDARD.decode(parts.next()?).ok()?);
        let id =
            u32::from_str_radix(id, 16).ok().filter(|known| id.len() == 8 && is_key_name_valid(name) && *known == key_id(name, &public))?;
        let (kind, key) = public.split_first()?;
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        (*kind == COSIGNER).then(|| Self { name: name.to_owned(), id, key })
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, checkpoint: &[u8], signature: &[u8]) -> bool {
        let Some((seconds, signature)) = signature.split_first_chunk::<8>() else { return false };
        let (seconds, Ok(signature)) = (u64::from_be_bytes(*seconds), Signature::from_slice(signature)) else { return false };
        i64::try_from(seconds).is_ok() && self.key.verify_strict(&message(seconds, checkpoint), &signature).is_ok()
    }
}

fn message(seconds: u64, checkpoint: &[u8]) -> Vec<u8> {
    [format!("cosignature/v1\ntime {seconds}\n").as_bytes(), checkpoint].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"visits.example/anteroom-log\n12\nAAAA\n";

    fn key() -> WitnessKey {
        WitnessKey::parse(&WitnessKey::generate("witness.example/w1", &Secret::new([7; 32]))).expect("a key just made")
    }

    fn bytes(line: &str) -> Vec<u8> {
        STANDARD.decode(line.trim_end().rsplit_once(' ').expect("a line").1).expect("base64")[4..].to_vec()
    }

    #[test]
    fn a_cosignature_is_over_the_checkpoint_and_its_time() {
        let (key, at) = (key(), Timestamp(1_679_315_147_999));
        let cosigner = Cosigner::parse(key.verifier()).expect("its own");
        let line = key.cosign(TEXT, at);
        assert!(line.starts_with("— witness.example/w1 ") && line.ends_with('\n'));
        let signature = bytes(&line);
        assert_eq!((signature.len(), &signature[..8]), (72, 1_679_315_147u64.to_be_bytes().as_slice()), "a time in seconds, big-endian");
        assert!(cosigner.verify(TEXT, &signature));
        assert!(!cosigner.verify(b"another text\n", &signature));
        let mut later = signature.clone();
        later[7] ^= 1;
        assert!(!cosigner.verify(TEXT, &later), "the time is signed too");
        assert!(!cosigner.verify(TEXT, &signature[..71]) && !cosigner.verify(TEXT, &[]));
    }

    #[test]
    fn a_keys_name_and_kind_make_its_id() {
        let verifier = key().verifier().to_owned();
        assert!(Cosigner::parse(&verifier).is_some());
        assert!(Cosigner::parse(&verifier.replace("w1", "w2")).is_none(), "the id is not that of this name");
        assert!(Cosigner::parse(&verifier[..verifier.len() - 4]).is_none());
        let log_key = super::super::LogKey::parse(&super::super::LogKey::generate("a.example/log", &Secret::new([7; 32]))).expect("a key");
        assert!(Cosigner::parse(log_key.verifier()).is_none(), "a log's key is no witness's");
        assert!(WitnessKey::parse(&super::super::LogKey::generate("a.example/log", &Secret::new([7; 32]))).is_err());
    }
}
