//! The note: what a clinician typed is not lost, and is not left behind in the browser.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::clinic::{NOTE_FIELD, see_each_other};
use crate::support::server::Demo;

/// A clinician on the note's own page, after a visit that has ended.
async fn at_the_note(demo: &Demo) -> Browser {
    let (clinician, patient) = demo.checking_call().await;
    see_each_other(&clinician, &patient).await;
    clinician.click("Known to me").await;
    clinician.write_note("Slept well.").await;
    let id = clinician.visit_id().await;
    clinician.end_visit().await;
    patient.sees("The visit is over").await;
    patient.finish().await;
    clinician.goto(&format!("/visits/{id}/note")).await;
    clinician.sees_note("Saved").await;
    assert_eq!(written(&clinician).await, "Slept well.");
    clinician
}

async fn written(clinician: &Browser) -> String {
    clinician.ask("valueOf", json!([NOTE_FIELD])).await.unwrap()
}

/// The words that the tab itself keeps.
async fn kept(clinician: &Browser) -> Vec<String> {
    clinician.ask("keptByThisTab", json!([])).await.unwrap()
}

#[tokio::test]
async fn what_was_not_saved_yet_comes_back_and_what_is_saved_is_not_kept() {
    let demo = Demo::start();
    let clinician = at_the_note(&demo).await;
    assert_eq!(kept(&clinician).await, Vec::<String>::new(), "the server has it, so the browser does not");

    // The page goes away in the middle of a sentence.
    clinician.fill(NOTE_FIELD, "Slept well. Dizzy when").await;
    clinician.reload().await;
    clinician.sees_note("Saved").await;
    assert_eq!(written(&clinician).await, "Slept well. Dizzy when");
    assert_eq!(kept(&clinician).await, Vec::<String>::new());

    // The session ends while the page is open: the words stay, and the password is asked for in place.
    clinician.lose_session().await;
    clinician.fill(NOTE_FIELD, "Slept well. Dizzy when getting up.").await;
    clinician.sees_note("Not saved yet").await;
    clinician.sees("You were signed out").await;
    clinician.shot("note-signed-out").await;
    assert_eq!(written(&clinician).await, "Slept well. Dizzy when getting up.");
    let account = demo.account("clinician");
    clinician.fill("Email", &account.email).await;
    clinician.fill("Password", &account.password).await;
    clinician.click("Sign in and save").await;
    clinician.sees_note("Saved").await;
    assert_eq!(kept(&clinician).await, Vec::<String>::new());
    clinician.shot("note-saved").await;
    clinician.reload().await;
    clinician.sees_note("Saved").await;
    assert_eq!(written(&clinician).await, "Slept well. Dizzy when getting up.");
    // The page that went away may have been saving still: its successor is refused once, and sees that the words are the same.
    clinician.finish_despite(&["401", "409"]).await;
}
