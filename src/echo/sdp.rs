//! The one form that a check's description has. Pure.
//!
//! Of what a page sends, a handful of values is read; everything else is left behind, and our peer is shown the form with those values in
//! it. So it never meets a line that a stranger wrote. **No candidate passes**: the page has none to send, and a description that holds one
//! is refused, so that nobody can point our peer at an address (RTC-02).

use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::net::SocketAddr;

/// The longest description of a page.
pub const OFFER_BYTES_MAX: usize = 16 * 1024;

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
/// The three sections, in order: kind, transport, name.
const SECTIONS: [(&str, &str, &str); 3] =
    [("audio", "UDP/TLS/RTP/SAVPF", "0"), ("video", "UDP/TLS/RTP/SAVPF", "1"), ("application", "UDP/DTLS/SCTP", "2")];

/// What is read of a page's offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    ufrag: String,
    password: String,
    /// SHA-256 of the page's certificate, as `AB:CD:...`.
    fingerprint: String,
    pub sound: Stream,
    pub picture: Stream,
}

/// One of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    pub payload_type: u8,
    ssrc: u32,
    mid: Option<u8>,
    transport_cc: Option<u8>,
}

/// Why an offer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It holds a candidate.
    Candidate,
    /// It is not the form.
    Form,
}

impl Refused {
    /// As the log says it.
    pub fn event_word(self) -> &'static str {
        match self {
            Refused::Candidate => "check_candidate",
            Refused::Form => "check_form",
        }
    }
}

impl Offer {
    pub fn read(text: &str) -> Result<Offer, Refused> {
        if text.len() > OFFER_BYTES_MAX {
            return Err(Refused::Form);
        }
        if text.to_ascii_lowercase().contains("candidate") {
            return Err(Refused::Candidate);
        }
        parts(text).ok_or(Refused::Form)
    }

    /// The offer as our peer is shown it.
    pub fn form(&self) -> String {
        let mut text = String::from("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n");
        self.section(&mut text, 0, &self.sound.payload_type.to_string());
        self.sound.lines(&mut text, "opus/48000/2", "sound");
        self.section(&mut text, 1, &self.picture.payload_type.to_string());
        self.picture.lines(&mut text, "VP8/90000", "picture");
        self.section(&mut text, 2, "webrtc-datachannel");
        text.push_str("a=sctp-port:5000\r\na=max-message-size:16384\r\n");
        text
    }

    fn section(&self, text: &mut String, index: usize, format: &str) {
        let (kind, transport, name) = SECTIONS[index];
        let Self { ufrag, password, fingerprint, .. } = self;
        let _a_string_takes_all = write!(
            text,
            "m={kind} 9 {transport} {format}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n\
             a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:{name}\r\n"
        );
    }
}

impl Stream {
    fn lines(&self, text: &mut String, codec: &str, name: &str) {
        let Self { payload_type, ssrc, .. } = self;
        let _a_string_takes_all = write!(
            text,
            "a=sendrecv\r\na=rtcp-mux\r\na=rtpmap:{payload_type} {codec}\r\na=rtcp-fb:{payload_type} transport-cc\r\n\
             a=msid:check {name}\r\na=ssrc:{ssrc} cname:check\r\n"
        );
        for (id, uri) in [(self.mid, MID), (self.transport_cc, TRANSPORT_CC)] {
            if let Some(id) = id {
                let _a_string_takes_all = write!(text, "a=extmap:{id} {uri}\r\n");
            }
        }
    }
}

/// Our peer's answer with one candidate in it: where it can be reached.
pub fn with_address(answer: &str, address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    let ours = format!("a=candidate:1 1 udp 2130706431 {ip} {port} typ host\r\n");
    let mut text = String::new();
    let mut sections = 0;
    for line in answer.lines().filter(|line| !line.contains("candidate")) {
        // All sections are one line's traffic: the first says where.
        if line.starts_with("m=") {
            if sections == 1 {
                text.push_str(&ours);
            }
            sections += 1;
        }
        text.push_str(line);
        text.push_str("\r\n");
    }
    text
}

fn parts(text: &str) -> Option<Offer> {
    let lines: Vec<&str> = text.lines().collect();
    if lines.first() != Some(&"v=0") || !lines.iter().all(|line| line.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
        return None;
    }
    let starts: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| line.starts_with("m=")).map(|(at, _)| at).collect();
    let [sound, picture, data] = starts[..] else { return None };
    let sections = [&lines[sound..picture], &lines[picture..data], &lines[data..]];
    let fits = sections.iter().zip(SECTIONS).all(|(lines, (kind, transport, name))| {
        let mut words = lines[0].split(' ');
        words.next() == Some(&format!("m={kind}")) && words.nth(1) == Some(transport) && only(lines, "a=mid:") == Some(name)
    });
    let offer = Offer {
        ufrag: only(&lines, "a=ice-ufrag:").filter(|text| is_secret(text, 4))?.to_owned(),
        password: only(&lines, "a=ice-pwd:").filter(|text| is_secret(text, 22))?.to_owned(),
        fingerprint: only(&lines, "a=fingerprint:")
            .and_then(|text| text.strip_prefix("sha-256 "))
            .filter(|text| is_digest(text))?
            .to_owned(),
        sound: stream(sections[0], " opus/48000/2")?,
        picture: stream(sections[1], " VP8/90000")?,
    };
    (fits && offer.sound.ssrc != offer.picture.ssrc && offer.sound.payload_type != offer.picture.payload_type).then_some(offer)
}

/// The value of an attribute, which is the same wherever it stands.
fn only<'a>(lines: &[&'a str], attribute: &str) -> Option<&'a str> {
    let mut values = lines.iter().filter_map(|line| line.strip_prefix(attribute));
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

/// The characters that ICE has for its names and passwords (RFC 8839 5.4).
fn is_secret(text: &str, least: usize) -> bool {
    (least..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

fn is_digest(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    parts.len() == 32 && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn stream(lines: &[&str], codec: &str) -> Option<Stream> {
    let payload_type = lines.iter().filter_map(|line| line.strip_prefix("a=rtpmap:")).find_map(|line| line.strip_suffix(codec))?;
    let payload_type = payload_type.parse().ok().filter(|number| matches!(number, 35..=63 | 96..=127))?;
    let ssrc = lines.iter().find_map(|line| line.strip_prefix("a=ssrc:"))?.split(' ').next()?.parse().ok()?;
    let extension = |uri: &str| {
        let id =
            lines.iter().filter_map(|line| line.strip_prefix("a=extmap:")).find_map(|line| line.strip_suffix(uri)?.strip_suffix(' '))?;
        id.parse().ok().filter(|id| (1..=14).contains(id))
    };
    let (mid, transport_cc) = (extension(MID), extension(TRANSPORT_CC));
    (mid.is_none() || mid != transport_cc).then_some(Stream { payload_type, ssrc, mid, transport_cc })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Chromium writes it, with only what `setCodecPreferences` left.
    fn chromium() -> String {
        let digest = ["AB"; 32].join(":");
        let section = |kind: &str, mid: u8, rest: &str| {
            format!(
                "m={kind}\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZgKk\r\n\
                 a=ice-options:trickle\r\na=fingerprint:sha-256 {digest}\r\na=setup:actpass\r\na=mid:{mid}\r\n{rest}"
            )
        };
        let extensions = format!("a=extmap:4 {MID}\r\na=extmap:3 {TRANSPORT_CC}\r\na=sendrecv\r\na=rtcp-mux\r\n");
        format!(
            "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\na=extmap-allow-mixed\r\n{}{}{}",
            section("audio 9 UDP/TLS/RTP/SAVPF 111", 0, &format!("{extensions}a=rtpmap:111 opus/48000/2\r\na=ssrc:11 cname:x\r\n")),
            section("video 9 UDP/TLS/RTP/SAVPF 96", 1, &format!("{extensions}a=rtpmap:96 VP8/90000\r\na=ssrc:12 cname:x\r\n")),
            section("application 9 UDP/DTLS/SCTP webrtc-datachannel", 2, "a=sctp-port:5000\r\na=max-message-size:262144\r\n"),
        )
    }

    #[test]
    fn our_peer_is_shown_the_form_and_nothing_else() {
        let text = chromium().replace("a=extmap-allow-mixed", "a=x-strange:thing\r\na=tool:page");
        let form = Offer::read(&text).expect("the page's offer").form();
        assert!(!form.contains("strange") && !form.contains("tool") && !form.contains("127.0.0.1"), "{form}");
        for kept in
            ["8hhY", "asd88fgpdd777uzjYhagZgKk", "AB:AB", "rtpmap:111 opus", "rtpmap:96 VP8", "ssrc:11 ", "ssrc:12 ", "extmap:4 urn"]
        {
            assert!(form.contains(kept), "{kept} in {form}");
        }
        assert_eq!(Offer::read(&form).map(|again| again.form()), Ok(form.clone()), "the form reads as itself");
    }

    #[test]
    fn an_offer_with_a_candidate_is_refused_wherever_it_stands() {
        for line in [
            "a=candidate:1 1 udp 2122260223 10.0.0.1 5000 typ host",
            "a=Candidate:1 1 udp 2122260223 10.0.0.1 5000 typ host",
            " a=candidate:1 1 tcp 1 169.254.169.254 80 typ host tcptype passive",
            "a=remote-candidates:1 192.168.0.1 22",
            "a=end-of-candidates",
        ] {
            for before in ["s=-", "a=mid:0", "a=sctp-port:5000"] {
                let text = chromium().replace(before, &format!("{before}\r\n{line}"));
                assert_eq!(Offer::read(&text), Err(Refused::Candidate), "{line} after {before}");
            }
        }
    }

    #[test]
    fn an_offer_is_refused_for_each_thing_that_is_not_the_form() {
        assert!(Offer::read(&chromium()).is_ok());
        for (from, to) in [
            ("v=0", "v=1"),
            ("m=audio", "m=text"),
            ("m=video", "m=audio"),
            ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
            ("a=mid:1", "a=mid:7"),
            ("a=ice-ufrag:8hhY", "a=ice-ufrag:8"),
            ("a=ice-pwd:asd88fgpdd777uzjYhagZgKk", "a=ice-pwd:asd88\u{0}"),
            ("a=ice-pwd:asd88fgpdd777uzjYhagZgKk", "a=ice-pwd:anotherpasswordforonesection"),
            ("sha-256", "sha-1"),
            ("AB:AB", "AB:AG"),
            ("opus/48000/2", "PCMU/8000"),
            ("rtpmap:96", "rtpmap:11"),
            ("ssrc:12", "ssrc:11"),
            ("ssrc:12", "ssrc:4294967296"),
            ("a=extmap:4", "a=extmap:3"),
        ] {
            assert_eq!(Offer::read(&chromium().replacen(from, to, 1)), Err(Refused::Form), "{from:?} -> {to:?}");
        }
        let fourth = format!("{}m=video 9 UDP/TLS/RTP/SAVPF 97\r\n", chromium());
        assert_eq!(Offer::read(&fourth), Err(Refused::Form));
        assert_eq!(Offer::read(&" ".repeat(OFFER_BYTES_MAX + 1)), Err(Refused::Form));
    }

    #[test]
    fn the_answer_names_one_address_and_no_other() {
        let answer =
            "v=0\r\nm=audio 9 X 1\r\na=candidate:1 1 udp 1 10.0.0.5 9 typ host\r\na=mid:0\r\na=end-of-candidates\r\nm=video 9 X 2\r\n";
        let address = "198.51.100.7:41000".parse().expect("an address");
        let expected = "v=0\r\nm=audio 9 X 1\r\na=mid:0\r\na=candidate:1 1 udp 2130706431 198.51.100.7 41000 typ host\r\nm=video 9 X 2\r\n";
        assert_eq!(with_address(answer, address), expected);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}", at in 0usize..1_000, put in "\\PC{0,12}") {
            let _either = Offer::read(&text);
            let whole = chromium();
            let mut changed = whole.clone();
            let at = at.min(whole.len());
            changed.replace_range(at..(at + put.len()).min(whole.len()), &put);
            if let Ok(offer) = Offer::read(&changed) {
                // Whatever was changed, the form is the form: no line of the page's own.
                let lines = |text: &str| text.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect::<Vec<_>>();
                let usual = Offer::read(&whole).expect("the page's offer").form();
                let fewer = |all: Vec<String>| all.into_iter().filter(|line| line != "a=extmap").collect::<Vec<_>>();
                prop_assert_eq!(fewer(lines(&offer.form())), fewer(lines(&usual)));
            }
        }
    }
}
