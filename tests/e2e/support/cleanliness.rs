//! What every page owes to everyone: nothing that axe would complain of, nothing to scroll sideways for.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::browser::{Window, folder};

const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js/node_modules/axe-core/axe.min.js");

#[derive(Debug, Deserialize)]
pub struct Answer {
    pub body: String,
}

impl Window {
    /// Everything that is wrong with the page as it stands.
    pub async fn complaints(&self) -> Vec<String> {
        self.complaints_without(&[]).await
    }

    /// The same, but for these rules of axe.
    pub async fn complaints_without(&self, rules: &[&str]) -> Vec<String> {
        let axe = std::fs::read_to_string(Path::new(AXE)).expect("axe is installed: `tests/run` does that");
        self.inject(&axe).await;
        let mut complaints: Vec<String> = self.ask("complaints", json!([rules])).await.unwrap();
        let sideways: i64 = self.ask("sidewaysBy", json!([])).await.unwrap();
        if sideways > 0 {
            complaints.push(format!("the page is {sideways} px wider than the window"));
        }
        complaints
    }

    /// Texts that one cannot read to their end: beyond the window, or beyond the button or box that they stand in.
    pub async fn cut_off(&self) -> Vec<String> {
        let mut cut: Vec<String> = self.ask("cutOff", json!([])).await.unwrap();
        let sideways: i64 = self.ask("sidewaysBy", json!([])).await.unwrap();
        if sideways > 0 {
            cut.push(format!("the page is {sideways} px wider than the window"));
        }
        cut
    }

    /// Words that stand on the page in the language in which the code was written, whatever the page's language is: those
    /// without the brackets of the languages that nobody speaks.
    pub async fn untranslated(&self) -> Vec<String> {
        self.ask("untranslated", json!([])).await.unwrap()
    }

    /// What the server answers when this person's browser asks for a path.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("get", json!([path])).await.unwrap()
    }

    /// Keeps the page as the server sent it, for the checker of HTML, if anyone asked for it.
    pub async fn keep_html(&self, name: &str) {
        let Some(folder) = folder("E2E_PAGES") else { return };
        let answer: Answer = self.ask("sourceOfPage", json!([])).await.unwrap();
        std::fs::write(folder.join(format!("{name}.html")), answer.body).unwrap();
    }

    /// Leave something in the tab's own storage.
    pub async fn keep_in_session(&self, key: &str) {
        self.ask::<()>("keepInSession", json!([key])).await.unwrap();
    }

    /// How much a script finds on this device: cookies, keys in the tab's own storage, databases.
    pub async fn kept(&self) -> [usize; 3] {
        self.ask("kept", json!([])).await.unwrap()
    }

    /// Where the links on this page lead on our own server: path and query.
    pub async fn paths(&self) -> Vec<String> {
        self.ask("paths", json!([])).await.unwrap()
    }
}
