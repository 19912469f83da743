//! Every route of the program, asked for by every kind of visitor (TST-02, AUD-02, AUD-04).
//!
//! `router` reads from the sources which routes there are; `rows` holds a request for each; `seen` sends it as everybody;
//! `tables` makes two files of it, which people review: `tests/it/snapshots/access.md` and `events.md`.

mod catalog;
mod closed;
mod heads;
mod messages;
mod router;
mod rows;
mod seen;
mod snapshot;
mod stage;
mod tables;
mod visitors;
mod world;

use crate::on_both;
use crate::support::TestApp;
use seen::run;
use std::collections::BTreeSet;

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let there = router::routes();
    let rows: Vec<String> = rows::rows().iter().map(|row| row.case.route.to_owned()).collect();
    let said: BTreeSet<String> = rows.iter().cloned().collect();
    let without: Vec<_> = there.difference(&said).collect();
    assert!(without.is_empty(), "{without:?}: add a row to tests/it/every_route/rows that says who may call it and what it writes");
    let gone: Vec<_> = said.difference(&there).collect();
    assert!(gone.is_empty(), "{gone:?}: the program has no such route any more; take the row out of tests/it/every_route/rows");
    assert_eq!(rows.len(), said.len(), "each route has one row");
    assert!(there.len() > 70, "the routes were read");
}

on_both! {
    async fn every_visitor_gets_what_was_reviewed_and_no_more(app: TestApp) {
        snapshot::is_as_reviewed("access.md", &tables::access(&run(&app).await.seen));
        app.finish().await;
    }
}

on_both! {
    async fn every_route_writes_the_events_that_were_reviewed_and_no_others(app: TestApp) {
        snapshot::is_as_reviewed("events.md", &tables::events(&run(&app).await.seen));
        app.finish().await;
    }
}

on_both! {
    /// AUD-04: an event carries the facts that the catalog lists for its kind, and no other.
    async fn every_event_carries_the_facts_of_the_catalog(app: TestApp) {
        assert_eq!(catalog::differences(run(&app).await), Vec::<String>::new());
        app.finish().await;
    }
}

on_both! {
    /// AUD-02.
    async fn what_cannot_be_recorded_is_neither_done_nor_shown(app: TestApp) {
        closed::every_row(&app).await;
        app.finish().await;
    }
}

on_both! {
    async fn head_is_answered_as_get_and_changes_nothing(app: TestApp) {
        heads::every_row(&app).await;
        app.finish().await;
    }
}

on_both! {
    /// RTC-04: the socket's messages are routes too.
    async fn every_message_of_a_socket_leads_where_was_reviewed(app: TestApp) {
        snapshot::is_as_reviewed("messages.md", &messages::table(&app).await);
        app.finish().await;
    }
}
