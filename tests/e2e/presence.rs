//! What each side of a call is told of the other: who went, who is back, who is muted.

use crate::support::browser::{Browser, View};
use crate::support::clinic::{hear_each_other, see_each_other};
use crate::support::server::Demo;
use std::time::{Duration, Instant};

/// How long it may take until one reads that the other page is gone. The connection itself notices after 5 s and more. Lower: said sooner. Higher:
/// fewer false alarms while two browsers share two cores.
const AT_ONCE: Duration = Duration::from_secs(3);

async fn sees_at_once(browser: &Browser, words: &str, since: Instant) {
    browser.sees(words).await;
    assert!(since.elapsed() < AT_ONCE, "{}: {words}: only after {:?}", browser.name, since.elapsed());
}

#[tokio::test]
async fn whoever_goes_or_leaves_is_said_to_at_once_and_comes_back_with_one_tap_and_whoever_dies_is_noticed() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    let visit = format!("/visits/{}", patient.visit_id().await);

    let since = Instant::now();
    patient.goto("/help").await;
    sees_at_once(&clinician, "The patient has left the call page and may come back", since).await;
    clinician.shot("gone-1-clinician").await;
    patient.goto(&visit).await;
    clinician.sees("The patient's page is open again. They have to press \"Join visit\".").await;
    patient.click("Join visit").await;
    see_each_other(&clinician, &patient).await;
    hear_each_other(&clinician, &patient).await;

    patient.look_at(View::Phone).await;
    let since = Instant::now();
    clinician.goto("/today").await;
    sees_at_once(&patient, "has left the call page and may come back. Keep this page open. If it takes long, call", since).await;
    patient.shot("gone-2-patient").await;
    clinician.click_link("Open the call").await;
    see_each_other(&clinician, &patient).await;
    assert!(!patient.shows("has left the call page").await.unwrap());

    // In a hurry, twice.
    patient.press_twice("Leave").await;
    patient.sees("You have left").await;
    patient.sees("Until the visit ends you can come back.").await;
    patient.shot("left").await;
    clinician.sees("The patient has left the call page and may come back").await;
    patient.click("Come back").await;
    patient.sees("camera and microphone start only when you tap").await;
    patient.shot("left-again").await;
    patient.click("Join visit").await;
    see_each_other(&clinician, &patient).await;

    // Back in the waiting room the page says so, and the next call needs no tap.
    clinician.press_in_security("Back to waiting room").await;
    patient.sees("You are back in the waiting room. Dr. Ana Ruiz can let you in again.").await;
    patient.shot("put-back").await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;

    // Without a word.
    let since = Instant::now();
    // Killed, with all that it had open.
    patient.finish().await;
    sees_at_once(&clinician, "The patient's page is not connected at the moment", since).await;
    clinician.finish().await;
}

#[tokio::test]
async fn who_waits_reads_that_the_visit_was_cancelled_and_so_does_a_page_that_slept_meanwhile() {
    let mut demo = Demo::start();
    let (patient, desk) = tokio::join!(demo.patient_waiting("patient", demo.visit_now()), demo.signed_in("scheduler"));
    let asleep = demo.patient_waiting("asleep", demo.visit_next()).await;
    asleep.look_at(View::Phone).await;

    desk.cancel_visit(&patient.visit_id().await).await;
    patient.sees("This appointment was cancelled").await;
    patient.sees("If you did not expect that, call us.").await;
    patient.shot("cancelled").await;
    assert!(!patient.has_button("Join visit").await);
    patient.finish().await;

    // A browser keeps a page awake while it has a connection to another.
    asleep.network_verdict().await;
    asleep.fall_asleep().await;
    demo.kill();
    demo.start_again();
    desk.cancel_visit(&asleep.visit_id().await).await;
    assert!(asleep.shows("You are in the waiting room").await.unwrap(), "it does not sleep: {}", asleep.tell().await);
    asleep.wake().await;
    asleep.sees("This appointment was cancelled").await;
    asleep.shot("cancelled-asleep").await;
    desk.finish().await;
    asleep.finish_despite(&["WebSocket connection to", "status of 410"]).await;
}

#[tokio::test]
async fn each_side_reads_at_once_that_the_other_is_muted_or_has_no_camera_and_a_page_left_behind_does_not_take_the_call() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    let since = Instant::now();
    patient.click("Mute").await;
    sees_at_once(&clinician, "The patient is muted.", since).await;
    let since = Instant::now();
    patient.click("Camera off").await;
    sees_at_once(&clinician, "The patient's camera is off.", since).await;
    clinician.shot("muted-1-clinician").await;

    clinician.reload().await;
    clinician.click("Join visit").await;
    clinician.sees("The patient is muted.").await;
    clinician.sees("The patient's camera is off.").await;

    patient.click("Mute").await;
    patient.click("Camera off").await;
    see_each_other(&clinician, &patient).await;
    hear_each_other(&clinician, &patient).await;
    assert!(!clinician.shows("The patient is muted.").await.unwrap());

    patient.look_at(View::Phone).await;
    clinician.click("Mute").await;
    patient.sees("Dr. Ana Ruiz is muted.").await;
    clinician.click("Camera off").await;
    patient.sees("The camera of Dr. Ana Ruiz is off.").await;
    patient.shot("muted-2-patient").await;

    // Another tab of the clinician puts the patient back and lets them in again.
    clinician.open_tab().await;
    clinician.goto("/today").await;
    clinician.click("Back to waiting room").await;
    patient.sees("You are back in the waiting room").await;

    clinician.go_to_tab(0).await;
    clinician.sees("You can admit them from Today").await;
    clinician.open_panel("Security").await;
    for over in ["End visit", "Back to waiting room"] {
        assert!(!clinician.has_button(over).await, "{over}: there is no call");
    }
    clinician.go_to_tab(1).await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    clinician.go_to_tab(0).await;
    clinician.sees_button("Join visit").await;
    assert!(!clinician.shows("open in another tab").await.unwrap());
    clinician.go_to_tab(1).await;
    see_each_other(&clinician, &patient).await;
    clinician.finish().await;
    patient.finish().await;
}
