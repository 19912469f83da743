//! The conversation with a real mail server: what it is told, when, and what becomes of a letter whatever it answers.

use crate::on_both;
use crate::support::TestApp;
use crate::support::postgres::{TwoRoles, database_in_two_roles};
use crate::support::smtp::{Answer, Catcher, Certificate, PASSWORD, Step};
use anteroom::compliance::heads;
use anteroom::db::Db;
use anteroom::mail::notices;
use anteroom::time::{Clock, Millis, SystemClock};
use std::pin::Pin;
use tokio::time::{Duration, timeout};

impl TestApp {
    /// The word in the outbox for why its one letter did not leave.
    async fn stuck(&self) -> String {
        self.word("select coalesce(last_error, '') from outbox").await
    }

    /// Let a run go on until the server has been at a step so many times, and leave it there.
    async fn sending_reaches(&self, mut run: Pin<&mut impl Future<Output = usize>>, server: &Catcher, step: Step, times: usize) {
        tokio::select! {
            _ = &mut run => panic!("the server has not answered"),
            () = server.reached(step, times) => {}
        }
    }

    /// Let no letter be marked as sent, or let them be marked again.
    async fn no_mark_is_written(&self, broken: bool) {
        let (on, off) = match &self.app.db {
            Db::Sqlite { .. } => (
                "create trigger no_mark before update on outbox when new.sent_at is not null begin select raise(abort, 'the disk is full'); end",
                "drop trigger no_mark",
            ),
            Db::Postgres { .. } => (
                "alter table outbox add constraint no_mark check (sent_at is null) not valid",
                "alter table outbox drop constraint no_mark",
            ),
        };
        self.execute(if broken { on } else { off }).await;
    }

    /// How many letters wait, with what they say.
    async fn waiting(&self) -> i64 {
        self.number("select count(*) from outbox where values_sealed is not null").await
    }
}

on_both! {
    async fn a_letter_leaves_under_tls_once_and_the_outbox_forgets_it(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let guest = app.guest().await;
        assert_eq!((app.send_mails().await, app.send_mails().await), (1, 0), "once");
        let letters = server.letters();
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].header("To"), letters[0].header("From")), ("guest@example.test", "\"Riverside Clinic\" <visits@clinic.example>"));
        assert_eq!(app.state_of(guest.visit).await, "sent");
        assert_eq!((app.waiting().await, app.events("link.sent").await.len()), (0, 1));
        let dump = String::from_utf8_lossy(&app.dump().await).into_owned();
        assert!(!dump.contains("guest@example.test") && !dump.contains(&hex::encode("guest@example.test")));
        app.finish().await;
    }
}

#[actix_web::test]
async fn starttls_delivers_too_and_tells_nothing_before() {
    let server = Catcher::starttls().await;
    let app = TestApp::sqlite_with(&server.settings()).await;
    app.guest().await;
    assert_eq!(app.send_mails().await, 1);
    assert_eq!(server.letters().len(), 1);
    assert_eq!(server.memory().in_the_clear, "EHLO localhost\r\nSTARTTLS\r\n");
    app.finish().await;
}

#[actix_web::test]
async fn a_server_that_knows_only_login_is_signed_in_to() {
    let server = Catcher::implicit().await;
    server.offers_only_login();
    let app = TestApp::sqlite_with(&server.settings()).await;
    app.guest().await;
    assert_eq!(app.send_mails().await, 1);
    assert!(!server.memory().under_tls.contains("AUTH PLAIN"));
    app.finish().await;
}

/// On both ways to TLS: the letter waits for the reason of that word, and nobody was told anything.
async fn tells_nothing(implicit: bool, prepare: impl Fn(&Catcher)) {
    let server = if implicit { Catcher::implicit().await } else { Catcher::starttls().await };
    prepare(&server);
    let app = TestApp::sqlite_with(&server.settings()).await;
    app.guest().await;
    assert_eq!(app.send_mails().await, 0);
    server.heard_nothing();
    assert_eq!((app.stuck().await.as_str(), app.waiting().await), ("tls", 1));
    app.finish().await;
}

#[actix_web::test]
async fn a_certificate_that_does_not_fit_gets_neither_address_nor_password_nor_mail() {
    for certificate in [Certificate::WrongName, Certificate::Untrusted, Certificate::Expired] {
        for implicit in [true, false] {
            tells_nothing(implicit, |server| server.shows(certificate)).await;
        }
    }
}

#[actix_web::test]
async fn a_stripped_starttls_gets_neither_address_nor_password_nor_mail() {
    tells_nothing(false, Catcher::offers_no_starttls).await;
    tells_nothing(false, |server| server.says(Step::Starttls, "454 not now")).await;
    tells_nothing(false, |server| server.says(Step::Starttls, "220 go ahead, but without")).await;
    tells_nothing(false, |server| server.answers(Step::Starttls, Answer::Close)).await;
}

#[actix_web::test]
async fn answers_put_behind_starttls_by_somebody_on_the_way_count_for_nothing() {
    const YES_TO_ALL: &str = "250-localhost\r\n250 AUTH PLAIN\r\n235 in\r\n250 from\r\n250 to\r\n354 go\r\n250 taken\r\n";
    tells_nothing(false, |server| server.answers(Step::Starttls, Answer::AndMore(YES_TO_ALL))).await;
}

on_both! {
    async fn a_wrong_password_is_not_told_in_the_clear_waits_and_shows_at_the_front_desk(
        app: TestApp, server: Catcher = Catcher::starttls().await
    ) {
        std::fs::write(server.file("password"), "yesterday's").unwrap();
        let guest = app.guest().await;
        assert_eq!(app.send_mails().await, 0);
        assert!(!server.memory().in_the_clear.contains("AUTH"));
        assert!(!server.memory().under_tls.contains("@"), "no address to a server that does not know us");
        assert_eq!((app.stuck().await.as_str(), app.waiting().await), ("rejected", 1));
        let page = app.desk_page(guest.visit).await;
        assert!(page.contains("The mail server does not accept our mails. Tell your administrator."), "{page}");
        // A new password is used without a restart.
        std::fs::write(server.file("password"), PASSWORD).unwrap();
        app.clock.advance(Millis::minutes(1));
        assert_eq!(app.send_mails().await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn come_again_later_is_tried_again_after_growing_pauses(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.guest_at(app.app.now() + Millis::hours(30), true).await;
        for (step, minutes) in [(Step::Greeting, 1), (Step::Mail, 2), (Step::Rcpt, 4), (Step::Data, 8), (Step::End, 16), (Step::End, 32), (Step::End, 60), (Step::End, 60)] {
            server.answers_well();
            server.says(step, "451 4.3.0 guest@example.test: try again later");
            let before = server.count(Step::Greeting);
            assert_eq!(app.send_mails().await, 0);
            assert_eq!((server.count(Step::Greeting), app.stuck().await.as_str()), (before + 1, "later"), "{step:?}");
            app.clock.advance(Millis(Millis::minutes(minutes).0 - 1));
            app.send_mails().await;
            assert_eq!(server.count(Step::Greeting), before + 1, "{step:?}: not before {minutes} minutes are over");
            app.clock.advance(Millis(1));
        }
        server.answers_well();
        assert_eq!((app.send_mails().await, server.letters().len()), (1, 1));
        app.finish().await;
    }
}

on_both! {
    async fn no_such_mailbox_is_final_and_shows_at_the_front_desk(app: TestApp, server: Catcher = Catcher::implicit().await) {
        server.says(Step::Rcpt, "550 5.1.1 <guest@example.test>: no such user");
        let guest = app.guest().await;
        assert_eq!(app.send_mails().await, 0);
        assert_eq!((app.stuck().await.as_str(), app.waiting().await), ("refused", 0), "its values are blank");
        let page = app.desk_page(guest.visit).await;
        assert!(page.contains("There is no such mailbox. Correct the address, then send a new link."), "{page}");
        app.clock.advance(Millis::minutes(30));
        app.send_mails().await;
        assert_eq!(server.count(Step::Rcpt), 1, "never again");
        app.finish().await;
    }
}

on_both! {
    async fn a_refusal_that_is_about_us_loses_no_letter(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.guest_at(app.app.now() + Millis::hours(30), true).await;
        for (step, answer) in [
            (Step::Greeting, "554 no service"),
            (Step::Auth, "535 5.7.8 wrong"),
            (Step::Mail, "550 5.7.1 sender not allowed"),
            (Step::Rcpt, "554 5.7.1 relay access denied"),
            (Step::Data, "554 no valid recipients"),
            (Step::End, "550 5.7.1 looks like spam"),
        ] {
            server.answers_well();
            server.says(step, answer);
            assert_eq!(app.send_mails().await, 0);
            assert_eq!((app.stuck().await.as_str(), app.waiting().await), ("rejected", 1), "{step:?}");
            app.clock.advance(Millis::hours(1));
        }
        server.answers_well();
        assert_eq!((app.send_mails().await, server.letters().len()), (1, 1));
        app.finish().await;
    }
}

on_both! {
    async fn a_mail_server_that_is_away_for_an_hour_loses_nothing_and_gets_each_letter_once(
        app: TestApp, server: Catcher = Catcher::implicit().await
    ) {
        server.answers(Step::Greeting, Answer::Close);
        let soon = app.app.now() + Millis::hours(30);
        for hour in 0..3 {
            app.guest_at(soon + Millis::hours(hour), true).await;
        }
        for _ in 0..60 {
            assert_eq!(app.send_mails().await, 0);
            app.clock.advance(Millis::minutes(1));
        }
        assert_eq!(app.waiting().await, 3);
        server.answers_well();
        for _ in 0..60 {
            app.send_mails().await;
            app.clock.advance(Millis::minutes(1));
        }
        let mut ids: Vec<String> = server.letters().iter().map(|letter| letter.message_id().to_owned()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), server.letters().len(), app.waiting().await), (3, 3, 0));
        app.finish().await;
    }
}

on_both! {
    async fn a_letter_that_was_taken_without_a_word_goes_twice_at_most_under_one_message_id(
        app: TestApp, server: Catcher = Catcher::implicit().await
    ) {
        server.answers(Step::End, Answer::Close);
        app.guest().await;
        assert_eq!(app.send_mails().await, 0);
        assert_eq!((app.stuck().await.as_str(), server.letters().len()), ("connection", 1));
        server.answers_well();
        app.clock.advance(Millis::minutes(1));
        assert_eq!((app.send_mails().await, app.send_mails().await), (1, 0));
        let letters = server.letters();
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0].message_id(), letters[1].message_id());
        app.finish().await;
    }
}

on_both! {
    async fn silence_ends_at_the_timeout_wherever_it_falls(app: TestApp, server: Catcher = Catcher::implicit().await.impatient()) {
        app.guest_at(app.app.now() + Millis::hours(30), true).await;
        for step in [Step::Greeting, Step::Rcpt, Step::End] {
            server.answers_well();
            server.answers(step, Answer::Silence);
            assert_eq!(app.send_mails().await, 0);
            assert_eq!(app.stuck().await, "timeout", "{step:?}");
            app.clock.advance(Millis::hours(1));
        }
        app.finish().await;
    }
}

on_both! {
    async fn two_senders_at_once_send_one_copy(app: TestApp, server: Catcher = Catcher::implicit().await) {
        for hour in 0..4 {
            app.guest_at(app.app.now() + Millis::hours(30 + hour), true).await;
        }
        let (first, second) = tokio::join!(app.send_mails(), app.send_mails());
        assert_eq!((first + second, server.letters().len()), (4, 4));
        app.finish().await;
    }
}

on_both! {
    async fn a_letter_on_its_way_is_held_for_longer_than_sending_may_take(app: TestApp, server: Catcher = Catcher::implicit().await) {
        server.answers(Step::End, Answer::Silence);
        app.guest().await;
        let longest = anteroom::mail::transport::hold(&app.app.config);
        {
            let sending = std::pin::pin!(app.send_mails());
            app.sending_reaches(sending, &server, Step::End, 1).await;
            app.clock.advance(Millis(longest.0 - 1));
            assert_eq!((app.send_mails().await, server.count(Step::Greeting)), (0, 1), "somebody has it");
        }
        app.finish().await;
    }
}

on_both! {
    async fn no_transaction_is_open_while_the_mail_server_is_spoken_with(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.guest().await;
        for step in [Step::Greeting, Step::Rcpt, Step::End] {
            server.answers_well();
            server.answers(step, Answer::Silence);
            let sending = std::pin::pin!(app.send_mails());
            app.sending_reaches(sending, &server, step, server.count(step) + 1).await;
            app.comes_to_rest(&format!("{step:?}: a connection to the database is in use")).await;
            app.clock.advance(Millis::minutes(10));
        }
        app.finish().await;
    }
}

on_both! {
    async fn what_a_server_answers_is_kept_nowhere(app: TestApp, server: Catcher = Catcher::implicit().await) {
        const QUOTED: &str = "Zebedee guest@example.test";
        let guest = app.guest_at(app.app.now() + Millis::hours(30), true).await;
        let logged = crate::support::capture::start();
        let long = format!("451 {}{QUOTED}", "x".repeat(1 << 20));
        let many = format!("{}451 {QUOTED}", format!("451-{QUOTED}\r\n").repeat(500));
        for answer in [&format!("451 {QUOTED}"), &format!("550 {QUOTED}\r\n"), &format!("{QUOTED} is no answer"), &long, &many] {
            for step in [Step::Greeting, Step::Mail, Step::Data, Step::End] {
                server.answers_well();
                server.says(step, answer);
                assert_eq!(app.send_mails().await, 0, "{step:?}");
                app.clock.advance(Millis::hours(1));
            }
        }
        let logged = logged.text();
        assert!(logged.contains("A mail did not leave"), "{logged}");
        let page = app.desk_page(guest.visit).await;
        let events: String = app.log().await.iter().map(ToString::to_string).collect();
        let dump = String::from_utf8_lossy(&app.dump().await).into_owned();
        for kept in [&logged, &page, &events, &dump] {
            assert!(!kept.contains("Zebedee") && !kept.contains(&hex::encode("Zebedee")) && !kept.contains("guest@"));
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_stuck_letter_ends_the_run_and_the_next_run_tries_another(
        app: TestApp, server: Catcher = Catcher::implicit().await
    ) {
        server.answers(Step::Greeting, Answer::Close);
        for hour in 0..5 {
            app.guest_at(app.app.now() + Millis::hours(30 + hour), true).await;
        }
        for run in 1..=5 {
            app.send_mails().await;
            assert_eq!(server.count(Step::Greeting), run, "a run costs one try, whatever waits behind it");
        }
        app.send_mails().await;
        assert_eq!(server.count(Step::Greeting), 5, "each has been tried, and none again before its pause");
        app.finish().await;
    }
}

on_both! {
    async fn a_mail_server_that_does_not_answer_delays_no_reminder(app: TestApp, server: Catcher = Catcher::implicit().await) {
        server.answers(Step::Greeting, Answer::Silence);
        let guest = app.guest_at(app.app.now() + Millis::hours(30), true).await;
        app.clock.set(guest.starts_at - Millis::minutes(60));
        let (_go_on, stopping) = tokio::sync::watch::channel(());
        let jobs = actix_web::rt::spawn(anteroom::jobs::run(app.app.clone(), stopping));
        server.reached(Step::Greeting, 1).await;
        timeout(Duration::from_secs(20), async {
            while app.number("select count(*) from outbox where kind = 'reminder'").await == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the reminder is queued while the mail server says nothing");
        jobs.abort();
        app.finish().await;
    }
}

on_both! {
    async fn a_kill_between_the_servers_yes_and_our_mark_repeats_one_letter_under_one_message_id(
        app: TestApp, server: Catcher = Catcher::implicit().await
    ) {
        app.clock.set(SystemClock.now());
        app.guest().await;
        // The server has the whole letter, and its answer has not come: for our side no later moment is any different.
        server.answers(Step::End, Answer::Silence);
        let process = app.process();
        server.reached(Step::End, 1).await;
        process.kill();
        server.answers_well();
        assert_eq!(app.send_mails().await, 0, "somebody might still be sending it");
        app.clock.advance(Millis::minutes(10));
        assert_eq!((app.send_mails().await, app.send_mails().await), (1, 0));
        let letters = server.letters();
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0].message_id(), letters[1].message_id());
        app.finish().await;
    }
}

on_both! {
    async fn a_mark_that_cannot_be_written_repeats_one_letter_under_one_message_id(
        app: TestApp, server: Catcher = Catcher::implicit().await
    ) {
        app.guest().await;
        app.no_mark_is_written(true).await;
        assert!(anteroom::mail::job::run_due(&app.app).await.is_err());
        app.no_mark_is_written(false).await;
        assert_eq!((server.letters().len(), app.waiting().await, app.events("link.sent").await.len()), (1, 1, 0));
        app.clock.advance(Millis::minutes(10));
        assert_eq!((app.send_mails().await, app.send_mails().await), (1, 0));
        let letters = server.letters();
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0].message_id(), letters[1].message_id());
        app.finish().await;
    }
}

on_both! {
    async fn a_kill_between_booking_and_sending_loses_no_letter(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.clock.set(SystemClock.now());
        app.guest().await;
        server.answers(Step::Greeting, Answer::Silence);
        let process = app.process();
        server.reached(Step::Greeting, 1).await;
        process.kill();
        server.answers_well();
        app.clock.advance(Millis::minutes(10));
        assert_eq!((app.send_mails().await, server.letters().len()), (1, 1));
        app.finish().await;
    }
}

on_both! {
    async fn a_stop_waits_for_the_letter_that_is_being_taken(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.clock.set(SystemClock.now());
        app.guest().await;
        // The process has no letter of the hour to send beside the patient's.
        assert!(heads::mail_now(&app.app).await.unwrap());
        assert_eq!(notices::run_due(&app.app).await.unwrap(), 1);
        server.answers(Step::End, Answer::Silence);
        let mut process = app.process();
        server.reached(Step::End, 2).await;
        process.begins_to_stop().await;
        server.answers_well();
        assert!(process.ended_well().await);
        assert_eq!(app.waiting().await, 0, "it is marked");
        app.clock.advance(Millis::minutes(10));
        assert_eq!((app.send_mails().await, server.letters().len()), (0, 2));
        app.finish().await;
    }
}

on_both! {
    async fn a_patient_who_takes_no_mail_any_more_gets_none_not_even_one_that_waits(
        app: TestApp, server: Catcher = Catcher::implicit().await
    ) {
        let guest = app.guest().await;
        app.execute("update patient set mail_allowed = 0").await;
        assert_eq!((app.send_mails().await, server.count(Step::Greeting), app.waiting().await), (0, 0, 0));
        assert_eq!(app.events("link.sent").await[0]["outcome"], "refused");
        let page = app.desk_page(guest.visit).await;
        assert!(page.contains("Not sent: the patient does not want mails."), "{page}");
        app.finish().await;
    }
}

on_both! {
    async fn no_time_leaves_once_the_patient_took_that_consent_back(app: TestApp, server: Catcher = Catcher::implicit().await) {
        app.guest().await;
        app.execute("update patient set times_by_mail_agreed_at = null, times_by_mail_agreed_with = null").await;
        assert_eq!(app.send_mails().await, 1);
        let letters = server.letters();
        assert!(letters[0].calendar.is_none() && !letters[0].everything().contains("Chicago"));
        app.finish().await;
    }
}

/// What the README tells a clinic to add to the file that `init` made, with hosts and paths of this machine.
fn readme_settings(server: &Catcher, roles: &TwoRoles) -> String {
    let readme = include_str!("../../README.md");
    let mut settings = readme.split_once("```toml\n").and_then(|(_, after)| after.split_once("```")).expect("an example").0.to_owned();
    let relay = settings.split_once("[relay]").and_then(|(_, after)| after.split_once("\n\n")).expect("a relay").0;
    let relay = format!("[relay]{relay}\n");
    for (named, real) in [
        ("postgres://anteroom:secret@db.internal/anteroom?sslmode=verify-full", roles.server.clone()),
        ("postgres://anteroom_owner:secret@db.internal/anteroom?sslmode=verify-full", roles.owner.clone()),
        ("smtp.clinic.example", "localhost".to_owned()),
        ("port = 465", format!("port = {}\nca_file = \"{}\"", server.port(), server.file("ca.pem").display())),
        ("/etc/anteroom/smtp.password", server.file("password").display().to_string()),
        // The relay is not what this is about: none is started.
        (&relay, String::new()),
    ] {
        assert!(settings.contains(named), "{named} stands in the README");
        settings = settings.replace(named, &real);
    }
    settings
}

#[actix_web::test]
async fn the_configuration_in_the_readme_sends_mail() {
    let server = Catcher::implicit().await;
    let folder = tempfile::tempdir().unwrap();
    let roles = database_in_two_roles().await;
    let made = format!(
        r#"
        base_url = "https://visits.clinic.example"
        listen = ["127.0.0.1:0"]
        data_dir = "{folder}/data"
        root_key_file = "{folder}/keys/root.key"
        [clinic]
        name = "Riverside Clinic"
        zone = "America/New_York"
        phone = "555 0100"
        "#,
        folder = folder.path().display()
    );
    let settings = format!("{made}\n{}", readme_settings(&server, &roles));
    let app = TestApp::configured(folder, Some(roles.database), &settings).await;
    app.guest().await;
    assert_eq!(app.send_mails().await, 1);
    let letters = server.letters();
    assert_eq!(letters[0].header("From"), "\"Riverside Clinic\" <visits@clinic.example>");
    assert!(letters[0].text.contains("https://visits.clinic.example/v#"), "{}", letters[0].text);
    assert!(letters[0].message_id().ends_with("@visits.clinic.example>"));
    app.finish().await;
}
