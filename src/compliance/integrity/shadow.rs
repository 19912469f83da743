//! The log against its shadow: lines that were kept outside (`outside.leaves`). Finds what vanished from the database before or after it
//! had a place, and needs neither a key nor a head.

use super::model::{Finding, Report};
use crate::audit::shadow::{EVENT, GAP, LEAF};
use crate::audit::tree;
use crate::db;
use crate::ids::EventId;
use anyhow::Context;
use std::fmt;
use std::io::BufRead;
use uuid::Uuid;

/// Lines compared at once.
const BATCH: usize = 2_000;
/// The longest line that is looked at. What logs put before one of ours is shorter.
const LINE_BYTES_MAX: usize = 4_096;

/// What the lines told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shadowed {
    pub events: u64,
    pub places: u64,
    /// Lines that are known to be missing.
    pub gaps: u64,
    /// Lines of ours that are not whole.
    pub torn: u64,
}

impl fmt::Display for Shadowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Compared with lines that were kept outside: {} events, {} places.", self.events, self.places)?;
        if self.gaps > 0 {
            write!(f, " {} more lines were never written, because nobody took them.", self.gaps)?;
        }
        if self.torn > 0 {
            write!(f, " {} lines are not whole and were left out.", self.torn)?;
        }
        Ok(())
    }
}

enum Line {
    Event(Uuid, [u8; 32]),
    Leaf(i64, [u8; 32]),
    Gap(u64),
    Torn,
}

/// Compare, and add what is found to the report.
pub async fn compare(tx: &mut db::Tx, mut lines: impl BufRead, report: &mut Report) -> anyhow::Result<()> {
    let mut told = report.shadow.unwrap_or_default();
    let (mut events, mut leaves, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        bytes.clear();
        let ended = lines.read_until(b'\n', &mut bytes).context("read the lines that were kept outside")? == 0;
        match read(&bytes) {
            Some(Line::Event(id, hash)) => events.push((id, hash)),
            Some(Line::Leaf(n, hash)) => leaves.push((n, hash)),
            Some(Line::Gap(missing)) => told.gaps = told.gaps.saturating_add(missing),
            Some(Line::Torn) => told.torn += 1,
            None => {}
        }
        if events.len() >= BATCH || ended {
            told.events += events.len() as u64;
            compare_events(tx, std::mem::take(&mut events), report).await?;
        }
        if leaves.len() >= BATCH || ended {
            told.places += leaves.len() as u64;
            compare_leaves(tx, std::mem::take(&mut leaves), report).await?;
        }
        if ended {
            report.shadow = Some(told);
            return Ok(());
        }
    }
}

async fn compare_events(tx: &mut db::Tx, lines: Vec<(Uuid, [u8; 32])>, report: &mut Report) -> sqlx::Result<()> {
    let there = tree::payload_hashes(tx, lines.iter().map(|(id, _)| EventId(*id))).await?;
    for (event, hash) in lines {
        match there.get(&event) {
            None => report.find(Finding::VanishedEvent { event }),
            Some(kept) if kept != hash.as_slice() => report.find(Finding::AnotherEvent { event }),
            Some(_) => {}
        }
    }
    Ok(())
}

async fn compare_leaves(tx: &mut db::Tx, lines: Vec<(i64, [u8; 32])>, report: &mut Report) -> sqlx::Result<()> {
    let there = tree::leaf_hashes(tx, lines.iter().map(|(n, _)| *n)).await?;
    for (n, hash) in lines {
        if there.get(&n).is_none_or(|kept| kept != hash.as_slice()) {
            report.find(Finding::AnotherLeaf { place: n.cast_unsigned() });
        }
    }
    Ok(())
}

/// One of our lines, wherever in a line of a log it stands.
fn read(line: &[u8]) -> Option<Line> {
    let text = String::from_utf8_lossy(&line[..line.len().min(LINE_BYTES_MAX)]);
    let after = |word: &str| text.split_once(word).map(|(_, after)| after.split_whitespace());
    let hash = |text: &str| <[u8; 32]>::try_from(hex::decode(text).ok()?).ok();
    let event = |mut words: std::str::SplitWhitespace<'_>| Some(Line::Event(words.next()?.parse().ok()?, hash(words.next()?)?));
    let leaf = |mut words: std::str::SplitWhitespace<'_>| Some(Line::Leaf(words.next()?.parse().ok()?, hash(words.next()?)?));
    let gap = |mut words: std::str::SplitWhitespace<'_>| Some(Line::Gap(words.next()?.parse().ok()?));
    let found = match (after(EVENT), after(LEAF), after(GAP)) {
        (Some(words), _, _) => event(words),
        (_, Some(words), _) => leaf(words),
        (_, _, Some(words)) => gap(words),
        _ => return None,
    };
    Some(found.unwrap_or(Line::Torn))
}
