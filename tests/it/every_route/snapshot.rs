//! A reviewed table: a file that people read, and that what is seen must equal.

use std::fs;
use std::path::{Path, PathBuf};

/// The table that was seen must be the one that was reviewed. With `ACCEPT_TABLES=1` it is written instead, to be read in the diff.
pub fn is_as_reviewed(name: &str, seen: &str) {
    let path = file(name);
    if std::env::var_os("ACCEPT_TABLES").is_some() {
        return fs::write(&path, seen).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let differences = differences(&reviewed, seen);
    assert!(
        differences.is_empty(),
        "tests/it/snapshots/{name} says otherwise (- reviewed, + now):\n{}\nIf the program is right: look at each of these lines as an \
         attacker would, then write the file anew with\n    ACCEPT_TABLES=1 cargo test --locked --test it every_route::\nand commit it.",
        differences.join("\n")
    );
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(name)
}

/// The lines that only one of the two has, each with the last heading before it.
fn differences(reviewed: &str, seen: &str) -> Vec<String> {
    let only = |sign: char, of: &str, other: &str| {
        let other: Vec<String> = with_headings(other);
        with_headings(of).into_iter().filter(|line| !other.contains(line)).map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
    };
    [only('-', reviewed, seen), only('+', seen, reviewed)].concat()
}

fn with_headings(text: &str) -> Vec<String> {
    let mut heading = "";
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim();
        }
        lines.push(format!("[{heading}] {line}"));
    }
    lines
}

#[test]
fn a_line_that_differs_is_named_with_its_heading() {
    assert_eq!(differences("# A\n|x|1|\n# B\n|x|1|\n", "# A\n|x|1|\n# B\n|x|2|\n"), ["- [B] |x|1|", "+ [B] |x|2|"]);
    assert!(differences("# A\n|x|\n", "# A\n\n|x|\n").is_empty());
}
