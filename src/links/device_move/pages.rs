//! The pages of a device that asks: it waits, looks again by itself, and goes to the visit when it may.

use super::model::{AnsweredBy, MoveAnswer, Progress};
use super::{PickUp, answer, pick_up as pick, progress};
use crate::app::App;
use crate::links::PatientVisit;
use crate::links::pages::{is_json, opened, see, try_code, try_token};
use crate::links::redeem::Wish;
use crate::secret::Secret;
use crate::web::csrf::{Form, SameOrigin};
use crate::web::{self, Page, cookies, html};
use actix_web::cookie::time::Duration;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde_json::json;

/// Where a device waits for its answer.
pub const WAITING: &str = "/v/device-move";
/// The cookie with the secret of the one request that a browser makes at a time.
const COOKIE: &str = "device-move";
/// It outlives a request and its answer.
const COOKIE_MINUTES: i64 = 30;

#[derive(Template)]
#[template(path = "links/device_move.html")]
struct WaitingPage {
    page: Page,
    progress: &'static str,
}

/// `POST /v/device-move`: "Move here", with a token from a script or a code from a form. Answered like any other try.
pub async fn ask(app: App, request: HttpRequest, _: SameOrigin, body: Bytes) -> web::Result<HttpResponse> {
    if is_json(&request) {
        return try_token(&app, &request, &body, Wish::MoveHere).await;
    }
    try_code(&app, &request, &body, Wish::MoveHere).await
}

/// The answer to a device that may wait: its secret goes into a cookie and nowhere else.
pub fn asked(app: &App, mut response: HttpResponseBuilder, secret: &Secret<String>) -> HttpResponseBuilder {
    let mut cookie = cookies::session(app.config.secure(), COOKIE, secret.reveal());
    cookie.set_max_age(Duration::minutes(COOKIE_MINUTES));
    response.cookie(cookie);
    response
}

/// `GET /v/device-move`. Reading it changes nothing.
pub async fn waiting(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    let progress = match secret(&app, &request) {
        Some(secret) => progress(&app, &secret).await?,
        None => Progress::Over,
    };
    html(&WaitingPage { page: Page::public(&app, &request), progress: progress.word() })
}

/// `POST /v/device-move/pickup`: "May I come in?", asked again and again. The one yes gives the visit's cookie.
pub async fn pick_up(app: App, request: HttpRequest, _: SameOrigin) -> web::Result<HttpResponse> {
    let (by_script, context) = (is_json(&request), web::context::of(&app, &request));
    match pick(&app, &context, &secret(&app, &request).unwrap_or_default()).await? {
        PickUp::Not(progress) if by_script => Ok(HttpResponse::Ok().json(json!({ "result": progress.word() }))),
        PickUp::Not(_) => Ok(see(WAITING).finish()),
        PickUp::Done { visit, session } => {
            let to = format!("/visits/{visit}");
            let mut response = if by_script { HttpResponse::Ok() } else { see(&to) };
            response.cookie(cookies::forget(app.config.secure(), COOKIE));
            let mut response = opened(&app, response, visit, Some(session));
            Ok(if by_script { response.json(json!({ "result": "open", "to": to })) } else { response.finish() })
        }
    }
}

/// `POST /visits/{id}/handover`: what the person at the device that has the visit says.
pub async fn hand_over(app: App, patient: PatientVisit, form: Form<MoveAnswer>) -> web::Result<HttpResponse> {
    answer(&app, &patient.context, patient.visit, &form.0, AnsweredBy::OldDevice).await?;
    Ok(HttpResponse::Ok().json(json!({ "ok": true })))
}

fn secret(app: &App, request: &HttpRequest) -> Option<String> {
    cookies::read(request, app.config.secure(), COOKIE)
}
