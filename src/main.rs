//! The command line.

use anteroom::app::App;
use anteroom::config::Config;
use anteroom::crypto::Rng;
use anteroom::staff::{self, Role};
use anteroom::time::SystemClock;
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Self-hosted telehealth: appointments, visit links, a waiting room, encrypted calls, an access log.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Accounts of those who work at the clinic.
    #[command(subcommand)]
    Staff(StaffCommand),
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Add an account and print the one-time address at which its owner sets a password.
    ///
    /// For the first administrator, before the server runs. After that, accounts are added on the page "Accounts".
    Add(StaffAdd),
}

#[derive(Args)]
struct StaffAdd {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// What the account is for: scheduler, clinician, compliance or administrator.
    #[arg(long)]
    role: Role,
    /// The address with which its owner signs in.
    #[arg(long)]
    email: String,
    /// The name that patients and colleagues see. Without it, the address.
    #[arg(long)]
    name: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Staff(StaffCommand::Add(add)) => staff_add(add).await,
    }
}

async fn staff_add(add: StaffAdd) -> anyhow::Result<()> {
    let app = App::open(Config::read(&add.config)?, Arc::new(SystemClock), Rng::system()).await?;
    let added = staff::cli_add(&app, add.role, &add.email, add.name.as_deref()).await;
    app.close().await;
    let (_, link) = added?;
    writeln!(std::io::stdout().lock(), "{}", link.reveal()).context("print the address")
}
