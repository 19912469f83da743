//! The front desk's pages about patients. An address holds ids only: a search is a POST, and no title names anybody (WEB-04).

use super::model::{Details, Found, NewPatient, PatientForm};
use super::store::{self, VisitLine};
use super::{SaveError, add, change, find, read, row};
use crate::app::App;
use crate::ids::{PatientId, RequestKey, VisitId};
use crate::staff::Scheduler;
use crate::text::{LANGUAGES, Text};
use crate::time::Zone;
use crate::web::csrf::Form;
use crate::web::form::{Choice, Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use askama::Template;
use serde::Deserialize;

const SEARCH_CHARS_MAX: usize = 254;
/// How many of a patient's visits their page lists, latest first.
const VISITS_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "patients/find.html")]
struct FindPage {
    page: Page,
    typed: String,
    wrongs: Wrongs,
    found: Option<Vec<Found>>,
}

impl FindPage {
    fn how_many(&self, found: &[Found]) -> String {
        self.page.t.count("patients-found", "count", i64::try_from(found.len()).unwrap_or(i64::MAX))
    }
}

/// `GET /patients`.
pub async fn search_form(app: App, scheduler: Scheduler) -> web::Result<HttpResponse> {
    html(&FindPage { page: scheduler.page(&app), typed: String::new(), wrongs: Wrongs::default(), found: None })
}

#[derive(Deserialize)]
pub struct SearchForm {
    search: String,
}

/// `POST /patients/search`. It changes nothing; a GET would put a name into an address.
pub async fn search(app: App, scheduler: Scheduler, form: Form<SearchForm>) -> web::Result<HttpResponse> {
    let typed = form.0.search.trim().to_owned();
    let page = scheduler.page(&app);
    let problem = match typed.chars().count() {
        0 => Some("patients-search-missing"),
        1..=SEARCH_CHARS_MAX => None,
        _ => Some("patients-search-long"),
    };
    if let Some(problem) = problem {
        let wrongs = Wrongs::say(page.t, &Problems::from(("search", problem)));
        return html_with(StatusCode::UNPROCESSABLE_ENTITY, &FindPage { page, typed, wrongs, found: None });
    }
    let found = Some(find(&app, &scheduler.context, &typed).await?);
    html(&FindPage { page, typed, wrongs: Wrongs::default(), found })
}

#[derive(Template)]
#[template(path = "patients/new.html")]
struct NewPage {
    page: Page,
    typed: PatientForm,
    wrongs: Wrongs,
    zones: Vec<Choice>,
    languages: Vec<Choice>,
}

impl NewPage {
    fn new(app: &App, scheduler: &Scheduler, typed: PatientForm, problems: &Problems) -> Self {
        let page = scheduler.page(app);
        let (wrongs, languages) = (Wrongs::say(page.t, problems), languages(page.t));
        Self { zones: zones(&typed.zone), languages, wrongs, typed, page }
    }
}

/// `GET /patients/new`.
pub async fn new_form(app: App, scheduler: Scheduler) -> web::Result<HttpResponse> {
    let clinic = &app.config.clinic;
    let typed = PatientForm {
        request_key: RequestKey::new(&app.rng).to_string(),
        zone: clinic.zone.name().to_owned(),
        language: clinic.language.clone(),
        ..PatientForm::default()
    };
    html(&NewPage::new(&app, &scheduler, typed, &Problems::default()))
}

/// `POST /patients`.
pub async fn create(app: App, scheduler: Scheduler, form: Form<PatientForm>) -> web::Result<HttpResponse> {
    let typed = form.0;
    let request_key = typed.request_key.parse().map_err(|_| Error::Invalid)?;
    let problems = match parse(&app, &typed) {
        Ok(details) => match add(&app, &scheduler.context, NewPatient { request_key, details }).await {
            Ok(id) => return Ok(see_other(&format!("/patients/{id}?notice=added"))),
            Err(SaveError::RecordNumberTaken) => record_number_taken(),
            Err(error) => return Err(error.into()),
        },
        Err(problems) => problems,
    };
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &NewPage::new(&app, &scheduler, typed, &problems))
}

#[derive(Template)]
#[template(path = "patients/patient.html")]
struct PatientPage {
    page: Page,
    id: PatientId,
    typed: PatientForm,
    wrongs: Wrongs,
    /// Somebody else saved in between.
    stale: bool,
    notice: String,
    /// Since when the choices of contact stand.
    since: String,
    visits: Vec<Line>,
    zones: Vec<Choice>,
    languages: Vec<Choice>,
}

/// A visit in the list on a patient's page.
struct Line {
    id: VisitId,
    when: String,
    state: String,
}

impl PatientPage {
    /// The page around a form. Nothing is opened for it: what it shows of the patient is in `typed`.
    async fn new(app: &App, scheduler: &Scheduler, id: PatientId, typed: PatientForm) -> web::Result<Self> {
        let page = scheduler.page(app);
        let (_, row) = row(app, id).await?;
        let mut tx = app.db.reading().await?;
        let visits = store::visits(&mut tx, id, VISITS_MAX).await?;
        let (t, zone) = (page.t, app.config.clinic.zone);
        let date = |at: crate::time::Timestamp| t.date(at.local(zone).date());
        let since = match row.times_by_mail_agreed_at {
            Some(agreed) => t.with2("patients-times-since", "date", date(row.contact_choices_at), "agreed", date(agreed)),
            None => t.with("patients-choices-since", "date", date(row.contact_choices_at)),
        };
        Ok(Self {
            id,
            wrongs: Wrongs::default(),
            stale: false,
            notice: String::new(),
            since,
            visits: visits.iter().map(|visit| line(t, visit, zone, row.zone)).collect(),
            zones: zones(&typed.zone),
            languages: languages(t),
            typed,
            page,
        })
    }
}

/// What just happened, in the address after a redirect.
#[derive(Deserialize)]
pub struct Notice {
    #[serde(default)]
    notice: String,
}

/// `GET /patients/{id}`.
pub async fn show(app: App, scheduler: Scheduler, id: Path<PatientId>, notice: Query<Notice>) -> web::Result<HttpResponse> {
    let patient = read(&app, &scheduler.context, *id).await?;
    let mut page = PatientPage::new(&app, &scheduler, *id, PatientForm::of(&patient)).await?;
    page.notice = match notice.notice.as_str() {
        "added" => page.page.t.say("patients-added"),
        "changed" => page.page.t.say("patients-changed"),
        _ => String::new(),
    };
    html(&page)
}

/// `POST /patients/{id}`.
pub async fn save(app: App, scheduler: Scheduler, id: Path<PatientId>, form: Form<PatientForm>) -> web::Result<HttpResponse> {
    let typed = form.0;
    let version = typed.version.parse().map_err(|_| Error::Invalid)?;
    let outcome = match parse(&app, &typed) {
        Ok(details) => match change(&app, &scheduler.context, *id, version, &details).await {
            Ok(()) => return Ok(see_other(&format!("/patients/{id}?notice=changed"))),
            Err(SaveError::Stale) => None,
            Err(SaveError::RecordNumberTaken) => Some(record_number_taken()),
            Err(error) => return Err(error.into()),
        },
        Err(problems) => Some(problems),
    };
    let mut page = PatientPage::new(&app, &scheduler, *id, typed).await?;
    let status = if let Some(problems) = outcome {
        page.wrongs = Wrongs::say(page.page.t, &problems);
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        page.stale = true;
        StatusCode::CONFLICT
    };
    html_with(status, &page)
}

fn parse(app: &App, typed: &PatientForm) -> Result<Details, Problems> {
    typed.parse(app.config.clinic.zone.today(app.now()))
}

fn record_number_taken() -> Problems {
    ("record_number", "patients-record-number-taken").into()
}

fn line(t: Text, visit: &VisitLine, clinic: Zone, patient: Zone) -> Line {
    let when = t.when(visit.starts_at, clinic);
    let when = match clinic.offset(visit.starts_at) == patient.offset(visit.starts_at) {
        true => when,
        false => t.with2("patients-both-zones", "clinic", when, "patient", t.clock(visit.starts_at, patient)),
    };
    Line { id: visit.id, when, state: t.say(&format!("appointments-state-{}", visit.state)) }
}

/// The zones to choose from, with the one that is chosen now even if it has only an old name.
fn zones(chosen: &str) -> Vec<Choice> {
    let mut zones: Vec<&str> = Zone::all().map(Zone::name).collect();
    if let Ok(zone) = chosen.parse::<Zone>()
        && !zones.contains(&zone.name())
    {
        zones.insert(0, zone.name());
    }
    zones.into_iter().map(|name| Choice { value: name.to_owned(), label: name.replace('_', " ") }).collect()
}

fn languages(t: Text) -> Vec<Choice> {
    LANGUAGES.iter().map(|code| Choice { value: (*code).to_owned(), label: t.say(&format!("patients-language-{code}")) }).collect()
}
