//! Whether the log is what was signed, for an officer at a page: its last heads, which of them left the house, and a verification now.
//!
//! A verification is asked for in one request and done by a job, one at a time; a restart begins it anew. Asking and result are events.
//! Without a head from outside it cannot tell a log from one that was made up with the signing key: so an officer can paste the head of
//! a letter, and the result says what was compared with what.

mod model;
pub(super) mod pages;
mod store;

use super::integrity::{self, Report, Verdict};
use super::store::Person;
use crate::app::App;
use crate::audit::tree::{self, Head, Tree};
use crate::audit::{Bookkeeping, Context, Event, Fact, Kind, Object};
use crate::ids::StaffId;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Ended, SignedHead, Verification};
use tokio::time::interval;
use uuid::Uuid;

/// Heads in the table and in the picture, verifications in the list.
const HEADS_SHOWN: i64 = 8;
const VERIFICATIONS_SHOWN: i64 = 5;
/// How often a running verification writes down how far it is. Lower: a page shows it sooner. Higher: fewer writes.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// What the page shows.
#[derive(Debug)]
struct Panel {
    tree: Tree,
    waiting: i64,
    heads: Vec<SignedHead>,
    mailed: Vec<SignedHead>,
    verifications: Vec<Verification>,
    people: Vec<Person>,
}

/// Why no verification was begun.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("what was pasted is no head that this log's key has signed")]
    Head,
    #[error("one runs already")]
    Running,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Look at the integrity page. The look is an event.
async fn look(app: &App, context: &Context) -> sqlx::Result<Panel> {
    app.log.record(context, Event::done(Kind::LogViewed).with("page", Fact::Word("integrity"))).await?;
    let mut tx = app.db.reading().await?;
    Ok(Panel {
        tree: tree::tree(&mut tx).await?,
        waiting: crate::audit::pending(&mut tx).await?,
        heads: store::heads(&mut tx, HEADS_SHOWN).await?,
        mailed: store::mailed(&mut tx, HEADS_SHOWN).await?,
        verifications: store::latest(&mut tx, VERIFICATIONS_SHOWN).await?,
        people: super::store::people(&mut tx).await?,
    })
}

/// How far the verification is that runs: events done, and of how many. `None`: none runs.
async fn progress(app: &App) -> sqlx::Result<Option<(i64, i64)>> {
    let mut tx = app.db.reading().await?;
    Ok(store::running(&mut tx).await?.map(|running| (running.events_done, running.events_all)))
}

/// Ask for a verification, beside `known_head` if it is not empty: a letter with a head, or the head alone.
async fn ask(app: &App, context: &Context, by: StaffId, known_head: &str) -> Result<(), AskError> {
    let known_head = Some(known_head.trim()).filter(|head| !head.is_empty());
    let head = known_head.map(|text| Head::found_in(text, &[app.heads.key().verifier()])).transpose().map_err(|_| AskError::Head)?;
    let id = Uuid::from_bytes(app.rng.bytes());
    let mut tx = app.log.begin(context).await?;
    if !store::insert(&mut tx, id, by, head.as_ref().map(|head| head.note.as_str()), app.now()).await? {
        return Err(AskError::Running);
    }
    let event = Event::done(Kind::LogVerificationAsked).on(Object::Log, id);
    let event = head.iter().fold(event, |event, head| event.with("known_head", Fact::Number(head.size.cast_signed())));
    Ok(tx.commit(event).await?)
}

/// Do the verification that was asked for, if one was. True if it ended.
pub async fn run_due(app: &App) -> anyhow::Result<bool> {
    let mut tx = app.db.reading().await?;
    let running = store::running(&mut tx).await?;
    drop(tx);
    let Some(asked) = running else { return Ok(false) };
    // What waits for its place would only be said not to have been checked. Done before the rest: it writes, as the progress does.
    app.heads.sign_all().await?;
    let (done, all) = (AtomicU64::new(0), AtomicU64::new(0));
    let verifying = verify(app, &asked, |now, of| {
        done.store(now, Ordering::Relaxed);
        all.store(of, Ordering::Relaxed);
    });
    tokio::pin!(verifying);
    let mut ticks = interval(PROGRESS_EVERY);
    let report = loop {
        tokio::select! {
            report = &mut verifying => break report,
            _ = ticks.tick() => keep_progress(app, asked.id, done.load(Ordering::Relaxed), all.load(Ordering::Relaxed)).await?,
        }
    };
    record(app, &asked, report.as_ref().map_err(|error| tracing::warn!(?error, "A verification of the access log broke off")).ok()).await?;
    Ok(true)
}

async fn verify(app: &App, asked: &Verification, progress: impl FnMut(u64, u64)) -> anyhow::Result<Report> {
    let known: Vec<String> = asked.known_head.iter().cloned().collect();
    let mut tx = app.db.reading().await?;
    integrity::verify(&mut tx, &app.log, &[app.heads.key().verifier()], &known, progress).await
}

async fn keep_progress(app: &App, id: Uuid, done: u64, all: u64) -> sqlx::Result<()> {
    let mut tx = app.log.begin(&app.system()).await?;
    store::progress(&mut tx, id, done.cast_signed(), all.cast_signed()).await?;
    tx.commit_bookkeeping(Bookkeeping::Verification).await
}

/// Write down how it ended, with its event.
async fn record(app: &App, asked: &Verification, report: Option<&Report>) -> sqlx::Result<()> {
    let ended = report.map_or_else(|| Ended { verdict: "broken_off", ..Ended::default() }, ended);
    let mut tx = app.log.begin(&app.system()).await?;
    if !store::end(&mut tx, asked.id, &ended, app.now()).await? {
        return Ok(());
    }
    let event = match ended.verdict {
        "broken_off" => Event::failed(Kind::LogVerified, "unavailable"),
        "altered" => Event::failed(Kind::LogVerified, "altered"),
        _ => Event::done(Kind::LogVerified),
    };
    let event = event
        .on(Object::Log, asked.id)
        .with("verdict", Fact::Word(ended.verdict))
        .with("events", Fact::Number(ended.events))
        .with("signed", Fact::Number(ended.signed))
        .with("outside", Fact::Number(ended.outside))
        .with("found", Fact::Number(ended.found));
    tx.commit(event).await
}

fn ended(report: &Report) -> Ended {
    Ended {
        verdict: match report.verdict() {
            Verdict::Unaltered => "unaltered",
            Verdict::Altered => "altered",
            Verdict::NotAnchored => "not_anchored",
        },
        events: report.events.cast_signed(),
        signed: report.signed.cast_signed(),
        outside: report.outside.cast_signed(),
        found: report.found.cast_signed(),
        report: report.in_words(),
    }
}
