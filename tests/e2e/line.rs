//! The line between the two browsers: cut, moved to another network with the server away, too poor for a picture; and devices that are taken away.

use crate::support::browser::{Browser, View};
use crate::support::clinic::{CLINICIAN, PATIENT, WAITING, find_path_anew, hear_each_other, see_each_other};
use crate::support::server::{AWAY, Demo};

const CUT: &str = "The connection is interrupted. Reconnecting by itself.";

const SOUND_ONLY: &str = "Sound only, no pictures. Needs little data.";

/// How long it may take until both read that the line is cut. The pages do it within a second (`tests/js/pulse.test.js`), the browser alone needs
/// five and more. Lower: said sooner. Higher: fewer false alarms while two browsers share two cores.
const AT_ONCE_MS: u64 = 3_000;

#[tokio::test]
async fn a_cut_is_said_on_both_sides_and_mended_with_the_server_away() {
    let mut demo = Demo::start();
    let (clinician, patient) = demo.watched_call().await;
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
        gone(browser, CUT).await;
    }

    // Whoever moves to another network asks for a new path, and the call itself carries the question and the answer.
    for moves in [&patient, &clinician] {
        find_path_anew(moves, &clinician, &patient).await;
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

#[tokio::test]
async fn a_poor_line_keeps_the_sound_and_what_was_taken_away_comes_back_with_one_tap() {
    let demo = Demo::start();
    let (clinician, patient) = demo.watched_call().await;
    patient.look_at(View::Phone).await;

    patient.measure_a_poor_line(true).await;
    patient.sees("The line is poor: only your sound goes out.").await;
    clinician.sees("The line is poor, so sound comes first. The picture comes back by itself.").await;
    clinician.hears().await;
    patient.shot("line-2-sound-first-patient").await;
    clinician.shot("line-2-sound-first-clinician").await;
    patient.measure_a_poor_line(false).await;
    see_each_other(&clinician, &patient).await;
    gone(&clinician, "sound comes first").await;
    gone(&patient, "only your sound goes out").await;

    for only in [true, false] {
        patient.click("Devices").await;
        patient.press_box(SOUND_ONLY).await;
        patient.shot("line-3-devices").await;
        patient.click("Done").await;
        if only {
            patient.sees("You chose sound only.").await;
            clinician.sees("The patient's camera is off.").await;
            clinician.sees("Not sent: they chose sound only.").await;
            hear_each_other(&clinician, &patient).await;
        }
    }
    see_each_other(&clinician, &patient).await;

    patient.is_called_by_phone().await;
    patient.sees("Something else uses your microphone, perhaps a phone call.").await;
    clinician.sees("The patient is muted.").await;
    patient.shot("line-4-phone-call").await;
    patient.click("Tap to resume").await;
    gone(&clinician, "The patient is muted.").await;
    hear_each_other(&clinician, &patient).await;

    patient.lose_camera().await;
    patient.sees("Your camera is gone. Plug it in again").await;
    clinician.sees("The patient's camera is off.").await;
    patient.click("Tap to resume").await;
    see_each_other(&clinician, &patient).await;
    gone(&patient, "Your camera is gone.").await;

    patient.stop_playing(CLINICIAN).await;
    patient.sees("Picture and sound stopped on this device.").await;
    patient.click("Tap to resume").await;
    see_each_other(&clinician, &patient).await;
    gone(&patient, "stopped on this device").await;
    assert!(!patient.has_button("Tap to resume").await);
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn who_may_use_neither_camera_nor_microphone_reads_what_to_do_and_joins_without() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    let refused = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('refused', 'NotAllowedError'));";
    patient.before_each_page(refused).await;
    patient.look_at(View::Phone).await;
    patient.open_visit(demo.visit_now()).await;
    patient.click("Join visit").await;
    patient.sees("Camera and microphone do not open.").await;
    patient.sees("Press the icon left of the address and allow camera and microphone.").await;
    patient.shot("line-refused").await;
    assert_eq!(patient.complaints().await, [""; 0]);
    assert_eq!(patient.cut_off().await, [""; 0]);
    patient.click("Join without camera and microphone").await;
    patient.sees(WAITING).await;
    clinician.admit().await;
    patient.sees_moving_picture_of(CLINICIAN).await;
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn the_newer_of_two_tabs_has_the_call_and_the_older_one_says_so_and_can_take_it_back() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    let page = patient.address().await;
    patient.new_tab(&page).await;
    patient.click("Join visit").await;
    see_each_other(&clinician, &patient).await;
    patient.go_to_tab(0).await;
    patient.sees("The visit is open in another tab").await;
    patient.sees("Camera and microphone are off here.").await;
    patient.shot("line-two-tabs").await;
    patient.click("Use this tab instead").await;
    patient.click("Join visit").await;
    see_each_other(&clinician, &patient).await;
    patient.go_to_tab(1).await;
    patient.sees("The visit is open in another tab").await;
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn who_chooses_sound_only_before_joining_joins_with_sound_only() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.open_visit(demo.visit_now()).await;
    patient.click("Check camera and microphone first").await;
    patient.click("Camera, microphone and background").await;
    patient.press_box(SOUND_ONLY).await;
    patient.click("Done").await;
    patient.sees("The camera is off. Your microphone works.").await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;

    clinician.admit().await;
    patient.sees("You chose sound only.").await;
    clinician.sees("The patient's camera is off.").await;
    clinician.sees("Not sent: they chose sound only.").await;
    hear_each_other(&clinician, &patient).await;
    assert!(!clinician.shows_picture_of(PATIENT).await, "a picture came, though sound only was chosen");

    patient.click("Devices").await;
    patient.press_box(SOUND_ONLY).await;
    patient.click("Done").await;
    see_each_other(&clinician, &patient).await;
    clinician.finish().await;
    patient.finish().await;
}

async fn gone(browser: &Browser, words: &str) {
    browser.wait_for(&format!("read \"{words}\" no more"), async || Ok((!browser.shows(words).await?).then_some(()))).await;
}
