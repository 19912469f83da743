//! A member of staff who does nothing for a while is asked first, and one press is enough (ACC-03, WCAG 2.2.1). When exactly the question
//! comes is in `tests/js/session_end.test.js`; that the server ends the session, in `tests/it/staff.rs`.

use std::time::Duration;

use crate::support::installed::Installed;

const PASSWORD: &str = "four quiet herons wading";
const QUESTION: &str = "Are you still there?";

/// The shortest that can be set: then the question comes after one minute.
const SETTINGS: &str = "\n[sessions]\nidle_minutes = 2\n";
const UNTIL_ASKED: Duration = Duration::from_secs(100);

#[tokio::test]
async fn whoever_does_nothing_is_asked_in_every_tab_and_one_key_is_the_answer() {
    let clinic = Installed::with_settings(SETTINGS);
    let administrator = clinic.browser("administrator").await;
    administrator.goto(&clinic.first_address).await;
    administrator.fill("New password", PASSWORD).await;
    administrator.fill("The same password again", PASSWORD).await;
    administrator.click("Set password").await;
    administrator.sees("Your password is set").await;
    administrator.come_in(&clinic.admin, PASSWORD).await;
    administrator.sees("Add an account").await;
    administrator.fill("Name", "Kim St").await;

    administrator.new_tab("/help").await;
    administrator.goto("/staff").await;
    administrator.wait_up_to(UNTIL_ASKED, "be asked", async || Ok(administrator.shows(QUESTION).await?.then_some(()))).await;
    administrator.shot("idle-second-tab").await;
    administrator.go_to_tab(0).await;
    administrator.sees(QUESTION).await;
    administrator.shot("idle-first-tab").await;
    assert_eq!(administrator.complaints().await, Vec::<String>::new());
    let seconds = seconds_left(&administrator.get("/session").await.body);
    assert!(seconds <= 60, "{seconds} s are left");

    // The keyboard is at the button already.
    administrator.press("\u{e007}").await;
    administrator.wait_for("go on", async || Ok((!administrator.shows(QUESTION).await?).then_some(()))).await;
    let seconds = seconds_left(&administrator.get("/session").await.body);
    assert!(seconds > 100, "{seconds} s are left");
    administrator.press("one").await;
    let typed: String = administrator.ask("valueOf", serde_json::json!(["Name"])).await.unwrap();
    assert_eq!(typed, "Kim Stone", "the keyboard is back in the field, and what was typed is there");
    administrator.go_to_tab(1).await;
    administrator.wait_for("go on here too", async || Ok((!administrator.shows(QUESTION).await?).then_some(()))).await;
    administrator.finish().await;
}

fn seconds_left(answer: &str) -> i64 {
    let answer: serde_json::Value = serde_json::from_str(answer).expect("the server says what is left");
    answer["seconds"].as_i64().expect("in seconds")
}
