//! What stands between the pages: every state of a visit, every dialog and panel, every error, for people who see little, hear it
//! read, use no mouse, or set colours and sizes of their own (ACC-01). The pages themselves are in `pages.rs`.

use crate::support::browser::Browser;
use crate::support::clinic::{WAITING, chat_both_ways, see_each_other};
use crate::support::server::Demo;
use crate::support::walk::walk;

#[tokio::test]
async fn every_state_of_a_patient_is_open_to_everyone_in_english() {
    patient_in("en").await;
}

#[tokio::test]
async fn every_state_of_a_patient_is_open_to_everyone_in_spanish() {
    patient_in("es").await;
}

async fn patient_in(language: &'static str) {
    let complaints = walk(language, async |patient: &Browser, page: &str| {
        if page == "ready" {
            patient.keep_html(&format!("{language}-visit")).await;
        }
        patient.sweep(&format!("{language} {page}"), language).await
    })
    .await;
    assert_none(&complaints);
}

#[tokio::test]
async fn every_state_of_a_clinicians_visit_is_open_to_everyone() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.patient_waiting("patient", demo.visit_now()));
    let mut sweep = Sweep { browser: &clinician, complaints: Vec::new() };
    clinician.sees_button("Admit").await;
    clinician.click("15 min").await;
    clinician.click("Message").await;
    sweep.look("today waiting").await;
    clinician.click("Remove").await;
    sweep.look("today removal").await;
    clinician.click("Keep them").await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    sweep.look("call checking").await;
    clinician.keep_html("clinician-call").await;
    clinician.open_panel("Security").await;
    sweep.look("call security").await;
    clinician.press_in_security("Close").await;
    clinician.click("End visit").await;
    sweep.look("call ending").await;
    clinician.click("Go on").await;
    clinician.press_in_security("Remove").await;
    sweep.look("call removal").await;
    clinician.click("Keep them").await;
    clinician.click("Devices").await;
    sweep.look("call devices").await;
    clinician.click("Done").await;
    clinician.click("Known to me").await;
    chat_both_ways(&clinician, &patient).await;
    sweep.look("call chat").await;
    clinician.write_note("Seen and well.").await;
    sweep.look("call note").await;
    let id = clinician.visit_id().await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    sweep.look("call over").await;
    clinician.goto(&format!("/visits/{id}/note")).await;
    clinician.sees_note("Saved").await;
    clinician.keep_html("clinician-note").await;
    clinician.lose_session().await;
    clinician.fill("Note", "Seen and well. More").await;
    clinician.sees("You were signed out").await;
    sweep.look("note signed out").await;
    assert_none(&sweep.complaints);
    patient.finish().await;
    clinician.finish_despite(&["401"]).await;
}

#[tokio::test]
async fn the_wrong_person_in_the_call_is_a_question_open_to_everyone() {
    let demo = Demo::start();
    let (clinician, patient) = demo.checking_call().await;
    let note = format!("/visits/{}/note", clinician.visit_id().await);
    let mut sweep = Sweep { browser: &clinician, complaints: Vec::new() };
    clinician.click("Not this person").await;
    clinician.sees("The call is cut here").await;
    sweep.look("call wrong person").await;
    clinician.click_within("dialog", "Back to waiting room").await;
    clinician.sees("Today").await;
    patient.sees(WAITING).await;
    clinician.goto(&note).await;
    clinician.sees("Not open yet").await;
    sweep.look("note locked").await;
    assert_none(&sweep.complaints);
    clinician.finish_despite(&["the server responded with a status of 4"]).await;
    patient.finish().await;
}

#[tokio::test]
async fn every_form_that_comes_back_is_open_to_everyone() {
    let demo = Demo::start();
    let desk = demo.signed_in("scheduler").await;
    let mut sweep = Sweep { browser: &desk, complaints: Vec::new() };
    desk.goto("/patients/new").await;
    desk.fill("Full name", "Nora Quist").await;
    desk.fill("Date of birth", "yesterday").await;
    desk.click("Add a patient").await;
    desk.sees("Please check").await;
    sweep.look("patient form wrong").await;
    desk.goto("/patients").await;
    for (words, name) in [("Nobody Atall", "patients none"), ("Maria Gonzalez", "patients found")] {
        desk.fill("Find a patient", words).await;
        desk.click("Find").await;
        sweep.look(name).await;
    }
    desk.goto("/appointments").await;
    let first = desk.paths().await.into_iter().find(|path| path.starts_with("/appointments/") && path.len() > 40);
    desk.goto(&first.expect("a visit stands on today's list")).await;
    desk.click("New visit code").await;
    desk.sees("Tell the patient this code now").await;
    desk.click("Cancel this visit").await;
    sweep.look("appointment code").await;
    let complaints = sweep.complaints;
    desk.finish_despite(&["422"]).await;

    let administrator = demo.signed_in("administrator").await;
    let mut sweep = Sweep { browser: &administrator, complaints };
    administrator.fill("Name", "Kim Stone").await;
    administrator.fill("Email", &demo.account("scheduler").email).await;
    administrator.click("Add account").await;
    administrator.sees("There is an account with this address already").await;
    sweep.look("account wrong").await;
    administrator.fill("Email", "new@riverside.example").await;
    administrator.click("Add account").await;
    administrator.sees("It is shown only now").await;
    sweep.look("account address").await;
    let complaints = sweep.complaints;
    administrator.finish_despite(&["422"]).await;

    let officer = demo.signed_in("compliance").await;
    let mut sweep = Sweep { browser: &officer, complaints };
    for (query, name) in [("patient=nobody", "log wrong"), ("outcome=failed&kind=log.exported", "log empty")] {
        officer.goto(&format!("/access-log?{query}")).await;
        sweep.look(name).await;
    }
    officer.goto("/access-log/export?format=paper").await;
    officer.sees("We could not read that").await;
    sweep.look("export wrong").await;
    assert_none(&sweep.complaints);
    officer.finish_despite(&["the server responded with a status of 4"]).await;
}

#[tokio::test]
async fn every_error_is_open_to_everyone() {
    let demo = Demo::start();
    let clinician = demo.signed_in("clinician").await;
    let mut sweep = Sweep { browser: &clinician, complaints: Vec::new() };
    for (path, words) in [("/nowhere", "We could not find that"), ("/staff", "This page is not open to you")] {
        clinician.goto(path).await;
        clinician.sees(words).await;
        sweep.look(words).await;
    }
    assert_none(&sweep.complaints);
    clinician.finish_despite(&["the server responded with a status of 4"]).await;
}

/// Looks at states of one person's pages.
struct Sweep<'a> {
    browser: &'a Browser,
    complaints: Vec<String>,
}

impl Sweep<'_> {
    async fn look(&mut self, state: &str) {
        let found = self.browser.sweep(&format!("{} {state}", self.browser.name), "en").await;
        self.complaints.extend(found);
    }
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
