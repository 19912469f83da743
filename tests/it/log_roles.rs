//! Two roles on PostgreSQL: to the server's the access log only grows, and everything works all the same (AUD-06).

use crate::support::desk::key;
use crate::support::postgres::{self, TwoRoles};
use crate::support::socket::Socket;
use crate::support::{PASSWORD, TestApp};
use anteroom::app::App;
use anteroom::appointments::VisitState;
use anteroom::audit::tree::LogKey;
use anteroom::compliance::integrity::{self, Verdict};
use anteroom::crypto::Rng;
use anteroom::db::{Address, Db, roles};
use anteroom::production;
use anteroom::rights::retention::{self, Purged};
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::migrate::Migrator;
use std::path::Path;
use std::sync::Arc;

/// What the sequencer works on may change: the queue that events leave, the tree's one row, and its newest tile.
const MAY: [(&str, &str); 3] = [("audit_pending", "delete"), ("audit_tree", "update"), ("audit_tile", "update")];

impl TestApp {
    /// The tables that only grow, as they are in the database.
    async fn kept_tables(&self) -> Vec<String> {
        let names = self
            .word("select string_agg(relname::text, ' ' order by relname) from pg_class where relkind = 'r' and (relname like 'audit\\_%' or relname like 'case\\_%')")
            .await;
        names.split(' ').map(str::to_owned).collect()
    }

    async fn first_column(&self, table: &str) -> String {
        self.word(&format!("select attname::text from pg_attribute where attrelid = '{table}'::regclass and attnum = 1")).await
    }
}

#[actix_web::test]
async fn the_servers_role_can_add_to_the_log_and_change_nothing_in_it() {
    let app = TestApp::postgres_in_two_roles().await;
    app.scene(VisitState::Ended).await;
    app.app.heads.sign_all().await.unwrap();
    let tables = app.kept_tables().await;
    assert!(tables.len() >= 13, "{tables:?}");
    for table in &tables {
        let column = app.first_column(table).await;
        let refused = |verb: &str| !MAY.contains(&(table, verb));
        let mut statements = vec![
            format!("truncate {table} cascade"),
            format!("alter table {table} add column more bigint"),
            format!("alter table {table} disable trigger user"),
            format!("drop table {table} cascade"),
            format!("create trigger quiet before insert on {table} for each statement execute function audit_is_written_once()"),
        ];
        statements.extend(refused("update").then(|| format!("update {table} set {column} = {column}")));
        statements.extend(refused("delete").then(|| format!("delete from {table}")));
        for statement in statements {
            let said = app.refused_by_database(&statement).await;
            assert!(said.contains("permission denied") || said.contains("must be owner"), "{statement}: {said}");
        }
    }
    for statement in [
        "insert into audit_purge (until_at, last_leaf, purged_at) values (9223372036854775807, 1, 1)",
        "insert into audit_tree (one, size, root) values (2, 0, '')",
        "delete from audit_tree",
        "delete from audit_tile",
        "create or replace function audit_is_written_once() returns trigger language plpgsql as 'begin return null; end'",
        "drop trigger audit_event_never_goes on audit_event",
        "set session_replication_role = replica",
        "delete from _sqlx_migrations",
        "create table more (one bigint)",
    ] {
        let said = app.refused_by_database(statement).await;
        assert!(said.contains("permission denied") || said.contains("must be owner"), "{statement}: {said}");
    }
    // PostgreSQL answers this one with a warning. It gives nothing.
    app.execute("grant update on audit_event to public").await;
    assert!(app.app.db.role_is_kept_from_the_log().await.unwrap());
    app.finish().await;
}

/// From the booking to the log, its signing, its export, its key, a purge, and verification: no step needs more than the role has.
#[actix_web::test]
async fn a_whole_visit_its_log_and_a_purge_work_with_two_roles() {
    let mut app = TestApp::postgres_in_two_roles().await;
    let scene = app.scene(VisitState::InCall).await;
    let note = format!("/visits/{}/note", scene.visit);
    assert_eq!(scene.clinician.put(&note, &json!({ "text": "Better.", "version": 0 })).await.status(), StatusCode::OK);
    let mut socket: Socket = scene.clinician.socket("/today/socket").await;
    socket.next().await;
    app.app.heads.sign_all().await.unwrap();
    let first = app.app.heads.sign_all().await.unwrap();
    let officer = app.staff(Role::Compliance).await;
    let (why, request) = ("Case 7", key());
    let hold = [("request_key", request.as_str()), ("patient", ""), ("why", why)];
    assert_eq!(officer.form("/retention/holds", &hold).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(retention_of(&app).await, Purged::NothingDue);
    let old = app.app.heads.key().verifier().to_owned();
    app.restart().await;
    app.app.heads.rotate_key(&app.app.system(), &app.app.rng).await.unwrap();
    app.restart().await;

    app.clock.advance(Millis::days(11 * 366));
    let known = app.app.heads.sign_all().await.unwrap().or(first).unwrap().note;
    app.log_grows().await;
    app.app.heads.sign_all().await.unwrap();
    app.clock.advance(Millis::days(8));
    assert_eq!(retention_of(&app).await, Purged::Held);
    officer.sign_in(PASSWORD).await;
    let page = officer.text("/retention").await;
    let id = page.split("/holds/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    assert_eq!(officer.form(&format!("/holds/{id}/lift"), &[("why", "Settled")]).await.status(), StatusCode::SEE_OTHER);
    let Purged::Emptied { events, .. } = retention_of(&app).await else { panic!("what is ten years old may go") };
    assert!(events > 20);
    app.log_grows().await;
    let newest = app.app.heads.sign_all().await.unwrap().unwrap().note;
    let mut tx = app.app.db.reading().await.unwrap();
    let keys = [old, LogKey::read(&app.app.config.log_key_file()).unwrap().verifier().to_owned()];
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let report = integrity::verify(&mut tx, &app.app.log, &keys, &[known, newest], |_, _| {}).await.unwrap();
    drop(tx);
    assert_eq!((report.verdict(), report.removed), (Verdict::Unaltered, events), "{}", report.in_words());
    assert_eq!(officer.get("/access-log/export?format=jsonl").await.status(), StatusCode::OK);
}

impl TestApp {
    async fn log_grows(&self) {
        self.app.log.record(&self.app.system(), anteroom::audit::Event::done(anteroom::audit::Kind::SystemStarted)).await.unwrap();
    }
}

async fn retention_of(app: &TestApp) -> Purged {
    retention::purge(&app.app, &app.app.system()).await.unwrap()
}

/// A right that somebody gave by hand is gone at the next start, and so is one that everybody was given.
#[actix_web::test]
async fn a_start_takes_back_what_the_role_should_not_have() {
    let mut app = TestApp::postgres_in_two_roles().await;
    app.as_superuser("grant update (payload) on audit_event to public; grant delete, truncate on audit_leaf to public").await;
    assert!(!app.app.db.role_is_kept_from_the_log().await.unwrap());
    app.restart().await;
    assert!(app.app.db.role_is_kept_from_the_log().await.unwrap());
    for statement in ["update audit_event set payload = payload", "delete from audit_leaf"] {
        assert!(app.refused_by_database(statement).await.contains("permission denied"), "{statement}");
    }
    // The owner's address may be taken away between upgrades: the server finds everything in place.
    app.restart_with(|config| config.database.owner_url = None).await;
    app.scene(VisitState::Ended).await;
    app.finish().await;
}

/// The schema of an older version, made by one role: handed over, brought forward, and never by the server's role.
#[actix_web::test]
async fn an_older_database_of_one_role_becomes_one_of_two() {
    let TwoRoles { database, owner, server } = postgres::database_in_two_roles().await;
    let [name, server_name] = ["owner", "server"].map(|role| format!("{}_{role}", database.name()));
    postgres::run_on(database.url(), &format!("alter database {} owner to {server_name}", database.name())).await;
    let mut older = Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres")).await.unwrap();
    older.migrations.to_mut().retain(|migration| migration.version <= 8);
    let pool = sqlx::PgPool::connect(&server).await.unwrap();
    older.run(&pool).await.unwrap();
    pool.close().await;
    let [owner, server] = [owner, server].map(|url| Address::parse(&url).unwrap());
    let said = |outcome: anyhow::Result<()>| format!("{:#}", outcome.expect_err("refused"));

    let refused = said(roles::bring_forward(&owner, &server).await);
    assert!(refused.contains(&format!("reassign owned by \"{server_name}\" to \"{name}\"")), "{refused}");
    postgres::run_on(database.url(), &format!("reassign owned by \"{server_name}\" to \"{name}\"")).await;
    let db = Db::open(&server).await.unwrap();
    postgres::run_on(database.url(), &format!("grant select on _sqlx_migrations to {server_name}")).await;
    let refused = said(anteroom::db::migrate::run(&db).await);
    assert!(refused.contains("start it once with database.owner_url set"), "{refused}");
    // A start that was refused ends, and its lock with it.
    db.close().await;
    roles::bring_forward(&owner, &server).await.unwrap();
    let db = Db::open(&server).await.unwrap();
    anteroom::db::migrate::run(&db).await.unwrap();
    assert!(db.role_is_kept_from_the_log().await.unwrap());
    roles::bring_forward(&owner, &server).await.unwrap();
    db.close().await;
    drop(database);
}

/// The second role is of no use if the first can do everything anyway. It is said, and nothing starts.
#[actix_web::test]
async fn a_role_that_could_change_the_log_all_the_same_is_refused() {
    let TwoRoles { database, owner, server } = postgres::database_in_two_roles().await;
    let [owner_name, server_name] = ["owner", "server"].map(|role| format!("{}_{role}", database.name()));
    let addresses = [&owner, &server].map(|url| Address::parse(url).unwrap());
    let try_it = async || roles::bring_forward(&addresses[0], &addresses[1]).await.map_err(|error| format!("{error:#}"));
    for (give, take, said) in [
        ("alter role SERVER superuser", "alter role SERVER nosuperuser", "is a superuser"),
        ("grant OWNER to SERVER", "revoke OWNER from SERVER", "owns the database"),
        ("grant create on schema public to SERVER", "revoke create on schema public from SERVER", "may make tables"),
    ] {
        let by_name = |statement: &str| statement.replace("SERVER", &server_name).replace("OWNER", &owner_name);
        postgres::run_on(database.url(), &by_name(give)).await;
        let refused = try_it().await.expect_err(give);
        assert!(refused.contains(said) && refused.contains("database-roles.md"), "{give}: {refused}");
        postgres::run_on(database.url(), &by_name(take)).await;
        try_it().await.unwrap();
    }
    drop(database);
}

/// One role works as before, and whoever runs the server reads once what that weakens.
#[actix_web::test]
async fn one_role_goes_on_and_is_told_what_that_weakens() {
    let weaker = async |app: &TestApp| production::weaker_than_could_be(&app.app).await.unwrap().join("\n");
    let (one, two, file) = (TestApp::postgres().await, TestApp::postgres_in_two_roles().await, TestApp::sqlite().await);
    let said = weaker(&one).await;
    assert!(said.contains("could change or remove what the access log holds") && said.contains("database.owner_url"), "{said}");
    assert!(!weaker(&two).await.contains("owner_url") && !weaker(&file).await.contains("owner_url"));
    // The command as somebody gives it with the server's own configuration.
    let config = two.folder.path().join("clinic.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("owner_url")).collect();
    std::fs::write(&config, text.join("\n")).unwrap();
    let program = env!("CARGO_BIN_EXE_anteroom");
    let output = std::process::Command::new(program).args(["audit", "purge", "--config"]).arg(&config).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("give this command a configuration with database.owner_url"), "{said}");
    for app in [one, two, file] {
        app.finish().await;
    }
}

/// What a copy of the database's address would start: both roles, or none.
#[actix_web::test]
async fn an_owner_that_is_no_other_role_is_refused_before_anything_is_opened() {
    let app = TestApp::postgres_in_two_roles().await;
    let mut config = app.app.config.clone();
    config.database.owner_url = config.database.url.clone();
    let refused = config.check().expect_err("refused").to_string();
    assert!(refused.contains("another role"), "{refused}");
    config.database.url = None;
    assert!(config.check().expect_err("refused").to_string().contains("SQLite knows no roles"));
    let reopened = App::open(app.app.config.clone(), Arc::new(app.clock.clone()), Rng::system()).await.unwrap();
    reopened.close().await;
    app.finish().await;
}
