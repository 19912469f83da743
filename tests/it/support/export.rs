//! Exports as the officer's page gives them.

use super::Browser;
pub use super::verifiers::{Parts, by_python, by_rust, run_python};

/// Export a search, and take the file apart.
pub async fn export(officer: &Browser, search: &str) -> (Vec<u8>, Parts) {
    let answer = officer.get(&format!("/access-log/export?{search}")).await;
    assert_eq!(answer.status(), 200, "{search}");
    let file = answer.bytes().await.unwrap().to_vec();
    let parts = Parts::read(&file).unwrap();
    (file, parts)
}
