//! Header fields in ASCII: texts as encoded words (RFC 2047), names of files as RFC 2231 parameters, domains as A-labels.

use super::body::Form;
use super::is_seven_bit;
use crate::build::Mailbox;
use crate::build::header::HeaderWriter;
use crate::display::parse_display;
use crate::fields::{Field, FieldReader, HeaderEnd};
use crate::limits::LINE_OCTETS_MAX;
use crate::parameters::Parameters;
use crate::transfer::Encoding;
use crate::words::{WordBudget, decode_value};

/// Fields of mailboxes.
const MAILBOXES: [&str; 13] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "resent-from",
    "resent-sender",
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "disposition-notification-to",
    "errors-to",
];

/// Fields that mean something else in another spelling.
const UNCHANGEABLE: [&str; 12] = [
    "message-id",
    "in-reply-to",
    "references",
    "resent-message-id",
    "received",
    "return-path",
    "content-id",
    "dkim-signature",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
    "autocrypt",
];

/// What the header of a part has to say when it is written.
pub(super) struct Wanted {
    /// The part is a message.
    pub(super) is_root: bool,
    /// How the body is written.
    pub(super) form: Form,
    /// The body is text in UTF-8, if nothing else is said of it.
    pub(super) has_utf8_text: bool,
}

/// Which fields a header has.
#[derive(Default)]
struct Seen {
    version: bool,
    content_type: bool,
    encoding: bool,
}

/// Writes the header of a part, with its blank line. `None` when a field cannot be written in ASCII.
pub(super) fn write(out: &mut Vec<u8>, head: &[u8], wanted: &Wanted) -> Option<()> {
    let mut reader = FieldReader::new(head, 0);
    let mut seen = Seen::default();
    let mut from = 0;
    while let Some(field) = reader.next(|_| false) {
        let to = reader.body_start();
        let lines = head.get(from..to)?;
        from = to;
        seen.version |= field.is("MIME-Version");
        seen.content_type |= field.is("Content-Type");
        if field.is("Content-Transfer-Encoding") {
            if !seen.encoding {
                write_encoding(out, &field, lines, wanted)?;
            }
            seen.encoding = true;
        } else if is_seven_bit(lines) {
            out.extend_from_slice(lines);
        } else {
            out.extend_from_slice(&in_ascii(&field)?);
        }
    }
    let is_encoded = wanted.form != Form::AsItIs;
    if wanted.is_root && is_encoded && !seen.version {
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    }
    if wanted.is_root && wanted.has_utf8_text && !seen.content_type {
        out.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\n");
    }
    if is_encoded && !seen.encoding {
        put_encoding(out, wanted.form);
    }
    match reader.ended() {
        HeaderEnd::BlankLine => out.extend_from_slice(b"\r\n"),
        // Fields that end with the message, or a part without any.
        HeaderEnd::NoBlankLine if is_encoded => out.extend_from_slice(b"\r\n"),
        HeaderEnd::NoBlankLine => {}
        HeaderEnd::Overflow => return None,
    }
    Some(())
}

fn write_encoding(
    out: &mut Vec<u8>,
    field: &Field<'_>,
    lines: &[u8],
    wanted: &Wanted,
) -> Option<()> {
    let word = field.value.trim_ascii();
    let is_known = ["7bit", "8bit", "binary"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    let is_identity = Encoding::parse(field.value) == Encoding::Identity;
    match wanted.form {
        Form::AsItIs if is_known => put_encoding(out, Form::AsItIs),
        Form::AsItIs if is_seven_bit(lines) => out.extend_from_slice(lines),
        Form::AsItIs => return None,
        // What nobody knows how to undo is not to be written over.
        _ if is_identity && !is_known => return None,
        form => put_encoding(out, form),
    }
    Some(())
}

fn put_encoding(out: &mut Vec<u8>, form: Form) {
    let line = format!("Content-Transfer-Encoding: {}\r\n", form.word());
    out.extend_from_slice(line.as_bytes());
}

fn in_ascii(field: &Field<'_>) -> Option<Vec<u8>> {
    let name = std::str::from_utf8(field.name).ok()?;
    let folded = name.to_ascii_lowercase();
    if UNCHANGEABLE.contains(&folded.as_str()) {
        return None;
    }
    let written = if MAILBOXES.contains(&folded.as_str()) {
        mailboxes(name, field)?
    } else if folded == "content-type" || folded == "content-disposition" {
        parameters(name, field)?
    } else {
        let mut writer = HeaderWriter::default();
        writer.text(name, &decoded(field));
        writer.finish()
    };
    is_seven_bit(&written).then_some(written)
}

fn decoded(field: &Field<'_>) -> String {
    decode_value(field.value, &mut WordBudget::for_one_field())
}

/// RFC 6531 3.2: an address in UTF-8 has no spelling in ASCII; names and domains have.
fn mailboxes(name: &str, field: &Field<'_>) -> Option<Vec<u8>> {
    let text = String::from_utf8(field.value.to_vec()).ok()?;
    let found = parse_display(text.trim());
    let named = found.iter().map(|one| {
        let address = one.to_strict().ok()?;
        let name = one.name.clone();
        address
            .as_str()
            .is_ascii()
            .then_some(Mailbox { name, address })
    });
    let named: Vec<Mailbox> = named.collect::<Option<_>>()?;
    // A group is read as its members; without any it would vanish.
    if named.is_empty()
        || named
            .iter()
            .any(|one| one.name.chars().any(char::is_control))
    {
        return None;
    }
    let mut writer = HeaderWriter::default();
    writer.mailboxes(name, &named);
    Some(writer.finish())
}

/// RFC 2231 4: a value that is no ASCII says its charset.
fn parameters(name: &str, field: &Field<'_>) -> Option<Vec<u8>> {
    let parsed = Parameters::parse(field.value);
    if parsed.truncated || !parsed.token.is_ascii() {
        return None;
    }
    let mut out = format!("{name}: {}", std::str::from_utf8(parsed.token).ok()?);
    for one in &parsed.list {
        let name = std::str::from_utf8(one.name).ok()?;
        let written = match std::str::from_utf8(&one.value).ok()? {
            value if is_quotable(value) => format!("{name}=\"{}\"", escaped(value)),
            // Of several forms of a parameter the extended one would be the one that counts.
            value if stands_alone(&parsed, name) => format!("{name}*=utf-8''{}", percent(value)),
            _ => return None,
        };
        if one.after_malformed || written.len() >= LINE_OCTETS_MAX {
            return None;
        }
        out.push_str(";\r\n\t");
        out.push_str(&written);
    }
    out.push_str("\r\n");
    Some(out.into_bytes())
}

/// Tells whether a parameter is there once, in one piece and in no other form.
fn stands_alone(parameters: &Parameters<'_>, name: &str) -> bool {
    !name.contains('*') && parameters.all(name).count() == 1 && !parameters.has_rfc2231(name)
}

fn is_quotable(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

fn percent(value: &str) -> String {
    let mut out = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
