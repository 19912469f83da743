//! The day and the week.

use super::{Shown, lasts, state, trouble};
use crate::app::App;
use crate::appointments::model::{Visit, week_of};
use crate::appointments::store;
use crate::audit::{Event, Fact, Kind};
use crate::ids::{PatientId, StaffId, VisitId};
use crate::patients;
use crate::staff::{self, Member, Scheduler};
use crate::text::Text;
use crate::time::{Timestamp, Zone};
use crate::web::{self, Error, Page, html};
use actix_web::HttpResponse;
use actix_web::web::Query;
use askama::Template;
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use std::collections::BTreeMap;
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
    trouble: String,
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
            time: t.time(at, zone),
            zone: t.with2("appointments-zone", "city", zone.city(), "offset", zone.offset(at)),
            minutes: lasts(t, &self.visit),
            patient: self.patient.clone(),
            clinician: self.clinician.clone(),
            elsewhere: self.elsewhere(t, zone),
            state: state(t, self.visit.state),
            trouble: trouble(t, &self.visit),
            word: self.visit.state.word(),
        }
    }
}
