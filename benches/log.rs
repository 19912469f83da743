//! What the tree over the access log costs: how fast events get their places, what a write waits for it, and how long a verification takes
//! beside the mere reading of the same rows; and how fast the log is exported, and the export verified by someone who has only the file.
//! `LOG_EVENTS` says how many events, 20,000 if not said otherwise.

use crate::support::{Clinic, megabytes_of, number, row, share};
use anteroom::app::App;
use anteroom::audit::tree::{self, Sequencer};
use anteroom::audit::{Event, Filter, Kind};
use anteroom::compliance::export::{self, Signer};
use anteroom::compliance::integrity::{self, Verdict};
use anteroom::compliance::model::Format;
use futures_util::future::join_all;
use std::io::Write as _;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

/// Writers at once, to fill the log.
const WRITERS: usize = 16;
/// Timed writes, and how many come in a second.
const TIMED: usize = 1_000;
const A_SECOND: u64 = 200;

pub async fn run(name: &str, database: Option<&str>) {
    row(&format!("\nThe log's tree, on {name}"), &["p50".into(), "p99".into(), "a second".into()]);
    let clinic = Clinic::new(database).await;
    let app = &clinic.app;
    let events: usize = std::env::var("LOG_EVENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000);
    let alone = timed_writes(app).await;
    tell("ms  a write, the queue alone", &alone);
    app.heads.sign_all().await.unwrap();
    let beside = {
        let keeping = actix_web::rt::spawn(keep_up(app.clone()));
        let times = timed_writes(app).await;
        keeping.abort();
        times
    };
    tell("ms  a write, while events get their places", &beside);

    app.heads.sign_all().await.unwrap();
    join_all((0..WRITERS).map(|_| fill(app, events / WRITERS))).await;
    let (sequencer, began) = (Sequencer::new(app.log.clone()), Instant::now());
    let placed = sequencer.catch_up().await.unwrap();
    let seconds = began.elapsed().as_secs_f64();
    row(&format!("    {placed} events get their places, 1,000 at once"), &[String::new(), String::new(), number(placed as f64 / seconds)]);
    app.heads.sign_all().await.unwrap();

    // Once before, so that both find the rows in memory.
    read_all(app).await;
    let began = Instant::now();
    let read = read_all(app).await;
    let reading = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let mut tx = app.db.reading().await.unwrap();
    let report = integrity::verify(&mut tx, &app.log, &[app.heads.key().verifier()], &[], |_, _| {}).await.unwrap();
    let verifying = began.elapsed().as_secs_f64();
    assert_eq!((report.verdict(), report.events as usize), (Verdict::NotAnchored, read));
    row(&format!("    {read} events read"), &[String::new(), String::new(), number(read as f64 / reading)]);
    row("    the same verified", &[String::new(), String::new(), number(read as f64 / verifying)]);
    row("x   verifying beside reading", &[String::new(), String::new(), number(verifying / reading)]);
    drop(tx);
    exported(app).await;
}

/// The whole log as JSON Lines into a file, and that file verified.
async fn exported(app: &App) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.zip");
    let (before, began) = (Memory::begin(), Instant::now());
    let mut making = export::begin(app, &app.system(), Filter::default(), Format::JsonLines, Signer::Us).await.unwrap();
    let mut file = std::fs::File::create(&path).unwrap();
    let mut first = None;
    while let Some(chunk) = making.chunks.recv().await {
        file.write_all(&chunk.unwrap()).unwrap();
        first.get_or_insert(began.elapsed());
    }
    let seconds = began.elapsed().as_secs_f64();
    let (places, _) = making.progress.done_of();
    row(&format!("    {places} events exported"), &[String::new(), String::new(), number(places as f64 / seconds)]);
    row("ms  to the first byte of it", &[number(first.unwrap().as_secs_f64() * 1_000.0), String::new(), String::new()]);
    row("MB  more memory at most", &[number(before.grown()), String::new(), String::new()]);

    let (before, began) = (Memory::begin(), Instant::now());
    let report = integrity::verify_export(&path, &[app.heads.key().verifier()], &[], |_, _| {}).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(report.verdict(), Verdict::NotAnchored);
    row("    the file verified", &[String::new(), String::new(), number(report.events as f64 / seconds)]);
    row("MB  more memory at most", &[number(before.grown()), String::new(), String::new()]);
}

/// What this process holds in memory, from now on.
struct Memory(f64);

impl Memory {
    fn begin() -> Self {
        // "5" lets the highest mark begin anew from what is held now.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        Self(megabytes_of("self", "VmRSS"))
    }

    fn grown(&self) -> f64 {
        megabytes_of("self", "VmHWM") - self.0
    }
}

async fn write(app: &App, count: usize) {
    for _ in 0..count {
        app.log.record(&app.system(), Event::done(Kind::LogViewed)).await.unwrap();
    }
}

/// Many of them, a hundred in a transaction.
async fn fill(app: &App, count: usize) {
    for _ in 0..count / 100 {
        let mut tx = app.log.begin(&app.system()).await.unwrap();
        for _ in 1..100 {
            tx.also(Event::done(Kind::LogViewed));
        }
        tx.commit(Event::done(Kind::LogViewed)).await.unwrap();
    }
}

/// How long each write took, at a steady pace.
async fn timed_writes(app: &App) -> Vec<Duration> {
    let mut pace = interval(Duration::from_micros(1_000_000 / A_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::with_capacity(TIMED);
    for _ in 0..TIMED {
        pace.tick().await;
        let began = Instant::now();
        write(app, 1).await;
        times.push(began.elapsed());
    }
    times
}

/// As the server's job does.
async fn keep_up(app: App) {
    let mut ticks = interval(Duration::from_millis(500));
    loop {
        ticks.tick().await;
        app.heads.keep_up().await.unwrap();
    }
}

/// The rows that a verification reads: the places, their events and their tags.
async fn read_all(app: &App) -> usize {
    let mut tx = app.db.reading().await.unwrap();
    let (mut from, mut read) = (0, 0);
    loop {
        let placed = tree::placed(&mut tx, from, 2_000).await.unwrap();
        let (Some(first), Some(last)) = (placed.first(), placed.last()) else { return read };
        tree::tagged(&mut tx, first.leaf.n, last.leaf.n).await.unwrap();
        from = last.leaf.n + 1;
        read += placed.len();
    }
}

fn tell(what: &str, times: &[Duration]) {
    let mut ms: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1_000.0).collect();
    row(what, &[number(share(&mut ms, 0.5)), number(share(&mut ms, 0.99)), String::new()]);
}
