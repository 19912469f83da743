//! What people type into the forms of this feature. Pure.

use crate::web::form::{Choice, Problems};
use chrono::NaiveDate;

/// The longest text of one field. Lower: less to read. Higher: fewer people meet its end.
pub const TEXT_CHARS_MAX: usize = 8_000;

/// What was typed, if it is neither nothing nor too much.
pub fn text(field: &'static str, typed: &str, problems: &mut Problems) -> Option<String> {
    let typed = typed.trim();
    match typed.chars().count() {
        0 => problems.note(field, "rights-problem-missing"),
        1..=TEXT_CHARS_MAX => return Some(typed.to_owned()),
        _ => problems.note(field, "rights-problem-long"),
    }
    None
}

/// A day that has come.
pub fn date(field: &'static str, typed: &str, today: NaiveDate, problems: &mut Problems) -> Option<NaiveDate> {
    match typed.trim().parse::<NaiveDate>() {
        Ok(day) if day <= today => return Some(day),
        Ok(_) => problems.note(field, "rights-problem-future"),
        Err(_) => problems.note(field, "rights-problem-date"),
    }
    None
}

/// Words to choose from, each with the sentence named by `prefix` and the word.
pub fn choices(t: crate::text::Text, words: &[&str], prefix: &str) -> Vec<Choice> {
    words.iter().map(|word| Choice { value: (*word).to_owned(), label: t.say(&format!("{prefix}{word}")) }).collect()
}
