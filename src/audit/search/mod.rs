//! Pages of the log: of a filter, in an order, after a mark.
//!
//! A page costs about the same wherever it lies in millions of events: it goes on from the last row of the page before, along an
//! index that has the order. The id of an event begins with its time, so the order of ids is that of time, and a period is a
//! range of ids.
//!
//! Who, what and how it ended begin an index in every combination, each outcome along its own part, so a page in the order of time reads no
//! event that it does not show. By address or by patient there is no index for each filter: one that leaves few events is sorted whole; one
//! that leaves many is met along an index of the order, where one of its events is seldom far.

mod store;

use super::{Filter, Recorded};
use crate::db::Tx;
use crate::ids::EventId;
use crate::time::Timestamp;
use store::{Ask, Narrow};
pub use store::{accounts, kinds};
use uuid::Uuid;

/// Events that are sorted for one page. Higher: a filter that leaves more than so many is met along the order's index, among more others.
/// Lower: less to sort. The index of a filter holds the address; for the patient each event is looked up, either way.
const SORTED_BY_SOURCE_MAX: i64 = 60_000;
const SORTED_BY_PATIENT_MAX: i64 = 20_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// The newest, and the end of the alphabet, first.
    #[default]
    Down,
    Up,
}

/// A column whose order is that of keys, which tell nothing to a reader: what has one key stands together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyed {
    /// The network address.
    Source,
    /// The patient. An event about several stands once for each.
    Patient,
}

/// Where a page of keyed events ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// `None`: among those without a key, which stand last both ways.
    pub key: Option<Vec<u8>>,
    pub id: EventId,
}

/// An event at its place in a keyed order.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Placed {
    #[sqlx(flatten)]
    pub event: Recorded,
    pub key: Option<Vec<u8>>,
}

/// Events in the order of time, after `after`, at most `limit`.
pub async fn in_time(
    tx: &mut Tx,
    filter: &Filter,
    direction: Direction,
    after: Option<EventId>,
    limit: i64,
) -> sqlx::Result<Vec<Recorded>> {
    let Some(narrow) = narrowed(tx, filter).await? else { return Ok(Vec::new()) };
    store::in_time(tx, &Ask { filter, narrow, bounds: bounds(filter, direction, after), limit }, direction).await
}

/// Events in the order of a keyed column, after `after`, at most `limit`. Those that have no key come last.
pub async fn keyed(
    tx: &mut Tx,
    filter: &Filter,
    column: Keyed,
    direction: Direction,
    after: Option<&Mark>,
    limit: i64,
) -> sqlx::Result<Vec<Placed>> {
    let Some(narrow) = narrowed(tx, filter).await? else { return Ok(Vec::new()) };
    let ask = Ask { filter, narrow, bounds: bounds(filter, direction, None), limit };
    let mut rows = Vec::new();
    if after.is_none_or(|mark| mark.key.is_some()) {
        let from = from_mark(direction, after);
        rows = match leaves_few(tx, &ask, column).await? {
            true => store::sorted(tx, &ask, column, direction, &from).await?,
            false => store::along(tx, &ask, column, direction, &from).await?,
        };
    }
    let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
    if left > 0 {
        let after = after.filter(|mark| mark.key.is_none()).map(|mark| mark.id);
        let ask = Ask { bounds: bounds(filter, direction, after), limit: left, ..ask };
        let keyless = match column {
            Keyed::Source => store::sourceless(tx, &ask, direction).await?,
            Keyed::Patient => store::patientless(tx, &ask, direction).await?,
        };
        rows.extend(keyless.into_iter().map(|event| Placed { event, key: None }));
    }
    Ok(rows)
}

/// Whether the filter leaves so few that they can be sorted whole.
async fn leaves_few(tx: &mut Tx, ask: &Ask<'_>, column: Keyed) -> sqlx::Result<bool> {
    let max = match column {
        Keyed::Source => SORTED_BY_SOURCE_MAX,
        Keyed::Patient => SORTED_BY_PATIENT_MAX,
    };
    match ask.narrow {
        // One patient's never are many.
        Narrow::Patient(_) => Ok(true),
        _ if *ask.filter == Filter::default() => Ok(false),
        _ => Ok(store::count(tx, &Ask { limit: max + 1, ..ask.clone() }).await? <= max),
    }
}

/// What the filter is about. An account is one of staff; a party by itself is any other. `None`: nothing can match.
async fn narrowed(tx: &mut Tx, filter: &Filter) -> sqlx::Result<Option<Narrow>> {
    if let Some(patient) = filter.patient {
        return Ok(store::tag(tx, patient).await?.map(Narrow::Patient));
    }
    let kind = filter.kind.is_some();
    Ok(Some(match (filter.actor, filter.actor_kind) {
        (Some(_), _) if kind => Narrow::PersonKind,
        (Some(_), _) => Narrow::Person,
        (_, Some(_)) if kind => Narrow::PartyKind,
        (_, Some(_)) => Narrow::Party,
        _ if kind => Narrow::Kind,
        _ => Narrow::All,
    }))
}

/// The ids between which all of a period lies, without the two themselves, and after the last of the page before.
fn bounds(filter: &Filter, direction: Direction, after: Option<EventId>) -> (EventId, EventId) {
    let low = filter.from.map_or(Uuid::nil(), first_of);
    let high = filter.until.map_or(Uuid::max(), first_of);
    match (direction, after) {
        (_, None) => (EventId(low), EventId(high)),
        (Direction::Up, Some(after)) => (EventId(low.max(after.0)), EventId(high)),
        (Direction::Down, Some(after)) => (EventId(low), EventId(high.min(after.0))),
    }
}

/// The first id that an event of this millisecond could have. No event has it: the version's bits are zero.
fn first_of(at: Timestamp) -> Uuid {
    const LAST_MS: u64 = (1 << 48) - 1;
    Uuid::from_u128(u128::from(u64::try_from(at.0).unwrap_or(0).min(LAST_MS)) << 80)
}

/// The key and id after which the page begins, before all others if it is the first.
fn from_mark(direction: Direction, after: Option<&Mark>) -> (Vec<u8>, EventId) {
    match (after, direction) {
        (Some(Mark { key: Some(key), id }), _) => (key.clone(), *id),
        (_, Direction::Up) => (Vec::new(), EventId(Uuid::nil())),
        // Longer than any key, and after all of them.
        (_, Direction::Down) => (vec![0xff; 17], EventId(Uuid::max())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_range_of_ids() {
        let at = Timestamp(1_795_447_800_000);
        let id = uuid::Builder::from_unix_timestamp_millis(at.0.cast_unsigned(), &[0; 10]).into_uuid();
        let of = |from: i64, until: i64| {
            let filter = Filter { from: Some(Timestamp(from)), until: Some(Timestamp(until)), ..Filter::default() };
            let (low, high) = bounds(&filter, Direction::Up, None);
            low.0 < id && id < high.0
        };
        assert!(of(at.0, at.0 + 1), "the first of its millisecond, which begins the period");
        assert!(!of(at.0 - 5, at.0), "the end is not in it");
        assert!(!of(at.0 + 1, at.0 + 5));
        assert!(of(i64::MIN, i64::MAX), "times that no id can bear");
    }
}
