//! Signing in and out.
//!
//! An unknown address, a wrong password, a disabled account and one without a password get the same answer after the same
//! work (SES-12); only the access log knows which it was. The token is new at every sign-in, and the session that this
//! browser had before ends (SES-04).

use super::model::{self, Member};
use super::password;
use super::session::Standing;
use super::store::{self, Account};
use super::throttle::{self, Locks, Subjects, Verdict};
use crate::app::App;
use crate::audit::{Actor, ActorKind, Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::crypto::token;
use crate::ids::{StaffId, StaffSessionId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What somebody typed, and the cookie their browser had.
#[derive(Debug)]
pub struct Attempt<'a> {
    pub email: &'a str,
    pub password: &'a Secret<String>,
    pub before: Option<&'a str>,
    /// In the middle of a page: only for the person whose session `before` is or was.
    pub again: bool,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the address or the password is not right")]
    Wrong,
    #[error("too many sign-ins failed")]
    Wait { until: Timestamp },
    #[error(transparent)]
    Busy(#[from] password::Busy),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Sign somebody in. The token is for the cookie.
pub async fn sign_in(app: &App, context: &Context, attempt: Attempt<'_>) -> Result<(Member, Secret<String>), SignInError> {
    let email = model::email(attempt.email).unwrap_or_default();
    let subjects = Subjects::of(&app.keys, &email, context.source);
    let locks = match throttle::reserve(app, context, &subjects).await? {
        Verdict::Go(locks) => locks,
        Verdict::Wait { until, why } => {
            app.log.refused(context, Event::refused(Kind::StaffSignedIn, why)).await?;
            return Err(SignInError::Wait { until });
        }
    };
    let (account, owner) = look_up(app, &email, attempt.before).await?;
    let stored = account.as_ref().and_then(|account| account.password_hash.as_deref());
    let right = password::matches(attempt.password, stored).await?;
    match judge(account, right, attempt.again.then_some(owner)) {
        Ok(member) => {
            let token = begin(app, context, &member, attempt.before, &subjects).await?;
            Ok((member, token))
        }
        Err((why, about)) => {
            record_failure(app, context, why, about, locks).await?;
            Err(SignInError::Wrong)
        }
    }
}

/// End the session of whoever asks for it.
pub async fn sign_out(app: &App, context: &Context, standing: &Standing) -> sqlx::Result<()> {
    let mut tx = app.log.begin(context).await?;
    if store::end_session(&mut tx, standing.id, "signed_out", app.now()).await? {
        tx.commit(Event::done(Kind::StaffSignedOut).on(Object::Staff, standing.member.id.0)).await?;
        app.bus.tell(Hint::StaffGone { id: standing.member.id });
    }
    Ok(())
}

/// The account of an address, and whose session the browser had. Both are asked for whoever it is.
async fn look_up(app: &App, email: &str, before: Option<&str>) -> sqlx::Result<(Option<Account>, Option<StaffId>)> {
    let mut reading = app.db.reading().await?;
    let account = store::account_by_email(&mut reading, email).await?;
    let owner = store::session_owner(&mut reading, &token::stored(before.unwrap_or_default())).await?;
    Ok((account, owner))
}

/// Who signs in, or the word for why not and the account it was about. `only` is set when one person alone may.
fn judge(account: Option<Account>, right: bool, only: Option<Option<StaffId>>) -> Result<Member, (&'static str, Option<StaffId>)> {
    let Some(account) = account else { return Err(("unknown", None)) };
    let about = Some(account.member.id);
    let why = if account.password_hash.is_none() {
        "no_password"
    } else if !right {
        "password"
    } else if account.disabled_at.is_some() {
        "disabled"
    } else if only.is_some_and(|owner| owner != Some(account.member.id)) {
        "another_person"
    } else {
        return Ok(account.member);
    };
    Err((why, about))
}

async fn begin(app: &App, context: &Context, member: &Member, before: Option<&str>, subjects: &Subjects) -> sqlx::Result<Secret<String>> {
    let (now, token) = (app.now(), token::session(&app.rng));
    let id = StaffSessionId::new(now, &app.rng);
    let actor = Actor { kind: ActorKind::Staff, id: Some(member.id.0), role: Some(member.role.word()) };
    let mut tx = app.log.begin(&Context { session: Some(id.0), ..context.acting(actor) }).await?;
    throttle::succeed(&mut tx, subjects, now).await?;
    let replaced = store::end_session_of_token(&mut tx, &token::stored(before.unwrap_or_default()), "replaced", now).await?;
    store::insert_session(&mut tx, id, &token::stored(token.reveal()), member.id, now).await?;
    tx.commit(Event::done(Kind::StaffSignedIn).on(Object::Staff, member.id.0)).await?;
    // The same person goes on in the same browser: their open sockets may stay.
    if let Some(other) = replaced.filter(|other| *other != member.id) {
        app.bus.tell(Hint::StaffGone { id: other });
    }
    Ok(token)
}

async fn record_failure(app: &App, context: &Context, why: &'static str, about: Option<StaffId>, locks: Locks) -> sqlx::Result<()> {
    let on = |event: Event| about.iter().fold(event, |event, id| event.on(Object::Staff, id.0));
    let failure = on(Event::refused(Kind::StaffSignedIn, why));
    let failure = locks.until.iter().fold(failure, |event, until| event.with("locked_until", Fact::At(*until)));
    app.log.refused(context, failure).await?;
    if locks.account {
        app.log.record(context, on(Event::done(Kind::StaffLocked))).await?;
    }
    Ok(())
}
