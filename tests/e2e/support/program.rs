//! A program that a test starts, and that dies with the test, together with whatever it started itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

pub struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|problem| panic!("start {}: {problem}", command.get_program().display()));
        let output = child.stdout.take().expect("standard output is a pipe");
        let (sender, lines) = mpsc::channel();
        // Reads on when nobody asks any more, so that the program never waits for us.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// The next line on its standard output.
    pub fn line(&self, patience: Duration) -> Result<String, RecvTimeoutError> {
        self.lines.recv_timeout(patience)
    }

    /// The lines that it has said since somebody asked, without waiting for more.
    pub fn said(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// As a power cut would: no goodbye to anyone.
    pub fn kill(&mut self) {
        let group = self.child.id();
        let _ = Command::new("sh").arg("-c").arg(format!("kill -KILL -{group}")).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// End the relay of a server that was killed: it would wait for the next one. `data`: where the server keeps its own.
pub fn end_relay(data: &Path) {
    if let Ok(mut relay) = UnixStream::connect(data.join("relay.sock")) {
        // It may end before it has read all of it.
        let _gone = relay.write_all(b"{\"order\":\"stop\"}\n").and_then(|()| relay.read(&mut [0; 1]));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
