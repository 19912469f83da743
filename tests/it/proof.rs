//! The spoken proof: between headless peers over real DTLS (RTC-05), and what the server keeps of it (RTC-06).

use crate::on_both;
use crate::support::TestApp;
use crate::support::clinic::Scene;
use crate::support::page::{Page, Side};
use crate::support::peer::{Event, Peer};
use crate::support::proof::{Expects, Facts, Out, Proof, Role};
use crate::support::socket::PATIENCE;
use anteroom::appointments::VisitState;
use anteroom::ids::VisitId;
use anteroom::rights::incidents::from_calls;
use anteroom::staff::Role as StaffRole;
use anteroom::waiting_room::{GoneWhy, Party};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// What the page's script calls the phase in which it waits for a message.
const PHASES: [(Expects, &str); 3] = [(Expects::Commitment, "listening"), (Expects::Answer, "committed"), (Expects::Reveal, "answered")];

fn in_words(out: Out) -> Value {
    match out {
        Out::Send(message) => json!({ "send": hex::encode(message) }),
        Out::Wait(expects) => json!({ "later": PHASES.iter().find(|(one, _)| *one == expects).unwrap().1 }),
        Out::Show(numbers) => json!({ "show": numbers }),
        Out::Unchecked => "unchecked".into(),
        Out::Differ => "differ".into(),
    }
}

/// `tests/js/proof.test.js` runs the same file through the page's script.
#[test]
fn the_peer_and_the_page_agree_on_every_vector() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../js/snapshots/proof.json")).unwrap();
    assert!(vectors.len() > 30, "the vectors were read");
    for vector in vectors {
        let facts = Facts {
            visit: bytes(&vector["visit"]),
            own: bytes(&vector["own"]),
            peer: bytes(&vector["peer"]),
            nonce: bytes(&vector["nonce"]),
        };
        let mut proof = Proof::new(if vector["role"] == "clinician" { Role::Clinician } else { Role::Patient });
        for step in vector["steps"].as_array().unwrap() {
            let on = &step["on"];
            let does = match on.as_str() {
                Some("started") => proof.begin(facts.clone()),
                Some(_) => proof.closed(),
                None if on["late"].is_string() => proof.late(PHASES.iter().find(|(_, phase)| on["late"] == *phase).unwrap().0),
                None => proof.hear(&bytes(&on["message"])),
            };
            let does: Vec<Value> = does.into_iter().map(in_words).collect();
            assert_eq!(json!(does), step["does"], "{}: {on}", vector["name"]);
        }
    }
}

/// Both pages of an admitted visit, connected, and known to the server to be so.
async fn in_call(app: &TestApp) -> (Scene, Page, Page) {
    let before = app.events("call.connected").await.len();
    let scene = app.scene(VisitState::InCall).await;
    let clinician = Page::open(Side::Clinician, scene.clinician.socket(&scene.path("socket")).await);
    let patient = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
    clinician.connected(1).await;
    patient.connected(1).await;
    app.events_come("call.connected", before + 2).await;
    (scene, clinician, patient)
}

fn said(epoch: i64, outcome: &str, source: &str, found: &str) -> Value {
    json!({ "type": "proof", "epoch": epoch, "outcome": outcome, "source": source, "found": found })
}

/// The words of both, and the certificates of the clinician's end and of the patient's.
async fn compare(scene: &Scene, clinician: &Page, patient: &Page) -> (Out, Vec<u8>, Vec<u8>) {
    let (clinician, patient) = (clinician.peer(), patient.peer());
    tokio::join!(clinician.can_prove(), patient.can_prove());
    let (clinicians, patients) = tokio::join!(clinician.prove(Role::Clinician, scene.visit), patient.prove(Role::Patient, scene.visit));
    assert_eq!(clinicians, patients);
    assert!(matches!(clinicians, Out::Show(_)), "{clinicians:?}");
    let facts = clinician.facts(scene.visit).await;
    (clinicians, facts.own, facts.peer)
}

on_both! {
    async fn two_peers_come_to_the_same_words_and_a_new_connection_to_others(app: TestApp) {
        let (scene, clinician, patient) = in_call(&app).await;
        let mut words = vec![compare(&scene, &clinician, &patient).await];
        // The patient's page is loaded anew.
        drop(patient);
        let again = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
        again.connected(2).await;
        clinician.connected(2).await;
        words.push(compare(&scene, &clinician, &again).await);
        let [(first, own, peer), (second, new_own, new_peer)] = &words[..] else { panic!("two connections") };
        assert!(first != second && own != new_own && peer != new_peer, "RTC-08: a connection has certificates of its own");
        app.finish().await;
    }
}

on_both! {
    async fn what_came_of_comparing_is_recorded_once_for_a_connection(app: TestApp) {
        let (scene, clinician, patient) = in_call(&app).await;
        for _ in 0..2 {
            clinician.say(said(1, "not_compared", "certificate", "page"));
        }
        clinician.say(said(7, "matched", "certificate", "people"));
        for _ in 0..2 {
            clinician.say(said(1, "matched", "certificate", "people"));
        }
        patient.hears("proof").await;
        assert_eq!(patient.heard("proof")[0], said(1, "matched", "certificate", "people"));
        // Whatever was said before this has been heard.
        clinician.say(json!({ "type": "chatted", "epoch": 1 }));
        app.events_come("chat.sent", 1).await;
        let kept: Vec<Value> = app.events("call.proof").await;
        let details: Vec<&Value> = kept.iter().map(|event| &event["details"]).collect();
        assert_eq!(
            details,
            [
                &json!({ "epoch": 1, "result": "not_compared", "source": "certificate" }),
                &json!({ "epoch": 1, "result": "matched", "source": "certificate" })
            ]
        );
        assert!(kept.iter().all(|event| event["object"]["id"] == json!(scene.visit) && event["actor"]["kind"] == "staff"));
        assert_eq!(from_calls::open_due(&app.app).await.unwrap(), 0);
        app.finish().await;
    }
}

on_both! {
    async fn a_difference_ends_the_call_for_both_and_opens_one_incident(app: TestApp) {
        for (side, found) in [(Side::Clinician, "people"), (Side::Patient, "people"), (Side::Patient, "page")] {
            let before = app.events("call.proof").await.len();
            let (scene, clinician, patient) = in_call(&app).await;
            let (from, other) = if side == Side::Clinician { (&clinician, &patient) } else { (&patient, &clinician) };
            from.say(said(1, "differ", "sdp", found));
            for page in [from, other] {
                page.hears("gone").await;
                assert_eq!(page.heard("gone"), [json!({ "type": "gone", "why": "differ" })]);
                page.hung_up().await;
                assert_eq!(page.closed().await, Some(1000));
            }
            let standing = scene.standing(&app).await;
            assert_eq!((standing.state, standing.call_epoch), (VisitState::Waiting, 2), "nothing passes until somebody is let in again");
            let event = app.events("call.proof").await.pop().unwrap();
            assert_eq!(event["details"], json!({ "epoch": 1, "result": "differ", "source": "sdp", "why": found }));
            assert_eq!((&event["outcome"], &event["object"]["id"]), (&json!("failed"), &json!(scene.visit)));
            assert_eq!(app.events("visit.put_back").await.pop().unwrap()["details"], json!({ "because": "differ" }));

            // A page that does not know whether it was heard says it again, of a call that is no more.
            let mut again = if side == Side::Clinician { &scene.clinician } else { &scene.patient }.socket(&scene.path("socket")).await;
            again.say(&said(1, "differ", "sdp", found)).await;
            assert_eq!(again.hears("gone").await["why"], "differ");
            assert_eq!(app.events("call.proof").await.len(), before + 1);
            assert_eq!(scene.standing(&app).await.call_epoch, 2);

            assert_eq!(from_calls::open_due(&app.app).await.unwrap(), 1);
            assert_eq!(from_calls::open_due(&app.app).await.unwrap(), 0, "an event opens one file");
            let opened = app.events("case.opened").await.pop().unwrap();
            assert_eq!((&opened["actor"]["kind"], &opened["details"]["case"]), (&json!("system"), &json!("incident")));
            let officer = app.staff(StaffRole::Compliance).await;
            let page = officer.text(&format!("/incidents/{}", opened["object"]["id"].as_str().unwrap())).await;
            assert!(page.contains("The program wrote this down by itself") && page.contains(&scene.visit.to_string()), "{page}");
            assert!(!page.contains(&scene.name), "an incident of the program names no patient");
        }
        app.finish().await;
    }
}

on_both! {
    /// The node may read the new state of the visit on its own account before the two are sent away.
    async fn why_they_are_sent_away_comes_before_how_the_visit_stands(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let mut pages = Vec::new();
        for who in [&scene.clinician, &scene.patient] {
            let mut page = who.socket(&scene.path("socket")).await;
            page.hears("state").await;
            page.join(None).await;
            pages.push(page);
        }
        pages[0].until("state", |state| state["peer"] == "in_call").await;
        let holders = app.hub.holders(scene.visit).await;
        assert_eq!(scene.asks("waiting").await, StatusCode::SEE_OTHER);
        // Whoever opens a page brings its node the new state, and then waits for its turn to be told.
        let path = scene.path("socket");
        let sent_away = async {
            while !app.hub.has_left(scene.visit, Party::Clinician, 1) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            holders.send_away(GoneWhy::Differ);
        };
        let node_saw_it = async { tokio::join!(scene.clinician.socket(&path), sent_away) };
        tokio::time::timeout(PATIENCE, node_saw_it).await.expect("the node sees that their call is over");
        for page in &mut pages {
            page.hears("gone").await;
            assert!(!page.heard.iter().any(|said| said.contains(r#""state":"waiting""#)), "{:#?}", page.heard);
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_difference_in_a_call_that_was_given_up_is_kept_and_ends_no_other(app: TestApp) {
        let (scene, clinician, patient) = in_call(&app).await;
        patient.says_goodbye();
        let again = Page::open(Side::Patient, scene.patient.socket(&scene.path("socket")).await);
        again.connected(2).await;
        clinician.connected(2).await;
        clinician.say(said(1, "differ", "none", "page"));
        assert_eq!(app.events_come("call.proof", 1).await[0]["details"]["epoch"], 1);
        clinician.hears("gone").await;
        assert_eq!(scene.standing(&app).await.call_epoch, 2);
        assert!(again.heard("gone").is_empty() && again.epoch() == Some(2), "the call that began since goes on");
        // Of a connection that there never was, nothing is kept.
        again.say(said(9, "differ", "none", "page"));
        again.say(said(0, "differ", "none", "page"));
        again.say(said(2, "differ", "none", "page"));
        again.hears("gone").await;
        assert_eq!(app.events("call.proof").await.len(), 2);
        assert_eq!(scene.asks("admission").await, StatusCode::SEE_OTHER, "they can be let in again");
        app.finish().await;
    }
}

/// One side of a connection and what it has to say.
type End = (Peer, UnboundedReceiver<Event>);

/// Connect two ends to each other.
async fn connect(offering: &mut End, answering: &mut End) {
    let answer = answering.0.answer(&offering.0.offer(false).await).await;
    offering.0.apply(&answer).await;
    loop {
        tokio::select! {
            Some(event) = offering.1.recv() => give(event, &answering.0).await,
            Some(event) = answering.1.recv() => give(event, &offering.0).await,
            () = async { tokio::join!(offering.0.can_prove(), answering.0.can_prove()); } => return,
        }
    }
}

async fn give(event: Event, to: &Peer) {
    if let Event::Candidate { candidate, mid, line } = event {
        to.candidate(&candidate, &mid, line).await;
    }
}

/// How often over real DTLS. The page's own machines stand a thousand attacks in `tests/js/proof_attack.test.js`.
fn runs() -> usize {
    std::env::var("PROOF_PEER_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(2)
}

/// A signalling server that put itself in between: two connections with real certificates, each of them in order.
#[actix_web::test]
async fn whoever_sits_between_two_peers_is_seen_in_the_words_or_refused() {
    let visit = VisitId(Uuid::from_u128(7));
    for run in 0..runs() {
        let (mut clinician, mut to_clinician) = (Peer::open().await, Peer::open().await);
        let (mut to_patient, mut patient) = (Peer::open().await, Peer::open().await);
        connect(&mut clinician, &mut to_clinician).await;
        connect(&mut to_patient, &mut patient).await;
        let (clinician, patient) = (&clinician.0, &patient.0);
        let (to_clinician, to_patient) = (&to_clinician.0, &to_patient.0);
        let honest = async { tokio::join!(clinician.prove(Role::Clinician, visit), patient.prove(Role::Patient, visit)) };
        if run % 2 == 0 {
            // The attacker is a good other side to each of them.
            let attacker = async { tokio::join!(to_clinician.prove(Role::Patient, visit), to_patient.prove(Role::Clinician, visit)) };
            let ((clinicians, patients), (seen_there, seen_here)) = tokio::join!(honest, attacker);
            assert_eq!((&clinicians, &patients), (&seen_there, &seen_here), "it knows both sets of words");
            assert!(matches!((&clinicians, &patients), (Out::Show(one), Out::Show(other)) if one != other), "{clinicians:?} {patients:?}");
        } else {
            // It hands each message on as it came.
            let attacker = async {
                to_patient.send_proof(&to_clinician.hear_proof().await).await;
                to_clinician.send_proof(&to_patient.hear_proof().await).await;
                to_patient.send_proof(&to_clinician.hear_proof().await).await;
            };
            let ((clinicians, patients), ()) = tokio::join!(honest, attacker);
            assert!(matches!(clinicians, Out::Show(_)), "{clinicians:?}");
            assert_eq!(patients, Out::Differ, "the patient's page sees that the clinician meant another connection");
        }
        for peer in [clinician, to_clinician, to_patient, patient] {
            peer.close().await;
        }
    }
}
