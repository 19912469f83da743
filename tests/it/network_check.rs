//! The network check (RTC-02): a real peer against the real echo process.

use crate::on_both;
use crate::support::TestApp;
use crate::support::peer::Peer;
use anteroom::appointments::VisitState;
use anteroom::config::NetworkCheckConfig;
use anteroom::echo::{Echo, NoCheck};
use anteroom::time::{Millis, SystemClock};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

/// `serve`'s side, with a real process of its own.
struct Running {
    echo: Echo,
    task: JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        let config = NetworkCheckConfig { listen: Ipv4Addr::LOCALHOST.into(), first_port: 0, public_address: None };
        let echo = Echo::new(Some(config), Arc::new(SystemClock));
        let task = tokio::spawn({
            let echo = echo.clone();
            async move { echo.run(Path::new(env!("CARGO_BIN_EXE_anteroom"))).await }
        });
        let running = Self { echo, task };
        timeout(PATIENCE, running.echo.runs()).await.unwrap();
        running
    }

    async fn until(&self, what: &str, right: impl Fn(&Echo) -> bool) {
        let wait = async {
            while !right(&self.echo) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(timeout(PATIENCE, wait).await.is_ok(), "{what} did not come about");
    }

    /// What the kernel says about the process.
    fn kernel(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.echo.process_id().unwrap())).unwrap()
    }

    /// What the process has open when it has no check, once it has begun to work.
    async fn open_files_without_a_check(&self, offer: &str) -> usize {
        self.echo.open(session(1_000), from(1_000), offer).await.unwrap();
        self.echo.end(session(1_000));
        self.until("the first check is freed", |echo| echo.open_checks() == 0).await;
        self.open_files()
    }

    fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.echo.process_id().unwrap())).unwrap().count()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn session(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn from(number: u32) -> Option<IpAddr> {
    Some(IpAddr::V4(number.into()))
}

#[tokio::test]
async fn what_a_peer_sends_comes_back_and_then_all_is_freed() {
    let running = Running::start().await;
    let (mut peer, _events) = Peer::open().await;
    let offer = peer.offer_for_check().await;
    let files = running.open_files_without_a_check(&offer).await;
    let answer = running.echo.open(session(1), from(1), &offer).await.unwrap();
    assert_eq!(answer.matches("a=candidate:").count(), 1, "one address: {answer}");
    assert!(answer.contains("a=ice-lite"), "{answer}");
    peer.apply(&answer).await;
    peer.connected().await;
    peer.receives(50).await;
    peer.say("a word").await;
    peer.hears("a word").await;
    assert!(running.open_files() > files);
    running.echo.end(session(1));
    running.until("the check is freed", |echo| echo.open_checks() == 0).await;
    assert_eq!(running.open_files(), files);
}

#[tokio::test]
async fn whoever_goes_without_a_word_keeps_nothing() {
    let running = Running::start().await;
    let (mut peer, _events) = Peer::open().await;
    let offer = peer.offer_for_check().await;
    peer.apply(&running.echo.open(session(1), from(1), &offer).await.unwrap()).await;
    peer.connected().await;
    peer.close().await;
    running.until("the check is freed", |echo| echo.open_checks() == 0).await;
}

#[tokio::test]
async fn a_hundred_checks_stand_at_once_and_one_more_is_refused() {
    let running = Running::start().await;
    let (mut peer, _events) = Peer::open().await;
    let offer = peer.offer_for_check().await;
    let files = running.open_files_without_a_check(&offer).await;
    for number in 0..100 {
        running.echo.open(session(number.into()), from(number), &offer).await.unwrap_or_else(|why| panic!("check {number}: {why:?}"));
    }
    let refused = running.echo.open(session(100), from(100), &offer).await;
    assert!(matches!(refused, Err(NoCheck::Busy(busy)) if busy.why == "all"), "{refused:?}");
    for number in 0..100 {
        running.echo.end(session(number));
    }
    running.until("all are freed", |echo| echo.open_checks() == 0).await;
    assert_eq!(running.open_files(), files);
}

#[tokio::test]
async fn no_address_that_a_page_names_is_sent_a_packet() {
    let running = Running::start().await;
    let (udp, tcp) = (UdpSocket::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    udp.set_nonblocking(true).unwrap();
    tcp.set_nonblocking(true).unwrap();
    let (udp_port, tcp_port) = (udp.local_addr().unwrap().port(), tcp.local_addr().unwrap().port());
    let (mut peer, _events) = Peer::open().await;
    let offer = peer.offer_for_check().await;
    for address in ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "64:ff9b::a00:1", "2130706433", "localhost", "x.local"]
    {
        for candidate in [
            format!("a=candidate:1 1 udp 2130706431 {address} {udp_port} typ host"),
            format!("a=candidate:1 1 tcp 2130706431 {address} {tcp_port} typ host tcptype passive"),
            format!("a=Candidate:1 1 udp 1 {address} {udp_port} typ relay raddr {address} rport {udp_port}"),
            format!("a=remote-candidates:1 {address} {udp_port}"),
        ] {
            let held = offer.replacen("a=mid:0", &format!("a=mid:0\r\n{candidate}"), 1);
            let refused = running.echo.open(session(1), from(1), &held).await;
            assert!(matches!(refused, Err(NoCheck::Offer(_))), "{candidate}: {refused:?}");
        }
    }
    // Where an address stands in another line, it is left behind.
    let named = offer.replace("c=IN IP4 0.0.0.0", "c=IN IP4 127.0.0.1");
    let named = named
        .replacen("a=mid:0", &format!("a=rtcp:{udp_port} IN IP4 127.0.0.1\r\na=mid:0"), 1)
        .replace("m=audio 9", &format!("m=audio {udp_port}"));
    running.echo.open(session(1), from(1), &named).await.unwrap();
    // A check beside it lives its whole life in the meantime, so that there was time for a packet.
    peer.apply(&running.echo.open(session(2), from(1), &offer).await.unwrap()).await;
    peer.receives(50).await;
    running.echo.end(session(1));
    running.echo.end(session(2));
    running.until("all are freed", |echo| echo.open_checks() == 0).await;
    assert!(udp.recv(&mut [0; 2000]).is_err(), "a packet came");
    assert!(tcp.accept().is_err(), "a connection came");
}

#[tokio::test]
async fn the_process_has_nothing_and_little_to_use() {
    let folder = tempfile::tempdir().unwrap();
    let _ours = std::fs::File::create(folder.path().join("key")).unwrap();
    let running = Running::start().await;
    assert_eq!(running.kernel("environ"), "MALLOC_ARENA_MAX=1\0", "nothing of our environment");
    // The limits are the first thing it does; the pipe's other end is ours before that.
    running.until("its limits", |_| running.kernel("limits").contains("Max core file size        0                    0")).await;
    running.until("no new rights", |_| running.kernel("status").contains("NoNewPrivs:\t1")).await;
    let limits = running.kernel("limits");
    for limit in ["Max file size             0                    0", "Max open files            160                  160"] {
        assert!(limits.contains(limit), "{limit} in {limits}");
    }
    let files = std::fs::read_dir(format!("/proc/{}/fd", running.echo.process_id().unwrap())).unwrap();
    let open: Vec<_> = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok()).collect();
    assert!(!open.iter().any(|file| file.starts_with(folder.path())), "no file of ours: {open:?}");
}

#[tokio::test]
async fn it_dies_with_serve_and_comes_back_when_it_dies_alone() {
    let mut alone = Command::new(env!("CARGO_BIN_EXE_anteroom")).arg("echo").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    drop(alone.stdin.take());
    assert!(tokio::task::spawn_blocking(move || alone.wait().unwrap().success()).await.unwrap(), "the end of its input is its end");

    let running = Running::start().await;
    let (mut peer, _events) = Peer::open().await;
    let offer = peer.offer_for_check().await;
    running.echo.open(session(1), from(1), &offer).await.unwrap();
    let first = running.echo.process_id().unwrap();
    assert!(Command::new("kill").args(["-KILL", &first.to_string()]).status().unwrap().success());
    running.until("another process", |echo| echo.process_id().is_some_and(|id| id != first)).await;
    assert_eq!(running.echo.open_checks(), 0, "what the dead one held is void");
    peer.apply(&running.echo.open(session(1), from(1), &offer).await.unwrap()).await;
    peer.connected().await;
}

on_both! {
    with "[network_check]\nlisten = \"127.0.0.1\"\nfirst_port = 0"
    async fn a_patient_checks_their_connection_and_the_clinician_reads_what_came_of_it(app: TestApp) {
        let scene = app.scene(VisitState::Redeemed).await;
        let (mut peer, _events) = Peer::open().await;
        let offer = json!({ "offer": peer.offer_for_check().await });
        let events = app.log().await.len();
        let answer = scene.patient.json(&scene.path("network-check"), &offer).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["relays"], json!([]), "there is none here");
        peer.apply(answer["answer"].as_str().unwrap()).await;
        peer.receives(50).await;

        let numbers = json!({ "verdict": "poor", "round_trip_ms": 412, "jitter_ms": 9, "loss_percent": 4, "up_kbit": 300, "down_kbit": 290 });
        let mut today = scene.clinician.socket("/today/socket").await;
        assert_eq!(scene.patient.json(&scene.path("network-check/result"), &numbers).await.status(), 200);
        today.until("today", |message| message["visits"][0]["check"]["round_trip_ms"] == 412).await;
        timeout(PATIENCE, async { while app.beside.echo.open_checks() > 0 { tokio::time::sleep(Duration::from_millis(20)).await } }).await.unwrap();
        assert_eq!(app.log().await.len(), events, "a check writes nothing");
        let words = "Connection poor: expect sound first · 412 ms round trip, 4 % lost, 300 kbit/s up";
        assert!(scene.clinician.text("/today").await.contains(words));
        scene.arrive().await;
        scene.admit().await;
        assert!(scene.clinician.text(&scene.path("call")).await.contains(words));
        app.clock.advance(Millis::hours(2));
        assert!(app.hub.check_of(scene.visit).is_none(), "after two hours it says nothing");
        app.finish().await;
    }
}
