//! What happens by itself: mails leave, reminders are queued. Each job reads what is due from the database, so that a
//! restart forgets nothing and repeats nothing.

use crate::app::App;
use crate::{appointments, mail};
use std::time::Duration;

/// Lower: a mail leaves sooner after its booking. Higher: fewer looks at an empty outbox.
const OUTBOX_EVERY: Duration = Duration::from_secs(1);
/// Reminders are hours ahead; half a minute matters to nobody.
const REMINDERS_EVERY: Duration = Duration::from_secs(30);

/// Run the jobs for as long as the server runs. A job that fails is logged and comes round again.
pub async fn run(app: App) {
    let (mut outbox, mut reminders) = (tokio::time::interval(OUTBOX_EVERY), tokio::time::interval(REMINDERS_EVERY));
    outbox.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    reminders.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
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
