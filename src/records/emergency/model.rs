//! What a clinician types to open a record in an emergency. Pure.

use crate::ids::RequestKey;
use crate::patients::parse_date_of_birth;
use crate::secret::Secret;
use crate::text::DateOrder;
use crate::web::form::{Problems, is_hidden};
use chrono::NaiveDate;
use serde::Deserialize;

/// Lower: a sentence still fits. Higher: more of a story that nobody has the time to write.
const WHY_CHARS_MAX: usize = 2_000;
/// A reason is more than a stroke of a key. Lower: "stroke" is enough. Higher: time is lost.
const WHY_CHARS_MIN: usize = 5;
/// The longest name or address that is kept of anybody.
const PATIENT_CHARS_MAX: usize = 254;

/// The form as it was sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct EmergencyForm {
    pub request_key: String,
    pub patient: String,
    pub born: String,
    pub why: String,
}

/// Whose record, and why.
#[derive(Debug)]
pub struct Asked {
    pub request_key: RequestKey,
    /// The exact name, mail address or record number.
    pub patient: Secret<String>,
    /// Tells people of one name apart.
    pub born: Option<NaiveDate>,
    pub why: Secret<String>,
}

impl EmergencyForm {
    pub fn parse(&self) -> Result<Asked, Problems> {
        let mut problems = Problems::default();
        let (patient, born, why) = (self.patient.trim(), self.born.trim(), self.why.trim());
        if patient.is_empty() || patient.chars().count() > PATIENT_CHARS_MAX {
            problems.note("patient", "emergency-problem-patient");
        }
        let day = parse_date_of_birth(born, DateOrder::MonthFirst);
        if day.is_none() && !born.is_empty() {
            problems.note("born", "emergency-problem-born");
        }
        let hidden = |c: char| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t');
        if !(WHY_CHARS_MIN..=WHY_CHARS_MAX).contains(&why.chars().count()) || why.contains(hidden) {
            problems.note("why", "emergency-problem-why");
        }
        let key = self.request_key.parse().map_err(|_| problems.note("why", "emergency-problem-form")).ok();
        let (patient, why) = (Secret::new(patient.to_owned()), Secret::new(why.to_owned()));
        problems.unless(key.map(|request_key| Asked { request_key, patient, born: day, why }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(patient: &str, born: &str, why: &str) -> EmergencyForm {
        EmergencyForm { request_key: "00".repeat(16), patient: patient.to_owned(), born: born.to_owned(), why: why.to_owned() }
    }

    #[test]
    fn a_patient_and_a_reason_are_needed_and_a_date_of_birth_is_one() {
        let asked = typed(" Maria Lopez ", "3/14/1948", " Collapsed in the hall ").parse().expect("it parses");
        assert_eq!((asked.patient.reveal().as_str(), asked.why.reveal().as_str()), ("Maria Lopez", "Collapsed in the hall"));
        assert_eq!(asked.born, NaiveDate::from_ymd_opt(1948, 3, 14));
        assert_eq!(typed("R-1001", "", "Stroke").parse().expect("it parses").born, None);
        let long = "x".repeat(WHY_CHARS_MAX + 1);
        for (form, field) in [
            (typed("", "", "Collapsed"), "patient"),
            (typed("Maria", "soon", "Collapsed"), "born"),
            (typed("Maria", "", ""), "why"),
            (typed("Maria", "", "    "), "why"),
            (typed("Maria", "", "x"), "why"),
            (typed("Maria", "", &long), "why"),
            (typed("Maria", "", "Collapsed\u{202e}"), "why"),
            (EmergencyForm { request_key: String::new(), ..typed("Maria", "", "Collapsed") }, "why"),
        ] {
            assert!(form.parse().expect_err(field).of(field).is_some(), "{field}");
        }
    }
}
