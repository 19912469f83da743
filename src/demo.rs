//! `anteroom demo`: a whole clinic in one folder, for somebody who wants to see a visit now.
//!
//! Everything is the real thing but three: the root key lies next to the data folder, the sign-ins follow from that key so
//! that they can be printed again, and mails are files. `serve` does none of this.

use crate::app::App;
use crate::appointments::{self, BookError, Booked, NewAppointment, Slot};
use crate::audit::{Actor, ActorKind, Context, Event, Kind, Object};
use crate::config::{CheckPolicy, ClinicConfig, ComplianceConfig, Config, DatabaseConfig, NetworkCheckConfig, RelayConfig};
use crate::crypto::{Rng, RootKey};
use crate::ids::{PatientId, Region, RequestKey, StaffId};
use crate::links::{self, Invitation};
use crate::mail::outbox::LetterKind;
use crate::patients::{self, Contact, ContactChoices, Details, NewPatient};
use crate::secret::Secret;
use crate::server;
use crate::staff::{self, NewMember, Role};
use crate::time::{Millis, Timestamp};
use anyhow::{Context as _, anyhow};
use chrono::NaiveDate;
use serde::Serialize;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// What `demo` prints: with `--json` as one line of JSON, else in words.
#[derive(Debug, Serialize)]
pub struct Clinic {
    /// `http://localhost:PORT`, also bound on `::1`.
    pub base_url: String,
    pub accounts: Vec<Account>,
    /// The first is the one that is now.
    pub visits: Vec<Visit>,
    /// Where mails are written as `.eml` files.
    pub mail_dir: PathBuf,
}

#[derive(Debug, Serialize)]
pub struct Account {
    pub role: &'static str,
    pub email: String,
    pub password: String,
}

#[derive(Debug, Serialize)]
pub struct Visit {
    pub link: String,
    /// `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// RFC 3339, UTC.
    pub starts_at: String,
}

/// The people of the demonstration, one for each role.
const STAFF: [(Role, &str, &str); 4] = [
    (Role::Scheduler, "desk@riverside.example", "Kim Stone"),
    (Role::Clinician, "ruiz@riverside.example", "Dr. Ana Ruiz"),
    (Role::Compliance, "compliance@riverside.example", "Jo Park"),
    (Role::Administrator, "admin@riverside.example", "Sam Field"),
];

/// A name, a date of birth, an address, and how many minutes from now the visit is.
type Invented = (&'static str, (i32, u32, u32), &'static str, i64);

/// Invented patients: name, date of birth, address, minutes from now until their visit.
/// Nobody's date of birth is the example that the page of a link gives: it would seem to tell it.
const PATIENTS: [Invented; 5] = [
    ("Maria Gonzalez", (1948, 9, 23), "maria@patients.example", 0),
    ("Walter Brown", (1951, 11, 2), "walter@patients.example", 30),
    ("Li Wei", (1987, 6, 21), "li@patients.example", 60),
    ("Samira Haddad", (1992, 1, 9), "samira@patients.example", 90),
    ("James O’Neill", (1963, 8, 30), "james@patients.example", 120),
];

/// Why each of them comes.
const REASON: &str = "A cough for two weeks";

const VISIT_LENGTH: Millis = Millis::minutes(30);

/// The configuration of a demonstration in `data`, listening on the loopback addresses at `listen`'s port.
pub fn config(data: &Path, listen: SocketAddr) -> anyhow::Result<Config> {
    let keys = keys_dir(data);
    std::fs::create_dir_all(data).with_context(|| format!("make the folder {}", data.display()))?;
    std::fs::create_dir_all(&keys).with_context(|| format!("make the folder {}", keys.display()))?;
    let root_key_file = keys.join("root.key");
    if !root_key_file.exists() {
        RootKey::generate(&Rng::system()).write_new_demonstration(&root_key_file)?;
    }
    let config = Config {
        base_url: format!("http://localhost:{}", listen.port()),
        listen: vec![(Ipv4Addr::LOCALHOST, listen.port()).into(), (Ipv6Addr::LOCALHOST, listen.port()).into()],
        data_dir: data.to_owned(),
        root_key_file,
        log_key_file: None,
        accept_key_on_data_volume: true,
        clinic: ClinicConfig {
            name: "Riverside Clinic".to_owned(),
            neutral_name: None,
            zone: "America/New_York".parse()?,
            phone: "555 0100".to_owned(),
            emergency_phone: "911".to_owned(),
            language: "en".to_owned(),
        },
        database: DatabaseConfig::default(),
        mail: Default::default(),
        outside: Default::default(),
        compliance: ComplianceConfig { mail: Some("compliance@riverside.example".to_owned()), ..ComplianceConfig::default() },
        retention: Default::default(),
        links: Default::default(),
        waiting_room: Default::default(),
        emergency: Default::default(),
        sessions: Default::default(),
        calls: Default::default(),
        network_check: Some(NetworkCheckConfig { listen: Ipv4Addr::LOCALHOST.into(), first_port: 0, public_address: None }),
        relay: Some(relay()),
        tls: None,
        proxy: Default::default(),
        operations: None,
    };
    config.check()?;
    Ok(config)
}

/// On this machine alone, at ports that are free.
fn relay() -> RelayConfig {
    RelayConfig {
        listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
        tls_listen: Vec::new(),
        addresses: vec![Ipv4Addr::LOCALHOST.into()],
        addresses_here: Vec::new(),
        name: None,
        ports: (49_152, 65_535),
        allocations_max: 100,
        region: Region::try_from("this-machine".to_owned()).ok(),
        regions: Vec::new(),
        tls: None,
        permit_loopback: true,
        lonely_seconds: 60,
        external: Vec::new(),
    }
}

fn keys_dir(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(".keys");
    data.with_file_name(name)
}

/// Sockets on both loopback addresses, at one port. Port 0 takes a free one. A machine without IPv6 has one socket.
pub fn listen(wanted: SocketAddr) -> anyhow::Result<(u16, Vec<std::net::TcpListener>)> {
    let mut listeners = server::bind(&[(Ipv4Addr::LOCALHOST, wanted.port()).into()])?;
    let port = listeners[0].local_addr()?.port();
    match std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            return Err(anyhow!("port {port} is taken on [::1]: choose another with --listen"));
        }
        Err(_) => tracing::info!("This machine has no IPv6 loopback; listening on 127.0.0.1 alone"),
    }
    Ok((port, listeners))
}

/// Fill the clinic where it is empty, see to it that a visit is now, and make a fresh link for each visit.
pub async fn furnish(app: &App) -> anyhow::Result<Clinic> {
    let root = RootKey::read(&app.config.root_key_file)?;
    let mut accounts = Vec::new();
    let mut ids = Vec::new();
    for (role, email, name) in STAFF {
        let password = password(&root, email);
        ids.push(account(app, role, email, name, &password).await?);
        accounts.push(Account { role: role.word(), email: email.to_owned(), password });
    }
    let [desk, clinician, ..] = ids[..] else { return Err(anyhow!("the demonstration has a front desk and a clinician")) };
    let actor = Actor { kind: ActorKind::Staff, id: Some(desk.0), role: Some(Role::Scheduler.word()) };
    let context = app.system().acting(actor);
    let mut visits = Vec::new();
    for (name, (year, month, day), email, minutes) in PATIENTS {
        let born = NaiveDate::from_ymd_opt(year, month, day).context("a demonstration patient's date of birth")?;
        let patient = patient(app, &context, &root, name, born, email).await?;
        let visit = open_visit(app, &context, &root, patient, clinician, minutes).await?;
        let link = print_link(app, &context, &visit).await?;
        let shown = Visit { link, date_of_birth: born.to_string(), starts_at: visit.starts_at.rfc3339() };
        visits.push(((visit.starts_at - app.now()).0.abs(), shown));
    }
    visits.sort_by_key(|(away, _)| *away);
    let visits = visits.into_iter().map(|(_, visit)| visit).collect();
    Ok(Clinic { base_url: app.config.base_url.clone(), accounts, visits, mail_dir: std::path::absolute(app.config.mail_folder())? })
}

impl Clinic {
    /// What a person needs to hold a visit in two windows.
    pub fn in_words(&self, key: &Path) -> String {
        let Some(now) = self.visits.first() else { return String::new() };
        let mut out = format!(
            "A demonstration clinic is running at {url}\n\n\
             As the patient, open this link and type the date of birth {birth}:\n  {link}\n\n\
             As somebody who works there, sign in at {url}/sign-in in another window:\n",
            url = self.base_url,
            birth = now.date_of_birth,
            link = now.link,
        );
        for account in &self.accounts {
            out.push_str(&format!("  {:<14} {:<32} {}\n", account.role, account.email, account.password));
        }
        out.push_str("\nThe other visits of the day:\n");
        for visit in &self.visits[1..] {
            out.push_str(&format!("  {}  born {}\n    {}\n", visit.starts_at, visit.date_of_birth, visit.link));
        }
        out.push_str(&format!(
            "\nMails are files in {}.\nThe root key is {}: a real clinic keeps it elsewhere, and has no invented sign-ins.\n\
             Stop with Ctrl-C. The same command later is the same clinic.\n",
            self.mail_dir.display(),
            key.display(),
        ));
        out
    }
}

fn password(root: &RootKey, email: &str) -> String {
    let digits = hex::encode(&root.derive(&format!("demo/{email}"))[..8]);
    format!("{}-{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..12], &digits[12..])
}

async fn account(app: &App, role: Role, email: &str, name: &str, password: &str) -> anyhow::Result<StaffId> {
    let mut tx = app.db.reading().await?;
    let known = staff::member_by_email(&mut tx, email).await?;
    drop(tx);
    if let Some(member) = known {
        return Ok(member.id);
    }
    let new = NewMember { email: email.to_owned(), name: name.to_owned(), role, zone: app.config.clinic.zone, language: "en".to_owned() };
    let id = staff::add(app, &app.system(), new).await?;
    staff::set_password(app, &app.system(), id, &Secret::new(password.to_owned())).await?;
    Ok(id)
}

async fn patient(app: &App, context: &Context, root: &RootKey, name: &str, born: NaiveDate, email: &str) -> anyhow::Result<PatientId> {
    let details = Details {
        name: Secret::new(name.to_owned()),
        date_of_birth: born,
        email: Some(Secret::new(email.to_owned())),
        phone: Some(Secret::new("555 0142".to_owned())),
        record_number: None,
        zone: app.config.clinic.zone,
        language: "en".to_owned(),
        choices: ContactChoices { mail_allowed: true, reminders_allowed: true, times_agreed: true },
    };
    let request_key = request_key(root, &format!("demo/patient/{email}"))?;
    patients::add(app, context, NewPatient { request_key, details })
        .await
        .map_err(|error| anyhow!("add a demonstration patient: {error:?}"))
}

/// The patient's visit that can be opened, or a new one. The first patient's is now.
async fn open_visit(
    app: &App,
    context: &Context,
    root: &RootKey,
    patient: PatientId,
    clinician: StaffId,
    minutes: i64,
) -> anyhow::Result<appointments::Visit> {
    let mut tx = app.db.reading().await?;
    let open = appointments::open_visit(&mut tx, patient, app.now()).await?;
    drop(tx);
    if let Some(visit) = open {
        return Ok(visit);
    }
    let mut starts_at = this_minute(app.now()) + Millis::minutes(minutes);
    for _ in 0..PATIENTS.len() * 2 {
        let slot = Slot { starts_at, ends_at: starts_at + VISIT_LENGTH };
        let request_key = request_key(root, &format!("demo/visit/{patient}/{}", starts_at.0))?;
        let new = NewAppointment {
            request_key,
            patient,
            clinician,
            slot,
            reason: Some(Secret::new(REASON.to_owned())),
            check: CheckPolicy::default(),
        };
        match appointments::book(app, context, new).await {
            Ok(Booked { id, .. }) => {
                let mut tx = app.db.reading().await?;
                return appointments::visit(&mut tx, id).await?.context("the visit that was just booked");
            }
            // Visits of an earlier start of the demonstration stand in the way: take the time after them.
            Err(BookError::ClinicianBusy(taken) | BookError::PatientBusy(taken)) => starts_at = taken.ends_at,
            Err(error) => return Err(anyhow!("book a demonstration visit: {error:?}")),
        }
    }
    Err(anyhow!("the demonstration's day is full: give it another folder with --data"))
}

fn this_minute(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - now.0 % Millis::minutes(1).0)
}

/// A link that nobody is mailed: it is printed.
async fn print_link(app: &App, context: &Context, visit: &appointments::Visit) -> anyhow::Result<String> {
    let event = Event::done(Kind::PatientRead).on(Object::Visit, visit.id.0).about(visit.patient_id);
    let access = app.log.access(context, event).await?;
    let contact =
        patients::contact(app, &access, visit.patient_id).await.map_err(|error| anyhow!("read a demonstration patient: {error:?}"))?;
    let unmailed = Contact { mail_allowed: false, ..contact };
    let invitation = Invitation {
        visit: visit.id,
        patient: visit.patient_id,
        clinician: visit.clinician_id,
        starts_at: visit.starts_at,
        ends_at: visit.ends_at,
    };
    let mut tx = app.log.begin(context).await?;
    let once_key = format!("demo/{}/{}", visit.id, app.now().0);
    let minted = links::invite(&mut tx, app, &unmailed, &invitation, LetterKind::NewLink, once_key, app.now()).await?;
    let minted = minted.context("a link that is not mailed is always made")?;
    tx.commit(Event::done(Kind::LinkRequested).on(Object::Visit, visit.id.0).about(visit.patient_id)).await?;
    Ok(minted.url.reveal().clone())
}

/// The same key again is the same row, so a restart adds nothing twice.
fn request_key(root: &RootKey, label: &str) -> anyhow::Result<RequestKey> {
    hex::encode(&root.derive(label)[..16]).parse().context("a request key")
}
