//! The command line: `init`, `serve`, `demo`, `staff add`, `bounce`, `links`.

use anteroom::app::App;
use anteroom::audit::tree::LogKey;
use anteroom::compliance::integrity;
use anteroom::config::Config;
use anteroom::crypto::Rng;
use anteroom::db::OnlyNode;
use anteroom::mail::{REPORT_BYTES_MAX, bounce};
use anteroom::operations::{self, Operations};
use anteroom::staff::{self, Role};
use anteroom::time::SystemClock;
use anteroom::waiting_room::Hub;
use anteroom::web::metrics::Requests;
use anteroom::web::tls::{self, Certificate};
use anteroom::{demo, init, jobs, links, production, server};
use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};
use std::io::{BufRead, IsTerminal, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Telehealth on your own machine: appointments, visit links, a waiting room, calls from browser to browser, an access log.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
To look around:  anteroom demo
To run a clinic: anteroom init
                 anteroom serve --config clinic.toml";

/// How long a stop waits for what the jobs have begun. Lower: a quicker stop. Higher: fewer letters that go twice because of it.
const JOBS_STOP_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Subcommand)]
enum Command {
    /// Run a whole invented clinic on this machine, with sign-ins and links printed.
    Demo {
        /// Print one line of JSON on standard output instead of words.
        #[arg(long)]
        json: bool,
        /// Where to listen. The host is always this machine; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// The clinic's folder. The same folder later is the same clinic.
        #[arg(long, default_value = "anteroom-demo")]
        data: PathBuf,
    },
    /// Make a clinic of your own: its configuration, its key, its first administrator. Asks for what is not given.
    Init(init::Wishes),
    /// Serve the clinic that a configuration file describes.
    Serve {
        #[arg(long)]
        config: PathBuf,
    },
    /// Read one mail on standard input, as the mail system hands it over: a report that a letter of ours came back.
    Bounce {
        #[arg(long)]
        config: PathBuf,
    },
    /// Look after the access log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Look after all visit links at once.
    Links {
        #[command(subcommand)]
        command: LinksCommand,
    },
    /// Look after accounts.
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
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
struct VerifyWishes {
    #[arg(long)]
    config: PathBuf,
    /// The key that signed the log, as it came to you on another way than the log. This machine's own if absent.
    #[arg(long)]
    vkey: Vec<String>,
    /// A file with a head that left the house: a checkpoint, or a mail that holds one. May be given again.
    #[arg(long)]
    known_head: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum LinksCommand {
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

#[derive(Subcommand)]
enum StaffCommand {
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

#[actix_web::main]
async fn main() -> anyhow::Result<ExitCode> {
    log_to_stderr();
    let done = match Cli::parse().command {
        Command::Bounce { config } => return Ok(take_bounce(&config).await),
        Command::Audit { command: AuditCommand::Verify(wishes) } => return verify(wishes).await,
        Command::Demo { json, listen, data } => run_demo(json, listen, data).await,
        Command::Init(wishes) => {
            let clinic = init::run(&wishes.complete()?).await?;
            write!(std::io::stdout().lock(), "{}", clinic.in_words()).context("print what to do next")
        }
        Command::Serve { config } => {
            let config = Config::read(&config)?;
            production::check(&config)?;
            let listeners = server::bind(&config.listen)?;
            let app = App::open(config, Arc::new(SystemClock), Rng::system()).await?;
            run(app, listeners, async |app| {
                tracing::info!("Serving {} at {}", app.config.clinic.name, app.config.base_url);
                if app.config.mail.smtp.is_none() {
                    let folder = app.config.mail_folder();
                    tracing::warn!("No [mail.smtp] is named: mails to patients are only files in {}", folder.display());
                }
                Ok(())
            })
            .await
        }
        Command::Audit { command: AuditCommand::Key { config } } => {
            let key = LogKey::read(&Config::read(&config)?.log_key_file())?;
            writeln!(std::io::stdout().lock(), "{}", key.verifier()).context("print the key")
        }
        Command::Audit { command: AuditCommand::AdoptHead { config, head } } => adopt_head(&config, &head).await,
        Command::Links { command: LinksCommand::RotateKey { config } } => rotate_link_key(&config).await,
        Command::Links { command: LinksCommand::RevokeAll { config, yes } } => revoke_all_links(&config, yes).await,
        Command::Staff { command: StaffCommand::Add { config, role, email, name } } => add_staff(config, role, email, name).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn run_demo(json: bool, listen: SocketAddr, data: PathBuf) -> anyhow::Result<()> {
    let (port, listeners) = demo::listen(listen)?;
    let config = demo::config(&data, SocketAddr::new(listen.ip(), port))?;
    let app = App::open(config, Arc::new(SystemClock), Rng::system()).await?;
    run(app, listeners, async |app| {
        let clinic = demo::furnish(app).await?;
        let text = if json { serde_json::to_string(&clinic)? } else { clinic.in_words(&app.config.root_key_file) };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).context("print the demonstration's sign-ins")
    })
    .await
}

/// Serve until Ctrl-C or SIGTERM. `announce` runs once the server listens.
async fn run(app: App, listeners: Vec<TcpListener>, announce: impl AsyncFnOnce(&App) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut stop = StopSignal::listen()?;
    let _only_node = OnlyNode::claim(&app.config.database()?).await?;
    let certificate = app.config.tls.as_ref().map(Certificate::open).transpose()?;
    app.heads.check().await?;
    let (hub, requests) = (Hub::new(app.clone()), Requests::new());
    let serving = server::start(app.clone(), hub.clone(), requests.clone(), listeners, certificate.clone())?;
    let handle = serving.handle();
    let serving = actix_web::rt::spawn(serving);
    app.log.replay(&app.system()).await.context("write what waited for the access log")?;
    server::record_start(&app).await.context("write the start into the access log")?;
    let watched = watched(&app, &hub, requests)?;
    announce(&app).await?;
    let (go_on, stopping) = watch::channel(());
    let jobs = actix_web::rt::spawn(jobs::run(app.clone(), stopping));
    let rooms = actix_web::rt::spawn(hub.clone().run());
    let fresh = certificate.map(|certificate| actix_web::rt::spawn(tls::keep_fresh(certificate)));
    stop.come().await;
    tracing::info!("Stopping. Calls go on between the browsers; pages come back by themselves");
    hub.release();
    drop(go_on);
    if tokio::time::timeout(JOBS_STOP_TIMEOUT, jobs).await.is_err() {
        tracing::warn!("A job did not end in time. What it had begun is done again at the next start");
    }
    // Before the server's threads end: PostgreSQL connections that were opened on one of them end with it.
    server::record_stop(&app).await.context("write the stop into the access log")?;
    app.heads.sign_all().await.context("sign the access log")?;
    handle.stop(true).await;
    serving.await.context("wait for the server")?.context("serve")?;
    for background in std::iter::once(rooms).chain(fresh).chain(watched) {
        background.abort();
    }
    app.close().await;
    Ok(())
}

/// Health and figures, if the configuration names an address for them.
fn watched(app: &App, hub: &Hub, requests: Requests) -> anyhow::Result<Option<actix_web::rt::task::JoinHandle<()>>> {
    let Some(operations) = &app.config.operations else { return Ok(None) };
    let listener = server::bind(&[operations.listen])?.pop().context("the address for health checks")?;
    let serving = operations::serve(Operations { app: app.clone(), hub: hub.clone(), requests }, listener)?;
    Ok(Some(actix_web::rt::spawn(async move {
        if let Err(error) = serving.await {
            tracing::warn!(%error, "Health checks are no longer answered");
        }
    })))
}

/// Ctrl-C or SIGTERM. Listened for from before the first answer, so that a server which is stopped early stops in order too.
struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listen for Ctrl-C and SIGTERM");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn adopt_head(config: &Path, head: &Path) -> anyhow::Result<()> {
    let app = App::open(Config::read(config)?, Arc::new(SystemClock), Rng::system()).await?;
    let _only_node = OnlyNode::claim(&app.config.database()?).await?;
    let text = std::fs::read_to_string(head).with_context(|| format!("read {}", head.display()))?;
    let adopted = app.heads.adopt(&app.system(), &text).await?;
    app.close().await;
    writeln!(std::io::stdout().lock(), "The log goes on from the head at {} events. Start the server again.", adopted.size)
        .context("print it")
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
    let mut out = std::io::stdout().lock();
    if !own.is_empty() {
        writeln!(out, "Signatures were checked with the key of this machine: whoever has it could have signed anything. Give --vkey.\n")?;
    }
    write!(out, "{}", report.in_words())?;
    Ok(ExitCode::from(report.verdict().exit_code()))
}

async fn add_staff(config: PathBuf, role: Role, email: String, name: Option<String>) -> anyhow::Result<()> {
    let app = App::open(Config::read(&config)?, Arc::new(SystemClock), Rng::system()).await?;
    let (_, address) = staff::add_at_terminal(&app, role, &email, name.as_deref()).await?;
    writeln!(std::io::stdout().lock(), "Send this address to its owner. It works once:\n{}", address.reveal())?;
    app.close().await;
    Ok(())
}

async fn rotate_link_key(config: &Path) -> anyhow::Result<()> {
    let app = App::open(Config::read(config)?, Arc::new(SystemClock), Rng::system()).await?;
    links::keys::rotate(&app, &app.system()).await?;
    writeln!(std::io::stdout().lock(), "Links are sealed under a new key. Those that are out stay good.")?;
    app.close().await;
    Ok(())
}

async fn revoke_all_links(config: &Path, yes: bool) -> anyhow::Result<()> {
    let app = App::open(Config::read(config)?, Arc::new(SystemClock), Rng::system()).await?;
    if !yes {
        let visits = links::keys::outstanding(&app).await?;
        ensure!(std::io::stdin().is_terminal(), "This voids the links of {visits} visits. Without a terminal say --yes");
        write!(std::io::stdout().lock(), "This voids the links of {visits} visits. Type REVOKE to go on: ")?;
        std::io::stdout().lock().flush()?;
        let mut typed = String::new();
        std::io::stdin().lock().read_line(&mut typed).context("read the answer")?;
        ensure!(typed.trim() == "REVOKE", "Nothing was done");
    }
    let revoked = links::keys::revoke_all(&app, &app.system()).await?;
    let links::keys::Revoked { visits, links } = revoked;
    writeln!(std::io::stdout().lock(), "Voided {links} links of {visits} visits. The front desk sees on its list which need a new one.")?;
    app.close().await;
    Ok(())
}

/// "Try again later" in the words of mail systems (`sysexits.h`): the mail is kept and handed over again.
const TRY_AGAIN: u8 = 75;

/// A mail that says nothing to us is done with; only what could not be written down comes again.
async fn take_bounce(config: &Path) -> ExitCode {
    match read_and_take(config).await {
        Ok(taken) => {
            tracing::info!("{}", in_words(taken));
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::warn!(?error, "Could not take a delivery report: the mail system should try again");
            ExitCode::from(TRY_AGAIN)
        }
    }
}

async fn read_and_take(config: &Path) -> anyhow::Result<bounce::Taken> {
    let mut mail = Vec::new();
    // One byte more than is read, so that a longer one is seen to be longer.
    std::io::stdin().lock().take(REPORT_BYTES_MAX as u64 + 1).read_to_end(&mut mail).context("read the mail")?;
    let app = App::open(Config::read(config)?, Arc::new(SystemClock), Rng::system()).await?;
    let taken = bounce::take(&app, &app.system(), &mail).await.context("write down what came back");
    app.close().await;
    taken
}

fn in_words(taken: bounce::Taken) -> String {
    match taken {
        bounce::Taken::CameBack => "Came back: the links of that letter are withdrawn".to_owned(),
        bounce::Taken::Known => "Known: that letter was reported before, or has not left".to_owned(),
        bounce::Taken::NotFinal => "Not final: a delay or a success".to_owned(),
        bounce::Taken::NotOurs => "Not ours: the report names no letter that left here".to_owned(),
        bounce::Taken::Unread(why) => format!("No report: {why}"),
    }
}

/// Operational logs go to standard error and hold no personal data (AUD-14). `RUST_LOG` chooses.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,actix_server=warn,sqlx=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
