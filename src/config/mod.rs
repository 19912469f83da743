//! The configuration: one typed tree, every field documented, an unknown key refused (OPS-07).
//!
//! It is read once at start. Secrets are wrapped or live in files that the configuration names.

mod calls;

pub use calls::{CHECKS_MAX, CallConfig, CallPath, ExternalRelay, NetworkCheckConfig, RelayConfig};

use crate::audit::shadow::Sink;
use crate::audit::tree::Cosigner;
use crate::db::Address;
use crate::secret::Secret;
use crate::time::{Millis, Zone};
use anyhow::{Context, ensure};
use ipnet::IpNet;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
}

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

/// Who answers for compliance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplianceConfig {
    /// The address that signed heads of the access log and alerts are mailed to (AUD-22). Best a mailbox whose mails whoever runs this
    /// server cannot delete. A clinic's own server does not start without it.
    #[serde(default)]
    pub mail: Option<String>,
    /// Records of more patients than this, opened by one account within an hour, are something to review.
    #[serde(default = "records_per_hour")]
    pub records_per_hour: u32,
    /// So many failed sign-ins within an hour, to one account or from one network address.
    #[serde(default = "failures_per_hour")]
    pub failed_sign_ins_per_hour: u32,
    /// So many wrong tries at visit links within an hour, at one visit or from one network address.
    #[serde(default = "failures_per_hour")]
    pub wrong_links_per_hour: u32,
    /// The hours of the clinic's day in which an export of the access log is nothing to review: from the first, up to the second. Saturday and
    /// Sunday have none.
    #[serde(default = "office_hours")]
    pub office_hours: (u32, u32),
    /// What was found and nobody reviewed for so many days is overdue.
    #[serde(default = "review_days")]
    pub review_days: u32,
    /// Accounts and roles that nobody reviewed for so many days are overdue.
    #[serde(default = "access_review_days")]
    pub access_review_days: u32,
}

/// What leaves the house about the access log besides mails. None of it holds up the log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideConfig {
    /// A line for each event that is committed and each place that is given, hashes only: `"stdout"`, `"syslog"`, or `"syslog:"` and a
    /// socket's path. For `audit verify --shadow`.
    #[serde(default)]
    pub leaves: Option<Sink>,
    /// A file that always holds the newest signed head, for a log shipper to watch.
    #[serde(default)]
    pub head_file: Option<PathBuf>,
    /// A program, and what follows its name, that is given each new head on standard input.
    #[serde(default)]
    pub head_command: Vec<String>,
    /// Who cosigns heads, at most four. Each on a machine of its own, best of somebody else.
    #[serde(default)]
    pub witnesses: Vec<WitnessConfig>,
}

/// A witness that speaks C2SP tlog-witness: `anteroom witness`, or another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// What comes before `/add-checkpoint`: `https://witness.example/w1`.
    pub url: String,
    /// Its key: `NAME+HASH+KEY`.
    pub vkey: String,
    /// A PEM file of the authority that signed its certificate. Absent: the authorities that this machine trusts.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// How long things are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// How many years the access log keeps what its events say. Six at least (164.316(b)(2), 164.528); ten if absent (ASTM E2147). It is
    /// removed by `anteroom audit purge` alone.
    #[serde(default = "log_years")]
    pub log_years: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { log_years: log_years() }
    }
}

fn log_years() -> u32 {
    10
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

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// How long before its start a visit may be opened, in minutes (LNK-09).
    #[serde(default = "opens_before")]
    pub opens_before_minutes: u32,
    /// How long after its planned end, in minutes.
    #[serde(default = "closes_after")]
    pub closes_after_minutes: u32,
    /// What a patient types to open a link: `"date_of_birth"`, or `"visit_code"`, six digits made at booking that the clinic
    /// tells its patient (ID-04).
    #[serde(default)]
    pub check: CheckPolicy,
}

/// What opens a visit's link. The later of the two is the stronger one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckPolicy {
    #[default]
    DateOfBirth,
    VisitCode,
}

impl LinkConfig {
    pub fn opens_before(&self) -> Millis {
        Millis::minutes(self.opens_before_minutes.into())
    }
    pub fn closes_after(&self) -> Millis {
        Millis::minutes(self.closes_after_minutes.into())
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRoomConfig {
    /// Whether a waiting patient reads how many wait for the same clinician in front of them.
    #[serde(default)]
    pub show_position: bool,
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

impl Default for MailConfig {
    fn default() -> Self {
        Self { from: sender(), smtp: None, folder: None, reminder_minutes: reminders() }
    }
}

impl Default for ComplianceConfig {
    fn default() -> Self {
        Self {
            mail: None,
            records_per_hour: records_per_hour(),
            failed_sign_ins_per_hour: failures_per_hour(),
            wrong_links_per_hour: failures_per_hour(),
            office_hours: office_hours(),
            review_days: review_days(),
            access_review_days: access_review_days(),
        }
    }
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self { opens_before_minutes: opens_before(), closes_after_minutes: closes_after(), check: CheckPolicy::default() }
    }
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
fn sender() -> String {
    "visits@localhost".to_owned()
}
fn patience() -> u32 {
    30
}
fn reminders() -> Vec<u32> {
    vec![24 * 60, 60]
}
fn opens_before() -> u32 {
    30
}
fn closes_after() -> u32 {
    60
}
fn records_per_hour() -> u32 {
    30
}
fn failures_per_hour() -> u32 {
    10
}
fn office_hours() -> (u32, u32) {
    (7, 19)
}
fn review_days() -> u32 {
    7
}
fn access_review_days() -> u32 {
    90
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
        let mut config: Config = toml::from_str(text).map_err(|error| anyhow::anyhow!(what_is_wrong(text, &error)))?;
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
        ensure!((6..=100).contains(&self.retention.log_years), "retention.log_years must be from 6 to 100: the law asks for six");
        ensure!((2..=60).contains(&self.sessions.idle_minutes), "sessions.idle_minutes must be from 2 to 60");
        ensure!((1..=24).contains(&self.sessions.absolute_hours), "sessions.absolute_hours must be from 1 to 24");
        self.check_network_check()?;
        ensure!((5..=240).contains(&self.links.opens_before_minutes), "links.opens_before_minutes must be from 5 to 240");
        ensure!(self.links.closes_after_minutes <= 240, "links.closes_after_minutes must be at most 240");
        ensure!(self.mail.reminder_minutes.len() <= 4, "mail.reminder_minutes holds at most four reminders");
        ensure!(
            self.mail.reminder_minutes.iter().all(|minutes| (10..=10_080).contains(minutes)),
            "mail.reminder_minutes must each be from 10 to 10080"
        );
        if let Some(smtp) = &self.mail.smtp {
            ensure!((1..=120).contains(&smtp.timeout_seconds), "mail.smtp.timeout_seconds must be from 1 to 120");
            ensure!(smtp.user.is_some() == smtp.password_file.is_some(), "mail.smtp.user and mail.smtp.password_file belong together");
        }
        let limits = [
            ("records_per_hour", self.compliance.records_per_hour, 10_000),
            ("failed_sign_ins_per_hour", self.compliance.failed_sign_ins_per_hour, 10_000),
            ("wrong_links_per_hour", self.compliance.wrong_links_per_hour, 10_000),
            ("review_days", self.compliance.review_days, 365),
            ("access_review_days", self.compliance.access_review_days, 365),
        ];
        for (key, value, most) in limits {
            ensure!((1..=most).contains(&value), "compliance.{key} must be from 1 to {most}");
        }
        let (opens, closes) = self.compliance.office_hours;
        ensure!(opens < closes && closes <= 24, "compliance.office_hours must be two hours of a day, such as [7, 19]");
        if let Some(address) = &self.compliance.mail {
            let plain = address.bytes().all(|byte| byte.is_ascii_graphic()) && address.matches('@').count() == 1;
            ensure!(plain && !address.starts_with('@') && !address.ends_with('@'), "compliance.mail must be one mail address");
        }
        self.check_relay()?;
        ensure!(self.outside.witnesses.len() <= 4, "outside.witnesses holds at most four");
        for WitnessConfig { url, vkey, .. } in &self.outside.witnesses {
            let here = ["http://localhost:", "http://127.0.0.1:", "http://[::1]:"].iter().any(|here| url.starts_with(here));
            ensure!(url.starts_with("https://") || here, "outside.witnesses: url must begin with https://");
            ensure!(Cosigner::parse(vkey).is_some(), "outside.witnesses: vkey must be a witness's key, NAME+HASH+KEY");
        }
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

/// The parser's own words quote the line, and with it whatever secret stands there.
fn what_is_wrong(text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else { return said(error.message(), None) };
    let begins = text.get(..span.start).unwrap_or(text);
    let line = text.lines().nth(begins.matches('\n').count()).unwrap_or_default();
    format!("line {}: {}", begins.matches('\n').count() + 1, said(error.message(), key_of(line)))
}

/// What there is to say without a value: names of keys, which are ours or a typo of ours, and what was expected.
fn said(message: &str, key: Option<&str>) -> String {
    let named = key.map(|key| format!(" of `{key}`")).unwrap_or_default();
    if message.starts_with("missing field ") || (message.starts_with("unknown field ") && key.is_some()) {
        return message.to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("the value{named} is not of the right kind, expected {expected}"),
        None if message.starts_with("duplicate key") => {
            format!("this key stands twice{}", key.map(|key| format!(": `{key}`")).unwrap_or_default())
        }
        None => format!("the value{named} cannot be read"),
    }
}

/// The bare key or the table that a line begins with, if it begins with one.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let key = match line.strip_prefix('[') {
        Some(table) => table.trim_start_matches('[').split(']').next()?,
        None => line.split_once('=')?.0,
    };
    let key = key.trim();
    (!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))).then_some(key)
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
    fn an_error_names_the_line_and_the_key_and_quotes_no_value() {
        let secret = "S3cretHorse";
        for (wrong, line, key) in [
            (format!("[database]\nurl = 7{secret}"), 11, "url"),
            (format!("[database]\nurl = \"{secret}"), 11, "url"),
            (format!("[database]\nurls = \"{secret}\""), 11, "urls"),
            (format!("[database]\nurl = [\"{secret}\"]"), 11, "url"),
            (format!("[database]\nurl = {{ at = \"{secret}\" }}"), 11, "url"),
            (format!("[database]\nurl = \"{secret}\"\nurl = \"{secret}\""), 12, "url"),
            (format!("[mail.smtp]\nhost = \"m.example\"\nport = \"{secret}, expected {secret}\""), 12, "port"),
            (format!("[mail.smtp]\nhost = \"m.example\"\nport = 465\ntls = \"{secret}\""), 13, "tls"),
            (format!("[proxy]\ntrusted = [\"{secret}\"]"), 11, "trusted"),
            (format!("[operations]\nlisten = \"{secret}\""), 11, "listen"),
            (format!("[links]\ncheck = \"{secret}\""), 11, "check"),
            (format!("[links]\ncheck = \"{secret}\"\n= \"{secret}\""), 12, ""),
            (format!("[links]\n{secret}"), 11, ""),
            (format!("[links]\n\"{secret}\" = 1"), 11, ""),
        ] {
            let error = refused(&format!("{}\n{wrong}", SMALL.trim_end()));
            assert!(error.contains(&format!("line {line}:")) && error.contains(key), "{wrong}: {error}");
            assert!(!error.contains(secret), "{error}");
        }
        let zone = refused(&SMALL.replace("America/New_York", secret));
        assert!(zone.contains("line 8:") && zone.contains("`zone`") && !zone.contains(secret), "{zone}");
        assert!(refused(&SMALL.replace("phone = \"555 0100\"", "")).contains("missing field `phone`"));
    }

    #[test]
    fn a_clinics_names_fit_a_line_of_a_mail() {
        let named = |name: String| SMALL.replace("name = \"Riverside Clinic\"", &format!("name = \"Clinic\"\nneutral_name = \"{name}\""));
        assert!(Config::parse(&named("x".repeat(100))).is_ok());
        assert!(refused(&named("x".repeat(101))).contains("clinic.neutral_name"));
        assert!(refused(&named(String::new())).contains("clinic.neutral_name"));
    }

    #[test]
    fn heads_of_the_log_go_to_one_mail_address() {
        let with = |address: &str| format!("{SMALL}\n[compliance]\nmail = \"{address}\"");
        assert_eq!(Config::parse(&with("jo@clinic.example")).expect("it parses").compliance.mail.as_deref(), Some("jo@clinic.example"));
        for wrong in ["", "jo", "@clinic.example", "jo@", "a@b.example, c@d.example", "jo @clinic.example"] {
            assert!(refused(&with(wrong)).contains("compliance.mail"), "{wrong}");
        }
    }

    #[test]
    fn a_log_is_kept_six_years_at_least_and_ten_if_nothing_is_said() {
        assert_eq!(Config::parse(SMALL).expect("it parses").retention.log_years, 10);
        let with = |years: u32| format!("{SMALL}\n[retention]\nlog_years = {years}");
        assert_eq!(Config::parse(&with(6)).expect("it parses").retention.log_years, 6);
        assert!(refused(&with(5)).contains("retention.log_years"));
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
