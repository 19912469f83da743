//! A browser's peer connection without a browser: sound, picture and a chat channel over loopback. The only file of the
//! tests that names `webrtc` or `rtc`.
//!
//! It sends a synthetic stream of each kind once it is connected, and keeps the numbers of what went out and of what came in.

use super::proof::{Facts, Out, Proof, Role};
use anteroom::crypto::Rng;
use anteroom::ids::VisitId;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8};
use rtc::peer_connection::configuration::{
    RTCConfiguration, RTCConfigurationBuilder, RTCIceServer, RTCIceTransportPolicy, RTCOfferOptions,
};
use rtc::rtp::{Packet, header::Header};
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind};
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelInit};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceCandidateInit, RTCIceGatheringState,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder,
    register_default_interceptors,
};

/// The channels' numbers, agreed beforehand by both sides.
const PROOF_CHANNEL: u16 = 0;
const CHAT_CHANNEL: u16 = 1;
/// The payload types under which the default codecs are offered.
const OPUS: u8 = 111;
const VP8: u8 = 96;
/// Packets each track sends: 50 in a second.
const PACKET_EVERY: Duration = Duration::from_millis(20);
/// How long a test waits for a connection or what comes through it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the page around the peer must hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// One of our own candidates, for the other side. An empty one ends them.
    Candidate {
        candidate: String,
        mid: String,
        line: u16,
    },
    Connected,
}

#[derive(Default)]
struct Seen {
    connected: AtomicBool,
    /// How often it was connected and then was not.
    drops: AtomicUsize,
    silent: AtomicBool,
    chat_open: AtomicBool,
    /// Of the sound and of the picture, the numbers of the packets.
    sent: [Mutex<Vec<u16>>; 2],
    came: [Mutex<Vec<u16>>; 2],
    chat: Mutex<Vec<String>>,
    proof_open: AtomicBool,
    proof: Mutex<VecDeque<Vec<u8>>>,
    changed: Notify,
}

struct Handler {
    seen: Arc<Seen>,
    tell: mpsc::UnboundedSender<Event>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        let init = event.candidate.to_json().unwrap();
        let (mid, line) = (init.sdp_mid.filter(|mid| !mid.is_empty()).unwrap_or("0".into()), init.sdp_mline_index.unwrap_or(0));
        let _page_closed = self.tell.send(Event::Candidate { candidate: init.candidate, mid, line });
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            let _page_closed = self.tell.send(Event::Candidate { candidate: String::new(), mid: "0".to_owned(), line: 0 });
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let connected = state == RTCPeerConnectionState::Connected;
        if self.seen.connected.swap(connected, Ordering::SeqCst) && !connected {
            self.seen.drops.fetch_add(1, Ordering::SeqCst);
        }
        self.seen.changed.notify_waiters();
        if connected {
            let _page_closed = self.tell.send(Event::Connected);
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let (seen, kind) = (self.seen.clone(), track.kind().await);
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    seen.came[usize::from(kind == RtpCodecKind::Video)].lock().unwrap().push(packet.header.sequence_number);
                    seen.changed.notify_waiters();
                }
            }
        });
    }
}

/// One end of a call.
pub struct Peer {
    connection: Arc<dyn PeerConnection>,
    chat: Arc<dyn DataChannel>,
    proof: Arc<dyn DataChannel>,
    seen: Arc<Seen>,
    sending: Vec<tokio::task::JoinHandle<()>>,
}

impl Peer {
    /// A new connection with a certificate of its own, and what it has to say.
    pub async fn open() -> (Peer, mpsc::UnboundedReceiver<Event>) {
        Self::configured(RTCConfiguration::default()).await
    }

    /// The same through these relays and no other way. `servers`: as pages hear them.
    pub async fn open_through(servers: &[serde_json::Value]) -> (Peer, mpsc::UnboundedReceiver<Event>) {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let server = |server: &serde_json::Value| RTCIceServer {
            urls: server["urls"].as_array().unwrap().iter().map(text).collect(),
            username: text(&server["username"]),
            credential: text(&server["credential"]),
        };
        let through = RTCConfigurationBuilder::new().with_ice_servers(servers.iter().map(server).collect());
        Self::configured(through.with_ice_transport_policy(RTCIceTransportPolicy::Relay).build()).await
    }

    async fn configured(configuration: RTCConfiguration) -> (Peer, mpsc::UnboundedReceiver<Event>) {
        let (tell, events) = mpsc::unbounded_channel();
        let seen = Arc::new(Seen::default());
        let mut media = MediaEngine::default();
        media.register_default_codecs().unwrap();
        let registry = register_default_interceptors(Registry::new(), &mut media).unwrap();
        let settings =
            SettingEngineBuilder::new().with_include_loopback_candidate(true).with_multicast_dns_mode(MulticastDnsMode::Disabled).build();
        let connection = PeerConnectionBuilder::new()
            .with_configuration(configuration)
            .with_media_engine(media)
            .with_setting_engine(settings)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Handler { seen: seen.clone(), tell }))
            .with_udp_addrs(vec!["127.0.0.1:0"])
            .build()
            .await
            .unwrap();
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let mut sending = Vec::new();
        for (kind, payload_type, rate) in [(RtpCodecKind::Audio, OPUS, 48_000), (RtpCodecKind::Video, VP8, 90_000)] {
            let track = track(kind, rate);
            connection.add_track(track.clone()).await.unwrap();
            sending.push(tokio::spawn(send(track, kind, payload_type, rate / 50, seen.clone())));
        }
        let agreed = RTCDataChannelInit { negotiated: Some(CHAT_CHANNEL), ..Default::default() };
        let chat = connection.create_data_channel("chat", Some(agreed)).await.unwrap();
        sending.push(tokio::spawn(listen(chat.clone(), seen.clone())));
        let agreed = RTCDataChannelInit { negotiated: Some(PROOF_CHANNEL), ordered: true, ..Default::default() };
        let proof = connection.create_data_channel("proof", Some(agreed)).await.unwrap();
        sending.push(tokio::spawn(listen_to_proof(proof.clone(), seen.clone())));
        (Peer { connection, chat, proof, seen, sending }, events)
    }

    /// Our offer; `restart` asks for new paths on the same connection.
    pub async fn offer(&self, restart: bool) -> String {
        let options = RTCOfferOptions { ice_restart: restart };
        let offer = self.connection.create_offer(Some(options)).await.unwrap();
        self.connection.set_local_description(offer).await.unwrap();
        self.describe().await
    }

    /// Our offer as it is before any address is known, with a data channel that is announced in band: what a network check sends.
    pub async fn offer_for_check(&mut self) -> String {
        self.chat = self.connection.create_data_channel("check", None).await.unwrap();
        self.sending.push(tokio::spawn(listen(self.chat.clone(), self.seen.clone())));
        let offer = self.connection.create_offer(None).await.unwrap();
        let text = offer.sdp.clone();
        self.connection.set_local_description(offer).await.unwrap();
        text
    }

    /// Our answer to an offer.
    pub async fn answer(&self, offer: &str) -> String {
        let offer = RTCSessionDescription::offer(offer.to_owned()).unwrap();
        self.connection.set_remote_description(offer).await.unwrap();
        let answer = self.connection.create_answer(None).await.unwrap();
        self.connection.set_local_description(answer).await.unwrap();
        self.describe().await
    }

    /// The other side's answer to our offer.
    pub async fn apply(&self, answer: &str) {
        let answer = RTCSessionDescription::answer(answer.to_owned()).unwrap();
        self.connection.set_remote_description(answer).await.unwrap();
    }

    /// Our description as it stands, to say it once more.
    pub async fn describe(&self) -> String {
        self.connection.local_description().await.unwrap().sdp
    }

    /// One of the other side's candidates.
    pub async fn candidate(&self, candidate: &str, mid: &str, line: u16) {
        let init = RTCIceCandidateInit {
            candidate: candidate.to_owned(),
            sdp_mid: Some(mid.to_owned()),
            sdp_mline_index: Some(line),
            ..Default::default()
        };
        self.connection.add_ice_candidate(init).await.unwrap();
    }

    pub fn is_connected(&self) -> bool {
        self.seen.connected.load(Ordering::SeqCst)
    }

    /// Wait until the two are connected.
    pub async fn connected(&self) {
        self.until("a connection", || self.is_connected()).await;
    }

    /// How often the connection went down.
    pub fn drops(&self) -> usize {
        self.seen.drops.load(Ordering::SeqCst)
    }

    /// Packets that came in: sound, picture.
    pub fn received(&self) -> (usize, usize) {
        let [sound, picture] = self.seen.came.each_ref().map(|came| came.lock().unwrap().len());
        (sound, picture)
    }

    /// The numbers of the packets that went out so far: sound, picture.
    pub fn sent(&self) -> [Vec<u16>; 2] {
        self.seen.sent.each_ref().map(|sent| sent.lock().unwrap().clone())
    }

    /// How many of what another end sent have not come here.
    pub fn lacks(&self, sent: &[Vec<u16>; 2]) -> usize {
        let lacks = |(sent, came): (&Vec<u16>, &Mutex<Vec<u16>>)| {
            let came: HashSet<u16> = came.lock().unwrap().iter().copied().collect();
            sent.iter().filter(|number| !came.contains(number)).count()
        };
        sent.iter().zip(&self.seen.came).map(lacks).sum()
    }

    /// Sends nothing more.
    pub fn falls_silent(&self) {
        self.seen.silent.store(true, Ordering::SeqCst);
    }

    /// Wait until so many more packets of both kinds came in.
    pub async fn receives(&self, more: usize) {
        let (audio, video) = self.received();
        let enough = || self.received().0 >= audio + more && self.received().1 >= video + more;
        self.until("sound and picture", enough).await;
    }

    /// Send a chat message, once the channel is open.
    pub async fn say(&self, text: &str) {
        self.until("the chat channel", || self.seen.chat_open.load(Ordering::SeqCst)).await;
        self.chat.send_text(text).await.unwrap();
    }

    /// Wait for a chat message.
    pub async fn hears(&self, text: &str) {
        self.until("a chat message", || self.seen.chat.lock().unwrap().iter().any(|said| said == text)).await;
    }

    /// What this end knows of both certificates, and a number that nobody could guess. The connection holds the other end to
    /// the certificate in its description.
    pub async fn facts(&self, visit: VisitId) -> Facts {
        let own = self.connection.local_description().await.unwrap().sdp;
        let peer = self.connection.remote_description().await.unwrap().sdp;
        let nonce = Rng::system().bytes::<32>().to_vec();
        Facts { visit: visit.0.as_bytes().to_vec(), own: certificate(&own), peer: certificate(&peer), nonce }
    }

    /// The spoken proof over this connection, to its end.
    pub async fn prove(&self, role: Role, visit: VisitId) -> Out {
        let mut proof = Proof::new(role);
        let mut out = proof.begin(self.facts(visit).await);
        loop {
            for one in out {
                match one {
                    Out::Send(message) => self.send_proof(&message).await,
                    Out::Wait(_) => {}
                    end => return end,
                }
            }
            out = proof.hear(&self.hear_proof().await);
        }
    }

    /// Wait until the channel of the proof is open at this end. What comes before may be lost here, as a page never loses it: a test waits for
    /// both ends before either speaks.
    pub async fn can_prove(&self) {
        self.until("the channel of the proof", || self.seen.proof_open.load(Ordering::SeqCst)).await;
    }

    /// Send something over the channel of the proof, whatever it is.
    pub async fn send_proof(&self, message: &[u8]) {
        self.proof.send(message.into()).await.unwrap();
    }

    /// The next message that comes over it.
    pub async fn hear_proof(&self) -> Vec<u8> {
        self.until("a message of the proof", || !self.seen.proof.lock().unwrap().is_empty()).await;
        self.seen.proof.lock().unwrap().pop_front().unwrap()
    }

    pub async fn close(&self) {
        self.connection.close().await.unwrap();
    }

    async fn until(&self, what: &str, right: impl Fn() -> bool) {
        let wait = async {
            loop {
                let changed = self.seen.changed.notified();
                if right() {
                    return;
                }
                changed.await;
            }
        };
        if timeout(PATIENCE, wait).await.is_err() {
            panic!("{what} did not come; connected: {}, packets: {:?}", self.is_connected(), self.received());
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.sending.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

fn track(kind: RtpCodecKind, clock_rate: u32) -> Arc<dyn TrackLocal> {
    let (mime, channels) = if kind == RtpCodecKind::Audio { (MIME_TYPE_OPUS, 2) } else { (MIME_TYPE_VP8, 0) };
    let ssrc = u32::from_be_bytes(anteroom::crypto::Rng::system().bytes());
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec: RTCRtpCodec { mime_type: mime.to_owned(), clock_rate, channels, ..Default::default() },
        ..Default::default()
    };
    let name = kind.to_string();
    Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new("self".into(), name.clone(), name, kind, vec![encoding])))
}

async fn send(track: Arc<dyn TrackLocal>, kind: RtpCodecKind, payload_type: u8, step: u32, seen: Arc<Seen>) {
    let ssrc = track.ssrcs().await[0];
    for sequence_number in 0u16.. {
        tokio::time::sleep(PACKET_EVERY).await;
        if seen.connected.load(Ordering::SeqCst) && !seen.silent.load(Ordering::SeqCst) {
            let timestamp = u32::from(sequence_number) * step;
            let header = Header { version: 2, payload_type, sequence_number, timestamp, ssrc, ..Default::default() };
            // It may not be bound yet.
            if track.write_rtp(Packet { header, payload: vec![0x10; 60].into() }).await.is_ok() {
                seen.sent[usize::from(kind == RtpCodecKind::Video)].lock().unwrap().push(sequence_number);
            }
        }
    }
}

async fn listen(chat: Arc<dyn DataChannel>, seen: Arc<Seen>) {
    while let Some(event) = chat.poll().await {
        match event {
            DataChannelEvent::OnOpen => seen.chat_open.store(true, Ordering::SeqCst),
            DataChannelEvent::OnMessage(message) => {
                seen.chat.lock().unwrap().push(String::from_utf8_lossy(&message.data).into_owned());
            }
            _ => {}
        }
        seen.changed.notify_waiters();
    }
}

async fn listen_to_proof(proof: Arc<dyn DataChannel>, seen: Arc<Seen>) {
    while let Some(event) = proof.poll().await {
        match event {
            DataChannelEvent::OnOpen => seen.proof_open.store(true, Ordering::SeqCst),
            DataChannelEvent::OnMessage(message) => seen.proof.lock().unwrap().push_back(message.data.to_vec()),
            _ => {}
        }
        seen.changed.notify_waiters();
    }
}

/// The one fingerprint of a description, as bytes.
fn certificate(sdp: &str) -> Vec<u8> {
    let mut prints: Vec<&str> = sdp.lines().filter_map(|line| line.strip_prefix("a=fingerprint:sha-256 ")).collect();
    prints.dedup();
    assert_eq!(prints.len(), 1, "{sdp}");
    hex::decode(prints[0].replace(':', "")).unwrap()
}
