//! What benchmarks stand on, and tests of the program as a process: a clinic with people and visits in a database of its own, the server as a
//! process whose CPU and memory the kernel counts, and tables of figures.

pub mod crash;

use anteroom::app::App;
use anteroom::appointments::{self, NewAppointment, Slot};
use anteroom::audit::{Actor, ActorKind, Context, Event, Kind};
use anteroom::config::CheckPolicy;
use anteroom::config::Config;
use anteroom::crypto::Rng;
use anteroom::ids::{PatientId, RequestKey, StaffId, VisitId};
use anteroom::links::{self, Invitation};
use anteroom::mail::outbox::LetterKind;
use anteroom::patients::{self, ContactChoices, Details, NewPatient};
use anteroom::secret::Secret;
use anteroom::staff::{self, NewMember, Role};
use anteroom::time::{Millis, SystemClock, Timestamp};
use reqwest::{Client, StatusCode};
use sqlx::Connection;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const PASSWORD: &str = "nine lanterns over a quiet harbour";
/// The date of birth of every patient.
pub const BORN: &str = "1948-03-14";

/// A clinic that is not served yet.
pub struct Clinic {
    pub app: App,
    pub base_url: String,
    pub port: u16,
    pub desk: Context,
    pub config: PathBuf,
    _folder: tempfile::TempDir,
}

impl Clinic {
    /// An empty one: on a SQLite file, or on the PostgreSQL database of that URL, which has to be empty.
    pub async fn new(database: Option<&str>) -> Self {
        Self::with(database, "").await
    }

    /// One with more lines in its configuration.
    pub async fn with(database: Option<&str>, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let base_url = format!("http://localhost:{port}");
        let config = init(folder.path(), &base_url);
        let database = database.map(|url| format!("[database]\nurl = \"{url}\"\n")).unwrap_or_default();
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{text}\n{database}{settings}")).unwrap();
        let app = App::open(Config::read(&config).unwrap(), Arc::new(SystemClock), Rng::system()).await.unwrap();
        let desk = app.system();
        let mut clinic = Self { app, base_url, port, desk, config, _folder: folder };
        let (id, _) = clinic.account(Role::Scheduler).await;
        clinic.desk = clinic.app.system().acting(Actor { kind: ActorKind::Staff, id: Some(id.0), role: Some(Role::Scheduler.word()) });
        clinic
    }

    /// Somebody who can sign in with [`PASSWORD`].
    pub async fn account(&self, role: Role) -> (StaffId, String) {
        let email = unheard_of("@clinic.example");
        let id = self.member(role, &email).await;
        staff::set_password(&self.app, &self.app.system(), id, &Secret::new(PASSWORD.to_owned())).await.unwrap();
        (id, email)
    }

    /// Somebody who has visits and never signs in.
    pub async fn clinician(&self) -> StaffId {
        self.member(Role::Clinician, &unheard_of("@clinic.example")).await
    }

    async fn member(&self, role: Role, email: &str) -> StaffId {
        let zone = self.app.config.clinic.zone;
        let new = NewMember { email: email.to_owned(), name: "Dr. Ana Ruiz".into(), role, zone, language: "en".into() };
        staff::add(&self.app, &self.app.system(), new).await.unwrap()
    }

    /// A patient who takes no mail, so that nothing but the page is measured.
    pub async fn patient(&self) -> PatientId {
        let details = Details {
            name: Secret::new("Maria Gonzalez".to_owned()),
            date_of_birth: BORN.parse().unwrap(),
            email: None,
            phone: None,
            record_number: None,
            zone: self.app.config.clinic.zone,
            language: "en".to_owned(),
            choices: ContactChoices::default(),
        };
        let new = NewPatient { request_key: RequestKey::new(&self.app.rng), details };
        patients::add(&self.app, &self.desk, new).await.unwrap()
    }

    pub async fn book(&self, patient: PatientId, clinician: StaffId, starts_at: Timestamp, minutes: i64) -> VisitId {
        let slot = Slot { starts_at, ends_at: starts_at + Millis::minutes(minutes) };
        let request_key = RequestKey::new(&self.app.rng);
        let new = NewAppointment { request_key, patient, clinician, slot, reason: None, check: CheckPolicy::default() };
        appointments::book(&self.app, &self.desk, new).await.unwrap_or_else(|error| panic!("{error:?}")).id
    }

    /// Visits whose links open now, each of a patient of its own.
    pub async fn links(&self, count: usize) -> Vec<Link> {
        let mut links = Vec::new();
        let mut clinician = self.clinician().await;
        for number in 0..count {
            // From an hour ago to the end of the half hour before which a link does not open.
            let place = number % 9;
            if place == 0 {
                clinician = self.clinician().await;
            }
            let starts_at = self.app.now() - Millis::minutes(60) + Millis::minutes(10 * place as i64);
            links.push(self.link(clinician, starts_at, 10).await);
        }
        links
    }

    /// One such visit of that clinician.
    pub async fn link(&self, clinician: StaffId, starts_at: Timestamp, minutes: i64) -> Link {
        let (app, patient) = (&self.app, self.patient().await);
        let visit = self.book(patient, clinician, starts_at, minutes).await;
        let access = app.log.access(&self.desk, Event::done(Kind::PatientRead).about(patient)).await.unwrap();
        let contact = patients::contact(app, &access, patient).await.unwrap();
        let invitation = Invitation { visit, patient, clinician, starts_at, ends_at: starts_at + Millis::minutes(minutes) };
        let mut tx = app.log.begin(&self.desk).await.unwrap();
        let once = format!("bench/{visit}");
        let link = links::invite(&mut tx, app, &contact, &invitation, LetterKind::NewLink, once, app.now()).await.unwrap().unwrap();
        tx.commit(Event::done(Kind::LinkRequested)).await.unwrap();
        Link { visit, token: link.url.reveal().split_once('#').unwrap().1.to_owned() }
    }

    /// The server as a process of its own. The clinic's own connections are closed first.
    pub async fn serve(&self) -> Server {
        self.serve_by(&mut serving(&self.config)).await
    }

    /// The same by a command that somebody has changed.
    pub async fn serve_by(&self, command: &mut Command) -> Server {
        self.app.close().await;
        Server::spawn(command, self.port)
    }

    /// Look into the database after the server is gone.
    pub async fn open_again(&mut self) {
        self.app = App::open(self.app.config.clone(), Arc::new(SystemClock), Rng::system()).await.unwrap();
    }

    /// Again, on the same database.
    pub fn serve_again(&self) -> Server {
        Server::start(&self.config, self.port)
    }
}

/// A visit and the secret that opens it.
pub struct Link {
    pub visit: VisitId,
    pub token: String,
}

/// The cookie of somebody who signed in.
pub async fn sign_in(base: &str, email: &str) -> String {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = [("email", email), ("password", PASSWORD)];
    let answer = client.post(format!("{base}/sign-in")).header("origin", base).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    cookie(&answer)
}

/// The cookie that an answer sets, as a request sends it.
pub fn cookie(answer: &reqwest::Response) -> String {
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// A new database on that server.
pub async fn empty_database(url: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap();
    let name = format!("bench_{}", unheard_of(""));
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await.unwrap();
    format!("{server}/{name}")
}

/// A field of a process's status in megabytes: `VmRSS` for what it holds now, `VmHWM` for the most it held.
pub fn megabytes_of(process: &str, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// The program that is measured.
pub fn anteroom() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
    command.env("RUST_LOG", "warn").stdin(Stdio::null());
    command
}

/// The program as it serves that clinic, with as many arenas for its memory as its service unit gives it.
pub fn serving(config: &Path) -> Command {
    let mut command = anteroom();
    command.env("MALLOC_ARENA_MAX", "2").arg("serve").arg("--config").arg(config);
    command
}

/// A clinic's configuration in an empty folder.
pub fn init(folder: &Path, base_url: &str) -> PathBuf {
    let mut command = anteroom();
    command.args(["init", "--folder", "clinic", "--keys", "keys", "--accept-key-on-data-volume", "--name", "Riverside Clinic"]);
    command.args(["--zone", "UTC", "--phone", "555 0100", "--admin", "sam@clinic.example", "--address", base_url]);
    assert!(command.current_dir(folder).stdout(Stdio::null()).status().unwrap().success());
    folder.join("clinic/clinic.toml")
}

/// A name that nothing else has.
fn unheard_of(end: &str) -> String {
    format!("{}{end}", RequestKey::new(&Rng::system()))
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process that answers HTTP. It is killed with its owner.
pub struct Server(Child);

impl Server {
    pub fn start(config: &Path, port: u16) -> Self {
        Self::spawn(&mut serving(config), port)
    }

    /// Start it and wait for the first answer. The port may take connections before anybody answers on them.
    pub fn spawn(command: &mut Command, port: u16) -> Self {
        let mut server = Self(command.spawn().unwrap());
        let began = Instant::now();
        while !answers(port) {
            assert_eq!(server.0.try_wait().unwrap(), None, "the server does not stay");
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not answer");
        }
        server
    }

    /// CPU time of all its threads so far, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        // User and system time in ticks of a hundredth: Linux has told them so to programs for thirty years.
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    pub fn megabytes(&self, field: &str) -> f64 {
        megabytes_of(&self.0.id().to_string(), field)
    }

    /// As Ctrl-C does.
    pub fn stop(mut self) {
        assert!(Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap().success());
        self.0.wait().unwrap();
    }

    /// As a power cut does.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped_already = self.0.wait();
    }
}

fn answers(port: u16) -> bool {
    use std::io::Read;
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
        std::thread::sleep(Duration::from_millis(1));
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut head = [0; 12];
    let asked = stream.write_all(b"GET /help HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.and_then(|()| stream.read_exact(&mut head)).is_ok() && head.starts_with(b"HTTP/1.1 200")
}

/// The value below which that share of all lies.
pub fn share(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// A table on standard output, a row at a time.
pub fn row(what: &str, cells: &[String]) {
    let mut out = std::io::stdout().lock();
    write!(out, "{what:<52}").unwrap();
    for cell in cells {
        write!(out, " {cell:>10}").unwrap();
    }
    writeln!(out).unwrap();
    out.flush().unwrap();
}

pub fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
