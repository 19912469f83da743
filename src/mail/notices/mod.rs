//! Notices: letters to the clinic's own address for compliance, `compliance.mail` in the configuration.
//!
//! A notice is queued in the transaction of what it tells, once under its key, and leaves like any other letter. Nothing about a
//! patient may stand in one: ids, counts and times only. It is in English, as all that staff read. One that cannot leave is tried
//! again for a day and then given up; neither the log nor a patient's letter waits for it.

mod message;
mod store;

pub use message::{Part, Said};
pub use store::{LastHead, last_head};

use super::job::{ATTEMPTS_MAX, pause};
use super::message::domain;
use super::outbox::message_token;
use super::transport::{self, Outgoing, SendError};
use crate::app::App;
use crate::audit::{Bookkeeping, Event, Fact, Kind, Object, Tx};
use crate::ids::MailId;
use crate::text::Text;
use anyhow::Context;
use store::Claimed;

/// How many notices one run sends. Lower: what went wrong is logged sooner.
const NOTICES_PER_RUN: usize = 10;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// A signed head of the access log (AUD-22).
    Head,
    /// Newest events of the access log are lost, and it goes on without them.
    LogLost,
    /// A witness cosigned something else than the log that is here.
    WitnessDiffers,
    /// Something in the log waits for a review (AUD-12).
    Review,
    /// A clinician opened a record in an emergency (HIP-04).
    Emergency,
}

impl NoticeKind {
    pub const ALL: [NoticeKind; 5] =
        [NoticeKind::Head, NoticeKind::LogLost, NoticeKind::WitnessDiffers, NoticeKind::Review, NoticeKind::Emergency];

    /// The word in the database and in the log.
    pub fn word(self) -> &'static str {
        match self {
            NoticeKind::Head => "head",
            NoticeKind::Review => "review",
            NoticeKind::Emergency => "emergency",
            NoticeKind::LogLost => "log_lost",
            NoticeKind::WitnessDiffers => "witness_differs",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A notice to queue.
#[derive(Debug, Clone)]
pub struct Notice {
    pub kind: NoticeKind,
    /// Whatever makes this notice the same when it is queued again, `head/1234` say.
    pub once_key: String,
    /// How many events the head in it covers, if there is one.
    pub log_size: Option<u64>,
    pub said: Said,
}

/// Put a notice into the outbox. False when one with its `once_key` was put there before, or no address is configured.
pub async fn queue(tx: &mut Tx, app: &App, notice: &Notice) -> sqlx::Result<bool> {
    if app.config.compliance.mail.is_none() {
        return Ok(false);
    }
    store::insert(tx, &row(app, notice)).await
}

/// [`queue`] in a transaction of its own: for what follows from the log and is no act of anybody.
pub async fn queue_quietly(app: &App, notice: &Notice) -> sqlx::Result<bool> {
    if app.config.compliance.mail.is_none() {
        return Ok(false);
    }
    let mut tx = app.log.begin(&app.system()).await?;
    let queued = store::insert(&mut tx, &row(app, notice)).await?;
    tx.commit_bookkeeping(Bookkeeping::OutboxAttempt).await?;
    Ok(queued)
}

fn row(app: &App, notice: &Notice) -> store::New {
    store::New {
        id: MailId::new(app.now(), &app.rng),
        kind: notice.kind,
        once_key: notice.once_key.clone(),
        log_size: notice.log_size,
        message: serde_json::to_string(&notice.said).expect("text serialises"),
        now: app.now(),
    }
}

/// Send the notices that are due. Returns how many left.
pub async fn run_due(app: &App) -> anyhow::Result<usize> {
    let mut left = 0;
    for _ in 0..NOTICES_PER_RUN {
        let Some(claimed) = claim(app).await.context("claim a notice")? else { break };
        let sent = send(app, &claimed).await;
        let done = sent.is_ok();
        record(app, &claimed, sent).await.context("record what became of a notice")?;
        left += usize::from(done);
        if !done {
            break;
        }
    }
    Ok(left)
}

async fn claim(app: &App) -> sqlx::Result<Option<Claimed>> {
    let mut reading = app.db.reading().await?;
    if !store::is_due(&mut reading, app.now()).await? {
        return Ok(None);
    }
    drop(reading);
    let mut tx = app.log.begin(&app.system()).await?;
    let Some(claimed) = store::claim(&mut tx, app.now(), app.now() + transport::hold(&app.config)).await? else { return Ok(None) };
    tx.commit_bookkeeping(Bookkeeping::OutboxAttempt).await?;
    Ok(Some(claimed))
}

async fn send(app: &App, claimed: &Claimed) -> Result<(), SendError> {
    let said: Said = serde_json::from_str(&claimed.message).map_err(|_| SendError::Unsendable)?;
    let to = app.config.compliance.mail.as_deref().ok_or(SendError::Settings)?;
    let head = app.heads.last_signed().await;
    let outgoing = Outgoing {
        id: &hex::encode(message_token(app, claimed.id)),
        domain: domain(&app.config),
        from_name: app.config.clinic.mail_name(),
        from: &transport::address(&app.config.mail.from).ok_or(SendError::Settings)?,
        to: &transport::address(to).ok_or(SendError::Settings)?,
        date: app.now(),
        message: &message::write(Text::of("en"), &said),
        calendar: None,
        log_head: head.as_ref().map(|head| head.note.as_str()),
    };
    transport::send(&app.config, &outgoing).await
}

/// Write down how it ended, with its event, in one transaction.
async fn record(app: &App, claimed: &Claimed, sent: Result<(), SendError>) -> sqlx::Result<()> {
    let mut tx = app.log.begin(&app.system()).await?;
    let event = match sent {
        Ok(()) => {
            store::mark_sent(&mut tx, claimed.id, app.now()).await?;
            Event::done(Kind::NoticeSent)
        }
        Err(error) if error.is_final() || claimed.attempts >= ATTEMPTS_MAX => {
            store::give_up(&mut tx, claimed.id, error.word(), app.now()).await?;
            Event::failed(Kind::NoticeSent, error.word()).with("given_up", Fact::Word("yes"))
        }
        Err(error) => {
            store::note_failure(&mut tx, claimed.id, error.word(), app.now() + pause(claimed.attempts)).await?;
            Event::failed(Kind::NoticeSent, error.word())
        }
    };
    if let Err(error) = sent {
        tracing::warn!(mail.id = %claimed.id, attempts = claimed.attempts, why = error.word(), "A letter to the address in compliance.mail did not leave");
    }
    let kind =
        NoticeKind::from_word(&claimed.kind).expect("the outbox holds kinds that this program wrote: another word is a changed database");
    let event =
        event.on(Object::Mail, claimed.id.0).with("letter", Fact::Word(kind.word())).with("attempt", Fact::Number(claimed.attempts));
    tx.commit(match claimed.log_size {
        Some(size) => event.with("size", Fact::Number(size)),
        None => event,
    })
    .await
}
