//! The copy of one patient's record that they may ask for (PRV-06): what the clinic keeps about them, as one HTML and one JSON.
//!
//! Made on an open request that the compliance officer has written down, by a clinician who has had this patient in a visit and
//! recorded who they are: somebody who may read clinical text, and about this patient (`compliance/decisions`, 16). Making it is an event that
//! is committed before anything opens. `model` is the form of the file.

mod model;
mod pages;
mod store;

pub use model::{FORMAT, MailPart, NotePart, Person, RecordSet, VisitPart};
pub use pages::routes;

use super::cases::{self, Case, CaseKind};
use super::disclosures;
use super::requests::{self, Request};
use crate::app::App;
use crate::audit::{Access, Context, Event, Fact, Kind, Object, Purpose};
use crate::crypto::{PatientKey, Place, Sealed};
use crate::ids::{CaseId, PatientId, StaffId};
use crate::patients;
use crate::time::Timestamp;
use crate::web::{self, Error};
use uuid::Uuid;

/// The open requests for a copy whose patient this clinician has seen.
pub async fn waiting(app: &App, context: &Context, clinician: StaffId) -> web::Result<Vec<(Case, Request)>> {
    let mut seen = Vec::new();
    for case in cases::list(app, CaseKind::RecordSet, None).await? {
        let mut tx = app.db.reading().await?;
        if store::has_seen(&mut tx, clinician, case.patient.unwrap_or(PatientId::NOBODY)).await? {
            seen.push(case);
        }
    }
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let requests = requests::at_a_glance(app, context, CaseKind::RecordSet, seen).await?;
    Ok(requests.into_iter().filter(|(_, request)| request.is_open()).collect())
}

/// The open request, if this clinician may answer it. A knock at another's door is an event.
pub async fn request(app: &App, context: &Context, clinician: StaffId, id: CaseId) -> web::Result<(Case, PatientId)> {
    let found = cases::find(app, CaseKind::RecordSet, id).await?;
    let patient = found.patient.ok_or(Error::NotFound)?;
    let mut tx = app.db.reading().await?;
    let seen = store::has_seen(&mut tx, clinician, patient).await?;
    drop(tx);
    if !seen {
        let event = Event::refused(Kind::RequestRefused, "foreign").on(Object::Case, id.0).about(patient);
        app.log.refused(context, event).await?;
        return Err(Error::NotFound);
    }
    let (case, request, _) = requests::read(app, context, id).await?;
    if request.is_open() { Ok((case, patient)) } else { Err(Error::Gone) }
}

/// Put the copy together. `format`: how it will leave, a word for the event.
pub async fn collect(app: &App, context: &Context, request: &Case, patient: PatientId, format: &'static str) -> web::Result<RecordSet> {
    let context = &Context { purpose: Purpose::PatientRequest, ..context.clone() };
    let event = Event::done(Kind::RecordExported)
        .on(Object::Patient, patient.0)
        .about(patient)
        .with("request", Fact::Id(request.id.0))
        .with("format", Fact::Word(format));
    let access = app.log.access(context, event).await?;
    let person = patients::read(app, context, patient).await?;
    let disclosures = disclosures::ledger(app, context, patient).await?.into_iter().filter_map(|kept| kept.disclosure).collect();
    let opening = Opening { access, key: app.patient_key(patient).await? };
    let mut tx = app.db.reading().await?;
    let (visits, notes, mails) =
        (store::visits(&mut tx, patient).await?, store::notes(&mut tx, patient).await?, store::mails(&mut tx, patient).await?);
    drop(tx);
    let (mut visit, mut visit_note) = (Vec::with_capacity(visits.len()), Vec::with_capacity(notes.len()));
    for row in visits {
        visit.push(opening.visit(row).await?);
    }
    for row in notes {
        visit_note.push(opening.note(row).await?);
    }
    Ok(RecordSet {
        format: FORMAT.to_owned(),
        clinic: app.config.clinic.name.clone(),
        patient: person_of(person),
        visit,
        visit_note,
        outbox: mails.into_iter().map(mail_of).collect(),
        disclosures,
    })
}

/// What opens the sealed parts of one patient.
struct Opening {
    access: Access,
    key: PatientKey,
}

impl Opening {
    async fn open(&self, column: &'static str, row: Uuid, version: i64, sealed: Option<&Sealed>) -> web::Result<Option<String>> {
        let place = Place { table: "visit", column, row, patient: Uuid::nil(), version };
        Ok(self.access.open_if(&self.key, place, sealed).await?.map(|text| text.reveal().clone()))
    }

    async fn visit(&self, row: store::VisitRow) -> web::Result<VisitPart> {
        Ok(VisitPart {
            id: row.id.to_string(),
            clinician_id: row.clinician,
            starts_at: row.starts_at.rfc3339(),
            ends_at: row.ends_at.rfc3339(),
            state: row.state,
            created_at: row.created_at.rfc3339(),
            cancelled_at: row.cancelled_at.map(Timestamp::rfc3339),
            redeemed_at: row.redeemed_at.map(Timestamp::rfc3339),
            waiting_since: row.waiting_since.map(Timestamp::rfc3339),
            left_at: row.left_at.map(Timestamp::rfc3339),
            admitted_at: row.admitted_at.map(Timestamp::rfc3339),
            identity: row.identity,
            ended_at: row.ended_at.map(Timestamp::rfc3339),
            consent_version: row.consent_version,
            consented_at: row.consented_at.map(Timestamp::rfc3339),
            reason: self.open("reason", row.id.0, row.reason_version, row.reason.as_ref()).await?,
            companion: self.open("companion", row.id.0, row.companion_version, row.companion.as_ref()).await?,
            companion_relation: row.companion_relation,
            message: self.open("message", row.id.0, row.message_version, row.message.as_ref()).await?,
        })
    }

    async fn note(&self, row: store::NoteRow) -> web::Result<NotePart> {
        let place = Place { table: "visit_note", column: "body", row: row.visit_id.0, patient: Uuid::nil(), version: row.version };
        Ok(NotePart {
            visit_id: row.visit_id.to_string(),
            author_id: row.author,
            updated_at: row.updated_at.rfc3339(),
            body: self.access.open(&self.key, place, &row.body).await?.reveal().clone(),
        })
    }
}

fn person_of(person: patients::Patient) -> Person {
    let details = person.details;
    Person {
        id: person.id.to_string(),
        name: details.name.reveal().clone(),
        date_of_birth: details.date_of_birth.to_string(),
        email: details.email.map(|email| email.reveal().clone()),
        phone: details.phone.map(|phone| phone.reveal().clone()),
        record_number: details.record_number.map(|number| number.reveal().clone()),
        zone: details.zone.name().to_owned(),
        language: details.language,
        mail_allowed: details.choices.mail_allowed,
        reminders_allowed: details.choices.reminders_allowed,
        contact_choices_at: person.contact_choices_at.rfc3339(),
        times_by_mail_agreed_at: person.times_agreed_at.map(Timestamp::rfc3339),
    }
}

fn mail_of(row: store::MailRow) -> MailPart {
    MailPart {
        visit_id: row.visit_id.to_string(),
        kind: row.kind,
        created_at: row.created_at.rfc3339(),
        sent_at: row.sent_at.map(Timestamp::rfc3339),
        bounced_at: row.bounced_at.map(Timestamp::rfc3339),
    }
}
