//! Visit links: made for a patient's mail, opened once, by one device, with something the person types.
//!
//! A link is delivered by mail, so holding one proves nothing about who holds it: it opens a lobby, and a human opens the
//! door (ID-01). This feature knows a visit's id, its patient and the time it may be opened, never an appointment's
//! reason. The secret of a link is in its mail alone; the database has its hash (LNK-11).

mod device_move;
mod ended;
mod extract;
pub mod keys;
mod model;
mod pages;
mod phone_link;
mod redeem;
mod store;
pub mod undelivered;
mod visit_code;

pub use device_move::{
    AnsweredBy, Asking, DeviceMove, MoveAnswer, answer as answer_device_move, asking as asking_device, asking_many as asking_devices,
    device_moves,
};
pub use ended::{EndedWhy, why_ended, why_not_here};
pub use extract::PatientVisit;
pub use model::VoidedWhy;
pub use visit_code::{code_for_booking, drop_code, has_code, new_code};

use crate::app::App;
use crate::audit::{self, Actor, ActorKind, Bookkeeping, Context, Event, Fact, Kind, Object, Purpose};
use crate::crypto::blind_index::{self, Column};
use crate::crypto::sha256;
use crate::crypto::token::{self, LinkSecret};
use crate::db;
use crate::ids::{PatientId, StaffId, VisitId};
use crate::mail::outbox::{self, Letter, LetterKind, LetterValues};
use crate::patients::{self, Contact};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::web;
use actix_web::web::ServiceConfig;

/// What a link invites to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitation {
    pub visit: VisitId,
    pub patient: PatientId,
    pub clinician: StaffId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// A link that was just made. It is nowhere else in the open: hand it over or forget it.
#[derive(Debug, Clone)]
pub struct MintedLink {
    /// The whole address with the secret behind `#`.
    pub url: Secret<String>,
    /// What can be typed at `/join` instead.
    pub join_code: Secret<String>,
    /// True if a mail with it was queued; false when the patient takes no mail.
    pub mailed: bool,
}

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    use actix_web::web::{get, post, resource};
    use device_move::pages as move_pages;
    config
        .service(resource("/v").route(get().to(pages::link)))
        .service(resource("/v/redemption").route(post().to(pages::redemption)))
        .service(resource("/v/device-move").route(get().to(move_pages::waiting)).route(post().to(move_pages::ask)))
        .service(resource("/v/device-move/pickup").route(post().to(move_pages::pick_up)))
        .service(resource("/visits/{id}/handover").route(post().to(move_pages::hand_over)))
        .service(resource("/visits/{id}/phone-link").route(post().to(phone_link::make_page)))
        .service(resource("/v/links").route(post().to(pages::new_link)))
        .service(resource("/v/reports").route(post().to(pages::not_for_me)))
        .service(resource("/join").route(get().to(pages::join)).route(post().to(pages::join_by_code)));
}

/// Invite a patient to a visit, or tell them that it is cancelled, in the transaction of what it tells.
///
/// Makes a link unless the visit is cancelled, and queues the letter if the patient allows mail. `None` when no link was
/// made: the letter was queued before, or it is a reminder that the patient does not want.
pub async fn invite(
    tx: &mut audit::Tx,
    app: &App,
    contact: &Contact,
    invitation: &Invitation,
    kind: LetterKind,
    once_key: String,
    due_at: Timestamp,
) -> sqlx::Result<Option<MintedLink>> {
    let Some((minted, created)) = mint(tx, app, contact, invitation, kind, once_key, due_at).await? else { return Ok(None) };
    tx.also(created);
    Ok(Some(minted))
}

/// [`invite`], with the event given back.
async fn mint(
    tx: &mut audit::Tx,
    app: &App,
    contact: &Contact,
    invitation: &Invitation,
    kind: LetterKind,
    once_key: String,
    due_at: Timestamp,
) -> sqlx::Result<Option<(MintedLink, Event)>> {
    let to = contact.email.clone().filter(|_| contact.mail_allowed);
    if kind == LetterKind::Reminder && (to.is_none() || !contact.reminders_allowed) {
        return Ok(None);
    }
    let link = (kind != LetterKind::Cancelled).then(|| NewLink::make(app));
    // Taken before the letter is queued: a link is never newer than the letter that carries it.
    let made_at = app.now();
    let mailed = match to {
        Some(to) => {
            let letter = letter(tx, app, contact, invitation, Content { kind, once_key, due_at, to, link: link.as_ref() }).await?;
            if !outbox::queue(tx, app, &contact.key, &letter).await? {
                return Ok(None);
            }
            true
        }
        None => false,
    };
    let Some(link) = link else { return Ok(None) };
    store::end_revoked(tx, invitation.visit).await?;
    store::insert_link(tx, &token::stored_link(&link.secret), &join_index(app, &link.join_code), invitation.visit, kind, made_at).await?;
    let created = Event::done(Kind::LinkCreated)
        .on(Object::Visit, invitation.visit.0)
        .about(invitation.patient)
        .with("kind", Fact::Word(kind.word()))
        .with("mail", Fact::Word(if mailed { "queued" } else { "not_allowed" }));
    Ok(Some((link.minted(app, mailed), created)))
}

/// Void every outstanding link of a visit and take back the letters that carry one. Never touches a live session.
pub async fn void_all(tx: &mut audit::Tx, app: &App, visit: VisitId, patient: PatientId, why: VoidedWhy) -> sqlx::Result<()> {
    let links = store::void_links(tx, visit, why, app.now()).await?;
    outbox::withdraw_links(tx, visit, app.now()).await?;
    if let Some(event) = voided(visit, patient, why, links) {
        tx.also(event);
    }
    Ok(())
}

/// The event of links that were voided, if there were any.
fn voided(visit: VisitId, patient: PatientId, why: VoidedWhy, links: i64) -> Option<Event> {
    let event = Event::done(Kind::LinkVoided).on(Object::Visit, visit.0).about(patient);
    (links > 0).then(|| event.with("why", Fact::Word(why.word())).with("links", Fact::Number(links)))
}

/// Send a new link for a visit to the address on file.
///
/// At staff's word the old links are void, and a lock ends: whoever burned the tries cannot keep the patient out (AB-19).
/// Asked for by whoever holds a link, it voids nothing: a mail scanner that presses every button must not take the patient's
/// link away (AB-02). The one that is redeemed first voids the others.
///
/// Errors: [`web::Error::NotFound`] without such a visit, [`web::Error::Gone`] when it is over or cancelled.
pub async fn resend(app: &App, context: &Context, visit: VisitId) -> web::Result<MintedLink> {
    let mut reading = app.db.reading().await?;
    let invitation = store::invitation(&mut reading, visit).await?.ok_or(web::Error::NotFound)?;
    drop(reading);
    if !invitation.is_open(app.now_at_least(), app.config.links) {
        let refused = Event::refused(Kind::LinkRequested, "over").on(Object::Visit, visit.0).about(invitation.invitation.patient);
        app.log.refused(context, refused).await?;
        return Err(web::Error::Gone);
    }
    let invitation = invitation.invitation;
    let asked = Event::done(Kind::LinkRequested).on(Object::Visit, visit.0).about(invitation.patient);
    let access = app.log.access(context, asked).await?;
    let contact = patients::contact(app, &access, invitation.patient).await?;
    let mut tx = app.log.begin(context).await?;
    let by_staff = context.actor.kind == ActorKind::Staff;
    if by_staff {
        void_all(&mut tx, app, visit, invitation.patient, VoidedWhy::Replaced).await?;
        store::end_trouble(&mut tx, visit).await?;
    }
    let once_key = format!("new_link/{visit}/{}", context.request);
    let minted = mint(&mut tx, app, &contact, &invitation, LetterKind::NewLink, once_key, app.now()).await?;
    let (minted, created) = minted.ok_or(web::Error::Conflict)?;
    if by_staff && store::unlock(&mut tx, visit).await? {
        tx.also(Event::done(Kind::LinkUnlocked).on(Object::Visit, visit.0).about(invitation.patient));
    }
    tx.commit(created).await?;
    Ok(minted)
}

/// "Send a new link", asked by whoever holds a link or its code. Silent: the answer is the same whatever it did (LNK-07).
async fn ask_for_link(app: &App, context: &Context, key: &[u8]) -> web::Result<()> {
    let mut reading = app.db.reading().await?;
    let link = store::link(&mut reading, key).await?;
    drop(reading);
    let Some(link) = link else {
        app.log.refused(context, Event::refused(Kind::LinkRequested, "unknown")).await?;
        return Ok(());
    };
    let context = redeem::link_holder(context);
    if let Some(trouble) = link.link_trouble.as_deref().filter(|trouble| undelivered::holds_mails(trouble)) {
        // The address on file is wrong, and who holds this link may be the wrong person. The front desk sees to it.
        let why = undelivered::TROUBLES.into_iter().find(|known| *known == trouble).unwrap_or("unknown");
        let refused = Event::refused(Kind::LinkRequested, why).on(Object::Visit, link.visit_id.0).about(link.patient_id);
        app.log.refused(&context, refused).await?;
        return Ok(());
    }
    let mut tx = app.log.begin(&context).await?;
    let subject = app.keys.pseudonym("link.new", link.visit_id.0.as_bytes());
    if !store::may_ask_for_link(&mut tx, &subject, app.now()).await? {
        drop(tx);
        let refused = Event::refused(Kind::LinkRequested, "too_often").on(Object::Visit, link.visit_id.0).about(link.patient_id);
        app.log.refused(&context, refused).await?;
        return Ok(());
    }
    tx.commit_bookkeeping(Bookkeeping::Throttle).await?;
    match resend(app, &context, link.visit_id).await {
        Ok(_) | Err(web::Error::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The device session of a visit behind a cookie's token, if it lives. For a socket's messages; a handler takes
/// [`PatientVisit`] in its signature.
pub async fn resume(tx: &mut db::Tx, app: &App, token: &str, visit: VisitId) -> sqlx::Result<Option<PatientVisit>> {
    let device = store::device(tx, &token::stored(token), visit).await?;
    let live = device.filter(|device| !model::session_is_over(&device.state, device.ends_at, device.ended_at, app.now_at_least()));
    Ok(live.map(|device| PatientVisit {
        device: device.id,
        visit,
        patient: device.patient_id,
        clinician: device.clinician_id,
        context: Context {
            actor: Actor { kind: ActorKind::PatientLink, id: Some(device.id.0), role: None },
            session: Some(device.id.0),
            purpose: Purpose::PatientRequest,
            ..app.system()
        },
        csrf: app.keys.form_token(token),
    }))
}

/// End the session of the device that opened a visit. Its page closes, and only a new link opens the visit again: what
/// another device asked of that session is void too.
pub async fn end_device(tx: &mut audit::Tx, visit: VisitId, why: EndedWhy, now: Timestamp) -> sqlx::Result<()> {
    device_move::forget(tx, visit).await?;
    store::end_device(tx, visit, why.word(), now).await
}

/// The cookie of one visit. It names no visit that a look at the cookies could tell.
pub fn cookie_name(visit: VisitId) -> String {
    format!("v-{}", hex::encode(&sha256(visit.0.as_bytes())[..6]))
}

/// A link's two secrets before they are split between the mail and the database.
struct NewLink {
    secret: LinkSecret,
    join_code: Secret<String>,
}

impl NewLink {
    fn make(app: &App) -> Self {
        Self { secret: token::link_secret(&app.rng), join_code: token::join_code(&app.rng) }
    }

    fn minted(self, app: &App, mailed: bool) -> MintedLink {
        let token = token::seal_link(&app.keys, &app.config.base_url, &self.secret, &app.rng);
        MintedLink { url: Secret::new(format!("{}/v#{}", app.config.base_url, token.reveal())), join_code: self.join_code, mailed }
    }
}

struct Content<'a> {
    kind: LetterKind,
    once_key: String,
    due_at: Timestamp,
    to: Secret<String>,
    link: Option<&'a NewLink>,
}

async fn letter(tx: &mut audit::Tx, app: &App, contact: &Contact, invitation: &Invitation, content: Content<'_>) -> sqlx::Result<Letter> {
    let agreed = |at: Timestamp| contact.times_agreed.then_some(at);
    Ok(Letter {
        patient: invitation.patient,
        visit: invitation.visit,
        kind: content.kind,
        once_key: content.once_key,
        due_at: content.due_at,
        useless_after: invitation.ends_at + app.config.links.closes_after(),
        values: LetterValues {
            to: content.to,
            language: contact.language.clone(),
            zone: contact.zone,
            link: content.link.map(|link| link.secret.clone()),
            join_code: content.link.map(|link| link.join_code.clone()),
            starts_at: agreed(invitation.starts_at),
            ends_at: agreed(invitation.ends_at),
            sequence: store::version(tx, invitation.visit).await?,
        },
    })
}

fn join_index(app: &App, code: &Secret<String>) -> Vec<u8> {
    blind_index::index(&app.keys, Column::JoinCode, code.reveal()).0
}
