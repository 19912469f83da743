//! Migrations: the same file names for both drivers, compiled in, applied in order at start.

use super::Db;
use anyhow::Context;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgConnection, PgPool};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Bring the database to this build's schema. A database from a newer build is refused, not touched.
///
/// On PostgreSQL a role that owns no table finds the schema as the owner left it, or hears whose work it is.
pub async fn run(db: &Db) -> anyhow::Result<()> {
    let done = match db {
        Db::Sqlite { write, .. } => SQLITE.run(write).await,
        Db::Postgres { write, .. } if is_current(write).await? => Ok(()),
        Db::Postgres { write, .. } => POSTGRES.run(write).await,
    };
    said(done)
}

/// The same on PostgreSQL, by the connection of whoever owns the tables.
pub(super) async fn run_as_owner(connection: &mut PgConnection) -> anyhow::Result<()> {
    said(POSTGRES.run(connection).await)
}

/// True when each migration of this build was applied as it is, and no other.
async fn is_current(pool: &PgPool) -> sqlx::Result<bool> {
    let kept: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    if !kept {
        return Ok(false);
    }
    let applied: Vec<(i64, Vec<u8>, bool)> =
        sqlx::query_as("select version, checksum, success from _sqlx_migrations order by version").fetch_all(pool).await?;
    Ok(applied.len() == POSTGRES.migrations.len()
        && POSTGRES
            .iter()
            .zip(&applied)
            .all(|(ours, (version, checksum, success))| ours.version == *version && *ours.checksum == **checksum && *success))
}

fn said(done: Result<(), MigrateError>) -> anyhow::Result<()> {
    match done {
        Err(MigrateError::VersionMissing(version)) => anyhow::bail!(
            "this database was made by a newer anteroom (its migration {version} is unknown here): run that version, or restore a backup"
        ),
        Err(error) if is_forbidden(&error) => anyhow::bail!(
            "this database needs the schema of this version, and the role of database.url may not change it. Stop the server and start it once \
             with database.owner_url set"
        ),
        other => other.context("apply the migrations"),
    }
}

/// PostgreSQL's `insufficient_privilege`.
fn is_forbidden(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else { return false };
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "42501")
}
