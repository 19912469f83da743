//! Firefox: how one is started, and what of it is unlike Chromium.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::Capabilities;
use thirtyfour::common::capabilities::firefox::FirefoxPreferences;
use thirtyfour::extensions::addons::firefox::FirefoxTools;
use thirtyfour::prelude::*;

use super::program::Program;

/// Lower: a driver that never comes up is noticed sooner. Higher: a busy machine has time for it.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// How a line begins that Firefox writes of a page's script that broke. It complains of scripts of its own, too.
const BROKE: &str = "JavaScript error: http";

/// Firefox writes no breach of the policy where a driver could read it, so that each page says so itself.
const TELL_POLICY: &str = "addEventListener('securitypolicyviolation', (event) => \
    console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));";

/// Starts geckodriver on a port that it chooses itself. Everything that it and its browser leave on the disk is in the folder.
pub fn start(folder: &Path) -> (Program, u16) {
    let program = Program::start(
        // What pages complain of stands in both of its outputs.
        Command::new("sh")
            .args(["-c", "exec geckodriver --port 0 --websocket-port 0 --profile-root \"$0\" 2>&1"])
            .arg(folder)
            .env("TMPDIR", folder)
            .env("HOME", folder),
    );
    loop {
        let line = program.line(START_PATIENCE).unwrap_or_else(|problem| panic!("geckodriver did not say its port: {problem}"));
        if let Some((_, port)) = line.split_once("Listening on 127.0.0.1:") {
            return (program, port.trim().parse().expect("a port is a number"));
        }
    }
}

pub fn wishes() -> Capabilities {
    let mut wishes = DesiredCapabilities::firefox();
    for argument in ["-headless", "--width=1280", "--height=900"] {
        wishes.add_arg(argument).unwrap();
    }
    let mut preferences = FirefoxPreferences::new();
    for (name, value) in preferences_of_tests() {
        preferences.set(name, value).unwrap();
    }
    wishes.set_preferences(preferences).unwrap();
    // Of a clinic that has made its own.
    wishes.accept_insecure_certs(true).unwrap();
    wishes.into()
}

fn preferences_of_tests() -> Vec<(&'static str, Value)> {
    vec![
        // A drawn picture and a tone, and nobody to ask whether the page may have them.
        ("media.navigator.streams.fake", json!(true)),
        ("media.navigator.permission.disabled", json!(true)),
        // A sound card that is only pretended: without any, what a page wants to play stands still.
        ("media.cubeb.force_mock_context", json!(true)),
        // Both browsers are on this machine, which may have no other network; and names of addresses would need a network to be looked up in.
        ("media.peerconnection.ice.loopback", json!(true)),
        ("media.peerconnection.ice.obfuscate_host_addresses", json!(false)),
        // Nobody but this machine is asked for anything, whatever the browser itself would like: all else goes to a proxy that is not there.
        ("network.proxy.type", json!(1)),
        ("network.proxy.http", json!("127.0.0.1")),
        ("network.proxy.http_port", json!(9)),
        ("network.proxy.ssl", json!("127.0.0.1")),
        ("network.proxy.ssl_port", json!(9)),
        ("network.proxy.no_proxies_on", json!("localhost, 127.0.0.1")),
        ("app.update.disabledForTesting", json!(true)),
        ("media.gmp-manager.updateEnabled", json!(false)),
        // What goes wrong in a page is written where `complaints` looks.
        ("browser.dom.window.dump.enabled", json!(true)),
        ("devtools.console.stdout.content", json!(true)),
        ("intl.accept_languages", json!("en-US, en")),
    ]
}

/// From the next page on each runs this script before its own, as one that Firefox itself brings along. The folder is the browser's own.
pub async fn before_each_page(driver: &WebDriver, folder: &Path, script: &str) {
    let name = format!("addon-{}", std::fs::read_dir(folder).unwrap().count());
    let addon = folder.join(&name);
    std::fs::create_dir(&addon).unwrap();
    let manifest = json!({
        "manifest_version": 2,
        "name": name,
        "version": "1",
        "browser_specific_settings": {"gecko": {"id": format!("{name}@test.invalid")}},
        "content_scripts": [{"matches": ["<all_urls>"], "js": ["script.js"], "run_at": "document_start", "world": "MAIN"}],
    });
    std::fs::write(addon.join("manifest.json"), manifest.to_string()).unwrap();
    std::fs::write(addon.join("script.js"), script).unwrap();
    let tools = FirefoxTools::new(driver.handle().clone());
    tools.install_addon(&addon.display().to_string(), Some(true)).await.expect("Firefox takes the script");
}

pub async fn tell_of_policy(driver: &WebDriver, folder: &Path) {
    before_each_page(driver, folder, TELL_POLICY).await;
}

pub async fn whole_page(driver: &WebDriver) -> WebDriverResult<Vec<u8>> {
    FirefoxTools::new(driver.handle().clone()).full_screenshot_as_png().await
}

/// Whether a line of what Firefox writes is about something that went wrong in a page of ours.
pub fn is_complaint(line: &str) -> bool {
    line.starts_with(BROKE) || (line.starts_with("console.error:") && line.contains("Content Security Policy"))
}
