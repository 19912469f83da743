//! What the page of the device that waits is given: the address, and its picture.

use super::qr;
use crate::app::App;
use crate::links::PatientVisit;
use crate::web;
use crate::web::csrf::Token;
use actix_web::HttpResponse;
use serde_json::json;

/// `POST /visits/{id}/phone-link`. `picture` is null where the address does not fit into one.
pub async fn make(app: App, patient: PatientVisit, _ours: Token) -> web::Result<HttpResponse> {
    let link = super::make(&app, &patient).await?;
    let picture = qr::draw(link.url.reveal()).map(|picture| json!({ "size": picture.size, "path": picture.path }));
    Ok(HttpResponse::Ok().json(json!({ "url": link.url.reveal(), "picture": picture, "lapses_in_ms": link.lapses_in.0 })))
}
