//! What old events say goes after its time, and nothing before; what was proved stays proved (HIP-07, HIP-08, AUD-26, AB-13).

use crate::on_both;
use crate::support::desk::key;
use crate::support::export::{by_python, by_rust, export};
use crate::support::{Browser, PASSWORD, TestApp};
use anteroom::audit::tree::{LogKey, inclusion};
use anteroom::audit::{self, Event, Filter, Kind};
use anteroom::compliance::export as exports;
use anteroom::compliance::integrity::{self, Report, Verdict};
use anteroom::config::Config;
use anteroom::db::Db;
use anteroom::rights::retention::{self, Purged};
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;

const YEAR: Millis = Millis::days(366);

impl TestApp {
    /// Time passes, a head is signed, and a week and a day more pass.
    async fn years_pass(&self, years: i64) {
        self.clock.advance(Millis(YEAR.0 * years));
        self.known_head().await;
        self.clock.advance(Millis::days(8));
    }

    async fn purges(&self) -> Purged {
        retention::purge(&self.app, &self.app.system()).await.unwrap()
    }

    /// What a stranger finds who has the key, the head that was known before, and the newest.
    async fn verified(&self, known: &str) -> Report {
        let newest = self.known_head().await;
        let key = LogKey::read(&self.app.config.log_key_file()).unwrap();
        let mut tx = self.app.db.reading().await.unwrap();
        integrity::verify(&mut tx, &self.app.log, &[key.verifier()], &[known.to_owned(), newest], |_, _| {}).await.unwrap()
    }

    /// A head over everything, as it leaves the house.
    async fn known_head(&self) -> String {
        self.an_event_is_written().await;
        self.app.heads.sign_all().await.unwrap().unwrap().note
    }

    async fn an_event_is_written(&self) {
        self.app.log.record(&self.app.system(), Event::done(Kind::SystemStarted)).await.unwrap();
    }

    /// The proof that the first event is among the first `size`.
    async fn first_is_among(&self, size: u64) -> Vec<tlog_tiles::Hash> {
        let root = self.bytes(&format!("select root from audit_checkpoint where size = {size}")).await;
        let leaf = self.bytes("select hash from audit_leaf where n = 0").await;
        let [root, leaf] = [root, leaf].map(|hash| tlog_tiles::Hash(hash.try_into().unwrap()));
        let mut tx = self.app.db.reading().await.unwrap();
        inclusion(&mut tx, size, root, 0, leaf).await.unwrap()
    }

    /// The newest event of a kind. Those before it may say nothing any more.
    async fn last(&self, kind: &str) -> serde_json::Value {
        let filter = Filter { kind: Kind::from_word(kind), ..Filter::default() };
        let mut tx = self.app.db.reading().await.unwrap();
        let events = audit::oldest_first(&mut tx, &filter, None, 100).await.unwrap();
        serde_json::from_str(&self.app.log.payload(events.last().unwrap()).unwrap()).unwrap()
    }

    async fn emptied(&self) -> i64 {
        self.number("select count(*) from audit_event where length(payload) = 0").await
    }
}

async fn hold(officer: &Browser, patient: &str) -> String {
    let key = key();
    let form = [("request_key", key.as_str()), ("patient", patient), ("why", "Case 7")];
    assert_eq!(officer.form("/retention/holds", &form).await.status(), StatusCode::SEE_OTHER);
    let page = officer.text("/retention").await;
    page.split("/holds/").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

on_both! {
    async fn old_events_say_nothing_any_more_and_old_proofs_verify(app: TestApp) {
        let patient = app.patient("Quenby Canary").await;
        let known = app.known_head().await;
        let before = app.number("select count(*) from audit_event").await;
        let proof = app.first_is_among(before as u64).await;
        assert_eq!(app.purges().await, Purged::NothingDue, "it is young");
        app.years_pass(10).await;
        let Purged::Emptied { events, last, .. } = app.purges().await else { panic!("what is ten years old may go") };
        assert_eq!((events as i64, last), (before, before - 1));
        assert_eq!(app.emptied().await, before);
        let report = app.verified(&known).await;
        assert_eq!((report.verdict(), report.removed), (Verdict::Unaltered, events), "{}", report.in_words());
        assert!(report.in_words().contains("removed after its time"));
        assert_eq!(app.first_is_among(before as u64).await, proof, "the proof that was handed out is the one that is made");
        let purged = app.last("log.purged").await;
        assert_eq!((purged["details"]["rows"].as_u64(), purged["details"]["last"].as_i64()), (Some(events), Some(last)));
        let officer = app.staff(Role::Compliance).await;
        let page = officer.text(&format!("/access-log?patient={patient}")).await;
        assert!(page.contains("Details removed after their time") && !page.contains("ALTERED"), "{page}");
        assert_eq!(officer.get("/access-log/export?format=csv").await.status(), StatusCode::OK);
        assert_eq!(app.number("select count(*) from audit_event where kind = 'integrity.failed'").await, 0);
        assert_eq!(app.purges().await, Purged::NothingDue, "what is gone is not removed twice");
    }
}

on_both! {
    /// Both verifiers pass what was removed in its time, in every form, and nothing younger that only looks like it.
    async fn an_export_of_what_was_removed_is_no_altered_one(app: TestApp) {
        app.patient("Quenby Canary").await;
        app.known_head().await;
        app.years_pass(10).await;
        let Purged::Emptied { events, .. } = app.purges().await else { panic!("what is ten years old may go") };
        let officer = app.staff(Role::Compliance).await;
        let key = LogKey::read(&app.app.config.log_key_file()).unwrap().verifier().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let (path, head) = (folder.path().join("export.zip"), folder.path().join("head"));
        let verdicts = |file: &[u8]| {
            std::fs::write(&path, file).unwrap();
            let heads = std::slice::from_ref(&head);
            [by_rust(&path, &key, heads), by_python(&path, &key, heads)]
        };
        for format in ["jsonl", "csv", "fhir"] {
            let (file, parts) = export(&officer, &format!("format={format}")).await;
            std::fs::write(&head, parts.text(exports::AFTER)).unwrap();
            assert_eq!(parts.text(exports::EVENTS).matches("\"removed\":").count() as u64, events);
            for (code, said) in verdicts(&file) {
                assert_eq!(code, 0, "{format}\n{said}");
                assert!(said.contains(&format!("What {events} of them said was removed")) || said.contains(&format!("{events} without their words")), "{said}");
            }
            if format != "jsonl" {
                continue;
            }
            // The purge's own event, made to look like an old one.
            let hidden = parts.with(exports::EVENTS, |lines| lines.lines().map(|line| format!("{}\n", hide(line, "log.purged"))).collect());
            assert_ne!(hidden, parts);
            for (code, said) in verdicts(&hidden.zip()) {
                assert!(code == 1 && said.contains("nothing so young is ever removed"), "{said}");
            }
        }
    }
}

/// The line of an event of that kind without its words.
fn hide(line: &str, kind: &str) -> String {
    let whole: serde_json::Value = serde_json::from_str(line).unwrap();
    let payload = &whole["payload"];
    if payload["kind"] != kind {
        return line.to_owned();
    }
    let salt: [u8; 32] = hex::decode(whole["salt"].as_str().unwrap()).unwrap().try_into().unwrap();
    let hash = hex::encode(audit::payload_hash(&salt, payload.to_string().as_bytes()));
    serde_json::json!({
        "place": whole["place"],
        "removed": {"at": payload["at"], "event": payload["event"], "kind": payload["kind"], "outcome": payload["outcome"], "payload_hash": hash},
        "subjects": whole["subjects"],
    })
    .to_string()
}

on_both! {
    async fn an_event_that_was_emptied_without_a_purge_is_altered(app: TestApp) {
        app.patient("Quenby Canary").await;
        let known = app.known_head().await;
        app.years_pass(10).await;
        assert!(matches!(app.purges().await, Purged::Emptied { .. }));
        let removed = app.verified(&known).await.removed;
        // A young event, emptied by somebody with all rights.
        let statement = match &app.app.db {
            Db::Sqlite { .. } => "drop trigger audit_event_never_changes",
            Db::Postgres { .. } => "alter table audit_event disable trigger user",
        };
        app.execute(statement).await;
        app.execute("update audit_event set payload = substr(payload, 1, 0) where kind = 'log.purged'").await;
        let report = app.verified(&known).await;
        assert_eq!((report.verdict(), report.removed), (Verdict::Altered, 0), "the purge itself: nothing tells of it any more");
        assert!(removed > 0 && report.in_words().contains("no purge that this log tells of covers them"), "{}", report.in_words());
    }
}

on_both! {
    async fn the_database_lets_nothing_be_emptied_that_no_purge_covers(app: TestApp) {
        app.patient("Quenby Canary").await;
        for statement in [
            "update audit_event set payload = substr(payload, 1, 0), actor_id = null, source_index = null",
            "update audit_event set kind = 'x'",
            "delete from audit_event",
        ] {
            let error = app.refused_by_database(statement).await;
            assert!(error.contains("the access log is written once"), "{statement}: {error}");
        }
        app.years_pass(10).await;
        assert!(matches!(app.purges().await, Purged::Emptied { .. }));
        let error = app.refused_by_database("update audit_event set payload = payload_hash").await;
        assert!(error.contains("the access log is written once"), "{error}");
        assert!(app.refused_by_database("update audit_purge set until_at = 9223372036854775807").await.contains("written once"));
    }
}

on_both! {
    /// AB-13.
    async fn a_clock_that_was_set_forward_removes_nothing(app: TestApp) {
        app.patient("Quenby Canary").await;
        app.known_head().await;
        app.years_pass(9).await;
        let right = app.app.now();
        // A year and a half forward, with heads signed under the wrong time: for an hour, a day, and six days.
        for hours in [1, 24, 6 * 24] {
            app.clock.set(right + Millis(YEAR.0 * 3 / 2));
            app.known_head().await;
            app.clock.advance(Millis::hours(hours));
            app.known_head().await;
            assert_eq!((app.purges().await, app.emptied().await), (Purged::NothingDue, 0), "{hours} hours");
            app.clock.set(right);
        }
        app.years_pass(2).await;
        assert!(matches!(app.purges().await, Purged::Emptied { .. }), "once the time has come it goes");
    }
}

on_both! {
    async fn six_years_less_a_day_are_kept_and_six_years_and_a_day_may_go(app: TestApp) {
        let mut app = app;
        app.restart_with(|config| config.retention.log_years = 6).await;
        app.patient("Quenby Canary").await;
        app.known_head().await;
        // The heads are a week behind the clock, and they decide.
        app.clock.advance(Millis::days(6 * 365 + 1));
        app.known_head().await;
        app.clock.advance(Millis::days(7));
        assert_eq!(app.purges().await, Purged::NothingDue, "by the last head that is old enough it is five years and 364 days");
        app.clock.advance(Millis::days(1));
        app.known_head().await;
        app.clock.advance(Millis::days(8));
        assert!(matches!(app.purges().await, Purged::Emptied { .. }));
    }
}

on_both! {
    async fn a_hold_keeps_what_it_covers_until_it_is_lifted(app: TestApp) {
        let (kept, other) = (app.patient("Quenby Canary").await, app.patient("Somebody Else").await);
        app.known_head().await;
        app.years_pass(10).await;
        let officer = app.staff(Role::Compliance).await;
        let everything = hold(&officer, "").await;
        assert_eq!((app.purges().await, app.emptied().await), (Purged::Held, 0));
        assert_eq!(app.last("log.purged").await["outcome"], "refused");
        let lift = async |id: &str| officer.form(&format!("/holds/{id}/lift"), &[("why", "Settled")]).await.status();
        assert_eq!((lift(&everything).await, lift(&everything).await), (StatusCode::SEE_OTHER, StatusCode::CONFLICT));
        let one = hold(&officer, &kept.to_string()).await;
        assert!(matches!(app.purges().await, Purged::Emptied { .. }));
        let emptied_of = async |patient: anteroom::ids::PatientId| {
            let page = officer.text(&format!("/access-log?patient={patient}&kind=patient.added")).await;
            page.contains("Details removed after their time")
        };
        assert_eq!((emptied_of(kept).await, emptied_of(other).await), (false, true));
        let known = app.known_head().await;
        assert_eq!(app.verified(&known).await.verdict(), Verdict::Unaltered, "an event that was kept among those that were not");
        officer.sign_in(PASSWORD).await;
        assert_eq!(lift(&one).await, StatusCode::SEE_OTHER);
        assert!(matches!(app.purges().await, Purged::Emptied { .. }));
        assert!(emptied_of(kept).await);
    }
}

#[test]
fn less_than_six_years_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display();
    let text = format!(
        "base_url = \"http://localhost:1\"\nlisten = [\"127.0.0.1:0\"]\ndata_dir = \"{data}/data\"\nroot_key_file = \"{data}/keys/root.key\"\n\
         [clinic]\nname = \"Clinic\"\nzone = \"America/New_York\"\nphone = \"555 0100\"\n[retention]\nlog_years = 5\n"
    );
    assert!(format!("{:#}", Config::parse(&text).expect_err("refused")).contains("retention.log_years"));
}
