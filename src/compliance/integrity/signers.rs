//! Whose signatures the heads of a log bear, one after the other. Pure.
//!
//! A key follows another by a head that bears both signatures. A key that comes without the word of the one before, or a head under
//! nothing but a key of the past, is somebody who has one key and not the other (AUD-25).

use crate::audit::tree::Head;

/// What is wrong with a head's signers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// A new key, for which the one before does not stand.
    Unvouched,
    /// Only keys that were followed by others.
    Past,
}

/// The keys that signed so far.
#[derive(Debug, Default)]
pub struct Signers {
    in_use: Vec<String>,
    past: Vec<String>,
}

impl Signers {
    /// The next head, larger than those before.
    pub fn meet(&mut self, head: &Head) -> Result<(), Breach> {
        let new = head.signers.iter().any(|signer| !self.in_use.contains(signer) && !self.past.contains(signer));
        let vouched = head.signers.iter().any(|signer| self.in_use.contains(signer));
        if self.in_use.is_empty() {
            self.in_use.clone_from(&head.signers);
            return Ok(());
        }
        if !vouched {
            return Err(if new { Breach::Unvouched } else { Breach::Past });
        }
        if new {
            let follow =
                head.signers.iter().filter(|signer| !self.in_use.contains(signer) && !self.past.contains(signer)).cloned().collect();
            self.past.append(&mut self.in_use);
            self.in_use = follow;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::Hash;

    fn met(heads: &[&[&str]]) -> Vec<Result<(), Breach>> {
        let mut signers = Signers::default();
        let head = |by: &[&str]| Head {
            origin: "log".to_owned(),
            size: 1,
            root: Hash([0; 32]),
            note: String::new(),
            signers: by.iter().map(|key| (*key).to_owned()).collect(),
        };
        heads.iter().map(|by| signers.meet(&head(by))).collect()
    }

    #[test]
    fn a_key_follows_by_the_word_of_the_one_before() {
        let (fine, unvouched, past) = (Ok(()), Err(Breach::Unvouched), Err(Breach::Past));
        assert_eq!(met(&[&["a"], &["a"]]), [fine, fine]);
        assert_eq!(met(&[&["a"], &["a", "b"], &["b"], &["b", "c"], &["c"]]), [fine; 5]);
        assert_eq!(met(&[&["a"], &["b"]]), [fine, unvouched]);
        assert_eq!(met(&[&["a"], &["a", "b"], &["a"], &["b"]]), [fine, fine, past, fine]);
        assert_eq!(met(&[&["a"], &["a", "b"], &["a", "c"]]), [fine, fine, unvouched]);
        assert_eq!(met(&[&["a", "b"], &["b"]]), [fine, fine], "who came later begins there");
    }
}
