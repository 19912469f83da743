//! The program as a process of its own, on the database of a test, to be killed or stopped from outside.

use super::TestApp;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Killed when dropped.
pub struct Process(Child);

impl TestApp {
    /// Serve the same clinic by the machine's clock.
    pub fn process(&self) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
        command.args(["serve", "--config"]).arg(self.folder.path().join("clinic.toml"));
        Process(command.stderr(Stdio::piped()).spawn().unwrap())
    }
}

impl Process {
    /// As a power cut would: nothing is finished.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Ask it to stop, as a service manager does, and wait until it says that it does.
    pub async fn begins_to_stop(&mut self) {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().unwrap().success());
        let mut lines = BufReader::new(self.0.stderr.take().unwrap()).lines();
        let says_so = move || lines.any(|line| line.unwrap().contains("Stopping"));
        assert!(tokio::task::spawn_blocking(says_so).await.unwrap());
    }

    /// Wait for its end. True if it ended as it should.
    pub async fn ended_well(mut self) -> bool {
        tokio::task::spawn_blocking(move || self.0.wait().unwrap().success()).await.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}
