//! What a server sees of a coturn: that it answers, and what it calls itself.

use anteroom::relay::Offer;
use anteroom::relay::stun::{Class, Message, Method, Writer, kind};
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub const SECRET: &str = "shared with a coturn";

/// Something that answers as a coturn does while it is up, and calls itself so.
pub struct Coturn {
    pub port: u16,
    pub region: &'static str,
    pub up: Arc<AtomicBool>,
    /// Questions that came, answered or not.
    pub asked: Arc<AtomicUsize>,
}

impl Coturn {
    pub fn new(software: &'static str, region: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let coturn = Self { port: socket.local_addr().unwrap().port(), region, up: Arc::new(true.into()), asked: Arc::default() };
        let (up, asked) = (coturn.up.clone(), coturn.asked.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 2_048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                asked.fetch_add(1, Ordering::SeqCst);
                let Ok(request) = Message::read(&buffer[..length]) else { continue };
                assert_eq!((request.method, request.class), (Method::Binding, Class::Request));
                let answer = Writer::answer(&request, Class::Success).address(kind::XOR_MAPPED_ADDRESS, from);
                if up.load(Ordering::SeqCst) {
                    let _gone = socket.send_to(&answer.attribute(kind::SOFTWARE, software.as_bytes()).finish(), from);
                }
            }
        });
        coturn
    }

    /// What a deployment writes of it.
    pub fn config(&self) -> String {
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path().keep().unwrap();
        std::fs::write(&file, format!("{SECRET}\n")).unwrap();
        format!(
            "[[relay.external]]\nurls = [\"turn:127.0.0.1:{}?transport=udp\"]\nsecret_file = \"{}\"\nregion = \"{}\"\n",
            self.port,
            file.display(),
            self.region
        )
    }

    pub fn is_in(&self, offer: &Offer) -> bool {
        offer.servers.iter().any(|server| server.urls[0].contains(&format!(":{}?", self.port)))
    }
}
