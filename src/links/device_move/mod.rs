//! "Move here": a second device takes a visit over, once somebody who may says yes (LNK-07).
//!
//! A right value on a second device makes a request, one for the visit, that lapses after ten minutes. It takes nothing from
//! the device that has the visit. That device, the visit's clinician or the front desk answers. Then the new device, which
//! alone knows the request's secret, may pick the visit up, once: it gets a session of its own, the old one ends, and so
//! does an admission. **Who holds a used link can ask, and can never end the patient's session by themselves.**

mod model;
pub mod pages;
mod store;

pub use model::{AnsweredBy, Asking, DeviceMove, MoveAnswer, Progress};

use super::redeem::{Answer, about, hint, link_holder};
use super::store::Link;
use super::{EndedWhy, VoidedWhy, void_all};
use crate::app::App;
use crate::audit::{self, Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::crypto::token;
use crate::db;
use crate::ids::{DeviceId, StaffId, VisitId};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::web;
use model::{LAPSES_AFTER, YesOrNo};
use std::collections::{BTreeSet, HashMap};

/// Somebody with the right value asks, in the transaction that found the value right. It holds the visit's row.
pub(super) async fn ask(app: &App, mut tx: audit::Tx, link: &Link) -> web::Result<Answer> {
    tx.also(about(link, Event::refused(Kind::LinkChecked, "elsewhere")));
    let subject = app.keys.pseudonym("device.move", link.visit_id.0.as_bytes());
    if !store::may_ask(&mut tx, &subject, app.now()).await? {
        tx.commit(about(link, Event::refused(Kind::DeviceMoveAsked, "too_often"))).await?;
        return Ok(Answer::Reason(link.why("asked_too_often")));
    }
    let (device, secret, now) = (DeviceId::new(app.now(), &app.rng), token::session(&app.rng), app.now());
    store::raise(&mut tx, link.visit_id).await?;
    if !store::ask(&mut tx, link.visit_id, device, &token::stored(secret.reveal()), now, now + LAPSES_AFTER).await? {
        tx.commit(about(link, Event::refused(Kind::DeviceMoveAsked, "locked"))).await?;
        return Ok(Answer::Reason(link.why("closed_to_others")));
    }
    let asked = about(link, Event::done(Kind::DeviceMoveAsked)).with("device", Fact::Id(device.0));
    tx.commit(asked.with("until", Fact::At(now + LAPSES_AFTER))).await?;
    app.bus.tell(hint(link));
    Ok(Answer::Asked { secret })
}

/// The device that asks for this visit now, if one does and nobody has answered.
pub async fn asking(tx: &mut db::Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<Option<Asking>> {
    Ok(asking_many(tx, &BTreeSet::from([visit]), now).await?.remove(&visit))
}

/// The devices that ask for these visits now.
pub async fn asking_many(tx: &mut db::Tx, visits: &BTreeSet<VisitId>, now: Timestamp) -> sqlx::Result<HashMap<VisitId, Asking>> {
    Ok(store::asking(tx, visits, now).await?.iter().map(|row| (row.visit_id, row.asking(now))).collect())
}

/// For the visits of a clinician: the devices that ask, and those that took one over.
pub async fn device_moves(tx: &mut db::Tx, clinician: StaffId, now: Timestamp) -> sqlx::Result<HashMap<VisitId, DeviceMove>> {
    let rows = store::of_clinician(tx, clinician, now).await?;
    let stands = |row: &store::Open| match row.picked_up_at {
        Some(_) => DeviceMove { asking: None, moved: true },
        None => DeviceMove { asking: Some(row.asking(now)), moved: false },
    };
    Ok(rows.iter().map(|row| (row.visit_id, stands(row))).collect())
}

/// Say yes or no to the device that asked. The caller has seen to it that this party may answer for this visit.
///
/// Errors: [`web::Error::Conflict`] when this device asks no more: lapsed, answered, or another asked after it.
pub async fn answer(app: &App, context: &Context, visit: VisitId, said: &MoveAnswer, by: AnsweredBy) -> web::Result<()> {
    let kind = match said.answer {
        YesOrNo::Yes => Kind::DeviceMoveAllowed,
        YesOrNo::No => Kind::DeviceMoveRefused,
    };
    let (device, now) = (said.device, app.now());
    let mut tx = app.log.begin(context).await?;
    let row = store::raise(&mut tx, visit).await?;
    let answered = store::answer(&mut tx, visit, said, by, now, now + LAPSES_AFTER).await?;
    let Some(row) = row.filter(|_| answered) else {
        drop(tx);
        app.log.refused(context, Event::refused(kind, "late").on(Object::Visit, visit.0)).await?;
        return Err(web::Error::Conflict);
    };
    let event = Event::done(kind).on(Object::Visit, visit.0).about(row.patient_id);
    tx.commit(event.with("device", Fact::Id(device.0)).with("by", Fact::Word(by.word()))).await?;
    app.bus.tell(Hint::Visit { id: visit, clinician: row.clinician_id });
    Ok(())
}

/// How the request with this secret stands, without a change.
pub async fn progress(app: &App, secret: &str) -> sqlx::Result<Progress> {
    let mut reading = app.db.reading().await?;
    let request = store::request(&mut reading, &token::stored(secret)).await?;
    Ok(model::progress(request.as_ref(), app.now()))
}

/// What came of the wish to pick a visit up.
#[derive(Debug)]
pub enum PickUp {
    /// Not yet, or never.
    Not(Progress),
    /// It is here now. The token is for this device's cookie.
    Done { visit: VisitId, session: Secret<String> },
}

/// Take the visit over, if it was allowed. Of many who come with one secret at once, one does.
pub async fn pick_up(app: &App, context: &Context, secret: &str) -> web::Result<PickUp> {
    let visit = match progress(app, secret).await? {
        Progress::Allowed(visit) => visit,
        other => return Ok(PickUp::Not(other)),
    };
    let context = link_holder(context);
    let mut tx = app.log.begin(&context).await?;
    // The visit's row before the request's, as in every other verb, so that no two wait for each other.
    let row = store::back_to_waiting(&mut tx, visit, app.now()).await?;
    let request = store::pick_up(&mut tx, &token::stored(secret), app.now()).await?;
    let (Some(row), Some(request)) = (row, request) else {
        drop(tx);
        app.log.refused(&context, Event::refused(Kind::DeviceMoved, "late").on(Object::Visit, visit.0)).await?;
        return Ok(PickUp::Not(Progress::Over));
    };
    let (session, moved) = settle(&mut tx, app, visit, &row, request.device_id, AnsweredBy::named(&request.answered_by)).await?;
    tx.commit(moved).await?;
    app.bus.tell(Hint::Visit { id: visit, clinician: row.clinician_id });
    Ok(PickUp::Done { visit, session })
}

/// The visit goes on at a new device, at the word of the one that has it, in a transaction that holds its row. `None`: it is over, or
/// closed to other devices.
pub(super) async fn hand_over(tx: &mut audit::Tx, app: &App, visit: VisitId) -> sqlx::Result<Option<(Secret<String>, Event)>> {
    let Some(row) = store::back_to_waiting(tx, visit, app.now()).await? else { return Ok(None) };
    let (device, secret) = (DeviceId::new(app.now(), &app.rng), token::session(&app.rng));
    // What another device asked meanwhile is void, and the clinician's day tells of this move as of any other: the old device wanted it.
    store::note_handed_over(tx, visit, device, &token::stored(secret.reveal()), AnsweredBy::OldDevice, app.now()).await?;
    settle(tx, app, visit, &row, device, "phone_link").await.map(Some)
}

/// The new device's session, for its cookie, and the event of it. The session before ends, and links that are out are void.
async fn settle(
    tx: &mut audit::Tx,
    app: &App,
    visit: VisitId,
    row: &store::Held,
    device: DeviceId,
    by: &'static str,
) -> sqlx::Result<(Secret<String>, Event)> {
    let session = token::session(&app.rng);
    super::store::end_device(tx, visit, EndedWhy::Moved.word(), app.now()).await?;
    super::store::insert_device(tx, device, visit, &token::stored(session.reveal()), app.now()).await?;
    void_all(tx, app, visit, row.patient_id, VoidedWhy::Redeemed).await?;
    let event = Event::done(Kind::DeviceMoved).on(Object::Visit, visit.0).about(row.patient_id);
    let event = event.with("device", Fact::Id(device.0)).with("epoch", Fact::Number(row.call_epoch));
    Ok((session, event.with("by", Fact::Word(by))))
}

/// Whatever was asked for this visit is void: the session that it would have replaced is over.
pub(super) async fn forget(tx: &mut audit::Tx, visit: VisitId) -> sqlx::Result<()> {
    store::forget(tx, visit).await
}
