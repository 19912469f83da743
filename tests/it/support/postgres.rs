//! Databases for tests on PostgreSQL: each test has its own, and nobody has to clean up.
//!
//! The server is the one that `TEST_POSTGRES_URL` names; `tests/run` starts one for its own time. Without it a test fails: a test that
//! quietly does not run proves nothing.

use std::str::FromStr;

use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// A database of one test's own, dropped with it.
pub struct Database {
    name: String,
    url: String,
    /// Roles of this database alone.
    roles: Vec<String>,
}

/// A database with two roles of its own: one that it belongs to, and one that only may connect.
pub struct TwoRoles {
    pub database: Database,
    pub owner: String,
    pub server: String,
}

/// A database with nothing in it.
pub async fn empty_database() -> Database {
    create("template0").await
}

/// An empty database as compliance/runbooks/database-roles.md makes it.
pub async fn database_in_two_roles() -> TwoRoles {
    let name = format!("test_{}", hex::encode(random()));
    let [owner, app] = ["owner", "server"].map(|role| format!("{name}_{role}"));
    let mut server = server().await;
    for role in [&owner, &app] {
        run(&mut server, format!("create role {role} login password 'secret'")).await;
    }
    run(&mut server, format!("create database {name} owner {owner} template template0")).await;
    server.close().await.expect("close the connection");
    let url = |role: &str| server_options().database(&name).username(role).password("secret").to_url_lossy().to_string();
    let (owner_url, app_url) = (url(&owner), url(&app));
    let database = Database { url: url_of(&name), name, roles: vec![owner, app] };
    TwoRoles { database, owner: owner_url, server: app_url }
}

/// A copy of a database that `prepare` once filled. `kind` stands for what `prepare` does, so that a template is made only once: hash
/// into it whatever changes the outcome, such as the text of the migrations.
///
/// `prepare` gets the address of the empty template and must have closed its connections when it returns.
pub async fn database_like<F: AsyncFnOnce(String)>(kind: &str, prepare: F) -> Database {
    create(&template(kind, prepare).await).await
}

/// Every row of every table as text, bytes in hexadecimal.
pub async fn dump(url: &str) -> Vec<u8> {
    let mut connection = PgConnectOptions::from_str(url).unwrap().connect().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar("select table_name::text from information_schema.tables where table_schema = 'public'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut text = String::new();
    for table in tables {
        let rows = format!("select coalesce(string_agg(row::text, chr(10)), '') from {table} row");
        let rows: String = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut connection).await.unwrap();
        text.push_str(&rows);
    }
    connection.close().await.unwrap();
    text.into_bytes()
}

/// Run statements on a database.
pub async fn run_on(url: &str, statements: &str) {
    let mut connection = PgConnectOptions::from_str(url).unwrap().connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap_or_else(|error| panic!("{statements}: {error}"));
    connection.close().await.unwrap();
}

impl Database {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port of the server.
    pub fn port(&self) -> u16 {
        PgConnectOptions::from_str(&self.url).unwrap().get_port()
    }

    /// Its address by way of another port.
    pub fn url_at(&self, port: u16) -> String {
        PgConnectOptions::from_str(&self.url).unwrap().port(port).to_url_lossy().to_string()
    }
}

impl Drop for Database {
    /// On a thread and a runtime of its own: this may run inside the test's runtime, which a blocking wait would stop.
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        let roles: Vec<String> = self.roles.iter().map(|role| format!("drop role {role}")).collect();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut server = PgConnectOptions::from_str(&server_url())?.connect().await?;
                for statement in std::iter::once(drop).chain(roles) {
                    sqlx::query(AssertSqlSafe(statement)).execute(&mut server).await?;
                }
                anyhow::Ok(server.close().await?)
            })
        });
        let outcome = dropped.join();
        if !std::thread::panicking() {
            outcome.expect("the thread drops a database").expect("drop the test's database");
        }
    }
}

fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL").expect(
        "this test needs PostgreSQL: run `tests/run`, or start one with `tests/run postgres` and set TEST_POSTGRES_URL to what it prints",
    )
}

async fn server() -> PgConnection {
    server_options().connect().await.expect("connect to the PostgreSQL that TEST_POSTGRES_URL names")
}

fn server_options() -> PgConnectOptions {
    PgConnectOptions::from_str(&server_url())
        .expect("TEST_POSTGRES_URL is an address such as postgres://user:password@127.0.0.1:5432/postgres")
}

fn url_of(database: &str) -> String {
    server_options().database(database).to_url_lossy().to_string()
}

async fn create(template: &str) -> Database {
    let name = format!("test_{}", hex::encode(random()));
    let mut server = server().await;
    run(&mut server, format!("create database {name} template {template}")).await;
    server.close().await.expect("close the connection");
    Database { url: url_of(&name), name, roles: Vec::new() }
}

/// The name of the finished template for `kind`. Whoever comes first makes it; other tests, in this process or another, wait.
///
/// It is made under another name and renamed when it is ready, so that a killed run never leaves half a template behind, and it then
/// takes no connections, because a database with one cannot be copied.
async fn template<F: AsyncFnOnce(String)>(kind: &str, prepare: F) -> String {
    let name = format!("template_{}", hex::encode(&Sha256::digest(kind)[..8]));
    let mut server = server().await;
    sqlx::query("select pg_advisory_lock(hashtext($1))").bind(&name).execute(&mut server).await.expect("wait for the template");
    let ready: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut server)
        .await
        .expect("look for the template");
    if !ready {
        let unfinished = format!("unfinished_{name}");
        run(&mut server, format!("drop database if exists {unfinished} with (force)")).await;
        run(&mut server, format!("create database {unfinished} template template0")).await;
        prepare(url_of(&unfinished)).await;
        run(&mut server, format!("alter database {unfinished} allow_connections false")).await;
        run(&mut server, format!("alter database {unfinished} rename to {name}")).await;
    }
    // Closing the connection gives the lock back.
    server.close().await.expect("close the connection");
    name
}

/// Names cannot be bound, so these statements are built; the names are our own.
async fn run(server: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement.clone())).execute(server).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

fn random() -> [u8; 8] {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}
