//! The parts of a report that programs read.

use crate::fields::{FieldReader, HeaderEnd};
use crate::limits::{REPORT_BYTES_MAX, REPORT_GROUPS_MAX};
use crate::parse::read_header;
use crate::report::{OriginalMessage, address};
use crate::words::{WordBudget, decode_value};
use crate::{identifiers, tree};

/// The fields of one group, names in lower case.
pub(super) type Group = Vec<(String, String)>;

/// What a message has of a report.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Groups of the part that tells what became of a message.
    pub(super) delivery: Option<Vec<Group>>,
    /// Groups of the part that tells of a complaint.
    pub(super) feedback: Option<Vec<Group>>,
    /// What is shown of the message in question.
    pub(super) original: OriginalMessage,
}

impl Parts {
    pub(super) fn of(raw: &[u8]) -> Self {
        let (root, _) = read_header(raw, |_| {});
        let tree = tree::scan(raw, root);
        let mut parts = Self::default();
        let mut has_original = false;
        for part in &tree.parts {
            if part.multipart.is_some() || part.opaque {
                continue;
            }
            // RFC 3464 2.1, RFC 6533 4; RFC 5965 2; RFC 3462 2, RFC 6533 5
            let is = |names: &[&str]| names.iter().any(|name| part.is_type(name));
            let window = &raw[part.body.clone()];
            let window = &window[..window.len().min(REPORT_BYTES_MAX)];
            let content = || part.encoding().decode(window);
            if is(&["message/delivery-status", "message/global-delivery-status"]) {
                parts.delivery.get_or_insert_with(|| groups(&content()));
            } else if is(&["message/feedback-report"]) {
                parts.feedback.get_or_insert_with(|| groups(&content()));
            } else if !has_original
                && is(&[
                    "message/rfc822",
                    "text/rfc822-headers",
                    "message/global",
                    "message/global-headers",
                ])
            {
                has_original = true;
                parts.original = original(&content());
            }
        }
        parts
    }
}

/// Cuts a text into groups of fields, with blank lines between them.
fn groups(text: &[u8]) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut start = 0;
    while start < text.len() && groups.len() < REPORT_GROUPS_MAX {
        let mut reader = FieldReader::new(text, start);
        let mut group = Group::new();
        while let Some(field) = reader.next(|_| false) {
            let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
            group.push((
                name,
                decode_value(field.value, &mut WordBudget::for_one_field()),
            ));
        }
        if !group.is_empty() {
            groups.push(group);
        }
        if reader.ended() != HeaderEnd::BlankLine {
            break;
        }
        start = reader.body_start();
    }
    groups
}

/// Reads the header of the message that a report is about.
fn original(text: &[u8]) -> OriginalMessage {
    let mut original = OriginalMessage::default();
    let mut reader = FieldReader::new(text, 0);
    while let Some(field) = reader.next(|_| false) {
        if field.is("Message-ID") && original.message_id.is_none() {
            original.message_id = identifiers::first_id(field.value);
        } else if field.is("Return-Path") && original.return_path.is_none() {
            let value = decode_value(field.value, &mut WordBudget::for_one_field());
            original.return_path = address(&value);
        }
    }
    original
}

/// Returns the first field of a name.
pub(super) fn first<'a>(group: &'a Group, name: &str) -> Option<&'a str> {
    group
        .iter()
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.as_str())
}
