//! The log by address and by patient: each page is the one that a plain question about the same rows gives, whichever way it was found, and the
//! way along the order's index reads next to nothing else.

use crate::log_order::many_events;
use crate::support::TestApp;
use crate::{on_both, on_db};
use anteroom::audit::search::{self, Direction, Few, Keyed, Mark, Narrow};
use anteroom::audit::{ActorKind, Filter, Kind, Outcome};
use anteroom::db::Db;
use anteroom::ids::PatientId;
use anteroom::time::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// An event once for each of its patients, as it lies in the tables: id, time, kind, outcome, party, account, address, patient's tag.
type Plain = (Uuid, i64, String, String, String, Option<Uuid>, Option<Vec<u8>>, Option<Vec<u8>>);

async fn plain(app: &TestApp) -> Vec<Plain> {
    on_db!(app, pool => sqlx::query_as(
        "select id, recorded_at, kind, outcome, actor_kind, actor_id, source_index, tag
         from audit_event left join audit_event_subject on event_id = id")
        .fetch_all(pool).await)
    .unwrap()
}

async fn tag(app: &TestApp, patient: PatientId) -> Vec<u8> {
    on_db!(app, pool => sqlx::query_scalar("select tag from audit_subject where patient_id = $1").bind(patient).fetch_one(pool).await)
        .unwrap()
}

/// What a filter leaves of the plain rows, in the order that is asked for: the key of each, and its event.
fn expected(rows: &[Plain], filter: &Filter, own: Option<&Vec<u8>>, column: Keyed, direction: Direction) -> Vec<(Option<Vec<u8>>, Uuid)> {
    let theirs = |id: Uuid| rows.iter().any(|row| row.0 == id && row.7.as_ref() == own);
    let matches = |row: &&Plain| {
        filter.from.is_none_or(|from| row.1 >= from.0)
            && filter.until.is_none_or(|until| row.1 < until.0)
            && filter.kind.is_none_or(|kind| row.2 == kind.word())
            && filter.outcome.is_none_or(|outcome| row.3 == outcome.word())
            && filter.actor_kind.is_none_or(|kind| row.4 == kind.word())
            && filter.actor.is_none_or(|actor| row.5 == Some(actor))
            && (own.is_none() || theirs(row.0))
    };
    let key = |row: &Plain| match column {
        Keyed::Source => row.6.clone(),
        Keyed::Patient => row.7.clone(),
    };
    let mut places: Vec<(Option<Vec<u8>>, Uuid)> = rows.iter().filter(matches).map(|row| (key(row), row.0)).collect();
    places.sort();
    places.dedup();
    let without = places.partition_point(|(key, _)| key.is_none());
    let mut keyed = places.split_off(without);
    if direction == Direction::Down {
        keyed.reverse();
        places.reverse();
    }
    keyed.extend(places);
    keyed
}

/// The same, by turning pages of the log.
async fn found(app: &TestApp, filter: &Filter, column: Keyed, direction: Direction, few: Few) -> Vec<(Option<Vec<u8>>, Uuid)> {
    const PAGE: i64 = 23;
    let (mut places, mut after) = (Vec::new(), None::<Mark>);
    loop {
        let mut tx = app.app.db.reading().await.unwrap();
        let page = search::keyed(&mut tx, filter, column, direction, after.as_ref(), PAGE, few).await.unwrap();
        let last = page.last().map(|placed| Mark { key: placed.key.clone(), id: placed.event.id });
        let more = page.len() == PAGE as usize;
        places.extend(page.into_iter().map(|placed| (placed.key, placed.event.id.0)));
        if !more {
            return places;
        }
        after = last;
    }
}

on_both! {
    async fn a_page_of_keys_is_that_of_a_plain_question(app: TestApp) {
        many_events(&app).await;
        let rows = plain(&app).await;
        let person = rows.iter().find_map(|row| row.5.filter(|_| row.4 == "staff")).unwrap();
        let patient = PatientId(Uuid::from_u128(3));
        let own = tag(&app, patient).await;
        let times: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let middle = (times.iter().min().unwrap() + times.iter().max().unwrap()) / 2;
        let person_filter = Filter { actor: Some(person), actor_kind: Some(ActorKind::Staff), ..Filter::default() };
        let some = |of: fn(&mut Filter)| { let mut filter = Filter::default(); of(&mut filter); filter };
        let filters = [
            Filter::default(),
            person_filter.clone(),
            Filter { kind: Some(Kind::NoteRead), ..person_filter.clone() },
            Filter { outcome: Some(Outcome::Refused), ..person_filter },
            some(|filter| filter.kind = Some(Kind::LinkChecked)),
            some(|filter| filter.outcome = Some(Outcome::Refused)),
            some(|filter| filter.outcome = Some(Outcome::Success)),
            some(|filter| filter.outcome = Some(Outcome::Failed)),
            some(|filter| (filter.kind, filter.outcome) = (Some(Kind::VisitRead), Some(Outcome::Success))),
            some(|filter| filter.actor_kind = Some(ActorKind::System)),
            some(|filter| filter.actor_kind = Some(ActorKind::Nobody)),
            some(|filter| (filter.actor_kind, filter.kind) = (Some(ActorKind::Nobody), Some(Kind::PatientRead))),
            Filter { from: Some(Timestamp(middle - 40)), until: Some(Timestamp(middle + 40)), ..Filter::default() },
            Filter { until: Some(Timestamp(middle)), kind: Some(Kind::NoteRead), ..Filter::default() },
            Filter { patient: Some(patient), ..Filter::default() },
            Filter { patient: Some(patient), outcome: Some(Outcome::Refused), ..Filter::default() },
        ];
        for filter in &filters {
            for column in [Keyed::Source, Keyed::Patient] {
                for direction in [Direction::Up, Direction::Down] {
                    let wanted = expected(&rows, filter, filter.patient.map(|_| &own), column, direction);
                    // Sorted whole, and met along the index.
                    for few in [Few::USUAL, Few { by_source: 0, by_patient: 0 }] {
                        let places = found(&app, filter, column, direction, few).await;
                        assert_eq!(places, wanted, "{filter:?} by {column:?} {direction:?}, {few:?}");
                    }
                }
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn the_copy_for_searches_says_what_the_log_says(app: TestApp) {
        many_events(&app).await;
        type Place = (Vec<u8>, Uuid, String, String, String, Option<Uuid>);
        let mut places: Vec<Place> = on_db!(app, pool => sqlx::query_as("select tag, event_id, kind, outcome, actor_kind, actor_id from audit_by_patient")
            .fetch_all(pool).await).unwrap();
        let mut log: Vec<Place> =
            plain(&app).await.into_iter().filter_map(|row| Some((row.7?, row.0, row.2, row.3, row.4, row.5))).collect();
        places.sort();
        log.sort();
        assert!(log.len() > 200);
        assert_eq!(places, log);
        for statement in ["update audit_by_patient set kind = 'x'", "delete from audit_by_patient"] {
            let outcome = on_db!(app, pool => sqlx::query(statement).execute(pool).await.map(drop));
            assert!(outcome.unwrap_err().to_string().contains("written once"), "{statement}");
        }
        app.finish().await;
    }
}

/// Places of 20 accounts and of the program itself, of few kinds, with no look at the events that they would be of.
async fn many_places(app: &TestApp) {
    let fill = match &app.app.db {
        Db::Sqlite { .. } => {
            "with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n < 39999)
             insert into audit_by_patient
             select randomblob(16), randomblob(16), case n % 9 when 0 then 'note.read' else 'patient.read' end,
                 case n % 40 when 0 then 'refused' when 1 then 'failed' else 'success' end, case n % 3 when 0 then 'system' else 'staff' end,
                 case n % 3 when 0 then null else unhex(printf('%032x', n % 20)) end from numbers"
        }
        Db::Postgres { .. } => {
            "insert into audit_by_patient
             select decode(md5(n::text), 'hex'), gen_random_uuid(), case n % 9 when 0 then 'note.read' else 'patient.read' end,
                 case n % 40 when 0 then 'refused' when 1 then 'failed' else 'success' end, case n % 3 when 0 then 'system' else 'staff' end,
                 case n % 3 when 0 then null else lpad(to_hex(n % 20), 32, '0')::uuid end from generate_series(0, 39999) as n"
        }
    };
    on_db!(app, pool => sqlx::query(fill).execute(pool).await.map(drop)).unwrap();
    // As an old log is: known to the planner, and its pages known to be seen by all.
    match &app.app.db {
        Db::Sqlite { write, .. } => sqlx::query("analyze").execute(write).await.map(drop),
        Db::Postgres { write, .. } => sqlx::query("vacuum analyze audit_by_patient").execute(write).await.map(drop),
    }
    .unwrap();
}

/// How the database would go about it: a line for each step.
async fn explained(app: &TestApp, narrow: &Narrow, direction: Direction) -> Vec<String> {
    let text = search::along_text(narrow, Keyed::Patient, direction);
    let person = matches!(narrow, Narrow::Person | Narrow::PersonKind).then(|| Uuid::from_u128(7));
    let kind = matches!(narrow, Narrow::Kind | Narrow::PersonKind | Narrow::PartyKind).then_some("note.read");
    let party = matches!(narrow, Narrow::Party | Narrow::PartyKind).then_some("system");
    let key = if direction == Direction::Up { vec![0x40] } else { vec![0xc0] };
    macro_rules! ask {
        ($query:expr) => {
            $query
                .bind(Uuid::nil())
                .bind(Uuid::max())
                .bind(person)
                .bind(kind)
                .bind(None::<&str>)
                .bind(party)
                .bind(101_i64)
                .bind(None::<Vec<u8>>)
                .bind(key)
                .bind(Uuid::nil())
                .persistent(false)
        };
    }
    match &app.app.db {
        Db::Sqlite { write, .. } => {
            let steps: Vec<(i64, i64, i64, String)> =
                ask!(sqlx::query_as(AssertSqlSafe(format!("explain query plan {text}")))).fetch_all(write).await.unwrap();
            steps.into_iter().map(|step| step.3).collect()
        }
        Db::Postgres { write, .. } => ask!(sqlx::query_scalar(AssertSqlSafe(format!("explain {text}")))).fetch_all(write).await.unwrap(),
    }
}

on_both! {
    async fn the_way_along_the_patients_begins_where_the_page_begins(app: TestApp) {
        many_places(&app).await;
        let sqlite = matches!(app.app.db, Db::Sqlite { .. });
        let own = if sqlite { "USING PRIMARY KEY ((tag,event_id)" } else { "audit_by_patient_pkey" };
        for (narrow, indexes) in [
            (Narrow::All, [own, "audit_by_patient_and_trouble"]),
            (Narrow::Kind, ["audit_by_patient_and_kind"; 2]),
            (Narrow::PartyKind, ["audit_by_patient_and_kind"; 2]),
            (Narrow::Person, ["audit_by_patient_and_person"; 2]),
            (Narrow::PersonKind, ["audit_by_patient_and_person"; 2]),
            (Narrow::Party, ["audit_by_patient_and_party"; 2]),
        ] {
            for direction in [Direction::Up, Direction::Down] {
                let plan = explained(&app, &narrow, direction).await;
                let all = plan.join("\n");
                let reads: Vec<usize> = (0..plan.len()).filter(|at| plan[*at].contains("audit_by_patient")).collect();
                let steps: Vec<&String> = reads.iter().map(|at| &plan[*at]).filter(|step| sqlite || step.contains("Scan")).collect();
                assert_eq!(steps.len(), 3, "each outcome on its own: {all}");
                assert!(steps[0].contains(indexes[0]) && steps[1..].iter().all(|step| step.contains(indexes[1])), "{narrow:?} {direction:?}: {all}");
                if sqlite {
                    assert!(steps.iter().all(|step| step.starts_with("SEARCH") && step.contains("(tag,event_id)")), "{narrow:?} {direction:?}: {all}");
                } else {
                    // Right under the limit: nothing is sorted before it.
                    assert!(all.matches("ROW(tag, event_id)").count() == 3 && !all.contains("Bitmap") && !all.contains("Seq Scan on audit_by_patient"), "{all}");
                    for at in reads.into_iter().filter(|at| plan[*at].contains("Scan")) {
                        assert!(plan[at - 1].contains("Limit"), "{narrow:?} {direction:?}: {all}");
                    }
                }
            }
        }
        app.finish().await;
    }
}
