//! A browser without a screen: cookies, the form token of its last session, the origin of our own pages. It follows no
//! redirect, so that a test sees each answer.

use super::TestApp;
use crate::on_db;
use anteroom::app::App;
use anteroom::ids::StaffId;
use anteroom::staff::{self, NewMember, Role};
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

/// The password of every account that a test adds.
pub const PASSWORD: &str = "nine lanterns over a quiet harbour";

/// Its hash, made with so little work that thousands of sign-ins do not wait for it. What a set password costs is a test of its own.
static QUICK_HASH: LazyLock<String> = LazyLock::new(|| {
    let quick = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let hash: PasswordHash = quick.hash_password_with_salt(PASSWORD.as_bytes(), b"salt of no worth").unwrap();
    hash.to_string()
});

pub struct Browser {
    client: Client,
    base_url: String,
    app: App,
    /// The cookie that was set last: what form tokens are tied to.
    session: Mutex<String>,
    /// Whose browser it is, nobody's with nil.
    pub id: StaffId,
    pub email: String,
}

impl TestApp {
    /// The browser of somebody who is not known.
    pub fn browser(&self) -> Browser {
        Browser::at(&self.base_url, &self.app)
    }

    /// An account of that role with [`PASSWORD`], not signed in.
    pub async fn account(&self, role: Role) -> (StaffId, String) {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let email = format!("{role}{number}@clinic.example");
        let zone = self.app.config.clinic.zone;
        let new = NewMember { email: email.clone(), name: format!("Dr. {role} {number}"), role, zone, language: "en".into() };
        let id = staff::add(&self.app, &self.app.system(), new).await.unwrap();
        let now = self.app.now();
        on_db!(self, pool => sqlx::query("update staff set password_hash = $2, password_set_at = $3, version = version + 1 where id = $1")
            .bind(id).bind(QUICK_HASH.as_str()).bind(now).execute(pool).await.map(drop))
        .unwrap();
        (id, email)
    }

    /// The browser of a new member of staff, signed in.
    pub async fn staff(&self, role: Role) -> Browser {
        let (id, email) = self.account(role).await;
        let browser = self.browser().of(id, &email);
        let answer = browser.sign_in(PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        browser
    }
}

impl Browser {
    /// The browser of somebody who is not known, at whatever serves `app` there.
    pub fn at(base_url: &str, app: &App) -> Self {
        let client = Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let (base_url, app) = (base_url.to_owned(), app.clone());
        Self { client, base_url, app, session: Mutex::default(), id: StaffId(uuid::Uuid::nil()), email: String::new() }
    }

    /// The browser of the owner of an account, not signed in.
    pub fn of(self, id: StaffId, email: &str) -> Self {
        Self { id, email: email.to_owned(), ..self }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    /// Post a form as our own page does.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let csrf = self.csrf();
        let mut fields = fields.to_vec();
        if !csrf.is_empty() {
            fields.push(("csrf", &csrf));
        }
        self.send(self.request(Method::POST, path).header("origin", &self.base_url).form(&fields)).await
    }

    /// Press the only button of a form without fields.
    pub async fn press(&self, path: String) -> Response {
        self.form(&path, &[]).await
    }

    /// Fetch JSON as a script of ours does.
    pub async fn json_get(&self, path: &str) -> serde_json::Value {
        self.send(self.script(Method::GET, path)).await.json().await.unwrap()
    }

    /// Post JSON as a script of ours does.
    pub async fn json(&self, path: &str, value: &serde_json::Value) -> Response {
        self.send(self.script(Method::POST, path).json(value)).await
    }

    /// Post a form as a script of ours does.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send(self.script(Method::POST, path).form(fields)).await
    }

    /// Put JSON as a script of ours does.
    pub async fn put(&self, path: &str, value: &serde_json::Value) -> Response {
        self.send(self.script(Method::PUT, path).json(value)).await
    }

    /// Type this browser's address and a password at `/sign-in`.
    pub async fn sign_in(&self, password: &str) -> Response {
        let fields = [("email", self.email.as_str()), ("password", password)];
        self.send(self.request(Method::POST, "/sign-in").header("origin", &self.base_url).form(&fields)).await
    }

    /// The text of a page that must be there.
    pub async fn text(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    /// The cookie that was set last, as its bare value.
    pub fn session(&self) -> String {
        self.session.lock().unwrap().clone()
    }

    /// The form token of the session, or nothing.
    pub fn csrf(&self) -> String {
        let session = self.session();
        if session.is_empty() { session } else { self.app.keys.form_token(&session) }
    }

    /// A request with nothing added but the cookies.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base_url))
    }

    /// Send it, and keep the cookie that the answer sets.
    pub async fn send(&self, request: RequestBuilder) -> Response {
        let answer = request.send().await.unwrap();
        if let Some(cookie) = answer.cookies().filter(|cookie| cookie.name() != "language").last() {
            *self.session.lock().unwrap() = cookie.value().to_owned();
        }
        answer
    }

    fn script(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("origin", &self.base_url).header("sec-fetch-mode", "cors").header("x-csrf", self.csrf())
    }
}
