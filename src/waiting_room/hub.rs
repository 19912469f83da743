//! The rooms of this node and the sockets of the people in them.
//!
//! Sockets come in ([`Hub::enter`], [`Hub::watch_day`]), events go to the pure room, and its effects are performed here:
//! this file moves, `watch` hears what moves without a page, `telling` says what the pages of a visit hear, from one `reading`
//! for many of them, `day` what a clinician's Today hears, `checked` what patients' pages found out about their connections.
//! The database is read for every word that is told, so a page never hears of something that did not happen. All of this
//! can be lost at any time: pages come back by themselves and are told again.

mod checked;
mod day;
mod reading;
mod seat;
mod telling;
mod watch;

pub(super) use day::{Day, today};
pub use seat::{GoneWhy, Outgoing, Seat};

use super::room::{Effect, Event, Party, Room, SocketId};
use super::store::Standing;
use crate::app::App;
use crate::audit::{CallEnd, CallParty, Context};
use crate::ids::{StaffId, VisitId};
use crate::secret::Secret;
use crate::time::Timestamp;
use checked::Checked;
use day::DayLine;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};

/// How many messages may wait for a slow page before it is cut off; it comes back and is told anew.
const OUTGOING_MAX: usize = 64;
/// Open pages of one visit. Higher: more tabs. Lower: less for a thief of a session to hold open.
const SOCKETS_PER_VISIT_MAX: usize = 8;
/// Open sockets of this node.
const SOCKETS_MAX: usize = 20_000;

/// A handle on the rooms. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    app: App,
    started_at: Timestamp,
    /// The database could not be read for a page since the last look at it.
    blind: AtomicBool,
    /// Since when it can be read. While it cannot, no page can come back, and none counts as gone.
    readable_since: AtomicI64,
    next_socket: AtomicU64,
    live: Mutex<Live>,
    /// Held while pages are told, so that an older word never follows a newer one.
    telling: tokio::sync::Mutex<()>,
    day_changed: Notify,
}

#[derive(Debug, Default)]
struct Live {
    /// The server stops: nobody comes in any more.
    released: bool,
    rooms: HashMap<VisitId, Room>,
    lines: HashMap<SocketId, Line>,
    days: HashMap<SocketId, DayLine>,
    changed_days: BTreeSet<StaffId>,
    /// Clinicians of whom the waiting may hear something new: who is in front of them, how late it gets.
    changed_queues: BTreeSet<StaffId>,
    messages: HashMap<VisitId, (i64, Secret<String>)>,
    checks: HashMap<VisitId, Checked>,
    /// Who took the call last, as the log keeps it.
    callers: HashMap<(VisitId, Party), Context>,
}

#[derive(Debug)]
struct Line {
    visit: VisitId,
    clinician: StaffId,
    seat: Seat,
    out: mpsc::Sender<Outgoing>,
    /// What its page was told last.
    told: String,
}

/// The pages that held a visit's call when [`Hub::holders`] was asked.
#[derive(Debug)]
pub struct Holders<'a> {
    hub: &'a Hub,
    sockets: Vec<SocketId>,
    _in_order: tokio::sync::MutexGuard<'a, ()>,
}

impl Holders<'_> {
    /// Tell them that they are sent away, and why.
    pub fn send_away(self, why: GoneWhy) {
        self.sockets.iter().for_each(|socket| self.hub.send_away(*socket, why));
    }
}

impl Hub {
    pub fn new(app: App) -> Self {
        let started_at = app.now();
        Self(Arc::new(Inner {
            app,
            started_at,
            blind: AtomicBool::new(false),
            readable_since: AtomicI64::new(started_at.0),
            next_socket: AtomicU64::new(1),
            live: Mutex::default(),
            telling: tokio::sync::Mutex::default(),
            day_changed: Notify::new(),
        }))
    }

    /// A page of a visit opened its socket. `None` when there are too many of them, or the server stops.
    pub async fn enter(&self, standing: &Standing, seat: Seat) -> Option<(SocketId, mpsc::Receiver<Outgoing>)> {
        let (out, incoming) = mpsc::channel(OUTGOING_MAX);
        let socket = self.new_socket();
        let now = self.0.app.now();
        let effects = {
            let mut live = self.live();
            let open = live.lines.values().filter(|line| line.visit == standing.id && line.seat.party() == seat.party()).count();
            if live.released || open >= SOCKETS_PER_VISIT_MAX || live.lines.len() >= SOCKETS_MAX {
                return None;
            }
            live.lines.insert(socket, Line { visit: standing.id, clinician: standing.clinician_id, seat, out, told: String::new() });
            let room = live.rooms.entry(standing.id).or_insert_with(|| Room::new(now));
            let mut effects = room.apply(Event::Looked(standing.look()), now);
            effects.extend(room.apply(Event::Opened { socket, party: seat.party() }, now));
            effects
        };
        self.perform(standing.id, effects).await;
        Some((socket, incoming))
    }

    /// A page of a visit closed its socket: for good, or because the network took it.
    pub async fn leave(&self, visit: VisitId, socket: SocketId, goodbye: bool) {
        let effects = self.apply(visit, Event::Closed { socket, goodbye });
        self.perform(visit, effects).await;
        let mut live = self.live();
        live.lines.remove(&socket);
        if live.rooms.get(&visit).is_some_and(Room::is_empty) {
            live.rooms.remove(&visit);
            live.messages.remove(&visit);
            live.callers.retain(|(of, _), _| *of != visit);
        }
    }

    /// The database gave this socket's page the call. `connected`: the page still has the connection of this epoch.
    pub async fn took(&self, visit: VisitId, socket: SocketId, context: &Context, connected: bool) {
        let Some(look) = self.look_at(&BTreeSet::from([visit])).await.pop().map(|(_, look)| look) else { return };
        let party = self.live().rooms.get(&visit).and_then(|room| room.party(socket));
        if let Some(party) = party {
            self.live().callers.insert((visit, party), context.clone());
        }
        let effects = self.apply(visit, Event::Took { socket, look, connected });
        self.perform(visit, effects).await;
    }

    /// A page says that its connection is up.
    pub fn connected(&self, visit: VisitId, socket: SocketId, epoch: i64) {
        self.apply(visit, Event::Connected { socket, epoch });
    }

    /// True for a page that holds the call of its visit.
    pub fn holds(&self, visit: VisitId, socket: SocketId) -> bool {
        self.live().rooms.get(&visit).is_some_and(|room| room.holds(socket))
    }

    /// True when a party's part in the call of that epoch is over by the log's account, so that a page begins anew.
    pub fn has_left(&self, visit: VisitId, party: Party, epoch: i64) -> bool {
        self.live().rooms.get(&visit).is_some_and(|room| room.has_left(party, epoch))
    }

    fn apply(&self, visit: VisitId, event: Event) -> Vec<Effect> {
        let now = self.0.app.now();
        self.live().rooms.get_mut(&visit).map(|room| room.apply(event, now)).unwrap_or_default()
    }

    /// Pass a frame on, if the room lets it. The caller holds proof of admission for the epoch.
    pub fn pass(&self, visit: VisitId, socket: SocketId, epoch: i64, frame: String) {
        let effects = self.apply(visit, Event::Frame { socket, epoch });
        let to = effects.into_iter().find_map(|effect| if let Effect::Relay { to } = effect { Some(to) } else { None });
        if let Some(to) = to {
            self.send(to, Outgoing::Text(frame));
        }
    }

    /// Tell a page that it is sent away, and why.
    pub fn send_away(&self, socket: SocketId, why: GoneWhy) {
        self.send(socket, Outgoing::Gone(why));
    }

    /// The pages that hold a visit's call now. Until this is dropped, no page hears how any visit stands: they can be sent away before
    /// they hear what came of it.
    pub async fn holders(&self, visit: VisitId) -> Holders<'_> {
        let in_order = self.0.telling.lock().await;
        let live = self.live();
        let sockets =
            live.rooms.get(&visit).map_or_else(Vec::new, |room| live.lines.keys().copied().filter(|socket| room.holds(*socket)).collect());
        drop(live);
        Holders { hub: self, sockets, _in_order: in_order }
    }

    /// Since when nobody of the patient's side is here, for a visit that expects them. Before the first page came back
    /// after a start, since that start.
    pub fn away_since(&self, visit: VisitId) -> Option<Timestamp> {
        match self.live().rooms.get(&visit) {
            Some(room) => room.patient_away_since(),
            None => Some(self.0.started_at),
        }
    }

    /// How many pages are connected to this node, by kind.
    pub fn open_sockets(&self) -> [(&'static str, usize); 2] {
        let live = self.live();
        [("visit", live.lines.len()), ("today", live.days.len())]
    }

    /// Let go of every page: the server stops. They come back by themselves, to the next server. A page that is let in here once more holds
    /// up the end, and hears the later from the one that follows.
    pub fn release(&self) {
        let mut live = self.live();
        live.released = true;
        live.lines.clear();
        live.days.clear();
    }

    /// No page is let in any more: the server stops.
    pub fn has_released(&self) -> bool {
        self.live().released
    }

    async fn perform(&self, visit: VisitId, effects: Vec<Effect>) {
        self.perform_all(vec![(visit, effects)]).await;
    }

    /// Perform what happens to many rooms at once: their pages are told from one reading.
    async fn perform_all(&self, of_rooms: Vec<(VisitId, Vec<Effect>)>) {
        let told = |visit: VisitId, effect: &Effect| if let Effect::Tell { socket } = effect { Some((visit, *socket)) } else { None };
        let pages: Vec<(VisitId, SocketId)> =
            of_rooms.iter().flat_map(|(visit, effects)| effects.iter().filter_map(|effect| told(*visit, effect))).collect();
        self.tell(&pages).await;
        for (visit, effects) in of_rooms {
            self.perform_untold(visit, effects);
        }
    }

    /// All effects but what a page is told.
    fn perform_untold(&self, visit: VisitId, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Supersede { socket } => self.send(socket, Outgoing::Superseded),
                Effect::DayChanged => {
                    let clinician = self.live().lines.values().find(|line| line.visit == visit).map(|line| line.clinician);
                    if let Some(clinician) = clinician {
                        self.change_day(clinician);
                    }
                }
                Effect::Left { patient, party, epoch, connected, why } => {
                    let party_word = if party == Party::Patient { CallParty::Patient } else { CallParty::Clinician };
                    self.left(visit, party, CallEnd { visit, patient, party: party_word, epoch, connected_s: connected.0 / 1_000, why });
                }
                Effect::Tell { .. } | Effect::Relay { .. } | Effect::Drop | Effect::Lapse => {}
            }
        }
    }

    /// Have the end of a party's part written. Nobody waits for it: what ended has ended.
    fn left(&self, visit: VisitId, party: Party, end: CallEnd) {
        let app = self.0.app.clone();
        let context = self.live().callers.get(&(visit, party)).cloned().unwrap_or_else(|| app.system());
        tokio::spawn(async move { app.log.call_ended(&context, end).await });
    }

    fn send(&self, socket: SocketId, message: Outgoing) {
        let mut live = self.live();
        let full = live.lines.get(&socket).is_some_and(|line| line.out.try_send(message).is_err());
        if full {
            // Dropping the line ends its socket task; the page comes back and is told anew.
            live.lines.remove(&socket);
        }
    }

    fn new_socket(&self) -> SocketId {
        SocketId(self.0.next_socket.fetch_add(1, Ordering::Relaxed))
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        // A panic elsewhere leaves at worst a stale room, and rooms are caches.
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
