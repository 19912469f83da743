//! What a patient agrees to by joining: the text, its version, and which text each version was. Pure.
//!
//! The page says it above the button and in full below a click; pressing the button is the consent (decision 7). A version is
//! one text in one language. The page sends the version that it showed, so what is recorded is what was read, in the words in
//! which it was read.

use crate::text::Text;
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

/// Every version there was, oldest first: its language and the SHA-256 of its text. A text that changes, and a language that
/// comes, gets a new line here; a line that was released is never changed, because consents on record name it.
const VERSIONS: [(&str, &str); 2] = [
    ("en", "e1517702eafaff8226870adaf68ec21bfe3ab9627c69aa4519ac8041c322889e"),
    ("es", "b2c83da90b358df044675002b15e1120cf648a9480e42006ebc863e5d01e369d"),
];

/// A version of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(i64);

impl Version {
    /// The version of the text that pages in this language show now. What nobody speaks, in tests of the pages, counts as
    /// English, of which it is made.
    pub fn now(t: Text) -> Self {
        let newest = |wanted: &str| VERSIONS.iter().rposition(|(language, _)| *language == wanted);
        let at = newest(t.language()).or_else(|| newest("en")).unwrap_or_default();
        Self(at as i64 + 1)
    }

    /// The version that a page said it showed. A page from before an update shows an older one.
    pub fn shown(number: i64) -> Result<Self> {
        if (1..=VERSIONS.len() as i64).contains(&number) { Ok(Self(number)) } else { Err(Error::Invalid) }
    }

    pub fn number(self) -> i64 {
        self.0
    }

    /// The language of the text.
    pub fn language(self) -> &'static str {
        VERSIONS[self.0 as usize - 1].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{length_prefixed, sha256};
    use crate::text::LANGUAGES;

    #[test]
    fn the_text_changes_only_with_its_version() {
        for language in LANGUAGES {
            let t = Text::of(language);
            let texts: Vec<String> = [SHORT].into_iter().chain(WHOLE).map(|name| t.say(name)).collect();
            let parts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
            let hash = hex::encode(sha256(&length_prefixed(&parts)));
            let version = VERSIONS[usize::try_from(Version::now(t).number()).unwrap() - 1];
            assert_eq!(version, (language, hash.as_str()), "the text of the consent was changed: add its hash as a new version");
        }
    }

    #[test]
    fn a_version_that_never_was_is_no_consent() {
        for language in LANGUAGES {
            let now = Version::now(Text::of(language));
            assert!(Version::shown(now.number()).is_ok_and(|version| version == now));
        }
        for number in [0, -1, VERSIONS.len() as i64 + 1] {
            assert!(Version::shown(number).is_err(), "{number}");
        }
    }
}
