//! Heads of the access log go to the address that answers for compliance: hourly while anything is logged, after each export, and
//! whatever the mail server does, the log goes on (AUD-22).

use crate::on_both;
use crate::support::TestApp;
use crate::support::export::export;
use crate::support::mime::Letter;
use crate::support::smtp::{Answer, COMPLIANCE, Catcher, Step};
use anteroom::audit::tree::{Head, LogKey};
use anteroom::audit::{Event, Kind};
use anteroom::compliance::heads;
use anteroom::compliance::integrity::{self, Verdict};
use anteroom::mail::notices;
use anteroom::staff::Role;
use anteroom::time::Millis;

impl TestApp {
    async fn something_happens(&self) {
        self.app.log.record(&self.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        self.app.heads.keep_up().await.unwrap();
    }

    /// One round of the job, and of the one that sends: how many letters left.
    async fn heads_are_mailed(&self) -> usize {
        heads::mail_hourly(&self.app).await.unwrap();
        notices::run_due(&self.app).await.unwrap()
    }

    fn verifier(&self) -> String {
        LogKey::read(&self.app.config.log_key_file()).unwrap().verifier().to_owned()
    }
}

/// The heads that a person finds in the text of a letter, in their order.
fn heads_in(letter: &Letter, verifier: &str) -> Vec<Head> {
    let origin = verifier.split('+').next().unwrap();
    let first_line = format!("{origin}\n");
    let from = letter.text.match_indices(&first_line).map(|(at, _)| at);
    from.map(|at| Head::found_in(&letter.text[at..], &[verifier]).unwrap()).collect()
}

on_both! {
    async fn a_letter_an_hour_while_anything_is_logged_and_none_while_nothing_is(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.something_happens().await;
        assert_eq!((app.heads_are_mailed().await, app.heads_are_mailed().await), (1, 0));
        for _ in 0..54 {
            app.clock.advance(Millis::minutes(1));
            app.something_happens().await;
            assert_eq!(app.heads_are_mailed().await, 0, "not before the hour is over");
        }
        app.clock.advance(Millis::minutes(1));
        assert_eq!(app.heads_are_mailed().await, 1);
        app.clock.advance(Millis::minutes(55));
        app.app.heads.sign_all().await.unwrap();
        assert_eq!(app.heads_are_mailed().await, 0, "that its own letter left is nothing to write about");
        app.clock.advance(Millis::days(3));
        app.something_happens().await;
        assert_eq!(app.heads_are_mailed().await, 1);

        let (letters, verifier) = (server.letters(), app.verifier());
        let mut last = None;
        for letter in &letters {
            assert_eq!(letter.header("To"), COMPLIANCE);
            let found = heads_in(letter, &verifier);
            assert_eq!(found.len(), if last.is_some() { 2 } else { 1 }, "the new head and the one before: {}", letter.text);
            assert_eq!(found.get(1), last.as_ref());
            assert_eq!(letter.header("Subject"), format!("Access log: signed head at {} events", found[0].size));
            assert!(Head::found_in(&format!("Anteroom-Log-Head: {}", letter.header("Anteroom-Log-Head")), &[&verifier]).unwrap().size >= found[0].size);
            last = Some(found[0].clone());
        }
        assert!(letters[0].text.contains(&verifier), "the first one brings the key");
        assert!(letters[1..].iter().all(|letter| !letter.text.contains(&verifier)));
        // 10:30 and 11:25 in New York, an hour on.
        assert!(letters[0].text.contains("11:30") && letters[1].text.contains("12:25"), "{}", letters[1].text);
        assert!(letters.iter().all(|letter| letter.text.contains("--known-head LETTER")));
        assert_eq!(app.events("notice.sent").await.len(), 3);
        app.finish().await;
    }
}

on_both! {
    /// What the letter says to do with it works, and shows a log that was cut off and signed again.
    async fn a_mailed_head_is_one_that_verification_takes(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.something_happens().await;
        assert_eq!(app.heads_are_mailed().await, 1);
        let letter = server.letters().remove(0);
        let as_saved = format!("Anteroom-Log-Head: {}\r\n\r\n{}", letter.header("Anteroom-Log-Head"), letter.text);
        let verifier = app.verifier();
        let verdict = async |known: &[String]| {
            let mut tx = app.app.db.reading().await.unwrap();
            integrity::verify(&mut tx, &app.app.log, &[&verifier], known, |_, _| {}).await.unwrap()
        };
        for kept in [as_saved, letter.text.clone(), letter.text.replace('\n', "\r\n")] {
            let report = verdict(std::slice::from_ref(&kept)).await;
            assert_eq!((report.verdict(), report.found), (Verdict::NotAnchored, 0), "it covers what was logged until then");
            assert!(report.outside > 0 && report.waiting > 0);
        }
        app.finish().await;
    }
}

on_both! {
    async fn every_export_is_followed_by_a_letter(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.something_happens().await;
        assert_eq!(app.heads_are_mailed().await, 1);
        let officer = app.staff(Role::Compliance).await;
        let (_, parts) = export(&officer, "format=csv").await;
        app.events_come("log.export_finished", 1).await;
        let queued = async {
            while app.number("select count(*) from notice where message is not null").await == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), queued).await.expect("a letter is queued");
        assert_eq!(notices::run_due(&app.app).await.unwrap(), 1, "though the hour is not over");
        let verifier = app.verifier();
        let found = heads_in(&server.letters()[1], &verifier);
        let exported = app.number("select n from audit_leaf join audit_event on audit_event.id = event_id where kind = 'log.exported'").await;
        assert!(found[0].size > exported.cast_unsigned(), "its head covers the export");
        assert_eq!(found[0].note, parts.text("checkpoint-after.txt"), "and is the one that the file is checked with");
        app.finish().await;
    }
}

on_both! {
    async fn a_mail_server_that_is_away_stops_no_log(app: TestApp, server: Catcher = Catcher::implicit().await) {
        server.answers(Step::Greeting, Answer::Close);
        app.something_happens().await;
        assert_eq!(app.heads_are_mailed().await, 0);
        assert_eq!(app.word("select coalesce(last_error, '') from notice").await, "connection");
        for _ in 0..5 {
            app.something_happens().await;
            app.clock.advance(Millis::minutes(20));
            assert_eq!(app.heads_are_mailed().await, 0);
        }
        let signed = app.app.heads.sign_all().await.unwrap().unwrap();
        server.answers_well();
        app.clock.advance(Millis::hours(1));
        app.something_happens().await;
        assert_eq!(app.heads_are_mailed().await, 3, "the two that waited, and the one of this hour");
        let sizes: Vec<u64> = server.letters().iter().map(|letter| heads_in(letter, &app.verifier())[0].size).collect();
        assert!(sizes.iter().any(|size| *size > signed.size), "{sizes:?}");
        assert!(app.events("notice.sent").await.iter().any(|event| event["outcome"] == "failed"));
        app.finish().await;
    }
}

on_both! {
    async fn an_address_that_does_not_exist_is_given_up_and_said_in_the_log(app: TestApp, server: Catcher = Catcher::implicit().await) {
        server.says(Step::Rcpt, "550 5.1.1 no such user");
        app.something_happens().await;
        assert_eq!(app.heads_are_mailed().await, 0);
        let said = app.events("notice.sent").await;
        assert_eq!((said[0]["details"]["why"].as_str(), said[0]["details"]["given_up"].as_str()), (Some("refused"), Some("yes")));
        assert_eq!(app.number("select count(*) from notice where message is not null").await, 0);
        app.finish().await;
    }
}

on_both! {
    async fn nobody_is_written_to_where_nobody_is_named(app: TestApp) {
        app.something_happens().await;
        assert!(!heads::mail_hourly(&app.app).await.unwrap() && !heads::mail_now(&app.app).await.unwrap());
        assert_eq!(app.number("select count(*) from notice").await, 0);
        app.finish().await;
    }
}

on_both! {
    /// Whoever keeps the letters has every key that they need.
    async fn the_first_letter_of_a_new_key_brings_it(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let mut app = app;
        app.something_happens().await;
        assert_eq!(app.heads_are_mailed().await, 1);
        let old = app.verifier();
        app.app.heads.rotate_key(&app.app.system(), &app.app.rng).await.unwrap();
        app.restart().await;
        for _ in 0..2 {
            app.clock.advance(Millis::hours(1));
            app.something_happens().await;
            assert_eq!(app.heads_are_mailed().await, 1);
        }
        let (new, letters) = (app.verifier(), server.letters());
        assert_ne!(old, new);
        assert!(letters[0].text.contains(&old) && letters[2].text.contains("--known-head LETTER"));
        assert!(letters[1].text.contains(&new) && letters[1].text.contains("was changed since the last letter"), "{}", letters[1].text);
        assert!(!letters[2].text.contains(&new) && !letters[2].text.contains("was changed since"), "{}", letters[2].text);
        app.finish().await;
    }
}
