//! Content-Transfer-Encoding: base64 and quoted-printable, lenient and linear; nothing is ever unpacked further.

use std::borrow::Cow;

/// What a transfer encoding makes of one octet at most, as far as it is read here: `=41` with a soft line end between.
const ENCODED_FACTOR: usize = 8;

/// How a part's octets are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    /// 7bit, 8bit, binary, and everything unknown: the octets as they are.
    #[default]
    Identity,
    /// RFC 2045 6.8.
    Base64,
    /// RFC 2045 6.7.
    QuotedPrintable,
}

impl Encoding {
    /// Reads the field's first token; parameters and comments behind it are ignored.
    pub(crate) fn parse(value: &[u8]) -> Self {
        let token = first_token(value);
        if token.eq_ignore_ascii_case(b"base64") {
            return Self::Base64;
        }
        if token.eq_ignore_ascii_case(b"quoted-printable") {
            return Self::QuotedPrintable;
        }
        Self::Identity
    }

    /// Returns the octets of a body.
    pub(crate) fn decode(self, body: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Identity => Cow::Borrowed(body),
            Self::Base64 => Cow::Owned(decode_base64(body)),
            Self::QuotedPrintable => Cow::Owned(decode_quoted_printable(body)),
        }
    }

    /// Returns the first octets of a body.
    pub(crate) fn decode_head(self, body: &[u8], bytes_max: usize) -> Vec<u8> {
        let window = &body[..body.len().min(bytes_max.saturating_mul(ENCODED_FACTOR))];
        let mut head = self.decode(window).into_owned();
        if head.len() < bytes_max && window.len() < body.len() {
            // Padded with what decoders skip: somebody hides how it begins.
            head = self.decode(body).into_owned();
        }
        head.truncate(bytes_max);
        head
    }

    /// Returns how many octets [`Encoding::decode`] would give, without building them where that is easy.
    pub(crate) fn decoded_len(self, body: &[u8]) -> usize {
        match self {
            Self::Identity => body.len(),
            Self::Base64 => base64_len(body),
            Self::QuotedPrintable => decode_quoted_printable(body).len(),
        }
    }
}

/// Tells whether octets that are declared to be written down so are read as that; uuencoded files are recognised in any text.
pub(crate) fn is_known(value: &[u8]) -> bool {
    const KNOWN: [&[u8]; 8] = [
        b"",
        b"7bit",
        b"8bit",
        b"binary",
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"uuencode",
    ];
    let token = first_token(value);
    KNOWN.iter().any(|known| token.eq_ignore_ascii_case(known))
}

fn first_token(value: &[u8]) -> &[u8] {
    let trimmed = value.trim_ascii();
    let end = trimmed
        .iter()
        .position(|byte| !byte.is_ascii_graphic() || matches!(byte, b';' | b'('))
        .unwrap_or(trimmed.len());
    &trimmed[..end]
}

const PAD: u8 = 0x40;
const SKIP: u8 = 0x80;

/// Six-bit values of the base64 alphabet; [`PAD`] for `=`, [`SKIP`] for everything else.
static BASE64: [u8; 256] = base64_table();

const fn base64_table() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [SKIP; 256];
    let mut value = 0;
    while value < 64 {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table[b'=' as usize] = PAD;
    table
}

/// Decodes base64. Foreign characters are skipped (RFC 2045 6.8 says to); padding ends a run, and another may follow.
pub(crate) fn decode_base64(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let mut group: u32 = 0;
    let mut filled = 0;
    for &byte in body {
        let value = BASE64[usize::from(byte)];
        if value < PAD {
            group = group << 6 | u32::from(value);
            filled += 1;
            if filled == 4 {
                out.extend_from_slice(&group.to_be_bytes()[1..]);
                (group, filled) = (0, 0);
            }
        } else if value == PAD {
            push_partial(&mut out, group, filled);
            (group, filled) = (0, 0);
        }
    }
    push_partial(&mut out, group, filled);
    out
}

fn push_partial(out: &mut Vec<u8>, group: u32, filled: usize) {
    match filled {
        2 => out.push((group >> 4) as u8),
        3 => out.extend_from_slice(&((group >> 2) as u16).to_be_bytes()),
        _ => {}
    }
}

fn base64_len(body: &[u8]) -> usize {
    let run_len = |characters: usize| characters / 4 * 3 + (characters % 4).saturating_sub(1);
    let mut total = 0;
    let mut characters = 0;
    for &byte in body {
        let value = BASE64[usize::from(byte)];
        if value < PAD {
            characters += 1;
        } else if value == PAD {
            total += run_len(characters);
            characters = 0;
        }
    }
    total + run_len(characters)
}

/// Decodes quoted-printable. Broken escapes stay as they are; white space at line ends is transport padding.
pub(crate) fn decode_quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    // Everything in `out` from here on may be padding that the next line end removes.
    let mut padding_from = 0;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'=' => {
                if let Some(octet) = hex_octet(rest) {
                    out.push(octet);
                    rest = &rest[2..];
                    padding_from = out.len();
                    continue;
                }
                match soft_break(rest) {
                    Some(next_line) => rest = next_line,
                    None => out.push(b'='),
                }
                padding_from = out.len();
            }
            b'\n' => {
                trim_padding(&mut out, padding_from);
                out.push(b'\n');
                padding_from = out.len();
            }
            _ => out.push(byte),
        }
    }
    out
}

/// Removes blanks before a line end, but none that came from an escape.
fn trim_padding(out: &mut Vec<u8>, padding_from: usize) {
    let carriage_return = out.len() > padding_from && out.last() == Some(&b'\r');
    if carriage_return {
        out.pop();
    }
    while out.len() > padding_from && matches!(out.last(), Some(b' ' | b'\t')) {
        out.pop();
    }
    if carriage_return {
        out.push(b'\r');
    }
}

/// Returns what follows the line end of a soft line break, which may have blanks before it; at the end, nothing.
fn soft_break(rest: &[u8]) -> Option<&[u8]> {
    let blanks = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let at_line_end = &rest[blanks..];
    if at_line_end.is_empty() {
        return Some(at_line_end);
    }
    at_line_end
        .strip_prefix(b"\r\n")
        .or_else(|| at_line_end.strip_prefix(b"\n"))
}

/// Decodes the Q encoding of an encoded word. RFC 2047 4.2.
pub(crate) fn decode_q(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'_' => out.push(b' '),
            b'=' => match hex_octet(rest) {
                Some(octet) => {
                    out.push(octet);
                    rest = &rest[2..];
                }
                None => out.push(b'='),
            },
            _ => out.push(byte),
        }
    }
    out
}

/// Reads two hexadecimal digits at the start of `bytes`.
pub(crate) fn hex_octet(bytes: &[u8]) -> Option<u8> {
    let &[high, low, ..] = bytes else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_read_with_line_ends_padding_and_rubbish() {
        let table: [(&[u8], &[u8]); 8] = [
            (b"aGVsbG8=", b"hello"),
            (b"aGVs\r\nbG8=\r\n", b"hello"),
            (b"aGVsbG8", b"hello"),
            (b"aG!Vs*bG8=", b"hello"),
            (b"aGk=aGk=", b"hihi"),
            (b"a", b""),
            (b"====", b""),
            (b"", b""),
        ];
        for (input, expected) in table {
            assert_eq!(
                decode_base64(input),
                expected,
                "{:?}",
                String::from_utf8_lossy(input)
            );
        }
    }

    #[test]
    fn quoted_printable_is_read_with_soft_breaks_and_mistakes() {
        let table: [(&[u8], &[u8]); 9] = [
            (b"caf=C3=A9", "café".as_bytes()),
            (b"a=\r\nb", b"ab"),
            (b"a= \t\r\nb", b"ab"),
            (b"a=\nb=", b"ab"),
            (b"a  \r\nb\t\n", b"a\r\nb\n"),
            (b"a=20\r\n", b"a \r\n"),
            (b"1=2=zz=a", b"1=2=zz=a"),
            (b"=c3=a9", "é".as_bytes()),
            (b"=", b""),
        ];
        for (input, expected) in table {
            assert_eq!(
                decode_quoted_printable(input),
                expected,
                "{:?}",
                String::from_utf8_lossy(input)
            );
        }
    }

    #[test]
    fn unknown_encodings_leave_the_octets_alone() {
        assert_eq!(Encoding::parse(b" BASE64 (x)\r\n"), Encoding::Base64);
        assert_eq!(
            Encoding::parse(b"Quoted-Printable;x"),
            Encoding::QuotedPrintable
        );
        assert_eq!(Encoding::parse(b"x-uuencode"), Encoding::Identity);
    }

    proptest! {
        #[test]
        fn announced_length_is_the_decoded_length(body in prop::collection::vec(prop_oneof![Just(b'='), Just(b'\n'), Just(b'A'), any::<u8>()], 0..200)) {
            for encoding in [Encoding::Identity, Encoding::Base64, Encoding::QuotedPrintable] {
                let decoded = encoding.decode(&body);
                prop_assert_eq!(encoding.decoded_len(&body), decoded.len());
                prop_assert!(decoded.len() <= body.len());
            }
        }
    }
}
