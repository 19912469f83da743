//! How soon the program is ready on a database that exists, and how much memory it holds when nobody is there.
//!
//! `cargo bench --bench start` prints a table. The machine may be busy with other things, so each start of the server is paired with one
//! of the same program that does nothing but print its version: the difference is ours.
#![expect(clippy::unwrap_used, reason = "a benchmark that unwraps a failure has failed, with a line number")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 30;
/// Nothing is asked of the server for this long before its memory is read.
const IDLE: Duration = Duration::from_secs(5);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = init(folder.path(), port);
    // What is timed is a later start: the first makes keys and tables.
    stop(demo(folder.path(), port).1);
    stop(serve(&config, port).1);

    let (mut nothing, mut ready, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    let (mut idle, mut peak) = (Vec::new(), Vec::new());
    for start in 0..STARTS {
        nothing.push(version());
        let (time, server) = serve(&config, port);
        ready.push(time);
        if start % 10 == 0 {
            std::thread::sleep(IDLE);
            idle.push(kilobytes(&server, "VmRSS"));
            peak.push(kilobytes(&server, "VmHWM"));
        }
        stop(server);
        let (time, server) = demo(folder.path(), port);
        shown.push(time);
        stop(server);
    }

    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<58} {:>8} {:>8} {:>8}", "", "p50", "p95", "max").unwrap();
    row(&mut out, "ms  the program that only prints its version", &mut nothing);
    row(&mut out, "ms  serve, to its first answer over HTTP", &mut ready);
    row(&mut out, "ms  demo with five visits, to its line", &mut shown);
    row(&mut out, "MB  resident, idle for 5 s after one request", &mut idle);
    row(&mut out, "MB  resident at most", &mut peak);
}

fn row(out: &mut impl Write, what: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    writeln!(out, "{what:<58} {:>8.1} {:>8.1} {:>8.1}", at(0.5), at(0.95), at(1.0)).unwrap();
}

fn anteroom() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
    command.env("RUST_LOG", "warn").stdin(Stdio::null());
    command
}

fn version() -> f64 {
    let began = Instant::now();
    assert!(anteroom().arg("--version").stdout(Stdio::null()).status().unwrap().success());
    milliseconds(began)
}

fn serve(config: &Path, port: u16) -> (f64, Child) {
    let began = Instant::now();
    let server = anteroom().arg("serve").arg("--config").arg(config).spawn().unwrap();
    while !answers(port) {
        assert!(began.elapsed() < Duration::from_secs(30), "the server does not answer");
    }
    (milliseconds(began), server)
}

/// The port takes connections before the server does, so only an answer counts.
fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))) else {
        std::thread::sleep(Duration::from_millis(1));
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut head = [0; 12];
    let asked = stream.write_all(b"GET /help HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.and_then(|()| stream.read_exact(&mut head)).is_ok() && head.starts_with(b"HTTP/1.1 200")
}

fn demo(folder: &Path, port: u16) -> (f64, Child) {
    let began = Instant::now();
    let listen = format!("127.0.0.1:{port}");
    let mut command = anteroom();
    command.args(["demo", "--json", "--listen", &listen, "--data"]).arg(folder.join("data")).stdout(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'), "{line}");
    (milliseconds(began), server)
}

/// As Ctrl-C does, so that the next start finds a database that was closed in order.
fn stop(mut server: Child) {
    assert!(Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap().success());
    server.wait().unwrap();
}

fn kilobytes(server: &Child, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

fn init(folder: &Path, port: u16) -> PathBuf {
    let address = format!("http://localhost:{port}");
    let mut command = anteroom();
    command.args(["init", "--folder", "clinic", "--keys", "keys", "--accept-key-on-data-volume", "--name", "Riverside Clinic"]);
    command.args(["--zone", "America/New_York", "--phone", "555 0100", "--admin", "sam@clinic.example", "--address", &address]);
    assert!(command.current_dir(folder).stdout(Stdio::null()).status().unwrap().success());
    folder.join("clinic/clinic.toml")
}
