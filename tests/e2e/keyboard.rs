//! A day's work with a keyboard and nothing else: every step is reached, and after each act the keyboard is where a person goes on
//! (ACC-01). A patient's whole visit by keyboard is in `spanish.rs`.

use anteroom::time::{Clock, SystemClock};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::clinic::{WAITING, see_each_other};
use crate::support::server::Demo;
use crate::support::walk::{FOR_ANYONE, INNER_ANDROID};

const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";
const ESCAPE: &str = "\u{e00c}";
/// Control and A: what is typed next replaces what is there.
const ALL: &str = "\u{e009}a";
const SKIP: &str = "Skip to the main part";

#[tokio::test]
async fn a_clinician_has_a_visit_by_keyboard() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.browser("clinician"), demo.patient_waiting("patient", demo.visit_now()));
    clinician.goto("/sign-in").await;
    clinician.tab_to("Email").await;
    clinician.press("nobody@riverside.example").await;
    clinician.tab_to("Password").await;
    clinician.press("no such password").await;
    clinician.press(ENTER).await;
    clinician.sees("The email address or the password is not right.").await;
    is_in_field(&clinician, "Password").await;
    sign_in(&clinician, &demo, "clinician").await;
    press_on(&clinician, "Mark as seen").await;
    clinician.sees("You have seen them").await;
    is_at(&clinician, "Maria Gonzalez").await;

    // Somebody else's coming and going moves rows, and not the keyboard.
    clinician.tab_to("Admit").await;
    let other = demo.patient_waiting("other patient", demo.visit_next()).await;
    clinician.wait_for("see both wait", async || Ok((clinician.can_admit().await.len() == 2).then_some(()))).await;
    is_at(&clinician, "Admit").await;
    clinician.press(ENTER).await;
    clinician.tab_to("I am in a private place").await;
    clinician.press(" ").await;
    press_on(&clinician, "Let them in").await;
    see_each_other(&clinician, &patient).await;

    press_on(&clinician, "Confirmed").await;
    is_at(&clinician, "Maria Gonzalez").await;
    press_on(&clinician, "Chat").await;
    is_at(&clinician, "Write a message").await;
    clinician.press("How did you sleep?").await;
    clinician.press(ENTER).await;
    patient.open_panel("Chat").await;
    patient.sees("How did you sleep?").await;
    is_at(&clinician, "Write a message").await;
    clinician.press(ESCAPE).await;
    is_at(&clinician, "Chat").await;

    press_on(&clinician, "Note").await;
    clinician.tab_to("Note").await;
    is_in_field(&clinician, "Note").await;
    clinician.press("Slept well.").await;
    patient.say_in_chat("Very well.").await;
    clinician.sees("A new message has come.").await;
    clinician.press(" Same dose.").await;
    clinician.sees_note("Saved").await;
    let written: String = clinician.ask("valueOf", json!(["Note"])).await.unwrap();
    assert_eq!(written, "Slept well. Same dose.");
    is_in_field(&clinician, "Note").await;

    press_on(&clinician, "Camera off").await;
    clinician.sees("Camera is off").await;
    is_at(&clinician, "Camera off").await;
    press_on(&clinician, "Security").await;
    is_at(&clinician, "Security").await;
    press_on(&clinician, "End visit").await;
    is_at(&clinician, "Yes, end it").await;
    press_on(&clinician, "Yes, end it").await;
    patient.visit_is_over().await;
    is_at(&clinician, "The visit has ended").await;
    press_on(&clinician, "Back to Today").await;
    clinician.sees("Done").await;
    for browser in [patient, other] {
        browser.finish().await;
    }
    clinician.finish_despite(&["the server responded with a status of 422"]).await;
}

#[tokio::test]
async fn the_front_desk_books_by_keyboard() {
    let demo = Demo::start();
    let desk = demo.browser("scheduler").await;
    sign_in(&desk, &demo, "scheduler").await;
    press_on(&desk, "Patients").await;
    desk.tab_to("Find a patient").await;
    desk.press("Maria Gonzalez").await;
    desk.press(ENTER).await;
    // The answer is read out, and what was found comes next.
    is_at(&desk, "One patient found").await;
    desk.press(TAB).await;
    is_at(&desk, "Maria Gonzalez Born 1948-09-23").await;
    desk.press(ENTER).await;
    press_on(&desk, "Book a visit").await;

    let tomorrow = (SystemClock.now().utc() + TimeDelta::days(1)).with_timezone(&chrono_tz::America::New_York);
    desk.tab_to("Length").await;
    desk.press("1").await;
    press_on(&desk, "Book this visit").await;
    // The browser itself says what is missing, and goes there.
    is_in_field(&desk, "Date").await;
    desk.press(&tomorrow.format("%m%d%Y").to_string()).await;
    desk.tab_to("Start").await;
    desk.press("0230PM").await;
    press_on(&desk, "Book this visit").await;
    is_at(&desk, "Please check these fields. Nothing was saved yet. Type a length from 10 to 180 minutes.").await;
    desk.press(TAB).await;
    is_at(&desk, "Type a length from 10 to 180 minutes.").await;
    desk.press(ENTER).await;
    is_in_field(&desk, "Length").await;
    desk.press(ALL).await;
    desk.press("30").await;
    press_on(&desk, "Book this visit").await;
    is_at(&desk, "The visit is booked.").await;
    desk.sees("2:30 PM").await;
    desk.finish_despite(&["422"]).await;
}

#[tokio::test]
async fn the_skip_link_leads_past_the_bar_on_every_page() {
    let demo = Demo::start();
    let anyone = demo.browser("anyone").await;
    for path in FOR_ANYONE {
        anyone.goto(path).await;
        skips(&anyone).await;
    }
    anyone.finish().await;
    for (role, pages) in [
        ("scheduler", &["/appointments", "/patients", "/patients/new"][..]),
        ("clinician", &["/today"]),
        ("compliance", &["/access-log", "/review", "/integrity", "/access-review"]),
        ("administrator", &["/staff"]),
    ] {
        let staff = demo.signed_in(role).await;
        for path in pages {
            staff.goto(path).await;
            skips(&staff).await;
        }
        staff.finish().await;
    }
}

#[tokio::test]
async fn the_skip_link_leaves_the_secret_in_the_address_of_an_inner_browser() {
    let demo = Demo::start();
    let patient = demo.browser("patient").await;
    patient.goto("/help").await;
    patient.pretend(INNER_ANDROID).await;
    let link = &demo.visit_now().link;
    patient.goto(link).await;
    patient.sees_button("Stay here").await;
    skips(&patient).await;
    assert!(link.ends_with(&patient.address().await), "the address is the link still: {}", patient.address().await);
    press_on(&patient, "Stay here").await;
    is_at(&patient, "Before we open your visit").await;
    press_on(&patient, "Send a new link").await;
    patient.sees("a new link is on its way").await;
    is_at(&patient, "Send a new link").await;
    patient.goto("about:blank").await;
    patient.goto(link).await;
    press_on(&patient, "Stay here").await;
    patient.tab_to("Date of birth").await;
    patient.press(&demo.visit_now().date_of_birth).await;
    press_on(&patient, "Continue").await;
    press_on(&patient, "Join visit").await;
    patient.sees(WAITING).await;
    is_at(&patient, WAITING).await;
    patient.finish().await;
}

/// The first thing that the Tab key comes to, and what it does.
async fn skips(browser: &Browser) {
    browser.press(TAB).await;
    is_at(browser, SKIP).await;
    browser.press(ENTER).await;
    browser
        .wait_for("be at the main part", async || {
            let at: String = browser.ask("keyboardIsIn", json!([])).await?;
            Ok((at == "main").then_some(()))
        })
        .await;
}

async fn sign_in(browser: &Browser, demo: &Demo, role: &str) {
    let account = demo.account(role);
    browser.goto("/sign-in").await;
    browser.tab_to("Email").await;
    browser.press(&account.email).await;
    browser.tab_to("Password").await;
    browser.press(&account.password).await;
    browser.press(ENTER).await;
    browser.sees_button("Sign out").await;
}

async fn press_on(browser: &Browser, name: &str) {
    browser.tab_to(name).await;
    browser.press(ENTER).await;
}

/// The keyboard is at what is named so, or begins so, without anybody having moved it.
async fn is_at(browser: &Browser, name: &str) {
    browser
        .wait_for(&format!("be at \"{name}\""), async || {
            let at: String = browser.ask("placeOfKeyboard", json!([])).await?;
            Ok(at.starts_with(name).then_some(()))
        })
        .await;
}

async fn is_in_field(browser: &Browser, name: &str) {
    is_at(browser, name).await;
    let kind: String = browser.ask("keyboardIsIn", json!([])).await.unwrap();
    assert!(["input", "textarea"].contains(&kind.as_str()), "{}: the keyboard is in a {kind}", browser.name);
}
