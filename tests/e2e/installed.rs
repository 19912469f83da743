//! A clinic of one's own, from an empty folder to a visit over HTTPS.

use anteroom::time::{Clock, SystemClock};

use crate::support::browser::{Browser, View};
use crate::support::clinic::{WAITING, see_each_other};
use crate::support::installed::Installed;

/// Typed by everyone here when they set a password.
const PASSWORD: &str = "four quiet herons wading";

#[tokio::test]
async fn the_commands_in_the_readme_lead_to_a_visit_over_https() {
    let clinic = Installed::by_the_readme();
    let (desk, clinician) = staff(&clinic).await;
    let visit = desk.book_for_new_patient_at(SystemClock.now().utc(), "en", &clinic.mail_dir).await;
    assert!(visit.link.starts_with(&clinic.base_url), "{}", visit.link);
    desk.finish().await;

    let patient = clinic.browser("patient").await;
    patient.look_at(View::Phone).await;
    patient.open_visit(&visit).await;
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    clinician.admit().await;
    see_each_other(&clinician, &patient).await;
    clinician.click("Confirmed").await;
    clinician.write_note("Seen and well.").await;
    clinician.end_visit().await;
    patient.visit_is_over().await;
    clinician.finish().await;
    patient.finish().await;
}

/// Those who work at a new clinic, signed in: the front desk and a clinician.
pub async fn staff(clinic: &Installed) -> (Browser, Browser) {
    let administrator = clinic.browser("administrator").await;
    set_password(&administrator, &clinic.first_address).await;
    administrator.come_in(&clinic.admin, PASSWORD).await;
    let (desk, clinician) = (clinic.browser("scheduler").await, clinic.browser("clinician").await);
    for (browser, name, role) in [(&desk, "Kim Stone", "scheduler"), (&clinician, "Dr. Ana Ruiz", "clinician")] {
        let email = format!("{role}@clinic.example");
        let address = account(&administrator, name, &email, role).await;
        set_password(browser, &address).await;
        browser.come_in(&email, PASSWORD).await;
    }
    administrator.finish().await;
    (desk, clinician)
}

async fn set_password(browser: &Browser, address: &str) {
    browser.goto(address).await;
    browser.fill("New password", PASSWORD).await;
    browser.fill("The same password again", PASSWORD).await;
    browser.click("Set password").await;
    browser.sees("Your password is set").await;
}

/// A new account. The address at which its owner sets a password.
async fn account(administrator: &Browser, name: &str, email: &str, role: &str) -> String {
    administrator.goto("/staff").await;
    administrator.fill("Name", name).await;
    administrator.fill("Email", email).await;
    administrator.put("Role", role).await;
    administrator.click("Add account").await;
    administrator.sees("It is shown only now").await;
    administrator.ask("textOf", serde_json::json!([".code"])).await.unwrap()
}
