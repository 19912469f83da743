//! `/copies`: a clinician's page of records that patients have asked for, and the files.

use super::RecordSet;
use crate::app::App;
use crate::audit::{Event, Kind};
use crate::ids::{CaseId, PatientId};
use crate::patients;
use crate::rights::cases::NotEntered;
use crate::rights::disclosures::standing;
use crate::rights::requests;
use crate::rights::typed::text;
use crate::staff::Clinician;
use crate::text::Text;
use crate::web::csrf::Form;
use crate::web::form::{Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Path, Query, ServiceConfig, get, post};
use askama::Template;
use serde::Deserialize;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/copies", get().to(list)).route("/copies/{id}/file", get().to(file)).route("/copies/{id}/handover", post().to(hand_over));
}

#[derive(Template)]
#[template(path = "rights/copies.html")]
struct CopiesPage {
    page: Page,
    rows: Vec<Row>,
    wrongs: Wrongs,
}

struct Row {
    id: CaseId,
    name: String,
    state: String,
    late: bool,
    n: i64,
}

/// The record to read: it stands alone, as a file.
#[derive(Template)]
#[template(path = "rights/record_set_paper.html")]
struct Paper<'a> {
    t: Text,
    set: &'a RecordSet,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    format: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct HandOver {
    title: String,
    after: i64,
}

async fn list(app: App, clinician: Clinician) -> web::Result<HttpResponse> {
    html(&copies(&app, &clinician, Wrongs::default()).await?)
}

async fn file(app: App, clinician: Clinician, id: Path<CaseId>, wanted: Query<Wanted>) -> web::Result<HttpResponse> {
    let (format, kind) = match wanted.format.as_str() {
        "html" => ("html", "text/html; charset=utf-8"),
        "json" => ("json", "application/json"),
        _ => return Err(Error::Invalid),
    };
    let (case, patient) = super::request(&app, &clinician.context, clinician.member.id, *id).await?;
    let set = super::collect(&app, &clinician.context, &case, patient, format).await?;
    let body = if format == "json" { json(&set)? } else { Paper { t: clinician.page(&app).t, set: &set }.render()? };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"record.{format}\"")))
        .insert_header((header::CONTENT_TYPE, kind))
        .body(body))
}

/// The patient has got it. What is kept is the hash of the JSON: the same record again gives the same.
async fn hand_over(app: App, clinician: Clinician, id: Path<CaseId>, form: Form<HandOver>) -> web::Result<HttpResponse> {
    let (typed, t, mut problems) = (form.0, clinician.page(&app).t, Problems::default());
    let Some(title) = text("title", &typed.title, &mut problems) else {
        return html_with(StatusCode::UNPROCESSABLE_ENTITY, &copies(&app, &clinician, Wrongs::say(t, &problems)).await?);
    };
    let (case, patient) = super::request(&app, &clinician.context, clinician.member.id, *id).await?;
    let set = super::collect(&app, &clinician.context, &case, patient, "hash").await?;
    let given = requests::given(app.config.clinic.zone.today(app.now()), title, true, &json(&set)?, false);
    match requests::enter(&app, &clinician.context, *id, typed.after, &given).await {
        Ok(()) => Ok(see_other("/copies")),
        Err(NotEntered::Error(error)) => Err(error),
        Err(NotEntered::Rule(_) | NotEntered::Stale) => Err(Error::Conflict),
    }
}

fn json(set: &RecordSet) -> web::Result<String> {
    serde_json::to_string_pretty(set).map_err(|error| Error::Internal(error.into()))
}

async fn copies(app: &App, clinician: &Clinician, wrongs: Wrongs) -> web::Result<CopiesPage> {
    let waiting = super::waiting(app, &clinician.context, clinician.member.id).await?;
    let ids: Vec<PatientId> = waiting.iter().filter_map(|(case, _)| case.patient).collect();
    let event = Event::done(Kind::PatientRead).about_all(ids.iter().copied()).with("fields", crate::audit::Fact::Words(vec!["name"]));
    let access = app.log.access(&clinician.context, event).await?;
    let names = patients::names(app, &access, &ids).await?;
    let page = clinician.page(app);
    let today = app.config.clinic.zone.today(app.now());
    let rows = waiting.into_iter().map(|(case, request)| {
        let (state, late) = standing(page.t, &request, today);
        let name = case.patient.and_then(|patient| names.get(&patient)).map(|name| name.reveal().clone()).unwrap_or_default();
        Row { id: case.id, name, state, late, n: request.n }
    });
    Ok(CopiesPage { rows: rows.collect(), wrongs, page })
}
