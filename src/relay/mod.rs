//! The relay: STUN and TURN (RFC 8489, RFC 8656) for calls that find no direct way.
//!
//! It carries what two browsers encrypted for each other, and can read none of it.

pub mod credential;
pub mod engine;
pub mod frame;
pub mod limits;
pub mod peers;
pub mod stun;
