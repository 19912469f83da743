//! Static files, compiled in, at addresses that change when any of them changes.
//!
//! One hash stands for the whole set, so that a module may import its neighbours by relative paths and a page never mixes
//! two versions. The hash is also what an auditor compares (RTC-09).

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, web};
use rust_embed::Embed;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// SHA-256 over every path and content, in the order of the paths; the first 16 hexadecimal digits.
static SET: LazyLock<String> = LazyLock::new(|| {
    let mut paths: Vec<_> = Files::iter().collect();
    paths.sort();
    let mut hash = Sha256::new();
    for path in paths {
        let file = Files::get(&path).expect("a file that was listed a moment ago is compiled in");
        hash.update(crate::crypto::length_prefixed(&[path.as_bytes(), &file.data]));
    }
    hex::encode(&hash.finalize()[..8])
});

/// The hash of the set of files that this build serves.
pub fn set_hash() -> &'static str {
    &SET
}

/// The address of a file.
pub fn url(path: &str) -> String {
    format!("/static/{}/{path}", *SET)
}

/// `GET /static/{hash}/{path}`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/static/{hash}/{path:.*}", web::get().to(serve));
}

async fn serve(address: web::Path<(String, String)>) -> HttpResponse {
    let (hash, path) = address.into_inner();
    match Files::get(&path) {
        Some(file) if hash == *SET => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")))
            .content_type(content_type(&path))
            .body(file.data.into_owned()),
        _ => HttpResponse::NotFound().finish(),
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
