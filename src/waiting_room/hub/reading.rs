//! What is read of visits and of their clinicians, in one moment, to tell the pages of all of them.
//!
//! A word to one who waits depends on the others: who is in front, whether the clinician talks to somebody, how late it gets.
//! A clinician's queue is read once for all of its pages, however many they are.

use crate::app::App;
use crate::appointments::VisitState;
use crate::ids::{DeviceId, StaffId, VisitId};
use crate::links::{self, Asking, EndedWhy};
use crate::waiting_room::room::SocketId;
use crate::waiting_room::store::{self, Standing};
use std::collections::{BTreeSet, HashMap};

/// Visits as they stood in one moment.
#[derive(Debug, Default)]
pub(super) struct Reading {
    standings: HashMap<VisitId, Standing>,
    asking: HashMap<VisitId, Asking>,
    queues: HashMap<StaffId, Queue>,
    shows_position: bool,
}

/// What those who wait for one clinician have in common.
#[derive(Debug)]
struct Queue {
    /// The visits in which the clinician talks.
    talking: Vec<VisitId>,
    /// Who waits, in the order of the queue.
    waiting: Vec<VisitId>,
    /// How many minutes late the clinician said to be.
    late: Option<i64>,
}

/// What was read of one visit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) standing: &'a Standing,
    /// The clinician talks in another visit.
    pub(super) busy: bool,
    pub(super) late: Option<i64>,
    /// How many wait in front, where the clinic lets patients know.
    pub(super) before: Option<usize>,
    /// Another device asks to take the visit over.
    pub(super) moving: Option<Asking>,
}

impl Reading {
    /// Read these visits and the queues that they stand in.
    pub(super) async fn of(app: &App, visits: &BTreeSet<VisitId>) -> sqlx::Result<Self> {
        let now = app.now();
        let mut tx = app.db.reading().await?;
        let standings = store::standings(&mut tx, visits).await?;
        let asking = links::asking_devices(&mut tx, visits, now).await?;
        let mut queues = HashMap::new();
        for clinician in standings.iter().map(|standing| standing.clinician_id).collect::<BTreeSet<_>>() {
            let late = store::late(&mut tx, clinician, now).await?.map(|late| late.minutes);
            let talking = store::talking(&mut tx, clinician).await?;
            let waiting = store::waiting(&mut tx, clinician).await?;
            queues.insert(clinician, Queue { talking, waiting, late });
        }
        let standings = standings.into_iter().map(|standing| (standing.id, standing)).collect();
        Ok(Self { standings, asking, queues, shows_position: app.config.waiting_room.show_position })
    }

    /// What was read of this one. `None` for a visit that there is not.
    pub(super) fn known(&self, visit: VisitId) -> Option<Known<'_>> {
        let standing = self.standings.get(&visit)?;
        let queue = self.queues.get(&standing.clinician_id)?;
        let waits = standing.state == VisitState::Waiting && self.shows_position;
        Some(Known {
            standing,
            busy: queue.talking.iter().any(|other| *other != visit),
            late: queue.late,
            before: queue.waiting.iter().position(|other| *other == visit).filter(|_| waits),
            moving: self.asking.get(&visit).copied(),
        })
    }
}

/// Visits as they stood in one moment, and which of the pages `seated` there have the visit no more, and why.
pub(super) async fn standings_and_gone(
    app: &App,
    visits: &BTreeSet<VisitId>,
    seated: &[(SocketId, DeviceId)],
) -> sqlx::Result<(Vec<Standing>, Vec<(SocketId, EndedWhy)>)> {
    let mut tx = app.db.reading().await?;
    let standings = store::standings(&mut tx, visits).await?;
    let live: BTreeSet<DeviceId> = store::devices(&mut tx, visits).await?.into_iter().collect();
    let mut gone = Vec::new();
    for (socket, device) in seated.iter().filter(|(_, device)| !live.contains(device)) {
        gone.extend(links::why_ended(&mut tx, *device).await?.map(|why| (*socket, why)));
    }
    Ok((standings, gone))
}
