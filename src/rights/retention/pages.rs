//! `/retention`: how long things are kept, what is due, and legal holds.

use super::model::{Hold, Signs};
use crate::app::App;
use crate::compliance;
use crate::ids::{CaseId, PatientId, RequestKey};
use crate::patients;
use crate::rights::cases::Entered;
use crate::rights::typed::text;
use crate::staff::ComplianceOfficer;
use crate::text::Text;
use crate::web::csrf::Form;
use crate::web::form::{Problems, Wrongs};
use crate::web::{self, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::web::{Path, ServiceConfig, get, post};
use askama::Template;
use serde::Deserialize;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/retention", get().to(show)).route("/retention/holds", post().to(place)).route("/holds/{id}/lift", post().to(lift));
}

#[derive(Template)]
#[template(path = "rights/retention.html")]
struct RetentionPage {
    page: Page,
    keeps: String,
    due: String,
    rows: Vec<Row>,
    typed: Placing,
    wrongs: Wrongs,
}

struct Row {
    id: CaseId,
    of: String,
    lines: Vec<String>,
    stands: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Placing {
    request_key: String,
    patient: String,
    why: String,
}

async fn show(app: App, officer: ComplianceOfficer) -> web::Result<HttpResponse> {
    html(&retention_page(&app, &officer, Placing::default(), Wrongs::default()).await?)
}

async fn place(app: App, officer: ComplianceOfficer, form: Form<Placing>) -> web::Result<HttpResponse> {
    let (typed, mut problems) = (form.0, Problems::default());
    let why = text("why", &typed.why, &mut problems);
    let patient = match typed.patient.trim() {
        "" => Some(None),
        id => match id.parse::<PatientId>() {
            Ok(id) if patients::exists(&app, id).await? => Some(Some(id)),
            _ => {
                problems.note("patient", "rights-patient-unknown");
                None
            }
        },
    };
    let key: Option<RequestKey> = typed.request_key.parse().map_err(|_| problems.note("why", "rights-problem-form")).ok();
    match problems.unless(key.zip(patient.zip(why))) {
        Ok((key, (patient, why))) => {
            super::hold(&app, &officer.context, patient, key, why).await?;
            Ok(see_other("/retention"))
        }
        Err(problems) => again(&app, &officer, typed, &problems).await,
    }
}

async fn lift(app: App, officer: ComplianceOfficer, id: Path<CaseId>, form: Form<Placing>) -> web::Result<HttpResponse> {
    let mut problems = Problems::default();
    let Some(why) = text("lift", &form.0.why, &mut problems) else { return again(&app, &officer, Placing::default(), &problems).await };
    if super::lift(&app, &officer.context, *id, why).await? {
        return Ok(see_other("/retention"));
    }
    let wrongs = Wrongs::one("holds", officer.page(&app).t.say("rights-hold-lifted-before"));
    html_with(StatusCode::CONFLICT, &retention_page(&app, &officer, Placing::default(), wrongs).await?)
}

async fn again(app: &App, officer: &ComplianceOfficer, typed: Placing, problems: &Problems) -> web::Result<HttpResponse> {
    let wrongs = Wrongs::say(officer.page(app).t, problems);
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &retention_page(app, officer, typed, wrongs).await?)
}

async fn retention_page(app: &App, officer: &ComplianceOfficer, typed: Placing, wrongs: Wrongs) -> web::Result<RetentionPage> {
    let (page, years) = (officer.page(app), app.config.retention.log_years);
    let (t, people) = (page.t, compliance::everybody(app).await?);
    let holds = super::holds(app, &officer.context).await?;
    let line = |entered: &Entered<Hold>| {
        let who = people.iter().find(|person| person.id == entered.by).map(|person| person.name.as_str()).unwrap_or_default();
        let (name, why) = match &entered.entry {
            Hold::Placed { why } => ("rights-hold-placed", why),
            Hold::Lifted { why } => ("rights-hold-lifted", why),
        };
        t.with_all(name, &[("at", &t.when(entered.at, officer.member.zone)), ("who", &who), ("why", why)])
    };
    let rows = holds.iter().map(|(case, entries)| Row {
        id: case.id,
        of: case.patient.map_or_else(|| t.say("rights-hold-everything"), |patient| t.with("rights-record-of", "id", patient)),
        lines: entries.iter().map(line).collect(),
        stands: entries.len() == 1,
    });
    Ok(RetentionPage {
        keeps: t.with("rights-retention-keeps", "years", years),
        due: due(t, super::signs(app).await?, years),
        rows: rows.collect(),
        typed: Placing { request_key: RequestKey::new(&app.rng).to_string(), ..typed },
        wrongs,
        page,
    })
}

fn due(t: Text, signs: Signs, years: u32) -> String {
    match signs.cutoff(years) {
        Some(until) => t.with("rights-retention-due", "date", until.utc().format("%Y-%m-%d")),
        None => t.say("rights-retention-too-young"),
    }
}
