//! What was not given on the command line is asked for at the terminal, one sentence each. Without a terminal it is named as missing.

use super::Plan;
use crate::staff;
use crate::time::Zone;
use anyhow::{Context, anyhow, bail, ensure};
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
    /// The mail address of whoever answers for compliance: signed heads of the access log and alerts go there. The administrator's if
    /// nobody can be asked.
    #[arg(long)]
    compliance: Option<String>,
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

/// Something to ask, and what is wrong with an answer, told at once: a refusal after the last question would lose them all.
struct Question {
    flag: &'static str,
    words: &'static str,
    wrong: fn(&str) -> Option<&'static str>,
}

const KEYS: Question = Question { flag: "--keys", words: "A folder for the root key, on another disk than the data", wrong: |_| None };
const NAME: Question = Question { flag: "--name", words: "The clinic's name, as patients know it", wrong: |_| None };
const ADDRESS: Question = Question {
    flag: "--address",
    words: "The address patients will use, such as https://visits.clinic.example",
    wrong: |address| {
        let fine = address.starts_with("https://") || address.starts_with("http://localhost");
        (!fine).then_some("it must begin with https://")
    },
};
const ZONE: Question = Question {
    flag: "--zone",
    words: "The clinic's time zone, such as America/New_York",
    wrong: |zone| zone.parse::<Zone>().err().map(|_| "there is no such time zone: it is an area and a city, with _ for a space"),
};
const PHONE: Question = Question { flag: "--phone", words: "The number patients call when something does not work", wrong: |_| None };
const ADMINISTRATOR: Question = Question {
    flag: "--admin",
    words: "The mail address of the first administrator",
    wrong: |address| staff::email(address).is_none().then_some("this is not a mail address"),
};
const COMPLIANCE: Question = Question {
    flag: "--compliance",
    words: "The mail address of whoever answers for compliance. Enter alone takes the administrator's",
    wrong: |address| staff::email(address).is_none().then_some("this is not a mail address"),
};

impl Wishes {
    /// The whole plan, with the rest asked for.
    pub fn complete(self) -> anyhow::Result<Plan> {
        let mut talk = Talk::new();
        let keys = match self.keys {
            Some(keys) => keys,
            None => talk.ask(&KEYS)?.into(),
        };
        let name = talk.given_or_ask(self.name, &NAME)?;
        let address = talk.given_or_ask(self.address, &ADDRESS)?;
        let zone = talk.given_or_ask(self.zone, &ZONE)?;
        let phone = talk.given_or_ask(self.phone, &PHONE)?;
        let administrator = talk.given_or_ask(self.admin, &ADMINISTRATOR)?;
        Ok(Plan {
            compliance: talk.given_or_ask_or(self.compliance, &COMPLIANCE, &administrator)?,
            name,
            address,
            zone,
            phone,
            administrator,
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

    fn given_or_ask(&mut self, given: Option<String>, question: &Question) -> anyhow::Result<String> {
        let Some(given) = given else { return self.ask(question) };
        match (question.wrong)(&given) {
            Some(wrong) => bail!("{} {given}: {wrong}", question.flag),
            None => Ok(given),
        }
    }

    /// [`Talk::given_or_ask`], with an answer for whoever gives none.
    fn given_or_ask_or(&mut self, given: Option<String>, question: &Question, otherwise: &str) -> anyhow::Result<String> {
        match given {
            None if !self.at_a_terminal => Ok(otherwise.to_owned()),
            None => self.ask_or(question, Some(otherwise)),
            given => self.given_or_ask(given, question),
        }
    }

    fn ask(&mut self, question: &Question) -> anyhow::Result<String> {
        self.ask_or(question, None)
    }

    /// Ask until there is an answer that will do.
    fn ask_or(&mut self, question: &Question, otherwise: Option<&str>) -> anyhow::Result<String> {
        let missing = || anyhow!("{} is missing: {}", question.flag, question.words);
        ensure!(self.at_a_terminal, missing());
        loop {
            let mut out = std::io::stdout().lock();
            write!(out, "{}:\n> ", question.words).and_then(|()| out.flush()).context("ask at the terminal")?;
            let mut answer = String::new();
            ensure!(std::io::stdin().lock().read_line(&mut answer).context("read from the terminal")? > 0, missing());
            let answer = answer.trim();
            match (question.wrong)(answer) {
                _ if answer.is_empty() => {
                    if let Some(otherwise) = otherwise {
                        return Ok(otherwise.to_owned());
                    }
                }
                Some(wrong) => writeln!(out, "{answer}: {wrong}.").context("answer at the terminal")?,
                None => return Ok(answer.to_owned()),
            }
        }
    }
}
