//! Accounts: who gets one, how its password is set, how it is closed.
//!
//! Everybody has their own (HIP-01). A new account has no password and cannot sign in until its one-time address was used.
//! Whoever opens that address sets the password, so it is shown once and kept hashed.

pub(super) mod pages;

use super::model::{self, Member, Role};
use super::password::{self, Busy, Weakness};
use super::store::{self, Account};
use super::throttle;
use crate::app::App;
use crate::audit::{Actor, ActorKind, Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::crypto::token;
use crate::db::{self, Violation};
use crate::ids::StaffId;
use crate::secret::Secret;
use crate::time::{Millis, Zone};

/// How long the first one-time address of an account is good for: somebody new may start after the weekend.
const FIRST_LINK_TTL: Millis = Millis::hours(72);
/// How long any later one is good for.
const LINK_TTL: Millis = Millis::hours(24);

/// Somebody who starts to work here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub zone: Zone,
    pub language: String,
}

/// Why an account was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error("this is not a mail address")]
    Email,
    #[error("a name has 1 to 100 characters")]
    Name,
    #[error("there is an account with this address already")]
    Taken,
    #[error(transparent)]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for AddError {
    fn from(error: sqlx::Error) -> Self {
        match db::violation(&error) {
            Some(Violation::Unique) => Self::Taken,
            _ => Self::Database(error),
        }
    }
}

/// Why a password was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetPasswordError {
    #[error("the one-time code is unknown, used or too old")]
    Code,
    #[error(transparent)]
    Weak(#[from] Weakness),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Add an account. It has no password yet: see [`password_link`].
pub async fn add(app: &App, context: &Context, new: NewMember) -> Result<StaffId, AddError> {
    let email = model::email(&new.email).ok_or(AddError::Email)?;
    let name = model::name(&new.name).ok_or(AddError::Name)?;
    let id = StaffId::new(app.now(), &app.rng);
    let member = Member { id, email, name, role: new.role, zone: new.zone, language: new.language };
    let mut tx = app.log.begin(context).await?;
    store::insert_staff(&mut tx, &member, app.now()).await?;
    let event = Event::done(Kind::StaffAdded).on(Object::Staff, id.0).with("role", Fact::Word(member.role.word()));
    tx.commit(event).await?;
    Ok(id)
}

/// A new one-time address to set a password at. Earlier ones that nobody used are void. `RowNotFound` when there is no
/// such account or it is disabled.
pub async fn password_link(app: &App, context: &Context, id: StaffId) -> sqlx::Result<Secret<String>> {
    let account = open_account(app, id).await?;
    let (now, token) = (app.now(), token::session(&app.rng));
    let ttl = if account.password_hash.is_none() { FIRST_LINK_TTL } else { LINK_TTL };
    let mut tx = app.log.begin(context).await?;
    store::void_password_tokens(&mut tx, id, now).await?;
    store::insert_password_token(&mut tx, &token::stored(token.reveal()), id, now, now + ttl).await?;
    let event = Event::done(Kind::StaffPasswordLinkMade).on(Object::Staff, id.0).with("until", Fact::At(now + ttl));
    tx.commit(event).await?;
    // Behind `#`, so that no server, proxy or log on the way sees it.
    Ok(Secret::new(format!("{}/set-password#{}", app.config.base_url, token.reveal())))
}

/// Set a password, as somebody who may: at first set-up, or with proof of a one-time code. All sessions end.
pub async fn set_password(app: &App, context: &Context, id: StaffId, new: &Secret<String>) -> Result<(), SetPasswordError> {
    let account = open_account(app, id).await?;
    change_password(app, context, &account.member, new, None).await
}

/// Set a password with the one-time code of an address. One of any number of callers gets it.
pub async fn set_password_with_code(app: &App, context: &Context, code: &str, new: &Secret<String>) -> Result<(), SetPasswordError> {
    let code_hash = token::stored(code.trim());
    let mut reading = app.db.reading().await?;
    let id = store::unused_password_token(&mut reading, &code_hash, app.now()).await?;
    drop(reading);
    let account = match id {
        Some(id) => open_account(app, id).await.ok(),
        None => None,
    };
    let Some(Account { member, .. }) = account else {
        app.log.refused(context, Event::refused(Kind::StaffPasswordSet, "code")).await?;
        return Err(SetPasswordError::Code);
    };
    let actor = Actor { kind: ActorKind::Staff, id: Some(member.id.0), role: Some(member.role.word()) };
    change_password(app, &context.acting(actor), &member, new, Some(&code_hash)).await
}

async fn change_password(
    app: &App,
    context: &Context,
    member: &Member,
    new: &Secret<String>,
    code_hash: Option<&[u8]>,
) -> Result<(), SetPasswordError> {
    password::check(new, member, &app.config.clinic.name)?;
    let hash = password::hash(new, app.rng.bytes()).await?;
    let now = app.now();
    let mut tx = app.log.begin(context).await?;
    if let Some(code_hash) = code_hash
        && store::use_password_token(&mut tx, code_hash, now).await? != Some(member.id)
    {
        return Err(SetPasswordError::Code);
    }
    if !store::set_password(&mut tx, member.id, &hash, now).await? {
        return Err(SetPasswordError::Code);
    }
    store::void_password_tokens(&mut tx, member.id, now).await?;
    let ended = store::end_sessions(&mut tx, member.id, "password_set", now).await?;
    throttle::unlock(&mut tx, &throttle::account(&app.keys, &member.email), now).await?;
    let event = Event::done(Kind::StaffPasswordSet).on(Object::Staff, member.id.0).with("sessions_ended", Fact::Number(ended));
    tx.commit(event).await?;
    app.bus.tell(Hint::StaffGone { id: member.id });
    Ok(())
}

/// Close an account: its sessions end, its codes are void, nobody signs in to it. False when it was closed before.
pub async fn disable(app: &App, context: &Context, id: StaffId) -> sqlx::Result<bool> {
    let now = app.now();
    let mut tx = app.log.begin(context).await?;
    if !store::disable(&mut tx, id, now).await? {
        return Ok(false);
    }
    store::void_password_tokens(&mut tx, id, now).await?;
    let ended = store::end_sessions(&mut tx, id, "disabled", now).await?;
    tx.commit(Event::done(Kind::StaffDisabled).on(Object::Staff, id.0).with("sessions_ended", Fact::Number(ended))).await?;
    app.bus.tell(Hint::StaffGone { id });
    Ok(true)
}

/// Open a closed account again. False when it was open.
pub async fn enable(app: &App, context: &Context, id: StaffId) -> sqlx::Result<bool> {
    let mut tx = app.log.begin(context).await?;
    let changed = store::enable(&mut tx, id).await?;
    if changed {
        tx.commit(Event::done(Kind::StaffEnabled).on(Object::Staff, id.0)).await?;
    }
    Ok(changed)
}

/// Open an account that too many failed sign-ins have locked.
pub async fn unlock(app: &App, context: &Context, id: StaffId) -> sqlx::Result<()> {
    let account = open_account(app, id).await?;
    let mut tx = app.log.begin(context).await?;
    throttle::unlock(&mut tx, &throttle::account(&app.keys, &account.member.email), app.now()).await?;
    tx.commit(Event::done(Kind::StaffUnlocked).on(Object::Staff, id.0)).await
}

/// End every session of an account.
pub async fn end_sessions(app: &App, context: &Context, id: StaffId) -> sqlx::Result<()> {
    let mut tx = app.log.begin(context).await?;
    let ended = store::end_sessions(&mut tx, id, "administrator", app.now()).await?;
    let event = Event::done(Kind::StaffSessionEnded)
        .on(Object::Staff, id.0)
        .with("why", Fact::Word("administrator"))
        .with("sessions_ended", Fact::Number(ended));
    tx.commit(event).await?;
    app.bus.tell(Hint::StaffGone { id });
    Ok(())
}

/// An account as its administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub member: Member,
    pub state: AccountState,
}

/// Whether somebody can sign in to an account, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    Open,
    /// Nobody has set its password yet.
    New,
    /// Too many sign-ins failed.
    Locked,
    Disabled,
}

/// All accounts, by name. The look is an event.
pub async fn list(app: &App, context: &Context) -> sqlx::Result<Vec<Listed>> {
    app.log.record(context, Event::done(Kind::StaffListed)).await?;
    let mut reading = app.db.reading().await?;
    let accounts = store::accounts(&mut reading).await?;
    let locked = throttle::locked_accounts(&mut reading, app.now()).await?;
    let state = |account: &Account| match account {
        Account { disabled_at: Some(_), .. } => AccountState::Disabled,
        Account { member, .. } if locked.contains(throttle::account(&app.keys, &member.email).as_slice()) => AccountState::Locked,
        Account { password_hash: None, .. } => AccountState::New,
        _ => AccountState::Open,
    };
    Ok(accounts.into_iter().map(|account| Listed { state: state(&account), member: account.member }).collect())
}

/// The account, if there is one and it is not disabled.
async fn open_account(app: &App, id: StaffId) -> sqlx::Result<Account> {
    let mut reading = app.db.reading().await?;
    let account = store::account(&mut reading, id).await?;
    account.filter(|account| account.disabled_at.is_none()).ok_or(sqlx::Error::RowNotFound)
}
