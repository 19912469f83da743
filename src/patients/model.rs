//! What a patient is and how a form becomes one. Pure.
//!
//! What names a patient rests in [`Secret`]s, so that no log line and no error can show it.

use super::birth::parse_date_of_birth;
use crate::crypto::{Keyring, PatientKey};
use crate::ids::{PatientId, RequestKey};
use crate::secret::Secret;
use crate::text::{DateOrder, LANGUAGES};
use crate::time::{Timestamp, Zone};
use crate::web::form::{Problems, is_hidden};
use chrono::NaiveDate;
use serde::Deserialize;
use std::fmt;

/// Names of any script fit: the longest legal names have well under 200 characters.
const NAME_CHARS_MAX: usize = 200;
/// RFC 5321: what a mail server must take.
const EMAIL_CHARS_MAX: usize = 254;
const EMAIL_LOCAL_CHARS_MAX: usize = 64;
const PHONE_CHARS_MAX: usize = 40;
const PHONE_DIGITS_MIN: usize = 5;
const RECORD_NUMBER_CHARS_MAX: usize = 64;

/// The form as it was typed. Kept as it is, so that a form with a problem comes back with nothing lost.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct PatientForm {
    pub request_key: String,
    pub version: String,
    pub name: String,
    pub date_of_birth: String,
    pub email: String,
    pub email_again: String,
    pub phone: String,
    pub record_number: String,
    pub zone: String,
    pub language: String,
    pub mail_allowed: Option<String>,
    pub reminders_allowed: Option<String>,
    pub times_agreed: Option<String>,
}

/// How a patient may be contacted (PRV-07, PRV-08).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContactChoices {
    pub mail_allowed: bool,
    pub reminders_allowed: bool,
    /// The patient was told that mail may be read by others, and wants the times of visits by mail all the same.
    pub times_agreed: bool,
}

/// Everything the clinic writes down about a patient, checked.
#[derive(Clone)]
pub struct Details {
    pub name: Secret<String>,
    pub date_of_birth: NaiveDate,
    pub email: Option<Secret<String>>,
    pub phone: Option<Secret<String>>,
    pub record_number: Option<Secret<String>>,
    pub zone: Zone,
    pub language: String,
    pub choices: ContactChoices,
}

/// A patient to be added.
#[derive(Debug, Clone)]
pub struct NewPatient {
    /// The form's own key: the same key again is the same patient.
    pub request_key: RequestKey,
    pub details: Details,
}

/// A patient's row, opened.
#[derive(Debug, Clone)]
pub struct Patient {
    pub id: PatientId,
    pub version: i64,
    pub details: Details,
    /// Since when the choices of contact are as they are.
    pub contact_choices_at: Timestamp,
    /// When the patient agreed to times by mail.
    pub times_agreed_at: Option<Timestamp>,
}

/// Where and whether a patient may be written to.
#[derive(Debug, Clone)]
pub struct Contact {
    pub patient: PatientId,
    pub key: PatientKey,
    pub email: Option<Secret<String>>,
    pub mail_allowed: bool,
    pub reminders_allowed: bool,
    pub times_agreed: bool,
    pub zone: Zone,
    pub language: String,
}

/// What a clinician asks for to know who is in the call. The date as `YYYY-MM-DD`.
#[derive(Debug, Clone)]
pub struct Identifiers {
    pub name: Secret<String>,
    pub date_of_birth: Secret<String>,
    pub phone: Option<Secret<String>>,
    pub record_number: Option<Secret<String>>,
}

/// One line of what a search found. The date as `YYYY-MM-DD`.
#[derive(Debug, Clone)]
pub struct Found {
    pub id: PatientId,
    pub name: Secret<String>,
    pub date_of_birth: Secret<String>,
}

impl fmt::Debug for PatientForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientForm")
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Details")
    }
}

impl PatientForm {
    /// The form of a patient who exists.
    pub fn of(patient: &Patient) -> Self {
        let (details, tick) = (&patient.details, |chosen: bool| chosen.then(|| "yes".to_owned()));
        let shown = |value: &Option<Secret<String>>| value.as_ref().map(|value| value.reveal().clone()).unwrap_or_default();
        Self {
            request_key: String::new(),
            version: patient.version.to_string(),
            name: details.name.reveal().clone(),
            date_of_birth: details.date_of_birth.to_string(),
            email: shown(&details.email),
            email_again: shown(&details.email),
            phone: shown(&details.phone),
            record_number: shown(&details.record_number),
            zone: details.zone.name().to_owned(),
            language: details.language.clone(),
            mail_allowed: tick(details.choices.mail_allowed),
            reminders_allowed: tick(details.choices.reminders_allowed),
            times_agreed: tick(details.choices.times_agreed),
        }
    }

    /// Read the form. Every field with a problem gets a sentence.
    pub fn parse(&self, today: NaiveDate) -> Result<Details, Problems> {
        let mut problems = Problems::default();
        let name = self.read_name(&mut problems);
        let date_of_birth = self.read_date_of_birth(today, &mut problems);
        let email = self.read_email(&mut problems);
        let phone = self.read_phone(&mut problems);
        let record_number = self.read_record_number(&mut problems);
        let zone = self.zone.parse().map_err(|_| problems.note("zone", "patients-zone-wrong")).ok();
        if !LANGUAGES.contains(&self.language.as_str()) {
            problems.note("language", "patients-language-wrong");
        }
        let choices = self.read_choices(email.is_some(), &mut problems);
        let details = name.zip(date_of_birth).zip(zone).map(|((name, date_of_birth), zone)| Details {
            name: Secret::new(name),
            date_of_birth,
            email: email.map(Secret::new),
            phone: phone.map(Secret::new),
            record_number: record_number.map(Secret::new),
            zone,
            language: self.language.clone(),
            choices,
        });
        problems.unless(details)
    }

    fn read_name(&self, problems: &mut Problems) -> Option<String> {
        let name = self.name.trim();
        if name.is_empty() {
            problems.note("name", "patients-name-missing");
        } else if name.chars().count() > NAME_CHARS_MAX {
            problems.note("name", "patients-name-long");
        } else if name.chars().any(is_hidden) {
            problems.note("name", "patients-name-wrong");
        }
        Some(name.to_owned())
    }

    fn read_date_of_birth(&self, today: NaiveDate, problems: &mut Problems) -> Option<NaiveDate> {
        let date = parse_date_of_birth(&self.date_of_birth, DateOrder::MonthFirst);
        match date {
            None => problems.note("date_of_birth", "patients-date-of-birth-wrong"),
            Some(date) if date > today => problems.note("date_of_birth", "patients-date-of-birth-future"),
            Some(_) => {}
        }
        date
    }

    /// The address is typed twice, because a visit link that goes astray is a breach (EML-09).
    fn read_email(&self, problems: &mut Problems) -> Option<String> {
        let (email, again) = (self.email.trim(), self.email_again.trim());
        if email.is_empty() && again.is_empty() {
            return None;
        }
        if !is_email(email) {
            problems.note("email", "patients-email-wrong");
        } else if email != again {
            problems.note("email_again", "patients-email-differs");
        }
        Some(email.to_owned())
    }

    fn read_phone(&self, problems: &mut Problems) -> Option<String> {
        let phone = optional(&self.phone)?;
        let known = phone.chars().all(|c| c.is_ascii_digit() || " +-./()x#".contains(c));
        let digits = phone.chars().filter(char::is_ascii_digit).count();
        if !known || digits < PHONE_DIGITS_MIN || phone.len() > PHONE_CHARS_MAX {
            problems.note("phone", "patients-phone-wrong");
        }
        Some(phone)
    }

    fn read_record_number(&self, problems: &mut Problems) -> Option<String> {
        let number = optional(&self.record_number)?;
        if number.chars().count() > RECORD_NUMBER_CHARS_MAX || number.chars().any(is_hidden) {
            problems.note("record_number", "patients-record-number-wrong");
        }
        Some(number)
    }

    /// Without mail there are no reminders, and nothing was agreed about times in mails.
    fn read_choices(&self, has_email: bool, problems: &mut Problems) -> ContactChoices {
        let mail_allowed = self.mail_allowed.is_some();
        if mail_allowed && !has_email {
            problems.note("email", "patients-email-missing");
        }
        ContactChoices {
            mail_allowed,
            reminders_allowed: mail_allowed && self.reminders_allowed.is_some(),
            times_agreed: mail_allowed && self.times_agreed.is_some(),
        }
    }
}

/// What is stored of a date of birth for the check before a visit opens: it is compared, never opened (ID-04).
pub fn date_of_birth_check(keys: &Keyring, patient: PatientId, date: NaiveDate) -> [u8; 32] {
    keys.check_value(patient.0, &date.to_string())
}

/// A name as it is written on records: `Gonzalez, Maria` is Maria Gonzalez.
pub fn in_order(typed: &str) -> String {
    match typed.split_once(',') {
        Some((family, given)) if !given.contains(',') => format!("{} {}", given.trim(), family.trim()),
        _ => typed.to_owned(),
    }
}

fn optional(typed: &str) -> Option<String> {
    let typed = typed.trim();
    (!typed.is_empty()).then(|| typed.to_owned())
}

/// The plain form of an address that every mail server takes: no comment, no quotes, no line break, a domain with a dot.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let local_part = |part: &str| !part.is_empty() && part.chars().all(local_char);
    let label = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= EMAIL_CHARS_MAX
        && local.len() <= EMAIL_LOCAL_CHARS_MAX
        && local.split('.').all(local_part)
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, proptest};

    fn today() -> NaiveDate {
        "2026-11-23".parse().expect("a date")
    }

    fn form() -> PatientForm {
        PatientForm {
            name: "Nguyễn Thị Minh Khai".into(),
            date_of_birth: "3/14/1948".into(),
            email: "maria@example.test".into(),
            email_again: "maria@example.test".into(),
            zone: "America/Chicago".into(),
            language: "en".into(),
            mail_allowed: Some("yes".into()),
            ..PatientForm::default()
        }
    }

    fn problem(form: &PatientForm, field: &str) -> Option<&'static str> {
        form.parse(today()).err().and_then(|problems| problems.of(field))
    }

    #[test]
    fn a_family_name_may_be_typed_first() {
        for typed in ["Gonzalez, Maria", "Gonzalez ,Maria", "Maria Gonzalez"] {
            assert_eq!(in_order(typed), "Maria Gonzalez");
        }
        assert_eq!(in_order("a, b, c"), "a, b, c");
    }

    #[test]
    fn a_name_of_any_script_is_a_name() {
        for name in ["Nguyễn Thị Minh Khai", "محمد علي", "李小龍", "O’Connor-Smith"] {
            assert!(PatientForm { name: name.into(), ..form() }.parse(today()).is_ok(), "{name}");
        }
        assert_eq!(problem(&PatientForm { name: "  ".into(), ..form() }, "name"), Some("patients-name-missing"));
        assert_eq!(problem(&PatientForm { name: "é".repeat(201), ..form() }, "name"), Some("patients-name-long"));
        assert_eq!(problem(&PatientForm { name: "é".repeat(200), ..form() }, "name"), None);
    }

    #[test]
    fn two_different_addresses_are_refused() {
        let form = PatientForm { email_again: "marla@example.test".into(), ..form() };
        assert_eq!(problem(&form, "email_again"), Some("patients-email-differs"));
    }

    #[test]
    fn an_address_that_could_change_a_mail_is_refused() {
        for email in ["a", "a@b", "a b@c.test", "a@c.test\r\nBcc: d@e.test", "a@b@c.test", "<a@c.test>", "a..b@c.test", "a@-c.test"] {
            let form = PatientForm { email: email.into(), email_again: email.into(), ..form() };
            assert_eq!(problem(&form, "email"), Some("patients-email-wrong"), "{email}");
        }
    }

    #[test]
    fn mail_needs_an_address_and_reminders_need_mail() {
        let none = PatientForm { email: String::new(), email_again: String::new(), ..form() };
        assert_eq!(problem(&none, "email"), Some("patients-email-missing"));
        let silent = PatientForm { mail_allowed: None, reminders_allowed: Some("yes".into()), times_agreed: Some("yes".into()), ..none };
        assert_eq!(silent.parse(today()).expect("no mail is a choice").choices, ContactChoices::default());
    }

    #[test]
    fn a_birthday_to_come_is_refused() {
        let form = PatientForm { date_of_birth: "2026-11-24".into(), ..form() };
        assert_eq!(problem(&form, "date_of_birth"), Some("patients-date-of-birth-future"));
    }

    #[test]
    fn a_form_does_not_print_itself() {
        assert_eq!(format!("{:?} {:?}", form(), form().parse(today()).expect("right")), "PatientForm Details");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_never_a_panic(text in "\\PC{0,300}") {
            let form = PatientForm { name: text.clone(), phone: text.clone(), record_number: text.clone(), ..form() };
            if let Ok(details) = form.parse(today()) {
                prop_assert!(details.name.reveal().chars().count() <= NAME_CHARS_MAX);
            }
            let _read = parse_date_of_birth(&text, DateOrder::MonthFirst);
        }
    }
}
