//! The access log: who did what to whom, when, from where, with what outcome.
//!
//! No event, no access. A change commits together with its event ([`Tx::commit`]); sealed data opens only with an
//! [`Access`], which exists once its event is committed; a refusal is written in a transaction of its own, because a
//! failed statement poisons PostgreSQL's (AUD-01). If the log cannot be written, nothing is changed and nothing is shown
//! (AUD-02). The log is on always and has no switch (AUD-05).
//!
//! `event` is pure: what an event holds, its canonical bytes and the leaf it will be in the Merkle tree (AUD-20). `store`
//! writes and reads. `access` opens. `late` and `spool` keep the ends of calls while the log cannot be written (AUD-03);
//! nothing else may wait. `shadow` tells the outside of each event by its hash. `search` turns the log's pages. `tree` gives events their places
//! in the Merkle tree and signs its heads (AUD-21).

mod access;
mod event;
mod late;
pub mod search;
pub mod shadow;
mod spool;
mod store;
pub mod tree;

pub use access::{Access, OpenError};
pub use event::{
    Actor, ActorKind, AgentClass, CallLeftWhy, CallParty, Context, Event, Fact, Kind, Object, Outcome, Purpose, leaf_bytes, payload_hash,
};
pub use late::CallEnd;
pub use store::{Bookkeeping, Disclosed, Filter, Log, Recorded, Tx, oldest_first, pending, purged_until};
