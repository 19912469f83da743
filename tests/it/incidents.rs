//! Incidents as the compliance officer keeps them: the clock, the counts, and the proof without which none is closed (PRV-10, PRV-11).

use crate::on_both;
use crate::support::desk::{key, led_to};
use crate::support::{Browser, PASSWORD, TestApp};
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;

/// Write an incident down that was discovered today, 23 November.
async fn opened(officer: &Browser) -> String {
    let key = key();
    let form = [
        ("request_key", key.as_str()),
        ("what", "The laptop of Quenby Canary was stolen"),
        ("happened", "2026-11-20"),
        ("discovered", "2026-11-23"),
    ];
    let first = led_to(&officer.form("/incidents", &form).await);
    assert_eq!(led_to(&officer.form("/incidents", &form).await), first, "the same form again opens nothing");
    first
}

async fn enter(officer: &Browser, id: &str, after: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let fields = [fields, &[("after", after)]].concat();
    let answer = officer.form(&format!("/incidents/{id}/entries"), &fields).await;
    (answer.status(), answer.text().await.unwrap())
}

on_both! {
    async fn the_clock_runs_from_the_discovery_and_says_when_it_is_late(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let id = opened(&officer).await;
        let page = officer.text(&format!("/incidents/{id}")).await;
        assert!(page.contains("by 2027-01-22 (60 days left)"), "{page}");
        app.clock.advance(Millis::days(60));
        officer.sign_in(PASSWORD).await;
        assert!(officer.text("/incidents").await.contains("by 2027-01-22 (0 days left)"), "the last day");
        app.clock.advance(Millis::days(1));
        officer.sign_in(PASSWORD).await;
        let page = officer.text("/incidents").await;
        assert!(page.contains("Late: the people affected should have been told by 2027-01-22 (1 days ago)"), "{page}");
        app.finish().await;
    }
}

on_both! {
    async fn an_incident_is_closed_only_with_proof_or_reason_for_everybody(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let id = opened(&officer).await;
        let closed = [("entry", "closed"), ("comment", "Done")];
        let (status, page) = enter(&officer, &id, "1", &closed).await;
        assert!(status == StatusCode::CONFLICT && page.contains("Enter how many people are affected first"), "{status} {page}");
        let counted = [("entry", "counted"), ("people", "1200"), ("states", "New York 501; New Jersey 500")];
        assert_eq!(enter(&officer, &id, "1", &counted).await.0, StatusCode::SEE_OTHER);
        let page = officer.text(&format!("/incidents/{id}")).await;
        assert!(page.contains("500 people or more") && page.contains("tell the media there. New York"), "{page}");
        let told = |whom| [("entry", "notified"), ("whom", whom), ("on", "2026-11-23"), ("how", "By letter")];
        assert_eq!(enter(&officer, &id, "2", &told("people")).await.0, StatusCode::SEE_OTHER);
        assert_eq!(enter(&officer, &id, "3", &told("government")).await.0, StatusCode::SEE_OTHER);
        let (status, page) = enter(&officer, &id, "4", &closed).await;
        assert!(status == StatusCode::CONFLICT && page.contains("It cannot be closed yet"), "the media: {page}");
        let not = [("entry", "not_needed"), ("whom", "media"), ("why", "The disk was encrypted")];
        assert_eq!(enter(&officer, &id, "4", &not).await.0, StatusCode::SEE_OTHER);
        assert_eq!(enter(&officer, &id, "5", &closed).await.0, StatusCode::SEE_OTHER);
        let (status, page) = enter(&officer, &id, "6", &counted).await;
        assert!(status == StatusCode::CONFLICT && page.contains("This incident is closed"), "{page}");
        let entries: Vec<String> =
            app.events("case.entered").await.iter().map(|event| event["details"]["entry"].as_str().unwrap_or("refused").to_owned()).collect();
        assert_eq!(entries, ["refused", "counted", "notified", "notified", "refused", "not_needed", "closed", "refused"], "each is an event");
        assert!(officer.text("/incidents").await.contains("Closed"));
        app.finish().await;
    }
}

on_both! {
    async fn small_breaches_of_a_year_are_in_its_list_and_large_ones_are_not(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        for (people, finding) in [("3", "breach"), ("4", "breach"), ("500", "breach"), ("9", "exception")] {
            let id = opened(&officer).await;
            assert_eq!(enter(&officer, &id, "1", &[("entry", "counted"), ("people", people)]).await.0, StatusCode::SEE_OTHER);
            let factors = [("data", "Names"), ("who", "A thief"), ("acquired", "Not known"), ("mitigated", "Wiped"), ("finding", finding)];
            let assessed = [factors.as_slice(), &[("entry", "assessed")]].concat();
            assert_eq!(enter(&officer, &id, "2", &assessed).await.0, StatusCode::SEE_OTHER);
        }
        let page = officer.text("/incidents").await;
        assert!(page.contains("Discovered in 2026, fewer than 500 people each; due by 2027-03-01") && page.contains("2 breaches, 7 people"), "{page}");
        app.finish().await;
    }
}

on_both! {
    async fn what_was_entered_is_sealed_and_stays(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let id = opened(&officer).await;
        let (first, second) = tokio::join!(
            enter(&officer, &id, "1", &[("entry", "counted"), ("people", "1")]),
            enter(&officer, &id, "1", &[("entry", "counted"), ("people", "2")])
        );
        let mut answers = [first.0, second.0];
        answers.sort();
        assert_eq!(answers, [StatusCode::SEE_OTHER, StatusCode::CONFLICT], "of two at once one is told");
        assert_eq!(app.number("select count(*) from case_entry").await, 2);
        for statement in [
            "update case_entry set entry = 'x'", "delete from case_entry", "update case_file set counts_from = 0", "delete from case_file",
        ] {
            let error = app.refused_by_database(statement).await;
            assert!(error.contains("what was entered stays"), "{statement}: {error}");
        }
        let dump = app.dump().await;
        let there = |text: &str| dump.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!there("Quenby Canary") && there("counted"), "only what happened is sealed");
        // A body in the place of another does not open.
        app.execute(if matches!(app.app.db, anteroom::db::Db::Sqlite { .. }) { "drop trigger case_entry_never_changes" } else { "alter table case_entry disable trigger user" }).await;
        app.execute("update case_entry set body = (select body from case_entry as other where other.n = 2) where n = 1").await;
        assert_eq!(officer.get(&format!("/incidents/{id}")).await.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(app.events("integrity.failed").await[0]["details"]["table"], "case_entry");
        app.finish().await;
    }
}
