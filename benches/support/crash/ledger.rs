//! What clients heard, and whether the database agrees.

use anteroom::app::App;
use anteroom::audit::{self, Filter};
use anteroom::db::Db;
use anteroom::ids::{PatientId, RequestKey, VisitId};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// How many events are read at once.
const PAGE: i64 = 2_000;

/// How one thing that a client wants was answered, however often it was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard {
    pub yes: u32,
    pub no: u32,
    /// Broken off: done or not.
    pub lost: u32,
}

impl Heard {
    pub fn answer(&mut self, yes: bool) {
        if yes { self.yes += 1 } else { self.no += 1 }
    }

    pub fn add(&mut self, other: Self) {
        (self.yes, self.no, self.lost) = (self.yes + other.yes, self.no + other.no, self.lost + other.lost);
    }

    /// How often something that happens once may have happened.
    fn once(self) -> RangeInclusive<i64> {
        match self {
            Self { yes: 1.., .. } => 1..=1,
            Self { lost: 1.., .. } => 0..=1,
            _ => 0..=0,
        }
    }

    /// How often something that happens each time may have happened.
    fn each(self) -> RangeInclusive<i64> {
        i64::from(self.yes)..=i64::from(self.yes + self.lost)
    }
}

/// A form that books, sent once or more with the same key, and the visits that its answers named.
#[derive(Debug, Clone)]
pub struct Booking {
    pub key: RequestKey,
    pub ids: Vec<VisitId>,
    pub heard: Heard,
}

/// A visit whose link two devices opened at the same time.
#[derive(Debug, Clone)]
pub struct Opening {
    pub visit: VisitId,
    pub redeemed: Heard,
    pub admitted: Heard,
}

impl Opening {
    pub fn of(visit: VisitId) -> Self {
        Self { visit, redeemed: Heard::default(), admitted: Heard::default() }
    }
}

/// A patient whose page was asked for.
#[derive(Debug, Clone)]
pub struct Reading {
    pub patient: PatientId,
    pub heard: Heard,
}

#[derive(Debug)]
pub struct Ledger {
    pub bookings: Vec<Booking>,
    pub openings: Vec<Opening>,
    pub readings: Vec<Reading>,
}

/// Ask for ids with a number each on whichever database it is.
macro_rules! numbers {
    ($app:expr, $question:literal) => {{
        let rows: Vec<(Uuid, i64)> = match &$app.db {
            Db::Sqlite { write, .. } => sqlx::query_as($question).fetch_all(write).await.unwrap(),
            Db::Postgres { write, .. } => sqlx::query_as($question).fetch_all(write).await.unwrap(),
        };
        rows.into_iter().collect::<HashMap<Uuid, i64>>()
    }};
}

impl Ledger {
    /// How many answers came, and how many were lost.
    pub fn answers(&self) -> (u32, u32) {
        let openings = self.openings.iter().flat_map(|opening| [opening.redeemed, opening.admitted]);
        let others = self.bookings.iter().map(|booking| booking.heard).chain(self.readings.iter().map(|reading| reading.heard));
        openings.chain(others).fold((0, 0), |(yes, lost), heard| (yes + heard.yes, lost + heard.lost))
    }

    /// How many entries the log has, and every promise that was broken.
    pub async fn compare(&self, app: &App) -> (usize, Vec<String>) {
        let (entries, mut broken) = Entries::read(app).await;
        self.compare_bookings(app, &entries, &mut broken).await;
        self.compare_openings(app, &entries, &mut broken).await;
        for reading in &self.readings {
            let read = entries.of("patient.read", reading.patient.0);
            expect(&mut broken, read, reading.heard.each(), || format!("entries of a read: {reading:?}"));
        }
        (entries.total, broken)
    }

    async fn compare_bookings(&self, app: &App, entries: &Entries, broken: &mut Vec<String>) {
        let visits = numbers!(app, "select id, count(*) from visit group by id");
        let links = numbers!(app, "select visit_id, count(*) from visit_link group by visit_id");
        let overlapping = numbers!(
            app,
            "select one.id, count(*) from visit one join visit other on other.id <> one.id and other.clinician_id = one.clinician_id
             and other.starts_at < one.ends_at and other.ends_at > one.starts_at group by one.id"
        );
        broken.extend(overlapping.keys().map(|id| format!("overlaps with another: {id}")));
        for id in visits.keys() {
            expect(broken, entries.of("visit.booked", *id), 1..=1, || format!("entries of the visit {id}"));
            let (made, told) = (links.get(id).copied().unwrap_or(0), entries.of("link.created", *id).max(1));
            expect(broken, made, told..=told, || format!("links of the visit {id}"));
        }
        for id in entries.kind("visit.booked").filter(|id| !visits.contains_key(id)) {
            broken.push(format!("in the log only: visit {id}"));
        }
        for booking in &self.bookings {
            let booked = self.booked(app, booking).await;
            let count = i64::try_from(booked.len()).unwrap();
            expect(broken, count, booking.heard.once(), || format!("visits of a form: {booking:?}"));
            if booking.ids.iter().any(|id| !booked.contains(&id.0)) {
                broken.push(format!("the form has booked {booked:?}, and answers named others: {booking:?}"));
            }
        }
    }

    /// The visits with the key of that form.
    async fn booked(&self, app: &App, booking: &Booking) -> Vec<Uuid> {
        let question = "select id from visit where request_key = $1";
        match &app.db {
            Db::Sqlite { write, .. } => sqlx::query_scalar(question).bind(&booking.key).fetch_all(write).await,
            Db::Postgres { write, .. } => sqlx::query_scalar(question).bind(&booking.key).fetch_all(write).await,
        }
        .unwrap()
    }

    async fn compare_openings(&self, app: &App, entries: &Entries, broken: &mut Vec<String>) {
        let devices = numbers!(app, "select visit_id, count(*) from visit_device group by visit_id");
        let open = numbers!(app, "select id, count(*) from visit where redeemed_at is not null group by id");
        let voided =
            numbers!(app, "select visit_id, count(distinct visit_id) from visit_link where voided_why = 'redeemed' group by visit_id");
        let ended = numbers!(app, "select id, count(*) from visit where state = 'ended' group by id");
        let of = |counts: &HashMap<Uuid, i64>, id: Uuid| counts.get(&id).copied().unwrap_or(0);
        for opening in &self.openings {
            let id = opening.visit.0;
            let told = || format!("{opening:?}");
            let redeemed = entries.of("link.redeemed", id);
            expect(broken, redeemed, opening.redeemed.once(), || format!("redemptions: {}", told()));
            if opening.redeemed.yes > 1 {
                broken.push(format!("two devices were let in: {}", told()));
            }
            for (what, count) in [("devices", of(&devices, id)), ("visits", of(&open, id)), ("links", of(&voided, id))] {
                expect(broken, count, redeemed..=redeemed, || format!("{what} for {redeemed} redemptions: {}", told()));
            }
            let admitted = entries.of("visit.admitted", id);
            expect(broken, admitted, opening.admitted.once(), || format!("admissions: {}", told()));
            for (what, count) in [("ended", of(&ended, id)), ("entries of an end", entries.of("visit.ended", id))] {
                expect(broken, count, admitted..=admitted, || format!("{what} for {admitted} admissions: {}", told()));
            }
        }
    }
}

fn expect(broken: &mut Vec<String>, count: i64, allowed: RangeInclusive<i64>, what: impl FnOnce() -> String) {
    if !allowed.contains(&count) {
        broken.push(format!("{count} instead of {allowed:?} {}", what()));
    }
}

/// How often the log says that each thing was done, by its kind and object.
struct Entries {
    counts: HashMap<(String, Uuid), i64>,
    total: usize,
}

impl Entries {
    /// All entries. Those that do not open are broken promises.
    async fn read(app: &App) -> (Self, Vec<String>) {
        let (mut entries, mut broken) = (Self { counts: HashMap::new(), total: 0 }, Vec::new());
        let (mut tx, mut after) = (app.db.reading().await.unwrap(), None);
        loop {
            let page = audit::oldest_first(&mut tx, &Filter::default(), after, PAGE).await.unwrap();
            let Some(last) = page.last() else { return (entries, broken) };
            after = Some((last.recorded_at, last.id));
            for event in &page {
                match app.log.payload(event) {
                    Some(payload) => entries.count(&serde_json::from_str(&payload).unwrap()),
                    None => broken.push(format!("an entry does not open: {}", event.id)),
                }
            }
        }
    }

    fn count(&mut self, event: &Value) {
        self.total += 1;
        let object = event["object"]["id"].as_str().filter(|_| event["outcome"] == "success");
        if let Some(object) = object {
            *self.counts.entry((event["kind"].as_str().unwrap().to_owned(), object.parse().unwrap())).or_default() += 1;
        }
    }

    fn of(&self, kind: &str, object: Uuid) -> i64 {
        self.counts.get(&(kind.to_owned(), object)).copied().unwrap_or(0)
    }

    fn kind(&self, kind: &str) -> impl Iterator<Item = Uuid> {
        self.counts.keys().filter(move |(what, _)| what == kind).map(|(_, object)| *object)
    }
}
