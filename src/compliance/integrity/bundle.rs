//! Verification of an export, from its file alone: `anteroom audit verify EXPORT.zip`. No database, no key of the clinic.
//!
//! `trail` decides; here the parts of the archive are read beside one another, each by a thread of its own that unpacks while the lines are
//! checked. Memory does not grow with the file.

use super::trail::{ExportReport, Trail, Wrong};
use crate::audit::tree::{Head, NOTE_BYTES_MAX};
use crate::compliance::archive::Archive;
use crate::compliance::export::lines::{Gap, Shown, header};
use crate::compliance::export::{AFTER, BEFORE, CHANGES, EVENTS, KEY, PEOPLE, PROOF, README, followed};
use crate::compliance::model::Format;
use anyhow::{Context, bail};
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

/// Bytes unpacked at once. Lower: less memory. Higher: fewer hand-overs.
const BLOCK_BYTES: usize = 256 * 1024;
/// Blocks unpacked before they are checked.
const BLOCKS_AHEAD: usize = 4;
/// The longest line that is read. The longest of ours names every patient of a day.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest part about changes of the key that is read: some kilobytes for each of a few hundred.
const CHANGES_BYTES_MAX: u64 = 1024 * 1024;

/// Verify an export. `keys`, `known`: as for the log in the database. `progress` hears how many places are done, and of how many.
pub fn verify_export(path: &Path, keys: &[&str], known: &[String], mut progress: impl FnMut(u64, u64)) -> anyhow::Result<ExportReport> {
    std::fs::metadata(path).with_context(|| format!("read {}", path.display()))?;
    let (mut archive, names) = match Archive::open(path).map(|archive| (archive.names(), archive)) {
        Ok((names, archive)) => (archive, names),
        Err(error) => return Ok(damaged(Trail::new(None, None, Vec::new()), &error)),
    };
    let has = |name: &str| names.iter().any(|part| part == name);
    let all_keys = if has(CHANGES) {
        let read = archive.text(CHANGES, CHANGES_BYTES_MAX).and_then(|part| followed(&part, keys).map_err(anyhow::Error::msg));
        match read.with_context(|| format!("the part {CHANGES}")) {
            Ok(keys) => keys,
            Err(error) => return Ok(damaged(Trail::new(None, None, Vec::new()), &error)),
        }
    } else {
        keys.iter().map(|key| (*key).to_owned()).collect()
    };
    let keys: Vec<&str> = all_keys.iter().map(String::as_str).collect();
    let keys = keys.as_slice();
    let mut outside = Vec::new();
    for note in known {
        outside.push(Head::found_in(note, keys).context("a head from outside")?);
    }
    let mut head = |name| -> anyhow::Result<Option<Head>> {
        if !has(name) {
            return Ok(None);
        }
        let note = archive.text(name, NOTE_BYTES_MAX as u64 + 1)?;
        Ok(Head::open(&note, keys).ok())
    };
    let heads = head(AFTER).and_then(|after| Ok((after, head(BEFORE)?)));
    let (after, before) = match heads {
        Ok(heads) => heads,
        Err(error) => return Ok(damaged(Trail::new(None, None, outside), &error)),
    };
    let size = after.as_ref().map_or(0, |head| head.size);
    let form = [Format::Csv, Format::Fhir].into_iter().find(|form| form.view().is_some_and(&has));
    let mut trail = Trail::new(after.clone(), before.clone(), outside);
    if after.is_none() {
        trail.find(Wrong::Signature { part: AFTER });
    }
    if before.is_none() && has(BEFORE) {
        trail.find(Wrong::Signature { part: BEFORE });
    }
    for (at, name) in names.iter().enumerate() {
        let ours = [README, KEY, CHANGES, BEFORE, AFTER, EVENTS, PROOF, PEOPLE].contains(&name.as_str())
            || form.and_then(Format::view) == Some(name);
        if !ours || names[..at].contains(name) {
            trail.find(Wrong::File(format!("no export has such a part: {name:?}")));
        }
    }
    if let Some(form) = form {
        trail.has_form(form);
    }
    // Nothing is taken from these. Read all the same: a damaged file is not to pass.
    for name in [README, KEY, PEOPLE].into_iter().filter(|name| has(name)) {
        if let Err(error) = archive.part(name).and_then(|mut part| Ok(std::io::copy(&mut part, &mut std::io::sink())?)) {
            trail.find(Wrong::File(format!("the part {name}: {error:#}")));
        }
    }
    let origin = after.map(|head| head.origin).unwrap_or_default();
    match walk(path, &mut trail, form, &origin, |place| progress(place, size.max(place))) {
        Ok(()) => Ok(trail.end()),
        Err(error) => Ok(damaged(trail, &error)),
    }
}

fn damaged(mut trail: Trail, error: &anyhow::Error) -> ExportReport {
    trail.find(Wrong::File(format!("{error:#}")));
    trail.end()
}

/// All lines of all parts. Stops where nothing after it could be placed. An error: a part cannot be read.
fn walk(path: &Path, trail: &mut Trail, form: Option<Format>, origin: &str, mut progress: impl FnMut(u64)) -> anyhow::Result<()> {
    let (mut events, mut gaps) = (Lines::of(path, EVENTS)?, Lines::of(path, PROOF)?);
    let mut view = match form.and_then(Format::view) {
        Some(part) => Some((part, Lines::of(path, part)?)),
        None => None,
    };
    if let (Some((part, view)), Some(Format::Csv)) = (&mut view, form)
        && view.next()? != Some(header(Format::Csv).as_str())
    {
        trail.find(Wrong::Line { part, line: 1 });
    }
    while let Some(line) = events.next()? {
        let Some(shown) = Shown::parse(line) else {
            trail.find(Wrong::Line { part: EVENTS, line: events.number });
            return Ok(());
        };
        while trail.size() < shown.place {
            if !next_gap(trail, &mut gaps)? {
                return Ok(());
            }
        }
        if let (Some((part, view)), Some(form)) = (&mut view, form) {
            let expected = shown.view(form, origin);
            if !expected.is_empty() && view.next()? != Some(expected.as_str()) {
                trail.find(Wrong::View { part, place: shown.place });
            }
        }
        if !trail.event(&shown) {
            return Ok(());
        }
        progress(trail.size());
    }
    if let Some((part, view)) = &mut view
        && view.next()?.is_some()
    {
        trail.find(Wrong::Line { part, line: view.number });
    }
    while let Some(gap) = gaps.next()?.map(Gap::parse) {
        if !take_gap(trail, gap, gaps.number) {
            return Ok(());
        }
    }
    progress(trail.size());
    Ok(())
}

fn next_gap(trail: &mut Trail, gaps: &mut Lines) -> anyhow::Result<bool> {
    let size = trail.size();
    match gaps.next()?.map(Gap::parse) {
        Some(gap) => Ok(take_gap(trail, gap, gaps.number)),
        None => {
            trail.find(Wrong::Missing { from: size, until: size + 1 });
            Ok(false)
        }
    }
}

fn take_gap(trail: &mut Trail, gap: Option<Gap>, number: u64) -> bool {
    match gap {
        Some(gap) => trail.gap(&gap),
        None => {
            trail.find(Wrong::Line { part: PROOF, line: number });
            false
        }
    }
}

/// The lines of a part, which a thread unpacks.
struct Lines {
    /// `None` is the end of the part. A thread that stops without it did not come to the end.
    blocks: Receiver<anyhow::Result<Option<String>>>,
    block: String,
    at: usize,
    /// The number of the line that was read last.
    number: u64,
    ended: bool,
}

impl Lines {
    fn of(path: &Path, part: &'static str) -> anyhow::Result<Self> {
        let mut archive = Archive::open(path)?;
        archive.part(part)?;
        let (give, blocks) = sync_channel(BLOCKS_AHEAD);
        std::thread::spawn(move || {
            let unpacked = unpack(&mut archive, part, |block| give.send(Ok(Some(block))).is_ok());
            let _nobody_reads_on = give.send(unpacked.map(|()| None));
        });
        Ok(Self { blocks, block: String::new(), at: 0, number: 0, ended: false })
    }

    /// The next line with its end.
    fn next(&mut self) -> anyhow::Result<Option<&str>> {
        if self.at == self.block.len() {
            if self.ended {
                return Ok(None);
            }
            match self.blocks.recv().context("a part could not be read to its end")?? {
                Some(block) => (self.block, self.at) = (block, 0),
                None => {
                    self.ended = true;
                    return Ok(None);
                }
            }
        }
        let rest = &self.block[self.at..];
        let line = &rest[..rest.find('\n').map_or(rest.len(), |end| end + 1)];
        self.at += line.len();
        self.number += 1;
        Ok(Some(line))
    }
}

/// Unpack a part into blocks of whole lines, as long as somebody takes them.
fn unpack(archive: &mut Archive, name: &'static str, mut give: impl FnMut(String) -> bool) -> anyhow::Result<()> {
    let mut part = archive.part(name)?;
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let read = (&mut part).take(BLOCK_BYTES as u64).read_to_end(&mut rest).with_context(|| format!("the part {name}"))?;
        let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let left = rest.split_off(if read == 0 { rest.len() } else { whole });
        let block = String::from_utf8(std::mem::replace(&mut rest, left)).ok().with_context(|| format!("the part {name} is no text"))?;
        if !block.is_empty() && !give(block) || read == 0 {
            return Ok(());
        }
        if rest.len() > LINE_BYTES_MAX {
            bail!("the part {name} has a line without an end");
        }
    }
}
