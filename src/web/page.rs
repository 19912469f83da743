//! The frame around every page.

use super::kept::Fields;
use super::{Result, assets, language};
use crate::app::App;
use crate::config::ClinicConfig;
use crate::text::{LANGUAGES, Text};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

/// What `templates/base.html` needs.
#[derive(Debug, Clone)]
pub struct Page {
    pub t: Text,
    pub lang: &'static str,
    /// Which way the language is written: `ltr` or `rtl`.
    pub dir: String,
    /// The languages to choose from, or none.
    pub languages: Vec<LanguageChoice>,
    /// The path of this page, to come back to after a choice.
    pub here: String,
    pub clinic_name: String,
    pub clinic_phone: String,
    pub emergency_phone: String,
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

/// One language of a page's switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageChoice {
    pub code: &'static str,
    /// What it calls itself.
    pub name: String,
    /// That help with it is free, in its own words (ACC-09).
    pub help: String,
    pub current: bool,
}

impl LanguageChoice {
    fn of(code: &'static str, now: Text) -> Self {
        let own = Text::of(code);
        Self { code, name: own.say("common-language"), help: own.say("common-language-help"), current: code == now.language() }
    }
}

impl Page {
    /// A page for somebody who is not known yet. It shows the clinic's neutral name (LNK-08).
    pub fn public(app: &App, request: &HttpRequest) -> Self {
        let t = language::of(app, request);
        let languages = LANGUAGES.iter().map(|code| LanguageChoice::of(code, t)).collect();
        Self { languages, here: request.path().to_owned(), ..Self::frame(&app.config.clinic, t) }
    }

    /// A page for somebody who works here.
    pub fn for_staff(clinic: &ClinicConfig, language: &str) -> Self {
        Self::frame(clinic, Text::for_staff(language))
    }

    fn frame(clinic: &ClinicConfig, t: Text) -> Self {
        Self {
            t,
            lang: t.language(),
            dir: t.direction(),
            languages: Vec::new(),
            here: String::new(),
            clinic_name: clinic.mail_name().to_owned(),
            clinic_phone: clinic.phone.clone(),
            emergency_phone: clinic.emergency_phone.clone(),
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
struct ErrorPage<'a> {
    t: Text,
    clinic: &'a str,
    phone: &'a str,
    title: String,
    next: String,
    way: Option<(&'static str, String)>,
    again: Option<Again>,
    style: String,
}

/// A form that can be sent once more as it was.
pub(super) struct Again {
    pub(super) to: String,
    pub(super) fields: Fields,
}

/// `way`: where it leads besides the start page.
pub(super) fn error_page(clinic: &ClinicConfig, t: Text, word: &str, way: Option<&'static str>, again: Option<Again>) -> String {
    let page = ErrorPage {
        t,
        clinic: clinic.mail_name(),
        phone: &clinic.phone,
        title: t.say(&format!("error-{word}-title")),
        next: t.say(&format!("error-{word}-next")),
        way: way.map(|way| (way, t.say(&format!("error-{word}-way")))),
        again,
        style: assets::url("base.css"),
    };
    page.render().unwrap_or_else(|_| page.title.clone())
}
