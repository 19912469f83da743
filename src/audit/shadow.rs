//! The log's shadow: a line outside for each event that was committed, and for each place that was given (AUD-22).
//!
//! ```text
//! anteroom-event 01932b9e-… 6f1c…      the event's id and the hash of its payload, right after its commit
//! anteroom-leaf 923747 9c04…           its place and the hash of its leaf, once the sequencer placed it
//! anteroom-gap 12                      so many lines were dropped, because nobody took them
//! ```
//!
//! Whoever keeps these lines on another machine can find events that vanished from the database, even before they had a place or
//! a head over them. No line says what an event is about. A reader that is slow or gone never holds up the log: lines are dropped and
//! counted.

use crate::ids::EventId;
use serde::Deserialize;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// What begins each kind of line.
pub const EVENT: &str = "anteroom-event ";
pub const LEAF: &str = "anteroom-leaf ";
pub const GAP: &str = "anteroom-gap ";

/// Lines that wait for a slow reader. Lower: less memory. Higher: fewer gaps.
const LINES_WAITING: usize = 16 * 1024;
/// How long the end of the program waits for the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// Facility `authpriv`, severity `info` (RFC 3164, 4.1.1).
const SYSLOG_PRIORITY: u8 = 10 * 8 + 6;
const SYSLOG_SOCKET: &str = "/dev/log";

/// Where the lines go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Sink {
    Stdout,
    /// The local syslog, at its socket.
    Syslog(PathBuf),
}

impl TryFrom<String> for Sink {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once(':') {
            None if text == "stdout" => Ok(Self::Stdout),
            None if text == "syslog" => Ok(Self::Syslog(SYSLOG_SOCKET.into())),
            Some(("syslog", socket)) if socket.starts_with('/') => Ok(Self::Syslog(socket.into())),
            _ => Err("expected \"stdout\", \"syslog\", or \"syslog:\" and the path of a socket"),
        }
    }
}

/// Takes lines and writes them on a thread of its own. Cheap to clone. The default one writes nothing.
#[derive(Debug, Clone, Default)]
pub struct Shadow(Option<Arc<Lines>>);

#[derive(Debug)]
struct Lines {
    queue: SyncSender<Job>,
    dropped: Arc<AtomicU64>,
}

enum Job {
    Line(String),
    /// Everything before this is written.
    Flushed(SyncSender<()>),
}

impl Shadow {
    pub fn to(sink: Sink) -> Self {
        let (queue, lines) = sync_channel(LINES_WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = dropped.clone();
        std::thread::spawn(move || write_all(&sink, &lines, &counted));
        Self(Some(Arc::new(Lines { queue, dropped })))
    }

    /// An event was committed.
    pub fn event(&self, id: EventId, payload_hash: &[u8]) {
        self.line(|| format!("{EVENT}{id} {}", hex::encode(payload_hash)));
    }

    /// An event got its place.
    pub fn leaf(&self, n: u64, hash: &[u8; 32]) {
        self.line(|| format!("{LEAF}{n} {}", hex::encode(hash)));
    }

    fn line(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.0
            && lines.queue.try_send(Job::Line(line())).is_err()
        {
            lines.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Wait until what was taken is written, but not for long. Blocks.
    pub fn flush(&self) {
        let Some(lines) = &self.0 else { return };
        let (done, written) = sync_channel(1);
        if lines.queue.try_send(Job::Flushed(done)).is_ok() {
            let _or_given_up = written.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

fn write_all(sink: &Sink, jobs: &Receiver<Job>, dropped: &AtomicU64) {
    let mut told = false;
    for job in jobs {
        let written = match job {
            Job::Flushed(done) => {
                let _nobody_waits_any_more = done.send(());
                continue;
            }
            Job::Line(line) => tell_gap(sink, dropped).and_then(|()| write_line(sink, &line)),
        };
        if let Err(error) = written {
            dropped.fetch_add(1, Ordering::Relaxed);
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(%error, "Lines about the access log cannot be written where `outside.leaves` says. They are counted, and the log goes on");
            }
        }
    }
}

/// Say how many lines are missing before the next one.
fn tell_gap(sink: &Sink, dropped: &AtomicU64) -> std::io::Result<()> {
    let missing = dropped.swap(0, Ordering::Relaxed);
    if missing == 0 {
        return Ok(());
    }
    let told = write_line(sink, &format!("{GAP}{missing}"));
    if told.is_err() {
        dropped.fetch_add(missing, Ordering::Relaxed);
    }
    told
}

fn write_line(sink: &Sink, line: &str) -> std::io::Result<()> {
    match sink {
        Sink::Stdout => {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        }
        Sink::Syslog(socket) => {
            let datagram = UnixDatagram::unbound()?;
            datagram.set_write_timeout(Some(FLUSH_TIMEOUT))?;
            datagram.send_to(format!("<{SYSLOG_PRIORITY}>anteroom: {line}").as_bytes(), socket).map(drop)
        }
    }
}
