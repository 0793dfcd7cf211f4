//! The rows of the threat matrix about parts, boundaries, names and sizes. Complexity is shown by results at n and 4n and
//! by caps, never by a clock.

use std::fmt::Write as _;

use posthouse_mime::limits::{FILENAME_READINGS_MAX, MIME_DEPTH_MAX, MIME_PARTS_MAX};
use posthouse_mime::{decode_part, parse, parse_display};

use crate::reader::{crlf, reads_everything};

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

const CORPUS: [&str; 5] = [
    "From: \"A \\\"q\\\" (b\" (c (d) \\) e) <a@b.example>\nTo: G: x@y.example (z\\);, \"u\\\\\"@v.example;\nSubject: =?utf-8?B?w6k=?= =?x?Q?=C3?=\nDate: Fri, 21 Nov 1997 09:55:06 (\\) -0600\n\nbody\n",
    "Content-Type: (c\\) multipart/mixed (\\\\); boundary=\"x\\\"y\"; charset*0*=utf-8'en'%e9; charset*1=\"\\\n\n--x\"y\nContent-Disposition: attachment; filename=\"a\\\"; name=(\\\n\nz\n--x\"y--\n",
    "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p title=\"\\\">=C3=A9=\n &eacute;<!-- -->\n--x\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--x--\n",
    "Message-ID: <a@b\nReferences: <a@b> <c\\@d> (\\\nReceived: x\nDelivered-To: (\\\n \n\nbody",
    "Content-Type: message/rfc822\n\nContent-Type: text/plain; charset=utf-7\n\n+AOk-+\\",
];

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
fn mime_10_readings_are_listed_up_to_the_cap() {
    for (count, truncated) in [
        (FILENAME_READINGS_MAX, false),
        (FILENAME_READINGS_MAX + 1, true),
    ] {
        let mut value = String::from("attachment");
        for number in 0..count {
            write!(value, ";\n filename=n{number}.pdf").expect("a string takes it");
        }
        let message = reads_everything(&crlf(&format!("Content-Disposition: {value}\n\nx")));
        assert_eq!(message.attachments[0].readings.len(), FILENAME_READINGS_MAX);
        assert_eq!(message.parse_truncated, truncated, "{count}");
    }
}

#[test]
fn mime_10_of_an_endless_name_the_extension_is_read() {
    let raw = crlf(&format!(
        "Content-Disposition: attachment; filename=\"{}.exe\"\n\nx",
        "é".repeat(100_000)
    ));
    let attachment = &reads_everything(&raw).attachments[0];
    assert!(
        attachment.filename.ends_with(".exe")
            && attachment
                .readings
                .iter()
                .all(|reading| reading.ends_with(".exe"))
    );
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
