//! The front desk's pages about appointments. Names open with an event about each patient they belong to; times name zones.

use super::model::{NewAppointment, Slot, TimeForm, Visit, VisitState, parse_reason, week_of};
use super::store::{self, Mail};
use super::{BookError, book, cancel, existing, move_to, unlock};
use crate::app::App;
use crate::audit::{Event, Fact, Kind, Object};
use crate::ids::{PatientId, RequestKey, StaffId, VisitId};
use crate::secret::Secret;
use crate::staff::{self, Member, Scheduler};
use crate::text::Text;
use crate::time::{Millis, Timestamp, Zone};
use crate::web::csrf::{Form, Token};
use crate::web::form::{Choice, Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode, html, html_with, see_other};
use crate::{links, patients};
use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use askama::Template;
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use std::collections::BTreeMap;

const MINUTES_USUAL: &str = "30";

// The day and the week ------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "appointments/list.html")]
struct ListPage {
    page: Page,
    heading: String,
    zone: String,
    week: bool,
    day: NaiveDate,
    earlier: NaiveDate,
    later: NaiveDate,
    days: Vec<Day>,
}

struct Day {
    date: NaiveDate,
    heading: String,
    visits: Vec<Line>,
}

struct Line {
    id: VisitId,
    time: String,
    zone: String,
    minutes: String,
    patient: String,
    clinician: String,
    elsewhere: Vec<String>,
    state: String,
    word: &'static str,
}

impl ListPage {
    fn view(&self) -> &'static str {
        if self.week { "week" } else { "day" }
    }
}

#[derive(Deserialize)]
pub struct ListQuery {
    day: Option<String>,
    view: Option<String>,
}

/// `GET /appointments`.
pub async fn list(app: App, scheduler: Scheduler, query: Query<ListQuery>) -> web::Result<HttpResponse> {
    let (page, zone) = (scheduler.page(&app), app.config.clinic.zone);
    let day = query.day.as_deref().and_then(|day| day.parse().ok()).unwrap_or_else(|| zone.today(app.now()));
    let week = query.view.as_deref() == Some("week");
    let dates = if week { week_of(day) } else { vec![day] };
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return Err(Error::NotFound) };
    let visits = visits_between(&app, &scheduler, zone.day(*first).0, zone.day(*last).1).await?;
    let heading = if week { "appointments-heading-week" } else { "appointments-heading-day" };
    let step = Days::new(if week { 7 } else { 1 });
    let on = |date: NaiveDate| Day {
        date,
        heading: page.t.date(date),
        visits: visits.iter().filter(|visit| visit.0 == date).map(|visit| visit.1.line(page.t, zone)).collect(),
    };
    html(&ListPage {
        heading: page.t.with(heading, "day", page.t.date(*first)),
        zone: zone.city(),
        week,
        day,
        earlier: day.checked_sub_days(step).unwrap_or(day),
        later: day.checked_add_days(step).unwrap_or(day),
        days: dates.iter().map(|date| on(*date)).collect(),
        page,
    })
}

/// A visit with what a page shows of it.
struct Shown {
    visit: Visit,
    patient: String,
    clinician: String,
    clinician_zone: Option<Zone>,
}

/// The visits of a span with their dates on the clinic's wall. One event stands for all names of the page.
async fn visits_between(app: &App, scheduler: &Scheduler, from: Timestamp, until: Timestamp) -> web::Result<Vec<(NaiveDate, Shown)>> {
    let mut tx = app.db.reading().await?;
    let visits = store::day(&mut tx, None, from, until).await?;
    let clinicians = members(&mut tx, &visits).await?;
    drop(tx);
    let ids: Vec<PatientId> = visits.iter().map(|visit| visit.patient_id).collect();
    let event = Event::done(Kind::VisitsListed).about_all(ids.iter().copied());
    let event = event.with("from", Fact::At(from)).with("until", Fact::At(until));
    let access = app.log.access(&scheduler.context, event).await?;
    let names = patients::names(app, &access, &ids).await?;
    let zone = app.config.clinic.zone;
    let shown = |visit: Visit| {
        let member = clinicians.get(&visit.clinician_id);
        let patient = names.get(&visit.patient_id).map(|name| name.reveal().clone()).unwrap_or_default();
        let date = visit.starts_at.local(zone).date();
        let clinician = member.map(|member| member.name.clone()).unwrap_or_default();
        (date, Shown { patient, clinician, clinician_zone: member.map(|member| member.zone), visit })
    };
    Ok(visits.into_iter().map(shown).collect())
}

async fn members(tx: &mut crate::db::Tx, visits: &[Visit]) -> sqlx::Result<BTreeMap<StaffId, Member>> {
    let mut members = BTreeMap::new();
    for visit in visits {
        if !members.contains_key(&visit.clinician_id)
            && let Some(member) = staff::member(tx, visit.clinician_id).await?
        {
            members.insert(member.id, member);
        }
    }
    Ok(members)
}

impl Shown {
    fn line(&self, t: Text, zone: Zone) -> Line {
        let at = self.visit.starts_at;
        Line {
            id: self.visit.id,
            time: at.local(zone).format("%H:%M").to_string(),
            zone: t.with2("appointments-zone", "city", zone.city(), "offset", zone.offset(at)),
            minutes: lasts(t, &self.visit),
            patient: self.patient.clone(),
            clinician: self.clinician.clone(),
            elsewhere: self.elsewhere(t, zone),
            state: state(t, self.visit.state),
            word: self.visit.state.word(),
        }
    }

    /// The time for whoever sits where the clocks differ.
    fn elsewhere(&self, t: Text, clinic: Zone) -> Vec<String> {
        let at = self.visit.starts_at;
        let differs = |zone: &Zone| zone.offset(at) != clinic.offset(at);
        let patient =
            Some(self.visit.patient_zone).filter(differs).map(|zone| t.with("appointments-for-patient", "when", t.when(at, zone)));
        let clinician = self.clinician_zone.filter(differs).map(|zone| t.with("appointments-for-clinician", "when", t.when(at, zone)));
        patient.into_iter().chain(clinician).collect()
    }
}

// Book ----------------------------------------------------------------------------------------------------------------

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct BookForm {
    request_key: String,
    patient: String,
    clinician: String,
    reason: String,
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
    let typed = BookForm { request_key: RequestKey::new(&app.rng).to_string(), patient: patient.to_string(), time, ..BookForm::default() };
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
                Ok(id) => return Ok(see_other(&format!("/appointments/{id}?notice=booked"))),
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
    let Ok(clinician) = typed.clinician.parse() else { return Ok(Err(("clinician", "appointments-clinician-wrong").into())) };
    Ok(Ok(NewAppointment { request_key, patient, clinician, slot, reason }))
}

/// Say who is busy and what to do, or hand the error on.
async fn busy(app: &App, t: Text, clinician: StaffId, sentence: &str, error: BookError) -> web::Result<Wrongs> {
    let zone = app.config.clinic.zone;
    let span = |slot: Slot| (t.clock(slot.starts_at, zone), t.clock(slot.ends_at, zone));
    match error {
        BookError::ClinicianBusy(slot) => {
            let mut tx = app.db.reading().await?;
            let name = staff::member(&mut tx, clinician).await?.map(|member| member.name).unwrap_or_default();
            let (from, until) = span(slot);
            Ok(Wrongs::one("time", t.with_all(sentence, &[("clinician", &name), ("from", &from), ("until", &until)])))
        }
        BookError::PatientBusy(slot) => {
            let (from, until) = span(slot);
            Ok(Wrongs::one("time", t.with2("appointments-patient-busy", "from", from, "until", until)))
        }
        BookError::NotAClinician => Ok(Wrongs::one("clinician", t.say("appointments-clinician-wrong"))),
        BookError::Changed => Err(Error::Conflict),
        BookError::Other(error) => Err(error),
    }
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
    Ok(NewPage {
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

/// The two times to choose from where clocks go back.
fn twice(t: Text, time: &TimeForm, zone: Zone) -> Vec<Choice> {
    let choice = |at: Timestamp| Choice { value: zone.offset(at), label: t.clock(at, zone) };
    time.twice(zone).map(|instants| instants.map(choice).to_vec()).unwrap_or_default()
}

// One visit -----------------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "appointments/visit.html")]
struct VisitPage {
    page: Page,
    id: VisitId,
    word: &'static str,
    version: i64,
    patient_id: PatientId,
    patient: String,
    clinician: String,
    when: String,
    elsewhere: Vec<String>,
    minutes: String,
    state: String,
    has_reason: bool,
    locked: String,
    mails: Vec<MailLine>,
    may_send: bool,
    may_change: bool,
    /// The start that the person sees, sent back with a change.
    was: i64,
    time: TimeForm,
    twice: Vec<Choice>,
    zone: String,
    wrongs: Wrongs,
    changed: bool,
    notice: String,
    /// The code to read out when the patient takes no mail.
    by_phone: Option<Secret<String>>,
    join_address: String,
}

struct MailLine {
    what: String,
    state: String,
}

#[derive(Deserialize)]
pub struct Notice {
    #[serde(default)]
    notice: String,
}

/// `GET /appointments/{id}`.
pub async fn show(app: App, scheduler: Scheduler, id: Path<VisitId>, notice: Query<Notice>) -> web::Result<HttpResponse> {
    let mut page = visit_page(&app, &scheduler, *id).await?;
    let notices = ["booked", "moved", "cancelled", "link-sent", "unlocked"];
    if let Some(known) = notices.into_iter().find(|known| *known == notice.notice) {
        page.notice = page.page.t.say(&format!("appointments-{known}"));
    }
    html(&page)
}

#[derive(Deserialize)]
pub struct MoveForm {
    was: Timestamp,
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    which: String,
}

/// `POST /appointments/{id}/move`.
pub async fn move_visit(app: App, scheduler: Scheduler, id: Path<VisitId>, form: Form<MoveForm>) -> web::Result<HttpResponse> {
    let MoveForm { was, date, time, minutes, which } = form.0;
    let time = TimeForm { date, time, minutes, which };
    let t = scheduler.page(&app).t;
    let wrongs = match time.parse(app.config.clinic.zone, app.now()) {
        Ok(slot) => match move_to(&app, &scheduler.context, *id, was, slot).await {
            Ok(()) => return Ok(see_other(&format!("/appointments/{id}?notice=moved"))),
            Err(BookError::Changed) => return changed(&app, &scheduler, *id).await,
            Err(error) => {
                let clinician = existing(&app, *id).await?.clinician_id;
                busy(&app, t, clinician, "appointments-clinician-busy-move", error).await?
            }
        },
        Err(problems) => Wrongs::say(t, &problems),
    };
    let mut page = visit_page(&app, &scheduler, *id).await?;
    page.was = was.0;
    page.twice = twice(t, &time, app.config.clinic.zone);
    page.time = time;
    page.wrongs = wrongs;
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

#[derive(Deserialize)]
pub struct CancelForm {
    was: Timestamp,
}

/// `POST /appointments/{id}/cancellation`.
pub async fn cancel_visit(app: App, scheduler: Scheduler, id: Path<VisitId>, form: Form<CancelForm>) -> web::Result<HttpResponse> {
    match cancel(&app, &scheduler.context, *id, form.0.was).await {
        Ok(()) => Ok(see_other(&format!("/appointments/{id}?notice=cancelled"))),
        Err(BookError::Other(error)) => Err(error),
        Err(_) => changed(&app, &scheduler, *id).await,
    }
}

/// `POST /appointments/{id}/links`: "Send a new link". Whoever takes no mail is told a code by phone.
pub async fn send_link(app: App, scheduler: Scheduler, id: Path<VisitId>, _: Token) -> web::Result<HttpResponse> {
    let link = links::resend(&app, &scheduler.context, *id).await?;
    if link.mailed {
        return Ok(see_other(&format!("/appointments/{id}?notice=link-sent")));
    }
    let mut page = visit_page(&app, &scheduler, *id).await?;
    page.by_phone = Some(link.join_code);
    html(&page)
}

/// `POST /appointments/{id}/unlock`.
pub async fn unlock_visit(app: App, scheduler: Scheduler, id: Path<VisitId>, _: Token) -> web::Result<HttpResponse> {
    unlock(&app, &scheduler.context, *id).await?;
    Ok(see_other(&format!("/appointments/{id}?notice=unlocked")))
}

async fn changed(app: &App, scheduler: &Scheduler, id: VisitId) -> web::Result<HttpResponse> {
    let mut page = visit_page(app, scheduler, id).await?;
    page.changed = true;
    html_with(StatusCode::CONFLICT, &page)
}

async fn visit_page(app: &App, scheduler: &Scheduler, id: VisitId) -> web::Result<VisitPage> {
    let visit = existing(app, id).await?;
    let event = Event::done(Kind::VisitRead).on(Object::Visit, id.0).about(visit.patient_id);
    let patient = name(app, scheduler, visit.patient_id, event).await?;
    let mut tx = app.db.reading().await?;
    let mails = store::mails(&mut tx, id).await?;
    let member = staff::member(&mut tx, visit.clinician_id).await?;
    let (page, zone, now) = (scheduler.page(app), app.config.clinic.zone, app.now());
    let clinician_zone = member.as_ref().map(|member| member.zone);
    let shown = Shown { visit, patient, clinician: member.map(|member| member.name).unwrap_or_default(), clinician_zone };
    let (t, visit) = (page.t, &shown.visit);
    let time = TimeForm::of(Slot { starts_at: visit.starts_at, ends_at: visit.ends_at }, zone);
    let locked = visit.check_locked_until.filter(|until| *until > now);
    Ok(VisitPage {
        id,
        word: visit.state.word(),
        version: visit.version,
        patient_id: visit.patient_id,
        when: t.when(visit.starts_at, zone),
        elsewhere: shown.elsewhere(t, zone),
        minutes: lasts(t, visit),
        state: state(t, visit.state),
        has_reason: visit.reason.is_some(),
        locked: locked.map(|until| t.with("appointments-locked", "clock", t.clock(until, zone))).unwrap_or_default(),
        mails: mails.iter().map(|mail| mail_line(t, mail, zone)).collect(),
        may_send: visit.state.may_change() && visit.state != VisitState::NoShow && now < visit.ends_at + app.config.links.closes_after(),
        may_change: visit.state.may_change(),
        was: visit.starts_at.0,
        twice: twice(t, &time, zone),
        time,
        zone: t.with("appointments-time-in", "zone", zone.city()),
        wrongs: Wrongs::default(),
        changed: false,
        notice: String::new(),
        by_phone: None,
        join_address: format!("{}/join", app.config.base_url),
        patient: shown.patient,
        clinician: shown.clinician,
        page,
    })
}

async fn name(app: &App, scheduler: &Scheduler, patient: PatientId, event: Event) -> web::Result<String> {
    let access = app.log.access(&scheduler.context, event).await?;
    let names = patients::names(app, &access, &[patient]).await?;
    Ok(names.get(&patient).map(|name| name.reveal().clone()).unwrap_or_default())
}

fn mail_line(t: Text, mail: &Mail, zone: Zone) -> MailLine {
    let state = match (mail.sent_at, mail.given_up_at, mail.last_error.as_deref()) {
        (Some(sent), ..) => t.with("appointments-mail-sent", "when", t.when(sent, zone)),
        (_, Some(_), Some("withdrawn")) => t.say("appointments-mail-withdrawn"),
        (_, Some(_), why) => t.with("appointments-mail-given-up", "why", why.unwrap_or_default()),
        (_, None, Some(why)) => t.with2("appointments-mail-trying", "why", why, "attempts", mail.attempts),
        (_, None, None) => t.say("appointments-mail-waiting"),
    };
    MailLine { what: t.say(&format!("appointments-mail-{}", mail.kind)), state }
}

fn state(t: Text, state: VisitState) -> String {
    t.say(&format!("appointments-state-{state}"))
}

fn lasts(t: Text, visit: &Visit) -> String {
    t.count("appointments-lasts", "minutes", (visit.ends_at - visit.starts_at).0 / Millis::minutes(1).0)
}
