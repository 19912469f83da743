//! Verification: is the log in this database what was recorded? `anteroom audit verify`. Reads only.
//!
//! `model` decides; here the database is read, in batches and in one moment, so that memory does not grow with the log and a
//! server that goes on writing is in nobody's way.

mod model;

pub use model::{Finding, Report, Verdict};

use crate::audit::tree::{self, Head, Signed};
use crate::audit::{self, Log};
use crate::db;
use crate::ids::EventId;
use anyhow::Context;
use model::Check;
use std::collections::{HashMap, VecDeque};

/// Events read at once. Lower: less memory. Higher: fewer queries.
const BATCH: i64 = 2_000;

/// Verify the log that this transaction sees.
///
/// `keys`: the texts with which signatures are checked; from outside, or they prove nothing. `known`: heads from outside. `progress`
/// hears how many events are done, and of how many.
pub async fn verify(
    tx: &mut db::Tx,
    log: &Log,
    keys: &[&str],
    known: &[String],
    mut progress: impl FnMut(u64, u64),
) -> anyhow::Result<Report> {
    let mut outside = Vec::new();
    for note in known {
        outside.push(Head::found_in(note, keys).context("a head from outside")?);
    }
    let (tree, mut check) = (tree::tree(tx).await?, Check::new(outside));
    let (mut heads, mut from) = (Heads::default(), i64::MIN);
    loop {
        let leaves = tree::leaves(tx, from, BATCH).await?;
        let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else { break };
        let events: HashMap<EventId, audit::Recorded> =
            tree::placed(tx, first.n, last.n).await?.into_iter().map(|event| (event.id, event)).collect();
        let tagged = tree::tagged(tx, first.n, last.n).await?;
        let mut rest = tagged.as_slice();
        for leaf in &leaves {
            let (own, others) = rest.split_at(rest.iter().take_while(|tagged| tagged.leaf == leaf.n).count());
            rest = others;
            let event = events.get(&leaf.event_id);
            let disclosed = event.and_then(|event| log.disclose(event));
            let address = check.place(leaf, event.map(|event| (event, disclosed.as_ref())), own);
            // Only events older than the column have an address and none here.
            if let Some(said) = event.and_then(|event| event.source_index.as_ref())
                && address.map(|address| log.source_index(&address)).as_ref() != Some(said)
            {
                check.columns(leaf);
            }
            while let Some(signed) = heads.next_up_to(tx, check.size()).await? {
                check.signed(signed.size.cast_unsigned(), Head::open(&signed.note, keys).ok().as_ref());
            }
        }
        from = last.n + 1;
        progress(check.size(), tree.size.max(check.size()));
    }
    while let Some(signed) = heads.next_up_to(tx, u64::MAX >> 1).await? {
        check.signed(signed.size.cast_unsigned(), Head::open(&signed.note, keys).ok().as_ref());
    }
    let waiting = audit::pending(tx).await?.cast_unsigned();
    let lost: Vec<uuid::Uuid> = tree::lost(tx).await?.into_iter().map(|event| event.0).collect();
    let stray = tree::stray_numbers(tx).await?;
    Ok(check.end(tree, waiting, &lost, stray))
}

/// A line on standard error that tells how far it is, where that is a terminal.
pub fn progress_on_terminal() -> impl FnMut(u64, u64) {
    use std::io::{IsTerminal, Write};
    let (mut out, mut told) = (std::io::stderr(), 0);
    let shown = out.is_terminal();
    move |done, all| {
        let percent = (done * 100).checked_div(all).unwrap_or(100);
        if shown && percent != told {
            let end = if done >= all { "\n" } else { "" };
            let _nobody_reads = write!(out, "\r{percent:>3} % of {all} events{end}").and_then(|()| out.flush());
            told = percent;
        }
    }
}

/// The heads that the log holds, in the order of their sizes, read in batches.
#[derive(Debug, Default)]
struct Heads {
    read: VecDeque<Signed>,
    last: i64,
    all: bool,
}

impl Heads {
    /// The next one that covers at most `size` events.
    async fn next_up_to(&mut self, tx: &mut db::Tx, size: u64) -> sqlx::Result<Option<Signed>> {
        if self.read.is_empty() && !self.all {
            self.read = tree::checkpoints(tx, self.last, BATCH).await?.into();
            self.all = self.read.is_empty();
            self.last = self.read.back().map_or(self.last, |signed| signed.size);
        }
        match self.read.front() {
            Some(next) if next.size.cast_unsigned() <= size => Ok(self.read.pop_front()),
            _ => Ok(None),
        }
    }
}
