//! What a test stands on: the server, the browsers, and the steps that many tests share.

pub mod access;
pub mod browser;
pub mod chromium;
pub mod cleanliness;
pub mod clinic;
pub mod csv;
pub mod desk;
pub mod firefox;
#[path = "../../it/support/front.rs"]
pub mod front;
pub mod installed;
pub mod media;
pub mod portrait;
pub mod program;
pub mod server;
#[path = "../../it/support/verifiers.rs"]
#[expect(dead_code, reason = "the integration tests do the rest with it")]
pub mod verifiers;
pub mod walk;
