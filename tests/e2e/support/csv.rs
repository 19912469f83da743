//! Reads what was exported (RFC 4180), by the names of the columns.

/// The values of one column, line by line.
pub fn column(text: &str, name: &str) -> Vec<String> {
    let mut lines = lines(text).into_iter();
    let head = lines.next().expect("an export has a line of names");
    let at = head.iter().position(|column| column == name).unwrap_or_else(|| panic!("no column {name} among {head:?}"));
    lines.map(|line| line[at].clone()).collect()
}

fn lines(text: &str) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let (mut line, mut value, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => value.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(std::mem::take(&mut value)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                line.push(std::mem::take(&mut value));
                lines.push(std::mem::take(&mut line));
            }
            _ => value.push(letter),
        }
    }
    if !value.is_empty() || !line.is_empty() {
        line.push(value);
        lines.push(line);
    }
    lines
}
