//! What a screen reader says by itself as a visit goes on: each thing once, and errors at once (ACC-02, WCAG 4.1.3).

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::clinic::{WAITING, see_each_other};
use crate::support::server::Demo;

#[tokio::test]
async fn a_patient_hears_each_step_of_the_visit_once() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.open_visit(demo.visit_now()).await;
    patient.overhear().await;
    patient.click("Someone is with me").await;
    patient.fill("Their name", "Ana").await;
    patient.click("Join visit").await;
    patient.hears_said("alert: Type the name of the person who is with you").await;
    patient.fill("Their name", "").await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    // What was there before the part came into being is read with its heading, which has the keyboard.
    patient.sees("Dr. Ana Ruiz is here and will let you in soon.").await;
    let described: String = patient.ask("descriptionOfPlace", json!([])).await.unwrap();
    assert_eq!(described, "Dr. Ana Ruiz is here and will let you in soon.");
    clinician.click("15 min").await;
    patient.hears_said("status: Dr. Ana Ruiz is running about 15 minutes late.").await;
    clinician.click("Mark as seen").await;
    patient.hears_said("status: Dr. Ana Ruiz has seen that you are here.").await;
    clinician.click("Message").await;
    clinician.fill("Message to the patient", "Please find your insurance card.").await;
    clinician.click("Send").await;
    patient.hears_said("status: Message from the clinic Please find your insurance card.").await;

    clinician.admit().await;
    clinician.overhear().await;
    see_each_other(&clinician, &patient).await;
    for step in ["Dr. Ana Ruiz lets you in. The visit starts now.", "Connecting", "Connected"] {
        patient.hears_said(&format!("status: {step}")).await;
    }
    clinician.hears_said("status: Connected").await;
    clinician.click("Known to me").await;
    clinician.hears_said("status: Recorded. Chat and note are open.").await;
    clinician.say_in_chat("Good morning").await;
    patient.hears_said("status: A new message has come.").await;
    patient.open_panel("Chat").await;
    clinician.say_in_chat("How are you?").await;
    patient.hears_said("log: The other person: How are you?").await;
    patient.click("Close").await;
    clinician.write_note("Seen and well.").await;
    clinician.hears_said("status: Saved").await;

    // A state is said by its button, which keeps its name.
    for button in ["Mute", "Camera off"] {
        assert_eq!(patient.pressed(button).await, "false");
        patient.click(button).await;
        patient.wait_for("press it", async || Ok((patient.pressed(button).await == "true").then_some(()))).await;
    }
    let before = patient.heard().await;
    clinician.reload().await;
    patient.hears_said("status: Dr. Ana Ruiz is back and joins in a moment.").await;
    clinician.click("Join visit").await;
    patient.wait_for("hear that it is back", async || Ok((patient.times("status: Connected").await == 2).then_some(()))).await;
    let after = &patient.heard().await[before.len()..];
    let muted: Vec<_> = before.iter().chain(after).filter(|said| said.contains("muted") || said.contains("Camera is off")).collect();
    assert!(muted.is_empty(), "the buttons say it already: {muted:?}");

    assert_eq!(twice(&patient.heard().await, &["status: Connected", "status: Connecting"]), Vec::<String>::new());
    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish().await;
    patient.finish_despite(&["422"]).await;
}

#[tokio::test]
async fn a_clinician_hears_who_comes_and_what_became_of_an_act() {
    let demo = Demo::start();
    let clinician = demo.signed_in("clinician").await;
    clinician.overhear().await;
    let patient = demo.patient_waiting("patient", demo.visit_now()).await;
    clinician.hears_said("status: Someone is in the waiting room.").await;
    clinician.click("15 min").await;
    clinician.hears_said("status: Everybody who waits reads: about 15 minutes late.").await;
    clinician.click("Message").await;
    clinician.fill("Message to the patient", "Soon.").await;
    clinician.click("Send").await;
    clinician.hears_said("status: The message is on the patient's page.").await;
    assert_eq!(twice(&clinician.heard().await, &[]), Vec::<String>::new());
    clinician.finish().await;
    patient.finish().await;
}

/// What was said more than once, but for what may be.
fn twice(heard: &[String], but: &[&str]) -> Vec<String> {
    heard.iter().filter(|said| !but.contains(&said.as_str()) && heard.iter().filter(|other| other == said).count() > 1).cloned().collect()
}

impl Browser {
    /// From now on until the page goes away.
    async fn overhear(&self) {
        self.ask::<()>("overhear", json!([])).await.unwrap();
    }

    async fn heard(&self) -> Vec<String> {
        self.ask("heard", json!([])).await.unwrap()
    }

    async fn times(&self, words: &str) -> usize {
        self.heard().await.iter().filter(|said| said.as_str() == words).count()
    }

    /// What is said begins so.
    async fn hears_said(&self, words: &str) {
        self.wait_for(&format!("hear \"{words}\""), async || {
            let heard: Vec<String> = self.ask("heard", json!([])).await?;
            Ok(heard.iter().any(|said| said.starts_with(words)).then_some(()))
        })
        .await;
    }

    async fn pressed(&self, button: &str) -> String {
        self.ask::<Option<String>>("pressed", json!([button])).await.unwrap().unwrap_or_default()
    }
}
