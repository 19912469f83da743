//! What the pages of a visit hear. Read from the database for every word, and in one order for all.

use super::reading::{Known, Reading};
use super::{Hub, Outgoing};
use crate::audit::{Event, Fact, Kind, Object};
use crate::ids::{StaffId, VisitId};
use crate::links::Asking;
use crate::secret::Secret;
use crate::waiting_room::message_place;
use crate::waiting_room::room::{Party, Room, SocketId};
use crate::waiting_room::rules::Rules;
use crate::waiting_room::store::Standing;
use crate::web;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// `state`, as both pages of a visit hear it.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "state")]
struct StateMessage<'a> {
    state: &'static str,
    version: i64,
    epoch: i64,
    identity: Option<&'a str>,
    held: bool,
    /// Where the other side's page is.
    peer: &'static str,
    clinician: &'static str,
    message: Option<&'a str>,
    left: bool,
    /// How many minutes late the clinician said to be.
    late: Option<i64>,
    /// How many wait in front of this patient, where the clinic lets them know.
    before: Option<usize>,
    /// Another device asks to take the visit over.
    moving: Option<Asking>,
    rules: Rules,
}

impl Known<'_> {
    fn for_patient(&self, room: &Room, at_today: bool, message: Option<&Secret<String>>) -> anyhow::Result<String> {
        let message = message.map(|message| message.reveal().as_str());
        let state = self.state(room, Party::Patient, at_today);
        Ok(serde_json::to_string(&StateMessage { message, late: self.late, before: self.before, ..state })?)
    }

    fn for_clinician(&self, room: &Room, at_today: bool) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&self.state(room, Party::Clinician, at_today))?)
    }

    fn state(&self, room: &Room, party: Party, at_today: bool) -> StateMessage<'_> {
        let standing = self.standing;
        StateMessage {
            state: standing.state.word(),
            version: standing.version,
            epoch: standing.call_epoch,
            identity: standing.identity.as_deref(),
            held: standing.held_at.is_some(),
            peer: room.whereabouts(party.other()).word(),
            clinician: match (self.busy, at_today || room.present(Party::Clinician)) {
                (true, _) => "busy",
                (false, true) => "here",
                (false, false) => "away",
            },
            message: None,
            left: standing.left_at.is_some(),
            late: None,
            before: None,
            moving: self.moving,
            rules: Rules::of(standing),
        }
    }
}

/// Whether a page hears again what it was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Again,
    OnlyNews,
}

impl Hub {
    /// Send its visit's state, read now, to each of these pages.
    pub(super) async fn tell(&self, pages: &[(VisitId, SocketId)]) {
        self.tell_pages(pages, Telling::Again).await;
    }

    /// Tell this clinician's patients what is new to them, and nothing to those for whom nothing is.
    pub(super) async fn tell_patients_of(&self, clinician: StaffId) {
        let pages: Vec<(VisitId, SocketId)> = {
            let live = self.live();
            let patients = live.lines.iter().filter(|(_, line)| line.clinician == clinician && line.seat.party() == Party::Patient);
            patients.map(|(socket, line)| (line.visit, *socket)).collect()
        };
        self.tell_pages(&pages, Telling::OnlyNews).await;
    }

    async fn tell_pages(&self, pages: &[(VisitId, SocketId)], telling: Telling) {
        if pages.is_empty() {
            return;
        }
        let _in_order = self.0.telling.lock().await;
        if let Err(error) = self.tell_in_order(pages, telling).await {
            // Their sockets stay open: a call goes on without us, and they are told when there is something to tell again.
            self.0.blind.store(true, Ordering::Relaxed);
            tracing::warn!(?error, pages = pages.len(), "Could not tell {} pages how their visits stand", pages.len());
        }
    }

    async fn tell_in_order(&self, pages: &[(VisitId, SocketId)], telling: Telling) -> web::Result<()> {
        let mut of_visit: BTreeMap<VisitId, Vec<SocketId>> = BTreeMap::new();
        for (visit, socket) in pages {
            of_visit.entry(*visit).or_default().push(*socket);
        }
        let reading = Reading::of(&self.0.app, &of_visit.keys().copied().collect()).await?;
        for (visit, sockets) in of_visit {
            let Some(known) = reading.known(visit) else { continue };
            let message = self.message(known.standing).await?;
            let Some(words) = self.words(&known, message.as_ref())? else { continue };
            for socket in sockets {
                self.send_words(socket, &words, telling);
            }
        }
        Ok(())
    }

    /// What the patient's pages of a visit hear, and what its clinician's do.
    fn words(&self, known: &Known<'_>, message: Option<&Secret<String>>) -> anyhow::Result<Option<[String; 2]>> {
        let live = self.live();
        let Some(room) = live.rooms.get(&known.standing.id) else { return Ok(None) };
        let at_today = live.days.values().any(|day| day.clinician == known.standing.clinician_id);
        Ok(Some([known.for_patient(room, at_today, message)?, known.for_clinician(room, at_today)?]))
    }

    /// Send its party's words to a page. Whoever calls holds the order of telling.
    fn send_words(&self, socket: SocketId, [for_patient, for_clinician]: &[String; 2], telling: Telling) {
        let words = {
            let mut live = self.live();
            let Some(line) = live.lines.get_mut(&socket) else { return };
            let words = if line.seat.party() == Party::Patient { for_patient } else { for_clinician };
            if telling == Telling::OnlyNews && line.told == *words {
                return;
            }
            line.told.clone_from(words);
            words
        };
        self.send(socket, Outgoing::Text(words.clone()));
    }

    /// The words on the waiting page. They are opened once for each version on this node, and the log says so.
    async fn message(&self, standing: &Standing) -> web::Result<Option<Secret<String>>> {
        let Some(sealed) = &standing.message else { return Ok(None) };
        let known = self.live().messages.get(&standing.id).cloned();
        if let Some((_, text)) = known.filter(|(version, _)| *version == standing.message_version) {
            return Ok(Some(text));
        }
        let app = &self.0.app;
        let event = Event::done(Kind::VisitRead)
            .on(Object::Visit, standing.id.0)
            .about(standing.patient_id)
            .with("fields", Fact::Words(vec!["message"]));
        let access = app.log.access(&app.system(), event).await?;
        let key = app.patient_key(standing.patient_id).await?;
        let text = access.open(&key, message_place(standing.id, standing.message_version), sealed).await?;
        self.live().messages.insert(standing.id, (standing.message_version, text.clone()));
        Ok(Some(text))
    }
}
