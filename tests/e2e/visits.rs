//! Visits from the link to the last word, between two people with a browser each.

use crate::support::browser::{Browser, View};
use crate::support::clinic::{CLINICIAN, PATIENT, PRIVATE, WAITING, chat_both_ways, hear_each_other, see_each_other};
use crate::support::csv;
use crate::support::server::Demo;
use crate::support::verifiers::Parts;
use serde_json::json;

#[tokio::test]
async fn the_whole_visit_and_what_is_left_of_it() {
    let demo = Demo::start();
    let desk = demo.signed_in("scheduler").await;
    desk.cancel_first_visit().await;
    let visit = desk.book_for_new_patient(&demo).await;
    desk.finish().await;
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    clinician.sees("Today").await;

    patient.open_visit(&visit).await;
    let id = patient.visit_id().await;
    patient.look_at(View::ShortPhone).await;
    patient.click("Check camera and microphone first").await;
    let below_own_picture = async || Ok(patient.ask::<bool>("inSight", json!(["Camera, microphone and background"])).await?.then_some(()));
    patient.wait_for("see what was asked for, without scrolling", below_own_picture).await;
    patient.shot("visit-1-ready").await;
    patient.look_at(View::Desktop).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    patient.shot("visit-2-waiting").await;

    clinician.sees_button("Admit").await;
    clinician.shot("visit-3-today").await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    hear_each_other(&clinician, &patient).await;
    clinician.shot("visit-4-checking").await;
    patient.keep_in_session("left behind").await;

    assert!(!clinician.has_button("Chat").await, "nothing but picture and sound before it is known who is there");
    clinician.click("Known to me").await;
    chat_both_ways(&clinician, &patient).await;
    clinician.write_note("Slept well. Same dose.").await;
    clinician.shot("visit-5-call").await;
    patient.shot("visit-6-call").await;

    clinician.end_visit().await;
    patient.visit_is_over().await;
    assert!(!patient.shows_picture_of(CLINICIAN).await);
    clinician.shot("visit-7-over").await;
    patient.shot("visit-8-over").await;

    // Nothing on the device, by whatever way one comes back to it.
    assert_eq!(patient.kept().await, [0, 0, 0], "cookies that a script sees, keys in the tab, databases");
    patient.back().await;
    assert!(!patient.shows("Dr. Ana Ruiz").await.unwrap());
    patient.goto(&format!("/visits/{id}")).await;
    patient.sees("This visit is not open in this browser").await;
    assert!(!patient.shows("Dr. Ana Ruiz").await.unwrap());
    clinician.finish().await;
    patient.finish_despite(&["the server responded with a status of 404"]).await;

    // And the log tells it.
    let compliance = demo.signed_in("compliance").await;
    let export = Parts::read(&compliance.download("Export as CSV").await).expect("a whole file");
    compliance.finish().await;
    let (kinds, objects) = (csv::column(export.text("events.csv"), "kind"), csv::column(export.text("events.csv"), "object_id"));
    let lines: Vec<_> = kinds.iter().zip(&objects).collect();
    // What is about a visit is about this one. A mail that was sent is about the letter.
    let story = [
        ("staff.signed_in", None),
        ("visit.booked", Some(&id)),
        ("link.sent", None),
        ("link.checked", Some(&id)),
        ("link.redeemed", Some(&id)),
        ("visit.waiting", Some(&id)),
        ("visit.admitted", Some(&id)),
        ("call.connected", Some(&id)),
        ("identity.recorded", Some(&id)),
        ("note.read", Some(&id)),
        ("note.saved", Some(&id)),
        ("visit.ended", Some(&id)),
        ("log.exported", None),
    ];
    let mut rest = lines.iter();
    for (chapter, about) in story {
        let told = rest.any(|(kind, object)| *kind == chapter && about.is_none_or(|id| *object == id));
        assert!(told, "{chapter} does not follow what comes before it in the story:\n{lines:#?}");
    }
    let times = |kind: &str| kinds.iter().filter(|line| *line == kind).count();
    assert_eq!(times("note.read"), 1, "the note was opened once");
    assert_eq!(times("call.left"), 2, "each party's part in the call ended once");
}

#[tokio::test]
async fn a_reload_keeps_the_place_while_waiting_and_comes_back_with_join_visit_in_the_call() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.patient_waiting("patient", demo.visit_now()));
    clinician.sees_button("Admit").await;

    patient.reload().await;
    patient.sees(WAITING).await;
    let place = patient.visit_id().await;
    clinician.wait_for("see the patient still", async || Ok((clinician.can_admit().await == [place.as_str()]).then_some(()))).await;

    // A page that was loaded anew has no camera until it is tapped.
    clinician.admit().await;
    patient.click("Join visit").await;
    see_each_other(&clinician, &patient).await;
    clinician.click("Known to me").await;
    clinician.say_in_chat("Which dose do you take?").await;
    patient.open_panel("Chat").await;
    patient.sees("Which dose do you take?").await;
    clinician.fill("Write a message", "And since when?").await;

    patient.reload().await;
    patient.sees_button("Join visit").await;
    assert!(!patient.shows_picture_of(CLINICIAN).await, "no camera and no picture without a tap");
    patient.click("Join visit").await;
    see_each_other(&clinician, &patient).await;
    hear_each_other(&clinician, &patient).await;

    // Only the connection was another: what the clinician said and was about to say is still there. The page that is new knows nothing of it.
    assert!(clinician.shows("Which dose do you take?").await.unwrap());
    clinician.send_in_chat().await;
    patient.open_panel("Chat").await;
    patient.sees("And since when?").await;
    assert!(!patient.shows("Which dose do you take?").await.unwrap());
    chat_both_ways(&clinician, &patient).await;

    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn a_clinician_says_once_in_a_sign_in_that_the_place_is_private() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.patient_waiting("patient", demo.visit_now()));
    clinician.look_at(View::Phone).await;
    clinician.click("Admit").await;
    clinician.sees(PRIVATE).await;
    clinician.shot("private-phone").await;
    // Not ticked, so nobody is let in, and "Not yet" closes the question.
    clinician.click("Let them in").await;
    assert!(clinician.shows(PRIVATE).await.unwrap() && patient.shows(WAITING).await.unwrap());
    clinician.click("Not yet").await;
    assert!(!clinician.shows(PRIVATE).await.unwrap());

    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    clinician.press_in_security("Back to waiting room").await;
    clinician.click("Admit").await;
    see_each_other(&clinician, &patient).await;
    clinician.goto("/today").await;
    clinician.click("Back to waiting room").await;
    clinician.click("Sign out").await;
    clinician.sign_in(&demo, "clinician").await;
    clinician.click("Admit").await;
    clinician.sees(PRIVATE).await;
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn two_patients_wait_for_one_clinician_at_once() {
    let demo = Demo::start();
    let first = demo.patient_waiting("first patient", demo.visit_now()).await;
    let second = demo.patient_waiting("second patient", demo.visit_next()).await;
    let clinician = demo.signed_in("clinician").await;
    let (first_id, second_id) = (first.visit_id().await, second.visit_id().await);

    both_wait(&clinician, [&first_id, &second_id]).await;
    clinician.shot("two-waiting").await;
    first.reload().await;
    first.sees(WAITING).await;
    both_wait(&clinician, [&first_id, &second_id]).await;

    clinician.admit_visit(&second_id).await;
    see_each_other(&clinician, &second).await;
    assert!(first.shows(WAITING).await.unwrap(), "admitting one lets nobody else in");
    assert!(!first.shows_picture_of(CLINICIAN).await);
    clinician.click("Known to me").await;
    clinician.end_visit().await;
    second.visit_is_over().await;

    clinician.goto("/today").await;
    clinician.admit().await;
    first.click("Join visit").await;
    see_each_other(&clinician, &first).await;
    clinician.finish().await;
    first.finish().await;
    second.finish().await;
}

#[tokio::test]
async fn the_wrong_person_is_out_and_reported_in_two_clicks() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    clinician.click("Not this person").await;
    clinician.sees("The call is cut here").await;
    clinician.shot("not-this-person").await;
    clinician.click("Remove and report").await;
    clinician.sees("Today").await;
    patient.sees("You are no longer in this visit").await;
    patient.shot("removed").await;
    assert!(!patient.has_button("Join visit").await);
    patient.reload().await;
    patient.sees("You are no longer in this visit").await;
    assert!(!patient.has_button("Join visit").await && !patient.shows("Dr. Ana Ruiz").await.unwrap());
    clinician.finish().await;
    patient.finish_despite(&["the server responded with a status of 410"]).await;
}

#[tokio::test]
async fn each_side_reads_what_the_other_said_before_the_call() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.look_at(View::Phone).await;
    patient.open_visit(demo.visit_now()).await;
    patient.click("Someone is with me").await;
    patient.fill("Their name", "Ana Gonzalez").await;
    patient.click("Join visit").await;
    patient.sees("choose who they are").await;
    patient.shot("said-1-incomplete").await;
    patient.put("Who they are to you", "child").await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;

    clinician.look_at(View::Phone).await;
    clinician.click("15 min").await;
    patient.sees("is running about 15 minutes late").await;
    clinician.sees("about 15 minutes late").await;
    patient.shot("said-2-late").await;
    clinician.shot("said-3-today").await;
    clinician.click("On time again").await;
    patient.sees("is here and will let you in soon").await;

    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    clinician.sees("With them: Ana Gonzalez (son or daughter)").await;
    assert!(!clinician.shows("A cough for two weeks").await.unwrap(), "it is not known yet who is there");
    clinician.shot("said-4-checking").await;
    clinician.click("Confirmed").await;
    clinician.sees("A cough for two weeks").await;
    clinician.shot("said-5-phone").await;
    clinician.look_at(View::Desktop).await;
    clinician.shot("said-5-desktop").await;
    clinician.reload().await;
    clinician.sees("A cough for two weeks").await;
    clinician.finish().await;
    patient.finish_despite(&["the server responded with a status of 422"]).await;
}

#[tokio::test]
async fn ending_asks_first_says_what_it_means_and_a_finished_visit_leads_to_its_note() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    clinician.click("End visit").await;
    clinician.sees("Nobody has said yet who is there").await;
    clinician.shot("end-asks").await;
    clinician.click("Go on").await;
    clinician.sees_moving_picture_of(PATIENT).await;
    clinician.click("Known to me").await;
    clinician.write_note("Seen and well.").await;
    clinician.click("End visit").await;
    clinician.sees("Your note stays open").await;
    clinician.click("Go on").await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.goto("/today").await;
    let note = clinician.paths().await.into_iter().find(|path| path.ends_with("/note"));
    clinician.goto(&note.expect("a finished visit leads to its note")).await;
    clinician.sees_note("Saved").await;
    clinician.finish().await;
    patient.finish().await;
}

#[tokio::test]
async fn no_name_stays_on_the_screen_of_whoever_has_signed_out() {
    let demo = Demo::start();
    let clinician = demo.signed_in("clinician").await;
    clinician.sees("Maria Gonzalez").await;
    clinician.lose_session().await;
    clinician.wait_for("be led to the sign-in", async || Ok(clinician.address().await.starts_with("/sign-in").then_some(()))).await;
    assert!(!clinician.shows("Maria Gonzalez").await.unwrap());
    clinician.finish_despite(&["401"]).await;
}

/// Longest first, and a reload does not send anyone to the end.
async fn both_wait(clinician: &Browser, ids: [&str; 2]) {
    clinician.wait_for("see both in the order in which they came", async || Ok((clinician.can_admit().await == ids).then_some(()))).await;
}
