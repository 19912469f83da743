//! What the compliance officer does for the people in the records, in a browser: an incident from its discovery to its end, a patient's
//! disclosures and requests, a hold; and the copy that a clinician hands over. Each state is open to everyone.

use anteroom::time::{Clock, SystemClock, Zone};

use crate::support::browser::Browser;
use crate::support::server::Demo;

const ENTER: &str = "\u{e007}";

/// Looks at states of one person's pages.
struct Sweep<'a> {
    browser: &'a Browser,
    complaints: Vec<String>,
}

impl Sweep<'_> {
    async fn look(&mut self, state: &str) {
        let found = self.browser.sweep(&format!("{} {state}", self.browser.name), "en").await;
        self.complaints.extend(found);
    }
}

fn today() -> String {
    let zone: Zone = "America/New_York".parse().expect("a known zone");
    zone.today(SystemClock.now()).to_string()
}

/// The record id at the end of the page of the first patient on today's list.
async fn a_patient(demo: &Demo) -> String {
    let desk = demo.signed_in("scheduler").await;
    desk.goto("/patients").await;
    desk.fill("Find a patient", "Maria Gonzalez").await;
    desk.click("Find").await;
    desk.sees("One patient found").await;
    let found = desk.paths().await.into_iter().find(|path| path.starts_with("/patients/") && path.len() > 40);
    let id = found.expect("the patient's page is linked").rsplit('/').next().expect("a path ends with something").to_owned();
    desk.finish().await;
    id
}

#[tokio::test]
async fn an_incident_is_kept_from_its_discovery_to_its_end() {
    let demo = Demo::start();
    let officer = demo.signed_in("compliance").await;
    let mut sweep = Sweep { browser: &officer, complaints: Vec::new() };
    officer.goto("/breach?person=&from=&until=x").await;
    officer.sees("Please check what is marked").await;
    sweep.look("breach wrong").await;
    officer.goto("/incidents").await;
    // By keyboard: nothing here needs a mouse.
    officer.tab_to("What happened").await;
    officer.press("A phone with a signed-in page was stolen").await;
    officer.put("Day it happened", &today()).await;
    officer.put("Day of discovery", &today()).await;
    officer.tab_to("Open the incident").await;
    officer.press(ENTER).await;
    officer.sees("60 days left").await;
    sweep.look("incident new").await;
    officer.tab_to("Close the incident").await;
    officer.press(ENTER).await;
    officer.click("Close it now").await;
    officer.sees("Enter how many people are affected first").await;
    sweep.look("incident not to be closed").await;
    officer.click("People affected").await;
    officer.fill("How many people", "2").await;
    officer.fill("By state", "New York 2").await;
    officer.click("Enter People affected").await;
    officer.sees("New York 2").await;
    officer.goto("/incidents").await;
    officer.sees("A phone with a signed-in page").await;
    sweep.look("incidents").await;
    assert!(sweep.complaints.is_empty(), "{}", sweep.complaints.join("\n"));
    officer.finish_despite(&["the server responded with a status of 4"]).await;
}

#[tokio::test]
async fn a_patients_disclosures_requests_and_holds_are_kept() {
    let demo = Demo::start();
    let patient = a_patient(&demo).await;
    let officer = demo.signed_in("compliance").await;
    let mut sweep = Sweep { browser: &officer, complaints: Vec::new() };
    officer.goto("/rights").await;
    officer.fill("Patient’s record id", &patient).await;
    officer.click("Open").await;
    officer.sees("To whom data went").await;
    officer.click("Write down a disclosure").await;
    officer.put("Day the data went", &today()).await;
    officer.fill("Who got them", "State registry").await;
    officer.fill("What data", "Name and date of birth").await;
    officer.fill("What for", "A report that the law asks for").await;
    sweep.look("disclosure form").await;
    officer.click("Write it down").await;
    officer.sees("State registry").await;
    officer.click("Write down a request").await;
    officer.put("Day it came", &today()).await;
    officer.fill("How it came", "By letter").await;
    sweep.look("patients rights").await;
    officer.click("Start the clock").await;
    officer.sees("60 days left").await;
    officer.click("Answer it").await;
    officer.fill("Title of whoever answers for it", "Privacy officer").await;
    sweep.look("request open").await;
    officer.click("Make the accounting").await;
    officer.sees("The copy to print").await;
    sweep.look("request answered").await;
    officer.goto("/retention").await;
    officer.fill("Patient’s record id", &patient).await;
    officer.fill("Why", "Case 7").await;
    officer.click("Place the hold").await;
    officer.sees("Placed on").await;
    sweep.look("retention").await;
    assert!(sweep.complaints.is_empty(), "{}", sweep.complaints.join("\n"));
    officer.finish().await;
}
