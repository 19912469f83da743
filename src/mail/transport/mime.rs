//! A letter as the bytes that a mail server takes (RFC 5322, RFC 2045).

use super::Outgoing;
use crate::audit::tree::LOG_HEAD;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use std::time::{Duration, SystemTime};

/// The longest line that may stand in a mail (RFC 5322, 2.1.1).
const LINE_BYTES_MAX: usize = 998;

/// Put a letter together. `None` when its parts make no mail.
pub fn compose(outgoing: &Outgoing<'_>) -> Option<lettre::Message> {
    let Outgoing { message, .. } = outgoing;
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(readable(&message.text));
    let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(readable(&message.html));
    let mut body = MultiPart::alternative().singlepart(text).singlepart(html);
    if let Some(calendar) = outgoing.calendar {
        let kind = format!("text/calendar; charset=utf-8; method={}", calendar.method);
        let file = Attachment::new("appointment.ics".to_owned()).body(calendar.body.clone(), ContentType::parse(&kind).ok()?);
        body = MultiPart::mixed().multipart(body).singlepart(file);
    }
    let mut builder = lettre::Message::builder()
        .from(Mailbox::new(Some(one_line(outgoing.from_name)), outgoing.from.0.clone()))
        .to(Mailbox::new(None, outgoing.to.0.clone()))
        .subject(one_line(&message.subject))
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(outgoing.date.0).ok()?))
        .message_id(Some(format!("<{}@{}>", outgoing.id, outgoing.domain)))
        .header(AutoSubmitted);
    if let Some(head) = outgoing.log_head {
        builder = builder.header(LogHead(head.to_owned()));
    }
    builder.multipart(body).ok()
}

/// As it is where that is allowed: a link in quoted-printable is what old mail programs break.
fn readable(text: &str) -> Body {
    // A lone carriage return is a line end to some servers and none to others: no mail of ours has one.
    let text = text.replace("\r\n", "\n").replace(['\r', '\0'], "\n");
    let plain = text.is_ascii() && text.lines().all(|line| line.len() <= LINE_BYTES_MAX);
    if plain {
        return Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::SevenBit);
    }
    Body::new(text)
}

/// A name or subject as one line of a header. `lettre` would refuse a line break by a panic.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// "Nobody reads answers to this" (RFC 3834): keeps holiday notes from coming back.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The head of the access log: the signed note in base64, in lines that no server breaks.
#[derive(Clone)]
struct LogHead(String);

impl Header for LogHead {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str(LOG_HEAD)
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(&self.0);
        let lines: Vec<&str> = encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        HeaderValue::dangerous_new_pre_encoded(Self::name(), encoded.clone(), lines.join("\r\n "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::Message;
    use crate::mail::transport::address;
    use crate::time::Timestamp;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    fn composed(to: &str, clinic: &str, subject: &str) -> Option<String> {
        let message = Message { subject: subject.to_owned(), text: "text".to_owned(), html: "<p>text</p>".to_owned() };
        let outgoing = Outgoing {
            id: "0123",
            domain: "localhost",
            from_name: clinic,
            from: &address("visits@clinic.example").expect("an address"),
            to: &address(to)?,
            date: Timestamp(1_795_447_800_000),
            message: &message,
            calendar: None,
            log_head: None,
        };
        Some(String::from_utf8(compose(&outgoing)?.formatted()).expect("mails are ASCII here"))
    }

    fn headers(mail: &str) -> Vec<&str> {
        let head = mail.split("\r\n\r\n").next().unwrap_or_default();
        head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split(':').next()).collect()
    }

    const HEADERS: [&str; 8] = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

    #[test]
    fn a_mail_has_these_headers_and_no_other() {
        let mail = composed("maria@example.test", "Riverside Clinic", "Your upcoming appointment").expect("a mail");
        assert_eq!(headers(&mail), HEADERS);
        assert!(mail.contains("Message-ID: <0123@localhost>\r\n"), "{mail}");
        assert!(mail.contains("To: maria@example.test\r\n"), "{mail}");
        assert!(mail.contains("Date: Mon, 23 Nov 2026 15:30:00 +0000\r\n"), "{mail}");
    }

    #[test]
    fn a_line_break_in_the_clinics_name_is_a_space() {
        let mail = composed("maria@example.test", "Riverside\r\nBcc: a@b.test", "Your\nappointment").expect("a mail");
        assert_eq!(headers(&mail), HEADERS);
        assert!(mail.contains("Subject: Your appointment\r\n"), "{mail}");
    }

    proptest! {
        #[test]
        fn no_text_in_a_mail_can_add_a_header(to in "\\PC{0,40}|[a-z\\r\\n:@. ]{0,40}", name in "(?s).{0,60}", subject in "(?s).{0,80}") {
            if let Some(mail) = composed(&to, &name, &subject) {
                prop_assert_eq!(headers(&mail), HEADERS);
            }
            if let Some(mail) = composed("maria@example.test", &name, &subject) {
                prop_assert_eq!(headers(&mail), HEADERS);
                prop_assert!(mail.contains("\r\nTo: maria@example.test\r\n"));
            }
        }
    }
}
