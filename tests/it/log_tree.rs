//! The access log's tree: every event has one place, proofs are those of an independent implementation, and nothing is signed
//! that does not go on from the last head (AUD-20, AUD-21).

use crate::on_both;
use crate::support::TestApp;
use anteroom::appointments::VisitState::{Booked, Ended, InCall};
use anteroom::audit::tree::{self, Head, LOT, LogKey, Refused, Sequencer};
use anteroom::audit::{self, Event, Filter, Kind, Recorded, leaf_bytes};
use anteroom::db::{Db, Tx};
use anteroom::mail;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap};
use tlog_tiles::{Hash, record_hash};
use uuid::Uuid;

/// A leaf as the log keeps it: its place, its event, its hash.
type Leaf = (i64, Uuid, Vec<u8>);

impl TestApp {
    async fn events_written(&self) -> Vec<Recorded> {
        let mut tx = self.app.db.reading().await.unwrap();
        audit::oldest_first(&mut tx, &Filter::default(), None, 100_000).await.unwrap()
    }

    async fn leaves(&self) -> Vec<Leaf> {
        const ASKED: &str = "select n, event_id, hash from audit_leaf order by n";
        match self.app.db.reading().await.unwrap() {
            Tx::Sqlite(mut tx) => sqlx::query_as(ASKED).fetch_all(&mut *tx).await.unwrap(),
            Tx::Postgres(mut tx) => sqlx::query_as(ASKED).fetch_all(&mut *tx).await.unwrap(),
        }
    }

    /// The tag and number of each event about a patient, by event.
    async fn subjects(&self) -> HashMap<Uuid, Vec<([u8; 16], u64)>> {
        const ASKED: &str = "select audit_leaf.event_id, tag, audit_leaf_subject.n from audit_leaf_subject
            join audit_leaf on audit_leaf.n = audit_leaf_subject.leaf order by tag";
        let rows: Vec<(Uuid, Vec<u8>, i64)> = match self.app.db.reading().await.unwrap() {
            Tx::Sqlite(mut tx) => sqlx::query_as(ASKED).fetch_all(&mut *tx).await.unwrap(),
            Tx::Postgres(mut tx) => sqlx::query_as(ASKED).fetch_all(&mut *tx).await.unwrap(),
        };
        let mut subjects: HashMap<Uuid, Vec<([u8; 16], u64)>> = HashMap::new();
        for (event, tag, n) in rows {
            subjects.entry(event).or_default().push((tag.try_into().unwrap(), n as u64));
        }
        subjects
    }

    async fn record(&self, count: usize) {
        for _ in 0..count {
            self.app.log.record(&self.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        }
    }

    fn log_key(&self) -> LogKey {
        LogKey::read(&self.app.config.log_key_file()).unwrap()
    }

    fn write_head(&self, head: &Head) {
        std::fs::write(self.app.config.log_head_file(), &head.note).unwrap();
    }

    async fn sign_all(&self) -> Head {
        self.app.heads.sign_all().await.unwrap().expect("a log with events")
    }
}

/// A tree of an independent implementation over the bytes of these leaves.
fn independent(leaves: &[Vec<u8>]) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf.clone()));
    tree
}

on_both! {
    /// What a visit wrote, rebuilt from its events alone: each leaf, the root, every proof.
    async fn every_event_has_one_place_in_the_tree_of_the_definition(app: TestApp) {
        app.scene(InCall).await;
        app.record(300).await;
        let head = app.sign_all().await;
        let (events, leaves, subjects) = (app.events_written().await, app.leaves().await, app.subjects().await);
        assert_eq!(events.len(), leaves.len());
        assert!(leaves.iter().enumerate().all(|(place, leaf)| leaf.0 == place as i64), "no gap");
        let events: HashMap<Uuid, &Recorded> = events.iter().map(|event| (event.id.0, event)).collect();
        let bytes: Vec<Vec<u8>> = leaves.iter().map(|(_, id, _)| {
            let event = events[id];
            let own = subjects.get(id).cloned().unwrap_or_default();
            let hash = event.payload_hash.as_slice().try_into().unwrap();
            leaf_bytes(event.id, event.recorded_at, &event.kind, &event.outcome, &own, &hash)
        }).collect();
        for ((_, _, kept), bytes) in leaves.iter().zip(&bytes) {
            assert_eq!(record_hash(bytes).0.as_slice(), kept);
        }
        let other = independent(&bytes);
        assert_eq!(head.size, other.len());
        assert_eq!(head.root.0.as_slice(), other.root().as_bytes().as_slice());

        let mut tx = app.app.db.reading().await.unwrap();
        for n in 0..head.size {
            let proof = tree::inclusion(&mut tx, head.size, head.root, n, record_hash(&bytes[n as usize])).await.unwrap();
            let proof: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(proof, other.prove_inclusion(n as usize).as_bytes(), "{n}");
        }
        for older in 1..head.size {
            let root = Hash(independent(&bytes[..older as usize]).root().as_bytes().as_slice().try_into().unwrap());
            let proof = tree::consistency(&mut tx, head.size, head.root, older, root).await.unwrap();
            let proof: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(proof, other.prove_consistency((head.size - older) as usize).as_bytes(), "{older}");
        }
        let wrong = tree::inclusion(&mut tx, head.size, head.root, 3, record_hash(&bytes[4])).await;
        assert!(wrong.is_err(), "a proof that does not hold is not given away");
        drop(tx);
        app.finish().await;
    }
}

on_both! {
    async fn a_patients_events_are_numbered_without_a_gap(app: TestApp) {
        let mut scenes = Vec::new();
        for lot in [LOT, 7] {
            scenes.extend([app.scene(InCall).await, app.scene(Ended).await]);
            for scene in &scenes {
                scene.scheduler.text(&format!("/appointments/{}", scene.visit)).await;
            }
            let sequencer = Sequencer::new(app.app.log.clone());
            while sequencer.step(lot).await.unwrap() > 0 {}
        }
        let mut by_tag: BTreeMap<[u8; 16], Vec<u64>> = BTreeMap::new();
        let places: HashMap<Uuid, i64> = app.leaves().await.into_iter().map(|(n, event, _)| (event, n)).collect();
        let mut subjects: Vec<_> = app.subjects().await.into_iter().collect();
        subjects.sort_by_key(|(event, _)| places[event]);
        for (tag, n) in subjects.into_iter().flat_map(|(_, own)| own) {
            by_tag.entry(tag).or_default().push(n);
        }
        assert_eq!(by_tag.len(), 4);
        for (tag, numbers) in by_tag {
            assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{tag:?}");
        }
        app.finish().await;
    }
}

on_both! {
    /// Two nodes, each with a sequencer, while others write.
    async fn two_sequencers_at_once_lose_and_double_nothing(app: TestApp) {
        let (one, two) = (Sequencer::new(app.app.log.clone()), Sequencer::new(app.app.log.clone()));
        let place = async |sequencer: &Sequencer| {
            for _ in 0..60 {
                sequencer.step(3).await.unwrap();
            }
        };
        tokio::join!(app.record(60), app.record(60), place(&one), place(&two));
        let head = app.sign_all().await;
        let (events, leaves) = (app.events_written().await, app.leaves().await);
        assert_eq!(head.size, events.len() as u64);
        let mut placed: Vec<Uuid> = leaves.iter().map(|leaf| leaf.1).collect();
        placed.sort_unstable();
        let mut written: Vec<Uuid> = events.iter().map(|event| event.id.0).collect();
        written.sort_unstable();
        assert_eq!(placed, written);
        assert!(leaves.iter().enumerate().all(|(place, leaf)| leaf.0 == place as i64), "no gap");
        app.finish().await;
    }
}

on_both! {
    async fn a_head_is_signed_only_when_the_log_goes_on_from_the_last(app: TestApp) {
        let first = app.sign_all().await;
        assert_eq!(app.sign_all().await, first, "nothing came, so the head stands");
        app.record(3).await;
        let second = app.sign_all().await;
        assert_eq!(second.size, first.size + 3);
        assert_eq!(std::fs::read_to_string(app.app.config.log_head_file()).unwrap(), second.note);
        assert_eq!(Head::open(&second.note, &[app.log_key().verifier()]).unwrap(), second);

        // A crash between the file and the database: the file is ahead, and the database is made up for it.
        app.record(2).await;
        Sequencer::new(app.app.log.clone()).catch_up().await.unwrap();
        let tree = tree::tree(&mut app.app.db.reading().await.unwrap()).await.unwrap();
        let ahead = app.log_key().sign(tree.size, tree.root).unwrap();
        app.write_head(&ahead);
        assert_eq!(app.sign_all().await, ahead);

        let refused = async |head: &Head| {
            app.write_head(head);
            let at_start = app.app.heads.check().await.unwrap_err().to_string();
            assert_eq!(app.app.heads.sign_all().await.unwrap_err().to_string(), at_start);
            at_start
        };
        let key = app.log_key();
        let older = refused(&key.sign(tree.size + 5, Hash([1; 32])).unwrap()).await;
        assert!(older.contains(&format!("ends at event {}", tree.size)) && older.contains("Restore the newest backup"), "{older}");
        for size in [tree.size, second.size, 1] {
            let another = refused(&key.sign(size, Hash([1; 32])).unwrap()).await;
            assert!(another.contains("is not the one whose head was signed"), "{size}: {another}");
        }
        let stranger = LogKey::parse(&LogKey::generate(key.name(), &anteroom::secret::Secret::new([3; 32]))).unwrap();
        let forged = refused(&stranger.sign(tree.size, tree.root).unwrap()).await;
        assert!(forged.contains("log.head"), "{forged}");

        app.write_head(&ahead);
        app.app.heads.check().await.unwrap();
        app.finish().await;
    }
}

on_both! {
    async fn a_lost_head_is_replaced_by_one_that_left_the_house(app: TestApp) {
        app.record(4).await;
        let mailed = app.sign_all().await;
        app.record(4).await;
        app.sign_all().await;
        std::fs::remove_file(app.app.config.log_head_file()).unwrap();
        let refused = app.app.heads.check().await.unwrap_err();
        assert!(matches!(refused, Refused::NoHead { .. }) && refused.to_string().contains("adopt-head"), "{refused}");

        let forged = mailed.note.replace(&format!("\n{}\n", mailed.size), &format!("\n{}\n", mailed.size - 1));
        assert!(app.app.heads.adopt(&app.app.system(), &forged).await.is_err());
        assert!(app.app.heads.adopt(&app.app.system(), "Dear clinic,\nno head here.\n").await.is_err());
        assert!(app.app.heads.check().await.is_err(), "nothing was adopted");

        let mail = format!("Subject: The log\r\n\r\nThe head:\r\n\r\n{}\r\nGoodbye.\r\n", mailed.note.replace('\n', "\r\n"));
        assert_eq!(app.app.heads.adopt(&app.app.system(), &mail).await.unwrap(), mailed);
        let adopted = app.events("log.head_adopted").await;
        assert_eq!(adopted[0]["details"]["size"], mailed.size);
        assert!(app.sign_all().await.size > mailed.size);
        app.finish().await;
    }
}

on_both! {
    /// Whoever keeps a mail keeps a head (AUD-22).
    async fn every_letter_takes_the_last_head_out_of_the_house(app: TestApp) {
        let head = app.sign_all().await;
        let scene = app.scene(Booked).await;
        mail::job::run_due(&app.app).await.unwrap();
        let letters = std::fs::read_dir(app.app.config.mail_folder()).unwrap();
        let mails: Vec<String> = letters.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
        assert!(!mails.is_empty());
        for mail in mails {
            assert_eq!(Head::found_in(&mail, &[app.log_key().verifier()]).unwrap(), head);
            let broken_anew = mail.replace("\r\n ", "\r\n\t ").replace("Anteroom-Log-Head", "ANTEROOM-LOG-HEAD");
            assert_eq!(Head::found_in(&broken_anew, &[app.log_key().verifier()]).unwrap(), head);
            assert!(mail.lines().all(|line| line.len() <= 998), "RFC 5322, 2.1.1");
        }
        drop(scene);
        app.finish().await;
    }
}

on_both! {
    async fn a_missing_key_is_not_replaced_once_anything_was_signed(app: TestApp) {
        let mut app = app;
        app.restart().await;
        app.sign_all().await;
        std::fs::remove_file(app.app.config.log_key_file()).unwrap();
        let again = anteroom::app::App::open(app.app.config.clone(), std::sync::Arc::new(app.clock.clone()), anteroom::crypto::Rng::system()).await;
        let said = format!("{:#}", again.expect_err("refused"));
        assert!(said.contains("log.key") && said.contains("put it back from a backup"), "{said}");
        app.finish().await;
    }
}

on_both! {
    async fn places_and_heads_are_written_once(app: TestApp) {
        app.scene(InCall).await;
        app.sign_all().await;
        for statement in [
            "update audit_leaf set hash = hash", "delete from audit_leaf", "update audit_leaf_subject set n = n", "delete from audit_leaf_subject",
            "update audit_checkpoint set note = 'x'", "delete from audit_checkpoint",
        ] {
            let refused = match &app.app.db {
                Db::Sqlite { write, .. } => sqlx::query(statement).execute(write).await.map(drop),
                Db::Postgres { write, .. } => sqlx::query(statement).execute(write).await.map(drop),
            };
            assert!(refused.unwrap_err().to_string().contains("written once"), "{statement}");
        }
        app.finish().await;
    }
}

on_both! {
    /// AUD-06. What stops an operator with the file is the signed tree.
    async fn events_are_written_once(app: TestApp) {
        app.scene(InCall).await;
        for statement in [
            "update audit_event set kind = 'note.saved'", "update audit_event set payload = payload", "delete from audit_event",
            "update audit_event_subject set tag = tag", "delete from audit_event_subject",
        ] {
            let refused = match &app.app.db {
                Db::Sqlite { write, .. } => sqlx::query(statement).execute(write).await.map(drop),
                Db::Postgres { write, .. } => sqlx::query(statement).execute(write).await.map(drop),
            };
            assert!(refused.unwrap_err().to_string().contains("written once"), "{statement}");
        }
        if let Db::Postgres { write, .. } = &app.app.db {
            for table in ["audit_event", "audit_event_subject", "audit_leaf", "audit_checkpoint"] {
                let statement = sqlx::AssertSqlSafe(format!("truncate {table} cascade"));
                assert!(sqlx::query(statement).execute(write).await.unwrap_err().to_string().contains("written once"), "{table}");
            }
        }
        app.finish().await;
    }
}

on_both! {
    /// A database that does not answer in the middle of the proof is no log that was changed: nobody is told to look for a thief.
    async fn a_database_that_fails_during_the_proof_is_not_called_another_log(app: TestApp) {
        let signed = app.sign_all().await;
        app.record(3).await;
        Sequencer::new(app.app.log.clone()).catch_up().await.unwrap();
        app.execute("alter table audit_tile rename to audit_tile_away").await;
        let failed = app.app.heads.check().await.unwrap_err();
        assert!(matches!(failed, Refused::Failed(_)), "{failed}");
        assert!(app.app.heads.sign_all().await.is_err());
        assert_eq!(std::fs::read_to_string(app.app.config.log_head_file()).unwrap(), signed.note, "nothing was signed");
        app.execute("alter table audit_tile_away rename to audit_tile").await;
        assert_eq!(app.sign_all().await.size, signed.size + 3, "and then it goes on");
        app.finish().await;
    }
}
