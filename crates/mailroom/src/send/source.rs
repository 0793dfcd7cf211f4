//! From a source that somebody else wrote down to the message on the wire.

use posthouse_mime::limits::{HEADER_BYTES_MAX, HEADER_FIELDS_MAX};
use posthouse_types::address::EmailAddress;

use super::compose::{Composed, Marks, check_size};
use super::limits::SOURCE_LINE_OCTETS_MAX;
use super::recipients::Recipients;
use super::sender::Authority;
use crate::Refusal;

/// Fields that never leave: who gets it unseen, and traces of other mailboxes.
const TAKEN_OUT: [&str; 4] = ["bcc", "resent-bcc", "return-path", "delivered-to"];

/// Checks a source, takes out what nobody may see and adds what is missing. Recipients are those of To, Cc and Bcc.
///
/// # Errors
/// [`Refusal::Invalid`]; [`Refusal::TooLarge`].
pub(super) fn adopt(
    raw: &[u8],
    sender: &dyn Authority,
    marks: &Marks,
) -> Result<Composed, Refusal> {
    check_size(raw.len())?;
    let raw = in_lines(raw)?;
    let header_end = posthouse_mime::header_section(&raw).len();
    if header_end > HEADER_BYTES_MAX {
        return Err(wrong("the header may have at most 1 MB"));
    }
    let fields = fields(&raw[..header_end])?;
    if fields.len() > HEADER_FIELDS_MAX {
        let message = format!("the header may have at most {HEADER_FIELDS_MAX} fields");
        return Err(wrong(&message));
    }
    let message = posthouse_mime::parse(&raw);
    // MIME-08: one From, which all readers find.
    let [from] = message.from.as_slice() else {
        return Err(wrong("From must be there once, with one address"));
    };
    if message.sender_ambiguous {
        return Err(wrong("From must be there once, with one address"));
    }
    let from = from
        .to_strict()
        .map_err(|error| wrong(&format!("From: {error}")))?;
    if !sender.owns(&from) {
        return Err(sender.not_own("mime"));
    }
    check_sender_fields(&fields, sender)?;
    let recipients = Recipients::read(&message.to, &message.cc, &message.bcc)?;

    let mut wire = Vec::with_capacity(raw.len() + 256);
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    if !has("date") {
        wire.extend_from_slice(format!("Date: {}\r\n", marks.date()).as_bytes());
    }
    if !has("message-id") {
        let id = marks.message_id(from.domain().as_str());
        wire.extend_from_slice(format!("Message-ID: {id}\r\n").as_bytes());
    }
    for field in &fields {
        if !TAKEN_OUT.contains(&field.name.as_str()) {
            wire.extend_from_slice(field.lines);
        }
    }
    if !raw[..header_end].ends_with(b"\r\n\r\n") {
        wire.extend_from_slice(b"\r\n");
    } else {
        wire.extend_from_slice(&raw[header_end - 2..header_end]);
    }
    wire.extend_from_slice(&raw[header_end..]);
    check_size(wire.len())?;
    Ok(Composed {
        raw: wire,
        envelope_from: from.as_str().to_owned(),
        author: from,
        recipients,
    })
}

fn wrong(message: &str) -> Refusal {
    Refusal::invalid("mime", format!("mime: {message}"))
}

/// SMTP-13: whoever is named as the sender is the account.
fn check_sender_fields(fields: &[Field<'_>], sender: &dyn Authority) -> Result<(), Refusal> {
    for field in fields {
        if !matches!(
            field.name.as_str(),
            "sender" | "resent-from" | "resent-sender"
        ) {
            continue;
        }
        let value = field.lines.get(field.name.len() + 1..).unwrap_or_default();
        let value = String::from_utf8_lossy(value);
        for named in posthouse_mime::parse_display(value.trim()) {
            let owned = named
                .to_strict()
                .is_ok_and(|named: EmailAddress| sender.owns(&named));
            if !owned {
                return Err(sender.not_own("mime"));
            }
        }
    }
    Ok(())
}

/// SMTP-02: returns the source with CRLF at every line end, and refuses what no line may have.
fn in_lines(raw: &[u8]) -> Result<Vec<u8>, Refusal> {
    if raw.contains(&0) {
        return Err(wrong("NUL is not allowed"));
    }
    let mut lines = Vec::with_capacity(raw.len() + raw.len() / 32 + 2);
    let mut rest = raw;
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        push_line(&mut lines, &rest[..end])?;
        let skipped = if rest[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = &rest[end + skipped..];
    }
    if !rest.is_empty() {
        push_line(&mut lines, rest)?;
    }
    Ok(lines)
}

fn push_line(lines: &mut Vec<u8>, line: &[u8]) -> Result<(), Refusal> {
    if line.len() > SOURCE_LINE_OCTETS_MAX {
        let message = format!("a line may have at most {SOURCE_LINE_OCTETS_MAX} octets");
        return Err(wrong(&message));
    }
    lines.extend_from_slice(line);
    lines.extend_from_slice(b"\r\n");
    Ok(())
}

/// A header field with its folded lines.
struct Field<'a> {
    /// Lower case.
    name: String,
    lines: &'a [u8],
}

fn fields(section: &[u8]) -> Result<Vec<Field<'_>>, Refusal> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut start = 0;
    for line in section.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        if line == b"\r\n" {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let folded = fields
                .last_mut()
                .ok_or_else(|| wrong("the header begins with a blank"))?;
            folded.lines = &section[end - line.len() - folded.lines.len()..end];
        } else {
            let colon = line.iter().position(|byte| *byte == b':');
            let name = colon.map(|colon| &line[..colon]).unwrap_or_default();
            // RFC 5322 2.2: a name is printable; a blank before the colon hides a field from some readers
            if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
                return Err(wrong("a line of the header is no field"));
            }
            fields.push(Field {
                name: String::from_utf8_lossy(name).to_ascii_lowercase(),
                lines: &section[start..end],
            });
        }
        start = end;
    }
    if section
        .iter()
        .any(|byte| *byte == 0x7f || (*byte < 0x20 && !b"\r\n\t".contains(byte)))
    {
        return Err(wrong("control characters are not allowed in the header"));
    }
    Ok(fields)
}
