//! The relay as a process of its own, and a client that speaks to it over real sockets.

use anteroom::relay::Side;
use anteroom::relay::control::{Address, CertificatePem, Order, Secrets, Shape, Start, Status};
use anteroom::relay::credential::{self, Credential};
use anteroom::relay::frame;
use anteroom::relay::stun::{Class, Message, Method, Writer, kind};
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long an answer may take that must come.
pub const PATIENCE: Duration = Duration::from_secs(15);
pub const REALM: &str = "relay.example";
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
        let stream = TcpStream::connect(self.status.bound.tcp[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { realm: REALM, wire: Wire::Tcp(stream), nonce: String::new(), next: 0 }
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

enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// One five-tuple.
pub struct Client {
    /// Of the relay that it speaks to.
    pub realm: &'static str,
    wire: Wire,
    nonce: String,
    next: u8,
}

/// What came back: 0 or the code of the error, and the relayed address if there is one.
pub type Answer = (u16, Option<SocketAddr>);

impl Client {
    /// From an address of this machine to a relay.
    pub fn udp(from: impl Into<IpAddr>, relay: SocketAddr) -> Self {
        let socket = UdpSocket::bind((from.into(), 0)).unwrap();
        socket.connect(relay).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { realm: REALM, wire: Wire::Udp(socket), nonce: String::new(), next: 0 }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Udp(socket) => drop(socket.send(bytes)),
            // A stream that was ended takes it to nowhere.
            Wire::Tcp(stream) => drop(stream.write_all(bytes)),
        }
    }

    /// The next message, or nothing when the stream ended or it stays quiet.
    pub fn read(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 4_096];
        match &mut self.wire {
            Wire::Udp(socket) => match socket.recv(&mut buffer) {
                Ok(length) => Some(buffer[..length].to_vec()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
                Err(error) => panic!("{error}"),
            },
            Wire::Tcp(stream) => {
                stream.read_exact(&mut buffer[..4]).ok()?;
                let length = usize::from(u16::from_be_bytes([buffer[2], buffer[3]]));
                let (whole, on_the_stream) =
                    if buffer[0] & 0x40 == 0 { (20 + length, 20 + length) } else { (4 + length, 4 + length.next_multiple_of(4)) };
                stream.read_exact(&mut buffer[4..on_the_stream]).ok()?;
                Some(buffer[..whole].to_vec())
            }
        }
    }

    /// Whether somebody is there: a request without a proof is answered within a moment.
    pub fn is_answered(&mut self) -> bool {
        self.write(&Writer::new(Method::Binding, Class::Request, [0; 12]).finish());
        !self.is_quiet()
    }

    /// Nothing more comes within a moment.
    pub fn is_quiet(&mut self) -> bool {
        if let Wire::Udp(socket) = &self.wire {
            socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let quiet = socket.recv(&mut [0; 2_048]).is_err();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            return quiet;
        }
        false
    }

    /// A request without a proof, and its answer.
    pub fn asks_plainly(&mut self, method: Method) -> Answer {
        let request = Writer::new(method, Class::Request, [0; 12]).finish();
        self.write(&request);
        self.answer()
    }

    pub fn asks(&mut self, credential: &Credential, method: Method, with: impl Fn(Writer) -> Writer) -> Answer {
        if self.nonce.is_empty() {
            self.asks_plainly(Method::Allocate);
        }
        self.next += 1;
        let request = with(Writer::new(method, Class::Request, [self.next; 12]));
        let request = request.attribute(kind::USERNAME, credential.username.as_bytes()).attribute(kind::REALM, self.realm.as_bytes());
        let key = credential::key(&credential.username, self.realm, &credential.password);
        self.write(&request.attribute(kind::NONCE, self.nonce.as_bytes()).signed(&key));
        self.answer()
    }

    fn answer(&mut self) -> Answer {
        let bytes = self.read().expect("an answer");
        let message = Message::read(&bytes).expect("a message");
        if let Some(nonce) = message.text(kind::NONCE) {
            nonce.clone_into(&mut self.nonce);
        }
        let code = message.attribute(kind::ERROR_CODE).map_or(0, |value| u16::from(value[2]) * 100 + u16::from(value[3]));
        (code, message.address(kind::XOR_RELAYED_ADDRESS))
    }

    pub fn allocates(&mut self, credential: &Credential) -> Answer {
        self.asks(credential, Method::Allocate, |request| request.number(kind::REQUESTED_TRANSPORT, 17 << 24))
    }

    pub fn permits(&mut self, credential: &Credential, peer: SocketAddr) -> u16 {
        self.asks(credential, Method::CreatePermission, |request| request.address(kind::XOR_PEER_ADDRESS, peer)).0
    }

    pub fn binds(&mut self, credential: &Credential, channel: u16, peer: SocketAddr) -> u16 {
        let with = |request: Writer| request.number(kind::CHANNEL_NUMBER, u32::from(channel) << 16).address(kind::XOR_PEER_ADDRESS, peer);
        self.asks(credential, Method::ChannelBind, with).0
    }

    pub fn refreshes(&mut self, credential: &Credential) -> u16 {
        self.asks(credential, Method::Refresh, |request| request).0
    }

    pub fn sends(&mut self, peer: SocketAddr, data: &[u8]) {
        let message =
            Writer::new(Method::Send, Class::Indication, [7; 12]).address(kind::XOR_PEER_ADDRESS, peer).attribute(kind::DATA, data);
        self.write(&message.plain());
    }

    pub fn sends_on(&mut self, channel: u16, data: &[u8]) {
        let mut bytes = frame::on_channel(channel, data);
        if matches!(self.wire, Wire::Tcp(_)) {
            frame::pad(&mut bytes);
        }
        self.write(&bytes);
    }
}
