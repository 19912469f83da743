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

/// The longest address that SMTP carries (RFC 5321, 4.5.3.1.3).
const EMAIL_CHARS_MAX: usize = 254;

/// A mail address as people type it, lower-cased. `None` for what cannot be one. Strict on purpose: an address with
/// quotes, comments or line breaks has no place in a mail's header.
pub fn email(typed: &str) -> Option<String> {
    let address = typed.trim().to_lowercase();
    let (local, domain) = address.split_once('@')?;
    let local_is_good = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    let label_is_good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let domain_is_good = domain.split('.').all(label_is_good);
    (address.len() <= EMAIL_CHARS_MAX && local_is_good && domain_is_good).then_some(address)
}

/// The longest name of a person.
const NAME_CHARS_MAX: usize = 100;

/// A name as people type it, without the spaces around it. `None` when there is none, it is too long, or it holds
/// characters that do not print.
pub fn name(typed: &str) -> Option<String> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let good = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
    good.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_at_sign_and_nothing_that_breaks_a_header() {
        assert_eq!(email(" Maria.Lopez+visits@Example.ORG "), Some("maria.lopez+visits@example.org".into()));
        assert_eq!(email("front-desk@localhost"), Some("front-desk@localhost".into()));
        let long = format!("a@{}.example", "b".repeat(250));
        for bad in [
            "",
            "maria",
            "@example.org",
            "maria@",
            "a@b@c",
            "a b@c",
            "a@b\r\nBcc: c@d",
            "a@b..c",
            ".a@b",
            "a..b@c",
            "\"a\"@b",
            "a@-b",
            "a,b@c",
            "<a@b>",
            &long,
        ] {
            assert_eq!(email(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_is_something_that_prints() {
        assert_eq!(name("  Dr.  Rosalind   Vega "), Some("Dr. Rosalind Vega".into()));
        assert_eq!(name("  "), None);
        assert_eq!(name("a\u{7}b"), None);
        assert_eq!(name(&"a".repeat(101)), None);
    }
}
