//! Which code was served is in the log from each start on, and on the page that tells about the program (RTC-09).

use crate::on_both;
use crate::support::TestApp;
use anteroom::server::record_code;
use anteroom::web::assets::{Manifest, url};
use std::collections::BTreeSet;

/// A build that would serve these files.
fn build(files: &[(&'static str, &'static [u8])]) -> &'static Manifest {
    Box::leak(Box::new(Manifest::of(files.iter().copied())))
}

on_both! {
    async fn a_changed_file_has_another_hash_in_the_event_of_the_start(app: TestApp) {
        let [before, after] = [b"call()".as_slice(), b"call(); spy()"].map(|script| build(&[("call.js", script), ("base.css", b"a { }")]));
        record_code(&app.app, before).await.unwrap();
        record_code(&app.app, after).await.unwrap();
        record_code(&app.app, before).await.unwrap();
        let events = app.events("code.served").await;
        let of = |n: usize, fact: &str| events[n]["details"][fact].clone();
        assert_ne!(of(0, "sha256"), of(1, "sha256"), "one file is another");
        assert_eq!((of(0, "sha256"), of(0, "files")), (of(2, "sha256"), of(2, "files")), "the same again");
        let lines = |n: usize| -> BTreeSet<String> { of(n, "files").as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect() };
        let changed: Vec<String> = lines(1).difference(&lines(0)).cloned().collect();
        assert_eq!(changed.len(), 1, "which file it was can be told");
        assert!(changed[0].ends_with("  call.js"));
        assert_eq!(of(0, "program").as_str().map(str::len), Some(64), "the program's own hash");
        app.finish().await;
    }
}

on_both! {
    async fn the_page_about_the_program_shows_what_the_log_holds_and_what_it_does_not_prove(app: TestApp) {
        record_code(&app.app, Manifest::compiled_in()).await.unwrap();
        let event = &app.events("code.served").await[0]["details"];
        let page = app.browser().text("/about").await;
        for fact in ["sha256", "program"] {
            assert!(page.contains(event[fact].as_str().unwrap()), "{fact}: {page}");
        }
        let files = event["files"].as_array().unwrap();
        assert!(files.len() > 30 && files.iter().all(|line| page.contains(line.as_str().unwrap())), "every file");
        assert!(page.contains("They do not prove what your browser got"), "{page}");
        let style = page.split("/static/").nth(1).unwrap();
        assert!(event["sha256"].as_str().unwrap().starts_with(&style[..16]), "the addresses of files bear the same hash");
        app.finish().await;
    }
}

#[test]
fn the_hash_is_that_of_the_lines_as_sha256sum_prints_them() {
    let manifest = Manifest::of([("b.js", b"two".as_slice()), ("a.css", b"one".as_slice())]);
    // printf 'one' | sha256sum, and so on.
    let one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  a.css";
    let two = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  b.js";
    assert_eq!(manifest.lines(), [one, two]);
    assert_eq!(manifest.hash(), anteroom::crypto::sha256(format!("{one}\n{two}\n").as_bytes()));
}

on_both! {
    async fn compiled_code_may_run_in_the_worker_that_blurs_a_background_and_nowhere_else(app: TestApp) {
        let browser = app.browser();
        let worker = "calls/background/worker.js";
        let files = Manifest::compiled_in().lines().iter().map(|line| line.split_once("  ").unwrap().1);
        let mut allowed = Vec::new();
        for path in files.map(url).chain(["/sign-in", "/v", "/join", "/no-such-page", "/static/0/elsewhere/calls/background/worker.js"].map(str::to_owned)) {
            let answer = browser.get(&path).await;
            let policy = answer.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            if policy.contains("wasm") {
                allowed.push(path);
            }
        }
        assert_eq!(allowed, [url(worker)]);
        app.finish().await;
    }
}
