//! Errors as people meet them: a page that says what to do next, and one line in the operational log.
//!
//! Nothing of the inside shows outside (WEB-08). A request id is on the page, so that the clinic can find the line.

use crate::audit::OpenError;
use crate::crypto::store::KeyError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a request, by what the person can do about it.
#[derive(Debug)]
pub enum Error {
    /// Nobody is signed in: a page sends the person to sign in.
    SignIn,
    /// Nobody is signed in: a script keeps its text and asks in place.
    SignInAgain,
    /// The route is closed to this role, or the form did not come from our page.
    Forbidden,
    /// No such thing, or somebody else's, which to them is the same.
    NotFound,
    /// The same, of a clinician who asks for a record: in an emergency there is another way to it.
    NotYours,
    /// A patient's visit that this browser did not open, or no longer holds.
    NotOpenHere,
    /// The request cannot be understood.
    Invalid,
    /// Somebody else was first; the page to look at again is the one they came from.
    Conflict,
    /// It was here and is over.
    Gone,
    /// The door is not open yet: identity is not recorded.
    Locked,
    TooLarge,
    /// Come back in so many seconds.
    TooMany {
        retry_after_s: u32,
    },
    /// The database or the log cannot be written now; nothing was done.
    Unavailable(anyhow::Error),
    /// A defect of ours, or altered data.
    Internal(anyhow::Error),
}

impl Error {
    /// The right way to ask this client to sign in: scripts get 401, pages get sent.
    pub fn sign_in(request: &HttpRequest) -> Self {
        let fetched = request.headers().get("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
        if fetched || request.headers().contains_key(super::csrf::HEADER) { Self::SignInAgain } else { Self::SignIn }
    }

    /// The word of the page that shows this error, if one does: who is to sign in is sent there.
    pub(super) fn page(&self) -> Option<&'static str> {
        (!matches!(self, Error::SignIn)).then(|| self.word())
    }

    /// Where a page of this error leads besides the start page.
    pub(super) fn way(&self) -> Option<&'static str> {
        matches!(self, Error::NotYours).then_some("/emergency")
    }

    /// The word in the names of this error's texts: `error-not-found-title`.
    fn word(&self) -> &'static str {
        match self {
            Error::SignIn | Error::SignInAgain => "sign-in",
            Error::Forbidden => "forbidden",
            Error::NotFound => "not-found",
            Error::NotYours => "not-yours",
            Error::NotOpenHere => "not-open-here",
            Error::Invalid => "invalid",
            Error::Conflict => "conflict",
            Error::Gone => "gone",
            Error::Locked => "locked",
            Error::TooLarge => "too-large",
            Error::TooMany { .. } => "too-many",
            Error::Unavailable(_) => "unavailable",
            Error::Internal(_) => "internal",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Error::SignIn => StatusCode::SEE_OTHER,
            Error::SignInAgain => StatusCode::UNAUTHORIZED,
            Error::Forbidden => StatusCode::FORBIDDEN,
            Error::NotFound | Error::NotYours | Error::NotOpenHere => StatusCode::NOT_FOUND,
            Error::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Conflict => StatusCode::CONFLICT,
            Error::Gone => StatusCode::GONE,
            Error::Locked => StatusCode::LOCKED,
            Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Error::Internal(cause) => tracing::error!(cause = ?cause, "A request failed"),
            Error::Unavailable(cause) => tracing::warn!(cause = ?cause, "A request could not be served now"),
            _ => tracing::debug!(error = %self, "A request was turned away"),
        }
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Error::SignIn => return response.insert_header((header::LOCATION, "/sign-in")).finish(),
            Error::TooMany { retry_after_s } => response.insert_header((header::RETRY_AFTER, retry_after_s.to_string())),
            Error::Unavailable(_) => response.insert_header((header::RETRY_AFTER, "5")),
            _ => &mut response,
        };
        // In whose words is known one layer further out: see `language::speak`.
        response.content_type(ContentType::html()).finish()
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Internal(error.into()),
            other => Self::Unavailable(other.into()),
        }
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Database(error) => error.into(),
            KeyError::Missing => Self::NotFound,
            KeyError::Wrong(_) => Self::Internal(error.into()),
        }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}
