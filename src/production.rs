//! What a clinic's own server refuses to start with (OPS-07). The demonstration is asked none of this.
//!
//! Each refusal says what to write instead. What the configuration alone can tell is in [`crate::config`]; here files are looked at too.

use crate::app::App;
use crate::config::Config;
use crate::crypto::RootKey;
use crate::db::Address;
use crate::relay::peers;
use anyhow::{Context, ensure};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Check everything. The first thing that is wrong is the error.
pub fn check(config: &Config) -> anyhow::Result<()> {
    check_key(config)?;
    check_way_in(config)?;
    check_mail(config)?;
    check_relay(config)?;
    check_database(config)
}

/// The key is its owner's alone, is no demonstration's, and does not lie on the disk that it protects (CRY-08).
pub fn check_key(config: &Config) -> anyhow::Result<()> {
    let file = &config.root_key_file;
    let shown = file.display();
    let key = std::fs::metadata(file).with_context(|| format!("read the root key file {shown}: `anteroom init` makes one"))?;
    let mode = key.mode() & 0o777;
    ensure!(mode & 0o077 == 0, "the root key file {shown} can be read by others (mode {mode:03o}): run `chmod 600 {shown}`");
    ensure!(
        !RootKey::is_demonstration(file)?,
        "the root key file {shown} is a demonstration's: its sign-ins are printed for anybody. Make a clinic of its own with `anteroom init`"
    );
    let same_volume = volume(&config.data_dir) == Some(key.dev());
    ensure!(
        !same_volume || config.accept_key_on_data_volume,
        "the root key file {shown} lies on the volume of the data: whoever takes that disk has both. Move the key to another volume. If \
         this machine has only one, give `init` --accept-key-on-data-volume, or write `accept_key_on_data_volume = true` into the configuration"
    );
    Ok(())
}

/// Patients come in by TLS: ours, or a proxy's on this machine or one that is named (TLS-01).
fn check_way_in(config: &Config) -> anyhow::Result<()> {
    let plain_is_safe = config.listen.iter().all(|address| address.ip().is_loopback()) || !config.proxy.trusted.is_empty();
    ensure!(
        config.tls.is_some() || plain_is_safe,
        "without [tls] this program speaks plain HTTP: listen on 127.0.0.1 behind a TLS proxy on this machine, name the proxy's network in \
         proxy.trusted, or give a certificate in [tls]"
    );
    ensure!(config.secure() || config.tls.is_none(), "with [tls] base_url must begin with https://: cookies and links follow from it");
    Ok(())
}

/// Mails reach somebody, or this is a trial on one machine (EML-07).
fn check_mail(config: &Config) -> anyhow::Result<()> {
    ensure!(
        config.mail.smtp.is_some() || config.on_this_machine(),
        "without [mail.smtp] no patient gets a link: name the clinic's mail server"
    );
    ensure!(
        config.compliance.mail.is_some() || config.on_this_machine(),
        "without [compliance] mail no signed head of the access log leaves this server: name the address of whoever answers for compliance"
    );
    Ok(())
}

/// The relay sends to the world and to nothing inside (RTC-12).
fn check_relay(config: &Config) -> anyhow::Result<()> {
    let Some(relay) = &config.relay else { return Ok(()) };
    ensure!(
        !relay.permit_loopback,
        "relay.permit_loopback is for demonstrations and tests: a stranger could reach programs of this machine through it"
    );
    let reachable = |address: &IpAddr| peers::is_public(peers::canonical(*address)) || (config.on_this_machine() && address.is_loopback());
    ensure!(
        relay.addresses.iter().all(reachable),
        "relay.addresses must be public, as browsers see them. If this machine has others, write those into relay.addresses_here, in the same order"
    );
    Ok(())
}

/// A database over the network proves who it is (TLS-01).
fn check_database(config: &Config) -> anyhow::Result<()> {
    ensure!(
        config.database()?.proves_itself(),
        "database.url must end with `?sslmode=verify-full`: patients' data would cross the network to whoever answers"
    );
    ensure!(
        config.database_owner()?.is_none_or(|owner| owner.proves_itself()),
        "database.owner_url must end with `?sslmode=verify-full`: its password would cross the network to whoever answers"
    );
    Ok(())
}

/// What a start goes on without, and what that weakens: said once, to those who run the server.
pub async fn weaker_than_could_be(app: &App) -> anyhow::Result<Vec<String>> {
    let mut said = Vec::new();
    if app.config.mail.smtp.is_none() {
        said.push(format!("No [mail.smtp] is named: mails to patients are only files in {}", app.config.mail_folder().display()));
    }
    if matches!(app.config.database()?, Address::Server(_)) && !app.db.role_is_kept_from_the_log().await? {
        said.push(ONE_ROLE.to_owned());
    }
    Ok(said)
}

const ONE_ROLE: &str = "The role of database.url owns the tables: a fault of the program, or whoever gets a statement past it, could change or remove \
    what the access log holds, and only its signed heads would show it. With a second role in database.owner_url PostgreSQL itself refuses that: \
    compliance/runbooks/database-roles.md";

/// The volume of a folder. If it is not there yet, it will be made on that of the nearest one above it.
fn volume(folder: &Path) -> Option<u64> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().find_map(|folder| std::fs::metadata(folder).ok()).map(|data| data.dev())
}
