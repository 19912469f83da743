//! The network addresses in frames of signalling: which ones are named, and those of listed relays alone. Pure.

use super::session::Frame;
use crate::relay::peers;
use std::net::IpAddr;

/// Every address that a frame says its page may be reached at. Names (`<uuid>.local`) are none.
pub fn addresses(frame: &Frame) -> Vec<IpAddr> {
    match frame {
        Frame::Candidate { candidate, .. } => address(candidate).into_iter().collect(),
        Frame::Offer { sdp, .. } | Frame::Answer { sdp, .. } => {
            sdp.lines().filter_map(|line| line.strip_prefix("a=")).filter_map(address).collect()
        }
        _ => Vec::new(),
    }
}

/// The frame with addresses of listed relays and no others (RTC-11). `None`: nothing is left of it.
pub fn only_listed(frame: Frame, listed: &[IpAddr]) -> Option<Frame> {
    match frame {
        Frame::Candidate { epoch, candidate, mid, line } if candidate.is_empty() => Some(Frame::Candidate { epoch, candidate, mid, line }),
        Frame::Candidate { epoch, candidate, mid, line } => {
            relayed(&candidate, listed).map(|candidate| Frame::Candidate { epoch, candidate, mid, line })
        }
        Frame::Offer { epoch, sdp } => Some(Frame::Offer { epoch, sdp: only_listed_lines(&sdp, listed) }),
        Frame::Answer { epoch, sdp } => Some(Frame::Answer { epoch, sdp: only_listed_lines(&sdp, listed) }),
        other => Some(other),
    }
}

fn only_listed_lines(sdp: &str, listed: &[IpAddr]) -> String {
    let mut kept = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        let text = line.trim_end();
        match text.strip_prefix("a=").filter(|value| value.starts_with("candidate:")) {
            Some(candidate) => {
                if let Some(candidate) = relayed(candidate, listed) {
                    kept.push_str(&format!("a={candidate}\r\n"));
                }
            }
            // What browsers say beside their candidates: the address of the first of them.
            None if text.starts_with("a=rtcp:") => {}
            None if text.starts_with("c=") => kept.push_str("c=IN IP4 0.0.0.0\r\n"),
            None => kept.push_str(line),
        }
    }
    kept
}

/// A listed relay's candidate, without what stands behind the relay. `None` for any other.
fn relayed(candidate: &str, listed: &[IpAddr]) -> Option<String> {
    let mut words: Vec<&str> = candidate.split(' ').collect();
    if words.get(6..8) != Some(&["typ", "relay"][..]) {
        return None;
    }
    address(candidate).filter(|address| listed.contains(&peers::canonical(*address)))?;
    for (name, nothing) in [("raddr", "0.0.0.0"), ("rport", "9")] {
        let at = words.iter().position(|word| *word == name);
        if let Some(value) = at.and_then(|at| words.get_mut(at + 1)) {
            *value = nothing;
        }
    }
    Some(words.join(" "))
}

/// `candidate:FOUNDATION COMPONENT PROTOCOL PRIORITY ADDRESS PORT typ KIND ...`
fn address(candidate: &str) -> Option<IpAddr> {
    candidate.strip_prefix("candidate:")?.split(' ').nth(4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::proptest;

    const HOST: &str = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host generation 0";
    const RELAY: &str = "candidate:3 1 udp 41885439 203.0.113.9 51000 typ relay raddr 192.0.2.7 rport 50000 generation 0";
    const BLANKED: &str = "candidate:3 1 udp 41885439 203.0.113.9 51000 typ relay raddr 0.0.0.0 rport 9 generation 0";

    fn candidate(line: &str) -> Frame {
        Frame::Candidate { epoch: 1, candidate: line.to_owned(), mid: "0".to_owned(), line: 0 }
    }

    fn listed() -> [IpAddr; 1] {
        ["203.0.113.9".parse().expect("an address")]
    }

    #[test]
    fn only_listed_relays_are_left_and_nothing_stands_behind_them() {
        let only_relayed = |frame| only_listed(frame, &listed());
        assert_eq!(only_relayed(candidate(&RELAY.replace("203.0.113.9", "203.0.113.10"))), None, "a relay of another region");
        assert_eq!(only_relayed(candidate(&RELAY.replace("203.0.113.9", "relay.local"))), None, "a name");
        let mapped = RELAY.replace("203.0.113.9", "::ffff:203.0.113.9");
        assert!(only_relayed(candidate(&mapped)).is_some(), "the same address in another spelling");
        assert_eq!(only_relayed(candidate(HOST)), None);
        assert_eq!(only_relayed(candidate(&HOST.replace("typ host", "typ srflx"))), None);
        assert_eq!(only_relayed(candidate("candidate:1 1 udp 1 192.0.2.7 1 typ host typ relay")), None);
        assert_eq!(only_relayed(candidate(RELAY)), Some(candidate(BLANKED)));
        assert_eq!(only_relayed(candidate("")), Some(candidate("")));
        let sdp = |candidates: &str| Frame::Offer { epoch: 1, sdp: format!("v=0\r\nc=IN IP4 0.0.0.0\r\n{candidates}a=mid:0\r\n") };
        let said = sdp(&format!("a={HOST}\r\na=rtcp:50001 IN IP4 192.0.2.7\r\na={RELAY}\r\nc=IN IP4 192.0.2.7\r\n"));
        assert_eq!(addresses(&said), ["192.0.2.7", "203.0.113.9"].map(|ip| ip.parse::<IpAddr>().expect("an address")));
        assert_eq!(only_relayed(said), Some(sdp(&format!("a={BLANKED}\r\nc=IN IP4 0.0.0.0\r\n"))));
    }

    #[test]
    fn a_name_is_no_address() {
        assert_eq!(addresses(&candidate(&HOST.replace("192.0.2.7", "7e0c9a46-3b6f.local"))), [] as [IpAddr; 0]);
    }

    proptest! {
        #[test]
        fn whatever_is_said_only_a_listed_address_is_passed(ip in "203\\.0\\.113\\.(9|10|99)|::ffff:203\\.0\\.113\\.9", noise in "[ -~]{0,60}") {
            let said = candidate(&format!("candidate:3 1 udp 41885439 {ip} 51000 typ relay {noise}"));
            let passes = ip.ends_with("113.9");
            assert_eq!(only_listed(said, &listed()).is_some(), passes);
        }

        #[test]
        fn whatever_is_said_no_address_behind_a_relay_is_passed(line in "candidate:[ -~]{0,120}", sdp in "(a=candidate:[a-z0-9 .]{0,60}\r\n|[ -~]{0,40}\n){0,8}") {
            for frame in [candidate(&line), Frame::Answer { epoch: 1, sdp }] {
                let _any = addresses(&frame);
                match only_listed(frame, &listed()) {
                    Some(Frame::Candidate { candidate, .. }) => assert!(candidate.contains(" typ relay")),
                    Some(Frame::Answer { sdp, .. }) => {
                        assert!(sdp.lines().filter(|line| line.starts_with("a=candidate:")).all(|line| line.contains(" typ relay")));
                    }
                    _ => {}
                }
            }
        }
    }
}
