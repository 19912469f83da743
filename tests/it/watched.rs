//! Records of people whom their colleagues may be curious about: marked by the compliance officer, or of somebody's own family name (AUD-12).

use crate::support::{Browser, TestApp};
use crate::{on_both, on_db};
use anteroom::audit::{Event, Kind};
use anteroom::ids::PatientId;
use anteroom::patients::make_family_marks;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::json;

async fn mark(officer: &Browser, patient: PatientId, why: &str) -> StatusCode {
    officer.form(&format!("/access-log/patients/{patient}/mark"), &[("why", why)]).await.status()
}

async fn opens(who: &Browser, patient: PatientId) {
    who.text(&format!("/patients/{patient}")).await;
}

on_both! {
    async fn whoever_opens_a_watched_record_is_looked_at(app: TestApp) {
        let (desk, officer) = (app.staff(Role::Scheduler).await, app.staff(Role::Compliance).await);
        let (patient, other) = (app.patient("Maria Gonzalez").await, app.patient("Nadia Farouk").await);
        opens(&desk, patient).await;
        assert_eq!(app.rules().await, [""; 0], "nobody watches yet");
        let sheet = format!("/access-log/patients/{patient}");
        assert!(!officer.text(&sheet).await.contains("Watched since"));
        assert_eq!(mark(&officer, patient, "public").await, StatusCode::SEE_OTHER);
        let page = officer.text(&sheet).await;
        assert!(page.contains("Watched since Monday, November 23, 2026") && page.contains("as Dr. compliance"), "{page}");
        assert!(page.contains("<option value=\"public\" selected>") && page.contains("Decided whether somebody looks at each opening of your record"));
        let marked = app.events("record.marked").await;
        assert_eq!((&marked[0]["details"], &marked[0]["patients"]), (&json!({ "mark": "public" }), &json!([patient])));

        opens(&desk, other).await;
        assert_eq!(app.rules().await, [""; 0], "the record of somebody else");
        opens(&desk, patient).await;
        opens(&desk, patient).await;
        assert_eq!(app.rules().await, ["watched_record"], "once a day");
        let queue = officer.text("/review").await;
        assert!(queue.contains("Opened a record that is watched, or of a patient with their family name") && queue.contains(&sheet), "{queue}");
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        assert_eq!(mark(&officer, visit.patient, "relative").await, StatusCode::SEE_OTHER);
        app.app.log.record(&app.acting(clinician.id, "clinician"), Event::done(Kind::NoteRead).about(visit.patient)).await.unwrap();
        assert_eq!(app.rules().await, ["watched_record"], "their own clinician, too");

        assert_eq!(mark(&officer, patient, "").await, StatusCode::SEE_OTHER);
        assert!(!officer.text(&sheet).await.contains("Watched since"));
        app.clock.advance(Millis::hours(24));
        let tomorrow = app.staff(Role::Scheduler).await;
        opens(&tomorrow, patient).await;
        assert_eq!(app.rules().await, [""; 0], "nobody watches any more");
        app.finish().await;
    }
}

on_both! {
    async fn whoever_opens_the_record_of_somebody_with_their_family_name_is_looked_at(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        on_db!(app, pool => sqlx::query("update staff set name = 'Dr. José García' where id = $1").bind(desk.id).execute(pool).await.map(drop)).unwrap();
        on_db!(app, pool => sqlx::query("update staff set name = 'Ana Rivera, NP' where id = $1").bind(clinician.id).execute(pool).await.map(drop)).unwrap();
        let stranger = app.patient("Maria Gonzalez").await;
        let relative = app.patient("Luis Garcia Perez").await;
        opens(&desk, stranger).await;
        assert_eq!(app.rules().await, [""; 0]);
        opens(&desk, relative).await;
        assert_eq!(app.rules().await, ["watched_record"]);
        let at_work = app.acting(clinician.id, "clinician");
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        let namesake = app.patient("Carmen Rivera").await;
        on_db!(app, pool => sqlx::query("update visit set patient_id = $1 where id = $2").bind(namesake).bind(visit.id).execute(pool).await.map(drop)).unwrap();
        app.app.log.record(&at_work, Event::done(Kind::NoteRead).about(namesake)).await.unwrap();
        assert_eq!(app.rules().await, [""; 0], "a patient of theirs");
        let no_visit = app.patient("Pedro Rivera").await;
        app.app.log.record(&at_work, Event::done(Kind::NoteRead).about(no_visit)).await.unwrap();
        let mut raised = app.rules().await;
        raised.sort();
        assert_eq!(raised, ["no_appointment", "watched_record"]);
        let marks: Vec<Vec<u8>> = on_db!(app, pool => sqlx::query_scalar("select family_marks from patient").fetch_all(pool).await).unwrap();
        let mut all: Vec<&[u8]> = marks.iter().flat_map(|marks| marks.chunks(16)).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!((count, all.len()), (marks.len() * 4, count), "no two rows have a mark in common, whoever is related");
        app.finish().await;
    }
}

on_both! {
    /// As a clinic's first start with this version finds them.
    async fn patients_from_before_there_were_marks_get_theirs(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        on_db!(app, pool => sqlx::query("update staff set name = 'Rosa Garcia' where id = $1").bind(desk.id).execute(pool).await.map(drop)).unwrap();
        let relative = app.patient("Luis Garcia").await;
        app.patient("Maria Gonzalez").await;
        let marks = app.bytes("select family_marks from patient order by id limit 1").await;
        app.execute("update patient set family_marks = null").await;
        opens(&desk, relative).await;
        assert_eq!(app.rules().await, [""; 0], "nobody can tell yet");
        assert_eq!(make_family_marks(&app.app).await.unwrap(), 2);
        assert_eq!(app.bytes("select family_marks from patient order by id limit 1").await, marks);
        assert_eq!(app.events("patient.indexed").await[0]["details"], json!({ "patients": 2 }));
        let read = app.events("patient.read").await;
        let opened = read.last().unwrap();
        assert_eq!((&opened["actor"]["kind"], &opened["details"], opened["patients"].as_array().unwrap().len()), (&json!("system"), &json!({ "fields": ["name"] }), 2));
        assert_eq!(make_family_marks(&app.app).await.unwrap(), 0, "once");
        opens(&desk, relative).await;
        assert_eq!(app.rules().await, ["watched_record"]);
        app.finish().await;
    }
}
