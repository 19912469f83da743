//! What moves the rooms without a page: hints of the bus, the clock, sessions that ended, a database that is back.

use super::{GoneWhy, Hub, Line, Outgoing, Seat};
use crate::bus::Hint;
use crate::ids::{DeviceId, StaffId, StaffSessionId, VisitId};
use crate::links;
use crate::staff::{self, Sight};
use crate::time::Timestamp;
use crate::waiting_room::room::{ADMISSION_WAITS, Effect, Event, GONE_AFTER, Look, Room, SocketId};
use crate::waiting_room::{self, store};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast;

/// Changes of a day within this time are told together.
const DAY_PAUSE: Duration = Duration::from_millis(40);
/// How often admissions that nobody answers are looked for.
const TICK: Duration = Duration::from_secs(5);

impl Hub {
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

    async fn hear(&self, hint: Hint) {
        match hint {
            Hint::Visit { id, clinician } => {
                self.look_again(id).await;
                self.change_day(clinician);
                self.change_queue(clinician);
            }
            Hint::Clinician { id } => {
                self.change_day(id);
                self.change_queue(id);
            }
            Hint::StaffGone { id } => self.end_lines_of(id).await,
        }
    }

    async fn look_at_everything(&self) {
        let (visits, clinicians, waited_for): (Vec<VisitId>, BTreeSet<StaffId>, BTreeSet<StaffId>) = {
            let live = self.live();
            let waited_for = live.lines.values().map(|line| line.clinician).collect();
            (live.rooms.keys().copied().collect(), live.days.values().map(|day| day.clinician).collect(), waited_for)
        };
        for visit in visits {
            self.look_again(visit).await;
        }
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
        if let Some(look) = self.look_at(visit).await {
            let effects = self.apply(visit, Event::Looked(look));
            self.perform(visit, effects).await;
        }
    }

    /// The visit of an open room as it stands now. Pages whose device session ended are sent away.
    pub(super) async fn look_at(&self, visit: VisitId) -> Option<Look> {
        if !self.live().rooms.contains_key(&visit) {
            return None;
        }
        let seated: Vec<(SocketId, DeviceId)> = self.devices_of(visit);
        let read = async {
            let mut tx = self.0.app.db.reading().await?;
            let mut gone = Vec::new();
            for (socket, device) in seated {
                gone.extend(links::why_ended(&mut tx, device).await?.map(|why| (socket, why)));
            }
            Ok::<_, sqlx::Error>((store::standing(&mut tx, visit).await?, gone))
        };
        let (standing, gone) = match read.await {
            Ok((standing, gone)) => (standing?, gone),
            Err(error) => {
                self.0.blind.store(true, Ordering::Relaxed);
                tracing::warn!(%error, visit.id = %visit, "Could not read visit `{visit}` for its room");
                return None;
            }
        };
        for (socket, why) in gone {
            self.send(socket, Outgoing::Gone(GoneWhy::Device(why)));
        }
        Some(standing.look())
    }

    /// The devices behind the patient's pages of a visit.
    fn devices_of(&self, visit: VisitId) -> Vec<(SocketId, DeviceId)> {
        let live = self.live();
        let of_visit = live.lines.iter().filter(|(_, line)| line.visit == visit);
        let device = |(socket, line): (&SocketId, &Line)| match line.seat {
            Seat::Patient { device } => Some((*socket, device)),
            Seat::Clinician { .. } => None,
        };
        of_visit.filter_map(device).collect()
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
                self.look_again(visit).await;
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
