//! What was not given on the command line is asked for at the terminal, one sentence each. Without a terminal it is named as missing.

use super::Plan;
use anyhow::{Context, bail};
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// What the command line said of a clinic to be.
#[derive(Debug, Clone, clap::Args)]
pub struct Wishes {
    /// The folder for clinic.toml and the data.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// The folder for the root key: on another disk than the data.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// The clinic's name, as patients know it.
    #[arg(long)]
    name: Option<String>,
    /// What patients type: https://visits.clinic.example
    #[arg(long)]
    address: Option<String>,
    /// The clinic's time zone, such as America/New_York.
    #[arg(long)]
    zone: Option<String>,
    /// The number that patients call when something does not work.
    #[arg(long)]
    phone: Option<String>,
    /// The mail address of the first administrator.
    #[arg(long)]
    admin: Option<String>,
    /// A certificate in PEM, if this program is to speak TLS itself.
    #[arg(long, requires = "certificate_key")]
    certificate: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long, requires = "certificate")]
    certificate_key: Option<PathBuf>,
    /// The key may lie on the disk of the data: for a machine that has only one.
    #[arg(long)]
    accept_key_on_data_volume: bool,
}

impl Wishes {
    /// The whole plan, with the rest asked for.
    pub fn complete(self) -> anyhow::Result<Plan> {
        let mut talk = Talk::new();
        let keys = match self.keys {
            Some(keys) => keys,
            None => talk.ask("--keys", "A folder for the root key, on another disk than the data")?.into(),
        };
        Ok(Plan {
            name: talk.given_or_ask(self.name, "--name", "The clinic's name, as patients know it")?,
            address: talk.given_or_ask(
                self.address,
                "--address",
                "The address patients will use, such as https://visits.clinic.example",
            )?,
            zone: talk.given_or_ask(self.zone, "--zone", "The clinic's time zone, such as America/New_York")?,
            phone: talk.given_or_ask(self.phone, "--phone", "The number patients call when something does not work")?,
            administrator: talk.given_or_ask(self.admin, "--admin", "The mail address of the first administrator")?,
            folder: self.folder,
            keys,
            tls: self.certificate.zip(self.certificate_key),
            accept_key_on_data_volume: self.accept_key_on_data_volume,
        })
    }
}

struct Talk {
    at_a_terminal: bool,
}

impl Talk {
    fn new() -> Self {
        Self { at_a_terminal: std::io::stdin().is_terminal() }
    }

    fn given_or_ask(&mut self, given: Option<String>, flag: &str, question: &str) -> anyhow::Result<String> {
        given.map_or_else(|| self.ask(flag, question), Ok)
    }

    /// Ask until there is an answer.
    fn ask(&mut self, flag: &str, question: &str) -> anyhow::Result<String> {
        if !self.at_a_terminal {
            bail!("{flag} is missing: {question}");
        }
        loop {
            let mut out = std::io::stdout().lock();
            write!(out, "{question}:\n> ").and_then(|()| out.flush()).context("ask at the terminal")?;
            let mut answer = String::new();
            if std::io::stdin().lock().read_line(&mut answer).context("read from the terminal")? == 0 {
                bail!("{flag} is missing: {question}");
            }
            if !answer.trim().is_empty() {
                return Ok(answer.trim().to_owned());
            }
        }
    }
}
