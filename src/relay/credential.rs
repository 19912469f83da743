//! Credentials of relays (RTC-14): a name that says when it ends, and a password that follows from it. Pure.
//!
//! The form of coturn's `use-auth-secret`, so that a coturn takes the place of our relay by configuration alone. A name holds no id: two
//! names of one visit have nothing in common.

use crate::secret::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;

/// How long after it was made a call's credential opens new allocations. Those that live go on.
pub const CALL_SECONDS: i64 = 600;
/// The same for the ready check.
pub const CHECK_SECONDS: i64 = 60;
/// A name that says it holds longer than this was not made by us.
const SECONDS_MAX: i64 = CALL_SECONDS;
const RANDOM_BYTES: usize = 16;

/// What a browser is given.
#[derive(Debug, Clone)]
pub struct Credential {
    pub username: String,
    pub password: Secret<String>,
}

impl Credential {
    /// `now`: seconds since 1970.
    pub fn new(secret: &Secret<String>, now: i64, seconds: i64, random: [u8; RANDOM_BYTES]) -> Self {
        let username = format!("{}:{}", now + seconds, hex::encode(random));
        Self { password: password(secret, &username), username }
    }
}

/// base64(HMAC-SHA1(secret, username)).
pub fn password(secret: &Secret<String>, username: &str) -> Secret<String> {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.reveal().as_bytes()).unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(username.as_bytes());
    Secret::new(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// When a name ends, in seconds since 1970. `None`: it has not the form of ours.
pub fn expiry(username: &str) -> Option<i64> {
    let (expiry, random) = username.split_once(':')?;
    let digits = (1..=12).contains(&expiry.len()) && expiry.bytes().all(|byte| byte.is_ascii_digit());
    let is_random = random.len() == RANDOM_BYTES * 2 && random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits && is_random { expiry.parse().ok() } else { None }
}

/// Whether the name may open an allocation now, in seconds since 1970.
pub fn is_open(username: &str, now: i64, seconds_max: i64) -> bool {
    expiry(username).is_some_and(|expiry| (now..=now + seconds_max.min(SECONDS_MAX)).contains(&expiry))
}

/// The key of MESSAGE-INTEGRITY with long-term credentials (RFC 8489, 9.2.2).
pub fn key(username: &str, realm: &str, password: &Secret<String>) -> [u8; 16] {
    let mut digest = Md5::new();
    for part in [username, ":", realm, ":", password.reveal()] {
        digest.update(part.as_bytes());
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_700_000_000;

    fn secret() -> Secret<String> {
        Secret::new("logen".to_owned())
    }

    #[test]
    fn the_form_is_the_one_that_coturn_reads() {
        // `printf 1433895918:506aa3 | openssl dgst -sha1 -hmac logen -binary | openssl base64`
        assert_eq!(password(&secret(), "1433895918:506aa3").reveal(), "5i5afttj4ffAs58wYSwVj5YiAv0=");
        // RFC 8489, 9.2.2: user:realm:pass.
        assert_eq!(hex::encode(key("user", "realm", &Secret::new("pass".to_owned()))), "8493fbc53ba582fb4c044c456bdc40eb");
    }

    #[test]
    fn a_name_opens_until_it_ends_and_never_promises_more_than_its_kind() {
        let call = Credential::new(&secret(), NOW, CALL_SECONDS, [7; 16]);
        for (later, open) in [(0, true), (CALL_SECONDS, true), (CALL_SECONDS + 1, false), (-1, false)] {
            assert_eq!(is_open(&call.username, NOW + later, CALL_SECONDS), open, "{later} s later");
        }
        assert!(!is_open(&call.username, NOW, CHECK_SECONDS), "a call's name is none of a check");
        assert!(!format!("{call:?}").contains(call.password.reveal().as_str()));
    }

    #[test]
    fn what_is_no_name_of_ours_opens_nothing() {
        let random = "07".repeat(16);
        for name in [
            "",
            ":",
            &random,
            &format!(":{random}"),
            &format!("+{NOW}:{random}"),
            &format!("{NOW}:{}", &random[1..]),
            &format!("{NOW}:{random}:1"),
            &format!("{NOW}:{}", random.replace('0', "G")),
            &format!("99999999999999999999:{random}"),
            &format!(" {NOW}:{random}"),
        ] {
            assert_eq!(expiry(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(name in "\\PC{0,80}", numbers in "[0-9]{0,30}:[0-9a-f]{0,40}", now in any::<i32>()) {
            for name in [name, numbers] {
                let _either = (expiry(&name), is_open(&name, now.into(), CALL_SECONDS));
            }
        }
    }
}
