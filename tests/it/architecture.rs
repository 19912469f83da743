//! Invariants of the source tree, read from the source tree. Each has the name it bears in `src/lib.rs`.
//!
//! A rule is a pure function from files to what breaks it. Each test asks it twice: the real tree breaks nothing, and every
//! planted breach, the smallest file that breaks the rule, is caught. A rule that cannot fail proves nothing.

use std::collections::BTreeSet;
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
    ("relay", 8),
    ("witness", 8),
    ("clinic", 8),
    ("staff", 9),
    ("patients", 10),
    ("links", 11),
    ("appointments", 12),
    ("waiting_room", 13),
    ("calls", 14),
    ("echo", 14),
    ("records", 14),
    ("compliance", 15),
    ("rights", 16),
    ("jobs", 17),
    ("production", 17),
    ("operations", 17),
    ("server", 17),
    ("demo", 18),
    ("init", 18),
    ("terminal", 18),
    ("lib", 19),
    ("main", 19),
];

/// Ground that leans on its neighbour: an id is made from a time and randomness.
const BESIDE: &[(&str, &str)] = &[("ids", "time"), ("ids", "crypto")];

/// A file of the tree: its path from the top, such as `src/db/mod.rs`, and its text; of Rust, without tests and comments.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") { without_tests_and_comments(text) } else { text.to_owned() };
        Self { path: path.to_owned(), code }
    }

    /// The path under `src/`, or nothing for a file that is no source of the program.
    fn in_src(&self) -> Option<&str> {
        self.path.strip_prefix("src/").filter(|path| path.ends_with(".rs"))
    }

    fn module(&self) -> &str {
        self.in_src().unwrap_or_default().split(['/', '.']).next().expect("a path has a first part")
    }

    fn file(&self) -> &str {
        self.path.rsplit('/').next().expect("a path has a last part")
    }
}

/// Sources and templates as they are.
fn tree() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "templates"] {
        collect(&root.join(folder), &mut files);
    }
    let read = |file: PathBuf| {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        Source::new(&path, &fs::read_to_string(&file).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rule holds in the tree, and catches each breach: a file that is there on top of the tree.
fn holds(rule: impl Fn(&[Source]) -> Vec<String>, breaches: &[(&str, &str)]) {
    let mut tree = tree();
    assert!(tree.len() > 100, "the tree was read");
    assert_eq!(rule(&tree), Vec::<String>::new());
    assert!(!breaches.is_empty(), "a rule is shown to fail");
    for (path, text) in breaches {
        tree.push(Source::new(path, text));
        let caught = rule(&tree);
        assert!(!caught.is_empty() && caught.iter().all(|said| said.contains(path)), "{path} holds `{text}`, and the rule says {caught:?}");
        tree.pop();
    }
}

/// The files of the program that `breaks`, by path.
fn offenders(tree: &[Source], breaks: impl Fn(&Source) -> bool) -> Vec<String> {
    tree.iter().filter(|source| source.in_src().is_some() && breaks(source)).map(|source| source.path.clone()).collect()
}

/// Modules named after `crate::` in a source, with `use crate::{a, b::c}` taken apart.
fn imports(code: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let mut found = Vec::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => found.extend(parts(list).into_iter().map(name)),
            None => found.push(name(after)),
        }
    }
    found
}

/// The parts of a list in braces, up to the brace that ends it. A comma in inner braces parts nothing.
fn parts(list: &str) -> Vec<&str> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.push(&list[from..at]);
                from = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn imports_are_read_out_of_every_form_of_use() {
    let read = |code: &str| imports(code).join(" ");
    assert_eq!(read("use crate::db::{Tx, in_tx};\nlet x = crate::time::Millis(1);"), "db time");
    assert_eq!(read("use crate::{audit, calls::{self, Hub}, db as base};\nuse std::fs;"), "audit calls db");
    assert_eq!(read("use crate::{\n    appointments,\n    calls,\n};"), "appointments calls ");
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

#[test]
fn imports_point_downwards_only() {
    let rule = |tree: &[Source]| {
        let mut wrong = Vec::new();
        for source in tree.iter().filter(|source| source.in_src().is_some()) {
            let Some(here) = layer(source.module()) else {
                wrong.push(format!("{} is in a module without a layer: give it one", source.path));
                continue;
            };
            for imported in imports(&source.code).into_iter().filter(|name| name != source.module()) {
                let beside = BESIDE.contains(&(source.module(), imported.as_str()));
                if layer(&imported).is_some_and(|there| there >= here) && !beside {
                    wrong.push(format!("{} imports {imported}", source.path));
                }
            }
        }
        wrong
    };
    holds(
        rule,
        &[
            ("src/audit/late.rs", "use crate::waiting_room::Hub;"),
            ("src/links/late.rs", "use crate::{app::App, appointments::{self, Visit}};"),
            ("src/records/late.rs", "fn f() { crate::calls::routes(c) }"),
            ("src/billing/mod.rs", ""),
        ],
    );
}

#[test]
fn only_db_names_a_driver() {
    let names = ["sqlx::sqlite", "sqlx::postgres", "SqlitePool", "PgPool", "Sqlite", "Postgres"];
    holds(
        |tree| offenders(tree, |source| source.module() != "db" && names.iter().any(|name| source.code.contains(name))),
        &[("src/links/raw.rs", "use sqlx::PgPool;"), ("src/clinic/raw.rs", "match db { Db::Sqlite { .. } => 1 }")],
    );
}

#[test]
fn sql_is_written_only_in_stores() {
    let allowed = |source: &Source| source.file() == "store.rs" || source.path == "src/mail/outbox.rs" || source.module() == "db";
    holds(
        |tree| offenders(tree, |source| source.code.contains("sqlx::query") && !allowed(source)),
        &[("src/links/raw.rs", "sqlx::query_scalar(\"select 1\")"), ("src/clinic/raw.rs", "sqlx::query(\"delete from visit\")")],
    );
}

#[test]
fn no_statement_is_built_from_text() {
    holds(
        |tree| offenders(tree, |source| source.code.contains("AssertSqlSafe")),
        &[("src/links/built.rs", "sqlx::query(AssertSqlSafe(format!(\"select {column}\")))")],
    );
}

#[test]
fn only_pages_sockets_and_web_know_actix() {
    let allowed = |source: &Source| {
        let routes_only = source.file() == "mod.rs" && source.code.matches("actix_web").count() <= 2;
        ["pages.rs", "socket.rs", "extract.rs"].contains(&source.file())
            || source.path.contains("/pages/")
            || source.module() == "web"
            || source.path == "src/server.rs"
            || routes_only
    };
    // `main.rs` and `demo.rs` start the runtime that the server brings.
    let starts = |source: &Source| ["src/main.rs", "src/demo.rs"].contains(&source.path.as_str());
    holds(
        |tree| offenders(tree, |source| source.code.contains("actix_web") && !allowed(source) && !starts(source)),
        &[
            ("src/links/late.rs", "use actix_web::HttpRequest;"),
            ("src/billing/mod.rs", "use actix_web::web;\nuse actix_web::HttpRequest;\nuse actix_web::HttpResponse;"),
        ],
    );
}

#[test]
fn pure_files_hold_no_async_no_clock_and_no_randomness() {
    const PURE: [&str; 27] = [
        "dsn.rs",
        "steady.rs",
        "model.rs",
        "room.rs",
        "stays.rs",
        "birth.rs",
        "family.rs",
        "event.rs",
        "message.rs",
        "ics.rs",
        "letter.rs",
        "cosignature.rs",
        "protocol.rs",
        "sdp.rs",
        "check.rs",
        "edge.rs",
        "sparse.rs",
        "lines.rs",
        "fhir.rs",
        "told.rs",
        "trail.rs",
        "checkpoint.rs",
        "stun.rs",
        "frame.rs",
        "peers.rs",
        "credential.rs",
        "limits.rs",
    ];
    let impure = ["async ", ".await", "Clock", "Rng", "SystemTime", "Instant::now"];
    let pure = |source: &Source| {
        PURE.contains(&source.file())
            || ["src/calls/session.rs", "src/calls/candidates.rs", "src/relay/ice.rs", "src/relay/control.rs", "src/relay/health.rs"]
                .contains(&source.path.as_str())
            || source.path.starts_with("src/relay/engine/")
    };
    holds(
        |tree| offenders(tree, |source| pure(source) && impure.iter().any(|word| source.code.contains(word))),
        &[
            ("src/billing/model.rs", "async fn total() {}"),
            ("src/billing/room.rs", "let now = std::time::Instant::now();"),
            ("src/billing/event.rs", "fn id(rng: &Rng) {}"),
            ("src/relay/engine/late.rs", "let now = std::time::Instant::now();"),
        ],
    );
}

#[test]
fn one_crate_one_door() {
    const DOORS: [(&str, &str); 12] = [
        ("ed25519_dalek", "src/audit/tree/"),
        ("signed_note", "src/audit/tree/"),
        ("tlog_tiles", "src/audit/tree/"),
        ("zip::", "src/compliance/archive.rs"),
        ("aes_gcm", "src/crypto/envelope.rs"),
        ("getrandom", "src/crypto/random.rs"),
        ("lettre", "src/mail/transport/"),
        ("qrcodegen", "src/links/phone_link/qr.rs"),
        ("argon2", "src/staff/password.rs"),
        ("actix_ws", "src/web/live.rs"),
        ("webrtc::", "src/echo/peer"),
        ("rustls::", "src/web/tls.rs"),
    ];
    let elsewhere = |source: &Source| DOORS.iter().any(|(name, door)| !source.path.starts_with(door) && source.code.contains(name));
    holds(|tree| offenders(tree, elsewhere), &DOORS.map(|(name, _)| ("src/clinic/second_door.rs", name)));
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
    holds(
        |tree| offenders(tree, names_rand),
        &[("src/clinic/dice.rs", "let throw = rand::random();"), ("src/clinic/dice.rs", "thread_rng()")],
    );
}

#[test]
fn calls_never_imports_records() {
    let breaks = |source: &Source| source.module() == "calls" && imports(&source.code).contains(&"records".to_owned());
    holds(
        |tree| offenders(tree, breaks),
        &[("src/calls/note.rs", "use crate::{app::App, records};"), ("src/calls/note.rs", "crate::records::read(app)")],
    );
}

#[test]
fn nothing_opens_sealed_data_without_an_audit_access() {
    let opens = [".open(&key", "keys.open(", ".open_log(", "envelope::open"];
    let allowed = |source: &Source| ["audit", "crypto"].contains(&source.module());
    let around_access = |source: &Source| {
        let code = source.code.replace("access.open(", "").replace("access\n", "");
        opens.iter().any(|call| code.contains(call))
    };
    holds(
        |tree| offenders(tree, |source| !allowed(source) && around_access(source)),
        &[
            ("src/patients/peek.rs", "app.keys.open(&key, place, &sealed)"),
            ("src/compliance/peek.rs", "log.keys.open_log(id, &payload)"),
            ("src/records/peek.rs", "crate::crypto::envelope::open(key)"),
        ],
    );
}

#[test]
fn only_the_log_commits() {
    // A write transaction begins in audit/store.rs, so that it ends there with its event.
    let commits = ["db.begin()", "Db::begin(", "db::Tx::commit("];
    let breaks = |source: &Source| source.path != "src/audit/store.rs" && commits.iter().any(|call| source.code.contains(call));
    holds(
        |tree| offenders(tree, breaks),
        &[("src/links/quiet.rs", "let mut tx = app.db.begin().await?;"), ("src/links/quiet.rs", "db::Tx::commit(tx).await")],
    );
}

#[test]
fn no_template_turns_escaping_off() {
    const FORBIDDEN: [&str; 8] = ["|safe", "| safe", " style=\"", " onclick", " onload", "<script>", "http://", "https://"];
    let rule = |tree: &[Source]| {
        let templates = tree.iter().filter(|source| source.path.starts_with("templates/"));
        templates.filter(|source| FORBIDDEN.iter().any(|word| source.code.contains(word))).map(|source| source.path.clone()).collect()
    };
    holds(rule, &FORBIDDEN.map(|word| ("templates/links/planted.html", word)));
}

#[test]
fn every_text_that_is_named_exists() {
    let text = anteroom::text::Text::of("en");
    let rule = |tree: &[Source]| {
        let named = tree.iter().flat_map(|source| texts_named(&source.code).into_iter().map(|name| (source.path.clone(), name)));
        named
            .filter(|(_, name)| !text.has(name))
            .map(|(path, name)| format!("{path} says `{name}`, which is in no file of texts"))
            .collect()
    };
    assert!(tree().iter().map(|source| texts_named(&source.code).len()).sum::<usize>() > 100, "the names were read");
    holds(
        rule,
        &[
            ("templates/links/planted.html", "{{ page.t.say(\"links-no-such-words\") }}"),
            ("src/links/planted.rs", "t.with2(\"links-no-such-words\", \"a\", a, \"b\", b)"),
        ],
    );
}

/// The texts that a file names. Facts of an event are words without a dash; texts are named `feature-what`.
fn texts_named(code: &str) -> Vec<String> {
    let calls = [".say(\"", ".with(\"", ".with2(\"", ".with_all(\"", ".count(\""];
    let named = calls.iter().flat_map(|call| code.split(call).skip(1)).map(|after| after.split('"').next().unwrap().to_owned());
    named.filter(|name| name.contains('-') && !name.ends_with('-')).collect()
}

/// The writes without an event, each with the tables that it may touch (decision 5). A new one is argued for here.
const BOOKKEEPING: [(&str, &str, &[&str]); 7] = [
    ("src/compliance/review/mod.rs", "Review", &["review_progress"]),
    ("src/compliance/panel/mod.rs", "Verification", &["log_verification"]),
    ("src/links/mod.rs", "Throttle", &["throttle"]),
    ("src/mail/job.rs", "OutboxAttempt", &["outbox"]),
    ("src/mail/notices/mod.rs", "OutboxAttempt", &["notice"]),
    ("src/staff/session.rs", "SessionTouch", &["staff_session"]),
    ("src/staff/throttle.rs", "Throttle", &["throttle"]),
];

#[test]
fn bookkeeping_touches_its_tables_only() {
    let rule = |tree: &[Source]| {
        let mut wrong = Vec::new();
        for source in tree.iter().filter(|source| source.in_src().is_some() && source.module() != "audit") {
            for body in functions(&source.code) {
                let Some((_, after)) = body.split_once("commit_bookkeeping(Bookkeeping::") else { continue };
                let kind: String = after.chars().take_while(|letter| letter.is_alphanumeric()).collect();
                let written = tables_written(tree, source, body);
                match BOOKKEEPING.iter().find(|(path, named, _)| *path == source.path && *named == kind) {
                    None => wrong.push(format!("{} commits {kind} without an event: say here which tables it touches", source.path)),
                    Some((_, _, allowed)) if !written.iter().all(|table| allowed.contains(&table.as_str())) || written.is_empty() => {
                        wrong.push(format!("{} commits {kind} without an event, and writes {written:?}", source.path));
                    }
                    Some(_) => {}
                }
            }
        }
        wrong
    };
    holds(
        rule,
        &[
            ("src/records/mod.rs", "fn save() { tx.commit_bookkeeping(Bookkeeping::Throttle) }"),
            ("src/links/mod.rs", "fn f() { store::count_wrong(tx); store::void_links(tx); tx.commit_bookkeeping(Bookkeeping::Throttle) }"),
            ("src/links/mod.rs", "fn f() { tx.commit_bookkeeping(Bookkeeping::Throttle) }"),
        ],
    );
}

/// A source cut before each function.
fn functions(code: &str) -> Vec<&str> {
    let starts = code.match_indices('\n').map(|(at, _)| at + 1).filter(|at| {
        let line = code[*at..].lines().next().unwrap_or_default().trim_start();
        let words: Vec<&str> = line.split(' ').collect();
        words
            .iter()
            .position(|word| *word == "fn")
            .is_some_and(|at| words[..at].iter().all(|word| word.starts_with("pub") || *word == "async"))
    });
    let mut cuts: Vec<usize> = std::iter::once(0).chain(starts).collect();
    cuts.push(code.len());
    cuts.windows(2).map(|cut| &code[cut[0]..cut[1]]).collect()
}

/// The tables that the statements behind a function's calls of `store::` and `outbox::` write.
fn tables_written(tree: &[Source], caller: &Source, body: &str) -> BTreeSet<String> {
    let mut written = BTreeSet::new();
    let beside = caller.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let module = format!("src/{}", caller.module());
    let own = if tree.iter().any(|source| source.path == format!("{beside}/store.rs")) { beside } else { &module };
    for (door, file) in [("store::", format!("{own}/store.rs")), ("outbox::", "src/mail/outbox.rs".to_owned())] {
        let store = tree.iter().find(|source| source.path == file).map(|source| functions(&source.code)).unwrap_or_default();
        for after in body.split(door).skip(1) {
            let name: String = after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            for statement in store.iter().filter(|body| body.contains(&format!("fn {name}("))) {
                for verb in ["update ", "insert into ", "delete from "] {
                    let tables = statement.split(verb).skip(1).filter_map(|after| after.split_whitespace().next());
                    // `on conflict do update set` writes the table that was named before.
                    written.extend(tables.filter(|table| *table != "set").map(str::to_owned));
                }
            }
        }
    }
    written
}
