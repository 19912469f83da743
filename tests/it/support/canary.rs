//! Looking for words that must not be somewhere, in every dress that a word of text may wear.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// The words of `words` that lie in `hay`: as they are in any case, backwards, in base64 at any offset, in hexadecimal, as part of an
/// address, in UTF-16, in quoted-printable, over the end of a folded line.
pub fn found<'a>(hay: &[u8], words: &[&'a str]) -> BTreeSet<&'a str> {
    let needles: Vec<(Vec<u8>, &str)> = words.iter().flat_map(|word| forms(word).into_iter().map(move |form| (form, *word))).collect();
    let mut starts = vec![false; 1 << 16];
    for (form, _) in &needles {
        starts[pair(form)] = true;
    }
    let look = |hay: &[u8]| {
        let places = (0..hay.len().saturating_sub(1)).filter(|at| starts[pair(&hay[*at..])]);
        let hits = places.flat_map(|at| needles.iter().filter(move |(form, _)| hay[at..].starts_with(form)));
        hits.map(|(_, word)| *word).collect::<BTreeSet<_>>()
    };
    let unfolded = unfolded(hay);
    let lower = [hay.to_ascii_lowercase(), unfolded.to_ascii_lowercase()];
    [hay, &unfolded, &lower[0], &lower[1]].into_iter().flat_map(look).collect()
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
}

/// How a word may be written down. Forms that keep the case of letters are looked for as they are, others in small letters.
fn forms(word: &str) -> BTreeSet<Vec<u8>> {
    let small = word.to_lowercase();
    let mut forms: BTreeSet<Vec<u8>> = [small.clone(), small.chars().rev().collect(), hex::encode(word), hex::encode(&small)]
        .into_iter()
        .chain([hex::encode(word.to_uppercase()), escaped(&small, "%"), escaped(&small, "%").replace("%20", "+"), escaped(&small, "=")])
        .map(String::into_bytes)
        .collect();
    forms.insert(small.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.insert(small.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for cased in [word.to_owned(), small, word.to_uppercase()] {
        for offset in 0..3 {
            forms.insert(in_base64(&cased, offset, |bytes| STANDARD_NO_PAD.encode(bytes)));
            forms.insert(in_base64(&cased, offset, |bytes| URL_SAFE_NO_PAD.encode(bytes)));
        }
    }
    forms
}

/// Every byte that is no letter or digit as that mark and its two digits.
fn escaped(word: &str, mark: &str) -> String {
    let byte = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("{mark}{byte:02x}") };
    word.bytes().map(byte).collect()
}

/// The digits that depend on nothing but the word, when it begins `offset` bytes into a group of three.
fn in_base64(word: &str, offset: usize, encode: impl Fn(Vec<u8>) -> String) -> Vec<u8> {
    let digits = encode([vec![0; offset], word.as_bytes().to_vec()].concat());
    let (first, end) = ((offset * 8).div_ceil(6), (offset + word.len()) * 8 / 6);
    digits.as_bytes()[first..end].to_vec()
}

/// Without the ends of lines, and without those that quoted-printable puts in.
fn unfolded(hay: &[u8]) -> Vec<u8> {
    let mut whole: Vec<u8> = Vec::with_capacity(hay.len());
    for line in hay.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        whole.extend(line.strip_suffix(b"=").unwrap_or(line));
    }
    whole
}

#[test]
fn a_word_is_found_in_every_dress() {
    let words = ["Quill@Feather x", "nowhere else"];
    let dresses: [&[u8]; 9] = [
        b"..quill@feather X..",
        b"x rehtaef@lliuq",
        b"to=Quill%40Feather%20x",
        b"to=Quill%40Feather+x",
        b"Qu=\r\nill@Feather x",
        b"Quill=40Feather=20x",
        b"Quill@Fea\nther x",
        b"Q\0u\0i\0l\0l\0@\0F\0e\0a\0t\0h\0e\0r\0 \0x\0",
        b"\0Q\0u\0i\0l\0l\0@\0F\0e\0a\0t\0h\0e\0r\0 \0x",
    ];
    for dress in dresses {
        assert_eq!(found(dress, &words), BTreeSet::from([words[0]]), "{}", String::from_utf8_lossy(dress));
    }
    for before in ["", "a", "ab", "abc"] {
        let sealed = format!("{before}{} and more", words[0]);
        for dress in [STANDARD_NO_PAD.encode(&sealed), URL_SAFE_NO_PAD.encode(&sealed), hex::encode(&sealed)] {
            assert_eq!(found(dress.as_bytes(), &words), BTreeSet::from([words[0]]), "{dress}");
        }
    }
    assert!(found(b"Quill Feather", &words).is_empty());
}
