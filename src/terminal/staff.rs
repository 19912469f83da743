//! `anteroom staff`: accounts from the terminal.

use super::{open, say};
use crate::staff::{self, Role};
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum StaffCommand {
    /// Add an account and print the address where its owner sets a password, once.
    Add {
        #[arg(long)]
        config: PathBuf,
        /// scheduler, clinician, compliance or administrator.
        #[arg(long)]
        role: Role,
        #[arg(long)]
        email: String,
        /// The name on pages; patients see a clinician's. The part of the address before @ if absent.
        #[arg(long)]
        name: Option<String>,
    },
}

pub async fn run(command: StaffCommand) -> anyhow::Result<()> {
    let StaffCommand::Add { config, role, email, name } = command;
    let app = open(&config).await?;
    let (_, address) = staff::add_at_terminal(&app, role, &email, name.as_deref()).await?;
    say(format!("Send this address to its owner. It works once:\n{}", address.reveal()))?;
    app.close().await;
    Ok(())
}
