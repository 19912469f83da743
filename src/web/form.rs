//! What is wrong with a form, field by field. Pure.
//!
//! A parser notes the names of sentences; a page turns them into [`Wrongs`] in the reader's language, and shows each beside
//! its field and all of them on top.

use crate::text::Text;

/// What a parser found, in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<(&'static str, &'static str)>);

impl Problems {
    /// The field `field` has a problem, and the sentence named `sentence` says what to do. The first one of a field counts.
    pub fn note(&mut self, field: &'static str, sentence: &'static str) {
        if self.of(field).is_none() {
            self.0.push((field, sentence));
        }
    }

    /// The name of the sentence for a field.
    pub fn of(&self, field: &str) -> Option<&'static str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, sentence)| *sentence)
    }

    /// The value, if nothing is wrong with the form.
    pub fn unless<T>(self, value: Option<T>) -> Result<T, Problems> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

impl From<(&'static str, &'static str)> for Problems {
    fn from(problem: (&'static str, &'static str)) -> Self {
        Self(vec![problem])
    }
}

/// True for what no name holds and no reader sees: control characters, and those that turn the text around them the other way (a name in a
/// right-to-left script needs none of them).
pub fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One entry of a list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// The same as sentences, for a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrongs(Vec<Wrong>);

/// A field and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub field: &'static str,
    pub text: String,
}

impl Wrongs {
    pub fn say(t: Text, problems: &Problems) -> Self {
        Self(problems.0.iter().map(|(field, sentence)| Wrong { field, text: t.say(sentence) }).collect())
    }

    /// One sentence, for a problem that speaks of somebody.
    pub fn one(field: &'static str, text: String) -> Self {
        Self(vec![Wrong { field, text }])
    }

    /// What is wrong with a field; empty when nothing is.
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|wrong| wrong.field == field).map_or("", |wrong| &wrong.text)
    }

    pub fn all(&self) -> &[Wrong] {
        &self.0
    }
}
