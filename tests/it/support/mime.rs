//! Reading a mail back, by no code of the product: headers, parts, and what stands in a calendar file.

/// A mail as its reader's program sees it.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// Name and value, unfolded, in their order.
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
    /// The content type and the text of the calendar file.
    pub calendar: Option<(String, String)>,
    /// Every content type of its parts, in order.
    pub types: Vec<String>,
}

impl Letter {
    /// Take a mail apart.
    pub fn read(mail: &str) -> Self {
        let mut letter = Self { headers: headers(mail).0, ..Self::default() };
        letter.take(mail);
        letter
    }

    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = found.next().unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        assert!(found.next().is_none(), "two {name} in {:?}", self.headers);
        value
    }

    pub fn message_id(&self) -> &str {
        self.header("Message-ID")
    }

    /// Everything that a person or a program could read in it.
    pub fn everything(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let calendar = self.calendar.as_ref().map(|(_, body)| body.as_str()).unwrap_or_default();
        format!("{headers}{}{}{calendar}", self.text, self.html)
    }

    fn take(&mut self, part: &str) {
        let (headers, body) = headers(part);
        let header = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone());
        let kind = header("Content-Type").unwrap_or_default();
        let encoding = header("Content-Transfer-Encoding").unwrap_or_default();
        self.types.push(kind.split(';').next().unwrap_or_default().to_owned());
        if let Some((_, after)) = kind.split_once("boundary=\"") {
            let boundary = format!("--{}", after.split('"').next().unwrap());
            let parts: Vec<&str> = body.split(&boundary).collect();
            assert!(parts.last().unwrap().starts_with("--"), "the parts end");
            for part in &parts[1..parts.len() - 1] {
                // The line breaks around a boundary belong to it (RFC 2046, 5.1.1).
                self.take(part.strip_prefix("\r\n").and_then(|part| part.strip_suffix("\r\n")).unwrap());
            }
        } else if kind.starts_with("text/plain") {
            self.text = decoded(body, &encoding);
        } else if kind.starts_with("text/html") {
            self.html = decoded(body, &encoding);
        } else if kind.starts_with("text/calendar") {
            self.calendar = Some((kind, decoded(body, &encoding)));
        } else {
            panic!("a part of an unexpected kind: {kind}");
        }
    }
}

fn headers(part: &str) -> (Vec<(String, String)>, &str) {
    let (head, body) = part.split_once("\r\n\r\n").expect("a blank line behind the headers");
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let pairs = unfolded.split("\r\n").map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}")));
    (pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), body)
}

fn decoded(body: &str, encoding: &str) -> String {
    match encoding {
        "7bit" => body.replace("\r\n", "\n"),
        "quoted-printable" => quoted_printable(body),
        "base64" => {
            use base64::Engine;
            let digits: String = body.split_whitespace().collect();
            String::from_utf8(base64::engine::general_purpose::STANDARD.decode(digits).unwrap()).unwrap()
        }
        other => panic!("an unexpected encoding: {other}"),
    }
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "").replace("\r\n", "\n");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'=' {
            bytes.extend(hex::decode(&after[..2]).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The lines of a calendar file as name, parameters and value (RFC 5545, 3.1): unfolded, in their order.
pub fn calendar(file: &str) -> Vec<(String, String, String)> {
    let unfolded = file.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    unfolded
        .lines()
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no property: {line}"));
            let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
            (name.to_owned(), parameters.to_owned(), value.to_owned())
        })
        .collect()
}
