//! Who asks, and how: the kinds of visitors, and what their browsers send along.

use std::fmt;

/// A kind of visitor. A device is a browser without a sign-in that holds the cookie of one visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Visitor {
    Nobody,
    /// The device that opened this visit.
    Device,
    /// A device that opened another patient's visit with the same clinician.
    OtherDevice,
    /// A device that opened this visit and was sent away.
    EndedDevice,
    /// A device that asks to take this visit over.
    AskingDevice,
    Scheduler,
    /// The clinician of this visit.
    Clinician,
    OtherClinician,
    Compliance,
    Administrator,
}

impl Visitor {
    pub const ALL: [Visitor; 10] = [
        Visitor::Nobody,
        Visitor::Device,
        Visitor::OtherDevice,
        Visitor::EndedDevice,
        Visitor::AskingDevice,
        Visitor::Scheduler,
        Visitor::Clinician,
        Visitor::OtherClinician,
        Visitor::Compliance,
        Visitor::Administrator,
    ];
    pub const STAFF: [Visitor; 5] =
        [Visitor::Scheduler, Visitor::Clinician, Visitor::OtherClinician, Visitor::Compliance, Visitor::Administrator];
}

impl fmt::Display for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Visitor::Nobody => "nobody",
            Visitor::Device => "device",
            Visitor::OtherDevice => "other device",
            Visitor::EndedDevice => "ended device",
            Visitor::AskingDevice => "asking device",
            Visitor::Scheduler => "scheduler",
            Visitor::Clinician => "clinician",
            Visitor::OtherClinician => "other clinician",
            Visitor::Compliance => "compliance",
            Visitor::Administrator => "administrator",
        })
    }
}

/// From where a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum From {
    /// A page of ours, with the form token of the visitor's session.
    OurPage,
    /// A page of ours, without the form token.
    WithoutToken,
    /// A page of somebody else's. It knows no form token, and the browser says whose page it is.
    Elsewhere,
}

impl From {
    pub const ALL: [From; 3] = [From::OurPage, From::WithoutToken, From::Elsewhere];
}
