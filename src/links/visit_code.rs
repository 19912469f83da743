//! The visit code: six digits that the clinic tells its patient, typed at the link instead of the date of birth (ID-04).
//!
//! It is shown once, to the member of staff who made it. The database has its keyed check value, and no mail has anything.

use super::store;
use crate::app::App;
use crate::audit::{self, Context, Event, Fact, Kind, Object};
use crate::config::CheckPolicy;
use crate::crypto::token;
use crate::db;
use crate::ids::{PatientId, VisitId};
use crate::secret::Secret;
use crate::web;

/// Give a visit that is being booked its code, if the clinic's policy or the kind of this visit asks for one (ID-03). The stronger
/// of the two counts.
pub async fn code_for_booking(
    tx: &mut audit::Tx,
    app: &App,
    visit: VisitId,
    patient: PatientId,
    check: CheckPolicy,
) -> sqlx::Result<Option<Secret<String>>> {
    if app.config.links.check.max(check) == CheckPolicy::DateOfBirth {
        return Ok(None);
    }
    let code = token::visit_code(&app.rng);
    store::set_code(tx, visit, Some(app.keys.check_value(visit.0, code.reveal()).as_slice())).await?;
    tx.also(made(visit, patient).with("at", Fact::Word("booking")));
    Ok(Some(code))
}

/// A new code at the front desk's word. The one before opens nothing any more, and a lock ends: the desk speaks with the
/// patient.
///
/// Errors: [`web::Error::Gone`] when the visit is over or cancelled.
pub async fn new_code(app: &App, context: &Context, visit: VisitId) -> web::Result<Secret<String>> {
    let code = token::visit_code(&app.rng);
    let mut tx = app.log.begin(context).await?;
    let check = app.keys.check_value(visit.0, code.reveal());
    let Some(patient) = store::set_code(&mut tx, visit, Some(check.as_slice())).await? else {
        return over(app, context, tx, visit, Kind::LinkCodeMade).await;
    };
    if store::unlock(&mut tx, visit).await? {
        tx.also(Event::done(Kind::LinkUnlocked).on(Object::Visit, visit.0).about(patient));
    }
    tx.commit(made(visit, patient).with("at", Fact::Word("front_desk"))).await?;
    Ok(code)
}

/// Ask for the date of birth again, where the clinic's policy is that.
///
/// Errors: [`web::Error::Forbidden`] under the other policy, [`web::Error::Gone`] when the visit is over or cancelled.
pub async fn drop_code(app: &App, context: &Context, visit: VisitId) -> web::Result<()> {
    if app.config.links.check == CheckPolicy::VisitCode {
        app.log.refused(context, Event::refused(Kind::LinkCodeDropped, "policy").on(Object::Visit, visit.0)).await?;
        return Err(web::Error::Forbidden);
    }
    let mut tx = app.log.begin(context).await?;
    let Some(patient) = store::set_code(&mut tx, visit, None).await? else {
        return over(app, context, tx, visit, Kind::LinkCodeDropped).await;
    };
    tx.commit(Event::done(Kind::LinkCodeDropped).on(Object::Visit, visit.0).about(patient)).await?;
    Ok(())
}

/// The visit is over or cancelled: nobody types anything for it any more. That somebody wanted it is in the log.
async fn over<T>(app: &App, context: &Context, tx: audit::Tx, visit: VisitId, kind: Kind) -> web::Result<T> {
    drop(tx);
    app.log.refused(context, Event::refused(kind, "over").on(Object::Visit, visit.0)).await?;
    Err(web::Error::Gone)
}

/// True when this visit's links ask for a code.
pub async fn has_code(tx: &mut db::Tx, visit: VisitId) -> sqlx::Result<bool> {
    store::has_code(tx, visit).await
}

fn made(visit: VisitId, patient: PatientId) -> Event {
    Event::done(Kind::LinkCodeMade).on(Object::Visit, visit.0).about(patient)
}
