//! The messages of a visit's socket and of Today's: who may send which, where the visit stands, and what comes of it (RTC-04).

use super::router;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::clinic::Scene;
use crate::support::socket::{NOT_ALLOWED, Socket, description};
use anteroom::appointments::VisitState;
use anteroom::ids::EventId;
use anteroom::time::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write;

const HEAD: &str = include_str!("messages_head.md");

/// Where a visit stands when the message comes, and how far the two pages are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Situation {
    Waiting,
    Checking,
    InCall,
    /// In the call, from a page that did not take it.
    NotJoined,
    /// In the call, with the number of another connection.
    AnotherEpoch,
    Ended,
}

impl Situation {
    const ALL: [(Situation, &'static str); 6] = [
        (Situation::Waiting, "waiting"),
        (Situation::Checking, "checking"),
        (Situation::InCall, "in the call"),
        (Situation::NotJoined, "in the call, not joined"),
        (Situation::AnotherEpoch, "in the call, another epoch"),
        (Situation::Ended, "ended"),
    ];

    fn state(self) -> VisitState {
        match self {
            Situation::Waiting => VisitState::Waiting,
            Situation::Checking => VisitState::Checking,
            Situation::Ended => VisitState::Ended,
            _ => VisitState::InCall,
        }
    }

    fn joins(self) -> bool {
        matches!(self, Situation::Checking | Situation::InCall | Situation::AnotherEpoch)
    }
}

/// Every message from both sides in every situation.
pub async fn table(app: &TestApp) -> String {
    let (visit, today) = router::messages();
    let situations = Situation::ALL.map(|(_, words)| words);
    let mut table = HEAD.to_owned();
    writeln!(table, "\n| From | Message | {} |\n|---|---|{}", situations.join(" | "), "---|".repeat(situations.len())).unwrap();
    let mut scenes = Vec::new();
    for state in [VisitState::Waiting, VisitState::Checking, VisitState::InCall, VisitState::Ended] {
        scenes.push((state, app.scene(state).await));
    }
    let mut written = None;
    for from in ["patient", "clinician"] {
        for kind in &visit {
            let mut cells = Vec::new();
            for (situation, _) in Situation::ALL {
                let (_, scene) = scenes.iter().find(|(state, _)| *state == situation.state()).unwrap();
                if ends_the_call(from, kind, situation) {
                    // And with it the scene.
                    let scene = app.scene(situation.state()).await;
                    cells.push(cell(app, &scene, &mut written, from, kind, situation).await);
                    continue;
                }
                cells.push(cell(app, scene, &mut written, from, kind, situation).await);
            }
            writeln!(table, "| {from} | {kind} | {} |", cells.join(" | ")).unwrap();
        }
    }
    for kind in &today {
        let mut socket = scenes[0].1.clinician.socket("/today/socket").await;
        socket.say(&frame("Today", kind, 0)).await;
        let came = if socket.say_goodbye().await == Some(NOT_ALLOWED) { "cut off" } else { "nothing" };
        writeln!(table, "| Today | {kind} | {} |", [came; 6].join(" | ")).unwrap();
    }
    table
}

/// A patient may say of a call only that its two sides differ.
fn ends_the_call(from: &str, kind: &str, situation: Situation) -> bool {
    from == "patient" && kind == "proof" && (situation.joins() || situation == Situation::NotJoined) && situation != Situation::AnotherEpoch
}

async fn cell(
    app: &TestApp,
    scene: &Scene,
    written: &mut Option<(Timestamp, EventId)>,
    from: &str,
    kind: &str,
    situation: Situation,
) -> String {
    let (sender, listener): (&Browser, &Browser) =
        if from == "patient" { (&scene.patient, &scene.clinician) } else { (&scene.clinician, &scene.patient) };
    let (mut mine, mut other) = (sender.socket(&scene.path("socket")).await, listener.socket(&scene.path("socket")).await);
    let mut epoch = mine.hears("state").await["epoch"].as_i64().unwrap();
    let seen = other.hears("state").await;
    if situation.joins() || situation == Situation::NotJoined {
        let joined = join(&mut other, &seen).await;
        epoch = joined["epoch"].as_i64().unwrap();
        if situation.joins() {
            epoch = join(&mut mine, &joined).await["epoch"].as_i64().unwrap();
        }
    }
    let heard = other.heard.len();
    app.log_after(written).await;
    let ends = ends_the_call(from, kind, situation);
    mine.say(&frame(from, kind, if situation == Situation::AnotherEpoch { epoch + 7 } else { epoch })).await;
    if ends {
        for sent_away in [&mut mine, &mut other] {
            assert_eq!(sent_away.hears("gone").await["why"], "differ");
            assert_eq!(sent_away.closed().await, Some(1000));
        }
        return ["both are sent away".to_owned()].into_iter().chain(kinds(&app.log_after(written).await)).collect::<Vec<_>>().join(", ");
    }
    if mine.say_goodbye().await == Some(NOT_ALLOWED) {
        other.leave().await;
        return "**cut off**".to_owned();
    }
    // Said after everything that was passed on before.
    other.until("state", |state| state["peer"] == "left" || state["peer"] == "lost").await;
    let says_it = |said: &String| serde_json::from_str::<Value>(said).unwrap()["type"] == kind;
    // The server has beats of its own.
    let passed = kind != "beat" && other.heard[heard..].iter().any(says_it);
    let mut came: Vec<String> = passed.then(|| "passed on".to_owned()).into_iter().collect();
    came.extend(kinds(&app.log_after(written).await));
    other.leave().await;
    if came.is_empty() { "nothing".to_owned() } else { came.join(", ") }
}

/// That a page left the call is written in its own time.
fn kinds(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).filter(|kind| kind != "call.left").collect()
}

/// Take the call, and hear that it was taken.
async fn join(socket: &mut Socket, seen: &Value) -> Value {
    let version = seen["version"].as_i64().unwrap();
    socket.join(None).await;
    socket.until("state", |state| state["version"].as_i64().unwrap() > version).await
}

/// A message as a page of ours would send it.
fn frame(from: &str, kind: &str, epoch: i64) -> Value {
    match kind {
        "proof" if from == "patient" => json!({ "type": kind, "epoch": epoch, "outcome": "differ", "source": "sdp", "found": "people" }),
        "proof" => json!({ "type": kind, "epoch": epoch, "outcome": "matched", "source": "certificate", "found": "people" }),
        "join" => json!({ "type": kind, "tab": "0123456789abcdef", "epoch": null }),
        "ready" | "restart" | "chatted" | "no_relay" => json!({ "type": kind, "epoch": epoch }),
        "offer" | "answer" => json!({ "type": kind, "epoch": epoch, "sdp": description() }),
        "candidate" => {
            json!({ "type": kind, "epoch": epoch, "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "mid": "0", "line": 0 })
        }
        "connected" => json!({ "type": kind, "epoch": epoch, "path": "host", "region": null }),
        "beat" => json!({ "type": kind }),
        new => panic!("`{new}` is a new message: say in tests/it/every_route/messages.rs how it looks"),
    }
}
