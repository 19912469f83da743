//! The rooms of this node and the sockets of the people in them.
//!
//! Sockets come in ([`Hub::enter`], [`Hub::watch_day`]), events go to the pure room, and its effects are performed here.
//! The database is read for every word that is told, so a page never hears of something that did not happen. All of this
//! can be lost at any time: pages come back by themselves and are told again.

use super::room::{ADMISSION_WAITS, Effect, Event, GONE_AFTER, Look, Party, Room, SocketId};
use super::store::{self, Standing};
use crate::app::App;
use crate::appointments::VisitState;
use crate::audit::{CallEnd, CallParty, Context, Event as LogEvent, Fact, Kind, Object};
use crate::bus::Hint;
use crate::ids::{DeviceId, StaffId, StaffSessionId, VisitId};
use crate::secret::Secret;
use crate::staff::{self, Sight};
use crate::time::Timestamp;
use crate::web;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, mpsc};

/// How many messages may wait for a slow page before it is cut off; it comes back and is told anew.
const OUTGOING_MAX: usize = 64;
/// Open pages of one visit. Higher: more tabs. Lower: less for a thief of a session to hold open.
const SOCKETS_PER_VISIT_MAX: usize = 8;
/// Open Today pages of one clinician.
const DAYS_PER_CLINICIAN_MAX: usize = 8;
/// Open sockets of this node.
const SOCKETS_MAX: usize = 20_000;
/// Changes of a day within this time are told together.
const DAY_PAUSE: Duration = Duration::from_millis(40);
/// How often admissions that nobody answers are looked for.
const TICK: Duration = Duration::from_secs(5);

/// Who sits behind a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    Patient { device: DeviceId },
    Clinician { staff: StaffId, session: StaffSessionId },
}

impl Seat {
    pub fn party(&self) -> Party {
        match self {
            Seat::Patient { .. } => Party::Patient,
            Seat::Clinician { .. } => Party::Clinician,
        }
    }

    /// True if the admission that stands is this seat's.
    pub fn sits_in(&self, standing: &Standing) -> bool {
        match self {
            Seat::Patient { device } => standing.admitted_device == Some(*device),
            Seat::Clinician { staff, .. } => standing.clinician_id == *staff,
        }
    }
}

/// What a socket task sends to its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    Text(String),
    /// A newer tab took the call. The page does not come back by itself.
    Superseded,
    /// The session is over. The page does not come back by itself.
    Gone,
}

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
    rooms: HashMap<VisitId, Room>,
    lines: HashMap<SocketId, Line>,
    days: HashMap<SocketId, DayLine>,
    changed_days: BTreeSet<StaffId>,
    messages: HashMap<VisitId, (i64, Secret<String>)>,
    /// Who took the call last, as the log keeps it.
    callers: HashMap<(VisitId, Party), Context>,
}

#[derive(Debug)]
struct Line {
    visit: VisitId,
    clinician: StaffId,
    seat: Seat,
    out: mpsc::Sender<Outgoing>,
}

#[derive(Debug)]
struct DayLine {
    clinician: StaffId,
    session: StaffSessionId,
    out: mpsc::Sender<Outgoing>,
}

/// `state`, as both pages of a visit hear it.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "state")]
struct StateMessage<'a> {
    state: &'static str,
    version: i64,
    epoch: i64,
    identity: Option<&'a str>,
    held: bool,
    peer: bool,
    clinician: &'static str,
    message: Option<&'a str>,
    left: bool,
}

/// `today`, without a name.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "today")]
struct TodayMessage {
    visits: Vec<TodayVisit>,
    now: Timestamp,
}

#[derive(Debug, Serialize)]
struct TodayVisit {
    id: VisitId,
    state: &'static str,
    version: i64,
    since: Option<Timestamp>,
    away_since: Option<Timestamp>,
    held: bool,
    left: bool,
    locked: bool,
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

    /// A page of a visit opened its socket. `None` when there are too many of them.
    pub async fn enter(&self, standing: &Standing, seat: Seat) -> Option<(SocketId, mpsc::Receiver<Outgoing>)> {
        let (out, incoming) = mpsc::channel(OUTGOING_MAX);
        let socket = self.new_socket();
        let now = self.0.app.now();
        let effects = {
            let mut live = self.live();
            let open = live.lines.values().filter(|line| line.visit == standing.id && line.seat.party() == seat.party()).count();
            if open >= SOCKETS_PER_VISIT_MAX || live.lines.len() >= SOCKETS_MAX {
                return None;
            }
            live.lines.insert(socket, Line { visit: standing.id, clinician: standing.clinician_id, seat, out });
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
        let Some(look) = self.read(visit).await else { return };
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
        let now = self.0.app.now();
        let mut live = self.live();
        let Some(room) = live.rooms.get_mut(&visit) else { return };
        for effect in room.apply(Event::Frame { socket, epoch }, now) {
            if let Effect::Relay { to } = effect
                && let Some(line) = live.lines.get(&to)
            {
                let _cut_off_if_full = line.out.try_send(Outgoing::Text(frame));
                return;
            }
        }
    }

    /// A Today page opened its socket.
    pub async fn watch_day(&self, clinician: StaffId, session: StaffSessionId) -> Option<(SocketId, mpsc::Receiver<Outgoing>)> {
        let (out, incoming) = mpsc::channel(OUTGOING_MAX);
        let socket = self.new_socket();
        {
            let mut live = self.live();
            if live.days.values().filter(|day| day.clinician == clinician).count() >= DAYS_PER_CLINICIAN_MAX {
                return None;
            }
            live.days.insert(socket, DayLine { clinician, session, out });
        }
        self.tell_day(clinician).await;
        self.tell_patients_of(clinician).await;
        Some((socket, incoming))
    }

    /// A Today page closed its socket.
    pub async fn leave_day(&self, socket: SocketId) {
        let left = self.live().days.remove(&socket);
        if let Some(day) = left {
            self.tell_patients_of(day.clinician).await;
        }
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

    /// Let go of every page: the server stops. They come back by themselves.
    pub fn release(&self) {
        let mut live = self.live();
        live.lines.clear();
        live.days.clear();
    }

    /// Listen to the bus and the clock for as long as the server runs.
    pub async fn run(self) {
        let mut hints = self.0.app.bus.listen();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                hint = hints.recv() => match hint {
                    Ok(hint) => self.hear(hint).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => self.look_at_everything().await,
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                () = self.0.day_changed.notified() => {
                    tokio::time::sleep(DAY_PAUSE).await;
                    let days = std::mem::take(&mut self.live().changed_days);
                    for clinician in days {
                        self.tell_day(clinician).await;
                    }
                }
                _ = tick.tick() => self.tick().await,
            }
        }
    }

    async fn hear(&self, hint: Hint) {
        match hint {
            Hint::Visit { id, clinician } => {
                self.look_again(id).await;
                self.change_day(clinician);
            }
            Hint::StaffGone { id } => self.end_lines_of(id).await,
        }
    }

    async fn look_at_everything(&self) {
        let (visits, clinicians): (Vec<VisitId>, BTreeSet<StaffId>) = {
            let live = self.live();
            (live.rooms.keys().copied().collect(), live.days.values().map(|day| day.clinician).collect())
        };
        for visit in visits {
            self.look_again(visit).await;
        }
        for clinician in clinicians {
            self.end_lines_of(clinician).await;
            self.change_day(clinician);
        }
    }

    /// Tell every page how its visit stands: nobody knows what they missed.
    async fn tell_everything(&self) {
        self.look_at_everything().await;
        let mut open: HashMap<VisitId, Vec<SocketId>> = HashMap::new();
        for (socket, line) in &self.live().lines {
            open.entry(line.visit).or_default().push(*socket);
        }
        for (visit, sockets) in open {
            self.tell(visit, &sockets).await;
        }
    }

    /// Read the visit again and tell its pages what changed.
    async fn look_again(&self, visit: VisitId) {
        if let Some(look) = self.read(visit).await {
            let effects = self.apply(visit, Event::Looked(look));
            self.perform(visit, effects).await;
        }
    }

    /// The visit of an open room as it stands now. Pages whose device session ended are sent away.
    async fn read(&self, visit: VisitId) -> Option<Look> {
        if !self.live().rooms.contains_key(&visit) {
            return None;
        }
        let read = async {
            let mut tx = self.0.app.db.reading().await?;
            Ok::<_, sqlx::Error>((store::standing(&mut tx, visit).await?, super::device(&mut tx, visit).await?))
        };
        let (standing, device) = match read.await {
            Ok((standing, device)) => (standing?, device),
            Err(error) => {
                self.0.blind.store(true, Ordering::Relaxed);
                tracing::warn!(%error, visit.id = %visit, "Could not read visit `{visit}` for its room");
                return None;
            }
        };
        for line in self.live().lines.values().filter(|line| line.visit == visit) {
            if matches!(line.seat, Seat::Patient { device: seated } if Some(seated) != device) {
                let _closing = line.out.try_send(Outgoing::Gone);
            }
        }
        Some(standing.look())
    }

    async fn perform(&self, visit: VisitId, effects: Vec<Effect>) {
        let told: Vec<SocketId> =
            effects.iter().filter_map(|effect| if let Effect::Tell { socket } = effect { Some(*socket) } else { None }).collect();
        if !told.is_empty() {
            self.tell(visit, &told).await;
        }
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

    /// Send the visit's state, read now, to these pages.
    async fn tell(&self, visit: VisitId, sockets: &[SocketId]) {
        let _in_order = self.0.telling.lock().await;
        if let Err(error) = self.tell_in_order(visit, sockets).await {
            // Their sockets stay open: a call goes on without us, and they are told when there is something to tell again.
            self.0.blind.store(true, Ordering::Relaxed);
            tracing::warn!(%error, visit.id = %visit, "Could not tell the pages of visit `{visit}`");
        }
    }

    async fn tell_in_order(&self, visit: VisitId, sockets: &[SocketId]) -> web::Result<()> {
        let mut tx = self.0.app.db.reading().await?;
        let Some(standing) = store::standing(&mut tx, visit).await? else { return Ok(()) };
        let busy = store::busy_elsewhere(&mut tx, standing.clinician_id, visit).await?;
        drop(tx);
        let message = self.message(&standing).await?;
        let (for_patient, for_clinician, targets) = {
            let live = self.live();
            let Some(room) = live.rooms.get(&visit) else { return Ok(()) };
            let here = room.present(Party::Clinician) || live.days.values().any(|day| day.clinician == standing.clinician_id);
            let clinician = if busy {
                "busy"
            } else if here {
                "here"
            } else {
                "away"
            };
            let text = message.as_ref().map(|message| message.reveal().as_str());
            let state = |party: Party| {
                let for_patient = party == Party::Patient;
                let message = StateMessage {
                    state: standing.state.word(),
                    version: standing.version,
                    epoch: standing.call_epoch,
                    identity: standing.identity.as_deref(),
                    held: standing.held_at.is_some(),
                    peer: room.present(party.other()),
                    clinician,
                    message: text.filter(|_| for_patient),
                    left: standing.left_at.is_some(),
                };
                serde_json::to_string(&message).map_err(anyhow::Error::from)
            };
            let targets: Vec<(SocketId, Party)> =
                sockets.iter().filter_map(|socket| Some((*socket, live.lines.get(socket)?.seat.party()))).collect();
            (state(Party::Patient)?, state(Party::Clinician)?, targets)
        };
        for (socket, party) in targets {
            let text = if party == Party::Patient { &for_patient } else { &for_clinician };
            self.send(socket, Outgoing::Text(text.clone()));
        }
        Ok(())
    }

    /// The words on the waiting page. They are opened once for each version on this node, and the log says so.
    async fn message(&self, standing: &Standing) -> web::Result<Option<Secret<String>>> {
        let Some(sealed) = &standing.message else { return Ok(None) };
        let known = self.live().messages.get(&standing.id).cloned();
        if let Some((_, text)) = known.filter(|(version, _)| *version == standing.message_version) {
            return Ok(Some(text));
        }
        let app = &self.0.app;
        let event = LogEvent::done(Kind::VisitRead)
            .on(Object::Visit, standing.id.0)
            .about(standing.patient_id)
            .with("fields", Fact::Words(vec!["message"]));
        let access = app.log.access(&app.system(), event).await?;
        let key = app.patient_key(standing.patient_id).await?;
        let text = access.open(&key, super::message_place(standing.id, standing.message_version), sealed).await?;
        self.live().messages.insert(standing.id, (standing.message_version, text.clone()));
        Ok(Some(text))
    }

    async fn tell_patients_of(&self, clinician: StaffId) {
        let told: Vec<(VisitId, SocketId)> = {
            let live = self.live();
            let patients = live.lines.iter().filter(|(_, line)| line.clinician == clinician && line.seat.party() == Party::Patient);
            patients.map(|(socket, line)| (line.visit, *socket)).collect()
        };
        for (visit, socket) in told {
            self.tell(visit, &[socket]).await;
        }
    }

    fn change_day(&self, clinician: StaffId) {
        self.live().changed_days.insert(clinician);
        self.0.day_changed.notify_one();
    }

    async fn tell_day(&self, clinician: StaffId) {
        if !self.live().days.values().any(|day| day.clinician == clinician) {
            return;
        }
        let visits = match today(&self.0.app, clinician).await {
            Ok(visits) => visits,
            Err(error) => return tracing::warn!(%error, staff.id = %clinician, "Could not read the day of `{clinician}`"),
        };
        let now = self.0.app.now();
        let visits = visits.into_iter().map(|standing| self.today_visit(standing, now)).collect();
        let Ok(text) = serde_json::to_string(&TodayMessage { visits, now }) else { return };
        for day in self.live().days.values().filter(|day| day.clinician == clinician) {
            let _cut_off_if_full = day.out.try_send(Outgoing::Text(text.clone()));
        }
    }

    fn today_visit(&self, standing: Standing, now: Timestamp) -> TodayVisit {
        let expected = matches!(standing.state, VisitState::Waiting | VisitState::Checking | VisitState::InCall);
        TodayVisit {
            id: standing.id,
            state: standing.state.word(),
            version: standing.version,
            since: standing.waiting_since,
            away_since: if expected { self.away_since(standing.id) } else { None },
            held: standing.held_at.is_some(),
            left: standing.left_at.is_some(),
            locked: standing.check_locked_until.is_some_and(|until| until > now),
        }
    }

    /// Send away the pages of a member of staff whose session ended.
    async fn end_lines_of(&self, id: StaffId) {
        let sessions: BTreeSet<StaffSessionId> = {
            let live = self.live();
            let calls = live.lines.values().filter_map(|line| match line.seat {
                Seat::Clinician { staff, session } if staff == id => Some(session),
                _ => None,
            });
            calls.chain(live.days.values().filter(|day| day.clinician == id).map(|day| day.session)).collect()
        };
        for session in sessions {
            if !matches!(staff::resume_id(&self.0.app, session, Sight::Look).await, Ok(Some(_))) {
                self.end_session(session);
            }
        }
    }

    fn end_session(&self, ended: StaffSessionId) {
        let live = self.live();
        let calls = live.lines.values().filter(|line| matches!(line.seat, Seat::Clinician { session, .. } if session == ended));
        let outs = calls.map(|line| &line.out).chain(live.days.values().filter(|day| day.session == ended).map(|day| &day.out));
        for out in outs {
            let _closing = out.try_send(Outgoing::Gone);
        }
    }

    /// Look for admissions that nobody answers, and for pages that hold a call and stay away.
    async fn tick(&self) {
        let (app, now) = (&self.0.app, self.0.app.now());
        let admitted_before = now - ADMISSION_WAITS;
        let unanswered = async {
            let mut tx = app.db.reading().await?;
            store::unanswered_admissions(&mut tx, admitted_before).await
        };
        let visits = match unanswered.await {
            Ok(visits) => visits,
            Err(error) => {
                self.0.blind.store(true, Ordering::Relaxed);
                return tracing::warn!(%error, "Could not look for unanswered admissions");
            }
        };
        if self.0.blind.swap(false, Ordering::Relaxed) {
            self.0.readable_since.store(now.0, Ordering::Relaxed);
            self.tell_everything().await;
        }
        for (visit, effects) in self.ticked(&visits, now) {
            let lapsed = effects.contains(&Effect::Lapse);
            self.perform(visit, effects).await;
            if visits.contains(&visit) {
                self.look_again(visit).await;
            }
            if lapsed && let Err(error) = super::lapse(app, visit, admitted_before).await {
                tracing::warn!(%error, visit.id = %visit, "Could not take back the admission of visit `{visit}`");
            }
        }
    }

    /// What time does to the rooms: to those of `unanswered` admissions, and to all once pages had time to come back.
    fn ticked(&self, unanswered: &[VisitId], now: Timestamp) -> Vec<(VisitId, Vec<Effect>)> {
        let mut live = self.live();
        for visit in unanswered {
            live.rooms.entry(*visit).or_insert_with(|| Room::new(self.0.started_at));
        }
        let readable = now - Timestamp(self.0.readable_since.load(Ordering::Relaxed)) >= GONE_AFTER;
        let due = live.rooms.iter_mut().filter(|(visit, _)| readable || unanswered.contains(visit));
        due.map(|(visit, room)| (*visit, room.apply(Event::Ticked, now)))
            .filter(|(visit, effects)| !effects.is_empty() || unanswered.contains(visit))
            .collect()
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

/// The visits on a clinician's Today page: the clinic's day, and whoever still waits or talks.
pub(super) async fn today(app: &App, clinician: StaffId) -> sqlx::Result<Vec<Standing>> {
    let zone = app.config.clinic.zone;
    let (from, until) = zone.day(zone.today(app.now()));
    let mut tx = app.db.reading().await?;
    store::day(&mut tx, clinician, from, until).await
}
