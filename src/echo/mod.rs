//! The network check: how a person's connection does, before the visit, measured against an echo that `serve` runs as a process of its own.
//!
//! The page sends a drawn test card, a tone and numbers, never its camera or microphone (`static/calls/check.js`); the echo sends them back;
//! the page counts. `model` says who may have one and what it may cost, `sdp` what may be said to begin one, `protocol` what the two processes say to
//! each other, `process` is the echo's side and `peer` its one connection, `keeper` starts it again when it dies.
//! No media of a visit ever comes here (RTC-02).
//!
//! A check writes nothing into the database, and no event unless somebody tries what may not be. What came of it stays in memory, beside the rooms of this
//! node, for as long as somebody waits: it is a hint for the clinician and no record.

mod keeper;
pub mod model;
mod pages;
mod peer;
pub mod process;
mod protocol;
mod sdp;

pub use keeper::{Echo, NoCheck};
pub use pages::routes;
