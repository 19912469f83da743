//! `GET /integrity`, and what is asked for there.

use super::model::{self, Picture};
use super::store::{SignedHead, Verification};
use super::{AskError, Panel, ask, look};
use crate::app::App;
use crate::audit::{Event, Kind};
use crate::staff::{self, ComplianceOfficer, Role};
use crate::text::Text;
use crate::time::Zone;
use crate::web::{self, Error, Page, StatusCode, csrf};
use actix_web::web::Json;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::{Deserialize, Serialize};

#[derive(Template)]
#[template(path = "compliance/integrity.html")]
struct IntegrityPage {
    page: Page,
    events: i64,
    waiting: i64,
    /// When the newest head was signed, and over how many events.
    signed: Option<(String, i64)>,
    root: String,
    verifier: String,
    heads: Vec<HeadRow>,
    mailed: Vec<HeadRow>,
    picture: Picture,
    mails_go_to: Option<String>,
    running: Option<Running>,
    verifications: Vec<Row>,
    known_head: String,
    /// The sentence for what was pasted, or nothing.
    wrong: Option<&'static str>,
}

struct HeadRow {
    size: i64,
    root: String,
    signed_at: String,
    left: String,
}

struct Running {
    done: i64,
    all: i64,
    by: String,
}

struct Row {
    at: String,
    by: String,
    verdict: String,
    /// The verdict in words.
    said: String,
    report: String,
}

#[derive(Deserialize)]
pub struct AskForm {
    #[serde(default)]
    known_head: String,
}

/// What the page's script asks every second while a verification runs.
#[derive(Serialize)]
pub struct Progress {
    running: bool,
    done: i64,
    all: i64,
}

pub async fn show(app: App, officer: ComplianceOfficer) -> web::Result<HttpResponse> {
    let panel = look(&app, &officer.context).await?;
    web::html(&render(&app, &officer, panel))
}

pub async fn verify(app: App, officer: ComplianceOfficer, form: csrf::Form<AskForm>) -> web::Result<HttpResponse> {
    match ask(&app, &officer.context, officer.member.id, &form.0.known_head).await {
        // Who asks while one runs sees that one.
        Ok(()) | Err(AskError::Running) => Ok(web::see_other("/integrity#verify")),
        Err(AskError::Head) => {
            let page = render(&app, &officer, look(&app, &officer.context).await?);
            let again = IntegrityPage { wrong: Some("integrity-head-wrong"), known_head: form.0.known_head, ..page };
            web::html_with(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        Err(AskError::Database(error)) => Err(error.into()),
    }
}

/// Asked by the page's script, so it does not keep a session going.
pub async fn progress(app: App, request: HttpRequest) -> web::Result<Json<Progress>> {
    let signed = staff::looked_at(&request).await?;
    if signed.member.role != Role::Compliance {
        app.log.refused(&signed.context, Event::refused(Kind::RequestRefused, "role")).await?;
        return Err(Error::Forbidden);
    }
    let running = super::progress(&app).await?;
    let (done, all) = running.unwrap_or_default();
    Ok(Json(Progress { running: running.is_some(), done, all }))
}

fn render(app: &App, officer: &ComplianceOfficer, panel: Panel) -> IntegrityPage {
    let (page, zone) = (officer.page(app), officer.member.zone);
    let t = page.t;
    let newest = panel.heads.first();
    let name = |asked: &Verification| {
        let person = panel.people.iter().find(|person| person.id == asked.asked_by);
        person.map(|person| person.name.clone()).unwrap_or_default()
    };
    let sizes: Vec<(i64, bool)> = panel.heads.iter().map(|head| (head.size, head.mailed_at.is_some())).collect();
    let running = panel.verifications.iter().find(|asked| asked.ended_at.is_none());
    IntegrityPage {
        events: panel.tree.size.cast_signed(),
        waiting: panel.waiting,
        signed: newest.map(|head| (t.when(head.signed_at, zone), head.size)),
        root: newest.map(|head| hex::encode(&head.root)).unwrap_or_default(),
        verifier: app.heads.key().verifier().to_owned(),
        heads: panel.heads.iter().map(|head| head_row(t, head, zone)).collect(),
        mailed: panel.mailed.iter().map(|head| head_row(t, head, zone)).collect(),
        picture: model::picture(&sizes),
        mails_go_to: app.config.compliance.mail.clone(),
        running: running.map(|asked| Running { done: asked.events_done, all: asked.events_all.max(1), by: name(asked) }),
        verifications: panel
            .verifications
            .iter()
            .filter(|asked| asked.ended_at.is_some())
            .map(|asked| row(t, asked, name(asked), zone))
            .collect(),
        known_head: String::new(),
        wrong: None,
        page,
    }
}

fn head_row(t: Text, head: &SignedHead, zone: Zone) -> HeadRow {
    HeadRow {
        size: head.size,
        root: hex::encode(&head.root),
        signed_at: t.when(head.signed_at, zone),
        left: match (head.mailed_at, head.queued_at) {
            (Some(at), _) => t.with("integrity-mailed-at", "at", t.when(at, zone)),
            (None, Some(_)) => t.say("integrity-mail-waits"),
            (None, None) => t.say("integrity-not-mailed"),
        },
    }
}

fn row(t: Text, asked: &Verification, by: String, zone: Zone) -> Row {
    let verdict = asked.verdict.clone().unwrap_or_default();
    let word = verdict.replace('_', "-");
    let said = match verdict.as_str() {
        "not_anchored" if asked.outside.unwrap_or(0) > 0 => t.with("integrity-verdict-partly", "outside", asked.outside.unwrap_or(0)),
        _ => t.say(&format!("integrity-verdict-{word}")),
    };
    Row { at: t.when(asked.ended_at.unwrap_or(asked.asked_at), zone), by, said, verdict, report: asked.report.clone().unwrap_or_default() }
}
