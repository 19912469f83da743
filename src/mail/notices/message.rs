//! A notice as a letter: plain text and simple HTML. Pure.

use crate::mail::message::{Message, wrapped};
use crate::text::Text;
use askama::Template;
use serde::{Deserialize, Serialize};

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub subject: String,
    pub parts: Vec<Part>,
}

/// One paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A sentence, whose lines are broken as mail likes them.
    Said(String),
    /// Lines that somebody will copy, as they are.
    Lines(String),
}

#[derive(Template)]
#[template(path = "mail/notice.html")]
struct Html<'a> {
    language: &'static str,
    direction: &'a str,
    said: &'a Said,
}

/// Write the letter.
pub fn write(t: Text, said: &Said) -> Message {
    let plain = |part: &Part| match part {
        Part::Said(sentence) => wrapped(sentence),
        Part::Lines(lines) => lines.trim_end().to_owned(),
    };
    let text = said.parts.iter().map(plain).collect::<Vec<_>>().join("\n\n") + "\n";
    let html = Html { language: t.language(), direction: &t.direction(), said };
    let html = html.render().expect("a template without conditions of its own renders into memory");
    Message { subject: said.subject.clone(), text, html }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_as_they_are_and_sentences_are_wrapped() {
        let lines = "origin\n12\nhash\n\n— origin signature\n";
        let parts = vec![Part::Said("word ".repeat(40).trim_end().to_owned()), Part::Lines(lines.to_owned())];
        let message = write(Text::of("en"), &Said { subject: "The <log>".to_owned(), parts });
        assert!(message.text.contains(lines), "{}", message.text);
        assert!(message.text.lines().all(|line| line.chars().count() <= 78));
        assert!(message.html.contains("<pre>origin\n12\nhash\n\n— origin signature\n</pre>"), "{}", message.html);
        assert!(!message.html.contains("<log>"));
    }
}
