//! Sign-in, accounts, the access log.

use super::Sends::{Form, Json, Nothing};
use super::{Row, plain};
use crate::every_route::stage::With;
use crate::every_route::visitors::Visitor::{Administrator, Compliance, Nobody, Scheduler};

pub fn rows() -> Vec<Row> {
    [sessions(), accounts(), log()].into_iter().flatten().collect()
}

fn sessions() -> Vec<Row> {
    let own = "says how long the own session stands";
    vec![
        plain("GET /", Scheduler, Nothing).open("leads to the first page of a role"),
        plain("GET /sign-in", Nobody, Nothing).open("a form"),
        plain("POST /sign-in", Nobody, Form(&[("email", "{scheduler_email}"), ("password", "{password}")]))
            .before_session()
            .keeps_stage()
            .sending("wrong password", Form(&[("email", "{scheduler_email}"), ("password", "wrong")]))
            .sending("unknown address", Form(&[("email", "{new}@clinic.example"), ("password", "{password}")]))
            .sending("fields missing", Form(&[])),
        plain("POST /sign-in/again", Scheduler, Json(r#"{"email":"{scheduler_email}","password":"{password}"}"#))
            .before_session()
            .keeps_stage()
            .sending("wrong password", Json(r#"{"email":"{scheduler_email}","password":"wrong"}"#))
            .sending("another person", Json(r#"{"email":"{compliance_email}","password":"{password}"}"#)),
        plain("POST /sign-out", Scheduler, Form(&[])).keeps_stage(),
        plain("GET /session", Scheduler, Nothing).open(own),
        plain("POST /session/touch", Scheduler, Form(&[])).keeps_stage().open(own),
        plain("GET /set-password", Nobody, Nothing).open("a form"),
        plain("POST /set-password", Nobody, Form(&[("code", "{password_code}"), ("password", "{password}"), ("again", "{password}")]))
            .before_session()
            .sending("wrong code", Form(&[("code", "{new}"), ("password", "{password}"), ("again", "{password}")]))
            .sending("weak password", Form(&[("code", "{password_code}"), ("password", "short"), ("again", "short")]))
            .sending("two passwords", Form(&[("code", "{password_code}"), ("password", "{password}"), ("again", "other")])),
    ]
}

fn accounts() -> Vec<Row> {
    let new = |email| {
        Form(match email {
            "taken" => &[("email", "{compliance_email}"), ("name", "Robin"), ("role", "clinician"), ("zone", "America/New_York")],
            _ => &[("email", "{new}@clinic.example"), ("name", "Robin"), ("role", "clinician"), ("zone", "America/New_York")],
        })
    };
    let there = |route| plain(route, Administrator, Form(&[]));
    vec![
        plain("GET /staff", Administrator, Nothing),
        plain("POST /staff", Administrator, new(""))
            .keeps_stage()
            .sending("address taken", new("taken"))
            .sending("fields missing", Form(&[])),
        there("POST /staff/{id}/password-link").to("unknown account", "/staff/{unknown}/password-link"),
        there("POST /staff/{id}/disable").to("unknown account", "/staff/{unknown}/disable").to("oneself", "/staff/{administrator}/disable"),
        there("POST /staff/{id}/enable").with(&[With::ClosedAccount]).to("unknown account", "/staff/{unknown}/enable"),
        there("POST /staff/{id}/unlock").to("unknown account", "/staff/{unknown}/unlock"),
        there("POST /staff/{id}/sessions/end").to("unknown account", "/staff/{unknown}/sessions/end"),
    ]
}

fn log() -> Vec<Row> {
    vec![
        plain("GET /access-log", Compliance, Nothing)
            .to(
                "searched",
                "/access-log?patient={patient}&person={scheduler}&kind=visit.read&outcome=success&from=2026-11-01&until=2026-12-01",
            )
            .to("a party searched", "/access-log?person=nobody")
            .to("unreadable search", "/access-log?from=yesterday"),
        plain("GET /access-log/patients/{id}", Compliance, Nothing)
            .at("/access-log/patients/{patient}")
            .to("a period, in Spanish", "/access-log/patients/{patient}?from=2026-11-01&until=2026-12-01&language=es")
            .to("unreadable period", "/access-log/patients/{patient}?from=yesterday")
            .to("unknown patient", "/access-log/patients/{unknown}"),
        plain("POST /access-log/patients/{id}/mark", Compliance, Form(&[("why", "public")]))
            .at("/access-log/patients/{patient}/mark")
            .sending("no longer", Form(&[("why", "")]))
            .sending("another reason", Form(&[("why", "hair")]))
            .to("unknown patient", "/access-log/patients/{unknown}/mark"),
        plain("GET /integrity", Compliance, Nothing),
        plain("GET /integrity/progress", Compliance, Nothing).open("says how far a verification is, and nothing of the log"),
        plain("POST /integrity/verification", Compliance, Form(&[("known_head", "")]))
            .keeps_stage()
            .sending("no head", Form(&[("known_head", "a letter without one")])),
        plain("GET /review", Compliance, Nothing),
        plain("POST /review/{id}", Compliance, Form(&[("comment", "looked at it")]))
            .at("/review/{item}")
            .sending("nothing written", Form(&[("comment", " ")]))
            .to("nothing there, or reviewed before", "/review/{unknown}"),
        plain("GET /access-review", Compliance, Nothing),
        plain("POST /access-review", Compliance, Form(&[("shown", "{accounts}")]))
            .sending("accounts changed since", Form(&[("shown", "what was shown before")])),
        plain("GET /access-log/export", Compliance, Nothing)
            .at("/access-log/export?format=csv&patient={patient}")
            .to(
                "JSON Lines",
                "/access-log/export?format=jsonl&person={scheduler}&kind=visit.read&outcome=success&from=2026-11-01&until=2026-12-01",
            )
            .to("FHIR", "/access-log/export?format=fhir")
            .to("a party searched", "/access-log/export?format=csv&person=nobody")
            .to("unknown format", "/access-log/export?format=pdf"),
        plain("GET /access-log/export/progress", Compliance, Nothing).open("says how far an export is, and nothing of the log"),
    ]
}
