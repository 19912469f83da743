//! For those who run the server: is it alive, can it serve, and how busy is it (OPS-05).
//!
//! On an address of its own that patients never reach. Numbers of things and names of routes; no id, no name, nothing about one person.

mod pages;

pub use pages::serve;

use crate::app::App;
use crate::mail::outbox;
use crate::time::Timestamp;
use crate::waiting_room::{self, Hub};
use crate::web::metrics::Requests;
use crate::{audit, web};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the answers are made of.
#[derive(Debug, Clone)]
pub struct Operations {
    pub app: App,
    pub hub: Hub,
    pub requests: Requests,
}

/// Whether people can be served now, part by part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The database answers.
    pub database: bool,
    /// The access log can be written. Without it nothing is shown to anybody (AUD-02).
    pub log: bool,
}

impl Health {
    pub fn is_good(&self) -> bool {
        self.database && self.log
    }
}

/// Ask each part now.
pub async fn health(app: &App) -> Health {
    let database = async {
        let mut tx = app.db.reading().await?;
        audit::pending(&mut tx).await
    };
    Health { database: database.await.is_ok(), log: app.log.can_write(&app.system()).await.is_ok() }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: String,
}

/// Everything that is counted, in the text format of Prometheus.
pub async fn figures(operations: &Operations) -> web::Result<String> {
    let Operations { app, hub, requests } = operations;
    let mut registry = Registry::with_prefix("anteroom");
    requests.register(&mut registry);
    let build = [("version", env!("CARGO_PKG_VERSION")), ("static_files", web::assets::set_hash())];
    registry.register("build", "Which program this is", Info::new(build));

    let mut tx = app.db.reading().await?;
    let visits = waiting_room::open_visits(&mut tx).await?;
    let mails = outbox::waiting(&mut tx).await?;
    let pending = audit::pending(&mut tx).await?;
    drop(tx);

    let open: Family<InState, Gauge> = Family::default();
    for (state, number) in visits {
        open.get_or_create(&InState { state }).set(number);
    }
    registry.register("visits_open", "Visits in which somebody waits or talks", open);
    let sockets: Family<OfKind, Gauge> = Family::default();
    for (kind, number) in hub.open_sockets() {
        sockets.get_or_create(&OfKind { kind }).set(i64::try_from(number).unwrap_or(i64::MAX));
    }
    registry.register("sockets_open", "Pages that are connected to this node", sockets);
    gauge(&mut registry, "mails_waiting", "Mails that have not left", mails.number);
    let oldest = mails.oldest.map_or(0, |oldest: Timestamp| (app.now() - oldest).0.max(0) / 1000);
    seconds(&mut registry, "mail_oldest_waiting", "How long the oldest of them has waited", oldest);
    gauge(&mut registry, "log_events_pending", "Events of the access log that wait for their place in the tree", pending);
    for (name, value) in process() {
        gauge(&mut registry, name, "Of this process, as the kernel tells", value);
    }

    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| web::Error::Internal(error.into()))?;
    Ok(text)
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}

/// Memory and threads. Empty where there is no `/proc`.
fn process() -> BTreeMap<&'static str, i64> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<i64>().ok());
    let kilobytes = field("VmRSS:").map(|kilobytes| ("process_resident_memory_bytes", kilobytes * 1024));
    let threads = field("Threads:").map(|threads| ("process_threads", threads));
    kilobytes.into_iter().chain(threads).collect()
}
