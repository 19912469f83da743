//! How soon the program is ready on a database that exists, and how much memory it holds when nobody is there. Each start of the server is paired
//! with one of the same program that does nothing but print its version: the difference is ours.

use crate::support::{Server, anteroom, free_port, init, number, row, share};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 30;
/// Nothing is asked of the server for this long before its memory is read.
const IDLE: Duration = Duration::from_secs(5);

pub fn run() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = init(folder.path(), &format!("http://localhost:{port}"));
    // What is timed is a later start: the first makes keys and tables.
    demo(folder.path(), port);
    Server::start(&config, port).stop();

    let (mut nothing, mut ready, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    let (mut idle, mut peak) = (Vec::new(), Vec::new());
    for start in 0..STARTS {
        nothing.push(version());
        let began = Instant::now();
        let server = Server::start(&config, port);
        ready.push(milliseconds(began));
        if start % 10 == 0 {
            std::thread::sleep(IDLE);
            idle.push(server.megabytes("VmRSS"));
            peak.push(server.megabytes("VmHWM"));
        }
        server.stop();
        shown.push(demo(folder.path(), port));
    }

    row("\nStart", &["p50".into(), "p95".into(), "max".into()]);
    figures("ms  the program that only prints its version", &mut nothing);
    figures("ms  serve, to its first answer over HTTP", &mut ready);
    figures("ms  demo with five visits, to its line", &mut shown);
    figures("MB  resident, idle for 5 s after one request", &mut idle);
    figures("MB  resident at most", &mut peak);
}

fn figures(what: &str, values: &mut [f64]) {
    row(what, &[0.5, 0.95, 1.0].map(|part| number(share(values, part))));
}

fn version() -> f64 {
    let began = Instant::now();
    assert!(anteroom().arg("--version").stdout(Stdio::null()).status().unwrap().success());
    milliseconds(began)
}

/// How long the demonstration takes to say where it is.
fn demo(folder: &Path, port: u16) -> f64 {
    let began = Instant::now();
    let listen = format!("127.0.0.1:{port}");
    let mut command = anteroom();
    command.args(["demo", "--json", "--listen", &listen, "--data"]).arg(folder.join("demo")).stdout(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'), "{line}");
    let time = milliseconds(began);
    assert!(Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap().success());
    server.wait().unwrap();
    time
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}
