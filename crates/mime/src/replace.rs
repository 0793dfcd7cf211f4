//! Parts are taken out of a message, and notes put where they were.

use std::ops::Range;

use mail_builder::encoders::Base64Encoder;
use memchr::memchr;

use crate::parse::read_header;
use crate::tree;

/// Characters of a line of base64. RFC 2045 6.8.
const BASE64_LINE_CHARACTERS: usize = 76;
/// What a transfer encoding makes of one octet at most, as far as it is read here: `=41` with a soft line end between.
const ENCODED_FACTOR: usize = 8;

/// A part that leaves a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Its number, as [`Attachment::part`](crate::Attachment::part) tells it.
    pub part: u32,
    /// What a reader finds in its place, any text.
    pub note: String,
    /// The name under which the note is found: plain ASCII.
    pub filename: &'static str,
}

/// Returns the message with parts replaced by notes, each an attachment of plain text. Numbers that name no leaf are passed
/// over, and everything else stays octet for octet.
#[must_use]
pub fn replace_parts(raw: &[u8], replacements: &[Replacement]) -> Vec<u8> {
    let (root, _) = read_header(raw, |_| {});
    let body_start = root.body_start;
    let tree = tree::scan(raw, root);
    let mut ordered: Vec<&Replacement> = replacements.iter().collect();
    ordered.sort_by_key(|replacement| replacement.part);
    ordered.dedup_by_key(|replacement| replacement.part);
    let mut out = Vec::with_capacity(raw.len());
    let mut position = 0;
    for replacement in ordered {
        let number = usize::try_from(replacement.part).unwrap_or(usize::MAX);
        let Some(part) = tree.parts.get(number) else {
            continue;
        };
        if part.multipart.is_some() && !part.hollow || part.head < position {
            continue;
        }
        out.extend_from_slice(&raw[position..part.head]);
        if number == 0 {
            push_header_without_content(&mut out, raw, 0..body_start);
        }
        push_note(&mut out, replacement);
        position = part.body.end;
    }
    out.extend_from_slice(&raw[position.min(raw.len())..]);
    out
}

/// Returns how the decoded contents of parts begin, in one pass over the message; empty where there is no such part.
#[must_use]
pub fn part_heads(raw: &[u8], parts: &[u32], bytes_max: usize) -> Vec<Vec<u8>> {
    let (root, _) = read_header(raw, |_| {});
    let tree = tree::scan(raw, root);
    let head_of = |number: &u32| {
        let part = tree.parts.get(usize::try_from(*number).ok()?)?;
        let end = part
            .body
            .end
            .min(part.body.start + bytes_max.saturating_mul(ENCODED_FACTOR));
        let decode = |end: usize| {
            part.encoding()
                .decode(&raw[part.body.start..end])
                .into_owned()
        };
        let mut head = decode(end);
        if head.len() < bytes_max && end < part.body.end {
            // Padded with what decoders skip: somebody hides how it begins.
            head = decode(part.body.end);
        }
        head.truncate(bytes_max);
        Some(head)
    };
    parts
        .iter()
        .map(|number| head_of(number).unwrap_or_default())
        .collect()
}

fn push_note(out: &mut Vec<u8>, replacement: &Replacement) {
    out.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\n");
    out.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n");
    out.extend_from_slice(b"Content-Disposition: attachment; filename=\"");
    out.extend_from_slice(replacement.filename.as_bytes());
    out.extend_from_slice(b"\"\r\n\r\n");
    // No line of base64 begins like a boundary.
    let mut encoded = Vec::new();
    Base64Encoder::new().encode_into(replacement.note.as_bytes(), &mut encoded);
    for (place, line) in encoded.chunks(BASE64_LINE_CHARACTERS).enumerate() {
        if place > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
}

/// Copies the fields of a header that do not describe its body.
fn push_header_without_content(out: &mut Vec<u8>, raw: &[u8], header: Range<usize>) {
    let mut rest = &raw[header];
    let mut keeps = true;
    let mut has_version = false;
    while !rest.is_empty() {
        let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(length);
        rest = behind;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let is_folded = matches!(line[0], b' ' | b'\t');
        if !is_folded {
            keeps = !begins_with(line, b"content-");
            has_version |= begins_with(line, b"mime-version");
        }
        if keeps {
            out.extend_from_slice(line.trim_ascii_end());
            out.extend_from_slice(b"\r\n");
        }
    }
    if !has_version {
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    }
}

fn begins_with(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decode_part, parse};

    const MIXED: &[u8] = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n\
--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n\
--x\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjc=\r\n\
--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=b.png\r\n\r\nPNG\r\n--x--\r\nepilogue\r\n";

    fn note(part: u32) -> Replacement {
        Replacement {
            part,
            note: "removed: \u{fc}.exe\r\n--x--\r\n".repeat(10),
            filename: "removed.txt",
        }
    }

    #[test]
    fn a_replaced_part_is_a_note_and_the_others_are_as_they_were() {
        let before = parse(MIXED);
        let gone = before.attachments[0].part;
        let raw = replace_parts(MIXED, &[note(gone)]);
        let after = parse(&raw);
        assert_eq!(after.text, before.text);
        assert_eq!(after.attachments.len(), 2);
        assert_eq!(after.attachments[0].filename, "removed.txt");
        assert_eq!(after.attachments[0].content_type, "text/plain");
        let text = decode_part(&raw, after.attachments[0].part).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), note(0).note);
        assert_eq!(after.attachments[1], before.attachments[1]);
        assert!(raw.ends_with(b"--x--\r\nepilogue\r\n"));
        assert_eq!(replace_parts(MIXED, &[]), MIXED);
        assert_eq!(
            replace_parts(MIXED, &[note(99), note(0)]),
            MIXED,
            "no leaves"
        );
    }

    #[test]
    fn a_message_that_is_one_file_keeps_its_other_fields() {
        let raw = b"Subject: file\r\nContent-Type: application/pdf;\r\n name=a.pdf\r\ncontent-disposition: attachment\r\nTo: c@d.example\r\n\r\n%PDF-1.7";
        let out = replace_parts(raw, &[note(0)]);
        let after = parse(&out);
        assert_eq!(after.subject, "file");
        assert_eq!(after.to[0].email, "c@d.example");
        assert_eq!(after.attachments.len(), 1);
        assert_eq!(after.attachments[0].filename, "removed.txt");
        assert!(!out.windows(4).any(|window| window == b"%PDF"));
    }

    #[test]
    fn heads_are_the_beginnings_of_decoded_parts() {
        let message = parse(MIXED);
        let numbers: Vec<u32> = message.attachments.iter().map(|one| one.part).collect();
        assert_eq!(
            part_heads(MIXED, &numbers, 5),
            [b"%PDF-".to_vec(), b"PNG".to_vec()]
        );
        assert_eq!(part_heads(MIXED, &[99], 5), [Vec::<u8>::new()]);
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_taken(raw: Vec<u8>, parts: Vec<u32>) {
            let replacements: Vec<Replacement> = parts.iter().map(|part| note(*part % 4)).collect();
            let _ = parse(&replace_parts(&raw, &replacements));
            let _ = part_heads(&raw, &parts, 16);
        }
    }
}
