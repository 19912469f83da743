//! `anteroom links`: all visit links at once.

use super::{open, say};
use crate::links::keys;
use anyhow::{Context, ensure};
use clap::Subcommand;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum LinksCommand {
    /// Seal links under a new key from now on. Links that are out stay good.
    RotateKey {
        #[arg(long)]
        config: PathBuf,
    },
    /// Void every link that is out. The front desk then sees which visits need a new one.
    RevokeAll {
        #[arg(long)]
        config: PathBuf,
        /// Do not ask. Needed where there is no terminal to ask at.
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(command: LinksCommand) -> anyhow::Result<()> {
    match command {
        LinksCommand::RotateKey { config } => rotate_link_key(&config).await,
        LinksCommand::RevokeAll { config, yes } => revoke_all_links(&config, yes).await,
    }
}

async fn rotate_link_key(config: &Path) -> anyhow::Result<()> {
    let app = open(config).await?;
    keys::rotate(&app, &app.system()).await?;
    say("Links are sealed under a new key. Those that are out stay good.")?;
    app.close().await;
    Ok(())
}

async fn revoke_all_links(config: &Path, yes: bool) -> anyhow::Result<()> {
    let app = open(config).await?;
    if !yes {
        let visits = keys::outstanding(&app).await?;
        ensure!(std::io::stdin().is_terminal(), "This voids the links of {visits} visits. Without a terminal say --yes");
        write!(std::io::stdout().lock(), "This voids the links of {visits} visits. Type REVOKE to go on: ")?;
        std::io::stdout().lock().flush()?;
        let mut typed = String::new();
        std::io::stdin().lock().read_line(&mut typed).context("read the answer")?;
        ensure!(typed.trim() == "REVOKE", "Nothing was done");
    }
    let revoked = keys::revoke_all(&app, &app.system()).await?;
    let keys::Revoked { visits, links } = revoked;
    say(format!("Voided {links} links of {visits} visits. The front desk sees on its list which need a new one."))?;
    app.close().await;
    Ok(())
}
