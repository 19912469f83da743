//! What `serve` tells its relay of calls, and that a relay which does not answer keeps nobody from the database (RTC-14, REL-02).

use crate::on_both;
use crate::support::TestApp;
use crate::support::turn::shape;
use anteroom::appointments::VisitState;
use anteroom::calls::relaying;
use anteroom::config::Config;
use anteroom::relay::Side;
use anteroom::relay::control::{Bound, Order, PROTOCOL, Status};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Within this long somebody sees whether the database is in use. A relay is waited for longer.
const SOON: Duration = Duration::from_secs(2);

/// A relay that carries something already, so that a server takes it over, and relays nothing. It can hang.
struct Pretended {
    orders: UnboundedReceiver<Order>,
    hangs: Arc<AtomicBool>,
}

impl Pretended {
    /// In the data folder, and the server started anew, which takes it over.
    async fn for_server(app: &mut TestApp) -> Self {
        let listener = UnixListener::bind(app.app.config.data_dir.join("relay.sock")).unwrap();
        let (told, orders) = unbounded_channel();
        let hangs = Arc::new(AtomicBool::new(false));
        actix_web::rt::spawn({
            let hangs = hangs.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    actix_web::rt::spawn(answer(stream, told.clone(), hangs.clone()));
                }
            }
        });
        let text = std::fs::read_to_string(app.folder.path().join("clinic.toml")).unwrap();
        let relay = "[relay]\nlisten = [\"127.0.0.1:0\"]\naddresses = [\"127.0.0.1\"]\nregion = \"us-east\"\n";
        let config = Config::parse(&(text + relay)).unwrap();
        app.restart_with(|now| now.relay = config.relay).await;
        Self { orders, hangs }
    }

    async fn hears<T>(&mut self, what: &str, right: impl Fn(&Order) -> Option<T>) -> T {
        let heard = async {
            loop {
                if let Some(found) = right(&self.orders.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("it was not told: {what}"))
    }
}

async fn answer(stream: UnixStream, told: UnboundedSender<Order>, hangs: Arc<AtomicBool>) {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let _the_test_is_over = told.send(serde_json::from_str(&line).unwrap());
        if hangs.load(Ordering::SeqCst) {
            continue;
        }
        let bound = Bound { udp: vec![([127, 0, 0, 1], 9).into()], ..Bound::default() };
        let status = Status { protocol: PROTOCOL, version: "pretended".to_owned(), shape: shape(), bound, allocations: 1, calls: 1 };
        let line = serde_json::to_string(&status).unwrap() + "\n";
        if writing.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

on_both! {
    async fn a_relay_that_hangs_keeps_no_reader_of_the_database(app: TestApp) {
        let mut app = app;
        let scene = app.scene(VisitState::InCall).await;
        let mut relay = Pretended::for_server(&mut app).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        patient.join(None).await;
        patient.hears("relays").await;
        let epoch = patient.hears("state").await["epoch"].as_i64().unwrap();
        let candidate = |line: &str| json!({ "type": "candidate", "epoch": epoch, "candidate": line, "mid": "0", "line": 0 });
        patient.say(&candidate("candidate:1 1 udp 1 192.0.2.7 50000 typ host")).await;
        relay.hears("an address", |order| matches!(order, Order::Signalled { address, .. } if address.to_string() == "192.0.2.7").then_some(())).await;

        relay.hangs.store(true, Ordering::SeqCst);
        patient.say(&candidate("candidate:2 1 udp 1 192.0.2.8 50000 typ host")).await;
        relay.hears("another", |order| matches!(order, Order::Signalled { address, .. } if address.to_string() == "192.0.2.8").then_some(())).await;
        let rests = tokio::time::timeout(SOON, app.comes_to_rest("a reader is held"));
        assert!(rests.await.is_ok(), "the page holds a reader while it waits for the relay");
        app.finish().await;
    }
}

on_both! {
    async fn what_a_relay_was_told_of_a_call_that_is_not_on_is_revoked(app: TestApp) {
        let mut app = app;
        let scene = app.scene(VisitState::InCall).await;
        let mut relay = Pretended::for_server(&mut app).await;
        let watching = actix_web::rt::spawn(relaying::watch(app.app.clone(), app.beside.relays.clone()));
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        patient.join(None).await;
        let on = relay.hears("a credential", |order| if let Order::Grant { call, .. } = order { Some(call.clone()) } else { None }).await;
        // As if its visit had ended between the look at it and this.
        app.beside.relays.for_call("late", Side::Patient, false, app.app.now()).await;
        let over = relay.hears("to revoke", |order| if let Order::Revoke { call } = order { Some(call.clone()) } else { None }).await;
        assert_eq!(over, "late");
        assert_eq!(app.beside.relays.calls(), [on.as_str()], "what is on is remembered, and nothing else");
        scene.asks("end").await;
        let over = relay.hears("to revoke", |order| if let Order::Revoke { call } = order { Some(call.clone()) } else { None }).await;
        assert_eq!(over, on);
        watching.abort();
        app.finish().await;
    }
}
