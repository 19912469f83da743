//! How one signing key of the log followed another, for somebody who knows only one of them.
//!
//! The old key's word for the new one is no signature beside another: whoever has an old head can put a signature of their own under it. It is
//! the event `log.key_rotated`, which names both, under a head that the old key signed. An export brings each such event with the hashes that
//! lead from it to that head. What the keys in the part say of themselves counts nothing: a verifier begins with a key from outside.

use super::lines::{Shown, What};
use crate::app::App;
use crate::audit::tree::{self, Hash, Head, LogKeys, public_of, verifier_text};
use crate::audit::{Filter, Kind};
use crate::compliance::entry::Payload;
use crate::db;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The part of the archive.
pub const CHANGES: &str = "key-changes.jsonl";
/// Changes of the key that are looked for at once. A log has a handful.
const CHANGES_MAX: i64 = 1_000;

/// The keys that signed a log up to this size, oldest first, each with how far: the last was in use.
pub fn keys_until(keys: &LogKeys, size: u64) -> Vec<(&str, Option<u64>)> {
    let past = keys.retired.iter().take_while(|key| key.until < size);
    let mut all: Vec<(&str, Option<u64>)> = past.map(|key| (key.verifier.as_str(), Some(key.until))).collect();
    let in_use = keys.retired.get(all.len()).map_or(keys.current.verifier(), |key| &key.verifier);
    all.push((in_use, None));
    all
}

/// Names in the order of their bytes, as everything canonical has them.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    beside: Vec<String>,
    #[serde(borrow)]
    event: &'a RawValue,
    note: String,
}

/// The part of the archive: the changes within a log of this size. Nothing where there was none.
pub async fn lines(app: &App, tx: &mut db::Tx, size: u64) -> anyhow::Result<String> {
    let keys = app.heads.keys();
    let (verifiers, mut lines) = (app.heads.verifiers(), String::new());
    for (verifier, until) in keys_until(keys, size) {
        let Some(until) = until else { break };
        let Some(signed) = tree::head_up_to(tx, until).await?.filter(|signed| signed.size.cast_unsigned() == until) else { continue };
        let head = Head::open(&signed.note, &verifiers)?;
        let rotations = Filter { kind: Some(Kind::LogKeyRotated), ..Filter::default() };
        let rotated = tree::matching(tx, &rotations, 0, until.cast_signed(), CHANGES_MAX).await?;
        for event in rotated {
            // What a purge took away vouches for nobody.
            let Some(disclosed) = app.log.disclose(&event.event) else { continue };
            let said = Payload::parse(&disclosed.payload).and_then(|payload| Some(named(&payload)?.0));
            let place = event.place.cast_unsigned();
            let shown = Shown { place, subjects: Vec::new(), what: What::Whole { salt: disclosed.salt, payload: &disclosed.payload } };
            let (Some(leaf), true) = (shown.leaf(), said.is_some() && said == public_of(verifier)) else { continue };
            let beside = tree::inclusion(tx, head.size, head.root, place, leaf).await?;
            let event = RawValue::from_string(shown.line().trim_end().to_owned())?;
            let beside = beside.iter().map(|hash| hex::encode(hash.0)).collect();
            lines += &serde_json::to_string(&Line { beside, event: &event, note: signed.note.clone() })?;
            lines.push('\n');
        }
    }
    Ok(lines)
}

/// The old key and the new one, in an event that tells of a change.
fn named(payload: &Payload) -> Option<([u8; 32], [u8; 32])> {
    let key = |name: &str| hex::decode(payload.details.get(name)?.as_str()?).ok()?.try_into().ok();
    (payload.kind == Kind::LogKeyRotated.word()).then_some(())?;
    Some((key("old_key")?, key("new_key")?))
}

/// These keys, and those before and after them: a change counts if its event is under a head that a key which counts has signed. An error: a
/// line is none, or says something that its head does not cover.
pub fn followed(part: &str, given: &[&str]) -> Result<Vec<String>, &'static str> {
    let mut keys: Vec<String> = given.iter().map(|key| (*key).to_owned()).collect();
    let lines: Vec<&str> = part.split_inclusive('\n').collect();
    // Once forwards for who knows an old key, and once back for who knows a new one.
    for line in lines.iter().chain(lines.iter().rev()) {
        let change: Line = serde_json::from_str(line).map_err(|_| "it has a line that is none")?;
        let counting: Vec<&str> = keys.iter().map(String::as_str).collect();
        let Ok(head) = Head::open(&change.note, &counting) else { continue };
        let both = covered(&change, &head).ok_or("the head that is said to cover a change of the key does not")?;
        for public in [both.0, both.1] {
            let verifier = verifier_text(&head.origin, &public);
            if !keys.contains(&verifier) {
                keys.push(verifier);
            }
        }
    }
    Ok(keys)
}

fn covered(change: &Line, head: &Head) -> Option<([u8; 32], [u8; 32])> {
    let line = format!("{}\n", change.event.get());
    let shown = Shown::parse(&line)?;
    let What::Whole { payload, .. } = shown.what else { return None };
    let beside = change.beside.iter().map(|hash| Some(Hash(hex::decode(hash).ok()?.try_into().ok()?))).collect::<Option<Vec<_>>>()?;
    let is_in = tree::includes(&beside, head.size, head.root, shown.place, shown.leaf()?);
    is_in.then(|| named(&Payload::parse(payload)?)).flatten()
}
