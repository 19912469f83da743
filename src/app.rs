//! What every handler and job receives: the database, the keys, the clock, the randomness, the log, the bus.
//!
//! Names no feature. Live state of a feature (open rooms, say) is made in `server.rs` and handed to that feature alone.

use crate::audit::shadow::Shadow;
use crate::audit::tree::Heads;
use crate::audit::{Context, Event, Kind, Log, Object};
use crate::bus::Bus;
use crate::config::Config;
use crate::crypto::{self, Keyring, PatientKey, Rng, RootKey};
use crate::db::{self, Db};
use crate::ids::{DeploymentId, PatientId, RequestId};
use crate::time::steady::{Reading, Steady};
use crate::time::{Millis, SharedClock, Timestamp};
use anyhow::{Context as _, ensure};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The program that runs, though a newer one may lie in its place already: what the processes beside it are started from.
pub const OWN_PROGRAM: &str = "/proc/self/exe";

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
    pub heads: Heads,
    pub bus: Bus,
    steady: Mutex<Steady>,
}

impl App {
    /// Open the database, bring it to this build's schema, load the keys or make them at the first start.
    pub async fn open(config: Config, clock: SharedClock, rng: Rng) -> anyhow::Result<Self> {
        let address = config.database()?;
        let db = match config.database_owner()? {
            Some(owner) => {
                db::roles::bring_forward(&owner, &address).await?;
                Db::open(&address).await?
            }
            None => {
                let db = Db::open(&address).await?;
                db::migrate::run(&db).await?;
                db
            }
        };
        let root = RootKey::read(&config.root_key_file)?;
        let (keys, new) = load_keys(&db, root, clock.now(), &rng).await?;
        let keys = Arc::new(keys);
        let shadow = config.outside.leaves.clone().map(Shadow::to).unwrap_or_default();
        let log = Log::new(db.clone(), keys.clone(), clock.clone(), rng.clone(), &config.data_dir).with_shadow(shadow);
        if let Some(rows) = new {
            store_keys(&log, &keys, rows, clock.now(), &rng).await.context("store the new keys")?;
        }
        let now = Reading { wall: clock.now(), monotonic: clock.monotonic() };
        let steady = Mutex::new(Steady::begin(kept_floor(&floor_file(&config.data_dir))?, now));
        let heads = Heads::open(log.clone(), &config.log_key_file(), config.log_head_file(), &config.log_origin(), &rng).await?;
        Ok(Self(Arc::new(Parts { config, db, keys, clock, rng, log, heads, bus: Bus::default(), steady })))
    }

    /// The database and its log, to read them and nothing else: no key is made, no schema brought forward.
    pub async fn to_read(config: &Config, clock: SharedClock, rng: Rng) -> anyhow::Result<(Db, Log)> {
        let db = Db::open(&config.database()?).await?;
        let (keys, new) = load_keys(&db, RootKey::read(&config.root_key_file)?, clock.now(), &rng).await?;
        ensure!(new.is_none(), "the database is empty: there is no log to read");
        let log = Log::new(db.clone(), Arc::new(keys), clock, rng, &config.data_dir);
        Ok((db, log))
    }

    /// Now, by the app's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Now, or the time that has surely come, if the clock says an earlier one: what is over by it stays over, though somebody
    /// sets the clock back (REL-07). For decisions on what has ended; what is shown and recorded is [`App::now`].
    pub fn now_at_least(&self) -> Timestamp {
        self.now().max(self.floor())
    }

    /// Now, or the time that has surely come, if the clock says a later one: for what cannot be undone.
    pub fn now_at_most(&self) -> Timestamp {
        self.now().min(self.floor())
    }

    /// Look whether the clock was set, and by how much. A step is told once.
    pub fn look_at_clock(&self) -> Option<Millis> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner).look(self.reading())
    }

    /// Keep the time that has surely come for the next start.
    pub fn keep_time(&self) -> anyhow::Result<()> {
        keep_floor(&floor_file(&self.config.data_dir), self.floor())
    }

    fn floor(&self) -> Timestamp {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner).floor(self.reading())
    }

    fn reading(&self) -> Reading {
        Reading { wall: self.clock.now(), monotonic: self.clock.monotonic() }
    }

    /// The context of something the program does by itself.
    pub fn system(&self) -> Context {
        Context::system(RequestId::new(self.now(), &self.rng))
    }

    /// The log by the role that owns its tables, which alone may remove what old events say. The server's own where it knows of no other.
    pub async fn log_of_the_owner(&self) -> anyhow::Result<Log> {
        match self.config.database_owner()? {
            Some(owner) => Ok(self.log.through(Db::open(&owner).await?)),
            None => Ok(self.log.clone()),
        }
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
        let log = self.log.clone();
        let _last_lines = tokio::task::spawn_blocking(move || log.flush_shadow()).await;
        self.db.close().await;
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Where the time that has surely come is kept: a number of this machine, beside the data and in no backup of it.
fn floor_file(data_dir: &Path) -> PathBuf {
    data_dir.join("clock.floor")
}

/// `None` at the first start. What cannot be read as a time is no time.
fn kept_floor(file: &Path) -> anyhow::Result<Option<Timestamp>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().parse().ok().map(Timestamp)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", file.display())),
    }
}

/// Written beside and put in place whole: a power cut leaves the old one.
fn keep_floor(file: &Path, floor: Timestamp) -> anyhow::Result<()> {
    let unfinished = file.with_extension("unfinished");
    std::fs::write(&unfinished, floor.0.to_string()).and_then(|()| std::fs::rename(&unfinished, file)).context("keep the time")
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
