//! The frame around every page.

use super::{Result, assets};
use crate::config::ClinicConfig;
use crate::text::Text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use askama::Template;

/// What `templates/base.html` needs.
#[derive(Debug, Clone)]
pub struct Page {
    pub t: Text,
    pub lang: &'static str,
    pub clinic_name: String,
    pub clinic_phone: String,
    /// The form token of whoever is signed in, or nothing.
    pub csrf: String,
    pub nav: Vec<Nav>,
    /// The name of the signed-in member of staff, or nothing.
    pub who: String,
    /// How long the session of whoever is signed in stands if nothing more happens.
    pub session_seconds: i64,
}

/// One entry of the bar at the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nav {
    pub href: String,
    pub label: String,
    pub current: bool,
}

impl Page {
    /// A page for somebody who is not known yet. It shows the clinic's neutral name (LNK-08).
    pub fn public(clinic: &ClinicConfig, t: Text) -> Self {
        Self {
            t,
            lang: t.language(),
            clinic_name: clinic.mail_name().to_owned(),
            clinic_phone: clinic.phone.clone(),
            csrf: String::new(),
            nav: Vec::new(),
            who: String::new(),
            session_seconds: 0,
        }
    }

    /// The address of a static file, with the hash of all of them in it.
    pub fn asset(&self, path: &str) -> String {
        assets::url(path)
    }
}

/// A rendered template as a response.
pub fn html(template: &impl Template) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(template.render()?))
}

/// A rendered template with another status: a form that comes back with what is wrong.
pub fn html_with(status: StatusCode, template: &impl Template) -> Result<HttpResponse> {
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(template.render()?))
}

/// "Look there now", after a form was accepted.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// The page of an error. It stands alone, so that it shows even where nothing else works.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    t: Text,
    title: String,
    next: String,
    style: String,
}

pub(super) fn error_page(t: Text, word: &str) -> String {
    let page = ErrorPage {
        t,
        title: t.say(&format!("error-{word}-title")),
        next: t.say(&format!("error-{word}-next")),
        style: assets::url("base.css"),
    };
    page.render().unwrap_or_else(|_| page.title.clone())
}
