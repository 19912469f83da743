//! `GET` and `PUT /visits/{id}/note`: JSON for the script beside the call, a page of its own for a browser that goes there.

use super::{BODY_BYTES_MAX, Draft, Saved};
use crate::app::App;
use crate::ids::VisitId;
use crate::staff::Clinician;
use crate::web::{self, Page, csrf};
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Path, PayloadConfig, ServiceConfig, get, put, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Serialize;

/// The routes of the note.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/visits/{id}/note").app_data(PayloadConfig::new(BODY_BYTES_MAX)).route(get().to(show)).route(put().to(save)));
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    version: i64,
}

/// The note on a page of its own.
#[derive(Template)]
#[template(path = "records/note.html")]
struct NotePage<'a> {
    page: Page,
    url: String,
    text: &'a str,
    version: i64,
}

async fn show(app: App, clinician: Clinician, visit: Path<VisitId>, request: HttpRequest) -> web::Result<HttpResponse> {
    let note = super::read(&app, &clinician, *visit).await?;
    let text = note.text.reveal();
    let mut answer = if wants_page(&request) {
        web::html(&NotePage { page: clinician.page(&app), url: format!("/visits/{visit}/note"), text, version: note.version })?
    } else {
        HttpResponse::Ok().json(Answer { text: Some(text), version: note.version })
    };
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    Ok(answer)
}

async fn save(app: App, clinician: Clinician, visit: Path<VisitId>, draft: csrf::Json<Draft>) -> web::Result<HttpResponse> {
    Ok(match super::save(&app, &clinician, *visit, &draft.0).await? {
        Saved::As(version) => HttpResponse::Ok().json(Answer { text: None, version }),
        // Without the other text: whoever may see it asks for it, and that is an event.
        Saved::Stale(version) => HttpResponse::Conflict().json(Answer { text: None, version }),
    })
}

/// A browser that navigates asks for HTML; a script asks for JSON.
fn wants_page(request: &HttpRequest) -> bool {
    request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}
