//! What happens by itself: mails leave, records that were opened in an emergency are closed, links that reached nobody are withdrawn, link keys rotate, the clock is looked at, reminders are
//! queued, marks of family names that are missing are made, what a call found becomes an incident, what waited for the log is written, events get their places in its tree and its heads are signed and mailed. Each job reads what is
//! due from where it was kept, so that a restart forgets nothing and repeats nothing. None waits for another: a mail server
//! that does not answer delays no reminder.

use crate::app::App;
use crate::audit::{Event, Fact, Kind};
use crate::witness::client::Asker;
use crate::{appointments, compliance, links, mail, patients, records, rights};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// Lower: a mail leaves sooner after its booking. Higher: fewer looks at an empty outbox.
const OUTBOX_EVERY: Duration = Duration::from_secs(1);
/// Lower: a letter with a head of the log is queued sooner after its hour. Most of the time this costs one question.
const HEADS_EVERY: Duration = Duration::from_secs(30);
/// Lower: what somebody should look at is found sooner. Higher: fewer looks at a log in which nothing happened.
const REVIEW_EVERY: Duration = Duration::from_secs(5);
/// Lower: the end of access in an emergency stands in the log sooner; what is over is closed in any case.
const EMERGENCIES_EVERY: Duration = Duration::from_secs(5);
/// Only patients from before there were such marks have none.
const FAMILIES_EVERY: Duration = Duration::from_secs(3600);
/// Lower: an incident that a call found is in the list sooner. None was found most of the time, and then this costs one question.
const INCIDENTS_EVERY: Duration = Duration::from_secs(1);
/// Lower: a verification that an officer asks for begins sooner. None is asked for most of the time, and then this costs one question.
const VERIFY_EVERY: Duration = Duration::from_secs(1);
/// Lower: a log shipper has a new head sooner.
const SHIP_EVERY: Duration = Duration::from_secs(1);
/// Lower: a head is cosigned sooner. A witness that did not is left alone for a minute.
const WITNESS_EVERY: Duration = Duration::from_secs(5);
/// Lower: the end of a call stands in the log sooner after an outage. Nothing waits most of the time, and then this costs nothing.
const REPLAY_EVERY: Duration = Duration::from_secs(1);
/// Lower: a link that reached nobody is withdrawn sooner. Nothing came back most of the time, and then this costs one question.
const BOUNCES_EVERY: Duration = Duration::from_secs(2);
/// Lower: an event stands in the tree sooner after its commit (at most 1 s, AUD-21). Higher: fewer looks at an empty queue.
const SEQUENCE_EVERY: Duration = Duration::from_millis(500);
/// Lower: a clock that was set is noticed sooner. Higher: fewer small writes to the disk.
const CLOCK_EVERY: Duration = Duration::from_secs(10);
/// Keys last for weeks.
const LINK_KEYS_EVERY: Duration = Duration::from_secs(3600);
/// Reminders are hours ahead; half a minute matters to nobody.
const REMINDERS_EVERY: Duration = Duration::from_secs(30);

/// Run the jobs until the other end of `stopping` is dropped. What has begun is finished: a letter that the mail server is
/// just taking would go twice otherwise.
pub async fn run(app: App, stopping: watch::Receiver<()>) {
    let (itself, shipper, asker) = (app.system(), compliance::heads::Shipper::default(), Asker::default());
    tokio::join!(
        every(REPLAY_EVERY, &stopping, "write yet what waits for the log", || app.log.replay(&itself)),
        every(SEQUENCE_EVERY, &stopping, "keep up with the tree of the access log", async || Ok(app.heads.keep_up().await?)),
        every(OUTBOX_EVERY, &stopping, "look after the outbox", || mail::job::run_due(&app)),
        every(OUTBOX_EVERY, &stopping, "send letters to the address for compliance", || mail::notices::run_due(&app)),
        every(VERIFY_EVERY, &stopping, "verify the access log", || compliance::verify_due(&app)),
        every(REVIEW_EVERY, &stopping, "look for what should be reviewed", || compliance::review::look_for(&app)),
        every(EMERGENCIES_EVERY, &stopping, "write down that access in an emergency is over", || records::emergency::end_due(&app)),
        every(FAMILIES_EVERY, &stopping, "make the marks of family names that are missing", || patients::make_family_marks(&app)),
        every(INCIDENTS_EVERY, &stopping, "write down an incident that a call found", || rights::incidents::from_calls::open_due(&app)),
        every(HEADS_EVERY, &stopping, "mail the head of the access log", || compliance::heads::mail_hourly(&app)),
        every(SHIP_EVERY, &stopping, "give the head of the access log to a log shipper", || shipper.newest(&app)),
        every(WITNESS_EVERY, &stopping, "have a witness cosign the head of the access log", || asker.ask_all(&app)),
        every(BOUNCES_EVERY, &stopping, "withdraw links that reached nobody", || links::undelivered::follow_up(&app)),
        every(LINK_KEYS_EVERY, &stopping, "look after the link keys", || links::keys::look_after(&app)),
        every(CLOCK_EVERY, &stopping, "look at the clock", || look_at_clock(&app)),
        every(REMINDERS_EVERY, &stopping, "queue reminders", || appointments::reminders::queue_due(&app)),
    );
}

/// Say it when somebody or something set the machine's clock, or the machine slept.
pub async fn look_at_clock(app: &App) -> anyhow::Result<()> {
    if let Some(step) = app.look_at_clock() {
        tracing::warn!(by_ms = step.0, "The machine's clock was set by more than two seconds. Check its time service");
        app.log.record(&app.system(), Event::done(Kind::TimeStepped).with("by_ms", Fact::Number(step.0))).await?;
    }
    app.keep_time()
}

/// Run one job again and again, never twice at once. One that fails is logged and comes round again.
async fn every<T>(period: Duration, stopping: &watch::Receiver<()>, what: &str, job: impl AsyncFn() -> anyhow::Result<T>) {
    let (mut ticks, mut stopping) = (interval(period), stopping.clone());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopping.changed() => return,
        }
        if let Err(error) = job().await {
            tracing::warn!(?error, "Could not {what}");
        }
    }
}
