//! The chain of heads as a picture, in the units of its own box. Pure.

/// One head: where it stands, and what is written under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knot {
    pub x: i64,
    pub size: i64,
    /// It left the house by mail.
    pub mailed: bool,
}

/// What lies between two heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub from: i64,
    pub to: i64,
    pub middle: i64,
    /// How many events the later head covers beyond the earlier.
    pub events: i64,
}

/// The picture: heads from left to right, the newest last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: i64,
    pub knots: Vec<Knot>,
    pub links: Vec<Link>,
}

/// Between two heads. Lower: more fits on a screen. Higher: numbers of millions have room.
const STEP: i64 = 120;
const RADIUS: i64 = 14;

/// `heads`: sizes, and whether each was mailed, the newest first.
pub fn picture(heads: &[(i64, bool)]) -> Picture {
    let place = |n: usize| STEP / 2 + STEP * i64::try_from(n).unwrap_or(0);
    let knots: Vec<Knot> =
        heads.iter().rev().enumerate().map(|(n, (size, mailed))| Knot { x: place(n), size: *size, mailed: *mailed }).collect();
    let link = |pair: &[Knot]| Link {
        from: pair[0].x + RADIUS,
        to: pair[1].x - RADIUS,
        middle: i64::midpoint(pair[0].x, pair[1].x),
        events: pair[1].size - pair[0].size,
    };
    let links = knots.windows(2).map(link).collect();
    Picture { width: STEP * i64::try_from(knots.len()).unwrap_or(0), knots, links }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_head_stands_last_and_links_say_what_lies_between() {
        let picture = picture(&[(900, false), (500, true), (20, false)]);
        assert_eq!(
            picture.knots.iter().map(|knot| (knot.x, knot.size, knot.mailed)).collect::<Vec<_>>(),
            [(60, 20, false), (180, 500, true), (300, 900, false)]
        );
        assert_eq!(
            picture.links.iter().map(|link| (link.from, link.middle, link.to, link.events)).collect::<Vec<_>>(),
            [(74, 120, 166, 480), (194, 240, 286, 400)]
        );
        assert_eq!(picture.width, 360);
        assert_eq!(super::picture(&[]).width, 0);
    }
}
