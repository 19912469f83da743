//! Each party's part in the call, from the page that took it to the end, as the log will tell it. Pure.

use super::{Effect, Look, Party};
use crate::appointments::VisitState;
use crate::audit::CallLeftWhy;
use crate::ids::PatientId;
use crate::time::{Millis, Timestamp};

/// How long a page that holds the call may be without a socket before it counts as gone. Lower: the log is told sooner.
/// Higher: a page that comes back goes on under its epoch.
pub const GONE_AFTER: Millis = Millis::minutes(2);

/// A party's part in the call of one epoch, since their page took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stay {
    patient: PatientId,
    epoch: i64,
    connected_since: Option<Timestamp>,
    /// Since when the page that holds the call has no socket.
    lost_at: Option<Timestamp>,
}

/// The parts of both.
#[derive(Debug, Clone, Default)]
pub struct Stays {
    present: [Option<Stay>; 2],
    /// The newest epoch in which each party's part was over.
    left: [Option<i64>; 2],
}

impl Stay {
    fn ends(self, party: Party, why: CallLeftWhy, now: Timestamp) -> Effect {
        let (until, why) = match self.lost_at {
            // It never came back: what ended the call later did not end this part of it.
            Some(lost_at) if why != CallLeftWhy::Superseded => (lost_at, CallLeftWhy::Lost),
            Some(lost_at) => (lost_at, why),
            None => (now, why),
        };
        let connected = self.connected_since.map_or(Millis(0), |since| Millis((until - since).0.max(0)));
        Effect::Left { patient: self.patient, party, epoch: self.epoch, connected, why }
    }
}

impl Stays {
    /// True when this party's part in the call of that epoch is over.
    pub fn has_left(&self, party: Party, epoch: i64) -> bool {
        self.left[party.index()].is_some_and(|left| left >= epoch)
    }

    /// Follow the visit: a part is over when the visit went on without it, and begins when the party's page took the call.
    /// `taker`: whose page just did. `held`: whose page holds the call.
    pub fn follow(&mut self, look: Look, taker: Option<Party>, held: [bool; 2], now: Timestamp) -> Vec<Effect> {
        Party::BOTH.into_iter().filter_map(|party| self.follow_one(party, look, taker, held[party.index()], now)).collect()
    }

    fn follow_one(&mut self, party: Party, look: Look, taker: Option<Party>, held: bool, now: Timestamp) -> Option<Effect> {
        let at = party.index();
        let joined = look.admitted() && look.joined[at];
        let over = self.present[at].is_some_and(|stay| !joined || stay.epoch != look.epoch);
        let why = match look.state {
            VisitState::Ended => CallLeftWhy::Ended,
            VisitState::Checking | VisitState::InCall if taker == Some(party) => CallLeftWhy::Superseded,
            VisitState::Checking | VisitState::InCall => CallLeftWhy::Renewed,
            VisitState::Waiting => CallLeftWhy::PutBack,
            _ => CallLeftWhy::Removed,
        };
        let left = if over { self.end(party, why, now) } else { None };
        if joined && self.present[at].is_none() && !self.has_left(party, look.epoch) {
            // After a start the page that took the call has still to come back.
            let lost_at = if held { None } else { Some(now) };
            self.present[at] = Some(Stay { patient: look.patient, epoch: look.epoch, connected_since: None, lost_at });
        }
        left
    }

    pub fn end(&mut self, party: Party, why: CallLeftWhy, now: Timestamp) -> Option<Effect> {
        let stay = self.present[party.index()].take()?;
        self.left[party.index()] = Some(stay.epoch);
        Some(stay.ends(party, why, now))
    }

    /// The network took the socket of the page that holds the call. It may come back.
    pub fn lose(&mut self, party: Party, now: Timestamp) {
        if let Some(stay) = &mut self.present[party.index()] {
            stay.lost_at = Some(now);
        }
    }

    /// A page holds the call, with its connection or without.
    pub fn go_on(&mut self, party: Party, connected: bool, now: Timestamp) {
        if let Some(stay) = &mut self.present[party.index()] {
            stay.lost_at = None;
            if connected {
                stay.connected_since.get_or_insert(now);
            }
        }
    }

    /// The connection of that epoch is up.
    pub fn connect(&mut self, party: Party, epoch: i64, now: Timestamp) {
        if let Some(stay) = self.present[party.index()].as_mut().filter(|stay| stay.epoch == epoch) {
            stay.connected_since.get_or_insert(now);
        }
    }

    /// The parts of those whose page stayed away.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        let gone = |stay: Stay| stay.lost_at.is_some_and(|lost_at| now - lost_at >= GONE_AFTER);
        let gone: Vec<Party> = Party::BOTH.into_iter().filter(|party| self.present[party.index()].is_some_and(gone)).collect();
        gone.into_iter().filter_map(|party| self.end(party, CallLeftWhy::Lost, now)).collect()
    }
}
