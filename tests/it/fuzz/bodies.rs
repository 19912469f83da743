//! What each reader promises, whatever it is given.

use super::text;
use actix_web::test::TestRequest;
use anteroom::calls::session::{Act, SDP_BYTES_MAX, read};
use anteroom::config::Config;
use anteroom::crypto::{Keyring, Rng, RootKey, token};
use anteroom::ids::DeploymentId;
use anteroom::mail::message::Message;
use anteroom::mail::transport::{self, Outgoing, mime};
use anteroom::patients::parse_date_of_birth;
use anteroom::relay::frame::{FRAME_BYTES_MAX, Frames};
use anteroom::relay::stun;
use anteroom::text::DateOrder;
use anteroom::time::Timestamp;
use anteroom::waiting_room::Party;
use anteroom::web::{cookies as our_cookies, csrf, limit, source};
use chrono::Datelike;
use ipnet::IpNet;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

const ORIGIN: &str = "https://visits.clinic.example";
/// What stands for a password in the configurations of the corpus.
const SECRET: &str = "S3cret Horse";

/// A stream that is the same in every run, so that a token in the corpus stays one of ours.
fn stream() -> Rng {
    let next = AtomicU8::new(0);
    Rng::from_fn(move |bytes| bytes.iter_mut().for_each(|byte| *byte = next.fetch_add(7, Ordering::Relaxed)))
}

static KEYS: LazyLock<Keyring> =
    LazyLock::new(|| Keyring::create(RootKey::generate(&stream()), DeploymentId::new(Timestamp(0), &stream()), &stream()).0);
/// The one token that was ever sealed with these keys.
static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let link = token::link_secret(&stream());
    token::seal_link(&KEYS, ORIGIN, &link, &stream()).reveal().clone()
});

/// Nothing opens but what was sealed, letter for letter, and only at its own origin.
pub fn link_token(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    assert!(token::open_link(&KEYS, "https://elsewhere.example", &text).is_none());
    let opens = token::open_link(&KEYS, ORIGIN, &text).is_some();
    assert_eq!(opens, *text == **TOKEN, "the token is {}", *TOKEN);
    opens
}

/// A code has ten letters of the alphabet, reads as itself, and so does every way to write it down.
pub fn join_code(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some(code) = token::read_join_code(&text) else { return false };
    let code = code.reveal();
    assert!(code.len() == 10 && code.bytes().all(|byte| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"ILOU".contains(&byte))));
    for written in [code.clone(), code.to_lowercase(), format!(" {}-{} ", &code[..5], &code[5..])] {
        assert_eq!(token::read_join_code(&written).unwrap().reveal(), code);
    }
    true
}

/// A date of birth is one day, that the same day's plain spelling names too in both orders, and typed with no more than forty characters.
pub fn date_of_birth(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let read = [DateOrder::MonthFirst, DateOrder::DayFirst].map(|order| parse_date_of_birth(&text, order));
    for date in read.into_iter().flatten() {
        assert!((1880..=9999).contains(&date.year()) && text.chars().count() <= 40);
        for order in [DateOrder::MonthFirst, DateOrder::DayFirst] {
            assert_eq!(parse_date_of_birth(&date.to_string(), order), Some(date));
        }
    }
    // One order may take what the other takes too, as another day of the same year, and never one alone.
    assert_eq!(read[0].map(|date| date.year()), read[1].map(|date| date.year()), "{text}");
    read[0].is_some()
}

pub fn frame_of_patient(bytes: &[u8]) -> bool {
    frame(Party::Patient, bytes, &["join", "ready", "restart", "answer", "candidate", "connected", "no_relay", "chatted", "beat"])
}

pub fn frame_of_clinician(bytes: &[u8]) -> bool {
    frame(Party::Clinician, bytes, &["join", "offer", "candidate", "connected", "no_relay", "chatted", "beat"])
}

/// What is taken is an object of a type that this party may send, says the same however its fields are ordered, and is no longer than a frame.
fn frame(party: Party, bytes: &[u8], types: &[&str]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(act) = read(party, text) else { return false };
    let value: Value = serde_json::from_str(text).expect("what is taken is JSON");
    assert!(types.contains(&value["type"].as_str().unwrap()), "{text}");
    assert_eq!(read(party, &value.to_string()).as_ref(), Ok(&act), "{text}");
    if let Some(sdp) = value.get("sdp") {
        is_harmless(sdp.as_str().unwrap());
    }
    if let Act::Pass { epoch, .. } | Act::Connected { epoch, .. } | Act::Chatted { epoch } = act {
        assert!((0..=i64::from(u32::MAX)).contains(&epoch));
    }
    let mut more = value.clone();
    more["text"] = json!("words that are nobody's business here");
    assert!(read(party, &more.to_string()).is_err(), "a field that nobody knows: {more}");
    true
}

/// What is taken holds no key, and no more than one fingerprint and three sections, for a looser reader too.
pub fn description(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let offer = json!({ "type": "offer", "epoch": 1, "sdp": text }).to_string();
    let answer = json!({ "type": "answer", "epoch": 1, "sdp": text }).to_string();
    let taken = read(Party::Clinician, &offer).is_ok();
    assert_eq!(taken, read(Party::Patient, &answer).is_ok());
    assert!(read(Party::Patient, &offer).is_err() && read(Party::Clinician, &answer).is_err());
    if taken {
        is_harmless(&text);
    }
    taken
}

fn is_harmless(sdp: &str) {
    assert!(sdp.len() <= SDP_BYTES_MAX);
    let lines = text::loose_lines(sdp);
    let after =
        |start: &str| lines.iter().filter_map(|line| line.strip_prefix(start)).map(str::trim_start).map(str::to_owned).collect::<Vec<_>>();
    let attributes = after("a=");
    for forbidden in ["crypto", "key-mgmt", "zrtp-hash"] {
        assert!(!attributes.iter().any(|attribute| attribute.starts_with(forbidden)), "{sdp}");
    }
    assert!(after("k=").is_empty(), "{sdp}");
    let mut fingerprints: Vec<&String> = attributes.iter().filter(|attribute| attribute.starts_with("fingerprint")).collect();
    assert!((1..=4).contains(&fingerprints.len()), "{sdp}");
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 1, "{sdp}");
    let media = after("m=");
    assert!(
        media.len() == 3 && media.iter().all(|section| section.contains("udp/tls/rtp/savpf") || section.contains("udp/dtls/sctp")),
        "{sdp}"
    );
}

/// A candidate is one short line for every reader.
pub fn candidate(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let message = json!({ "type": "candidate", "epoch": 1, "candidate": text, "mid": "0", "line": 0 }).to_string();
    let taken = read(Party::Patient, &message).is_ok();
    assert_eq!(taken, read(Party::Clinician, &message).is_ok());
    if taken {
        assert!(text.len() <= 512 && !text.chars().any(char::is_control));
        assert!(text.is_empty() || text::loose_lines(&text) == [text.trim().to_lowercase()]);
    }
    taken
}

/// Address, name and subject, apart by a record separator: whatever they are, the letter has our headers and no other, goes to one address, and its lines are
/// lines of a mail. Refused is what is no address.
pub fn mail(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(3, '\u{1e}');
    let (to, name, subject) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Some(address) = transport::address(to) else { return false };
    // No longer than a configuration lets a clinic's name be, and than any subject of ours.
    let (name, subject): (String, String) = (name.chars().take(100).collect(), subject.chars().take(200).collect());
    let message = Message { subject, text: text.clone().into_owned(), html: "<p>text</p>".to_owned() };
    let outgoing = Outgoing {
        id: "0123",
        domain: "localhost",
        from_name: &name,
        from: &transport::address("visits@clinic.example").unwrap(),
        to: &address,
        date: Timestamp(1_795_447_800_000),
        message: &message,
        calendar: None,
        log_head: None,
    };
    let Some(letter) = mime::compose(&outgoing) else { return false };
    let letter = String::from_utf8(letter.formatted()).expect("mails are ASCII here");
    assert!(!letter.replace("\r\n", "").contains(['\r', '\n']), "a line end is both");
    assert!(letter.split("\r\n").all(|line| line.len() <= 998), "{letter}");
    let head = letter.split("\r\n\r\n").next().unwrap();
    let names: Vec<&str> =
        head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names, ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]);
    assert!(head.replace("\r\n ", " ").contains(&format!("\r\nTo: {to}\r\n")), "{head}");
    true
}

/// A configuration that is taken is checked; what is wrong with another is told without the password in it.
pub fn config(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match Config::parse(&text) {
        Ok(config) => {
            assert!(config.check().is_ok() && !config.base_url.ends_with('/'));
            assert!(!format!("{:?}", config.database).contains(SECRET));
            true
        }
        Err(error) => {
            let is_key =
                text.split(SECRET).skip(1).any(|after| after.trim_start_matches(['"', '\'', ' ', '\t']).starts_with(['=', '.', ']']));
            assert!(is_key || !format!("{error:#} {error:?}").contains(SECRET), "{error:#}");
            false
        }
    }
}

/// Who is not our proxy is believed nothing, and who is, no more than the nearest stranger it names. Taken is what names somebody.
pub fn proxy(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let ours: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let (proxy, stranger): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "203.0.113.9".parse().unwrap());
    let client = |peer, forwarded: &[&str]| source::client(peer, forwarded.iter().copied(), &ours);
    assert_eq!(client(stranger, &[&text]), stranger);
    let named = client(proxy, &[&text]);
    assert_eq!(named, named.to_canonical());
    let hops: Vec<IpAddr> = text.split(',').filter_map(|hop| hop.trim().parse::<IpAddr>().ok()).map(|hop| hop.to_canonical()).collect();
    assert!(named == proxy || hops.contains(&named), "{text}");
    if !ours.iter().any(|network| network.contains(&named)) {
        assert_eq!(client(proxy, &["198.51.100.77", &text]), named, "what stands further left changes nothing");
    }
    named != proxy
}

/// Two cells are one line of two cells for every reader, and neither is a formula.
pub fn csv(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let line = anteroom::compliance::csv::line([text.as_ref(), "second"]);
    let rows = text::csv(&line).unwrap_or_else(|| panic!("not CSV: {line}"));
    assert_eq!(rows.len(), 1, "{line}");
    assert_eq!((rows[0].len(), rows[0][1].as_str()), (2, "second"), "{line}");
    let cell = &rows[0][0];
    assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']), "{line}");
    assert!(!line.trim_end_matches("\r\n").chars().any(char::is_control), "{line}");
    let plain = |c: &char| !c.is_control() && !matches!(c, '\u{2000}'..='\u{206f}' | '\u{feff}');
    if text.chars().all(|c| plain(&c)) {
        assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), text.strip_prefix('\'').unwrap_or(&text), "nothing of it is lost");
    }
    true
}

/// The token is never among the fields, and the fields read the same once they are written again.
pub fn form(bytes: &[u8]) -> bool {
    let Ok((_, fields)) = csrf::read_form(bytes) else { return false };
    assert!(fields.iter().all(|(name, _)| name != "csrf"));
    let again = serde_urlencoded::to_string(&fields).unwrap();
    // Written anew, each byte that is no text is nine.
    if again.len() <= limit::BODY_BYTES_MAX {
        assert_eq!(csrf::read_form(again.as_bytes()).unwrap(), (None, fields));
    }
    true
}

/// A form token is tied to sessions alone: never to the language, nor to a cookie that another site of this domain could have set. Taken is what
/// holds a session of a secure site.
pub fn cookies(bytes: &[u8]) -> bool {
    let Ok(header) = actix_web::http::header::HeaderValue::from_bytes(bytes) else { return false };
    let request = TestRequest::default().insert_header(("cookie", header)).to_http_request();
    let text = String::from_utf8_lossy(bytes);
    let sessions = our_cookies::ours(&request, true);
    assert!(sessions.iter().all(|session| !session.is_empty()));
    assert!(sessions.is_empty() || text.contains("__Host-") || text.contains('%'), "{text}");
    if let Some(staff) = our_cookies::read(&request, true, "staff") {
        assert!(sessions.contains(&staff), "{text}");
    }
    !sessions.is_empty()
}

#[test]
fn the_token_of_the_corpus_is_the_one_that_was_sealed() {
    assert_eq!(include_str!("corpus/link_token/good-token"), *TOKEN);
}

/// A message is as long as its head says, every attribute lies in it, and nobody who has no key has proved anything.
pub fn stun(bytes: &[u8]) -> bool {
    let Ok(message) = stun::Message::read(bytes) else { return false };
    assert_eq!(bytes.len(), stun::HEADER_BYTES + usize::from(u16::from_be_bytes([bytes[2], bytes[3]])));
    for kind in (0..0x40).chain(0x8000..0x8040) {
        let value = message.attribute(kind);
        assert!(value.is_none_or(|value| bytes.as_ptr_range().contains(&value.as_ptr()) || value.is_empty()));
        let _any_of_these = (message.text(kind), message.number(kind), message.address(kind));
    }
    let _any_of_these = (message.peers(), message.unknown(&[]));
    assert!(!message.proves(b"a key that nobody has"), "a proof out of nothing");
    true
}

/// However a stream is torn, the same messages come out of it, none longer than may be, and it breaks at the same place. Taken: something whole came
/// and nothing broke.
pub fn turn_stream(bytes: &[u8]) -> bool {
    let whole = messages(bytes, bytes.len().max(1));
    for piece in [1, 3, 20] {
        assert_eq!(messages(bytes, piece), whole, "in pieces of {piece}");
    }
    assert!(whole.0.iter().all(|message| message.len() <= FRAME_BYTES_MAX));
    !whole.1 && !whole.0.is_empty()
}

/// What comes out of a stream in pieces of that length, and whether it broke.
fn messages(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut frames, mut found) = (Frames::default(), Vec::new());
    for part in bytes.chunks(piece) {
        frames.push(part);
        loop {
            match frames.next_whole() {
                Ok(Some(message)) => found.push(message.to_vec()),
                Ok(None) => break,
                Err(_) => return (found, true),
            }
        }
    }
    (found, false)
}
