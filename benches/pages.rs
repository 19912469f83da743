//! What a page of the access log costs, filtered and sorted, in a log of many events: `LOG_EVENTS`, 200,000 if not said otherwise. The aim is a
//! p99 of 50 ms at 5,000,000.

use crate::support::{Clinic, number, row, share, sign_in};
use anteroom::audit::{Actor, ActorKind, AgentClass, Context, Event, Kind, Outcome, Purpose, payload_hash};
use anteroom::db::Db;
use anteroom::ids::{EventId, PatientId, RequestId};
use anteroom::staff::Role;
use anteroom::time::Timestamp;
use reqwest::Client;
use std::time::Instant;
use uuid::Uuid;

/// Looks at each page, the first ones not timed: the database is warm.
const LOOKS: usize = 60;
const WARMING: usize = 5;
/// Rows written at once.
const BATCH: usize = 5_000;
const PATIENTS: u128 = 5_000;
const ADDRESSES: u32 = 3_000;
/// A year of a log in milliseconds, over which the events are spread.
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

pub async fn run(name: &str, database: Option<&str>) {
    let events: usize = std::env::var("LOG_EVENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(200_000);
    let clinic = Clinic::new(database).await;
    let mut staff = Vec::new();
    for role in [Role::Clinician; 20].into_iter().chain([Role::Scheduler; 8]) {
        staff.push((clinic.account(role).await.0.0, role.word()));
    }
    let (_, officer) = clinic.account(Role::Compliance).await;
    let began = Instant::now();
    fill(&clinic, events, &staff).await;
    let filled = began.elapsed().as_secs_f64();
    let server = clinic.serve().await;
    let session = sign_in(&clinic.base_url, &officer).await;
    row(&format!("\nA page of {events} events ({filled:.0} s to fill), {name}"), &["p50 ms".into(), "p99 ms".into()]);
    let person = staff[3].0;
    let patient = patient(7);
    let filters = [
        ("nothing".to_owned(), String::new()),
        ("a person".to_owned(), format!("person={person}&")),
        ("a person and a kind".to_owned(), format!("person={person}&kind=note.read&")),
        ("what went wrong".to_owned(), "outcome=refused&".to_owned()),
        ("a rare kind".to_owned(), "kind=log.exported&".to_owned()),
        ("a common kind".to_owned(), "kind=patient.read&".to_owned()),
        ("the program itself".to_owned(), "person=system&".to_owned()),
        ("a patient".to_owned(), format!("patient={patient}&")),
        ("a week".to_owned(), format!("from={}&until={}&", day(&clinic, 200), day(&clinic, 193))),
    ];
    for (what, filter) in &filters {
        for sort in ["time", "who", "what", "patient", "outcome", "address"] {
            let mut times = Vec::new();
            for look in 0..LOOKS {
                let order = if look % 2 == 0 { "up" } else { "down" };
                let address = format!("{}/access-log?{filter}sort={sort}&order={order}", clinic.base_url);
                let began = Instant::now();
                let answer = Client::new().get(&address).header("cookie", &session).send().await.unwrap();
                assert!(answer.status().is_success(), "{address}: {}", answer.status());
                let page = answer.text().await.unwrap();
                assert!(!page.contains("ALTERED"), "what was filled in opens");
                if look >= WARMING {
                    times.push(began.elapsed().as_secs_f64() * 1_000.0);
                }
            }
            row(&format!("    {what}, by {sort}"), &[number(share(&mut times, 0.5)), number(share(&mut times, 0.99))]);
        }
    }
    server.stop();
}

fn day(clinic: &Clinic, days_ago: i64) -> String {
    Timestamp(clinic.app.now().0 - days_ago * 24 * 3_600_000).utc().format("%Y-%m-%d").to_string()
}

fn patient(number: u128) -> PatientId {
    PatientId(Uuid::from_u128(1 + number))
}

/// The columns of an event in their order.
type EventRow = (Uuid, i64, &'static str, &'static str, &'static str, Option<Uuid>, Vec<u8>, Vec<u8>, Option<Vec<u8>>);

/// One row of each of the two tables.
struct Row {
    event: EventRow,
    tag: Option<Vec<u8>>,
}

/// Write events as the program would, without waiting for the disk after each.
async fn fill(clinic: &Clinic, events: usize, staff: &[(Uuid, &'static str)]) {
    let app = &clinic.app;
    for number in 0..PATIENTS {
        let (id, tag) = (patient(number), tag(number));
        let insert = "insert into audit_subject (patient_id, tag) values ($1, $2)";
        match &app.db {
            Db::Sqlite { write, .. } => sqlx::query(insert).bind(id).bind(tag).execute(write).await.map(drop),
            Db::Postgres { write, .. } => sqlx::query(insert).bind(id).bind(tag).execute(write).await.map(drop),
        }
        .unwrap();
    }
    let (now, step) = (app.now().0 - YEAR_MS, (YEAR_MS / events as i64).max(1));
    let mut written = 0;
    while written < events {
        let lot: Vec<Row> = (written..events.min(written + BATCH))
            .map(|number| made(clinic, number, Timestamp(now + step * number as i64), staff))
            .collect();
        written += lot.len();
        insert(&app.db, lot).await;
    }
    let analyse = "analyze";
    match &app.db {
        Db::Sqlite { .. } => {}
        Db::Postgres { write, .. } => drop(sqlx::query(analyse).execute(write).await.unwrap()),
    }
}

fn tag(number: u128) -> Vec<u8> {
    // No order that follows the patients.
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes().to_vec()
}

fn made(clinic: &Clinic, number: usize, at: Timestamp, staff: &[(Uuid, &'static str)]) -> Row {
    const KINDS: [Kind; 9] = [
        Kind::PatientRead,
        Kind::VisitRead,
        Kind::VisitsListed,
        Kind::NoteRead,
        Kind::NoteSaved,
        Kind::MailSent,
        Kind::LinkChecked,
        Kind::LinkSent,
        Kind::CallConnected,
    ];
    let app = &clinic.app;
    let dice = u64::from_be_bytes(app.rng.bytes());
    let kind = if number % 50_000 == 7 { Kind::LogExported } else { KINDS[(dice % 9) as usize] };
    let actor = match (dice >> 8) % 10 {
        0..=5 => {
            let (id, role) = staff[((dice >> 16) % staff.len() as u64) as usize];
            Actor { kind: ActorKind::Staff, id: Some(id), role: Some(role) }
        }
        6 => Actor { kind: ActorKind::PatientLink, id: Some(Uuid::from_u128(dice.into())), role: None },
        7 => Actor::NOBODY,
        _ => Actor::SYSTEM,
    };
    let address = (actor != Actor::SYSTEM).then(|| std::net::Ipv4Addr::from(0x0a00_0000 + (dice >> 24) as u32 % ADDRESSES).into());
    let context = Context {
        actor,
        request: RequestId(Uuid::from_u128(dice.into())),
        source: address,
        agent: AgentClass::Computer,
        session: None,
        purpose: Purpose::Treatment,
    };
    let event = if (dice >> 40).is_multiple_of(40) { Event::refused(kind, "wrong") } else { Event::done(kind) };
    let about = u128::from(dice >> 30) % PATIENTS;
    let has_patient = kind != Kind::LogExported && !(dice >> 50).is_multiple_of(4);
    let event = if has_patient { event.about(patient(about)) } else { event };
    let id = uuid::Builder::from_unix_timestamp_millis(at.0.cast_unsigned(), &app.rng.bytes()).into_uuid();
    let payload = event.payload(EventId(id), at, &context, Uuid::nil(), "0.1.0");
    let salt: [u8; 32] = app.rng.bytes();
    let sealed = app.keys.seal_log(id, &app.rng, &[salt.as_slice(), payload.as_bytes()].concat());
    let mark = address.map(|address: std::net::IpAddr| app.log.source_index(&address.to_string()).0);
    let outcome = if event.outcome == Outcome::Success { "success" } else { "refused" };
    let hash = payload_hash(&salt, payload.as_bytes()).to_vec();
    Row { event: (id, at.0, kind.word(), outcome, actor.kind.word(), actor.id, hash, sealed.0, mark), tag: has_patient.then(|| tag(about)) }
}

async fn insert(db: &Db, lot: Vec<Row>) {
    const EVENT: &str =
        "insert into audit_event (id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const SUBJECT: &str = "insert into audit_event_subject (event_id, tag) values ($1, $2)";
    match db {
        Db::Sqlite { write, .. } => {
            let mut tx = write.begin().await.unwrap();
            for Row { event: (id, at, kind, outcome, actor_kind, actor, hash, payload, mark), tag } in lot {
                sqlx::query(EVENT)
                    .bind(id)
                    .bind(at)
                    .bind(kind)
                    .bind(outcome)
                    .bind(actor_kind)
                    .bind(actor)
                    .bind(hash)
                    .bind(payload)
                    .bind(mark)
                    .execute(&mut *tx)
                    .await
                    .unwrap();
                if let Some(tag) = tag {
                    sqlx::query(SUBJECT).bind(id).bind(tag).execute(&mut *tx).await.unwrap();
                }
            }
            tx.commit().await.unwrap();
        }
        Db::Postgres { write, .. } => {
            let mut tx = write.begin().await.unwrap();
            let column = |of: fn(&Row) -> String| lot.iter().map(of).collect::<Vec<_>>();
            sqlx::query(
                "insert into audit_event (id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index)
                 select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::bytea[], $8::bytea[], $9::bytea[])",
            )
            .bind(lot.iter().map(|row| row.event.0).collect::<Vec<_>>())
            .bind(lot.iter().map(|row| row.event.1).collect::<Vec<_>>())
            .bind(column(|row| row.event.2.to_owned()))
            .bind(column(|row| row.event.3.to_owned()))
            .bind(column(|row| row.event.4.to_owned()))
            .bind(lot.iter().map(|row| row.event.5).collect::<Vec<_>>())
            .bind(lot.iter().map(|row| row.event.6.clone()).collect::<Vec<_>>())
            .bind(lot.iter().map(|row| row.event.7.clone()).collect::<Vec<_>>())
            .bind(lot.iter().map(|row| row.event.8.clone()).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await
            .unwrap();
            let subjects: Vec<(Uuid, Vec<u8>)> = lot.iter().filter_map(|row| Some((row.event.0, row.tag.clone()?))).collect();
            sqlx::query("insert into audit_event_subject (event_id, tag) select * from unnest($1::uuid[], $2::bytea[])")
                .bind(subjects.iter().map(|(id, _)| *id).collect::<Vec<_>>())
                .bind(subjects.into_iter().map(|(_, tag)| tag).collect::<Vec<_>>())
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    }
}
