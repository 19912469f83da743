//! What a clinic owes the people in its records beside care: to find out whom a break-in touched.
//!
//! `breach` answers from the access log alone. Nothing here opens clinical text; what it shows are ids, events and times.

pub mod breach;

use actix_web::web::ServiceConfig;

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    breach::routes(config);
}
