//! `GET /access-review`, and the record of a review.

use super::{Accounts, ReviewError, look, record};
use crate::app::App;
use crate::staff::ComplianceOfficer;
use crate::time::Timestamp;
use crate::web::{self, Page, StatusCode, csrf};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "compliance/access_review.html")]
struct AccessReviewPage {
    page: Page,
    rows: Vec<Row>,
    digest: String,
    overdue: Option<String>,
    days: u32,
    reviews: Vec<String>,
    wrong: Option<&'static str>,
}

struct Row {
    name: String,
    email: String,
    role: String,
    state: String,
    closed: bool,
    since: String,
    signed_in: String,
}

impl AccessReviewPage {
    /// A sentence that speaks of the number of accounts.
    fn count(&self, sentence: &str) -> String {
        self.page.t.count(sentence, "count", i64::try_from(self.rows.len()).unwrap_or(i64::MAX))
    }
}

#[derive(Deserialize)]
pub struct ReviewForm {
    #[serde(default)]
    shown: String,
}

pub async fn show(app: App, officer: ComplianceOfficer) -> web::Result<HttpResponse> {
    web::html(&render(&app, &officer, look(&app, &officer.context).await?))
}

pub async fn reviewed(app: App, officer: ComplianceOfficer, form: csrf::Form<ReviewForm>) -> web::Result<HttpResponse> {
    match record(&app, &officer.context, officer.member.id, &form.0.shown).await {
        Ok(()) => Ok(web::see_other("/access-review")),
        Err(ReviewError::Changed) => {
            let page = render(&app, &officer, look(&app, &officer.context).await?);
            web::html_with(StatusCode::CONFLICT, &AccessReviewPage { wrong: Some("access-review-changed"), ..page })
        }
        Err(ReviewError::Database(error)) => Err(error.into()),
    }
}

fn render(app: &App, officer: &ComplianceOfficer, accounts: Accounts) -> AccessReviewPage {
    let (page, zone) = (officer.page(app), officer.member.zone);
    let t = page.t;
    let day = |at: Timestamp| t.date(zone.today(at));
    let rows = accounts.accounts.iter().map(|account| Row {
        name: account.name.clone(),
        email: account.email.clone(),
        role: t.say(&format!("staff-role-{}", account.role)),
        closed: account.disabled_at.is_some(),
        state: match (account.disabled_at, account.password_set_at) {
            (Some(at), _) => t.with("access-review-closed", "at", day(at)),
            (None, None) => t.say("access-review-new"),
            (None, Some(_)) => t.say("access-review-open"),
        },
        since: day(account.created_at),
        signed_in: account.signed_in_at.map_or_else(|| t.say("access-review-never"), |at| t.when(at, zone)),
    });
    let review = |review: &super::Review| {
        let who = accounts.accounts.iter().find(|account| account.id == review.reviewed_by).map(|account| account.name.clone());
        let at = t.when(review.reviewed_at, zone);
        t.with_all("access-review-by", &[("who", &who.unwrap_or_default()), ("at", &at), ("accounts", &review.accounts)])
    };
    AccessReviewPage {
        rows: rows.collect(),
        digest: accounts.digest.clone(),
        overdue: accounts.overdue.map(|since| t.with("access-review-overdue", "since", day(since))),
        days: app.config.compliance.access_review_days,
        reviews: accounts.reviews.iter().map(review).collect(),
        wrong: None,
        page,
    }
}
