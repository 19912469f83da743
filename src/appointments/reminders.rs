//! Reminders before a visit: each lead of the configuration once, over a restart too.
//!
//! What was sent is in the outbox under a key that names visit, lead and start, and no row of it can be there twice. A
//! server that was down sends the reminder that fits now, and none that is late. Whoever was booked or moved later than a
//! lead has just had that mail and gets no reminder for it.

use super::model::Visit;
use super::{contact, invitation, store};
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::links;
use crate::mail::outbox::LetterKind;
use crate::time::Millis;
use anyhow::Context as _;

/// How many reminders of one lead a run queues. Lower: other jobs wait less. Higher: a busy morning is done in one run.
const RUN_MAX: i64 = 100;

/// Queue the reminders that are due. Returns how many. Run it every half minute or so.
///
/// One patient's record that does not open keeps no other from being reminded; the error tells of it at the end.
pub async fn queue_due(app: &App) -> anyhow::Result<usize> {
    let context = app.system();
    let (mut queued, mut failure) = (0, None);
    for (lead, shorter) in leads(&app.config.mail.reminder_minutes) {
        let mut tx = app.db.reading().await?;
        let visits = store::to_remind(&mut tx, app.now() + shorter, app.now() + lead, lead, RUN_MAX).await?;
        drop(tx);
        for visit in visits {
            match remind(app, &context, &visit, lead).await {
                Ok(new) => queued += usize::from(new),
                Err(error) => failure = Some(error),
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(queued),
    }
}

async fn remind(app: &App, context: &Context, visit: &Visit, lead: Millis) -> anyhow::Result<bool> {
    let contact = contact(app, context, visit.patient_id).await.map_err(|error| anyhow::anyhow!("open whom to remind: {error:?}"))?;
    let minutes = lead.0 / Millis::minutes(1).0;
    let once_key = format!("reminder/{}/{minutes}/{}", visit.id, visit.starts_at.0);
    let mut tx = app.log.begin(context).await.context("begin a reminder")?;
    let minted = links::invite(&mut tx, app, &contact, &invitation(visit), LetterKind::Reminder, once_key, app.now()).await?;
    if minted.is_none() {
        return Ok(false);
    }
    let event =
        Event::done(Kind::ReminderQueued).on(Object::Visit, visit.id.0).about(visit.patient_id).with("minutes", Fact::Number(minutes));
    tx.commit(event).await.context("queue a reminder")?;
    Ok(true)
}

/// Each lead with the next shorter one: a visit gets the reminder of the span it is in.
fn leads(minutes: &[u32]) -> Vec<(Millis, Millis)> {
    let mut minutes: Vec<u32> = minutes.to_vec();
    minutes.sort_unstable();
    minutes.dedup();
    let shorter = std::iter::once(0).chain(minutes.iter().copied());
    minutes.iter().zip(shorter).map(|(lead, shorter)| (Millis::minutes((*lead).into()), Millis::minutes(shorter.into()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lead_ends_where_the_next_shorter_begins() {
        let (day, hour) = (Millis::days(1), Millis::hours(1));
        assert_eq!(leads(&[1440, 60, 60]), [(hour, Millis(0)), (day, hour)]);
        assert_eq!(leads(&[]), []);
    }
}
