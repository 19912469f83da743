//! What a clinic owes the people in its records beside care: to find out whom a break-in touched, and to tell them in time.
//!
//! `breach` answers from the access log alone; `incidents` keeps what follows from it. Both keep their files in `cases`. Nothing
//! here opens clinical text.

pub mod breach;
pub mod cases;
pub mod incidents;

use actix_web::web::ServiceConfig;

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    breach::routes(config);
    incidents::routes(config);
}
