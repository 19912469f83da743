//! What the pages of a visit hear. Read from the database for every word, and in one order for all.

use super::Hub;
use crate::audit::{Event, Fact, Kind, Object};
use crate::ids::{StaffId, VisitId};
use crate::secret::Secret;
use crate::waiting_room::room::{Party, SocketId};
use crate::waiting_room::store::{self, Standing};
use crate::waiting_room::{Outgoing, message_place};
use crate::web;
use serde::Serialize;

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

impl Hub {
    /// Send the visit's state, read now, to these pages.
    pub(super) async fn tell(&self, visit: VisitId, sockets: &[SocketId]) {
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

    pub(super) async fn tell_patients_of(&self, clinician: StaffId) {
        let told: Vec<(VisitId, SocketId)> = {
            let live = self.live();
            let patients = live.lines.iter().filter(|(_, line)| line.clinician == clinician && line.seat.party() == Party::Patient);
            patients.map(|(socket, line)| (line.visit, *socket)).collect()
        };
        for (visit, socket) in told {
            self.tell(visit, &[socket]).await;
        }
    }
}
