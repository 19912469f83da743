//! The administrator's page: all accounts, a new one, and what may be done to each.

use super::{AccountState, AddError, NewMember};
use crate::app::App;
use crate::ids::StaffId;
use crate::secret::Secret;
use crate::staff::extract::Administrator;
use crate::staff::pages::form_again;
use crate::staff::{Role, model};
use crate::text::Text;
use crate::time::Zone;
use crate::web::{self, Error, Page, StatusCode, csrf};
use actix_web::HttpResponse;
use actix_web::web::{Path, ServiceConfig, get, post};
use askama::Template;
use serde::Deserialize;

pub(in crate::staff) fn routes(config: &mut ServiceConfig) {
    config
        .route("/staff", get().to(list))
        .route("/staff", post().to(add))
        .route("/staff/{id}/password-link", post().to(password_link))
        .route("/staff/{id}/disable", post().to(disable))
        .route("/staff/{id}/enable", post().to(enable))
        .route("/staff/{id}/unlock", post().to(unlock))
        .route("/staff/{id}/sessions/end", post().to(end_sessions));
}

#[derive(Template)]
#[template(path = "staff/accounts.html")]
struct AccountsPage {
    page: Page,
    rows: Vec<Row>,
    form: AddForm,
    wrong: Option<Wrong>,
    roles: Vec<(Role, String)>,
    zones: Vec<&'static str>,
}

struct Row {
    id: StaffId,
    name: String,
    email: String,
    role: String,
    state: AccountState,
    state_text: String,
    /// The administrator who looks at the page.
    own: bool,
}

impl Row {
    fn is_disabled(&self) -> bool {
        self.state == AccountState::Disabled
    }

    fn is_locked(&self) -> bool {
        self.state == AccountState::Locked
    }
}

/// What is wrong, and beside which field.
struct Wrong {
    field: &'static str,
    sentence: String,
}

#[derive(Default, Deserialize)]
struct AddForm {
    email: String,
    name: String,
    role: String,
    zone: String,
}

#[derive(Template)]
#[template(path = "staff/password_link.html")]
struct PasswordLinkPage {
    page: Page,
    name: String,
    email: String,
    link: Secret<String>,
}

async fn list(app: App, administrator: Administrator) -> web::Result<HttpResponse> {
    let form = AddForm { zone: app.config.clinic.zone.name().to_owned(), ..AddForm::default() };
    web::html(&accounts(&app, &administrator, form, None).await?)
}

async fn add(app: App, administrator: Administrator, form: csrf::Form<AddForm>) -> web::Result<HttpResponse> {
    let form = form.0;
    let new = match form.parse(&app) {
        Ok(new) => new,
        Err((field, sentence)) => return list_again(&app, &administrator, form, field, sentence).await,
    };
    match super::add(&app, &administrator.context, new).await {
        Ok(id) => show_link(&app, &administrator, id).await,
        Err(AddError::Email) => list_again(&app, &administrator, form, "email", "staff-email-wrong").await,
        Err(AddError::Name) => list_again(&app, &administrator, form, "name", "staff-name-wrong").await,
        Err(AddError::Taken) => list_again(&app, &administrator, form, "email", "staff-email-taken").await,
        Err(AddError::Database(error)) => Err(error.into()),
    }
}

async fn password_link(app: App, administrator: Administrator, id: Path<StaffId>, _: csrf::Token) -> web::Result<HttpResponse> {
    show_link(&app, &administrator, *id).await
}

async fn disable(app: App, administrator: Administrator, id: Path<StaffId>, _: csrf::Token) -> web::Result<HttpResponse> {
    must_exist(&app, *id).await?;
    if *id == administrator.member.id {
        return list_again(&app, &administrator, AddForm::default(), "list", "staff-not-yourself").await;
    }
    super::disable(&app, &administrator.context, *id).await?;
    Ok(web::see_other("/staff"))
}

async fn enable(app: App, administrator: Administrator, id: Path<StaffId>, _: csrf::Token) -> web::Result<HttpResponse> {
    must_exist(&app, *id).await?;
    super::enable(&app, &administrator.context, *id).await?;
    Ok(web::see_other("/staff"))
}

async fn unlock(app: App, administrator: Administrator, id: Path<StaffId>, _: csrf::Token) -> web::Result<HttpResponse> {
    super::unlock(&app, &administrator.context, *id).await.map_err(not_found)?;
    Ok(web::see_other("/staff"))
}

async fn end_sessions(app: App, administrator: Administrator, id: Path<StaffId>, _: csrf::Token) -> web::Result<HttpResponse> {
    must_exist(&app, *id).await?;
    super::end_sessions(&app, &administrator.context, *id).await?;
    Ok(web::see_other("/staff"))
}

impl AddForm {
    /// A new member of staff, or the field that is wrong and the name of the sentence on it.
    fn parse(&self, app: &App) -> Result<NewMember, (&'static str, &'static str)> {
        let email = model::email(&self.email).ok_or(("email", "staff-email-wrong"))?;
        let name = model::name(&self.name).ok_or(("name", "staff-name-wrong"))?;
        let role = self.role.parse().map_err(|_| ("role", "staff-role-wrong"))?;
        let zone: Zone = self.zone.parse().map_err(|_| ("zone", "staff-zone-wrong"))?;
        Ok(NewMember { email, name, role, zone, language: app.config.clinic.language.clone() })
    }
}

/// The address is shown in this one answer and never again.
async fn show_link(app: &App, administrator: &Administrator, id: StaffId) -> web::Result<HttpResponse> {
    let link = super::password_link(app, &administrator.context, id).await.map_err(not_found)?;
    let mut reading = app.db.reading().await?;
    let member = crate::staff::member(&mut reading, id).await?.ok_or(Error::NotFound)?;
    web::html(&PasswordLinkPage { page: administrator.page(app), name: member.name, email: member.email, link })
}

async fn list_again(app: &App, by: &Administrator, form: AddForm, field: &'static str, sentence: &str) -> web::Result<HttpResponse> {
    let wrong = Wrong { field, sentence: Text::for_staff(&by.member.language).say(sentence) };
    form_again(&accounts(app, by, form, Some(wrong)).await?, StatusCode::UNPROCESSABLE_ENTITY)
}

async fn accounts(app: &App, by: &Administrator, form: AddForm, wrong: Option<Wrong>) -> web::Result<AccountsPage> {
    let page = by.page(app);
    let t = page.t;
    let row = |listed: super::Listed| Row {
        id: listed.member.id,
        own: listed.member.id == by.member.id,
        role: role_text(t, listed.member.role),
        state: listed.state,
        state_text: state_text(t, listed.state),
        name: listed.member.name,
        email: listed.member.email,
    };
    let rows = super::list(app, &by.context).await?.into_iter().map(row).collect();
    let roles = Role::ALL.into_iter().map(|role| (role, role_text(t, role))).collect();
    Ok(AccountsPage { page, rows, form, wrong, roles, zones: Zone::all().map(Zone::name).collect() })
}

async fn must_exist(app: &App, id: StaffId) -> web::Result<()> {
    let mut reading = app.db.reading().await?;
    crate::staff::member(&mut reading, id).await?.map(drop).ok_or(Error::NotFound)
}

fn not_found(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::RowNotFound => Error::NotFound,
        other => other.into(),
    }
}

fn role_text(t: Text, role: Role) -> String {
    t.say(match role {
        Role::Scheduler => "staff-role-scheduler",
        Role::Clinician => "staff-role-clinician",
        Role::Compliance => "staff-role-compliance",
        Role::Administrator => "staff-role-administrator",
    })
}

fn state_text(t: Text, state: AccountState) -> String {
    t.say(match state {
        AccountState::Open => "staff-state-open",
        AccountState::New => "staff-state-new",
        AccountState::Locked => "staff-state-locked",
        AccountState::Disabled => "staff-state-disabled",
    })
}

impl AccountsPage {
    /// The sentence on what is wrong with a field.
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|wrong| wrong.field == field).map(|wrong| wrong.sentence.as_str())
    }
}
