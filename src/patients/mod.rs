//! Patients: who they are and how they may be contacted.
//!
//! What names them is sealed under a key of their own and found again by blind indexes (CRY-11). It opens only with an
//! [`Access`] that covers them, so each verb that shows something begins with its event. The rows are written here alone.

mod birth;
mod catch_up;
mod family;
mod model;
mod pages;
mod store;

pub use birth::parse_date_of_birth;
pub use catch_up::make_family_marks;
pub use family::shares as shares_family_name;
pub use model::{Contact, ContactChoices, Details, Found, Identifiers, NewPatient, Patient, PatientForm, date_of_birth_check};
pub use store::sealed_hash;

use crate::app::App;
use crate::audit::{Access, ActorKind, Context, Event, Fact, Kind, Object};
use crate::crypto::blind_index::{self, Column};
use crate::crypto::{self, PatientKey, Place, Sealed};
use crate::db::{self, Violation};
use crate::ids::{PatientId, StaffId};
use crate::secret::Secret;
use crate::text::DateOrder;
use crate::time::Zone;
use crate::web;
use actix_web::web::{ServiceConfig, get, post};
use std::collections::{BTreeMap, BTreeSet};
use store::{Columns, Row, Stamp};
use uuid::Uuid;

/// How many matches a search shows. More than this share a name exactly only where a search says nothing.
const MATCHES_MAX: i64 = 50;

/// Why a patient was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Another patient has this record number.
    #[error("the record number is another patient's")]
    RecordNumberTaken,
    /// Somebody else saved first.
    #[error("the patient was changed in the meantime")]
    Stale,
    #[error(transparent)]
    Key(#[from] crypto::store::KeyError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The routes of this feature.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/patients", get().to(pages::search_form))
        .route("/patients", post().to(pages::create))
        .route("/patients/search", post().to(pages::search))
        .route("/patients/new", get().to(pages::new_form))
        .route("/patients/{id}", get().to(pages::show))
        .route("/patients/{id}", post().to(pages::save));
}

impl From<SaveError> for web::Error {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::RecordNumberTaken | SaveError::Stale => Self::Conflict,
            SaveError::Key(error) => error.into(),
            SaveError::Database(error) => error.into(),
        }
    }
}

/// Add a patient. The same form again gives the patient that it has added (REL-05).
pub async fn add(app: &App, context: &Context, new: NewPatient) -> Result<PatientId, SaveError> {
    let id = PatientId::new(app.now(), &app.rng);
    let (key, wrapped) = app.keys.new_patient_key(id, &app.rng);
    let columns = seal(app, &key, &new.details, 1);
    let stamp = stamp(app, context);
    let mut tx = app.log.begin(context).await?;
    crypto::store::insert_patient_key(&mut tx, id, &wrapped, stamp.now).await?;
    match store::insert(&mut tx, id, &new.request_key, &columns, stamp).await {
        Ok(()) => {
            tx.commit(saved(Kind::PatientAdded, id, &columns)).await?;
            Ok(id)
        }
        Err(error) if db::violation(&error) == Some(Violation::Unique) => {
            drop(tx);
            match added_before(app, &new).await? {
                Some(id) => Ok(id),
                None => {
                    app.log.refused(context, Event::refused(Kind::PatientAdded, "record_number_taken")).await?;
                    Err(SaveError::RecordNumberTaken)
                }
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Save a patient's details over `version`. Whoever saved in between wins, and the caller is told.
pub async fn change(app: &App, context: &Context, id: PatientId, version: i64, details: &Details) -> Result<(), SaveError> {
    let key = app.patient_key(id).await?;
    let columns = seal(app, &key, details, version + 1);
    let mut tx = app.log.begin(context).await?;
    let (why, error) = match store::update(&mut tx, id, &columns, stamp(app, context)).await {
        Ok(true) => return Ok(tx.commit(saved(Kind::PatientChanged, id, &columns)).await?),
        Ok(false) => ("stale", SaveError::Stale),
        Err(error) if db::violation(&error) == Some(Violation::Unique) => ("record_number_taken", SaveError::RecordNumberTaken),
        Err(error) => return Err(error.into()),
    };
    drop(tx);
    app.log.refused(context, Event::refused(Kind::PatientChanged, why).on(Object::Patient, id.0).about(id)).await?;
    Err(error)
}

/// Find patients by their exact name, address or record number. The event about those who match comes before their names.
pub async fn find(app: &App, context: &Context, typed: &str) -> web::Result<Vec<Found>> {
    let index = |column| blind_index::index(&app.keys, column, typed);
    let mut tx = app.db.reading().await?;
    let name = blind_index::index(&app.keys, Column::PatientName, &model::in_order(typed));
    let (email, number) = (index(Column::PatientEmail), index(Column::PatientRecordNumber));
    let ids = store::matches(&mut tx, &name, &email, &number, MATCHES_MAX).await?;
    drop(tx);
    let found = i64::try_from(ids.len()).unwrap_or(MATCHES_MAX);
    let event = Event::done(Kind::PatientSearched).about_all(ids.iter().copied()).with("found", Fact::Number(found));
    let access = app.log.access(context, event).await?;
    let mut matches = Vec::with_capacity(ids.len());
    for id in ids {
        let (key, row) = row(app, id).await?;
        matches.push(Found {
            id,
            name: open(&access, &key, &row, "name", &row.name).await?,
            date_of_birth: open(&access, &key, &row, "date_of_birth", &row.date_of_birth).await?,
        });
    }
    Ok(matches)
}

/// Open all that is known of a patient, with the event of it.
pub async fn read(app: &App, context: &Context, id: PatientId) -> web::Result<Patient> {
    let (key, row) = row(app, id).await?;
    let access = app.log.access(context, Event::done(Kind::PatientRead).on(Object::Patient, id.0).about(id)).await?;
    let born = open(&access, &key, &row, "date_of_birth", &row.date_of_birth).await?;
    let details = Details {
        name: open(&access, &key, &row, "name", &row.name).await?,
        date_of_birth: parse_date_of_birth(born.reveal(), DateOrder::MonthFirst)
            .ok_or_else(|| web::Error::Internal(anyhow::anyhow!("a sealed date of birth is no date")))?,
        email: open_if(&access, &key, &row, "email", row.email.as_ref()).await?,
        phone: open_if(&access, &key, &row, "phone", row.phone.as_ref()).await?,
        record_number: open_if(&access, &key, &row, "record_number", row.record_number.as_ref()).await?,
        zone: row.zone,
        language: row.language.clone(),
        choices: row.choices(),
    };
    Ok(Patient {
        id,
        version: row.version,
        details,
        contact_choices_at: row.contact_choices_at,
        times_agreed_at: row.times_by_mail_agreed_at,
    })
}

/// True if there is such a patient. Opens nothing.
pub async fn exists(app: &App, id: PatientId) -> sqlx::Result<bool> {
    let mut tx = app.db.reading().await?;
    Ok(store::patient(&mut tx, id).await?.is_some())
}

/// Where and whether a patient may be written to. Take it before a transaction begins.
pub async fn contact(app: &App, access: &Access, id: PatientId) -> web::Result<Contact> {
    let (key, row) = row(app, id).await?;
    let email = open_if(access, &key, &row, "email", row.email.as_ref()).await?;
    let ContactChoices { mail_allowed, reminders_allowed, times_agreed } = row.choices();
    Ok(Contact { patient: id, key, email, mail_allowed, reminders_allowed, times_agreed, zone: row.zone, language: row.language })
}

/// The names of patients, for a list.
pub async fn names(app: &App, access: &Access, ids: &[PatientId]) -> web::Result<BTreeMap<PatientId, Secret<String>>> {
    let wanted: BTreeSet<PatientId> = ids.iter().copied().collect();
    let mut rows = Vec::with_capacity(wanted.len());
    let mut tx = app.db.reading().await?;
    for lot in db::lots(wanted.iter().copied(), PatientId::NOBODY) {
        rows.extend(store::names(&mut tx, &lot).await?);
    }
    drop(tx);
    if rows.len() < wanted.len() {
        return Err(web::Error::NotFound);
    }
    let mut names = BTreeMap::new();
    for row in rows {
        let key = app.keys.patient_key(row.id, row.kid, row.wrapped, row.check_value).map_err(crypto::store::KeyError::from)?;
        names.insert(row.id, access.open(&key, place("name", row.id, row.version), &row.name).await?);
    }
    Ok(names)
}

/// The zone and language of a patient's pages. Not sealed: they name nobody.
pub async fn zone_and_language(tx: &mut db::Tx, id: PatientId) -> sqlx::Result<Option<(Zone, String)>> {
    Ok(store::patient(tx, id).await?.map(|row| (row.zone, row.language)))
}

/// What a clinician may ask for to know who is in the call.
pub async fn identifiers(app: &App, access: &Access, id: PatientId) -> web::Result<Identifiers> {
    let (key, row) = row(app, id).await?;
    Ok(Identifiers {
        name: open(access, &key, &row, "name", &row.name).await?,
        date_of_birth: open(access, &key, &row, "date_of_birth", &row.date_of_birth).await?,
        phone: open_if(access, &key, &row, "phone", row.phone.as_ref()).await?,
        record_number: open_if(access, &key, &row, "record_number", row.record_number.as_ref()).await?,
    })
}

impl Row {
    fn choices(&self) -> ContactChoices {
        ContactChoices {
            mail_allowed: self.mail_allowed == 1,
            reminders_allowed: self.reminders_allowed == 1,
            times_agreed: self.times_by_mail_agreed_at.is_some(),
        }
    }
}

async fn row(app: &App, id: PatientId) -> web::Result<(PatientKey, Row)> {
    let mut tx = app.db.reading().await?;
    let row = store::patient(&mut tx, id).await?.ok_or(web::Error::NotFound)?;
    let key = crypto::store::patient_key(&mut tx, &app.keys, id).await?;
    Ok((key, row))
}

async fn added_before(app: &App, new: &NewPatient) -> sqlx::Result<Option<PatientId>> {
    let mut tx = app.db.reading().await?;
    store::added_by(&mut tx, &new.request_key).await
}

fn stamp(app: &App, context: &Context) -> Stamp {
    let by = context.actor.id.filter(|_| context.actor.kind == ActorKind::Staff).map(StaffId);
    Stamp { by, now: app.now() }
}

fn place(column: &'static str, id: PatientId, version: i64) -> Place {
    Place { table: "patient", column, row: id.0, patient: Uuid::nil(), version }
}

fn seal(app: &App, key: &PatientKey, details: &Details, version: i64) -> Columns {
    let seal = |column, value: &str| app.keys.seal(key, place(column, key.patient, version), &app.rng, value.as_bytes());
    let seal_if = |column, value: &Option<Secret<String>>| value.as_ref().map(|value| seal(column, value.reveal()));
    let index = |column, value: &Secret<String>| blind_index::index(&app.keys, column, value.reveal());
    Columns {
        version,
        zone: details.zone,
        language: details.language.clone(),
        name: seal("name", details.name.reveal()),
        date_of_birth: seal("date_of_birth", &details.date_of_birth.to_string()),
        email: seal_if("email", &details.email),
        phone: seal_if("phone", &details.phone),
        record_number: seal_if("record_number", &details.record_number),
        name_index: index(Column::PatientName, &details.name),
        email_index: details.email.as_ref().map(|email| index(Column::PatientEmail, email)),
        record_number_index: details.record_number.as_ref().map(|number| index(Column::PatientRecordNumber, number)),
        date_of_birth_check: date_of_birth_check(&app.keys, key.patient, details.date_of_birth).to_vec(),
        family_marks: family::marks(&app.keys, key.patient, details.name.reveal()),
        mail_allowed: details.choices.mail_allowed.into(),
        reminders_allowed: details.choices.reminders_allowed.into(),
        times_agreed: details.choices.times_agreed.into(),
    }
}

/// The event of a written row: which version, what hash its sealed columns have, and how the patient may be contacted.
fn saved(kind: Kind, id: PatientId, columns: &Columns) -> Event {
    let yes = |chosen: i64| Fact::Word(if chosen == 1 { "yes" } else { "no" });
    Event::done(kind)
        .on(Object::Patient, id.0)
        .about(id)
        .with("version", Fact::Number(columns.version))
        .with("sealed", Fact::Bytes(columns.hash().to_vec()))
        .with("mail", yes(columns.mail_allowed))
        .with("reminders", yes(columns.reminders_allowed))
        .with("times_by_mail", yes(columns.times_agreed))
}

async fn open(access: &Access, key: &PatientKey, row: &Row, column: &'static str, sealed: &Sealed) -> web::Result<Secret<String>> {
    Ok(access.open(key, place(column, row.id, row.version), sealed).await?)
}

async fn open_if(
    access: &Access,
    key: &PatientKey,
    row: &Row,
    column: &'static str,
    sealed: Option<&Sealed>,
) -> web::Result<Option<Secret<String>>> {
    Ok(access.open_if(key, place(column, row.id, row.version), sealed).await?)
}
