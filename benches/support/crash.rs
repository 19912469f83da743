//! The program killed again and again while people book, redeem, admit, end and read (REL-03, AUD-01). What clients heard is
//! kept here, outside the process, and compared with the database afterwards: what was acknowledged is there, with exactly one
//! entry in the log; what was not is whole or absent.

mod ledger;

use super::{BORN, Clinic, PASSWORD, Server, cookie};
use anteroom::crypto::Rng;
use anteroom::ids::{PatientId, RequestKey, StaffId, VisitId};
use anteroom::staff::Role;
use anteroom::time::{Millis, Timestamp};
use futures_util::future::{join, join_all};
use ledger::{Booking, Heard, Ledger, Opening, Reading};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, StatusCode};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// From one pair of bookings that are in each other's way to the next.
const PAIR_EVERY: Millis = Millis::minutes(40);
/// The last kill comes when so many of a hundred answers are in, so that every kill meets load.
const KILLS_UNTIL_PERCENT: u32 = 90;
/// From the answer that a kill waits for to the kill.
const KILL_WITHIN: Duration = Duration::from_millis(15);
/// How long a client waits for an answer from a program that lives.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much is done, and how often it is broken off.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub kills: u32,
    /// Each with visits that are redeemed, admitted and ended one after the other.
    pub clinicians: usize,
    pub visits_each: usize,
    /// Each books pairs of visits that are in each other's way.
    pub bookers: usize,
    pub pairs_each: usize,
    pub readers: usize,
    pub reads_each: usize,
}

/// What was done and heard, for a table.
#[derive(Debug)]
pub struct Report {
    pub acknowledged: u32,
    pub lost: u32,
    pub bookings: usize,
    pub redemptions: usize,
    pub entries: usize,
    pub seconds: f64,
    /// The longest start after a kill, to the first answer.
    pub start_ms: f64,
}

/// Do all of it on an empty clinic. Panics with the seed when a promise was broken.
pub async fn run(mut clinic: Clinic, size: Size, seed: u64) -> Report {
    let dice = dice(seed);
    let _said = SaySeed(seed);
    let cast = Cast::new(&clinic, size).await;
    let server = clinic.serve().await;
    let (town, began) = (Town::new(&clinic, dice.clone()), Instant::now());
    let work = work(&town, &cast, size);
    let (ledger, start_ms) = join(work, kill_again_and_again(&clinic, server, size, &town, &dice)).await;
    let seconds = began.elapsed().as_secs_f64();
    clinic.open_again().await;
    let (entries, broken) = ledger.compare(&clinic.app).await;
    clinic.app.close().await;
    assert!(broken.is_empty(), "with the seed {seed}, {} promises were broken: {broken:#?}", broken.len());
    let (acknowledged, lost) = ledger.answers();
    Report {
        acknowledged,
        lost,
        bookings: ledger.bookings.iter().filter(|booking| booking.heard.yes > 0).count(),
        redemptions: ledger.openings.iter().filter(|opening| opening.redeemed.yes > 0).count(),
        entries,
        seconds,
        start_ms,
    }
}

/// The seed that `CRASH_SEED` gives, to repeat a run as far as the machine lets it, or any other.
pub fn any_seed() -> u64 {
    let given = std::env::var("CRASH_SEED").ok();
    given.map_or_else(|| u64::from_le_bytes(Rng::system().bytes()), |seed| seed.parse().unwrap())
}

/// Says the seed when a run ends in a panic.
struct SaySeed(u64);

impl Drop for SaySeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            super::row(&format!("The seed of this run was {}", self.0), &[]);
        }
    }
}

/// A stream of numbers that a seed repeats (splitmix64).
fn dice(seed: u64) -> Rng {
    let state = Mutex::new(seed);
    Rng::from_fn(move |bytes| {
        let mut state = state.lock().unwrap();
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    })
}

/// Everybody and everything that is there before the first kill.
struct Cast {
    desk: String,
    rooms: Vec<(String, Vec<super::Link>)>,
    bookers: Vec<(PatientId, StaffId)>,
    /// Nobody else reads these.
    read: Vec<PatientId>,
}

impl Cast {
    async fn new(clinic: &Clinic, size: Size) -> Self {
        let (_, desk) = clinic.account(Role::Scheduler).await;
        let (mut rooms, mut bookers, mut read) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..size.clinicians {
            let (clinician, email) = clinic.account(Role::Clinician).await;
            let mut links = Vec::new();
            for place in 0..size.visits_each {
                let starts_at = clinic.app.now() - Millis::minutes(40) + Millis::minutes(place as i64);
                links.push(clinic.link(clinician, starts_at, 1).await);
            }
            rooms.push((email, links));
        }
        for _ in 0..size.bookers {
            bookers.push((clinic.patient().await, clinic.clinician().await));
        }
        for _ in 0..size.readers * size.reads_each {
            read.push(clinic.patient().await);
        }
        Self { desk, rooms, bookers, read }
    }
}

/// All at once, each in their own order.
async fn work(town: &Rc<Town>, cast: &Cast, size: Size) -> Ledger {
    let desk = town.sign_in(&cast.desk).await;
    let rooms = join_all(cast.rooms.iter().map(async |(email, links)| town.sign_in(email).await.room(links).await));
    let bookers = join_all(cast.bookers.iter().map(|booker| desk.books(booker, size.pairs_each)));
    let readers = join_all(cast.read.chunks(size.reads_each).map(|patients| desk.reads(patients)));
    let (openings, (bookings, readings)) = join(rooms, join(bookers, readers)).await;
    town.over.send_replace(true);
    Ledger { openings: openings.concat(), bookings: bookings.concat(), readings: readings.concat() }
}

/// Kill the program under load at moments that the dice say, start it anew each time. The longest start in milliseconds.
async fn kill_again_and_again(clinic: &Clinic, server: Server, size: Size, town: &Rc<Town>, dice: &Rng) -> f64 {
    let answers = (size.clinicians * size.visits_each * 5 + size.bookers * size.pairs_each * 2 + size.readers * size.reads_each) as u32;
    let mut moments: Vec<u32> = (0..size.kills).map(|_| dice.below(answers * KILLS_UNTIL_PERCENT / 100)).collect();
    moments.sort_unstable();
    let (mut server, mut longest) = (server, 0f64);
    for moment in moments {
        town.answered(moment).await;
        // Every other kill comes right behind an answer, where what is not durable yet would be lost.
        tokio::time::sleep(KILL_WITHIN * dice.below(1_000).saturating_sub(500) / 500).await;
        server.kill();
        let (config, port, began) = (clinic.config.clone(), clinic.port, Instant::now());
        server = tokio::task::spawn_blocking(move || Server::start(&config, port)).await.unwrap();
        longest = longest.max(began.elapsed().as_secs_f64() * 1_000.0);
    }
    town.is_over().await;
    server.kill();
    longest
}

/// Where all clients live: one server, one count of answers.
struct Town {
    base: String,
    keys: Arc<anteroom::crypto::Keyring>,
    dice: Rng,
    tomorrow: Timestamp,
    answers: watch::Sender<u32>,
    over: watch::Sender<bool>,
}

impl Town {
    fn new(clinic: &Clinic, dice: Rng) -> Rc<Self> {
        let now = clinic.app.now();
        Rc::new(Self {
            base: clinic.base_url.clone(),
            keys: clinic.app.keys.clone(),
            dice,
            tomorrow: Timestamp(now.0 - now.0 % Millis::days(1).0) + Millis::days(1),
            answers: watch::Sender::new(0),
            over: watch::Sender::new(false),
        })
    }

    async fn answered(&self, count: u32) {
        let (mut answers, mut over) = (self.answers.subscribe(), self.over.subscribe());
        tokio::select! {
            _ = answers.wait_for(|answers| *answers >= count) => {}
            _ = over.wait_for(|over| *over) => {}
        }
    }

    async fn is_over(&self) {
        self.over.subscribe().wait_for(|over| *over).await.unwrap();
    }

    fn stranger(self: &Rc<Self>) -> Visitor {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build().unwrap();
        Visitor { town: self.clone(), client, cookie: String::new(), form_token: String::new() }
    }

    /// Again and again, until it is heard that somebody is signed in.
    async fn sign_in(self: &Rc<Self>, email: &str) -> Visitor {
        let visitor = self.stranger();
        let answer = visitor.surely(|| visitor.post("/sign-in").form(&[("email", email), ("password", PASSWORD)])).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        visitor.with(answer.cookie.unwrap())
    }

    /// True so often of a hundred times.
    fn now_and_then(&self, percent: u32) -> bool {
        self.dice.below(100) < percent
    }
}

/// A browser that keeps on asking.
struct Visitor {
    town: Rc<Town>,
    client: Client,
    cookie: String,
    form_token: String,
}

/// What was heard of a request: its head, and its body if that came too.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    cookie: Option<String>,
    body: String,
}

impl Visitor {
    fn with(self, cookie: String) -> Self {
        let form_token = self.town.keys.form_token(cookie.split_once('=').unwrap().1);
        Self { cookie, form_token, ..self }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.town.base)).header("cookie", &self.cookie)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let asked = self.client.post(format!("{}{path}", self.town.base)).header("origin", &self.town.base);
        asked.header("cookie", &self.cookie).header("x-csrf", &self.form_token).header("sec-fetch-mode", "cors")
    }

    /// Ask once. `None`: nobody knows whether it was done. A server that is not there was not asked.
    async fn once(&self, ask: impl Fn() -> RequestBuilder) -> Option<Answer> {
        loop {
            match ask().send().await {
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => return None,
                Ok(answer) => {
                    let (status, headers) = (answer.status(), answer.headers().clone());
                    let cookie = headers.contains_key("set-cookie").then(|| cookie(&answer));
                    let body = answer.text().await.unwrap_or_default();
                    assert!(!status.is_server_error(), "{status} {body}");
                    self.town.answers.send_modify(|answers| *answers += 1);
                    return Some(Answer { status, headers, cookie, body });
                }
                Err(error) if error.is_connect() => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => {
                    assert!(!error.is_timeout(), "no answer in {PATIENCE:?}: {error:?}");
                    return None;
                }
            }
        }
    }

    /// Ask until an answer comes.
    async fn surely(&self, ask: impl Fn() -> RequestBuilder) -> Answer {
        loop {
            if let Some(answer) = self.once(&ask).await {
                return answer;
            }
        }
    }

    /// Ask, and mostly ask again when the answer is lost. `yes` says which statuses are a yes.
    async fn stubbornly(&self, heard: &mut Heard, yes: &[StatusCode], ask: impl Fn() -> RequestBuilder) -> Option<Answer> {
        loop {
            match self.once(&ask).await {
                Some(answer) => {
                    heard.answer(yes.contains(&answer.status));
                    return Some(answer);
                }
                None => heard.lost += 1,
            }
            if !self.town.now_and_then(75) {
                return None;
            }
        }
    }

    /// Pairs of visits that overlap, asked for at the same time. Now and then a form is sent again.
    async fn books(&self, booker: &(PatientId, StaffId), pairs: usize) -> Vec<Booking> {
        let mut bookings = Vec::new();
        for pair in 0..pairs {
            let at = self.town.tomorrow + Millis(PAIR_EVERY.0 * pair as i64);
            let (first, second) = join(self.book(booker, at), self.book(booker, at + Millis::minutes(10))).await;
            bookings.extend([first, second]);
        }
        bookings
    }

    async fn book(&self, (patient, clinician): &(PatientId, StaffId), at: Timestamp) -> Booking {
        let (key, local) = (RequestKey::new(&self.town.dice), at.utc());
        let form = [
            ("csrf", self.form_token.clone()),
            ("request_key", key.to_string()),
            ("patient", patient.to_string()),
            ("clinician", clinician.to_string()),
            ("reason", "a rash".into()),
            ("date", local.format("%Y-%m-%d").to_string()),
            ("time", local.format("%H:%M").to_string()),
            ("minutes", "20".into()),
        ];
        let mut booking = Booking { key, ids: Vec::new(), heard: Heard::default() };
        loop {
            let answer = self.stubbornly(&mut booking.heard, &[StatusCode::SEE_OTHER], || self.post("/appointments").form(&form)).await;
            booking.ids.extend(answer.as_ref().and_then(Answer::led_to));
            if booking.ids.is_empty() || !self.town.now_and_then(25) {
                return booking;
            }
        }
    }

    async fn reads(&self, patients: &[PatientId]) -> Vec<Reading> {
        let mut readings = Vec::new();
        for patient in patients {
            let mut heard = Heard::default();
            self.stubbornly(&mut heard, &[StatusCode::OK], || self.get(&format!("/patients/{patient}"))).await;
            readings.push(Reading { patient: *patient, heard });
        }
        readings
    }

    /// A clinician's visits one after the other: redeemed, waiting, admitted, ended.
    async fn room(&self, links: &[super::Link]) -> Vec<Opening> {
        let mut openings = Vec::new();
        for link in links {
            let mut opening = Opening::of(link.visit);
            if let Some(patient) = self.redeemed(link, &mut opening.redeemed).await {
                let path = format!("/visits/{}", link.visit);
                let arrived = patient.surely(|| patient.post(&format!("{path}/arrival")).form(&[("consent", "1")])).await;
                assert_eq!(arrived.status, StatusCode::OK, "{}", arrived.body);
                let admit = || self.post(&format!("{path}/admission"));
                self.stubbornly(&mut opening.admitted, &[StatusCode::OK], admit).await;
                // Whoever is not admitted cannot be sent home; the next visit needs a clinician who is free.
                let end = self.surely(|| self.post(&format!("{path}/end"))).await;
                assert!([StatusCode::OK, StatusCode::CONFLICT].contains(&end.status), "{}", end.body);
            }
            openings.push(opening);
        }
        openings
    }

    /// Two devices open a link at the same time. The one that was let in, if it heard so.
    async fn redeemed(&self, link: &super::Link, heard: &mut Heard) -> Option<Visitor> {
        let (mut one, mut other) = (Heard::default(), Heard::default());
        let (first, second) = join(self.redeems(link, &mut one), self.redeems(link, &mut other)).await;
        heard.add(one);
        heard.add(other);
        first.or(second)
    }

    async fn redeems(&self, link: &super::Link, heard: &mut Heard) -> Option<Visitor> {
        let device = self.town.stranger();
        let body = format!("{{\"token\":\"{}\",\"check\":\"{BORN}\"}}", link.token);
        let redeem = || device.post("/v/redemption").header("content-type", "application/json").body(body.clone());
        loop {
            match device.once(redeem).await {
                Some(answer) => {
                    assert_eq!(answer.status, StatusCode::OK, "the value is right: {}", answer.body);
                    heard.answer(answer.cookie.is_some());
                    return answer.cookie.map(|cookie| device.with(cookie));
                }
                None => heard.lost += 1,
            }
            if !self.town.now_and_then(75) {
                return None;
            }
        }
    }
}

impl Answer {
    /// The visit in the address that a booking leads to.
    fn led_to(&self) -> Option<VisitId> {
        let address = self.headers.get("location")?.to_str().unwrap();
        address.split('?').next().unwrap().rsplit('/').next().unwrap().parse().ok()
    }
}
