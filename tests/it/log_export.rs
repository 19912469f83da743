//! An export proves itself to a stranger: two verifiers that share no code accept it, and refuse every change of it (AUD-10, AUD-24, TST-19).

use crate::on_both;
use crate::support::export::{Parts, by_python, by_rust, export, run_python};
use crate::support::{Browser, TestApp};
use anteroom::appointments::VisitState::{Ended, InCall};
use anteroom::audit::tree::LogKey;
use anteroom::audit::{Event, Filter, Kind};
use anteroom::compliance::export::{self as exports, Ended as How, Signer};
use anteroom::compliance::model::Format;
use anteroom::crypto::sha256;
use anteroom::secret::Secret;
use anteroom::staff::Role;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;

/// A clinic with two patients, an officer, and a folder for what leaves the house.
struct Clinic {
    app: TestApp,
    officer: Browser,
    patient: String,
    folder: TempDir,
    key: String,
}

impl Clinic {
    async fn new(app: TestApp) -> Self {
        app.scene(InCall).await;
        let patient = app.events("patient.added").await[0]["patients"][0].as_str().unwrap().to_owned();
        app.app.heads.sign_all().await.unwrap();
        app.scene(Ended).await;
        let desk = app.staff(Role::Scheduler).await;
        desk.text("/appointments").await;
        let officer = app.staff(Role::Compliance).await;
        let key = LogKey::read(&app.app.config.log_key_file()).unwrap().verifier().to_owned();
        Self { app, officer, patient, folder: tempfile::tempdir().unwrap(), key }
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The head over this export, as it came by mail.
    fn mailed(&self, parts: &Parts) -> PathBuf {
        let mail = format!(
            "Received: by a mail server\r\n\r\nKeep this:\r\n\r\n{}\r\nThe clinic\r\n",
            parts.text(exports::AFTER).replace('\n', "\r\n")
        );
        self.keep("head.eml", mail.as_bytes())
    }

    /// What both say of a file, which must be the same.
    fn verdict(&self, file: &[u8], heads: &[PathBuf], what: &str) -> (u8, String) {
        let path = self.keep("export.zip", file);
        let (rust, python) = (by_rust(&path, &self.key, heads), by_python(&path, &self.key, heads));
        assert_eq!(rust.0, python.0, "{what}\n{}\n{}", rust.1, python.1);
        assert!(!python.1.contains("Traceback"), "{what}\n{}", python.1);
        (rust.0, rust.1 + &python.1)
    }
}

on_both! {
    async fn both_verifiers_accept_every_form_and_search(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let patient = clinic.patient.clone();
        let everything = "No event from before the export is missing.";
        let one = "No event about the patient from before the export is missing.";
        let selection = "That nothing else matched the search is not shown.";
        for (search, complete) in [
            ("", everything),
            (&format!("patient={patient}"), one),
            (&format!("patient={patient}&kind=visit.waiting"), selection),
            ("kind=staff.signed_in", selection),
            ("outcome=refused", selection),
            ("person=system", selection),
            ("from=2026-11-23T10:31&until=2026-11-23T10:33", selection),
            ("from=2030-01-01", selection),
            ("patient=00000000-0000-0000-0000-000000000005", selection),
        ] {
            for format in ["jsonl", "csv", "fhir"] {
                let what = format!("{format} of {search:?}");
                let (file, parts) = export(&clinic.officer, &format!("format={format}&{search}")).await;
                let (code, said) = clinic.verdict(&file, &[clinic.mailed(&parts)], &what);
                assert_eq!(code, 0, "{what}\n{said}");
                assert_eq!(said.matches("UNALTERED").count(), 2, "{what}\n{said}");
                assert_eq!(said.matches(complete).count(), 2, "{what}\n{said}");
                let (alone, said) = clinic.verdict(&file, &[], &what);
                assert_eq!((alone, said.matches("CONSISTENT, NOT ANCHORED").count()), (2, 2), "{what}\n{said}");
            }
        }
        clinic.app.finish().await;
    }
}

on_both! {
    /// A head from before the export, or one from another time after it, does not vouch for all of it.
    async fn a_head_that_does_not_cover_all_of_it_is_no_anchor(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let (_, first) = export(&clinic.officer, "format=jsonl").await;
        let earlier = clinic.mailed(&first);
        let (file, second) = export(&clinic.officer, "format=jsonl").await;
        let (code, said) = clinic.verdict(&file, std::slice::from_ref(&earlier), "an earlier head");
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("covers the first"), "{said}");
        let later = clinic.keep("later.txt", second.text(exports::AFTER).as_bytes());
        let (code, said) = clinic.verdict(&first.zip(), &[later], "a head of another size");
        assert_eq!((code, said.matches("cannot be compared").count()), (2, 2), "{said}");
        clinic.app.finish().await;
    }
}

on_both! {
    async fn the_key_from_outside_decides(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let (file, parts) = export(&clinic.officer, "format=jsonl").await;
        assert!(parts.text(exports::KEY).contains(&clinic.key));
        let name = clinic.key.split('+').next().unwrap();
        let stranger = LogKey::parse(&LogKey::generate(name, &Secret::new([3; 32]))).unwrap().verifier().to_owned();
        let other = Clinic { key: stranger, ..clinic };
        let (code, said) = other.verdict(&file, &[], "another key");
        assert_eq!((code, said.matches("not signed with the log's key").count()), (1, 2), "{said}");
        other.app.finish().await;
    }
}

/// The lines of a part, changed as a list.
fn lines(parts: &Parts, name: &str, change: impl FnOnce(&mut Vec<String>)) -> Parts {
    parts.with(name, |text| {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        change(&mut lines);
        lines.concat()
    })
}

/// What somebody with the file in hand may try, by name. Each makes a whole archive again.
fn tamperings(parts: &Parts) -> Vec<(&'static str, Parts)> {
    let (events, proof) = (exports::EVENTS, exports::PROOF);
    let mut all = vec![
        ("a told hash edited", parts.with(events, |text| text.replacen("\"payload_hash\":\"", "\"payload_hash\":\"0", 1))),
        ("an event edited", parts.with(events, |text| text.replacen("\"outcome\":\"success\"", "\"outcome\":\"refused\"", 1))),
        ("a salt edited", parts.with(events, |text| text.replacen("\"salt\":\"", "\"salt\":\"0", 1))),
        ("a space", parts.with(events, |text| text.replacen("\"place\":", "\"place\": ", 1))),
        ("an event dropped", lines(parts, events, |lines| drop(lines.remove(1)))),
        ("an event twice", lines(parts, events, |lines| lines.insert(1, lines[0].clone()))),
        ("two events swapped", lines(parts, events, |lines| lines.swap(0, 1))),
        ("the last event cut off", lines(parts, events, |lines| drop(lines.pop()))),
        ("half of it cut off", lines(parts, events, |lines| lines.truncate(lines.len() / 2))),
        ("a torn line", parts.with(events, |text| text[..text.len() - 9].to_owned())),
        ("no events", parts.with(events, |_| String::new())),
        ("no head", parts.without(exports::AFTER)),
        ("no proof", parts.without(proof)),
        ("a head with another size", parts.with(exports::AFTER, |note| note.replacen("\n1", "\n2", 1).replacen("\n9", "\n8", 1))),
        ("a part too many", Parts([parts.0.clone(), vec![("more.txt".to_owned(), b"x".to_vec())]].concat())),
        ("a gap too many", parts.with(proof, |text| format!("{text}{{\"from\":0,\"hashes\":[],\"until\":1}}\n"))),
    ];
    if !parts.text(proof).is_empty() {
        all.extend([
            ("the proof cut", lines(parts, proof, |lines| drop(lines.pop()))),
            (
                "a hash edited",
                parts.with(proof, |text| {
                    if text.contains("\"0") {
                        text.replacen("\"0", "\"1", 1)
                    } else {
                        text.replacen("\"a", "\"b", 1).replacen("\"f", "\"e", 1)
                    }
                }),
            ),
            ("the proof of nothing", parts.with(proof, |_| String::new())),
        ]);
    }
    for view in ["events.csv", "events.fhir.ndjson"].into_iter().filter(|view| parts.names().contains(view)) {
        all.extend([
            ("a view's id edited", parts.with(view, |text| text.replacen("log.exported", "log.viewed", 1))),
            ("a view's line dropped", lines(parts, view, |lines| drop(lines.remove(1)))),
            ("a view's lines swapped", lines(parts, view, |lines| lines.swap(1, 2))),
            ("a view's line too many", lines(parts, view, |lines| lines.push(lines[1].clone()))),
            ("no view", parts.without(view)),
        ]);
    }
    all
}

on_both! {
    async fn both_verifiers_refuse_every_change(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let mut tried = 0;
        for search in ["format=jsonl".to_owned(), "format=csv".to_owned(), format!("format=csv&patient={}", clinic.patient), "format=fhir&outcome=success".to_owned()] {
            let (_, parts) = export(&clinic.officer, &search).await;
            let head = clinic.mailed(&parts);
            for (what, tampered) in tamperings(&parts) {
                // The events' own word, since the second verifier leaves FHIR's other fields to the first.
                if tampered == parts || (search.contains("fhir") && what == "a view's id edited") {
                    continue;
                }
                let (code, said) = clinic.verdict(&tampered.zip(), std::slice::from_ref(&head), &format!("{what} in {search}"));
                assert_eq!(code, 1, "{what} in {search}\n{said}");
                tried += 1;
            }
        }
        assert!(tried > 60, "{tried}");
        // A field of FHIR that only the first verifier writes anew.
        let (_, parts) = export(&clinic.officer, "format=fhir").await;
        let edited = parts.with("events.fhir.ndjson", |text| text.replacen("\"action\":\"E\"", "\"action\":\"R\"", 1));
        assert_ne!(edited, parts);
        let path = clinic.keep("edited.zip", &edited.zip());
        assert_eq!(by_rust(&path, &clinic.key, &[]).0, 1);
        // A proof of another export of the same log.
        let (_, other) = export(&clinic.officer, &format!("format=jsonl&patient={}", clinic.patient)).await;
        let swapped = parts.with(exports::PROOF, |_| other.text(exports::PROOF).to_owned());
        assert_eq!(clinic.verdict(&swapped.zip(), &[], "swapped proof").0, 1);
        clinic.app.finish().await;
    }
}

on_both! {
    /// Whoever changes one byte of the file has changed nothing of what it says, or is refused.
    async fn no_byte_of_the_file_is_free(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let (file, parts) = export(&clinic.officer, &format!("format=jsonl&patient={}", clinic.patient)).await;
        let head = std::fs::read_to_string(clinic.mailed(&parts)).unwrap();
        let mut refused = 0;
        let tried: Vec<usize> = (0..file.len()).step_by(11).chain(file.len() - 200..file.len()).collect();
        for at in tried.iter().copied() {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << (at % 8);
            let path = clinic.keep("flipped.zip", &flipped);
            let report = anteroom::compliance::integrity::verify_export(&path, &[&clinic.key], std::slice::from_ref(&head), |_, _| {}).unwrap();
            match report.verdict().exit_code() {
                0 => assert_eq!(Parts::read(&flipped).as_ref(), Some(&parts), "byte {at} says something else, and nobody minds"),
                code => {
                    assert_eq!(code, 1, "byte {at}\n{}", report.in_words());
                    refused += 1;
                }
            }
        }
        assert!(refused > tried.len() / 2, "{refused} of {}", tried.len());
        clinic.app.finish().await;
    }
}

/// The ids of all patients in the log but this one's.
async fn other_patients(app: &TestApp, patient: &str) -> BTreeSet<String> {
    let log = app.log().await;
    let patients = log.iter().filter_map(|event| event["patients"].as_array()).flatten().filter_map(Value::as_str);
    let nobody = Uuid::nil().to_string();
    patients.filter(|id| *id != patient && *id != nobody).map(str::to_owned).collect()
}

on_both! {
    /// A page of the day is one event about everybody on it. It goes into the export of each of them, and the others do not.
    async fn one_patients_export_holds_nothing_of_the_others(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let others = other_patients(&clinic.app, &clinic.patient).await;
        let everything = export(&clinic.officer, "format=jsonl").await.1;
        assert!(!others.is_empty() && others.iter().all(|id| everything.text(exports::EVENTS).contains(id)));
        let secrets: Vec<String> = everything.text(exports::EVENTS).lines().filter_map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            others.iter().any(|id| line.contains(id)).then(|| event["salt"].as_str().unwrap().to_owned())
        }).collect();
        for (format, narrowed) in [("jsonl", ""), ("csv", ""), ("fhir", ""), ("csv", "&outcome=success")] {
            let what = format!("{format}{narrowed}");
            let (file, parts) = export(&clinic.officer, &format!("format={format}&patient={}{narrowed}", clinic.patient)).await;
            for (part, bytes) in &parts.0 {
                let text = String::from_utf8_lossy(bytes);
                for secret in others.iter().chain(&secrets) {
                    let found = text.contains(secret) || text.contains(&secret.replace('-', ""));
                    assert!(!found, "{what}: {part} holds {secret}, which is another patient's");
                }
                assert!(!text.contains("Maria") && !text.contains("Gonzalez"), "{what}: {part} names somebody");
            }
            let events: Vec<Value> = parts.text(exports::EVENTS).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let told: Vec<&Value> = events.iter().filter(|event| !event["told"].is_null()).collect();
            assert!(events.len() > 5 && !told.is_empty() && told.len() < events.len(), "{what}");
            for event in &events {
                let said = if event["told"].is_null() { &event["payload"] } else { &event["told"] };
                assert_eq!(said["patients"], json!([clinic.patient]), "{what}: {event}");
            }
            for event in &told {
                assert!(event["salt"].is_null() && event["payload"].is_null() && event["subjects"].as_array().unwrap().len() > 1, "{what}: {event}");
                assert_eq!((&event["told"]["kind"], &event["told"]["actor"]["role"]), (&json!("visits.listed"), &json!("scheduler")), "{what}");
            }
            assert_eq!(events.last().unwrap()["payload"]["kind"], "log.exported");
            let (code, said) = clinic.verdict(&file, &[clinic.mailed(&parts)], &what);
            assert_eq!(code, 0, "{what}\n{said}");
            let told_so = format!("{} of them are about other patients, too, and are told, bound by their hash only", told.len());
            assert_eq!(said.matches(&told_so).count(), 2, "{what}\n{said}");
            match format {
                "csv" => assert_eq!(parts.text("events.csv").lines().filter(|line| line.ends_with(",told")).count(), told.len()),
                "fhir" => assert_eq!(parts.text("events.fhir.ndjson").matches("\"type\":\"anteroom-intact\",\"valueString\":\"told\"").count(), told.len()),
                _ => {}
            }
        }
        clinic.app.finish().await;
    }
}

/// JSON with its keys in order, as every line of an export has them.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let map: BTreeMap<&String, &Value> = map.iter().collect();
            let all: Vec<String> = map.iter().map(|(name, value)| format!("\"{name}\":{}", canonical(value))).collect();
            format!("{{{}}}", all.join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

on_both! {
    /// What is proved of such an event cannot be changed, and it can stand only where it must. The clinic's word can be, and both verifiers say so.
    async fn what_is_told_is_said_to_be_told(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let (_, parts) = export(&clinic.officer, &format!("format=jsonl&patient={}", clinic.patient)).await;
        let head = clinic.mailed(&parts);
        let events = parts.text(exports::EVENTS);
        let told = events.lines().find(|line| line.contains("\"told\":")).unwrap().to_owned();
        let of = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
        let with = |change: &dyn Fn(&mut Value)| {
            let mut line = of(&told);
            change(&mut line);
            parts.with(exports::EVENTS, |text| text.replace(&told, &canonical(&line))).zip()
        };
        assert_eq!(clinic.verdict(&with(&|_| {}), std::slice::from_ref(&head), "as it was").0, 0);
        let told_otherwise = |what: &str, line: &mut Value| match what {
            "another time" => line["told"]["at"] = json!(line["told"]["at"].as_i64().unwrap() + 1),
            "another kind" => line["told"]["kind"] = json!("visit.read"),
            "another outcome" => line["told"]["outcome"] = json!("refused"),
            "another id" => line["told"]["event"] = json!(Uuid::nil()),
            "another hash" => line["payload_hash"] = json!("00".repeat(32)),
            "another number" => line["subjects"][0][1] = json!(77),
            "a tag gone" => drop(line["subjects"].as_array_mut().unwrap().pop()),
            "told to somebody else" => line["told"]["patients"] = json!([Uuid::from_u128(5)]),
            "told to two" => line["told"]["patients"].as_array_mut().unwrap().push(json!(Uuid::from_u128(5))),
            "told to nobody" => line["told"]["patients"] = json!([]),
            "more told than may be" => line["told"]["object"] = json!({ "id": Uuid::from_u128(5), "type": "visit" }),
            _ => unreachable!("{what}"),
        };
        let proved = [
            "another time",
            "another kind",
            "another outcome",
            "another id",
            "another hash",
            "another number",
            "a tag gone",
            "told to somebody else",
            "told to two",
            "told to nobody",
            "more told than may be",
        ];
        for what in proved {
            let (code, said) = clinic.verdict(&with(&|line| told_otherwise(what, line)), std::slice::from_ref(&head), what);
            assert_eq!(code, 1, "{what}\n{said}");
        }
        let (code, said) = clinic.verdict(&with(&|line| line["told"]["actor"]["id"] = json!(Uuid::from_u128(5))), &[head], "another account");
        assert_eq!((code, said.matches("nothing in this file proves it").count()), (0, 2), "{said}");

        // The same form where nothing may be left out, or nothing is about others.
        let everything = export(&clinic.officer, "format=jsonl").await.1;
        let place = of(&told)["place"].clone();
        let whole = everything.text(exports::EVENTS).lines().find(|line| of(line)["place"] == place).unwrap().to_owned();
        let hidden = everything.with(exports::EVENTS, |text| text.replace(&whole, &told));
        assert_eq!(clinic.verdict(&hidden.zip(), &[clinic.mailed(&hidden)], "told in an export of everything").0, 1);
        let alone = events.lines().find(|line| of(line)["payload"]["kind"] == "visit.booked").unwrap();
        let (payload, salt) = (of(alone)["payload"].clone(), hex::decode(of(alone)["salt"].as_str().unwrap()).unwrap());
        let hash = anteroom::audit::payload_hash(&salt.try_into().unwrap(), payload.to_string().as_bytes());
        let mut reduced = payload.clone();
        for part in ["object", "details"] {
            reduced.as_object_mut().unwrap().remove(part);
        }
        let mut line = of(alone);
        line.as_object_mut().unwrap().retain(|name, _| ["place", "subjects"].contains(&name.as_str()));
        (line["payload_hash"], line["told"]) = (json!(hex::encode(hash)), reduced);
        let hidden = parts.with(exports::EVENTS, |text| text.replace(alone, &canonical(&line)));
        let (code, said) = clinic.verdict(&hidden.zip(), &[], "told of an event about nobody else");
        let why = (said.matches("place ").count(), said.matches("only where it was about others too").count(), said.matches("could be shown").count());
        assert_eq!((code, why), (1, (2, 1, 1)), "for that reason alone: {said}");
        clinic.app.finish().await;
    }
}

on_both! {
    /// Few at first, so that the strides grow, then all of a long stretch, and some behind it.
    async fn a_search_finds_what_lies_far_apart_and_close_together(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let app = &clinic.app;
        let searched_for = |at: usize| matches!(at, 0 | 499 | 500 | 501 | 1_499 | 1_500 | 2_000..3_700 | 3_999);
        for at in 0..4_000 {
            let kind = if searched_for(at) { Kind::NoteSaved } else { Kind::LogViewed };
            app.app.log.record(&app.app.system(), Event::done(kind)).await.unwrap();
        }
        let before = app.events("note.saved").await.len();
        let (file, parts) = export(&clinic.officer, "format=csv&kind=note.saved").await;
        for (name, beside) in [(exports::EVENTS, 1), ("events.csv", 2)] {
            assert_eq!(parts.text(name).lines().count(), before + beside, "{name}: each once, and the export's own event");
        }
        assert_eq!(clinic.verdict(&file, &[clinic.mailed(&parts)], "a search over many strides").0, 0);
        clinic.app.finish().await;
    }
}

on_both! {
    async fn an_export_is_made_again_byte_for_byte(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let app = &clinic.app.app;
        for search in [format!("format=csv&patient={}", clinic.patient), "format=fhir&outcome=success".to_owned(), "format=jsonl".to_owned()] {
            let (file, _) = export(&clinic.officer, &search).await;
            let exported = clinic.app.events("log.exported").await;
            let of = exported.iter().rev().find(|event| event["details"]["again"].is_null()).unwrap()["event"].as_str().unwrap();
            app.log.record(&app.system(), Event::done(Kind::LogViewed)).await.unwrap();
            app.heads.sign_all().await.unwrap();
            let mut again = exports::again(app, &app.system(), of.parse().unwrap()).await.unwrap();
            let mut same = Vec::new();
            while let Some(chunk) = again.chunks.recv().await {
                same.extend(chunk.unwrap());
            }
            assert_eq!(same, file, "{search}");
            let finished = clinic.app.events("log.export_finished").await;
            assert_eq!(finished.last().unwrap()["details"]["sha256"], hex::encode(sha256(&file)), "{search}");
            let told = clinic.app.events("log.exported").await;
            assert_eq!(told.last().unwrap()["details"]["again"].as_str(), Some(of), "{search}");
        }
        let no_export = clinic.app.events("staff.signed_in").await[0]["event"].as_str().unwrap().parse().unwrap();
        assert!(exports::again(app, &app.system(), no_export).await.is_err());
        clinic.app.finish().await;
    }
}

on_both! {
    /// Every kind of event that a day brings is a FHIR resource, with the codes that IHE BALP has for what BALP speaks of.
    async fn an_export_is_fhir_with_the_codes_of_balp(app: TestApp) {
        let clinic = Clinic::new(app).await;
        clinic.officer.text("/access-log").await;
        let (_, parts) = export(&clinic.officer, "format=fhir").await;
        let text = parts.text("events.fhir.ndjson");
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/check_fhir.py");
        let valid = run_python(&[program], text);
        assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));
        assert_eq!(String::from_utf8_lossy(&valid.stdout).trim(), text.lines().count().to_string());
        let broken = run_python(&[program], &text.replacen("\"recorded\"", "\"recoded\"", 1));
        assert!(!broken.status.success(), "the model refuses what is no AuditEvent");
        let of = |kind: &str| -> Value {
            let code = format!("\"code\":\"{kind}\"");
            serde_json::from_str(text.lines().find(|line| line.contains(&code)).unwrap_or_else(|| panic!("{kind}"))).unwrap()
        };
        for (kind, action, code, subtype) in [
            ("staff.signed_in", "E", "110114", "110122"),
            ("visit.booked", "C", "rest", "create"),
            ("patient.added", "C", "rest", "create"),
            ("log.viewed", "R", "110101", "log.viewed"),
            ("visit.waiting", "E", "visit", "visit.waiting"),
        ] {
            let event = of(kind);
            assert_eq!((event["action"].as_str(), event["type"]["code"].as_str(), event["subtype"][0]["code"].as_str()), (Some(action), Some(code), Some(subtype)), "{kind}");
        }
        let booked = of("visit.booked");
        assert_eq!(booked["entity"][0]["what"]["reference"].as_str().unwrap().split('/').next(), Some("Patient"));
        assert_eq!(booked["agent"][1]["type"]["coding"][0]["code"], "110152", "the server is where a new row goes");
        assert_eq!(of("log.viewed")["agent"][1]["type"]["coding"][0]["code"], "110153", "and the source of what is read");
        assert!(!text.contains("Maria") && !text.contains('@'), "nobody is named");
        clinic.app.finish().await;
    }
}

/// What the vectors say: the file, the heads to give, and the exit code.
fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("compliance/audit/vectors")
}

/// Made anew with `ACCEPT_VECTORS=1`, when the format of an export changes: then every verifier that somebody wrote must hear of it.
async fn make_vectors(clinic: &Clinic) {
    let mut says = serde_json::Map::new();
    let put = |name: &str, bytes: &[u8]| std::fs::write(vectors().join(name), bytes).unwrap();
    let mut told = |file: &str, head: &str, exit: u8| drop(says.insert(file.to_owned(), json!({ "exit": exit, "head": head })));
    put("key.txt", clinic.key.as_bytes());
    let searches = [
        ("everything", "format=csv".to_owned()),
        ("patient", format!("format=jsonl&patient={}", clinic.patient)),
        ("selection", "format=fhir&outcome=success&kind=visit.waiting".to_owned()),
    ];
    for (name, search) in searches {
        let (file, parts) = export(&clinic.officer, &search).await;
        let head = format!("{name}.eml");
        put(&head, &std::fs::read(clinic.mailed(&parts)).unwrap());
        put(&format!("{name}.zip"), &file);
        told(&format!("{name}.zip"), &head, 0);
        for (what, tampered) in tamperings(&parts).into_iter().filter(|(_, tampered)| *tampered != parts) {
            let wanted = [
                "a told hash edited",
                "an event edited",
                "an event dropped",
                "two events swapped",
                "the last event cut off",
                "a hash edited",
                "a view's line dropped",
            ];
            if wanted.contains(&what) {
                let file = format!("{name}-{what}.zip").replace(' ', "-").replace('\'', "");
                put(&file, &tampered.zip());
                told(&file, &head, 1);
            }
        }
    }
    put("vectors.json", (serde_json::to_string_pretty(&says).unwrap() + "\n").as_bytes());
}

#[actix_web::test]
async fn both_verifiers_say_what_the_vectors_say() {
    let clinic = Clinic::new(TestApp::sqlite().await).await;
    if std::env::var_os("ACCEPT_VECTORS").is_some() {
        make_vectors(&clinic).await;
    }
    let says: Value = serde_json::from_str(&std::fs::read_to_string(vectors().join("vectors.json")).unwrap()).unwrap();
    let key = std::fs::read_to_string(vectors().join("key.txt")).unwrap();
    let vectors_checked = says.as_object().unwrap();
    assert!(vectors_checked.len() > 12, "{vectors_checked:?}");
    for (file, says) in vectors_checked {
        let (path, heads) = (vectors().join(file), [vectors().join(says["head"].as_str().unwrap())]);
        for (code, said) in [by_rust(&path, &key, &heads), by_python(&path, &key, &heads)] {
            assert_eq!(u64::from(code), says["exit"].as_u64().unwrap(), "{file}\n{said}");
        }
    }
    clinic.app.finish().await;
}

on_both! {
    /// The key was changed twice. Whoever has one of the three, and a head that covers the file, needs no other.
    async fn one_key_of_several_is_enough_for_an_auditor(app: TestApp) {
        let mut clinic = Clinic::new(app).await;
        let mut keys = vec![clinic.key.clone()];
        for _ in 0..2 {
            let app = &mut clinic.app;
            app.app.log.record(&app.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
            app.app.heads.rotate_key(&app.app.system(), &app.app.rng).await.unwrap();
            app.restart().await;
            keys.push(app.app.heads.key().verifier().to_owned());
        }
        let officer = clinic.app.staff(Role::Compliance).await;
        for search in ["format=csv", "format=jsonl&kind=staff.signed_in", &format!("format=fhir&patient={}", clinic.patient)] {
            let (file, parts) = export(&officer, search).await;
            let heads = [clinic.mailed(&parts)];
            assert!(keys.iter().all(|key| parts.text("key.txt").contains(key.as_str())), "{}", parts.text("key.txt"));
            assert_eq!(parts.text(exports::CHANGES).lines().count(), 2);
            let say = |file: &[u8], key: &str, heads: &[PathBuf]| {
                let path = clinic.keep("export.zip", file);
                let (rust, python) = (by_rust(&path, key, heads), by_python(&path, key, heads));
                assert_eq!(rust.0, python.0, "{search}\n{}\n{}", rust.1, python.1);
                assert!(!python.1.contains("Traceback"), "{}", python.1);
                rust.0
            };
            for key in &keys {
                assert_eq!(say(&file, key, &heads), 0, "{search}, {key}");
            }
            // Without its part the newest key says the same, and the others cannot follow.
            let without = parts.without(exports::CHANGES).zip();
            assert_eq!([say(&without, &keys[0], &[]), say(&without, &keys[1], &[]), say(&without, &keys[2], &heads)], [1, 1, 0], "{search}");
            // A stranger who names their own key in the event, or beside it, or puts it under the head.
            let stranger = LogKey::parse(&LogKey::generate(keys[0].split('+').next().unwrap(), &Secret::new([9; 32]))).unwrap();
            let public = hex::encode(anteroom::audit::tree::public_of(stranger.verifier()).unwrap());
            let newest = hex::encode(anteroom::audit::tree::public_of(&keys[2]).unwrap());
            let named = parts.with(exports::CHANGES, |text| text.replace(&newest, &public)).zip();
            assert_eq!(say(&named, &keys[0], &heads), 1, "{search}: another key in the event");
            let after = anteroom::audit::tree::Head::open(parts.text(exports::AFTER), &[&keys[2]]).unwrap();
            let resigned = stranger.sign(after.size, after.root).unwrap().note;
            let forged = parts.with(exports::AFTER, |_| resigned.clone()).zip();
            assert_eq!(say(&forged, &keys[0], &heads), 1, "{search}: the head under a key that no event names");
        }
        clinic.app.finish().await;
    }
}

on_both! {
    /// The server signs as soon as it sees that an export waits. The clock of this one stands still, so a minute never comes.
    async fn the_terminal_exports_beside_a_running_server(app: TestApp) {
        let clinic = Clinic::new(app).await;
        let app = &clinic.app;
        let _server = anteroom::db::OnlyNode::claim(&app.app.config.database().unwrap()).await.unwrap();
        let (config, out) = (app.folder.path().join("clinic.toml"), clinic.folder.path().join("all.zip"));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_anteroom"));
        command.args(["audit", "export", "--format", "csv", "--config"]).arg(config).arg("--out").arg(&out);
        let exporting = tokio::task::spawn_blocking(move || command.output().unwrap());
        while !exporting.is_finished() {
            app.app.heads.keep_up().await.unwrap();
            tokio::task::yield_now().await;
        }
        let output = exporting.await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.contains("The server is running"), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let file = std::fs::read(&out).unwrap();
        let heads = [clinic.mailed(&Parts::read(&file).unwrap())];
        assert_eq!(clinic.verdict(&file, &heads, "from the terminal").0, 0);
        clinic.app.finish().await;
    }
}

on_both! {
    async fn a_page_can_watch_its_export_and_nobody_elses(app: TestApp) {
        for _ in 0..25 {
            let mut hundred = app.app.log.begin(&app.app.system()).await.unwrap();
            (1..100).for_each(|_| hundred.also(Event::done(Kind::LogViewed)));
            hundred.commit(Event::done(Kind::LogViewed)).await.unwrap();
        }
        let (officer, other) = (app.staff(Role::Compliance).await, app.staff(Role::Compliance).await);
        let word = "018f3c1e-0000-7000-8000-00000000c0de";
        let standing = async |who: &Browser| -> Value {
            serde_json::from_str(&who.text(&format!("/access-log/export/progress?watch={word}")).await).unwrap()
        };
        assert_eq!(standing(&officer).await["known"], false, "nothing has begun");
        export(&officer, &format!("format=csv&watch={word}")).await;
        let ended = standing(&officer).await;
        assert_eq!((&ended["known"], &ended["ended"], &ended["done"]), (&json!(true), &json!("whole"), &ended["all"]), "{ended}");
        let places = ended["places"].as_u64().unwrap();
        assert!(places > 2_500 && ended["all"] == 2 * places, "every place is looked at twice, for the proof and for the table: {ended}");
        assert_eq!(standing(&other).await["known"], false);

        // As it is made: whoever has taken the first part of the file is somewhere on the way.
        let making = exports::begin(&app.app, &app.app.system(), Filter::default(), Format::Csv, Signer::Us).await.unwrap();
        let (mut chunks, progress) = (making.chunks, making.progress);
        chunks.recv().await.unwrap().unwrap();
        let (done, all) = progress.done_of();
        assert!(done < all && progress.ended().is_none(), "{done} of {all}");
        while let Some(chunk) = chunks.recv().await {
            chunk.unwrap();
        }
        let (done, all) = progress.done_of();
        assert_eq!((done, progress.ended()), (all, Some(How::Whole)));
        // Somebody who goes away leaves a file that is not whole.
        let left = exports::begin(&app.app, &app.app.system(), Filter::default(), Format::Csv, Signer::Us).await.unwrap();
        drop(left.chunks);
        while left.progress.ended().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(left.progress.ended(), Some(How::Broken));
        app.finish().await;
    }
}

/// An auditor reads all of it in an hour.
#[test]
fn the_verifier_for_auditors_has_no_more_than_200_lines() {
    let lines = include_str!("../../compliance/audit/verify.py").lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 200, "{lines}");
}
