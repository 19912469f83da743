//! A page as people meet it who see little, hear it read, use no mouse, or set colours and sizes of their own (ACC-01).

use serde_json::json;
use thirtyfour::Key;

use super::browser::{View, Window};

impl Window {
    /// All that is wrong with the page as it stands, for everyone, in every way of looking at it. It ends at the desk, in light.
    pub async fn sweep(&self, page: &str, language: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let file = file_name(page);
        for (view, name) in [
            (View::Phone, "phone"),
            (View::DesktopDark, "dark"),
            (View::DesktopForced, "forced"),
            (View::Zoomed(2), "200"),
            (View::Zoomed(4), "400"),
            (View::Desktop, "desktop"),
        ] {
            self.look_at(view).await;
            self.shot(&format!("{file}-{name}")).await;
            wrong.extend(self.wrong_in(view, language).await.into_iter().map(|what| format!("{page} ({name}): {what}")));
        }
        wrong
    }

    async fn wrong_in(&self, view: View, language: &str) -> Vec<String> {
        match view {
            View::Phone => [self.complaints().await, self.list("cutOffWhenSpaced").await].concat(),
            View::DesktopDark => [self.complaints().await, self.hard_to_follow().await].concat(),
            // The colours are the person's own here, and axe still computes with ours.
            View::DesktopForced => {
                [self.complaints_without(&["color-contrast"]).await, self.list("lostInForcedColours").await, self.list("moving").await]
                    .concat()
            }
            View::Zoomed(2) => [self.cut_off().await, self.hard_to_follow().await].concat(),
            View::Zoomed(_) | View::ShortPhone | View::SmallPhone => {
                [self.complaints().await, self.cut_off().await, self.hard_to_follow().await].concat()
            }
            View::Desktop => [self.complaints().await, self.hard_to_follow().await, self.badly_named(language).await].concat(),
        }
    }

    /// A key first: browsers draw the ring for those who use one.
    async fn hard_to_follow(&self) -> Vec<String> {
        self.press(&Key::Shift.value().to_string()).await;
        self.list("hardToFollow").await
    }

    /// What is wrong with what a screen reader says first.
    pub async fn badly_named(&self, language: &str) -> Vec<String> {
        self.ask("badlyNamed", json!([language])).await.unwrap()
    }

    async fn list(&self, function: &str) -> Vec<String> {
        self.ask(function, json!([])).await.unwrap()
    }
}

pub fn file_name(page: &str) -> String {
    page.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}
