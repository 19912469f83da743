//! Passwords: which are good enough, and how they are kept.
//!
//! Argon2id with OWASP's parameters (SES-03). Two hashes run at once at most, on threads of their own: each takes 19 MiB
//! and a core, and a flood of sign-ins must not stop the calls. A password is brought into one form of Unicode first, so
//! that it is the same from every keyboard.

use super::model::Member;
use crate::secret::Secret;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// The shortest password. Lower: easier to remember. Higher: harder to guess from a stolen database.
pub const CHARS_MIN: i64 = 12;
/// The longest, so that hashing has a bound.
pub const CHARS_MAX: i64 = 128;

/// Hashes at once. Lower: a burst of sign-ins waits. Higher: it takes memory and cores from everything else.
const HASHES_MAX: usize = 2;
/// How long a sign-in waits for its turn before it is told to come back.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

static TURNS: Semaphore = Semaphore::const_new(HASHES_MAX);

/// Passwords that everybody tries first, in lower case.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().filter(|line| !line.is_empty()).collect());

/// What is checked when there is no password to check, so that it takes as long (SES-12).
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    let hash: PasswordHash =
        argon2().hash_password_with_salt(b"nobody's password", b"nobody's salt 16").expect("a fixed password and salt hash");
    hash.to_string()
});

/// Why a password is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    #[error("a password has at least 12 characters")]
    TooShort,
    #[error("a password has at most 128 characters")]
    TooLong,
    #[error("this password is one of those that everybody tries first")]
    Common,
    #[error("a password is more than a name or an address and a few characters")]
    Personal,
}

/// All hashing threads were busy for too long. Nothing was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at once")]
pub struct Busy;

/// Check a new password of `member` at `clinic`. No rule on kinds of characters: length and the block list do more.
pub fn check(password: &Secret<String>, member: &Member, clinic: &str) -> Result<(), Weakness> {
    let password = normal(password);
    let length = i64::try_from(password.reveal().chars().count()).unwrap_or(i64::MAX);
    if length < CHARS_MIN {
        return Err(Weakness::TooShort);
    }
    if length > CHARS_MAX {
        return Err(Weakness::TooLong);
    }
    let lower = Secret::new(password.reveal().to_lowercase());
    if is_common(lower.reveal()) {
        return Err(Weakness::Common);
    }
    if is_personal(lower.reveal(), member, clinic) {
        return Err(Weakness::Personal);
    }
    Ok(())
}

/// Hash a password for the database: a PHC string with its parameters and salt in it.
pub async fn hash(password: &Secret<String>, salt: [u8; 16]) -> Result<String, Busy> {
    let password = normal(password);
    in_turn(move || {
        let hash: PasswordHash =
            argon2().hash_password_with_salt(password.reveal().as_bytes(), &salt).expect("a salt of 16 bytes and any password hash");
        hash.to_string()
    })
    .await
}

/// True if `password` is the one that `stored` was made of. Without `stored` it works as hard and says no.
pub async fn matches(password: &Secret<String>, stored: Option<&str>) -> Result<bool, Busy> {
    let password = normal(password);
    let known = stored.is_some();
    let stored = stored.unwrap_or(&NOBODYS).to_owned();
    in_turn(move || {
        let right = PasswordHash::new(&stored).is_ok_and(|stored| argon2().verify_password(password.reveal().as_bytes(), &stored).is_ok());
        right && known
    })
    .await
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
    let turn = tokio::time::timeout(TURN_TIMEOUT, TURNS.acquire()).await.map_err(|_| Busy)?.map_err(|_| Busy)?;
    let done = tokio::task::spawn_blocking(move || {
        // The turn ends with the work, even when nobody waits for the answer any more.
        let _turn = turn;
        work()
    });
    done.await.map_err(|_| Busy)
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these parameters are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn normal(password: &Secret<String>) -> Secret<String> {
    Secret::new(password.reveal().nfkc().collect())
}

/// Common as it stands, without the digits and marks around it, without repeats, or one run along the keyboard.
fn is_common(lower: &str) -> bool {
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let letters_only: String = plain(lower);
    COMMON.contains(lower)
        || (core.chars().count() + 4 >= lower.chars().count() && COMMON.contains(core))
        || COMMON.contains(letters_only.as_str())
        || is_repeated(lower)
        || is_run(lower)
}

/// `p4ssw0rd` as `password`.
fn plain(lower: &str) -> String {
    lower
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect()
}

/// One short piece over and over: `abcabcabcabc`.
fn is_repeated(lower: &str) -> bool {
    let chars: Vec<char> = lower.chars().collect();
    (1..=4).any(|size| chars.iter().enumerate().all(|(i, c)| *c == chars[i % size]))
        || (chars.len().is_multiple_of(2) && {
            let (first, second) = chars.split_at(chars.len() / 2);
            first == second && COMMON.contains(first.iter().collect::<String>().as_str())
        })
}

/// A run of neighbours: `123456789012`, `abcdefghijkl`, `lkjihgfedcba`.
fn is_run(lower: &str) -> bool {
    const RUNS: [&str; 4] = [
        "01234567890123456789",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol",
    ];
    let backwards: String = lower.chars().rev().collect();
    RUNS.iter().any(|run| run.contains(lower) || run.contains(&backwards))
}

/// A password is personal when too little is left of it without the words that belong to the person and the place.
fn is_personal(lower: &str, member: &Member, clinic: &str) -> bool {
    const OWN_CHARS_MIN: usize = 6;
    let known = format!("anteroom {clinic} {} {}", member.name, member.email).to_lowercase();
    let words = known.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 4);
    let mut rest = lower.replace(&member.email.to_lowercase(), "");
    for word in words {
        rest = rest.replace(word, "");
    }
    let touched = rest.len() < lower.len();
    touched && rest.chars().count() < OWN_CHARS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StaffId;
    use crate::staff::Role;
    use crate::time::Zone;
    use uuid::Uuid;

    fn member() -> Member {
        Member {
            id: StaffId(Uuid::nil()),
            email: "rosalind.vega@riverside.example".into(),
            name: "Dr. Rosalind Vega".into(),
            role: Role::Clinician,
            zone: Zone::UTC,
            language: "en".into(),
        }
    }

    fn verdict(password: &str) -> Result<(), Weakness> {
        check(&Secret::new(password.to_owned()), &member(), "Riverside Clinic")
    }

    #[test]
    fn length_and_the_block_list_are_the_rule() {
        for good in ["lantern over nine hills", "korrekt pferd batterie", "ünüsüäl-wörds-hêre", "fivegreenboats", "____________a-b"] {
            assert_eq!(verdict(good), Ok(()), "{good}");
        }
        let table = [
            ("elevenchars", Weakness::TooShort),
            ("short", Weakness::TooShort),
            ("passwordpassword", Weakness::Common),
            ("P4ssw0rdP4ssw0rd", Weakness::Common),
            ("123456789012", Weakness::Common),
            ("aaaaaaaaaaaaaa", Weakness::Common),
            ("abcabcabcabcabc", Weakness::Common),
            ("qwertyuiopas", Weakness::Common),
            ("letmeinletmein", Weakness::Common),
            ("administrator1", Weakness::Common),
            ("Anteroom2026", Weakness::Personal),
            ("riverside-clinic-1", Weakness::Personal),
            ("RosalindVega99", Weakness::Personal),
            ("rosalind.vega@riverside.example", Weakness::Personal),
        ];
        for (weak, why) in table {
            assert_eq!(verdict(weak), Err(why), "{weak}");
        }
        assert_eq!(verdict(&"ab cd ef gh".repeat(12)), Err(Weakness::TooLong));
        assert_eq!(verdict(&"long words in a row ".repeat(6)), Ok(()), "at least 64 characters are allowed");
    }

    #[test]
    fn the_block_list_is_long_and_lower_case() {
        assert!(COMMON.len() >= 1_000, "{} entries", COMMON.len());
        assert!(COMMON.iter().all(|word| *word == word.to_lowercase()));
    }

    #[tokio::test]
    async fn a_password_is_known_again_from_every_keyboard() {
        let typed = Secret::new("schöne berge im juli".to_owned());
        let decomposed = Secret::new("scho\u{308}ne berge im juli".to_owned());
        let stored = hash(&typed, [7; 16]).await.expect("a turn");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(matches(&decomposed, Some(&stored)).await.expect("a turn"));
        assert!(!matches(&Secret::new("schone berge im juli".to_owned()), Some(&stored)).await.expect("a turn"));
        assert!(!matches(&Secret::new("nobody's password".to_owned()), None).await.expect("a turn"));
    }
}
