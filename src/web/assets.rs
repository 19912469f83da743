//! Static files, compiled in, at addresses that change when any of them changes.
//!
//! One hash stands for the whole set, so that a module may import its neighbours by relative paths and a page never mixes
//! two versions. The manifest behind the hash is what an auditor compares (RTC-09).

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::Embed;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{Read, Write as _};
use std::sync::{LazyLock, OnceLock};

#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// What is served, file by file: the line of each is its SHA-256 and its path, as `sha256sum` prints them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    lines: Vec<String>,
}

impl Manifest {
    /// Of these paths and contents, in the order of the paths.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort();
        Self { lines: files.into_iter().map(|(path, content)| format!("{}  {path}", hex::encode(Sha256::digest(content)))).collect() }
    }

    /// Of the files that this build serves.
    pub fn compiled_in() -> &'static Self {
        &MANIFEST
    }

    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// One hash for all: SHA-256 over the lines, each with its line feed.
    pub fn hash(&self) -> [u8; 32] {
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        Sha256::digest(text.as_bytes()).into()
    }
}

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let contents = |path: &str| Files::get(path).expect("a file that was listed a moment ago is compiled in").data;
    let files: Vec<_> = Files::iter().map(|path| (contents(&path), path)).collect();
    Manifest::of(files.iter().map(|(content, path)| (path.as_ref(), content.as_ref())))
});

/// The first 16 hexadecimal digits of the manifest's hash.
static SET: LazyLock<String> = LazyLock::new(|| hex::encode(&Manifest::compiled_in().hash()[..8]));

/// SHA-256 of the program's own file, if it can be read: the id of this build.
pub fn program_hash() -> Option<[u8; 32]> {
    static PROGRAM: LazyLock<Option<[u8; 32]>> = LazyLock::new(|| {
        let (mut hash, mut part) = (Sha256::new(), vec![0; 1 << 16]);
        let mut file = std::fs::File::open(std::env::current_exe().ok()?).ok()?;
        loop {
            match file.read(&mut part).ok()? {
                0 => return Some(hash.finalize().into()),
                read => hash.update(&part[..read]),
            }
        }
    });
    *PROGRAM
}

/// The hash of the set of files that this build serves, in short.
pub fn set_hash() -> &'static str {
    &SET
}

/// The address of a file.
pub fn url(path: &str) -> String {
    format!("/static/{}/{path}", *SET)
}

/// The worker that tells a person from the room behind them. It is no page, reads no page, and has no door out but the one to its page.
pub fn is_background_worker(address: &str) -> bool {
    address.strip_prefix("/static/").and_then(|rest| rest.split_once('/')).is_some_and(|(_, path)| path == "calls/background/worker.js")
}

/// `GET /static/{hash}/{path}`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/static/{hash}/{path:.*}", web::get().to(serve));
}

async fn serve(address: web::Path<(String, String)>, request: HttpRequest) -> HttpResponse {
    let (hash, path) = address.into_inner();
    let Some(file) = Files::get(&path).filter(|_| hash == *SET) else { return HttpResponse::NotFound().finish() };
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")))
        .insert_header((header::VARY, HeaderValue::from_static("accept-encoding")))
        .content_type(content_type(&path));
    let packed = if takes_gzip(&request) { packed(&path).await } else { None };
    match packed {
        Some(packed) => answer.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))).body(packed),
        None => answer.body(file.data.into_owned()),
    }
}

/// The files as small as they can be made, each once, when it is asked for first. What is packed anew for each answer is packed in haste, and
/// half as large again.
static PACKED: LazyLock<HashMap<String, OnceLock<web::Bytes>>> =
    LazyLock::new(|| Files::iter().map(|path| (path.to_string(), OnceLock::new())).collect());

/// The largest takes a tenth of a second, so the thread that answers does not do it.
async fn packed(path: &str) -> Option<web::Bytes> {
    let (path, kept) = PACKED.get_key_value(path)?;
    match kept.get() {
        Some(packed) => Some(packed.clone()),
        None => web::block(|| Some(kept.get_or_init(|| pack(path)).clone())).await.ok()?,
    }
}

fn pack(path: &str) -> web::Bytes {
    let mut packing = GzEncoder::new(Vec::new(), Compression::best());
    let file = Files::get(path).expect("a file that was listed is compiled in");
    packing.write_all(&file.data).and_then(|()| packing.finish()).expect("memory can be written to").into()
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let asked = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    asked.split(',').any(|coding| coding.trim() == "gzip")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
