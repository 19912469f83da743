//! What a clinician asks for, to know who is in the call (ID-02). Asked, never read out. Pure.

use crate::patients::Identifiers;
use crate::secret::Secret;

/// Something to ask for: the name of its label, and what the answer should be.
#[derive(Debug, Clone)]
pub struct Identifier {
    pub label: &'static str,
    pub value: Secret<String>,
}

/// Two things to ask for. The second is neither the date of birth nor a visit code, so whichever of the two opened the
/// link, one answer at least is something that the link's holder has not typed already. A patient always has a name.
pub fn to_ask_for(known: &Identifiers) -> [Identifier; 2] {
    let birth = Identifier { label: "call-identifier-birth", value: known.date_of_birth.clone() };
    let written = |value: &Option<Secret<String>>| value.clone().filter(|value| !value.reveal().trim().is_empty());
    let other = if let Some(value) = written(&known.record_number) {
        Identifier { label: "call-identifier-record", value }
    } else if let Some(value) = written(&known.phone) {
        Identifier { label: "call-identifier-phone", value }
    } else {
        Identifier { label: "call-identifier-name", value: known.name.clone() }
    };
    [birth, other]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(record_number: Option<&str>, phone: Option<&str>) -> Identifiers {
        let secret = |text: &str| Secret::new(text.to_owned());
        Identifiers {
            name: secret("Maria Gonzalez"),
            date_of_birth: secret("1948-03-14"),
            phone: phone.map(secret),
            record_number: record_number.map(secret),
        }
    }

    #[test]
    fn two_are_asked_for_and_the_second_is_never_empty_nor_what_opened_the_link() {
        for (record_number, phone, second) in [
            (Some("MRN 7"), Some("555 0142"), "MRN 7"),
            (None, Some("555 0142"), "555 0142"),
            (Some("  "), Some("555 0142"), "555 0142"),
            (None, Some(""), "Maria Gonzalez"),
            (None, None, "Maria Gonzalez"),
        ] {
            let [birth, other] = to_ask_for(&known(record_number, phone));
            assert_eq!((birth.value.reveal().as_str(), other.value.reveal().as_str()), ("1948-03-14", second));
            assert_ne!(birth.label, other.label);
        }
    }
}
