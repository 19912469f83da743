//! The sequencer killed at each of its steps, and two of them at once: nothing is lost, doubled or forked (AUD-21).
//!
//! The child is this test program again. It polls the real sequencer, and at the poll that it is told it ends itself with a kill that no
//! program can catch: wherever the sequencer waits for its database, there a round ends. `SEQUENCER_KILLS=200` for the long run.

use crate::support::TestApp;
use anteroom::app::App;
use anteroom::audit::tree::{Head, Sequencer};
use anteroom::audit::{Event, Kind};
use anteroom::compliance::integrity::{self, Verdict};
use anteroom::config::Config;
use anteroom::crypto::Rng;
use anteroom::db::Tx;
use anteroom::time::SystemClock;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::task::Poll;

/// Kills of a run, each database.
const KILLS: u64 = 24;
/// What tells this program that it is the child: the configuration, what to do, and at which poll to end.
const CHILD: &str = "ANTEROOM_TEST_CHILD";
/// From one round's poll to the next: a short run reaches the last steps too, and the next walk takes the polls between.
const STRIDE: u64 = 5;
/// A sequencer that is not done by then waits for something that does not come.
const POLLS_MAX: u64 = 100_000;

/// Run a future to its end, or end this process at a poll.
async fn killed_at<T>(poll: u64, work: impl Future<Output = T>) -> T {
    let (mut work, mut polls) = (Box::pin(work), 0);
    std::future::poll_fn(move |cx| {
        polls += 1;
        assert!(polls < POLLS_MAX, "it does not come to an end");
        if polls == poll {
            let _killed = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
            std::process::abort();
        }
        match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Not a test of its own: what the child does, when this program is the child.
#[actix_web::test]
async fn the_child_that_is_killed() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let [config, what, poll] = told.split('|').collect::<Vec<_>>()[..] else { panic!("{told}") };
    let app = App::open(Config::read(Path::new(config)).unwrap(), Arc::new(SystemClock), Rng::system()).await.unwrap();
    let poll = poll.parse().unwrap();
    if what == "sign" {
        killed_at(poll, app.heads.sign_all()).await.unwrap();
    } else {
        let sequencer = Sequencer::new(app.log.clone());
        killed_at(poll, async { while sequencer.step(2).await.unwrap() > 0 {} }).await;
    }
}

/// True if it was killed, false if it came to its end first.
async fn child(app: &TestApp, what: &str, poll: u64) -> bool {
    let told = format!("{}|{what}|{poll}", app.folder.path().join("clinic.toml").display());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "log_kills::the_child_that_is_killed", "--quiet"]).env(CHILD, told);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let killed = std::os::unix::process::ExitStatusExt::signal(&output.status).is_some();
    assert!(killed || output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    killed
}

async fn written(app: &TestApp) -> BTreeSet<uuid::Uuid> {
    const ASKED: &str = "select id from audit_event";
    match app.app.db.reading().await.unwrap() {
        Tx::Sqlite(mut tx) => sqlx::query_scalar(ASKED).fetch_all(&mut *tx).await.unwrap().into_iter().collect(),
        Tx::Postgres(mut tx) => sqlx::query_scalar(ASKED).fetch_all(&mut *tx).await.unwrap().into_iter().collect(),
    }
}

async fn nothing_is_lost_doubled_or_forked(app: TestApp) {
    let kills: u64 = std::env::var("SEQUENCER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let (mut killed, mut heads, mut poll, mut round) = (0, Vec::<Head>::new(), [1u64; 2], 0);
    let mut acknowledged = written(&app).await;
    while killed < kills {
        for _ in 0..5 {
            acknowledged.insert(app.app.log.recorded(&app.app.system(), Event::done(Kind::LogViewed)).await.unwrap().id.0);
        }
        let alone = round % 2 == 0;
        round += 1;
        let own = Sequencer::new(app.app.log.clone());
        // Of two at once one is killed; of one alone the signing is among what is broken off.
        let gone = if alone {
            child(&app, "sign", poll[0]).await
        } else {
            let (gone, ()) = tokio::join!(child(&app, "place", poll[1]), async {
                for _ in 0..20 {
                    own.step(1).await.unwrap();
                    tokio::task::yield_now().await;
                }
            });
            gone
        };
        // In strides through all its steps, and from the next poll at the beginning once it came to its end.
        let next = &mut poll[usize::from(!alone)];
        *next = if gone { *next + STRIDE } else { *next % STRIDE + 1 };
        killed += u64::from(gone);
        app.app.heads.check().await.expect("what was signed is what is there");
        if round % 3 == 0 {
            heads.push(app.app.heads.sign_all().await.unwrap().unwrap());
        }
    }
    let last = app.app.heads.sign_all().await.unwrap().unwrap();
    assert_eq!((written(&app).await, last.size), (acknowledged.clone(), acknowledged.len() as u64), "each has one place");
    let known: Vec<String> = heads.iter().chain([&last]).map(|head| head.note.clone()).collect();
    let mut tx = app.app.db.reading().await.unwrap();
    let report = integrity::verify(&mut tx, &app.app.log, &[app.app.heads.key().verifier()], &known, |_, _| {}).await.unwrap();
    assert_eq!((report.verdict(), report.found), (Verdict::Unaltered, 0), "{}", report.in_words());
    drop(tx);
    app.finish().await;
}

mod the_sequencer_killed_at_each_step {
    use super::*;

    #[actix_web::test]
    async fn sqlite() {
        nothing_is_lost_doubled_or_forked(TestApp::sqlite().await).await;
    }

    #[actix_web::test]
    async fn postgres() {
        nothing_is_lost_doubled_or_forked(TestApp::postgres().await).await;
    }
}

/// Migrations leave every row of the log as it was (AUD-07).
mod migrations {
    use super::*;
    use crate::support::postgres;
    use anteroom::db::{Address, Db};
    use sqlx::AssertSqlSafe;
    use sqlx::migrate::{Migration, Migrator};
    use std::collections::BTreeMap;

    /// A row of each table of the log, in both databases' words: `ID`, `OTHER` and `HASH` stand for bytes.
    const SAMPLES: [(&str, &str); 10] = [
        (
            "audit_event",
            "insert into audit_event (id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload) values (ID, 1, 'note.read', 'success', 'staff', OTHER, HASH, HASH)",
        ),
        ("audit_subject", "insert into audit_subject (patient_id, tag) values (OTHER, HASH)"),
        ("audit_event_subject", "insert into audit_event_subject (event_id, tag) values (ID, HASH)"),
        ("audit_pending", "insert into audit_pending (event_id) values (ID)"),
        ("audit_once", "insert into audit_once (key, event_id) values (HASH, ID)"),
        ("audit_leaf", "insert into audit_leaf (n, event_id, hash) values (0, ID, HASH)"),
        ("audit_leaf_subject", "insert into audit_leaf_subject (tag, n, leaf) values (HASH, 1, 0)"),
        ("audit_tile", "insert into audit_tile (level, n, hashes) values (0, 0, HASH)"),
        ("audit_checkpoint", "insert into audit_checkpoint (size, root, note, signed_at) values (1, HASH, 'note', 1)"),
        ("audit_purge", "insert into audit_purge (until_at, last_leaf, purged_at) values (1, 0, 1)"),
    ];

    async fn all(db: &Db, question: String) -> Vec<String> {
        let question = AssertSqlSafe(question);
        match db {
            Db::Sqlite { write, .. } => sqlx::query_scalar(question).fetch_all(write).await.unwrap(),
            Db::Postgres { write, .. } => sqlx::query_scalar(question).fetch_all(write).await.unwrap(),
        }
    }

    async fn execute(db: &Db, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        match db {
            Db::Sqlite { write, .. } => drop(sqlx::query(statement).execute(write).await.unwrap()),
            Db::Postgres { write, .. } => drop(sqlx::query(statement).execute(write).await.unwrap()),
        }
    }

    /// The tables of the log that are there, with their columns.
    async fn tables(db: &Db) -> BTreeMap<String, Vec<String>> {
        let question = match db {
            Db::Sqlite { .. } => {
                "select m.name || ' ' || c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and m.name like 'audit%'"
            }
            Db::Postgres { .. } => {
                "select table_name || ' ' || column_name from information_schema.columns where table_schema = 'public' and table_name like 'audit%'"
            }
        };
        let mut tables = BTreeMap::<String, Vec<String>>::new();
        for line in all(db, question.to_owned()).await {
            let (table, column) = line.split_once(' ').unwrap();
            tables.entry(table.to_owned()).or_default().push(column.to_owned());
        }
        tables
    }

    /// A root over these rows, with these columns and no others.
    async fn root(db: &Db, tables: &BTreeMap<String, Vec<String>>) -> Vec<u8> {
        let mut tree = ct_merkle::mem_backed_tree::MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        for (table, columns) in tables {
            let shown = match db {
                Db::Sqlite { .. } => columns.iter().map(|column| format!("quote({column})")).collect::<Vec<_>>().join(" || ',' || "),
                Db::Postgres { .. } => format!("row({})::text", columns.join(", ")),
            };
            let rows = all(db, format!("select {shown} as shown from {table} order by shown")).await;
            assert!(!rows.is_empty(), "{table} is empty: give it a row in SAMPLES, so that a migration can be seen to leave it alone");
            rows.into_iter().for_each(|row| tree.push(format!("{table} {row}").into_bytes()));
        }
        tree.root().as_bytes().to_vec()
    }

    async fn leave_the_log_alone(db: Db, folder: &str) {
        let whole = Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder)).await.unwrap();
        let migrations: Vec<Migration> = whole.iter().cloned().collect();
        assert!(migrations.len() >= 8, "they were read");
        let (id, other, hash) = match &db {
            Db::Sqlite { .. } => (format!("x'{}'", "01".repeat(16)), format!("x'{}'", "02".repeat(16)), format!("x'{}'", "03".repeat(32))),
            Db::Postgres { .. } => {
                (format!("'{}'::uuid", "01".repeat(16)), format!("'{}'::uuid", "02".repeat(16)), format!("'\\x{}'::bytea", "03".repeat(32)))
            }
        };
        let mut filled = BTreeSet::new();
        for count in 1..=migrations.len() {
            let known = tables(&db).await;
            let before = root(&db, &known).await;
            let upto = Migrator::with_migrations(migrations[..count].to_vec());
            match &db {
                Db::Sqlite { write, .. } => upto.run(write).await.unwrap(),
                Db::Postgres { write, .. } => upto.run(write).await.unwrap(),
            }
            assert_eq!(root(&db, &known).await, before, "migration {} changes rows of the access log", migrations[count - 1].version);
            let there = tables(&db).await;
            for (table, sample) in SAMPLES.iter().filter(|(table, _)| there.contains_key(*table)) {
                if filled.insert(*table) {
                    execute(&db, &sample.replace("OTHER", &other).replace("HASH", &hash).replace("ID", &id)).await;
                }
            }
        }
        assert_eq!(filled.len(), SAMPLES.len());
        db.close().await;
    }

    #[actix_web::test]
    async fn leave_the_log_alone_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Address::File(folder.path().join("empty.db"))).await.unwrap();
        leave_the_log_alone(db, "sqlite").await;
    }

    #[actix_web::test]
    async fn leave_the_log_alone_on_postgres() {
        let database = postgres::database_like("nothing", async |_| {}).await;
        let db = Db::open(&Address::parse(database.url()).unwrap()).await.unwrap();
        leave_the_log_alone(db, "postgres").await;
    }
}
