//! The command line. `demo`, `init` and `serve` are here; what is done beside a server is in [`anteroom::terminal`].

use anteroom::app::{App, OWN_PROGRAM};
use anteroom::calls::relaying;
use anteroom::config::Config;
use anteroom::crypto::Rng;
use anteroom::db::OnlyNode;
use anteroom::echo::{self, Echo};
use anteroom::operations::{self, Operations};
use anteroom::relay::{self, Relays};
use anteroom::server::{self, Beside};
use anteroom::terminal::audit::AuditCommand;
use anteroom::terminal::breach::BreachWishes;
use anteroom::terminal::links::LinksCommand;
use anteroom::terminal::staff::StaffCommand;
use anteroom::terminal::witness::WitnessWishes;
use anteroom::time::SystemClock;
use anteroom::waiting_room::Hub;
use anteroom::web::assets::Manifest;
use anteroom::web::metrics::Requests;
use anteroom::web::tls::{self, Certificate};
use anteroom::{compliance, demo, init, jobs, production, terminal};
use anyhow::Context;
use clap::{Parser, Subcommand};
use std::io::{IsTerminal, Write};
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
    /// Tell from the access log whose data one account touched between two times.
    BreachReport(BreachWishes),
    /// Look after the access log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// The other end of a network check. `serve` starts it.
    #[command(hide = true)]
    Echo,
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
    /// Relay calls that find no direct way. `serve` starts it and tells it what to do.
    #[command(hide = true)]
    Relay,
    /// Be a witness on a machine of your own: cosign the heads of other people's logs while these only grow.
    Witness(WitnessWishes),
}

fn main() -> anyhow::Result<ExitCode> {
    let command = Cli::parse().command;
    log_to_stderr();
    match command {
        // On threads of its own, without what serves pages.
        Command::Relay => relay::process::run().map(|()| ExitCode::SUCCESS),
        command => actix_web::rt::System::new().block_on(Box::pin(obey(command))),
    }
}

async fn obey(command: Command) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Relay => return Ok(ExitCode::FAILURE),
        Command::Bounce { config } => return Ok(terminal::bounce::take(&config).await),
        Command::Audit { command } => return terminal::audit::run(command).await,
        Command::BreachReport(wishes) => terminal::breach::run(wishes).await,
        Command::Echo => echo::process::run(),
        Command::Links { command } => terminal::links::run(command).await,
        Command::Staff { command } => terminal::staff::run(command).await,
        Command::Witness(wishes) => terminal::witness::run(wishes).await,
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
            run(app, listeners, AtTheEnd::RelayGoesOn, async |app| {
                tracing::info!("Serving {} at {}", app.config.clinic.name, app.config.base_url);
                for said in production::weaker_than_could_be(app).await? {
                    tracing::warn!("{said}");
                }
                Ok(())
            })
            .await
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn run_demo(json: bool, listen: SocketAddr, data: PathBuf) -> anyhow::Result<()> {
    let (port, listeners) = demo::listen(listen)?;
    let config = demo::config(&data, SocketAddr::new(listen.ip(), port))?;
    let app = App::open(config, Arc::new(SystemClock), Rng::system()).await?;
    run(app, listeners, AtTheEnd::RelayEnds, async |app| {
        let clinic = demo::furnish(app).await?;
        let text = if json { serde_json::to_string(&clinic)? } else { clinic.in_words(&app.config.root_key_file) };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).context("print the demonstration's sign-ins")
    })
    .await
}

/// What becomes of the relay when the server stops.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtTheEnd {
    /// The next server takes it over, and calls notice nothing.
    RelayGoesOn,
    RelayEnds,
}

/// Serve until Ctrl-C or SIGTERM. `announce` runs once the server listens.
async fn run(
    app: App,
    listeners: Vec<TcpListener>,
    at_the_end: AtTheEnd,
    announce: impl AsyncFnOnce(&App) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut stop = StopSignal::listen()?;
    let _only_node = OnlyNode::claim(&app.config.database()?).await?;
    let certificate = app.config.tls.as_ref().map(Certificate::open).transpose()?;
    app.heads.check().await?;
    let (hub, requests) = (Hub::new(app.clone()), Requests::new());
    let echo = Echo::new(app.config.network_check.clone(), app.clock.clone());
    let calls = relaying::names(&app).await.context("read which calls are on")?;
    let relays = Relays::start(&app.config, &app.rng, &calls).await.context("start the relay")?;
    let beside = Beside { echo: echo.clone(), relays: relays.clone() };
    let serving = server::start(app.clone(), hub.clone(), beside, requests.clone(), listeners, certificate.clone())?;
    let handle = serving.handle();
    let serving = actix_web::rt::spawn(serving);
    app.log.replay(&app.system()).await.context("write what waited for the access log")?;
    server::record_start(&app).await.context("write the start into the access log")?;
    server::record_code(&app, Manifest::compiled_in()).await.context("write into the access log what is served")?;
    let watched = watched(&app, &hub, requests)?;
    announce(&app).await?;
    let (go_on, stopping) = watch::channel(());
    let jobs = actix_web::rt::spawn(jobs::run(app.clone(), stopping));
    let rooms = actix_web::rt::spawn(hub.clone().run());
    let checks = actix_web::rt::spawn(async move { echo.run(Path::new(OWN_PROGRAM)).await });
    let revoking = actix_web::rt::spawn(relaying::watch(app.clone(), relays.clone()));
    let relaying = actix_web::rt::spawn(keep_relays(app.clone(), relays.clone()));
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
    if let Err(error) = compliance::heads::Shipper::default().newest(&app).await {
        tracing::warn!(?error, "The last head of the access log was not given to the log shipper");
    }
    handle.stop(true).await;
    serving.await.context("wait for the server")?.context("serve")?;
    for background in [rooms, checks, revoking, relaying].into_iter().chain(fresh).chain(watched) {
        background.abort();
    }
    if at_the_end == AtTheEnd::RelayEnds {
        relays.stop().await;
    }
    app.close().await;
    Ok(())
}

async fn keep_relays(app: App, relays: Relays) {
    relays.watch(async || Ok(relaying::names(&app).await?)).await;
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

/// Operational logs go to standard error and hold no personal data (AUD-14). `RUST_LOG` chooses.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,actix_server=warn,sqlx=warn"));
    // Colours are for eyes: in a file or a journal they are signs that nobody can search past.
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    // A line that finds no space or no reader is lost. To complain of it on the same standard error would end the request that it is about.
    log.log_internal_errors(false).init();
}
