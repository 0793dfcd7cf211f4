//! The message rows of the threat matrix. Complexity is shown by results at n and 4n and by caps, never by a clock.

use std::fmt::Write as _;

use posthouse_mime::limits::{
    ADDRESSES_PER_MESSAGE_MAX, ENCODED_WORDS_PER_HEADER_MAX, HEADER_BYTES_MAX, HEADER_FIELDS_MAX,
    MIME_DEPTH_MAX, MIME_PARTS_MAX, REFERENCES_PER_MESSAGE_MAX, RFC2231_SECTIONS_MAX,
};
use posthouse_mime::{ParsedMessage, decode_part, header_section, headers, parse, parse_display};

use crate::messages::crlf;

/// A multipart within a multipart, `depth` times, with a text in the innermost.
fn nested_multiparts(depth: usize) -> Vec<u8> {
    let mut raw = String::new();
    for level in 0..depth {
        write!(
            raw,
            "Content-Type: multipart/mixed; boundary=b{level}.\n\n--b{level}.\n"
        )
        .expect("a string takes it");
    }
    raw.push_str("\ninnermost\n");
    crlf(&raw)
}

fn flat_parts(count: usize) -> Vec<u8> {
    let mut raw = String::from("Content-Type: multipart/mixed; boundary=x\n\n");
    for number in 0..count {
        write!(raw, "--x\nContent-Type: image/png\n\n{number}\n").expect("a string takes it");
    }
    raw.push_str("--x--\n");
    crlf(&raw)
}

fn reads_everything(raw: &[u8]) -> ParsedMessage {
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

#[test]
fn mime_01_ten_thousand_nested_messages_are_one_attachment() {
    let raw = "Content-Type: message/rfc822\r\n\r\n"
        .repeat(10_000)
        .into_bytes();
    let message = reads_everything(&raw);
    assert_eq!(message.attachments.len(), 1);
    assert_eq!(message.attachments[0].size as usize, raw.len() - 32);
}

#[test]
fn mime_01_attached_messages_that_break_off_are_still_attachments() {
    for inner in [
        "",
        "From",
        "Content-Type: multipart/mixed; boundary=x",
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n!!",
    ] {
        let raw = crlf(&format!(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n{inner}"
        ));
        let message = reads_everything(&raw);
        assert!(!message.attachments.is_empty(), "{inner:?}");
    }
}

#[test]
fn mime_02_parts_beyond_the_cap_stay_opaque() {
    let at_cap = reads_everything(&flat_parts(MIME_PARTS_MAX - 1));
    assert_eq!(
        (at_cap.attachments.len(), at_cap.parse_truncated),
        (MIME_PARTS_MAX - 1, false)
    );
    for count in [MIME_PARTS_MAX, 4 * MIME_PARTS_MAX, 100_000] {
        let message = parse(&flat_parts(count));
        assert_eq!(
            (message.attachments.len(), message.parse_truncated),
            (MIME_PARTS_MAX - 1, true),
            "{count}"
        );
    }
}

#[test]
fn mime_02_multiparts_beyond_the_depth_cap_stay_opaque() {
    let at_cap = reads_everything(&nested_multiparts(MIME_DEPTH_MAX));
    assert_eq!(
        (at_cap.text.as_deref(), at_cap.parse_truncated),
        (Some("innermost\r\n"), false)
    );
    for depth in [MIME_DEPTH_MAX + 1, 4 * MIME_DEPTH_MAX, 10_000] {
        let message = reads_everything(&nested_multiparts(depth));
        assert!(message.parse_truncated, "{depth}");
        assert_eq!(
            (message.text.as_deref(), message.attachments.len()),
            (None, 1),
            "{depth}"
        );
    }
}

#[test]
fn mime_03_encoded_word_openers_by_the_thousand_are_plain_text() {
    for opener in ["=?", "=?utf-8?", "=?utf-8?Q?", "=?utf-8?Q?a", "=?a?b?c"] {
        for count in [8_000, 32_000] {
            let flood = opener.repeat(count);
            let raw = crlf(&format!(
                "From: a@b.example\nSubject: {flood}\nContent-Type: multipart/mixed; boundary=\"x\"; name=\"{flood}\"\n\n--x\nContent-Disposition: attachment; filename=\"{flood}\"\n\nbody\n--x--\n"
            ));
            let message = reads_everything(&raw);
            assert_eq!(message.subject.len(), opener.len() * count, "{opener}");
            assert_eq!(message.attachments.len(), 1, "{opener}");
        }
    }
}

#[test]
fn mime_03_encoded_words_are_decoded_up_to_the_cap() {
    for (count, truncated) in [
        (ENCODED_WORDS_PER_HEADER_MAX, false),
        (ENCODED_WORDS_PER_HEADER_MAX + 1, true),
    ] {
        let message = parse(&crlf(&format!(
            "From: a@b.example\nSubject: {}\n\n",
            "=?utf-8?Q?a?= ".repeat(count)
        )));
        assert_eq!(message.parse_truncated, truncated, "{count}");
        assert!(
            message
                .subject
                .starts_with(&"a".repeat(ENCODED_WORDS_PER_HEADER_MAX))
        );
    }
}

#[test]
fn mime_04_address_floods_are_indexed_up_to_the_cap() {
    for (count, truncated) in [
        (ADDRESSES_PER_MESSAGE_MAX - 1, false),
        (ADDRESSES_PER_MESSAGE_MAX, true),
        (40_000, true),
    ] {
        let mut raw = String::from("From: a@b.example\nTo: ");
        for number in 0..count {
            write!(raw, "u{number}@b.example,\n ").expect("a string takes it");
        }
        raw.push_str("\n\nbody");
        let message = parse(&crlf(&raw));
        assert_eq!(
            message.from.len() + message.to.len(),
            (count + 1).min(ADDRESSES_PER_MESSAGE_MAX),
            "{count}"
        );
        assert_eq!(message.parse_truncated, truncated, "{count}");
    }
}

#[test]
fn mime_04_from_lines_by_the_hundred_thousand_leave_one_sender() {
    let mut raw = "From: a@b.example\r\n".repeat(500_000).into_bytes();
    raw.extend_from_slice(b"\r\nbody");
    let message = parse(&raw);
    assert_eq!(message.from.len(), 1);
    assert!(message.sender_ambiguous && message.parse_truncated);
}

#[test]
fn mime_05_an_endless_header_line_leaves_the_rest_opaque() {
    for size in [HEADER_BYTES_MAX + 1, 4 * HEADER_BYTES_MAX] {
        let mut raw = b"From: a@b.example\r\nSubject: kept\r\nX: ".to_vec();
        raw.resize(size, b'x');
        raw.extend_from_slice(b"\r\n\r\nbody");
        let message = parse(&raw);
        assert!(message.parse_truncated);
        assert_eq!(
            (
                message.subject.as_str(),
                message.body(),
                message.attachments.len()
            ),
            ("kept", "", 0)
        );
        assert_eq!(header_section(&raw).len(), raw.len() - 4);
    }
}

#[test]
fn mime_06_section_floods_are_bounded() {
    for count in [RFC2231_SECTIONS_MAX + 1, 100_000 / 16] {
        let mut value = String::from("attachment");
        for number in 0..count {
            write!(value, ";\n name*{number}*=x; filename*{number}=y").expect("a string takes it");
        }
        let message = reads_everything(&crlf(&format!(
            "Content-Type: image/png\nContent-Disposition: {value}\n\nx"
        )));
        assert!(message.parse_truncated, "{count}");
        assert!(message.attachments[0].filename.len() <= RFC2231_SECTIONS_MAX);
    }
}

#[test]
fn mime_06_unclosed_comments_cost_their_length_only() {
    for flood in ["(", "\\(", "((x)", "\"(", "; (", ";(=", "=;", "\"\\"] {
        for count in [50_000, 200_000] {
            let raw = crlf(&format!(
                "Content-Type: text/plain; {}\nFrom: a@b.example\n\nbody",
                flood.repeat(count)
            ));
            assert_eq!(
                reads_everything(&raw).text.as_deref(),
                Some("body"),
                "{flood}"
            );
        }
    }
}

const CORPUS: [&str; 5] = [
    "From: \"A \\\"q\\\" (b\" (c (d) \\) e) <a@b.example>\nTo: G: x@y.example (z\\);, \"u\\\\\"@v.example;\nSubject: =?utf-8?B?w6k=?= =?x?Q?=C3?=\nDate: Fri, 21 Nov 1997 09:55:06 (\\) -0600\n\nbody\n",
    "Content-Type: (c\\) multipart/mixed (\\\\); boundary=\"x\\\"y\"; charset*0*=utf-8'en'%e9; charset*1=\"\\\n\n--x\"y\nContent-Disposition: attachment; filename=\"a\\\"; name=(\\\n\nz\n--x\"y--\n",
    "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p title=\"\\\">=C3=A9=\n &eacute;<!-- -->\n--x\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--x--\n",
    "Message-ID: <a@b\nReferences: <a@b> <c\\@d> (\\\nReceived: x\nDelivered-To: (\\\n \n\nbody",
    "Content-Type: message/rfc822\n\nContent-Type: text/plain; charset=utf-7\n\n+AOk-+\\",
];

#[test]
fn mime_07_every_prefix_of_every_message_is_read() {
    for text in CORPUS {
        let raw = crlf(text);
        for end in 0..=raw.len() {
            reads_everything(&raw[..end]);
            parse_display(&String::from_utf8_lossy(&raw[..end]));
        }
    }
}

#[test]
fn mime_07_trailing_backslashes_end_nothing_but_the_field() {
    for tail in ["(\\", "\"\\", "<\\", "(\"\\", "=?utf-8?Q?\\", "\\"] {
        for field in [
            "From",
            "To",
            "Subject",
            "Content-Type",
            "Content-Disposition",
            "Content-ID",
            "References",
            "Date",
            "Content-Transfer-Encoding",
        ] {
            let raw = crlf(&format!("{field}: x {tail}\nCc: c@d.example\n\nbody"));
            let message = reads_everything(&raw);
            assert_eq!(message.cc.len(), 1, "{field}: {tail}");
            reads_everything(format!("{field}: x {tail}").as_bytes());
        }
    }
}

#[test]
fn mime_08_one_plain_from_is_not_ambiguous() {
    for from in [
        "a@b.example",
        "A <a@b.example>",
        "\"A, B\" <a@b.example>",
        "=?utf-8?Q?=C3=A9?=\n <a@b.example>",
        "a@b.example (A)",
    ] {
        let message = parse(&crlf(&format!(
            "Received: x\nFrom: {from}\nTo: c@d.example\n\nx"
        )));
        assert!(!message.sender_ambiguous, "{from}");
        assert_eq!(message.from[0].email, "a@b.example", "{from}");
    }
}

#[test]
fn mime_08_any_other_from_is_flagged() {
    let headers = [
        ("no From", "To: c@d.example\n"),
        ("two From", "From: a@b.example\nFrom: e@f.example\n"),
        (
            "two From, one in another case",
            "From: a@b.example\nFROM : e@f.example\n",
        ),
        ("two mailboxes", "From: a@b.example, e@f.example\n"),
        ("a group", "From: G: a@b.example;\n"),
        ("an empty group", "From: G:;\n"),
        ("empty", "From:\n"),
        ("no address", "From: Ann\n"),
        (
            "two addresses in brackets",
            "From: <a@b.example> <e@f.example>\n",
        ),
        (
            "a comment in the address",
            "From: <a@b.example(x)e.example>\n",
        ),
        ("a broken bracket", "From: <a@b.example\n"),
        ("a source route", "From: <@e.example:a@b.example>\n"),
        (
            "a blank fold before it",
            "Subject: x\n \nFrom: a@b.example\n",
        ),
        ("a blank fold within it", "From:\n \t\n a@b.example\n"),
        (
            "a stray line before it",
            "Subject: x\nstray\nFrom: a@b.example\n",
        ),
        ("a blank before its colon", "From : a@b.example\n"),
        (
            "a bare CR before it",
            "Subject: x\rFrom: e@f.example\nFrom: a@b.example\n",
        ),
        ("a NUL in it", "From: a@b.example\0\n"),
        ("a domain that is none", "From: a@b_c\n"),
    ];
    for (case, header) in headers {
        assert!(
            parse(&crlf(&format!("{header}\nbody"))).sender_ambiguous,
            "{case}"
        );
    }
}

#[test]
fn mime_09_invalid_bytes_anywhere_become_valid_text() {
    let positions = [
        "From: \"@@\" <a@@b.example>\n\nx",
        "Subject: @@\n\nx",
        "Message-ID: <@@@b>\n\nx",
        "To: =?@@?Q?@@?=\n\nx",
        "Subject: =?utf-8?Q?=00=FF@@?=\n\nx",
        "Content-Type: text/@@; charset=@@; name=@@\n\n@@",
        "Content-Type: application/x; name=\"@@\"\nContent-ID: <@@>\nContent-Disposition: @@; filename*=@@'@@'%00@@\n\nx",
        "Content-Type: text/html; charset=utf-8\n\n<p>@@&#0;</p>",
        "@@: x\n\nx",
        "Delivered-To: @@\n\nx",
        "@@",
    ];
    let garbage: [&[u8]; 7] = [
        b"\xff\xfe",
        b"\0",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\x1b$B\xff",
        b"+AAA-",
        b"\xf8\x88\x80\x80\x80",
    ];
    for position in positions {
        for bytes in garbage {
            let mut raw = Vec::new();
            for (index, piece) in position.split("@@").enumerate() {
                if index > 0 {
                    raw.extend_from_slice(bytes);
                }
                raw.extend_from_slice(piece.as_bytes());
            }
            reads_everything(&raw);
        }
    }
}

#[test]
fn mime_09_every_charset_gives_text_without_nul() {
    let every_byte: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    for charset in [
        "utf-8",
        "utf-7",
        "utf-16",
        "utf-16le",
        "utf-16be",
        "iso-2022-jp",
        "iso-2022-kr",
        "hz-gb-2312",
        "shift_jis",
        "euc-jp",
        "gb18030",
        "big5",
        "macintosh",
        "iso-8859-8",
        "x-none",
    ] {
        let mut raw = format!("Content-Type: text/plain; charset={charset}\r\n\r\n").into_bytes();
        raw.extend_from_slice(&every_byte);
        assert!(reads_everything(&raw).text.is_some(), "{charset}");
    }
}

#[test]
fn mime_09_utf7_is_never_guessed() {
    for content_type in [
        "text/html",
        "text/html; charset=us-ascii",
        "text/html; charset=utf-8",
        "text/html; charset=\"\"",
    ] {
        let message = parse(&crlf(&format!(
            "Content-Type: {content_type}\n\n+ADw-script+AD4-"
        )));
        assert_eq!(
            message.html.as_deref(),
            Some("+ADw-script+AD4-"),
            "{content_type}"
        );
    }
}

#[test]
fn mime_10_every_reading_of_a_file_name_is_listed() {
    let table = [
        (
            "Content-Disposition: attachment; filename=a.pdf; filename=b.exe",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename=a.pdf; filename*=utf-8''b.exe",
            "a.pdf",
        ),
        (
            "Content-Disposition: attachment; filename*=utf-8'en-us'b.exe; filename=a.pdf",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename*0=b.; filename*1=exe; filename=a.pdf",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename*0*=utf-8''b%2E; filename*1=exe",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename=a.pdf\nContent-Disposition: attachment; filename=b.exe",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename=a.pdf; name=b.exe",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename=\"=?utf-8?Q?b.exe?=\"",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename=\"=?utf-8?Q?b.exe?=\"",
            "=?utf-8?Q?b.exe?=",
        ),
        (
            "Content-Disposition: attachment; filename=\"b.exe. .\"",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename*=utf-8''a%E2%80%AEfdp.exe",
            "afdp.exe",
        ),
        (
            "Content-Disposition: attachment; filename*=utf-8''b.exe%00.pdf",
            "b.exe",
        ),
        (
            "Content-Disposition: attachment; filename*=utf-8''a.pdf; filename*=utf-8''b.exe",
            "b.exe",
        ),
    ];
    for (fields, expected) in table {
        let raw = crlf(&format!(
            "Content-Type: application/pdf; name=c.pdf\n{fields}\n\nx"
        ));
        let message = reads_everything(&raw);
        let readings = &message.attachments[0].readings;
        assert!(
            readings.iter().any(|reading| reading == expected),
            "{fields}: {readings:?}"
        );
        assert!(
            readings.iter().any(|reading| reading == "c.pdf"),
            "{fields}: {readings:?}"
        );
    }
}

#[test]
fn mime_11_every_doubtful_boundary_is_flagged() {
    let body = "--x\n\nshown\n--x\nContent-Type: image/png\n\nPNG\n--x--\n--y\nContent-Type: application/zip\n\nPK\n--y--\n";
    let variants = [
        (
            "an encoded word",
            "Content-Type: multipart/mixed; boundary=\"=?utf-8?Q?x?=\"",
        ),
        (
            "RFC 2231 sections",
            "Content-Type: multipart/mixed; boundary*0=y; boundary=x",
        ),
        (
            "only RFC 2231",
            "Content-Type: multipart/mixed; boundary*=utf-8''x",
        ),
        (
            "duplicates",
            "Content-Type: multipart/mixed; boundary=x; boundary=y",
        ),
        (
            "an invalid parameter before",
            "Content-Type: multipart/mixed; oops; boundary=x",
        ),
        (
            "trailing space",
            "Content-Type: multipart/mixed; boundary=\"x \"",
        ),
        (
            "two fields",
            "Content-Type: multipart/mixed; boundary=x\nContent-Type: multipart/mixed; boundary=y",
        ),
        (
            "an escape",
            "Content-Type: multipart/mixed; boundary=\"\\x\"",
        ),
        (
            "a missing semicolon",
            "Content-Type: multipart/mixed boundary=x",
        ),
        (
            "an encoded multipart",
            "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64",
        ),
        (
            "two encodings",
            "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\nContent-Type: multipart/mixed; boundary=x",
        ),
    ];
    for (case, fields) in variants {
        let message = reads_everything(&crlf(&format!("From: a@b.example\n{fields}\n\n{body}")));
        assert!(message.ambiguous_structure, "{case}");
    }
    let clean = reads_everything(&crlf(&format!(
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=\"x\"\n\n{body}"
    )));
    assert!(!clean.ambiguous_structure);
    assert_eq!(
        (clean.text.as_deref(), clean.attachments.len()),
        (Some("shown"), 1)
    );
}

#[test]
fn mime_11_the_first_literal_boundary_is_the_reading() {
    let body = "--x\nContent-Type: image/png\n\nPNG\n--x--\n--y\nContent-Type: application/zip\n\nPK\n--y--\n";
    for parameters in [
        "boundary=x; boundary=y",
        "boundary*=utf-8''y; boundary=x",
        "boundary*0=y; boundary=x",
        "oops; boundary=x",
        "boundary=\"x \"",
    ] {
        let message = parse(&crlf(&format!(
            "Content-Type: multipart/mixed; {parameters}\n\n{body}"
        )));
        let types: Vec<&str> = message
            .attachments
            .iter()
            .map(|attachment| attachment.content_type.as_str())
            .collect();
        assert_eq!(types, ["image/png"], "{parameters}");
    }
}

#[test]
fn mime_11_doubt_within_the_parts_is_flagged() {
    let bodies = [
        (
            "a line that goes on behind the boundary",
            "--x\n\na\n--xy\n\nb\n--x--\n",
        ),
        (
            "the same boundary within itself",
            "--x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--\n",
        ),
        (
            "a blank fold in a part header",
            "--x\nContent-Type: image/png\n \nContent-Disposition: attachment\n\na\n--x--\n",
        ),
        (
            "a stray line in a part header",
            "--x\nContent-Type: image/png\nstray\n\na\n--x--\n",
        ),
    ];
    for (case, body) in bodies {
        assert!(
            parse(&crlf(&format!(
                "Content-Type: multipart/mixed; boundary=x\n\n{body}"
            )))
            .ambiguous_structure,
            "{case}"
        );
    }
}

#[test]
fn mime_12_archives_and_odd_encodings_are_kept_closed() {
    let zip = "UEsDBAoAAAAAAAAAAABQSwMECgAA";
    let raw = crlf(&format!(
        "Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n{zip}"
    ));
    let message = reads_everything(&raw);
    assert_eq!(message.attachments[0].size, 21);
    let uuencoded = crlf(
        "Content-Type: application/x\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#0V%T\n`\nend\n",
    );
    assert_eq!(
        decode_part(&uuencoded, 0).as_deref(),
        Some(crlf("begin 644 a\n#0V%T\n`\nend\n").as_slice())
    );
    let tnef = crlf(
        "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+Ig==",
    );
    assert_eq!(reads_everything(&tnef).attachments.len(), 1);
}

#[test]
fn mime_12_a_huge_line_decodes_to_its_announced_size() {
    for groups in [250_000, 1_000_000] {
        let mut raw =
            b"Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
        raw.extend_from_slice("QUJD".repeat(groups).as_bytes());
        assert_eq!(
            reads_everything(&raw).attachments[0].size as usize,
            groups * 3
        );
    }
}

#[test]
fn mime_13_references_are_kept_up_to_the_cap() {
    for (count, truncated) in [
        (REFERENCES_PER_MESSAGE_MAX - 1, false),
        (REFERENCES_PER_MESSAGE_MAX, true),
        (40_000, true),
    ] {
        let mut raw = String::from("In-Reply-To: <p@x>\nReferences:");
        for number in 0..count {
            writeln!(raw, " <{number}@x>").expect("a string takes it");
        }
        raw.push_str("\nbody");
        let message = parse(&crlf(&raw));
        assert_eq!(
            message.in_reply_to.len() + message.references.len(),
            (count + 1).min(REFERENCES_PER_MESSAGE_MAX),
            "{count}"
        );
        assert_eq!(message.parse_truncated, truncated, "{count}");
    }
}

#[test]
fn mime_13_broken_reference_floods_give_nothing() {
    for piece in ["<", "<a", "<>", "<<a ", "> "] {
        let message = reads_everything(&crlf(&format!(
            "References: {}\n\nbody",
            piece.repeat(100_000)
        )));
        assert!(message.references.is_empty(), "{piece}");
    }
}
