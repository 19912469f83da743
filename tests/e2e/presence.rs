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
async fn whoever_goes_is_said_to_have_left_at_once_and_may_come_back() {
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
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn a_page_that_dies_without_a_word_is_noticed_at_once() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    let since = Instant::now();
    // Killed, with all that it had open.
    patient.finish().await;
    sees_at_once(&clinician, "The patient's page is not connected at the moment", since).await;
    clinician.finish().await;
}

#[tokio::test]
async fn each_side_reads_at_once_that_the_other_is_muted_or_has_no_camera_and_after_a_reload_too() {
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
    clinician.finish().await;
    patient.finish().await;
}
