//! An incident for each call whose two sides did not fit together (RTC-06).
//!
//! Calls know nothing of incidents: they write an event, and this job finds it within a second. Whatever stops it, it looks again: an event
//! opens one file, however often it is found.

use super::Step;
use crate::app::App;
use crate::appointments::{self, Visit};
use crate::audit::Recorded;
use crate::compliance::Payload;
use crate::ids::{EventId, RequestKey, VisitId};
use crate::rights::cases::{self, CaseKind, NewCase};
use crate::text::Text;
use crate::time::Millis;

/// How far back events are looked at. Longer than any outage of the program.
const LOOK_BACK: Millis = Millis::days(30);
/// Events looked at in one round, the newest first.
const LOT: i64 = 1_000;

/// Open an incident for what has none yet. How many were opened.
pub async fn open_due(app: &App) -> anyhow::Result<usize> {
    let since = app.now() - LOOK_BACK;
    let low = uuid::Builder::from_unix_timestamp_millis(u64::try_from(since.0).unwrap_or(0), &[0; 10]).into_uuid();
    let mut tx = app.db.reading().await?;
    let events = super::store::differing_calls(&mut tx, EventId(low), LOT).await?;
    drop(tx);
    let mut opened = 0;
    for event in events {
        if !cases::is_opened(app, &RequestKey::of(event.id)).await? {
            opened += usize::from(open_for(app, &event).await?);
        }
    }
    Ok(opened)
}

/// False for an event that does not open: a verification of the log says that it was altered.
async fn open_for(app: &App, event: &Recorded) -> anyhow::Result<bool> {
    let Some(payload) = Payload::read(event, app.log.disclose(event).as_ref()) else { return Ok(false) };
    let Ok(id) = payload.object.id.parse() else { return Ok(false) };
    let mut tx = app.db.reading().await?;
    let visit = appointments::visit(&mut tx, VisitId(id)).await?;
    drop(tx);
    let Some(visit) = visit else { return Ok(false) };
    let day = app.config.clinic.zone.today(event.recorded_at);
    let counts_from = app.config.clinic.zone.day(day).0;
    let case = NewCase { kind: CaseKind::Incident, patient: None, counts_from, request_key: RequestKey::of(event.id) };
    let first = Step::Opened { what: what(app, &payload, &visit, event), happened: day, discovered: day };
    // A file has a person's name on it, and this is about a visit of that clinician. Its text says that the program wrote it.
    cases::open_for(app, &app.system(), visit.clinician_id, case, &first).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(true)
}

/// Names the visit by its id and nobody.
fn what(app: &App, payload: &Payload, visit: &Visit, event: &Recorded) -> String {
    let t = Text::of("en");
    let found = t.say(if payload.why() == "people" { "rights-incident-call-people" } else { "rights-incident-call-page" });
    let when = t.when(event.recorded_at, app.config.clinic.zone);
    t.with_all("rights-incident-call", &[("when", &when), ("visit", &visit.id), ("found", &found)])
}
