//! Heads of the access log leave the house by mail, to the address that answers for compliance (AUD-22).
//!
//! Every hour in which anything was logged, and after each export. Each letter holds the head before too and says when the next one
//! comes, so that a letter which somebody kept back is missed. Nothing waits for a letter: what cannot be mailed is logged and
//! tried again. `ship` gives the newest head to a log shipper.

mod letter;
mod ship;

pub use ship::Shipper;

use crate::app::App;
use crate::audit::Kind;
use crate::audit::tree::{self, Head, Loss};
use crate::mail::notices::{self, LastHead, Notice, NoticeKind};
use crate::text::Text;
use letter::Letter;

/// Queue a letter if the last one is an hour old and anything was logged since, letters of this kind aside. True if one was queued.
pub async fn mail_hourly(app: &App) -> anyhow::Result<bool> {
    if app.config.compliance.mail.is_none() {
        return Ok(false);
    }
    let mut tx = app.db.reading().await?;
    let last = notices::last_head(&mut tx).await?;
    if last.is_some_and(|last| !letter::is_due(last.created_at, app.now())) {
        return Ok(false);
    }
    let since = last.map_or(0, |last| last.log_size);
    let anything_new = tree::anything_since(&mut tx, since, Kind::NoticeSent).await?;
    drop(tx);
    if anything_new { mail_now(app).await } else { Ok(false) }
}

/// Sign all that is in the log, and queue a letter with the head. False if that head was mailed, or nobody is to be written to.
pub async fn mail_now(app: &App) -> anyhow::Result<bool> {
    if app.config.compliance.mail.is_none() {
        return Ok(false);
    }
    let Some(head) = app.heads.sign_all().await? else { return Ok(false) };
    let mut tx = app.db.reading().await?;
    let previous = match notices::last_head(&mut tx).await? {
        Some(LastHead { log_size, .. }) => tree::checkpoints(&mut tx, log_size - 1, 1).await?.into_iter().next().map(|signed| signed.note),
        None => None,
    };
    drop(tx);
    queue(app, &head, previous.as_deref()).await
}

/// Tell whoever answers for compliance that events are lost, and what the log goes on from.
pub async fn mail_loss(app: &App, loss: &Loss, head: &Head) -> anyhow::Result<bool> {
    let notice = Notice {
        kind: NoticeKind::LogLost,
        once_key: format!("log_lost/{}", head.origin),
        log_size: None,
        said: letter::of_loss(Text::of("en"), app.config.clinic.mail_name(), loss, head),
    };
    Ok(notices::queue_quietly(app, &notice).await?)
}

async fn queue(app: &App, head: &Head, previous: Option<&str>) -> anyhow::Result<bool> {
    let letter = Letter {
        clinic: app.config.clinic.mail_name(),
        zone: app.config.clinic.zone,
        written_at: app.now(),
        head,
        previous,
        verifier: app.heads.key().verifier(),
        first_of_key: previous.is_none_or(|previous| Head::open(previous, &[app.heads.key().verifier()]).is_err()),
    };
    let notice = Notice {
        kind: NoticeKind::Head,
        once_key: format!("head/{}", head.size),
        log_size: Some(head.size),
        said: letter.said(Text::of("en")),
    };
    Ok(notices::queue_quietly(app, &notice).await?)
}
