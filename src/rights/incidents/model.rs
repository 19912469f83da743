//! An incident: what was entered, what is still owed, and until when (45 CFR 164.402 to 164.414). Pure.
//!
//! An unlawful use is taken for a breach until somebody has written down why it is none. Whoever must be told is told, or there is a
//! reason in writing why not; without one of the two an incident stays open (PRV-11).

use crate::rights::cases::{Entered, Entry};
use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Calendar days from the discovery within which people are told (164.404(b)).
const NOTICE_DAYS: u64 = 60;
/// From so many people on the government is told at once (164.408(b)), and not in the yearly list.
pub const MANY_PEOPLE: u32 = 500;

/// What is entered about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Step {
    Opened {
        what: String,
        happened: NaiveDate,
        discovered: NaiveDate,
    },
    /// The four factors (164.402(2)) and what follows from them.
    Assessed {
        finding: Finding,
        data: String,
        who: String,
        acquired: String,
        mitigated: String,
    },
    /// How many people, in all and by state of residence.
    Counted {
        people: u32,
        states: Vec<(String, u32)>,
    },
    /// Proof that somebody was told.
    Notified {
        whom: Whom,
        on: NaiveDate,
        how: String,
    },
    NotNeeded {
        whom: Whom,
        why: String,
    },
    Closed {
        comment: String,
    },
}

impl Entry for Step {
    fn word(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Assessed { .. } => "assessed",
            Self::Counted { .. } => "counted",
            Self::Notified { .. } => "notified",
            Self::NotNeeded { .. } => "not_needed",
            Self::Closed { .. } => "closed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Breach,
    /// A low probability that the data were compromised.
    LowProbability,
    /// One of the exceptions of 164.402(1).
    Exception,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    People,
    /// The Secretary of Health and Human Services.
    Government,
    Media,
}

impl Whom {
    pub const ALL: [Self; 3] = [Self::People, Self::Government, Self::Media];

    pub fn word(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Government => "government",
            Self::Media => "media",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|whom| whom.word() == word)
    }
}

impl Finding {
    pub const ALL: [Self; 3] = [Self::Breach, Self::LowProbability, Self::Exception];

    pub fn word(self) -> &'static str {
        match self {
            Self::Breach => "breach",
            Self::LowProbability => "low_probability",
            Self::Exception => "exception",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.word() == word)
    }
}

/// Where an incident stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub what: String,
    pub happened: NaiveDate,
    pub discovered: NaiveDate,
    pub finding: Finding,
    pub people: Option<u32>,
    pub states: Vec<(String, u32)>,
    /// Who was told, or need not be.
    pub settled: BTreeSet<Whom>,
    pub closed: bool,
    /// The number of the last entry.
    pub n: i64,
}

impl Incident {
    /// What follows from the entries. `None` when they do not begin with the opening.
    pub fn of(entries: &[Entered<Step>]) -> Option<Self> {
        let Step::Opened { what, happened, discovered } = entries.first()?.entry.clone() else { return None };
        let mut incident = Self {
            what,
            happened,
            discovered,
            finding: Finding::Breach,
            people: None,
            states: Vec::new(),
            settled: BTreeSet::new(),
            closed: false,
            n: entries.last()?.n,
        };
        for entered in entries {
            match &entered.entry {
                Step::Assessed { finding, .. } => incident.finding = *finding,
                Step::Counted { people, states } => (incident.people, incident.states) = (Some(*people), states.clone()),
                Step::Notified { whom, .. } | Step::NotNeeded { whom, .. } => drop(incident.settled.insert(*whom)),
                Step::Closed { .. } => incident.closed = true,
                Step::Opened { .. } => {}
            }
        }
        Some(incident)
    }

    /// The last day on which people may be told.
    pub fn due(&self) -> NaiveDate {
        self.discovered + Days::new(NOTICE_DAYS)
    }

    /// The last day on which the government may be told: with the people, or in the list of the year of discovery (164.408(c)).
    pub fn government_due(&self) -> NaiveDate {
        if self.is_large() { self.due() } else { yearly_list_due(self.discovered.year()) }
    }

    /// Five hundred people or more.
    pub fn is_large(&self) -> bool {
        self.people.is_some_and(|people| people >= MANY_PEOPLE)
    }

    /// The states of which more than five hundred residents are affected: media there are told (164.406).
    pub fn media_states(&self) -> Vec<&str> {
        self.states.iter().filter(|(_, people)| *people > MANY_PEOPLE).map(|(state, _)| state.as_str()).collect()
    }

    /// Whom the law has told, before anything is settled.
    pub fn owed(&self) -> Vec<Whom> {
        let media = !self.media_states().is_empty();
        Whom::ALL.into_iter().filter(|whom| *whom != Whom::Media || media).collect()
    }

    /// Who was neither told nor found not to need it.
    pub fn lacking(&self) -> Vec<Whom> {
        self.owed().into_iter().filter(|whom| !self.settled.contains(whom)).collect()
    }

    /// When the next thing is due that is not done, and who is owed it.
    pub fn next_due(&self) -> Option<(NaiveDate, Whom)> {
        let due = |whom| if whom == Whom::Government { self.government_due() } else { self.due() };
        self.lacking().into_iter().map(|whom| (due(whom), whom)).min()
    }

    /// Whether this may be entered now; if not, the name of the sentence that says why.
    pub fn may_enter(&self, step: &Step) -> Result<(), &'static str> {
        match step {
            _ if self.closed => Err("rights-incident-is-closed"),
            Step::Opened { .. } => Err("rights-incident-is-open"),
            Step::Closed { .. } if self.people.is_none() => Err("rights-incident-not-counted"),
            Step::Closed { .. } if !self.lacking().is_empty() => Err("rights-incident-not-settled"),
            Step::Notified { on, .. } if *on < self.discovered => Err("rights-incident-told-before"),
            _ => Ok(()),
        }
    }

    /// Whether it belongs into the list of that year which the government gets after its end.
    pub fn in_yearly_list(&self, year: i32) -> bool {
        self.discovered.year() == year && self.finding == Finding::Breach && !self.is_large()
    }
}

/// The last day for the list of the breaches that were discovered in a year.
pub fn yearly_list_due(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(NaiveDate::MAX).checked_add_days(Days::new(NOTICE_DAYS)).unwrap_or(NaiveDate::MAX)
}

/// "New York 120, NJ 4": places and numbers, or nothing if it cannot be read.
pub fn parse_states(typed: &str) -> Option<Vec<(String, u32)>> {
    let parts = typed.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let state = |part: &str| {
        let (name, count) = part.rsplit_once(char::is_whitespace)?;
        let name: String = name.trim().trim_end_matches(':').to_owned();
        (!name.is_empty() && name.chars().count() <= 60).then_some((name, count.parse().ok()?))
    };
    parts.map(state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StaffId;
    use crate::time::Timestamp;
    use proptest::{prop_assert_eq, proptest};
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn incident(steps: &[Step]) -> Incident {
        let opened = Step::Opened { what: "A stolen phone".into(), happened: day("2026-11-20"), discovered: day("2026-11-23") };
        let entered = |(n, entry): (i64, Step)| Entered { n, at: Timestamp(0), by: StaffId(Uuid::nil()), entry };
        let entries: Vec<_> = (1..).zip(std::iter::once(opened).chain(steps.iter().cloned())).map(entered).collect();
        Incident::of(&entries).expect("it begins with its opening")
    }

    fn counted(people: u32, states: &str) -> Step {
        Step::Counted { people, states: parse_states(states).expect("states") }
    }

    fn told(whom: Whom) -> Step {
        Step::Notified { whom, on: day("2026-12-01"), how: "letter".into() }
    }

    fn closed() -> Step {
        Step::Closed { comment: String::new() }
    }

    #[test]
    fn the_clock_counts_sixty_calendar_days() {
        assert_eq!(incident(&[]).due(), day("2027-01-22"));
        assert_eq!((yearly_list_due(2026), yearly_list_due(2027)), (day("2027-03-01"), day("2028-02-29")), "a leap year has a day more");
    }

    #[test]
    fn five_hundred_people_and_more_than_five_hundred_of_one_state_are_two_rules() {
        let of = |people, states: &str| {
            let incident = incident(&[counted(people, states)]);
            (incident.is_large(), incident.media_states().len(), incident.government_due(), incident.in_yearly_list(2026))
        };
        let (soon, later) = (day("2027-01-22"), day("2027-03-01"));
        assert_eq!(of(499, "NY 499"), (false, 0, later, true));
        assert_eq!(of(500, "NY 500"), (true, 0, soon, false));
        assert_eq!(of(501, "NY 501"), (true, 1, soon, false));
        assert_eq!(of(1_000, "NY 500, NJ 500"), (true, 0, soon, false));
        assert_eq!(of(1_103, "New York: 501; NJ 602"), (true, 2, soon, false));
    }

    #[test]
    fn it_cannot_be_closed_without_proof_or_reason_for_each_who_is_owed() {
        let may = |steps: &[Step]| incident(steps).may_enter(&closed());
        assert_eq!(may(&[]), Err("rights-incident-not-counted"));
        let (few, many) = (counted(2, "NY 2"), counted(600, "NY 600"));
        assert_eq!(may(std::slice::from_ref(&few)), Err("rights-incident-not-settled"));
        assert_eq!(may(&[few.clone(), told(Whom::People)]), Err("rights-incident-not-settled"));
        assert_eq!(may(&[few.clone(), told(Whom::People), told(Whom::Government)]), Ok(()));
        assert_eq!(may(&[many, told(Whom::People), told(Whom::Government)]), Err("rights-incident-not-settled"), "the media of New York");
        let not = |whom| Step::NotNeeded { whom, why: "The phone was encrypted".into() };
        assert_eq!(may(&[few.clone(), not(Whom::People), not(Whom::Government)]), Ok(()));
        assert_eq!(
            incident(&[few, not(Whom::People), not(Whom::Government), closed()]).may_enter(&told(Whom::People)),
            Err("rights-incident-is-closed")
        );
    }

    #[test]
    fn nobody_is_told_before_the_discovery() {
        let early = Step::Notified { whom: Whom::People, on: day("2026-11-22"), how: "letter".into() };
        assert_eq!(incident(&[]).may_enter(&early), Err("rights-incident-told-before"));
    }

    proptest! {
        /// Whatever was entered in whatever order: it can be closed exactly when each who is owed something is settled.
        #[test]
        fn closing_needs_everybody_settled(people in 0u32..1_200, state in 0u32..1_200, told_to in proptest::collection::vec(0usize..3, 0..6)) {
            let mut steps = vec![counted(people.max(state), &format!("NY {state}"))];
            steps.extend(told_to.iter().map(|n| told(Whom::ALL[*n])));
            let settled = |whom: usize| told_to.contains(&whom);
            let expected = settled(0) && settled(1) && (state <= 500 || settled(2));
            prop_assert_eq!(incident(&steps).may_enter(&closed()).is_ok(), expected);
        }
    }
}
