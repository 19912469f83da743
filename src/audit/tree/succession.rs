//! How one signing key follows another (AUD-25).
//!
//! The order is: the new key is on the disk; an event names both; the tree with that event is signed under both keys, and the head
//! outside the database bears both signatures; the old key's public text is kept; the new key takes its place. The head is the moment of
//! the change: what is broken off before it did not happen, what is broken off after it is finished by the next start.

use super::checkpoint::{Head, LogKey};
use super::heads::{Heads, Refused, write_whole};
use super::store;
use crate::audit::{self, Event, Fact, Kind};
use crate::crypto::Rng;
use crate::secret::Secret;
use anyhow::Context;

impl Heads {
    /// Change the key. No server may run: it would sign with the old one. What comes back bears both signatures.
    pub async fn rotate_key(&self, context: &audit::Context, rng: &Rng) -> Result<Head, Refused> {
        self.standing().await?;
        let next = self.key_files.next_or_make(self.key().name(), &Secret::new(rng.bytes()))?;
        let public = |key: &LogKey| Fact::Bytes(key.public().to_vec());
        let event = Event::done(Kind::LogKeyRotated).with("old_key", public(self.key())).with("new_key", public(&next));
        self.log.record(context, event).await?;
        self.hand_over(&next).await
    }

    /// Sign all that is in the log under both keys, and let the new one take over.
    async fn hand_over(&self, next: &LogKey) -> Result<Head, Refused> {
        self.sequencer.catch_up().await?;
        let mut tx = self.log.db.reading().await?;
        let tree = store::tree(&mut tx).await?;
        drop(tx);
        let head = LogKey::sign_together(&[self.key(), next], tree.size, tree.root)?;
        write_whole(&self.file, &head.note).context("write the log's head into its file")?;
        self.keep(&head).await?;
        self.key_files.hand_over(self.key(), head.size, self.log.now())?;
        Ok(head)
    }
}
