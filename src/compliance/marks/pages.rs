//! `POST /access-log/patients/{id}/mark`. The form is on the page of who opened the record.

use super::{Why, set};
use crate::app::App;
use crate::ids::PatientId;
use crate::staff::ComplianceOfficer;
use crate::web::{self, csrf};
use actix_web::HttpResponse;
use actix_web::web::Path;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct MarkForm {
    /// Empty: no mark.
    #[serde(default)]
    why: String,
}

pub async fn save(app: App, officer: ComplianceOfficer, id: Path<PatientId>, form: csrf::Form<MarkForm>) -> web::Result<HttpResponse> {
    let why = match form.0.why.as_str() {
        "" => None,
        word => Some(Why::from_word(word).ok_or(web::Error::Invalid)?),
    };
    set(&app, &officer.context, *id, why).await?;
    Ok(web::see_other(&format!("/access-log/patients/{id}")))
}
