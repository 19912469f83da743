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

use super::cosignature::Cosigner;
use crate::secret::Secret;
use anyhow::{Context, ensure};
use ed25519_dalek::SigningKey;
use signed_note::{Note, NoteError, Signer, StandardSigner, StandardVerifier, VerifierList, key_id, new_ed25519_verifier_key};
use std::collections::BTreeMap;
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
    /// The keys whose signatures were found on it and are right: their texts, in the order in which they were given.
    pub signers: Vec<String>,
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

    /// The 32 bytes of its public half.
    pub fn public(&self) -> [u8; 32] {
        public_of(&self.verifier).expect("a verifier's text was made from 32 bytes")
    }

    /// Sign that the log has this size and this root.
    pub fn sign(&self, size: u64, root: Hash) -> anyhow::Result<Head> {
        Self::sign_together(&[self], size, root)
    }

    /// The same under several keys at once: the word of an old key for the one that comes after it, which is the last and names the
    /// log.
    pub fn sign_together(keys: &[&Self], size: u64, root: Hash) -> anyhow::Result<Head> {
        let origin = keys.last().context("a head is signed by somebody")?.name();
        let text = Checkpoint::new(origin, size, root, "").ok().context("a log has an origin")?.to_bytes();
        let mut note = Note::new(&text, &[])?;
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| &key.signer as &dyn Signer).collect();
        note.add_sigs(&signers)?;
        let signers = keys.iter().map(|key| key.verifier.clone()).collect();
        Ok(Head { origin: origin.to_owned(), size, root, note: String::from_utf8(note.to_bytes())?, signers })
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

    /// The text that was signed: the note without its signatures.
    pub fn text(&self) -> String {
        self.note.rsplit_once("\n\n").map(|(text, _)| format!("{text}\n")).unwrap_or_default()
    }

    /// True for the text of a key of a log.
    pub fn is_key(verifier: &str) -> bool {
        StandardVerifier::new(verifier).is_ok()
    }

    /// Read a checkpoint that one of these keys signed, the log's own among them; witnesses' keys may be among these too. Errors say what is wrong with it.
    pub fn open(note: &str, verifiers: &[&str]) -> anyhow::Result<Self> {
        ensure!(note.len() <= NOTE_BYTES_MAX, "a checkpoint of more than {NOTE_BYTES_MAX} bytes is none");
        let mut known = BTreeMap::new();
        for verifier in verifiers {
            let key = verifier_of(verifier).context("a key to check signatures looks like NAME+HASH+KEY")?;
            known.insert((key.name().to_owned(), key.key_id()), (*verifier, key));
        }
        let (texts, keys): (BTreeMap<_, _>, Vec<_>) = known.into_iter().map(|(id, (text, key))| ((id, text), key)).unzip();
        let parsed = Note::from_bytes(note.as_bytes()).ok().context("this is no signed checkpoint")?;
        let (right, _) = parsed.verify(&VerifierList::new(keys)).ok().context("the checkpoint is not signed with the log's key")?;
        let signed_by: Vec<&str> = right.iter().filter_map(|by| texts.get(&(by.name().to_owned(), by.id())).copied()).collect();
        let signers = verifiers.iter().filter(|verifier| signed_by.contains(verifier)).map(|verifier| (*verifier).to_owned());
        let signers: Vec<String> = signers.collect();
        let checkpoint = Checkpoint::from_bytes(parsed.text()).ok().context("what was signed is no checkpoint")?;
        ensure!(checkpoint.extension().is_empty(), "the checkpoint says more than this program knows");
        let origin = checkpoint.origin().to_owned();
        ensure!(signers.iter().any(|signer| signer.split('+').next() == Some(&origin)), "the checkpoint is one of another log");
        Ok(Self { origin, size: checkpoint.size(), root: *checkpoint.hash(), note: note.to_owned(), signers })
    }
}

/// The 32 bytes in the text of a key, if it is one.
pub fn public_of(verifier: &str) -> Option<[u8; 32]> {
    use base64::Engine;
    let typed = base64::engine::general_purpose::STANDARD.decode(verifier.splitn(3, '+').nth(2)?).ok()?;
    typed.get(1..)?.try_into().ok()
}

/// The text of a log's key, from its name and its 32 bytes.
pub fn verifier_text(name: &str, public: &[u8; 32]) -> String {
    use base64::Engine;
    let typed = [&[ED25519], public.as_slice()].concat();
    format!("{name}+{:08x}+{}", key_id(name, &typed), base64::engine::general_purpose::STANDARD.encode(typed))
}

/// The key of a log or of a witness, from its text.
fn verifier_of(text: &str) -> Option<Box<dyn signed_note::Verifier>> {
    match StandardVerifier::new(text) {
        Ok(key) => Some(Box::new(key)),
        Err(_) => Cosigner::parse(text).map(|key| Box::new(key) as Box<dyn signed_note::Verifier>),
    }
}

/// What became of reading a checkpoint with some keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    Right(Head),
    /// It is a checkpoint, and none of these keys signed it: nothing is known about it.
    UnderAnotherKey,
    Wrong,
}

impl Reading {
    pub fn of(note: &str, verifiers: &[&str]) -> Self {
        match Head::open(note, verifiers) {
            Ok(head) => Self::Right(head),
            Err(_) if is_under_another_key(note, verifiers) => Self::UnderAnotherKey,
            Err(_) => Self::Wrong,
        }
    }
}

fn is_under_another_key(note: &str, verifiers: &[&str]) -> bool {
    let known = verifiers.iter().filter_map(|verifier| verifier_of(verifier)).collect();
    let Ok(parsed) = Note::from_bytes(note.as_bytes()) else { return false };
    let nobody_known = matches!(parsed.verify(&VerifierList::new(known)), Err(NoteError::UnverifiedNote));
    nobody_known && Checkpoint::from_bytes(parsed.text()).is_ok()
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

    #[test]
    fn a_head_under_two_keys_opens_with_either_and_says_with_which() {
        let (old, new) = (key(7), key(8));
        let head = LogKey::sign_together(&[&old, &new], 10, Hash([5; 32])).expect("signed");
        let both = [old.verifier(), new.verifier()];
        assert_eq!(Head::open(&head.note, &both).expect("both"), head);
        assert!(Head::open(&head.note, &[both[0], both[0], both[1]]).is_ok(), "one may be given twice");
        for one in both {
            assert_eq!(Head::open(&head.note, &[one]).expect("one is enough").signers, [one]);
        }
        assert_eq!(Reading::of(&head.note, &[key(9).verifier()]), Reading::UnderAnotherKey);
        assert_eq!(Reading::of(&head.note.replace("\n10\n", "\n11\n"), &both), Reading::Wrong);
        assert_eq!(Reading::of("x", &both), Reading::Wrong);
        let half_forged = key(9).sign(10, Hash([5; 32])).expect("signed").note;
        assert!(Head::open(&half_forged, &both).is_err());
        assert_eq!(hex::encode(old.public()), hex::encode(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()));
    }

    #[test]
    fn a_key_of_one_log_names_no_other() {
        let other = LogKey::parse(&LogKey::generate("other.example/log", &Secret::new([9; 32]))).expect("a key");
        let ours = key(7);
        let head = LogKey::sign_together(&[&ours, &other], 10, Hash([5; 32])).expect("signed");
        let of_ours_alone = Head::open(&head.note, &[ours.verifier()]).map_err(|error| error.to_string());
        assert_eq!(of_ours_alone, Err("the checkpoint is one of another log".into()));
        assert_eq!(Head::open(&head.note, &[ours.verifier(), other.verifier()]).expect("both").origin, "other.example/log");
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
