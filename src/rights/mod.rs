//! What a clinic owes the people in its records beside care: to find out whom a break-in touched and tell them in time, to say to
//! whom their data went, and to answer what they ask for.
//!
//! `breach` answers from the access log alone; `incidents`, `disclosures`, `requests` and the holds of `retention` keep their files in `cases`, to which entries
//! are only ever added. `record_set` puts a
//! copy together, and is open to clinicians alone. Nothing that the compliance officer sees here is clinical text.

pub mod breach;
pub mod cases;
pub mod disclosures;
pub mod incidents;
pub mod record_set;
pub mod requests;
pub mod retention;
mod typed;
mod words;

use actix_web::web::ServiceConfig;

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    breach::routes(config);
    incidents::routes(config);
    disclosures::routes(config);
    requests::routes(config);
    record_set::routes(config);
    retention::routes(config);
}
