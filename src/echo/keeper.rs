//! `serve`'s side of the echo process: it is started, asked, and started again when it ends.
//!
//! The state is here and small: who has a check (`model`), who waits for an answer. When the process dies, all of it is void.

use super::model::{Busy, Checks};
use super::protocol::{Incoming, Order, Report, encode};
use super::sdp::{Offer, Refused, with_address};
use crate::config::NetworkCheckConfig;
use crate::time::{Millis, SharedClock};
use anyhow::Context;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

/// Orders that may wait for the process.
const ORDERS_MAX: usize = 1_000;
/// How long a page waits for its answer, once there is a process.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// And how long for a process that is just being started.
const START_TIMEOUT: Duration = Duration::from_secs(3);
/// The wait before a process that died is started again: this, then twice as long, up to the longest.
const RESTART_FIRST: Duration = Duration::from_millis(500);
const RESTART_LONGEST: Duration = Duration::from_secs(60);
/// A process that lived this long did not die of its start.
const LIVED_WELL: Millis = Millis(60_000);

/// A handle on the echo process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Echo(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Option<NetworkCheckConfig>,
    clock: SharedClock,
    next: AtomicU64,
    live: Mutex<Live>,
    started: Notify,
}

#[derive(Debug, Default)]
struct Live {
    checks: Checks,
    /// Nothing while no process runs.
    process: Option<(u32, mpsc::Sender<Order>)>,
    waiting: HashMap<u64, oneshot::Sender<(SocketAddr, String)>>,
}

/// Why there is no check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCheck {
    /// The clinic offers none.
    Off,
    Offer(Refused),
    Busy(Busy),
    /// The process is not there, or could not begin one.
    Down,
}

impl Echo {
    pub fn new(config: Option<NetworkCheckConfig>, clock: SharedClock) -> Self {
        Self(Arc::new(Inner { config, clock, next: AtomicU64::new(1), live: Mutex::default(), started: Notify::new() }))
    }

    /// Whether checks are offered at all.
    pub fn is_offered(&self) -> bool {
        self.0.config.is_some()
    }

    /// Begin a check for a session. What the page is answered.
    pub async fn open(&self, session: Uuid, source: Option<IpAddr>, offer: &str) -> Result<String, NoCheck> {
        let offer = Offer::read(offer).map_err(NoCheck::Offer)?;
        let config = self.0.config.as_ref().ok_or(NoCheck::Off)?;
        let _tried_below = tokio::time::timeout(START_TIMEOUT, self.runs()).await;
        let check = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (tell, answered) = oneshot::channel();
        {
            let mut live = self.live();
            let orders = live.process.as_ref().map(|(_, orders)| orders.clone()).ok_or(NoCheck::Down)?;
            let granted = live.checks.open(check, session, source, self.0.clock.monotonic()).map_err(NoCheck::Busy)?;
            if let Some(check) = granted.replaced {
                orders.try_send(Order::Close { check }).map_err(|_| NoCheck::Down)?;
            }
            let port = if config.first_port == 0 { 0 } else { config.first_port + granted.place };
            live.waiting.insert(check, tell);
            orders.try_send(Order::Open { check, listen: (config.listen, port).into(), offer }).map_err(|_| NoCheck::Down)?;
        }
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, answered).await;
        let (bound, answer) = answer.ok().and_then(Result::ok).ok_or(NoCheck::Down)?;
        Ok(with_address(&answer, (config.public_address.unwrap_or(config.listen), bound.port()).into()))
    }

    /// Wait until a process runs.
    pub async fn runs(&self) {
        loop {
            let started = self.0.started.notified();
            if self.live().process.is_some() {
                return;
            }
            started.await;
        }
    }

    /// A session needs its check no more.
    pub fn end(&self, session: Uuid) {
        let mut live = self.live();
        if let Some(check) = live.checks.end(session)
            && let Some((_, orders)) = &live.process
        {
            let _its_time_ends_it_otherwise = orders.try_send(Order::Close { check });
        }
    }

    /// How many checks hold a port.
    pub fn open_checks(&self) -> usize {
        self.live().checks.count()
    }

    /// The running process, for whoever measures it.
    pub fn process_id(&self) -> Option<u32> {
        self.live().process.as_ref().map(|(id, _)| *id)
    }

    /// Keep a process of `program` running for as long as this is awaited. Nothing to do where no check is offered.
    pub async fn run(self, program: &Path) {
        if !self.is_offered() {
            return;
        }
        let mut wait = RESTART_FIRST;
        loop {
            let began = self.0.clock.monotonic();
            if let Err(error) = self.one_life(program).await {
                tracing::warn!(?error, "The echo process of the network check ended");
            }
            self.process_is_gone();
            if self.0.clock.monotonic().0 - began.0 > LIVED_WELL.0 {
                wait = RESTART_FIRST;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RESTART_LONGEST);
        }
    }

    fn process_is_gone(&self) {
        let mut live = self.live();
        live.checks.close_all();
        live.process = None;
        // Whoever waits hears at once that there will be no answer.
        live.waiting.clear();
    }

    async fn one_life(&self, program: &Path) -> anyhow::Result<()> {
        let mut child = start(program).with_context(|| format!("start {} echo", program.display()))?;
        let mut input = child.stdin.take().context("the pipe to the echo process")?;
        let mut output = child.stdout.take().context("the pipe from the echo process")?;
        let (orders, mut to_send) = mpsc::channel(ORDERS_MAX);
        self.live().process = child.id().map(|id| (id, orders));
        self.0.started.notify_waiters();
        let (mut incoming, mut bytes) = (Incoming::default(), [0; 16 * 1024]);
        loop {
            tokio::select! {
                order = to_send.recv() => {
                    let order = order.context("orders end")?;
                    input.write_all(&encode(&order)?).await.context("tell the echo process")?;
                }
                read = output.read(&mut bytes) => {
                    let count = read.context("hear the echo process")?;
                    if count == 0 {
                        let status = child.wait().await.context("wait for the echo process")?;
                        anyhow::bail!("{status}");
                    }
                    incoming.add(&bytes[..count]);
                    while let Some(report) = incoming.take()? {
                        self.heard(report);
                    }
                }
            }
        }
    }

    fn heard(&self, report: Report) {
        let mut live = self.live();
        match report {
            Report::Opened { check, bound, answer } => {
                if let Some(tell) = live.waiting.remove(&check) {
                    let _the_page_went = tell.send((bound, answer));
                }
            }
            Report::Closed { check, why, received, sent } => {
                live.waiting.remove(&check);
                live.checks.close(check);
                tracing::debug!(check, ?why, received, sent, "A network check is over");
            }
        }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        // A panic elsewhere leaves at worst a check that nobody has; it is forgotten in time.
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With none of our environment, no folder of ours, and nothing open but two pipes. What it may use, it limits itself, first thing.
///
/// The one word it is given is for the allocator: one store of freed memory for all of its threads. With a store for each thread, what checks
/// gave back lay in the store of one thread while another asked the system for more, and the process grew from one hundred checks to the next.
fn start(program: &Path) -> std::io::Result<Child> {
    Command::new(program)
        // As a person finds it in the list of processes.
        .arg0("anteroom")
        .arg("echo")
        .env_clear()
        .env("MALLOC_ARENA_MAX", "1")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // Ctrl-C in a terminal is for `serve`, which ends this one in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}
