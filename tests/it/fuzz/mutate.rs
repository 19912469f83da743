//! A corpus, changed a little: what an attacker does who has seen one message that is taken.

use proptest::prelude::*;
use proptest::sample::Index;

/// What readers stumble over more often than over other bytes.
const TROUBLE: [&str; 24] = [
    "\r\n",
    "\r",
    "\n",
    "\0",
    " ",
    "\t",
    "\"",
    "'",
    "\\",
    "=",
    ":",
    ",",
    ";",
    "%00",
    "%0d%0a",
    "\u{202e}",
    "\u{feff}",
    "é",
    "[",
    "{\"a\":",
    "0",
    "-1",
    "99999999999999999999",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
];

#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, usize),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
    /// The rest of another file from there on.
    Splice(Index, Index, Index),
}

/// A file of the corpus with one to six changes.
pub fn mutated(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let one = any::<Index>();
    (one, prop::collection::vec(change(), 1..6)).prop_map(move |(file, changes)| {
        let begin = file.get(&corpus).clone();
        changes.iter().fold(begin, |bytes, change| changed(bytes, change, &corpus))
    })
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), 0..TROUBLE.len()).prop_map(|(at, which)| Change::Insert(at, which)),
        (at(), 1usize..40).prop_map(|(at, length)| Change::Remove(at, length)),
        (at(), 1usize..40).prop_map(|(at, length)| Change::Repeat(at, length)),
        at().prop_map(Change::Cut),
        (at(), at(), at()).prop_map(|(at, file, from)| Change::Splice(at, file, from)),
    ]
}

fn changed(mut bytes: Vec<u8>, change: &Change, corpus: &[Vec<u8>]) -> Vec<u8> {
    let place = |at: &Index| at.index(bytes.len() + 1);
    match change {
        Change::Flip(at, bit) if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Change::Set(at, byte) if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Change::Flip(..) | Change::Set(..) => {}
        Change::Insert(at, which) => {
            let at = place(at);
            bytes.splice(at..at, TROUBLE[*which].bytes());
        }
        Change::Remove(at, length) => {
            let (from, until) = (place(at), (place(at) + length).min(bytes.len()));
            bytes.drain(from..until);
        }
        Change::Repeat(at, length) => {
            let (from, until) = (place(at), (place(at) + length).min(bytes.len()));
            let part = bytes[from..until].to_vec();
            bytes.splice(until..until, part);
        }
        Change::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
        Change::Splice(at, file, from) => {
            let other = file.get(corpus);
            bytes.truncate(at.index(bytes.len() + 1));
            bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
        }
    }
    bytes
}
