//! Staff: who gets in, for how long, and what stays shut.

use crate::on_both;
use crate::support::{Browser, PASSWORD, TestApp};
use anteroom::audit::search::Direction;
use anteroom::audit::{self, Filter, Kind, Outcome};
use anteroom::ids::StaffId;
use anteroom::staff::{self, Role, Sight};
use anteroom::time::Millis;
use futures_util::future::join_all;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

const NOBODY: StaffId = StaffId(uuid::Uuid::nil());
const WRONG: &str = "eight lanterns over a quiet harbour";

fn location(answer: &Response) -> &str {
    answer.headers()["location"].to_str().unwrap()
}

/// A browser that nobody has signed in with, with the address of an account in it.
async fn signed_out(app: &TestApp, role: Role) -> Browser {
    let (id, email) = app.account(role).await;
    app.browser().of(id, &email)
}

/// True if an event of that kind and outcome is in the log, with that word for why.
async fn recorded(app: &TestApp, kind: Kind, outcome: Outcome, why: Option<&str>) -> bool {
    let mut tx = app.app.db.reading().await.unwrap();
    let filter = Filter { kind: Some(kind), outcome: Some(outcome), ..Filter::default() };
    let events = audit::search::in_time(&mut tx, &filter, Direction::Down, None, 10_000).await.unwrap();
    let payloads = events.iter().map(|event| serde_json::from_str::<Value>(&app.app.log.payload(event).unwrap()).unwrap());
    payloads.into_iter().any(|payload| payload["details"]["why"].as_str() == why)
}

async fn count(app: &TestApp, kind: Kind, outcome: Outcome) -> usize {
    let mut tx = app.app.db.reading().await.unwrap();
    let filter = Filter { kind: Some(kind), outcome: Some(outcome), ..Filter::default() };
    audit::search::in_time(&mut tx, &filter, Direction::Down, None, 10_000).await.unwrap().len()
}

on_both! {
    async fn each_role_signs_in_and_comes_to_its_own_page(app: TestApp) {
        for role in Role::ALL {
            let browser = app.staff(role).await;
            let home = browser.get("/").await;
            assert_eq!((home.status(), location(&home)), (StatusCode::SEE_OTHER, role.home()));
        }
        let nobody = app.browser().get("/").await;
        assert_eq!((nobody.status(), location(&nobody)), (StatusCode::SEE_OTHER, "/sign-in"));
        app.finish().await;
    }
}

on_both! {
    async fn a_wrong_password_and_an_unknown_address_get_the_same_answer(app: TestApp) {
        let mut known = signed_out(&app, Role::Scheduler).await;
        let wrong = known.sign_in(WRONG).await;
        assert!(recorded(&app, Kind::StaffSignedIn, Outcome::Refused, Some("password")).await);
        let email = std::mem::replace(&mut known.email, "nobody@clinic.example".to_owned());
        let unknown = known.sign_in(WRONG).await;
        assert!(recorded(&app, Kind::StaffSignedIn, Outcome::Refused, Some("unknown")).await);
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(unknown.status(), wrong.status());
        let (wrong, unknown) = (wrong.text().await.unwrap(), unknown.text().await.unwrap());
        assert!(wrong.contains("role=\"alert\""));
        assert_eq!(wrong.replace(&email, "X"), unknown.replace("nobody@clinic.example", "X"));
        assert!(!wrong.contains(WRONG), "a password is never sent back");
        app.finish().await;
    }
}

on_both! {
    async fn an_account_without_a_password_and_a_closed_one_get_the_same_answer_too(app: TestApp) {
        let closed = signed_out(&app, Role::Clinician).await;
        staff::disable(&app.app, &app.app.system(), closed.id).await.unwrap();
        assert_eq!(closed.sign_in(PASSWORD).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(recorded(&app, Kind::StaffSignedIn, Outcome::Refused, Some("disabled")).await);
        let (id, _) = staff::add_at_terminal(&app.app, Role::Clinician, "new@clinic.example", Some("Dr. New")).await.unwrap();
        let fresh = app.browser().of(id, "new@clinic.example");
        for guess in ["nobody's password", "", PASSWORD] {
            assert_eq!(fresh.sign_in(guess).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{guess}");
        }
        assert!(recorded(&app, Kind::StaffSignedIn, Outcome::Refused, Some("no_password")).await);
        app.finish().await;
    }
}

on_both! {
    async fn a_fresh_installation_has_no_account(app: TestApp) {
        for (email, password) in [("admin@localhost", "admin"), ("root@localhost", "root"), ("admin", "admin")] {
            let browser = app.browser().of(NOBODY, email);
            assert_eq!(browser.sign_in(password).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        }
        let mut tx = app.app.db.reading().await.unwrap();
        assert_eq!(staff::clinicians(&mut tx).await.unwrap(), []);
        drop(tx);
        app.finish().await;
    }
}

on_both! {
    async fn every_sign_in_makes_a_new_token_and_ends_the_one_before(app: TestApp) {
        let browser = app.staff(Role::Scheduler).await;
        let first = browser.session();
        assert_eq!(browser.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
        assert_ne!(browser.session(), first);
        assert_eq!(first.len(), 43, "256 bits in base64url");
        let old = app.browser().request(Method::GET, "/session").header("cookie", format!("staff={first}")).header("sec-fetch-mode", "cors");
        assert_eq!(old.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
        // A token that somebody else chose is never taken over.
        let planted = app.browser();
        let fields = [("email", browser.email.as_str()), ("password", PASSWORD)];
        let request = planted.request(Method::POST, "/sign-in").header("cookie", "staff=planted").header("origin", &app.base_url);
        assert_eq!(planted.send(request.form(&fields)).await.status(), StatusCode::SEE_OTHER);
        assert_ne!(planted.session(), "planted");
        app.finish().await;
    }
}

on_both! {
    async fn the_cookie_is_the_servers_alone(app: TestApp) {
        let browser = signed_out(&app, Role::Scheduler).await;
        let answer = browser.sign_in(PASSWORD).await;
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.starts_with("staff="), "{cookie}");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"), "{cookie}");
        let secure = anteroom::web::cookies::session(true, staff::COOKIE, "x").to_string();
        assert!(secure.starts_with("__Host-staff=x") && secure.contains("Secure"), "{secure}");
        app.finish().await;
    }
}

on_both! {
    async fn signing_out_ends_the_session_at_the_server(app: TestApp) {
        let browser = app.staff(Role::Scheduler).await;
        let token = browser.session();
        let answer = browser.form("/sign-out", &[]).await;
        assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, "/sign-in"));
        assert_eq!(browser.session(), "", "the browser forgets it");
        let kept = app.browser().request(Method::GET, "/").header("cookie", format!("staff={token}"));
        assert_eq!(location(&app.browser().send(kept).await), "/sign-in");
        assert!(recorded(&app, Kind::StaffSignedOut, Outcome::Success, None).await);
        app.finish().await;
    }
}

on_both! {
    async fn a_form_needs_the_token_of_its_own_session(app: TestApp) {
        let (browser, other) = (app.staff(Role::Administrator).await, app.staff(Role::Administrator).await);
        let post = |csrf: Option<String>| {
            let fields: Vec<(&str, String)> = csrf.into_iter().map(|csrf| ("csrf", csrf)).collect();
            browser.send(browser.request(Method::POST, "/sign-out").header("origin", &app.base_url).form(&fields))
        };
        assert_eq!(post(None).await.status(), StatusCode::FORBIDDEN);
        assert!(recorded(&app, Kind::RequestRefused, Outcome::Refused, Some("form_token")).await);
        assert_eq!(post(Some(other.csrf())).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(post(Some(browser.csrf())).await.status(), StatusCode::SEE_OTHER);
        app.finish().await;
    }
}

on_both! {
    async fn signing_in_needs_our_own_page(app: TestApp) {
        let browser = signed_out(&app, Role::Scheduler).await;
        let fields = [("email", browser.email.as_str()), ("password", PASSWORD)];
        let post = || browser.request(Method::POST, "/sign-in").form(&fields);
        for (request, status) in [
            (post(), StatusCode::FORBIDDEN),
            (post().header("origin", "https://elsewhere.example"), StatusCode::FORBIDDEN),
            (post().header("origin", "null"), StatusCode::FORBIDDEN),
            (post().header("origin", "null").header("sec-fetch-site", "cross-site"), StatusCode::FORBIDDEN),
            (post().header("origin", &app.base_url).header("sec-fetch-site", "same-site"), StatusCode::FORBIDDEN),
            // What a browser sends with a form of ours, whose page says `no-referrer`.
            (post().header("origin", "null").header("sec-fetch-site", "same-origin"), StatusCode::SEE_OTHER),
        ] {
            assert_eq!(browser.send(request).await.status(), status);
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_route_is_closed_to_every_other_role(app: TestApp) {
        for role in [Role::Scheduler, Role::Clinician, Role::Compliance] {
            let browser = app.staff(role).await;
            assert_eq!(browser.get("/staff").await.status(), StatusCode::FORBIDDEN, "{role}");
            assert!(recorded(&app, Kind::RequestRefused, Outcome::Refused, Some("role")).await);
            let path = format!("/staff/{}/disable", browser.id);
            assert_eq!(browser.form(&path, &[]).await.status(), StatusCode::FORBIDDEN, "{role}");
        }
        assert_eq!(app.staff(Role::Scheduler).await.get("/no-such-page").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(app.browser().get("/no-such-page").await.status(), StatusCode::NOT_FOUND);
        app.finish().await;
    }
}

on_both! {
    async fn a_session_ends_when_nothing_happens(app: TestApp) {
        let browser = app.staff(Role::Scheduler).await;
        app.clock.advance(Millis::seconds(14 * 60 + 59));
        assert_eq!(location(&browser.get("/").await), "/appointments", "14:59 after the last request");
        app.clock.advance(Millis::minutes(14));
        assert_eq!(browser.json_get("/session").await["seconds"], 60, "a page that asks by itself is no sign of life");
        app.clock.advance(Millis::seconds(61));
        assert_eq!(location(&browser.get("/").await), "/sign-in", "15:01 after it");
        assert!(recorded(&app, Kind::StaffSessionEnded, Outcome::Success, Some("idle")).await);
        app.finish().await;
    }
}

on_both! {
    async fn staying_signed_in_is_one_press(app: TestApp) {
        let browser = app.staff(Role::Administrator).await;
        assert!(browser.text("/staff").await.contains("data-seconds=\"900\""));
        app.clock.advance(Millis::minutes(14));
        let answer = browser.json("/session/touch", &json!({})).await;
        assert_eq!(answer.json::<Value>().await.unwrap()["seconds"], 900);
        app.clock.advance(Millis::minutes(14));
        assert_eq!(browser.get("/staff").await.status(), StatusCode::OK);
        app.finish().await;
    }
}

/// Go on working, from `from` to `until` minutes after sign-in.
async fn work(app: &TestApp, browser: &Browser, minutes: i64) {
    for _ in 0..minutes / 10 {
        app.clock.advance(Millis::minutes(10));
        assert_eq!(location(&browser.get("/").await), "/today");
    }
}

on_both! {
    async fn a_session_ends_after_twelve_hours_of_work(app: TestApp) {
        let browser = app.staff(Role::Clinician).await;
        work(&app, &browser, 11 * 60 + 50).await;
        app.clock.advance(Millis::minutes(9));
        assert_eq!(location(&browser.get("/").await), "/today", "11:59");
        app.clock.advance(Millis::minutes(2));
        assert_eq!(location(&browser.get("/").await), "/sign-in", "12:01");
        assert!(recorded(&app, Kind::StaffSessionEnded, Outcome::Success, Some("absolute")).await);
        app.finish().await;
    }
}

/// A visit of `clinician` in that state, straight into the database: what books and admits lies above this feature.
async fn visit(app: &TestApp, clinician: StaffId, state: &str, ended_at: Option<i64>) {
    let statements = [
        "delete from visit",
        "delete from patient",
        "delete from patient_key",
        "insert into patient_key (patient_id, kid, wrapped, check_value, created_at) values ($1, 1, $2, $2, 1)",
        "insert into patient (id, version, created_at, zone, language, name, date_of_birth, name_index, date_of_birth_check, mail_allowed, reminders_allowed,
                              contact_choices_at)
         values ($1, 1, 1, 'UTC', 'en', $2, $2, $2, $2, 0, 0, 1)",
        "insert into visit (id, patient_id, clinician_id, starts_at, ends_at, state, version, created_at, created_by, request_key,
                            reason_version, check_failures, message_version, call_epoch, patient_epoch, clinician_epoch, ended_at)
         values ($1, $1, $3, 1, 2, $4, 1, 1, $3, $2, 0, 0, 0, 1, 0, 0, $5)",
    ];
    let (id, bytes) = (uuid::Uuid::from_u128(1), vec![1_u8]);
    for statement in statements {
        let count = ["$1", "$2", "$3", "$4", "$5"].iter().filter(|place| statement.contains(**place)).count();
        macro_rules! run {
            ($pool:expr) => {{
                let query = sqlx::query(statement);
                let query = if count > 0 { query.bind(id).bind(&bytes) } else { query };
                let query = if count > 2 { query.bind(clinician).bind(state).bind(ended_at) } else { query };
                query.execute($pool).await.map(drop)
            }};
        }
        match &app.app.db {
            anteroom::db::Db::Sqlite { write, .. } => run!(write),
            anteroom::db::Db::Postgres { write, .. } => run!(write),
        }
        .unwrap();
    }
}

on_both! {
    async fn a_call_postpones_the_absolute_end_until_it_is_over(app: TestApp) {
        let (browser, other) = (app.staff(Role::Clinician).await, app.staff(Role::Clinician).await);
        visit(&app, browser.id, "in_call", None).await;
        work(&app, &browser, 12 * 60 + 30).await;
        assert_eq!(location(&other.get("/").await), "/sign-in", "somebody else's call does not count");
        let ended_at = app.app.now().0;
        visit(&app, browser.id, "ended", Some(ended_at)).await;
        app.clock.advance(Millis::seconds(4 * 60 + 59));
        assert_eq!(location(&browser.get("/").await), "/today", "time to finish the note");
        app.clock.advance(Millis::seconds(2));
        assert_eq!(location(&browser.get("/").await), "/sign-in");
        app.finish().await;
    }
}

on_both! {
    async fn no_call_carries_a_session_past_a_day(app: TestApp) {
        let browser = app.staff(Role::Clinician).await;
        visit(&app, browser.id, "checking", None).await;
        work(&app, &browser, 23 * 60 + 50).await;
        app.clock.advance(Millis::minutes(11));
        assert_eq!(location(&browser.get("/").await), "/sign-in");
        app.finish().await;
    }
}

on_both! {
    async fn a_socket_of_a_call_keeps_the_session_and_any_other_only_looks(app: TestApp) {
        let browser = app.staff(Role::Clinician).await;
        let session = staff::resume(&app.app, &browser.session(), Sight::Look).await.unwrap().unwrap().id;
        let stands = async |minutes: i64, sight: Sight| {
            app.clock.advance(Millis::minutes(minutes));
            staff::resume_id(&app.app, session, sight).await.unwrap().is_some()
        };
        assert!(stands(14, Sight::Touch).await);
        assert!(stands(14, Sight::Touch).await);
        assert!(stands(14, Sight::Look).await);
        assert!(!stands(2, Sight::Look).await);
        assert!(!stands(0, Sight::Touch).await, "an ended session stays ended");
        app.finish().await;
    }
}

on_both! {
    async fn signing_in_again_in_place_is_for_the_same_person(app: TestApp) {
        let (browser, other) = (app.staff(Role::Clinician).await, app.staff(Role::Clinician).await);
        app.clock.advance(Millis::minutes(16));
        assert_eq!(browser.json("/session/touch", &json!({})).await.status(), StatusCode::UNAUTHORIZED);
        let again = |email: &str, password: &str| json!({ "email": email, "password": password });
        let wrong = browser.json("/sign-in/again", &again(&browser.email, WRONG)).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let stranger = browser.json("/sign-in/again", &again(&other.email, PASSWORD)).await;
        assert_eq!(stranger.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(stranger.text().await.unwrap(), wrong.text().await.unwrap());
        assert!(recorded(&app, Kind::StaffSignedIn, Outcome::Refused, Some("another_person")).await);
        let right: Value = browser.json("/sign-in/again", &again(&browser.email, PASSWORD)).await.json().await.unwrap();
        assert_eq!(right, json!({ "ok": true, "csrf": browser.csrf() }));
        assert_eq!(browser.json("/session/touch", &json!({})).await.status(), StatusCode::OK);
        let nobody = app.browser().json("/sign-in/again", &again(&browser.email, PASSWORD)).await;
        assert_eq!(nobody.status(), StatusCode::UNPROCESSABLE_ENTITY, "without a session there is nobody to be again");
        app.finish().await;
    }
}

on_both! {
    async fn sixteen_guesses_side_by_side_are_ten(app: TestApp) {
        let browser = signed_out(&app, Role::Clinician).await;
        let answers = join_all((0..16).map(|_| browser.sign_in(WRONG))).await;
        let refused = answers.iter().filter(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS).count();
        let tried = answers.iter().filter(|answer| answer.status() == StatusCode::UNPROCESSABLE_ENTITY).count();
        assert_eq!((tried, refused), (10, 6));
        let right = browser.sign_in(PASSWORD).await;
        assert_eq!((right.status(), &right.headers()["retry-after"]), (StatusCode::TOO_MANY_REQUESTS, &"120".parse().unwrap()));
        app.clock.advance(Millis::seconds(61));
        assert_eq!(browser.sign_in(WRONG).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "one more try after a minute");
        app.clock.advance(Millis::seconds(61));
        assert_eq!(browser.sign_in(PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS, "the next one after two");
        app.clock.advance(Millis::seconds(60));
        assert_eq!(browser.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(browser.sign_in(WRONG).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "a success forgets the failures");
        app.finish().await;
    }
}

on_both! {
    async fn a_hundred_failures_in_a_day_lock_until_somebody_opens(app: TestApp) {
        let (victim, administrator) = (signed_out(&app, Role::Clinician).await, app.staff(Role::Administrator).await);
        let mut failures = 0;
        while failures < 100 {
            match victim.sign_in("short").await.status() {
                StatusCode::UNPROCESSABLE_ENTITY => failures += 1,
                // Past the delays of account and place, but within the day.
                _ => app.clock.advance(Millis::minutes(3)),
            }
            assert!(app.app.now().0 < crate::support::NOW.0 + Millis::days(1).0, "within a day");
        }
        assert_eq!(count(&app, Kind::StaffLocked, Outcome::Success).await, 1);
        app.clock.advance(Millis::days(30));
        assert_eq!(victim.sign_in(PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS, "waiting does not help");
        let administrator = { administrator.sign_in(PASSWORD).await; administrator };
        assert!(administrator.text("/staff").await.contains("locked after too many tries"));
        let opened = administrator.form(&format!("/staff/{}/unlock", victim.id), &[]).await;
        assert_eq!(opened.status(), StatusCode::SEE_OTHER);
        assert_eq!(victim.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
        app.finish().await;
    }
}

on_both! {
    async fn one_place_may_fail_fifty_times_an_hour(app: TestApp) {
        let mut browser = app.browser();
        for n in 0..50 {
            browser.email = format!("guess{n}@clinic.example");
            assert_eq!(browser.sign_in("short").await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{n}");
        }
        let right = signed_out(&app, Role::Scheduler).await;
        assert_eq!(right.sign_in(PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
        app.clock.advance(Millis::minutes(61));
        assert_eq!(right.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
        app.finish().await;
    }
}

/// What stands behind `#` in a one-time address.
fn code(link: &str) -> &str {
    link.split_once('#').unwrap().1
}

on_both! {
    async fn a_one_time_address_sets_one_password(app: TestApp) {
        let (id, link) = staff::add_at_terminal(&app.app, Role::Clinician, "Vega@Clinic.example", Some("Dr. Vega")).await.unwrap();
        let link = link.reveal();
        assert!(link.starts_with(&format!("{}/set-password#", app.base_url)));
        let passwords: Vec<String> = (0..16).map(|n| format!("lantern harbour number {n}")).collect();
        let browsers: Vec<Browser> = passwords.iter().map(|_| app.browser()).collect();
        let answers = join_all(browsers.iter().zip(&passwords).map(|(browser, password)| async move {
            browser.form("/set-password", &[("code", code(link)), ("password", password), ("again", password)]).await
        }))
        .await;
        let winners: Vec<usize> = (0..16).filter(|n| answers[*n].status() == StatusCode::SEE_OTHER).collect();
        assert_eq!(winners.len(), 1, "one of sixteen sets it");
        assert!(answers.iter().all(|answer| [StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status())));
        let vega = app.browser().of(id, "vega@clinic.example");
        assert_eq!(vega.sign_in(&passwords[winners[0]]).await.status(), StatusCode::SEE_OTHER);
        app.finish().await;
    }
}

on_both! {
    async fn a_new_password_ends_all_sessions_and_opens_a_locked_account(app: TestApp) {
        let browser = app.staff(Role::Clinician).await;
        let guesser = app.browser().of(browser.id, &browser.email);
        for _ in 0..11 {
            guesser.sign_in("short").await;
        }
        let link = staff::password_link(&app.app, &app.app.system(), browser.id).await.unwrap();
        let new = "seven boats and one quiet bell";
        let fields = [("code", code(link.reveal())), ("password", new), ("again", new)];
        let set = app.browser().form("/set-password", &fields).await;
        assert_eq!((set.status(), location(&set)), (StatusCode::SEE_OTHER, "/sign-in?set"));
        assert_eq!(location(&browser.get("/").await), "/sign-in", "the old session is over");
        assert_eq!(browser.sign_in(PASSWORD).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "so is the old password");
        assert_eq!(browser.sign_in(new).await.status(), StatusCode::SEE_OTHER, "and the delay");
        app.finish().await;
    }
}

on_both! {
    async fn a_one_time_address_ends_with_its_time_and_with_the_next_one(app: TestApp) {
        let (id, first) = staff::add_at_terminal(&app.app, Role::Clinician, "new@clinic.example", None).await.unwrap();
        let set = async |link: &str, password: &str, again: &str| {
            let fields = [("code", code(link)), ("password", password), ("again", again)];
            app.browser().form("/set-password", &fields).await
        };
        app.clock.advance(Millis::hours(71));
        let weak = set(first.reveal(), "anteroom2026", "anteroom2026").await;
        assert_eq!(weak.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(weak.text().await.unwrap().contains(code(first.reveal())), "a weak password does not use up the code");
        assert_eq!(set(first.reveal(), PASSWORD, WRONG).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "typed differently");
        let second = staff::password_link(&app.app, &app.app.system(), id).await.unwrap();
        assert_eq!(set(first.reveal(), PASSWORD, PASSWORD).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "replaced");
        assert_eq!(set(second.reveal(), PASSWORD, PASSWORD).await.status(), StatusCode::SEE_OTHER);
        let third = staff::password_link(&app.app, &app.app.system(), id).await.unwrap();
        app.clock.advance(Millis::hours(24));
        assert_eq!(set(third.reveal(), PASSWORD, PASSWORD).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "too old");
        assert!(recorded(&app, Kind::StaffPasswordSet, Outcome::Refused, Some("code")).await);
        app.finish().await;
    }
}

on_both! {
    async fn an_administrator_adds_closes_and_opens_accounts(app: TestApp) {
        let administrator = app.staff(Role::Administrator).await;
        let add = |email: &'static str, name: &'static str| {
            let fields = [("email", email), ("name", name), ("role", "clinician"), ("zone", "America/Denver")];
            let administrator = &administrator;
            async move { administrator.form("/staff", &fields).await }
        };
        let added = add("vega@clinic.example", "Dr. Vega").await;
        assert_eq!(added.status(), StatusCode::OK);
        assert!(added.text().await.unwrap().contains("/set-password#"), "the address is shown once");
        let taken = add("VEGA@clinic.example", "Dr. <Other>").await;
        assert_eq!(taken.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(taken.text().await.unwrap().contains("Dr. &#60;Other&#62;"), "what was typed is kept, as text");
        assert_eq!(add("vega", "Dr. Vega").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let list = administrator.text("/staff").await;
        assert!(list.contains("has no password yet") && !list.contains("/set-password#"));
        assert!(recorded(&app, Kind::StaffListed, Outcome::Success, None).await);

        let clinician = app.staff(Role::Clinician).await;
        let list = administrator.text("/staff").await;
        let asks = list.split_once(&format!("/staff/{}/disable", clinician.id)).unwrap().0.rsplit_once("<summary>").unwrap().1;
        assert!(asks.contains("is signed out at once and cannot sign in any more"), "closing an account is not one press: {asks}");
        let act = |verb: &str| administrator.press(format!("/staff/{}/{verb}", clinician.id));
        assert_eq!(act("sessions/end").await.status(), StatusCode::SEE_OTHER);
        assert_eq!(location(&clinician.get("/").await), "/sign-in");
        assert_eq!(clinician.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(act("disable").await.status(), StatusCode::SEE_OTHER);
        assert_eq!(location(&clinician.get("/").await), "/sign-in");
        assert_eq!(clinician.sign_in(PASSWORD).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(act("password-link").await.status(), StatusCode::NOT_FOUND, "no address for a closed account");
        assert_eq!(act("enable").await.status(), StatusCode::SEE_OTHER);
        assert_eq!(clinician.sign_in(PASSWORD).await.status(), StatusCode::SEE_OTHER);

        let themself = administrator.form(&format!("/staff/{}/disable", administrator.id), &[]).await;
        assert_eq!(themself.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let nobody = administrator.form(&format!("/staff/{}/disable", uuid::Uuid::nil()), &[]).await;
        assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
        app.finish().await;
    }
}

on_both! {
    async fn the_database_holds_no_token_that_works(app: TestApp) {
        let browser = app.staff(Role::Clinician).await;
        let link = staff::password_link(&app.app, &app.app.system(), browser.id).await.unwrap();
        let secrets = [browser.session(), code(link.reveal()).to_owned(), PASSWORD.to_owned()];
        let dump = app.dump().await;
        assert!(String::from_utf8_lossy(&dump).contains(&browser.email), "the dump holds what is not secret");
        for secret in secrets {
            for form in [secret.clone(), hex::encode(&secret)] {
                assert!(!dump.windows(form.len()).any(|bytes| bytes == form.as_bytes()), "{secret} is in the database");
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn every_answer_carries_the_headers(app: TestApp) {
        let browser = app.staff(Role::Administrator).await;
        let paths = ["/", "/sign-in", "/set-password", "/staff", "/privacy", "/encryption", "/help", "/third-person", "/no-such-page", "/session"];
        for path in paths {
            let answer = browser.get(path).await;
            let header = |name: &str| answer.headers().get(name).unwrap_or_else(|| panic!("{name} on {path}")).to_str().unwrap();
            assert!(header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
            assert_eq!(header("referrer-policy"), "no-referrer");
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!(header("cache-control"), "no-store", "{path}");
        }
        let refused = app.browser().request(Method::POST, "/sign-in").send().await.unwrap();
        assert!(refused.headers().contains_key("content-security-policy"));
        app.finish().await;
    }
}

on_both! {
    async fn a_page_loads_nothing_from_elsewhere(app: TestApp) {
        let browser = app.staff(Role::Administrator).await;
        for path in ["/staff", "/set-password", "/privacy", "/encryption", "/help"] {
            let page = browser.text(path).await;
            for attribute in ["src=\"", "href=\"", "action=\""] {
                for value in page.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                    assert!(value.starts_with('/') || value.starts_with('#') || value.starts_with("tel:"), "{value} on {path}");
                }
            }
            assert!(!page.contains("style=") && !page.contains("<style") && !page.contains("onclick"), "nothing inline on {path}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn the_encryption_page_is_short_and_claims_no_certificate(app: TestApp) {
        let page = app.browser().text("/encryption").await;
        let main = page.split("<main").nth(1).unwrap().split_once('>').unwrap().1.split("</main>").next().unwrap();
        let words: String = main.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<Vec<_>>().join(" ");
        let count = words.split_whitespace().count();
        assert!((100..=250).contains(&count), "{count} words");
        assert!(!page.to_lowercase().contains("hipaa"));
        app.finish().await;
    }
}

#[test]
fn staff_add_prints_an_address_that_sets_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let keys = at("root.key");
    anteroom::crypto::RootKey::generate(&anteroom::crypto::Rng::system()).write_new(&keys).unwrap();
    std::fs::create_dir(at("data")).unwrap();
    let config = format!(
        "base_url = \"https://visits.clinic.example\"\nlisten = [\"127.0.0.1:1\"]\ndata_dir = {:?}\nroot_key_file = {:?}\n[clinic]\nname = \"Riverside\"\nzone = \"America/New_York\"\nphone = \"555 0100\"\n",
        at("data"),
        keys
    );
    std::fs::write(at("anteroom.toml"), config).unwrap();
    let run = |email: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_anteroom"))
            .args(["staff", "add", "--role", "administrator", "--email", email, "--name", "Alex Administrator", "--config"])
            .arg(at("anteroom.toml"))
            .output()
            .unwrap()
    };
    let printed = String::from_utf8(run("alex@clinic.example").stdout).unwrap();
    let address = printed.lines().last().unwrap();
    assert!(address.starts_with("https://visits.clinic.example/set-password#") && address.len() == 86, "{printed}");
    let twice = run("alex@clinic.example");
    assert!(!twice.status.success() && String::from_utf8_lossy(&twice.stderr).contains("an account with this address"));
    assert!(!run("not an address").status.success());
}
