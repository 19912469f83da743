//! The machine's clock is set back or forward (TST-18, REL-07): what has happened once does not happen again, and what is over stays over.

use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::guest::{BORN, Invitation};
use anteroom::appointments::reminders;
use anteroom::audit::Kind;
use anteroom::jobs;
use anteroom::staff::Role;
use anteroom::time::{Millis, Timestamp};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How far a clock is set wrong, in both directions.
const STEPS: [Millis; 5] = [Millis::hours(-1), Millis::hours(1), Millis::days(-2), Millis::days(-365), Millis::days(365)];

/// Visits in the morning after clocks went forward and back, on a leap day, and on the day after it.
const DAYS: [&str; 4] = ["2027-03-14T13:00:00Z", "2027-11-07T14:00:00Z", "2028-02-29T14:00:00Z", "2028-03-01T14:00:00Z"];

fn instant(text: &str) -> Timestamp {
    Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

impl TestApp {
    /// Set the clock wrong in every way, each time back to right, and run the reminders each time. How many were queued.
    async fn reminders_while_the_clock_steps(&self, right: Timestamp) -> usize {
        let mut queued = 0;
        for step in STEPS {
            for now in [right, right + step, right] {
                self.clock.set(now);
                queued += reminders::queue_due(&self.app).await.unwrap();
            }
        }
        queued
    }
}

on_both! {
    async fn each_reminder_is_queued_once_however_the_clock_steps(app: TestApp) {
        for day in DAYS {
            let starts_at = instant(day);
            app.clock.set(starts_at - Millis::days(4));
            app.guest_at(starts_at, true).await;
            for lead in [Millis::hours(24), Millis::minutes(60)] {
                assert_eq!(app.reminders_while_the_clock_steps(starts_at - lead).await, 1, "{lead:?} before {day}");
            }
            assert_eq!(app.number("select count(*) from outbox where kind = 'reminder'").await, app.outcomes(Kind::ReminderQueued).await.len() as i64);
        }
        assert_eq!(app.outcomes(Kind::ReminderQueued).await.len(), 2 * DAYS.len());
        app.finish().await;
    }
}

on_both! {
    async fn a_session_that_ended_does_not_come_back_to_life_when_the_clock_is_set_back(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        assert_eq!(desk.get("/appointments").await.status(), StatusCode::OK);
        let signed_in = app.app.now();
        app.clock.advance(Millis::hours(25));
        assert_eq!(desk.get("/appointments").await.status(), StatusCode::SEE_OTHER, "it is too old");
        for step in STEPS.into_iter().chain([Millis(0), Millis::seconds(1)]) {
            app.clock.set(signed_in + step);
            assert_eq!(desk.get("/appointments").await.status(), StatusCode::SEE_OTHER, "{step:?}");
        }
        assert_eq!(app.events("staff.session_ended").await.len(), 1, "and it ended once");
        app.finish().await;
    }
}

impl TestApp {
    /// By how much the clock was set each time, as the log has it.
    async fn steps(&self) -> BTreeSet<i64> {
        self.events("clock.stepped").await.iter().map(|event| event["details"]["by_ms"].as_i64().unwrap()).collect()
    }
}

/// What a device hears that tries a link with the right value.
async fn tries(device: &Browser, link: &Invitation) -> Value {
    device.json("/v/redemption", &json!({ "token": link.token, "check": BORN })).await.json().await.unwrap()
}

on_both! {
    async fn a_link_that_was_used_opens_nothing_however_the_clock_steps(app: TestApp) {
        let guest = app.guest().await;
        let link = app.invitation().await;
        assert_eq!(tries(&app.browser(), &link).await["result"], "open");
        // The last three fall where an unused link would open.
        for step in STEPS.into_iter().chain([Millis(0), Millis::minutes(-10), Millis::minutes(10)]) {
            app.clock.set(guest.starts_at + step);
            assert_eq!(tries(&app.browser(), &link).await["result"], "reason", "{step:?}");
        }
        assert_eq!(app.events("link.redeemed").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_link_that_is_over_stays_over_however_far_the_clock_is_set_back_over_a_restart_too(app: TestApp) {
        let mut app = app;
        let guest = app.guest().await;
        let link = app.invitation().await;
        app.clock.advance(Millis::minutes(90));
        let right = app.app.now();
        assert_eq!(tries(&app.browser(), &link).await["reason"], "over");
        jobs::look_at_clock(&app.app).await.unwrap();
        for step in [Millis::hours(-1), Millis::days(-2), Millis::days(-365)] {
            app.clock.set(right + step);
            assert_eq!(tries(&app.browser(), &link).await["reason"], "over", "{step:?}");
            jobs::look_at_clock(&app.app).await.unwrap();
            app.restart().await;
            assert_eq!(tries(&app.browser(), &link).await["reason"], "over", "{step:?} and a restart");
        }
        assert_eq!(app.state_of(guest.visit).await, "sent");
        app.finish().await;
    }
}

on_both! {
    async fn a_clock_that_was_a_year_ahead_and_is_set_right_has_closed_no_link(app: TestApp) {
        let mut app = app;
        let guest = app.guest_at(app.app.now() + Millis::hours(12), true).await;
        let link = app.invitation().await;
        let year = Millis::days(365);
        app.clock.set(app.app.now() + year);
        for hours in 0..11 {
            jobs::look_at_clock(&app.app).await.unwrap();
            anteroom::links::keys::look_after(&app.app).await.unwrap();
            assert_eq!(tries(&app.browser(), &link).await["reason"], "over", "while it is wrong");
            app.clock.advance(Millis::hours(1));
            if hours == 5 {
                app.restart().await;
            }
        }
        app.clock.set(app.app.now() - year + Millis::hours(1));
        jobs::look_at_clock(&app.app).await.unwrap();
        assert_eq!(app.app.now(), guest.starts_at);
        assert_eq!(tries(&app.browser(), &link).await["result"], "open");
        assert_eq!(app.steps().await, [Millis::hours(1).0 - year.0, year.0].into(), "both are in the log");
        app.finish().await;
    }
}

on_both! {
    async fn only_a_step_of_more_than_two_seconds_is_recorded_and_a_change_of_the_hour_is_none(app: TestApp) {
        jobs::look_at_clock(&app.app).await.unwrap();
        // Summer time begins and ends at the clinic: people set their clocks, the time goes on.
        for day in ["2027-03-14T06:59:00Z", "2027-11-07T05:59:00Z"] {
            app.clock.set(instant(day));
            jobs::look_at_clock(&app.app).await.unwrap();
            let before = app.events("clock.stepped").await.len();
            for _ in 0..120 {
                app.clock.advance(Millis::minutes(1));
                jobs::look_at_clock(&app.app).await.unwrap();
            }
            assert_eq!(app.events("clock.stepped").await.len(), before, "{day}");
        }
        let before = app.events("clock.stepped").await.len();
        for (step, noticed) in [(2_000, false), (-2_000, false), (2_001, true), (-2_001, true)] {
            app.clock.set(app.app.now() + Millis(step));
            jobs::look_at_clock(&app.app).await.unwrap();
            assert_eq!(app.steps().await.contains(&step), noticed, "{step}");
        }
        assert_eq!(app.events("clock.stepped").await.len(), before + 2);
        app.finish().await;
    }
}
