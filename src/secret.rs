//! Values that must not be printed: secrets of ours, and anything that names a patient.
//!
//! `Secret<T>` has no `Display`, its `Debug` shows nothing, and it is wiped when dropped. Reading it takes the word
//! [`Secret::reveal`], so that one search finds every place where a secret is looked at.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A value that does not show itself.
#[derive(Clone, Default)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Never into a log, an address, a title or an error.
    pub fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself, which nothing wipes from now on: for what is there to be shown.
    pub fn reveal_owned(mut self) -> T
    where
        T: Default,
    {
        std::mem::take(&mut self.0)
    }
}

/// In time that tells nothing about where two of one length differ (CRY-16).
impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<'de, T: Zeroize + serde::Deserialize<'de>> serde::Deserialize<'de> for Secret<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("maria".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn equal_secrets_are_equal_and_others_are_not() {
        let secret = |text: &str| Secret::new(text.to_owned());
        assert!(secret("maria") == secret("maria"));
        assert!(secret("maria") != secret("marib") && secret("maria") != secret("mari") && secret("") != secret("m"));
    }
}
