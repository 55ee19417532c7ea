//! The tray icon: a house whose shape says the state, drawn as pixels and as SVG from the same outlines. Pure.
//!
//! ```text
//!  off       an outline             attention  a house with a triangle
//!  working   a house with dots      error      a house with a cross
//!  on        a full house
//! ```

use crate::settings::Tone;

/// What the icon says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Icon {
    Off,
    Working,
    On,
    Attention,
    Error,
}

/// An image of four bytes per pixel: alpha, red, green, blue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pixels {
    pub side: usize,
    pub argb: Vec<u8>,
}

/// The sizes that panels ask for.
pub const SIDES: [usize; 4] = [22, 24, 32, 48];
/// Samples per pixel and direction.
const FINE: usize = 4;

type Point = (f64, f64);
/// All in a square of 24 by 24, as SVG icons are.
const HOUSE: &[Point] = &[(12.0, 2.0), (23.0, 11.5), (20.0, 11.5), (20.0, 22.0), (4.0, 22.0), (4.0, 11.5), (1.0, 11.5)];
const ROOM: &[Point] = &[(12.0, 5.2), (17.5, 10.0), (17.5, 19.5), (6.5, 19.5), (6.5, 10.0)];
const DOOR: &[Point] = &[(10.0, 14.0), (14.0, 14.0), (14.0, 22.0), (10.0, 22.0)];
/// The place around a badge, cut out of the house.
const CLEARING: &[Point] = &[(11.0, 11.0), (24.0, 11.0), (24.0, 24.0), (11.0, 24.0)];
const TRIANGLE: &[Point] = &[(18.0, 12.0), (24.0, 23.5), (12.0, 23.5)];
const MARK: &[Point] = &[(17.2, 16.0), (18.8, 16.0), (18.8, 20.0), (17.2, 20.0)];
const MARK_POINT: &[Point] = &[(17.2, 21.0), (18.8, 21.0), (18.8, 22.5), (17.2, 22.5)];
const STROKE_DOWN: &[Point] = &[(12.5, 14.5), (14.5, 12.5), (23.5, 21.5), (21.5, 23.5)];
const STROKE_UP: &[Point] = &[(12.5, 21.5), (21.5, 12.5), (23.5, 14.5), (14.5, 23.5)];
const DOTS: [&[Point]; 3] = [
    &[(12.0, 17.5), (15.0, 17.5), (15.0, 20.5), (12.0, 20.5)],
    &[(16.4, 17.5), (19.4, 17.5), (19.4, 20.5), (16.4, 20.5)],
    &[(20.8, 17.5), (23.8, 17.5), (23.8, 20.5), (20.8, 20.5)],
];

/// Outlines to fill and to take away again, in this order.
struct Layer {
    is_ink: bool,
    outline: &'static [Point],
}

impl Icon {
    pub const ALL: [Self; 5] = [Self::Off, Self::Working, Self::On, Self::Attention, Self::Error];

    /// The name of the file that a theme may have.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "homeport-off-symbolic",
            Self::Working => "homeport-working-symbolic",
            Self::On => "homeport-on-symbolic",
            Self::Attention => "homeport-attention-symbolic",
            Self::Error => "homeport-error-symbolic",
        }
    }

    fn layers(self) -> Vec<Layer> {
        let ink = |outline| Layer { is_ink: true, outline };
        let cut = |outline| Layer { is_ink: false, outline };
        let mut layers = vec![ink(HOUSE)];
        match self {
            Self::Off => layers.push(cut(ROOM)),
            Self::On => layers.push(cut(DOOR)),
            Self::Working => layers.extend([cut(CLEARING), ink(DOTS[0]), ink(DOTS[1]), ink(DOTS[2])]),
            Self::Attention => layers.extend([cut(CLEARING), ink(TRIANGLE), cut(MARK), cut(MARK_POINT)]),
            Self::Error => layers.extend([cut(CLEARING), ink(STROKE_DOWN), ink(STROKE_UP)]),
        }
        layers
    }

    /// The icon as pixels, in one size.
    pub fn pixels(self, side: usize, tone: Tone) -> Pixels {
        let layers = self.layers();
        let scale = 24.0 / side as f64;
        let cover = |x: f64, y: f64| {
            let mut hits = 0;
            for step in 0..FINE * FINE {
                let (right, down) = ((step % FINE) as f64 + 0.5, (step / FINE) as f64 + 0.5);
                let point = ((x + right / FINE as f64) * scale, (y + down / FINE as f64) * scale);
                let over = layers.iter().rev().find(|layer| is_inside(layer.outline, point));
                hits += usize::from(over.is_some_and(|layer| layer.is_ink));
            }
            hits as f64 / (FINE * FINE) as f64
        };
        let mut argb = Vec::with_capacity(side * side * 4);
        for number in 0..side * side {
            let (x, y) = ((number % side) as f64, (number / side) as f64);
            let ink = cover(x, y);
            let (alpha, shade) = match tone {
                Tone::Light => (ink, 1.0),
                Tone::Dark => (ink, 0.12),
                Tone::Auto => {
                    let near = [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)];
                    let edge = near.iter().map(|(right, down)| cover(x + right, y + down)).fold(0.0, f64::max) * 0.9;
                    // White ink over an edge that is nearly black.
                    let alpha = ink + edge * (1.0 - ink);
                    (alpha, if alpha > 0.0 { (ink + 0.12 * edge * (1.0 - ink)) / alpha } else { 0.0 })
                }
            };
            let byte = |part: f64| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
            argb.extend([byte(alpha), byte(shade), byte(shade), byte(shade)]);
        }
        Pixels { side, argb }
    }

    /// The icon as a file for a theme, which colours it.
    pub fn svg(self) -> String {
        let path = |outline: &[Point]| {
            let points: Vec<_> = outline.iter().map(|(x, y)| format!("{x} {y}")).collect();
            format!("M{}Z", points.join("L"))
        };
        let mut masks = String::new();
        let mut shapes = String::new();
        let layers = self.layers();
        for (number, layer) in layers.iter().enumerate().filter(|(_, layer)| layer.is_ink) {
            let cuts: String =
                layers[number..].iter().filter(|above| !above.is_ink).map(|above| path(above.outline)).collect();
            if cuts.is_empty() {
                shapes += &format!("<path fill=\"#232629\" d=\"{}\"/>\n", path(layer.outline));
                continue;
            }
            masks += &format!(
                "<mask id=\"m{number}\"><path fill=\"#fff\" d=\"M0 0H24V24H0Z\"/><path d=\"{cuts}\"/></mask>\n"
            );
            shapes += &format!("<path fill=\"#232629\" mask=\"url(#m{number})\" d=\"{}\"/>\n", path(layer.outline));
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"24\" height=\"24\" viewBox=\"0 0 24 24\">\n{masks}{shapes}</svg>\n"
        )
    }
}

/// Whether a point lies in an outline: how often a ray to the right crosses it.
fn is_inside(outline: &[Point], (x, y): Point) -> bool {
    let mut is_in = false;
    let mut before = outline[outline.len() - 1];
    for &corner in outline {
        if (corner.1 > y) != (before.1 > y) {
            let crossing = (before.0 - corner.0) * (y - corner.1) / (before.1 - corner.1) + corner.0;
            if x < crossing {
                is_in = !is_in;
            }
        }
        before = corner;
    }
    is_in
}

#[cfg(test)]
mod tests;
