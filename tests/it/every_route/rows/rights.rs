//! What the compliance officer does for the people in the records: breach worksheets, incidents, disclosures, requests; and the copy that a
//! clinician makes for a patient.

use super::Sends::{Form, Nothing};
use super::{Row, plain, row};
use crate::every_route::stage::With;
use crate::every_route::visitors::Visitor::{Clinician, Compliance};
use anteroom::appointments::VisitState::{Checking, InCall};

pub fn rows() -> Vec<Row> {
    [breach(), incidents(), ledger(), requests(), copies(), retention()].into_iter().flatten().collect()
}

fn incidents() -> Vec<Row> {
    let counted = |after| match after {
        "" => Form(&[("entry", "counted"), ("after", "1"), ("people", "3"), ("states", "New York 3")]),
        _ => Form(&[("entry", "counted"), ("after", "7"), ("people", "3"), ("states", "New York 3")]),
    };
    vec![
        plain("GET /incidents", Compliance, Nothing),
        plain(
            "POST /incidents",
            Compliance,
            Form(&[("request_key", "{key}"), ("what", "A lost phone"), ("happened", "2026-11-20"), ("discovered", "2026-11-23")]),
        )
        .keeps_stage()
        .sending("fields missing", Form(&[("request_key", "{key}")])),
        plain("GET /incidents/{id}", Compliance, Nothing).to("unknown incident", "/incidents/{unknown}"),
        plain("POST /incidents/{id}/entries", Compliance, counted(""))
            .sending("somebody entered first", counted("stale"))
            .sending("closed too early", Form(&[("entry", "closed"), ("after", "1")]))
            .sending("fields missing", Form(&[("entry", "assessed"), ("after", "1")]))
            .to("unknown incident", "/incidents/{unknown}/entries"),
    ]
}

fn breach() -> Vec<Row> {
    vec![
        plain("GET /breach", Compliance, Nothing)
            .at("/breach?person={clinician}&from=2026-11-01&until=2026-12-01")
            .to("nothing asked", "/breach")
            .to("unreadable", "/breach?person={clinician}&from=yesterday&until="),
        plain("GET /breach/export", Compliance, Nothing)
            .at("/breach/export?format=csv&person={clinician}&from=2026-11-01&until=2026-12-01&session={unknown}")
            .to("to print", "/breach/export?format=html&person={clinician}&from=2026-11-01&until=2026-12-01")
            .to("unknown format", "/breach/export?format=pdf&person={clinician}&from=2026-11-01&until=2026-12-01"),
    ]
}

fn ledger() -> Vec<Row> {
    vec![
        plain("GET /rights", Compliance, Nothing)
            .to("one patient", "/rights?patient={patient}")
            .to("unknown patient", "/rights?patient={unknown}"),
        plain("GET /rights/{id}", Compliance, Nothing).to("unknown patient", "/rights/{unknown}"),
        plain(
            "POST /rights/{id}/disclosures",
            Compliance,
            Form(&[
                ("request_key", "{key}"),
                ("on", "2026-11-20"),
                ("category", "accountable"),
                ("made_by", "clinic"),
                ("recipient_kind", "other"),
                ("recipient", "State registry"),
                ("address", ""),
                ("what", "Name"),
                ("purpose", "Report"),
            ]),
        )
        .sending("fields missing", Form(&[("request_key", "{key}")]))
        .to("unknown patient", "/rights/{unknown}/disclosures"),
        plain(
            "POST /rights/{id}/requests",
            Compliance,
            Form(&[("request_key", "{key}"), ("kind", "accounting"), ("on", "2026-11-20"), ("how", "By letter")]),
        )
        .sending("fields missing", Form(&[("request_key", "{key}")]))
        .to("unknown patient", "/rights/{unknown}/requests"),
        plain(
            "POST /rights/{id}/suspensions",
            Compliance,
            Form(&[
                ("request_key", "{key}"),
                ("recipient_kind", "oversight"),
                ("on", "2026-11-20"),
                ("until", "2027-11-20"),
                ("who", "The board"),
            ]),
        )
        .sending("fields missing", Form(&[("request_key", "{key}")]))
        .to("unknown patient", "/rights/{unknown}/suspensions"),
        plain("POST /disclosures/{id}/strike", Compliance, Form(&[("after", "1"), ("why", "Another patient")]))
            .sending("somebody entered first", Form(&[("after", "7"), ("why", "Another patient")]))
            .sending("fields missing", Form(&[("after", "1")]))
            .to("unknown disclosure", "/disclosures/{unknown}/strike"),
    ]
}

fn requests() -> Vec<Row> {
    let extended = |after: &str| match after {
        "" => Form(&[("entry", "extended"), ("after", "1"), ("on", "2026-11-23"), ("why", "An archive")]),
        _ => Form(&[("entry", "extended"), ("after", "7"), ("on", "2026-11-23"), ("why", "An archive")]),
    };
    vec![
        plain("GET /requests/{id}", Compliance, Nothing).to("unknown request", "/requests/{unknown}"),
        plain("POST /requests/{id}/entries", Compliance, extended(""))
            .sending("answered", Form(&[("entry", "given"), ("after", "1"), ("title", "Privacy officer")]))
            .sending("declined", Form(&[("entry", "declined"), ("after", "1"), ("title", "Privacy officer"), ("why", "Taken back")]))
            .sending("somebody entered first", extended("stale"))
            .sending_with("answered before", &[With::Answered], extended(""))
            .sending("fields missing", Form(&[("entry", "given"), ("after", "1")]))
            .to("unknown request", "/requests/{unknown}/entries"),
        plain("GET /requests/{id}/copy", Compliance, Nothing).with(&[With::Answered]).to("unknown request", "/requests/{unknown}/copy"),
    ]
}

fn copies() -> Vec<Row> {
    vec![
        row("GET /copies", Clinician, InCall, Nothing),
        row("GET /copies/{id}/file", Clinician, InCall, Nothing)
            .at("/copies/{id}/file?format=json")
            .to("to read", "/copies/{id}/file?format=html")
            .to("unknown format", "/copies/{id}/file?format=pdf")
            .to("unknown request", "/copies/{unknown}/file?format=json")
            .when("before the patient is known", Checking, &[]),
        row("POST /copies/{id}/handover", Clinician, InCall, Form(&[("after", "1"), ("title", "Dr. Quist")]))
            .sending("somebody entered first", Form(&[("after", "7"), ("title", "Dr. Quist")]))
            .sending("fields missing", Form(&[("after", "1")])),
    ]
}

fn retention() -> Vec<Row> {
    vec![
        plain("GET /retention", Compliance, Nothing),
        plain("POST /retention/holds", Compliance, Form(&[("request_key", "{key}"), ("patient", "{patient}"), ("why", "Case 7")]))
            .keeps_stage()
            .sending("unknown patient", Form(&[("request_key", "{key}"), ("patient", "{unknown}"), ("why", "Case 7")]))
            .sending("fields missing", Form(&[("request_key", "{key}")])),
        plain("POST /holds/{id}/lift", Compliance, Form(&[("why", "Settled")]))
            .sending("fields missing", Form(&[]))
            .to("unknown hold", "/holds/{unknown}/lift"),
    ]
}
