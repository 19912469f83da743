//! One conversation with a mail server (RFC 5321), always under TLS (TLS-02).

use super::SendError;
use crate::config::{SmtpConfig, SmtpTls};
use crate::secret::Secret;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

/// How long a mail server may take to accept a connection. Lower: the next mail server failure is noticed sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) async fn transport(smtp: &SmtpConfig, hello: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
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

pub(super) fn class(error: &lettre::transport::smtp::Error) -> SendError {
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
