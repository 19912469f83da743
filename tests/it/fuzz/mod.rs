//! Hostile bytes at everything that reads them (TST-06). Each body is a plain function: it takes bytes, says whether the reader took them, and
//! panics when a promise of the reader is broken. It runs on the committed corpus, on the corpus mutated, and on arbitrary bytes.
//!
//! `corpus/NAME/good-*` must be taken and `corpus/NAME/bad-*` refused. What once broke a promise goes in there and stays. A coverage-guided fuzzer
//! needs no other body: `fuzz_target!(|bytes: &[u8]| { bodies::NAME(bytes); })`.

mod bodies;
mod mutate;
mod text;

use mutate::mutated;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::path::PathBuf;

type Body = fn(&[u8]) -> bool;

/// How often each body runs on mutated and on arbitrary bytes. Higher: more is found in one run, and it takes longer.
const CASES: u32 = 400;
/// Longer than every limit that a reader has.
const BYTES_MAX: usize = 20_000;

macro_rules! fuzzed {
    ($($name:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(mod $name {
            use super::*;

            #[test]
            fn the_corpus_is_read_as_its_names_say() {
                read_the_corpus(stringify!($name), bodies::$name);
            }

            #[test]
            fn mutations_of_the_corpus_break_no_promise() {
                let corpus = corpus(stringify!($name)).into_iter().map(|(_, bytes)| bytes).collect();
                break_no_promise(mutated(corpus), bodies::$name);
            }

            #[test]
            fn arbitrary_bytes_break_no_promise() {
                break_no_promise(prop_oneof![prop::collection::vec(any::<u8>(), 0..200), prop::collection::vec(any::<u8>(), 0..BYTES_MAX)], bodies::$name);
            }
        })*
    };
}

fuzzed!(
    link_token,
    join_code,
    date_of_birth,
    frame_of_patient,
    frame_of_clinician,
    description,
    candidate,
    mail,
    config,
    proxy,
    csv,
    form,
    cookies,
    stun,
    turn_stream,
);

#[test]
fn every_folder_of_the_corpus_has_a_body() {
    let mut folders: Vec<String> = folder().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    let mut names = NAMES.to_vec();
    names.sort_unstable();
    assert_eq!(folders, names);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fuzz/corpus")
}

/// The files of a body, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let files = folder().join(name).read_dir().unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())).collect();
    files.sort();
    files
}

fn read_the_corpus(name: &str, body: Body) {
    let files = corpus(name);
    for (file, bytes) in &files {
        assert!(file.starts_with("good-") || file.starts_with("bad-"), "{name}/{file}");
        assert_eq!(body(bytes), file.starts_with("good-"), "{name}/{file}");
    }
    assert!(files.iter().any(|(file, _)| file.starts_with("good-")), "{name}: something is taken");
}

fn break_no_promise(inputs: impl Strategy<Value = Vec<u8>>, body: Body) {
    let settings = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(settings).run(&inputs, |bytes| {
        body(&bytes);
        Ok(())
    });
    if let Err(broken) = run {
        panic!("put these bytes into the corpus once it is repaired: {broken}");
    }
}
