//! `anteroom relay`: the process. It begins with what stands on its standard input, holds no key of the clinic and no database, and goes on
//! while `serve` is away.

use super::control::{Bound, LINE_BYTES_MAX, Order, PROTOCOL, Secrets, Shape, Start, Status};
use super::driver::{self, Driver, Sockets};
use super::engine::{Engine, Settings};
use super::peers::{self, Policy};
use crate::secret::Secret;
use crate::web::tls;
use anyhow::{Context, ensure};
use rustix::process::{Resource, Rlimit, getuid, setrlimit};
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// The socket for orders, in the folder that the process was started in.
pub const SOCKET: &str = "relay.sock";
const LOCK: &str = "relay.lock";
/// Memory that it may ever address. Higher: more allocations. Lower: a leak ends sooner.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// How long one that ends, and takes no orders any more, may hold the lock still.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_LOOK: Duration = Duration::from_millis(20);
const LONELY_LOOK: Duration = Duration::from_secs(1);

/// Run until told to stop, or until nobody needs it.
pub fn run() -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().lock().take(LINE_BYTES_MAX).read_line(&mut line).context("read what to relay")?;
    let start: Start = serde_json::from_str(&line).ok().context("`anteroom relay` is started by `serve`, which tells it what to do")?;
    line.clear();
    limit(&start.shape)?;
    let lock = File::create(LOCK).context("open the relay's lock")?;
    let began = Instant::now();
    while lock.try_lock().is_err() {
        ensure!(began.elapsed() < LOCK_PATIENCE, "a relay runs already in this folder");
        std::thread::sleep(LOCK_LOOK);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the relay")?;
    runtime.block_on(serve(start))
}

/// What this process may ever take, whatever is sent to it.
fn limit(shape: &Shape) -> anyhow::Result<()> {
    let files = u64::try_from(shape.allocations_max)? * 2 + 4_096;
    let hard = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(files);
    let files = files.min(hard);
    for (resource, most) in [(Resource::Core, 0), (Resource::As, MEMORY_BYTES_MAX), (Resource::Nofile, files)] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).with_context(|| format!("limit {resource:?}"))?;
    }
    Ok(())
}

/// What the tasks of the control socket share.
struct Control {
    driver: Arc<Driver>,
    version: String,
    shape: Shape,
    bound: Bound,
    connected: AtomicUsize,
}

async fn serve(start: Start) -> anyhow::Result<()> {
    let Start { version, shape, secrets, certificate } = start;
    let began = Instant::now();
    let acceptor = certificate.map(|pem| tls::acceptor(pem.chain.as_bytes(), pem.key.as_bytes())).transpose()?;
    let sockets = Sockets::bind(&shape)?;
    let bound = sockets.bound().context("where the relay listens")?;
    let engine = Engine::new(settings(&shape, &bound, secrets), RandomState::new(), driver::now(began));
    let driver = Driver::start(engine, sockets, acceptor, &shape, began)?;
    // The lock is ours, so a socket that lies there is nobody's.
    let _none_there = std::fs::remove_file(SOCKET);
    let listener = UnixListener::bind(SOCKET).context("open the relay's socket for orders")?;
    std::fs::set_permissions(Path::new(SOCKET), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .context("close the socket to others")?;
    tracing::info!("Relaying on {bound:?}");
    let control = Arc::new(Control { driver, version, shape, bound, connected: AtomicUsize::new(0) });
    let (stop, mut stopped) = tokio::sync::mpsc::channel(1);
    let mut look = tokio::time::interval(LONELY_LOOK);
    let mut needed_at = Instant::now();
    loop {
        tokio::select! {
            asked = listener.accept() => {
                let Ok((stream, _)) = asked else { continue };
                if stream.peer_cred().is_ok_and(|who| who.uid() == getuid().as_raw()) {
                    tokio::spawn(control.clone().take_orders(stream, stop.clone()));
                }
            }
            _ = look.tick() => {
                let allocations = control.driver.with_engine(|engine, _| engine.counts().allocations);
                if control.connected.load(Ordering::Relaxed) > 0 || allocations > 0 {
                    needed_at = Instant::now();
                } else if needed_at.elapsed() > Duration::from_secs(control.shape.lonely_seconds) {
                    tracing::info!("Nobody needs this relay any more");
                    break;
                }
            }
            _ = stopped.recv() => break,
        }
    }
    let _already_gone = std::fs::remove_file(SOCKET);
    Ok(())
}

fn settings(shape: &Shape, bound: &Bound, secrets: Secrets) -> Settings {
    let addresses: Vec<_> = shape.addresses.iter().map(|address| address.public).collect();
    let listening = bound.udp.iter().chain(&bound.tcp).chain(&bound.tls).map(std::net::SocketAddr::ip);
    let relaying = shape.addresses.iter().flat_map(|address| [address.here, address.public]);
    let own = relaying.chain(listening).chain(shape.beside.iter().copied()).map(peers::canonical).collect();
    Settings {
        realm: shape.realm.clone(),
        addresses,
        policy: Policy { own, loopback_allowed: shape.loopback_allowed },
        allocations_max: shape.allocations_max,
        call_secret: Secret::new(secrets.call),
        check_secret: Secret::new(secrets.check),
    }
}

impl Control {
    async fn take_orders(self: Arc<Self>, stream: UnixStream, stop: tokio::sync::mpsc::Sender<()>) {
        self.connected.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.obey(stream, stop).await {
            tracing::warn!(?error, "The conversation with `serve` ended");
        }
        self.connected.fetch_sub(1, Ordering::Relaxed);
    }

    async fn obey(&self, stream: UnixStream, stop: tokio::sync::mpsc::Sender<()>) -> anyhow::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut reading = BufReader::new(reading);
        let mut line = Vec::new();
        loop {
            line.clear();
            if (&mut reading).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            // The error would quote the line, and it may hold a secret.
            let order: Order = serde_json::from_slice(&line).ok().context("an order that this relay does not know")?;
            let stops = matches!(order, Order::Stop);
            self.perform(order)?;
            let mut answer = serde_json::to_vec(&self.status())?;
            answer.push(b'\n');
            writing.write_all(&answer).await?;
            if stops {
                return stop.send(()).await.context("stop");
            }
        }
    }

    fn perform(&self, order: Order) -> anyhow::Result<()> {
        if let Order::Certificate(pem) = &order {
            self.driver.show(tls::acceptor(pem.chain.as_bytes(), pem.key.as_bytes())?);
        }
        self.driver.with_engine(|engine, out| match order {
            Order::Status | Order::Stop | Order::Certificate(_) => {}
            Order::Secrets(secrets) => engine.use_secrets(Secret::new(secrets.call), Secret::new(secrets.check)),
            Order::Grant { call, side, username, listed_only } => engine.grant(&call, side, &username, listed_only),
            Order::Listed { addresses } => engine.list(&addresses),
            Order::Signalled { call, side, address } => engine.signalled(&call, side, address),
            Order::Revoke { call } => engine.revoke(&call, out),
            Order::Keep { calls } => engine.keep(&calls, out),
        });
        Ok(())
    }

    fn status(&self) -> Status {
        let counts = self.driver.with_engine(|engine, _| engine.counts());
        Status {
            protocol: PROTOCOL,
            version: self.version.clone(),
            shape: self.shape.clone(),
            bound: self.bound.clone(),
            allocations: counts.allocations,
            calls: counts.calls,
        }
    }
}
