//! The size of everything that comes in.

use actix_web::web;
use std::time::Duration;

/// The longest body of a form or a script's request.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a client may take to send a request's head.
pub const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a silent connection is kept.
pub const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The extractors' limits.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
        .app_data(web::JsonConfig::default().limit(BODY_BYTES_MAX).error_handler(|_, _| super::Error::Invalid.into()))
        .app_data(web::QueryConfig::default().error_handler(|_, _| super::Error::Invalid.into()))
        .app_data(web::PathConfig::default().error_handler(|_, _| super::Error::NotFound.into()));
}
