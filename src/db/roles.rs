//! Two roles on PostgreSQL: one that owns the tables, and the server's, to which the access log only grows (AUD-06, decision 0030).
//!
//! What the server's role may do stands in `server_role.sql`. The owner's connection is opened to migrate, and to purge: the server works with
//! the other. This keeps bugs, and whoever gets a statement past the program, from changing the log. It stops nobody who has the
//! owner's password: for that there is the signed tree.

use super::{Address, Db, migrate};
use anyhow::{Context, bail, ensure};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

/// What a role of the server holds that it should not. `null`: the log only grows for it.
///
/// Whoever is a table's owner, or has the owner's rights, may do everything to it, whatever was granted.
const WHAT_IS_TOO_MUCH: &str = "
    select case
        when (select rolsuper from pg_roles where rolname = current_user) then 'is a superuser'
        when (select pg_has_role(current_user, datdba, 'member') from pg_database where datname = current_database())
            then 'owns the database, or is a member of the role that does'
        when exists (
            select from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
                and pg_has_role(current_user, relowner, 'member')) then 'owns tables, or is a member of the role that does'
        when has_schema_privilege(current_user, current_schema(), 'create') then 'may make tables and functions in its schema'
        when exists (
            select from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
                and (relname = 'audit_event' or relname = 'audit_leaf' or relname = 'audit_checkpoint' or relname = 'audit_purge')
                and (has_any_column_privilege(oid, 'update') or has_table_privilege(oid, 'delete, truncate, trigger')))
            then 'may change the access log'
    end";

/// Bring the database to this build's schema as its owner, and give the server's role what it needs and no more.
///
/// Errors when that role could change the access log all the same.
pub async fn bring_forward(owner: &Address, server: &Address) -> anyhow::Result<()> {
    let (Address::Server(owner), Address::Server(server)) = (owner, server) else { bail!("database.owner_url is for PostgreSQL") };
    let mut connection = owner.connect().await.context("connect to PostgreSQL by database.owner_url")?;
    check_owner(&mut connection, owner).await?;
    migrate::run_as_owner(&mut connection).await?;
    give_rights(&mut connection, server).await.context("give the server's role its rights, by database.owner_url")?;
    connection.close().await?;
    let mut connection = server.connect().await.context("connect to PostgreSQL")?;
    let too_much: Option<String> = sqlx::query_scalar(WHAT_IS_TOO_MUCH).fetch_one(&mut connection).await?;
    connection.close().await?;
    match too_much {
        None => Ok(()),
        Some(too_much) => bail!(
            "the role \"{}\" of database.url {too_much}: it could change the access log, in spite of database.owner_url. \
             compliance/runbooks/database-roles.md says how the two roles are made",
            server.get_username()
        ),
    }
}

impl Db {
    /// Whether PostgreSQL keeps the server's role from changing or removing what the access log holds. SQLite knows no roles.
    pub async fn role_is_kept_from_the_log(&self) -> sqlx::Result<bool> {
        let Db::Postgres { read, .. } = self else { return Ok(false) };
        let too_much: Option<String> = sqlx::query_scalar(WHAT_IS_TOO_MUCH).fetch_one(read).await?;
        Ok(too_much.is_none())
    }
}

/// A database that one role made is handed over by a person: only they can know that it is meant.
async fn check_owner(connection: &mut PgConnection, owner: &PgConnectOptions) -> anyhow::Result<()> {
    let other: Option<String> = sqlx::query_scalar(
        "select pg_get_userbyid(relowner)::text from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
         and not pg_has_role(current_user, relowner, 'usage') limit 1",
    )
    .fetch_optional(&mut *connection)
    .await
    .context("ask who owns the tables")?;
    let Some(other) = other else { return Ok(()) };
    let owner = owner.get_username();
    bail!(
        "the tables belong to the role \"{other}\", not to \"{owner}\" of database.owner_url. If they should: stop the server, and as a superuser \
         run `reassign owned by \"{other}\" to \"{owner}\"` in this database"
    )
}

async fn give_rights(connection: &mut PgConnection, server: &PgConnectOptions) -> sqlx::Result<()> {
    let mut tx = connection.begin().await?;
    sqlx::query("select set_config('anteroom.server_role', $1, true)").bind(server.get_username()).execute(&mut *tx).await?;
    sqlx::raw_sql(include_str!("server_role.sql")).execute(&mut *tx).await?;
    tx.commit().await
}

impl Address {
    /// Check that this is the address of the owner of the database at `server`, and not just the same again.
    pub fn check_owner_of(&self, server: &Address) -> anyhow::Result<()> {
        let (Address::Server(owner), Address::Server(server)) = (self, server) else {
            bail!("database.owner_url goes with a database.url of PostgreSQL: SQLite knows no roles")
        };
        let place = |options: &PgConnectOptions| {
            (options.get_host().to_owned(), options.get_port(), options.get_socket().cloned(), options.get_database().map(str::to_owned))
        };
        ensure!(place(owner) == place(server), "database.owner_url must name the same server and database as database.url");
        ensure!(
            owner.get_username() != server.get_username(),
            "database.owner_url must name another role than database.url: the role of the server owns nothing"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_another_role_on_the_same_database() {
        let said = |owner: &str| {
            let server = Address::parse("postgres://anteroom:secret@db.internal/clinic").expect("an address");
            Address::parse(owner)
                .and_then(|owner| owner.check_owner_of(&server))
                .map_or_else(|error| error.to_string(), |()| "good".to_owned())
        };
        assert_eq!(said("postgres://anteroom_owner:other@db.internal/clinic"), "good");
        assert!(said("postgres://anteroom:other@db.internal/clinic").contains("another role"));
        assert!(said("postgres://anteroom_owner:other@db.internal/other").contains("same server and database"));
        assert!(said("postgres://anteroom_owner:other@elsewhere/clinic").contains("same server and database"));
        assert!(said("sqlite:clinic.db").contains("knows no roles"));
    }
}
