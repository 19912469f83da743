//! What happens by itself: mails leave, reminders are queued, what waited for the log is written. Each job reads what is due from the database, so that a
//! restart forgets nothing and repeats nothing.

use crate::app::App;
use crate::{appointments, mail};
use std::time::Duration;

/// Lower: a mail leaves sooner after its booking. Higher: fewer looks at an empty outbox.
const OUTBOX_EVERY: Duration = Duration::from_secs(1);
/// Lower: the end of a call stands in the log sooner after an outage. Nothing waits most of the time, and then this costs nothing.
const REPLAY_EVERY: Duration = Duration::from_secs(1);
/// Reminders are hours ahead; half a minute matters to nobody.
const REMINDERS_EVERY: Duration = Duration::from_secs(30);

/// Run the jobs for as long as the server runs. A job that fails is logged and comes round again.
pub async fn run(app: App) {
    let [mut replay, mut outbox, mut reminders] = [REPLAY_EVERY, OUTBOX_EVERY, REMINDERS_EVERY].map(|every| {
        let mut interval = tokio::time::interval(every);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval
    });
    loop {
        tokio::select! {
            _ = replay.tick() => {
                if let Err(error) = app.log.replay(&app.system()).await {
                    tracing::warn!(?error, "Could not write yet what waits for the log");
                }
            }
            _ = outbox.tick() => {
                if let Err(error) = mail::job::run_due(&app).await {
                    tracing::warn!(?error, "Could not look after the outbox");
                }
            }
            _ = reminders.tick() => {
                if let Err(error) = appointments::reminders::queue_due(&app).await {
                    tracing::warn!(?error, "Could not queue reminders");
                }
            }
        }
    }
}
