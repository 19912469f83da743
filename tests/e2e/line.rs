//! The line between the two browsers: cut, moved to another network, and that with the server away.

use crate::support::clinic::{CLINICIAN, PATIENT, see_each_other};
use crate::support::server::Demo;

/// What a browser says of a server that is not there.
const AWAY: &[&str] = &["WebSocket connection to", "net::ERR_CONNECTION_REFUSED", "net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION_RESET"];

const CUT: &str = "The connection is interrupted. Reconnecting by itself.";

/// How long it may take until both read that the line is cut. The pages do it within a second (`tests/js/pulse.test.js`), the browser alone needs
/// five and more. Lower: said sooner. Higher: fewer false alarms while two browsers share two cores.
const AT_ONCE_MS: u64 = 3_000;

#[tokio::test]
async fn a_cut_is_said_on_both_sides_and_mended_with_the_server_away() {
    let mut demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.browser("clinician"), demo.browser("patient"));
    for browser in [&clinician, &patient] {
        browser.keep_connections().await;
    }
    clinician.sign_in(&demo, "clinician").await;
    patient.open_visit(demo.visit_now()).await;
    patient.click("Join visit").await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    clinician.watch(PATIENT).await;
    patient.watch(CLINICIAN).await;

    demo.kill();
    for browser in [&clinician, &patient] {
        browser.notice(CUT).await;
    }
    let since = patient.now_ms().await;
    patient.lose_line();
    for browser in [&clinician, &patient] {
        let after = browser.noticed(CUT).await.saturating_sub(since);
        assert!(after < AT_ONCE_MS, "{}: only after {after} ms", browser.name);
        browser.shot(&format!("line-1-cut-{}", browser.name)).await;
    }
    patient.find_line();
    see_each_other(&clinician, &patient).await;
    for browser in [&clinician, &patient] {
        browser.wait_for("read of no cut any more", async || Ok((!browser.shows(CUT).await?).then_some(()))).await;
    }

    // Whoever moves to another network asks for a new path, and the call itself carries the question and the answer.
    for moves in [&patient, &clinician] {
        let before = [clinician.tries().await, patient.tries().await];
        moves.change_network().await;
        clinician
            .wait_for("find a path anew", async || {
                let ([ours, theirs], [patients, clinicians]) = (clinician.tries().await, patient.tries().await);
                Ok((ours != before[0][0] && theirs != before[0][1] && ours == clinicians && theirs == patients).then_some(()))
            })
            .await;
        see_each_other(&clinician, &patient).await;
    }
    for (browser, person) in [(&clinician, PATIENT), (&patient, CLINICIAN)] {
        assert!(browser.watched(person).await.same_stream, "{}: the call was made again", browser.name);
    }

    demo.start_again();
    clinician.click("Known to me").await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish_despite(AWAY).await;
    patient.finish_despite(AWAY).await;
}
