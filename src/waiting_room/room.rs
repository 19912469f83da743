//! One visit's room: whose page is open, who holds the call, what may pass between them. Pure.
//!
//! A room is a cache. The database decides who waits and who was admitted; the room is told ([`Event::Looked`]) and can be
//! rebuilt from it at any time (decisions 10 and 11). It takes events with the time and returns effects; the hub performs
//! them. Nothing passes before admission, under another epoch, or from a page that does not hold the call (RTC-04).

mod stays;
#[cfg(test)]
mod tests;

pub use stays::GONE_AFTER;

use crate::appointments::VisitState;
use crate::audit::CallLeftWhy;
use crate::ids::PatientId;
use crate::time::{Millis, Timestamp};
use stays::Stays;
use std::collections::BTreeMap;

/// How long an admission waits for a page that is away. Lower: the clinician is told sooner. Higher: a phone in a tunnel
/// still makes it.
pub const ADMISSION_WAITS: Millis = Millis::minutes(2);

/// One open socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// The two ends of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    Patient,
    Clinician,
}

impl Party {
    const BOTH: [Party; 2] = [Party::Patient, Party::Clinician];

    pub fn other(self) -> Party {
        match self {
            Party::Patient => Party::Clinician,
            Party::Clinician => Party::Patient,
        }
    }

    fn index(self) -> usize {
        match self {
            Party::Patient => 0,
            Party::Clinician => 1,
        }
    }
}

/// What the database said last about the visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub patient: PatientId,
    pub state: VisitState,
    pub version: i64,
    pub epoch: i64,
    pub admitted_at: Option<Timestamp>,
    /// Whose page took the call of this epoch: the patient's, the clinician's.
    pub joined: [bool; 2],
}

impl Look {
    /// True while the two may talk.
    pub fn admitted(&self) -> bool {
        matches!(self.state, VisitState::Checking | VisitState::InCall)
    }
}

/// Where a party's page is, as the other side hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// It holds the call.
    InCall,
    /// It is open and has not taken the call.
    Here,
    /// The page that held the call went for good, and its connection with it. Another is open and has not taken the call.
    Back,
    /// The same, and no other is open.
    Left,
    /// The network took it, and its connection may live on. Or it has not come yet.
    Lost,
}

impl Whereabouts {
    pub fn word(self) -> &'static str {
        match self {
            Whereabouts::InCall => "in_call",
            Whereabouts::Here => "here",
            Whereabouts::Back => "back",
            Whereabouts::Left => "left",
            Whereabouts::Lost => "lost",
        }
    }
}

/// What happens to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Opened {
        socket: SocketId,
        party: Party,
    },
    Closed {
        socket: SocketId,
        /// The page goes for good. Without it the network took the socket, and the page may come back to its call.
        goodbye: bool,
    },
    /// The database was read. An older version than the last is ignored.
    Looked(Look),
    /// The database gave this socket's page the call, and now looks like this. `connected`: the page still has the connection
    /// of this epoch.
    Took {
        socket: SocketId,
        look: Look,
        connected: bool,
    },
    /// The page says that its connection is up.
    Connected {
        socket: SocketId,
        epoch: i64,
    },
    /// A frame for the other side came in.
    Frame {
        socket: SocketId,
        epoch: i64,
    },
    /// Time passed.
    Ticked,
}

/// What the hub does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send the visit's state to this page.
    Tell { socket: SocketId },
    /// Hand the frame to this page.
    Relay { to: SocketId },
    /// The frame goes nowhere.
    Drop,
    /// Say that a newer tab took the call.
    Supersede { socket: SocketId },
    /// The clinician's day looks different.
    DayChanged,
    /// Take back the admission of somebody whose page stayed away.
    Lapse,
    /// A party's part in the call of this epoch is over. Once for each party and epoch.
    Left { patient: PatientId, party: Party, epoch: i64, connected: Millis, why: CallLeftWhy },
}

#[derive(Debug, Clone, Default)]
pub struct Room {
    sockets: BTreeMap<SocketId, Party>,
    /// The socket of each party that holds the call: the newest that took it.
    holders: [Option<SocketId>; 2],
    /// The parties whose page held the call and went for good, until they take it again.
    parted: [bool; 2],
    stays: Stays,
    look: Option<Look>,
    patient_away_since: Option<Timestamp>,
}

impl Room {
    /// A room that was just built, with nobody in it.
    pub fn new(now: Timestamp) -> Self {
        Self { patient_away_since: Some(now), ..Self::default() }
    }

    pub fn apply(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Opened { socket, party } => self.open(socket, party),
            Event::Closed { socket, goodbye } => self.close(socket, goodbye, now),
            Event::Looked(look) => self.look(look, None, now),
            Event::Took { socket, look, connected } => self.take(socket, look, connected, now),
            Event::Connected { socket, epoch } => self.connect(socket, epoch, now),
            Event::Frame { socket, epoch } => vec![self.relay(socket, epoch)],
            Event::Ticked => self.tick(now),
        }
    }

    /// True when a page of this party is open.
    pub fn present(&self, party: Party) -> bool {
        self.sockets.values().any(|seated| *seated == party)
    }

    /// Where this party's page is.
    pub fn whereabouts(&self, party: Party) -> Whereabouts {
        let parted = self.parted[party.index()];
        match (self.holders[party.index()], self.present(party)) {
            (Some(_), _) => Whereabouts::InCall,
            (None, true) if parted => Whereabouts::Back,
            (None, true) => Whereabouts::Here,
            (None, false) if parted => Whereabouts::Left,
            (None, false) => Whereabouts::Lost,
        }
    }

    /// Since when no page of the patient is open.
    pub fn patient_away_since(&self) -> Option<Timestamp> {
        self.patient_away_since
    }

    pub fn party(&self, socket: SocketId) -> Option<Party> {
        self.sockets.get(&socket).copied()
    }

    /// True for a page that holds the call.
    pub fn holds(&self, socket: SocketId) -> bool {
        self.holders.contains(&Some(socket))
    }

    /// True when the log was told that this party's part in the call of that epoch is over: who comes back begins anew.
    pub fn has_left(&self, party: Party, epoch: i64) -> bool {
        self.stays.has_left(party, epoch)
    }

    /// True when nobody is here and the room can be forgotten: it is rebuilt from the database when needed.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty() && !self.look.is_some_and(|look| look.admitted())
    }

    fn open(&mut self, socket: SocketId, party: Party) -> Vec<Effect> {
        let news = !self.present(party);
        self.sockets.insert(socket, party);
        if party == Party::Patient {
            self.patient_away_since = None;
        }
        let mut effects = vec![Effect::Tell { socket }];
        if news {
            effects.extend(self.tell(party.other()));
            effects.push(Effect::DayChanged);
        }
        effects
    }

    fn close(&mut self, socket: SocketId, goodbye: bool, now: Timestamp) -> Vec<Effect> {
        let Some(party) = self.sockets.remove(&socket) else { return Vec::new() };
        let mut effects = Vec::new();
        let held = self.holds(socket);
        if held {
            self.holders[party.index()] = None;
            self.parted[party.index()] = goodbye;
            if goodbye {
                effects.extend(self.stays.end(party, CallLeftWhy::Closed, now));
            } else {
                self.stays.lose(party, now);
            }
        }
        if self.present(party) {
            if held {
                effects.extend(self.tell(party.other()));
            }
            return effects;
        }
        if party == Party::Patient {
            self.patient_away_since = Some(now);
        }
        effects.extend(self.tell(party.other()));
        effects.push(Effect::DayChanged);
        effects
    }

    /// `taker`: whose page just took the call.
    fn look(&mut self, look: Look, taker: Option<Party>, now: Timestamp) -> Vec<Effect> {
        if self.look.is_some_and(|last| last.version >= look.version) {
            return Vec::new();
        }
        self.look = Some(look);
        if !look.admitted() {
            (self.holders, self.parted) = ([None, None], [false, false]);
        }
        let held = self.holders.map(|holder| holder.is_some());
        let mut effects = self.stays.follow(look, taker, held, now);
        effects.extend(self.sockets.keys().map(|socket| Effect::Tell { socket: *socket }));
        effects.push(Effect::DayChanged);
        effects
    }

    fn take(&mut self, socket: SocketId, look: Look, connected: bool, now: Timestamp) -> Vec<Effect> {
        let mut effects = self.look(look, self.party(socket), now);
        let admitted = self.look.is_some_and(|look| look.admitted());
        let Some(party) = self.party(socket).filter(|_| admitted) else { return effects };
        let before = self.holders[party.index()].replace(socket);
        self.parted[party.index()] = false;
        self.stays.go_on(party, connected, now);
        effects.push(Effect::Tell { socket });
        if before.is_none() {
            let untold: Vec<Effect> = self.tell(party.other()).into_iter().filter(|tell| !effects.contains(tell)).collect();
            effects.extend(untold);
        }
        if let Some(socket) = before.filter(|before| *before != socket) {
            effects.push(Effect::Supersede { socket });
        }
        effects
    }

    fn connect(&mut self, socket: SocketId, epoch: i64, now: Timestamp) -> Vec<Effect> {
        if let Some(party) = self.party(socket).filter(|party| self.holders[party.index()] == Some(socket)) {
            self.stays.connect(party, epoch, now);
        }
        Vec::new()
    }

    fn relay(&self, socket: SocketId, epoch: i64) -> Effect {
        let admitted = self.look.is_some_and(|look| look.admitted() && look.epoch == epoch);
        let Some(party) = self.party(socket).filter(|party| admitted && self.holders[party.index()] == Some(socket)) else {
            return Effect::Drop;
        };
        match self.holders[party.other().index()] {
            Some(to) => Effect::Relay { to },
            None => Effect::Drop,
        }
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = self.stays.tick(now);
        let waited = |since: Timestamp| now - since >= ADMISSION_WAITS;
        let lapsed = self.look.is_some_and(|look| look.state == VisitState::Checking && look.admitted_at.is_some_and(waited));
        if lapsed && self.patient_away_since.is_some_and(waited) {
            effects.push(Effect::Lapse);
        }
        effects
    }

    fn tell(&self, party: Party) -> Vec<Effect> {
        self.sockets.iter().filter(|(_, seated)| **seated == party).map(|(socket, _)| Effect::Tell { socket: *socket }).collect()
    }
}
