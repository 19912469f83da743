//! To whom data of a patient went, and the account of it that the patient may ask for (45 CFR 164.528). Pure.

use crate::rights::cases::{Entered, Entry};
use crate::rights::words::words;
use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far an accounting looks back (164.528(a)(1)).
const LOOKS_BACK: Months = Months::new(6 * 12);
/// How long a suspension holds that was only spoken (164.528(a)(2)(ii)(C)).
const SPOKEN_HOLDS_DAYS: u64 = 30;

words! {
    /// Whether a disclosure is accounted for, and if not, why (164.528(a)(1)).
    Category {
        Accountable = "accountable",
        Care = "care",
        Patient = "patient",
        Incidental = "incidental",
        Authorized = "authorized",
        Directory = "directory",
        Security = "security",
        Custody = "custody",
        LimitedSet = "limited_set",
    }
}

words! {
    MadeBy {
        Clinic = "clinic",
        BusinessAssociate = "business_associate",
    }
}

words! {
    /// Who may ask that the patient is not told for a while.
    Recipient {
        Other = "other",
        LawEnforcement = "law_enforcement",
        Oversight = "oversight",
    }
}

/// One disclosure (164.528(b)(2)). Nothing of it can be left out but the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    pub on: NaiveDate,
    pub category: Category,
    pub made_by: MadeBy,
    pub recipient_kind: Recipient,
    pub recipient: String,
    pub address: Option<String>,
    pub what: String,
    pub purpose: String,
}

/// What is entered about one disclosure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Note {
    Recorded {
        disclosure: Disclosure,
    },
    /// It was written down wrongly. What is right is written down anew.
    Struck {
        why: String,
    },
}

impl Entry for Note {
    fn word(&self) -> &'static str {
        match self {
            Self::Recorded { .. } => "recorded",
            Self::Struck { .. } => "struck",
        }
    }
}

/// What holds after all entries; nothing if it was struck out.
pub fn current(entries: &[Entered<Note>]) -> Option<Disclosure> {
    match &entries.last()?.entry {
        Note::Recorded { disclosure } => Some(disclosure.clone()),
        Note::Struck { .. } => None,
    }
}

/// What is entered about a suspension of the right to an accounting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Suspending {
    Spoken { agency: Recipient, on: NaiveDate, who: String },
    Written { agency: Recipient, on: NaiveDate, until: NaiveDate, who: String },
}

impl Entry for Suspending {
    fn word(&self) -> &'static str {
        match self {
            Self::Spoken { .. } => "spoken",
            Self::Written { .. } => "written",
        }
    }
}

/// Whom an accounting may not name, and from which day to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspension {
    pub agency: Recipient,
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
}

impl Suspension {
    pub fn of(statement: &Suspending) -> Self {
        match statement {
            Suspending::Spoken { agency, on, .. } => Self { agency: *agency, from: *on, until: *on + Days::new(SPOKEN_HOLDS_DAYS) },
            Suspending::Written { agency, on, until, .. } => Self { agency: *agency, from: *on, until: *until },
        }
    }

    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.until
    }
}

/// Disclosures to one recipient for one purpose: the first in full, how many, and the last (164.528(b)(3)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub first: Disclosure,
    pub count: usize,
    pub last: NaiveDate,
}

/// The first day of the accounting of a request.
pub fn since(asked: NaiveDate) -> NaiveDate {
    asked.checked_sub_months(LOOKS_BACK).unwrap_or(NaiveDate::MIN)
}

/// The accounting of the six years before a request, without those whom it may not name today.
pub fn accounting(ledger: &[Disclosure], asked: NaiveDate, today: NaiveDate, suspensions: &[Suspension]) -> Vec<Line> {
    let withheld = |kind: Recipient| suspensions.iter().any(|one| one.agency == kind && one.holds_on(today));
    let told = |one: &&Disclosure| {
        one.category == Category::Accountable && since(asked) <= one.on && one.on <= asked && !withheld(one.recipient_kind)
    };
    let mut lines: BTreeMap<(String, String, MadeBy), Line> = BTreeMap::new();
    let mut ledger: Vec<&Disclosure> = ledger.iter().filter(told).collect();
    ledger.sort_by_key(|one| one.on);
    for one in ledger {
        let line = lines.entry((alike(&one.recipient), alike(&one.purpose), one.made_by));
        let line = line.or_insert_with(|| Line { first: one.clone(), count: 0, last: one.on });
        (line.count, line.last) = (line.count + 1, one.on);
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.sort_by_key(|line| line.first.on);
    lines
}

/// The same words, however they were typed.
fn alike(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Just, Strategy, prop_oneof};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn disclosure(on: NaiveDate, category: Category, kind: Recipient, recipient: &str, purpose: &str) -> Disclosure {
        let (recipient, purpose) = (recipient.to_owned(), purpose.to_owned());
        Disclosure { on, category, made_by: MadeBy::Clinic, recipient_kind: kind, recipient, address: None, what: "Name".into(), purpose }
    }

    fn any_disclosure() -> impl Strategy<Value = Disclosure> {
        let category = prop_oneof![Just(Category::Accountable), Just(Category::Care), Just(Category::Authorized)];
        let kind = prop_oneof![Just(Recipient::Other), Just(Recipient::LawEnforcement), Just(Recipient::Oversight)];
        let recipient = prop_oneof![Just("State registry"), Just("  state   Registry "), Just("Court"), Just("Police")];
        let made_by = prop_oneof![Just(MadeBy::Clinic), Just(MadeBy::BusinessAssociate)];
        (0u64..3_200, category, kind, recipient, prop_oneof![Just("report"), Just("order")], made_by).prop_map(
            |(days, category, kind, recipient, purpose, made_by)| {
                let on = day("2019-01-01") + Days::new(days);
                Disclosure { made_by, ..disclosure(on, category, kind, recipient, purpose) }
            },
        )
    }

    proptest! {
        /// Each disclosure that is owed is counted on exactly one line, in its place; nothing else is.
        #[test]
        fn an_accounting_holds_all_that_is_owed_and_nothing_else(ledger in proptest::collection::vec(any_disclosure(), 0..40), held in proptest::bool::ANY) {
            let asked = day("2026-11-23");
            let suspensions = if held { vec![Suspension { agency: Recipient::Oversight, from: asked, until: asked }] } else { Vec::new() };
            let lines = accounting(&ledger, asked, asked, &suspensions);
            let owed: Vec<&Disclosure> = ledger.iter().filter(|one| {
                one.category.word() == "accountable" && one.on >= day("2020-11-23") && one.on <= asked
                    && !(held && one.recipient_kind == Recipient::Oversight)
            }).collect();
            prop_assert_eq!(lines.iter().map(|line| line.count).sum::<usize>(), owed.len());
            let same = |one: &Disclosure, other: &Disclosure| {
                let words = |text: &str| text.to_lowercase().split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
                words(&one.recipient) == words(&other.recipient) && one.purpose == other.purpose && one.made_by == other.made_by
            };
            for one in &owed {
                let of: Vec<&Line> = lines.iter().filter(|line| same(&line.first, one)).collect();
                prop_assert_eq!(of.len(), 1, "one line for one recipient and purpose");
                let group: Vec<_> = owed.iter().filter(|other| same(other, one)).map(|other| other.on).collect();
                prop_assert_eq!(of[0].count, group.len());
                prop_assert_eq!(Some(&of[0].first.on), group.iter().min());
                prop_assert_eq!(Some(&of[0].last), group.iter().max());
                prop_assert!(owed.contains(&&of[0].first), "the first stands there in full");
            }
            prop_assert!(lines.windows(2).all(|pair| pair[0].first.on <= pair[1].first.on));
        }
    }

    #[test]
    fn six_years_before_the_request_are_told() {
        let of = |on: &str| {
            let ledger = [disclosure(day(on), Category::Accountable, Recipient::Other, "Court", "order")];
            accounting(&ledger, day("2026-11-23"), day("2027-01-02"), &[]).len()
        };
        assert_eq!((of("2020-11-22"), of("2020-11-23"), of("2026-11-23"), of("2026-11-24")), (0, 1, 1, 0));
    }

    #[test]
    fn what_was_only_spoken_holds_thirty_days() {
        let spoken = Suspending::Spoken { agency: Recipient::LawEnforcement, on: day("2026-11-23"), who: "Officer Quist".into() };
        let suspension = Suspension::of(&spoken);
        let ledger = [disclosure(day("2026-11-01"), Category::Accountable, Recipient::LawEnforcement, "Police", "order")];
        let on = |today: &str| accounting(&ledger, day("2026-11-23"), day(today), &[suspension]).len();
        assert_eq!((on("2026-11-23"), on("2026-12-23"), on("2026-12-24")), (0, 0, 1), "on day 31 it is told");
        assert!(!suspension.holds_on(day("2026-11-22")));
    }

    #[test]
    fn a_disclosure_without_its_recipient_date_data_or_purpose_cannot_be_read() {
        let whole = serde_json::to_value(disclosure(day("2026-11-01"), Category::Accountable, Recipient::Other, "Court", "order"))
            .expect("it serialises");
        for field in ["on", "category", "made_by", "recipient_kind", "recipient", "what", "purpose"] {
            let mut without = whole.clone();
            without.as_object_mut().expect("an object").remove(field);
            assert!(serde_json::from_value::<Disclosure>(without).is_err(), "{field}");
        }
    }
}
