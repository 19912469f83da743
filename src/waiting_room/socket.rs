//! `GET /today/socket`: the clinician's day, told as it changes. No name ever passes here.

use super::hub::{Hub, Outgoing};
use crate::app::App;
use crate::staff::Clinician;
use crate::web::live::{self, BEAT, End, Live};
use crate::web::{Error, Result};
use actix_web::{HttpRequest, HttpResponse, rt, web};
use serde::Deserialize;
use tokio::sync::mpsc::Receiver;

/// All that a Today page may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum FromToday {
    Beat,
}

pub(super) async fn today(
    app: App,
    hub: web::Data<Hub>,
    clinician: Clinician,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse> {
    let (response, page) = live::accept(&app, &request, body).await?;
    let Some((socket, told)) = hub.watch_day(clinician.member.id, clinician.session).await else {
        return Err(Error::TooMany { retry_after_s: 10 });
    };
    rt::spawn(async move {
        serve(page, told).await;
        Box::pin(hub.leave_day(socket)).await;
    });
    Ok(response)
}

async fn serve(mut page: Live, mut told: Receiver<Outgoing>) {
    let mut beat = tokio::time::interval(BEAT);
    let end = loop {
        let sent = tokio::select! {
            said = page.next() => match said.map(|text| serde_json::from_str(&text)) {
                Ok(Ok(FromToday::Beat)) => Ok(()),
                Ok(Err(_)) => Err(End::NotAllowed),
                Err(end) => Err(end),
            },
            news = told.recv() => match news {
                Some(Outgoing::Text(text)) => page.send(text).await,
                Some(Outgoing::Gone(why)) => page.send(why.message()).await.and(Err(End::Dismissed)),
                Some(Outgoing::Superseded) => Err(End::Dismissed),
                None => Err(End::TryAgain),
            },
            _ = beat.tick() => page.send(r#"{"type":"beat"}"#).await,
        };
        if let Err(end) = sent {
            break end;
        }
    };
    page.close(end).await;
}
