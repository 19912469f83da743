//! What the compliance officer does for the people in the records: breach worksheets, incidents.

use super::Sends::{Form, Nothing};
use super::{Row, plain};
use crate::every_route::visitors::Visitor::Compliance;

pub fn rows() -> Vec<Row> {
    [breach(), incidents()].into_iter().flatten().collect()
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
