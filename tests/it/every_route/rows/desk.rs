//! The front desk: patients and appointments.

use super::Sends::{self, Form, Nothing};
use super::{Row, plain, row};
use crate::every_route::stage::With;
use crate::every_route::visitors::Visitor::Scheduler;
use anteroom::appointments::VisitState::{Cancelled, Ended, InCall, Redeemed, Sent};

pub fn rows() -> Vec<Row> {
    [patients(), appointments(), doors()].into_iter().flatten().collect()
}

macro_rules! patient {
    ($($field:literal: $value:literal),*) => {
        Form(&[
            $(($field, $value),)*
            ("name", "Somebody New"), ("date_of_birth", "1970-01-31"), ("email", "{new}@patient.example"),
            ("email_again", "{new}@patient.example"), ("phone", "555 0142"), ("zone", "America/New_York"), ("language", "en"),
            ("mail_allowed", "yes"),
        ])
    };
}

fn patients() -> Vec<Row> {
    let form = "a form without anybody in it";
    vec![
        plain("GET /patients", Scheduler, Nothing).open(form),
        plain("GET /patients/new", Scheduler, Nothing).open(form),
        plain("POST /patients", Scheduler, patient!("request_key": "{key}", "version": "", "record_number": ""))
            .keeps_stage()
            .sending(
                "fields missing",
                Form(&[
                    ("request_key", "{key}"),
                    ("version", ""),
                    ("name", ""),
                    ("date_of_birth", ""),
                    ("email", ""),
                    ("email_again", ""),
                    ("phone", ""),
                    ("record_number", ""),
                    ("zone", "America/New_York"),
                    ("language", "en"),
                ]),
            )
            .sending("record number taken", patient!("request_key": "{key}", "version": "", "record_number": "{taken}")),
        plain("POST /patients/search", Scheduler, Form(&[("search", "{name}")]))
            .keeps_stage()
            .sending("nobody found", Form(&[("search", "{new}")]))
            .sending("nothing typed", Form(&[("search", " ")])),
        plain("GET /patients/{id}", Scheduler, Nothing).to("unknown patient", "/patients/{unknown}"),
        plain("POST /patients/{id}", Scheduler, patient!("request_key": "{key}", "version": "1", "record_number": ""))
            .sending("somebody saved first", patient!("request_key": "{key}", "version": "7", "record_number": ""))
            .sending("record number taken", patient!("request_key": "{key}", "version": "1", "record_number": "{taken}"))
            .to("unknown patient", "/patients/{unknown}"),
    ]
}

macro_rules! booking {
    ($day:literal, $time:literal, $clinician:literal) => {
        Form(&[
            ("request_key", "{key}"),
            ("patient", "{patient}"),
            ("clinician", $clinician),
            ("reason", "a cough"),
            ("date", $day),
            ("time", $time),
            ("minutes", "30"),
            ("which", ""),
        ])
    };
}

fn appointments() -> Vec<Row> {
    let to = |was: &'static str| -> Sends {
        Form(match was {
            "changed" => &[("was", "1"), ("date", "{free_day}"), ("time", "09:00"), ("minutes", "30"), ("which", "")],
            _ => &[("was", "{was}"), ("date", "{free_day}"), ("time", "09:00"), ("minutes", "30"), ("which", "")],
        })
    };
    vec![
        plain("GET /appointments", Scheduler, Nothing).to("a week", "/appointments?view=week"),
        plain("GET /appointments/new", Scheduler, Nothing)
            .at("/appointments/new?patient={patient}")
            .to("nobody chosen", "/appointments/new")
            .to("unknown patient", "/appointments/new?patient={unknown}"),
        plain("POST /appointments", Scheduler, booking!("{free_day}", "11:00", "{clinician}"))
            .sending("not a clinician", booking!("{free_day}", "11:00", "{scheduler}"))
            .sending_with("clinician busy", &[With::Busy], booking!("{free_day}", "09:00", "{clinician}"))
            .sending_with("patient busy", &[With::Busy], booking!("{free_day}", "09:00", "{other_clinician}"))
            .sending("time missing", booking!("", "", "{clinician}")),
        plain("GET /appointments/{id}", Scheduler, Nothing).to("unknown visit", "/appointments/{unknown}"),
        row("POST /appointments/{id}/move", Scheduler, Redeemed, to(""))
            .sending("changed by somebody", to("changed"))
            .sending_with("time taken", &[With::Busy], to(""))
            .when("in a call", InCall, &[])
            .to("unknown visit", "/appointments/{unknown}/move"),
        row("POST /appointments/{id}/cancellation", Scheduler, Redeemed, Form(&[("was", "{was}")]))
            .sending("changed by somebody", Form(&[("was", "1")]))
            .when("in a call", InCall, &[])
            .when("cancelled before", Cancelled, &[]),
    ]
}

/// What the desk does about a visit's links.
fn doors() -> Vec<Row> {
    vec![
        row("POST /appointments/{id}/links", Scheduler, Sent, Form(&[]))
            .when("locked before", Sent, &[With::Locked])
            .when("over", Ended, &[])
            .to("unknown visit", "/appointments/{unknown}/links"),
        row("POST /appointments/{id}/code", Scheduler, Sent, Form(&[])).when("locked before", Sent, &[With::Locked]).when(
            "over",
            Ended,
            &[],
        ),
        row("POST /appointments/{id}/date-of-birth", Scheduler, Sent, Form(&[])).with(&[With::Code]).when("over", Ended, &[]),
        row("POST /appointments/{id}/device-move", Scheduler, Redeemed, Form(&[("device", "{asking}"), ("answer", "yes")]))
            .with(&[With::Asking])
            .sending("refused by the desk", Form(&[("device", "{asking}"), ("answer", "no")]))
            .sending("asks no more", Form(&[("device", "{unknown}"), ("answer", "yes")])),
        row("POST /appointments/{id}/unlock", Scheduler, Sent, Form(&[])).with(&[With::Locked]).when("not locked", Sent, &[]),
    ]
}
