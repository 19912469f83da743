//! HEAD on every route that has a GET: the same answer, no body, and nothing changed by it (LNK-03).

use super::rows::{Case, Sends, rows};
use super::stage::Stage;
use super::visitors::{From, Visitor};
use super::world::World;
use crate::support::TestApp;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

/// What says that something was read. Whoever is told the length of a page has had it opened.
const READ: [&str; 9] = [
    "patient.read",
    "visit.read",
    "visits.listed",
    "staff.listed",
    "log.viewed",
    "note.read",
    "breach.reported",
    "case.read",
    "record.exported",
];

/// Each GET, by whoever it is meant for and by a stranger.
pub async fn every_row(test: &TestApp) {
    let world = World::new(test).await;
    let mut looked_at = 0;
    for row in rows().iter().filter(|row| row.case.route.starts_with("GET ")) {
        let case = &row.case;
        let stage = world.stage(case).await;
        for visitor in [case.by, Visitor::Nobody] {
            as_the_get(&world, case, &stage, visitor).await;
            looked_at += 1;
        }
        if matches!(case.sends, Sends::Upgrade) {
            let socket = world.send_as(Method::HEAD, case, &stage, case.by, From::OurPage).await;
            assert_ne!(socket.status(), StatusCode::SWITCHING_PROTOCOLS, "HEAD {} opens no socket", case.address);
        }
    }
    assert!(looked_at > 50, "the routes were asked");
}

async fn as_the_get(world: &World<'_>, case: &Case, stage: &Stage, visitor: Visitor) {
    let page = Case { sends: Sends::Nothing, ..case.clone() };
    let _before = world.new_events().await;
    let get = world.send(&page, stage, visitor, From::OurPage).await;
    let (status, headers) = (get.status(), told(case, &get));
    drop(get.bytes().await.unwrap());
    let written = kinds(&world.new_events().await);

    let before = world.test.contents().await;
    let head = world.send_as(Method::HEAD, &page, stage, visitor, From::OurPage).await;
    let route = format!("HEAD {} by {visitor}", case.address);
    assert_eq!((head.status(), told(case, &head)), (status, headers), "{route}");
    assert!(head.bytes().await.unwrap().is_empty(), "{route}");
    assert_eq!(changed(&world.test.contents().await.difference(&before)), Vec::<&str>::new(), "{route} changed something");
    let written_by_head = kinds(&world.new_events().await);
    if case.route == "GET /access-log/export" && visitor == case.by {
        assert_eq!(written_by_head, Vec::<String>::new(), "{route}: nobody took a file away");
        return;
    }
    assert_eq!(written_by_head, written, "{route}");
    let not_read = written_by_head.iter().find(|kind| !READ.contains(&kind.as_str()) && *kind != "request.refused");
    assert_eq!(not_read, None, "{route} is reading and no more");
}

/// What the answer tells beside its body. The name of a download, and how its pieces travel, are of one answer only.
fn told(case: &Case, answer: &Response) -> Vec<(String, String)> {
    let of_this_answer = ["date", "transfer-encoding", "content-disposition"];
    let headers = answer.headers().iter().filter(|(name, _)| !of_this_answer.contains(&name.as_str()));
    // The look before is one more line of the log.
    let headers = headers.filter(|(name, _)| !case.route.starts_with("GET /access-log") || *name != "content-length");
    let mut told: Vec<(String, String)> =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    told.sort();
    told
}

fn kinds(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

/// The log keeps who read, and a session that it was used.
fn changed<'a>(tables: &[&'a str]) -> Vec<&'a str> {
    tables.iter().copied().filter(|table| !table.starts_with("audit_") && *table != "staff_session").collect()
}
