//! What pages are told of relays, and when; what passes between them where calls go through relays alone (RTC-11, RTC-13, RTC-14).

use crate::on_both;
use crate::support::TestApp;
use crate::support::coturn::{Coturn, SECRET};
use crate::support::socket::{Socket, description};
use anteroom::appointments::VisitState;
use anteroom::config::Config;
use anteroom::crypto::Rng;
use anteroom::ids::Region;
use anteroom::relay::{Offer, Relays, Side};
use anteroom::relay::{credential, peers};
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn coturn(software: &'static str) -> String {
    Coturn::new(software, "us-east").config()
}

/// A configuration with these relays and nothing else to say.
fn config_with(relays: &str) -> Config {
    Config::parse(&format!(
        "base_url = \"http://localhost:8080\"\nlisten = [\"127.0.0.1:0\"]\ndata_dir = \"data\"\nroot_key_file = \"keys/root.key\"\n\
         [clinic]\nname = \"Riverside Clinic\"\nzone = \"America/New_York\"\nphone = \"555 0100\"\n{relays}"
    ))
    .unwrap()
}

fn region(name: &str) -> Region {
    name.to_owned().try_into().unwrap()
}

fn relays_only() -> String {
    format!("[calls]\npath = \"relay\"\n{}addresses = [\"203.0.113.9\"]\n", coturn("Coturn-4.17.1 'test'"))
}

/// The one credential that a page was given last.
fn credential_in(heard: &Socket) -> Value {
    let messages: Vec<Value> = heard.heard.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let last = messages.iter().rfind(|message| message["type"] == "relays").expect("it heard of relays");
    assert_eq!(last["servers"].as_array().unwrap().len(), 1);
    last["servers"][0].clone()
}

on_both! {
    with (coturn("Coturn-4.17.1 'test'"))
    async fn a_relays_credential_comes_after_admission_to_each_party_its_own(app: TestApp) {
        let scene = app.scene(VisitState::Waiting).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        patient.state("waiting").await;
        patient.join(None).await;
        clinician.join(None).await;
        for page in [&mut patient, &mut clinician] {
            assert!(page.all_of("relays", Duration::from_millis(400)).await.is_empty(), "nobody is admitted");
        }
        scene.admit().await;
        let mut names = Vec::new();
        for page in [&mut patient, &mut clinician] {
            page.state("checking").await;
            page.join(None).await;
            page.hears("relays").await;
            let server = credential_in(page);
            let (name, now) = (server["username"].as_str().unwrap().to_owned(), app.app.now().0 / 1_000);
            assert!(credential::is_open(&name, now, credential::CALL_SECONDS) && !credential::is_open(&name, now + 601, 601));
            let password = credential::password(&Secret::new(SECRET.to_owned()), &name);
            assert_eq!(server["credential"], *password.reveal(), "a coturn with the same secret takes it");
            assert!(!name.contains(&scene.visit.to_string()));
            names.push(name);
        }
        assert_ne!(names[0], names[1]);
        app.finish().await;
    }
}

on_both! {
    with (relays_only())
    async fn where_calls_go_through_relays_no_other_address_passes(app: TestApp) {
        let scene = app.scene(VisitState::InCall).await;
        let mut patient = scene.patient.socket(&scene.path("socket")).await;
        let mut clinician = scene.clinician.socket(&scene.path("socket")).await;
        for page in [&mut patient, &mut clinician] {
            page.join(None).await;
            page.hears("relays").await;
        }
        let epoch = loop {
            let state = patient.hears("state").await;
            if state["peer"] == "in_call" {
                break state["epoch"].as_i64().unwrap();
            }
        };
        let candidate = |line: &str| json!({ "type": "candidate", "epoch": epoch, "candidate": line, "mid": "0", "line": 0 });
        let relay = "candidate:3 1 udp 41885439 203.0.113.9 51000 typ relay raddr 192.0.2.7 rport 50000";
        let sdp = format!("{}a=candidate:1 1 udp 1 192.0.2.7 50000 typ host\r\na={relay}\r\n", description());
        patient.say(&candidate("candidate:1 1 udp 1 192.0.2.7 50000 typ host")).await;
        patient.say(&candidate("candidate:2 1 udp 1 192.0.2.7 50000 typ srflx raddr 192.0.2.7 rport 5")).await;
        patient.say(&candidate(&relay.replace("203.0.113.9", "203.0.113.10"))).await;
        patient.say(&candidate(relay)).await;
        patient.say(&json!({ "type": "answer", "epoch": epoch, "sdp": sdp })).await;
        let answer = clinician.hears("answer").await;
        assert!(answer["sdp"].as_str().unwrap().contains("203.0.113.9"));
        assert!(clinician.heard.iter().any(|frame| frame.contains("candidate:3")), "the relay's passed");
        assert!(!clinician.heard.iter().any(|frame| frame.contains("192.0.2.7")), "and nothing else, nor what stands behind it");
        assert!(!clinician.heard.iter().any(|frame| frame.contains("203.0.113.10")), "nor a relay of another region");
        app.finish().await;
    }
}

#[tokio::test]
async fn relays_of_the_region_follow_each_other_and_one_outside_is_not_even_asked() {
    let good = |region| Coturn::new("Coturn-4.17.1 'test'", region);
    let (first, second, next, outside) = (good("us-east"), good("us-east"), good("us-west"), good("eu"));
    let all = [&outside, &next, &first, &second].map(Coturn::config).join("");
    let config = config_with(&format!("[relay]\nregions = [\"us-east\", \"us-west\"]\n{all}"));
    let relays = Relays::start(&config, &Rng::system(), &[]).await.unwrap();
    let mut changes = relays.changes();
    let watching = tokio::spawn(relays.clone().watch(async || Ok(Vec::new())));
    let mut offered = async |right: &dyn Fn(&Offer) -> bool| {
        let wait = async {
            loop {
                let offer = relays.for_call("one", Side::Patient, true, SystemClock.now()).await;
                if right(&offer) {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "what was offered did not change");
    };
    let is = |offer: &Offer, wanted: &[&Coturn]| {
        wanted.len() == offer.servers.len()
            && wanted.iter().all(|one| one.is_in(offer))
            && offer.listed.iter().all(|one| one.region != region("eu"))
    };
    offered(&|offer| is(offer, &[&first, &second])).await;
    first.up.store(false, Ordering::SeqCst);
    offered(&|offer| is(offer, &[&second])).await;
    second.up.store(false, Ordering::SeqCst);
    offered(&|offer| is(offer, &[&next])).await;
    next.up.store(false, Ordering::SeqCst);
    offered(&|offer| is(offer, &[])).await;
    second.up.store(true, Ordering::SeqCst);
    offered(&|offer| is(offer, &[&second])).await;
    assert_eq!(outside.asked.load(Ordering::SeqCst), 0, "not one packet went outside");
    watching.abort();
}

#[tokio::test]
async fn a_coturn_that_is_too_old_or_hides_its_version_is_refused_at_start() {
    for (software, refusal) in
        [("Coturn-4.6.1 'Gorst'", "4.17.1 or newer"), ("Coturn-4.17.0 'x'", "4.17.1 or newer"), ("", "does not tell its version")]
    {
        let config = config_with(&coturn(software));
        let error = Relays::start(&config, &Rng::system(), &[]).await.err().expect("it is refused");
        assert!(error.to_string().contains(refusal), "{software}: {error}");
    }
}

/// The rules of the shipped coturn deny what our own relay denies, and open nothing (RTC-13).
#[test]
fn the_shipped_coturn_is_closed_to_everything_inside() {
    let text = include_str!("../../compliance/relay/turnserver.conf");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for needed in [
        "use-auth-secret",
        "no-tcp-relay",
        "no-multicast-peers",
        "no-cli",
        "user-quota=12",
        "total-quota=1200",
        "max-bps=500000",
        "stale-nonce=300",
        "tls-listening-port=443",
    ] {
        assert!(lines.contains(&needed), "{needed}");
    }
    for forbidden in ["allow-loopback-peers", "no-auth", "cli-", "no-software-attribute", "server-relay"] {
        assert!(!lines.iter().any(|line| line.starts_with(forbidden)), "{forbidden}");
    }
    let allowed: Vec<&&str> = lines.iter().filter(|line| line.starts_with("allowed-peer-ip=")).collect();
    assert_eq!(allowed, [&"allowed-peer-ip=ADDRESS_HERE"], "the relay itself and nobody else");

    let ranges: Vec<(IpAddr, IpAddr)> = lines.iter().filter_map(|line| line.strip_prefix("denied-peer-ip=")).map(range).collect();
    let denied = |ip: IpAddr| ranges.iter().any(|(from, to)| from.is_ipv4() == ip.is_ipv4() && (*from..=*to).contains(&ip));
    // Beginnings, ends and middles of every block of the registry, and each neighbour: coturn's rules say what ours do.
    for block in 0..=u16::MAX {
        for end in [0, 1, 0x7FFF, 0xFFFF] {
            let four = IpAddr::from(Ipv4Addr::from((u32::from(block) << 16) | end));
            assert_eq!(denied(four), !peers::is_public(four), "{four}");
            let six = IpAddr::from(Ipv6Addr::from((u128::from(block) << 112) | (u128::from(end) << 96) | 1));
            assert_eq!(denied(six), !peers::is_public(six), "{six}");
        }
    }
    for ip in [
        "192.0.2.9",
        "192.0.3.1",
        "203.0.113.9",
        "203.0.112.255",
        "198.51.100.1",
        "192.88.99.1",
        "2001:db8::1",
        "2001:db9::1",
        "2620:4f:8000::1",
        "2620:4f:8001::1",
    ] {
        let ip: IpAddr = ip.parse().unwrap();
        assert_eq!(denied(ip), !peers::is_public(ip), "{ip}");
    }
}

fn range(text: &str) -> (IpAddr, IpAddr) {
    let (from, to) = text.split_once('-').unwrap();
    (from.parse().unwrap(), to.parse().unwrap())
}
