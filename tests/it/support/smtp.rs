//! A mail server in the test's own process: TLS under a small authority of its own, a script of what it answers, and all
//! that it heard, what came in the clear apart from what came under TLS.

use super::mime::Letter;
use super::socket::PATIENCE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

pub const USER: &str = "visits";
pub const COMPLIANCE: &str = "compliance@clinic.example";
pub const PASSWORD: &str = "a password of the mail server";

/// Where in a conversation the script answers otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Greeting,
    Starttls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The dot behind a letter.
    End,
}

/// What it answers there instead of yes.
#[derive(Debug, Clone)]
pub enum Answer {
    /// These lines, and it goes on as it was: without TLS, say.
    Say(String),
    /// Yes, with these lines in the same breath.
    AndMore(&'static str),
    /// Nothing, until the script says otherwise or the other side goes.
    Silence,
    Close,
}

#[derive(Debug, Clone, Copy)]
pub enum Certificate {
    Good,
    WrongName,
    /// Right name, of an authority that nobody was told of.
    Untrusted,
    Expired,
}

/// A mail server and its memory.
pub struct Catcher {
    port: u16,
    starttls: bool,
    timeout_seconds: u32,
    folder: tempfile::TempDir,
    memory: watch::Sender<Memory>,
}

/// Everything that one catcher heard and was told to do.
#[derive(Debug, Default)]
pub struct Memory {
    /// What it took or may have taken, oldest first.
    pub letters: Vec<Letter>,
    pub in_the_clear: String,
    pub under_tls: String,
    steps: Vec<Step>,
    script: BTreeMap<Step, Answer>,
    certificate: Option<Certificate>,
    no_starttls: bool,
    only_login: bool,
}

impl Catcher {
    /// TLS from the first byte.
    pub async fn implicit() -> Self {
        Self::start(false).await
    }

    pub async fn starttls() -> Self {
        Self::start(true).await
    }

    async fn start(starttls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let certificates = Arc::new(Authority::new());
        std::fs::write(folder.path().join("ca.pem"), certificates.ours.as_ref().pem()).unwrap();
        std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        let memory = watch::Sender::new(Memory::default());
        let (of_task, authority) = (memory.clone(), certificates);
        actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_web::rt::spawn(serve(stream, starttls, of_task.clone(), authority.clone()));
            }
        });
        Self { port, starttls, timeout_seconds: 30, folder, memory }
    }

    /// Settings that wait no longer than a second.
    pub fn impatient(mut self) -> Self {
        self.timeout_seconds = 1;
        self
    }

    /// What a configuration says to send mails here, and who hears of the log.
    pub fn settings(&self) -> String {
        format!("{}[compliance]\nmail = \"{COMPLIANCE}\"\n", self.mail_settings())
    }

    /// The same for a configuration that says already who hears of the log.
    pub fn mail_settings(&self) -> String {
        let (folder, tls) = (self.folder.path().display(), if self.starttls { "starttls" } else { "implicit" });
        format!(
            "[mail]\nfrom = \"visits@clinic.example\"\n[mail.smtp]\nhost = \"localhost\"\nport = {}\ntls = \"{tls}\"\nuser = \"{USER}\"\n\
             password_file = \"{folder}/password\"\nca_file = \"{folder}/ca.pem\"\ntimeout_seconds = {}\n",
            self.port, self.timeout_seconds
        )
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A file of the clinic's: `password` or `ca.pem`.
    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// From now on answer otherwise at a step.
    pub fn answers(&self, step: Step, answer: Answer) {
        self.memory.send_modify(|memory| drop(memory.script.insert(step, answer)));
    }

    pub fn says(&self, step: Step, answer: &str) {
        self.answers(step, Answer::Say(answer.to_owned()));
    }

    /// From now on answer yes to everything.
    pub fn answers_well(&self) {
        self.memory.send_modify(|memory| memory.script.clear());
    }

    pub fn shows(&self, certificate: Certificate) {
        self.memory.send_modify(|memory| memory.certificate = Some(certificate));
    }

    pub fn offers_no_starttls(&self) {
        self.memory.send_modify(|memory| memory.no_starttls = true);
    }

    pub fn offers_only_login(&self) {
        self.memory.send_modify(|memory| memory.only_login = true);
    }

    pub fn memory(&self) -> watch::Ref<'_, Memory> {
        self.memory.borrow()
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.memory.borrow().letters.clone()
    }

    /// How often a step was reached.
    pub fn count(&self, step: Step) -> usize {
        self.memory.borrow().times(step)
    }

    /// Wait until a step was reached so many times.
    pub async fn reached(&self, step: Step, times: usize) {
        self.until(&format!("{step:?} is reached {times} times"), |memory| memory.times(step) >= times).await;
    }

    /// Wait until what is remembered is as it should be.
    pub async fn until(&self, what: &str, is: impl FnMut(&Memory) -> bool) {
        let mut heard = self.memory.subscribe();
        tokio::time::timeout(PATIENCE, heard.wait_for(is)).await.unwrap_or_else(|_| panic!("not so in time: {what}")).unwrap();
    }

    /// That nobody without TLS was told an address or the password, and how often TLS was tried.
    pub fn heard_nothing(&self) {
        let memory = self.memory.borrow();
        for heard in [&memory.in_the_clear, &memory.under_tls] {
            for secret in ["@", "MAIL", "AUTH", PASSWORD, &STANDARD.encode(format!("\0{USER}\0{PASSWORD}"))] {
                assert!(!heard.contains(secret), "{secret} in {heard}");
            }
        }
        assert!(memory.letters.is_empty());
    }
}

impl Memory {
    fn times(&self, step: Step) -> usize {
        self.steps.iter().filter(|reached| **reached == step).count()
    }
}

/// Two small authorities: ours, which the clinic is told of, and another.
struct Authority {
    ours: CertifiedIssuer<'static, KeyPair>,
    other: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let issuer = || {
            let mut parameters = CertificateParams::new(Vec::new()).unwrap();
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
        };
        Self { ours: issuer(), other: issuer() }
    }

    fn acceptor(&self, shown: Certificate) -> TlsAcceptor {
        let name = if matches!(shown, Certificate::WrongName) { "mail.elsewhere.example" } else { "localhost" };
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if matches!(shown, Certificate::Expired) {
            parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let issuer = if matches!(shown, Certificate::Untrusted) { &self.other } else { &self.ours };
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

async fn serve(stream: TcpStream, starttls: bool, memory: watch::Sender<Memory>, authority: Arc<Authority>) {
    let shown = memory.borrow().certificate.unwrap_or(Certificate::Good);
    let mut plain = Conversation { stream: BufReader::new(stream), memory: memory.clone(), tls: false };
    if starttls && (plain.greet().await.is_none() || plain.go_on().await.is_none()) {
        return;
    }
    let Ok(stream) = authority.acceptor(shown).accept(plain.stream.into_inner()).await else { return };
    let mut safe = Conversation { stream: BufReader::new(stream), memory, tls: true };
    if starttls || safe.greet().await.is_some() {
        safe.go_on().await;
    }
}

/// One side of a conversation. Every step gives `None` when the conversation is over.
struct Conversation<S> {
    stream: BufReader<S>,
    memory: watch::Sender<Memory>,
    tls: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<S> {
    async fn greet(&mut self) -> Option<()> {
        self.answer(Step::Greeting, "220 localhost ESMTP").await.map(drop)
    }

    /// Answer commands until the other side asks for TLS, which is `Some`, or the conversation is over.
    async fn go_on(&mut self) -> Option<()> {
        loop {
            let line = self.line().await?;
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => self.capabilities().await?,
                "STARTTLS" => match self.answer(Step::Starttls, "220 go ahead").await? {
                    true => return Some(()),
                    false => continue,
                },
                "AUTH" => self.auth(&line).await?,
                "MAIL" => drop(self.answer(Step::Mail, "250 sender").await?),
                "RCPT" => drop(self.answer(Step::Rcpt, "250 recipient").await?),
                "DATA" => {
                    if self.answer(Step::Data, "354 go ahead").await? {
                        self.letter().await?;
                    }
                }
                "QUIT" => {
                    self.say("221 goodbye\r\n").await;
                    return None;
                }
                _ => self.say("500 what?\r\n").await?,
            }
        }
    }

    async fn capabilities(&mut self) -> Option<()> {
        let (starttls, login) = {
            let memory = self.memory.borrow();
            (!self.tls && !memory.no_starttls, memory.only_login)
        };
        // It asks for passwords in the clear too, as whoever strips STARTTLS would.
        let auth = if login { "LOGIN" } else { "PLAIN LOGIN" };
        let starttls = if starttls { "250-STARTTLS\r\n" } else { "" };
        self.say(&format!("250-localhost\r\n{starttls}250-AUTH {auth}\r\n250 8BITMIME\r\n")).await
    }

    async fn auth(&mut self, line: &str) -> Option<()> {
        let plain = line.strip_prefix("AUTH PLAIN ").map(|digits| text(digits) == format!("\0{USER}\0{PASSWORD}"));
        let right = match plain {
            Some(right) => right,
            None => {
                self.say("334 VXNlcm5hbWU6\r\n").await?;
                let user = text(&self.line().await?);
                self.say("334 UGFzc3dvcmQ6\r\n").await?;
                user == USER && text(&self.line().await?) == PASSWORD
            }
        };
        let word = if right { "235 welcome" } else { "535 5.7.8 wrong user or password" };
        self.answer(Step::Auth, word).await.map(drop)
    }

    async fn letter(&mut self) -> Option<()> {
        let mut mail = String::new();
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            // A dot at the beginning of a line was doubled (RFC 5321, 4.5.2).
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
            mail.push_str("\r\n");
        }
        let refused = matches!(self.memory.borrow().script.get(&Step::End), Some(Answer::Say(answer)) if !answer.starts_with('2'));
        if !refused {
            let letter = Letter::read(&mail);
            self.memory.send_modify(|memory| memory.letters.push(letter));
        }
        self.answer(Step::End, "250 taken").await.map(drop)
    }

    /// Answer `yes`, or as the script says. True if the answer was yes.
    async fn answer(&mut self, step: Step, yes: &str) -> Option<bool> {
        let scripted = self.memory.borrow().script.get(&step).cloned();
        self.memory.send_modify(|memory| memory.steps.push(step));
        match scripted {
            None => self.say(&format!("{yes}\r\n")).await.map(|()| true),
            Some(Answer::AndMore(more)) => self.say(&format!("{yes}\r\n{more}")).await.map(|()| true),
            Some(Answer::Say(answer)) => self.say(&format!("{answer}\r\n")).await.map(|()| false),
            Some(Answer::Close) => None,
            Some(Answer::Silence) => {
                let mut script = self.memory.subscribe();
                let otherwise = script.wait_for(|memory| !matches!(memory.script.get(&step), Some(Answer::Silence)));
                tokio::select! {
                    _ = self.line() => return None,
                    _ = otherwise => {}
                }
                self.say(&format!("{yes}\r\n")).await.map(|()| true)
            }
        }
    }

    async fn say(&mut self, lines: &str) -> Option<()> {
        self.stream.write_all(lines.as_bytes()).await.ok()?;
        self.stream.flush().await.ok()
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let tls = self.tls;
        self.memory.send_modify(|memory| if tls { memory.under_tls.push_str(&line) } else { memory.in_the_clear.push_str(&line) });
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

fn text(digits: &str) -> String {
    String::from_utf8(STANDARD.decode(digits.trim()).unwrap()).unwrap()
}
