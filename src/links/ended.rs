//! Why a device has its visit no more, so that its page can say so.

use super::store;
use crate::crypto::token;
use crate::db;
use crate::ids::{DeviceId, VisitId};

/// Why a device's session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedWhy {
    /// The clinician sent the person away.
    Removed,
    /// Another device took the visit over.
    Moved,
    /// The appointment has another time.
    Rescheduled,
    /// The appointment was called off.
    Cancelled,
}

impl EndedWhy {
    const ALL: [EndedWhy; 4] = [EndedWhy::Removed, EndedWhy::Moved, EndedWhy::Rescheduled, EndedWhy::Cancelled];

    pub fn word(self) -> &'static str {
        match self {
            EndedWhy::Removed => "removed",
            EndedWhy::Moved => "moved",
            EndedWhy::Rescheduled => "rescheduled",
            EndedWhy::Cancelled => "cancelled",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}

/// Why this device's session ended. `None` while it lives.
pub async fn why_ended(tx: &mut db::Tx, device: DeviceId) -> sqlx::Result<Option<EndedWhy>> {
    let word = store::why_ended(tx, device).await?;
    Ok(word.as_deref().and_then(EndedWhy::from_word))
}

/// Why the device session behind a cookie's token ended. `None` if there was none, or it lives. It opens nothing.
pub async fn why_not_here(tx: &mut db::Tx, token: &str, visit: VisitId) -> sqlx::Result<Option<EndedWhy>> {
    let word = store::why_ended_by_token(tx, &token::stored(token), visit).await?;
    Ok(word.as_deref().and_then(EndedWhy::from_word))
}
