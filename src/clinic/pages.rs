//! The pages that are open to everybody.

use crate::app::App;
use crate::text::Text;
use crate::web::{self, Page};
use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get};
use askama::Template;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/privacy", get().to(privacy)).route("/encryption", get().to(encryption)).route("/help", get().to(help));
}

/// What is kept, each with `-what`, `-why`, `-long` and `-how` in the texts. The columns behind each stand in the schema;
/// a new table that holds something about a person gets a line here.
const KEPT: &[&str] = &["patient", "contact", "visit", "reason", "note", "call", "mail", "link", "cookie", "log", "tries", "staff"];

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
    emergency_phone: String,
}

async fn privacy(app: App) -> web::Result<HttpResponse> {
    let page = public(&app);
    let say = |part: &str, of: &str| page.t.say(&format!("clinic-kept-{part}-{of}"));
    let line =
        |part: &&str| Kept { what: say(part, "what"), why: say(part, "why"), how_long: say(part, "long"), how_sealed: say(part, "how") };
    let kept = KEPT.iter().map(line).collect();
    web::html(&PrivacyPage { page, kept })
}

async fn encryption(app: App) -> web::Result<HttpResponse> {
    web::html(&EncryptionPage { page: public(&app) })
}

async fn help(app: App) -> web::Result<HttpResponse> {
    web::html(&HelpPage { page: public(&app), emergency_phone: app.config.clinic.emergency_phone.clone() })
}

fn public(app: &App) -> Page {
    Page::public(&app.config.clinic, Text::of(&app.config.clinic.language))
}

#[cfg(test)]
mod tests {
    use super::*;

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
