//! What every integration test stands on: a whole program on a database of its own, a clock that the test moves, and
//! browsers without a screen.

pub mod backoff;
pub mod browser;
pub mod canary;
pub mod capture;
pub mod clinic;
pub mod contents;
pub mod coturn;
pub mod desk;
pub mod export;
pub mod form;
pub mod front;
pub mod guest;
pub mod log;
pub mod mime;
pub mod page;
pub mod peer;
pub mod postgres;
pub mod process;
pub mod proof;
pub mod proxy;
#[path = "../../../benches/support/mod.rs"]
#[expect(dead_code, reason = "benchmarks measure with the rest of it")]
pub mod served;
pub mod smtp;
pub mod socket;
pub mod statements;
pub mod station;
pub mod turn;
pub mod turn_client;
pub mod unmailed;
pub mod verifiers;

use actix_web::dev::ServerHandle;
use actix_web::rt::task::JoinHandle;
use anteroom::app::App;
use anteroom::config::Config;
use anteroom::crypto::{Rng, RootKey};
use anteroom::db;
use anteroom::echo::Echo;
use anteroom::relay::Relays;
use anteroom::server::{self, Beside};
use anteroom::time::{Clock, Millis, Timestamp};
use anteroom::waiting_room::Hub;
use anteroom::web::metrics::Requests;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub use browser::{Browser, PASSWORD};

/// 2026-11-23 10:30 in New York, a Monday with no clock change near.
pub const NOW: Timestamp = Timestamp(1_795_447_800_000);

/// Two tests from one: the same facts on SQLite and on PostgreSQL. With a second argument, mails go to that mail server.
#[macro_export]
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block) => {
        $crate::on_both! { $(#[$meta])* with "" async fn $name($app: TestApp) $body }
    };
    // The same, where the lines are made for each test.
    ($(#[$meta:meta])* with ($settings:expr) async fn $name:ident($app:ident: TestApp) $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn facts($app: TestApp) $body

            #[actix_web::test]
            async fn sqlite() {
                facts(TestApp::sqlite_with(&$settings).await).await;
            }

            #[actix_web::test]
            async fn postgres() {
                facts(TestApp::postgres_with(&$settings).await).await;
            }
        }
    };
    // With more lines in the configuration.
    ($(#[$meta:meta])* with $settings:literal async fn $name:ident($app:ident: TestApp) $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn facts($app: TestApp) $body

            #[actix_web::test]
            async fn sqlite() {
                facts(TestApp::sqlite_with($settings).await).await;
            }

            #[actix_web::test]
            async fn postgres() {
                facts(TestApp::postgres_with($settings).await).await;
            }
        }
    };
    ($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp, $server:ident: Catcher = $catcher:expr) $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn facts($app: TestApp, $server: Catcher) $body

            #[actix_web::test]
            async fn sqlite() {
                let server: Catcher = $catcher;
                facts(TestApp::sqlite_with(&server.settings()).await, server).await;
            }

            #[actix_web::test]
            async fn postgres() {
                let server: Catcher = $catcher;
                facts(TestApp::postgres_with(&server.settings()).await, server).await;
            }
        }
    };
}

/// A clock that stands until the test moves it.
#[derive(Debug, Clone)]
pub struct ManualClock {
    wall: Arc<AtomicI64>,
    monotonic: Arc<AtomicI64>,
}

impl ManualClock {
    fn at(now: Timestamp) -> Self {
        Self { wall: Arc::new(AtomicI64::new(now.0)), monotonic: Arc::default() }
    }

    /// Time passes.
    pub fn advance(&self, length: Millis) {
        self.wall.fetch_add(length.0, Ordering::SeqCst);
        self.monotonic.fetch_add(length.0, Ordering::SeqCst);
    }

    /// Somebody sets the clock. No time passes.
    pub fn set(&self, now: Timestamp) {
        self.wall.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Millis {
        Millis(self.monotonic.load(Ordering::SeqCst))
    }
}

/// The program on a database of its own, listening on a port of its own.
pub struct TestApp {
    pub app: App,
    pub clock: ManualClock,
    /// What people type. Links and the origin of forms follow from it.
    pub base_url: String,
    pub listens_at: SocketAddr,
    pub hub: Hub,
    pub beside: Beside,
    pub requests: Requests,
    server: ServerHandle,
    rooms: JoinHandle<()>,
    // Dropped after the program: the folder with the SQLite file, key and mails; the PostgreSQL database.
    pub folder: tempfile::TempDir,
    database: Option<postgres::Database>,
}

impl TestApp {
    /// On a SQLite file.
    pub async fn sqlite() -> Self {
        Self::sqlite_with("").await
    }

    /// On a SQLite file, with more lines in the configuration.
    pub async fn sqlite_with(settings: &str) -> Self {
        Self::start(None, None, settings).await
    }

    /// On a SQLite file, known to people by that address, though it listens on this machine.
    pub async fn sqlite_known_as(base_url: &str) -> Self {
        Self::start(None, Some(base_url), "").await
    }

    /// On a PostgreSQL database of its own.
    pub async fn postgres() -> Self {
        Self::postgres_with("").await
    }

    /// On a PostgreSQL database of its own, with more lines in the configuration.
    pub async fn postgres_with(settings: &str) -> Self {
        Self::start(Some(migrated_database().await), None, settings).await
    }

    /// On that PostgreSQL database, reached at another port.
    pub async fn postgres_by_way_of(database: postgres::Database, port: u16) -> Self {
        let settings = format!("[database]\nurl = \"{}\"", database.url_at(port));
        Self { database: Some(database), ..Self::start(None, None, &settings).await }
    }

    /// On a PostgreSQL database that belongs to another role than the server's.
    pub async fn postgres_in_two_roles() -> Self {
        let postgres::TwoRoles { database, owner, server } = postgres::database_in_two_roles().await;
        let settings = format!("[database]\nurl = \"{server}\"\nowner_url = \"{owner}\"");
        Self { database: Some(database), ..Self::start(None, None, &settings).await }
    }

    /// Run a statement on PostgreSQL with all rights.
    pub async fn as_superuser(&self, statement: &str) {
        postgres::run_on(self.database.as_ref().unwrap().url(), statement).await;
    }

    async fn start(database: Option<postgres::Database>, known_as: Option<&str>, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listeners = server::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let base_url = known_as.map_or_else(|| at(&listeners), str::to_owned);
        let url = database.as_ref().map(|database| format!("[database]\nurl = \"{}\"", database.url())).unwrap_or_default();
        let data = folder.path().display();
        let text = format!(
            r#"
            base_url = "{base_url}"
            listen = ["127.0.0.1:0"]
            data_dir = "{data}/data"
            root_key_file = "{data}/keys/root.key"
            accept_key_on_data_volume = true
            [clinic]
            name = "Riverside Clinic"
            zone = "America/New_York"
            phone = "555 0100"
            {url}
            {settings}
            "#
        );
        std::fs::write(folder.path().join("clinic.toml"), &text).unwrap();
        Self::open(folder, database, listeners, base_url, &text).await
    }

    /// By a configuration that somebody else wrote. Data and keys must lie in the folder, as they do everywhere in tests.
    pub async fn configured(folder: tempfile::TempDir, database: Option<postgres::Database>, text: &str) -> Self {
        let listeners = server::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let base_url = at(&listeners);
        Self::open(folder, database, listeners, base_url, text).await
    }

    async fn open(
        folder: tempfile::TempDir,
        database: Option<postgres::Database>,
        listeners: Vec<TcpListener>,
        base_url: String,
        text: &str,
    ) -> Self {
        let listens_at = listeners[0].local_addr().unwrap();
        let config = Config::parse(text).unwrap();
        std::fs::create_dir_all(&config.data_dir).unwrap();
        std::fs::create_dir_all(config.root_key_file.parent().unwrap()).unwrap();
        RootKey::generate(&Rng::system()).write_new(&config.root_key_file).unwrap();
        let clock = ManualClock::at(NOW);
        let app = App::open(config, Arc::new(clock.clone()), Rng::system()).await.unwrap();
        let requests = Requests::new();
        let (hub, beside, server, rooms) = serve(&app, &requests, listeners).await;
        Self { app, clock, base_url, listens_at, hub, beside, requests, server, rooms, folder, database }
    }

    /// Kill the program and start it anew: the same port, database and keys, nothing else kept.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same with another configuration.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        self.server.stop(false).await;
        self.rooms.abort();
        self.app.close().await;
        let mut config = self.app.config.clone();
        change(&mut config);
        self.app = App::open(config, Arc::new(self.clock.clone()), Rng::system()).await.unwrap();
        let listeners = server::bind(&[self.listens_at]).unwrap();
        (self.hub, self.beside, self.server, self.rooms) = serve(&self.app, &self.requests, listeners).await;
    }

    /// Let the rooms do nothing by themselves from now on.
    pub fn still_rooms(&self) {
        self.rooms.abort();
    }

    /// Everything that a thief of the database would have, as text and bytes.
    pub async fn dump(&self) -> Vec<u8> {
        match &self.database {
            Some(database) => postgres::dump(database.url()).await,
            None => {
                let data = self.folder.path().join("data");
                let files = std::fs::read_dir(data).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file());
                files.flat_map(|path| std::fs::read(path).unwrap()).collect()
            }
        }
    }

    /// Wait until no connection to the database is in use. One that was given back is asked whether it still works first.
    pub async fn comes_to_rest(&self, otherwise: &str) {
        let rest = async {
            while !self.is_idle() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(std::time::Duration::from_secs(5), rest).await.is_ok(), "{otherwise}");
    }

    fn is_idle(&self) -> bool {
        match &self.app.db {
            db::Db::Sqlite { read, write } => [read, write].iter().all(|pool| pool.num_idle() as u32 == pool.size()),
            db::Db::Postgres { read, write } => [read, write].iter().all(|pool| pool.num_idle() as u32 == pool.size()),
        }
    }

    /// What nobody should have to remember at the end of a test: every event's payload opens and is what was hashed, and every event
    /// finds its place in the tree.
    pub async fn finish(self) {
        self.app.heads.sign_all().await.unwrap();
        let mut tx = self.app.db.reading().await.unwrap();
        let events = anteroom::audit::oldest_first(&mut tx, &anteroom::audit::Filter::default(), None, 10_000).await.unwrap();
        for event in &events {
            assert!(self.app.log.payload(event).is_some(), "{} does not open", event.kind);
        }
        drop(tx);
        self.server.stop(false).await;
        self.rooms.abort();
        self.app.close().await;
    }
}

/// A PostgreSQL database with the schema of this build and nothing in it.
pub async fn migrated_database() -> postgres::Database {
    postgres::database_like(&postgres_schema(), async |url| {
        let db = db::Db::open(&db::Address::parse(&url).unwrap()).await.unwrap();
        db::migrate::run(&db).await.unwrap();
        db.close().await;
    })
    .await
}

/// The text of all migrations: a template of another schema is another template.
fn postgres_schema() -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// The address of a server on this machine.
fn at(listeners: &[TcpListener]) -> String {
    format!("http://localhost:{}", listeners[0].local_addr().unwrap().port())
}

async fn watch(app: App, relays: Relays) {
    if relays.exist() {
        relays.watch(async || Ok(anteroom::calls::relaying::names(&app).await?)).await;
    }
}

async fn serve(app: &App, requests: &Requests, listeners: Vec<TcpListener>) -> (Hub, Beside, ServerHandle, JoinHandle<()>) {
    let hub = Hub::new(app.clone());
    let echo = Echo::new(app.config.network_check.clone(), app.clock.clone());
    let relays = Relays::start(&app.config, &app.rng, &[]).await.unwrap();
    let beside = Beside { echo: echo.clone(), relays };
    let running = server::start(app.clone(), hub.clone(), beside.clone(), requests.clone(), listeners, None).unwrap();
    let rooms = actix_web::rt::spawn({
        let (rooms, app, relays) = (hub.clone(), app.clone(), beside.relays.clone());
        // Ends together with the rooms, and its process with it.
        async move {
            tokio::join!(rooms.run(), echo.run(std::path::Path::new(env!("CARGO_BIN_EXE_anteroom"))), watch(app, relays));
        }
    });
    let server = running.handle();
    actix_web::rt::spawn(running);
    (hub, beside, server, rooms)
}
