//! A signed statement of how large the log is and what its root is: a checkpoint in the form of C2SP tlog-checkpoint, signed
//! with Ed25519 as C2SP signed-note says. Pure.
//!
//! ```text
//! visits.clinic.example/anteroom-log
//! 923748
//! nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=
//!
//! — visits.clinic.example/anteroom-log az3grkFaSTvG…
//! ```

use crate::secret::Secret;
use anyhow::{Context, ensure};
use ed25519_dalek::SigningKey;
use signed_note::{Note, Signer, StandardSigner, StandardVerifier, VerifierList, key_id, new_ed25519_verifier_key};
use tlog_tiles::{Checkpoint, Hash};

/// The byte before an Ed25519 key in C2SP signed-note.
const ED25519: u8 = 1;

/// The header of a mail that holds the head of the log.
pub const LOG_HEAD: &str = "Anteroom-Log-Head";

/// The longest checkpoint that is read: three lines and a handful of signatures.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;

/// The key that signs checkpoints. It seals nothing, and no other key of the program signs (AUD-25).
#[derive(Clone)]
pub struct LogKey {
    signer: StandardSigner,
    /// What is given to whoever shall check signatures: `name+hash+key`.
    verifier: String,
}

/// How large the log was and what its root was, as somebody signed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    /// The whole checkpoint, with its signatures.
    pub note: String,
}

impl LogKey {
    /// The text of a new key file. `secret`: 32 random bytes. `name`: the log's origin, without a space or a plus.
    pub fn generate(name: &str, secret: &Secret<[u8; 32]>) -> Secret<String> {
        use base64::Engine;
        let key = SigningKey::from_bytes(secret.reveal());
        let public = [&[ED25519], key.verifying_key().as_bytes().as_slice()].concat();
        let private = [&[ED25519], secret.reveal().as_slice()].concat();
        let id = key_id(name, &public);
        Secret::new(format!("PRIVATE+KEY+{name}+{id:08x}+{}", base64::engine::general_purpose::STANDARD.encode(private)))
    }

    /// Read the text of a key file.
    pub fn parse(text: &Secret<String>) -> anyhow::Result<Self> {
        use base64::Engine;
        let text = text.reveal().trim();
        let wrong = "a key that signs the log looks like PRIVATE+KEY+NAME+HASH+KEY";
        let signer = StandardSigner::new(text).ok().context(wrong)?;
        // A name holds no plus; base64 may.
        let encoded = text.splitn(5, '+').nth(4).context(wrong)?;
        let private = Secret::new(base64::engine::general_purpose::STANDARD.decode(encoded).ok().context(wrong)?);
        let secret: [u8; 32] = private.reveal().get(1..).and_then(|key| key.try_into().ok()).context(wrong)?;
        let verifier = new_ed25519_verifier_key(signer.name(), &SigningKey::from_bytes(&secret).verifying_key());
        Ok(Self { signer, verifier })
    }

    /// The log's origin, which is also the key's name.
    pub fn name(&self) -> &str {
        self.signer.name()
    }

    /// The text with which anybody can check this key's signatures. It is no secret: give it to auditors on another way than
    /// the log.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// Sign that the log has this size and this root.
    pub fn sign(&self, size: u64, root: Hash) -> anyhow::Result<Head> {
        let text = Checkpoint::new(self.name(), size, root, "").ok().context("a log has an origin")?.to_bytes();
        let mut note = Note::new(&text, &[])?;
        note.add_sigs(&[&self.signer as &dyn Signer])?;
        Ok(Head { origin: self.name().to_owned(), size, root, note: String::from_utf8(note.to_bytes())? })
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogKey({})", self.verifier)
    }
}

impl Head {
    /// The same for a checkpoint in a text that may hold more, such as a mail: in its header, or from the line of the log's origin
    /// to the last signature.
    pub fn found_in(text: &str, verifiers: &[&str]) -> anyhow::Result<Self> {
        let origins: Vec<&str> = verifiers.iter().filter_map(|verifier| verifier.split('+').next()).collect();
        let note = in_header(text).or_else(|| in_lines(text, &origins));
        Self::open(&note.with_context(|| format!("there is no head of the log {} in it", origins.join(" or ")))?, verifiers)
    }

    /// Read a checkpoint that one of these keys signed. Errors say what is wrong with it.
    pub fn open(note: &str, verifiers: &[&str]) -> anyhow::Result<Self> {
        ensure!(note.len() <= NOTE_BYTES_MAX, "a checkpoint of more than {NOTE_BYTES_MAX} bytes is none");
        let mut known: Vec<Box<dyn signed_note::Verifier>> = Vec::new();
        for verifier in verifiers {
            known.push(Box::new(StandardVerifier::new(verifier).ok().context("a key to check signatures looks like NAME+HASH+KEY")?));
        }
        let parsed = Note::from_bytes(note.as_bytes()).ok().context("this is no signed checkpoint")?;
        parsed.verify(&VerifierList::new(known)).ok().context("the checkpoint is not signed with the log's key")?;
        let checkpoint = Checkpoint::from_bytes(parsed.text()).ok().context("what was signed is no checkpoint")?;
        ensure!(checkpoint.extension().is_empty(), "the checkpoint says more than this program knows");
        let origin = checkpoint.origin().to_owned();
        ensure!(verifiers.iter().any(|verifier| verifier.split('+').next() == Some(&origin)), "the checkpoint is one of another log");
        Ok(Self { origin, size: checkpoint.size(), root: *checkpoint.hash(), note: note.to_owned() })
    }
}

/// The note in a mail's header, whose lines a mail server may have broken anew.
fn in_header(text: &str) -> Option<String> {
    use base64::Engine;
    let mut lines = text.lines();
    let first = lines.find_map(|line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case(LOG_HEAD)))?.1;
    let encoded: String = std::iter::once(first).chain(lines.take_while(|line| line.starts_with([' ', '\t']))).collect();
    let encoded: String = encoded.split_whitespace().collect();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded).ok()?).ok()
}

/// The note as it stands between other lines.
fn in_lines(text: &str, origins: &[&str]) -> Option<String> {
    let mut found: Vec<&str> = Vec::new();
    for line in text.lines().map(|line| line.trim_end_matches('\r')).skip_while(|line| !origins.contains(line)) {
        if found.last().is_some_and(|line| line.starts_with("— ")) && !line.starts_with("— ") {
            break;
        }
        found.push(line);
    }
    (!found.is_empty()).then(|| found.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(secret: u8) -> LogKey {
        LogKey::parse(&LogKey::generate("visits.example/anteroom-log", &Secret::new([secret; 32]))).expect("a key just made")
    }

    #[test]
    fn what_is_signed_is_read_back() {
        let key = key(7);
        let head = key.sign(923_748, Hash([5; 32])).expect("signed");
        assert!(head.note.starts_with("visits.example/anteroom-log\n923748\nBQUFBQUF"), "{}", head.note);
        assert_eq!(Head::open(&head.note, &[key.verifier()]).expect("our own"), head);
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_another_signed_or_somebody_changed_is_refused() {
        let (ours, other) = (key(7), key(8));
        let note = ours.sign(10, Hash([5; 32])).expect("signed").note;
        let open = |note: &str, key: &LogKey| Head::open(note, &[key.verifier()]).map_err(|error| error.to_string());
        assert_eq!(open(&note, &other), Err("the checkpoint is not signed with the log's key".into()));
        assert_eq!(open(&note.replace("\n10\n", "\n11\n"), &ours), Err("the checkpoint is not signed with the log's key".into()));
        assert_eq!(open("", &ours), Err("this is no signed checkpoint".into()));
        assert_eq!(open(&"x".repeat(NOTE_BYTES_MAX + 1), &ours), Err("a checkpoint of more than 16384 bytes is none".into()));
    }

    proptest! {
        /// Base64 has a plus in it, and so have the texts of keys between their parts.
        #[test]
        fn every_key_reads_back(secret: [u8; 32]) {
            let key = LogKey::parse(&LogKey::generate("a.example/log", &Secret::new(secret))).expect("a key just made");
            let head = key.sign(1, Hash([0; 32])).expect("signed");
            prop_assert_eq!(Head::open(&head.note, &[key.verifier()]).expect("our own"), head);
        }

        #[test]
        fn no_text_makes_reading_panic(text: String) {
            let _ = (Head::open(&text, &[key(1).verifier()]), LogKey::parse(&Secret::new(text.clone())), Head::open("x", &[&text]));
        }
    }
}
