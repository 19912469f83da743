//! What stands between a mail and its reader opens links, runs pages and presses buttons, long before the patient does (LNK-03,
//! LNK-04, AB-02). None of it counts.

use crate::on_both;
use crate::support::guest::BORN;
use crate::support::{Browser, TestApp};
use anteroom::time::Millis;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ROUNDS: usize = 100;

/// What they say they are. Some say that they are a browser.
const AGENTS: [&str; 10] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) BingPreview/1.0b",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "BarracudaCentral/1.0 (Link Protection)",
    "Mimecast-URL-Protect/2.0",
    "Proofpoint URL Defense",
    "Symantec Email Security.cloud Click-time",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "python-requests/2.32",
];

/// The link pages and everything that they load, as a scanner finds it in what it was given.
async fn found(browser: &Browser) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = ["/v", "/join"].map(str::to_owned).into();
    let mut unread: Vec<String> = found.iter().cloned().collect();
    while let Some(path) = unread.pop() {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        for address in addresses(&path, &answer.text().await.unwrap()) {
            if found.insert(address.clone()) {
                unread.push(address);
            }
        }
    }
    found
}

/// What a page or a script of ours loads or leads to.
fn addresses(of: &str, text: &str) -> Vec<String> {
    let folder = of.rsplit_once('/').unwrap().0;
    let quoted =
        ["src=\"", "href=\"", "from \""].into_iter().flat_map(|mark| text.split(mark).skip(1)).filter_map(|after| after.split('"').next());
    quoted.filter_map(|address| resolved(folder, address)).collect()
}

fn resolved(folder: &str, address: &str) -> Option<String> {
    if address.starts_with('/') {
        return Some(address.to_owned());
    }
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in address.strip_prefix('.')?.split('/') {
        match part {
            "." => _ = parts.pop(),
            "" => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

async fn asks(browser: &Browser, method: &Method, path: &str, agent: &str) {
    let answer = browser.send(browser.request(method.clone(), path).header("user-agent", agent)).await;
    assert!(answer.headers().get("set-cookie").is_none(), "{method} {path}");
    assert!(*method == Method::OPTIONS || answer.status() == StatusCode::OK, "{method} {path}: {}", answer.status());
}

on_both! {
    async fn a_hundred_scanners_that_read_everything_change_nothing_and_then_the_patient_gets_in(app: TestApp) {
        let guest = app.guest_at(app.app.now() + Millis::days(1), true).await;
        let (link, scanner) = (app.invitation().await, app.browser());
        let pages = found(&scanner).await;
        assert!(pages.iter().any(|page| page.ends_with("/links/link.js")) && pages.iter().any(|page| page.ends_with("/lib/send.js")), "{pages:?}");
        let before = app.contents().await;
        for round in 0..ROUNDS {
            for method in [Method::HEAD, Method::GET, Method::OPTIONS] {
                for path in &pages {
                    asks(&scanner, &method, path, AGENTS[round % AGENTS.len()]).await;
                }
            }
        }
        assert_eq!(app.contents().await.difference(&before), Vec::<&str>::new(), "a day before the visit");
        app.clock.set(guest.starts_at);
        opens_at_the_first_try(&app, &link.token).await;
        app.finish().await;
    }
}

on_both! {
    async fn what_a_scanner_posts_without_a_value_changes_nothing_and_then_the_patient_gets_in(app: TestApp) {
        let _guest = app.guest().await;
        let (link, scanner) = (app.invitation().await, app.browser());
        let before = app.contents().await;
        for _ in 0..ROUNDS {
            for path in ["/v/redemption", "/v/device-move"] {
                for body in [json!({ "token": link.token }), json!({ "token": link.token, "check": "" }), json!({ "token": link.token, "check": "Continue" })] {
                    assert_eq!(scanner.json(path, &body).await.status(), StatusCode::BAD_REQUEST, "{path} {body}");
                }
            }
            for path in ["/join", "/v/device-move"] {
                let answer = scanner.form(path, &[("code", &link.code), ("check", "")]).await;
                assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            }
        }
        assert_eq!(app.contents().await.difference(&before), Vec::<&str>::new());
        opens_at_the_first_try(&app, &link.token).await;
        app.finish().await;
    }
}

on_both! {
    async fn a_scanner_that_asks_for_links_again_and_again_leaves_the_patients_link_alone(app: TestApp) {
        let _guest = app.guest().await;
        let (link, scanner) = (app.invitation().await, app.browser());
        for _ in 0..ROUNDS {
            assert_eq!(scanner.json("/v/links", &json!({ "token": link.token })).await.status(), StatusCode::OK);
        }
        assert_eq!(app.number("select count(*) from visit_link").await, 2, "one more was sent");
        assert_eq!(app.number("select count(*) from visit_link where voided_at is not null").await, 0);
        opens_at_the_first_try(&app, &link.token).await;
        app.send_mails().await;
        app.finish().await;
    }
}

/// No try was counted against the patient, who is in with the first.
async fn opens_at_the_first_try(app: &TestApp, token: &str) {
    for kind in ["link.redeemed", "link.checked"] {
        assert_eq!(app.events(kind).await, Vec::<Value>::new(), "{kind}");
    }
    assert_eq!(app.number("select check_failures + coalesce(check_locked_until, 0) from visit").await, 0);
    let answer = app.browser().json("/v/redemption", &json!({ "token": token, "check": BORN })).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["result"], "open");
    assert_eq!(app.events("link.redeemed").await.len(), 1);
}
