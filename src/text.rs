//! Every sentence a person reads, by name, through Fluent.
//!
//! The messages lie in `templates/text/LANGUAGE/`, one file for each feature, and are compiled in. A name that does not
//! exist fails a test, not a page. **Every language has every text of a patient's pages and mails**; what staff read is
//! English (ACC-08).

#[cfg(debug_assertions)]
mod proof;

use crate::time::{Timestamp, Zone};
use chrono::{Datelike, NaiveDate, Timelike};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::Entry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// The languages of a patient's pages and mails.
pub const LANGUAGES: [&str; 2] = ["en", "es"];

/// The files of a language that patients meet, each of which every language has: the frame of a page, errors, the pages for
/// everybody, the page where the bare address leads, links, the patient's pages of a visit, and mails.
macro_rules! for_patients {
    ($language:literal) => {
        &[
            include_str!(concat!("../templates/text/", $language, "/common.ftl")),
            include_str!(concat!("../templates/text/", $language, "/error.ftl")),
            include_str!(concat!("../templates/text/", $language, "/clinic.ftl")),
            include_str!(concat!("../templates/text/", $language, "/sign_in.ftl")),
            include_str!(concat!("../templates/text/", $language, "/links.ftl")),
            include_str!(concat!("../templates/text/", $language, "/call.ftl")),
            include_str!(concat!("../templates/text/", $language, "/mail.ftl")),
            include_str!(concat!("../templates/text/", $language, "/opened.ftl")),
        ]
    };
}

const ENGLISH: &[&str] = for_patients!("en");
const SPANISH: &[&str] = for_patients!("es");

/// The files that only staff meet. They are in English alone: whoever adds a language of patients translates none of them.
const ENGLISH_FOR_STAFF: &[&str] = &[
    include_str!("../templates/text/en/staff.ftl"),
    include_str!("../templates/text/en/integrity.ftl"),
    include_str!("../templates/text/en/review.ftl"),
    include_str!("../templates/text/en/patients.ftl"),
    include_str!("../templates/text/en/appointments.ftl"),
    include_str!("../templates/text/en/waiting.ftl"),
    include_str!("../templates/text/en/call_clinician.ftl"),
    include_str!("../templates/text/en/note.ftl"),
    include_str!("../templates/text/en/emergency.ftl"),
    include_str!("../templates/text/en/compliance.ftl"),
    include_str!("../templates/text/en/rights.ftl"),
];

/// The texts of one language. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Text(&'static Catalogue);

/// How a language writes a date in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// `03/14/1948`
    MonthFirst,
    /// `14/03/1948`
    DayFirst,
}

struct Catalogue {
    language: &'static str,
    /// It has the texts of staff too.
    for_staff: bool,
    bundle: FluentBundle<FluentResource>,
    names: Vec<String>,
}

static CATALOGUES: LazyLock<BTreeMap<&'static str, Catalogue>> = LazyLock::new(|| {
    let catalogue = |language, files: &[&str]| Catalogue::new(language, files).expect("the texts load: a test proves it");
    let english = Catalogue { for_staff: true, ..catalogue("en", &[ENGLISH, ENGLISH_FOR_STAFF].concat()) };
    let known = [english, catalogue("es", SPANISH)];
    #[cfg(debug_assertions)]
    let known = known.into_iter().chain(proof::catalogues(ENGLISH));
    known.into_iter().map(|catalogue| (catalogue.language, catalogue)).collect()
});

impl Catalogue {
    fn new(language: &'static str, files: &[impl AsRef<str>]) -> Result<Self, String> {
        let identifier = language.parse().map_err(|_| format!("{language} is no language"))?;
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // Names and times are isolated by markup where it matters; the marks would break mails and tests.
        bundle.set_use_isolating(false);
        let mut names = Vec::new();
        for file in files {
            let resource = FluentResource::try_new(file.as_ref().to_owned()).map_err(|(_, errors)| format!("{errors:?}"))?;
            names.extend(resource.entries().filter_map(|entry| match entry {
                Entry::Message(message) => Some(message.id.name.to_owned()),
                _ => None,
            }));
            bundle.add_resource(resource).map_err(|errors| format!("{errors:?}"))?;
        }
        Ok(Self { language, for_staff: false, bundle, names })
    }
}

impl Text {
    /// The texts of a language, English where it is not known.
    pub fn of(language: &str) -> Self {
        Self::named(language).unwrap_or_else(Self::english)
    }

    /// The texts of a language, if patients have them.
    pub fn named(language: &str) -> Option<Self> {
        CATALOGUES.get(language).map(Self)
    }

    /// The texts for somebody who works here, English where their language has none of these.
    pub fn for_staff(language: &str) -> Self {
        Self::named(language).filter(|t| t.0.for_staff).unwrap_or_else(Self::english)
    }

    /// The language's code, `en`.
    pub fn language(self) -> &'static str {
        self.0.language
    }

    /// Which way it is written, as `dir` in HTML: `ltr` or `rtl`.
    pub fn direction(self) -> String {
        self.say("common-direction")
    }

    /// How it writes a date in numbers.
    pub fn date_order(self) -> DateOrder {
        if self.say("common-date-order") == "dmy" { DateOrder::DayFirst } else { DateOrder::MonthFirst }
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

    /// A time of day, `9:30 AM`, for places where the zone is named above.
    pub fn time(self, at: Timestamp, zone: Zone) -> String {
        let local = at.local(zone);
        let (afternoon, hour12) = local.hour12();
        let (minute, half) = (format!("{:02}", local.minute()), if afternoon { "pm" } else { "am" });
        self.with_all("common-time", &[("hour12", &hour12), ("minute", &minute), ("half", &half)])
    }

    /// What people call a zone: its city, in this language.
    pub fn city(self, zone: Zone) -> String {
        let city = zone.city();
        self.with2("common-city", "zone", city.replace(' ', "_"), "city", city)
    }

    /// A time of day with its zone: `10:30 AM New York time (GMT-5)`.
    pub fn clock(self, at: Timestamp, zone: Zone) -> String {
        let (time, city, offset) = (self.time(at, zone), self.city(zone), zone.offset(at));
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

    fn english() -> Self {
        Self(&CATALOGUES["en"])
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
    use std::collections::BTreeSet;

    /// The name of each message of some files, with the places for values in it: of Fluent, `$when`, and of scripts, `%count%`.
    fn places(files: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        let mut places = BTreeMap::new();
        for file in files {
            for entry in fluent_syntax::parser::parse(*file).expect("it parses").body {
                let Entry::Message(message) = &entry else { continue };
                let name = message.id.name.to_owned();
                let written = fluent_syntax::serializer::serialize(&fluent_syntax::ast::Resource { body: vec![entry] });
                assert!(places.insert(name.clone(), places_in(&written)).is_none(), "{name} stands there twice");
            }
        }
        places
    }

    fn places_in(message: &str) -> BTreeSet<String> {
        let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect::<String>();
        let values = message.split('$').skip(1).map(|rest| format!("${}", word(rest)));
        let of_scripts = message.split('%').skip(1).step_by(2).map(|name| format!("%{name}%"));
        values.chain(of_scripts).collect()
    }

    #[test]
    fn every_language_has_every_text_of_a_patients_pages_with_the_same_places_for_values() {
        let (english, spanish) = (places(ENGLISH), places(SPANISH));
        let names = |texts: &BTreeMap<String, BTreeSet<String>>| texts.keys().cloned().collect::<BTreeSet<_>>();
        let differing: Vec<_> = names(&english).symmetric_difference(&names(&spanish)).cloned().collect();
        assert!(differing.is_empty(), "only one of the two languages has {differing:?}");
        for (name, places) in english {
            assert_eq!(spanish[&name], places, "{name} has other values in Spanish");
        }
        assert_eq!(CATALOGUES.keys().filter(|code| LANGUAGES.contains(code)).count(), LANGUAGES.len());
    }

    #[test]
    fn nothing_is_left_in_english() {
        // Words that both languages spell alike.
        const ALIKE: &[&str] = &["common-direction", "common-city", "call-chat", "call-move-no"];
        for name in places(ENGLISH).into_keys().filter(|name| !ALIKE.contains(&name.as_str())) {
            let (english, spanish) = (Text::of("en").say(&name), Text::of("es").say(&name));
            // What is between the places for values.
            let words = english.split(['{', '}']).step_by(2).any(|part| part.contains(char::is_alphabetic));
            assert!(english != spanish || !words, "{name} is `{spanish}` in Spanish too");
        }
    }

    #[test]
    fn a_time_names_its_zone_and_tells_the_two_hours_of_a_clock_change_apart() {
        let zone: Zone = "America/New_York".parse().expect("a known zone");
        let (t, es, at) = (Text::of("en"), Text::of("es"), Timestamp(1_795_447_800_000));
        assert_eq!(t.when(at, zone), "Monday, November 23, 2026, 10:30 AM New York time (GMT-5)");
        assert_eq!(es.when(at, zone), "lunes 23 de noviembre de 2026, 10:30 a.\u{a0}m., hora de Nueva York (GMT-5)");
        let first = Timestamp(1_793_511_000_000);
        assert_eq!(t.clock(first, zone), "1:30 AM New York time (GMT-4)");
        assert_eq!(t.clock(first + crate::time::Millis::hours(1), zone), "1:30 AM New York time (GMT-5)");
    }

    #[test]
    fn noon_is_12_pm_and_midnight_12_am() {
        let at = |hours: i64| Timestamp(1_795_392_000_000) + crate::time::Millis::hours(hours);
        let said = |hours| (Text::of("en").time(at(hours), Zone::UTC), Text::of("es").time(at(hours), Zone::UTC));
        let pair = |en: &str, es: &str| (en.to_owned(), es.replace('_', "\u{a0}"));
        assert_eq!(said(0), pair("12:00 AM", "12:00 a._m."));
        assert_eq!(said(12), pair("12:00 PM", "12:00 p._m."));
        assert_eq!(said(21), pair("9:00 PM", "9:00 p._m."));
    }
}
