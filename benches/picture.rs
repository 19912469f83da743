//! How soon a clinician sees the patient after the press on Admit: two real browsers, direct and through our relay over UDP and TLS, beside a press on the
//! echo test of Debian's Janus with the least page that it takes. Measured is the second frame that is there to be seen, on the clinician's page and on the
//! patient's, by the clock of the machine.

use crate::e2e::browser::Browser;
use crate::e2e::clinic::WAITING;
use crate::e2e::program::Program;
use crate::support::{BORN, Clinic, PASSWORD, free_port, number, row, share};
use anteroom::staff::Role;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::PublicKeyData;
use serde::Deserialize;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// Calls of each kind, unless `PICTURE_RUNS` says another number. The first of each is not counted.
const RUNS: usize = 20;
const WATCH: &str = include_str!("picture/watch.js");

/// What the page measured, in milliseconds of the machine's clock.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Measured {
    pressed: Option<f64>,
    picture: Option<f64>,
}

/// How long it took on the page of the clinician, and on the patient's.
#[derive(Default)]
struct Taken {
    clinician: Vec<f64>,
    patient: Vec<f64>,
}

pub async fn run() {
    let runs = std::env::var("PICTURE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    row("\nFirst picture, ms", &["p50", "p95", "p99", "p50 x", "p95 x"].map(str::to_owned));
    let Some(mut janus) = echo_of_janus(runs).await else {
        return row("Janus is not installed: `apt-get install janus`", &[]);
    };
    let peer = [0.5, 0.95].map(|part| share(&mut janus, part));
    figures("Janus echo, from the press", &mut janus, peer);
    for (way, words) in [(None, "direct"), (Some("udp"), "our relay, UDP"), (Some("tls"), "our relay, TLS")] {
        let mut taken = ours(way, runs).await;
        figures(&format!("{words}, Admit to the patient's picture"), &mut taken.clinician, peer);
        figures(&format!("{words}, Admit to the clinician's picture"), &mut taken.patient, peer);
    }
}

fn figures(what: &str, values: &mut [f64], peer: [f64; 2]) {
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|part| share(values, part));
    row(what, &[p50, p95, p99, p50 / peer[0], p95 / peer[1]].map(number));
}

/// A clinic, a clinician and one patient, who is let in again and again.
async fn ours(relayed_over: Option<&str>, runs: usize) -> Taken {
    let folder = tempfile::tempdir().unwrap();
    let (settings, key) = relay(folder.path());
    let clinic = Clinic::with(None, if relayed_over.is_some() { &settings } else { "" }).await;
    let (id, email) = clinic.account(Role::Clinician).await;
    let link = clinic.link(id, clinic.app.now(), 30).await;
    let _server = clinic.serve().await;
    let (clinician, patient) = (
        Browser::open_trusting("clinician", &clinic.base_url, &key).await,
        Browser::open_trusting("patient", &clinic.base_url, &key).await,
    );
    for browser in [&clinician, &patient] {
        browser.before_each_page(WATCH).await;
        if let Some(way) = relayed_over {
            browser.before_each_page(&only_over(way)).await;
        }
    }
    clinician.come_in(&email, PASSWORD).await;
    patient.goto(&format!("/v#{}", link.token)).await;
    patient.fill("Date of birth", BORN).await;
    patient.click("Continue").await;
    patient.click("Join visit").await;

    let mut taken = Taken::default();
    for run in 0..=runs {
        patient.sees(WAITING).await;
        patient.inject("Object.assign(window.measuredForTheTest, { picture: null, frames: 0 })").await;
        clinician.sees_button("Admit").await;
        clinician.admit().await;
        let (here, there) = (picture(&clinician).await, picture(&patient).await);
        let pressed = here.pressed.unwrap();
        // The clinician was asked whether the place is private, and what is loaded once was loaded.
        if run > 0 {
            taken.clinician.push(here.picture.unwrap() - pressed);
            taken.patient.push(there.picture.unwrap() - pressed);
        }
        clinician.press_in_security("Back to waiting room").await;
    }
    clinician.finish().await;
    patient.finish().await;
    taken
}

async fn picture(browser: &Browser) -> Measured {
    browser
        .wait_for("see the other person", async || {
            let measured: Option<Measured> = browser.ask("measured", serde_json::json!([])).await?;
            Ok(measured.filter(|measured| measured.picture.is_some()))
        })
        .await
}

/// This page reaches the relay in that way alone.
fn only_over(way: &str) -> String {
    let end = if way == "tls" { "url.startsWith('turns:')" } else { "url.endsWith('transport=udp')" };
    format!(
        "{{ const only = (given) => ({{ ...given, iceServers: given.iceServers.map((server) => ({{ ...server, urls: server.urls.filter((url) => {end}) }})) }});
        const Real = RTCPeerConnection;
        window.RTCPeerConnection = class extends Real {{
            constructor(given) {{ super(given?.iceTransportPolicy === 'relay' ? only(given) : given) }}
            setConfiguration(given) {{ super.setConfiguration(only(given)) }}
        }} }}"
    )
}

/// The settings of a clinic whose calls go through its own relay, and the key of its certificate as Chromium names it.
fn relay(folder: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, key] = ["relay.pem", "relay.key"].map(|name| folder.join(name));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let secure = free_port();
    let settings = format!(
        "[calls]\npath = \"relay\"\n[relay]\nlisten = [\"127.0.0.1:0\"]\ntls_listen = [\"127.0.0.1:{secure}\"]\naddresses = [\"127.0.0.1\"]\n\
         name = \"localhost\"\nregion = \"us-east\"\nlonely_seconds = 10\n[relay.tls]\ncertificate_file = \"{}\"\nkey_file = \"{}\"\n",
        certificate.display(),
        key.display()
    );
    (settings, BASE64_STANDARD.encode(anteroom::crypto::sha256(&made.signing_key.subject_public_key_info())))
}

/// None where there is no Janus.
async fn echo_of_janus(runs: usize) -> Option<Vec<f64>> {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _janus = start_janus(folder.path(), port)?;
    let page = serve_page();
    let browser = Browser::open("janus", &format!("http://127.0.0.1:{page}")).await;
    let mut taken = Vec::new();
    for run in 0..=runs {
        browser.goto(&format!("/?janus={port}")).await;
        browser.click("Call").await;
        let measured = picture(&browser).await;
        if run > 0 {
            taken.push(measured.picture.unwrap() - measured.pressed.unwrap());
        }
    }
    browser.finish_despite(&[&format!("request to others: http://127.0.0.1:{port}/janus")]).await;
    Some(taken)
}

/// With nothing but its echo, reached over HTTP on this machine.
fn start_janus(folder: &Path, port: u16) -> Option<Program> {
    let installed = std::fs::read_dir("/usr/lib").ok()?.map(|entry| entry.unwrap().path().join("janus")).find(|path| path.is_dir())?;
    let installed = installed.display();
    let general = format!(
        "general: {{ configs_folder = \"{0}\", plugins_folder = \"{installed}/plugins\", transports_folder = \"{installed}/transports\", \
         events_folder = \"{installed}/events\", loggers_folder = \"{installed}/loggers\", debug_level = 2 }}\n\
         transports: {{ disable = \"libjanus_pfunix.so,libjanus_websockets.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so\" }}\n\
         nat: {{ full_trickle = true }}\n",
        folder.display()
    );
    std::fs::write(folder.join("janus.jcfg"), general).unwrap();
    let http = format!(
        "general: {{ json = \"compact\", base_path = \"/janus\", http = true, port = {port}, ip = \"127.0.0.1\", https = false }}\n"
    );
    std::fs::write(folder.join("janus.transport.http.jcfg"), http).unwrap();
    std::fs::write(folder.join("janus.plugin.echotest.jcfg"), "general: { events = false }\n").unwrap();
    let mut command = Command::new("janus");
    command.arg("--config").arg(folder.join("janus.jcfg")).arg("--configs-folder").arg(folder).stderr(Stdio::null());
    let janus = Program::start(&mut command);
    let began = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed().as_secs() < 30, "Janus does not answer");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Some(janus)
}

/// The page and its script, on a port of their own, for as long as the program runs.
fn serve_page() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or(0);
                let script = head[..read].starts_with(b"GET /janus.js");
                let (kind, body) = if script {
                    ("text/javascript", include_str!("picture/janus.js"))
                } else {
                    ("text/html; charset=utf-8", include_str!("picture/janus.html"))
                };
                let length = body.len();
                // A browser that has gone wants no answer.
                let _gone = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
            });
        }
    });
    port
}
