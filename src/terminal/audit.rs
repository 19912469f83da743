//! `anteroom audit`: verify the log or an export of it, export it, print its keys, change the key, adopt a head, begin anew after a loss.

use super::{open, say};
use crate::app::App;
use crate::audit::tree::{Head, LogKeys, Retired};
use crate::compliance::export::{self, Export, Signer};
use crate::compliance::model::{Asked, Format, Problems};
use crate::compliance::{heads, integrity};
use crate::config::Config;
use crate::crypto::Rng;
use crate::db::OnlyNode;
use crate::ids::EventId;
use crate::rights::retention::{self, Purged};
use crate::time::SystemClock;
use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use std::io::{BufReader, Write};
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
    /// When the newest events of the log are lost for good, because no newer backup exists: let it go on from what is left, under another name
    /// and with another key. The loss stays in the log, and nobody can take it back. Stop the server first.
    BeginAnew {
        #[arg(long)]
        config: PathBuf,
        /// A file with the newest head that is known: the log.head of the data folder, or the newest mail that holds one.
        #[arg(long)]
        head: PathBuf,
        /// How many events are lost. Without it the command says the number and does nothing.
        #[arg(long)]
        lost: Option<u64>,
    },
    /// Remove what old events say, after the years that the configuration names. That they happened stays, and old proofs verify. It cannot be
    /// undone: take a backup first.
    Purge {
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
    /// A key that signed the log, as it came to you on another way than the log. May be given again. This machine's own if absent.
    #[arg(long)]
    vkey: Vec<String>,
    /// A file with a head that left the house: a checkpoint, or a mail that holds one. May be given again.
    #[arg(long)]
    known_head: Vec<PathBuf>,
    /// The key of a witness. Says which heads from outside it cosigned; `log.cosigned` in the data folder is one. May be given again.
    #[arg(long)]
    witness: Vec<String>,
    /// A file with lines about the log that were kept outside (`outside.leaves`): finds events that vanished. May be given again.
    #[arg(long)]
    shadow: Vec<PathBuf>,
    /// Compare every sealed row with the newest event that wrote it, too: finds an older value that was put back, and a row that is gone.
    #[arg(long, requires = "config")]
    rows: bool,
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
    /// The id of an account, or patient_link, nobody or system.
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
        AuditCommand::Key { config } => keys(&Config::read(&config)?)?,
        AuditCommand::RotateKey { config } => rotate_key(&config).await?,
        AuditCommand::BeginAnew { config, head, lost } => begin_anew(&config, &head, lost).await?,
        AuditCommand::Purge { config } => purge(&config).await?,
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

async fn begin_anew(config: &Path, head: &Path, lost: Option<u64>) -> anyhow::Result<()> {
    let _only_node = OnlyNode::claim(&Config::read(config)?.database()?).await?;
    let app = open(config).await?;
    if app.heads.finished_change() {
        app.close().await;
        return say("A new beginning that was broken off is finished now. Start the server again.");
    }
    let loss = app.heads.loss(&std::fs::read_to_string(head).with_context(|| format!("read {}", head.display()))?).await?;
    let (events, left, size) = (loss.events(), loss.left, loss.head.size);
    ensure!(
        lost == Some(events),
        "the log had {size} events that were signed, and {left} are left. To give up the other {events}, say `--lost {events}`. Nothing was done. \
         Look for a newer backup first: what is given up stays lost"
    );
    let keys: Vec<String> = app.heads.keys().verifiers().into_iter().map(str::to_owned).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut tx = app.db.reading().await?;
    let report = integrity::verify(&mut tx, &app.log, &keys, &[], integrity::progress_on_terminal()).await?;
    drop(tx);
    ensure!(report.found == 0, "what is left is not whole either, and nothing was done:\n{}", report.in_words());
    let anew = app.heads.begin_anew(&app.system(), &app.rng, &loss).await?;
    heads::mail_loss(&app, &loss, &anew).await?;
    let now_in_use = LogKeys::read(&app.config.log_key_file())?.current.verifier().to_owned();
    app.close().await;
    say(format!(
        "The log goes on from event {left}. {events} events are lost, and it says so itself. From now on heads are signed with this key, which anybody may \
         know:\n  {now_in_use}\n\
         Give it to whoever keeps the old one: they need both. Keep the database as it was restored, log.head.lost-{size} and every mailed head: they are \
         evidence. Start the server again."
    ))
}

async fn purge(config: &Path) -> anyhow::Result<()> {
    let app = open(config).await?;
    ensure!(
        app.config.database.owner_url.is_some() || !app.db.role_is_kept_from_the_log().await?,
        "the role of database.url may remove nothing from the access log: give this command a configuration with database.owner_url"
    );
    let years = app.config.retention.log_years;
    let purged = retention::purge(&app, &app.system()).await.context("remove what old events say")?;
    app.close().await;
    match purged {
        Purged::Emptied { events, last, until } => say(format!(
            "{events} events up to place {last}, all from before {}, say nothing any more. The log holds that it was done.",
            until.rfc3339()
        )),
        Purged::NothingDue => say(format!(
            "Nothing is due. An event must be {years} years old both by the clock, once it was believed for half a day, and by a signed head that is itself a week old."
        )),
        Purged::Held => anyhow::bail!("a legal hold on everything stands: the compliance officer sees it at /retention"),
    }
}

async fn adopt_head(config: &Path, head: &Path) -> anyhow::Result<()> {
    let app = open(config).await?;
    let _only_node = OnlyNode::claim(&app.config.database()?).await?;
    let text = std::fs::read_to_string(head).with_context(|| format!("read {}", head.display()))?;
    let adopted = app.heads.adopt(&app.system(), &text).await?;
    app.close().await;
    say(format!("The log goes on from the head at {} events. Start the server again.", adopted.size))
}

/// What a witness stands for, in words.
fn cosigned(witness: &str, keys: &[&str], known: &[String]) -> String {
    let name = witness.split('+').next().unwrap_or_default();
    let with_witness: Vec<&str> = keys.iter().copied().chain([witness]).collect();
    let heads = known.iter().filter_map(|note| Head::found_in(note, &with_witness).ok());
    match heads.filter(|head| head.signers.iter().any(|signer| signer == witness)).map(|head| head.size).max() {
        Some(size) => format!(
            "The witness {name} cosigned the head at {size} events: it saw this log grow up to there, and nothing else under its name."
        ),
        None => format!("The witness {name} cosigned none of the heads from outside that were given."),
    }
}

async fn export(wishes: ExportWishes) -> anyhow::Result<()> {
    let app = open(&wishes.config).await?;
    // Beside a server, the server signs: two would take the file with the last head from one another.
    let only_node = OnlyNode::claim(&app.config.database()?).await.ok();
    let signer = if only_node.is_some() { Signer::Us } else { Signer::Server };
    if signer == Signer::Server {
        say("The server is running. It signs a head over the export within a second or two; the export begins then.")?;
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
    let own: Vec<String> = if wishes.vkey.is_empty() {
        LogKeys::read(&config.log_key_file())?.verifiers().into_iter().map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    let keys: Vec<&str> = wishes.vkey.iter().chain(&own).map(String::as_str).collect();
    let known = known_heads(&wishes)?;
    let mut tx = db.reading().await?;
    let progress = integrity::progress_on_terminal();
    let mut report = if wishes.rows {
        integrity::verify_with_rows(&mut tx, &log, &keys, &known, progress).await?
    } else {
        integrity::verify(&mut tx, &log, &keys, &known, progress).await?
    };
    for file in &wishes.shadow {
        let lines = std::fs::File::open(file).with_context(|| format!("open {}", file.display()))?;
        integrity::compare_with_shadow(&mut tx, BufReader::new(lines), &mut report).await?;
    }
    drop(tx);
    db.close().await;
    if !own.is_empty() {
        say("Signatures were checked with the key of this machine: whoever has it could have signed anything. Give --vkey.\n")?;
    }
    for witness in &wishes.witness {
        say(cosigned(witness, &keys, &known))?;
    }
    say(report.in_words().trim_end())?;
    Ok(ExitCode::from(report.verdict().exit_code()))
}
