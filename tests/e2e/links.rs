//! The visit link, as mail programs, scanners and slow phones meet it.

use crate::support::csv;
use crate::support::server::Demo;
use crate::support::verifiers::Parts;

/// Bytes on the wire, headers included.
const PATIENT_PAGE_BYTES_MAX: u64 = 100_000;

/// A browser that runs the page and presses everything on it, a hundred times, and types nothing (AB-02).
#[tokio::test]
async fn a_scanner_that_presses_everything_leaves_the_link_to_the_patient() {
    let demo = Demo::start();
    let link = demo.visit_now().link.as_str();
    let scanner = demo.browser("scanner").await;
    let mut pressed = 0;
    for round in 0..100 {
        scanner.goto("about:blank").await;
        scanner.goto(link).await;
        pressed += scanner.press_everything(round).await;
    }
    assert!(pressed > 400, "the page was there to be pressed: {pressed}");
    // It may have been told that nothing was typed; that is no fault of the page.
    scanner.finish_despite(&["the server responded with a status of 4"]).await;

    let compliance = demo.browser("compliance").await;
    compliance.sign_in(&demo, "compliance").await;
    let export = Parts::read(&compliance.download("Export as CSV").await).expect("a whole file");
    let kinds = csv::column(export.text("events.csv"), "kind");
    assert!(kinds.iter().any(|kind| kind == "link.requested"), "a new link was asked for: {kinds:?}");
    assert!(
        !kinds.iter().any(|kind| ["link.redeemed", "link.checked", "link.voided", "link.reported"].contains(&kind.as_str())),
        "no try was counted: {kinds:?}"
    );
    compliance.finish().await;

    let patient = demo.browser("patient").await;
    patient.open_visit(demo.visit_now()).await;
    patient.finish().await;
}

#[tokio::test]
async fn who_got_a_link_by_mistake_says_so_and_the_desk_sees_it() {
    let demo = Demo::start();
    let stranger = demo.browser("stranger").await;
    stranger.goto(&demo.visit_now().link).await;
    stranger.click("This is not for me").await;
    stranger.click("Tell the clinic").await;
    stranger.sees("Type the words exactly as they stand above the field").await;
    stranger.fill("To confirm, type these words:", "not for me").await;
    stranger.click("Tell the clinic").await;
    stranger.sees("The clinic has been told.").await;
    stranger.finish_despite(&["the server responded with a status of 400"]).await;

    let desk = demo.browser("desk").await;
    desk.sign_in(&demo, "scheduler").await;
    desk.goto("/appointments").await;
    desk.sees("Link went to the wrong person").await;
    desk.shot("desk-wrong-person").await;
    let clinician = demo.browser("clinician").await;
    clinician.sign_in(&demo, "clinician").await;
    clinician.sees("Link went to the wrong person").await;
    clinician.finish().await;
    desk.finish().await;
}

#[tokio::test]
async fn the_token_leaves_the_address_bar_and_a_reload_still_works() {
    let demo = Demo::start();
    let patient = demo.browser("patient").await;
    patient.goto(&demo.visit_now().link).await;
    patient.sees_button("Continue").await;
    assert_eq!(patient.address().await, "/v");
    patient.reload().await;
    patient.fill("Date of birth", &demo.visit_now().date_of_birth).await;
    patient.click("Continue").await;
    patient.sees_button("Join visit").await;
    patient.finish().await;
}

#[tokio::test]
async fn patient_page_weighs_under_100_kb_before_the_camera_prompt() {
    let demo = Demo::start();
    let patient = demo.browser("patient").await;
    patient.open_visit(demo.visit_now()).await;
    let requests = patient.requests().await;
    let sizes: Vec<_> = requests.iter().map(|request| format!("{:>7} {}", request.bytes, request.url)).collect();
    let sum: u64 = requests.iter().map(|request| request.bytes).sum();
    assert!(requests.iter().filter(|request| request.bytes > 0).count() > 3, "the requests were not seen:\n{}", sizes.join("\n"));
    assert!(sum <= PATIENT_PAGE_BYTES_MAX, "{sum} bytes:\n{}", sizes.join("\n"));
    patient.finish().await;
}
