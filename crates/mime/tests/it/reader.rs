//! Reads a message with every function and checks what must hold for any bytes.

use posthouse_mime::limits::HEADER_FIELDS_MAX;
use posthouse_mime::{ParsedMessage, decode_part, header_section, headers, parse};

/// Line feeds to CRLF, so that messages can be written readably.
pub(crate) fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// Parses a message, decodes all it lists, and checks that no text holds NUL.
pub(crate) fn reads_everything(raw: &[u8]) -> ParsedMessage {
    let message = parse(raw);
    for attachment in &message.attachments {
        let decoded = decode_part(raw, attachment.part).expect("a listed part can be decoded");
        assert_eq!(decoded.len() as u64, attachment.size);
    }
    let fields = headers(raw);
    assert!(fields.len() <= HEADER_FIELDS_MAX);
    for text in texts(&message)
        .into_iter()
        .chain(fields.iter().map(|(_, value)| value.as_str()))
    {
        assert!(!text.contains('\0'), "{text:?}");
    }
    assert!(header_section(raw).len() <= raw.len());
    message
}

fn texts(message: &ParsedMessage) -> Vec<&str> {
    let lists = [
        &message.from,
        &message.to,
        &message.cc,
        &message.bcc,
        &message.reply_to,
    ];
    let mut all: Vec<&str> = lists
        .into_iter()
        .flatten()
        .flat_map(|address| [address.name.as_str(), address.email.as_str()])
        .collect();
    all.extend([
        message.subject.as_str(),
        message.snippet.as_str(),
        message.body(),
    ]);
    all.extend(message.text.as_deref());
    all.extend(message.message_id.as_deref());
    all.extend(message.references.iter().map(String::as_str));
    for attachment in &message.attachments {
        all.extend([
            attachment.filename.as_str(),
            attachment.content_type.as_str(),
        ]);
        all.extend(attachment.readings.iter().map(String::as_str));
        all.extend(attachment.content_id.as_deref());
    }
    all
}
