//! Things that must not be guessed: session tokens, visit link tokens, join codes, visit codes.
//!
//! A link token is `version ‖ key id ‖ nonce(12) ‖ AES-256-GCM(link id(16) ‖ purpose(1))` in base64url, 67 characters, bound
//! to the origin it was made for (LNK-10). Sealing lets a forged token be refused without asking the database; the row
//! of its link decides everything else.

use super::envelope::{decrypt, encrypt};
use super::{Keyring, Rng, length_prefixed, sha256};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const VERSION: u8 = 1;
const PURPOSE_JOIN_VISIT: u8 = 1;
const LENGTH: usize = 1 + 4 + 12 + 17 + 16;

/// The longest token that is looked at. A real one has 67 characters.
pub const TOKEN_CHARS_MAX: usize = 100;

/// Crockford's base 32: no I, L, O or U to be misread.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The random id inside a link token. The database holds only its SHA-256 (LNK-11).
pub type LinkSecret = Secret<[u8; 16]>;

/// A fresh session token: 256 random bits in base64url (SES-04).
pub fn session(rng: &Rng) -> Secret<String> {
    Secret::new(URL_SAFE_NO_PAD.encode(rng.bytes::<32>()))
}

/// What is stored of a token that was handed out.
pub fn stored(token: &str) -> Vec<u8> {
    sha256(token.as_bytes()).to_vec()
}

/// A fresh id for a link.
pub fn link_secret(rng: &Rng) -> LinkSecret {
    Secret::new(rng.bytes())
}

/// What is stored of a link's id.
pub fn stored_link(link: &LinkSecret) -> Vec<u8> {
    sha256(link.reveal()).to_vec()
}

/// The token for a mail: what stands behind `#` in a visit link of `origin`.
pub fn seal_link(keys: &Keyring, origin: &str, link: &LinkSecret, rng: &Rng) -> Secret<String> {
    let (kid, key) = keys.link_key();
    let nonce: [u8; 12] = rng.bytes();
    let payload = Secret::new([link.reveal().as_slice(), &[PURPOSE_JOIN_VISIT]].concat());
    let mut token = vec![VERSION];
    token.extend_from_slice(&kid.to_be_bytes());
    token.extend_from_slice(&nonce);
    token.extend(encrypt(key.reveal(), nonce, &associated_data(origin, kid), payload.reveal()));
    Secret::new(URL_SAFE_NO_PAD.encode(token))
}

/// The id inside a token. `None` for anything that was not made here for this origin, without a word on why.
pub fn open_link(keys: &Keyring, origin: &str, token: &str) -> Option<LinkSecret> {
    if token.len() > TOKEN_CHARS_MAX {
        return None;
    }
    let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let kid = u32::from_be_bytes(*bytes[1..].first_chunk()?);
    let key = keys.link_key_of(kid).filter(|_| bytes[0] == VERSION)?;
    let nonce: [u8; 12] = bytes[5..17].try_into().ok()?;
    let payload = decrypt(key.reveal(), nonce, &associated_data(origin, kid), &bytes[17..]).ok()?;
    let (link, purpose) = payload.reveal().split_first_chunk::<16>()?;
    (purpose == [PURPOSE_JOIN_VISIT]).then(|| Secret::new(*link))
}

fn associated_data(origin: &str, kid: u32) -> Vec<u8> {
    length_prefixed(&[b"visit-link/1", origin.as_bytes(), &kid.to_be_bytes()])
}

/// A join code: 10 characters of Crockford's base 32, 50 bits, to be typed where a mail program broke the link.
pub fn join_code(rng: &Rng) -> Secret<String> {
    let code = rng.bytes::<10>().map(|byte| char::from(CROCKFORD[usize::from(byte % 32)]));
    Secret::new(code.iter().collect())
}

/// A join code as people type it: spaces and dashes dropped, `o` read as zero, `i` and `l` as one.
/// `None` when it cannot be one.
pub fn read_join_code(typed: &str) -> Option<Secret<String>> {
    let code: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    (code.len() == 10 && code.bytes().all(|byte| CROCKFORD.contains(&byte))).then(|| Secret::new(code))
}

/// A visit code that a clinic tells its patient: 6 digits, every one of a million equally likely (ID-04).
pub fn visit_code(rng: &Rng) -> Secret<String> {
    Secret::new(format!("{:06}", rng.below(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::RootKey;
    use crate::ids::DeploymentId;
    use crate::time::Timestamp;
    use proptest::{prop_assert, proptest};

    fn keyring() -> Keyring {
        let rng = Rng::system();
        Keyring::create(RootKey::generate(&rng), DeploymentId::new(Timestamp(0), &rng), &rng).0
    }

    #[test]
    fn a_link_token_opens_at_its_own_origin_only() {
        let (keys, rng) = (keyring(), Rng::system());
        let link = link_secret(&rng);
        let token = seal_link(&keys, "https://clinic.example", &link, &rng);
        assert!(token.reveal().len() <= TOKEN_CHARS_MAX);
        let opened = open_link(&keys, "https://clinic.example", token.reveal()).expect("its own origin");
        assert_eq!(opened.reveal(), link.reveal());
        assert!(open_link(&keys, "https://other.example", token.reveal()).is_none());
        assert!(open_link(&keyring(), "https://clinic.example", token.reveal()).is_none());
    }

    #[test]
    fn a_join_code_survives_the_way_people_type() {
        let code = read_join_code(" oil2-345 67a").expect("a code");
        assert_eq!(code.reveal(), "011234567A");
        assert!(read_join_code("oil2-345 67").is_none(), "too short");
        assert!(read_join_code("UUUUUUUUUU").is_none(), "no such letter");
    }

    #[test]
    fn a_link_opens_under_an_old_key_until_that_key_is_gone() {
        let (keys, rng) = (keyring(), Rng::system());
        let (root, deployment) = (RootKey::generate(&rng), DeploymentId::new(Timestamp(0), &rng));
        let (keys_of_old, rows) = Keyring::create(root, deployment, &rng);
        let old = rows.iter().find(|row| row.purpose == "link").expect("a link key").clone();
        let opens = |token: &Secret<String>| open_link(&keys_of_old, "https://clinic.example", token.reveal()).is_some();
        let first = seal_link(&keys_of_old, "https://clinic.example", &link_secret(&rng), &rng);
        let new = keys_of_old.new_link_key(&rng);
        keys_of_old.use_link_keys(&[new.clone(), old]).expect("both fit");
        let second = seal_link(&keys_of_old, "https://clinic.example", &link_secret(&rng), &rng);
        assert!(opens(&first) && opens(&second));
        keys_of_old.use_link_keys(std::slice::from_ref(&new)).expect("one fits");
        assert!(!opens(&first) && opens(&second));
        assert!(keys.use_link_keys(&[new]).is_err() && keys_of_old.use_link_keys(&[]).is_err(), "never without a key of ours");
    }

    proptest! {
        #[test]
        fn no_text_that_was_not_sealed_here_opens(text in "\\PC{0,120}") {
            prop_assert!(open_link(&keyring(), "https://clinic.example", &text).is_none());
        }
    }
}
