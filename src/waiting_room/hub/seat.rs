//! Who sits behind a socket, and what its page may be told. Pure.

use crate::ids::{DeviceId, StaffId, StaffSessionId};
use crate::links::EndedWhy;
use crate::waiting_room::room::Party;
use crate::waiting_room::store::Standing;

/// Who sits behind a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    Patient { device: DeviceId },
    Clinician { staff: StaffId, session: StaffSessionId },
}

impl Seat {
    pub fn party(&self) -> Party {
        match self {
            Seat::Patient { .. } => Party::Patient,
            Seat::Clinician { .. } => Party::Clinician,
        }
    }

    /// True if the admission that stands is this seat's.
    pub fn sits_in(&self, standing: &Standing) -> bool {
        match self {
            Seat::Patient { device } => standing.admitted_device == Some(*device),
            Seat::Clinician { staff, .. } => standing.clinician_id == *staff,
        }
    }
}

/// Why a page is sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoneWhy {
    /// The device has the visit no more.
    Device(EndedWhy),
    /// Nobody is signed in any more.
    SignedOut,
    /// The two sides of the call do not fit together (RTC-06).
    Differ,
}

impl GoneWhy {
    /// What the page is told.
    pub fn message(self) -> String {
        let why = match self {
            GoneWhy::Device(why) => why.word(),
            GoneWhy::SignedOut => "signed_out",
            GoneWhy::Differ => "differ",
        };
        serde_json::json!({ "type": "gone", "why": why }).to_string()
    }
}

/// What a socket task sends to its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    Text(String),
    /// A newer tab took the call. The page does not come back by itself.
    Superseded,
    /// The session is over, and why. The page does not come back by itself.
    Gone(GoneWhy),
}
