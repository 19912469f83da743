//! A clinic of one's own: what `init` makes, what a start refuses, TLS, proxies, and what those who run it can ask.

use crate::on_both;
use crate::support::TestApp;
use crate::support::guest::{BORN, NAME};
use anteroom::config::{Config, TlsConfig};
use anteroom::crypto::{Rng, RootKey};
use anteroom::operations::{self, Operations};
use anteroom::staff::Role;
use anteroom::web::metrics::Requests;
use anteroom::web::tls::Certificate;
use anteroom::{demo, production, server};
use reqwest::{Client, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tokio_rustls::TlsConnector;

fn init(folder: &Path, more: &[&str]) -> Output {
    let given = "init --folder clinic --keys keys --name Riverside --address https://visits.clinic.example --zone America/New_York \
                 --admin sam@clinic.example";
    let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
    command.args(given.split_whitespace()).args(["--phone", "555 0100"]).args(more).current_dir(folder).stdin(Stdio::null());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_makes_a_clinic_and_overwrites_none() {
    let folder = tempfile::tempdir().unwrap();
    let made = init(folder.path(), &["--accept-key-on-data-volume"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let said = text(&made.stdout);
    assert!(said.contains("https://visits.clinic.example/set-password#"), "{said}");
    assert!(said.contains("Before it starts") && said.contains("[mail.smtp]"), "it says what is still missing: {said}");
    let (config, key) = (folder.path().join("clinic/clinic.toml"), folder.path().join("keys/root.key"));
    let compliance = Config::read(&config).unwrap().compliance.mail;
    assert_eq!(compliance.as_deref(), Some("sam@clinic.example"), "where nobody can be asked, the administrator's");
    assert_eq!((mode(&config), mode(&key), mode(&folder.path().join("clinic/data"))), (0o600, 0o600, 0o700));
    let before = (std::fs::read(&config).unwrap(), std::fs::read(&key).unwrap());

    let again = init(folder.path(), &["--accept-key-on-data-volume"]);
    assert!(!again.status.success());
    assert!(text(&again.stderr).contains("nothing was changed"), "{}", text(&again.stderr));
    assert_eq!(before, (std::fs::read(&config).unwrap(), std::fs::read(&key).unwrap()));
}

#[test]
fn init_does_not_put_the_key_beside_the_data_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let refused = init(folder.path(), &[]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("lies on the volume of the data"), "{}", text(&refused.stderr));
    assert!(!folder.path().join("clinic/clinic.toml").exists());
    let accepted = init(folder.path(), &["--accept-key-on-data-volume"]);
    assert!(accepted.status.success(), "a try that was refused stands in nobody's way: {}", text(&accepted.stderr));
}

#[test]
fn init_names_what_is_missing_where_nobody_can_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_anteroom"))
        .args(["init", "--keys", "keys", "--name", "Riverside"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(text(&made.stderr).contains("--address is missing"), "{}", text(&made.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left of it");
}

#[test]
fn init_says_of_each_answer_what_is_wrong_with_it_and_leaves_nothing_behind() {
    for (flag, answer, wrong) in [
        ("--address", "visits.clinic.example", "must begin with https://"),
        ("--address", "https://localhost:8443", "needs a certificate"),
        ("--zone", "New York", "there is no such time zone"),
        ("--admin", "sam", "this is not a mail address"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let given = [("--address", "https://visits.clinic.example"), ("--zone", "America/New_York"), ("--admin", "sam@clinic.example")];
        let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
        command.args(["init", "--folder", "clinic", "--keys", "keys", "--name", "Riverside", "--phone", "555 0100"]);
        for (name, usual) in given {
            command.args([name, if name == flag { answer } else { usual }]);
        }
        let made = command.arg("--accept-key-on-data-volume").current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
        assert!(!made.status.success() && text(&made.stderr).contains(wrong), "{answer}: {}", text(&made.stderr));
        assert!(!folder.path().join("clinic/clinic.toml").exists() && !folder.path().join("keys/root.key").exists(), "{answer}");
    }
}

/// A configuration that a start accepts, for one thing at a time to be wrong with.
struct Start {
    folder: tempfile::TempDir,
    text: String,
}

impl Start {
    fn good() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        let key = folder.path().join("root.key");
        RootKey::generate(&Rng::system()).write_new(&key).unwrap();
        let text = format!(
            r#"
            base_url = "https://visits.clinic.example"
            listen = ["127.0.0.1:8080"]
            data_dir = "{at}/data"
            root_key_file = "{at}/root.key"
            accept_key_on_data_volume = true
            [clinic]
            name = "Riverside Clinic"
            zone = "America/New_York"
            phone = "555 0100"
            [compliance]
            mail = "compliance@clinic.example"
            [mail.smtp]
            host = "smtp.clinic.example"
            port = 465
            "#
        );
        Self { folder, text }
    }

    /// What a start says with `from` written as `to`.
    fn says(&self, from: &str, to: &str) -> String {
        assert!(self.text.contains(from), "{from}");
        let config = Config::parse(&self.text.replacen(from, to, 1)).unwrap();
        production::check(&config).map_or_else(|error| format!("{error:#}"), |()| STARTED.to_owned())
    }

    /// What it says with more tables at the end.
    fn says_with(&self, tables: &str) -> String {
        self.says("port = 465", &format!("port = 465\n{tables}"))
    }
}

const STARTED: &str = "started";

#[test]
fn a_start_refuses_what_would_be_unsafe_and_says_what_to_write() {
    let start = Start::good();
    let (tls, proxy) = ("[tls]\ncertificate_file = \"c.pem\"\nkey_file = \"k.pem\"", "[proxy]\ntrusted = [\"10.0.0.0/8\"]");
    let database = |url: &str| format!("[database]\nurl = \"{url}\"");
    assert_eq!(start.says_with(""), STARTED);
    assert_eq!(start.says_with(tls), STARTED);
    assert_eq!(start.says_with(&database("postgres://anteroom@db.internal/anteroom?sslmode=verify-full")), STARTED);

    let relay = |address: &str, more: &str| {
        format!("[relay]\nlisten = [\"0.0.0.0:3478\"]\naddresses = [\"{address}\"]\nregion = \"us-east\"\n{more}")
    };
    assert_eq!(start.says_with(&relay("9.9.9.9", "addresses_here = [\"10.0.0.5\"]")), STARTED);
    assert!(start.says_with(&relay("9.9.9.9", "permit_loopback = true")).contains("for demonstrations and tests"));
    for inside in ["127.0.0.1", "10.0.0.5", "::ffff:192.168.0.1"] {
        assert!(start.says_with(&relay(inside, "")).contains("addresses_here"), "{inside}");
    }

    assert!(start.says("accept_key_on_data_volume = true", "").contains("Move the key to another volume."));
    assert!(start.says("127.0.0.1:8080", "0.0.0.0:8080").contains("plain HTTP"));
    assert!(start.says_with(&database("postgres://anteroom@db.internal/anteroom")).contains("sslmode=verify-full"));
    let smtp = "[mail.smtp]\n            host = \"smtp.clinic.example\"\n            port = 465";
    assert!(start.says(smtp, "").contains("no patient gets a link"));
    let compliance = "[compliance]\n            mail = \"compliance@clinic.example\"";
    assert!(start.says(compliance, "").contains("no signed head of the access log leaves"));

    let everywhere = Start { text: start.text.replace("127.0.0.1:8080", "0.0.0.0:8080"), ..start };
    assert_eq!((everywhere.says_with(tls), everywhere.says_with(proxy)), (STARTED.to_owned(), STARTED.to_owned()));
    let trial = Start { text: everywhere.text.replace("https://visits.clinic.example", "http://localhost:8080"), ..everywhere };
    assert!(trial.says_with(tls).contains("base_url must begin with https://"));
    let trial = Start { text: trial.text.replace("0.0.0.0", "127.0.0.1"), ..trial };
    assert_eq!(trial.says(smtp, ""), STARTED, "on one machine mails may be files");
    assert_eq!(trial.says(compliance, ""), STARTED, "and nobody need be told");
}

#[test]
fn a_key_that_others_can_read_or_that_a_demonstration_made_is_refused() {
    let start = Start::good();
    let key = start.folder.path().join("root.key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(start.says_with("").contains("chmod 600"), "{}", start.says_with(""));
    std::fs::remove_file(&key).unwrap();
    assert!(start.says_with("").contains("anteroom init"));
    let invented = demo::config(&start.folder.path().join("demo"), "127.0.0.1:8080".parse().unwrap()).unwrap();
    std::fs::rename(&invented.root_key_file, &key).unwrap();
    assert!(start.says_with("").contains("a demonstration's"), "{}", start.says_with(""));
}

/// A certificate for `localhost` and its key, written where a test wants them.
fn write_certificate(folder: &Path) -> (TlsConfig, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsConfig { certificate_file: folder.join("certificate.pem"), key_file: folder.join("key.pem") };
    std::fs::write(&files.certificate_file, made.cert.pem()).unwrap();
    std::fs::write(&files.key_file, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.pem())
}

/// What a browser that trusts one certificate and no other gets from a server. An error when the server shows another.
async fn ask_trusting(pem: &str, port: u16) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let versions = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let client = versions.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    let mut stream = TlsConnector::from(Arc::new(client)).connect("localhost".try_into().unwrap(), stream).await?;
    stream.write_all(b"GET /help HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(text(&answer))
}

#[actix_web::test]
async fn a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let app = TestApp::sqlite().await;
    let (files, first) = write_certificate(app.folder.path());
    let certificate = Certificate::open(&files).unwrap();
    let listeners = server::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let running =
        server::start(app.app.clone(), app.hub.clone(), app.beside.clone(), Requests::new(), listeners, Some(certificate.clone())).unwrap();
    let handle = running.handle();
    actix_web::rt::spawn(running);
    assert!(ask_trusting(&first, port).await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(!certificate.renew().unwrap(), "nothing changed");

    let written = |what: &str| {
        std::fs::write(&files.key_file, what).unwrap();
        let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(60);
        std::fs::File::options().write(true).open(&files.key_file).unwrap().set_modified(later).unwrap();
    };
    written("no key");
    let broken = certificate.renew().unwrap_err();
    assert!(format!("{broken:#}").contains("key.pem"), "{broken:#}");
    assert!(ask_trusting(&first, port).await.is_ok(), "the old one serves on");

    let (_, second) = write_certificate(app.folder.path());
    assert!(certificate.renew().unwrap());
    assert!(ask_trusting(&second, port).await.is_ok());
    assert!(ask_trusting(&first, port).await.is_err(), "the old one is shown no more");
    app.finish().await;
    handle.stop(false).await;
}

#[actix_web::test]
async fn the_log_tells_the_client_behind_our_proxy_and_believes_nobody_else() {
    for (trusted, from) in [("[\"127.0.0.1/32\"]", "198.51.100.1"), ("[]", "127.0.0.1")] {
        let app = TestApp::sqlite_with(&format!("[proxy]\ntrusted = {trusted}")).await;
        let form = [("email", "nobody@clinic.example"), ("password", "wrong wrong wrong")];
        let asked = Client::new().post(format!("{}/sign-in", app.base_url)).form(&form);
        asked.header("origin", &app.base_url).header("x-forwarded-for", "1.2.3.4, 198.51.100.1").send().await.unwrap();
        let failed = app.events("staff.signed_in").await;
        assert_eq!(failed[0]["from"], from, "with {trusted} trusted");
        app.finish().await;
    }
}

#[actix_web::test]
async fn a_foreign_host_header_is_in_no_link() {
    let app = TestApp::sqlite().await;
    let guest = app.guest().await;
    app.next_mail().await;
    let desk = app.staff(Role::Scheduler).await;
    let path = format!("/appointments/{}/links", guest.visit);
    let answer =
        desk.request(reqwest::Method::POST, &path).header("x-csrf", desk.csrf()).header("host", "evil.example").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let mail = app.next_mail().await;
    assert!(mail.contains(&format!("{}/v#", app.base_url)) && !mail.contains("evil.example"), "{mail}");
    app.finish().await;
}

#[actix_web::test]
async fn browsers_are_told_to_come_by_https_alone() {
    for (base, lasting) in [("https://visits.clinic.example", true), ("https://localhost:8443", false), ("http://localhost:8080", false)] {
        let app = TestApp::sqlite_known_as(base).await;
        let answer = Client::new().get(format!("http://{}/help", app.listens_at)).send().await.unwrap();
        let header = answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header.is_some_and(|value| value == "max-age=63072000; includeSubDomains"), lasting, "{base}");
        app.finish().await;
    }
}

/// The answers of the address for those who run the server.
async fn operations_of(app: &TestApp) -> (String, actix_web::dev::ServerHandle) {
    let listener = server::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap().pop().unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let operations = Operations { app: app.app.clone(), hub: app.hub.clone(), requests: app.requests.clone() };
    let running = operations::serve(operations, listener).unwrap();
    let handle = running.handle();
    actix_web::rt::spawn(running);
    (address, handle)
}

on_both! {
    async fn readiness_is_red_while_the_log_cannot_be_written(app: TestApp) {
        let (address, handle) = operations_of(&app).await;
        let ask = async |path: &str| {
            let answer = reqwest::get(format!("{address}{path}")).await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        };
        let before = app.log().await.len();
        assert_eq!(ask("/health/live").await.0, StatusCode::OK);
        let (status, body) = ask("/health/ready").await;
        assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()), (StatusCode::OK, json!({ "database": true, "log": true })));
        app.log_is_full(true).await;
        let (status, body) = ask("/health/ready").await;
        assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()["log"].clone()), (StatusCode::SERVICE_UNAVAILABLE, json!(false)));
        assert_eq!(ask("/health/live").await.0, StatusCode::OK, "a restart would not help");
        app.log_is_full(false).await;
        assert_eq!(ask("/health/ready").await.0, StatusCode::OK);
        assert_eq!(app.log().await.len(), before, "asking writes nothing");
        app.finish().await;
        // Last: a connection to the database that was opened for a request would end with the threads of this server.
        handle.stop(false).await;
    }
}

on_both! {
    async fn figures_count_things_and_tell_of_nobody(app: TestApp) {
        let guest = app.guest().await;
        let invitation = app.invitation().await;
        let browser = app.browser();
        let answer = browser.json("/v/redemption", &json!({ "token": invitation.token, "check": BORN })).await;
        assert_eq!(answer.status(), StatusCode::OK);
        browser.text(&format!("/visits/{}", guest.visit)).await;
        let _page = browser.socket(&format!("/visits/{}/socket", guest.visit)).await;

        let (address, handle) = operations_of(&app).await;
        let figures = reqwest::get(format!("{address}/metrics")).await.unwrap().text().await.unwrap();
        assert!(figures.contains("anteroom_sockets_open{kind=\"visit\"} 1"), "{figures}");
        assert!(figures.contains("anteroom_mails_waiting 0"), "{figures}");
        assert!(figures.contains("route=\"/visits/{id}\""), "{figures}");
        assert!(figures.trim_end().ends_with("# EOF"));
        let allowed = BTreeSet::from(["method", "route", "status", "le", "kind", "state", "version", "static_files"]);
        for line in figures.lines().filter(|line| !line.starts_with('#')) {
            let labels = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
            for label in labels.split("\",").filter(|label| !label.is_empty()) {
                let name = label.split('=').next().unwrap();
                assert!(allowed.contains(name), "a label that nobody reviewed: {line}");
            }
        }
        for canary in [guest.visit.to_string().as_str(), NAME, "guest@", &invitation.token, "1948", "127.0.0.1"] {
            assert!(!figures.contains(canary), "{canary}");
        }
        app.finish().await;
        // Last: a connection to the database that was opened for a request would end with the threads of this server.
        handle.stop(false).await;
    }
}

/// `serve` as a process on a clinic that `init` made, asked for one thing that it writes down, then stopped as Ctrl-C does: how it ended and what it said.
fn serve_and_stop(database: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://localhost:{port}");
    let given = ["--folder", "clinic", "--keys", "keys", "--accept-key-on-data-volume", "--name", "Riverside", "--zone", "UTC"];
    let program = || Command::new(env!("CARGO_BIN_EXE_anteroom"));
    let mut made = program();
    made.arg("init").args(given).args(["--phone", "555 0100", "--admin", "sam@clinic.example", "--address", &address]);
    assert!(made.current_dir(folder.path()).stdin(Stdio::null()).output().unwrap().status.success());
    let config = folder.path().join("clinic/clinic.toml");
    std::fs::write(&config, format!("{}\n{database}", std::fs::read_to_string(&config).unwrap())).unwrap();

    let mut serving = program();
    serving.arg("serve").arg("--config").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let server = serving.spawn().unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !wrong_link(port) {
        assert!(std::time::Instant::now() < until, "the server does not answer");
    }
    assert!(Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap().success());
    server.wait_with_output().unwrap()
}

/// False while nobody answers.
fn wrong_link(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
        std::thread::yield_now();
        return false;
    };
    let asked = format!(
        "POST /v/redemption HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost:{port}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: 34\r\n\r\n{{\"token\":\"x\",\"check\":\"1948-03-14\"}}"
    );
    let mut answer = String::new();
    stream.write_all(asked.as_bytes()).is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 422")
}

#[actix_web::test]
async fn a_server_stops_in_order_on_both_databases() {
    let postgres = crate::support::postgres::empty_database().await;
    for database in [String::new(), format!("[database]\nurl = \"{}\"", postgres.url())] {
        let ended = serve_and_stop(&database);
        let log = text(&ended.stderr);
        assert!(ended.status.success(), "{database}: {log}");
        assert!(log.contains("Serving Riverside") && !log.contains('\u{1b}'), "words, and no colours where nobody looks: {log:?}");
    }
}
