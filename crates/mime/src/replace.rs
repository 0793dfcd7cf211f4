//! Parts are taken out of a message, and notes put where they were.

use std::ops::Range;

use mail_builder::encoders::Base64Encoder;
use memchr::memchr;

use crate::fields::field_colon;
use crate::parse::read_header;
use crate::tree;

/// Characters of a line of base64. RFC 2045 6.8.
const BASE64_LINE_CHARACTERS: usize = 76;
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

/// Returns the message with parts replaced by notes, each an attachment of plain text. Of a multipart everything goes that
/// belongs to it, of the message itself its whole body. Numbers that name no part are passed over, and everything else stays
/// octet for octet.
#[must_use]
pub fn replace_parts(raw: &[u8], replacements: &[Replacement]) -> Vec<u8> {
    let (root, _) = read_header(raw, |_| {});
    let body_start = root.body_start;
    let tree = tree::scan(raw, root);
    let mut ordered: Vec<&Replacement> = replacements.iter().collect();
    ordered.sort_by_key(|replacement| replacement.part);
    ordered.dedup_by_key(|replacement| replacement.part);
    let mut out = Vec::with_capacity(raw.len());
    let (mut position, mut gone) = (0, 0);
    for replacement in ordered {
        let number = usize::try_from(replacement.part).unwrap_or(usize::MAX);
        let Some(place) = place_of(&tree, number) else {
            continue;
        };
        // Within a multipart that has gone.
        if number < gone {
            continue;
        }
        gone = place.next;
        out.extend_from_slice(&raw[position..place.head]);
        if place.head > 0 && !out.ends_with(b"\n") {
            // The message breaks off within the line of a boundary.
            out.extend_from_slice(b"\r\n");
        }
        if number == 0 {
            // On top: nothing below is so long that these are not read.
            out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        }
        push_fields(&mut out, replacement);
        if number == 0 {
            push_header_without_content(&mut out, raw, 0..body_start);
        }
        push_note(&mut out, replacement);
        out.extend_from_slice(place.closing);
        position = place.end;
        let behind = raw.get(position..).unwrap_or_default();
        if !(behind.is_empty() || behind.starts_with(b"\n") || behind.starts_with(b"\r\n")) {
            // The part was empty: its blank line was the line end before the boundary.
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(&raw[position.min(raw.len())..]);
    out
}

/// What goes with a part.
struct Place<'t> {
    head: usize,
    end: usize,
    /// The number of the first part that does not go with it.
    next: usize,
    /// Takes the place of boundaries that go too.
    closing: &'t [u8],
}

fn place_of<'t>(tree: &'t tree::Tree<'_>, number: usize) -> Option<Place<'t>> {
    if let Some(part) = tree.parts.get(number) {
        return Some(Place {
            head: part.head,
            end: part.whole_end,
            next: if number == 0 { usize::MAX } else { part.end },
            closing: b"",
        });
    }
    let rest = tree.rest.as_ref()?;
    (number == tree.parts.len()).then_some(Place {
        head: rest.head,
        end: usize::MAX,
        next: usize::MAX,
        closing: &rest.closing,
    })
}

/// Returns how the decoded contents of parts begin, in one pass over the message; empty where there is no such part.
#[must_use]
pub fn part_heads(raw: &[u8], parts: &[u32], bytes_max: usize) -> Vec<Vec<u8>> {
    let (root, _) = read_header(raw, |_| {});
    let tree = tree::scan(raw, root);
    let head_of = |number: &u32| {
        let part = tree.parts.get(usize::try_from(*number).ok()?)?;
        let body = &raw[part.body.clone()];
        Some(part.encoding().decode_head(body, bytes_max))
    };
    parts
        .iter()
        .map(|number| head_of(number).unwrap_or_default())
        .collect()
}

fn push_fields(out: &mut Vec<u8>, replacement: &Replacement) {
    out.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\n");
    out.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n");
    out.extend_from_slice(b"Content-Disposition: attachment; filename=\"");
    out.extend_from_slice(replacement.filename.as_bytes());
    out.extend_from_slice(b"\"\r\n");
}

fn push_note(out: &mut Vec<u8>, replacement: &Replacement) {
    out.extend_from_slice(b"\r\n");
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

/// Copies the fields of a header that do not describe its body, and no lines that are no fields: they would end it for some.
fn push_header_without_content(out: &mut Vec<u8>, raw: &[u8], header: Range<usize>) {
    let mut rest = &raw[header];
    let mut keeps = false;
    while !rest.is_empty() {
        let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(length);
        rest = behind;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let is_folded = matches!(line[0], b' ' | b'\t');
        if !is_folded {
            let describes = begins_with(line, b"content-") || begins_with(line, b"mime-version");
            keeps = field_colon(line).is_some() && !describes;
        }
        if keeps {
            out.extend_from_slice(line.trim_ascii_end());
            out.extend_from_slice(b"\r\n");
        }
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
        assert_eq!(replace_parts(MIXED, &[note(99)]), MIXED, "no parts");
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
    fn what_follows_an_empty_part_stays_apart_from_its_note() {
        let raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: image/png\r\n\r\n--x\r\n\r\nHello\r\n--x--\r\n";
        let out = replace_parts(raw, &[note(1)]);
        assert_eq!(decode_part(&out, 1).unwrap(), note(1).note.as_bytes());
        assert_eq!(parse(&out).text.as_deref(), Some("Hello"));
    }

    #[test]
    fn a_note_is_found_however_broken_the_message_was() {
        let broken = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x";
        let out = replace_parts(broken, &[note(1)]);
        assert_eq!(decode_part(&out, 1).unwrap(), note(1).note.as_bytes());
        let out = replace_parts(broken, &[note(0), note(1)]);
        assert_eq!(decode_part(&out, 0).unwrap(), note(0).note.as_bytes());
        assert_eq!(parse(&out).attachments.len(), 1);
        let fields = "X-A: b\r\n".repeat(crate::limits::HEADER_FIELDS_MAX);
        let long = format!("{fields}Content-Type: application/pdf\r\n\r\n%PDF");
        let out = replace_parts(long.as_bytes(), &[note(0)]);
        assert_eq!(decode_part(&out, 0).unwrap(), note(0).note.as_bytes());
        let stray = b"Subject: s\r\nno field\r\nContent-Type: application/pdf\r\n\r\n%PDF";
        let out = replace_parts(stray, &[note(0)]);
        assert!(!parse(&out).ambiguous_structure);
        assert_eq!(decode_part(&out, 0).unwrap(), note(0).note.as_bytes());
        assert_eq!(parse(&out).subject, "s");
    }

    #[test]
    fn of_a_multipart_everything_goes_that_belongs_to_it() {
        let raw = b"Subject: s\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n\
--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\nGONE\r\n--y\r\n\r\nGONE\r\n--y--\r\nGONE\r\n--x\r\n\r\nBye\r\n--x--\r\nend\r\n";
        assert_eq!(parse(raw).text.as_deref(), Some("Hello\nGONE\nBye"));
        let out = replace_parts(raw, &[note(2), note(3)]);
        let after = parse(&out);
        assert_eq!(after.text.as_deref(), Some("Hello\nBye"));
        assert_eq!(after.attachments.len(), 1);
        assert_eq!(decode_part(&out, 2).unwrap(), note(2).note.as_bytes());
        assert!(memchr::memmem::find(&out, b"GONE").is_none());
        assert!(out.ends_with(b"--x--\r\nend\r\n"));
        let out = replace_parts(raw, &[note(0), note(1)]);
        let after = parse(&out);
        assert_eq!((after.subject.as_str(), after.text), ("s", None));
        assert_eq!(decode_part(&out, 0).unwrap(), note(0).note.as_bytes());
    }

    #[test]
    fn what_lies_behind_the_parts_that_are_counted_goes_as_one() {
        use crate::limits::MIME_PARTS_MAX;
        let form = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n";
        let parts = "--y\r\n\r\nkept\r\n".repeat(MIME_PARTS_MAX - 2);
        let raw = format!("{form}{parts}--y\r\n\r\nGONE\r\n--y\r\n\r\nGONE\r\n--x--\r\nGONE\r\n");
        let before = parse(raw.as_bytes());
        let rest = before.suspects[0].file.part;
        assert_eq!((before.suspects.len(), rest as usize), (1, MIME_PARTS_MAX));
        let out = replace_parts(raw.as_bytes(), &[note(rest)]);
        assert!(memchr::memmem::find(&out, b"GONE").is_none());
        assert!(out.ends_with(b"\r\n--y--\r\n--x--\r\n"));
        let after = parse(&out);
        assert_eq!(after.text, before.text);
        assert_eq!(
            replace_parts(raw.as_bytes(), &[note(rest + 1)]),
            raw.as_bytes()
        );
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
