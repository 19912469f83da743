//! The one place for what protects a call, on both sides; and that no page tells whether anybody looks at it.

use crate::support::browser::{Browser, View};
use crate::support::clinic::{CLINICIAN, PATIENT, WAITING, see_each_other};
use crate::support::server::Demo;
use serde_json::json;

const SHARING: &str = "Patient may show their screen";

#[tokio::test]
async fn the_clinician_sets_what_may_happen_in_a_call_and_the_patient_reads_it() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    patient.look_at(View::Phone).await;
    for (browser, other) in [(&clinician, "patient"), (&patient, "clinician")] {
        browser.open_panel("Security").await;
        browser.sees(&format!("Encrypted between you and your {other}.")).await;
        // Measured in this call.
        browser.sees("DTLS 1.").await;
        browser.sees("SRTP A").await;
        browser.sees("Direct, path not pinned.").await;
        browser.sees("Not compared yet.").await;
        browser.click_within("#security", "Compare words").await;
        browser.sees("Compare four words").await;
        assert_eq!(browser.ask::<String>("placeOfKeyboard", json!([])).await.unwrap(), "Compare words");
    }
    clinician.click("They match").await;
    for (browser, said) in [(&clinician, "You said that they match."), (&patient, "Your clinician pressed")] {
        browser.sees(said).await;
        browser.open_panel("Security").await;
        browser.sees(said).await;
    }
    for rule in ["Chat", SHARING] {
        assert!(clinician.find("field", rule, "#security").await.unwrap().is_none(), "{rule}: nobody knows yet who is there");
    }
    clinician.click("Known to me").await;
    patient.sees("Chat is on.").await;
    for (name, view) in [("phone", View::Phone), ("small-phone", View::SmallPhone), ("desktop", View::Desktop)] {
        clinician.look_at(view).await;
        clinician.shot(&format!("security-clinician-{name}")).await;
        let complaints: Vec<String> = clinician.complaints().await.into_iter().chain(clinician.cut_off().await).collect();
        assert_eq!(complaints, [""; 0], "{name}");
    }

    clinician.press_box("Lock the visit").await;
    patient.sees("Locked: no other device can come into this call.").await;
    clinician.press_box("Chat").await;
    patient.sees("Chat is off.").await;
    no_button(&patient, "Chat").await;
    no_button(&clinician, "Chat").await;
    clinician.press_box("Chat").await;
    patient.sees_button("Chat").await;
    patient.shot("security-patient-phone").await;
    assert_eq!(patient.complaints().await, [""; 0]);
    patient.click_within("#security", "Close").await;

    // Each time only with leave. Once the clinician stops it, once the patient.
    assert!(!patient.has_button("Show screen").await);
    for (stops, said) in [(&clinician, true), (&patient, false)] {
        clinician.press_box(SHARING).await;
        patient.sees("Your clinician lets you show your screen.").await;
        patient.click("Show screen").await;
        clinician.sees("The patient is showing their screen.").await;
        patient.sees("You are showing your screen.").await;
        clinician.sees_moving_picture_of(PATIENT).await;
        clinician.shot("sharing-clinician").await;
        patient.shot("sharing-patient").await;
        stops.click_within("#shared", "Stop sharing").await;
        if said {
            patient.sees("Your screen is no longer shown.").await;
        }
        clinician
            .wait_for(
                "see no screen any more",
                async || Ok((!clinician.shows("The patient is showing their screen.").await?).then_some(())),
            )
            .await;
        no_button(&patient, "Show screen").await;
        no_button(&patient, "Stop sharing").await;
        see_each_other(&clinician, &patient).await;
    }
    // From now on through the clinic's relay, and no other way: both connections are made anew.
    patient.open_panel("Security").await;
    patient.sees("The call goes the most direct way there is.").await;
    clinician.press_box("Relay only").await;
    for browser in [&clinician, &patient] {
        browser.sees("Through the clinic's relays in this-machine and no other way.").await;
        browser.sees("The networks decide which way the call takes to a relay").await;
    }
    patient.sees("The call goes through the clinic's relays and no other way.").await;
    see_each_other(&clinician, &patient).await;
    clinician.shot("security-relay-only-clinician").await;
    patient.shot("security-relay-only-patient").await;
    assert_eq!(patient.complaints().await, [""; 0]);
    clinician.press_in_security("End visit").await;
    clinician.click("Go on").await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn nothing_leaves_a_call_when_somebody_looks_away() {
    let demo = Demo::start();
    let (clinician, patient) = demo.watched_call().await;
    clinician.click("Known to me").await;
    patient.sees_button("Chat").await;
    for (browser, person) in [(&clinician, PATIENT), (&patient, CLINICIAN)] {
        // The rest of what a call begins with is out.
        browser.sees_moving_picture_of(person).await;
        let before = browser.left().await.len();
        browser.look_away_and_back().await;
        // The server asks every ten seconds whether the page is there: after that answer, nothing that came of it can be on its way.
        let since = browser
            .wait_for("answer the server", async || {
                let since = browser.left().await.split_off(before);
                Ok(since.iter().any(|left| left.way == "socket").then_some(since))
            })
            .await;
        for left in &since {
            let known = match left.way.as_str() {
                "socket" => left.what == r#"{"type":"beat"}"#,
                "channel pulse" => left.what == "?" || left.what == "!",
                _ => false,
            };
            assert!(known, "{}: {left:?} left the page when somebody looked away", browser.name);
        }
        assert!(since.len() > 2, "{}: what leaves is seen", browser.name);
    }
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn where_somebody_is_leaves_no_page_before_the_clinician_lets_them_in() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.browser("clinician"), demo.browser("patient"));
    for browser in [&clinician, &patient] {
        browser.keep_connections().await;
    }
    clinician.sign_in(&demo, "clinician").await;
    patient.open_visit(demo.visit_now()).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    clinician.sees_button("Admit").await;
    // The check of the connection has its own description of what it wants.
    patient.network_verdict().await;
    let (of_clinician, of_patient) = (clinician.left().await, patient.left().await);
    for left in of_clinician.iter().chain(&of_patient) {
        assert!(!names_an_address(&left.what), "{left:?} left a page before admission");
    }
    assert!(
        of_patient.iter().any(|left| left.what.contains("a=ice-ufrag") || left.what.contains("a%3Dice-ufrag")),
        "the check's offer is seen"
    );

    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    for browser in [&clinician, &patient] {
        assert!(browser.left().await.iter().any(|left| names_an_address(&left.what)), "{}: what leaves is seen", browser.name);
    }
    clinician.finish().await;
    patient.finish().await;
}

/// A way to whoever sent this: a candidate, a name on the local network, or the line of a description that says where media goes.
fn names_an_address(text: &str) -> bool {
    let plain = text.replace("%3A", ":").replace("%3D", "=").replace('+', " ");
    let led = |start: &str| plain.match_indices(start).any(|(at, _)| !plain[at + start.len()..].starts_with("0.0.0.0"));
    plain.contains("candidate:") || plain.contains(".local") || led("c=IN IP4 ") || plain.contains("c=IN IP6 ")
}

async fn no_button(browser: &Browser, name: &str) {
    browser.wait_for(&format!("have no button \"{name}\""), async || Ok((!browser.has_button(name).await).then_some(()))).await;
}
