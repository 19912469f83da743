//! What a patient agrees to by joining: the text, its version, and which text each version was. Pure.
//!
//! The page says it above the button and in full below a click; pressing the button is the consent (decision 7). The page
//! sends the version that it showed, so what is recorded is what was read.

use crate::web::{Error, Result};

/// The sentence above the button.
pub const SHORT: &str = "call-consent-short";
/// The whole text.
pub const WHOLE: [&str; 6] = [
    "call-consent-how",
    "call-consent-limits",
    "call-consent-private",
    "call-consent-recorded",
    "call-consent-leave",
    "call-consent-emergency",
];

/// Every version there was, oldest first: the SHA-256 of its text in all languages. A text that changes gets a new line
/// here; a line that was released is never changed, because consents on record name it.
const VERSIONS: [&str; 1] = ["e1517702eafaff8226870adaf68ec21bfe3ab9627c69aa4519ac8041c322889e"];

/// A version of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(i64);

impl Version {
    /// The version of the text that pages show now.
    pub const NOW: Version = Version(VERSIONS.len() as i64);

    /// The version that a page said it showed. A page from before an update shows an older one.
    pub fn shown(number: i64) -> Result<Self> {
        if (1..=Self::NOW.0).contains(&number) { Ok(Self(number)) } else { Err(Error::Invalid) }
    }

    pub fn number(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{length_prefixed, sha256};
    use crate::text::{LANGUAGES, Text};

    #[test]
    fn the_text_changes_only_with_its_version() {
        let texts = LANGUAGES.iter().flat_map(|language| [SHORT].into_iter().chain(WHOLE).map(|name| Text::of(language).say(name)));
        let texts: Vec<String> = texts.collect();
        let parts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        let hash = hex::encode(sha256(&length_prefixed(&parts)));
        assert_eq!(VERSIONS.last(), Some(&hash.as_str()), "the text of the consent was changed: add its hash as a new version");
    }

    #[test]
    fn a_version_that_never_was_is_no_consent() {
        assert!(Version::shown(Version::NOW.number()).is_ok_and(|version| version == Version::NOW));
        for number in [0, -1, Version::NOW.number() + 1] {
            assert!(Version::shown(number).is_err(), "{number}");
        }
    }
}
