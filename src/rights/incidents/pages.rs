//! `/incidents`: the list, one incident, and what is entered about it.

use super::NewIncident;
use super::model::{self, Finding, Incident, Step, Whom};
use crate::app::App;
use crate::compliance;
use crate::ids::{CaseId, RequestKey};
use crate::rights::cases::NotEntered;
use crate::rights::cases::{Case, Entered};
use crate::rights::typed::{TEXT_CHARS_MAX, date, text};
use crate::staff::ComplianceOfficer;
use crate::text::Text;
use crate::web::csrf::Form;
use crate::web::form::{Choice, Problems, Wrongs};
use crate::web::{self, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::web::{Path, ServiceConfig, get, post};
use askama::Template;
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/incidents", get().to(list))
        .route("/incidents", post().to(create))
        .route("/incidents/{id}", get().to(show))
        .route("/incidents/{id}/entries", post().to(enter));
}

/// All incidents, the lists of the year and of the last one, and the form of a new one.
#[derive(Template)]
#[template(path = "rights/incidents.html")]
struct ListPage {
    page: Page,
    rows: Vec<Row>,
    years: Vec<Year>,
    typed: Opening,
    wrongs: Wrongs,
}

struct Row {
    id: CaseId,
    discovered: NaiveDate,
    /// The first words of what happened.
    what: String,
    state: String,
    late: bool,
}

/// What the government gets after the end of a year.
struct Year {
    title: String,
    count: String,
    people: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Opening {
    request_key: String,
    what: String,
    happened: String,
    discovered: String,
}

#[derive(Template)]
#[template(path = "rights/incident.html")]
struct IncidentPage {
    page: Page,
    id: CaseId,
    incident: Incident,
    lines: Vec<Line>,
    state: String,
    late: bool,
    flags: Vec<String>,
    owed: Vec<Owed>,
    findings: Vec<Choice>,
    whom: Vec<Choice>,
    typed: Entry,
    wrongs: Wrongs,
}

struct Owed {
    whom: String,
    due: NaiveDate,
    settled: bool,
}

struct Line {
    at: String,
    who: String,
    title: String,
    facts: Vec<(String, String)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    entry: String,
    after: i64,
    finding: String,
    data: String,
    who: String,
    acquired: String,
    mitigated: String,
    people: String,
    states: String,
    whom: String,
    on: String,
    how: String,
    why: String,
    comment: String,
}

async fn list(app: App, officer: ComplianceOfficer) -> web::Result<HttpResponse> {
    let typed = Opening { request_key: RequestKey::new(&app.rng).to_string(), ..Opening::default() };
    html(&list_page(&app, &officer, typed, Wrongs::default()).await?)
}

async fn create(app: App, officer: ComplianceOfficer, form: Form<Opening>) -> web::Result<HttpResponse> {
    let typed = form.0;
    let today = app.config.clinic.zone.today(app.now());
    match typed.parse(today) {
        Ok(new) => Ok(see_other(&format!("/incidents/{}", super::open(&app, &officer.context, new).await?))),
        Err(problems) => {
            let wrongs = Wrongs::say(officer.page(&app).t, &problems);
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &list_page(&app, &officer, typed, wrongs).await?)
        }
    }
}

async fn show(app: App, officer: ComplianceOfficer, id: Path<CaseId>) -> web::Result<HttpResponse> {
    html(&incident_page(&app, &officer, *id, Entry::default(), Wrongs::default()).await?)
}

async fn enter(app: App, officer: ComplianceOfficer, id: Path<CaseId>, form: Form<Entry>) -> web::Result<HttpResponse> {
    let typed = form.0;
    let step = match typed.parse(app.config.clinic.zone.today(app.now())) {
        Ok(step) => step,
        Err(problems) => {
            let wrongs = Wrongs::say(officer.page(&app).t, &problems);
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &incident_page(&app, &officer, *id, typed, wrongs).await?);
        }
    };
    let sentence = match super::enter(&app, &officer.context, *id, typed.after, &step).await {
        Ok(()) => return Ok(see_other(&format!("/incidents/{id}"))),
        Err(NotEntered::Error(error)) => return Err(error),
        Err(NotEntered::Rule(sentence)) => sentence,
        Err(NotEntered::Stale) => "rights-stale",
    };
    let wrongs = Wrongs::one("entries", officer.page(&app).t.say(sentence));
    html_with(StatusCode::CONFLICT, &incident_page(&app, &officer, *id, typed, wrongs).await?)
}

impl Opening {
    fn parse(&self, today: NaiveDate) -> Result<NewIncident, Problems> {
        let mut problems = Problems::default();
        let what = text("what", &self.what, &mut problems);
        let happened = date("happened", &self.happened, today, &mut problems);
        let discovered = date("discovered", &self.discovered, today, &mut problems);
        if happened.zip(discovered).is_some_and(|(happened, discovered)| discovered < happened) {
            problems.note("discovered", "rights-problem-discovered");
        }
        let request_key = self.request_key.parse().map_err(|_| problems.note("what", "rights-problem-form")).ok();
        let new = (|| Some(NewIncident { what: what?, happened: happened?, discovered: discovered?, request_key: request_key? }))();
        problems.unless(new)
    }
}

impl Entry {
    fn parse(&self, today: NaiveDate) -> Result<Step, Problems> {
        let mut problems = Problems::default();
        let problem = &mut problems;
        let choice = |problem: &mut Problems| problem.note("whom", "compliance-problem-choice");
        let step = match self.entry.as_str() {
            "assessed" => (|| {
                let [data, who, acquired, mitigated] =
                    [("data", &self.data), ("who", &self.who), ("acquired", &self.acquired), ("mitigated", &self.mitigated)]
                        .map(|(field, typed)| text(field, typed, problem));
                let Some(finding) = Finding::parse(&self.finding) else {
                    problem.note("finding", "compliance-problem-choice");
                    return None;
                };
                Some(Step::Assessed { finding, data: data?, who: who?, acquired: acquired?, mitigated: mitigated? })
            })(),
            "counted" => self.counted(problem),
            "notified" => {
                let (on, how) = (date("on", &self.on, today, problem), text("how", &self.how, problem));
                let whom = Whom::parse(&self.whom).or_else(|| {
                    choice(problem);
                    None
                });
                whom.zip(on.zip(how)).map(|(whom, (on, how))| Step::Notified { whom, on, how })
            }
            "not_needed" => {
                let why = text("why", &self.why, problem);
                let whom = Whom::parse(&self.whom).or_else(|| {
                    choice(problem);
                    None
                });
                whom.zip(why).map(|(whom, why)| Step::NotNeeded { whom, why })
            }
            "closed" => Some(Step::Closed { comment: self.comment.trim().chars().take(TEXT_CHARS_MAX).collect() }),
            _ => {
                problem.note("entries", "rights-problem-form");
                None
            }
        };
        problems.unless(step)
    }

    fn counted(&self, problems: &mut Problems) -> Option<Step> {
        let people: Option<u32> = self.people.trim().parse().map_err(|_| problems.note("people", "rights-problem-number")).ok();
        let states = model::parse_states(&self.states);
        if states.is_none() {
            problems.note("states", "rights-problem-states");
        }
        let (people, states) = (people?, states?);
        if states.iter().map(|(_, count)| u64::from(*count)).sum::<u64>() > u64::from(people) {
            problems.note("states", "rights-problem-sum");
        }
        Some(Step::Counted { people, states })
    }
}

async fn list_page(app: &App, officer: &ComplianceOfficer, typed: Opening, wrongs: Wrongs) -> web::Result<ListPage> {
    let page = officer.page(app);
    let (t, today) = (page.t, app.config.clinic.zone.today(app.now()));
    let incidents = super::list(app, &officer.context).await?;
    let years = [today.year() - 1, today.year()].map(|year| {
        let listed: Vec<&Incident> =
            incidents.iter().map(|(_, incident)| incident).filter(|incident| incident.in_yearly_list(year)).collect();
        let title = t.with2("rights-incident-year", "year", year, "due", model::yearly_list_due(year));
        let count = t.count("rights-incident-year-count", "count", i64::try_from(listed.len()).unwrap_or(i64::MAX));
        Year { title, count, people: listed.iter().filter_map(|incident| incident.people).sum() }
    });
    let row = |(case, incident): (Case, Incident)| {
        let (state, late) = standing(t, &incident, today);
        Row { id: case.id, discovered: incident.discovered, what: first_words(&incident.what), state, late }
    };
    Ok(ListPage { rows: incidents.into_iter().map(row).collect(), years: years.into(), typed, wrongs, page })
}

/// Where it stands, in a sentence, and whether something is late.
fn standing(t: Text, incident: &Incident, today: NaiveDate) -> (String, bool) {
    if incident.closed {
        return (t.say("rights-incident-closed"), false);
    }
    match incident.next_due() {
        None => (t.say("rights-incident-to-close"), false),
        Some((due, whom)) => {
            let whom = t.say(&format!("rights-whom-{}", whom.word()));
            let (days, late) = ((due - today).num_days(), due < today);
            let name = if late { "rights-incident-late" } else { "rights-incident-due" };
            (t.with_all(name, &[("whom", &whom), ("due", &due), ("days", &days.abs())]), late)
        }
    }
}

fn first_words(text: &str) -> String {
    const CHARS: usize = 80;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= CHARS { line.to_owned() } else { line.chars().take(CHARS).chain(['…']).collect() }
}

async fn incident_page(app: &App, officer: &ComplianceOfficer, id: CaseId, typed: Entry, wrongs: Wrongs) -> web::Result<IncidentPage> {
    let (_, incident, entries) = super::read(app, &officer.context, id).await?;
    let (page, people) = (officer.page(app), compliance::everybody(app).await?);
    let (t, today) = (page.t, app.config.clinic.zone.today(app.now()));
    let (state, late) = standing(t, &incident, today);
    let name = |entered: &Entered<Step>| people.iter().find(|person| person.id == entered.by).map(|person| person.name.clone());
    let lines = entries.iter().map(|entered| {
        let at = t.when(entered.at, officer.member.zone);
        Line { at, who: name(entered).unwrap_or_default(), title: title(t, &entered.entry), facts: facts(t, &entered.entry) }
    });
    let owed = incident.owed().into_iter().map(|whom| Owed {
        whom: t.say(&format!("rights-whom-{}", whom.word())),
        due: if whom == Whom::Government { incident.government_due() } else { incident.due() },
        settled: incident.settled.contains(&whom),
    });
    let mut flags = Vec::new();
    if incident.is_large() {
        flags.push(t.say("rights-incident-large"));
    }
    if !incident.media_states().is_empty() {
        flags.push(t.with("rights-incident-media", "states", incident.media_states().join(", ")));
    }
    let choices = |words: &[&str], prefix: &str| -> Vec<Choice> {
        words.iter().map(|word| Choice { value: (*word).to_owned(), label: t.say(&format!("{prefix}{word}")) }).collect()
    };
    Ok(IncidentPage {
        id,
        lines: lines.collect(),
        state,
        late,
        flags,
        owed: owed.collect(),
        findings: choices(&Finding::ALL.map(Finding::word), "rights-finding-"),
        whom: choices(&Whom::ALL.map(Whom::word), "rights-whom-"),
        typed: Entry { after: incident.n, ..typed },
        incident,
        wrongs,
        page,
    })
}

fn title(t: Text, step: &Step) -> String {
    use crate::rights::cases::Entry as _;
    t.say(&format!("rights-step-{}", step.word()))
}

/// What was entered, label by label.
fn facts(t: Text, step: &Step) -> Vec<(String, String)> {
    let fact = |label: &str, value: &dyn ToString| (t.say(label), value.to_string());
    let whom_text = |whom: Whom| t.say(&format!("rights-whom-{}", whom.word()));
    match step {
        Step::Opened { what, happened, discovered } => {
            vec![fact("rights-what", what), fact("rights-happened", happened), fact("rights-discovered", discovered)]
        }
        Step::Assessed { finding, data, who, acquired, mitigated } => vec![
            (t.say("rights-finding"), t.say(&format!("rights-finding-{}", finding.word()))),
            fact("rights-factor-data", data),
            fact("rights-factor-who", who),
            fact("rights-factor-acquired", acquired),
            fact("rights-factor-mitigated", mitigated),
        ],
        Step::Counted { people, states } => {
            let states: Vec<String> = states.iter().map(|(state, count)| format!("{state} {count}")).collect();
            vec![fact("rights-people", people), fact("rights-states", &states.join(", "))]
        }
        Step::Notified { whom, on, how } => {
            vec![(t.say("rights-whom"), whom_text(*whom)), fact("rights-on", on), fact("rights-proof", how)]
        }
        Step::NotNeeded { whom, why } => vec![(t.say("rights-whom"), whom_text(*whom)), fact("rights-why", why)],
        Step::Closed { comment } => vec![fact("rights-comment", comment)],
    }
}
