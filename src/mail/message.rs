//! What a letter says: subject, plain text, simple HTML. Pure.
//!
//! The subject is neutral, and so is all the rest: mail may be read by others. What is put into a sentence is an
//! [`EmailSafe`], and there is no way to make one of a name, a clinician or a reason (EML-01, EML-02). One link, to our own
//! host, besides numbers that a phone can dial; no image, nothing from elsewhere (EML-03); no room for promotion (EML-06).

use super::outbox::LetterKind;
use crate::config::{ClinicConfig, Config};
use crate::crypto::token;
use crate::secret::Secret;
use crate::text::{LANGUAGES, Text};
use crate::time::{Timestamp, Zone};
use askama::Template;

/// RFC 5322 wants lines of at most 78.
const LINE_CHARS_MAX: usize = 76;

/// A value that may stand in a mail. Its constructors are the whole list of such values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSafe {
    text: String,
    look: Look,
}

/// How a value stands in the HTML of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// What the reader looks for: when it is.
    Strong,
    /// A number that can be tapped.
    Phone,
}

impl EmailSafe {
    /// The clinic's name, the neutral one if the clinic has set it.
    pub fn clinic(clinic: &ClinicConfig) -> Self {
        Self::plain(clinic.mail_name())
    }

    pub fn phone(clinic: &ClinicConfig) -> Self {
        Self { text: clinic.phone.clone(), look: Look::Phone }
    }

    pub fn emergency_phone(clinic: &ClinicConfig) -> Self {
        Self { text: clinic.emergency_phone.clone(), look: Look::Phone }
    }

    /// How long before its start a visit may be opened.
    pub fn opens_before(config: &Config) -> Self {
        Self::plain(config.links.opens_before_minutes.to_string())
    }

    /// When a visit is. For patients who agreed to that in mails only (PRV-08).
    pub fn when(t: Text, at: Timestamp, zone: Zone) -> Self {
        Self { text: t.when(at, zone), look: Look::Strong }
    }

    /// The visit link. `None` for anything that cannot be a link token.
    pub fn link(config: &Config, token: &Secret<String>) -> Option<Self> {
        let token = token.reveal();
        let of_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = !token.is_empty() && token.len() <= token::TOKEN_CHARS_MAX && token.bytes().all(of_token);
        fits.then(|| Self::plain(format!("{}/v#{token}", config.base_url)))
    }

    /// Where a code is typed: an address without a scheme, so that it is read and not followed.
    pub fn join_address(config: &Config) -> Self {
        Self::plain(format!("{}/join", host(config)))
    }

    /// A join code in two halves, as it is easier to type. `None` for anything else.
    pub fn join_code(code: &Secret<String>) -> Option<Self> {
        let code = token::read_join_code(code.reveal())?;
        let (first, second) = code.reveal().split_at(5);
        Some(Self::plain(format!("{first}-{second}")))
    }

    /// The address of a link, for the one place that sets one.
    fn text(&self) -> &str {
        &self.text
    }

    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), look: Look::Plain }
    }

    fn piece(&self) -> Piece {
        let shown = self.text.clone();
        match (self.look, dialled(&shown)) {
            (Look::Strong, _) => Piece::Strong(shown),
            (Look::Phone, Some(digits)) => Piece::Phone { shown, digits },
            _ => Piece::Plain(shown),
        }
    }
}

/// All that one letter may say.
#[derive(Debug, Clone)]
pub struct Content {
    pub kind: LetterKind,
    pub clinic: EmailSafe,
    pub phone: EmailSafe,
    pub emergency_phone: EmailSafe,
    pub opens_before: EmailSafe,
    pub when: Option<EmailSafe>,
    pub invitation: Option<Invitation>,
}

/// The ways into the visit.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub link: EmailSafe,
    pub join_address: EmailSafe,
    pub join_code: EmailSafe,
}

/// A written letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// One paragraph.
enum Part {
    Said(Vec<Piece>),
    /// The same in a language that need not be the letter's.
    SaidIn(&'static str, Vec<Piece>),
    /// The one thing to press.
    Link {
        label: String,
        address: String,
    },
    /// Something to read off and type.
    Code(String),
}

/// A stretch of a sentence.
enum Piece {
    Plain(String),
    Strong(String),
    Phone { shown: String, digits: String },
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    language: &'static str,
    direction: &'a str,
    subject: &'a str,
    /// What it is about, and the way in.
    parts: &'a [Part],
    /// Whom to call.
    help: &'a [Part],
}

/// Write the letter.
pub fn write(t: Text, content: &Content) -> Message {
    let subject = t.say(&format!("mail-subject-{}", kind(content)));
    let (parts, help) = (parts(t, content), help(t, content));
    let paragraphs: Vec<String> = parts.iter().chain(&help).map(Part::plain).collect();
    let text = format!("{}\n", paragraphs.join("\n\n"));
    let html = Html { language: t.language(), direction: &t.direction(), subject: &subject, parts: &parts, help: &help };
    let html = html.render().expect("a template without conditions of its own renders into memory");
    Message { subject, text, html }
}

fn parts(t: Text, content: &Content) -> Vec<Part> {
    let mut parts = vec![opening(t, content)];
    if let Some(Invitation { link, join_address, join_code }) = &content.invitation {
        parts.push(say(t, "mail-link-before", &[("minutes", &content.opens_before)]));
        parts.push(Part::Link { label: t.say("mail-link-label"), address: link.text().to_owned() });
        parts.push(say(t, "mail-asked", &[]));
        parts.push(say(t, "mail-keep", &[]));
        parts.push(say(t, "mail-code", &[("address", join_address)]));
        parts.push(Part::Code(join_code.text().to_owned()));
    }
    parts
}

fn help(t: Text, content: &Content) -> Vec<Part> {
    let mut help = vec![
        say(t, "mail-emergency", &[("phone", &content.emergency_phone)]),
        say(t, "mail-questions", &[("clinic", &content.clinic), ("phone", &content.phone)]),
        say(t, "mail-stop", &[("phone", &content.phone)]),
    ];
    // Whoever cannot read this letter finds a line that they can (ACC-09).
    let free_help = |code: &&'static str| Part::SaidIn(code, pieces(Text::of(code), "mail-language-help", &[("phone", &content.phone)]));
    help.extend(LANGUAGES.iter().map(free_help));
    help
}

/// The first sentence: what this letter is about, with the time if the patient wants times in mails.
fn opening(t: Text, content: &Content) -> Part {
    match &content.when {
        Some(when) => say(t, &format!("mail-{}-at", kind(content)), &[("when", when)]),
        None => say(t, &format!("mail-{}", kind(content)), &[]),
    }
}

/// The kind of letter as it stands in the names of texts.
fn kind(content: &Content) -> String {
    content.kind.word().replace('_', "-")
}

fn say(t: Text, name: &str, values: &[(&str, &EmailSafe)]) -> Part {
    Part::Said(pieces(t, name, values))
}

/// The only way a value gets into a sentence of a letter. The sentence is written around marks of no language, and taken
/// apart at them, so that each value can have its look.
fn pieces(t: Text, name: &str, values: &[(&str, &EmailSafe)]) -> Vec<Piece> {
    let marks: Vec<char> = ('\u{E000}'..).take(values.len()).collect();
    let marked: Vec<(&str, &dyn std::fmt::Display)> =
        values.iter().zip(&marks).map(|((key, _), mark)| (*key, mark as &dyn std::fmt::Display)).collect();
    let mut pieces = Vec::new();
    let mut plain = String::new();
    for letter in t.with_all(name, &marked).chars() {
        match marks.iter().position(|mark| *mark == letter) {
            Some(at) => pieces.extend([Piece::Plain(std::mem::take(&mut plain)), values[at].1.piece()]),
            None => plain.push(letter),
        }
    }
    pieces.push(Piece::Plain(plain));
    pieces
}

/// What a phone dials (RFC 3966). `None` for a number with words in it, of an extension say: better none than a wrong one.
fn dialled(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(|c| !c.is_whitespace() && !"-.()".contains(*c)).collect();
    let plain = digits.strip_prefix('+').unwrap_or(&digits);
    (!plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

impl Part {
    fn plain(&self) -> String {
        match self {
            Part::Said(pieces) | Part::SaidIn(_, pieces) => wrapped(&pieces.iter().map(Piece::plain).collect::<String>()),
            // Broken in two, a link is none.
            Part::Link { address, .. } => address.clone(),
            Part::Code(code) => code.clone(),
        }
    }
}

impl Piece {
    fn plain(&self) -> &str {
        match self {
            Piece::Plain(text) | Piece::Strong(text) | Piece::Phone { shown: text, .. } => text,
        }
    }
}

/// Lines as short as mail likes them, so that no mail program breaks or encodes them.
pub(super) fn wrapped(sentence: &str) -> String {
    let mut lines = vec![String::new()];
    for word in sentence.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE_CHARS_MAX => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// The domain of our own address, without a port.
pub fn domain(config: &Config) -> &str {
    let host = host(config);
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// The host that people type, with its port if it has one.
fn host(config: &Config) -> &str {
    config.base_url.split_once("://").map_or("", |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::parse(
            r#"
            base_url = "https://visits.clinic.example"
            listen = ["127.0.0.1:8080"]
            data_dir = "data"
            root_key_file = "keys/root.key"
            [clinic]
            name = "Riverside Oncology"
            neutral_name = "Riverside <Clinic> & Co"
            zone = "America/New_York"
            phone = "555 0100"
            "#,
        )
        .expect("a configuration")
    }

    fn content(kind: LetterKind) -> Content {
        let (config, t) = (config(), Text::of("en"));
        let (token, code) = (Secret::new("a".repeat(67)), Secret::new("0123456789".to_owned()));
        let invitation = Invitation {
            link: EmailSafe::link(&config, &token).expect("a token"),
            join_address: EmailSafe::join_address(&config),
            join_code: EmailSafe::join_code(&code).expect("a code"),
        };
        Content {
            kind,
            clinic: EmailSafe::clinic(&config.clinic),
            phone: EmailSafe::phone(&config.clinic),
            emergency_phone: EmailSafe::emergency_phone(&config.clinic),
            opens_before: EmailSafe::opens_before(&config),
            when: Some(EmailSafe::when(t, Timestamp(1_795_447_800_000), config.clinic.zone)),
            invitation: (kind != LetterKind::Cancelled).then_some(invitation),
        }
    }

    #[test]
    fn every_letter_has_all_its_sentences() {
        for kind in LetterKind::ALL {
            for when in [true, false] {
                let content = Content { when: content(kind).when.filter(|_| when), ..content(kind) };
                let message = write(Text::of("en"), &content);
                for said in [&message.subject, &message.text, &message.html] {
                    assert!(!said.contains("mail-"), "{kind:?}: {said}");
                    assert!(!said.contains("{ $"), "{kind:?}: {said}");
                    assert!(!said.contains("{$"), "{kind:?}: {said}");
                }
                assert_eq!(message.html.contains("New York time"), when, "times stand in it only when agreed: {}", message.text);
                assert!(message.text.contains("555 0100") && message.text.contains("911"));
            }
        }
    }

    #[test]
    fn a_letter_holds_one_link_to_our_own_host_and_nothing_from_elsewhere() {
        for kind in LetterKind::ALL {
            let message = write(Text::of("en"), &content(kind));
            let links = usize::from(kind != LetterKind::Cancelled);
            for said in [&message.text, &message.html] {
                assert_eq!(said.matches("://").count(), links, "{said}");
                assert_eq!(said.matches("https://visits.clinic.example/v#").count(), links, "{said}");
            }
            assert_eq!(message.html.matches("href=\"https:").count(), links);
            assert_eq!(message.html.matches("<a ").count() - links, message.html.matches("href=\"tel:").count(), "and numbers to dial");
            for active in ["<img", "<script", "<link", "url(", "src="] {
                assert!(!message.html.contains(active), "{active} in {}", message.html);
            }
            assert!(!message.text.contains("Oncology") && !message.html.contains("Oncology"), "the neutral name alone");
        }
    }

    #[test]
    fn what_a_clinic_calls_itself_cannot_become_markup() {
        assert!(!write(Text::of("en"), &content(LetterKind::Booked)).html.contains("<Clinic>"));
    }

    #[test]
    fn a_number_is_dialled_as_it_is_written_or_not_at_all() {
        assert_eq!(dialled("+1 (555) 010-0142").as_deref(), Some("+15550100142"));
        assert_eq!(dialled("911").as_deref(), Some("911"));
        for text in ["", "+", "555 0100 ext. 7", "5+5", "555 0100 or 555 0101", "javascript:alert(1)"] {
            assert_eq!(dialled(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_token_can_be_a_link_and_only_a_code_a_code() {
        for text in ["", "Maria Gonzalez", "a/b", "a\r\nb", &"a".repeat(101)] {
            assert_eq!(EmailSafe::link(&config(), &Secret::new((*text).to_owned())), None, "{text:?}");
            assert_eq!(EmailSafe::join_code(&Secret::new((*text).to_owned())), None, "{text:?}");
        }
    }
}
