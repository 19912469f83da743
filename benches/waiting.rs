//! How many patients can wait: a burst of redemptions, then a page open for each, then the server is killed and all come back at once.

use crate::backoff::backoff;
use crate::support::{BORN, Clinic, Link, Server, cookie, number, row, share, sign_in};
use anteroom::ids::VisitId;
use anteroom::staff::Role;
use anteroom::time::Millis;
use futures_util::stream::StreamExt;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const PATIENTS: usize = 2_000;
/// Redemptions on their way at once.
const AT_ONCE: usize = 64;
/// Arrivals that the clinician's page is timed by.
const TIMED: usize = 9;

/// What a patient's page does while it waits.
#[derive(Clone)]
struct Guest {
    visit: VisitId,
    cookie: String,
    form_token: String,
}

/// All pages together: how many stand in their place now.
#[derive(Default)]
struct Places {
    taken: AtomicUsize,
    changed: Notify,
}

pub async fn run(name: &str, database: Option<&str>) {
    row(&format!("\nWaiting, on {name}"), &["p50".into(), "p99".into(), "max".into()]);
    let clinic = Clinic::new(database).await;
    let (clinician, email) = clinic.account(Role::Clinician).await;
    let mut timed = Vec::new();
    for place in 0..TIMED {
        timed.push(clinic.link(clinician, clinic.app.now() - Millis::minutes(60) + Millis::minutes(10 * place as i64), 10).await);
    }
    let crowd = clinic.links(PATIENTS - TIMED).await;
    let server = clinic.serve().await;

    let began = Instant::now();
    let crowd = redeem_all(&clinic, crowd).await;
    let timed = redeem_all(&clinic, timed).await;
    let seconds = began.elapsed().as_secs_f64();
    row(&format!("s   {PATIENTS} redemptions, {AT_ONCE} at once, no error"), &[String::new(), String::new(), number(seconds)]);

    // The first half fills the caches of the database, which are not a page's.
    let places = Arc::new(Places::default());
    let (first, second) = crowd.split_at(PATIENTS / 2);
    come(&clinic, first, &places).await;
    let before = server.megabytes("VmRSS");
    come(&clinic, second, &places).await;
    let each = (server.megabytes("VmRSS") - before) * 1024.0 / second.len() as f64;
    row("KB  resident memory for each page that waits", &[String::new(), String::new(), number(each)]);

    let mut seen = seen_on_today(&clinic, &email, &timed, &places).await;
    row("ms  from arrival to the clinician's page", &[0.5, 0.99, 1.0].map(|part| number(share(&mut seen, part))));

    places.taken.store(0, Ordering::SeqCst);
    server.kill();
    let began = Instant::now();
    let server = clinic.serve_again();
    let up = began.elapsed().as_secs_f64();
    let cpu = server.cpu_seconds();
    places.until(PATIENTS).await;
    row("s   all back in their place after a kill", &[String::new(), String::new(), number(began.elapsed().as_secs_f64())]);
    row("s   of which the server took to start", &[String::new(), String::new(), number(up)]);
    row("MB  resident, with all back at once", &[String::new(), String::new(), number(server.megabytes("VmRSS"))]);
    row("s   CPU of the server for it", &[String::new(), String::new(), number(server.cpu_seconds() - cpu)]);
    Server::stop(server);
}

async fn redeem_all(clinic: &Clinic, links: Vec<Link>) -> Vec<Guest> {
    let client = Client::builder().pool_max_idle_per_host(AT_ONCE).build().unwrap();
    let redeem = async |link: Link| {
        let body = format!("{{\"token\":\"{}\",\"check\":\"{BORN}\"}}", link.token);
        let asked = client.post(format!("{}/v/redemption", clinic.base_url)).header("origin", &clinic.base_url);
        let answer = asked.header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = cookie(&answer);
        let form_token = clinic.app.keys.form_token(cookie.split_once('=').unwrap().1);
        Guest { visit: link.visit, cookie, form_token }
    };
    futures_util::stream::iter(links).map(redeem).buffer_unordered(AT_ONCE).collect().await
}

/// Their pages open, [`AT_ONCE`] at a time, and they arrive.
async fn come(clinic: &Clinic, guests: &[Guest], places: &Arc<Places>) {
    for guests in guests.chunks(AT_ONCE) {
        let place = places.taken.load(Ordering::SeqCst) + guests.len();
        for guest in guests {
            actix_web::rt::spawn(wait(clinic.base_url.clone(), guest.clone(), places.clone()));
        }
        arrive_all(clinic, guests).await;
        places.until(place).await;
    }
}

async fn arrive_all(clinic: &Clinic, guests: &[Guest]) {
    let client = Client::builder().pool_max_idle_per_host(AT_ONCE).build().unwrap();
    let arrivals = futures_util::stream::iter(guests).map(async |guest| arrive(&client, &clinic.base_url, guest).await);
    arrivals.buffer_unordered(AT_ONCE).collect::<()>().await;
}

async fn arrive(client: &Client, base: &str, guest: &Guest) {
    let asked = client.post(format!("{base}/visits/{}/arrival", guest.visit));
    let agreed = asked.header("cookie", &guest.cookie).header("x-csrf", &guest.form_token).form(&[("consent", "1")]);
    let answer = agreed.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

impl Places {
    async fn until(&self, count: usize) {
        let began = Instant::now();
        while self.taken.load(Ordering::SeqCst) < count {
            let changed = self.changed.notified();
            let _or_look_again = tokio::time::timeout(Duration::from_millis(200), changed).await;
            assert!(began.elapsed() < Duration::from_secs(120), "only {} of {count} have their place", self.taken.load(Ordering::SeqCst));
        }
    }
}

type Stream = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(base: &str, path: &str, cookie: &str) -> Option<Stream> {
    let mut request = format!("{}{path}", base.replacen("http", "ws", 1)).into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    request.headers_mut().insert("origin", base.parse().unwrap());
    tokio_tungstenite::connect_async(request).await.ok().map(|(stream, _)| stream)
}

/// A waiting page: it hears that it waits, says every ten seconds that it is there, and comes back as `static/lib/backoff.js` does.
async fn wait(base: String, guest: Guest, places: Arc<Places>) {
    let path = format!("/visits/{}/socket", guest.visit);
    let mut there_at = Instant::now();
    loop {
        if let Some(mut stream) = connect(&base, &path, &guest.cookie).await {
            let mut placed = false;
            let mut beat = tokio::time::interval(Duration::from_secs(10));
            loop {
                tokio::select! {
                    heard = stream.next() => match heard {
                        Some(Ok(Message::Text(text))) => {
                            if !placed && text.contains("\"state\":\"waiting\"") {
                                placed = true;
                                places.taken.fetch_add(1, Ordering::SeqCst);
                                places.changed.notify_one();
                            }
                        }
                        Some(Ok(_)) => {}
                        _ => break,
                    },
                    _ = beat.tick() => {
                        if futures_util::SinkExt::send(&mut stream, Message::text("{\"type\":\"beat\"}")).await.is_err() {
                            break;
                        }
                    }
                }
            }
            there_at = Instant::now();
        }
        let random = f64::from(u32::from_le_bytes(anteroom::crypto::Rng::system().bytes())) / f64::from(u32::MAX);
        tokio::time::sleep(backoff(there_at.elapsed(), random)).await;
    }
}

/// How long each arrival takes to stand on the clinician's page, while all the others wait.
async fn seen_on_today(clinic: &Clinic, email: &str, guests: &[Guest], places: &Arc<Places>) -> Vec<f64> {
    let session = sign_in(&clinic.base_url, email).await;
    let mut today = connect(&clinic.base_url, "/today/socket", &session).await.unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = today.next().await {
            if let Message::Text(text) = message {
                if text.contains("\"beat\"") {
                    let _closed = futures_util::SinkExt::send(&mut today, Message::text(text.as_str())).await;
                }
                let _nobody_listens = tell.send((Instant::now(), serde_json::from_str::<Value>(&text).unwrap()));
            }
        }
    });
    let client = Client::new();
    let mut began: HashMap<String, Instant> = HashMap::new();
    let mut times = Vec::new();
    for guest in guests {
        actix_web::rt::spawn(wait(clinic.base_url.clone(), guest.clone(), places.clone()));
        let id = guest.visit.to_string();
        began.insert(id.clone(), Instant::now());
        arrive(&client, &clinic.base_url, guest).await;
        loop {
            let (at, message) = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap();
            let waits = |visit: &Value| visit["id"] == id.as_str() && visit["state"] == "waiting";
            if message["visits"].as_array().is_some_and(|visits| visits.iter().any(waits)) {
                times.push((at - began[&id]).as_secs_f64() * 1000.0);
                break;
            }
        }
    }
    times
}
