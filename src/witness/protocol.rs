//! What a witness is asked and what it answers: C2SP tlog-witness, `add-checkpoint`. Pure.

use crate::audit::tree::{EMPTY_HASH, Hash, Head, NOTE_BYTES_MAX, check_tree};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// More lines of a proof than a tree can need are none.
pub const PROOF_LINES_MAX: usize = 63;
/// The longest question: a size, a proof, a checkpoint.
pub const QUESTION_BYTES_MAX: usize = 64 + PROOF_LINES_MAX * 45 + NOTE_BYTES_MAX;
/// What the size of the newest cosigned tree comes as.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// A log's question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The size of the tree that the log believes to be the newest one that was cosigned.
    pub old: u64,
    pub proof: Vec<Hash>,
    pub note: String,
}

/// The newest tree of a log that was cosigned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub size: u64,
    pub root: Hash,
}

/// Why nothing is cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The question is none: 400.
    Malformed,
    /// Nobody asked this witness to look after that log: 404.
    UnknownLog,
    /// None of the log's keys signed it: 403.
    Unsigned,
    /// The newest one is of this size, or has another root at it: 409.
    Conflict { size: u64 },
    /// The larger tree does not go on from the smaller one: 422.
    Inconsistent,
}

impl Question {
    /// The body of the request.
    pub fn text(&self) -> String {
        let lines: String = self.proof.iter().map(|hash| STANDARD.encode(hash.0) + "\n").collect();
        format!("old {}\n{lines}\n{}", self.old, self.note)
    }

    pub fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= QUESTION_BYTES_MAX)?;
        let (asked, note) = text.split_once("\n\n")?;
        let mut lines = asked.split('\n');
        let old = size(lines.next()?.strip_prefix("old ")?)?;
        let proof: Option<Vec<Hash>> = lines.map(|line| STANDARD.decode(line).ok()?.try_into().map(Hash).ok()).collect();
        let proof = proof.filter(|proof| proof.len() <= PROOF_LINES_MAX)?;
        Some(Self { old, proof, note: note.to_owned() })
    }
}

/// A decimal number without zeros before it.
pub fn size(text: &str) -> Option<u64> {
    let plain = text == "0" || (!text.starts_with('0') && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    plain.then(|| text.parse().ok()).flatten()
}

/// The checkpoint of the question, if one of these keys signed it. A log is known by the name of its keys.
pub fn checkpoint(question: &Question, keys: &[String]) -> Result<Head, Refusal> {
    let origin = question.note.split('\n').next().unwrap_or_default();
    let of_log: Vec<&str> = keys.iter().map(String::as_str).filter(|key| key.split('+').next() == Some(origin)).collect();
    if of_log.is_empty() {
        return Err(Refusal::UnknownLog);
    }
    let head = Head::open(&question.note, &of_log).map_err(|_| Refusal::Unsigned)?;
    if question.old > head.size { Err(Refusal::Malformed) } else { Ok(head) }
}

/// Whether this checkpoint may be cosigned after what was seen. What is seen then.
pub fn decide(seen: Option<Seen>, question: &Question, head: &Head) -> Result<Seen, Refusal> {
    let last = seen.unwrap_or(Seen { size: 0, root: EMPTY_HASH });
    if question.old != last.size {
        return Err(Refusal::Conflict { size: last.size });
    }
    if head.size == last.size {
        return match (head.root == last.root, question.proof.is_empty()) {
            (true, true) => Ok(last),
            (true, false) => Err(Refusal::Inconsistent),
            (false, _) => Err(Refusal::Conflict { size: last.size }),
        };
    }
    let goes_on = match last.size {
        0 => question.proof.is_empty(),
        size => check_tree(&question.proof, head.size, head.root, size, last.root).is_ok(),
    };
    if goes_on { Ok(Seen { size: head.size, root: head.root }) } else { Err(Refusal::Inconsistent) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert_eq, proptest};

    fn question(old: u64, proof: Vec<Hash>) -> Question {
        Question { old, proof, note: "log\n7\nAAAA\n\n— log AAAA\n".to_owned() }
    }

    #[test]
    fn a_question_reads_back() {
        for asked in [question(0, Vec::new()), question(20_852_014, vec![Hash([1; 32]), Hash([255; 32])])] {
            assert_eq!(Question::parse(asked.text().as_bytes()), Some(asked));
        }
        let empty = question(0, Vec::new()).text();
        assert!(empty.starts_with("old 0\n\nlog\n7\n"), "{empty}");
    }

    #[test]
    fn what_is_no_question_is_refused() {
        let long = question(1, vec![Hash([0; 32]); PROOF_LINES_MAX + 1]).text();
        let huge = format!("{}{}", question(1, Vec::new()).text(), "x".repeat(QUESTION_BYTES_MAX));
        for text in [
            "",
            "old 1\n",
            "old 01\n\nlog\n",
            "old -1\n\nlog\n",
            "old +1\n\nlog\n",
            "old  1\n\nlog\n",
            "new 1\n\nlog\n",
            "old 1\nAAAA\n\nlog\n",
            &long,
            &huge,
        ] {
            assert_eq!(Question::parse(text.as_bytes()), None, "{text:.40}");
        }
        assert_eq!(Question::parse(b"old 1\n\n\xff"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
            if let Some(read) = Question::parse(&bytes) {
                prop_assert_eq!(read.text().into_bytes(), bytes);
            }
        }
    }
}
