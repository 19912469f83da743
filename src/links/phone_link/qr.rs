//! An address as a picture for a phone's camera: the only file that knows how such pictures are made.

use qrcodegen::{QrCode, QrCodeEcc};

/// The empty edge that cameras need, in squares.
const EDGE: i32 = 4;

/// The black squares of a picture, as the `d` of an SVG path in a view box of that size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub size: i32,
    pub path: String,
}

/// `None` where the text does not fit.
pub fn draw(text: &str) -> Option<Picture> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let long = (x..code.size()).take_while(|at| code.get_module(*at, y)).count();
            if long > 0 {
                path += &format!("M{} {}h{long}v1h-{long}z", x + EDGE, y + EDGE);
            }
            x += i32::try_from(long).unwrap_or(i32::MAX).max(1);
        }
    }
    Some(Picture { size: code.size() + 2 * EDGE, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The squares that the path fills.
    fn squares(picture: &Picture) -> Vec<(i32, i32)> {
        let row = |part: &str| -> Vec<(i32, i32)> {
            let (at, rest) = part.split_once('h').expect("a row is so wide");
            let (x, y) = at.split_once(' ').expect("a row is somewhere");
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            let long: i32 = rest.split_once('v').expect("a row is so high").0.parse().unwrap();
            (x..x + long).map(|x| (x, y)).collect()
        };
        picture.path.split('M').skip(1).flat_map(row).collect()
    }

    #[test]
    fn a_picture_has_exactly_the_squares_of_its_code_within_an_empty_edge() {
        let text = "https://clinic.example/join#7K2M9-QXRAB";
        let (code, picture) = (QrCode::encode_text(text, QrCodeEcc::Medium).unwrap(), draw(text).unwrap());
        let mut wanted = Vec::new();
        for y in 0..code.size() {
            wanted.extend((0..code.size()).filter(|x| code.get_module(*x, y)).map(|x| (x + EDGE, y + EDGE)));
        }
        assert_eq!(squares(&picture), wanted);
        assert_eq!(picture.size, code.size() + 8);
        assert_eq!(draw(&"x".repeat(5_000)), None);
    }
}
