//! Every sentence a person reads, by name, through Fluent.
//!
//! The messages lie in `templates/text/LANGUAGE/`, one file for each feature, and are compiled in. A name that does not
//! exist fails a test, not a page.

use crate::time::{Timestamp, Zone};
use chrono::{Datelike, NaiveDate};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::Entry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// The languages of pages and mails.
pub const LANGUAGES: &[&str] = &["en"];

const ENGLISH: &[&str] = &[
    include_str!("../templates/text/en/common.ftl"),
    include_str!("../templates/text/en/error.ftl"),
    include_str!("../templates/text/en/clinic.ftl"),
    include_str!("../templates/text/en/staff.ftl"),
    include_str!("../templates/text/en/patients.ftl"),
    include_str!("../templates/text/en/links.ftl"),
    include_str!("../templates/text/en/appointments.ftl"),
    include_str!("../templates/text/en/waiting.ftl"),
    include_str!("../templates/text/en/call.ftl"),
    include_str!("../templates/text/en/note.ftl"),
    include_str!("../templates/text/en/compliance.ftl"),
    include_str!("../templates/text/en/mail.ftl"),
];

/// The texts of one language. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Text(&'static Catalogue);

struct Catalogue {
    language: &'static str,
    bundle: FluentBundle<FluentResource>,
    names: Vec<String>,
}

static CATALOGUES: LazyLock<BTreeMap<&'static str, Catalogue>> =
    LazyLock::new(|| BTreeMap::from([("en", Catalogue::new("en", ENGLISH).expect("the English texts load: a test proves it"))]));

impl Catalogue {
    fn new(language: &'static str, files: &[&str]) -> Result<Self, String> {
        let identifier = language.parse().map_err(|_| format!("{language} is no language"))?;
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // Names and times are isolated by markup where it matters; the marks would break mails and tests.
        bundle.set_use_isolating(false);
        let mut names = Vec::new();
        for file in files {
            let resource = FluentResource::try_new((*file).to_owned()).map_err(|(_, errors)| format!("{errors:?}"))?;
            names.extend(resource.entries().filter_map(|entry| match entry {
                Entry::Message(message) => Some(message.id.name.to_owned()),
                _ => None,
            }));
            bundle.add_resource(resource).map_err(|errors| format!("{errors:?}"))?;
        }
        Ok(Self { language, bundle, names })
    }
}

impl Text {
    /// The texts of a language, English where it is not known.
    pub fn of(language: &str) -> Self {
        Self(CATALOGUES.get(language).unwrap_or_else(|| &CATALOGUES["en"]))
    }

    /// The language's code, `en`.
    pub fn language(self) -> &'static str {
        self.0.language
    }

    /// The sentence of that name.
    pub fn say(self, name: &str) -> String {
        self.format(name, None)
    }

    /// The sentence of that name with one value in it.
    pub fn with(self, name: &str, key: &str, value: impl fmt::Display) -> String {
        self.format(name, Some(&arguments([(key, &value as &dyn fmt::Display)])))
    }

    /// The sentence of that name with two values in it.
    pub fn with2(self, name: &str, key: &str, value: impl fmt::Display, key2: &str, value2: impl fmt::Display) -> String {
        self.format(name, Some(&arguments([(key, &value as &dyn fmt::Display), (key2, &value2)])))
    }

    /// The sentence of that name with several values in it.
    pub fn with_all(self, name: &str, values: &[(&str, &dyn fmt::Display)]) -> String {
        self.format(name, Some(&arguments(values.iter().copied())))
    }

    /// A sentence that speaks of a number: the number chooses its form.
    pub fn count(self, name: &str, key: &str, number: i64) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set(key, FluentValue::from(number));
        self.format(name, Some(&arguments))
    }

    /// The sentences whose names begin with `prefix`, as JSON for a page's script, names without the prefix.
    /// A place for a value in such a sentence is written `[name]`, and the script fills it.
    pub fn script(self, prefix: &str) -> String {
        let texts: BTreeMap<&str, String> =
            self.0.names.iter().filter_map(|name| Some((name.strip_prefix(prefix)?, self.say(name)))).collect();
        serde_json::to_string(&texts).expect("text serialises")
    }

    /// A day as people say it: `Monday, November 23, 2026`.
    pub fn date(self, date: NaiveDate) -> String {
        let weekday = self.say(&format!("common-weekday-{}", date.weekday().number_from_monday()));
        let month = self.say(&format!("common-month-{}", date.month()));
        let parts: [(&str, &dyn fmt::Display); 4] =
            [("weekday", &weekday), ("month", &month), ("day", &date.day()), ("year", &date.year())];
        self.with_all("common-date", &parts)
    }

    /// A time of day with its zone: `10:30 New York time (GMT-5)`.
    pub fn clock(self, at: Timestamp, zone: Zone) -> String {
        let (time, city, offset) = (at.local(zone).format("%H:%M"), zone.city(), zone.offset(at));
        self.with_all("common-clock", &[("time", &time), ("city", &city), ("offset", &offset)])
    }

    /// A day and a time with its zone.
    pub fn when(self, at: Timestamp, zone: Zone) -> String {
        self.with2("common-when", "date", self.date(at.local(zone).date()), "clock", self.clock(at, zone))
    }

    /// True if there is a sentence of that name.
    pub fn has(self, name: &str) -> bool {
        self.0.bundle.has_message(name)
    }

    fn format(self, name: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.0.bundle.get_message(name).and_then(|message| message.value()) else {
            return name.to_owned();
        };
        self.0.bundle.format_pattern(pattern, arguments, &mut Vec::new()).into_owned()
    }
}

fn arguments<'a>(values: impl IntoIterator<Item = (&'a str, &'a dyn fmt::Display)>) -> FluentArgs<'a> {
    values.into_iter().map(|(key, value)| (key, FluentValue::from(value.to_string()))).collect()
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({})", self.0.language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_names_its_zone_and_tells_the_two_hours_of_a_clock_change_apart() {
        let zone: Zone = "America/New_York".parse().expect("a known zone");
        let (t, at) = (Text::of("en"), Timestamp(1_795_447_800_000));
        assert_eq!(t.when(at, zone), "Monday, November 23, 2026, 10:30 New York time (GMT-5)");
        let first = Timestamp(1_793_511_000_000);
        assert_eq!(t.clock(first, zone), "01:30 New York time (GMT-4)");
        assert_eq!(t.clock(first + crate::time::Millis::hours(1), zone), "01:30 New York time (GMT-5)");
    }
}
