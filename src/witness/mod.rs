//! A witness: somebody else, on another machine, who remembers how a log stood and cosigns it only while it grows (AUD-23).
//!
//! `anteroom witness` is one. It speaks C2SP tlog-witness, so that any log can ask it and any such witness can be asked by us. It
//! keeps a size and a root for each log, nothing else, and knows nothing of events. **It never cosigns a tree that does not go on from the
//! last one that it cosigned, and what it cosigns is on its disk before it answers.**
//!
//! `protocol` decides, pure; `pages` is HTTP; `client` is how our server asks witnesses, `http` what it speaks with them.

pub mod client;
mod http;
mod pages;
pub mod protocol;

pub use pages::serve;

use crate::audit::tree::{Hash, Head, WitnessKey, write_whole};
use crate::crypto::{Rng, key_file, sha256};
use crate::secret::Secret;
use crate::time::SharedClock;
use anyhow::{Context, ensure};
use protocol::{Question, Refusal, Seen};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const WHAT: &str = "witness's key";

/// What a witness has: its key, the logs it looks after, its memory.
#[derive(Debug)]
pub struct Witness {
    key: WitnessKey,
    logs: Vec<String>,
    folder: PathBuf,
    clock: SharedClock,
    /// Held from the look at what was seen until the new head is on the disk.
    one_at_a_time: Mutex<()>,
}

/// Why a question was not answered with a cosignature.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Witness {
    /// With the memory in this folder, and the key in it, which is made at the first start. `logs`: the texts of the keys of the logs to look
    /// after.
    pub fn open(folder: &Path, name: &str, logs: Vec<String>, clock: SharedClock, rng: &Rng) -> anyhow::Result<Self> {
        for log in &logs {
            ensure!(Head::is_key(log), "{log} is no key of a log: it looks like NAME+HASH+KEY");
        }
        std::fs::create_dir_all(folder).with_context(|| format!("make the folder {}", folder.display()))?;
        let file = folder.join("witness.key");
        if !file.exists() {
            key_file::write_new(&file, WHAT, &WitnessKey::generate(name, &Secret::new(rng.bytes())))?;
        }
        let key = WitnessKey::parse(&key_file::read(&file, WHAT)?)?;
        ensure!(key.name() == name, "the key in {} is that of {}: give that name, or another folder", file.display(), key.name());
        Ok(Self { key, logs, folder: folder.to_owned(), clock, one_at_a_time: Mutex::new(()) })
    }

    pub fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// Look at a checkpoint, and cosign it if it goes on from the last one. What comes back is on the disk. Blocks.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<String, Unanswered> {
        let question = Question::parse(body).ok_or(Unanswered::Refused(Refusal::Malformed))?;
        let head = protocol::checkpoint(&question, &self.logs).map_err(Unanswered::Refused)?;
        let _one = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.seen(&head.origin)?;
        let now_seen = protocol::decide(seen, &question, &head).map_err(Unanswered::Refused)?;
        if seen != Some(now_seen) {
            self.remember(&head.origin, now_seen)?;
        }
        Ok(self.key.cosign(head.text().as_bytes(), self.clock.now()))
    }

    /// The newest tree of this log that was cosigned.
    pub fn seen(&self, origin: &str) -> anyhow::Result<Option<Seen>> {
        let file = self.memory_of(origin);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("read {}", file.display())),
        };
        let mut lines = text.lines();
        let (said, size, root) = (lines.next(), lines.next().and_then(protocol::size), lines.next().and_then(hash));
        // What cannot be read is no reason to begin from nothing.
        let seen = size
            .zip(root)
            .filter(|_| said == Some(origin))
            .with_context(|| format!("{} is not what was written into it", file.display()))?;
        Ok(Some(Seen { size: seen.0, root: seen.1 }))
    }

    fn remember(&self, origin: &str, seen: Seen) -> anyhow::Result<()> {
        let text = format!("{origin}\n{}\n{}\n", seen.size, hex::encode(seen.root.0));
        write_whole(&self.memory_of(origin), &text).context("remember what is cosigned")
    }

    fn memory_of(&self, origin: &str) -> PathBuf {
        self.folder.join(format!("{}.seen", hex::encode(&sha256(origin.as_bytes())[..16])))
    }
}

fn hash(digits: &str) -> Option<Hash> {
    hex::decode(digits).ok()?.try_into().map(Hash).ok()
}
