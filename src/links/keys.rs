//! The keys that link tokens are sealed under: a new one every so often, an old one for as long as a link under it can open
//! something, all links void in one step when that must be (LNK-14).
//!
//! The keys lie in the database, and every look at a token and every letter asks first which they are: whoever rotates them,
//! a job here or a command beside the running server, no link that is out stops working, and none needs a restart.

use super::{VoidedWhy, store, voided};
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::crypto;
use crate::mail::outbox;
use crate::time::Millis;
use anyhow::Context as _;

/// A key seals links for this long. At most 90 days (LNK-14). Lower: a stolen key is of use for less long.
const ROTATES_AFTER: Millis = Millis::days(60);
/// For how long after a rotation a letter that was being written may still be sealed under the key before.
const OVERLAP: Millis = Millis::minutes(10);
/// How many visits one look finds whose links are to be voided.
const LOT: i64 = 100;

/// A new key from now on. Links under the ones before it stay good.
pub async fn rotate(app: &App, context: &Context) -> anyhow::Result<()> {
    let key = app.keys.new_link_key(&app.rng);
    let mut tx = app.log.begin(context).await?;
    let newest = crypto::store::newest_link_key(&mut tx).await?;
    // The newest is told from the others by its time, whatever a clock says that was set back.
    let made_at = app.now().max(newest + Millis(1));
    crypto::store::insert_wrapped_key(&mut tx, &key, made_at).await?;
    tx.commit(of_key(Kind::LinkKeyRotated, app, key.kid)).await.context("store the new link key")?;
    refresh(app).await
}

/// Rotate a key that is old enough, and give up those under which surely no link can open anything any more. Run it now and then.
pub async fn look_after(app: &App) -> anyhow::Result<()> {
    let mut reading = app.db.reading().await?;
    let newest = crypto::store::newest_link_key(&mut reading).await?;
    let spent = store::spent_link_keys(&mut reading, app.now_at_most(), OVERLAP, app.config.links).await?;
    drop(reading);
    if app.now() - newest >= ROTATES_AFTER {
        rotate(app, &app.system()).await?;
    }
    for kid in spent {
        let mut tx = app.log.begin(&app.system()).await?;
        store::retire_link_key(&mut tx, kid).await?;
        tx.commit(of_key(Kind::LinkKeyRetired, app, kid)).await.context("give up an old link key")?;
    }
    refresh(app).await
}

/// What a revocation of everything did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    pub visits: usize,
    pub links: i64,
}

/// How many visits have a link that opens something.
pub async fn outstanding(app: &App) -> sqlx::Result<i64> {
    let mut reading = app.db.reading().await?;
    store::visits_with_links(&mut reading).await
}

/// Void every link that is out, visit by visit, each with its event, and seal new ones under a new key. Sessions go on: whoever
/// is in stays in. Interrupted, it can be run again.
pub async fn revoke_all(app: &App, context: &Context) -> anyhow::Result<Revoked> {
    rotate(app, context).await?;
    let mut done = Revoked { visits: 0, links: 0 };
    loop {
        let mut reading = app.db.reading().await?;
        let visits = store::with_links(&mut reading, LOT).await?;
        drop(reading);
        if visits.is_empty() {
            return Ok(done);
        }
        for visit in visits {
            done.links += revoke(app, context, visit).await.context("void the links of a visit")?;
            done.visits += 1;
        }
    }
}

async fn revoke(app: &App, context: &Context, visit: store::WithLinks) -> sqlx::Result<i64> {
    let mut tx = app.log.begin(context).await?;
    store::flag_revoked(&mut tx, visit.id, app.now()).await?;
    let links = store::void_links(&mut tx, visit.id, VoidedWhy::Revoked, app.now()).await?;
    outbox::withdraw_links(&mut tx, visit.id, app.now()).await?;
    // Somebody else voided them in the meantime, and recorded that.
    let Some(event) = voided(visit.id, visit.patient_id, VoidedWhy::Revoked, links) else { return Ok(0) };
    tx.commit(event).await?;
    app.bus.tell(Hint::Visit { id: visit.id, clinician: visit.clinician_id });
    Ok(links)
}

async fn refresh(app: &App) -> anyhow::Result<()> {
    let mut reading = app.db.reading().await?;
    app.refresh_link_keys(&mut reading).await.context("use the link keys of the database")
}

fn of_key(kind: Kind, app: &App, kid: i64) -> Event {
    Event::done(kind).on(Object::Key, app.keys.deployment.0).with("kid", Fact::Number(kid))
}
