//! A visit as far as a request needs it, and what its people hold. Each stage is a new patient's visit, so that nothing that
//! was done on one counts on the next.

use super::rows::Case;
use super::visitors::Visitor;
use super::world::{Cookie, World};
use crate::on_db;
use crate::support::clinic::BORN;
use anteroom::appointments::{self, NewAppointment, Slot, TimeForm, VisitState};
use anteroom::audit::Context;
use anteroom::config::CheckPolicy;
use anteroom::crypto::{length_prefixed, sha256};
use anteroom::ids::{PatientId, RequestKey, VisitId};
use anteroom::links::{self, AnsweredBy, MintedLink, PatientVisit, cookie_name};
use anteroom::patients::{self, ContactChoices, Details, NewPatient};
use anteroom::records::emergency::{self, EmergencyForm, Opened};
use anteroom::rights::cases::CaseKind;
use anteroom::rights::incidents::{self, NewIncident};
use anteroom::rights::{disclosures, requests, retention};
use anteroom::secret::Secret;
use anteroom::staff::{self, Role};
use anteroom::text::Text;
use anteroom::time::{Millis, Timestamp};
use anteroom::waiting_room::rules::{self, Rule, Switch};
use anteroom::waiting_room::{self, Arrival, Identity, companion::Companion, consent};
use serde_json::json;
use std::collections::BTreeMap;
use std::rc::Rc;
use uuid::Uuid;

/// What a stage has beside the state of its visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// Another device asks to take the visit over.
    Asking,
    /// It was allowed to.
    Allowed,
    /// The link asks for a visit code.
    Code,
    /// Wrong tries have almost locked the visit's links: one more does.
    AlmostLocked,
    /// Wrong tries have locked the visit's links.
    Locked,
    /// Somebody is with the patient.
    Companion,
    /// The patient may show their screen.
    Sharing,
    /// And does.
    Shown,
    /// The patient has another visit with this clinician, at nine on the free day.
    Busy,
    /// The colleague's account is closed.
    ClosedAccount,
    /// The patient's request was answered.
    Answered,
}

pub struct Stage {
    /// What `{name}` stands for in addresses and bodies.
    pub facts: BTreeMap<&'static str, String>,
    pub cookies: BTreeMap<Visitor, Cookie>,
    /// What no answer may show to whoever may not see it: name, date of birth as it is written in pages, reason.
    pub canaries: [String; 3],
}

/// A visit under construction.
struct Making<'a, 'w> {
    world: &'a World<'w>,
    visit: VisitId,
    starts_at: Timestamp,
}

impl World<'_> {
    /// A request of the front desk, and one of the visit's clinician. Each is another.
    fn desk(&self) -> Context {
        self.test.by(self.staff(Visitor::Scheduler).id, Role::Scheduler)
    }

    fn officer(&self) -> Context {
        self.test.by(self.staff(Visitor::Compliance).id, Role::Compliance)
    }

    fn at_work(&self) -> Context {
        self.test.by(self.staff(Visitor::Clinician).id, Role::Clinician)
    }

    /// What a case needs: a new patient's visit that has come to its state, with all that people hold there. Cases that change
    /// nothing of it share one.
    pub async fn stage(&self, case: &Case) -> Rc<Stage> {
        let shares = case.keeps_stage && case.state == VisitState::Sent && case.with.is_empty() && !on_file(case);
        let stage = if shares { self.shared.get_or_init(|| self.make(case)).await.clone() } else { self.make(case).await };
        let _of_the_stage = self.new_events().await;
        stage
    }

    async fn make(&self, case: &Case) -> Rc<Stage> {
        let mut stage = self.visit(case.state, case.with, case.route.contains("/visits/")).await;
        if case.route.contains("/staff/") || case.route.contains("/set-password") {
            self.colleague(&mut stage, case.with).await;
        }
        if case.route.ends_with("review/{id}") {
            self.something_to_review(&mut stage).await;
        }
        if case.route.ends_with("/access-review") {
            self.accounts_shown(&mut stage).await;
        }
        if case.route.contains("/emergency/") {
            self.emergency(&mut stage).await;
        } else if on_file(case) {
            self.files(&mut stage, case.with).await;
        }
        Rc::new(stage)
    }

    /// An account that opened too many records.
    async fn something_to_review(&self, stage: &mut Stage) {
        let (app, id) = (&self.test.app, RequestKey::new(&self.test.app.rng).to_string());
        let item: Uuid = id.parse().unwrap();
        on_db!(self.test, pool => sqlx::query(
            "insert into review_item (id, once_key, rule, happened_at, found_at, event_id, number) values ($1, $2, 'many_records', $3, $3, $1, 31)")
            .bind(item).bind(&id).bind(app.now()).execute(pool).await.map(drop))
        .unwrap();
        stage.facts.insert("item", item.to_string());
    }

    /// The clinician has opened the patient's record in an emergency.
    async fn emergency(&self, stage: &mut Stage) {
        let app = &self.test.app;
        let form = EmergencyForm {
            request_key: RequestKey::new(&app.rng).to_string(),
            patient: stage.facts["name"].clone(),
            why: "Collapsed at home".to_owned(),
            ..EmergencyForm::default()
        };
        let asked = form.parse().unwrap();
        let Opened::As(id) = emergency::open(app, &self.at_work(), self.staff(Visitor::Clinician).id, &asked).await.unwrap() else {
            panic!("one patient has that name")
        };
        stage.facts.insert("emergency", id.to_string());
    }

    /// What the page of accounts says of them: a hash over their ids, roles and states.
    async fn accounts_shown(&self, stage: &mut Stage) {
        let rows: Vec<(Uuid, String, Option<i64>)> =
            on_db!(self.test, pool => sqlx::query_as("select id, role, disabled_at from staff").fetch_all(pool).await).unwrap();
        let line = |(id, role, disabled): &(Uuid, String, Option<i64>)| {
            let state: &[u8] = if disabled.is_some() { b"closed" } else { b"open" };
            length_prefixed(&[id.as_bytes(), role.as_bytes(), state])
        };
        let mut lines: Vec<Vec<u8>> = rows.iter().map(line).collect();
        lines.sort();
        stage.facts.insert("accounts", hex::encode(sha256(&lines.concat())));
    }

    /// `sent_away`: with a device that opened this visit before and was sent away; else it is one of another visit.
    pub async fn visit(&self, state: VisitState, with: &[With], sent_away: bool) -> Stage {
        let number = self.next_number();
        let app = &self.test.app;
        let clinician = self.staff(Visitor::Clinician).id;
        let name = format!("Quenby Canary-{number}-{}", &RequestKey::new(&app.rng).to_string()[..8]);
        let reason = format!("a rash like no other, the {number}th");
        let patient =
            patients::add(app, &self.desk(), NewPatient { request_key: RequestKey::new(&app.rng), details: details(self, &name) })
                .await
                .unwrap();
        // Five seconds each, so that hundreds fit into the hour in which a link may be opened.
        let starts_at = app.now() + Millis::minutes(-50) + Millis::seconds(5 * number);
        let slot = Slot { starts_at, ends_at: starts_at + Millis::seconds(5) };
        let new = NewAppointment {
            request_key: RequestKey::new(&app.rng),
            patient,
            clinician,
            slot,
            reason: Some(Secret::new(reason.clone())),
            check: CheckPolicy::default(),
        };
        let visit = appointments::book(app, &self.desk(), new).await.unwrap().id;
        let making = Making { world: self, visit, starts_at };
        let mut stage =
            Stage { facts: BTreeMap::new(), cookies: BTreeMap::new(), canaries: [name.clone(), "1961-03-09".to_owned(), reason] };
        stage.facts.extend([("visit", visit.to_string()), ("patient", patient.to_string()), ("name", name), ("born", BORN.to_owned())]);
        stage.facts.extend([
            ("was", slot.starts_at.0.to_string()),
            ("free_day", free_day(number)),
            ("unknown", VisitId::new(app.now(), &app.rng).to_string()),
        ]);
        stage.cookies.extend(self.devices.clone());
        if sent_away {
            making.send_somebody_away(&mut stage).await;
        }
        if with.contains(&With::Busy) {
            making.book_another(patient, &free_day(number)).await;
        }
        making.come_to(state, with, &mut stage).await;
        stage
    }

    /// An incident, a disclosure and a request that were written down just now.
    async fn files(&self, stage: &mut Stage, with: &[With]) {
        let (app, officer) = (&self.test.app, self.officer());
        let (today, key) = (app.config.clinic.zone.today(app.now()), || RequestKey::new(&app.rng));
        let patient = stage.facts["patient"].parse().unwrap();
        let new = NewIncident { what: "A lost phone".to_owned(), happened: today, discovered: today, request_key: key() };
        let incident = incidents::open(app, &officer, new).await.unwrap();
        let disclosure = json!({
            "on": today, "category": "accountable", "made_by": "clinic", "recipient_kind": "other", "recipient": "Registry",
            "address": null, "what": "Name", "purpose": "Report",
        });
        let disclosure = serde_json::from_value(disclosure).unwrap();
        let disclosure = disclosures::record(app, &officer, patient, key(), disclosure).await.unwrap();
        let request = requests::open(app, &officer, CaseKind::Accounting, patient, key(), today, "By letter".to_owned()).await.unwrap();
        if with.contains(&With::Answered) {
            let answer = requests::given(today, "Privacy officer".to_owned(), true, "<!doctype html>", true);
            requests::enter(app, &officer, request, 1, &answer).await.unwrap();
        }
        let copy = requests::open(app, &officer, CaseKind::RecordSet, patient, key(), today, "By letter".to_owned()).await.unwrap();
        let hold = retention::hold(app, &officer, Some(patient), key(), "Case 7".to_owned()).await.unwrap();
        stage.facts.extend([("copy", copy.to_string()), ("hold", hold.to_string())]);
        stage.facts.extend([("incident", incident.to_string()), ("disclosure", disclosure.to_string()), ("request", request.to_string())]);
    }

    /// An account that something may be done to.
    async fn colleague(&self, stage: &mut Stage, with: &[With]) {
        let app = &self.test.app;
        let colleague = self.test.member(Role::Clinician).await;
        let link = staff::password_link(app, &app.system(), colleague).await.unwrap();
        stage.facts.insert("password_code", after_hash(&link));
        stage.facts.insert("colleague", colleague.to_string());
        if with.contains(&With::ClosedAccount) {
            staff::disable(app, &app.system(), colleague).await.unwrap();
        }
    }
}

impl Making<'_, '_> {
    async fn send_somebody_away(&self, stage: &mut Stage) {
        let cookie = self.redeem(&self.link(stage).await).await;
        stage.cookies.insert(Visitor::EndedDevice, cookie);
        let clinician = self.world.staff(Visitor::Clinician).id;
        waiting_room::remove(&self.world.test.app, &self.world.at_work(), clinician, self.visit).await.unwrap();
    }

    async fn book_another(&self, patient: PatientId, day: &str) {
        let app = &self.world.test.app;
        let time = TimeForm { date: day.to_owned(), time: "09:00".to_owned(), minutes: "30".to_owned(), which: String::new() };
        let slot = time.parse(app.config.clinic.zone, app.now()).unwrap();
        let clinician = self.world.staff(Visitor::Clinician).id;
        let new = NewAppointment {
            request_key: RequestKey::new(&app.rng),
            patient,
            clinician,
            slot,
            reason: None,
            check: CheckPolicy::default(),
        };
        appointments::book(app, &self.world.desk(), new).await.unwrap();
    }

    async fn come_to(&self, state: VisitState, with: &[With], stage: &mut Stage) {
        use VisitState::{Cancelled, Checking, Ended, InCall, Redeemed, Waiting};
        let app = &self.world.test.app;
        let token = self.link(stage).await;
        if state == Cancelled {
            appointments::cancel(app, &self.world.desk(), self.visit, self.starts_at).await.unwrap();
        }
        if with.contains(&With::Locked) || with.contains(&With::AlmostLocked) {
            self.try_wrongly(with.contains(&With::Locked)).await;
        }
        if [Redeemed, Waiting, Checking, InCall, Ended].contains(&state) {
            let cookie = self.redeem(&token).await;
            stage.cookies.insert(Visitor::Device, cookie);
        }
        if [Waiting, Checking, InCall, Ended].contains(&state) {
            self.arrive(stage, with).await;
        }
        self.go_on(state).await;
        if with.contains(&With::Sharing) || with.contains(&With::Shown) {
            self.let_show_the_screen(stage, with.contains(&With::Shown)).await;
        }
        if with.contains(&With::Asking) || with.contains(&With::Allowed) {
            self.ask_to_move(&token, with.contains(&With::Allowed), stage).await;
        }
        if with.contains(&With::Code) {
            links::new_code(app, &self.world.desk(), self.visit).await.unwrap();
        }
    }

    /// A new link at the desk's word, and its code.
    async fn link(&self, stage: &mut Stage) -> String {
        let app = &self.world.test.app;
        let MintedLink { url, join_code, .. } = links::resend(app, &self.world.desk(), self.visit).await.unwrap();
        stage.facts.insert("code", join_code.reveal().clone());
        stage.facts.insert("token", after_hash(&url));
        after_hash(&url)
    }

    async fn redeem(&self, token: &str) -> Cookie {
        let body = json!({ "token": token, "check": BORN });
        let cookie = self.world.cookie_of("/v/redemption", &body).await;
        assert_eq!(cookie.name, cookie_name(self.visit));
        cookie
    }

    async fn arrive(&self, stage: &Stage, with: &[With]) {
        let (app, device) = (&self.world.test.app, self.device(stage).await);
        let companion = with.contains(&With::Companion).then(|| Companion::parse("Ana Canary", "child").unwrap().unwrap());
        waiting_room::arrive(app, &device, Arrival { consent: consent::Version::now(Text::of("en")), companion, relay: None })
            .await
            .unwrap();
    }

    async fn go_on(&self, state: VisitState) {
        use VisitState::{Checking, Ended, InCall};
        let (app, by, clinician) = (&self.world.test.app, &self.world.at_work(), self.world.staff(Visitor::Clinician).id);
        if [Checking, InCall, Ended].contains(&state) {
            waiting_room::admit(app, by, clinician, self.visit).await.unwrap();
        }
        if [InCall, Ended].contains(&state) {
            waiting_room::recognise(app, by, clinician, self.visit, Identity::Known).await.unwrap();
        }
        if state == Ended {
            waiting_room::end(app, by, clinician, self.visit).await.unwrap();
        }
    }

    async fn let_show_the_screen(&self, stage: &Stage, shown: bool) {
        let (app, clinician) = (&self.world.test.app, self.world.staff(Visitor::Clinician).id);
        rules::set(app, &self.world.at_work(), clinician, self.visit, Rule::Sharing, Switch::On).await.unwrap();
        if shown {
            rules::share(app, &self.device(stage).await, Switch::On).await.unwrap();
        }
    }

    async fn device(&self, stage: &Stage) -> PatientVisit {
        let app = &self.world.test.app;
        let mut reading = app.db.reading().await.unwrap();
        links::resume(&mut reading, app, &stage.cookies[&Visitor::Device].value, self.visit).await.unwrap().unwrap()
    }

    async fn ask_to_move(&self, token: &str, allowed: bool, stage: &mut Stage) {
        let app = &self.world.test.app;
        let cookie = self.world.cookie_of("/v/device-move", &json!({ "token": token, "check": BORN })).await;
        stage.cookies.insert(Visitor::AskingDevice, cookie);
        let mut reading = app.db.reading().await.unwrap();
        let asking = links::asking_device(&mut reading, self.visit, app.now()).await.unwrap().unwrap();
        drop(reading);
        stage.facts.insert("asking", asking.device.to_string());
        if allowed {
            let yes = serde_json::from_value(json!({ "device": asking.device, "answer": "yes" })).unwrap();
            links::answer_device_move(app, &self.world.desk(), self.visit, &yes, AnsweredBy::Scheduler).await.unwrap();
        }
    }

    /// As four wrong values do, or five; typed from here they would slow every later try of this address.
    async fn try_wrongly(&self, locked: bool) {
        let until = (self.world.test.app.now() + Millis::minutes(15)).0;
        let (failures, until) = if locked { (5, until.to_string()) } else { (4, "null".to_owned()) };
        let at = self.starts_at.0;
        let lock = format!("update visit set check_failures = {failures}, check_locked_until = {until} where starts_at = {at}");
        self.world.test.execute(&lock).await;
    }
}

/// Whether a case is about something that the compliance officer keeps.
fn on_file(case: &Case) -> bool {
    ["/incidents/", "/disclosures/", "/requests/", "/copies", "/holds/", "/emergency/"].iter().any(|path| case.route.contains(path))
}

fn details(world: &World<'_>, name: &str) -> Details {
    Details {
        name: Secret::new(name.to_owned()),
        date_of_birth: BORN.parse().unwrap(),
        email: Some(Secret::new(format!("{}@patient.example", name.replace(' ', ".")))),
        phone: Some(Secret::new("555 0142".to_owned())),
        record_number: None,
        zone: world.test.app.config.clinic.zone,
        language: "en".to_owned(),
        choices: ContactChoices { mail_allowed: true, reminders_allowed: true, times_agreed: true },
    }
}

fn after_hash(url: &Secret<String>) -> String {
    url.reveal().split_once('#').unwrap().1.to_owned()
}

/// A day in the next year on which nobody has anything yet: 9 o'clock is free.
fn free_day(number: i64) -> String {
    let first: chrono::NaiveDate = "2026-12-01".parse().unwrap();
    (first + chrono::Days::new(number.unsigned_abs())).to_string()
}
