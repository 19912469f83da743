//! Patients who take no mail: their links are handed over, so that a test with many of them needs no mailbox and no sign-in.

use super::TestApp;
use anteroom::appointments::{self, NewAppointment, Slot};
use anteroom::audit::{Actor, ActorKind, Context};
use anteroom::config::CheckPolicy;
use anteroom::ids::{RequestKey, StaffId, VisitId};
use anteroom::links;
use anteroom::patients::{self, ContactChoices, Details, NewPatient};
use anteroom::secret::Secret;
use anteroom::staff::{self, NewMember, Role};
use uuid::Uuid;

impl TestApp {
    /// A new account of that role, which nobody signs in to.
    pub async fn member(&self, role: Role) -> StaffId {
        let email = format!("{}@clinic.example", Uuid::from_bytes(self.app.rng.bytes()));
        let new = NewMember { email, name: "Robin Sandoval".into(), role, zone: self.app.config.clinic.zone, language: "en".into() };
        staff::add(&self.app, &self.app.system(), new).await.unwrap()
    }

    /// What a member of staff does, as the log has it.
    pub fn by(&self, id: StaffId, role: Role) -> Context {
        self.app.system().acting(Actor { kind: ActorKind::Staff, id: Some(id.0), role: Some(role.word()) })
    }

    /// A visit of a new patient, born as every guest is.
    pub async fn unmailed_visit(&self, desk: &Context, clinician: StaffId, slot: Slot) -> VisitId {
        let details = Details {
            name: Secret::new("Noor Abernathy".to_owned()),
            date_of_birth: "1948-03-14".parse().unwrap(),
            email: None,
            phone: None,
            record_number: None,
            zone: self.app.config.clinic.zone,
            language: "en".into(),
            choices: ContactChoices::default(),
        };
        let patient = patients::add(&self.app, desk, NewPatient { request_key: RequestKey::new(&self.app.rng), details }).await.unwrap();
        let new = NewAppointment {
            request_key: RequestKey::new(&self.app.rng),
            patient,
            clinician,
            slot,
            reason: None,
            check: CheckPolicy::default(),
        };
        appointments::book(&self.app, desk, new).await.unwrap().id
    }

    /// The secret of a new link of such a visit, if it gets one.
    pub async fn handed_link(&self, desk: &Context, visit: VisitId) -> Option<String> {
        let link = links::resend(&self.app, desk, visit).await.ok()?;
        Some(link.url.reveal().split_once('#').unwrap().1.to_owned())
    }
}
