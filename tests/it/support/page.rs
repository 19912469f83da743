//! A page of the call without a screen: the socket of a visit, a peer connection, and what `static/calls/` does with both. It
//! joins when it may, follows the epochs, and never touches the connection because of a lost socket.

use super::peer::{Event, Peer};
use super::socket::{News, PATIENCE, Socket};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

/// Whose page it is. Only the clinician's offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Patient,
    Clinician,
}

type HearsRelays = Box<dyn Fn(&mut Value)>;

pub struct Page {
    shared: Rc<Shared>,
    orders: mpsc::UnboundedSender<Order>,
    task: actix_web::rt::task::JoinHandle<()>,
}

enum Order {
    Say(Value),
    LoseSocket,
    SayGoodbye,
    ComeBack(Box<Socket>),
}

/// What the test sees of the page.
#[derive(Default)]
struct Shared {
    heard: RefCell<Vec<Value>>,
    peer: RefCell<Option<(i64, Rc<Peer>)>>,
    closed: RefCell<Option<Option<u16>>>,
    changed: Notify,
}

impl Page {
    /// A page that wants the call, over a socket that was just opened.
    pub fn open(side: Side, socket: Socket) -> Page {
        Self::begin(side, socket, None)
    }

    /// The same in a call that goes through relays alone. `hears`: sees the message `relays` before the page acts on it,
    /// and may change what it says.
    pub fn open_through(side: Side, socket: Socket, hears: impl Fn(&mut Value) + 'static) -> Page {
        Self::begin(side, socket, Some(Box::new(hears)))
    }

    fn begin(side: Side, socket: Socket, through: Option<HearsRelays>) -> Page {
        let shared = Rc::new(Shared::default());
        let (orders, commands) = mpsc::unbounded_channel();
        let acting = Acting {
            side,
            shared: shared.clone(),
            socket: Some(socket),
            joined: false,
            link: None,
            through,
            servers: Vec::new(),
            relayless: None,
        };
        Page { shared, orders, task: actix_web::rt::spawn(acting.run(commands)) }
    }

    /// Wait until the page is connected under that epoch.
    pub async fn connected(&self, epoch: i64) -> Rc<Peer> {
        self.until(&format!("a connection of epoch {epoch}"), || self.epoch() == Some(epoch)).await;
        let peer = self.peer();
        peer.connected().await;
        peer
    }

    /// The connection as it is now.
    pub fn peer(&self) -> Rc<Peer> {
        self.shared.peer.borrow().as_ref().unwrap().1.clone()
    }

    pub fn epoch(&self) -> Option<i64> {
        self.shared.peer.borrow().as_ref().map(|(epoch, _)| *epoch)
    }

    /// Wait for a message of that type.
    pub async fn hears(&self, kind: &str) {
        self.until(kind, || !self.heard(kind).is_empty()).await;
    }

    /// Wait until the page was told of that state last.
    pub async fn state(&self, word: &str) {
        self.until(word, || self.heard("state").last().is_some_and(|state| state["state"] == word)).await;
    }

    /// Wait until the page was told of the visit's state so many times in all.
    pub async fn told(&self, times: usize) {
        self.until("another state", || self.heard("state").len() >= times).await;
    }

    /// All messages of that type so far.
    pub fn heard(&self, kind: &str) -> Vec<Value> {
        self.shared.heard.borrow().iter().filter(|message| message["type"] == kind).cloned().collect()
    }

    /// Wait until the server closes the socket, and with which code.
    pub async fn closed(&self) -> Option<u16> {
        self.until("the end of the socket", || self.shared.closed.borrow().is_some()).await;
        self.shared.closed.borrow().unwrap()
    }

    /// Wait until the page has no connection.
    pub async fn hung_up(&self) {
        self.until("the end of the connection", || self.epoch().is_none()).await;
    }

    pub fn say(&self, message: Value) {
        assert!(self.orders.send(Order::Say(message)).is_ok());
    }

    /// The network takes the socket, and nothing else.
    pub fn lose_socket(&self) {
        assert!(self.orders.send(Order::LoseSocket).is_ok());
    }

    /// The tab is closed: the socket says goodbye, and the connection is gone.
    pub fn says_goodbye(&self) {
        assert!(self.orders.send(Order::SayGoodbye).is_ok());
    }

    /// The socket is back.
    pub fn comes_back(&self, socket: Socket) {
        *self.shared.closed.borrow_mut() = None;
        assert!(self.orders.send(Order::ComeBack(Box::new(socket))).is_ok());
    }

    async fn until(&self, what: &str, right: impl Fn() -> bool) {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                if right() {
                    return;
                }
                changed.await;
            }
        };
        if timeout(PATIENCE, wait).await.is_err() {
            panic!("waited for {what}, but heard {:#?}", self.shared.heard.borrow());
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The running page.
struct Acting {
    side: Side,
    shared: Rc<Shared>,
    socket: Option<Socket>,
    joined: bool,
    link: Option<Link>,
    /// The call goes through relays alone, and whoever wants to see which.
    through: Option<HearsRelays>,
    servers: Vec<Value>,
    /// A call of that epoch waits for a relay to go through.
    relayless: Option<i64>,
}

/// One connection and how far its negotiation came.
struct Link {
    epoch: i64,
    peer: Rc<Peer>,
    events: mpsc::UnboundedReceiver<Event>,
    /// An offer of ours is out.
    outstanding: bool,
    /// The `o=` line of the other side's description that was applied last.
    seen: Option<String>,
    /// Candidates that came before the description they belong to.
    early: Vec<Value>,
}

enum Step {
    News(News),
    Event(Event),
    Order(Order),
}

impl Acting {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let step = tokio::select! {
                news = next(&mut self.socket) => Step::News(news),
                event = happens(&mut self.link) => Step::Event(event),
                Some(order) = orders.recv() => Step::Order(order),
                else => return,
            };
            match step {
                Step::News(News::Message(message)) => {
                    self.hear(&message).await;
                    self.shared.heard.borrow_mut().push(message);
                }
                Step::News(News::Closed(code)) => {
                    self.socket = None;
                    *self.shared.closed.borrow_mut() = Some(code);
                }
                Step::Event(event) => self.happened(event).await,
                Step::Order(Order::Say(message)) => self.say(message).await,
                Step::Order(Order::LoseSocket) => self.socket = None,
                Step::Order(Order::SayGoodbye) => {
                    self.hang_up().await;
                    if let Some(socket) = self.socket.take() {
                        socket.leave().await;
                    }
                }
                Step::Order(Order::ComeBack(socket)) => {
                    (self.socket, self.joined) = (Some(*socket), false);
                }
            }
            self.shared.changed.notify_waiters();
        }
    }

    async fn hear(&mut self, message: &Value) {
        match message["type"].as_str().unwrap() {
            "state" => self.told(message).await,
            "superseded" | "gone" => self.hang_up().await,
            "beat" => self.say(message.clone()).await,
            "relays" => {
                let mut told = message.clone();
                if let Some(hears) = &self.through {
                    hears(&mut told);
                }
                self.servers = told["servers"].as_array().unwrap().clone();
                if let Some(epoch) = self.relayless.take() {
                    self.call(epoch).await;
                }
            }
            kind if self.link.as_ref().is_some_and(|link| message["epoch"] == link.epoch) => self.signalled(kind, message).await,
            _ => {}
        }
    }

    async fn told(&mut self, state: &Value) {
        if !["checking", "in_call"].contains(&state["state"].as_str().unwrap()) {
            self.joined = false;
            return self.hang_up().await;
        }
        let (held, told) = (self.link.as_ref().map(|link| link.epoch), state["epoch"].as_i64().unwrap());
        if !self.joined {
            self.joined = true;
            self.say(json!({ "type": "join", "tab": "00112233445566ff", "epoch": held })).await;
        } else if held != Some(told) {
            self.call(told).await;
        }
    }

    /// A new connection for a new epoch.
    async fn call(&mut self, epoch: i64) {
        self.hang_up().await;
        if self.through.is_some() && self.servers.is_empty() {
            self.relayless = Some(epoch);
            return;
        }
        let (peer, events) = if self.through.is_some() { Peer::open_through(&self.servers).await } else { Peer::open().await };
        let peer = Rc::new(peer);
        *self.shared.peer.borrow_mut() = Some((epoch, peer.clone()));
        self.link = Some(Link { epoch, peer, events, outstanding: false, seen: None, early: Vec::new() });
        match self.side {
            Side::Patient => self.say(json!({ "type": "ready", "epoch": epoch })).await,
            Side::Clinician => self.offer(false).await,
        }
    }

    async fn hang_up(&mut self) {
        self.relayless = None;
        if let Some(link) = self.link.take() {
            link.peer.close().await;
            *self.shared.peer.borrow_mut() = None;
        }
    }

    async fn offer(&mut self, restart: bool) {
        let Some(link) = &mut self.link else { return };
        let sdp = if link.outstanding { link.peer.describe().await } else { link.peer.offer(restart).await };
        link.outstanding = true;
        let offer = json!({ "type": "offer", "epoch": link.epoch, "sdp": sdp });
        self.say(offer).await;
    }

    async fn signalled(&mut self, kind: &str, message: &Value) {
        let Some(link) = &mut self.link else { return };
        let origin = message["sdp"].as_str().and_then(|sdp| sdp.lines().find(|line| line.starts_with("o="))).map(str::to_owned);
        match kind {
            "ready" if link.seen.is_none() => return self.offer(false).await,
            "restart" => return self.offer(true).await,
            "offer" => {
                let sdp =
                    if link.seen == origin { link.peer.describe().await } else { link.peer.answer(message["sdp"].as_str().unwrap()).await };
                let answer = json!({ "type": "answer", "epoch": link.epoch, "sdp": sdp });
                link.seen = origin;
                self.say(answer).await;
            }
            "answer" if link.outstanding => {
                link.peer.apply(message["sdp"].as_str().unwrap()).await;
                (link.outstanding, link.seen) = (false, origin);
            }
            "candidate" => link.early.push(message.clone()),
            _ => {}
        }
        let Some(link) = self.link.as_mut().filter(|link| link.seen.is_some()) else { return };
        for early in std::mem::take(&mut link.early) {
            let line = early["line"].as_u64().unwrap().try_into().unwrap();
            link.peer.candidate(early["candidate"].as_str().unwrap(), early["mid"].as_str().unwrap(), line).await;
        }
    }

    async fn happened(&mut self, event: Event) {
        let epoch = self.link.as_ref().unwrap().epoch;
        let message = match event {
            Event::Candidate { candidate, mid, line } => {
                json!({ "type": "candidate", "epoch": epoch, "candidate": candidate, "mid": mid, "line": line })
            }
            Event::Connected => json!({ "type": "connected", "epoch": epoch, "path": "host", "region": null }),
        };
        self.say(message).await;
    }

    async fn say(&mut self, message: Value) {
        if let Some(socket) = &mut self.socket {
            socket.say(&message).await;
        }
    }
}

async fn next(socket: &mut Option<Socket>) -> News {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

async fn happens(link: &mut Option<Link>) -> Event {
    match link {
        Some(link) => match link.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
