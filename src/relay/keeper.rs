//! What `serve` does about its relay: find the one that runs or start one, hand it orders, replace it when it is of another build or shape.
//!
//! **One relay runs**: it holds a lock in the data folder. A relay of another build or shape is used until no call goes through it and then
//! replaced; one that speaks another protocol is replaced at once.

use super::control::{Bound, CertificatePem, LINE_BYTES_MAX, Order, PROTOCOL, Secrets, Shape, Start, Status};
use super::engine::{SIGNALLED_MAX, Side};
use super::process::SOCKET;
use crate::app::OWN_PROGRAM;
use crate::config::TlsConfig;
use crate::web::tls;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// How long the relay may take for an order. It answers from memory.
const ORDER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a relay may take to begin, or to end.
const START_TIMEOUT: Duration = Duration::from_secs(20);
const START_LOOK: Duration = Duration::from_millis(20);
/// Lower: a relay that died is noticed sooner.
const WATCH: Duration = Duration::from_secs(1);
/// Lower: a renewed certificate is shown sooner.
const CERTIFICATE_LOOKS: u32 = 5;
/// Credentials remembered for each call, to tell them to a relay that was started anew. Both pages get one every four minutes, good for ten.
const GRANTS_MAX: usize = 16;

/// The one relay of this deployment, as `serve` sees it.
pub struct Keeper {
    folder: PathBuf,
    version: String,
    shape: Shape,
    secrets: Secrets,
    certificate_files: Option<TlsConfig>,
    connection: tokio::sync::Mutex<Option<Connection>>,
    bound: RwLock<Option<Bound>>,
    remembered: Mutex<HashMap<String, Remembered>>,
    listed: Mutex<Vec<IpAddr>>,
    child: Mutex<Option<Child>>,
}

/// What a relay was told of a call, in the order in which it is told again.
#[derive(Default)]
struct Remembered {
    grants: VecDeque<Order>,
    signalled: HashSet<(Side, IpAddr)>,
}

impl Remembered {
    fn orders(&self, call: &str) -> Vec<Order> {
        let signalled =
            self.signalled.iter().map(|(side, address)| Order::Signalled { call: call.to_owned(), side: *side, address: *address });
        self.grants.iter().cloned().chain(signalled).collect()
    }
}

/// A relay that runs.
enum Running {
    Known(Box<Connection>),
    /// Of a build that speaks another protocol: what it understands for sure is to stop.
    Strange(BufReader<UnixStream>),
}

/// What an answer of any protocol says.
#[derive(Deserialize)]
struct Spoken {
    protocol: u32,
}

impl Running {
    async fn find(folder: &std::path::Path) -> anyhow::Result<Self> {
        let mut stream = BufReader::new(UnixStream::connect(folder.join(SOCKET)).await?);
        let answer = ask(&mut stream, &Order::Status).await?;
        let ours = serde_json::from_slice::<Spoken>(&answer).is_ok_and(|spoken| spoken.protocol == PROTOCOL);
        match serde_json::from_slice(&answer) {
            Ok(status) if ours => Ok(Self::Known(Box::new(Connection { stream, status, certificate: None }))),
            _ => Ok(Self::Strange(stream)),
        }
    }

    fn stream(self) -> BufReader<UnixStream> {
        match self {
            Self::Known(connection) => connection.stream,
            Self::Strange(stream) => stream,
        }
    }
}

struct Connection {
    stream: BufReader<UnixStream>,
    status: Status,
    certificate: Option<CertificatePem>,
}

impl Connection {
    async fn tell(&mut self, order: &Order) -> anyhow::Result<()> {
        self.status = serde_json::from_slice(&ask(&mut self.stream, order).await?).context("understand the relay")?;
        Ok(())
    }
}

/// The line that the relay answers.
async fn ask(stream: &mut BufReader<UnixStream>, order: &Order) -> anyhow::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    let conversation = async {
        stream.write_all(&line).await?;
        let mut answer = Vec::new();
        stream.take(LINE_BYTES_MAX).read_until(b'\n', &mut answer).await?;
        anyhow::Ok(answer)
    };
    tokio::time::timeout(ORDER_TIMEOUT, conversation).await.context("the relay does not answer")?
}

impl Keeper {
    pub fn new(folder: PathBuf, version: String, shape: Shape, secrets: Secrets, certificate_files: Option<TlsConfig>) -> Self {
        Self {
            folder,
            version,
            shape,
            secrets,
            certificate_files,
            connection: tokio::sync::Mutex::default(),
            bound: RwLock::default(),
            remembered: Mutex::default(),
            listed: Mutex::default(),
            child: Mutex::default(),
        }
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Where it listens. `None` while there is none.
    pub fn bound(&self) -> Option<Bound> {
        self.bound.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Take over the relay that runs, or start one. `calls`: those that are on.
    pub async fn begin(&self, calls: &[String]) -> anyhow::Result<()> {
        let mut held = self.connection.lock().await;
        *held = None;
        self.set_bound(None);
        match Running::find(&self.folder).await {
            Ok(Running::Known(found)) if self.is_mine(&found.status) || found.status.allocations > 0 => {
                tracing::info!(calls = found.status.calls, "Took over the relay that runs");
                return self.hold(&mut held, *found, calls).await;
            }
            Ok(running) => self.end(&mut running.stream()).await?,
            Err(error) => tracing::debug!(?error, "No relay runs, or none that answers"),
        }
        let started = self.start().await?;
        self.hold(&mut held, started, calls).await
    }

    /// Tell the relay. What is about a call is remembered for the next one, if this one dies; **while there is none nobody waits**.
    pub async fn order(&self, order: Order) -> anyhow::Result<()> {
        self.remember(&order);
        ensure!(self.bound().is_some(), "no relay runs at this moment");
        let mut held = self.connection.lock().await;
        let connection = held.as_mut().context("no relay runs at this moment")?;
        let told = connection.tell(&order).await;
        if told.is_err() {
            *held = None;
            self.set_bound(None);
        }
        told
    }

    /// Look after the relay for as long as the server runs. `calls`: asks which are on.
    pub async fn watch(&self, calls: impl AsyncFn() -> anyhow::Result<Vec<String>>) {
        let mut turn = 0u32;
        loop {
            tokio::time::sleep(WATCH).await;
            turn = turn.wrapping_add(1);
            if let Err(error) = self.look(turn.is_multiple_of(CERTIFICATE_LOOKS), &calls).await {
                tracing::warn!(?error, "The relay is not there. Calls that need it wait until it is");
            }
        }
    }

    async fn look(&self, at_certificate: bool, calls: &impl AsyncFn() -> anyhow::Result<Vec<String>>) -> anyhow::Result<()> {
        let _dead_or_alive = self.order(Order::Status).await;
        let mut held = self.connection.lock().await;
        if let Some(connection) = held.as_mut() {
            if at_certificate {
                self.renew_certificate(connection).await?;
            }
            if self.is_mine(&connection.status) || connection.status.allocations > 0 {
                return Ok(());
            }
            tracing::info!("No call goes through the relay of an earlier start: it is replaced");
        }
        drop(held);
        self.begin(&calls().await?).await
    }

    /// Hand over what lies in the certificate's files, once it is another than before. **What cannot be used is not handed over**: the last good one is
    /// shown on.
    async fn renew_certificate(&self, connection: &mut Connection) -> anyhow::Result<()> {
        let usable = self.certificate().and_then(|read| {
            let Some(new) = read.filter(|new| connection.certificate.as_ref() != Some(new)) else { return Ok(None) };
            // Tried once: what is broken now may be half written, and is another when it is whole.
            connection.certificate = Some(new.clone());
            tls::acceptor(new.chain.as_bytes(), new.key.as_bytes()).map(|_| Some(new))
        });
        match usable {
            Ok(Some(certificate)) => connection.tell(&Order::Certificate(certificate)).await,
            Ok(None) => Ok(()),
            Err(error) => {
                tracing::warn!(?error, "What lies in the relay's certificate files cannot be used: the last one is shown on");
                Ok(())
            }
        }
    }

    /// End the relay: a demonstration is over.
    pub async fn stop(&self) {
        if let Some(connection) = self.connection.lock().await.as_mut() {
            let _gone_already = self.end(&mut connection.stream).await;
        }
    }

    /// Tell a relay all that it must know, also one that we started: another may have been there first. Whoever orders something from the moment on
    /// that it is known waits until it is held; what was ordered before is remembered and told here.
    async fn hold(&self, held: &mut Option<Connection>, mut connection: Connection, calls: &[String]) -> anyhow::Result<()> {
        connection.tell(&Order::Secrets(self.secrets.clone())).await?;
        connection.tell(&Order::Keep { calls: calls.to_vec() }).await?;
        self.set_bound(Some(connection.status.bound.clone()));
        let told = self.tell_remembered(&mut connection).await;
        match told {
            Ok(()) => *held = Some(connection),
            Err(_) => self.set_bound(None),
        }
        told
    }

    fn is_mine(&self, status: &Status) -> bool {
        status.version == self.version && status.shape == self.shape
    }

    async fn start(&self) -> anyhow::Result<Connection> {
        let certificate = self.certificate()?;
        let start = Start { version: self.version.clone(), shape: self.shape.clone(), secrets: self.secrets.clone(), certificate };
        let mut line = serde_json::to_vec(&start)?;
        line.push(b'\n');
        let log = self.folder.join("relay.log");
        let errors = File::create(&log).with_context(|| format!("write {}", log.display()))?;
        let mut child = Command::new(OWN_PROGRAM)
            // As a person finds it in the list of processes.
            .arg0("anteroom")
            .arg("relay")
            .env_clear()
            .current_dir(&self.folder)
            // Ctrl-C and whatever ends `serve` do not end it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .context("start the relay")?;
        let told = child.stdin.take().context("the relay's standard input")?.write_all(&line);
        let began = Instant::now();
        let ended = loop {
            if let Ok(Running::Known(connection)) = Running::find(&self.folder).await {
                let before = self.child.lock().unwrap_or_else(PoisonError::into_inner).replace(child);
                let _reaped = before.map(|mut dead| dead.try_wait());
                return Ok(Connection { certificate: start.certificate, ..*connection });
            }
            if child.try_wait().context("look after the relay")?.is_some() || began.elapsed() > START_TIMEOUT {
                break child.kill();
            }
            tokio::time::sleep(START_LOOK).await;
        };
        let _it_may_have_ended = (ended, child.wait());
        told.context("tell the relay what to do")?;
        bail!("the relay did not begin: {}", std::fs::read_to_string(&log).unwrap_or_default().trim());
    }

    async fn end(&self, stream: &mut BufReader<UnixStream>) -> anyhow::Result<()> {
        let _it_may_be_gone = ask(stream, &Order::Stop).await;
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            let _reaped = tokio::task::spawn_blocking(move || child.wait()).await;
        }
        let began = Instant::now();
        while UnixStream::connect(self.folder.join(SOCKET)).await.is_ok() {
            ensure!(began.elapsed() < START_TIMEOUT, "the relay of an earlier start does not end");
            tokio::time::sleep(START_LOOK).await;
        }
        Ok(())
    }

    fn certificate(&self) -> anyhow::Result<Option<CertificatePem>> {
        let Some(files) = &self.certificate_files else { return Ok(None) };
        let read = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()));
        Ok(Some(CertificatePem { chain: read(&files.certificate_file)?, key: read(&files.key_file)? }))
    }

    fn remember(&self, order: &Order) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        match order {
            Order::Grant { call, .. } => {
                let grants = &mut remembered.entry(call.clone()).or_default().grants;
                if grants.len() >= GRANTS_MAX {
                    grants.pop_front();
                }
                grants.push_back(order.clone());
            }
            Order::Signalled { call, side, address } => {
                let signalled = &mut remembered.entry(call.clone()).or_default().signalled;
                if signalled.len() < 2 * SIGNALLED_MAX {
                    signalled.insert((*side, *address));
                }
            }
            Order::Revoke { call } => drop(remembered.remove(call)),
            Order::Listed { addresses } => self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone_from(addresses),
            Order::Status | Order::Secrets(_) | Order::Certificate(_) | Order::Keep { .. } | Order::Stop => {}
        }
    }

    /// The calls that something is remembered of.
    pub fn calls(&self) -> Vec<String> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    async fn tell_remembered(&self, connection: &mut Connection) -> anyhow::Result<()> {
        let addresses = self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        connection.tell(&Order::Listed { addresses }).await?;
        let all: Vec<Order> =
            self.remembered.lock().unwrap_or_else(PoisonError::into_inner).iter().flat_map(|(call, known)| known.orders(call)).collect();
        for order in &all {
            connection.tell(order).await?;
        }
        Ok(())
    }

    fn set_bound(&self, bound: Option<Bound>) {
        *self.bound.write().unwrap_or_else(PoisonError::into_inner) = bound;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::control::Address;
    use tokio::net::UnixListener;

    fn keeper(folder: &std::path::Path) -> Keeper {
        let here = IpAddr::from([127, 0, 0, 1]);
        let shape = Shape {
            realm: "relay.example".to_owned(),
            listen: Vec::new(),
            tls_listen: Vec::new(),
            addresses: vec![Address { here, public: here }],
            beside: Vec::new(),
            ports: (40_000, 48_000),
            allocations_max: 40,
            loopback_allowed: false,
            lonely_seconds: 30,
        };
        let secrets = Secrets { call: "calls".to_owned(), check: "checks".to_owned() };
        Keeper::new(folder.to_owned(), "test".to_owned(), shape, secrets, None)
    }

    fn signalled(last: u8) -> Order {
        Order::Signalled { call: "a call".to_owned(), side: Side::Patient, address: [192, 0, 2, last].into() }
    }

    #[tokio::test]
    async fn while_a_relay_that_hangs_is_asked_nobody_waits_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = keeper(folder.path());
        let _never_answers = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let first = async {
            tokio::select! {
                biased;
                _ = keeper.begin(&[]) => None,
                told = keeper.order(signalled(7)) => Some(told),
            }
        };
        // Given up before the relay that hangs is: then another would be started, and the program here is this test.
        let told = tokio::time::timeout(ORDER_TIMEOUT / 2, first).await;
        assert!(matches!(told, Ok(Some(Err(_)))), "it was waited for: {told:?}");
        assert_eq!(keeper.calls(), ["a call"], "and it is told to the relay that comes");
    }

    #[tokio::test]
    async fn a_relay_of_another_protocol_is_known_by_that_alone_and_told_to_stop() {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let strange = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut stream = BufReader::new(stream);
            let mut heard = String::new();
            stream.read_line(&mut heard).await.expect("a line");
            stream.write_all(b"{\"protocol\":1,\"of old\":true}\n").await.expect("an answer");
            stream.read_line(&mut heard).await.expect("a line");
            heard
        });
        let found = Running::find(folder.path()).await.expect("it answers");
        assert!(matches!(found, Running::Strange(_)));
        let _it_answers_nothing_more = ask(&mut found.stream(), &Order::Stop).await;
        assert_eq!(strange.await.expect("it ran"), "{\"order\":\"status\"}\n{\"order\":\"stop\"}\n");
    }

    #[test]
    fn a_long_call_loses_no_address_and_keeps_its_last_credentials() {
        let keeper = keeper(std::path::Path::new("."));
        for last in 0..200 {
            keeper.remember(&signalled(last));
            keeper.remember(&signalled(last));
        }
        for turn in 0..100 {
            let username = format!("{turn}");
            keeper.remember(&Order::Grant { call: "a call".to_owned(), side: Side::Patient, username, listed_only: false });
        }
        let remembered = keeper.remembered.lock().expect("nobody panicked");
        let orders = remembered["a call"].orders("a call");
        let named = orders.iter().filter(|order| matches!(order, Order::Signalled { .. })).count();
        let last =
            orders.iter().rev().find_map(|order| if let Order::Grant { username, .. } = order { Some(username.as_str()) } else { None });
        assert_eq!((named, orders.len() - named, last), (200, GRANTS_MAX, Some("99")));
    }
}
