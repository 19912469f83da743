//! The pages behind a link. Reading one changes nothing, however often a mail scanner does (LNK-03); what changes
//! something is a POST from our own page with a value that a person typed (LNK-04).

use super::model::Check;
use super::redeem::{Answer, Wish, redeem};
use super::undelivered;
use super::{ask_for_link, cookie_name, device_move, join_index};
use crate::app::App;
use crate::config::CheckPolicy;
use crate::crypto::token;
use crate::ids::VisitId;
use crate::secret::Secret;
use crate::text::Text;
use crate::web::csrf::SameOrigin;
use crate::web::{self, Page, StatusCode};
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use actix_web::http::header::{self, ContentType};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

/// How long a browser keeps a visit's cookie. Higher: a browser that is killed in a long visit comes back. The server ends
/// the session itself much earlier.
const COOKIE_HOURS: i64 = 12;

#[derive(Template)]
#[template(path = "links/link.html")]
struct LinkPage {
    page: Page,
    field: CheckField,
}

#[derive(Template)]
#[template(path = "links/join.html")]
struct JoinPage {
    page: Page,
    field: CheckField,
    problem: Option<String>,
    code: String,
    sent: bool,
    /// The visit is open on another device: "Move here" is offered.
    elsewhere: bool,
    over: bool,
}

/// The field for the value. It is the clinic's policy that it shows, and nothing of a visit.
struct CheckField {
    label: String,
    hint: String,
    autocomplete: &'static str,
}

impl CheckField {
    fn of(app: &App, t: Text) -> Self {
        match app.config.links.check {
            CheckPolicy::DateOfBirth => {
                Self { label: t.say("links-date-of-birth"), hint: t.say("links-date-of-birth-hint"), autocomplete: "bday" }
            }
            CheckPolicy::VisitCode => Self { label: t.say("links-visit-code"), hint: t.say("links-visit-code-hint"), autocomplete: "off" },
        }
    }
}

/// `GET /v`: the same page for everyone.
pub async fn link(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    let page = Page::public(&app, &request);
    web::html(&LinkPage { field: CheckField::of(&app, page.t), page })
}

/// `GET /join`.
pub async fn join(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    web::html(&JoinPage::new(&app, &request, String::new()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redemption {
    token: Secret<String>,
    check: Secret<String>,
}

/// `POST /v/redemption`.
pub async fn redemption(app: App, request: HttpRequest, _: SameOrigin, body: Bytes) -> web::Result<HttpResponse> {
    try_token(&app, &request, &body, Wish::Open).await
}

/// A token and a value, as the link page's script sends them.
pub(super) async fn try_token(app: &App, request: &HttpRequest, body: &[u8], wish: Wish) -> web::Result<HttpResponse> {
    let asked: Option<Redemption> = serde_json::from_slice(body).ok();
    let order = web::language::of(app, request).date_order();
    let check = asked.as_ref().and_then(|asked| Check::read(asked.check.reveal(), order));
    let (Some(asked), Some(check)) = (asked, check) else {
        return Ok(HttpResponse::BadRequest().json(json!({ "result": "unreadable" })));
    };
    let (context, key) = (web::context::of(app, request), token_key(app, asked.token.reveal()).await?);
    Ok(match redeem(app, &context, &key, &check, wish, held(app, request)).await? {
        Answer::No => HttpResponse::UnprocessableEntity().json(json!({ "result": "no" })),
        Answer::Reason(why) => {
            let t = web::language::of_patient(app, request, &why.language);
            let (word, text) = (why.word, why.sentence(t));
            HttpResponse::Ok().json(json!({ "result": "reason", "reason": word, "text": text, "lang": t.language() }))
        }
        Answer::Open { visit, token } => {
            opened(app, HttpResponse::Ok(), visit, token).json(json!({ "result": "open", "to": format!("/visits/{visit}") }))
        }
        Answer::Asked { secret } => device_move::pages::asked(app, HttpResponse::Ok(), &secret)
            .json(json!({ "result": "asked", "to": device_move::pages::WAITING })),
    })
}

#[derive(Deserialize)]
struct JoinForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    check: Secret<String>,
}

/// `POST /join`: the same without script.
pub async fn join_by_code(app: App, request: HttpRequest, _: SameOrigin, body: Bytes) -> web::Result<HttpResponse> {
    try_code(&app, &request, &body, Wish::Open).await
}

/// A code and a value, as the form at `/join` sends them.
pub(super) async fn try_code(app: &App, request: &HttpRequest, body: &[u8], wish: Wish) -> web::Result<HttpResponse> {
    let form: JoinForm = serde_urlencoded::from_bytes(body).map_err(|_| web::Error::Invalid)?;
    web::kept::keep(request, vec![("code".to_owned(), form.code.clone()), ("check".to_owned(), form.check.reveal().clone())]);
    let problem = |code: String, sentence: String| JoinPage { problem: Some(sentence), ..JoinPage::new(app, request, code) };
    let t = web::language::of(app, request);
    let Some(code) = token::read_join_code(&form.code) else {
        return problem(form.code, t.say("links-server-code-unreadable")).respond(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let Some(check) = Check::read(form.check.reveal(), t.date_order()) else {
        return problem(form.code, t.say("links-js-unreadable")).respond(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let context = web::context::of(app, request);
    match redeem(app, &context, &join_index(app, &code), &check, wish, held(app, request)).await? {
        Answer::No => problem(form.code, t.say("links-js-no")).respond(StatusCode::UNPROCESSABLE_ENTITY),
        Answer::Reason(why) => {
            let sentence = why.sentence(web::language::of_patient(app, request, &why.language));
            JoinPage { elsewhere: why.word == "elsewhere", over: why.is_for_good(), ..problem(form.code, sentence) }.respond(StatusCode::OK)
        }
        Answer::Open { visit, token } => Ok(opened(app, see(&format!("/visits/{visit}")), visit, token).finish()),
        Answer::Asked { secret } => Ok(device_move::pages::asked(app, see(device_move::pages::WAITING), &secret).finish()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLinkWish {
    token: Secret<String>,
}

/// `POST /v/links`: "Send a new link". The answer is always the same (LNK-07).
pub async fn new_link(app: App, request: HttpRequest, _: SameOrigin, body: Bytes) -> web::Result<HttpResponse> {
    let context = web::context::of(&app, &request);
    if is_json(&request) {
        let wish: NewLinkWish = serde_json::from_slice(&body).map_err(|_| web::Error::Invalid)?;
        ask_for_link(&app, &context, &token_key(&app, wish.token.reveal()).await?).await?;
        return Ok(HttpResponse::Ok().json(json!({ "result": "sent" })));
    }
    let form: JoinForm = serde_urlencoded::from_bytes(&body).map_err(|_| web::Error::Invalid)?;
    let Some(code) = token::read_join_code(&form.code) else {
        let problem = Some(web::language::of(&app, &request).say("links-server-code-unreadable"));
        return JoinPage { problem, ..JoinPage::new(&app, &request, form.code) }.respond(StatusCode::UNPROCESSABLE_ENTITY);
    };
    ask_for_link(&app, &context, &join_index(&app, &code)).await?;
    JoinPage { sent: true, ..JoinPage::new(&app, &request, form.code) }.respond(StatusCode::OK)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotForMe {
    token: Secret<String>,
    words: String,
}

/// `POST /v/reports`: "This is not for me", with the words that the page shows, typed. Without them nothing happens; with them
/// the answer is always the same.
pub async fn not_for_me(app: App, request: HttpRequest, _: SameOrigin, body: Bytes) -> web::Result<HttpResponse> {
    let said: Option<NotForMe> = serde_json::from_slice(&body).ok();
    let Some(said) = said.filter(|said| undelivered::is_confirmed(&said.words)) else {
        return Ok(HttpResponse::BadRequest().json(json!({ "result": "unreadable" })));
    };
    undelivered::report(&app, &web::context::of(&app, &request), &token_key(&app, said.token.reveal()).await?).await?;
    Ok(HttpResponse::Ok().json(json!({ "result": "thanks" })))
}

impl JoinPage {
    fn new(app: &App, request: &HttpRequest, code: String) -> Self {
        // Wherever a form led here, this page has one address of its own.
        let page = Page { here: "/join".to_owned(), ..Page::public(app, request) };
        Self { field: CheckField::of(app, page.t), page, problem: None, code, sent: false, elsewhere: false, over: false }
    }

    fn respond(&self, status: StatusCode) -> web::Result<HttpResponse> {
        Ok(HttpResponse::build(status).content_type(ContentType::html()).body(self.render()?))
    }
}

/// True for what a script sends; a form is answered with a page.
pub(super) fn is_json(request: &HttpRequest) -> bool {
    request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

pub(super) fn see(address: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, address));
    response
}

/// What stands in the database of the link with this token; for a token that is not ours, of a link that there is not.
///
/// The keys are looked up for every token, of ours or not: which ones there are is no secret, but one more look would tell.
async fn token_key(app: &App, token: &str) -> web::Result<Vec<u8>> {
    let mut reading = app.db.reading().await?;
    app.refresh_link_keys(&mut reading).await?;
    drop(reading);
    let link = token::open_link(&app.keys, &app.config.base_url, token).unwrap_or_else(|| token::link_secret(&app.rng));
    Ok(token::stored_link(&link))
}

fn held(app: &App, request: &HttpRequest) -> impl Fn(VisitId) -> Option<String> {
    let (secure, request) = (app.config.secure(), request.clone());
    move |visit| web::cookies::read(&request, secure, &cookie_name(visit))
}

/// The answer that carries the visit's cookie, when the visit was opened just now.
pub(super) fn opened(app: &App, mut response: HttpResponseBuilder, visit: VisitId, token: Option<Secret<String>>) -> HttpResponseBuilder {
    if let Some(token) = token {
        let mut cookie: Cookie<'static> = web::cookies::session(app.config.secure(), &cookie_name(visit), token.reveal());
        cookie.set_max_age(Duration::hours(COOKIE_HOURS));
        response.cookie(cookie);
    }
    response
}
