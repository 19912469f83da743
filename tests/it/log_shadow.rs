//! What leaves the house besides mails: a line for each event and place, and the newest head for a log shipper (AUD-22).

use crate::support::TestApp;
use anteroom::audit::tree::Sequencer;
use anteroom::audit::{Event, Kind};
use anteroom::compliance::heads::Shipper;
use anteroom::compliance::integrity::{self, Finding, Report};
use anteroom::db::Db;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// A syslog in the test's own process.
struct Syslog {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Syslog {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("log")).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        Self { socket, folder }
    }

    fn settings(&self) -> String {
        format!("[outside]\nleaves = \"syslog:{}/log\"", self.folder.path().display())
    }

    /// All that came until nothing more comes.
    fn lines(&self, app: &TestApp) -> Vec<String> {
        app.app.log.flush_shadow();
        let (mut lines, mut bytes) = (Vec::new(), [0; 4096]);
        while let Ok(length) = self.socket.recv(&mut bytes) {
            lines.push(format!("Nov 23 10:30:00 host {}\n", String::from_utf8_lossy(&bytes[..length])));
        }
        lines
    }
}

impl TestApp {
    async fn viewed(&self) -> Uuid {
        self.app.log.recorded(&self.app.system(), Event::done(Kind::LogViewed)).await.unwrap().id.0
    }

    async fn against(&self, lines: &[String]) -> Report {
        let mut tx = self.app.db.reading().await.unwrap();
        let keys = [self.app.heads.key().verifier()];
        let mut report = integrity::verify(&mut tx, &self.app.log, &keys, &[], |_, _| {}).await.unwrap();
        integrity::compare_with_shadow(&mut tx, lines.concat().as_bytes(), &mut report).await.unwrap();
        report
    }

    /// With all rights on the database: no trigger refuses anything.
    async fn tampered(&self, statements: &[String]) {
        for table in ["audit_event", "audit_leaf"] {
            match &self.app.db {
                Db::Sqlite { .. } => {
                    self.execute(&format!("drop trigger if exists {table}_never_goes")).await;
                    self.execute(&format!("drop trigger if exists {table}_never_changes")).await;
                }
                Db::Postgres { .. } => self.execute(&format!("alter table {table} disable trigger user")).await,
            };
        }
        for statement in statements {
            self.execute(statement).await;
        }
    }

    fn id(&self, id: Uuid) -> String {
        match &self.app.db {
            Db::Sqlite { .. } => format!("x'{}'", hex::encode(id.as_bytes())),
            Db::Postgres { .. } => format!("'{id}'"),
        }
    }
}

async fn what_vanishes_is_found_by_its_line(app: TestApp, syslog: Syslog) {
    app.viewed().await;
    let sequencer = Sequencer::new(app.app.log.clone());
    sequencer.catch_up().await.unwrap();
    let (gone, changed) = (app.viewed().await, app.viewed().await);
    let lines = syslog.lines(&app);
    let events = app.log().await.len();
    assert_eq!(lines.iter().filter(|line| line.contains("anteroom: anteroom-event ")).count(), events, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("anteroom-leaf ")).count(), events - 2, "two wait for their place");
    let untouched = app.against(&lines).await;
    assert_eq!((untouched.found, untouched.shadow.unwrap().events), (0, events as u64), "{}", untouched.in_words());
    let told = app
        .against(&[lines.concat(), "host anteroom-gap 3\n".into(), "host anteroom-event 0193\n".into(), "something else\n".into()])
        .await;
    assert_eq!((told.found, told.shadow.unwrap().gaps, told.shadow.unwrap().torn), (0, 3, 1));

    // Before it had a place: no tree and no head knows of it.
    let (gone_id, changed_id) = (app.id(gone), app.id(changed));
    app.tampered(&[
        format!("delete from audit_pending where event_id = {gone_id}"),
        format!("delete from audit_event where id = {gone_id}"),
        format!("update audit_event set payload_hash = (select payload_hash from audit_event where id <> {changed_id} order by id limit 1) where id = {changed_id}"),
    ])
    .await;
    let silent = app.against(&[]).await;
    assert_eq!(silent.found, 0, "nothing in the database shows it");
    let report = app.against(&lines).await;
    assert_eq!(
        report.findings,
        [Finding::VanishedEvent { event: gone }, Finding::AnotherEvent { event: changed }],
        "{}",
        report.in_words()
    );

    // And after.
    app.tampered(&["delete from audit_leaf where n = (select max(n) from audit_leaf)".into()]).await;
    let place = events as u64 - 3;
    assert!(app.against(&lines).await.findings.contains(&Finding::AnotherLeaf { place }));
    app.app.close().await;
}

mod what_vanishes {
    use super::*;

    #[actix_web::test]
    async fn sqlite() {
        let syslog = Syslog::new();
        what_vanishes_is_found_by_its_line(TestApp::sqlite_with(&syslog.settings()).await, syslog).await;
    }

    #[actix_web::test]
    async fn postgres() {
        let syslog = Syslog::new();
        what_vanishes_is_found_by_its_line(TestApp::postgres_with(&syslog.settings()).await, syslog).await;
    }
}

#[actix_web::test]
async fn a_reader_that_is_gone_stops_no_log_and_the_gap_is_told() {
    let Syslog { socket, folder } = Syslog::new();
    let settings = format!("[outside]\nleaves = \"syslog:{}/log\"", folder.path().display());
    let app = TestApp::sqlite_with(&settings).await;
    // What the start wrote is taken yet.
    app.app.log.flush_shadow();
    drop(socket);
    std::fs::remove_file(folder.path().join("log")).unwrap();
    for _ in 0..3 {
        app.viewed().await;
    }
    app.app.log.flush_shadow();
    let socket = UnixDatagram::bind(folder.path().join("log")).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let syslog = Syslog { socket, folder };
    app.viewed().await;
    let lines = syslog.lines(&app);
    assert!(lines[0].contains("anteroom-gap 3") && lines.len() == 2, "{lines:?}");
    app.finish().await;
}

#[actix_web::test]
async fn on_standard_output_each_event_is_a_line() {
    let app = TestApp::sqlite_with("[outside]\nleaves = \"stdout\"").await;
    app.app.close().await;
    let config = app.folder.path().join("clinic.toml");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_anteroom"));
    let output = command.args(["links", "rotate-key", "--config"]).arg(&config).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.matches("anteroom-event ").count(), 1, "{said}");

    let file = app.folder.path().join("lines");
    std::fs::write(&file, said.replace("anteroom-event 0", "anteroom-event f")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_anteroom"));
    let output = command.args(["audit", "verify", "--shadow"]).arg(&file).arg("--config").arg(&config).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("and is not there"), "{said}");
}

/// A shell's word for writing what it reads.
fn keeps(file: &Path) -> String {
    format!("[\"/bin/sh\", \"-c\", \"cat > {}\"]", file.display())
}

#[actix_web::test]
async fn a_log_shipper_gets_each_new_head_once() {
    let folder = tempfile::tempdir().unwrap();
    let (file, told) = (folder.path().join("newest.head"), folder.path().join("told"));
    let settings = format!("[outside]\nhead_file = \"{}\"\nhead_command = {}", file.display(), keeps(&told));
    let app = TestApp::sqlite_with(&settings).await;
    let shipper = Shipper::default();
    assert!(!shipper.newest(&app.app).await.unwrap(), "nothing is signed yet");
    for _ in 0..2 {
        app.viewed().await;
        let head = app.app.heads.sign_all().await.unwrap().unwrap();
        assert!(shipper.newest(&app.app).await.unwrap());
        assert_eq!((std::fs::read_to_string(&file).unwrap(), std::fs::read_to_string(&told).unwrap()), (head.note.clone(), head.note));
        std::fs::remove_file(&told).unwrap();
        assert!(!shipper.newest(&app.app).await.unwrap() && !told.exists(), "once");
    }
    app.finish().await;
}

#[actix_web::test]
async fn a_log_shipper_that_fails_stops_no_log() {
    let app = TestApp::sqlite_with("[outside]\nhead_file = \"/no/such/folder/head\"\nhead_command = [\"/bin/false\"]").await;
    let shipper = Shipper::default();
    for _ in 0..2 {
        app.viewed().await;
        app.app.heads.sign_all().await.unwrap();
        assert!(shipper.newest(&app.app).await.is_err());
        assert!(!shipper.newest(&app.app).await.unwrap(), "until there is another");
    }
    app.finish().await;
}
