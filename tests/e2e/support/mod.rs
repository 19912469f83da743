//! What a test stands on: the server, the browsers, and the steps that many tests share.

pub mod access;
pub mod browser;
pub mod cleanliness;
pub mod clinic;
pub mod csv;
pub mod desk;
pub mod installed;
pub mod media;
pub mod program;
pub mod server;
pub mod walk;
