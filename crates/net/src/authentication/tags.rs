//! `name=value` lists separated by semicolons (RFC 6376 3.2), the form of signatures and key records.

use super::limits::{TAG_LIST_BYTES_MAX, TAGS_MAX};

/// A list that was taken apart; names are compared as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tags<'t> {
    list: Vec<(&'t str, &'t str)>,
}

impl<'t> Tags<'t> {
    /// Takes a list apart; `None` when it is none, when a name stands twice or when there are too many.
    pub(super) fn parse(text: &'t [u8]) -> Option<Self> {
        if text.len() > TAG_LIST_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let mut list: Vec<(&str, &str)> = Vec::new();
        let mut specs = text.split(';').peekable();
        while let Some(spec) = specs.next() {
            let spec = trimmed(spec);
            // RFC 6376 3.2: the last semicolon may be followed by nothing.
            if spec.is_empty() && specs.peek().is_none() {
                break;
            }
            let (name, value) = spec.split_once('=')?;
            let name = trimmed(name);
            if !is_name(name) || list.iter().any(|(other, _)| *other == name) {
                return None;
            }
            if list.len() == TAGS_MAX {
                return None;
            }
            list.push((name, trimmed(value)));
        }
        Some(Self { list })
    }

    /// Returns a value, without white space around it.
    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        self.list
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    }

    /// Returns the name of the first tag.
    pub(super) fn first(&self) -> Option<&'t str> {
        self.list.first().map(|(name, _)| *name)
    }

    /// Returns a value with all white space taken out, as names and numbers may be folded.
    pub(super) fn compact(&self, name: &str) -> Option<String> {
        self.get(name).map(without_space)
    }

    /// Returns the bytes of a value in base64, however it is folded; `None` when absent or not base64.
    pub(super) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        decoded(self.get(name)?)
    }
}

/// Returns the bytes of a text in base64 with white space in it.
fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    use base64::alphabet;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const TOLERANT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    TOLERANT.decode(without_space(text)).ok()
}

fn without_space(text: &str) -> String {
    text.chars()
        .filter(|character| !is_space(*character))
        .collect()
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// RFC 6376 3.2: a letter, then letters, digits and underscores.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart_folds_and_all() {
        let tags = Tags::parse(b" v = 1;\r\n\tb=QU\r\n\tJD ; n=a=b;").unwrap();
        assert_eq!(tags.first(), Some("v"));
        assert_eq!(tags.get("v"), Some("1"));
        assert_eq!(tags.bytes("b").unwrap(), b"ABC");
        assert_eq!(tags.get("n"), Some("a=b"));
        assert_eq!(tags.get("x"), None);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let many = (0..=TAGS_MAX)
            .map(|at| format!("t{at}=1;"))
            .collect::<String>();
        for text in ["a=1;a=2", "a", "=1", "a=1;;b=2", "1a=2", "a b=1", &many] {
            assert_eq!(Tags::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Tags::parse(b"a=\xff"), None);
        assert!(Tags::parse(b"").unwrap().first().is_none());
    }
}
