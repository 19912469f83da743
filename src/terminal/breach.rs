//! `anteroom breach-report`: whose data one account touched between two times, as a file.

use super::{open, say};
use crate::app::App;
use crate::compliance::{self, Edge};
use crate::rights::breach::{self, Form, Question};
use crate::staff;
use crate::text::Text;
use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use uuid::Uuid;

#[derive(Args)]
pub struct BreachWishes {
    #[arg(long)]
    config: PathBuf,
    /// Whose acts: the address or the id of an account, or the id of a patient's device.
    #[arg(long)]
    actor: String,
    /// From when, on the clinic's clock: 2026-11-23T10:30, or a day.
    #[arg(long)]
    from: String,
    /// Until when, not included.
    #[arg(long)]
    to: String,
    /// The acts of one session alone.
    #[arg(long)]
    session: Option<Uuid>,
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One line for each patient.
    Csv,
    /// The whole worksheet, to print.
    Html,
}

/// Print the report on standard output.
pub async fn run(wishes: BreachWishes) -> anyhow::Result<()> {
    let app = open(&wishes.config).await?;
    let question = wishes.question(&app).await?;
    let form = match wishes.format {
        Format::Csv => Form::Csv,
        Format::Html => Form::Paper,
    };
    let sheet = breach::report(&app, &app.system(), question, form).await.context("read the access log")?;
    let file = match wishes.format {
        Format::Csv => breach::csv(&sheet),
        Format::Html => breach::paper(&app, Text::of("en"), &sheet).await.map_err(|error| anyhow!("{error}"))?,
    };
    if sheet.altered > 0 {
        tracing::warn!(events = sheet.altered, "Events of this account could not be read: the report may be too short. Verify the log");
    }
    app.close().await;
    say(file.trim_end())
}

impl BreachWishes {
    async fn question(&self, app: &App) -> anyhow::Result<Question> {
        let time = |text: &str, edge| {
            compliance::instant(text, app.config.clinic.zone, edge)
                .map_err(|_| anyhow!("`{text}` is no time of the clinic's clock: write 2026-11-23T10:30, or a day"))
        };
        let (from, until) = (time(&self.from, Edge::From)?, time(&self.to, Edge::Until)?);
        anyhow::ensure!(from < until, "--to must come after --from");
        Ok(Question { actor: self.who(app).await?, from, until, session: self.session })
    }

    async fn who(&self, app: &App) -> anyhow::Result<Uuid> {
        if let Ok(id) = self.actor.parse() {
            return Ok(id);
        }
        let mut tx = app.db.reading().await?;
        let email = staff::email(&self.actor).context("--actor takes the address or the id of an account")?;
        let member = staff::member_by_email(&mut tx, &email).await?.context("no account has this address")?;
        Ok(member.id.0)
    }
}
