//! The relay's sockets. Bytes go in and out here; what is done with them is the engine's.
//!
//! The engine is behind one lock, held for one message and never across a wait. Sends do not wait either: what a socket has no room for is
//! lost, as media may be.

use super::control::{Address, Bound, Shape};
use super::engine::{Client, Effect, Engine, Now, Transport};
use super::frame::{self, FRAME_BYTES_MAX, Frames};
use super::lanes::Lanes;
use super::limits::{self, Site};
use crate::time::{Clock, SystemClock};
use crate::web::tls::Acceptor;
use anyhow::Context;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// The kernel's default loses one packet in fourteen when the machine is busy.
const BUFFER_BYTES: usize = 4 << 20;
/// Datagrams read from one socket before others have their turn.
const DATAGRAMS_AT_ONCE: usize = 64;
/// Messages that wait for a slow stream.
const OUTGOING_MAX: usize = 256;
/// Streams beside those of allocations. Higher: more who only try. Lower: less for a flood.
const STREAMS_MAX: usize = 2_048;
/// Streams of one site. Higher: bigger clinics behind one address.
const STREAMS_PER_SITE_MAX: usize = 128;
const TLS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stream may be without an allocation.
const UNUSED_TIMEOUT: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(500);
/// Ports tried for one allocation.
const PORT_TRIES: u64 = 64;

/// Everything that the relay's tasks share.
pub struct Driver {
    engine: Mutex<Engine>,
    udp: Vec<Datagrams>,
    streams: Mutex<HashMap<Client, mpsc::Sender<Vec<u8>>>>,
    per_site: Mutex<HashMap<Site, usize>>,
    relayed: RwLock<HashMap<SocketAddr, Relayed>>,
    acceptor: RwLock<Option<Acceptor>>,
    addresses: Vec<Address>,
    ports: (u16, u16),
    began: Instant,
    dice: RandomState,
    throws: AtomicU64,
    next_stream: AtomicUsize,
    lanes: Lanes,
}

/// A socket that wakes its thread when something has come. A tokio one does so for each datagram that has left, too: as many wakings again.
type Datagrams = AsyncFd<UdpSocket>;

struct Relayed {
    socket: Arc<Datagrams>,
    reading: AbortHandle,
}

/// Listening sockets, bound.
pub struct Sockets {
    udp: Vec<Datagrams>,
    tcp: Vec<TcpListener>,
    tls: Vec<TcpListener>,
}

impl Sockets {
    /// Take the addresses that `shape` names.
    pub fn bind(shape: &Shape) -> anyhow::Result<Self> {
        let mut sockets = Self { udp: Vec::new(), tcp: Vec::new(), tls: Vec::new() };
        for address in &shape.listen {
            let udp = datagrams(*address).with_context(|| format!("listen on UDP {address}"))?;
            sockets.tcp.push(streams(*address).with_context(|| format!("listen on TCP {address}"))?);
            sockets.udp.push(udp);
        }
        for address in &shape.tls_listen {
            sockets.tls.push(streams(*address).with_context(|| format!("listen on TCP {address} for TLS"))?);
        }
        Ok(sockets)
    }

    pub fn bound(&self) -> std::io::Result<Bound> {
        Ok(Bound {
            udp: self.udp.iter().map(|socket| socket.get_ref().local_addr()).collect::<Result<_, _>>()?,
            tcp: self.tcp.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?,
            tls: self.tls.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?,
        })
    }
}

#[expect(deprecated, reason = "what follows it is unsafe code, for sources whose descriptor changes; that of a socket does not")]
fn datagrams(address: SocketAddr) -> std::io::Result<Datagrams> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // The kernel gives what it allows.
    let _capped = (socket.set_recv_buffer_size(BUFFER_BYTES), socket.set_send_buffer_size(BUFFER_BYTES));
    ready(&socket, address)?;
    AsyncFd::with_interest(socket.into(), Interest::READABLE)
}

fn streams(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    ready(&socket, address)?;
    socket.listen(1_024)?;
    TcpListener::from_std(socket.into())
}

fn ready(socket: &Socket, address: SocketAddr) -> std::io::Result<()> {
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())
}

impl Driver {
    /// Begin to serve on these sockets.
    pub fn start(engine: Engine, sockets: Sockets, acceptor: Option<Acceptor>, shape: &Shape, began: Instant) -> anyhow::Result<Arc<Self>> {
        let Sockets { udp, tcp, tls } = sockets;
        let driver = Arc::new(Self {
            engine: Mutex::new(engine),
            udp,
            streams: Mutex::default(),
            per_site: Mutex::default(),
            relayed: RwLock::default(),
            acceptor: RwLock::new(acceptor),
            addresses: shape.addresses.clone(),
            ports: shape.ports,
            began,
            dice: RandomState::new(),
            throws: AtomicU64::new(0),
            next_stream: AtomicUsize::new(0),
            lanes: Lanes::start()?,
        });
        for at in 0..driver.udp.len() {
            tokio::spawn(driver.clone().read_clients(at));
        }
        for (listeners, transport) in [(tcp, Transport::Tcp), (tls, Transport::Tls)] {
            for listener in listeners {
                tokio::spawn(driver.clone().accept(listener, transport));
            }
        }
        tokio::spawn(driver.clone().tick());
        Ok(driver)
    }

    /// Change the engine or ask it something, and do what follows.
    pub fn with_engine<T>(self: &Arc<Self>, act: impl FnOnce(&mut Engine, &mut Vec<Effect>) -> T) -> T {
        let mut out = Vec::new();
        let answer = act(&mut self.engine(), &mut out);
        self.perform(out);
        answer
    }

    /// Show this certificate to streams from now on.
    pub fn show(&self, acceptor: Acceptor) {
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = Some(acceptor);
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        // A panic in it is a bug; what it holds is whole after each message all the same.
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        now(self.began)
    }

    fn client_said(self: &Arc<Self>, client: Client, bytes: &[u8]) {
        let now = self.now();
        self.with_engine(|engine, out| engine.from_client(client, bytes, now, &mut |ip, even| self.open_port(ip, even), out));
    }

    async fn read_clients(self: Arc<Self>, at: usize) {
        let said = |bytes: &[u8], address| self.client_said(Client { address, transport: Transport::Udp, at }, bytes);
        each_datagram(&self.udp[at], said).await;
    }

    /// A socket at a free port of the range, and a task that reads it.
    fn open_port(self: &Arc<Self>, public: IpAddr, even: bool) -> Option<u16> {
        let here = self.addresses.iter().find(|address| address.public == public)?.here;
        let (lowest, count) = (self.ports.0, u64::from(self.ports.1 - self.ports.0) + 1);
        for _ in 0..PORT_TRIES {
            let throw = self.dice.hash_one(self.throws.fetch_add(1, Ordering::Relaxed)) % count;
            let port = lowest + u16::try_from(throw).ok()?;
            if even && port % 2 == 1 {
                continue;
            }
            let lane = self.lanes.next();
            let _its_loop = lane.enter();
            let Ok(socket) = datagrams(SocketAddr::new(here, port)) else { continue };
            let (socket, relayed) = (Arc::new(socket), SocketAddr::new(public, port));
            let reading = lane.spawn(self.clone().read_peers(socket.clone(), relayed)).abort_handle();
            self.relayed.write().unwrap_or_else(PoisonError::into_inner).insert(relayed, Relayed { socket, reading });
            return Some(port);
        }
        None
    }

    async fn read_peers(self: Arc<Self>, socket: Arc<Datagrams>, relayed: SocketAddr) {
        let came = |bytes: &[u8], peer| {
            let now = self.now();
            self.with_engine(|engine, out| engine.from_peer(relayed, peer, bytes, now, out));
        };
        each_datagram(&socket, came).await;
    }

    fn perform(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::ToClient { client, bytes } => self.tell(client, bytes),
                Effect::ToPeer { relayed, peer, bytes } => {
                    if let Some(from) = self.relayed.read().unwrap_or_else(PoisonError::into_inner).get(&relayed) {
                        let _lost_if_full = from.socket.get_ref().send_to(&bytes, peer);
                    }
                }
                Effect::Close { relayed } => {
                    if let Some(closed) = self.relayed.write().unwrap_or_else(PoisonError::into_inner).remove(&relayed) {
                        closed.reading.abort();
                    }
                }
            }
        }
    }

    fn tell(&self, client: Client, mut bytes: Vec<u8>) {
        if client.transport == Transport::Udp {
            let _lost_if_full = self.udp.get(client.at).map(|socket| socket.get_ref().send_to(&bytes, client.address));
            return;
        }
        frame::pad(&mut bytes);
        if let Some(stream) = self.streams.lock().unwrap_or_else(PoisonError::into_inner).get(&client) {
            let _lost_if_full = stream.try_send(bytes);
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, transport: Transport) {
        loop {
            let Ok((stream, address)) = listener.accept().await else {
                // No file descriptor is left: wait for one.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let site = limits::site(address.ip());
            if !self.admit(site) {
                continue;
            }
            let (driver, at) = (self.clone(), self.next_stream.fetch_add(1, Ordering::Relaxed));
            let stream = stream.into_std();
            self.lanes.next().spawn(async move {
                // From now on it lives in the loop of this thread.
                if let Ok(stream) = stream.and_then(TcpStream::from_std) {
                    driver.serve_stream(stream, Client { address, transport, at }).await;
                }
                driver.dismiss(site);
            });
        }
    }

    /// Count a stream, unless there are too many.
    fn admit(&self, site: Site) -> bool {
        let allocations = self.engine().counts().allocations;
        let mut per_site = self.per_site.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = per_site.values().sum();
        let its = per_site.entry(site).or_default();
        let fits = *its < STREAMS_PER_SITE_MAX && all < STREAMS_MAX + allocations;
        if fits {
            *its += 1;
        } else if *its == 0 {
            per_site.remove(&site);
        }
        fits
    }

    fn dismiss(&self, site: Site) {
        let mut per_site = self.per_site.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(its) = per_site.get_mut(&site) {
            *its -= 1;
            if *its == 0 {
                per_site.remove(&site);
            }
        }
    }

    async fn serve_stream(self: &Arc<Self>, stream: TcpStream, client: Client) {
        let _slower_without = stream.set_nodelay(true);
        if client.transport == Transport::Tcp {
            return self.converse(stream, client).await;
        }
        let Some(acceptor) = self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        if let Ok(Ok(stream)) = tokio::time::timeout(TLS_TIMEOUT, acceptor.accept(stream)).await {
            self.converse(stream, client).await;
        }
    }

    async fn converse(self: &Arc<Self>, stream: impl AsyncRead + AsyncWrite + Send + 'static, client: Client) {
        let (mut reading, mut writing) = tokio::io::split(stream);
        let (out, mut outgoing) = mpsc::channel::<Vec<u8>>(OUTGOING_MAX);
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).insert(client, out);
        let writer = tokio::spawn(async move {
            while let Some(bytes) = outgoing.recv().await {
                if writing.write_all(&bytes).await.and(writing.flush().await).is_err() {
                    break;
                }
            }
        });
        self.listen(&mut reading, client).await;
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).remove(&client);
        writer.abort();
        self.with_engine(|engine, out| engine.client_gone(client, out));
    }

    /// Until the stream ends, breaks the framing, or has been of no use for too long.
    async fn listen(self: &Arc<Self>, reading: &mut (impl AsyncRead + Unpin), client: Client) {
        let (mut frames, mut buffer) = (Frames::default(), vec![0; FRAME_BYTES_MAX]);
        let mut used_at = Instant::now();
        loop {
            if self.engine().has_allocation(client) {
                used_at = Instant::now();
            }
            let patience = UNUSED_TIMEOUT.saturating_sub(used_at.elapsed());
            let read = match tokio::time::timeout(patience.max(TICK), reading.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => return,
                Ok(Ok(length)) => length,
                Err(_) if self.engine().has_allocation(client) => continue,
                Err(_) => return,
            };
            frames.push(&buffer[..read]);
            loop {
                match frames.next_whole() {
                    Ok(Some(message)) => self.client_said(client, message),
                    Ok(None) => break,
                    Err(frame::Broken) => return,
                }
            }
            if used_at.elapsed() > UNUSED_TIMEOUT {
                return;
            }
        }
    }

    async fn tick(self: Arc<Self>) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            let now = self.now();
            self.with_engine(|engine, out| engine.tick(now, out));
        }
    }
}

/// Take what comes to that socket, for as long as it is there.
async fn each_datagram(socket: &Datagrams, take: impl Fn(&[u8], SocketAddr)) {
    while let Ok(mut ready) = socket.readable().await {
        if may_have_more(&mut ready, &take) {
            drop(ready);
            tokio::task::yield_now().await;
        }
    }
}

/// Whether there may be more, after others had their turn. The buffer is on the stack of this turn alone: an allocation that is quiet holds none.
fn may_have_more(ready: &mut AsyncFdReadyGuard<'_, UdpSocket>, take: &impl Fn(&[u8], SocketAddr)) -> bool {
    let mut buffer = [0; FRAME_BYTES_MAX];
    for _ in 0..DATAGRAMS_AT_ONCE {
        match ready.try_io(|socket| socket.get_ref().recv_from(&mut buffer)) {
            Ok(Ok((length, from))) => take(&buffer[..length], from),
            // An earlier answer met a closed port.
            Ok(Err(_)) => {}
            Err(_nothing_more) => return false,
        }
    }
    true
}

/// Both clocks. The wall's may step: lives and rates are measured by the other.
pub fn now(began: Instant) -> Now {
    Now { ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), unix: SystemClock.now().0 / 1_000 }
}
