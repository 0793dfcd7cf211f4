//! The value of Content-Type and Content-Disposition: a token and its parameters, with RFC 2231 in all its forms.

use std::borrow::Cow;

use memchr::memchr;

use crate::charset;
use crate::limits::{MIME_PARAMS_MAX, RFC2231_SECTIONS_MAX};
use crate::transfer::hex_octet;

/// One parameter, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a [u8],
    /// Without quotes and escapes.
    pub(crate) value: Cow<'a, [u8]>,
    /// The value was in quotes that closed.
    pub(crate) quoted: bool,
    /// A malformed parameter came before this one, at which some readers stop.
    pub(crate) after_malformed: bool,
}

/// A field's token and parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters<'a> {
    pub(crate) token: &'a [u8],
    pub(crate) list: Vec<Parameter<'a>>,
    /// More parameters or sections than the caps allow; the surplus is not in the list.
    pub(crate) truncated: bool,
    /// Something stands there that is no parameter.
    pub(crate) malformed: bool,
}

impl<'a> Parameters<'a> {
    /// Reads a field value, folds and comments included, in one pass.
    pub(crate) fn parse(value: &'a [u8]) -> Self {
        let mut position = skip_blanks_and_comments(value, 0);
        let token_len = value[position..]
            .iter()
            .position(|byte| matches!(byte, b';' | b'('))
            .unwrap_or(value.len() - position);
        let mut parameters = Self {
            token: value[position..position + token_len].trim_ascii(),
            ..Self::default()
        };
        position += token_len;
        loop {
            position = skip_blanks_and_comments(value, position);
            let Some(&byte) = value.get(position) else {
                break;
            };
            if byte == b';' {
                position += 1;
                continue;
            }
            if parameters.list.len() == MIME_PARAMS_MAX {
                parameters.truncated = true;
                break;
            }
            let (parameter, next) = read_parameter(value, position, parameters.malformed);
            position = next;
            match parameter {
                Some(parameter) => parameters.list.push(parameter),
                None => parameters.malformed = true,
            }
        }
        parameters
    }

    /// Returns the first plain value of a parameter.
    pub(crate) fn first(&self, name: &str) -> Option<&Parameter<'a>> {
        self.all(name).next()
    }

    /// Returns all plain values of a parameter, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Parameter<'a>> {
        self.list
            .iter()
            .filter(move |parameter| parameter.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Returns the text of `name*`, charset and percent escapes decoded. RFC 2231 4.
    pub(crate) fn extended(&self, name: &str) -> impl Iterator<Item = String> {
        self.list
            .iter()
            .filter(move |parameter| suffix(parameter.name, name) == Some(b"*"))
            .map(|parameter| {
                let (charset, text) = split_charset(&parameter.value);
                decode(&percent_decode(text), charset)
            })
    }

    /// Returns the text put together from `name*0`, `name*1*`, and so on. RFC 2231 3.
    pub(crate) fn continued(&mut self, name: &str) -> Option<String> {
        let mut sections: Vec<(usize, bool, &[u8])> = Vec::new();
        for parameter in &self.list {
            let Some((index, encoded)) = suffix(parameter.name, name).and_then(section) else {
                continue;
            };
            if index >= RFC2231_SECTIONS_MAX || sections.len() == RFC2231_SECTIONS_MAX {
                self.truncated = true;
                continue;
            }
            sections.push((index, encoded, &parameter.value));
        }
        sections.sort_by_key(|&(index, _, _)| index);
        sections.dedup_by_key(|&mut (index, _, _)| index);
        let &(first, first_encoded, opening) = sections.first()?;
        if first != 0 {
            return None;
        }
        let (charset, opening) = if first_encoded {
            split_charset(opening)
        } else {
            (None, opening)
        };
        let mut bytes = Vec::new();
        for (expected, &(index, encoded, value)) in sections.iter().enumerate() {
            // A gap ends the value: what follows it belongs to nothing.
            if index != expected {
                break;
            }
            let value = if index == 0 { opening } else { value };
            if encoded {
                bytes.extend_from_slice(&percent_decode(value));
            } else {
                bytes.extend_from_slice(value);
            }
        }
        Some(decode(&bytes, charset))
    }

    /// Tells whether any RFC 2231 form of a parameter is there.
    pub(crate) fn has_rfc2231(&self, name: &str) -> bool {
        self.list
            .iter()
            .any(|parameter| suffix(parameter.name, name).is_some_and(|rest| !rest.is_empty()))
    }
}

/// Reads one parameter at `position`; none when it has no `=` or no name. Returns where the next one starts.
fn read_parameter(
    value: &[u8],
    position: usize,
    after_malformed: bool,
) -> (Option<Parameter<'_>>, usize) {
    let rest = &value[position..];
    let name_len = rest
        .iter()
        .position(|byte| matches!(byte, b'=' | b';' | b'"'))
        .unwrap_or(rest.len());
    let name = rest[..name_len].trim_ascii();
    let well_formed = rest.get(name_len) == Some(&b'=')
        && !name.is_empty()
        && name.iter().all(u8::is_ascii_graphic);
    if !well_formed {
        return (None, end_of_malformed(value, position + name_len));
    }
    let value_start = skip_blanks(value, position + name_len + 1);
    if value.get(value_start) == Some(&b'"') {
        let (text, quoted, next) = read_quoted(value, value_start + 1);
        return (
            Some(Parameter {
                name,
                value: text,
                quoted,
                after_malformed,
            }),
            next,
        );
    }
    let text_len = memchr(b';', &value[value_start..]).unwrap_or(value.len() - value_start);
    let text = value[value_start..value_start + text_len].trim_ascii();
    (
        Some(Parameter {
            name,
            value: unfold(text),
            quoted: false,
            after_malformed,
        }),
        value_start + text_len,
    )
}

/// Passes over a malformed parameter up to its semicolon, quoted strings as a whole.
fn end_of_malformed(value: &[u8], from: usize) -> usize {
    let mut position = from;
    while let Some(&byte) = value.get(position) {
        match byte {
            b';' => return position,
            b'"' => position = read_quoted(value, position + 1).2,
            _ => position += 1,
        }
    }
    value.len()
}

/// Reads a quoted string after its opening quote. Returns its text, whether it closed, and where it ended.
fn read_quoted(value: &[u8], start: usize) -> (Cow<'_, [u8]>, bool, usize) {
    let mut position = start;
    let mut plain = true;
    while let Some(&byte) = value.get(position) {
        match byte {
            b'"' => break,
            b'\\' => {
                plain = false;
                position += 2;
            }
            b'\r' | b'\n' => {
                plain = false;
                position += 1;
            }
            _ => position += 1,
        }
    }
    let end = position.min(value.len());
    let closed = position < value.len();
    let next = if closed { end + 1 } else { value.len() };
    let text = &value[start..end];
    if plain {
        return (Cow::Borrowed(text), closed, next);
    }
    (Cow::Owned(unescape(text)), closed, next)
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(bytes.next()),
            b'\r' | b'\n' => {}
            _ => out.push(byte),
        }
    }
    out
}

fn unfold(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\n') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.iter()
            .copied()
            .filter(|byte| !matches!(byte, b'\r' | b'\n'))
            .collect(),
    )
}

fn skip_blanks(value: &[u8], from: usize) -> usize {
    value[from..]
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .map_or(value.len(), |blanks| from + blanks)
}

/// Skips white space and comments; comments nest, and one that is never closed takes the rest with it.
pub(crate) fn skip_blanks_and_comments(value: &[u8], from: usize) -> usize {
    let mut position = from;
    let mut depth = 0_usize;
    while let Some(&byte) = value.get(position) {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            b'\\' if depth > 0 => position += 1,
            _ if depth > 0 || byte.is_ascii_whitespace() => {}
            _ => break,
        }
        position += 1;
    }
    position.min(value.len())
}

/// Returns what a parameter name has after `name` and is either nothing or starts with an asterisk.
fn suffix<'n>(parameter: &'n [u8], name: &str) -> Option<&'n [u8]> {
    let head = parameter.get(..name.len())?;
    let rest = &parameter[name.len()..];
    let matches =
        head.eq_ignore_ascii_case(name.as_bytes()) && (rest.is_empty() || rest[0] == b'*');
    matches.then_some(rest)
}

/// Reads `*12` or `*12*`: the section's index and whether it is percent encoded.
fn section(suffix: &[u8]) -> Option<(usize, bool)> {
    let inner = suffix.strip_prefix(b"*")?;
    let (digits, encoded) = match inner.strip_suffix(b"*") {
        Some(digits) => (digits, true),
        None => (inner, false),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let index = std::str::from_utf8(digits)
        .ok()?
        .parse()
        .unwrap_or(usize::MAX);
    Some((index, encoded))
}

/// Splits `charset'language'text`; without both quotes it is all text.
fn split_charset(value: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(first) = memchr(b'\'', value) else {
        return (None, value);
    };
    let Some(second) = memchr(b'\'', &value[first + 1..]) else {
        return (None, value);
    };
    (Some(&value[..first]), &value[first + second + 2..])
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match hex_octet(rest) {
            Some(octet) if byte == b'%' => {
                out.push(octet);
                rest = &rest[2..];
            }
            _ => out.push(byte),
        }
    }
    out
}

fn decode(bytes: &[u8], charset: Option<&[u8]>) -> String {
    let mut clean = String::with_capacity(bytes.len());
    charset::push_clean(&mut clean, &charset::decode(bytes, charset));
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(value: &str, name: &str) -> Option<String> {
        let parameters = Parameters::parse(value.as_bytes());
        parameters
            .first(name)
            .map(|parameter| String::from_utf8_lossy(&parameter.value).into_owned())
    }

    #[test]
    fn tokens_and_parameters_are_found_in_any_dress() {
        let table = [
            ("text/plain; charset=utf-8", "utf-8"),
            (" text/plain ;\r\n\tCHARSET = \"utf-8\" (yes)", "utf-8"),
            ("(a (b) \\) c) text/plain (x); (y) charset=utf-8;", "utf-8"),
            ("text/plain; ; charset=\"ut\\f\r\n -8\"", "utf -8"),
            ("text/plain; broken; charset=utf-8", "utf-8"),
        ];
        for (value, expected) in table {
            assert_eq!(
                first(value, "charset").as_deref(),
                Some(expected),
                "{value}"
            );
            assert_eq!(Parameters::parse(value.as_bytes()).token, b"text/plain");
        }
        assert_eq!(
            first("a; name=two words.pdf ; x=y", "name").as_deref(),
            Some("two words.pdf")
        );
        assert_eq!(
            first("a; name=\"never closed; x=y", "name").as_deref(),
            Some("never closed; x=y")
        );
    }

    #[test]
    fn rfc_2231_examples_are_put_together() {
        let mut parameters = Parameters::parse(
            b"application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
        );
        assert_eq!(
            parameters.continued("title").as_deref(),
            Some("This is even more ***fun*** isn't it!")
        );
        let parameters = Parameters::parse(b"a; title*=iso-8859-1'en-us'na%EFve%zz");
        assert_eq!(
            parameters.extended("title").next().as_deref(),
            Some("naïve%zz")
        );
    }

    #[test]
    fn sections_out_of_order_are_sorted_and_a_gap_ends_them() {
        let mut parameters = Parameters::parse(b"a; f*1=b; f*0=a; f*3=d; f*1=x");
        assert_eq!(parameters.continued("f").as_deref(), Some("ab"));
        assert_eq!(Parameters::parse(b"a; f*1=b").continued("f"), None);
    }

    #[test]
    fn parameters_are_kept_up_to_the_cap() {
        let at_cap = format!("a{}", "; x=y".repeat(MIME_PARAMS_MAX));
        let parameters = Parameters::parse(at_cap.as_bytes());
        assert_eq!(
            (parameters.list.len(), parameters.truncated),
            (MIME_PARAMS_MAX, false)
        );
        let above = format!("{at_cap}; x=y");
        let parameters = Parameters::parse(above.as_bytes());
        assert_eq!(
            (parameters.list.len(), parameters.truncated),
            (MIME_PARAMS_MAX, true)
        );
    }

    #[test]
    fn sections_are_kept_up_to_the_cap() {
        let sections = |count: usize| (0..count).map(|n| format!("; f*{n}=x")).collect::<String>();
        let value = format!("a{}", sections(RFC2231_SECTIONS_MAX));
        let mut parameters = Parameters::parse(value.as_bytes());
        assert_eq!(
            parameters.continued("f").map(|text| text.len()),
            Some(RFC2231_SECTIONS_MAX)
        );
        assert!(!parameters.truncated);
        let value = format!("a{}", sections(RFC2231_SECTIONS_MAX + 1));
        let mut parameters = Parameters::parse(value.as_bytes());
        assert_eq!(
            parameters.continued("f").map(|text| text.len()),
            Some(RFC2231_SECTIONS_MAX)
        );
        assert!(parameters.truncated);
    }
}
