//! What pages may say to each other through us, and nothing else (RTC-03). Pure.
//!
//! Strict shapes: an unknown type or field ends the socket. The snapshots in `tests/js/snapshots/signalling.json` are read
//! by this file's tests and by those of `static/calls/`, so that both sides hold the same schema.

use super::proof::{Found, Outcome, Proof, Source};
use crate::ids::Region;
use crate::waiting_room::Party;
use serde::{Deserialize, Serialize};

/// The longest session description. A browser's has about 5,000 bytes with one audio, one video and one data line.
pub const SDP_BYTES_MAX: usize = 16 * 1024;
/// The longest candidate line.
const CANDIDATE_BYTES_MAX: usize = 512;
/// Candidates one page may send for one description, and such as stand in one (RTC-03).
pub const CANDIDATES_MAX: u32 = 64;

/// A frame from a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Frame {
    /// This tab wants to hold the call. `epoch`: of the connection it still has, or nothing.
    Join {
        tab: String,
        #[serde(deserialize_with = "required_option")]
        epoch: Option<u32>,
    },
    Ready {
        epoch: u32,
    },
    Offer {
        epoch: u32,
        sdp: String,
    },
    Answer {
        epoch: u32,
        sdp: String,
    },
    Candidate {
        epoch: u32,
        candidate: String,
        mid: String,
        line: u8,
    },
    Restart {
        epoch: u32,
    },
    /// The connection is up, over this kind of path, or takes another now. `region`: of the relay that this side uses, else of the other's.
    Connected {
        epoch: u32,
        path: Path,
        #[serde(deserialize_with = "required_option")]
        region: Option<String>,
    },
    /// The page closed the connection: it did not go through listed relays (RTC-11).
    NoRelay {
        epoch: u32,
    },
    /// A chat message went over the data channel. Its words never come here.
    Chatted {
        epoch: u32,
    },
    /// What came of the spoken proof of this connection (RTC-06). The words to compare never come here.
    Proof {
        epoch: u32,
        outcome: Outcome,
        source: Source,
        found: Found,
    },
    Beat {},
}

/// How two browsers reach each other, as `getStats` names it. `Relay`: through the other side's relay, or the browser does not say how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    Host,
    Srflx,
    Prflx,
    Relay,
    RelayUdp,
    RelayTcp,
    RelayTls,
}

impl Path {
    pub fn word(self) -> &'static str {
        match self {
            Path::Host => "host",
            Path::Srflx => "srflx",
            Path::Prflx => "prflx",
            Path::Relay => "relay",
            Path::RelayUdp => "relay_udp",
            Path::RelayTcp => "relay_tcp",
            Path::RelayTls => "relay_tls",
        }
    }
}

/// What is done with a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Join {
        holding: Option<i64>,
    },
    /// Hand it to the other page.
    Pass {
        epoch: i64,
        frame: Frame,
    },
    Connected {
        epoch: i64,
        path: Path,
        region: Option<Region>,
    },
    NoRelay {
        epoch: i64,
    },
    Chatted {
        epoch: i64,
    },
    /// `frame`: what the other page hears of it.
    Proof {
        epoch: i64,
        proof: Proof,
        frame: Frame,
    },
    Beat,
}

/// The frame broke a rule; the socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAllowed;

/// Read a frame of one party. **Only the clinician's page offers**: browsers fail an ICE restart from the side that did
/// not make the first offer.
pub fn read(from: Party, text: &str) -> Result<Act, NotAllowed> {
    use Party::{Clinician, Patient};
    let frame: Frame = serde_json::from_str(text).map_err(|_| NotAllowed)?;
    match (from, frame) {
        (_, Frame::Join { tab, epoch }) if is_tab(&tab) => Ok(Act::Join { holding: epoch.map(i64::from) }),
        (Patient, frame @ (Frame::Ready { epoch } | Frame::Restart { epoch })) => Ok(pass(epoch, frame)),
        (Clinician, Frame::Offer { epoch, sdp }) if is_description(&sdp) => Ok(pass(epoch, Frame::Offer { epoch, sdp })),
        (Patient, Frame::Answer { epoch, sdp }) if is_description(&sdp) => Ok(pass(epoch, Frame::Answer { epoch, sdp })),
        (_, Frame::Candidate { epoch, candidate, mid, line }) if is_candidate(&candidate, &mid, line) => {
            Ok(pass(epoch, Frame::Candidate { epoch, candidate, mid, line }))
        }
        (_, Frame::Connected { epoch, path, region }) => {
            let region = region.map(Region::try_from).transpose().map_err(|_| NotAllowed)?;
            Ok(Act::Connected { epoch: epoch.into(), path, region })
        }
        (_, Frame::NoRelay { epoch }) => Ok(Act::NoRelay { epoch: epoch.into() }),
        (_, Frame::Chatted { epoch }) => Ok(Act::Chatted { epoch: epoch.into() }),
        (from, frame @ Frame::Proof { epoch, outcome, source, found }) => {
            let proof = Proof { outcome, source, found };
            if proof.may_come_from(from) { Ok(Act::Proof { epoch: epoch.into(), proof, frame }) } else { Err(NotAllowed) }
        }
        (_, Frame::Beat {}) => Ok(Act::Beat),
        _ => Err(NotAllowed),
    }
}

fn pass(epoch: u32, frame: Frame) -> Act {
    Act::Pass { epoch: epoch.into(), frame }
}

fn is_tab(tab: &str) -> bool {
    tab.len() == 16 && tab.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A description that a browser may be handed: audio, video and data and nothing else, keys by DTLS only, every section under
/// one and the same fingerprint of SHA-256 or stronger, no ICE option we do not know.
///
/// Each line is in the one spelling that browsers write: what reads more loosely than we do must not find more than we did.
fn is_description(sdp: &str) -> bool {
    if sdp.len() > SDP_BYTES_MAX {
        return false;
    }
    let lines: Vec<&str> = sdp.strip_suffix('\n').unwrap_or(sdp).split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let lines = lines.as_slice();
    lines[0] == "v=0"
        && lines.iter().all(|line| is_line(line))
        && lines.iter().filter_map(|line| line.strip_prefix("m=")).map(kind_and_transport).eq(SECTIONS.map(Some))
        && lines.iter().filter_map(|line| line.strip_prefix("a=ice-options:")).flat_map(str::split_whitespace).all(is_ice_option)
        && lines.iter().filter(|line| line.starts_with("a=candidate:")).count() <= CANDIDATES_MAX as usize
        && is_one_connection(lines)
        && has_one_fingerprint(lines)
}

/// All three sections over one connection, so that what two people prove of the channel is true of sound and picture.
fn is_one_connection(lines: &[&str]) -> bool {
    let values = |start: &str| lines.iter().filter_map(|line| line.strip_prefix(start)).collect::<Vec<_>>();
    values("a=group:") == [format!("BUNDLE {}", values("a=mid:").join(" "))]
}

/// The three sections, in order, and what carries each.
const SECTIONS: [(&str, &str); 3] = [("audio", "UDP/TLS/RTP/SAVPF"), ("video", "UDP/TLS/RTP/SAVPF"), ("application", "UDP/DTLS/SCTP")];
/// Ways to hand keys over in the text itself.
const KEYS_IN_TEXT: [&str; 3] = ["crypto", "key-mgmt", "zrtp-hash"];

/// One of the types of RFC 8866 that browsers write, then something to be read on every terminal.
fn is_line(line: &str) -> bool {
    let Some((kind, value)) = line.split_once('=') else { return false };
    let name = value.split(':').next().unwrap_or(value);
    let is_name = |name: &str| name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) && !KEYS_IN_TEXT.contains(&name);
    let readable = value.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !value.is_empty() && !value.starts_with(' ');
    readable && matches!(kind, "v" | "o" | "s" | "t" | "c" | "b" | "m" | "a") && (kind != "a" || is_name(name))
}

fn kind_and_transport(media: &str) -> Option<(&str, &str)> {
    let mut words = media.split(' ');
    Some((words.next()?, words.nth(1)?))
}

fn is_ice_option(option: &str) -> bool {
    matches!(option, "trickle" | "ice2" | "renomination")
}

/// One fingerprint above all sections or in each of them, and it is the same everywhere.
fn has_one_fingerprint(lines: &[&str]) -> bool {
    let mut sections = lines.split(|line| line.starts_with("m=")).map(fingerprints);
    let above = sections.next().unwrap_or_default();
    let in_sections: Vec<Vec<String>> = sections.collect();
    let all: Vec<&String> = above.iter().chain(in_sections.iter().flatten()).collect();
    let covered = !above.is_empty() || in_sections.iter().all(|section| !section.is_empty());
    let once = above.len() <= 1 && in_sections.iter().all(|section| section.len() <= 1);
    covered && once && all.first().is_some_and(|first| is_fingerprint(first) && all.iter().all(|other| other == first))
}

fn fingerprints(lines: &[&str]) -> Vec<String> {
    lines.iter().filter_map(|line| line.strip_prefix("a=fingerprint:")).map(str::to_lowercase).collect()
}

fn is_fingerprint(text: &str) -> bool {
    let bytes = match text.split_once(' ') {
        Some(("sha-256", digest)) => (digest, 32),
        Some(("sha-384", digest)) => (digest, 48),
        Some(("sha-512", digest)) => (digest, 64),
        _ => return false,
    };
    let parts: Vec<&str> = bytes.0.split(':').collect();
    parts.len() == bytes.1 && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A trickled candidate, or the empty one that ends them.
fn is_candidate(candidate: &str, mid: &str, line: u8) -> bool {
    let shape = candidate.is_empty() || candidate.starts_with("candidate:");
    let clean = candidate.len() <= CANDIDATE_BYTES_MAX && candidate.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let named = (1..=16).contains(&mid.len()) && mid.bytes().all(|byte| byte.is_ascii_graphic());
    shape && clean && named && line < 16
}

/// A field that may be null and may not be missing.
fn required_option<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::proptest;

    #[derive(Deserialize)]
    struct Snapshot {
        from: String,
        ok: bool,
        message: serde_json::Value,
    }

    const SHORT_SDP: &str = "v=0\r\n";

    fn description() -> String {
        let digest = ["AB"; 32].join(":");
        format!(
            "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\na=group:BUNDLE 0 1 2\r\na=fingerprint:sha-256 {digest}\r\na=ice-options:trickle\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
        )
    }

    #[test]
    fn both_sides_hold_the_same_schema() {
        let snapshots: Vec<Snapshot> =
            serde_json::from_str(include_str!("../../tests/js/snapshots/signalling.json")).expect("the snapshots are JSON");
        let mut read_here = 0;
        for Snapshot { from, ok, mut message } in snapshots {
            let party = match from.as_str() {
                "patient" => Party::Patient,
                "clinician" => Party::Clinician,
                _ => continue,
            };
            // The snapshots show shapes; what stands inside a description is this side's own rule.
            if message["sdp"] == SHORT_SDP {
                message["sdp"] = description().into();
            }
            assert_eq!(read(party, &message.to_string()).is_ok(), ok, "{from}: {message}");
            read_here += 1;
        }
        assert!(read_here > 30, "the snapshots were read");
    }

    #[derive(Deserialize)]
    struct Description {
        ok: bool,
        why: String,
        sdp: String,
    }

    /// The page reads the same ones: between two pages that are connected descriptions pass that never come here.
    #[test]
    fn every_description_is_taken_or_refused_as_its_snapshot_says() {
        let snapshots: Vec<Description> =
            serde_json::from_str(include_str!("../../tests/js/snapshots/descriptions.json")).expect("the snapshots are JSON");
        for Description { ok, why, sdp } in &snapshots {
            assert_eq!(is_description(sdp), *ok, "{why}");
        }
        assert!(snapshots.len() > 30 && snapshots[0].sdp == description(), "the snapshots were read");
        assert!(!is_description(&description().replacen("s=-", &format!("s={}", "-".repeat(SDP_BYTES_MAX)), 1)), "too long");
        let naming = |candidates| description() + &"a=candidate:1 1 udp 1 192.0.2.7 50000 typ host\r\n".repeat(candidates);
        let most = CANDIDATES_MAX as usize;
        assert!(is_description(&naming(most)) && !is_description(&naming(most + 1)), "more candidates than may follow it one by one");
    }

    #[test]
    fn only_words_that_people_compared_match_and_only_the_clinician_says_so() {
        let frame = |outcome: &str, source: &str, found: &str| {
            format!(r#"{{"type":"proof","epoch":1,"outcome":"{outcome}","source":"{source}","found":"{found}"}}"#)
        };
        for (outcome, source, found, clinician, patient) in [
            ("matched", "certificate", "people", true, false),
            ("matched", "sdp", "people", true, false),
            ("matched", "none", "people", false, false),
            ("matched", "certificate", "page", false, false),
            ("not_compared", "none", "page", true, false),
            ("not_compared", "sdp", "people", false, false),
            ("differ", "sdp", "people", true, true),
            ("differ", "none", "page", true, true),
        ] {
            let said = [Party::Clinician, Party::Patient].map(|party| read(party, &frame(outcome, source, found)).is_ok());
            assert_eq!(said, [clinician, patient], "{outcome} {source} {found}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}", json in "\\{\"type\":\"[a-z]{0,9}\",\"epoch\":-?[0-9]{0,12}.{0,40}\\}") {
            for text in [text, json] {
                let _either = (read(Party::Patient, &text), read(Party::Clinician, &text));
            }
        }
    }
}
