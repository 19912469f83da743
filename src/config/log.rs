//! The access log: who answers for it, what should be reviewed, what leaves the house about it, how long it is kept.

use super::Config;
use crate::audit::shadow::Sink;
use crate::audit::tree::Cosigner;
use anyhow::ensure;
use serde::Deserialize;
use std::path::PathBuf;

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
    /// When nobody has looked through the log by themselves for so many days, a look is overdue.
    #[serde(default = "activity_review_days")]
    pub activity_review_days: u32,
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

impl Default for ComplianceConfig {
    fn default() -> Self {
        Self {
            mail: None,
            records_per_hour: records_per_hour(),
            failed_sign_ins_per_hour: failures_per_hour(),
            wrong_links_per_hour: failures_per_hour(),
            office_hours: office_hours(),
            review_days: review_days(),
            activity_review_days: activity_review_days(),
            access_review_days: access_review_days(),
        }
    }
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
fn activity_review_days() -> u32 {
    30
}
fn access_review_days() -> u32 {
    90
}

impl Config {
    pub(super) fn check_log(&self) -> anyhow::Result<()> {
        ensure!((6..=100).contains(&self.retention.log_years), "retention.log_years must be from 6 to 100: the law asks for six");
        let limits = [
            ("records_per_hour", self.compliance.records_per_hour, 10_000),
            ("failed_sign_ins_per_hour", self.compliance.failed_sign_ins_per_hour, 10_000),
            ("wrong_links_per_hour", self.compliance.wrong_links_per_hour, 10_000),
            ("review_days", self.compliance.review_days, 365),
            ("activity_review_days", self.compliance.activity_review_days, 365),
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
        ensure!(self.outside.witnesses.len() <= 4, "outside.witnesses holds at most four");
        for WitnessConfig { url, vkey, .. } in &self.outside.witnesses {
            let here = ["http://localhost:", "http://127.0.0.1:", "http://[::1]:"].iter().any(|here| url.starts_with(here));
            ensure!(url.starts_with("https://") || here, "outside.witnesses: url must begin with https://");
            ensure!(Cosigner::parse(vkey).is_some(), "outside.witnesses: vkey must be a witness's key, NAME+HASH+KEY");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SMALL, refused};
    use super::*;

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
}
