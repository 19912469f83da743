//! Reading a delivery report: the mail by which a mail server says what became of one of ours (RFC 3464, RFC 6522). Pure.
//!
//! Anybody can send one, so it is hostile input: everything has a limit, whatever is ambiguous is refused, and nothing of it
//! is kept but a verdict and the Message-ID that it names.

use std::collections::HashMap;

/// The longest report that is read. One returns our whole letter at most, which has a tenth of this.
pub const REPORT_BYTES_MAX: usize = 256 * 1024;
const HEADERS_MAX: usize = 200;
const HEADER_BYTES_MAX: usize = 8 * 1024;
const PARTS_MAX: usize = 10;
const RECIPIENTS_MAX: usize = 10;
/// RFC 2046, 5.1.1.
const BOUNDARY_CHARS_MAX: usize = 70;

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The Message-ID of the letter that it is about, without brackets.
    pub message_id: String,
    /// True if every mailbox it names will never get the letter: `Action: failed` with a status of class 5.
    pub is_final: bool,
}

/// Why a mail is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoReport {
    #[error("it is longer than any report")]
    TooLong,
    #[error("it is not a delivery report")]
    OtherMail,
    #[error("a part of it is missing, or there twice")]
    Parts,
    #[error("it does not name the letter that it is about")]
    NoLetter,
}

/// Read a whole mail.
pub fn read(mail: &[u8]) -> Result<Report, NoReport> {
    if mail.len() > REPORT_BYTES_MAX {
        return Err(NoReport::TooLong);
    }
    let text = String::from_utf8_lossy(mail);
    let lines: Vec<&str> = text.lines().collect();
    // The line that a mailbox begins a mail with is put before it by many mail systems.
    let lines = if lines.first().is_some_and(|line| line.starts_with("From ")) { &lines[1..] } else { &lines };
    let (headers, body) = headers(lines).ok_or(NoReport::OtherMail)?;
    let kind = headers.only("content-type").map(|kind| ContentType::read(kind)).ok_or(NoReport::OtherMail)?;
    let is_report = kind.name == "multipart/report" && kind.value("report-type").eq_ignore_ascii_case("delivery-status");
    let boundary = kind.value("boundary");
    if !is_report || boundary.is_empty() || boundary.len() > BOUNDARY_CHARS_MAX {
        return Err(NoReport::OtherMail);
    }
    let parts = parts(body, boundary)?;
    let status = the_one(&parts, &["message/delivery-status", "message/global-delivery-status"])?;
    let letter = the_one(&parts, &["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"])?;
    let (letter, _) = self::headers(letter).ok_or(NoReport::NoLetter)?;
    let message_id = letter.only("message-id").map(|id| id.trim()).ok_or(NoReport::NoLetter)?;
    let message_id = message_id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).ok_or(NoReport::NoLetter)?;
    Ok(Report { message_id: message_id.to_owned(), is_final: is_final(status)? })
}

/// The fields of the mailboxes come in groups behind those of the whole report, a blank line before each.
fn is_final(status: &[&str]) -> Result<bool, NoReport> {
    let groups = status.split(|line| line.trim().is_empty()).filter(|group| !group.is_empty());
    let mailboxes: Vec<Headers> = groups.filter_map(fields).filter(|group| group.only("final-recipient").is_some()).collect();
    if mailboxes.is_empty() || mailboxes.len() > RECIPIENTS_MAX {
        return Err(NoReport::Parts);
    }
    Ok(mailboxes.iter().all(|mailbox| {
        let failed = mailbox.only("action").is_some_and(|action| action.trim().eq_ignore_ascii_case("failed"));
        failed && mailbox.only("status").is_some_and(|status| status.trim().starts_with("5."))
    }))
}

/// Names in lower case, with every value that stood behind them.
#[derive(Debug, Default)]
struct Headers(HashMap<String, Vec<String>>);

impl Headers {
    /// The value of a header that is there once. One that is there twice says nothing that could be relied on.
    fn only(&self, name: &str) -> Option<&String> {
        match self.0.get(name).map(Vec::as_slice) {
            Some([value]) => Some(value),
            _ => None,
        }
    }
}

/// The headers at the top, and the lines below them.
fn headers<'a, 'b>(lines: &'a [&'b str]) -> Option<(Headers, &'a [&'b str])> {
    let end = lines.iter().position(|line| line.is_empty()).unwrap_or(lines.len());
    Some((fields(&lines[..end])?, lines.get(end + 1..).unwrap_or_default()))
}

/// Fields, each in one line or going on in lines that begin with a space. `None` when that is not what it is.
fn fields(lines: &[&str]) -> Option<Headers> {
    let mut unfolded: Vec<String> = Vec::new();
    for line in lines {
        match line.starts_with([' ', '\t']) {
            true => unfolded.last_mut()?.push_str(line),
            false => unfolded.push((*line).to_owned()),
        }
        if unfolded.len() > HEADERS_MAX || unfolded.last()?.len() > HEADER_BYTES_MAX {
            return None;
        }
    }
    let mut headers = Headers::default();
    for line in &unfolded {
        let (name, value) = line.split_once(':')?;
        headers.0.entry(name.trim_end().to_ascii_lowercase()).or_default().push(value.trim().to_owned());
    }
    Some(headers)
}

/// `multipart/report; report-type=delivery-status; boundary="x"`.
#[derive(Debug)]
struct ContentType {
    name: String,
    parameters: HashMap<String, String>,
}

impl ContentType {
    fn read(value: &str) -> Self {
        let mut pieces = pieces(value).into_iter();
        let name = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameter = |piece: String| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned()))
        };
        Self { name, parameters: pieces.filter_map(parameter).collect() }
    }

    fn value(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// Cut at semicolons, but not inside quotes.
fn pieces(value: &str) -> Vec<String> {
    let (mut pieces, mut quoted) = (vec![String::new()], false);
    for letter in value.chars() {
        quoted ^= letter == '"';
        match pieces.last_mut() {
            Some(piece) if letter != ';' || quoted => piece.push(letter),
            _ => pieces.push(String::new()),
        }
    }
    pieces
}

/// A part of the report: its content type and the lines below its headers.
struct Part<'a, 'b> {
    kind: String,
    lines: &'a [&'b str],
}

fn parts<'a, 'b>(body: &'a [&'b str], boundary: &str) -> Result<Vec<Part<'a, 'b>>, NoReport> {
    let (between, last) = (format!("--{boundary}"), format!("--{boundary}--"));
    let end = body.iter().position(|line| line.trim_end() == last).unwrap_or(body.len());
    // What stands before the first boundary is nobody's.
    let cut: Vec<&[&str]> = body[..end].split(|line| line.trim_end() == between).skip(1).collect();
    if cut.is_empty() || cut.len() > PARTS_MAX {
        return Err(NoReport::Parts);
    }
    cut.into_iter()
        .map(|lines| {
            let (headers, lines) = headers(lines).ok_or(NoReport::Parts)?;
            let kind = headers.only("content-type").map(|kind| ContentType::read(kind).name).unwrap_or_default();
            // These parts are plain by their standard. One that is not is none that we sent.
            let encoding = headers.only("content-transfer-encoding").map(|encoding| encoding.to_ascii_lowercase());
            let plain = encoding.is_none_or(|encoding| ["7bit", "8bit", "binary"].contains(&encoding.as_str()));
            Ok(Part { kind: if plain { kind } else { String::new() }, lines })
        })
        .collect()
}

/// The lines of the only part of these kinds.
fn the_one<'a, 'b>(parts: &[Part<'a, 'b>], kinds: &[&str]) -> Result<&'a [&'b str], NoReport> {
    let mut found = parts.iter().filter(|part| kinds.contains(&part.kind.as_str()));
    match (found.next(), found.next()) {
        (Some(part), None) => Ok(part.lines),
        _ => Err(NoReport::Parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, proptest};

    const STATUS: &str = "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; maria@example.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n no such user\n";
    const LETTER: &str = "From: visits@clinic.example\nMessage-ID: <0123@clinic.example>\nSubject: x\n\nbody\n--not-a-boundary\n";

    fn report(status: &str, letter: &str) -> String {
        format!(
            "From MAILER-DAEMON Mon Nov 23\nFrom: postmaster@mx.example\nContent-Type: multipart/report; report-type=delivery-status;\n boundary=\"b;1\"\n\npreamble\n--b;1\nContent-Type: text/plain\n\nSorry.\n--b;1\nContent-Type: message/delivery-status\n\n{status}\n--b;1\nContent-Type: message/rfc822\n\n{letter}\n--b;1--\n"
        )
    }

    fn said(status: &str) -> Option<bool> {
        read(report(status, LETTER).as_bytes()).ok().map(|report| report.is_final)
    }

    #[test]
    fn a_report_names_its_letter_and_whether_it_is_final() {
        let whole = read(report(STATUS, LETTER).as_bytes()).expect("a report");
        assert_eq!(whole, Report { message_id: "0123@clinic.example".into(), is_final: true });
        assert_eq!(read(report(STATUS, LETTER).replace('\n', "\r\n").as_bytes()), Ok(whole.clone()));
        let headers_only = report(STATUS, LETTER).replace("message/rfc822", "text/rfc822-headers");
        assert_eq!(read(headers_only.as_bytes()), Ok(whole));
    }

    #[test]
    fn only_a_failure_of_every_mailbox_that_lasts_is_final() {
        assert_eq!(said(&STATUS.replace("failed", "delayed")), Some(false));
        assert_eq!(said(&STATUS.replace("5.1.1\nDiag", "4.2.2\nDiag")), Some(false));
        assert_eq!(said(&STATUS.replace("failed", "delivered").replace("5.1.1\nDiag", "2.0.0\nDiag")), Some(false));
        let other = "\nFinal-Recipient: rfc822; other@example.test\nAction: delivered\nStatus: 2.0.0\n";
        assert_eq!(said(&format!("{STATUS}{other}")), Some(false));
        assert_eq!(said(&format!("{STATUS}{}", other.replace("delivered", "failed").replace("2.0.0", "5.0.0"))), Some(true));
    }

    #[test]
    fn whatever_is_not_clear_is_refused() {
        let whole = report(STATUS, LETTER);
        for (wrong, why) in [
            (String::new(), NoReport::OtherMail),
            (LETTER.to_owned(), NoReport::OtherMail),
            (whole.replace("report-type=delivery-status;", "report-type=feedback-report;"), NoReport::OtherMail),
            (whole.replace("multipart/report", "multipart/mixed"), NoReport::OtherMail),
            (whole.replace("b;1\"", &format!("{}\"", "b".repeat(71))), NoReport::OtherMail),
            (whole.replace("message/delivery-status", "text/plain"), NoReport::Parts),
            (whole.replace("text/plain", "message/delivery-status"), NoReport::Parts),
            (whole.replace("text/plain", "message/rfc822"), NoReport::Parts),
            (whole.replace("Final-Recipient", "X-Recipient"), NoReport::Parts),
            (
                whole.replace("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64\nContent-Type: message/rfc822"),
                NoReport::Parts,
            ),
            (report(&"\nFinal-Recipient: x\nAction: failed\nStatus: 5.0.0\n".repeat(11), LETTER), NoReport::Parts),
            (report(STATUS, &format!("{LETTER}{}", "\n--b;1\nA: b\n".repeat(11))), NoReport::Parts),
            (report(STATUS, "Subject: x\n"), NoReport::NoLetter),
            (report(STATUS, &format!("Message-ID: <1@x>\n{LETTER}")), NoReport::NoLetter),
            (report(STATUS, "Message-ID: 0123@clinic.example\n"), NoReport::NoLetter),
            (report(STATUS, &"X: y\n".repeat(201)), NoReport::NoLetter),
            (report(STATUS, &format!("X: {}\n", "y".repeat(9_000))), NoReport::NoLetter),
            ("x".repeat(REPORT_BYTES_MAX + 1), NoReport::TooLong),
        ] {
            assert_eq!(read(wrong.as_bytes()), Err(why), "{}", &wrong[..wrong.len().min(600)]);
        }
    }

    proptest! {
        #[test]
        fn no_mail_makes_the_reader_stumble(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn no_damage_to_a_report_makes_the_reader_stumble(at in 0usize..600, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..8)) {
            let mut mail = report(STATUS, LETTER).into_bytes();
            let at = at.min(mail.len());
            let end = (at + bytes.len()).min(mail.len());
            mail.splice(at..end, bytes);
            let _whatever_it_is = read(&mail);
        }
    }
}
