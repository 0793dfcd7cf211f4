//! A message that is given in its parts, written down as it would be on the wire: rules see what all readers see.

use posthouse_mime::build::{self, File, Mailbox, NewMessage, Text};
use posthouse_rules::facts::Stage;
use posthouse_types::address::{DisplayAddress, EmailAddress};

use super::trial_message::TrialMessage;
use crate::Refusal;
use crate::receive::rfc5322_date;

/// Fields that tell how the message is put together: they are always those of the message as it was written.
const OF_STRUCTURE: [&str; 2] = ["content-", "mime-version"];

/// What a message answers, as its header names it.
#[derive(Debug, Clone, Default)]
pub(super) struct Thread {
    pub(super) message_id: Option<String>,
    pub(super) references: Vec<String>,
}

/// Who writes where the message names nobody, and when.
pub(super) struct Writer {
    pub(super) own: Option<Mailbox>,
    pub(super) thread: Thread,
    /// Unix seconds.
    pub(super) now: i64,
    pub(super) secret: String,
}

/// Writes a message down; fields of its own header take the place of those that would be made for it.
///
/// # Errors
/// [`Refusal::Invalid`] that names what no message can have.
pub(super) fn write(
    message: &TrialMessage,
    stage: Stage,
    writer: &Writer,
) -> Result<Vec<u8>, Refusal> {
    let mut fields = fields(message, stage)?;
    let author = author(message, stage, writer, &mut fields);
    let domain = author.address.domain().as_str().to_owned();
    let references = writer.thread.references.iter().map(String::as_str);
    let files: Vec<File<'_>> = message
        .attachments
        .iter()
        .map(|(filename, content_type, _)| File {
            filename,
            content_type,
            content: b"",
            content_id: None,
            is_inline: false,
        })
        .collect();
    let new = NewMessage {
        date: &rfc5322_date(writer.now),
        message_id: &format!("<{}@{domain}>", writer.secret),
        from: author,
        reply_to: Vec::new(),
        to: mailboxes(&message.to, "to", &mut fields),
        cc: mailboxes(&message.cc, "cc", &mut fields),
        subject: &message.subject,
        in_reply_to: writer.thread.message_id.as_deref(),
        references: references.collect(),
        further: &[],
        text: Text::Html(""),
        files: &files,
        boundary: &writer.secret,
    };
    let raw = build::build(&new).map_err(|error| {
        let field = format!("message.{}", error.field);
        Refusal::invalid(field.clone(), error.to_string())
    })?;
    Ok(with_fields(&raw, &fields))
}

/// Returns the fields that the message brings along.
fn fields(message: &TrialMessage, stage: Stage) -> Result<Vec<(String, String)>, Refusal> {
    let mut fields = Vec::new();
    for (place, (name, value)) in message.headers.iter().enumerate() {
        let name = name.trim();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if name.is_empty() || !name.bytes().all(is_plain) {
            let field = format!("message.headers[{place}].name");
            return Err(Refusal::invalid(
                field,
                "expected the name of a header field",
            ));
        }
        let lower = name.to_ascii_lowercase();
        let is_left_out = OF_STRUCTURE.iter().any(|begin| lower.starts_with(begin))
            // Nobody who gets a message sees who else did.
            || (stage == Stage::OutboundSend && lower == "bcc");
        if !is_left_out {
            fields.push((name.to_owned(), value.clone()));
        }
    }
    Ok(fields)
}

/// Returns the author. What arrives may name several, or none that can be read: it is then shown as it is.
fn author(
    message: &TrialMessage,
    stage: Stage,
    writer: &Writer,
    fields: &mut Vec<(String, String)>,
) -> Mailbox {
    let nobody = || Mailbox {
        name: String::new(),
        address: EmailAddress::parse_strict("nobody@invalid.example").expect("a plain address"),
    };
    let own = writer.own.as_ref();
    let mut authors = mailboxes(&message.from, "from", fields);
    match (authors.len(), own) {
        (1, _) => {
            let mut author = authors.remove(0);
            if let Some(own) = own.filter(|own| own.address == author.address)
                && author.name.trim().is_empty()
            {
                author.name.clone_from(&own.name);
            }
            author
        }
        (0, Some(own)) if stage == Stage::OutboundSend && message.from.is_empty() => own.clone(),
        _ => {
            if !fields
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("from"))
            {
                fields.push(("From".to_owned(), shown(&message.from)));
            }
            nobody()
        }
    }
}

/// Returns the mailboxes of a field; where one cannot be read, the field is written as it is.
fn mailboxes(
    people: &[DisplayAddress],
    name: &str,
    fields: &mut Vec<(String, String)>,
) -> Vec<Mailbox> {
    let read = people.iter().map(|one| {
        let address = EmailAddress::parse_envelope(one.email.trim()).ok()?;
        let name = one.name.clone();
        Some(Mailbox { name, address })
    });
    if let Some(read) = read.collect::<Option<Vec<Mailbox>>>() {
        return read;
    }
    if !fields
        .iter()
        .any(|(other, _)| other.eq_ignore_ascii_case(name))
    {
        fields.push((name.to_owned(), shown(people)));
    }
    Vec::new()
}

fn shown(people: &[DisplayAddress]) -> String {
    let each = people.iter().map(|one| match one.name.is_empty() {
        true => one.email.clone(),
        false => format!("{} <{}>", one.name, one.email),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Puts fields in front of a message and takes those of the same name out.
fn with_fields(raw: &[u8], fields: &[(String, String)]) -> Vec<u8> {
    let header = posthouse_mime::header_section(raw);
    let mut whole = Vec::with_capacity(raw.len());
    for (name, value) in fields {
        let value: String = value
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        whole.extend_from_slice(format!("{name}: {}\r\n", value.trim()).as_bytes());
    }
    let mut is_kept = true;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let is_given =
                |(given, _): &(String, String)| given.as_bytes().eq_ignore_ascii_case(name);
            is_kept = !fields.iter().any(is_given);
        }
        if is_kept {
            whole.extend_from_slice(line);
        }
    }
    whole.extend_from_slice(&raw[header.len()..]);
    whole
}
