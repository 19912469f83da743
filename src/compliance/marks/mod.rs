//! Records that an officer has marked: of somebody who works here, or is close to one who does, or is known to the public. Whoever opens such a record
//! is in the review queue (AUD-12).
//!
//! Why a record is marked is in the sealed event alone. The row says that it is, for the rule that looks it up.

pub(super) mod pages;
mod store;

use super::entry::Payload;
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::ids::PatientId;
use crate::time::Timestamp;
use crate::{patients, web};
use uuid::Uuid;

/// Why a record is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Staff,
    Relative,
    Public,
}

impl Why {
    pub const ALL: [Self; 3] = [Self::Staff, Self::Relative, Self::Public];

    /// The word in the form and in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Relative => "relative",
            Self::Public => "public",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}

/// A mark as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// `None`: the event that says it is altered, or its time is over.
    pub why: Option<Why>,
    pub since: Timestamp,
    pub by: Option<Uuid>,
}

/// The mark of a record, if it has one.
pub async fn standing(app: &App, patient: PatientId) -> sqlx::Result<Option<Mark>> {
    let mut tx = app.db.reading().await?;
    let Some((since, event)) = store::mark(&mut tx, patient).await? else { return Ok(None) };
    let payload = event.as_ref().and_then(|event| Payload::read(event, app.log.disclose(event).as_ref()));
    let why = payload.as_ref().and_then(|payload| Why::from_word(payload.details.get("mark")?.as_str()?));
    Ok(Some(Mark { why, since, by: payload.and_then(|payload| payload.actor.id) }))
}

/// Mark a record, or take its mark away.
pub async fn set(app: &App, context: &Context, patient: PatientId, why: Option<Why>) -> web::Result<()> {
    if !patients::exists(app, patient).await? {
        return Err(web::Error::NotFound);
    }
    let mut tx = app.log.begin(context).await?;
    match why {
        Some(_) => store::insert(&mut tx, patient, app.now()).await?,
        None => store::delete(&mut tx, patient).await?,
    }
    let word = why.map_or("none", Why::word);
    Ok(tx.commit(Event::done(Kind::RecordMarked).on(Object::Patient, patient.0).about(patient).with("mark", Fact::Word(word))).await?)
}
