//! `GET /health/live`, `GET /health/ready`, `GET /metrics`.

use super::{Operations, figures, health};
use crate::web::{self, StatusCode, limit};
use actix_web::dev::Server;
use actix_web::web::{Data, get};
use actix_web::{App as ActixApp, HttpResponse, HttpServer};
use anyhow::Context;
use std::net::TcpListener;

/// `application/openmetrics-text` is what the encoder writes.
const FIGURES: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The server of these three addresses, running once awaited. It stops when it is dropped or told to.
pub fn serve(operations: Operations, listener: TcpListener) -> anyhow::Result<Server> {
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(Data::new(operations.clone()))
            .route("/health/live", get().to(live))
            .route("/health/ready", get().to(ready))
            .route("/metrics", get().to(metrics))
    });
    let server = server.workers(1).client_request_timeout(limit::REQUEST_HEAD_TIMEOUT).disable_signals();
    Ok(server.listen(listener).context("listen for health checks")?.run())
}

/// The program runs. A supervisor that gets no answer starts it again.
async fn live() -> HttpResponse {
    HttpResponse::Ok().body("alive\n")
}

/// People can be served. A load balancer sends nobody while this says 503.
async fn ready(operations: Data<Operations>) -> HttpResponse {
    let health = health(&operations.app).await;
    let status = if health.is_good() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(health)
}

async fn metrics(operations: Data<Operations>) -> web::Result<HttpResponse> {
    Ok(HttpResponse::Ok().content_type(FIGURES).body(figures(&operations).await?))
}
