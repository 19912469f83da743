//! How one signing key follows another (AUD-25), and how a log begins anew after a loss.
//!
//! A log whose newest events are lost for good cannot go on under its name: a larger tree was signed under it. What is left goes on under
//! another name and another key. The first head of that name bears the old key's signature too, the event `log.begun_anew` under it
//! says what was lost, and the lost head is kept beside the new one. See decision 0016.
//!
//! The order is: the new key is on the disk; an event names both; the tree with that event is signed under both keys, and the head
//! outside the database bears both signatures; the old key's public text is kept; the new key takes its place. The head is the moment of
//! the change: what is broken off before it did not happen, what is broken off after it is finished by the next start.

use super::checkpoint::{Head, LogKey};
use super::heads::{Heads, Refused, read_note, write_whole};
use super::store;
use crate::audit::{self, Event, Fact, Kind};
use crate::crypto::Rng;
use crate::secret::Secret;
use anyhow::{Context, anyhow};
use tlog_tiles::Hash;

/// Events that were signed and are not there any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// The newest head that is known.
    pub head: Head,
    /// How many events are left, and the root over them.
    pub left: u64,
    pub left_root: Hash,
}

impl Loss {
    /// How many events are lost.
    pub fn events(&self) -> u64 {
        self.head.size - self.left
    }
}

/// The name of a log that goes on after a loss.
fn name_after(name: &str) -> String {
    match name.rsplit_once('/').and_then(|(before, n)| Some((before, n.parse::<u32>().ok()?))) {
        Some((before, n)) => format!("{before}/{}", n + 1),
        None => format!("{name}/2"),
    }
}

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

    /// What would be given up if the log began anew: it ends before this head, which is the newest that is known. `text`: a checkpoint, or
    /// a mail with one.
    pub async fn loss(&self, text: &str) -> Result<Loss, Refused> {
        let head = Head::found_in(text, &self.keys.verifiers())?;
        if let Some(kept) = self.kept()?.filter(|kept| kept.size > head.size) {
            let said = format!("{} holds a newer head, of {} events: name that one", self.file.display(), kept.size);
            return Err(Refused::Failed(anyhow!(said)));
        }
        match self.goes_on_from(&head).await {
            Err(Refused::Older { have, .. }) => {
                let mut tx = self.log.db.reading().await?;
                Ok(Loss { head, left: have, left_root: store::tree(&mut tx).await?.root })
            }
            Err(refused) => Err(refused),
            Ok(_) => {
                Err(Refused::Failed(anyhow!("nothing is lost: the log holds all {} events of that head and goes on from it", head.size)))
            }
        }
    }

    /// Go on with what is left, under another name and another key. No server may run.
    pub async fn begin_anew(&self, context: &audit::Context, rng: &Rng, loss: &Loss) -> Result<Head, Refused> {
        let mut evidence = self.file.file_name().unwrap_or_default().to_owned();
        evidence.push(format!(".lost-{}", loss.head.size));
        write_whole(&self.file.with_file_name(evidence), &loss.head.note).context("keep the head of what was lost")?;
        let next = self.key_files.next_or_make(&name_after(self.key().name()), &Secret::new(rng.bytes()))?;
        let number = |number: u64| Fact::Number(number.cast_signed());
        let event = Event::done(Kind::LogBegunAnew)
            .with("lost_size", number(loss.head.size))
            .with("lost_root", Fact::Bytes(loss.head.root.0.to_vec()))
            .with("left_size", number(loss.left))
            .with("left_root", Fact::Bytes(loss.left_root.0.to_vec()))
            .with("old_key", Fact::Bytes(self.key().public().to_vec()))
            .with("new_key", Fact::Bytes(next.public().to_vec()));
        self.log.record(context, event).await?;
        self.hand_over(&next).await
    }

    /// The head in the file, under whichever of the log's keys.
    fn kept(&self) -> anyhow::Result<Option<Head>> {
        let note = read_note(&self.file)?;
        note.map(|note| Head::open(&note, &self.keys.verifiers())).transpose().with_context(|| format!("the file {}", self.file.display()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_new_beginning_has_a_name_of_its_own() {
        assert_eq!(name_after("visits.example/anteroom-log"), "visits.example/anteroom-log/2");
        assert_eq!(name_after("visits.example:8443/anteroom-log/2"), "visits.example:8443/anteroom-log/3");
    }
}
