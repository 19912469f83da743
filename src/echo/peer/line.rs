//! The one socket of a check, and what went over it. **To no address goes more than came from it**: see [`Ledger`].

use crate::echo::model::Ledger;
use std::collections::VecDeque;
use std::future::Future;
use std::io::{Error, ErrorKind, IoSliceMut, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::Notify;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, TokioRuntime, Transmit,
};

/// Datagrams that may wait until they may go. Lower: less that comes late. Higher: a slow beginning loses nothing.
const LETTERS_WAITING_MAX: usize = 8;

/// What happened on a check's one socket, and whether it is over.
#[derive(Debug, Default)]
pub(super) struct Line {
    ledger: Mutex<Ledger>,
    waiting: Mutex<VecDeque<(SocketAddr, Vec<u8>)>>,
    pub(super) bound: OnceLock<SocketAddr>,
    pub(super) end: OnceLock<End>,
    pub(super) ended: Notify,
}

/// How a check ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The page has gone.
    Left,
    /// It sent more than it may.
    TooMuch,
}

impl Line {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn end(&self, end: End) {
        let _the_first_reason_stands = self.end.set(end);
        self.ended.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(SocketAddr, Vec<u8>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tokio with one door to the network: the check's own UDP socket.
#[derive(Debug)]
pub(super) struct OneSocket {
    pub(super) tokio: TokioRuntime,
    pub(super) line: Arc<Line>,
}

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

fn closed_door() -> Error {
    Error::new(ErrorKind::Unsupported, "a check has one UDP socket")
}

impl Runtime for OneSocket {
    fn spawn(&self, future: Later<'static, ()>) -> Box<dyn JoinHandle> {
        self.tokio.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> Result<Arc<dyn AsyncUdpSocket>> {
        self.line.bound.set(socket.local_addr()?).map_err(|_| closed_door())?;
        Ok(Arc::new(Counted { socket: self.tokio.wrap_udp_socket(socket)?, line: self.line.clone() }))
    }

    fn wrap_tcp_listener(&self, _: std::net::TcpListener) -> Result<Arc<dyn AsyncTcpListener>> {
        Err(closed_door())
    }

    fn connect_tcp<'a>(&'a self, _: SocketAddr) -> Later<'a, Result<Arc<dyn AsyncTcpStream>>> {
        Box::pin(async { Err(closed_door()) })
    }

    fn resolve_host<'a>(&'a self, _: &'a str) -> Later<'a, Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(closed_door()) })
    }

    fn sleep(&self, duration: Duration) -> Later<'static, ()> {
        self.tokio.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.tokio.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.tokio.block_on(future);
    }
}

/// A socket that keeps the ledger. What may not go out yet waits until more has come: the first answers to a page are longer than its questions.
#[derive(Debug)]
struct Counted {
    socket: Arc<dyn AsyncUdpSocket>,
    line: Arc<Line>,
}

impl Counted {
    /// Ready when it went out.
    fn poll_out(&self, context: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<Result<usize>> {
        let sent = ready!(self.socket.poll_send(context, transmit));
        if sent.is_ok() {
            self.line.ledger().send(transmit.destination, transmit.contents.len());
        }
        Poll::Ready(sent)
    }

    /// Send what waited for this.
    fn poll_waiting(&self, context: &mut Context<'_>) {
        let mut waiting = self.line.waiting();
        while let Some((to, letter)) = waiting.front() {
            let transmit = Transmit { destination: *to, ecn: None, contents: letter, segment_size: None, src_ip: None };
            if !self.line.ledger().may_send(*to, letter.len()) || self.poll_out(context, &transmit).is_pending() {
                return;
            }
            waiting.pop_front();
        }
    }
}

impl AsyncUdpSocket for Counted {
    fn local_addr(&self) -> Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, context: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<Result<usize>> {
        let (to, bytes) = (transmit.destination, transmit.contents.len());
        if self.line.ledger().may_send(to, bytes) {
            return self.poll_out(context, transmit);
        }
        let mut waiting = self.line.waiting();
        if waiting.len() < LETTERS_WAITING_MAX {
            waiting.push_back((to, transmit.contents.to_vec()));
        }
        Poll::Ready(Ok(bytes))
    }

    fn poll_recv(&self, context: &mut Context<'_>, buffers: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> Poll<Result<usize>> {
        let came = ready!(self.socket.poll_recv(context, buffers, meta))?;
        let enough = meta[..came].iter().any(|one| !self.line.ledger().receive(one.addr, one.len));
        if enough {
            self.line.end(End::TooMuch);
        }
        self.poll_waiting(context);
        Poll::Ready(Ok(came))
    }

    fn max_gro_segments(&self) -> usize {
        self.socket.max_gro_segments()
    }
}
