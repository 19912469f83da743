//! What the front desk does, and what comes of it by mail.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::browser::Window;
use super::server::{Demo, Visit};

impl Window {
    /// Makes room in the clinician's day: the visit that is now is called off.
    pub async fn cancel_first_visit(&self) {
        self.goto("/appointments").await;
        let first =
            self.paths().await.into_iter().find(|path| path.starts_with("/appointments/") && path.len() == "/appointments/".len() + 36);
        self.cancel(&first.expect("a visit stands on today's list")).await;
    }

    pub async fn cancel_visit(&self, id: &str) {
        self.cancel(&format!("/appointments/{id}")).await;
    }

    async fn cancel(&self, page: &str) {
        self.goto(page).await;
        self.click("Cancel this visit").await;
        self.click("Yes, cancel the visit").await;
        self.sees("The visit was cancelled.").await;
    }

    /// A new patient, a visit five minutes after the one that is now, and the mail that comes of it.
    pub async fn book_for_new_patient(&self, demo: &Demo) -> Visit {
        self.book_for_new_patient_in("en", demo).await
    }

    /// The same for a patient of that language.
    pub async fn book_for_new_patient_in(&self, language: &str, demo: &Demo) -> Visit {
        let now = DateTime::parse_from_rfc3339(&demo.visit_now().starts_at).expect("`starts_at` is a time");
        self.book_for_new_patient_at(now.to_utc() + TimeDelta::minutes(5), language, &demo.told.mail_dir).await
    }

    /// A new patient, a visit of ten minutes, and the mail that comes of it.
    pub async fn book_for_new_patient_at(&self, starts_at: DateTime<Utc>, language: &str, mail_dir: &Path) -> Visit {
        self.book_for(("Nora Quist", ""), starts_at, language, mail_dir).await
    }

    /// The same for a patient of that name, who comes for that reason.
    pub async fn book_for(&self, (name, reason): (&str, &str), starts_at: DateTime<Utc>, language: &str, mail_dir: &Path) -> Visit {
        let (email, born) = ("nora@patients.example", "1975-05-06");
        self.goto("/patients/new").await;
        self.fill("Full name", name).await;
        self.fill("Date of birth", born).await;
        self.fill("Email address", email).await;
        self.fill("Email address again", email).await;
        self.fill("Phone", "555 0199").await;
        self.put("Language", language).await;
        for choice in ["Mail allowed", "Date and time of visits may stand in mails"] {
            self.tick(choice).await;
        }
        self.click("Add a patient").await;
        self.sees("The patient was added.").await;
        let book = self.paths().await.into_iter().find(|path| path.starts_with("/appointments/new?patient="));
        self.goto(&book.expect("a patient's page leads to booking")).await;

        let at_clinic = starts_at.with_timezone(&chrono_tz::America::New_York);
        self.put("Date", &at_clinic.format("%Y-%m-%d").to_string()).await;
        self.put("Start", &at_clinic.format("%H:%M").to_string()).await;
        self.fill("Length", "10").await;
        if !reason.is_empty() {
            self.fill("Reason for the visit", reason).await;
        }
        let before = mails(mail_dir);
        self.click("Book this visit").await;
        self.sees("The visit is booked.").await;

        let link = self.wait_for("find the mail with the link", async || Ok(link_to(email, mail_dir, &before))).await;
        Visit { link, date_of_birth: born.to_owned(), starts_at: starts_at.to_rfc3339() }
    }

    async fn tick(&self, choice: &str) {
        self.wait_for(&format!("tick \"{choice}\""), async || {
            let Some(element) = self.find("field", choice, "").await? else { return Ok(None) };
            if !element.is_selected().await? {
                element.click().await?;
            }
            Ok(Some(()))
        })
        .await;
    }

    /// A day, a time, one of several. The order in which its parts are typed depends on the browser's language, so the value is set whole.
    pub async fn put(&self, field: &str, value: &str) {
        self.wait_for(&format!("put {value} into \"{field}\""), async || {
            let done: bool = self.ask("put", json!([field, value])).await?;
            Ok(done.then_some(()))
        })
        .await;
    }
}

fn mails(folder: &Path) -> BTreeSet<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("the mail folder can be read").path()).collect()
}

/// The link in a new mail to that address.
fn link_to(email: &str, folder: &Path, before: &BTreeSet<PathBuf>) -> Option<String> {
    let new = mails(folder).into_iter().filter(|mail| !before.contains(mail));
    let texts = new.filter_map(|mail| std::fs::read_to_string(mail).ok());
    let text = texts.into_iter().find(|text| text.contains(&format!("To: {email}")))?;
    // Quoted-printable: a line may be broken anywhere.
    let text = text.replace("=\r\n", "").replace("=\n", "");
    text.split_whitespace().find(|word| word.starts_with("http") && word.contains("/v#")).map(str::to_owned)
}
