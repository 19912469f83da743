//! The pages that are open to everybody.

use crate::app::App;
use crate::text::Text;
use crate::web::assets::{self, Manifest};
use crate::web::csrf::SameOrigin;
use crate::web::{self, Error, Page};
use actix_web::web::{Bytes, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/privacy", get().to(privacy))
        .route("/encryption", get().to(encryption))
        .route("/help", get().to(help))
        .route("/about", get().to(about))
        .route("/third-person", get().to(third_person))
        .route("/language", post().to(choose_language));
}

/// The longest path of a page to come back to.
const PATH_CHARS_MAX: usize = 100;

/// What is kept, each with `-what`, `-why`, `-long` and `-how` in the texts. The columns behind each stand in the schema;
/// a new table that holds something about a person gets a line here.
const KEPT: &[&str] =
    &["patient", "contact", "visit", "reason", "note", "call", "mail", "link", "cookie", "language", "log", "tries", "staff"];

#[derive(Template)]
#[template(path = "clinic/privacy.html")]
struct PrivacyPage {
    page: Page,
    kept: Vec<Kept>,
}

/// One line of the table.
struct Kept {
    what: String,
    why: String,
    how_long: String,
    how_sealed: String,
}

#[derive(Template)]
#[template(path = "clinic/encryption.html")]
struct EncryptionPage {
    page: Page,
}

#[derive(Template)]
#[template(path = "clinic/help.html")]
struct HelpPage {
    page: Page,
}

#[derive(Template)]
#[template(path = "clinic/about.html")]
struct AboutPage {
    page: Page,
    version: &'static str,
    /// The hash of the program's own file, in hexadecimal, or nothing.
    program: String,
    served: String,
    files: &'static [String],
}

#[derive(Template)]
#[template(path = "clinic/third_person.html")]
struct ThirdPersonPage {
    page: Page,
}

async fn privacy(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    let page = Page::public(&app, &request);
    let say = |part: &str, of: &str| page.t.say(&format!("clinic-kept-{part}-{of}"));
    let line =
        |part: &&str| Kept { what: say(part, "what"), why: say(part, "why"), how_long: say(part, "long"), how_sealed: say(part, "how") };
    let kept = KEPT.iter().map(line).collect();
    web::html(&PrivacyPage { page, kept })
}

async fn encryption(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    web::html(&EncryptionPage { page: Page::public(&app, &request) })
}

/// Calls are one-to-one: what to do when a third person is needed (ACC-10).
async fn third_person(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    web::html(&ThirdPersonPage { page: Page::public(&app, &request) })
}

/// Which code this is, as the log holds it since the last start (RTC-09).
async fn about(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    let manifest = Manifest::compiled_in();
    web::html(&AboutPage {
        page: Page::public(&app, &request),
        version: env!("CARGO_PKG_VERSION"),
        program: assets::program_hash().map(hex::encode).unwrap_or_default(),
        served: hex::encode(manifest.hash()),
        files: manifest.lines(),
    })
}

async fn help(app: App, request: HttpRequest) -> web::Result<HttpResponse> {
    web::html(&HelpPage { page: Page::public(&app, &request) })
}

#[derive(Deserialize)]
struct LanguageForm {
    language: String,
    to: String,
}

/// The switch of a page: the choice is kept in this browser, and the same page comes again in it.
async fn choose_language(app: App, _: SameOrigin, body: Bytes) -> web::Result<HttpResponse> {
    let form: LanguageForm = serde_urlencoded::from_bytes(&body).map_err(|_| Error::Invalid)?;
    let t = Text::named(&form.language).ok_or(Error::Invalid)?;
    let mut response = web::see_other(page_of_ours(&form.to).ok_or(Error::Invalid)?);
    response.add_cookie(&web::language::cookie(&app, t)).map_err(anyhow::Error::from)?;
    Ok(response)
}

/// The path of a page, and nothing that could lead to another host.
fn page_of_ours(path: &str) -> Option<&str> {
    let of_path = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/".contains(&byte);
    (path.starts_with('/') && !path.starts_with("//") && path.len() <= PATH_CHARS_MAX && path.bytes().all(of_path)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_leads_back_to_a_page_of_ours_and_nowhere_else() {
        for path in ["/", "/v", "/sign-in", "/visits/0193e0a4-0000-7000-8000-000000000000"] {
            assert_eq!(page_of_ours(path), Some(path));
        }
        for path in
            ["", "v", "//evil", "/\\evil.example", "https://evil.example", "/v#token", "/join?code=1", "/v\r\nx: y", &"/a".repeat(99)]
        {
            assert_eq!(page_of_ours(path), None, "{path}");
        }
    }

    #[test]
    fn every_line_on_what_is_kept_has_its_texts() {
        for language in crate::text::LANGUAGES {
            for part in KEPT {
                for of in ["what", "why", "long", "how"] {
                    let name = format!("clinic-kept-{part}-{of}");
                    assert!(Text::of(language).has(&name), "{name} in {language}");
                }
            }
        }
    }
}
