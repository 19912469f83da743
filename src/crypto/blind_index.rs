//! Blind indexes: find a sealed value without opening any (CRY-11).
//!
//! HMAC-SHA-256 of the normalised value under a key of its own, 16 bytes, another domain for each column. It tells a thief
//! of the database which rows are equal and nothing more, so it is never made for a column of few values.

use super::{Keyring, mac};
use unicode_normalization::UnicodeNormalization;

/// What stands in an index column.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct BlindIndex(pub Vec<u8>);

/// The columns that can be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    PatientName,
    PatientEmail,
    PatientRecordNumber,
    /// The short code typed at `/join`.
    JoinCode,
    /// The network address of an event: brings those from one address together.
    EventSource,
}

/// The index of `value` in `column`. Case, accents' encoding and doubled spaces make no difference.
pub fn index(keys: &Keyring, column: Column, value: &str) -> BlindIndex {
    let label: &[u8] = match column {
        Column::PatientName => b"patient.name",
        Column::PatientEmail => b"patient.email",
        Column::PatientRecordNumber => b"patient.record_number",
        Column::JoinCode => b"visit_link.join_code",
        Column::EventSource => b"audit_event.source",
    };
    let full = mac(keys.index_key(), &[b"index/1", label, normalise(value).as_bytes()]);
    BlindIndex(full[..16].to_vec())
}

fn normalise(value: &str) -> String {
    let folded: String = value.nfkc().flat_map(char::to_lowercase).map(plain).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The apostrophes and hyphens that a word processor makes, as a keyboard has them.
fn plain(letter: char) -> char {
    match letter {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '`' | '\u{b4}' => '\'',
        '\u{2010}'..='\u{2013}' => '-',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_encodings_of_one_name_are_one_name() {
        assert_eq!(normalise("  José   GARCÍA "), "josé garcía");
        assert_eq!(normalise("Jose\u{301} García"), normalise("josé garcía"));
        assert_eq!(normalise("James O’Neill‐Smith"), "james o'neill-smith");
        assert_ne!(normalise("Jose Garcia"), normalise("José García"));
    }
}
