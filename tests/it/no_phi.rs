//! No word that names a patient or says why they come leaves the pages that show it (TST-01, AB-11, AUD-14, WEB-04): a whole visit at
//! the program as a process of its own, then a search through all that it said, wrote, sent and exported.

use crate::support::browser::Browser;
use crate::support::desk::{booking, key, led_to, patient_form, with};
use crate::support::export::export;
use crate::support::guest::read_invitation;
use crate::support::mime::Letter;
use crate::support::served::{Clinic, free_port, serving};
use crate::support::smtp::{Catcher, Step};
use crate::support::{PASSWORD, canary, migrated_database, postgres};
use anteroom::ids::StaffId;
use anteroom::staff::Role;
use anteroom::time::Millis;
use reqwest::{Response, StatusCode};
use serde_json::json;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One word for each field, of which the whole text is made.
const FIRST_NAME: &str = "Quillonette";
const LAST_NAME: &str = "Vanderfeather";
const EMAIL: &str = "hexagonia@patient.example";
const PHONE: &str = "+1 555 7340921";
const RECORD_NUMBER: &str = "RZ-99417-K";
const BORN: &str = "1931-07-19";
const BORN_TYPED: &str = "07/19/1931";
const REASON: &str = "scintillating scotoma";
const COMPANION: &str = "Bartholina Oxbridge";
const MESSAGE: &str = "gadolinium appointment";
const NOTE: &str = "pheochromocytoma";
const CHAT: &str = "zolpidemania";
const ADDRESS_IN_CALL: &str = "203.0.113.177";
const WORDS: [&str; 13] =
    [FIRST_NAME, LAST_NAME, EMAIL, PHONE, RECORD_NUMBER, BORN, BORN_TYPED, REASON, COMPANION, MESSAGE, NOTE, CHAT, ADDRESS_IN_CALL];

/// Where a word may stand, and why.
const ALLOWED: [(&str, &str, &str); 1] = [("heads of mails", EMAIL, "a letter needs an address")];

/// What never reaches the server, or is passed on and shown by no page.
const ON_NO_PAGE: [&str; 2] = [CHAT, ADDRESS_IN_CALL];

/// A browser whose user writes everything down.
struct Witness<'a> {
    browser: Browser,
    seen: &'a RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    addresses: String,
    heads: String,
    titles: String,
    pages: String,
}

impl<'a> Witness<'a> {
    fn new(clinic: &Clinic, seen: &'a RefCell<Seen>) -> Self {
        Self { browser: Browser::at(&clinic.base_url, &clinic.app), seen }
    }

    async fn member(clinic: &Clinic, account: &(StaffId, String), seen: &'a RefCell<Seen>) -> Self {
        let browser = Browser::at(&clinic.base_url, &clinic.app).of(account.0, &account.1);
        let witness = Self { browser, seen };
        witness.note(witness.browser.sign_in(PASSWORD).await, StatusCode::SEE_OTHER).await;
        witness
    }

    /// Keep all of an answer that must be of that kind, each part where it belongs.
    async fn note(&self, answer: Response, expected: StatusCode) -> String {
        let (status, address, heads) = (answer.status(), answer.url().to_string(), format!("{:?}\n", answer.headers()));
        let page = answer.text().await.unwrap();
        assert_eq!(status, expected, "{address}: {page}");
        let mut seen = self.seen.borrow_mut();
        seen.addresses.push_str(&format!("{address}\n"));
        seen.heads.push_str(&heads);
        let titles = page.split("<title>").skip(1).map(|after| after.split("</title>").next().unwrap());
        seen.titles.extend(titles);
        seen.pages.push_str(&page);
        page
    }

    async fn opens(&self, path: &str) -> String {
        self.note(self.browser.get(path).await, StatusCode::OK).await
    }

    async fn sends(&self, path: &str, fields: &[(&str, &str)], expected: StatusCode) -> String {
        self.note(self.browser.form(path, fields).await, expected).await
    }

    /// Send a form that makes something. Its id.
    async fn makes(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.browser.form(path, fields).await;
        let id = led_to(&answer);
        self.note(answer, StatusCode::SEE_OTHER).await;
        id
    }
}

/// Everything that happens to a patient, by the pages that it happens on. What those pages and the exports said.
async fn a_whole_visit(clinic: &Clinic, accounts: &[(StaffId, String); 3], mail: &Catcher) -> (Seen, BTreeMap<&'static str, Vec<u8>>) {
    let seen = RefCell::default();
    let [desk, clinician, officer] = accounts;
    let desk = Witness::member(clinic, desk, &seen).await;
    let clinician = Witness::member(clinic, clinician, &seen).await;
    let patient = add_patient(&desk).await;
    let visit = book(&desk, &clinician, &patient, clinic.app.now() + Millis::minutes(2), mail).await;
    let device = arrive(clinic, &seen, &desk, &visit, mail).await;
    see(&clinician, &device, &visit).await;
    desk.opens(&format!("/appointments/{visit}")).await;
    desk.browser.get(&format!("/patients/{LAST_NAME}")).await;

    let officer = Witness::member(clinic, officer, &seen).await;
    officer.opens("/access-log").await;
    let mut exports = BTreeMap::new();
    for (place, format) in [("export as CSV", "csv"), ("export as JSON Lines", "jsonl"), ("export as FHIR", "fhir")] {
        let (_, parts) = export(&officer.browser, &format!("format={format}")).await;
        exports.insert(place, parts.0.into_iter().flat_map(|(_, part)| part).collect());
    }
    (seen.take(), exports)
}

async fn add_patient(desk: &Witness<'_>) -> String {
    let (name, key) = (format!("{FIRST_NAME} {LAST_NAME}"), key());
    let known = [("record_number", RECORD_NUMBER), ("phone", PHONE), ("date_of_birth", BORN_TYPED)];
    let form = with(patient_form(&name, EMAIL, &key), &known);
    desk.sends("/patients", &with(form.clone(), &[("email_again", "other@patient.example")]), StatusCode::UNPROCESSABLE_ENTITY).await;
    let patient = desk.makes("/patients", &form).await;
    for searched in [&name, EMAIL, RECORD_NUMBER] {
        desk.sends("/patients/search", &[("search", searched)], StatusCode::OK).await;
    }
    desk.opens(&format!("/patients/{patient}")).await;
    desk.opens(&format!("/appointments/new?patient={patient}")).await;
    patient
}

/// A first visit whose letter the mail server refuses, naming its reader; then the one that takes place.
async fn book(desk: &Witness<'_>, clinician: &Witness<'_>, patient: &str, starts_at: anteroom::time::Timestamp, mail: &Catcher) -> String {
    let clinician = clinician.browser.id.to_string();
    let book = async |at: anteroom::time::Timestamp| {
        let (at, key, another_key) = (at.utc(), key(), key());
        let (date, time) = (at.format("%Y-%m-%d").to_string(), at.format("%H:%M").to_string());
        let mut form = booking(patient, &clinician, &date, &time, &key);
        form.push(("reason", REASON));
        let visit = desk.makes("/appointments", &form).await;
        let again = with(form, &[("request_key", &another_key)]);
        desk.sends("/appointments", &again, StatusCode::UNPROCESSABLE_ENTITY).await;
        visit
    };
    mail.says(Step::Rcpt, &format!("550 5.1.1 <{EMAIL}>: {FIRST_NAME} {LAST_NAME} is not known here"));
    book(starts_at + Millis::hours(50)).await;
    // Letters to the clinic come here too.
    mail.until("the patient's letter is refused", |memory| memory.under_tls.contains(&format!("RCPT TO:<{EMAIL}>"))).await;
    mail.answers_well();
    book(starts_at).await
}

/// The patient's way in: a wrong date, the right one, somebody beside them.
async fn arrive<'a>(clinic: &Clinic, seen: &'a RefCell<Seen>, desk: &Witness<'_>, visit: &str, mail: &Catcher) -> Witness<'a> {
    let invites = |letter: &&Letter| letter.text.contains("/v#");
    mail.until("the link is mailed", |memory| memory.letters.iter().any(|letter| invites(&letter))).await;
    desk.opens("/appointments").await;
    let token = read_invitation(&mail.letters().iter().rfind(invites).unwrap().text).token;
    let device = Witness::new(clinic, seen);
    device.opens("/v").await;
    let redeem = async |check: &str| device.browser.json("/v/redemption", &json!({ "token": token, "check": check })).await;
    device.note(redeem("03/14/1948").await, StatusCode::UNPROCESSABLE_ENTITY).await;
    device.note(redeem(BORN_TYPED).await, StatusCode::OK).await;
    device.opens(&format!("/visits/{visit}")).await;
    let arrival = [("consent", "1"), ("companion", COMPANION), ("relation", "child")];
    device.note(device.browser.post(&format!("/visits/{visit}/arrival"), &arrival).await, StatusCode::OK).await;
    device
}

/// The clinician's part, and both pages of the call.
async fn see(clinician: &Witness<'_>, device: &Witness<'_>, visit: &str) {
    let path = |step: &str| format!("/visits/{visit}/{step}");
    let mut waiting = device.browser.socket(&path("socket")).await;
    waiting.state("waiting").await;
    clinician.opens("/today").await;
    clinician.sends(&path("message"), &[("message", MESSAGE)], StatusCode::SEE_OTHER).await;
    waiting.until("state", |state| state["message"] == MESSAGE).await;
    clinician.sends(&path("admission"), &[], StatusCode::SEE_OTHER).await;
    clinician.opens(&path("call")).await;
    clinician.sends(&path("identity"), &[("answer", "confirmed")], StatusCode::SEE_OTHER).await;
    clinician.opens(&path("reason")).await;
    let saved = clinician.browser.put(&path("note"), &json!({ "text": NOTE, "version": 0 })).await;
    clinician.note(saved, StatusCode::OK).await;
    clinician.opens(&path("note")).await;

    waiting.join(None).await;
    let candidate = format!("candidate:1 1 udp 2122260223 {ADDRESS_IN_CALL} 50000 typ host");
    waiting.say(&json!({ "type": "candidate", "epoch": 1, "candidate": candidate, "mid": "0", "line": 0 })).await;
    // No page of ours says this: words of a chat stay between the two browsers.
    waiting.say(&json!({ "type": "chatted", "epoch": 1, "text": CHAT })).await;
    waiting.closed().await;
    device.seen.borrow_mut().pages.push_str(&waiting.heard.concat());
    clinician.sends(&path("end"), &[], StatusCode::SEE_OTHER).await;
    device.opens("/visit-over").await;
}

/// Everything in a folder and below, names of files too.
fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(path.file_name().unwrap().as_encoded_bytes());
        all.extend(if path.is_dir() { files(&path) } else { std::fs::read(&path).unwrap() });
    }
    all
}

async fn no_word_leaves_its_page(database: Option<&str>) {
    let (mail, operations) = (Catcher::implicit().await, free_port());
    let settings = format!("{}[operations]\nlisten = \"127.0.0.1:{operations}\"\n", mail.mail_settings());
    let clinic = Clinic::with(database, &settings).await;
    let accounts = [clinic.account(Role::Scheduler).await, clinic.account(Role::Clinician).await, clinic.account(Role::Compliance).await];
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = serving(&clinic.config);
    let server = clinic.serve_by(command.env("RUST_LOG", "info,anteroom=trace").stderr(log.reopen().unwrap())).await;
    let (seen, mut places) = a_whole_visit(&clinic, &accounts, &mail).await;
    for (place, path) in [("metrics", "metrics"), ("health", "health/ready")] {
        let page = reqwest::get(format!("http://127.0.0.1:{operations}/{path}")).await.unwrap();
        places.insert(place, page.bytes().await.unwrap().to_vec());
    }
    places.insert("files of the program", files(&clinic.app.config.data_dir));
    if let Some(url) = database {
        places.insert("dump of the database", postgres::dump(url).await);
    }
    server.stop();
    places.insert("files that a stop leaves", files(&clinic.app.config.data_dir));
    places.insert("operational log", std::fs::read(log.path()).unwrap());
    let letters = mail.letters();
    let heads = letters.iter().flat_map(|letter| &letter.headers).map(|(name, value)| format!("{name}: {value}\n"));
    places.insert("heads of mails", heads.collect::<String>().into_bytes());
    let bodies = letters.iter().map(|letter| format!("{}{}{:?}", letter.text, letter.html, letter.calendar));
    places.insert("bodies of mails", bodies.collect::<String>().into_bytes());
    places.insert("addresses", seen.addresses.into_bytes());
    places.insert("heads of answers", seen.heads.into_bytes());
    places.insert("titles", seen.titles.into_bytes());
    check(&seen.pages, &places);
}

/// Each word stands on a page, so that there was something to find, and nowhere else but where it may.
fn check(pages: &str, places: &BTreeMap<&'static str, Vec<u8>>) {
    let on_pages = canary::found(pages.as_bytes(), &WORDS);
    let shown: BTreeSet<&str> = WORDS.into_iter().filter(|word| !ON_NO_PAGE.contains(word)).collect();
    assert!(shown.is_subset(&on_pages), "only {on_pages:?} stand on pages");
    assert!(places.values().all(|place| !place.is_empty()), "there is something to search everywhere");
    for (place, text) in places {
        let found = canary::found(text, &WORDS);
        let allowed = ALLOWED.iter().filter(|(where_, ..)| where_ == place).map(|(_, word, _)| *word).collect();
        assert_eq!(found, allowed, "in the {place}");
    }
}

mod no_word_of_a_visit_leaves_its_page {
    use super::*;

    #[actix_web::test]
    async fn sqlite() {
        no_word_leaves_its_page(None).await;
    }

    #[actix_web::test]
    async fn postgres() {
        let database = migrated_database().await;
        no_word_leaves_its_page(Some(database.url())).await;
    }
}
