//! A small scene for visits: a front desk that books, a clinician, a patient with mail, and one visit that is now. Each step
//! is what the pages do, so a test can begin at any state of a visit.

use super::browser::Browser;
use super::{NOW, TestApp};
use anteroom::appointments::VisitState;
use anteroom::crypto::Rng;
use anteroom::ids::{PatientId, RequestKey, VisitId};
use anteroom::mail;
use anteroom::staff::Role;
use anteroom::text::Text;
use anteroom::waiting_room::{self, Standing, consent};
use reqwest::{Response, StatusCode};
use serde_json::json;
use std::fs;
use std::rc::Rc;

pub const BORN: &str = "1961-03-09";
/// Why every patient of a scene comes.
pub const REASON: &str = "A rash like no other";

/// The people of one visit, each at a browser of their own.
pub struct Scene {
    pub scheduler: Rc<Browser>,
    pub clinician: Rc<Browser>,
    pub patient: Browser,
    pub visit: VisitId,
    /// The patient's name, of which no socket may speak.
    pub name: String,
}

impl TestApp {
    /// A scene in which the visit has come this far, step by step.
    pub async fn scene(&self, state: VisitState) -> Scene {
        let (scheduler, clinician) = (self.staff(Role::Scheduler).await, self.staff(Role::Clinician).await);
        self.play(Rc::new(scheduler), Rc::new(clinician), "10:30", state).await
    }

    /// Another patient of the same clinician, with a visit at another time of the same day.
    pub async fn scene_beside(&self, scene: &Scene, time: &str, state: VisitState) -> Scene {
        self.play(scene.scheduler.clone(), scene.clinician.clone(), time, state).await
    }

    async fn play(&self, scheduler: Rc<Browser>, clinician: Rc<Browser>, time: &str, state: VisitState) -> Scene {
        use VisitState::{Booked, Cancelled, Checking, Ended, InCall, NoShow, Redeemed, Sent, Waiting};
        let scene = self.booked(scheduler, clinician, time).await;
        if state == Booked {
            return scene;
        }
        let link = scene.mailed_link(self).await;
        match state {
            Cancelled => scene.cancel().await,
            NoShow => assert_eq!(scene.asks("absence").await, StatusCode::SEE_OTHER),
            Sent => {}
            _ => scene.redeem(&scene.patient, &link).await,
        }
        if [Waiting, Checking, InCall, Ended].contains(&state) {
            scene.arrive().await;
        }
        if [Checking, InCall, Ended].contains(&state) {
            scene.admit().await;
        }
        if [InCall, Ended].contains(&state) {
            scene.identify("confirmed").await;
        }
        if state == Ended {
            assert_eq!(scene.asks("end").await, StatusCode::SEE_OTHER);
        }
        assert_eq!(scene.standing(self).await.state, state, "{Redeemed} and so on come one after the other");
        scene
    }

    async fn booked(&self, scheduler: Rc<Browser>, clinician: Rc<Browser>, time: &str) -> Scene {
        let name = format!("Quenby {}", RequestKey::new(&Rng::system()));
        let patient_id = add_patient(&scheduler, &name, &format!("{}@patient.example", name.replace(' ', "."))).await;
        let visit = book(&scheduler, patient_id, &clinician, time).await;
        Scene { scheduler, clinician, patient: self.browser(), visit, name }
    }
}

impl Scene {
    /// Let the mails leave and read the newest of this patient: the secret of its link. A mail is read once.
    pub async fn mailed_link(&self, app: &TestApp) -> String {
        mail::job::run_due(&app.app).await.unwrap();
        let address = self.name.replace(' ', ".");
        for entry in fs::read_dir(app.app.config.mail_folder()).unwrap() {
            let path = entry.unwrap().path();
            let mail = fs::read_to_string(&path).unwrap().replace("=\r\n", "").replace("=3D", "=");
            if mail.contains(&address) {
                fs::remove_file(&path).unwrap();
                let link = mail.split("/v#").nth(1).unwrap();
                return link.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect();
            }
        }
        panic!("no mail for {address}");
    }

    /// Open the link on a device with the right date of birth.
    pub async fn redeem(&self, device: &Browser, link: &str) {
        let answer = self.try_redeem(device, link).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["result"], "open");
    }

    pub async fn try_redeem(&self, device: &Browser, link: &str) -> Response {
        device.json("/v/redemption", &json!({ "token": link, "check": BORN })).await
    }

    pub async fn arrive(&self) {
        assert_eq!(self.patient_asks("arrival").await, StatusCode::OK);
    }

    pub async fn admit(&self) {
        assert_eq!(self.asks("admission").await, StatusCode::SEE_OTHER);
    }

    pub async fn identify(&self, answer: &str) {
        let identity = self.clinician.form(&self.path("identity"), &[("answer", answer)]).await;
        assert_eq!(identity.status(), StatusCode::SEE_OTHER);
    }

    pub async fn cancel(&self) {
        let was = NOW.0.to_string();
        let path = format!("/appointments/{}/cancellation", self.visit);
        assert_eq!(self.scheduler.form(&path, &[("was", &was)]).await.status(), StatusCode::SEE_OTHER);
    }

    /// The front desk gives the visit another time of its day.
    pub async fn move_to(&self, time: &str) {
        let was = NOW.0.to_string();
        let fields = [("was", was.as_str()), ("date", "2026-11-23"), ("time", time), ("minutes", "30"), ("which", "")];
        let path = format!("/appointments/{}/move", self.visit);
        assert_eq!(self.scheduler.form(&path, &fields).await.status(), StatusCode::SEE_OTHER);
    }

    /// The clinician presses the button of a step.
    pub async fn asks(&self, step: &str) -> StatusCode {
        self.asked_by(&self.clinician, step).await
    }

    /// Somebody else does. Fields that some steps need are always there.
    pub async fn asked_by(&self, browser: &Browser, step: &str) -> StatusCode {
        browser.form(&self.path(step), &[("message", "We are running late."), ("answer", "known")]).await.status()
    }

    /// The patient's page asks by its script. The consent that an arrival needs is always there.
    pub async fn patient_asks(&self, step: &str) -> StatusCode {
        let consent = consent::Version::now(Text::of("en")).number().to_string();
        self.patient.post(&self.path(step), &[("consent", &consent)]).await.status()
    }

    /// The clinician says how late it gets, in minutes as the button says them.
    pub async fn says_late(&self, minutes: &str) -> StatusCode {
        self.clinician.form("/today/delay", &[("minutes", minutes)]).await.status()
    }

    /// The patient's page.
    pub fn page(&self) -> String {
        format!("/visits/{}", self.visit)
    }

    pub fn path(&self, step: &str) -> String {
        format!("/visits/{}/{step}", self.visit)
    }

    /// The device that the patient's session is on, as the log names it.
    pub async fn device(&self, app: &TestApp) -> String {
        let redeemed = app.events("link.redeemed").await;
        let ours = redeemed.iter().find(|event| event["object"]["id"] == self.visit.to_string()).unwrap();
        ours["details"]["device"].as_str().unwrap().to_owned()
    }

    pub async fn standing(&self, app: &TestApp) -> Standing {
        let mut tx = app.app.db.reading().await.unwrap();
        waiting_room::standing(&mut tx, self.visit).await.unwrap().unwrap()
    }
}

async fn add_patient(scheduler: &Browser, name: &str, email: &str) -> PatientId {
    let key = RequestKey::new(&Rng::system()).to_string();
    let fields = [
        ("request_key", key.as_str()),
        ("version", ""),
        ("name", name),
        ("date_of_birth", BORN),
        ("email", email),
        ("email_again", email),
        ("phone", "555 0142"),
        ("record_number", ""),
        ("zone", "America/New_York"),
        ("language", "en"),
        ("mail_allowed", "on"),
    ];
    made(scheduler.form("/patients", &fields).await).parse().unwrap()
}

async fn book(scheduler: &Browser, patient: PatientId, clinician: &Browser, time: &str) -> VisitId {
    let (key, patient, clinician) = (RequestKey::new(&Rng::system()).to_string(), patient.to_string(), clinician.id.to_string());
    let fields = [
        ("request_key", key.as_str()),
        ("patient", &patient),
        ("clinician", &clinician),
        ("reason", REASON),
        ("date", "2026-11-23"),
        ("time", time),
        ("minutes", "30"),
        ("which", ""),
    ];
    made(scheduler.form("/appointments", &fields).await).parse().unwrap()
}

/// The id in the address that the answer leads to.
fn made(answer: Response) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let address = answer.headers()["location"].to_str().unwrap();
    address.split(['/', '?']).nth(2).unwrap().to_owned()
}
