//! The relay as a process of its own.

pub use super::turn_client::{Client, PATIENCE, REALM};
use anteroom::relay::Side;
use anteroom::relay::control::{Address, CertificatePem, Order, Secrets, Shape, Start, Status};
use anteroom::relay::credential::{self, Credential};
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const CALL_SECRET: &str = "for calls";
pub const CHECK_SECRET: &str = "for checks";

/// Killed when dropped.
pub struct Relay {
    pub folder: tempfile::TempDir,
    pub status: Status,
    orders: Option<BufReader<UnixStream>>,
    pub child: Child,
    random: u8,
}

/// A relay on loopback, with ports that are free. Where it relays is another address of loopback.
pub fn shape() -> Shape {
    let here = IpAddr::from([127, 0, 0, 1]);
    Shape {
        beside: Vec::new(),
        realm: REALM.to_owned(),
        listen: vec![(here, 0).into()],
        tls_listen: vec![(here, 0).into()],
        addresses: vec![Address { here, public: here }],
        ports: (40_000, 48_000),
        allocations_max: 40,
        loopback_allowed: false,
        lonely_seconds: 30,
    }
}

pub fn spawn(folder: &std::path::Path, shape: Shape) -> Child {
    spawn_keyed(folder, CALL_SECRET, shape)
}

fn spawn_keyed(folder: &std::path::Path, call_secret: &str, shape: Shape) -> Child {
    let made = rcgen::generate_simple_self_signed([REALM.to_owned()]).unwrap();
    let certificate = CertificatePem { chain: made.cert.pem(), key: made.signing_key.serialize_pem() };
    let secrets = Secrets { call: call_secret.to_owned(), check: CHECK_SECRET.to_owned() };
    let start = Start { version: "test".to_owned(), shape, secrets, certificate: Some(certificate) };
    let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
    let mut child = command.arg("relay").env_clear().current_dir(folder).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let line = serde_json::to_string(&start).unwrap() + "\n";
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    child
}

impl Relay {
    pub fn start() -> Self {
        Self::with(shape())
    }

    pub fn with(shape: Shape) -> Self {
        Self::keyed(CALL_SECRET, shape)
    }

    /// One whose names of calls open with another secret.
    pub fn keyed(call_secret: &str, shape: Shape) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = spawn_keyed(folder.path(), call_secret, shape);
        let began = Instant::now();
        let stream = loop {
            match UnixStream::connect(folder.path().join("relay.sock")) {
                Ok(stream) => break stream,
                Err(_) if began.elapsed() < PATIENCE && child.try_wait().unwrap().is_none() => {
                    std::thread::sleep(Duration::from_millis(10))
                }
                Err(error) => {
                    let _ended = child.kill();
                    let mut said = String::new();
                    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                    panic!("the relay did not begin: {error}\n{said}");
                }
            }
        };
        let mut orders = BufReader::new(stream);
        let status = tell(&mut orders, &Order::Status);
        Self { folder, status, orders: Some(orders), child, random: 0 }
    }

    pub fn tell(&mut self, order: &Order) -> &Status {
        self.status = tell(self.orders.as_mut().expect("we have not hung up"), order);
        &self.status
    }

    /// As `serve` does when it is stopped.
    pub fn hang_up(&mut self) {
        self.orders = None;
    }

    /// A credential of one party, which the relay knows.
    pub fn granted(&mut self, call: &str, side: Side) -> Credential {
        let credential = self.credential(CALL_SECRET, credential::CALL_SECONDS);
        self.tell(&Order::Grant { call: call.to_owned(), side, username: credential.username.clone(), listed_only: false });
        credential
    }

    /// One that ends in so many seconds.
    pub fn credential(&mut self, secret: &str, seconds: i64) -> Credential {
        self.random += 1;
        Credential::new(&Secret::new(secret.to_owned()), SystemClock.now().0 / 1_000, seconds, [self.random; 16])
    }

    pub fn udp(&self) -> Client {
        self.udp_from(Ipv4Addr::LOCALHOST)
    }

    /// From another address of this machine.
    pub fn udp_from(&self, ip: Ipv4Addr) -> Client {
        Client::udp(ip, self.status.bound.udp[0])
    }

    pub fn tcp(&self) -> Client {
        Client::tcp(self.status.bound.tcp[0])
    }

    /// Wait for its end by itself.
    pub fn ended(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn tell(orders: &mut BufReader<UnixStream>, order: &Order) -> Status {
    let line = serde_json::to_string(order).unwrap() + "\n";
    orders.get_mut().write_all(line.as_bytes()).unwrap();
    let mut answer = String::new();
    orders.read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap_or_else(|_| panic!("the relay said {answer:?}"))
}
