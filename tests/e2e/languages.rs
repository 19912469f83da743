//! Pages in languages that nobody speaks: one longer than English, in brackets, and one written from right to left. What is
//! cut off in them, or not in brackets, would fail a real one (ACC-08).

use anteroom::text::Text;

use crate::pages::FOR_ANYONE;
use crate::support::browser::{Browser, View};
use crate::support::clinic::see_each_other_as;
use crate::support::server::{Demo, Visit};

#[tokio::test]
async fn every_patient_page_holds_a_longer_language() {
    walk("en-XA").await;
}

#[tokio::test]
async fn every_patient_page_holds_a_language_from_right_to_left() {
    walk("ar-XB").await;
}

#[tokio::test]
async fn the_button_of_a_language_keeps_the_link() {
    let demo = Demo::start();
    let patient = demo.browser("patient").await;
    let Visit { link, date_of_birth, .. } = demo.visit_now();
    patient.goto(link).await;
    patient.click("Español").await;
    patient.sees("Antes de abrir su consulta").await;
    patient.click("English").await;
    patient.sees("Before we open your visit").await;

    // In the inner browser of a mail program the secret stays in the address, to be taken along to a real one.
    patient.pretend("Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36").await;
    patient.goto("about:blank").await;
    patient.goto(link).await;
    patient.sees("Open this in your browser").await;
    patient.click("Español").await;
    patient.sees("Ábralo en su navegador").await;
    assert!(link.ends_with(&patient.address().await), "the address is the link still: {}", patient.address().await);
    patient.click("Quedarme aquí").await;
    patient.fill("Fecha de nacimiento", date_of_birth).await;
    patient.click("Continuar").await;
    patient.sees_button("Entrar a la consulta").await;
    patient.finish().await;
}

/// A patient's way through all of their pages.
struct Walk<'a> {
    patient: &'a Browser,
    t: Text,
    complaints: Vec<String>,
}

async fn walk(language: &'static str) {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.goto("/help").await;
    patient.speak(language).await;
    let mut walk = Walk { patient: &patient, t: Text::of(language), complaints: Vec::new() };
    for path in FOR_ANYONE.iter().filter(|path| **path != "/set-password") {
        patient.goto(path).await;
        walk.look(path).await;
    }
    patient.goto("/nowhere").await;
    walk.look("/nowhere").await;
    walk.links(&demo).await;
    walk.visit(&clinician).await;
    assert!(walk.complaints.is_empty(), "{} complaints:\n{}", walk.complaints.len(), walk.complaints.join("\n"));
    clinician.finish().await;
    patient.finish_despite(&["the server responded with a status of 4"]).await;
}

impl Walk<'_> {
    async fn links(&mut self, demo: &Demo) {
        self.patient.goto("/join").await;
        self.click("links-continue").await;
        self.sees("links-server-code-unreadable").await;
        self.look("/join wrong").await;
        self.patient.goto("/v/device-move").await;
        self.look("/v/device-move").await;
        self.patient.goto(&demo.visit_now().link).await;
        self.click("links-continue").await;
        self.sees("links-js-type-date").await;
        self.click("links-send-new").await;
        self.sees("links-js-new-link-sent").await;
        self.look("/v wrong").await;
        self.patient.fill(&self.t.say("links-date-of-birth"), &demo.visit_now().date_of_birth).await;
        self.click("links-continue").await;
    }

    async fn visit(&mut self, clinician: &Browser) {
        self.patient.sees_button(&self.t.say("call-join")).await;
        self.click("call-companion-heading").await;
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
        let file: String = page.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
        for (view, name) in [(View::SmallPhone, "320"), (View::Phone, "390"), (View::Desktop, "desktop")] {
            self.patient.look_at(view).await;
            self.patient.shot(&format!("{}-{file}-{name}", self.t.language())).await;
            let found = self.patient.cut_off().await.into_iter().chain(self.patient.untranslated().await);
            self.complaints.extend(found.map(|complaint| format!("{page} ({name}): {complaint}")));
        }
    }
}
