//! Messages are written as they are meant, and nothing from outside becomes structure.

use posthouse_mime::build::{File, Mailbox, NewMessage, Text, build};
use posthouse_mime::{decode_part, parse};
use posthouse_types::address::EmailAddress;
use proptest::prelude::*;

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox {
        name: name.to_owned(),
        address: EmailAddress::parse_strict(address).unwrap(),
    }
}

fn message<'a>(subject: &'a str, text: Text<'a>, files: &'a [File<'a>]) -> NewMessage<'a> {
    NewMessage {
        date: "Mon, 21 Sep 2026 14:15:23 +0000",
        message_id: "<one@bots.example>",
        from: mailbox("Triage Bot", "triage@bots.example"),
        reply_to: Vec::new(),
        to: vec![mailbox("", "buyer@shop.example")],
        cc: Vec::new(),
        subject,
        in_reply_to: None,
        references: Vec::new(),
        further: &[],
        text,
        files,
        boundary: "0190f3d0",
    }
}

fn assert_lines(raw: &[u8]) {
    assert!(raw.ends_with(b"\r\n"));
    for (at, byte) in raw.iter().enumerate() {
        match byte {
            b'\n' => assert!(at > 0 && raw[at - 1] == b'\r', "a bare LF at {at}"),
            b'\r' => assert_eq!(raw.get(at + 1), Some(&b'\n'), "a bare CR at {at}"),
            _ => {}
        }
    }
    let longest = raw.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
    assert!(longest < Some(999), "a line of {longest:?} octets");
}

#[test]
fn a_reply_with_html_an_inline_image_and_a_file_looks_like_this() {
    let files = [
        File {
            filename: "logo.png",
            content_type: "image/png",
            content: b"\x89PNG",
            content_id: Some("logo"),
            is_inline: true,
        },
        File {
            filename: "Angebot für Sie.txt",
            content_type: "text/plain; charset=utf-8",
            content: "eins\nzwei".as_bytes(),
            content_id: None,
            is_inline: false,
        },
    ];
    let further = [("X-Campaign".to_owned(), "spring".to_owned())];
    let html = "<p>Grüße &amp; more</p><img src=\"cid:logo\">";
    let mut reply = message("Re: Grüße", Text::Html(html), &files);
    reply.cc = vec![mailbox("Doe, \"Jane\"", "jane@shop.example")];
    reply.reply_to = vec![mailbox("Jörg", "joerg@bots.example")];
    reply.in_reply_to = Some("<asked@shop.example>");
    reply.references = vec!["<first@shop.example>", "<asked@shop.example>"];
    reply.further = &further;
    let raw = build(&reply).unwrap();
    assert_lines(&raw);
    insta::assert_snapshot!(String::from_utf8(raw).unwrap());
}

#[test]
fn smtp_08_a_line_break_in_any_text_of_a_header_is_refused() {
    for bad in [
        "a\r\nBcc: x@y.example",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u{7f}b",
        "a\u{85}b",
    ] {
        assert!(build(&message(bad, Text::Plain(""), &[])).is_err());
        let mut named = message("x", Text::Plain(""), &[]);
        named.from.name = bad.to_owned();
        assert!(build(&named).is_err());
        let mut named = message("x", Text::Plain(""), &[]);
        named.to[0].name = bad.to_owned();
        assert_eq!(build(&named).unwrap_err().field, "to[0].name");
        for further in [
            ("X-A".to_owned(), bad.to_owned()),
            (bad.to_owned(), "x".to_owned()),
        ] {
            let further = [further];
            let mut with_field = message("x", Text::Plain(""), &[]);
            with_field.further = &further;
            assert!(build(&with_field).is_err());
        }
        for file in [
            File {
                filename: bad,
                content_type: "text/plain",
                content: b"",
                content_id: None,
                is_inline: false,
            },
            File {
                filename: "x",
                content_type: "text/plain",
                content: b"",
                content_id: Some(bad),
                is_inline: false,
            },
        ] {
            let files = [file];
            assert!(build(&message("x", Text::Plain(""), &files)).is_err());
        }
        let files = [File {
            filename: "x",
            content_type: bad,
            content: b"",
            content_id: None,
            is_inline: false,
        }];
        let raw = build(&message("x", Text::Plain(""), &files)).unwrap();
        assert_eq!(
            parse(&raw).attachments[0].content_type,
            "application/octet-stream"
        );
    }
}

#[test]
fn smtp_02_line_breaks_of_every_kind_are_sent_as_crlf() {
    let raw = build(&message(
        "x",
        Text::Plain("a\r.\r\nMAIL FROM:<x>\nb\r"),
        &[],
    ))
    .unwrap();
    assert_lines(&raw);
    assert_eq!(
        parse(&raw).text.as_deref(),
        Some("a\r\n.\r\nMAIL FROM:<x>\r\nb\r\n")
    );
}

fn forwarded<'a>(content_type: &'a str, content: &'a [u8], is_inline: bool) -> File<'a> {
    File {
        filename: "forwarded.eml",
        content_type,
        content,
        content_id: is_inline.then_some("forwarded"),
        is_inline,
    }
}

/// Writes a message with these files and returns it as text, and the types of its files as they are read again.
fn with_files(text: Text<'_>, files: &[File<'_>]) -> (String, Vec<String>) {
    let raw = build(&message("Fwd: Grüße", text, files)).unwrap();
    assert_lines(&raw);
    let read = parse(&raw);
    assert!(!read.ambiguous_structure && !read.parse_truncated);
    assert_eq!(read.attachments.len(), files.len());
    for (file, found) in files.iter().zip(&read.attachments) {
        assert_eq!(found.filename, file.filename);
        assert_eq!(decode_part(&raw, found.part).unwrap(), file.content);
    }
    let types = read.attachments.into_iter().map(|one| one.content_type);
    (String::from_utf8(raw).unwrap(), types.collect())
}

#[test]
fn a_message_within_a_message_goes_as_it_is() {
    let ascii = b"From: a@shop.example\r\nSubject: One\r\n\r\nHello\r\n";
    let utf8 = "From: a@shop.example\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße".as_bytes();

    let files = [forwarded("Message/RFC822", ascii, false)];
    let (raw, types) = with_files(Text::Plain("see below"), &files);
    assert!(!raw.contains("base64") && !raw.contains("8bit"), "{raw}");
    assert_eq!(
        raw.matches("Content-Transfer-Encoding: 7bit\r\n").count(),
        2
    );
    assert!(raw.contains("\r\n\r\nFrom: a@shop.example\r\nSubject: One\r\n\r\nHello\r\n"));
    assert_eq!(types, ["message/rfc822"]);

    // What it is in says so too, and what is beside it does not.
    let files = [
        forwarded("message/rfc822", utf8, true),
        forwarded("image/png", b"\x89PNG", false),
    ];
    let html = Text::Html("<img src=\"cid:forwarded\">");
    let (raw, types) = with_files(html, &files);
    let eight = "Content-Transfer-Encoding: 8bit\r\n";
    let header = raw.split("\r\n\r\n").next().unwrap();
    assert!(header.contains("multipart/mixed") && format!("{header}\r\n").contains(eight));
    // The message, the related parts, the forwarded message, and what that says of itself.
    assert_eq!(raw.matches(eight).count(), 4, "{raw}");
    assert_eq!(
        raw.matches("Content-Transfer-Encoding: base64\r\n").count(),
        1
    );
    assert_eq!(types, ["message/rfc822", "image/png"]);
}

#[test]
fn a_message_that_cannot_go_as_it_is_goes_as_a_file_of_octets() {
    let long = format!("Subject: {}\r\n\r\n", "a".repeat(990));
    for (content_type, content) in [
        ("message/rfc822", long.as_bytes()),
        ("message/rfc822", b"Subject: One\n\nHello\n"),
        ("message/rfc822", b"Subject: One\r\n\r\nHello\r"),
        ("message/rfc822", b"Subject: One\r\n\r\n\0"),
        // Those must be ASCII.
        ("message/partial", "Subject: é\r\n\r\n".as_bytes()),
        ("message/delivery-status", "X: é\r\n".as_bytes()),
    ] {
        let files = [forwarded(content_type, content, false)];
        let (raw, types) = with_files(Text::Plain("see below"), &files);
        assert_eq!(types, ["application/octet-stream"], "{content_type}");
        assert!(!raw.contains("message/") && !raw.contains("8bit"), "{raw}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_as_it_was_meant(
        subject in "[\\PC&&[^\u{feff}]]{0,120}",
        name in "[\\PC&&[^\u{feff}]]{0,60}",
        value in "[!-~ ]{0,300}",
        word in "[a-z]{0,1500}",
        text in "[\\PC\n&&[^\u{feff}]]{0,300}",
        is_html in any::<bool>(),
        files in prop::collection::vec(("[a-zà-ÿ一-龠 ]{0,30}[a-z]", prop::collection::vec(any::<u8>(), 0..300), any::<bool>()), 0..4),
    ) {
        let (subject, name) = (subject.trim(), name.trim());
        let files: Vec<File<'_>> = files.iter().map(|(filename, content, inline)| File {
            filename: filename.trim(),
            content_type: "application/x-file",
            content,
            content_id: inline.then_some("part"),
            is_inline: *inline,
        }).collect();
        let further = [("X-Value".to_owned(), value.clone()), ("X-Word".to_owned(), word.clone())];
        let body = if is_html { Text::Html(&text) } else { Text::Plain(&text) };
        let mut new = message(subject, body, &files);
        new.from.name = name.to_owned();
        new.further = &further;
        let raw = build(&new).unwrap();
        assert_lines(&raw);

        let message = parse(&raw);
        prop_assert_eq!(&message.subject, subject);
        prop_assert_eq!(&message.from[0].name, name);
        prop_assert_eq!(message.attachments.len(), files.len());
        for file in &files {
            let found = message.attachments.iter().any(|one| {
                one.filename == file.filename && decode_part(&raw, one.part).as_deref() == Some(file.content)
            });
            prop_assert!(found, "{} is not there", file.filename);
        }
        prop_assert!(!message.ambiguous_structure && !message.parse_truncated && !message.sender_ambiguous);
        let text = text.replace('\n', "\r\n");
        if is_html {
            prop_assert_eq!(message.html.as_deref().map(str::trim_end), Some(text.trim_end()));
        } else {
            prop_assert_eq!(message.text.as_deref().map(str::trim_end), Some(text.trim_end()));
        }
    }
}

/// Text that tries to end a line, and text that does not.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        "([a-z<>\"\\\\;=?@ ]|\r\n|\r|\n|\u{0}|\u{b}|\u{c}|\u{85}|\u{2028}|\u{2029}|X-Evil: 1){0,20}",
        any::<String>(),
    ]
}

/// Returns the names of the fields of every header of a message: its own first, then its parts'.
fn headers(raw: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(raw);
    let mut found = vec![Vec::new()];
    let mut in_header = true;
    for line in text.split("\r\n") {
        if line.starts_with("--0190f3d0-") {
            in_header = !line.ends_with("--");
            found.extend(in_header.then(Vec::new));
        } else if line.is_empty() {
            in_header = false;
        } else if in_header && !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default().to_owned();
            found.last_mut().expect("one header at least").push(name);
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn smtp_08_no_text_from_outside_adds_a_line_to_any_header(
        texts in prop::collection::vec(hostile(), 10),
        ids in prop::collection::vec(hostile(), 0..3),
        is_html in any::<bool>(),
        has_file in any::<bool>(),
        is_inline in any::<bool>(),
        // Most builds are refused when all texts are hostile: one at a time gets through more often.
        only in 0_usize..12,
    ) {
        let text = |place: usize, usual: &'static str| -> String {
            if only == place || only >= 10 { texts[place].clone() } else { usual.to_owned() }
        };
        let (subject, filename, kind, content_id) =
            (text(0, "Subject"), text(1, "a.txt"), text(2, "text/plain"), text(3, "part"));
        let body = text(4, "text");
        let files = [File {
            filename: &filename,
            content_type: &kind,
            content: b"content",
            content_id: Some(&content_id),
            is_inline,
        }];
        let further = [(text(5, "X-Name"), text(6, "value"))];
        let mut new = message(&subject, if is_html { Text::Html(&body) } else { Text::Plain(&body) }, if has_file { &files } else { &[] });
        new.from.name = text(7, "Agent");
        new.to[0].name = text(8, "");
        new.cc = vec![mailbox(&text(9, "Copy"), "cc@shop.example")];
        new.reply_to = new.cc.clone();
        new.in_reply_to = ids.first().map(String::as_str);
        new.references = ids.iter().map(String::as_str).collect();
        new.further = &further;
        let Ok(raw) = build(&new) else { return Ok(()) };
        assert_lines(&raw);
        let mut found = headers(&raw).into_iter();
        let own: Vec<String> = found.next().unwrap_or_default();
        let own: Vec<&str> = own
            .iter()
            .map(String::as_str)
            .filter(|name| !["In-Reply-To", "References", "Content-Transfer-Encoding"].contains(name))
            .collect();
        let expected = ["Date", "From", "Reply-To", "To", "Cc", "Subject", "Message-ID", &further[0].0, "MIME-Version", "Content-Type"];
        prop_assert_eq!(own, expected);
        for part in found {
            for name in part {
                let known = ["Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "Content-ID"];
                prop_assert!(known.contains(&name.as_str()), "{}", name);
            }
        }
    }
}
