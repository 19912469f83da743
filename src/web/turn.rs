//! One after the other: of all that a handler's signature asks, the first to turn a request away is the one that answers.
//!
//! The framework begins all extractors of a handler at once. Two that both find something wrong would both record it, and
//! which of them answered would be chance (AUD-04). So each that may refuse takes its turn, in the order of the signature.

use actix_web::{HttpMessage, HttpRequest};
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

#[derive(Debug, Clone, Default)]
struct Turn(Arc<Mutex<()>>);

/// Wait for whoever asked before, for as long as they look. Keep it until the request is let through or the refusal is written.
pub async fn of(request: &HttpRequest) -> OwnedMutexGuard<()> {
    let turn = request.extensions_mut().get_or_insert_with(Turn::default).clone();
    turn.0.lock_owned().await
}
