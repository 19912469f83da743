//! The compliance officer's desk, state by state: for people who see little, hear it read, use no mouse, or print it.

use crate::support::browser::Browser;
use crate::support::server::Demo;

/// Looks at a state in every way, and notes what is wrong.
async fn look(officer: &Browser, state: &str, language: &str, complaints: &mut Vec<String>) {
    complaints.extend(officer.sweep(&format!("desk {state}"), language).await);
}

/// Somebody tries passwords until a rule of the review queue is met.
async fn storm_of_wrong_passwords(demo: &Demo) {
    let guest = demo.browser("guest").await;
    for _ in 0..10 {
        guest.goto("/sign-in").await;
        guest.fill("Email", &demo.account("clinician").email).await;
        guest.fill("Password", "not the password at all").await;
        guest.click("Sign in").await;
        guest.sees("try again").await;
    }
    guest.finish_despite(&["the server responded with a status of 4"]).await;
}

#[tokio::test]
async fn every_page_of_the_officers_desk_is_open_to_everyone() {
    let demo = Demo::start();
    storm_of_wrong_passwords(&demo).await;
    let officer = demo.signed_in("compliance").await;
    let mut complaints = Vec::new();
    let complained = &mut complaints;

    officer.goto("/access-log?sort=address&order=up").await;
    look(&officer, "log by address", "en", complained).await;
    let of_a_patient = officer.paths().await.into_iter().find(|path| path.contains("patient=")).expect("a patient stands in the log");
    officer.goto(&of_a_patient).await;
    officer.click_link("Who opened this record").await;
    officer.sees("Who opened your record").await;
    look(&officer, "opened", "en", complained).await;
    officer.goto(&format!("{}?language=es", officer.address().await)).await;
    officer.sees("Quién abrió su expediente").await;
    officer.shot("desk opened es").await;

    officer.goto("/review").await;
    officer
        .wait_for("something to review", async || {
            officer.reload().await;
            Ok(officer.shows("failed sign-ins within an hour").await?.then_some(()))
        })
        .await;
    look(&officer, "review", "en", complained).await;
    officer.fill("What you found 10 failed sign-ins within an hour, Dr. Ana Ruiz", "They forgot it after the holidays").await;
    officer.click("Reviewed 10 failed sign-ins within an hour, Dr. Ana Ruiz").await;
    officer.sees("Nothing is waiting for you").await;
    officer.sees("They forgot it after the holidays").await;
    look(&officer, "reviewed", "en", complained).await;

    officer.goto("/integrity").await;
    look(&officer, "integrity", "en", complained).await;
    officer.fill("A head that left the house", "Dear officer").await;
    officer.click("Verify now").await;
    officer.sees("No head that this log’s key has signed is in this text").await;
    look(&officer, "integrity wrong", "en", complained).await;
    officer.goto("/integrity").await;
    officer.click("Verify now").await;
    officer.sees("was compared with no head from outside").await;
    look(&officer, "integrity verified", "en", complained).await;

    officer.goto("/access-review").await;
    look(&officer, "accounts", "en", complained).await;
    officer.click("I have looked at all 4 accounts").await;
    officer.sees(": 4 accounts").await;
    look(&officer, "accounts reviewed", "en", complained).await;

    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    officer.finish_despite(&["the server responded with a status of 4"]).await;
}

#[tokio::test]
async fn a_record_opened_in_an_emergency_is_open_to_everyone_who_may_see_it() {
    let demo = Demo::start();
    let (clinician, officer) = tokio::join!(demo.signed_in("clinician"), demo.signed_in("compliance"));
    let mut complaints = Vec::new();
    let complained = &mut complaints;
    clinician.goto("/visits/00000000-0000-7000-8000-000000000000/note").await;
    clinician.sees("This record is not open to you").await;
    look(&clinician, "not yours", "en", complained).await;
    clinician.click_link("Open a record in an emergency").await;
    clinician.fill("Patient", "Nobody Known").await;
    clinician.fill("What is the emergency?", "She fell and does not answer").await;
    clinician.click("Open the record").await;
    clinician.sees("No patient is known by this").await;
    look(&clinician, "emergency nobody", "en", complained).await;
    clinician.fill("Patient", "Maria Gonzalez").await;
    clinician.click("Open the record").await;
    clinician.sees("Then this page closes by itself").await;
    look(&clinician, "emergency record", "en", complained).await;
    let record = clinician.address().await;

    officer.goto("/review").await;
    officer
        .wait_for("the emergency to review", async || {
            officer.reload().await;
            Ok(officer.shows("in an emergency").await?.then_some(()))
        })
        .await;
    officer.sees("still open to them").await;
    look(&officer, "emergency goes on", "en", complained).await;

    clinician.click("I am done: close it now").await;
    clinician.sees("Open a record in an emergency").await;
    clinician.goto(&record).await;
    clinician.sees("That record is closed again").await;
    look(&clinician, "emergency over", "en", complained).await;
    officer.reload().await;
    let what = "Opened the record of a patient who is not theirs, in an emergency, Dr. Ana Ruiz";
    officer.fill(&format!("What you found {what}"), "The ambulance came, all in order").await;
    look(&officer, "emergency to review", "en", complained).await;
    officer.click(&format!("Reviewed {what}")).await;
    officer.sees("Nothing is waiting for you").await;
    officer.sees("The ambulance came").await;
    look(&officer, "emergency reviewed", "en", complained).await;
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    officer.finish().await;
    clinician.finish_despite(&["the server responded with a status of 4"]).await;
}

#[tokio::test]
async fn an_officer_sorts_and_reviews_without_a_mouse() {
    let demo = Demo::start();
    let officer = demo.signed_in("compliance").await;
    officer.goto("/access-log").await;
    officer.tab_to("Who (sort up)").await;
    officer.press("\u{e007}").await;
    officer.tab_to("Who (sort down)").await;
    officer.press("\u{e007}").await;
    officer.tab_to("Who (sort up)").await;
    assert_eq!(officer.address().await, "/access-log?sort=who");
    officer.goto("/integrity").await;
    officer.tab_to("A head that left the house").await;
    officer.tab_to("Verify now").await;
    officer.press("\u{e007}").await;
    officer.sees("was compared with no head from outside").await;
    officer.finish().await;
}
