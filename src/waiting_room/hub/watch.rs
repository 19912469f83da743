//! What moves the rooms without a page: hints of the bus, the clock, sessions that ended, a database that is back.

use super::reading::standings_and_gone;
use super::{GoneWhy, Hub, Line, Outgoing, Seat};
use crate::bus::Hint;
use crate::ids::{DeviceId, StaffId, StaffSessionId, VisitId};
use crate::staff::{self, Sight};
use crate::time::Timestamp;
use crate::waiting_room::room::{ADMISSION_WAITS, Effect, Event, GONE_AFTER, Look, Room, SocketId};
use crate::waiting_room::{self, store};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast;

/// Changes of a day within this time are told together.
const DAY_PAUSE: Duration = Duration::from_millis(40);
/// Hints that are heard together. Higher: a rush costs less. Lower: the first of them is told sooner.
const HINTS_TOGETHER: usize = 256;
/// How often admissions that nobody answers are looked for.
const TICK: Duration = Duration::from_secs(5);

impl Hub {
    /// Listen to the bus and the clock for as long as the server runs.
    pub async fn run(self) {
        let mut hints = self.0.app.bus.listen();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                hint = hints.recv() => match hint.and_then(|hint| Self::together(hint, &mut hints)) {
                    Ok(hints) => self.hear(hints).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => self.look_at_everything().await,
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                () = self.0.day_changed.notified() => {
                    tokio::time::sleep(DAY_PAUSE).await;
                    self.tell_changes().await;
                }
                _ = tick.tick() => self.tick().await,
            }
        }
    }

    async fn tell_changes(&self) {
        let (days, queues) = {
            let mut live = self.live();
            (std::mem::take(&mut live.changed_days), std::mem::take(&mut live.changed_queues))
        };
        for clinician in days {
            self.tell_day(clinician).await;
        }
        for clinician in queues {
            self.tell_patients_of(clinician).await;
        }
    }

    /// Take a hint and those that wait behind it, so that a rush is read once. Errors as listening does.
    fn together(first: Hint, hints: &mut broadcast::Receiver<Hint>) -> Result<Vec<Hint>, broadcast::error::RecvError> {
        let mut all = vec![first];
        while all.len() < HINTS_TOGETHER {
            match hints.try_recv() {
                Ok(hint) => all.push(hint),
                Err(broadcast::error::TryRecvError::Lagged(missed)) => return Err(broadcast::error::RecvError::Lagged(missed)),
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => break,
            }
        }
        Ok(all)
    }

    async fn hear(&self, hints: Vec<Hint>) {
        let (mut visits, mut clinicians, mut gone) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for hint in hints {
            match hint {
                Hint::Visit { id, clinician } => {
                    visits.insert(id);
                    clinicians.insert(clinician);
                }
                Hint::Clinician { id } => drop(clinicians.insert(id)),
                Hint::StaffGone { id } => drop(gone.insert(id)),
            }
        }
        self.look_again(visits).await;
        for clinician in clinicians {
            self.change_day(clinician);
            self.change_queue(clinician);
        }
        for id in gone {
            self.end_lines_of(id).await;
        }
    }

    async fn look_at_everything(&self) {
        let (visits, clinicians, waited_for): (BTreeSet<VisitId>, BTreeSet<StaffId>, BTreeSet<StaffId>) = {
            let live = self.live();
            let waited_for = live.lines.values().map(|line| line.clinician).collect();
            (live.rooms.keys().copied().collect(), live.days.values().map(|day| day.clinician).collect(), waited_for)
        };
        self.look_again(visits).await;
        for clinician in clinicians {
            self.end_lines_of(clinician).await;
            self.change_day(clinician);
        }
        for clinician in waited_for {
            self.change_queue(clinician);
        }
    }

    /// Tell every page how its visit stands: nobody knows what they missed.
    async fn tell_everything(&self) {
        self.look_at_everything().await;
        let open: Vec<(VisitId, SocketId)> = self.live().lines.iter().map(|(socket, line)| (line.visit, *socket)).collect();
        self.tell(&open).await;
    }

    /// Read these visits again and tell their pages what changed.
    async fn look_again(&self, visits: BTreeSet<VisitId>) {
        let looks = self.look_at(&visits).await;
        let changes = looks.into_iter().map(|(visit, look)| (visit, self.apply(visit, Event::Looked(look)))).collect();
        self.perform_all(changes).await;
    }

    /// Those of the visits that have an open room, as they stand now. Pages whose device session ended are sent away.
    pub(super) async fn look_at(&self, visits: &BTreeSet<VisitId>) -> Vec<(VisitId, Look)> {
        let (open, seated) = self.open_of(visits);
        if open.is_empty() {
            return Vec::new();
        }
        let (standings, gone) = match standings_and_gone(&self.0.app, &open, &seated).await {
            Ok(read) => read,
            Err(error) => {
                self.0.blind.store(true, Ordering::Relaxed);
                tracing::warn!(%error, "Could not read {} visits for their rooms", open.len());
                return Vec::new();
            }
        };
        for (socket, why) in gone {
            self.send(socket, Outgoing::Gone(GoneWhy::Device(why)));
        }
        standings.into_iter().map(|standing| (standing.id, standing.look())).collect()
    }

    /// Those of the visits that have an open room, and the devices behind their patients' pages.
    fn open_of(&self, visits: &BTreeSet<VisitId>) -> (BTreeSet<VisitId>, Vec<(SocketId, DeviceId)>) {
        let live = self.live();
        let open: BTreeSet<VisitId> = visits.iter().copied().filter(|visit| live.rooms.contains_key(visit)).collect();
        let device = |(socket, line): (&SocketId, &Line)| match line.seat {
            Seat::Patient { device } => Some((*socket, device)),
            Seat::Clinician { .. } => None,
        };
        let seated = live.lines.iter().filter(|(_, line)| open.contains(&line.visit)).filter_map(device).collect();
        (open, seated)
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
            let _closing = out.try_send(Outgoing::Gone(GoneWhy::SignedOut));
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
                self.look_again(BTreeSet::from([visit])).await;
            }
            if lapsed && let Err(error) = waiting_room::lapse(app, visit, admitted_before).await {
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
}
