//! When a page tries to reach the server again: the rule of `static/lib/backoff.js`, with the constants that stand there.

use std::time::Duration;

/// `away`: since the server was there last. `random`: 0 up to 1.
pub fn backoff(away: Duration, random: f64) -> Duration {
    let script = include_str!("../../../static/lib/backoff.js");
    let constant = |name: &str| -> f64 {
        let after = script.split_once(&format!("const {name} = ")).unwrap().1;
        after.split(';').next().unwrap().replace('_', "").parse().unwrap()
    };
    let most = (away.as_secs_f64() * 1_000.0 / constant("PARTS")).max(constant("FIRST_MS")).min(constant("LONGEST_MS"));
    Duration::from_millis((most * random) as u64)
}
