//! Macros: names that depend on who sends (RFC 7208 7).

use std::net::IpAddr;

use super::record::SyntaxError;
use crate::authentication::limits::SPF_MACRO_OUTPUT_BYTES_MAX;
use crate::limits::HOST_NAME_BYTES_MAX;

/// Text with macros in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MacroString {
    parts: Vec<Part>,
}

/// Text with macros in it that becomes a domain name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DomainSpec {
    text: MacroString,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Macro {
        letter: u8,
        escaped: bool,
        labels: Option<usize>,
        reversed: bool,
        delimiters: Vec<u8>,
    },
}

/// What the letters stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) peer: IpAddr,
    pub(super) local_part: &'a str,
    pub(super) sender_domain: &'a str,
    pub(super) domain: &'a str,
    pub(super) helo: &'a str,
    /// The name of the peer that was validated; needed only by texts that [`DomainSpec::needs_name`].
    pub(super) name: &'a str,
}

impl MacroString {
    /// Reads a text. Letters that only make sense in explanations are none here.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let literal_end = rest.find('%').unwrap_or(rest.len());
            let (literal, after) = rest.split_at(literal_end);
            if !literal.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(SyntaxError);
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            rest = after;
            if rest.is_empty() {
                break;
            }
            let (part, after) = macro_at(rest)?;
            parts.push(part);
            rest = after;
        }
        Ok(Self { parts })
    }

    fn expand(&self, values: &Values<'_>) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Macro {
                    letter,
                    escaped,
                    labels,
                    reversed,
                    delimiters,
                } => {
                    let value = value_of(*letter, values);
                    let value = transform(&value, delimiters, *reversed, *labels);
                    if *escaped {
                        push_escaped(&value, &mut out);
                    } else {
                        out.push_str(&value);
                    }
                }
            }
            if out.len() > SPF_MACRO_OUTPUT_BYTES_MAX {
                return None;
            }
        }
        Some(out)
    }
}

/// Reads the macro at the start of `text`, which is a percent sign; returns what follows it.
fn macro_at(text: &str) -> Result<(Part, &str), SyntaxError> {
    let literal = |text: &str| Part::Literal(text.to_owned());
    match text.as_bytes().get(1) {
        Some(b'%') => return Ok((literal("%"), &text[2..])),
        Some(b'_') => return Ok((literal(" "), &text[2..])),
        Some(b'-') => return Ok((literal("%20"), &text[2..])),
        Some(b'{') => {}
        _ => return Err(SyntaxError),
    }
    let end = text.find('}').ok_or(SyntaxError)?;
    let body = &text.as_bytes()[2..end];
    let (&letter, body) = body.split_first().ok_or(SyntaxError)?;
    if !b"slodiphv".contains(&letter.to_ascii_lowercase()) {
        return Err(SyntaxError);
    }
    let digits_end = body
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(body.len());
    let (digits, body) = body.split_at(digits_end);
    let labels = labels_of(digits)?;
    let (reversed, delimiters) = match body.split_first() {
        Some((b'r' | b'R', rest)) => (true, rest),
        _ => (false, body),
    };
    if !delimiters.iter().all(|byte| b".-+,/_=".contains(byte)) {
        return Err(SyntaxError);
    }
    let part = Part::Macro {
        letter: letter.to_ascii_lowercase(),
        escaped: letter.is_ascii_uppercase(),
        labels,
        reversed,
        delimiters: if delimiters.is_empty() {
            vec![b'.']
        } else {
            delimiters.to_vec()
        },
    };
    Ok((part, &text[end + 1..]))
}

/// RFC 7208 7.1: a number of labels is not zero; more than there are is all of them.
fn labels_of(digits: &[u8]) -> Result<Option<usize>, SyntaxError> {
    if digits.is_empty() {
        return Ok(None);
    }
    if digits.iter().all(|digit| *digit == b'0') {
        return Err(SyntaxError);
    }
    let text = std::str::from_utf8(digits).map_err(|_| SyntaxError)?;
    Ok(Some(text.parse().unwrap_or(usize::MAX)))
}

fn value_of(letter: u8, values: &Values<'_>) -> String {
    match letter {
        b's' => format!("{}@{}", values.local_part, values.sender_domain),
        b'l' => values.local_part.to_owned(),
        b'o' => values.sender_domain.to_owned(),
        b'd' => values.domain.to_owned(),
        b'i' => dotted(values.peer),
        b'p' => values.name.to_owned(),
        b'h' => values.helo.to_owned(),
        _ => match values.peer {
            IpAddr::V4(_) => "in-addr".to_owned(),
            IpAddr::V6(_) => "ip6".to_owned(),
        },
    }
}

/// RFC 7208 7.3: IPv6 as its nibbles.
fn dotted(peer: IpAddr) -> String {
    match peer {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let nibbles: Vec<String> = v6
                .octets()
                .iter()
                .flat_map(|octet| [octet >> 4, octet & 0xf])
                .map(|nibble| format!("{nibble:x}"))
                .collect();
            nibbles.join(".")
        }
    }
}

fn transform(value: &str, delimiters: &[u8], reversed: bool, labels: Option<usize>) -> String {
    let is_delimiter =
        |character: char| u8::try_from(character).is_ok_and(|byte| delimiters.contains(&byte));
    let mut parts: Vec<&str> = value.split(is_delimiter).collect();
    if reversed {
        parts.reverse();
    }
    let kept = labels.unwrap_or(parts.len()).min(parts.len());
    parts[parts.len() - kept..].join(".")
}

fn push_escaped(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

impl DomainSpec {
    /// Reads a text that must end in a macro or in a label that can be a top-level domain.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let spec = Self {
            text: MacroString::parse(text)?,
        };
        match spec.text.parts.last() {
            None => Err(SyntaxError),
            Some(Part::Macro { .. }) => Ok(spec),
            Some(Part::Literal(_)) if ends_in_escape(text) || ends_in_top_label(text) => Ok(spec),
            Some(Part::Literal(_)) => Err(SyntaxError),
        }
    }

    /// Tells whether the peer's validated name is in it.
    pub(super) fn needs_name(&self) -> bool {
        self.text
            .parts
            .iter()
            .any(|part| matches!(part, Part::Macro { letter: b'p', .. }))
    }

    /// Returns the name; `None` when it grows beyond all measure. It need not be one that can be asked.
    ///
    /// RFC 7208 7.3: of a name that is too long, labels are left out from the left.
    pub(super) fn expand(&self, values: &Values<'_>) -> Option<String> {
        let expanded = self.text.expand(values)?;
        let mut name = expanded.strip_suffix('.').unwrap_or(&expanded);
        while name.len() > HOST_NAME_BYTES_MAX {
            name = name.split_once('.')?.1;
        }
        Some(name.to_ascii_lowercase())
    }
}

fn ends_in_escape(text: &str) -> bool {
    ["%%", "%_", "%-"]
        .iter()
        .any(|escape| text.ends_with(escape))
}

/// RFC 7208 12: `"." toplabel [ "." ]`.
fn ends_in_top_label(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((_, label)) = text.rsplit_once('.') else {
        return false;
    };
    let bytes = label.as_bytes();
    bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && !bytes.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str, peer: &str) -> String {
        let values = Values {
            peer: peer.parse().unwrap(),
            local_part: "strong-bad",
            sender_domain: "email.example.com",
            domain: "email.example.com",
            helo: "mx.example.com",
            name: "unknown",
        };
        MacroString::parse(text).unwrap().expand(&values).unwrap()
    }

    // RFC 7208 7.4: the examples.
    #[test]
    fn the_examples_of_the_standard_expand_as_it_says() {
        let v4 = "192.0.2.3";
        for (text, expanded) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d3}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            (
                "%{ir}.%{v}._spf.%{d2}",
                "3.2.0.192.in-addr._spf.example.com",
            ),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            (
                "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
                "bad.strong.lp.3.2.0.192.in-addr._spf.example.com",
            ),
            (
                "%{d2}.trusted-domains.example.net",
                "example.com.trusted-domains.example.net",
            ),
        ] {
            assert_eq!(expand(text, v4), expanded, "{text}");
        }
        assert_eq!(
            expand("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01"),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
        );
    }

    #[test]
    fn capitals_escape_and_percent_signs_stand_for_themselves() {
        assert_eq!(
            expand("%{S}%%%_%-", "192.0.2.3"),
            "strong-bad%40email.example.com% %20"
        );
    }

    #[test]
    fn auth_01_a_macro_that_grows_beyond_all_measure_is_no_name() {
        let text = "%{s}".repeat(10_000);
        let values = Values {
            peer: "192.0.2.3".parse().unwrap(),
            local_part: "a",
            sender_domain: "example.com",
            domain: "example.com",
            helo: "h",
            name: "unknown",
        };
        assert_eq!(DomainSpec::parse(&text).unwrap().expand(&values), None);
    }

    #[test]
    fn names_end_in_a_macro_or_a_top_level_domain() {
        for good in ["a.b", "a.b.", "%{d}", "a.%{d}", "a.x-y", "a.1x"] {
            assert!(DomainSpec::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "a.", "a.1", "a.-b", "a.b-", "%{d}.1", "%{d}a"] {
            assert!(DomainSpec::parse(bad).is_err(), "{bad}");
        }
    }
}
