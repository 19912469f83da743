//! The access log as the compliance officer meets it: the page, the search, the exports.

use crate::support::export::{Parts, export};
use crate::support::{Browser, TestApp};
use crate::{on_both, on_db};
use anteroom::audit::{Event, Fact, Kind, Object, payload_hash};
use anteroom::crypto::sha256;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

/// A row of a CSV file by the names of its header.
type Row = BTreeMap<String, String>;

/// A reader that knows RFC 4180 and nothing of the writer.
fn read_csv(text: &str) -> Vec<Row> {
    let (mut lines, mut line, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'), "lines end with CR LF");
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            other => cell.push(other),
        }
    }
    assert!(!quoted && cell.is_empty() && line.is_empty(), "the last line has an end");
    let header = lines.remove(0);
    lines
        .into_iter()
        .map(|line| {
            assert_eq!(line.len(), header.len(), "{line:?}");
            header.iter().cloned().zip(line).collect()
        })
        .collect()
}

async fn csv(officer: &Browser, search: &str) -> Vec<Row> {
    let (_, parts) = export(officer, &format!("format=csv&{search}")).await;
    read_csv(parts.text("events.csv"))
}

/// A day's events: a sign-in and a failed one, a patient added, a note closed, read and saved.
async fn some_events(app: &TestApp) -> (Browser, anteroom::ids::PatientId) {
    let clinician = app.staff(Role::Clinician).await;
    clinician.sign_in("not the password at all").await;
    app.clock.advance(Millis::minutes(1));
    let closed = app.visit_in_call(clinician.id, None).await;
    clinician.get(&format!("/visits/{}/note", closed.id)).await;
    app.clock.advance(Millis::minutes(1));
    let visit = app.visit_in_call(clinician.id, Some("known")).await;
    clinician.put(&format!("/visits/{}/note", visit.id), &json!({ "text": "Cough", "version": 0 })).await;
    clinician.get(&format!("/visits/{}/note", visit.id)).await;
    app.clock.advance(Millis::minutes(1));
    (clinician, visit.patient)
}

on_both! {
    async fn the_page_shows_who_did_what_newest_first(app: TestApp) {
        let (clinician, patient) = some_events(&app).await;
        let officer = app.staff(Role::Compliance).await;
        let page = officer.text("/access-log").await;
        let at = |text: &str| page.find(&format!("<td>{text}</td>")).unwrap_or_else(|| panic!("{text} in {page}"));
        assert!(at("Looked at the access log") < at("Opened the visit note"));
        assert!(at("Opened the visit note") < at("Added a patient"));
        assert!(page.contains("Refused: identity not recorded yet"), "{page}");
        assert!(page.contains("2026-11-23 15:32:00.000"), "time in UTC with milliseconds: {page}");
        assert!(page.contains("New York (America/New_York)"), "the zone of the search is named");
        assert!(page.contains(&patient.to_string()[24..]) && page.contains("127.0.0.1"));
        assert!(page.contains(&clinician.email) && !page.contains("Maria") && !page.contains("Cough"));
        app.finish().await;
    }
}

on_both! {
    async fn each_part_of_a_search_narrows(app: TestApp) {
        let (clinician, patient) = some_events(&app).await;
        let officer = app.staff(Role::Compliance).await;
        let all = csv(&officer, "").await;
        let holds = |row: &Row, column: &str, value: &str| row[column].split(' ').any(|part| part == value);
        let (who, patient) = (clinician.id.to_string(), patient.to_string());
        let searches: [(&str, &str, &str); 6] = [
            ("person", &who, "actor_id"),
            ("person", "system", "actor_kind"),
            ("patient", &patient, "patients"),
            ("kind", "note.saved", "kind"),
            ("outcome", "refused", "outcome"),
            ("outcome", "success", "outcome"),
        ];
        for (part, value, column) in searches {
            let mut rows = csv(&officer, &format!("{part}={value}")).await;
            assert_eq!(rows.pop().unwrap()["kind"], "log.exported", "{part}: it ends with itself");
            let expected = all.iter().filter(|row| holds(row, column, value)).count();
            assert!(0 < expected && expected < all.len(), "{part}={value}: {expected} of {}", all.len());
            assert!(rows.iter().all(|row| holds(row, column, value)), "{part}={value}");
            // The look and the exports of this very test may match too.
            let mine: Vec<&Row> = rows.iter().filter(|row| !row["kind"].starts_with("log.")).collect();
            assert_eq!(mine.len(), all.iter().filter(|row| holds(row, column, value) && !row["kind"].starts_with("log.")).count(), "{part}={value}");
        }
        let period = csv(&officer, "from=2026-11-23T10:31&until=2026-11-23T10:32&kind=patient.added").await;
        assert_eq!(period.iter().map(|row| row["recorded_at"].as_str()).collect::<Vec<_>>(), ["2026-11-23T15:31:00.000Z", "2026-11-23T15:33:00.000Z"]);
        app.finish().await;
    }
}

on_both! {
    async fn a_search_that_cannot_be_read_comes_back_with_a_sentence(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        for (search, sentence) in [
            ("patient=Maria", "Names cannot be searched here"),
            ("from=2026-03-08T02:30", "Clocks go forward over this time"),
            ("from=2026-11-24T00:00&until=2026-11-23T00:00", "This must be later"),
            ("kind=nothing", "Choose one from the list"),
        ] {
            let answer = officer.get(&format!("/access-log?{search}")).await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{search}");
            let page = answer.text().await.unwrap();
            assert!(page.contains(sentence), "{search}");
            assert!(page.contains("Nothing was searched") && !page.contains("No event matches"), "{search}");
            let export = officer.get(&format!("/access-log/export?format=csv&{search}")).await;
            assert_eq!(export.status(), StatusCode::UNPROCESSABLE_ENTITY, "{search}");
        }
        assert_eq!(officer.get("/access-log/export?format=xls").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(app.events("log.exported").await.is_empty());
        app.finish().await;
    }
}

on_both! {
    async fn pages_follow_one_another_without_a_gap(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        write_events(&app, 250).await;
        for order in ["", "up"] {
            let (mut path, mut pages, mut rows) = (format!("/access-log?kind=call.joined&order={order}"), 0, BTreeSet::new());
            loop {
                let page = officer.text(&path).await;
                pages += 1;
                let shown: Vec<&str> = page.split("title=\"").skip(1).map(|rest| &rest[..36]).collect();
                assert!(shown.len() <= 100);
                rows.extend(shown.into_iter().map(str::to_owned));
                let Some(next) = page.split("<a class=\"button\" href=\"").find(|part| part.contains(">Next page<")) else { break };
                path = next.split('"').next().unwrap().replace("&#38;", "&");
            }
            assert_eq!((pages, rows.len()), (3, 250), "{order}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn each_look_is_an_event_with_its_search(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let patient = app.patient("Maria Gonzalez").await;
        officer.text(&format!("/access-log?patient={patient}&kind=note.read&from=2026-11-23T10:00")).await;
        officer.text(&format!("/access-log?patient={}", Uuid::from_u128(5))).await;
        let looks = app.events("log.viewed").await;
        assert_eq!(looks.len(), 2);
        assert_eq!(looks[0]["details"], json!({ "from": 1_795_446_000_000i64, "kind": "note.read", "patient": patient }));
        assert_eq!((&looks[0]["actor"]["id"], looks[0]["purpose"].as_str()), (&json!(officer.id), Some("compliance")));
        assert_eq!(looks[0]["patients"], json!([patient]));
        assert_eq!(looks[1]["patients"], Value::Null, "an id that the log does not know is nobody's");
        app.finish().await;
    }
}

on_both! {
    async fn the_log_is_the_officers_alone(app: TestApp) {
        for role in [Role::Scheduler, Role::Clinician, Role::Administrator] {
            let browser = app.staff(role).await;
            for path in ["/access-log", "/access-log/export?format=csv", "/access-log/export?format=jsonl"] {
                assert_eq!(browser.get(path).await.status(), StatusCode::FORBIDDEN, "{role} {path}");
            }
        }
        let nobody = app.browser().get("/access-log").await;
        assert_eq!((nobody.status(), nobody.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/sign-in"));
        assert!(app.events("log.viewed").await.is_empty() && app.events("log.exported").await.is_empty());
        app.finish().await;
    }
}

on_both! {
    async fn an_export_ends_with_itself_and_the_log_vouches_for_the_file(app: TestApp) {
        some_events(&app).await;
        let officer = app.staff(Role::Compliance).await;
        let answer = officer.get("/access-log/export?format=csv").await;
        assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"access-log-20261123T153300Z.zip\"");
        assert_eq!((&answer.headers()["content-type"], &answer.headers()["cache-control"]), (&"application/zip".parse().unwrap(), &"no-store".parse().unwrap()));
        let file = answer.bytes().await.unwrap();
        let parts = Parts::read(&file).unwrap();
        let rows = read_csv(parts.text("events.csv"));
        let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str()).collect();
        assert_eq!(kinds.first(), Some(&"keys.created"));
        assert_eq!(kinds.last(), Some(&"log.exported"));
        let saved = rows.iter().find(|row| row["kind"] == "note.saved").unwrap();
        assert_eq!((saved["object_type"].as_str(), saved["from"].as_str(), saved["intact"].as_str()), ("note", "127.0.0.1", "yes"));
        assert!(saved["details"].contains("\"row_version\":1"), "{saved:?}");
        let people = read_csv(parts.text("people.csv"));
        let who = people.iter().find(|person| person["account"] == saved["actor_id"]).unwrap();
        assert!(who["email"].ends_with("@clinic.example"), "{who:?}");

        let finished = app.events("log.export_finished").await;
        let exported = &app.events("log.exported").await[0];
        assert_eq!(finished.len(), 1, "it is written before the file's end");
        assert_eq!(finished[0]["outcome"], "success");
        let expected = json!({ "export": exported["event"], "format": "csv", "rows": rows.len(), "sha256": hex::encode(sha256(&file)) });
        assert_eq!(finished[0]["details"], expected);
        app.finish().await;
    }
}

on_both! {
    async fn json_lines_can_be_checked_without_a_key(app: TestApp) {
        some_events(&app).await;
        let officer = app.staff(Role::Compliance).await;
        let (_, parts) = export(&officer, "format=csv").await;
        let (lines, rows) = (parts.text("events.jsonl").lines().collect::<Vec<_>>(), read_csv(parts.text("events.csv")));
        assert!(lines.len() > 10 && lines.len() == rows.len());
        for (line, row) in lines.iter().zip(rows) {
            let value: Value = serde_json::from_str(line).unwrap();
            let payload = serde_json::to_string(&value["payload"]).unwrap();
            assert!(line.starts_with(&format!("{{\"payload\":{payload},")), "the canonical bytes themselves: {line}");
            let salt: [u8; 32] = hex::decode(value["salt"].as_str().unwrap()).unwrap().try_into().unwrap();
            assert_eq!(hex::encode(payload_hash(&salt, payload.as_bytes())), row["payload_hash"]);
        }
        assert!(lines.last().unwrap().contains("\"kind\":\"log.exported\""));
        app.finish().await;
    }
}

on_both! {
    async fn no_cell_of_an_export_is_a_formula(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        for email in ["=HYPERLINK(\"http://x\",\"y\")", "+1", "-1", "@sum(a1)", "\t=1", "\r=1", "a\r\n=1,2", "\u{1b}[2Jx"] {
            on_db!(app, pool => sqlx::query("update staff set email = $2 where id = $1").bind(officer.id).bind(email).execute(pool).await.map(drop)).unwrap();
            let (_, parts) = export(&officer, "format=csv").await;
            let people = read_csv(parts.text("people.csv"));
            let who = &people.iter().find(|person| person["account"] == officer.id.to_string()).unwrap()["email"];
            assert!(!who.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']), "{who:?}");
            assert!(!who.contains(char::is_control), "{who:?}");
        }
        app.finish().await;
    }
}

/// The triggers that stand between a test and an event, out of the way and back again.
async fn triggers(app: &TestApp, enabled: bool) {
    match &app.app.db {
        anteroom::db::Db::Sqlite { write, .. } => {
            let statement = if enabled {
                "create trigger audit_event_never_changes before update on audit_event begin select raise(abort, 'the access log is written once'); end"
            } else {
                "drop trigger audit_event_never_changes"
            };
            sqlx::query(statement).execute(write).await.map(drop).unwrap();
        }
        anteroom::db::Db::Postgres { write, .. } => {
            let statement =
                if enabled { "alter table audit_event enable trigger user" } else { "alter table audit_event disable trigger user" };
            sqlx::query(statement).execute(write).await.map(drop).unwrap();
        }
    }
}

on_both! {
    async fn an_altered_event_is_shown_as_altered(app: TestApp) {
        some_events(&app).await;
        let officer = app.staff(Role::Compliance).await;
        let set = async |kind: &str, to: &str| {
            on_db!(app, pool => sqlx::query("update audit_event set kind = $2 where kind = $1").bind(kind).bind(to).execute(pool).await.map(drop)).unwrap();
        };
        assert!(!officer.text("/access-log").await.contains("ALTERED"));
        triggers(&app, false).await;
        set("note.saved", "note.read").await;
        let page = officer.text("/access-log").await;
        assert!(page.contains("One event on this page was altered.") && page.contains(">ALTERED<"), "{page}");
        let altered: Vec<Row> = csv(&officer, "kind=note.read").await.into_iter().filter(|row| row["intact"] != "yes").collect();
        assert_eq!(altered.iter().map(|row| row["intact"].as_str()).collect::<Vec<_>>(), ["ALTERED"]);
        let (_, parts) = export(&officer, "format=jsonl").await;
        assert!(parts.text("events.jsonl").contains("{\"altered\":{"));

        let id: Uuid = altered[0]["event"].parse().unwrap();
        on_db!(app, pool => sqlx::query("update audit_event set kind = 'note.saved' where id = $1").bind(id).execute(pool).await.map(drop)).unwrap();
        let payload: Vec<u8> = on_db!(app, pool => sqlx::query_scalar("select payload from audit_event where id = $1").bind(id).fetch_one(pool).await).unwrap();
        let mut flipped = payload.clone();
        flipped[40] ^= 1;
        let put = async |payload: &[u8]| {
            on_db!(app, pool => sqlx::query("update audit_event set payload = $2 where id = $1").bind(id).bind(payload).execute(pool).await.map(drop)).unwrap();
        };
        put(&flipped).await;
        assert!(officer.text("/access-log").await.contains(">ALTERED<"));
        put(&payload).await;
        triggers(&app, true).await;
        assert!(!officer.text("/access-log").await.contains(">ALTERED<"));
        let found = app.events("integrity.failed").await;
        assert_eq!((found.len(), found[0]["object"]["id"].as_str()), (4, Some(id.to_string().as_str())));
        app.finish().await;
    }
}

/// Many events in one transaction.
async fn write_events(app: &TestApp, count: i64) {
    let mut tx = app.app.log.begin(&app.app.system()).await.unwrap();
    let event = |n: i64| {
        Event::done(Kind::CallJoined)
            .about(anteroom::ids::PatientId(Uuid::from_u128(n as u128 + 1)))
            .on(Object::Visit, Uuid::nil())
            .with("epoch", Fact::Number(n))
    };
    (1..count).for_each(|n| tx.also(event(n)));
    tx.commit(event(count)).await.unwrap();
}

on_both! {
    async fn an_export_is_streamed_and_one_that_is_cut_off_says_so(app: TestApp) {
        const EVENTS: i64 = 1_500;
        let officer = app.staff(Role::Compliance).await;
        // Large, and nothing that a packer makes smaller: the file is longer than what waits on the way to a client.
        let noise = |n: i64| (0..128u8).flat_map(|part| sha256(&[n.to_be_bytes().as_slice(), &[part]].concat())).collect::<Vec<u8>>();
        let event = |n: i64| Event::done(Kind::CallJoined).on(Object::Visit, Uuid::nil()).with("epoch", Fact::Bytes(noise(n)));
        let mut tx = app.app.log.begin(&app.app.system()).await.unwrap();
        (1..EVENTS).for_each(|n| tx.also(event(n)));
        tx.commit(event(EVENTS)).await.unwrap();
        // A client that takes a little and goes away, with too small a window for the rest to wait in.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let port: u16 = app.base_url.rsplit(':').next().unwrap().parse().unwrap();
        let mut client = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
        let head = format!("GET /access-log/export?format=jsonl HTTP/1.1\r\nhost: localhost\r\ncookie: staff={}\r\n\r\n", officer.session());
        client.write_all(head.as_bytes()).await.unwrap();
        let mut first = vec![0; 2_048];
        client.read_exact(&mut first).await.unwrap();
        assert!(first.starts_with(b"HTTP/1.1 200 OK") && first.windows(10).any(|bytes| bytes == b"README.txt"));
        assert!(app.events("log.export_finished").await.is_empty(), "the first bytes come before the last rows are read");
        drop(client);
        for _ in 0..200 {
            let ended: i64 = on_db!(app, pool => sqlx::query_scalar(
                "select count(*) from audit_event where kind = 'log.export_finished'").fetch_one(pool).await).unwrap();
            if ended > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let finished = app.events("log.export_finished").await;
        assert_eq!((finished[0]["outcome"].as_str(), finished[0]["details"]["why"].as_str()), (Some("failed"), Some("cut_off")));
        let rows = finished[0]["details"]["rows"].as_i64().unwrap();
        assert!(0 < rows && rows < EVENTS, "{rows} of {EVENTS}");

        // Of another browser: the server may have closed the idle connection of the first while the log was read here.
        let (_, whole) = export(&app.staff(Role::Compliance).await, "format=jsonl&kind=call.joined").await;
        assert_eq!(whole.text("events.jsonl").lines().count() as i64, EVENTS + 1, "every row once, and the export's own");
        app.finish().await;
    }
}

on_both! {
    async fn without_its_event_the_log_is_not_shown(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        app.log_is_full(true).await;
        for path in ["/access-log", "/access-log/export?format=csv", "/access-log/export?format=jsonl"] {
            assert_eq!(officer.get(path).await.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        app.log_is_full(false).await;
        app.finish().await;
    }
}

on_both! {
    async fn events_of_one_moment_keep_the_order_in_which_they_were_written(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        write_events(&app, 500).await;
        let rows = csv(&officer, "kind=call.joined").await;
        let order: Vec<String> = rows.iter().take(500).map(|row| row["details"].clone()).collect();
        let expected: Vec<String> = (1..=500).map(|n| format!("{{\"epoch\":{n}}}")).collect();
        assert_eq!(order, expected);
        app.finish().await;
    }
}
