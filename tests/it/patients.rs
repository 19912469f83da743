//! Patients: found, added, changed, sealed, and shown to nobody else.

use crate::on_both;
use crate::support::TestApp;
use crate::support::desk::{key, led_to, patient_form, with};
use crate::support::form::without_what_was_typed;
use anteroom::audit::{self, Event, Filter, Kind};
use anteroom::ids::PatientId;
use anteroom::patients;
use anteroom::staff::Role;
use reqwest::StatusCode;

const MARIA: &str = "María Canary González";
const EMAIL: &str = "maria.canary@example.test";

on_both! {
    async fn a_patient_is_added_found_and_changed(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let key = key();
        assert!(desk.text("/patients/new").await.contains("Date of birth"));
        let answer = desk.form("/patients", &with(patient_form(MARIA, EMAIL, &key), &[("record_number", "R-77")])).await;
        let id = led_to(&answer);
        let page = desk.text(&format!("/patients/{id}")).await;
        for shown in [MARIA, EMAIL, "1948-03-14", "R-77", "+1 555 0142"] {
            assert!(page.contains(shown), "{shown}");
        }
        for typed in ["  maría  CANARY gonzález ", "MARIA.canary@example.test", "r-77"] {
            let found = desk.form("/patients/search", &[("search", typed)]).await;
            assert_eq!(found.status(), StatusCode::OK);
            let page = found.text().await.unwrap();
            assert!(page.contains(MARIA) && page.contains("1948-03-14") && page.contains(&id), "{typed}");
        }
        let changed = with(patient_form("María Otra", "otra@example.test", ""), &[("version", "1"), ("date_of_birth", "1950-01-02")]);
        let answer = desk.form(&format!("/patients/{id}"), &changed).await;
        assert_eq!(led_to(&answer), id);
        let page = desk.form("/patients/search", &[("search", MARIA)]).await.text().await.unwrap();
        assert!(page.contains("Nobody found") && !page.contains(&id));
        assert!(desk.text(&format!("/patients/{id}")).await.contains("María Otra"));
        assert_eq!(app.bytes("select date_of_birth_check from patient").await, expected_check(&app, &id, "1950-01-02"), "the check follows the date of birth");
        app.finish().await;
    }
}

fn expected_check(app: &TestApp, id: &str, date: &str) -> Vec<u8> {
    patients::date_of_birth_check(&app.app.keys, id.parse().unwrap(), date.parse().unwrap()).to_vec()
}

on_both! {
    async fn two_different_addresses_are_refused_and_nothing_typed_is_lost(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let key = key();
        let form = with(patient_form(MARIA, EMAIL, &key), &[("email_again", "marla@example.test"), ("record_number", "R-1<\">")]);
        let answer = desk.form("/patients", &form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text().await.unwrap();
        for kept in [MARIA, EMAIL, "marla@example.test", "03/14/1948", "+1 555 0142", &key, "R-1&#60;&#34;&#62;"] {
            assert!(page.contains(kept), "{kept}");
        }
        assert!(page.contains("role=\"alert\"") && page.contains("The two email addresses differ."));
        assert!(page.contains("aria-describedby=\"email_again-hint email_again-wrong\""));
        assert_eq!(page.matches(" checked").count(), 3);
        assert_eq!(app.number("select count(*) from patient").await, 0);
        app.finish().await;
    }
}

on_both! {
    async fn the_same_form_adds_one_patient_however_often_it_is_sent(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let key = key();
        let form = with(patient_form(MARIA, EMAIL, &key), &[("record_number", "R-77")]);
        let ids: Vec<String> =
            futures_util::future::join_all((0..16).map(|_| desk.form("/patients", &form))).await.iter().map(led_to).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(app.number("select count(*) from patient").await, 1);
        assert_eq!(app.number("select count(*) from patient_key").await, 1);
        assert_eq!(app.outcomes(Kind::PatientAdded).await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_record_number_belongs_to_one_patient(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let (first, second) = (key(), key());
        led_to(&desk.form("/patients", &with(patient_form(MARIA, EMAIL, &first), &[("record_number", "R-77")])).await);
        let answer = desk.form("/patients", &with(patient_form("Other", EMAIL, &second), &[("record_number", "r-77")])).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().await.unwrap().contains("Another patient has this record number."));
        assert_eq!(app.number("select count(*) from patient_key").await, 1, "no key without its patient");
        app.finish().await;
    }
}

on_both! {
    async fn a_change_over_an_older_version_is_refused_and_kept_on_the_page(app: TestApp) {
        let (desk, id) = (app.staff(Role::Scheduler).await, app.mailed_patient(MARIA).await);
        let path = format!("/patients/{id}");
        let change = |name: &'static str| with(patient_form(name, EMAIL, ""), &[("version", "1")]);
        assert_eq!(desk.form(&path, &change("First")).await.status(), StatusCode::SEE_OTHER);
        let late = desk.form(&path, &change("Second")).await;
        assert_eq!(late.status(), StatusCode::CONFLICT);
        let page = late.text().await.unwrap();
        assert!(page.contains("value=\"Second\"") && page.contains("Somebody else changed this patient"));
        assert!(desk.text(&path).await.contains("value=\"First\""));
        assert_eq!(app.outcomes(Kind::PatientChanged).await, ["success", "refused"]);
        app.finish().await;
    }
}

on_both! {
    async fn a_search_is_in_the_log_before_a_name_is_shown(app: TestApp) {
        let (desk, id) = (app.staff(Role::Scheduler).await, app.mailed_patient(MARIA).await);
        let other = app.mailed_patient("Somebody Else").await;
        desk.form("/patients/search", &[("search", MARIA)]).await;
        assert_eq!((app.events_about(Kind::PatientSearched, id).await, app.events_about(Kind::PatientSearched, other).await), (1, 0));
        desk.form("/patients/search", &[("search", "nobody of that name")]).await;
        assert_eq!(app.outcomes(Kind::PatientSearched).await.len(), 2, "a search that finds nobody is a search");
        app.log_is_full(true).await;
        for answer in [desk.form("/patients/search", &[("search", MARIA)]).await, desk.get(&format!("/patients/{id}")).await] {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(!without_what_was_typed(&answer.text().await.unwrap()).contains(MARIA), "no event, no access");
        }
        app.finish().await;
    }
}

on_both! {
    async fn one_flipped_bit_in_any_sealed_column_is_an_error_and_an_event(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let key = key();
        let id = led_to(&desk.form("/patients", &with(patient_form(MARIA, EMAIL, &key), &[("record_number", "R-77")])).await);
        let path = format!("/patients/{id}");
        for (number, column) in ["name", "date_of_birth", "email", "phone", "record_number"].into_iter().enumerate() {
            app.flip("patient", column).await;
            let answer = desk.get(&path).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{column}");
            let page = answer.text().await.unwrap();
            for secret in [MARIA, EMAIL, "1948", "R-77", "0142"] {
                assert!(!page.contains(secret), "{column}: nothing is shown of a record that was altered");
            }
            assert_eq!(app.outcomes(Kind::IntegrityFailed).await.len(), number + 1, "{column}");
            app.flip("patient", column).await;
            assert!(desk.text(&path).await.contains(MARIA), "the process stays up");
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_sealed_value_of_one_patient_does_not_open_for_another(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let patients = [app.mailed_patient(MARIA).await, app.mailed_patient("Second Patient").await];
        app.execute("update patient set name = (select name from patient order by name limit 1)").await;
        let mut statuses = Vec::new();
        for id in patients {
            statuses.push(desk.get(&format!("/patients/{id}")).await.status());
        }
        statuses.sort();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR], "its owner's, and nobody else's");
        app.finish().await;
    }
}

on_both! {
    async fn how_a_patient_may_be_contacted_is_kept_with_when_and_by_whom(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let key = key();
        let id: PatientId = led_to(&desk.form("/patients", &patient_form(MARIA, EMAIL, &key)).await).parse().unwrap();
        let access = app.app.log.access(&app.app.system(), Event::done(Kind::PatientRead).about(id)).await.unwrap();
        let contact = patients::contact(&app.app, &access, id).await.unwrap();
        assert!(contact.mail_allowed && contact.reminders_allowed && contact.times_agreed);
        assert_eq!(contact.email.unwrap().reveal(), EMAIL);
        let agreed = "select count(*) from patient where times_by_mail_agreed_with is not null and times_by_mail_agreed_at = ";
        assert_eq!(app.number(&format!("{agreed}{}", app.app.now().0)).await, 1);

        app.clock.advance(anteroom::time::Millis::minutes(5));
        let same = with(patient_form("María Otra", EMAIL, ""), &[("version", "1")]);
        led_to(&desk.form(&format!("/patients/{id}"), &same).await);
        assert_eq!(app.number(&format!("{agreed}{}", app.app.now().0)).await, 0, "an agreement keeps its date");

        let mut none = with(patient_form(MARIA, "", ""), &[("version", "2")]);
        none.retain(|(field, _)| !field.ends_with("allowed"));
        led_to(&desk.form(&format!("/patients/{id}"), &none).await);
        let contact = patients::contact(&app.app, &access, id).await.unwrap();
        assert!(!contact.mail_allowed && !contact.reminders_allowed && !contact.times_agreed && contact.email.is_none());
        let since = format!("select count(*) from patient where contact_choices_at = {}", app.app.now().0);
        assert_eq!(app.number(&since).await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn only_the_front_desk_sees_the_pages_of_patients(app: TestApp) {
        let id = app.mailed_patient(MARIA).await;
        for role in [Role::Clinician, Role::Compliance, Role::Administrator] {
            let browser = app.staff(role).await;
            for path in ["/patients".to_owned(), "/patients/new".to_owned(), format!("/patients/{id}")] {
                assert_eq!(browser.get(&path).await.status(), StatusCode::FORBIDDEN, "{role} {path}");
            }
            for path in ["/patients".to_owned(), "/patients/search".to_owned(), format!("/patients/{id}")] {
                let form = [patient_form(MARIA, EMAIL, "00"), vec![("search", MARIA), ("version", "1")]].concat();
                assert_eq!(browser.form(&path, &form).await.status(), StatusCode::FORBIDDEN, "{role} {path}");
            }
        }
        let stranger = app.browser().get(&format!("/patients/{id}")).await;
        assert_eq!((stranger.status(), stranger.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/sign-in"));
        assert_eq!(app.events_about(Kind::PatientRead, id).await, 0);
        app.finish().await;
    }
}

on_both! {
    async fn an_unknown_patient_is_not_found(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        for id in ["01946f00-0000-7000-8000-000000000000", "maria", "new%20patient"] {
            assert_eq!(desk.get(&format!("/patients/{id}")).await.status(), StatusCode::NOT_FOUND, "{id}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn no_title_and_no_address_names_a_patient(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        let key = key();
        let added = desk.form("/patients", &patient_form(MARIA, EMAIL, &key)).await;
        assert!(!added.headers()["location"].to_str().unwrap().to_lowercase().contains("canary"));
        let id = led_to(&added);
        let found = desk.form("/patients/search", &[("search", MARIA)]).await.text().await.unwrap();
        for page in [found, desk.text(&format!("/patients/{id}")).await] {
            let title = page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
            assert!(!title.contains("Canary"), "{title}");
        }
        app.finish().await;
    }
}

#[actix_web::test]
async fn nothing_that_names_a_patient_lies_in_the_open_in_the_database_file() {
    let app = TestApp::sqlite().await;
    let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
    let key = key();
    let form = with(patient_form(MARIA, EMAIL, &key), &[("record_number", "RECORD-CANARY"), ("phone", "+1 555 864209")]);
    let id = led_to(&desk.form("/patients", &form).await);
    let booking_key = crate::support::desk::key();
    let clinician = clinician.id.to_string();
    let mut booking = crate::support::desk::booking(&id, &clinician, "2026-11-24", "09:00", &booking_key);
    booking.push(("reason", "REASON-CANARY of the visit"));
    led_to(&desk.form("/appointments", &booking).await);
    desk.form("/patients/search", &[("search", EMAIL)]).await;
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(&app.app.config.data_dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    assert!(bytes.len() > 50_000, "the file and its log were read");
    let lower = bytes.to_ascii_lowercase();
    for canary in ["canary", "gonz", "864209", "1948-03-14", "03/14/1948", "example.test"] {
        assert!(!lower.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary} lies in the open");
    }
    app.finish().await;
}

on_both! {
    async fn an_event_about_many_patients_is_found_by_each_of_them(app: TestApp) {
        let mut ids = Vec::new();
        for number in 0..40 {
            ids.push(app.patient(&format!("Patient {number}")).await);
        }
        let event = Event::done(Kind::VisitsListed).about_all(ids.iter().copied());
        let access = app.app.log.access(&app.app.system(), event).await.unwrap();
        let names = patients::names(&app.app, &access, &ids).await.unwrap();
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(names[id].reveal(), &format!("Patient {number}"));
            let filter = Filter { patient: Some(*id), kind: Some(Kind::VisitsListed), ..Filter::default() };
            let mut tx = app.app.db.reading().await.unwrap();
            assert_eq!(audit::oldest_first(&mut tx, &filter, None, 10).await.unwrap().len(), 1, "patient {number}");
        }
        app.finish().await;
    }
}
