//! The one address type. Policy, rules, audit and `RCPT TO` all hold an [`EmailAddress`], so that no two readers can
//! disagree about where a message goes.
//!
//! Two constructors read text: [`EmailAddress::parse_strict`] for everything our own users write, and
//! [`EmailAddress::parse_envelope`] for the paths of foreign SMTP peers. What received headers show is a
//! [`DisplayAddress`]: plain text that cannot be sent to without passing `parse_strict`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::{DOMAIN_INPUT_OCTETS_MAX, Domain, DomainError};

/// Longest local part in octets. RFC 5321 4.5.3.1.1.
pub const LOCAL_OCTETS_MAX: usize = 64;
/// Longest address in octets in its canonical form. RFC 5321 4.5.3.1.3 allows a path of 256 with its brackets.
pub const ADDRESS_OCTETS_MAX: usize = 254;
/// Longest text looked at: a local part that is quoted with every octet escaped, the `@`, and a domain in its
/// longest spelling.
pub const ADDRESS_INPUT_OCTETS_MAX: usize = LOCAL_OCTETS_MAX * 2 + 3 + DOMAIN_INPUT_OCTETS_MAX;

/// A mailbox in canonical form: local part exactly as given, domain as lower-case A-labels.
///
/// Equality is exact in the local part; compare [`EmailAddress::folded`] where a list or a mailbox ignores case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    text: Box<str>,
    local_len: usize,
    domain: Domain,
}

/// Why a text is not an address we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was there.
    #[error("address is empty")]
    Empty,
    /// The whole is longer than [`ADDRESS_OCTETS_MAX`].
    #[error("address is longer than {ADDRESS_OCTETS_MAX} octets")]
    TooLong,
    /// The local part is longer than [`LOCAL_OCTETS_MAX`].
    #[error("part before the @ is longer than {LOCAL_OCTETS_MAX} octets")]
    LocalTooLong,
    /// No `@` outside quotes.
    #[error("address has no @")]
    MissingAt,
    /// Nothing before the `@`.
    #[error("nothing before the @")]
    EmptyLocal,
    /// A quoted local part where only plain ones are accepted, or one whose quotes are broken.
    #[error("quoted local parts are not accepted")]
    Quoted,
    /// A parenthesis: comments are obsolete syntax in which readers disagree.
    #[error("comments are not accepted")]
    Comment,
    /// White space or a line fold.
    #[error("white space is not accepted")]
    WhiteSpace,
    /// A control character, also the invisible Unicode ones.
    #[error("control and invisible characters are not accepted")]
    Control,
    /// Group syntax (`name: a@b;`).
    #[error("groups are not accepted")]
    Group,
    /// A source route (`@a,@b:c@d`).
    #[error("source routes are not accepted")]
    SourceRoute,
    /// Angle brackets: a display form rather than an address.
    #[error("only the bare address is accepted, without name and brackets")]
    Brackets,
    /// A comma: more than one address.
    #[error("only one address is accepted")]
    List,
    /// A dot at an edge of the local part, or two in a row.
    #[error("misplaced dot before the @")]
    MisplacedDot,
    /// Any other character that local parts cannot hold unquoted.
    #[error("character is not allowed before the @")]
    Character,
    /// The part after the last `@` is not a domain.
    #[error("part after the @: {0}")]
    Domain(#[from] DomainError),
}

impl EmailAddress {
    /// Reads `local@domain` and nothing else: dot-atom local part (UTF-8 allowed), domain in any spelling.
    ///
    /// For the API, submission, rules, lists and settings. Quoted local parts, comments, folds, groups, source routes
    /// and address literals are refused, because every one of them has been read differently by two programs.
    pub fn parse_strict(input: &str) -> Result<Self, AddressError> {
        let (local, domain) = split_plain(input)?;
        check_dot_atom(local)?;
        Self::assemble(Cow::Borrowed(local), Domain::parse(domain)?)
    }

    /// Reads the path of a foreign SMTP peer, without its angle brackets.
    ///
    /// Beyond [`EmailAddress::parse_strict`] it takes RFC 5321 quoted local parts (kept quoted only where that is
    /// needed) and address literals as domain, because real senders have them.
    pub fn parse_envelope(input: &str) -> Result<Self, AddressError> {
        if !input.starts_with('"') {
            let (local, domain) = split_plain(input)?;
            check_dot_atom(local)?;
            return Self::assemble(Cow::Borrowed(local), parse_envelope_domain(domain)?);
        }
        if input.len() > ADDRESS_INPUT_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        let (content, domain) = split_quoted(input)?;
        let local = match check_dot_atom(&content) {
            Ok(()) => content,
            Err(_) => quote(&content),
        };
        Self::assemble(Cow::Owned(local), parse_envelope_domain(domain)?)
    }

    fn assemble(local: Cow<'_, str>, domain: Domain) -> Result<Self, AddressError> {
        if local.len() > LOCAL_OCTETS_MAX {
            return Err(AddressError::LocalTooLong);
        }
        let text = format!("{local}@{domain}");
        if text.len() > ADDRESS_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        Ok(Self {
            text: text.into(),
            local_len: local.len(),
            domain,
        })
    }

    /// Returns the part before the `@`; with its quotes when it is a quoted one.
    pub fn local(&self) -> &str {
        &self.text[..self.local_len]
    }

    /// Returns the domain the message would go to.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Returns the canonical text, as it goes on the wire and into the audit record.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text in lower case, for comparing where the local part's case does not matter.
    pub fn folded(&self) -> String {
        // Character by character: `str::to_lowercase` knows a final sigma, which would make the result depend on
        // what follows.
        self.text.chars().flat_map(char::to_lowercase).collect()
    }

    /// Returns the local part before the first `+`, or all of it when there is no `+` or nothing before it.
    pub fn plus_base(&self) -> &str {
        let local = self.local();
        if local.starts_with('"') {
            return local;
        }
        match local.split_once('+') {
            Some((base, _)) if !base.is_empty() => base,
            _ => local,
        }
    }

    /// Tells whether the local part needs the SMTPUTF8 extension (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.text.is_ascii()
    }

    /// Returns the address with a Unicode domain, for people's eyes. Never compare or send it.
    pub fn to_unicode(&self) -> String {
        format!("{}@{}", self.local(), self.domain.to_unicode())
    }
}

/// Splits at the only place where an unquoted address can be split, and names obsolete syntax when it is there.
fn split_plain(input: &str) -> Result<(&str, &str), AddressError> {
    if input.is_empty() {
        return Err(AddressError::Empty);
    }
    if input.len() > ADDRESS_INPUT_OCTETS_MAX {
        return Err(AddressError::TooLong);
    }
    if input.starts_with('@') && input.contains(':') {
        return Err(AddressError::SourceRoute);
    }
    if let Some(reason) = input.chars().find_map(foreign_syntax) {
        return Err(reason);
    }
    let (local, domain) = input.rsplit_once('@').ok_or(AddressError::MissingAt)?;
    if local.len() > LOCAL_OCTETS_MAX {
        return Err(AddressError::LocalTooLong);
    }
    if !domain.starts_with('[') && domain.contains([':', ';']) {
        return Err(AddressError::Group);
    }
    Ok((local, domain))
}

/// Names the syntax that a character belongs to, when it can be part of no plain address at all.
fn foreign_syntax(character: char) -> Option<AddressError> {
    match character {
        '"' | '\\' => Some(AddressError::Quoted),
        '(' | ')' => Some(AddressError::Comment),
        '<' | '>' => Some(AddressError::Brackets),
        ',' => Some(AddressError::List),
        ';' => Some(AddressError::Group),
        ' ' | '\t' | '\r' | '\n' => Some(AddressError::WhiteSpace),
        c if c.is_ascii_control() => Some(AddressError::Control),
        _ => None,
    }
}

/// Accepts atoms joined by single dots. RFC 5321 4.1.2 Dot-string, widened to UTF-8 by RFC 6531 3.3.
fn check_dot_atom(local: &str) -> Result<(), AddressError> {
    if local.is_empty() {
        return Err(AddressError::EmptyLocal);
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(AddressError::MisplacedDot);
    }
    for character in local.chars() {
        match character {
            '.' => {}
            ':' => return Err(AddressError::Group),
            c if c.is_ascii() && is_atext(c) => {}
            c if c.is_ascii() => return Err(AddressError::Character),
            c => check_non_ascii(c)?,
        }
    }
    Ok(())
}

/// RFC 5322 3.2.3: the ASCII characters of an atom.
fn is_atext(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
}

/// Refuses what cannot be seen, what is white space, and the compatibility forms of ASCII, which a later
/// normalisation would turn into syntax (a full-width `＠`).
fn check_non_ascii(character: char) -> Result<(), AddressError> {
    if character.is_whitespace() {
        return Err(AddressError::WhiteSpace);
    }
    if character.is_control() || is_invisible(character) {
        return Err(AddressError::Control);
    }
    match character {
        '\u{FE50}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF65}' | '\u{FFFD}' => {
            Err(AddressError::Character)
        }
        _ => Ok(()),
    }
}

/// Tells whether a character is a format control, a joiner, a filler, a tag or a non-character.
fn is_invisible(character: char) -> bool {
    let code = u32::from(character);
    matches!(code,
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
        | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFC
        | 0xFDD0..=0xFDEF | 0xE0000..=0xE0FFF)
        || code & 0xFFFE == 0xFFFE
}

fn parse_envelope_domain(domain: &str) -> Result<Domain, AddressError> {
    if domain.starts_with('[') {
        return Ok(Domain::parse_literal(domain)?);
    }
    Ok(Domain::parse(domain)?)
}

/// Reads a quoted local part and returns its content without quotes and escapes, and what follows the `@`.
fn split_quoted(input: &str) -> Result<(String, &str), AddressError> {
    let mut content = String::new();
    let mut characters = input.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let domain = input[at + 1..]
                    .strip_prefix('@')
                    .ok_or(AddressError::Quoted)?;
                return Ok((content, domain));
            }
            '\\' => match characters.next() {
                // RFC 5321 4.1.2: quoted-pairSMTP escapes printable ASCII only
                Some((_, escaped)) if escaped == ' ' || escaped.is_ascii_graphic() => {
                    content.push(escaped)
                }
                _ => return Err(AddressError::Quoted),
            },
            ' ' => content.push(' '),
            c if c.is_ascii_control() => return Err(AddressError::Control),
            c if c.is_ascii() => content.push(c),
            c => {
                check_non_ascii(c)?;
                content.push(c);
            }
        }
    }
    Err(AddressError::Quoted)
}

/// Quotes with the fewest escapes, so that each content has exactly one spelling.
fn quote(content: &str) -> String {
    let mut quoted = String::with_capacity(content.len() + 2);
    quoted.push('"');
    for character in content.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.text)
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    fn from_str(input: &str) -> Result<Self, AddressError> {
        Self::parse_strict(input)
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_strict(&text).map_err(serde::de::Error::custom)
    }
}

/// A name and an address as a received header shows them: text for eyes and for search, never a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DisplayAddress {
    /// The display name, decoded; empty when there was none.
    #[serde(default)]
    pub name: String,
    /// The address as written, without comments; empty when only a name was there. May be no valid address.
    #[serde(default)]
    pub email: String,
}

impl DisplayAddress {
    /// Returns the address in the strict type, which is the only way to send to it.
    pub fn to_strict(&self) -> Result<EmailAddress, AddressError> {
        EmailAddress::parse_strict(&self.email)
    }
}

impl fmt::Display for DisplayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return f.write_str(&self.email);
        }
        write!(f, "{} <{}>", self.name, self.email)
    }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
