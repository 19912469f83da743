//! The threads that wait for sockets, each with a loop of its own. Whoever hears of a datagram passes it on: in a runtime whose threads share
//! their tasks, one wakes another for that, and where little comes the waking is what costs.

use anyhow::Context;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::{Builder, Handle};

/// Beside the thread that reads what clients send over UDP. Higher: more cores are used. Lower: less is left idle on small machines.
const LANES_MAX: usize = 3;

/// Where sockets may live. Its threads end with the process.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<Handle>,
    next: AtomicUsize,
}

impl Lanes {
    pub fn start() -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = cores.saturating_sub(1).clamp(1, LANES_MAX);
        Ok(Self { lanes: (0..count).map(|_| lane()).collect::<anyhow::Result<_>>()?, next: AtomicUsize::new(0) })
    }

    /// One after the other.
    pub fn next(&self) -> &Handle {
        &self.lanes[self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len()]
    }
}

fn lane() -> anyhow::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().context("start a thread of the relay")?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("lane".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .context("start a thread of the relay")?;
    Ok(handle)
}
