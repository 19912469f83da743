//! `anteroom init`: from an empty folder to a clinic that can be served.
//!
//! Writes the configuration with a reason beside each line, makes the root key apart from the data, makes the database, and gives the first
//! administrator an address at which a password is set, once. Nothing that exists is overwritten.

mod ask;

pub use ask::Wishes;

use crate::app::App;
use crate::config::Config;
use crate::crypto::{Rng, RootKey};
use crate::production;
use crate::secret::Secret;
use crate::staff::{self, Role};
use crate::time::SystemClock;
use anyhow::{Context, bail, ensure};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What has to be known before there is a clinic.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where `clinic.toml` and the data go.
    pub folder: PathBuf,
    /// Where the root key goes: not the same disk, if there is another.
    pub keys: PathBuf,
    pub name: String,
    /// `https://visits.clinic.example`: what patients will see in their mails.
    pub address: String,
    pub zone: String,
    pub phone: String,
    /// The mail address of the first administrator.
    pub administrator: String,
    /// The mail address of whoever answers for compliance.
    pub compliance: String,
    /// Certificate and key, if this program speaks TLS itself.
    pub tls: Option<(PathBuf, PathBuf)>,
    pub accept_key_on_data_volume: bool,
}

/// What was made.
#[derive(Debug)]
pub struct Clinic {
    pub config: PathBuf,
    pub root_key: PathBuf,
    /// Where the administrator sets a password, once.
    pub setup: Secret<String>,
    /// TLS is a proxy's affair.
    pub behind_proxy: bool,
    /// What has to be filled in before the server starts.
    pub missing: Option<String>,
}

impl Clinic {
    /// What a person does next.
    pub fn in_words(&self) -> String {
        let mut out = format!(
            "The configuration is {config}.\n\
             The root key is {key}. Keep a copy of it in a safe, apart from copies of the data: without it nothing can be read.\n\n\
             Start the server:\n  anteroom serve --config {config}\n\n\
             Then open this address, once, within 72 hours, and set the administrator's password:\n  {setup}\n",
            config = self.config.display(),
            key = self.root_key.display(),
            setup = self.setup.reveal(),
        );
        if self.behind_proxy {
            out.push_str("\nIt speaks plain HTTP on 127.0.0.1:8080, for a proxy on this machine that holds the certificate.\n");
        }
        if let Some(missing) = &self.missing {
            out.push_str(&format!("\nBefore it starts, mend this in the configuration: {missing}.\n"));
        }
        out
    }
}

/// Make the clinic.
pub async fn run(plan: &Plan) -> anyhow::Result<Clinic> {
    let file = plan.folder.join("clinic.toml");
    ensure!(!file.exists(), "{} is there already, and nothing was changed: this folder has its clinic", file.display());
    private_folder(&plan.folder)?;
    private_folder(&plan.keys)?;
    let text = plan.text()?;
    let config = Config::parse(&text).context("with what was given")?;
    for address in [&plan.administrator, &plan.compliance] {
        staff::email(address).with_context(|| format!("{address} is not a mail address"))?;
    }
    if !config.root_key_file.exists() {
        RootKey::generate(&Rng::system()).write_new(&config.root_key_file)?;
    }
    production::check_key(&config)?;
    private_folder(&config.data_dir)?;
    let setup = first_administrator(config.clone(), &plan.administrator).await?;
    write_new(&file, &text)?;
    let config_is_secure = config.secure();
    let missing = production::check(&config).err().map(|error| format!("{error:#}"));
    Ok(Clinic { config: file, root_key: config.root_key_file, setup, behind_proxy: plan.tls.is_none() && config_is_secure, missing })
}

async fn first_administrator(config: Config, email: &str) -> anyhow::Result<Secret<String>> {
    let app = App::open(config, Arc::new(SystemClock), Rng::system()).await?;
    let mut reading = app.db.reading().await?;
    let known = staff::member_by_email(&mut reading, email).await?;
    drop(reading);
    let setup = match known {
        // An earlier try made the account and stopped after it.
        Some(member) => staff::password_link(&app, &app.system(), member.id).await?,
        None => staff::add_at_terminal(&app, Role::Administrator, email, None).await?.1,
    };
    app.close().await;
    Ok(setup)
}

impl Plan {
    /// The configuration file, each line with what it is for.
    fn text(&self) -> anyhow::Result<String> {
        let (data, key) = (absolute(&self.folder.join("data"))?, absolute(&self.keys.join("root.key"))?);
        let mut text = format!(
            "# What patients type and what stands in their mails.\n\
             base_url = {address}\n\
             # Where the program listens.\n\
             listen = [{listen}]\n\
             # The database, and mails as files while there is no mail server.\n\
             data_dir = {data}\n\
             # The key that everything else is sealed under. Keep a copy in a safe, never beside a copy of the data: without it nothing can be read.\n\
             root_key_file = {key}\n",
            address = quoted(&self.address),
            listen = self.listen()?,
            data = quoted_path(&data)?,
            key = quoted_path(&key)?,
        );
        if self.accept_key_on_data_volume {
            text.push_str(
                "# Key and data lie on one disk, which was accepted: whoever takes the disk has both. Delete this line after moving the key.\n\
                 accept_key_on_data_volume = true\n",
            );
        }
        text.push_str(&format!(
            "\n[clinic]\n\
             name = {name}\n\
             # If the name tells a specialty, mails need another one:\n\
             # neutral_name = \"Riverside Clinic\"\n\
             zone = {zone}\n\
             # The number that every page and mail shows for when something does not work.\n\
             phone = {phone}\n\n\
             [compliance]\n\
             # Where signed heads of the access log and alerts go: best a mailbox whose mails whoever runs this server cannot delete.\n\
             mail = {compliance}\n",
            name = quoted(&self.name),
            zone = quoted(&self.zone),
            phone = quoted(&self.phone),
            compliance = quoted(&self.compliance),
        ));
        if let Some((certificate, key)) = &self.tls {
            text.push_str(&format!(
                "\n# Both are read again when they change.\n[tls]\ncertificate_file = {}\nkey_file = {}\n",
                quoted_path(&absolute(certificate)?)?,
                quoted_path(&absolute(key)?)?,
            ));
        }
        text.push_str(MORE);
        Ok(text)
    }

    /// On this machine only for a trial or behind a proxy, on every address with a certificate of our own.
    fn listen(&self) -> anyhow::Result<String> {
        let host = self.address.split_once("://").context("the address must begin with https://")?.1;
        let port = |default: u16| host.rsplit_once(':').map_or(Ok(default), |(_, port)| port.parse().context("the port of the address"));
        let here = host == "localhost" || host.starts_with("localhost:");
        Ok(match (&self.tls, here) {
            (None, true) if self.address.starts_with("https://") => bail!(
                "{} needs a certificate: give --certificate and --certificate-key, or for a trial an address such as http://localhost:8080",
                self.address
            ),
            (_, true) => {
                let port = port(if self.address.starts_with("https://") { 443 } else { 80 })?;
                format!("\"127.0.0.1:{port}\", \"[::1]:{port}\"")
            }
            (Some(_), false) => format!("\"[::]:{}\"", port(443)?),
            (None, false) => "\"127.0.0.1:8080\"".to_owned(),
        })
    }
}

/// What a clinic may want later, as comments.
const MORE: &str = "
# The clinic's mail server. TLS is always required.
# [mail]
# from = \"visits@clinic.example\"
# [mail.smtp]
# host = \"smtp.clinic.example\"
# port = 465
# user = \"visits\"
# password_file = \"/etc/anteroom/smtp.password\"

# A relay for the one visit in ten that finds no direct way. Open these ports, and UDP 49152 to 65535, to the internet.
# [relay]
# listen = [\"0.0.0.0:3478\"]
# tls_listen = [\"0.0.0.0:5349\"]
# The address under which browsers reach this machine.
# addresses = [\"THE PUBLIC ADDRESS\"]
# Where it stands. People read it, and the log keeps it.
# region = \"us-east\"
# Through a relay always, so that neither side learns the other's network address.
# [calls]
# path = \"relay\"

# A PostgreSQL instead of the file in data_dir.
# [database]
# url = \"postgres://anteroom:secret@db.internal/anteroom?sslmode=verify-full\"
# The same database as the role that owns the tables: then the role above can add to the access log, and change or remove nothing in it.
# owner_url = \"postgres://anteroom_owner:secret@db.internal/anteroom?sslmode=verify-full\"

# A TLS proxy in front of this program, whose word on where a request came from is believed.
# [proxy]
# trusted = [\"127.0.0.1/32\"]

# The access log outside the house, besides letters: a witness on a machine of somebody else (`anteroom witness`), hashes to syslog.
# [[outside.witnesses]]
# url = \"https://witness.example\"
# vkey = \"KEY OF THE WITNESS\"

# Health checks and figures for Prometheus, at an address that patients cannot reach.
# [operations]
# listen = \"127.0.0.1:9090\"
";

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn quoted_path(path: &Path) -> anyhow::Result<String> {
    path.to_str().map(quoted).with_context(|| format!("{} cannot be written into a configuration", path.display()))
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("find {}", path.display()))
}

/// Make the folder if it is not there. One that is keeps its owner and its mode.
fn private_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| format!("make the folder {}", path.display()))
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("write {}", path.display()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(|| format!("write {}", path.display()))
}
