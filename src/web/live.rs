//! WebSockets as every feature uses them: same origin, small frames, a beat both ways, an end that says why (SES-13).

use super::{Error, Result, csrf};
use crate::app::App;
use crate::audit::{Event, Kind};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use futures_util::StreamExt;
use std::time::Duration;

/// The longest frame.
pub const FRAME_BYTES_MAX: usize = 24 * 1024;
/// How often each side says that it is there.
pub const BEAT: Duration = Duration::from_secs(10);
/// After this silence the other side is taken for gone. Lower: a drop is noticed sooner. Higher: fewer false alarms.
pub const SILENCE_MAX: Duration = Duration::from_secs(25);
/// A page that lets us wait so long with a frame does not read its socket. Lower: less is kept for the deaf. Higher: a slow phone is waited for.
pub const DEAF_AFTER: Duration = Duration::from_secs(10);
/// Frames that one page may send in [`WINDOW`]. A call's set-up takes about a hundred.
const FRAMES_MAX: u32 = 300;
const WINDOW: Duration = Duration::from_secs(10);

/// One open socket.
pub struct Live {
    session: Session,
    stream: AggregatedMessageStream,
    /// When the page said something last.
    heard_at: tokio::time::Instant,
    frames: u32,
    window: tokio::time::Instant,
}

/// Why a socket closed, as a close code and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The page said goodbye: it stopped, or its tab closed (RFC 6455 7.4.1: 1000 and 1001).
    Left,
    /// The network took it, or it fell silent. The page may be there still.
    Lost,
    /// Something it may not say (1008).
    NotAllowed,
    /// We told it to go and not to come back.
    Dismissed,
    /// It may come back at once: we could not serve it now (1013).
    TryAgain,
}

/// Accept a WebSocket of our own page. Anybody else's is refused and recorded.
pub async fn accept(app: &App, request: &HttpRequest, payload: web::Payload) -> Result<(HttpResponse, Live)> {
    if !csrf::same_origin(app, request) {
        app.log.refused(&super::context::of(app, request), Event::refused(Kind::RequestRefused, "foreign_origin")).await?;
        return Err(Error::Forbidden);
    }
    let payload = to_its_end(request, payload).await?;
    let (response, session, stream) = actix_ws::handle(request, payload).map_err(|_| Error::Invalid)?;
    let stream = stream.max_frame_size(FRAME_BYTES_MAX).aggregate_continuations().max_continuation_size(FRAME_BYTES_MAX);
    Ok((response, Live::new(session, stream)))
}

/// The bytes of a page, and then nothing. A browser whose tab closes says goodbye and is gone in one breath, and an error at
/// the end would be heard before the goodbye.
async fn to_its_end(request: &HttpRequest, payload: web::Payload) -> Result<web::Payload> {
    let payload = payload.take_while(|piece| std::future::ready(piece.is_ok())).boxed_local();
    let mut ending = dev::Payload::Stream { payload };
    web::Payload::from_request(request, &mut ending).await.map_err(|_| Error::Invalid)
}

impl Live {
    fn new(session: Session, stream: AggregatedMessageStream) -> Self {
        let now = tokio::time::Instant::now();
        Self { session, stream, heard_at: now, frames: 0, window: now }
    }

    /// The next text frame. `Err` when there will be none. Whoever waits may give up and ask again: the silence counts on.
    pub async fn next(&mut self) -> std::result::Result<String, End> {
        loop {
            let message = match tokio::time::timeout_at(self.heard_at + SILENCE_MAX, self.stream.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(Some(Err(_))) => return Err(End::NotAllowed),
                Ok(None) | Err(_) => return Err(End::Lost),
            };
            self.heard_at = tokio::time::Instant::now();
            match message {
                AggregatedMessage::Text(text) => {
                    self.count()?;
                    return Ok(text.to_string());
                }
                AggregatedMessage::Ping(bytes) => {
                    self.count()?;
                    self.session.pong(&bytes).await.map_err(|_| End::Lost)?;
                }
                AggregatedMessage::Pong(_) => self.count()?,
                AggregatedMessage::Binary(_) => return Err(End::NotAllowed),
                AggregatedMessage::Close(Some(CloseReason { code: CloseCode::Normal | CloseCode::Away, .. })) => return Err(End::Left),
                AggregatedMessage::Close(_) => return Err(End::Lost),
            }
        }
    }

    /// `Err` when the page is gone or does not read.
    pub async fn send(&mut self, text: impl Into<String>) -> std::result::Result<(), End> {
        let sent = tokio::time::timeout(DEAF_AFTER, self.session.text(text.into())).await;
        sent.map_err(|_| End::Lost)?.map_err(|_| End::Lost)
    }

    pub async fn close(self, end: End) {
        let code = match end {
            End::Left | End::Lost | End::Dismissed => CloseCode::Normal,
            End::NotAllowed => CloseCode::Policy,
            End::TryAgain => CloseCode::Again,
        };
        let farewell = self.session.close(Some(CloseReason { code, description: None }));
        let _gone_or_deaf = tokio::time::timeout(DEAF_AFTER, farewell).await;
    }

    fn count(&mut self) -> std::result::Result<(), End> {
        if self.window.elapsed() >= WINDOW {
            (self.frames, self.window) = (0, tokio::time::Instant::now());
        }
        self.frames += 1;
        if self.frames > FRAMES_MAX { Err(End::NotAllowed) } else { Ok(()) }
    }
}
