//! The headers of every answer: nothing inline, nothing from elsewhere, nothing kept, nothing told (WEB-01, LNK-13).

use crate::app::App;
use crate::web::assets;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self' blob:; connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// Of scripts and styles. A page that uses them obeys its own policy; run as a worker, which none of ours but one is, such a file could do nothing.
/// Short, because a patient's page has some forty of them.
const POLICY_OF_NO_DOCUMENT: &str = "default-src 'none'; frame-ancestors 'none'";

/// A worker obeys the policy of its own answer and not its page's, so the engine that blurs a background runs under this one, and no page may
/// run such code. It loads two files from here, and that is all.
const POLICY_OF_BACKGROUND_WORKER: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self), \
    autoplay=(self), fullscreen=(self), speaker-selection=(self), geolocation=(), payment=(), usb=(), browsing-topics=()";

const ALWAYS: &[(&str, &str)] =
    &[("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff"), ("cross-origin-resource-policy", "same-origin")];

/// They rule documents. A page has some forty scripts and styles, and with these on each it would be an eighth larger.
const OF_DOCUMENTS: &[(&str, &str)] =
    &[("permissions-policy", PERMISSIONS_POLICY), ("x-frame-options", "DENY"), ("cross-origin-opener-policy", "same-origin")];

/// What a browser shows in no window, whoever asks for it.
const NO_DOCUMENTS: [&str; 2] = ["text/javascript", "text/css"];

/// Two years, the whole domain (TLS-01). Not on localhost: it would lock out whatever else runs there.
const TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains";

/// Set them. An answer that says how it may be cached keeps its word; every other may not be stored (WEB-03).
pub async fn set(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let lasting = request.app_data::<App>().is_some_and(|app| app.config.secure() && !app.config.on_this_machine());
    let is_worker = assets::is_background_worker(request.path());
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if lasting {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT_SECURITY));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_document = !NO_DOCUMENTS.iter().any(|no_document| kind.starts_with(no_document));
    let policy = match (is_worker, is_document) {
        (true, _) => POLICY_OF_BACKGROUND_WORKER,
        (false, true) => CONTENT_SECURITY_POLICY,
        (false, false) => POLICY_OF_NO_DOCUMENT,
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    let of_documents = if is_document { OF_DOCUMENTS } else { &[] };
    for (name, value) in ALWAYS.iter().chain(of_documents) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}
