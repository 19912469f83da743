//! Which routes and which socket messages the program has, read from its sources. A route that is written in a way that is
//! not read here fails the test: a list with holes proves nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// `GET /today` and so on, of one source.
fn routes_of(code: &str) -> Vec<String> {
    let mut routes = Vec::new();
    for part in code.split("resource(\"").skip(1) {
        let path = part.split('"').next().unwrap_or_default();
        // A resource ends where the next begins, or the statement does.
        let own = part.split("resource(\"").next().unwrap_or_default().split(';').next().unwrap_or_default();
        routes.extend(own.split(".route(").skip(1).filter_map(method).map(|method| format!("{method} {path}")));
    }
    for part in code.split(".route(\"").skip(1) {
        let Some((path, handler)) = part.split_once("\",") else { continue };
        routes.extend(method(handler).map(|method| format!("{method} {path}")));
    }
    routes
}

/// `get().to(..)` and `web::get().to(..)` are GET.
fn method(handler: &str) -> Option<String> {
    let word = handler.trim_start().trim_start_matches("web::").split("()").next()?;
    METHODS.contains(&word).then(|| word.to_uppercase())
}

/// What looks like a route and is none that [`routes_of`] reads.
fn unread(code: &str, read: usize) -> Option<String> {
    let written = METHODS.iter().map(|method| code.matches(&format!("{method}().to(")).count()).sum::<usize>();
    let otherwise = ["scope(", "#[get", "#[post", "#[put", "#[route", "Method(", "web::route()", "any()"];
    let strange = otherwise.into_iter().find(|form| code.contains(form) && code.contains("actix_web"));
    match strange {
        Some(form) => Some(format!("it says `{form}`")),
        None if written != read => Some(format!("it holds {written} handlers, and {read} of them were read")),
        None => None,
    }
}

/// Every route of the program, without those for operations and of a witness, which have an address and tests of their own
/// (`production.rs`, `witness.rs`).
pub fn routes() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (path, code) in sources() {
        let routes = routes_of(&code);
        if let Some(why) = unread(&code, routes.len()) {
            panic!("{path} makes routes in a way that tests/it/every_route/router.rs does not read: {why}. Teach it that way.");
        }
        for route in routes.into_iter().filter(|_| !path.starts_with("operations/") && !path.starts_with("witness/")) {
            assert!(all.insert(route.clone()), "{route} is made twice");
        }
    }
    all
}

/// The types of messages that the pages of a visit may send, and those that a Today page may.
pub fn messages() -> (BTreeSet<String>, BTreeSet<String>) {
    let all: Vec<(String, String)> = sources();
    let of = |path: &str, name: &str| {
        let (_, code) = all.iter().find(|(source, _)| source == path).unwrap_or_else(|| panic!("{path} is not there"));
        variants(code, name)
    };
    (of("calls/session.rs", "Frame"), of("waiting_room/socket.rs", "FromToday"))
}

/// The names of an enum's variants in snake case.
fn variants(code: &str, name: &str) -> BTreeSet<String> {
    let body = code.split(&format!("enum {name} {{\n")).nth(1).unwrap_or_else(|| panic!("no enum {name}")).split("\n}").next().unwrap();
    let names = body.lines().filter_map(|line| line.strip_prefix("    ").filter(|line| line.starts_with(char::is_uppercase)));
    names.map(|line| snake_case(line.split(|letter: char| !letter.is_alphanumeric()).next().unwrap())).collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The sources under `src/`, without comments, by path.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
                files.push((path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), code));
            }
        }
    }
    files
}

/// The words in the code of which every fact of an event is named.
pub fn facts_in_the_code() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, code) in sources() {
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for after in code.split("with(\"").skip(1) {
            if let Some((name, rest)) = after.split_once('"')
                && rest.trim_start_matches(',').trim_start().starts_with("Fact::")
            {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn routes_are_read_out_of_every_form_that_the_program_uses() {
    let code = "use actix_web; config.route(\"/a\", get().to(f)).route(\"/a/{id}\", web::post().to(f));
        config.service(resource(\"/v\").route(get().to(f)).route(head().to(f))).service(resource(\"/w\").x().route(put().to(f)));";
    let read = routes_of(code);
    assert_eq!(read, ["GET /v", "HEAD /v", "PUT /w", "GET /a", "POST /a/{id}"]);
    assert_eq!(unread(code, read.len()), None);
    for strange in ["config.route(PATH, get().to(f))", "web::scope(\"/x\")", "#[get(\"/x\")]"] {
        let code = format!("use actix_web; {strange}");
        assert!(unread(&code, routes_of(&code).len()).is_some(), "{strange}");
    }
}
