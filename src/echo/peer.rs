//! The server's end of one check: it sends back what comes. With its `line`, the only part of the program that names `webrtc` (RTC-02).
//!
//! It is told of no address and looks for none: it answers those that speak to it, over one socket. There is no TCP, no name is looked up, and
//! nothing is announced on the local network.

mod line;

pub use line::End;

use super::model::MESSAGE_BYTES_MAX;
use super::sdp::Offer;
use async_trait::async_trait;
use line::{Line, OneSocket};
use rtc::ice::mdns::MulticastDnsMode;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8};
use rtc::peer_connection::configuration::setting_engine::SctpMaxMessageSize;
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCPeerConnectionState, RTCSessionDescription,
    Registry, SettingEngineBuilder, configure_rtcp_reports, configure_twcc_receiver_only,
};
use webrtc::runtime::TokioRuntime;

/// What may wait to go out on the data channel. Lower: a slow page is felt sooner. Higher: more memory for each check.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// One check that is open.
pub struct Peer {
    connection: Arc<dyn PeerConnection>,
    line: Arc<Line>,
    pub answer: String,
    pub bound: SocketAddr,
}

impl Peer {
    /// Answer an offer, listening there. The source of `random` is the operating system.
    pub async fn open(offer: &Offer, listen: SocketAddr, random: [u32; 2]) -> std::result::Result<Peer, webrtc::error::Error> {
        let line = Arc::new(Line::default());
        let mut media = MediaEngine::default();
        let (sound, picture) = (codec(RtpCodecKind::Audio), codec(RtpCodecKind::Video));
        for (codec, stream, kind) in [(&sound, offer.sound, RtpCodecKind::Audio), (&picture, offer.picture, RtpCodecKind::Video)] {
            media.register_codec(RTCRtpCodecParameters { rtp_codec: codec.clone(), payload_type: stream.payload_type }, kind)?;
        }
        let registry = configure_rtcp_reports(configure_twcc_receiver_only(Registry::new(), &mut media)?);
        let settings = SettingEngineBuilder::new()
            .with_lite(true)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_include_loopback_candidate(listen.ip().is_loopback())
            .with_answering_dtls_role(RTCDtlsRole::Server)
            .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(MESSAGE_BYTES_MAX as u32))
            .build();
        let tracks = [track(RtpCodecKind::Audio, sound, random[0]), track(RtpCodecKind::Video, picture, random[1])];
        let back = HashMap::from([(RtpCodecKind::Audio, tracks[0].clone()), (RtpCodecKind::Video, tracks[1].clone())]);
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media)
            .with_setting_engine(settings)
            .with_interceptor_registry(registry)
            .with_runtime(Arc::new(OneSocket { tokio: TokioRuntime, line: line.clone() }))
            .with_handler(Arc::new(Echo { line: line.clone(), back: Mutex::new(back), channel_open: Mutex::new(false) }))
            .with_udp_addrs(vec![listen])
            .with_data_channel_send_buffer_limit(WAITING_BYTES_MAX)
            .build()
            .await?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        match answer(&connection, tracks, offer).await {
            Ok(answer) => Ok(Peer { bound: line.bound.get().copied().unwrap_or(listen), connection, line, answer }),
            Err(error) => {
                let _is_over = connection.close().await;
                Err(error)
            }
        }
    }

    /// Wait until the page leaves or takes too much.
    pub async fn ends(&self) -> End {
        loop {
            let ended = self.line.ended.notified();
            if let Some(end) = self.line.end.get() {
                return *end;
            }
            ended.await;
        }
    }

    /// Free everything. Bytes received and sent.
    pub async fn close(self) -> (u64, u64) {
        let _it_may_be_closed_already = self.connection.close().await;
        let ledger = self.line.ledger();
        (ledger.received(), ledger.sent())
    }
}

async fn answer(
    connection: &Arc<dyn PeerConnection>,
    tracks: [Arc<dyn TrackLocal>; 2],
    offer: &Offer,
) -> std::result::Result<String, webrtc::error::Error> {
    for track in tracks {
        connection.add_track(track).await?;
    }
    connection.set_remote_description(RTCSessionDescription::offer(offer.form())?).await?;
    let answer = connection.create_answer(None).await?;
    let text = answer.sdp.clone();
    connection.set_local_description(answer).await?;
    Ok(text)
}

fn codec(kind: RtpCodecKind) -> RTCRtpCodec {
    match kind {
        RtpCodecKind::Audio => RTCRtpCodec { mime_type: MIME_TYPE_OPUS.to_owned(), clock_rate: 48_000, channels: 2, ..Default::default() },
        _ => RTCRtpCodec { mime_type: MIME_TYPE_VP8.to_owned(), clock_rate: 90_000, ..Default::default() },
    }
}

fn track(kind: RtpCodecKind, codec: RTCRtpCodec, ssrc: u32) -> Arc<dyn TrackLocal> {
    let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() };
    let encoding = RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec, ..Default::default() };
    let name = kind.to_string();
    Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new("echo".to_owned(), name.clone(), name, kind, vec![encoding])))
}

/// What the connection tells us.
struct Echo {
    line: Arc<Line>,
    /// The way back of each stream, until it is taken: a second stream of the same kind has none.
    back: Mutex<HashMap<RtpCodecKind, Arc<dyn TrackLocal>>>,
    channel_open: Mutex<bool>,
}

#[async_trait]
impl PeerConnectionEventHandler for Echo {
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if matches!(state, RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed | RTCPeerConnectionState::Disconnected) {
            self.line.end(End::Left);
        }
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        let first = !std::mem::replace(&mut *self.channel_open.lock().unwrap_or_else(PoisonError::into_inner), true);
        if first {
            tokio::spawn(answer_messages(channel, self.line.clone()));
        } else {
            self.line.end(End::TooMuch);
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let kind = track.kind().await;
        let back = self.back.lock().unwrap_or_else(PoisonError::into_inner).remove(&kind);
        if let Some(back) = back {
            tokio::spawn(send_back(track, back));
        }
    }
}

async fn answer_messages(channel: Arc<dyn DataChannel>, line: Arc<Line>) {
    while let Some(event) = channel.poll().await {
        let DataChannelEvent::OnMessage(message) = event else { continue };
        if message.data.len() > MESSAGE_BYTES_MAX {
            return line.end(End::TooMuch);
        }
        let _gone_with_its_channel = channel.send(message.data).await;
    }
}

/// The packets as they came, under their own numbers, so that the page sees what was lost on either way. Without their header extensions: what
/// goes back is never longer than what came.
async fn send_back(track: Arc<dyn TrackRemote>, back: Arc<dyn TrackLocal>) {
    let Some(ssrc) = back.ssrcs().await.first().copied() else { return };
    while let Some(event) = track.poll().await {
        if let TrackRemoteEvent::OnRtpPacket(mut packet) = event {
            packet.header.ssrc = ssrc;
            packet.header.extension = false;
            packet.header.extensions.clear();
            let _lost_on_the_way = back.write_rtp(packet).await;
        }
    }
}
