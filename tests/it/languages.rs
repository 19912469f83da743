//! Patients are served in their language, by whatever says it: their record, their browser, or a button (ACC-08).

use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, PASSWORD};
use crate::support::desk::{booking, key, led_to, patient_form, with};
use crate::support::guest::read_invitation;
use crate::support::mime::Letter;
use anteroom::staff::Role;
use anteroom::text::{LANGUAGES, Text};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

/// What people who are nobody yet can open.
const PAGES: [&str; 10] =
    ["/about", "/v", "/join", "/sign-in", "/visit-over", "/privacy", "/encryption", "/help", "/third-person", "/v/device-move"];

/// The page as a browser with that wish gets it.
async fn wished(browser: &Browser, path: &str, languages: &str) -> Response {
    browser.send(browser.request(Method::GET, path).header("accept-language", languages)).await
}

async fn choose(browser: &Browser, language: &str, to: &str) -> Response {
    browser.form("/language", &[("language", language), ("to", to)]).await
}

/// The page says its language to the reader, to their browser, and to whoever stores pages.
async fn is_in(answer: Response, language: &str) -> String {
    let (url, headers) = (answer.url().clone(), answer.headers().clone());
    let page = answer.text().await.unwrap();
    assert!(page.contains(&format!("<html lang=\"{language}\" dir=\"ltr\">")), "{url}: {}", &page[..200]);
    assert_eq!(headers["content-language"], language, "{url}");
    let vary: Vec<_> = headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(["accept-language", "cookie"].iter().all(|header| vary.contains(header)), "{url}: {vary:?}");
    page
}

on_both! {
    async fn a_whole_visit_in_spanish(app: TestApp) {
        let (desk, clinician) = (app.staff(Role::Scheduler).await, app.staff(Role::Clinician).await);
        let (added, booked) = (key(), key());
        let form = with(patient_form("María González", "maria@example.test", &added), &[("language", "es"), ("date_of_birth", "1948-04-03")]);
        let patient = led_to(&desk.form("/patients", &form).await);
        let visit = led_to(&desk.form("/appointments", &booking(&patient, &clinician.id.to_string(), "2026-11-23", "11:30", &booked)).await);

        let mail = app.next_mail().await;
        let letter = Letter::read(&mail);
        assert!(letter.text.contains("Su cita es el lunes 23 de noviembre de 2026, 11:30 a.\u{a0}m., hora de Nueva York"), "{}", letter.text);
        assert!(letter.html.contains("<html lang=\"es\" dir=\"ltr\">") && letter.html.contains("Abrir su cita"));
        assert!(letter.calendar.as_ref().unwrap().1.contains("SUMMARY:Cita"));
        let link = read_invitation(&letter.text).token;

        // Before it is known whose visit it is, the browser's language counts.
        let device = app.browser();
        let page = is_in(wished(&device, "/v", "es-MX,es;q=0.9,en;q=0.8").await, "es").await;
        assert!(page.contains("Fecha de nacimiento") && page.contains("14/03/1948"), "the hint is in the order of the language");
        let redeem = async |check: &str| {
            let wish = json!({ "token": link, "check": check });
            let request = device.request(Method::POST, "/v/redemption").header("origin", &app.base_url);
            device.send(request.header("accept-language", "es").json(&wish)).await
        };
        assert_eq!(redeem("04/03/1948").await.status(), StatusCode::UNPROCESSABLE_ENTITY, "that is the fourth of March");
        let early = redeem("03/04/1948").await.json::<serde_json::Value>().await.unwrap();
        assert_eq!((&early["reason"], &early["lang"]), (&json!("too_early"), &json!("es")));
        assert!(early["text"].as_str().unwrap().contains("lunes 23 de noviembre de 2026, 11:00 a.\u{a0}m., hora de Nueva York"), "{early}");
        app.clock.advance(anteroom::time::Millis::minutes(40));
        assert_eq!(redeem("3/4/1948").await.json::<serde_json::Value>().await.unwrap()["result"], "open");

        // From here on it is the patient's own, whatever the browser asks for.
        let path = format!("/visits/{visit}");
        let page = is_in(wished(&device, &path, "en").await, "es").await;
        assert!(page.contains("Entrar a la consulta") && page.contains("11:30 a.\u{a0}m.") && page.contains("Al entrar, usted acepta"));
        let version = page.split_once("data-consent=\"").unwrap().1.split('"').next().unwrap().to_owned();
        assert_eq!(device.post(&format!("{path}/arrival"), &[("consent", &version)]).await.status(), StatusCode::OK);
        let consent = &app.events("consent.recorded").await[0]["details"];
        assert_eq!((&consent["version"], &consent["language"]), (&json!(2), &json!("es")), "what was read is on record");
        assert!(is_in(wished(&device, &path, "en").await, "es").await.contains("Está en la sala de espera"));

        clinician.sign_in(PASSWORD).await;
        assert_eq!(clinician.form(&format!("{path}/admission"), &[]).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(clinician.form(&format!("{path}/identity"), &[("answer", "known")]).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(clinician.form(&format!("{path}/end"), &[]).await.status(), StatusCode::SEE_OTHER);
        let away = wished(&device, &path, "en").await.headers()["location"].to_str().unwrap().to_owned();
        assert!(is_in(wished(&device, &away, "en").await, "es").await.contains("La consulta terminó"));
        assert!(is_in(wished(&device, &path, "es").await, "es").await.contains("Esta consulta no está abierta en este navegador"));
        app.finish().await;
    }
}

on_both! {
    async fn what_a_page_says_to_nobody_yet_is_in_the_browsers_language(app: TestApp) {
        let browser = app.browser();
        for path in PAGES {
            is_in(wished(&browser, path, "es-419,es;q=0.9").await, "es").await;
            is_in(wished(&browser, path, "en-US,en;q=0.9,es;q=0.8").await, "en").await;
            is_in(wished(&browser, path, "fr").await, "en").await;
        }
        let lost = wished(&browser, "/nowhere", "es").await;
        assert_eq!(lost.status(), StatusCode::NOT_FOUND);
        assert!(is_in(lost, "es").await.contains("No encontramos esa página"));
        let request = browser.request(Method::POST, "/join").header("origin", &app.base_url).header("accept-language", "es");
        let wrong = browser.send(request.form(&[("code", "AAAAA-AAAAA"), ("check", "99/99/1948")])).await;
        assert!(is_in(wrong, "es").await.contains("No pudimos leer eso."));
        let foreign = browser.send(browser.request(Method::POST, "/join").header("accept-language", "es")).await;
        assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
        is_in(foreign, "es").await;
        app.finish().await;
    }
}

on_both! {
    async fn a_language_is_chosen_on_the_page_and_kept_without_an_identifier(app: TestApp) {
        let browser = app.browser();
        let page = browser.text("/join").await;
        for language in LANGUAGES {
            assert!(page.contains(&format!("name=\"language\" value=\"{language}\" lang=\"{language}\"")), "{language} is not offered");
        }
        let chosen = choose(&browser, "es", "/join").await;
        assert_eq!((chosen.status(), &chosen.headers()["location"]), (StatusCode::SEE_OTHER, &"/join".parse().unwrap()));
        assert_eq!(chosen.headers()["set-cookie"], "language=es; HttpOnly; SameSite=Lax; Path=/", "it says a language, and ends with the browser");
        for path in PAGES {
            is_in(wished(&browser, path, "en").await, "es").await;
        }
        choose(&browser, "en", "/help").await;
        is_in(wished(&browser, "/help", "es").await, "en").await;
        for (language, to) in [("xx", "/join"), ("en", "//evil"), ("en", "https://evil.example/"), ("", "")] {
            assert_eq!(choose(&browser, language, to).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{language} {to}");
        }
        app.finish().await;
    }
}

on_both! {
    async fn free_help_with_language_is_offered_in_every_language_on_the_way_in(app: TestApp) {
        let help = LANGUAGES.map(|code| Text::of(code).say("common-language-help"));
        let scene = app.scene(anteroom::appointments::VisitState::Booked).await;
        let letter = Letter::read(&app.next_mail().await);
        for (line, code) in help.iter().zip(LANGUAGES) {
            assert!(letter.text.replace('\n', " ").contains(&format!("{line} 555 0100.")), "{line} in {}", letter.text);
            assert!(letter.html.contains(&format!("<p lang=\"{code}\">{line} <a class=\"phone\"")), "{line} in {}", letter.html);
        }
        scene.redeem(&scene.patient, &read_invitation(&letter.text).token).await;
        for path in ["/v", "/join", "/v/device-move", &scene.page()] {
            for language in LANGUAGES {
                let page = wished(&scene.patient, path, language).await.text().await.unwrap();
                assert!(help.iter().all(|line| page.contains(line)), "{path} in {language}");
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn a_choice_counts_more_than_the_record_and_changes_nothing_there(app: TestApp) {
        let scene = app.scene(anteroom::appointments::VisitState::Redeemed).await;
        is_in(wished(&scene.patient, &scene.page(), "es").await, "en").await;
        let back = choose(&scene.patient, "es", &scene.page()).await;
        assert_eq!(back.headers()["location"], scene.page());
        is_in(scene.patient.get(&scene.page()).await, "es").await;
        assert_eq!(app.word("select language from patient").await, "en", "who holds a link changes no record");
        scene.arrive().await;
        app.finish().await;
    }
}

on_both! {
    async fn the_pages_of_staff_stay_english_with_a_choice_in_the_same_browser(app: TestApp) {
        let desk = app.staff(Role::Scheduler).await;
        choose(&desk, "es", "/help").await;
        for path in ["/appointments", "/patients", "/patients/new", "/set-password"] {
            is_in(wished(&desk, path, "es").await, "en").await;
        }
        is_in(wished(&desk, "/patients/0193e0a4-0000-7000-8000-000000000000", "es").await, "en").await;
        let form = desk.text("/patients/new").await;
        assert!(form.contains("<option value=\"en\" selected>English</option>") && form.contains("<option value=\"es\">Spanish (español)</option>"));
        let (good, bad) = (key(), key());
        let patient = led_to(&desk.form("/patients", &with(patient_form("Ana", "ana@example.test", &good), &[("language", "es")])).await);
        assert!(desk.text(&format!("/patients/{patient}")).await.contains("<option value=\"es\" selected>"));
        let unknown = desk.form("/patients", &with(patient_form("Eva", "eva@example.test", &bad), &[("language", "en-XA")])).await;
        assert!(unknown.text().await.unwrap().contains("Choose a language of the list."));
        app.finish().await;
    }
}
