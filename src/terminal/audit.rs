//! `anteroom audit`: verify the log, print its keys, change the key, adopt a head.

use super::{open, say};
use crate::app::App;
use crate::audit::tree::{LogKeys, Retired};
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
    /// Print the keys with which anybody can check what this clinic signed of its log, and when each was in use. They are no secret.
    Key {
        #[arg(long)]
        config: PathBuf,
    },
    /// Change the key that signs the log. Stop the server first. What was signed before still counts; an event and a head under both keys tell
    /// of the change. If it is broken off, give the command again.
    RotateKey {
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
    /// A key that signed the log, as it came to you on another way than the log. May be given again. This machine's own if absent.
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
        AuditCommand::Key { config } => keys(&Config::read(&config)?)?,
        AuditCommand::RotateKey { config } => rotate_key(&config).await?,
        AuditCommand::AdoptHead { config, head } => adopt_head(&config, &head).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn keys(config: &Config) -> anyhow::Result<()> {
    let keys = LogKeys::read(&config.log_key_file())?;
    let mut since = "the beginning of the log".to_owned();
    for Retired { verifier, until, at } in &keys.retired {
        say(format!("{verifier}\n    signed from {since} to the head at {until} events, {}", at.rfc3339()))?;
        since = format!("the head at {until} events, {},", at.rfc3339());
    }
    say(format!("{}\n    in use, from {since}", keys.current.verifier()))
}

async fn rotate_key(config: &Path) -> anyhow::Result<()> {
    let _only_node = OnlyNode::claim(&Config::read(config)?.database()?).await?;
    let app = open(config).await?;
    let done = if app.heads.finished_change() {
        "A change of the key that was broken off is finished now.".to_owned()
    } else {
        let head = app.heads.rotate_key(&app.system(), &app.rng).await?;
        format!("The key was changed. The head at {} events bears both signatures.", head.size)
    };
    let now_in_use = LogKeys::read(&app.config.log_key_file())?.current.verifier().to_owned();
    app.close().await;
    say(format!(
        "{done} From now on heads are signed with this key, which anybody may know:\n  {now_in_use}\n\
         Give it to whoever keeps the old one: they need both. Destroy copies of the old key's file, then start the server again."
    ))
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
    let own: Vec<String> = if wishes.vkey.is_empty() {
        LogKeys::read(&config.log_key_file())?.verifiers().into_iter().map(str::to_owned).collect()
    } else {
        Vec::new()
    };
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
