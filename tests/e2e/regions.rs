//! A call of two real browsers that goes through the relays of a region alone: one dies and another takes over; none is left, or
//! the path is another, from the beginning or in the middle, and the page says so.

use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anteroom::time::{Clock, SystemClock};
use serde_json::json;

use crate::installed::staff;
use crate::support::browser::{Browser, View};
use crate::support::clinic::{CLINICIAN, PATIENT, WAITING, see_each_other, see_each_other_as};
use crate::support::front::{Outside, config, front};
use crate::support::installed::Installed;
use crate::support::program::Program;
use crate::support::server::free_port;

const PINNED: &str = "Through the clinic's relays in us-east and no other way.";
/// A pause that is longer than any between two packets of sound, and shorter than one that a page could bridge by another relay.
const NOTICED_MS: f64 = 400.0;
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

/// As often as `E2E_TAKEOVERS` says, once otherwise, the relay that a call uses is cut off. Sound and picture come back through the
/// other one. How long they were gone is printed, for each page and each time.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "how long is what a run with E2E_TAKEOVERS is for")]
async fn a_relay_dies_and_the_next_of_its_region_takes_over_and_with_none_left_the_page_says_so() {
    let coturns = [Coturn::start(2), Coturn::start(4)];
    let outside = Outside::new([127, 0, 0, 9].into());
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
        browser.before_each_page(include_str!("support/elsewhere.js")).await;
    }
    patient.open_visit(&visit).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    clinician.admit().await;
    no_way_but_another(&clinician, &patient).await;
    see_each_other(&clinician, &patient).await;
    for browser in [&clinician, &patient] {
        browser.sees(PINNED).await;
    }

    let rounds: usize = std::env::var("E2E_TAKEOVERS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (mut soundless, mut still) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Whichever of the two the call uses: each is cut once, with the other there.
        for which in [round % 2, (round + 1) % 2] {
            for (browser, person) in [(&clinician, PATIENT), (&patient, CLINICIAN)] {
                browser.watch(person).await;
                browser.watch_sound().await;
            }
            coturns[which].up.store(false, Ordering::SeqCst);
            see_each_other(&clinician, &patient).await;
            // Of a relay that was met before it was named, some browsers do not tell the address: then a page says no more than it measured.
            for browser in [&clinician, &patient] {
                browser.sees("in us-east").await;
            }
            for (browser, person) in [(&clinician, PATIENT), (&patient, CLINICIAN)] {
                let sound = browser.soundless_ms().await;
                // Nothing stood still: it was the relay that the call does not use.
                if sound > NOTICED_MS {
                    soundless.push(sound);
                    still.push(browser.watched(person).await.still_ms);
                }
            }
            coturns[which].up.store(true, Ordering::SeqCst);
            // Known to be there again before the other one is cut.
            patient.is_offered_relays(2).await;
            clinician.is_offered_relays(2).await;
        }
    }
    assert!(!still.is_empty(), "no relay was cut that the call went through");
    for (what, mut times) in [("no sound", soundless), ("the picture stands still", still)] {
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("a relay dies, {what}, ms: p50 {:.0}, p95 {:.0}, longest {:.0}, of {}", at(50), at(95), at(100), times.len());
    }

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
    // In the middle of the call a browser measures another way: closed as well, and the page does not say that nobody saw anybody.
    patient.inject("sessionStorage.removeItem('pathIsTrue')").await;
    patient.sees("No relay in us-east any more").await;
    patient.sees("closed as soon as this page noticed").await;
    assert!(!patient.shows("before anybody").await.unwrap());
    patient.shot("strayed-patient").await;
    assert_eq!(patient.cut_off().await, [""; 0]);
    in_spanish_and_for_the_clinician(&clinician, &patient).await;
    clinician.finish().await;
    patient.finish().await;
}

/// Both browsers measure that the call goes by other relays than the clinic's: each page closes it and says what to do, and not a track was given to
/// it. Then they measure what is true, and both come again.
async fn no_way_but_another(clinician: &Browser, patient: &Browser) {
    let call = clinician.address().await;
    for (browser, then) in [(clinician, "ring the patient up"), (patient, "call the clinic and go on by phone")] {
        browser.sees("No relay in us-east").await;
        browser.sees("closed before anybody saw or heard you").await;
        browser.sees(then).await;
        let [looks, tracks, bytes]: [u64; 3] = browser.ask("given", json!([])).await.unwrap();
        assert!(looks > 0, "{}: the path was measured", browser.name);
        assert_eq!((tracks, bytes), (0, 0), "{}: something was sent before it was", browser.name);
        for view in [View::Phone, View::Desktop] {
            browser.look_at(view).await;
            browser.shot(&format!("no-relay-{}-{view:?}", browser.name)).await;
            assert_eq!(browser.cut_off().await, [""; 0]);
        }
        browser.inject("sessionStorage.setItem('pathIsTrue', 'yes')").await;
    }
    patient.click("Try again").await;
    patient.click("Join visit").await;
    clinician.goto(&call).await;
    clinician.click("Join visit").await;
}

/// The same is said to a patient who reads Spanish, on a small phone, and to a clinician, and each may come again.
async fn in_spanish_and_for_the_clinician(clinician: &Browser, patient: &Browser) {
    patient.inject("sessionStorage.setItem('pathIsTrue', 'yes')").await;
    patient.look_at(View::SmallPhone).await;
    patient.click("Try again").await;
    patient.click("Español").await;
    patient.click("Entrar a la consulta").await;
    see_each_other_as(clinician, patient, "Quien le atiende").await;
    patient.inject("sessionStorage.removeItem('pathIsTrue')").await;
    patient.sees("Ya no hay servidor intermedio en us-east").await;
    patient.sees("Puede que haya ido por ahí unos segundos").await;
    patient.shot("strayed-patient-es").await;
    assert_eq!(patient.cut_off().await, [""; 0]);

    patient.inject("sessionStorage.setItem('pathIsTrue', 'yes')").await;
    patient.click("Intentar otra vez").await;
    patient.click("Entrar a la consulta").await;
    see_each_other_as(clinician, patient, "Quien le atiende").await;
    clinician.inject("sessionStorage.removeItem('pathIsTrue')").await;
    clinician.sees("No relay in us-east any more").await;
    clinician.sees("Open it again from Today").await;
    clinician.sees("The patient's phone: 555 0199").await;
    clinician.shot("strayed-clinician").await;
    assert_eq!(clinician.cut_off().await, [""; 0]);
}
