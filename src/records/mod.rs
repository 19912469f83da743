//! The record of a visit: for now one note, sealed under the patient's key, written beside the call.
//!
//! Only the visit's clinician opens it, and only once it is recorded who the patient is (ID-02); in an emergency another clinician may read what
//! there is about a patient, for a time, and it is looked at afterwards ([`emergency`]). Reading is an event that
//! is committed before the answer leaves; saving commits together with its event, which holds the row's version and the
//! SHA-256 of the ciphertext, so that an older value put back later can be told from the newest (CRY-04). Nothing is
//! overwritten unseen: a save names the version it was made from, and a stale one is refused. `calls` never imports this
//! module; the page of the call knows an address, no more.

pub mod emergency;
mod pages;
mod store;

use crate::app::App;
use crate::audit::{Event, Fact, Kind, Object};
use crate::crypto::{self, Place, sha256};
use crate::ids::{PatientId, VisitId};
use crate::secret::Secret;
use crate::staff::Clinician;
use crate::web::{self, Error};
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use store::Closed;
use uuid::Uuid;

/// The longest note. Lower: pages stay quick. Higher: fewer clinicians meet the end of the field.
pub const TEXT_CHARS_MAX: usize = 20_000;
/// The longest body of a save: the longest note in four-byte characters, with room for JSON's escapes.
const BODY_BYTES_MAX: usize = 160 * 1024;
/// More saves of one note than a person makes. It keeps the number of values sealed under one record's key far below the
/// bound of the cipher (CRY-02).
const VERSIONS_MAX: i64 = 1_000_000;

/// A note as its clinician reads it. Version 0 is a note that was never saved.
#[derive(Debug)]
pub struct Note {
    pub text: Secret<String>,
    pub version: i64,
}

/// A note as its clinician saves it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub text: Secret<String>,
    /// The version this text was made from.
    pub version: i64,
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is the note now, at this version.
    As(i64),
    /// Another save came first; the note is at this version. Nothing was written.
    Stale(i64),
}

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    pages::routes(config);
    emergency::routes(config);
}

/// Open the note of a visit.
pub async fn read(app: &App, clinician: &Clinician, visit: VisitId) -> web::Result<Note> {
    let mut tx = app.db.reading().await?;
    let confirmed = store::confirmed(&mut tx, visit, clinician.member.id).await?;
    let stored = store::note(&mut tx, visit).await?;
    drop(tx);
    let patient = match confirmed {
        Ok(patient) => patient,
        Err(closed) => return turned_away(app, clinician, visit, closed, Kind::NoteRead).await,
    };
    let version = stored.as_ref().map_or(0, |(version, _)| *version);
    let event = Event::done(Kind::NoteRead).on(Object::Note, visit.0).about(patient).with("row_version", Fact::Number(version));
    let access = app.log.access(&clinician.context, event).await?;
    let text = match stored {
        Some((version, sealed)) => access.open(&app.patient_key(patient).await?, place(visit, version), &sealed).await?,
        None => Secret::default(),
    };
    Ok(Note { text, version })
}

/// Save the note of a visit, if nobody saved it since the draft's version.
pub async fn save(app: &App, clinician: &Clinician, visit: VisitId, draft: &Draft) -> web::Result<Saved> {
    if draft.text.reveal().chars().count() > TEXT_CHARS_MAX {
        return Err(Error::TooLarge);
    }
    let mut tx = app.log.begin(&clinician.context).await?;
    let patient = match store::confirmed(&mut tx, visit, clinician.member.id).await? {
        Ok(patient) => patient,
        Err(closed) => {
            drop(tx);
            return turned_away(app, clinician, visit, closed, Kind::NoteSaved).await;
        }
    };
    if !(0..VERSIONS_MAX).contains(&draft.version) {
        return stale(app, clinician, visit, patient, tx).await;
    }
    let version = draft.version + 1;
    let key = crypto::store::patient_key(&mut tx, &app.keys, patient).await?;
    let sealed = app.keys.seal(&key, place(visit, version), &app.rng, draft.text.reveal().as_bytes());
    let row = store::Row { visit, patient, author: clinician.member.id, version, now: app.now(), body: &sealed };
    if !store::put(&mut tx, &row).await? {
        return stale(app, clinician, visit, patient, tx).await;
    }
    let event = Event::done(Kind::NoteSaved)
        .on(Object::Note, visit.0)
        .about(patient)
        .with("row_version", Fact::Number(version))
        .with("sha256", Fact::Bytes(sha256(&sealed.0).to_vec()));
    tx.commit(event).await?;
    Ok(Saved::As(version))
}

/// Somebody saved first. The refusal is an event too.
async fn stale(app: &App, clinician: &Clinician, visit: VisitId, patient: PatientId, mut tx: crate::audit::Tx) -> web::Result<Saved> {
    let current = store::version(&mut tx, visit).await?;
    drop(tx);
    let event =
        Event::refused(Kind::NoteSaved, "stale").on(Object::Note, visit.0).about(patient).with("row_version", Fact::Number(current));
    app.log.refused(&clinician.context, event).await?;
    Ok(Saved::Stale(current))
}

/// What a clinician meets at a closed door. That they stood there is an event (AUD-04).
async fn turned_away<T>(app: &App, clinician: &Clinician, visit: VisitId, closed: Closed, kind: Kind) -> web::Result<T> {
    let (event, error) = match closed {
        Closed::Unidentified(patient) => (Event::refused(kind, "identity_not_recorded").about(patient), Error::Locked),
        Closed::AnotherClinicians(patient) => (Event::refused(Kind::RequestRefused, "foreign").about(patient), Error::NotYours),
        Closed::NoSuchVisit => (Event::refused(Kind::RequestRefused, "unknown"), Error::NotYours),
    };
    app.log.refused(&clinician.context, event.on(Object::Visit, visit.0)).await?;
    Err(error)
}

fn place(visit: VisitId, version: i64) -> Place {
    Place { table: "visit_note", column: "body", row: visit.0, patient: Uuid::nil(), version }
}
