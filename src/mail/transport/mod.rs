//! Out of the house: to a mail server over TLS, or into a folder of `.eml` files for a trial.
//!
//! The only folder that names `lettre`. A server without TLS, with a certificate that does not fit, or that stops offering
//! STARTTLS gets no mail (TLS-02). What a server says back is never kept: it may quote the address.

pub mod mime;
mod smtp;
mod stream;

use super::ics;
use super::message::Message;
use crate::config::Config;
use crate::time::{Millis, Timestamp};
use std::path::Path;
use std::time::Duration;

/// Longer than it takes to write a file.
const FILE_TIMEOUT: Duration = Duration::from_secs(60);

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
    /// The head of the access log that was signed last, to be out of the house with every letter (AUD-22).
    pub log_head: Option<&'a str>,
}

/// Why a letter did not leave. The names are the words in the outbox and in the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server knows that there is no such mailbox.
    #[error("refused")]
    Refused,
    /// The server refuses us or the letter: a wrong password, a sender that it does not like, a filter.
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
    /// The configuration names an address or a file that is not one.
    #[error("settings")]
    Settings,
    /// The letter's address is none, or its parts make no mail.
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
            SendError::Settings => "settings",
            SendError::Unsendable => "unsendable",
            SendError::Folder => "folder",
        }
    }

    /// True when another try cannot end differently.
    pub fn is_final(self) -> bool {
        matches!(self, SendError::Refused | SendError::Unsendable)
    }
}

/// Hand one letter over, to where the configuration says. `Ok` means that the server has taken responsibility for it, or
/// that its file is on disk. Password and certificate are read anew for each letter, so that a new one is used at once.
pub async fn send(config: &Config, outgoing: &Outgoing<'_>) -> Result<(), SendError> {
    let letter = mime::compose(outgoing).ok_or(SendError::Unsendable)?.formatted();
    match &config.mail.smtp {
        Some(server) => smtp::send(server, outgoing.domain, outgoing.from, outgoing.to, &letter).await,
        None => write_file(&config.mail_folder(), outgoing.id, &letter).await.map_err(|_| SendError::Folder),
    }
}

/// Longer than any [`send`] takes: whoever holds a letter for so long is not sending it any more.
pub fn hold(config: &Config) -> Millis {
    let longest = config.mail.smtp.as_ref().map_or(FILE_TIMEOUT, smtp::longest);
    Millis(i64::try_from(longest.as_millis()).unwrap_or(i64::MAX))
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
