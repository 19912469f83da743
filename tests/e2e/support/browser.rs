//! One person's browser: a Chromium or a Firefox with a profile, a driver and a camera of its own.
//!
//! Waiting means looking again until a deadline, never sleeping and hoping. A test that ends well calls `finish`, which also checks what nobody
//! should have to remember: no error in the console, no violation of the content security policy, no request to anyone but our server.

use std::cell::RefCell;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::Capabilities;
use thirtyfour::prelude::*;

use super::chromium::{self, DevTools};
use super::firefox;
use super::program::Program;

/// Lower: a failure is told sooner. Higher: fewer false alarms while two browsers and a call share two cores.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long one word to a browser may take: axe reads a long page in seconds, more on a busy machine.
const DRIVER_TIMEOUT: Duration = Duration::from_secs(120);

/// Between two looks. Lower: a change is seen sooner. Higher: more time for the page itself.
const PAUSE: Duration = Duration::from_millis(100);

/// What the test asks of a page.
const PAGE: &str = concat!(include_str!("page.js"), include_str!("access.js"));

thread_local! {
    /// Everyone in this test, so that a failure can tell what all of them saw: what one person misses, another's page has often lost.
    static EVERYONE: RefCell<Vec<Rc<Window>>> = const { RefCell::new(Vec::new()) };
}

/// One person's browser, and the right to use it.
pub struct Browser {
    window: Rc<Window>,
    finished: bool,
}

/// What one person does and sees.
pub struct Window {
    /// Whose it is, for messages and the names of pictures.
    pub name: &'static str,
    engine: Engine,
    driver: WebDriver,
    base_url: String,
    console: RefCell<Vec<String>>,
    requests: RefCell<Vec<Request>>,
    // Dropped in this order: killed, with the browser that it started, before the profile is removed.
    program: Program,
    profile: TempDir,
}

/// Whose browser it is. What only one of them can be asked, the other refuses.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Engine {
    Chromium,
    Firefox,
}

#[derive(Debug, Clone)]
pub struct Request {
    id: String,
    pub url: String,
    /// On the wire, headers included, once it is loaded.
    pub bytes: u64,
}

impl Browser {
    /// A new browser that is going to visit the server at `base_url` and nobody else.
    pub async fn open(name: &'static str, base_url: &str) -> Self {
        Self::open_with(name, base_url, &[]).await
    }

    /// The same, and it takes the certificate that holds this key: the base64 of the SHA-256 of its SubjectPublicKeyInfo.
    pub async fn open_trusting(name: &'static str, base_url: &str, key: &str) -> Self {
        Self::open_with(name, base_url, &[&format!("--ignore-certificate-errors-spki-list={key}")]).await
    }

    /// The same, with a camera that shows this film over and over.
    pub async fn open_before_camera(name: &'static str, base_url: &str, film: &Path) -> Self {
        Self::open_with(name, base_url, &[&format!("--use-file-for-fake-video-capture={}", film.display())]).await
    }

    /// The same, but it is a Firefox.
    pub async fn open_firefox(name: &'static str, base_url: &str) -> Self {
        let profile = folder_of_one();
        let (program, port) = firefox::start(profile.path());
        let driver = drive(port, firefox::wishes()).await;
        firefox::tell_of_policy(&driver, profile.path()).await;
        Self::of(Window::new(name, base_url, Engine::Firefox, driver, program, profile))
    }

    /// With `E2E_FIREFOX=patient` in the environment, whoever has that name has a Firefox: most tests can be run with that pair once, though not
    /// those whose film or flags only a Chromium takes.
    async fn open_with(name: &'static str, base_url: &str, more_flags: &[&str]) -> Self {
        if std::env::var("E2E_FIREFOX").is_ok_and(|turned| turned == name) {
            return Self::open_firefox(name, base_url).await;
        }
        let profile = folder_of_one();
        let (program, port) = chromium::start(profile.path());
        let driver = drive(port, chromium::wishes(profile.path(), more_flags)).await;
        let browser = Self::of(Window::new(name, base_url, Engine::Chromium, driver, program, profile));
        browser.look_at(View::Desktop).await;
        browser
    }

    fn of(window: Window) -> Self {
        let window = Rc::new(window);
        EVERYONE.with_borrow_mut(|everyone| everyone.push(window.clone()));
        Self { window, finished: false }
    }

    /// Nothing leaves this browser from now on and nothing comes in, while its pages live on: the process that speaks to the network stops.
    pub fn lose_line(&self) {
        self.signal_network("STOP");
    }

    /// The line is there again.
    pub fn find_line(&self) {
        self.signal_network("CONT");
    }

    fn signal_network(&self, signal: &str) {
        let profile = self.profile.path().display().to_string();
        let is_ours = |line: &str| line.contains("network.mojom.NetworkService") && line.contains(&profile);
        let ours = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let entry = entry.ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            is_ours(&String::from_utf8_lossy(&line)).then(|| entry.file_name())
        });
        let mut told = 0;
        for process in ours {
            told += usize::from(Command::new("kill").arg(format!("-{signal}")).arg(process).status().unwrap().success());
        }
        assert!(told > 0, "{}: no process of this browser speaks to the network", self.name);
    }

    /// Ends this person's part of the test, and with it the browser.
    pub async fn finish(self) {
        self.finish_despite(&[]).await;
    }

    /// As `finish`, but an error in the console may contain one of these texts.
    pub async fn finish_despite(mut self, expected: &[&str]) {
        self.finished = true;
        let mut troubles = self.troubles().await;
        troubles.retain(|trouble| !expected.iter().any(|text| trouble.contains(text)));
        assert!(troubles.is_empty(), "{}:\n{}", self.name, troubles.join("\n"));
    }

    /// As `finish`, for a test that tells everything that is wrong at once.
    pub async fn finish_with_troubles(mut self) -> Vec<String> {
        self.finished = true;
        self.troubles().await
    }
}

impl Deref for Browser {
    type Target = Window;

    fn deref(&self) -> &Window {
        &self.window
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        EVERYONE.with_borrow_mut(|everyone| everyone.retain(|window| !Rc::ptr_eq(window, &self.window)));
        assert!(self.finished || std::thread::panicking(), "{}: call `finish` at the end of the test", self.name);
    }
}

impl Window {
    fn new(name: &'static str, base_url: &str, engine: Engine, driver: WebDriver, program: Program, profile: TempDir) -> Self {
        let base_url = base_url.to_owned();
        Self { name, engine, driver, base_url, console: RefCell::default(), requests: RefCell::default(), program, profile }
    }

    pub async fn goto(&self, address: &str) {
        let address = if address.starts_with('/') { format!("{}{address}", self.base_url) } else { address.to_owned() };
        self.driver.goto(&address).await.unwrap_or_else(|problem| panic!("{}: open {address}: {problem}", self.name));
    }

    pub async fn reload(&self) {
        self.driver.refresh().await.unwrap_or_else(|problem| panic!("{}: reload: {problem}", self.name));
    }

    /// The session of this browser ends behind its page, as it does by itself after a time: the cookie stays and opens nothing.
    pub async fn lose_session(&self) {
        let cookies = self.driver.get_all_cookies().await.unwrap();
        let _answered: bool = self.ask("signOut", json!([])).await.unwrap();
        for cookie in cookies {
            self.driver.add_cookie(cookie).await.unwrap_or_else(|problem| panic!("{}: keep the cookie: {problem}", self.name));
        }
    }

    /// Opens that page in one more tab, and goes there.
    pub async fn new_tab(&self, path: &str) {
        self.open_tab().await;
        self.look_at(View::Desktop).await;
        self.goto(path).await;
    }

    /// From here on the pages of this browser are in a language that no button may offer. A page of ours must be open.
    pub async fn speak(&self, language: &str) {
        self.driver.add_cookie(Cookie::new("language", language)).await.unwrap();
    }

    /// From here on this browser asks for pages in these languages, as `Accept-Language` names them.
    pub async fn wish(&self, languages: &str) {
        self.devtools("Network.enable", json!({})).await.unwrap();
        self.devtools("Network.setExtraHTTPHeaders", json!({"headers": {"Accept-Language": languages}})).await.unwrap();
    }

    /// From here on nothing comes from addresses like these. With none, everything comes again.
    pub async fn miss(&self, addresses: &[&str]) {
        self.devtools("Network.enable", json!({})).await.unwrap();
        self.devtools("Network.setBlockedURLs", json!({"urls": addresses})).await.unwrap();
    }

    /// From here on each page of this browser runs this script before its own.
    pub async fn before_each_page(&self, script: &str) {
        match self.engine {
            Engine::Firefox => firefox::before_each_page(&self.driver, self.profile.path(), script).await,
            Engine::Chromium => {
                self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await.unwrap();
            }
        }
    }

    /// From here on pages take this browser for the one with that user agent.
    pub async fn pretend(&self, agent: &str) {
        self.devtools("Emulation.setUserAgentOverride", json!({"userAgent": agent})).await.unwrap();
    }

    /// From the next page on, the test can ask for its connections to the other browser.
    pub async fn keep_connections(&self) {
        self.before_each_page(include_str!("connections.js")).await;
    }

    pub async fn back(&self) {
        self.driver.back().await.unwrap_or_else(|problem| panic!("{}: go back: {problem}", self.name));
    }

    /// A new tab of this browser, before the person's eyes.
    pub async fn open_tab(&self) {
        let tab = self.driver.new_tab().await.unwrap();
        self.driver.switch_to_window(tab).await.unwrap();
    }

    /// Back to the tab of that number, from 0.
    pub async fn go_to_tab(&self, number: usize) {
        let tabs = self.driver.windows().await.unwrap();
        self.driver.switch_to_window(tabs[number].clone()).await.unwrap();
    }

    /// Path, query and fragment of the address bar.
    pub async fn address(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.as_str().strip_prefix(&self.base_url).unwrap_or(url.as_str()).to_owned()
    }

    // ---- looking and acting, as a person would ----

    pub async fn click(&self, button: &str) {
        self.click_within("", button).await;
    }

    /// Click a link that gives a file. Its bytes, once all of it is there.
    pub async fn download(&self, link: &str) -> Vec<u8> {
        let folder = tempfile::Builder::new().prefix("download-").tempdir().unwrap();
        self.devtools("Browser.setDownloadBehavior", json!({"behavior": "allow", "downloadPath": folder.path()})).await.unwrap();
        self.wait_for(&format!("click \"{link}\""), async || {
            let Some(element) = self.find("link", link, "").await? else { return Ok(None) };
            element.click().await.map(Some)
        })
        .await;
        self.wait_for(&format!("have the file of \"{link}\""), async || {
            let mut files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
            let named = files.find(|file| file.extension().is_some_and(|end| end == "zip"));
            // Until it is whole, an empty file keeps its name.
            Ok(named.map(|file| std::fs::read(file).unwrap()).filter(|file| !file.is_empty()))
        })
        .await
    }

    /// In a part of the page, for names that stand on it more than once.
    pub async fn click_within(&self, part: &str, button: &str) {
        self.wait_for(&format!("click \"{button}\""), async || {
            let Some(element) = self.find("button", button, part).await? else { return Ok(None) };
            element.click().await.map(Some)
        })
        .await;
    }

    /// A box to tick, or to untick.
    pub async fn press_box(&self, name: &str) {
        self.wait_for(&format!("press the box \"{name}\""), async || {
            let Some(element) = self.find("field", name, "").await? else { return Ok(None) };
            element.click().await.map(Some)
        })
        .await;
    }

    /// As an impatient hand does: the second press comes before anything could have happened.
    pub async fn press_twice(&self, button: &str) {
        self.wait_for(&format!("press \"{button}\" twice"), async || {
            self.ask("pressTwice", json!([button])).await.map(|done: bool| done.then_some(()))
        })
        .await;
    }

    /// The system puts the page to sleep, as a phone in a pocket does.
    /// Returns when the page has heard it: the browser answers before, and what happens meanwhile the page still sees.
    pub async fn fall_asleep(&self) {
        self.run("noticeSleep", json!([])).await.unwrap();
        self.devtools("Page.setWebLifecycleState", json!({"state": "frozen"})).await.unwrap();
        self.wait_for("the page to sleep", async || Ok(self.ask::<bool>("sleeps", json!([])).await?.then_some(()))).await;
    }

    pub async fn wake(&self) {
        self.devtools("Page.setWebLifecycleState", json!({"state": "active"})).await.unwrap();
    }

    pub async fn click_link(&self, name: &str) {
        self.wait_for(&format!("follow \"{name}\""), async || {
            let Some(element) = self.find("link", name, "").await? else { return Ok(None) };
            element.click().await.map(Some)
        })
        .await;
    }

    /// Whatever was in the field is replaced.
    pub async fn fill(&self, field: &str, value: &str) {
        self.wait_for(&format!("fill \"{field}\""), async || {
            let Some(element) = self.find("field", field, "").await? else { return Ok(None) };
            element.clear().await?;
            element.send_keys(value).await.map(Some)
        })
        .await;
    }

    pub async fn press_enter_in(&self, field: &str) {
        self.wait_for(&format!("press Enter in \"{field}\""), async || {
            let Some(element) = self.find("field", field, "").await? else { return Ok(None) };
            element.send_keys(Key::Enter).await.map(Some)
        })
        .await;
    }

    /// What a key does, wherever the keyboard is.
    pub async fn press(&self, keys: &str) {
        self.driver.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Goes on with the Tab key until the keyboard is at the button, field or link with that name, which shows it.
    pub async fn tab_to(&self, name: &str) {
        self.wait_for(&format!("come to \"{name}\" by keyboard"), async || {
            let at: String = self.ask("focused", json!([])).await?;
            if at != name {
                self.driver.active_element().await?.send_keys(Key::Tab.value().to_string()).await?;
            }
            Ok((at == name).then_some(()))
        })
        .await;
    }

    pub async fn sees(&self, text: &str) {
        self.wait_for(&format!("see \"{text}\""), async || Ok(self.shows(text).await?.then_some(()))).await;
    }

    pub async fn sees_button(&self, name: &str) {
        self.wait_for(&format!("see the button \"{name}\""), async || self.find("button", name, "").await).await;
    }

    /// Whether the text is on the page now, in whatever case.
    pub async fn shows(&self, text: &str) -> WebDriverResult<bool> {
        let page: String = self.ask("text", json!([])).await?;
        Ok(page.to_lowercase().contains(&text.to_lowercase()))
    }

    /// Whether there is such a button now.
    pub async fn has_button(&self, name: &str) -> bool {
        self.find("button", name, "").await.unwrap().is_some()
    }

    /// Presses whatever can be pressed, beginning with another one each round. How much that was.
    pub async fn press_everything(&self, round: usize) -> usize {
        self.ask("pressEverything", json!([round])).await.unwrap()
    }

    pub async fn find(&self, kind: &str, name: &str, within: &str) -> WebDriverResult<Option<WebElement>> {
        let found = self.run("find", json!([kind, name, within])).await?;
        if found.json().is_null() { Ok(None) } else { found.element().map(Some) }
    }

    // ---- waiting ----

    /// Looks until there is something, and stops the test with what the page says if there never is. A look that fails is only a look
    /// too early: the page may be on its way to the next one.
    pub async fn wait_for<T>(&self, what: &str, look: impl AsyncFn() -> WebDriverResult<Option<T>>) -> T {
        self.wait_up_to(PATIENCE, what, look).await
    }

    /// The same, for what the page itself takes its time with.
    pub async fn wait_up_to<T>(&self, patience: Duration, what: &str, look: impl AsyncFn() -> WebDriverResult<Option<T>>) -> T {
        let deadline = Instant::now() + patience;
        loop {
            let seen = look().await;
            match seen {
                Ok(Some(found)) => return found,
                _ if Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
                Ok(None) => self.give_up(what, "it never came").await,
                Err(problem) => self.give_up(what, &problem.to_string()).await,
            }
        }
    }

    async fn give_up(&self, what: &str, why: &str) -> ! {
        let mut told = String::new();
        for window in EVERYONE.with_borrow(Clone::clone) {
            window.shot(&format!("failed-{}", window.name)).await;
            told += &window.tell().await;
        }
        panic!("{}: {what}: {why}\n{told}", self.name)
    }

    /// What this person has before their eyes, for whoever has to find out why a test failed.
    pub async fn tell(&self) -> String {
        self.read_logs().await;
        let page: String = self.ask("text", json!([])).await.unwrap_or_default();
        let buttons: Vec<String> = self.ask("namesOf", json!(["button"])).await.unwrap_or_default();
        format!(
            "\n{} is at {}\n  page: {}\n  buttons: {}\n  console: {}\n",
            self.name,
            self.address().await,
            page.chars().take(2000).collect::<String>(),
            buttons.join(" | "),
            self.console.borrow().join("\n           "),
        )
    }

    // ---- the page's own answers ----

    /// Calls a function of page.js and reads its answer.
    pub async fn ask<T: DeserializeOwned>(&self, function: &str, arguments: Value) -> WebDriverResult<T> {
        self.run(function, arguments).await?.convert()
    }

    async fn run(&self, function: &str, arguments: Value) -> WebDriverResult<ScriptRet> {
        let Value::Array(arguments) = arguments else { panic!("arguments are a list") };
        self.driver.execute(format!("{PAGE}\nreturn {function}(...arguments);"), arguments).await
    }

    /// For scripts that a page is given whole, such as axe.
    pub async fn inject(&self, script: &str) {
        self.driver.execute(script.to_owned(), Vec::new()).await.expect("the script runs");
    }

    // ---- pictures ----

    /// A Firefox stays as wide as it was opened.
    pub async fn look_at(&self, view: View) {
        if self.engine == Engine::Firefox {
            return;
        }
        let (width, height, mobile) = match view {
            View::Phone => (390, 844, true),
            View::ShortPhone => (375, 667, true),
            View::SmallPhone => (320, 568, true),
            View::Desktop | View::DesktopDark | View::DesktopForced => (1280, 800, false),
            View::Zoomed(by) => (1280 / by, 1024 / by, false),
        };
        let sharpness = if let View::Zoomed(by) = view { by } else { 1 };
        let (scheme, forced, motion) = match view {
            View::DesktopDark => ("dark", "none", "no-preference"),
            View::DesktopForced => ("light", "active", "reduce"),
            _ => ("light", "none", "no-preference"),
        };
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": sharpness, "mobile": mobile}),
        )
        .await
        .unwrap();
        let features = [("prefers-color-scheme", scheme), ("forced-colors", forced), ("prefers-reduced-motion", motion)];
        let features = features.map(|(name, value)| json!({"name": name, "value": value}));
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await.unwrap();
    }

    /// The whole page, from top to bottom, if anyone asked for pictures.
    pub async fn shot(&self, name: &str) {
        let Some(folder) = folder("E2E_SHOTS") else { return };
        let picture = match self.engine {
            Engine::Firefox => firefox::whole_page(&self.driver).await,
            Engine::Chromium => self.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await.map(chromium::png),
        };
        let Ok(bytes) = picture else { return };
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    async fn devtools(&self, command: &str, parameters: Value) -> WebDriverResult<Value> {
        self.driver.cmd(DevTools { command: command.to_owned(), parameters }).await?.value()
    }

    // ---- what the browser noticed ----

    /// Everything asked for since the browser was opened.
    pub async fn requests(&self) -> Vec<Request> {
        self.read_logs().await;
        self.requests.borrow().clone()
    }

    /// Errors in the console, violations of the policy, requests to others.
    async fn troubles(&self) -> Vec<String> {
        self.read_logs().await;
        let host = self.base_url.trim_start_matches("http");
        let ours = [format!("http{host}/"), format!("ws{host}/")];
        let requests = self.requests.borrow();
        let elsewhere = requests.iter().filter(|request| !ours.iter().any(|start| request.url.starts_with(start)));
        let errors = self.console.borrow().iter().map(|line| format!("error in the console: {line}")).collect::<Vec<_>>();
        errors.into_iter().chain(elsewhere.map(|request| format!("request to others: {}", request.url))).collect()
    }

    /// Moves what the driver has collected to our side.
    async fn read_logs(&self) {
        if self.engine == Engine::Firefox {
            return self.console.borrow_mut().extend(self.program.said().into_iter().filter(|line| firefox::is_complaint(line)));
        }
        for entry in self.driver.browser_log().await.unwrap_or_default() {
            let about_policy = entry.message.contains("Content Security Policy") || entry.source.as_deref() == Some("security");
            if entry.level == "SEVERE" || about_policy {
                self.console.borrow_mut().push(entry.message);
            }
        }
        for entry in self.driver.get_log("performance").await.unwrap_or_default() {
            let event: Value = serde_json::from_str(&entry.message).unwrap_or_default();
            self.note_event(&event["message"]);
        }
    }

    fn note_event(&self, event: &Value) {
        let parameters = &event["params"];
        let id = parameters["requestId"].as_str().unwrap_or_default();
        let mut requests = self.requests.borrow_mut();
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" | "Network.webSocketCreated" => {
                let url = parameters["request"]["url"].as_str().or(parameters["url"].as_str()).unwrap_or_default();
                if leaves_the_browser(url) {
                    requests.push(Request { id: id.to_owned(), url: url.to_owned(), bytes: 0 });
                }
            }
            "Network.loadingFinished" => {
                if let Some(request) = requests.iter_mut().rev().find(|request| request.id == id) {
                    request.bytes = parameters["encodedDataLength"].as_f64().unwrap_or_default() as u64;
                }
            }
            _ => {}
        }
    }
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum View {
    Phone,
    /// As wide as most, and not as tall.
    ShortPhone,
    SmallPhone,
    Desktop,
    DesktopDark,
    /// The person's own few colours instead of ours, and no motion.
    DesktopForced,
    /// A window of 1280 px in which everything is that many times as large.
    Zoomed(u32),
}

/// `blob:`, `data:`, `about:` and the browser's own pages do not.
fn leaves_the_browser(url: &str) -> bool {
    ["http:", "https:", "ws:", "wss:", "ftp:"].iter().any(|scheme| url.starts_with(scheme))
}

async fn drive(port: u16, wishes: Capabilities) -> WebDriver {
    // A connection that the driver's server is just closing would fail the next word: each word has its own.
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).timeout(DRIVER_TIMEOUT).build().expect("a client");
    let driver = WebDriver::builder(format!("http://127.0.0.1:{port}"), wishes).client(client).await.expect("the browser starts");
    // At the end everything is killed. Asked to close while a test fails, a browser takes two minutes to do so.
    driver.clone().leak().expect("the session has just begun");
    driver
}

/// Everything that one browser and its driver leave on the disk.
fn folder_of_one() -> TempDir {
    tempfile::Builder::new().prefix("browser-").tempdir().unwrap()
}

/// A folder named by the environment, made if need be.
pub fn folder(variable: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(variable).filter(|value| !value.is_empty())?);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}
