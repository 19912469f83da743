//! A patient with a visit, invited by mail, and what stands in their mails.

use super::TestApp;
use anteroom::appointments::{self, NewAppointment, Slot};
use anteroom::audit::{Actor, ActorKind, Context};
use anteroom::config::CheckPolicy;
use anteroom::ids::{RequestKey, StaffId, VisitId};
use anteroom::mail;
use anteroom::patients::{self, ContactChoices, Details, NewPatient};
use anteroom::secret::Secret;
use anteroom::staff::Role;
use anteroom::time::{Millis, Timestamp};

/// The date of birth of every guest, as they type it.
pub const BORN: &str = "03/14/1948";
/// Names that no mail and no database may hold in the open.
pub const NAME: &str = "Zinnia Canary-Quill";
pub const REASON: &str = "an uncommon canary rash";

/// A patient who takes mails, with a visit that somebody booked for them.
pub struct Guest {
    pub visit: VisitId,
    pub clinician: StaffId,
    pub starts_at: Timestamp,
    /// The member of staff who booked.
    pub desk: Context,
}

/// What a mail invites with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub token: String,
    pub code: String,
}

impl TestApp {
    /// A guest, and the link in the mail that they got.
    pub async fn guest_with_link(&self) -> (Guest, Invitation) {
        let guest = self.guest().await;
        let link = self.invitation().await;
        (guest, link)
    }

    /// A guest whose visit begins now, and who agreed to times by mail.
    pub async fn guest(&self) -> Guest {
        self.guest_at(self.app.now(), true).await
    }

    pub async fn guest_at(&self, starts_at: Timestamp, times_agreed: bool) -> Guest {
        let details = Details {
            name: Secret::new(NAME.to_owned()),
            date_of_birth: "1948-03-14".parse().unwrap(),
            email: Some(Secret::new("guest@example.test".to_owned())),
            phone: None,
            record_number: None,
            zone: "America/Chicago".parse().unwrap(),
            language: "en".to_owned(),
            choices: ContactChoices { mail_allowed: true, reminders_allowed: true, times_agreed },
        };
        let new = NewPatient { request_key: RequestKey::new(&self.app.rng), details };
        let (desk, _) = self.account(Role::Scheduler).await;
        let (clinician, _) = self.account(Role::Clinician).await;
        let actor = Actor { kind: ActorKind::Staff, id: Some(desk.0), role: Some("scheduler") };
        let desk = self.app.system().acting(actor);
        let patient = patients::add(&self.app, &desk, new).await.unwrap();
        let new = NewAppointment {
            request_key: RequestKey::new(&self.app.rng),
            patient,
            clinician,
            slot: slot(starts_at),
            reason: Some(Secret::new(REASON.to_owned())),
            check: CheckPolicy::default(),
        };
        let visit = appointments::book(&self.app, &desk, new).await.unwrap().id;
        Guest { visit, clinician, starts_at, desk }
    }

    /// Send what is due. How many mails left.
    pub async fn send_mails(&self) -> usize {
        mail::job::run_due(&self.app).await.unwrap()
    }

    /// The mails in the folder, in the order of their text.
    pub fn mails(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.app.config.mail_folder()) else { return Vec::new() };
        let mut mails: Vec<String> = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        mails.sort();
        mails
    }

    /// Send what is due and read the one mail that left.
    pub async fn next_mail(&self) -> String {
        let before = self.mails();
        assert_eq!(self.send_mails().await, 1);
        self.mails().into_iter().find(|mail| !before.contains(mail)).expect("a new mail")
    }

    /// Send the one mail that is due and take the invitation out of it.
    pub async fn invitation(&self) -> Invitation {
        read_invitation(&self.next_mail().await)
    }

    /// Send a new link at the front desk's word.
    pub async fn new_link(&self, guest: &Guest) -> Invitation {
        anteroom::links::resend(&self.app, &guest.desk.acting(guest.desk.actor), guest.visit).await.unwrap();
        self.invitation().await
    }

    /// The page of a visit as the front desk sees it.
    pub async fn desk_page(&self, visit: VisitId) -> String {
        let page = self.staff(Role::Scheduler).await.get(&format!("/appointments/{visit}")).await;
        assert_eq!(page.status(), reqwest::StatusCode::OK);
        page.text().await.unwrap()
    }

    /// The word of a visit's state.
    pub async fn state_of(&self, visit: VisitId) -> String {
        let mut tx = self.app.db.reading().await.unwrap();
        let visit = appointments::visit(&mut tx, visit).await.unwrap().unwrap();
        visit.state.word().to_owned()
    }
}

/// Half an hour.
pub fn slot(starts_at: Timestamp) -> Slot {
    Slot { starts_at, ends_at: starts_at + Millis::minutes(30) }
}

/// The link and the code in a mail's text.
pub fn read_invitation(mail: &str) -> Invitation {
    let after = |mark: &str| mail.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {mail}")).1;
    let until = |text: &str| text.split(|c: char| c.is_whitespace() || c == '"').next().unwrap().to_owned();
    let is_code = |word: &&str| word.len() == 11 && word.split('-').map(str::len).eq([5, 5]);
    let code = mail.lines().find(is_code).unwrap_or_else(|| panic!("no code in {mail}"));
    Invitation { token: until(after("/v#")), code: code.to_owned() }
}
