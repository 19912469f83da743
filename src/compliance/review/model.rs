//! The rules: what in the log somebody should look at (AUD-12). Pure.
//!
//! A rule knows ids, tags and marks, never a name. It may be wrong about people and is not an accusation: it finds what is worth a look.

use crate::time::{Millis, Timestamp, Zone};
use chrono::{Datelike, Timelike, Weekday};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The kinds that open a record.
pub const OPENING: [&str; 5] = ["patient.read", "patient.changed", "visit.read", "note.read", "note.saved"];
/// The kinds that count where they are refused.
pub const REFUSING: [&str; 2] = ["staff.signed_in", "link.checked"];
/// The kinds that count by the hour at which they happen.
const EXPORTING: [&str; 2] = ["log.exported", "record.exported"];

/// The kind that is looked at whoever did it, and whenever.
pub const EMERGENCY: &str = "emergency.opened";

/// Whether a rule looks at events of this kind.
pub fn looks_at(kind: &str) -> bool {
    OPENING.contains(&kind) || REFUSING.contains(&kind) || EXPORTING.contains(&kind) || kind == EMERGENCY
}

/// What is counted within it.
pub const HOUR: Millis = Millis::hours(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// One account opened the records of many patients within an hour.
    ManyRecords,
    /// A clinician opened the record of somebody who has no appointment with them.
    NoAppointment,
    /// Somebody opened a record that is marked, or one of a patient with their own family name. Which of the two is in no column.
    WatchedRecord,
    /// An export of the log, or of a patient's record, at an hour when nobody works.
    ExportAtNight,
    FailedSignIns,
    WrongLinks,
    /// No rule found it: an officer looked through the log by themselves.
    Activity,
    /// A clinician opened the record of a patient who is not theirs, in an emergency (HIP-04).
    Emergency,
}

impl Rule {
    pub const ALL: [Rule; 8] = [
        Rule::ManyRecords,
        Rule::NoAppointment,
        Rule::WatchedRecord,
        Rule::ExportAtNight,
        Rule::FailedSignIns,
        Rule::WrongLinks,
        Rule::Activity,
        Rule::Emergency,
    ];

    /// The word in the database and in the log.
    pub fn word(self) -> &'static str {
        match self {
            Rule::ManyRecords => "many_records",
            Rule::NoAppointment => "no_appointment",
            Rule::WatchedRecord => "watched_record",
            Rule::ExportAtNight => "export_at_night",
            Rule::FailedSignIns => "failed_sign_ins",
            Rule::WrongLinks => "wrong_links",
            Rule::Activity => "activity",
            Rule::Emergency => "emergency",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

/// Where the rules draw their lines.
#[derive(Debug, Clone)]
pub struct Limits {
    pub records_per_hour: usize,
    pub failed_sign_ins_per_hour: usize,
    pub wrong_links_per_hour: usize,
    /// From the first hour, up to the second.
    pub office_hours: (u32, u32),
    pub zone: Zone,
}

/// What the rules know of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub event: Uuid,
    pub at: Timestamp,
    pub kind: String,
    pub done: bool,
    /// The account that acted.
    pub account: Option<Uuid>,
    pub clinician: bool,
    /// It happened under access in an emergency, which is looked at by itself.
    pub in_emergency: bool,
    pub tags: Vec<Vec<u8>>,
    /// The account or visit that it is about.
    pub object: Option<Uuid>,
    /// The mark of the network address.
    pub source: Option<Vec<u8>>,
}

impl Seen {
    fn opens_a_record(&self) -> bool {
        self.done && OPENING.contains(&self.kind.as_str())
    }
}

/// Something that met a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    pub rule: Rule,
    /// The same for the same thing, however often it is found.
    pub key: String,
    pub at: Timestamp,
    pub event: Uuid,
    pub account: Option<Uuid>,
    pub tag: Option<Vec<u8>>,
    pub number: i64,
}

/// What the events from `new` on raise. Those before it are of the hour before.
pub fn raised(seen: &[Seen], new: usize, limits: &Limits) -> Vec<Raised> {
    let (mut raised, mut found) = (Vec::new(), BTreeSet::new());
    for (place, event) in seen.iter().enumerate().skip(new) {
        let until = &seen[..=place];
        let one = [
            many_records(event, until, limits, &found),
            too_often(event, until, Rule::FailedSignIns, limits.failed_sign_ins_per_hour, &found),
            too_often(event, until, Rule::WrongLinks, limits.wrong_links_per_hour, &found),
            export_at_night(event, limits),
            emergency(event),
        ];
        let all = one.into_iter().flatten().chain(one_record(event));
        raised.extend(all.filter(|one| found.insert(one.key.clone())));
    }
    raised
}

/// The events of the hour that ends with `event`.
fn hour<'a>(event: &Seen, until: &'a [Seen]) -> impl Iterator<Item = &'a Seen> {
    let at = event.at;
    until.iter().filter(move |before| at - before.at < HOUR)
}

fn of(rule: Rule, event: &Seen, who: &str, of_what: i64) -> Raised {
    let key = format!("{}/{who}/{of_what}", rule.word());
    Raised { rule, key, at: event.at, event: event.event, account: event.account, tag: None, number: 1 }
}

fn hour_of(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR.0)
}

fn many_records(event: &Seen, until: &[Seen], limits: &Limits, found: &BTreeSet<String>) -> Option<Raised> {
    let account = event.account.filter(|_| event.opens_a_record())?;
    let raised = of(Rule::ManyRecords, event, &account.to_string(), hour_of(event.at));
    if found.contains(&raised.key) {
        return None;
    }
    let own = hour(event, until).filter(|before| before.account == Some(account) && before.opens_a_record());
    let records: BTreeSet<&Vec<u8>> = own.flat_map(|before| &before.tags).collect();
    (records.len() > limits.records_per_hour).then(|| Raised { number: number(records.len()), ..raised })
}

/// Whether two events are about the same, or came from the same address.
type Same = fn(&Seen, &Seen) -> bool;

/// Refused so often within an hour, by what it is about or by the address it came from.
fn too_often(event: &Seen, until: &[Seen], rule: Rule, limit: usize, found: &BTreeSet<String>) -> Option<Raised> {
    let kind = if rule == Rule::FailedSignIns { "staff.signed_in" } else { "link.checked" };
    let is = |seen: &Seen| seen.kind == kind && !seen.done;
    if !is(event) {
        return None;
    }
    let about = event.object.map(|object| object.to_string());
    let from = event.source.as_ref().map(hex::encode);
    let same: [(Option<String>, Same); 2] =
        [(about, |one, other| one.object == other.object), (from, |one, other| one.source == other.source)];
    for (who, same) in same.into_iter().filter_map(|(who, same)| Some((who?, same))) {
        let raised = of(rule, event, &who, hour_of(event.at));
        if found.contains(&raised.key) {
            return None;
        }
        let times = hour(event, until).filter(|before| is(before) && same(before, event)).count();
        if times >= limit {
            // Who failed to sign in acted under no account; whom it is about may help.
            let account = if rule == Rule::FailedSignIns { event.object } else { None };
            return Some(Raised { number: number(times), account, ..raised });
        }
    }
    None
}

fn export_at_night(event: &Seen, limits: &Limits) -> Option<Raised> {
    if !EXPORTING.contains(&event.kind.as_str()) || !event.done {
        return None;
    }
    let local = event.at.local(limits.zone);
    let weekend = matches!(local.weekday(), Weekday::Sat | Weekday::Sun);
    let at_work = !weekend && (limits.office_hours.0..limits.office_hours.1).contains(&local.hour());
    let who = event.account.map_or_else(|| event.event.to_string(), |account| account.to_string());
    (!at_work).then(|| of(Rule::ExportAtNight, event, &who, hour_of(event.at)))
}

/// Each time a record is opened in an emergency. The key names the access.
fn emergency(event: &Seen) -> Option<Raised> {
    let access = event.object.filter(|_| event.kind == EMERGENCY && event.done)?;
    let (rule, tag) = (Rule::Emergency, event.tags.first().cloned());
    Some(Raised { tag, key: format!("{}/{access}", rule.word()), ..of(rule, event, "", 0) })
}

/// Somebody opened records, each something to review only if the database says so: it is marked or of a patient with their family name; or
/// a clinician has no appointment with the patient.
fn one_record(event: &Seen) -> Vec<Raised> {
    const DAY_HOURS: i64 = 24;
    let Some(account) = event.account.filter(|_| event.opens_a_record()) else { return Vec::new() };
    let rules: &[Rule] =
        if event.clinician && !event.in_emergency { &[Rule::NoAppointment, Rule::WatchedRecord] } else { &[Rule::WatchedRecord] };
    let one = |rule: Rule, tag: &Vec<u8>| {
        let who = format!("{account}/{}", hex::encode(tag));
        Raised { tag: Some(tag.clone()), ..of(rule, event, &who, hour_of(event.at).div_euclid(DAY_HOURS)) }
    };
    event.tags.iter().flat_map(|tag| rules.iter().map(move |rule| one(*rule, tag))).collect()
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2026-11-23, 10:30 in New York.
    const NOW: Timestamp = Timestamp(1_795_447_800_000);

    fn limits() -> Limits {
        Limits {
            records_per_hour: 3,
            failed_sign_ins_per_hour: 3,
            wrong_links_per_hour: 3,
            office_hours: (7, 19),
            zone: "America/New_York".parse().expect("a zone"),
        }
    }

    fn seen(minute: i64, kind: &str, account: u128, tag: u8) -> Seen {
        Seen {
            event: Uuid::from_u128(minute.unsigned_abs().into()),
            at: NOW + Millis::minutes(minute),
            kind: kind.to_owned(),
            done: true,
            account: Some(Uuid::from_u128(account)),
            clinician: false,
            in_emergency: false,
            tags: vec![vec![tag; 16]],
            object: None,
            source: None,
        }
    }

    fn rules(seen: &[Seen], new: usize) -> Vec<(Rule, i64)> {
        let raised = raised(seen, new, &limits()).into_iter().filter(|raised| raised.rule != Rule::WatchedRecord);
        raised.map(|raised| (raised.rule, raised.number)).collect()
    }

    #[test]
    fn many_records_are_many_patients_of_one_account_in_one_hour() {
        let opened = |count: i64, apart: i64| (0..count).map(|n| seen(n * apart, "patient.read", 1, n as u8)).collect::<Vec<_>>();
        assert_eq!(rules(&opened(3, 1), 0), []);
        assert_eq!(rules(&opened(4, 1), 0), [(Rule::ManyRecords, 4)]);
        assert_eq!(rules(&opened(5, 1), 4), [(Rule::ManyRecords, 5)], "those before count, and are not raised again");
        assert_eq!(rules(&opened(8, 25), 0), [], "spread over hours");
        let same: Vec<Seen> = (0..9).map(|n| seen(n, "note.read", 1, 7)).collect();
        assert_eq!(rules(&same, 0), [], "one record, often");
        let two: Vec<Seen> = (0..6).map(|n| seen(n, "patient.read", 1 + n.unsigned_abs() as u128 % 2, n as u8)).collect();
        assert_eq!(rules(&two, 0), [], "two people, three records each");
        let listed: Vec<Seen> = (0..9).map(|n| seen(n, "visits.listed", 1, n as u8)).collect();
        assert_eq!(rules(&listed, 0), [], "a list opens no record");
    }

    #[test]
    fn an_hour_that_ends_between_two_events_does_not_hide_them() {
        // 10:58 to 11:04: two hours of the clock, six minutes.
        let over: Vec<Seen> = (28..34).step_by(1).map(|n| seen(n, "patient.read", 1, n as u8)).collect();
        assert_eq!(rules(&over, 0).first(), Some(&(Rule::ManyRecords, 4)));
    }

    #[test]
    fn refusals_count_by_what_they_are_about_and_by_address() {
        let refused = |n: i64, object: Option<u128>, source: u8| Seen {
            done: false,
            account: None,
            tags: Vec::new(),
            object: object.map(Uuid::from_u128),
            source: Some(vec![source; 16]),
            ..seen(n, "staff.signed_in", 0, 0)
        };
        let one_account: Vec<Seen> = (0..3).map(|n| refused(n, Some(5), n as u8)).collect();
        assert_eq!(rules(&one_account, 0), [(Rule::FailedSignIns, 3)], "one account from everywhere");
        let one_address: Vec<Seen> = (0..3).map(|n| refused(n, Some(n.unsigned_abs() as u128), 9)).collect();
        assert_eq!(rules(&one_address, 0), [(Rule::FailedSignIns, 3)], "one address to many accounts");
        let all_apart: Vec<Seen> = (0..9).map(|n| refused(n, Some(n.unsigned_abs() as u128), n as u8)).collect();
        assert_eq!(rules(&all_apart, 0), []);
        let right: Vec<Seen> = one_account.iter().map(|event| Seen { done: true, ..event.clone() }).collect();
        assert_eq!(rules(&right, 0), []);
        let links: Vec<Seen> = one_address.iter().map(|event| Seen { kind: "link.checked".to_owned(), ..event.clone() }).collect();
        assert_eq!(rules(&links, 0), [(Rule::WrongLinks, 3)]);
    }

    #[test]
    fn an_export_is_looked_at_when_nobody_works() {
        let export = |hours: i64| rules(&[seen(60 * hours, "log.exported", 1, 0)], 0);
        assert_eq!(export(0), [], "Monday, 10:30");
        assert_eq!(export(9), [(Rule::ExportAtNight, 1)], "Monday, 19:30");
        assert_eq!(export(-5), [(Rule::ExportAtNight, 1)], "Monday, 5:30");
        assert_eq!(export(24 * 5), [(Rule::ExportAtNight, 1)], "Saturday, 10:30");
        let night = [seen(540, "record.exported", 1, 0), seen(541, "record.exported", 1, 0), seen(542, "record.exported", 2, 0)];
        assert_eq!(rules(&night, 0), [(Rule::ExportAtNight, 1); 2], "a patient's copy, once for each account and hour");
    }

    #[test]
    fn each_access_in_an_emergency_is_looked_at_once_and_what_is_read_under_it_is_no_second_thing() {
        let opened = Seen { clinician: true, in_emergency: true, object: Some(Uuid::from_u128(9)), ..seen(0, EMERGENCY, 1, 1) };
        let read = Seen { clinician: true, in_emergency: true, ..seen(1, "note.read", 1, 1) };
        assert_eq!(rules(&[opened.clone(), read.clone(), opened.clone()], 0), [(Rule::Emergency, 1)]);
        assert_eq!(rules(&[Seen { in_emergency: false, ..read }], 0), [(Rule::NoAppointment, 1)]);
        assert_eq!(rules(&[Seen { done: false, ..opened }], 0), [], "nothing was opened");
    }

    #[test]
    fn each_patient_of_a_clinician_is_asked_about_once_a_day() {
        let opens = |n: i64, tag: u8| Seen { clinician: true, ..seen(n, "note.read", 1, tag) };
        let asked = |events: &[Seen], rule: Rule| -> Vec<u8> {
            let raised = raised(events, 0, &limits()).into_iter().filter(|raised| raised.rule == rule);
            raised.map(|raised| raised.tag.expect("a tag")[0]).collect()
        };
        let opened = [opens(0, 1), opens(5, 1), opens(6, 2)];
        assert_eq!(asked(&opened, Rule::NoAppointment), [1, 2]);
        assert_eq!(asked(&opened, Rule::WatchedRecord), [1, 2]);
        assert_eq!(asked(&[seen(0, "patient.read", 1, 1)], Rule::WatchedRecord), [1], "and of everybody else, whether it is watched");
        let refused = Seen { done: false, ..seen(0, "patient.read", 1, 1) };
        assert!(asked(&[refused], Rule::WatchedRecord).is_empty());
        assert_eq!(rules(&[seen(0, "patient.read", 1, 1)], 0), [], "the front desk reads everybody");
    }
}
