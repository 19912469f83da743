//! The front desk's pages about appointments. Names open with an event about each patient they belong to; times name zones.

mod booking;
mod list;
mod visit;

pub use booking::{create, new_form};
pub use list::list;
pub use visit::{answer_move, cancel_visit, drop_code, move_visit, new_code, send_link, show, unlock_visit};

use super::BookError;
use super::model::{Slot, TimeForm, Visit, VisitState};
use crate::app::App;
use crate::audit::Event;
use crate::ids::{PatientId, StaffId};
use crate::patients;
use crate::staff::{self, Scheduler};
use crate::text::Text;
use crate::time::{Millis, Timestamp, Zone};
use crate::web::form::{Choice, Wrongs};
use crate::web::{self, Error};

/// A visit with what a page shows of it.
struct Shown {
    visit: Visit,
    patient: String,
    clinician: String,
    clinician_zone: Option<Zone>,
}

impl Shown {
    /// The time for whoever sits where the clocks differ.
    fn elsewhere(&self, t: Text, clinic: Zone) -> Vec<String> {
        let at = self.visit.starts_at;
        let differs = |zone: &Zone| zone.offset(at) != clinic.offset(at);
        let patient =
            Some(self.visit.patient_zone).filter(differs).map(|zone| t.with("appointments-for-patient", "when", t.when(at, zone)));
        let clinician = self.clinician_zone.filter(differs).map(|zone| t.with("appointments-for-clinician", "when", t.when(at, zone)));
        patient.into_iter().chain(clinician).collect()
    }
}

/// Say who is busy and what to do, or hand the error on.
async fn busy(app: &App, t: Text, clinician: StaffId, sentence: &str, error: BookError) -> web::Result<Wrongs> {
    let zone = app.config.clinic.zone;
    let span = |slot: Slot| (t.clock(slot.starts_at, zone), t.clock(slot.ends_at, zone));
    match error {
        BookError::ClinicianBusy(slot) => {
            let mut tx = app.db.reading().await?;
            let name = staff::member(&mut tx, clinician).await?.map(|member| member.name).unwrap_or_default();
            let (from, until) = span(slot);
            Ok(Wrongs::one("time", t.with_all(sentence, &[("clinician", &name), ("from", &from), ("until", &until)])))
        }
        BookError::PatientBusy(slot) => {
            let (from, until) = span(slot);
            Ok(Wrongs::one("time", t.with2("appointments-patient-busy", "from", from, "until", until)))
        }
        BookError::NotAClinician => Ok(Wrongs::one("clinician", t.say("appointments-clinician-wrong"))),
        BookError::Changed => Err(Error::Conflict),
        BookError::Other(error) => Err(error),
    }
}

/// The two times to choose from where clocks go back.
fn twice(t: Text, time: &TimeForm, zone: Zone) -> Vec<Choice> {
    let choice = |at: Timestamp| Choice { value: zone.offset(at), label: t.clock(at, zone) };
    time.twice(zone).map(|instants| instants.map(choice).to_vec()).unwrap_or_default()
}

async fn name(app: &App, scheduler: &Scheduler, patient: PatientId, event: Event) -> web::Result<String> {
    let access = app.log.access(&scheduler.context, event).await?;
    let names = patients::names(app, &access, &[patient]).await?;
    Ok(names.get(&patient).map(|name| name.reveal().clone()).unwrap_or_default())
}

fn state(t: Text, state: VisitState) -> String {
    t.say(&format!("appointments-state-{state}"))
}

/// Why the patient has no link that works, in a few words; nothing when nothing is known against it.
fn trouble(t: Text, visit: &Visit) -> String {
    visit.link_trouble.as_ref().map(|trouble| t.say(&format!("appointments-trouble-{trouble}"))).unwrap_or_default()
}

fn lasts(t: Text, visit: &Visit) -> String {
    t.count("appointments-lasts", "minutes", (visit.ends_at - visit.starts_at).0 / Millis::minutes(1).0)
}
