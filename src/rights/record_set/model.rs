//! One patient's record as they get it: the same values as HTML to read and JSON to keep (PRV-06). Pure.
//!
//! Each part is named after its table and each value after its column, so that a test can walk the schema and find what is missing.

use crate::rights::disclosures::Disclosure;
use serde::{Deserialize, Serialize};

/// The name of this form of the file. It changes with the form.
pub const FORMAT: &str = "anteroom-record-set/1";

/// Times are RFC 3339 in UTC. What is not known is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordSet {
    pub format: String,
    pub clinic: String,
    pub patient: Person,
    pub visit: Vec<VisitPart>,
    pub visit_note: Vec<NotePart>,
    pub outbox: Vec<MailPart>,
    pub disclosures: Vec<Disclosure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub date_of_birth: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub record_number: Option<String>,
    pub zone: String,
    pub language: String,
    pub mail_allowed: bool,
    pub reminders_allowed: bool,
    pub contact_choices_at: String,
    pub times_by_mail_agreed_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitPart {
    pub id: String,
    /// The clinician's name.
    pub clinician_id: String,
    pub starts_at: String,
    pub ends_at: String,
    pub state: String,
    pub created_at: String,
    pub cancelled_at: Option<String>,
    pub redeemed_at: Option<String>,
    pub waiting_since: Option<String>,
    pub left_at: Option<String>,
    pub admitted_at: Option<String>,
    pub identity: Option<String>,
    pub ended_at: Option<String>,
    pub consent_version: Option<i64>,
    pub consented_at: Option<String>,
    pub reason: Option<String>,
    pub companion: Option<String>,
    pub companion_relation: Option<String>,
    /// What the clinic wrote to the waiting room last.
    pub message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotePart {
    pub visit_id: String,
    /// The author's name.
    pub author_id: String,
    pub updated_at: String,
    pub body: String,
}

/// A mail that was sent, or waits. What it said is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailPart {
    pub visit_id: String,
    pub kind: String,
    pub created_at: String,
    pub sent_at: Option<String>,
    pub bounced_at: Option<String>,
}

impl RecordSet {
    /// The notes of a visit, for the page.
    pub fn notes_of(&self, visit: &VisitPart) -> Vec<&NotePart> {
        self.visit_note.iter().filter(|note| note.visit_id == visit.id).collect()
    }
}

impl VisitPart {
    /// What is known of it beside time, clinician and state: the name of a sentence, and the value.
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let version = self.consent_version.map(|version| version.to_string());
        [
            ("rights-copy-reason", &self.reason),
            ("rights-copy-companion", &self.companion),
            ("rights-copy-relation", &self.companion_relation),
            ("rights-copy-message", &self.message),
            ("rights-copy-identity", &self.identity),
            ("rights-copy-booked", &Some(self.created_at.clone())),
            ("rights-copy-opened", &self.redeemed_at),
            ("rights-copy-consent", &version),
            ("rights-copy-consented", &self.consented_at),
            ("rights-copy-waiting", &self.waiting_since),
            ("rights-copy-admitted", &self.admitted_at),
            ("rights-copy-left", &self.left_at),
            ("rights-copy-ended", &self.ended_at),
            ("rights-copy-cancelled", &self.cancelled_at),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect()
    }
}
