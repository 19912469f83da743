//! Who may call, said in a handler's signature: `visit: PatientVisit` runs for the one device that opened this visit.
//!
//! The cookie is the visit's own, so two visits and a staff sign-in live in one browser, and none of them opens another
//! (LNK-01, LNK-06).

use super::{cookie_name, resume};
use crate::app::App;
use crate::audit::{Context, Event, Kind, Object};
use crate::ids::{DeviceId, PatientId, StaffId, VisitId};
use crate::web::{self, Error};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

/// The device that opened the visit named in the address.
#[derive(Debug, Clone)]
pub struct PatientVisit {
    pub device: DeviceId,
    pub visit: VisitId,
    pub patient: PatientId,
    pub clinician: StaffId,
    /// Where this request comes from, for the access log. Its actor is the device, not a known person (ID-01).
    pub context: Context,
    /// The form token of this device's session.
    pub csrf: String,
}

impl FromRequest for PatientVisit {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { of(&request).await })
    }
}

async fn of(request: &HttpRequest) -> Result<PatientVisit, Error> {
    let _turn = web::turn::of(request).await;
    let app = request.app_data::<App>().ok_or_else(|| Error::Internal(anyhow::anyhow!("the server was built without its app")))?;
    let visit: VisitId = request.match_info().get("id").and_then(|id| id.parse().ok()).ok_or(Error::NotOpenHere)?;
    let token = web::cookies::read(request, app.config.secure(), &cookie_name(visit)).ok_or(Error::NotOpenHere)?;
    let context = web::context::of(app, request);
    let mut reading = app.db.reading().await?;
    let found = resume(&mut reading, app, &token, visit).await?;
    drop(reading);
    let Some(found) = found else {
        let refused = Event::refused(Kind::RequestRefused, "device").on(Object::Visit, visit.0);
        app.log.refused(&context, refused).await?;
        return Err(Error::NotOpenHere);
    };
    let (actor, session, purpose) = (found.context.actor, found.context.session, found.context.purpose);
    Ok(PatientVisit { context: Context { actor, session, purpose, ..context }, ..found })
}
