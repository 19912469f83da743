//! A patient's request and its clock (45 CFR 164.524(b), 164.528(c)). Pure.

use crate::rights::cases::{CaseKind, Entered, Entry};
use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// By how many days a request may be put off, once.
const EXTENSION_DAYS: u64 = 30;
/// Of several accountings in so long the first costs nothing (164.528(c)(2)).
const FREE_EVERY: Months = Months::new(12);

/// What is entered about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Step {
    Asked {
        on: NaiveDate,
        how: String,
    },
    /// The patient was told in writing why it takes longer.
    Extended {
        on: NaiveDate,
        why: String,
    },
    /// It was answered, by whom, and with what. The copy is what the patient got.
    Given {
        on: NaiveDate,
        title: String,
        free: bool,
        sha256: String,
        copy: Option<String>,
    },
    /// It was not answered: taken back, or refused with a reason that the patient got in writing.
    Declined {
        on: NaiveDate,
        title: String,
        why: String,
    },
}

impl Entry for Step {
    fn word(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "asked",
            Self::Extended { .. } => "extended",
            Self::Given { .. } => "given",
            Self::Declined { .. } => "declined",
        }
    }
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub kind: CaseKind,
    pub asked: NaiveDate,
    pub extended: bool,
    pub given: Option<NaiveDate>,
    pub declined: bool,
    /// The copy that was given, if it is kept here.
    pub copy: Option<String>,
    pub n: i64,
}

impl Request {
    /// What follows from the entries. `None` when they do not begin with the request.
    pub fn of(kind: CaseKind, entries: &[Entered<Step>]) -> Option<Self> {
        let Step::Asked { on, .. } = &entries.first()?.entry else { return None };
        let mut request = Self { kind, asked: *on, extended: false, given: None, declined: false, copy: None, n: entries.last()?.n };
        for entered in entries {
            match &entered.entry {
                Step::Asked { .. } => {}
                Step::Extended { .. } => request.extended = true,
                Step::Given { on, copy, .. } => (request.given, request.copy) = (Some(*on), copy.clone()),
                Step::Declined { .. } => request.declined = true,
            }
        }
        Some(request)
    }

    /// What follows from the words of the entries alone.
    pub fn at_a_glance<'a>(kind: CaseKind, asked: NaiveDate, words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut request = Self { kind, asked, extended: false, given: None, declined: false, copy: None, n: 0 };
        for word in words {
            request.n += 1;
            match word {
                "extended" => request.extended = true,
                "given" => request.given = Some(asked),
                "declined" => request.declined = true,
                _ => {}
            }
        }
        request
    }

    /// The last day for an answer.
    pub fn due(&self) -> NaiveDate {
        self.asked + Days::new(first_days(self.kind) + if self.extended { EXTENSION_DAYS } else { 0 })
    }

    pub fn is_open(&self) -> bool {
        self.given.is_none() && !self.declined
    }

    /// Whether this may be entered; if not, the name of the sentence that says why.
    pub fn may_enter(&self, step: &Step, today: NaiveDate) -> Result<(), &'static str> {
        match step {
            Step::Asked { .. } => Err("rights-problem-form"),
            _ if !self.is_open() => Err("rights-request-answered"),
            Step::Extended { .. } if self.extended => Err("rights-request-extended-before"),
            Step::Extended { .. } if today > self.due() => Err("rights-request-too-late"),
            _ => Ok(()),
        }
    }
}

/// How many days an answer may take.
fn first_days(kind: CaseKind) -> u64 {
    if kind == CaseKind::Accounting { 60 } else { 30 }
}

/// Whether an accounting that is asked for on that day costs nothing: none was given in the twelve months before.
pub fn is_free(asked: NaiveDate, given: &[NaiveDate]) -> bool {
    let since = asked.checked_sub_months(FREE_EVERY).unwrap_or(NaiveDate::MIN);
    given.iter().all(|on| *on <= since || *on > asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StaffId;
    use crate::time::Timestamp;
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn request(kind: CaseKind, steps: &[Step]) -> Request {
        let asked = Step::Asked { on: day("2026-11-23"), how: "By letter".into() };
        let entered = |(n, entry): (i64, Step)| Entered { n, at: Timestamp(0), by: StaffId(Uuid::nil()), entry };
        let entries: Vec<_> = (1..).zip(std::iter::once(asked).chain(steps.iter().cloned())).map(entered).collect();
        Request::of(kind, &entries).expect("it begins with the request")
    }

    fn extended() -> Step {
        Step::Extended { on: day("2026-12-01"), why: "An archive is closed".into() }
    }

    #[test]
    fn an_accounting_takes_sixty_days_and_a_record_set_thirty_and_each_once_thirty_more() {
        let due = |kind, steps: &[Step]| request(kind, steps).due();
        assert_eq!(due(CaseKind::Accounting, &[]), day("2027-01-22"));
        assert_eq!(due(CaseKind::Accounting, &[extended()]), day("2027-02-21"));
        assert_eq!(due(CaseKind::RecordSet, &[]), day("2026-12-23"));
        assert_eq!(due(CaseKind::RecordSet, &[extended()]), day("2027-01-22"));
    }

    #[test]
    fn a_request_is_extended_once_in_time_and_answered_once() {
        let open = request(CaseKind::Accounting, &[]);
        assert_eq!(open.may_enter(&extended(), day("2027-01-22")), Ok(()));
        assert_eq!(open.may_enter(&extended(), day("2027-01-23")), Err("rights-request-too-late"));
        let once = request(CaseKind::Accounting, &[extended()]);
        assert_eq!(once.may_enter(&extended(), day("2026-12-02")), Err("rights-request-extended-before"));
        let given = Step::Given { on: day("2026-12-02"), title: "Privacy officer".into(), free: true, sha256: String::new(), copy: None };
        let answered = request(CaseKind::Accounting, std::slice::from_ref(&given));
        assert_eq!(answered.may_enter(&given, day("2026-12-03")), Err("rights-request-answered"));
    }

    #[test]
    fn the_first_accounting_in_twelve_months_is_free() {
        let asked = day("2026-11-23");
        assert!(is_free(asked, &[]));
        assert!(is_free(asked, &[day("2025-11-23")]) && !is_free(asked, &[day("2025-11-24")]));
        assert!(!is_free(asked, &[asked]) && is_free(asked, &[day("2026-11-24")]));
    }
}
