//! A page of the log in the order of any column.
//!
//! By account, kind or outcome the log is a few groups, each in the order of time: a page goes from group to group. By address and by patient
//! it goes along keys that tell nothing (`audit::search`). Events whose account, kind or outcome is none that there is were altered; the
//! order of time shows them.

use super::model::{Group, Mark, Search, Sort, groups_from};
use super::store::{self, Person};
use crate::audit::search::{self, Keyed};
use crate::audit::{ActorKind, Filter, Kind, Outcome, Recorded};
use crate::db::Tx;
use crate::text::Text;

/// The next rows of a search, at most `limit`, each with its mark.
pub async fn rows(tx: &mut Tx, t: Text, search: &Search, limit: usize) -> sqlx::Result<Vec<(Recorded, Mark)>> {
    let groups = match search.sort {
        Sort::Patient => return keyed(tx, search, Keyed::Patient, limit).await,
        Sort::Source => return keyed(tx, search, Keyed::Source, limit).await,
        Sort::Time => vec![Group { key: String::new(), label: String::new(), of: Filter::default() }],
        Sort::Who => accounts(t, search::accounts(tx).await?, &store::people(tx).await?),
        Sort::What => kinds(t, &search::kinds(tx).await?),
        Sort::Outcome => outcomes(t),
    };
    let mut rows: Vec<(Recorded, Mark)> = Vec::new();
    for (key, filter) in groups_from(groups, &search.filter, search.direction, search.after.as_ref()) {
        let after = search.after.as_ref().filter(|mark| mark.key == key).map(|mark| mark.id);
        let left = limit - rows.len();
        let more = search::in_time(tx, &filter, search.direction, after, left.cast_signed() as i64).await?;
        rows.extend(more.into_iter().map(|event| {
            let mark = Mark { key: key.clone(), id: event.id };
            (event, mark)
        }));
        if rows.len() >= limit {
            break;
        }
    }
    Ok(rows)
}

/// Stands for the key of those that have none.
const KEYLESS: &str = "-";

async fn keyed(tx: &mut Tx, search: &Search, column: Keyed, limit: usize) -> sqlx::Result<Vec<(Recorded, Mark)>> {
    let after = search.after.as_ref().and_then(|mark| {
        let key = if mark.key == KEYLESS { None } else { Some(hex::decode(&mark.key).ok()?) };
        Some(search::Mark { key, id: mark.id })
    });
    let rows = search::keyed(tx, &search.filter, column, search.direction, after.as_ref(), limit.cast_signed() as i64).await?;
    let mark =
        |placed: &search::Placed| Mark { key: placed.key.as_ref().map_or_else(|| KEYLESS.to_owned(), hex::encode), id: placed.event.id };
    Ok(rows.into_iter().map(|placed| (placed.event.clone(), mark(&placed))).collect())
}

/// Everybody whom the log names, by name, and the other parties.
fn accounts(t: Text, named: Vec<uuid::Uuid>, people: &[Person]) -> Vec<Group> {
    let accounts = named.into_iter().map(|id| {
        let person = people.iter().find(|person| person.id.0 == id);
        let of = Filter { actor: Some(id), actor_kind: Some(ActorKind::Staff), ..Filter::default() };
        Group { key: id.to_string(), label: person.map_or_else(|| id.to_string(), |person| person.name.clone()), of }
    });
    let others = ActorKind::ALL.iter().filter(|kind| **kind != ActorKind::Staff).map(|kind| Group {
        key: kind.word().to_owned(),
        label: t.say(&format!("compliance-who-{}", kind.word())),
        of: Filter { actor_kind: Some(*kind), ..Filter::default() },
    });
    accounts.chain(others).collect()
}

fn kinds(t: Text, held: &[String]) -> Vec<Group> {
    let known = held.iter().filter_map(|word| Kind::from_word(word));
    let group = |kind: Kind| Group {
        key: kind.word().to_owned(),
        label: t.say(&format!("compliance-kind-{}", kind.word().replace('.', "-"))),
        of: Filter { kind: Some(kind), ..Filter::default() },
    };
    known.map(group).collect()
}

fn outcomes(t: Text) -> Vec<Group> {
    let group = |outcome: &Outcome| Group {
        key: outcome.word().to_owned(),
        label: t.say(&format!("compliance-outcome-{}", outcome.word())),
        of: Filter { outcome: Some(*outcome), ..Filter::default() },
    };
    Outcome::ALL.iter().map(group).collect()
}
