//! What a correct program writes is what we read: messages are generated, written down and parsed.

use std::fmt::Write as _;

use posthouse_mime::{decode_part, parse};
use proptest::prelude::*;

/// Encodes octets as base64 in lines of 76 characters.
fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in octets.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, &octet| bits << 8 | u32::from(octet))
            << (8 * (3 - group.len()));
        for position in 0..4 {
            let sextet = bits >> (18 - 6 * position) & 63;
            out.push(if position > group.len() {
                '='
            } else {
                char::from(ALPHABET[sextet as usize])
            });
        }
        if out.len() % 78 == 76 {
            out.push_str("\r\n");
        }
    }
    out
}

fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for byte in text.bytes() {
        if column > 70 {
            out.push_str("=\r\n");
            column = 0;
        }
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
            column += 1;
        } else {
            write!(out, "={byte:02X}").expect("a string takes it");
            column += 3;
        }
    }
    out
}

/// Encodes a text as encoded words of at most 30 octets, cut between octets as many programs do.
fn encoded_words(text: &str) -> String {
    let words: Vec<String> = text
        .as_bytes()
        .chunks(30)
        .map(|chunk| format!("=?utf-8?B?{}?=", base64(chunk)))
        .collect();
    words.join("\r\n ")
}

fn percent_sections(name: &str) -> String {
    let mut out = String::new();
    for (index, chunk) in name.as_bytes().chunks(10).enumerate() {
        let charset = if index == 0 { "utf-8''" } else { "" };
        let escaped: String = chunk.iter().map(|byte| format!("%{byte:02X}")).collect();
        write!(out, ";\r\n filename*{index}*={charset}{escaped}").expect("a string takes it");
    }
    out
}

/// Text without controls and blanks at its ends, which fields do not keep.
fn field_text() -> impl Strategy<Value = String> {
    "[\\PC&&[^\u{feff}]]{1,40}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("empty", |text| !text.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_written_message_is_read_as_it_was_meant(
        subject in field_text(),
        name in field_text(),
        text in "[\\PC\n&&[^\u{feff}]]{0,200}",
        files in prop::collection::vec(("[a-zà-ÿ一-龠 ]{0,30}[a-z]", prop::collection::vec(any::<u8>(), 0..300)), 0..5),
        nested in 0_usize..5,
    ) {
        let mut raw = format!("From: {} <a@b.example>\r\nSubject: {}\r\n", encoded_words(&name), encoded_words(&subject));
        for level in 0..nested {
            write!(raw, "Content-Type: multipart/mixed; boundary=\"level-{level}=\"\r\n\r\n--level-{level}=\r\n").expect("a string takes it");
        }
        write!(raw, "Content-Type: multipart/mixed; boundary=\"inner=\"\r\n\r\npreamble\r\n--inner=\r\nContent-Type: text/plain; charset=utf-8\r\n").expect("a string takes it");
        write!(raw, "Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", quoted_printable(&text)).expect("a string takes it");
        for (filename, octets) in &files {
            write!(raw, "\r\n--inner=\r\nContent-Type: application/x-file\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment{}\r\n\r\n{}", percent_sections(filename), base64(octets)).expect("a string takes it");
        }
        raw.push_str("\r\n--inner=--\r\nepilogue\r\n");
        for level in (0..nested).rev() {
            write!(raw, "--level-{level}=--\r\n").expect("a string takes it");
        }

        let message = parse(raw.as_bytes());
        prop_assert_eq!(&message.subject, &subject);
        prop_assert_eq!(&message.from[0].name, &name);
        prop_assert_eq!(message.text.as_deref(), Some(text.as_str()));
        prop_assert_eq!(message.attachments.len(), files.len());
        for (attachment, (filename, octets)) in message.attachments.iter().zip(&files) {
            prop_assert_eq!(&attachment.filename, filename.trim());
            let decoded = decode_part(raw.as_bytes(), attachment.part);
            prop_assert_eq!(decoded.as_ref(), Some(octets));
        }
        prop_assert!(!message.ambiguous_structure && !message.parse_truncated && !message.sender_ambiguous);
    }
}
