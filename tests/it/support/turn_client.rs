//! A client of a relay that speaks to it over real sockets, and says over UDP again what is not answered.

use anteroom::relay::credential::{self, Credential};
use anteroom::relay::frame;
use anteroom::relay::stun::{Class, Message, Method, Transaction, Writer, kind};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// How long an answer may take that must come.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// How long an answer over UDP is awaited before the request is sent again, and then twice as long each time (RFC 8489, 6.2.1).
const SENT_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// In which an answer would have come.
const MOMENT: Duration = Duration::from_millis(200);
pub const REALM: &str = "relay.example";

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
    next: u32,
    /// Requests that were sent more than once: a second answer to one is nothing new.
    repeated: Vec<Transaction>,
    /// What came while an answer was awaited.
    early: VecDeque<Vec<u8>>,
}

/// What came back: 0 or the code of the error, and the relayed address if there is one.
pub type Answer = (u16, Option<SocketAddr>);

impl Client {
    /// From an address of this machine to a relay.
    pub fn udp(from: impl Into<IpAddr>, relay: SocketAddr) -> Self {
        let socket = UdpSocket::bind((from.into(), 0)).unwrap();
        socket.connect(relay).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::on(Wire::Udp(socket))
    }

    /// Over TCP.
    pub fn tcp(relay: SocketAddr) -> Self {
        let stream = TcpStream::connect(relay).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::on(Wire::Tcp(stream))
    }

    fn on(wire: Wire) -> Self {
        Self { realm: REALM, wire, nonce: String::new(), next: 0, repeated: Vec::new(), early: VecDeque::new() }
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
        loop {
            let bytes = self.early.pop_front().or_else(|| self.receive())?;
            if !self.is_told_twice(&bytes) {
                return Some(bytes);
            }
        }
    }

    /// The same, of which nothing is awaited for longer.
    pub fn read_within(&mut self, patience: Duration) -> Option<Vec<u8>> {
        self.be_patient(patience);
        let bytes = self.read();
        self.be_patient(PATIENCE);
        bytes
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 4_096];
        match &mut self.wire {
            Wire::Udp(socket) => match socket.recv(&mut buffer) {
                Ok(length) => Some(buffer[..length].to_vec()),
                // Nobody is there, or says nothing.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
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
        self.is_udp() && self.read_within(MOMENT).is_none()
    }

    /// A request without a proof, and its answer.
    pub fn asks_plainly(&mut self, method: Method) -> Answer {
        let request = Writer::new(method, Class::Request, self.another()).finish();
        self.answer_to(&request)
    }

    fn another(&mut self) -> Transaction {
        self.next += 1;
        let mut transaction = [0; 12];
        transaction[8..].copy_from_slice(&self.next.to_be_bytes());
        transaction
    }

    pub fn asks(&mut self, credential: &Credential, method: Method, with: impl Fn(Writer) -> Writer) -> Answer {
        if self.nonce.is_empty() {
            self.asks_plainly(Method::Allocate);
        }
        let request = with(Writer::new(method, Class::Request, self.another()));
        let request = request.attribute(kind::USERNAME, credential.username.as_bytes()).attribute(kind::REALM, self.realm.as_bytes());
        let key = credential::key(&credential.username, self.realm, &credential.password);
        let request = request.attribute(kind::NONCE, self.nonce.as_bytes()).signed(&key);
        self.answer_to(&request)
    }

    /// Sends a request, over UDP again and again, until its answer comes.
    fn answer_to(&mut self, request: &[u8]) -> Answer {
        let transaction = Message::read(request).expect("a request").transaction;
        let (began, mut patience) = (Instant::now(), SENT_AGAIN_AFTER);
        loop {
            self.write(request);
            if let Some(bytes) = self.hears(transaction, if self.is_udp() { patience } else { PATIENCE }) {
                return self.understood(&bytes);
            }
            assert!(self.is_udp() && began.elapsed() < PATIENCE, "an answer");
            self.repeated.push(transaction);
            patience *= 2;
        }
    }

    /// The answer to that request, if it comes in time.
    fn hears(&mut self, transaction: Transaction, patience: Duration) -> Option<Vec<u8>> {
        let until = Instant::now() + patience;
        let mut answer = None;
        while let (None, Some(left)) = (&answer, until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())) {
            self.be_patient(left);
            let Some(bytes) = self.receive() else { break };
            let is_it = Message::read(&bytes).is_ok_and(|message| message.transaction == transaction && is_answer(&message));
            if is_it {
                answer = Some(bytes);
            } else {
                self.early.push_back(bytes);
            }
        }
        self.be_patient(PATIENCE);
        answer
    }

    fn be_patient(&self, patience: Duration) {
        match &self.wire {
            Wire::Udp(socket) => socket.set_read_timeout(Some(patience)).unwrap(),
            Wire::Tcp(stream) => stream.set_read_timeout(Some(patience)).unwrap(),
        }
    }

    fn is_udp(&self) -> bool {
        matches!(self.wire, Wire::Udp(_))
    }

    fn is_told_twice(&self, bytes: &[u8]) -> bool {
        Message::read(bytes).is_ok_and(|message| is_answer(&message) && self.repeated.contains(&message.transaction))
    }

    fn understood(&mut self, bytes: &[u8]) -> Answer {
        let message = Message::read(bytes).expect("a message");
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

fn is_answer(message: &Message<'_>) -> bool {
    matches!(message.class, Class::Success | Class::Error)
}
