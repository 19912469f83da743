//! Book a visit for a patient who was found before.

use super::visit::with_code;
use super::{busy, name, twice};
use crate::app::App;
use crate::appointments::model::{NewAppointment, TimeForm, parse_reason};
use crate::appointments::{Booked, book};
use crate::audit::{Event, Fact, Kind, Object};
use crate::config::CheckPolicy;
use crate::ids::{PatientId, RequestKey};
use crate::patients;
use crate::staff::{self, Scheduler};
use crate::web::csrf::Form;
use crate::web::form::{Choice, Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::web::Query;
use askama::Template;
use serde::Deserialize;

const MINUTES_USUAL: &str = "30";
/// The choice of a visit that asks for a code.
const VISIT_CODE: &str = "visit_code";

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct BookForm {
    request_key: String,
    patient: String,
    clinician: String,
    reason: String,
    /// `visit_code` for a visit that asks for one.
    check: String,
    #[serde(flatten)]
    time: TimeForm,
}

#[derive(Template)]
#[template(path = "appointments/new.html")]
struct NewPage {
    page: Page,
    typed: BookForm,
    time: TimeForm,
    patient: String,
    clinicians: Vec<Choice>,
    twice: Vec<Choice>,
    zone: String,
    wrongs: Wrongs,
    /// What the patient may be asked for, or nothing where the clinic always asks for a code.
    checks: Vec<Choice>,
}

#[derive(Deserialize)]
pub struct NewQuery {
    patient: Option<PatientId>,
    day: Option<String>,
}

/// `GET /appointments/new?patient=ID`. Without a patient: find one first.
pub async fn new_form(app: App, scheduler: Scheduler, query: Query<NewQuery>) -> web::Result<HttpResponse> {
    let Some(patient) = query.patient else { return Ok(see_other("/patients")) };
    let time = TimeForm { date: query.day.clone().unwrap_or_default(), minutes: MINUTES_USUAL.to_owned(), ..TimeForm::default() };
    let typed = BookForm {
        request_key: RequestKey::new(&app.rng).to_string(),
        patient: patient.to_string(),
        check: "date_of_birth".to_owned(),
        time,
        ..BookForm::default()
    };
    html(&new_page(&app, &scheduler, typed, Wrongs::default()).await?)
}

/// `POST /appointments`.
pub async fn create(app: App, scheduler: Scheduler, form: Form<BookForm>) -> web::Result<HttpResponse> {
    let typed = form.0;
    let t = scheduler.page(&app).t;
    let wrongs = match parse(&app, &typed)? {
        Ok(new) => {
            let clinician = new.clinician;
            match book(&app, &scheduler.context, new).await {
                Ok(Booked { id, code: None }) => return Ok(see_other(&format!("/appointments/{id}?notice=booked"))),
                Ok(Booked { id, code }) => return with_code(&app, &scheduler, id, "appointments-booked", code).await,
                Err(error) => busy(&app, t, clinician, "appointments-clinician-busy", error).await?,
            }
        }
        Err(problems) => Wrongs::say(t, &problems),
    };
    let page = new_page(&app, &scheduler, typed, wrongs).await?;
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// What no person typed must be right; what one typed may have problems.
fn parse(app: &App, typed: &BookForm) -> web::Result<Result<NewAppointment, Problems>> {
    let request_key = typed.request_key.parse().map_err(|_| Error::Invalid)?;
    let patient = typed.patient.parse().map_err(|_| Error::Invalid)?;
    let slot = match typed.time.parse(app.config.clinic.zone, app.now()) {
        Ok(slot) => slot,
        Err(problems) => return Ok(Err(problems)),
    };
    let reason = match parse_reason(&typed.reason) {
        Ok(reason) => reason,
        Err(problems) => return Ok(Err(problems)),
    };
    let check = if typed.check == VISIT_CODE { CheckPolicy::VisitCode } else { CheckPolicy::DateOfBirth };
    let Ok(clinician) = typed.clinician.parse() else { return Ok(Err(("clinician", "appointments-clinician-wrong").into())) };
    Ok(Ok(NewAppointment { request_key, patient, clinician, slot, reason, check }))
}

async fn new_page(app: &App, scheduler: &Scheduler, typed: BookForm, wrongs: Wrongs) -> web::Result<NewPage> {
    let (page, zone) = (scheduler.page(app), app.config.clinic.zone);
    let id = typed.patient.parse().map_err(|_| Error::Invalid)?;
    if !patients::exists(app, id).await? {
        return Err(Error::NotFound);
    }
    let event = Event::done(Kind::PatientRead).on(Object::Patient, id.0).about(id).with("fields", Fact::Words(vec!["name"]));
    let patient = name(app, scheduler, id, event).await?;
    let mut tx = app.db.reading().await?;
    let clinicians: Vec<Choice> =
        staff::clinicians(&mut tx).await?.into_iter().map(|member| Choice { value: member.id.to_string(), label: member.name }).collect();
    let wrongs = if clinicians.is_empty() { Wrongs::one("clinician", page.t.say("appointments-clinician-none")) } else { wrongs };
    let check = |value: &str, label: &str| Choice { value: value.to_owned(), label: page.t.say(label) };
    let checks = vec![check("date_of_birth", "appointments-asks-birth"), check(VISIT_CODE, "appointments-asks-code")];
    Ok(NewPage {
        checks: if app.config.links.check == CheckPolicy::DateOfBirth { checks } else { Vec::new() },
        time: typed.time.clone(),
        twice: twice(page.t, &typed.time, zone),
        zone: page.t.with("appointments-time-in", "zone", zone.city()),
        patient,
        clinicians,
        typed,
        wrongs,
        page,
    })
}
