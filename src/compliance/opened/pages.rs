//! `GET /access-log/patients/{id}`.

use super::super::marks::{Mark, Why};
use super::super::model::{Asked, Problems};
use super::super::pages::address;
use super::model::{Line, Who};
use super::{Opened, look};
use crate::app::App;
use crate::ids::PatientId;
use crate::staff::ComplianceOfficer;
use crate::text::{LANGUAGES, Text};
use crate::time::Zone;
use crate::web::{self, Error, Page, StatusCode};
use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The list, in the patient's language, in the frame of a staff page that is not printed.
#[derive(Template)]
#[template(path = "compliance/opened.html")]
struct OpenedPage {
    page: Page,
    /// The texts of the sheet.
    t: Text,
    asked: Asked,
    problems: Problems,
    patient: String,
    /// The same events in the log.
    log: String,
    clinic: String,
    phone: String,
    zone: String,
    made: String,
    period: String,
    languages: Vec<Language>,
    days: Vec<Day>,
    by_itself: i64,
    altered: i64,
    cut: bool,
    /// Why the record may be watched, the reason that stands chosen.
    reasons: Vec<Reason>,
    /// Since when it is, and who said so.
    watched: Option<String>,
}

/// A reason to watch a record.
struct Reason {
    word: &'static str,
    name: String,
    current: bool,
}

/// A language that the sheet can be in.
struct Language {
    code: &'static str,
    name: String,
    current: bool,
}

struct Day {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    time: String,
    who: String,
    what: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    from: String,
    until: String,
    /// The language of the sheet. Empty: the patient's.
    language: String,
}

pub async fn show(app: App, officer: ComplianceOfficer, id: Path<PatientId>, wish: Query<Wish>) -> web::Result<HttpResponse> {
    let (page, zone, patient, wish) = (officer.page(&app), app.config.clinic.zone, id.into_inner(), wish.into_inner());
    let asked = Asked { patient: patient.to_string(), from: wish.from.clone(), until: wish.until.clone(), ..Asked::default() };
    let (opened, problems) = match asked.parse(zone) {
        Ok(search) => (look(&app, &officer.context, &search.filter, patient).await?.ok_or(Error::NotFound)?, Problems::default()),
        Err(problems) => (nothing(&app), problems),
    };
    let t = Text::of(if wish.language.is_empty() { &opened.language } else { &wish.language });
    let readable = problems == Problems::default();
    let sheet = OpenedPage {
        log: address("/access-log", &asked),
        clinic: page.clinic_name.clone(),
        phone: page.clinic_phone.clone(),
        zone: t.city(zone),
        made: t.when(app.now(), zone),
        period: period(t, &asked, zone, readable),
        languages: languages(t),
        days: days(t, &opened, zone),
        by_itself: opened.by_itself,
        altered: opened.altered,
        cut: opened.cut,
        reasons: reasons(page.t, &opened),
        watched: opened.mark.as_ref().map(|mark| watched(page.t, &opened, mark, officer.member.zone)),
        patient: patient.to_string(),
        page,
        t,
        asked,
        problems,
    };
    web::html_with(if readable { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }, &sheet)
}

/// Nothing was looked for, because the period could not be read.
fn nothing(app: &App) -> Opened {
    let language = app.config.clinic.language.clone();
    Opened { lines: Vec::new(), by_itself: 0, altered: 0, cut: false, people: Vec::new(), language, mark: None }
}

fn period(t: Text, asked: &Asked, zone: Zone, readable: bool) -> String {
    let filter = asked.parse(zone).map(|search| search.filter).unwrap_or_default();
    match (filter.from, filter.until) {
        _ if !readable => String::new(),
        (None, None) => t.say("opened-period-all"),
        (Some(from), None) => t.with("opened-period-from", "from", t.when(from, zone)),
        (None, Some(until)) => t.with("opened-period-until", "until", t.when(until, zone)),
        (Some(from), Some(until)) => t.with2("opened-period", "from", t.when(from, zone), "until", t.when(until, zone)),
    }
}

fn reasons(t: Text, opened: &Opened) -> Vec<Reason> {
    let why = opened.mark.and_then(|mark| mark.why);
    let reason = |one: Why| Reason { word: one.word(), name: t.say(&format!("compliance-mark-{}", one.word())), current: why == Some(one) };
    Why::ALL.into_iter().map(reason).collect()
}

fn watched(t: Text, opened: &Opened, mark: &Mark, zone: Zone) -> String {
    let by = opened.people.iter().find(|person| Some(person.id.0) == mark.by).map_or("", |person| person.name.as_str());
    t.with2("compliance-mark-since", "at", t.when(mark.since, zone), "who", by)
}

fn languages(t: Text) -> Vec<Language> {
    let choice = |code: &'static str| Language { code, name: Text::of(code).say("common-language"), current: code == t.language() };
    LANGUAGES.into_iter().map(choice).collect()
}

fn days(t: Text, opened: &Opened, zone: Zone) -> Vec<Day> {
    let names: BTreeMap<Uuid, &str> = opened.people.iter().map(|person| (person.id.0, person.name.as_str())).collect();
    opened
        .lines
        .chunk_by(|one, other| one.day == other.day)
        .map(|lines| Day { name: t.date(lines[0].day), rows: lines.iter().map(|line| row(t, &names, line, zone)).collect() })
        .collect()
}

fn row(t: Text, names: &BTreeMap<Uuid, &str>, line: &Line, zone: Zone) -> Row {
    let (first, last) = (t.time(line.first, zone), t.time(line.last, zone));
    let act = t.say(&format!("opened-act-{}", line.act));
    let act = if line.done { act } else { t.with("opened-refused", "act", act) };
    Row {
        time: if first == last { first } else { t.with2("opened-times", "first", first, "last", last) },
        who: who(t, names, &line.who),
        what: if line.times == 1 { act } else { t.with2("opened-often", "act", act, "times", line.times) },
    }
}

fn who(t: Text, names: &BTreeMap<Uuid, &str>, who: &Who) -> String {
    match who {
        Who::Link => t.say("opened-who-link"),
        Who::Nobody => t.say("opened-who-nobody"),
        Who::Staff(id, role) => {
            let role_text = format!("opened-role-{role}");
            let role = if t.has(&role_text) { t.say(&role_text) } else { t.say("opened-role-other") };
            let name = names.get(id).map_or_else(|| t.say("opened-who-unknown"), |name| (*name).to_owned());
            t.with2("opened-who-staff", "name", name, "role", role)
        }
    }
}
