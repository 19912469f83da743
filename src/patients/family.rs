//! Whether a patient bears one of somebody's family names, without a name in the clear (AUD-12). Pure.
//!
//! Each family name is a keyed hash with the patient's id: nobody can tell from the rows which patients are related, as an index of family names would.
//! There are as many for everybody, so that not even how many names one has can be told.

use super::model::in_order;
use crate::crypto::Keyring;
use crate::ids::PatientId;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Family names that count: two of a Spanish name, each of two parts.
const NAMES_MAX: usize = 4;
const MARK_BYTES: usize = 16;

/// Small words of a family name, and what may stand behind one.
const NO_NAMES: [&str; 26] = [
    "al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "las", "le", "los", "ten", "van", "von",
    "y", "jr", "sr", "ii", "iii", "iv",
];

/// What is stored of a patient's family names.
pub fn marks(keys: &Keyring, patient: PatientId, name: &str) -> Vec<u8> {
    let mut names = names(name);
    names.extend((names.len()..NAMES_MAX).map(|place| place.to_string()));
    names.iter().flat_map(|name| mark(keys, patient, name)).collect()
}

/// Whether one of the family names in `name` is among a patient's.
pub fn shares(keys: &Keyring, patient: PatientId, name: &str, marks: &[u8]) -> bool {
    names(name).iter().any(|name| marks.chunks_exact(MARK_BYTES).any(|known| known == mark(keys, patient, name)))
}

fn mark(keys: &Keyring, patient: PatientId, name: &str) -> [u8; MARK_BYTES] {
    keys.check_value(patient.0, &format!("family name: {name}")).first_chunk().copied().expect("32 bytes hold 16")
}

/// The family names in a whole name: its last word, or its last two where a given name stands before them. A middle name may be among
/// them: a rule that looks twice at nobody's cousin is better than one that misses a Spanish father.
fn names(name: &str) -> Vec<String> {
    let name = in_order(name);
    let words: Vec<&str> =
        name.split_whitespace().filter(|word| !word.ends_with('.') && !NO_NAMES.contains(&folded(word).as_str())).collect();
    let family = if words.len() > 2 { 2 } else { 1 };
    let mut names: Vec<String> =
        words.iter().rev().take(family).flat_map(|word| word.split(['-', '\u{2010}', '\u{2011}', '\u{2013}'])).map(folded).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names.truncate(NAMES_MAX);
    names
}

/// Letters alone, small and without accents.
fn folded(word: &str) -> String {
    word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).filter(|c| c.is_alphabetic()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_names_are_found_in_every_way_a_name_is_written() {
        for (name, expected) in [
            ("Maria Gonzalez", &["gonzalez"][..]),
            ("González, María", &["gonzalez"]),
            ("Dr. Ana Rivera", &["rivera"]),
            ("Luis Pérez García", &["garcia", "perez"]),
            ("Anna Smith-Jones", &["jones", "smith"]),
            ("Ludwig van der Berg", &["berg"]),
            ("Juan de la Cruz Jr.", &["cruz"]),
            ("Martin King III", &["king"]),
            ("Seán O’Neill", &["oneill"]),
            ("王小明", &["王小明"]),
            ("Cher", &["cher"]),
            ("", &[]),
        ] {
            assert_eq!(names(name), expected, "{name}");
        }
    }
}
