//! What every page and socket shares: errors, the page frame, the language of an answer, form tokens, HEAD, headers, limits,
//! static files.
//!
//! Knows no feature. A feature's `pages.rs` and `socket.rs` stand on it.

pub mod assets;
pub mod context;
pub mod cookies;
pub mod csrf;
mod error;
pub mod form;
pub mod head;
pub mod headers;
pub mod kept;
pub mod language;
pub mod limit;
pub mod live;
pub mod metrics;
mod page;
pub mod source;
pub mod tls;
pub mod turn;

pub use error::{Error, Result};
pub use page::{LanguageChoice, Nav, Page, html, html_with, see_other};

/// Both features and tests speak of HTTP through the framework's own types.
pub use actix_web::http::StatusCode;
