//! The two tables that people read: who gets what, and what is written about it.

use super::seen::Seen;
use super::visitors::{From, Visitor};
use serde_json::Value;
use std::fmt::Write;

const ACCESS: &str = include_str!("access_head.md");
const EVENTS: &str = include_str!("events_head.md");

/// Route by kind of visitor.
pub fn access(seen: &[Seen]) -> String {
    let mut table = ACCESS.to_owned();
    for from in From::ALL {
        let heading = match from {
            From::OurPage => "From a page of ours",
            From::WithoutToken => "From a page of ours, without the form token",
            From::Elsewhere => "From a page of somebody else's",
        };
        let columns: Vec<String> = Visitor::ALL.iter().map(ToString::to_string).collect();
        writeln!(table, "\n## {heading}\n\n| Route | {} |\n|---|{}", columns.join(" | "), "---|".repeat(columns.len())).unwrap();
        for route in routes(seen) {
            let of = |visitor: &Visitor| {
                let cell = seen.iter().find(|one| one.route == route && one.ends.is_empty() && one.visitor == *visitor && one.from == from);
                cell.map_or("-".to_owned(), |cell| cell.answer.text.clone())
            };
            let cells: Vec<String> = Visitor::ALL.iter().map(of).collect();
            if cells.iter().any(|cell| cell != "-") {
                writeln!(table, "| {route} | {} |", cells.join(" | ")).unwrap();
            }
        }
    }
    table
}

/// Route by how it ends.
pub fn events(seen: &[Seen]) -> String {
    let mut table = EVENTS.to_owned();
    for route in routes(seen) {
        writeln!(table, "\n## {route}\n\n| Who and how | Answer | Events |\n|---|---|---|").unwrap();
        let here: Vec<&Seen> = seen.iter().filter(|one| one.route == route).collect();
        // Those who get the same answer and leave the same events share a line.
        let mut lines: Vec<(String, Vec<&Seen>)> = Vec::new();
        for one in &here {
            let line = format!("{} | {}", one.answer.text, written(&one.events));
            match lines.iter_mut().find(|(known, _)| *known == line) {
                Some((_, alike)) => alike.push(one),
                None => lines.push((line, vec![one])),
            }
        }
        for (line, alike) in lines {
            writeln!(table, "| {} | {line} |", who(&alike, &here)).unwrap();
        }
    }
    table
}

/// "scheduler, compliance; without token: everybody".
fn who(alike: &[&Seen], here: &[&Seen]) -> String {
    let mut parts = Vec::new();
    for (from, place) in [(From::OurPage, ""), (From::WithoutToken, "without token: "), (From::Elsewhere, "from elsewhere: ")] {
        let plain = |one: &&&Seen| one.from == from && one.ends.is_empty();
        let visitors: Vec<String> = alike.iter().filter(plain).map(|one| one.visitor.to_string()).collect();
        if !visitors.is_empty() {
            let everybody = visitors.len() == here.iter().filter(plain).count();
            parts.push(format!("{place}{}", if everybody { "everybody".to_owned() } else { visitors.join(", ") }));
        }
    }
    parts.extend(alike.iter().filter(|one| !one.ends.is_empty()).map(|one| format!("{}, **{}**", one.visitor, one.ends)));
    parts.join("; ")
}

fn routes(seen: &[Seen]) -> Vec<&'static str> {
    let mut routes: Vec<&str> = seen.iter().map(|one| one.route).collect();
    routes.dedup();
    routes
}

/// `link.checked, link.redeemed`, or what was refused and why.
fn written(events: &[Value]) -> String {
    let word = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let one = |event: &Value| match event["outcome"].as_str() {
        Some("success") => word(&event["kind"]),
        _ => format!("{} {}: {}", word(&event["kind"]), word(&event["outcome"]), word(&event["details"]["why"])),
    };
    if events.is_empty() { "none".to_owned() } else { events.iter().map(one).collect::<Vec<_>>().join(", ") }
}
