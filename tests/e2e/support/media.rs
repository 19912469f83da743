//! Whether people really see and hear each other: what the element shows, not what a counter says.

use std::cell::RefCell;

use serde::Deserialize;
use serde_json::json;

use super::browser::Window;

/// What this page itself sends.
const OWN: &str = "const own = (kind) => document.querySelector('#self video').srcObject.getTracks().find((track) => track.kind === kind)";

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

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Left {
    pub way: String,
    pub what: String,
}

#[derive(Debug, Deserialize)]
pub struct Watched {
    pub same_stream: bool,
    /// The longest time in which no new frame came.
    pub still_ms: f64,
}

/// One frame of the drawn person, as whoever looks at it has it before them.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Room {
    pub frames: u32,
    /// How sharp the room is: light from one pixel to the next.
    pub room: f64,
    pub face: f64,
    /// The sharpest of the room in any frame since `forget_room`.
    pub most: f64,
}

impl Window {
    /// From now on looks at each frame of that picture.
    pub async fn watch_room(&self, person: &str) {
        self.ask::<()>("watchRoom", json!([person])).await.unwrap();
    }

    /// The first frame from now on of which that is true.
    pub async fn sees_room(&self, what: &str, is_so: impl Fn(&Room) -> bool) -> Room {
        let before: Room = self.ask("room", json!([])).await.unwrap();
        self.wait_for(what, async || {
            let now: Room = self.ask("room", json!([])).await?;
            Ok((now.frames > before.frames && is_so(&now)).then_some(now))
        })
        .await
    }

    pub async fn forget_room(&self) {
        self.ask::<()>("forgetRoom", json!([])).await.unwrap();
    }

    /// The picture of that person plays, goes on for a second, and shows something that changes.
    pub async fn sees_moving_picture_of(&self, person: &str) {
        let first = self
            .wait_for(&format!("see a picture of the {person}"), async || {
                let look: Option<Look> = self.ask("look", json!([person])).await?;
                Ok(look.filter(|look| !look.paused && look.width > 0 && look.light > 0))
            })
            .await;
        // After a pause on the line a browser may count the seconds from nought again.
        let first = RefCell::new(first);
        self.wait_for(&format!("see the picture of the {person} move"), async || {
            let Some(look) = self.ask::<Option<Look>>("look", json!([person])).await? else { return Ok(None) };
            if look.seconds < first.borrow().seconds {
                first.replace(look);
                return Ok(None);
            }
            let first = first.borrow();
            Ok((!look.paused && look.seconds > first.seconds + 1.0 && look.pixels != first.pixels).then_some(()))
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

    /// From now on, notes when the page first says this.
    pub async fn notice(&self, words: &str) {
        let _: () = self.ask("notice", json!([words])).await.unwrap();
    }

    /// What time it is for this browser, in milliseconds. All browsers of a test have the machine's clock.
    pub async fn now_ms(&self) -> u64 {
        self.ask("now", json!([])).await.unwrap()
    }

    /// When it did, in milliseconds of that clock.
    pub async fn noticed(&self, words: &str) -> u64 {
        self.wait_for(&format!("have read \"{words}\""), async || self.ask("noticed", json!([])).await).await
    }

    /// What the two ends of the newest connection call this try to find a path: their names for it change with each restart.
    pub async fn tries(&self) -> [String; 2] {
        self.ask("tries", json!([])).await.unwrap()
    }

    /// What the browser measures from now on: four of ten packets that this page sends are lost, or what is true.
    pub async fn measure_a_poor_line(&self, poor: bool) {
        self.inject(&format!("window.poorForTheTest = {poor}")).await;
    }

    /// The system takes the microphone, as a phone call does.
    pub async fn is_called_by_phone(&self) {
        self.inject(&format!(
            "{OWN}; Object.defineProperty(own('audio'), 'muted', {{ value: true }}); own('audio').dispatchEvent(new Event('mute'))"
        ))
        .await;
    }

    /// Somebody pulls the camera's plug out.
    pub async fn lose_camera(&self) {
        self.inject(&format!("{OWN}; const camera = own('video'); camera.stop(); camera.dispatchEvent(new Event('ended'))")).await;
    }

    /// The system stops what plays.
    pub async fn stop_playing(&self, person: &str) {
        self.inject(&format!("document.querySelector('video[aria-label=\"{person}\"]').pause()")).await;
    }

    /// What has left this page so far, each with its way: kept since `keep_connections`.
    pub async fn left(&self) -> Vec<Left> {
        self.ask("left", json!([])).await.unwrap()
    }

    /// The person looks elsewhere and comes back, in every way that a page can hear of.
    pub async fn look_away_and_back(&self) {
        self.open_tab().await;
        self.go_to_tab(0).await;
        let told = "for (const [who, what] of [[window, 'blur'], [document, 'visibilitychange'], [window, 'pagehide'], [window, 'pageshow'], [document, 'freeze'],
            [document, 'resume'], [document, 'visibilitychange'], [window, 'focus'], [document, 'mouseleave'], [window, 'offline']]) who.dispatchEvent(new Event(what))";
        self.inject(told).await;
    }

    /// As a phone says it that moves from one network to another.
    pub async fn change_network(&self) {
        self.inject("dispatchEvent(new Event('online'))").await;
    }

    pub async fn watched(&self, person: &str) -> Watched {
        self.ask("watched", json!([person])).await.unwrap()
    }

    /// From now on, notes how long no sound comes in. Needs `keep_connections`.
    pub async fn watch_sound(&self) {
        self.ask::<()>("watchSound", json!([])).await.unwrap();
    }

    /// The longest time since then in which none came.
    pub async fn soundless_ms(&self) -> f64 {
        self.ask("soundlessMs", json!([])).await.unwrap()
    }

    /// The newest connection of this page would look for ways through so many relays. Kept since `keep_connections`.
    pub async fn is_offered_relays(&self, count: usize) {
        self.wait_for(&format!("be offered {count} relays"), async || {
            let offered: usize = self.ask("relaysOffered", json!([])).await?;
            Ok((offered == count).then_some(()))
        })
        .await;
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
