//! Accounts of those who work at the clinic: roles, sign-in, sessions.

mod extract;
mod model;
mod session;
mod store;

pub use extract::{Administrator, AnyStaff, COOKIE, Clinician, ComplianceOfficer, Scheduler, Signed, signed};
pub use model::{Member, Role};

use actix_web::web::ServiceConfig;

/// The routes of this feature.
pub fn routes(_config: &mut ServiceConfig) {}
