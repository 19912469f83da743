//! A small file beside the database, for records that must not be lost while the database cannot be written.
//!
//! Bounded in number and bytes; when it is full, the newest is dropped and counted. Crash safe: a record is on the disk
//! before it is relied on, and what a crash cut off at the end is noticed and left out. The records are opaque here: whoever
//! writes them has sealed them. One process writes the file, the one that holds [`db::OnlyNode`](crate::db::OnlyNode).

use crate::crypto::sha256;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A record's length and the first bytes of its SHA-256 stand before it.
const LENGTH_BYTES: usize = 4;
const CHECK_BYTES: usize = 8;

/// How much the file may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub records_max: usize,
    pub bytes_max: u64,
}

/// A clinic has at most as many calls open as clinicians, with two ends each: this is hours of calls ending in an outage.
pub const LIMITS: Limits = Limits { records_max: 4_096, bytes_max: 4 * 1024 * 1024 };

/// The file. It is made when the first record is kept.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    limits: Limits,
    state: Mutex<Option<State>>,
}

/// What this process knows of the file once it has read it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    records: usize,
    bytes: u64,
    dropped: u64,
    torn: u64,
}

/// What lies in the spool.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Oldest first.
    pub records: Vec<Vec<u8>>,
    /// Records that found no room since the last replay.
    pub dropped: u64,
    /// How often a record was found cut off.
    pub torn: u64,
}

impl Spool {
    pub fn new(path: PathBuf, limits: Limits) -> Self {
        Self { path, limits, state: Mutex::default() }
    }

    /// True when there is nothing to replay.
    pub fn is_empty(&self) -> io::Result<bool> {
        let state = self.state()?;
        Ok(state.is_none_or(|state| state.records == 0 && state.dropped == 0 && state.torn == 0))
    }

    /// Keep a record: it is on the disk when this returns. False when there is no room for it.
    pub fn append(&self, record: &[u8]) -> io::Result<bool> {
        let mut guard = self.state()?;
        let state = guard.get_or_insert_default();
        let framed = frame(record);
        let grown = state.bytes + framed.len() as u64;
        if state.records >= self.limits.records_max || grown > self.limits.bytes_max {
            state.dropped += 1;
            return Ok(false);
        }
        let written = write_at(&self.path, state.bytes, &framed);
        match written {
            Ok(()) => (state.records, state.bytes) = (state.records + 1, grown),
            Err(_) => state.dropped += 1,
        }
        written.map(|()| true)
    }

    /// All that is kept.
    pub fn read(&self) -> io::Result<Kept> {
        let state = self.state()?.unwrap_or_default();
        let (records, _) = scan(&read(&self.path)?);
        Ok(Kept { records, dropped: state.dropped, torn: state.torn })
    }

    /// Forget what was read and is in the log by now. What came in the meantime stays.
    pub fn forget(&self, kept: &Kept) -> io::Result<()> {
        let mut guard = self.state()?;
        let state = guard.get_or_insert_default();
        let (records, _) = scan(&read(&self.path)?);
        let rest: Vec<u8> = records.iter().skip(kept.records.len()).flat_map(|record| frame(record)).collect();
        replace(&self.path, &rest)?;
        *state = State {
            records: records.len().saturating_sub(kept.records.len()),
            bytes: rest.len() as u64,
            dropped: state.dropped.saturating_sub(kept.dropped),
            torn: state.torn.saturating_sub(kept.torn),
        };
        Ok(())
    }

    /// The state, read from the file when it is first asked for.
    fn state(&self) -> io::Result<MutexGuard<'_, Option<State>>> {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.is_none() {
            let bytes = read(&self.path)?;
            let (records, whole) = scan(&bytes);
            *guard = Some(State { records: records.len(), bytes: whole, dropped: 0, torn: u64::from(whole < bytes.len() as u64) });
        }
        Ok(guard)
    }
}

fn frame(record: &[u8]) -> Vec<u8> {
    let length = u32::try_from(record.len()).expect("a record is far below 4 GiB");
    [&length.to_be_bytes()[..], &sha256(record)[..CHECK_BYTES], record].concat()
}

/// The whole records from the beginning, and how many bytes they take. What follows is torn.
fn scan(bytes: &[u8]) -> (Vec<Vec<u8>>, u64) {
    let (mut records, mut rest) = (Vec::new(), bytes);
    while let Some((record, after)) = first(rest) {
        records.push(record.to_vec());
        rest = after;
    }
    (records, (bytes.len() - rest.len()) as u64)
}

fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let (check, rest) = rest.split_first_chunk::<CHECK_BYTES>()?;
    let (record, after) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    (sha256(record).starts_with(check)).then_some((record, after))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    match File::open(path) {
        Ok(mut file) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Write behind the whole records, over what a crash may have torn.
fn write_at(path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = open(path, false)?;
    file.set_len(at)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_folder(path)
}

/// Put a file with these bytes in the place of the old one: a crash leaves the one or the other.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = open(&fresh, true)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    sync_folder(path)
}

fn open(path: &Path, empty: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create(true).truncate(empty).mode(0o600).open(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(folder: &tempfile::TempDir) -> Spool {
        Spool::new(folder.path().join("spool"), Limits { records_max: 3, bytes_max: 100 })
    }

    fn records(spool: &Spool) -> Vec<Vec<u8>> {
        spool.read().expect("the file is read").records
    }

    #[test]
    fn what_is_kept_is_there_after_a_crash_in_order_and_goes_when_it_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = spool(&folder);
        assert!(first.is_empty().expect("no file yet") && !folder.path().join("spool").exists());
        assert!(first.append(b"one").expect("written") && first.append(b"two").expect("written"));
        let again = spool(&folder);
        let kept = again.read().expect("the file is read");
        assert_eq!(kept.records, [b"one", b"two"]);
        assert!(again.append(b"three").expect("written"), "between reading and forgetting");
        again.forget(&kept).expect("forgotten");
        assert_eq!(records(&spool(&folder)), [b"three"]);
        again.forget(&again.read().expect("the file is read")).expect("forgotten");
        assert!(again.is_empty().expect("read") && spool(&folder).is_empty().expect("read"));
    }

    #[test]
    fn when_it_is_full_the_newest_is_dropped_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = spool(&folder);
        assert!(!spool.append(&[7; 100]).expect("no room for so many bytes"));
        for record in [b"1", b"2", b"3"] {
            assert!(spool.append(record).expect("written"));
        }
        assert!(!spool.append(b"4").expect("no room for a fourth"));
        let kept = spool.read().expect("the file is read");
        assert_eq!((kept.records.len(), kept.dropped), (3, 2));
        spool.forget(&kept).expect("forgotten");
        assert!(spool.append(b"5").expect("written"), "there is room again");
        assert_eq!(spool.read().expect("the file is read").dropped, 0);
    }

    /// A crash can stop a write after any byte, and can leave the file longer than what was written.
    #[test]
    fn a_torn_last_record_is_noticed_and_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool");
        spool(&folder).append(b"whole").expect("written");
        let (whole, next) = (fs::read(&path).expect("the file"), frame(b"torn"));
        let cut = (1..next.len()).map(|at| next[..at].to_vec());
        let zeros = (1..40).map(|length| vec![0; length]);
        let half_zero = std::iter::once([&next[..next.len() - 2], &[0, 0]].concat());
        // Twelve zeros are the frame of no record at all, if its check were right.
        for tail in cut.chain(zeros).chain(half_zero) {
            fs::write(&path, [whole.as_slice(), &tail].concat()).expect("the file");
            let spool = spool(&folder);
            let kept = spool.read().expect("the file is read");
            assert_eq!((kept.records.as_slice(), kept.torn), ([b"whole".to_vec()].as_slice(), 1), "{tail:?}");
            assert!(spool.append(b"next").expect("written"));
            assert_eq!(records(&spool), [b"whole".to_vec(), b"next".to_vec()], "it is written over what was torn");
        }
    }
}
