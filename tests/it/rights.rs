//! To whom a patient's data went, and what a patient asks for, as the compliance officer keeps it (PRV-01 to PRV-05).

use crate::on_both;
use crate::support::desk::{key, led_to};
use crate::support::{Browser, PASSWORD, TestApp};
use anteroom::ids::PatientId;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;

/// Write down that data went to somebody.
async fn disclosed(officer: &Browser, patient: PatientId, on: &str, category: &str, kind: &str, recipient: &str) {
    let key = key();
    let form = [
        ("request_key", key.as_str()),
        ("on", on),
        ("category", category),
        ("made_by", "business_associate"),
        ("recipient_kind", kind),
        ("recipient", recipient),
        ("address", "1 Main Street"),
        ("what", "Name and date of birth"),
        ("purpose", "Zanzibar report"),
    ];
    assert_eq!(officer.form(&format!("/rights/{patient}/disclosures"), &form).await.status(), StatusCode::SEE_OTHER);
}

/// Ask for an accounting today.
async fn asked(officer: &Browser, patient: PatientId, on: &str) -> String {
    let key = key();
    let form = [("request_key", key.as_str()), ("kind", "accounting"), ("on", on), ("how", "By letter")];
    led_to(&officer.form(&format!("/rights/{patient}/requests"), &form).await)
}

async fn enter(officer: &Browser, request: &str, after: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let answer = officer.form(&format!("/requests/{request}/entries"), &[fields, &[("after", after)]].concat()).await;
    (answer.status(), answer.text().await.unwrap())
}

async fn accounting(officer: &Browser, patient: PatientId, on: &str) -> String {
    let request = asked(officer, patient, on).await;
    let (status, page) = enter(officer, &request, "1", &[("entry", "given"), ("title", "Privacy officer, front office")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    officer.text(&format!("/requests/{request}/copy")).await
}

on_both! {
    async fn an_accounting_holds_what_the_law_has_told_and_is_kept_as_it_was_given(app: TestApp) {
        let (officer, patient) = (app.staff(Role::Compliance).await, app.patient("Quenby Canary").await);
        for on in ["2026-01-05", "2026-02-05", "2026-03-05"] {
            disclosed(&officer, patient, on, "accountable", "other", "State registry").await;
        }
        disclosed(&officer, patient, "2020-11-22", "accountable", "other", "Long ago").await;
        disclosed(&officer, patient, "2026-04-01", "care", "other", "A hospital").await;
        let other = app.patient("Somebody Else").await;
        disclosed(&officer, other, "2026-05-01", "accountable", "other", "Of another").await;
        let request = asked(&officer, patient, "2026-11-23").await;
        let page = officer.text(&format!("/requests/{request}")).await;
        assert!(page.contains("Free of charge") && page.contains("Answer by 2027-01-22 (60 days left)"), "{page}");
        assert_eq!(enter(&officer, &request, "1", &[("entry", "given"), ("title", "Privacy officer, front office")]).await.0, StatusCode::SEE_OTHER);
        let copy = officer.text(&format!("/requests/{request}/copy")).await;
        assert!(copy.contains("State registry") && copy.contains("3 times in all, last on 2026-03-05") && copy.contains("1 Main Street"), "{copy}");
        assert!(copy.contains("Privacy officer, front office") && copy.contains("2020-11-23 – 2026-11-23"), "{copy}");
        for left_out in ["Long ago", "A hospital", "Of another", "Quenby"] {
            assert!(!copy.contains(left_out), "{left_out}: {copy}");
        }
        let page = officer.text(&format!("/rights/{patient}")).await;
        assert!(page.contains("Long ago") && page.contains("A hospital") && page.contains("No: treatment"), "the officer sees all: {page}");
        // What comes later does not change the copy that was given.
        disclosed(&officer, patient, "2026-06-01", "accountable", "other", "Later").await;
        assert_eq!(officer.text(&format!("/requests/{request}/copy")).await, copy);
        let next = asked(&officer, patient, "2026-11-23").await;
        assert!(officer.text(&format!("/requests/{next}")).await.contains("A fair fee may be asked for"));
        let dump = app.dump().await;
        for sealed in ["State registry", "1 Main Street", "Zanzibar", "Privacy officer"] {
            assert!(!dump.windows(sealed.len()).any(|part| part == sealed.as_bytes()), "{sealed}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn what_was_written_down_wrongly_is_struck_out_and_never_told(app: TestApp) {
        let (officer, patient) = (app.staff(Role::Compliance).await, app.patient("Quenby Canary").await);
        disclosed(&officer, patient, "2026-01-05", "accountable", "other", "By mistake").await;
        let page = officer.text(&format!("/rights/{patient}")).await;
        let id = page.split("/disclosures/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let strike = async |after| officer.form(&format!("/disclosures/{id}/strike"), &[("after", after), ("why", "Another patient")]).await.status();
        assert_eq!(strike("5").await, StatusCode::CONFLICT, "no entry has that number");
        assert_eq!((strike("1").await, strike("1").await), (StatusCode::SEE_OTHER, StatusCode::CONFLICT));
        assert_eq!(strike("2").await, StatusCode::CONFLICT, "what is struck out is not struck out again, whatever a form says");
        let entered = app.events("case.entered").await;
        let outcomes: Vec<&str> = entered.iter().map(|event| event["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["refused", "success", "refused", "refused"]);
        assert!(officer.text(&format!("/rights/{patient}")).await.contains("Struck out"));
        assert!(accounting(&officer, patient, "2026-11-23").await.contains("There was none."));
        app.finish().await;
    }
}

on_both! {
    async fn a_request_runs_sixty_days_and_is_put_off_once_by_thirty(app: TestApp) {
        let (officer, patient) = (app.staff(Role::Compliance).await, app.patient("Quenby Canary").await);
        let request = asked(&officer, patient, "2026-11-23").await;
        let put_off = [("entry", "extended"), ("on", "2026-11-23"), ("why", "An archive is closed")];
        assert_eq!(enter(&officer, &request, "1", &put_off).await.0, StatusCode::SEE_OTHER);
        let (status, page) = enter(&officer, &request, "2", &put_off).await;
        assert!(status == StatusCode::CONFLICT && page.contains("once is all"), "{page}");
        let list = async || {
            officer.sign_in(PASSWORD).await;
            officer.text("/rights").await
        };
        assert!(list().await.contains("Answer by 2027-02-21 (90 days left)"));
        app.clock.advance(Millis::days(91));
        let page = list().await;
        assert!(page.contains("Late: it should have been answered by 2027-02-21 (1 days ago)"), "{page}");
        app.finish().await;
    }
}

on_both! {
    async fn an_agency_that_only_spoke_is_left_out_for_thirty_days(app: TestApp) {
        let (officer, patient) = (app.staff(Role::Compliance).await, app.patient("Quenby Canary").await);
        disclosed(&officer, patient, "2026-11-01", "accountable", "law_enforcement", "County sheriff").await;
        disclosed(&officer, patient, "2026-11-01", "accountable", "oversight", "Medical board").await;
        let suspend = async |fields: &[(&str, &str)]| {
            let key = key();
            let form = [fields, &[("request_key", key.as_str()), ("on", "2026-11-23"), ("who", "Officer Quist")]].concat();
            assert_eq!(officer.form(&format!("/rights/{patient}/suspensions"), &form).await.status(), StatusCode::SEE_OTHER);
        };
        let told = async |on: &str| {
            officer.sign_in(PASSWORD).await;
            let copy = accounting(&officer, patient, on).await;
            (copy.contains("County sheriff"), copy.contains("Medical board"))
        };
        assert_eq!(told("2026-11-23").await, (true, true));
        suspend(&[("recipient_kind", "law_enforcement"), ("until", "")]).await;
        suspend(&[("recipient_kind", "oversight"), ("until", "2027-01-31")]).await;
        assert_eq!(told("2026-11-23").await, (false, false));
        app.clock.advance(Millis::days(30));
        assert_eq!(told("2026-12-23").await, (false, false), "day 30");
        app.clock.advance(Millis::days(1));
        assert_eq!(told("2026-12-24").await, (true, false), "day 31: a spoken statement is over");
        app.clock.advance(Millis::days(39));
        assert_eq!(told("2027-02-01").await, (true, true), "the written one has ended too");
        app.finish().await;
    }
}
