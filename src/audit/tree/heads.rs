//! The log's head, signed and kept outside the database (AUD-21).
//!
//! **Nothing is signed that does not go on from what was signed before.** The order is: read the committed tree, prove that it
//! begins with the tree of the head in the file, write the new head into the file and have the disk keep it, then into the
//! database. A crash in between leaves the file ahead, and the next time the database is made up for it. A database that is
//! older than the file, or another one, is refused: somebody restored a backup, or rewrote the log.

use super::checkpoint::{Head, LogKey, NOTE_BYTES_MAX};
use super::keys::{KeyFiles, LogKeys};
use super::store::{self, Tree};
use super::{Bookkeeping, Log, Sequencer, proof};
use crate::audit::{self, Event, Fact, Kind};
use crate::crypto::Rng;
use crate::secret::Secret;
use crate::time::{Millis, Timestamp};
use anyhow::{Context, ensure};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;

/// The head, and the key that signs the next one.
#[derive(Debug)]
pub struct Heads {
    pub(super) log: Log,
    pub(super) sequencer: Sequencer,
    pub(super) keys: LogKeys,
    pub(super) key_files: KeyFiles,
    pub(super) file: PathBuf,
    /// A change of the key that was broken off was finished at this start.
    finished_change: bool,
    /// The head that was signed last, as far as this process knows, and when. Held while one is signed.
    signed: Mutex<Option<(Head, Timestamp)>>,
}

/// A head is signed once so many events came after the last one, or so much time (AUD-21).
const SIGNED_AFTER_EVENTS: u64 = 256;
const SIGNED_AFTER: Millis = Millis::seconds(60);

/// Why nothing is signed, and nobody served.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(
        "the access log in the database ends at event {have}, but {signed} were signed: an older copy of the database is in place. \
         Restore the newest backup, then start again. If there is none, and those events are lost for good: `anteroom audit begin-anew`"
    )]
    Older { have: u64, signed: u64 },
    #[error(
        "the access log in the database is not the one whose head was signed at {signed} events: it was changed, or belongs to another \
         clinic. Serve nobody from it; keep it and the file of the head for whoever looks into this"
    )]
    Another { signed: u64 },
    #[error(
        "the file {file} with the log's last head is missing, and {have} events are signed already. Put it back from a backup, or take a head \
         that left the house (every letter to a patient holds one): `anteroom audit adopt-head --config FILE --head MAIL`"
    )]
    NoHead { file: String, have: u64 },
    #[error(
        "the file {file} holds a head that was signed with a key of the past: an older copy of it is in place. Restore the newest backup, then \
         start again"
    )]
    OldKey { file: String },
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Heads {
    /// With the key from its file, which a log that has no head yet makes. `file`: where the last head is kept; `origin`: the log's.
    pub async fn open(log: Log, key_file: &Path, file: PathBuf, origin: &str, rng: &Rng) -> anyhow::Result<Self> {
        let key_files = KeyFiles::at(key_file);
        if !key_files.exist() {
            let mut tx = log.db.reading().await?;
            ensure!(
                !file.exists() && !store::anything_signed(&mut tx).await?,
                "the file {} with the key that signs the access log is missing: put it back from a backup. With another key no auditor could \
                 tell this log from a forged one",
                key_file.display()
            );
            key_files.make(origin, &Secret::new(rng.bytes()))?;
        }
        let finished_change = key_files.finish(read_note(&file)?.as_deref(), log.now())?;
        let keys = LogKeys::read(key_file)?;
        Ok(Self { sequencer: Sequencer::new(log.clone()), log, keys, key_files, file, finished_change, signed: Mutex::default() })
    }

    /// The texts of the key in use and of those before it.
    pub fn verifiers(&self) -> Vec<&str> {
        self.keys.verifiers()
    }

    /// The key in use.
    pub fn key(&self) -> &LogKey {
        &self.keys.current
    }

    /// All keys of the log.
    pub fn keys(&self) -> &LogKeys {
        &self.keys
    }

    /// True if a change of the key that was broken off was finished at this start.
    pub fn finished_change(&self) -> bool {
        self.finished_change
    }

    /// Give all events their places, and sign if it is time, or if somebody waits for a head over their export.
    pub async fn keep_up(&self) -> Result<(), Refused> {
        self.sequencer.catch_up().await?;
        let last = self.signed.lock().await.as_ref().map(|(head, at)| (head.size, *at));
        let mut tx = self.log.db.reading().await?;
        let size = store::tree(&mut tx).await?.size;
        let due = match last {
            Some((signed, _)) if size <= signed => false,
            Some((signed, at)) => {
                // A clock that was set back must not put it off.
                let waited = !(at..at + SIGNED_AFTER).contains(&self.log.now());
                waited || size - signed >= SIGNED_AFTER_EVENTS || store::anything_of(&mut tx, signed, Kind::LogExported).await?
            }
            None => true,
        };
        drop(tx);
        if due { self.sign().await.map(drop) } else { Ok(()) }
    }

    /// Give all events their places, and sign: for whoever wants a head over all that is in the log by now.
    pub async fn sign_all(&self) -> Result<Option<Head>, Refused> {
        self.sequencer.catch_up().await?;
        self.sign().await
    }

    /// Sign the tree as it is committed, if it grew since. The head that stands now; `None` for a log without an event.
    async fn sign(&self) -> Result<Option<Head>, Refused> {
        let mut signed = self.signed.lock().await;
        let (tree, last) = self.standing().await?;
        if tree.size == 0 {
            return Ok(None);
        }
        let head = match last {
            Some(last) if last.size == tree.size => last,
            _ => {
                let head = self.key().sign(tree.size, tree.root)?;
                write_whole(&self.file, &head.note).context("write the log's head into its file")?;
                head
            }
        };
        self.keep(&head).await?;
        *signed = Some((head.clone(), self.log.now()));
        Ok(Some(head))
    }

    /// The head that this process signed or found last.
    pub async fn last_signed(&self) -> Option<Head> {
        self.signed.lock().await.as_ref().map(|(head, _)| head.clone())
    }

    /// Whether the database goes on from the head in the file. Nothing is written.
    pub async fn check(&self) -> Result<(), Refused> {
        self.standing().await.map(drop)
    }

    /// Take this head, which comes from outside, for the last one, if the log goes on from it. Said in the log. `text`: a checkpoint, or
    /// a mail with one.
    pub async fn adopt(&self, context: &audit::Context, text: &str) -> Result<Head, Refused> {
        let head = Head::found_in(text, &self.keys.verifiers())?;
        self.goes_on_from(&head).await?;
        let event = Event::done(Kind::LogHeadAdopted).with("size", Fact::Number(head.size.cast_signed()));
        self.log.record(context, event.with("root", Fact::Bytes(head.root.0.to_vec()))).await?;
        // One of a key of the past is signed anew: the log goes on from it, and the file bears the signature of the key in use.
        let kept = if head.signers.iter().any(|signer| signer == self.key().verifier()) {
            head.clone()
        } else {
            self.key().sign(head.size, head.root)?
        };
        write_whole(&self.file, &kept.note).context("write the log's head into its file")?;
        self.keep(&head).await?;
        Ok(head)
    }

    /// The committed tree and the head in the file, which the tree goes on from.
    pub(super) async fn standing(&self) -> Result<(Tree, Option<Head>), Refused> {
        match self.last()? {
            Some(head) => Ok((self.goes_on_from(&head).await?, Some(head))),
            None => {
                let mut tx = self.log.db.reading().await?;
                let tree = store::tree(&mut tx).await?;
                if store::anything_signed(&mut tx).await? {
                    return Err(Refused::NoHead { file: self.file.display().to_string(), have: tree.size });
                }
                Ok((tree, None))
            }
        }
    }

    /// The head in the file.
    pub(super) fn last(&self) -> Result<Option<Head>, Refused> {
        let Some(note) = read_note(&self.file)? else { return Ok(None) };
        let in_use = Head::open(&note, &[self.key().verifier()]);
        if in_use.is_err() && Head::open(&note, &self.keys.verifiers()).is_ok() {
            return Err(Refused::OldKey { file: self.file.display().to_string() });
        }
        Ok(Some(in_use.with_context(|| format!("the file {}", self.file.display()))?))
    }

    pub(super) async fn goes_on_from(&self, head: &Head) -> Result<Tree, Refused> {
        let mut tx = self.log.db.reading().await?;
        let tree = store::tree(&mut tx).await?;
        let another = Refused::Another { signed: head.size };
        if tree.size < head.size {
            return Err(Refused::Older { have: tree.size, signed: head.size });
        }
        if store::signed_root(&mut tx, head.size).await?.is_some_and(|root| root != head.root) {
            return Err(another);
        }
        let goes_on = match (tree.size == head.size, head.size) {
            (true, _) => tree.root == head.root,
            (false, 0) => true,
            (false, _) => match proof::consistency(&mut tx, tree.size, tree.root, head.size, head.root).await {
                Ok(_) => true,
                // A database that does not answer is no log that was changed.
                Err(error) if error.is::<sqlx::Error>() => return Err(error.into()),
                Err(_) => false,
            },
        };
        if goes_on { Ok(tree) } else { Err(another) }
    }

    /// Keep the head in the database too.
    pub(super) async fn keep(&self, head: &Head) -> Result<(), Refused> {
        let mut tx = self.log.db.reading().await?;
        if store::signed_root(&mut tx, head.size).await?.is_some() {
            return Ok(());
        }
        drop(tx);
        let mut tx = self.log.bookkeeping().await?;
        store::insert_checkpoint(&mut tx, head, self.log.now()).await?;
        Ok(tx.commit_bookkeeping(Bookkeeping::Sequencer).await?)
    }
}

/// What the file of the head holds, if it is there.
pub(super) fn read_note(file: &Path) -> anyhow::Result<Option<String>> {
    let opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("open {}", file.display())),
    };
    let mut note = String::new();
    opened.take(NOTE_BYTES_MAX as u64 + 1).read_to_string(&mut note).context("read the log's last head")?;
    Ok(Some(note))
}

/// Write a file that is there whole or not at all, whatever happens meanwhile.
pub fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}
