//! What a link may do at this moment. Pure.

use super::Invitation;
use crate::config::LinkConfig;
use crate::patients;
use crate::secret::Secret;
use crate::text::DateOrder;
use crate::time::{Millis, Timestamp};
use chrono::NaiveDate;

/// How many wrong values in a row lock a visit's links (ID-04).
pub const WRONG_MAX: i64 = 5;
/// For how long.
pub const LOCKED_FOR: Millis = Millis::minutes(15);
/// From so many wrong values in an hour on, a source is answered late (ID-04). Never refused: a clinic is one address.
pub const SOURCE_WRONG_MAX: i64 = 20;
/// A device session outlives the planned end and the actual end by this much, whichever is later (LNK-06).
const AFTER_PLANNED_END: Millis = Millis::minutes(60);
const AFTER_ACTUAL_END: Millis = Millis::minutes(10);

/// What somebody typed to show that the link reached the right person. Not an authentication (ID-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    Born(NaiveDate),
    /// The six digits that a clinic told its patient.
    Code(Secret<String>),
}

impl Check {
    /// `None` when it is neither a date, in the order of the page's language, nor six digits. That costs no try.
    pub fn read(typed: &str, order: DateOrder) -> Option<Self> {
        let typed = typed.trim();
        // "402 913", as it is read out.
        let in_threes = typed.split_once(' ').filter(|(first, second)| (first.len(), second.len()) == (3, 3));
        let typed = &in_threes.map_or_else(|| typed.to_owned(), |(first, second)| format!("{first}{second}"));
        if typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Code(Secret::new(typed.to_owned())));
        }
        patients::parse_date_of_birth(typed, order).map(Self::Born)
    }
}

/// A link and its visit, as much of them as the decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The word of the visit's state.
    pub state: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub redeemed: bool,
    /// Of a link that the patient's own device made for a phone: until when it lives.
    pub phone_until: Option<Timestamp>,
    pub voided: Option<VoidedWhy>,
}

/// What a right value leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Open,
    /// The visit goes on at this device.
    ToPhone,
    /// A link for a phone that was used, replaced, or is too old.
    Lapsed,
    /// It opens at this time.
    TooEarly(Timestamp),
    /// Another device has it.
    Elsewhere,
    /// This link was used or replaced, and the visit is not open anywhere.
    Used,
    /// The clinic took it back.
    Withdrawn,
    Moved,
    Cancelled,
    Over,
}

impl Decision {
    /// The word for the page's script and for the log.
    pub fn word(self) -> &'static str {
        match self {
            Decision::Open => "open",
            Decision::ToPhone => "to_phone",
            Decision::Lapsed => "lapsed",
            Decision::TooEarly(_) => "too_early",
            Decision::Elsewhere => "elsewhere",
            Decision::Used => "used",
            Decision::Withdrawn => "withdrawn",
            Decision::Moved => "moved",
            Decision::Cancelled => "cancelled",
            Decision::Over => "over",
        }
    }
}

/// What this link does now, for somebody who typed the right value.
pub fn decide(link: &Standing, now: Timestamp, limits: LinkConfig) -> Decision {
    let opens_at = link.starts_at - limits.opens_before();
    match (link.state.as_str(), link.voided) {
        ("cancelled", _) => Decision::Cancelled,
        ("ended" | "no_show", _) => Decision::Over,
        (state, voided) if link.phone_until.is_some() => {
            phone(state, voided.is_none() && link.phone_until.is_some_and(|until| now < until))
        }
        ("waiting" | "checking" | "in_call", _) => Decision::Elsewhere,
        _ if now >= link.ends_at + limits.closes_after() => Decision::Over,
        _ if link.redeemed => Decision::Elsewhere,
        (_, Some(VoidedWhy::Moved)) => Decision::Moved,
        (_, Some(VoidedWhy::Cancelled)) => Decision::Cancelled,
        (_, Some(VoidedWhy::Redeemed | VoidedWhy::Replaced | VoidedWhy::Removed)) => Decision::Used,
        (_, Some(VoidedWhy::Undelivered | VoidedWhy::WrongPerson | VoidedWhy::Revoked)) => Decision::Withdrawn,
        _ if now < opens_at => Decision::TooEarly(opens_at),
        _ => Decision::Open,
    }
}

fn phone(state: &str, lives: bool) -> Decision {
    match (state, lives) {
        (_, false) => Decision::Lapsed,
        ("waiting", true) => Decision::ToPhone,
        // Let in, or left, in the meantime: whoever has the device decides, as over any other link.
        _ => Decision::Elsewhere,
    }
}

/// True once a device session has ended by itself. It never does while its visit waits or talks (LNK-06).
pub fn session_is_over(state: &str, ends_at: Timestamp, ended_at: Option<Timestamp>, now: Timestamp) -> bool {
    if matches!(state, "waiting" | "checking" | "in_call") {
        return false;
    }
    let after_planned = ends_at + AFTER_PLANNED_END;
    now >= ended_at.map_or(after_planned, |ended_at| after_planned.max(ended_at + AFTER_ACTUAL_END))
}

/// True for a visit that nobody enters any more.
pub fn is_closed(state: &str) -> bool {
    matches!(state, "ended" | "cancelled" | "no_show")
}

/// Why a link opens nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidedWhy {
    /// The visit was opened, with this link or another.
    Redeemed,
    /// A newer link was sent.
    Replaced,
    /// The appointment has another time.
    Moved,
    Cancelled,
    /// The clinician sent the person away.
    Removed,
    /// Its mail came back.
    Undelivered,
    /// Who got the mail said that it is not for them.
    WrongPerson,
    /// The clinic revoked all links at once.
    Revoked,
}

impl VoidedWhy {
    pub const ALL: [VoidedWhy; 8] = [
        VoidedWhy::Redeemed,
        VoidedWhy::Replaced,
        VoidedWhy::Moved,
        VoidedWhy::Cancelled,
        VoidedWhy::Removed,
        VoidedWhy::Undelivered,
        VoidedWhy::WrongPerson,
        VoidedWhy::Revoked,
    ];

    /// The word in the database and in the log.
    pub fn word(self) -> &'static str {
        match self {
            VoidedWhy::Redeemed => "redeemed",
            VoidedWhy::Replaced => "replaced",
            VoidedWhy::Moved => "moved",
            VoidedWhy::Cancelled => "cancelled",
            VoidedWhy::Removed => "removed",
            VoidedWhy::Undelivered => "undelivered",
            VoidedWhy::WrongPerson => "wrong_person",
            VoidedWhy::Revoked => "revoked",
        }
    }

    /// The reason a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}

/// A visit that somebody asks a new link for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub invitation: Invitation,
    pub state: String,
}

impl Invited {
    /// True while a link for it could still be of use.
    pub fn is_open(&self, now: Timestamp, limits: LinkConfig) -> bool {
        !is_closed(&self.state) && now < self.invitation.ends_at + limits.closes_after()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_795_447_800_000);

    fn limits() -> LinkConfig {
        LinkConfig::default()
    }

    fn standing() -> Standing {
        Standing {
            state: "sent".into(),
            starts_at: START,
            ends_at: START + Millis::minutes(30),
            redeemed: false,
            phone_until: None,
            voided: None,
        }
    }

    fn at(now: Timestamp, link: Standing) -> Decision {
        decide(&link, now, limits())
    }

    #[test]
    fn a_link_opens_from_30_minutes_before_until_60_minutes_after_the_planned_end() {
        let (opens, closes) = (START - Millis::minutes(30), START + Millis::minutes(90));
        assert_eq!(at(opens - Millis(1), standing()), Decision::TooEarly(opens));
        assert_eq!(at(opens, standing()), Decision::Open);
        assert_eq!(at(closes - Millis(1), standing()), Decision::Open);
        assert_eq!(at(closes, standing()), Decision::Over);
    }

    #[test]
    fn a_right_value_hears_the_true_reason() {
        let state = |state: &str| Standing { state: state.into(), redeemed: true, ..standing() };
        for word in ["redeemed", "waiting", "checking", "in_call"] {
            assert_eq!(at(START, state(word)), Decision::Elsewhere, "{word}");
        }
        assert_eq!(at(START, state("cancelled")), Decision::Cancelled);
        assert_eq!(at(START, state("ended")), Decision::Over);
        assert_eq!(at(START, state("no_show")), Decision::Over);
        assert_eq!(at(START + Millis::hours(9), state("in_call")), Decision::Elsewhere, "a long call is not over");
        let voided = |why| Standing { voided: Some(why), ..standing() };
        assert_eq!(at(START, voided(VoidedWhy::Moved)), Decision::Moved);
        assert_eq!(at(START - Millis::days(1), voided(VoidedWhy::Moved)), Decision::Moved);
        assert_eq!(at(START, voided(VoidedWhy::Replaced)), Decision::Used);
        assert_eq!(at(START, voided(VoidedWhy::Undelivered)), Decision::Withdrawn);
        assert_eq!(at(START, voided(VoidedWhy::Redeemed)), Decision::Used, "its device was sent out: a new link is needed");
        assert_eq!(at(START, Standing { redeemed: true, ..voided(VoidedWhy::Replaced) }), Decision::Elsewhere);
    }

    #[test]
    fn a_link_for_a_phone_moves_a_visit_that_waits_until_it_is_used_or_too_old() {
        let link = |state: &str, voided| Standing { state: state.into(), redeemed: true, phone_until: Some(START), voided, ..standing() };
        let before = START - Millis(1);
        assert_eq!(at(before, link("waiting", None)), Decision::ToPhone);
        assert_eq!(at(START, link("waiting", None)), Decision::Lapsed);
        for why in VoidedWhy::ALL {
            assert_eq!(at(before, link("waiting", Some(why))), Decision::Lapsed, "{}", why.word());
        }
        for state in ["redeemed", "checking", "in_call"] {
            assert_eq!(at(before, link(state, None)), Decision::Elsewhere, "{state}");
        }
        assert_eq!(at(before, link("ended", None)), Decision::Over);
        assert_eq!(at(before, link("cancelled", None)), Decision::Cancelled);
    }

    #[test]
    fn a_device_session_lives_while_its_visit_does() {
        let end = START + Millis::minutes(30);
        let over = |state, ended_at, now| session_is_over(state, end, ended_at, now);
        assert!(!over("in_call", None, end + Millis::hours(9)));
        assert!(!over("redeemed", None, end + Millis::minutes(60) - Millis(1)));
        assert!(over("redeemed", None, end + Millis::minutes(60)));
        let late = end + Millis::minutes(70);
        assert!(!over("ended", Some(late), late + Millis::minutes(10) - Millis(1)));
        assert!(over("ended", Some(late), late + Millis::minutes(10)));
        assert!(!over("ended", Some(end - Millis::minutes(20)), end), "ended early: the planned end counts");
    }

    #[test]
    fn a_date_or_six_digits_are_a_try_and_nothing_else_is() {
        assert!(matches!(Check::read(" 03/14/1948 ", DateOrder::MonthFirst), Some(Check::Born(_))));
        for code in ["031448", " 031 448 "] {
            assert!(matches!(Check::read(code, DateOrder::MonthFirst), Some(Check::Code(code)) if code.reveal() == "031448"));
        }
        for typed in ["", "x", "12345", "1234567", "١٢٣٤٥٦", "1948"] {
            assert_eq!(Check::read(typed, DateOrder::MonthFirst), None, "{typed}");
        }
    }
}
