//! The pages on which staff sign in, set a password, stay signed in, and sign out.

use super::accounts::{self, SetPasswordError};
use super::extract::{self, AnyStaff, COOKIE};
use super::password::{CHARS_MIN, Weakness};
use super::sign_in::{self, Attempt, SignInError};
use crate::app::App;
use crate::secret::Secret;
use crate::text::Text;
use crate::time::Timestamp;
use crate::web::{self, Error, Page, StatusCode, csrf};
use actix_web::http::header::{self, ContentType};
use actix_web::web::{Bytes, Json, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", get().to(home))
        .route("/sign-in", get().to(sign_in_page))
        .route("/sign-in", post().to(sign_in))
        .route("/sign-in/again", post().to(sign_in_again))
        .route("/sign-out", post().to(sign_out))
        .route("/session", get().to(session))
        .route("/session/touch", post().to(touch))
        .route("/set-password", get().to(set_password_page))
        .route("/set-password", post().to(set_password));
}

/// The first page of whoever is signed in.
async fn home(staff: AnyStaff) -> HttpResponse {
    web::see_other(staff.member.role.home())
}

// Sign in and out ---------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "staff/sign_in.html")]
struct SignInPage {
    page: Page,
    email: String,
    wrong: Option<String>,
    done: Option<String>,
}

#[derive(Deserialize)]
struct SignInForm {
    email: String,
    password: Secret<String>,
}

async fn sign_in_page(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    if extract::looked_at(&request).await.is_ok() {
        return Ok(web::see_other("/"));
    }
    let page = Page::public(&app, &request);
    let done = (request.query_string() == "set").then(|| page.t.say("staff-password-was-set"));
    web::html(&SignInPage { page, email: String::new(), wrong: None, done })
}

async fn sign_in(app: App, _: csrf::SameOrigin, request: HttpRequest, body: Bytes) -> web::Result<HttpResponse> {
    let form: SignInForm = read(&body)?;
    let context = web::context::of(&app, &request);
    let before = cookie(&app, &request);
    let attempt = Attempt { email: &form.email, password: &form.password, before: before.as_deref(), again: false };
    match sign_in::sign_in(&app, &context, attempt).await {
        Ok((_, token)) => {
            let mut response = web::see_other("/");
            set_cookie(&app, &mut response, &token)?;
            Ok(response)
        }
        Err(SignInError::Wrong) => {
            try_again(Page::public(&app, &request), form.email, StatusCode::UNPROCESSABLE_ENTITY, |t| t.say("staff-sign-in-wrong"))
        }
        Err(SignInError::Wait { until }) => {
            let minutes = minutes_until(&app, until);
            let wait = |t: Text| minutes.map_or_else(|| t.say("staff-sign-in-locked"), |n| t.count("staff-sign-in-wait", "minutes", n));
            let mut response = try_again(Page::public(&app, &request), form.email, StatusCode::TOO_MANY_REQUESTS, wait)?;
            let seconds = minutes.unwrap_or(24 * 60) * 60;
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

fn try_again(page: Page, email: String, status: StatusCode, sentence: impl Fn(Text) -> String) -> web::Result<HttpResponse> {
    let wrong = Some(sentence(page.t));
    form_again(&SignInPage { page, email, wrong, done: None }, status)
}

/// For a page that must not be left: it asks for the password in place and goes on.
async fn sign_in_again(app: App, _: csrf::SameOrigin, request: HttpRequest, form: Json<SignInForm>) -> web::Result<HttpResponse> {
    let context = web::context::of(&app, &request);
    let before = cookie(&app, &request);
    let attempt = Attempt { email: &form.email, password: &form.password, before: before.as_deref(), again: true };
    match sign_in::sign_in(&app, &context, attempt).await {
        Ok((_, token)) => {
            let mut response = HttpResponse::Ok().json(json!({ "ok": true, "csrf": app.keys.form_token(token.reveal()) }));
            set_cookie(&app, &mut response, &token)?;
            Ok(response)
        }
        Err(SignInError::Wrong) => Ok(HttpResponse::UnprocessableEntity().json(json!({ "ok": false }))),
        Err(SignInError::Wait { until }) => {
            let seconds = minutes_until(&app, until).unwrap_or(24 * 60) * 60;
            Ok(HttpResponse::TooManyRequests()
                .insert_header((header::RETRY_AFTER, seconds))
                .json(json!({ "ok": false, "seconds": seconds })))
        }
        Err(error) => Err(error.into()),
    }
}

async fn sign_out(app: App, staff: AnyStaff, _: csrf::Token) -> web::Result<HttpResponse> {
    sign_in::sign_out(&app, &staff.context, &staff.standing()).await?;
    let mut response = web::see_other("/sign-in");
    response.add_cookie(&web::cookies::forget(app.config.secure(), COOKIE)).map_err(anyhow::Error::from)?;
    Ok(response)
}

/// Whole minutes to wait, or nothing when waiting does not help.
fn minutes_until(app: &App, until: Timestamp) -> Option<i64> {
    const LONGEST: i64 = 24 * 60;
    let minutes = (until - app.now()).0.div_euclid(60_000) + 1;
    (minutes <= LONGEST).then_some(minutes)
}

// Staying signed in -------------------------------------------------------------------------------------------------

/// How long the session stands. A page asks by itself, so it is no sign of life.
async fn session(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    let staff = extract::looked_at(&request).await?;
    Ok(HttpResponse::Ok().json(json!({ "seconds": staff.seconds_left(&app) })))
}

/// "Stay signed in."
async fn touch(app: App, staff: AnyStaff, _: csrf::Token) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "seconds": staff.seconds_left(&app) }))
}

// Set a password ----------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "staff/set_password.html")]
struct SetPasswordPage {
    page: Page,
    code: Secret<String>,
    wrong_code: Option<String>,
    wrong_password: Option<String>,
    chars_min: i64,
}

#[derive(Deserialize)]
struct SetPasswordForm {
    code: Secret<String>,
    password: Secret<String>,
    again: Secret<String>,
}

async fn set_password_page(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    web::html(&SetPasswordPage::empty(&app, &request))
}

async fn set_password(app: App, _: csrf::SameOrigin, request: HttpRequest, body: Bytes) -> web::Result<HttpResponse> {
    let form: SetPasswordForm = read(&body)?;
    let mut again = SetPasswordPage { code: form.code.clone(), ..SetPasswordPage::empty(&app, &request) };
    if form.password != form.again {
        again.wrong_password = Some(again.page.t.say("staff-password-differs"));
        return form_again(&again, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let context = web::context::of(&app, &request);
    match accounts::set_password_with_code(&app, &context, form.code.reveal(), &form.password).await {
        Ok(()) => Ok(web::see_other("/sign-in?set")),
        Err(SetPasswordError::Code) => {
            again.wrong_code = Some(again.page.t.say("staff-code-wrong"));
            form_again(&again, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(SetPasswordError::Weak(weakness)) => {
            again.wrong_password = Some(again.page.t.say(sentence(weakness)));
            form_again(&again, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => Err(error.into()),
    }
}

impl SetPasswordPage {
    fn empty(app: &App, request: &HttpRequest) -> Self {
        let code = Secret::new(String::new());
        let page = Page::for_staff(&app.config.clinic, &app.config.clinic.language);
        web::language::settle(request, page.t);
        Self { page, code, wrong_code: None, wrong_password: None, chars_min: CHARS_MIN }
    }
}

fn sentence(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::TooShort => "staff-password-too-short",
        Weakness::TooLong => "staff-password-too-long",
        Weakness::Common => "staff-password-common",
        Weakness::Personal => "staff-password-personal",
    }
}

// Shared ------------------------------------------------------------------------------------------------------------

fn cookie(app: &App, request: &HttpRequest) -> Option<String> {
    web::cookies::read(request, app.config.secure(), COOKIE)
}

fn set_cookie(app: &App, response: &mut HttpResponse, token: &Secret<String>) -> web::Result<()> {
    let cookie = web::cookies::session(app.config.secure(), COOKIE, token.reveal());
    Ok(response.add_cookie(&cookie).map_err(anyhow::Error::from)?)
}

/// The fields of a form that comes before a session.
fn read<T: DeserializeOwned>(body: &Bytes) -> web::Result<T> {
    serde_urlencoded::from_bytes(body).map_err(|_| Error::Invalid)
}

/// The form once more, with what is wrong beside it.
pub(super) fn form_again(template: &impl Template, status: StatusCode) -> web::Result<HttpResponse> {
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(template.render()?))
}

impl From<SignInError> for Error {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Database(error) => error.into(),
            other => Error::Unavailable(other.into()),
        }
    }
}

impl From<SetPasswordError> for Error {
    fn from(error: SetPasswordError) -> Self {
        match error {
            SetPasswordError::Database(error) => error.into(),
            other => Error::Unavailable(other.into()),
        }
    }
}
