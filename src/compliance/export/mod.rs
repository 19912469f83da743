//! The access log as a file that proves itself: one archive with the events, their proof, and a form for reading.
//!
//! Two events frame an export. `log.exported` is committed before the first byte, gets its place in the tree, and a head is signed over it; it is
//! the last event of the file, so that the file ends where it says it was made and no end of it can be cut off unseen. `log.export_finished`
//! holds the number of events and the SHA-256 of the whole file, and is committed before the file's end reaches the client: whoever holds a
//! whole file holds one that the log vouches for. A client that goes away leaves `log.export_finished` with the outcome failed.
//!
//! All that is in the file follows from `log.exported` and the events before it: [`again`] makes the same bytes, but for the list of accounts.
//!
//! A task reads batches, a thread packs them and waits until the connection has taken them: memory does not grow with the log. No transaction
//! stays open between batches; places are written once, so batches of one search fit together.
//!
//! `walk` reads the events in lots. `lines`, `fhir` and `told` are pure: how a line is written, and read back, and what one patient's export leaves
//! out of it. `pack` is the thread. `watch` tells pages how
//! far an export is.

mod changes;
mod fhir;
pub mod lines;
mod pack;
pub mod told;
mod walk;
mod watch;

pub use changes::{CHANGES, followed};
pub use watch::Watched;

use super::entry::Payload;
use super::model::{self, Format};
use super::{altered_event, csv, everybody, heads, searched};
use crate::app::App;
use crate::audit::tree::{self, Head, Subtrees};
use crate::audit::{self, Context, Event, Fact, Filter, Kind, Recorded};
use crate::crypto::sha256;
use crate::db;
use crate::ids::EventId;
use anyhow::Context as _;
use lines::Gap;
use pack::{Item, Packed, Writer};
use sha2::Digest;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use walk::{Lot, Selection, Walk};

/// Chunks made before the client has taken them. Lower: less memory. Higher: the client waits less.
const CHUNKS_AHEAD: usize = 1;
/// Batches read before their lines are written.
const ITEMS_AHEAD: usize = 1;
/// How long a client may take nothing. Lower: a dead one is given up sooner. Higher: a slow one gets its file.
const STALL_MAX: Duration = Duration::from_secs(60);

/// The parts of the archive, beside the form for reading.
pub const README: &str = "README.txt";
pub const KEY: &str = "key.txt";
pub const BEFORE: &str = "checkpoint-before.txt";
pub const AFTER: &str = "checkpoint-after.txt";
pub const EVENTS: &str = "events.jsonl";
pub const PROOF: &str = "proof.jsonl";
pub const PEOPLE: &str = "people.csv";

/// A file that is being made.
#[derive(Debug)]
pub struct Export {
    pub file_name: String,
    /// The parts of the file in order. An error ends it: what came before is not the whole file.
    pub chunks: mpsc::Receiver<Result<Vec<u8>, Broken>>,
    pub progress: Progress,
}

/// The file could not be made to its end. The log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the export could not be finished")]
pub struct Broken;

/// How far an export is: of so many looks at places in the log, this many were taken. A place is looked at once for each part that needs it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    all: AtomicU64,
    places: AtomicU64,
    /// 0 while it is made.
    ended: AtomicU8,
}

/// How an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Whole = 1,
    Broken,
}

impl Progress {
    pub fn done_of(&self) -> (u64, u64) {
        (self.0.done.load(Ordering::Relaxed), self.0.all.load(Ordering::Relaxed))
    }

    /// How many places of the log it reaches over.
    pub fn places(&self) -> u64 {
        self.0.places.load(Ordering::Relaxed)
    }

    /// `None` while it is made.
    pub fn ended(&self) -> Option<Ended> {
        [Ended::Whole, Ended::Broken].into_iter().find(|ended| *ended as u8 == self.0.ended.load(Ordering::Relaxed))
    }

    fn of(&self, looks: u64, places: u64) {
        self.0.places.store(places, Ordering::Relaxed);
        self.0.all.store(looks * places, Ordering::Relaxed);
    }

    fn at(&self, done: u64) {
        self.0.done.store(done, Ordering::Relaxed);
    }

    fn end(&self, ended: Ended) {
        self.0.ended.store(ended as u8, Ordering::Relaxed);
    }
}

/// Who signs the head over an export's own event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// This process.
    Us,
    /// The server beside which this process runs: it looks for an export that waits each time it keeps up with the log.
    Server,
}

/// How often it is looked whether the server signed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the server may take: a second, a minute if it is of an older version, and some for a machine that is busy.
const SIGNED_WITHIN: Duration = Duration::from_secs(90);

/// Record that the log is being exported, and begin.
pub async fn begin(app: &App, context: &Context, filter: Filter, format: Format, signer: Signer) -> anyhow::Result<Export> {
    let event = Event::done(Kind::LogExported).with("format", Fact::Word(format.word()));
    let own = app.log.recorded(context, searched(app, event, &filter).await?).await?;
    let place = signed_over(app, own.id, signer).await?;
    start(app, context, Asked { filter, format, own, place, recorded: None }).await
}

/// Make an export of before once more, from its `log.exported`: the same bytes, but for the list of accounts. An event of its own, too.
pub async fn again(app: &App, context: &Context, of: EventId) -> anyhow::Result<Export> {
    let mut tx = app.db.reading().await?;
    let place = tree::place_of(&mut tx, of).await?.context("there is no event of that id with a place in the log")?;
    let own = tree::placed(&mut tx, place.cast_signed(), 1).await?.pop().and_then(|placed| placed.event).context("that event is gone")?;
    drop(tx);
    let payload = Payload::read(&own, app.log.disclose(&own).as_ref()).filter(|payload| payload.kind == Kind::LogExported.word());
    let (filter, format) = payload.and_then(|payload| model::asked_of(&payload.details)).context("that event is no export's")?;
    let event = Event::done(Kind::LogExported).with("format", Fact::Word(format.word())).with("again", Fact::Id(of.0));
    let recorded = app.log.recorded(context, searched(app, event, &filter).await?).await?;
    start(app, context, Asked { filter, format, own, place, recorded: Some(recorded.id) }).await
}

/// The place of the event, once a head over it is signed.
async fn signed_over(app: &App, event: EventId, signer: Signer) -> anyhow::Result<u64> {
    if signer == Signer::Us {
        app.heads.sign_all().await?;
    }
    let signed = async {
        loop {
            let mut tx = app.db.reading().await?;
            if let Some(place) = tree::place_of(&mut tx, event).await?
                && tree::head_over(&mut tx, place).await?.is_some()
            {
                return anyhow::Ok(place);
            }
            drop(tx);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(SIGNED_WITHIN, signed).await.context("no head was signed over the export: is the server signing?")?
}

/// What is exported.
struct Asked {
    filter: Filter,
    format: Format,
    /// The event of the export, the last in the file, and its place.
    own: Recorded,
    place: u64,
    /// The event that tells of this making, where it is another.
    recorded: Option<EventId>,
}

async fn start(app: &App, context: &Context, asked: Asked) -> anyhow::Result<Export> {
    let mut tx = app.db.reading().await?;
    let selection = Selection::of(&mut tx, &asked.filter, asked.place).await?;
    let after = tree::head_over(&mut tx, asked.place).await?.context("no head is signed over this export")?;
    let before = tree::head_up_to(&mut tx, selection.from.min(asked.place)).await?;
    drop(tx);
    let file_name = format!("access-log-{}.zip", asked.own.recorded_at.utc().format("%Y%m%dT%H%M%SZ"));
    let (out, chunks) = mpsc::channel(CHUNKS_AHEAD);
    let progress = Progress::default();
    let origin = after.note.lines().next().unwrap_or_default().to_owned();
    let packed = Arc::default();
    let file =
        File { app: app.clone(), context: context.clone(), asked, selection, before, after, packed, progress: progress.clone(), out };
    tokio::spawn(file.write(origin));
    Ok(Export { file_name, chunks, progress })
}

/// Why a file ends before its end.
enum Stop {
    /// The client went away or took nothing for too long.
    CutOff,
    Unavailable(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}

struct File {
    app: App,
    context: Context,
    asked: Asked,
    selection: Selection,
    before: Option<tree::Signed>,
    after: tree::Signed,
    packed: Arc<Mutex<Packed>>,
    progress: Progress,
    out: mpsc::Sender<Result<Vec<u8>, Broken>>,
}

impl File {
    async fn write(self, origin: String) {
        self.make(origin).await;
        if let Err(error) = self.mail_head().await {
            tracing::warn!(?error, "The head of the access log after an export could not be mailed yet");
        }
    }

    /// The head over this export leaves the house: no other one can vouch for all of the file.
    async fn mail_head(&self) -> anyhow::Result<bool> {
        let head = Head::open(&self.after.note, &self.app.heads.verifiers())?;
        heads::mail_head(&self.app, &head).await
    }

    async fn make(&self, origin: String) {
        let outcome = match self.made(origin).await {
            Ok(end) => self.finished(Event::done(Kind::LogExportFinished)).await.map(|()| end).map_err(Stop::from),
            Err(stop) => Err(stop),
        };
        let (why, cause) = match outcome {
            Ok(end) => {
                self.progress.end(Ended::Whole);
                let _client_gone = self.out.send(Ok(end)).await;
                return;
            }
            Err(Stop::CutOff) => ("cut_off", None),
            Err(Stop::Unavailable(cause)) => ("unavailable", Some(cause)),
        };
        self.progress.end(Ended::Broken);
        tracing::warn!(why, cause = ?cause, "An export of the access log was not finished");
        if let Err(unwritten) = self.finished(Event::failed(Kind::LogExportFinished, why)).await {
            tracing::error!(cause = ?unwritten, "The end of an export could not be recorded");
        }
        let _client_gone = self.out.send(Err(Broken)).await;
    }

    /// All of it, until the connection has taken it but for its end, which is given back.
    async fn made(&self, origin: String) -> Result<Vec<u8>, Stop> {
        let (items, taken) = mpsc::channel(ITEMS_AHEAD);
        let purged = audit::purged_until(&mut self.app.db.reading().await?).await?;
        let writer = Writer { purged, patient: self.asked.filter.patient, log: self.app.log.clone(), format: self.asked.format, origin };
        let making = tokio::spawn(pack::file(writer, self.packed.clone(), taken, self.out.clone()));
        let read = self.parts(&items).await;
        drop(items);
        let end = making.await??.map_err(|_| Stop::CutOff)?;
        read?;
        if pack::taken(&self.out).await { Ok(end) } else { Err(Stop::CutOff) }
    }

    async fn parts(&self, items: &mpsc::Sender<Item>) -> Result<(), Stop> {
        let text = async |name, text: String| {
            give(items, Item::File(name)).await?;
            give(items, Item::Text(text)).await
        };
        text(README, include_str!("../../../compliance/audit/export-readme.txt").to_owned()).await?;
        let size = self.after.size.cast_unsigned();
        text(KEY, key_text(&changes::keys_until(self.app.heads.keys(), size))).await?;
        let mut tx = self.app.db.reading().await?;
        let changed = changes::lines(&self.app, &mut tx, size).await?;
        drop(tx);
        if !changed.is_empty() {
            text(CHANGES, changed).await?;
        }
        if let Some(before) = &self.before {
            text(BEFORE, before.note.clone()).await?;
        }
        text(AFTER, self.after.note.clone()).await?;
        let views = self.asked.format.view();
        let passes = 1 + u64::from(views.is_some()) + u64::from(!self.selection.is_everything());
        self.progress.of(passes, self.selection.until.saturating_sub(self.selection.from));
        give(items, Item::File(EVENTS)).await?;
        self.events(items, true, 0).await?;
        if let Some(view) = views {
            give(items, Item::File(view)).await?;
            self.events(items, false, 1).await?;
        }
        give(items, Item::File(PROOF)).await?;
        self.gaps(items, passes - 1).await?;
        let mut people = csv::line(["account", "name", "email"]);
        for person in everybody(&self.app).await? {
            people += &csv::line([person.id.to_string().as_str(), &person.name, &person.email]);
        }
        text(PEOPLE, people).await?;
        let (_, all) = self.progress.done_of();
        self.progress.at(all);
        Ok(())
    }

    fn step(&self, pass: u64, place: u64) {
        let (from, until) = (self.selection.from, self.selection.until);
        self.progress.at(pass * until.saturating_sub(from) + place.saturating_sub(from));
    }

    async fn events(&self, items: &mpsc::Sender<Item>, as_proved: bool, pass: u64) -> Result<(), Stop> {
        let mut walk = Walk::new();
        loop {
            let mut tx = self.app.db.reading().await?;
            let lot = self.selection.next(&mut tx, &mut walk).await?;
            drop(tx);
            let Some(Lot { events, tagged, reached }) = lot else { break };
            self.step(pass, reached);
            give(items, Item::Events { events, tagged, as_proved }).await?;
        }
        let mut tx = self.app.db.reading().await?;
        let place = self.asked.place.cast_signed();
        let events = tree::matching(&mut tx, &Filter::default(), place, place + 1, 1).await?;
        let tagged = tree::tagged(&mut tx, place, place).await?;
        drop(tx);
        give(items, Item::Events { events, tagged, as_proved }).await
    }

    /// The places between those of the events, up to the head.
    async fn gaps(&self, items: &mpsc::Sender<Item>, pass: u64) -> Result<(), Stop> {
        let (mut subtrees, mut at, mut walk) = (Subtrees::default(), 0, Walk::new());
        while !self.selection.is_everything() {
            let mut tx = self.app.db.reading().await?;
            let Some(Lot { events, reached, .. }) = self.selection.next(&mut tx, &mut walk).await? else { break };
            self.step(pass, reached);
            let mut lines = String::new();
            for event in &events {
                lines += &self.gap(&mut tx, &mut subtrees, at, event.place.cast_unsigned()).await?;
                at = event.place.cast_unsigned() + 1;
            }
            drop(tx);
            give(items, Item::Text(lines)).await?;
        }
        let mut tx = self.app.db.reading().await?;
        let mut lines = String::new();
        if !self.selection.is_everything() {
            lines += &self.gap(&mut tx, &mut subtrees, at, self.asked.place).await?;
        }
        lines += &self.gap(&mut tx, &mut subtrees, self.asked.place + 1, self.after.size.cast_unsigned()).await?;
        drop(tx);
        give(items, Item::Text(lines)).await
    }

    /// Nothing where there is no gap. Split at the head before, so that its root is met on the way.
    async fn gap(&self, tx: &mut db::Tx, subtrees: &mut Subtrees, from: u64, until: u64) -> anyhow::Result<String> {
        let met = self.before.as_ref().map(|before| before.size.cast_unsigned()).filter(|size| from < *size && *size < until);
        let mut lines = String::new();
        for (from, until) in [(from, met.unwrap_or(until)), (met.unwrap_or(until), until)] {
            let mut hashes = Vec::new();
            for (level, n) in tree::cover(from, until) {
                hashes.push(subtrees.root(tx, level, n).await?);
            }
            if !hashes.is_empty() {
                lines += &Gap { from, until, hashes }.line();
            }
        }
        Ok(lines)
    }

    async fn finished(&self, event: Event) -> sqlx::Result<()> {
        let packed = self.packed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let event = event
            .with("export", Fact::Id(self.asked.recorded.unwrap_or(self.asked.own.id).0))
            .with("format", Fact::Word(self.asked.format.word()))
            .with("rows", Fact::Number(packed.rows))
            .with("sha256", Fact::Bytes(packed.hash.finalize().to_vec()));
        if let Some((first, count)) = &packed.altered {
            self.app.log.refused(&self.context, altered_event(first, *count)).await?;
        }
        self.app.log.record(&self.context, event).await
    }
}

/// The packer takes nothing more only when the client is gone.
async fn give(items: &mpsc::Sender<Item>, item: Item) -> Result<(), Stop> {
    items.send(item).await.map_err(|_| Stop::CutOff)
}

/// The part that names the keys that signed the log so far. No verifier takes one from there.
fn key_text(keys: &[(&str, Option<u64>)]) -> String {
    let mut text = match keys {
        [_] => "The key that signed this log says of itself:\n".to_owned(),
        _ => "The keys that signed this log, one after the other, say of themselves:\n".to_owned(),
    };
    for (verifier, until) in keys {
        text += &format!("\n{verifier}\n\nSHA-256 of that line, without its end: {}\n", hex::encode(sha256(verifier.as_bytes())));
        if let Some(until) = until {
            text += &format!("It signed up to the head at {until} events, and the next one from there on.\n");
        }
    }
    text + "\nDo not check signatures with a key in this file: whoever forged the file would have put a key of their own here. Ask the clinic for its\n\
            key on another way (`anteroom audit key`), and compare. One of them is enough: key-changes.jsonl, where there is one, leads to the others.\n"
}
