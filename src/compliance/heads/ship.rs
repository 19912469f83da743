//! The newest head for a log shipper: into a file, and to a command on its standard input (AUD-22).
//!
//! Each head that is new since the last look is given away once. A disk that is full or a command that fails is logged; the next head
//! comes in its place, and the log waits for none of it.

use crate::app::App;
use crate::audit::tree::{Head, write_whole};
use anyhow::{Context, bail, ensure};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long the command may take. Lower: a stuck one is given up sooner. Higher: a slow network gets its head.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// How often is looked whether it ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Remembers what was given away.
#[derive(Debug, Default)]
pub struct Shipper {
    shipped: AtomicU64,
}

impl Shipper {
    /// Give the newest head away if it is new. True if it was.
    pub async fn newest(&self, app: &App) -> anyhow::Result<bool> {
        let outside = &app.config.outside;
        if outside.head_file.is_none() && outside.head_command.is_empty() {
            return Ok(false);
        }
        let Some(head) = app.heads.last_signed().await.filter(|head| head.size > self.shipped.load(Ordering::Relaxed)) else {
            return Ok(false);
        };
        let (file, command, size) = (outside.head_file.clone(), outside.head_command.clone(), head.size);
        let given = tokio::task::spawn_blocking(move || {
            let filed = file.map_or(Ok(()), |file| write_whole(&file, &head.note).with_context(|| format!("write {}", file.display())));
            let told = if command.is_empty() { Ok(()) } else { tell(&command, &head) };
            filed.and(told)
        });
        // Tried is tried: the next head says more than this one.
        self.shipped.store(size, Ordering::Relaxed);
        given.await.context("give the log's head away")??;
        Ok(true)
    }
}

fn tell(command: &[String], head: &Head) -> anyhow::Result<()> {
    let (program, arguments) = command.split_first().context("outside.head_command names a program")?;
    let mut running = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("start {program}"))?;
    // A note is smaller than a pipe's buffer, so this blocks on nobody.
    let written = running.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(head.note.as_bytes()));
    let began = Instant::now();
    loop {
        if let Some(status) = running.try_wait().context("wait for the command")? {
            ensure!(status.success(), "{program} ended with {status}");
            return written.with_context(|| format!("{program} did not read the head"));
        }
        if began.elapsed() > COMMAND_TIMEOUT {
            running.kill().and_then(|()| running.wait()).context("end the command")?;
            bail!("{program} took more than {} seconds", COMMAND_TIMEOUT.as_secs());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
