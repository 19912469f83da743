//! Two people with different browsers: a whole visit each way round, in one call.

use serde_json::json;

use crate::background::room_is_blurred;
use crate::support::browser::Browser;
use crate::support::clinic::{WAITING, chat_both_ways, find_path_anew, hear_each_other, see_each_other};
use crate::support::server::Demo;

#[tokio::test]
async fn chromium_calls_firefox() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.browser("clinician"), demo.firefox("patient"));
    whole_visit(&demo, clinician, patient, false).await;
}

#[tokio::test]
async fn firefox_calls_chromium() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.firefox("clinician"), demo.browser("patient"));
    // The page of the call is a new one. To Firefox a camera that is pretended is none, and without one it plays nothing aloud by itself.
    whole_visit(&demo, clinician, patient, true).await;
}

async fn whole_visit(demo: &Demo, clinician: Browser, patient: Browser, taps: bool) {
    for browser in [&clinician, &patient] {
        browser.keep_connections().await;
    }
    // A Firefox takes no film in place of its camera.
    patient.before_each_page(include_str!("support/portrait.js")).await;
    clinician.sign_in(demo, "clinician").await;

    // The patient's road, with a look at oneself before.
    patient.open_visit(demo.visit_now()).await;
    patient.click("Check camera and microphone first").await;
    patient.sees_button("Camera, microphone and background").await;
    patient.shot(&format!("pairing-ready-{taps}")).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    let verdict = patient.network_verdict().await;
    assert!(["good", "poor"].contains(&verdict.as_str()), "the echo answered: {verdict}");

    clinician.admit().await;
    if taps {
        clinician.click("Tap to play").await;
    }
    see_each_other(&clinician, &patient).await;
    hear_each_other(&clinician, &patient).await;
    assert_eq!(words(&clinician).await, words(&patient).await);

    // Whoever moves to another network asks for a new path. Firefox loses its encryption when it has something to send in the middle of a second
    // search; then the pages connect the call anew, by themselves.
    for moves in [&patient, &clinician] {
        find_path_anew(moves, &clinician, &patient).await;
        see_each_other(&clinician, &patient).await;
        hear_each_other(&clinician, &patient).await;
    }
    assert_eq!(words(&clinician).await, words(&patient).await);

    clinician.click("Known to me").await;
    chat_both_ways(&clinician, &patient).await;
    for browser in [&clinician, &patient] {
        browser.open_panel("Security").await;
        browser.sees("Encrypted between you and your").await;
        browser.sees("Direct, path not pinned.").await;
        browser.shot(&format!("pairing-security-{}", browser.name)).await;
    }
    // On the other browser's decoded pixels, with a person before the camera.
    patient.inject("sessionStorage.setItem('drawn', 'yes')").await;
    patient.click("Camera off").await;
    clinician.sees("The patient's camera is off").await;
    patient.click("Camera off").await;
    room_is_blurred(&clinician, &patient).await;
    patient.shot(&format!("pairing-blurred-{taps}")).await;
    patient.click("Done").await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish().await;
    patient.finish().await;
}

/// The words to compare: number and word, four of them.
async fn words(browser: &Browser) -> Vec<(String, String)> {
    browser.open_panel("Compare words").await;
    browser
        .wait_for("see four words", async || {
            let words: Vec<(String, String)> = browser.ask("proofWords", json!([])).await?;
            Ok((words.len() == 4 && words.iter().all(|(_, word)| !word.is_empty())).then_some(words))
        })
        .await
}
