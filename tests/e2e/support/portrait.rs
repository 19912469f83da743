//! A film of a drawn person before a room: head and shoulders, and squares behind them that move.
//!
//! The engine that blurs a background finds this person as it finds a real one (`tests/js/background.test.js` draws the same), and the squares tell a
//! test in numbers what is seen of the room.

use std::path::{Path, PathBuf};

const SIZE: (usize, usize) = (640, 360);
const FRAMES: usize = 16;
/// Of the squares, in pixels.
const SQUARE: usize = 16;

type Colour = [f64; 3];

const HAIR: Colour = [60.0, 40.0, 30.0];

/// Writes the film into that folder, as a camera of Chromium takes it.
pub fn film(folder: &Path) -> PathBuf {
    let path = folder.join("portrait.y4m");
    let mut bytes = format!("YUV4MPEG2 W{} H{} F15:1 Ip A1:1 C420jpeg\n", SIZE.0, SIZE.1).into_bytes();
    for frame in 0..FRAMES {
        bytes.extend(b"FRAME\n");
        let planes = planes(frame * 2 * SQUARE / FRAMES);
        planes.iter().for_each(|plane| bytes.extend(plane));
    }
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Light at every place, the two colours at every fourth.
fn planes(shift: usize) -> [Vec<u8>; 3] {
    let mut planes = [Vec::new(), Vec::new(), Vec::new()];
    for row in 0..SIZE.1 {
        for column in 0..SIZE.0 {
            let [red, green, blue] = colour(column, row, shift);
            let light = 0.299 * red + 0.587 * green + 0.114 * blue;
            planes[0].push(light as u8);
            if row % 2 == 0 && column % 2 == 0 {
                planes[1].push((128.0 + 0.564 * (blue - light)) as u8);
                planes[2].push((128.0 + 0.713 * (red - light)) as u8);
            }
        }
    }
    planes
}

fn colour(column: usize, row: usize, shift: usize) -> Colour {
    let height = SIZE.1 as f64;
    let (x, y) = ((column as f64 - SIZE.0 as f64 / 2.0) / height, row as f64 / height);
    let squares = (column + shift) / SQUARE + row / SQUARE;
    of_person(x, y).unwrap_or(if squares.is_multiple_of(2) { [235.0, 235.0, 225.0] } else { [60.0, 80.0, 70.0] })
}

/// Of the person at this place: from the middle, from the top, in heights of the picture.
fn of_person(x: f64, y: f64) -> Option<Colour> {
    let within = |left: f64, top: f64, wide: f64, high: f64| ((x - left) / wide).powi(2) + ((y - top) / high).powi(2) < 1.0;
    let both = |left: f64, top: f64, wide: f64, high: f64| within(-left, top, wide, high) || within(left, top, wide, high);
    let shaded = |colour: Colour| Some(colour.map(|part| part * (1.0 - 0.7 * x.abs())));
    if within(0.0, 0.4, 0.135, 0.18) {
        return match () {
            () if both(0.055, 0.37, 0.009, 0.01) => Some([40.0, 25.0, 20.0]),
            () if both(0.055, 0.37, 0.022, 0.012) => Some([235.0, 230.0, 225.0]),
            () if both(0.055, 0.335, 0.032, 0.008) || y < 0.285 + 1.2 * x * x => Some(HAIR),
            () if within(0.0, 0.49, 0.045, 0.014) => Some([170.0, 80.0, 80.0]),
            () if within(0.0, 0.43, 0.018, 0.03) => shaded([205.0, 150.0, 125.0]),
            () => shaded([225.0, 172.0, 145.0]),
        };
    }
    if within(0.0, 0.36, 0.165, 0.19) && y < 0.42 {
        return Some(HAIR);
    }
    if x.abs() < 0.065 && y > 0.5 && y < 0.66 {
        return shaded([205.0, 150.0, 125.0]);
    }
    if within(0.0, 1.02, 0.42, 0.4) && y > 0.6 { shaded([50.0, 80.0, 140.0]) } else { None }
}
