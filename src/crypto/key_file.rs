//! Files that hold a key and nothing else. Only their owner may read them, and none is ever overwritten.

use crate::secret::Secret;
use anyhow::Context;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The text of a key file. `what` it holds, for the error.
pub fn read(path: &Path, what: &str) -> anyhow::Result<Secret<String>> {
    std::fs::read_to_string(path).map(Secret::new).with_context(|| format!("read the {what} file {}", path.display()))
}

/// Write a key to a new file, on the disk before this returns.
pub fn write_new(path: &Path, what: &str, text: &Secret<String>) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("create the {what} file {}", path.display()))?;
    writeln!(file, "{}", text.reveal()).and_then(|()| file.sync_all()).with_context(|| format!("write the {what} file"))
}
