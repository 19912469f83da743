//! What the relays are told of calls: who is in one, where each may be reached, and that it is over (RTC-12, RTC-14).
//!
//! A relay knows a call by a name that follows from the visit, its admission and the admitted device, and tells nothing of them. So a visit that
//! is put back, or moved to another device, is another call to it.

use crate::app::App;
use crate::bus::Hint;
use crate::ids::VisitId;
use crate::relay::{Relays, Side};
use crate::waiting_room::{self, Admitted, Party, Standing};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// How long after a failure the calls are read again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// What relays call this call.
pub(super) fn name(app: &App, proof: &Admitted<'_>) -> String {
    name_of(app, &proof.standing)
}

fn name_of(app: &App, standing: &Standing) -> String {
    let (since, device) = (standing.admitted_at.map_or(0, |at| at.0), standing.admitted_device.map(|device| device.0).unwrap_or_default());
    let place = [&standing.id.0.as_bytes()[..], &since.to_be_bytes(), device.as_bytes()].concat();
    hex::encode(&app.keys.pseudonym("relay.call", &place)[..16])
}

pub(super) fn side(party: Party) -> Side {
    match party {
        Party::Patient => Side::Patient,
        Party::Clinician => Side::Clinician,
    }
}

/// The calls that are on now, by visit.
async fn on(app: &App) -> sqlx::Result<HashMap<VisitId, String>> {
    let mut tx = app.db.reading().await?;
    let standings = waiting_room::admitted_visits(&mut tx).await?;
    Ok(standings.iter().map(|standing| (standing.id, name_of(app, standing))).collect())
}

/// The same by name, for a relay that is taken over. **An outage of the database is no list without calls**: the relay would end them all.
pub async fn names(app: &App) -> sqlx::Result<Vec<String>> {
    Ok(on(app).await?.into_values().collect())
}

/// Revoke what a call had as soon as it is over, put back or moved, for as long as the server runs.
pub async fn watch(app: App, relays: Relays) {
    if !relays.exist() {
        return;
    }
    let mut hints = app.bus.listen();
    let mut known = loop {
        match on(&app).await {
            Ok(known) => break known,
            Err(error) => tracing::warn!(%error, "Could not read which calls are on"),
        }
        tokio::time::sleep(READ_AGAIN).await;
    };
    loop {
        let visits: Vec<VisitId> = match hints.recv().await {
            Ok(Hint::Visit { id, .. }) => vec![id],
            Ok(_) => continue,
            Err(RecvError::Lagged(_)) => known.keys().copied().collect(),
            Err(RecvError::Closed) => return,
        };
        for visit in visits {
            look(&app, &relays, &mut known, visit).await;
        }
    }
}

async fn look(app: &App, relays: &Relays, known: &mut HashMap<VisitId, String>, visit: VisitId) {
    let read = async {
        let mut tx = app.db.reading().await?;
        waiting_room::standing(&mut tx, visit).await
    };
    let standing = match read.await {
        Ok(standing) => standing,
        Err(error) => {
            // What a call has at the relay ends by itself; whoever cannot be read gets no new credential either.
            return tracing::warn!(%error, visit.id = %visit, "Could not look whether the call of visit `{visit}` is on");
        }
    };
    let now = standing.filter(Standing::admitted).map(|standing| name_of(app, &standing));
    let before = match &now {
        Some(name) => known.insert(visit, name.clone()),
        None => known.remove(&visit),
    };
    if let Some(before) = before.filter(|before| now.as_ref() != Some(before)) {
        relays.revoke(&before).await;
    }
}
