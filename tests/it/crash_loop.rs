//! Acknowledged means durable (REL-03, AUD-01): the program is killed again and again under load, and nothing that a client heard
//! of is missing or there twice. `cargo bench -- crash` does the same at length.

use crate::support::migrated_database;
use crate::support::served::{Clinic, crash};

/// About two hundred acts, broken off five times.
const SHORT: crash::Size = crash::Size { kills: 5, clinicians: 2, visits_each: 10, bookers: 4, pairs_each: 8, readers: 5, reads_each: 15 };

mod no_kill_loses_or_doubles_what_was_acknowledged {
    use super::*;

    #[actix_web::test]
    async fn sqlite() {
        crash::run(Clinic::new(None).await, SHORT, crash::any_seed()).await;
    }

    #[actix_web::test]
    async fn postgres() {
        let database = migrated_database().await;
        crash::run(Clinic::new(Some(database.url())).await, SHORT, crash::any_seed()).await;
    }
}
