//! The officer's page of the log's integrity: its heads, and a verification by a job, one at a time, whose result is recorded.

use crate::support::{Browser, TestApp};
use crate::{on_both, on_db};
use anteroom::appointments::VisitState::Ended;
use anteroom::audit::{Event, Kind};
use anteroom::compliance::verify_due;
use anteroom::staff::Role;
use reqwest::StatusCode;
use serde_json::json;

const ASK: &str = "/integrity/verification";

async fn asks(officer: &Browser, head: &str) -> StatusCode {
    officer.form(ASK, &[("known_head", head)]).await.status()
}

on_both! {
    async fn a_verification_is_done_by_a_job_and_its_result_is_in_the_log(app: TestApp) {
        app.scene(Ended).await;
        let officer = app.staff(Role::Compliance).await;
        assert!(!verify_due(&app.app).await.unwrap(), "nobody asked");
        assert_eq!(asks(&officer, "").await, StatusCode::SEE_OTHER);
        let page = officer.text("/integrity").await;
        assert!(page.contains("asked for a verification") && !page.contains(">Verify now</button>"), "{page}");
        assert_eq!(officer.json_get("/integrity/progress").await, json!({ "running": true, "done": 0, "all": 0 }));
        assert!(verify_due(&app.app).await.unwrap());
        assert!(!verify_due(&app.app).await.unwrap(), "once");
        let (asked, verified) = (app.events("log.verification_asked").await, app.events("log.verified").await);
        assert_eq!((asked.len(), verified.len()), (1, 1));
        assert_eq!(asked[0]["object"], verified[0]["object"]);
        let details = &verified[0]["details"];
        assert_eq!((details["verdict"].as_str(), details["found"].as_i64(), verified[0]["outcome"].as_str()), (Some("not_anchored"), Some(0), Some("success")));
        assert_eq!(details["events"], details["signed"], "all of it is under a head, signed for it");
        let page = officer.text("/integrity").await;
        assert!(page.contains("was compared with no head from outside") && page.contains(">Verify now</button>"), "{page}");
        app.finish().await;
    }
}

on_both! {
    async fn a_pasted_letter_is_what_the_log_is_compared_with(app: TestApp) {
        app.scene(Ended).await;
        let officer = app.staff(Role::Compliance).await;
        let head = app.app.heads.sign_all().await.unwrap().unwrap();
        assert_eq!(asks(&officer, "Dear officer, no head today").await, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!verify_due(&app.app).await.unwrap(), "what cannot be compared is not begun");
        assert_eq!(asks(&officer, &format!("Dear officer,\r\n\r\n{}\r\nkeep it", head.note)).await, StatusCode::SEE_OTHER);
        assert!(verify_due(&app.app).await.unwrap());
        assert_eq!(app.events("log.verification_asked").await[0]["details"]["known_head"], head.size);
        assert_eq!(app.events("log.verified").await[0]["details"]["outside"], head.size);
        assert!(officer.text("/integrity").await.contains(&format!("Unaltered up to event {}", head.size)));
        app.finish().await;
    }
}

on_both! {
    async fn one_runs_at_a_time_whoever_asks(app: TestApp) {
        let (one, other) = (app.staff(Role::Compliance).await, app.staff(Role::Compliance).await);
        let (first, second) = tokio::join!(asks(&one, ""), asks(&other, ""));
        assert_eq!((first, second), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "who asks meanwhile sees the one that runs");
        assert_eq!(app.events("log.verification_asked").await.len(), 1);
        verify_due(&app.app).await.unwrap();
        assert_eq!(asks(&other, "").await, StatusCode::SEE_OTHER);
        assert_eq!(app.events("log.verification_asked").await.len(), 2);
        verify_due(&app.app).await.unwrap();
        app.finish().await;
    }
}

on_both! {
    async fn what_was_altered_is_said_and_recorded_as_a_failure(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        app.app.log.record(&app.app.system(), Event::done(Kind::ClinicChanged)).await.unwrap();
        app.app.heads.sign_all().await.unwrap();
        match &app.app.db {
            anteroom::db::Db::Sqlite { .. } => app.execute("drop trigger audit_event_never_changes").await,
            anteroom::db::Db::Postgres { .. } => app.execute("alter table audit_event disable trigger user").await,
        }
        let set = async |to: &str, from: &str| {
            on_db!(app, pool => sqlx::query("update audit_event set kind = $1 where kind = $2").bind(to).bind(from).execute(pool).await.map(drop)).unwrap();
        };
        set("keys.none", "clinic.changed").await;
        asks(&officer, "").await;
        verify_due(&app.app).await.unwrap();
        let verified = &app.events("log.verified").await[0];
        assert_eq!((verified["outcome"].as_str(), verified["details"]["verdict"].as_str()), (Some("failed"), Some("altered")));
        let page = officer.text("/integrity").await;
        assert!(page.contains("ALTERED. Keep the database as it is") && page.contains("the columns of event"), "{page}");
        set("clinic.changed", "keys.none").await;
        match &app.app.db {
            anteroom::db::Db::Sqlite { .. } => {
                app.execute("create trigger audit_event_never_changes before update on audit_event begin select raise(abort, 'the access log is written once'); end").await;
            }
            anteroom::db::Db::Postgres { .. } => app.execute("alter table audit_event enable trigger user").await,
        }
        app.finish().await;
    }
}

on_both! {
    async fn the_page_shows_the_heads_and_which_left_the_house(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let mut sizes = Vec::new();
        for _ in 0..3 {
            app.app.log.record(&app.app.system(), Event::done(Kind::ClinicChanged)).await.unwrap();
            sizes.push(app.app.heads.sign_all().await.unwrap().unwrap().size);
        }
        let page = officer.text("/integrity").await;
        for size in &sizes {
            assert!(page.contains(&format!("<td class=\"num\">{size}</td>")), "{page}");
        }
        assert_eq!(page.matches("<circle").count(), page.matches("<td class=\"num\">").count(), "the picture says what the table says");
        assert!(page.contains(app.app.heads.key().verifier().split('+').next().unwrap()), "the key with which anybody can check");
        assert!(page.contains("Not mailed itself"));
        app.finish().await;
    }
}
