//! The SQL of the waiting room: where a visit stands, and each step it can take. Every step is one statement that names
//! the states it may start from, raises the version, and answers with where the visit then stands.

use super::late::Late;
use super::room::Look;
use crate::appointments::VisitState;
use crate::crypto::Sealed;
use crate::db::{Tx, in_tx, lots, many};
use crate::ids::{DeviceId, PatientId, StaffId, VisitId};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// Where a visit stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    pub id: VisitId,
    pub patient_id: PatientId,
    pub clinician_id: StaffId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    #[sqlx(try_from = "String")]
    pub state: VisitState,
    pub version: i64,
    pub call_epoch: i64,
    /// The epoch that each party's page took last.
    pub patient_epoch: i64,
    pub clinician_epoch: i64,
    pub waiting_since: Option<Timestamp>,
    pub left_at: Option<Timestamp>,
    pub held_at: Option<Timestamp>,
    pub admitted_at: Option<Timestamp>,
    pub admitted_device: Option<DeviceId>,
    pub identity: Option<String>,
    pub message: Option<Sealed>,
    pub message_version: i64,
    pub check_locked_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub companion: Option<Sealed>,
    pub companion_version: i64,
    pub companion_relation: Option<String>,
    /// Why the patient has no link that works, a word.
    pub link_trouble: Option<String>,
    /// What the clinician ruled for the call: see `rules`.
    pub locked_at: Option<Timestamp>,
    pub chat_closed_at: Option<Timestamp>,
    pub sharing_allowed_at: Option<Timestamp>,
    pub sharing_since: Option<Timestamp>,
    pub relay_ruled_at: Option<Timestamp>,
    /// What the patient chose before joining.
    pub relay_wished_at: Option<Timestamp>,
}

impl Standing {
    pub fn look(&self) -> Look {
        let joined = [self.patient_epoch, self.clinician_epoch].map(|taken| taken >= self.call_epoch);
        Look {
            patient: self.patient_id,
            state: self.state,
            version: self.version,
            epoch: self.call_epoch,
            admitted_at: self.admitted_at,
            joined,
        }
    }

    /// True while an admission stands: the two may talk.
    pub fn admitted(&self) -> bool {
        self.look().admitted()
    }
}

/// The columns of a [`Standing`], spelled once for every statement of this file.
macro_rules! standing {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, patient_id, clinician_id, starts_at, ends_at, state, version,",
            " call_epoch, patient_epoch, clinician_epoch, waiting_since, left_at, held_at, admitted_at, admitted_device,",
            " identity, message, message_version, check_locked_until, ended_at, companion, companion_version, companion_relation,",
            " link_trouble, locked_at, chat_closed_at, sharing_allowed_at, sharing_since, relay_ruled_at, relay_wished_at ",
            $after
        )
    };
}

/// A visit as it stands now.
pub async fn standing(tx: &mut Tx, id: VisitId) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("select", "from visit where id = $1")).bind(id).fetch_optional(conn).await)
}

/// Visits as they stand now.
pub async fn standings(tx: &mut Tx, visits: &BTreeSet<VisitId>) -> sqlx::Result<Vec<Standing>> {
    let mut standings = Vec::with_capacity(visits.len());
    for lot in lots(visits.iter().copied(), VisitId::NONE) {
        standings.extend(in_tx!(tx, conn => {
            let query = sqlx::query_as::<_, Standing>(concat!(standing!("select", "from visit where id in ("), many!(), ")"));
            lot.iter().fold(query, |query, visit| query.bind(*visit)).fetch_all(conn).await
        })?);
    }
    Ok(standings)
}

/// The visits of one clinician that begin between two instants, and any other that is still waiting or talking.
pub async fn day(tx: &mut Tx, clinician: StaffId, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("select", "from visit where clinician_id = $1 and state <> 'cancelled'
        and ((starts_at >= $2 and starts_at < $3) or state in ('waiting', 'checking', 'in_call')) order by starts_at, id limit 500"))
        .bind(clinician).bind(from).bind(until).fetch_all(conn).await)
}

/// How many visits stand in each state in which somebody waits or talks.
pub async fn open_visits(tx: &mut Tx) -> sqlx::Result<Vec<(String, i64)>> {
    in_tx!(tx, conn => sqlx::query_as(
        "select state, count(*) from visit where state in ('waiting', 'checking', 'in_call') group by state").fetch_all(conn).await)
}

/// The visits in which this clinician talks now.
pub async fn talking(tx: &mut Tx, clinician: StaffId) -> sqlx::Result<Vec<VisitId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from visit where clinician_id = $1 and state in ('checking', 'in_call') limit 500")
        .bind(clinician).fetch_all(conn).await)
}

/// Who waits for this clinician, in the order of the queue.
pub async fn waiting(tx: &mut Tx, clinician: StaffId) -> sqlx::Result<Vec<VisitId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from visit where clinician_id = $1 and state = 'waiting'
        order by waiting_since, id limit 500").bind(clinician).fetch_all(conn).await)
}

/// What a clinician said of being late, as far as it still counts.
pub async fn late(tx: &mut Tx, clinician: StaffId, now: Timestamp) -> sqlx::Result<Option<Late>> {
    in_tx!(tx, conn => sqlx::query_as("select minutes, said_at from running_late where clinician_id = $1 and counts_until > $2")
        .bind(clinician).bind(now).fetch_optional(conn).await)
}

pub async fn run_late(tx: &mut Tx, clinician: StaffId, late: Late, counts_until: Timestamp) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("insert into running_late (clinician_id, minutes, said_at, counts_until) values ($1, $2, $3, $4)
        on conflict (clinician_id) do update set minutes = $2, said_at = $3, counts_until = $4")
        .bind(clinician).bind(late.minutes).bind(late.said_at).bind(counts_until).execute(conn).await.map(drop))
}

pub async fn on_time(tx: &mut Tx, clinician: StaffId) -> sqlx::Result<()> {
    in_tx!(tx, conn => sqlx::query("delete from running_late where clinician_id = $1").bind(clinician).execute(conn).await.map(drop))
}

/// The visits whose two parties may talk now.
pub async fn admitted_visits(tx: &mut Tx) -> sqlx::Result<Vec<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("select", "from visit where state in ('checking', 'in_call')")).fetch_all(conn).await)
}

/// The visits whose admission may have to be taken back: admitted before `before`, nobody recognised yet.
pub async fn unanswered_admissions(tx: &mut Tx, before: Timestamp) -> sqlx::Result<Vec<VisitId>> {
    in_tx!(tx, conn => sqlx::query_scalar("select id from visit where state = 'checking' and admitted_at <= $1 limit 500")
        .bind(before).fetch_all(conn).await)
}

/// The patient's page asks for a place: redeemed to waiting. False when they wait already, or are in a call.
pub async fn arrive(tx: &mut Tx, id: VisitId, now: Timestamp) -> sqlx::Result<bool> {
    let arrived: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar("update visit set state = 'waiting', waiting_since = $2, left_at = null,
        held_at = null, version = version + 1 where id = $1 and state = 'redeemed' returning id").bind(id).bind(now).fetch_optional(conn).await)?;
    Ok(arrived.is_some())
}

/// The patient left a call and comes back to it. False when they had not left one.
pub async fn come_back(tx: &mut Tx, id: VisitId) -> sqlx::Result<bool> {
    let back: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar("update visit set left_at = null, version = version + 1
        where id = $1 and left_at is not null and state in ('checking', 'in_call') returning id").bind(id).fetch_optional(conn).await)?;
    Ok(back.is_some())
}

/// The patient agreed to this version of the text. False when they had before, or to a newer one.
pub async fn consent(tx: &mut Tx, id: VisitId, version: i64, now: Timestamp) -> sqlx::Result<bool> {
    let new: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar("update visit set consent_version = $2, consented_at = $3
        where id = $1 and (consent_version is null or consent_version < $2) returning id")
        .bind(id).bind(version).bind(now).fetch_optional(conn).await)?;
    Ok(new.is_some())
}

/// Who is with the patient, sealed at this version. False when it was said anew in between.
pub async fn companion(tx: &mut Tx, id: VisitId, sealed: &Sealed, version: i64, relation: &str) -> sqlx::Result<bool> {
    let stored: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar("update visit set companion = $2, companion_version = $3,
        companion_relation = $4 where id = $1 and companion_version = $3 - 1 returning id")
        .bind(id).bind(sealed).bind(version).bind(relation).fetch_optional(conn).await)?;
    Ok(stored.is_some())
}

/// The patient leaves: out of the waiting room, or out of a call that stays open for them.
pub async fn leave(tx: &mut Tx, id: VisitId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = case state when 'waiting' then 'redeemed' else state end,
        waiting_since = null, held_at = null, left_at = $2, version = version + 1
        where id = $1 and left_at is null and state in ('waiting', 'checking', 'in_call') returning", ""))
        .bind(id).bind(now).fetch_optional(conn).await)
}

/// Waiting to checking, for the one device that waits. A new epoch: nothing of an earlier call passes any more.
pub async fn admit(tx: &mut Tx, id: VisitId, clinician: StaffId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'checking', call_epoch = call_epoch + 1, admitted_at = $3,
        admitted_device = (select visit_device.id from visit_device where visit_device.visit_id = visit.id and visit_device.ended_at is null),
        identity = null, held_at = null, left_at = null, locked_at = null, chat_closed_at = null, sharing_allowed_at = null,
        sharing_since = null, relay_ruled_at = null, version = version + 1
        where id = $1 and clinician_id = $2 and state = 'waiting' returning", ""))
        .bind(id).bind(clinician).bind(now).fetch_optional(conn).await)
}

/// Back to waiting from a call, for the clinician who admitted.
pub async fn put_back(tx: &mut Tx, id: VisitId, clinician: StaffId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'waiting', waiting_since = $3, call_epoch = call_epoch + 1,
        admitted_at = null, admitted_device = null, identity = null, left_at = null, version = version + 1
        where id = $1 and clinician_id = $2 and state in ('checking', 'in_call') returning", ""))
        .bind(id).bind(clinician).bind(now).fetch_optional(conn).await)
}

/// Back to waiting from the call of that epoch, whoever found that its two sides do not fit.
pub async fn part(tx: &mut Tx, id: VisitId, epoch: i64, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'waiting', waiting_since = $3, call_epoch = call_epoch + 1,
        admitted_at = null, admitted_device = null, identity = null, left_at = null, version = version + 1
        where id = $1 and call_epoch = $2 and state in ('checking', 'in_call') returning", ""))
        .bind(id).bind(epoch).bind(now).fetch_optional(conn).await)
}

/// Back to waiting because the admitted page stayed away. The place in the queue is kept.
pub async fn lapse(tx: &mut Tx, id: VisitId, admitted_before: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'waiting', call_epoch = call_epoch + 1, admitted_at = null,
        admitted_device = null, version = version + 1
        where id = $1 and state = 'checking' and admitted_at <= $2 returning", ""))
        .bind(id).bind(admitted_before).fetch_optional(conn).await)
}

/// Seen: the ring stops and the patient is told.
pub async fn hold(tx: &mut Tx, id: VisitId, clinician: StaffId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set held_at = $3, version = version + 1
        where id = $1 and clinician_id = $2 and state = 'waiting' and held_at is null returning", ""))
        .bind(id).bind(clinician).bind(now).fetch_optional(conn).await)
}

/// Put a sealed message on the waiting page. The version it is sealed at is `message_version` as it stood, plus one.
pub async fn message(tx: &mut Tx, id: VisitId, clinician: StaffId, sealed: &Sealed, sealed_at: i64) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set message = $3, message_version = $4, version = version + 1
        where id = $1 and clinician_id = $2 and message_version = $4 - 1 and state in ('redeemed', 'waiting', 'checking', 'in_call')
        returning", "")).bind(id).bind(clinician).bind(sealed).bind(sealed_at).fetch_optional(conn).await)
}

/// The device session is over; the visit stays open, and only a new link returns.
pub async fn remove(tx: &mut Tx, id: VisitId, clinician: StaffId) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'sent', redeemed_at = null, waiting_since = null, held_at = null,
        left_at = null, admitted_at = null, admitted_device = null, identity = null, companion = null, companion_relation = null,
        call_epoch = call_epoch + 1, version = version + 1
        where id = $1 and clinician_id = $2 and state in ('redeemed', 'waiting', 'checking', 'in_call') returning", ""))
        .bind(id).bind(clinician).fetch_optional(conn).await)
}

/// The clinician knows who is in the call: checking to in_call (ID-02).
pub async fn recognise(tx: &mut Tx, id: VisitId, clinician: StaffId, answer: &str) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'in_call', identity = $3, version = version + 1
        where id = $1 and clinician_id = $2 and state = 'checking' returning", ""))
        .bind(id).bind(clinician).bind(answer).fetch_optional(conn).await)
}

/// Not this person: back to waiting, seen, so that it does not ring again.
pub async fn not_this_person(tx: &mut Tx, id: VisitId, clinician: StaffId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'waiting', waiting_since = $3, held_at = $3,
        call_epoch = call_epoch + 1, admitted_at = null, admitted_device = null, identity = null, left_at = null, version = version + 1
        where id = $1 and clinician_id = $2 and state = 'checking' returning", ""))
        .bind(id).bind(clinician).bind(now).fetch_optional(conn).await)
}

/// Nobody new comes in, or somebody may again.
pub async fn lock(tx: &mut Tx, id: VisitId, clinician: StaffId, at: Option<Timestamp>) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set locked_at = $3, version = version + 1
        where id = $1 and clinician_id = $2 and state in ('checking', 'in_call') returning", ""))
        .bind(id).bind(clinician).bind(at).fetch_optional(conn).await)
}

/// Through relays alone, or by any way again. The call of both begins anew: nothing of the connection before passes any more, and both pages make
/// another.
pub async fn rule_relay(tx: &mut Tx, id: VisitId, clinician: StaffId, at: Option<Timestamp>) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set
        patient_epoch = case when patient_epoch >= call_epoch then call_epoch + 1 else patient_epoch end,
        clinician_epoch = case when clinician_epoch >= call_epoch then call_epoch + 1 else clinician_epoch end,
        call_epoch = call_epoch + 1, relay_ruled_at = $3, sharing_allowed_at = null, sharing_since = null, version = version + 1
        where id = $1 and clinician_id = $2 and state in ('checking', 'in_call') returning", ""))
        .bind(id).bind(clinician).bind(at).fetch_optional(conn).await)
}

/// The patient wishes it before anybody is admitted, or takes that back. False when it stands so already, or the call is on.
pub async fn wish_relay(tx: &mut Tx, id: VisitId, at: Option<Timestamp>) -> sqlx::Result<bool> {
    let new: Option<VisitId> = in_tx!(tx, conn => sqlx::query_scalar("update visit set relay_wished_at = $2, version = version + 1
        where id = $1 and state in ('redeemed', 'waiting') and (relay_wished_at is null) <> ($2 is null) returning id")
        .bind(id).bind(at).fetch_optional(conn).await)?;
    Ok(new.is_some())
}

/// No chat, or chat again. Whoever calls has the proof of who is there.
pub async fn close_chat(tx: &mut Tx, id: VisitId, at: Option<Timestamp>) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set chat_closed_at = $2, version = version + 1
        where id = $1 and state = 'in_call' returning", "")).bind(id).bind(at).fetch_optional(conn).await)
}

/// The patient may show their screen once; or may not, and does not go on. Whoever calls has the proof of who is there.
pub async fn allow_sharing(tx: &mut Tx, id: VisitId, at: Option<Timestamp>) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set sharing_allowed_at = $2,
        sharing_since = case when $2 is null then null else sharing_since end, version = version + 1
        where id = $1 and state = 'in_call' returning", "")).bind(id).bind(at).fetch_optional(conn).await)
}

/// The patient's page shows its screen. That uses up the leave to do it.
pub async fn start_sharing(tx: &mut Tx, id: VisitId, device: DeviceId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set sharing_since = $3, sharing_allowed_at = null, version = version + 1
        where id = $1 and admitted_device = $2 and state = 'in_call' and sharing_allowed_at is not null returning", ""))
        .bind(id).bind(device).bind(now).fetch_optional(conn).await)
}

/// The patient's page shows its screen no more.
pub async fn end_sharing(tx: &mut Tx, id: VisitId, device: DeviceId) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set sharing_since = null, version = version + 1
        where id = $1 and admitted_device = $2 and state = 'in_call' and sharing_since is not null returning", ""))
        .bind(id).bind(device).fetch_optional(conn).await)
}

/// The visit is over for both.
pub async fn end(tx: &mut Tx, id: VisitId, clinician: StaffId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'ended', ended_at = $3, call_epoch = call_epoch + 1,
        held_at = null, version = version + 1
        where id = $1 and clinician_id = $2 and state in ('checking', 'in_call') returning", ""))
        .bind(id).bind(clinician).bind(now).fetch_optional(conn).await)
}

/// The patient did not come.
pub async fn no_show(tx: &mut Tx, id: VisitId, clinician: StaffId, now: Timestamp) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set state = 'no_show', ended_at = $3, version = version + 1
        where id = $1 and clinician_id = $2 and starts_at <= $3 and state in ('booked', 'sent', 'redeemed') returning", ""))
        .bind(id).bind(clinician).bind(now).fetch_optional(conn).await)
}

/// The patient's page takes the call. If a page of theirs held this epoch before, a new epoch begins, and whoever is on the
/// other side follows it. A screen is shown anew only with new leave.
pub async fn patient_takes(tx: &mut Tx, id: VisitId, device: DeviceId) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set
        clinician_epoch = case when patient_epoch >= call_epoch and clinician_epoch >= call_epoch then call_epoch + 1 else clinician_epoch end,
        call_epoch = case when patient_epoch >= call_epoch then call_epoch + 1 else call_epoch end,
        patient_epoch = case when patient_epoch >= call_epoch then call_epoch + 1 else call_epoch end,
        sharing_allowed_at = null, sharing_since = null, version = version + 1
        where id = $1 and admitted_device = $2 and state in ('checking', 'in_call') returning", ""))
        .bind(id).bind(device).fetch_optional(conn).await)
}

/// The clinician's page takes the call, likewise.
pub async fn clinician_takes(tx: &mut Tx, id: VisitId, clinician: StaffId) -> sqlx::Result<Option<Standing>> {
    in_tx!(tx, conn => sqlx::query_as(standing!("update visit set
        patient_epoch = case when clinician_epoch >= call_epoch and patient_epoch >= call_epoch then call_epoch + 1 else patient_epoch end,
        call_epoch = case when clinician_epoch >= call_epoch then call_epoch + 1 else call_epoch end,
        clinician_epoch = case when clinician_epoch >= call_epoch then call_epoch + 1 else call_epoch end,
        sharing_allowed_at = null, sharing_since = null, version = version + 1
        where id = $1 and clinician_id = $2 and state in ('checking', 'in_call') returning", ""))
        .bind(id).bind(clinician).fetch_optional(conn).await)
}

/// The devices whose sessions for these visits live.
pub async fn devices(tx: &mut Tx, visits: &BTreeSet<VisitId>) -> sqlx::Result<Vec<DeviceId>> {
    let mut devices = Vec::with_capacity(visits.len());
    for lot in lots(visits.iter().copied(), VisitId::NONE) {
        devices.extend(in_tx!(tx, conn => {
            let query = sqlx::query_scalar::<_, DeviceId>(concat!(
                "select id from visit_device where ended_at is null and visit_id in (", many!(), ")"));
            lot.iter().fold(query, |query, visit| query.bind(*visit)).fetch_all(conn).await
        })?);
    }
    Ok(devices)
}
