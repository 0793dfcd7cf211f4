//! Writes Internet messages: what an account sends, from typed parts to octets; pure.
//!
//! Every line ends with CRLF and none is longer than 998 octets; outside a body no octet of the caller's can be mistaken
//! for structure. `Bcc` is no part of what can be written. The octets depend on the arguments alone.

mod alternative;
mod entity;
pub(crate) mod header;

use std::borrow::Cow;

use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};
use posthouse_types::address::EmailAddress;

use crate::limits::MESSAGE_ID_BYTES_MAX;
use entity::{Entity, multipart};
use header::HeaderWriter;

pub use alternative::text_of_html;

/// Octets of a media type with its parameters.
const MEDIA_TYPE_OCTETS_MAX: usize = 127;

/// The media type of anything.
const OCTETS: &str = "application/octet-stream";

/// A mailbox with the name it is shown by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name; empty when there is none.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// What the message says.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// Plain text alone.
    Plain(&'a str),
    /// HTML; a plain text is made of it and goes beside it.
    Html(&'a str),
}

/// A file that goes along.
#[derive(Debug, Clone)]
pub struct File<'a> {
    /// Its name; empty when it has none.
    pub filename: &'a str,
    /// Its media type; taken for `application/octet-stream` when it is none or would be a part of structure, or when it is
    /// that of a message and the content cannot go as it is (RFC 2046 5.2.1).
    pub content_type: &'a str,
    /// Its octets.
    pub content: &'a [u8],
    /// What the HTML refers to it by, without angle brackets.
    pub content_id: Option<&'a str>,
    /// Shown within the HTML rather than listed.
    pub is_inline: bool,
}

/// A message to be written.
#[derive(Debug, Clone)]
pub struct NewMessage<'a> {
    /// The date as RFC 5322 3.3 spells it.
    pub date: &'a str,
    /// The id with its angle brackets.
    pub message_id: &'a str,
    /// The author.
    pub from: Mailbox,
    /// Where answers are to go, if not to the author.
    pub reply_to: Vec<Mailbox>,
    /// The recipients.
    pub to: Vec<Mailbox>,
    /// The other recipients that everybody sees.
    pub cc: Vec<Mailbox>,
    /// The subject.
    pub subject: &'a str,
    /// The id of the message that this one answers.
    pub in_reply_to: Option<&'a str>,
    /// The ids of the conversation so far, oldest first.
    pub references: Vec<&'a str>,
    /// Further fields, as they are.
    pub further: &'a [(String, String)],
    /// What it says.
    pub text: Text<'a>,
    /// What goes along.
    pub files: &'a [File<'a>],
    /// Letters and digits that occur in no part: nobody else knows them.
    pub boundary: &'a str,
}

/// A text cannot stand in a header: it has line breaks or other control characters, or is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: line breaks and control characters are not allowed")]
pub struct HeaderInjection {
    /// Which text.
    pub field: String,
}

/// Writes a message.
///
/// # Errors
/// [`HeaderInjection`]: SMTP-08, no control character from outside reaches a header.
pub fn build(message: &NewMessage<'_>) -> Result<Vec<u8>, HeaderInjection> {
    check(message)?;
    let mut header = HeaderWriter::default();
    header.words("Date", std::iter::once(message.date));
    header.mailboxes("From", std::slice::from_ref(&message.from));
    header.mailboxes("Reply-To", &message.reply_to);
    header.mailboxes("To", &message.to);
    header.mailboxes("Cc", &message.cc);
    header.text("Subject", message.subject);
    header.words("Message-ID", std::iter::once(message.message_id));
    if let Some(id) = message.in_reply_to.filter(|id| is_message_id(id)) {
        header.words("In-Reply-To", std::iter::once(id));
    }
    let references: Vec<&str> = message
        .references
        .iter()
        .copied()
        .filter(|id| is_message_id(id))
        .collect();
    if !references.is_empty() {
        header.words("References", references.into_iter());
    }
    for (name, value) in message.further {
        header.text(name, value);
    }
    header.words("MIME-Version", std::iter::once("1.0"));
    let mut out = header.finish();
    body(message).write_part(&mut out);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    Ok(out)
}

fn check(message: &NewMessage<'_>) -> Result<(), HeaderInjection> {
    let harmless = |field: String, text: &str| match text.chars().any(char::is_control) {
        true => Err(HeaderInjection { field }),
        false => Ok(()),
    };
    harmless("subject".to_owned(), message.subject)?;
    harmless("from[0].name".to_owned(), &message.from.name)?;
    let lists = [
        ("to", &message.to),
        ("cc", &message.cc),
        ("reply_to", &message.reply_to),
    ];
    for (field, list) in lists {
        for (place, mailbox) in list.iter().enumerate() {
            harmless(format!("{field}[{place}].name"), &mailbox.name)?;
        }
    }
    for (place, (name, value)) in message.further.iter().enumerate() {
        harmless(format!("custom_headers[{place}].value"), value)?;
        // RFC 5322 2.2: a field name is printable ASCII without a colon
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b':')
        {
            return Err(HeaderInjection {
                field: format!("custom_headers[{place}].name"),
            });
        }
    }
    for (place, file) in message.files.iter().enumerate() {
        harmless(format!("attachments[{place}].filename"), file.filename)?;
        if file.content_id.is_some_and(|id| !is_content_id(id)) {
            return Err(HeaderInjection {
                field: format!("attachments[{place}].content_id"),
            });
        }
    }
    Ok(())
}

/// An id that another program wrote is repeated only if it cannot do any harm to the line it is in.
fn is_message_id(id: &str) -> bool {
    id.len() < MESSAGE_ID_BYTES_MAX - 1 && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_content_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>');
    !id.is_empty() && id.len() <= 255 && id.bytes().all(plain)
}

fn body<'a>(message: &'a NewMessage<'a>) -> MimePart<'a> {
    let boundary = |level: &str| format!("{}-{level}", message.boundary);
    let text = match message.text {
        Text::Plain(text) => text_part("text/plain", text.into()),
        Text::Html(html) => multipart(
            "multipart/alternative",
            boundary("a"),
            vec![
                text_part("text/plain", text_of_html(html).into()),
                text_part("text/html", html.into()),
            ],
        ),
    };
    let is_shown = |file: &&File<'_>| {
        file.is_inline && file.content_id.is_some() && matches!(message.text, Text::Html(_))
    };
    let (shown, attached): (Vec<&File<'_>>, Vec<&File<'_>>) =
        message.files.iter().partition(is_shown);
    Entity::ascii(text)
        .with_files("multipart/related", boundary("r"), &shown)
        .with_files("multipart/mixed", boundary("m"), &attached)
        .part
}

fn text_part<'a>(media_type: &'a str, text: Cow<'a, str>) -> MimePart<'a> {
    let content_type = ContentType::new(media_type).attribute("charset", "utf-8");
    MimePart::new(content_type, BodyPart::Text(in_lines(&text).into()))
}

/// SMTP-02: no CR and no LF stands alone.
fn in_lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 32);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                lines.push_str("\r\n");
            }
            '\n' => lines.push_str("\r\n"),
            other => lines.push(other),
        }
    }
    lines
}

/// Returns the media type that a file is written with, without parameters and in lower case.
#[must_use]
pub fn media_type_of_file(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let is_media_type = essence.len() <= MEDIA_TYPE_OCTETS_MAX
        && essence
            .split_once('/')
            .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    if !is_media_type || essence.starts_with("multipart/") {
        return OCTETS.to_owned();
    }
    essence
}

/// Reads a media type and its charset; anything doubtful is a file of octets.
fn media_type(text: &str) -> ContentType<'static> {
    let essence = media_type_of_file(text);
    if essence == OCTETS {
        return ContentType::new(essence);
    }
    let charset = text
        .split(';')
        .skip(1)
        .map(str::trim)
        .filter_map(|piece| piece.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("charset"))
        .map(|(_, value)| value.trim_matches('"').to_owned())
        .filter(|value| is_token(value));
    let content_type = ContentType::new(essence);
    match charset {
        Some(charset) => content_type.attribute("charset", charset),
        None => content_type,
    }
}

/// RFC 2045 5.1: a token.
fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&byte))
}
