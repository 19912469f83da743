//! A call through the built-in relay, between two real browsers.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anteroom::relay::control::{Order, Status};
use anteroom::time::{Clock, SystemClock};

use crate::installed::staff;
use crate::support::browser::Browser;
use crate::support::clinic::{CLINICIAN, PATIENT, WAITING, see_each_other};
use crate::support::installed::Installed;
use crate::support::server::free_port;

/// What a browser says of a server that is not there.
const AWAY: &[&str] = &["WebSocket connection to", "net::ERR_CONNECTION_REFUSED", "net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION_RESET"];

/// The longest that a picture may stand still while the server is away: a relay that ended would take longer to be replaced.
const STILL_MS_MAX: f64 = 3000.0;

#[tokio::test]
async fn a_call_goes_through_the_relay_over_udp_tcp_and_tls_and_outlives_the_server() {
    let secure = free_port();
    let mut clinic = Installed::with_settings(&format!(
        "\n[calls]\npath = \"relay\"\n\n[relay]\nlisten = [\"127.0.0.1:0\"]\ntls_listen = [\"127.0.0.1:{secure}\", \"[::1]:{secure}\"]\n\
         addresses = [\"127.0.0.1\"]\nregion = \"us-east\"\nlonely_seconds = 10\n"
    ));
    let (desk, clinician) = staff(&clinic).await;
    let visit = desk.book_for_new_patient_at(SystemClock.now().utc(), "en", &clinic.mail_dir).await;
    desk.finish().await;
    let patient = clinic.browser("patient").await;
    patient.open_visit(&visit).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;

    patient.reaches_relay_over("udp").await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    goes_over(&patient, "udp").await;
    for way in ["tcp", "tls"] {
        patient.reaches_relay_over(way).await;
        clinician.press_in_security("Back to waiting room").await;
        clinician.click("Admit").await;
        see_each_other(&clinician, &patient).await;
        goes_over(&patient, way).await;
    }

    clinician.watch(PATIENT).await;
    patient.watch(CLINICIAN).await;
    clinic.kill();
    see_each_other(&clinician, &patient).await;
    clinic.start_again();
    see_each_other(&clinician, &patient).await;
    for (browser, person) in [(&clinician, PATIENT), (&patient, CLINICIAN)] {
        let watched = browser.watched(person).await;
        assert!(watched.same_stream, "{}: the call was made again", browser.name);
        assert!(watched.still_ms < STILL_MS_MAX, "{}: the picture stood still for {} ms", browser.name, watched.still_ms);
    }
    assert!(relay(&clinic).allocations >= 2, "the relay that was there before the server");

    clinician.click("Confirmed").await;
    clinician.sees("Chat and note are open").await;
    clinician.end_visit().await;
    let ended = Instant::now();
    while relay(&clinic).allocations > 0 {
        assert!(ended.elapsed() < Duration::from_secs(1), "what is over has no place at the relay");
    }
    patient.visit_is_over().await;
    clinician.finish_despite(AWAY).await;
    patient.finish_despite(AWAY).await;
}

/// By the browser's own account. A relay at the other end that is met before it is named, Firefox goes on to tell as another kind.
async fn goes_over(browser: &Browser, way: &str) {
    let told = browser.way_of_call().await;
    assert!(["relay", "prflx"].map(|other| format!("relay {way} {other}")).contains(&told), "{way}: {told}");
}

/// What the clinic's relay says of itself.
fn relay(clinic: &Installed) -> Status {
    let mut stream = BufReader::new(UnixStream::connect(clinic.data().join("relay.sock")).unwrap());
    let order = serde_json::to_string(&Order::Status).unwrap();
    stream.get_mut().write_all(format!("{order}\n").as_bytes()).unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}
