//! The parts of a message, and how their octets travel.

use mail_builder::encoders::Base64Encoder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use super::{File, OCTETS, media_type};
use crate::limits::LINE_OCTETS_MAX;

/// A part, and whether there are octets above 127 in it.
pub(super) struct Entity<'a> {
    pub(super) part: MimePart<'a>,
    is_8bit: bool,
}

impl<'a> Entity<'a> {
    /// A part that is written in ASCII.
    pub(super) fn ascii(part: MimePart<'a>) -> Self {
        let is_8bit = false;
        Self { part, is_8bit }
    }

    /// Puts files beside a part; without any it stays as it is.
    pub(super) fn with_files(
        self,
        media_type: &'a str,
        boundary: String,
        files: &[&'a File<'a>],
    ) -> Self {
        if files.is_empty() {
            return self;
        }
        let mut is_8bit = self.is_8bit;
        let mut parts = vec![self.part];
        for file in files {
            let entity = Self::of_file(file);
            is_8bit |= entity.is_8bit;
            parts.push(entity.part);
        }
        let part = multipart(media_type, boundary, parts);
        // RFC 2045 6.4: what has an 8bit part in it is 8bit
        let part = match is_8bit {
            true => part.transfer_encoding("8bit"),
            false => part,
        };
        Self { part, is_8bit }
    }

    fn of_file(file: &'a File<'a>) -> Self {
        let disposition = match file.is_inline {
            true => "inline",
            false => "attachment",
        };
        let mut disposition = ContentType::new(disposition);
        let content_type = media_type(file.content_type);
        let travel = Travel::of(&content_type.c_type, file.content);
        let mut content_type = match travel {
            Travel::AsOctets => ContentType::new(OCTETS),
            _ => content_type,
        };
        if !file.filename.is_empty() {
            disposition = disposition.attribute("filename", file.filename);
            // Programs that know nothing of Content-Disposition look here.
            content_type = content_type.attribute("name", file.filename);
        }
        let content = match travel {
            Travel::As7Bit | Travel::As8Bit => file.content.into(),
            Travel::InBase64 | Travel::AsOctets => in_base64(file.content).into(),
        };
        let mut part = MimePart::new(content_type, BodyPart::Binary(content))
            .transfer_encoding(travel.word())
            .header("Content-Disposition", disposition);
        if let Some(id) = file.content_id {
            part = part.header("Content-ID", Raw::new(format!("<{id}>")));
        }
        let is_8bit = travel == Travel::As8Bit;
        Self { part, is_8bit }
    }
}

pub(super) fn multipart<'a>(
    media_type: &'a str,
    boundary: String,
    parts: Vec<MimePart<'a>>,
) -> MimePart<'a> {
    let content_type = ContentType::new(media_type).attribute("boundary", boundary);
    MimePart::new(content_type, BodyPart::Multipart(parts))
}

fn in_base64(octets: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    Base64Encoder::new()
        .wrap_lines()
        .encode_into(octets, &mut text);
    text
}

/// How the octets of a file travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Travel {
    InBase64,
    /// A message as it is, in ASCII.
    As7Bit,
    /// A message as it is.
    As8Bit,
    /// A message that cannot go as it is: a file of octets in base64.
    AsOctets,
}

impl Travel {
    fn of(media_type: &str, content: &[u8]) -> Self {
        // RFC 2046 5.2.1: a message within a message is not encoded
        let Some(subtype) = media_type.strip_prefix("message/") else {
            return Self::InBase64;
        };
        if !is_in_lines(content) {
            return Self::AsOctets;
        }
        if content.is_ascii() {
            return Self::As7Bit;
        }
        // RFC 2046 5.2.2, RFC 3464 2.1, RFC 9078: of the others many must be 7bit
        let may_be_8bit = subtype == "rfc822" || subtype.starts_with("global");
        match may_be_8bit {
            true => Self::As8Bit,
            false => Self::AsOctets,
        }
    }

    /// RFC 2045 6.1.
    fn word(self) -> &'static str {
        match self {
            Self::InBase64 | Self::AsOctets => "base64",
            Self::As7Bit => "7bit",
            Self::As8Bit => "8bit",
        }
    }
}

/// RFC 2045 2.7, 2.8: lines that end with CRLF and are not too long, without NUL.
fn is_in_lines(content: &[u8]) -> bool {
    let mut length = 0;
    let mut octets = content.iter().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' if octets.next_if_eq(&&b'\n').is_some() => length = 0,
            b'\r' | b'\n' | 0 => return false,
            _ if length == LINE_OCTETS_MAX => return false,
            _ => length += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_lines_only_with_crlf_and_up_to_their_bound() {
        let longest = "a".repeat(LINE_OCTETS_MAX);
        for good in ["", "a", "a\r\n", "\r\n\r\n", "a\r\nb", &longest] {
            assert!(is_in_lines(good.as_bytes()), "{good:?}");
        }
        let too_long = format!("a\r\n{longest}b\r\n");
        for bad in ["\n", "a\nb", "a\r", "a\rb", "\r\r\n", "a\0", &too_long] {
            assert!(!is_in_lines(bad.as_bytes()), "{bad:?}");
        }
    }
}
