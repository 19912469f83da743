//! A WebSocket as a page of ours opens it: with the cookies and the origin of its browser. It keeps all that it heard.

use super::browser::Browser;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode, Upgraded};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long a test waits for what must come. The slowest thing is the hub's look at unanswered admissions, each 5 s.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// The close code of a frame that may not be sent.
pub const NOT_ALLOWED: u16 = 1008;

pub struct Socket {
    stream: WebSocketStream<Upgraded>,
    /// Every text frame that came, in order.
    pub heard: Vec<String>,
}

/// What comes out of a socket.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    Message(Value),
    /// Closed, with its code if the other side said one.
    Closed(Option<u16>),
}

/// A short session description such as a browser writes.
pub fn description() -> String {
    let fingerprint = ["AB"; 32].join(":");
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\na=fingerprint:sha-256 {fingerprint}\r\na=ice-options:trickle\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    )
}

impl Browser {
    /// Open a socket that must open.
    pub async fn socket(&self, path: &str) -> Socket {
        self.socket_from(path, None).await.unwrap_or_else(|status| panic!("{path}: {status}"))
    }

    /// Open a socket, or say with which status it was refused. `origin`: of the page that asks, ours if not given.
    pub async fn socket_from(&self, path: &str, origin: Option<&str>) -> Result<Socket, StatusCode> {
        self.knock(path, origin).await.unwrap()
    }

    /// Open a socket of our own page, if there is a server to open it.
    pub async fn socket_if_there(&self, path: &str) -> Option<Socket> {
        self.knock(path, None).await.ok()?.ok()
    }

    async fn knock(&self, path: &str, origin: Option<&str>) -> reqwest::Result<Result<Socket, StatusCode>> {
        let request = self.request(Method::GET, path);
        let ours = request.try_clone().unwrap().build().unwrap().url().origin().ascii_serialization();
        let handshake = request
            .header("origin", origin.unwrap_or(&ours))
            .header("sec-fetch-mode", "websocket")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key());
        let answer = handshake.send().await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Err(answer.status()));
        }
        let stream = WebSocketStream::from_raw_socket(answer.upgrade().await?, Role::Client, None).await;
        Ok(Ok(Socket { stream, heard: Vec::new() }))
    }
}

impl Socket {
    pub async fn say(&mut self, message: &Value) {
        self.say_text(&message.to_string()).await;
    }

    /// Send text as it is. A socket that the server has closed by now takes it to nowhere.
    pub async fn say_text(&mut self, text: &str) {
        let _closed_already = self.stream.send(Message::text(text)).await;
    }

    pub async fn say_bytes(&mut self, bytes: Vec<u8>) {
        let _closed_already = self.stream.send(Message::binary(bytes)).await;
    }

    /// "This tab wants the call." `holding`: the epoch of the connection it still has.
    pub async fn join(&mut self, holding: Option<i64>) {
        self.say(&json!({ "type": "join", "tab": "0123456789abcdef", "epoch": holding })).await;
    }

    /// The next message or the end. Safe to drop half way.
    pub async fn next(&mut self) -> News {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    self.heard.push(text.to_string());
                    return News::Message(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Close(reason))) => return News::Closed(reason.map(|reason| reason.code.into())),
                Some(Ok(_)) => {}
                Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => return News::Closed(None),
                Some(Err(Error::Io(_) | Error::Protocol(_))) => return News::Closed(None),
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }

    /// The next message of that type for which `right` holds. Others are passed over.
    pub async fn until(&mut self, kind: &str, right: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            match timeout_at(end, self.next()).await {
                Ok(News::Message(message)) if message["type"] == kind && right(&message) => return message,
                Ok(News::Message(_)) => {}
                Ok(closed) => panic!("waited for `{kind}`: {closed:?}, after {:#?}", self.heard),
                Err(_) => panic!("no such `{kind}` in time, but {:#?}", self.heard),
            }
        }
    }

    /// The same for what may take long: as a page does, it answers each beat of the server in the meantime.
    pub async fn stays_until(&mut self, during: Duration, mut right: impl FnMut(&Value) -> bool) -> Value {
        let end = Instant::now() + during;
        loop {
            match timeout_at(end, self.next()).await {
                Ok(News::Message(message)) => {
                    if message["type"] == "beat" {
                        self.say(&message).await;
                    }
                    if right(&message) {
                        return message;
                    }
                }
                Ok(closed) => panic!("{closed:?}, after {:#?}", self.heard),
                Err(_) => panic!("it did not come in time, but {:#?}", self.heard),
            }
        }
    }

    /// The next message of that type.
    pub async fn hears(&mut self, kind: &str) -> Value {
        self.until(kind, |_| true).await
    }

    /// The visit's state, once it is this one.
    pub async fn state(&mut self, word: &str) -> Value {
        self.until("state", |message| message["state"] == word).await
    }

    /// The close code, once the server closes. Messages before it are passed over.
    pub async fn closed(&mut self) -> Option<u16> {
        let end = Instant::now() + PATIENCE;
        loop {
            match timeout_at(end, self.next()).await {
                Ok(News::Closed(code)) => return code,
                Ok(News::Message(_)) => {}
                Err(_) => panic!("the socket stays open, after {:#?}", self.heard),
            }
        }
    }

    /// All messages of that type within a while: for what must not come.
    pub async fn all_of(&mut self, kind: &str, during: Duration) -> Vec<Value> {
        let mut all = Vec::new();
        let end = Instant::now() + during;
        while let Ok(News::Message(message)) = timeout_at(end, self.next()).await {
            if message["type"] == kind {
                all.push(message);
            }
        }
        all
    }

    /// Close as a page does that goes away: with a goodbye.
    pub async fn leave(mut self) {
        self.say_goodbye().await;
    }

    /// The same in one breath, as a browser does whose tab is closed: the goodbye and the end, and no wait for an answer.
    pub async fn vanish(mut self) {
        let away = CloseFrame { code: CloseCode::Away, reason: "".into() };
        self.stream.send(Message::Close(Some(away))).await.unwrap();
        self.stream.get_mut().shutdown().await.unwrap();
        self.closed().await;
    }

    /// The same, and with which code the server closed, whether before the goodbye or after it.
    pub async fn say_goodbye(&mut self) -> Option<u16> {
        let away = CloseFrame { code: CloseCode::Away, reason: "".into() };
        let _closed_already = self.stream.close(Some(away)).await;
        let closed = timeout(PATIENCE, async {
            loop {
                if let News::Closed(code) = self.next().await {
                    return code;
                }
            }
        });
        closed.await.ok().flatten()
    }
}
