//! The words that two people compare, between two browsers, and four attacks of the signalling server on them (RTC-05 to RTC-08, AB-09): another
//! certificate in the middle of a call, a server in between that forces the roles of the handshake, messages out of order and of a call that is over,
//! sound and picture beside the channel that is proved. Each time a page refuses or the words differ.

use crate::support::browser::{Browser, View};
use crate::support::clinic::see_each_other_as;
use crate::support::server::Demo;
use serde_json::json;

const CALLED: &str = "Quien le atiende";
const STOPPED: &str = "The call was stopped for safety";
const STOPPED_HERE: &str = "La llamada se detuvo por seguridad";

/// What stands on a page, four of each. Opens the panel if it is not open yet.
async fn words(browser: &Browser, toggle: &str) -> Vec<(String, String)> {
    browser.open_panel(toggle).await;
    browser
        .wait_for("see four words", async || {
            let words: Vec<(String, String)> = browser.ask("proofWords", json!([])).await?;
            Ok((words.len() == 4 && words.iter().all(|(number, word)| number.len() == 3 && !word.is_empty())).then_some(words))
        })
        .await
}

/// The same words on both pages, in Spanish.
async fn same_words(clinician: &Browser, patient: &Browser) -> Vec<(String, String)> {
    let (here, there) = (words(clinician, "Compare words").await, words(patient, "Comparar palabras").await);
    assert_eq!(here, there);
    let spanish: Vec<&str> = include_str!("../../static/calls/words/es.txt").lines().collect();
    for (number, word) in &here {
        assert_eq!(spanish[number.parse::<usize>().unwrap()], word);
    }
    here
}

/// Both were told that the call ended, without a word left, and what to do.
async fn both_were_told(clinician: &Browser, patient: &Browser) {
    patient.sees(STOPPED_HERE).await;
    patient.sees("llame a la clínica").await;
    clinician.sees(STOPPED).await;
    clinician.sees("Ring the patient up").await;
    clinician.sees("The patient's phone: 555 0").await;
    for browser in [clinician, patient] {
        assert_eq!(browser.ask::<Vec<(String, String)>>("proofWords", json!([])).await.unwrap(), []);
    }
}

/// The visit is in the waiting room again: let in anew, from a page that is loaded anew. `kind`: what the server does from now on.
async fn again(clinician: &Browser, patient: &Browser, kind: &str) {
    patient.ask::<()>("attackBy", json!([kind])).await.unwrap();
    patient.click("Volver a la sala de espera").await;
    patient.sees("Está en la sala de espera").await;
    clinician.goto("/today").await;
    clinician.admit().await;
    patient.click("Entrar a la consulta").await;
}

#[expect(clippy::print_stdout, reason = "how fast it is, is a figure to read and no promise of a busy machine")]
#[tokio::test]
async fn a_spanish_patient_and_an_english_clinician_see_the_same_words_and_no_attack_passes() {
    let demo = Demo::start();
    let desk = demo.signed_in("scheduler").await;
    desk.cancel_first_visit().await;
    let visit = desk.book_for_new_patient_in("es", &demo).await;
    desk.finish().await;
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.before_each_page(include_str!("support/hostile.js")).await;
    patient.look_at(View::SmallPhone).await;
    patient.wish("es-MX,es;q=0.9").await;
    patient.goto(&visit.link).await;
    patient.fill("Fecha de nacimiento", "06/05/1975").await;
    patient.click("Continuar").await;
    patient.click("Entrar a la consulta").await;
    clinician.admit().await;
    see_each_other_as(&clinician, &patient, CALLED).await;

    let first = same_words(&clinician, &patient).await;
    clinician.sees("The words are in the patient's language").await;
    for (browser, name) in [(&clinician, "clinician"), (&patient, "patient")] {
        browser.sees(if name == "patient" { "Todavía sin comparar" } else { "Not compared yet" }).await;
        browser.shot(&format!("proof-compare-{name}")).await;
        assert_eq!(browser.cut_off().await, [""; 0]);
        assert_eq!(browser.complaints().await, [""; 0]);
    }
    clinician.look_at(View::SmallPhone).await;
    clinician.shot("proof-compare-clinician-phone").await;
    assert_eq!(clinician.cut_off().await, [""; 0]);
    // The answer is in sight while it is still asked who is there, and so is the end of the visit.
    for (browser, view, answers) in [
        (&clinician, View::ShortPhone, ["They match", "They differ", "End visit"].as_slice()),
        (&patient, View::ShortPhone, &["Son distintas", "Salir"]),
        (&clinician, View::Desktop, &["They match", "They differ", "End visit", "Confirmed"]),
    ] {
        browser.look_at(view).await;
        browser.shot(&format!("proof-in-sight-{}-{view:?}", browser.name)).await;
        for answer in answers {
            let what = format!("have \"{answer}\" in sight");
            browser.wait_for(&what, async || Ok(browser.ask::<bool>("inSight", json!([answer])).await?.then_some(()))).await;
        }
    }
    patient.look_at(View::SmallPhone).await;
    // A slip of the finger is asked about.
    patient.click("Son distintas").await;
    patient.sees("¿Son distintas las palabras?").await;
    patient.shot("proof-sure-patient").await;
    assert_eq!(patient.complaints().await, [""; 0]);
    patient.click("No, seguir").await;
    clinician.click("They match").await;
    clinician.sees("You said that they match").await;
    patient.sees("Usted también debió oírlo").await;
    patient.shot("proof-matched-patient").await;
    clinician.shot("proof-matched-clinician").await;

    // A page that is loaded anew has another certificate, other words, and nothing was compared.
    patient.reload().await;
    patient.click("Entrar a la consulta").await;
    see_each_other_as(&clinician, &patient, CALLED).await;
    clinician.sees_button("Compare words").await;
    assert_ne!(same_words(&clinician, &patient).await, first);
    clinician.sees("The call was connected anew. Please compare again.").await;
    patient.sees("La llamada se conectó de nuevo.").await;
    patient.shot("proof-again-patient").await;

    // Another certificate in the middle of the call.
    patient.ask::<()>("attackBy", json!(["swap"])).await.unwrap();
    clinician.ask::<()>("changeNetwork", json!([])).await.unwrap();
    both_were_told(&clinician, &patient).await;
    patient.shot("proof-differ-patient").await;
    clinician.shot("proof-differ-clinician").await;
    let took_ms: f64 = patient.ask("attackTook", json!([])).await.unwrap();
    println!("another certificate ended the media of its page after {took_ms:.1} ms");
    assert!(took_ms >= 0.0, "the page closed its connection because of it");

    // A server that sits in between and plays the other side to each of them, in roles of its choice: the words differ, and a person says so.
    again(&clinician, &patient, "middle").await;
    let (here, there) = (words(&clinician, "Compare words").await, words(&patient, "Comparar palabras").await);
    assert_ne!(here, there);
    assert_eq!(
        patient.ask::<[String; 2]>("attackRoles", json!([])).await.unwrap(),
        ["server", "client"],
        "towards the clinician, the patient"
    );
    clinician.click("They differ").await;
    clinician.click("Yes, end the call").await;
    both_were_told(&clinician, &patient).await;

    // All messages out of order and twice, and an offer of a call that is over.
    again(&clinician, &patient, "replay").await;
    both_were_told(&clinician, &patient).await;

    // Sound and picture beside the channel that is proved.
    again(&clinician, &patient, "unbundle").await;
    both_were_told(&clinician, &patient).await;

    clinician.finish().await;
    patient.finish().await;
}
