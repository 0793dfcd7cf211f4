//! The rows of the threat matrix about header fields and their text. Complexity is shown by results at n and 4n and by
//! caps, never by a clock.

use std::fmt::Write as _;

use posthouse_mime::limits::{
    ADDRESSES_PER_MESSAGE_MAX, ENCODED_WORDS_PER_HEADER_MAX, HEADER_BYTES_MAX, HEADER_FIELDS_MAX,
    REFERENCES_PER_MESSAGE_MAX, RFC2231_SECTIONS_MAX,
};
use posthouse_mime::{header_section, parse};

use crate::reader::{crlf, reads_everything};

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
        (
            "two Sender",
            "From: a@b.example\nSender: c@d.example\nSender: e@f.example\n",
        ),
        (
            "two mailboxes in Sender",
            "From: a@b.example\nSender: c@d.example, e@f.example\n",
        ),
        (
            "a Sender without an address",
            "From: a@b.example\nSender: Ann\n",
        ),
    ];
    for (case, header) in headers {
        assert!(
            parse(&crlf(&format!("{header}\nbody"))).sender_ambiguous,
            "{case}"
        );
    }
}

#[test]
fn mime_08_every_author_of_every_from_field_is_told() {
    let all = |header: &str| -> Vec<String> {
        let message = parse(&crlf(&format!("{header}\nbody")));
        assert!(message.sender_ambiguous, "{header}");
        message
            .from_all()
            .map(|author| author.email.clone())
            .collect()
    };
    assert_eq!(
        all(
            "From: a@b.example, X <c@d.example>\nSubject: x\nfrom : G: e@f.example;\nFrom: <g@h.example>\n"
        ),
        ["a@b.example", "c@d.example", "e@f.example", "g@h.example"]
    );
    let crowd = "u@b.example,\n ".repeat(ADDRESSES_PER_MESSAGE_MAX);
    assert_eq!(
        all(&format!(
            "To: {crowd}\nCc: {crowd}\nFrom: a@b.example\nFrom: c@d.example\n"
        )),
        ["a@b.example", "c@d.example"],
        "no other field pushes authors out"
    );
    let flood = format!("From: {crowd}\nFrom: c@d.example\n");
    assert_eq!(all(&flood).len(), ADDRESSES_PER_MESSAGE_MAX);
    assert!(parse(&crlf(&flood)).parse_truncated);
}

#[test]
fn mime_08_a_from_beyond_the_fields_that_are_read_makes_the_sender_doubtful() {
    let flood = "X-A: 1\n".repeat(HEADER_FIELDS_MAX);
    let message = parse(&crlf(&format!(
        "From: a@b.example\n{flood}From: c@d.example\n\nx"
    )));
    assert!(message.sender_ambiguous && message.parse_truncated);
}

#[test]
fn mime_08_a_list_that_sends_for_an_author_is_not_ambiguous() {
    let message = parse(&crlf(
        "From: a@b.example\nSender: Announce <list@d.example>\n\nx",
    ));
    assert!(!message.sender_ambiguous);
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
fn mime_04_colons_behind_an_address_cost_their_length_only() {
    for count in [50_000, 200_000] {
        let raw = crlf(&format!(
            "From: a@b.example\nTo: {}@{}\n\nbody",
            "x".repeat(count),
            ":".repeat(count)
        ));
        assert_eq!(reads_everything(&raw).to.len(), 1);
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
