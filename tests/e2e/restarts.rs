//! The server dies while people are in it, and comes back.

use crate::support::clinic::{CLINICIAN, PATIENT, WAITING, see_each_other};
use crate::support::server::{AWAY, Demo};

/// The longest that a picture may stand still while the server is away. Lower: a call that is torn down and made again is noticed. Higher: a
/// busy machine may drop frames.
const STILL_MS_MAX: f64 = 3000.0;

#[tokio::test]
async fn a_server_restart_keeps_the_place_while_waiting_and_does_not_touch_the_media_in_the_call() {
    let mut demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.patient_waiting("patient", demo.visit_now()));
    clinician.sees_button("Admit").await;

    demo.kill();
    demo.start_again();

    clinician.reload().await;
    clinician.sees_button("Admit").await;
    // The patient touches nothing: the page finds its own way back, and into the call.
    assert!(patient.shows(WAITING).await.unwrap());
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;

    clinician.click("Known to me").await;
    clinician.open_panel("Note").await;
    clinician.watch(PATIENT).await;
    patient.watch(CLINICIAN).await;

    demo.kill();
    see_each_other(&clinician, &patient).await;
    demo.start_again();
    // One of the two is back first and hears that the other is not. What they see is truer.
    for (browser, words) in [(&clinician, "not connected"), (&patient, "lost the connection")] {
        assert!(!browser.shows(words).await.unwrap(), "{}: {words}", browser.name);
    }
    clinician.write_note("The server was away for a moment.").await;
    see_each_other(&clinician, &patient).await;
    for (browser, person) in [(&clinician, PATIENT), (&patient, CLINICIAN)] {
        let watched = browser.watched(person).await;
        assert!(watched.same_stream, "{}: the call was made again", browser.name);
        assert!(watched.still_ms < STILL_MS_MAX, "{}: the picture stood still for {} ms", browser.name, watched.still_ms);
    }

    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish_despite(AWAY).await;
    patient.finish_despite(AWAY).await;
}

#[tokio::test]
async fn a_page_whose_scripts_are_gone_says_to_reload_and_then_the_call_comes_about() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.open_visit(demo.visit_now()).await;
    // As after an upgrade: the page is an older one, and what it loads later is not there any more.
    patient.miss(&["*/calls/peer.js*"]).await;
    patient.click("Join visit").await;
    clinician.admit().await;
    patient.sees("A part of this page did not come. Please reload the page.").await;
    patient.shot("unloaded-patient").await;
    assert_eq!(patient.complaints().await, [""; 0]);

    patient.miss(&[]).await;
    patient.click("Reload the page").await;
    patient.click("Join visit").await;
    see_each_other(&clinician, &patient).await;
    clinician.finish().await;
    patient.finish_despite(&["net::ERR_BLOCKED_BY_CLIENT"]).await;
}
