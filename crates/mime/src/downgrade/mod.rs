//! A message for servers that take ASCII only: the same message, written with other transfer encodings. RFC 6152 3, RFC 2045 6.
//!
//! Whoever signs a message does so on this form (RFC 6376 5.3): a server further on that takes no octets above 127 would have to
//! write it anew and break the signature. Either all of a message becomes 7bit, or it stays as it is: nothing is guessed about
//! structure that readers may see differently, and what a signature of its author covers (RFC 1847 2.1) is not touched.
//!
//! | module | what it is for |
//! |---|---|
//! | `body` | the octets of a part in base64 or quoted-printable |
//! | `header` | header fields in ASCII: encoded words, RFC 2231 parameters, A-labels |

mod body;
mod header;

use std::borrow::Cow;

use memchr::memchr;

use self::body::Form;
use self::header::Wanted;
use crate::limits::{ATTACHED_MESSAGES_DEPTH_MAX, LINE_OCTETS_MAX};
use crate::parse::read_header;
use crate::transfer::Encoding;
use crate::tree::{self, Part};

/// Returns a message whose lines end with CRLF in ASCII, with no line above 998 octets: as it is where it is so already, written anew where it is not.
/// What it says is the same to every reader: the octets of each part, the texts of the header.
///
/// `None` when that cannot be done: addresses in UTF-8, signed parts that are not 7bit, or structure that is open to doubt.
#[must_use]
pub fn seven_bit(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if is_seven_bit(raw) {
        return Some(Cow::Borrowed(raw));
    }
    write_anew(raw, 0).map(Cow::Owned)
}

/// RFC 2045 2.7.
fn is_seven_bit(octets: &[u8]) -> bool {
    octets.is_ascii() && memchr(0, octets).is_none() && has_short_lines(octets)
}

fn has_short_lines(octets: &[u8]) -> bool {
    octets
        .split(|octet| *octet == b'\n')
        .all(|line| line.strip_suffix(b"\r").unwrap_or(line).len() <= LINE_OCTETS_MAX)
}

fn write_anew(raw: &[u8], depth: usize) -> Option<Vec<u8>> {
    let (root, is_surplus) = read_header(raw, |_| {});
    let tree = tree::scan(raw, root);
    if tree.truncated || tree.ambiguous || is_surplus {
        return None;
    }
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 4);
    let mut done = 0;
    for (number, part) in tree.parts.iter().enumerate() {
        out.extend_from_slice(&between(raw.get(done..part.head)?)?);
        let octets = raw.get(part.body.clone())?;
        let written = match part.multipart {
            Some(_) => {
                if part.is_type("multipart/signed") && !is_seven_bit(octets) {
                    return None;
                }
                Written::kept()
            }
            None => write_leaf(part, octets, depth)?,
        };
        let wanted = Wanted {
            is_root: number == 0,
            form: written.form,
            has_utf8_text: written.form == Form::QuotedPrintable
                && std::str::from_utf8(octets).is_ok(),
        };
        let head = raw.get(part.head..part.body.start)?;
        header::write(&mut out, head, &wanted)?;
        done = match part.multipart {
            Some(_) => part.body.start,
            None => {
                out.extend_from_slice(written.octets.as_deref().unwrap_or(octets));
                part.body.end
            }
        };
    }
    out.extend_from_slice(&between(raw.get(done..)?)?);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    is_seven_bit(&out).then_some(out)
}

/// The body of a part, once written.
struct Written {
    form: Form,
    /// `None`: as they were.
    octets: Option<Vec<u8>>,
}

impl Written {
    fn kept() -> Self {
        Self {
            form: Form::AsItIs,
            octets: None,
        }
    }
}

fn write_leaf(part: &Part<'_>, octets: &[u8], depth: usize) -> Option<Written> {
    if is_seven_bit(octets) {
        return Some(Written::kept());
    }
    if part.opaque || part.hollow {
        return None;
    }
    let encoding = part.encoding();
    if encoding == Encoding::Identity && part.is_type("message/rfc822") {
        // RFC 2046 5.2.1: a message within a message is not encoded as a whole, so its parts are.
        if depth == ATTACHED_MESSAGES_DEPTH_MAX {
            return None;
        }
        let octets = match written_message(octets, depth + 1)? {
            (mut written, false) => {
                written.truncate(written.len().saturating_sub(2));
                written
            }
            (written, true) => written,
        };
        return Some(Written {
            form: Form::AsItIs,
            octets: Some(octets),
        });
    }
    // RFC 2046 5.2.2, 5.2.3: these are 7bit, and nothing may be done about them where they are not.
    if part.is_type("message/partial") || part.is_type("message/external-body") {
        return None;
    }
    let decoded = encoding.decode(octets);
    let form = match encoding {
        Encoding::Base64 => Form::Base64,
        Encoding::QuotedPrintable => Form::QuotedPrintable,
        // Text with NUL is none to programs that read lines.
        Encoding::Identity if part.is_kind("text") && memchr(0, octets).is_none() => {
            Form::QuotedPrintable
        }
        Encoding::Identity => Form::Base64,
    };
    Some(Written {
        form,
        octets: Some(form.encode(&decoded)),
    })
}

/// Writes an attached message; tells also whether it ended with a line end.
fn written_message(octets: &[u8], depth: usize) -> Option<(Vec<u8>, bool)> {
    Some((write_anew(octets, depth)?, octets.ends_with(b"\r\n")))
}

/// What stands between parts: boundaries, which must be ASCII, and remarks that no reader shows.
fn between(octets: &[u8]) -> Option<Cow<'_, [u8]>> {
    if is_seven_bit(octets) {
        return Some(Cow::Borrowed(octets));
    }
    let mut lines = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if is_seven_bit(line) {
            lines.extend_from_slice(line);
        } else if line.starts_with(b"--") {
            return None;
        }
    }
    Some(Cow::Owned(lines))
}
