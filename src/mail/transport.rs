//! Out of the house: to a mail server over TLS, or into a folder of `.eml` files for a trial.
//!
//! The only file that names `lettre`. A server without TLS, with a certificate that does not fit, or that stops offering
//! STARTTLS gets no mail (TLS-02). What a server says back is never kept: it may quote the address.

use super::ics;
use super::message::Message;
use crate::config::{Config, SmtpConfig, SmtpTls};
use crate::secret::Secret;
use crate::time::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a mail server may take to accept a connection. Lower: the next mail server failure is noticed sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the whole conversation may take. Higher: slow servers still get their mail, and others wait longer.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest line that may stand in a mail (RFC 5322, 2.1.1).
const LINE_BYTES_MAX: usize = 998;

/// An address that a mail can go to: one mailbox, no comment, no line break, nothing that could begin another header (EML-04).
#[derive(Clone, PartialEq, Eq)]
pub struct Address(lettre::Address);

/// Parse an address. `None` when it is not a plain `local@domain`.
pub fn address(text: &str) -> Option<Address> {
    let plain = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control() || b" <>\",;:\\()[]".contains(&byte));
    plain.then(|| text.parse().ok().map(Address)).flatten()
}

/// A letter with all that stands on its envelope.
pub struct Outgoing<'a> {
    /// The part of the `Message-ID` before the `@`. The same letter has the same one however often it is sent.
    pub id: &'a str,
    /// The part behind it.
    pub domain: &'a str,
    pub from_name: &'a str,
    pub from: &'a Address,
    pub to: &'a Address,
    pub date: Timestamp,
    pub message: &'a Message,
    pub calendar: Option<&'a ics::File>,
}

/// Why a letter did not leave, in a word for the log and the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server will never take a mail for this address.
    #[error("refused")]
    Refused,
    /// The server refuses us now: a wrong password, a full queue.
    #[error("rejected")]
    Rejected,
    /// The server asks to come again later.
    #[error("later")]
    Later,
    #[error("timeout")]
    Timeout,
    /// No TLS, or a certificate that does not fit.
    #[error("tls")]
    Tls,
    #[error("connection")]
    Connection,
    /// The address is none, or the configuration names files that are not there.
    #[error("unsendable")]
    Unsendable,
    #[error("folder")]
    Folder,
}

impl SendError {
    /// The word for the outbox and the access log.
    pub fn word(self) -> &'static str {
        match self {
            SendError::Refused => "refused",
            SendError::Rejected => "rejected",
            SendError::Later => "later",
            SendError::Timeout => "timeout",
            SendError::Tls => "tls",
            SendError::Connection => "connection",
            SendError::Unsendable => "unsendable",
            SendError::Folder => "folder",
        }
    }

    /// True when another try cannot end differently.
    pub fn is_final(self) -> bool {
        matches!(self, SendError::Refused)
    }
}

/// Where mails go.
pub enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

impl Transport {
    /// As the configuration says. It is read anew for each run, so a renewed password or certificate is used at once.
    pub async fn open(config: &Config) -> Result<Self, SendError> {
        match &config.mail.smtp {
            Some(smtp) => smtp_transport(smtp, super::message::domain(config)).await.map(Self::Smtp),
            None => Ok(Self::Folder(config.mail_folder())),
        }
    }

    /// Hand one letter over. `Ok` means that the server has taken responsibility for it, or that its file is on disk.
    pub async fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), SendError> {
        let message = compose(outgoing).ok_or(SendError::Unsendable)?;
        match self {
            Self::Smtp(transport) => match tokio::time::timeout(SEND_TIMEOUT, transport.send(message)).await {
                Ok(answer) => answer.map(drop).map_err(|error| class(&error)),
                Err(_) => Err(SendError::Timeout),
            },
            Self::Folder(folder) => write_file(folder, outgoing.id, &message.formatted()).await.map_err(|_| SendError::Folder),
        }
    }
}

async fn smtp_transport(smtp: &SmtpConfig, hello: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
    let mut tls = TlsParameters::builder(smtp.host.clone());
    if let Some(file) = &smtp.ca_file {
        let pem = tokio::fs::read(file).await.map_err(|_| SendError::Unsendable)?;
        let authority = Certificate::from_pem(&pem).map_err(|_| SendError::Unsendable)?;
        // Whoever names their own authority trusts no other.
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authority);
    }
    let tls = tls.build().map_err(|_| SendError::Tls)?;
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .hello_name(ClientId::Domain(hello.to_owned()))
        .timeout(Some(CONNECT_TIMEOUT))
        .tls(match smtp.tls {
            SmtpTls::Implicit => Tls::Wrapper(tls),
            SmtpTls::Starttls => Tls::Required(tls),
        });
    if let Some(user) = &smtp.user {
        let password = password(smtp.password_file.as_deref()).await?;
        builder = builder
            .credentials(Credentials::new(user.clone(), password.reveal().clone()))
            .authentication(vec![Mechanism::Plain, Mechanism::Login]);
    }
    Ok(builder.build())
}

async fn password(file: Option<&Path>) -> Result<Secret<String>, SendError> {
    let file = file.ok_or(SendError::Unsendable)?;
    let text = Secret::new(tokio::fs::read_to_string(file).await.map_err(|_| SendError::Unsendable)?);
    Ok(Secret::new(text.reveal().trim_end_matches(['\r', '\n']).to_owned()))
}

fn compose(outgoing: &Outgoing<'_>) -> Option<lettre::Message> {
    let Outgoing { message, .. } = outgoing;
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(readable(&message.text));
    let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(readable(&message.html));
    let mut body = MultiPart::alternative().singlepart(text).singlepart(html);
    if let Some(calendar) = outgoing.calendar {
        let kind = format!("text/calendar; charset=utf-8; method={}", calendar.method);
        let file = Attachment::new("appointment.ics".to_owned()).body(calendar.body.clone(), ContentType::parse(&kind).ok()?);
        body = MultiPart::mixed().multipart(body).singlepart(file);
    }
    lettre::Message::builder()
        .from(Mailbox::new(Some(one_line(outgoing.from_name)), outgoing.from.0.clone()))
        .to(Mailbox::new(None, outgoing.to.0.clone()))
        .subject(one_line(&message.subject))
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(outgoing.date.0).ok()?))
        .message_id(Some(format!("<{}@{}>", outgoing.id, outgoing.domain)))
        .header(AutoSubmitted)
        .multipart(body)
        .ok()
}

/// As it is where that is allowed: a link in quoted-printable is what old mail programs break.
fn readable(text: &str) -> Body {
    let plain = text.is_ascii() && !text.contains(['\r', '\0']) && text.lines().all(|line| line.len() <= LINE_BYTES_MAX);
    if plain {
        return Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::SevenBit);
    }
    Body::new(text.to_owned())
}

/// A name or subject as one line of a header. `lettre` would refuse a line break by a panic.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// First under another name and on disk, then under its own: nobody reads half a mail. The same letter is the same file.
async fn write_file(folder: &Path, id: &str, bytes: &[u8]) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt;
    tokio::fs::create_dir_all(folder).await?;
    let (unfinished, finished) = (folder.join(format!("{id}.unfinished")), folder.join(format!("{id}.eml")));
    let mut file = tokio::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&unfinished, &finished).await?;
    tokio::fs::File::open(folder).await?.sync_all().await
}

fn class(error: &lettre::transport::smtp::Error) -> SendError {
    if error.is_timeout() {
        return SendError::Timeout;
    }
    if error.is_tls() || error.is_client() || speaks_of_tls(error) {
        return SendError::Tls;
    }
    match error.status().map(|code| code.to_string()) {
        // "No such mailbox", "not here", "name not allowed" (RFC 5321, 4.2.3): about the address, not about us.
        Some(code) if ["550", "551", "553"].contains(&code.as_str()) => SendError::Refused,
        Some(_) if error.is_permanent() => SendError::Rejected,
        Some(_) => SendError::Later,
        None => SendError::Connection,
    }
}

/// A handshake that failed comes as invalid data of the connection.
fn speaks_of_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        cause = error.source();
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn an_address_that_could_change_a_mail_is_none() {
        for text in [
            "",
            "maria",
            "maria@",
            "a@b.test\r\nBcc: c@d.test",
            "a@b.test, c@d.test",
            "Maria <a@b.test>",
            "\"a b\"@c.test",
            "a@b.test\0",
            "a@[127.0.0.1]",
        ] {
            assert!(address(text).is_none(), "{text:?}");
        }
        assert!(address("maria.o'neil+visits@mail.example.test").is_some());
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
