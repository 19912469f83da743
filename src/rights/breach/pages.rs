//! `GET /breach`: the question, and the worksheet under it; `GET /breach/export`: the same as a file.

use super::model::{Question, Worksheet, csv};
use super::{Form, How, report, short};
use crate::app::App;
use crate::compliance::{self, Edge, Person};
use crate::staff::ComplianceOfficer;
use crate::text::Text;
use crate::time::{Timestamp, Zone};
use crate::web::form::{Choice, Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode};
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Query, ServiceConfig, get};
use askama::Template;
use serde::{Deserialize, Serialize};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/breach", get().to(show)).route("/breach/export", get().to(export));
}

/// A question as it stands in an address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Asked {
    person: String,
    /// Wall-clock time in the officer's zone.
    from: String,
    until: String,
    /// The id of one session, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    session: String,
    /// Of a file: `csv` or `html`.
    #[serde(skip_serializing_if = "String::is_empty")]
    format: String,
}

impl Asked {
    fn is_empty(&self) -> bool {
        [&self.person, &self.from, &self.until].iter().all(|part| part.is_empty())
    }

    fn parse(&self, zone: Zone) -> Result<Question, Problems> {
        let mut problems = Problems::default();
        let mut time = |field, text: &str, edge| match text.trim() {
            "" => {
                problems.note(field, "rights-problem-missing");
                None
            }
            text => compliance::instant(text, zone, edge).map_err(|sentence| problems.note(field, sentence)).ok(),
        };
        let (from, until) = (time("from", &self.from, Edge::From), time("until", &self.until, Edge::Until));
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            problems.note("until", "compliance-problem-backwards");
        }
        let actor = self.person.parse().map_err(|_| problems.note("person", "compliance-problem-choice")).ok();
        let session = Some(&self.session).filter(|session| !session.is_empty()).and_then(|session| session.parse().ok());
        let question = actor.zip(from.zip(until)).map(|(actor, (from, until))| Question { actor, from, until, session });
        problems.unless(question)
    }

    fn address(&self, path: &str) -> String {
        match serde_urlencoded::to_string(self) {
            Ok(query) => format!("{path}?{query}"),
            Err(_) => path.to_owned(),
        }
    }
}

/// The question, and the answer if one was asked for.
#[derive(Template)]
#[template(path = "rights/breach.html")]
struct BreachPage {
    page: Page,
    people: Vec<Choice>,
    person: String,
    from: String,
    until: String,
    zone: String,
    wrongs: Wrongs,
    sheet: Option<Sheet>,
    csv: String,
    html: String,
}

/// The sheet on paper: it stands alone, as a file.
#[derive(Template)]
#[template(path = "rights/breach_paper.html")]
struct Paper<'a> {
    clinic: &'a str,
    made_at: String,
    t: Text,
    sheet: &'a Sheet,
}

/// A worksheet in words.
struct Sheet {
    t: Text,
    who: String,
    roles: String,
    from: String,
    until: String,
    session: String,
    dates: Option<(String, String)>,
    data: String,
    events: u64,
    turned_away: u64,
    warnings: Vec<String>,
    counts: Vec<(String, usize)>,
    patients: Vec<Line>,
    seats: Vec<SeatLine>,
}

struct Line {
    id: String,
    data: String,
    how: String,
    events: u64,
    first: String,
    last: String,
}

struct SeatLine {
    session: String,
    address: String,
    events: u64,
    first: String,
    last: String,
    /// Where the sheet of this session alone is.
    alone: String,
}

async fn show(app: App, officer: ComplianceOfficer, asked: Query<Asked>) -> web::Result<HttpResponse> {
    let (page, zone, people) = (officer.page(&app), officer.member.zone, compliance::everybody(&app).await?);
    let asked = asked.into_inner();
    if asked.is_empty() {
        return web::html(&render(page, zone, &people, &asked, Wrongs::default(), None));
    }
    match asked.parse(zone) {
        Ok(question) => {
            let sheet = report(&app, &officer.context, question, Form::Page).await?;
            let sheet = Sheet::new(page.t, &people, &asked, &sheet);
            web::html(&render(page, zone, &people, &asked, Wrongs::default(), Some(sheet)))
        }
        Err(problems) => {
            let wrongs = Wrongs::say(page.t, &problems);
            web::html_with(StatusCode::UNPROCESSABLE_ENTITY, &render(page, zone, &people, &asked, wrongs, None))
        }
    }
}

async fn export(app: App, officer: ComplianceOfficer, asked: Query<Asked>) -> web::Result<HttpResponse> {
    let question = asked.parse(officer.member.zone).map_err(|_| Error::Invalid)?;
    let (form, kind, ending) = match asked.format.as_str() {
        "csv" => (Form::Csv, "text/csv; charset=utf-8; header=present", "csv"),
        "html" => (Form::Paper, "text/html; charset=utf-8", "html"),
        _ => return Err(Error::Invalid),
    };
    let sheet = report(&app, &officer.context, question, form).await?;
    let body = if form == Form::Csv { csv(&sheet) } else { paper(&app, officer.page(&app).t, &sheet).await? };
    let name = format!("breach-worksheet-{}.{ending}", app.now().utc().format("%Y%m%dT%H%M%SZ"));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CONTENT_TYPE, kind))
        .body(body))
}

/// A worksheet as one file to print.
pub async fn paper(app: &App, t: Text, sheet: &Worksheet) -> web::Result<String> {
    let people = compliance::everybody(app).await?;
    let sheet = Sheet::new(t, &people, &Asked::default(), sheet);
    Ok(Paper { clinic: &app.config.clinic.name, made_at: at(app.now()), t, sheet: &sheet }.render()?)
}

fn render(page: Page, zone: Zone, people: &[Person], asked: &Asked, wrongs: Wrongs, sheet: Option<Sheet>) -> BreachPage {
    let choice = |value: String, label: String| Choice { value, label };
    let nobody = choice(String::new(), page.t.say("rights-breach-choose"));
    let everybody = people.iter().map(|person| choice(person.id.to_string(), format!("{} ({})", person.name, person.email)));
    let file = |format: &str| Asked { format: format.to_owned(), ..asked.clone() }.address("/breach/export");
    BreachPage {
        people: std::iter::once(nobody).chain(everybody).collect(),
        person: asked.person.clone(),
        from: asked.from.clone(),
        until: asked.until.clone(),
        zone: page.t.with("compliance-zone", "zone", format!("{} ({})", zone.city(), zone.name())),
        wrongs,
        sheet,
        csv: file("csv"),
        html: file("html"),
        page,
    }
}

impl Sheet {
    fn new(t: Text, people: &[Person], asked: &Asked, sheet: &Worksheet) -> Self {
        let who = people.iter().find(|person| person.id.0 == sheet.question.actor);
        let words = |part: &str, words: Vec<&str>| {
            words.into_iter().map(|word| t.say(&format!("rights-{part}-{word}"))).collect::<Vec<_>>().join(", ")
        };
        let lines = sheet.patients.iter().map(|(id, touched)| Line {
            id: id.to_string(),
            data: words("data", touched.data.iter().map(|data| data.word()).collect()),
            how: words("how", touched.how.iter().map(|how| how.word()).collect()),
            events: touched.events,
            first: at(touched.first),
            last: at(touched.last),
        });
        let seats = sheet.seats.iter().map(|((session, address), seat)| SeatLine {
            session: session.parse().map(short).unwrap_or_default(),
            address: address.clone(),
            events: seat.events,
            first: at(seat.first),
            last: at(seat.last),
            alone: if session.is_empty() || asked.is_empty() { String::new() } else { alone(asked, session) },
        });
        Self {
            t,
            who: who.map_or_else(|| sheet.question.actor.to_string(), |who| format!("{} ({})", who.name, who.email)),
            roles: sheet.roles.iter().cloned().collect::<Vec<_>>().join(", "),
            from: at(sheet.question.from),
            until: at(sheet.question.until),
            session: sheet.question.session.map(short).unwrap_or_default(),
            dates: sheet.between().map(|(first, last)| (at(first), at(last))),
            data: words("data", sheet.data().iter().map(|data| data.word()).collect()),
            events: sheet.events,
            turned_away: sheet.turned_away,
            warnings: warnings(t, sheet),
            counts: [How::Read, How::Changed, How::Exported]
                .map(|how| (t.say(&format!("rights-how-{}", how.word())), sheet.count(how)))
                .into(),
            patients: lines.collect(),
            seats: seats.collect(),
        }
    }

    fn patients_count(&self) -> String {
        self.t.count("rights-breach-patients-count", "count", i64::try_from(self.patients.len()).unwrap_or(i64::MAX))
    }
}

/// Where the log itself says that it may say too little.
fn warnings(t: Text, sheet: &Worksheet) -> Vec<String> {
    let about = [("rights-breach-altered", sheet.altered), ("rights-breach-looks", sheet.looks)];
    about.iter().filter(|(_, count)| *count > 0).map(|(name, count)| t.with(name, "count", *count)).collect()
}

fn alone(asked: &Asked, session: &str) -> String {
    Asked { session: session.to_owned(), format: String::new(), ..asked.clone() }.address("/breach")
}

fn at(time: Timestamp) -> String {
    time.utc().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
