//! An export as it is taken apart and put together again, and the two programs that verify one. For the browser tests too.

use anteroom::compliance::integrity;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The parts of an archive, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts(pub Vec<(String, Vec<u8>)>);

impl Parts {
    /// `None`: it is no archive, or one that is damaged.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
        let mut parts = Vec::new();
        for at in 0..archive.len() {
            let mut part = archive.by_index(at).ok()?;
            let mut data = Vec::new();
            part.read_to_end(&mut data).ok()?;
            parts.push((part.name().ok()?.into_owned(), data));
        }
        Some(Self(parts))
    }

    pub fn zip(&self) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, data) in &self.0 {
            archive.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
            archive.write_all(data).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn text(&self, name: &str) -> &str {
        let part = self.0.iter().find(|(part, _)| part == name).unwrap_or_else(|| panic!("{name} in {:?}", self.names()));
        std::str::from_utf8(&part.1).unwrap()
    }

    /// The same with one part in other words.
    pub fn with(&self, name: &str, change: impl FnOnce(&str) -> String) -> Self {
        let changed = change(self.text(name));
        let part =
            |(part, data): &(String, Vec<u8>)| (part.clone(), if part == name { changed.clone().into_bytes() } else { data.clone() });
        Self(self.0.iter().map(part).collect())
    }

    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(part, _)| part != name).cloned().collect())
    }
}

/// Python with what `tests/python/requirements.txt` names.
pub fn python() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("somebody runs the tests")).join(".cache"));
    let python = cache.join("anteroom-tools/python/bin/python");
    assert!(python.exists(), "{} is not there: `tests/run it` installs it", python.display());
    python
}

/// Run a program of Python over this input.
pub fn run_python(arguments: &[&str], input: &str) -> Output {
    let mut python =
        Command::new(python()).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that has seen enough reads no further.
    let _unread = python.stdin.take().unwrap().write_all(input.as_bytes());
    python.wait_with_output().unwrap()
}

/// What the verifier for auditors says of a file.
pub fn by_python(file: &Path, key: &str, heads: &[PathBuf]) -> (u8, String) {
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("compliance/audit/verify.py");
    let mut arguments = vec![verifier.to_str().unwrap(), file.to_str().unwrap(), "--vkey", key];
    heads.iter().for_each(|head| arguments.extend(["--known-head", head.to_str().unwrap()]));
    let output = run_python(&arguments, "");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (u8::try_from(output.status.code().unwrap()).unwrap(), said)
}

/// What our own says of it.
pub fn by_rust(file: &Path, key: &str, heads: &[PathBuf]) -> (u8, String) {
    let heads: Vec<String> = heads.iter().map(|head| std::fs::read_to_string(head).unwrap()).collect();
    let report = integrity::verify_export(file, &[key], &heads, |_, _| {}).unwrap();
    (report.verdict().exit_code(), report.in_words())
}
