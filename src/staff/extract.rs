//! Who may call, said in a handler's signature: `clinician: Clinician` runs for clinicians only (HIP-02).
//!
//! The extractor turns the cookie into a member of staff, touches the session, and records a refusal for a closed route
//! before the handler's body runs.

use super::model::{Member, Role};
use super::session::{self, Sight, Standing};
use crate::app::App;
use crate::audit::{Actor, ActorKind, Context, Event, Kind, Purpose};
use crate::ids::StaffSessionId;
use crate::text::Text;
use crate::time::Timestamp;
use crate::web::{self, Error, Nav, Page};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use std::ops::Deref;

/// The cookie of a staff session.
pub const COOKIE: &str = "staff";

/// A signed-in member of staff in one request.
#[derive(Debug, Clone)]
pub struct Signed {
    pub member: Member,
    pub session: StaffSessionId,
    /// When the session ends by itself if nothing more happens.
    pub ends_at: Timestamp,
    /// Where this request comes from and who makes it, for the access log.
    pub context: Context,
    csrf: String,
    path: String,
}

impl Signed {
    /// The frame of a page for this person, with the entries of their role in the bar.
    pub fn page(&self, app: &App) -> Page {
        let page = Page::for_staff(&app.config.clinic, &self.member.language);
        let entries: &[(&str, &str)] = match self.member.role {
            Role::Scheduler => &[("/appointments", "staff-nav-appointments"), ("/patients", "staff-nav-patients")],
            Role::Clinician => &[("/today", "staff-nav-today"), ("/copies", "rights-nav-copies"), ("/emergency", "emergency-nav")],
            Role::Compliance => &[
                ("/access-log", "staff-nav-log"),
                ("/review", "staff-nav-review"),
                ("/breach", "rights-nav-breach"),
                ("/incidents", "rights-nav-incidents"),
                ("/rights", "rights-nav-rights"),
                ("/integrity", "staff-nav-integrity"),
                ("/access-review", "staff-nav-access"),
                ("/retention", "rights-nav-retention"),
            ],
            Role::Administrator => &[("/staff", "staff-nav-staff")],
        };
        let nav = entries
            .iter()
            .map(|(href, label)| Nav { href: (*href).to_owned(), label: page.t.say(label), current: self.path.starts_with(href) })
            .collect();
        Page {
            clinic_name: app.config.clinic.name.clone(),
            csrf: self.csrf.clone(),
            nav,
            who: self.member.name.clone(),
            session_seconds: self.seconds_left(app),
            ..page
        }
    }
}

impl Signed {
    /// How long the session stands if nothing more happens.
    pub fn seconds_left(&self, app: &App) -> i64 {
        ((self.ends_at - app.now()).0 / 1_000).max(0)
    }

    /// The session as its own sign-out needs it.
    pub fn standing(&self) -> Standing {
        Standing { id: self.session, member: self.member.clone(), ends_at: self.ends_at }
    }
}

/// Anybody who is signed in.
#[derive(Debug, Clone)]
pub struct AnyStaff(Signed);

impl Deref for AnyStaff {
    type Target = Signed;
    fn deref(&self) -> &Signed {
        &self.0
    }
}

impl FromRequest for AnyStaff {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let _turn = web::turn::of(&request).await;
            signed(&request).await.map(Self)
        })
    }
}

/// One extractor for each role.
macro_rules! role {
    ($($(#[$doc:meta])* $name:ident => $role:expr),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Signed);

        impl Deref for $name {
            type Target = Signed;
            fn deref(&self) -> &Signed {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = Error;
            type Future = LocalBoxFuture<'static, Result<Self, Error>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { signed_as(&request, $role).await.map(Self) })
            }
        }
    )*};
}

role! {
    /// The front desk.
    Scheduler => Role::Scheduler,
    /// A clinician.
    Clinician => Role::Clinician,
    /// The compliance officer: sees ids and events, opens no clinical text.
    ComplianceOfficer => Role::Compliance,
    /// The administrator of accounts: opens no visit, chat or note.
    Administrator => Role::Administrator,
}

async fn signed_as(request: &HttpRequest, role: Role) -> Result<Signed, Error> {
    let _turn = web::turn::of(request).await;
    let signed = signed(request).await?;
    if signed.member.role == role {
        return Ok(signed);
    }
    let app = app(request)?;
    app.log.refused(&signed.context, Event::refused(Kind::RequestRefused, "role")).await?;
    Err(Error::Forbidden)
}

/// The member of staff behind the request's cookie, with the session touched.
pub async fn signed(request: &HttpRequest) -> Result<Signed, Error> {
    seen(request, Sight::Touch).await
}

/// The same without touching the session, for what a page asks by itself.
pub async fn looked_at(request: &HttpRequest) -> Result<Signed, Error> {
    seen(request, Sight::Look).await
}

async fn seen(request: &HttpRequest, sight: Sight) -> Result<Signed, Error> {
    let app = app(request)?;
    let token = web::cookies::read(request, app.config.secure(), COOKIE).ok_or_else(|| Error::sign_in(request))?;
    let standing = session::resume(app, &token, sight).await?.ok_or_else(|| Error::sign_in(request))?;
    let Standing { id: session, member, ends_at } = standing;
    web::language::settle(request, Text::for_staff(&member.language));
    let purpose = match member.role {
        Role::Clinician => Purpose::Treatment,
        Role::Compliance => Purpose::Compliance,
        Role::Scheduler | Role::Administrator => Purpose::Operations,
    };
    let actor = Actor { kind: ActorKind::Staff, id: Some(member.id.0), role: Some(member.role.word()) };
    let context = Context { session: Some(session.0), purpose, ..web::context::of(app, request).acting(actor) };
    Ok(Signed { csrf: app.keys.form_token(&token), path: request.path().to_owned(), member, session, ends_at, context })
}

fn app(request: &HttpRequest) -> Result<&App, Error> {
    request.app_data::<App>().ok_or_else(|| Error::Internal(anyhow::anyhow!("the server was built without its app")))
}
