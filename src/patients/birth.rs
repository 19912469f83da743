//! A date of birth as people type it. Pure.
//!
//! Whoever types it is perhaps 78 and on a phone: every spelling that can mean one day only is taken. A year of two digits can
//! mean two days.

use crate::text::DateOrder;
use chrono::{Datelike, NaiveDate};

/// Nobody alive was born before.
const YEAR_MIN: i32 = 1880;
/// Longer than any spelling.
const CHARS_MAX: usize = 40;
/// The first letters of the months in English and in Spanish.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene"],
    &["feb"],
    &["mar"],
    &["apr", "abr"],
    &["may"],
    &["jun"],
    &["jul"],
    &["aug", "ago"],
    &["sep", "set"],
    &["oct"],
    &["nov"],
    &["dec", "dic"],
];

/// Read `3/14/1948`, `1948-03-14`, `14.03.1948`, `03141948`, `March 14th, 1948`, `14 de marzo de 1948`. Where day and month
/// could each be the other, they come in the order of the page's language.
pub fn parse_date_of_birth(typed: &str, order: DateOrder) -> Option<NaiveDate> {
    if typed.chars().count() > CHARS_MAX {
        return None;
    }
    let lower = typed.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    let parts: Vec<&str> = words.filter(|part| !part.is_empty() && !["de", "del", "of"].contains(part)).collect();
    let date = match parts[..] {
        [digits] => in_one_piece(digits, order),
        [first, second, third] => in_three(first, second, third, order),
        _ => None,
    };
    date.filter(|date| date.year() >= YEAR_MIN)
}

fn in_one_piece(digits: &str, order: DateOrder) -> Option<NaiveDate> {
    if digits.len() != 8 || number(digits).is_none() {
        return None;
    }
    let year_first = in_three(&digits[..4], &digits[4..6], &digits[6..], order);
    year_first.or_else(|| in_three(&digits[..2], &digits[2..4], &digits[4..], order))
}

fn in_three(first: &str, second: &str, third: &str, order: DateOrder) -> Option<NaiveDate> {
    let (year, month, day) = match (year(first), year(third)) {
        (Some(year), _) => (year, month(second)?, day(third)?),
        (None, Some(year)) => {
            let (as_ordered, otherwise) = match order {
                DateOrder::MonthFirst => ((first, second), (second, first)),
                DateOrder::DayFirst => ((second, first), (first, second)),
            };
            let both = |(m, d)| month(m).zip(day(d));
            let (month, day) = both(as_ordered).or_else(|| both(otherwise))?;
            (year, month, day)
        }
        _ => return None,
    };
    NaiveDate::from_ymd_opt(year, month, day)
}

fn year(text: &str) -> Option<i32> {
    (text.len() == 4).then(|| number(text)).flatten().and_then(|year| i32::try_from(year).ok())
}

/// A number or a name.
fn month(text: &str) -> Option<u32> {
    let named = || MONTHS.iter().zip(1..).find(|(starts, _)| starts.iter().any(|start| text.starts_with(start)));
    match number(text) {
        Some(number) => (text.len() <= 2 && (1..=12).contains(&number)).then_some(number),
        None => named().map(|(_, number)| number),
    }
}

/// `14`, or `14th`.
fn day(text: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(text);
    (digits.len() <= 2).then(|| number(digits)).flatten()
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// On a page in English.
    fn parse_date_of_birth(typed: &str) -> Option<NaiveDate> {
        super::parse_date_of_birth(typed, DateOrder::MonthFirst)
    }

    #[test]
    fn where_the_day_comes_first_it_is_read_first() {
        let read = |typed| super::parse_date_of_birth(typed, DateOrder::DayFirst);
        let date = NaiveDate::from_ymd_opt(1948, 3, 14);
        for typed in ["14/03/1948", "14/3/1948", "14.03.1948", "14031948", "14 de marzo de 1948", "1948-03-14", "03/14/1948"] {
            assert_eq!(read(typed), date, "{typed}");
        }
        assert_eq!(read("03/04/1948"), NaiveDate::from_ymd_opt(1948, 4, 3), "the third of April");
        assert_eq!(read("03041948"), NaiveDate::from_ymd_opt(1948, 4, 3));
        assert_eq!(read("31/31/1948"), None);
    }

    #[test]
    fn every_spelling_that_means_one_day_is_read() {
        let date = NaiveDate::from_ymd_opt(1948, 3, 14);
        for typed in [
            "1948-03-14",
            "03/14/1948",
            "3/14/1948",
            " 1948-3-14 ",
            "14/03/1948",
            "14.03.1948",
            "3.14.1948",
            "3 14 1948",
            "03-14-1948",
            "03141948",
            "14031948",
            "19480314",
            "March 14, 1948",
            "march 14th 1948",
            "MAR 14 1948",
            "14 March 1948",
            "14 de marzo de 1948",
        ] {
            assert_eq!(parse_date_of_birth(typed), date, "{typed}");
        }
        assert_eq!(parse_date_of_birth("3/4/1948"), NaiveDate::from_ymd_opt(1948, 3, 4), "the month comes first");
        assert_eq!(parse_date_of_birth("1 de enero de 1950"), NaiveDate::from_ymd_opt(1950, 1, 1));
    }

    #[test]
    fn what_means_two_days_or_none_is_not_read() {
        for typed in [
            "",
            "3/14/48",
            "48-03-14",
            "031448",
            "1948",
            "1948-02-30",
            "1948-13-14",
            "1879-12-31",
            "1948-03-14-1",
            "١٩٤٨-03-14",
            "March 1948",
            "14 14 1948",
            "Smarch 14 1948",
            "٣/١٤/١٩٤٨",
        ] {
            assert_eq!(parse_date_of_birth(typed), None, "{typed}");
        }
        assert_eq!(parse_date_of_birth(&format!("1948-03-14{}", " ".repeat(40))), None);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_not(typed in ".{0,48}") {
            let _read_or_not = parse_date_of_birth(&typed);
        }

        #[test]
        fn each_day_is_read_back_from_how_it_is_written(days in 0i64..52_000) {
            let date = NaiveDate::from_ymd_opt(1880, 1, 1).unwrap() + chrono::TimeDelta::days(days);
            for form in ["%Y-%m-%d", "%m/%d/%Y", "%-m/%-d/%Y", "%B %-d, %Y", "%-d %b %Y", "%Y%m%d", "%m%d%Y"] {
                let written = date.format(form).to_string();
                prop_assert_eq!(parse_date_of_birth(&written), Some(date), "{}", written);
            }
        }
    }
}
