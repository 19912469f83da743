//! One visit's room: whose page is open, who holds the call, what may pass between them. Pure.
//!
//! A room is a cache. The database decides who waits and who was admitted; the room is told ([`Event::Looked`]) and can be
//! rebuilt from it at any time (decisions 10 and 11). It takes events with the time and returns effects; the hub performs
//! them. Nothing passes before admission, under another epoch, or from a page that does not hold the call (RTC-04).

use crate::appointments::VisitState;
use crate::time::{Millis, Timestamp};
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
    pub state: VisitState,
    pub version: i64,
    pub epoch: i64,
    pub admitted_at: Option<Timestamp>,
}

impl Look {
    /// True while the two may talk.
    pub fn admitted(&self) -> bool {
        matches!(self.state, VisitState::Checking | VisitState::InCall)
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
    },
    /// The database was read. An older version than the last is ignored.
    Looked(Look),
    /// The database gave this socket's page the call.
    Took {
        socket: SocketId,
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
}

#[derive(Debug, Clone, Default)]
pub struct Room {
    sockets: BTreeMap<SocketId, Party>,
    /// The socket of each party that holds the call: the newest that took it.
    holders: [Option<SocketId>; 2],
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
            Event::Closed { socket } => self.close(socket, now),
            Event::Looked(look) => self.look(look),
            Event::Took { socket } => self.take(socket),
            Event::Frame { socket, epoch } => vec![self.relay(socket, epoch)],
            Event::Ticked => self.tick(now),
        }
    }

    /// True when a page of this party is open.
    pub fn present(&self, party: Party) -> bool {
        self.sockets.values().any(|seated| *seated == party)
    }

    /// Since when no page of the patient is open.
    pub fn patient_away_since(&self) -> Option<Timestamp> {
        self.patient_away_since
    }

    pub fn party(&self, socket: SocketId) -> Option<Party> {
        self.sockets.get(&socket).copied()
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

    fn close(&mut self, socket: SocketId, now: Timestamp) -> Vec<Effect> {
        let Some(party) = self.sockets.remove(&socket) else { return Vec::new() };
        let holder = &mut self.holders[party.index()];
        if *holder == Some(socket) {
            *holder = None;
        }
        if self.present(party) {
            return Vec::new();
        }
        if party == Party::Patient {
            self.patient_away_since = Some(now);
        }
        let mut effects = self.tell(party.other());
        effects.push(Effect::DayChanged);
        effects
    }

    fn look(&mut self, look: Look) -> Vec<Effect> {
        if self.look.is_some_and(|last| last.version >= look.version) {
            return Vec::new();
        }
        self.look = Some(look);
        if !look.admitted() {
            self.holders = [None, None];
        }
        let mut effects: Vec<Effect> = self.sockets.keys().map(|socket| Effect::Tell { socket: *socket }).collect();
        effects.push(Effect::DayChanged);
        effects
    }

    fn take(&mut self, socket: SocketId) -> Vec<Effect> {
        let admitted = self.look.is_some_and(|look| look.admitted());
        let Some(party) = self.party(socket).filter(|_| admitted) else { return Vec::new() };
        let before = self.holders[party.index()].replace(socket);
        let mut effects = vec![Effect::Tell { socket }];
        if let Some(socket) = before.filter(|before| *before != socket) {
            effects.push(Effect::Supersede { socket });
        }
        effects
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

    fn tick(&self, now: Timestamp) -> Vec<Effect> {
        let waited = |since: Timestamp| now - since >= ADMISSION_WAITS;
        let lapsed = self.look.is_some_and(|look| look.state == VisitState::Checking && look.admitted_at.is_some_and(waited));
        if lapsed && self.patient_away_since.is_some_and(waited) { vec![Effect::Lapse] } else { Vec::new() }
    }

    fn tell(&self, party: Party) -> Vec<Effect> {
        self.sockets.iter().filter(|(_, seated)| **seated == party).map(|(socket, _)| Effect::Tell { socket: *socket }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::strategy::{Just, Strategy};
    use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

    const STATES: [VisitState; 6] =
        [VisitState::Redeemed, VisitState::Waiting, VisitState::Checking, VisitState::InCall, VisitState::Ended, VisitState::Cancelled];

    fn any_event() -> impl Strategy<Value = Event> {
        let socket = (0..6u64).prop_map(SocketId);
        let party = prop_oneof![Just(Party::Patient), Just(Party::Clinician)];
        let look = (0..STATES.len(), 0..20i64, 0..4i64).prop_map(|(state, version, epoch)| Look {
            state: STATES[state],
            version,
            epoch,
            admitted_at: Some(Timestamp(0)),
        });
        prop_oneof![
            (socket.clone(), party).prop_map(|(socket, party)| Event::Opened { socket, party }),
            socket.clone().prop_map(|socket| Event::Closed { socket }),
            look.prop_map(Event::Looked),
            socket.clone().prop_map(|socket| Event::Took { socket }),
            (socket, 0..4i64).prop_map(|(socket, epoch)| Event::Frame { socket, epoch }),
            Just(Event::Ticked),
        ]
    }

    proptest! {
        /// The promise of RTC-04, over any order of events: a frame passes only while the visit is admitted, under its
        /// epoch, from the page that holds the call to the page on the other side that holds it.
        #[test]
        fn nothing_passes_but_between_the_two_holders_of_an_admitted_visit(events in vec(any_event(), 0..80)) {
            let mut room = Room::default();
            for (at, event) in events.into_iter().enumerate() {
                // A socket opens once, as one party.
                if let Event::Opened { socket, .. } = event && room.party(socket).is_some() {
                    continue;
                }
                let before = room.clone();
                for effect in room.apply(event, Timestamp(at as i64 * 60_000)) {
                    if let Effect::Relay { to } = effect {
                        let Event::Frame { socket, epoch } = event else { panic!("only a frame is relayed") };
                        let look = before.look.expect("a frame passed in a room that was never looked up");
                        prop_assert!(look.admitted() && look.epoch == epoch);
                        prop_assert!(before.holders.contains(&Some(socket)) && before.holders.contains(&Some(to)));
                        prop_assert!(before.party(socket) != before.party(to));
                    }
                    if let Effect::Tell { socket } | Effect::Relay { to: socket } = effect {
                        prop_assert!(room.party(socket).is_some(), "nobody is told through a closed socket");
                    }
                }
                prop_assert_eq!(room.patient_away_since.is_some() || !events_began(&room), !room.present(Party::Patient));
                for (index, holder) in room.holders.iter().enumerate() {
                    if let Some(holder) = holder {
                        prop_assert_eq!(room.party(*holder).map(Party::index), Some(index), "a holder is an open page of its party");
                        prop_assert!(room.look.is_some_and(|look| look.admitted()), "nobody holds a call that is not");
                    }
                }
            }
        }
    }

    /// `Room::default` has never seen the patient, so it does not know since when they are away.
    fn events_began(room: &Room) -> bool {
        room.patient_away_since.is_some() || room.present(Party::Patient)
    }

    fn admitted(version: i64, epoch: i64) -> Event {
        Event::Looked(Look { state: VisitState::Checking, version, epoch, admitted_at: Some(Timestamp(0)) })
    }

    /// A room with a patient's page 1 and a clinician's page 2, both holding the call of epoch 1.
    fn in_call() -> Room {
        let mut room = Room::new(Timestamp(0));
        let (patient, clinician) = (SocketId(1), SocketId(2));
        for event in [
            Event::Opened { socket: patient, party: Party::Patient },
            Event::Opened { socket: clinician, party: Party::Clinician },
            admitted(1, 1),
            Event::Took { socket: patient },
            Event::Took { socket: clinician },
        ] {
            room.apply(event, Timestamp(0));
        }
        room
    }

    #[test]
    fn a_frame_of_an_older_epoch_goes_nowhere() {
        let mut room = in_call();
        let frame = |epoch| Event::Frame { socket: SocketId(2), epoch };
        assert_eq!(room.apply(frame(1), Timestamp(0)), [Effect::Relay { to: SocketId(1) }]);
        room.apply(admitted(2, 2), Timestamp(0));
        assert_eq!(room.apply(frame(1), Timestamp(0)), [Effect::Drop]);
        assert_eq!(room.apply(frame(2), Timestamp(0)), [Effect::Relay { to: SocketId(1) }]);
    }

    #[test]
    fn the_newest_tab_takes_the_call_and_the_older_one_is_told() {
        let mut room = in_call();
        room.apply(Event::Opened { socket: SocketId(3), party: Party::Patient }, Timestamp(0));
        let took = room.apply(Event::Took { socket: SocketId(3) }, Timestamp(0));
        assert_eq!(took, [Effect::Tell { socket: SocketId(3) }, Effect::Supersede { socket: SocketId(1) }]);
        assert_eq!(room.apply(Event::Frame { socket: SocketId(1), epoch: 1 }, Timestamp(0)), [Effect::Drop]);
    }

    #[test]
    fn an_admission_lapses_when_the_page_stays_away_for_two_minutes() {
        let mut room = in_call();
        assert_eq!(room.apply(Event::Ticked, Timestamp(0) + Millis::minutes(5)), [], "the page is here");
        room.apply(Event::Closed { socket: SocketId(1) }, Timestamp(0) + Millis::minutes(5));
        assert_eq!(room.apply(Event::Ticked, Timestamp(0) + Millis::minutes(6)), []);
        assert_eq!(room.apply(Event::Ticked, Timestamp(0) + Millis::minutes(7)), [Effect::Lapse]);
    }

    #[test]
    fn both_sides_hear_when_the_other_comes_and_goes() {
        let mut room = in_call();
        let gone = room.apply(Event::Closed { socket: SocketId(1) }, Timestamp(0));
        assert_eq!(gone, [Effect::Tell { socket: SocketId(2) }, Effect::DayChanged]);
        let back = room.apply(Event::Opened { socket: SocketId(4), party: Party::Patient }, Timestamp(0));
        assert_eq!(back, [Effect::Tell { socket: SocketId(4) }, Effect::Tell { socket: SocketId(2) }, Effect::DayChanged]);
    }
}
