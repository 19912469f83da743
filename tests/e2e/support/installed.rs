//! A clinic set up by the commands of the README, each run as it is written. Only the port is another.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::browser::Browser;
use super::program::{Program, end_relay};
use super::server::{START_PATIENCE, free_port};

/// A clinic that serves HTTPS. Dies with the test.
pub struct Installed {
    pub base_url: String,
    /// Where the administrator sets a password, once.
    pub first_address: String,
    pub mail_dir: PathBuf,
    /// What the README has as the address of the administrator.
    pub admin: String,
    /// Of the certificate, as Chromium names it.
    key: String,
    program: Program,
    /// The last command of the README.
    serve: String,
    folder: TempDir,
}

impl Installed {
    pub fn by_the_readme() -> Self {
        Self::with_settings("")
    }

    /// The same with these lines at the end of its configuration.
    pub fn with_settings(lines: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("installed-").tempdir().unwrap();
        let (bin, home) = (folder.path().join("bin"), folder.path().join("home"));
        std::fs::create_dir(&bin).and_then(|()| std::fs::create_dir(&home)).unwrap();
        symlink(env!("CARGO_BIN_EXE_anteroom"), bin.join("anteroom")).unwrap();
        let shell = |lines: &str| shell(folder.path(), lines);

        let base_url = format!("https://localhost:{}", free_port());
        let commands = commands().replace("https://localhost:8443", &base_url);
        let (set_up, serve) = commands.trim_end().rsplit_once('\n').expect("several commands");
        let made = shell(set_up).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(made.stdout).unwrap();
        assert!(made.status.success(), "{said}{}", String::from_utf8_lossy(&made.stderr));
        let first_address = said.split_whitespace().find(|word| word.starts_with(&base_url) && word.contains('#'));
        let first_address = first_address.unwrap_or_else(|| panic!("no address for the administrator in:\n{said}")).to_owned();

        let settings = home.join("clinic/clinic.toml");
        std::fs::write(&settings, std::fs::read_to_string(&settings).unwrap() + lines).unwrap();
        let program = start(folder.path(), serve);
        let admin = commands.split_once("--admin ").expect("the README names an administrator").1;
        Self {
            base_url,
            first_address,
            mail_dir: home.join("clinic/data/mail"),
            admin: admin.split_whitespace().next().unwrap().to_owned(),
            key: key(&home.join("clinic/tls.pem")),
            program,
            serve: serve.to_owned(),
            folder,
        }
    }

    /// The server goes, as in a power cut, and stays away.
    pub fn kill(&mut self) {
        self.program.kill();
    }

    pub fn start_again(&mut self) {
        self.program = start(self.folder.path(), &self.serve);
    }

    /// The folder of the database.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("home/clinic/data")
    }

    pub async fn browser(&self, name: &'static str) -> Browser {
        Browser::open_trusting(name, &self.base_url, &self.key).await
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        self.program.kill();
        end_relay(&self.data());
    }
}

fn shell(folder: &Path, lines: &str) -> Command {
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-ec", lines]).env("PATH", path).current_dir(folder.join("home"));
    shell
}

/// In the folder into which the first line went, as in the shell of whoever reads the README.
fn start(folder: &Path, serve: &str) -> Program {
    let program = Program::start(&mut shell(folder, &format!("cd clinic\nexec 2>&1\n{serve}")));
    while !program.line(START_PATIENCE).expect("it says that it serves").contains("Serving") {}
    program
}

/// The commands under "A clinic of your own".
fn commands() -> String {
    let readme = include_str!("../../../README.md");
    let (_, own) = readme.split_once("## A clinic of your own").expect("the README leads to a clinic");
    let block = own.split_once("```sh\n").and_then(|(_, after)| after.split_once("```"));
    block.expect("its commands stand in a block").0.to_owned()
}

fn key(certificate: &Path) -> String {
    let steps = "openssl x509 -in \"$0\" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64";
    let made = Command::new("sh").args(["-c", steps]).arg(certificate).output().unwrap();
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}
