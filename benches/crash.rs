//! Fifty kills under load on each database, and what they cost. What was acknowledged must be there, once, or this panics.

use crate::support::crash::{Size, any_seed, run};
use crate::support::{Clinic, number, row};

/// A thousand bookings that are possible among two thousand forms, and a thousand links.
const LONG: Size = Size { kills: 50, clinicians: 20, visits_each: 50, bookers: 10, pairs_each: 100, readers: 10, reads_each: 50 };

pub async fn measure(name: &str, database: Option<&str>) {
    let seed = any_seed();
    let head = ["heard", "lost", "booked", "redeemed", "entries", "s", "start ms"].map(str::to_owned);
    row(&format!("\n{} kills on {name}, with the seed {seed}", LONG.kills), &head);
    let report = run(Clinic::new(database).await, LONG, seed).await;
    let counts = [report.acknowledged as usize, report.lost as usize, report.bookings, report.redemptions, report.entries];
    let figures = [number(report.seconds), number(report.start_ms)];
    row("nothing lost, nothing doubled", &counts.iter().map(usize::to_string).chain(figures).collect::<Vec<_>>());
}
