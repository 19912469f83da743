//! The rooms of this node and the sockets of the people in them.
//!
//! Sockets come in ([`Hub::enter`], [`Hub::watch_day`]), events go to the pure room, and its effects are performed here.
//! The database is read for every word that is told, so a page never hears of something that did not happen. All of this
//! can be lost at any time: pages come back by themselves and are told again.

use super::room::{ADMISSION_WAITS, Effect, Event, Party, Room, SocketId};
use super::store::{self, Standing};
use crate::app::App;
use crate::appointments::VisitState;
use crate::audit::{Event as LogEvent, Fact, Kind, Object};
use crate::bus::Hint;
use crate::ids::{DeviceId, StaffId, StaffSessionId, VisitId};
use crate::links::{self, Asking, DeviceMove};
use crate::secret::Secret;
use crate::staff::{self, Sight};
use crate::time::Timestamp;
use crate::web;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// Another device asks to take the visit over.
    moving: Option<Asking>,
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
    moving: Option<Asking>,
    moved: bool,
}

impl Hub {
    pub fn new(app: App) -> Self {
        let started_at = app.now();
        Self(Arc::new(Inner {
            app,
            started_at,
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

    /// A page of a visit closed its socket.
    pub async fn leave(&self, visit: VisitId, socket: SocketId) {
        let now = self.0.app.now();
        let effects = {
            let mut live = self.live();
            live.rooms.get_mut(&visit).map(|room| room.apply(Event::Closed { socket }, now)).unwrap_or_default()
        };
        self.perform(visit, effects).await;
        let mut live = self.live();
        live.lines.remove(&socket);
        if live.rooms.get(&visit).is_some_and(Room::is_empty) {
            live.rooms.remove(&visit);
            live.messages.remove(&visit);
        }
    }

    /// The database gave this socket's page the call.
    pub async fn took(&self, visit: VisitId, socket: SocketId) {
        self.look_again(visit).await;
        let now = self.0.app.now();
        let effects = {
            let mut live = self.live();
            live.rooms.get_mut(&visit).map(|room| room.apply(Event::Took { socket }, now)).unwrap_or_default()
        };
        self.perform(visit, effects).await;
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
                _ = tick.tick() => self.take_back_unanswered_admissions().await,
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

    /// Read the visit again and tell its pages what changed. Pages whose device session ended are sent away.
    async fn look_again(&self, visit: VisitId) {
        if !self.live().rooms.contains_key(&visit) {
            return;
        }
        let read = async {
            let mut tx = self.0.app.db.reading().await?;
            Ok::<_, sqlx::Error>((store::standing(&mut tx, visit).await?, super::device(&mut tx, visit).await?))
        };
        let (standing, device) = match read.await {
            Ok((Some(standing), device)) => (standing, device),
            Ok((None, _)) => return,
            Err(error) => return tracing::warn!(%error, visit.id = %visit, "Could not read visit `{visit}` for its room"),
        };
        let (now, look) = (self.0.app.now(), standing.look());
        let effects = {
            let mut live = self.live();
            for line in live.lines.values().filter(|line| line.visit == visit) {
                if matches!(line.seat, Seat::Patient { device: seated } if Some(seated) != device) {
                    let _closing = line.out.try_send(Outgoing::Gone);
                }
            }
            live.rooms.get_mut(&visit).map(|room| room.apply(Event::Looked(look), now)).unwrap_or_default()
        };
        self.perform(visit, effects).await;
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
                Effect::Tell { .. } | Effect::Relay { .. } | Effect::Drop | Effect::Lapse => {}
            }
        }
    }

    /// Send the visit's state, read now, to these pages.
    async fn tell(&self, visit: VisitId, sockets: &[SocketId]) {
        let _in_order = self.0.telling.lock().await;
        if let Err(error) = self.tell_in_order(visit, sockets).await {
            // The page asks again by reconnecting: it hears no beat from a socket that was cut.
            tracing::warn!(%error, visit.id = %visit, "Could not tell the pages of visit `{visit}`");
            for socket in sockets {
                self.live().lines.remove(socket);
            }
        }
    }

    async fn tell_in_order(&self, visit: VisitId, sockets: &[SocketId]) -> web::Result<()> {
        let mut tx = self.0.app.db.reading().await?;
        let Some(standing) = store::standing(&mut tx, visit).await? else { return Ok(()) };
        let busy = store::busy_elsewhere(&mut tx, standing.clinician_id, visit).await?;
        let moving = links::asking_device(&mut tx, visit, self.0.app.now()).await?;
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
                    moving,
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
        let visits = visits.into_iter().map(|(device, standing)| self.today_visit(standing, device, now)).collect();
        let Ok(text) = serde_json::to_string(&TodayMessage { visits, now }) else { return };
        for day in self.live().days.values().filter(|day| day.clinician == clinician) {
            let _cut_off_if_full = day.out.try_send(Outgoing::Text(text.clone()));
        }
    }

    fn today_visit(&self, standing: Standing, device: DeviceMove, now: Timestamp) -> TodayVisit {
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
            moving: device.asking,
            moved: device.moved,
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

    async fn take_back_unanswered_admissions(&self) {
        let (app, now) = (&self.0.app, self.0.app.now());
        let admitted_before = now - ADMISSION_WAITS;
        let unanswered = async {
            let mut tx = app.db.reading().await?;
            store::unanswered_admissions(&mut tx, admitted_before).await
        };
        let visits = match unanswered.await {
            Ok(visits) => visits,
            Err(error) => return tracing::warn!(%error, "Could not look for unanswered admissions"),
        };
        for visit in visits {
            let lapsed = {
                let mut live = self.live();
                let room = live.rooms.entry(visit).or_insert_with(|| Room::new(self.0.started_at));
                room.apply(Event::Ticked, now).contains(&Effect::Lapse)
            };
            self.look_again(visit).await;
            if lapsed && let Err(error) = super::lapse(app, visit, admitted_before).await {
                tracing::warn!(%error, visit.id = %visit, "Could not take back the admission of visit `{visit}`");
            }
        }
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

/// The visits on a clinician's Today page: the clinic's day, and whoever still waits or talks. With each, what is to be said of
/// its devices.
pub(super) async fn today(app: &App, clinician: StaffId) -> sqlx::Result<Vec<(DeviceMove, Standing)>> {
    let zone = app.config.clinic.zone;
    let (from, until) = zone.day(zone.today(app.now()));
    let mut tx = app.db.reading().await?;
    let visits = store::day(&mut tx, clinician, from, until).await?;
    let devices = links::device_moves(&mut tx, clinician, app.now()).await?;
    let with_device = |visit: Standing| (devices.get(&visit.id).copied().unwrap_or_default(), visit);
    Ok(visits.into_iter().map(with_device).collect())
}
