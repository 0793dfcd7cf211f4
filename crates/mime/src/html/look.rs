//! What a style says about whether its text can be seen.

use super::colour::Colour;

/// The declarations that can make text invisible. Those that are absent leave what the parents said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    /// Nothing of the element is shown, whatever its children say.
    pub(crate) gone: Option<bool>,
    /// `visibility`: children may say otherwise.
    pub(crate) unseen: Option<bool>,
    /// Letters of no size: children may say otherwise.
    pub(crate) tiny: Option<bool>,
    /// The colour of the text.
    pub(crate) colour: Option<Colour>,
    /// The background; none inside when it is a picture.
    pub(crate) background: Option<Option<Colour>>,
}

/// Pixels to the left or above from where nothing is on the screen.
const OFF_SCREEN_PIXELS: f32 = -400.0;

impl Look {
    /// Reads declarations, `name: value; name: value`, in time linear in their length.
    pub(crate) fn read(declarations: &str) -> Self {
        let text = plain(declarations);
        let mut look = Self::default();
        let mut frame = Frame::default();
        for declaration in text.split(';') {
            let Some((name, value)) = declaration.split_once(':') else {
                continue;
            };
            let value = value.split('!').next().unwrap_or_default().trim();
            look.take(name.trim(), value);
            frame.take(name.trim(), value);
        }
        if frame.shows_nothing() {
            look.gone = Some(true);
        }
        look
    }

    /// Returns this look changed by one that goes before it.
    pub(crate) fn overridden_by(self, other: Self) -> Self {
        Self {
            gone: other.gone.or(self.gone),
            unseen: other.unseen.or(self.unseen),
            tiny: other.tiny.or(self.tiny),
            colour: other.colour.or(self.colour),
            background: other.background.or(self.background),
        }
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "display" => self.gone = Some(value == "none"),
            "visibility" => self.unseen = Some(matches!(value, "hidden" | "collapse")),
            "opacity" => {
                if let Some(number) = Length::read(value) {
                    let one = if number.unit == "%" { 100.0 } else { 1.0 };
                    self.gone = Some(number.amount < 0.05 * one)
                        .filter(|gone| *gone)
                        .or(self.gone);
                }
            }
            "font-size" => self.tiny = tiny(value),
            "font" => {
                if let Some(is_tiny) = value.split_ascii_whitespace().find_map(|word| {
                    word.starts_with(|c: char| c.is_ascii_digit())
                        .then(|| tiny(word.split('/').next().unwrap_or_default()))
                        .flatten()
                }) {
                    self.tiny = Some(is_tiny);
                }
            }
            "filter" if value.starts_with("opacity(0") && !value.starts_with("opacity(0.") => {
                self.gone = Some(true);
            }
            "content-visibility" if value == "hidden" => self.gone = Some(true),
            "color" | "-webkit-text-fill-color" => {
                self.colour = Colour::read(value).or(self.colour)
            }
            "background" | "background-color"
                if value.contains("url(") || value.contains("gradient") =>
            {
                self.background = Some(None);
            }
            "background-image" if value != "none" => self.background = Some(None),
            "background" | "background-color" => {
                let colour = Colour::read_first(value).filter(|colour| !colour.transparent);
                self.background = colour.map(Some).or(self.background);
            }
            _ => {}
        }
    }
}

/// What is needed of several declarations together.
#[derive(Debug, Default)]
struct Frame {
    clipped: bool,
    empty: bool,
    positioned: bool,
    off_screen: bool,
    cut_away: bool,
}

impl Frame {
    fn take(&mut self, name: &str, value: &str) {
        match name {
            "overflow" | "overflow-x" | "overflow-y" => {
                self.clipped |= matches!(value, "hidden" | "clip")
            }
            "max-height" | "height" | "max-width" | "width" => {
                self.empty |= Length::read(value).is_some_and(|length| {
                    length.amount <= 1.0 && length.unit != "%" && length.unit != "em"
                        || length.amount == 0.0
                });
            }
            "position" => self.positioned = matches!(value, "absolute" | "fixed" | "relative"),
            "left" | "top" | "right" | "bottom" => self.off_screen |= is_far_out(value),
            "text-indent" | "margin-left" | "margin-top" => self.cut_away |= is_far_out(value),
            "clip" => self.cut_away |= value.starts_with("rect(0") || value.starts_with("rect(1px"),
            "clip-path" => {
                self.cut_away |= value.starts_with("inset(50%")
                    || value.starts_with("inset(100%")
                    || value.starts_with("circle(0")
                    || value.starts_with("polygon(0 0, 0 0")
            }
            "transform" => {
                let plain: String = value.split_whitespace().collect();
                self.cut_away |= [
                    "scale(0)",
                    "scale(0,",
                    "scalex(0)",
                    "scaley(0)",
                    "scale3d(0,",
                ]
                .iter()
                .any(|start| plain.contains(start))
                    || plain
                        .split_once("translate")
                        .and_then(|(_, rest)| rest.split_once('('))
                        .is_some_and(|(_, rest)| rest.split([',', ')']).take(2).any(is_far_out));
            }
            "scale" => self.cut_away |= value == "0",
            // The text has the colour of what is behind it, whatever that is.
            "background" | "background-color" => self.cut_away |= value == "currentcolor",
            _ => {}
        }
    }

    fn shows_nothing(&self) -> bool {
        self.cut_away || (self.clipped && self.empty) || (self.positioned && self.off_screen)
    }
}

fn is_far_out(value: &str) -> bool {
    Length::read(value).is_some_and(|length| {
        let pixels = if matches!(length.unit, "em" | "rem") {
            length.amount * 16.0
        } else if length.unit == "%" {
            length.amount * 4.0
        } else {
            length.amount
        };
        pixels <= OFF_SCREEN_PIXELS
    })
}

/// Tells whether letters of this size are too small to be seen; none when the parents' size decides.
fn tiny(value: &str) -> Option<bool> {
    let length = Length::read(value)?;
    match length.unit {
        "em" | "%" | "ex" if length.amount > 0.1 => None,
        "rem" | "vw" | "vh" => Some(length.amount <= 0.1),
        "%" => Some(length.amount <= 5.0),
        _ => Some(length.amount <= 1.0),
    }
}

/// A number with its unit.
struct Length<'a> {
    amount: f32,
    unit: &'a str,
}

impl<'a> Length<'a> {
    fn read(value: &'a str) -> Option<Self> {
        let end = value
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
            .unwrap_or(value.len());
        Some(Self {
            amount: value[..end].parse().ok()?,
            unit: value[end..].trim(),
        })
    }
}

/// Returns declarations in lower case, without comments, and with escapes resolved: `d\69 splay` is `display`.
fn plain(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find(['/', '\\']) {
        out.push_str(&rest[..at].to_ascii_lowercase());
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
            continue;
        }
        let Some(escape) = rest.strip_prefix('\\') else {
            out.push('/');
            rest = &rest[1..];
            continue;
        };
        let digits = escape
            .bytes()
            .take(6)
            .take_while(u8::is_ascii_hexdigit)
            .count();
        let code = u32::from_str_radix(&escape[..digits], 16).ok();
        out.extend(
            code.and_then(char::from_u32)
                .map(|c| c.to_ascii_lowercase()),
        );
        rest = &escape[digits..];
        if digits > 0 {
            rest = rest.strip_prefix(' ').unwrap_or(rest);
        }
    }
    out.push_str(&rest.to_ascii_lowercase());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_02_styles_that_show_nothing_are_known() {
        for css in [
            "display:none",
            "DISPLAY : NONE !important",
            "display:/* x */none",
            "d\\69 splay:none",
            "opacity:0",
            "opacity: 0.01",
            "opacity:0%",
            "max-height:0;overflow:hidden",
            "height:1px;width:1px;overflow:hidden",
            "position:absolute;left:-9999px",
            "position:absolute; top:-100em",
            "text-indent:-9999px",
            "position:absolute;clip:rect(0 0 0 0)",
            "clip-path: inset(50%)",
            "transform:scale(0)",
            "transform: rotate(3deg) scale( 0 )",
            "transform:scaleX(0)",
            "transform:translateX(-9999px)",
            "scale:0",
            "filter:opacity(0)",
            "clip-path:circle(0)",
            "background:currentColor",
            "content-visibility:hidden",
        ] {
            assert_eq!(Look::read(css).gone, Some(true), "{css}");
        }
        assert_eq!(Look::read("visibility:hidden").unseen, Some(true));
        for css in [
            "font-size:0",
            "font-size:1px",
            "font:0/0 a",
            "font-size:0.05em",
        ] {
            assert_eq!(Look::read(css).tiny, Some(true), "{css}");
        }
    }

    #[test]
    fn ordinary_styles_hide_nothing() {
        for css in [
            "",
            ";;;",
            ":",
            "color:#333;font-size:16px;line-height:0",
            "max-height:0",
            "width:0",
            "overflow:hidden;height:40px",
            "background:url(data:image/png;base64,display:none)",
            "margin-left:-10px",
            "opacity:.8",
            "filter:opacity(0.9)",
            "transform:translate(-50%, -50%) scale(0.5)",
            "clip-path:circle(40%)",
            "mso-hide:all",
        ] {
            let look = Look::read(css);
            assert_ne!(look.gone, Some(true), "{css}");
            assert_ne!(look.tiny, Some(true), "{css}");
        }
        assert_eq!(Look::read("font-size:1.5em").tiny, None);
        assert_eq!(Look::read("display:none;display:block").gone, Some(false));
    }
}
