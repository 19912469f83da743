//! The sealed rows against the log: `anteroom audit verify --rows` (CRY-04).
//!
//! An older value that somebody puts back, together with the number it was sealed at, opens. The event of each write holds a hash of what was
//! sealed, so the newest one names another value. `model` decides; nothing is opened here, and no key of a patient is needed.

mod model;
mod store;

pub use model::{Compared, Written, WrongRow};

use super::model::{Finding, Report};
use crate::audit::{Log, tree};
use crate::db;
use crate::ids::EventId;
use model::Held;
use store::After;
use uuid::Uuid;

/// Rows and events read at once. Lower: less memory. Higher: fewer queries.
const BATCH: i64 = 2_000;
/// Before every row.
const FIRST: After = (Uuid::nil(), 0);

/// Compare every sealed row that `tx` sees with what `written` learned from the events that have a place. Those that wait for one are newer.
pub async fn compare(tx: &mut db::Tx, log: &Log, mut written: Written, report: &mut Report) -> sqlx::Result<()> {
    let mut after = EventId(Uuid::nil());
    loop {
        let waiting = tree::events_without_place(tx, after, BATCH).await?;
        let Some(last) = waiting.last() else { break };
        after = last.id;
        waiting.iter().filter_map(|event| Some((event, log.disclose(event)?))).for_each(|(event, said)| written.learn(event, &said));
    }
    let mut work = Work { written, compared: Compared::default(), purged: report.removed > 0, report };
    macro_rules! all {
        ($batch:path) => {
            let mut after = FIRST;
            loop {
                let (last, held) = $batch(tx, after, BATCH).await?;
                work.take(&held);
                let Some(last) = last else { break };
                after = last;
            }
        };
    }
    all!(store::patients);
    all!(store::visits);
    all!(store::notes);
    all!(store::entries);
    all!(store::remarks);
    all!(store::emergencies);
    let Work { written, compared, report, .. } = work;
    written.gone().into_iter().for_each(|gone| report.find(Finding::Row(gone)));
    report.rows = Some(compared);
    Ok(())
}

struct Work<'a> {
    written: Written,
    compared: Compared,
    purged: bool,
    report: &'a mut Report,
}

impl Work<'_> {
    fn take(&mut self, held: &[Held]) {
        for held in held {
            if let Some(wrong) = self.written.compare(held, self.purged, &mut self.compared) {
                self.report.find(Finding::Row(wrong));
            }
        }
    }
}
