//! Whether people really see and hear each other: what the element shows, not what a counter says.

use serde::Deserialize;
use serde_json::json;

use super::browser::Window;

/// One look at a picture.
#[derive(Debug, Clone, Deserialize)]
struct Look {
    paused: bool,
    /// How far it has played. Stands still when the picture does, whatever the decoder is doing.
    seconds: f64,
    width: u32,
    /// Changes with what is seen.
    pixels: i64,
    /// 0 where all is black.
    light: u8,
}

#[derive(Debug, Deserialize)]
struct Heard {
    why: String,
    loudest: f64,
}

#[derive(Debug, Deserialize)]
pub struct Watched {
    pub same_stream: bool,
    /// The longest time in which no new frame came.
    pub still_ms: f64,
}

impl Window {
    /// The picture of that person plays, goes on for a second, and shows something that changes.
    pub async fn sees_moving_picture_of(&self, person: &str) {
        let first = self
            .wait_for(&format!("see a picture of the {person}"), async || {
                let look: Option<Look> = self.ask("look", json!([person])).await?;
                Ok(look.filter(|look| !look.paused && look.width > 0 && look.light > 0))
            })
            .await;
        self.wait_for(&format!("see the picture of the {person} move"), async || {
            let look: Option<Look> = self.ask("look", json!([person])).await?;
            Ok(look.filter(|look| !look.paused && look.seconds > first.seconds + 1.0 && look.pixels != first.pixels))
        })
        .await;
    }

    pub async fn shows_picture_of(&self, person: &str) -> bool {
        let look: Option<Look> = self.ask("look", json!([person])).await.unwrap();
        look.is_some_and(|look| !look.paused && look.width > 0)
    }

    /// What this page plays aloud is not silence. The made-up microphone beeps about once a second.
    pub async fn hears(&self) {
        let heard: Heard = self.ask("listen", json!([10_000])).await.unwrap();
        assert!(heard.loudest > 0.01, "{}: hears nothing: {}", self.name, heard.why);
    }

    /// From now on, notes how long the picture of that person stands still.
    pub async fn watch(&self, person: &str) {
        let _: () = self.ask("watch", json!([person])).await.unwrap();
    }

    pub async fn watched(&self, person: &str) -> Watched {
        self.ask("watched", json!([person])).await.unwrap()
    }

    /// This page's calls reach their relay over `udp`, `tcp` or `tls` alone, from the next connection on.
    pub async fn reaches_relay_over(&self, way: &str) {
        self.ask::<()>("reachRelayOver", json!([way])).await.unwrap();
    }

    /// The way that the call takes, by the browser's own account: its kind, how it reaches its relay, the other side's kind.
    pub async fn way_of_call(&self) -> String {
        self.ask("wayOfCall", json!([])).await.unwrap()
    }
}
