//! What the relays are told of calls: who is in one, where each may be reached, and that it is over (RTC-12, RTC-14).
//!
//! A relay knows a call by a name that follows from the visit, its admission and the admitted device, and tells nothing of them. So a visit that
//! is put back, or moved to another device, is another call to it.

use crate::app::App;
use crate::bus::Hint;
use crate::ids::VisitId;
use crate::relay::{Relays, Side};
use crate::waiting_room::{self, Admitted, Party, Standing};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// How long after a failure the calls are read again.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// How often all calls are looked at. Lower: what was missed holds its place at the relay for less long.
const LOOK_AT_ALL: Duration = Duration::from_secs(10);

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

/// Revoke what a call had as soon as it is over, put back or moved, for as long as the server runs. Hints say when to look; what a hint missed, or a
/// credential that was given just before the end, is found by looking at all of them now and then.
pub async fn watch(app: App, relays: Relays) {
    if !relays.exist() {
        return;
    }
    let mut hints = app.bus.listen();
    let mut known = HashMap::new();
    let mut all_at = Instant::now();
    loop {
        let done = match tokio::time::timeout_at(all_at, hints.recv()).await {
            Ok(Ok(Hint::Visit { id, .. })) => look(&app, &relays, &mut known, id).await,
            Ok(Ok(_)) => Ok(()),
            Ok(Err(RecvError::Closed)) => return,
            Ok(Err(RecvError::Lagged(_))) | Err(_) => {
                all_at = Instant::now() + LOOK_AT_ALL;
                look_at_all(&app, &relays, &mut known).await
            }
        };
        if let Err(error) = done {
            tracing::warn!(%error, "Could not look which calls are on");
            all_at = all_at.min(Instant::now() + READ_AGAIN);
        }
    }
}

async fn look(app: &App, relays: &Relays, known: &mut HashMap<VisitId, String>, visit: VisitId) -> sqlx::Result<()> {
    let mut tx = app.db.reading().await?;
    let standing = waiting_room::standing(&mut tx, visit).await?;
    drop(tx);
    let now = standing.filter(Standing::admitted).map(|standing| name_of(app, &standing));
    let before = match &now {
        Some(name) => known.insert(visit, name.clone()),
        None => known.remove(&visit),
    };
    if let Some(before) = before.filter(|before| now.as_ref() != Some(before)) {
        relays.revoke(&before).await;
    }
    Ok(())
}

/// Whatever the relay knows and is not on any more is over. It is asked for first: a call that begins meanwhile is not among those.
async fn look_at_all(app: &App, relays: &Relays, known: &mut HashMap<VisitId, String>) -> sqlx::Result<()> {
    let told: HashSet<String> = relays.calls().into_iter().chain(known.values().cloned()).collect();
    *known = on(app).await?;
    for over in told.iter().filter(|name| !known.values().any(|on| on == *name)) {
        relays.revoke(over).await;
    }
    Ok(())
}
