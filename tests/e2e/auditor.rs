//! What an auditor does with a file that the compliance officer hands over.

use crate::support::server::Demo;
use crate::support::verifiers::{Parts, by_python, by_rust};
use anteroom::audit::tree::LogKey;
use std::path::Path;

#[tokio::test]
async fn an_auditor_checks_an_export_and_sees_that_one_byte_was_changed() {
    let demo = Demo::start();
    let officer = demo.signed_in("compliance").await;
    let file = officer.download("Export as CSV").await;
    // The page tells how far it came, and that the file is whole.
    officer.sees("The export is whole: all").await;
    officer.shot("access log with exports").await;
    officer.finish().await;
    // What came to the auditor on other ways: the key, and the head that was signed last.
    let key = LogKey::read(&demo.file("log.key")).unwrap().verifier().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let head = folder.path().join("head.txt");
    std::fs::copy(demo.file("log.head"), &head).unwrap();

    let says = |what: &str, file: &[u8], code: u8, word: &str| {
        let path = folder.path().join(format!("{what}.zip"));
        std::fs::write(&path, file).unwrap();
        let heads = std::slice::from_ref(&head);
        for (found, said) in [by_python(Path::new(&path), &key, heads), by_rust(Path::new(&path), &key, heads)] {
            assert_eq!(found, code, "{what}\n{said}");
            assert!(said.contains(word), "{what}\n{said}");
        }
    };
    says("as it came", &file, 0, "UNALTERED");
    let parts = Parts::read(&file).unwrap();
    assert!(parts.text("README.txt").contains("verify.py") && parts.text("key.txt").contains(&key));
    let edited = parts.with("events.csv", |text| text.replacen("success", "sucsess", 1));
    says("one letter of the table", &edited.zip(), 1, "ALTERED");
    let edited = parts.with("events.jsonl", |text| text.replacen("\"purpose\":\"operations\"", "\"purpose\":\"operationz\"", 1));
    assert_ne!(edited, parts);
    says("one letter of an event", &edited.zip(), 1, "ALTERED");
    let mut torn = file.clone();
    let middle = torn.len() / 2;
    torn[middle] ^= 1;
    says("one bit of the file", &torn, 1, "ALTERED");
}
