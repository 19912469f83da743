//! A log whose newest events are lost goes on under another name, says so itself, and verification tells what is lost (AUD-21).

use crate::on_both;
use crate::support::TestApp;
use anteroom::appointments::VisitState::{Ended, InCall};
use anteroom::audit::tree::{Edge, Hash, Head, LogKeys, Loss};
use anteroom::audit::{Event, Kind};
use anteroom::compliance::heads;
use anteroom::compliance::integrity::{self, Finding, Report, Verdict};
use anteroom::db::{Db, Tx};

impl TestApp {
    async fn head(&self) -> Head {
        self.app.log.record(&self.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        self.app.heads.sign_all().await.unwrap().unwrap()
    }

    /// An older copy of the log is in place: it ends before that event.
    async fn restores_a_log_of(&mut self, left: u64) {
        const HASHES: &str = "select hash from audit_leaf order by n";
        let hashes: Vec<Vec<u8>> = match self.app.db.reading().await.unwrap() {
            Tx::Sqlite(mut tx) => sqlx::query_scalar(HASHES).fetch_all(&mut *tx).await.unwrap(),
            Tx::Postgres(mut tx) => sqlx::query_scalar(HASHES).fetch_all(&mut *tx).await.unwrap(),
        };
        let leaves: Vec<Hash> = hashes.into_iter().map(|hash| Hash(hash.try_into().unwrap())).take(left as usize).collect();
        let mut edge = Edge::default();
        edge.append(&leaves);
        for table in ["audit_event", "audit_event_subject", "audit_leaf", "audit_leaf_subject", "audit_checkpoint"] {
            match &self.app.db {
                Db::Sqlite { .. } => self.execute(&format!("drop trigger if exists {table}_never_goes")).await,
                Db::Postgres { .. } => self.execute(&format!("alter table {table} disable trigger user")).await,
            };
        }
        let root = match &self.app.db {
            Db::Sqlite { .. } => format!("x'{}'", hex::encode(edge.root().0)),
            Db::Postgres { .. } => format!("'\\x{}'::bytea", hex::encode(edge.root().0)),
        };
        self.execute("create table gone as select event_id from audit_leaf where n >= (select max(n) + 1 from audit_leaf)").await;
        self.execute(&format!("insert into gone select event_id from audit_leaf where n >= {left}")).await;
        self.execute(&format!("delete from audit_leaf_subject where leaf >= {left}")).await;
        self.execute(&format!("delete from audit_leaf where n >= {left}")).await;
        for table in ["audit_pending", "audit_once", "audit_event_subject"] {
            self.execute(&format!("delete from {table} where event_id in (select event_id from gone)")).await;
        }
        self.execute("delete from audit_event where id in (select event_id from gone)").await;
        self.execute(&format!("delete from audit_checkpoint where size > {left}")).await;
        self.execute(&format!("update audit_tree set size = {left}, root = {root}")).await;
        self.execute("drop table gone").await;
        self.restart().await;
    }

    async fn verdict(&self, known: &[&Head]) -> Report {
        let keys = LogKeys::read(&self.app.config.log_key_file()).unwrap();
        let known: Vec<String> = known.iter().map(|head| head.note.clone()).collect();
        let mut tx = self.app.db.reading().await.unwrap();
        integrity::verify(&mut tx, &self.app.log, &keys.verifiers(), &known, |_, _| {}).await.unwrap()
    }

    async fn goes_on_without(&mut self, lost: &Head) -> (Loss, Head) {
        let loss = self.app.heads.loss(&lost.note).await.unwrap();
        let anew = self.app.heads.begin_anew(&self.app.system(), &self.app.rng, &loss).await.unwrap();
        heads::mail_loss(&self.app, &loss, &anew).await.unwrap();
        self.restart().await;
        (loss, anew)
    }
}

on_both! {
    with "[compliance]\nmail = \"compliance@clinic.example\""
    async fn what_is_left_goes_on_and_the_loss_is_said_wherever_it_matters(app: TestApp) {
        let mut app = app;
        app.scene(InCall).await;
        let kept = app.head().await;
        app.scene(Ended).await;
        let between = app.head().await;
        let lost = app.head().await;
        app.restores_a_log_of(kept.size + 1).await;
        let refused = app.app.heads.check().await.unwrap_err().to_string();
        assert!(refused.contains("an older copy") && refused.contains("begin-anew"), "{refused}");
        let evidence = std::fs::read_to_string(app.app.config.log_head_file()).unwrap();

        let older = app.app.heads.loss(&between.note).await.unwrap_err().to_string();
        assert!(older.contains("name that one"), "no newer head is swept aside: {older}");
        let (loss, anew) = app.goes_on_without(&lost).await;
        assert_eq!((loss.left, loss.events()), (kept.size + 1, lost.size - kept.size - 1));
        assert_eq!(anew.origin, format!("{}/2", lost.origin));
        assert_eq!(anew.signers.len(), 2, "the old key stands for the new one");
        assert_eq!(std::fs::read_to_string(app.app.config.data_dir.join(format!("log.head.lost-{}", lost.size))).unwrap(), evidence);
        let said = &app.events("log.begun_anew").await[0]["details"];
        assert_eq!((said["lost_size"].as_u64(), said["left_size"].as_u64()), (Some(lost.size), Some(loss.left)));
        assert_eq!((said["lost_root"].as_str(), said["left_root"].as_str()), (Some(&*hex::encode(lost.root.0)), Some(&*hex::encode(loss.left_root.0))));

        let last = app.head().await;
        let report = app.verdict(&[&kept, &last]).await;
        assert_eq!((report.verdict(), report.found), (Verdict::Unaltered, 0), "{}", report.in_words());
        let words = report.in_words();
        assert!(words.contains("EVENTS WERE LOST.") && words.contains(&format!("The {} events between are not here", loss.events())), "{words}");

        for reaching_in in [&between, &lost] {
            let report = app.verdict(&[reaching_in, &last]).await;
            assert_eq!(report.findings, [Finding::InTheLoss { head: reaching_in.size, left: loss.left }], "{}", report.in_words());
            assert_eq!(report.verdict().exit_code(), 1);
        }
        let notice = app.word("select message from notice where kind = 'log_lost'").await;
        assert!(notice.contains("are lost") && notice.contains(&anew.origin), "{notice}");
        app.finish().await;
    }
}

on_both! {
    /// The excuse fits what was lost and nothing else.
    async fn no_other_history_hides_behind_a_loss(app: TestApp) {
        let mut app = app;
        app.scene(InCall).await;
        let kept = app.head().await;
        app.scene(Ended).await;
        let lost = app.head().await;
        let old = anteroom::audit::tree::LogKey::read(&app.app.config.log_key_file()).unwrap();
        app.restores_a_log_of(kept.size).await;
        app.goes_on_without(&lost).await;
        let last = app.head().await;
        let (before, at, after) = (old.sign(kept.size - 1, Hash([1; 32])).unwrap(), old.sign(lost.size, Hash([1; 32])).unwrap(), old.sign(lost.size + 40, Hash([1; 32])).unwrap());
        for (forged, what) in [(&before, "before the loss"), (&at, "another head of that size"), (&after, "larger than what was lost")] {
            let report = app.verdict(&[forged, &last]).await;
            assert!(!report.findings.is_empty() && !report.findings.iter().any(|finding| matches!(finding, Finding::InTheLoss { .. })), "{what}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn nothing_begins_anew_that_is_whole_or_changed(app: TestApp) {
        let mut app = app;
        app.scene(InCall).await;
        let kept = app.head().await;
        let whole = app.app.heads.loss(&kept.note).await.unwrap_err().to_string();
        assert!(whole.contains("nothing is lost"), "{whole}");
        let another = app.app.heads.key().sign(kept.size, Hash([1; 32])).unwrap();
        let changed = app.app.heads.loss(&another.note).await.unwrap_err().to_string();
        assert!(changed.contains("is not the one whose head was signed"), "{changed}");
        let stranger = anteroom::audit::tree::LogKey::generate(&kept.origin, &anteroom::secret::Secret::new([3; 32]));
        let forged = anteroom::audit::tree::LogKey::parse(&stranger).unwrap().sign(kept.size + 9, Hash([1; 32])).unwrap();
        assert!(app.app.heads.loss(&forged.note).await.is_err(), "nobody else can say that events are lost");

        // A second loss has a third name.
        for name in ["/2", "/3"] {
            let lost = app.head().await;
            app.restores_a_log_of(lost.size - 1).await;
            let (_, anew) = app.goes_on_without(&lost).await;
            assert!(anew.origin.ends_with(&format!("anteroom-log{name}")), "{}", anew.origin);
        }
        let last = app.head().await;
        let report = app.verdict(&[&last]).await;
        assert_eq!((report.verdict(), report.losses.len()), (Verdict::Unaltered, 2), "{}", report.in_words());
        app.finish().await;
    }
}

/// The command does nothing until the number of lost events was said.
#[actix_web::test]
async fn the_command_gives_nothing_up_unasked() {
    let mut app = TestApp::sqlite().await;
    app.scene(InCall).await;
    let kept = app.head().await;
    let lost = app.head().await;
    app.restores_a_log_of(kept.size).await;
    let mail = app.folder.path().join("letter.eml");
    std::fs::write(&mail, format!("Subject: The log\r\n\r\n{}", lost.note.replace('\n', "\r\n"))).unwrap();
    app.app.close().await;
    let config = app.folder.path().join("clinic.toml");
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_anteroom"));
        let output = command.arg("audit").args(words).arg("--config").arg(&config).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let number = (lost.size - kept.size).to_string();
    let letter = mail.to_str().unwrap();
    let (code, said) = run(&["begin-anew", "--head", letter]);
    assert!(code == Some(1) && said.contains(&format!("--lost {number}")) && said.contains("Nothing was done"), "{said}");
    let (code, said) = run(&["begin-anew", "--head", letter, "--lost", "99"]);
    assert!(code == Some(1) && said.contains("Nothing was done"), "{said}");
    let (code, said) = run(&["begin-anew", "--head", letter, "--lost", &number]);
    assert!(code == Some(0) && said.contains("says so itself"), "{said}");
    let (code, said) = run(&["verify"]);
    assert!(code == Some(2) && said.contains("EVENTS WERE LOST."), "{said}");
    let (code, said) = run(&["verify", "--known-head", letter]);
    assert!(code == Some(1) && said.contains("before its loss"), "{said}");
}
