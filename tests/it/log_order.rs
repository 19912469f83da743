//! The access log in the order of every column, both ways, page by page: no event twice, none missing, whatever the filter.

use crate::on_both;
use crate::support::{Browser, TestApp};
use anteroom::audit::{Actor, ActorKind, AgentClass, Context, Event, Kind, Purpose};
use anteroom::ids::{PatientId, RequestId};
use anteroom::staff::Role;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The cells of a row that tell it: time, who, what, patients, outcome, address.
type Cells = Vec<String>;

/// All rows of a search, turning its pages.
async fn rows(officer: &Browser, search: &str) -> (Vec<Cells>, usize) {
    let (mut path, mut rows, mut pages) = (format!("/access-log?{search}"), Vec::new(), 0);
    loop {
        let page = officer.text(&path).await;
        pages += 1;
        let body = page.split("<tbody>").nth(1).unwrap_or_default().split("</tbody>").next().unwrap();
        rows.extend(body.split("<tr>").skip(1).map(cells).filter(|cells| cells[2] != "Looked at the access log"));
        let Some(next) = page.split("<a class=\"button\" href=\"").find(|part| part.contains(">Next page<")) else { return (rows, pages) };
        path = next.split('"').next().unwrap().replace("&#38;", "&");
    }
}

fn cells(row: &str) -> Cells {
    let text = |cell: &str| {
        let (mut text, mut inside) = (String::new(), false);
        for letter in cell.split("</td>").next().unwrap().chars() {
            match letter {
                '<' => inside = true,
                '>' => inside = false,
                letter if !inside => text.push(letter),
                _ => {}
            }
        }
        text.trim().to_owned()
    };
    row.split("<td").skip(1).map(|cell| text(cell.split_once('>').unwrap().1)).collect()
}

/// Events of three people, two parties, many kinds, patients and addresses, more than two pages.
async fn many_events(app: &TestApp) {
    let (zoe, ana) = (app.staff(Role::Clinician).await, app.staff(Role::Scheduler).await);
    let kinds = [Kind::PatientRead, Kind::VisitRead, Kind::NoteRead, Kind::LinkChecked];
    for n in 0..260u128 {
        let staff = |id: Uuid, role| Actor { kind: ActorKind::Staff, id: Some(id), role: Some(role) };
        let actor = match n % 5 {
            0 => staff(zoe.id.0, "clinician"),
            1 => staff(ana.id.0, "scheduler"),
            2 => Actor { kind: ActorKind::PatientLink, id: Some(Uuid::from_u128(n)), role: None },
            3 => Actor::NOBODY,
            _ => Actor::SYSTEM,
        };
        let source = (n % 5 < 4).then(|| format!("203.0.113.{}", n % 7).parse().unwrap());
        let context = Context {
            actor,
            request: RequestId(Uuid::from_u128(n)),
            source,
            agent: AgentClass::Computer,
            session: None,
            purpose: Purpose::Operations,
        };
        let kind = kinds[n as usize % 4];
        let event = if n % 11 == 0 { Event::refused(kind, "wrong") } else { Event::done(kind) };
        // Some are about nobody, most about one, and a few about two.
        let patients = (0..n % 3).map(|of| PatientId(Uuid::from_u128(1 + (n * 7 + of) % 9)));
        app.clock.advance(anteroom::time::Millis(1));
        app.app.log.record(&context, event.about_all(patients)).await.unwrap();
    }
}

const COLUMNS: [&str; 6] = ["time", "who", "what", "patient", "outcome", "address"];

on_both! {
    async fn the_log_is_sorted_by_every_column_both_ways(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        many_events(&app).await;
        let (by_time, pages) = rows(&officer, "").await;
        assert!(pages > 2, "more than two pages");
        let all: BTreeSet<&Cells> = by_time.iter().collect();
        for (at, column) in COLUMNS.iter().enumerate() {
            let (up, _) = rows(&officer, &format!("sort={column}&order=up")).await;
            let (mut down, _) = rows(&officer, &format!("sort={column}")).await;
            assert_eq!(up.iter().collect::<BTreeSet<_>>(), all, "{column}: all that happened");
            // By patient, an event about two patients stands once for each.
            let twice = up.len() - by_time.len();
            assert!(if *column == "patient" { twice > 0 } else { twice == 0 }, "{column}: {twice} twice");
            match *column {
                "patient" | "address" => {
                    // Those without a key are last both ways; what has one stands together.
                    let without = up.iter().rev().take_while(|row| row[at].is_empty()).count();
                    assert!(without > 0 && up[..up.len() - without].iter().all(|row| !row[at].is_empty()), "{column}");
                    let keyed = down.len() - without;
                    down[..keyed].reverse();
                    down[keyed..].reverse();
                    if *column == "address" {
                        let mut turns: Vec<&str> = up.iter().map(|row| row[at].as_str()).collect();
                        turns.dedup();
                        assert_eq!(turns.len(), turns.iter().collect::<BTreeSet<_>>().len(), "each address in one place: {turns:?}");
                    }
                }
                _ => {
                    let of = |row: &Cells| row[at].split(':').next().unwrap().to_lowercase();
                    assert!(up.iter().map(of).collect::<Vec<_>>().is_sorted() || *column == "time", "{column}");
                    down.reverse();
                }
            }
            assert_eq!(up, down, "{column}: the other way round");
        }
        app.finish().await;
    }
}

on_both! {
    async fn each_order_shows_all_that_a_filter_leaves(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        many_events(&app).await;
        let ana = app.log().await.iter().find(|event| event["actor"]["role"] == "scheduler").unwrap()["actor"]["id"].as_str().unwrap().to_owned();
        let patient = Uuid::from_u128(3);
        for filter in [
            format!("person={ana}"),
            format!("person={ana}&kind=note.read"),
            format!("person={ana}&outcome=refused"),
            "person=nobody".to_owned(),
            "person=system&kind=visit.read".to_owned(),
            "kind=link.checked".to_owned(),
            "kind=link.checked&outcome=refused".to_owned(),
            "outcome=refused".to_owned(),
            "outcome=success&from=2026-11-23T10:30&until=2026-11-23T10:31".to_owned(),
            format!("patient={patient}"),
            format!("patient={patient}&outcome=refused"),
        ] {
            let (by_time, _) = rows(&officer, &filter).await;
            let expected: BTreeSet<&Cells> = by_time.iter().collect();
            assert!(!expected.is_empty(), "{filter}");
            for column in COLUMNS {
                for order in ["up", "down"] {
                    let (found, _) = rows(&officer, &format!("{filter}&sort={column}&order={order}")).await;
                    assert_eq!(found.iter().collect::<BTreeSet<_>>(), expected, "{filter} by {column} {order}");
                }
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn the_head_of_a_column_says_how_it_is_sorted_and_turns_it(app: TestApp) {
        let officer = app.staff(Role::Compliance).await;
        let page = officer.text("/access-log?kind=log.viewed").await;
        assert!(page.contains("<th scope=\"col\" aria-sort=\"descending\"><a href=\"/access-log?kind=log.viewed&#38;order=up\">Time (UTC)"), "{page}");
        assert!(page.contains("<a href=\"/access-log?kind=log.viewed&#38;sort=who&#38;order=up\">Who"), "{page}");
        let page = officer.text("/access-log?sort=address&order=up").await;
        assert!(page.contains("aria-sort=\"ascending\"><a href=\"/access-log?sort=address\">Network address"), "{page}");
        assert!(page.contains("in no order of addresses"), "what this order is, is said");
        app.finish().await;
    }
}

on_both! {
    async fn no_address_is_in_the_clear(app: TestApp) {
        many_events(&app).await;
        let bytes = b"203.0.113.";
        let rows: Vec<(Vec<u8>, Vec<u8>)> = crate::on_db!(app, pool => sqlx::query_as(
            "select source_index, payload from audit_event where source_index is not null").fetch_all(pool).await).unwrap();
        assert!(rows.len() > 200);
        for (index, payload) in &rows {
            assert_eq!(index.len(), 16);
            assert!([index, payload].iter().all(|value| !value.windows(bytes.len()).any(|part| part == bytes)));
        }
        let marks: BTreeSet<&Vec<u8>> = rows.iter().map(|(index, _)| index).collect();
        assert!(marks.len() >= 7 && marks.len() < 12, "one mark for each address: {}", marks.len());
        app.finish().await;
    }
}
