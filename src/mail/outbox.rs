//! Letters that wait: queue, claim, mark as sent, give up. The SQL of mail, and the sealing of what a letter says.
//!
//! Sending is at least once: a kill between the mail server's "accepted" and our mark repeats the letter under the same
//! `Message-ID`. Claiming holds the letter for longer than sending takes, in one statement, so two runs never send one letter.

use crate::app::App;
use crate::audit::Access;
use crate::crypto::sha256;
use crate::crypto::token::LinkSecret;
use crate::crypto::{PatientKey, Place, Sealed};
use crate::db::{Tx, in_tx};
use crate::ids::{MailId, PatientId, StaffId, VisitId};
use crate::secret::Secret;
use crate::time::{Timestamp, Zone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// What a letter tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterKind {
    Booked,
    Moved,
    Cancelled,
    Reminder,
    /// Somebody asked for a new link.
    NewLink,
}

impl LetterKind {
    pub const ALL: [LetterKind; 5] =
        [LetterKind::Booked, LetterKind::Moved, LetterKind::Cancelled, LetterKind::Reminder, LetterKind::NewLink];

    /// The word in the database and in the log.
    pub fn word(self) -> &'static str {
        match self {
            LetterKind::Booked => "booked",
            LetterKind::Moved => "moved",
            LetterKind::Cancelled => "cancelled",
            LetterKind::Reminder => "reminder",
            LetterKind::NewLink => "new_link",
        }
    }

    /// The kind a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A letter to queue.
#[derive(Debug, Clone)]
pub struct Letter {
    pub patient: PatientId,
    pub visit: VisitId,
    pub kind: LetterKind,
    /// Whatever makes this letter the same letter when it is queued again, `reminder/VISIT/60` say.
    pub once_key: String,
    pub due_at: Timestamp,
    /// From then on nobody needs it any more.
    pub useless_after: Timestamp,
    pub values: LetterValues,
}

/// What a letter says. Sealed until it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LetterValues {
    #[serde(serialize_with = "revealed")]
    pub to: Secret<String>,
    pub language: String,
    #[serde(serialize_with = "zone_name")]
    pub zone: Zone,
    #[serde(serialize_with = "link_hex", deserialize_with = "read_link")]
    pub link: Option<LinkSecret>,
    #[serde(serialize_with = "revealed_if")]
    pub join_code: Option<Secret<String>>,
    /// Only when the patient agreed to times by mail (PRV-08).
    pub starts_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    /// Grows with each change of the visit, for calendars.
    pub sequence: i64,
}

/// Put a letter into the outbox. False when one with its `once_key` was put there before.
pub async fn queue(tx: &mut Tx, app: &App, key: &PatientKey, letter: &Letter) -> sqlx::Result<bool> {
    let id = MailId::new(app.now(), &app.rng);
    let values = Secret::new(serde_json::to_vec(&letter.values).expect("text, numbers and options serialise"));
    let sealed = app.keys.seal(key, place(id), &app.rng, values.reveal());
    let queued: Option<MailId> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into outbox (id, patient_id, visit_id, kind, once_key, values_sealed, created_at, due_at, useless_after, attempts,
             message_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10) on conflict (once_key) do nothing returning id")
        .bind(id).bind(letter.patient).bind(letter.visit).bind(letter.kind.word()).bind(&letter.once_key)
        .bind(sealed).bind(app.now()).bind(letter.due_at).bind(letter.useless_after).bind(sha256(&message_token(app, id)).as_slice())
        .fetch_optional(conn).await)?;
    Ok(queued.is_some())
}

/// What stands before the `@` of a letter's Message-ID, however often it is sent. A bounce that does not know it names no letter,
/// so it follows from a key of ours and from no id that a log shows.
pub(super) fn message_token(app: &App, id: MailId) -> [u8; 16] {
    let token = app.keys.pseudonym("mail.message_id", id.0.as_bytes());
    token.first_chunk().copied().expect("32 bytes hold 16")
}

/// Take back what waits about a visit's links: they open nothing any more. A letter on its way is not caught.
pub async fn withdraw_links(tx: &mut Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update outbox set values_sealed = null, given_up_at = $2, last_error = 'withdrawn'
         where visit_id = $1 and values_sealed is not null and kind <> 'cancelled'")
        .bind(visit).bind(now).execute(conn).await.map(drop))
}

/// A letter that this run holds until it is due again.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Claimed {
    pub id: MailId,
    pub patient_id: PatientId,
    pub visit_id: VisitId,
    kind: String,
    values_sealed: Sealed,
    /// This try included.
    pub attempts: i64,
    pub useless_after: Timestamp,
}

/// What the clinic knows of a letter's visit and patient at this moment.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct Standing {
    pub clinician_id: StaffId,
    pub mail_allowed: i64,
    pub times_by_mail_agreed_at: Option<Timestamp>,
}

impl Claimed {
    pub fn kind(&self) -> LetterKind {
        LetterKind::from_word(&self.kind).expect("the outbox holds kinds that this program wrote: another word is a changed database")
    }

    /// Open what the letter says. `None` when it is not what was sealed.
    pub async fn open(&self, access: &Access, key: &PatientKey) -> Option<LetterValues> {
        let values = access.open(key, place(self.id), &self.values_sealed).await.ok()?;
        serde_json::from_str(values.reveal()).ok()
    }
}

/// True if [`claim`] would find a letter: asked often, so without a write.
pub(super) async fn is_due(tx: &mut Tx, now: Timestamp) -> sqlx::Result<bool> {
    let due: Option<MailId> = in_tx!(tx, conn => sqlx::query_scalar(
        "select id from outbox where values_sealed is not null and due_at <= $1 limit 1")
        .bind(now).fetch_optional(conn).await)?;
    Ok(due.is_some())
}

/// The letters that have not left, for those who run the server.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Waiting {
    pub number: i64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
}

pub async fn waiting(tx: &mut Tx) -> sqlx::Result<Waiting> {
    in_tx!(tx, conn => sqlx::query_as("select count(*) as number, min(created_at) as oldest from outbox where values_sealed is not null")
        .fetch_one(conn).await)
}

/// Take the letter that has been due longest, and hold it until `held_until`. Nobody else is given it before, and a letter
/// whose sender was killed comes back then by itself.
pub(super) async fn claim(tx: &mut Tx, now: Timestamp, held_until: Timestamp) -> sqlx::Result<Option<Claimed>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update outbox set attempts = attempts + 1, due_at = $2
         where id = (select id from outbox where values_sealed is not null and due_at <= $1 order by due_at, id limit 1)
           and values_sealed is not null and due_at <= $1
         returning id, patient_id, visit_id, kind, values_sealed, attempts, useless_after")
        .bind(now).bind(held_until).fetch_optional(conn).await)
}

pub(super) async fn standing(tx: &mut Tx, visit: VisitId) -> sqlx::Result<Standing> {
    in_tx!(tx, conn => sqlx::query_as(
        "select clinician_id, mail_allowed, times_by_mail_agreed_at
         from visit join patient on patient.id = visit.patient_id where visit.id = $1")
        .bind(visit).fetch_one(conn).await)
}

/// The letter has left: keep that it did, and nothing of what it said.
pub(super) async fn mark_sent(tx: &mut Tx, id: MailId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update outbox set sent_at = $2, values_sealed = null, last_error = null, given_up_at = null where id = $1 and sent_at is null")
        .bind(id).bind(now).execute(conn).await.map(drop))
}

/// The patient has a link now. False when the visit was further on already.
pub(super) async fn mark_visit_sent(tx: &mut Tx, visit: VisitId) -> sqlx::Result<bool> {
    let sent: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update visit set state = 'sent', version = version + 1 where id = $1 and state = 'booked' returning id")
        .bind(visit).fetch_optional(conn).await)?;
    Ok(sent.is_some())
}

/// The try failed, for the reason of that word. Another follows at `again_at`.
pub(super) async fn note_failure(tx: &mut Tx, id: MailId, why: &str, again_at: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("update outbox set last_error = $2, due_at = $3 where id = $1 and values_sealed is not null")
        .bind(id).bind(why).bind(again_at).execute(conn).await.map(drop))
}

/// No further try. `given_up_at` is what the front desk sees. A letter whose address takes no mail has come back as well.
pub(super) async fn give_up(tx: &mut Tx, id: MailId, why: &str, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update outbox set given_up_at = $3, values_sealed = null, last_error = $2,
             bounced_at = case when $2 in ('refused', 'unsendable') then $3 else null end
         where id = $1 and values_sealed is not null")
        .bind(id).bind(why).bind(now).execute(conn).await.map(drop))
}

/// A letter that never arrived.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct CameBack {
    pub id: MailId,
    pub patient_id: PatientId,
    pub visit_id: VisitId,
    kind: String,
    pub created_at: Timestamp,
}

impl CameBack {
    pub fn kind(&self) -> LetterKind {
        LetterKind::from_word(&self.kind).expect("the outbox holds kinds that this program wrote: another word is a changed database")
    }
}

/// True if a letter of ours has this hash of its Message-ID.
pub(super) async fn is_ours(tx: &mut Tx, message_hash: &[u8]) -> sqlx::Result<bool> {
    let found: Option<MailId> = in_tx!(tx, conn => sqlx::query_scalar("select id from outbox where message_hash = $1")
        .bind(message_hash).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

/// The letter with this hash came back. `None` when that is known, or it has not left.
pub(super) async fn came_back(tx: &mut Tx, message_hash: &[u8], now: Timestamp) -> sqlx::Result<Option<CameBack>> {
    in_tx!(tx, conn => sqlx::query_as(
        "update outbox set bounced_at = $2 where message_hash = $1 and bounced_at is null and sent_at is not null
         returning id, patient_id, visit_id, kind, created_at")
        .bind(message_hash).bind(now).fetch_optional(conn).await)
}

/// A letter that came back and whose links nobody has looked after yet.
pub async fn to_follow_up(tx: &mut Tx) -> sqlx::Result<Option<CameBack>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select id, patient_id, visit_id, kind, created_at from outbox
         where bounced_at is not null and bounce_followed_at is null order by bounced_at, id limit 1")
        .fetch_optional(conn).await)
}

/// Its links are looked after in this transaction. False when they were before.
pub async fn follow_up(tx: &mut Tx, id: MailId, now: Timestamp) -> sqlx::Result<bool> {
    let first: Option<MailId> = in_tx!(tx, conn => sqlx::query_scalar(
        "update outbox set bounce_followed_at = $2 where id = $1 and bounce_followed_at is null returning id")
        .bind(id).bind(now).fetch_optional(conn).await)?;
    Ok(first.is_some())
}

fn place(id: MailId) -> Place {
    Place { table: "outbox", column: "values_sealed", row: id.0, patient: Uuid::nil(), version: 0 }
}

fn revealed<S: Serializer>(value: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    value.reveal().serialize(serializer)
}

fn revealed_if<S: Serializer>(value: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Secret::reveal).serialize(serializer)
}

fn zone_name<S: Serializer>(zone: &Zone, serializer: S) -> Result<S::Ok, S::Error> {
    zone.name().serialize(serializer)
}

fn link_hex<S: Serializer>(link: &Option<LinkSecret>, serializer: S) -> Result<S::Ok, S::Error> {
    link.as_ref().map(|link| hex::encode(link.reveal())).serialize(serializer)
}

fn read_link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LinkSecret>, D::Error> {
    let Some(digits) = Option::<Secret<String>>::deserialize(deserializer)? else { return Ok(None) };
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits.reveal(), &mut bytes).map_err(serde::de::Error::custom)?;
    Ok(Some(Secret::new(bytes)))
}
