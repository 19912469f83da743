//! `GET /review`, and what is written there.

use super::super::model::Asked;
use super::super::pages::address;
use super::model::Rule;
use super::store::Item;
use super::{Bell, Queue, Review, look, overdue_before, record};
use crate::app::App;
use crate::ids::StaffId;
use crate::records::emergency::Told;
use crate::staff::ComplianceOfficer;
use crate::text::Text;
use crate::time::{Millis, Timestamp, Zone};
use crate::web::{self, Page, StatusCode, csrf, form};
use actix_web::HttpResponse;
use actix_web::web::Path;
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

/// The longest comment, in characters.
const COMMENT_CHARS_MAX: usize = 2_000;

#[derive(Template)]
#[template(path = "compliance/review.html")]
struct ReviewPage {
    page: Page,
    bell: Bell,
    /// When somebody last looked through the log, and that it is too long ago.
    looked: String,
    look_overdue: bool,
    look_days: u32,
    open: Vec<Row>,
    reviewed: Vec<Row>,
    /// A sentence about a form that was not taken, on top of the page.
    wrong: Option<&'static str>,
    /// The item whose comment was not taken, and what was typed.
    again: Option<(Uuid, String)>,
}

struct Row {
    id: Uuid,
    what: String,
    who: String,
    happened: String,
    age: String,
    overdue: bool,
    log: String,
    opened: Option<String>,
    reviewed: String,
    comment: String,
    /// Of an emergency: what the clinician said.
    why: String,
    /// And that it goes on: it is reviewed afterwards.
    goes_on: bool,
}

impl ReviewPage {
    fn title_open(&self) -> String {
        self.page.t.count("review-open", "count", self.bell.open)
    }

    fn overdue(&self) -> String {
        self.page.t.count("review-overdue", "count", self.bell.overdue)
    }

    fn typed(&self, id: &Uuid) -> &str {
        self.again.as_ref().filter(|(again, _)| again == id).map_or("", |(_, typed)| typed)
    }
}

#[derive(Deserialize)]
pub struct CommentForm {
    #[serde(default)]
    comment: String,
}

pub async fn show(app: App, officer: ComplianceOfficer) -> web::Result<HttpResponse> {
    web::html(&render(&app, &officer, look(&app, &officer.context).await?))
}

pub async fn reviewed(app: App, officer: ComplianceOfficer, id: Path<Uuid>, form: csrf::Form<CommentForm>) -> web::Result<HttpResponse> {
    let (id, comment) = (id.into_inner(), form.0.comment.trim().to_owned());
    if !is_comment(&comment) {
        let page = render(&app, &officer, look(&app, &officer.context).await?);
        let again = ReviewPage { wrong: Some("review-comment-wrong"), again: Some((id, comment)), ..page };
        return web::html_with(StatusCode::UNPROCESSABLE_ENTITY, &again);
    }
    let (wrong, again) = match record(&app, &officer.context, officer.member.id, id, &comment).await? {
        Review::Recorded => return Ok(web::see_other("/review")),
        Review::Stale => ("review-stale", None),
        Review::TooEarly => ("review-still-open", Some((id, comment))),
    };
    let page = render(&app, &officer, look(&app, &officer.context).await?);
    web::html_with(StatusCode::CONFLICT, &ReviewPage { wrong: Some(wrong), again, ..page })
}

/// Whether these are words that can be kept.
pub(in crate::compliance) fn is_comment(comment: &str) -> bool {
    let hidden = |c: char| form::is_hidden(c) && !matches!(c, '\n' | '\r' | '\t');
    !comment.is_empty() && comment.chars().count() <= COMMENT_CHARS_MAX && !comment.contains(hidden)
}

fn render(app: &App, officer: &ComplianceOfficer, queue: Queue) -> ReviewPage {
    let (page, zone) = (officer.page(app), officer.member.zone);
    let name = |id: Uuid| queue.people.iter().find(|person| person.id == StaffId(id)).map(|person| person.name.clone());
    let rows = |items: &[Item]| items.iter().map(|item| row(app, page.t, item, queue.emergencies.get(&item.id), &name, zone)).collect();
    let looked = match queue.looked.last {
        Some((at, by)) => page.t.with2("review-look-last", "at", page.t.when(at, zone), "who", name(by.0).unwrap_or_default()),
        None => page.t.say("review-look-never"),
    };
    ReviewPage {
        bell: queue.bell,
        looked,
        look_overdue: queue.looked.overdue,
        look_days: app.config.compliance.activity_review_days,
        open: rows(&queue.open),
        reviewed: rows(&queue.reviewed),
        wrong: None,
        again: None,
        page,
    }
}

fn row(app: &App, t: Text, item: &Item, told: Option<&Told>, name: &dyn Fn(Uuid) -> Option<String>, zone: Zone) -> Row {
    let by_themselves = Rule::from_word(&item.rule) == Some(Rule::Activity);
    let nobody = if by_themselves { "review-everybody" } else { "review-nobody" };
    let rule = Rule::from_word(&item.rule).map_or("other", Rule::word).replace('_', "-");
    let comment = item.comment.as_ref().map(|sealed| app.log.open_remark(item.id, sealed).unwrap_or_else(|| t.say("compliance-altered")));
    Row {
        id: item.id,
        what: t.count(&format!("review-rule-{rule}"), "count", item.number),
        who: item.actor_id.and_then(name).unwrap_or_else(|| t.say(nobody)),
        happened: if by_themselves {
            t.with2("review-look-period", "from", t.when(item.happened_at, zone), "until", t.when(item.found_at, zone))
        } else {
            t.when(item.happened_at, zone)
        },
        age: t.count("review-age", "days", (app.now() - item.happened_at).0 / Millis::days(1).0),
        overdue: item.happened_at < overdue_before(app),
        log: in_the_log(app, item, zone),
        opened: item.patient_id.map(|patient| format!("/access-log/patients/{patient}")),
        reviewed: match (item.reviewed_at, item.reviewed_by) {
            (Some(at), Some(by)) => t.with2("review-by", "who", name(by.0).unwrap_or_default(), "at", t.when(at, zone)),
            _ => String::new(),
        },
        comment: comment.unwrap_or_default(),
        why: told.map(|told| told.why.clone().unwrap_or_else(|| t.say("compliance-altered"))).unwrap_or_default(),
        goes_on: told.is_some_and(|told| !told.over),
    }
}

/// The hour before it in the log, of the same account and the same kind; of an emergency, all of it.
fn in_the_log(app: &App, item: &Item, zone: Zone) -> String {
    let typed = |at: Timestamp| at.local(zone).format("%Y-%m-%dT%H:%M").to_string();
    let (kind, outcome, person) = match Rule::from_word(&item.rule) {
        Some(Rule::FailedSignIns) => ("staff.signed_in", "refused", None),
        Some(Rule::WrongLinks) => ("link.checked", "refused", None),
        Some(Rule::ExportAtNight) => ("log.exported", "", item.actor_id),
        _ => ("", "", item.actor_id),
    };
    if Rule::from_word(&item.rule) == Some(Rule::Activity) {
        return address("/access-log", &looked_through(item, &typed));
    }
    if item.emergency().is_some() {
        let until = item.happened_at + app.config.emergency.length();
        return address("/access-log", &looked_through(&Item { found_at: until, ..item.clone() }, &typed));
    }
    let asked = Asked {
        from: typed(item.happened_at - Millis::hours(1)),
        until: typed(item.happened_at + Millis::minutes(1)),
        person: person.map(|id| id.to_string()).unwrap_or_default(),
        kind: kind.to_owned(),
        outcome: outcome.to_owned(),
        ..Asked::default()
    };
    address("/access-log", &asked)
}

/// The same search again.
fn looked_through(item: &Item, typed: &dyn Fn(Timestamp) -> String) -> Asked {
    Asked {
        from: typed(item.happened_at),
        until: typed(item.found_at + Millis::minutes(1)),
        person: item.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        patient: item.patient_id.map(|id| id.to_string()).unwrap_or_default(),
        ..Asked::default()
    }
}
