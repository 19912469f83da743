//! The SQL of searches. One statement has one text, so there is one for each index and order; macros put them together.

use super::{Direction, Keyed, Placed};
use crate::audit::{ActorKind, Filter, Kind, Outcome, Recorded};
use crate::db::{Tx, in_tx};
use crate::ids::{EventId, PatientId};
use uuid::Uuid;

/// The index that leaves the fewest events of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrow {
    All,
    Kind,
    Person,
    PersonKind,
    Party,
    PartyKind,
    Trouble,
    TroubleKind,
    TroublePerson,
    /// The patient's tag.
    Patient(Vec<u8>),
}

macro_rules! columns {
    () => {
        "audit_event.id, recorded_at, kind, outcome, actor_kind, actor_id, payload_hash, payload, source_index"
    };
}

/// Every part of a filter but the patient. `$1` and `$2` are ids, neither of them included.
macro_rules! matching {
    () => {
        " ($3 is null or actor_id = $3) and ($4 is null or kind = $4) and ($5 is null or outcome = $5) \
          and ($6 is null or actor_kind = $6) and audit_event.id > $1 and audit_event.id < $2 "
    };
}

/// The events that an index leaves, and what else of the filter they must meet. In the very words of the index, where it is one of a part.
macro_rules! events {
    (All) => {
        concat!(" from audit_event where", matching!())
    };
    (Kind) => {
        concat!(" from audit_event where kind = $4 and", matching!())
    };
    (Person) => {
        concat!(" from audit_event where actor_kind = 'staff' and actor_id = $3 and", matching!())
    };
    (PersonKind) => {
        concat!(" from audit_event where actor_kind = 'staff' and actor_id = $3 and kind = $4 and", matching!())
    };
    (Party) => {
        concat!(" from audit_event where actor_kind <> 'staff' and actor_kind = $6 and", matching!())
    };
    (PartyKind) => {
        concat!(" from audit_event where actor_kind <> 'staff' and actor_kind = $6 and kind = $4 and", matching!())
    };
    (Trouble) => {
        concat!(" from audit_event where outcome <> 'success' and outcome = $5 and", matching!())
    };
    (TroubleKind) => {
        concat!(" from audit_event where outcome <> 'success' and outcome = $5 and kind = $4 and", matching!())
    };
    (TroublePerson) => {
        concat!(" from audit_event where outcome <> 'success' and outcome = $5 and actor_id = $3 and", matching!())
    };
    (Patient) => {
        concat!(
            " from audit_event_subject as own cross join audit_event
             where audit_event.id = own.event_id and own.tag = $8 and own.event_id > $1 and own.event_id < $2 and",
            matching!()
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
            Narrow::Trouble => $text!(Trouble),
            Narrow::TroubleKind => $text!(TroubleKind),
            Narrow::TroublePerson => $text!(TroublePerson),
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

/// What is asked of the log: a filter, the index that leaves the fewest of it, the ids between which all lies, how many.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    pub filter: &'a Filter,
    pub narrow: Narrow,
    pub bounds: (EventId, EventId),
    pub limit: i64,
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
        (Patient) => {
            concat!("select ", columns!(), events!(Patient), "order by own.event_id limit $7")
        };
        ($index:ident) => {
            concat!("select ", columns!(), events!($index), "order by audit_event.id limit $7")
        };
    }
    macro_rules! down {
        (Patient) => {
            concat!("select ", columns!(), events!(Patient), "order by own.event_id desc limit $7")
        };
        ($index:ident) => {
            concat!("select ", columns!(), events!($index), "order by audit_event.id desc limit $7")
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
            concat!("select count(*) from (select 1", events!($index), "limit $7) as some_of_them")
        };
    }
    let text = of_index!(ask.narrow, text);
    in_tx!(tx, conn => asked!(sqlx::query_scalar, text, ask).fetch_one(conn).await)
}

/// The events that came from no address, in the order of time.
pub async fn sourceless(tx: &mut Tx, ask: &Ask<'_>, direction: Direction) -> sqlx::Result<Vec<Recorded>> {
    macro_rules! up {
        ($index:ident) => {
            concat!("select ", columns!(), events!($index), "and source_index is null order by audit_event.id limit $7")
        };
    }
    macro_rules! down {
        ($index:ident) => {
            concat!("select ", columns!(), events!($index), "and source_index is null order by audit_event.id desc limit $7")
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
            "and not exists (select 1 from audit_event_subject as its where its.event_id = audit_event.id) order by audit_event.id "
        };
    }
    macro_rules! up {
        ($index:ident) => {
            concat!("select ", columns!(), events!($index), about_nobody!(), "limit $7")
        };
    }
    macro_rules! down {
        ($index:ident) => {
            concat!("select ", columns!(), events!($index), about_nobody!(), "desc limit $7")
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
            concat!(
                "with found as materialized (select audit_event.id as found_id, source_index as key",
                events!($index),
                "and source_index is not null),"
            )
        };
    }
    macro_rules! by_patient {
        ($index:ident) => {
            concat!(
                "with matching as materialized (select audit_event.id as found_id",
                events!($index),
                "), found as materialized (
                     select found_id, its.tag as key from matching join audit_event_subject as its on its.event_id = found_id),"
            )
        };
    }
    macro_rules! page_up {
        ($found:ident, $index:ident) => {
            concat!(
                $found!($index),
                " page as materialized (
                     select found_id, key from found where (key, found_id) > ($9, $10) order by key, found_id limit $7)
                 select ",
                columns!(),
                ", key from page join audit_event on audit_event.id = found_id order by key, found_id"
            )
        };
    }
    macro_rules! page_down {
        ($found:ident, $index:ident) => {
            concat!(
                $found!($index),
                " page as materialized (
                     select found_id, key from found where (key, found_id) < ($9, $10) order by key desc, found_id desc limit $7)
                 select ",
                columns!(),
                ", key from page join audit_event on audit_event.id = found_id order by key desc, found_id desc"
            )
        };
    }
    macro_rules! source_up {
        ($index:ident) => {
            page_up!(by_source, $index)
        };
    }
    macro_rules! source_down {
        ($index:ident) => {
            page_down!(by_source, $index)
        };
    }
    macro_rules! patient_up {
        ($index:ident) => {
            page_up!(by_patient, $index)
        };
    }
    macro_rules! patient_down {
        ($index:ident) => {
            page_down!(by_patient, $index)
        };
    }
    let text = match (column, direction) {
        (Keyed::Source, Direction::Up) => of_index!(ask.narrow, source_up),
        (Keyed::Source, Direction::Down) => of_index!(ask.narrow, source_down),
        (Keyed::Patient, Direction::Up) => of_index!(ask.narrow, patient_up),
        (Keyed::Patient, Direction::Down) => of_index!(ask.narrow, patient_down),
    };
    in_tx!(tx, conn => asked!(sqlx::query_as, text, ask).bind(&from.0).bind(from.1).fetch_all(conn).await)
}

/// The next events that match along the index of the keys, after `from`.
pub async fn along(
    tx: &mut Tx,
    ask: &Ask<'_>,
    column: Keyed,
    direction: Direction,
    from: &(Vec<u8>, EventId),
) -> sqlx::Result<Vec<Placed>> {
    macro_rules! by_source {
        () => {
            concat!("select ", columns!(), ", source_index as key from audit_event where", matching!())
        };
    }
    macro_rules! by_patient {
        () => {
            concat!(
                "select ",
                columns!(),
                ", its.tag as key from audit_event_subject as its cross join audit_event where audit_event.id = its.event_id and",
                matching!()
            )
        };
    }
    let text = match (column, direction) {
        (Keyed::Source, Direction::Up) => {
            concat!(by_source!(), "and (source_index, audit_event.id) > ($9, $10) order by source_index, audit_event.id limit $7")
        }
        (Keyed::Source, Direction::Down) => {
            concat!(by_source!(), "and (source_index, audit_event.id) < ($9, $10) order by source_index desc, audit_event.id desc limit $7")
        }
        (Keyed::Patient, Direction::Up) => {
            concat!(by_patient!(), "and (its.tag, its.event_id) > ($9, $10) order by its.tag, its.event_id limit $7")
        }
        (Keyed::Patient, Direction::Down) => {
            concat!(by_patient!(), "and (its.tag, its.event_id) < ($9, $10) order by its.tag desc, its.event_id desc limit $7")
        }
    };
    in_tx!(tx, conn => asked!(sqlx::query_as, text, ask).bind(&from.0).bind(from.1).fetch_all(conn).await)
}
