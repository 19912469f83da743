//! The witness over HTTP. Whoever stands in front of it on a public network holds the certificate: what is said here is no secret, and
//! its answers are signed.

use super::protocol::{QUESTION_BYTES_MAX, Refusal, SIZE_TYPE};
use super::{Unanswered, Witness};
use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// How long somebody may take to ask. Lower: a slow one holds a connection for less.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);
/// Questions at once. A log asks once a minute.
const CONNECTIONS_MAX: usize = 64;

pub fn serve(witness: Arc<Witness>, listener: TcpListener) -> anyhow::Result<Server> {
    let serving = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(witness.clone()))
            .app_data(web::PayloadConfig::new(QUESTION_BYTES_MAX))
            .route("/add-checkpoint", web::post().to(add_checkpoint))
    });
    let serving = serving.workers(1).max_connections(CONNECTIONS_MAX).client_request_timeout(ASK_TIMEOUT).disable_signals();
    Ok(serving.listen(listener).context("listen for logs")?.run())
}

async fn add_checkpoint(witness: web::Data<Witness>, body: web::Bytes) -> HttpResponse {
    let answer = web::block(move || witness.add_checkpoint(&body)).await;
    match answer {
        Ok(Ok(line)) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(line),
        Ok(Err(Unanswered::Refused(refusal))) => {
            tracing::warn!(?refusal, "A checkpoint was not cosigned");
            refused(refusal)
        }
        Ok(Err(Unanswered::Failed(error))) => {
            tracing::error!(?error, "A checkpoint could not be remembered, and was not cosigned");
            HttpResponse::InternalServerError().finish()
        }
        Err(stopped) => {
            tracing::error!(%stopped, "A question was not answered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn refused(refusal: Refusal) -> HttpResponse {
    let (status, words) = match refusal {
        Refusal::Conflict { size } => return HttpResponse::Conflict().content_type(SIZE_TYPE).body(format!("{size}\n")),
        Refusal::Malformed => (StatusCode::BAD_REQUEST, "this is no question of tlog-witness\n"),
        Refusal::UnknownLog => (StatusCode::NOT_FOUND, "this witness does not look after that log\n"),
        Refusal::Unsigned => (StatusCode::FORBIDDEN, "none of the log's keys signed this checkpoint\n"),
        Refusal::Inconsistent => (StatusCode::UNPROCESSABLE_ENTITY, "the checkpoint does not go on from the last one\n"),
    };
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(words)
}
