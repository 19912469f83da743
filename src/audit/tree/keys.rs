//! The files of the keys that sign the log: the one in use, the one that is about to follow it, and the public texts of those before.
//!
//! `log.key` is the key in use. While it is being changed its successor lies beside it, `log.key.next`. From the moment the log's
//! head outside the database bears both signatures the change has happened: whoever opens the log next finishes it, by adding the
//! old key's public text to `log.key.retired` and putting the successor in its place. Before that moment the successor is nothing.
//! The private half of a key that was replaced is gone.

use super::checkpoint::{Head, LogKey};
use super::heads::write_whole;
use crate::crypto::key_file;
use crate::secret::Secret;
use crate::time::Timestamp;
use anyhow::{Context, ensure};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the key's file holds, in words.
const WHAT: &str = "log signing key";

/// Where the keys lie.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    current: PathBuf,
}

/// A key that signs nothing any more: what it signed still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    pub verifier: String,
    /// The last head that it signed covers so many events.
    pub until: u64,
    pub at: Timestamp,
}

/// All keys of a log.
#[derive(Debug, Clone)]
pub struct LogKeys {
    pub current: LogKey,
    /// Oldest first.
    pub retired: Vec<Retired>,
}

impl LogKeys {
    /// Read them: `file` is that of the key in use.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let files = KeyFiles::at(file);
        Ok(Self { current: files.current()?, retired: files.retired()? })
    }

    /// The texts with which every head of the log can be checked, oldest first.
    pub fn verifiers(&self) -> Vec<&str> {
        self.retired.iter().map(|retired| retired.verifier.as_str()).chain([self.current.verifier()]).collect()
    }
}

impl LogKey {
    /// Read the key from its file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        Self::parse(&key_file::read(file, WHAT)?).with_context(|| format!("the {WHAT} file {}", file.display()))
    }
}

impl KeyFiles {
    /// `current`: the file of the key in use.
    pub fn at(current: &Path) -> Self {
        Self { current: current.to_owned() }
    }

    pub fn exist(&self) -> bool {
        self.current.exists()
    }

    pub fn make(&self, name: &str, secret: &Secret<[u8; 32]>) -> anyhow::Result<()> {
        key_file::write_new(&self.current, WHAT, &LogKey::generate(name, secret))
    }

    fn current(&self) -> anyhow::Result<LogKey> {
        LogKey::read(&self.current)
    }

    /// The key that is about to follow, if there is one.
    pub fn next(&self) -> anyhow::Result<Option<LogKey>> {
        let file = self.beside("next");
        if file.exists() { LogKey::read(&file).map(Some) } else { Ok(None) }
    }

    /// The key that is about to follow. One of an earlier try that bears this name is taken up. On the disk before this returns.
    pub fn next_or_make(&self, name: &str, secret: &Secret<[u8; 32]>) -> anyhow::Result<LogKey> {
        if let Some(next) = self.next()?
            && next.name() == name
        {
            return Ok(next);
        }
        let making = self.beside("making");
        // Whole or not at all: what a crash left of this name was never used.
        match std::fs::remove_file(&making) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context("remove what is left of an earlier try"),
            _ => {}
        }
        key_file::write_new(&making, WHAT, &LogKey::generate(name, secret))?;
        self.rename(&making, &self.beside("next"))?;
        self.next()?.context("the key that was just made")
    }

    /// Finish a change of the key if this head, the last, bears both signatures. True if there was one to finish.
    pub fn finish(&self, last_note: Option<&str>, now: Timestamp) -> anyhow::Result<bool> {
        let (Some(next), Some(note)) = (self.next()?, last_note) else { return Ok(false) };
        let current = self.current()?;
        let Ok(head) = Head::open(note, &[current.verifier(), next.verifier()]) else { return Ok(false) };
        if head.signers.len() < 2 {
            return Ok(false);
        }
        self.hand_over(&current, head.size, now)?;
        Ok(true)
    }

    /// The successor's turn. Each of the two steps may be taken again.
    pub fn hand_over(&self, old: &LogKey, until: u64, at: Timestamp) -> anyhow::Result<()> {
        let mut retired = self.retired()?;
        if retired.iter().all(|known| known.verifier != old.verifier()) {
            retired.push(Retired { verifier: old.verifier().to_owned(), until, at });
            let lines: String = retired.iter().map(|key| format!("{} {} {}\n", key.verifier, key.until, key.at.0)).collect();
            write_whole(&self.beside("retired"), &lines).context("keep the public text of the key that was replaced")?;
        }
        self.rename(&self.beside("next"), &self.current)
    }

    fn retired(&self) -> anyhow::Result<Vec<Retired>> {
        let file = self.beside("retired");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("read {}", file.display())),
        };
        let line = |line: &str| {
            let mut words = line.split(' ');
            let (verifier, until, at) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            words.next().is_none().then(|| Retired { verifier: verifier.to_owned(), until, at: Timestamp(at) })
        };
        let keys: Option<Vec<Retired>> = text.lines().map(line).collect();
        let keys = keys.with_context(|| format!("{} is not what was written into it", file.display()))?;
        ensure!(keys.iter().all(|key| key.verifier.contains('+')), "{} holds something that is no key", file.display());
        Ok(keys)
    }

    fn rename(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let folder = self.current.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::rename(from, to)
            .and_then(|()| std::fs::File::open(folder)?.sync_all())
            .with_context(|| format!("put the {WHAT} in its place, {}", to.display()))
    }

    fn beside(&self, word: &str) -> PathBuf {
        let mut name = self.current.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{word}"));
        self.current.with_file_name(name)
    }
}
