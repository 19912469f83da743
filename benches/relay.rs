//! Our relay beside Debian's coturn, in turns within one run: processor for each packet, loss at the same offered load, memory for each allocation,
//! and how soon a call is through while somebody floods it.
//!
//! The load is `turnutils_uclient`'s, which knows nothing of either. Each of its messages comes back from an echo, so the relay passes it twice.

use crate::checks::{kilobytes, processor_ms};
use crate::support::{number, row};
use crate::turn::{CALL_SECRET, Client, PATIENCE, Relay, shape};
use anteroom::relay::Side;
use anteroom::relay::control::{Address, Order, Shape};
use anteroom::relay::credential::{CALL_SECONDS, Credential};
use anteroom::relay::frame;
use anteroom::relay::stun::{Class, Method, Writer};
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const BYTES: usize = 1_000;
/// Clients of one `turnutils_uclient`, which takes two allocations for each, and allocations that one of our credentials has.
const CLIENTS: usize = 6;
const PER_NAME: usize = 12;
/// Messages each sends, and how often, in milliseconds: below what our relay lets one allocation carry.
const MESSAGES: usize = 1_000;
const EVERY_MS: usize = 5;
/// So many of them at once: the last is more than two cores carry.
const LOADS: [usize; 4] = [2, 4, 8, 16];
const IDLE: usize = 240;
const ATTEMPTS: usize = 10_000;
/// How often a call has something to send.
const PACKET_EVERY: Duration = Duration::from_millis(20);
const COTURN_REALM: &str = "coturn.example";

/// One of the two that are measured.
enum Measured {
    Ours(Box<Relay>),
    Coturn(Child, SocketAddr),
}

impl Measured {
    fn ours() -> Self {
        let here = IpAddr::from([127, 0, 0, 1]);
        let addresses = vec![Address { here, public: here }];
        let shape =
            Shape { addresses, loopback_allowed: true, allocations_max: 2_000, ports: (40_000, 48_000), tls_listen: Vec::new(), ..shape() };
        Self::Ours(Box::new(Relay::with(shape)))
    }

    fn coturn() -> Self {
        let (ip, port) = (Ipv4Addr::new(127, 0, 0, 2), crate::support::free_port());
        let arguments = [
            "-n",
            "--use-auth-secret",
            "--allow-loopback-peers",
            "--no-cli",
            "--no-tls",
            "--no-dtls",
            "--log-file=/dev/null",
            "--pidfile=/dev/null",
        ];
        let mut command = Command::new("turnserver");
        command.args(arguments).arg(format!("--static-auth-secret={CALL_SECRET}")).arg(format!("--realm={COTURN_REALM}"));
        command.args([format!("--listening-ip={ip}"), format!("--relay-ip={ip}"), format!("--listening-port={port}")]);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("turnserver of the package coturn");
        let measured = Self::Coturn(child, (ip, port).into());
        let mut client = measured.client();
        while !client.is_answered() {}
        measured
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "ours",
            Self::Coturn(..) => "coturn",
        }
    }

    fn process(&self) -> u32 {
        match self {
            Self::Ours(relay) => relay.child.id(),
            Self::Coturn(child, _) => child.id(),
        }
    }

    fn place(&self) -> SocketAddr {
        match self {
            Self::Ours(relay) => relay.status.bound.udp[0],
            Self::Coturn(_, place) => *place,
        }
    }

    fn client(&self) -> Client {
        let mut client = Client::udp(Ipv4Addr::LOCALHOST, self.place());
        if matches!(self, Self::Coturn(..)) {
            client.realm = COTURN_REALM;
        }
        client
    }

    /// A credential of a call of its own, whose other party is at the echo.
    fn credential(&mut self, call: usize, echo: IpAddr) -> Credential {
        let now = SystemClock.now().0 / 1_000;
        let mut random = [0; 16];
        random[..8].copy_from_slice(&call.to_be_bytes());
        let made = Credential::new(&Secret::new(CALL_SECRET.to_owned()), now, CALL_SECONDS, random);
        if let Self::Ours(relay) = self {
            let call = format!("call {call}");
            relay.tell(&Order::Grant { call: call.clone(), side: Side::Patient, username: made.username.clone(), listed_only: false });
            relay.tell(&Order::Signalled { call, side: Side::Clinician, address: echo });
        }
        made
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        if let Self::Coturn(child, _) = self {
            let _ended = child.kill();
            let _status = child.wait();
        }
    }
}

pub fn run() {
    let echo = echo();
    let mut calls = 0;
    row(
        "\nRelay, messages of 1,000 B each way, offered in a second",
        &["offered".into(), "lost %".into(), "us/packet".into(), "packets/s, one core".into()],
    );
    for load in LOADS {
        for mut measured in [Measured::ours(), Measured::coturn()] {
            let credentials: Vec<Credential> = (0..load)
                .map(|_| {
                    calls += 1;
                    measured.credential(calls, echo.ip())
                })
                .collect();
            offer(&measured, &credentials, echo);
        }
    }
    row("\nRelay, memory", &["KB/allocation".into()]);
    for mut measured in [Measured::ours(), Measured::coturn()] {
        let before = kilobytes(measured.process());
        let mut kept = Vec::new();
        for at in 0..IDLE {
            if at % PER_NAME == 0 {
                calls += 1;
            }
            let credential = measured.credential(calls, echo.ip());
            let mut client = measured.client();
            assert_eq!(client.allocates(&credential).0, 0);
            kept.push(client);
        }
        row(measured.name(), &[number((kilobytes(measured.process()) - before) / IDLE as f64)]);
    }
    row("\nRelay, a call while 10,000 allocations are tried", &["ms".into()]);
    for mut measured in [Measured::ours(), Measured::coturn()] {
        calls += 1;
        let credential = measured.credential(calls, echo.ip());
        row(measured.name(), &[number(under_flood(&measured, &credential, echo))]);
    }
}

/// Sends back whatever comes.
fn echo() -> SocketAddr {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    let _capped = (socket.set_recv_buffer_size(4 << 20), socket.set_send_buffer_size(4 << 20));
    socket.bind(&SocketAddr::from(([127, 0, 0, 3], 0)).into()).unwrap();
    let socket: UdpSocket = socket.into();
    let at = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _lost = socket.send_to(&buffer[..length], from);
        }
    });
    at
}

/// One load, and what came of it.
fn offer(measured: &Measured, credentials: &[Credential], echo: SocketAddr) {
    let (place, cpu, began) = (measured.place(), processor_ms(measured.process()), Instant::now());
    let clients: Vec<Child> = credentials.iter().map(|credential| uclient(place, credential, echo)).collect();
    let (mut sent, mut came) = (0.0, 0.0);
    for client in clients {
        let said = String::from_utf8(client.wait_with_output().unwrap().stdout).unwrap();
        sent += total(&said, "tot_send_msgs");
        came += total(&said, "tot_recv_msgs");
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), processor_ms(measured.process()) - cpu);
    let micros = cpu * 1_000.0 / (sent + came);
    row(measured.name(), &[number(sent / seconds), number((1.0 - came / sent) * 100.0), number(micros), number(1_000_000.0 / micros)]);
}

fn uclient(place: SocketAddr, credential: &Credential, echo: SocketAddr) -> Child {
    let mut client = Command::new("turnutils_uclient");
    client.args(["-c", "-n", &MESSAGES.to_string(), "-m", &CLIENTS.to_string(), "-l", &BYTES.to_string(), "-z", &EVERY_MS.to_string()]);
    client.args(["-u", &credential.username, "-w", credential.password.reveal(), "-p", &place.port().to_string()]);
    client.args(["-e", &echo.ip().to_string(), "-r", &echo.port().to_string(), &place.ip().to_string()]);
    client.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("turnutils_uclient of the package coturn")
}

/// The last figure of that name.
fn total(said: &str, name: &str) -> f64 {
    let figure = |line: &str| {
        let after = line.split_once(name)?.1.trim_start_matches([':', '=']);
        after.split([',', ' ']).find(|word| !word.is_empty())?.parse().ok()
    };
    said.lines().rev().find_map(figure).unwrap_or(0.0)
}

/// How long a client takes from its first question to the first message that came back, while another network asks on and on.
fn under_flood(measured: &Measured, credential: &Credential, echo: SocketAddr) -> f64 {
    let (place, over) = (measured.place(), Arc::new(AtomicBool::new(false)));
    let attacker = {
        let over = over.clone();
        std::thread::spawn(move || {
            let request = Writer::new(Method::Allocate, Class::Request, [1; 12]).finish();
            let mut tried = 0;
            while tried < ATTEMPTS || !over.load(Ordering::SeqCst) {
                // Each from a port of its own: another five-tuple, another allocation.
                Client::udp(Ipv4Addr::new(127, 9, 9, 9), place).write(&request);
                tried += 1;
            }
        })
    };
    std::thread::sleep(Duration::from_millis(50));
    let began = Instant::now();
    // From a third network, with no privilege of this machine's own.
    let mut client = Client::udp(Ipv4Addr::new(127, 0, 1, 5), place);
    client.realm = measured.client().realm;
    assert_eq!(client.allocates(credential).0, 0);
    assert_eq!(client.binds(credential, 0x4000, echo), 0);
    // A flood takes a datagram now and then. A call has another one soon after.
    let came = std::iter::from_fn(|| {
        (began.elapsed() < PATIENCE).then(|| {
            client.sends_on(0x4000, b"hello");
            client.read_within(PACKET_EVERY)
        })
    });
    let came = came.flatten().next();
    assert_eq!(came, Some(frame::on_channel(0x4000, b"hello")));
    let ms = began.elapsed().as_secs_f64() * 1_000.0;
    over.store(true, Ordering::SeqCst);
    attacker.join().unwrap();
    ms
}
