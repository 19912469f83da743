//! What rests sealed: every such column of the inventory, in the live database, and nothing of it anywhere else.

use crate::inventory::inventory;
use crate::support::desk::{booking, key, led_to, patient_form, with};
use crate::support::smtp::Catcher;
use crate::support::{Browser, TestApp, canary};
use crate::{on_both, on_db};
use anteroom::appointments::VisitState;
use anteroom::audit::Kind;
use anteroom::audit::tree::LogKey;
use anteroom::compliance::integrity::{self, Report};
use anteroom::crypto::{Place, Sealed, sha256};
use anteroom::db::{Db, Tx};
use anteroom::ids::{PatientId, VisitId};
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Words that stand in one sealed value each.
const CANARIES: [&str; 12] = [
    "zanzibara",
    "zanzibarb@example.test",
    "+1 555 8642097531",
    "zanzibard",
    BORN,
    "zanzibark",
    "zanzibarj",
    "zanzibari",
    "zanzibare",
    "zanzibarf",
    "zanzibarg",
    "zanzibarh",
];
const BORN: &str = "1948-03-14";

/// A patient of whom everything is known, and their visit.
struct Known {
    patient: PatientId,
    visit: VisitId,
}

impl TestApp {
    /// Fill every sealed column by the pages that fill it. The letter waits in the outbox.
    async fn known(&self, clinician: &Browser, number: &str, time: &str) -> Known {
        let desk = self.staff(Role::Scheduler).await;
        let [name, email, phone, record, ..] = CANARIES.map(|canary| format!("{canary}{number}"));
        let (email, key) = (email.replace('@', &format!("{number}@")), key());
        let form = with(patient_form(&name, &email, &key), &[("record_number", record.as_str()), ("phone", phone.as_str())]);
        let patient = led_to(&desk.form("/patients", &form).await);
        for searched in [&name, &email, &record] {
            assert_eq!(desk.form("/patients/search", &[("search", searched.as_str())]).await.status(), StatusCode::OK);
        }
        let visit = self.known_visit(&desk, clinician, &patient, number, time).await;
        self.known_emergency(clinician, &name, number).await;
        Known { patient: patient.parse().unwrap(), visit }
    }

    /// Their record is opened in an emergency.
    async fn known_emergency(&self, clinician: &Browser, name: &str, number: &str) {
        let (why, key) = (format!("{}{number}", CANARIES[5]), self::key());
        let form = [("request_key", key.as_str()), ("patient", name), ("why", &why)];
        led_to(&clinician.form("/emergency", &form).await);
    }

    /// A visit with a reason, somebody beside the patient, a message and a note.
    async fn known_visit(&self, desk: &Browser, clinician: &Browser, patient: &str, number: &str, time: &str) -> VisitId {
        let [.., comment, incident, reason, companion, message, note] = CANARIES.map(|canary| format!("{canary}{number}"));
        let (clinician_id, key) = (clinician.id.to_string(), key());
        let mut form = booking(patient, &clinician_id, "2026-11-23", time, &key);
        form.push(("reason", reason.as_str()));
        let visit: VisitId = led_to(&desk.form("/appointments", &form).await).parse().unwrap();
        self.arrives_with(desk, visit, &companion).await;
        on_db!(self, pool => sqlx::query("update visit set state = 'in_call', identity = 'known' where id = $1").bind(visit).execute(pool).await.map(drop))
            .unwrap();
        let sent = clinician.form(&format!("/visits/{visit}/message"), &[("message", message.as_str())]).await;
        assert_eq!(sent.status(), StatusCode::SEE_OTHER);
        let saved = clinician.put(&format!("/visits/{visit}/note"), &json!({ "text": note, "version": 0 })).await;
        assert_eq!(saved.status(), StatusCode::OK);
        let (officer, key) = (self.staff(Role::Compliance).await, self::key());
        let form = [("request_key", key.as_str()), ("what", &incident), ("happened", "2026-11-20"), ("discovered", "2026-11-23")];
        led_to(&officer.form("/incidents", &form).await);
        self.something_is_reviewed(&officer, visit.0, &comment).await;
        visit
    }

    /// A rule found something, and the officer writes what it was.
    async fn something_is_reviewed(&self, officer: &Browser, item: Uuid, comment: &str) {
        let found = "insert into review_item (id, once_key, rule, happened_at, found_at, event_id, number)
                     values ($1, cast($2 as text), 'export_at_night', 0, 0, $1, 1)";
        on_db!(self, pool => sqlx::query(found).bind(item).bind(item.to_string()).execute(pool).await.map(drop)).unwrap();
        assert_eq!(officer.form(&format!("/review/{item}"), &[("comment", comment)]).await.status(), StatusCode::SEE_OTHER);
    }

    async fn arrives_with(&self, desk: &Browser, visit: VisitId, companion: &str) {
        let device = self.browser();
        let link = self.handed_link(&self.by(desk.id, Role::Scheduler), visit).await.unwrap();
        let opened = device.json("/v/redemption", &json!({ "token": link, "check": BORN })).await;
        assert_eq!(opened.status(), StatusCode::OK);
        let arrival = [("consent", "1"), ("companion", companion), ("relation", "child")];
        assert_eq!(device.post(&format!("/visits/{visit}/arrival"), &arrival).await.status(), StatusCode::OK);
        // The letters so far are void: here is one that waits.
        self.handed_link(&self.by(desk.id, Role::Scheduler), visit).await.unwrap();
    }

    /// The values of a sealed column, with where each rests, three at most.
    async fn resting(&self, table: &str, column: &str) -> Vec<Resting> {
        let (row, patient, version) = whereabouts(table, column);
        let question = format!(
            "select {row}, {patient}, cast({version} as bigint), {column} from {table} where {column} is not null order by 1 limit 3"
        );
        let rows: Vec<(Uuid, Option<Uuid>, i64, Vec<u8>)> =
            on_db!(self, pool => sqlx::query_as(AssertSqlSafe(question)).fetch_all(pool).await).unwrap();
        rows.into_iter()
            .map(|(row, patient, version, value)| {
                let (table, column) = (table.to_owned().leak(), column.to_owned().leak());
                let place = Place { table, column, row, patient: patient.unwrap_or_default(), version };
                Resting { place, value: Sealed(value) }
            })
            .collect()
    }

    async fn opens(&self, place: Place, value: &Sealed) -> bool {
        if place.table == "audit_event" {
            return self.app.keys.open_log(place.row, value).is_ok();
        }
        if ["review_item", "emergency_access"].contains(&place.table) {
            return self.app.keys.open_remark(place.row, value).is_ok();
        }
        if place.patient.is_nil() {
            return self.app.keys.open_of_clinic(place, value).is_ok();
        }
        let key = self.app.patient_key(PatientId(place.patient)).await.unwrap();
        self.app.keys.open(&key, place, value).is_ok()
    }
}

struct Resting {
    place: Place,
    value: Sealed,
}

/// What a sealed value is bound to: the columns of its row's id, of its patient, and of the version it was sealed at.
fn whereabouts(table: &str, column: &str) -> (&'static str, &'static str, &'static str) {
    match (table, column) {
        ("patient", _) => ("id", "id", "version"),
        ("visit", "reason") => ("id", "patient_id", "reason_version"),
        ("visit", "companion") => ("id", "patient_id", "companion_version"),
        ("visit", "message") => ("id", "patient_id", "message_version"),
        ("visit_note", "body") => ("visit_id", "patient_id", "version"),
        ("outbox", "values_sealed") => ("id", "patient_id", "0"),
        ("case_entry", "body") => ("case_id", "(select patient_id from case_file where id = case_id)", "n"),
        // Nobody's: no file has its id.
        ("review_item", "comment") => ("id", "(select patient_id from case_file where case_file.id = review_item.id)", "0"),
        ("emergency_access", "reason") => ("id", "(select patient_id from case_file where case_file.id = emergency_access.id)", "0"),
        ("audit_event", "payload") => ("id", "id", "0"),
        _ => panic!("say here what {table}.{column} is bound to"),
    }
}

fn sealed_columns() -> Vec<(String, String)> {
    let sealed: Vec<_> =
        inventory().into_iter().filter(|(.., protection)| protection == "sealed").map(|(table, column, _)| (table, column)).collect();
    assert!(sealed.len() >= 10, "the inventory was read");
    sealed
}

on_both! {
    with "[links]\nopens_before_minutes = 240"
    async fn a_sealed_value_opens_in_its_own_place_and_in_no_other(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let first = app.known(&clinician, "1", "11:00").await;
        app.known(&clinician, "2", "12:00").await;
        let desk = app.staff(Role::Scheduler).await;
        app.known_visit(&desk, &clinician, &first.patient.to_string(), "3", "13:00").await;
        app.known_emergency(&clinician, &format!("{}1", CANARIES[0]), "3").await;
        let mut resting = Vec::new();
        for (table, column) in sealed_columns() {
            let values = app.resting(&table, &column).await;
            let expected = if table == "patient" { 2 } else { 3 };
            assert_eq!(values.len(), expected, "{table}.{column} is filled for both patients, and for two visits of one");
            resting.extend(values);
        }
        for (here, place) in resting.iter().map(|resting| resting.place).enumerate() {
            for (from, other) in resting.iter().enumerate() {
                let opens = app.opens(place, &other.value).await;
                assert_eq!(opens, here == from, "{:?} put into {place:?}", other.place);
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_dump_of_the_database_holds_no_sealed_word(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let clinician = app.staff(Role::Clinician).await;
        app.known(&clinician, "", "11:00").await;
        for (table, column) in sealed_columns() {
            assert!(!app.resting(&table, &column).await.is_empty(), "{table}.{column} holds something to look for");
        }
        if let Db::Sqlite { .. } = &app.app.db {
            let log = std::fs::read(app.app.config.data_dir.join("anteroom.db-wal")).unwrap();
            assert!(log.len() > 10_000, "the write-ahead log is part of the dump");
        }
        for moment in ["with a letter that waits", "after it left"] {
            let dump = app.dump().await;
            let words: Vec<&str> = CANARIES.into_iter().chain(["zanzibar", "8642097531", "14/1948", "example.test", "clinician"]).collect();
            assert_eq!(canary::found(&dump, &words), ["clinician"].into(), "only the word that may lies in the open {moment}");
            app.send_mails().await;
        }
        assert_eq!(server.letters().len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn an_altered_letter_is_not_sent_and_is_an_event(app: TestApp, server: Catcher = Catcher::implicit().await) {
        let guest = app.guest().await;
        app.flip("outbox", "values_sealed").await;
        assert_eq!((app.send_mails().await, server.letters().len()), (0, 0));
        let events = app.events("integrity.failed").await;
        assert_eq!((events.len(), events[0]["details"]["column"].as_str()), (1, Some("values_sealed")));
        let page = app.desk_page(guest.visit).await;
        assert!(page.contains("Did not leave, and is not tried again."), "{page}");
        app.guest_at(app.app.now() + Millis::hours(30), true).await;
        assert_eq!(app.send_mails().await, 1, "the program is up");
        app.finish().await;
    }
}

on_both! {
    async fn an_altered_message_is_not_shown_and_is_an_event(app: TestApp) {
        let scene = app.scene(VisitState::Waiting).await;
        assert_eq!(scene.asks("message").await, StatusCode::SEE_OTHER);
        app.flip("visit", "message").await;
        let page = scene.patient.socket(&scene.path("socket")).await;
        while app.outcomes(Kind::IntegrityFailed).await.is_empty() {
            tokio::task::yield_now().await;
        }
        page.leave().await;
        assert_eq!(app.events("integrity.failed").await[0]["details"]["column"], "message");
        app.flip("visit", "message").await;
        let mut page = scene.patient.socket(&scene.path("socket")).await;
        page.until("state", |state| state["message"] == "We are running late.").await;
        page.leave().await;
        app.finish().await;
    }
}

on_both! {
    with "[links]\nopens_before_minutes = 240"
    async fn a_patients_key_in_anothers_row_opens_nothing(app: TestApp) {
        let (clinician, desk) = (app.staff(Role::Clinician).await, app.staff(Role::Scheduler).await);
        let known = [app.known(&clinician, "1", "11:00").await, app.known(&clinician, "2", "12:00").await];
        let read = async |known: &Known| desk.get(&format!("/patients/{}", known.patient)).await.status();
        type Key = (i64, Vec<u8>, Vec<u8>);
        let take = async |known: &Known| -> Key {
            on_db!(app, pool => sqlx::query_as("select kid, wrapped, check_value from patient_key where patient_id = $1").bind(known.patient).fetch_one(pool).await).unwrap()
        };
        let put = async |known: &Known, (kid, wrapped, check_value): &Key| {
            on_db!(app, pool => sqlx::query("update patient_key set kid = $2, wrapped = $3, check_value = $4 where patient_id = $1")
                .bind(known.patient).bind(kid).bind(wrapped).bind(check_value).execute(pool).await.map(drop)).unwrap();
        };
        let keys = [take(&known[0]).await, take(&known[1]).await];
        // Another's whole key; our own under another number; our own with another check value.
        let (mut renumbered, mut unchecked) = (keys[0].clone(), keys[0].clone());
        renumbered.0 ^= 1;
        unchecked.2[0] ^= 1;
        for wrong in [&keys[1], &renumbered, &unchecked] {
            put(&known[0], wrong).await;
            assert_eq!(read(&known[0]).await, StatusCode::INTERNAL_SERVER_ERROR);
        }
        put(&known[0], &keys[0]).await;
        assert_eq!((read(&known[0]).await, read(&known[1]).await), (StatusCode::OK, StatusCode::OK));
        app.finish().await;
    }
}

on_both! {
    async fn an_older_value_put_back_does_not_open_or_differs_from_what_the_log_says(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let known = app.known(&clinician, "", "11:00").await;
        let path = format!("/visits/{}/note", known.visit);
        let older = app.resting("visit_note", "body").await.remove(0);
        assert_eq!(clinician.put(&path, &json!({ "text": "second", "version": 1 })).await.status(), StatusCode::OK);
        let put = async |version: i64| {
            on_db!(app, pool => sqlx::query("update visit_note set body = $2, version = $3 where visit_id = $1")
                .bind(known.visit).bind(&older.value.0).bind(version).execute(pool).await.map(drop)).unwrap();
            clinician.get(&path).await.status()
        };
        assert_eq!(put(2).await, StatusCode::INTERNAL_SERVER_ERROR, "the row's version is bound in");
        // With its old version too it opens, as compliance/data-inventory.md says: the newest event of a save names another hash, and
        // `audit verify --rows` tells.
        assert_eq!(put(1).await, StatusCode::OK);
        let saves = app.events("note.saved").await;
        let newest = saves.last().unwrap();
        assert_eq!(newest["details"]["row_version"], 2);
        assert_ne!(newest["details"]["sha256"], hex::encode(sha256(&older.value.0)));
        assert_eq!(saves[0]["details"]["sha256"], hex::encode(sha256(&older.value.0)));
        app.finish().await;
    }
}

impl TestApp {
    /// What `anteroom audit verify --rows` finds once somebody with all rights gave these statements. They are taken back.
    async fn found_in_rows(&self, statements: &[String]) -> Report {
        let mut tx = self.app.db.begin_in_one_moment().await.unwrap();
        let no_triggers: &[&str] = match &tx {
            Tx::Sqlite(_) => &["drop trigger case_entry_never_changes", "drop trigger case_entry_never_goes"],
            Tx::Postgres(_) => &["alter table case_entry disable trigger user"],
        };
        for statement in no_triggers.iter().copied().chain(statements.iter().map(String::as_str)) {
            let statement = AssertSqlSafe(statement.to_owned());
            match &mut tx {
                Tx::Sqlite(tx) => drop(sqlx::query(statement).execute(&mut **tx).await.unwrap()),
                Tx::Postgres(tx) => drop(sqlx::query(statement).execute(&mut **tx).await.unwrap()),
            }
        }
        let key = LogKey::read(&self.app.config.log_key_file()).unwrap();
        integrity::verify_with_rows(&mut tx, &self.app.log, &[key.verifier()], &[], |_, _| {}).await.unwrap()
    }

    fn literal(&self, bytes: &[u8]) -> String {
        match &self.app.db {
            Db::Sqlite { .. } => format!("x'{}'", hex::encode(bytes)),
            Db::Postgres { .. } => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }
}

on_both! {
    with "[links]\nopens_before_minutes = 240"
    async fn every_sealed_row_is_what_the_newest_event_wrote_or_is_found(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let known = app.known(&clinician, "", "11:00").await;
        // Half of the events have their place, and the others wait for one.
        app.app.heads.sign_all().await.unwrap();
        let older = app.resting("visit_note", "body").await.remove(0);
        let path = format!("/visits/{}/note", known.visit);
        assert_eq!(clinician.put(&path, &json!({ "text": "second", "version": 1 })).await.status(), StatusCode::OK);
        let words = |report: &Report| report.in_words();

        let untouched = app.found_in_rows(&[]).await;
        let compared = untouched.rows.unwrap();
        assert_eq!((untouched.found, compared.same, compared.by_version, compared.unknown), (0, 8, 0, 0), "{}", words(&untouched));
        assert!(untouched.waiting > 0 && words(&untouched).contains("8 sealed values are those that the newest event"));

        // The older note, with its number and without.
        for version in [1, 2] {
            let put_back = format!("update visit_note set body = {}, version = {version}", app.literal(&older.value.0));
            let report = app.found_in_rows(&[put_back]).await;
            assert_eq!(report.found, 1, "{}", words(&report));
            assert!(words(&report).contains(&format!("the note of visit {}: ", known.visit)), "{}", words(&report));
            assert_eq!(words(&report).contains("an older value was put back: it is of version 1"), version == 1, "{}", words(&report));
        }
        // Any sealed value that an event wrote, changed.
        for (table, column) in sealed_columns().into_iter().filter(|(table, _)| !["audit_event", "outbox"].contains(&table.as_str())) {
            let mut value = app.resting(&table, &column).await.remove(0).value.0;
            value[20] ^= 1;
            let changed = format!("update {table} set {column} = {} where {column} is not null", app.literal(&value));
            let report = app.found_in_rows(&[changed]).await;
            assert_eq!(report.found, 1, "{table}.{column}: {}", words(&report));
            assert!(words(&report).contains("it is not what the newest event wrote"), "{table}.{column}: {}", words(&report));
        }
        // A row that is gone, and one that nobody wrote.
        for (statement, said) in [
            ("delete from visit_note", "an event wrote it, and it is gone"),
            ("delete from case_entry", "an event wrote it, and it is gone"),
            ("update visit set reason = null", "an event wrote it, and it is gone"),
            ("update case_entry set n = 2", "no event tells that it was written"),
        ] {
            let report = app.found_in_rows(&[statement.to_owned()]).await;
            assert!(report.found > 0 && words(&report).contains(said), "{statement}: {}", words(&report));
        }
        // What leaves with the visit's state may be gone.
        let report = app.found_in_rows(&["update visit set message = null, companion = null".to_owned()]).await;
        assert_eq!((report.found, report.rows.unwrap().same), (0, 6), "{}", words(&report));
        app.finish().await;
    }
}

on_both! {
    async fn a_note_is_sealed_so_often_and_no_more(app: TestApp) {
        let clinician = app.staff(Role::Clinician).await;
        let visit = app.visit_in_call(clinician.id, Some("known")).await;
        let path = format!("/visits/{}/note", visit.id);
        let save = async |version: i64| clinician.put(&path, &json!({ "text": "text", "version": version })).await.status();
        assert_eq!(save(0).await, StatusCode::OK);
        app.execute("update visit_note set version = 999999").await;
        assert_eq!(save(999_999).await, StatusCode::OK, "the last one");
        assert_eq!(save(1_000_000).await, StatusCode::CONFLICT, "and no more");
        let refused = app.events("note.saved").await.into_iter().filter(|event| event["outcome"] == "refused").count();
        assert_eq!(refused, 1);
        app.finish().await;
    }
}
