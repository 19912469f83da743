//! A witness never cosigns what does not go on from what it cosigned, whoever asks and whenever it is killed; and a witness that lies
//! changes nothing in a log (AUD-23, AUD-27). The rules are those of C2SP tlog-witness.

use crate::support::TestApp;
use anteroom::audit::tree::{Cosigner, Hash, Head, LogKey};
use anteroom::audit::{Event, Kind};
use anteroom::crypto::Rng;
use anteroom::secret::Secret;
use anteroom::time::SystemClock;
use anteroom::witness::client::{self, Asker};
use anteroom::witness::protocol::Question;
use anteroom::witness::{self, Witness};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use reqwest::StatusCode;
use sha2::Sha256;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const NAME: &str = "witness.example/w1";
const ORIGIN: &str = "visits.example/anteroom-log";

/// A log of the test's own, which can lie in every way that a log can.
struct Log {
    key: LogKey,
    /// What the leaves from some place on say: another word is another history.
    word: &'static str,
    from: u64,
}

impl Log {
    fn honest() -> Self {
        Self::with(ORIGIN, 7, "leaf", 0)
    }

    fn with(origin: &str, secret: u8, word: &'static str, from: u64) -> Self {
        Self { key: LogKey::parse(&LogKey::generate(origin, &Secret::new([secret; 32]))).unwrap(), word, from }
    }

    fn tree(&self, size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
        let mut tree = MemoryBackedTree::new();
        (0..size).for_each(|n| tree.push(format!("{} {n}", if n < self.from { "leaf" } else { self.word }).into_bytes()));
        tree
    }

    fn head(&self, size: u64) -> Head {
        self.key.sign(size, Hash(self.tree(size).root().as_bytes().as_slice().try_into().unwrap())).unwrap()
    }

    fn proof(&self, old: u64, size: u64) -> Vec<Hash> {
        if old == 0 || old >= size {
            return Vec::new();
        }
        let proof = self.tree(size).prove_consistency((size - old) as usize);
        proof.as_bytes().as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect()
    }

    fn question(&self, old: u64, size: u64) -> String {
        Question { old, proof: self.proof(old, size), note: self.head(size).note }.text()
    }
}

/// A witness in the test's own process.
struct Served {
    at: SocketAddr,
    witness: Arc<Witness>,
    folder: tempfile::TempDir,
    handle: actix_web::dev::ServerHandle,
}

impl Served {
    fn of(keys: &[&str]) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), keys)
    }

    fn in_folder(folder: tempfile::TempDir, keys: &[&str]) -> Self {
        let logs = keys.iter().map(|key| (*key).to_owned()).collect();
        let witness = Arc::new(Witness::open(folder.path(), NAME, logs, Arc::new(SystemClock), &Rng::system()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let serving = witness::serve(witness.clone(), listener).unwrap();
        let handle = serving.handle();
        actix_web::rt::spawn(serving);
        Self { at, witness, folder, handle }
    }

    async fn ask(&self, body: impl Into<reqwest::Body>) -> (u16, String, String) {
        ask(self.at, body).await
    }

    fn vkey(&self) -> String {
        self.witness.key().verifier().to_owned()
    }
}

async fn ask(at: SocketAddr, body: impl Into<reqwest::Body>) -> (u16, String, String) {
    let answer = reqwest::Client::new().post(format!("http://{at}/add-checkpoint")).body(body).send().await.unwrap();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[actix_web::test]
async fn a_log_that_only_grows_is_cosigned() {
    let log = Log::honest();
    let served = Served::of(&[log.key.verifier()]);
    for (old, size) in [(0, 1), (1, 1), (1, 5), (5, 300), (300, 301), (301, 301)] {
        let (status, _, line) = served.ask(log.question(old, size)).await;
        assert_eq!(status, 200, "from {old} to {size}: {line}");
        let cosigned = Head::open(&format!("{}{line}", log.head(size).note), &[log.key.verifier(), &served.vkey()]).unwrap();
        assert_eq!((cosigned.size, cosigned.signers.len()), (size, 2), "the log's signature and the witness's");
        assert!(line.starts_with(&format!("— {NAME} ")) && line.ends_with('\n') && line.lines().count() == 1);
    }
    assert!(Cosigner::parse(&served.vkey()).is_some());
}

#[actix_web::test]
async fn each_way_to_ask_wrongly_has_the_answer_of_the_specification() {
    let log = Log::honest();
    let served = Served::of(&[log.key.verifier()]);
    assert_eq!(served.ask(log.question(0, 10)).await.0, 200);
    let (unknown, stranger) = (Log::with("other.example/log", 7, "leaf", 0), Log::with(ORIGIN, 8, "leaf", 0));
    let forged = log.question(10, 12).replace("\n12\n", "\n13\n");
    for (status, question, why) in [
        (400, String::new(), "no question"),
        (400, log.question(10, 12).replace("old 10", "old ten"), "no size"),
        (400, log.question(10, 12).replace("old 10", "old 010"), "zeros before a size"),
        (400, log.question(12, 5), "an old size that is larger"),
        (404, unknown.question(0, 1), "a log that nobody named"),
        (403, stranger.question(10, 12), "a key that is not the log's"),
        (403, forged, "a signature that is not over this"),
    ] {
        let (got, kind, _) = served.ask(question).await;
        assert_eq!(got, status, "{why}");
        assert_ne!(kind, "text/x.tlog.size");
    }
    for old in [0, 1, 9, 11] {
        let (status, kind, size) = served.ask(log.question(old, 12)).await;
        assert_eq!((status, kind.as_str(), size.as_str()), (409, "text/x.tlog.size", "10\n"), "from {old}");
    }
    let client = reqwest::Client::new();
    assert!(!client.get(format!("http://{}/add-checkpoint", served.at)).send().await.unwrap().status().is_success());
    let huge = "x".repeat(200_000);
    assert_eq!(served.ask(huge).await.0, StatusCode::PAYLOAD_TOO_LARGE.as_u16());
    assert_eq!(served.ask(log.question(10, 12)).await.0, 200, "none of it changed anything");
}

/// Every lie of a log that has its real key.
#[actix_web::test]
async fn no_lie_of_a_log_with_its_own_key_is_cosigned() {
    let log = Log::honest();
    let served = Served::of(&[log.key.verifier()]);
    assert_eq!(served.ask(log.question(0, 10)).await.0, 200);
    let lies = |from| Log { word: "another", from, ..Log::honest() };
    let own_proof = |liar: &Log, old, size| Question { old, proof: liar.proof(old, size), note: liar.head(size).note }.text();
    for (status, question, why) in [
        (409, lies(9).question(10, 10), "the same size with another root"),
        (409, log.question(5, 5), "a smaller tree"),
        (409, log.question(0, 5), "a smaller tree as if nothing had been seen"),
        (409, lies(0).question(0, 20), "another history from the beginning"),
        (422, own_proof(&lies(9), 10, 20), "another history with a proof of its own"),
        (422, Question { old: 10, proof: log.proof(10, 20), note: lies(9).head(20).note }.text(), "the honest proof under another root"),
        (422, Question { old: 10, proof: log.proof(9, 20), note: log.head(20).note }.text(), "the proof from another size"),
        (422, Question { old: 10, proof: Vec::new(), note: log.head(20).note }.text(), "no proof"),
        (422, Question { old: 10, proof: vec![Hash([0; 32]); 63], note: log.head(20).note }.text(), "a proof of nothing"),
        (422, Question { old: 10, proof: vec![Hash([0; 32])], note: log.head(10).note }.text(), "a proof where there is nothing to prove"),
    ] {
        let (got, _, said) = served.ask(question).await;
        assert_eq!((got, said.contains('—')), (status, false), "{why}");
    }
    let mut longer = log.proof(10, 20);
    longer.push(Hash([9; 32]));
    assert_eq!(served.ask(Question { old: 10, proof: longer, note: log.head(20).note }.text()).await.0, 422);
    assert_eq!(served.witness.seen(ORIGIN).unwrap().unwrap().size, 10);
    assert_eq!(served.ask(log.question(10, 20)).await.0, 200, "the truth is still welcome");
}

#[actix_web::test]
async fn of_two_histories_at_once_one_is_cosigned() {
    let log = Log::honest();
    let served = Served::of(&[log.key.verifier()]);
    assert_eq!(served.ask(log.question(0, 4)).await.0, 200);
    let mut size = 4;
    for round in 0..20u64 {
        let fork = Log { word: "another", from: size, ..Log::honest() };
        let (one, other) = tokio::join!(served.ask(log.question(size, size + 2)), served.ask(fork.question(size, size + 3)));
        let mut statuses = [one.0, other.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "round {round}");
        if other.0 == 200 {
            return;
        }
        size += 2;
    }
}

#[actix_web::test]
async fn what_was_seen_outlives_a_restart_and_what_cannot_be_read_is_not_nothing() {
    let log = Log::honest();
    let Served { folder, handle, witness, .. } = {
        let served = Served::of(&[log.key.verifier()]);
        assert_eq!(served.ask(log.question(0, 10)).await.0, 200);
        served
    };
    let key = witness.key().verifier().to_owned();
    handle.stop(true).await;
    let again = Served::in_folder(folder, &[log.key.verifier()]);
    assert_eq!(again.vkey(), key, "the same witness");
    assert_eq!(again.ask(log.question(0, 5)).await.0, 409);
    let memory = std::fs::read_dir(again.folder.path()).unwrap().map(|file| file.unwrap().path());
    let memory = memory.into_iter().find(|file| file.extension().is_some_and(|name| name == "seen")).unwrap();
    std::fs::write(&memory, "visits.example/anteroom-log\n").unwrap();
    assert_eq!(again.ask(log.question(0, 5)).await.0, 500, "it does not begin from nothing");
}

/// The program `anteroom witness`, which can be killed.
struct Process {
    child: Child,
    at: SocketAddr,
    vkey: String,
}

impl Process {
    fn start(folder: &Path, log: &Log) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_anteroom"))
            .args(["witness", "--name", NAME, "--listen", "127.0.0.1:0", "--log", log.key.verifier(), "--folder"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let at = lines.next().unwrap().trim_start_matches("Listening on http://").parse().unwrap();
        let vkey = lines.nth(1).unwrap();
        Self { child, at, vkey }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Killed between the disk and the answer, or before, or after: what was answered is remembered, and nothing is forked.
#[actix_web::test]
async fn a_witness_that_is_killed_while_it_answers_forgets_nothing() {
    let (log, folder) = (Log::honest(), tempfile::tempdir().unwrap());
    let (mut size, mut unanswered) = (0, 0);
    for round in 0..12u64 {
        let process = Process::start(folder.path(), &log);
        let asked = tokio::spawn({
            let (at, question) = (process.at, log.question(size, size + 3));
            async move {
                reqwest::Client::new()
                    .post(format!("http://{at}/add-checkpoint"))
                    .body(question)
                    .send()
                    .await
                    .is_ok_and(|answer| answer.status() == 200)
            }
        });
        let memory = |at_least: u64| {
            let seen = std::fs::read_dir(folder.path())
                .unwrap()
                .map(|file| file.unwrap().path())
                .find(|file| file.extension().is_some_and(|end| end == "seen"));
            seen.and_then(|file| std::fs::read_to_string(file).ok()?.lines().nth(1)?.parse::<u64>().ok())
                .is_some_and(|size| size >= at_least)
        };
        if round % 2 == 0 {
            // As soon as it is on the disk.
            let remembered = async {
                while !memory(size + 3) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), remembered).await.expect("what is cosigned is remembered");
        } else {
            tokio::time::sleep(Duration::from_micros(300 * round)).await;
        }
        process.kill();
        let answered = asked.await.unwrap();
        assert!(!answered || memory(size + 3), "what was answered is remembered");
        unanswered += u64::from(!answered);
        let process = Process::start(folder.path(), &log);
        let fork = Log { word: "another", from: 0, ..Log::honest() };
        let lied = ask(process.at, fork.question(size, size + 4)).await.0;
        assert!([409, 422].contains(&lied), "{lied}");
        // The way of a client that heard nothing: ask, learn the size, ask again.
        let mut from = size;
        let (mut status, _, mut said) = ask(process.at, log.question(from, size + 3)).await;
        if status == 409 {
            from = said.trim().parse().unwrap();
            (status, _, said) = ask(process.at, log.question(from, size + 3)).await;
        }
        assert_eq!(status, 200, "{said}");
        assert!(
            Head::open(&format!("{}{said}", log.head(size + 3).note), &[log.key.verifier(), &process.vkey]).unwrap().signers.len() == 2
        );
        size += 3;
        process.kill();
    }
    assert!(unanswered > 0, "some were killed before they could answer");
}

impl TestApp {
    async fn signs(&self) -> Head {
        self.app.log.record(&self.app.system(), Event::done(Kind::LogViewed)).await.unwrap();
        self.app.heads.sign_all().await.unwrap().unwrap()
    }
}

async fn our_heads_are_cosigned(app: TestApp, served: Served) {
    let keys = [app.app.heads.key().verifier().to_owned(), served.vkey()];
    let keys = [keys[0].as_str(), keys[1].as_str()];
    let asker = Asker::default();
    assert_eq!(asker.ask_all(&app.app).await.unwrap(), 0, "nothing is signed yet");
    for round in 0..4 {
        let head = app.signs().await;
        // Every other round as after a restart, when the size has to be learnt.
        let fresh = Asker::default();
        let asker = if round % 2 == 0 { &asker } else { &fresh };
        assert_eq!((asker.ask_all(&app.app).await.unwrap(), asker.ask_all(&app.app).await.unwrap()), (1, 0), "once");
        let kept = std::fs::read_to_string(client::file(&app.app)).unwrap();
        let cosigned = Head::open(&kept, &keys).unwrap();
        assert_eq!(
            (cosigned.size, cosigned.root, cosigned.signers.as_slice()),
            (head.size, head.root, &[keys[0].to_owned(), keys[1].to_owned()][..])
        );
        assert!(Head::open(&kept, &keys[..1]).is_ok(), "who knows no witness can read it too");
    }
    app.finish().await;
}

/// A log whose key the witness was told before there is a server.
async fn with_witness(app: TestApp) -> (TestApp, Served) {
    let mut app = app;
    let served = Served::of(&[app.app.heads.key().verifier()]);
    let (url, vkey) = (format!("http://{}", served.at), served.vkey());
    app.restart_with(|config| {
        config.compliance.mail = Some("compliance@clinic.example".to_owned());
        config.outside.witnesses = vec![anteroom::config::WitnessConfig { url, vkey, ca_file: None }];
    })
    .await;
    (app, served)
}

mod heads_are_cosigned {
    use super::*;

    #[actix_web::test]
    async fn sqlite() {
        let (app, served) = with_witness(TestApp::sqlite().await).await;
        our_heads_are_cosigned(app, served).await;
    }

    #[actix_web::test]
    async fn postgres() {
        let (app, served) = with_witness(TestApp::postgres().await).await;
        our_heads_are_cosigned(app, served).await;
    }
}

/// A door with TLS before a witness, with a certificate for `name` that `issuer` signed.
async fn behind_tls(to: SocketAddr, name: &str, issuer: &rcgen::CertifiedIssuer<'static, rcgen::KeyPair>) -> u16 {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let acceptor = anteroom::web::tls::acceptor(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    actix_web::rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            actix_web::rt::spawn(async move {
                // Whoever does not trust the certificate hangs up here.
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = tokio::net::TcpStream::connect(to).await.unwrap();
                let _ended = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    port
}

#[actix_web::test]
async fn a_witness_behind_tls_is_asked_and_one_with_a_strange_certificate_is_not() {
    let mut app = TestApp::sqlite().await;
    let served = Served::of(&[app.app.heads.key().verifier()]);
    let issuer = || {
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        rcgen::CertifiedIssuer::self_signed(parameters, rcgen::KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, other) = (issuer(), issuer());
    let ca_file = app.folder.path().join("ca.pem");
    std::fs::write(&ca_file, ours.as_ref().pem()).unwrap();
    let vkey = served.vkey();
    for (named, signed_by, trusted) in [
        ("localhost", &other, Some(&ca_file)),
        ("witness.elsewhere.example", &ours, Some(&ca_file)),
        // No authority of the system's signed it.
        ("localhost", &ours, None),
        ("localhost", &ours, Some(&ca_file)),
    ] {
        let port = behind_tls(served.at, named, signed_by).await;
        let (url, vkey, ca_file) = (format!("https://localhost:{port}"), vkey.clone(), trusted.cloned());
        app.restart_with(|config| config.outside.witnesses = vec![anteroom::config::WitnessConfig { url, vkey, ca_file }]).await;
        let head = app.signs().await;
        let asked = Asker::default().ask_all(&app.app).await;
        let good = named == "localhost" && std::ptr::eq(signed_by, &ours) && trusted.is_some();
        assert_eq!(asked.is_ok(), good, "{named}: {asked:?}");
        assert_eq!(client::file(&app.app).exists(), good, "a door that is not trusted hears nothing of the log");
        if good {
            let kept = std::fs::read_to_string(client::file(&app.app)).unwrap();
            let cosigned = Head::open(&kept, &[app.app.heads.key().verifier(), &served.vkey()]).unwrap();
            assert_eq!((cosigned.size, cosigned.signers.len()), (head.size, 2));
        }
    }
    app.finish().await;
}

#[actix_web::test]
async fn a_witness_that_saw_more_says_that_the_log_was_cut_off() {
    let (app, served) = with_witness(TestApp::sqlite().await).await;
    let head = app.signs().await;
    let ahead = app.app.heads.key().sign(head.size + 50, Hash([1; 32])).unwrap();
    assert_eq!(served.ask(Question { old: 0, proof: Vec::new(), note: ahead.note }.text()).await.0, 200);
    let said = Asker::default().ask_all(&app.app).await.unwrap_err().to_string();
    assert!(said.contains(&format!("it cosigned {} events", head.size + 50)) && said.contains("cut off"), "{said}");

    let other = served
        .folder
        .path()
        .read_dir()
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|file| file.extension().is_some_and(|end| end == "seen"));
    std::fs::write(other.unwrap(), format!("{}\n{}\n{}\n", head.origin, head.size, "01".repeat(32))).unwrap();
    let said = Asker::default().ask_all(&app.app).await.unwrap_err().to_string();
    assert!(said.contains("another log"), "{said}");
    assert_eq!(Asker::default().ask_all(&app.app).await.unwrap_err().to_string(), said, "it goes on saying so");
    let told = app.number("select count(*) from notice where kind = 'witness_differs'").await;
    assert_eq!(told, 2, "and each thing is told once to whoever answers for compliance");
    assert!(!client::file(&app.app).exists());
    app.finish().await;
}

/// A server that says these bytes to everybody, or one now and then.
fn says(bytes: Vec<u8>, slowly: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _asked = stream.set_read_timeout(Some(Duration::from_millis(200))).and_then(|()| stream.read(&mut [0; 65_536]));
            if !slowly {
                let _gone = stream.write_all(&bytes);
                continue;
            }
            for byte in bytes.iter().cycle() {
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    });
    at
}

#[actix_web::test]
async fn a_witness_that_lies_or_hangs_changes_nothing() {
    let mut app = TestApp::sqlite().await;
    let head = app.signs().await;
    let stranger = Served::of(&[app.app.heads.key().verifier()]);
    let wanted = Served::of(&[]).vkey();
    let (_, _, of_another) = stranger.ask(Question { old: 0, proof: Vec::new(), note: head.note.clone() }.text()).await;
    let answer = |status: &str, kind: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let own_name = of_another.replace(NAME, wanted.split('+').next().unwrap());
    for (bytes, slowly, why) in [
        (Vec::new(), false, "nothing"),
        (b"hello".to_vec(), false, "no HTTP"),
        (answer("200 OK", "text/plain", ""), false, "no signature"),
        (answer("200 OK", "text/plain", &of_another), false, "the signature of another witness"),
        (answer("200 OK", "text/plain", &own_name), false, "the same under its name"),
        (answer("200 OK", "text/plain", &head.note), false, "our own signature"),
        (answer("200 OK", "text/plain", "— a b\n— \n\u{0}\n"), false, "junk"),
        (answer("409 Conflict", "text/x.tlog.size", "-1\n"), false, "a size that is none"),
        (answer("409 Conflict", "text/x.tlog.size", "18446744073709551615\n"), false, "a huge size"),
        (answer("409 Conflict", "text/x.tlog.size", "1\n"), false, "the same size again and again"),
        (answer("409 Conflict", "text/html", "1\n"), false, "a size of another kind"),
        (answer("302 Found\r\nLocation: http://127.0.0.1:1/", "text/plain", ""), false, "somewhere else"),
        (answer("500 Oh", "text/plain", ""), false, "trouble"),
        (vec![b'x'; 200_000], false, "without an end"),
        (answer("200 OK", "text/plain", &"x".repeat(20_000)), true, "a byte now and then"),
    ] {
        let (at, vkey) = (says(bytes, slowly), wanted.clone());
        app.restart_with(|config| {
            config.outside.witnesses = vec![anteroom::config::WitnessConfig { url: format!("http://{at}"), vkey, ca_file: None }]
        })
        .await;
        app.app.heads.sign_all().await.unwrap();
        let asker = Asker::default();
        let (asked, signed) = tokio::join!(tokio::time::timeout(Duration::from_secs(20), asker.ask_all(&app.app)), app.signs());
        assert!(asked.expect("it ends by itself").is_err(), "{why}");
        assert!(signed.size > head.size, "the log goes on");
        assert!(!client::file(&app.app).exists(), "{why}");
        assert_eq!(asker.ask_all(&app.app).await.unwrap(), 0, "it is left alone for a while");
    }
    app.finish().await;
}

#[actix_web::test]
async fn verification_says_what_a_witness_stands_for() {
    let (app, served) = with_witness(TestApp::sqlite().await).await;
    app.signs().await;
    Asker::default().ask_all(&app.app).await.unwrap();
    let (kept, vkey) = (client::file(&app.app), app.app.heads.key().verifier().to_owned());
    app.app.close().await;
    let verify = |witness: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
        command.args(["audit", "verify", "--vkey", &vkey, "--witness", witness, "--known-head"]).arg(&kept);
        let output = command.arg("--config").arg(app.folder.path().join("clinic.toml")).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = verify(&served.vkey());
    assert!(code == Some(0) && said.contains("The witness witness.example/w1 cosigned the head at"), "{said}");
    let (_, said) = verify(&Served::of(&[]).vkey());
    assert!(said.contains("cosigned none"), "{said}");
}
