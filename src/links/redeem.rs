//! Opening a visit: the value is looked at first, in every state, and only a right one hears more than "no" (LNK-08).
//!
//! An unknown link runs the same statements as a known one, on rows that are not there, down to the event, which is about
//! nobody. Which rows a statement finds is still not the same work, but it is less than the one write to the disk that all
//! of them end with. One transaction counts the try, compares, decides and opens; the visit's row is held through it, so of
//! many who come at once one wins (LNK-05).

use super::model::{self, Check, Decision, SOURCE_WRONG_MAX, WRONG_MAX};
use super::store::{self, Link};
use super::{VoidedWhy, device_move, phone_link, resume, void_all};
use crate::app::App;
use crate::audit::{self, Actor, ActorKind, Context, Event, Fact, Kind, Object, Purpose};
use crate::bus::Hint;
use crate::crypto::{same, token};
use crate::ids::{DeviceId, PatientId, VisitId};
use crate::patients;
use crate::secret::Secret;
use crate::text::Text;
use crate::time::{Timestamp, Zone};
use crate::web;
use std::net::IpAddr;
use std::time::Duration;
use uuid::Uuid;

/// How late a source with many wrong values is answered (ID-04). Higher: guessing is slower, and so is a clinic's waiting room
/// in which one person mistypes.
const DELAY: Duration = Duration::from_secs(2);

/// What a try led to.
#[derive(Debug)]
pub enum Answer {
    /// Unknown, wrong or locked. The caller shows one and the same answer.
    No,
    /// The value was right, and the visit does not open now.
    Reason(Reason),
    /// It is open on this device; with a token when it was opened just now.
    Open { visit: VisitId, token: Option<Secret<String>> },
    /// It is open on another device, and was asked to move here. The secret is this device's alone.
    Asked { secret: Secret<String> },
}

/// The true reason, for somebody who typed the right value.
#[derive(Debug)]
pub struct Reason {
    pub word: &'static str,
    /// The patient's own language.
    pub language: String,
    zone: Zone,
    opens_at: Option<Timestamp>,
}

impl Link {
    pub(super) fn why(&self, word: &'static str) -> Reason {
        Reason { word, language: self.language.clone(), zone: self.zone, opens_at: None }
    }
}

impl Reason {
    /// True when no new link opens the visit either.
    pub fn is_for_good(&self) -> bool {
        matches!(self.word, "over" | "cancelled")
    }

    pub fn sentence(&self, t: Text) -> String {
        let name = format!("links-server-{}", self.word.replace('_', "-"));
        match self.opens_at {
            Some(at) => t.with(&name, "when", t.when(at, self.zone)),
            None => t.say(&name),
        }
    }
}

/// What the person wants of a visit that another device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// To hear where it is open.
    Open,
    /// "Move here."
    MoveHere,
}

/// The context of whoever holds a link.
pub fn link_holder(context: &Context) -> Context {
    let actor = Actor { kind: ActorKind::PatientLink, id: None, role: None };
    Context { purpose: Purpose::PatientRequest, ..context.acting(actor) }
}

/// Try to open the visit of the link with this hash or index, or to move it here. `held` gives the device token that came
/// along for a visit.
pub async fn redeem(
    app: &App,
    context: &Context,
    key: &[u8],
    check: &Check,
    wish: Wish,
    held: impl Fn(VisitId) -> Option<String>,
) -> web::Result<Answer> {
    let source = source(app, context);
    let slowed = slow_down(app, &source).await?;
    let mut tx = app.log.begin(&link_holder(context)).await?;
    let tries = store::reserve_try(&mut tx, key, app.now()).await?;
    let link = store::link(&mut tx, key).await?;
    let right = is_right(app, link.as_ref(), check);
    match (link, tries) {
        (Some(link), Some(_)) if right => right_value(app, tx, key, &link, wish, held(link.visit_id)).await,
        (link, tries) => no(app, tx, link.as_ref(), tries, &source, slowed).await,
    }
}

/// The same work for a link that there is not.
fn is_right(app: &App, link: Option<&Link>, check: &Check) -> bool {
    let subject = link.map_or(Uuid::nil(), |link| link.visit_id.0);
    let patient = link.map_or(PatientId::NOBODY, |link| link.patient_id);
    let (of_code, of_date) = match check {
        Check::Born(date) => (None, Some(patients::date_of_birth_check(&app.keys, patient, *date))),
        Check::Code(code) => (Some(app.keys.check_value(subject, code.reveal())), None),
    };
    let Some(link) = link else { return false };
    match (&link.code_check, of_code, of_date) {
        (Some(stored), Some(typed), _) => same(stored, &typed),
        // The clinic chose a code for this visit: a date that others may know does not open it.
        (None, _, Some(typed)) => same(&link.date_of_birth_check, &typed),
        _ => false,
    }
}

async fn no(app: &App, mut tx: audit::Tx, link: Option<&Link>, tries: Option<i64>, source: &[u8], slowed: bool) -> web::Result<Answer> {
    let wrong = store::count_wrong(&mut tx, source, app.now()).await?;
    let event = match (link, tries) {
        (None, _) => Event::refused(Kind::LinkChecked, "unknown").about(PatientId::NOBODY),
        (Some(link), Some(_)) => about(link, Event::refused(Kind::LinkChecked, "wrong")),
        (Some(link), None) => about(link, Event::refused(Kind::LinkChecked, "locked")),
    };
    let locking = link.filter(|_| tries == Some(WRONG_MAX));
    tx.commit(match locking.and_then(|link| link.check_locked_until) {
        Some(until) => event.with("locked_until", Fact::At(until)),
        None => event,
    })
    .await?;
    if let Some(link) = locking {
        app.bus.tell(hint(link));
    }
    // Of many who came at once, before any of them was counted, those past the limit wait here.
    if !slowed && wrong > SOURCE_WRONG_MAX {
        tokio::time::sleep(DELAY).await;
    }
    Ok(Answer::No)
}

async fn right_value(app: &App, mut tx: audit::Tx, key: &[u8], link: &Link, wish: Wish, held: Option<String>) -> web::Result<Answer> {
    store::unlock(&mut tx, link.visit_id).await?;
    if let Some(held) = held
        && !model::is_closed(&link.state)
        && let Some(visit) = resume(&mut tx, app, &held, link.visit_id).await?
    {
        tx.also(about(link, Event::done(Kind::LinkChecked)));
        tx.commit(about(link, Event::done(Kind::LinkResumed)).with("device", Fact::Id(visit.device.0))).await?;
        return Ok(Answer::Open { visit: link.visit_id, token: None });
    }
    let decision = model::decide(&link.standing(), app.now_at_least(), app.config.links);
    match decision {
        Decision::Open => {}
        Decision::ToPhone => return phone_link::take(app, tx, key, link).await,
        Decision::Elsewhere if wish == Wish::MoveHere => return device_move::ask(app, tx, link).await,
        _ => return not_now(tx, link, decision).await,
    }
    if !store::redeem(&mut tx, link.visit_id, key, app.config.links, app.now_at_least()).await? {
        // Voided between two statements of ours.
        return not_now(tx, link, Decision::Used).await;
    }
    open(app, tx, link).await
}

async fn open(app: &App, mut tx: audit::Tx, link: &Link) -> web::Result<Answer> {
    let (device, token) = (DeviceId::new(app.now(), &app.rng), token::session(&app.rng));
    tx.also(about(link, Event::done(Kind::LinkChecked)));
    void_all(&mut tx, app, link.visit_id, link.patient_id, VoidedWhy::Redeemed).await?;
    store::insert_device(&mut tx, device, link.visit_id, &token::stored(token.reveal()), app.now()).await?;
    tx.commit(about(link, Event::done(Kind::LinkRedeemed)).with("device", Fact::Id(device.0))).await?;
    app.bus.tell(hint(link));
    Ok(Answer::Open { visit: link.visit_id, token: Some(token) })
}

async fn not_now(tx: audit::Tx, link: &Link, decision: Decision) -> web::Result<Answer> {
    tx.commit(about(link, Event::refused(Kind::LinkChecked, decision.word()))).await?;
    let opens_at = match decision {
        Decision::TooEarly(opens_at) => Some(opens_at),
        _ => None,
    };
    Ok(Answer::Reason(Reason { opens_at, ..link.why(decision.word()) }))
}

/// True when it was answered late.
async fn slow_down(app: &App, source: &[u8]) -> sqlx::Result<bool> {
    let mut reading = app.db.reading().await?;
    let wrong = store::wrong_from(&mut reading, source, app.now()).await?;
    drop(reading);
    let slowed = wrong >= SOURCE_WRONG_MAX;
    if slowed {
        tokio::time::sleep(DELAY).await;
    }
    Ok(slowed)
}

/// Where a try comes from, as a keyed hash: an IPv4 address, or the /64 of an IPv6 address.
fn source(app: &App, context: &Context) -> [u8; 32] {
    let bytes = match context.source {
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => address.octets()[..8].to_vec(),
        None => Vec::new(),
    };
    app.keys.pseudonym("link.source", &bytes)
}

pub(super) fn about(link: &Link, event: Event) -> Event {
    event.on(Object::Visit, link.visit_id.0).about(link.patient_id)
}

pub(super) fn hint(link: &Link) -> Hint {
    Hint::Visit { id: link.visit_id, clinician: link.clinician_id }
}
