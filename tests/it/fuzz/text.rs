//! Readers that are written anew, and more loosely than the product's: what they find must not be more than the product let through.

/// The lines of a session description for a reader that takes every line end, any indentation and any case.
pub fn loose_lines(sdp: &str) -> Vec<String> {
    sdp.split(['\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}'])
        .map(|line| line.trim().to_lowercase())
        .filter(|line| !line.is_empty())
        .collect()
}

/// A CSV file as RFC 4180 has it. `None` when it is none.
pub fn csv(file: &str) -> Option<Vec<Vec<String>>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut rest = file.chars().peekable();
    let (mut quoted, mut begun) = (false, false);
    while let Some(c) = rest.next() {
        match (c, quoted) {
            ('"', true) if rest.peek() == Some(&'"') => cell.extend(rest.next()),
            ('"', true) => quoted = false,
            ('"', false) if !begun => (quoted, begun) = (true, true),
            ('"', false) => return None,
            (c, true) => cell.push(c),
            (',', false) => {
                row.push(std::mem::take(&mut cell));
                begun = false;
            }
            ('\r', false) if rest.peek() == Some(&'\n') => {
                rest.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                begun = false;
            }
            ('\r' | '\n', false) => return None,
            (c, false) => {
                begun = true;
                cell.push(c);
            }
        }
    }
    (!quoted && row.is_empty() && cell.is_empty()).then_some(rows)
}
