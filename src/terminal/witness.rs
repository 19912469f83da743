//! `anteroom witness`: cosign other people's logs while they only grow.

use super::say;
use crate::crypto::Rng;
use crate::time::SystemClock;
use crate::witness::{self, Witness};
use anyhow::Context;
use clap::Args;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct WitnessWishes {
    /// The folder for the key and for what was seen. If it is lost, the witness is too: begin another, under another name.
    #[arg(long)]
    folder: PathBuf,
    /// The witness's name, an address without https:// that is yours: witness.example/w1
    #[arg(long)]
    name: String,
    /// The key of a log to look after, as `anteroom audit key` prints it. May be given again.
    #[arg(long, required = true)]
    log: Vec<String>,
    /// Where to listen. A proxy on this machine holds the certificate.
    #[arg(long, default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
}

/// Serve until Ctrl-C or SIGTERM.
pub async fn run(wishes: WitnessWishes) -> anyhow::Result<()> {
    let WitnessWishes { folder, name, log, listen } = wishes;
    let witness = Arc::new(Witness::open(&folder, &name, log, Arc::new(SystemClock), &Rng::system())?);
    let listener = TcpListener::bind(listen).with_context(|| format!("listen on {listen}"))?;
    let address = listener.local_addr().context("where it listens")?;
    let serving = witness::serve(witness.clone(), listener)?;
    say(format!(
        "Listening on http://{address}\nThis witness's key, for the logs' configuration and for whoever verifies them:\n{}",
        witness.key().verifier()
    ))?;
    let handle = serving.handle();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::select! {
        served = serving => return served.context("serve"),
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    handle.stop(true).await;
    Ok(())
}
