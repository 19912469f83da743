//! Sending what is due. Runs once a second and after a booking; a failed mail never fails a booking.
//!
//! For each letter: claim it, note that it is opened, open, render, send, mark. No transaction is open while the mail server
//! is talked to. What does not leave is tried again until nobody needs it. A letter that got stuck ends the run: with a mail
//! server that is away, or has a wrong password of ours, the next would fare alike.

use super::ics;
use super::message::{self, Content, EmailSafe, Invitation};
use super::outbox::{self, Claimed, LetterKind, LetterValues, Standing};
use super::transport::{self, Outgoing, SendError};
use crate::app::App;
use crate::audit::{Bookkeeping, Event, Fact, Kind, Object, Outcome};
use crate::bus::Hint;
use crate::crypto::store::KeyError;
use crate::crypto::token;
use crate::text::Text;
use crate::time::Millis;
use anyhow::Context as _;

/// How many letters one run sends. Lower: what went wrong is logged sooner. Higher: a flood leaves without a pause.
const LETTERS_PER_RUN: usize = 50;
/// With the pauses between them these tries span a day.
pub(super) const ATTEMPTS_MAX: i64 = 29;

/// How a letter's try ended.
enum Ending {
    Left,
    /// It could not leave; the word says why.
    Stuck(&'static str),
    /// It will never leave.
    Lost(&'static str),
    /// The patient does not want it any more.
    Unwanted,
}

/// Send the letters that are due. Returns how many left.
pub async fn run_due(app: &App) -> anyhow::Result<usize> {
    let mut left = 0;
    for _ in 0..LETTERS_PER_RUN {
        let Some((claimed, standing)) = claim(app).await.context("claim a letter")? else { break };
        let ending = deliver(app, &claimed, standing).await?;
        let stuck = matches!(ending, Ending::Stuck(_));
        left += usize::from(matches!(ending, Ending::Left));
        record(app, &claimed, standing, ending).await.context("record what became of a letter")?;
        if stuck {
            break;
        }
    }
    Ok(left)
}

async fn claim(app: &App) -> sqlx::Result<Option<(Claimed, Standing)>> {
    let mut reading = app.db.reading().await?;
    if !outbox::is_due(&mut reading, app.now()).await? {
        return Ok(None);
    }
    drop(reading);
    let mut tx = app.log.begin(&app.system()).await?;
    let Some(claimed) = outbox::claim(&mut tx, app.now(), app.now() + transport::hold(&app.config)).await? else { return Ok(None) };
    let standing = outbox::standing(&mut tx, claimed.visit_id).await?;
    tx.commit_bookkeeping(Bookkeeping::OutboxAttempt).await?;
    Ok(Some((claimed, standing)))
}

async fn deliver(app: &App, claimed: &Claimed, standing: Standing) -> anyhow::Result<Ending> {
    if standing.mail_allowed == 0 {
        return Ok(Ending::Unwanted);
    }
    if app.now() >= claimed.useless_after {
        return Ok(Ending::Lost("too_late"));
    }
    let key = match app.patient_key(claimed.patient_id).await {
        Ok(key) => key,
        Err(KeyError::Database(error)) => return Err(error).context("read a patient's key"),
        Err(KeyError::Missing | KeyError::Wrong(_)) => return Ok(Ending::Lost("no_key")),
    };
    let mut reading = app.db.reading().await?;
    app.refresh_link_keys(&mut reading).await.context("use the link keys of the database")?;
    drop(reading);
    let access = app.log.access(&app.system(), about(claimed, Event::done(Kind::MailRendered))).await?;
    let Some(mut values) = claimed.open(&access, &key).await else { return Ok(Ending::Lost("altered")) };
    if standing.times_by_mail_agreed_at.is_none() {
        // Taken back since the letter was queued.
        (values.starts_at, values.ends_at) = (None, None);
    }
    Ok(match send(app, claimed, &values).await {
        Ok(()) => Ending::Left,
        Err(error) if error.is_final() || claimed.attempts >= ATTEMPTS_MAX => Ending::Lost(error.word()),
        Err(error) => Ending::Stuck(error.word()),
    })
}

async fn send(app: &App, claimed: &Claimed, values: &LetterValues) -> Result<(), SendError> {
    let t = Text::of(&values.language);
    let content = content(app, t, claimed.kind(), values).ok_or(SendError::Unsendable)?;
    let calendar = calendar(app, t, claimed, values);
    let head = app.heads.last_signed().await;
    let outgoing = Outgoing {
        id: &hex::encode(outbox::message_token(app, claimed.id)),
        domain: message::domain(&app.config),
        from_name: app.config.clinic.mail_name(),
        from: &transport::address(&app.config.mail.from).ok_or(SendError::Settings)?,
        to: &transport::address(values.to.reveal()).ok_or(SendError::Unsendable)?,
        date: app.now(),
        message: &message::write(t, &content),
        calendar: calendar.as_ref(),
        log_head: head.as_ref().map(|head| head.note.as_str()),
    };
    transport::send(&app.config, &outgoing).await
}

/// What the letter may say, or `None` when its values are not of the kind that may stand in one.
fn content(app: &App, t: Text, kind: LetterKind, values: &LetterValues) -> Option<Content> {
    let config = &app.config;
    let invitation = match (&values.link, &values.join_code) {
        (Some(link), Some(code)) => Some(Invitation {
            link: EmailSafe::link(config, &token::seal_link(&app.keys, &config.base_url, link, &app.rng))?,
            join_address: EmailSafe::join_address(config),
            join_code: EmailSafe::join_code(code)?,
        }),
        _ => None,
    };
    Some(Content {
        kind,
        clinic: EmailSafe::clinic(&config.clinic),
        phone: EmailSafe::phone(&config.clinic),
        emergency_phone: EmailSafe::emergency_phone(&config.clinic),
        opens_before: EmailSafe::opens_before(config),
        when: values.starts_at.map(|at| EmailSafe::when(t, at, values.zone)),
        invitation,
    })
}

fn calendar(app: &App, t: Text, claimed: &Claimed, values: &LetterValues) -> Option<ics::File> {
    let entry = ics::Entry {
        visit: claimed.visit_id,
        starts_at: values.starts_at?,
        ends_at: values.ends_at?,
        sequence: values.sequence,
        written_at: app.now(),
        from: &app.config.mail.from,
        domain: message::domain(&app.config),
    };
    ics::file(t, claimed.kind(), &entry)
}

/// Write down how it ended, with its event, in one transaction.
async fn record(app: &App, claimed: &Claimed, standing: Standing, ending: Ending) -> sqlx::Result<()> {
    let kind = if claimed.kind() == LetterKind::Cancelled { Kind::MailSent } else { Kind::LinkSent };
    let mut tx = app.log.begin(&app.system()).await?;
    let event = match ending {
        Ending::Left => {
            outbox::mark_sent(&mut tx, claimed.id, app.now()).await?;
            if kind == Kind::LinkSent {
                outbox::mark_visit_sent(&mut tx, claimed.visit_id).await?;
            }
            Event::done(kind)
        }
        Ending::Stuck(why) => {
            outbox::note_failure(&mut tx, claimed.id, why, app.now() + pause(claimed.attempts)).await?;
            Event::failed(kind, why)
        }
        Ending::Lost(why) => {
            outbox::give_up(&mut tx, claimed.id, why, app.now()).await?;
            Event::failed(kind, why).with("given_up", Fact::Word("yes"))
        }
        Ending::Unwanted => {
            outbox::give_up(&mut tx, claimed.id, "not_allowed", app.now()).await?;
            Event::refused(kind, "not_allowed").with("given_up", Fact::Word("yes"))
        }
    };
    if event.outcome != Outcome::Success {
        tracing::warn!(mail.id = %claimed.id, attempts = claimed.attempts, "A mail did not leave");
    }
    tx.commit(about(claimed, event)).await?;
    app.bus.tell(Hint::Visit { id: claimed.visit_id, clinician: standing.clinician_id });
    Ok(())
}

/// How long after a failed try the next one comes: 1 minute, doubled with each try, up to an hour.
pub(super) fn pause(attempts: i64) -> Millis {
    let doublings = attempts.clamp(1, 7) - 1;
    Millis::minutes(60.min(1 << doublings))
}

fn about(claimed: &Claimed, event: Event) -> Event {
    event
        .on(Object::Mail, claimed.id.0)
        .about(claimed.patient_id)
        .with("visit", Fact::Id(claimed.visit_id.0))
        .with("letter", Fact::Word(claimed.kind().word()))
        .with("attempt", Fact::Number(claimed.attempts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tries_of_a_letter_span_a_day() {
        let pauses: Vec<i64> = (1..ATTEMPTS_MAX).map(|attempts| pause(attempts).0 / Millis::minutes(1).0).collect();
        assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!((23..25).contains(&(pauses.iter().sum::<i64>() / 60)), "{pauses:?}");
    }
}
