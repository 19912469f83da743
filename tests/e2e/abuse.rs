//! Script in everything that somebody types (AB-12): it is shown as it was typed on every page that shows it, and never runs. A console that
//! complains of a blocked script fails these tests too: `finish` sees to that.

use crate::support::browser::{Browser, Window};
use crate::support::clinic::{PATIENT, WAITING, see_each_other};
use crate::support::server::Demo;
use chrono::{DateTime, TimeDelta};
use serde_json::json;

/// It runs as an image that is not there, out of an attribute, and out of a script.
fn hostile(place: &str) -> String {
    format!("{place}<img src=x onerror=window.ran=1>\"'></title></textarea><script>window.ran=1</script>${{window.ran=1}}")
}

/// What was typed stands on this page as text, and nothing of it is anything else.
async fn shows_as_typed(window: &Window, text: &str) {
    window.sees(text).await;
    nothing_ran(window, text).await;
}

async fn nothing_ran(window: &Window, place: &str) {
    let ran: [i64; 2] = window.ask("ranOrStands", json!([])).await.unwrap();
    assert_eq!(ran, [0, 0], "{}: {place}", window.name);
}

async fn wears(browser: &Browser) {
    browser.pretend(&format!("Mozilla/5.0 {}", hostile("agent"))).await;
}

#[tokio::test]
async fn no_script_that_somebody_typed_runs_on_anybodys_page() {
    let demo = Demo::start();
    let (name, reason, message) = (hostile("Name"), hostile("Reason"), hostile("Message"));
    let desk = demo.signed_in("scheduler").await;
    wears(&desk).await;
    desk.cancel_first_visit().await;
    let now = DateTime::parse_from_rfc3339(&demo.visit_now().starts_at).expect("`starts_at` is a time").to_utc();
    let visit = desk.book_for((&name, &reason), now + TimeDelta::minutes(5), "en", &demo.told.mail_dir).await;
    shows_as_typed(&desk, &name).await;
    desk.goto("/appointments").await;
    shows_as_typed(&desk, &name).await;
    desk.goto("/patients").await;
    desk.fill("Find a patient", &name).await;
    desk.click("Find").await;
    shows_as_typed(&desk, &name).await;
    let patient_page = desk.paths().await.into_iter().find(|path| path.starts_with("/patients/") && path.len() == 46);
    desk.goto(&patient_page.expect("who was found has a page")).await;
    shows_as_typed(&desk, &name).await;
    desk.finish().await;

    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    wears(&patient).await;
    patient.open_visit(&visit).await;
    patient.click("Someone is with me").await;
    let companion = "<img src=x onerror=window.ran=1>";
    patient.fill("Their name", companion).await;
    patient.put("Who they are to you", "child").await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    shows_as_typed(&clinician, &name).await;
    clinician.click("Message").await;
    clinician.fill("Message to the patient", &message).await;
    clinician.click("Send").await;
    shows_as_typed(&patient, &message).await;

    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    shows_as_typed(&clinician, &name).await;
    shows_as_typed(&clinician, companion).await;
    clinician.click("Confirmed").await;
    shows_as_typed(&clinician, &reason).await;
    for (speaker, listener) in [(&clinician, &patient), (&patient, &clinician)] {
        let words = hostile(speaker.name);
        speaker.say_in_chat(&words).await;
        listener.open_panel("Chat").await;
        shows_as_typed(listener, &words).await;
        nothing_ran(speaker, "chat").await;
    }
    clinician.write_note(&hostile("Note")).await;
    clinician.sees_moving_picture_of(PATIENT).await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    nothing_ran(&patient, "the end").await;
    clinician.goto("/today").await;
    let note = clinician.paths().await.into_iter().find(|path| path.ends_with("/note"));
    clinician.goto(&note.expect("a finished visit leads to its note")).await;
    clinician.sees_note("Saved").await;
    nothing_ran(&clinician, "note").await;
    clinician.finish().await;
    patient.finish().await;

    let officer = demo.signed_in("compliance").await;
    wears(&officer).await;
    officer.goto("/access-log").await;
    officer.sees("Access log").await;
    nothing_ran(&officer, "access log").await;
    officer.goto("/access-log?patient=%3Cimg%20src%3Dx%20onerror%3Dwindow.ran%3D1%3E").await;
    nothing_ran(&officer, "a search in the address").await;
    officer.finish_despite(&["the server responded with a status of 422"]).await;
}
