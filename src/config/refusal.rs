//! What a refused configuration is told: the line and the key, and no value, which could be a secret. Pure.

/// The parser's own words quote the line, and with it whatever secret stands there.
pub fn what_is_wrong(text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else { return said(error.message(), None) };
    let begins = text.get(..span.start).unwrap_or(text);
    let line = text.lines().nth(begins.matches('\n').count()).unwrap_or_default();
    format!("line {}: {}", begins.matches('\n').count() + 1, said(error.message(), key_of(line)))
}

/// What there is to say without a value: names of keys, which are ours or a typo of ours, and what was expected.
fn said(message: &str, key: Option<&str>) -> String {
    let named = key.map(|key| format!(" of `{key}`")).unwrap_or_default();
    if message.starts_with("missing field ") || (message.starts_with("unknown field ") && key.is_some()) {
        return message.to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("the value{named} is not of the right kind, expected {expected}"),
        None if message.starts_with("duplicate key") => {
            format!("this key stands twice{}", key.map(|key| format!(": `{key}`")).unwrap_or_default())
        }
        None => format!("the value{named} cannot be read"),
    }
}

/// The bare key or the table that a line begins with, if it begins with one.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let key = match line.strip_prefix('[') {
        Some(table) => table.trim_start_matches('[').split(']').next()?,
        None => line.split_once('=')?.0,
    };
    let key = key.trim();
    (!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SMALL, refused};

    #[test]
    fn an_error_names_the_line_and_the_key_and_quotes_no_value() {
        let secret = "S3cretHorse";
        for (wrong, line, key) in [
            (format!("[database]\nurl = 7{secret}"), 11, "url"),
            (format!("[database]\nurl = \"{secret}"), 11, "url"),
            (format!("[database]\nurls = \"{secret}\""), 11, "urls"),
            (format!("[database]\nurl = [\"{secret}\"]"), 11, "url"),
            (format!("[database]\nurl = {{ at = \"{secret}\" }}"), 11, "url"),
            (format!("[database]\nurl = \"{secret}\"\nurl = \"{secret}\""), 12, "url"),
            (format!("[mail.smtp]\nhost = \"m.example\"\nport = \"{secret}, expected {secret}\""), 12, "port"),
            (format!("[mail.smtp]\nhost = \"m.example\"\nport = 465\ntls = \"{secret}\""), 13, "tls"),
            (format!("[proxy]\ntrusted = [\"{secret}\"]"), 11, "trusted"),
            (format!("[operations]\nlisten = \"{secret}\""), 11, "listen"),
            (format!("[links]\ncheck = \"{secret}\""), 11, "check"),
            (format!("[links]\ncheck = \"{secret}\"\n= \"{secret}\""), 12, ""),
            (format!("[links]\n{secret}"), 11, ""),
            (format!("[links]\n\"{secret}\" = 1"), 11, ""),
        ] {
            let error = refused(&format!("{}\n{wrong}", SMALL.trim_end()));
            assert!(error.contains(&format!("line {line}:")) && error.contains(key), "{wrong}: {error}");
            assert!(!error.contains(secret), "{error}");
        }
        let zone = refused(&SMALL.replace("America/New_York", secret));
        assert!(zone.contains("line 8:") && zone.contains("`zone`") && !zone.contains(secret), "{zone}");
        assert!(refused(&SMALL.replace("phone = \"555 0100\"", "")).contains("missing field `phone`"));
    }
}
