//! `/emergency`: open a record in an emergency, read it, end it.

use super::{EmergencyForm, Opened, Record};
use crate::app::App;
use crate::ids::{EmergencyId, RequestKey};
use crate::secret::Secret;
use crate::staff::Clinician;
use crate::time::Timestamp;
use crate::web::csrf::{self, Form};
use crate::web::form::{Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Path, ServiceConfig, get, post};
use askama::Template;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/emergency", get().to(ask))
        .route("/emergency", post().to(open))
        .route("/emergency/{id}", get().to(show))
        .route("/emergency/{id}/end", post().to(end));
}

/// What it means, what is open now, and the form.
#[derive(Template)]
#[template(path = "records/emergency.html")]
struct AskPage {
    page: Page,
    minutes: i64,
    open: Vec<OpenRow>,
    typed: EmergencyForm,
    wrongs: Wrongs,
    /// The record that the person came for is closed again.
    over: bool,
}

impl AskPage {
    fn lasts(&self) -> String {
        self.page.t.count("emergency-what-lasts", "minutes", self.minutes)
    }
}

struct OpenRow {
    id: EmergencyId,
    until: String,
}

/// The record, to be read.
#[derive(Template)]
#[template(path = "records/emergency_record.html")]
struct RecordPage<'a> {
    page: Page,
    id: EmergencyId,
    until: String,
    name: &'a str,
    facts: Vec<FactRow>,
    notes: Vec<NoteRow<'a>>,
}

struct FactRow {
    label: String,
    value: String,
}

struct NoteRow<'a> {
    when: String,
    by: String,
    text: &'a str,
}

async fn ask(app: App, clinician: Clinician) -> web::Result<HttpResponse> {
    web::html(&ask_page(&app, &clinician, EmergencyForm::default(), Wrongs::default()).await?)
}

async fn open(app: App, clinician: Clinician, form: Form<EmergencyForm>) -> web::Result<HttpResponse> {
    let problems = match form.0.parse() {
        Ok(asked) => match super::open(&app, &clinician.context, clinician.member.id, &asked).await? {
            Opened::As(id) => return Ok(see_other(&format!("/emergency/{id}"))),
            Opened::Nobody => Problems::from(("patient", "emergency-problem-nobody")),
            Opened::Several => Problems::from(("patient", "emergency-problem-several")),
        },
        Err(problems) => problems,
    };
    let wrongs = Wrongs::say(clinician.page(&app).t, &problems);
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &ask_page(&app, &clinician, form.0, wrongs).await?)
}

/// The browser leaves the page by itself when the time is over.
async fn show(app: App, clinician: Clinician, id: Path<EmergencyId>) -> web::Result<HttpResponse> {
    match super::read(&app, &clinician.context, clinician.member.id, *id).await {
        Ok(record) => {
            let seconds = ((record.ends_at - app.now()).0 / 1_000).max(0) + 1;
            let mut answer = web::html(&record_page(&app, &clinician, *id, &record))?;
            answer.headers_mut().insert(header::REFRESH, header::HeaderValue::from(seconds));
            Ok(answer)
        }
        Err(Error::Gone) => {
            let page = ask_page(&app, &clinician, EmergencyForm::default(), Wrongs::default()).await?;
            html_with(StatusCode::GONE, &AskPage { over: true, ..page })
        }
        Err(error) => Err(error),
    }
}

async fn end(app: App, clinician: Clinician, id: Path<EmergencyId>, _ours: csrf::Token) -> web::Result<HttpResponse> {
    super::end(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(see_other("/emergency"))
}

async fn ask_page(app: &App, clinician: &Clinician, typed: EmergencyForm, wrongs: Wrongs) -> web::Result<AskPage> {
    let page = clinician.page(app);
    let open = super::open_of(app, clinician.member.id).await?;
    Ok(AskPage {
        minutes: app.config.emergency.minutes.into(),
        open: open.into_iter().map(|(id, ends_at)| OpenRow { id, until: until(&page, clinician, ends_at) }).collect(),
        typed: EmergencyForm { request_key: RequestKey::new(&app.rng).to_string(), ..typed },
        wrongs,
        over: false,
        page,
    })
}

fn record_page<'a>(app: &App, clinician: &Clinician, id: EmergencyId, record: &'a Record) -> RecordPage<'a> {
    let page = clinician.page(app);
    let (t, details) = (page.t, &record.patient.details);
    let fact = |label: &str, value: String| FactRow { label: t.say(label), value };
    let known =
        |value: &Option<Secret<String>>| value.as_ref().map_or_else(|| t.say("emergency-not-known"), |value| value.reveal().clone());
    let note = |note: &'a super::PastNote| NoteRow {
        when: t.when(note.starts_at, clinician.member.zone),
        by: t.with("emergency-note-by", "who", &note.author),
        text: note.text.reveal(),
    };
    RecordPage {
        id,
        until: until(&page, clinician, record.ends_at),
        name: details.name.reveal(),
        facts: vec![
            fact("emergency-born", details.date_of_birth.to_string()),
            fact("emergency-phone", known(&details.phone)),
            fact("emergency-email", known(&details.email)),
            fact("emergency-number", known(&details.record_number)),
            fact("emergency-language", t.say(&format!("patients-language-{}", details.language))),
        ],
        notes: record.notes.iter().map(note).collect(),
        page,
    }
}

fn until(page: &Page, clinician: &Clinician, ends_at: Timestamp) -> String {
    page.t.time(ends_at, clinician.member.zone)
}
