//! Randomness as an argument: the operating system's in production (CRY-18), a seeded stream in tests.

use std::fmt;
use std::sync::Arc;

/// A source of random bytes.
#[derive(Clone)]
pub struct Rng(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Rng {
    /// The operating system's generator.
    pub fn system() -> Self {
        Self(Arc::new(|bytes| {
            getrandom::fill(bytes).expect("the operating system gives random bytes; without them nothing here is safe");
        }))
    }

    /// A source of the caller's own, for tests.
    pub fn from_fn(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A number below `bound`, every one equally likely.
    pub fn below(&self, bound: u32) -> u32 {
        let limit = u32::MAX - u32::MAX % bound;
        loop {
            let number = u32::from_be_bytes(self.bytes());
            if number < limit {
                return number % bound;
            }
        }
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng")
    }
}
