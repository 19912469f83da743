//! Letters that wait: queue, claim, mark as sent, give up. The SQL of mail, and the sealing of what a letter says.
//!
//! Sending is at least once: a kill between the mail server's "accepted" and our mark repeats the letter under the same
//! `Message-ID`. Claiming pushes the letter's time forward in the same statement, so two runs never hold one letter.

use crate::app::App;
use crate::crypto::token::LinkSecret;
use crate::crypto::{PatientKey, Place};
use crate::db::{Tx, in_tx};
use crate::ids::{MailId, PatientId, VisitId};
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
        "insert into outbox (id, patient_id, visit_id, kind, once_key, values_sealed, created_at, due_at, useless_after, attempts)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) on conflict (once_key) do nothing returning id")
        .bind(id).bind(letter.patient).bind(letter.visit).bind(letter.kind.word()).bind(&letter.once_key)
        .bind(sealed).bind(app.now()).bind(letter.due_at).bind(letter.useless_after)
        .fetch_optional(conn).await)?;
    Ok(queued.is_some())
}

/// Take back what waits about a visit's links: they open nothing any more. A letter on its way is not caught.
pub async fn withdraw_links(tx: &mut Tx, visit: VisitId, now: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "update outbox set values_sealed = null, given_up_at = $2, last_error = 'withdrawn'
         where visit_id = $1 and values_sealed is not null and kind <> 'cancelled'")
        .bind(visit).bind(now).execute(conn).await.map(drop))
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
