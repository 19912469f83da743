//! The letters as a mail program shows them: read aloud in their language, large, and in the dark (ACC-01). What stands in them, and that
//! the plain text says the same, is in `tests/it/letters.rs`.

use std::path::Path;

use base64::Engine;

use crate::support::browser::{Browser, View};
use crate::support::server::Demo;

/// A mail program has its own frame around a letter.
const RULES_OF_PAGES: &[&str] = &["landmark-one-main", "region"];

#[tokio::test]
async fn a_letter_is_open_to_everyone_in_both_languages() {
    let demo = Demo::start();
    let desk = demo.signed_in("scheduler").await;
    desk.cancel_first_visit().await;
    desk.book_for_new_patient_in("es", &demo).await;
    let mut complaints = Vec::new();
    for (email, language) in [("maria@patients.example", "en"), ("nora@patients.example", "es")] {
        let letters = letters_to(email, &demo.told.mail_dir);
        assert!(!letters.is_empty(), "a letter to {email}");
        for (number, html) in letters.iter().enumerate() {
            let address = base64::prelude::BASE64_STANDARD.encode(html);
            desk.goto(&format!("data:text/html;charset=utf-8;base64,{address}")).await;
            complaints.extend(look(&desk, &format!("letter-{language}-{number}"), language).await);
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    desk.finish().await;
}

async fn look(browser: &Browser, letter: &str, language: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (view, name) in [(View::Phone, "phone"), (View::DesktopDark, "dark"), (View::Zoomed(4), "400"), (View::Desktop, "desktop")] {
        browser.look_at(view).await;
        browser.shot(&format!("{letter}-{name}")).await;
        let found =
            [browser.complaints_without(RULES_OF_PAGES).await, browser.cut_off().await, browser.badly_named(language).await].concat();
        wrong.extend(found.into_iter().map(|what| format!("{letter} ({name}): {what}")));
    }
    // Programs that show a letter inside of their own page keep only what is in its body.
    let spoken: String = browser.ask("languageOf", serde_json::json!(["body > *"])).await.unwrap();
    if spoken != language {
        wrong.push(format!("{letter}: without its frame its language is \"{spoken}\""));
    }
    wrong
}

/// The HTML of every letter to that address.
fn letters_to(email: &str, folder: &Path) -> Vec<String> {
    let mails = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    mails.filter(|mail| mail.contains(&format!("To: {email}"))).map(|mail| html_of(&mail)).collect()
}

fn html_of(mail: &str) -> String {
    let (_, part) = mail.split_once("Content-Type: text/html").expect("a letter has a part in HTML");
    let (headers, rest) = part.split_once("\r\n\r\n").expect("its headers end");
    let body = rest.split("\r\n--").next().unwrap();
    if headers.contains("quoted-printable") { unquoted(body) } else { body.to_owned() }
}

/// RFC 2045, 6.7.
fn unquoted(body: &str) -> String {
    let mut bytes = Vec::new();
    let mut pieces = body.split('=');
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        if let Some(rest) = piece.strip_prefix("\r\n") {
            bytes.extend_from_slice(rest.as_bytes());
        } else {
            bytes.push(u8::from_str_radix(&piece[..2], 16).expect("two hexadecimal digits"));
            bytes.extend_from_slice(&piece.as_bytes()[2..]);
        }
    }
    String::from_utf8(bytes).expect("a letter is UTF-8")
}
