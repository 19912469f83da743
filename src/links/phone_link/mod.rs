//! "Continue on my phone": the device on which a patient waits hands its visit to another, once, within two minutes.
//!
//! What it makes is a visit link like the mailed ones, to be scanned or typed: it comes through the same door, asks for the same
//! value, and a wrong one counts and locks as there. The device that has the visit asked for it, so nobody has to be asked for a
//! yes. The new device takes the place in the waiting room over, and the old one's session ends. **A link of which the session is
//! over opens nothing**: whatever ends the session voids it.

mod pages;
mod qr;
mod store;

pub(super) use pages::make as make_page;

use super::device_move;
use super::redeem::{Answer, about, hint};
use super::store::Link;
use super::{PatientVisit, VoidedWhy, join_index, voided};
use crate::app::App;
use crate::audit::{self, Event, Fact, Kind, Object};
use crate::crypto::token;
use crate::secret::Secret;
use crate::time::Millis;
use crate::web;

/// The word of such links in the database and in the log, where others have that of their mail.
pub const WORD: &str = "phone";
/// How long one lives. Lower: a picture that somebody took of the screen is of no use sooner. Higher: a slow hand still makes it.
pub const LIVES: Millis = Millis::minutes(2);
/// How many a visit may have in an hour. Higher: more tries for somebody whose phone misbehaves. Lower: less to guess at.
const MADE_MAX: i64 = 20;

/// A link that was just made. It is nowhere else in the open.
#[derive(Debug, Clone)]
pub struct PhoneLink {
    /// The whole address, with the code behind `#`.
    pub url: Secret<String>,
    pub lapses_in: Millis,
}

/// Make one for the visit that waits on this device. The one before opens nothing any more.
///
/// Errors: [`web::Error::Conflict`] when the visit does not wait on this device, [`web::Error::TooMany`].
pub async fn make(app: &App, patient: &PatientVisit) -> web::Result<PhoneLink> {
    let event = |event: Event| event.on(Object::Visit, patient.visit.0).about(patient.patient);
    let mut tx = app.log.begin(&patient.context).await?;
    let why = if !store::hold_waiting(&mut tx, patient.visit, patient.device).await? {
        Some(("not_waiting", web::Error::Conflict))
    } else if !store::may_make(&mut tx, &app.keys.pseudonym("link.phone", patient.visit.0.as_bytes()), app.now(), MADE_MAX).await? {
        Some(("too_often", web::Error::TooMany { retry_after_s: 3600 }))
    } else {
        None
    };
    if let Some((word, error)) = why {
        drop(tx);
        app.log.refused(&patient.context, event(Event::refused(Kind::LinkCreated, word)).with("kind", Fact::Word(WORD))).await?;
        return Err(error);
    }
    let (code, now) = (token::join_code(&app.rng), app.now());
    let before = store::void(&mut tx, patient.visit, now).await?;
    if let Some(event) = voided(patient.visit, patient.patient, VoidedWhy::Replaced, before) {
        tx.also(event);
    }
    // Nobody is told its other secret: it is opened by its code alone.
    store::insert(&mut tx, &token::stored_link(&token::link_secret(&app.rng)), &join_index(app, &code), patient.visit, now).await?;
    let created = event(Event::done(Kind::LinkCreated)).with("kind", Fact::Word(WORD)).with("until", Fact::At(now + LIVES));
    tx.commit(created).await?;
    let (first, last) = code.reveal().split_at(5);
    Ok(PhoneLink { url: Secret::new(format!("{}/join#{first}-{last}", app.config.base_url)), lapses_in: LIVES })
}

/// The right value was typed at one that lives, in the transaction that holds the visit's row: the visit goes on here.
pub(super) async fn take(app: &App, mut tx: audit::Tx, key: &[u8], link: &Link) -> web::Result<Answer> {
    if !store::use_up(&mut tx, key, app.now()).await? {
        tx.commit(about(link, Event::refused(Kind::LinkChecked, "lapsed"))).await?;
        return Ok(Answer::Reason(link.why("lapsed")));
    }
    tx.also(about(link, Event::done(Kind::LinkChecked)));
    let Some((session, moved)) = device_move::hand_over(&mut tx, app, link.visit_id).await? else {
        drop(tx);
        return Err(web::Error::Conflict);
    };
    tx.commit(moved).await?;
    app.bus.tell(hint(link));
    Ok(Answer::Open { visit: link.visit_id, token: Some(session) })
}
