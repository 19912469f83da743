//! What a letter with a head of the access log says, and when it is time for one. Pure.

use crate::audit::tree::{Head, Loss};
use crate::mail::notices::{Part, Said};
use crate::text::Text;
use crate::time::{Millis, Timestamp, Zone};

/// How long after one letter the next one leaves, if anything was logged. Lower: less of the log lies between two heads. A letter
/// promises the next one within [`PROMISED`], so that whoever waits for it allows for the way.
const EVERY: Millis = Millis::minutes(55);
const PROMISED: Millis = Millis::minutes(60);

/// The head of a letter, and what it is told with.
pub struct Letter<'a> {
    pub clinic: &'a str,
    pub zone: Zone,
    pub written_at: Timestamp,
    pub head: &'a Head,
    /// The note of the head in the letter before, if there was one.
    pub previous: Option<&'a str>,
    /// The text with which the head's signature is checked.
    pub verifier: &'a str,
    /// The letter before, if there was one, was signed with another key.
    pub first_of_key: bool,
}

/// True when it is time for the letter after one that was written `last`. A clock that was set back puts nothing off.
pub fn is_due(last: Timestamp, now: Timestamp) -> bool {
    !(last..last + EVERY).contains(&now)
}

impl Letter<'_> {
    pub fn said(&self, t: Text) -> Said {
        let size = self.head.size;
        let (at, by) = (t.when(self.written_at, self.zone), t.when(self.written_at + PROMISED, self.zone));
        let mut parts = vec![
            Part::Said(t.with_all("notice-head-what", &[("clinic", &self.clinic), ("size", &size), ("at", &at)])),
            Part::Said(t.say("notice-head-keep")),
            Part::Lines(self.head.note.clone()),
        ];
        match self.previous {
            Some(previous) => parts.extend([Part::Said(t.say("notice-head-previous")), Part::Lines(previous.to_owned())]),
            None => parts.push(Part::Said(t.say("notice-head-first"))),
        }
        parts.push(Part::Said(t.with("notice-head-next", "by", by)));
        parts.push(Part::Said(t.say("notice-head-use")));
        parts.push(Part::Lines("anteroom audit verify --config clinic.toml --vkey KEY --known-head LETTER\n".to_owned()));
        parts.push(Part::Said(t.say("notice-head-key")));
        if self.first_of_key {
            let brings = if self.previous.is_some() { "notice-head-key-new" } else { "notice-head-key-first" };
            parts.push(Part::Said(t.say(brings)));
            parts.push(Part::Lines(format!("{}\n", self.verifier)));
        }
        parts.push(Part::Said(t.say("notice-head-limits")));
        Said { subject: t.with("notice-head-subject", "size", size), parts }
    }
}

/// The letter about events that are lost.
pub fn of_loss(t: Text, clinic: &str, loss: &Loss, head: &Head) -> Said {
    let (lost, left, size) = (loss.events(), loss.left, loss.head.size);
    let parts = vec![
        Part::Said(t.with_all("notice-loss-what", &[("clinic", &clinic), ("lost", &lost), ("left", &left), ("size", &size)])),
        Part::Said(t.say("notice-loss-lost-head")),
        Part::Lines(loss.head.note.clone()),
        Part::Said(t.say("notice-loss-new-head")),
        Part::Lines(head.note.clone()),
        Part::Said(t.say("notice-loss-do")),
    ];
    Said { subject: t.with("notice-loss-subject", "lost", lost), parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_due_after_an_hour_and_after_a_clock_that_went_back() {
        let last = Timestamp(1_795_447_800_000);
        assert!(!is_due(last, last) && !is_due(last, last + Millis::minutes(54)));
        assert!(is_due(last, last + Millis::minutes(55)) && is_due(last, last - Millis(1)));
    }
}
