//! What a check of a patient's connection came to: numbers and a word, nothing else (RTC-18). Pure.

use crate::text::Text;
use serde::{Deserialize, Serialize};

/// As the page counted it. What was not measured is null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub verdict: Verdict,
    #[serde(default)]
    pub round_trip_ms: Option<u32>,
    #[serde(default)]
    pub jitter_ms: Option<u32>,
    /// Both ways together.
    #[serde(default)]
    pub loss_percent: Option<u32>,
    #[serde(default)]
    pub up_kbit: Option<u32>,
    #[serde(default)]
    pub down_kbit: Option<u32>,
    /// Whether a relay was reached that way.
    #[serde(default)]
    pub relay_udp: Option<bool>,
    #[serde(default)]
    pub relay_tcp: Option<bool>,
    #[serde(default)]
    pub relay_tls: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Good,
    /// Picture may be poor: sound first.
    Poor,
    /// Nothing came back.
    Blocked,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Poor => "poor",
            Verdict::Blocked => "blocked",
        }
    }
}

impl Check {
    /// Numbers that a page of ours can count.
    pub fn is_possible(&self) -> bool {
        let up_to = |value: Option<u32>, most| value.is_none_or(|value| value <= most);
        up_to(self.round_trip_ms, 60_000)
            && up_to(self.jitter_ms, 60_000)
            && up_to(self.loss_percent, 100)
            && up_to(self.up_kbit, 1_000_000)
            && up_to(self.down_kbit, 1_000_000)
    }

    /// For the clinician: "Connection good · 45 ms round trip, 0 % lost, 950 kbit/s up · relay reached by UDP, TCP".
    pub fn in_words(&self, t: Text) -> String {
        let mut words = vec![t.say(&format!("waiting-js-check-{}", self.verdict.word()))];
        if let (Some(trip), Some(loss), Some(up)) = (self.round_trip_ms, self.loss_percent, self.up_kbit) {
            let numbers = [("trip", trip), ("loss", loss), ("up", up)];
            let text = t.say("waiting-js-check-numbers");
            words.push(numbers.iter().fold(text, |text, (name, number)| text.replace(&format!("%{name}%"), &number.to_string())));
        }
        let tried = [("UDP", self.relay_udp), ("TCP", self.relay_tcp), ("TLS", self.relay_tls)];
        let reached: Vec<&str> = tried.iter().filter(|(_, reached)| *reached == Some(true)).map(|(way, _)| *way).collect();
        if !reached.is_empty() {
            words.push(t.say("waiting-js-check-relay").replace("%ways%", &reached.join(", ")));
        } else if tried.iter().any(|(_, reached)| reached.is_some()) {
            words.push(t.say("waiting-js-check-relay-none"));
        }
        words.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"verdict":"good","round_trip_ms":45,"jitter_ms":3,"loss_percent":0,"up_kbit":950,"down_kbit":940,"relay_udp":true}"#;

    #[test]
    fn a_result_is_numbers_a_verdict_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<Check>(text).is_ok_and(|check| check.is_possible());
        assert!(read(GOOD) && read(r#"{"verdict":"blocked"}"#));
        for (from, to) in [
            (r#""good""#, r#""fine""#),
            (r#""verdict":"good","#, ""),
            ("45", "60001"),
            ("45", "-1"),
            ("45", "4.5"),
            ("45", r#""45""#),
            (r#""loss_percent":0"#, r#""loss_percent":101"#),
            ("950", "1000001"),
            ("true", r#""yes""#),
            ("true", r#"true,"address":"192.0.2.1""#),
            ("true", r#"true,"candidate":"typ host""#),
            ("true", r#"true,"agent":"Mozilla""#),
        ] {
            assert!(!read(&GOOD.replacen(from, to, 1)), "{from} -> {to}");
        }
    }

    #[test]
    fn the_clinician_reads_words_and_numbers() {
        let check: Check = serde_json::from_str(GOOD).expect("a result");
        assert_eq!(check.in_words(Text::of("en")), "Connection good · 45 ms round trip, 0 % lost, 950 kbit/s up · relay reached by UDP");
        let blocked: Check = serde_json::from_str(r#"{"verdict":"blocked","relay_tcp":false,"relay_tls":false}"#).expect("a result");
        assert_eq!(blocked.in_words(Text::of("en")), "Connection check did not get through: perhaps by phone · no relay reached");
    }
}
