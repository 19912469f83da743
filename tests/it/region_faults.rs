//! Whatever happens to the relays of a region, not one packet goes to a relay of another (RTC-11).
//!
//! Two headless peers call through two real relays of one region, which are cut off at every point of a call; a page tells lies about
//! addresses; somebody with a good credential asks the relays themselves. Beside them stands a relay of another region, well and named by every
//! liar, and counts what comes. `REGION_FAULTS=500 cargo test --test it region_faults -- --nocapture` takes as many and says how far it is;
//! `REGION_SEED` throws the dice of another run. Nearly all of a fault is waiting until both sides have noticed it, so several regions, each with
//! a clinic and relays of its own, are tried at once.

use crate::support::TestApp;
use crate::support::clinic::Scene;
use crate::support::front::Outside;
use crate::support::page::{Page, Side as Seat};
use crate::support::peer::Peer;
use crate::support::station::Station;
use crate::support::turn::Client;
use anteroom::appointments::VisitState;
use anteroom::relay::Side;
use anteroom::relay::credential::Credential;
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(60);
const FAULTS: u64 = 6;
/// Regions that are tried at once. Higher: sooner done, until two cores are busy and what is timed is late.
const REGIONS_MAX: u64 = 10;
/// Each region has work at least for this many faults, or it was hardly worth its start.
const FAULTS_EACH: u64 = 2;

struct Region {
    app: TestApp,
    scene: Scene,
    stations: Rc<[Station; 2]>,
    outside: Outside,
    listed: [IpAddr; 2],
    /// What the patient's page was told of relays last.
    told: Rc<RefCell<Value>>,
    calls: u64,
}

/// What befalls a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Both relays are gone before anybody is let in.
    NoneFromTheStart,
    /// Both die while pictures flow.
    BothDie,
    /// One dies while pictures flow, and the call goes on through the other.
    OneDies(usize),
    /// Both are cut off and back, and again.
    Flapping,
    /// A page says that it is to be reached outside, in every way that it can.
    Lies,
    /// Somebody with a good credential asks a relay for the one outside.
    AsksTheRelay(usize),
}

impl Fault {
    fn thrown(dice: u64) -> Self {
        let which = (dice / 6 % 2) as usize;
        match dice % 6 {
            0 => Self::NoneFromTheStart,
            1 => Self::BothDie,
            2 => Self::OneDies(which),
            3 => Self::Flapping,
            4 => Self::Lies,
            _ => Self::AsksTheRelay(which),
        }
    }
}

impl Region {
    /// `number`: of all regions that are tried, this one.
    async fn open(number: u8) -> Self {
        let address = |last: u8| IpAddr::from([127, 0, 100 + number, last]);
        let listed = [address(2), address(4)];
        let stations = Rc::new(listed.map(|at| Station::new("us-east", at, &listed)));
        let outside = Outside::new(address(9));
        let all = format!("{}{}{}", outside.config(), stations[0].config(), stations[1].config());
        let app = TestApp::sqlite_with(&format!("[calls]\npath = \"relay\"\n[relay]\nregions = [\"us-east\"]\n{all}")).await;
        let scene = app.scene(VisitState::Waiting).await;
        Self { app, scene, stations, outside, listed, told: Rc::default(), calls: 0 }
    }

    /// Until a call would be offered so many relays.
    async fn offers(&self, count: usize) {
        let began = Instant::now();
        while self.app.beside.relays.for_call("nobody", Side::Patient, true, SystemClock.now()).await.servers.len() != count {
            assert!(began.elapsed() < PATIENCE, "{count} relays are not offered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Both pages, which join as soon as they may, each let in by the relays as the built-in one would let it in.
    async fn pages(&mut self) -> [Page; 2] {
        self.calls += 1;
        let call = format!("call {}", self.calls);
        let page = async |seat: Seat, side: Side| {
            let browser = if side == Side::Patient { &self.scene.patient } else { &self.scene.clinician };
            let (stations, listed, told, call) = (self.stations.clone(), self.listed, self.told.clone(), call.clone());
            Page::open_through(seat, browser.socket(&self.scene.path("socket")).await, move |relays| {
                for station in &*stations {
                    station.let_in(&call, side, relays, &listed);
                }
                if side == Side::Patient {
                    *told.borrow_mut() = relays.clone();
                }
            })
        };
        [page(Seat::Patient, Side::Patient).await, page(Seat::Clinician, Side::Clinician).await]
    }

    /// Sound and picture come to both.
    async fn flows(pages: &[Page; 2]) {
        let began = Instant::now();
        for page in pages {
            while page.epoch().is_none() {
                assert!(began.elapsed() < PATIENCE, "no call began");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let peers: Vec<Rc<Peer>> = pages.iter().map(Page::peer).collect();
        for peer in &peers {
            peer.connected().await;
            peer.receives(5).await;
        }
    }

    /// How many packets of sound and picture came through the region's relays.
    async fn befall(&mut self, fault: Fault) -> usize {
        self.stations.iter().for_each(|station| station.is_up(fault != Fault::NoneFromTheStart));
        self.offers(if fault == Fault::NoneFromTheStart { 0 } else { 2 }).await;
        let pages = self.pages().await;
        self.scene.admit().await;
        match fault {
            Fault::NoneFromTheStart => pages[0].hears("relays").await,
            Fault::Lies => self.lie(&pages).await,
            _ => Self::flows(&pages).await,
        }
        match fault {
            Fault::BothDie => {
                self.stations.iter().for_each(|station| station.is_up(false));
                // Long enough for checks and keep-alives to look elsewhere, if they would.
                self.offers(0).await;
            }
            Fault::OneDies(which) => {
                self.stations[which].is_up(false);
                pages[0].say(json!({ "type": "restart", "epoch": pages[0].epoch() }));
                let before = [0, 1].map(|at| pages[at].peer().received());
                Self::flows(&pages).await;
                assert!([0, 1].map(|at| pages[at].peer().received()) > before);
            }
            Fault::Flapping => {
                for up in [false, true, false, true] {
                    self.stations.iter().for_each(|station| station.is_up(up));
                    pages[0].say(json!({ "type": "restart", "epoch": pages[0].epoch() }));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Fault::AsksTheRelay(which) => self.ask(which).await,
            Fault::NoneFromTheStart | Fault::Lies => {}
        }
        assert_eq!(self.outside.touched(), 0, "{fault:?}: a packet went outside");
        let came =
            pages.iter().filter(|page| page.epoch().is_some()).map(|page| page.peer().received()).map(|(sound, picture)| sound + picture);
        let came = came.sum();
        for page in &pages {
            page.says_goodbye();
            page.hung_up().await;
        }
        self.scene.asks("waiting").await;
        self.stations.iter().for_each(|station| station.forget(&format!("call {}", self.calls)));
        came
    }

    async fn lie(&self, pages: &[Page; 2]) {
        Self::flows(pages).await;
        let (epoch, at) = (pages[0].epoch(), self.outside.at);
        for kind in
            ["host", "srflx raddr 127.0.0.1 rport 9", "prflx raddr 127.0.0.1 rport 9", "relay raddr 0.0.0.0 rport 9", "host typ relay"]
        {
            for address in [at.ip().to_string(), format!("::ffff:{}", at.ip())] {
                let line = format!("candidate:1 1 udp 2130706431 {address} {} typ {kind}", at.port());
                pages[0].say(json!({ "type": "candidate", "epoch": epoch, "candidate": line, "mid": "0", "line": 0 }));
            }
        }
        // What the other page was handed is known once something later came.
        let heard = pages[1].heard("candidate").len();
        let relay = format!("candidate:9 1 udp 1 {} 9 typ relay", self.listed[0]);
        pages[0].say(json!({ "type": "candidate", "epoch": epoch, "candidate": relay, "mid": "0", "line": 0 }));
        let began = Instant::now();
        while pages[1].heard("candidate").len() == heard {
            assert!(began.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(!pages[1].heard("candidate").iter().any(|one| one["candidate"].as_str().unwrap().contains(&at.ip().to_string())));
    }

    /// Permission, channel and indication, as a page of its own making might.
    async fn ask(&self, which: usize) {
        let place = self.stations[which].at;
        let servers = self.told.borrow()["servers"].as_array().unwrap().clone();
        let server = servers.iter().find(|server| server["urls"][0].as_str().unwrap().contains(&place.to_string())).unwrap();
        let text = |name: &str| server[name].as_str().unwrap().to_owned();
        let credential = Credential { username: text("username"), password: Secret::new(text("credential")) };
        let outside = self.outside.at;
        let mut client = Client::udp(Ipv4Addr::LOCALHOST, place);
        assert_eq!(client.allocates(&credential).0, 0);
        assert_eq!([client.permits(&credential, outside), client.binds(&credential, 0x4000, outside)], [403, 403]);
        client.sends(outside, b"let me out");
        client.sends_on(0x4000, b"let me out");
        assert_eq!(client.refreshes(&credential), 0, "it has read all of it");
    }
}

/// What befell all regions.
struct Run {
    faults: u64,
    seed: u64,
    began: Instant,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    taken: u64,
    done: u64,
    packets: usize,
    /// Of each kind, how long each took in milliseconds.
    kinds: BTreeMap<String, Vec<u128>>,
}

impl Run {
    /// The next fault that nobody has taken: each kind in turn, and which of the relays by the seed.
    fn next(&self) -> Option<Fault> {
        let mut told = self.told.lock().unwrap();
        let number = told.taken;
        told.taken += 1;
        let dice = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(number.wrapping_mul(1_442_695_040_888_963_407)) >> 40;
        (number < self.faults).then(|| Fault::thrown(number % 6 + 6 * dice))
    }

    #[expect(clippy::print_stdout, reason = "how far it is, is what a long run is watched for")]
    fn done(&self, fault: Fault, took: Duration, packets: usize) {
        let mut told = self.told.lock().unwrap();
        told.done += 1;
        told.packets += packets;
        let kind = format!("{fault:?}").split('(').next().unwrap().to_owned();
        told.kinds.entry(kind).or_default().push(took.as_millis());
        if told.done.is_multiple_of(20) || told.done == self.faults {
            println!("{} of {} faults after {} s", told.done, self.faults, self.began.elapsed().as_secs());
        }
    }

    #[expect(clippy::print_stdout, reason = "the figures are what a long run is for")]
    fn sum_up(self) {
        let told = self.told.into_inner().unwrap();
        assert_eq!(told.done, self.faults);
        for (kind, mut times) in told.kinds {
            times.sort_unstable();
            println!(
                "{kind}: {}, half of them within {} ms, all within {} ms",
                times.len(),
                times[times.len() / 2],
                times[times.len() - 1]
            );
        }
        println!("seed {}: {} packets came through the relays of the region, none went to one of another", self.seed, told.packets);
    }

    /// One region, for as long as there is something that could befall it.
    async fn try_region(&self, number: u8) {
        let mut region = Region::open(number).await;
        while let Some(fault) = self.next() {
            let began = Instant::now();
            let packets = region.befall(fault).await;
            self.done(fault, began.elapsed(), packets);
        }
        // Whatever was sent there before this one was counted before it.
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"is anybody counting?", region.outside.at).unwrap();
        let began = Instant::now();
        while region.outside.touched() == 0 {
            assert!(began.elapsed() < PATIENCE, "what comes outside is not counted");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(region.outside.touched(), 1, "a packet went outside");
        region.app.finish().await;
    }
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner).taken = self.0.faults;
        }
    }
}

/// What one region did not stand ends the run for all.
struct Stop<'a>(&'a Run);

#[test]
fn not_one_packet_goes_to_a_relay_of_another_region() {
    let number = |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (faults, seed) = (number("REGION_FAULTS", FAULTS), number("REGION_SEED", 20_261_128));
    let run = Run { faults, seed, began: Instant::now(), told: Mutex::default() };
    let regions = (faults / FAULTS_EACH).clamp(1, REGIONS_MAX) as u8;
    std::thread::scope(|all| {
        for region in 0..regions {
            let run = &run;
            all.spawn(move || {
                let _stop = Stop(run);
                actix_web::rt::System::new().block_on(run.try_region(region));
            });
        }
    });
    run.sum_up();
}
