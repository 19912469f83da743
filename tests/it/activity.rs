//! An officer looks through the log by themselves, and the pages say when that was last (HIP-05).

use crate::on_both;
use crate::support::TestApp;
use anteroom::compliance::integrity;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::json;

on_both! {
    async fn a_look_through_the_log_is_recorded_and_the_next_one_becomes_overdue(app: TestApp) {
        let (desk, officer) = (app.staff(Role::Scheduler).await, app.staff(Role::Compliance).await);
        let patient = app.patient("Maria Gonzalez").await;
        let page = officer.text("/review").await;
        assert!(page.contains("Nobody has recorded yet that they looked through the log.") && !page.contains("for too long"), "{page}");
        app.clock.advance(Millis::days(31));
        let officer = app.staff(Role::Compliance).await;
        for address in ["/review", "/access-log"] {
            assert!(officer.text(address).await.contains("Nobody has looked through the log for too long."), "{address}");
        }

        let comment = "Rosa <b>Vega</b> worked late, as agreed";
        let (desk_id, patient_id) = (desk.id.to_string(), patient.to_string());
        let form = |comment| [("comment", comment), ("from", "2026-11-23T00:00"), ("until", "2026-12-01T00:00"), ("person", &desk_id), ("patient", &patient_id)];
        let shown = officer.text(&format!("/access-log?from=2026-11-23T00:00&patient={patient}")).await;
        assert!(shown.contains("Record that you looked through these events") && shown.contains("name=\"from\" value=\"2026-11-23T00:00\""));
        assert!(!officer.text("/access-log?outcome=success").await.contains("Record that you looked"), "refusals may have been left out");
        assert_eq!(officer.form("/activity-review", &form(" ")).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(app.events("review.recorded").await.len(), 0, "nothing was written, and so nothing recorded");
        assert_eq!(officer.form("/activity-review", &form(comment)).await.status(), StatusCode::SEE_OTHER);

        let recorded = app.events("review.recorded").await;
        let of = |name: &str| recorded[0]["details"][name].clone();
        assert_eq!((recorded.len(), of("rule"), of("person"), of("patient")), (1, json!("activity"), json!(desk_id), json!(patient_id)));
        assert_eq!(recorded[0]["patients"], json!([patient_id]));
        assert!(of("until").as_i64() > of("from").as_i64() && of("happened_at") == of("from") && of("sha256").as_str().is_some_and(|hash| hash.len() == 64));
        let page = officer.text("/review").await;
        assert!(page.contains("Looked through the access log") && page.contains("Rosa &#60;b&#62;Vega"), "{page}");
        assert!(page.contains("From Monday, November 23, 2026") && page.contains(&format!("patient={patient_id}")) && page.contains("Somebody last looked through the log on"));
        assert!(!page.contains("for too long") && page.contains("Nothing is waiting for you"), "{page}");
        assert!(!officer.text("/access-log").await.contains("for too long"));
        let id = recorded[0]["object"]["id"].as_str().unwrap();
        assert_eq!(officer.form(&format!("/review/{id}"), &[("comment", "again")]).await.status(), StatusCode::CONFLICT, "it stands");
        app.app.heads.sign_all().await.unwrap();
        let mut tx = app.app.db.begin_in_one_moment().await.unwrap();
        let keys = app.app.heads.verifiers();
        let report = integrity::verify_with_rows(&mut tx, &app.app.log, &keys, &[], |_, _| {}).await.unwrap();
        assert_eq!((report.found, report.rows.unwrap().same > 0), (0, true), "the sealed words are what the event has the hash of: {:?}", report.findings);
        drop(tx);
        app.clock.advance(Millis::days(30));
        let later = app.staff(Role::Compliance).await;
        assert!(later.text("/review").await.contains("Nobody has looked through the log for too long."));
        app.finish().await;
    }
}
