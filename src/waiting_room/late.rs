//! "I am running late", said once to everybody who waits. It counts for the clinic's day, whatever restarts.

use super::store;
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::ids::StaffId;
use crate::time::{Millis, Timestamp};
use crate::web::Result;

/// How late a clinician may say to be, in minutes. The database knows the same four.
pub const MINUTES: [i64; 4] = [5, 10, 15, 30];

/// What a clinician said last, if it still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Late {
    pub minutes: i64,
    pub said_at: Timestamp,
}

/// A length of time that may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay(i64);

impl Delay {
    /// `None` for what is not on the list.
    pub fn of(minutes: i64) -> Option<Self> {
        MINUTES.contains(&minutes).then_some(Self(minutes))
    }
}

/// Tell all who wait for this clinician how late it gets. `None`: on time again.
pub async fn say(app: &App, context: &Context, clinician: StaffId, delay: Option<Delay>) -> Result<()> {
    let (now, minutes) = (app.now(), delay.map_or(0, |delay| delay.0));
    let mut tx = app.log.begin(context).await?;
    match delay {
        Some(Delay(minutes)) => store::run_late(&mut tx, clinician, Late { minutes, said_at: now }, end_of_day(app)).await?,
        None => store::on_time(&mut tx, clinician).await?,
    }
    tx.commit(Event::done(Kind::ClinicianLate).on(Object::Staff, clinician.0).with("minutes", Fact::Number(minutes))).await?;
    app.bus.tell(Hint::Clinician { id: clinician });
    Ok(())
}

/// What counts now of what this clinician said.
pub async fn of(app: &App, clinician: StaffId) -> sqlx::Result<Option<Late>> {
    let mut tx = app.db.reading().await?;
    store::late(&mut tx, clinician, app.now()).await
}

/// Said just before midnight it would be forgotten before anybody read it: it counts as long as the delay it tells of.
fn end_of_day(app: &App) -> Timestamp {
    let zone = app.config.clinic.zone;
    let midnight = zone.day(zone.today(app.now())).1;
    midnight.max(app.now() + Millis::minutes(MINUTES[MINUTES.len() - 1]))
}
