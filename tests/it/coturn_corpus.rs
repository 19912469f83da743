//! What Debian's coturn, 4.6.1, lets through under the rules that we ship, of all that our own relay refuses (TST-11). It is too old for `serve`, which
//! refuses it at its start; the list here is the one in `compliance/runbooks/relay.md`.

use crate::relay::INSIDE;
use crate::support::served::free_port;
use crate::support::turn::Client;
use anteroom::relay::credential::{CALL_SECONDS, Credential};
use anteroom::relay::stun::{Method, Writer, kind};
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};

const REALM: &str = "relay.clinic.example";
const RUNBOOK: &str = include_str!("../../compliance/runbooks/relay.md");

/// Killed when dropped.
struct Coturn(Child);

impl Drop for Coturn {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

/// The shipped rules without certificate and without the system's log, on an address of this machine.
fn rules(address: IpAddr, port: u16) -> String {
    let shipped = include_str!("../../compliance/relay/turnserver.conf");
    let left_out = ["cert=", "pkey=", "tls-listening-port=", "listening-port=", "syslog", "no-stdout-log"];
    let lines = shipped.lines().filter(|line| !left_out.iter().any(|start| line.starts_with(start)));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let text = text.replace("ADDRESS_HERE", &address.to_string()).replace("RELAY_NAME", REALM);
    text.replace("static-auth-secret=SECRET", "static-auth-secret=s3cret")
        + &format!("listening-port={port}\nno-tls\nno-dtls\nlog-file=/dev/null\npidfile=/dev/null\n")
}

/// What a coturn at this address lets through of the corpus, of the address's own family. Its own address is what the rules allow.
fn let_through(address: IpAddr) -> Vec<&'static str> {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let file = folder.path().join("turnserver.conf");
    std::fs::write(&file, rules(address, port)).unwrap();
    let mut command = Command::new("turnserver");
    command.arg("-c").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _coturn = Coturn(command.spawn().expect("turnserver of the package coturn"));
    let (place, here) = ((address, port).into(), if address.is_ipv4() { IpAddr::from([127, 0, 0, 1]) } else { address });
    while !Client::udp(here, place).is_answered() {}
    let asked = INSIDE.into_iter().filter(|ip| ip.starts_with('[') != address.is_ipv4() && !ip.ends_with(&format!("[{address}]")));
    let passes = |(at, ip): &(usize, &str)| {
        let mut client = Client::udp(here, place);
        client.realm = REALM;
        let random = [u8::try_from(*at).unwrap(); 16];
        let credential = Credential::new(&Secret::new("s3cret".to_owned()), SystemClock.now().0 / 1_000, CALL_SECONDS, random);
        let family = if address.is_ipv4() { 1u32 } else { 2 } << 24;
        let asks = |request: Writer| request.number(kind::REQUESTED_TRANSPORT, 17 << 24).number(kind::REQUESTED_ADDRESS_FAMILY, family);
        assert_eq!(client.asks(&credential, Method::Allocate, asks).0, 0);
        let world = if address.is_ipv4() { "8.8.8.8:40000" } else { "[2607:f8b0::1]:40000" };
        assert_eq!(client.permits(&credential, world.parse().unwrap()), 0, "what is allowed is allowed");
        let peer = format!("{ip}:40000").parse().unwrap();
        [client.permits(&credential, peer), client.binds(&credential, 0x4000, peer)].contains(&0)
    };
    asked.enumerate().filter(passes).map(|(_, ip)| ip).collect()
}

#[test]
fn what_debians_coturn_lets_through_stands_in_the_runbook() {
    let through = [IpAddr::from([127, 0, 0, 2]), "::1".parse().unwrap()].map(let_through).concat();
    let said: Vec<String> = through.iter().map(|ip| format!("`{}`", ip.trim_matches(['[', ']']))).collect();
    let listed = RUNBOOK.split_once("lets through, of the addresses that ours refuses: ").expect("the runbook has the list").1;
    assert_eq!(listed.split_once(". `tests").unwrap().0, if said.is_empty() { "none".to_owned() } else { said.join(", ") });
}
