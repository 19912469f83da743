//! Writing and reading events. The only file that commits a transaction.

use super::access::Access;
use super::event::{ActorKind, Context, Event, Kind, Outcome, payload_hash};
use super::shadow::Shadow;
use super::spool::{self, Spool};
use crate::crypto::blind_index::{self, BlindIndex, Column};
use crate::crypto::{Keyring, Rng, Sealed};
use crate::db::{self, Db, in_tx, many};
use crate::ids::{EventId, PatientId, RequestId};
use crate::time::{SharedClock, Timestamp};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// The access log of this node.
#[derive(Debug, Clone)]
pub struct Log {
    pub(super) db: Db,
    pub(super) keys: Arc<Keyring>,
    pub(super) spool: Arc<Spool>,
    pub(super) shadow: Shadow,
    clock: SharedClock,
    pub(super) rng: Rng,
    /// This start of the program: times of one boot never run backwards unseen.
    boot: Uuid,
    /// The last millisecond in which an event was written, and how many were written in it.
    order: Arc<Mutex<(Timestamp, u16)>>,
}

/// A transaction that cannot commit without saying what it did.
#[derive(Debug)]
pub struct Tx {
    tx: db::Tx,
    log: Log,
    context: Context,
    events: Vec<Event>,
}

/// Writes that are no act of anybody: the closed list of decision 5, with the tables each may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bookkeeping {
    /// `staff_session.seen_at`.
    SessionTouch,
    /// `throttle`, and the counters of failed checks on `visit`.
    Throttle,
    /// `outbox.attempts`, `due_at`, `last_error`, and those of `notice`.
    OutboxAttempt,
    /// The places of events that are written already: `audit_tree`, `audit_leaf`, `audit_leaf_subject`, `audit_tile`, `audit_checkpoint`,
    /// and `audit_pending`, which they leave.
    Sequencer,
    /// `review_progress`: how far the rules have looked.
    Review,
    /// `log_verification.events_done` and `events_all`: how far a verification is.
    Verification,
}

impl Log {
    /// `data_dir`: where the ends of calls wait while the database cannot be written.
    pub fn new(db: Db, keys: Arc<Keyring>, clock: SharedClock, rng: Rng, data_dir: &Path) -> Self {
        let boot = Uuid::from_bytes(rng.bytes());
        let spool = Arc::new(Spool::new(data_dir.join("call-ends.spool"), spool::LIMITS));
        Self { db, keys, spool, shadow: Shadow::default(), clock, rng, boot, order: Arc::default() }
    }

    /// The same, telling the outside of each event.
    pub fn with_shadow(self, shadow: Shadow) -> Self {
        Self { shadow, ..self }
    }

    /// The same, written by way of another role of the same database.
    pub fn through(&self, db: Db) -> Self {
        Self { db, ..self.clone() }
    }

    /// Write what the outside is still to be told. Blocks for a moment.
    pub fn flush_shadow(&self) {
        self.shadow.flush();
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Begin a change.
    pub async fn begin(&self, context: &Context) -> sqlx::Result<Tx> {
        Ok(Tx { tx: self.db.begin().await?, log: self.clone(), context: context.clone(), events: Vec::new() })
    }

    /// Begin the log's own bookkeeping. All its statements see one moment.
    pub(super) async fn bookkeeping(&self) -> sqlx::Result<Tx> {
        let context = Context::system(RequestId::new(self.now(), &self.rng));
        Ok(Tx { tx: self.db.begin_in_one_moment().await?, log: self.clone(), context, events: Vec::new() })
    }

    /// Record that sealed data is about to be opened, and get the proof that opens it.
    pub async fn access(&self, context: &Context, event: Event) -> sqlx::Result<Access> {
        let patients = event.patients.clone();
        let event = self.write_alone(context, event).await?.id;
        Ok(Access { log: self.clone(), context: context.clone(), event, patients })
    }

    /// Record a refusal or a failure, in a transaction of its own.
    pub async fn refused(&self, context: &Context, event: Event) -> sqlx::Result<()> {
        self.write_alone(context, event).await.map(drop)
    }

    /// Record something that changes no other table: a start, a look at the log.
    pub async fn record(&self, context: &Context, event: Event) -> sqlx::Result<()> {
        self.write_alone(context, event).await.map(drop)
    }

    /// [`Log::record`], and the event as it now lies in the database.
    pub async fn recorded(&self, context: &Context, event: Event) -> sqlx::Result<Recorded> {
        self.write_alone(context, event).await
    }

    /// Whether an event could be written now. Nothing is.
    pub async fn can_write(&self, context: &Context) -> sqlx::Result<()> {
        let mut tx = self.db.begin().await?;
        self.write(&mut tx, context, &Event::done(Kind::LogViewed)).await.map(drop)
    }

    /// Record something that the log holds once under `key`. False when it was there already.
    pub async fn record_once(&self, context: &Context, key: &[u8; 32], event: &Event) -> sqlx::Result<bool> {
        let mut tx = self.db.begin().await?;
        let recorded = self.write(&mut tx, context, event).await?;
        if !insert_once(&mut tx, key, recorded.id).await? {
            return Ok(false);
        }
        tx.commit().await?;
        self.tell(&recorded);
        Ok(true)
    }

    async fn write_alone(&self, context: &Context, event: Event) -> sqlx::Result<Recorded> {
        let mut tx = self.db.begin().await?;
        let recorded = self.write(&mut tx, context, &event).await?;
        tx.commit().await?;
        self.tell(&recorded);
        Ok(recorded)
    }

    /// Tell the outside of an event that is committed.
    fn tell(&self, committed: &Recorded) {
        self.shadow.event(committed.id, &committed.payload_hash);
    }

    async fn write(&self, tx: &mut db::Tx, context: &Context, event: &Event) -> sqlx::Result<Recorded> {
        let now = self.clock.now();
        let id = self.next_id(now);
        let payload = event.payload(id, now, context, self.boot, env!("CARGO_PKG_VERSION"));
        let salt: [u8; 32] = self.rng.bytes();
        let hash = payload_hash(&salt, payload.as_bytes());
        let recorded = Recorded {
            id,
            recorded_at: now,
            kind: event.kind.word().to_owned(),
            outcome: event.outcome.word().to_owned(),
            actor_kind: context.actor.kind.word().to_owned(),
            actor_id: context.actor.id,
            payload_hash: hash.to_vec(),
            payload: self.keys.seal_log(id.0, &self.rng, &[salt.as_slice(), payload.as_bytes()].concat()),
            source_index: context.source.map(|source| self.source_index(&source.to_string())),
        };
        insert_event(tx, &recorded).await?;
        self.write_subjects(tx, id, event).await?;
        insert_pending(tx, id).await?;
        Ok(recorded)
    }

    /// Tag the event with each of its patients. A tag is made at the first event about a patient.
    async fn write_subjects(&self, tx: &mut db::Tx, id: EventId, event: &Event) -> sqlx::Result<()> {
        let patients: Vec<PatientId> = event.patients.iter().copied().collect();
        let known = || patients.iter().filter(|patient| **patient != PatientId::NOBODY);
        if insert_subjects(tx, id, &patients).await? < known().count() as u64 {
            for patient in known() {
                insert_tag(tx, *patient, self.rng.bytes()).await?;
            }
            insert_subjects(tx, id, &patients).await?;
        }
        Ok(())
    }

    /// An id that sorts after those of the same millisecond, so that the log keeps the order in which this node wrote. The 12
    /// bits behind UUIDv7's time count (RFC 9562, 6.2, method 1); past 4,096 in one millisecond chance decides.
    fn next_id(&self, now: Timestamp) -> EventId {
        const LAST: u16 = 0xfff;
        let count = {
            let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            *order = if order.0 == now { (now, LAST.min(order.1 + 1)) } else { (now, 0) };
            order.1
        };
        let mut tail: [u8; 10] = self.rng.bytes();
        tail[..2].copy_from_slice(&count.to_be_bytes());
        EventId(uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.0).unwrap_or(0), &tail).into_uuid())
    }

    /// Seal what a reviewer wrote about something in the log. It may name anybody.
    pub fn seal_remark(&self, item: Uuid, text: &str) -> Sealed {
        self.keys.seal_remark(item, &self.rng, text.as_bytes())
    }

    /// Open what [`Log::seal_remark`] made. `None` when it was altered.
    pub fn open_remark(&self, item: Uuid, sealed: &Sealed) -> Option<String> {
        String::from_utf8(self.keys.open_remark(item, sealed).ok()?.reveal().clone()).ok()
    }

    /// What stands in the clear for a network address, as the payload writes it.
    pub fn source_index(&self, address: &str) -> BlindIndex {
        blind_index::index(&self.keys, Column::EventSource, address)
    }

    /// The plain payload of a recorded event, as canonical JSON. `None` when it does not open or is not what was hashed.
    pub fn payload(&self, recorded: &Recorded) -> Option<String> {
        self.disclose(recorded).map(|disclosed| disclosed.payload)
    }

    /// The payload with its salt: what lets somebody without keys recompute the hash. `None` as for [`Log::payload`].
    pub fn disclose(&self, recorded: &Recorded) -> Option<Disclosed> {
        let opened = self.keys.open_log(recorded.id.0, &recorded.payload).ok()?.reveal_owned();
        let (salt, payload) = opened.split_first_chunk::<32>()?;
        if payload_hash(salt, payload).as_slice() != recorded.payload_hash {
            return None;
        }
        Some(Disclosed { salt: *salt, payload: str::from_utf8(payload).ok()?.to_owned() })
    }
}

impl Tx {
    /// One more thing this transaction did.
    pub fn also(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Make the change durable together with its events, `event` last.
    pub async fn commit(mut self, event: Event) -> sqlx::Result<()> {
        self.events.push(event);
        let mut written = Vec::with_capacity(self.events.len());
        for event in &self.events {
            written.push(self.log.write(&mut self.tx, &self.context, event).await?);
        }
        self.tx.commit().await?;
        written.iter().for_each(|event| self.log.tell(event));
        Ok(())
    }

    /// Make a change durable that is no act of anybody.
    pub async fn commit_bookkeeping(self, _kind: Bookkeeping) -> sqlx::Result<()> {
        self.tx.commit().await
    }
}

impl Deref for Tx {
    type Target = db::Tx;
    fn deref(&self) -> &db::Tx {
        &self.tx
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut db::Tx {
        &mut self.tx
    }
}

async fn insert_event(tx: &mut db::Tx, event: &Recorded) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query(
        "insert into audit_event (id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(event.id).bind(event.recorded_at).bind(&event.kind).bind(&event.outcome)
        .bind(&event.actor_kind).bind(event.actor_id).bind(&event.payload_hash).bind(&event.payload).bind(&event.source_index)
        .execute(conn).await.map(drop))
}

/// A patient's tag. Does nothing for one who has a tag.
async fn insert_tag(tx: &mut db::Tx, patient: PatientId, tag: [u8; 16]) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("insert into audit_subject (patient_id, tag) values ($1, $2) on conflict (patient_id) do nothing")
        .bind(patient).bind(tag.as_slice()).execute(conn).await.map(drop))
}

/// Tag the event with those of the patients who have a tag and are not on it yet: how many that were.
async fn insert_subjects(tx: &mut db::Tx, event: EventId, patients: &[PatientId]) -> sqlx::Result<u64> {
    if let [patient] = patients {
        return insert_subject(tx, event, *patient).await;
    }
    let mut inserted = 0;
    for lot in db::lots(patients.iter().copied(), PatientId::NOBODY) {
        inserted += in_tx!(tx, conn => {
            let query = sqlx::query(concat!(
                "insert into audit_event_subject (event_id, tag) select $49, tag from audit_subject where patient_id in (", many!(), ")
                 on conflict do nothing"));
            lot.iter().fold(query, |query, patient| query.bind(*patient)).bind(event).execute(conn).await.map(|done| done.rows_affected())
        })?;
    }
    Ok(inserted)
}

async fn insert_subject(tx: &mut db::Tx, event: EventId, patient: PatientId) -> sqlx::Result<u64> {
    in_tx!(tx, conn => sqlx::query(
        "insert into audit_event_subject (event_id, tag) select $2, tag from audit_subject where patient_id = $1 on conflict do nothing")
        .bind(patient).bind(event).execute(conn).await.map(|done| done.rows_affected()))
}

async fn insert_pending(tx: &mut db::Tx, event: EventId) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("insert into audit_pending (event_id) values ($1)").bind(event).execute(conn).await.map(drop))
}

/// False when another event has that key.
async fn insert_once(tx: &mut db::Tx, key: &[u8; 32], event: EventId) -> sqlx::Result<bool> {
    let written: Option<EventId> = in_tx!(tx, conn => sqlx::query_scalar(
        "insert into audit_once (key, event_id) values ($1, $2) on conflict (key) do nothing returning event_id")
        .bind(key.as_slice()).bind(event).fetch_optional(conn).await)?;
    Ok(written.is_some())
}

/// An event as it lies in the database.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Recorded {
    pub id: EventId,
    pub recorded_at: Timestamp,
    pub kind: String,
    pub outcome: String,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub payload_hash: Vec<u8>,
    pub payload: Sealed,
    /// Brings together what came from one address. `None`: from none, or the event is older than the column.
    pub source_index: Option<BlindIndex>,
}

impl Recorded {
    /// What it says was taken away, by a purge or by somebody else: [`purged_until`] tells which.
    pub fn is_emptied(&self) -> bool {
        self.payload.0.is_empty()
    }
}

/// Before when events say nothing any more, if ever a purge has emptied any.
pub async fn purged_until(tx: &mut db::Tx) -> sqlx::Result<Option<Timestamp>> {
    in_tx!(tx, conn => sqlx::query_scalar("select max(until_at) from audit_purge").fetch_one(conn).await)
}

/// What an export shows of an event, so that its hash can be checked without any key (AUD-20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    pub salt: [u8; 32],
    /// Canonical JSON, the very bytes that were hashed after the salt.
    pub payload: String,
}

/// How many events wait for their place in the tree.
pub async fn pending(tx: &mut db::Tx) -> sqlx::Result<i64> {
    in_tx!(tx, conn => sqlx::query_scalar("select count(*) from audit_pending").fetch_one(conn).await)
}

/// Which events to read. Every part narrows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub actor: Option<Uuid>,
    pub patient: Option<PatientId>,
    pub kind: Option<Kind>,
    pub outcome: Option<Outcome>,
    pub actor_kind: Option<ActorKind>,
}

/// Events of a filter after `after`, oldest first, at most `limit`. Pages follow one another without a gap.
pub async fn oldest_first(
    tx: &mut db::Tx,
    filter: &Filter,
    after: Option<(Timestamp, EventId)>,
    limit: i64,
) -> sqlx::Result<Vec<Recorded>> {
    let (after_at, after_id) = after.unwrap_or((Timestamp(i64::MIN), EventId(Uuid::nil())));
    in_tx!(tx, conn => sqlx::query_as(
        "select id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index from audit_event
         where recorded_at >= $1 and recorded_at < $2
           and ($3 is null or actor_id = $3)
           and ($4 is null or id in (
               select event_id from audit_event_subject
               join audit_subject on audit_subject.tag = audit_event_subject.tag where audit_subject.patient_id = $4))
           and ($5 is null or kind = $5) and ($6 is null or outcome = $6) and ($7 is null or actor_kind = $7)
           and (recorded_at > $8 or (recorded_at = $8 and id > $9))
         order by recorded_at, id limit $10")
        .bind(filter.from.unwrap_or(Timestamp(i64::MIN))).bind(filter.until.unwrap_or(Timestamp(i64::MAX)))
        .bind(filter.actor).bind(filter.patient).bind(filter.kind.map(Kind::word)).bind(filter.outcome.map(Outcome::word))
        .bind(filter.actor_kind.map(ActorKind::word)).bind(after_at).bind(after_id).bind(limit)
        .fetch_all(conn).await)
}
