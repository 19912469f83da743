//! `GET /access-log`, `GET /access-log/export` and how far an export is.

use super::entry::Payload;
use super::export::{self, Ended, Signer, Watched};
use super::model::{self, Asked, Format, Problems, Search, Sort};
use super::store::Person;
use super::{LogPage, access_review, is_removed, marks, opened, panel, review, view};
use crate::app::App;
use crate::audit::search::Direction;
use crate::audit::{ActorKind, Event, Kind, Outcome, Recorded};
use crate::staff::{self, ComplianceOfficer, Role};
use crate::text::Text;
use crate::web::{self, Error, Page, StatusCode, csrf};
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Json, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Patients named in one row. Lower: rows stay short. Higher: fewer rows say "and more".
const PATIENTS_SHOWN: usize = 3;

const ZIP: &str = "application/zip";

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/access-log", get().to(show))
        .route("/access-log/export", get().to(export_log))
        .route("/access-log/export/progress", get().to(export_progress))
        .route("/access-log/patients/{id}", get().to(opened::pages::show))
        .route("/access-log/patients/{id}/mark", post().to(marks::pages::save))
        .route("/integrity", get().to(panel::pages::show))
        .route("/integrity/progress", get().to(panel::pages::progress))
        .route("/integrity/verification", post().to(panel::pages::verify))
        .route("/activity-review", post().to(looked_through))
        .route("/review", get().to(review::pages::show))
        .route("/review/{id}", post().to(review::pages::reviewed))
        .route("/access-review", get().to(access_review::pages::show))
        .route("/access-review", post().to(access_review::pages::reviewed));
}

/// The log, newest first, with the search above it.
#[derive(Template)]
#[template(path = "compliance/access_log.html")]
struct AccessLog {
    page: Page,
    /// What waits for a review, in words, or nothing.
    bell: Option<String>,
    /// Nobody has looked through the log for too long.
    look_overdue: bool,
    /// Whether what is shown is a stretch of the log that somebody can have looked through.
    is_a_look: bool,
    /// What was typed about it and not taken.
    comment: Option<String>,
    asked: Asked,
    problems: Problems,
    /// The zone in which times are typed: its city and its IANA name.
    zone: String,
    people: Vec<Choice>,
    kinds: Vec<Choice>,
    outcomes: Vec<Choice>,
    columns: Vec<Column>,
    /// A sentence about an order that does not explain itself, or nothing.
    order_note: Option<&'static str>,
    rows: Vec<Line>,
    /// How many rows of this page were altered.
    altered: i64,
    next: Option<String>,
    first: Option<String>,
    csv: String,
    jsonl: String,
    /// "Who opened this record", where one patient's events were asked for.
    opened: Option<String>,
    fhir: String,
}

#[derive(Debug)]
struct Choice {
    value: String,
    label: String,
    selected: bool,
}

/// The head of a column, which sorts by it.
#[derive(Debug)]
struct Column {
    label: String,
    href: String,
    /// `ascending` or `descending` if the table is sorted by it, as `aria-sort` has it.
    sorted: &'static str,
    /// What following the link does, for those who do not see the arrow.
    does: String,
}

/// One event in words.
#[derive(Debug)]
struct Line {
    time: String,
    who: String,
    what: String,
    patients: Vec<PatientRef>,
    /// "and 3 more", or nothing.
    more: String,
    /// `success`, `refused`, `failed`, or `altered`.
    outcome: String,
    outcome_text: String,
    from: String,
}

#[derive(Debug)]
struct PatientRef {
    id: String,
    short: String,
    href: String,
}

impl AccessLog {
    /// Nothing was looked for, or nothing was found: an auditor must not take one for the other.
    fn why_empty(&self) -> &'static str {
        if self.problems == Problems::default() { "compliance-empty" } else { "compliance-not-searched" }
    }

    fn altered_title(&self) -> String {
        self.page.t.count("compliance-altered-title", "count", self.altered)
    }
}

async fn show(app: App, officer: ComplianceOfficer, asked: Query<Asked>) -> web::Result<HttpResponse> {
    let (page, zone) = (officer.page(&app), officer.member.zone);
    match asked.parse(zone) {
        Ok(search) => {
            let log = view(&app, &officer.context, page.t, &search).await?;
            let bell = review::bell(&app).await?;
            let bell = (bell.open > 0).then(|| page.t.count("review-bell", "count", bell.open));
            let look_overdue = review::activity::standing(&app).await?.overdue;
            web::html(&AccessLog { bell, look_overdue, ..render(page, asked.into_inner(), zone, &search, log) })
        }
        Err(problems) => {
            let log = LogPage { events: Vec::new(), purged: None, people: super::everybody(&app).await?, next: None };
            let mut rendered = render(page, asked.into_inner(), zone, &Search::default(), log);
            rendered.problems = problems;
            let mut response = web::html(&rendered)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

#[derive(Deserialize)]
struct LookForm {
    #[serde(default)]
    comment: String,
    #[serde(flatten)]
    asked: Asked,
}

/// An officer looked through what the search shows.
async fn looked_through(app: App, officer: ComplianceOfficer, form: csrf::Form<LookForm>) -> web::Result<HttpResponse> {
    let LookForm { comment, asked } = form.0;
    let (comment, zone) = (comment.trim().to_owned(), officer.member.zone);
    let search = asked.parse(zone).ok().filter(|search| review::activity::is_a_look(&search.filter)).ok_or(Error::Invalid)?;
    if !review::pages::is_comment(&comment) {
        let page = officer.page(&app);
        let log = view(&app, &officer.context, page.t, &search).await?;
        let again = AccessLog { comment: Some(comment), ..render(page, asked, zone, &search, log) };
        return web::html_with(StatusCode::UNPROCESSABLE_ENTITY, &again);
    }
    review::activity::record(&app, &officer.context, officer.member.id, &search.filter, &comment).await?;
    Ok(web::see_other("/review"))
}

/// The word under which a page watches its export.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Watch {
    watch: Option<Uuid>,
}

/// How far an export is.
#[derive(Debug, Default, Serialize)]
struct Standing {
    /// False for one that this node does not make.
    known: bool,
    done: u64,
    all: u64,
    /// How many places of the log it reaches over.
    places: u64,
    /// `whole`, `broken`, or nothing while it is made.
    ended: &'static str,
}

/// Asked by the page's script, so it does not keep a session going.
async fn export_progress(app: App, watched: Data<Watched>, watch: Query<Watch>, request: HttpRequest) -> web::Result<Json<Standing>> {
    let signed = staff::looked_at(&request).await?;
    if signed.member.role != Role::Compliance {
        app.log.refused(&signed.context, Event::refused(Kind::RequestRefused, "role")).await?;
        return Err(Error::Forbidden);
    }
    let Some(progress) = watch.watch.and_then(|word| watched.find(signed.member.id, word)) else {
        return Ok(Json(Standing::default()));
    };
    let (done, all) = progress.done_of();
    let ended = match progress.ended() {
        Some(Ended::Whole) => "whole",
        Some(Ended::Broken) => "broken",
        None => "",
    };
    Ok(Json(Standing { known: true, done, all, places: progress.places(), ended }))
}

async fn export_log(
    app: App,
    officer: ComplianceOfficer,
    watched: Data<Watched>,
    (asked, watch): (Query<Asked>, Query<Watch>),
    request: HttpRequest,
) -> web::Result<HttpResponse> {
    let format = Format::parse(&asked.format).ok_or(Error::Invalid)?;
    let search = asked.parse(officer.member.zone).map_err(|_| Error::Invalid)?;
    if web::head::asked(&request) {
        // Nobody takes the file away, so none is made.
        let nothing = stream::empty::<Result<Bytes, actix_web::Error>>();
        return Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, ZIP)).streaming(nothing));
    }
    let export = export::begin(&app, &officer.context, search.filter, format, Signer::Us).await.map_err(unavailable)?;
    if let Some(word) = watch.watch {
        watched.add(officer.member.id, word, export.progress.clone());
    }
    let file = stream::unfold(export.chunks, async |mut chunks| {
        let chunk = chunks.recv().await?;
        Some((chunk.map(Bytes::from), chunks))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", export.file_name)))
        .insert_header((header::CONTENT_TYPE, ZIP))
        .streaming(Box::pin(file)))
}

/// What stops an export before its first byte is the database, or a head that cannot be signed: nobody is served then.
fn unavailable(error: anyhow::Error) -> Error {
    Error::Unavailable(error)
}

fn render(page: Page, asked: Asked, zone: crate::time::Zone, search: &Search, log: LogPage) -> AccessLog {
    let t = page.t;
    let names: BTreeMap<Uuid, &str> = log.people.iter().map(|person| (person.id.0, person.name.as_str())).collect();
    let rows: Vec<Line> =
        log.events.iter().map(|(event, payload)| line(t, &asked, &names, event, payload.as_ref(), is_removed(event, log.purged))).collect();
    let next = log.next.map(|mark| address("/access-log", &Asked { after: model::show_mark(&mark), ..asked.clone() }));
    AccessLog {
        problems: Problems::default(),
        bell: None,
        look_overdue: false,
        is_a_look: review::activity::is_a_look(&search.filter),
        comment: None,
        zone: format!("{} ({})", zone.city(), zone.name()),
        people: people(t, &asked, &log.people),
        kinds: choices(&asked.kind, Kind::ALL.iter().map(|kind| kind.word()), |word| kind_text(t, word)),
        outcomes: choices(&asked.outcome, Outcome::ALL.iter().map(|o| o.word()), |word| t.say(&format!("compliance-outcome-{word}"))),
        columns: Sort::ALL.iter().map(|sort| column(t, &asked, search, *sort)).collect(),
        order_note: match search.sort {
            Sort::Patient => Some("compliance-order-patient"),
            Sort::Source => Some("compliance-order-address"),
            _ => None,
        },
        altered: log.events.iter().filter(|(event, payload)| payload.is_none() && !is_removed(event, log.purged)).map(|_| 1).sum(),
        rows,
        next,
        first: search.after.as_ref().map(|_| address("/access-log", &asked.first_page())),
        opened: search.filter.patient.map(|patient| format!("/access-log/patients/{patient}")),
        csv: address("/access-log/export", &Asked { format: Format::Csv.word().to_owned(), ..asked.first_page() }),
        jsonl: address("/access-log/export", &Asked { format: Format::JsonLines.word().to_owned(), ..asked.first_page() }),
        fhir: address("/access-log/export", &Asked { format: Format::Fhir.word().to_owned(), ..asked.first_page() }),
        page,
        asked,
    }
}

/// The head of a column: sorts by it, the other way if the table is sorted by it already.
fn column(t: Text, asked: &Asked, search: &Search, sort: Sort) -> Column {
    let now = (search.sort == sort).then_some(search.direction);
    // Time begins with the newest, words with the letter A.
    let then = match now {
        Some(Direction::Up) => Direction::Down,
        Some(Direction::Down) => Direction::Up,
        None if sort == Sort::Time => Direction::Down,
        None => Direction::Up,
    };
    let (order, does) = match then {
        Direction::Up => ("up", "compliance-sort-up"),
        Direction::Down => ("", "compliance-sort-down"),
    };
    let sort_word = if sort == Sort::Time { "" } else { sort.word() };
    let asked = Asked { sort: sort_word.to_owned(), order: order.to_owned(), ..asked.first_page() };
    Column {
        label: t.say(&format!("compliance-column-{}", sort.word())),
        href: address("/access-log", &asked),
        sorted: match now {
            Some(Direction::Up) => "ascending",
            Some(Direction::Down) => "descending",
            None => "",
        },
        does: t.say(does),
    }
}

fn line(t: Text, asked: &Asked, names: &BTreeMap<Uuid, &str>, event: &Recorded, payload: Option<&Payload>, removed: bool) -> Line {
    let patients = payload.map(|payload| payload.patients.as_slice()).unwrap_or_default();
    let hidden = patients.len().saturating_sub(PATIENTS_SHOWN);
    Line {
        time: event.recorded_at.utc().format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        who: who(t, names, event),
        what: kind_text(t, &event.kind),
        patients: patients.iter().take(PATIENTS_SHOWN).map(|patient| patient_ref(asked, *patient)).collect(),
        more: if hidden == 0 { String::new() } else { t.with("compliance-more-patients", "count", hidden) },
        outcome: match payload {
            None if !removed => "altered".to_owned(),
            _ => event.outcome.clone(),
        },
        outcome_text: match payload {
            None if removed => t.say("compliance-removed"),
            None => t.say("compliance-altered"),
            Some(payload) => outcome_text(t, &event.outcome, payload.why()),
        },
        from: payload.map(|payload| payload.from.clone()).unwrap_or_default(),
    }
}

/// The last part of an id tells rows apart; its first part is a clock.
fn short(id: Uuid) -> String {
    id.simple().to_string().split_off(24)
}

fn patient_ref(asked: &Asked, patient: Uuid) -> PatientRef {
    let href = address("/access-log", &Asked { patient: patient.to_string(), ..asked.first_page() });
    PatientRef { id: patient.to_string(), short: short(patient), href }
}

fn who(t: Text, names: &BTreeMap<Uuid, &str>, event: &Recorded) -> String {
    match (event.actor_id, event.actor_kind.as_str()) {
        (Some(id), "staff") => match names.get(&id) {
            Some(name) => (*name).to_owned(),
            None => t.with("compliance-unknown-staff", "id", short(id)),
        },
        (_, kind) => t.say(&format!("compliance-who-{kind}")),
    }
}

fn kind_text(t: Text, word: &str) -> String {
    t.say(&format!("compliance-kind-{}", word.replace('.', "-")))
}

/// "Refused: wrong value". A word without a sentence of its own is shown as it stands.
fn outcome_text(t: Text, outcome: &str, why: &str) -> String {
    let outcome = t.say(&format!("compliance-outcome-{outcome}"));
    if why.is_empty() {
        return outcome;
    }
    let name = format!("compliance-why-{why}");
    let why = if t.has(&name) { t.say(&name) } else { why.replace('_', " ") };
    t.with2("compliance-outcome-why", "outcome", outcome, "why", why)
}

fn people(t: Text, asked: &Asked, people: &[Person]) -> Vec<Choice> {
    let parties = ActorKind::ALL.iter().filter(|kind| **kind != ActorKind::Staff).map(|kind| kind.word());
    let mut all = choices(&asked.person, parties, |word| t.say(&format!("compliance-who-{word}")));
    all.extend(people.iter().map(|person| {
        let value = person.id.to_string();
        Choice { selected: asked.person == value, label: format!("{} ({})", person.name, person.email), value }
    }));
    all
}

fn choices(asked: &str, words: impl Iterator<Item = &'static str>, label: impl Fn(&str) -> String) -> Vec<Choice> {
    words.map(|word| Choice { value: word.to_owned(), label: label(word), selected: asked == word }).collect()
}

/// An address with a search in it: ids, words and times, never a name (WEB-04).
pub(super) fn address(path: &str, asked: &Asked) -> String {
    let parts = [
        ("from", &asked.from),
        ("until", &asked.until),
        ("person", &asked.person),
        ("patient", &asked.patient),
        ("kind", &asked.kind),
        ("outcome", &asked.outcome),
        ("sort", &asked.sort),
        ("order", &asked.order),
        ("after", &asked.after),
        ("format", &asked.format),
    ];
    let given: Vec<_> = parts.iter().filter(|(_, value)| !value.is_empty()).collect();
    match serde_urlencoded::to_string(given) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}
