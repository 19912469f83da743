//! Somebody who is with the patient (ID-05): what they are to them, and their name, sealed under the patient's key.

use super::about;
use super::store::{self, Standing};
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind};
use crate::crypto::{self, Place, sha256};
use crate::db;
use crate::ids::VisitId;
use crate::secret::Secret;
use crate::web::form::is_hidden;
use crate::web::{Error, Result};
use uuid::Uuid;

const NAME_CHARS_MAX: usize = 100;

/// What somebody is to the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Parent,
    Partner,
    Child,
    Guardian,
    Carer,
    Interpreter,
    Other,
}

impl Relation {
    pub const ALL: [Relation; 7] =
        [Relation::Parent, Relation::Partner, Relation::Child, Relation::Guardian, Relation::Carer, Relation::Interpreter, Relation::Other];

    pub fn word(self) -> &'static str {
        match self {
            Relation::Parent => "parent",
            Relation::Partner => "partner",
            Relation::Child => "child",
            Relation::Guardian => "guardian",
            Relation::Carer => "carer",
            Relation::Interpreter => "interpreter",
            Relation::Other => "other",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.word() == word)
    }
}

/// Who is with the patient, as the patient's page said. The clinician asks.
#[derive(Debug, Clone)]
pub struct Companion {
    pub name: Secret<String>,
    pub relation: Relation,
}

impl Companion {
    /// Nobody, when both fields are empty. One without the other is not understood.
    pub fn parse(name: &str, relation: &str) -> Result<Option<Self>> {
        let name = name.trim();
        if name.is_empty() && relation.is_empty() {
            return Ok(None);
        }
        let relation = Relation::from_word(relation).ok_or(Error::Invalid)?;
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(is_hidden) {
            return Err(Error::Invalid);
        }
        Ok(Some(Self { name: Secret::new(name.to_owned()), relation }))
    }
}

/// Store who is with the patient. The event says in which relation and never the name.
pub(super) async fn record(app: &App, tx: &mut db::Tx, standing: &Standing, companion: &Companion) -> Result<Event> {
    let version = standing.companion_version + 1;
    let key = crypto::store::patient_key(tx, &app.keys, standing.patient_id).await?;
    let sealed = app.keys.seal(&key, place(standing.id, version), &app.rng, companion.name.reveal().as_bytes());
    if !store::companion(tx, standing.id, &sealed, version, companion.relation.word()).await? {
        return Err(Error::Conflict);
    }
    let event = about(Kind::CompanionRecorded, standing).with("on_behalf_of", Fact::Word(companion.relation.word()));
    Ok(event.with("row_version", Fact::Number(version)).with("sha256", Fact::Bytes(sha256(&sealed.0).to_vec())))
}

/// Open who is with the patient, with the event of it. Nothing opens, and no event, where nobody is.
pub async fn read(app: &App, context: &Context, standing: &Standing) -> Result<Option<Companion>> {
    let relation = standing.companion_relation.as_deref().and_then(Relation::from_word);
    let (Some(sealed), Some(relation)) = (&standing.companion, relation) else { return Ok(None) };
    let event = about(Kind::VisitRead, standing).with("fields", Fact::Words(vec!["companion"]));
    let access = app.log.access(context, event).await?;
    let key = app.patient_key(standing.patient_id).await?;
    let name = access.open(&key, place(standing.id, standing.companion_version), sealed).await?;
    Ok(Some(Companion { name, relation }))
}

fn place(visit: VisitId, version: i64) -> Place {
    Place { table: "visit", column: "companion", row: visit.0, patient: Uuid::nil(), version }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companion_has_a_name_and_a_relation_or_is_nobody() {
        assert!(Companion::parse("  ", "").is_ok_and(|nobody| nobody.is_none()));
        for relation in Relation::ALL {
            assert!(Companion::parse(" Ana Gonzalez ", relation.word()).is_ok_and(|one| one.is_some_and(|one| one.relation == relation)));
        }
        let long = "x".repeat(NAME_CHARS_MAX + 1);
        for (name, relation) in
            [("Ana", ""), ("", "child"), ("Ana", "daughter"), ("Ana\nDr. No", "child"), ("\u{202e}anA", "child"), (&long, "child")]
        {
            assert!(Companion::parse(name, relation).is_err(), "{name} {relation}");
        }
    }
}
