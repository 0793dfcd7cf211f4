//! The one form of a domain name that policies, rules, DNS and the wire compare: lower-case A-labels.
//!
//! Every outside spelling (upper case, Unicode, full-width dots, invisible characters) is folded once, here, by
//! UTS-46 non-transitional processing with the STD3 rules. Nothing after this boundary compares Unicode.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest domain in octets, as A-labels without the trailing dot. RFC 1035 2.3.4 allows 255 in wire form.
pub const DOMAIN_OCTETS_MAX: usize = 253;
/// Longest label in octets. RFC 1035 2.3.4.
pub const LABEL_OCTETS_MAX: usize = 63;
/// Longest outside spelling looked at: no accepted domain needs more than four octets for each octet it keeps.
pub const DOMAIN_INPUT_OCTETS_MAX: usize = DOMAIN_OCTETS_MAX * 4;

/// A domain name in canonical form, or an address literal where an envelope carried one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain {
    text: Box<str>,
    literal: Option<IpAddr>,
}

/// Why a text is not a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nothing was there, or only a dot.
    #[error("domain is empty")]
    Empty,
    /// More than [`DOMAIN_OCTETS_MAX`] octets, or a label of more than [`LABEL_OCTETS_MAX`].
    #[error("domain or one of its labels is too long")]
    TooLong,
    /// An IP address where a name is required.
    #[error("an IP address is not a domain name")]
    IpLiteral,
    /// Not a host name under UTS-46 and STD3: bad character, empty label, hyphen at an edge or broken punycode.
    #[error("not a valid domain name")]
    Invalid,
}

impl Domain {
    /// Reads a domain name in any spelling and returns its lower-case A-label form. One trailing dot is dropped.
    pub fn parse(input: &str) -> Result<Self, DomainError> {
        if input.is_empty() {
            return Err(DomainError::Empty);
        }
        if input.len() > DOMAIN_INPUT_OCTETS_MAX {
            return Err(DomainError::TooLong);
        }
        if input.starts_with('[') {
            return Err(DomainError::IpLiteral);
        }
        let ascii = match plain_host_name(input) {
            Some(canonical) => canonical,
            None => to_a_labels(input)?,
        };
        let text = ascii.strip_suffix('.').unwrap_or(&ascii);
        check_shape(text)?;
        Ok(Self {
            text: text.into(),
            literal: None,
        })
    }

    /// Reads an address literal as envelopes carry it: `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    pub fn parse_literal(input: &str) -> Result<Self, DomainError> {
        // RFC 5321 4.1.3: the tag is case-insensitive; a general-address-literal has no registered use
        let inner = input
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .ok_or(DomainError::Invalid)?;
        let tagged = inner
            .get(..5)
            .is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
        if tagged {
            let address: Ipv6Addr = inner[5..].parse().map_err(|_| DomainError::Invalid)?;
            return Ok(Self {
                text: format!("[IPv6:{address}]").into(),
                literal: Some(IpAddr::V6(address)),
            });
        }
        let address: Ipv4Addr = inner.parse().map_err(|_| DomainError::Invalid)?;
        Ok(Self {
            text: format!("[{address}]").into(),
            literal: Some(IpAddr::V4(address)),
        })
    }

    /// Returns the canonical text: lower-case A-labels without a trailing dot, or the bracketed literal.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the IP address when this is an address literal; such a domain has no MX and is nobody's tenant.
    pub fn literal(&self) -> Option<IpAddr> {
        self.literal
    }

    /// Returns the form for people's eyes. Never compare or send it.
    pub fn to_unicode(&self) -> Cow<'_, str> {
        if self.literal.is_some() || !self.text.contains("xn--") {
            return Cow::Borrowed(&self.text);
        }
        let (text, result) = Uts46::new().to_unicode(
            self.text.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
        );
        match result {
            Ok(()) => text,
            Err(_) => Cow::Borrowed(&self.text),
        }
    }

    /// Tells whether this is `parent` or a name below it. Whole labels only: `evil-ok.example` is not within `ok.example`.
    pub fn is_within(&self, parent: &Self) -> bool {
        if self.literal.is_some() || parent.literal.is_some() {
            return self == parent;
        }
        match self.text.strip_suffix(&*parent.text) {
            Some(rest) => rest.is_empty() || rest.ends_with('.'),
            None => false,
        }
    }
}

/// Lower-cases a name that is plainly made of ASCII letters, digits, hyphens and dots, which needs no Unicode tables.
/// A-labels take the long way, so that broken punycode is refused.
fn plain_host_name(input: &str) -> Option<Cow<'_, str>> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if !input.as_bytes().iter().all(plain) {
        return None;
    }
    let lower = input.to_ascii_lowercase();
    if lower.split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    Some(Cow::Owned(lower))
}

fn to_a_labels(input: &str) -> Result<Cow<'_, str>, DomainError> {
    Uts46::new()
        .to_ascii(
            input.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Ignore,
        )
        .map_err(|_| DomainError::Invalid)
}

/// Checks lengths, LDH labels and that the name cannot be mistaken for an IPv4 address.
fn check_shape(text: &str) -> Result<(), DomainError> {
    if text.is_empty() {
        return Err(DomainError::Empty);
    }
    if text.len() > DOMAIN_OCTETS_MAX {
        return Err(DomainError::TooLong);
    }
    for label in text.split('.') {
        if label.len() > LABEL_OCTETS_MAX {
            return Err(DomainError::TooLong);
        }
        let letters_digits_hyphens = label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if label.is_empty()
            || !letters_digits_hyphens
            || label.starts_with('-')
            || label.ends_with('-')
        {
            return Err(DomainError::Invalid);
        }
    }
    // Resolvers and URL parsers read a numeric last label as an IPv4 address in one of its many spellings.
    let last = text.rsplit('.').next().unwrap_or(text);
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DomainError::IpLiteral);
    }
    Ok(())
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.text)
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(input: &str) -> Result<Self, DomainError> {
        Self::parse(input)
    }
}

impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(input: &str) -> String {
        Domain::parse(input)
            .expect("a valid domain")
            .as_str()
            .to_owned()
    }

    #[test]
    fn upper_case_and_one_trailing_dot_are_folded_away() {
        assert_eq!(canonical("OK.Example."), "ok.example");
        assert_eq!(Domain::parse("ok.example.."), Err(DomainError::Invalid));
        assert_eq!(Domain::parse("."), Err(DomainError::Empty));
    }

    #[test]
    fn unicode_names_become_a_labels_and_can_be_shown_again() {
        let domain = Domain::parse("Bücher.example").expect("valid");
        assert_eq!(domain.as_str(), "xn--bcher-kva.example");
        assert_eq!(domain.to_unicode(), "bücher.example");
    }

    #[test]
    fn hyphens_in_the_third_and_fourth_place_are_ordinary() {
        assert_eq!(canonical("r3---sn-4g5e.example"), "r3---sn-4g5e.example");
    }

    #[test]
    fn names_that_no_dns_holds_are_refused() {
        for broken in [
            "a b.example",
            "a_b.example",
            "-a.example",
            "a-.example",
            "a..example",
            ".example",
            "xn--a.example",
            "exa\0mple",
            "a@b",
        ] {
            assert_eq!(
                Domain::parse(broken),
                Err(DomainError::Invalid),
                "{broken:?}"
            );
        }
    }

    #[test]
    fn ip_addresses_in_any_spelling_are_not_names() {
        for literal in [
            "192.0.2.1",
            "0x7f.1",
            "127.0x1",
            "2130706433",
            "[192.0.2.1]",
            "1.2.3.4.",
        ] {
            assert_eq!(
                Domain::parse(literal),
                Err(DomainError::IpLiteral),
                "{literal}"
            );
        }
    }

    #[test]
    fn lengths_are_accepted_at_the_limit_and_refused_above() {
        let label = "a".repeat(LABEL_OCTETS_MAX);
        assert_eq!(
            canonical(&format!("{label}.example")),
            format!("{label}.example")
        );
        assert_eq!(
            Domain::parse(&format!("{label}a.example")),
            Err(DomainError::TooLong)
        );
        let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(canonical(&longest).len(), DOMAIN_OCTETS_MAX);
        assert_eq!(
            Domain::parse(&format!("{longest}b")),
            Err(DomainError::TooLong)
        );
        assert_eq!(
            Domain::parse(&"a".repeat(DOMAIN_INPUT_OCTETS_MAX + 1)),
            Err(DomainError::TooLong)
        );
    }

    #[test]
    fn address_literals_need_their_own_constructor() {
        let v4 = Domain::parse_literal("[192.0.2.1]").expect("valid");
        assert_eq!(v4.literal(), Some("192.0.2.1".parse().expect("an address")));
        let v6 = Domain::parse_literal("[ipv6:2001:DB8:0::1]").expect("valid");
        assert_eq!(v6.as_str(), "[IPv6:2001:db8::1]");
        for broken in [
            "192.0.2.1",
            "[192.0.2]",
            "[2001:db8::1]",
            "[IPv6:]",
            "[x-tag:y]",
            "[]",
        ] {
            assert_eq!(
                Domain::parse_literal(broken),
                Err(DomainError::Invalid),
                "{broken}"
            );
        }
    }

    #[test]
    fn canonical_names_parse_to_themselves() {
        for input in [
            "ok.example",
            "faß.example",
            "ΟΔΟΣ.example",
            "ok。example",
            "例え.テスト",
        ] {
            let once = canonical(input);
            assert_eq!(canonical(&once), once);
        }
    }
}
