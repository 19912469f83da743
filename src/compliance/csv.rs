//! CSV that a spreadsheet may open (RFC 4180, AUD-09, AUD-11). Pure.
//!
//! Opened in a spreadsheet, a cell that begins like a formula runs. Such a cell gets an apostrophe before it. Control
//! characters, which could end a line, move a terminal's cursor or turn the direction of text, are written as `\uXXXX`: one
//! event is one line, whatever is in it. JSON Lines is the exact form; this one is for reading.

use std::fmt::Write;

/// One line of cells, with its line end.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

fn cell(value: &str) -> String {
    let safe = harmless(value);
    if safe.contains(['"', ',', ';', '\'']) || safe.contains(char::is_whitespace) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

/// The value as no program takes it for anything but text.
fn harmless(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 1);
    if value.trim_start_matches(|c: char| c.is_whitespace() || invisible(c)).starts_with(starts_a_formula) || value.starts_with(invisible) {
        out.push('\'');
    }
    for c in value.chars() {
        if invisible(c) {
            write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string does not fail");
        } else {
            out.push(c);
        }
    }
    out
}

/// The signs that begin a formula, in both widths: some programs read them alike.
fn starts_a_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of text.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn plain_cells_stay_as_they_are() {
        assert_eq!(line(["note.saved", "", "203.0.113.9"]), "note.saved,,203.0.113.9\r\n");
        assert_eq!(line([r#"{"a":1}"#, "a b"]), "\"{\"\"a\"\":1}\",\"a b\"\r\n");
    }

    #[test]
    fn what_begins_like_a_formula_is_text() {
        for start in ["=", "+", "-", "@", "\u{ff1d}", "  =", "\t=", "\u{feff}="] {
            assert!(harmless(&format!("{start}HYPERLINK(\"http://x\")")).starts_with('\''), "{start:?}");
        }
        assert_eq!(harmless("\tx"), "'\\u0009x");
        assert_eq!(harmless("\0x"), "'\\u0000x");
        assert_eq!(harmless("a\r\nb\u{1b}[2J\u{202e}"), "a\\u000d\\u000ab\\u001b[2J\\u202e");
    }

    proptest! {
        /// Two different ways of writing the same rule, and a reader that knows nothing of the writer.
        #[test]
        fn no_cell_is_a_formula_or_a_second_line(cells in proptest::collection::vec("\\PC{0,12}|[=+@\\-\t\r\n\0\",'; a\u{1b}\u{85}\u{2028}]{0,8}", 1..6)) {
            let line = line(cells.iter().map(String::as_str));
            prop_assert!(line.ends_with("\r\n"));
            prop_assert!(!line[..line.len() - 2].contains(|c: char| c.is_control() || c == '\u{2028}'), "a second line");
            let read = read_line(&line[..line.len() - 2]);
            prop_assert_eq!(read.len(), cells.len());
            for (read, cell) in read.iter().zip(&cells) {
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']), "{:?}", read);
                prop_assert!(!read.trim_start().starts_with(['=', '+', '-', '@']), "{:?}", read);
                prop_assert!(read.trim_start_matches('\'').len() + 1 >= cell.trim_start_matches('\'').len());
            }
        }
    }

    /// RFC 4180, section 2, for one line.
    fn read_line(line: &str) -> Vec<String> {
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().expect("it was peeked at")),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(std::mem::take(&mut cell)),
                other => cell.push(other),
            }
        }
        cells.push(cell);
        cells
    }
}
