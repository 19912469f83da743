//! The database: a SQLite file or a PostgreSQL server behind one text of SQL.
//!
//! The only file that names a driver. A store function takes `&mut Tx` and runs its statement with [`in_tx!`]; the text is
//! the same for both. SQLite has one connection that writes, which is a fair queue instead of `SQLITE_BUSY`, and others
//! that cannot write. A function that begins a second [`Tx`] while it holds one waits for itself until the acquire
//! timeout: begin one, finish it, begin the next. No network call happens inside a `Tx`.

pub mod migrate;
pub mod roles;

use anyhow::{Context, bail, ensure};
use futures_util::FutureExt;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, SqlitePool};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A connection to PostgreSQL that was idle for so long is asked whether it is still there. Lower: fewer requests fail after the
/// server was restarted. Higher: fewer questions.
const ASKED_WHEN_IDLE_FOR: Duration = Duration::from_secs(1);
/// How long PostgreSQL may take to answer one statement. A server that went away without a word is noticed by nothing else. Lower: people hear
/// sooner that they should come again. Higher: a slow statement is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that SQLite's thread reads before the reader takes one. Lower: less memory. Higher: the two wait less for each other in a long walk.
const ROWS_AHEAD: usize = 500;
/// How long it may take to say that a connection still works.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// When PostgreSQL gives up a transaction that nobody goes on with, and with it the rows that it holds. Longer than [`ANSWER_TIMEOUT`].
const ABANDONED_AFTER: &str = "10s";
/// How long a caller waits for a connection. Lower: overload answers 503 sooner. Higher: a burst of writers is ridden out.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers at once. Higher: more of a page's queries overlap, each with its own page cache.
const READERS_MAX: u32 = 8;
/// Writers at once on PostgreSQL. SQLite has one.
const WRITERS_MAX: u32 = 16;
/// Older SQLite can corrupt a WAL database that two connections checkpoint at once (REL-01).
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);

/// A pair of connection pools: one that may write and one that cannot.
#[derive(Debug, Clone)]
pub enum Db {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres { read: PgPool, write: PgPool },
}

/// An open transaction. Dropped without a commit, it is rolled back.
#[derive(Debug)]
pub enum Tx {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// Run one statement on whichever driver `$tx` holds: `in_tx!(tx, conn => sqlx::query("..").execute(conn).await)`.
macro_rules! in_tx {
    ($tx:expr, $conn:ident => $body:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(transaction) => {
                let $conn = &mut **transaction;
                $body
            }
            $crate::db::Tx::Postgres(transaction) => {
                let $conn = &mut **transaction;
                $crate::db::answered(async { $body }).await
            }
        }
    };
}
pub(crate) use in_tx;

/// What PostgreSQL answers in time. Afterwards nobody knows whether it was done, and the connection is of no more use.
pub(crate) fn answered<T>(work: impl Future<Output = sqlx::Result<T>>) -> impl Future<Output = sqlx::Result<T>> {
    within(ANSWER_TIMEOUT, work)
}

/// No `async fn`: that would hold the work twice, and every socket that waits holds the longest work it may ever do.
fn within<T>(patience: Duration, work: impl Future<Output = sqlx::Result<T>>) -> impl Future<Output = sqlx::Result<T>> {
    let silent = |_| sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "PostgreSQL does not answer"));
    tokio::time::timeout(patience, work).map(move |answer| answer.map_err(silent)?)
}

/// How many rows one statement asks for by their ids. A statement has one text, so its number of places is fixed: the day of a
/// clinician fits.
pub const MANY: usize = 48;

/// `$1` to `$48`, the places of [`MANY`] ids.
macro_rules! many {
    () => {
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, \
         $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48"
    };
}
pub(crate) use many;

/// The ids in lots of [`MANY`], the last one filled with `nobody`, an id that no row has.
pub fn lots<T: Copy>(ids: impl IntoIterator<Item = T>, nobody: T) -> Vec<[T; MANY]> {
    let mut lots = Vec::new();
    for (place, id) in ids.into_iter().enumerate() {
        if place % MANY == 0 {
            lots.push([nobody; MANY]);
        }
        if let Some(lot) = lots.last_mut() {
            lot[place % MANY] = id;
        }
    }
    lots
}

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Address {
    File(PathBuf),
    Server(Box<PgConnectOptions>),
}

impl Address {
    /// `postgres://…`, or `sqlite:` and a path.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|_| anyhow::anyhow!("the database URL is not one of PostgreSQL"))?;
            return Ok(Self::Server(Box::new(options)));
        }
        match url.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(Self::File(PathBuf::from(path.trim_start_matches("//")))),
            _ => bail!("database.url must start with `postgres://`, or be `sqlite:` and a path"),
        }
    }
}

impl Address {
    /// False for a server on another machine that need not prove who it is (TLS-01).
    pub fn proves_itself(&self) -> bool {
        let Self::Server(server) = self else { return true };
        let here = ["localhost", "127.0.0.1", "::1"].contains(&server.get_host()) || server.get_socket().is_some();
        here || matches!(server.get_ssl_mode(), PgSslMode::VerifyFull)
    }
}

impl Db {
    /// Open the database and check that it is set as it must be (REL-01, REL-02). Makes the SQLite file when there is none.
    pub async fn open(address: &Address) -> anyhow::Result<Self> {
        match address {
            Address::File(path) => open_sqlite(path).await,
            Address::Server(options) => open_postgres(options.as_ref().clone()).await,
        }
    }

    /// Begin a transaction that may write. Boxed, as in [`Db::reading`]: whatever waits for a connection is large.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        match self {
            // A deferred transaction that reads and then writes fails as BUSY whatever the timeout is.
            Db::Sqlite { write, .. } => Box::pin(write.begin_with("BEGIN IMMEDIATE")).await.map(Tx::Sqlite),
            Db::Postgres { write, .. } => Box::pin(within(ACQUIRE_TIMEOUT, write.begin())).await.map(Tx::Postgres),
        }
    }

    /// Begin a transaction that may write, and whose statements all see the moment of the first. On PostgreSQL it is broken off
    /// when another changed a row that it changes too ([`lost_to_another`]).
    pub async fn begin_in_one_moment(&self) -> sqlx::Result<Tx> {
        match self {
            Db::Sqlite { .. } => self.begin().await,
            Db::Postgres { write, .. } => {
                let begun = within(ACQUIRE_TIMEOUT, write.begin_with("begin isolation level repeatable read"));
                Box::pin(begun).await.map(Tx::Postgres)
            }
        }
    }

    /// Begin a transaction that only reads: one consistent view, and an error for any statement that writes.
    pub async fn reading(&self) -> sqlx::Result<Tx> {
        match self {
            Db::Sqlite { read, .. } => Box::pin(read.begin()).await.map(Tx::Sqlite),
            Db::Postgres { read, .. } => Box::pin(within(ACQUIRE_TIMEOUT, read.begin())).await.map(Tx::Postgres),
        }
    }

    /// `SQLite 3.51.3` or `PostgreSQL 15.18`, for the start-up line.
    pub async fn version(&self) -> sqlx::Result<String> {
        match self {
            Db::Sqlite { read, .. } => sqlx::query_scalar("select 'SQLite ' || sqlite_version()").fetch_one(read).await,
            Db::Postgres { read, .. } => {
                sqlx::query_scalar("select 'PostgreSQL ' || current_setting('server_version')").fetch_one(read).await
            }
        }
    }

    /// Close all connections. On SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres { read, write } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

impl Tx {
    /// Make the transaction durable. Called by `audit/store.rs` alone, so that no change goes without its event.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Tx::Sqlite(transaction) => transaction.commit().await,
            Tx::Postgres(transaction) => answered(transaction.commit()).await,
        }
    }
}

/// What a constraint said about a failed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    Unique,
    /// Two appointments of one clinician would overlap.
    ClinicianBooked,
    /// Two appointments of one patient would overlap.
    PatientBooked,
}

/// Name the rule that a statement broke, if it broke one. The transaction is of no more use: drop it.
pub fn violation(error: &sqlx::Error) -> Option<Violation> {
    let error = error.as_database_error()?;
    let rule = error.constraint().unwrap_or_else(|| error.message());
    if rule.contains("clinician_not_double_booked") {
        Some(Violation::ClinicianBooked)
    } else if rule.contains("patient_not_double_booked") {
        Some(Violation::PatientBooked)
    } else if error.is_unique_violation() {
        Some(Violation::Unique)
    } else {
        None
    }
}

/// True when the database broke off a transaction only because another was in its way: the same again may succeed.
///
/// Two moves into one slot at the same moment wait for each other under PostgreSQL's exclusion constraint, until one is
/// broken off (`deadlock_detected`). Two sequencers at once: one finds that the other moved its ground (`serialization_failure`).
pub fn lost_to_another(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "40P01" || code == "40001")
}

/// The right to be the only node on a database. Held until dropped, and gone with a killed process.
///
/// Rooms in memory are caches of one node; a second node without a bus between them would show people stale rooms.
#[derive(Debug)]
pub enum OnlyNode {
    /// A lock on a file beside the database.
    File(std::fs::File),
    /// An advisory lock that lives as long as its connection.
    Server(Arc<tokio::sync::Mutex<PgConnection>>),
}

impl OnlyNode {
    /// Claim the database. Errors when another live node holds it.
    pub async fn claim(address: &Address) -> anyhow::Result<Self> {
        const IN_USE: &str = "another anteroom is running on this database: stop it first, or give this one a database of its own";
        match address {
            Address::File(path) => {
                let lock = std::fs::File::create(path.with_extension("lock")).context("create the lock file beside the database")?;
                lock.try_lock().map_err(|_| anyhow::anyhow!(IN_USE))?;
                Ok(Self::File(lock))
            }
            Address::Server(options) => {
                let mut connection = options.connect().await.context("connect to PostgreSQL")?;
                let claimed: bool = sqlx::query_scalar("select pg_try_advisory_lock(hashtext('anteroom.only_node'))")
                    .fetch_one(&mut connection)
                    .await
                    .context("claim the database")?;
                ensure!(claimed, IN_USE);
                Ok(Self::Server(Arc::new(tokio::sync::Mutex::new(connection))))
            }
        }
    }
}

async fn open_sqlite(path: &Path) -> anyhow::Result<Db> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(ACQUIRE_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY");
    // A connection to a file does not get lost: asking it first would only take its time. One that still believes in a transaction is replaced:
    // SQLite itself gives up a transaction when the disk is full, the driver's own end of it fails then, and nothing could begin there any more.
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
    };
    let write = pool()
        .max_connections(1)
        .after_connect(|connection, _| Box::pin(async move { assert_settings(connection).await }))
        .connect_with(options.clone())
        .await
        .with_context(|| format!("open the database {}", path.display()))?;
    let read = pool()
        .max_connections(READERS_MAX)
        .after_connect(|connection, _| Box::pin(async move { assert_settings(connection).await }))
        .connect_with(options.pragma("query_only", "ON"))
        .await
        .context("open the database for reading")?;
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&read).await?;
    ensure!(
        sqlite_version(&version) >= Some(SQLITE_VERSION_MIN),
        "this build carries SQLite {version}, which can corrupt a database; 3.51.3 or newer is needed"
    );
    Ok(Db::Sqlite { read, write })
}

fn sqlite_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// Read back what was asked for: a setting that did not take is a promise not kept (REL-02).
async fn assert_settings(connection: &mut sqlx::SqliteConnection) -> sqlx::Result<()> {
    let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut *connection).await?;
    let mut settings = [0i64; 4];
    for (value, question) in
        settings.iter_mut().zip(["pragma synchronous", "pragma foreign_keys", "pragma secure_delete", "pragma temp_store"])
    {
        *value = sqlx::query_scalar(question).fetch_one(&mut *connection).await?;
    }
    // synchronous: 2 is FULL; temp_store: 2 is MEMORY.
    if journal == "wal" && settings == [2, 1, 1, 2] {
        return Ok(());
    }
    Err(sqlx::Error::Configuration(format!("SQLite did not take its settings: journal {journal}, {settings:?}").into()))
}

async fn open_postgres(options: PgConnectOptions) -> anyhow::Result<Db> {
    // A connection that does not answer is closed, not waited for: whoever waits with it holds a place in the pool. One that was
    // just in use is not asked first: that would be one more way to the server and back for each transaction.
    let pool = |size| {
        PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for >= ASKED_WHEN_IDLE_FOR {
                        works(connection).await?;
                    }
                    Ok(true)
                })
            })
            .after_release(|connection, _| Box::pin(async { works(connection).await.map(|()| true) }))
    };
    let writing = options.clone().options([("idle_in_transaction_session_timeout", ABANDONED_AFTER)]);
    let write = pool(WRITERS_MAX).connect_with(writing).await.context("connect to PostgreSQL")?;
    let read = pool(READERS_MAX)
        .connect_with(options.options([
            ("default_transaction_read_only", "on"),
            // One moment for all statements of a page: without it each would see its own.
            ("default_transaction_isolation", "repeatable read"),
        ]))
        .await
        .context("connect to PostgreSQL for reading")?;
    Ok(Db::Postgres { read, write })
}

async fn works(connection: &mut PgConnection) -> sqlx::Result<()> {
    within(PING_TIMEOUT, connection.ping()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_in_one_lot_and_the_rest_is_nobody() {
        assert_eq!(lots([], 0), Vec::<[i32; MANY]>::new());
        for count in [1, MANY - 1, MANY, MANY + 1, 3 * MANY] {
            let lots = lots(1..=count, 0);
            assert_eq!(lots.len(), count.div_ceil(MANY));
            let ids: Vec<usize> = lots.concat().into_iter().filter(|id| *id != 0).collect();
            assert_eq!(ids, (1..=count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn sqlite_versions_compare_as_numbers() {
        assert!(sqlite_version("3.51.10") > Some(SQLITE_VERSION_MIN));
        assert!(sqlite_version("3.51.2") < Some(SQLITE_VERSION_MIN));
        assert!(sqlite_version("3.6") < Some(SQLITE_VERSION_MIN));
    }

    #[test]
    fn a_database_url_says_which_driver() {
        assert!(matches!(Address::parse("sqlite:clinic.db"), Ok(Address::File(path)) if path == Path::new("clinic.db")));
        assert!(matches!(Address::parse("postgres://localhost/clinic"), Ok(Address::Server(_))));
        assert!(Address::parse("mysql://localhost").is_err());
        assert!(Address::parse("sqlite:").is_err());
    }

    #[test]
    fn a_server_on_another_machine_proves_who_it_is() {
        let proves = |url: &str| Address::parse(url).expect("an address").proves_itself();
        assert!(proves("sqlite:clinic.db"));
        assert!(proves("postgres://anteroom@localhost/clinic") && proves("postgres://anteroom@127.0.0.1/clinic"));
        assert!(proves("postgres://anteroom@db.internal/clinic?sslmode=verify-full"));
        assert!(!proves("postgres://anteroom@db.internal/clinic"));
        assert!(!proves("postgres://anteroom@db.internal/clinic?sslmode=require"), "encrypted to whoever answers");
    }
}
