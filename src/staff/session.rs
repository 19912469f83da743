//! Staff sessions: begun at sign-in, touched by every request, ended by idleness, age, sign-out or an administrator.

use super::model::Member;
use super::store;
use crate::app::App;
use crate::audit::{Bookkeeping, Context, Event, Kind, Object, Tx};
use crate::crypto::token;
use crate::ids::StaffSessionId;
use crate::secret::Secret;
use crate::time::{Millis, Timestamp};

/// How often a session's last sight is written. Lower: the idle limit is sharper. Higher: fewer writes.
const TOUCH_EVERY: Millis = Millis::seconds(30);

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

/// Begin a session in the caller's transaction. The token goes into the cookie; the database keeps its hash (SES-04).
pub async fn begin(tx: &mut Tx, app: &App, member: &Member) -> sqlx::Result<(StaffSessionId, Secret<String>)> {
    let (id, token) = (StaffSessionId::new(app.now(), &app.rng), token::session(&app.rng));
    store::insert_session(tx, id, &token::stored(token.reveal()), member.id, app.now()).await?;
    Ok((id, token))
}

/// The member of staff whose session this token is. `None` when it is unknown, ended, idle or too old.
pub async fn resume(app: &App, token: &str) -> sqlx::Result<Option<(StaffSessionId, Member)>> {
    let mut reading = app.db.reading().await?;
    let Some((session, member)) = store::session(&mut reading, &token::stored(token)).await? else { return Ok(None) };
    drop(reading);
    let (now, limits) = (app.now(), app.config.sessions);
    if now >= session.ends_at(limits.idle(), limits.absolute()) {
        let why = if now >= session.created_at + limits.absolute() { "absolute" } else { "idle" };
        end(app, &app.system(), session.id, &member, why).await?;
        return Ok(None);
    }
    if now - session.seen_at >= TOUCH_EVERY {
        let mut tx = app.log.begin(&app.system()).await?;
        store::touch_session(&mut tx, session.id, now).await?;
        tx.commit_bookkeeping(Bookkeeping::SessionTouch).await?;
    }
    Ok(Some((session.id, member)))
}

/// End a session, once, with the word for why.
pub async fn end(app: &App, context: &Context, session: StaffSessionId, member: &Member, why: &'static str) -> sqlx::Result<()> {
    let mut tx = app.log.begin(context).await?;
    if store::end_session(&mut tx, session, why, app.now()).await? {
        let event = Event::done(Kind::StaffSessionEnded).on(Object::Staff, member.id.0).with("why", crate::audit::Fact::Word(why));
        tx.commit(event).await?;
        app.bus.tell(crate::bus::Hint::StaffGone { id: member.id });
    }
    Ok(())
}
