//! Where a call may go: the relays of the deployment's regions, all calls or one that the clinician rules so (RTC-11).

use crate::on_both;
use crate::support::TestApp;
use crate::support::clinic::Scene;
use crate::support::coturn::Coturn;
use crate::support::socket::{NOT_ALLOWED, News, Socket, description};
use anteroom::appointments::VisitState;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// The relays of these tests send from there.
const LISTED: &str = "203.0.113.9";
const HOST: &str = "candidate:1 1 udp 1 192.0.2.7 50000 typ host";

fn relays(path: &str, coturns: &[&Coturn]) -> String {
    let all: String = coturns.iter().map(|coturn| format!("{}addresses = [\"{LISTED}\"]\n", coturn.config())).collect();
    format!("[calls]\npath = \"{path}\"\n{all}")
}

fn good() -> Coturn {
    Coturn::new("Coturn-4.17.1 'test'", "us-east")
}

/// Both pages of a call, which have taken it.
struct Two {
    scene: Scene,
    patient: Socket,
    clinician: Socket,
}

impl Two {
    async fn in_call(app: &TestApp) -> Self {
        let scene = app.scene(VisitState::InCall).await;
        let (mut patient, mut clinician) =
            (scene.patient.socket(&scene.path("socket")).await, scene.clinician.socket(&scene.path("socket")).await);
        for page in [&mut patient, &mut clinician] {
            page.join(None).await;
            page.hears("relays").await;
        }
        Self { scene, patient, clinician }
    }

    /// Both know each other in the call of an epoch after this one: which one, and whether it goes through relays alone.
    async fn after(&mut self, epoch: i64) -> (i64, bool) {
        let meets = |state: &Value| state["peer"] == "in_call" && state["epoch"].as_i64().is_some_and(|now| now > epoch);
        let patients = self.patient.until("state", meets).await;
        let clinicians = self.clinician.until("state", meets).await;
        assert_eq!((&patients["epoch"], &patients["rules"]), (&clinicians["epoch"], &clinicians["rules"]));
        (patients["epoch"].as_i64().unwrap(), patients["rules"]["relay"] != "no")
    }

    async fn rules(&self, to: &str) -> StatusCode {
        self.scene.clinician.form(&self.scene.path("rules"), &[("rule", "relay"), ("to", to)]).await.status()
    }

    /// What of the patient's addresses comes to the clinician's page.
    async fn passes(&mut self, epoch: i64) -> String {
        let relay = format!("candidate:3 1 udp 41885439 {LISTED} 51000 typ relay raddr 192.0.2.7 rport 50000");
        self.patient.say(&json!({ "type": "candidate", "epoch": epoch, "candidate": HOST, "mid": "0", "line": 0 })).await;
        self.patient.say(&json!({ "type": "candidate", "epoch": epoch, "candidate": relay, "mid": "0", "line": 0 })).await;
        self.patient.say(&json!({ "type": "answer", "epoch": epoch, "sdp": format!("{}a={HOST}\r\na={relay}\r\n", description()) })).await;
        let from = self.clinician.heard.len();
        self.clinician.until("answer", |answer| answer["epoch"] == epoch).await;
        self.clinician.heard[from..].iter().filter(|frame| !frame.contains("\"state\"")).cloned().collect()
    }
}

on_both! {
    with (relays("direct", &[&good()]))
    async fn a_call_goes_through_relays_alone_from_the_moment_that_the_clinician_rules_it(app: TestApp) {
        let mut two = Two::in_call(&app).await;
        let (first, relay) = two.after(-1).await;
        assert!(!relay && two.passes(first).await.contains("192.0.2.7"), "direct until it is ruled");

        assert_eq!(two.rules("on").await, StatusCode::SEE_OTHER);
        let (second, relay) = two.after(first).await;
        assert!(relay, "both pages are told, and begin anew");
        let passed = two.passes(second).await;
        assert!(passed.contains(LISTED) && !passed.contains("192.0.2.7"), "{passed}");
        assert!(two.clinician.heard.iter().any(|frame| frame.contains("\"relays\"")));

        assert_eq!(two.rules("off").await, StatusCode::SEE_OTHER);
        let (third, relay) = two.after(second).await;
        assert!(!relay && two.passes(third).await.contains("192.0.2.7"));

        two.rules("on").await;
        two.after(third).await;
        two.scene.asks("waiting").await;
        two.patient.state("waiting").await;
        two.scene.admit().await;
        let admitted = two.patient.state("checking").await;
        assert_eq!(admitted["rules"]["relay"], "no", "an admission begins without rules");
        let ruled: Vec<Value> = app.events("call.rule_set").await.iter().map(|event| event["details"]["to"].clone()).collect();
        assert_eq!(ruled, ["on", "off", "on"]);
        app.finish().await;
    }
}

on_both! {
    with (relays("direct", &[&good()]))
    async fn what_was_ruled_outlives_the_server(app: TestApp) {
        let mut app = app;
        let mut two = Two::in_call(&app).await;
        let (epoch, _) = two.after(-1).await;
        two.rules("on").await;
        let (epoch, relay) = two.after(epoch).await;
        assert!(relay);
        app.restart().await;
        two.patient = two.scene.patient.socket(&two.scene.path("socket")).await;
        let state = two.patient.state("in_call").await;
        assert_eq!((state["epoch"].as_i64(), &state["rules"]["relay"]), (Some(epoch), &json!("clinician")));
        app.finish().await;
    }
}

on_both! {
    with (relays("direct", &[&good()]))
    async fn what_the_patient_chose_before_joining_holds_for_every_admission_and_no_rule_takes_it_back(app: TestApp) {
        let mut scene = app.scene(VisitState::Redeemed).await;
        let arrive = async |relay: &str| scene.patient.post(&scene.path("arrival"), &[("consent", "1"), ("relay", relay)]).await.status();
        assert!(scene.patient.text(&scene.page()).await.contains("id=\"relay\""), "it is asked");
        assert_eq!(arrive("sometimes").await, StatusCode::UNPROCESSABLE_ENTITY);
        for to in ["off", "on", "on"] {
            assert_eq!(arrive(to).await, StatusCode::OK);
        }
        let told: Vec<Value> = app.events("call.rule_set").await.iter().map(|event| json!([event["details"], event["actor"]["kind"]])).collect();
        assert_eq!(told, [json!([{ "rule": "relay", "to": "on" }, "patient_link"])], "what changes nothing is not told");

        let (mut patient, mut clinician) = (scene.patient.socket(&scene.path("socket")).await, scene.clinician.socket(&scene.path("socket")).await);
        let mut epoch = -1;
        for _ in 0..2 {
            scene.admit().await;
            for page in [&mut patient, &mut clinician] {
                page.until("state", |state| state["state"] == "checking" && state["rules"]["relay"] == "patient").await;
                page.join(None).await;
            }
            let mut two = Two { scene, patient, clinician };
            let (admitted, relay) = two.after(epoch).await;
            assert!(relay);
            let passed = two.passes(admitted).await;
            assert!(passed.contains(LISTED) && !passed.contains("192.0.2.7"), "{passed}");

            // Neither the clinician lowers it nor the patient's page, once the door is open.
            assert_eq!(two.rules("off").await, StatusCode::SEE_OTHER);
            let (after, relay) = two.after(admitted).await;
            assert!(relay && !two.passes(after).await.contains("192.0.2.7"));
            let late = two.scene.patient.post(&two.scene.path("arrival"), &[("consent", "1"), ("relay", "off")]).await;
            assert_eq!(late.status(), StatusCode::OK);
            assert!(two.scene.standing(&app).await.relay_wished_at.is_some());
            two.scene.asks("waiting").await;
            Two { scene, patient, clinician } = two;
            epoch = after;
        }
        app.finish().await;
    }
}

on_both! {
    async fn without_a_relay_nobody_rules_that_one_is_used(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let answer = scene.clinician.form(&scene.path("rules"), &[("rule", "relay"), ("to", "on")]).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert!(!scene.clinician.text(&scene.path("call")).await.contains("data-rule=\"relay\""), "nor is offered to");
        let chosen = scene.patient.post(&scene.path("arrival"), &[("consent", "1"), ("relay", "on")]).await;
        assert_eq!(chosen.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!scene.patient.text(&scene.page()).await.contains("id=\"relay\""), "nor is asked");
        app.finish().await;
    }
}

on_both! {
    with (relays("relay", &[&good()]))
    async fn the_way_and_its_region_stand_in_the_log_and_no_region_that_is_not_ours(app: TestApp) {
        let mut two = Two::in_call(&app).await;
        let (epoch, _) = two.after(-1).await;
        let way = |path: &str, region: Value| json!({ "type": "connected", "epoch": epoch, "path": path, "region": region });
        for said in [way("relay_udp", json!("us-east")), way("relay_udp", json!("us-east")), way("relay_tls", json!("us-east")), way("relay", Value::Null)] {
            two.patient.say(&said).await;
        }
        two.patient.say(&json!({ "type": "no_relay", "epoch": epoch })).await;
        app.events_come("call.connected", 4).await;
        let told: Vec<Value> = app.events("call.connected").await.iter().map(|event| {
            json!([event["details"]["path"], event["details"]["region"], event["outcome"], event["details"]["why"]])
        }).collect();
        let none = Value::Null;
        assert_eq!(told, [
            json!(["relay_udp", "us-east", "success", none]), json!(["relay_tls", "us-east", "success", none]),
            json!(["relay", none, "success", none]), json!([none, none, "failed", "no_relay"]),
        ], "each way once");
        two.clinician.say(&way("relay_udp", json!("eu-west"))).await;
        let end = loop {
            if let News::Closed(code) = two.clinician.next().await {
                break code;
            }
        };
        assert_eq!(end, Some(NOT_ALLOWED), "a page makes no name for the log");
        app.finish().await;
    }
}

#[actix_web::test]
async fn a_page_hears_at_once_when_the_last_relay_goes_and_when_one_is_back() {
    let coturn = good();
    let app = TestApp::sqlite_with(&relays("relay", &[&coturn])).await;
    let mut two = Two::in_call(&app).await;
    for (up, servers) in [(false, 0), (true, 1)] {
        coturn.up.store(up, Ordering::SeqCst);
        let told = two.patient.until("relays", |relays| relays["servers"].as_array().unwrap().len() == servers).await;
        assert_eq!(told["listed"], json!([{ "address": LISTED, "region": "us-east" }]), "the region is named, well or not");
    }
    app.finish().await;
}
