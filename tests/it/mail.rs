//! What leaves by mail: when, once, and without a word about anybody's health.

use crate::on_both;
use crate::support::TestApp;
use crate::support::guest::{NAME, REASON};
use anteroom::time::Millis;

on_both! {
    async fn a_booked_visit_is_mailed_once_and_the_outbox_forgets_it(app: TestApp) {
        let guest = app.guest().await;
        let mail = app.next_mail().await;
        assert_eq!(app.send_mails().await, 0, "once");
        assert_eq!(app.state_of(guest.visit).await, "sent");
        assert_eq!(app.events("link.sent").await.len(), 1);
        assert!(mail.contains("Message-ID: <") && mail.contains("guest@example.test"));
        assert_eq!(mail.matches(&format!("href=\"{}", app.base_url)).count() + mail.matches(&format!("href=3D\"{}", app.base_url)).count(), 1);
        for canary in [NAME, "Canary", REASON, "1948-03-14", "03/14/1948", "Dr. clinician"] {
            assert!(!mail.contains(canary), "{canary} stands in a mail");
        }
        let dump = String::from_utf8_lossy(&app.dump().await).into_owned();
        assert!(!dump.contains("guest@example.test") && !dump.contains("Canary"));
        app.finish().await;
    }
}

on_both! {
    async fn times_stand_in_a_mail_only_with_consent(app: TestApp) {
        let now = app.app.now();
        app.guest_at(now, false).await;
        let silent = app.next_mail().await;
        assert!(!silent.contains("text/calendar") && !silent.contains("9:30"));
        app.guest_at(now + Millis::hours(2), true).await;
        let told = app.next_mail().await;
        assert!(told.contains("text/calendar") && told.contains("Chicago"), "{told}");
        app.finish().await;
    }
}

on_both! {
    async fn a_reminder_leaves_exactly_once(app: TestApp) {
        let guest = app.guest_at(app.app.now() + Millis::hours(30), true).await;
        app.next_mail().await;
        app.clock.set(guest.starts_at - Millis::minutes(60));
        let (first, second) = tokio::join!(
            anteroom::appointments::reminders::queue_due(&app.app),
            anteroom::appointments::reminders::queue_due(&app.app)
        );
        assert_eq!(first.unwrap() + second.unwrap(), 1);
        app.next_mail().await;
        assert_eq!(anteroom::appointments::reminders::queue_due(&app.app).await.unwrap(), 0);
        app.finish().await;
    }
}

#[actix_web::test]
async fn a_mail_server_without_tls_gets_nothing_and_the_mail_waits() {
    // A server that speaks plain SMTP and offers no STARTTLS, as a stripping proxy would make it look.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        let mut heard = String::new();
        while stream.read_line(&mut heard).await.is_ok_and(|read| read > 0) {
            if stream.write_all(b"250 mail.example\r\n").await.is_err() {
                break;
            }
        }
        heard
    });
    let settings = format!("[mail.smtp]\nhost = \"localhost\"\nport = {port}\ntls = \"starttls\"");
    let app = TestApp::sqlite_with(&settings).await;
    let guest = app.guest().await;
    app.send_mails().await;
    assert_eq!(app.state_of(guest.visit).await, "booked", "it has not left");
    let heard = heard.await.unwrap();
    assert!(!heard.contains("MAIL FROM") && !heard.contains("guest@"), "{heard}");
    app.finish().await;
}
