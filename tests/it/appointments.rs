//! Appointments: one clinician and one patient are in one place at a time, and times mean what the wall says.

use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::desk::{booking, key, led_to, with};
use crate::{on_both, on_db};
use anteroom::appointments::{self, NewAppointment, Slot, reminders};
use anteroom::audit::{Actor, ActorKind, Context, Event, Kind};
use anteroom::config::CheckPolicy;
use anteroom::db::{Address, Db};
use anteroom::ids::{PatientId, RequestKey, StaffId, VisitId};
use anteroom::staff::{self, NewMember, Role};
use anteroom::time::{Millis, Timestamp};
use futures_util::future::join_all;
use reqwest::StatusCode;
use std::time::Duration;

const MARIA: &str = "María Canary González";

on_both! {
    async fn a_visit_is_booked_shown_moved_and_cancelled(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient(MARIA).await;
        assert!(desk.text(&format!("/appointments/new?patient={patient}")).await.contains(MARIA));
        let id = app.book(&desk, patient, &clinician, "2026-11-24", "09:00").await;
        let page = desk.text(&format!("/appointments/{id}?notice=booked")).await;
        assert!(page.contains("Tuesday, November 24, 2026, 9:00 AM New York time (GMT-5)"), "{page}");
        assert!(page.contains("The visit is booked.") && page.contains("Link for the booked visit"));
        let day = desk.text("/appointments?day=2026-11-24").await;
        assert!(day.contains(MARIA) && day.contains("9:00 AM") && day.contains("New York time (GMT-5)"));
        assert!(desk.text("/appointments?view=week&day=2026-11-28").await.contains(MARIA));
        assert!(!desk.text("/appointments?day=2026-11-25").await.contains(MARIA));
        assert!(desk.text(&format!("/patients/{patient}")).await.contains("Tuesday, November 24, 2026, 9:00 AM"));

        let was = app.number("select starts_at from visit").await.to_string();
        let to = [("was", was.as_str()), ("date", "2026-11-25"), ("time", "14:15"), ("minutes", "45")];
        assert_eq!(led_to(&desk.form(&format!("/appointments/{id}/move"), &to).await), id.to_string());
        let page = desk.text(&format!("/appointments/{id}?notice=moved")).await;
        assert!(page.contains("Wednesday, November 25, 2026, 2:15 PM") && page.contains("45 minutes"));
        assert_eq!(app.number("select version from visit").await, 2);
        assert_eq!(app.number("select count(*) from visit_link where voided_at is null").await, 1, "one link lives");
        assert_eq!(app.number("select count(*) from outbox where kind = 'moved' and values_sealed is not null").await, 1);

        let was = app.number("select starts_at from visit").await.to_string();
        led_to(&desk.form(&format!("/appointments/{id}/cancellation"), &[("was", &was)]).await);
        led_to(&desk.form(&format!("/appointments/{id}/cancellation"), &[("was", &was)]).await);
        assert_eq!(app.word("select state from visit").await, "cancelled");
        assert_eq!(app.number("select count(*) from visit_link where voided_at is null").await, 0);
        assert_eq!(app.number("select count(*) from outbox where kind = 'cancelled'").await, 1, "told once");
        assert!(!desk.text(&format!("/appointments/{id}")).await.contains("Send a new link"));
        for kind in [Kind::VisitBooked, Kind::VisitMoved, Kind::VisitCancelled] {
            assert_eq!(app.outcomes(kind).await, ["success"], "{kind:?}");
        }
        // The slot is free again.
        app.book(&desk, patient, &clinician, "2026-11-25", "14:15").await;
        app.finish().await;
    }
}

on_both! {
    async fn a_move_to_the_time_that_it_has_changes_nothing_and_mails_nobody(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient(MARIA).await;
        let id = app.book(&desk, patient, &clinician, "2026-11-24", "09:00").await;
        let minutes = (app.number("select ends_at - starts_at from visit").await / 60_000).to_string();
        let was = app.number("select starts_at from visit").await.to_string();
        let same = [("was", was.as_str()), ("date", "2026-11-24"), ("time", "09:00"), ("minutes", minutes.as_str())];
        let answer = desk.form(&format!("/appointments/{id}/move"), &same).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().await.unwrap().contains("at this time already"));
        assert_eq!(app.number("select version from visit").await, 1);
        assert_eq!(app.number("select count(*) from outbox where kind = 'moved'").await, 0);
        assert_eq!(app.number("select count(*) from visit_link where voided_at is null").await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_mail_that_is_only_a_file_is_said_to_be_one(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient(MARIA).await;
        let id = app.book(&desk, patient, &clinician, "2026-11-24", "09:00").await;
        anteroom::mail::job::run_due(&app.app).await.unwrap();
        let page = desk.text(&format!("/appointments/{id}")).await;
        assert!(page.contains("Written to a file") && !page.contains(">Sent "), "{page}");
        app.finish().await;
    }
}

on_both! {
    async fn who_is_busy_is_named_with_the_next_step_and_nothing_typed_is_lost(app: TestApp) {
        let (desk, clinician, other) =
            (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await, app.staff(Role::Clinician).await);
        let (maria, pedro) = (app.mailed_patient(MARIA).await.to_string(), app.mailed_patient("Pedro").await.to_string());
        let (clinician, other) = (clinician.id.to_string(), other.id.to_string());
        led_to(&desk.form("/appointments", &booking(&maria, &clinician, "2026-11-24", "09:00", &key())).await);
        let (key1, key2) = (key(), key());
        let mut form = booking(&pedro, &clinician, "2026-11-24", "09:15", &key1);
        form.push(("reason", "A typed reason"));
        let answer = desk.form("/appointments", &form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text().await.unwrap();
        assert!(page.contains("already has a visit from 9:00 AM New York time (GMT-5) to 9:30 AM"), "{page}");
        assert!(page.contains("Choose another time or another clinician.") && page.contains("A typed reason"));
        assert!(page.contains("value=\"09:15\"") && page.contains(&key1));
        let page = desk.form("/appointments", &booking(&maria, &other, "2026-11-24", "08:45", &key2)).await.text().await.unwrap();
        assert!(page.contains("This patient already has a visit from 9:00 AM"), "{page}");
        // One ends when the next begins.
        led_to(&desk.form("/appointments", &booking(&pedro, &clinician, "2026-11-24", "09:30", &key())).await);
        let mut outcomes = app.outcomes(Kind::VisitBooked).await;
        outcomes.sort();
        assert_eq!(outcomes, ["refused", "refused", "success", "success"]);
        app.finish().await;
    }
}

on_both! {
    async fn the_same_form_books_one_visit_however_often_it_is_sent(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let (patient, clinician, key) = (app.mailed_patient(MARIA).await.to_string(), clinician.id.to_string(), key());
        let form = booking(&patient, &clinician, "2026-11-24", "09:00", &key);
        let ids: Vec<String> = join_all((0..16).map(|_| desk.form("/appointments", &form))).await.iter().map(led_to).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let later = desk.form("/appointments", &form).await;
        assert_eq!(led_to(&later), ids[0]);
        for question in ["select count(*) from visit", "select count(*) from outbox", "select count(*) from visit_link"] {
            assert_eq!(app.number(question).await, 1, "{question}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn sixty_four_bookings_of_one_slot_have_one_winner(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let mut patients = Vec::new();
        for number in 0..64 {
            patients.push(app.mailed_patient(&format!("Patient {number}")).await.to_string());
        }
        // For the clinician: 64 patients want them at once. Then for a patient: one is wanted by many clinicians at once.
        let clinician = clinician.id.to_string();
        let pairs: Vec<(String, String)> = patients.iter().map(|patient| (patient.clone(), clinician.clone())).collect();
        assert_eq!(all_at_once(&app, &desk, &pairs, "09:00").await, 1);
        let mut pairs = Vec::new();
        for number in 0..64 {
            pairs.push((patients[0].clone(), quick_clinician(&app, number).await.to_string()));
        }
        assert_eq!(all_at_once(&app, &desk, &pairs, "11:00").await, 1);
        assert_eq!(app.number("select count(*) from visit").await, 2);
        assert_eq!(app.number("select count(*) from outbox").await, 2, "who lost is told nothing");
        app.finish().await;
    }
}

/// Post all bookings while nobody can insert, let go once many wait with open transactions, and count who won.
async fn all_at_once(app: &TestApp, desk: &Browser, pairs: &[(String, String)], time: &str) -> usize {
    let keys: Vec<String> = pairs.iter().map(|_| key()).collect();
    let posts = pairs.iter().zip(&keys).map(|((patient, clinician), key)| async move {
        let form = booking(patient, clinician, "2026-11-24", time, key);
        desk.form("/appointments", &form).await.status()
    });
    let gate = Gate::shut(app).await;
    let (statuses, ()) = tokio::join!(join_all(posts), gate.open_when_many_wait());
    let winners = statuses.iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
    let losers = statuses.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
    assert_eq!(winners + losers, pairs.len(), "everyone gets an answer that says what to do: {statuses:?}");
    winners
}

/// Holds back every insert of a visit. On SQLite that is the one connection that writes.
struct Gate {
    held: anteroom::db::Tx,
    watch: Db,
}

impl Gate {
    async fn shut(app: &TestApp) -> Self {
        let Address::Server(_) = app.app.config.database().unwrap() else {
            return Self { held: app.app.db.begin().await.unwrap(), watch: app.app.db.clone() };
        };
        // Connections of its own, so that all of the program's writers can stand at the gate.
        let watch = Db::open(&app.app.config.database().unwrap()).await.unwrap();
        let mut held = watch.begin().await.unwrap();
        if let anteroom::db::Tx::Postgres(tx) = &mut held {
            sqlx::query("lock table visit in exclusive mode").execute(&mut **tx).await.map(drop).unwrap();
        }
        Self { held, watch }
    }

    async fn open_when_many_wait(self) {
        if let Db::Postgres { read, .. } = &self.watch {
            let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            let mut most = 0;
            for _ in 0..40 {
                most = sqlx::query_scalar::<_, i64>(waiting).fetch_one(read).await.unwrap();
                if most >= 16 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            assert!(most >= 16, "the overlap was forced: {most} transactions were open at once");
        } else {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        drop(self.held);
        if matches!(self.watch, Db::Postgres { .. }) {
            self.watch.close().await;
        }
    }
}

async fn quick_clinician(app: &TestApp, number: usize) -> StaffId {
    let new = NewMember {
        email: format!("quick{number}@clinic.example"),
        name: format!("Dr. Quick {number}"),
        role: Role::Clinician,
        zone: app.app.config.clinic.zone,
        language: "en".into(),
    };
    staff::add(&app.app, &app.app.system(), new).await.unwrap()
}

on_both! {
    async fn the_database_alone_refuses_an_overlap(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let (maria, pedro) = (app.mailed_patient(MARIA).await, app.mailed_patient("Pedro").await);
        app.book(&desk, maria, &clinician, "2026-11-24", "09:00").await;
        app.book(&desk, pedro, &clinician, "2026-11-24", "09:30").await;
        let last = app.number("select max(starts_at) from visit").await;
        let statement = format!("update visit set starts_at = starts_at - 60000 where starts_at = {last}");
        let outcome = on_db!(app, pool => sqlx::query(sqlx::AssertSqlSafe(statement)).execute(pool).await.map(drop));
        let error = outcome.expect_err("a minute of overlap");
        assert_eq!(anteroom::db::violation(&error), Some(anteroom::db::Violation::ClinicianBooked));
        app.finish().await;
    }
}

on_both! {
    async fn sixteen_moves_into_one_slot_have_one_winner(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let mut moves = Vec::new();
        for number in 0..16 {
            let patient = app.mailed_patient(&format!("Patient {number}")).await;
            let id = app.book(&desk, patient, &clinician, "2026-11-24", &format!("{:02}:00", number + 4)).await;
            let was = app.number("select max(starts_at) from visit").await;
            moves.push((id, Timestamp(was)));
        }
        let starts_at = app.app.now() + Millis::days(7);
        let slot = Slot { starts_at, ends_at: starts_at + Millis::minutes(30) };
        let context = desk_context(&app, &desk);
        let moved = join_all(moves.iter().map(|(id, was)| appointments::move_to(&app.app, &context, *id, *was, slot))).await;
        assert_eq!(moved.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{moved:?}");
        assert_eq!(app.number(&format!("select count(*) from visit where starts_at = {}", starts_at.0)).await, 1);
        app.finish().await;
    }
}

fn desk_context(app: &TestApp, desk: &Browser) -> Context {
    app.app.system().acting(Actor { kind: ActorKind::Staff, id: Some(desk.id.0), role: Some("scheduler") })
}

on_both! {
    async fn a_time_that_clocks_skip_is_refused_and_one_they_pass_twice_is_asked_about(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let (patient, clinician) = (app.mailed_patient(MARIA).await.to_string(), clinician.id.to_string());
        let (key1, key2) = (key(), key());
        let skipped = desk.form("/appointments", &booking(&patient, &clinician, "2027-03-14", "02:30", &key1)).await;
        assert_eq!(skipped.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(skipped.text().await.unwrap().contains("Clocks go forward over this time on this day"));
        let form = booking(&patient, &clinician, "2027-11-07", "01:30", &key2);
        let twice = desk.form("/appointments", &form).await;
        assert_eq!(twice.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = twice.text().await.unwrap();
        assert!(page.contains("1:30 AM New York time (GMT-4)") && page.contains("1:30 AM New York time (GMT-5)"), "{page}");
        let id = led_to(&desk.form("/appointments", &with(form, &[("which", "GMT-5")])).await);
        assert!(desk.text(&format!("/appointments/{id}")).await.contains("November 7, 2027, 1:30 AM New York time (GMT-5)"));
        assert_eq!(app.number("select count(*) from visit").await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_day_of_25_hours_lists_all_of_them(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let (patient, clinician) = (app.mailed_patient(MARIA).await.to_string(), clinician.id.to_string());
        for (time, which) in [("00:00", ""), ("01:30", "GMT-4"), ("01:30", "GMT-5"), ("12:00", ""), ("23:30", "")] {
            let key = key();
            let mut form = booking(&patient, &clinician, "2027-11-07", time, &key);
            form.push(("which", which));
            led_to(&desk.form("/appointments", &form).await);
        }
        let page = desk.text("/appointments?day=2027-11-07").await;
        assert_eq!(page.matches("<article").count(), 5);
        assert!(page.contains("New York time (GMT-4)") && page.contains("New York time (GMT-5)"));
        let week = desk.text("/appointments?view=week&day=2027-11-07").await;
        assert_eq!(week.matches("<article").count(), 5, "on the last day of its week");
        for day in ["2027-11-06", "2027-11-08"] {
            assert_eq!(desk.text(&format!("/appointments?day={day}")).await.matches("<article").count(), 0, "{day}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn the_patients_own_time_stands_beside_the_clinics(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient(MARIA).await;
        app.execute("update patient set zone = 'America/Los_Angeles'").await;
        app.execute("update staff set zone = 'Europe/Berlin' where role = 'clinician'").await;
        let id = app.book(&desk, patient, &clinician, "2026-11-24", "09:00").await;
        for path in [format!("/appointments/{id}"), "/appointments?day=2026-11-24".to_owned()] {
            let page = desk.text(&path).await;
            assert!(page.contains("6:00 AM Los Angeles time (GMT-8)") && page.contains("3:00 PM Berlin time (GMT+1)"), "{page}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_visit_in_the_past_is_refused(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let (patient, clinician, key) = (app.mailed_patient(MARIA).await.to_string(), clinician.id.to_string(), key());
        for (changes, sentence) in [
            ([("date", "2026-11-23"), ("time", "10:29")], "This time has passed."),
            ([("date", "11/24/2026"), ("minutes", "30")], "Choose a date."),
            ([("date", "2026-11-24"), ("minutes", "181")], "Type a length from 10 to 180 minutes."),
            ([("date", "2026-11-24"), ("clinician", "nobody")], "Choose a clinician of the list."),
        ] {
            let answer = desk.form("/appointments", &with(booking(&patient, &clinician, "2026-11-24", "10:00", &key), &changes)).await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{sentence}");
            let page = answer.text().await.unwrap();
            assert!(page.contains(sentence) && page.contains("role=\"alert\""), "{sentence} in {page}");
        }
        let scheduler = desk.id.to_string();
        let answer = desk.form("/appointments", &booking(&patient, &scheduler, "2026-11-24", "10:00", &key)).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "a scheduler sees no patients");
        assert_eq!(app.number("select count(*) from visit").await, 0);
        app.finish().await;
    }
}

on_both! {
    async fn a_visit_that_somebody_else_moved_or_that_is_in_a_call_is_not_moved(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let id = app.book(&desk, app.mailed_patient(MARIA).await, &clinician, "2026-11-24", "09:00").await;
        let was = app.number("select starts_at from visit").await.to_string();
        let (path, cancellation) = (format!("/appointments/{id}/move"), format!("/appointments/{id}/cancellation"));
        let to = |time: &'static str| [("was", was.as_str()), ("date", "2026-11-24"), ("time", time), ("minutes", "30")].to_vec();
        led_to(&desk.form(&path, &to("10:00")).await);
        led_to(&desk.form(&path, &to("10:00")).await);
        assert_eq!(app.outcomes(Kind::VisitMoved).await, ["success"], "the same move again is no second move");
        for late in [desk.form(&path, &to("11:00")).await, desk.form(&cancellation, &[("was", &was)]).await] {
            assert_eq!(late.status(), StatusCode::CONFLICT);
            assert!(late.text().await.unwrap().contains("This visit was changed in the meantime."));
        }
        let was = app.number("select starts_at from visit").await.to_string();
        for state in ["checking", "in_call", "ended"] {
            app.execute(&format!("update visit set state = '{state}'")).await;
            let form = [("was", was.as_str()), ("date", "2026-11-24"), ("time", "12:00"), ("minutes", "30")];
            assert_eq!(desk.form(&path, &form).await.status(), StatusCode::CONFLICT, "{state}");
            assert_eq!(desk.form(&cancellation, &[("was", &was)]).await.status(), StatusCode::CONFLICT, "{state}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_call_whose_clinicians_account_is_closed_is_called_off_by_the_desk(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let id = app.book(&desk, app.mailed_patient(MARIA).await, &clinician, "2026-11-24", "09:00").await;
        app.execute("update visit set state = 'in_call', identity = 'known'").await;
        let (page, was) = (format!("/appointments/{id}"), app.number("select starts_at from visit").await.to_string());
        let offers = async || {
            let text = desk.get(&page).await.text().await.unwrap();
            (text.contains("account is closed"), text.contains(&format!("{page}/move")), text.contains(&format!("{page}/cancellation")))
        };
        assert_eq!(offers().await, (false, false, false), "the clinician ends it");

        staff::disable(&app.app, &app.app.system(), clinician.id).await.unwrap();
        assert_eq!(offers().await, (true, false, true), "and when nobody can, the desk calls it off");
        led_to(&desk.form(&format!("{page}/cancellation"), &[("was", &was)]).await);
        assert_eq!(app.word("select state from visit").await, "cancelled");
        assert_eq!(app.outcomes(Kind::VisitCancelled).await, ["success"]);
        assert_eq!(offers().await, (false, false, false));
        app.finish().await;
    }
}

on_both! {
    async fn who_waits_for_a_moved_visit_waits_no_longer(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let id = app.book(&desk, app.mailed_patient(MARIA).await, &clinician, "2026-11-24", "09:00").await;
        let now = app.app.now().0;
        app.execute(&format!("update visit set state = 'waiting', waiting_since = {now}, redeemed_at = {now}")).await;
        let device = "insert into visit_device (id, visit_id, token_hash, created_at) select id, id, request_key, created_at from visit";
        app.execute(device).await;
        let was = app.number("select starts_at from visit").await.to_string();
        let to = [("was", was.as_str()), ("date", "2026-11-24"), ("time", "10:00"), ("minutes", "30")];
        led_to(&desk.form(&format!("/appointments/{id}/move"), &to).await);
        assert_eq!(app.word("select state from visit").await, "booked");
        assert_eq!(app.number("select count(*) from visit where waiting_since is null and redeemed_at is null").await, 1);
        assert_eq!(app.word("select ended_why from visit_device").await, "rescheduled");
        app.finish().await;
    }
}

on_both! {
    async fn who_did_not_come_is_moved_and_takes_the_new_time(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let maria = app.mailed_patient(MARIA).await;
        let id = app.book(&desk, maria, &clinician, "2026-11-23", "10:30").await;
        let was = app.number("select starts_at from visit").await.to_string();
        app.execute(&format!("update visit set state = 'no_show', ended_at = {}", app.app.now().0)).await;
        let to = [("was", was.as_str()), ("date", "2026-11-24"), ("time", "09:00"), ("minutes", "30")];
        led_to(&desk.form(&format!("/appointments/{id}/move"), &to).await);
        let (pedro, clinician, key) = (app.mailed_patient("Pedro").await.to_string(), clinician.id.to_string(), key());
        let answer = desk.form("/appointments", &booking(&pedro, &clinician, "2026-11-24", "09:00", &key)).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "the time is taken");
        app.finish().await;
    }
}

on_both! {
    async fn who_takes_no_mail_gets_a_code_by_phone(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient(MARIA).await;
        app.execute("update patient set mail_allowed = 0").await;
        let id = app.book(&desk, patient, &clinician, "2026-11-24", "09:00").await;
        assert_eq!(app.number("select count(*) from outbox").await, 0, "no mail without leave");
        assert!(desk.text(&format!("/appointments/{id}")).await.contains("No mail about this visit"));
        let answer = desk.form(&format!("/appointments/{id}/links"), &[]).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let page = answer.text().await.unwrap();
        assert!(page.contains("/join") && page.contains("class=\"code\""), "{page}");
        app.execute("update patient set mail_allowed = 1").await;
        let answer = desk.form(&format!("/appointments/{id}/links"), &[]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(app.number("select count(*) from outbox where kind = 'new_link'").await, 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_locked_link_is_shown_and_unlocked(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let id = app.book(&desk, app.mailed_patient(MARIA).await, &clinician, "2026-11-24", "09:00").await;
        let until = (app.app.now() + Millis::minutes(15)).0;
        app.execute(&format!("update visit set check_failures = 5, check_locked_until = {until}")).await;
        assert!(desk.text(&format!("/appointments/{id}")).await.contains("It is locked until 10:45 AM New York time (GMT-5)"));
        led_to(&desk.form(&format!("/appointments/{id}/unlock"), &[]).await);
        led_to(&desk.form(&format!("/appointments/{id}/unlock"), &[]).await);
        assert_eq!(app.number("select count(*) from visit where check_failures = 0 and check_locked_until is null").await, 1);
        assert_eq!(app.outcomes(Kind::LinkUnlocked).await, ["success"]);
        app.finish().await;
    }
}

on_both! {
    async fn names_on_the_list_are_in_the_log_first(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let (maria, other) = (app.mailed_patient(MARIA).await, app.mailed_patient("Other").await);
        let id = app.book(&desk, maria, &clinician, "2026-11-24", "09:00").await;
        desk.text("/appointments?day=2026-11-24").await;
        assert_eq!((app.events_about(Kind::VisitsListed, maria).await, app.events_about(Kind::VisitsListed, other).await), (1, 0));
        app.log_is_full(true).await;
        for path in ["/appointments?day=2026-11-24".to_owned(), format!("/appointments/{id}")] {
            let answer = desk.get(&path).await;
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(!answer.text().await.unwrap().contains(MARIA), "no event, no access");
        }
        app.finish().await;
    }
}

on_both! {
    async fn an_altered_name_or_reason_is_an_error_and_an_event(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient(MARIA).await;
        let (patient_id, clinician_id, key) = (patient.to_string(), clinician.id.to_string(), key());
        let mut form = booking(&patient_id, &clinician_id, "2026-11-24", "09:00", &key);
        form.push(("reason", "A reason"));
        let id: VisitId = led_to(&desk.form("/appointments", &form).await).parse().unwrap();
        assert_eq!(reason(&app, id, patient).await.unwrap(), Some("A reason".to_owned()));
        assert!(!desk.text(&format!("/appointments/{id}")).await.contains("A reason"), "the front desk does not read it again");
        app.flip("visit", "reason").await;
        assert!(reason(&app, id, patient).await.is_err());
        assert_eq!(app.outcomes(Kind::IntegrityFailed).await, ["failed"]);
        app.flip("patient", "name").await;
        for path in ["/appointments?day=2026-11-24".to_owned(), format!("/appointments/{id}")] {
            assert_eq!(desk.get(&path).await.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        }
        assert_eq!(app.outcomes(Kind::IntegrityFailed).await.len(), 3);
        app.flip("patient", "name").await;
        assert!(desk.text("/appointments?day=2026-11-24").await.contains(MARIA), "the process stays up");
        app.finish().await;
    }
}

async fn reason(app: &TestApp, id: VisitId, patient: PatientId) -> Result<Option<String>, anteroom::web::Error> {
    let access = app.app.log.access(&app.app.system(), Event::done(Kind::VisitRead).about(patient)).await.unwrap();
    let mut tx = app.app.db.reading().await.unwrap();
    let visit = appointments::visit(&mut tx, id).await.unwrap().unwrap();
    drop(tx);
    Ok(appointments::reason(&app.app, &access, &visit).await?.map(|reason| reason.reveal().clone()))
}

on_both! {
    async fn only_the_front_desk_sees_the_pages_of_appointments(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient(MARIA).await;
        let id = app.book(&desk, patient, &clinician, "2026-11-24", "09:00").await;
        for browser in [clinician, app.staff(Role::Compliance).await, app.staff(Role::Administrator).await] {
            for path in ["/appointments".to_owned(), format!("/appointments/{id}"), format!("/appointments/new?patient={patient}")] {
                assert_eq!(browser.get(&path).await.status(), StatusCode::FORBIDDEN, "{path}");
            }
            let (patient, clinician) = (patient.to_string(), browser.id.to_string());
            let mut form = booking(&patient, &clinician, "2026-11-24", "12:00", "00");
            form.push(("was", "0"));
            let paths = ["move", "cancellation", "links", "unlock"].map(|act| format!("/appointments/{id}/{act}"));
            for path in paths.into_iter().chain(["/appointments".to_owned()]) {
                assert_eq!(browser.form(&path, &form).await.status(), StatusCode::FORBIDDEN, "{path}");
            }
        }
        assert_eq!(app.browser().get("/appointments").await.status(), StatusCode::SEE_OTHER);
        assert_eq!(desk.get("/appointments/01946f00-0000-7000-8000-000000000000").await.status(), StatusCode::NOT_FOUND);
        app.finish().await;
    }
}

on_both! {
    async fn each_reminder_is_queued_once(app: TestApp) {
        let starts_at = book_for(&app, MARIA, Millis::days(3)).await;
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0, "too early");
        app.clock.set(starts_at - Millis::hours(24));
        let runs = join_all((0..4).map(|_| reminders::queue_due(&app.app))).await;
        assert_eq!(runs.into_iter().map(Result::unwrap).sum::<usize>(), 1, "at once and still once");
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0, "a later run, or a run after a restart");
        app.clock.set(starts_at - Millis::minutes(60));
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 1);
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0);
        app.clock.set(starts_at);
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0, "it has begun");
        assert_eq!(app.number("select count(*) from outbox where kind = 'reminder'").await, 2);
        assert_eq!(app.outcomes(Kind::ReminderQueued).await.len(), 2);
        app.finish().await;
    }
}

on_both! {
    async fn a_server_that_was_down_sends_the_reminder_that_fits_now(app: TestApp) {
        let starts_at = book_for(&app, MARIA, Millis::days(3)).await;
        app.clock.set(starts_at - Millis::minutes(50));
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 1, "the hour's, not the day's as well");
        app.finish().await;
    }
}

on_both! {
    async fn nobody_is_reminded_who_just_had_a_mail_or_wants_none(app: TestApp) {
        // Booked 5 hours before: the mail about it is younger than a day.
        let soon = book_for(&app, "Late", Millis::hours(5)).await;
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0);
        app.clock.set(soon - Millis::minutes(59));
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 1, "an hour before it is worth a word");
        let starts_at = book_for(&app, "Silent", Millis::days(3)).await;
        app.execute("update patient set reminders_allowed = 0").await;
        app.clock.set(starts_at - Millis::hours(20));
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0);
        app.execute("update patient set reminders_allowed = 1").await;
        app.execute("update visit set state = 'waiting'").await;
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0, "who waits needs no reminder");
        app.execute("update visit set state = 'sent'").await;
        app.execute("update outbox set kind = 'moved'").await;
        app.execute(&format!("update outbox set created_at = {}", app.app.now().0)).await;
        assert_eq!(reminders::queue_due(&app.app).await.unwrap(), 0, "the mail about the new time says as much");
        app.finish().await;
    }
}

/// Book without a browser, so that the clock may be moved by days. The start.
async fn book_for(app: &TestApp, name: &str, ahead: Millis) -> Timestamp {
    let (scheduler, _) = app.account(Role::Scheduler).await;
    let (clinician, _) = app.account(Role::Clinician).await;
    let patient = app.mailed_patient(name).await;
    let starts_at = app.app.now() + ahead;
    let slot = Slot { starts_at, ends_at: starts_at + Millis::minutes(30) };
    let new = NewAppointment {
        request_key: RequestKey::new(&app.app.rng),
        patient,
        clinician,
        slot,
        reason: None,
        check: CheckPolicy::default(),
    };
    let actor = Actor { kind: ActorKind::Staff, id: Some(scheduler.0), role: Some("scheduler") };
    appointments::book(&app.app, &app.app.system().acting(actor), new).await.unwrap();
    starts_at
}
