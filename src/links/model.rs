//! What a link may do at this moment. Pure.

use super::Invitation;
use crate::config::LinkConfig;
use crate::time::Timestamp;

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
}

impl VoidedWhy {
    pub const ALL: [VoidedWhy; 5] =
        [VoidedWhy::Redeemed, VoidedWhy::Replaced, VoidedWhy::Moved, VoidedWhy::Cancelled, VoidedWhy::Removed];

    /// The word in the database and in the log.
    pub fn word(self) -> &'static str {
        match self {
            VoidedWhy::Redeemed => "redeemed",
            VoidedWhy::Replaced => "replaced",
            VoidedWhy::Moved => "moved",
            VoidedWhy::Cancelled => "cancelled",
            VoidedWhy::Removed => "removed",
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
        !matches!(self.state.as_str(), "ended" | "cancelled" | "no_show") && now < self.invitation.ends_at + limits.closes_after()
    }
}
