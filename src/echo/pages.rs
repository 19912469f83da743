//! A network check by way of the page: who may begin one, and what came of it.

use super::keeper::{Echo, NoCheck};
use super::model::Busy;
use crate::app::App;
use crate::audit::{Context, Event, Kind, Object};
use crate::ids::VisitId;
use crate::links::PatientVisit;
use crate::relay::{IceServer, Relays, Way};
use crate::staff::AnyStaff;
use crate::waiting_room::check::Check;
use crate::waiting_room::{self, Hub};
use crate::web::{Error, Result, csrf};
use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, post};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/visits/{id}/network-check", post().to(patients))
        .route("/visits/{id}/network-check/result", post().to(result))
        .route("/network-check", post().to(staffs));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The page's description of its connection, without a candidate.
    offer: String,
}

#[derive(Serialize)]
struct Answered {
    /// Ours. Null: this clinic offers no check.
    answer: Option<String>,
    /// What the page tries to reach besides, each by one way.
    relays: Vec<ToReach>,
}

#[derive(Serialize)]
struct ToReach {
    transport: Way,
    #[serde(flatten)]
    server: IceServer,
}

/// For the device that opened the visit, whatever state that is in: who waits may look again.
async fn patients(
    app: App,
    echo: Data<Echo>,
    relays: Data<Relays>,
    patient: PatientVisit,
    asked: csrf::Json<Asked>,
) -> Result<HttpResponse> {
    begin(&app, &echo, &relays, &patient.context, (patient.device.0, Some(patient.visit)), &asked.0.offer).await
}

/// For whoever is signed in: of their own connection. Nobody else is shown what comes of it.
async fn staffs(app: App, echo: Data<Echo>, relays: Data<Relays>, staff: AnyStaff, asked: csrf::Json<Asked>) -> Result<HttpResponse> {
    begin(&app, &echo, &relays, &staff.context, (staff.session.0, None), &asked.0.offer).await
}

/// `of`: whose session, and for which visit.
async fn begin(
    app: &App,
    echo: &Echo,
    relays: &Relays,
    context: &Context,
    of: (Uuid, Option<VisitId>),
    offer: &str,
) -> Result<HttpResponse> {
    let (session, visit) = of;
    let answer = match echo.open(session, context.source, offer).await {
        Ok(answer) => Some(answer),
        Err(NoCheck::Off) => None,
        Err(NoCheck::Offer(why)) => {
            // No page of ours writes such a thing: somebody looks whether our server can be sent somewhere.
            let event = Event::refused(Kind::RequestRefused, why.event_word());
            let event = visit.into_iter().fold(event, |event, visit| event.on(Object::Visit, visit.0));
            app.log.refused(context, event).await?;
            return Err(Error::Invalid);
        }
        Err(NoCheck::Busy(Busy { retry_after_s, .. })) => return Err(Error::TooMany { retry_after_s }),
        Err(NoCheck::Down) => return Err(Error::Unavailable(anyhow::anyhow!("the echo process gives no answer"))),
    };
    // As many credentials as there are checks: whoever may not check now gets none (RTC-14).
    let relays = if answer.is_some() { to_reach(&relays.for_check(app.now())) } else { Vec::new() };
    Ok(HttpResponse::Ok().json(Answered { answer, relays }))
}

fn to_reach(servers: &[IceServer]) -> Vec<ToReach> {
    let each_way = |server: &IceServer| Way::ALL.map(|transport| server.by(transport).map(|server| ToReach { transport, server }));
    servers.iter().flat_map(each_way).flatten().collect()
}

/// What the page counted. The check is over with it.
async fn result(app: App, hub: Data<Hub>, echo: Data<Echo>, patient: PatientVisit, found: csrf::Json<Check>) -> Result<HttpResponse> {
    let check = found.0;
    if !check.is_possible() {
        return Err(Error::Invalid);
    }
    echo.end(patient.device.0);
    let mut tx = app.db.reading().await?;
    let standing = waiting_room::standing(&mut tx, patient.visit).await?.ok_or(Error::NotFound)?;
    drop(tx);
    hub.checked(standing.id, standing.clinician_id, check);
    Ok(HttpResponse::Ok().json(serde_json::json!({ "ok": true })))
}
