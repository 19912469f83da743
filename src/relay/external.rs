//! coturns of the deployment's own: their secret, and whether they are new enough (RTC-13).
//!
//! One that is too old is refused at start: it can be talked into reaching inside. One that does not answer is asked again, and offered to nobody
//! until it does.

use super::ice::{coturn_is_new, host_and_port};
use super::stun::{Class, HEADER_BYTES, Message, Method, Writer, kind};
use crate::config::ExternalRelay;
use anyhow::{Context, bail};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
const TRIES: usize = 3;
const ASK_AGAIN: Duration = Duration::from_secs(60);

pub(super) struct External {
    urls: Vec<String>,
    secret: zeroize::Zeroizing<String>,
    good: AtomicBool,
}

impl External {
    /// Read their secrets and ask each for its version. An old one is an error.
    pub(super) async fn open_all(named: &[ExternalRelay]) -> anyhow::Result<Vec<Self>> {
        let mut all = Vec::new();
        for relay in named {
            let external = Self { urls: relay.urls.clone(), secret: read_secret(&relay.secret_file)?.into(), good: AtomicBool::new(false) };
            external.ask().await?;
            all.push(external);
        }
        Ok(all)
    }

    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn is_good(&self) -> bool {
        self.good.load(Ordering::Relaxed)
    }

    pub(super) async fn watch_all(all: &[Self]) {
        loop {
            tokio::time::sleep(ASK_AGAIN).await;
            for external in all {
                if let Err(error) = external.ask().await {
                    external.good.store(false, Ordering::Relaxed);
                    tracing::warn!(?error, "A relay is offered to nobody");
                }
            }
        }
    }

    async fn ask(&self) -> anyhow::Result<()> {
        let url = &self.urls[0];
        let software = software(url).await;
        match software.as_deref().map(coturn_is_new) {
            Some(Some(true)) => self.good.store(true, Ordering::Relaxed),
            Some(Some(false)) => bail!(
                "the relay {url} is {}, which can be talked into reaching inside: coturn 4.17.1 or newer is needed",
                software.unwrap_or_default()
            ),
            Some(None) => bail!("the relay {url} does not tell its version: leave `no-software-attribute` out of its configuration"),
            None => {
                self.good.store(false, Ordering::Relaxed);
                tracing::warn!("The relay {url} does not answer over UDP. It is offered to nobody until it does");
            }
        }
        Ok(())
    }
}

fn read_secret(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    Ok(text.trim().to_owned())
}

/// What a STUN server calls itself. `None`: it does not answer. Empty: it does not say.
async fn software(url: &str) -> Option<String> {
    let place = host_and_port(url)?;
    let address = tokio::net::lookup_host(place).await.ok()?.next()?;
    let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await.ok()?;
    socket.connect(address).await.ok()?;
    let request = Writer::new(Method::Binding, Class::Request, *b"anteroom ask").finish();
    let mut buffer = [0; HEADER_BYTES + 1_024];
    for _ in 0..TRIES {
        if socket.send(&request).await.is_err() {
            continue;
        }
        if let Ok(Ok(length)) = tokio::time::timeout(ANSWER_TIMEOUT, socket.recv(&mut buffer)).await {
            let message = Message::read(&buffer[..length]).ok()?;
            return Some(message.text(kind::SOFTWARE).unwrap_or_default().to_owned());
        }
    }
    None
}
