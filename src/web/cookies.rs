//! Cookies that only this origin can set and no script can read.
//!
//! `__Host-` and `Secure` behind https. On `http://localhost`, where browsers refuse the prefix, the plain name (SES-04).

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};

const PREFIX: &str = "__Host-";

/// The cookie of a chosen language: the one that is nobody's session.
pub const LANGUAGE: &str = "language";

/// A session cookie. It ends with the browser; the server ends it earlier.
pub fn session(secure: bool, name: &str, token: &str) -> Cookie<'static> {
    Cookie::build(full_name(secure, name), token.to_owned()).path("/").http_only(true).same_site(SameSite::Lax).secure(secure).finish()
}

/// The cookie that makes a browser forget `name`.
pub fn forget(secure: bool, name: &str) -> Cookie<'static> {
    let mut cookie = session(secure, name, "");
    cookie.make_removal();
    cookie
}

/// The value of the cookie `name` in a request.
pub fn read(request: &HttpRequest, secure: bool, name: &str) -> Option<String> {
    request.cookie(&full_name(secure, name)).map(|cookie| cookie.value().to_owned()).filter(|value| !value.is_empty())
}

/// Every session of ours in a request: what a form token may be tied to.
pub fn ours(request: &HttpRequest, secure: bool) -> Vec<String> {
    let Ok(cookies) = request.cookies() else { return Vec::new() };
    let language = full_name(secure, LANGUAGE);
    cookies
        .iter()
        .filter(|cookie| (!secure || cookie.name().starts_with(PREFIX)) && cookie.name() != language)
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

fn full_name(secure: bool, name: &str) -> String {
    if secure { format!("{PREFIX}{name}") } else { name.to_owned() }
}
