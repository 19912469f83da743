//! The configuration: one typed tree, every field documented, an unknown key refused (OPS-07).
//!
//! It is read once at start. Secrets are wrapped or live in files that the configuration names.

mod calls;
mod log;
mod mail;
mod refusal;
mod visits;

pub use calls::{CHECKS_MAX, CallConfig, CallPath, ExternalRelay, NetworkCheckConfig, RelayConfig};
pub use log::{ComplianceConfig, OutsideConfig, RetentionConfig, WitnessConfig};
pub use mail::{MailConfig, SmtpConfig, SmtpTls};
pub use visits::{CheckPolicy, EmergencyConfig, LinkConfig, WaitingRoomConfig};

use crate::db::Address;
use crate::secret::Secret;
use crate::time::{Millis, Zone};
use anyhow::{Context, ensure};
use ipnet::IpNet;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Everything `serve --config FILE` reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address people type, without a path: `https://visits.clinic.example`. Links in mails begin with it, whatever
    /// a request's Host header says (LNK-12). `http` is for localhost only.
    pub base_url: String,
    /// Where to listen. Several addresses may be given.
    pub listen: Vec<SocketAddr>,
    /// The folder for the SQLite file and, without SMTP, for mails.
    pub data_dir: PathBuf,
    /// The file with the root key: 64 hexadecimal digits, outside `data_dir`, readable by its owner alone.
    pub root_key_file: PathBuf,
    /// The file with the key that signs the access log. Absent: `log.key` beside the root key. It is made at the first start.
    #[serde(default)]
    pub log_key_file: Option<PathBuf>,
    /// A clinic's server does not start with its key on the volume that holds its data: whoever takes the disk has both (CRY-08).
    /// A machine with one volume can say here that this is known.
    #[serde(default)]
    pub accept_key_on_data_volume: bool,
    pub clinic: ClinicConfig,
    #[serde(default)]
    pub database: DatabaseConfig,
    #[serde(default)]
    pub mail: MailConfig,
    #[serde(default)]
    pub compliance: ComplianceConfig,
    #[serde(default)]
    pub outside: OutsideConfig,
    #[serde(default)]
    pub retention: RetentionConfig,
    #[serde(default)]
    pub links: LinkConfig,
    #[serde(default)]
    pub waiting_room: WaitingRoomConfig,
    #[serde(default)]
    pub emergency: EmergencyConfig,
    #[serde(default)]
    pub sessions: SessionConfig,
    #[serde(default)]
    pub calls: CallConfig,
    /// Absent: pages check camera, microphone and speaker, and no network.
    #[serde(default)]
    pub network_check: Option<NetworkCheckConfig>,
    /// Absent: no relay. Calls then find only direct ways, which one visit in ten has not.
    #[serde(default)]
    pub relay: Option<RelayConfig>,
    /// Absent: plain HTTP, behind a TLS proxy.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    #[serde(default)]
    pub proxy: ProxyConfig,
    /// Absent: no health checks and no metrics.
    #[serde(default)]
    pub operations: Option<OperationsConfig>,
}

/// The clinic, as people know it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClinicConfig {
    /// The name on pages and as the sender of mails. If it tells a specialty, set `neutral_name` too (EML-01).
    pub name: String,
    /// The name in mails and before the check on the link page, when `name` would tell too much.
    #[serde(default)]
    pub neutral_name: Option<String>,
    /// The clinic's time zone, an IANA name.
    pub zone: Zone,
    /// The number people call when the product cannot help them.
    pub phone: String,
    /// The number for emergencies.
    #[serde(default = "emergency")]
    pub emergency_phone: String,
    /// The language of pages where a person chose none and their browser asks for none of ours: `en` or `es`.
    #[serde(default = "english")]
    pub language: String,
}

impl ClinicConfig {
    /// The name that may stand in a mail.
    pub fn mail_name(&self) -> &str {
        self.neutral_name.as_deref().unwrap_or(&self.name)
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host/database`, or `sqlite:PATH`. Absent: `anteroom.db` in `data_dir`.
    #[serde(default)]
    pub url: Option<Secret<String>>,
    /// On PostgreSQL: the same database as another role, which owns the tables. It migrates and purges; to the role of `url` the access log only
    /// grows then (AUD-06). May be left out again between upgrades.
    #[serde(default)]
    pub owner_url: Option<Secret<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    /// Staff are signed out after this long without a request, 2 to 60 minutes (SES-05).
    #[serde(default = "idle")]
    pub idle_minutes: u32,
    /// And after this long in any case, 1 to 24 hours.
    #[serde(default = "absolute")]
    pub absolute_hours: u32,
}

impl SessionConfig {
    pub fn idle(&self) -> Millis {
        Millis::minutes(self.idle_minutes.into())
    }
    pub fn absolute(&self) -> Millis {
        Millis::hours(self.absolute_hours.into())
    }
}

/// TLS by this program itself (TLS-01).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM: the server's certificate, then those that lead to its authority.
    pub certificate_file: PathBuf,
    /// PEM: the private key. Both files are read again when they change, so a renewal needs no restart.
    pub key_file: PathBuf,
}

/// A reverse proxy in front of this program.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// The networks of proxies whose `X-Forwarded-For` is believed, such as `["127.0.0.1/32"]` (SES-15). Empty: nobody's is.
    #[serde(default)]
    pub trusted: Vec<IpNet>,
}

/// Health checks and metrics, for those who run the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationsConfig {
    /// An address that only they can reach. No page is served here.
    pub listen: SocketAddr,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self { idle_minutes: idle(), absolute_hours: absolute() }
    }
}

fn english() -> String {
    "en".to_owned()
}
fn emergency() -> String {
    "911".to_owned()
}
fn idle() -> u32 {
    15
}
fn absolute() -> u32 {
    12
}

impl Config {
    /// Read and check the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("read the configuration {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in the configuration {}", path.display()))
    }

    /// Parse and check a configuration. The error names the line and the key, and quotes no value: it could be a secret.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut config: Config = toml::from_str(text).map_err(|error| anyhow::anyhow!(refusal::what_is_wrong(text, &error)))?;
        config.base_url = config.base_url.trim_end_matches('/').to_owned();
        config.check()?;
        Ok(config)
    }

    /// The host of `base_url`, without a port.
    pub fn host(&self) -> &str {
        let host = self.base_url.split_once("://").map_or("", |(_, host)| host);
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        }
    }

    /// What each value must be for the rest of the program to rely on it.
    pub fn check(&self) -> anyhow::Result<()> {
        let host = self.base_url.strip_prefix("https://").or_else(|| self.base_url.strip_prefix("http://"));
        let host = host.filter(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@']));
        ensure!(host.is_some(), "base_url must be `https://` and a host, without a path");
        ensure!(
            self.secure() || self.on_this_machine(),
            "base_url may begin with http:// for localhost only: cookies and cameras need https elsewhere"
        );
        ensure!(!self.listen.is_empty(), "listen must name at least one address, such as \"127.0.0.1:8080\"");
        ensure!((2..=60).contains(&self.sessions.idle_minutes), "sessions.idle_minutes must be from 2 to 60");
        ensure!((1..=24).contains(&self.sessions.absolute_hours), "sessions.absolute_hours must be from 1 to 24");
        if let Some(owner) = self.database_owner()? {
            owner.check_owner_of(&self.database()?)?;
        }
        self.check_network_check()?;
        self.check_links()?;
        self.check_mail()?;
        self.check_log()?;
        self.check_relay()?;
        let is_name = |name: &str| !name.trim().is_empty() && name.chars().count() <= 100;
        ensure!(is_name(&self.clinic.name), "clinic.name must have 1 to 100 characters");
        ensure!(self.clinic.neutral_name.as_deref().is_none_or(is_name), "clinic.neutral_name must have 1 to 100 characters");
        ensure!(!self.clinic.phone.trim().is_empty(), "clinic.phone must be a number that patients can call");
        ensure!(
            crate::text::LANGUAGES.contains(&self.clinic.language.as_str()),
            "clinic.language must be one of {:?}",
            crate::text::LANGUAGES
        );
        ensure!(
            !self.root_key_file.starts_with(&self.data_dir),
            "root_key_file must lie outside data_dir: a thief of the data must not find its key"
        );
        ensure!(
            !self.log_key_file().starts_with(&self.data_dir),
            "log_key_file must lie outside data_dir: who can change the log must not be able to sign it"
        );
        ensure!(self.base_url.chars().all(|letter| letter.is_ascii_graphic() && letter != '+'), "base_url holds a space or a plus");
        Ok(())
    }

    /// True behind https: cookies carry `Secure` and the `__Host-` prefix.
    pub fn secure(&self) -> bool {
        self.base_url.starts_with("https://")
    }

    /// True if nobody can come in from another machine: a trial.
    pub fn on_this_machine(&self) -> bool {
        self.base_url.rsplit_once("//").is_some_and(|(_, host)| host == "localhost" || host.starts_with("localhost:"))
    }

    /// Where the database is.
    pub fn database(&self) -> anyhow::Result<Address> {
        match &self.database.url {
            Some(url) => Address::parse(url.reveal()),
            None => Ok(Address::File(self.data_dir.join("anteroom.db"))),
        }
    }

    /// The same database by the role that owns its tables, if it is not the server's own.
    pub fn database_owner(&self) -> anyhow::Result<Option<Address>> {
        self.database.owner_url.as_ref().map(|url| Address::parse(url.reveal())).transpose()
    }

    /// The file with the key that signs the access log.
    pub fn log_key_file(&self) -> PathBuf {
        self.log_key_file.clone().unwrap_or_else(|| self.root_key_file.with_file_name("log.key"))
    }

    /// The file with the head of the access log that was signed last. Not in the database: it tells when that is another one.
    pub fn log_head_file(&self) -> PathBuf {
        self.data_dir.join("log.head")
    }

    /// The name of this clinic's log, as signatures bear it: the host that people type, and a word.
    pub fn log_origin(&self) -> String {
        let host = self.base_url.rsplit_once("//").map_or(self.base_url.as_str(), |(_, host)| host);
        format!("{host}/anteroom-log")
    }

    /// The folder for `.eml` files.
    pub fn mail_folder(&self) -> PathBuf {
        self.mail.folder.clone().unwrap_or_else(|| self.data_dir.join("mail"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SMALL: &str = r#"
        base_url = "http://localhost:8080/"
        listen = ["127.0.0.1:8080"]
        data_dir = "data"
        root_key_file = "keys/root.key"
        [clinic]
        name = "Riverside Clinic"
        zone = "America/New_York"
        phone = "555 0100"
    "#;

    pub(crate) fn refused(text: &str) -> String {
        format!("{:#}", Config::parse(text).expect_err("refused"))
    }

    #[test]
    fn a_small_configuration_is_enough() {
        let config = Config::parse(SMALL).expect("it parses");
        assert_eq!(config.base_url, "http://localhost:8080");
        assert_eq!(config.mail.reminder_minutes, [1440, 60]);
        assert_eq!(config.sessions.idle(), Millis::minutes(15));
    }

    #[test]
    fn a_typo_is_refused_by_name() {
        assert!(refused(&SMALL.replace("phone", "fone")).contains("fone"));
        assert!(refused(&format!("{SMALL}\n[audit]\nenabled = false")).contains("audit"), "the log has no switch (AUD-05)");
    }

    #[test]
    fn a_clinics_names_fit_a_line_of_a_mail() {
        let named = |name: String| SMALL.replace("name = \"Riverside Clinic\"", &format!("name = \"Clinic\"\nneutral_name = \"{name}\""));
        assert!(Config::parse(&named("x".repeat(100))).is_ok());
        assert!(refused(&named("x".repeat(101))).contains("clinic.neutral_name"));
        assert!(refused(&named(String::new())).contains("clinic.neutral_name"));
    }

    #[test]
    fn the_host_of_the_address_is_a_name_without_a_port() {
        for (base_url, host) in [("http://localhost:8080", "localhost"), ("https://visits.clinic.example", "visits.clinic.example")] {
            let config = Config { base_url: base_url.to_owned(), ..Config::parse(SMALL).expect("it parses") };
            assert_eq!(config.host(), host);
        }
    }

    #[test]
    fn plain_http_beyond_localhost_is_refused() {
        assert!(refused(&SMALL.replace("localhost:8080/", "clinic.example")).contains("localhost only"));
    }

    #[test]
    fn the_root_key_may_not_lie_beside_the_data() {
        assert!(refused(&SMALL.replace("keys/root.key", "data/root.key")).contains("outside data_dir"));
    }
}
