//! Figures: how soon it is ready, what a page costs, how many can wait, what the log's tree and its pages cost, how often it can be killed, what network
//! checks cost, what our relay costs beside a coturn, how soon one sees the other person.
//!
//! `cargo bench` prints all of them; `cargo bench -- start`, `load`, `waiting`, `log`, `pages`, `checks`, `relay`, `picture` or `crash` one. Each compares
//! within its own run, because the machine may be busy with other things. With `TEST_POSTGRES_URL` (`tests/run postgres` prints it) they run on PostgreSQL too.
#![expect(clippy::unwrap_used, reason = "a benchmark that unwraps a failure has failed, with a line number")]

#[path = "../tests/it/support/backoff.rs"]
mod backoff;
mod checks;
mod crash;
#[path = "../tests/e2e/support/mod.rs"]
#[expect(dead_code, reason = "the browser tests do more with it")]
mod e2e;
mod load;
mod log;
mod pages;
#[path = "../tests/it/support/peer.rs"]
#[expect(dead_code, reason = "the tests hold a whole call with it")]
mod peer;
mod picture;
#[path = "../tests/it/support/proof.rs"]
#[expect(dead_code, reason = "the tests check every message of it")]
mod proof;
mod relay;
mod start;
mod support;
#[path = "../tests/it/support/turn.rs"]
#[expect(dead_code, reason = "the tests ask a relay everything with it")]
mod turn;
#[path = "../tests/it/support/turn_client.rs"]
#[expect(dead_code, reason = "the tests ask a relay everything with it")]
mod turn_client;
mod waiting;

use support::empty_database;

fn main() {
    let system = actix_web::rt::System::new();
    if let Ok(port) = std::env::var(load::BARE_ROUTE_PORT) {
        return system.block_on(load::bare_route(port.parse().unwrap()));
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    system.block_on(async {
        if wants("start") {
            start::run();
        }
        if wants("load") {
            load::run().await;
        }
        if wants("waiting") {
            on_both(waiting::run).await;
        }
        if wants("log") {
            on_both(log::run).await;
        }
        if wants("pages") {
            on_both(pages::run).await;
        }
        if wants("checks") {
            checks::run().await;
        }
        if wants("picture") {
            picture::run().await;
        }
        if wants("relay") {
            relay::run();
        }
        if wants("crash") {
            on_both(crash::measure).await;
        }
    });
}

/// Measure on SQLite, and on PostgreSQL if there is one.
async fn on_both(measure: impl AsyncFn(&str, Option<&str>)) {
    measure("SQLite", None).await;
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => measure("PostgreSQL", Some(&empty_database(&url).await)).await,
        Err(_) => support::row("PostgreSQL: not measured, TEST_POSTGRES_URL is not set", &[]),
    }
}
