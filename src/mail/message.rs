//! What a letter says: subject, plain text, simple HTML. Pure.
//!
//! The subject is neutral, and so is all the rest: mail may be read by others. What is put into a sentence is an
//! [`EmailSafe`], and there is no way to make one of a name, a clinician or a reason (EML-01, EML-02). One link, to our own
//! host; no image, nothing from elsewhere (EML-03); no room for promotion (EML-06).

use super::outbox::LetterKind;
use crate::config::{ClinicConfig, Config};
use crate::crypto::token;
use crate::secret::Secret;
use crate::text::Text;
use crate::time::{Timestamp, Zone};
use askama::Template;

/// RFC 5322 wants lines of at most 78.
const LINE_CHARS_MAX: usize = 76;

/// A value that may stand in a mail. Its constructors are the whole list of such values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSafe(String);

impl EmailSafe {
    /// The clinic's name, the neutral one if the clinic has set it.
    pub fn clinic(clinic: &ClinicConfig) -> Self {
        Self(clinic.mail_name().to_owned())
    }

    pub fn phone(clinic: &ClinicConfig) -> Self {
        Self(clinic.phone.clone())
    }

    pub fn emergency_phone(clinic: &ClinicConfig) -> Self {
        Self(clinic.emergency_phone.clone())
    }

    /// How long before its start a visit may be opened.
    pub fn opens_before(config: &Config) -> Self {
        Self(config.links.opens_before_minutes.to_string())
    }

    /// When a visit is. For patients who agreed to that in mails only (PRV-08).
    pub fn when(t: Text, at: Timestamp, zone: Zone) -> Self {
        Self(t.when(at, zone))
    }

    /// The visit link. `None` for anything that cannot be a link token.
    pub fn link(config: &Config, token: &Secret<String>) -> Option<Self> {
        let token = token.reveal();
        let of_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = !token.is_empty() && token.len() <= token::TOKEN_CHARS_MAX && token.bytes().all(of_token);
        fits.then(|| Self(format!("{}/v#{token}", config.base_url)))
    }

    /// Where a code is typed: an address without a scheme, so that it is read and not followed.
    pub fn join_address(config: &Config) -> Self {
        Self(format!("{}/join", host(config)))
    }

    /// A join code in two halves, as it is easier to type. `None` for anything else.
    pub fn join_code(code: &Secret<String>) -> Option<Self> {
        let code = token::read_join_code(code.reveal())?;
        let (first, second) = code.reveal().split_at(5);
        Some(Self(format!("{first}-{second}")))
    }

    /// The address of a link, for the one place that sets one.
    fn text(&self) -> &str {
        &self.0
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
    Said(String),
    Link { label: String, address: String },
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    language: &'static str,
    subject: &'a str,
    parts: &'a [Part],
}

/// Write the letter.
pub fn write(t: Text, content: &Content) -> Message {
    let subject = t.say(&format!("mail-subject-{}", content.kind.word().replace('_', "-")));
    let parts = parts(t, content);
    let paragraphs: Vec<String> = parts.iter().map(Part::plain).collect();
    let text = format!("{}\n", paragraphs.join("\n\n"));
    let html = Html { language: t.language(), subject: &subject, parts: &parts };
    let html = html.render().expect("a template without conditions of its own renders into memory");
    Message { subject, text, html }
}

fn parts(t: Text, content: &Content) -> Vec<Part> {
    let said = |name: &str, values: &[(&str, &EmailSafe)]| Part::Said(say(t, name, values));
    let mut parts = vec![opening(t, content)];
    if let Some(Invitation { link, join_address, join_code }) = &content.invitation {
        parts.push(said("mail-link-before", &[("minutes", &content.opens_before)]));
        parts.push(Part::Link { label: t.say("mail-link-label"), address: link.text().to_owned() });
        parts.push(said("mail-code", &[("address", join_address)]));
        parts.push(said("mail-code-itself", &[("code", join_code)]));
        parts.push(said("mail-asked", &[]));
        parts.push(said("mail-keep", &[]));
    }
    parts.push(said("mail-questions", &[("clinic", &content.clinic), ("phone", &content.phone)]));
    parts.push(said("mail-emergency", &[("phone", &content.emergency_phone)]));
    parts.push(said("mail-stop", &[("phone", &content.phone)]));
    parts
}

/// The first sentence: what this letter is about, with the time if the patient wants times in mails.
fn opening(t: Text, content: &Content) -> Part {
    let kind = content.kind.word().replace('_', "-");
    Part::Said(match &content.when {
        Some(when) => say(t, &format!("mail-{kind}-at"), &[("when", when)]),
        None => say(t, &format!("mail-{kind}"), &[]),
    })
}

/// The only way a value gets into a sentence of a letter.
fn say(t: Text, name: &str, values: &[(&str, &EmailSafe)]) -> String {
    let values: Vec<(&str, &dyn std::fmt::Display)> =
        values.iter().map(|(key, value)| (*key, &value.0 as &dyn std::fmt::Display)).collect();
    t.with_all(name, &values)
}

impl Part {
    fn plain(&self) -> String {
        match self {
            Part::Said(sentence) => wrapped(sentence),
            // Broken in two, a link is none.
            Part::Link { address, .. } => address.clone(),
        }
    }
}

/// Lines as short as mail likes them, so that no mail program breaks or encodes them.
fn wrapped(sentence: &str) -> String {
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
            assert_eq!(message.html.matches("<a ").count(), links);
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
    fn only_a_token_can_be_a_link_and_only_a_code_a_code() {
        for text in ["", "Maria Gonzalez", "a/b", "a\r\nb", &"a".repeat(101)] {
            assert_eq!(EmailSafe::link(&config(), &Secret::new((*text).to_owned())), None, "{text:?}");
            assert_eq!(EmailSafe::join_code(&Secret::new((*text).to_owned())), None, "{text:?}");
        }
    }
}
