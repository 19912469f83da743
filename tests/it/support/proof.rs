//! The spoken proof of a headless peer, written from its specification and not from the page's script: both are held to the
//! vectors in `tests/js/snapshots/proof.json`.

use sha2::{Digest, Sha256};

/// Whose page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Clinician,
    Patient,
}

/// What a side knows before it begins. Read from vectors too, so of any length.
#[derive(Debug, Clone)]
pub struct Facts {
    pub visit: Vec<u8>,
    pub own: Vec<u8>,
    pub peer: Vec<u8>,
    pub nonce: Vec<u8>,
}

/// What comes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    Send(Vec<u8>),
    /// The other side has ten seconds from now on for what this side waits for.
    Wait(Expects),
    Show([u8; 4]),
    Unchecked,
    Differ,
}

/// The message that a side waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expects {
    Commitment,
    Answer,
    Reveal,
    /// The words are shown: nothing more may come.
    Nothing,
}

impl Expects {
    /// The first byte of that message. It has 32 more.
    fn tag(self) -> Option<u8> {
        match self {
            Expects::Commitment => Some(1),
            Expects::Answer => Some(2),
            Expects::Reveal => Some(3),
            Expects::Nothing => None,
        }
    }
}

enum Stage {
    /// Not begun. The other side may have been faster.
    Before(Option<Vec<u8>>),
    Running(Facts, Expects),
    Over,
}

/// One side of one run.
pub struct Proof {
    role: Role,
    stage: Stage,
    /// `h`: made or received.
    commitment: Vec<u8>,
}

impl Proof {
    pub fn new(role: Role) -> Self {
        Self { role, stage: Stage::Before(None), commitment: Vec::new() }
    }

    /// The connection stands and both certificates are known.
    pub fn begin(&mut self, facts: Facts) -> Vec<Out> {
        let early = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Before(early) => early,
            Stage::Running(..) => return self.fail(),
            Stage::Over => return Vec::new(),
        };
        let lengths = [&facts.visit, &facts.own, &facts.peer, &facts.nonce].map(Vec::len);
        let right = lengths == [16, 32, 32, 32];
        match (self.role, right, early) {
            (Role::Clinician, true, None) => {
                self.commitment = self.commit(&facts, &facts.nonce);
                let first = [&[1], self.commitment.as_slice()].concat();
                self.stage = Stage::Running(facts, Expects::Answer);
                vec![Out::Send(first), Out::Wait(Expects::Answer)]
            }
            (Role::Patient, true, early) => {
                self.stage = Stage::Running(facts, Expects::Commitment);
                let mut out = vec![Out::Wait(Expects::Commitment)];
                out.extend(early.map(|message| self.hear(&message)).unwrap_or_default());
                out
            }
            _ => self.fail(),
        }
    }

    /// A message came over the channel.
    pub fn hear(&mut self, message: &[u8]) -> Vec<Out> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => Vec::new(),
            Stage::Before(None) => {
                self.stage = Stage::Before(Some(message.to_vec()));
                Vec::new()
            }
            Stage::Before(Some(_)) => self.fail(),
            Stage::Running(facts, expected) => match message.split_first() {
                Some((tag, body)) if Some(*tag) == expected.tag() && body.len() == 32 => self.go_on(facts, expected, body),
                _ => self.fail(),
            },
        }
    }

    /// The ten seconds for that message are over.
    pub fn late(&mut self, for_what: Expects) -> Vec<Out> {
        match self.stage {
            Stage::Running(_, expected) if expected == for_what && expected != Expects::Nothing => self.fail(),
            _ => Vec::new(),
        }
    }

    pub fn closed(&mut self) -> Vec<Out> {
        match self.stage {
            Stage::Over | Stage::Running(_, Expects::Nothing) => Vec::new(),
            _ => self.fail(),
        }
    }

    fn go_on(&mut self, facts: Facts, expected: Expects, body: &[u8]) -> Vec<Out> {
        match expected {
            Expects::Commitment => {
                self.commitment = body.to_vec();
                let answer = [&[2], facts.nonce.as_slice()].concat();
                self.stage = Stage::Running(facts, Expects::Reveal);
                vec![Out::Send(answer), Out::Wait(Expects::Reveal)]
            }
            Expects::Answer => {
                let reveal = [&[3], facts.nonce.as_slice()].concat();
                let words = self.words(&facts, body, &facts.nonce);
                self.stage = Stage::Running(facts, Expects::Nothing);
                vec![Out::Send(reveal), Out::Show(words)]
            }
            Expects::Reveal if self.commit(&facts, body) != self.commitment => {
                self.stage = Stage::Over;
                vec![Out::Differ]
            }
            Expects::Reveal => {
                let words = self.words(&facts, &facts.nonce, body);
                self.stage = Stage::Running(facts, Expects::Nothing);
                vec![Out::Show(words)]
            }
            Expects::Nothing => self.fail(),
        }
    }

    fn fail(&mut self) -> Vec<Out> {
        self.stage = Stage::Over;
        vec![Out::Unchecked]
    }

    /// The certificates of the clinician's side and of the patient's.
    fn certificates<'a>(&self, facts: &'a Facts) -> [&'a [u8]; 2] {
        match self.role {
            Role::Clinician => [&facts.own, &facts.peer],
            Role::Patient => [&facts.peer, &facts.own],
        }
    }

    fn commit(&self, facts: &Facts, clinicians: &[u8]) -> Vec<u8> {
        let [clinician, patient] = self.certificates(facts);
        hash("anteroom-proof-1/commit\0", &[&facts.visit, clinician, patient, clinicians]).to_vec()
    }

    fn words(&self, facts: &Facts, patients: &[u8], clinicians: &[u8]) -> [u8; 4] {
        let [clinician, patient] = self.certificates(facts);
        let whole = hash("anteroom-proof-1/words\0", &[&facts.visit, clinician, patient, &self.commitment, patients, clinicians]);
        whole[..4].try_into().expect("a hash has more than four bytes")
    }
}

fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(label);
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}
