//! One conversation with a mail server (RFC 5321), always under TLS (TLS-02).
//!
//! The steps are taken one by one, because the same number means something else at each: a 550 to the recipient is about the
//! patient's address, a 550 to the sender is about us.

use super::stream::LineByLine;
use super::{Address, SendError};
use crate::config::{SmtpConfig, SmtpTls};
use crate::secret::Secret;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response};
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How many times longer than all before it the answer to a whole letter may take: that is when servers look for viruses.
/// Lower: other letters wait less. Higher: fewer letters go twice because we hung up too early (RFC 5321, 4.5.3.2.6).
const LAST_ANSWER_TIMES: u32 = 4;
/// How long we wait for the server's goodbye. Nothing depends on it.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Hand a letter over. `Ok` means that the server has said that it has taken it.
pub(super) async fn send(smtp: &SmtpConfig, hello: &str, from: &Address, to: &Address, letter: &[u8]) -> Result<(), SendError> {
    let patience = smtp.timeout();
    let mut server = timeout(patience, ready(smtp, hello, from, to)).await.map_err(|_| SendError::Timeout)??;
    timeout(patience * LAST_ANSWER_TIMES, server.message(letter)).await.map_err(|_| SendError::Timeout)?.map_err(about_us)?;
    // Taken is taken, whether or not it says goodbye.
    let _goodbye = timeout(GOODBYE_TIMEOUT, server.quit()).await;
    Ok(())
}

/// Longer than any [`send`] takes.
pub(super) fn longest(smtp: &SmtpConfig) -> Duration {
    smtp.timeout() * (1 + LAST_ANSWER_TIMES) + GOODBYE_TIMEOUT
}

/// Up to the point where the server waits for the letter.
async fn ready(smtp: &SmtpConfig, hello: &str, from: &Address, to: &Address) -> Result<AsyncSmtpConnection, SendError> {
    let mut server = connect(smtp, &ClientId::Domain(hello.to_owned())).await?;
    if let Some(user) = &smtp.user {
        let password = password(smtp.password_file.as_deref()).await?;
        let credentials = Credentials::new(user.clone(), password.reveal().clone());
        server.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(about_us)?;
    }
    server.command(Mail::new(Some(from.0.clone()), Vec::new())).await.map_err(about_us)?;
    server.command(Rcpt::new(to.0.clone(), Vec::new())).await.map_err(about_the_address)?;
    server.command(Data).await.map_err(about_us)?;
    Ok(server)
}

/// A connection under TLS with a server whose certificate bears the configured name.
async fn connect(smtp: &SmtpConfig, hello: &ClientId) -> Result<AsyncSmtpConnection, SendError> {
    let tls = tls(smtp).await?;
    let address = (smtp.host.as_str(), smtp.port);
    match smtp.tls {
        SmtpTls::Implicit => {
            AsyncSmtpConnection::connect_tokio1(address, Some(smtp.timeout()), hello, Some(tls), None).await.map_err(about_us)
        }
        SmtpTls::Starttls => {
            let stream = TcpStream::connect(address).await.map_err(|_| SendError::Connection)?;
            let mut server =
                AsyncSmtpConnection::connect_with_transport(Box::new(LineByLine::new(stream)), hello).await.map_err(about_us)?;
            server.starttls(tls, hello).await.map_err(about_tls)?;
            Ok(server)
        }
    }
}

async fn tls(smtp: &SmtpConfig) -> Result<TlsParameters, SendError> {
    let mut tls = TlsParameters::builder(smtp.host.clone());
    if let Some(file) = &smtp.ca_file {
        let pem = tokio::fs::read(file).await.map_err(|_| SendError::Settings)?;
        let authority = Certificate::from_pem(&pem).map_err(|_| SendError::Settings)?;
        // Whoever names their own authority trusts no other.
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authority);
    }
    tls.build().map_err(|_| SendError::Settings)
}

async fn password(file: Option<&Path>) -> Result<Secret<String>, SendError> {
    let file = file.ok_or(SendError::Settings)?;
    let text = Secret::new(tokio::fs::read_to_string(file).await.map_err(|_| SendError::Settings)?);
    Ok(Secret::new(text.reveal().trim_end_matches(['\r', '\n']).to_owned()))
}

/// An answer to the patient's address: "no such mailbox", "not here", "name not allowed" (RFC 5321, 4.2.3).
fn about_the_address(error: Error) -> SendError {
    let code = error.status().map(|code| code.to_string());
    match code.as_deref() {
        Some("550" | "551" | "553") => SendError::Refused,
        _ => about_us(error),
    }
}

/// While TLS begins, whatever goes wrong is about TLS, unless nothing was answered at all.
fn about_tls(error: Error) -> SendError {
    match about_us(error) {
        SendError::Timeout => SendError::Timeout,
        _ => SendError::Tls,
    }
}

/// An answer that would be the same for any letter, or none. What it says is dropped here.
fn about_us(error: Error) -> SendError {
    match error.status().map(|code| code.severity) {
        Some(response::Severity::PermanentNegativeCompletion) => SendError::Rejected,
        Some(_) => SendError::Later,
        None if error.is_timeout() => SendError::Timeout,
        None if error.is_tls() || speaks_of_tls(&error) => SendError::Tls,
        // The server offers no way to sign in that does not give the password to whoever asks for it.
        None if error.is_client() => SendError::Rejected,
        None => SendError::Connection,
    }
}

/// A handshake that failed comes as invalid data of the connection.
fn speaks_of_tls(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        cause = error.source();
    }
    false
}
