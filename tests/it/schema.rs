//! The two schemas are one: the same tables, the same columns, the same nullability.

use crate::on_both;
use crate::support::{TestApp, postgres};
use anteroom::appointments::VisitState;
use anteroom::db::{Address, Db};
use anteroom::waiting_room;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use std::path::Path;

type Columns = BTreeSet<(String, String, bool)>;

#[actix_web::test]
async fn sqlite_and_postgres_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (TestApp::sqlite().await, TestApp::postgres().await);
    let (left, right) = (columns(&sqlite.app.db).await, columns(&postgres.app.db).await);
    assert_eq!(left.difference(&right).collect::<Vec<_>>(), Vec::<&(String, String, bool)>::new(), "only on SQLite");
    assert_eq!(right.difference(&left).collect::<Vec<_>>(), Vec::<&(String, String, bool)>::new(), "only on PostgreSQL");
    assert!(left.len() > 100, "the schema was read");
    sqlite.finish().await;
    postgres.finish().await;
}

async fn columns(db: &Db) -> Columns {
    let rows: Vec<(String, String, i64)> = match db {
        Db::Sqlite { read, .. } => sqlx::query_as(
            "select m.name, c.name, c.\"notnull\" or c.pk > 0 from sqlite_master m join pragma_table_info(m.name) c
             where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '\\_sqlx%' escape '\\'",
        )
        .fetch_all(read)
        .await
        .unwrap(),
        Db::Postgres { read, .. } => sqlx::query_as(
            "select table_name::text, column_name::text, case is_nullable when 'NO' then 1 else 0 end::bigint
             from information_schema.columns where table_schema = 'public' and table_name not like '\\_sqlx%'",
        )
        .fetch_all(read)
        .await
        .unwrap(),
    };
    rows.into_iter().map(|(table, column, required)| (table, column, required != 0)).collect()
}

on_both! {
    async fn events_are_written_once(app: TestApp) {
        for statement in ["update audit_event set kind = 'x'", "delete from audit_event", "delete from audit_event_subject"] {
            let outcome = match &app.app.db {
                Db::Sqlite { write, .. } => sqlx::query(statement).execute(write).await.map(drop),
                Db::Postgres { write, .. } => sqlx::query(statement).execute(write).await.map(drop),
            };
            // An empty table has nothing to refuse on SQLite, whose triggers run for each row.
            if statement.contains("subject") && matches!(app.app.db, Db::Sqlite { .. }) {
                continue;
            }
            let error = outcome.expect_err(statement).to_string();
            assert!(error.contains("the access log is written once"), "{error}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_reading_transaction_cannot_write(app: TestApp) {
        let mut tx = app.app.db.reading().await.unwrap();
        let statement = "update deployment set created_at = 0";
        let outcome = match &mut tx {
            anteroom::db::Tx::Sqlite(tx) => sqlx::query(statement).execute(&mut **tx).await.map(drop),
            anteroom::db::Tx::Postgres(tx) => sqlx::query(statement).execute(&mut **tx).await.map(drop),
        };
        assert!(outcome.is_err());
        drop(tx);
        app.finish().await;
    }
}

on_both! {
    async fn a_reading_transaction_sees_one_moment(app: TestApp) {
        let mut tx = app.app.db.reading().await.unwrap();
        let mut visits = async || waiting_room::open_visits(&mut tx).await.unwrap();
        assert_eq!(visits().await, []);
        app.scene(VisitState::Waiting).await;
        assert_eq!(visits().await, [], "what came since then is not seen");
        drop(tx);
        let mut later = app.app.db.reading().await.unwrap();
        assert_eq!(waiting_room::open_visits(&mut later).await.unwrap(), [("waiting".to_owned(), 1)]);
        drop(later);
        app.finish().await;
    }
}

on_both! {
    async fn a_second_node_on_one_database_is_refused(app: TestApp) {
        let address = app.app.config.database().unwrap();
        let _first = anteroom::db::OnlyNode::claim(&address).await.unwrap();
        let refused = anteroom::db::OnlyNode::claim(&address).await.expect_err("refused");
        assert!(refused.to_string().contains("another anteroom is running"), "{refused}");
        app.finish().await;
    }
}

#[actix_web::test]
async fn a_database_of_a_newer_version_is_refused() {
    let database = postgres::empty_database().await;
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("newer.db").display());
    for url in [database.url(), &file] {
        let db = Db::open(&Address::parse(url).unwrap()).await.unwrap();
        anteroom::db::migrate::run(&db).await.unwrap();
        let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) select 9999, 'newer', success, checksum, 0 from _sqlx_migrations where version = 1";
        match &db {
            Db::Sqlite { write, .. } => sqlx::query(newer).execute(write).await.map(drop).unwrap(),
            Db::Postgres { write, .. } => sqlx::query(newer).execute(write).await.map(drop).unwrap(),
        }
        let refused = anteroom::db::migrate::run(&db).await.expect_err("refused");
        assert!(refused.to_string().contains("newer anteroom"), "{refused}");
        db.close().await;
    }
}

/// The tables of the log with the columns that they began with, and a row: `ID` and `BYTES` as the database writes them.
const LOG: [(&str, &str, &str); 7] = [
    (
        "audit_event",
        "id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload",
        "ID, 7, 'note.read', 'success', 'staff', ID, BYTES, BYTES",
    ),
    ("audit_subject", "patient_id, tag", "ID, BYTES"),
    ("audit_event_subject", "event_id, tag", "ID, BYTES"),
    ("audit_leaf", "n, event_id, hash", "0, ID, BYTES"),
    ("audit_leaf_subject", "tag, n, leaf", "BYTES, 1, 0"),
    ("audit_tile", "level, n, hashes", "0, 0, BYTES"),
    ("audit_checkpoint", "size, root, note, signed_at", "1, BYTES, 'note', 7"),
];

async fn execute(db: &Db, statements: &str) -> sqlx::Result<()> {
    let statements = AssertSqlSafe(statements.to_owned());
    match db {
        Db::Sqlite { write, .. } => sqlx::raw_sql(statements).execute(write).await.map(drop),
        Db::Postgres { write, .. } => sqlx::raw_sql(statements).execute(write).await.map(drop),
    }
}

/// What lies in these columns of a table.
async fn held(db: &Db, table: &str, columns: &str) -> String {
    let text = |column: &str| match db {
        Db::Sqlite { .. } => format!("quote({column})"),
        Db::Postgres { .. } => format!("{column}::text"),
    };
    let all: Vec<String> = columns.split(", ").map(text).collect();
    let question = AssertSqlSafe(format!("select {} from {table}", all.join(" || ',' || ")));
    let rows: Vec<String> = match db {
        Db::Sqlite { write, .. } => sqlx::query_scalar(question).fetch_all(write).await.unwrap(),
        Db::Postgres { write, .. } => sqlx::query_scalar(question).fetch_all(write).await.unwrap(),
    };
    rows.join("\n")
}

/// AUD-07. A row in each table of the log as soon as there is the table, and every later migration leaves it as it is.
#[actix_web::test]
async fn no_migration_changes_what_is_in_the_log() {
    let database = postgres::empty_database().await;
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("log.db").display());
    for (driver, url) in [("postgres", database.url()), ("sqlite", file.as_str())] {
        let db = Db::open(&Address::parse(url).unwrap()).await.unwrap();
        let (id, bytes, unlocked) = match db {
            Db::Sqlite { .. } => ("x'00112233445566778899aabbccddeeff'", "x'0102'", "drop trigger audit_event_never_changes"),
            Db::Postgres { .. } => {
                ("'00112233-4455-6677-8899-aabbccddeeff'::uuid", "'\\x0102'::bytea", "alter table audit_event disable trigger user")
            }
        };
        let mut files: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(driver))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        let mut known: Vec<(&str, &str, String)> = Vec::new();
        for file in &files {
            execute(&db, &std::fs::read_to_string(file).unwrap()).await.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            for (table, columns, before) in &known {
                assert_eq!(&held(&db, table, columns).await, before, "{} changed {table}", file.display());
            }
            for (table, columns, row) in LOG {
                let row = row.replace("ID", id).replace("BYTES", bytes);
                let insert = format!("insert into {table} ({columns}) values ({row})");
                if known.iter().all(|(known, ..)| *known != table) && execute(&db, &insert).await.is_ok() {
                    known.push((table, columns, held(&db, table, columns).await));
                }
            }
        }
        assert!(files.len() > 14 && known.len() == LOG.len() && known.iter().all(|(.., row)| !row.is_empty()), "{driver}: {known:?}");
        execute(&db, &format!("{unlocked}; update audit_event set kind = 'note.saved'")).await.unwrap();
        assert_ne!(held(&db, "audit_event", LOG[0].1).await, known[0].2, "{driver}: a planted change is found");
        db.close().await;
    }
}
