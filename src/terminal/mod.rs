//! The commands that are given beside a server: what each is called, what it asks for, what it prints.
//!
//! What they do is verbs of the features. Nothing here knows SQL or a page.

pub mod audit;
pub mod bounce;
pub mod breach;
pub mod links;
pub mod staff;
pub mod witness;

use crate::app::App;
use crate::config::Config;
use crate::crypto::Rng;
use crate::time::SystemClock;
use anyhow::Context;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The clinic of a configuration file.
async fn open(config: &Path) -> anyhow::Result<App> {
    App::open(Config::read(config)?, Arc::new(SystemClock), Rng::system()).await
}

/// Print on standard output.
fn say(words: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{words}").and_then(|()| out.flush()).context("print the answer")
}
