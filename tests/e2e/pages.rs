//! Every page, for everyone who may see it, on a phone and on a desk.

use std::collections::{BTreeMap, VecDeque};

use crate::support::browser::{Browser, View};
use crate::support::clinic::{WAITING, chat_both_ways, see_each_other};
use crate::support::server::Demo;

/// Kinds of pages that one person can reach. Lower: a crawl that finds ever new pages stops sooner. Higher: room for more features.
const PAGES_MAX: usize = 60;

/// What is open to everybody.
pub const FOR_ANYONE: &[&str] = &["/sign-in", "/set-password", "/v", "/join", "/visit-over", "/privacy", "/encryption", "/help"];

/// Where the crawl starts for each, besides where signing in leads. What these link to is found by following.
const STARTS: &[(&str, &[&str])] = &[
    ("anyone", FOR_ANYONE),
    ("scheduler", &["/appointments", "/appointments?view=week", "/appointments/new", "/patients", "/patients/new"]),
    ("clinician", &["/today"]),
    ("compliance", &["/access-log"]),
    ("administrator", &["/staff"]),
];

#[tokio::test]
async fn every_page_is_clean_at_phone_and_desktop() {
    let demo = Demo::start();
    let mut complaints = Vec::new();
    for (who, starts) in STARTS {
        let browser = if *who == "anyone" { demo.browser("anyone").await } else { demo.signed_in(who).await };
        crawl(&browser, starts, &mut complaints).await;
        complaints.extend(browser.finish_with_troubles().await);
    }
    visit_pages(&demo, &mut complaints).await;
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// Looks at one page of each kind: two addresses that differ only in an id or in what was asked for are of one kind.
async fn crawl(browser: &Browser, starts: &[&str], complaints: &mut Vec<String>) {
    let mut seen = BTreeMap::new();
    let mut ahead: VecDeque<String> = starts.iter().map(|path| (*path).to_owned()).collect();
    ahead.push_back(browser.address().await);
    while let Some(path) = ahead.pop_front() {
        if !path.starts_with('/') || is_download(&path) || seen.contains_key(&kind_of(&path)) {
            continue;
        }
        browser.goto(&path).await;
        inspect(browser, &format!("{}{}", browser.name, kind_of(&path)), complaints).await;
        seen.insert(kind_of(&path), path);
        assert!(seen.len() <= PAGES_MAX, "{}: ever new pages: {seen:?}", browser.name);
        ahead.extend(browser.paths().await);
    }
}

fn is_download(path: &str) -> bool {
    path.starts_with("/access-log/export")
}

/// `/patients/{id}` for every patient; of a query only its names and its words, no day and no id.
fn kind_of(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path: Vec<_> = path.split('/').map(|part| if part.len() == 36 && part.contains('-') { "{id}" } else { part }).collect();
    let query: Vec<_> = query.split('&').filter(|pair| pair.ends_with("=week")).collect();
    if query.is_empty() { path.join("/") } else { format!("{}?{}", path.join("/"), query.join("&")) }
}

/// The pages of a visit have no links to them: they are lived through.
async fn visit_pages(demo: &Demo, complaints: &mut Vec<String>) {
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.goto(&demo.visit_now().link).await;
    patient.sees_button("Continue").await;
    inspect(&patient, "patient/v", complaints).await;
    patient.click("This is not for me").await;
    inspect(&patient, "patient/v not for me", complaints).await;
    patient.click("Back").await;
    patient.open_visit(demo.visit_now()).await;
    inspect(&patient, "patient/visits/{id} ready", complaints).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    inspect(&patient, "patient/visits/{id} waiting", complaints).await;
    clinician.sees_button("Admit").await;
    inspect(&clinician, "clinician/today waiting", complaints).await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    inspect(&clinician, "clinician/visits/{id}/call checking", complaints).await;
    inspect(&patient, "patient/visits/{id} checking", complaints).await;
    clinician.click("Known to me").await;
    chat_both_ways(&clinician, &patient).await;
    inspect(&patient, "patient/visits/{id} call", complaints).await;
    clinician.write_note("Seen and well.").await;
    inspect(&clinician, "clinician/visits/{id}/call in call", complaints).await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    inspect(&clinician, "clinician/visits/{id}/call over", complaints).await;
    inspect(&patient, "patient/visits/{id} over", complaints).await;
    complaints.extend(clinician.finish_with_troubles().await);
    complaints.extend(patient.finish_with_troubles().await);
}

async fn inspect(browser: &Browser, page: &str, complaints: &mut Vec<String>) {
    let file: String = page.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    for (view, name) in [(View::Phone, "phone"), (View::DesktopDark, "dark"), (View::Desktop, "desktop")] {
        browser.look_at(view).await;
        browser.shot(&format!("{file}-{name}")).await;
        complaints.extend(browser.complaints().await.into_iter().map(|complaint| format!("{page} ({name}): {complaint}")));
    }
    browser.keep_html(&file).await;
}
