//! Who works here and in which role. Pure.

use crate::ids::StaffId;
use crate::time::Zone;
use std::fmt;

/// What an account may do. One account has one role: whoever administers accounts does not read notes (HIP-03, HIP-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Scheduler,
    Clinician,
    Compliance,
    Administrator,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Scheduler, Role::Clinician, Role::Compliance, Role::Administrator];

    /// The word in the database, on the command line and in the log.
    pub fn word(self) -> &'static str {
        match self {
            Role::Scheduler => "scheduler",
            Role::Clinician => "clinician",
            Role::Compliance => "compliance",
            Role::Administrator => "administrator",
        }
    }

    /// The page a person of this role works on.
    pub fn home(self) -> &'static str {
        match self {
            Role::Scheduler => "/appointments",
            Role::Clinician => "/today",
            Role::Compliance => "/access-log",
            Role::Administrator => "/staff",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;
    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        Role::ALL.into_iter().find(|role| role.word() == word).ok_or(UnknownRole)
    }
}

impl TryFrom<String> for Role {
    type Error = UnknownRole;
    fn try_from(word: String) -> Result<Self, UnknownRole> {
        word.parse()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is scheduler, clinician, compliance or administrator")]
pub struct UnknownRole;

/// A member of staff. Names and addresses of staff are not sealed: they are not patients (see the data inventory).
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    pub id: StaffId,
    pub email: String,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub role: Role,
    #[sqlx(try_from = "String")]
    pub zone: Zone,
    pub language: String,
}
