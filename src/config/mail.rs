//! How mails leave, and when a patient is reminded.

use super::Config;
use anyhow::ensure;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// How mails leave.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The address mails come from.
    #[serde(default = "sender")]
    pub from: String,
    /// The server that takes the mails. Absent: mails are written as `.eml` files into `folder`.
    #[serde(default)]
    pub smtp: Option<SmtpConfig>,
    /// The folder for `.eml` files, for a trial only. Absent: `mail` in `data_dir`.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// How long before a visit each reminder leaves, in minutes.
    #[serde(default = "reminders")]
    pub reminder_minutes: Vec<u32>,
}

/// A mail server. TLS is always required (TLS-02).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    pub host: String,
    /// 465 for `tls = "implicit"`, 587 for `tls = "starttls"`.
    pub port: u16,
    #[serde(default)]
    pub tls: SmtpTls,
    #[serde(default)]
    pub user: Option<String>,
    /// A file that holds the password and nothing else.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A PEM file of the authority that signed the server's certificate, when it is one of your own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How long the server may take from the first connection until it waits for the letter, in seconds, 1 to 120. To take the
    /// letter itself it has four times as long.
    #[serde(default = "patience")]
    pub timeout_seconds: u32,
}

impl SmtpConfig {
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS from the first byte.
    #[default]
    Implicit,
    /// Plain first, then STARTTLS. A server that does not offer it gets no mail.
    Starttls,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self { from: sender(), smtp: None, folder: None, reminder_minutes: reminders() }
    }
}

fn sender() -> String {
    "visits@localhost".to_owned()
}
fn patience() -> u32 {
    30
}
fn reminders() -> Vec<u32> {
    vec![24 * 60, 60]
}

impl Config {
    pub(super) fn check_mail(&self) -> anyhow::Result<()> {
        ensure!(self.mail.reminder_minutes.len() <= 4, "mail.reminder_minutes holds at most four reminders");
        ensure!(
            self.mail.reminder_minutes.iter().all(|minutes| (10..=10_080).contains(minutes)),
            "mail.reminder_minutes must each be from 10 to 10080"
        );
        if let Some(smtp) = &self.mail.smtp {
            ensure!((1..=120).contains(&smtp.timeout_seconds), "mail.smtp.timeout_seconds must be from 1 to 120");
            ensure!(smtp.user.is_some() == smtp.password_file.is_some(), "mail.smtp.user and mail.smtp.password_file belong together");
        }
        Ok(())
    }
}
