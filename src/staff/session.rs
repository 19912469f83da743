//! Staff sessions: begun at sign-in, touched by every request, ended by idleness, age, sign-out or an administrator.

use super::model::Member;
use super::store;
use crate::app::App;
use crate::audit::{Bookkeeping, Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::crypto::token;
use crate::ids::StaffSessionId;
use crate::time::{Millis, Timestamp};

/// How often a session's last sight is written. Lower: the idle limit is sharper. Higher: fewer writes.
const TOUCH_EVERY: Millis = Millis::seconds(30);
/// How long after a call the absolute limit still waits, to finish the note (SES-06).
const AFTER_CALL: Millis = Millis::minutes(5);
/// No call carries a session further than this.
const ABSOLUTE_MAX: Millis = Millis::hours(24);

/// A session as it lies in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    pub id: StaffSessionId,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
}

impl Session {
    /// When the session ends by itself if nobody touches it again.
    pub fn ends_at(&self, idle: Millis, absolute: Millis) -> Timestamp {
        (self.seen_at + idle).min(self.created_at + absolute)
    }
}

/// A session that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub id: StaffSessionId,
    pub member: Member,
    /// When it ends by itself.
    pub ends_at: Timestamp,
}

/// Whether a look at a session is a sign of life of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// The person did something, or is in a call.
    Touch,
    /// A page asks by itself: idle stays idle.
    Look,
}

/// The session that this token opens. `None` when it is unknown, ended, idle or too old.
pub async fn resume(app: &App, token: &str, sight: Sight) -> sqlx::Result<Option<Standing>> {
    let mut reading = app.db.reading().await?;
    let found = store::session(&mut reading, &token::stored(token)).await?;
    drop(reading);
    stand(app, found, sight).await
}

/// The session of that id, for a socket that was opened with it. A socket of a call touches, any other looks.
pub async fn resume_id(app: &App, id: StaffSessionId, sight: Sight) -> sqlx::Result<Option<Standing>> {
    let mut reading = app.db.reading().await?;
    let found = store::session_by_id(&mut reading, id).await?;
    drop(reading);
    stand(app, found, sight).await
}

async fn stand(app: &App, found: Option<(Session, Member)>, sight: Sight) -> sqlx::Result<Option<Standing>> {
    let Some((mut session, member)) = found else { return Ok(None) };
    let (now, idle) = (app.now(), app.config.sessions.idle());
    let absolute = absolute(app, &session, &member).await?;
    if now >= session.ends_at(idle, absolute) {
        let why = if now >= session.created_at + absolute { "absolute" } else { "idle" };
        end(app, &app.system(), session.id, &member, why).await?;
        return Ok(None);
    }
    if sight == Sight::Touch && now - session.seen_at >= TOUCH_EVERY {
        let mut tx = app.log.begin(&app.system()).await?;
        store::touch_session(&mut tx, session.id, now).await?;
        tx.commit_bookkeeping(Bookkeeping::SessionTouch).await?;
        session.seen_at = now;
    }
    Ok(Some(Standing { id: session.id, member, ends_at: session.ends_at(idle, absolute) }))
}

/// The absolute limit of a session. A call postpones it; asked only when the limit is near.
async fn absolute(app: &App, session: &Session, member: &Member) -> sqlx::Result<Millis> {
    let (now, absolute) = (app.now(), app.config.sessions.absolute());
    if now < session.created_at + absolute - AFTER_CALL {
        return Ok(absolute);
    }
    let mut reading = app.db.reading().await?;
    let in_call = store::is_in_call(&mut reading, member.id, now - AFTER_CALL).await?;
    Ok(if in_call { ABSOLUTE_MAX } else { absolute })
}

/// End a session, once, with the word for why.
pub async fn end(app: &App, context: &Context, session: StaffSessionId, member: &Member, why: &'static str) -> sqlx::Result<()> {
    let mut tx = app.log.begin(context).await?;
    if store::end_session(&mut tx, session, why, app.now()).await? {
        let event = Event::done(Kind::StaffSessionEnded).on(Object::Staff, member.id.0).with("why", Fact::Word(why));
        tx.commit(event).await?;
        app.bus.tell(Hint::StaffGone { id: member.id });
    }
    Ok(())
}
