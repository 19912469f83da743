//! Chromium: how one is started, and what of it is unlike Firefox.

use std::fs::read_to_string;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::prelude::*;
use thirtyfour::{Capabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel, RequestData, SessionId};

use super::program::Program;

/// Lower: a driver that never comes up is noticed sooner. Higher: a busy machine has time for it.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Lower: a driver that cannot start is noticed sooner. Higher: one that met a port which was taken has another chance.
const STARTS_MAX: usize = 3;

const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Nobody but this machine is asked for anything, whatever the browser itself would like.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    // A drawn picture and a beep every second, and nobody to ask whether the page may have them.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
];

/// Starts chromedriver on a port that it chooses itself. Everything it leaves on the disk is in the folder.
pub fn start(folder: &Path) -> (Program, u16) {
    let log = folder.join("chromedriver.log");
    let named = (0..STARTS_MAX).find_map(|_| start_once(folder, &log));
    named.unwrap_or_else(|| {
        panic!("chromedriver ended {STARTS_MAX} times before it named its port:\n{}", read_to_string(&log).unwrap_or_default())
    })
}

/// `None`: it ended without a port. It takes one that is free for IPv4 and wants the same for IPv6, which another program may have taken meanwhile.
fn start_once(folder: &Path, log: &Path) -> Option<(Program, u16)> {
    let log = format!("--log-path={}", log.display());
    let program = Program::start(Command::new("chromedriver").arg("--port=0").arg(log).env("TMPDIR", folder).stderr(Stdio::null()));
    loop {
        let line = match program.line(START_PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("chromedriver does not say its port"),
        };
        if let Some(port) = line.strip_prefix("ChromeDriver was started successfully on port ") {
            return Some((program, port.trim_end_matches('.').parse().expect("a port is a number")));
        }
    }
}

pub fn wishes(profile: &Path, more_flags: &[&str]) -> Capabilities {
    let mut wishes = DesiredCapabilities::chrome();
    for flag in FLAGS.iter().chain(more_flags) {
        wishes.add_arg(flag).unwrap();
    }
    wishes.add_arg(&format!("--user-data-dir={}", profile.join("profile").display())).unwrap();
    wishes.set_logging_prefs("browser", LoggingPrefsLogLevel::All).unwrap();
    wishes.set_logging_prefs("performance", LoggingPrefsLogLevel::All).unwrap();
    wishes.into()
}

/// The bytes of a picture that DevTools took.
pub fn png(answer: Value) -> Vec<u8> {
    base64::prelude::BASE64_STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
}

/// Any command of the DevTools protocol.
#[derive(Debug)]
pub struct DevTools {
    pub command: String,
    pub parameters: Value,
}

impl FormatRequestData for DevTools {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(reqwest::Method::POST, format!("session/{session}/goog/cdp/execute"))
            .add_body(json!({"cmd": self.command, "params": self.parameters}))
    }
}
