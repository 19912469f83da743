//! The two pages of a visit: the patient's, from getting ready to the end, and the clinician's.

use super::{identity, socket};
use crate::app::App;
use crate::appointments::VisitState;
use crate::audit::{Event, Kind, Object};
use crate::config::CallPath;
use crate::ids::VisitId;
use crate::links::{self, PatientVisit};
use crate::patients;
use crate::staff::{self, Clinician};
use crate::text::{LANGUAGES, Text};
use crate::waiting_room::companion::{self, Companion, Relation};
use crate::waiting_room::{self, Hub, Standing, consent};
use crate::web::form::Choice;
use crate::web::{self, Error, Page, Result, assets, cookies, html, see_other};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Path, Query, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/visits/{id}", get().to(patient))
        .route("/visit-over", get().to(after))
        .route("/visits/{id}/call", get().to(clinician))
        .route("/visits/{id}/reason", get().to(reason))
        .route("/visits/{id}/socket", get().to(socket::visit));
}

#[derive(Template)]
#[template(path = "calls/patient.html")]
struct PatientPage {
    page: Page,
    visit_id: String,
    state: &'static str,
    view: &'static str,
    again: bool,
    epoch: i64,
    version: i64,
    path: &'static str,
    clinician: String,
    when: String,
    late: String,
    consent_short: String,
    consent: Vec<String>,
    consent_version: i64,
    relations: Vec<Choice>,
    may_choose_relay: bool,
    relay_wished: bool,
    words: Words,
    checks_network: bool,
}

async fn patient(app: App, id: Path<String>, patient: Result<PatientVisit>, request: HttpRequest) -> Result<HttpResponse> {
    let patient = match patient {
        Ok(patient) => patient,
        Err(Error::NotOpenHere) => return not_here(&app, &request, &id).await,
        Err(error) => return Err(error),
    };
    let mut tx = app.db.reading().await?;
    let standing = waiting_room::standing(&mut tx, patient.visit).await?.ok_or(Error::NotFound)?;
    let (zone, language) = patients::zone_and_language(&mut tx, patient.patient).await?.ok_or(Error::NotFound)?;
    if standing.state.is_over() {
        return Ok(farewell(&app, patient.visit, &language));
    }
    let clinician = staff::member(&mut tx, standing.clinician_id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    // Whoever was let in is told of no delay.
    let late = if standing.admitted() { None } else { waiting_room::late::of(&app, standing.clinician_id).await? };
    let t = web::language::of_patient(&app, &request, &language);
    let page = Page { csrf: patient.csrf.clone(), clinic_name: app.config.clinic.name.clone(), ..Page::public(&app, &request) };
    html(&PatientPage {
        visit_id: standing.id.to_string(),
        state: standing.state.word(),
        view: patients_view(&standing),
        again: standing.admitted(),
        epoch: standing.call_epoch,
        version: standing.version,
        path: app.config.calls.path.word(),
        late: late.map(|late| t.with2("call-late", "clinician", &clinician.name, "minutes", late.minutes)).unwrap_or_default(),
        clinician: clinician.name,
        when: t.when(standing.starts_at, zone),
        consent_short: t.say(consent::SHORT),
        consent: consent::WHOLE.map(|point| t.say(point)).into(),
        relations: relations(t),
        may_choose_relay: app.config.relay.is_some() && app.config.calls.path == CallPath::Direct,
        relay_wished: standing.relay_wished_at.is_some(),
        words: words(&language),
        checks_network: app.config.network_check.is_some(),
        consent_version: consent::Version::now(t).number(),
        page,
    })
}

#[derive(Template)]
#[template(path = "calls/closed.html")]
struct ClosedPage {
    page: Page,
    heading: String,
    words: String,
}

/// A browser that had the visit once is told why it has it no more. To any other, there is no such visit.
async fn not_here(app: &App, request: &HttpRequest, id: &str) -> Result<HttpResponse> {
    let visit: VisitId = id.parse().map_err(|_| Error::NotOpenHere)?;
    let token = cookies::read(request, app.config.secure(), &links::cookie_name(visit)).ok_or(Error::NotOpenHere)?;
    let mut tx = app.db.reading().await?;
    let why = links::why_not_here(&mut tx, &token, visit).await?.ok_or(Error::NotOpenHere)?.word();
    let standing = waiting_room::standing(&mut tx, visit).await?.ok_or(Error::NotOpenHere)?;
    let (_, language) = patients::zone_and_language(&mut tx, standing.patient_id).await?.ok_or(Error::NotOpenHere)?;
    drop(tx);
    let t = web::language::of_patient(app, request, &language);
    let (heading, words) = (t.say(&format!("call-js-over-{why}-heading")), t.say(&format!("call-js-over-{why}-words")));
    let mut response = html(&ClosedPage { page: Page::public(app, request), heading, words })?;
    *response.status_mut() = StatusCode::GONE;
    Ok(response)
}

fn relations(t: Text) -> Vec<Choice> {
    let choice =
        |relation: Relation| Choice { value: relation.word().to_owned(), label: t.say(&format!("call-relation-mine-{}", relation.word())) };
    Relation::ALL.map(choice).into()
}

fn patients_view(standing: &Standing) -> &'static str {
    match standing.state {
        VisitState::Waiting => "waiting",
        _ => "ready",
    }
}

/// The browser forgets the visit: its cookie, what it may have cached, and this page's place in its history (WEB-03).
/// `Clear-Site-Data` never says "cookies": that would end other visits and a staff sign-in of the same browser.
fn farewell(app: &App, visit: VisitId, language: &str) -> HttpResponse {
    let mut away = see_other(&format!("/visit-over?language={language}"));
    away.headers_mut().insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    let _a_cookie_without_a_value_fits = away.add_cookie(&cookies::forget(app.config.secure(), &links::cookie_name(visit)));
    away
}

#[derive(Template)]
#[template(path = "calls/over.html")]
struct OverPage {
    page: Page,
}

#[derive(Deserialize)]
struct After {
    /// The language of whoever comes from a visit: nothing else is known of them here.
    language: Option<String>,
}

async fn after(app: App, request: HttpRequest, asked: Query<After>) -> Result<HttpResponse> {
    if let Some(language) = &asked.language {
        web::language::of_patient(&app, &request, language);
    }
    html(&OverPage { page: Page::public(&app, &request) })
}

#[derive(Template)]
#[template(path = "calls/clinician.html")]
struct ClinicianPage {
    page: Page,
    visit_id: String,
    state: &'static str,
    view: &'static str,
    identity: String,
    epoch: i64,
    version: i64,
    path: &'static str,
    relays: bool,
    note_url: String,
    patient: String,
    when: String,
    companion: String,
    check: String,
    identifiers: Vec<Identifier>,
    phone: String,
    words: Words,
}

/// Something to ask for, never to read out (ID-02).
struct Identifier {
    label: String,
    value: String,
}

async fn clinician(app: App, hub: Data<Hub>, clinician: Clinician, id: Path<VisitId>) -> Result<HttpResponse> {
    let mut tx = app.db.reading().await?;
    let standing = waiting_room::standing(&mut tx, *id).await?.filter(|standing| standing.clinician_id == clinician.member.id);
    drop(tx);
    let Some(standing) = standing else { return foreign(&app, &clinician, *id).await };
    let mut tx = app.db.reading().await?;
    let (_, language) = patients::zone_and_language(&mut tx, standing.patient_id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let over = standing.state.is_over();
    if !standing.admitted() && !over {
        return Ok(see_other("/today"));
    }
    let event = Event::done(Kind::PatientRead).on(Object::Visit, id.0).about(standing.patient_id);
    let access = app.log.access(&clinician.context, event).await?;
    let known = patients::identifiers(&app, &access, standing.patient_id).await?;
    let with_them = companion::read(&app, &clinician.context, &standing).await?;
    let page = clinician.page(&app);
    let t = page.t;
    let to_ask_for = identity::to_ask_for(&known);
    html(&ClinicianPage {
        visit_id: standing.id.to_string(),
        state: standing.state.word(),
        view: if over { "over" } else { "call" },
        identity: standing.identity.clone().unwrap_or_default(),
        epoch: standing.call_epoch,
        version: standing.version,
        path: app.config.calls.path.word(),
        relays: app.config.relay.is_some(),
        note_url: format!("/visits/{id}/note"),
        patient: known.name.reveal().clone(),
        companion: with_them.map(|companion| with_words(t, &companion)).unwrap_or_default(),
        check: hub.check_of(*id).filter(|_| !over).map(|check| check.in_words(t)).unwrap_or_default(),
        when: t.time(standing.starts_at, app.config.clinic.zone),
        words: words(&language),
        identifiers: to_ask_for.map(|one| Identifier { label: t.say(one.label), value: one.value.reveal().clone() }).into(),
        phone: known.phone.map(|phone| phone.reveal().trim().to_owned()).unwrap_or_default(),
        page,
    })
}

/// Why the patient comes, for the page of the call once it is known who is in it.
async fn reason(app: App, clinician: Clinician, id: Path<VisitId>) -> Result<HttpResponse> {
    let reason = super::reason(&app, &clinician, *id).await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "reason": reason.as_ref().map(|reason| reason.reveal()) })))
}

/// "With them: Ana Gonzalez (son or daughter)".
fn with_words(t: Text, companion: &Companion) -> String {
    let relation = t.say(&format!("call-relation-{}", companion.relation.word()));
    t.with2("call-companion-with", "name", companion.name.reveal(), "relation", relation)
}

/// Another clinician's visit does not exist for this one, and that they asked is in the log.
pub(super) async fn foreign<T>(app: &App, clinician: &Clinician, visit: VisitId) -> Result<T> {
    let event = Event::refused(Kind::RequestRefused, "foreign").on(Object::Visit, visit.0);
    app.log.refused(&clinician.context, event).await?;
    Err(Error::NotYours)
}

/// The 256 words that both people compare (RTC-05).
struct Words {
    language: &'static str,
    url: String,
}

/// In the patient's language on both pages, whatever else they are in.
fn words(patients: &str) -> Words {
    let language = LANGUAGES.into_iter().find(|language| *language == patients).unwrap_or("en");
    Words { language, url: assets::url(&format!("calls/words/{language}.txt")) }
}
