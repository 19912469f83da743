//! Hints between sockets: "this visit changed, look again". The database decides; a lost hint costs a moment, not a truth.
//!
//! One node has the in-process bus. A second live node on the same database is refused at start
//! ([`db::OnlyNode`](crate::db::OnlyNode)).

use crate::ids::{StaffId, VisitId};
use tokio::sync::broadcast;

/// How many hints a slow listener may fall behind before it is told to look at everything again.
const BACKLOG: usize = 1_024;

/// What may have changed. A listener reads the truth itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// A visit's row, for its own page and its clinician's day.
    Visit { id: VisitId, clinician: StaffId },
    /// What a clinician says to all who wait for them.
    Clinician { id: StaffId },
    /// Everything of one member of staff ended: signed out, disabled.
    StaffGone { id: StaffId },
}

/// Where hints go in and come out.
#[derive(Debug, Clone)]
pub struct Bus(broadcast::Sender<Hint>);

impl Default for Bus {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Bus {
    /// Tell whoever listens. Nobody listening is no error.
    pub fn tell(&self, hint: Hint) {
        let _nobody_listens = self.0.send(hint);
    }

    /// Listen from now on.
    pub fn listen(&self) -> broadcast::Receiver<Hint> {
        self.0.subscribe()
    }
}
