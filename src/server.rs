//! The HTTP server: middleware in order, the live state of each feature, all routes.

use crate::app::App;
use crate::audit::{Event, Fact, Kind};
use crate::echo::{self, Echo};
use crate::relay::Relays;
use crate::waiting_room::Hub;
use crate::web::assets::Manifest;
use crate::web::metrics::Requests;
use crate::web::tls::Certificate;
use crate::{appointments, calls, clinic, compliance, links, patients, records, rights, staff, waiting_room, web};
use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App as ActixApp, HttpServer};
use anyhow::Context;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// Listening sockets, bound before anything is promised to anyone.
pub fn bind(addresses: &[SocketAddr]) -> anyhow::Result<Vec<TcpListener>> {
    addresses
        .iter()
        .map(|address| TcpListener::bind(address).with_context(|| format!("listen on {address}: is another program using that port?")))
        .collect()
}

/// The processes beside this one. Each takes packets from strangers and holds no key and no database.
#[derive(Clone)]
pub struct Beside {
    pub echo: Echo,
    pub relays: Relays,
}

/// The server on `listeners`, running once awaited.
///
/// With a certificate it speaks TLS on all of them, else plain HTTP.
pub fn start(
    app: App,
    hub: Hub,
    beside: Beside,
    requests: Requests,
    listeners: Vec<TcpListener>,
    certificate: Option<Arc<Certificate>>,
) -> anyhow::Result<Server> {
    let exports = compliance::Watched::default();
    let mut server = HttpServer::new(move || {
        let (app, hub, requests) = (app.clone(), hub.clone(), Data::new(requests.clone()));
        let exports = Data::new(exports.clone());
        let Beside { echo, relays } = beside.clone();
        ActixApp::new()
            .wrap(from_fn(web::language::speak))
            .wrap(Compress::default())
            .wrap(from_fn(web::headers::set))
            .wrap(from_fn(web::head::answer))
            .wrap(from_fn(web::metrics::count))
            .app_data(requests)
            .app_data(Data::new(relays))
            .app_data(exports)
            .configure(move |config| routes(config, &app, hub, echo))
    })
    .workers(2)
    .client_request_timeout(web::limit::REQUEST_HEAD_TIMEOUT)
    .keep_alive(web::limit::KEEP_ALIVE)
    .shutdown_timeout(5)
    .disable_signals();
    for listener in listeners {
        server = match &certificate {
            Some(certificate) => server.listen_rustls_0_23(listener, web::tls::server(certificate.clone())?).context("listen with TLS")?,
            None => server.listen(listener).context("listen")?,
        };
    }
    Ok(server.run())
}

/// Record that the program started, with the hash of the files it serves (RTC-09).
pub async fn record_start(app: &App) -> sqlx::Result<()> {
    let files = hex::decode(web::assets::set_hash()).unwrap_or_default();
    app.log.record(&app.system(), Event::done(Kind::SystemStarted).with("static_files", Fact::Bytes(files))).await
}

/// Record which code this build serves from now on: its own id, and every file that a browser may get (RTC-09). It does not tell what one browser
/// got.
pub async fn record_code(app: &App, manifest: &'static Manifest) -> sqlx::Result<()> {
    let files = manifest.lines().iter().map(String::as_str).collect();
    let event = Event::done(Kind::CodeServed).with("files", Fact::Words(files)).with("sha256", Fact::Bytes(manifest.hash().to_vec()));
    let event = web::assets::program_hash().into_iter().fold(event, |event, hash| event.with("program", Fact::Bytes(hash.to_vec())));
    app.log.record(&app.system(), event).await
}

/// Record that the program stopped in order.
pub async fn record_stop(app: &App) -> sqlx::Result<()> {
    app.log.record(&app.system(), Event::done(Kind::SystemStopped)).await
}

fn routes(config: &mut ServiceConfig, app: &App, hub: Hub, echo: Echo) {
    config.app_data(app.clone()).app_data(Data::new(hub)).app_data(Data::new(echo));
    web::limit::configure(config);
    web::assets::routes(config);
    clinic::routes(config);
    staff::routes(config);
    patients::routes(config);
    links::routes(config);
    appointments::routes(config);
    waiting_room::routes(config);
    calls::routes(config);
    echo::routes(config);
    records::routes(config);
    compliance::routes(config);
    rights::routes(config);
    config.default_service(actix_web::web::to(nothing_here));
}

async fn nothing_here() -> web::Result<&'static str> {
    Err(web::Error::NotFound)
}
