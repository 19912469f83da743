//! The key that signs the log is followed by another: under both keys, said in the log, whatever breaks off (AUD-25).

use crate::on_both;
use crate::support::TestApp;
use anteroom::app::App;
use anteroom::audit::tree::{Head, LogKey, LogKeys};
use anteroom::audit::{Event, Kind};
use anteroom::compliance::integrity::{self, Finding, Report, Verdict};
use anteroom::crypto::Rng;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

impl TestApp {
    fn key_file(&self, more: &str) -> PathBuf {
        let file = self.app.config.log_key_file();
        file.with_file_name(format!("{}{more}", file.file_name().unwrap().to_str().unwrap()))
    }

    fn kept_head(&self) -> String {
        std::fs::read_to_string(self.app.config.log_head_file()).unwrap()
    }

    async fn signed(&self) -> Head {
        self.app.log.record(&self.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        self.app.heads.sign_all().await.unwrap().unwrap()
    }

    async fn rotate(&mut self) -> Head {
        let head = self.app.heads.rotate_key(&self.app.system(), &self.app.rng).await.unwrap();
        self.restart().await;
        assert!(!self.app.heads.finished_change(), "nothing was left to finish");
        head
    }

    async fn report(&self, keys: &[&str], known: &[&Head]) -> Report {
        let known: Vec<String> = known.iter().map(|head| head.note.clone()).collect();
        let mut tx = self.app.db.reading().await.unwrap();
        integrity::verify(&mut tx, &self.app.log, keys, &known, |_, _| {}).await.unwrap()
    }
}

on_both! {
    async fn what_the_old_key_signed_still_counts_and_the_new_one_signs_on(app: TestApp) {
        let mut app = app;
        let first = app.signed().await;
        let old = app.app.heads.key().verifier().to_owned();
        let between = app.rotate().await;
        let new = app.app.heads.key().verifier().to_owned();
        assert_ne!(old, new);
        let last = app.signed().await;
        assert_eq!((&first.signers, &between.signers, &last.signers), (&vec![old.clone()], &vec![old.clone(), new.clone()], &vec![new.clone()]));
        assert!(Head::open(&first.note, &[&old]).is_ok() && Head::open(&last.note, &[&new]).is_ok(), "each with its own");
        assert!(Head::open(&first.note, &[&new]).is_err() && Head::open(&last.note, &[&old]).is_err());
        for one in [&old, &new] {
            assert_eq!(Head::open(&between.note, &[one]).unwrap().size, between.size, "the change, with either");
        }

        let said = app.events("log.key_rotated").await;
        let public = |verifier: &str| {
            use base64::Engine;
            hex::encode(&base64::engine::general_purpose::STANDARD.decode(verifier.splitn(3, '+').nth(2).unwrap()).unwrap()[1..])
        };
        assert_eq!((said[0]["details"]["old_key"].as_str(), said[0]["details"]["new_key"].as_str()), (Some(&*public(&old)), Some(&*public(&new))));

        for keys in [[&*old, &*new], [&*new, &*old]] {
            let report = app.report(&keys, &[&first, &between, &last]).await;
            assert_eq!((report.verdict(), report.found, report.unchecked), (Verdict::Unaltered, 0, 0), "{}", report.in_words());
        }
        let alone = app.report(&[&new], &[&last]).await;
        assert_eq!((alone.verdict(), alone.unchecked), (Verdict::Unaltered, 1), "{}", alone.in_words());
        assert!(alone.in_words().contains("give --vkey once for each"));
        let past = app.report(&[&old], &[]).await;
        assert_eq!(past.findings, [Finding::UnknownKey { size: last.size }], "{}", past.in_words());

        let keys = LogKeys::read(&app.app.config.log_key_file()).unwrap();
        assert_eq!((keys.verifiers(), keys.retired[0].until), (vec![&*old, &*new], between.size));
        assert_eq!(std::fs::metadata(app.key_file("")).unwrap().permissions().mode() & 0o777, 0o600);
        let beside = std::fs::read_dir(app.key_file("").parent().unwrap()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut beside: Vec<String> = beside.collect();
        beside.sort();
        assert_eq!(beside, ["log.key", "log.key.retired", "root.key"], "the old key is gone");
        app.finish().await;
    }
}

on_both! {
    async fn whoever_has_the_old_key_alone_signs_nothing_that_passes(app: TestApp) {
        let mut app = app;
        app.signed().await;
        let old = LogKey::read(&app.key_file("")).unwrap();
        app.rotate().await;
        let keys: Vec<String> = app.app.heads.keys().verifiers().into_iter().map(str::to_owned).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        app.signed().await;
        app.app.log.record(&app.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        let sequencer = anteroom::audit::tree::Sequencer::new(app.app.log.clone());
        sequencer.catch_up().await.unwrap();
        let tree = anteroom::audit::tree::tree(&mut app.app.db.reading().await.unwrap()).await.unwrap();
        let forged = old.sign(tree.size, tree.root).unwrap();
        let root = match &app.app.db {
            anteroom::db::Db::Sqlite { .. } => format!("x'{}'", hex::encode(tree.root.0)),
            anteroom::db::Db::Postgres { .. } => format!("'\\x{}'::bytea", hex::encode(tree.root.0)),
        };
        let row = format!("insert into audit_checkpoint (size, root, note, signed_at) values ({}, {root}, '{}', 0)", tree.size, forged.note);
        app.execute(&row).await;
        let report = app.report(&keys, &[]).await;
        assert_eq!(report.findings, [Finding::PastKey { size: tree.size }], "{}", report.in_words());
        app.finish().await;
    }
}

on_both! {
    /// A crash at each step: what lies on the disk then, and what the next start makes of it.
    async fn a_change_that_breaks_off_is_finished_or_never_was(app: TestApp) {
        let mut app = app;
        app.signed().await;
        let (old_key, old_head) = (std::fs::read(app.key_file("")).unwrap(), app.kept_head());
        let between = app.app.heads.rotate_key(&app.app.system(), &app.app.rng).await.unwrap();
        let (new_key, retired) = (std::fs::read(app.key_file("")).unwrap(), std::fs::read(app.key_file(".retired")).unwrap());

        // Both signatures are on the disk, the files of the keys are not changed yet, or half of them.
        for half in [false, true] {
            std::fs::write(app.key_file(""), &old_key).unwrap();
            std::fs::write(app.key_file(".next"), &new_key).unwrap();
            std::fs::remove_file(app.key_file(".retired")).unwrap();
            if half {
                std::fs::write(app.key_file(".retired"), &retired).unwrap();
            }
            app.restart().await;
            assert!(app.app.heads.finished_change());
            assert_eq!(std::fs::read(app.key_file("")).unwrap(), new_key);
            assert!(!app.key_file(".next").exists());
            assert_eq!(app.app.heads.keys().retired.len(), 1);
        }
        app.restart().await;
        assert!(!app.app.heads.finished_change(), "once");
        let keys: Vec<String> = app.app.heads.keys().verifiers().into_iter().map(str::to_owned).collect();
        let last = app.signed().await;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(app.report(&keys, &[&between, &last]).await.verdict(), Verdict::Unaltered);
        assert!(Head::open(&old_head, &[keys[0]]).is_ok());
        app.finish().await;
    }
}

on_both! {
    /// Broken off before the head bears both signatures: the old key signs on, and the next try takes the same new key up.
    async fn a_new_key_that_nothing_was_signed_with_waits_for_the_next_try(app: TestApp) {
        let mut app = app;
        app.signed().await;
        let old = app.app.heads.key().verifier().to_owned();
        let prepared = LogKey::generate(app.app.heads.key().name(), &anteroom::secret::Secret::new([5; 32]));
        std::fs::write(app.key_file(".next"), prepared.reveal()).unwrap();
        std::fs::write(app.key_file(".making"), "PRIVATE+KEY+ha").unwrap();
        app.restart().await;
        assert_eq!((app.app.heads.finished_change(), app.app.heads.key().verifier()), (false, &*old));
        app.signed().await;
        app.rotate().await;
        let new = LogKey::parse(&prepared).unwrap();
        assert_eq!(app.app.heads.key().verifier(), new.verifier(), "the one that was there");
        let last = app.signed().await;
        assert_eq!(app.report(&[&old, new.verifier()], &[&last]).await.verdict(), Verdict::Unaltered);
        app.finish().await;
    }
}

on_both! {
    async fn an_older_copy_of_the_head_is_refused_after_a_change(app: TestApp) {
        let mut app = app;
        app.signed().await;
        let before = app.kept_head();
        app.rotate().await;
        let after = app.kept_head();
        std::fs::write(app.app.config.log_head_file(), &before).unwrap();
        let refused = app.app.heads.check().await.unwrap_err().to_string();
        assert!(refused.contains("key of the past"), "{refused}");
        // A mail of that time may still be adopted, if the log goes on from it.
        std::fs::remove_file(app.app.config.log_head_file()).unwrap();
        app.app.heads.adopt(&app.app.system(), &before).await.unwrap();
        app.app.heads.check().await.unwrap();
        let last = app.signed().await;
        let keys: Vec<String> = app.app.heads.keys().verifiers().into_iter().map(str::to_owned).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(app.report(&keys, &[&last, &Head::open(&after, &keys).unwrap()]).await.verdict(), Verdict::Unaltered);
        app.finish().await;
    }
}

on_both! {
    async fn a_log_that_was_changed_gets_no_new_key(app: TestApp) {
        let first = app.signed().await;
        let another = app.app.heads.key().sign(first.size, anteroom::audit::tree::Hash([1; 32])).unwrap();
        std::fs::write(app.app.config.log_head_file(), &another.note).unwrap();
        assert!(app.app.heads.rotate_key(&app.app.system(), &app.app.rng).await.is_err());
        assert!(!app.key_file(".next").exists() && app.events("log.key_rotated").await.is_empty());
        std::fs::write(app.app.config.log_head_file(), &first.note).unwrap();
        app.finish().await;
    }
}

/// The command as somebody gives it: not beside a running server, and then with words.
#[actix_web::test]
async fn the_command_says_what_to_do_next() {
    let app = TestApp::sqlite().await;
    app.signed().await;
    let config = app.folder.path().join("clinic.toml");
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_anteroom"));
        let output = command.arg("audit").args(words).arg("--config").arg(&config).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let claimed = anteroom::db::OnlyNode::claim(&app.app.config.database().unwrap()).await.unwrap();
    let (done, _, said) = run(&["rotate-key"]);
    assert!(!done && said.contains("stop it first"), "{said}");
    drop(claimed);
    let old = app.app.heads.key().verifier().to_owned();
    app.app.close().await;
    let (done, said, wrong) = run(&["rotate-key"]);
    let new = LogKey::read(&app.key_file("")).unwrap().verifier().to_owned();
    assert!(done && said.contains(&new) && said.contains("Destroy copies of the old key"), "{said}{wrong}");
    let (_, said, _) = run(&["key"]);
    assert!(said.find(&old).unwrap() < said.find(&new).unwrap() && said.contains("in use, from the head at"), "{said}");
    let (_, said, _) = run(&["verify", "--vkey", &old, "--vkey", &new]);
    assert!(said.contains("CONSISTENT, NOT ANCHORED"), "{said}");
    let reopened = App::open(app.app.config.clone(), Arc::new(app.clock.clone()), Rng::system()).await.unwrap();
    reopened.close().await;
}
