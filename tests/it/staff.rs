//! Staff: who gets in, for how long, and what stays shut.

use crate::on_both;
use crate::support::TestApp;
use anteroom::staff::Role;
use reqwest::StatusCode;

on_both! {
    async fn each_role_signs_in_and_comes_to_its_own_page(app: TestApp) {
        for role in Role::ALL {
            let browser = app.staff(role).await;
            let home = browser.get("/").await;
            assert_eq!((home.status(), home.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, role.home()));
        }
        app.finish().await;
    }
}
