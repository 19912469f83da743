//! The Today pages of clinicians: who looks at a day, and what they hear of it. No name ever passes here.

use super::{Hub, OUTGOING_MAX, Outgoing};
use crate::app::App;
use crate::appointments::VisitState;
use crate::ids::{StaffId, StaffSessionId, VisitId};
use crate::links::{self, Asking, DeviceMove};
use crate::time::Timestamp;
use crate::waiting_room::check::Check;
use crate::waiting_room::late::Late;
use crate::waiting_room::room::SocketId;
use crate::waiting_room::store::{self, Standing};
use serde::Serialize;
use tokio::sync::mpsc;

/// Open Today pages of one clinician.
const DAYS_PER_CLINICIAN_MAX: usize = 8;

/// The socket of a Today page.
#[derive(Debug)]
pub(super) struct DayLine {
    pub(super) clinician: StaffId,
    pub(super) session: StaffSessionId,
    pub(super) out: mpsc::Sender<Outgoing>,
}

/// `today`, without a name.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "today")]
struct TodayMessage {
    visits: Vec<TodayVisit>,
    /// How many minutes late the clinician said to be.
    late: Option<i64>,
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
    trouble: Option<String>,
    moving: Option<Asking>,
    moved: bool,
    /// What the check of the patient's connection came to, while they are expected.
    check: Option<Check>,
}

impl Hub {
    /// A Today page opened its socket.
    pub async fn watch_day(&self, clinician: StaffId, session: StaffSessionId) -> Option<(SocketId, mpsc::Receiver<Outgoing>)> {
        let (out, incoming) = mpsc::channel(OUTGOING_MAX);
        let socket = self.new_socket();
        {
            let mut live = self.live();
            if live.released || live.days.values().filter(|day| day.clinician == clinician).count() >= DAYS_PER_CLINICIAN_MAX {
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

    pub(super) fn change_day(&self, clinician: StaffId) {
        self.live().changed_days.insert(clinician);
        self.0.day_changed.notify_one();
    }

    /// Somebody stands elsewhere in the queue of this clinician, or it gets late: those who wait may hear of it.
    pub(super) fn change_queue(&self, clinician: StaffId) {
        self.live().changed_queues.insert(clinician);
        self.0.day_changed.notify_one();
    }

    pub(super) async fn tell_day(&self, clinician: StaffId) {
        if !self.live().days.values().any(|day| day.clinician == clinician) {
            return;
        }
        let app = &self.0.app;
        let Day { visits, late } = match today(app, clinician).await {
            Ok(day) => day,
            Err(error) => return tracing::warn!(%error, staff.id = %clinician, "Could not read the day of `{clinician}`"),
        };
        let (now, late) = (app.now(), late.map(|late| late.minutes));
        let visits = visits.into_iter().map(|(device, standing)| self.today_visit(standing, device, now)).collect();
        let Ok(text) = serde_json::to_string(&TodayMessage { visits, late, now }) else { return };
        let is_cut_off = {
            let mut live = self.live();
            let before = live.days.len();
            live.days.retain(|_, day| day.clinician != clinician || day.out.try_send(Outgoing::Text(text.clone())).is_ok());
            live.days.len() < before
        };
        if is_cut_off {
            self.change_queue(clinician);
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
            trouble: standing.link_trouble,
            locked: standing.check_locked_until.is_some_and(|until| until > now),
            moving: device.asking,
            moved: device.moved,
            check: self.check_of(standing.id).filter(|_| !standing.state.is_over()),
        }
    }
}

/// What a clinician's Today page shows.
pub(in crate::waiting_room) struct Day {
    /// The clinic's day, and whoever still waits or talks. With each, what is to be said of its devices.
    pub(in crate::waiting_room) visits: Vec<(DeviceMove, Standing)>,
    /// How late the clinician said to be.
    pub(in crate::waiting_room) late: Option<Late>,
}

pub(in crate::waiting_room) async fn today(app: &App, clinician: StaffId) -> sqlx::Result<Day> {
    let (now, zone) = (app.now(), app.config.clinic.zone);
    let (from, until) = zone.day(zone.today(now));
    let mut tx = app.db.reading().await?;
    let visits = store::day(&mut tx, clinician, from, until).await?;
    let devices = links::device_moves(&mut tx, clinician, now).await?;
    let late = store::late(&mut tx, clinician, now).await?;
    let with_device = |visit: Standing| (devices.get(&visit.id).copied().unwrap_or_default(), visit);
    Ok(Day { visits: visits.into_iter().map(with_device).collect(), late })
}
