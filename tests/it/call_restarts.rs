//! The server is stopped and started anew under calls: each was connected before and goes on as if nothing had been (REL-08, RTC-09).
//!
//! Two headless peers a call, whose media goes directly between them or through the built-in relay, in turn. The server is a process of its own, which is
//! asked to stop as a service manager does it; the relay it started outlives it. `RESTART_CALLS=20 cargo test --test it call_restarts -- --nocapture`
//! takes as many. In real browsers: `tests/e2e/restarts.rs` and `relay.rs`.

use crate::support::backoff::backoff;
use crate::support::migrated_database;
use crate::support::page::{Page, Side};
use crate::support::peer::Peer;
use crate::support::proof::{Facts, Out, Role as Speaker};
use crate::support::served::{BORN, Clinic, Link, Server};
use crate::support::{Browser, PASSWORD};
use anteroom::audit;
use anteroom::ids::{StaffId, VisitId};
use anteroom::relay::control::{Order, Status};
use anteroom::staff::Role;
use anteroom::text::Text;
use anteroom::waiting_room::consent;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

const CALLS: usize = 2;
const RELAY: &str = "[relay]\nlisten = [\"127.0.0.1:0\"]\naddresses = [\"127.0.0.1\"]\nregion = \"us-east\"\nlonely_seconds = 60\n";
/// How long something may take that must come, with all calls of a long run on two cores.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long there is no server at all. Longer: more is sent meanwhile. Lower: sooner done.
const AWAY: Duration = Duration::from_secs(3);

/// The people of a visit that is now.
struct People {
    clinician: (StaffId, String),
    link: Link,
    relayed: bool,
}

struct Call {
    visit: VisitId,
    relayed: bool,
    browsers: [Browser; 2],
    pages: [Page; 2],
    /// How often each page had been told of the visit's state when its socket was opened again. `None` while it has none.
    told: [Cell<Option<usize>>; 2],
    peers: [Rc<Peer>; 2],
    facts: Facts,
    words: Out,
}

impl Call {
    /// From the link to words that were compared.
    async fn begin(clinic: &Clinic, people: &People) -> Self {
        let browser = || Browser::at(&clinic.base_url, &clinic.app);
        let (patient, clinician) = (browser(), browser().of(people.clinician.0, &people.clinician.1));
        let visit = people.link.visit;
        let path = |step: &str| format!("/visits/{visit}/{step}");
        assert_eq!(clinician.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
        let redeemed = patient.json("/v/redemption", &json!({ "token": people.link.token, "check": BORN })).await;
        assert_eq!(redeemed.json::<Value>().await.unwrap()["result"], "open");
        let consent = consent::Version::now(Text::of("en")).number().to_string();
        let wish = if people.relayed { "on" } else { "off" };
        assert_eq!(patient.post(&path("arrival"), &[("consent", &consent), ("relay", wish)]).await.status(), StatusCode::OK);
        assert_eq!(clinician.form(&path("admission"), &[]).await.status(), StatusCode::SEE_OTHER);

        let page = async |side: Side, browser: &Browser| {
            let socket = browser.socket(&path("socket")).await;
            if people.relayed { Page::open_through(side, socket, over_udp) } else { Page::open(side, socket) }
        };
        let pages = [page(Side::Patient, &patient).await, page(Side::Clinician, &clinician).await];
        let peers = [pages[0].connected(1).await, pages[1].connected(1).await];
        tokio::join!(peers[0].can_prove(), peers[1].can_prove());
        let (theirs, words) = tokio::join!(peers[0].prove(Speaker::Patient, visit), peers[1].prove(Speaker::Clinician, visit));
        assert!(matches!(words, Out::Show(_)) && theirs == words, "{words:?}");
        pages[1].say(json!({ "type": "proof", "epoch": 1, "outcome": "matched", "source": "certificate", "found": "people" }));
        pages[0].hears("proof").await;
        for peer in &peers {
            peer.receives(10).await;
        }
        let facts = peers[0].facts(visit).await;
        Self { visit, relayed: people.relayed, browsers: [patient, clinician], pages, told: Default::default(), peers, facts, words }
    }

    /// Each page does what `static/lib/live.js` does: whenever its socket is gone it tries again, the later the longer it lasts.
    async fn stays(&self, number: usize) {
        let stay = [0, 1].map(async |side| {
            loop {
                self.pages[side].closed().await;
                self.told[side].set(None);
                let lost_at = Instant::now();
                for attempt in 0.. {
                    let random = ((number * 61 + side * 31 + attempt * 97) % 200) as f64 / 200.0;
                    tokio::time::sleep(backoff(lost_at.elapsed(), random)).await;
                    if let Some(socket) = self.browsers[side].socket_if_there(&format!("/visits/{}/socket", self.visit)).await {
                        self.told[side].set(Some(self.pages[side].heard("state").len()));
                        self.pages[side].comes_back(socket);
                        break;
                    }
                }
            }
        });
        join_all(stay).await;
    }

    /// Both pages are told by this server that the other one is in the call.
    async fn is_back(&self) {
        let began = Instant::now();
        for (page, told) in self.pages.iter().zip(&self.told) {
            while !told.get().is_some_and(|told| page.heard("state")[told..].last().is_some_and(|state| state["peer"] == "in_call")) {
                assert!(began.elapsed() < PATIENCE, "a page does not come back");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Sound and picture come to both.
    async fn flows(&self) {
        let (began, before) = (Instant::now(), self.peers.each_ref().map(|peer| peer.received()));
        while self
            .peers
            .iter()
            .zip(before)
            .any(|(peer, (sound, picture))| peer.received().0 < sound + 20 || peer.received().1 < picture + 20)
        {
            let is =
                self.peers.each_ref().map(|peer| (peer.is_connected(), peer.drops(), peer.received(), peer.sent().map(|sent| sent.len())));
            assert!(began.elapsed() < PATIENCE, "relayed: {}; {is:?}; {:?}", self.relayed, self.pages.each_ref().map(Page::epoch));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// It is the call that it was, and a new search for a way goes from page to page by the new server.
    async fn is_the_same(&self) {
        for (page, peer) in self.pages.iter().zip(&self.peers) {
            assert_eq!((page.epoch(), peer.drops()), (Some(1), 0));
            assert!(Rc::ptr_eq(&page.peer(), peer) && peer.is_connected());
            assert_eq!(page.heard("state").last().unwrap()["epoch"], 1);
        }
        let now = self.peers[0].facts(self.visit).await;
        assert_eq!((now.own, now.peer), (self.facts.own.clone(), self.facts.peer.clone()), "the words {:?} stay true", self.words);
        let answers = self.pages[1].heard("answer").len();
        self.pages[0].say(json!({ "type": "restart", "epoch": 1 }));
        let began = Instant::now();
        while self.pages[1].heard("answer").len() == answers {
            assert!(began.elapsed() < PATIENCE, "signalling is not back");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The peers reach a relay no other way.
fn over_udp(relays: &mut Value) {
    for server in relays["servers"].as_array_mut().unwrap() {
        server["urls"].as_array_mut().unwrap().retain(|url| url.as_str().unwrap().ends_with("transport=udp"));
    }
}

fn relay(clinic: &Clinic, order: &Order) -> Status {
    let mut stream = BufReader::new(UnixStream::connect(clinic.app.config.data_dir.join("relay.sock")).unwrap());
    let line = serde_json::to_string(order).unwrap() + "\n";
    stream.get_mut().write_all(line.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// How many packets went out of all peers since `marks`, and how many of them have not come to the other end.
fn count(calls: &[Call], marks: &[[[usize; 2]; 2]]) -> (usize, usize) {
    let (mut sent, mut lost) = (0, 0);
    for (call, marks) in calls.iter().zip(marks) {
        for (from, to) in [(0, 1), (1, 0)] {
            let mut went = call.peers[from].sent();
            went.iter_mut().zip(marks[from]).for_each(|(went, mark)| drop(went.drain(..mark)));
            sent += went.iter().map(Vec::len).sum::<usize>();
            lost += call.peers[to].lacks(&went);
        }
    }
    (sent, lost)
}

#[expect(clippy::print_stdout, reason = "the figures are what a long run is for")]
async fn no_call_notices(mut clinic: Clinic) {
    let wanted: usize = std::env::var("RESTART_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(CALLS);
    let mut people = Vec::new();
    for number in 0..wanted {
        let clinician = clinic.account(Role::Clinician).await;
        let link = clinic.link(clinician.0, clinic.app.now(), 30).await;
        people.push(People { clinician, link, relayed: number % 2 == 1 });
    }
    let server = clinic.serve().await;
    let calls = join_all(people.iter().map(|people| Call::begin(&clinic, people))).await;
    let relayed = calls.iter().filter(|call| call.relayed).count();
    assert_eq!(relay(&clinic, &Order::Status).allocations, 2 * relayed, "whoever wished for the relay goes through it, and nobody else");

    let marks: Vec<[[usize; 2]; 2]> =
        calls.iter().map(|call| call.peers.each_ref().map(|peer| peer.sent().each_ref().map(Vec::len))).collect();
    let (config, port) = (clinic.config.clone(), clinic.port);
    let restarting = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        server.stop();
        let stopped = began.elapsed();
        // Media goes on for a while with nobody there at all.
        std::thread::sleep(AWAY);
        (Server::start(&config, port), stopped, began.elapsed())
    });
    let back = async {
        let (server, stopped, away) = restarting.await.unwrap();
        let began = Instant::now();
        join_all(calls.iter().map(Call::is_back)).await;
        (server, stopped, away, began.elapsed())
    };
    let stay = join_all(calls.iter().enumerate().map(|(number, call)| call.stays(number)));
    let (server, stopped, away, back) = tokio::select! {
        back = back => back,
        _ = stay => unreachable!("a page tries for as long as it is open"),
    };
    for call in &calls {
        call.flows().await;
    }
    calls.iter().flat_map(|call| &call.peers).for_each(|peer| peer.falls_silent());
    let began = Instant::now();
    while count(&calls, &marks).1 > 0 && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (sent, lost) = count(&calls, &marks);
    println!(
        "{} calls, {relayed} of them relayed: stopped after {} ms, there again after {} ms, all signalling back {} ms later; \
         {sent} packets of sound and picture sent meanwhile, {} received",
        calls.len(),
        stopped.as_millis(),
        away.as_millis(),
        back.as_millis(),
        sent - lost
    );
    assert_eq!(lost, 0);
    assert_eq!(relay(&clinic, &Order::Status).allocations, 2 * relayed, "the relay that was there before");
    for call in &calls {
        call.is_the_same().await;
    }
    server.stop();
    drop(calls);
    relay(&clinic, &Order::Stop);
    clinic.open_again().await;
    let log = kinds(&clinic).await;
    let times = |kind: &str| log.iter().filter(|one| *one == kind).count();
    assert_eq!([times("call.joined"), times("call.proof"), times("call.left")], [2 * wanted, wanted, 0], "nobody began anew");
    clinic.app.close().await;
}

async fn kinds(clinic: &Clinic) -> Vec<String> {
    let mut tx = clinic.app.db.reading().await.unwrap();
    let events = audit::oldest_first(&mut tx, &audit::Filter::default(), None, 10_000).await.unwrap();
    events.into_iter().map(|event| event.kind.to_string()).collect()
}

mod no_call_drops_a_frame_or_begins_anew_when_the_server_is_restarted {
    use super::*;

    #[actix_web::test]
    async fn sqlite() {
        no_call_notices(Clinic::with(None, RELAY).await).await;
    }

    #[actix_web::test]
    async fn postgres() {
        let database = migrated_database().await;
        no_call_notices(Clinic::with(Some(database.url()), RELAY).await).await;
    }
}
