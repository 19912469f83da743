//! Which language an answer is in (ACC-08).
//!
//! For patients: what was chosen on a page of ours in this browser; else their own, once it is known whose visit it is; else
//! what the browser asks for; else the clinic's. A choice lies in a cookie that says nothing but `es`, until the browser
//! closes. For those who work here: the language of their account.

use super::{Error, cookies, kept, page};
use crate::app::App;
use crate::text::{LANGUAGES, Text};
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};

/// The longest wish of a browser that is read. Longer ones are no browser's.
const WISH_CHARS_MAX: usize = 1_000;

/// The language that this request's answer is written in, once that is settled.
#[derive(Debug, Clone, Copy)]
struct Settled(Text);

/// The language in which a request is answered.
pub fn of(app: &App, request: &HttpRequest) -> Text {
    if let Some(Settled(t)) = request.extensions().get() {
        return *t;
    }
    chosen(app, request).or_else(|| wished(request)).unwrap_or_else(|| Text::of(&app.config.clinic.language))
}

/// The same for a patient whose own language is known, from here on.
pub fn of_patient(app: &App, request: &HttpRequest, own: &str) -> Text {
    settle(request, chosen(app, request).unwrap_or_else(|| Text::of(own)))
}

/// Whatever this request is answered with is written in this language, an error too.
pub fn settle(request: &HttpRequest, t: Text) -> Text {
    request.extensions_mut().insert(Settled(t));
    t
}

/// The cookie of a choice.
pub fn cookie(app: &App, t: Text) -> Cookie<'static> {
    cookies::session(app.config.secure(), cookies::LANGUAGE, t.language())
}

/// Every page says its language in a header too, and an error is put into words here, where the language is known.
pub async fn speak(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let response = next.call(request).await?;
    let Some(app) = response.request().app_data::<App>() else { return Ok(response.map_into_left_body()) };
    let t = of(app, response.request());
    let error = response.response().error().and_then(|error| error.as_error::<Error>());
    let shown = error.and_then(|error| Some((error.page()?, error.way())));
    let error_page = shown.map(|(word, way)| {
        let request = response.request();
        let again = kept::take(request).filter(|_| response.status() == StatusCode::SERVICE_UNAVAILABLE);
        page::error_page(&app.config.clinic, t, word, way, again.map(|fields| page::Again { to: request.uri().path().to_owned(), fields }))
    });
    let mut response = match error_page {
        Some(page) => response.map_body(|_, _| EitherBody::right(BoxBody::new(page))),
        None => response.map_into_left_body(),
    };
    if is_page(response.headers()) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(t.language()));
        for read in [header::ACCEPT_LANGUAGE, header::COOKIE] {
            headers.append(header::VARY, named(&read));
        }
    }
    Ok(response)
}

fn named(header: &HeaderName) -> HeaderValue {
    HeaderValue::from_bytes(header.as_str().as_bytes()).expect("the name of a header is a value too")
}

fn is_page(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn chosen(app: &App, request: &HttpRequest) -> Option<Text> {
    Text::named(&cookies::read(request, app.config.secure(), cookies::LANGUAGE)?)
}

fn wished(request: &HttpRequest) -> Option<Text> {
    preferred(request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?).map(Text::of)
}

/// The language of ours that a browser likes best, by `Accept-Language` (RFC 9110, 12.5.4). `es-MX` is `es`. Pure.
fn preferred(wish: &str) -> Option<&'static str> {
    let wish = wish.get(..WISH_CHARS_MAX).unwrap_or(wish);
    let mut liked: Vec<(&str, u16)> = wish.split(',').filter_map(one_wish).filter(|(_, weight)| *weight > 0).collect();
    // Stable: of two that are liked alike the first one counts.
    liked.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    liked.into_iter().find_map(|(tag, _)| ours(tag))
}

/// A tag and its weight in thousandths.
fn one_wish(part: &str) -> Option<(&str, u16)> {
    let mut pieces = part.split(';').map(str::trim);
    let tag = pieces.next().filter(|tag| !tag.is_empty())?;
    let weight = match pieces.next() {
        Some(weight) => weight.strip_prefix("q=")?.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight))?,
        None => 1.0,
    };
    Some((tag, (weight * 1_000.0) as u16))
}

fn ours(tag: &str) -> Option<&'static str> {
    let language = tag.split('-').next().unwrap_or(tag);
    LANGUAGES.iter().copied().find(|ours| ours.eq_ignore_ascii_case(language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_a_browser_likes_best_is_the_one_that_we_have() {
        for (wish, best) in [
            ("es", Some("es")),
            ("es-MX,es;q=0.9,en;q=0.8", Some("es")),
            ("fr-CA, fr;q=0.9, ES-419;q=0.5, en;q=0.4", Some("es")),
            ("en-US,en;q=0.9,es;q=0.8", Some("en")),
            ("en;q=0.2, es;q=0.7", Some("es")),
            ("es;q=0, en", Some("en")),
            ("es;q=0", None),
            ("de, fr", None),
            ("*", None),
            ("", None),
            (",;q=1,es;q=x,es;x=1,es;q=2", None),
            ("est", None),
        ] {
            assert_eq!(preferred(wish), best, "{wish}");
        }
    }
}
