//! The calendar file beside a letter (RFC 5545, RFC 5546). Pure.
//!
//! Only for patients who agreed to times by mail. It says "Appointment" and when, in UTC, and nothing else: no link, no
//! place, no person (EML-05). A moved visit keeps its `UID` and raises its `SEQUENCE`.

use super::outbox::LetterKind;
use crate::crypto::{length_prefixed, sha256};
use crate::ids::VisitId;
use crate::text::Text;
use crate::time::Timestamp;
use icalendar::{Calendar, Class, Component, Event, EventLike, EventStatus, Property};

/// What a calendar is told.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub visit: VisitId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub sequence: i64,
    /// When this was written.
    pub written_at: Timestamp,
    /// The address that mails come from: RFC 5546 wants an organizer.
    pub from: &'a str,
    /// The domain in the entry's id.
    pub domain: &'a str,
}

/// A calendar file and the method that its content type repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub method: &'static str,
    pub body: String,
}

/// The file for a letter of this kind; none for letters that change no calendar.
pub fn file(t: Text, kind: LetterKind, entry: &Entry<'_>) -> Option<File> {
    let (method, status) = match kind {
        LetterKind::Booked | LetterKind::Moved => ("PUBLISH", EventStatus::Confirmed),
        LetterKind::Cancelled => ("CANCEL", EventStatus::Cancelled),
        LetterKind::Reminder | LetterKind::NewLink => return None,
    };
    let mut event = Event::new();
    event
        .uid(&uid(entry.visit, entry.domain))
        .timestamp(entry.written_at.utc())
        .starts(entry.starts_at.utc())
        .ends(entry.ends_at.utc())
        .summary(&t.say("mail-calendar-summary"))
        .class(Class::Private)
        .sequence(u32::try_from(entry.sequence).unwrap_or(u32::MAX))
        .append_property(Property::new("ORGANIZER", format!("mailto:{}", entry.from)));
    event.status(status);
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", "-//Anteroom//EN"))
        .append_property(Property::new("METHOD", method))
        .push(event.done());
    Some(File { method, body: calendar.done().to_string() })
}

/// The same for every letter about a visit, and not the visit's own id.
fn uid(visit: VisitId, domain: &str) -> String {
    let hash = sha256(&length_prefixed(&[b"calendar/1", visit.0.as_bytes()]));
    format!("{}@{domain}", hex::encode(&hash[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn written(kind: LetterKind, sequence: i64) -> Option<String> {
        let entry = Entry {
            visit: VisitId(Uuid::from_u128(7)),
            starts_at: Timestamp(1_795_447_800_000),
            ends_at: Timestamp(1_795_449_600_000),
            sequence,
            written_at: Timestamp(1_795_000_000_000),
            from: "visits@clinic.example",
            domain: "visits.clinic.example",
        };
        file(Text::of("en"), kind, &entry).map(|file| file.body)
    }

    fn line<'a>(body: &'a str, name: &str) -> &'a str {
        body.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {body}"))
    }

    #[test]
    fn a_calendar_entry_says_when_and_nothing_else() {
        let body = written(LetterKind::Booked, 1).expect("a file");
        assert_eq!((line(&body, "DTSTART:"), line(&body, "DTEND:")), ("20261123T153000Z", "20261123T160000Z"));
        assert_eq!((line(&body, "SUMMARY:"), line(&body, "CLASS:"), line(&body, "METHOD:")), ("Appointment", "PRIVATE", "PUBLISH"));
        let mut names: Vec<&str> = body.lines().filter_map(|line| line.split([':', ';']).next()).collect();
        names.sort_unstable();
        let known = [
            "BEGIN",
            "BEGIN",
            "CLASS",
            "DTEND",
            "DTSTAMP",
            "DTSTART",
            "END",
            "END",
            "METHOD",
            "ORGANIZER",
            "PRODID",
            "SEQUENCE",
            "STATUS",
            "SUMMARY",
            "UID",
            "VERSION",
        ];
        assert_eq!(names, known, "no attendee, no link, no place, no description");
        assert!(!body.contains("://"));
    }

    #[test]
    fn a_moved_visit_is_the_same_entry_with_a_higher_sequence_and_a_cancelled_one_is_taken_out() {
        let booked = written(LetterKind::Booked, 1).expect("a file");
        let cancelled = written(LetterKind::Cancelled, 5).expect("a file");
        assert_eq!(line(&booked, "UID:"), line(&cancelled, "UID:"));
        assert_eq!((line(&cancelled, "METHOD:"), line(&cancelled, "STATUS:")), ("CANCEL", "CANCELLED"));
        assert_eq!((line(&booked, "SEQUENCE:"), line(&cancelled, "SEQUENCE:")), ("1", "5"));
        assert_eq!(written(LetterKind::Reminder, 1), None);
    }
}
