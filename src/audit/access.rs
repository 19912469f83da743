//! The only way to open sealed data.

use super::store::Log;
use super::{Context, Event, Fact, Kind, Object};
use crate::crypto::{Altered, PatientKey, Place, Sealed};
use crate::ids::{EventId, PatientId};
use crate::secret::Secret;
use std::collections::BTreeSet;

/// Proof that an access is in the log. It opens what belongs to the patients that its event names, and nothing else.
///
/// Made by [`Log::access`] alone, after the event is committed. Take it before a transaction begins, not inside one.
#[derive(Debug, Clone)]
pub struct Access {
    pub(super) log: Log,
    pub(super) context: Context,
    pub(super) event: EventId,
    pub(super) patients: BTreeSet<PatientId>,
}

/// Why a sealed value stays closed. Neither shows anything of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("a sealed value did not open: altered, moved, or under another key")]
    Altered,
    #[error("the access in the log does not cover this patient")]
    NotCovered,
    #[error("a sealed value is not text")]
    NotText,
}

impl Access {
    /// Open a sealed text of one patient. A value that does not open becomes an event of its own (HIP-06).
    pub async fn open(&self, key: &PatientKey, place: Place, sealed: &Sealed) -> Result<Secret<String>, OpenError> {
        if !self.patients.contains(&key.patient) {
            return Err(OpenError::NotCovered);
        }
        self.opened(self.log.keys.open(key, place, sealed), place, Some(key.patient)).await
    }

    /// Open a sealed text of the clinic, which belongs to no patient.
    pub async fn open_of_clinic(&self, place: Place, sealed: &Sealed) -> Result<Secret<String>, OpenError> {
        self.opened(self.log.keys.open_of_clinic(place, sealed), place, None).await
    }

    async fn opened(
        &self,
        opened: Result<Secret<Vec<u8>>, Altered>,
        place: Place,
        patient: Option<PatientId>,
    ) -> Result<Secret<String>, OpenError> {
        if let Ok(bytes) = opened {
            return String::from_utf8(bytes.reveal().clone()).map(Secret::new).map_err(|_| OpenError::NotText);
        }
        let event = Event::failed(Kind::IntegrityFailed, "altered")
            .on(row_of(place.table), place.row)
            .about_all(patient)
            .with("table", Fact::Word(place.table))
            .with("column", Fact::Word(place.column))
            .with("access", Fact::Id(self.event.0));
        // If even this cannot be written, the value stays closed all the same.
        let _unwritten = self.log.refused(&self.context, event).await;
        Err(OpenError::Altered)
    }

    /// [`Access::open`] for a value that may be absent.
    pub async fn open_if(&self, key: &PatientKey, place: Place, sealed: Option<&Sealed>) -> Result<Option<Secret<String>>, OpenError> {
        match sealed {
            Some(sealed) => self.open(key, place, sealed).await.map(Some),
            None => Ok(None),
        }
    }
}

/// What a row of that table is, in an event about it.
fn row_of(table: &str) -> Object {
    match table {
        "visit" => Object::Visit,
        "visit_note" => Object::Note,
        "outbox" => Object::Mail,
        "case_entry" => Object::Case,
        _ => Object::Patient,
    }
}
