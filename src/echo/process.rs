//! The echo process: `anteroom echo`, started by `serve` and by nobody else.
//!
//! It parses packets of strangers, so it has nothing: no keys, no database, none of our environment, no files it was handed, and limits on what it may
//! use ([`give_up_rights`]). Orders come on standard input and reports go to standard output. When the input ends, `serve` is gone, and so is
//! this process, whatever it was doing.

use super::model::{CHECK_LENGTH, CHECKS_MAX};
use super::peer::{End, Peer};
use super::protocol::{Incoming, Order, Report, Why, encode};
use super::sdp::Offer;
use crate::crypto::Rng;
use anyhow::Context;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc as blocking;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Memory that may be written to. `cargo bench -- checks` prints what a check holds. Lower: less for whoever finds a leak. Higher: room for a
/// hundred checks.
const MEMORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// A socket for each check, the two pipes, and what the runtime needs.
const FILES_MAX: u64 = CHECKS_MAX as u64 + 60;
/// A hundred checks do not take the processors from the calls' server.
const THREADS: usize = 2;
const REPORTS_MAX: usize = 1_000;

/// Serve checks until standard input ends.
pub fn run() -> anyhow::Result<()> {
    give_up_rights().context("limit the echo process")?;
    let (reports, outgoing) = blocking::sync_channel(REPORTS_MAX);
    let (orders, incoming) = mpsc::channel(REPORTS_MAX);
    std::thread::spawn(move || write_reports(&outgoing));
    // Blocking, and on a thread of its own: nothing that a packet can do keeps it from seeing the end.
    std::thread::spawn(move || read_orders(&orders));
    // The program's main thread has a runtime of its own, which does nothing here.
    let serving = std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
        runtime.block_on(take_orders(incoming, reports));
        Ok(())
    });
    serving.join().map_err(|_| anyhow::anyhow!("the checks' thread broke off"))?
}

/// No file grows, no core is written, few files are open, memory ends, and nothing that is started gets more rights. The number of threads is not
/// limited: that limit counts all of a user's processes.
fn give_up_rights() -> rustix::io::Result<()> {
    for (resource, most) in [(Resource::Core, 0), (Resource::Fsize, 0), (Resource::Nofile, FILES_MAX), (Resource::Data, MEMORY_BYTES_MAX)] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    rustix::thread::set_no_new_privs(true)
}

fn read_orders(orders: &mpsc::Sender<Order>) {
    let (mut input, mut incoming, mut bytes) = (std::io::stdin().lock(), Incoming::default(), [0; 4096]);
    loop {
        match input.read(&mut bytes) {
            Ok(0) | Err(_) => std::process::exit(0),
            Ok(count) => incoming.add(&bytes[..count]),
        }
        loop {
            match incoming.take() {
                Ok(Some(order)) => {
                    let _ends_with_us = orders.blocking_send(order);
                }
                Ok(None) => break,
                Err(_) => std::process::exit(2),
            }
        }
    }
}

fn write_reports(reports: &blocking::Receiver<Report>) {
    let mut output = std::io::stdout().lock();
    for report in reports {
        let written = encode(&report).ok().is_some_and(|bytes| output.write_all(&bytes).and_then(|()| output.flush()).is_ok());
        if !written {
            std::process::exit(2);
        }
    }
}

async fn take_orders(mut orders: mpsc::Receiver<Order>, reports: blocking::SyncSender<Report>) {
    let mut open: HashMap<u64, oneshot::Sender<()>> = HashMap::new();
    while let Some(order) = orders.recv().await {
        open.retain(|_, stop| !stop.is_closed());
        match order {
            Order::Open { check, listen, offer } if open.len() < usize::from(CHECKS_MAX) => {
                let (stop, stopped) = oneshot::channel();
                open.insert(check, stop);
                tokio::spawn(hold(check, listen, offer, reports.clone(), stopped));
            }
            Order::Open { check, .. } => tell(&reports, Report::Closed { check, why: Why::Failed, received: 0, sent: 0 }),
            // Dropping it says so.
            Order::Close { check } => drop(open.remove(&check)),
        }
    }
}

/// One check, from its order to its end.
async fn hold(check: u64, listen: SocketAddr, offer: Offer, reports: blocking::SyncSender<Report>, stopped: oneshot::Receiver<()>) {
    let rng = Rng::system();
    let random = [rng.bytes(), rng.bytes()].map(u32::from_be_bytes);
    let Ok(peer) = Peer::open(&offer, listen, random).await else {
        return tell(&reports, Report::Closed { check, why: Why::Failed, received: 0, sent: 0 });
    };
    tell(&reports, Report::Opened { check, bound: peer.bound, answer: peer.answer.clone() });
    let why = tokio::select! {
        _ = stopped => Why::Told,
        end = peer.ends() => if end == End::Left { Why::Left } else { Why::TooMuch },
        () = tokio::time::sleep(Duration::from_millis(CHECK_LENGTH.0 as u64)) => Why::Time,
    };
    let (received, sent) = peer.close().await;
    tell(&reports, Report::Closed { check, why, received, sent });
}

/// If nobody takes reports any more, `serve` hangs: the end of our input will come.
fn tell(reports: &blocking::SyncSender<Report>, report: Report) {
    let _full_or_gone = reports.try_send(report);
}
