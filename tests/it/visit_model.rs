//! Random lives of two visits against a small model of one (TST-05).
//!
//! A story is a list of acts in any order: of a patient with two devices, of the visit's clinician, of a colleague, of the front
//! desk, and of time. After each act the database and the log are compared with what the model says, and with promises that hold
//! whatever the model says. A story that fails is made shorter, and its acts are printed. The rooms in memory stand still: what
//! they do by themselves after two minutes has a test of its own in `waiting_room.rs`.

use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::guest::{BORN, slot};
use anteroom::appointments::VisitState::{self, Booked, Cancelled, Checking, Ended, InCall, NoShow, Redeemed, Sent, Waiting};
use anteroom::appointments::{self, BookError};
use anteroom::audit::search::Direction;
use anteroom::audit::{self, Context, Filter};
use anteroom::ids::{DeviceId, EventId, StaffId, StaffSessionId, VisitId};
use anteroom::links;
use anteroom::staff::Role;
use anteroom::text::Text;
use anteroom::time::{Millis, Timestamp};
use anteroom::waiting_room::{self, Identity, Seat, Standing, consent};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;
use std::fmt::Debug;
use uuid::Uuid;

/// Stories for each database. More: rarer orders are met. Fewer: the test stays under twenty seconds.
const STORIES: u32 = 40;
const ACTS: std::ops::RangeInclusive<usize> = 20..=50;

const MINUTE: Millis = Millis::minutes(1);
/// When a link opens and closes around its visit, and how long a session outlives the planned and the actual end.
const OPENS_BEFORE: Millis = Millis::minutes(30);
const CLOSES_AFTER: Millis = Millis::minutes(60);
const AFTER_ENDED: Millis = Millis::minutes(10);

// What may happen ------------------------------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Whatever leads on from where the visit stands: without it few stories would ever come to a call.
    Onward,
    /// The same once more, as a hand does that presses twice.
    Again,
    /// A device opens a link with the right date of birth: the newest link, or the first there was.
    Redeem {
        device: usize,
        newest: bool,
    },
    Arrive {
        device: usize,
    },
    Leave {
        device: usize,
    },
    /// A step of the visit's clinician, or of a colleague who may not.
    Step {
        step: Step,
        colleague: bool,
    },
    Cancel,
    Move,
    Resend,
    Pass {
        minutes: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Admit,
    Hold,
    PutBack,
    Known,
    NotThem,
    Remove,
    Report,
    End,
    NoShow,
}

const STEPS: [Step; 9] =
    [Step::Admit, Step::Hold, Step::PutBack, Step::Known, Step::NotThem, Step::Remove, Step::Report, Step::End, Step::NoShow];

/// An act on the first or the second visit. Many of the acts lead on, and who waits is often
/// asked to hold, which is possible in one state only.
fn any_act() -> impl Strategy<Value = (usize, Act)> {
    let device = || 0..2usize;
    let act = prop_oneof![
        14 => Just(Act::Onward),
        5 => Just(Act::Again),
        2 => (device(), any::<bool>()).prop_map(|(device, newest)| Act::Redeem { device, newest }),
        2 => device().prop_map(|device| Act::Arrive { device }),
        3 => device().prop_map(|device| Act::Leave { device }),
        3 => Just(Act::Step { step: Step::Hold, colleague: false }),
        14 => (0..STEPS.len(), weighted(0.1)).prop_map(|(step, colleague)| Act::Step { step: STEPS[step], colleague }),
        1 => Just(Act::Cancel),
        1 => Just(Act::Move),
        1 => Just(Act::Resend),
        1 => (1..90i64).prop_map(|minutes| Act::Pass { minutes }),
    ];
    (0..2usize, act)
}

// What should come of it -----------------------------------------------------------------------------------------------

/// A visit as the model sees it.
#[derive(Debug, Clone)]
struct Model {
    state: VisitState,
    starts_at: Timestamp,
    ended_at: Option<Timestamp>,
    held: bool,
    left: bool,
    consented: bool,
    /// The clinician found somebody else behind the patient's link, and nobody has sent a new one since.
    wrong_person: bool,
    /// Which of the links that were handed out still opens; the newest is the last.
    links: Vec<bool>,
    /// The device whose session nobody ended. Time may have.
    device: Option<usize>,
    /// Which devices ever had a session.
    had: [bool; 2],
}

/// Kinds and outcomes of events, in the order of the alphabet.
type Told = Vec<(&'static str, &'static str)>;

const DONE: &str = "success";
const REFUSED: &str = "refused";

impl Model {
    fn ends_at(&self) -> Timestamp {
        slot(self.starts_at).ends_at
    }

    fn in_call(&self) -> bool {
        matches!(self.state, Checking | InCall)
    }

    fn may_change(&self) -> bool {
        !matches!(self.state, Checking | InCall | Ended | Cancelled)
    }

    fn lives(&self, device: usize, now: Timestamp) -> bool {
        let planned = self.ends_at() + CLOSES_AFTER;
        let until = self.ended_at.map_or(planned, |ended_at| planned.max(ended_at + AFTER_ENDED));
        self.device == Some(device) && (matches!(self.state, Waiting | Checking | InCall) || now < until)
    }

    /// The act that leads on.
    fn onward(&self, now: Timestamp) -> Act {
        let opens_at = self.starts_at - OPENS_BEFORE;
        let device = self.device.unwrap_or(0);
        match self.state {
            Booked | Sent if now < opens_at => Act::Pass { minutes: (opens_at - now).0 / MINUTE.0 + 1 },
            Booked | Sent if now >= self.ends_at() + CLOSES_AFTER => Act::Move,
            Booked | Sent if self.links.last() != Some(&true) => Act::Resend,
            Booked | Sent => Act::Redeem { device, newest: true },
            Redeemed => Act::Arrive { device },
            Waiting => Act::Step { step: Step::Admit, colleague: false },
            Checking => Act::Step { step: Step::Known, colleague: false },
            InCall if self.left => Act::Arrive { device },
            InCall => Act::Leave { device },
            NoShow => Act::Move,
            Ended | Cancelled => Act::Arrive { device },
        }
    }

    /// Do the act. What the log should say of it.
    fn act(&mut self, act: Act, now: Timestamp, later: Timestamp) -> Told {
        let mut told = match act {
            Act::Onward | Act::Again => unreachable!("it was taken for what it stands for"),
            Act::Redeem { device, newest } => self.redeem(device, newest, now),
            Act::Arrive { device } => self.arrive(device, now),
            Act::Leave { device } => self.leave(device, now),
            Act::Step { step, colleague: true } => vec![(kind_of(step), REFUSED)],
            Act::Step { step, colleague: false } => self.step(step, now),
            Act::Cancel if self.state == Cancelled => Vec::new(),
            Act::Cancel if self.may_change() => {
                self.close_door(Cancelled);
                vec![("visit.cancelled", DONE)]
            }
            Act::Cancel => vec![("visit.cancelled", REFUSED)],
            Act::Move if self.may_change() => {
                self.close_door(Booked);
                (self.starts_at, self.left, self.ended_at, self.wrong_person) = (later, false, None, false);
                vec![("visit.moved", DONE)]
            }
            Act::Move => vec![("visit.moved", REFUSED)],
            Act::Resend => {
                if self.may_be_sent_a_link(now) {
                    self.links.fill(false);
                    self.links.push(true);
                    self.wrong_person = false;
                }
                Vec::new()
            }
            Act::Pass { .. } => Vec::new(),
        };
        told.sort_unstable();
        told
    }

    fn may_be_sent_a_link(&self, now: Timestamp) -> bool {
        !matches!(self.state, Ended | Cancelled | NoShow) && now < self.ends_at() + CLOSES_AFTER
    }

    fn redeem(&mut self, device: usize, newest: bool, now: Timestamp) -> Told {
        if self.lives(device, now) && !matches!(self.state, Ended | Cancelled | NoShow) {
            return vec![("link.checked", DONE), ("link.resumed", DONE)];
        }
        let opens = if newest { self.links.last() } else { self.links.first() } == Some(&true);
        let in_time = now >= self.starts_at - OPENS_BEFORE && now < self.ends_at() + CLOSES_AFTER;
        if !opens || !in_time || !matches!(self.state, Booked | Sent) {
            return vec![("link.checked", REFUSED)];
        }
        self.links.fill(false);
        (self.state, self.device, self.had[device]) = (Redeemed, Some(device), true);
        vec![("link.checked", DONE), ("link.redeemed", DONE)]
    }

    fn arrive(&mut self, device: usize, now: Timestamp) -> Told {
        if !self.lives(device, now) {
            return self.turned_away(device);
        }
        let mut told = if self.consented { Vec::new() } else { vec![("consent.recorded", DONE)] };
        match self.state {
            Redeemed => (self.state, self.held) = (Waiting, false),
            Checking | InCall if self.left => {}
            Waiting | Checking | InCall => return told,
            _ => return vec![("visit.waiting", REFUSED)],
        }
        (self.left, self.consented) = (false, true);
        told.push(("visit.waiting", DONE));
        told
    }

    fn leave(&mut self, device: usize, now: Timestamp) -> Told {
        if !self.lives(device, now) {
            return self.turned_away(device);
        }
        match self.state {
            Waiting => (self.state, self.held) = (Redeemed, false),
            Checking | InCall if !self.left => {}
            _ => return Vec::new(),
        }
        self.left = true;
        vec![("visit.left", DONE)]
    }

    /// A browser without a cookie is nobody; one whose session is over is turned away, and that is an event.
    fn turned_away(&self, device: usize) -> Told {
        if self.had[device] { vec![("request.refused", REFUSED)] } else { Vec::new() }
    }

    fn step(&mut self, step: Step, now: Timestamp) -> Told {
        let before = self.state;
        match (step, before) {
            (Step::Admit, Waiting) => (self.state, self.held) = (Checking, false),
            (Step::Admit, Checking | InCall) => return Vec::new(),
            (Step::Hold, Waiting) if !self.held => self.held = true,
            (Step::PutBack, Checking | InCall) => (self.state, self.left) = (Waiting, false),
            (Step::Known, Checking) => self.state = InCall,
            (Step::NotThem, Checking) => (self.state, self.left, self.held) = (Waiting, false, true),
            (Step::Remove | Step::Report, Redeemed | Waiting | Checking | InCall) => {
                self.close_door(Sent);
                self.left = false;
                self.wrong_person = step == Step::Report;
            }
            (Step::End, Checking | InCall) => (self.state, self.ended_at) = (Ended, Some(now)),
            (Step::NoShow, Booked | Sent | Redeemed) if self.starts_at <= now => (self.state, self.ended_at) = (NoShow, Some(now)),
            _ => return vec![(kind_of(step), REFUSED)],
        }
        match step {
            Step::Report => vec![("identity.recorded", DONE), ("incident.reported", DONE), ("visit.removed", DONE)],
            _ => vec![(kind_of(step), DONE)],
        }
    }

    fn close_door(&mut self, state: VisitState) {
        (self.state, self.device, self.held) = (state, None, false);
        self.links.fill(false);
    }
}

fn kind_of(step: Step) -> &'static str {
    match step {
        Step::Admit => "visit.admitted",
        Step::Hold => "visit.held",
        Step::PutBack => "visit.put_back",
        Step::Known | Step::NotThem => "identity.recorded",
        Step::Remove => "visit.removed",
        Step::Report => "incident.reported",
        Step::End => "visit.ended",
        Step::NoShow => "visit.no_show",
    }
}

/// The kinds of events that the model speaks of. Every step of a visit has one of its own.
const SPOKEN_OF: [&str; 18] = [
    "link.checked",
    "link.redeemed",
    "link.resumed",
    "request.refused",
    "visit.waiting",
    "visit.left",
    "visit.held",
    "visit.admitted",
    "visit.admission_lapsed",
    "visit.put_back",
    "visit.removed",
    "visit.no_show",
    "visit.ended",
    "visit.cancelled",
    "visit.moved",
    "identity.recorded",
    "incident.reported",
    "consent.recorded",
];

/// The only ways from one state to another. Nothing leaves an ended or a cancelled visit; the front desk may give who did not
/// come another time, or call the visit off.
fn in_order(from: VisitState, to: VisitState) -> bool {
    match from {
        Booked | Sent => matches!(to, Redeemed | NoShow | Booked | Cancelled),
        Redeemed => matches!(to, Waiting | Sent | NoShow | Booked | Cancelled),
        Waiting => matches!(to, Redeemed | Checking | Sent | Booked | Cancelled),
        Checking => matches!(to, Waiting | InCall | Sent | Ended),
        InCall => matches!(to, Waiting | Sent | Ended),
        NoShow => matches!(to, Booked | Cancelled),
        Ended | Cancelled => false,
    }
}

// What comes of it ----------------------------------------------------------------------------------------------------

/// Two visits of one clinician, each with a patient and two devices of theirs.
struct Story<'a> {
    app: &'a TestApp,
    clinician: StaffId,
    colleague: StaffId,
    desk: Context,
    visits: [Life; 2],
    /// The last event that was read.
    read_until: (Timestamp, EventId),
}

struct Life {
    id: VisitId,
    model: Model,
    devices: [Browser; 2],
    /// Every device that ever had a session, newest last.
    known: Vec<(usize, DeviceId)>,
    tokens: Vec<String>,
    /// What was done last.
    last: Option<Act>,
}

impl Story<'_> {
    async fn begin(app: &TestApp) -> Story<'_> {
        let (desk, clinician, colleague) =
            (app.member(Role::Scheduler).await, app.member(Role::Clinician).await, app.member(Role::Clinician).await);
        let desk = app.by(desk, Role::Scheduler);
        let visits = [life(app, &desk, clinician, 0).await, life(app, &desk, clinician, 1).await];
        let mut tx = app.app.db.reading().await.unwrap();
        let newest = audit::search::in_time(&mut tx, &Filter::default(), Direction::Down, None, 1).await.unwrap();
        Story { app, clinician, colleague, desk, visits, read_until: (newest[0].recorded_at, newest[0].id) }
    }

    async fn act(&mut self, which: usize, act: Act) -> Result<(), TestCaseError> {
        let now = self.app.app.now();
        let life = &mut self.visits[which];
        let act = match act {
            Act::Onward => life.model.onward(now),
            Act::Again => life.last.unwrap_or_else(|| life.model.onward(now)),
            other => other,
        };
        life.last = Some(act);
        let done = self.act_and_compare(which, act, now).await;
        done.map_err(|broken| TestCaseError::fail(format!("visit {which}, {act:?}: {broken}")))
    }

    async fn act_and_compare(&mut self, which: usize, act: Act, now: Timestamp) -> Result<(), TestCaseError> {
        let (before, beside) = (self.standing(which).await, self.standing(1 - which).await);
        let expected = self.visits[which].model.act(act, now, free_slot(now, which));
        self.perform(which, act).await;
        let after = self.standing(which).await;
        let model = &self.visits[which].model;
        same("state", &after.state, &model.state)?;
        same("held and left", &(after.held_at.is_some(), after.left_at.is_some()), &(model.held, model.left))?;
        same("trouble", &after.link_trouble.as_deref(), &model.wrong_person.then_some("wrong_person"))?;
        let told = self.news(which).await?;
        same("events", &told, &expected)?;
        holds("a refused act changes nothing", !told.iter().any(|(_, outcome)| *outcome == REFUSED) || before == after)?;
        holds("steps go in order", before.state == after.state || in_order(before.state, after.state))?;
        // A new link has events of its own, of which the model does not speak.
        let looked_after = matches!(act, Act::Resend) && before.link_trouble.is_some();
        holds("no step without an event of its own", before == after || looked_after || told.iter().any(|(_, outcome)| *outcome == DONE))?;
        holds("the version rises with every change", before == after || after.version > before.version)?;
        same("the other visit", &self.standing(1 - which).await, &beside)?;
        self.devices_and_signalling(which, &after).await
    }

    async fn perform(&mut self, which: usize, act: Act) {
        let (app, life) = (&self.app.app, &mut self.visits[which]);
        let path = |step: &str| format!("/visits/{}/{step}", life.id);
        match act {
            Act::Onward | Act::Again => unreachable!("it was taken for what it stands for"),
            Act::Redeem { device, newest } => {
                let token = if newest { life.tokens.last() } else { life.tokens.first() };
                let body = json!({ "token": token, "check": BORN });
                life.devices[device].json("/v/redemption", &body).await;
                let mut tx = app.db.reading().await.unwrap();
                let session = life.devices[device].session();
                if let Some(visit) = links::resume(&mut tx, app, &session, life.id).await.unwrap()
                    && life.known.last() != Some(&(device, visit.device))
                {
                    life.known.push((device, visit.device));
                }
            }
            Act::Arrive { device } => {
                let version = consent::Version::now(Text::of("en")).number().to_string();
                life.devices[device].post(&path("arrival"), &[("consent", &version)]).await;
            }
            Act::Leave { device } => drop(life.devices[device].post(&path("departure"), &[]).await),
            Act::Step { step, colleague } => {
                let by = if colleague { self.colleague } else { self.clinician };
                self.step(which, step, by).await;
            }
            Act::Cancel => ignore_refusal(appointments::cancel(app, &self.desk, life.id, self.standing(which).await.starts_at).await),
            Act::Move => {
                let (was, slot) = (self.standing(which).await.starts_at, slot(free_slot(app.now(), which)));
                ignore_refusal(appointments::move_to(app, &self.desk, self.visits[which].id, was, slot).await);
            }
            Act::Resend => life.tokens.extend(self.app.handed_link(&self.desk, life.id).await),
            Act::Pass { minutes } => self.app.clock.advance(Millis::minutes(minutes)),
        }
    }

    async fn step(&self, which: usize, step: Step, by: StaffId) {
        let (app, visit) = (&self.app.app, self.visits[which].id);
        let context = self.app.by(by, Role::Clinician);
        let refused_or_not = match step {
            Step::Admit => waiting_room::admit(app, &context, by, visit).await,
            Step::Hold => waiting_room::hold(app, &context, by, visit).await,
            Step::PutBack => waiting_room::put_back(app, &context, by, visit).await,
            Step::Known => waiting_room::recognise(app, &context, by, visit, Identity::Known).await,
            Step::NotThem => waiting_room::recognise(app, &context, by, visit, Identity::NotThisPerson).await,
            Step::Remove => waiting_room::remove(app, &context, by, visit).await,
            Step::Report => waiting_room::report_wrong_person(app, &context, by, visit).await,
            Step::End => waiting_room::end(app, &context, by, visit).await,
            Step::NoShow => waiting_room::no_show(app, &context, by, visit).await,
        };
        // Which of the two it was, its event says.
        drop(refused_or_not);
    }

    /// What the log says since it was read last, all of it about this visit.
    async fn news(&mut self, which: usize) -> Result<Told, TestCaseError> {
        let mut tx = self.app.app.db.reading().await.unwrap();
        let events = audit::oldest_first(&mut tx, &Filter::default(), Some(self.read_until), 1_000).await.unwrap();
        drop(tx);
        if let Some(last) = events.last() {
            self.read_until = (last.recorded_at, last.id);
        }
        let mut told = Vec::new();
        for event in events {
            let Some(kind) = SPOKEN_OF.into_iter().find(|kind| *kind == event.kind) else { continue };
            let payload: serde_json::Value = serde_json::from_str(&self.app.app.log.payload(&event).unwrap()).unwrap();
            same("the object of an event", &payload["object"]["id"], &json!(self.visits[which].id))?;
            told.push((kind, [DONE, REFUSED].into_iter().find(|outcome| *outcome == event.outcome).unwrap_or("failed")));
        }
        told.sort_unstable();
        Ok(told)
    }

    async fn devices_and_signalling(&self, which: usize, standing: &Standing) -> Result<(), TestCaseError> {
        let life = &self.visits[which];
        let sessions = format!("select count(*) from visit_device where ended_at is null and visit_id = {}", literal(self.app, life.id));
        same("devices with a session", &self.app.number(&sessions).await, &i64::from(life.model.device.is_some()))?;
        let mut tx = self.app.app.db.reading().await.unwrap();
        let newest = life.known.len().checked_sub(1);
        for (at, (device, id)) in life.known.iter().enumerate() {
            let passes = waiting_room::admitted(&mut tx, life.id, &Seat::Patient { device: *id }).await.unwrap().is_some();
            let may = life.model.in_call() && Some(at) == newest && life.model.device == Some(*device);
            same("whether a patient's frame passes", &passes, &may)?;
        }
        for (staff, own) in [(self.clinician, true), (self.colleague, false)] {
            let seat = Seat::Clinician { staff, session: StaffSessionId(Uuid::nil()) };
            let passes = waiting_room::admitted(&mut tx, life.id, &seat).await.unwrap().is_some();
            same("whether a clinician's frame passes", &passes, &(own && life.model.in_call()))?;
        }
        holds(
            "an admission is of a device or there is none",
            standing.admitted() == standing.admitted_device.is_some() || standing.state == Ended,
        )
    }

    async fn standing(&self, which: usize) -> Standing {
        let mut tx = self.app.app.db.reading().await.unwrap();
        waiting_room::standing(&mut tx, self.visits[which].id).await.unwrap().unwrap()
    }
}

fn same<A: PartialEq<B> + Debug + ?Sized, B: Debug + ?Sized>(what: &str, is: &A, should: &B) -> Result<(), TestCaseError> {
    if is == should { Ok(()) } else { Err(TestCaseError::fail(format!("{what}: {is:?}, and should be {should:?}"))) }
}

fn holds(promise: &str, kept: bool) -> Result<(), TestCaseError> {
    if kept { Ok(()) } else { Err(TestCaseError::fail(format!("broken: {promise}"))) }
}

/// What was refused is in the log; anything else has gone wrong.
fn ignore_refusal(done: Result<(), BookError>) {
    assert!(matches!(done, Ok(()) | Err(BookError::Changed)), "{done:?}");
}

/// A start that is in nobody's way: the two visits of a story take turns in the half hours ahead.
fn free_slot(now: Timestamp, which: usize) -> Timestamp {
    let hour = Millis::hours(1).0;
    let next = now.0 - now.0.rem_euclid(hour) + hour;
    Timestamp(next) + Millis::minutes(30 * which as i64)
}

/// A visit that begins soon, with a link that was handed over.
async fn life(app: &TestApp, desk: &Context, clinician: StaffId, which: usize) -> Life {
    let starts_at = free_slot(app.app.now(), which);
    let id = app.unmailed_visit(desk, clinician, slot(starts_at)).await;
    let tokens = app.handed_link(desk, id).await.into_iter().collect();
    let model = Model {
        state: Booked,
        starts_at,
        ended_at: None,
        held: false,
        left: false,
        consented: false,
        wrong_person: false,
        links: vec![true],
        device: None,
        had: [false; 2],
    };
    Life { id, model, devices: [app.browser(), app.browser()], known: Vec::new(), tokens, last: None }
}

/// An id as a statement by hand spells it.
fn literal(app: &TestApp, id: VisitId) -> String {
    match &app.app.db {
        anteroom::db::Db::Sqlite { .. } => format!("x'{}'", hex::encode(id.0.as_bytes())),
        anteroom::db::Db::Postgres { .. } => format!("'{id}'"),
    }
}

/// A model that is never led anywhere proves nothing: the stories came to everything that it speaks of.
async fn every_kind_was_met(app: &TestApp) {
    let log = app.log().await;
    for kind in SPOKEN_OF.into_iter().filter(|kind| !["visit.admission_lapsed", "request.refused"].contains(kind)) {
        assert!(log.iter().any(|event| event["kind"] == kind && event["outcome"] == DONE), "no story came to {kind}");
    }
}

mod random_acts_keep_the_promises_of_a_visit {
    use super::*;

    fn stories(app: impl Future<Output = TestApp>) {
        let system = actix_web::rt::System::new();
        let app = system.block_on(app);
        system.block_on(async { app.still_rooms() });
        let config = Config { cases: STORIES, failure_persistence: None, ..Config::default() };
        let told = TestRunner::new(config).run(&vec(any_act(), ACTS), |acts| {
            system.block_on(async {
                let mut story = Story::begin(&app).await;
                // The visits begin in the hour ahead: some stories start before their links open.
                app.clock.advance(MINUTE);
                for (which, act) in acts {
                    story.act(which, act).await?;
                }
                Ok(())
            })
        });
        told.unwrap_or_else(|broken| panic!("{broken}"));
        system.block_on(every_kind_was_met(&app));
        system.block_on(app.finish());
    }

    #[test]
    fn sqlite() {
        stories(TestApp::sqlite());
    }

    #[test]
    fn postgres() {
        stories(TestApp::postgres());
    }
}
