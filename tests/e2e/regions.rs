//! A call of two real browsers that goes through the relays of a region alone: one dies and another takes over; none is left, and the page says so.

use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anteroom::time::{Clock, SystemClock};

use crate::installed::staff;
use crate::support::clinic::{CLINICIAN, PATIENT, WAITING, see_each_other};
use crate::support::front::{Outside, config, front};
use crate::support::installed::Installed;
use crate::support::program::Program;
use crate::support::server::free_port;

const PINNED: &str = "Through the clinic's relays in us-east and no other way.";
const SECRET: &str = "of a coturn in these tests";

/// Debian's coturn behind a line that can be cut. Too old to be let in by `serve`, so the line says another version.
struct Coturn {
    _program: Program,
    up: Arc<AtomicBool>,
    config: String,
}

impl Coturn {
    fn start(last: u8) -> Self {
        let (address, port) = (IpAddr::from([127, 0, 0, last]), free_port());
        let place = (address, port).into();
        let program = Program::start(Command::new("turnserver").args([
            "-n",
            "--use-auth-secret",
            "--allow-loopback-peers",
            "--no-cli",
            "--no-tls",
            "--no-dtls",
            "--log-file=stdout",
            "--pidfile=/dev/null",
            &format!("--static-auth-secret={SECRET}"),
            "--realm=region.example",
            &format!("--listening-ip={address}"),
            &format!("--relay-ip={address}"),
            &format!("--listening-port={port}"),
        ]));
        let up = Arc::new(AtomicBool::new(true));
        let at = front(address, place, up.clone());
        Self { _program: program, up, config: config("us-east", address, &[format!("turn:{at}?transport=udp")], SECRET) }
    }
}

/// As often as `E2E_TAKEOVERS` says, once otherwise, the relay that a call uses is cut off. The picture comes back through the other one. How long it
/// stood still is printed.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "how long is what a run with E2E_TAKEOVERS is for")]
async fn a_relay_dies_and_the_next_of_its_region_takes_over_and_with_none_left_the_page_says_so() {
    let coturns = [Coturn::start(2), Coturn::start(4)];
    let outside = Outside::new(9);
    let clinic = Installed::with_settings(&format!(
        "\n[calls]\npath = \"relay\"\n\n[relay]\nregions = [\"us-east\"]\n{}{}{}",
        outside.config(),
        coturns[0].config,
        coturns[1].config
    ));
    let (desk, clinician) = staff(&clinic).await;
    let visit = desk.book_for_new_patient_at(SystemClock.now().utc(), "en", &clinic.mail_dir).await;
    desk.finish().await;
    let patient = clinic.browser("patient").await;
    for browser in [&clinician, &patient] {
        browser.keep_connections().await;
    }
    patient.open_visit(&visit).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    for browser in [&clinician, &patient] {
        browser.sees(PINNED).await;
    }

    let cuts: usize = std::env::var("E2E_TAKEOVERS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut still = Vec::new();
    for cut in 0..cuts {
        clinician.watch(PATIENT).await;
        patient.watch(CLINICIAN).await;
        // Whichever of the two the call uses: each is cut once, with the other there.
        for which in [cut % 2, (cut + 1) % 2] {
            coturns[which].up.store(false, Ordering::SeqCst);
            see_each_other(&clinician, &patient).await;
            // Of a relay that was met before it was named, some browsers do not tell the address: then a page says no more than it measured.
            for browser in [&clinician, &patient] {
                browser.sees("in us-east").await;
            }
            coturns[which].up.store(true, Ordering::SeqCst);
            // Known to be there again before the other one is cut.
            patient.is_offered_relays(2).await;
            clinician.is_offered_relays(2).await;
        }
        for (browser, person) in [(&clinician, PATIENT), (&patient, CLINICIAN)] {
            still.push(browser.watched(person).await.still_ms);
        }
    }
    still.sort_by(f64::total_cmp);
    let at = |percent: usize| still[(still.len() - 1) * percent / 100];
    println!(
        "a relay dies, the picture stands still, ms: p50 {:.0}, p95 {:.0}, longest {:.0}, of {}",
        at(50),
        at(95),
        at(100),
        still.len()
    );

    for browser in [&clinician, &patient] {
        browser.notice("No relay in us-east").await;
    }
    for _ in 0..3 {
        coturns.iter().for_each(|coturn| coturn.up.store(false, Ordering::SeqCst));
        for browser in [&clinician, &patient] {
            browser.sees("No relay in us-east can be reached").await;
        }
        coturns.iter().for_each(|coturn| coturn.up.store(true, Ordering::SeqCst));
        see_each_other(&clinician, &patient).await;
    }
    patient.shot("relays-back-patient").await;
    assert_eq!(outside.touched(), 0, "a packet went to another region");
    clinician.click("Confirmed").await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish().await;
    patient.finish().await;
}
