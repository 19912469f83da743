//! What checks of patients' connections came to, for the clinicians who expect them. A hint, kept by this node alone: a restart forgets it, and
//! the pages then say nothing of it.

use super::Hub;
use crate::ids::{StaffId, VisitId};
use crate::time::{Millis, Timestamp};
use crate::waiting_room::check::Check;

/// How long a result says something. Higher: it is there for whoever comes early. Lower: it is about the network they are in now.
const SAYS_SOMETHING: Millis = Millis::hours(2);

/// A result and when it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checked {
    check: Check,
    at: Timestamp,
}

impl Hub {
    /// A patient's page has checked its connection. A later result takes the place of the one before.
    pub fn checked(&self, visit: VisitId, clinician: StaffId, check: Check) {
        let now = self.0.app.now();
        {
            let mut live = self.live();
            live.checks.retain(|_, one| now - one.at < SAYS_SOMETHING);
            live.checks.insert(visit, Checked { check, at: now });
        }
        self.change_day(clinician);
    }

    /// The last result of a visit's patient, while it says something.
    pub fn check_of(&self, visit: VisitId) -> Option<Check> {
        let now = self.0.app.now();
        self.live().checks.get(&visit).filter(|one| now - one.at < SAYS_SOMETHING).map(|one| one.check)
    }
}
