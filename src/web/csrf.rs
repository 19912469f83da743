//! A form is ours only if it proves it (SES-14).
//!
//! With a session: a token, the HMAC of the session's cookie, in the field `csrf` or the header `x-csrf`. Before a session
//! exists there is nothing to tie a token to: then the browser must say that our own page sent the request.

use super::kept::{self, Fields};
use super::{Error, cookies, limit, turn};
use crate::app::App;
use crate::audit::{Event, Kind};
use crate::crypto::same;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

/// The header in which a script sends the form token.
pub const HEADER: &str = "x-csrf";
const FIELD: &str = "csrf";

/// A form whose token was right.
#[derive(Debug)]
pub struct Form<T>(pub T);

/// A script's JSON whose token was right.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// Proof that an empty request carried the right token, in its header or its form.
#[derive(Debug)]
pub struct Token;

/// Proof that our own page sent the request, for the routes before a session.
#[derive(Debug)]
pub struct SameOrigin;

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let (token, fields) = read_form(&body.await.map_err(|_| Error::TooLarge)?)?;
            if let Some(token) = &token {
                kept::keep(&request, [fields.as_slice(), &[(FIELD.to_owned(), token.clone())]].concat());
            }
            check(&request, token.or_else(|| header_token(&request))).await?;
            let fields = serde_urlencoded::to_string(fields).map_err(|_| Error::Invalid)?;
            serde_urlencoded::from_str(&fields).map(Form).map_err(|_| Error::Invalid)
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let body = body.await.map_err(|_| Error::TooLarge)?;
            check(&request, header_token(&request)).await?;
            serde_json::from_slice(&body).map(Json).map_err(|_| Error::Invalid)
        })
    }
}

impl FromRequest for Token {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let token = match header_token(&request) {
                Some(token) => Some(token),
                None => read_form(&body.await.map_err(|_| Error::TooLarge)?)?.0,
            };
            check(&request, token).await?;
            Ok(Token)
        })
    }
}

impl FromRequest for SameOrigin {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let _turn = turn::of(&request).await;
            let app = app(&request)?;
            if same_origin(app, &request) {
                return Ok(SameOrigin);
            }
            refuse(app, &request, "foreign_origin").await
        })
    }
}

/// True when the browser says that the request comes from a page of ours. A client that sends no `Origin` is no browser
/// that could be tricked, but it is not known to be ours either.
pub fn same_origin(app: &App, request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let site = header("sec-fetch-site");
    match header(header::ORIGIN.as_str()) {
        // Under `no-referrer` a browser hides the origin of a form it posts. What it says of the site no script can set.
        Some("null") => site == Some("same-origin"),
        origin => origin == Some(app.config.base_url.as_str()) && site.is_none_or(|site| site == "same-origin"),
    }
}

async fn check(request: &HttpRequest, token: Option<String>) -> Result<(), Error> {
    let _turn = turn::of(request).await;
    let app = app(request)?;
    let sessions = cookies::ours(request, app.config.secure());
    if sessions.is_empty() {
        return Err(Error::sign_in(request));
    }
    let token = token.unwrap_or_default();
    if sessions.iter().any(|session| same(app.keys.form_token(session).as_bytes(), token.as_bytes())) {
        return Ok(());
    }
    refuse(app, request, "form_token").await
}

async fn refuse<T>(app: &App, request: &HttpRequest, why: &'static str) -> Result<T, Error> {
    app.log.refused(&super::context::of(app, request), Event::refused(Kind::RequestRefused, why)).await?;
    Err(Error::Forbidden)
}

fn app(request: &HttpRequest) -> Result<&App, Error> {
    request.app_data::<App>().ok_or_else(|| Error::Internal(anyhow::anyhow!("the server was built without its app")))
}

fn header_token(request: &HttpRequest) -> Option<String> {
    request.headers().get(HEADER)?.to_str().ok().map(str::to_owned)
}

/// The token and the other fields of a form as it came.
pub fn read_form(body: &[u8]) -> Result<(Option<String>, Fields), Error> {
    debug_assert!(body.len() <= limit::BODY_BYTES_MAX);
    let fields: Fields = serde_urlencoded::from_bytes(body).map_err(|_| Error::Invalid)?;
    let (tokens, fields): (Fields, Fields) = fields.into_iter().partition(|(name, _)| name == FIELD);
    Ok((tokens.into_iter().next().map(|(_, token)| token), fields))
}

impl FromRequest for App {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(app(request).cloned())
    }
}
