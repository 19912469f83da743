//! The end of a party's part in a call: the one thing that may be written late (AUD-03).
//!
//! Media runs between two browsers and ends whether or not the log can be written at that moment. Everything else is not
//! done when it cannot be recorded; this has happened already. So it waits, sealed, in the spool, and is written as soon as
//! the log takes it. The spool takes a [`CallEnd`] and nothing else: the type is the rule.

use super::event::{Actor, ActorKind, AgentClass, CallLeftWhy, CallParty, Context, Event, Fact, Kind, Object, Purpose};
use super::store::Log;
use crate::crypto::{Sealed, length_prefixed, sha256};
use crate::ids::{EventId, PatientId, RequestId, VisitId};
use crate::time::Timestamp;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use uuid::Uuid;

/// What is known when a party's part in the call of one epoch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEnd {
    pub visit: VisitId,
    pub patient: PatientId,
    pub party: CallParty,
    pub epoch: i64,
    /// How long the connection was up, as far as this start of the program saw it.
    pub connected_s: i64,
    pub why: CallLeftWhy,
}

impl CallEnd {
    /// One for each party and epoch of a visit: the log refuses a second, whoever tells it.
    fn key(&self) -> [u8; 32] {
        sha256(&length_prefixed(&[b"call.left/1", self.visit.0.as_bytes(), self.party.word().as_bytes(), &self.epoch.to_be_bytes()]))
    }

    fn event(&self) -> Event {
        Event::done(Kind::CallLeft)
            .on(Object::Visit, self.visit.0)
            .about(self.patient)
            .with("party", Fact::Word(self.party.word()))
            .with("epoch", Fact::Number(self.epoch))
            .with("connected_s", Fact::Number(self.connected_s))
            .with("why", Fact::Word(self.why.word()))
    }
}

impl Log {
    /// Record the end of a party's part in a call, now or, if the log cannot be written, as soon as it can.
    pub async fn call_ended(&self, context: &Context, end: CallEnd) {
        let at = self.now();
        // Behind others that wait, so that they are written in the order in which they happened.
        let others_wait = !self.spool.is_empty().unwrap_or(false);
        if !others_wait {
            match self.record_once(context, &end.key(), &end.event()).await {
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, visit.id = %end.visit, "Could not record the end of a call; keeping it"),
            }
        }
        self.keep(Waiting::new(at, context, &end)).await;
    }

    async fn keep(&self, waiting: Waiting) {
        let record = self.seal(&waiting);
        let spool = self.spool.clone();
        let kept = tokio::task::spawn_blocking(move || spool.append(&record)).await;
        match kept.map_err(std::io::Error::other).flatten() {
            Ok(true) => {}
            Ok(false) => tracing::error!(visit.id = %waiting.visit, "The spool is full: the end of a call is not in the log"),
            Err(error) => tracing::error!(%error, visit.id = %waiting.visit, "Could not keep the end of a call: it is not in the log"),
        }
    }

    /// Write into the log what waits for it. Does nothing when nothing waits; may be told twice and writes once.
    pub async fn replay(&self, context: &Context) -> anyhow::Result<()> {
        if self.spool.is_empty().context("look into the spool")? {
            return Ok(());
        }
        let kept = self.spool.read().context("read the spool")?;
        let mut altered = 0;
        for record in &kept.records {
            match self.open(record).and_then(|waiting| waiting.read()) {
                Some((at, context, end)) => {
                    let event = end.event().with("late", Fact::Word("yes")).with("happened_at", Fact::At(at));
                    self.record_once(&context, &end.key(), &event).await.context("write the end of a call late")?;
                }
                None => altered += 1,
            }
        }
        let written = i64::try_from(kept.records.len()).unwrap_or(i64::MAX) - altered;
        let count = |number: u64| Fact::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let event = Event::done(Kind::LogReplayed)
            .with("rows", Fact::Number(written))
            .with("altered", Fact::Number(altered))
            .with("dropped", count(kept.dropped))
            .with("torn", count(kept.torn));
        self.record(context, event).await.context("record that the spool was replayed")?;
        self.spool.forget(&kept).context("empty the spool")
    }

    fn seal(&self, waiting: &Waiting) -> Vec<u8> {
        let id = EventId::new(self.now(), &self.rng).0;
        let plain = serde_json::to_vec(waiting).expect("numbers, ids and words always serialise");
        [id.as_bytes(), self.keys.seal_spooled(id, &self.rng, &plain).0.as_slice()].concat()
    }

    fn open(&self, record: &[u8]) -> Option<Waiting> {
        let (id, sealed) = record.split_first_chunk::<16>()?;
        let plain = self.keys.open_spooled(Uuid::from_bytes(*id), &Sealed(sealed.to_vec())).ok()?;
        serde_json::from_slice(plain.reveal()).ok()
    }
}

/// An end of a call in the spool, with all that its event needs.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    at: i64,
    actor_kind: String,
    actor_id: Option<Uuid>,
    role: Option<String>,
    request: RequestId,
    source: Option<IpAddr>,
    agent: String,
    session: Option<Uuid>,
    purpose: String,
    visit: VisitId,
    patient: PatientId,
    party: String,
    epoch: i64,
    connected_s: i64,
    why: String,
}

impl Waiting {
    fn new(at: Timestamp, context: &Context, end: &CallEnd) -> Self {
        Self {
            at: at.0,
            actor_kind: context.actor.kind.word().to_owned(),
            actor_id: context.actor.id,
            role: context.actor.role.map(str::to_owned),
            request: context.request,
            source: context.source,
            agent: context.agent.word().to_owned(),
            session: context.session,
            purpose: context.purpose.word().to_owned(),
            visit: end.visit,
            patient: end.patient,
            party: end.party.word().to_owned(),
            epoch: end.epoch,
            connected_s: end.connected_s,
            why: end.why.word().to_owned(),
        }
    }

    /// `None` when a word is not one of ours.
    fn read(&self) -> Option<(Timestamp, Context, CallEnd)> {
        let role = match self.role.as_deref() {
            // Of the staff only clinicians are in calls.
            Some("clinician") => Some("clinician"),
            Some(_) => return None,
            None => None,
        };
        let context = Context {
            actor: Actor { kind: ActorKind::from_word(&self.actor_kind)?, id: self.actor_id, role },
            request: self.request,
            source: self.source,
            agent: AgentClass::from_word(&self.agent)?,
            session: self.session,
            purpose: Purpose::from_word(&self.purpose)?,
        };
        let end = CallEnd {
            visit: self.visit,
            patient: self.patient,
            party: CallParty::from_word(&self.party)?,
            epoch: self.epoch,
            connected_s: self.connected_s,
            why: CallLeftWhy::from_word(&self.why)?,
        };
        Some((Timestamp(self.at), context, end))
    }
}
