//! The visit link, as mail programs, scanners and slow phones meet it.

use crate::support::browser::Browser;
use crate::support::server::Demo;

/// Bytes on the wire, headers included.
const PATIENT_PAGE_BYTES_MAX: u64 = 100_000;

#[tokio::test]
async fn the_link_survives_a_scanner_and_then_opens() {
    let demo = Demo::start();
    let link = demo.visit_now().link.as_str();
    let program = reqwest::Client::new();
    assert!(program.head(link).send().await.unwrap().status().is_success());
    for _ in 0..10 {
        assert!(program.get(link).send().await.unwrap().status().is_success());
    }
    let scanner = demo.browser("scanner").await;
    press_every_button(&scanner, link).await;
    // It may have been told that nothing was typed; that is no fault of the page.
    scanner.finish_despite(&["the server responded with a status of 4"]).await;

    let patient = demo.browser("patient").await;
    patient.open_visit(demo.visit_now()).await;
    patient.finish().await;
}

/// Loads the link anew for each of its buttons and presses it without typing anything.
async fn press_every_button(scanner: &Browser, link: &str) {
    scanner.goto(link).await;
    scanner.sees_button("Continue").await;
    for button in scanner.names_of_buttons().await {
        scanner.forget_cookies().await;
        scanner.goto("about:blank").await;
        scanner.goto(link).await;
        scanner.click(&button).await;
        if button == "Español" {
            // Only then the cookie of the choice is there to be forgotten.
            scanner.sees("Antes de abrir su consulta").await;
        }
    }
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
