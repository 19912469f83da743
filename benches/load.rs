//! What a page, a booking and a redemption cost beside a route that does nothing: 16 connections that ask one thing after the other.
//!
//! The CPU is the server process's own, as the kernel counts it; a database server's is not in it.

use crate::support::{BORN, Clinic, Server, empty_database, free_port, number, row, share, sign_in};
use actix_web::web::get;
use actix_web::{App as ActixApp, HttpServer};
use anteroom::crypto::Rng;
use anteroom::ids::RequestKey;
use anteroom::staff::Role;
use anteroom::time::{Millis, Timestamp};
use reqwest::{Client, RequestBuilder, StatusCode};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CONNECTIONS: usize = 16;
const BARE: usize = 40_000;
const PAGES: usize = 1_500;
const BOOKINGS: usize = 1_500;
const REDEMPTIONS: usize = 1_500;
/// Visits on the Today page.
const VISITS: usize = 40;

/// Tells this program to be the server of the bare route.
pub const BARE_ROUTE_PORT: &str = "BARE_ROUTE_PORT";

pub async fn run() {
    row("\nLoad", &["requests".into(), "per s".into(), "p50 ms".into(), "p99 ms".into(), "CPU us".into(), "x bare".into()]);
    let bare = measure_bare().await;
    measure(None, "SQLite", bare).await;
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => measure(Some(empty_database(&url).await), "PostgreSQL", bare).await,
        Err(_) => row("PostgreSQL: not measured, TEST_POSTGRES_URL is not set", &[]),
    }
}

/// The least that a server can do.
pub async fn bare_route(port: u16) {
    let app = || ActixApp::new().route("/help", get().to(async || "ok"));
    HttpServer::new(app).workers(2).bind(("127.0.0.1", port)).unwrap().run().await.unwrap();
}

async fn measure_bare() -> f64 {
    let port = free_port();
    let server = Server::spawn(Command::new(std::env::current_exe().unwrap()).env(BARE_ROUTE_PORT, port.to_string()), port);
    let address = format!("http://127.0.0.1:{port}/help");
    let asked = ask_all(&server, BARE, async |client, _| client.get(&address), StatusCode::OK, None).await;
    asked.print("a bare route", asked.cpu_us);
    asked.cpu_us
}

async fn measure(database: Option<String>, name: &str, bare: f64) {
    let clinic = Clinic::new(database.as_deref()).await;
    let (clinician, email) = clinic.account(Role::Clinician).await;
    let now = clinic.app.now();
    let midnight = Timestamp(now.0 - now.0 % Millis::days(1).0);
    for number in 0..VISITS {
        let patient = clinic.patient().await;
        clinic.book(patient, clinician, midnight + Millis::minutes(30 * number as i64), 30).await;
    }
    let bookers = bookers(&clinic).await;
    let links = clinic.links(REDEMPTIONS).await;
    let (_, desk) = clinic.account(Role::Scheduler).await;
    let server = clinic.serve().await;
    let base = clinic.base_url.clone();

    let session = sign_in(&base, &email).await;
    let today = format!("{base}/today");
    let asked = ask_all(&server, PAGES, async |client, _| client.get(&today).header("cookie", &session), StatusCode::OK, None).await;
    asked.print(&format!("{name}: Today, {VISITS} visits with sealed names, audited"), bare);

    let session = sign_in(&base, &desk).await;
    let csrf = form_token(&base, &session).await;
    let address = format!("{base}/appointments");
    let tomorrow = midnight + Millis::days(1);
    let book = async |client: &Client, number: usize| {
        let (patient, clinician) = &bookers[number % CONNECTIONS];
        let at = tomorrow + Millis::minutes(10 * (number / CONNECTIONS) as i64);
        let local = at.utc();
        client.post(&address).header("cookie", &session).form(&[
            ("csrf", csrf.as_str()),
            ("request_key", &RequestKey::new(&Rng::system()).to_string()),
            ("patient", patient),
            ("clinician", clinician),
            ("reason", "a rash"),
            ("date", &local.format("%Y-%m-%d").to_string()),
            ("time", &local.format("%H:%M").to_string()),
            ("minutes", "10"),
        ])
    };
    ask_all(&server, BOOKINGS, book, StatusCode::SEE_OTHER, None)
        .await
        .print(&format!("{name}: a booking with its link, sealed, audited"), bare);

    let address = format!("{base}/v/redemption");
    let redeem = async |client: &Client, number: usize| {
        let body = format!("{{\"token\":\"{}\",\"check\":\"{BORN}\"}}", links[number].token);
        client.post(&address).header("origin", &base).header("content-type", "application/json").body(body)
    };
    ask_all(&server, REDEMPTIONS, redeem, StatusCode::OK, Some("open")).await.print(&format!("{name}: a redemption, audited"), bare);
    server.stop();
}

/// A patient and a clinician for each connection, whose calendars are their own.
async fn bookers(clinic: &Clinic) -> Vec<(String, String)> {
    let mut bookers = Vec::new();
    for _ in 0..CONNECTIONS {
        bookers.push((clinic.patient().await.to_string(), clinic.clinician().await.to_string()));
    }
    bookers
}

async fn form_token(base: &str, session: &str) -> String {
    let page = Client::new().get(format!("{base}/appointments")).header("cookie", session).send().await.unwrap().text().await.unwrap();
    page.split_once("data-csrf=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

struct Asked {
    requests: usize,
    seconds: f64,
    milliseconds: Vec<f64>,
    cpu_us: f64,
}

impl Asked {
    fn print(&self, what: &str, bare: f64) {
        let mut times = self.milliseconds.clone();
        let per_second = self.requests as f64 / self.seconds;
        let figures = [per_second, share(&mut times, 0.5), share(&mut times, 0.99), self.cpu_us, self.cpu_us / bare];
        let cells: Vec<String> = std::iter::once(self.requests.to_string()).chain(figures.map(number)).collect();
        row(what, &cells);
    }
}

/// Ask `requests` times over all connections, each with one request on its way at a time.
async fn ask_all(
    server: &Server,
    requests: usize,
    ask: impl AsyncFn(&Client, usize) -> RequestBuilder,
    expected: StatusCode,
    says: Option<&str>,
) -> Asked {
    let (next, began, cpu) = (AtomicUsize::new(0), Instant::now(), server.cpu_seconds());
    let connection = async || {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut times = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= requests {
                return times;
            }
            let began = Instant::now();
            let answer = ask(&client, number).await.send().await.unwrap();
            let status = answer.status();
            let body = answer.text().await.unwrap();
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            assert_eq!(status, expected, "{body}");
            assert!(says.is_none_or(|says| body.contains(says)), "{body}");
        }
    };
    let milliseconds = futures_util::future::join_all((0..CONNECTIONS).map(|_| connection())).await.concat();
    let cpu_us = (server.cpu_seconds() - cpu) * 1e6 / requests as f64;
    Asked { requests, seconds: began.elapsed().as_secs_f64(), milliseconds, cpu_us }
}
