//! The command line: `serve`, `demo`, `staff add`.

use anteroom::app::App;
use anteroom::config::Config;
use anteroom::crypto::Rng;
use anteroom::db::OnlyNode;
use anteroom::staff::{self, NewMember, Role};
use anteroom::time::SystemClock;
use anteroom::waiting_room::Hub;
use anteroom::{demo, jobs, server};
use anyhow::Context;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
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
To run a clinic: write a configuration (README.md shows one), then
                 anteroom staff add --config clinic.toml --role administrator --email you@clinic.example
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
    /// Serve the clinic that a configuration file describes.
    Serve {
        #[arg(long)]
        config: PathBuf,
    },
    /// Look after accounts.
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
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
async fn main() -> anyhow::Result<()> {
    log_to_stderr();
    match Cli::parse().command {
        Command::Demo { json, listen, data } => run_demo(json, listen, data).await,
        Command::Serve { config } => {
            let config = Config::read(&config)?;
            let listeners = server::bind(&config.listen)?;
            let app = App::open(config, Arc::new(SystemClock), Rng::system()).await?;
            run(app, listeners, async |app| {
                tracing::info!("Serving {} at {}", app.config.clinic.name, app.config.base_url);
                Ok(())
            })
            .await
        }
        Command::Staff { command: StaffCommand::Add { config, role, email, name } } => add_staff(config, role, email, name).await,
    }
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
    let _only_node = OnlyNode::claim(&app.config.database()?).await?;
    let hub = Hub::new(app.clone());
    let serving = server::start(app.clone(), hub.clone(), listeners)?;
    let handle = serving.handle();
    let serving = actix_web::rt::spawn(serving);
    server::record_start(&app).await.context("write the start into the access log")?;
    announce(&app).await?;
    let (go_on, stopping) = watch::channel(());
    let jobs = actix_web::rt::spawn(jobs::run(app.clone(), stopping));
    let rooms = actix_web::rt::spawn(hub.run());
    stop_signal().await?;
    tracing::info!("Stopping. Calls go on between the browsers; pages come back by themselves");
    drop(go_on);
    if tokio::time::timeout(JOBS_STOP_TIMEOUT, jobs).await.is_err() {
        tracing::warn!("A job did not end in time. What it had begun is done again at the next start");
    }
    rooms.abort();
    handle.stop(true).await;
    serving.await.context("wait for the server")?.context("serve")?;
    server::record_stop(&app).await.context("write the stop into the access log")?;
    app.close().await;
    Ok(())
}

async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("wait for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}

async fn add_staff(config: PathBuf, role: Role, email: String, name: Option<String>) -> anyhow::Result<()> {
    let app = App::open(Config::read(&config)?, Arc::new(SystemClock), Rng::system()).await?;
    let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let new = NewMember { email, name, role, zone: app.config.clinic.zone, language: app.config.clinic.language.clone() };
    let context = app.system();
    let id = staff::add(&app, &context, new).await?;
    let address = staff::password_link(&app, &context, id).await?;
    writeln!(std::io::stdout().lock(), "Send this address to its owner. It works once:\n{}", address.reveal())?;
    app.close().await;
    Ok(())
}

/// Operational logs go to standard error and hold no personal data (AUD-14). `RUST_LOG` chooses.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,actix_server=warn,sqlx=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
