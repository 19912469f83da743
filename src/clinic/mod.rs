//! What the clinic tells everybody: what is kept about people, what protects a visit, where to find help.
//!
//! These pages are true of this build. A change to what is stored or to who can see it changes them in the same commit.

mod pages;

use actix_web::web::ServiceConfig;

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    pages::routes(config);
}
