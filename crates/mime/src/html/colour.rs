//! Colours of CSS, as far as text and its background are told apart by them.

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
    /// Reads `#rgb`, `#rrggbb`, `rgb()`, `rgba()`, and the names in use; lower case.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(hex) = text.strip_prefix('#') {
            return Self::of_hex(hex);
        }
        if let Some(rest) = text.strip_prefix("rgb") {
            return Self::of_function(rest.trim_start_matches('a'));
        }
        let rgb = match text {
            "white" => 0xff_ff_ff,
            "black" => 0,
            "red" => 0xff_00_00,
            "green" => 0x00_80_00,
            "blue" => 0x00_00_ff,
            "gray" | "grey" => 0x80_80_80,
            "silver" => 0xc0_c0_c0,
            "whitesmoke" => 0xf5_f5_f5,
            "snow" => 0xff_fa_fa,
            "ivory" => 0xff_ff_f0,
            "ghostwhite" => 0xf8_f8_ff,
            "yellow" => 0xff_ff_00,
            "orange" => 0xff_a5_00,
            "navy" => 0x00_00_80,
            "purple" => 0x80_00_80,
            "transparent" => {
                return Some(Self {
                    transparent: true,
                    ..WHITE
                });
            }
            _ => return None,
        };
        Some(Self::of_rgb(rgb))
    }

    /// Reads the first colour among the words of a `background`.
    pub(crate) fn read_first(text: &str) -> Option<Self> {
        if text.starts_with("rgb") {
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
    fn of_function(rest: &str) -> Option<Self> {
        let inner = rest.trim().strip_prefix('(')?.split(')').next()?;
        let mut numbers = inner
            .split([',', ' ', '/'])
            .filter(|word| !word.trim().is_empty())
            .map(str::trim);
        let mut channel = || -> Option<u8> {
            let word = numbers.next()?;
            let value: f32 = match word.strip_suffix('%') {
                Some(percent) => percent.parse::<f32>().ok()? * 2.55,
                None => word.parse().ok()?,
            };
            Some(value.clamp(0.0, 255.0) as u8)
        };
        let (red, green, blue) = (channel()?, channel()?, channel()?);
        let alpha = numbers.next().map_or(100.0, |word| {
            let (digits, unit) = match word.strip_suffix('%') {
                Some(percent) => (percent, 1.0),
                None => (word, 100.0),
            };
            digits.parse::<f32>().map_or(100.0, |value| value * unit)
        });
        Some(Self {
            red,
            green,
            blue,
            transparent: alpha < ALPHA_PERCENT_MIN,
        })
    }
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
        ] {
            let colour = Colour::read(text).expect(text);
            assert!(!colour.is_lost_on(WHITE), "{text}");
        }
        for nonsense in [
            "", "#", "#ff", "#gggggg", "rgb", "rgb(", "rgb(1,2)", "url(x)", "#é12345",
        ] {
            assert_eq!(Colour::read(nonsense), None, "{nonsense}");
        }
    }
}
