//! What somebody typed outlives an answer that it cannot be used now: the page of that answer offers to send the same again.
//!
//! Only until the page is left, and only for forms that carry no password: whoever handles a form decides that by keeping it.

use actix_web::{HttpMessage, HttpRequest};

/// The fields of a form, in the order in which they came.
pub type Fields = Vec<(String, String)>;

struct Kept(Fields);

/// Keep the fields of this request's form for the page of an answer that says "not now".
pub fn keep(request: &HttpRequest, fields: Fields) {
    request.extensions_mut().insert(Kept(fields));
}

/// What was kept, once.
pub(super) fn take(request: &HttpRequest) -> Option<Fields> {
    request.extensions_mut().remove::<Kept>().map(|Kept(fields)| fields)
}
