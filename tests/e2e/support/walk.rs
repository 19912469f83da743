//! A patient's way through all of their pages, in any language, with somebody who looks at each.

use anteroom::text::Text;

use super::browser::Browser;
use super::clinic::see_each_other_as;
use super::server::Demo;

/// Android's mail program, and Apple's: what they say of themselves when they show a page.
pub const INNER_ANDROID: &str = "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36";
const INNER_APPLE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";

/// What is open to everybody.
pub const FOR_ANYONE: &[&str] =
    &["/sign-in", "/set-password", "/v", "/join", "/visit-over", "/privacy", "/encryption", "/help", "/about", "/third-person"];

pub struct Walk<'a, L: AsyncFn(&Browser, &str) -> Vec<String>> {
    pub patient: &'a Browser,
    pub t: Text,
    /// Tells what is wrong with the page of that name.
    pub look: L,
    pub complaints: Vec<String>,
}

/// From the open pages to the end of a visit. What was wrong on the way.
pub async fn walk(language: &'static str, look: impl AsyncFn(&Browser, &str) -> Vec<String>) -> Vec<String> {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.goto("/help").await;
    patient.speak(language).await;
    let mut walk = Walk { patient: &patient, t: Text::of(language), look, complaints: Vec::new() };
    walk.open_pages().await;
    walk.links(&demo).await;
    walk.visit(&clinician).await;
    let complaints = walk.complaints;
    clinician.finish().await;
    patient.finish_despite(&["the server responded with a status of 4"]).await;
    complaints
}

impl<L: AsyncFn(&Browser, &str) -> Vec<String>> Walk<'_, L> {
    async fn open_pages(&mut self) {
        for path in FOR_ANYONE.iter().filter(|path| **path != "/set-password") {
            self.patient.goto(path).await;
            self.look(path).await;
        }
        self.patient.goto("/nowhere").await;
        self.look("/nowhere").await;
        self.patient.goto(&format!("/visits/{}", uuid::Uuid::nil())).await;
        self.look("not open here").await;
    }

    async fn links(&mut self, demo: &Demo) {
        self.patient.goto("/join").await;
        self.click("links-continue").await;
        self.sees("links-server-code-unreadable").await;
        self.look("/join wrong").await;
        self.patient.goto("/v/device-move").await;
        self.look("/v/device-move").await;
        self.inner_browsers(demo).await;
        self.too_early(demo).await;
        self.patient.goto(&demo.visit_now().link).await;
        self.click("links-continue").await;
        self.sees("links-js-type-date").await;
        self.click("links-send-new").await;
        self.sees("links-js-new-link-sent").await;
        self.look("/v wrong").await;
        self.click("links-not-for-me").await;
        self.sees("links-not-me-heading").await;
        self.look("/v not for me").await;
        self.click("links-not-me-back").await;
        self.patient.fill(&self.t.say("links-date-of-birth"), &demo.visit_now().date_of_birth).await;
        self.click("links-continue").await;
    }

    async fn inner_browsers(&mut self, demo: &Demo) {
        for (agent, name, button) in
            [(INNER_ANDROID, "/v in a program", "links-in-app-stay"), (INNER_APPLE, "/v in a program of Apple's", "links-in-app-copy")]
        {
            self.patient.pretend(agent).await;
            self.patient.goto("about:blank").await;
            self.patient.goto(&demo.visit_now().link).await;
            self.patient.sees_button(&self.t.say(button)).await;
            self.look(name).await;
        }
        self.patient.pretend("").await;
        self.patient.goto("about:blank").await;
    }

    /// Somebody else's link, of a visit later today.
    async fn too_early(&mut self, demo: &Demo) {
        let later = demo.told.visits.last().expect("the day has visits");
        self.patient.goto(&later.link).await;
        self.patient.fill(&self.t.say("links-date-of-birth"), &later.date_of_birth).await;
        self.click("links-continue").await;
        self.sees("links-reason-heading").await;
        self.look("/v too early").await;
        self.patient.goto("about:blank").await;
    }

    async fn visit(&mut self, clinician: &Browser) {
        self.patient.sees_button(&self.t.say("call-join")).await;
        self.click("call-companion-heading").await;
        self.patient.fill(&self.t.say("call-companion-name"), "Ana").await;
        self.click("call-join").await;
        self.sees("call-js-companion-incomplete").await;
        self.patient.fill(&self.t.say("call-companion-name"), "").await;
        self.click("call-consent-more").await;
        self.click("call-check").await;
        self.patient.sees_button(&self.t.say("call-change-devices")).await;
        self.look("ready").await;
        self.click("call-join").await;
        self.sees("call-waiting-heading").await;
        clinician.click("15 min").await;
        self.patient.sees("15").await;
        self.look("waiting").await;
        clinician.admit().await;
        see_each_other_as(clinician, self.patient, &self.t.say("call-clinician")).await;
        self.look("checking").await;
        clinician.click("Known to me").await;
        self.click("call-chat").await;
        self.click("call-mute").await;
        self.look("call").await;
        self.click("call-close").await;
        self.click("call-security").await;
        self.look("security").await;
        self.click("call-close").await;
        self.click("call-devices").await;
        self.look("devices").await;
        self.click("call-done").await;
        self.click("call-leave").await;
        self.sees("call-js-over-left-heading").await;
        self.look("left").await;
        self.click("call-js-over-left-return").await;
        self.patient.sees_button(&self.t.say("call-join")).await;
        self.look("again").await;
        clinician.end_visit().await;
        self.sees("call-over-record").await;
        self.look("over").await;
    }

    async fn click(&self, name: &str) {
        self.patient.click(&self.t.say(name)).await;
    }

    async fn sees(&self, name: &str) {
        self.patient.sees(&self.t.say(name)).await;
    }

    async fn look(&mut self, page: &str) {
        let found = (self.look)(self.patient, page).await;
        self.complaints.extend(found);
    }
}
