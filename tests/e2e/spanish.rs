//! A patient who reads Spanish, on a small phone, with a keyboard and nothing else.

use crate::support::browser::View;
use crate::support::clinic::see_each_other_as;
use crate::support::server::Demo;

const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn a_spanish_patient_goes_from_the_link_to_the_end_by_keyboard_on_a_small_phone() {
    let demo = Demo::start();
    let desk = demo.signed_in("scheduler").await;
    desk.cancel_first_visit().await;
    let visit = desk.book_for_new_patient_in("es", &demo).await;
    desk.finish().await;

    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.look_at(View::SmallPhone).await;
    patient.wish("es-MX,es;q=0.9").await;
    patient.goto(&visit.link).await;
    patient.sees("Antes de abrir su consulta").await;
    patient.shot("spanish-1-link").await;
    patient.tab_to("Fecha de nacimiento").await;
    patient.press("no me acuerdo").await;
    patient.press(ENTER).await;
    patient.sees("No pudimos leer eso.").await;
    patient.shot("spanish-2-unreadable").await;
    patient.fill("Fecha de nacimiento", "").await;
    patient.press("06/05/1975").await;
    patient.tab_to("Continuar").await;
    patient.press(ENTER).await;

    patient.sees_button("Entrar a la consulta").await;
    assert_eq!(patient.cut_off().await, [""; 0]);
    patient.shot("spanish-3-ready").await;
    patient.tab_to("Qué acepta usted").await;
    patient.press(ENTER).await;
    patient.sees("Nadie graba la imagen ni el sonido.").await;
    patient.tab_to("Probar antes la cámara y el micrófono").await;
    patient.press(ENTER).await;
    patient.sees_button("Cámara, micrófono y fondo").await;
    patient.shot("spanish-4-camera").await;
    patient.reload().await;
    patient.tab_to("Entrar a la consulta").await;
    patient.press(ENTER).await;
    patient.sees("Está en la sala de espera").await;
    patient.sees("ya está aquí y le dejará entrar pronto").await;
    assert_eq!(patient.cut_off().await, [""; 0]);
    patient.shot("spanish-5-waiting").await;

    clinician.admit().await;
    see_each_other_as(&clinician, &patient, "Quien le atiende").await;
    clinician.click("Known to me").await;
    patient.sees_button("Chat").await;
    patient.sees("Cifrado entre usted y quien le atiende.").await;
    assert_eq!(patient.cut_off().await, [""; 0]);
    patient.shot("spanish-6-call").await;
    patient.tab_to("Chat").await;
    patient.press(ENTER).await;
    patient.tab_to("Escriba un mensaje").await;
    patient.press("¿Me oye bien?").await;
    patient.tab_to("Enviar").await;
    patient.press(ENTER).await;
    patient.shot("spanish-7-chat").await;
    clinician.open_panel("Chat").await;
    clinician.sees("¿Me oye bien?").await;
    patient.tab_to("Cerrar").await;
    patient.press(ENTER).await;
    patient.tab_to("Silenciar").await;
    patient.press(ENTER).await;
    patient.sees("Su micrófono está en silencio.").await;
    assert_eq!(patient.cut_off().await, [""; 0]);
    patient.shot("spanish-8-muted").await;

    clinician.end_visit().await;
    patient.sees("La consulta terminó").await;
    patient.sees("¿Quién miró mi expediente?").await;
    assert_eq!(patient.cut_off().await, [""; 0]);
    patient.shot("spanish-9-over").await;
    clinician.finish().await;
    patient.finish_despite(&["the server responded with a status of 400"]).await;
}
