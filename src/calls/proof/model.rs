//! What a page may say of the spoken proof (RTC-06). Pure.

use crate::waiting_room::Party;
use serde::{Deserialize, Serialize};

/// What came of the spoken proof of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    pub outcome: Outcome,
    pub source: Source,
    pub found: Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Matched,
    /// The words are there, or cannot be, and nobody has compared any.
    NotCompared,
    Differ,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Matched => "matched",
            Outcome::NotCompared => "not_compared",
            Outcome::Differ => "differ",
        }
    }
}

/// How a page knows the certificate on the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// From the connection itself.
    Certificate,
    /// From the description that the browser held the connection to.
    Sdp,
    /// It does not, and there are no words.
    None,
}

impl Source {
    pub fn word(self) -> &'static str {
        match self {
            Source::Certificate => "certificate",
            Source::Sdp => "sdp",
            Source::None => "none",
        }
    }
}

/// Who found it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    People,
    Page,
}

impl Found {
    pub fn word(self) -> &'static str {
        match self {
            Found::People => "people",
            Found::Page => "page",
        }
    }
}

impl Proof {
    /// The clinician compares. The patient may say that the words differ, and either page may find out by itself.
    pub fn may_come_from(self, from: Party) -> bool {
        match self.outcome {
            Outcome::Matched => from == Party::Clinician && self.source != Source::None && self.found == Found::People,
            Outcome::NotCompared => from == Party::Clinician && self.found == Found::Page,
            Outcome::Differ => true,
        }
    }
}
