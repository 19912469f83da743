//! Out of the house: to a mail server over TLS, or into a folder of `.eml` files for a trial.
//!
//! The only folder that names `lettre`. A server without TLS, with a certificate that does not fit, or that stops offering
//! STARTTLS gets no mail (TLS-02). What a server says back is never kept: it may quote the address.

mod mime;
mod smtp;

use super::ics;
use super::message::Message;
use crate::config::Config;
use crate::time::Timestamp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the whole conversation may take. Higher: slow servers still get their mail, and others wait longer.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

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
            Some(smtp) => smtp::transport(smtp, super::message::domain(config)).await.map(Self::Smtp),
            None => Ok(Self::Folder(config.mail_folder())),
        }
    }

    /// Hand one letter over. `Ok` means that the server has taken responsibility for it, or that its file is on disk.
    pub async fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), SendError> {
        let message = mime::compose(outgoing).ok_or(SendError::Unsendable)?;
        match self {
            Self::Smtp(transport) => match tokio::time::timeout(SEND_TIMEOUT, transport.send(message)).await {
                Ok(answer) => answer.map(drop).map_err(|error| smtp::class(&error)),
                Err(_) => Err(SendError::Timeout),
            },
            Self::Folder(folder) => write_file(folder, outgoing.id, &message.formatted()).await.map_err(|_| SendError::Folder),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
