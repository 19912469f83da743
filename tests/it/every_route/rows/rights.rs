//! What the compliance officer does for the people in the records: breach worksheets.

use super::Sends::Nothing;
use super::{Row, plain};
use crate::every_route::visitors::Visitor::Compliance;

pub fn rows() -> Vec<Row> {
    breach()
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
