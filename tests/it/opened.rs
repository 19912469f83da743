//! "Who opened this record": the sheet that a patient can be handed (AUD-13).

use crate::on_both;
use crate::support::TestApp;
use anteroom::appointments::VisitState::Ended;
use anteroom::audit::{Actor, ActorKind, Event, Kind};
use anteroom::staff::Role;
use reqwest::StatusCode;

/// The sheet alone, as it is printed, without markup; each run of white space is one space.
fn sheet(page: &str) -> String {
    let sheet = page.split("<article").nth(1).unwrap().split("</article>").next().unwrap();
    let text: String = sheet.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

on_both! {
    async fn a_patient_can_read_who_opened_their_record(app: TestApp) {
        let scene = app.scene(Ended).await;
        let (patient, officer) = (app.events("visit.booked").await[0]["patients"][0].as_str().unwrap().to_owned(), app.staff(Role::Compliance).await);
        scene.scheduler.text(&format!("/patients/{patient}")).await;
        scene.scheduler.text(&format!("/patients/{patient}")).await;
        let page = officer.text(&format!("/access-log/patients/{patient}")).await;
        let sheet = sheet(&page);
        for words in [
            "Who opened your record",
            "Monday, November 23, 2026",
            "front desk Opened your details, such as your name, date of birth and contact, 3 times",
            "clinician Led you through the waiting room or a visit",
            "front desk Entered you as a patient",
            "front desk Booked an appointment for you",
            "Somebody with your visit link (you, or whoever had it) Used a visit link",
            "privacy and compliance Looked at who opened your record",
            "Everything since the record began",
            "Times are those of New York.",
            "steps by itself",
            "10:30 AM",
        ] {
            assert!(sheet.contains(words), "{words} is not on: {sheet}");
        }
        assert!(sheet.starts_with(&app.app.config.clinic.name), "the clinic's name is on top: {sheet}");
        assert!(!page.contains(&scene.name) && !page.contains("Quenby"), "the officer opens no name");
        assert!(!sheet.contains('_') && !sheet.contains("success"), "no words of the machine: {sheet}");
        let spanish = officer.text(&format!("/access-log/patients/{patient}?language=es")).await;
        assert!(self::sheet(&spanish).contains("recepción Abrió sus datos"), "{spanish}");
        assert!(spanish.contains("<article class=\"card sheet\" lang=\"es\""));
        app.finish().await;
    }
}

on_both! {
    async fn a_sheet_in_the_language_that_the_patient_reads(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let patient = app.patient("Maria Gonzalez").await;
        app.execute("update patient set language = 'es'").await;
        let page = officer.text(&format!("/access-log/patients/{patient}")).await;
        assert!(sheet(&page).contains("Quién abrió su expediente"), "{page}");
        assert!(page.contains("<html lang=\"en\""), "the officer's frame stays in English");
        app.finish().await;
    }
}

on_both! {
    async fn one_step_leads_from_a_patients_events_to_the_sheet(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let patient = app.patient("Maria Gonzalez").await;
        let address = format!("/access-log/patients/{patient}");
        assert!(officer.text(&format!("/access-log?patient={patient}")).await.contains(&format!("href=\"{address}\"")));
        assert!(!officer.text("/access-log").await.contains("/access-log/patients/"));
        let looked = app.events("log.viewed").await.len();
        officer.text(&address).await;
        let looks = app.events("log.viewed").await;
        assert_eq!((looks.len(), looks[looked]["details"]["page"].as_str()), (looked + 1, Some("opened")));
        assert_eq!(looks[looked]["patients"][0], patient.to_string());
        app.finish().await;
    }
}

on_both! {
    async fn of_a_patient_whom_nobody_knows_there_is_no_sheet(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let answer = officer.get("/access-log/patients/00000000-0000-0000-0000-000000000005").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        app.finish().await;
    }
}

on_both! {
    async fn a_period_narrows_the_sheet_and_others_events_are_not_on_it(app: TestApp) {
        let (maria, other) = (app.patient("Maria Gonzalez").await, app.patient("Someone Else").await);
        let clinician = app.staff(Role::Clinician).await;
        let actor = Actor { kind: ActorKind::Staff, id: Some(clinician.id.0), role: Some("clinician") };
        let context = app.app.system().acting(actor);
        app.app.log.record(&context, Event::done(Kind::NoteRead).about(other)).await.unwrap();
        app.clock.advance(anteroom::time::Millis::hours(1));
        app.app.log.record(&context, Event::done(Kind::VisitRead).about(maria)).await.unwrap();
        let officer = app.staff(Role::Compliance).await;
        let address = format!("/access-log/patients/{maria}");
        let all = sheet(&officer.text(&address).await);
        assert!(all.contains("Opened an appointment of yours") && !all.contains("Opened the notes"), "{all}");
        let before = sheet(&officer.text(&format!("{address}?until=2026-11-23T10:45")).await);
        assert!(!before.contains("Opened an appointment of yours") && before.contains("Until Monday, November 23, 2026"), "{before}");
        let wrong = officer.get(&format!("{address}?from=2026-11-24&until=2026-11-23")).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        app.finish().await;
    }
}
