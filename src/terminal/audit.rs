//! `anteroom audit`: verify the log or an export of it, export it, print its key, adopt a head.

use super::{open, say};
use crate::app::App;
use crate::audit::tree::LogKey;
use crate::compliance::export::{self, Export, Signer};
use crate::compliance::integrity;
use crate::compliance::model::{Asked, Format, Problems};
use crate::config::Config;
use crate::crypto::Rng;
use crate::db::OnlyNode;
use crate::ids::EventId;
use crate::time::SystemClock;
use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Tell whether the log in the database, or an export of it, is what was recorded. Exit code 0: it is, up to a head from outside that
    /// covers all of it; 1: something was altered; 2: all fits together, and no head from outside covers all of it.
    Verify(VerifyWishes),
    /// Write the log, or a part of it, into a file that proves itself.
    Export(Box<ExportWishes>),
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
    /// An export. Without it, the log in the database is verified.
    #[arg(conflicts_with = "config", required_unless_present = "config", requires = "vkey")]
    export: Option<PathBuf>,
    #[arg(long)]
    config: Option<PathBuf>,
    /// The key that signed the log, as it came to you on another way than the log. This machine's own if absent.
    #[arg(long)]
    vkey: Vec<String>,
    /// A file with a head that left the house: a checkpoint, or a mail that holds one. May be given again.
    #[arg(long)]
    known_head: Vec<PathBuf>,
}

#[derive(Args)]
pub struct ExportWishes {
    #[arg(long)]
    config: PathBuf,
    /// The file to make. It must not be there yet.
    #[arg(long)]
    out: PathBuf,
    /// csv, jsonl or fhir.
    #[arg(long, default_value = "jsonl")]
    format: String,
    /// From this time on, by the clinic's clock: 2026-11-01 or 2026-11-01T08:00.
    #[arg(long, default_value = "")]
    from: String,
    /// Up to this time, itself not included.
    #[arg(long, default_value = "")]
    until: String,
    /// The id of an account, or staff, patient_link, nobody or system.
    #[arg(long, default_value = "")]
    person: String,
    /// The id of a patient.
    #[arg(long, default_value = "")]
    patient: String,
    /// A word of the event catalog, such as note.read.
    #[arg(long, default_value = "")]
    kind: String,
    /// success, refused or failed.
    #[arg(long, default_value = "")]
    outcome: String,
    /// The id of the event `log.exported` of an export of before: make the same once more.
    #[arg(long, conflicts_with_all = ["format", "from", "until", "person", "patient", "kind", "outcome"])]
    again: Option<EventId>,
}

/// Do it. The exit code is the verdict of a verification.
pub async fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::Verify(wishes) => return verify(wishes).await,
        AuditCommand::Export(wishes) => export(*wishes).await?,
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

async fn export(wishes: ExportWishes) -> anyhow::Result<()> {
    let app = open(&wishes.config).await?;
    // Beside a server, the server signs: two would take the file with the last head from one another.
    let only_node = OnlyNode::claim(&app.config.database()?).await.ok();
    let signer = if only_node.is_some() { Signer::Us } else { Signer::Server };
    if signer == Signer::Server {
        say("The server is running. It signs a head over the export within a minute; the export begins then.")?;
    }
    let context = app.system();
    let export = match wishes.again {
        Some(event) => export::again(&app, &context, event).await?,
        None => {
            let format = Format::parse(&wishes.format).context("--format is csv, jsonl or fhir")?;
            let asked = Asked {
                from: wishes.from,
                until: wishes.until,
                person: wishes.person,
                patient: wishes.patient,
                kind: wishes.kind,
                outcome: wishes.outcome,
                ..Asked::default()
            };
            let search = asked.parse(app.config.clinic.zone).map_err(in_words)?;
            export::begin(&app, &context, search.filter, format, signer).await?
        }
    };
    let bytes = write_out(&wishes.out, export).await.context("the export is not whole")?;
    app.close().await;
    say(format!("{} holds the export: {bytes} bytes. `anteroom audit verify` checks it.", wishes.out.display()))
}

/// The parts of a search that could not be read, by the names of their options.
fn in_words(problems: Problems) -> anyhow::Error {
    let parts = [
        ("--from", problems.from),
        ("--until", problems.until),
        ("--person", problems.person),
        ("--patient", problems.patient),
        ("--kind", problems.kind),
        ("--outcome", problems.outcome),
    ];
    let wrong: Vec<&str> = parts.iter().filter_map(|(name, problem)| problem.map(|_| *name)).collect();
    anyhow::anyhow!("{} cannot be read as such: see `anteroom audit export --help`", wrong.join(", "))
}

/// Write the file as it is made. What is not whole is not left under the name of a whole one.
async fn write_out(path: &Path, mut export: Export) -> anyhow::Result<u64> {
    ensure!(!path.exists(), "{} is there already", path.display());
    let unfinished = path.with_extension("unfinished");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    let (mut bytes, mut told) = (0, integrity::progress_on_terminal());
    while let Some(chunk) = export.chunks.recv().await {
        let chunk = chunk.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))?;
        file.write_all(&chunk)?;
        bytes += chunk.len() as u64;
        let (done, all) = export.progress.done_of();
        told(done, all);
    }
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    Ok(bytes)
}

fn verify_export(export: &Path, wishes: &VerifyWishes) -> anyhow::Result<ExitCode> {
    let keys: Vec<&str> = wishes.vkey.iter().map(String::as_str).collect();
    let report = integrity::verify_export(export, &keys, &known_heads(wishes)?, integrity::progress_on_terminal())?;
    say(report.in_words().trim_end())?;
    Ok(ExitCode::from(report.verdict().exit_code()))
}

fn known_heads(wishes: &VerifyWishes) -> anyhow::Result<Vec<String>> {
    let read = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()));
    wishes.known_head.iter().map(read).collect()
}

async fn verify(wishes: VerifyWishes) -> anyhow::Result<ExitCode> {
    if let Some(export) = &wishes.export {
        return verify_export(export, &wishes);
    }
    let config = Config::read(wishes.config.as_deref().context("--config, or the file of an export")?)?;
    let (db, log) = App::to_read(&config, Arc::new(SystemClock), Rng::system()).await?;
    let own = if wishes.vkey.is_empty() { vec![LogKey::read(&config.log_key_file())?.verifier().to_owned()] } else { Vec::new() };
    let keys: Vec<&str> = wishes.vkey.iter().chain(&own).map(String::as_str).collect();
    let known = known_heads(&wishes)?;
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
