//! Pages in languages that nobody speaks: one longer than English, in brackets, and one written from right to left. What is
//! cut off in them, or not in brackets, would fail a real one (ACC-08).

use crate::support;
use crate::support::access::file_name;
use crate::support::browser::{Browser, View};
use crate::support::server::{Demo, Visit};

#[tokio::test]
async fn every_patient_page_holds_a_longer_language() {
    walk("en-XA").await;
}

#[tokio::test]
async fn every_patient_page_holds_a_language_from_right_to_left() {
    walk("ar-XB").await;
}

#[tokio::test]
async fn the_button_of_a_language_keeps_the_link() {
    let demo = Demo::start();
    let patient = demo.browser("patient").await;
    let Visit { link, date_of_birth, .. } = demo.visit_now();
    patient.goto(link).await;
    patient.click("Español").await;
    patient.sees("Antes de abrir su consulta").await;
    patient.click("English").await;
    patient.sees("Before we open your visit").await;

    // In the inner browser of a mail program the secret stays in the address, to be taken along to a real one.
    patient.pretend("Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36").await;
    patient.goto("about:blank").await;
    patient.goto(link).await;
    patient.sees("Open this in your browser").await;
    patient.click("Español").await;
    patient.sees("Ábralo en su navegador").await;
    assert!(link.ends_with(&patient.address().await), "the address is the link still: {}", patient.address().await);
    patient.click("Quedarme aquí").await;
    patient.fill("Fecha de nacimiento", date_of_birth).await;
    patient.click("Continuar").await;
    patient.sees_button("Entrar a la consulta").await;
    patient.finish().await;
}

async fn walk(language: &'static str) {
    let complaints = support::walk::walk(language, async |patient, page| look(patient, language, page).await).await;
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

async fn look(patient: &Browser, language: &str, page: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (view, name) in [(View::SmallPhone, "320"), (View::Phone, "390"), (View::Desktop, "desktop")] {
        patient.look_at(view).await;
        patient.shot(&format!("{language}-{}-{name}", file_name(page))).await;
        let found = patient.cut_off().await.into_iter().chain(patient.untranslated().await);
        complaints.extend(found.map(|complaint| format!("{page} ({name}): {complaint}")));
    }
    complaints
}
