//! A day at the clinic: who opens what, and the steps of a visit, each named for what a person does.

use serde_json::json;
use std::time::Duration;

use super::browser::{Browser, Window};
use super::server::{Demo, Visit};

/// The picture that the patient's page shows, and that the clinician's shows.
pub const CLINICIAN: &str = "Clinician";
pub const PATIENT: &str = "Patient";

pub const WAITING: &str = "You are in the waiting room";

/// What a clinician ticks before the first patient of a sign-in.
pub const PRIVATE: &str = "I am in a private place";

pub const NOTE_FIELD: &str = "Note";

impl Demo {
    /// A browser with nobody signed in.
    pub async fn browser(&self, name: &'static str) -> Browser {
        Browser::open(name, &self.told.base_url).await
    }

    /// The same, but it is a Firefox.
    pub async fn firefox(&self, name: &'static str) -> Browser {
        Browser::open_firefox(name, &self.told.base_url).await
    }

    /// A browser in which the account of that role has signed in, on its first page.
    pub async fn signed_in(&self, role: &'static str) -> Browser {
        let browser = self.browser(role).await;
        browser.sign_in(self, role).await;
        browser
    }

    /// The visit that is now, for the clinician who has an account.
    pub fn visit_now(&self) -> &Visit {
        &self.told.visits[0]
    }

    /// The other visit that is nearest to it.
    pub fn visit_next(&self) -> &Visit {
        let starts = |visit: &Visit| chrono::DateTime::parse_from_rfc3339(&visit.starts_at).expect("`starts_at` is a time");
        let now = starts(self.visit_now());
        self.told.visits[1..].iter().min_by_key(|visit| (starts(visit) - now).abs()).expect("the day has more than one visit")
    }

    /// A patient in the waiting room, who has opened the link and touched nothing else.
    pub async fn patient_waiting(&self, name: &'static str, visit: &Visit) -> Browser {
        let patient = self.browser(name).await;
        patient.open_visit(visit).await;
        patient.click("Join visit").await;
        patient.sees(WAITING).await;
        patient
    }

    /// A clinician and a patient who see each other, before anyone has said who they are: the clinician first.
    pub async fn checking_call(&self) -> (Browser, Browser) {
        let (clinician, patient) = tokio::join!(self.signed_in("clinician"), self.patient_waiting("patient", self.visit_now()));
        clinician.admit().await;
        see_each_other(&clinician, &patient).await;
        (clinician, patient)
    }

    /// The same, with connections that the test can ask, and a list of all that leaves the two pages.
    pub async fn watched_call(&self) -> (Browser, Browser) {
        let (clinician, patient) = tokio::join!(self.browser("clinician"), self.browser("patient"));
        for browser in [&clinician, &patient] {
            browser.keep_connections().await;
        }
        clinician.sign_in(self, "clinician").await;
        patient.open_visit(self.visit_now()).await;
        patient.click("Join visit").await;
        clinician.admit().await;
        see_each_other(&clinician, &patient).await;
        (clinician, patient)
    }
}

/// Whoever moved to another network asks for a new path, and both sides try with new names.
pub async fn find_path_anew(moves: &Browser, clinician: &Browser, patient: &Browser) {
    let before = [clinician.tries().await, patient.tries().await];
    moves.change_network().await;
    clinician
        .wait_for("find a path anew", async || {
            let ([ours, theirs], [patients, clinicians]) = (clinician.tries().await, patient.tries().await);
            Ok((ours != before[0][0] && theirs != before[0][1] && ours == clinicians && theirs == patients).then_some(()))
        })
        .await;
}

pub async fn see_each_other(clinician: &Browser, patient: &Browser) {
    see_each_other_as(clinician, patient, CLINICIAN).await;
}

/// The same where the patient's page calls the clinician otherwise.
pub async fn see_each_other_as(clinician: &Browser, patient: &Browser, called: &str) {
    tokio::join!(clinician.sees_moving_picture_of(PATIENT), patient.sees_moving_picture_of(called));
}

pub async fn hear_each_other(clinician: &Browser, patient: &Browser) {
    tokio::join!(clinician.hears(), patient.hears());
}

/// Each reads what the other wrote.
pub async fn chat_both_ways(clinician: &Browser, patient: &Browser) {
    clinician.say_in_chat("Can you read this?").await;
    patient.open_panel("Chat").await;
    patient.sees("Can you read this?").await;
    patient.say_in_chat("Every word of it.").await;
    clinician.sees("Every word of it.").await;
}

impl Window {
    pub async fn sign_in(&self, demo: &Demo, role: &str) {
        let account = demo.account(role);
        self.come_in(&account.email, &account.password).await;
    }

    pub async fn come_in(&self, email: &str, password: &str) {
        self.goto("/sign-in").await;
        self.fill("Email", email).await;
        self.fill("Password", password).await;
        self.press_enter_in("Password").await;
        self.wait_for("come in", async || Ok((!self.address().await.starts_with("/sign-in")).then_some(()))).await;
    }

    /// The link from the mail, up to the page of the visit.
    pub async fn open_visit(&self, visit: &Visit) {
        self.goto(&visit.link).await;
        self.fill("Date of birth", &visit.date_of_birth).await;
        self.click("Continue").await;
        self.sees_button("Join visit").await;
    }

    /// The id of the visit that this page is about.
    pub async fn visit_id(&self) -> String {
        let address = self.address().await;
        address.strip_prefix("/visits/").unwrap_or_else(|| panic!("{}: {address} is no visit's page", self.name))[..36].to_owned()
    }

    /// From Today into the call with whoever stands on top.
    pub async fn admit(&self) {
        self.click("Admit").await;
        self.comes_to_the_call().await;
    }

    /// The same for one of several.
    pub async fn admit_visit(&self, id: &str) {
        self.click_within(&format!("[data-visit='{id}'], form[action^='/visits/{id}/']"), "Admit").await;
        self.comes_to_the_call().await;
    }

    /// The first time in a sign-in, one is asked whether the place is private.
    async fn comes_to_the_call(&self) {
        self.wait_for("come to the call", async || {
            if let Some(tick) = self.find("field", PRIVATE, "").await? {
                tick.click().await?;
                if let Some(go_on) = self.find("button", "Let them in", "").await? {
                    go_on.click().await?;
                }
            }
            Ok(self.address().await.ends_with("/call").then_some(()))
        })
        .await;
    }

    /// The ids of those who can be admitted, as they stand on Today.
    pub async fn can_admit(&self) -> Vec<String> {
        self.ask("canAdmit", json!([])).await.unwrap_or_default()
    }

    /// Opens a part of the call's page, if it is not open yet.
    pub async fn open_panel(&self, name: &str) {
        self.wait_for(&format!("open \"{name}\""), async || {
            let Some(button) = self.find("button", name, "").await? else { return Ok(None) };
            if button.attr("aria-expanded").await?.as_deref() == Some("false") {
                button.click().await?;
            }
            Ok(Some(()))
        })
        .await;
    }

    pub async fn say_in_chat(&self, text: &str) {
        self.open_panel("Chat").await;
        self.fill("Write a message", text).await;
        self.send_in_chat().await;
        self.sees(text).await;
    }

    /// Sends what stands in the field, once there is a connection to send it over.
    pub async fn send_in_chat(&self) {
        self.wait_for("send", async || {
            let Some(button) = self.find("button", "Send", "#chat").await? else { return Ok(None) };
            if button.attr("aria-disabled").await?.is_some() {
                return Ok(None);
            }
            button.click().await.map(Some)
        })
        .await;
    }

    /// Writes the note and waits until the page says that the server has it. Asking the server would be one more reading in the log.
    pub async fn write_note(&self, text: &str) {
        self.open_panel("Note").await;
        self.fill(NOTE_FIELD, text).await;
        self.sees_note("Saved").await;
    }

    /// The page's word on the note: "Saving", "Saved", "Not saved yet".
    pub async fn sees_note(&self, word: &str) {
        self.wait_for(&format!("the note's status `{word}`"), async || {
            let statuses: Vec<String> = self.ask("statuses", json!([])).await?;
            Ok(statuses.iter().any(|status| status == word).then_some(()))
        })
        .await;
    }

    /// The patient's browser has come to the page that follows a visit.
    pub async fn visit_is_over(&self) {
        self.wait_for("come to the end", async || Ok(self.address().await.starts_with("/visit-over").then_some(()))).await;
        self.sees("The visit is over").await;
    }

    pub async fn end_visit(&self) {
        self.click("End visit").await;
        self.click("Yes, end it").await;
        self.sees("The visit has ended").await;
    }

    /// What came of the network check, once it is over: up to fifteen seconds where nothing else runs.
    pub async fn network_verdict(&self) -> String {
        let verdict = self.wait_up_to(Duration::from_secs(60), "know how the connection is", async || {
            let verdict: String = self.ask("networkVerdict", json!([])).await?;
            Ok((!verdict.is_empty()).then_some(verdict))
        });
        verdict.await
    }

    /// A button of the one place for what protects a call.
    pub async fn press_in_security(&self, name: &str) {
        self.open_panel("Security").await;
        self.click_within("#security", name).await;
    }
}
