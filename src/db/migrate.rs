//! Migrations: the same file names for both drivers, compiled in, applied in order at start.

use super::Db;
use anyhow::Context;

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// Bring the database to this build's schema. A database from a newer build is refused, not touched.
pub async fn run(db: &Db) -> anyhow::Result<()> {
    let done = match db {
        Db::Sqlite { write, .. } => SQLITE.run(write).await,
        Db::Postgres { write, .. } => POSTGRES.run(write).await,
    };
    match done {
        Err(sqlx::migrate::MigrateError::VersionMissing(version)) => anyhow::bail!(
            "this database was made by a newer anteroom (its migration {version} is unknown here): run that version, or restore a backup"
        ),
        other => other.context("apply the migrations"),
    }
}
