//! One visit: what stands, its link and mails, move it, call it off.

use super::{Shown, busy, lasts, name, state, trouble, twice};
use crate::app::App;
use crate::appointments::model::{Slot, TimeForm, VisitState};
use crate::appointments::store::{self, Mail};
use crate::appointments::{BookError, cancel, existing, move_to, unlock};
use crate::audit::{Event, Kind, Object};
use crate::config::CheckPolicy;
use crate::ids::{PatientId, VisitId};
use crate::links::{self, AnsweredBy, MoveAnswer};
use crate::secret::Secret;
use crate::staff::{self, Scheduler};
use crate::text::Text;
use crate::time::{Timestamp, Zone};
use crate::web::csrf::{Form, Token};
use crate::web::form::{Choice, Problems, Wrongs};
use crate::web::{self, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use askama::Template;
use serde::Deserialize;
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
    trouble: String,
    /// What to do about it.
    trouble_next: String,
    mails: Vec<MailLine>,
    may_send: bool,
    may_change: bool,
    may_cancel: bool,
    /// Nobody can begin or end the visit: its clinician's account is closed.
    clinician_left: bool,
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
    /// The visit code that was made just now.
    code: Option<Secret<String>>,
    /// What the patient types to open the link.
    check: String,
    may_give_code: bool,
    may_drop_code: bool,
    /// The id of a device that asks to take the visit over, "" when none does.
    moving: String,
}

impl VisitPage {
    /// `402 913`: six digits are read out in two threes.
    fn code_in_threes(&self) -> Option<String> {
        self.code.as_ref().map(|code| format!("{} {}", &code.reveal()[..3], &code.reveal()[3..]))
    }
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
    let notices = ["booked", "moved", "cancelled", "link-sent", "unlocked", "code-dropped", "device-move-allowed", "device-move-refused"];
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
    let visit = existing(&app, *id).await?;
    let now = Slot { starts_at: visit.starts_at, ends_at: visit.ends_at };
    let wrongs = match time.parse(app.config.clinic.zone, app.now()) {
        // A new link and a mail about a new time would only frighten the patient.
        Ok(slot) if slot == now && was == now.starts_at => {
            let mut problems = Problems::default();
            problems.note("time", "appointments-time-same");
            Wrongs::say(t, &problems)
        }
        Ok(slot) => match move_to(&app, &scheduler.context, *id, was, slot).await {
            Ok(()) => return Ok(see_other(&format!("/appointments/{id}?notice=moved"))),
            Err(BookError::Changed) => return changed(&app, &scheduler, *id).await,
            Err(error) => busy(&app, t, visit.clinician_id, "appointments-clinician-busy-move", error).await?,
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

/// `POST /appointments/{id}/code`: "New visit code". It is on this one page, in no address and in no mail.
pub async fn new_code(app: App, scheduler: Scheduler, id: Path<VisitId>, _: Token) -> web::Result<HttpResponse> {
    existing(&app, *id).await?;
    let code = links::new_code(&app, &scheduler.context, *id).await?;
    with_code(&app, &scheduler, *id, "appointments-code-made", Some(code)).await
}

/// The page with a code that was made just now.
pub(super) async fn with_code(
    app: &App,
    scheduler: &Scheduler,
    id: VisitId,
    notice: &str,
    code: Option<Secret<String>>,
) -> web::Result<HttpResponse> {
    let mut page = visit_page(app, scheduler, id).await?;
    page.notice = page.page.t.say(notice);
    page.code = code;
    html(&page)
}

/// `POST /appointments/{id}/date-of-birth`: "Use the date of birth again".
pub async fn drop_code(app: App, scheduler: Scheduler, id: Path<VisitId>, _: Token) -> web::Result<HttpResponse> {
    existing(&app, *id).await?;
    links::drop_code(&app, &scheduler.context, *id).await?;
    Ok(see_other(&format!("/appointments/{id}?notice=code-dropped")))
}

/// `POST /appointments/{id}/device-move`: another device asks for the visit; "Move" or "Refuse".
pub async fn answer_move(app: App, scheduler: Scheduler, id: Path<VisitId>, form: Form<MoveAnswer>) -> web::Result<HttpResponse> {
    links::answer_device_move(&app, &scheduler.context, *id, &form.0, AnsweredBy::Scheduler).await?;
    Ok(see_other(&format!("/appointments/{id}?notice=device-move-{}", form.0.answer.done())))
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
    let has_code = links::has_code(&mut tx, id).await?;
    let moving = links::asking_device(&mut tx, id, app.now()).await?;
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
        trouble: trouble(t, visit),
        trouble_next: visit.link_trouble.as_ref().map(|trouble| t.say(&format!("appointments-trouble-{trouble}-next"))).unwrap_or_default(),
        mails: mails.iter().map(|mail| mail_line(t, mail, zone, app.config.mail.smtp.is_some())).collect(),
        may_send: visit.state.may_change() && visit.state != VisitState::NoShow && now < visit.ends_at + app.config.links.closes_after(),
        may_change: visit.state.may_change() && !visit.clinician_left,
        may_cancel: visit.may_cancel(),
        clinician_left: visit.clinician_left && !visit.state.is_over(),
        was: visit.starts_at.0,
        twice: twice(t, &time, zone),
        time,
        zone: t.with("appointments-time-in", "zone", zone.city()),
        wrongs: Wrongs::default(),
        changed: false,
        notice: String::new(),
        by_phone: None,
        join_address: format!("{}/join", app.config.base_url),
        code: None,
        check: t.say(if has_code { "appointments-check-code" } else { "appointments-check-birth" }),
        may_give_code: !visit.state.is_over(),
        may_drop_code: !visit.state.is_over() && has_code && app.config.links.check == CheckPolicy::DateOfBirth,
        moving: moving.map(|asking| asking.device.to_string()).unwrap_or_default(),
        patient: shown.patient,
        clinician: shown.clinician,
        page,
    })
}

/// `by_server`: mails go to a mail server, not into a folder.
fn mail_line(t: Text, mail: &Mail, zone: Zone, by_server: bool) -> MailLine {
    let sent_how = if by_server { "appointments-mail-sent" } else { "appointments-mail-filed" };
    if mail.bounced_at.is_some() && mail.sent_at.is_some() {
        return MailLine { what: t.say(&format!("appointments-mail-{}", mail.kind)), state: t.say("appointments-mail-bounced") };
    }
    let state = match (mail.sent_at, mail.given_up_at, mail.last_error.as_deref()) {
        (Some(sent), ..) => t.with(sent_how, "when", t.when(sent, zone)),
        (_, Some(_), Some("withdrawn")) => t.say("appointments-mail-withdrawn"),
        (_, Some(_), why) => t.with("appointments-mail-given-up", "why", why.unwrap_or_default()),
        (_, None, Some(why)) => t.with2("appointments-mail-trying", "why", why, "attempts", mail.attempts),
        (_, None, None) => t.say("appointments-mail-waiting"),
    };
    MailLine { what: t.say(&format!("appointments-mail-{}", mail.kind)), state }
}
