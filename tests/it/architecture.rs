//! Invariants of the source tree, read from the source tree. Each has the name it bears in `src/lib.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module stands on: it may import itself and whatever has a lower number, or the same number and a line in
/// [`BESIDE`].
const LAYERS: &[(&str, u8)] = &[
    ("ids", 0),
    ("time", 0),
    ("secret", 0),
    ("db", 1),
    ("crypto", 2),
    ("audit", 3),
    ("bus", 3),
    ("text", 3),
    ("config", 4),
    ("app", 5),
    ("web", 6),
    ("mail", 7),
    ("clinic", 8),
    ("staff", 9),
    ("patients", 10),
    ("links", 11),
    ("appointments", 12),
    ("waiting_room", 13),
    ("calls", 14),
    ("records", 14),
    ("compliance", 15),
    ("jobs", 16),
    ("server", 16),
    ("demo", 17),
    ("lib", 18),
    ("main", 18),
];

/// Ground that leans on its neighbour: an id is made from a time and randomness.
const BESIDE: &[(&str, &str)] = &[("ids", "time"), ("ids", "crypto")];

/// A source file: its path under `src/`, its text without tests and comments.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().expect("a path has a first part")
    }

    fn file(&self) -> &str {
        self.path.rsplit('/').next().expect("a path has a last part")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 40, "the source tree was read");
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            Source { path, code: without_tests_and_comments(&text) }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Modules named after `crate::` in a source, with `use crate::{a, b::c}` taken apart.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for after in code.split("crate::").skip(1) {
        if let Some(list) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for letter in list.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 && (letter.is_alphanumeric() || letter == '_') {
                    name.push(letter);
                } else if depth == 0 && (letter == ',' || letter == ':') {
                    found.push(std::mem::take(&mut name));
                    if letter == ':' {
                        depth += 1000;
                    }
                } else if depth >= 1000 && letter == ',' {
                    depth -= 1000;
                }
            }
            found.push(name);
        } else {
            found.push(after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect());
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn layer(module: &str) -> u8 {
    LAYERS.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("module `{module}` has no layer: give it one")).1
}

fn offenders(rule: impl Fn(&Source) -> bool) -> Vec<String> {
    sources().iter().filter(|source| rule(source)).map(|source| source.path.clone()).collect()
}

const NOBODY: [&str; 0] = [];

#[test]
fn imports_point_downwards_only() {
    let mut wrong = Vec::new();
    let known: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
    for source in sources() {
        let here = source.module().to_owned();
        for imported in imports(&source.code).into_iter().filter(|name| known.contains_key(name.as_str()) && *name != here) {
            let beside = BESIDE.contains(&(here.as_str(), imported.as_str()));
            if layer(&imported) >= layer(&here) && !beside {
                wrong.push(format!("{} imports {imported}", source.path));
            }
        }
    }
    assert_eq!(wrong, NOBODY);
}

#[test]
fn only_db_names_a_driver() {
    let names = ["sqlx::sqlite", "sqlx::postgres", "SqlitePool", "PgPool", "Sqlite", "Postgres"];
    assert_eq!(offenders(|source| source.module() != "db" && names.iter().any(|name| source.code.contains(name))), NOBODY);
}

#[test]
fn sql_is_written_only_in_stores() {
    let allowed = |source: &Source| source.file() == "store.rs" || source.path == "mail/outbox.rs" || source.module() == "db";
    assert_eq!(offenders(|source| source.code.contains("sqlx::query") && !allowed(source)), NOBODY);
}

#[test]
fn no_statement_is_built_from_text() {
    assert_eq!(offenders(|source| source.code.contains("AssertSqlSafe")), NOBODY);
}

#[test]
fn only_pages_sockets_and_web_know_actix() {
    let allowed = |source: &Source| {
        let routes_only = source.file() == "mod.rs" && source.code.matches("actix_web").count() <= 2;
        ["pages.rs", "socket.rs", "extract.rs"].contains(&source.file())
            || source.module() == "web"
            || source.path == "server.rs"
            || routes_only
    };
    // `main.rs` and `demo.rs` start the runtime that the server brings.
    let starts = |source: &Source| ["main.rs", "demo.rs"].contains(&source.path.as_str());
    assert_eq!(offenders(|source| source.code.contains("actix_web") && !allowed(source) && !starts(source)), NOBODY);
}

#[test]
fn pure_files_hold_no_async_no_clock_and_no_randomness() {
    let pure = |source: &Source| {
        ["model.rs", "room.rs", "event.rs", "message.rs", "ics.rs"].contains(&source.file()) || source.path == "calls/session.rs"
    };
    let impure = ["async ", ".await", "Clock", "Rng", "SystemTime", "Instant::now"];
    assert_eq!(offenders(|source| pure(source) && impure.iter().any(|word| source.code.contains(word))), NOBODY);
}

#[test]
fn one_crate_one_door() {
    let doors = [
        ("aes_gcm", "crypto/envelope.rs"),
        ("lettre", "mail/transport/"),
        ("argon2", "staff/password.rs"),
        ("actix_ws", "web/live.rs"),
        ("webrtc::", "echo/peer.rs"),
        ("getrandom", "crypto/random.rs"),
    ];
    for (name, door) in doors {
        let through = |source: &Source| !source.path.starts_with(door) && source.code.contains(name);
        assert_eq!(offenders(through), NOBODY, "{name} is used in {door} alone");
    }
}

/// AES-GCM that leaves nothing in a buffer after a failure (CRY-05), a mail library whose host names are checked (TLS-02), one
/// provider of cryptography under TLS (CRY-20), and randomness from the operating system alone (CRY-18).
#[test]
fn no_locked_dependency_is_a_known_bad_one() {
    let lock = include_str!("../../Cargo.lock");
    let versions = |name: &str| -> Vec<Vec<u32>> {
        let packages = lock.split("[[package]]").filter(|package| package.contains(&format!("\nname = \"{name}\"\n")));
        let version = |package: &str| package.split("version = \"").nth(1).unwrap().split(['"', '-', '+']).next().unwrap().to_owned();
        packages.map(|package| version(package).split('.').map(|part| part.parse().unwrap()).collect()).collect()
    };
    for (name, least) in [("aes-gcm", vec![0, 10, 3]), ("lettre", vec![0, 11, 22])] {
        let found = versions(name);
        assert!(!found.is_empty() && found.iter().all(|version| *version >= least), "{name}: {found:?}");
    }
    for name in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "boring"] {
        assert!(versions(name).is_empty(), "{name} is in Cargo.lock");
    }
    let names_rand = |source: &Source| source.code.contains("rand::") || source.code.contains("thread_rng");
    assert_eq!(offenders(names_rand), NOBODY);
}

#[test]
fn calls_never_imports_records() {
    assert_eq!(offenders(|source| source.module() == "calls" && imports(&source.code).contains(&"records".to_owned())), NOBODY);
}

#[test]
fn nothing_opens_sealed_data_without_an_audit_access() {
    let opens = [".open(&key", "keys.open(", ".open_log(", "envelope::open"];
    let allowed = |source: &Source| ["audit", "crypto"].contains(&source.module());
    let through_access = |source: &Source| {
        let code = source.code.replace("access.open(", "").replace("access\n", "");
        opens.iter().any(|call| code.contains(call))
    };
    assert_eq!(offenders(|source| !allowed(source) && through_access(source)), NOBODY);
}

#[test]
fn only_the_log_commits() {
    let begins = |source: &Source| source.code.contains("db.begin()") && source.path != "audit/store.rs";
    assert_eq!(offenders(begins), NOBODY, "a write transaction begins in audit/store.rs, so that it ends there with its event");
}

#[test]
fn no_template_turns_escaping_off() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut folders = vec![root];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            read += 1;
            for forbidden in ["|safe", "| safe", " style=\"", " onclick", " onload", "<script>", "http://", "https://"] {
                assert!(!text.contains(forbidden), "{} holds `{forbidden}`", path.display());
            }
        }
    }
    assert!(read > 10, "the templates were read");
}

#[test]
fn every_text_that_is_named_exists() {
    let text = anteroom::text::Text::of("en");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join("templates"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let mut named = 0;
    for file in files {
        let code = without_tests_and_comments(&fs::read_to_string(&file).unwrap());
        for call in [".say(\"", ".with(\"", ".with2(\"", ".with_all(\"", ".count(\""] {
            for after in code.split(call).skip(1) {
                // Facts of an event are words without a dash; texts are named `feature-what`.
                let name = after.split('"').next().unwrap();
                if !name.contains('-') || name.ends_with('-') {
                    continue;
                }
                named += 1;
                assert!(text.has(name), "{} says `{name}`, which is in no file of texts", file.display());
            }
        }
    }
    assert!(named > 100, "the names were read");
}

/// The writes without an event, each with the tables that it may touch (decision 5). A new one is argued for here.
#[test]
fn bookkeeping_touches_its_tables_only() {
    let allowed = [
        ("links/mod.rs", "Throttle", ["visit", "throttle"]),
        ("mail/job.rs", "OutboxAttempt", ["outbox", "outbox"]),
        ("staff/session.rs", "SessionTouch", ["staff_session", "staff_session"]),
        ("staff/throttle.rs", "Throttle", ["throttle", "throttle"]),
    ];
    for source in sources().iter().filter(|source| source.module() != "audit") {
        for after in source.code.split("commit_bookkeeping(Bookkeeping::").skip(1) {
            let kind: String = after.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            let known = allowed.iter().any(|(path, named, _)| *path == source.path && *named == kind);
            assert!(known, "{} commits {kind} without an event: say here which tables it touches", source.path);
        }
    }
}
