//! Messages in ASCII: what is written anew says the same, and is as short and plain as it must be.

use posthouse_mime::limits::LINE_OCTETS_MAX;
use posthouse_mime::{Attachment, ParsedMessage, decode_part, parse, seven_bit};
use posthouse_types::address::EmailAddress;

use crate::Target;

/// A message written for servers that take ASCII only.
pub const TARGET: Target = Target {
    name: "downgrade",
    run: fuzz_downgrade,
    seeds: &[
        "From: \u{fc} <a@b.example>\r\nSubject: Gr\u{fc}\u{df}e\r\n\r\nSch\u{f6}n\r\n".as_bytes(),
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\u{fc}\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\u{e9}=3D\r\n--x\r\nContent-Type: application/x-y; name=\"\u{e9}.bin\"\r\nContent-Transfer-Encoding: binary\r\n\r\n\u{e9}\0\r\n--x--\r\n".as_bytes(),
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: \u{fc}\r\n\r\n\u{fc}\r\n--x--\r\n".as_bytes(),
    ],
    dictionary: crate::mime::TARGET.dictionary,
};

/// Writes one message anew, if that can be done.
pub fn fuzz_downgrade(data: &[u8]) {
    let Some(written) = seven_bit(data) else {
        return;
    };
    assert!(written.is_ascii() && !written.contains(&0));
    let lines = || written.split(|octet| *octet == b'\n');
    assert!(lines().all(|line| line.len() <= LINE_OCTETS_MAX + 1));
    assert_eq!(
        seven_bit(&written).as_deref(),
        Some(&*written),
        "what is ASCII is left alone"
    );
    if has_only_whole_line_ends(data) {
        says_the_same(data, &written);
    }
}

/// What goes on the wire has no other line ends.
fn has_only_whole_line_ends(data: &[u8]) -> bool {
    let ends = data.iter().filter(|octet| matches!(octet, b'\r' | b'\n'));
    let whole = data.windows(2).filter(|pair| pair == b"\r\n").count();
    ends.count() == 2 * whole && data.ends_with(b"\r\n")
}

fn says_the_same(one: &[u8], other: &[u8]) {
    let (a, b) = (parse(one), parse(other));
    let texts = |message: &ParsedMessage| {
        // Domains become A-labels.
        let from = message.from.iter().map(|one| {
            let address = EmailAddress::parse_envelope(&one.email);
            let email = address.map_or_else(|_| one.email.clone(), |one| one.folded());
            (one.name.clone(), email)
        });
        (
            message.subject.clone(),
            from.collect::<Vec<_>>(),
            message.text.clone(),
            message.html.clone(),
        )
    };
    assert_eq!(texts(&a), texts(&b));
    let files = |message: &ParsedMessage| -> Vec<(String, String)> {
        let all = message.attachments.iter();
        all.map(|file| (file.filename.clone(), file.content_type.clone()))
            .collect()
    };
    assert_eq!(files(&a), files(&b));
    for (x, y) in a.attachments.iter().zip(&b.attachments) {
        let content = |raw: &[u8], file: &Attachment| decode_part(raw, file.part);
        if x.content_type != "message/rfc822" {
            assert_eq!(content(one, x), content(other, y), "the same octets");
        }
    }
}
