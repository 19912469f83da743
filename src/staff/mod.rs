//! Accounts of those who work at the clinic: roles, sign-in, sessions, and their administration.
//!
//! An account has one role; whoever administers accounts has an account of their own that opens no visit (HIP-03).
//! `sign_in` and `session` decide who is there, `throttle` how often they may be wrong, `accounts` who may come at all.
//!
//! A second factor has its place between the right password and the session: `sign_in::sign_in` would hand out a short-lived
//! proof of the password instead of a session, a page of its own would take the factor, and only then would `begin` run. A
//! passkey replaces both and calls `begin` at once.

mod accounts;
mod extract;
mod model;
mod pages;
mod password;
mod session;
mod sign_in;
mod store;
mod throttle;

pub use accounts::{AddError, NewMember, SetPasswordError, add, disable, enable, end_sessions, password_link, set_password, unlock};
pub use extract::{Administrator, AnyStaff, COOKIE, Clinician, ComplianceOfficer, Scheduler, Signed, looked_at, signed};
pub use model::{Member, Role, email, name};
pub use password::{Busy, Weakness};
pub use session::{Sight, Standing, resume, resume_id};
pub use store::member;

use crate::app::App;
use crate::db::Tx;
use crate::ids::StaffId;
use crate::secret::Secret;
use actix_web::web::ServiceConfig;

/// The clinicians who may be booked, by name.
pub async fn clinicians(tx: &mut Tx) -> sqlx::Result<Vec<Member>> {
    store::members(tx, Role::Clinician).await
}

/// The account of an address, disabled or not.
pub async fn member_by_email(tx: &mut Tx, email: &str) -> sqlx::Result<Option<Member>> {
    Ok(store::account_by_email(tx, email).await?.map(|account| account.member))
}

/// An account from the terminal, with the address at which its owner sets a password, once. Without a name it has the part of the address
/// before the `@`.
pub async fn add_at_terminal(app: &App, role: Role, email: &str, name: Option<&str>) -> anyhow::Result<(StaffId, Secret<String>)> {
    let context = app.system();
    let new = NewMember {
        email: email.to_owned(),
        name: name.unwrap_or_else(|| email.split('@').next().unwrap_or(email)).to_owned(),
        role,
        zone: app.config.clinic.zone,
        language: app.config.clinic.language.clone(),
    };
    let id = add(app, &context, new).await?;
    Ok((id, password_link(app, &context, id).await?))
}

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    pages::routes(config);
    accounts::pages::routes(config);
}
