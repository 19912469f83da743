//! Two languages that nobody speaks, made from English for tests of the pages. Not in a release, and offered on no page.
//!
//! `en-XA` is English with accents, a third longer and in brackets: what stands on a page without brackets was not
//! translated, and what is cut off in it would be cut off in Finnish. `ar-XB` is the same, written from right to left.
//! Both codes are those of the pseudo-locales of Unicode's CLDR.

use super::Catalogue;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, Resource};
use fluent_syntax::{parser, serializer};

/// Messages that a program reads and no person.
const FOR_PROGRAMS: [&str; 2] = ["common-direction", "common-date-order"];

/// Spoken right to left, whatever letters follow, and the end of that (UAX #9).
const RIGHT_TO_LEFT: (&str, &str) = ("\u{202e}", "\u{202c}");

pub fn catalogues(english: &[&str]) -> [Catalogue; 2] {
    let written = |mirrored: bool| english.iter().map(|file| pretend(file, mirrored)).collect::<Vec<_>>();
    [("en-XA", false), ("ar-XB", true)]
        .map(|(language, mirrored)| Catalogue::new(language, &written(mirrored)).expect("what was made of texts that load loads"))
}

fn pretend(file: &str, mirrored: bool) -> String {
    let mut texts: Resource<String> = parser::parse(file.to_owned()).expect("the English texts load: a test proves it");
    for entry in &mut texts.body {
        if let Entry::Message(message) = entry
            && let Some(value) = &mut message.value
        {
            match message.id.name.as_str() {
                "common-direction" if mirrored => *value = said("rtl"),
                name if FOR_PROGRAMS.contains(&name) => {}
                _ => bracketed(value, mirrored),
            }
        }
    }
    serializer::serialize(&texts)
}

fn said(text: &str) -> Pattern<String> {
    Pattern { elements: vec![PatternElement::TextElement { value: text.to_owned() }] }
}

/// Brackets around the whole, with as much between them as another language might need.
fn bracketed(pattern: &mut Pattern<String>, mirrored: bool) {
    let letters = accented(pattern);
    let (begin, end) = if mirrored { RIGHT_TO_LEFT } else { ("", "") };
    let more = "~".repeat(letters * 4 / 10);
    pattern.elements.insert(0, PatternElement::TextElement { value: format!("{begin}\u{27e6}") });
    // Broken where a line ends, as words are.
    let more = more.as_bytes().chunks(7).map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ");
    pattern.elements.push(PatternElement::TextElement { value: format!(" {more}\u{27e7}{end}") });
}

/// Accents on every letter; how many letters there were. The places of scripts, `%name%`, stay.
fn accented(pattern: &mut Pattern<String>) -> usize {
    let mut letters = 0;
    for element in &mut pattern.elements {
        match element {
            PatternElement::TextElement { value } => {
                letters += value.chars().count();
                *value =
                    value.split('%').enumerate().map(|(at, part)| if at % 2 == 0 { accents(part) } else { format!("%{part}%") }).collect();
            }
            PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
                letters += variants.iter_mut().map(|variant| accented(&mut variant.value)).max().unwrap_or(0);
            }
            PatternElement::Placeable { expression: Expression::Inline(InlineExpression::StringLiteral { value }) } => {
                *value = accents(value)
            }
            PatternElement::Placeable { .. } => letters += 8,
        }
    }
    letters
}

fn accents(text: &str) -> String {
    const PLAIN: &str = "aceginouyACEGINOUY";
    const ACCENTED: &str = "àçéĝîñöûýÀÇÉĜÎÑÖÛÝ";
    let accent = |letter: char| PLAIN.find(letter).and_then(|at| ACCENTED.chars().nth(at)).unwrap_or(letter);
    text.chars().map(accent).collect()
}

#[cfg(test)]
mod tests {
    use crate::text::Text;

    #[test]
    fn a_pretended_text_is_bracketed_longer_and_keeps_its_places_for_values() {
        let (t, mirrored) = (Text::of("en-XA"), Text::of("ar-XB"));
        assert_eq!(t.say("call-leave"), "⟦Léàvé ~~⟧");
        assert_eq!(t.with("call-ready-heading", "clinician", "Dr. X"), "⟦Ýöûr vîsît wîth Dr. X ~~~~~~~ ~~⟧");
        assert!(t.say("call-js-before-many").contains("%count%"));
        assert_eq!((t.direction().as_str(), mirrored.direction().as_str()), ("ltr", "rtl"));
        assert!(mirrored.say("call-leave").contains("Léàvé"));
    }
}
