//! What stands before a relay in tests: a line that passes for a coturn and can be cut; and a place outside that counts what comes.

use anteroom::relay::stun::{Class, Message, Method, Writer, kind};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOFTWARE: &[u8] = b"Coturn-4.17.1 'test'";
/// A client that a relay has nothing for is forgotten after this long. Longer than any line of these tests is cut.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Where a relay of another region is: well, if somebody asked. Counts whatever comes.
pub struct Outside {
    pub at: SocketAddr,
    packets: Arc<AtomicUsize>,
}

impl Outside {
    pub fn new(address: IpAddr) -> Self {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        let outside = Self { at: socket.local_addr().unwrap(), packets: Arc::default() };
        let packets = outside.packets.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 2_048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                packets.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = Message::read(&buffer[..length]).ok().as_ref().and_then(|asked| binding(asked, from)) {
                    let _gone = socket.send_to(&answer, from);
                }
            }
        });
        outside
    }

    pub fn config(&self) -> String {
        config("eu", self.at.ip(), &[format!("turn:{}?transport=udp", self.at)], "of another region")
    }

    /// Packets that came.
    pub fn touched(&self) -> usize {
        self.packets.load(Ordering::SeqCst)
    }
}

/// What a deployment writes of a relay.
pub fn config(region: &str, address: IpAddr, urls: &[String], secret: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap().into_temp_path().keep().unwrap();
    std::fs::write(&file, secret).unwrap();
    format!(
        "[[relay.external]]\nurls = {urls:?}\nsecret_file = \"{}\"\nregion = \"{region}\"\naddresses = [\"{address}\"]\n",
        file.display()
    )
}

fn binding(asked: &Message<'_>, from: SocketAddr) -> Option<Vec<u8>> {
    let answers = (asked.method, asked.class) == (Method::Binding, Class::Request);
    let answer = answers.then(|| Writer::answer(asked, Class::Success))?;
    Some(answer.address(kind::XOR_MAPPED_ADDRESS, from).attribute(kind::SOFTWARE, SOFTWARE).finish())
}

/// Says of a relay that it is a coturn, and passes on what comes as long as the line is up.
pub fn front(address: IpAddr, relay: SocketAddr, up: Arc<AtomicBool>) -> SocketAddr {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    let at = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let clients: Arc<Mutex<HashMap<SocketAddr, UdpSocket>>> = Arc::default();
        let mut buffer = [0; 4_096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if !up.load(Ordering::SeqCst) {
                continue;
            }
            if let Some(answer) = Message::read(&buffer[..length]).ok().as_ref().and_then(|asked| binding(asked, from)) {
                let _gone = socket.send_to(&answer, from);
                continue;
            }
            let mut known = clients.lock().unwrap();
            let client = known.entry(from).or_insert_with(|| {
                let inner = UdpSocket::bind("127.0.0.1:0").unwrap();
                inner.connect(relay).unwrap();
                inner.set_read_timeout(Some(FORGOTTEN_AFTER)).unwrap();
                let (back, outer, up, clients) = (inner.try_clone().unwrap(), socket.try_clone().unwrap(), up.clone(), clients.clone());
                std::thread::spawn(move || {
                    let mut buffer = [0; 4_096];
                    while let Ok(length) = back.recv(&mut buffer) {
                        if up.load(Ordering::SeqCst) {
                            let _gone = outer.send_to(&buffer[..length], from);
                        }
                    }
                    clients.lock().unwrap().remove(&from);
                });
                inner
            });
            let _gone = client.send(&buffer[..length]);
        }
    });
    at
}
