//! Links that did not reach their patient: mails that come back, and readers who say that a mail is not for them (EML-08).

use crate::on_both;
use crate::support::guest::{BORN, Guest, Invitation, read_invitation};
use crate::support::smtp::{Catcher, Step};
use crate::support::{Browser, TestApp};
use anteroom::appointments::reminders;
use anteroom::audit::Kind;
use anteroom::crypto::sha256;
use anteroom::links::undelivered;
use anteroom::mail::bounce::{self, Taken};
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The report of a mail server about a mail, as RFC 3464 has it.
fn report(mail: &str, action: &str, status: &str) -> String {
    let head = mail.split_once("\r\n\r\n").expect("a mail has headers").0;
    about(head, action, status)
}

fn about(head: &str, action: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: visits@clinic.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n\
         --x\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; guest@example.test\r\nAction: {action}\r\nStatus: {status}\r\n\r\n\
         --x\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n\r\n--x--\r\n"
    )
}

impl TestApp {
    async fn takes(&self, mail: &str) -> Taken {
        bounce::take(&self.app, &self.app.system(), mail.as_bytes()).await.unwrap()
    }

    async fn follows_up(&self) -> usize {
        undelivered::follow_up(&self.app).await.unwrap()
    }

    async fn guest_with_mail(&self) -> (Guest, String, Invitation) {
        let guest = self.guest().await;
        let mail = self.next_mail().await;
        let link = read_invitation(&mail);
        (guest, mail, link)
    }
}

async fn tries(device: &Browser, link: &Invitation) -> Value {
    device.json("/v/redemption", &json!({ "token": link.token, "check": BORN })).await.json().await.unwrap()
}

const FLAG: &str = "Link did not reach the patient";

on_both! {
    async fn a_bounce_withdraws_the_links_of_its_letter_and_the_desk_and_the_clinician_see_it(app: TestApp) {
        let (guest, mail, link) = app.guest_with_mail().await;
        assert_eq!(app.takes(&report(&mail, "failed", "5.1.1")).await, Taken::CameBack);
        assert_eq!(app.takes(&report(&mail, "failed", "5.1.1")).await, Taken::Known);
        assert_eq!((app.follows_up().await, app.follows_up().await), (1, 0), "once");
        assert_eq!(tries(&app.browser(), &link).await["reason"], "withdrawn");
        assert_eq!(app.events("link.voided").await[0]["details"]["why"], "undelivered");
        assert_eq!((app.events("mail.bounced").await.len(), app.events("link.undelivered").await.len()), (1, 1));

        let desk = app.staff(Role::Scheduler).await;
        for page in ["/appointments".to_owned(), format!("/appointments/{}", guest.visit)] {
            assert!(desk.text(&page).await.contains(FLAG), "{page}");
        }
        let mut reading = app.app.db.reading().await.unwrap();
        let visit = anteroom::waiting_room::standing(&mut reading, guest.visit).await.unwrap().unwrap();
        drop(reading);
        assert_eq!(visit.link_trouble.as_deref(), Some("undelivered"), "what Today shows");

        let new = app.new_link(&guest).await;
        assert!(!desk.text(&format!("/appointments/{}", guest.visit)).await.contains(FLAG), "the desk has seen to it");
        assert_eq!(tries(&app.browser(), &new).await["result"], "open");
        app.finish().await;
    }
}

on_both! {
    async fn a_forged_or_passing_report_changes_nothing(app: TestApp) {
        let (_, mail, link) = app.guest_with_mail().await;
        let before = app.contents().await;
        let id = app.events("link.sent").await[0]["object"]["id"].as_str().unwrap().to_owned();
        let bytes = uuid::Uuid::parse_str(&id).unwrap();
        let guesses = [hex::encode(&sha256(bytes.as_bytes())[..16]), bytes.simple().to_string(), "0".repeat(32), link.code.clone()];
        for guess in guesses {
            let forged = about(&format!("Message-ID: <{guess}@localhost>"), "failed", "5.1.1");
            assert_eq!(app.takes(&forged).await, Taken::NotOurs, "{guess}");
        }
        let elsewhere = report(&mail, "failed", "5.1.1").replace("@localhost>", "@elsewhere.example>");
        assert_eq!(app.takes(&elsewhere).await, Taken::NotOurs);
        for (action, status) in [("delayed", "4.4.7"), ("failed", "4.2.2"), ("delivered", "2.0.0"), ("relayed", "2.0.0"), ("failed", "x")] {
            assert_eq!(app.takes(&report(&mail, action, status)).await, Taken::NotFinal, "{action} {status}");
        }
        for other in ["", "Subject: hello\r\n\r\nhello", mail.as_str()] {
            assert!(matches!(app.takes(other).await, Taken::Unread(_)), "{other}");
        }
        assert_eq!(app.follows_up().await, 0);
        assert_eq!(app.contents().await.difference(&before), Vec::<&str>::new());
        assert_eq!(tries(&app.browser(), &link).await["result"], "open");
        app.finish().await;
    }
}

on_both! {
    async fn a_late_bounce_leaves_the_link_that_was_sent_since_alone(app: TestApp) {
        let (guest, old_mail, _) = app.guest_with_mail().await;
        app.clock.advance(Millis::minutes(5));
        let new = app.new_link(&guest).await;
        assert_eq!(app.takes(&report(&old_mail, "failed", "5.1.1")).await, Taken::CameBack);
        assert_eq!(app.follows_up().await, 1);
        assert_eq!(app.events("link.undelivered").await[0]["details"]["flagged"], "no");
        assert!(!app.desk_page(guest.visit).await.contains(FLAG));
        assert_eq!(tries(&app.browser(), &new).await["result"], "open");
        app.finish().await;
    }
}

on_both! {
    async fn an_address_that_is_refused_at_once_is_a_bounce(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let guest = app.guest().await;
        server.says(Step::Rcpt, "550 5.1.1 no such user");
        assert_eq!(app.send_mails().await, 0);
        assert_eq!(app.follows_up().await, 1);
        assert_eq!(app.number("select count(*) from visit_link where voided_why = 'undelivered'").await, 1);
        assert!(app.desk_page(guest.visit).await.contains(FLAG));
        app.finish().await;
    }
}

on_both! {
    async fn nobody_is_reminded_at_an_address_that_reached_nobody_until_the_desk_sends_a_link(app: TestApp) {
        let guest = app.guest_at(app.app.now() + Millis::days(2), true).await;
        let mail = app.next_mail().await;
        app.takes(&report(&mail, "failed", "5.1.1")).await;
        app.follows_up().await;
        app.clock.set(guest.starts_at - Millis::hours(24));
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0);
        let link = read_invitation(&mail);
        assert_eq!(app.browser().json("/v/links", &json!({ "token": link.token })).await.status(), StatusCode::OK);
        assert_eq!(app.send_mails().await, 0, "nor is a link sent there that a stranger asks for");
        app.new_link(&guest).await;
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 1);
        app.send_mails().await;
        app.finish().await;
    }
}

async fn reports(device: &Browser, link: &Invitation, words: &str) -> StatusCode {
    device.json("/v/reports", &json!({ "token": link.token, "words": words })).await.status()
}

on_both! {
    async fn who_types_that_a_link_is_not_for_them_withdraws_it_and_who_presses_only_does_nothing(app: TestApp) {
        let (guest, _, link) = app.guest_with_mail().await;
        let reader = app.browser();
        let before = app.contents().await;
        for words in ["", " ", "yes", "Tell the clinic", BORN] {
            assert_eq!(reports(&reader, &link, words).await, StatusCode::BAD_REQUEST, "{words}");
        }
        for body in [json!({ "token": link.token }), json!({}), json!([])] {
            assert_eq!(reader.json("/v/reports", &body).await.status(), StatusCode::BAD_REQUEST);
        }
        assert_eq!(app.contents().await.difference(&before), Vec::<&str>::new(), "a scanner types nothing");
        let foreign = reader.request(reqwest::Method::POST, "/v/reports").header("origin", "https://evil.example");
        let body = json!({ "token": link.token, "words": "not for me" });
        assert_eq!(reader.send(foreign.json(&body)).await.status(), StatusCode::FORBIDDEN);

        assert_eq!(reports(&reader, &link, " Not for me. ").await, StatusCode::OK);
        assert_eq!(app.outcomes(Kind::LinkReported).await, ["success"]);
        assert_eq!(tries(&reader, &link).await["reason"], "withdrawn");
        assert!(app.desk_page(guest.visit).await.contains("Link went to the wrong person"));
        assert_eq!(reports(&reader, &link, "no es para mi").await, StatusCode::OK, "the answer is the same");
        assert_eq!(reports(&reader, &Invitation { token: "A".repeat(67), code: String::new() }, "not for me").await, StatusCode::OK);

        let new = app.new_link(&guest).await;
        assert_eq!(reports(&reader, &link, "not for me").await, StatusCode::OK);
        assert_eq!(app.outcomes(Kind::LinkReported).await, ["success", "refused", "refused", "refused"]);
        assert_eq!(tries(&app.browser(), &new).await["result"], "open", "an old link takes no newer one away");
        app.finish().await;
    }
}

on_both! {
    async fn the_mail_system_hands_a_report_to_the_program(app: TestApp) {
        let (_, mail, _) = app.guest_with_mail().await;
        let hand_over = |mail: String| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_anteroom"))
                .args(["bounce", "--config"])
                .arg(app.folder.path().join("clinic.toml"))
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // It may have read enough before the end.
            let _all = program.stdin.take().unwrap().write_all(mail.as_bytes());
            let output = program.wait_with_output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (code, said) = hand_over("Subject: spam\r\n\r\nbuy".to_owned());
        assert!(code == Some(0) && said.contains("No report"), "{said}");
        let (code, said) = hand_over("x".repeat(300_000));
        assert!(code == Some(0) && said.contains("longer than any report"), "{said}");
        let (code, said) = hand_over(report(&mail, "failed", "5.1.1"));
        assert!(code == Some(0) && said.contains("Came back") && !said.contains("guest@"), "{said}");
        assert_eq!(app.events("mail.bounced").await.len(), 1);
        assert_eq!(app.follows_up().await, 1);
        std::fs::write(app.folder.path().join("clinic.toml"), "").unwrap();
        assert_eq!(hand_over(mail.clone()).0, Some(75), "what could not be taken comes again");
        app.finish().await;
    }
}
