//! The SQL of searches. One statement has one text, so there is one for each index and order; macros put them together.

use super::{Direction, Keyed, Placed};
use crate::audit::{ActorKind, Filter, Kind, Outcome, Recorded};
use crate::db::{Tx, in_tx};
use crate::ids::{EventId, PatientId};
use uuid::Uuid;

/// What a filter is about, beside the outcome and the period: the beginning of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrow {
    All,
    Kind,
    /// A member of staff.
    Person,
    PersonKind,
    /// Any other kind of party.
    Party,
    PartyKind,
    /// The patient's tag.
    Patient(Vec<u8>),
}

/// What is asked of the log: a filter, what it is about, the ids between which all lies, how many.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    pub filter: &'a Filter,
    pub narrow: Narrow,
    pub bounds: (EventId, EventId),
    pub limit: i64,
}

macro_rules! columns {
    () => {
        "audit_event.id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index"
    };
}

/// Every part of a filter but the patient and the period.
macro_rules! matching {
    () => {
        " ($3 is null or actor_id = $3) and ($4 is null or kind = $4) and ($5 is null or outcome = $5) and ($6 is null or actor_kind = $6) "
    };
}

/// The beginning of an index, in its very words where it is one of a part.
macro_rules! begins {
    (All) => {
        ""
    };
    (Kind) => {
        "kind = $4 and "
    };
    (Person) => {
        "actor_kind = 'staff' and actor_id = $3 and "
    };
    (PersonKind) => {
        "actor_kind = 'staff' and actor_id = $3 and kind = $4 and "
    };
    (Party) => {
        "actor_kind <> 'staff' and actor_kind = $6 and "
    };
    (PartyKind) => {
        "actor_kind <> 'staff' and actor_kind = $6 and kind = $4 and "
    };
}

/// The events of one outcome along an index, of which no more than these are read.
macro_rules! of_outcome {
    ($begins:expr, $outcome:literal, $more:expr, $end:expr) => {
        concat!(
            "select * from (select audit_event.id as found_id, source_index as key from audit_event where ",
            $begins,
            "outcome = '",
            $outcome,
            "' and ($5 is null or $5 = '",
            $outcome,
            "') and audit_event.id > $1 and audit_event.id < $2 ",
            $more,
            $end,
            ") as ",
            $outcome
        )
    };
}

/// The ids and addresses of a filter's events, each outcome along its own part of the index. `$more` narrows, `$end` ends each part.
macro_rules! found {
    (Patient, $more:expr, $end:expr) => {
        concat!(
            "select * from (select own.event_id as found_id, source_index as key from audit_event_subject as own cross join audit_event
             where audit_event.id = own.event_id and own.tag = $8 and own.event_id > $1 and own.event_id < $2 and",
            matching!(),
            $more,
            $end,
            ") as theirs"
        )
    };
    (All, $more:expr, $end:expr) => {
        concat!(
            of_outcome!("", "success", $more, $end),
            " union all ",
            of_outcome!("outcome <> 'success' and ", "refused", $more, $end),
            " union all ",
            of_outcome!("outcome <> 'success' and ", "failed", $more, $end)
        )
    };
    ($index:ident, $more:expr, $end:expr) => {
        concat!(
            of_outcome!(begins!($index), "success", $more, $end),
            " union all ",
            of_outcome!(begins!($index), "refused", $more, $end),
            " union all ",
            of_outcome!(begins!($index), "failed", $more, $end)
        )
    };
}

/// `$text!(index)` of whichever index it is.
macro_rules! of_index {
    ($narrow:expr, $text:ident) => {
        match $narrow {
            Narrow::All => $text!(All),
            Narrow::Kind => $text!(Kind),
            Narrow::Person => $text!(Person),
            Narrow::PersonKind => $text!(PersonKind),
            Narrow::Party => $text!(Party),
            Narrow::PartyKind => $text!(PartyKind),
            Narrow::Patient(_) => $text!(Patient),
        }
    };
}

/// Ask a text with the parts of a filter as `$1` to `$6`, the limit as `$7` and the tag of a filter's patient as `$8`.
macro_rules! asked {
    ($query:path, $text:expr, $ask:expr) => {{
        let (text, ask): (&'static str, &Ask) = ($text, $ask);
        let tag = match &ask.narrow {
            Narrow::Patient(tag) => Some(tag.clone()),
            _ => None,
        };
        $query(text)
            .bind(ask.bounds.0)
            .bind(ask.bounds.1)
            .bind(ask.filter.actor)
            .bind(ask.filter.kind.map(Kind::word))
            .bind(ask.filter.outcome.map(Outcome::word))
            .bind(ask.filter.actor_kind.map(ActorKind::word))
            .bind(ask.limit)
            .bind(tag)
    }};
}

/// A page in the order of time, of events that `$more` narrows. The rows are read when it is known which.
macro_rules! page_in_time {
    ($index:ident, $more:expr, $direction:literal) => {
        concat!(
            "with page as materialized (select found_id from (",
            found!($index, $more, concat!("order by found_id ", $direction, "limit $7")),
            ") as found order by found_id ",
            $direction,
            "limit $7) select ",
            columns!(),
            " from page cross join audit_event where audit_event.id = found_id order by found_id ",
            $direction
        )
    };
}

/// A page in the order of keys, out of `found (found_id, key)`.
macro_rules! page_of_keys {
    ($page:expr, $direction:literal) => {
        concat!(
            $page,
            " select ",
            columns!(),
            ", page.key from page cross join audit_event where audit_event.id = found_id order by page.key ",
            $direction,
            ", found_id ",
            $direction
        )
    };
}

/// All accounts that the log names, one step along the index for each.
pub async fn accounts(tx: &mut Tx) -> sqlx::Result<Vec<Uuid>> {
    let named: Vec<Option<Uuid>> = in_tx!(tx, conn => sqlx::query_scalar(
        "with recursive named (id) as (
             select (select actor_id from audit_event where actor_kind = 'staff' and actor_id is not null order by actor_id limit 1)
             union all
             select (select actor_id from audit_event where actor_kind = 'staff' and actor_id > named.id order by actor_id limit 1)
             from named where named.id is not null)
         select id from named")
        .fetch_all(conn).await)?;
    Ok(named.into_iter().flatten().collect())
}

/// All kinds of event that the log holds, one step along the index for each.
pub async fn kinds(tx: &mut Tx) -> sqlx::Result<Vec<String>> {
    let held: Vec<Option<String>> = in_tx!(tx, conn => sqlx::query_scalar(
        "with recursive held (kind) as (
             select (select kind from audit_event order by kind limit 1)
             union all
             select (select kind from audit_event where audit_event.kind > held.kind order by kind limit 1)
             from held where held.kind is not null)
         select kind from held")
        .fetch_all(conn).await)?;
    Ok(held.into_iter().flatten().collect())
}

/// The patient's tag, if the log knows them.
pub async fn tag(tx: &mut Tx, patient: PatientId) -> sqlx::Result<Option<Vec<u8>>> {
    in_tx!(tx, conn => sqlx::query_scalar("select tag from audit_subject where patient_id = $1").bind(patient).fetch_optional(conn).await)
}

pub async fn in_time(tx: &mut Tx, ask: &Ask<'_>, direction: Direction) -> sqlx::Result<Vec<Recorded>> {
    macro_rules! up {
        ($index:ident) => {
            page_in_time!($index, "", " ")
        };
    }
    macro_rules! down {
        ($index:ident) => {
            page_in_time!($index, "", "desc ")
        };
    }
    let text = match direction {
        Direction::Up => of_index!(ask.narrow, up),
        Direction::Down => of_index!(ask.narrow, down),
    };
    in_tx!(tx, conn => asked!(sqlx::query_as, text, ask).fetch_all(conn).await)
}

/// How many events match, counted up to the limit.
pub async fn count(tx: &mut Tx, ask: &Ask<'_>) -> sqlx::Result<i64> {
    macro_rules! text {
        ($index:ident) => {
            concat!("select count(*) from (select 1 from (", found!($index, "", "limit $7"), ") as found limit $7) as counted")
        };
    }
    let text = of_index!(ask.narrow, text);
    in_tx!(tx, conn => asked!(sqlx::query_scalar, text, ask).fetch_one(conn).await)
}

/// The events that came from no address, in the order of time.
pub async fn sourceless(tx: &mut Tx, ask: &Ask<'_>, direction: Direction) -> sqlx::Result<Vec<Recorded>> {
    macro_rules! up {
        ($index:ident) => {
            page_in_time!($index, "and source_index is null ", " ")
        };
    }
    macro_rules! down {
        ($index:ident) => {
            page_in_time!($index, "and source_index is null ", "desc ")
        };
    }
    let text = match direction {
        Direction::Up => of_index!(ask.narrow, up),
        Direction::Down => of_index!(ask.narrow, down),
    };
    in_tx!(tx, conn => asked!(sqlx::query_as, text, ask).fetch_all(conn).await)
}

/// The events about nobody, in the order of time.
pub async fn patientless(tx: &mut Tx, ask: &Ask<'_>, direction: Direction) -> sqlx::Result<Vec<Recorded>> {
    macro_rules! about_nobody {
        () => {
            "and not exists (select 1 from audit_event_subject as its where its.event_id = audit_event.id) "
        };
    }
    macro_rules! up {
        ($index:ident) => {
            page_in_time!($index, about_nobody!(), " ")
        };
    }
    macro_rules! down {
        ($index:ident) => {
            page_in_time!($index, about_nobody!(), "desc ")
        };
    }
    let text = match direction {
        Direction::Up => of_index!(ask.narrow, up),
        Direction::Down => of_index!(ask.narrow, down),
    };
    in_tx!(tx, conn => asked!(sqlx::query_as, text, ask).fetch_all(conn).await)
}

/// Few events with a key, sorted whole, after `from`.
pub async fn sorted(
    tx: &mut Tx,
    ask: &Ask<'_>,
    column: Keyed,
    direction: Direction,
    from: &(Vec<u8>, EventId),
) -> sqlx::Result<Vec<Placed>> {
    macro_rules! by_source {
        ($index:ident) => {
            concat!("with found as materialized (", found!($index, "and source_index is not null", ""), "),")
        };
    }
    macro_rules! by_patient {
        ($index:ident) => {
            concat!(
                "with matching as materialized (",
                found!($index, "", ""),
                "), found as materialized (
                     select found_id, its.tag as key from matching cross join audit_event_subject as its where its.event_id = found_id),"
            )
        };
    }
    macro_rules! up {
        ($found:ident, $index:ident) => {
            page_of_keys!(
                concat!(
                    $found!($index),
                    " page as materialized (
                         select found_id, key from found where (key, found_id) > ($9, $10) order by key, found_id limit $7)"
                ),
                ""
            )
        };
    }
    macro_rules! down {
        ($found:ident, $index:ident) => {
            page_of_keys!(
                concat!(
                    $found!($index),
                    " page as materialized (
                         select found_id, key from found where (key, found_id) < ($9, $10) order by key desc, found_id desc limit $7)"
                ),
                "desc"
            )
        };
    }
    macro_rules! source_up {
        ($index:ident) => {
            up!(by_source, $index)
        };
    }
    macro_rules! source_down {
        ($index:ident) => {
            down!(by_source, $index)
        };
    }
    macro_rules! patient_up {
        ($index:ident) => {
            up!(by_patient, $index)
        };
    }
    macro_rules! patient_down {
        ($index:ident) => {
            down!(by_patient, $index)
        };
    }
    let text = match (column, direction) {
        (Keyed::Source, Direction::Up) => of_index!(ask.narrow, source_up),
        (Keyed::Source, Direction::Down) => of_index!(ask.narrow, source_down),
        (Keyed::Patient, Direction::Up) => of_index!(ask.narrow, patient_up),
        (Keyed::Patient, Direction::Down) => of_index!(ask.narrow, patient_down),
    };
    placed(tx, text, ask, from).await
}

/// The next events that match along the index of the keys, after `from`.
pub async fn along(
    tx: &mut Tx,
    ask: &Ask<'_>,
    column: Keyed,
    direction: Direction,
    from: &(Vec<u8>, EventId),
) -> sqlx::Result<Vec<Placed>> {
    // `not (id <= ..)` where `id > ..` is meant: SQLite would take the period for a way to begin, and sort what it leaves.
    macro_rules! by_source {
        ($begins:expr, $beyond:literal, $direction:literal) => {
            page_of_keys!(
                concat!(
                    "with page as materialized (select audit_event.id as found_id, source_index as key from audit_event where ",
                    $begins,
                    " (source_index, audit_event.id) ",
                    $beyond,
                    " ($9, $10) and not (audit_event.id <= $1) and not (audit_event.id >= $2) and",
                    matching!(),
                    "order by source_index ",
                    $direction,
                    ", audit_event.id ",
                    $direction,
                    " limit $7)"
                ),
                $direction
            )
        };
    }
    macro_rules! up {
        ($begins:expr) => {
            by_source!($begins, ">", "")
        };
    }
    macro_rules! down {
        ($begins:expr) => {
            by_source!($begins, "<", "desc")
        };
    }
    macro_rules! of_source_index {
        ($text:ident) => {
            match ask.narrow {
                Narrow::Kind | Narrow::PersonKind | Narrow::PartyKind => $text!("source_index is not null and kind = $4 and "),
                Narrow::Party => $text!("source_index is not null and actor_kind <> 'staff' and actor_kind = $6 and "),
                _ => $text!(""),
            }
        };
    }
    // A count and not a join: PostgreSQL would begin with the events, and sort them.
    macro_rules! by_patient {
        ($beyond:literal, $direction:literal) => {
            page_of_keys!(
                concat!(
                    "with page as materialized (
                         select its.event_id as found_id, its.tag as key from audit_event_subject as its where (its.tag, its.event_id) ",
                    $beyond,
                    " ($9, $10) and not (its.event_id <= $1) and not (its.event_id >= $2)
                         and (select count(*) from audit_event where audit_event.id = its.event_id and",
                    matching!(),
                    ") = 1 order by its.tag ",
                    $direction,
                    ", its.event_id ",
                    $direction,
                    " limit $7)"
                ),
                $direction
            )
        };
    }
    let text = match (column, direction) {
        (Keyed::Source, Direction::Up) => of_source_index!(up),
        (Keyed::Source, Direction::Down) => of_source_index!(down),
        (Keyed::Patient, Direction::Up) => by_patient!(">", ""),
        (Keyed::Patient, Direction::Down) => by_patient!("<", "desc"),
    };
    placed(tx, text, ask, from).await
}

/// Not prepared for the next time: for parts that it does not know, PostgreSQL would take another way.
async fn placed(tx: &mut Tx, text: &'static str, ask: &Ask<'_>, from: &(Vec<u8>, EventId)) -> sqlx::Result<Vec<Placed>> {
    in_tx!(tx, conn => asked!(sqlx::query_as, text, ask).bind(&from.0).bind(from.1).persistent(false).fetch_all(conn).await)
}
