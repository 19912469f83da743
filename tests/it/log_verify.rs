//! Verification: every way to change the log that an attacker has with the whole database in hand is found, and an untouched log
//! is never accused (AUD-24).
//!
//! Each tampering happens in a transaction that is verified from within and then rolled back, so that hundreds of them meet the
//! same log.

use crate::on_both;
use crate::support::TestApp;
use anteroom::appointments::VisitState::{Ended, InCall};
use anteroom::audit::tree::{Head, LogKey};
use anteroom::audit::{Event, Kind, leaf_bytes};
use anteroom::compliance::integrity::{self, Report, Verdict};
use anteroom::crypto::sha256;
use anteroom::db::{Db, Tx};
use anteroom::ids::EventId;
use anteroom::secret::Secret;
use anteroom::time::Timestamp;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeSet, HashMap};
use tlog_tiles::Hash;
use uuid::Uuid;

/// A transaction with whoever has all rights on the database: no trigger refuses anything.
struct Attack {
    tx: Tx,
}

impl Attack {
    async fn begin(app: &TestApp) -> Self {
        let mut attack = Self { tx: app.app.db.begin_in_one_moment().await.unwrap() };
        for table in ["audit_event", "audit_event_subject", "audit_leaf", "audit_leaf_subject", "audit_checkpoint"] {
            match &app.app.db {
                Db::Sqlite { .. } => {
                    attack.execute(&format!("drop trigger {table}_never_changes")).await;
                    attack.execute(&format!("drop trigger {table}_never_goes")).await;
                    attack.execute("pragma defer_foreign_keys = on").await;
                }
                Db::Postgres { .. } => {
                    attack.execute(&format!("alter table {table} disable trigger user")).await;
                }
            }
        }
        if matches!(app.app.db, Db::Postgres { .. }) {
            attack.execute("alter table audit_leaf drop constraint audit_leaf_event_id_fkey").await;
            attack.execute("alter table audit_event_subject drop constraint audit_event_subject_event_id_fkey").await;
            attack.execute("alter table audit_once drop constraint if exists audit_once_event_id_fkey").await;
        }
        attack
    }

    async fn execute(&mut self, statement: &str) -> u64 {
        let statement = AssertSqlSafe(statement.to_owned());
        match &mut self.tx {
            Tx::Sqlite(tx) => sqlx::query(statement).execute(&mut **tx).await.map(|done| done.rows_affected()),
            Tx::Postgres(tx) => sqlx::query(statement).execute(&mut **tx).await.map(|done| done.rows_affected()),
        }
        .unwrap()
    }

    async fn put_hash(&mut self, place: u64, hash: &[u8]) {
        self.execute(&format!("update audit_leaf set hash = {} where n = {place}", self.bytes(hash))).await;
    }

    /// Bytes as this database writes them.
    fn bytes(&self, bytes: &[u8]) -> String {
        match self.tx {
            Tx::Sqlite(_) => format!("x'{}'", hex::encode(bytes)),
            Tx::Postgres(_) => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }

    fn id(&self, id: Uuid) -> String {
        match self.tx {
            Tx::Sqlite(_) => format!("x'{}'", hex::encode(id.as_bytes())),
            Tx::Postgres(_) => format!("'{id}'::uuid"),
        }
    }

    async fn rows<T>(&mut self, question: &str) -> Vec<T>
    where
        T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let question = AssertSqlSafe(question.to_owned());
        match &mut self.tx {
            Tx::Sqlite(tx) => sqlx::query_as(question).fetch_all(&mut **tx).await.unwrap(),
            Tx::Postgres(tx) => sqlx::query_as(question).fetch_all(&mut **tx).await.unwrap(),
        }
    }

    /// Make everything that follows from the events fit them again: leaves, root, and heads signed with this key.
    async fn rechain(&mut self, key: &LogKey) {
        let events: Vec<(i64, Uuid, i64, String, String, Vec<u8>)> = self
            .rows(
                "select audit_leaf.n, id, recorded_at, kind, outcome, payload_hash
                 from audit_leaf join audit_event on audit_event.id = audit_leaf.event_id order by audit_leaf.n",
            )
            .await;
        let tags: Vec<(i64, Vec<u8>)> = self
            .rows(
                "select audit_leaf.n, tag from audit_leaf join audit_event_subject on audit_event_subject.event_id = audit_leaf.event_id
                 order by audit_leaf.n, tag",
            )
            .await;
        self.execute("delete from audit_leaf_subject").await;
        let (mut counted, mut tree) = (HashMap::<Vec<u8>, u64>::new(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
        // By the size of the log: what has no event at all has a root, too.
        let mut roots = vec![Hash(sha256(b""))];
        for (n, id, at, kind, outcome, hash) in events {
            let mut subjects = Vec::new();
            for (_, tag) in tags.iter().filter(|(leaf, _)| *leaf == n) {
                let number = counted.entry(tag.clone()).or_default();
                *number += 1;
                subjects.push((<[u8; 16]>::try_from(tag.as_slice()).unwrap(), *number));
                let row = format!("insert into audit_leaf_subject (tag, n, leaf) values ({}, {number}, {n})", self.bytes(tag));
                self.execute(&row).await;
            }
            let hash = hash.as_slice().try_into().unwrap_or([0; 32]);
            let leaf = leaf_bytes(EventId(id), Timestamp(at), &kind, &outcome, &subjects, &hash);
            self.put_hash(n as u64, &tlog_tiles::record_hash(&leaf).0).await;
            tree.push(leaf);
            roots.push(Hash(tree.root().as_bytes().as_slice().try_into().unwrap()));
        }
        let heads: Vec<(i64,)> = self.rows("select size from audit_checkpoint order by size").await;
        self.execute("delete from audit_checkpoint").await;
        let size = roots.len() as u64 - 1;
        let kept = heads.into_iter().map(|(size,)| size as u64).filter(|head| *head < size).chain((size > 0).then_some(size));
        for head in kept.collect::<Vec<_>>() {
            let signed = key.sign(head, roots[head as usize]).unwrap();
            let row = format!(
                "insert into audit_checkpoint (size, root, note, signed_at) values ({head}, {}, '{}', 0)",
                self.bytes(&signed.root.0),
                signed.note
            );
            self.execute(&row).await;
        }
        let root = self.bytes(&roots[size as usize].0);
        self.execute(&format!("update audit_tree set size = {size}, root = {root}")).await;
    }
}

/// A log worth attacking, with a head that left the house.
struct Target {
    app: TestApp,
    key: LogKey,
    head: Head,
}

impl Target {
    async fn new(app: TestApp) -> Self {
        app.scene(InCall).await;
        app.app.heads.sign_all().await.unwrap();
        app.scene(Ended).await;
        app.app.log.record(&app.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        let head = app.app.heads.sign_all().await.unwrap().unwrap();
        let key = LogKey::read(&app.app.config.log_key_file()).unwrap();
        Self { app, key, head }
    }

    async fn verify(&self, tx: &mut Tx, known: &[String]) -> Report {
        integrity::verify(tx, &self.app.app.log, &[self.key.verifier()], known, |_, _| {}).await.unwrap()
    }

    fn outside(&self) -> Vec<String> {
        vec![format!("Received: by a mail server\r\n\r\n{}", self.head.note)]
    }
}

/// Numbers that a seed decides, so that a run that fails can be had again.
struct Dice(u8, u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.1 += 1;
        let thrown = sha256(&[&[self.0], self.1.to_be_bytes().as_slice()].concat());
        u64::from_be_bytes(*thrown.first_chunk().unwrap()) % bound
    }
}

on_both! {
    async fn an_untouched_log_is_never_accused(app: TestApp) {
        let target = Target::new(app).await;
        let mut tx = target.app.app.db.reading().await.unwrap();
        let report = target.verify(&mut tx, &target.outside()).await;
        assert_eq!((report.verdict(), report.found), (Verdict::Unaltered, 0), "{}", report.in_words());
        assert_eq!((report.events, report.signed, report.outside), (target.head.size, target.head.size, target.head.size));
        let alone = target.verify(&mut tx, &[]).await;
        assert_eq!((alone.verdict(), alone.verdict().exit_code()), (Verdict::NotAnchored, 2));
        assert!(alone.in_words().contains("No head from outside was given"), "{}", alone.in_words());
        drop(tx);
        target.app.app.log.record(&target.app.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        let mut tx = target.app.app.db.reading().await.unwrap();
        let later = target.verify(&mut tx, &target.outside()).await;
        assert_eq!((later.verdict(), later.waiting, later.found), (Verdict::NotAnchored, 1, 0), "an event waits for its place");
        drop(tx);
        target.app.finish().await;
    }
}

on_both! {
    /// One log in many states: with visits and without, with events that wait for their place, with few heads and many. `UNTOUCHED_LOGS=1000` for the long run.
    async fn no_log_is_accused_while_it_grows(app: TestApp) {
        let rounds: u64 = std::env::var("UNTOUCHED_LOGS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
        let target = Target::new(app).await;
        let app = &target.app;
        let (mut dice, mut outside) = (Dice(2, 0), target.outside());
        let (mut all_signed, mut all_else) = (0, 0);
        for round in 0..rounds {
            if round % 100 == 10 {
                app.scene(Ended).await;
            }
            for _ in 0..dice.below(4) {
                app.app.log.record(&app.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
            }
            if dice.below(2) == 0
                && let Some(head) = app.app.heads.sign_all().await.unwrap()
            {
                outside.push(head.note);
            }
            let mut tx = app.app.db.reading().await.unwrap();
            let report = target.verify(&mut tx, &outside).await;
            assert_eq!(report.found, 0, "round {round}: {}", report.in_words());
            match report.verdict() {
                Verdict::Unaltered => all_signed += 1,
                Verdict::NotAnchored => all_else += 1,
                verdict => panic!("round {round}: {verdict:?}, {}", report.in_words()),
            }
        }
        assert!(all_signed > 0 && all_else > 0, "{all_signed} of the logs stood under their newest head, {all_else} had grown beyond it");
        target.app.finish().await;
    }
}

on_both! {
    /// Each way once and more: what was changed, by whom as far as keys go, and whether a head from outside is needed to see it.
    async fn every_tampering_is_found(app: TestApp) {
        let target = Target::new(app).await;
        let stranger = LogKey::parse(&LogKey::generate(target.key.name(), &Secret::new([3; 32]))).unwrap();
        let seed = std::env::var("TAMPER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1u8);
        let rounds: u64 = std::env::var("TAMPER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60);
        let mut dice = Dice(seed, 0);
        let size = target.head.size;
        let (mut only_from_outside, mut ways) = (0, BTreeSet::new());
        for round in 0..rounds {
            let mut attack = Attack::begin(&target.app).await;
            let ids: Vec<(Uuid,)> = attack.rows("select event_id from audit_leaf order by n").await;
            let (one, other) = (dice.below(size - 1), dice.below(size));
            let (event, later) = (attack.id(ids[one as usize].0), attack.id(ids[other as usize].0));
            let forget = async |attack: &mut Attack, event: &str| {
                for table in ["audit_leaf_subject where leaf = (select n from audit_leaf where event_id =", "audit_leaf where (event_id =",
                    "audit_event_subject where (event_id =", "audit_once where (event_id =", "audit_event where (id ="] {
                    attack.execute(&format!("delete from {table} {event})")).await;
                }
            };
            let what = round % 16;
            // Which of these come with everything made to fit, and with whose key.
            let rechained = dice.below(3);
            match what {
                0 => drop(attack.execute(&format!("update audit_event set kind = 'note.saved' where id = {event} and kind <> 'note.saved'")).await),
                1 => drop(attack.execute(&format!("update audit_event set recorded_at = recorded_at + 1 where id = {event}")).await),
                2 => drop(attack.execute(&format!("update audit_event set outcome = 'failed', actor_kind = 'nobody' where id = {event}")).await),
                3 => {
                    let junk: Vec<u8> = (0..80).map(|_| dice.below(256) as u8).collect();
                    let junk = attack.bytes(&junk);
                    attack.execute(&format!("update audit_event set payload = {junk} where id = {event}")).await;
                }
                4 => drop(attack.execute(&format!("update audit_event set payload = {} where id = {event}", attack.bytes(&[]))).await),
                5 => {
                    let junk = attack.bytes(&[round as u8; 32]);
                    attack.execute(&format!("update audit_event set payload_hash = {junk} where id = {event}")).await;
                }
                6 => drop(attack.execute(&format!("delete from audit_event where id = {event}")).await),
                7 => forget(&mut attack, &event).await,
                8 => {
                    forget(&mut attack, &event).await;
                    attack.execute(&format!("update audit_leaf set n = -1 - n where n > {one}")).await;
                    attack.execute("update audit_leaf set n = -2 - n where n < 0").await;
                    attack.execute(&format!("update audit_leaf_subject set leaf = leaf - 1 where leaf > {one}")).await;
                }
                9 if one != other => {
                    for (from, to) in [(one as i64, -7), (other as i64, one as i64), (-7, other as i64)] {
                        attack.execute(&format!("update audit_leaf set n = {to} where n = {from}")).await;
                    }
                }
                9 => drop(attack.execute("delete from audit_leaf where n = 0").await),
                10 => {
                    let id = attack.id(Uuid::from_u128(u128::from(round) + 1));
                    attack.execute(&format!("insert into audit_event select {id}, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload,
                        source_index from audit_event where id = {later}")).await;
                }
                11 => {
                    // A torn tail: the newest events are gone, nothing else.
                    for (id,) in &ids[one as usize..] {
                        let id = attack.id(*id);
                        forget(&mut attack, &id).await;
                    }
                }
                12 => drop(attack.execute("delete from audit_event_subject").await),
                13 => drop(attack.execute("update audit_leaf_subject set n = n + 1000").await),
                14 => {
                    // Back to a head that was signed: the events after it are gone, and all that tells of them.
                    let (head, root): (i64, Vec<u8>) = attack.rows("select size, root from audit_checkpoint order by size limit 1").await.remove(0);
                    for (id,) in &ids[head as usize..] {
                        let id = attack.id(*id);
                        forget(&mut attack, &id).await;
                    }
                    attack.execute(&format!("delete from audit_checkpoint where size > {head}")).await;
                    let root = attack.bytes(&root);
                    attack.execute(&format!("update audit_tree set size = {head}, root = {root}")).await;
                }
                _ => {
                    let note = if round % 2 == 0 { "'x'" } else { "replace(note, '—', '-')" };
                    attack.execute(&format!("update audit_checkpoint set note = {note} where size = (select min(size) from audit_checkpoint)")).await;
                }
            }
            match rechained {
                1 => attack.rechain(&stranger).await,
                2 => attack.rechain(&target.key).await,
                _ => {}
            }
            let how = format!("seed {seed}, round {round}: {what} at {one} and {other}, made to fit: {rechained}");
            let report = target.verify(&mut attack.tx, &target.outside()).await;
            // Made to fit from nothing but what was there, a change of what follows from the events mends itself.
            let undone = rechained == 2 && matches!(what, 13 | 15);
            let expected = if undone { Verdict::Unaltered } else { Verdict::Altered };
            assert_eq!(report.verdict(), expected, "{how}\n{}", report.in_words());
            // Who has the key, goes back to a head that it signed, or leaves no event at all, leaves nothing inside that is wrong.
            let fits_inside = rechained == 2 || rechained == 0 && what == 14 || rechained == 1 && what == 11 && one == 0;
            let alone = target.verify(&mut attack.tx, &[]).await;
            if alone.verdict() != Verdict::Altered && !undone {
                assert!(fits_inside, "{how}: seen only from outside\n{}", alone.in_words());
                assert_eq!(alone.verdict(), Verdict::NotAnchored, "{how}: never called unaltered");
                only_from_outside += 1;
                ways.insert(what);
            }
            drop(attack);
        }
        assert!(only_from_outside > 0 && !ways.is_empty(), "some of it can be seen only with a head from outside: say so to auditors");
        let mut tx = target.app.app.db.reading().await.unwrap();
        assert_eq!(target.verify(&mut tx, &target.outside()).await.verdict(), Verdict::Unaltered, "every attack was undone");
        drop(tx);
        target.app.finish().await;
    }
}

on_both! {
    async fn a_mark_of_another_address_is_found(app: TestApp) {
        let target = Target::new(app).await;
        let other = target.app.app.log.source_index("203.0.113.250").0;
        for (set, verdict) in [
            ("source_index is null", Verdict::Altered),
            ("source_index is not null", Verdict::Altered),
            // As on an event that is older than the column.
            ("", Verdict::Unaltered),
        ] {
            let mut attack = Attack::begin(&target.app).await;
            let changed = if set.is_empty() { "null".to_owned() } else { attack.bytes(&other) };
            let of = if set.is_empty() { "source_index is not null" } else { set };
            let count = attack.execute(&format!("update audit_event set source_index = {changed} where {of}")).await;
            assert!(count > 0, "{set}");
            let report = target.verify(&mut attack.tx, &target.outside()).await;
            assert_eq!(report.verdict(), verdict, "{set}: {}", report.in_words());
        }
        target.app.finish().await;
    }
}

on_both! {
    async fn a_head_from_outside_must_be_signed_with_the_key_that_came_from_outside(app: TestApp) {
        let target = Target::new(app).await;
        let stranger = LogKey::parse(&LogKey::generate(target.key.name(), &Secret::new([3; 32]))).unwrap();
        let forged = stranger.sign(target.head.size, target.head.root).unwrap().note;
        let mut tx = target.app.app.db.reading().await.unwrap();
        let log = &target.app.app.log;
        let refused = integrity::verify(&mut tx, log, &[target.key.verifier()], &[forged], |_, _| {}).await.unwrap_err();
        assert!(format!("{refused:#}").contains("not signed with the log's key"), "{refused:#}");
        let another_key = integrity::verify(&mut tx, log, &[stranger.verifier()], &[], |_, _| {}).await.unwrap();
        assert_eq!(another_key.verdict(), Verdict::Altered, "the log's own heads are signed with another key than the auditor has");
        drop(tx);
        target.app.finish().await;
    }
}
