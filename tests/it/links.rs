//! Visit links from outside: what opens them, what does not, and what each answer tells.

use crate::support::desk::{booking, key};
use crate::support::guest::{BORN, read_invitation, slot};
use crate::support::statements::Statements;
use crate::support::{Browser, TestApp};
use crate::{on_both, on_db};
use anteroom::config::CheckPolicy;
use anteroom::crypto::sha256;
use anteroom::db::{Db, Tx};
use anteroom::ids::VisitId;
use anteroom::staff::Role;
use anteroom::time::Millis;
use anteroom::{appointments, waiting_room};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const WRONG: &str = "03/15/1948";

async fn redeem(browser: &Browser, token: &str, check: &str) -> (StatusCode, Value) {
    let answer = browser.json("/v/redemption", &json!({ "token": token, "check": check })).await;
    (answer.status(), answer.json().await.unwrap())
}

async fn join(browser: &Browser, code: &str, check: &str) -> StatusCode {
    browser.form("/join", &[("code", code), ("check", check)]).await.status()
}

async fn ask_new_link(browser: &Browser, token: &str) -> (StatusCode, String) {
    let answer = browser.json("/v/links", &json!({ "token": token })).await;
    (answer.status(), answer.text().await.unwrap())
}

fn opened(visit: VisitId) -> (StatusCode, Value) {
    (StatusCode::OK, json!({ "result": "open", "to": format!("/visits/{visit}") }))
}

fn no() -> (StatusCode, Value) {
    (StatusCode::UNPROCESSABLE_ENTITY, json!({ "result": "no" }))
}

/// The word of the reason that a right value hears.
async fn reason(browser: &Browser, token: &str) -> String {
    let (status, answer) = redeem(browser, token, BORN).await;
    assert_eq!((status, &answer["result"]), (StatusCode::OK, &json!("reason")), "{answer}");
    answer["reason"].as_str().unwrap().to_owned()
}

on_both! {
    async fn link_pages_keep_nothing_and_tell_nobody(app: TestApp) {
        let browser = app.browser();
        for path in ["/v", "/join"] {
            let answer = browser.get(path).await;
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!((header("referrer-policy"), header("cache-control")), ("no-referrer".into(), "no-store".into()));
            let page = answer.text().await.unwrap();
            assert!(!page.contains("://"), "no address of another host: {page}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_post_without_a_typed_value_opens_nothing_and_costs_no_try(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let browser = app.browser();
        let bodies = [json!({}), json!({ "token": link.token }), json!({ "token": link.token, "check": "" }),
            json!({ "token": link.token, "check": "yes" }), json!({ "check": BORN }), json!([]), json!({ "token": link.token, "check": 1 })];
        for body in bodies.iter().cycle().take(30) {
            let answer = browser.json("/v/redemption", body).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
            assert_eq!(answer.text().await.unwrap(), r#"{"result":"unreadable"}"#);
        }
        assert_eq!(join(&browser, &link.code, "").await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(join(&browser, "short", BORN).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(app.events("link.checked").await.len(), 0);
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        app.finish().await;
    }
}

/// How many visits are opened by a crowd.
const ROUNDS: usize = 25;

on_both! {
    async fn of_64_devices_at_once_one_opens_the_visit_each_time(app: TestApp) {
        let browsers: Vec<Browser> = (0..64).map(|_| app.browser()).collect();
        for round in 0..ROUNDS {
            let (guest, link) = app.guest_with_link().await;
            let gate = closed_gate(&app, guest.visit).await;
            let tries = join_all(browsers.iter().map(|browser| redeem(browser, &link.token, BORN)));
            let release = async {
                tokio::time::sleep(Duration::from_millis(if round == 0 { 700 } else { 50 })).await;
                drop(gate);
            };
            let (answers, ()) = tokio::join!(tries, release);
            let winners = answers.iter().filter(|answer| **answer == opened(guest.visit)).count();
            let elsewhere = answers.iter().filter(|(_, answer)| answer["reason"] == "elsewhere").count();
            assert_eq!((winners, elsewhere), (1, 63), "round {round}: {answers:?}");
        }
        assert_eq!(app.events("link.redeemed").await.len(), ROUNDS);
        app.finish().await;
    }
}

/// A transaction that holds what every redemption of this visit must change.
async fn closed_gate(app: &TestApp, visit: VisitId) -> Tx {
    let mut gate = app.app.db.begin().await.unwrap();
    if let Tx::Postgres(transaction) = &mut gate {
        sqlx::query("update visit set version = version where id = $1").bind(visit).execute(&mut **transaction).await.unwrap();
    }
    gate
}

on_both! {
    async fn of_64_wrong_values_at_once_five_count_and_lock(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let gate = closed_gate(&app, guest.visit).await;
        let browsers: Vec<Browser> = (0..16).map(|_| app.browser()).collect();
        let tries = join_all(browsers.iter().map(|browser| redeem(browser, &link.token, WRONG)));
        let release = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            drop(gate);
        };
        let (answers, ()) = tokio::join!(tries, release);
        assert!(answers.iter().all(|answer| *answer == no()));
        let whys = whys(&app).await;
        assert_eq!(whys.iter().filter(|why| *why == "wrong").count(), 5);
        assert_eq!(whys.iter().filter(|why| *why == "locked").count(), 11);
        app.finish().await;
    }
}

/// Why each check was refused.
async fn whys(app: &TestApp) -> Vec<String> {
    let checks = app.events("link.checked").await;
    checks.iter().filter_map(|check| check["details"]["why"].as_str().map(str::to_owned)).collect()
}

/// Everything of an answer that an outsider sees, without the time of day.
async fn seen(browser: &Browser, token: &str, check: &str) -> (StatusCode, Vec<(String, Vec<u8>)>, Vec<u8>) {
    let answer = browser.json("/v/redemption", &json!({ "token": token, "check": check })).await;
    let mut headers: Vec<(String, Vec<u8>)> = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    headers.sort();
    (answer.status(), headers, answer.bytes().await.unwrap().to_vec())
}

on_both! {
    async fn unknown_wrong_and_locked_are_one_answer(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let browser = app.browser();
        let wrong = seen(&browser, &link.token, WRONG).await;
        assert_eq!(wrong.2, br#"{"result":"no"}"#);
        let foreign = "A".repeat(67);
        for (token, check) in [(foreign.as_str(), BORN), ("x", BORN), (link.token.as_str(), "123456")] {
            assert_eq!(seen(&browser, token, check).await, wrong, "{token} {check}");
        }
        // In every other state too: before, after, cancelled, and locked with the right value.
        app.clock.set(guest.starts_at - Millis::days(1));
        assert_eq!(seen(&browser, &link.token, WRONG).await, wrong);
        app.clock.set(guest.starts_at + Millis::days(1));
        assert_eq!(seen(&browser, &link.token, WRONG).await, wrong);
        app.clock.set(guest.starts_at);
        assert_eq!(seen(&browser, &link.token, WRONG).await, wrong);
        assert_eq!(seen(&browser, &link.token, BORN).await, wrong, "locked by the fifth");
        app.finish().await;
    }
}

on_both! {
    /// One timing class, by structure (LNK-08): whoever measures how long a "no" takes measures the same statements, on the
    /// same connections, in the same order, ending with one commit. What differs, none of it a statement: rows that are found
    /// or not, the bytes of a sealed payload (some tens more or less), and, after the commit of a fifth wrong value, a hint to
    /// open pages, which is a push into a channel.
    async fn unknown_wrong_and_locked_run_the_same_statements(app: TestApp) {
        if app.has_a_process_of_its_own(module_path!()) {
            let statements = Statements::listen();
            let (_guest, link) = app.guest_with_link().await;
            let browser = app.browser();
            let mut of = Vec::new();
            statements.take();
            let foreign = anteroom::crypto::token::seal_link(&app.app.keys, &app.base_url, &anteroom::crypto::token::link_secret(&app.app.rng), &app.app.rng);
            for token in ["x", foreign.reveal()] {
                assert_eq!(redeem(&browser, token, BORN).await, no());
                of.push(("unknown", statements.take()));
            }
            // A visit's five tries: a wrong date, a code where there is none, and the one that locks.
            for check in [WRONG, "123456", WRONG, WRONG, WRONG] {
                assert_eq!(redeem(&browser, &link.token, check).await, no());
                of.push(("wrong", statements.take()));
            }
            for check in [WRONG, "123456", BORN] {
                assert_eq!(redeem(&browser, &link.token, check).await, no());
                of.push(("locked", statements.take()));
            }
            assert_eq!(join(&browser, "0123456789", BORN).await, StatusCode::UNPROCESSABLE_ENTITY);
            of.push(("unknown code", statements.take()));
            assert_eq!(join(&browser, &link.code, WRONG).await, StatusCode::UNPROCESSABLE_ENTITY);
            of.push(("locked code", statements.take()));
            assert!(of[0].1.len() > 5, "the statements were heard: {of:?}");
            // A code is sealed under no key.
            let (keys, by_code) = of[0].1.split_first().unwrap();
            assert!(keys.contains("from wrapped_key"), "{keys}");
            for (what, statements) in &of {
                assert_eq!(statements.as_slice(), if what.ends_with("code") { by_code } else { &of[0].1 }, "{what}");
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn five_wrong_values_lock_all_links_and_codes_of_a_visit_for_15_minutes(app: TestApp) {
        let (guest, first) = app.guest_with_link().await;
        let browser = app.browser();
        for _ in 0..2 {
            assert_eq!(redeem(&browser, &first.token, WRONG).await, no());
        }
        assert_eq!(ask_new_link(&browser, &first.token).await.0, StatusCode::OK);
        let second = app.invitation().await;
        assert_eq!(redeem(&browser, &second.token, WRONG).await, no());
        assert_eq!(join(&browser, &second.code, WRONG).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(join(&browser, &first.code, WRONG).await, StatusCode::UNPROCESSABLE_ENTITY, "the fifth, with a voided code");
        assert_eq!(redeem(&browser, &second.token, BORN).await, no(), "the right value, while locked");
        assert_eq!(join(&browser, &second.code, BORN).await, StatusCode::UNPROCESSABLE_ENTITY);
        let checks = app.events("link.checked").await;
        assert_eq!(checks[4]["details"]["locked_until"], json!(app.app.now().0 + 15 * 60_000), "the front desk can see it");

        app.clock.advance(Millis::minutes(15));
        assert_eq!(redeem(&browser, &second.token, BORN).await, opened(guest.visit));
        app.finish().await;
    }
}

on_both! {
    async fn a_right_value_forgets_the_wrong_ones_before_it(app: TestApp) {
        let guest = app.guest_at(app.app.now() + Millis::days(1), true).await;
        let (link, browser) = (app.invitation().await, app.browser());
        for _ in 0..4 {
            for _ in 0..4 {
                assert_eq!(redeem(&browser, &link.token, WRONG).await, no());
            }
            assert_eq!(reason(&browser, &link.token).await, "too_early");
        }
        app.clock.set(guest.starts_at);
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        app.finish().await;
    }
}

on_both! {
    async fn a_new_link_from_staff_ends_a_lock_at_once(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let (outsider, patient) = (app.browser(), app.browser());
        for _ in 0..6 {
            assert_eq!(redeem(&outsider, &link.token, WRONG).await, no());
        }
        let new = app.new_link(&guest).await;
        assert_eq!(app.events("link.unlocked").await.len(), 1);
        assert_eq!(redeem(&patient, &new.token, BORN).await, opened(guest.visit));
        app.finish().await;
    }
}

on_both! {
    async fn a_source_of_many_wrong_values_is_answered_late_and_never_refused(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let browser = app.browser();
        for _ in 0..20 {
            assert_eq!(redeem(&browser, &"A".repeat(67), WRONG).await, no());
        }
        let began = Instant::now();
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        assert!(began.elapsed() >= Duration::from_secs(2));
        app.clock.advance(Millis::hours(1));
        let began = Instant::now();
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        assert!(began.elapsed() < Duration::from_secs(2), "an hour later it is forgotten");
        app.finish().await;
    }
}

on_both! {
    async fn a_link_opens_from_30_minutes_before_until_an_hour_after(app: TestApp) {
        let guest = app.guest_at(app.app.now() + Millis::days(1), true).await;
        let (link, browser) = (app.invitation().await, app.browser());
        let opens_at = guest.starts_at - Millis::minutes(30);
        app.clock.set(opens_at - Millis(1));
        let (_, answer) = redeem(&browser, &link.token, BORN).await;
        assert_eq!(answer["reason"], "too_early");
        assert!(answer["text"].as_str().unwrap().contains("9:00 AM Chicago time (GMT-6)"), "{answer}");
        let ends_at = guest.starts_at + Millis::minutes(30);
        app.clock.set(ends_at + Millis::minutes(60));
        assert_eq!(reason(&browser, &link.token).await, "over");
        let joined = browser.form("/join", &[("code", &link.code), ("check", BORN)]).await.text().await.unwrap();
        assert!(joined.contains("This visit is over") && !joined.contains("Send a new link"), "a new link would open nothing");
        app.clock.set(ends_at + Millis::minutes(60) - Millis(1));
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        app.finish().await;
    }
}

on_both! {
    async fn a_moved_or_cancelled_visit_says_so_after_the_right_value_only(app: TestApp) {
        let (guest, first) = app.guest_with_link().await;
        let browser = app.browser();
        let later = guest.starts_at + Millis::minutes(20);
        appointments::move_to(&app.app, &guest.desk, guest.visit, guest.starts_at, slot(later)).await.unwrap();
        let second = app.invitation().await;
        assert_eq!(redeem(&browser, &first.token, WRONG).await, no());
        assert_eq!(reason(&browser, &first.token).await, "moved");
        appointments::cancel(&app.app, &guest.desk, guest.visit, later).await.unwrap();
        assert_eq!(redeem(&browser, &second.token, WRONG).await, no());
        assert_eq!(reason(&browser, &second.token).await, "cancelled");
        assert_eq!(reason(&browser, &first.token).await, "cancelled");
        app.finish().await;
    }
}

on_both! {
    async fn the_device_that_opened_a_visit_resumes_and_another_hears_where_it_is(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let (phone, laptop) = (app.browser(), app.browser());
        assert_eq!(redeem(&phone, &link.token, BORN).await, opened(guest.visit));
        assert_eq!(redeem(&phone, &link.token, WRONG).await, no(), "the check is asked of this device too");
        assert_eq!(redeem(&phone, &link.token, BORN).await, opened(guest.visit));
        assert_eq!(join(&phone, &link.code, BORN).await, StatusCode::SEE_OTHER);
        assert_eq!(reason(&laptop, &link.token).await, "elsewhere");
        assert_eq!(app.events("link.resumed").await.len(), 2);

        let new = app.new_link(&guest).await;
        assert_eq!(reason(&laptop, &new.token).await, "elsewhere", "a new link ends no session");
        let page = format!("/visits/{}", guest.visit);
        assert_eq!(phone.get(&page).await.status(), StatusCode::OK);
        assert_eq!(laptop.get(&page).await.status(), StatusCode::NOT_FOUND);
        app.finish().await;
    }
}

on_both! {
    async fn after_the_clinician_sent_a_device_out_only_a_new_link_opens(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let phone = app.browser();
        assert_eq!(redeem(&phone, &link.token, BORN).await, opened(guest.visit));
        waiting_room::remove(&app.app, &guest.desk, guest.clinician, guest.visit).await.unwrap();
        let page = format!("/visits/{}", guest.visit);
        assert_eq!(phone.get(&page).await.status(), StatusCode::GONE);
        assert_eq!(reason(&phone, &link.token).await, "used");
        let new = app.new_link(&guest).await;
        assert_eq!(redeem(&phone, &new.token, BORN).await, opened(guest.visit));
        app.finish().await;
    }
}

on_both! {
    async fn two_visits_live_in_one_browser_and_neither_opens_another(app: TestApp) {
        let (first, first_link) = app.guest_with_link().await;
        let (second, second_link) = app.guest_with_link().await;
        let (third, _) = app.guest_with_link().await;
        let browser = app.browser();
        assert_eq!(redeem(&browser, &first_link.token, BORN).await, opened(first.visit));
        assert_eq!(redeem(&browser, &second_link.token, BORN).await, opened(second.visit));
        for (visit, status) in [(first.visit, StatusCode::OK), (second.visit, StatusCode::OK), (third.visit, StatusCode::NOT_FOUND)] {
            assert_eq!(browser.get(&format!("/visits/{visit}")).await.status(), status);
        }
        let name = anteroom::links::cookie_name(first.visit);
        assert_eq!(name, format!("v-{}", &hex::encode(sha256(first.visit.0.as_bytes()))[..12]));
        app.finish().await;
    }
}

on_both! {
    async fn a_device_session_ends_an_hour_after_the_planned_end_unless_the_visit_goes_on(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let (browser, page) = (app.browser(), format!("/visits/{}", guest.visit));
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        let over = guest.starts_at + Millis::minutes(90);
        app.clock.set(over - Millis(1));
        assert_eq!(browser.get(&page).await.status(), StatusCode::OK);
        app.clock.set(over);
        assert_eq!(browser.get(&page).await.status(), StatusCode::NOT_FOUND);
        on_db!(app, pool => sqlx::query("update visit set state = 'waiting' where id = $1").bind(guest.visit).execute(pool).await.map(drop)).unwrap();
        app.clock.advance(Millis::hours(9));
        assert_eq!(browser.get(&page).await.status(), StatusCode::OK, "waiting never ends by itself");
        app.finish().await;
    }
}

on_both! {
    async fn a_foreign_page_cannot_post_here(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let browser = app.browser();
        let body = json!({ "token": link.token, "check": BORN });
        for path in ["/v/redemption", "/v/links", "/join"] {
            for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("x-none", "")] {
                let answer = browser.send(browser.request(Method::POST, path).header(name, value).json(&body)).await;
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {value}");
            }
            let cross = browser.request(Method::POST, path).header("origin", &app.base_url).header("sec-fetch-site", "cross-site");
            assert_eq!(browser.send(cross.json(&body)).await.status(), StatusCode::FORBIDDEN);
        }
        assert_eq!(app.state_of(guest.visit).await, "sent");
        app.finish().await;
    }
}

on_both! {
    async fn a_new_link_goes_out_once_in_5_minutes_and_three_times_a_day_and_the_answer_is_always_the_same(app: TestApp) {
        let guest = app.guest_at(app.app.now() + Millis::days(2), true).await;
        let (mut link, browser) = (app.invitation().await, app.browser());
        let answer = ask_new_link(&browser, &"A".repeat(67)).await;
        assert_eq!(answer.0, StatusCode::OK);
        let mut sent = 0;
        for minute in 0..30 {
            assert_eq!(ask_new_link(&browser, &link.token).await, answer);
            if app.send_mails().await == 1 {
                sent += 1;
                assert!(minute % 5 == 0, "minute {minute}");
            }
            app.clock.advance(Millis::minutes(1));
        }
        assert_eq!(sent, 3);
        app.clock.advance(Millis::days(1));
        ask_new_link(&browser, &link.token).await;
        link = app.invitation().await;
        app.clock.set(guest.starts_at);
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        app.finish().await;
    }
}

on_both! {
    async fn at_join_what_was_typed_stays_and_a_new_link_can_be_asked_for(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let browser = app.browser();
        let typed = link.code.to_lowercase();
        let answer = browser.form("/join", &[("code", &typed), ("check", WRONG)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text().await.unwrap();
        assert!(page.contains(&format!("value=\"{typed}\"")) && !page.contains(WRONG), "{page}");
        let asked = browser.form("/v/links", &[("code", &typed), ("check", "")]).await;
        assert_eq!(asked.status(), StatusCode::OK);
        assert!(asked.text().await.unwrap().contains("a new link is on its way"));
        let new = app.invitation().await;
        let answer = browser.form("/join", &[("code", &new.code), ("check", "1948-03-14")]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()["location"], format!("/visits/{}", guest.visit).as_str());
        app.finish().await;
    }
}

/// The six digits that a page shows to the front desk.
async fn code_shown(answer: reqwest::Response) -> String {
    assert_eq!(answer.status(), StatusCode::OK);
    let page = answer.text().await.unwrap();
    let (_, after) = page.split_once("class=\"code large\">").unwrap_or_else(|| panic!("no code on {page}"));
    let code: String = after.split('<').next().unwrap().split(' ').collect();
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    code
}

/// Another code than this one.
fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

on_both! {
    async fn a_visit_code_that_the_front_desk_makes_is_asked_for_instead_of_the_date(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let (desk, browser) = (app.staff(Role::Scheduler).await, app.browser());
        let page = format!("/appointments/{}", guest.visit);
        assert!(desk.text(&page).await.contains("types their date of birth"));
        let first = code_shown(desk.press(format!("{page}/code")).await).await;
        let code = code_shown(desk.press(format!("{page}/code")).await).await;
        assert!(!desk.text(&page).await.contains(&format!("{} {}", &code[..3], &code[3..])), "it is shown once");
        assert_eq!(redeem(&browser, &link.token, BORN).await, no());
        assert_eq!(redeem(&browser, &link.token, &other_than(&code)).await, no());
        if first != code {
            assert_eq!(redeem(&browser, &link.token, &first).await, no(), "a new code ends the old one");
        }

        desk.press(format!("{page}/date-of-birth")).await;
        assert_eq!(redeem(&browser, &link.token, &code).await, no());
        let last = code_shown(desk.press(format!("{page}/code")).await).await;
        assert_eq!(redeem(&browser, &link.token, &format!(" {} {} ", &last[..3], &last[3..])).await, opened(guest.visit));
        assert_eq!(app.events("link.code_made").await.len(), 3);
        assert_eq!(app.events("link.code_dropped").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn where_the_clinic_asks_for_codes_booking_makes_one_and_shows_it_once(app: TestApp) {
        let mut app = app;
        app.restart_with(|config| config.links.check = CheckPolicy::VisitCode).await;
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient("Carla Codewell").await;
        let (patient, clinician, key) = (patient.to_string(), clinician.id.to_string(), key());
        let form = booking(&patient, &clinician, "2026-11-23", "10:40", &key);
        let code = code_shown(desk.form("/appointments", &form).await).await;
        let again = desk.form("/appointments", &form).await;
        assert_eq!(again.status(), StatusCode::SEE_OTHER, "the same form again is the same visit, and shows nothing");
        let page = again.headers()["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
        let visit: VisitId = page.rsplit('/').next().unwrap().parse().unwrap();

        let mail = app.next_mail().await;
        let mails = app.mails().concat();
        let dump = app.dump().await;
        for hidden in [code.clone(), format!("{} {}", &code[..3], &code[3..])] {
            assert!(!mails.contains(&hidden), "no mail has it");
            // Six digits stand in a database by chance, inside ids and numbers, so they are looked for where text could be.
            assert!(!dump.windows(8).any(|part| &part[1..7] == hidden.as_bytes() && !part[0].is_ascii_hexdigit() && !part[7].is_ascii_hexdigit()), "the database does not");
        }

        // A moved visit keeps its code.
        let was = app.number("select starts_at from visit").await.to_string();
        let to = [("was", was.as_str()), ("date", "2026-11-23"), ("time", "10:45"), ("minutes", "30")];
        assert_eq!(desk.form(&format!("{page}/move"), &to).await.status(), StatusCode::SEE_OTHER);
        let (old, new) = (read_invitation(&mail), app.invitation().await);
        let browser = app.browser();
        assert!(browser.text("/v").await.contains("Visit code"));
        assert_eq!(redeem(&browser, &old.token, "03/14/1948").await, no(), "the date of birth opens nothing");
        assert_eq!(desk.press(format!("{page}/date-of-birth")).await.status(), StatusCode::FORBIDDEN, "nor can it be made to");
        assert_eq!(redeem(&browser, &new.token, &other_than(&code)).await, no());
        assert_eq!(redeem(&browser, &new.token, &code).await, opened(visit));
        assert_eq!(app.events("link.code_made").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn a_visit_that_is_booked_with_a_code_asks_for_it_and_another_does_not(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let patient = app.mailed_patient("Carla Codewell").await.to_string();
        assert!(desk.text(&format!("/appointments/new?patient={patient}")).await.contains("A visit code that you tell them"));
        let (clinician, first, second) = (clinician.id.to_string(), key(), key());
        let mut form = booking(&patient, &clinician, "2026-11-23", "10:40", &first);
        form.push(("check", "visit_code"));
        let code = code_shown(desk.form("/appointments", &form).await).await;
        let strong = app.invitation().await;
        let mut form = booking(&patient, &clinician, "2026-11-23", "11:20", &second);
        form.push(("check", "date_of_birth"));
        assert_eq!(desk.form("/appointments", &form).await.status(), StatusCode::SEE_OTHER);
        app.invitation().await;

        let browser = app.browser();
        assert_eq!(redeem(&browser, &strong.token, BORN).await, no(), "a date that others may know");
        assert_eq!(redeem(&browser, &strong.token, &code).await.0, StatusCode::OK);
        assert_eq!(app.events("link.code_made").await.len(), 1, "the other asks for the date of birth");
        app.finish().await;
    }
}

on_both! {
    async fn a_thief_of_the_database_finds_no_link_code_or_session(app: TestApp) {
        let (guest, link) = app.guest_with_link().await;
        let waiting = app.guest().await;
        let browser = app.browser();
        assert_eq!(redeem(&browser, &link.token, BORN).await, opened(guest.visit));
        assert_eq!(app.state_of(waiting.visit).await, "booked", "its mail is still in the outbox");
        if let Db::Sqlite { write, .. } = &app.app.db {
            sqlx::query("pragma wal_checkpoint(truncate)").execute(write).await.unwrap();
        }
        let dump = app.dump().await;
        let secret = anteroom::crypto::token::open_link(&app.app.keys, &app.base_url, &link.token).unwrap();
        let code = link.code.replace('-', "");
        let session = browser.session();
        let hexed = hex::encode(secret.reveal());
        for hidden in [link.token.as_bytes(), secret.reveal(), hexed.as_bytes(), code.as_bytes(), session.as_bytes(), b"guest@example.test"] {
            assert!(!dump.windows(hidden.len()).any(|part| part == hidden), "{}", String::from_utf8_lossy(hidden));
        }
        app.finish().await;
    }
}
