//! The clinician's Today page and the steps of the room as forms; the patient's arrival and departure.

use super::arrival::ArrivalForm;
use super::check::Check;
use super::hub::{self, Hub};
use super::late::{self, Delay, Late};
use super::rules::{self, Rule, Switch};
use super::store::Standing;
use super::{Identity, MESSAGE_CHARS_MAX, socket};
use crate::app::App;
use crate::appointments::VisitState;
use crate::audit::{Event, Fact, Kind, Object};
use crate::ids::VisitId;
use crate::links::{self, AnsweredBy, DeviceMove, MoveAnswer, PatientVisit};
use crate::patients;
use crate::staff::Clinician;
use crate::text::Text;
use crate::time::{Millis, Zone};
use crate::web::{Error, Page, Result, csrf, html, see_other};
use actix_web::web::{Data, Path, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// How long after its start a visit may be marked as not come to. Lower: sooner. Higher: nobody is given up too early.
const LATE_AFTER: Millis = Millis::minutes(10);

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/today", get().to(today))
        .route("/today/list", get().to(list))
        .route("/today/socket", get().to(socket::today))
        .route("/today/delay", post().to(delay))
        .route("/visits/{id}/arrival", post().to(arrive))
        .route("/visits/{id}/departure", post().to(leave))
        .route("/visits/{id}/admission", post().to(admit))
        .route("/visits/{id}/hold", post().to(hold))
        .route("/visits/{id}/message", post().to(write))
        .route("/visits/{id}/removal", post().to(remove))
        .route("/visits/{id}/incident", post().to(report))
        .route("/visits/{id}/waiting", post().to(put_back))
        .route("/visits/{id}/identity", post().to(recognise))
        .route("/visits/{id}/end", post().to(end))
        .route("/visits/{id}/absence", post().to(no_show))
        .route("/visits/{id}/rules", post().to(rule))
        .route("/visits/{id}/sharing", post().to(share))
        .route("/visits/{id}/device-move", post().to(answer_move))
        .route("/visits/{id}/links", post().to(send_link));
}

#[derive(Template)]
#[template(path = "waiting_room/today.html")]
struct TodayPage {
    page: Page,
    day: String,
    late: Vec<Choice>,
    late_words: String,
    visits: Vec<Row>,
    checks_network: bool,
}

/// One length of time that a clinician may say to be late.
struct Choice {
    minutes: i64,
    said: bool,
}

#[derive(Template)]
#[template(path = "waiting_room/list.html")]
struct ListPart {
    page: Page,
    visits: Vec<Row>,
}

struct Row {
    id: String,
    state: &'static str,
    version: i64,
    since: String,
    away_since: String,
    held: bool,
    left: bool,
    late: bool,
    locked: bool,
    /// Why the patient has no link that works, a word; "" when nothing is known against it.
    trouble: String,
    /// The id of a device that asks to take the visit over, "" when none does.
    moving: String,
    has_note: bool,
    /// A new link still opens it.
    may_send: bool,
    moved: bool,
    /// What the check of the patient's connection came to, as JSON; "" when they did not look.
    check: String,
    starts_at: String,
    clock: String,
    name: String,
    words: String,
}

async fn today(app: App, hub: Data<Hub>, clinician: Clinician) -> Result<HttpResponse> {
    let (page, zone) = (clinician.page(&app), app.config.clinic.zone);
    let day = page.t.with2("waiting-day", "date", page.t.date(zone.today(app.now())), "city", zone.city());
    let (visits, late) = rows(&app, &hub, &clinician, page.t).await?;
    let late = late.map_or(0, |late| late.minutes);
    html(&TodayPage {
        late: late::MINUTES.map(|minutes| Choice { minutes, said: minutes == late }).into(),
        late_words: if late == 0 { String::new() } else { page.t.with("waiting-late-said", "minutes", late) },
        checks_network: app.config.network_check.is_some(),
        visits,
        page,
        day,
    })
}

async fn list(app: App, hub: Data<Hub>, clinician: Clinician) -> Result<HttpResponse> {
    let page = clinician.page(&app);
    html(&ListPart { visits: rows(&app, &hub, &clinician, page.t).await?.0, page })
}

/// The day with its names, and how late it gets. The log says whose names before any is opened.
async fn rows(app: &App, hub: &Hub, clinician: &Clinician, t: Text) -> Result<(Vec<Row>, Option<Late>)> {
    let hub::Day { mut visits, late } = hub::today(app, clinician.member.id).await?;
    visits.sort_by_key(|(_, visit)| (rank(visit), visit.waiting_since.filter(|_| rank(visit) == 0), visit.starts_at, visit.id));
    let ids: Vec<_> = visits.iter().map(|(_, visit)| visit.patient_id).collect();
    let event = Event::done(Kind::VisitsListed).about_all(ids.iter().copied()).with("page", Fact::Word("today"));
    let access = app.log.access(&clinician.context, event).await?;
    let names = patients::names(app, &access, &ids).await?;
    let zone = app.config.clinic.zone;
    let rows = visits.into_iter().map(|(device, visit)| {
        let name = names.get(&visit.patient_id).map(|name| name.reveal().clone()).unwrap_or_default();
        row(app, hub, &visit, device, name, zone, t)
    });
    Ok((rows.collect(), late))
}

/// Whoever waits stands on top, then who is in a call, then the order of the day.
fn rank(visit: &Standing) -> u8 {
    use VisitState::{Checking, InCall, Waiting};
    match visit.state {
        Waiting => 0,
        Checking | InCall => 1,
        _ => 2,
    }
}

fn row(app: &App, hub: &Hub, visit: &Standing, device: DeviceMove, name: String, zone: Zone, t: Text) -> Row {
    let check = hub.check_of(visit.id).filter(|_| !visit.state.is_over());
    let millis = |at: Option<crate::time::Timestamp>| at.map(|at| at.0.to_string()).unwrap_or_default();
    Row {
        id: visit.id.to_string(),
        state: visit.state.word(),
        version: visit.version,
        since: millis(visit.waiting_since),
        away_since: millis(hub.away_since(visit.id).filter(|_| rank(visit) < 2)),
        held: visit.held_at.is_some(),
        left: visit.left_at.is_some(),
        late: app.now() >= visit.starts_at + LATE_AFTER,
        locked: visit.check_locked_until.is_some_and(|until| until > app.now()),
        trouble: visit.link_trouble.clone().unwrap_or_default(),
        has_note: visit.state == VisitState::Ended && visit.identity.is_some(),
        may_send: !visit.state.is_over() && app.now() < visit.ends_at + app.config.links.closes_after(),
        moved: device.moved,
        check: check.and_then(|check| serde_json::to_string(&check).ok()).unwrap_or_default(),
        moving: device.asking.map(|asking| asking.device.to_string()).unwrap_or_default(),
        starts_at: visit.starts_at.rfc3339(),
        clock: t.time(visit.starts_at, zone),
        name,
        words: words(visit, check, t),
    }
}

/// What a page says until its script says more.
fn words(visit: &Standing, check: Option<Check>, t: Text) -> String {
    let state = t.say(&format!("waiting-js-{}", visit.state.word()));
    let check = check.map(|check| check.in_words(t));
    let trouble = visit.link_trouble.as_ref().map(|trouble| t.say(&format!("waiting-js-trouble-{trouble}")));
    [Some(state), check, trouble].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[derive(Deserialize)]
struct DelayForm {
    minutes: i64,
}

impl DelayForm {
    /// Nothing: on time again.
    fn parse(&self) -> Result<Option<Delay>> {
        if self.minutes == 0 { Ok(None) } else { Delay::of(self.minutes).map(Some).ok_or(Error::Invalid) }
    }
}

async fn delay(app: App, clinician: Clinician, request: HttpRequest, form: csrf::Form<DelayForm>) -> Result<HttpResponse> {
    late::say(&app, &clinician.context, clinician.member.id, form.0.parse()?).await?;
    Ok(done(&request))
}

/// `{"ok":true}` for a script, back to the day for a form.
fn done(request: &HttpRequest) -> HttpResponse {
    done_at(request, "/today")
}

/// `{"ok":true}` for a script, another page for a form.
fn done_at(request: &HttpRequest, page: &str) -> HttpResponse {
    if request.headers().contains_key(csrf::HEADER) { HttpResponse::Ok().json(serde_json::json!({ "ok": true })) } else { see_other(page) }
}

async fn arrive(app: App, patient: PatientVisit, request: HttpRequest, form: csrf::Form<ArrivalForm>) -> Result<HttpResponse> {
    super::arrive(&app, &patient, form.0.parse()?).await?;
    Ok(done_at(&request, &format!("/visits/{}", patient.visit)))
}

async fn leave(app: App, patient: PatientVisit, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::leave(&app, &patient).await?;
    Ok(done_at(&request, &format!("/visits/{}", patient.visit)))
}

async fn admit(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::admit(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(done_at(&request, &format!("/visits/{id}/call")))
}

async fn hold(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::hold(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(done(&request))
}

#[derive(Deserialize)]
struct MessageForm {
    message: String,
}

async fn write(
    app: App,
    clinician: Clinician,
    id: Path<VisitId>,
    request: HttpRequest,
    form: csrf::Form<MessageForm>,
) -> Result<HttpResponse> {
    let text = form.0.message.trim();
    if text.is_empty() || text.chars().count() > MESSAGE_CHARS_MAX {
        return Err(Error::Invalid);
    }
    super::write(&app, &clinician.context, clinician.member.id, *id, text).await?;
    Ok(done(&request))
}

async fn remove(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::remove(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(done(&request))
}

async fn report(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::report_wrong_person(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(done(&request))
}

async fn put_back(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::put_back(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(done(&request))
}

#[derive(Deserialize)]
struct IdentityForm {
    answer: String,
}

async fn recognise(
    app: App,
    clinician: Clinician,
    id: Path<VisitId>,
    request: HttpRequest,
    form: csrf::Form<IdentityForm>,
) -> Result<HttpResponse> {
    let answer = Identity::from_word(&form.0.answer).ok_or(Error::Invalid)?;
    super::recognise(&app, &clinician.context, clinician.member.id, *id, answer).await?;
    Ok(done(&request))
}

#[derive(Deserialize)]
struct RuleForm {
    rule: Rule,
    to: Switch,
}

async fn rule(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, form: csrf::Form<RuleForm>) -> Result<HttpResponse> {
    rules::set(&app, &clinician.context, clinician.member.id, *id, form.0.rule, form.0.to).await?;
    Ok(done_at(&request, &format!("/visits/{id}/call")))
}

#[derive(Deserialize)]
struct SharingForm {
    to: Switch,
}

async fn share(app: App, patient: PatientVisit, request: HttpRequest, form: csrf::Form<SharingForm>) -> Result<HttpResponse> {
    rules::share(&app, &patient, form.0.to).await?;
    Ok(done_at(&request, &format!("/visits/{}", patient.visit)))
}

async fn end(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::end(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(done(&request))
}

async fn no_show(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    super::no_show(&app, &clinician.context, clinician.member.id, *id).await?;
    Ok(done(&request))
}

async fn send_link(app: App, clinician: Clinician, id: Path<VisitId>, request: HttpRequest, _ours: csrf::Token) -> Result<HttpResponse> {
    require_own(&app, &clinician, *id, Kind::LinkRequested).await?;
    links::resend(&app, &clinician.context, *id).await?;
    Ok(done(&request))
}

async fn answer_move(
    app: App,
    clinician: Clinician,
    id: Path<VisitId>,
    request: HttpRequest,
    form: csrf::Form<MoveAnswer>,
) -> Result<HttpResponse> {
    require_own(&app, &clinician, *id, Kind::DeviceMoveAllowed).await?;
    links::answer_device_move(&app, &clinician.context, *id, &form.0, AnsweredBy::Clinician).await?;
    Ok(done(&request))
}

/// Another's visit does not exist for them, and that they tried is in the log.
async fn require_own(app: &App, clinician: &Clinician, id: VisitId, kind: Kind) -> Result<()> {
    let mut tx = app.db.reading().await?;
    let own = super::standing(&mut tx, id).await?.is_some_and(|standing| standing.clinician_id == clinician.member.id);
    drop(tx);
    if own {
        return Ok(());
    }
    app.log.refused(&clinician.context, Event::refused(kind, "foreign").on(Object::Visit, id.0)).await?;
    Err(Error::NotFound)
}
