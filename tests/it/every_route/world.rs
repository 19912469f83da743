//! One clinic for all rows: the people who work there, signed in, and a way to send what a row says as any visitor would.

use super::rows::{Case, Sends};
use super::stage::Stage;
use super::visitors::{From, Visitor};
use crate::support::TestApp;
use crate::support::browser::{Browser, PASSWORD};
use anteroom::appointments::VisitState;
use anteroom::crypto::Rng;
use anteroom::ids::{EventId, RequestKey};
use anteroom::patients::{self, NewPatient, PatientForm};
use anteroom::staff::{self, Role, Sight};
use anteroom::time::{Millis, Timestamp};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::OnceCell;

const TAKEN: &str = "R-1001";

/// What a visitor's browser sends along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
}

pub struct World<'a> {
    pub test: &'a TestApp,
    http: Client,
    staff: BTreeMap<Visitor, Browser>,
    /// Devices of other visits than the one of a stage: one that opened its visit, and one that was sent away from it.
    pub devices: BTreeMap<Visitor, Cookie>,
    pub shared: OnceCell<Rc<Stage>>,
    stages: AtomicI64,
    /// The last event that was looked at.
    seen: Mutex<Option<(Timestamp, EventId)>>,
}

impl<'a> World<'a> {
    pub async fn new(test: &'a TestApp) -> Self {
        let mut staff = BTreeMap::new();
        for visitor in Visitor::STAFF {
            staff.insert(visitor, test.staff(role(visitor)).await);
        }
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut world = Self {
            test,
            http,
            staff,
            devices: BTreeMap::new(),
            shared: OnceCell::new(),
            stages: AtomicI64::new(1),
            seen: Mutex::default(),
        };
        world.numbered_patient().await;
        let other = world.visit(VisitState::Waiting, &[], true).await.cookies;
        world.devices.insert(Visitor::OtherDevice, other[&Visitor::Device].clone());
        world.devices.insert(Visitor::EndedDevice, other[&Visitor::EndedDevice].clone());
        world
    }

    /// The patient who has the record number that rows call `{taken}`.
    async fn numbered_patient(&self) {
        let form = PatientForm {
            name: "Somebody Else".to_owned(),
            date_of_birth: "1950-05-05".to_owned(),
            record_number: TAKEN.to_owned(),
            zone: "America/New_York".to_owned(),
            language: "en".to_owned(),
            ..PatientForm::default()
        };
        let details = form.parse(self.test.app.config.clinic.zone.today(self.test.app.now())).unwrap();
        let new = NewPatient { request_key: RequestKey::new(&self.test.app.rng), details };
        patients::add(&self.test.app, &self.test.app.system(), new).await.unwrap();
    }

    pub fn staff(&self, visitor: Visitor) -> &Browser {
        &self.staff[&visitor]
    }

    pub fn next_number(&self) -> i64 {
        self.stages.fetch_add(1, Ordering::Relaxed)
    }

    /// Sign in again whoever was signed out by what a row did.
    pub async fn renew(&self) {
        for browser in self.staff.values() {
            if staff::resume(&self.test.app, &browser.session(), Sight::Look).await.unwrap().is_none() {
                assert_eq!(browser.sign_in(PASSWORD).await.status().as_u16(), 303);
            }
        }
        let _of_signing_in = self.new_events().await;
    }

    /// Whether there is such a visitor on this stage.
    pub fn is_there(&self, visitor: Visitor, stage: &Stage) -> bool {
        visitor == Visitor::Nobody || self.cookie(visitor, stage).is_some()
    }

    fn cookie(&self, visitor: Visitor, stage: &Stage) -> Option<Cookie> {
        match self.staff.get(&visitor) {
            Some(browser) => Some(Cookie { name: staff::COOKIE.to_owned(), value: browser.session() }),
            None => stage.cookies.get(&visitor).cloned(),
        }
    }

    /// Send what a case says.
    pub async fn send(&self, case: &Case, stage: &Stage, visitor: Visitor, from: From) -> Response {
        let (method, _) = case.route.split_once(' ').unwrap();
        self.send_as(Method::from_bytes(method.as_bytes()).unwrap(), case, stage, visitor, from).await
    }

    /// The same with another method.
    pub async fn send_as(&self, method: Method, case: &Case, stage: &Stage, visitor: Visitor, from: From) -> Response {
        // No two events in one millisecond: they sort as they were written.
        self.test.clock.advance(Millis(1));
        let new = RequestKey::new(&Rng::system()).to_string();
        let fill = |text: &str| self.fill(text, &new, case, stage);
        let url = format!("{}{}", self.test.base_url, fill(case.address));
        let cookie = self.cookie(visitor, stage);
        let token = match (&cookie, from) {
            (Some(cookie), From::OurPage) => Some(self.test.app.keys.form_token(&cookie.value)),
            _ => None,
        };
        let mut request = self.http.request(method, url);
        if let Some(Cookie { name, value }) = &cookie {
            request = request.header("cookie", format!("{name}={value}"));
        }
        request = match from {
            From::Elsewhere => request.header("origin", "https://elsewhere.example").header("sec-fetch-site", "cross-site"),
            _ => request.header("origin", &self.test.base_url).header("sec-fetch-site", "same-origin"),
        };
        with_body(request, &case.sends, fill, token).send().await.unwrap()
    }

    /// The cookie that an answer to a script sets.
    pub async fn cookie_of(&self, path: &str, body: &Value) -> Cookie {
        self.test.clock.advance(Millis(1));
        let request = self.http.post(format!("{}{path}", self.test.base_url)).header("origin", &self.test.base_url);
        let answer = request.json(body).send().await.unwrap();
        let status = answer.status();
        let cookie = answer.cookies().next().map(|cookie| Cookie { name: cookie.name().to_owned(), value: cookie.value().to_owned() });
        match cookie {
            Some(cookie) => cookie,
            None => panic!("{path}: {status} {}", answer.text().await.unwrap()),
        }
    }

    /// `new`: what stands for everything of this request that nothing else may be called.
    fn fill(&self, text: &str, new: &str, case: &Case, stage: &Stage) -> String {
        let whose = [
            ("/rights/", "patient"),
            ("/disclosures/", "disclosure"),
            ("/requests/", "request"),
            ("/copies/", "copy"),
            ("/holds/", "hold"),
            ("/emergency/", "emergency"),
            ("/patients/", "patient"),
            ("/staff/", "colleague"),
            ("/incidents/", "incident"),
        ];
        let id = whose.iter().find(|(path, _)| case.route.contains(path)).map_or("visit", |(_, whose)| whose);
        let mut text = text.replace("{id}", &stage.facts[id]).replace("{key}", new).replace("{new}", &new[..12]);
        for (name, value) in &stage.facts {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        for (visitor, browser) in &self.staff {
            let name = visitor.to_string().replace(' ', "_");
            text = text.replace(&format!("{{{name}}}"), &browser.id.to_string()).replace(&format!("{{{name}_email}}"), &browser.email);
        }
        text.replace("{password}", PASSWORD).replace("{taken}", TAKEN).replace("{static}", &anteroom::web::assets::url("base.css"))
    }

    /// The payloads of the events since the last look, oldest first.
    pub async fn new_events(&self) -> Vec<Value> {
        let mut seen = *self.seen.lock().unwrap();
        let events = self.test.log_after(&mut seen).await;
        *self.seen.lock().unwrap() = seen;
        events
    }
}

fn role(visitor: Visitor) -> Role {
    match visitor {
        Visitor::Scheduler => Role::Scheduler,
        Visitor::Clinician | Visitor::OtherClinician => Role::Clinician,
        Visitor::Compliance => Role::Compliance,
        Visitor::Administrator => Role::Administrator,
        device => panic!("{device} has no role"),
    }
}

fn with_body(request: RequestBuilder, sends: &Sends, fill: impl Fn(&str) -> String, token: Option<String>) -> RequestBuilder {
    match sends {
        Sends::Nothing => request,
        Sends::Form(fields) => {
            let mut fields: Vec<(&str, String)> = fields.iter().map(|(name, value)| (*name, fill(value))).collect();
            fields.extend(token.map(|token| ("csrf", token)));
            request.form(&fields)
        }
        Sends::Json(body) => {
            let request = request.header("content-type", "application/json").header("sec-fetch-mode", "cors").body(fill(body));
            token.iter().fold(request, |request, token| request.header("x-csrf", token))
        }
        Sends::Upgrade => request
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-fetch-mode", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    }
}
