//! A patient who opened the visit on the phone goes on at the laptop.

use crate::support::browser::{Browser, View};
use crate::support::clinic::{WAITING, see_each_other};
use crate::support::server::{Demo, Visit};
use serde_json::json;

const QUESTION: &str = "wants to open this visit on another device";
const MOVING: &str = "Another device asks to take over this visit";

/// The link on a device that does not have the visit, up to the wait for a yes.
async fn ask_to_move(laptop: &Browser, visit: &Visit) {
    laptop.goto(&visit.link).await;
    laptop.fill("Date of birth", &visit.date_of_birth).await;
    laptop.click("Continue").await;
    laptop.sees_button("Move here").await;
    look(laptop, "move-1-elsewhere").await;
    laptop.click("Move here").await;
    laptop.sees("Confirm on your other device").await;
}

/// At both sizes, with a picture of each, nothing is wrong with the page.
async fn look(browser: &Browser, name: &str) {
    for (view, size) in [(View::Phone, "phone"), (View::Desktop, "desktop")] {
        browser.look_at(view).await;
        browser.shot(&format!("{name}-{size}")).await;
        assert_eq!(browser.complaints().await, Vec::<String>::new(), "{name} ({size})");
    }
}

#[tokio::test]
async fn a_waiting_patient_moves_from_the_phone_to_the_laptop() {
    let demo = Demo::start();
    let (clinician, desk) = tokio::join!(demo.signed_in("clinician"), demo.signed_in("scheduler"));
    let (phone, laptop) = tokio::join!(demo.patient_waiting("phone", demo.visit_now()), demo.browser("laptop"));
    let visit = phone.visit_id().await;
    ask_to_move(&laptop, demo.visit_now()).await;
    look(&laptop, "move-2-asking").await;
    clinician.sees(MOVING).await;
    look(&clinician, "move-3-today").await;
    desk.goto(&format!("/appointments/{visit}")).await;
    desk.sees(MOVING).await;
    look(&desk, "move-4-desk").await;

    // Not them, the first time.
    phone.sees(QUESTION).await;
    look(&phone, "move-5-question").await;
    phone.click("No").await;
    laptop.sees("The visit stays where it is").await;
    look(&laptop, "move-6-refused").await;
    assert!(phone.shows(WAITING).await.unwrap(), "nothing happened to the device that has the visit");

    ask_to_move(&laptop, demo.visit_now()).await;
    phone.sees(QUESTION).await;
    phone.click("Yes, move it").await;
    phone.sees("The visit is on another device now").await;
    look(&phone, "move-7-moved").await;
    laptop.sees(WAITING).await;
    assert_eq!(laptop.visit_id().await, visit);
    laptop.shot("move-8-here").await;
    clinician.wait_for("see the patient wait", async || Ok((clinician.can_admit().await == [visit.as_str()]).then_some(()))).await;

    for browser in [clinician, desk, phone, laptop] {
        browser.finish().await;
    }
}

#[tokio::test]
async fn the_clinic_moves_a_visit_for_a_patient_who_has_lost_the_phone() {
    let demo = Demo::start();
    let (clinician, laptop) = tokio::join!(demo.signed_in("clinician"), demo.browser("laptop"));
    let phone = demo.patient_waiting("phone", demo.visit_now()).await;
    ask_to_move(&laptop, demo.visit_now()).await;
    clinician.click("Move").await;
    clinician.sees("The visit moves to the other device").await;
    laptop.sees(WAITING).await;
    phone.sees("The visit is on another device now").await;
    for browser in [clinician, phone, laptop] {
        browser.finish().await;
    }
}

#[tokio::test]
async fn a_waiting_patient_scans_a_picture_and_goes_on_at_the_phone() {
    let demo = Demo::start();
    let (clinician, phone) = tokio::join!(demo.signed_in("clinician"), demo.browser("phone"));
    let laptop = demo.patient_waiting("laptop", demo.visit_now()).await;
    let visit = laptop.visit_id().await;
    laptop.click("Continue on my phone").await;
    laptop.sees("/join#").await;
    look(&laptop, "phone-1-picture").await;
    assert_eq!(laptop.cut_off().await, [""; 0]);
    let address: String = laptop.ask("textOf", json!(["#phone-link-address"])).await.unwrap();

    phone.look_at(View::Phone).await;
    phone.goto(&format!("http://{address}")).await;
    phone.sees("Continue on this device").await;
    assert_eq!(phone.address().await, "/join", "the code left the address");
    look(&phone, "phone-2-value").await;
    phone.fill("Date of birth", &demo.visit_now().date_of_birth).await;
    phone.click("Continue").await;
    phone.sees(WAITING).await;
    assert_eq!(phone.visit_id().await, visit);
    laptop.sees("The visit is on another device now").await;
    laptop.shot("phone-3-moved").await;
    clinician.sees("Now on another device").await;
    phone.look_at(View::Phone).await;
    assert!(!phone.has_button("Continue on my phone").await, "it is on the phone");
    clinician.admit().await;
    phone.click("Join visit").await;
    see_each_other(&clinician, &phone).await;
    for browser in [clinician, phone, laptop] {
        browser.finish().await;
    }
}

#[tokio::test]
async fn a_clinician_in_the_call_moves_it_for_a_patient_whose_phone_died() {
    let demo = Demo::start();
    let laptop = demo.browser("laptop").await;
    let (clinician, phone) = demo.checking_call().await;
    clinician.click("Confirmed").await;
    phone.finish().await;
    ask_to_move(&laptop, demo.visit_now()).await;
    clinician.sees(MOVING).await;
    look(&clinician, "move-9-call").await;
    clinician.click("Move").await;
    laptop.sees(WAITING).await;
    clinician.sees("The patient is in the waiting room again").await;
    for over in ["Move", "Confirmed"] {
        assert!(!clinician.has_button(over).await, "{over} asks about nobody");
    }
    assert!(clinician.find("link", "Back to Today", "").await.unwrap().is_some());
    clinician.goto("/today").await;
    let visit = laptop.visit_id().await;
    clinician.wait_for("see the patient wait", async || Ok((clinician.can_admit().await == [visit.as_str()]).then_some(()))).await;
    clinician.finish().await;
    laptop.finish().await;
}

#[tokio::test]
async fn the_front_desk_reads_out_a_visit_code() {
    let demo = Demo::start();
    let (desk, patient) = tokio::join!(demo.signed_in("scheduler"), demo.browser("patient"));
    desk.goto("/appointments").await;
    let paths = desk.paths().await;
    let first = paths.into_iter().find(|path| path.starts_with("/appointments/") && path.len() == "/appointments/".len() + 36);
    desk.goto(&first.expect("a visit stands on today's list")).await;
    desk.click("New visit code").await;
    desk.sees("Tell the patient this code now").await;
    look(&desk, "code-shown").await;
    let code: String = desk.ask("textOf", json!([".code.large"])).await.unwrap();

    patient.goto(&demo.visit_now().link).await;
    patient.fill("Date of birth", &code).await;
    patient.click("Continue").await;
    patient.sees_button("Join visit").await;
    desk.finish().await;
    patient.finish().await;
}
