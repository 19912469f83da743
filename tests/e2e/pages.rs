//! Every page, for everyone who may see it, in every way of looking at it. What stands between the pages is in `access.rs`.

use std::collections::{BTreeMap, VecDeque};

use crate::support::access::file_name;
use crate::support::browser::Browser;
use crate::support::server::Demo;
use crate::support::walk::FOR_ANYONE;

/// Kinds of pages that one person can reach. Lower: a crawl that finds ever new pages stops sooner. Higher: room for more features.
const PAGES_MAX: usize = 60;

#[tokio::test]
async fn every_page_for_anyone_is_clean_however_it_is_looked_at() {
    all_clean("anyone", FOR_ANYONE).await;
}

#[tokio::test]
async fn every_page_of_the_front_desk_is_clean_however_it_is_looked_at() {
    all_clean("scheduler", &["/appointments", "/appointments?view=week", "/appointments/new", "/patients", "/patients/new"]).await;
}

#[tokio::test]
async fn every_page_of_a_clinician_is_clean_however_it_is_looked_at() {
    all_clean("clinician", &["/today", "/copies", "/emergency"]).await;
}

#[tokio::test]
async fn every_page_of_the_compliance_officer_is_clean_however_it_is_looked_at() {
    all_clean("compliance", &["/access-log", "/breach", "/incidents", "/rights", "/retention"]).await;
}

#[tokio::test]
async fn every_page_of_the_administrator_is_clean_however_it_is_looked_at() {
    all_clean("administrator", &["/staff"]).await;
}

/// `starts`: where the crawl starts, besides where signing in leads. What these link to is found by following.
async fn all_clean(who: &'static str, starts: &[&str]) {
    let demo = Demo::start();
    let browser = if who == "anyone" { demo.browser("anyone").await } else { demo.signed_in(who).await };
    let mut complaints = Vec::new();
    crawl(&browser, starts, &mut complaints).await;
    complaints.extend(browser.finish_with_troubles().await);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// Looks at one page of each kind: two addresses that differ only in an id or in what was asked for are of one kind.
async fn crawl(browser: &Browser, starts: &[&str], complaints: &mut Vec<String>) {
    let mut seen = BTreeMap::new();
    let mut ahead: VecDeque<String> = starts.iter().map(|path| (*path).to_owned()).collect();
    ahead.push_back(browser.address().await);
    while let Some(path) = ahead.pop_front() {
        if !path.starts_with('/') || is_download(&path) || is_for_anyone(browser, &path) || seen.contains_key(&kind_of(&path)) {
            continue;
        }
        browser.goto(&path).await;
        let there = browser.address().await;
        if there != path && (seen.contains_key(&kind_of(&there)) || is_for_anyone(browser, &there)) {
            continue;
        }
        let page = format!("{}{}", browser.name, kind_of(&path));
        complaints.extend(browser.sweep(&page, "en").await);
        browser.keep_html(&file_name(&page)).await;
        seen.insert(kind_of(&path), path);
        assert!(seen.len() <= PAGES_MAX, "{}: ever new pages: {seen:?}", browser.name);
        ahead.extend(browser.paths().await);
    }
}

/// The same for whoever is signed in, and looked at once.
fn is_for_anyone(browser: &Browser, path: &str) -> bool {
    browser.name != "anyone" && FOR_ANYONE.contains(&path)
}

fn is_download(path: &str) -> bool {
    path.starts_with("/access-log/export") || path.starts_with("/breach/export") || path.ends_with("/copy") || path.contains("/file?")
}

/// `/patients/{id}` for every patient; of a query only its names and its words, no day and no id.
fn kind_of(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path: Vec<_> = path.split('/').map(|part| if part.len() == 36 && part.contains('-') { "{id}" } else { part }).collect();
    let query: Vec<_> = query.split('&').filter(|pair| pair.ends_with("=week")).collect();
    if query.is_empty() { path.join("/") } else { format!("{}?{}", path.join("/"), query.join("&")) }
}
