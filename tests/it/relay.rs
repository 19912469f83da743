//! The relay as a process, over real sockets: what it refuses, what it withstands, how it ends (TST-11, AB-08).

use crate::support::turn::{CALL_SECRET, CHECK_SECRET, Client, PATIENCE, Relay, shape, spawn};
use anteroom::relay::Side;
use anteroom::relay::control::Order;
use anteroom::relay::credential::{self, CALL_SECONDS, CHECK_SECONDS, Credential};
use anteroom::relay::frame;
use anteroom::relay::stun::Method;
use anteroom::secret::Secret;
use anteroom::time::{Clock, SystemClock};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A credential's life that a test outlives.
const SHORT_SECONDS: i64 = 3;

/// Each address of RTC-12 in the ways that have been holes in relays, at a port where media could be.
pub const INSIDE: [&str; 24] = [
    "127.0.0.1",
    "127.0.0.3",
    "0.0.0.0",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[2002:7f00:1::]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[2002:a9fe:a9fe::]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fe80::1]",
    "[ff02::1]",
    "224.0.0.1",
    "255.255.255.255",
    "[2001:0:0:0:0:0:80ff:fffe]",
];

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Both parties of a call with an allocation each, and where these are.
fn two(relay: &mut Relay, first: &mut Client, second: &mut Client) -> ([Credential; 2], [SocketAddr; 2]) {
    let credentials = [relay.granted("one", Side::Patient), relay.granted("one", Side::Clinician)];
    let relayed = [first.allocates(&credentials[0]), second.allocates(&credentials[1])];
    assert_eq!(relayed.map(|(code, _)| code), [0, 0]);
    (credentials, relayed.map(|(_, address)| address.unwrap()))
}

#[test]
fn the_relay_reaches_nothing_inside_whoever_signalled_it() {
    let mut relay = Relay::start();
    let credential = relay.granted("one", Side::Patient);
    let mut client = relay.udp();
    assert_eq!(client.allocates(&credential).0, 0);
    // Something of this machine that a stranger would like to talk to.
    let (inside, beside) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.3:0").unwrap());
    let ports = [inside.local_addr().unwrap().port(), beside.local_addr().unwrap().port()];
    for ip in INSIDE {
        for port in ports.into_iter().chain(relay.status.bound.udp.iter().map(SocketAddr::port).collect::<Vec<_>>()) {
            let peer = at(&format!("{ip}:{port}"));
            relay.tell(&Order::Signalled { call: "one".to_owned(), side: Side::Clinician, address: peer.ip() });
            assert_eq!(client.permits(&credential, peer), 403, "{peer}");
            assert_eq!(client.binds(&credential, 0x4000, peer), 403, "{peer}");
            client.sends(peer, b"let me in");
            client.sends_on(0x4000, b"let me in");
        }
    }
    // It has read all of it by now.
    assert_eq!(client.refreshes(&credential), 0);
    for socket in [inside, beside] {
        socket.set_nonblocking(true).unwrap();
        assert!(socket.recv(&mut [0; 64]).is_err(), "something came through");
    }
}

#[test]
fn only_a_good_credential_opens_over_each_transport() {
    let mut relay = Relay::start();
    let good = relay.granted("one", Side::Patient);
    let expired = relay.credential(CALL_SECRET, -1);
    relay.tell(&Order::Grant { call: "one".to_owned(), side: Side::Patient, username: expired.username.clone(), listed_only: false });
    let forged = Credential { password: Secret::new("guessed".to_owned()), ..good.clone() };
    let stranger = relay.credential(CALL_SECRET, CALL_SECONDS);
    let old_check = relay.credential(CHECK_SECRET, -1);
    // Kept to the end: a stream that ends frees what it had.
    let mut clients = [relay.udp(), relay.tcp()];
    for client in &mut clients {
        assert_eq!(client.asks_plainly(Method::Allocate).0, 401);
        for (refused, why) in
            [(&expired, "expired"), (&forged, "forged"), (&stranger, "given to nobody"), (&old_check, "a check's, expired")]
        {
            assert_eq!(client.allocates(refused).0, 401, "{why}");
        }
        assert_eq!(client.allocates(&good).0, 0);
    }
    assert_eq!(relay.tell(&Order::Status).allocations, 2);
}

#[test]
fn a_check_gets_an_address_and_reaches_nobody() {
    let mut relay = Relay::start();
    let (check, call) = (relay.credential(CHECK_SECRET, CHECK_SECONDS), relay.granted("one", Side::Patient));
    let (mut client, mut other) = (relay.udp(), relay.udp());
    let relayed = other.allocates(&call).1.unwrap();
    assert_eq!(client.allocates(&check).0, 0);
    assert_eq!(relay.udp().allocates(&check).0, 486);
    for peer in [relayed, at("8.8.8.8:40000")] {
        assert_eq!((client.permits(&check, peer), client.binds(&check, 0x4000, peer)), (403, 403));
    }
}

#[test]
fn two_parties_meet_over_udp_and_tcp_and_a_revoked_call_is_gone_once_the_relay_answers() {
    let mut relay = Relay::start();
    let (mut patient, mut clinician) = (relay.tcp(), relay.udp());
    let (credentials, [at_patient, at_clinician]) = two(&mut relay, &mut patient, &mut clinician);
    assert_eq!(patient.binds(&credentials[0], 0x4000, at_clinician), 0);
    assert_eq!(clinician.binds(&credentials[1], 0x4001, at_patient), 0);
    // A length that streams pad.
    patient.sends_on(0x4000, b"hello");
    assert_eq!(clinician.read(), Some(frame::on_channel(0x4001, b"hello")));
    clinician.sends_on(0x4001, b"to you");
    assert_eq!(patient.read(), Some(frame::on_channel(0x4000, b"to you")));

    assert_eq!(relay.tell(&Order::Revoke { call: "one".to_owned() }).allocations, 0);
    clinician.sends_on(0x4001, b"still there?");
    assert_eq!(patient.refreshes(&credentials[0]), 401, "the next thing that comes is no data");
    assert_eq!(clinician.allocates(&credentials[1]).0, 401);
}

#[test]
fn a_call_goes_on_longer_than_its_credential_which_begins_nothing_more() {
    let mut relay = Relay::start();
    let (mut patient, mut clinician) = (relay.udp(), relay.tcp());
    let short = [Side::Patient, Side::Clinician].map(|side| {
        let credential = relay.credential(CALL_SECRET, SHORT_SECONDS);
        relay.tell(&Order::Grant { call: "one".to_owned(), side, username: credential.username.clone(), listed_only: false });
        credential
    });
    let (at_patient, at_clinician) = (patient.allocates(&short[0]).1.unwrap(), clinician.allocates(&short[1]).1.unwrap());
    assert_eq!(patient.binds(&short[0], 0x4000, at_clinician), 0);
    assert_eq!(clinician.binds(&short[1], 0x4001, at_patient), 0);
    let ends = credential::expiry(&short[1].username).unwrap();
    // The relay reads the same clock, in whole seconds.
    while SystemClock.now().0 / 1_000 <= ends {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(relay.udp().allocates(&short[0]).0, 401, "it opens nothing any more");
    for (client, credential) in [(&mut patient, &short[0]), (&mut clinician, &short[1])] {
        assert_eq!(client.refreshes(credential), 0, "what it opened lives on");
    }
    assert_eq!(patient.binds(&short[0], 0x4000, at_clinician), 0, "and is kept up");
    patient.sends_on(0x4000, b"hello");
    assert_eq!(clinician.read(), Some(frame::on_channel(0x4001, b"hello")));
    clinician.sends_on(0x4001, b"to you");
    assert_eq!(patient.read(), Some(frame::on_channel(0x4000, b"to you")));
}

#[test]
fn a_flood_leaves_room_for_a_call_from_elsewhere() {
    let mut relay = Relay::start();
    let checks: Vec<Credential> = (0..20).map(|_| relay.credential(CHECK_SECRET, CHECK_SECONDS)).collect();
    let greedy = relay.granted("greedy", Side::Patient);
    let ten_times = relay.status.shape.allocations_max * 10;
    let flood = Ipv4Addr::new(127, 9, 9, 9);
    for number in 0..ten_times {
        let mut attacker = relay.udp_from(flood);
        // Those without a proof wait for no answer: after twenty in a second there is none.
        match number % 40 {
            0 => {
                std::thread::sleep(Duration::from_millis(60));
                let credential = if number % 80 == 0 { &greedy } else { &checks[number / 80 % checks.len()] };
                let _refused_or_not = attacker.allocates(credential);
            }
            _ => attacker
                .write(&anteroom::relay::stun::Writer::new(Method::Allocate, anteroom::relay::stun::Class::Request, [1; 12]).finish()),
        }
    }
    let began = Instant::now();
    let credential = relay.granted("one", Side::Patient);
    assert_eq!(relay.udp().allocates(&credential).0, 0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let allocations = relay.tell(&Order::Status).allocations;
    assert!((2..=17).contains(&allocations), "twelve of one name, four checks at most, and the call: {allocations}");
}

#[test]
fn torn_frames_are_put_together_and_broken_ones_end_their_stream_alone() {
    let mut relay = Relay::start();
    let (mut patient, mut clinician) = (relay.tcp(), relay.udp());
    let (credentials, [at_patient, at_clinician]) = two(&mut relay, &mut patient, &mut clinician);
    patient.binds(&credentials[0], 0x4000, at_clinician);
    clinician.binds(&credentials[1], 0x4001, at_patient);
    let mut stream = Vec::new();
    for word in ["a", "torn", "frame", "is", "whole"] {
        let mut bytes = frame::on_channel(0x4000, word.as_bytes());
        frame::pad(&mut bytes);
        stream.extend(bytes);
    }
    for piece in stream.chunks(3) {
        patient.write(piece);
    }
    let heard: Vec<Vec<u8>> = (0..5).map(|_| clinician.read().unwrap()).collect();
    assert_eq!(heard, ["a", "torn", "frame", "is", "whole"].map(|word| frame::on_channel(0x4001, word.as_bytes())));

    for broken in [&[0x40, 0, 0xFF, 0xFF][..], &[0, 1, 0xFF, 0xFC, 0x21, 0x12, 0xA4, 0x42], b"\xFFGET / HTTP/1.1\r\n\r\n", &[0x80; 64]] {
        let mut odd = relay.tcp();
        odd.write(broken);
        assert_eq!(odd.read(), None, "{broken:?} ends its stream");
    }
    let mut garbage = relay.udp_from(Ipv4Addr::new(127, 8, 8, 8));
    let mut state = 7u32;
    for length in 0..600 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        garbage.write(&bytes);
    }
    assert!(garbage.is_quiet(), "garbage is answered with nothing");
    patient.sends_on(0x4000, b"unmoved");
    assert_eq!(clinician.read(), Some(frame::on_channel(0x4001, b"unmoved")));
    assert!(relay.is_alive());
}

/// coturn's own client, which knows nothing of us: over UDP, TCP and TLS, through channels and through indications.
#[test]
fn an_independent_client_loses_nothing_over_udp_tcp_and_tls() {
    let mut relay = Relay::with(anteroom::relay::control::Shape { loopback_allowed: true, ..shape() });
    let echo = UdpSocket::bind("127.0.0.3:0").unwrap();
    let peer = echo.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = echo.recv_from(&mut buffer) {
            let _lost = echo.send_to(&buffer[..length], from);
        }
    });
    let bound = relay.status.bound.clone();
    let ways: [(&[&str], SocketAddr); 4] =
        [(&[], bound.udp[0]), (&["-s"], bound.udp[0]), (&["-t"], bound.tcp[0]), (&["-t", "-S"], bound.tls[0])];
    for (flags, place) in ways {
        let credential = relay.granted("one", Side::Patient);
        relay.tell(&Order::Signalled { call: "one".to_owned(), side: Side::Clinician, address: peer.ip() });
        let mut client = Command::new("turnutils_uclient");
        client.args(flags).args(["-c", "-n", "20", "-m", "2", "-l", "171", "-z", "5"]);
        client.args(["-u", &credential.username, "-w", credential.password.reveal(), "-p", &place.port().to_string()]);
        client.args(["-e", &peer.ip().to_string(), "-r", &peer.port().to_string(), &place.ip().to_string()]);
        let output = client.stdin(Stdio::null()).output().expect("turnutils_uclient of the package coturn");
        let said = String::from_utf8_lossy(&output.stdout);
        let total = |name: &str| {
            said.lines().rev().find_map(|line| {
                line.split_once(name)?.1.trim_start_matches([':', '=']).split([',', ' ']).find(|word| !word.is_empty()).map(str::to_owned)
            })
        };
        assert_eq!(total("tot_send_msgs"), Some("40".to_owned()), "{flags:?}: {said}");
        assert_eq!(total("tot_recv_msgs"), Some("40".to_owned()), "{flags:?}: {said}");
    }
}

#[test]
fn one_relay_runs_in_a_folder_and_it_ends_when_nobody_needs_it() {
    let mut relay = Relay::with(anteroom::relay::control::Shape { lonely_seconds: 1, ..shape() });
    let second = spawn(relay.folder.path(), shape()).wait_with_output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("a relay runs already in this folder"));
    assert!(relay.is_alive());
    let credential = relay.granted("one", Side::Patient);
    let mut client = relay.tcp();
    assert_eq!(client.allocates(&credential).0, 0);
    relay.hang_up();
    std::thread::sleep(Duration::from_secs(3));
    assert!(relay.is_alive(), "a call goes through it");
    assert_eq!(client.refreshes(&credential), 0);
    drop(client);
    assert!(relay.ended(), "within {PATIENCE:?} of the last allocation");
}
