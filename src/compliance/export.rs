//! The access log as a file: CSV to read, JSON Lines to check.
//!
//! Two events frame an export. `log.exported` is committed before the first byte and is the last line of the file, so that
//! the file ends where it says it was made. `log.export_finished` holds the number of rows and the file's SHA-256, and is
//! committed before the file's end reaches the client: whoever holds a whole file holds one that the log vouches for. A client
//! that goes away leaves `log.export_finished` with the outcome failed.
//!
//! A task of its own reads batches and waits until the connection has taken them: memory does not grow with the log. No
//! transaction stays open between batches. What is committed late, with a time before the batch that is being read, is not
//! in this file; it is in the next.

use super::entry::Payload;
use super::model::Format;
use super::{altered_event, csv, everybody, heads, is_removed, searched};
use crate::app::App;
use crate::audit::{self, Context, Event, Fact, Filter, Kind, Recorded};
use crate::ids::{EventId, StaffId};
use crate::time::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;

/// Events read at once. Lower: less memory. Higher: fewer queries.
const BATCH_ROWS: usize = 500;
/// Batches made before the client has taken them. Lower: less memory. Higher: the client waits less.
const CHUNKS_AHEAD: usize = 1;
/// How long a client may take nothing. Lower: a dead one is given up sooner. Higher: a slow one gets its file.
const STALL_MAX: Duration = Duration::from_secs(60);

/// The cells of a CSV line, in order.
const COLUMNS: [&str; 19] = [
    "event",
    "recorded_at",
    "kind",
    "outcome",
    "why",
    "actor_kind",
    "actor_id",
    "who",
    "role",
    "patients",
    "object_type",
    "object_id",
    "from",
    "purpose",
    "request",
    "session",
    "details",
    "payload_hash",
    "intact",
];

/// A file that is being made.
#[derive(Debug)]
pub struct Export {
    pub file_name: String,
    /// The parts of the file in order. An error ends it: what came before is not the whole file.
    pub chunks: mpsc::Receiver<Result<Vec<u8>, Broken>>,
}

/// The file could not be made to its end. The log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the export could not be finished")]
pub struct Broken;

/// Record that the log is being exported, and begin.
pub async fn begin(app: &App, context: &Context, filter: Filter, format: Format) -> sqlx::Result<Export> {
    let event = Event::done(Kind::LogExported).with("format", Fact::Word(format.word()));
    let own = app.log.recorded(context, searched(app, event, &filter).await?).await?;
    let emails = everybody(app).await?.into_iter().map(|person| (person.id, person.email)).collect();
    let file_name = format!("access-log-{}.{}", own.recorded_at.utc().format("%Y%m%dT%H%M%SZ"), format.word());
    let purged = audit::purged_until(&mut app.db.reading().await?).await?;
    let (out, chunks) = mpsc::channel(CHUNKS_AHEAD);
    let file = File {
        app: app.clone(),
        context: context.clone(),
        filter,
        format,
        own,
        emails,
        out,
        hash: Sha256::new(),
        rows: 0,
        purged,
        altered: None,
    };
    tokio::spawn(file.write());
    Ok(Export { file_name, chunks })
}

/// Why a file ends before its end.
enum Stop {
    /// The client went away or took nothing for too long.
    CutOff,
    Unavailable(sqlx::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error)
    }
}

struct File {
    app: App,
    context: Context,
    filter: Filter,
    format: Format,
    /// The event of this export: the last line.
    own: Recorded,
    emails: BTreeMap<StaffId, String>,
    out: mpsc::Sender<Result<Vec<u8>, Broken>>,
    hash: Sha256,
    rows: i64,
    /// Before when what events say was removed.
    purged: Option<Timestamp>,
    /// The first event that was found altered, and how many.
    altered: Option<(Recorded, usize)>,
}

impl File {
    async fn write(mut self) {
        self.make().await;
        if let Err(error) = heads::mail_now(&self.app).await {
            tracing::warn!(?error, "The head of the access log after an export could not be mailed yet");
        }
    }

    async fn make(&mut self) {
        let outcome = match self.lines().await {
            Ok(()) => self.finished(Event::done(Kind::LogExportFinished)).await.map_err(Stop::Unavailable),
            Err(stop) => Err(stop),
        };
        let (why, cause) = match outcome {
            Ok(()) => return,
            Err(Stop::CutOff) => ("cut_off", None),
            Err(Stop::Unavailable(cause)) => ("unavailable", Some(cause)),
        };
        tracing::warn!(rows = self.rows, why, cause = ?cause, "An export of the access log was not finished");
        if let Err(unwritten) = self.finished(Event::failed(Kind::LogExportFinished, why)).await {
            tracing::error!(cause = ?unwritten, "The end of an export could not be recorded");
        }
        let _client_gone = self.out.send(Err(Broken)).await;
    }

    /// All lines, until the connection has taken the last.
    async fn lines(&mut self) -> Result<(), Stop> {
        if self.format == Format::Csv {
            self.send(csv::line(COLUMNS)).await?;
        }
        let mut after = None;
        loop {
            let mut tx = self.app.db.reading().await?;
            let batch = audit::oldest_first(&mut tx, &self.filter, after, BATCH_ROWS as i64).await?;
            drop(tx);
            let full = batch.len() == BATCH_ROWS;
            after = batch.last().map(place);
            // Everything of the millisecond in which the export began, and of course its own event, which comes last.
            let (began, own) = place(&self.own);
            let chunk: String = batch
                .iter()
                .take_while(|event| event.recorded_at <= began)
                .filter(|event| event.id != own)
                .map(|event| self.line(event))
                .collect();
            self.send(chunk).await?;
            if !full || after.is_none_or(|(last, _)| last > began) {
                break;
            }
        }
        let own = self.line(&self.own.clone());
        self.send(own).await?;
        let taken = tokio::time::timeout(STALL_MAX, self.out.reserve_many(CHUNKS_AHEAD)).await;
        taken.ok().and_then(Result::ok).map(drop).ok_or(Stop::CutOff)
    }

    async fn send(&mut self, text: String) -> Result<(), Stop> {
        if text.is_empty() {
            return Ok(());
        }
        self.hash.update(text.as_bytes());
        let sent = tokio::time::timeout(STALL_MAX, self.out.send(Ok(text.into_bytes()))).await;
        sent.ok().and_then(Result::ok).ok_or(Stop::CutOff)
    }

    fn line(&mut self, event: &Recorded) -> String {
        self.rows += 1;
        let disclosed = self.app.log.disclose(event);
        let payload = Payload::read(event, disclosed.as_ref());
        let removed = is_removed(event, self.purged);
        if payload.is_none() && !removed {
            self.altered.get_or_insert_with(|| (event.clone(), 0)).1 += 1;
        }
        match (self.format, disclosed) {
            (Format::Csv, _) => self.csv_line(event, payload.as_ref()),
            (Format::JsonLines, Some(disclosed)) if payload.is_some() => {
                let (hash, salt) = (hex::encode(&event.payload_hash), hex::encode(disclosed.salt));
                // The payload as it was hashed, byte for byte. It was parsed a moment ago, so it is one JSON object.
                format!("{{\"payload\":{},\"payload_hash\":\"{hash}\",\"salt\":\"{salt}\"}}\n", disclosed.payload)
            }
            (Format::JsonLines, _) => {
                let without = serde_json::json!({
                    "altered": !removed,
                    "removed": removed,
                    "event": event.id,
                    "kind": event.kind,
                    "payload_hash": hex::encode(&event.payload_hash),
                    "recorded_at": event.recorded_at,
                });
                format!("{without}\n")
            }
        }
    }

    /// The clear columns stand in for a payload that does not open, and `intact` says so.
    fn csv_line(&self, event: &Recorded, payload: Option<&Payload>) -> String {
        let actor = event.actor_id.map(|id| id.to_string()).unwrap_or_default();
        let who = event.actor_id.and_then(|id| self.emails.get(&StaffId(id))).map_or("", String::as_str);
        let (event_id, at, hash) = (event.id.to_string(), event.recorded_at.rfc3339(), hex::encode(&event.payload_hash));
        let patients: Vec<String> = payload.map(|p| p.patients.iter().map(ToString::to_string).collect()).unwrap_or_default();
        let (patients, details) = (patients.join(" "), payload.map(Payload::details).unwrap_or_default());
        let of = |part: fn(&Payload) -> &str| payload.map_or("", part);
        let cells: [&str; COLUMNS.len()] = [
            &event_id,
            &at,
            &event.kind,
            &event.outcome,
            of(Payload::why),
            &event.actor_kind,
            &actor,
            who,
            of(|p| &p.actor.role),
            &patients,
            of(|p| &p.object.kind),
            of(|p| &p.object.id),
            of(|p| &p.from),
            of(|p| &p.purpose),
            of(|p| &p.request),
            of(|p| &p.session),
            &details,
            &hash,
            if payload.is_some() {
                "yes"
            } else if is_removed(event, self.purged) {
                "removed"
            } else {
                "ALTERED"
            },
        ];
        csv::line(cells)
    }

    async fn finished(&self, event: Event) -> sqlx::Result<()> {
        let event = event
            .with("export", Fact::Id(self.own.id.0))
            .with("format", Fact::Word(self.format.word()))
            .with("rows", Fact::Number(self.rows))
            .with("sha256", Fact::Bytes(self.hash.clone().finalize().to_vec()));
        if let Some((first, count)) = &self.altered {
            self.app.log.refused(&self.context, altered_event(first, *count)).await?;
        }
        self.app.log.record(&self.context, event).await
    }
}

fn place(event: &Recorded) -> (Timestamp, EventId) {
    (event.recorded_at, event.id)
}
