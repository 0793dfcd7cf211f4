//! The octets of a part as lines of ASCII.

use mail_builder::encoders::Base64Encoder;

/// Characters of a line of quoted-printable. RFC 2045 6.7 (5).
const LINE_CHARACTERS_MAX: usize = 76;

/// How the body of a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// It was 7bit already.
    AsItIs,
    Base64,
    QuotedPrintable,
}

impl Form {
    /// Returns octets in this form; without a line end of its own behind them.
    pub(super) fn encode(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::AsItIs => octets.to_vec(),
            Self::Base64 => base64(octets),
            Self::QuotedPrintable => quoted_printable(octets),
        }
    }

    /// RFC 2045 6.1.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::AsItIs => "7bit",
            Self::Base64 => "base64",
            Self::QuotedPrintable => "quoted-printable",
        }
    }
}

fn base64(octets: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    Base64Encoder::new()
        .wrap_lines()
        .encode_into(octets, &mut text);
    text.truncate(text.trim_ascii_end().len());
    text
}

/// RFC 2045 6.7: line ends stay, everything else that could be changed on the way is written in hexadecimal.
fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 4);
    let mut column = 0;
    let mut rest = octets;
    while let Some((&octet, behind)) = rest.split_first() {
        if let Some(next) = rest.strip_prefix(b"\r\n") {
            out.extend_from_slice(b"\r\n");
            (rest, column) = (next, 0);
            continue;
        }
        // Blanks at the end of a line are taken for padding, and a dot or `From` at its beginning for something else.
        let is_plain = match octet {
            b' ' | b'\t' => !(behind.is_empty() || behind.starts_with(b"\r\n")),
            b'.' => column > 0,
            b'F' => column > 0 || !behind.starts_with(b"rom "),
            b'=' => false,
            other => other.is_ascii_graphic(),
        };
        let width = if is_plain { 1 } else { 3 };
        // The last column is for the `=` of a soft line break.
        if column + width > LINE_CHARACTERS_MAX - 1 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
            // At the beginning of a line other characters are plain.
            continue;
        }
        if is_plain {
            out.push(octet);
        } else {
            out.extend_from_slice(format!("={octet:02X}").as_bytes());
        }
        column += width;
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transfer::Encoding;

    #[test]
    fn quoted_printable_keeps_lines_and_writes_the_rest_in_hexadecimal() {
        for (octets, text) in [
            ("café\r\n", "caf=C3=A9\r\n"),
            ("a \r\nb\t", "a=20\r\nb=09"),
            ("1=1", "1=3D1"),
            (".x\r\n.\r\n", "=2Ex\r\n=2E\r\n"),
            ("From me", "=46rom me"),
            ("a\nb\rc", "a=0Ab=0Dc"),
        ] {
            let encoded = quoted_printable(octets.as_bytes());
            assert_eq!(String::from_utf8(encoded).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_to_the_same_octets_in_short_lines(
            octets in prop::collection::vec(prop_oneof![Just(b' '), Just(b'\r'), Just(b'\n'), Just(b'='), Just(b'.'), any::<u8>()], 0..400)
        ) {
            let forms = [(Form::Base64, Encoding::Base64), (Form::QuotedPrintable, Encoding::QuotedPrintable)];
            for (form, encoding) in forms {
                let encoded = form.encode(&octets);
                prop_assert!(encoded.is_ascii());
                prop_assert!(encoded.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE_CHARACTERS_MAX + 1));
                prop_assert_eq!(&*encoding.decode(&encoded), &octets[..]);
            }
        }
    }
}
