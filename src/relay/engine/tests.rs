use super::allocation::LIFE_SECONDS;
use super::*;
use crate::relay::credential::{CALL_SECONDS, CHECK_SECONDS, Credential, key};
use crate::relay::limits::{ALLOCATIONS_PER_CREDENTIAL, BYTES_PER_SECOND};
use proptest::prelude::*;

const START: i64 = 1_700_000_000;
const REALM: &str = "relay.example";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// A relay at 203.0.113.9, which is public for this purpose because the rule asks for its own address first.
struct Relay {
    engine: Engine,
    now: Now,
    next_port: u16,
    next: u8,
}

/// What an answer says: its code, or 0, and its bytes.
type Answer = (u16, Vec<u8>);

impl Relay {
    fn new(allocations_max: usize) -> Self {
        let settings = Settings {
            realm: REALM.to_owned(),
            addresses: vec![at("203.0.113.9:0").ip()],
            policy: Policy { own: vec![at("203.0.113.9:0").ip(), at("9.9.9.10:0").ip()], loopback_allowed: false },
            allocations_max,
            call_secret: secret("call"),
            check_secret: secret("check"),
        };
        let now = Now { ms: 0, unix: START };
        Self { engine: Engine::new(settings, RandomState::new(), now), now, next_port: 50_000, next: 0 }
    }

    fn later(&mut self, seconds: i64) {
        self.now = Now { ms: self.now.ms + seconds as u64 * 1_000, unix: self.now.unix + seconds };
        let mut out = Vec::new();
        self.engine.tick(self.now, &mut out);
    }

    fn credential(&mut self, secret_word: &str, seconds: i64) -> Credential {
        self.next += 1;
        Credential::new(&secret(secret_word), self.now.unix, seconds, [self.next; 16])
    }

    fn granted(&mut self, call: &str, side: Side) -> Credential {
        let credential = self.credential("call", CALL_SECONDS);
        self.engine.grant(call, side, &credential.username, false);
        credential
    }

    fn takes(&mut self, client: Client, bytes: &[u8]) -> Vec<Effect> {
        let mut out = Vec::new();
        let port = &mut self.next_port;
        let mut open = |_, even: bool| {
            *port += if even { 2 - *port % 2 } else { 1 };
            Some(*port)
        };
        self.engine.from_client(client, bytes, self.now, &mut open, &mut out);
        out
    }

    fn answer(&mut self, client: Client, bytes: &[u8]) -> Option<Answer> {
        self.takes(client, bytes).into_iter().find_map(|effect| match effect {
            Effect::ToClient { bytes, .. } => {
                let message = Message::read(&bytes).ok()?;
                let code = message.attribute(kind::ERROR_CODE).map_or(0, |value| u16::from(value[2]) * 100 + u16::from(value[3]));
                Some((code, bytes))
            }
            _ => None,
        })
    }

    fn nonce(&mut self, client: Client) -> String {
        let (code, bytes) = self.answer(client, &Writer::new(Method::Allocate, Class::Request, [1; 12]).finish()).expect("a question");
        assert_eq!(code, 401);
        Message::read(&bytes).expect("an answer").text(kind::NONCE).expect("a nonce").to_owned()
    }

    /// One authenticated request; `with` adds to it.
    fn asks(&mut self, client: Client, credential: &Credential, method: Method, with: impl FnOnce(Writer) -> Writer) -> u16 {
        self.next = self.next.wrapping_add(1);
        let nonce = self.engine.nonce(client, self.now.ms / 300_000);
        let request = Writer::new(method, Class::Request, [self.next; 12]);
        let request = with(request).attribute(kind::USERNAME, credential.username.as_bytes()).attribute(kind::REALM, REALM.as_bytes());
        let key = key(&credential.username, REALM, &credential.password);
        self.answer(client, &request.attribute(kind::NONCE, nonce.as_bytes()).signed(&key)).expect("an answer").0
    }

    fn allocates(&mut self, client: Client, credential: &Credential) -> u16 {
        self.asks(client, credential, Method::Allocate, |request| request.number(kind::REQUESTED_TRANSPORT, 17 << 24))
    }

    fn permits(&mut self, client: Client, credential: &Credential, peer: SocketAddr) -> u16 {
        self.asks(client, credential, Method::CreatePermission, |request| request.address(kind::XOR_PEER_ADDRESS, peer))
    }

    fn binds(&mut self, client: Client, credential: &Credential, channel: u16, peer: SocketAddr) -> u16 {
        let number = u32::from(channel) << 16;
        self.asks(client, credential, Method::ChannelBind, |request| {
            request.number(kind::CHANNEL_NUMBER, number).address(kind::XOR_PEER_ADDRESS, peer)
        })
    }

    fn refreshes(&mut self, client: Client, credential: &Credential) -> u16 {
        self.asks(client, credential, Method::Refresh, |request| request)
    }

    fn sends(&mut self, client: Client, peer: SocketAddr, data: &[u8]) -> Vec<Effect> {
        let message =
            Writer::new(Method::Send, Class::Indication, [3; 12]).address(kind::XOR_PEER_ADDRESS, peer).attribute(kind::DATA, data);
        self.takes(client, &message.plain())
    }

    fn relayed(&self, client: Client) -> SocketAddr {
        self.engine.allocations[&client].relayed
    }

    fn peer_says(&mut self, relayed: SocketAddr, peer: SocketAddr) -> Vec<Effect> {
        let mut out = Vec::new();
        self.engine.from_peer(relayed, peer, b"hello", self.now, &mut out);
        out
    }
}

fn client(number: u16) -> Client {
    Client { address: SocketAddr::new(at("198.51.100.7:0").ip(), 20_000 + number), transport: Transport::Udp, at: 0 }
}

#[test]
fn a_browser_is_told_where_it_is_seen() {
    let mut relay = Relay::new(10);
    let (code, bytes) = relay.answer(client(1), &Writer::new(Method::Binding, Class::Request, [5; 12]).finish()).expect("an answer");
    let message = Message::read(&bytes).expect("an answer");
    assert_eq!((code, message.address(kind::XOR_MAPPED_ADDRESS), message.transaction), (0, Some(client(1).address), [5; 12]));
}

#[test]
fn however_much_the_neighbours_ask_this_machine_is_told_that_we_are_well() {
    let mut relay = Relay::new(10);
    let asked = Writer::new(Method::Binding, Class::Request, [5; 12]).finish();
    let from = |ip: &str| Client { address: at(&format!("{ip}:40000")), ..client(1) };
    let answered = |relay: &mut Relay, ip: &str| (0..100).filter(|_| relay.answer(from(ip), &asked).is_some()).count();
    assert_eq!(answered(&mut relay, "203.0.113.77"), 20, "a neighbour");
    assert_eq!(answered(&mut relay, "203.0.113.78"), 0, "its whole network");
    assert_eq!(answered(&mut relay, "203.0.113.9"), 100, "ourselves");
}

#[test]
fn only_a_name_that_was_given_for_a_call_opens_and_only_until_it_ends() {
    let mut relay = Relay::new(10);
    let good = relay.granted("one", Side::Patient);
    let forged = Credential { password: secret("guessed"), ..good.clone() };
    let never_given = relay.credential("call", CALL_SECONDS);
    for (refused, why) in [(&forged, "forged"), (&never_given, "made with the secret and given to nobody")] {
        assert_eq!(relay.allocates(client(1), refused), 401, "{why}");
    }
    assert_eq!(relay.allocates(client(1), &good), 0);
    relay.later(CALL_SECONDS + 1);
    assert_eq!(relay.allocates(client(2), &good), 401, "it has ended");
}

#[test]
fn a_nonce_is_asked_for_before_anything_is_computed_and_is_nobody_elses() {
    let mut relay = Relay::new(10);
    let credential = relay.granted("one", Side::Patient);
    let stolen = relay.nonce(client(2));
    let request = |nonce: &str, key: &[u8]| {
        let request = Writer::new(Method::Allocate, Class::Request, [9; 12]).number(kind::REQUESTED_TRANSPORT, 17 << 24);
        let request = request.attribute(kind::USERNAME, credential.username.as_bytes()).attribute(kind::REALM, REALM.as_bytes());
        request.attribute(kind::NONCE, nonce.as_bytes()).signed(key)
    };
    let right = key(&credential.username, REALM, &credential.password);
    for nonce in ["", "0000000000000000", &stolen] {
        assert_eq!(relay.answer(client(1), &request(nonce, b"wrong")).expect("an answer").0, 438, "though the key is wrong too");
        assert_eq!(relay.answer(client(1), &request(nonce, &right)).expect("an answer").0, 438);
    }
    let own = relay.nonce(client(1));
    relay.later(599);
    assert_eq!(relay.answer(client(1), &request(&own, &right)).expect("an answer").0, 0);
    relay.later(300);
    assert_eq!(relay.answer(client(1), &request(&own, &right)).expect("an answer").0, 438, "an old one");
}

#[test]
fn a_call_longer_than_its_credential_goes_on_until_it_is_four_hours_old() {
    let mut relay = Relay::new(10);
    let (patient, clinician) = (relay.granted("one", Side::Patient), relay.granted("one", Side::Clinician));
    assert_eq!((relay.allocates(client(1), &patient), relay.allocates(client(2), &clinician)), (0, 0));
    for minutes in 1..4 * 60 / 5 {
        relay.later(300);
        let peer = relay.relayed(client(2));
        assert_eq!(relay.refreshes(client(1), &patient), 0, "{minutes}");
        assert_eq!(relay.refreshes(client(2), &clinician), 0);
        assert_eq!(relay.permits(client(1), &patient, peer), 0, "with the name that has ended");
        assert_eq!(relay.binds(client(1), &patient, 0x4001, peer), 0);
    }
    let another = relay.granted("one", Side::Patient);
    assert_eq!(relay.refreshes(client(1), &another), 441, "a name that did not open it");
    assert_eq!(relay.refreshes(client(1), &patient), 0, "what is left of the four hours");
    relay.later(301);
    assert_eq!(relay.engine.counts().allocations, 0);
}

#[test]
fn what_is_revoked_is_gone_at_once_and_another_call_is_not() {
    let mut relay = Relay::new(10);
    let (one, other) = (relay.granted("one", Side::Patient), relay.granted("other", Side::Patient));
    assert_eq!((relay.allocates(client(1), &one), relay.allocates(client(2), &other)), (0, 0));
    let relayed = relay.relayed(client(1));
    let mut out = Vec::new();
    relay.engine.revoke("one", &mut out);
    assert_eq!(out, [Effect::Close { relayed }]);
    assert_eq!(relay.refreshes(client(1), &one), 401);
    assert_eq!(relay.allocates(client(1), &one), 401);
    assert_eq!(relay.refreshes(client(2), &other), 0);
    relay.engine.keep(&[], &mut out);
    assert_eq!(relay.engine.counts(), Counts::default());
}

#[test]
fn two_parties_of_one_call_meet_inside_and_no_third_does() {
    let mut relay = Relay::new(10);
    let (patient, clinician) = (relay.granted("one", Side::Patient), relay.granted("one", Side::Clinician));
    let (stranger, own) = (relay.granted("other", Side::Clinician), relay.granted("one", Side::Patient));
    for (number, credential) in [(1, &patient), (2, &clinician), (3, &stranger), (4, &own)] {
        assert_eq!(relay.allocates(client(number), credential), 0);
    }
    let (at_patient, at_clinician) = (relay.relayed(client(1)), relay.relayed(client(2)));
    assert_eq!(relay.permits(client(3), &stranger, at_patient), 403, "another call");
    assert_eq!(relay.permits(client(4), &own, at_patient), 403, "one's own side");
    assert_eq!(relay.permits(client(1), &patient, SocketAddr::new(at_clinician.ip(), 60_000)), 403, "nobody is there");
    assert_eq!(relay.permits(client(1), &patient, at_clinician), 0);
    assert_eq!(relay.sends(client(1), at_clinician, b"hi"), [], "the other has not let us in yet");
    assert_eq!(relay.binds(client(2), &clinician, 0x4000, at_patient), 0);
    let told = Effect::ToClient { client: client(2), bytes: frame::on_channel(0x4000, b"hi") };
    assert_eq!(relay.sends(client(1), at_clinician, b"hi"), [told]);
    let back = relay.takes(client(2), &frame::on_channel(0x4000, b"there"));
    let [Effect::ToClient { client: to, bytes }] = &back[..] else { panic!("{back:?}") };
    let message = Message::read(bytes).expect("data");
    assert_eq!(
        (*to, message.address(kind::XOR_PEER_ADDRESS), message.attribute(kind::DATA)),
        (client(1), Some(at_clinician), Some(&b"there"[..]))
    );
    assert_eq!(relay.sends(client(1), relay.relayed(client(3)), b"hi"), [], "the permission is for an address, the rule for each datagram");
    assert_eq!(relay.peer_says(at_patient, at_clinician), [], "whoever says so from outside has forged it");
}

/// What RTC-12 names: refused when a permission or a channel is asked for, when something is sent, and when something comes.
#[test]
fn nothing_inside_is_reached_however_it_is_spelled_or_signalled() {
    let mut relay = Relay::new(10);
    let (patient, _) = (relay.granted("one", Side::Patient), relay.granted("one", Side::Clinician));
    assert_eq!(relay.allocates(client(1), &patient), 0);
    let relayed = relay.relayed(client(1));
    for ip in [
        "127.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "172.16.9.9",
        "192.168.1.1",
        "100.64.0.1",
        "[fc00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "224.0.0.1",
        "255.255.255.255",
        "203.0.113.9",
        "9.9.9.10",
        "[::ffff:9.9.9.10]",
        "[::ffff:203.0.113.9]",
        "[64:ff9b::cb00:7109]",
    ] {
        let peer = at(&format!("{ip}:40000"));
        relay.engine.signalled("one", Side::Clinician, peer.ip());
        assert_eq!(relay.permits(client(1), &patient, peer), 403, "{ip}");
        assert_eq!(relay.binds(client(1), &patient, 0x4002, peer), 403, "{ip}");
        // As if an older rule had let it in.
        let meant = peers::canonical(peer.ip());
        relay.engine.allocations.get_mut(&client(1)).expect("it lives").permit(meant, relay.now).expect("there is room");
        assert_eq!(relay.sends(client(1), peer, b"x"), [], "{ip}");
        assert_eq!(relay.peer_says(relayed, peer), [], "{ip}");
    }
}

#[test]
fn an_address_of_the_world_is_reached_once_the_other_party_signalled_it() {
    let mut relay = Relay::new(10);
    let (patient, peer) = (relay.granted("one", Side::Patient), at("8.8.8.8:40000"));
    assert_eq!(relay.allocates(client(1), &patient), 0);
    let relayed = relay.relayed(client(1));
    relay.engine.signalled("one", Side::Patient, peer.ip());
    relay.engine.signalled("other", Side::Clinician, peer.ip());
    assert_eq!(relay.permits(client(1), &patient, peer), 403, "nobody but ourselves named it, and another call");
    relay.engine.signalled("one", Side::Clinician, at("[::ffff:8.8.8.8]:0").ip());
    assert_eq!(relay.permits(client(1), &patient, at("8.8.8.8:1023")), 403, "the port of a service");
    assert_eq!(relay.sends(client(1), peer, b"x"), [], "no permission yet");
    assert_eq!(relay.permits(client(1), &patient, peer), 0);
    assert_eq!(relay.sends(client(1), peer, b"x"), [Effect::ToPeer { relayed, peer, bytes: b"x".to_vec() }]);
    assert_eq!(relay.sends(client(1), at("8.8.8.8:53"), b"x"), []);
    assert_eq!(relay.peer_says(relayed, peer).len(), 1);
    assert_eq!(relay.peer_says(relayed, at("8.8.4.4:40000")), []);
    relay.later(299);
    assert_eq!(relay.sends(client(1), peer, b"x").len(), 1);
    relay.later(1);
    assert_eq!(relay.sends(client(1), peer, b"x"), [], "a permission lasts five minutes");
}

#[test]
fn a_call_held_to_the_list_reaches_listed_relays_alone_whatever_was_signalled() {
    let mut relay = Relay::new(10);
    let patient = relay.granted("one", Side::Patient);
    let (listed, other) = (at("8.8.8.8:40000"), at("9.9.9.9:40000"));
    for peer in [listed, other] {
        relay.engine.signalled("one", Side::Clinician, peer.ip());
    }
    relay.allocates(client(1), &patient);
    assert_eq!([listed, other].map(|peer| relay.permits(client(1), &patient, peer)), [0, 0], "a direct call");
    relay.engine.list(&[at("[::ffff:8.8.8.8]:0").ip()]);
    relay.engine.grant("one", Side::Patient, &patient.username, true);
    assert_eq!(relay.sends(client(1), listed, b"x").len(), 1);
    assert_eq!(relay.sends(client(1), other, b"x"), [], "what was permitted before is looked at again");
    assert_eq!([listed, other].map(|peer| relay.permits(client(1), &patient, peer)), [0, 403]);
    assert_eq!([listed, other].map(|peer| relay.binds(client(1), &patient, 0x4000 + u16::from(peer == other), peer)), [0, 403]);
    relay.engine.list(&[]);
    assert_eq!(relay.sends(client(1), listed, b"x"), [], "it left the list");
}

#[test]
fn a_check_gets_one_address_for_a_minute_and_reaches_nobody() {
    let mut relay = Relay::new(100);
    let check = relay.credential("check", CHECK_SECONDS);
    let (call, peer) = (relay.granted("one", Side::Patient), at("8.8.8.8:40000"));
    relay.engine.signalled("one", Side::Clinician, peer.ip());
    assert_eq!((relay.allocates(client(1), &check), relay.allocates(client(9), &call)), (0, 0));
    assert_eq!(relay.allocates(client(2), &check), 486, "a second one");
    let by_tcp = Client { transport: Transport::Tcp, ..client(3) };
    assert_eq!(relay.allocates(by_tcp, &check), 0);
    for refused in [peer, relay.relayed(client(9)), relay.relayed(by_tcp)] {
        assert_eq!(relay.permits(client(1), &check, refused), 403);
        assert_eq!(relay.binds(client(1), &check, 0x4000, refused), 403);
    }
    let long = relay.credential("check", CALL_SECONDS);
    assert_eq!(relay.allocates(client(4), &long), 401, "it says that it holds longer than a check");
    relay.later(30);
    assert_eq!(relay.refreshes(client(1), &check), 0);
    relay.later(30);
    assert_eq!(relay.engine.counts().allocations, 1, "only the call's");
    assert_eq!(relay.allocates(client(5), &check), 0, "its last second");
    relay.later(1);
    assert_eq!(relay.allocates(client(6), &check), 401);
}

#[test]
fn a_credential_has_twelve_and_a_quarter_is_kept_for_calls_that_are_up() {
    let mut relay = Relay::new(16);
    let (first, peer) = (relay.granted("one", Side::Patient), at("8.8.8.8:40000"));
    relay.engine.signalled("one", Side::Clinician, peer.ip());
    let given = (0..20).filter(|number| relay.allocates(client(*number), &first) == 0).count();
    assert_eq!(given, ALLOCATIONS_PER_CREDENTIAL);
    let second = relay.granted("two", Side::Patient);
    assert_eq!(relay.allocates(client(30), &second), 508, "12 of 16 are given");
    let next = relay.granted("one", Side::Patient);
    assert_eq!(relay.allocates(client(31), &next), 508, "its call is not up yet");
    relay.permits(client(0), &first, peer);
    let relayed = relay.relayed(client(0));
    relay.peer_says(relayed, peer);
    assert_eq!((32..40).filter(|number| relay.allocates(client(*number), &next) == 0).count(), 4);
}

#[test]
fn an_allocation_carries_four_megabits_a_second_both_ways_together() {
    let mut relay = Relay::new(10);
    let (patient, peer) = (relay.granted("one", Side::Patient), at("8.8.8.8:40000"));
    relay.engine.signalled("one", Side::Clinician, peer.ip());
    relay.allocates(client(1), &patient);
    relay.permits(client(1), &patient, peer);
    let carried = |relay: &mut Relay| (0..1_000).filter(|_| !relay.sends(client(1), peer, &[0; 1_000]).is_empty()).count();
    assert_eq!(carried(&mut relay), BYTES_PER_SECOND as usize / 1_000);
    let relayed = relay.relayed(client(1));
    assert_eq!(relay.peer_says(relayed, peer), [], "what came in counts too");
    relay.later(1);
    assert_eq!(carried(&mut relay), BYTES_PER_SECOND as usize / 1_000);
}

#[test]
fn what_is_asked_wrongly_is_refused_with_the_code_of_the_standard() {
    let mut relay = Relay::new(10);
    let patient = relay.granted("one", Side::Patient);
    let mut allocate = |with: fn(Writer) -> Writer| relay.asks(client(1), &patient, Method::Allocate, with);
    assert_eq!(allocate(|request| request), 400);
    assert_eq!(allocate(|request| request.number(kind::REQUESTED_TRANSPORT, 6 << 24)), 442, "no TCP allocations");
    assert_eq!(
        allocate(|request| request.number(kind::REQUESTED_TRANSPORT, 17 << 24).number(kind::REQUESTED_ADDRESS_FAMILY, 2 << 24)),
        440
    );
    assert_eq!(allocate(|request| request.number(kind::REQUESTED_TRANSPORT, 17 << 24).attribute(0x0022, &[7; 8])), 420, "a reservation");
    assert_eq!(
        allocate(|request| request.number(kind::REQUESTED_TRANSPORT, 17 << 24).attribute(kind::EVEN_PORT, &[0x80])),
        508,
        "the port after it too"
    );
    assert_eq!(relay.refreshes(client(1), &patient), 437);
    assert_eq!(relay.allocates(client(1), &patient), 0);
    assert_eq!(relay.allocates(client(1), &patient), 437, "another request for the same");
    assert_eq!(relay.asks(client(1), &patient, Method::Refresh, |request| request.number(kind::LIFETIME, 0)), 0);
    assert_eq!(relay.engine.counts().allocations, 0);
}

#[test]
fn a_request_said_again_is_answered_again() {
    let mut relay = Relay::new(10);
    let patient = relay.granted("one", Side::Patient);
    let nonce = relay.nonce(client(1));
    let request = Writer::new(Method::Allocate, Class::Request, [8; 12]).number(kind::REQUESTED_TRANSPORT, 17 << 24);
    let request = request.attribute(kind::USERNAME, patient.username.as_bytes()).attribute(kind::REALM, REALM.as_bytes());
    let request = request.attribute(kind::NONCE, nonce.as_bytes()).signed(&key(&patient.username, REALM, &patient.password));
    let first = relay.answer(client(1), &request).expect("an answer");
    assert_eq!((first.0, relay.answer(client(1), &request)), (0, Some(first.clone())));
    let message = Message::read(&first.1).expect("an answer");
    assert_eq!(message.number(kind::LIFETIME), Some(LIFE_SECONDS));
    assert!(message.proves(&key(&patient.username, REALM, &patient.password)));
}

proptest! {
    /// Whoever has an allocation may say anything: only what was allowed comes out.
    #[test]
    fn no_bytes_make_it_panic_or_reach_a_stranger(said in prop::collection::vec((0u8..4, prop::collection::vec(any::<u8>(), 0..120), any::<u32>()), 1..60)) {
        let mut relay = Relay::new(10);
        let (patient, peer) = (relay.granted("one", Side::Patient), at("8.8.8.8:40000"));
        relay.engine.signalled("one", Side::Clinician, peer.ip());
        relay.allocates(client(1), &patient);
        relay.binds(client(1), &patient, 0x4000, peer);
        for (how, mut bytes, number) in said {
            let stranger = SocketAddr::new(IpAddr::from(number.to_be_bytes()), number as u16);
            let out = match how {
                0 => relay.takes(client(1), &bytes),
                1 => relay.sends(client(1), stranger, &bytes),
                2 => {
                    let near = Writer::new(Method::ChannelBind, Class::Request, [1; 12]).attribute(number as u16, &bytes).finish();
                    relay.takes(client(1), &near)
                }
                _ => {
                    bytes.splice(..0, [0x40, number as u8, 0, bytes.len() as u8]);
                    relay.takes(client(1), &bytes)
                }
            };
            for effect in out {
                let reached = matches!(&effect, Effect::ToPeer { peer: to, .. } if to.ip() != peer.ip() || to.port() < 1024);
                prop_assert!(!reached, "{:?}", effect);
            }
        }
    }
}
