//! A hundred network checks at once against one echo process: how soon each has its answer and its connection, what a check holds of memory and
//! processor, and that all of it is given back.

use crate::peer::Peer;
use crate::support::{number, row, share};
use anteroom::config::NetworkCheckConfig;
use anteroom::echo::Echo;
use anteroom::time::SystemClock;
use futures_util::future::join_all;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const CHECKS: u32 = 100;
/// Packets of both kinds that come back to each while it is measured: about a second.
const PACKETS: usize = 50;
/// How often the hundred come. What two hundred leave behind is the allocator's store for the next; a leak grows each time.
const ROUNDS: u32 = 12;
/// What all later ones together may leave behind, for each of their checks.
const LEAK_KB_MAX: f64 = 1.0;
/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(5);

pub async fn run() {
    let config = NetworkCheckConfig { listen: Ipv4Addr::LOCALHOST.into(), first_port: 0, public_address: None };
    let echo = Echo::new(Some(config), Arc::new(SystemClock));
    let keeper = {
        let echo = echo.clone();
        tokio::spawn(async move { echo.run(Path::new(env!("CARGO_BIN_EXE_anteroom"))).await })
    };
    echo.runs().await;
    let process = echo.process_id().unwrap();
    // One check first, so that what is made once is there.
    begin(&echo, CHECKS).await.0.connected().await;
    end(&echo, CHECKS + 1).await;
    let (before, files) = (kilobytes(process), open_files(process));
    let mut first = hundred(&echo, process).await;
    let once = kilobytes(process);
    hundred(&echo, process).await;
    let twice = kilobytes(process);
    for _ in 2..ROUNDS {
        hundred(&echo, process).await;
    }
    let again = kilobytes(process);

    row("\nNetwork checks, 100 at once", &["p50".into(), "p95".into(), "max".into()]);
    row("ms  until the page has its answer", &[0.5, 0.95, 1.0].map(|part| number(share(&mut first.answered, part))));
    let one = |value: f64| [String::new(), String::new(), number(value)];
    row("s   until all are connected", &one(first.connected));
    row("KB  of memory for each check", &one((first.during - before) / f64::from(CHECKS)));
    row("ms  of processor for each second of a check", &one(first.cpu / first.seconds / f64::from(CHECKS)));
    row("s   until all are freed", &one(first.ended));
    row("KB  held by the process before, and after them", &[String::new(), number(before), number(once)]);
    row(&format!("KB  after the second and the {ROUNDS}th hundred"), &[String::new(), number(twice), number(again)]);
    assert_eq!(open_files(process), files, "every socket is closed");
    let left = (again - twice) / f64::from((ROUNDS - 2) * CHECKS);
    row("KB  left behind by each check since", &one(left));
    assert!(left < LEAK_KB_MAX, "what a hundred checks leave behind grows with each hundred");
    keeper.abort();
}

/// What a hundred checks took.
struct Taken {
    /// Each page, in milliseconds.
    answered: Vec<f64>,
    connected: f64,
    /// Of the process, in KB, while all of them ran.
    during: f64,
    seconds: f64,
    /// In milliseconds, within those seconds.
    cpu: f64,
    ended: f64,
}

async fn hundred(echo: &Echo, process: u32) -> Taken {
    let (mut answered, mut peers) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for number in 0..CHECKS {
        let (peer, ms) = begin(echo, number).await;
        answered.push(ms);
        peers.push(peer);
    }
    join_all(peers.iter().map(Peer::connected)).await;
    let connected = began.elapsed().as_secs_f64();
    let cpu = processor_ms(process);
    let measured = Instant::now();
    join_all(peers.iter().map(|peer| peer.receives(PACKETS))).await;
    let (seconds, cpu) = (measured.elapsed().as_secs_f64(), processor_ms(process) - cpu);
    let during = kilobytes(process);
    let ending = Instant::now();
    end(echo, CHECKS).await;
    let ended = ending.elapsed().as_secs_f64();
    join_all(peers.iter().map(Peer::close)).await;
    Taken { answered, connected, during, seconds, cpu, ended }
}

/// A peer that has its answer, and after how many milliseconds.
async fn begin(echo: &Echo, number: u32) -> (Peer, f64) {
    let (mut peer, _events) = Peer::open().await;
    let offer = peer.offer_for_check().await;
    let began = Instant::now();
    let answer = echo.open(Uuid::from_u128(number.into()), Some(IpAddr::V4(number.into())), &offer).await.unwrap();
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    peer.apply(&answer).await;
    (peer, ms)
}

async fn end(echo: &Echo, sessions: u32) {
    for number in 0..sessions {
        echo.end(Uuid::from_u128(number.into()));
    }
    until(|| echo.open_checks() == 0).await;
}

async fn until(right: impl Fn() -> bool) {
    while !right() {
        tokio::time::sleep(LOOK).await;
    }
}

pub fn kilobytes(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

/// User and system time, in the kernel's hundredths of a second.
pub fn processor_ms(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11..13].iter().map(|field| field.parse::<f64>().unwrap() * 10.0).sum()
}
