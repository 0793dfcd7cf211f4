//! Colours of CSS, as far as text and its background are told apart by them.

use super::colour_names::named;

/// A colour of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    red: u8,
    green: u8,
    blue: u8,
    /// Nothing can be seen of it.
    pub(crate) transparent: bool,
}

/// The screen behind a message.
pub(crate) const WHITE: Colour = Colour {
    red: 255,
    green: 255,
    blue: 255,
    transparent: false,
};

/// Sum of the differences of the three channels up to which nobody reads text.
const ALIKE_MAX: u32 = 24;
/// Opacity in percent below which a colour shows nothing.
const ALPHA_PERCENT_MIN: f32 = 5.0;

impl Colour {
    /// Reads `#rgb`, `#rrggbb`, the functions of CSS, and its names; lower case. Of `var()` what holds without the variable.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(hex) = text.strip_prefix('#') {
            return Self::of_hex(hex);
        }
        if text == "transparent" {
            return Some(Self {
                transparent: true,
                ..WHITE
            });
        }
        if let Some((name, rest)) = text.split_once('(') {
            return Self::of_function(name.trim(), rest);
        }
        named(text).map(Self::of_rgb)
    }

    /// Reads the first colour among the words of a `background`.
    pub(crate) fn read_first(text: &str) -> Option<Self> {
        if text.contains('(') {
            return Self::read(text);
        }
        text.split_ascii_whitespace().find_map(Self::read)
    }

    /// Returns whether text of this colour cannot be told from the background.
    pub(crate) fn is_lost_on(self, background: Self) -> bool {
        let difference = |one: u8, other: u8| u32::from(one.abs_diff(other));
        self.transparent
            || difference(self.red, background.red)
                + difference(self.green, background.green)
                + difference(self.blue, background.blue)
                <= ALIKE_MAX
    }

    fn of_rgb(rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self {
            red,
            green,
            blue,
            transparent: false,
        }
    }

    fn of_hex(hex: &str) -> Option<Self> {
        let digits = |text: &str| u32::from_str_radix(text, 16).ok();
        match hex.len() {
            3 | 4 => {
                let number = digits(hex.get(..3)?)?;
                let (red, green, blue) = (number >> 8, number >> 4 & 15, number & 15);
                Some(Self {
                    transparent: hex.ends_with('0') && hex.len() == 4,
                    ..Self::of_rgb((red << 16 | green << 8 | blue) * 17)
                })
            }
            6 | 8 => Some(Self {
                transparent: hex.get(6..) == Some("00"),
                ..Self::of_rgb(digits(hex.get(..6)?)?)
            }),
            _ => None,
        }
    }

    /// Reads what follows the name of a function: `(255, 255, 255, 0.5)` or `(255 255 255 / 50%)`.
    fn of_function(name: &str, rest: &str) -> Option<Self> {
        if name == "var" {
            let (_, instead) = rest.split_once(',')?;
            let instead = instead.trim().strip_suffix(')').unwrap_or(instead);
            // One variable instead of another: nobody writes more of them.
            return if instead.trim_start().starts_with("var") {
                None
            } else {
                Self::read(instead)
            };
        }
        let inner = rest.split(')').next()?;
        let words: Vec<&str> = inner
            .split([',', ' ', '/', '\t', '\n'])
            .filter(|word| !word.is_empty())
            .take(5)
            .collect();
        // `color(srgb 1 1 1)` names its space first.
        let (name, words) = match (name, words.split_first()?) {
            ("color", (space, rest)) => (*space, rest),
            _ => (name, words.as_slice()),
        };
        let alpha = words.get(3).map_or(Some(1.0), |word| number(word, 1.0));
        let of = |place: usize, whole: f32| words.get(place).and_then(|word| number(word, whole));
        let (red, green, blue) = match name {
            "rgb" | "rgba" => (
                of(0, 255.0)? / 255.0,
                of(1, 255.0)? / 255.0,
                of(2, 255.0)? / 255.0,
            ),
            "srgb" | "srgb-linear" | "display-p3" => (of(0, 1.0)?, of(1, 1.0)?, of(2, 1.0)?),
            "hsl" | "hsla" => {
                let (lightness, saturation) = (share(of(2, 100.0)?), share(of(1, 100.0)?));
                let chroma = (1.0 - (2.0 * lightness - 1.0).abs()) * saturation;
                of_hue(angle(words[0])?, chroma, lightness - chroma / 2.0)
            }
            "hwb" => {
                let (white, black) = (share(of(1, 100.0)?), share(of(2, 100.0)?));
                let sum = (white + black).max(1.0);
                of_hue(angle(words[0])?, 1.0 - (white + black) / sum, white / sum)
            }
            // By their lightness and how far they are from grey: enough to tell text from a screen.
            "lab" | "lch" => of_lightness(of(0, 100.0)? / 100.0, of(1, 125.0)? / 125.0),
            "oklab" | "oklch" => of_lightness(of(0, 1.0)?, of(1, 0.4)? / 0.4),
            _ => return None,
        };
        let octet = |share: f32| (share.clamp(0.0, 1.0) * 255.0).round() as u8;
        Some(Self {
            red: octet(red),
            green: octet(green),
            blue: octet(blue),
            transparent: alpha.is_some_and(|alpha| alpha * 100.0 < ALPHA_PERCENT_MIN),
        })
    }
}

/// Reads a number; a percentage is one of the whole.
fn number(word: &str, whole: f32) -> Option<f32> {
    match word.strip_suffix('%') {
        Some(percent) => Some(percent.parse::<f32>().ok()? * whole / 100.0),
        None if word == "none" => Some(0.0),
        None => word.parse().ok(),
    }
}

fn share(percent: f32) -> f32 {
    (percent / 100.0).clamp(0.0, 1.0)
}

/// Reads an angle as a share of the circle.
fn angle(word: &str) -> Option<f32> {
    let end = word
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(word.len());
    if word == "none" {
        return Some(0.0);
    }
    let amount: f32 = word[..end].parse().ok()?;
    let circle = match &word[end..] {
        "turn" => 1.0,
        "rad" => std::f32::consts::TAU,
        "grad" => 400.0,
        _ => 360.0,
    };
    Some((amount / circle).rem_euclid(1.0))
}

/// CSS Color 4, 7.1: a hue, with how strong it is and how much white is in it.
fn of_hue(hue: f32, chroma: f32, base: f32) -> (f32, f32, f32) {
    let channel = |turn: f32| {
        let place = (hue * 6.0 + turn).rem_euclid(6.0);
        base + chroma * (1.0 - (place.min(4.0 - place)).clamp(0.0, 1.0))
    };
    (channel(5.0), channel(3.0), channel(1.0))
}

fn of_lightness(lightness: f32, chroma: f32) -> (f32, f32, f32) {
    (lightness, lightness - chroma.abs(), lightness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_lost_on_a_background_of_nearly_its_colour() {
        for text in [
            "#fff",
            "#FEFEFE",
            "white",
            "rgb(255,255,255)",
            "rgba(0, 0, 0, 0)",
            "rgb(0 0 0 / 1%)",
            "#0000",
            "#11223300",
            "transparent",
            "snow",
            "rgb(0 0 0 / 0)",
            "rgb(0 0 0/.01)",
            "hsl(0, 0%, 100%)",
            "hsl(120deg 100% 99%)",
            "hsla(0,0%,0%,0)",
            "hwb(90 100% 0%)",
            "hwb(0.5turn 80% 20% / 0)",
            "lab(100% 0 0)",
            "lch(99 0 0)",
            "oklab(1 0 0)",
            "oklch(100% 0 none)",
            "color(srgb 1 1 1)",
            "var(--x, #fff)",
            "ghostwhite",
            "mintcream",
            "floralwhite",
            "canvas",
        ] {
            let colour = Colour::read(&text.to_lowercase()).expect(text);
            assert!(colour.is_lost_on(WHITE), "{text}");
        }
        for text in [
            "#000",
            "#eee",
            "red",
            "rgb(10%,10%,10%)",
            "rgba(0,0,0,.9)",
            "#cccccc",
            "hsl(0 0% 0%)",
            "hsl(240, 100%, 50%)",
            "hwb(0 0% 100%)",
            "lab(20% 0 0)",
            "oklch(.3 .1 20)",
            "rebeccapurple",
        ] {
            let colour = Colour::read(text).expect(text);
            assert!(!colour.is_lost_on(WHITE), "{text}");
        }
        for nonsense in [
            "",
            "#",
            "#ff",
            "#gggggg",
            "rgb",
            "rgb(",
            "rgb(1,2)",
            "url(x)",
            "#é12345",
            "hsl()",
            "hsl(é)",
            "var(--x)",
            "var(--x,var(--y,red))",
            "lab(",
            "color(",
        ] {
            assert_eq!(Colour::read(nonsense), None, "{nonsense}");
        }
    }
}
