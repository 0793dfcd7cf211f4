//! The one pass over a message that gives everything the rest of the product needs.

use mail_parser::DateTime;

use crate::attachment;
use crate::body::Layout;
use crate::charset;
use crate::display;
use crate::fields::{Field, FieldReader, HeaderEnd, header_section};
use crate::identifiers;
use crate::limits::{
    ADDRESSES_PER_MESSAGE_MAX, DATE_BYTES_MAX, HEADER_BYTES_MAX, REFERENCES_PER_MESSAGE_MAX,
};
use crate::message::ParsedMessage;
use crate::suspect;
use crate::tree::{self, PartFields, RootHead, Tree};
use crate::visible;
use crate::words::{WordBudget, decode_value};

use posthouse_types::address::DisplayAddress;

/// Parses a message. Total: any bytes give a message, if an empty one. Linear in the length of `raw`.
pub fn parse(raw: &[u8]) -> ParsedMessage {
    let mut header = Header::default();
    let root = read_header(raw, |field| header.take(field));
    let mut message = header.finish();
    let is_cut = root.1 || root.0.end == HeaderEnd::Overflow;
    message.parse_truncated |= is_cut;
    message.sender_ambiguous |= is_cut;
    let mut tree = tree::scan(raw, root.0);
    let layout = Layout::of(&tree);
    message.text = layout.text(raw, &tree);
    message.html = layout.html(raw, &tree);
    message.snippet = match (&message.html, &message.text) {
        (Some(html), _) => visible::snippet_of_html(html),
        (None, Some(text)) => visible::snippet_of_text(text),
        (None, None) => String::new(),
    };
    let (attachments, names_truncated) =
        attachment::describe(raw, &mut tree, &layout.attachments, message.html.as_deref());
    message.attachments = attachments;
    message.suspects = suspect::of(raw, &mut tree, &layout.attachments);
    message.parse_truncated |= tree.truncated || names_truncated;
    message.ambiguous_structure |= tree.ambiguous;
    message
}

/// Returns the decoded octets of a part, by the number of an [`Attachment`](crate::Attachment); none when there is no such part.
///
/// Scans the message again, which costs a fraction of decoding it.
pub fn decode_part(raw: &[u8], part: u32) -> Option<Vec<u8>> {
    let (root, _) = read_header(raw, |_| {});
    let tree: Tree<'_> = tree::scan(raw, root);
    let part = tree.parts.get(usize::try_from(part).ok()?)?;
    Some(part.encoding().decode(&raw[part.body.clone()]).into_owned())
}

/// Reads the message's header: the fields of structure into the root's head, all others to `other`.
/// Returns also whether there were more fields than are read.
pub(crate) fn read_header<'a>(
    raw: &'a [u8],
    mut other: impl FnMut(&Field<'a>),
) -> (RootHead<'a>, bool) {
    let mut reader = FieldReader::new(raw, 0);
    let mut fields = PartFields::default();
    while let Some(field) = reader.next(|_| false) {
        if !fields.take(&field) {
            other(&field);
        }
    }
    let end = reader.ended();
    // Nobody knows where the body starts behind an endless header, so there is none.
    let body_start = if end == HeaderEnd::Overflow {
        raw.len()
    } else {
        reader.body_start()
    };
    let mentions_content = || fields.content_type.is_some() || mentions_content(raw);
    fields.ambiguous |= reader.is_doubtful() && mentions_content();
    fields.truncated |= reader.surplus;
    (
        RootHead {
            fields,
            body_start,
            end,
        },
        reader.surplus,
    )
}

/// Tells whether a header that somebody else may read differently has fields of content anywhere, in lines that are passed
/// over here too.
fn mentions_content(raw: &[u8]) -> bool {
    let section = header_section(raw);
    let section = &section[..section.len().min(HEADER_BYTES_MAX)];
    let name = b"content-";
    section
        .windows(name.len())
        .any(|window| window.eq_ignore_ascii_case(name))
}

/// The message's own fields while they come in.
#[derive(Default)]
struct Header {
    message: ParsedMessage,
    from_fields: usize,
    sender_fields: usize,
    has_subject: bool,
    has_date: bool,
    addresses: usize,
    authors: usize,
    sender_doubtful: bool,
}

impl Header {
    fn take(&mut self, field: &Field<'_>) {
        // Most fields are of no interest; the first letter sorts them out.
        match field.name[0].to_ascii_lowercase() {
            b'r' if field.is("Received") => self.message.received_hops += 1,
            b'r' if field.is("References") => self.take_references(field.value),
            b'r' if field.is("Reply-To") => {
                let list = self.take_addresses(field.value);
                self.message.reply_to.extend(list);
            }
            b'f' if field.is("From") => self.take_from(field),
            b't' if field.is("To") => {
                let list = self.take_addresses(field.value);
                self.message.to.extend(list);
            }
            b'c' if field.is("Cc") => {
                let list = self.take_addresses(field.value);
                self.message.cc.extend(list);
            }
            b'b' if field.is("Bcc") => {
                let list = self.take_addresses(field.value);
                self.message.bcc.extend(list);
            }
            b's' if field.is("Subject") => self.take_subject(field.value),
            b's' if field.is("Sender") => self.take_sender(field),
            b'd' if field.is("Date") => self.take_date(field.value),
            b'd' if field.is("Delivered-To") => self.take_delivered_to(field.value),
            b'm' if field.is("Message-ID") && self.message.message_id.is_none() => {
                self.message.message_id = identifiers::first_id(field.value);
            }
            b'i' if field.is("In-Reply-To") => self.take_in_reply_to(field.value),
            _ => {}
        }
    }

    fn finish(mut self) -> ParsedMessage {
        let one_mailbox =
            self.message.from.len() == 1 && self.message.from.iter().all(display::is_plain_mailbox);
        self.message.sender_ambiguous =
            self.from_fields != 1 || !one_mailbox || self.sender_doubtful;
        self.message
    }

    /// The first `From` counts. Anything that would lead another reader elsewhere makes the sender doubtful, and is kept
    /// beside it. Authors have room of their own: no other field pushes them out.
    fn take_from(&mut self, field: &Field<'_>) {
        self.from_fields += 1;
        self.sender_doubtful |= field.doubtful;
        let list = display::read(field.value, ADDRESSES_PER_MESSAGE_MAX - self.authors);
        self.authors += list.addresses.len();
        self.addresses += list.addresses.len();
        self.sender_doubtful |= list.doubtful || list.truncated;
        self.message.parse_truncated |= list.truncated;
        match self.from_fields {
            1 => self.message.from = list.addresses,
            _ => self.message.further_from.extend(list.addresses),
        }
    }

    /// RFC 5322 3.6.2: `Sender` is there once, with one mailbox. That it is another one than the author's is allowed, and
    /// usual in mail of lists.
    fn take_sender(&mut self, field: &Field<'_>) {
        self.sender_fields += 1;
        let list = display::read(field.value, 2);
        let is_one = list.addresses.len() == 1 && display::is_plain_mailbox(&list.addresses[0]);
        self.sender_doubtful |= self.sender_fields > 1 || !is_one;
    }

    fn take_addresses(&mut self, value: &[u8]) -> Vec<DisplayAddress> {
        let room = ADDRESSES_PER_MESSAGE_MAX.saturating_sub(self.addresses);
        let list = display::read(value, room);
        self.addresses += list.addresses.len();
        self.message.parse_truncated |= list.truncated;
        list.addresses
    }

    fn take_subject(&mut self, value: &[u8]) {
        if self.has_subject {
            return;
        }
        self.has_subject = true;
        let mut budget = WordBudget::for_one_field();
        self.message.subject = decode_value(value, &mut budget);
        self.message.parse_truncated |= budget.exceeded;
    }

    fn take_date(&mut self, value: &[u8]) {
        if self.has_date {
            return;
        }
        self.has_date = true;
        self.message.date = read_date(value);
    }

    fn take_delivered_to(&mut self, value: &[u8]) {
        let mut address = String::with_capacity(value.len());
        charset::push_clean(
            &mut address,
            charset::undeclared(value.trim_ascii()).as_ref(),
        );
        if !address.is_empty() {
            self.message.delivered_to.push(address);
        }
    }

    fn take_references(&mut self, value: &[u8]) {
        let room = REFERENCES_PER_MESSAGE_MAX.saturating_sub(self.message.in_reply_to.len());
        self.message.parse_truncated |=
            !identifiers::push_ids(value, &mut self.message.references, room);
    }

    fn take_in_reply_to(&mut self, value: &[u8]) {
        let room = REFERENCES_PER_MESSAGE_MAX.saturating_sub(self.message.references.len());
        self.message.parse_truncated |=
            !identifiers::push_ids(value, &mut self.message.in_reply_to, room);
    }
}

/// Reads a date in seconds since 1970 UTC. RFC 5322 3.3, and what programs made of it.
fn read_date(value: &[u8]) -> Option<i64> {
    if value.len() > DATE_BYTES_MAX {
        return None;
    }
    let text = without_comments(&charset::undeclared(value));
    // The parser wants a line end behind the field, and counts comments within a time as part of it.
    let date = DateTime::parse_rfc822(&format!("{text}\n"))?;
    date.is_valid().then(|| date.to_timestamp())
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::with_capacity(text.len());
    for character in text.trim().chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '\r' | '\n' => {}
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_forms_programs_write() {
        let table = [
            ("Fri, 21 Nov 1997 09:55:06 -0600", Some(880_127_706)),
            ("21 Nov 1997 15:55:06 GMT", Some(880_127_706)),
            (
                "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
                Some(880_127_706),
            ),
            ("Thu, 1 Jan 1970 00:00:00 +0000", Some(0)),
            ("Fri, 21 Nov 1997 15:55:06 +0000 (UTC)", Some(880_127_706)),
            ("yesterday", None),
            ("", None),
            ("99 Xxx 9999 99:99:99 +9999", None),
        ];
        for (text, expected) in table {
            assert_eq!(read_date(text.as_bytes()), expected, "{text}");
        }
    }
}
