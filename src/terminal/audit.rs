//! `anteroom audit`: verify the log, print its key, adopt a head.

use super::{open, say};
use crate::app::App;
use crate::audit::tree::LogKey;
use crate::compliance::integrity;
use crate::config::Config;
use crate::crypto::Rng;
use crate::db::OnlyNode;
use crate::time::SystemClock;
use anyhow::Context;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Tell whether the log in the database is what was recorded. Exit code 0: it is, up to a head from outside that covers all of it;
    /// 1: something was altered; 2: all fits together, and no head from outside covers all of it.
    Verify(VerifyWishes),
    /// Print the key with which anybody can check what this clinic signed of its log. It is no secret.
    Key {
        #[arg(long)]
        config: PathBuf,
    },
    /// After the loss of the file with the log's last head: take one that left the house in its place.
    AdoptHead {
        #[arg(long)]
        config: PathBuf,
        /// A file with the head in it: the checkpoint alone, or a mail that holds it.
        #[arg(long)]
        head: PathBuf,
    },
}

#[derive(Args)]
pub struct VerifyWishes {
    #[arg(long)]
    config: PathBuf,
    /// The key that signed the log, as it came to you on another way than the log. This machine's own if absent.
    #[arg(long)]
    vkey: Vec<String>,
    /// A file with a head that left the house: a checkpoint, or a mail that holds one. May be given again.
    #[arg(long)]
    known_head: Vec<PathBuf>,
}

/// Do it. The exit code is the verdict of a verification.
pub async fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::Verify(wishes) => return verify(wishes).await,
        AuditCommand::Key { config } => say(LogKey::read(&Config::read(&config)?.log_key_file())?.verifier())?,
        AuditCommand::AdoptHead { config, head } => adopt_head(&config, &head).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn adopt_head(config: &Path, head: &Path) -> anyhow::Result<()> {
    let app = open(config).await?;
    let _only_node = OnlyNode::claim(&app.config.database()?).await?;
    let text = std::fs::read_to_string(head).with_context(|| format!("read {}", head.display()))?;
    let adopted = app.heads.adopt(&app.system(), &text).await?;
    app.close().await;
    say(format!("The log goes on from the head at {} events. Start the server again.", adopted.size))
}

async fn verify(wishes: VerifyWishes) -> anyhow::Result<ExitCode> {
    let config = Config::read(&wishes.config)?;
    let (db, log) = App::to_read(&config, Arc::new(SystemClock), Rng::system()).await?;
    let own = if wishes.vkey.is_empty() { vec![LogKey::read(&config.log_key_file())?.verifier().to_owned()] } else { Vec::new() };
    let keys: Vec<&str> = wishes.vkey.iter().chain(&own).map(String::as_str).collect();
    let read = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()));
    let known: Vec<String> = wishes.known_head.iter().map(read).collect::<anyhow::Result<_>>()?;
    let mut tx = db.reading().await?;
    let report = integrity::verify(&mut tx, &log, &keys, &known, integrity::progress_on_terminal()).await?;
    drop(tx);
    db.close().await;
    if !own.is_empty() {
        say("Signatures were checked with the key of this machine: whoever has it could have signed anything. Give --vkey.\n")?;
    }
    say(report.in_words().trim_end())?;
    Ok(ExitCode::from(report.verdict().exit_code()))
}
