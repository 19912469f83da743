//! What is seen behind a person: measured on the other one's decoded pixels, frame by frame.

use crate::support::browser::{Browser, View};
use crate::support::clinic::{CLINICIAN, PATIENT, hear_each_other, see_each_other};
use crate::support::media::Room;
use crate::support::portrait;
use crate::support::server::Demo;

const CHOICE: &str = "Camera, microphone and background";
/// Of the sharpness that the room has in a plain picture. Lower: nothing can be made out. A blur that is left out is at 1.
const BLURRED: f64 = 0.35;
/// Of the face, which stays.
const FACE: f64 = 0.6;

/// Where the patient's camera shows the drawn person: their room as it is, and then blurred by their choice, as the clinician sees it.
pub async fn room_is_blurred(clinician: &Browser, patient: &Browser) -> [Room; 2] {
    clinician.watch_room(PATIENT).await;
    let plain = clinician.sees_room("see the room in a plain picture", |now| now.room > 6.0).await;
    choose(patient, "Blurred").await;
    let first = clinician.sees_room("see the room blurred and the face sharp", |now| is_blurred(now, &plain)).await;
    [plain, first]
}

fn is_blurred(now: &Room, plain: &Room) -> bool {
    now.room < BLURRED * plain.room && now.face > FACE * plain.face
}

#[tokio::test]
async fn a_room_is_blurred_for_the_other_person_in_every_frame_and_the_face_stays() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().unwrap();
    let film = portrait::film(folder.path());
    let (clinician, patient) =
        tokio::join!(demo.signed_in("clinician"), Browser::open_before_camera("patient", &demo.told.base_url, &film));
    patient.look_at(View::Phone).await;
    patient.open_visit(demo.visit_now()).await;
    patient.click("Join visit").await;
    assert!(!asked_for_background(&patient).await, "not a byte of it before somebody chooses it");
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    let [plain, first] = room_is_blurred(&clinician, &patient).await;
    let blurred = |now: &Room| is_blurred(now, &plain);
    clinician.forget_room().await;
    patient.shot("background-1-choice-phone").await;
    assert_eq!([patient.complaints().await, patient.cut_off().await].concat(), [""; 0]);
    patient.click("Done").await;
    patient.shot("background-2-patient").await;
    clinician.shot("background-3-clinician").await;
    assert!(asked_for_background(&patient).await);

    // Off and on again, behind a tab that nobody looks at, and after a reload: not one frame of the room as it is.
    patient.click("Camera off").await;
    clinician.sees("The patient's camera is off").await;
    patient.click("Camera off").await;
    clinician.sees_room("see them again, blurred", blurred).await;
    patient.open_tab().await;
    clinician.sees_room("see them while they look elsewhere", |now| now.frames > first.frames + 40 && blurred(now)).await;
    patient.go_to_tab(0).await;
    patient.reload().await;
    patient.click("Join visit").await;
    clinician.sees_room("see them after the reload", blurred).await;
    choose(&patient, "Hidden").await;
    let hidden =
        clinician.sees_room("see a card in place of the room", |now| now.room < 0.1 * plain.room && now.face > FACE * plain.face).await;
    patient.shot("background-4-hidden").await;
    clinician.shot("background-5-hidden").await;
    assert!(hidden.most < 2.0 * BLURRED * plain.room, "a frame with the room as it is went out: {hidden:?}, plain {plain:?}");
    hear_each_other(&clinician, &patient).await;

    // Their own choice, and nothing else, shows it again. And the measure can see that.
    choose_open(&patient, "As it is").await;
    clinician.sees_room("see the room as it is", |now| now.room > 0.7 * plain.room).await;
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn a_background_that_cannot_be_blurred_turns_the_picture_off_says_why_and_never_breaks_the_call() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    let meddle = "window.Worker = class extends Worker {
        constructor(address, options) { super(window.troubleForTheTest === 'missing' ? '/static/no-such-worker.js' : address, options) }
        postMessage(...told) { setTimeout(() => super.postMessage(...told), window.troubleForTheTest === 'slow' ? 300 : 0) }
    }";
    patient.before_each_page(meddle).await;
    patient.look_at(View::Phone).await;
    patient.open_visit(demo.visit_now()).await;
    patient.click("Join visit").await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;

    patient.inject("window.troubleForTheTest = 'missing'").await;
    choose(&patient, "Blurred").await;
    patient.sees("A part of this page did not load").await;
    patient.shot("background-6-missing").await;
    assert_eq!([patient.complaints().await, patient.cut_off().await].concat(), [""; 0]);
    clinician.sees("The patient's camera is off").await;
    patient.click("Go on without a picture").await;
    patient.click("Done").await;
    hear_each_other(&clinician, &patient).await;

    // To turn the camera on is to try again. This time the device is slow.
    patient.inject("window.troubleForTheTest = 'slow'").await;
    patient.click("Camera off").await;
    patient.sees("This device is too slow for it").await;
    patient.shot("background-7-slow").await;
    clinician.sees("The patient's camera is off").await;
    patient.click("Show my picture as it is").await;
    see_each_other(&clinician, &patient).await;
    assert!(patient.shows_picture_of(CLINICIAN).await);
    clinician.finish().await;
    patient.finish_despite(&["no-such-worker.js"]).await;
}

/// In the window for camera, sound and background, which the page opens.
async fn choose(patient: &Browser, background: &str) {
    let opener = if patient.has_button(CHOICE).await { CHOICE } else { "Devices" };
    patient.click(opener).await;
    choose_open(patient, background).await;
}

async fn choose_open(patient: &Browser, background: &str) {
    patient.press_box(background).await;
}

async fn asked_for_background(patient: &Browser) -> bool {
    patient.requests().await.iter().any(|request| request.url.contains("/calls/background/"))
}
