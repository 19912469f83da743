//! How a request to move a visit stands. Pure.

use crate::ids::{DeviceId, VisitId};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a request waits for its answer, and an answer to be picked up. Lower: a prompt that nobody expects is gone
/// sooner. Higher: somebody who has to look for the old phone still makes it.
pub const LAPSES_AFTER: Millis = Millis::minutes(10);
/// How often a visit may be asked for in an hour. Higher: more tries for somebody whose devices misbehave. Lower: nobody can
/// wear a patient down with prompts.
pub const ASKED_MAX: i64 = 6;

/// A device that asks to take a visit over, as open pages hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Asking {
    /// The id it will have. An answer names it, so that a yes never goes to somebody who asked a moment later.
    pub device: DeviceId,
    pub lapses_in_ms: i64,
}

/// What a clinician's day says of a visit's devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceMove {
    pub asking: Option<Asking>,
    /// The device that has the visit is not the one that opened it.
    pub moved: bool,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The device that has the visit.
    OldDevice,
    Clinician,
    Scheduler,
}

impl AnsweredBy {
    const ALL: [AnsweredBy; 3] = [AnsweredBy::OldDevice, AnsweredBy::Clinician, AnsweredBy::Scheduler];

    /// The word in the database and in the log.
    pub fn word(self) -> &'static str {
        match self {
            AnsweredBy::OldDevice => "old_device",
            AnsweredBy::Clinician => "clinician",
            AnsweredBy::Scheduler => "scheduler",
        }
    }

    /// A word of the database, for the log.
    pub fn named(word: &str) -> &'static str {
        Self::ALL.into_iter().map(Self::word).find(|known| *known == word).unwrap_or("unknown")
    }
}

/// The form with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct MoveAnswer {
    /// Which request it answers.
    pub device: DeviceId,
    pub answer: YesOrNo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum YesOrNo {
    Yes,
    No,
}

impl YesOrNo {
    /// The word in the database, and of the notice about it.
    pub fn done(self) -> &'static str {
        match self {
            YesOrNo::Yes => "allowed",
            YesOrNo::No => "refused",
        }
    }
}

/// A request as it lies in the database.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Request {
    pub visit_id: VisitId,
    pub lapses_at: Timestamp,
    pub answer: Option<String>,
    pub picked_up_at: Option<Timestamp>,
}

/// What the device that asked hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Asking,
    Allowed(VisitId),
    Refused,
    /// Lapsed, replaced by another request, picked up already, or never made.
    Over,
}

impl Progress {
    /// The word for the page and its script.
    pub fn word(self) -> &'static str {
        match self {
            Progress::Asking => "asking",
            Progress::Allowed(_) => "allowed",
            Progress::Refused => "refused",
            Progress::Over => "over",
        }
    }
}

pub fn progress(request: Option<&Request>, now: Timestamp) -> Progress {
    let Some(request) = request.filter(|request| request.picked_up_at.is_none() && now < request.lapses_at) else {
        return Progress::Over;
    };
    match request.answer.as_deref() {
        None => Progress::Asking,
        Some("allowed") => Progress::Allowed(request.visit_id),
        Some(_) => Progress::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn request(answer: Option<&str>) -> Request {
        Request { visit_id: VisitId(Uuid::nil()), lapses_at: Timestamp(1_000), answer: answer.map(str::to_owned), picked_up_at: None }
    }

    #[test]
    fn a_request_stands_until_it_lapses_is_answered_or_picked_up() {
        let at = |request: &Request, now| progress(Some(request), Timestamp(now));
        assert_eq!(at(&request(None), 999), Progress::Asking);
        assert_eq!(at(&request(None), 1_000), Progress::Over);
        assert_eq!(at(&request(Some("allowed")), 999), Progress::Allowed(VisitId(Uuid::nil())));
        assert_eq!(at(&request(Some("allowed")), 1_000), Progress::Over);
        assert_eq!(at(&request(Some("refused")), 999), Progress::Refused);
        assert_eq!(at(&Request { picked_up_at: Some(Timestamp(1)), ..request(Some("allowed")) }, 2), Progress::Over);
        assert_eq!(progress(None, Timestamp(0)), Progress::Over);
    }
}
