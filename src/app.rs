//! What every handler and job receives: the database, the keys, the clock, the randomness, the log, the bus.
//!
//! Names no feature. Live state of a feature (open rooms, say) is made in `server.rs` and handed to that feature alone.

use crate::audit::{Context, Event, Kind, Log, Object};
use crate::bus::Bus;
use crate::config::Config;
use crate::crypto::{self, Keyring, PatientKey, Rng, RootKey};
use crate::db::{self, Db};
use crate::ids::{DeploymentId, PatientId, RequestId};
use crate::time::{SharedClock, Timestamp};
use anyhow::{Context as _, ensure};
use std::ops::Deref;
use std::sync::Arc;

/// A handle on everything above. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub db: Db,
    pub keys: Arc<Keyring>,
    pub clock: SharedClock,
    pub rng: Rng,
    pub log: Log,
    pub bus: Bus,
}

impl App {
    /// Open the database, bring it to this build's schema, load the keys or make them at the first start.
    pub async fn open(config: Config, clock: SharedClock, rng: Rng) -> anyhow::Result<Self> {
        let address = config.database()?;
        let db = Db::open(&address).await?;
        db::migrate::run(&db).await?;
        let root = RootKey::read(&config.root_key_file)?;
        let (keys, new) = load_keys(&db, root, clock.now(), &rng).await?;
        let keys = Arc::new(keys);
        let log = Log::new(db.clone(), keys.clone(), clock.clone(), rng.clone(), &config.data_dir);
        if let Some(rows) = new {
            store_keys(&log, &keys, rows, clock.now(), &rng).await.context("store the new keys")?;
        }
        Ok(Self(Arc::new(Parts { config, db, keys, clock, rng, log, bus: Bus::default() })))
    }

    /// Now, by the app's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The context of something the program does by itself.
    pub fn system(&self) -> Context {
        Context::system(RequestId::new(self.now(), &self.rng))
    }

    /// Use the link keys that stand in the database: another process may have rotated them.
    pub async fn refresh_link_keys(&self, tx: &mut db::Tx) -> Result<(), crypto::store::KeyError> {
        if crypto::store::link_kids(tx).await? != self.keys.link_kids() {
            self.keys.use_link_keys(&crypto::store::wrapped_keys(tx).await?)?;
        }
        Ok(())
    }

    /// One patient's key, in a transaction of its own.
    pub async fn patient_key(&self, patient: PatientId) -> Result<PatientKey, crypto::store::KeyError> {
        let mut tx = self.db.reading().await?;
        crypto::store::patient_key(&mut tx, &self.keys, patient).await
    }

    /// Close the database. On SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

type NewRows = Option<Vec<crypto::WrappedKey>>;

async fn load_keys(db: &Db, root: RootKey, now: Timestamp, rng: &Rng) -> anyhow::Result<(Keyring, NewRows)> {
    let mut tx = db.reading().await?;
    if let Some(deployment) = crypto::store::deployment(&mut tx).await? {
        let rows = crypto::store::wrapped_keys(&mut tx).await?;
        ensure!(!rows.is_empty(), "the database has no keys: restore it from a backup");
        return Ok((Keyring::unwrap(root, deployment, &rows)?, None));
    }
    let (keys, rows) = Keyring::create(root, DeploymentId::new(now, rng), rng);
    Ok((keys, Some(rows)))
}

async fn store_keys(log: &Log, keys: &Keyring, rows: Vec<crypto::WrappedKey>, now: Timestamp, rng: &Rng) -> sqlx::Result<()> {
    let mut tx = log.begin(&Context::system(RequestId::new(now, rng))).await?;
    crypto::store::insert_deployment(&mut tx, keys.deployment, now).await?;
    for row in &rows {
        crypto::store::insert_wrapped_key(&mut tx, row, now).await?;
    }
    tx.commit(Event::done(Kind::KeysCreated).on(Object::Key, keys.deployment.0)).await
}
