//! What the next `serve` does with the relay of the one before: takes it over while calls go through it, replaces it once it is of another
//! shape and carries none, and gives it a renewed certificate (RTC-09, REL-02).

use crate::support::turn::Client;
use anteroom::crypto::{Rng, RootKey};
use anteroom::relay::control::{Order, Secrets, Status};
use anteroom::relay::credential::{CHECK_SECONDS, Credential};
use anteroom::relay::stun::{Method, kind};
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "relay.example";

/// A clinic's own server, killed when dropped, and its relay ended.
struct Clinic {
    folder: tempfile::TempDir,
    server: Option<Child>,
}

impl Clinic {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("root.key");
        RootKey::generate(&Rng::system()).write_new(&key).unwrap();
        let clinic = Self { folder, server: None };
        clinic.certify();
        clinic
    }

    /// A certificate of a new key, in the files that the configuration names.
    fn certify(&self) {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        std::fs::write(self.folder.path().join("relay.key"), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(self.folder.path().join("relay.pem"), made.cert.pem()).unwrap();
    }

    fn serve(&mut self, allocations_max: usize) {
        let text = format!(
            "base_url = \"http://localhost:8080\"\nlisten = [\"127.0.0.1:0\"]\ndata_dir = \"data\"\nroot_key_file = \"root.key\"\n\
             accept_key_on_data_volume = true\n[clinic]\nname = \"Riverside\"\nzone = \"America/New_York\"\nphone = \"555 0100\"\n\
             [relay]\nlisten = [\"127.0.0.1:0\"]\ntls_listen = [\"127.0.0.1:0\"]\naddresses = [\"127.0.0.1\"]\nregion = \"us-east\"\n\
             name = \"{NAME}\"\nallocations_max = {allocations_max}\n[relay.tls]\ncertificate_file = \"relay.pem\"\nkey_file = \"relay.key\"\n"
        );
        std::fs::write(self.folder.path().join("clinic.toml"), text).unwrap();
        std::fs::create_dir_all(self.folder.path().join("data")).unwrap();
        let errors = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
        command.args(["serve", "--config", "clinic.toml"]).current_dir(self.folder.path()).stdin(Stdio::null()).stderr(errors);
        self.server = Some(command.spawn().unwrap());
    }

    /// As a power cut would.
    fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ended = server.kill();
            let _status = server.wait();
        }
    }

    fn tell(&self, order: &Order) -> Option<Status> {
        let mut stream = BufReader::new(UnixStream::connect(self.folder.path().join("data/relay.sock")).ok()?);
        let line = serde_json::to_string(order).unwrap() + "\n";
        stream.get_mut().write_all(line.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_line(&mut answer).ok()?;
        serde_json::from_str(&answer).ok()
    }

    /// The relay, once it is as it should be.
    fn relay(&self, what: &str, right: impl Fn(&Status) -> bool) -> Status {
        let began = Instant::now();
        loop {
            if let Some(status) = self.tell(&Order::Status).filter(&right) {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "{what}: {}", std::fs::read_to_string(self.folder.path().join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log_says(&self, words: &str) {
        let began = Instant::now();
        while !std::fs::read_to_string(self.folder.path().join("log")).unwrap().contains(words) {
            assert!(began.elapsed() < PATIENCE, "the log does not say: {words}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        self.kill();
        let _gone_already = self.tell(&Order::Stop);
    }
}

/// What stands in the file, or is shown at the place, as openssl says it.
fn fingerprint(of: &str, folder: &Path) -> String {
    let made =
        Command::new("sh").args(["-c", &format!("{of} | openssl x509 -noout -fingerprint -sha256")]).current_dir(folder).output().unwrap();
    String::from_utf8(made.stdout).unwrap()
}

#[test]
fn the_next_server_takes_a_relay_over_that_carries_something_and_replaces_it_once_it_does_not() {
    let mut clinic = Clinic::new();
    clinic.serve(100);
    let first = clinic.relay("the relay begins", |_| true);
    clinic.log_says("Serving");
    let check = Secrets { call: "calls".to_owned(), check: "checks".to_owned() };
    clinic.tell(&Order::Secrets(check)).unwrap();
    let credential = Credential::new(&Secret::new("checks".to_owned()), SystemClock.now().0 / 1_000, CHECK_SECONDS, [7; 16]);
    let mut client = Client::udp(Ipv4Addr::LOCALHOST, first.bound.udp[0]);
    client.realm = NAME;
    assert_eq!(client.allocates(&credential).0, 0);

    clinic.kill();
    assert_eq!(clinic.relay("it outlives its server", |_| true).allocations, 1);
    clinic.serve(200);
    clinic.log_says("Took over the relay that runs");
    let kept = clinic.relay("the same goes on", |status| status.allocations == 1);
    assert_eq!((&kept.bound, kept.shape.allocations_max), (&first.bound, 100), "something goes through it");
    assert_eq!(client.asks(&credential, Method::Refresh, |request| request.number(kind::LIFETIME, 0)).0, 0);
    clinic.relay("another takes its place", |status| status.shape.allocations_max == 200);

    clinic.kill();
    clinic.serve(300);
    clinic.relay("one that carries nothing is replaced at the start", |status| status.shape.allocations_max == 300);
    clinic.log_says("Serving");
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let mut clinic = Clinic::new();
    clinic.serve(100);
    let place = clinic.relay("the relay begins", |status| !status.bound.tls.is_empty()).bound.tls[0];
    let (folder, shown) = (clinic.folder.path(), format!("openssl s_client -connect {place} -servername {NAME} </dev/null 2>/dev/null"));
    let first = fingerprint("cat relay.pem", folder);
    assert!(first.contains("Fingerprint"), "{first}");
    assert_eq!(fingerprint(&shown, folder), first);
    std::fs::write(folder.join("relay.pem"), "no certificate").unwrap();
    clinic.log_says("cannot be used");
    assert_eq!(fingerprint(&shown, folder), first, "the last good one is shown on");
    clinic.certify();
    let second = fingerprint("cat relay.pem", folder);
    assert_ne!(first, second);
    let began = Instant::now();
    while fingerprint(&shown, folder) != second {
        assert!(began.elapsed() < PATIENCE, "the renewed certificate is not shown");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(clinic.relay("it is the same relay", |_| true).bound.tls[0], place);
}
