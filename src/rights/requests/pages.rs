//! `/requests/{id}`: one request with its clock, what is entered about it, and the copy that was given.

use super::model::{Request, Step};
use super::{accountings_given, given, is_free};
use crate::app::App;
use crate::compliance;
use crate::ids::{CaseId, PatientId};
use crate::rights::cases::NotEntered;
use crate::rights::cases::{CaseKind, Entered, Entry as _};
use crate::rights::disclosures::{self, Line, since, standing};
use crate::rights::typed::{date, text};
use crate::staff::ComplianceOfficer;
use crate::text::Text;
use crate::web::csrf::Form;
use crate::web::form::{Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Path, ServiceConfig, get, post};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/requests/{id}", get().to(show))
        .route("/requests/{id}/entries", post().to(enter))
        .route("/requests/{id}/copy", get().to(copy));
}

#[derive(Template)]
#[template(path = "rights/request.html")]
struct RequestPage {
    page: Page,
    id: CaseId,
    patient: String,
    kind: String,
    is_accounting: bool,
    request: Request,
    state: String,
    late: bool,
    cost: String,
    entries: Vec<EntryLine>,
    typed: Entry,
    wrongs: Wrongs,
}

struct EntryLine {
    at: String,
    who: String,
    title: String,
    facts: Vec<(String, String)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    entry: String,
    after: i64,
    on: String,
    why: String,
    title: String,
}

/// The accounting as the patient gets it: it stands alone, as a file.
#[derive(Template)]
#[template(path = "rights/accounting_paper.html")]
struct Accounting<'a> {
    t: Text,
    clinic: &'a str,
    phone: &'a str,
    patient: String,
    asked: NaiveDate,
    since: NaiveDate,
    given: NaiveDate,
    title: &'a str,
    lines: Vec<Line>,
}

impl Accounting<'_> {
    /// "3 times, last on ..."; nothing where it happened once.
    fn repeats(&self, line: &Line) -> String {
        if line.count < 2 { String::new() } else { self.t.with2("rights-accounting-repeats", "count", line.count, "last", line.last) }
    }
}

async fn show(app: App, officer: ComplianceOfficer, id: Path<CaseId>) -> web::Result<HttpResponse> {
    html(&request_page(&app, &officer, *id, Entry::default(), Wrongs::default()).await?)
}

async fn enter(app: App, officer: ComplianceOfficer, id: Path<CaseId>, form: Form<Entry>) -> web::Result<HttpResponse> {
    let (typed, t) = (form.0, officer.page(&app).t);
    let step = match step(&app, &officer, *id, &typed).await? {
        Ok(step) => step,
        Err(problems) => {
            let page = request_page(&app, &officer, *id, typed, Wrongs::say(t, &problems)).await?;
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let sentence = match super::enter(&app, &officer.context, *id, typed.after, &step).await {
        Ok(()) => return Ok(see_other(&format!("/requests/{id}"))),
        Err(NotEntered::Error(error)) => return Err(error),
        Err(NotEntered::Rule(sentence)) => sentence,
        Err(NotEntered::Stale) => "rights-stale",
    };
    let wrongs = Wrongs::one("entries", t.say(sentence));
    html_with(StatusCode::CONFLICT, &request_page(&app, &officer, *id, typed, wrongs).await?)
}

/// The copy that the patient got.
async fn copy(app: App, officer: ComplianceOfficer, id: Path<CaseId>) -> web::Result<HttpResponse> {
    let (_, request, _) = super::read(&app, &officer.context, *id).await?;
    let copy = request.copy.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"accounting-of-disclosures.html\""))
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(copy))
}

/// What a form enters. The answer to a request for an accounting is the accounting of this moment.
async fn step(app: &App, officer: &ComplianceOfficer, id: CaseId, typed: &Entry) -> web::Result<Result<Step, Problems>> {
    let (today, mut problems) = (app.config.clinic.zone.today(app.now()), Problems::default());
    let step = match typed.entry.as_str() {
        "extended" => {
            let (on, why) = (date("on", &typed.on, today, &mut problems), text("why", &typed.why, &mut problems));
            on.zip(why).map(|(on, why)| Step::Extended { on, why })
        }
        "declined" => {
            let (title, why) = (text("title", &typed.title, &mut problems), text("why", &typed.why, &mut problems));
            title.zip(why).map(|(title, why)| Step::Declined { on: today, title, why })
        }
        "given" => match text("title", &typed.title, &mut problems) {
            Some(title) => Some(account(app, officer, id, today, title).await?),
            None => None,
        },
        _ => {
            problems.note("entries", "rights-problem-form");
            None
        }
    };
    Ok(problems.unless(step))
}

async fn account(app: &App, officer: &ComplianceOfficer, id: CaseId, today: NaiveDate, title: String) -> web::Result<Step> {
    let (case, request, _) = super::read(app, &officer.context, id).await?;
    let patient = case.patient.filter(|_| case.kind == CaseKind::Accounting).ok_or(Error::NotFound)?;
    let lines = disclosures::account(app, &officer.context, patient, request.asked).await?;
    let before = accountings_given(app, &officer.context, patient).await?;
    let paper = Accounting {
        t: officer.page(app).t,
        clinic: &app.config.clinic.name,
        phone: &app.config.clinic.phone,
        patient: patient.to_string(),
        asked: request.asked,
        since: since(request.asked),
        given: today,
        title: &title,
        lines,
    }
    .render()?;
    Ok(given(today, title, is_free(request.asked, &before), &paper, true))
}

async fn request_page(app: &App, officer: &ComplianceOfficer, id: CaseId, typed: Entry, wrongs: Wrongs) -> web::Result<RequestPage> {
    let (case, request, entries) = super::read(app, &officer.context, id).await?;
    let (page, people) = (officer.page(app), compliance::everybody(app).await?);
    let t = page.t;
    let (state, late) = standing(t, &request, app.config.clinic.zone.today(app.now()));
    let patient = case.patient.unwrap_or(PatientId::NOBODY);
    let is_accounting = case.kind == CaseKind::Accounting;
    let cost = if is_accounting && request.is_open() {
        let free = is_free(request.asked, &accountings_given(app, &officer.context, patient).await?);
        t.say(if free { "rights-cost-free" } else { "rights-cost-may" })
    } else {
        String::new()
    };
    let line = |entered: &Entered<Step>| EntryLine {
        at: t.when(entered.at, officer.member.zone),
        who: people.iter().find(|person| person.id == entered.by).map(|person| person.name.clone()).unwrap_or_default(),
        title: t.say(&format!("rights-request-step-{}", entered.entry.word())),
        facts: facts(t, &entered.entry),
    };
    Ok(RequestPage {
        id,
        patient: patient.to_string(),
        kind: t.say(&format!("rights-kind-{}", case.kind.word())),
        is_accounting,
        state,
        late,
        cost,
        entries: entries.iter().map(line).collect(),
        typed: Entry { after: request.n, ..typed },
        request,
        wrongs,
        page,
    })
}

/// What was entered, label by label.
fn facts(t: Text, step: &Step) -> Vec<(String, String)> {
    let fact = |label: &str, value: &dyn ToString| (t.say(label), value.to_string());
    match step {
        Step::Asked { on, how } => vec![fact("rights-on", on), fact("rights-request-how", how)],
        Step::Extended { on, why } => vec![fact("rights-on", on), fact("rights-request-why", why)],
        Step::Given { on, title, free, sha256, .. } => {
            let cost = t.say(if *free { "rights-cost-free" } else { "rights-cost-may" });
            vec![
                fact("rights-on", on),
                fact("rights-request-title", title),
                fact("rights-request-cost", &cost),
                fact("rights-request-hash", sha256),
            ]
        }
        Step::Declined { on, title, why } => {
            vec![fact("rights-on", on), fact("rights-request-title", title), fact("rights-request-why-not", why)]
        }
    }
}
