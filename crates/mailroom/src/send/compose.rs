//! From parts to the message on the wire.

use std::collections::HashSet;

use posthouse_mime::build::{self, File, NewMessage, Text};
use posthouse_types::address::EmailAddress;

use super::custom_headers;
use super::limits::{
    FILENAME_CHARACTERS_MAX, FILES_MAX, MESSAGE_BYTES_MAX, SUBJECT_CHARACTERS_MAX,
};
use super::outgoing::Outgoing;
use super::recipients::{Recipients, mailboxes};
use super::reply::Answered;
use super::sender::{Authority, Sender};
use crate::Refusal;
use crate::receive::rfc5322_date;

/// A message ready for the wire, and what the wire does not show.
#[derive(Debug)]
pub(super) struct Composed {
    pub(super) raw: Vec<u8>,
    /// Whoever is shown as its author.
    pub(super) author: EmailAddress,
    pub(super) envelope_from: String,
    pub(super) recipients: Recipients,
}

/// What a message is given by this server.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    pub(super) now: i64,
    /// Nobody else can know it: it names the message and sets its parts apart.
    pub(super) secret: String,
}

impl Marks {
    pub(super) fn date(&self) -> String {
        rfc5322_date(self.now)
    }

    pub(super) fn message_id(&self, domain: &str) -> String {
        format!("<{}@{domain}>", self.secret)
    }
}

/// Writes the message down.
///
/// # Errors
/// [`Refusal::Invalid`] that names the field; [`Refusal::TooLarge`].
pub(super) fn compose(
    outgoing: &Outgoing,
    sender: &dyn Authority,
    answered: Option<&Answered>,
    marks: &Marks,
) -> Result<Composed, Refusal> {
    let recipients = Recipients::read(&outgoing.to, &outgoing.cc, &outgoing.bcc)?;
    write(outgoing, sender, recipients, answered, marks)
}

/// Checks what a message that is not finished has, as sending it would; what it lacks it may get later.
///
/// What is checked is all but the body, what the files hold, and the size of both: they may be left out.
///
/// # Errors
/// As sending.
pub(crate) fn rehearse(outgoing: &Outgoing, sender: &Sender) -> Result<(), Refusal> {
    let recipients = Recipients::read_any(&outgoing.to, &outgoing.cc, &outgoing.bcc)?;
    let marks = Marks {
        now: 0,
        secret: "rehearsal".to_owned(),
    };
    write(outgoing, sender, recipients, None, &marks).map(drop)
}

fn write(
    outgoing: &Outgoing,
    sender: &dyn Authority,
    recipients: Recipients,
    answered: Option<&Answered>,
    marks: &Marks,
) -> Result<Composed, Refusal> {
    let author = sender.author(outgoing.from.as_ref())?;
    check_texts(outgoing)?;
    custom_headers::check(&outgoing.custom_headers)?;
    let files = files(outgoing)?;
    let domain = author.address.domain().as_str().to_owned();
    let envelope_from = author.address.as_str().to_owned();
    let address = author.address.clone();
    let references = answered.map_or(&[][..], |answered| &answered.references);
    let new = NewMessage {
        date: &marks.date(),
        message_id: &marks.message_id(&domain),
        from: author,
        reply_to: mailboxes(&outgoing.reply_to, "reply_to")?,
        to: recipients.to.clone(),
        cc: recipients.cc.clone(),
        subject: &outgoing.subject,
        in_reply_to: answered.and_then(|answered| answered.message_id.as_deref()),
        references: references.iter().map(String::as_str).collect(),
        further: &outgoing.custom_headers,
        text: if outgoing.is_plaintext {
            Text::Plain(&outgoing.body)
        } else {
            Text::Html(&outgoing.body)
        },
        files: &files,
        boundary: &marks.secret,
    };
    let raw = build::build(&new).map_err(|error| {
        let message = error.to_string();
        Refusal::invalid(error.field, message)
    })?;
    check_size(raw.len())?;
    Ok(Composed {
        raw,
        author: address,
        envelope_from,
        recipients,
    })
}

/// Counted on the message as it goes on the wire.
pub(crate) fn check_size(bytes: usize) -> Result<(), Refusal> {
    if bytes <= MESSAGE_BYTES_MAX {
        return Ok(());
    }
    let megabytes = bytes as f64 / (1024.0 * 1024.0);
    Err(Refusal::TooLarge {
        message: format!(
            "message is {megabytes:.1} MB, at most {} MB may be sent",
            MESSAGE_BYTES_MAX >> 20
        ),
    })
}

/// Refuses too many files.
pub(crate) fn check_count(files: usize) -> Result<(), Refusal> {
    if files > FILES_MAX {
        let message = format!("attachments: at most {FILES_MAX}");
        return Err(Refusal::invalid("attachments", message));
    }
    Ok(())
}

fn check_texts(outgoing: &Outgoing) -> Result<(), Refusal> {
    if outgoing.subject.chars().count() > SUBJECT_CHARACTERS_MAX {
        let message = format!("subject: at most {SUBJECT_CHARACTERS_MAX} characters");
        return Err(Refusal::invalid("subject", message));
    }
    // What this cannot hold, base64 and the header could not make smaller.
    let bytes: usize = outgoing.files.iter().map(|file| file.content.len()).sum();
    check_size(outgoing.body.len().saturating_add(bytes))
}

fn files(outgoing: &Outgoing) -> Result<Vec<File<'_>>, Refusal> {
    check_count(outgoing.files.len())?;
    let ids = outgoing
        .files
        .iter()
        .filter_map(|file| file.content_id.as_deref());
    let shown = match outgoing.is_plaintext {
        true => HashSet::new(),
        false => shown_parts(&outgoing.body, ids),
    };
    let mut files = Vec::with_capacity(outgoing.files.len());
    for (place, file) in outgoing.files.iter().enumerate() {
        if file.filename.chars().count() > FILENAME_CHARACTERS_MAX {
            let field = format!("attachments[{place}].filename");
            let message = format!("{field}: at most {FILENAME_CHARACTERS_MAX} characters");
            return Err(Refusal::invalid(field, message));
        }
        if file.content_type.chars().any(char::is_control) {
            let field = format!("attachments[{place}].content_type");
            let message = format!("{field}: line breaks and control characters are not allowed");
            return Err(Refusal::invalid(field, message));
        }
        let content_id = file.content_id.as_deref();
        let is_shown = content_id.is_some_and(|id| shown.contains(id));
        files.push(File {
            filename: &file.filename,
            content_type: &file.content_type,
            content: &file.content,
            content_id,
            is_inline: file.is_inline || is_shown,
        });
    }
    Ok(files)
}

/// Returns which of these content ids, without angle brackets, HTML refers to by a `cid:` link (RFC 2392). One walk over the
/// HTML, however many ids there are.
#[must_use]
pub fn shown_parts<'a>(html: &str, content_ids: impl Iterator<Item = &'a str>) -> HashSet<&'a str> {
    let mut hidden: HashSet<&str> = content_ids.collect();
    let mut shown = HashSet::new();
    let longest = hidden.iter().map(|id| id.len()).max().unwrap_or(0);
    for (at, scheme) in html.match_indices("cid:") {
        if hidden.is_empty() {
            break;
        }
        let rest = &html[at + scheme.len()..];
        // Most ids end at the first other character; those with such characters end where the reference does.
        let ends = [
            end_of(rest, longest, is_plain),
            end_of(rest, longest, is_in_reference),
        ];
        for end in ends.into_iter().flatten() {
            shown.extend(hidden.take(&rest[..end]));
        }
    }
    shown
}

/// Returns where what stands at the beginning of a text ends; `None` when that is longer than any id.
fn end_of(text: &str, longest: usize, belongs: fn(char) -> bool) -> Option<usize> {
    let window = &text[..text.floor_char_boundary(longest + char::MAX_LEN_UTF8)];
    let end = window.find(|character| !belongs(character));
    end.or_else(|| (window.len() == text.len()).then_some(window.len()))
        .filter(|end| *end <= longest)
}

fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || "-_.@+$%".contains(character)
}

fn is_in_reference(character: char) -> bool {
    !character.is_whitespace() && !"\"'<>".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(html: &str, id: &str) -> bool {
        shown_parts(html, ["else", id].into_iter()).contains(id)
    }

    #[test]
    fn a_part_is_shown_where_its_whole_id_is_referred_to() {
        assert!(shows("<img src=\"cid:logo\">", "logo"));
        assert!(shows("<img src=cid:other><img src='cid:logo'>", "logo"));
        assert!(shows("<p style='background: url(cid:logo)'>", "logo"));
        assert!(shows("<img src=\"cid:a/b(1)\">", "a/b(1)"));
        assert!(shows("cid:logo", "logo"));
        assert!(!shows("<img src=\"cid:logo2\">", "logo"));
        assert!(!shows("<img src=\"cid:logoä\">", "logo"));
        assert!(!shows("logo", "logo"));
    }

    /// What took minutes when each id was looked for by itself.
    #[test]
    fn many_references_and_many_ids_are_one_walk() {
        let html = "cid:".repeat(1_000_000) + "cid:id399";
        let ids: Vec<String> = (0..FILES_MAX).map(|number| format!("id{number}")).collect();
        let shown = shown_parts(&html, ids.iter().map(String::as_str));
        assert_eq!(shown, HashSet::from(["id399"]));
    }
}
