//! The built binary as `anteroom demo`, in a folder of its own, on a port of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use super::program::{Program, end_relay};

/// Lower: a server that never comes up is noticed sooner. Higher: a debug build on a busy machine has time to hash its passwords.
pub const START_PATIENCE: Duration = Duration::from_secs(60);

/// What a browser says of a server that is not there.
pub const AWAY: &[&str] =
    &["WebSocket connection to", "net::ERR_CONNECTION_REFUSED", "net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION_RESET"];

/// A clinic that opened this morning. Dies with the test.
pub struct Demo {
    pub told: Told,
    port: u16,
    program: Program,
    folder: TempDir,
}

/// The one line that `demo --json` prints.
#[derive(Debug, Clone, Deserialize)]
pub struct Told {
    pub base_url: String,
    pub accounts: Vec<Account>,
    pub visits: Vec<Visit>,
    pub mail_dir: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Account {
    pub role: String,
    pub email: String,
    pub password: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Visit {
    pub link: String,
    /// YYYY-MM-DD
    pub date_of_birth: String,
    /// RFC 3339, UTC
    pub starts_at: String,
}

impl Demo {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("demo-").tempdir().unwrap();
        let port = free_port();
        let (program, told) = run(folder.path(), port);
        assert_eq!(told.base_url, format!("http://localhost:{port}"));
        assert!(told.mail_dir.is_absolute(), "a person must be able to find the mails");
        Self { told, port, program, folder }
    }

    pub fn account(&self, role: &str) -> &Account {
        self.told.accounts.iter().find(|account| account.role == role).unwrap_or_else(|| panic!("the demo has no account for a {role}"))
    }

    /// A file that the demonstration keeps, by its name.
    pub fn file(&self, name: &str) -> PathBuf {
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.ends_with(name) {
                    return entry;
                }
                folders.extend(entry.is_dir().then_some(entry));
            }
        }
        panic!("the demo keeps no {name}")
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// The same data, the same address, the same accounts.
    pub fn start_again(&mut self) {
        let (program, told) = run(self.folder.path(), self.port);
        self.program = program;
        assert_eq!(told.base_url, self.told.base_url);
        assert_eq!(told.accounts, self.told.accounts, "a restarted demo keeps its accounts");
    }
}

impl Drop for Demo {
    #[expect(clippy::print_stderr, reason = "the reason of a failure may stand in the server's log only")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let skipped = log.lines().count().saturating_sub(40);
            let end: Vec<_> = log.lines().skip(skipped).collect();
            eprintln!("the end of the server's log:\n{}", end.join("\n"));
        }
        self.program.kill();
        end_relay(&self.folder.path().join("data"));
    }
}

/// A port that is free on both addresses of `localhost`.
pub fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if TcpListener::bind(("::1", port)).is_ok() {
            return port;
        }
    }
}

fn run(folder: &Path, port: u16) -> (Program, Told) {
    let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let program = Program::start(
        Command::new(env!("CARGO_BIN_EXE_anteroom"))
            .args(["demo", "--json", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(folder.join("data"))
            .current_dir(folder)
            .stderr(log),
    );
    let line = program.line(START_PATIENCE).unwrap_or_else(|problem| {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("the server did not say where it is: {problem}\n{log}")
    });
    let told = serde_json::from_str(&line).unwrap_or_else(|problem| panic!("`demo --json` printed {line}: {problem}"));
    (program, told)
}
