//! What the compliance officer has to look at: rules that find it in the log, a letter that names nobody, a review that stands, and the
//! review of accounts (HIP-05, AUD-12).

use crate::support::smtp::Catcher;
use crate::support::{Browser, TestApp};
use crate::{on_both, on_db};
use anteroom::audit::{Actor, ActorKind, Context, Event, Kind, Object};
use anteroom::compliance::review::look_for;
use anteroom::ids::{PatientId, StaffId};
use anteroom::mail::notices;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use std::net::IpAddr;
use uuid::Uuid;

impl TestApp {
    pub fn acting(&self, who: StaffId, role: &'static str) -> Context {
        self.app.system().acting(Actor { kind: ActorKind::Staff, id: Some(who.0), role: Some(role) })
    }

    fn coming_from(&self, address: &str) -> Context {
        Context { source: Some(address.parse::<IpAddr>().unwrap()), ..self.app.system().acting(Actor::NOBODY) }
    }

    /// The records of so many patients are opened.
    async fn records_opened(&self, who: &Context, patients: std::ops::Range<u128>) {
        for patient in patients {
            let event = Event::done(Kind::PatientRead).about(PatientId(Uuid::from_u128(1_000 + patient)));
            self.app.log.record(who, event).await.unwrap();
        }
    }

    /// The job runs over all that is in the log by now: the rules that found something new.
    pub async fn rules(&self) -> Vec<String> {
        self.app.heads.sign_all().await.unwrap();
        let before = self.events("review.raised").await.len();
        look_for(&self.app).await.unwrap();
        let raised = self.events("review.raised").await;
        raised[before..].iter().map(|event| event["details"]["rule"].as_str().unwrap().to_owned()).collect()
    }
}

/// The id of the one thing that waits.
fn waiting(page: &str) -> String {
    page.split("<li id=\"item-").nth(1).expect("something waits")[..36].to_owned()
}

async fn reviews(officer: &Browser, id: &str, comment: &str) -> StatusCode {
    officer.form(&format!("/review/{id}"), &[("comment", comment)]).await.status()
}

on_both! {
    async fn many_records_of_one_account_within_an_hour_are_something_to_review(app: TestApp) {
        let (desk, other) = (app.staff(Role::Scheduler).await, app.staff(Role::Scheduler).await);
        let (one, two) = (app.acting(desk.id, "scheduler"), app.acting(other.id, "scheduler"));
        app.records_opened(&one, 0..30).await;
        app.records_opened(&two, 0..30).await;
        app.records_opened(&one, 0..30).await;
        assert_eq!(app.rules().await, [""; 0], "as many as are usual, some of them twice");
        app.clock.advance(Millis::minutes(61));
        app.records_opened(&one, 30..60).await;
        assert_eq!(app.rules().await, [""; 0], "an hour later as many again");
        app.records_opened(&one, 60..61).await;
        assert_eq!(app.rules().await, ["many_records"]);
        app.records_opened(&one, 61..70).await;
        assert_eq!(app.rules().await, [""; 0], "the same hour is found once");
        let raised = &app.events("review.raised").await[0]["details"];
        assert_eq!((raised["account"].as_str(), raised["number"].as_i64()), (Some(desk.id.to_string().as_str()), Some(31)));
        app.finish().await;
    }
}

on_both! {
    async fn what_the_rules_found_does_not_depend_on_when_they_look(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let one = app.acting(desk.id, "scheduler");
        for patient in 0..40 {
            app.records_opened(&one, patient..patient + 1).await;
            app.clock.advance(Millis::seconds(10));
            if patient % 7 == 0 {
                app.rules().await;
            }
        }
        app.rules().await;
        assert_eq!(app.events("review.raised").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_record_without_an_appointment_is_something_to_review(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        let at_work = app.acting(clinician.id, "clinician");
        app.app.log.record(&at_work, Event::done(Kind::NoteRead).about(visit.patient)).await.unwrap();
        assert_eq!(app.rules().await, [""; 0], "a patient of theirs");
        let stranger = app.patient("Somebody Else").await;
        app.app.log.record(&at_work, Event::refused(Kind::NoteRead, "foreign").about(stranger)).await.unwrap();
        assert_eq!(app.rules().await, [""; 0], "who was turned away saw nothing");
        app.app.log.record(&at_work, Event::done(Kind::VisitRead).about(stranger)).await.unwrap();
        app.app.log.record(&at_work, Event::done(Kind::NoteRead).about(stranger)).await.unwrap();
        assert_eq!(app.rules().await, ["no_appointment"], "once a day");
        let desk = app.staff(Role::Scheduler).await;
        app.app.log.record(&app.acting(desk.id, "scheduler"), Event::done(Kind::PatientRead).about(stranger)).await.unwrap();
        assert_eq!(app.rules().await, [""; 0], "the front desk has appointments with nobody");
        app.finish().await;
    }
}

on_both! {
    async fn an_export_outside_office_hours_is_something_to_review(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        officer.text("/access-log/export?format=csv").await;
        assert_eq!(app.rules().await, [""; 0], "Monday, 10:30");
        app.clock.advance(Millis::hours(9));
        app.app.log.record(&app.acting(officer.id, "compliance"), Event::done(Kind::LogExported)).await.unwrap();
        assert_eq!(app.rules().await, ["export_at_night"]);
        let clinician = app.staff(Role::Clinician).await;
        app.app.log.record(&app.acting(clinician.id, "clinician"), Event::done(Kind::RecordExported)).await.unwrap();
        assert_eq!(app.rules().await, ["export_at_night"], "a patient's record, too");
        app.finish().await;
    }
}

on_both! {
    async fn failed_sign_ins_and_wrong_links_are_something_to_review(app: TestApp) {
        let fails = async |kind: Kind, about: Option<Uuid>, address: String| {
            let event = Event::refused(kind, "wrong");
            let event = about.into_iter().fold(event, |event, id| event.on(Object::Staff, id));
            app.app.log.record(&app.coming_from(&address), event).await.unwrap();
        };
        for n in 0..9u128 {
            fails(Kind::StaffSignedIn, Some(Uuid::from_u128(n)), "203.0.113.9".to_owned()).await;
            fails(Kind::LinkChecked, Some(Uuid::from_u128(7)), format!("203.0.113.{n}")).await;
        }
        assert_eq!(app.rules().await, [""; 0], "people mistype");
        fails(Kind::StaffSignedIn, Some(Uuid::from_u128(99)), "203.0.113.9".to_owned()).await;
        assert_eq!(app.rules().await, ["failed_sign_ins"], "one address, ten accounts");
        fails(Kind::LinkChecked, Some(Uuid::from_u128(7)), "203.0.113.99".to_owned()).await;
        assert_eq!(app.rules().await, ["wrong_links"], "one visit, ten addresses");
        app.finish().await;
    }
}

on_both! {
    async fn a_real_storm_of_wrong_passwords_is_found(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        for _ in 0..10 {
            clinician.sign_in("not the password at all").await;
        }
        assert_eq!(app.rules().await, ["failed_sign_ins"]);
        app.finish().await;
    }
}

on_both! {
    async fn a_review_is_written_once_and_stands(app: TestApp) {
        let (desk, officer, other) = (app.staff(Role::Scheduler).await, app.staff(Role::Compliance).await, app.staff(Role::Compliance).await);
        assert!(officer.text("/review").await.contains("Nothing is waiting for you"));
        app.records_opened(&app.acting(desk.id, "scheduler"), 0..31).await;
        assert_eq!(app.rules().await, ["many_records"]);
        assert!(officer.text("/access-log").await.contains("One thing waits to be reviewed."));
        let page = officer.text("/review").await;
        assert!(page.contains("Opened the records of 31 patients within an hour") && page.contains("today"), "{page}");
        let id = waiting(&page);
        assert_eq!(reviews(&officer, &id, "  ").await, StatusCode::UNPROCESSABLE_ENTITY);
        let comment = "Maria Gonzalez’ <b>list</b> was printed for the day";
        let (first, second) = tokio::join!(reviews(&officer, &id, comment), reviews(&other, &id, comment));
        let mut both = [first, second];
        both.sort();
        assert_eq!(both, [StatusCode::SEE_OTHER, StatusCode::CONFLICT], "one of any number");
        let page = officer.text("/review").await;
        assert!(page.contains("Maria Gonzalez’ &#60;b&#62;list") && page.contains("Reviewed by Dr. compliance"), "{page}");
        assert!(page.contains("Nothing is waiting for you"));
        let recorded = app.events("review.recorded").await;
        let done: Vec<_> = recorded.iter().filter(|event| event["outcome"] == "success").collect();
        assert_eq!((done.len(), done[0]["object"]["id"].as_str(), done[0]["details"]["rule"].as_str()), (1, Some(id.as_str()), Some("many_records")));
        let sealed: Vec<u8> = on_db!(app, pool => sqlx::query_scalar("select comment from review_item").fetch_one(pool).await).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("Maria"), "what they wrote is sealed");
        assert!(!officer.text("/access-log").await.contains("to be reviewed."));
        app.finish().await;
    }
}

on_both! {
    async fn what_nobody_reviewed_becomes_overdue(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        app.records_opened(&app.acting(desk.id, "scheduler"), 0..31).await;
        app.rules().await;
        app.clock.advance(Millis(Millis::days(7).0 - 1));
        let officer = app.staff(Role::Compliance).await;
        let page = officer.text("/review").await;
        assert!(page.contains("6 days ago") && !page.contains("overdue"), "{page}");
        app.clock.advance(Millis(2));
        let page = officer.text("/review").await;
        assert!(page.contains("7 days ago, overdue") && page.contains("One of them is overdue."), "{page}");
        assert_eq!(reviews(&officer, &waiting(&page), "A list for the day").await, StatusCode::SEE_OTHER);
        assert!(!officer.text("/review").await.contains("is overdue"));
        app.finish().await;
    }
}

on_both! {
    async fn a_letter_says_that_there_is_something_and_names_nobody(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let desk = app.staff(Role::Scheduler).await;
        app.records_opened(&app.acting(desk.id, "scheduler"), 0..31).await;
        app.rules().await;
        app.app.log.record(&app.acting(desk.id, "scheduler"), Event::done(Kind::LogExported)).await.unwrap();
        app.clock.advance(Millis::minutes(1));
        notices::run_due(&app.app).await.unwrap();
        let letters = server.letters();
        let ours: Vec<_> = letters.iter().filter(|letter| letter.header("Subject") == "There is something to review").collect();
        assert_eq!(ours.len(), 1);
        assert!(ours[0].text.contains(&format!("{}/review", app.app.config.base_url)), "{}", ours[0].text);
        assert!(!ours[0].text.contains(&desk.email) && !ours[0].text.contains("Dr.") && !ours[0].text.contains(&desk.id.to_string()));
        app.finish().await;
    }
}

on_both! {
    async fn accounts_are_reviewed_as_they_were_shown(app: TestApp) {
        let (officer, administrator) = (app.staff(Role::Compliance).await, app.staff(Role::Administrator).await);
        let page = officer.text("/access-review").await;
        assert!(page.contains("I have looked at all 2 accounts") && page.contains("Nobody has reviewed the accounts yet."), "{page}");
        assert!(page.contains(&administrator.email) && page.contains("Compliance officer") && !page.contains("overdue"));
        let shown = |page: &str| page.split("name=\"shown\" value=\"").nth(1).unwrap()[..64].to_owned();
        let (before, _new) = (shown(&page), app.staff(Role::Clinician).await);
        assert_eq!(officer.form("/access-review", &[("shown", &before)]).await.status(), StatusCode::CONFLICT, "somebody came meanwhile");
        let now = shown(&officer.text("/access-review").await);
        assert_eq!(officer.form("/access-review", &[("shown", &now)]).await.status(), StatusCode::SEE_OTHER);
        let recorded = app.events("access.reviewed").await;
        assert_eq!(recorded.iter().map(|event| event["outcome"].as_str().unwrap()).collect::<Vec<_>>(), ["refused", "success"]);
        assert_eq!((recorded[1]["details"]["accounts"].as_i64(), recorded[1]["details"]["sha256"].as_str()), (Some(3), Some(now.as_str())));
        assert!(officer.text("/access-review").await.contains(": 3 accounts"));
        app.clock.advance(Millis::days(90));
        let later = app.staff(Role::Compliance).await;
        assert!(later.text("/access-review").await.contains("A review is overdue since Sunday, February 21, 2027"));
        app.finish().await;
    }
}
