//! `/rights`: all open requests; `/rights/{patient}`: a patient's ledger, requests and suspensions.

use super::model::{Category, Disclosure, MadeBy, Recipient, Suspending};
use crate::app::App;
use crate::ids::{CaseId, PatientId, RequestKey};
use crate::patients;
use crate::rights::cases::{self, Case, CaseKind};
use crate::rights::requests::{self, Request};
use crate::rights::typed::{choices, date, text};
use crate::staff::ComplianceOfficer;
use crate::text::Text;
use crate::web::csrf::Form;
use crate::web::form::{Choice, Problems, Wrongs};
use crate::web::{self, Error, Page, StatusCode, html, html_with, see_other};
use actix_web::HttpResponse;
use actix_web::web::{Path, Query, ServiceConfig, get, post};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/rights", get().to(list))
        .route("/rights/{id}", get().to(show))
        .route("/rights/{id}/disclosures", post().to(record))
        .route("/rights/{id}/requests", post().to(ask))
        .route("/rights/{id}/suspensions", post().to(suspend))
        .route("/disclosures/{id}/strike", post().to(strike));
}

/// Open requests of everybody, and the way to one patient.
#[derive(Template)]
#[template(path = "rights/requests.html")]
struct ListPage {
    page: Page,
    patient: String,
    wrongs: Wrongs,
    rows: Vec<RequestRow>,
}

struct RequestRow {
    id: CaseId,
    patient: String,
    kind: String,
    asked: NaiveDate,
    state: String,
    late: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    patient: String,
}

#[derive(Template)]
#[template(path = "rights/patient.html")]
struct PatientPage {
    page: Page,
    id: PatientId,
    request_key: RequestKey,
    rows: Vec<Row>,
    requests: Vec<RequestRow>,
    suspensions: Vec<(String, bool)>,
    categories: Vec<Choice>,
    makers: Vec<Choice>,
    recipients: Vec<Choice>,
    agencies: Vec<Choice>,
    kinds: Vec<Choice>,
    typed: Typed,
    wrongs: Wrongs,
}

/// One line of the ledger.
struct Row {
    id: CaseId,
    n: i64,
    struck: bool,
    told: bool,
    on: String,
    recipient: String,
    what: String,
    purpose: String,
    category: String,
    by: String,
}

/// Everything that the forms of a patient's page send.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    form: String,
    request_key: String,
    after: i64,
    on: String,
    until: String,
    category: String,
    made_by: String,
    recipient_kind: String,
    recipient: String,
    address: String,
    what: String,
    purpose: String,
    why: String,
    how: String,
    who: String,
    kind: String,
}

async fn list(app: App, officer: ComplianceOfficer, wanted: Query<Wanted>) -> web::Result<HttpResponse> {
    let (page, wanted) = (officer.page(&app), wanted.into_inner().patient);
    let wrongs = match wanted.trim().parse::<PatientId>() {
        Ok(id) if patients::exists(&app, id).await? => return Ok(see_other(&format!("/rights/{id}"))),
        _ if wanted.is_empty() => Wrongs::default(),
        _ => Wrongs::one("patient", page.t.say("rights-patient-unknown")),
    };
    let mut rows = Vec::new();
    for kind in [CaseKind::Accounting, CaseKind::RecordSet] {
        let cases = cases::list(&app, kind, None).await?;
        let open = requests::at_a_glance(&app, &officer.context, kind, cases).await?.into_iter().filter(|(_, request)| request.is_open());
        rows.extend(open.map(|(case, request)| request_row(page.t, &app, &case, &request)));
    }
    rows.sort_by_key(|row| row.asked);
    let status = if wrongs.all().is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    html_with(status, &ListPage { page, patient: wanted, wrongs, rows })
}

async fn show(app: App, officer: ComplianceOfficer, id: Path<PatientId>) -> web::Result<HttpResponse> {
    html(&patient_page(&app, &officer, *id, Typed::default(), Wrongs::default()).await?)
}

async fn record(app: App, officer: ComplianceOfficer, id: Path<PatientId>, form: Form<Typed>) -> web::Result<HttpResponse> {
    let typed = form.0;
    match typed.disclosure(today(&app)).and_then(|disclosure| Ok((typed.key()?, disclosure))) {
        Ok((key, disclosure)) => {
            must_exist(&app, *id).await?;
            super::record(&app, &officer.context, *id, key, disclosure).await?;
            Ok(back(*id))
        }
        Err(problems) => again(&app, &officer, *id, typed, &problems).await,
    }
}

async fn ask(app: App, officer: ComplianceOfficer, id: Path<PatientId>, form: Form<Typed>) -> web::Result<HttpResponse> {
    let typed = form.0;
    match typed.request(today(&app)).and_then(|asked| Ok((typed.key()?, asked))) {
        Ok((key, (kind, on, how))) => {
            must_exist(&app, *id).await?;
            let request = requests::open(&app, &officer.context, kind, *id, key, on, how).await?;
            Ok(see_other(&format!("/requests/{request}")))
        }
        Err(problems) => again(&app, &officer, *id, typed, &problems).await,
    }
}

async fn suspend(app: App, officer: ComplianceOfficer, id: Path<PatientId>, form: Form<Typed>) -> web::Result<HttpResponse> {
    let typed = form.0;
    match typed.statement(today(&app)).and_then(|statement| Ok((typed.key()?, statement))) {
        Ok((key, statement)) => {
            must_exist(&app, *id).await?;
            super::suspend(&app, &officer.context, *id, key, &statement).await?;
            Ok(back(*id))
        }
        Err(problems) => again(&app, &officer, *id, typed, &problems).await,
    }
}

/// A line of the ledger that is wrong: struck out with the reason. What is right is written down anew.
async fn strike(app: App, officer: ComplianceOfficer, id: Path<CaseId>, form: Form<Typed>) -> web::Result<HttpResponse> {
    let case = cases::find(&app, CaseKind::Disclosure, *id).await?;
    let patient = case.patient.ok_or(Error::NotFound)?;
    let (typed, mut problems) = (form.0, Problems::default());
    let Some(why) = text("why", &typed.why, &mut problems) else { return again(&app, &officer, patient, typed, &problems).await };
    if super::strike(&app, &officer.context, &case, typed.after, why).await? {
        return Ok(back(patient));
    }
    let wrongs = Wrongs::one("ledger", officer.page(&app).t.say("rights-stale"));
    html_with(StatusCode::CONFLICT, &patient_page(&app, &officer, patient, typed, wrongs).await?)
}

impl Typed {
    fn key(&self) -> Result<RequestKey, Problems> {
        self.request_key.parse().map_err(|_| Problems::from(("on", "rights-problem-form")))
    }

    fn disclosure(&self, today: NaiveDate) -> Result<Disclosure, Problems> {
        let mut problems = Problems::default();
        let on = date("on", &self.on, today, &mut problems);
        let [recipient, what, purpose] = [("recipient", &self.recipient), ("what", &self.what), ("purpose", &self.purpose)]
            .map(|(field, typed)| text(field, typed, &mut problems));
        let address =
            Some(self.address.trim()).filter(|address| !address.is_empty()).and_then(|typed| text("address", typed, &mut problems));
        let words = (Category::parse(&self.category), MadeBy::parse(&self.made_by), Recipient::parse(&self.recipient_kind));
        let (Some(category), Some(made_by), Some(recipient_kind)) = words else {
            problems.note("category", "compliance-problem-choice");
            return Err(problems);
        };
        let disclosure = (|| {
            Some(Disclosure { on: on?, category, made_by, recipient_kind, recipient: recipient?, address, what: what?, purpose: purpose? })
        })();
        problems.unless(disclosure)
    }

    fn request(&self, today: NaiveDate) -> Result<(CaseKind, NaiveDate, String), Problems> {
        let mut problems = Problems::default();
        let (on, how) = (date("on", &self.on, today, &mut problems), text("how", &self.how, &mut problems));
        let kind = CaseKind::parse(&self.kind).filter(|kind| [CaseKind::Accounting, CaseKind::RecordSet].contains(kind));
        if kind.is_none() {
            problems.note("kind", "compliance-problem-choice");
        }
        problems.unless(kind.zip(on.zip(how)).map(|(kind, (on, how))| (kind, on, how)))
    }

    /// With an end it is a statement in writing; without one it was only spoken.
    fn statement(&self, today: NaiveDate) -> Result<Suspending, Problems> {
        let mut problems = Problems::default();
        let (on, who) = (date("on", &self.on, today, &mut problems), text("who", &self.who, &mut problems));
        let agency = Recipient::parse(&self.recipient_kind).filter(|kind| *kind != Recipient::Other);
        if agency.is_none() {
            problems.note("recipient_kind", "compliance-problem-choice");
        }
        let until = match self.until.trim() {
            "" => None,
            typed => match typed.parse::<NaiveDate>() {
                Ok(until) if on.is_none_or(|on| until >= on) => Some(until),
                Ok(_) => {
                    problems.note("until", "compliance-problem-backwards");
                    None
                }
                Err(_) => {
                    problems.note("until", "rights-problem-date");
                    None
                }
            },
        };
        let statement = agency.zip(on.zip(who)).map(|(agency, (on, who))| match until {
            Some(until) => Suspending::Written { agency, on, until, who },
            None => Suspending::Spoken { agency, on, who },
        });
        problems.unless(statement)
    }
}

fn today(app: &App) -> NaiveDate {
    app.config.clinic.zone.today(app.now())
}

fn back(patient: PatientId) -> HttpResponse {
    see_other(&format!("/rights/{patient}"))
}

async fn must_exist(app: &App, patient: PatientId) -> web::Result<()> {
    if patients::exists(app, patient).await? { Ok(()) } else { Err(Error::NotFound) }
}

async fn again(app: &App, officer: &ComplianceOfficer, id: PatientId, typed: Typed, problems: &Problems) -> web::Result<HttpResponse> {
    let wrongs = Wrongs::say(officer.page(app).t, problems);
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &patient_page(app, officer, id, typed, wrongs).await?)
}

/// A request with its clock, in words.
fn request_row(t: Text, app: &App, case: &Case, request: &Request) -> RequestRow {
    let (state, late) = standing(t, request, today(app));
    RequestRow {
        id: case.id,
        patient: case.patient.map(|patient| patient.to_string()).unwrap_or_default(),
        kind: t.say(&format!("rights-kind-{}", case.kind.word())),
        asked: request.asked,
        state,
        late,
    }
}

/// Where a request stands, in a sentence, and whether it is late.
pub fn standing(t: Text, request: &Request, today: NaiveDate) -> (String, bool) {
    if request.given.is_some() {
        return (t.say("rights-request-given"), false);
    }
    if request.declined {
        return (t.say("rights-request-declined"), false);
    }
    let (due, late) = (request.due(), request.due() < today);
    let days = (due - today).num_days().abs();
    (t.with_all(if late { "rights-request-late" } else { "rights-request-due" }, &[("due", &due), ("days", &days)]), late)
}

async fn patient_page(app: &App, officer: &ComplianceOfficer, id: PatientId, typed: Typed, wrongs: Wrongs) -> web::Result<PatientPage> {
    must_exist(app, id).await?;
    let page = officer.page(app);
    let (t, today) = (page.t, today(app));
    let suspensions = super::suspensions(app, &officer.context, id).await?;
    let mut rows: Vec<Row> = super::ledger(app, &officer.context, id).await?.into_iter().map(|kept| row(t, &kept)).collect();
    rows.sort_by(|one, other| other.on.cmp(&one.on));
    let mut requests = Vec::new();
    for kind in [CaseKind::Accounting, CaseKind::RecordSet] {
        let cases = cases::list(app, kind, Some(id)).await?;
        let own = requests::at_a_glance(app, &officer.context, kind, cases).await?.into_iter();
        requests.extend(own.map(|(case, request)| request_row(t, app, &case, &request)));
    }
    let held = suspensions.iter().map(|one| {
        let agency = t.say(&format!("rights-recipient-{}", one.agency.word()));
        (t.with_all("rights-suspended", &[("agency", &agency), ("from", &one.from), ("until", &one.until)]), one.holds_on(today))
    });
    Ok(PatientPage {
        id,
        request_key: RequestKey::new(&app.rng),
        rows,
        requests,
        suspensions: held.collect(),
        categories: choices(t, Category::WORDS, "rights-category-"),
        makers: choices(t, MadeBy::WORDS, "rights-by-"),
        recipients: choices(t, Recipient::WORDS, "rights-recipient-"),
        agencies: choices(t, &["law_enforcement", "oversight"], "rights-recipient-"),
        kinds: choices(t, &["accounting", "record_set"], "rights-kind-"),
        typed,
        wrongs,
        page,
    })
}

fn row(t: Text, kept: &super::Kept) -> Row {
    let one = kept.disclosure.as_ref();
    let of = |part: fn(&Disclosure) -> String| one.map(part).unwrap_or_default();
    Row {
        id: kept.case.id,
        n: kept.n,
        struck: one.is_none(),
        told: one.is_some_and(|one| one.category == Category::Accountable),
        on: of(|one| one.on.to_string()),
        recipient: of(|one| one.recipient.clone()),
        what: of(|one| one.what.clone()),
        purpose: of(|one| one.purpose.clone()),
        category: one.map(|one| t.say(&format!("rights-category-{}", one.category.word()))).unwrap_or_default(),
        by: one.map(|one| t.say(&format!("rights-by-{}", one.made_by.word()))).unwrap_or_default(),
    }
}
