//! Verification: is the log in this database what was recorded? `anteroom audit verify`. Reads only.
//!
//! `model` decides, and `signers` whether one key followed another as it should; here the database is read, in batches and in one moment, so that
//! memory does not grow with the log and a server that goes on writing is in nobody's way. `shadow` compares with lines that were kept outside.
//! `rows` compares what is sealed in other tables with what the log says was written. `bundle` and `trail` verify an export, without a database.

mod bundle;
mod loss;
mod model;
mod purge;
mod rows;
mod shadow;
mod signers;
mod trail;

pub use bundle::verify_export;
pub use loss::Told;
pub use model::{Finding, Report, Verdict};
pub use rows::{Compared, WrongRow};
pub use shadow::{Shadowed, compare as compare_with_shadow};
pub use trail::{Complete, ExportReport, Wrong};

use super::entry;
use crate::audit::tree::{self, Head, Placed, Reading, Signed, Tagged};
use crate::audit::{Disclosed, Log, Recorded};
use crate::db;
use anyhow::Context;
use model::{Check, Opened};
use rows::Written;
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Events read at once. Lower: less memory. Higher: fewer queries.
const BATCH: i64 = 2_000;
/// Lots that are read before they are checked. Lower: less memory. Higher: a slow lot holds up nobody.
const LOTS_AHEAD: usize = 2;

/// Events as they were read: the places in their order, the tags on them in the order of places and tags, and the heads that were signed
/// over no more than these.
struct Lot {
    placed: Vec<Placed>,
    tagged: Vec<Tagged>,
    heads: Vec<Signed>,
}

/// Verify the log that this transaction sees. One thread opens and hashes while the next events are read.
///
/// `keys`: the texts with which signatures are checked; from outside, or they prove nothing. `known`: heads from outside. `progress`
/// hears how many events are done, and of how many.
pub async fn verify(tx: &mut db::Tx, log: &Log, keys: &[&str], known: &[String], progress: impl FnMut(u64, u64)) -> anyhow::Result<Report> {
    Ok(checked(tx, log, keys, known, progress, None).await?.0)
}

/// [`verify`], and every sealed row against the newest event that wrote it.
pub async fn verify_with_rows(
    tx: &mut db::Tx,
    log: &Log,
    keys: &[&str],
    known: &[String],
    progress: impl FnMut(u64, u64),
) -> anyhow::Result<Report> {
    let (mut report, written) = checked(tx, log, keys, known, progress, Some(Written::default())).await?;
    if let Some(written) = written {
        rows::compare(tx, log, written, &mut report).await.context("compare the sealed rows")?;
    }
    Ok(report)
}

/// `written` learns on the way what the events wrote that have a place.
async fn checked(
    tx: &mut db::Tx,
    log: &Log,
    keys: &[&str],
    known: &[String],
    progress: impl FnMut(u64, u64),
    written: Option<Written>,
) -> anyhow::Result<(Report, Option<Written>)> {
    let mut outside = Vec::new();
    for note in known {
        outside.push(Head::found_in(note, keys).context("a head from outside")?);
    }
    let tree = tree::tree(tx).await?;
    let (lots, read) = mpsc::channel(LOTS_AHEAD);
    let (log, keys) = (log.clone(), keys.iter().map(|key| (*key).to_owned()).collect());
    let checking = tokio::task::spawn_blocking(move || check_all(Check::new(outside), read, &log, keys, written));
    let all_read = read_all(tx, tree.size, lots, progress).await;
    let (check, written) = checking.await.context("the events were not checked to their end")?;
    all_read?;
    let waiting = tree::waiting_for_places(tx).await?;
    // Which these are is a long question, and seldom one.
    let lost = if tree::unplaced(tx).await? == waiting { Vec::new() } else { tree::lost(tx).await? };
    let lost: Vec<uuid::Uuid> = lost.into_iter().map(|event| event.0).collect();
    Ok((check.end(tree, waiting.cast_unsigned(), &lost, tree::numbers(tx).await?), written))
}

async fn read_all(tx: &mut db::Tx, size: u64, lots: mpsc::Sender<Lot>, mut progress: impl FnMut(u64, u64)) -> sqlx::Result<()> {
    let (mut heads, mut from, mut done) = (Heads::default(), i64::MIN, 0);
    loop {
        let placed = tree::placed(tx, from, BATCH).await?;
        let (Some(first), Some(last)) = (placed.first(), placed.last()) else { break };
        from = last.leaf.n + 1;
        done += placed.len() as u64;
        let lot = Lot { tagged: tree::tagged(tx, first.leaf.n, last.leaf.n).await?, heads: heads.up_to(tx, done).await?, placed };
        // Nobody takes it: the checking ended, and says why.
        let _ended = lots.send(lot).await;
        progress(done, size.max(done));
    }
    let beyond = Lot { placed: Vec::new(), tagged: Vec::new(), heads: heads.up_to(tx, u64::MAX >> 1).await? };
    let _ended = lots.send(beyond).await;
    Ok(())
}

/// The other thread: open and check what was read.
fn check_all(
    mut check: Check,
    mut read: mpsc::Receiver<Lot>,
    log: &Log,
    keys: Vec<String>,
    mut written: Option<Written>,
) -> (Check, Option<Written>) {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut marked = false;
    while let Some(lot) = read.blocking_recv() {
        let mut tagged = lot.tagged.as_slice();
        let mut heads = lot.heads.iter().peekable();
        let check_head = |check: &mut Check, signed: &Signed| {
            check.signed(signed.size.cast_unsigned(), &Reading::of(&signed.note, &keys));
        };
        for Placed { leaf, event } in &lot.placed {
            let (own, others) = tagged.split_at(tagged.iter().take_while(|tagged| tagged.leaf == leaf.n).count());
            tagged = others;
            let disclosed = event.as_ref().and_then(|event| log.disclose(event));
            let opened = event.as_ref().map(|event| (event, opened(log, event, disclosed.as_ref(), &mut marked)));
            if let (Some(written), Some((event, Opened::AsHashed(disclosed)))) = (&mut written, opened) {
                written.learn(event, disclosed);
            }
            check.place(leaf, opened, own);
            while let Some(signed) = heads.next_if(|signed| signed.size.cast_unsigned() <= check.size()) {
                check_head(&mut check, signed);
            }
        }
        heads.for_each(|signed| check_head(&mut check, signed));
    }
    (check, written)
}

/// How an event opened. `marked`: whether one before it has the mark of its network address; those from before there were marks have none.
fn opened<'a>(log: &Log, event: &Recorded, disclosed: Option<&'a Disclosed>, marked: &mut bool) -> Opened<'a> {
    if event.is_emptied() {
        return Opened::Emptied;
    }
    let Some(disclosed) = disclosed else { return Opened::No };
    let Some(address) = entry::agreed(event, disclosed) else { return Opened::OtherColumns };
    let mark = if address.is_empty() { None } else { Some(log.source_index(address)) };
    let older = event.source_index.is_none() && !*marked;
    *marked |= event.source_index.is_some();
    if older || event.source_index == mark { Opened::AsHashed(disclosed) } else { Opened::OtherColumns }
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
    /// The next ones that cover at most `size` events.
    async fn up_to(&mut self, tx: &mut db::Tx, size: u64) -> sqlx::Result<Vec<Signed>> {
        let mut heads = Vec::new();
        loop {
            if self.read.is_empty() && !self.all {
                self.read = tree::checkpoints(tx, self.last, BATCH).await?.into();
                self.all = self.read.is_empty();
                self.last = self.read.back().map_or(self.last, |signed| signed.size);
            }
            match self.read.pop_front() {
                Some(next) if next.size.cast_unsigned() <= size => heads.push(next),
                Some(later) => {
                    self.read.push_front(later);
                    return Ok(heads);
                }
                None => return Ok(heads),
            }
        }
    }
}
