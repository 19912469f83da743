//! Which events an export holds, read in lots: no query meets more of the log than its own part of the way.

use crate::audit::Filter;
use crate::audit::tree::{self, Tagged};
use crate::compliance::store;
use crate::db;
use crate::time::Timestamp;

/// Events read at once, about. Lower: less memory. Higher: fewer queries.
const BATCH_ROWS: u64 = 1_000;
/// Places looked at in one query at most, where few of them match. Lower: less memory where many match suddenly. Higher: a rare thing is found sooner.
const STRIDE_MAX: u64 = 8 * BATCH_ROWS;

/// Where the events are read from.
pub struct Selection {
    filter: Filter,
    /// The tag of the patient asked for. Of one whom the log does not know there is none.
    tag: Option<Vec<u8>>,
    /// The first place that may match, and the first beyond.
    pub from: u64,
    pub until: u64,
}

impl Selection {
    pub async fn of(tx: &mut db::Tx, filter: &Filter, until: u64) -> sqlx::Result<Self> {
        let tag = match filter.patient {
            Some(patient) => store::tag(tx, patient).await?,
            None => None,
        };
        let mut selection = Self { filter: filter.clone(), tag, from: 0, until };
        if filter.from.is_some() || filter.until.is_some() {
            let (from, end) = (filter.from.unwrap_or(Timestamp(i64::MIN)), filter.until.unwrap_or(Timestamp(i64::MAX)));
            let (first, last) = tree::period(tx, from, end).await?.unwrap_or_default();
            selection.from = first.cast_unsigned();
            selection.until = until.min((last + 1).cast_unsigned());
        }
        if let Some(tag) = &selection.tag {
            let first = tree::matching_of(tx, tag, filter, 0, selection.until.cast_signed(), 1).await?;
            selection.from = first.first().map_or(until, |first| first.place.cast_unsigned());
        }
        Ok(selection)
    }

    pub fn is_everything(&self) -> bool {
        self.filter == Filter::default()
    }

    /// The next lot of the walk, `None` behind its end.
    pub async fn next(&self, tx: &mut db::Tx, walk: &mut Walk) -> sqlx::Result<Option<Lot>> {
        let lot = match &self.tag {
            Some(tag) => self.next_of(tx, tag, walk).await?,
            None if self.filter.patient.is_some() => None,
            None => self.next_stride(tx, walk).await?,
        };
        if let Some(lot) = &lot {
            walk.reached = lot.reached;
        }
        Ok(lot)
    }

    /// From number to number of the tag.
    async fn next_of(&self, tx: &mut db::Tx, tag: &[u8], walk: &mut Walk) -> sqlx::Result<Option<Lot>> {
        let events = tree::matching_of(tx, tag, &self.filter, walk.turn, self.until.cast_signed(), BATCH_ROWS.cast_signed()).await?;
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
        walk.turn = last.turn + 1;
        let (tagged, reached) = (tree::tagged_of(tx, tag, first.turn, last.turn).await?, last.place.cast_unsigned() + 1);
        Ok(Some(Lot { events, tagged, reached }))
    }

    /// Over some places, whether their events match or not: more of them the fewer did. What a query meets has a bound then, whatever the
    /// database believes of the filter.
    async fn next_stride(&self, tx: &mut db::Tx, walk: &mut Walk) -> sqlx::Result<Option<Lot>> {
        let from = walk.reached.max(self.from);
        if from >= self.until {
            return Ok(None);
        }
        let reached = self.until.min(from + walk.stride);
        let events = tree::matching(tx, &self.filter, from.cast_signed(), reached.cast_signed(), STRIDE_MAX.cast_signed()).await?;
        walk.stride = match events.len() as u64 {
            found if found < BATCH_ROWS / 2 => STRIDE_MAX.min(walk.stride * 2),
            found if found > BATCH_ROWS => BATCH_ROWS.max(walk.stride / 2),
            _ => walk.stride,
        };
        let tagged = match (events.first(), events.last()) {
            (Some(first), Some(last)) => tree::tagged(tx, first.place, last.place).await?,
            _ => Vec::new(),
        };
        Ok(Some(Lot { events, tagged, reached }))
    }
}

/// How far a walk over a selection is.
pub struct Walk {
    /// The first place that was not looked at.
    reached: u64,
    /// The next number of the tag, where there is one.
    turn: i64,
    /// How many places are looked at next.
    stride: u64,
}

impl Walk {
    pub fn new() -> Self {
        Self { reached: 0, turn: 0, stride: BATCH_ROWS }
    }
}

/// Some events of a selection, the tags on them, and the first place behind those that were looked at.
pub struct Lot {
    pub events: Vec<tree::Matched>,
    pub tagged: Vec<Tagged>,
    pub reached: u64,
}
